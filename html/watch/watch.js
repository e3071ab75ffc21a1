import {FiguresView} from './figures-view.js';
import {InsetView} from './inset-view.js';
import {MultiViewManager} from './multi-view-manager.js';
import {SourceButtons} from './source-buttons.js';
import {SourceList} from './source-list.js';
import {describe, otherCodec, pictureSize, whyNot} from './source-text.js';
import {StageMessage} from './stage-message.js';
import {StageNotice} from './stage-notice.js';
import {ViewerSourceSelector} from './viewer-source-selector.js';
import {WatchAddress} from './watch-address.js';

/** More would not fit the picture of a phone, and all are below it. */
const OFFERS = 3;

/**
 * A browser opens six connections to a host over HTTP/1.1.  A source takes two, the playlist that is waited for and the
 * media; so two sources and the event stream leave one for whatever else there is, and three sources leave none.
 */
const SOURCES_BESIDE_EVENTS = 2;

const $ = (id) => document.getElementById(id);

const address = new WatchAddress(location.pathname);
const selector = new ViewerSourceSelector();
const views = new MultiViewManager(selector, $('video-a'), $('video-b'), $('video-c'));
const list = new SourceList(selector.eventsUrl(address.streamer),
                            () => selector.fetchAvailableSources(address.streamer));
const buttons = new SourceButtons($('sources'), choose);
const message = new StageMessage($('message'));
const inset = new InsetView(document, {
    swap: () => choose(views.inset.id),
    choose: (id) => views.enablePiP(views.nextId ?? views.main.id, id),
});
const notice = new StageNotice($('notice'));
const figures = new FiguresView($('figures-toggle'), $('figures'), readFigures);

/* the viewer may have chosen, by the address or by a button; else the page does */
let chosen = address.source;
let lastSwitch = null;
let updating = false;
let wasOpen = false;

/* what the viewer does */

function choose(id) {
    chosen = id;
    address.choose(id);
    notice.show('');
    views.show(id);
}

function toggleInset() {
    const [other] = insetChoices();

    if (views.inset.id !== null) {
        views.disablePiP();

    } else if (other !== undefined && views.main.id !== null) {
        views.enablePiP(views.nextId ?? views.main.id, other.id);
    }
}

async function toggleFullscreen() {
    const viewer = $('viewer');

    if (document.fullscreenElement !== null && document.fullscreenElement !== undefined) {
        await document.exitFullscreen();

    } else if (viewer.requestFullscreen !== undefined) {
        await viewer.requestFullscreen().catch(() => {});

    } else {
        views.main.video.webkitEnterFullscreen?.();         /* a telephone that has it for video only */
    }
}

function toggleMute() {
    views.muted = !views.muted;
}

function pressKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target.matches('select, input')) {
        return;
    }

    const acts = {p: toggleInset, m: toggleMute, f: toggleFullscreen, s: () => figures.toggle()};
    const act = acts[event.key.toLowerCase()];

    if (act !== undefined) {
        act();

    } else if (/^[1-9]$/.test(event.key)) {
        $('sources').children[event.key - 1]?.click();
    }
}

/* what the page shows */

function labelOf(id) {
    return list.get(id)?.label ?? id.replaceAll('_', ' ');
}

function insetChoices() {
    return list.live.filter(({id}) => id !== views.main.id && id !== views.nextId);
}

/** Without a choice of the viewer's: the first source that plays here, for as long as anything is live. */
function pickMain() {
    if (chosen !== null) {
        views.show(chosen);

    } else if (list.live.length === 0) {
        views.show(null);

    } else if (views.main.id === null && list.state !== 'connecting') {
        views.show((list.live.find((source) => otherCodec(source) === null) ?? list.live[0]).id);
    }
}

function actionsFor(scene) {
    const others = scene.offer ? insetChoices().slice(0, OFFERS) : [];
    const actions = others.map(({id, label}) => ({id, label: `Watch ${label}`, act: () => choose(id)}));

    if (scene.action === 'retry') {
        actions.unshift({id: 'retry', label: 'Try again', act: () => views.main.player.retry()});

    } else if (scene.action === 'play') {
        actions.unshift({id: 'play', label: 'Play', act: () => views.main.player.play()});
    }

    return actions;
}

function showStatus(scene, source) {
    const parts = scene.state === 'playing' ? ['Live', source.label, pictureSize(source, 'short')]
                                            : [scene.title];
    const text = parts.filter(Boolean).join(' · ');

    if ($('status').textContent !== text) {
        $('status').textContent = text;
    }

    $('status').toggleAttribute('data-live', scene.state === 'playing');
    document.title = [source?.label, address.streamer ?? 'Watch live'].filter(Boolean).join(' · ');
}

function showControls() {
    $('mute').setAttribute('aria-pressed', String(views.muted));
    $('unmute').hidden = !views.muted || views.main.player.state !== 'playing' || !$('message').hidden;

    $('pip').setAttribute('aria-pressed', String(views.inset.id !== null));
    $('pip').disabled = views.inset.id === null && (views.main.id === null || insetChoices().length === 0);
}

function showInset() {
    const {id, player} = views.inset;
    const source = id === null ? null : list.get(id) ?? {id, label: labelOf(id), gone: true};
    const choices = insetChoices();
    let note = '';

    if (source !== null && !choices.some((choice) => choice.id === id)) {
        choices.push(source);
    }

    if (source?.gone) {
        note = 'ended';

    } else if (player.state !== 'playing') {
        note = player.state;
    }

    inset.render(source, note, choices);
}

/** @returns {import('./figures-text.js').Figures} */
function readFigures() {
    const {id, player, video} = views.main;
    const {totalVideoFrames = 0, droppedVideoFrames = 0} = video.getVideoPlaybackQuality?.() ?? {};

    return {
        ...player.live,
        behind: player.date === null ? null : Date.now() - player.date,
        ahead: player.ahead,
        rate: player.rate,
        frames: totalVideoFrames,
        dropped: droppedVideoFrames,
        label: id === null ? null : labelOf(id),
        insetLabel: views.inset.id === null ? null : labelOf(views.inset.id),
        skew: views.skew,
        lastSwitch,
    };
}

function update() {
    updating = false;

    if (address.streamer !== null) {
        pickMain();
        views.follow(list);
        list.paused = views.loading > SOURCES_BESIDE_EVENTS;
    }

    const source = list.get(views.main.id);
    const scene = describe({streamer: address.streamer, list, id: views.main.id, player: views.main.player});

    for (const {video, id, role, shown} of views.roles) {
        video.dataset.role = role;
        video.hidden = !shown;
        video.setAttribute('aria-hidden', String(!['main', 'inset'].includes(role)));
        video.setAttribute('aria-label', list.get(id)?.label ?? 'Live video');
    }

    $('stage').dataset.state = scene.state;
    message.show(scene.state === 'playing' ? null : scene, actionsFor(scene));
    buttons.render(list.sources, {mainId: views.main.id, insetId: views.inset.id, nextId: views.nextId,
                                  unplayableId: scene.state === 'unplayable' ? views.main.id : null});
    showStatus(scene, source);
    showInset();
    showControls();
}

/* many changes make one update */
function changed() {
    if (!updating) {
        updating = true;
        queueMicrotask(update);
    }
}

/** Whatever made the server unreachable is over. */
function retryFailed() {
    for (const {player} of [views.main, views.inset]) {
        if (player.state === 'error') {
            player.retry();
        }
    }
}

list.addEventListener('change', () => {
    if (list.state === 'open' && !wasOpen) {
        retryFailed();
    }

    wasOpen = list.state === 'open';
    changed();
});

views.addEventListener('change', changed);

views.addEventListener('switched', (event) => {
    lastSwitch = event.figures;
});

views.addEventListener('failed', ({id, reason}) => {
    if (chosen === id) {
        chosen = views.main.id;
        address.choose(chosen);
    }

    notice.show(whyNot(labelOf(id), labelOf(views.main.id), reason));
});

document.addEventListener('keydown', pressKey);
document.addEventListener('fullscreenchange', () => {
    $('fullscreen').setAttribute('aria-pressed', String(document.fullscreenElement !== null));
});

/* a telephone stops what is in the background */
document.addEventListener('visibilitychange', () => {
    if (!document.hidden && address.streamer !== null) {
        list.refresh();
        views.main.player.play();
        views.inset.player.play();
    }
});

window.addEventListener('online', () => {
    if (address.streamer !== null) {
        list.open();
        retryFailed();
    }
});

$('mute').addEventListener('click', toggleMute);
$('unmute').addEventListener('click', toggleMute);
$('pip').addEventListener('click', toggleInset);
$('fullscreen').addEventListener('click', toggleFullscreen);
$('streamer').textContent = address.streamer ?? 'Watch live';

if (address.streamer !== null) {
    list.open();
}

changed();
