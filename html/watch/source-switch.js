import {Lockstep, MANNERS} from './lockstep.js';

const STEP_MS = 30;

/** So many steps in a row at the right moment, and it is no accident. */
const STEADY = 3;

/** What the browser takes until a sound has its output. */
const WAKE_MS = 150;

/** A source that plays, but cannot be brought to the same moment, is shown all the same after this time. */
const SETTLE_MS = 2500;

/** A picture that has stopped for so long is not waited for. */
const STOPPED_MS = 700;

/** The old picture stays when there is nothing to be seen of the new one by then. */
const PATIENCE_MS = 8000;

/**
 * Waits until a source that is loaded in the background can take the place of the one that is shown: its picture is
 * there and plays in step with the other one, as far as their playlists tell the wall clock.
 *
 * Fires `ready`, or `failed` with a `reason`: "unplayable", "error", or "late".
 */
export class SourceSwitch extends EventTarget {
    #next;
    #main;
    #video;
    #lockstep;
    #timer;
    #frame = 0;
    #frames = 0;
    #steady = 0;
    #began = performance.now();
    #ran = null;
    #mainRan = performance.now();
    #sound;
    #woken = -Infinity;

    /**
     * @param {{player: import('./player.js').Player, video: HTMLVideoElement}} next
     * @param {{player: import('./player.js').Player}} main
     * @param {boolean} sound the new one will be heard
     */
    constructor(next, main, sound) {
        super();
        this.#sound = sound;
        this.#next = next.player;
        this.#video = next.video;
        this.#main = main.player;
        this.#lockstep = new Lockstep(next.player, main.player, MANNERS.hidden);
        this.#main.guided = true;               /* it is easier to meet who does not hurry */
        this.#timer = setInterval(() => this.#step(), STEP_MS);
        this.#count();
    }

    /** @returns {?number} by how much the new picture is ahead of the old one, in milliseconds */
    get skew() {
        return this.#lockstep.skew;
    }

    /** @returns {number} since it began, in milliseconds */
    get took() {
        return performance.now() - this.#began;
    }

    /** @param {boolean} [taken] the new picture is shown, and who shows it minds its sound */
    end(taken = false) {
        clearInterval(this.#timer);
        this.#video.cancelVideoFrameCallback?.(this.#frame);
        this.#lockstep.end();
        this.#main.guided = false;

        if (!taken) {
            this.#video.muted = true;
            this.#video.volume = 1;
        }
    }

    /** A frame counts when it is on its way to the screen, not when it is decoded. */
    #count() {
        this.#frame = this.#video.requestVideoFrameCallback?.(() => {
            this.#frames++;
            this.#count();
        }) ?? 0;
    }

    get #shown() {
        const {videoWidth, requestVideoFrameCallback} = this.#video;

        return document.hidden || videoWidth === 0 || requestVideoFrameCallback === undefined || this.#frames > 1;
    }

    #step() {
        if (['unplayable', 'error'].includes(this.#next.state)) {
            this.#end('failed', this.#next.state);

        } else if (this.#next.running && this.#shown) {
            this.#settle();

        } else if (this.took > PATIENCE_MS) {
            this.#end('failed', 'late');
        }
    }

    #settle() {
        const now = performance.now();
        const free = this.skew === null;            /* no clock, no moment to wait for */

        this.#ran ??= now;
        this.#steady = this.#lockstep.step() ? this.#steady + 1 : 0;

        if (this.#main.running) {
            this.#mainRan = now;
        }

        if (!this.#next.running) {
            return;                                 /* it has just jumped */
        }

        if (this.#sound && (free || this.#steady > 0)) {
            this.#wakeSound(now);

        } else if (this.#steady >= STEADY || (free && now - this.#woken > WAKE_MS)
                   || now - this.#mainRan > STOPPED_MS || now - this.#ran > SETTLE_MS)
        {
            this.#end('ready');
        }
    }

    /**
     * What is muted has no output, and to open one takes a moment that would be heard: so it gets one by now, at volume
     * 0. Where the page has no say in the volume, as on a telephone, it remains muted.
     */
    #wakeSound(now) {
        const video = this.#video;

        this.#sound = false;
        this.#woken = now;
        this.#steady = 0;
        video.volume = 0;

        if (video.volume === 0) {
            video.muted = false;
            this.#lockstep.disturbed();
            this.#next.play();
        }
    }

    #end(type, reason) {
        clearInterval(this.#timer);
        this.dispatchEvent(Object.assign(new Event(type), {reason}));
    }
}
