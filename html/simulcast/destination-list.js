/** How often everything is asked for: without an event stream, and beside one, which tells no viewers. */
const POLL_MS = 10000;
const POLL_BESIDE_MS = 30000;

/** Events come in swarms; the list is read once for all of them. */
const SETTLE_MS = 400;

/** What was measured counts this long. */
export const FRESH_MS = 25000;

/** What an event may say of a destination. */
const TOLD = ['status', 'health', 'issues', 'error', 'viewer_count', 'playback_url'];

/**
 * The destinations of one streamer as they are now: what the API lists, and what its events tell in between.
 *
 * Fires `change` whenever a property is another one than before, and `sample` (with `id`, `bitrate` in kbit/s) for each
 * figure that was measured.
 */
export class DestinationList extends EventTarget {
    #api;
    #streamId;
    #feed = null;
    #entries = new Map();       /* id -> {destination, mark, measured} */
    #mark = 0;                  /* counts what was learned: an older answer must not undo a newer one */
    #removed = new Map();       /* id -> mark */
    #simulcast = null;
    #stream = null;
    #error = null;
    #loaded = false;
    #reading = null;
    #again = false;
    #timer = 0;

    /**
     * @param {import('./api.js').SimulcastApi} api
     * @param {string} streamId
     */
    constructor(api, streamId) {
        super();
        this.#api = api;
        this.#streamId = streamId;
    }

    /** @returns {import('./api.js').Destination[]} by age; `metrics` only while it is current */
    get destinations() {
        return [...this.#entries.values()].map(({destination, measured}) => ({
            ...destination,
            metrics: performance.now() - measured < FRESH_MS ? destination.metrics : undefined,
        }));
    }

    /** @returns {?{status: string, uptime: number}} null while it is not known */
    get simulcast() {
        return this.#simulcast;
    }

    /** @returns {?{status: string, viewer_count: number, started_at: ?string}} null while it is not known */
    get stream() {
        return this.#stream;
    }

    /** @returns {?import('../common/api-error.js').ApiError} why it may be of yesterday */
    get error() {
        return this.#error;
    }

    /** @returns {boolean} it has been read once */
    get loaded() {
        return this.#loaded;
    }

    /** @returns {boolean} changes arrive as they happen */
    get live() {
        return this.#feed?.state === 'open';
    }

    /** @returns {?import('./api.js').Destination} */
    get(id) {
        return this.#entries.get(id)?.destination ?? null;
    }

    /** Reads it and follows it from then on. */
    async open() {
        this.#feed = this.#api.events(this.#streamId);
        this.#feed.addEventListener('open', () => this.#settle());
        this.#feed.addEventListener('close', () => this.#changed());
        this.#feed.addEventListener('message', (event) => this.#hear(event));
        await this.refresh();

        if (this.#error === null || !this.#error.final) {
            this.#feed?.open();
        }
    }

    close() {
        this.#feed?.close();
        this.#feed = null;
        clearTimeout(this.#timer);
    }

    /** The network is back, or the page is looked at again. */
    wake() {
        this.#feed?.open();
        this.refresh();
    }

    /** Takes what a command answered. */
    put(destination) {
        this.#set(destination, ++this.#mark);
        this.#changed();
    }

    drop(id) {
        this.#entries.delete(id);
        this.#removed.set(id, ++this.#mark);
        this.#changed();
    }

    /** Reads all of it; when that is under way, once more behind it. */
    async refresh() {
        if (this.#reading !== null) {
            this.#again = true;
            return this.#reading;
        }

        this.#reading = this.#read();

        try {
            await this.#reading;

        } finally {
            this.#reading = null;
        }

        if (this.#again) {
            this.#again = false;
            return this.refresh();
        }

        this.#schedule(this.live ? POLL_BESIDE_MS : POLL_MS);

        return undefined;
    }

    async #read() {
        const mark = this.#mark;

        try {
            const [list, status, health] = await Promise.all([
                this.#api.destinations({streamId: this.#streamId}),
                this.#api.status(this.#streamId).catch(orNothing),
                this.live ? null : this.#api.health(this.#streamId).catch(orNothing),
            ]);

            this.#takeList(list, mark);
            this.#takeStatus(status, mark);
            this.#takeHealth(health, mark);
            this.#error = null;
            this.#loaded = true;

        } catch (error) {
            this.#error = error;
        }

        this.#changed();
    }

    #takeList(list, mark) {
        const kept = new Map();

        for (const destination of list) {
            if (!(this.#removed.get(destination.id) > mark)) {
                this.#set(destination, mark);
                kept.set(destination.id, this.#entries.get(destination.id));
            }
        }

        for (const [id, entry] of this.#entries) {
            if (!kept.has(id) && entry.mark > mark) {
                kept.set(id, entry);            /* made while the list was on its way */
            }
        }

        this.#entries = kept;
    }

    #takeStatus(status, mark) {
        this.#simulcast = status?.simulcast ?? this.#simulcast;
        this.#stream = status?.stream ?? this.#stream;

        for (const {id, viewer_count: viewers, playback_url: url} of status?.destinations ?? []) {
            const entry = this.#entries.get(id);

            if (entry !== undefined && entry.mark <= mark) {
                entry.destination = {...entry.destination,
                                     viewer_count: viewers ?? entry.destination.viewer_count,
                                     playback_url: url ?? entry.destination.playback_url};
            }
        }
    }

    #takeHealth(health, mark) {
        for (const [id, {health: word, issues, metrics}] of Object.entries(health?.destinations ?? {})) {
            const entry = this.#entries.get(id);

            if (entry !== undefined && entry.mark <= mark) {
                entry.destination = {...entry.destination, health: word ?? entry.destination.health,
                                     issues: issues ?? entry.destination.issues};
                this.#measure(id, metrics);
            }
        }
    }

    #set(destination, mark) {
        const entry = this.#entries.get(destination.id);

        if (entry === undefined) {
            this.#entries.set(destination.id, {destination, mark, measured: -Infinity});
            this.#measure(destination.id, destination.metrics);

        } else if (entry.mark <= mark) {
            entry.destination = {...destination, metrics: destination.metrics ?? entry.destination.metrics};
            entry.mark = mark;

            if (!this.live) {
                this.#measure(destination.id, destination.metrics);
            }
        }
    }

    #measure(id, metrics) {
        const entry = this.#entries.get(id);

        if (entry === undefined || !Number.isFinite(metrics?.bitrate)) {
            return;
        }

        entry.destination = {...entry.destination, metrics};
        entry.measured = performance.now();
        this.dispatchEvent(Object.assign(new Event('sample'), {id, bitrate: metrics.bitrate}));
    }

    #hear({name, data: message}) {
        const event = typeof message?.event === 'string' ? message.event : name;
        const data = message?.data ?? message ?? {};

        if (event === 'metrics:update') {
            for (const [id, metrics] of Object.entries(data.destinationMetrics ?? {})) {
                this.#measure(id, metrics);
            }

        } else if (/^(destination|health|stream):/.test(event)) {
            const entry = this.#entries.get(data.id);

            if (entry !== undefined) {
                const told = TOLD.filter((key) => data[key] !== undefined).map((key) => [key, data[key]]);

                entry.destination = {...entry.destination, ...Object.fromEntries(told)};
                entry.mark = ++this.#mark;
            }

            this.#settle();

        } else {
            return;
        }

        this.#changed();
    }

    #settle() {
        if (this.#reading !== null) {
            this.#again = true;

        } else {
            this.#schedule(SETTLE_MS);
        }

        this.#changed();
    }

    #schedule(ms) {
        clearTimeout(this.#timer);

        if (this.#feed !== null) {
            this.#timer = setTimeout(() => this.refresh(), ms);
        }
    }

    #changed() {
        this.dispatchEvent(new Event('change'));
    }
}

/* who has no destinations has perhaps no simulcast either; that the token is not known must be heard */
function orNothing(error) {
    if (error.status === 404) {
        return null;
    }

    throw error;
}
