import {show} from '../common/elements.js';
import {explainShow, showText} from './show-text.js';

const COPIED_MS = 2000;

/** Title and privacy of the show, the link for viewers, opening and ending it. */
export class ShowPanel {
    #root;
    #session;
    #actions;
    #origin;
    #copied = 0;

    /**
     * @param {Document} root
     * @param {import('./show-session.js').ShowSession} session
     * @param {object} actions
     * @param {function(): void} actions.open
     * @param {function(): Promise<void>} actions.end
     * @param {function(): void} actions.changed title or privacy is another
     * @param {function(string): void} actions.say to who cannot see it
     * @param {string} [origin] of the link
     */
    constructor(root, session, actions, origin = location.origin) {
        this.#root = root;
        this.#session = session;
        this.#actions = actions;
        this.#origin = origin;

        this.#at('show-form').addEventListener('submit', (event) => {
            event.preventDefault();
            actions.open();
        });
        this.#at('show-form').addEventListener('input', actions.changed);
        this.#at('copy').addEventListener('click', () => this.#copy());
        this.#at('link').addEventListener('focus', ({target}) => target.select());
        this.#at('end-show').addEventListener('click', () => {
            this.#at('end-dialog').returnValue = '';
            this.#at('end-dialog').showModal();
        });
        this.#at('end-dialog').addEventListener('close', ({target}) => {
            if (target.returnValue === 'end') {
                actions.end().catch((error) => this.trouble(error));
            }
        });
    }

    /** @returns {{title: string, public: boolean}} */
    get wanted() {
        return {title: this.#at('title').value.trim(), public: this.#at('public').checked};
    }

    set wanted({title, public: everybody}) {
        this.#at('title').value = title;
        this.#at(everybody ? 'public' : 'private').checked = true;
    }

    /** @param {?Error} error what went wrong */
    trouble(error) {
        this.warn(error === null ? '' : explainShow(error));
    }

    /** @param {string} text of a trouble that is no error */
    warn(text) {
        show(this.#at('show-trouble'), text);

        if (text !== '') {
            this.#at('show-trouble').scrollIntoView({block: 'nearest'});
        }
    }

    render() {
        const {state, path} = this.#session;
        const link = path === '' ? '' : this.#origin + path;

        this.#at('show-state').textContent = showText(this.#session);
        this.#at('link-row').hidden = link === '';
        this.#at('open-show').textContent = state === 'open' ? 'Update the show' : 'Open the show';
        this.#at('open-show').disabled = state === 'opening';
        this.#at('end-show').hidden = state !== 'open';

        if (this.#at('link').value !== link) {
            this.#at('link').value = link;
        }
    }

    async #copy() {
        const link = this.#at('link');
        const button = this.#at('copy').firstChild;

        try {
            await navigator.clipboard.writeText(link.value);

        } catch {
            link.select();                          /* all that is left is to press Ctrl+C */
            this.#actions.say('The link is selected: copy it with the keyboard.');
            return;
        }

        this.#actions.say('The link for viewers has been copied.');
        button.textContent = 'Copied';
        clearTimeout(this.#copied);
        this.#copied = setTimeout(() => { button.textContent = 'Copy'; }, COPIED_MS);
    }

    #at(id) {
        return this.#root.getElementById(id);
    }
}
