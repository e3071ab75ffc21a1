/** Chromium lists these beside the devices that they stand for. */
const ALIASES = ['default', 'communications'];

/** A list of cameras or microphones to choose from.  Names are known only once the browser has been allowed to tell. */
export class DeviceChoice {
    #select;
    #kind;
    #words;
    #found = true;

    /**
     * @param {HTMLSelectElement} select
     * @param {string} kind videoinput or audioinput
     * @param {{any: string, missing: string, none?: string}} words for the browser's own choice, for there being no
     *     device, and for wanting none
     */
    constructor(select, kind, words) {
        this.#select = select;
        this.#kind = kind;
        this.#words = words;
        this.render([]);
    }

    /** @returns {boolean} there is a device, and it is wanted */
    get wanted() {
        return this.#found && this.#select.value !== 'none';
    }

    /** @returns {string} empty for the browser's own choice */
    get deviceId() {
        return this.wanted ? this.#select.value : '';
    }

    /** @param {?MediaDeviceInfo[]} devices of all kinds; null if it is not known which there are */
    render(devices) {
        const own = devices?.filter(({kind}) => kind === this.#kind) ?? [];
        const named = own.filter(({deviceId, label}) => deviceId && label && !ALIASES.includes(deviceId));
        const chosen = this.#select.value;

        this.#found = devices === null || own.length > 0;

        const options = this.#found ? [new Option(this.#words.any, ''),
                                       ...named.map(({deviceId, label}) => new Option(label, deviceId))]
                                    : [new Option(this.#words.missing, '')];

        if (this.#found && this.#words.none !== undefined) {
            options.push(new Option(this.#words.none, 'none'));
        }

        this.#select.replaceChildren(...options);
        this.#select.disabled = !this.#found;

        if (options.some(({value}) => value === chosen)) {
            this.#select.value = chosen;
        }
    }
}
