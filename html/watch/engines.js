/*
 * What plays one live playlist on one video element: hls.js, or the browser's own HLS.  Both tell what goes wrong for
 * good by `failed`: "missing" (the server answers, and has no playlist there), "ended" (it has one to which nothing
 * will be added), "network", "media" or "unplayable".  `attached` and `arrived` are the steps before.
 */

/** A stall is a hint that the distance from live is too short, but not by a whole second. */
const STALL_INCREASE_S = 0.25;

/** So many target durations behind, hls.js jumps by itself; with parts the player does so before. */
const STOCK_BEHIND_MAX = 10;
const PARTS_BEHIND_MAX = 3;

/**
 * A segment of which less than this is missing is complete to hls.js.  With the 0.2 s that it has by itself, it does so
 * before the last part is there, if that is a short one, and then waits for ever for what comes after it.
 */
const COMPLETE_S = 0.001;

/** What the browser says of its own HLS is little: it has played by then, or the playlist is most likely not there. */
const PLAYED_S = 0.5;

/**
 * @param {{start: number, programDateTime: ?number}[]} segments in order; seconds of the time line, ms since 1970
 * @param {number} time on the time line, in seconds
 * @returns {?number} the wall clock at that time, by EXT-X-PROGRAM-DATE-TIME
 */
export function dateAt(segments, time) {
    const segment = segments.findLast(({start}) => start <= time) ?? segments[0];

    if (!segment || !Number.isFinite(segment.programDateTime)) {
        return null;
    }

    return segment.programDateTime + (time - segment.start) * 1000;
}

/**
 * The other way round.  A moment between two sessions of the publisher, of which there is no media, is where the later
 * one begins.
 * @returns {?number} it may lie outside of what is in the playlist
 */
export function timeAt(segments, date) {
    const index = Math.max(segments.findLastIndex(({programDateTime}) => programDateTime <= date), 0);
    const segment = segments[index];

    if (!segment || !Number.isFinite(segment.programDateTime)) {
        return null;
    }

    const time = segment.start + (date - segment.programDateTime) / 1000;

    return Math.min(time, segments[index + 1]?.start ?? Infinity);
}

/** Reads playlists as those of a server that answers at once, so that waiting takes no connection. */
function loaderWithoutWaiting() {
    return class extends Hls.DefaultConfig.loader {
        load(context, config, callbacks) {
            super.load(context, config, {...callbacks, onSuccess: (response, ...more) => {
                response.data = response.data.replace('CAN-BLOCK-RELOAD=YES', 'CAN-BLOCK-RELOAD=NO');
                callbacks.onSuccess(response, ...more);
            }});
        }
    };
}

/** Plays with hls.js, in low latency where the playlist has parts. */
export class HlsEngine {
    #video;
    #url;
    #hls;
    #parts;
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
     * @param {object} [options]
     * @param {?number} [options.latency] with which to begin, in seconds; null: that of the playlist
     * @param {boolean} [options.parts] false: whole segments, and no request that the server holds back
     * @param {function(): object} [options.headers] of each request
     */
    constructor(video, url, told, {latency = null, parts = true, headers = () => ({})} = {}) {
        const hls = new Hls({
            lowLatencyMode: parts,
            liveDurationInfinity: true,
            liveSyncOnStallIncrease: STALL_INCREASE_S,
            xhrSetup: (xhr) => Object.entries(headers()).forEach((header) => xhr.setRequestHeader(...header)),
            ...(latency !== null && {liveSyncDuration: latency}),
            ...(!parts && {pLoader: loaderWithoutWaiting()}),
        });

        /* before anything is loaded; where there is none, the player's nudges have to do */
        const tracker = hls.streamController?.fragmentTracker;

        if (tracker?.bufferPadding > COMPLETE_S) {
            tracker.bufferPadding = COMPLETE_S;
        }

        this.#video = video;
        this.#url = url;
        this.#hls = hls;
        this.#parts = parts;

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
        const target = (this.#parts && partHoldBack) || holdBack;

        if (target) {
            this.#hls.targetLatency = target;
        }
    }

    /** Looks anew for what to load: hls.js may wait for ever for a part that it takes for loaded. */
    nudge() {
        this.#hls.stopLoad();
        this.#hls.startLoad(-1);
    }

    /** Forward, to where it is to be; never back to what was seen. */
    toLiveEdge() {
        const position = this.#hls.liveSyncPosition ?? 0;

        if (position > this.#video.currentTime) {
            this.#video.currentTime = position;
        }
    }

    /** The playlist goes on where a publisher left off, and its parts are played. */
    get lowLatency() {
        return this.#parts && Boolean(this.#details?.partList);
    }

    /** The playlist was live, and no longer is. */
    get ended() {
        return this.#ended;
    }

    /** @returns {?number} the moment that is shown, in milliseconds since 1970 */
    get date() {
        return dateAt(this.#segments, this.#video.currentTime);
    }

    /** @returns {?number} where on the time line a date is, if there is such media */
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

        return details ? [...details.fragments, details.fragmentHint].filter(Boolean) : [];
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

        if (details.partList && this.#parts) {
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

/** Plays by the browser's own HLS, as on a telephone without Media Source.  The same as HlsEngine to who uses it. */
export class NativeEngine {
    #video;
    #url;
    #told;
    #from = 0;
    #listen = new AbortController();

    static supports(video) {
        return video.canPlayType('application/vnd.apple.mpegurl') !== '';
    }

    constructor(video, url, told) {
        this.#video = video;
        this.#url = url;
        this.#told = told;

        video.addEventListener('error', () => this.#failed(), {signal: this.#listen.signal});
        video.addEventListener('loadeddata', () => this.#arrived(), {signal: this.#listen.signal});
        this.goOn();
    }

    destroy() {
        this.#listen.abort();
        this.#video.removeAttribute('src');
        this.#video.load();
    }

    goOn() {
        this.#video.src = this.#url;
        this.#told.attached();
    }

    recover() {
        this.goOn();
    }

    aim() {
        /* the browser minds its latency */
    }

    nudge() {
        /* and what it loads */
    }

    toLiveEdge() {
        const {seekable} = this.#video;

        if (seekable.length > 0) {
            this.#video.currentTime = seekable.end(seekable.length - 1);
        }
    }

    /* nor does it say anything of parts */

    get lowLatency() {
        return false;
    }

    get ended() {
        return this.#video.ended;
    }

    get date() {
        const start = this.#startDate;

        return start === null ? null : start + this.#video.currentTime * 1000;
    }

    timeOf(date) {
        const start = this.#startDate;
        const {seekable} = this.#video;

        if (start === null || seekable.length === 0) {
            return null;
        }

        const time = (date - start) / 1000;

        return time >= seekable.start(0) && time <= seekable.end(seekable.length - 1) ? time : null;
    }

    get latency() {
        const {seekable} = this.#video;

        return seekable.length > 0 ? seekable.end(seekable.length - 1) - this.#video.currentTime : null;
    }

    get target() {
        return null;
    }

    /** The wall clock at the beginning of the time line, by EXT-X-PROGRAM-DATE-TIME. */
    get #startDate() {
        const start = this.#video.getStartDate?.()?.getTime();

        return Number.isFinite(start) ? start : null;
    }

    #arrived() {
        this.#from = this.#video.currentTime;
        this.#told.arrived();
    }

    #failed() {
        const played = this.#video.currentTime > this.#from + PLAYED_S;

        this.#told.failed(played ? 'network' : 'missing');
    }
}
