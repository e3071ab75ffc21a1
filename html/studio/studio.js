import {sharesScreens} from './capture.js';
import {DeviceChoice} from './device-choice.js';
import {MultiSourceBroadcaster} from './multi-source-broadcaster.js';
import {SourceCard} from './source-card.js';
import {describe, explain, explainCapture, freeLabel, statusText} from './studio-text.js';
import {chooseCodecs} from './whip-codecs.js';

const MEASURE_MS = 1000;
const KEPT = 'studio-key';

/** Where the server takes WHIP; the source's name comes behind it. */
const URL_PREFIX = document.body.dataset.whip;

const $ = (id) => document.getElementById(id);

const broadcaster = new MultiSourceBroadcaster();
const cards = new Map();
const said = new Map();                     /* sourceId -> what the announcer said of it last */

const cameras = new DeviceChoice($('camera'), 'videoinput', {any: 'Default camera', missing: 'No camera found'});
const microphones = new DeviceChoice($('microphone'), 'audioinput', {
    any: 'Default microphone', missing: 'No microphone found', none: 'No sound',
});

let updating = false;
let adding = false;
let wakeLock = null;

/* the key: in memory, and in this tab's storage if it is wanted there */

const keyText = () => $('key').value.trim();

function keepKey() {
    try {
        if ($('keep-key').checked && keyText() !== '') {
            sessionStorage.setItem(KEPT, keyText());

        } else {
            sessionStorage.removeItem(KEPT);
        }

    } catch {
        $('keep-key').checked = false;      /* the browser keeps nothing for this page */
    }
}

function keptKey() {
    try {
        return sessionStorage.getItem(KEPT) ?? '';

    } catch {
        return '';
    }
}

function showKey() {
    const shown = $('key').type === 'password';

    $('key').type = shown ? 'text' : 'password';
    $('show-key').setAttribute('aria-pressed', String(shown));
}

/** @returns {boolean} there is one; else the user is led to where it goes */
function haveKey() {
    const have = keyText() !== '';

    $('key').toggleAttribute('aria-invalid', false);
    $('key-missing').hidden = have;

    if (!have) {
        $('key').setAttribute('aria-invalid', 'true');
        $('key').focus();
    }

    return have;
}

/* adding */

function pictureOf(select) {
    const [width, height, framerate] = select.value.split('x').map(Number);

    return {resolution: {width, height}, framerate};
}

function screenSource() {
    return {type: 'screen', label: newLabel('Main Screen'), ...pictureOf($('screen-picture')),
            captureAudio: $('screen-sound').checked};
}

function cameraSource() {
    return {type: 'webcam', label: newLabel('Face Cam'), ...pictureOf($('camera-picture')), deviceId: cameras.deviceId,
            captureAudio: microphones.wanted, audioDeviceId: microphones.deviceId};
}

function newLabel(label) {
    return freeLabel(label, broadcaster.sources.map((source) => source.label));
}

/** One after the other: a browser asks one question at a time, and for the screen only right after a click. */
async function add(...wanted) {
    const troubles = [];

    adding = true;
    changed();

    for (const make of wanted) {
        const source = make();

        try {
            await broadcaster.addSource(source);

        } catch (error) {
            troubles.push(explainCapture(source.type, error));
        }
    }

    adding = false;
    trouble('add-trouble', troubles.join(' '));
    changed();
    listDevices();
}

async function listDevices() {
    const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => null) ?? null;

    cameras.render(devices);
    microphones.render(devices);
    changed();
}

/* what is done with a source */

function start(sourceId) {
    const destination = {protocol: 'webrtc-whip', url: URL_PREFIX, streamKey: keyText()};

    broadcaster.startBroadcast(sourceId, destination).catch(() => {});      /* the source's state says why */
}

function isActive({state}) {
    return ['connecting', 'live', 'reconnecting'].includes(state);
}

function canStart({state}) {
    return ['idle', 'stopped', 'failed'].includes(state);
}

function toggle(sourceId) {
    if (isActive(broadcaster.get(sourceId))) {
        broadcaster.stopBroadcast(sourceId);

    } else if (haveKey()) {
        start(sourceId);
    }
}

async function renew(sourceId) {
    const {type} = broadcaster.get(sourceId);

    try {
        await broadcaster.renewSource(sourceId);
        trouble('add-trouble', '');

    } catch (error) {
        trouble('add-trouble', explainCapture(type, error));
    }
}

function remove(sourceId) {
    const {element} = cards.get(sourceId);
    const next = element.nextElementSibling ?? element.previousElementSibling;

    broadcaster.removeSource(sourceId);
    (next?.querySelector('[data-part="remove"]') ?? $('add-camera')).focus();
}

function startAll() {
    if (haveKey()) {
        for (const {sourceId} of broadcaster.sources.filter(canStart)) {
            start(sourceId);
        }
    }
}

function stopAll() {
    for (const {sourceId} of broadcaster.sources.filter(isActive)) {
        broadcaster.stopBroadcast(sourceId);
    }
}

/* what the page shows */

function trouble(id, text) {
    $(id).textContent = text;
    $(id).hidden = text === '';
}

function showSources(sources) {
    for (const source of sources) {
        if (!cards.has(source.sourceId)) {
            const card = new SourceCard($('source-template'), source.sourceId, {
                toggle, renew, remove,
                label: (sourceId, label) => broadcaster.setLabel(sourceId, label),
            });

            cards.set(source.sourceId, card);
            $('sources').append(card.element);
        }

        cards.get(source.sourceId).render(source);
    }

    for (const [sourceId, card] of cards) {
        if (!sources.some((source) => source.sourceId === sourceId)) {
            card.element.remove();
            cards.delete(sourceId);
            said.delete(sourceId);
        }
    }

    $('no-sources').hidden = sources.length > 0;
}

/** A screen reader hears of each change of a state, once. */
function announce(sources) {
    const news = [];

    for (const source of sources) {
        const {title, text} = describe(source);
        const sentence = `${source.label}: ${title}. ${text}`.trim();

        if (said.has(source.sourceId) && said.get(source.sourceId) !== sentence) {
            news.push(sentence);
        }

        said.set(source.sourceId, sentence);
    }

    if (news.length > 0) {
        $('announcer').textContent = news.join(' ');
    }
}

/** A telephone that goes to sleep stops its camera. */
async function stayAwake(wanted) {
    if (!wanted) {
        wakeLock?.release();
        wakeLock = null;

    } else if (wakeLock === null && !document.hidden) {
        wakeLock = await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
        wakeLock?.addEventListener('release', () => { wakeLock = null; });
    }
}

function update() {
    const {sources} = broadcaster;
    const live = sources.some(({state}) => state === 'live');
    const status = statusText(sources);

    updating = false;
    showSources(sources);
    announce(sources);
    stayAwake(sources.some(isActive));

    $('status').textContent = status;
    $('status').toggleAttribute('data-live', live);
    document.title = live ? `${status} · Studio` : 'Studio';

    $('start-all').disabled = !sources.some(canStart);
    $('stop-all').disabled = !sources.some(isActive);
    $('add-camera').disabled = adding || $('camera').disabled;
    $('add-screen').disabled = adding || !sharesScreens();
    $('add-both').disabled = $('add-camera').disabled || $('add-screen').disabled;
}

/* many changes make one update */
function changed() {
    if (!updating) {
        updating = true;
        queueMicrotask(update);
    }
}

async function measure() {
    for (const {sourceId} of broadcaster.sources.filter(({state}) => state === 'live')) {
        const figures = await broadcaster.stats(sourceId).catch(() => null);

        cards.get(sourceId)?.measure(figures);
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

broadcaster.addEventListener('change', changed);

$('key-form').addEventListener('submit', (event) => event.preventDefault());
$('key').addEventListener('input', () => {
    $('key').removeAttribute('aria-invalid');
    $('key-missing').hidden = true;
    keepKey();
});
$('keep-key').addEventListener('change', keepKey);
$('show-key').addEventListener('click', showKey);

$('add-form').addEventListener('submit', (event) => event.preventDefault());
$('add-camera').addEventListener('click', () => add(cameraSource));
$('add-screen').addEventListener('click', () => add(screenSource));
$('add-both').addEventListener('click', () => add(screenSource, cameraSource));

$('start-all').addEventListener('click', startAll);
$('stop-all').addEventListener('click', stopAll);

navigator.mediaDevices?.addEventListener?.('devicechange', listDevices);
document.addEventListener('visibilitychange', changed);

window.addEventListener('beforeunload', (event) => {
    if (broadcaster.sources.some(isActive)) {
        event.preventDefault();
        event.returnValue = true;
    }
});

window.addEventListener('pagehide', stopAll);

$('key').value = keptKey();
$('keep-key').checked = keyText() !== '';
$('screen-missing').hidden = sharesScreens();
trouble('page-trouble', findTrouble());
setInterval(measure, MEASURE_MS);
listDevices();
changed();
