const CORNERS = ['bottom-right', 'bottom-left', 'top-left', 'top-right'];

/** The second picture's frame, its corner, and the choice of what it shows. */
export class InsetView {
    #stage;
    #frame;
    #label;
    #choice;
    #select;
    #cornerButton;
    #cornerName;
    #corner = 0;

    /**
     * @param {Document} root
     * @param {{swap: function(): void, choose: function(string): void}} actions
     */
    constructor(root, {swap, choose}) {
        this.#stage = root.getElementById('stage');
        this.#frame = root.getElementById('inset');
        this.#label = root.getElementById('inset-label');
        this.#choice = root.getElementById('inset-choice');
        this.#select = root.getElementById('inset-source');
        this.#cornerButton = root.getElementById('corner');
        this.#cornerName = root.getElementById('corner-name');

        this.#frame.addEventListener('click', swap);
        this.#select.addEventListener('change', () => choose(this.#select.value));
        this.#cornerButton.addEventListener('click', () => this.#nextCorner());
        this.#showCorner();
    }

    /**
     * @param {?import('./source-list.js').Source} source null without an inset picture
     * @param {string} note what is to be said of it, or nothing
     * @param {import('./source-list.js').Source[]} choices
     */
    render(source, note, choices) {
        for (const element of [this.#frame, this.#choice, this.#cornerButton]) {
            element.hidden = source === null;
        }

        this.#stage.toggleAttribute('data-inset', source !== null);

        if (source === null) {
            return;
        }

        this.#label.textContent = note ? `${source.label}: ${note}` : source.label;
        this.#frame.setAttribute('aria-label', `${this.#label.textContent}. Exchange the two pictures`);
        this.#renderChoices(source, choices);
    }

    /* rebuilding the options would close an open menu */
    #renderChoices(source, choices) {
        const wanted = JSON.stringify(choices.map(({id, label}) => [id, label]));

        if (this.#select.dataset.shown !== wanted) {
            this.#select.dataset.shown = wanted;
            this.#select.replaceChildren(...choices.map(({id, label}) => new Option(label, id)));
        }

        this.#select.value = source.id;
    }

    #nextCorner() {
        this.#corner = (this.#corner + 1) % CORNERS.length;
        this.#showCorner();
    }

    #showCorner() {
        this.#stage.dataset.corner = CORNERS[this.#corner];
        this.#cornerName.textContent = `: ${CORNERS[this.#corner].replace('-', ' ')}`;
    }
}
