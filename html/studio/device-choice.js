import {setOptions} from '../common/elements.js';

/** Chromium lists these beside the devices that they stand for. */
const ALIASES = ['default', 'communications'];

/** A list of cameras or microphones to choose from.  Names are known only once the browser has been allowed to tell. */
export class DeviceChoice {
    #select;
    #kind;
    #words;
    #found = true;
    #named = [];

    /**
     * @param {HTMLSelectElement} select
     * @param {string} kind videoinput or audioinput
     * @param {{any: string, missing: string, none?: string, taken?: string}} words for the browser's own choice, for
     *     there being no device, for wanting none, and for a device that a source has already
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

    /** @returns {boolean} there is a device */
    get found() {
        return this.#found;
    }

    /** @returns {string} empty for the browser's own choice */
    get deviceId() {
        return this.wanted ? this.#select.value : '';
    }

    /**
     * @param {string[]} used devices that sources have already
     * @returns {string} the chosen device; where none was chosen one that is free, or else the browser's own choice
     */
    freeDeviceId(used) {
        const free = () => this.#named.find(({deviceId}) => !used.includes(deviceId))?.deviceId ?? '';

        return this.deviceId || (used.length > 0 ? free() : '');
    }

    /**
     * @param {?MediaDeviceInfo[]} devices of all kinds; null if it is not known which there are
     * @param {string[]} [used] devices that sources have already
     */
    render(devices, used = []) {
        const own = devices?.filter(({kind}) => kind === this.#kind) ?? [];
        const {any, missing, none, taken} = this.#words;

        this.#named = own.filter(({deviceId, label}) => deviceId && label && !ALIASES.includes(deviceId));
        this.#found = devices === null || own.length > 0;

        const name = ({deviceId, label}) => (taken && used.includes(deviceId) ? `${label} (${taken})` : label);
        const options = this.#found ? [['', any], ...this.#named.map((device) => [device.deviceId, name(device)])]
                                    : [['', missing]];

        if (this.#found && none !== undefined) {
            options.push(['none', none]);
        }

        setOptions(this.#select, options);
        this.#select.disabled = !this.#found;
    }
}
