const SAVE_MS = 400;

const DEFAULTS = {layout: 'single', corner: 'bottom-right', size: 25, muted: true, follow: false, off: []};
const CHOICES = {layout: /^(single|pip|grid)$/, corner: /^(top|bottom)-(left|right)$/};

/**
 * How a viewer likes to watch a streamer: kept by the browser, and for as long as a session lasts by the server.  What
 * the browser remembers goes before what the server does.
 */
export class Preferences {
    #key;
    #values;
    #timer = 0;
    #session;
    #describe;
    #told = null;

    /** This browser has values of its own, now or from before. */
    remembered;

    /**
     * @param {string} streamer
     * @param {import('./viewer-session.js').ViewerSession} session
     * @param {function(): object} describe the preferences as the server has them
     */
    constructor(streamer, session, describe) {
        this.#key = `watch:${streamer}`;
        this.#session = session;
        this.#describe = describe;

        try {
            this.#values = JSON.parse(localStorage.getItem(this.#key));

        } catch {
            /* a browser that keeps nothing */
        }

        this.remembered = Boolean(this.#values);
        this.#values = checked(this.#values ?? {});
    }

    /** @returns {{layout: string, corner: string, size: number, muted: boolean, follow: boolean, off: string[]}} */
    get values() {
        return this.#values;
    }

    /** @param {object} changes of some values */
    set(changes) {
        this.#values = checked({...this.#values, ...changes});
        this.remembered = true;

        try {
            localStorage.setItem(this.#key, JSON.stringify(this.#values));

        } catch {
            /* they hold until the page is left */
        }

        this.saveSoon();
    }

    /**
     * Takes over what the server has, as far as this browser remembers nothing.
     * @param {object} preferences as the server has them
     * @param {string[]} names of all sources of the session
     * @returns {boolean} it did
     */
    adopt({enabled_streams: enabled, layout, follow, pip}, names) {
        if (this.remembered) {
            this.saveSoon();
            return false;
        }

        this.#values = checked({...this.#values, layout, follow, corner: pip.corner, size: pip.size,
                                off: names.filter((name) => !enabled.includes(name))});

        return true;
    }

    /** Tells the server in a moment, many changes at once. */
    saveSoon() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.save(), SAVE_MS);
    }

    /** Tells the server, unless it knows. */
    async save() {
        clearTimeout(this.#timer);

        const {id} = this.#session;
        const text = id && this.remembered && JSON.stringify(this.#describe());

        if (text && this.#told !== id + text) {
            this.#told = id + text;

            const response = await this.#session.ask('preferences', {method: 'PUT', body: text}).catch(() => null);

            if (!response?.ok) {
                this.#told = null;
            }
        }
    }

    destroy() {
        clearTimeout(this.#timer);
    }
}

function checked(values) {
    const {layout, corner, size, muted, follow, off} = {...DEFAULTS, ...values};

    return {
        layout: CHOICES.layout.test(layout) ? layout : DEFAULTS.layout,
        corner: CHOICES.corner.test(corner) ? corner : DEFAULTS.corner,
        size: size >= 10 && size <= 40 ? size : DEFAULTS.size,
        muted: muted !== false,
        follow: follow === true,
        off: Array.isArray(off) ? off.filter((name) => typeof name === 'string') : [],
    };
}
