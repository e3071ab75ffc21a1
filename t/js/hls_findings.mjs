/*
 * What a check has found: rules by their ids, how often each was looked at, and where it was broken.
 *
 * L1 to L25 are of what playlists and media say, B1 to B12 of delivery directives, C3 to C7 of transport, A1 of angles;
 * P is the grammar of playlists, and END that a source ends when it is expected to and not before.
 */

/** What is told together, of a source. */
export const GROUPS = [
    ['syntax', ['P', 'L1']],
    ['constants', ['L2', 'L5', 'L9']],
    ['numbering', ['L3', 'L4']],
    ['parts', ['L6', 'L7', 'L8', 'L11', 'L12']],
    ['dates', ['L10']],
    ['pace and window', ['L13']],
    ['hints', ['L14', 'B8']],
    ['other renditions', ['L15', 'L22']],
    ['keyframes', ['L16']],
    ['gaps and sessions', ['L17', 'L18', 'B9']],
    ['the end', ['L19', 'L20', 'END']],
    ['multivariant playlists', ['L21', 'A1']],
    ['fragmented MP4', ['L23', 'L24', 'L25']],
    ['blocking', ['B1', 'B2', 'B3', 'B4', 'B5', 'B10', 'B11']],
    ['delta updates', ['B6', 'B7']],
    ['equal bodies', ['B12']],
    ['transport', ['C3', 'C4', 'C6', 'C7']],
];

/** Texts of one rule that are kept. */
const TEXTS = 5;

/** What was judged, and what was broken. */
export class Findings {
    #judged = new Map();
    #broken = new Map();

    /** @param {string|function(): string} text says what is wrong if not */
    judge(rule, pass, text) {
        this.#judged.set(rule, this.judged(rule) + 1);

        if (!pass) {
            const {count, texts} = this.#broken.get(rule) ?? {count: 0, texts: new Set()};

            if (texts.size < TEXTS) {
                texts.add(typeof text === 'function' ? text() : text);
            }

            this.#broken.set(rule, {count: count + 1, texts});
        }

        return Boolean(pass);
    }

    fail(rule, text) {
        return this.judge(rule, false, text);
    }

    /** How often a rule was looked at. */
    judged(rule) {
        return this.#judged.get(rule) ?? 0;
    }

    /** The rules that were broken. */
    get broken() {
        return [...this.#broken.keys()].sort();
    }

    count(rule) {
        return this.#broken.get(rule)?.count ?? 0;
    }

    /** The first few texts of a rule. */
    texts(rule) {
        return [...this.#broken.get(rule)?.texts ?? []];
    }
}

/* what texts are made of */

export const nameOf = (uri) => uri?.split('/').at(-1) ?? 'nothing';
export const seconds = (value) => `${Number(value?.toFixed(5))} s`;
export const ms = (value) => `${Math.round(value)} ms`;

/** A part, or a segment. */
export const pairOf = ({msn, part = null}) => (part === null ? `${msn}` : `${msn}.${part}`);
