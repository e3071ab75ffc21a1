import {keep, kept} from '../common/kept.js';

const KEPT = 'studio-key';

/** The stream key: in memory, and in this tab's storage if it is wanted there.  Fires `change`. */
export class KeyPanel extends EventTarget {
    #form;
    #field;
    #missing;
    #wanted;
    #show;

    /** @param {Document} root */
    constructor(root) {
        super();
        this.#form = root.getElementById('key-form');
        this.#field = root.getElementById('key');
        this.#missing = root.getElementById('key-missing');
        this.#wanted = root.getElementById('keep-key');
        this.#show = root.getElementById('show-key');

        this.#field.value = kept(KEPT);
        this.#wanted.checked = this.key !== '';

        this.#form.addEventListener('submit', (event) => event.preventDefault());
        this.#field.addEventListener('input', () => this.#typed());
        this.#wanted.addEventListener('change', () => this.#keep());
        this.#show.addEventListener('click', () => this.#toggleShown());
    }

    get key() {
        return this.#field.value.trim();
    }

    /** @returns {boolean} a page that is loaded again has it */
    get isKept() {
        return this.#wanted.checked && this.key !== '';
    }

    /** @returns {boolean} there is a key; else the user is led to where it goes */
    have() {
        if (this.key === '') {
            this.complain('Enter your stream key first.');

            return false;
        }

        this.#calm();

        return true;
    }

    /** @param {string} text what is wrong with the key */
    complain(text) {
        this.#missing.textContent = text;
        this.#missing.hidden = false;
        this.#field.setAttribute('aria-invalid', 'true');
        this.#field.focus();
    }

    #calm() {
        this.#field.removeAttribute('aria-invalid');
        this.#missing.hidden = true;
    }

    #typed() {
        this.#calm();
        this.#keep();
        this.dispatchEvent(new Event('change'));
    }

    #keep() {
        if (!keep(KEPT, this.isKept ? this.key : '')) {
            this.#wanted.checked = false;           /* the browser keeps nothing for this page */
        }
    }

    #toggleShown() {
        const shown = this.#field.type === 'password';

        this.#field.type = shown ? 'text' : 'password';
        this.#show.setAttribute('aria-pressed', String(shown));
    }
}
