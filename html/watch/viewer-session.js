import {TokenStream} from './token-stream.js';

const ANSWER_MS = 8000;
const RETRY_MS = 5000;
const RETRY_MAX_MS = 300000;
const AGAIN_MS = 3000;

/** Who has no code may be let in by the next show. */
const CODE_MS = 30000;

/** A token is renewed when so much of its life is over, and timers take 24 days at most. */
const RENEW_AT = 0.8;
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * A viewer's part in the session of a streamer: who he is, by a token, and what the server says of the show.
 *
 * Fires `ending` when the show has ended and is still the one that it was, and `change` whenever `state` or `record`
 * is another one than before.  States: "joining", "none" (the server has
 * no sessions), "waiting" (nobody is live), "code" (it is private) and "joined".
 */
export class ViewerSession extends EventTarget {
    #routes;
    #streamer;
    #foreign;
    #code;
    #state = 'joining';
    #record = null;
    #token = null;
    #joining = null;
    #timer = 0;
    #askedAt = -Infinity;
    #failures = 0;
    #again = false;

    /** What the server keeps of the viewer's preferences, when he joined. */
    preferences = null;

    /** The last code was not the right one. */
    refused = false;

    /**
     * @param {?string} show the URL below which sessions are served; null: they are not
     * @param {string} streamer
     * @param {?string} [code] of an invitation
     */
    constructor(show, streamer, code = null) {
        super();
        this.#routes = show && new URL('session/', show).href;
        this.#foreign = show !== null && new URL(show).origin !== location.origin;
        this.#streamer = streamer;
        this.#code = code;
    }

    get state() {
        return this.#state;
    }

    /** @returns {?object} the session as the server has it */
    get record() {
        return this.#record;
    }

    /** @returns {?string} null without a session */
    get id() {
        return this.#state === 'joined' ? this.#record.id : null;
    }

    get eventsUrl() {
        return `${this.#routes}${this.id}/events`;
    }

    /** @returns {?string} for who asks from another site, where no cookie gets */
    get token() {
        return this.#foreign ? this.#token : null;
    }

    /** @returns {object} of requests for lists and media; where all may have them, a token would only cost time */
    get headers() {
        const open = this.#record?.public && !this.#record.price;

        return this.token && !open ? {'X-Viewer-Token': this.token} : {};
    }

    /** An EventSource can send no token: where one is needed, what does the same by fetch. */
    openStream(url) {
        return Object.keys(this.headers).length > 0 ? new TokenStream(url, this.token) : new EventSource(url);
    }

    /** Takes part, or renews the token of who does.  It never throws. */
    join(code = this.#code) {
        if (this.#joining !== null && code !== this.#code) {
            return this.#joining.then(() => this.join(code));
        }

        this.#joining ??= this.#join(code).finally(() => {
            this.#joining = null;
            this.dispatchEvent(new Event('change'));
        });

        return this.#joining;
    }

    /** A show may have begun: joins, but not all the time. */
    joinAgain() {
        const now = performance.now();

        if (this.#joining === null && now - this.#askedAt > AGAIN_MS) {
            this.join();

        } else if (this.#joining === null && !this.#again) {
            this.#again = true;
            clearTimeout(this.#timer);
            this.#timer = setTimeout(() => this.join(), AGAIN_MS);
        }
    }

    /** @returns {boolean} it will be known in a moment whether there is a session */
    get pending() {
        return this.id === null && (this.#joining !== null || this.#again);
    }

    /**
     * @param {string} what below the session
     * @param {{method: string, body: string, keepalive: boolean}} [options] body: JSON
     * @returns {Promise<Response>}
     */
    ask(what, {method = 'GET', body, keepalive = false, id = this.id} = {}) {
        return fetch(`${this.#routes}${id}/${what}`, {
            method, body, keepalive, cache: 'no-store',
            headers: {...(body && {'Content-Type': 'application/json'}),
                      ...(this.token && {'X-Viewer-Token': this.token})},
            ...(!keepalive && {signal: AbortSignal.timeout(ANSWER_MS)}),
        });
    }

    /** @param {object} record a newer one, by an event */
    update(record) {
        const ended = record.status === 'ended';

        if (this.id !== null && record.id === this.#record.id) {
            if (ended) {
                this.dispatchEvent(new Event('ending'));
            }

            this.#change(ended ? 'waiting' : 'joined', record);
        }
    }

    destroy() {
        clearTimeout(this.#timer);
        this.#routes = null;
    }

    async #join(code) {
        let response = null;
        let answer = null;

        clearTimeout(this.#timer);
        this.#askedAt = performance.now();
        this.#again = false;
        this.#code = code;

        if (this.#routes === null) {
            return this.#change('none');
        }

        try {
            response = await this.ask('join', {method: 'POST', body: JSON.stringify(code ? {code} : {}),
                                               id: encodeURIComponent(this.#streamer)});
            answer = await response.json();

        } catch {
            /* no answer, or one that is not of sessions */
        }

        if (this.#routes === null) {
            return;                             /* the viewer has gone */
        }

        const {data, error} = answer ?? {};

        if (response?.ok && data) {
            this.#joined(data);

        } else if (error?.code === 'code_required') {
            this.refused = Boolean(code) || (this.refused && this.#state === 'code');
            this.#code = null;
            this.#timer = setTimeout(() => this.join(), CODE_MS * (0.75 + Math.random() / 2));
            this.#change('code');

        } else if (['session_not_found', 'session_ended'].includes(error?.code)) {
            this.#change('waiting');

        } else if (response === null || response.status >= 500 || response.status === 429) {
            const ms = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MAX_MS);

            this.#timer = setTimeout(() => this.join(), ms * (0.75 + Math.random() / 2));
            this.#change(this.#state === 'joining' ? 'none' : this.#state);

        } else {
            this.#change('none');
        }
    }

    #joined({viewer_token: token, expires_at: expires, session, preferences}) {
        const ms = (Date.parse(expires) - Date.now()) * RENEW_AT;

        this.#failures = 0;
        this.#token = token;
        this.preferences = preferences;
        this.#timer = setTimeout(() => this.join(), Math.min(Math.max(ms, RETRY_MS), TIMER_MAX_MS));
        this.#change('joined', session);
    }

    #change(state, record = this.#record) {
        this.#state = state;
        this.#record = record;
        this.dispatchEvent(new Event('change'));
    }
}
