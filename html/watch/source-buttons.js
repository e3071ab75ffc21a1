import {make, write} from '../common/elements.js';
import {otherCodec, pictureSize} from './viewer-text.js';

/** How often what is not played shows a picture, how long nobody asks where there was none, and its width. */
const PICTURE_MS = 10000;
const NO_PICTURE_MS = 60000;
const PICTURE_WIDTH = 192;

/** For each source a button that makes it the picture, with a small picture of what is not played, and a switch. */
export class SourceButtons {
    #container;
    #actions;
    #rows = new Map();      /* id -> {row, button, canvas, texts, box, pictureAt} */
    #timer;
    #loading = null;

    /** No connection is free for small pictures. */
    busy = false;

    /**
     * @param {HTMLElement} container
     * @param {object} actions
     * @param {function(string): void} actions.choose called with the id of the source that the viewer wants
     * @param {function(string, boolean): void} actions.enable called when he turns one on or off
     * @param {function(Source): Request} actions.picture of a source, as a short video
     */
    constructor(container, actions) {
        this.#container = container;
        this.#actions = actions;
        this.#timer = setInterval(() => this.#showPictures(), 1000);
    }

    destroy() {
        clearInterval(this.#timer);
        this.#loading?.abort();
    }

    /**
     * @param {import('./source-list.js').Source[]} sources
     * @param {object} view
     * @param {?string} view.mainId
     * @param {string[]} view.besideIds
     * @param {string} view.besideText what these are
     * @param {?string} view.nextId
     * @param {?string} view.unplayableId
     * @param {string[]} view.off
     * @param {?string} view.onAir
     * @param {function(string): string} view.priceOf
     */
    render(sources, view) {
        const kept = new Set(sources.map((source) => source.id));

        for (const [id, {row}] of this.#rows) {
            if (!kept.has(id)) {
                row.remove();
                this.#rows.delete(id);
            }
        }

        sources.forEach((source, index) => {
            const row = this.#rows.get(source.id) ?? this.#create(source.id);

            row.source = source;
            this.#update(row, source, index + 1, view);
            row.box.parentElement.hidden = sources.length < 2 && !view.off.includes(source.id);
        });
    }

    #create(id) {
        const texts = ['number', 'name', 'detail'].map((part) => make('span', {class: `source-${part}`}));
        const [number, name, detail] = texts;
        const canvas = make('canvas', {class: 'source-picture', hidden: '', 'aria-hidden': 'true'});
        const button = make('button', {type: 'button', class: 'button source', 'data-source': id}, canvas, number,
                            make('span', {}, name, ' ', detail));
        const box = make('input', {type: 'checkbox', role: 'switch'});
        const row = {row: make('div', {class: 'source-row'}, button, make('label', {class: 'check'}, box)),
                     button, canvas, texts, box, pictureAt: 0};

        number.setAttribute('aria-hidden', 'true');
        button.addEventListener('click', () => {
            if (button.getAttribute('aria-disabled') !== 'true') {
                this.#actions.choose(id);
            }
        });
        box.addEventListener('change', () => this.#actions.enable(id, box.checked));

        this.#container.append(row.row);
        this.#rows.set(id, row);

        return row;
    }

    #update(row, source, number, {mainId, besideIds, besideText, nextId, unplayableId, off, onAir, priceOf}) {
        const {id, gone = false} = source;
        const {button, texts, box} = row;
        const isOff = off.includes(id);
        const note = this.#note(source, unplayableId);
        const details = [isOff && !gone ? 'off' : note ?? pictureSize(source), besideIds.includes(id) && besideText,
                         id === nextId && 'coming', id === onAir && 'on air', priceOf(id)];

        row.played = id === mainId || besideIds.includes(id);
        button.setAttribute('aria-pressed', String(id === mainId));
        button.setAttribute('aria-busy', String(id === nextId));
        button.setAttribute('aria-disabled', String(gone));
        button.toggleAttribute('data-gone', gone);
        button.toggleAttribute('data-note', note !== null);
        box.checked = !isOff;
        box.setAttribute('aria-label', `${source.label}: watch it`);

        [number <= 9 ? String(number) : '·', source.label, details.filter(Boolean).join(' · ')]
            .forEach((text, i) => write(texts[i], text));

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

        return source.state === 'stalled' ? 'stalled' : otherCodec(source);
    }

    /** One at a time, and none while nobody looks. */
    async #showPictures() {
        const now = performance.now();

        for (const row of this.#rows.values()) {
            row.canvas.hidden ||= row.played || Boolean(row.source.gone);
        }

        if (this.busy) {
            this.#loading?.abort();
            return;
        }

        const row = [...this.#rows.values()].find(({played, source, pictureAt}) =>
            !played && !source.gone && source.video && pictureAt <= now);

        if (document.hidden || this.#loading !== null || row === undefined) {
            return;
        }

        const loading = this.#loading = new AbortController();
        const timer = setTimeout(() => loading.abort(), PICTURE_MS);

        row.pictureAt = now + PICTURE_MS;

        try {
            await this.#showPicture(row, loading.signal);

        } catch {
            /* in a while */

        } finally {
            clearTimeout(timer);
            this.#loading = null;
        }
    }

    async #showPicture(row, signal) {
        const response = await fetch(this.#actions.picture(row.source), {signal});

        if (!response.ok) {
            row.pictureAt += NO_PICTURE_MS - PICTURE_MS;
            return;
        }

        const url = URL.createObjectURL(await response.blob());
        const video = Object.assign(document.createElement('video'), {muted: true, playsInline: true, preload: 'auto'});

        try {
            await new Promise((resolve, reject) => {
                video.addEventListener('loadeddata', resolve);
                video.addEventListener('error', reject);
                signal.addEventListener('abort', reject);
                video.src = url;
            });

            const {canvas} = row;

            canvas.width = PICTURE_WIDTH;
            canvas.height = Math.round(PICTURE_WIDTH * video.videoHeight / video.videoWidth) || 0;
            canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
            canvas.hidden = row.played;

        } finally {
            video.removeAttribute('src');
            video.load();
            URL.revokeObjectURL(url);
        }
    }
}
