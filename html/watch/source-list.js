/** How long a source that went away stays in the list, marked as gone. */
const GONE_MS = 30000;

/** How often the list is asked for while it is not complete or there is no event stream. */
const POLL_MS = 5000;

const REOPEN_MS = 2000;
const REOPEN_MAX_MS = 30000;

/** What a session's stream tells besides. */
const SESSION_EVENTS = ['session', 'on_air', 'viewers'];

/**
 * One source, as the server describes it, and with `gone` when it was live and no longer is.
 * @typedef {object} Source
 * @property {string} id
 * @property {string} label
 * @property {string} url of the playlist
 * @property {string} state "live" or "stalled"
 * @property {{codec: string, width: number, height: number, fps: number, bitrate_kbps: number}} [video]
 * @property {{codec: string}} [audio]
 */

/**
 * The live list of one streamer's sources.  Server-Sent Events carry the changes; the JSON list, asked for whenever
 * the stream opens, says what was lost while it was closed.
 *
 * Fires `change` whenever `sources` or `state` is another one than before, `refused` when the server does not let the
 * stream be opened, and what a session's stream tells as `told` with `what` and `data`.
 */
export class SourceList extends EventTarget {
    #streamUrl;
    #fetchList;
    #makeStream;
    #goneMs;
    #entries = new Map();       /* id -> {source, mark, timer} */
    #removals = new Map();      /* id -> mark, see #reconcile */
    #mark = 0;
    #state = 'connecting';
    #stream = null;
    #stale = true;              /* the stream has opened since the list was read */
    #refreshing = false;
    #again = false;
    #poll = 0;
    #reopen = 0;
    #delay = REOPEN_MS;
    #paused = false;

    /**
     * @param {string} streamUrl of the event stream
     * @param {function(): Promise<Source[]>} fetchList asks for the JSON list; an error with `status` 400 or 404 means
     *     that there is no such streamer
     * @param {{goneMs?: number, makeStream?: function(string): EventSource}} [options]
     */
    constructor(streamUrl, fetchList, {goneMs = GONE_MS, makeStream = (url) => new EventSource(url)} = {}) {
        super();
        this.#streamUrl = streamUrl;
        this.#fetchList = fetchList;
        this.#goneMs = goneMs;
        this.#makeStream = makeStream;
    }

    /** Listens to another event stream from now on. */
    listen(streamUrl) {
        if (streamUrl !== this.#streamUrl || (this.#stream?.readyState ?? EventSource.CLOSED) === EventSource.CLOSED) {
            this.#streamUrl = streamUrl;
            this.open();
        }
    }

    /** @returns {Source[]} in the order of their first appearance, with those that are gone */
    get sources() {
        return [...this.#entries.values()].map((entry) => entry.source);
    }

    /** @returns {Source[]} */
    get live() {
        return this.sources.filter((source) => !source.gone);
    }

    /** @returns {string} "connecting" until a list is known, then "open" or "reconnecting"; or "missing" */
    get state() {
        return this.#state;
    }

    /** @returns {?Source} */
    get(id) {
        return this.#entries.get(id)?.source ?? null;
    }

    /** @returns {boolean} the server is left alone, so that others have the connection; what is known stays */
    get paused() {
        return this.#paused;
    }

    set paused(paused) {
        if (paused === this.#paused) {
            return;
        }

        this.#paused = paused;

        if (paused) {
            this.close();
        } else {
            this.open();
        }
    }

    open() {
        this.close();

        if (this.#paused) {
            return;
        }

        this.#stream = this.#makeStream(this.#streamUrl);
        this.#stream.addEventListener('open', () => this.#opened());
        this.#stream.addEventListener('error', () => this.#lost());
        this.#stream.addEventListener('source_added', (event) => this.#put(JSON.parse(event.data)));
        this.#stream.addEventListener('source_updated', (event) => this.#put(JSON.parse(event.data)));
        this.#stream.addEventListener('source_removed', (event) => this.#drop(JSON.parse(event.data).id));

        for (const type of SESSION_EVENTS) {
            this.#stream.addEventListener(type, ({data}) =>
                this.dispatchEvent(Object.assign(new Event('told'), {what: type, data: JSON.parse(data)})));
        }

        this.#poll = setInterval(() => {
            const open = this.#stream?.readyState === EventSource.OPEN;

            if ((this.#stale || !open) && this.#state !== 'missing') {
                this.refresh();
            }
        }, POLL_MS);
    }

    close() {
        this.#stream?.close();
        this.#stream = null;
        clearInterval(this.#poll);
        clearTimeout(this.#reopen);
    }

    /** Asks for the whole list and takes over what it says. */
    async refresh() {
        if (this.#refreshing) {
            this.#again = true;
            return;
        }

        if (this.#paused) {
            return;
        }

        const since = this.#mark;
        this.#refreshing = true;
        this.#again = false;

        try {
            this.#reconcile(await this.#fetchList(), since);

        } catch (error) {
            if (error.status === 404 || error.status === 400) {
                this.#change('missing');

            } else if (this.#state === 'open') {
                this.#change('reconnecting');
            }

        } finally {
            this.#refreshing = false;
        }

        if (this.#again) {
            await this.refresh();
        }
    }

    #opened() {
        this.#delay = REOPEN_MS;
        this.#stale = true;
        this.refresh();
    }

    /** EventSource reconnects after a lost connection, but gives up for good at an HTTP error. */
    #lost() {
        if (this.#state === 'open') {
            this.#change('reconnecting');
        }

        if (this.#stream?.readyState !== EventSource.CLOSED) {
            return;
        }

        this.refresh();
        this.dispatchEvent(new Event('refused'));

        clearTimeout(this.#reopen);
        this.#reopen = setTimeout(() => this.open(), this.#delay * (0.75 + Math.random() / 2));
        this.#delay = Math.min(this.#delay * 2, REOPEN_MAX_MS);
    }

    /**
     * The answer may be older than events that came while it was under way: what an event has touched since the
     * question was asked stays as the event left it.
     */
    #reconcile(list, since) {
        const listed = new Set();

        for (const source of list) {
            listed.add(source.id);

            if (!((this.#entries.get(source.id)?.mark ?? 0) > since || (this.#removals.get(source.id) ?? 0) > since)) {
                this.#put(source, false);
            }
        }

        for (const [id, entry] of this.#entries) {
            if (!listed.has(id) && entry.mark <= since) {
                this.#drop(id, false);
            }
        }

        this.#removals.clear();
        this.#stale = false;
        this.#change(this.#paused || this.#stream?.readyState === EventSource.OPEN ? 'open' : 'reconnecting');
    }

    #put(source, tell = true) {
        clearTimeout(this.#entries.get(source.id)?.timer);
        this.#entries.set(source.id, {source, mark: ++this.#mark, timer: 0});

        if (tell) {
            this.#change();
        }
    }

    #drop(id, tell = true) {
        const entry = this.#entries.get(id);

        this.#removals.set(id, ++this.#mark);

        if (entry === undefined || entry.source.gone) {
            return;
        }

        entry.source = {...entry.source, gone: true};
        entry.mark = this.#mark;
        entry.timer = setTimeout(() => {
            this.#entries.delete(id);
            this.#change();
        }, this.#goneMs);

        if (tell) {
            this.#change();
        }
    }

    #change(state = this.#state) {
        this.#state = state;
        this.dispatchEvent(new Event('change'));
    }
}
