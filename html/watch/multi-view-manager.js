/**
 * Which source is the picture and which one is inset in it.  Two video elements take turns in these roles, so that
 * exchanging the two pictures loads nothing.
 *
 * Fires `change` whenever a view shows another source or its player another state.
 */
export class MultiViewManager extends EventTarget {
    #selector;
    #main;
    #inset;
    #muted = true;

    /**
     * @param {import('./viewer-source-selector.js').ViewerSourceSelector} selector
     * @param {HTMLVideoElement} mainVideo
     * @param {HTMLVideoElement} insetVideo
     */
    constructor(selector, mainVideo, insetVideo) {
        super();
        this.#selector = selector;
        this.#main = {id: null, video: mainVideo, player: selector.playerOf(mainVideo)};
        this.#inset = {id: null, video: insetVideo, player: selector.playerOf(insetVideo)};

        for (const view of [this.#main, this.#inset]) {
            view.player.addEventListener('change', () => this.#change());
            view.video.addEventListener('volumechange', () => this.#volumeChanged(view));
        }
    }

    /** @returns {{id: ?string, video: HTMLVideoElement, player: import('./player.js').Player}} */
    get main() {
        return this.#main;
    }

    /** @returns {{id: ?string, video: HTMLVideoElement, player: import('./player.js').Player}} id is null without one */
    get inset() {
        return this.#inset;
    }

    get muted() {
        return this.#muted;
    }

    /** The inset picture is always silent. */
    set muted(muted) {
        this.#muted = muted;
        this.#main.video.muted = muted;
        this.#change();
    }

    /**
     * Makes a source the picture.  The one that is inset changes places with it.
     * @param {?string} id null for none
     */
    show(id) {
        if (id === this.#main.id) {
            return;
        }

        if (id !== null && id === this.#inset.id) {
            [this.#main, this.#inset] = [this.#inset, this.#main];
            this.#inset.video.muted = true;
            this.#main.video.muted = this.#muted;
            this.#change();
            return;
        }

        this.#assign(this.#main, id);
    }

    /**
     * @param {string} mainSourceId
     * @param {string} pipSourceId
     */
    enablePiP(mainSourceId, pipSourceId) {
        this.show(mainSourceId);

        if (pipSourceId !== mainSourceId && pipSourceId !== this.#inset.id) {
            this.#assign(this.#inset, pipSourceId);
        }
    }

    disablePiP() {
        this.#assign(this.#inset, null);
    }

    /**
     * Starts what has come (back) and lets end what has gone.
     * @param {import('./source-list.js').SourceList} list
     */
    follow(list) {
        this.#selector.know(list.sources);

        for (const {id, video, player} of [this.#main, this.#inset]) {
            const source = list.get(id);
            const live = source !== null && !source.gone;

            if (live && (player.state === 'idle' || player.finishing)) {
                this.#selector.switchToSource(id, video);

            } else if (!live && player.state !== 'idle' && !player.finishing) {
                player.finish();
            }
        }
    }

    #assign(view, id) {
        view.id = id;
        view.player.stop();
        this.#change();
    }

    /** The player mutes where the browser does not allow sound. */
    #volumeChanged(view) {
        if (view === this.#main && view.video.muted !== this.#muted) {
            this.muted = view.video.muted;
        }
    }

    #change() {
        this.dispatchEvent(new Event('change'));
    }
}
