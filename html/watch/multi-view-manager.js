import {Lockstep, MANNERS} from './lockstep.js';
import {SourceSwitch} from './source-switch.js';

const FOLLOW_MS = 250;

/** What it takes from the playlist to the picture, where nothing holds it up. */
const BEGIN_S = 0.15;

/** The old picture lies below the new one for so many frames more, until that is on the screen for certain. */
const LINGER_FRAMES = 2;

/**
 * Which source is the picture, which one is inset in it, and which one is about to become the picture.  Three video
 * elements take turns in these roles: exchanging the two pictures loads nothing, and a source that takes the place of
 * another one plays in the background, silent and at the same moment, before it is shown.
 *
 * Fires `change` whenever a view shows another source or its player another state, `switched` with `id` and `figures`
 * when the picture is another one, and `failed` with `id` and `reason` (those of SourceSwitch, or "gone") when it
 * stays.
 */
export class MultiViewManager extends EventTarget {
    #selector;
    #main;
    #inset;
    #next;
    #leaving = null;
    #switch = null;
    #lockstep = null;
    #followTimer = 0;
    #muted = true;
    #live = new Set();

    /**
     * @param {import('./viewer-source-selector.js').ViewerSourceSelector} selector
     * @param {HTMLVideoElement} mainVideo
     * @param {HTMLVideoElement} insetVideo
     * @param {HTMLVideoElement} [nextVideo] without it, a source is loaded in the place of the one that is shown
     */
    constructor(selector, mainVideo, insetVideo, nextVideo = null) {
        super();
        this.#selector = selector;

        [this.#main, this.#inset, this.#next] = [mainVideo, insetVideo, nextVideo].map((video) => {
            if (video === null) {
                return null;
            }

            const view = {id: null, video, player: selector.playerOf(video)};

            view.player.addEventListener('change', () => this.#change());
            video.addEventListener('volumechange', () => this.#volumeChanged(view));

            return view;
        });
    }

    /** @returns {{id: ?string, video: HTMLVideoElement, player: import('./player.js').Player}} */
    get main() {
        return this.#main;
    }

    /** @returns {{id: ?string, video: HTMLVideoElement, player: import('./player.js').Player}} id is null without one */
    get inset() {
        return this.#inset;
    }

    /** @returns {?string} the source that is about to become the picture */
    get nextId() {
        return this.#next?.id ?? null;
    }

    /** @returns {number} how many sources are loaded at this moment; each takes two connections */
    get loading() {
        return [this.#main, this.#inset, this.#next]
            .filter((view) => view !== null && !['idle', 'unplayable'].includes(view.player.state)).length;
    }

    /** @returns {?number} by how much the inset picture is ahead of the picture, in milliseconds */
    get skew() {
        return this.#lockstep?.skew ?? null;
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

    /** @returns {{video: HTMLVideoElement, role: string, shown: boolean}[]} main, inset, and next or old */
    get roles() {
        const roles = [
            {...this.#main, role: 'main', shown: true},
            {...this.#inset, role: 'inset', shown: this.#inset.id !== null},
        ];

        if (this.#next !== null) {
            const old = this.#next === this.#leaving;

            roles.push({...this.#next, role: old ? 'old' : 'next', shown: old || this.#next.id !== null});
        }

        return roles;
    }

    /**
     * Makes a source the picture.  The one that is inset changes places with it; another one is got ready first, if
     * there is a picture that can stay until then.
     * @param {?string} id null for none
     */
    show(id) {
        if (id === (this.nextId ?? this.#main.id)) {
            return;
        }

        this.#forget();

        if (id === this.#main.id) {
            this.#change();

        } else if (id !== null && id === this.#inset.id) {
            [this.#main, this.#inset] = [this.#inset, this.#main];
            this.#turnSound(this.#inset);
            this.#follow();
            this.#change();

        } else if (this.#next !== null && this.#main.player.state === 'playing' && this.#live.has(id)) {
            this.#prepare(id);

        } else {
            this.#assign(this.#main, id);
        }
    }

    /**
     * @param {string} mainSourceId
     * @param {string} pipSourceId
     */
    enablePiP(mainSourceId, pipSourceId) {
        this.show(mainSourceId);

        if (pipSourceId !== mainSourceId && pipSourceId !== this.#inset.id) {
            this.#assign(this.#inset, pipSourceId);
            this.#follow();
        }
    }

    disablePiP() {
        this.#assign(this.#inset, null);
        this.#follow();
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

        for (const {id, video, player} of [this.#main, this.#inset]) {
            const live = this.#live.has(id);

            if (live && player.finishing) {
                player.resume();

            } else if (live && player.state === 'idle') {
                this.#selector.switchToSource(id, video);

            } else if (!live && player.state !== 'idle' && !player.finishing) {
                player.finish();
            }
        }
    }

    #assign(view, id) {
        view.id = id;
        view.player.stop();
        this.#change();
    }

    #prepare(id) {
        const next = this.#next;

        next.id = id;
        next.video.muted = true;
        this.#selector.switchToSource(id, next.video, this.#latencyToBegin());
        next.video.play()?.catch(() => {});     /* what was once played at a tap may have sound later */

        this.#switch = new SourceSwitch(next, this.#main, !this.#muted);
        this.#switch.addEventListener('ready', () => this.#ready());
        this.#switch.addEventListener('failed', ({reason}) => this.#fail(reason));
        this.#change();
    }

    /** Where the picture will be when the next one can be seen. */
    #latencyToBegin() {
        const {latency, lowLatency} = this.#main.player.live;

        return lowLatency && latency !== null ? Math.max(latency - BEGIN_S, BEGIN_S) : null;
    }

    /** Between two frames, so that no frame is missing in between. */
    #ready() {
        const done = this.#switch;
        const take = () => this.#switch === done && this.#take();

        if (document.hidden) {
            take();
        } else {
            requestAnimationFrame(take);
        }
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

    /** The inset picture keeps to the moment of the picture. */
    #follow() {
        clearInterval(this.#followTimer);
        this.#lockstep?.end();
        this.#lockstep = null;
        this.#main.player.guided = false;

        if (this.#inset.id !== null) {
            this.#lockstep = new Lockstep(this.#inset.player, this.#main.player, MANNERS.seen);
            this.#followTimer = setInterval(() => this.#lockstep.step(), FOLLOW_MS);
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
