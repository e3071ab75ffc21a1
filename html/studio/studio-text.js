/* What is said in the studio.  Pure: no DOM, no clock. */

const STATES = {
    idle: 'Ready',
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    stopped: 'Ready',
    failed: 'Not live',
    ended: 'Ended',
};

const BUSY = 'The server has no room at the moment.';
const REFUSED = 'The server does not take this stream.';

const REASONS = {
    /* the browser */
    no_secure_context: 'The browser gives cameras and screens to secure pages only. Open this one with https://.',
    not_supported: 'This browser cannot capture that.',
    no_permission: 'The browser was not allowed to use it. Allow it in the address bar, then try again.',
    no_device: 'It was not found. Is it plugged in?',
    device_busy: 'Another program seems to be using it.',
    recalled: 'It was there before this page was loaded again, and could not be opened by itself.',
    recalled_screen: 'The page was loaded again, and browsers then want a screen to be chosen again.',
    no_codec: 'This browser cannot send H.264, which is what the server takes. Firefox needs its OpenH264 plugin '
              + '(Add-ons, Plugins), and fetches it a minute after its first start; Chrome, Edge and Safari have it.',

    /* the key and the name */
    unknown_key: 'The server does not know this stream key. Look for a missing or an extra character.',
    no_credentials: 'The server wants a stream key.',
    bad_token: 'There are characters in this stream key that no key has.',
    bad_source_name: 'Use 1 to 50 letters (A to Z), digits, blanks, _ and -.',
    bad_stream_name: 'The server cannot use this name. Choose another label.',
    reserved_source_name: 'This name is reserved. Choose another label.',
    duplicate_source_name: 'Another source has this name. Choose another label.',
    source_not_allowed: 'This key may not send a source of this name.',

    /* limits */
    too_many_sources: 'There are as many sources as there may be. Remove or stop another one first.',
    too_many_refusals: 'Too many attempts from your address have failed. The server takes no more for about a minute.',
    too_many_requests: 'The server is being asked too often from your address.',
    too_many_pending: 'The server is being asked too often from your address.',
    too_many_sessions: BUSY,
    whip_zone_full: BUSY,
    zone_full: BUSY,
    shutting_down: 'The server is restarting.',
    no_answer: 'The server took too long to decide.',

    /* others */
    already_live: 'Another page or encoder sends this source already.',
    takeover_flapping: 'Another page or encoder sends this source, too, and each pushes the other out. Stop one.',
    callback_refused: REFUSED,
    publish_refused: REFUSED,
    connect_refused: REFUSED,

    /* the way there */
    bad_path: 'There is no WHIP at this address of the server.',
    http_404: 'There is no WHIP at this address of the server.',
    http_405: 'There is no WHIP at this address of the server.',
    not_acceptable: 'The server takes nothing of what this browser can send.',
    bad_answer: 'The server does not answer as a WHIP server does.',
    unreachable: 'The server cannot be reached.',
    timeout: 'The server does not answer.',
    ice_failed: 'The server answers, but video does not get through to it. A firewall may be in the way.',
    closed: 'The server has ended the session.',
};

const ACTIVE = ['connecting', 'live', 'reconnecting'];
const STARTABLE = ['idle', 'stopped', 'failed'];

const TYPES = {screen: 'The screen', webcam: 'The camera', audio: 'The microphone', other: 'The source'};

/**
 * @param {{code: string, message: string, final?: boolean}} reason
 * @returns {string} whole sentences
 */
export function explain({code, message}) {
    return REASONS[code] ?? (message ? `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.?$/, '.')}`
                                     : 'Something went wrong.');
}

/**
 * @param {string} type of the source that could not be added
 * @param {{code: string, message: string}} error
 * @returns {string}
 */
export function explainCapture(type, error) {
    if (type === 'screen' && error.code === 'no_permission') {
        return 'No screen was chosen, or the browser was not allowed to share one.';
    }

    return `${TYPES[type]} could not be added. ${explain(error)}`;
}

/** @returns {boolean} it is sent, or on the way to it */
export function isActive({state}) {
    return ACTIVE.includes(state);
}

/** @returns {boolean} it can go live */
export function canStart({state}) {
    return STARTABLE.includes(state);
}

/**
 * @param {import('./multi-source-broadcaster.js').BroadcastSource} source
 * @returns {{title: string, text: string}} text may be empty
 */
export function describe({state, reason}) {
    const title = STATES[state];

    if (state === 'ended') {
        return {title, text: reason === null ? 'Sharing has been stopped, or the device is gone.' : explain(reason)};
    }

    if (reason === null || state === 'stopped') {
        return {title, text: ''};
    }

    return {title, text: state === 'failed' ? explain(reason) : `${explain(reason)} Trying again.`};
}

/**
 * @param {import('./whip-stats.js').Figures} figures
 * @returns {string} what is known, as "2.4 Mbit/s · round trip 12 ms · 1280×720 · 30 fps"
 */
export function figuresText({bitrate, fps, width, height, rtt, loss, protocol}) {
    return [
        bitrate === null ? '' : rate(bitrate),
        rtt === null ? '' : `round trip ${rtt} ms`,
        width && height ? `${width}×${height}` : '',
        fps ? `${fps} fps` : '',
        loss >= 0.01 ? `${Math.round(loss * 100)} % lost` : '',
        protocol === 'tcp' ? 'by TCP' : '',
    ].filter(Boolean).join(' · ');
}

/**
 * @param {import('./multi-source-broadcaster.js').BroadcastSource[]} sources
 * @returns {string}
 */
export function statusText(sources) {
    const live = sources.filter(({state}) => state === 'live');

    if (live.length === 0) {
        return sources.some(({state}) => state === 'connecting' || state === 'reconnecting') ? 'Connecting'
                                                                                             : 'Nothing is live';
    }

    return live.length === 1 ? `${live[0].label} is live` : `${live.length} sources are live`;
}

/**
 * @param {string} label
 * @param {string[]} taken labels
 * @returns {string} the label, with a number if there is one like it
 */
export function freeLabel(label, taken) {
    let free = label;

    for (let number = 2; taken.includes(free); number++) {
        free = `${label} ${number}`;
    }

    return free;
}

function rate(kbps) {
    return kbps < 1000 ? `${kbps} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}
