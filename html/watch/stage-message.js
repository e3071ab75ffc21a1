/** What is said over the picture, with buttons to act on it. */
export class StageMessage {
    #element;
    #shown = null;

    /** @param {HTMLElement} element with .message-title, .message-text and .message-actions in it */
    constructor(element) {
        this.#element = element;
    }

    /**
     * @param {?{title: string, text?: string, busy?: boolean}} scene null hides the message
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
