/** What the browser says of its own HLS is little: it has played by then, or the playlist is most likely not there. */
const PLAYED_S = 0.5;

/**
 * Plays one live playlist on one video element by the browser's own HLS, as on a telephone without Media Source.  The
 * same as HlsEngine to who uses it.
 */
export class NativeEngine {
    #video;
    #url;
    #told;
    #from = 0;
    #listen = new AbortController();

    static supports(video) {
        return video.canPlayType('application/vnd.apple.mpegurl') !== '';
    }

    /**
     * @param {HTMLVideoElement} video
     * @param {string} url
     * @param {{attached: function(): void, arrived: function(): void, failed: function(string): void}} told
     */
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

    /** @returns {?number} the wall clock at the beginning of the time line, by EXT-X-PROGRAM-DATE-TIME */
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
