import {WhipError, retryAfterMs} from './whip-error.js';

/**
 * One HTTP request of WHIP, which ends in time.
 * @param {string} method
 * @param {string} url
 * @param {object} parts
 * @param {?string} parts.token goes into a header
 * @param {string} [parts.type] of the body
 * @param {string} [parts.body]
 * @param {?string} [parts.match] for If-Match
 * @param {boolean} [parts.keepalive] it may outlive the page
 * @param {number} parts.ms for the whole answer
 * @returns {Promise<{status: number, headers: Headers, url: string, text: string}>} with a status of 200 to 299, and
 *     the URL that a redirect may have led to
 * @throws {WhipError}
 */
export async function request(method, url, {token, type, body, match, keepalive = false, ms}) {
    const headers = {};
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ms);

    if (token !== null) {
        headers.Authorization = `Bearer ${token}`;
    }

    if (type !== undefined) {
        headers['Content-Type'] = type;
    }

    if (match) {
        headers['If-Match'] = match;
    }

    try {
        const response = await fetch(url, {method, headers, body, keepalive, cache: 'no-store', signal: abort.signal});
        const text = await response.text();

        if (!response.ok) {
            throw WhipError.fromAnswer(response.status, text,
                                       retryAfterMs(response.headers.get('Retry-After'), Date.now()));
        }

        return {status: response.status, headers: response.headers, url: response.url, text};

    } catch (error) {
        if (error instanceof WhipError) {
            throw error;
        }

        throw abort.signal.aborted ? new WhipError('timeout', 'the server did not answer in time')
                                   : new WhipError('unreachable', 'the server cannot be reached');

    } finally {
        clearTimeout(timer);
    }
}
