/* What is said in the console.  Pure: no DOM, no clock. */

import {PLATFORMS} from './settings-fields.js';

const STATES = {
    pending: 'Waiting',
    connecting: 'Connecting',
    connected: 'Connected',
    live: 'Live',
    reconnecting: 'Reconnecting',
    stopped: 'Stopped',
    error: 'Failed',
};

const HEALTHS = {
    healthy: 'healthy',
    degraded: 'degraded',
    stale: 'no progress',
    error: 'failing',
};

const UNKNOWN_TOKEN = 'The server does not know this API token. Look for a missing or an extra character.';
const REDIS = 'The server cannot reach its memory of destinations (Redis). What is live goes on. Try again in a '
    + 'moment.';

const REASONS = {
    /* who asks */
    bad_token: 'There are characters in this API token that no token has.',
    unauthorized: UNKNOWN_TOKEN,
    forbidden: 'This API token is for another streamer.',
    http_401: UNKNOWN_TOKEN,
    http_403: 'This may not be done with this API token.',

    /* the server */
    redis_unavailable: REDIS,
    http_503: 'The server cannot do that at the moment. What is live goes on. Try again in a moment.',
    http_404: 'The server knows nothing of this.',
    http_405: 'There is no simulcast API at this address of the server.',
    http_413: 'This is larger than the server takes.',
    http_429: 'The server is being asked too often. Try again in a moment.',
    bad_answer: 'The server does not answer as the simulcast API does.',
    unreachable: 'The server cannot be reached.',
    timeout: 'The server does not answer.',

    /* the connection to a destination */
    dns_failed: 'There is no server of this name.',
    address_refused: 'The server may not connect to addresses of this kind.',
    connect_failed: 'Nothing takes a connection there.',
    connect_timeout: 'Nothing answers there.',
    tls_failed: 'There is no secure connection to be had there.',
    certificate_untrusted: 'The server\'s certificate is of no known authority.',
    certificate_expired: 'The server\'s certificate has expired.',
    certificate_name: 'The server\'s certificate is for another name.',
    handshake_failed: 'The server there does not speak RTMP.',
    protocol_error: 'The server there does not speak RTMP as it should.',
    rtmp_timeout: 'The server there did not answer in time.',
    connect_rejected: 'The server does not know this address. Look at what stands behind its name.',
    publish_rejected: 'The server does not accept the stream key.',
    name_in_use: 'The server says that this key is being used already.',
    closed_after_publish: 'The server closed the connection without a word, as many do when the stream key is wrong.',

    /* the account */
    token_revoked: 'The platform does not accept this connection any more. Remove the destination, and connect it '
                   + 'again.',
    page_not_chosen: 'Choose the Facebook page first: Edit, Page.',
    live_not_enabled: 'This account may not stream live yet. Enable it at the platform.',
    not_configured: 'The operator of this server has not set this platform up.',

    /* the handing over of a sign-in */
    access_denied: 'The platform was not allowed to connect this account.',
    popup_closed: 'The window for signing in is gone.',
    bad_auth_url: 'The server sent no address to sign in at.',
};

const STAGES = {
    dns: 'looking up the name',
    tcp: 'connecting',
    tls: 'the encrypted connection (TLS)',
    handshake: 'the RTMP handshake',
    connect: 'the RTMP application',
    publish: 'publishing with the key',
};

/**
 * @param {{code?: string, message?: string}} reason
 * @returns {string} whole sentences
 */
export function explain({code, message}) {
    return REASONS[code] ?? sentence(message ?? '') ?? 'Something went wrong.';
}

/** @returns {string} of a destination's status */
export function stateText(status) {
    return STATES[status] ?? 'Unknown';
}

/**
 * @param {import('./api.js').Destination} destination
 * @returns {boolean} it runs, or tries to
 */
export function isRunning({status}) {
    return ['pending', 'connecting', 'connected', 'live', 'reconnecting'].includes(status);
}

/**
 * @param {import('./api.js').Destination} destination
 * @returns {string} as "Live, degraded"
 */
export function describe({status, health, is_enabled: enabled}) {
    const word = isRunning({status}) ? HEALTHS[health] : undefined;

    return [stateText(status), word, enabled === false ? 'disabled' : undefined].filter(Boolean).join(', ');
}

/**
 * @param {import('./api.js').Destination} destination
 * @returns {string} as "4.5 Mbit/s · 30 fps · 231 viewers"; empty while it does not run
 */
export function figuresText({status, metrics, viewer_count: viewers}) {
    if (!isRunning({status})) {
        return '';
    }

    return [
        Number.isFinite(metrics?.bitrate) ? rate(metrics.bitrate) : '',
        Number.isFinite(metrics?.fps) ? `${Math.round(metrics.fps * 10) / 10} fps` : '',
        viewersText(viewers),
    ].filter(Boolean).join(' · ');
}

/**
 * @param {import('./api.js').Destination} destination
 * @param {number} now ms since the epoch
 * @returns {string} as "YouTube · My channel · signed in until 24 Nov, 20:15"
 */
export function accountText({platform, account, token_expires_at: until, stream_id: streamId}, now) {
    const [, source] = String(streamId ?? '').split(':');
    const end = until ? Date.parse(until) : NaN;

    return [
        PLATFORMS[platform] ?? platform,
        account,
        source === undefined ? '' : `source ${source.replaceAll('_', ' ')}`,
        Number.isNaN(end) ? '' : end <= now ? 'sign-in has expired' : `signed in until ${day(end)}`,
    ].filter(Boolean).join(' · ');
}

/**
 * @param {{reachable: boolean, stage: string, error_class?: ?string, ms: number}} result
 * @returns {{good: boolean, text: string}}
 */
export function testText({reachable, stage, error_class: word, ms}) {
    const took = Number.isFinite(ms) ? ` (${Math.round(ms)} ms)` : '';

    if (reachable) {
        const how = stage === 'publish' ? ': the stream would be taken' : `, as far as ${STAGES[stage] ?? stage}`;

        return {good: true, text: `The test went well${how}${took}.`};
    }

    const why = word ? ` ${explain({code: word, message: word.replaceAll('_', ' ')})}` : '';

    return {good: false, text: `The test failed at ${STAGES[stage] ?? stage ?? 'its start'}.${why}`};
}

/**
 * @param {?{status: string, viewer_count: ?number}} stream
 * @param {?{status: string, uptime: number}} simulcast
 * @param {import('./api.js').Destination[]} destinations
 * @returns {string} as "Live at 2 of 3 destinations for 1:04:12 · 231 viewers"
 */
export function streamText(stream, simulcast, destinations) {
    const live = destinations.filter(({status}) => status === 'live').length;
    const uptime = simulcast?.uptime > 0 ? ` for ${duration(simulcast.uptime)}` : '';

    if (live === 0) {
        return destinations.some(isRunning) ? 'Connecting' : 'Nothing goes out';
    }

    return [`Live at ${live} of ${destinations.length}${uptime}`, viewersText(stream?.viewer_count)]
        .filter(Boolean).join(' · ');
}

/** @returns {string} as 0:04:12 */
export function duration(ms) {
    const seconds = Math.floor(ms / 1000);
    const two = (number) => String(number).padStart(2, '0');

    return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/**
 * @param {string} value of a server
 * @returns {?string} an address that a link may lead to
 */
export function webAddress(value) {
    try {
        const url = new URL(value);

        return ['https:', 'http:'].includes(url.protocol) ? url.href : null;

    } catch {
        return null;
    }
}

function viewersText(viewers) {
    return Number.isFinite(viewers) && viewers >= 0 ? `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}` : '';
}

function rate(kbps) {
    return kbps < 1000 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}

function day(ms) {
    return new Date(ms).toLocaleString('en-GB', {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'});
}

function sentence(text) {
    return text === '' ? null : `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, '.')}`;
}
