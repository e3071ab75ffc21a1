import {Lockstep, MANNERS} from './lockstep.js';
import {SourceSwitch} from './source-switch.js';

const FOLLOW_MS = 250;

/** So far behind is a picture that stands still, at least. */
const STILL_MS = 1500;

/** How often a page that is not seen looks whether a moment has come. */
const LOOK_MS = 50;

/** What it takes from the playlist to the picture, where nothing holds it up. */
const BEGIN_S = 0.15;

/** The old picture lies below the new one for so many frames more, until that is on the screen for certain. */
const LINGER_FRAMES = 2;

/**
 * Which source is the picture, which ones are beside it, inset or as tiles, and which one is about to become the
 * picture.  Video elements take turns in these roles: exchanging two pictures loads nothing, and a source that takes
 * the place of another one plays in the background, silent and at the same moment, before it is shown.
 *
 * Fires `change` whenever a view shows another source or its player another state, `switched` with `id` and `figures`
 * when the picture is another one, and `failed` with `id` and `reason` (those of SourceSwitch, or "gone") when it
 * stays.
 *
 * A view is {id: ?string, video: HTMLVideoElement, player: Player}; without a source its id is null.
 */
export class MultiViewManager extends EventTarget {
    #selector;
    #makeVideo;
    #main;
    #beside;
    #next;
    #leaving = null;
    #switch = null;
    #waiting = null;            /* for the moment of a switch */
    #locksteps = [];
    #followTimer = 0;
    #muted = true;
    #thrifty = false;
    #live = new Set();

    /**
     * @param {import('./viewer-source-selector.js').ViewerSourceSelector} selector
     * @param {HTMLVideoElement} mainVideo
     * @param {HTMLVideoElement} insetVideo
     * @param {?HTMLVideoElement} [nextVideo] without it, a source is loaded in the place of the one that is shown
     * @param {?function(): HTMLVideoElement} [makeVideo] makes one more, for more than one beside the picture
     */
    constructor(selector, mainVideo, insetVideo, nextVideo = null, makeVideo = null) {
        super();
        this.#selector = selector;
        this.#makeVideo = makeVideo;
        this.#main = this.#view(mainVideo);
        this.#beside = [this.#view(insetVideo)];
        this.#next = nextVideo && this.#view(nextVideo);
    }

    get main() {
        return this.#main;
    }

    /** @returns {object} the first view beside the picture */
    get inset() {
        return this.#beside[0];
    }

    /** @returns {object[]} the views beside the picture that show something */
    get beside() {
        return this.#beside.filter(({id}) => id !== null);
    }

    /** @returns {?string} the source that is about to become the picture */
    get nextId() {
        return this.#next?.id ?? null;
    }

    /** @returns {number} how many sources are loaded at this moment */
    get loading() {
        return this.#loaded.length;
    }

    /**
     * @returns {number} of HTTP/1.1 that are taken by now: two for each source in low latency, the playlist that is
     *     waited for and the media; of the others only a few load something at the same time
     */
    get connections() {
        const brief = this.#thrifty ? this.#loaded.filter((view) => this.#beside.includes(view)).length : 0;

        return 2 * (this.loading - brief) + Math.min(brief, 2);
    }

    /** @returns {?number} by how much the inset picture is ahead of the picture, in milliseconds */
    get skew() {
        return this.#locksteps[0]?.skew ?? null;
    }

    get muted() {
        return this.#muted;
    }

    /** The picture alone has sound. */
    set muted(muted) {
        this.#muted = muted;
        this.#main.video.muted = muted;
        this.#change();
    }

    /** @returns {{video: HTMLVideoElement, role: string, shown: boolean}[]} main, inset..., and next or old */
    get roles() {
        const roles = [
            {...this.#main, role: 'main', shown: true},
            ...this.#beside.map((view) => ({...view, role: 'inset', shown: view.id !== null})),
        ];

        if (this.#next !== null) {
            const old = this.#next === this.#leaving;

            roles.push({...this.#next, role: old ? 'old' : 'next', shown: old || this.#next.id !== null});
        }

        return roles;
    }

    /**
     * Makes a source the picture.  One that is beside it changes places with it; another one is got ready first, if
     * there is a picture that can stay until then.
     * @param {?string} id null for none
     * @param {?number} [at] not before the picture shows this moment, in milliseconds since 1970
     */
    show(id, at = null) {
        if (id === (this.nextId ?? this.#main.id)) {
            return;
        }

        this.#forget();

        const beside = id !== null && !this.#thrifty && this.#beside.find((view) => view.id === id);

        if (id === this.#main.id) {
            this.#change();

        } else if (beside) {
            this.#when(at, () => this.#exchange(beside));

        } else if (this.#next !== null && this.#main.player.state === 'playing' && this.#live.has(id)) {
            this.#prepare(id, at);

        } else {
            this.#assign(this.#main, id);
        }
    }

    /**
     * Shows these sources beside the picture and no others; the picture's own is left out.
     * @param {string[]} ids
     * @param {boolean} [thrifty] whole segments, seconds behind the picture, so that they take fewer connections
     */
    arrange(ids, thrifty = false) {
        const wanted = ids.filter((id) => id !== this.#main.id).slice(0, this.#makeVideo ? Infinity : 1);
        let changed = thrifty !== this.#thrifty;

        this.#thrifty = thrifty;

        for (const view of this.#beside) {
            if (view.id !== null && (changed || !wanted.includes(view.id))) {
                this.#assign(view, null);
                changed = true;
            }
        }

        for (const id of wanted.filter((one) => !this.#beside.some((view) => view.id === one))) {
            let view = this.#beside.find((one) => one.id === null);

            if (view === undefined) {
                view = this.#view(this.#makeVideo());
                this.#beside.push(view);
            }

            this.#assign(view, id);
            changed = true;
        }

        if (changed) {
            this.#follow();
        }
    }

    /**
     * @param {string} mainSourceId
     * @param {string} pipSourceId
     */
    enablePiP(mainSourceId, pipSourceId) {
        this.show(mainSourceId);

        if (pipSourceId !== mainSourceId) {
            this.arrange([pipSourceId]);
        }
    }

    disablePiP() {
        this.arrange([]);
    }

    /**
     * Starts what has come (back) and lets end what has gone.
     * @param {import('./source-list.js').SourceList} list
     */
    follow(list) {
        this.#selector.know(list.sources);
        this.#live = new Set(list.live.map(({id}) => id));

        if (this.nextId !== null && !this.#live.has(this.nextId)) {
            this.#fail('gone');
        }

        for (const {id, video, player} of [this.#main, ...this.#beside]) {
            const live = this.#live.has(id);

            if (live && player.finishing) {
                player.resume();

            } else if (live && player.state === 'idle') {
                this.#selector.switchToSource(id, video, {parts: !this.#thrifty || video === this.#main.video});

            } else if (!live && player.state !== 'idle' && !player.finishing) {
                player.finish();
            }
        }
    }

    /** Nothing is played any more. */
    destroy() {
        this.#forget();
        this.arrange([]);
        this.#assign(this.#main, null);
    }

    #view(video) {
        const view = {id: null, video, player: this.#selector.playerOf(video)};

        view.player.addEventListener('change', () => this.#change());
        video.addEventListener('volumechange', () => this.#volumeChanged(view));

        return view;
    }

    get #loaded() {
        return [this.#main, ...this.#beside, this.#next]
            .filter((view) => view !== null && !['idle', 'unplayable'].includes(view.player.state));
    }

    #assign(view, id) {
        view.id = id;
        view.player.stop();
        this.#change();
    }

    #exchange(view) {
        this.#beside[this.#beside.indexOf(view)] = this.#main;
        [view, this.#main] = [this.#main, view];
        this.#turnSound(view);
        this.#follow();
        this.#change();
    }

    #prepare(id, at) {
        const next = this.#next;

        next.id = id;
        next.video.muted = true;
        this.#selector.switchToSource(id, next.video, {latency: this.#latencyToBegin()});
        next.video.play()?.catch(() => {});     /* what was once played at a tap may have sound later */

        const begun = new SourceSwitch(next, this.#main, !this.#muted);

        this.#switch = begun;
        begun.addEventListener('ready', () => this.#when(at, () => this.#betweenFrames(() => {
            if (this.#switch === begun) {
                this.#take();
            }
        })));
        begun.addEventListener('failed', ({reason}) => this.#fail(reason));
        this.#change();
    }

    /** Where the picture will be when the next one can be seen. */
    #latencyToBegin() {
        const {latency, lowLatency} = this.#main.player.live;

        return lowLatency && latency !== null ? Math.max(latency - BEGIN_S, BEGIN_S) : null;
    }

    /** No frame is missing in between. */
    #betweenFrames(act) {
        if (document.hidden) {
            act();
        } else {
            requestAnimationFrame(act);
        }
    }

    /**
     * Acts when the picture shows this moment, or later.  A player that has no clock goes by that of the device, and so
     * does one that stands still, which is behind.
     */
    #when(at, act) {
        const token = {};
        const look = () => {
            if (this.#waiting !== token) {
                return;
            }

            const {date, running} = this.#main.player;

            if (at === null || (date ?? Date.now()) >= at || (!running && Date.now() - STILL_MS >= at)) {
                this.#waiting = null;
                act();

            } else if (document.hidden) {
                setTimeout(look, LOOK_MS);

            } else {
                requestAnimationFrame(look);
            }
        };

        this.#waiting = token;
        look();
    }

    #take() {
        const figures = {took: this.#switch.took, skew: this.#switch.skew};

        this.#switch.end(true);
        this.#switch = null;

        [this.#main, this.#next] = [this.#next, this.#main];
        this.#turnSound(this.#next);
        this.#follow();

        this.#next.id = null;
        this.#leaving = this.#next;
        this.#leave(this.#leaving, LINGER_FRAMES);

        this.#change();
        this.dispatchEvent(Object.assign(new Event('switched'), {id: this.#main.id, figures}));
    }

    #leave(view, frames) {
        if (view !== this.#leaving) {
            return;
        }

        if (frames > 0 && !document.hidden) {
            requestAnimationFrame(() => this.#leave(view, frames - 1));
            return;
        }

        this.#leaving = null;
        view.player.stop();
    }

    #fail(reason) {
        const id = this.nextId;

        this.#forget();

        if (this.#main.player.state !== 'playing' && reason !== 'gone') {
            this.#assign(this.#main, id);       /* there is nothing left that could stay */
            return;
        }

        this.#change();
        this.dispatchEvent(Object.assign(new Event('failed'), {id, reason}));
    }

    /** Nothing is about to become the picture any more. */
    #forget() {
        this.#switch?.end();
        this.#switch = null;
        this.#waiting = null;
        this.#leaving = null;

        if (this.#next !== null) {
            this.#next.id = null;

            if (this.#next.player.state !== 'idle') {
                this.#next.player.stop();
            }
        }
    }

    /** The sound of one picture ends where that of the other one begins. */
    #turnSound(old) {
        const {video, player} = this.#main;

        old.video.muted = true;
        video.volume = 1;
        video.muted = this.#muted;
        player.play();                          /* silent, if the browser stops it for its sound */
    }

    /** What is beside the picture keeps to its moment. */
    #follow() {
        clearInterval(this.#followTimer);
        this.#locksteps.forEach((lockstep) => lockstep.end());
        this.#main.player.guided = false;

        this.#locksteps = (this.#thrifty ? [] : this.beside)
            .map(({player}) => new Lockstep(player, this.#main.player, MANNERS.seen));

        if (this.#locksteps.length > 0) {
            this.#followTimer = setInterval(() => this.#locksteps.forEach((lockstep) => lockstep.step()), FOLLOW_MS);
        }
    }

    /** The player mutes where the browser does not allow sound. */
    #volumeChanged(view) {
        if (view === this.#main && view.video.muted !== this.#muted) {
            this.muted = view.video.muted;
        }
    }

    #change() {
        this.dispatchEvent(new Event('change'));
    }
}
