import {show} from '../common/elements.js';
import {AddPanel} from './add-panel.js';
import {AnalyticsPanel} from './analytics-panel.js';
import {Announcer} from './announcer.js';
import {DirectorPanel} from './director-panel.js';
import {GoLive} from './go-live.js';
import {KeyPanel} from './key-panel.js';
import {MultiSourceBroadcaster} from './multi-source-broadcaster.js';
import {OverlayPanel} from './overlay-panel.js';
import {qualityOf} from './quality.js';
import {Recall} from './recall.js';
import {ShowPanel} from './show-panel.js';
import {ShowSession} from './show-session.js';
import {simulcastPanel} from './simulcast-panel.js';
import {SoundMeter} from './sound-meter.js';
import {SourceCards} from './source-cards.js';
import {explain, explainCapture, isActive, statusText} from './studio-text.js';
import {UploadSaver} from './upload-saver.js';
import {WakeLock} from './wake-lock.js';
import {chooseCodecs} from './whip-codecs.js';

const MEASURE_MS = 1000;
const HEAR_MS = 100;

/** Where the server takes WHIP (the source's name comes behind it), keeps shows, and has the console. */
const {whip: WHIP, show: SHOW, simulcast: SIMULCAST} = document.body.dataset;

const $ = (id) => document.getElementById(id);

const broadcaster = new MultiSourceBroadcaster();
const session = new ShowSession(SHOW);
const recall = new Recall(broadcaster, session);
const saver = new UploadSaver();
const meter = new SoundMeter();
const awake = new WakeLock();
const announcer = new Announcer($('announcer'));

const keyPanel = new KeyPanel(document);
const addPanel = new AddPanel(document, {
    add,
    used: () => broadcaster.sources.flatMap(({stream}) =>
        stream.getVideoTracks().map((track) => track.getSettings().deviceId ?? '')),
    labels: () => broadcaster.sources.map(({label}) => label),
});
const overlay = new OverlayPanel(document, recall.memory.overlay, changed);
const director = new DirectorPanel(document, session);
const analytics = new AnalyticsPanel(document, session);
const showPanel = new ShowPanel(document, session, {
    open: () => keyPanel.have() && goLive.open(), end: endShow, changed, say: (text) => announcer.say(text),
});
const goLive = new GoLive({broadcaster, session, keyPanel, showPanel, url: WHIP, changed});
const cards = new SourceCards(document, {
    toggle, renew, remove,
    label: (sourceId, label) => broadcaster.setLabel(sourceId, label),
    mute: (sourceId, muted) => broadcaster.setMuted(sourceId, muted),
    quality: setQuality,
    air: (sourceId) => director.put(broadcaster.get(sourceId).name),
});

let updating = false;
let adding = false;

/* adding */

/** One after the other: a browser asks one question at a time, and for the screen only right after a click. */
async function add(...wanted) {
    const troubles = [];

    adding = true;
    changed();

    for (const make of wanted) {
        const {type, quality, ...source} = make();
        const {text, id, ...picture} = qualityOf(type, quality) ?? {};

        try {
            await broadcaster.addSource({type, ...source, ...picture, quality: id});

        } catch (error) {
            troubles.push(explainCapture(type, error));
        }
    }

    adding = false;
    addPanel.trouble(troubles.join(' '));
    changed();
    addPanel.list();
}

async function endShow() {
    await goLive.end();
    announcer.say('The show is over.');
}

/* what is done with a source */

function toggle(sourceId) {
    if (isActive(broadcaster.get(sourceId))) {
        broadcaster.stopBroadcast(sourceId);

    } else if (keyPanel.have()) {
        goLive.start([sourceId]);
    }
}

async function renew(sourceId) {
    const {type} = broadcaster.get(sourceId);

    try {
        await broadcaster.renewSource(sourceId);
        addPanel.trouble('');

        if (recall.take(sourceId) && keyPanel.key !== '') {
            goLive.start([sourceId]);
        }

    } catch (error) {
        addPanel.trouble(explainCapture(type, error));
    }
}

function remove(sourceId) {
    const next = cards.beside(sourceId) ?? $('add-camera');

    recall.take(sourceId);
    broadcaster.removeSource(sourceId);
    next.focus();
}

function setQuality(sourceId, id) {
    const {type} = broadcaster.get(sourceId);
    const {resolution, framerate, content, videoBitrate} = qualityOf(type, id);

    broadcaster.setQuality(sourceId, {resolution, framerate, content, videoBitrate, quality: id});
}

function startAll() {
    if (keyPanel.have()) {
        goLive.start(broadcaster.sources.map(({sourceId}) => sourceId));
    }
}

/** Less of what nobody watches, all of it as soon as somebody does. */
function saveUpload() {
    const live = broadcaster.sources.filter(({state}) => state === 'live');
    const viewers = $('save-upload').checked ? session.viewers?.sources ?? null : null;
    const lowered = saver.update(performance.now(), live.map(({name}) => name), viewers, director.source);

    for (const {sourceId, name} of live) {
        broadcaster.setLowered(sourceId, lowered.has(name));
    }
}

/* what the page shows */

function update() {
    const {sources} = broadcaster;
    const live = sources.some(({state}) => state === 'live');
    const status = statusText(sources);
    const viewers = session.viewers?.sources ?? null;

    updating = false;
    saveUpload();

    cards.render(sources, ({sourceId, name}) => ({
        quality: broadcaster.wantedOf(sourceId).quality ?? null,
        busy: goLive.waits(sourceId),
        onAir: session.state === 'open' ? director.source === name : null,
        viewers: viewers === null ? null : viewers[name] ?? 0,
    }));

    announcer.sources(sources);
    awake.hold(sources.some(isActive));
    meter.watch(sources.map(({stream}) => stream));
    addPanel.render(adding);
    overlay.render(sources);
    showPanel.render();
    director.render();
    analytics.render();

    $('status').textContent = status;
    $('status').toggleAttribute('data-live', live);
    document.title = live ? `${status} · Studio` : 'Studio';

    $('start-all').disabled = !sources.some((source) => goLive.can(source));
    $('stop-all').disabled = !sources.some(isActive);
    recall.keep();
}

/* many changes make one update */
function changed() {
    if (!updating) {
        updating = true;
        queueMicrotask(update);
    }
}

async function measure() {
    for (const source of broadcaster.sources.filter(({state}) => state === 'live')) {
        const {sourceId} = source;
        const figures = await broadcaster.stats(sourceId).catch(() => null);
        const card = cards.get(sourceId);

        if (card !== null && broadcaster.get(sourceId) !== null) {
            card.measure(figures, broadcaster.wantedOf(sourceId).framerate);
            announcer.health(source, card.verdict);
        }
    }

    saveUpload();
}

function hear() {
    if (!document.hidden) {
        for (const {sourceId, stream} of broadcaster.sources) {
            cards.get(sourceId)?.hear(meter.level(stream));
        }
    }
}

/** What this browser cannot do at all, said before anybody tries. */
function findTrouble() {
    const codecs = globalThis.RTCRtpSender?.getCapabilities?.('video')?.codecs;

    if (navigator.mediaDevices === undefined) {
        return explain({code: isSecureContext ? 'not_supported' : 'no_secure_context'});
    }

    return codecs !== undefined && chooseCodecs(codecs, ['video/H264']).length === 0 ? explain({code: 'no_codec'}) : '';
}

/** As it was before the page was loaded again. */
async function goOn() {
    const parts = {keyPanel, showPanel, overlay, goLive, saveUpload: $('save-upload')};

    addPanel.trouble(await recall.goOn(parts));
    changed();
    addPanel.list();
}

broadcaster.addEventListener('change', changed);
session.addEventListener('change', changed);
session.addEventListener('viewers', saveUpload);

$('start-all').addEventListener('click', startAll);
$('stop-all').addEventListener('click', () => goLive.stopAll());
$('save-upload').addEventListener('change', changed);
document.addEventListener('visibilitychange', changed);

window.addEventListener('beforeunload', (event) => {
    if (broadcaster.sources.some(isActive)) {
        event.preventDefault();
        event.returnValue = true;
    }
});

window.addEventListener('pagehide', () => {
    recall.left = goLive.left = true;
    goLive.stopAll();
    session.leave();
});

window.addEventListener('pageshow', ({persisted}) => {
    if (persisted) {
        recall.left = goLive.left = false;
        changed();
    }
});

show($('page-trouble'), findTrouble());
simulcastPanel(document, SIMULCAST);
setInterval(measure, MEASURE_MS);
setInterval(hear, matchMedia('(prefers-reduced-motion: reduce)').matches ? MEASURE_MS : HEAR_MS);
changed();
goOn();
