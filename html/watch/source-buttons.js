import {otherCodec, pictureSize} from './source-text.js';

/** The row of source buttons. */
export class SourceButtons {
    #container;
    #choose;
    #buttons = new Map();

    /**
     * @param {HTMLElement} container
     * @param {function(string): void} choose called with the id of the source that the viewer wants
     */
    constructor(container, choose) {
        this.#container = container;
        this.#choose = choose;
    }

    /**
     * @param {import('./source-list.js').Source[]} sources
     * @param {{mainId: ?string, insetId: ?string, nextId: ?string, unplayableId: ?string}} view
     */
    render(sources, view) {
        const kept = new Set(sources.map((source) => source.id));

        for (const [id, button] of this.#buttons) {
            if (!kept.has(id)) {
                button.remove();
                this.#buttons.delete(id);
            }
        }

        sources.forEach((source, index) => {
            const button = this.#buttons.get(source.id) ?? this.#create(source.id);

            this.#update(button, source, index + 1, view);
        });
    }

    #create(id) {
        const button = document.createElement('button');

        button.type = 'button';
        button.className = 'button source';
        button.dataset.source = id;

        for (const part of ['number', 'name', 'detail']) {
            const span = document.createElement('span');
            span.className = `source-${part}`;
            button.append(span);
        }

        const [number, name, detail] = button.children;
        const text = document.createElement('span');

        number.setAttribute('aria-hidden', 'true');
        text.append(name, ' ', detail);
        button.append(text);

        button.addEventListener('click', () => {
            if (button.getAttribute('aria-disabled') !== 'true') {
                this.#choose(id);
            }
        });

        this.#container.append(button);
        this.#buttons.set(id, button);

        return button;
    }

    #update(button, source, number, {mainId, insetId, nextId, unplayableId}) {
        const note = this.#note(source, unplayableId);
        const details = [note ?? pictureSize(source)];

        if (source.id === insetId) {
            details.push('inset');
        }

        if (source.id === nextId) {
            details.push('coming');
        }

        button.setAttribute('aria-pressed', String(source.id === mainId));
        button.setAttribute('aria-busy', String(source.id === nextId));
        button.setAttribute('aria-disabled', String(Boolean(source.gone)));
        button.toggleAttribute('data-gone', Boolean(source.gone));
        button.toggleAttribute('data-note', note !== null);

        this.#write(button, '.source-number', number <= 9 ? String(number) : '·');
        this.#write(button, '.source-name', source.label);
        this.#write(button, '.source-detail', details.filter(Boolean).join(' · '));

        if (number <= 9) {
            button.setAttribute('aria-keyshortcuts', String(number));
        } else {
            button.removeAttribute('aria-keyshortcuts');
        }
    }

    #note(source, unplayableId) {
        if (source.gone) {
            return 'ended';
        }

        if (source.id === unplayableId) {
            return `${otherCodec(source) ?? 'format'} · not playable here`;
        }

        if (source.state === 'stalled') {
            return 'stalled';
        }

        return otherCodec(source);
    }

    #write(button, selector, text) {
        const span = button.querySelector(selector);

        if (span.textContent !== text) {
            span.textContent = text;
        }
    }
}
