import {Player} from './player.js';

/** Knows a streamer's sources and puts any of them on any video element. */
export class ViewerSourceSelector {
    #base;
    #sources = new Map();
    #players = new Map();

    /** @param {string} [base] where the server answers with source lists */
    constructor(base = '/sources/') {
        this.#base = base;
    }

    /**
     * @param {string} streamer
     * @returns {string} the URL of the streamer's event stream
     */
    eventsUrl(streamer) {
        return `${this.#base}${encodeURIComponent(streamer)}/events`;
    }

    /**
     * @param {string} streamer
     * @returns {Promise<import('./source-list.js').Source[]>} empty when nobody is live
     */
    async fetchAvailableSources(streamer) {
        const response = await fetch(`${this.#base}${encodeURIComponent(streamer)}`, {cache: 'no-store'});

        if (!response.ok) {
            throw Object.assign(new Error(`source list: HTTP ${response.status}`), {status: response.status});
        }

        const sources = await response.json();

        this.know(sources);

        return sources;
    }

    /** @param {import('./source-list.js').Source[]} sources whatever else is known about them by now */
    know(sources) {
        for (const source of sources) {
            this.#sources.set(source.id, source);
        }
    }

    /**
     * Plays a source instead of whatever the element played before.
     * @param {string} id
     * @param {HTMLVideoElement} videoElement
     * @param {?number} [latency] see Player.load
     * @returns {Player}
     */
    switchToSource(id, videoElement, latency = null) {
        const source = this.#sources.get(id);

        if (source === undefined) {
            throw new RangeError(`unknown source: ${id}`);
        }

        const player = this.playerOf(videoElement);

        player.load(source.url, latency);

        return player;
    }

    /**
     * @param {HTMLVideoElement} videoElement
     * @returns {Player} the one player of that element
     */
    playerOf(videoElement) {
        if (!this.#players.has(videoElement)) {
            this.#players.set(videoElement, new Player(videoElement));
        }

        return this.#players.get(videoElement);
    }
}
