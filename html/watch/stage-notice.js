const SHOWN_MS = 8000;

/** A sentence at the edge of the picture, which goes by itself and takes nothing away from it. */
export class StageNotice {
    #element;
    #timer = 0;

    /** @param {HTMLElement} element a live region */
    constructor(element) {
        this.#element = element;
    }

    /** @param {string} text "" takes the last one away */
    show(text) {
        clearTimeout(this.#timer);
        this.#element.textContent = text;
        this.#element.toggleAttribute('data-shown', text !== '');

        if (text !== '') {
            this.#timer = setTimeout(() => this.show(''), SHOWN_MS);
        }
    }
}
