/* The figures of a show, in words and rows.  Pure: no DOM, no clock. */

/**
 * What the server says.
 * @typedef {object} Analytics
 * @property {{now: number, peak: number, distinct: number}} viewers
 * @property {number} watch_ms
 * @property {number} avg_duration_ms
 * @property {Object<string, object>} sources by name: label, views, viewers, peak, watch_ms, avg_duration_ms, share
 * @property {{from: string, to: string, count: number}[]} switches
 * @property {{count: number, avg_ms: number, p50_ms: number, p95_ms: number}} join
 * @property {{count: number, ms: number}} stalls
 * @property {?{currency: string, amount: string}} revenue
 */

const HOUR_S = 3600;
const MINUTE_S = 60;

/** A few cents are worth showing as long as there is nothing more. */
const SMALL = 1;
const DIGITS_SMALL = 6;

/**
 * @param {number} ms
 * @returns {string} as "2 h 05 min", "3 min 20 s", "7 s"
 */
export function duration(ms) {
    const seconds = Math.round(ms / 1000);
    const two = (value) => String(value).padStart(2, '0');

    if (seconds >= HOUR_S) {
        return `${Math.floor(seconds / HOUR_S)} h ${two(Math.floor(seconds % HOUR_S / MINUTE_S))} min`;
    }

    return seconds >= MINUTE_S ? `${Math.floor(seconds / MINUTE_S)} min ${two(seconds % MINUTE_S)} s` : `${seconds} s`;
}

/**
 * @param {number} share 0 to 1
 * @returns {string}
 */
export function percent(share) {
    return share > 0 && share < 0.005 ? 'below 1 %' : `${Math.round(share * 100)} %`;
}

/**
 * @param {{currency: string, amount: string}} revenue
 * @param {string} [locale]
 * @returns {string}
 */
export function money({currency, amount}, locale) {
    const value = Number(amount);

    try {
        const digits = Math.abs(value) < SMALL && value !== 0 ? {maximumFractionDigits: DIGITS_SMALL} : {};

        return new Intl.NumberFormat(locale, {style: 'currency', currency, ...digits}).format(value);

    } catch {
        return `${amount} ${currency}`;             /* no currency that the browser knows */
    }
}

/**
 * @param {Analytics} analytics
 * @returns {[string, string][]} terms and figures
 */
export function summaryRows({viewers, watch_ms: watched, avg_duration_ms: average, join, stalls, revenue}) {
    const rows = [
        ['Viewers now', String(viewers.now)],
        ['At peak', String(viewers.peak)],
        ['In all', String(viewers.distinct)],
        ['Watched', duration(watched)],
        ['Each, on average', duration(average)],
        ['First picture after', join.count === 0 ? 'not known yet'
                              : `${join.avg_ms} ms on average, ${join.p50_ms} ms for half, ${join.p95_ms} ms for 95 %`],
        ['Interruptions', stalls.count === 0 ? 'none' : `${stalls.count}, ${duration(stalls.ms)} together`],
    ];

    if (revenue) {
        rows.push(['Revenue', money(revenue)]);
    }

    return rows;
}

/**
 * @param {Analytics} analytics
 * @returns {{name: string, label: string, viewers: number, peak: number, views: number, watched: string,
 *     average: string, share: number}[]} the most watched first
 */
export function sourceRows({sources}) {
    return Object.entries(sources)
        .sort(([one, {watch_ms: less}], [other, {watch_ms: more}]) => more - less || (one < other ? -1 : 1))
        .map(([name, source]) => ({
            name, label: source.label || name, viewers: source.viewers, peak: source.peak, views: source.views,
            watched: duration(source.watch_ms), average: duration(source.avg_duration_ms), share: source.share,
        }));
}

/**
 * Who left what for what.
 * @param {Analytics} analytics
 * @returns {{names: string[], labels: string[], counts: number[][]}} counts[from][to], of sources that are in it
 */
export function switchMatrix({sources, switches}) {
    const counted = switches.filter(({count}) => count > 0);
    const names = [...new Set(counted.flatMap(({from, to}) => [from, to]))].sort();
    const counts = names.map(() => names.map(() => 0));

    for (const {from, to, count} of counted) {
        counts[names.indexOf(from)][names.indexOf(to)] += count;
    }

    return {names, labels: names.map((name) => sources[name]?.label || name), counts};
}
