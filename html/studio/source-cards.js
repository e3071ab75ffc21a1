import {SourceCard} from './source-card.js';

/** The list of sources: a card for each. */
export class SourceCards {
    #list;
    #empty;
    #template;
    #actions;
    #cards = new Map();

    /**
     * @param {Document} root
     * @param {object} actions of SourceCard
     */
    constructor(root, actions) {
        this.#list = root.getElementById('sources');
        this.#empty = root.getElementById('no-sources');
        this.#template = root.getElementById('source-template');
        this.#actions = actions;
    }

    /** @returns {?SourceCard} */
    get(sourceId) {
        return this.#cards.get(sourceId) ?? null;
    }

    /**
     * @param {import('./multi-source-broadcaster.js').BroadcastSource[]} sources
     * @param {function(object): object} about what a card is told beside its source
     */
    render(sources, about) {
        for (const source of sources) {
            if (!this.#cards.has(source.sourceId)) {
                const card = new SourceCard(this.#template, source.sourceId, this.#actions);

                this.#cards.set(source.sourceId, card);
                this.#list.append(card.element);
            }

            this.#cards.get(source.sourceId).render(source, about(source));
        }

        for (const [sourceId, card] of this.#cards) {
            if (!sources.some((source) => source.sourceId === sourceId)) {
                card.element.remove();
                this.#cards.delete(sourceId);
            }
        }

        this.#empty.hidden = sources.length > 0;
    }

    /**
     * @param {string} sourceId of a card that is about to go
     * @returns {?HTMLElement} where a keyboard goes on
     */
    beside(sourceId) {
        const element = this.get(sourceId)?.element;

        return (element?.nextElementSibling ?? element?.previousElementSibling)
            ?.querySelector('[data-part="remove"]') ?? null;
    }
}
