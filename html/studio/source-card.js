import {make, setOptions, show} from '../common/elements.js';
import {Health} from './health.js';
import {qualitiesOf} from './quality.js';
import {nameOf} from './source-name.js';
import {describe, explain, figuresText, isActive} from './studio-text.js';

/** One source in the studio: its picture, its label, how it does, and what can be done with it. */
export class SourceCard {
    #element;
    #parts;
    #actions;
    #source = null;
    #liveSince = 0;
    #health = new Health();

    /**
     * @param {HTMLTemplateElement} template
     * @param {string} sourceId
     * @param {object} actions
     * @param {function(string): void} actions.toggle starts or stops
     * @param {function(string): void} actions.renew captures again
     * @param {function(string): void} actions.remove
     * @param {function(string, string): void} actions.label gives another label; it may throw a SourceError
     * @param {function(string, boolean): void} actions.mute
     * @param {function(string, string): void} actions.quality
     * @param {function(string): void} actions.air puts it on air
     */
    constructor(template, sourceId, actions) {
        this.#element = template.content.firstElementChild.cloneNode(true);
        this.#element.dataset.source = sourceId;
        this.#actions = actions;
        this.#parts = Object.fromEntries([...this.#element.querySelectorAll('[data-part]')]
            .map((part) => [part.dataset.part, part]));

        const {video, label, hint, toggle, air, mute, renew, remove, quality} = this.#parts;

        video.muted = true;
        hint.id = `${sourceId}-hint`;
        label.setAttribute('aria-describedby', hint.id);

        toggle.addEventListener('click', () => this.#actions.toggle(sourceId));
        air.addEventListener('click', () => this.#actions.air(sourceId));
        renew.addEventListener('click', () => this.#actions.renew(sourceId));
        remove.addEventListener('click', () => this.#actions.remove(sourceId));
        mute.addEventListener('click', () => this.#actions.mute(sourceId, !this.#source.muted));
        quality.addEventListener('change', () => this.#actions.quality(sourceId, quality.value));
        label.addEventListener('input', () => this.#hint(nameOf(label.value)));
        label.addEventListener('change', () => this.#relabel());
    }

    get element() {
        return this.#element;
    }

    /** @returns {?{level: string, text: string}} of what is being sent */
    get verdict() {
        return this.#source?.state === 'live' ? this.#health.verdict : null;
    }

    /**
     * @param {import('./multi-source-broadcaster.js').BroadcastSource} source
     * @param {object} more
     * @param {?string} more.quality id of the one that is wanted
     * @param {boolean} more.busy it is about to go live
     * @param {?boolean} more.onAir null where nobody chooses what is
     * @param {?number} more.viewers null where they are not known
     */
    render(source, {quality, busy, onAir, viewers}) {
        const {video, label, state, reason, toggle, air, mute, renew, remove} = this.#parts;
        const {title, text} = describe(source);
        const active = isActive(source);
        const ended = source.state === 'ended';

        if (source.state === 'live' && this.#source?.state !== 'live') {
            this.#liveSince = performance.now();
            this.#health.reset();
        }

        if (source.label !== this.#source?.label) {
            label.value = source.label;
            this.#hint(source.name);
        }

        /* a video that waits for a picture holds up the page's load event */

        const stream = ended ? null : source.stream;

        if (video.srcObject !== stream) {
            video.srcObject = stream;
        }

        this.#source = source;
        this.#element.dataset.state = source.state;
        this.#element.toggleAttribute('data-on-air', onAir === true);
        this.#element.setAttribute('aria-label', source.label);
        video.setAttribute('aria-label', `Preview of ${source.label}`);
        video.hidden = ended;
        video.parentNode.hidden = source.type === 'audio';
        label.readOnly = active;

        state.textContent = title;
        show(reason, text);
        show(this.#parts.viewers, viewers === null || source.state !== 'live' ? ''
                                  : `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`);

        toggle.textContent = active ? 'Stop' : 'Go live';
        toggle.classList.toggle('button-primary', !active);
        toggle.setAttribute('aria-label', `${toggle.textContent}: ${source.label}`);
        toggle.hidden = ended;
        toggle.disabled = busy && !active;
        air.hidden = onAir === null || source.state !== 'live';
        air.setAttribute('aria-pressed', String(onAir === true));
        air.setAttribute('aria-label', `On air: ${source.label}`);
        mute.hidden = ended || source.stream.getAudioTracks().length === 0;
        mute.setAttribute('aria-label', `Mute ${source.label}`);
        mute.setAttribute('aria-pressed', String(source.muted));
        renew.hidden = !ended || source.type === 'other';
        renew.setAttribute('aria-label', `Choose again for ${source.label}`);
        remove.setAttribute('aria-label', `Remove ${source.label}`);
        this.#renderQuality(source, quality);
        this.#parts['level-field'].hidden = mute.hidden;
        this.#parts.level.setAttribute('aria-label', `Sound of ${source.label}`);

        if (!active) {
            this.measure(null);
        }
    }

    /**
     * @param {?import('./whip-stats.js').Figures} figures null while nothing is sent
     * @param {?number} [framerate] that is wanted
     */
    measure(figures, framerate = null) {
        const live = figures !== null && this.#source.state === 'live';
        const {health} = this.#parts;

        show(this.#parts.figures, live ? figuresText(figures) : '');

        if (!live) {
            show(health, '');
            return;
        }

        const seconds = (performance.now() - this.#liveSince) / 1000;
        const {type, lowered} = this.#source;

        this.#health.add(figures, {seconds, type, framerate, lowered});

        const {level, text} = this.#health.verdict;

        health.dataset.kind = level === 'good' ? 'good' : 'warn';

        if (health.lastChild?.textContent !== text) {
            health.replaceChildren(make('span', {class: 'visually-hidden'}, 'Health: '), text);
        }

        health.hidden = false;
    }

    /** @param {number} level of its sound, 0 to 1 */
    hear(level) {
        this.#parts.level.value = this.#source.muted ? 0 : level;
    }

    #renderQuality(source, quality) {
        const {quality: select, 'quality-field': field} = this.#parts;
        const choices = qualitiesOf(source.type);

        field.hidden = choices.length === 0;
        setOptions(select, choices.map(({id, text}) => [id, text]), quality ?? '');
        select.setAttribute('aria-label', `Picture of ${source.label}`);
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
