import {describe} from './studio-text.js';

/** A screen reader hears of each change of a source's state, once. */
export class Announcer {
    #region;
    #said = new Map();          /* sourceId -> what was said of it last */
    #poor = new Map();          /* sourceId -> what is wrong with how it is sent */

    /** @param {HTMLElement} region a live region */
    constructor(region) {
        this.#region = region;
    }

    /** @param {string} text */
    say(text) {
        this.#region.textContent = text;
    }

    /**
     * What goes wrong is told when it begins.
     * @param {import('./multi-source-broadcaster.js').BroadcastSource} source
     * @param {?{finding: string, level: string, text: string}} verdict
     */
    health({sourceId, label}, verdict) {
        const poor = verdict?.level === 'poor' ? verdict.finding : null;

        if (poor !== null && poor !== this.#poor.get(sourceId)) {
            this.say(`${label}: ${verdict.text}`);
        }

        this.#poor.set(sourceId, poor);
    }

    /** @param {import('./multi-source-broadcaster.js').BroadcastSource[]} sources */
    sources(sources) {
        const news = [];

        for (const source of sources) {
            const {title, text} = describe(source);
            const sentence = `${source.label}: ${title}. ${text}`.trim();

            if (this.#said.has(source.sourceId) && this.#said.get(source.sourceId) !== sentence) {
                news.push(sentence);
            }

            this.#said.set(source.sourceId, sentence);
        }

        for (const sourceId of this.#said.keys()) {
            if (!sources.some((source) => source.sourceId === sourceId)) {
                this.#said.delete(sourceId);
                this.#poor.delete(sourceId);
            }
        }

        if (news.length > 0) {
            this.say(news.join(' '));
        }
    }
}
