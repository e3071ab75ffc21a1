import {KEYED} from './settings-fields.js';
import {SettingsForm} from './settings-form.js';
import {explain} from './simulcast-text.js';

const IMAGES = ['image/jpeg', 'image/png'];

/** The dialog in which a destination is edited; only what has changed is sent. */
export class DestinationEditor {
    #dialog;
    #parts;
    #form;
    #actions;
    #destination = null;
    #busy = false;

    /**
     * @param {HTMLDialogElement} dialog
     * @param {object} actions each may throw an ApiError
     * @param {function(string, object): Promise<void>} actions.save
     * @param {function(string): Promise<{id: string, name: string}[]>} actions.pages of Facebook
     * @param {function(string, Blob): Promise<void>} actions.thumbnail
     * @param {function(): {id: string, label: string}[]} actions.sources to choose from, but for the default one
     */
    constructor(dialog, actions) {
        this.#dialog = dialog;
        this.#actions = actions;
        this.#parts = Object.fromEntries([...dialog.querySelectorAll('[data-part]')]
            .map((part) => [part.dataset.part, part]));
        this.#form = new SettingsForm(this.#parts.settings);

        this.#parts.form.addEventListener('submit', (event) => {
            event.preventDefault();
            this.#save();
        });
        this.#parts.cancel.addEventListener('click', () => this.#dialog.close());
        this.#parts.upload.addEventListener('click', () => this.#upload());
        dialog.addEventListener('close', () => this.#forget());
    }

    /**
     * @param {import('./api.js').Destination} destination
     * @param {string} [key] of the setting to begin with
     */
    open(destination, key) {
        const {title, name, address, url, key: streamKey, thumbnail, file, keyHint} = this.#parts;
        const {platform} = destination;

        this.#destination = destination;
        this.#offerSources(sourceOf(destination.stream_id));
        title.textContent = `Edit ${destination.name}`;
        name.value = destination.name;
        url.value = destination.rtmp_url ?? '';
        streamKey.value = '';
        file.value = '';
        address.hidden = !KEYED.includes(platform);
        url.closest('.setting').hidden = platform !== 'rtmp_custom';
        keyHint.textContent = destination.has_stream_key ? 'There is one. Leave this empty to keep it.'
            : 'There is none yet.';
        thumbnail.hidden = platform !== 'youtube';
        this.#form.render(platform, destination.settings ?? {});
        this.#clear();
        this.#wait(false);
        this.#dialog.showModal();
        this.#dialog.scrollTop = 0;

        if (platform === 'facebook') {
            this.#loadPages(destination.id);
        }

        if (key !== undefined) {
            this.#form.focus(key);
        }
    }

    close() {
        this.#dialog.close();
    }

    /* a closed dialog holds no key and nothing of whoever was signed in */
    #forget() {
        const {title, name, url, key, file} = this.#parts;

        this.#destination = null;
        title.textContent = '';
        this.#form.clear();

        for (const control of [name, url, key, file]) {
            control.value = '';
        }
    }

    #clear() {
        for (const name of ['name', 'url', 'key']) {
            this.#fault(name, '');
        }

        this.#tell('trouble', '');
        this.#tell('thumbnailNews', '');
    }

    /** @returns {?object} what is to be sent, or null when it cannot be */
    #changes() {
        const {name, source, url, key} = this.#parts;
        const {platform, stream_id: streamId} = this.#destination;
        const changes = {};
        const settings = this.#form.changes;

        if (name.value.trim() === '') {
            this.#fault('name', 'A destination needs a name.').focus();
            return null;
        }

        if (name.value.trim() !== this.#destination.name) {
            changes.name = name.value.trim();
        }

        if (source.value !== sourceOf(streamId)) {
            const [streamer] = streamId.split(':');

            changes.stream_id = source.value === '' ? streamer : `${streamer}:${source.value}`;
        }

        if (platform === 'rtmp_custom' && url.value.trim() !== (this.#destination.rtmp_url ?? '')) {
            changes.rtmp_url = url.value.trim();

            if (key.value.trim() === '') {
                this.#fault('key', 'Another address needs its key, too.').focus();
                return null;
            }
        }

        if (KEYED.includes(platform) && key.value.trim() !== '') {
            changes.stream_key = key.value.trim();
        }

        if (Object.keys(settings).length > 0) {
            changes.settings = settings;
        }

        return changes;
    }

    async #save() {
        const {id} = this.#destination;

        this.#clear();

        if (this.#busy || !this.#form.check()) {
            return;
        }

        const changes = this.#changes();

        if (changes === null) {
            return;
        }

        if (Object.keys(changes).length === 0) {
            this.#dialog.close();
            return;
        }

        this.#wait(true);

        try {
            await this.#actions.save(id, changes);

            if (this.#destination?.id === id) {
                this.#dialog.close();
            }

        } catch (error) {
            this.#blame(error);

        } finally {
            this.#wait(false);
        }
    }

    /** Shows an error where it belongs. */
    #blame(error) {
        const field = (error.field ?? '').replace(/^settings\./, '');
        const own = {name: 'name', rtmp_url: 'url', stream_key: 'key'}[field];
        const control = own === undefined ? this.#form.fault(field, explain(error)) : this.#fault(own, explain(error));

        if (control === null) {
            this.#tell('trouble', explain(error));

        } else {
            control.focus();
        }
    }

    #offerSources(chosen) {
        const sources = this.#actions.sources();
        const known = chosen === '' || sources.some(({id}) => id === chosen) ? sources
            : [...sources, {id: chosen, label: chosen.replaceAll('_', ' ')}];

        this.#parts.source.replaceChildren(new Option('The default source', ''),
                                           ...known.map(({id, label}) => new Option(label, id)));
        this.#parts.source.value = chosen;
    }

    async #loadPages(id) {
        try {
            const pages = await this.#actions.pages(id);

            if (this.#destination?.id === id) {
                this.#form.setPages(pages);
            }

        } catch (error) {
            if (this.#destination?.id === id) {
                this.#form.fault('page_id', `The pages are not known. ${explain(error)}`);
            }
        }
    }

    async #upload() {
        const {file} = this.#parts;
        const {id} = this.#destination;
        const image = file.files[0];

        if (image === undefined || !IMAGES.includes(image.type)) {
            this.#tell('thumbnailNews', 'Choose a JPEG or PNG picture first.');
            file.focus();
            return;
        }

        this.#wait(true);
        this.#tell('thumbnailNews', 'Uploading.');

        try {
            await this.#actions.thumbnail(id, image);
            this.#tell('thumbnailNews', 'The picture has been uploaded.');

        } catch (error) {
            this.#tell('thumbnailNews', explain(error));

        } finally {
            this.#wait(false);
        }
    }

    #wait(busy) {
        this.#busy = busy;

        for (const name of ['save', 'upload']) {
            this.#parts[name].disabled = busy;
        }
    }

    #tell(part, text) {
        this.#parts[part].textContent = text;
        this.#parts[part].hidden = text === '';
    }

    #fault(part, text) {
        const control = this.#parts[part];

        this.#tell(`${part}Fault`, text);
        control.toggleAttribute('aria-invalid', false);

        if (text !== '') {
            control.setAttribute('aria-invalid', 'true');
        }

        return control;
    }
}

/* of streamer:source; empty for the default one */
function sourceOf(streamId) {
    return streamId.split(':')[1] ?? '';
}
