import {dateAt, timeAt} from './program-clock.js';

const BACK_BUFFER_S = 15;

/** A stall is a hint that the distance from live is too short, but not by a whole second. */
const STALL_INCREASE_S = 0.25;

/** So many target durations behind, hls.js jumps by itself; with parts the player does so before. */
const STOCK_BEHIND_MAX = 10;
const PARTS_BEHIND_MAX = 3;

/**
 * Plays one live playlist on one video element with hls.js, in low latency where the playlist has parts.
 *
 * What goes wrong for good is told once, by `failed`: "missing" (the server answers, and has no playlist there),
 * "ended" (it has one to which nothing will be added), "network", "media" or "unplayable".
 */
export class HlsEngine {
    #video;
    #url;
    #hls;
    #begun = false;
    #live = false;
    #ended = false;

    /** Chromium claims native HLS too, so this one is asked first. */
    static supports() {
        return globalThis.Hls?.isSupported() ?? false;
    }

    /**
     * @param {HTMLVideoElement} video
     * @param {string} url
     * @param {{attached: function(): void, arrived: function(): void, failed: function(string): void}} told
     * @param {?number} latency with which to begin, in seconds; null: that of the playlist
     */
    constructor(video, url, told, latency) {
        const hls = new Hls({
            lowLatencyMode: true,
            backBufferLength: BACK_BUFFER_S,
            liveDurationInfinity: true,
            liveSyncOnStallIncrease: STALL_INCREASE_S,
            ...(latency !== null && {liveSyncDuration: latency}),
        });

        this.#video = video;
        this.#url = url;
        this.#hls = hls;

        hls.on(Hls.Events.MEDIA_ATTACHED, () => told.attached());
        hls.on(Hls.Events.FRAG_BUFFERED, () => {
            if (latency !== null && !this.#begun) {
                this.#begun = true;             /* where it was to begin */
                this.aim();
            }

            told.arrived();
        });
        hls.on(Hls.Events.LEVEL_LOADED, (name, {details}) => this.#loaded(details, told));
        hls.on(Hls.Events.ERROR, (name, data) => {
            if (data.fatal) {
                told.failed(this.#reason(data));
            }
        });

        hls.loadSource(url);
        hls.attachMedia(video);
    }

    destroy() {
        this.#hls.destroy();
    }

    /** Loads on after "missing" or "network". */
    goOn() {
        if (this.#hls.levels.length > 0) {
            this.#hls.startLoad();

        } else {
            this.#hls.loadSource(this.#url);
        }
    }

    /** Plays on after "media". */
    recover() {
        this.#hls.recoverMediaError();
    }

    /** What the playlist says is the latency to reach, whatever it was until now. */
    aim() {
        const {partHoldBack, holdBack} = this.#details ?? {};

        if (partHoldBack || holdBack) {
            this.#hls.targetLatency = partHoldBack || holdBack;
        }
    }

    /** Forward, to where it is to be; never back to what was seen. */
    toLiveEdge() {
        const position = this.#hls.liveSyncPosition ?? 0;

        if (position > this.#video.currentTime) {
            this.#video.currentTime = position;
        }
    }

    /** @returns {boolean} the playlist goes on where a publisher left off, and has parts */
    get lowLatency() {
        return Boolean(this.#details?.partList);
    }

    /** @returns {boolean} the playlist was live, and no longer is */
    get ended() {
        return this.#ended;
    }

    /** @returns {?number} the moment that is shown, in milliseconds since 1970 */
    get date() {
        return dateAt(this.#segments, this.#video.currentTime);
    }

    /**
     * @param {number} date in milliseconds since 1970
     * @returns {?number} where on the time line it is, if there is such media
     */
    timeOf(date) {
        const details = this.#details;
        const time = timeAt(this.#segments, date);

        return time !== null && time >= details.fragmentStart && time < details.edge ? time : null;
    }

    /** @returns {?number} from the newest media, in seconds */
    get latency() {
        const details = this.#details;

        return details?.live ? details.edge + details.age - this.#video.currentTime : null;
    }

    /** @returns {?number} what the latency should be: PART-HOLD-BACK, or three segments */
    get target() {
        return this.#hls.targetLatency;
    }

    get #details() {
        return this.#hls.latestLevelDetails;
    }

    get #segments() {
        const details = this.#details;

        if (!details) {
            return [];
        }

        return [...details.fragments, details.fragmentHint].filter(Boolean);
    }

    #loaded(details, told) {
        const {config} = this.#hls;

        if (details.live) {
            this.#live = true;

        } else if (!this.#live) {
            this.#hls.stopLoad();               /* it would be played from its beginning */
            told.failed('ended');
            return;

        } else {
            this.#ended = true;
        }

        if (details.partList) {
            config.liveMaxLatencyDuration = details.partHoldBack + PARTS_BEHIND_MAX * details.targetduration;
        } else {
            config.liveMaxLatencyDurationCount = STOCK_BEHIND_MAX;
        }
    }

    #reason(data) {
        switch (data.details) {
        case Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR:
        case Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR:
        case Hls.ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR:
            return 'unplayable';
        }

        if (data.type === Hls.ErrorTypes.NETWORK_ERROR) {
            return data.response?.code === 404 ? 'missing' : 'network';
        }

        return 'media';
    }
}
