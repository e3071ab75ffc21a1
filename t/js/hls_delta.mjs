/*
 * B6 and B7: delta updates leave out what they may, and make the whole list together with what was there before.
 */

import {seconds} from './hls_findings.mjs';
import {momentOf} from './hls_playlist.mjs';

/** s: what playlists round, of a whole list */
const ROUNDING = 0.001;

export class DeltaRules {
    #findings;

    /** @param {Findings} findings */
    constructor(findings) {
        this.#findings = findings;
    }

    /**
     * A delta update, with what it leaves out taken from the list before.
     *
     * @param {MediaPlaylist} model that has a skip
     * @param {?MediaPlaylist} known the list before
     * @param {Directives} directives
     * @returns {?MediaPlaylist} with `kept`, the number of segments that it left out
     */
    merge(model, known, {skip = null}) {
        this.#findings.judge('B6', skip !== null, 'a delta update that nobody asked for');

        const from = model.mediaSequence;
        const count = model.skip.segments;
        const kept = known?.segments.filter(({msn}) => msn >= from && msn < from + count) ?? [];

        if (!this.#findings.judge('B6', kept.length === count, () =>
            `segments ${from} to ${from + count - 1} are skipped, ${kept.length} of them are known`)) {
            return null;
        }

        const breaks = kept.filter(({discontinuity}) => discontinuity).length;
        const complete = (segment) => segment && {
            ...segment, dsn: segment.dsn + breaks, map: segment.map === undefined ? kept.at(-1)?.map : segment.map,
        };
        const first = model.discontinuitySequence ?? 0;
        let dsn = first;

        return {
            ...model, skip: null, kept: count,
            segments: [
                ...kept.map((segment) => {
                    dsn += segment.discontinuity ? 1 : 0;
                    return {...segment, dsn, parts: []};
                }),
                ...model.segments.map(complete),
            ],
            open: complete(model.open),
        };
    }

    /**
     * B6: what is further from the end of the last whole segment than the boundary, and nothing else; whether the
     * segment that the boundary cuts is further is open to interpretation.
     */
    judge(parsed, model, {skip = null}) {
        if (skip === null) {
            return;
        }

        const until = model.control?.['CAN-SKIP-UNTIL'];

        if (until === undefined || model.ended) {
            this.#findings.judge('B6', parsed.skip === null, () =>
                `a delta update ${model.ended ? 'with EXT-X-ENDLIST' : 'without CAN-SKIP-UNTIL'}`);
            return;
        }

        let distance = 0;
        let least = 0;
        let most = 0;

        for (const {duration} of [...model.segments].reverse()) {
            least += distance > until + ROUNDING ? 1 : 0;
            distance += duration;
            most += distance > until + ROUNDING ? 1 : 0;
        }

        const count = parsed.skip?.segments ?? 0;

        this.#findings.judge('B6', count >= least && count <= most, () =>
            `${count} segments are skipped, between ${least} and ${most} are older than ${seconds(until)}`);
        this.#findings.judge('B6', parsed.skip === null || count > 0, 'EXT-X-SKIP of nothing');

        if (skip === 'v2' && parsed.skip && model.control['CAN-SKIP-DATERANGES']) {
            this.#findings.judge('B6', parsed.skip.dateRanges !== null, 'no RECENTLY-REMOVED-DATERANGES for v2');
        }
    }

    /**
     * B6, B7: a delta update that was merged is the whole list of the same moment.  Not judged if it is another moment.
     *
     * @returns {boolean} whether it was judged
     */
    compare(delta, whole) {
        if (momentOf(delta) !== momentOf(whole)) {
            return false;
        }

        const text = ({problems, skip, features, kept, ...rest}, from, to) => JSON.stringify({
            ...from === 0 ? null : rest,
            segments: rest.segments.slice(from, to).map((segment) => (from === 0 ? {...segment, parts: []} : segment)),
        });
        const judge = (rule, from, to, what) => {
            const [one, other] = [text(delta, from, to), text(whole, from, to)];

            this.#findings.judge(rule, one === other, () => {
                const at = [...one].findIndex((letter, i) => letter !== other[i]);
                const near = (list) => list.slice(Math.max(at - 40, 0), at + 40);

                return `${what} has ${near(one)}, the whole list ${near(other)}`;
            });
        };

        judge('B7', 0, delta.kept, 'what a delta update skipped');
        judge('B6', delta.kept, undefined, 'a delta update');

        return true;
    }
}
