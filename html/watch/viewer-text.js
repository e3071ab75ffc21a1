/* What is said: about sources, prices, and how live the picture is.  Pure: no DOM, no clock. */

const CODECS = {avc1: 'H.264', hvc1: 'HEVC', hev1: 'HEVC', av01: 'AV1', vp09: 'VP9'};

/**
 * Every browser plays H.264, and it is all that stock HLS carries.
 * @param {import('./source-list.js').Source} source
 * @returns {?string} the name of the codec where it is another one
 */
export function otherCodec(source) {
    const codec = source.video?.codec;

    if (!codec || codec.startsWith('avc1')) {
        return null;
    }

    return CODECS[codec.slice(0, 4)] ?? codec;
}

/**
 * @param {import('./source-list.js').Source} source
 * @param {string} size "short" (1080p60) or "full" (1920×1080 · 60 fps)
 * @returns {string} may be empty
 */
export function pictureSize({video, audio}, size = 'full') {
    if (!video?.height) {
        return audio && !video ? 'sound only' : '';
    }

    const fps = Math.round(video.fps ?? 0);

    if (size === 'short') {
        return `${video.height}p${fps || ''}`;
    }

    return `${video.width}×${video.height}${fps ? ` · ${fps} fps` : ''}`;
}

/**
 * What the stage shows and says.
 *
 * @typedef {object} Scene
 * @property {string} state connecting, no-streamer, offline, off, gone, starting, playing, stalled, paused, unplayable
 *     or error
 * @property {string} title
 * @property {string} [text]
 * @property {boolean} [busy] something is being waited for
 * @property {boolean} [offer] the other sources are worth offering
 * @property {?string} [action] "retry" or "play"
 *
 * @param {{streamer: ?string, list: object, id: ?string, player: object, off: boolean}} view id: the source that is
 *     watched; off: the viewer wants none of those that are live
 * @returns {Scene}
 */
export function describe({streamer, list, id, player, off = false}) {
    if (streamer === null) {
        return {state: 'no-streamer', title: 'No such streamer', text: 'The address should look like /watch/alice.'};
    }

    if (list.live.length === 0) {
        switch (list.state) {
        case 'connecting':
            return {state: 'connecting', title: 'Connecting', busy: true};
        case 'missing':
            return {state: 'no-streamer', title: 'No such streamer', text: `Nobody here is called ${streamer}.`};
        case 'reconnecting':
            return {state: 'connecting', title: 'Connection lost', text: 'Trying again.', busy: true};
        default:
            return {state: 'offline', title: `${streamer} is offline`,
                    text: 'Nothing is live at the moment. The show starts here by itself.'};
        }
    }

    if (id === null) {
        return off ? {state: 'off', title: 'All sources are off', text: 'Turn on what you want to watch.'}
                   : {state: 'connecting', title: 'Connecting', busy: true};
    }

    const source = list.get(id);
    const label = source?.label ?? id.replaceAll('_', ' ');

    if (source === null || source.gone) {
        return {state: 'gone', title: source?.gone ? `${label} has ended` : `${label} is not live`,
                text: 'It goes on here by itself when it comes back.', offer: true};
    }

    const codec = otherCodec(source);

    if (player.state === 'unplayable' || (player.missing && codec !== null)) {
        return {state: 'unplayable', title: `${label} cannot be played here`,
                text: codec === null ? 'This browser does not play its format.'
                  : player.missing ? `It is sent as ${codec}, which this page does not get.`
                  : `It is sent as ${codec}, which this browser does not play.`,
                offer: true};
    }

    switch (player.state) {
    case 'playing':
        return {state: 'playing', title: label};
    case 'stalled':
        return {state: 'stalled', title: `${label} has stopped for a moment`, text: 'Waiting for the picture.',
                busy: true, offer: true};
    case 'paused':
        return {state: 'paused', title: `${label} is paused`, action: 'play'};
    case 'error':
        return {state: 'error', title: `${label} does not play`,
                text: 'The server cannot be reached, or its media not be read. It is tried again every few seconds.',
                action: 'retry', offer: true};
    default:
        return {state: 'starting', title: `Starting ${label}`, busy: true};
    }
}

/** Why the picture of `shown`, a label or null, is not that of `wanted` by now. */
export function whyNot(wanted, shown, reason) {
    const what = {
        gone: `${wanted} has ended.`,
        unplayable: `${wanted} cannot be played here.`,
        error: `${wanted} could not be loaded.`,
    }[reason] ?? `${wanted} did not come in time.`;

    return shown === null ? what : `${what} ${shown} goes on.`;
}

const DECIMALS = {minimumFractionDigits: 2, maximumFractionDigits: 6};

/** @returns {string} "0.03 EUR" */
export function money(amount, currency) {
    return `${Number(amount).toLocaleString('en', DECIMALS)} ${currency}`;
}

/**
 * @param {?{currency: string, base: string, bundle_discount_percent: number}} price of a session
 * @param {?string[]} addons of the sources that are played, for each minute
 * @param {?string} total until now
 * @returns {string} "" where nothing is to be paid
 */
export function priceText(price, addons, total) {
    if (!price) {
        return '';
    }

    const {currency, base, bundle_discount_percent: discount} = price;
    const sum = addons.reduce((all, addon) => all + Number(addon ?? 0), Number(base));
    const rate = addons.length === 0 ? 0 : addons.length === 1 ? sum : sum * (100 - discount) / 100;
    const parts = [`${money(rate, currency)} per minute`];

    if (total !== null) {
        parts.push(`${money(Number(total).toFixed(4), currency)} so far`);
    }

    return parts.join(' · ');
}

const seconds = (value) => `${value.toFixed(2)} s`;
const isNumber = (value) => Number.isFinite(value);

function behindLive({behind, latency, target}) {
    const texts = [];

    if (isNumber(behind)) {
        texts.push(`${seconds(behind / 1000)} by the clock of this device`);
    }

    if (isNumber(latency)) {
        const aim = isNumber(target) ? ` (${seconds(target)} is the aim)` : '';

        texts.push(`${seconds(latency)} behind the newest media${aim}`);
    }

    return texts.join('; ') || 'not known';
}

function speed(rate) {
    const percent = Math.round(Math.abs(rate - 1) * 100);

    return percent === 0 ? 'normal' : `${percent} % ${rate > 1 ? 'faster, to catch up' : 'slower'}`;
}

/** Which of two pictures is ahead; the skew is in milliseconds. */
export function apart(skew, one, other) {
    if (!isNumber(skew)) {
        return 'not known: the playlists carry no clock';
    }

    const ms = Math.round(skew);

    return ms === 0 ? `${one} and ${other} show the same moment`
                    : `${one} is ${Math.abs(ms)} ms ${ms > 0 ? 'ahead of' : 'behind'} ${other}`;
}

/**
 * @param {object} figures of the picture: `behind` the clock of this device in milliseconds, `latency` from the newest
 *     media and its `target` in seconds, `lowLatency`, seconds `ahead` in the buffer, `rate`, `frames` and of them
 *     `dropped`, `label`; `insetLabel` and its `skew`; `lastSwitch` with what it `took` and its `skew`, milliseconds
 * @returns {[string, string][]} terms and what is to be said of them
 */
export function describeFigures(figures) {
    const {lowLatency, ahead, rate, frames, dropped, label, insetLabel, skew, lastSwitch} = figures;

    const rows = [
        ['Behind live', behindLive(figures)],
        ['Delivery', lowLatency ? 'low latency, in parts of segments' : 'whole segments'],
        ['In the buffer', seconds(ahead)],
        ['Speed', speed(rate)],
        ['Frames lost', `${dropped} of ${frames}`],
    ];

    if (insetLabel !== null) {
        rows.push(['Inset', apart(skew, insetLabel, label ?? 'the picture')]);
    }

    if (lastSwitch !== null) {
        const ms = Math.abs(Math.round(lastSwitch.skew));
        const between = isNumber(lastSwitch.skew) ? `, ${ms} ms between the pictures` : '';

        rows.push(['Last change of source', `took ${seconds(lastSwitch.took / 1000)}${between}`]);
    }

    return rows;
}
