import {describe, explain, figuresText, limitText} from './studio-text.js';
import {nameOf} from './source-name.js';

/** One source in the studio: its picture, its label, how it does, and what can be done with it. */
export class SourceCard {
    #element;
    #parts;
    #actions;
    #source = null;
    #liveSince = 0;

    /**
     * @param {HTMLTemplateElement} template
     * @param {string} sourceId
     * @param {object} actions
     * @param {function(string): void} actions.toggle starts or stops
     * @param {function(string): void} actions.renew captures again
     * @param {function(string): void} actions.remove
     * @param {function(string, string): void} actions.label gives another label; it may throw a SourceError
     */
    constructor(template, sourceId, actions) {
        this.#element = template.content.firstElementChild.cloneNode(true);
        this.#element.dataset.source = sourceId;
        this.#actions = actions;
        this.#parts = Object.fromEntries([...this.#element.querySelectorAll('[data-part]')]
            .map((part) => [part.dataset.part, part]));

        const {video, label, hint, toggle, mute, renew, remove} = this.#parts;

        video.muted = true;
        hint.id = `${sourceId}-hint`;
        label.setAttribute('aria-describedby', hint.id);

        toggle.addEventListener('click', () => this.#actions.toggle(sourceId));
        renew.addEventListener('click', () => this.#actions.renew(sourceId));
        remove.addEventListener('click', () => this.#actions.remove(sourceId));
        mute.addEventListener('click', () => this.#toggleMute());
        label.addEventListener('input', () => this.#hint(nameOf(label.value)));
        label.addEventListener('change', () => this.#relabel());
    }

    get element() {
        return this.#element;
    }

    /** @param {import('./multi-source-broadcaster.js').BroadcastSource} source */
    render(source) {
        const {video, label, state, reason, toggle, mute, renew, remove} = this.#parts;
        const {title, text} = describe(source);
        const active = ['connecting', 'live', 'reconnecting'].includes(source.state);
        const ended = source.state === 'ended';

        if (source.state === 'live' && this.#source?.state !== 'live') {
            this.#liveSince = performance.now();
        }

        if (source.label !== this.#source?.label) {
            label.value = source.label;
            this.#hint(source.name);
        }

        if (video.srcObject !== source.stream) {
            video.srcObject = source.stream;
        }

        this.#source = source;
        this.#element.dataset.state = source.state;
        this.#element.setAttribute('aria-label', source.label);
        video.setAttribute('aria-label', `Preview of ${source.label}`);
        video.hidden = ended;
        label.readOnly = active;

        state.textContent = title;
        show(reason, text);

        toggle.textContent = active ? 'Stop' : 'Go live';
        toggle.classList.toggle('button-primary', !active);
        toggle.setAttribute('aria-label', `${toggle.textContent}: ${source.label}`);
        toggle.hidden = ended;
        mute.hidden = ended || source.stream.getAudioTracks().length === 0;
        mute.setAttribute('aria-label', `Mute ${source.label}`);
        renew.hidden = !ended || source.type === 'other';
        renew.setAttribute('aria-label', `Choose again for ${source.label}`);
        remove.setAttribute('aria-label', `Remove ${source.label}`);

        if (!active) {
            this.measure(null);
        }
    }

    /** @param {?import('./whip-stats.js').Figures} figures null while nothing is sent */
    measure(figures) {
        const live = figures !== null && this.#source.state === 'live';
        const seconds = (performance.now() - this.#liveSince) / 1000;

        show(this.#parts.figures, live ? figuresText(figures) : '');
        show(this.#parts.limit, live ? limitText(figures, seconds) : '');
    }

    #toggleMute() {
        const tracks = this.#source.stream.getAudioTracks();
        const muted = tracks.some(({enabled}) => enabled);

        for (const track of tracks) {
            track.enabled = !muted;
        }

        this.#parts.mute.setAttribute('aria-pressed', String(muted));
    }

    #relabel() {
        const {label} = this.#parts;

        try {
            this.#actions.label(this.#source.sourceId, label.value);

        } catch (error) {
            label.setAttribute('aria-invalid', 'true');
            this.#parts.hint.textContent = `${explain(error)} Until then it is ${this.#source.name}.`;
        }
    }

    #hint(name) {
        this.#parts.label.removeAttribute('aria-invalid');
        this.#parts.hint.textContent = name === '' ? 'A source needs a name.' : `Sent as ${name}`;
    }
}

/* a live region or a reader at work is not disturbed by what it knows already */
function show(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }

    element.hidden = text === '';
}
