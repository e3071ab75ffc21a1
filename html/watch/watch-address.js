/** A streamer or source name as the server defines it. */
const NAME = /^[A-Za-z0-9_-]{1,50}$/;

/** The address of the page: /watch/{streamer} or /watch/{streamer}/{source}. */
export class WatchAddress {
    #streamer;
    #source;

    /** @param {string} path a URL's path */
    constructor(path) {
        const [, , streamer = '', source = ''] = path.split('/');

        this.#streamer = NAME.test(streamer) ? streamer : null;
        this.#source = NAME.test(source) ? source : null;
    }

    /** @returns {?string} null when the path names none */
    get streamer() {
        return this.#streamer;
    }

    /** @returns {?string} null when the viewer leaves the choice to the page */
    get source() {
        return this.#source;
    }

    /**
     * Puts a source into the address bar without a new history entry.
     * @param {string} id
     */
    choose(id) {
        this.#source = id;
        history.replaceState(null, '', `/watch/${this.#streamer}/${id}${location.search}`);
    }
}
