import {HlsEngine, NativeEngine} from './engines.js';

/** A source that has just begun needs a moment until its first playlist is there, and seconds with stock HLS. */
const MISSING_RETRY_MS = 1000;
const MISSING_PATIENCE = 20;
const MISSING_RETRY_SLOW_MS = 5000;

const BACKOFF_MS = 1000;
const BACKOFF_MAX_MS = 8000;

/** So many failures in a row are said to be an error; the player goes on trying. */
const PATIENCE = 4;

/** After a longer silence the playlist has moved on so far that it is read as a new one. */
const GO_ON_MS = 10000;

/** Jumps within the buffer land where there is a little more in it; see #startLater. */
const JUMP_AHEAD_S = 0.1;
const START_JUMPS = 2;
const START_MS = 1000;
const LATE_START_S = 0.15;

/** Whoever is further behind than this, in seconds, would take all too long to come up by playing faster. */
const JUMP_BEHIND_S = 2.5;

/** Behind its distance from live by more than this many seconds, a player hurries until it is as good as there. */
const LATE_S = 0.2;
const IN_TIME_S = 0.05;

/** With less than this in the buffer, in seconds, a player that plays faster would only run into its end. */
const AHEAD_MIN_S = 0.35;

const HURRY = 1.05;
const HURRY_MORE = 1.08;
const HURRY_MORE_S = 1;

const WATCH_MS = 250;
/** A picture that has stopped although there is newer media, and how long to wait for what that does. */
const NUDGE_MS = 450;
const NUDGE_APART_MS = 2500;
const NUDGE_BEHIND_S = 0.3;

const STALLED_MS = 2500;
const RESYNC_MS = 5000;
const REOPEN_MS = 12000;
const MEDIA_ERROR_APART_MS = 60000;

/**
 * The rate of a player on its way to its distance from live.  hls.js has the same (maxLiveSyncPlaybackRate), but only
 * for who has a second in the buffer, which is more than low latency allows.
 * @param {{latency: number, target: number, ahead: number, rate: number}} now in seconds; ahead: in the buffer
 * @returns {number}
 */
export function rateToLive({latency, target, ahead, rate}) {
    const late = latency - target;

    if (ahead < AHEAD_MIN_S || late < (rate > 1 ? IN_TIME_S : LATE_S)) {
        return 1;
    }

    return late > HURRY_MORE_S ? HURRY_MORE : HURRY;
}

/**
 * Plays one live playlist at a time on one video element, with hls.js or, where there is no Media Source, natively.
 *
 * Fires `change` whenever `state` or `missing` is another one than before: idle, starting, playing, stalled, paused
 * (the browser wants a tap), unplayable, error (it goes on trying, ever slower).
 */
export class Player extends EventTarget {
    #video;
    #url = null;
    #options = {};
    #engine = null;
    #state = 'idle';
    #missing = 0;
    #failures = 0;
    #finishing = false;
    #guided = false;
    #retryTimer = 0;
    #watchTimer = 0;
    #movedAt = 0;
    #movedTo = 0;
    #arrivedAt = 0;
    #resynced = false;
    #nudgedAt = 0;
    #startJumps = 0;
    #mediaErrorAt = -Infinity;

    /** @param {HTMLVideoElement} video */
    constructor(video) {
        super();
        this.#video = video;

        video.addEventListener('timeupdate', () => this.#moved());
        video.addEventListener('pause', () => this.#paused());
        video.addEventListener('ended', () => this.#ended());
    }

    get state() {
        return this.#state;
    }

    /** @returns {boolean} the server answers, and has no playlist there */
    get missing() {
        return this.#missing > 0;
    }

    /** @returns {boolean} only the rest is played, see `finish` */
    get finishing() {
        return this.#finishing;
    }

    /** @returns {boolean} a picture, or sound, is there and goes on */
    get running() {
        const {readyState, seeking, paused, ended} = this.#video;

        return this.#url !== null && readyState > HTMLMediaElement.HAVE_CURRENT_DATA && !seeking && !paused && !ended;
    }

    /** @returns {?number} the moment that is shown, by the server's wall clock, in milliseconds since 1970 */
    get date() {
        const {readyState, currentTime} = this.#video;
        const begun = readyState > HTMLMediaElement.HAVE_NOTHING && (currentTime > 0 || this.ahead > 0);

        return begun ? this.#engine?.date ?? null : null;
    }

    /** @returns {number} what is in the buffer, in seconds */
    get ahead() {
        return this.#aheadOf(this.#video.currentTime);
    }

    /** @returns {{latency: ?number, target: ?number, lowLatency: boolean}} seconds from the newest media */
    get live() {
        const engine = this.#engine;

        return {
            latency: engine?.latency ?? null,
            target: engine?.target ?? null,
            lowLatency: engine?.lowLatency ?? false,
        };
    }

    /** @returns {boolean} somebody else minds its rate, that it keeps to the moment of another player */
    get guided() {
        return this.#guided;
    }

    set guided(guided) {
        if (this.#guided && !guided) {
            this.#engine?.aim();                /* what was done to it may have looked like stalls */
        }

        this.#guided = guided;
        this.#startJumps = 0;
        this.rate = 1;
    }

    get rate() {
        return this.#video.playbackRate;
    }

    set rate(rate) {
        if (this.#video.playbackRate !== rate) {
            this.#video.playbackRate = rate;
        }
    }

    /**
     * @param {number} date in milliseconds since 1970
     * @param {boolean} [buffered] only if nothing has to be loaded for it
     * @returns {boolean} false when there is no media of that moment
     */
    seekToDate(date, buffered = false) {
        const time = this.#engine?.timeOf(date) ?? null;

        if (time === null || (buffered && this.#aheadOf(time) < JUMP_AHEAD_S)) {
            return false;
        }

        this.#video.currentTime = time;

        return true;
    }

    /**
     * @param {string} url of a playlist; it may not be there yet
     * @param {object} [options] those of HlsEngine
     */
    load(url, options = {}) {
        this.#free();
        this.#url = url;
        this.#options = options;
        this.#missing = 0;
        this.#failures = 0;
        this.#finishing = false;
        this.#arrivedAt = 0;
        this.#set('starting');
        this.#open();
    }

    /** Opens the same playlist again, from the start. */
    retry() {
        if (this.#url !== null) {
            this.load(this.#url, {...this.#options, latency: null});
        }
    }

    /** Nothing more will come: plays what is still there, then stops. */
    finish() {
        if (this.#state === 'playing') {
            this.#finishing = true;

        } else {
            this.stop();
        }
    }

    /** More will come after all. */
    resume() {
        this.#finishing = false;

        if (!this.#engine?.lowLatency || this.#engine.ended) {
            this.retry();               /* a new session of stock HLS begins to count anew */
        }
    }

    stop() {
        this.#free();
        this.#url = null;
        this.#finishing = false;
        this.#set('idle');
    }

    /** Plays, from the live edge; muted if the browser insists. */
    async play() {
        if (this.#url === null) {
            return;
        }

        if (this.#state === 'paused') {
            this.#engine?.toLiveEdge();
        }

        try {
            await this.#video.play();

        } catch (error) {
            if (error.name !== 'NotAllowedError') {
                return;             /* interrupted by the next load */
            }

            if (!this.#video.muted) {
                this.#video.muted = true;
                await this.play();

            } else {
                this.#set('paused');
            }
        }
    }

    #open() {
        const Engine = [HlsEngine, NativeEngine].find((engine) => engine.supports(this.#video));

        if (Engine === undefined) {
            this.#free();
            this.#set('unplayable');
            return;
        }

        this.#movedAt = performance.now();
        this.#movedTo = this.#video.currentTime;
        this.#resynced = false;
        this.#startJumps = START_JUMPS;
        this.#watchTimer = setInterval(() => this.#watch(), WATCH_MS);

        const told = {
            attached: () => this.play(),
            arrived: () => this.#arrived(),
            failed: (reason) => queueMicrotask(() => this.#engine === engine && this.#failed(reason)),
        };
        const engine = new Engine(this.#video, this.#url, told, this.#options);

        this.#engine = engine;
    }

    #reopen() {
        this.#free();
        this.#open();
    }

    #arrived() {
        this.#missing = 0;
        this.#arrivedAt = performance.now();
        this.#startLater();
    }

    /**
     * Where it is to begin was chosen when the playlist came.  That was a while ago by now, and it is easier to begin
     * later than to make up for it.
     * @returns {boolean} it does
     */
    #startLater() {
        const {latency, target, lowLatency} = this.live;
        const late = latency - target;

        if (!lowLatency || this.#guided || this.#startJumps === 0 || this.#video.seeking || late < LATE_START_S
            || this.#aheadOf(this.#video.currentTime + late) < JUMP_AHEAD_S)
        {
            return false;
        }

        this.#startJumps--;
        this.#engine.toLiveEdge();

        return true;
    }

    #aheadOf(time) {
        const {buffered} = this.#video;

        for (let i = 0; i < buffered.length; i++) {
            if (time >= buffered.start(i) && time <= buffered.end(i)) {
                return buffered.end(i) - time;
            }
        }

        return 0;
    }

    #failed(reason) {
        if (this.#finishing) {
            return;                 /* #watch stops at the end of the buffer */
        }

        switch (reason) {
        case 'unplayable':
            this.#free();
            this.#set('unplayable');
            return;

        case 'missing':
            this.#missing++;
            this.#tryLater(this.#missing <= MISSING_PATIENCE ? MISSING_RETRY_MS : MISSING_RETRY_SLOW_MS);
            return;

        case 'ended':
            this.#tryLater(this.#backoff(), true);
            return;

        case 'media':
            if (performance.now() - this.#mediaErrorAt > MEDIA_ERROR_APART_MS) {
                this.#mediaErrorAt = performance.now();
                this.#engine.recover();
                return;
            }
        }

        if (this.#failures >= PATIENCE) {
            this.#state = 'error';
        }

        this.#tryLater(this.#backoff(), reason === 'media');
    }

    #backoff() {
        return Math.min(BACKOFF_MS * 2 ** this.#failures++, BACKOFF_MAX_MS);
    }

    /** Viewers of a server that was away for a moment do not all come back at once. */
    #tryLater(delay, anew = false) {
        clearTimeout(this.#retryTimer);

        this.#retryTimer = setTimeout(() => {
            this.#retryTimer = 0;

            if (anew || (this.#arrivedAt > 0 && performance.now() - this.#arrivedAt > GO_ON_MS)) {
                this.#reopen();

            } else {
                this.#engine.goOn();
            }
        }, delay * (0.75 + Math.random() / 2));

        this.#set(this.#state);
    }

    #moved() {
        if (this.#url === null || this.#video.currentTime === this.#movedTo) {
            return;
        }

        this.#movedTo = this.#video.currentTime;
        this.#movedAt = performance.now();

        if (this.#startLater()) {
            return;
        }

        if (this.running && this.#state !== 'playing') {
            this.#failures = 0;
            this.#resynced = false;
            this.#set('playing');
            setTimeout(() => {
                this.#startJumps = 0;
            }, START_MS);
        }
    }

    #paused() {
        if (this.#video.ended) {
            return;
        }

        if (this.#state === 'playing' || this.#state === 'stalled') {
            this.#set('paused');
        }
    }

    /** The playlist says that nothing will be added; the list of sources may say the same a little later. */
    #ended() {
        if (this.#url === null) {
            return;
        }

        if (this.#finishing) {
            this.stop();

        } else {
            this.#state = 'stalled';
            this.#failed('ended');
        }
    }

    /** Notices a picture that stands still or never comes, whatever the reason, and begins anew when that lasts. */
    #watch() {
        const still = performance.now() - this.#movedAt;

        if (document.hidden || this.#state === 'paused') {
            this.#movedAt = performance.now();

        } else if (this.#finishing && still > STALLED_MS) {
            this.stop();
            return;

        } else if (this.#state === 'playing' && still > STALLED_MS) {
            this.#set('stalled');

        } else if (this.#state === 'stalled' && still > RESYNC_MS && !this.#resynced && this.#retryTimer === 0) {
            this.#resynced = true;
            this.#engine.toLiveEdge();

        } else if (this.#state !== 'playing' && still > REOPEN_MS && this.#retryTimer === 0) {
            this.#reopen();
            return;
        }

        this.#nudge(still);
        this.#keepPace();
    }

    #nudge(still) {
        const {latency, target, lowLatency} = this.live;
        const now = performance.now();

        if (lowLatency && !this.#finishing && ['playing', 'stalled'].includes(this.#state) && still > NUDGE_MS
            && now - this.#nudgedAt > NUDGE_APART_MS && this.ahead < JUMP_AHEAD_S
            && latency > target + NUDGE_BEHIND_S)
        {
            this.#nudgedAt = now;
            this.#engine.nudge();
        }
    }

    #keepPace() {
        const {latency, target, lowLatency} = this.live;

        if (this.#guided || !lowLatency || latency === null || !this.running) {
            return;
        }

        if (latency - target > JUMP_BEHIND_S) {
            this.#engine.toLiveEdge();

        } else {
            this.rate = rateToLive({latency, target, ahead: this.ahead, rate: this.rate});
        }
    }

    #free() {
        clearTimeout(this.#retryTimer);
        clearInterval(this.#watchTimer);
        this.#retryTimer = 0;

        this.#engine?.destroy();
        this.#engine = null;
        this.#video.playbackRate = 1;

        if (this.#video.hasAttribute('src')) {
            this.#video.removeAttribute('src');
            this.#video.load();
        }
    }

    #set(state) {
        this.#state = state;
        this.dispatchEvent(new Event('change'));
    }
}
