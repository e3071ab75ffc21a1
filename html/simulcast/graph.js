const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 240;
const HEIGHT = 48;

/** What the graph shows, and the silence after which its line ends. */
const SPAN_MS = 120000;
const GAP_MS = 25000;

/** kbit/s; below this a graph of almost nothing would look like one of much. */
const LEAST_TOP = 500;

/** A bitrate over the last two minutes, as an SVG that takes its colours from the page. */
export class BitrateGraph {
    #element;
    #area;
    #line;
    #samples = [];              /* {at, bitrate}, by age */

    /** @param {Element} place where the graph is put */
    constructor(place) {
        this.#element = svg('svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img',
                                    class: 'graph', focusable: 'false'});
        this.#area = svg('path', {class: 'graph-area'});
        this.#line = svg('path', {class: 'graph-line', 'vector-effect': 'non-scaling-stroke'});
        this.#element.append(this.#area, this.#line);
        place.append(this.#element);
        this.render(0);
    }

    /** @returns {boolean} there is nothing to see */
    get empty() {
        return this.#samples.length === 0;
    }

    /**
     * @param {number} at ms of any clock that does not go back
     * @param {number} bitrate kbit/s
     */
    add(at, bitrate) {
        const last = this.#samples.at(-1);

        if (Number.isFinite(bitrate) && (last === undefined || at > last.at)) {
            this.#samples.push({at, bitrate: Math.max(0, bitrate)});
        }
    }

    clear() {
        this.#samples = [];
    }

    /**
     * @param {number} now of the same clock
     * @returns {boolean} there is something to see
     */
    render(now) {
        this.#samples = this.#samples.filter(({at}) => now - at <= SPAN_MS);

        const {lines, areas, top} = paths(this.#samples, now);
        const last = this.#samples.at(-1)?.bitrate;

        this.#line.setAttribute('d', lines);
        this.#area.setAttribute('d', areas);
        this.#element.setAttribute('aria-label', last === undefined ? 'Bitrate: nothing yet'
            : `Bitrate over two minutes: ${Math.round(last)} kbit/s now, at most ${Math.round(top)}`);

        return !this.empty;
    }
}

/**
 * @param {{at: number, bitrate: number}[]} samples by age
 * @param {number} now ms, the right edge
 * @returns {{lines: string, areas: string, top: number}} path data, and the highest bitrate
 */
export function paths(samples, now) {
    const top = Math.max(0, ...samples.map(({bitrate}) => bitrate));
    const scale = (HEIGHT - 2) / Math.max(top * 1.1, LEAST_TOP);
    const runs = [];
    let before = -Infinity;

    for (const {at, bitrate} of samples) {
        if (at - before > GAP_MS) {
            runs.push([]);
        }

        runs.at(-1).push([round(WIDTH * (1 - (now - at) / SPAN_MS)), round(HEIGHT - 1 - bitrate * scale)]);
        before = at;
    }

    const shown = runs.filter((run) => run.length > 1);
    const line = (run) => run.map((point) => point.join(' ')).join('L');

    return {
        lines: shown.map((run) => `M${line(run)}`).join(''),
        areas: shown.map((run) => `M${run[0][0]} ${HEIGHT}L${line(run)}L${run.at(-1)[0]} ${HEIGHT}Z`).join(''),
        top,
    };
}

function svg(name, attributes) {
    const element = document.createElementNS(SVG, name);

    for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, value);
    }

    return element;
}

function round(number) {
    return Math.round(number * 10) / 10;
}
