import {setOptions} from '../common/elements.js';

/** Two sources as viewers see them who put one in a corner of the other. */
export class OverlayPanel {
    #root;
    #changed;
    #kept;                      /* names, for sources that are not there yet */
    #sources = [];

    /**
     * @param {Document} root
     * @param {import('./studio-memory.js').Memory['overlay']} kept
     * @param {function(): void} changed the user has chosen something else
     */
    constructor(root, kept, changed) {
        this.#root = root;
        this.#kept = {main: kept.main, inset: kept.inset};
        this.#changed = changed;
        this.#at('corner').value = kept.corner;
        this.#at('size').value = String(kept.size);

        for (const id of ['corner', 'size', 'main-source', 'inset-source']) {
            this.#at(id).addEventListener('input', () => this.#chosen());
        }

        this.#place();
    }

    /** @returns {import('./studio-memory.js').Memory['overlay']} */
    get choice() {
        return {...this.#kept, corner: this.#at('corner').value, size: Number(this.#at('size').value)};
    }

    /** @param {import('./multi-source-broadcaster.js').BroadcastSource[]} sources */
    render(sources) {
        this.#sources = sources.filter(({type, state}) => type !== 'audio' && state !== 'ended');
        this.#at().hidden = this.#sources.length < 2;

        if (this.#sources.length < 2) {
            this.#play('main', null);
            this.#play('inset', null);
            return;
        }

        const find = (name) => this.#sources.find((source) => source.name === name);
        const main = find(this.#kept.main) ?? this.#sources.find(({type}) => type === 'screen') ?? this.#sources[0];
        const other = find(this.#kept.inset);
        const inset = other !== undefined && other !== main ? other : this.#sources.find((one) => one !== main);
        const choices = this.#sources.map(({name, label}) => [name, label]);

        setOptions(this.#at('main-source'), choices, main.name);
        setOptions(this.#at('inset-source'), choices, inset.name);
        this.#play('main', main.stream);
        this.#play('inset', inset.stream);
    }

    #chosen() {
        const [main, inset] = ['main-source', 'inset-source'].map((id) => this.#at(id).value);

        /* choosing the one that is in the other place exchanges the two */

        const before = [this.#at('main').dataset.name, this.#at('inset').dataset.name];

        this.#kept = main !== inset ? {main, inset}
                   : main === before[1] ? {main, inset: before[0]} : {main: before[1], inset};
        this.#place();
        this.render(this.#sources);
        this.#changed();
    }

    /* a picture's size is a part of the large one's width */
    #place() {
        const {corner, size} = this.choice;

        this.#at('stage').dataset.corner = corner;
        this.#at('stage').style.setProperty('--size', `${size}%`);
        this.#at('percent').textContent = `${size} %`;
    }

    #play(id, stream) {
        const video = this.#at(id);

        video.dataset.name = stream === null ? '' : this.#at(`${id}-source`).value;
        video.muted = true;

        if (video.srcObject !== stream) {
            video.srcObject = stream;
        }
    }

    #at(id = '') {
        return this.#root.getElementById(id === '' ? 'overlay' : `overlay-${id}`);
    }
}
