/* What went wrong with a WHIP request, and when to try again.  Pure: no clock, no network. */

/** Of the 4xx, these may pass by themselves; the others say that the same request will not do. */
const PASSING = new Set([408, 409, 425, 429]);

/** An encoder that keeps coming back to a source that another one sends would push it out again and again. */
const GIVE_WAY = 'takeover_flapping';

const CODE = /^[a-z][a-z0-9_]{0,63}$/;
const MESSAGE_MAX = 300;
const RETRY_AFTER_MAX_MS = 600000;

/**
 * Why there is no (more) sending.  `code` is a stable word: the server's own where it gave one, else `http_404` and
 * the like, or one of
 *
 *     unreachable     no answer to an HTTP request
 *     timeout         none in time
 *     bad_answer      an answer that is not WHIP
 *     bad_token       the key has characters that no header can carry
 *     no_codec        the browser encodes nothing of what may be sent
 *     no_tracks       there is nothing to send
 *     ice_failed      media found no way to the server
 *     closed          the server ended the session
 *     internal        the browser has no WebRTC, or an address is none
 */
export class WhipError extends Error {
    /**
     * @param {string} code
     * @param {string} message
     * @param {{status?: number, final?: boolean, retryAfter?: number}} [more] the HTTP status or 0; whether trying
     *     again is of no use; how long the server wants to be left alone, ms
     */
    constructor(code, message, {status = 0, final = false, retryAfter = 0} = {}) {
        super(message);
        this.name = 'WhipError';
        this.code = code;
        this.status = status;
        this.final = final;
        this.retryAfter = retryAfter;
    }

    /**
     * @param {number} status of an answer that is not the one that was wanted
     * @param {string} body JSON as in `{"success":false,"error":{"code","message"}}`, or anything
     * @param {number} [retryAfter] ms
     * @returns {WhipError}
     */
    static fromAnswer(status, body, retryAfter = 0) {
        const {code, message} = said(body);
        const final = code === GIVE_WAY || (status < 500 ? !PASSING.has(status) : status === 501);

        return new WhipError(code ?? `http_${status}`, message ?? `the server answered ${status}`,
                             {status, final, retryAfter});
    }
}

/** What the body says, as far as it can be shown; nothing of it is relied on. */
function said(body) {
    let error = null;

    try {
        error = JSON.parse(body)?.error;

    } catch {
        /* some proxy's page */
    }

    return {
        code: typeof error?.code === 'string' && CODE.test(error.code) ? error.code : null,
        message: typeof error?.message === 'string' ? error.message.slice(0, MESSAGE_MAX) : null,
    };
}

/**
 * @param {?string} value of Retry-After: seconds or a date
 * @param {number} now ms since the epoch
 * @returns {number} ms, 0 without a usable value
 */
export function retryAfterMs(value, now) {
    if (value === null) {
        return 0;
    }

    const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;

    return ms > 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : 0;
}

/**
 * Doubles with each failure; the jitter keeps the clients of a server that comes back from coming all at once.
 * @param {number} failures in a row, from 1
 * @param {number} random 0 to 1
 * @param {{first: number, max: number}} limits ms
 * @returns {number} ms, between half and all of the step
 */
export function backoffMs(failures, random, {first, max}) {
    return Math.min(first * 2 ** Math.min(failures - 1, 30), max) * (0.5 + random / 2);
}
