/** How often it looks, how often it tells, and how soon when the picture is another one. */
const LOOK_MS = 250;
const TELL_MS = 10000;
const SWITCH_MS = 400;

/** A picture that stands still for longer is a stall. */
const STALL_MS = 500;

/** The media of a stretch of time may be less than it by this part, at a rate below 1. */
const SLOW = 0.8;

/** What went on so short a while ago still does. */
const FRESH_MS = 600;

/** States of a player in which there is nothing to be seen, or to come. */
const OVER = ['idle', 'unplayable', 'error'];

const SWITCHES_MAX = 32;
const UNSENT_MAX = 6;

const nothing = () => ({watched: {}, any: 0, switches: [], stalls: 0, stalled: 0});

/**
 * Tells the server what is really watched: for how long each source went on and was seen or heard, changes of the
 * picture, how long it took to come, and where it stopped.
 */
export class Beacon {
    #views;
    #session;
    #began;
    #seen = [];
    #at = performance.now();
    #count = nothing();
    #moved = new Map();     /* id -> when it last went on and was noticed */
    #mainId = null;
    #moving = false;
    #still = 0;
    #join = null;
    #joinTold = false;
    #asked = null;
    #seq = 0;
    #unsent = [];
    #sending = false;
    #left = false;
    #soon = 0;
    #stop = new AbortController();
    #timers;

    /**
     * @param {import('./multi-view-manager.js').MultiViewManager} views
     * @param {import('./viewer-session.js').ViewerSession} session
     * @param {number} [began] when the viewer came, by performance.now()
     */
    constructor(views, session, began = 0) {
        const {signal} = this.#stop;

        this.#views = views;
        this.#session = session;
        this.#began = began;
        this.#timers = [setInterval(() => this.look(), LOOK_MS), setInterval(() => this.tell(), TELL_MS)];

        views.addEventListener('change', () => this.look(), {signal});
        document.addEventListener('visibilitychange', () => this.#left || this.tell(), {signal});
        session.addEventListener('ending', () => this.tell(true), {signal});
        window.addEventListener('pagehide', () => this.tell(true), {signal});
        window.addEventListener('pageshow', () => { this.#left = false; }, {signal});
    }

    /** There was nothing to be seen until now. */
    restart() {
        if (this.#join === null) {
            this.#began = performance.now();
        }
    }

    /** The viewer goes. */
    destroy() {
        this.tell(true);
        this.#stop.abort();
        this.#timers.forEach(clearInterval);
        clearTimeout(this.#soon);
    }

    /** Counts what has been since it last looked, of what there was to be seen then. */
    look() {
        const now = performance.now();
        const elapsed = now - this.#at;
        let any = 0;

        this.#at = now;

        for (const one of this.#seen) {
            const ms = this.#movedFor(one, elapsed);

            if (one.main) {
                this.#judge(one, ms, elapsed, now);
            }

            if (ms > 0 && one.noticed) {
                this.#count.watched[one.id] = (this.#count.watched[one.id] ?? 0) + ms;
                this.#moved.set(one.id, now);
                any = Math.max(any, ms);
            }
        }

        this.#count.any += any;
        this.#switched(this.#views.main.id);

        const before = this.#seen.map(({id}) => id).sort().join();

        this.#seen = [this.#views.main, ...this.#views.beside].filter(({id}) => id !== null)
            .map(({id, video, player}) => {
                const main = video === this.#views.main.video;
                const seen = !document.hidden || video === video.getRootNode().pictureInPictureElement;

                return {id, video, player, main, time: video.currentTime, noticed: seen || (main && !video.muted)};
            });

        if (this.#join !== null && this.#seen.map(({id}) => id).sort().join() !== before) {
            this.#soon ||= setTimeout(() => this.tell(), SWITCH_MS);
        }
    }

    /** @param {boolean} [leaving] the page goes, or may */
    tell(leaving = false) {
        this.look();
        this.#left = leaving;
        clearTimeout(this.#soon);
        this.#soon = 0;

        if (this.#session.id === null) {
            return;
        }

        const {watched, any, switches, stalls, stalled} = this.#count;

        this.#count = nothing();
        this.#seq = Math.max(this.#seq + 1, Math.floor(Date.now() / 1000));     /* beyond that of the page before */
        this.#unsent.push({
            seq: this.#seq,
            watched: Object.fromEntries(Object.entries(watched).map(([id, ms]) => [id, Math.round(ms)])),
            watched_ms: Math.round(any),
            watching: leaving ? [] : this.#watching(),
            switches,
            ...(this.#join !== null && !this.#joinTold && {join_ms: Math.max(Math.round(this.#join), 1)}),
            ...(stalls > 0 && {stalls}),
            ...(stalled > 0 && {stalled_ms: Math.round(stalled)}),
            ...(leaving && {leaving}),
        });
        this.#unsent.splice(0, this.#unsent.length - UNSENT_MAX);
        this.#joinTold = this.#join !== null;

        if (leaving || document.hidden) {
            this.#unsent.splice(0).forEach((one) => this.#post(one).catch(() => {}));

        } else {
            this.#send();
        }
    }

    /** A picture that stands still for a while is watched all the same; one that has ended, as long as it goes on. */
    #watching() {
        return this.#seen.filter(({id, noticed, player}) => {
            const ago = this.#at - (this.#moved.get(id) ?? -Infinity);

            return noticed && ago < Infinity && !OVER.includes(player.state) && (!player.finishing || ago < FRESH_MS);
        }).map(({id}) => id);
    }

    /** One after the other; what did not arrive is sent again, and the server knows it by its number. */
    async #send() {
        if (this.#sending) {
            return;
        }

        this.#sending = true;

        try {
            while (this.#unsent.length > 0 && this.#session.id !== null) {
                const [one] = this.#unsent;
                const response = await this.#post(one);

                if (response.status === 401 || response.status === 403) {
                    this.#session.join();
                    break;
                }

                if (response.status < 500) {
                    this.#unsent = this.#unsent.filter((other) => other !== one);
                }

                if (!response.ok) {
                    break;
                }
            }

        } catch {
            /* later */

        } finally {
            this.#sending = false;
        }
    }

    #post(one) {
        return this.#session.ask('beacon', {method: 'POST', body: JSON.stringify(one), keepalive: true});
    }

    /** For how long it went on: all of the time, or what there is of its media if that is less. */
    #movedFor({video, time}, elapsed) {
        const media = (video.currentTime - time) * 1000;

        if (media === 0) {
            return 0;
        }

        return media < 0 ? Math.min(elapsed, LOOK_MS) : media > elapsed * SLOW ? elapsed : media;
    }

    #judge({id, video, player, noticed}, ms, elapsed, now) {
        const stopped = ms === 0 && this.#moving && noticed && id === this.#views.main.id
                        && ['playing', 'stalled', 'starting'].includes(player.state) && !player.finishing;

        if (ms > 0) {
            this.#moving = true;
            this.#join ??= now - this.#began;

        } else if (!stopped) {
            this.#moving = false;
        }

        if (!stopped) {
            this.#still = 0;
            return;
        }

        const before = this.#still;

        this.#still += elapsed;

        if (this.#still >= STALL_MS) {
            this.#count.stalls += before < STALL_MS ? 1 : 0;
            this.#count.stalled += before < STALL_MS ? this.#still : elapsed;
        }
    }

    #switched(id) {
        const {video} = this.#views.main;

        /* the first frame is more exact than a look at its clock */
        if (this.#join === null && id !== null && this.#asked !== video) {
            this.#asked = video;
            video.requestVideoFrameCallback?.((now) => {
                this.#join ??= Math.max(now - this.#began, 0);
            });
        }

        if (id === null || id === this.#mainId) {
            return;
        }

        if (this.#mainId !== null && this.#count.switches.length < SWITCHES_MAX) {
            this.#count.switches.push([this.#mainId, id]);
            this.#soon ||= setTimeout(() => this.tell(), SWITCH_MS);
        }

        this.#mainId = id;
        this.#moving = false;
    }
}
