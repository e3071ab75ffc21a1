import {qualityOf} from './quality.js';
import {recall, remember} from './studio-memory.js';
import {canStart, explainCapture, isActive} from './studio-text.js';

/** Keeps in this tab what the studio is at, and goes on with it when the page is loaded again. */
export class Recall {
    #broadcaster;
    #session;
    #panels;
    #memory = recall();
    #goesOn = new Set();        /* ids of sources that were live, and wait to be chosen again */
    #busy = true;               /* what is remembered is not there yet */

    /**
     * @param {import('./multi-source-broadcaster.js').MultiSourceBroadcaster} broadcaster
     * @param {import('./show-session.js').ShowSession} session
     */
    constructor(broadcaster, session) {
        this.#broadcaster = broadcaster;
        this.#session = session;
    }

    /** @returns {import('./studio-memory.js').Memory} of before */
    get memory() {
        return this.#memory;
    }

    /** Nothing is kept from now on: the page is being left, and what it was is what counts. */
    set left(left) {
        this.#busy = left;
    }

    /** @returns {boolean} this source is to go on where it was stopped; only once */
    take(sourceId) {
        return this.#goesOn.delete(sourceId);
    }

    /**
     * Asks cameras and microphones again; screens wait to be chosen.  A tab that was duplicated has the same memory:
     * what was live there is live there still, and is left alone.
     * @param {object} panels
     * @param {import('./key-panel.js').KeyPanel} panels.keyPanel
     * @param {import('./show-panel.js').ShowPanel} panels.showPanel
     * @param {import('./overlay-panel.js').OverlayPanel} panels.overlay
     * @param {import('./go-live.js').GoLive} panels.goLive
     * @param {HTMLInputElement} panels.saveUpload
     * @returns {Promise<string>} what could not be had again, in sentences
     */
    async goOn(panels) {
        const {keyPanel, showPanel, goLive, saveUpload} = this.#panels = panels;
        const again = performance.getEntriesByType('navigation')[0]?.type === 'reload' && keyPanel.isKept;
        const {show, sources} = this.#memory;

        showPanel.wanted = show;
        saveUpload.checked = this.#memory.saveUpload;

        const found = again && show.id !== ''
            ? await this.#session.find(keyPanel.key, show.id).catch(() => null) : null;

        if (found !== null) {
            showPanel.wanted = found;
        }

        const recalled = sources.map((source) => this.#recall(source)).filter((source) => source !== null);
        const troubles = await this.#renew(recalled.filter(({type}) => type !== 'screen'));

        this.#busy = false;

        if (again) {
            const wereLive = recalled.filter(({live}) => live).map(({sourceId}) => sourceId);
            const ready = wereLive.filter((sourceId) => canStart(this.#broadcaster.get(sourceId) ?? {}));

            wereLive.filter((sourceId) => !ready.includes(sourceId)).forEach((sourceId) => this.#goesOn.add(sourceId));

            if (ready.length > 0) {
                goLive.start(ready);

            } else if (found !== null) {
                goLive.open();
            }
        }

        return troubles.join(' ');
    }

    /** For when the page is loaded again. */
    keep() {
        if (this.#busy) {
            return;
        }

        const {overlay, saveUpload, showPanel} = this.#panels;
        const sources = this.#broadcaster.sources.filter(({type}) => type !== 'other').map((source) => {
            const {quality, deviceId, audioDeviceId, captureAudio} = this.#broadcaster.wantedOf(source.sourceId);
            const {type, label, muted, sourceId} = source;

            return {type, label, quality, deviceId, audioDeviceId, captureAudio, muted,
                    live: isActive(source) || this.#goesOn.has(sourceId)};
        });

        remember({sources, overlay: overlay.choice, saveUpload: saveUpload.checked,
                  show: {...showPanel.wanted, id: this.#session.state === 'open' ? this.#session.show.id : ''}});
    }

    #recall({live, quality, ...about}) {
        const {text, id, ...picture} = qualityOf(about.type, quality) ?? {};

        try {
            const {sourceId, type} = this.#broadcaster.recallSource({...about, ...picture, quality: id});

            return {sourceId, type, live};

        } catch {
            return null;        /* a label that another source has, or one that was never good */
        }
    }

    /** @returns {Promise<string[]>} */
    async #renew(sources) {
        const troubles = [];

        for (const {sourceId, type} of sources) {
            try {
                await this.#broadcaster.renewSource(sourceId);

            } catch (error) {
                troubles.push(explainCapture(type, error));
            }
        }

        return troubles;
    }
}
