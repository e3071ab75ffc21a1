import {explainShow} from './show-text.js';
import {canStart, isActive} from './studio-text.js';

/** Types of sources as the server calls them. */
const TYPES = {webcam: 'camera'};

/** What is longer, in bytes, the server makes of the name. */
const LABEL_MAX = 100;

const size = (text) => new TextEncoder().encode(text).length;

/** Sends sources, once the show is open at the server. */
export class GoLive {
    #broadcaster;
    #session;
    #keyPanel;
    #showPanel;
    #url;
    #changed;
    #waiting = new Set();       /* ids of sources that wait for the show */
    #left = false;

    /**
     * @param {object} parts
     * @param {import('./multi-source-broadcaster.js').MultiSourceBroadcaster} parts.broadcaster
     * @param {import('./show-session.js').ShowSession} parts.session
     * @param {import('./key-panel.js').KeyPanel} parts.keyPanel
     * @param {import('./show-panel.js').ShowPanel} parts.showPanel
     * @param {string} parts.url where the server takes WHIP; the source's name comes behind it
     * @param {function(): void} parts.changed
     */
    constructor({broadcaster, session, keyPanel, showPanel, url, changed}) {
        this.#broadcaster = broadcaster;
        this.#session = session;
        this.#keyPanel = keyPanel;
        this.#showPanel = showPanel;
        this.#url = url;
        this.#changed = changed;
    }

    /** The page is being left: nothing starts any more. */
    set left(left) {
        this.#left = left;
    }

    /** @returns {boolean} this source can be asked to go live */
    can(source) {
        return canStart(source) && !this.#waiting.has(source.sourceId);
    }

    /** @returns {boolean} it has been asked to */
    waits(sourceId) {
        return this.#waiting.has(sourceId);
    }

    /** @returns {Promise<boolean>} the show is as it was wanted, or the server has none and nobody minds */
    async open() {
        const wanted = this.#showPanel.wanted;
        const streams = this.#broadcaster.sources.map(({name, label, type}) =>
            ({name, ...(size(label) <= LABEL_MAX && {label}), type: TYPES[type] ?? type}));

        try {
            const state = await this.#session.open(this.#keyPanel.key, {...wanted, streams});
            const good = state !== 'absent' || wanted.public;

            this.#showPanel.warn(good ? '' : 'This server cannot keep it to those who have the link. Choose '
                                             + '"Everybody" to go live.');

            return good;

        } catch (error) {
            if (error.code === 'key_invalid' || error.code === 'bad_token') {
                this.#showPanel.trouble(null);
                this.#keyPanel.complain(explainShow(error));

                return false;
            }

            this.#showPanel.trouble(error);

            return wanted.public;           /* who wanted to be private is not sent in public */
        }
    }

    /** @param {string[]} sourceIds */
    async start(sourceIds) {
        const wanted = sourceIds.filter((sourceId) => this.can(this.#broadcaster.get(sourceId) ?? {}));

        for (const sourceId of wanted) {
            this.#waiting.add(sourceId);
        }

        this.#changed();

        const opened = await this.open();

        for (const sourceId of wanted) {
            this.#waiting.delete(sourceId);

            if (opened && !this.#left && this.#broadcaster.get(sourceId) !== null) {
                this.#send(sourceId);
            }
        }

        this.#changed();
    }

    stopAll() {
        return Promise.all(this.#broadcaster.sources.filter(isActive)
            .map(({sourceId}) => this.#broadcaster.stopBroadcast(sourceId)));
    }

    /** Ends the show: our sources first, which would come back else. */
    async end() {
        await this.stopAll();
        await this.#session.stop();
    }

    #send(sourceId) {
        const destination = {protocol: 'webrtc-whip', url: this.#url, streamKey: this.#keyPanel.key};

        this.#broadcaster.startBroadcast(sourceId, destination).catch(() => {});    /* the source's state says why */
    }
}
