import {ApiError, retryAfterMs} from './api-error.js';
import {EventParser} from './event-parser.js';

const REOPEN = {first: 1000, max: 30000};

/** The server sends a comment every 15 s. */
const SILENT_MS = 45000;

/**
 * Server-Sent Events by fetch, since an EventSource can send no token but in its URL.  Opens again by itself, later
 * after each failure in a row, unless the server said that it is of no use.
 *
 * Fires `open`, `close` (with `error` and whether it is `final`) and `message` (with `name` and the parsed `data`).
 */
export class EventFeed extends EventTarget {
    #url;
    #token;
    #silentMs;
    #abort = null;
    #timer = 0;
    #failures = 0;
    #wanted = false;
    #state = 'closed';

    /**
     * @param {string} url
     * @param {string} token
     * @param {{silentMs?: number}} [options] how long the server may say nothing at all
     */
    constructor(url, token, {silentMs = SILENT_MS} = {}) {
        super();
        this.#url = url;
        this.#token = token;
        this.#silentMs = silentMs;
    }

    /** @returns {'closed'|'connecting'|'open'} */
    get state() {
        return this.#state;
    }

    /** Opens it now, also while it waits to try again. */
    open() {
        this.#wanted = true;

        if (this.#state === 'closed') {
            clearTimeout(this.#timer);
            this.#run();
        }
    }

    close() {
        this.#wanted = false;
        clearTimeout(this.#timer);
        this.#abort?.abort();
    }

    async #run() {
        const abort = new AbortController();
        let error = null;

        this.#abort = abort;
        this.#state = 'connecting';

        try {
            await this.#read(abort);

        } catch (thrown) {
            error = thrown instanceof ApiError ? thrown : null;
        }

        abort.abort();                              /* whatever is left of it */
        this.#state = 'closed';

        if (!this.#wanted) {
            return;
        }

        const final = error?.final ?? false;

        this.#failures++;

        if (final) {
            this.#wanted = false;

        } else {
            const ms = Math.max(error?.retryAfter ?? 0, backoffMs(this.#failures, Math.random(), REOPEN));

            this.#timer = setTimeout(() => this.#run(), ms);
        }

        this.dispatchEvent(Object.assign(new Event('close'), {error, final}));
    }

    async #read(abort) {
        let watchdog = setTimeout(() => abort.abort(), this.#silentMs);

        try {
            const response = await fetch(this.#url, {
                headers: {Accept: 'text/event-stream', Authorization: `Bearer ${this.#token}`},
                cache: 'no-store', credentials: 'same-origin', signal: abort.signal,
            });

            if (!response.ok) {
                throw ApiError.fromAnswer(response.status, await response.text(),
                                          retryAfterMs(response.headers.get('Retry-After'), Date.now()));
            }

            if (!/^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '')) {
                throw new ApiError('bad_answer', 'this is no event stream', {status: response.status});
            }

            this.#state = 'open';
            this.dispatchEvent(new Event('open'));

            const parser = new EventParser((event) => this.#deliver(event));
            const decoder = new TextDecoder();
            const reader = response.body.getReader();

            for (let {done, value} = await reader.read(); !done; {done, value} = await reader.read()) {
                clearTimeout(watchdog);
                watchdog = setTimeout(() => abort.abort(), this.#silentMs);
                this.#failures = 0;
                parser.push(decoder.decode(value, {stream: true}));
            }

        } finally {
            clearTimeout(watchdog);
        }
    }

    #deliver({name, data}) {
        let parsed;

        try {
            parsed = JSON.parse(data);

        } catch {
            return;                                 /* an event of some later version */
        }

        if (this.#wanted) {
            this.dispatchEvent(Object.assign(new Event('message'), {name, data: parsed}));
        }
    }
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
