import {show, write} from '../common/elements.js';
import {BitrateGraph} from './graph.js';
import {OAUTH} from './settings-fields.js';
import {accountText, describe, explain, figuresText, isRunning, webAddress} from './simulcast-text.js';

/** One destination in the console: how it does, and what can be done with it. */
export class DestinationCard {
    #element;
    #parts;
    #graph;
    #destination = null;
    #shown = {};                /* what the lists were made of */

    /**
     * @param {HTMLTemplateElement} template
     * @param {string} id of the destination
     * @param {Object<string, function(string): void>} actions of the buttons, by data-part: toggle, test, edit, page,
     *     refresh, remove; and of the switch: enable
     */
    constructor(template, id, actions) {
        this.#element = template.content.firstElementChild.cloneNode(true);
        this.#element.dataset.destination = id;
        this.#parts = Object.fromEntries([...this.#element.querySelectorAll('[data-part]')]
            .map((part) => [part.dataset.part, part]));
        this.#graph = new BitrateGraph(this.#parts.graph);

        for (const name of ['toggle', 'test', 'edit', 'page', 'refresh', 'remove']) {
            this.#parts[name].addEventListener('click', () => {
                if (this.#parts[name].getAttribute('aria-disabled') !== 'true') {
                    actions[name](id);
                }
            });
        }

        this.#parts.enable.addEventListener('change', () => actions.enable(id));
    }

    get element() {
        return this.#element;
    }

    /** @returns {boolean} the switch as it stands */
    get wantsEnabled() {
        return this.#parts.enable.checked;
    }

    /**
     * @param {import('./api.js').Destination} destination
     * @param {boolean} busy something asked for is under way
     */
    render(destination, busy) {
        const {name, account, state, figures, trouble, watch, enable, toggle, page, refresh} = this.#parts;
        const running = isRunning(destination);
        const address = webAddress(destination.playback_url);
        const failed = destination.error?.code || destination.error?.message;

        this.#destination = destination;
        this.#element.dataset.state = destination.status;
        this.#element.dataset.health = running ? destination.health ?? '' : '';
        this.#element.setAttribute('aria-label', destination.name);

        write(name, destination.name);
        write(account, accountText(destination, Date.now()));
        write(state, describe(destination));
        show(figures, figuresText(destination));
        show(trouble, failed ? explain(destination.error) : '');
        this.#list('issues', destination.issues ?? []);
        this.#details(destination.details ?? {});

        watch.hidden = address === null;
        watch.setAttribute('aria-label', `Watch ${destination.name}`);

        if (address !== null) {
            watch.href = address;
        }

        if (!busy) {
            enable.checked = destination.is_enabled;
        }

        toggle.textContent = running ? 'Stop' : 'Start';
        toggle.classList.toggle('button-primary', !running);
        page.hidden = destination.platform !== 'facebook' || Boolean(destination.settings?.page_id);
        refresh.hidden = !OAUTH.includes(destination.platform);
        this.#label();
        this.#busy(busy);
    }

    /**
     * What came of what was asked for.
     * @param {string} text
     * @param {boolean} [good]
     */
    tell(text, good = true) {
        const {notice} = this.#parts;

        show(notice, text);
        notice.classList.toggle('trouble', !good);
        notice.classList.toggle('hint', good);
    }

    /**
     * @param {number} at ms
     * @param {number} bitrate kbit/s
     */
    sample(at, bitrate) {
        this.#graph.add(at, bitrate);
    }

    /** @param {number} now of the clock of sample() */
    draw(now) {
        this.#parts.graph.hidden = !this.#graph.render(now) || !isRunning(this.#destination);
    }

    /** @param {string} part a data-part */
    focus(part) {
        this.#parts[part].focus();
    }

    /* a button's name says of which destination it is */
    #label() {
        const {toggle, enable, test, edit, page, refresh, remove} = this.#parts;
        const {name} = this.#destination;

        for (const button of [toggle, test, edit, page, refresh, remove]) {
            button.setAttribute('aria-label', `${button.textContent}: ${name}`);
        }

        enable.setAttribute('aria-label', `Enabled: ${name}`);
    }

    #busy(busy) {
        for (const name of ['toggle', 'test', 'refresh', 'remove']) {
            this.#parts[name].toggleAttribute('aria-disabled', false);

            if (busy) {
                this.#parts[name].setAttribute('aria-disabled', 'true');
            }
        }

        this.#parts.enable.disabled = busy;
    }

    #list(part, texts) {
        const list = this.#parts[part];

        if (this.#changed(part, texts)) {
            list.replaceChildren(...texts.map((text) => make('li', String(text))));
        }

        list.hidden = texts.length === 0;
    }

    /* what a platform tells beside: ids, addresses, the code to embed a player */
    #details(details) {
        const entries = Object.entries(details).filter(([, value]) =>
            ['string', 'number', 'boolean'].includes(typeof value) && value !== '');

        if (this.#changed('details', entries)) {
            this.#parts.details.replaceChildren(...entries.flatMap(([key, value]) => {
                const address = webAddress(value);
                const shown = make('dd', address === null ? String(value) : '');

                if (address !== null) {
                    const link = make('a', address);

                    Object.assign(link, {href: address, target: '_blank', rel: 'noopener noreferrer'});
                    shown.append(link);
                }

                return [make('dt', key.replaceAll('_', ' ')), shown];
            }));
        }

        this.#parts.more.hidden = entries.length === 0;
    }

    #changed(part, value) {
        const text = JSON.stringify(value);
        const changed = this.#shown[part] !== text;

        this.#shown[part] = text;

        return changed;
    }
}

function make(tag, text) {
    const element = document.createElement(tag);

    element.textContent = text;

    return element;
}
