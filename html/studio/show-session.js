import {ShowApi} from './show-api.js';

/** What a server without sessions answers, in a page and not in JSON: it has nothing there, or nothing for POST. */
const ABSENT = ['http_404', 'http_405', 'bad_answer'];

/** The key is good for sending, and the show is somebody else's. */
const GUEST = 'key_foreign';

/**
 * The show of one stream key at the server: opened before its sources go live, followed by its events.
 *
 * States: none, opening, open, ended, absent (the server has no sessions), guest (the key sends in somebody's show).
 * Fires `change` whenever something of it is another than before, and `viewers` with their numbers.
 */
export class ShowSession extends EventTarget {
    #base;
    #state = 'none';
    #show = null;
    #code = '';
    #viewers = null;
    #onAir = null;
    #connected = false;
    #key = '';
    #feed = null;
    #sent = '';                 /* what the server was told last */
    #opening = Promise.resolve();

    /** @param {string} base where the routes begin */
    constructor(base) {
        super();
        this.#base = base;
    }

    get state() {
        return this.#state;
    }

    /** @returns {?import('./show-api.js').Show} */
    get show() {
        return this.#show;
    }

    /** @returns {boolean} what is known is of now */
    get connected() {
        return this.#connected;
    }

    /** @returns {{mode: string, source: ?string}} */
    get onAir() {
        return this.#onAir ?? this.#show?.on_air ?? {mode: 'off', source: null};
    }

    /** @returns {?{now: number, peak: number, sources: Object<string, number>}} null while they are not known */
    get viewers() {
        return this.#viewers;
    }

    /** @returns {string} the path of the page for viewers, with the code of a private show; empty without a show */
    get path() {
        if (this.#state !== 'open') {
            return '';
        }

        return `/watch/${encodeURIComponent(this.#show.streamer)}`
               + (this.#code === '' ? '' : `#join=${encodeURIComponent(this.#code)}`);
    }

    /**
     * Opens the show, or tells the server what is new.  One after the other, and nothing twice.
     * @param {string} key
     * @param {{title: string, public: boolean, streams: object[]}} wanted
     * @returns {Promise<string>} the state that came of it
     * @throws {import('../common/api-error.js').ApiError}
     */
    open(key, wanted) {
        const opened = this.#opening.then(() => this.#open(key, wanted));

        this.#opening = opened.catch(() => {});

        return opened;
    }

    /**
     * Goes on with a show that is still open, after the page was loaded again.
     * @param {string} key
     * @param {string} id
     * @returns {Promise<?import('./show-api.js').Show>} null: it is over
     * @throws {import('../common/api-error.js').ApiError}
     */
    async find(key, id) {
        const show = await new ShowApi(key, this.#base).status(id);

        return show?.status === 'waiting' || show?.status === 'live' ? show : null;
    }

    /**
     * Ends the show for everybody, sources of other programs included.
     * @throws {import('../common/api-error.js').ApiError}
     */
    async stop() {
        if (this.#state === 'open') {
            await this.#api.stop(this.#show.id);
            this.#ended();
        }
    }

    /**
     * Who is on air.
     * @param {string} mode off, manual or activity
     * @param {?string} [source] a name, for manual
     * @throws {import('../common/api-error.js').ApiError}
     */
    async direct(mode, source = null) {
        if (this.#state === 'open') {
            this.#onAir = await this.#api.direct(this.#show.id, mode, source) ?? this.#onAir;
            this.#change();
        }
    }

    /** @returns {Promise<?import('./analytics-text.js').Analytics>} null without a show, ended ones included */
    async analytics() {
        return this.#show === null ? null : this.#api.analytics(this.#show.id);
    }

    /** Follows it no more; the show goes on. */
    leave() {
        this.#feed?.close();
        this.#feed = null;
        this.#connected = false;
    }

    get #api() {
        return new ShowApi(this.#key, this.#base);
    }

    async #open(key, wanted) {
        const body = JSON.stringify([key, wanted]);

        if (this.#state === 'open' && this.#feed !== null && this.#sent === body) {
            return this.#state;
        }

        const before = this.#state;

        if (before !== 'open') {
            this.#set('opening');
        }

        try {
            const show = await new ShowApi(key, this.#base).start(wanted);

            this.#taken(key, show);
            this.#sent = body;

        } catch (error) {
            const none = ABSENT.includes(error.code) ? 'absent' : error.code === GUEST ? 'guest' : null;

            if (none === null || before === 'open') {
                this.#set(before);
                throw error;
            }

            this.#set(none);
        }

        return this.#state;
    }

    #taken(key, show) {
        const same = this.#show?.id === show.id && this.#key === key && this.#feed !== null;

        this.#key = key;
        this.#show = show;
        this.#code = show.public ? '' : show.join_code ?? (same ? this.#code : '');

        if (!same) {
            this.leave();
            this.#onAir = null;
            this.#viewers = null;
            this.#feed = this.#follow(this.#api.events(show.id));
        }

        this.#set('open');
    }

    #follow(feed) {
        const mine = () => feed === this.#feed;

        feed.addEventListener('open', () => {
            if (mine()) {
                this.#connected = true;
                this.#change();
            }
        });

        feed.addEventListener('message', ({name, data}) => mine() && this.#happened(name, data));

        feed.addEventListener('close', ({error, final}) => {
            if (!mine()) {
                return;
            }

            this.#connected = false;
            this.#viewers = null;                   /* nobody is given less for what is not known */

            if (final && [404, 410].includes(error.status)) {
                this.#ended();

            } else {
                this.#feed = final ? null : feed;       /* the next open() makes another one */
                this.#change();
            }
        });

        feed.open();

        return feed;
    }

    #happened(name, data) {
        switch (name) {
        case 'session':
            this.#show = {...this.#show, ...data};

            if (data.status === 'ended') {
                this.#ended();
                return;
            }

            if (this.#viewers === null) {
                this.#seeViewers(viewersOf(data));          /* later ones come when the numbers change */
            }

            break;
        case 'on_air':
            this.#onAir = data;
            break;
        case 'viewers':
            this.#seeViewers({now: data.now ?? 0, peak: data.peak ?? 0, sources: data.sources ?? {}});
            break;
        default:
            return;                                 /* sources: the show has them, too */
        }

        this.#change();
    }

    #seeViewers(viewers) {
        this.#viewers = viewers;
        this.dispatchEvent(new Event('viewers'));
    }

    #ended() {
        this.leave();
        this.#viewers = null;
        this.#sent = '';
        this.#code = '';
        this.#set('ended');
    }

    #set(state) {
        this.#state = state;
        this.#change();
    }

    #change() {
        this.dispatchEvent(new Event('change'));
    }
}

function viewersOf({viewers, streams}) {
    return {now: viewers?.now ?? 0, peak: viewers?.peak ?? 0,
            sources: Object.fromEntries((streams ?? []).map(({name, viewers: count}) => [name, count ?? 0]))};
}
