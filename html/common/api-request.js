import {ApiError, retryAfterMs} from './api-error.js';

const ANSWER_MS = 15000;

/**
 * One request of an API that answers `{"success":true,"data":...}` or an error in JSON.
 * @param {string} method
 * @param {string} url
 * @param {object} parts
 * @param {string} parts.token goes into a header and nowhere else
 * @param {*} [parts.json] the body
 * @param {Blob} [parts.blob] or another one
 * @param {number} [parts.ms] for the whole answer
 * @returns {Promise<*>} what stands behind "data", or null
 * @throws {ApiError}
 */
export async function apiRequest(method, url, {token, json, blob, ms = ANSWER_MS}) {
    checkToken(token);

    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ms);
    const headers = {Accept: 'application/json', Authorization: `Bearer ${token}`};
    let body;

    if (json !== undefined) {
        headers['Content-Type'] = 'application/json';
        body = JSON.stringify(json);

    } else if (blob !== undefined) {
        headers['Content-Type'] = blob.type || 'application/octet-stream';
        body = blob;
    }

    try {
        const response = await fetch(url, {method, headers, body, cache: 'no-store', credentials: 'same-origin',
                                           signal: abort.signal});

        return answered(response, await response.text());

    } catch (error) {
        if (error instanceof ApiError) {
            throw error;
        }

        throw abort.signal.aborted ? new ApiError('timeout', 'the server did not answer in time')
                                   : new ApiError('unreachable', 'the server cannot be reached');

    } finally {
        clearTimeout(timer);
    }
}

/**
 * @param {...string} parts of a path
 * @returns {string} the colon of streamer:source may stand in a path as it is
 */
export function path(...parts) {
    return parts.map((part) => encodeURIComponent(part).replaceAll('%3A', ':')).join('/');
}

/** What stands behind "data", or the error that the server told. */
function answered(response, text) {
    if (!response.ok) {
        throw ApiError.fromAnswer(response.status, text,
                                  retryAfterMs(response.headers.get('Retry-After'), Date.now()));
    }

    let answer = null;

    try {
        answer = text === '' ? {success: true} : JSON.parse(text);

    } catch {
        /* not the API's */
    }

    if (answer?.success !== true) {
        throw new ApiError('bad_answer', 'the server does not answer as this API does', {status: response.status});
    }

    return answer.data ?? null;
}

/* fetch() would throw what it was given, in a message that somebody may log */
function checkToken(token) {
    if (!/^[\x21-\x7e]+$/.test(token)) {
        throw new ApiError('bad_token', 'no token has such characters');
    }
}
