import {changedSettings, faultOf, groupsOf, shownValue} from './settings-fields.js';

/** The controls of a destination's settings, made of the table of fields. */
export class SettingsForm {
    #place;
    #fields = [];
    #settings = {};
    #controls = new Map();      /* key -> {field, control, fault} */

    /** @param {Element} place where the groups are put */
    constructor(place) {
        this.#place = place;
    }

    /**
     * @param {string} platform
     * @param {object} settings as they are
     */
    render(platform, settings) {
        const groups = groupsOf(platform);

        this.#settings = settings;
        this.#controls.clear();
        this.#fields = groups.flatMap(({fields}) => fields);
        this.#place.replaceChildren(...groups.map((group) => this.#group(group)));
    }

    clear() {
        this.#fields = [];
        this.#settings = {};
        this.#controls.clear();
        this.#place.replaceChildren();
    }

    /** @returns {object} settings that are to be another than before */
    get changes() {
        return changedSettings(this.#fields, this.#settings, (field) => this.#read(field));
    }

    /** @returns {boolean} all can be sent; else what is wrong is shown, and the first of it has the focus */
    check() {
        let first = null;

        for (const {field, control} of this.#controls.values()) {
            const fault = this.#badInput(control) ? 'This is no number.' : faultOf(field, this.#read(field));

            this.fault(field.key, fault);
            first ??= fault === '' ? null : control;
        }

        first?.focus();

        return first === null;
    }

    /**
     * @param {string} key
     * @param {string} text what is wrong with it, or nothing
     * @returns {?Element} the control, if there is such a field
     */
    fault(key, text) {
        const entry = this.#controls.get(key);

        if (entry === undefined) {
            return null;
        }

        entry.fault.textContent = text;
        entry.fault.hidden = text === '';
        entry.control.toggleAttribute('aria-invalid', false);

        if (text !== '') {
            entry.control.setAttribute('aria-invalid', 'true');
        }

        return entry.control;
    }

    /** @param {string} key */
    focus(key) {
        this.#controls.get(key)?.control.focus();
    }

    /**
     * What a "page" can be, once it is known.
     * @param {{id: string, name: string}[]} pages
     */
    setPages(pages) {
        for (const {field, control} of this.#controls.values()) {
            if (field.type === 'page') {
                const chosen = control.value;

                control.replaceChildren(option('', 'None chosen'), ...pages.map(({id, name}) => option(id, name)));

                if (chosen !== '' && !pages.some(({id}) => id === chosen)) {
                    control.append(option(chosen, `Page ${chosen}`));
                }

                control.value = chosen;
            }
        }
    }

    #group({title, fields}) {
        const set = make('fieldset', 'kind');

        set.append(make('legend', '', title), ...fields.map((field) => this.#field(field)));

        return set;
    }

    #field(field) {
        const control = this.#control(field);
        const fault = make('p', 'trouble');
        const box = make('div', field.wide ? 'setting wide' : 'setting');
        const label = make('label', field.type === 'check' ? 'check' : 'field');
        const described = [];

        control.id = `setting-${field.key}`;
        fault.id = `${control.id}-fault`;
        fault.hidden = true;
        label.append(...(field.type === 'check' ? [control, make('span', '', field.label)]
                                                : [make('span', '', field.label), control]));
        box.append(label);

        if (field.hint !== undefined) {
            const hint = make('p', 'hint', field.hint);

            hint.id = `${control.id}-hint`;
            described.push(hint.id);
            box.append(hint);
        }

        described.push(fault.id);
        control.setAttribute('aria-describedby', described.join(' '));
        box.append(fault);
        this.#controls.set(field.key, {field, control, fault});

        return box;
    }

    #control(field) {
        const {type, min, max, options, placeholder} = field;
        const shown = shownValue(field, this.#settings[field.key]);
        const control = document.createElement({select: 'select', page: 'select', long: 'textarea'}[type] ?? 'input');

        if (type === 'check') {
            control.type = 'checkbox';
            control.checked = shown;
            return control;
        }

        control.className = 'input';
        control.autocomplete = 'off';

        if (type === 'select' || type === 'page') {
            const known = options ?? [['', 'None chosen']];

            control.append(...known.map(([value, label]) => option(value, label)));

            if (!known.some(([value]) => value === shown)) {
                control.append(option(shown, shown));
            }

        } else if (type === 'number') {
            Object.assign(control, {type: 'number', inputMode: 'numeric', min, max, step: 1});

        } else if (type === 'time') {
            control.type = 'datetime-local';

        } else if (type !== 'list') {
            control.maxLength = max;
        }

        if (placeholder !== undefined) {
            control.placeholder = placeholder;
        }

        control.value = shown;

        return control;
    }

    #read({key, type}) {
        const {control} = this.#controls.get(key);

        return type === 'check' ? control.checked : control.value;
    }

    /* the value of a number that is none is empty, as if nothing were there */
    #badInput(control) {
        return control.validity?.badInput === true;
    }
}

function option(value, label) {
    const element = make('option', '', label);

    element.value = value;

    return element;
}

function make(tag, className, text = '') {
    const element = document.createElement(tag);

    element.textContent = text;

    if (className !== '') {
        element.className = className;
    }

    return element;
}
