import {write} from '../common/elements.js';
import {describeFigures} from './viewer-text.js';

const REFRESH_MS = 500;

/** The list of figures, which is shown on demand. */
export class FiguresView {
    #button;
    #list;
    #read;
    #timer = 0;

    /**
     * @param {HTMLButtonElement} button shows and hides them
     * @param {HTMLDListElement} list
     * @param {function(): object} read
     */
    constructor(button, list, read) {
        this.#button = button;
        this.#list = list;
        this.#read = read;

        button.addEventListener('click', () => this.toggle());
    }

    destroy() {
        clearInterval(this.#timer);
    }

    toggle() {
        const shown = this.#list.hidden;

        this.#list.hidden = !shown;
        this.#button.setAttribute('aria-expanded', String(shown));
        clearInterval(this.#timer);

        if (shown) {
            this.#render();
            this.#timer = setInterval(() => this.#render(), REFRESH_MS);
        }
    }

    /* only what has changed is written, so that a text can be selected */
    #render() {
        const rows = describeFigures(this.#read());

        while (this.#list.children.length > rows.length) {
            this.#list.lastElementChild.remove();
        }

        while (this.#list.children.length < rows.length) {
            const row = document.createElement('div');

            row.append(document.createElement('dt'), document.createElement('dd'));
            this.#list.append(row);
        }

        rows.forEach((texts, row) => texts.forEach((text, column) =>
            write(this.#list.children[row].children[column], text)));
    }
}
