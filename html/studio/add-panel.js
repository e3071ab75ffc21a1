import {setOptions, show} from '../common/elements.js';
import {sharesScreens} from './capture.js';
import {DeviceChoice} from './device-choice.js';
import {qualitiesOf, qualityOf} from './quality.js';
import {freeLabel} from './studio-text.js';

const LABELS = {screen: 'Main Screen', webcam: 'Face Cam', audio: 'Microphone'};

/** What can be added: cameras, screens and sound, each with how good it is to be. */
export class AddPanel {
    #root;
    #cameras;
    #microphones;
    #sounds;
    #devices = [];
    #used;
    #labels;
    #adding = false;

    /**
     * @param {Document} root
     * @param {object} about
     * @param {function(...function(): object): void} about.add adds what these functions ask for, one after the other
     * @param {function(): string[]} about.used devices that sources have
     * @param {function(): string[]} about.labels of the sources
     */
    constructor(root, {add, used, labels}) {
        const at = (id) => root.getElementById(id);
        const microphone = {any: 'Default microphone', missing: 'No microphone found'};

        this.#root = root;
        this.#used = used;
        this.#labels = labels;
        this.#cameras = new DeviceChoice(at('camera'), 'videoinput',
                                         {any: 'Default camera', missing: 'No camera found', taken: 'added'});
        this.#microphones = new DeviceChoice(at('microphone'), 'audioinput', {...microphone, none: 'No sound'});
        this.#sounds = new DeviceChoice(at('sound'), 'audioinput', microphone);

        for (const [id, type] of [['camera-picture', 'webcam'], ['screen-picture', 'screen']]) {
            setOptions(at(id), qualitiesOf(type).map(({id: own, text}) => [own, text]), qualityOf(type, null).id);
        }

        at('add-form').addEventListener('submit', (event) => event.preventDefault());
        at('add-camera').addEventListener('click', () => add(this.#camera));
        at('add-screen').addEventListener('click', () => add(this.#screen));
        at('add-sound').addEventListener('click', () => add(this.#sound));
        at('add-both').addEventListener('click', () => add(this.#screen, this.#camera));
        at('screen-missing').hidden = sharesScreens();

        navigator.mediaDevices?.addEventListener?.('devicechange', () => this.list());
        this.list();
    }

    /** Asks the browser what there is. */
    async list() {
        this.#devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => null) ?? null;
        this.render();
    }

    /** @param {boolean} [adding] the user is being asked for a source; else as it was */
    render(adding = this.#adding) {
        const at = (id) => this.#root.getElementById(id);
        const used = this.#used();

        this.#adding = adding;
        this.#cameras.render(this.#devices, used);
        this.#microphones.render(this.#devices);
        this.#sounds.render(this.#devices);

        at('add-camera').disabled = adding || !this.#cameras.found;
        at('add-screen').disabled = adding || !sharesScreens();
        at('add-sound').disabled = adding || !this.#sounds.found;
        at('add-both').disabled = at('add-camera').disabled || at('add-screen').disabled;
    }

    /** @param {string} text what went wrong, or nothing */
    trouble(text) {
        show(this.#root.getElementById('add-trouble'), text);
    }

    #camera = () => ({
        ...this.#base('webcam', 'camera-picture'), deviceId: this.#cameras.freeDeviceId(this.#used()),
        captureAudio: this.#microphones.wanted, audioDeviceId: this.#microphones.deviceId,
    });

    #screen = () => ({
        ...this.#base('screen', 'screen-picture'), captureAudio: this.#root.getElementById('screen-sound').checked,
    });

    #sound = () => ({...this.#base('audio'), captureAudio: true, audioDeviceId: this.#sounds.deviceId});

    #base(type, select = null) {
        const label = freeLabel(LABELS[type], this.#labels());

        return {type, label, quality: select && this.#root.getElementById(select).value};
    }
}
