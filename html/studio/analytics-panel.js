import {make, show} from '../common/elements.js';
import {percent, sourceRows, summaryRows, switchMatrix} from './analytics-text.js';
import {explainShow, viewersText} from './show-text.js';

const REFRESH_MS = 5000;

/** Viewers come and go in crowds. */
const SOON_MS = 500;

/** What viewers watch: asked for while the panel is open. */
export class AnalyticsPanel {
    #root;
    #panel;
    #session;
    #timer = 0;
    #asking = false;
    #shown = '';

    /**
     * @param {Document} root
     * @param {import('./show-session.js').ShowSession} session
     */
    constructor(root, session) {
        this.#root = root;
        this.#panel = this.#at('analytics');
        this.#session = session;

        this.#panel.addEventListener('toggle', () => this.#refresh());
        session.addEventListener('viewers', () => this.#after(SOON_MS));
        root.addEventListener('visibilitychange', () => this.#refresh());
    }

    render() {
        const {show: about, viewers} = this.#session;

        this.#panel.hidden = about === null;
        show(this.#at('viewers'), viewers === null ? '' : viewersText(viewers));

        if (about === null || this.#timer === 0) {
            this.#refresh();
        }
    }

    get #wanted() {
        return this.#session.show !== null && this.#panel.open && !this.#root.hidden;
    }

    /** Sooner than was planned, if it is. */
    #after(ms) {
        if (this.#wanted && !this.#asking) {
            clearTimeout(this.#timer);
            this.#timer = setTimeout(() => this.#refresh(), ms);
        }
    }

    async #refresh() {
        clearTimeout(this.#timer);
        this.#timer = 0;

        if (!this.#wanted || this.#asking) {
            return;
        }

        this.#asking = true;

        try {
            const analytics = await this.#session.analytics();

            if (analytics !== null) {
                this.#fill(analytics);
            }

            show(this.#at('analytics-trouble'), '');

        } catch (error) {
            show(this.#at('analytics-trouble'), explainShow(error));
        }

        this.#asking = false;

        if (this.#session.state === 'open') {
            this.#after(REFRESH_MS);
        }
    }

    #fill(analytics) {
        const text = JSON.stringify(analytics);

        if (text === this.#shown) {
            return;                                 /* a reader at work is not disturbed */
        }

        this.#shown = text;
        this.#at('analytics-summary').replaceChildren(...summaryRows(analytics).map(([term, figure]) =>
            make('div', {}, make('dt', {}, term), make('dd', {}, figure))));
        this.#at('analytics-sources').replaceChildren(...sourceRows(analytics).map((row) =>
            make('tr', {'data-name': row.name}, make('th', {scope: 'row'}, row.label), share(row.share),
                 ...[row.viewers, row.peak, row.watched, row.average].map((figure) =>
                     make('td', {}, String(figure))))));
        this.#fillSwitches(switchMatrix(analytics));
    }

    #fillSwitches({labels, counts}) {
        this.#at('switches').hidden = labels.length === 0;
        this.#at('switches-to').replaceChildren(make('td', {}), ...labels.map((label) =>
            make('th', {scope: 'col'}, label)));
        this.#at('switches-from').replaceChildren(...labels.map((label, from) =>
            make('tr', {}, make('th', {scope: 'row'}, label),
                 ...counts[from].map((count) => make('td', {}, count === 0 ? '–' : String(count))))));
    }

    #at(id) {
        return this.#root.getElementById(id);
    }
}

/* a bar, and its figure for those who do not see it */
function share(value) {
    const bar = make('progress', {class: 'bar', max: '1', value: String(value), 'aria-hidden': 'true'});

    return make('td', {class: 'share'}, percent(value), bar);
}
