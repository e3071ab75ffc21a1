/* What lies in and on the picture: the places of the videos, the inset that is dragged, messages and notices. */

export const CORNERS = ['bottom-right', 'bottom-left', 'top-left', 'top-right'];

/** Of the inset, in percent of the picture. */
const SIZE_MIN = 10;
const SIZE_MAX = 40;
const SIZE_STEP = 2;

/** A finger that moves less, in pixels, taps. */
const TAP = 6;

const SHOWN_MS = 8000;

const clamp = (size) => Math.round(Math.min(Math.max(size, SIZE_MIN), SIZE_MAX));

/**
 * Where the pictures are: one, one with another one inset, or all in equal tiles.  The inset is moved and resized by
 * mouse, finger and keys, and each other picture is a button that makes it the main one.
 */
export class StageLayout {
    #stage;
    #box;
    #frame;
    #handle;
    #tell;
    #choose;
    #tiles = new Map();
    #place = {corner: CORNERS[0], size: 25};
    #drag = null;
    #dragged = false;

    /**
     * @param {ParentNode} root
     * @param {{placed: function({corner: string, size: number}): void, choose: function(string): void}} told
     */
    constructor(root, {placed, choose}) {
        this.#stage = root.querySelector('#stage');
        this.#box = root.querySelector('#inset-box');
        this.#frame = root.querySelector('#inset');
        this.#handle = root.querySelector('#inset-size');
        this.#tell = placed;
        this.#choose = choose;

        for (const [element, moved] of [[this.#frame, this.#move], [this.#handle, this.#resize]]) {
            element.addEventListener('pointerdown', (event) => this.#grab(event, moved));
            element.addEventListener('pointermove', (event) => this.#pull(event));
            element.addEventListener('pointerup', () => this.#drop());
            element.addEventListener('pointercancel', () => this.#drop());
            element.addEventListener('keydown', (event) => this.#key(event));
        }

        this.#frame.addEventListener('click', () => {
            if (!this.#dragged) {
                choose(this.#frame.dataset.id);
            }
        });
    }

    /** Puts the inset into a corner, of a size in percent. */
    place({corner, size}) {
        this.#place = {corner, size: clamp(size)};
        this.#stage.dataset.corner = corner;
        this.#stage.style.setProperty('--inset', `${this.#place.size}%`);
        this.#handle.setAttribute('aria-valuenow', this.#place.size);
        this.#handle.setAttribute('aria-valuetext', `${this.#place.size} % of the picture`);
    }

    /** @param {{id: string, text: string}} inset */
    renderInset({id, text} = {}) {
        this.#box.hidden = id === undefined;
        this.#stage.toggleAttribute('data-inset', id !== undefined);

        if (id === undefined) {
            return;
        }

        this.#frame.dataset.id = id;
        this.#frame.firstElementChild.textContent = text;
        this.#frame.setAttribute('aria-label', `${text}. Exchange the two pictures`);
    }

    /**
     * @param {{id: string, text: string}[]} tiles in their order; none: no grid
     * @param {?string} mainId
     * @param {{element: HTMLElement, id: string}[]} placed what is in the place of a tile, or in all of the stage
     */
    renderGrid(tiles, mainId, placed) {
        const columns = Math.ceil(Math.sqrt(tiles.length));
        const rows = Math.ceil(tiles.length / columns);
        const put = ({style}, index) => {
            const column = index % columns;
            const row = Math.floor(index / columns);
            const values = index < 0 || tiles.length === 0 ? ['', '', '', '']
                : [column / columns, row / rows, 1 / columns, 1 / rows].map((part) => `${part * 100}%`);

            [style.left, style.top, style.width, style.height] = values;
        };

        for (const [id, button] of this.#tiles) {
            if (!tiles.some((tile) => tile.id === id)) {
                button.remove();
                this.#tiles.delete(id);
            }
        }

        tiles.forEach(({id, text}, index) => {
            const button = this.#tiles.get(id) ?? this.#makeTile(id);

            put(button, index);
            button.firstElementChild.textContent = text;
            button.setAttribute('aria-pressed', String(id === mainId));
        });

        placed.forEach(({element, id}) => put(element, tiles.findIndex((tile) => tile.id === id)));
    }

    #makeTile(id) {
        const button = document.createElement('button');
        const label = document.createElement('span');

        button.type = 'button';
        button.className = 'tile';
        button.dataset.tile = id;
        label.className = 'inset-label';
        button.append(label);
        button.addEventListener('click', () => this.#choose(id));
        this.#handle.parentElement.before(button);
        this.#tiles.set(id, button);

        return button;
    }

    #grab(event, moved) {
        if (event.button === 0) {
            this.#drag = {moved, x: event.clientX, y: event.clientY};
            this.#dragged = false;
            event.currentTarget.setPointerCapture(event.pointerId);
        }
    }

    #pull({clientX, clientY}) {
        const {moved, x, y} = this.#drag ?? {};

        if (moved && (this.#dragged || Math.hypot(clientX - x, clientY - y) > TAP)) {
            this.#dragged = true;
            moved.call(this, {clientX, clientY, dx: clientX - x, dy: clientY - y});
        }
    }

    #drop() {
        if (this.#drag && this.#dragged) {
            const box = this.#box.getBoundingClientRect();
            const stage = this.#stage.getBoundingClientRect();
            const top = box.top - stage.top < stage.bottom - box.bottom;
            const left = box.left - stage.left < stage.right - box.right;

            this.#shift(0, 0);
            this.#set({corner: `${top ? 'top' : 'bottom'}-${left ? 'left' : 'right'}`});
        }

        this.#drag = null;
    }

    #move({dx, dy}) {
        this.#shift(dx, dy);
    }

    #resize({clientX}) {
        const {left, right} = this.#box.getBoundingClientRect();
        const width = this.#place.corner.endsWith('right') ? right - clientX : clientX - left;

        this.place({...this.#place, size: width / this.#stage.clientWidth * 100});
    }

    #shift(dx, dy) {
        this.#stage.style.setProperty('--dx', `${dx}px`);
        this.#stage.style.setProperty('--dy', `${dy}px`);
    }

    #set(change) {
        this.place({...this.#place, ...change});
        this.#tell(this.#place);
    }

    #key(event) {
        const {corner, size} = this.#place;
        const [vertical, side] = corner.split('-');
        const slides = event.currentTarget === this.#handle;
        const sizes = {'+': size + SIZE_STEP, '=': size + SIZE_STEP, '-': size - SIZE_STEP, ...(slides && {
            ArrowRight: size + 1, ArrowUp: size + 1, ArrowLeft: size - 1, ArrowDown: size - 1,
            Home: SIZE_MIN, End: SIZE_MAX,
        })};
        const corners = {ArrowLeft: `${vertical}-left`, ArrowRight: `${vertical}-right`,
                         ArrowUp: `top-${side}`, ArrowDown: `bottom-${side}`};

        if (event.ctrlKey || event.altKey || event.metaKey) {
            return;
        }

        if (event.key in sizes) {
            this.#set({size: sizes[event.key]});

        } else if (!slides && event.key in corners) {
            this.#set({corner: corners[event.key]});

        } else {
            return;
        }

        event.preventDefault();
    }
}

/** What is said over the picture, with buttons to act on it. */
export class StageMessage {
    #element;
    #shown = null;

    /** @param {HTMLElement} element with .message-title, .message-text and .message-actions in it */
    constructor(element) {
        this.#element = element;
    }

    /**
     * @param {?import('./viewer-text.js').Scene} scene null hides the message
     * @param {{id: string, label: string, act: function(): void}[]} [actions] the first is the obvious one
     */
    show(scene, actions = []) {
        const shown = JSON.stringify([scene, actions]);

        if (shown === this.#shown) {
            return;                 /* leave the focus where it is */
        }

        this.#shown = shown;
        this.#element.hidden = scene === null;

        if (scene === null) {
            return;
        }

        this.#element.toggleAttribute('data-busy', Boolean(scene.busy));
        this.#element.querySelector('.message-title').textContent = scene.title;
        this.#element.querySelector('.message-text').textContent = scene.text ?? '';
        this.#element.querySelector('.message-actions').replaceChildren(...actions.map((action, index) => {
            const button = document.createElement('button');

            button.type = 'button';
            button.className = index === 0 ? 'button button-primary' : 'button';
            button.dataset.action = action.id;
            button.textContent = action.label;
            button.addEventListener('click', action.act);

            return button;
        }));
    }
}

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
