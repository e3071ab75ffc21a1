/*
 * Answers that go wrong because a test wants it.
 *
 *   {call, count, skip, status, reason, message, code, subcode, retry_after, headers, body, slow_ms, close,
 *    truncate, done}
 *
 * body: garbage, html, empty, huge, or the very text.  Slow alone delays the true answer.  With done the request
 * has its effect, and only its answer goes wrong.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {random} from './common.mjs';

const HUGE = 64 * 1024 * 1024;

const BODIES = {
    garbage: () => `{"access_token": "${random(10)}\u0000, [}\u00ff\u00fe`,
    html: () => '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>',
    empty: () => '',
    huge: () => `{"x": "${'x'.repeat(HUGE)}"}`,
};

/** The error of a platform, in its own shape. */
const ERRORS = {
    google: ({status, reason, message}) => ({error: reason ?? 'internal_failure',
        error_description: message ?? `status ${status}`}),

    youtube: ({status, reason = 'backendError', message = `status ${status}`}) => ({error: {code: status, message,
        errors: [{message, domain: 'global', reason}]}}),

    twitch: ({status, message = `status ${status}`}) => ({
        error: {401: 'Unauthorized', 403: 'Forbidden', 429: 'Too Many Requests'}[status] ?? 'Internal Server Error',
        status, message}),

    facebook: ({status, code = status === 401 ? 190 : status === 429 ? 4 : status === 403 ? 200 : 2, subcode,
        message = `status ${status}`}) => ({error: {message, type: 'OAuthException', code, error_subcode: subcode,
        fbtrace_id: random(11)}}),

    cloudflare: ({status, code = status === 429 ? 10429 : 10000 + status, message = `status ${status}`}) => ({
        success: false, errors: [{code, message}], messages: [], result: null}),
};

export class Failures {
    #waiting = [];

    /** @param {object} failure call is a name, or the beginning of names: "youtube." */
    add(failure) {
        this.#waiting.push({count: 1, skip: 0, ...failure});
    }

    clear() {
        this.#waiting = [];
    }

    get left() {
        return this.#waiting.map(({call, count}) => ({call, count}));
    }

    /** @returns {?object} what is to happen to this call */
    take(call) {
        const failure = this.#waiting.find((item) => item.call === '*' || item.call === call
            || (item.call.endsWith('.') && call.startsWith(item.call)));

        if (failure === undefined) {
            return undefined;
        }

        if (failure.skip > 0) {
            failure.skip--;
            return undefined;
        }

        if (--failure.count === 0) {
            this.#waiting.splice(this.#waiting.indexOf(failure), 1);
        }

        return failure;
    }

    delay({slow_ms: ms = 0}) {
        return ms > 0 ? sleep(ms) : undefined;
    }

    /** Whether the platform itself answers. */
    answers(failure) {
        return ['status', 'body', 'close', 'reason', 'code'].every((name) => failure[name] === undefined);
    }

    /** @returns {{status: number, headers: object, body: *}} */
    answer(failure, platform) {
        const status = failure.status ?? (failure.body !== undefined ? 200 : 500);
        const headers = {...failure.headers};

        if (failure.retry_after !== undefined) {
            headers['Retry-After'] = String(failure.retry_after);
        }

        if (failure.body === undefined) {
            return {status, headers, body: ERRORS[platform]({...failure, status})};
        }

        return {status, headers: {'Content-Type': failure.body === 'html' ? 'text/html' : 'application/json',
            ...headers}, body: BODIES[failure.body]?.() ?? failure.body};
    }
}
