import {apiRequest, path} from '../common/api-request.js';
import {EventFeed} from '../common/event-feed.js';

/** Going live waits for it. */
const ANSWER_MS = 8000;

/**
 * A show, as the server describes it.
 * @typedef {object} Show
 * @property {string} id
 * @property {string} streamer
 * @property {string} title
 * @property {string} status waiting, live or ended
 * @property {boolean} public
 * @property {?string} started_at
 * @property {{now: number, peak: number}} viewers
 * @property {{mode: string, source: ?string}} on_air
 * @property {?{currency: string}} price
 * @property {{name: string, label: string, type: string, status: string, viewers: number}[]} streams
 * @property {string} [join_code] of a private one, when it was started
 */

/** The routes of sessions that the streamer's own page needs.  Errors are ApiErrors. */
export class ShowApi {
    #base;
    #key;

    /**
     * @param {string} key the stream key
     * @param {string} [base] where the routes begin
     */
    constructor(key, base = '/show/') {
        this.#key = key;
        this.#base = base.endsWith('/') ? base : `${base}/`;
    }

    /**
     * Opens a show, or updates the one that is open.
     * @param {{title?: string, public?: boolean, streams?: {name: string, label: string, type: string}[]}} wanted
     * @returns {Promise<Show>}
     */
    start(wanted) {
        return this.#ask('POST', path('session', 'start'), {json: wanted});
    }

    /** @returns {Promise<Show>} */
    status(id) {
        return this.#ask('GET', path('session', id, 'status'));
    }

    /** Ends it, for everybody. */
    stop(id) {
        return this.#ask('POST', path('session', id, 'stop'), {json: {}});
    }

    /** @returns {Promise<{mode: string, source: ?string}>} */
    direct(id, mode, source) {
        return this.#ask('PUT', path('session', id, 'director'), {json: {mode, ...(source && {source})}});
    }

    /** @returns {Promise<import('./analytics-text.js').Analytics>} */
    analytics(id) {
        return this.#ask('GET', path('session', id, 'analytics'));
    }

    /** @returns {EventFeed} not open yet */
    events(id) {
        return new EventFeed(this.#base + path('session', id, 'events'), this.#key);
    }

    #ask(method, route, parts = {}) {
        return apiRequest(method, this.#base + route, {ms: ANSWER_MS, ...parts, token: this.#key});
    }
}
