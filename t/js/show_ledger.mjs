/*
 * What viewers of a show do, kept by whoever makes them do it, and what a page really played.
 */

/**
 * The figures that a show should have: how often a source was begun to be watched, by how many at a time, and which
 * switches there were.
 */
export class Ledger {
    #watching = new Map();
    #views = new Map();
    #peaks = new Map();
    #switches = new Map();
    #peak = 0;

    /**
     * @param {string} viewer
     * @param {...string} names of the sources that he watches from now on, none when he leaves
     */
    watch(viewer, ...names) {
        const before = this.#watching.get(viewer) ?? [];

        for (const name of names.filter((one) => !before.includes(one))) {
            this.#views.set(name, (this.#views.get(name) ?? 0) + 1);
        }

        this.#watching.set(viewer, names);
        this.#peak = Math.max(this.#peak, this.now);

        for (const name of names) {
            this.#peaks.set(name, Math.max(this.#peaks.get(name) ?? 0, this.viewersOf(name)));
        }
    }

    /** The picture of a viewer changes. */
    change(from, to) {
        const pair = `${from} ${to}`;

        this.#switches.set(pair, (this.#switches.get(pair) ?? 0) + 1);
    }

    get now() {
        return [...this.#watching.values()].filter(({length}) => length > 0).length;
    }

    get peak() {
        return this.#peak;
    }

    get distinct() {
        return this.#watching.size;
    }

    /** @returns {string[]} as "Main_Screen Face_Cam 2" */
    get switches() {
        return [...this.#switches].map(([pair, count]) => `${pair} ${count}`).sort();
    }

    viewersOf(name) {
        return [...this.#watching.values()].filter((names) => names.includes(name)).length;
    }

    viewsOf(name) {
        return this.#views.get(name) ?? 0;
    }

    peakOf(name) {
        return this.#peaks.get(name) ?? 0;
    }
}

/**
 * Runs in a page that watches, and looks all the time at what its pictures do: `globalThis.recording` has `first`, when
 * the picture first moved (ms after the page was asked for), `stretches` of {from, to, names}, in which the pictures of
 * these sources went on (ms since 1970), `changes` of the picture, {at, from, to}, and `still`, {from, to} in which it
 * did not go on.
 */
export function record() {
    const LOOK_MS = 50;
    const SLOWEST = 0.9;            /* what a player plays slower than this it has not played all of the time */
    const recording = {first: null, stretches: [], changes: [], still: []};
    const before = new Map();
    const last = (list) => list[list.length - 1];
    let main = null;
    let at = performance.timeOrigin + performance.now();

    globalThis.recording = recording;

    setInterval(() => {
        const now = performance.timeOrigin + performance.now();
        const moving = [];
        let longest = 0;

        for (const video of document.querySelectorAll('video[data-role]')) {
            const {currentTime: time, hidden, dataset: {role}} = video;
            const name = video.getAttribute('aria-label')?.replaceAll(' ', '_');
            const was = before.get(video);

            before.set(video, {name, time});

            if (hidden || !['main', 'inset', 'tile'].includes(role)) {
                continue;
            }

            const moved = was?.name === name && time > was.time;

            if (moved) {
                moving.push(name);
                longest = Math.max(longest, (time - was.time) * 1000 / SLOWEST);
            }

            if (role !== 'main') {
                continue;
            }

            if (moved) {
                recording.first ??= performance.now();

            } else if (recording.first !== null && last(recording.still)?.to === at) {
                last(recording.still).to = now;

            } else if (recording.first !== null) {
                recording.still.push({from: at, to: now});
            }

            if (moved && main !== name) {
                recording.changes.push({at: now, from: main, to: name});
                main = name;
            }
        }

        const names = [...new Set(moving)].sort().join(' ');
        const stretch = last(recording.stretches);
        const to = names === '' ? now : Math.min(now, at + longest);

        if (stretch?.names === names && stretch.to === at) {
            stretch.to = to;
        } else {
            recording.stretches.push({from: at, to, names});
        }

        at = now;
    }, LOOK_MS);
}

/**
 * @param {object} recording
 * @param {number} [until] ms since 1970
 * @returns {{any: number, sources: Object<string, number>, sets: [string[], number][]}} ms with at least one source, of
 *     each source, and of each set of them
 */
export function played({stretches}, until = Infinity) {
    const sums = new Map();
    const sources = {};
    let any = 0;

    for (const {from, to, names} of stretches) {
        const ms = Math.min(to, until) - from;

        if (names !== '' && ms > 0) {
            any += ms;
            sums.set(names, (sums.get(names) ?? 0) + ms);
            names.split(' ').forEach((name) => { sources[name] = (sources[name] ?? 0) + ms; });
        }
    }

    return {any, sources, sets: [...sums].map(([names, ms]) => [names.split(' '), ms])};
}
