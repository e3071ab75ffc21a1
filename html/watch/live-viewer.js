import {Viewer} from './viewer.js';

/** A streamer or source name as the server defines it. */
const NAME = /^[A-Za-z0-9_-]{1,50}$/;

const SERVER = new URL('..', import.meta.url);
const LIBRARY = new URL('vendor/hls.light.min.js', SERVER).href;
const STYLES = ['style/base.css', 'watch/watch.css'].map((path) => new URL(path, SERVER).href);

const nameOr = (value) => (NAME.test(value) ? value : null);

let library = null;

/** hls.js, unless the page has it; without it the browser's own HLS has to do. */
function loadLibrary() {
    library ??= globalThis.Hls ? Promise.resolve() : new Promise((resolve) => {
        const script = document.createElement('script');

        document.head.append(Object.assign(script, {src: LIBRARY, onload: resolve, onerror: resolve}));
    });

    return library;
}

/**
 * <live-viewer streamer="alice" source="Face_Cam" layout="pip"> plays a show, on a page of any site.  Only `streamer`
 * is needed; `show` says where sessions are served, "" nowhere.
 *
 * With `page` it is the watch page: its own address, /watch/alice/Face_Cam, says what is watched.
 */
class LiveViewerElement extends HTMLElement {
    static observedAttributes = ['streamer', 'source', 'layout'];

    #viewer = null;
    #root = null;

    connectedCallback() {
        this.#start();
    }

    disconnectedCallback() {
        this.#viewer?.destroy();
        this.#viewer = null;
    }

    attributeChangedCallback(name, old, value) {
        if (this.#viewer === null || value === old || this.hasAttribute('page')) {
            return;
        }

        if (name === 'layout' && value !== null) {
            this.#viewer.layout = value;

        } else if (name === 'source' && nameOr(value) !== null) {
            this.#viewer.choose(value);

        } else if (name === 'streamer') {
            this.disconnectedCallback();
            this.#start();
        }
    }

    async #start() {
        await loadLibrary();

        if (!this.isConnected || this.#viewer !== null) {
            return;
        }

        const page = this.hasAttribute('page');
        const show = this.getAttribute('show') ?? (page ? document.body.dataset.show : '/show/');

        this.#root ??= page ? this : this.attachShadow({mode: 'open'});
        this.#viewer = new Viewer(page ? this : this.#shadow(), {
            address: page ? pageAddress()
                          : {streamer: nameOr(this.getAttribute('streamer')),
                             source: nameOr(this.getAttribute('source')), choose() {}},
            base: SERVER.href,
            show: show ? new URL(show, SERVER).href : null,
            layout: this.getAttribute('layout'),
            code: page ? invitation() : this.getAttribute('code'),
            page,
        });
    }

    /** The styles are there before anything is seen. */
    #shadow() {
        const content = document.createElement('div');
        const links = STYLES.map((href) => Object.assign(document.createElement('link'), {rel: 'stylesheet', href}));

        this.#root.replaceChildren(...links, content);

        return content;
    }
}

/** /watch/{streamer} or /watch/{streamer}/{source}; what the viewer chooses gets into it without a history entry. */
function pageAddress() {
    const [, , streamer = '', source = ''] = location.pathname.split('/');

    return {
        streamer: nameOr(streamer),
        source: nameOr(source),
        choose: (id) => history.replaceState(null, '', `/watch/${streamer}/${id}${location.search}`),
    };
}

/** The code in #join=CODE, which nobody is to see in the address bar. */
function invitation() {
    const [, code = null] = /^#join=([\w-]+)$/.exec(location.hash) ?? [];

    if (code !== null) {
        history.replaceState(null, '', location.pathname + location.search);
    }

    return code;
}

customElements.define('live-viewer', LiveViewerElement);
