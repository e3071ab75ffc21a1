/** As much of an EventSource as a SourceList asks for, with a token. */
export class TokenStream extends EventTarget {
    readyState = 0;
    #feed = null;

    /**
     * @param {string} url
     * @param {string} token
     */
    constructor(url, token) {
        super();
        import('../common/event-feed.js').then(({EventFeed}) => {
            if (this.readyState === EventSource.CLOSED) {
                return;
            }

            this.#feed = new EventFeed(url, token);
            this.#feed.addEventListener('open', () => this.#change('open', EventSource.OPEN));
            this.#feed.addEventListener('close', ({final}) => this.#change('error', final ? EventSource.CLOSED : 0));
            this.#feed.addEventListener('message', ({name, data}) =>
                this.dispatchEvent(Object.assign(new Event(name), {data: JSON.stringify(data)})));
            this.#feed.open();
        }, () => this.#change('error', EventSource.CLOSED));
    }

    close() {
        this.readyState = EventSource.CLOSED;
        this.#feed?.close();
    }

    #change(type, readyState) {
        this.readyState = readyState;
        this.dispatchEvent(new Event(type));
    }
}
