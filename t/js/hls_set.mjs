/*
 * Rules of several media playlists: L15, what they tell of each other, and for renditions of the same content L4, L9,
 * L10 and L22.
 */

import {ms, pairOf} from './hls_findings.mjs';
import {allOf, lastOf, sum} from './hls_playlist.mjs';

/** Playlists that tell of each other: angles of a streamer, or the renditions of one multivariant playlist. */
export class SetRules {
    #tolerance;
    #renditions;
    #members = new Map();
    #claims = [];

    /** @param {{tolerance?: number, renditions?: boolean}} options renditions: all have the same content, L22 */
    constructor({tolerance = 250, renditions = false} = {}) {
        this.#tolerance = tolerance;
        this.#renditions = renditions;
    }

    add(rules) {
        this.#members.set(rules.url, {rules, since: null, model: null, time: 0});
    }

    /** A playlist was received; its state is known since a time. */
    received(rules, model, since, time) {
        const own = this.#members.get(rules.url);

        own.since ??= time;
        own.model = model;
        own.time = time;

        this.#present(rules, model, time);
        model.reports.forEach((report) => this.#claims.push({rules, model, report, since, time}));

        if (this.#renditions) {
            this.#alike(rules, model, time);
        }

        this.settle(time);
    }

    /** L15: all others that are live are reported. */
    #present(rules, model, time) {
        if (model.ended) {
            return;
        }

        for (const [url, {since, model: other}] of this.#members) {
            if (url !== rules.url && other && !other.ended && time - since > 2000 * other.targetDuration) {
                rules.findings.judge('L15', model.reports.some((report) => report.url === url), () =>
                    `no rendition report of ${new URL(url).pathname}`);
            }
        }

        rules.findings.judge('L15', !model.reports.some(({url}) => url === rules.url), 'a rendition report of itself');
    }

    /** L15: what was claimed is what the other one was at that moment, as soon as that is known. */
    settle(time) {
        const due = this.#claims.filter((claim) => claim.time + this.#tolerance < time);

        this.#claims = this.#claims.filter((claim) => claim.time + this.#tolerance >= time);
        due.forEach((claim) => this.#judge(claim));
    }

    #judge({rules, model, report, since, time}) {
        const other = this.#members.get(report.url);
        const history = other?.rules.history;

        if (!history?.length) {
            return;
        }

        const own = lastOf(model);
        const order = ({msn, part}) => msn * 1e6 + part;
        const claimed = {msn: report.msn ?? own.msn, part: report.part ?? own.part};
        const at = (moment) => history.findLast((entry) => entry.time <= moment);
        const least = at(since - this.#tolerance);
        const most = at(time + this.#tolerance) ?? history[0];

        rules.findings.judge('L15', order(claimed) <= order(most), () => {
            const then = history.find((entry) => order(entry) >= order(claimed));

            return `${report.uri} is reported to be at ${pairOf(claimed)}, when it is at ${pairOf(most)}, and gets `
                + `there ${then ? `${ms(then.time - time)} later` : 'later than this'}`;
        });

        if (least) {
            rules.findings.judge('L15', order(claimed) >= order(least), () =>
                `${report.uri} is reported to be at ${pairOf(claimed)}, when it has been at ${pairOf(least)} for `
                + ms(since - least.time));
        }
    }

    /** L4, L9, L10, L22: renditions of the same content. */
    #alike(rules, model, time) {
        for (const [url, {model: other, time: seen}] of this.#members) {
            if (url === rules.url || !other) {
                continue;
            }

            const judge = (rule, pass, text) => rules.findings.judge(rule, pass, `${new URL(url).pathname}: ${text}`);

            judge('L22', other.targetDuration === model.targetDuration, 'another target duration');
            judge('L9', JSON.stringify(other.control) === JSON.stringify(model.control),
                  'another EXT-X-SERVER-CONTROL');

            const dated = [model, other].map((one) => one.segments.some(({pdt}) => pdt !== null));

            judge('L10', dated[0] === dated[1], 'only one of them has EXT-X-PROGRAM-DATE-TIME');

            const ends = [model, other].map(endOf);
            const lag = Math.abs(ends[0] - ends[1]) - Math.abs(time - seen);

            if (!Number.isNaN(lag)) {
                judge('L22', lag <= 1000 * (model.partTarget ?? 0) + this.#tolerance,
                      `ends ${Math.round(lag)} ms apart`);
            }

            const match = other.segments.find(({pdt}) => pdt !== null
                && Math.abs(pdt - model.segments.at(-1)?.pdt) < 500 * model.targetDuration);

            if (match) {
                judge('L4', match.dsn === model.segments.at(-1).dsn, 'another discontinuity sequence number');
            }
        }
    }
}

/** ms since 1970 at which a playlist ends; NaN: it does not say. */
function endOf(model) {
    const all = allOf(model);
    const dated = all.findLastIndex(({pdt}) => pdt !== null);

    return dated < 0 ? NaN
        : all[dated].pdt + 1000 * all.slice(dated).reduce((total, {duration, parts}) =>
            total + (duration ?? sum(parts)), 0);
}
