/* What went wrong with a request of the API, and when to try again.  Pure: no clock, no network. */

const CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const FIELD = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;
const MESSAGE_MAX = 300;
const RETRY_AFTER_MAX_MS = 600000;

/**
 * Why there is no answer, or not the one that was wanted.  `code` is a stable word: the server's own where it gave one,
 * else `http_404` and the like, or one of
 *
 *     unreachable     no answer to an HTTP request
 *     timeout         none in time
 *     bad_answer      an answer that is not the API's
 *     bad_token       the token has characters that no header can carry
 */
export class ApiError extends Error {
    /**
     * @param {string} code
     * @param {string} message
     * @param {{status?: number, field?: ?string, retryAfter?: number}} [more] the HTTP status or 0; which part of the
     *     request is wrong; how long the server wants to be left alone, ms
     */
    constructor(code, message, {status = 0, field = null, retryAfter = 0} = {}) {
        super(message);
        this.name = 'ApiError';
        this.code = code;
        this.status = status;
        this.field = field;
        this.retryAfter = retryAfter;
    }

    /** @returns {boolean} the same request will not do any better */
    get final() {
        return this.status >= 400 && this.status < 500 && ![408, 409, 425, 429].includes(this.status);
    }

    /**
     * @param {number} status of an answer
     * @param {string} body JSON as in `{"success":false,"error":{"code","message","field"}}`, or anything
     * @param {number} [retryAfter] ms
     * @returns {ApiError}
     */
    static fromAnswer(status, body, retryAfter = 0) {
        let error = null;

        try {
            error = JSON.parse(body)?.error;

        } catch {
            /* some proxy's page */
        }

        const word = (value, pattern) => (typeof value === 'string' && pattern.test(value) ? value : null);
        const message = typeof error?.message === 'string' ? error.message.slice(0, MESSAGE_MAX) : null;

        return new ApiError(word(error?.code, CODE) ?? `http_${status}`, message ?? `the server answered ${status}`,
                            {status, field: word(error?.field, FIELD), retryAfter});
    }
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
