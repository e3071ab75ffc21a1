import {Player} from './player.js';

/** Knows a streamer's sources and puts any of them on any video element. */
export class ViewerSourceSelector {
    #base;
    #sources = new Map();
    #players = new Map();

    /** Headers of all requests, where a session asks for a token and cookies do not get there. */
    headers = () => ({});

    /** @param {string} [base] where the server answers with source lists */
    constructor(base = '/sources/') {
        this.#base = new URL(base, document.baseURI);
    }

    /** @returns {string} the URL of the streamer's event stream */
    eventsUrl(streamer) {
        return `${this.#base}${encodeURIComponent(streamer)}/events`;
    }

    /** @returns {string} of what belongs to a source, its playlist or a file beside that */
    urlOf(source, file = '') {
        return new URL(file, new URL(source.url, this.#base)).href;
    }

    /**
     * @param {string} streamer
     * @returns {Promise<import('./source-list.js').Source[]>} empty when nobody is live
     */
    async fetchAvailableSources(streamer) {
        const response = await fetch(`${this.#base}${encodeURIComponent(streamer)}`,
                                     {cache: 'no-store', headers: this.headers()});

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
     * @param {object} [options] see HlsEngine
     * @returns {Player}
     */
    switchToSource(id, videoElement, options = {}) {
        const source = this.#sources.get(id);

        if (source === undefined) {
            throw new RangeError(`unknown source: ${id}`);
        }

        const player = this.playerOf(videoElement);

        player.load(this.urlOf(source), {headers: () => this.headers(), ...options});

        return player;
    }

    /** @returns {Player} the one player of that element */
    playerOf(videoElement) {
        if (!this.#players.has(videoElement)) {
            this.#players.set(videoElement, new Player(videoElement));
        }

        return this.#players.get(videoElement);
    }
}
