import {make, show} from '../common/elements.js';
import {explainShow, onAirText} from './show-text.js';

/** Who chooses what is on air, and what is: of all sources of the show, those of other programs included. */
export class DirectorPanel {
    #root;
    #session;
    #busy = false;

    /**
     * @param {Document} root
     * @param {import('./show-session.js').ShowSession} session
     */
    constructor(root, session) {
        this.#root = root;
        this.#session = session;

        for (const radio of this.#radios) {
            radio.addEventListener('change', () => this.#direct(radio.value, this.#session.onAir.source));
        }
    }

    /** @returns {?string} the source on air; null where viewers choose for themselves */
    get source() {
        const {mode, source} = this.#session.onAir;

        return this.#session.state === 'open' && mode !== 'off' ? source : null;
    }

    /** The streamer has chosen. @param {string} name of a source */
    put(name) {
        return this.#direct('manual', name);
    }

    render() {
        const {state, onAir, show: about} = this.#session;
        const open = state === 'open';

        this.#at('director').hidden = !open;

        if (!open) {
            return;
        }

        if (!this.#busy) {
            for (const radio of this.#radios) {
                radio.checked = radio.value === onAir.mode;
            }
        }

        const live = (about.streams ?? []).filter(({status}) => status === 'live');
        const labelOf = (name) => live.find((stream) => stream.name === name)?.label ?? name;

        this.#at('on-air').textContent = onAirText(onAir, labelOf);
        this.#renderSources(live, onAir);
    }

    /* the buttons stay the same ones, so that a focus does */
    #renderSources(live, {mode, source}) {
        const group = this.#at('on-air-sources');
        const before = new Map([...group.children].map((button) => [button.dataset.name, button]));

        group.hidden = live.length === 0;

        for (const {name, label} of live) {
            const button = before.get(name) ?? this.#button(name);

            before.delete(name);
            button.textContent = label || name;
            button.setAttribute('aria-pressed', String(mode !== 'off' && name === source));

            if (button.parentNode !== group) {
                group.append(button);
            }
        }

        for (const button of before.values()) {
            button.remove();
        }
    }

    #button(name) {
        const button = make('button', {class: 'button', type: 'button', 'data-name': name});

        button.addEventListener('click', () => this.put(name));

        return button;
    }

    async #direct(mode, source) {
        this.#busy = true;

        try {
            await this.#session.direct(mode, mode === 'manual' ? source : null);
            show(this.#at('director-trouble'), '');

        } catch (error) {
            show(this.#at('director-trouble'), explainShow(error));

        } finally {
            this.#busy = false;
            this.render();
        }
    }

    get #radios() {
        return this.#root.querySelectorAll('input[name="director"]');
    }

    #at(id) {
        return this.#root.getElementById(id);
    }
}
