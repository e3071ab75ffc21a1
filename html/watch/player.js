/** Stock HLS needs a few seconds until its first playlist is there. */
const MISSING_RETRY_MS = 1000;
const MISSING_PATIENCE = 20;
const MISSING_RETRY_SLOW_MS = 5000;

const BACKOFF_MS = 1000;
const BACKOFF_MAX_MS = 8000;
const PATIENCE = 4;

const WATCH_MS = 500;
const STALLED_MS = 2500;
const REOPEN_MS = 12000;
const MEDIA_ERROR_APART_MS = 60000;

/**
 * Plays one live playlist at a time on one video element, with hls.js or, where there is no Media Source, natively.
 *
 * Fires `change` whenever `state` or `missing` is another one than before:
 * idle, starting, playing, stalled, paused (the browser wants a tap), unplayable, error (until `retry`).
 */
export class Player extends EventTarget {
    #video;
    #url = null;
    #hls = null;
    #state = 'idle';
    #missing = 0;
    #failures = 0;
    #finishing = false;
    #retryTimer = 0;
    #watchTimer = 0;
    #movedAt = 0;
    #movedTo = 0;
    #mediaErrorAt = -Infinity;

    /** @param {HTMLVideoElement} video */
    constructor(video) {
        super();
        this.#video = video;

        video.addEventListener('timeupdate', () => this.#moved());
        video.addEventListener('pause', () => this.#paused());
        video.addEventListener('error', () => this.#nativeFailed());
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

    /** @param {string} url of a playlist; it may not be there yet */
    load(url) {
        this.#free();
        this.#url = url;
        this.#missing = 0;
        this.#failures = 0;
        this.#finishing = false;
        this.#set('starting');
        this.#open();
    }

    /** Opens the same playlist again, from the start. */
    retry() {
        if (this.#url !== null) {
            this.load(this.#url);
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

        if (this.#state === 'paused' && this.#hls?.liveSyncPosition) {
            this.#video.currentTime = this.#hls.liveSyncPosition;
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
        this.#movedAt = performance.now();
        this.#movedTo = this.#video.currentTime;
        this.#watchTimer = setInterval(() => this.#watch(), WATCH_MS);

        /* Chromium claims native HLS too, so hls.js goes first */

        if (globalThis.Hls?.isSupported()) {
            this.#openHls();

        } else if (this.#video.canPlayType('application/vnd.apple.mpegurl') !== '') {
            this.#video.src = this.#url;
            this.play();

        } else {
            this.#free();
            this.#set('unplayable');
        }
    }

    #openHls() {
        const hls = new Hls({
            backBufferLength: 30,
            liveDurationInfinity: true,
            liveSyncDurationCount: 3,
            liveMaxLatencyDurationCount: 10,
        });

        this.#hls = hls;

        hls.on(Hls.Events.MEDIA_ATTACHED, () => this.play());
        hls.on(Hls.Events.FRAG_BUFFERED, () => {
            this.#failures = 0;
            this.#missing = 0;
        });
        hls.on(Hls.Events.ERROR, (name, data) => {
            if (data.fatal) {
                this.#hlsFailed(data);
            }
        });

        hls.loadSource(this.#url);
        hls.attachMedia(this.#video);
    }

    #hlsFailed(data) {
        if (this.#finishing) {
            return;                 /* #watch stops at the end of the buffer */
        }

        switch (data.details) {
        case Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR:
        case Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR:
        case Hls.ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR:
            this.#free();
            this.#set('unplayable');
            return;
        }

        switch (data.type) {
        case Hls.ErrorTypes.NETWORK_ERROR:
            this.#retryLater(data.response?.code === 404);
            return;

        case Hls.ErrorTypes.MEDIA_ERROR:
            if (performance.now() - this.#mediaErrorAt > MEDIA_ERROR_APART_MS) {
                this.#mediaErrorAt = performance.now();
                this.#hls.recoverMediaError();
                return;
            }
        }

        this.#fail();
    }

    /** Without hls.js there is no telling what the matter is; a playlist that never played is most likely not there yet. */
    #nativeFailed() {
        if (this.#hls !== null || this.#url === null || !this.#video.hasAttribute('src')) {
            return;
        }

        if (this.#finishing) {
            this.stop();
            return;
        }

        this.#retryLater(this.#state === 'starting');
    }

    #retryLater(missing) {
        let delay;

        if (missing) {
            this.#missing++;
            delay = this.#missing <= MISSING_PATIENCE ? MISSING_RETRY_MS : MISSING_RETRY_SLOW_MS;

        } else if (++this.#failures > PATIENCE) {
            this.#fail();
            return;

        } else {
            delay = Math.min(BACKOFF_MS * 2 ** (this.#failures - 1), BACKOFF_MAX_MS);
        }

        clearTimeout(this.#retryTimer);
        this.#retryTimer = setTimeout(() => this.#tryAgain(), delay);
        this.#set(this.#state);
    }

    #tryAgain() {
        if (this.#hls === null) {
            this.#video.src = this.#url;
            this.play();

        } else if (this.#hls.levels.length > 0) {
            this.#hls.startLoad();

        } else {
            this.#hls.loadSource(this.#url);
        }
    }

    #fail() {
        this.#free();
        this.#set('error');
    }

    #moved() {
        if (this.#url === null || this.#video.currentTime === this.#movedTo) {
            return;
        }

        this.#movedTo = this.#video.currentTime;
        this.#movedAt = performance.now();

        if (!this.#video.paused && !this.#video.seeking && this.#state !== 'playing') {
            this.#set('playing');
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

    /** Notices a picture that stands still or never comes, whatever the reason, and begins anew when that lasts. */
    #watch() {
        const still = performance.now() - this.#movedAt;

        if (document.hidden || this.#state === 'paused') {
            this.#movedAt = performance.now();

        } else if (this.#finishing && still > STALLED_MS) {
            this.stop();

        } else if (this.#state === 'playing' && still > STALLED_MS) {
            this.#set('stalled');

        } else if (still > REOPEN_MS && !this.missing && this.#state !== 'playing') {
            this.#free();
            this.#open();
        }
    }

    #free() {
        clearTimeout(this.#retryTimer);
        clearInterval(this.#watchTimer);

        this.#hls?.destroy();
        this.#hls = null;

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
