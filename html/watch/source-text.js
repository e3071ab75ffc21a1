/* What is said about sources.  Pure: no DOM, no clock. */

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
 * @property {string} state connecting, no-streamer, offline, gone, starting, playing, stalled, paused, unplayable or error
 * @property {string} title
 * @property {string} [text]
 * @property {boolean} [busy] something is being waited for
 * @property {boolean} [offer] the other sources are worth offering
 * @property {?string} [action] "retry" or "play"
 *
 * @param {object} view
 * @param {?string} view.streamer of the page's address
 * @param {import('./source-list.js').SourceList} view.list
 * @param {?string} view.id the source that is watched
 * @param {{state: string, missing: boolean}} view.player
 * @returns {Scene}
 */
export function describe({streamer, list, id, player}) {
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
        return {state: 'connecting', title: 'Connecting', busy: true};
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

/**
 * Why the picture is not another one by now.
 * @param {string} wanted label of the source that was chosen
 * @param {?string} shown label of the source that is shown
 * @param {string} reason "gone", "unplayable", "error" or "late"
 * @returns {string}
 */
export function whyNot(wanted, shown, reason) {
    const what = {
        gone: `${wanted} has ended.`,
        unplayable: `${wanted} cannot be played here.`,
        error: `${wanted} could not be loaded.`,
    }[reason] ?? `${wanted} did not come in time.`;

    return shown === null ? what : `${what} ${shown} goes on.`;
}
