/*
 * The rules of a low-latency HLS origin (draft-pantos-hls-rfc8216bis, 4.4, 6.2 and B.1) that its playlists show:
 * PlaylistRules is given all that was received of one media playlist, with the times and the requests, and tells what
 * was broken.  hls_media.mjs has the rules of media, hls_set.mjs those of several playlists, hls_transport.mjs those of
 * HTTP.
 */

import {DeltaRules} from './hls_delta.mjs';
import {ms, nameOf, pairOf, seconds} from './hls_findings.mjs';
import {HintRules} from './hls_hints.mjs';
import {holdLimit} from './hls_limits.mjs';
import {NumberingRules} from './hls_numbering.mjs';
import {allOf, contains, lastOf, momentOf, nextOf, orderOf, parsePlaylist, sum} from './hls_playlist.mjs';

/** ms: what playlists round. */
const ROUNDING = 1.5;

/** ms a second by which the wall clock of a source may be slewed, at most: as it is in its first seconds. */
const SLEW = 20;

/** The session that a name of a file tells: the packager's "{epoch}-...". */
const epochOf = (uri) => nameOf(uri).match(/^([0-9a-f]{11})-/)?.[1] ?? null;

/** @typedef {{msn: ?number, part: ?number, skip: ?string}} Directives of a request */

/** @typedef {{msn: number, index: number, part: object, segment: object, fresh: boolean}} Listed part */

/**
 * @typedef {object} News what a playlist has brought
 * @property {MediaPlaylist} model whole, deltas are merged
 * @property {boolean} delta
 * @property {Listed[]} parts listed for the first time
 * @property {Segment[]} segments complete for the first time
 * @property {{msn: number, uri: string, duration: number}[]} removed segments
 * @property {{msn: number, uris: string[]}[]} bared segments whose parts are not listed any more
 */

/** One media playlist. */
export class PlaylistRules {
    #findings;
    #tolerance;
    #url;
    #set;
    #pacing;
    #numbering;
    #hints;
    #deltas;

    #model = null;
    #received = null;
    #constant = null;
    #bodies = new Map();
    #paced = null;
    #woken = null;
    #longest = 0;
    #history = [];

    /**
     * @param {Findings} findings
     * @param {{url: string, tolerance?: number, set?: ?SetRules, paced?: boolean}} options tolerance in ms, for what
     *     takes time; paced: all changes are received as soon as there are any
     */
    constructor(findings, {url, tolerance = 250, set = null, paced = true}) {
        this.#findings = findings;
        this.#tolerance = tolerance;
        this.#url = url;
        this.#set = set;
        this.#pacing = paced;
        this.#numbering = new NumberingRules(findings);
        this.#hints = new HintRules(findings, tolerance, this.#numbering);
        this.#deltas = new DeltaRules(findings);
        set?.add(this);
    }

    get url() {
        return this.#url;
    }

    get findings() {
        return this.#findings;
    }

    /** The latest playlist, null before the first. */
    get model() {
        return this.#model;
    }

    get targetDuration() {
        return this.#model?.targetDuration ?? null;
    }

    /** When which part was there: {time, msn, part}, oldest first. */
    get history() {
        return this.#history;
    }

    /** s: the longest list there was */
    get longest() {
        return this.#longest;
    }

    /**
     * An answer to a request for the playlist.
     *
     * @param {Answer} answer
     * @param {Directives} directives
     * @returns {?News} null when there is no playlist in it
     */
    receive(answer, directives = {}) {
        const held = answer.first - answer.sent;

        if (answer.status !== 200) {
            this.#refused(answer, directives, held);
            return null;
        }

        const parsed = parsePlaylist(String(answer.body), this.#url);

        this.#findings.judge('P', parsed.kind === 'media', 'this is no media playlist');
        parsed.problems.forEach(({rule, line, text}) => this.#findings.fail(rule, `line ${line}: ${text}`));

        if (parsed.kind !== 'media' || parsed.targetDuration === null) {
            return null;
        }

        const model = parsed.skip ? this.#deltas.merge(parsed, this.#model, directives) : parsed;

        if (!model) {
            return null;
        }

        this.#deltas.judge(parsed, model, directives);
        this.#blocked(answer, model, directives, held);
        this.#identical(answer, model, parsed.skip);

        if (this.#model && orderOf(model) < orderOf(this.#model)) {
            this.#findings.judge('L3', answer.sent < this.#received.done, () =>
                `the list ends before ${pairOf(nextOf(model))} when it had got to ${pairOf(nextOf(this.#model))}`);

            return {model, delta: parsed.skip !== null, parts: [], segments: [], removed: [], bared: []};
        }

        return this.#judge(answer, model, parsed.skip);
    }

    /** 503 is the right answer to what was held too long, and no other is to a player: B5. */
    #refused(answer, {msn = null}, held) {
        const limit = holdLimit(this.targetDuration);

        if (answer.status === 0) {
            this.#findings.fail(this.#woken ? 'B9' : 'B5', `no answer in ${ms(held)}: ${answer.error}`);
        } else if (answer.status === 503) {
            this.#findings.judge('B5', msn === null || held >= limit - this.#tolerance, `503 after ${ms(held)}`);
        } else {
            this.#findings.fail('B1', `${answer.status} for ${nameOf(answer.url)}`);
        }
    }

    #judge(answer, model, skip) {
        const before = this.#model;

        this.#constants(model);
        this.#tags(model, skip);
        this.#sizes(model);

        const news = {model, delta: skip !== null, ...this.#numbering.follow(model)};

        this.#partRules(model);
        this.#dates(model);
        this.#sessions(model);
        this.#ending(model, before, news, answer.done);
        this.#hints.follow(model, answer);

        if (before && this.#pacing) {
            this.#pace(model, before, news, answer.done);
        } else {
            this.#paced = {part: answer.done, segment: answer.done};
        }

        const last = lastOf(model);
        const latest = this.#history.at(-1);

        if (!latest || latest.msn !== last.msn || latest.part !== last.part) {
            this.#history.push({time: answer.done, ...last});
        }

        this.#longest = Math.max(this.#longest, sum(model.segments));
        this.#model = model;
        this.#received = answer;
        this.#set?.received(this, model, this.#history.at(-1).time, answer.done);

        return news;
    }

    /** L1, L17, L20: tags and what they need. */
    #tags(model, skip) {
        const {version, features, segments} = model;
        const mapped = allOf(model).some(({map}) => map);
        const needs = Math.max(1, mapped ? 6 : 0, skip ? 9 : 0, skip?.dateRanges != null ? 10 : 0,
                               features.includes('DEFINE') ? 8 : 0, features.includes('QUERYPARAM') ? 11 : 0);
        const most = Math.max(10, needs);

        this.#findings.judge('L1', version !== null && version >= needs && version <= most, () =>
            `EXT-X-VERSION is ${version ?? 'missing'}: ${needs} is needed, ${most} is the most of use`);

        this.#findings.judge('L20', model.type === null || model.ended || model.type === 'EVENT'
                             && model.mediaSequence === (this.#model?.mediaSequence ?? 0), () =>
            `EXT-X-PLAYLIST-TYPE:${model.type} in a list that slides`);

        for (const segment of segments.filter(({gap, parts}) => gap || parts.some((part) => part.gap))) {
            const lost = segment.parts.filter(({gap}) => gap).length;

            this.#findings.judge('L17', segment.parts.length === 0 || (segment.gap ? lost > 0
                                                                        : lost < segment.parts.length), () =>
                `segment ${segment.msn} ${segment.gap ? 'has' : 'has no'} EXT-X-GAP, and ${lost} of `
                + `${segment.parts.length} parts have GAP=YES`);
        }
    }

    /** L2, L5, L9: what never changes. */
    #constants(model) {
        const {targetDuration, partTarget, control} = model;
        const judge = (rule, pass, text) => this.#findings.judge(rule, pass, text);
        const others = ({'PART-HOLD-BACK': _, ...rest}) => JSON.stringify(Object.entries(rest).sort());
        const first = this.#constant ??= {targetDuration, partTarget, control, others: others(control ?? {})};
        const backs = [control?.['PART-HOLD-BACK'], first.control?.['PART-HOLD-BACK']];

        judge('L2', targetDuration >= 1, `EXT-X-TARGETDURATION:${targetDuration}`);
        judge('L2', targetDuration === first.targetDuration, () =>
            `EXT-X-TARGETDURATION was ${first.targetDuration} and is ${targetDuration}`);
        judge('L5', partTarget !== null, 'no EXT-X-PART-INF');
        judge('L5', partTarget === first.partTarget, () => `PART-TARGET was ${first.partTarget} and is ${partTarget}`);
        judge('L5', backs[0] === backs[1], () => `PART-HOLD-BACK was ${backs[1]} and is ${backs[0]}`);

        if (!judge('L9', control !== null, 'no EXT-X-SERVER-CONTROL')) {
            return;
        }

        const {'CAN-BLOCK-RELOAD': block, 'PART-HOLD-BACK': partHold, 'HOLD-BACK': hold, 'CAN-SKIP-UNTIL': skip}
            = control;

        judge('L9', block === true, 'CAN-BLOCK-RELOAD=YES is missing');
        judge('L9', partHold >= 3 * first.partTarget - 1e-6, () =>
            `PART-HOLD-BACK=${partHold} is less than 3 parts of ${first.partTarget}`);
        judge('L9', hold === undefined || hold >= 3 * first.targetDuration, () =>
            `HOLD-BACK=${hold} is less than 3 target durations of ${first.targetDuration}`);
        judge('L9', skip === undefined || skip >= 6 * first.targetDuration, () =>
            `CAN-SKIP-UNTIL=${skip} is less than 6 target durations of ${first.targetDuration}`);

        judge('L9', others(control) === first.others, () =>
            `EXT-X-SERVER-CONTROL was ${first.others} and is ${others(control)}`);
    }

    /** L2, L13: durations of segments, and of the list. */
    #sizes(model) {
        const limit = this.#constant.targetDuration;

        for (const segment of model.segments) {
            if (!this.#numbering.record(segment.msn)?.complete) {
                this.#findings.judge('L2', Math.round(segment.duration) <= limit, () =>
                    `segment ${segment.msn} takes ${seconds(segment.duration)}, the target duration is ${limit}`);
            }
        }

        if (this.#model && model.mediaSequence > this.#model.mediaSequence && !model.ended) {
            this.#findings.judge('L13', sum(model.segments) >= 3 * limit - 0.01, () =>
                `segments were removed so that ${seconds(sum(model.segments))} remain`);
        }
    }

    /** L6, L7, L12, and that EXTINF is the sum of the parts: L23. */
    #partRules(model) {
        const {partTarget, targetDuration} = this.#constant;
        const all = allOf(model);

        for (const {msn} of all) {
            const record = this.#numbering.record(msn);
            const {parts, complete, segment} = record;
            const end = complete ? parts.length : parts.length - 1;

            for (let i = record.checked; i < end; i++) {
                const {duration, independent, gap} = parts[i];

                if (!independent && !gap && !parts[i + 1]?.gap && i < parts.length - 1) {
                    this.#findings.judge('L7', duration >= 0.85 * partTarget - 1e-5, () =>
                        `part ${msn}.${i} is ${seconds(duration)}, less than 85 % of ${partTarget}`);
                }
            }

            for (let i = record.sized; i < parts.length; i++) {
                this.#findings.judge('L6', parts[i].duration <= partTarget + 1e-6, () =>
                    `part ${msn}.${i} is ${seconds(parts[i].duration)}, more than ${partTarget}`);
            }

            if (complete && !record.summed && segment.parts.length === parts.length && parts.length > 0) {
                this.#findings.judge('L23', Math.abs(segment.duration - sum(parts)) < ROUNDING / 1000, () =>
                    `segment ${msn} is ${seconds(segment.duration)}, its parts are ${seconds(sum(parts))}`);
                record.summed = true;
            }

            record.checked = Math.max(record.checked, end);
            record.sized = parts.length;
        }

        this.#edge(model, all, 3 * targetDuration);
    }

    /** L12: parts are listed near the end only, and there of all segments. */
    #edge(model, all, reach) {
        if (model.ended) {
            return;
        }

        let distance = 0;
        let bare = null;

        for (const segment of [...all].reverse()) {
            if (distance > reach + 0.01) {
                this.#findings.judge('L12', segment.parts.length === 0, () =>
                    `segment ${segment.msn} ends ${seconds(distance)} before the list does, and has parts`);
            }

            if (segment.parts.length === 0 && !segment.gap) {
                bare ??= segment.msn;
            } else if (bare !== null && segment.parts.length > 0) {
                this.#findings.fail('L12', `segment ${segment.msn} has parts, and ${bare} after it has none`);
            }

            distance += segment.duration ?? sum(segment.parts);
        }
    }

    /** L10 */
    #dates(model) {
        const all = allOf(model);

        if (all.length > 0) {
            this.#findings.judge('L10', all[0].pdt !== null, () =>
                `segment ${all[0].msn}, the first, has no EXT-X-PROGRAM-DATE-TIME`);
        }

        all.forEach((segment, i) => {
            const record = this.#numbering.record(segment.msn);
            const before = all[i - 1];

            if (!before || record.dated) {
                return;
            }

            record.dated = true;

            if (segment.discontinuity) {
                this.#findings.judge('L10', segment.pdt !== null, () =>
                    `segment ${segment.msn} after a discontinuity has no EXT-X-PROGRAM-DATE-TIME`);
            }

            if (segment.pdt === null || before.pdt === null) {
                return;
            }

            const jump = segment.pdt - before.pdt - before.duration * 1000;
            const slack = ROUNDING + SLEW * before.duration;

            this.#findings.judge('L10', segment.discontinuity ? jump > -1000 : Math.abs(jump) <= slack, () =>
                `segment ${segment.msn} begins ${ms(Math.abs(jump))} ${jump < 0 ? 'before' : 'after'} the end of the `
                + 'one before');
        });
    }

    /** L18: another session is behind a discontinuity, with an init section. */
    #sessions(model) {
        const all = allOf(model);

        all.forEach((segment, i) => {
            const before = all[i - 1];
            const record = this.#numbering.record(segment.msn);
            const name = segment.uri ?? segment.parts[0]?.uri;

            if (!before || record.placed) {
                return;
            }

            record.placed = true;

            const other = epochOf(name) !== epochOf(before.uri);

            if (other || segment.map !== before.map || segment.discontinuity) {
                this.#findings.judge('L18', segment.discontinuity, () =>
                    `segment ${segment.msn} is of another ${other ? 'session' : 'init section'}, without `
                    + 'EXT-X-DISCONTINUITY');
                this.#findings.judge('L18', !other || segment.map !== before.map, () =>
                    `segment ${segment.msn} is of another session, with the init section of the one before`);
            }
        });
    }

    /** L19: nothing comes after the end but another session. */
    #ending(model, before, news, time) {
        if (model.ended) {
            this.#findings.judge('L19', model.hints.length === 0, 'EXT-X-PRELOAD-HINT with EXT-X-ENDLIST');
            this.#findings.judge('L19', model.open === null, 'parts without their segment before EXT-X-ENDLIST');
        }

        if (before?.ended) {
            const next = news.parts[0]?.segment ?? news.segments[0] ?? null;

            this.#findings.judge('L19', next ? next.discontinuity : model.ended, () =>
                next ? `segment ${next.msn} goes on after EXT-X-ENDLIST` : 'EXT-X-ENDLIST was taken back');
        }

        const session = news.parts.some(({index, segment}) => index === 0 && segment.discontinuity);

        if (before && (session || model.ended && !before.ended)) {
            this.#woken = time;
        }
    }

    /** L13, L18: parts and segments come in time. */
    #pace(model, before, news, time) {
        const {targetDuration, partTarget} = this.#constant;
        const session = news.parts.some(({index, segment}) => index === 0 && segment.discontinuity);
        const paced = this.#paced;
        const gap = time - paced.part;

        if (before.ended) {
            paced.part = time;
            paced.segment = time;
            return;
        }

        if (session || model.ended) {
            this.#findings.judge('L18', gap <= 3000 * targetDuration + this.#tolerance, () =>
                `nothing came for ${ms(gap)} before ${model.ended ? 'EXT-X-ENDLIST' : 'the next session'}`);
        } else if (news.parts.length > 0) {
            this.#findings.judge('L13', gap <= 1000 * partTarget + this.#tolerance, () =>
                `part ${news.parts[0].msn}.${news.parts[0].index} came ${ms(gap)} after the one before`);

            if (news.segments.length > 0 && !news.segments.some(({discontinuity}) => discontinuity)) {
                this.#findings.judge('L13', time - paced.segment <= 1500 * targetDuration + this.#tolerance, () =>
                    `segment ${news.segments[0].msn} came ${ms(time - paced.segment)} after the one before`);
            }
        }

        paced.part = news.parts.length > 0 ? time : paced.part;
        paced.segment = news.segments.length > 0 ? time : paced.segment;
    }

    /** B1, B3, B5, B9: the answer to a request that blocks comes with what it asked for, and in time. */
    #blocked(answer, model, {msn = null, part = null}, held) {
        if (msn === null) {
            return;
        }

        const limit = holdLimit(model.targetDuration);
        const woken = this.#woken;

        this.#findings.judge('B5', held <= limit + this.#tolerance, () =>
            `a request was held for ${ms(held)}, the limit is ${ms(limit)}`);

        if (woken && answer.sent < woken) {
            this.#findings.judge('B9', answer.done <= woken + this.#tolerance, () =>
                `a request was held for ${ms(answer.done - woken)} after the end or the next session had come`);
        }

        if (!model.ended && held < limit - this.#tolerance) {
            this.#findings.judge('B1', contains(model, msn, part), () =>
                `${pairOf({msn, part})} was asked for, and the list ends before ${pairOf(nextOf(model))}`);
        }
    }

    /** B12: equal moments, equal bytes. */
    #identical(answer, model, skip) {
        const key = `${momentOf(model)} ${skip ? `skip ${skip.dateRanges !== null}` : ''}`;
        const body = String(answer.body);
        const other = this.#bodies.get(key);

        if (other !== undefined) {
            this.#findings.judge('B12', other === body, () => {
                const line = body.split('\n').find((one, i) => one !== other.split('\n')[i]);

                return `two lists that end before ${pairOf(nextOf(model))} differ: ${line}`;
            });
        }

        this.#bodies.set(key, other ?? body);

        if (this.#bodies.size > 20) {
            this.#bodies.delete(this.#bodies.keys().next().value);
        }
    }

    /** The answer to a request for a part that was hinted at. */
    hinted(answer) {
        this.#hints.answered(answer);
    }

    /** The answers to requests for a part when it was hinted at, and again when it was listed. */
    repeated(hint, listed) {
        this.#hints.repeated(hint, listed);
    }

    /** A delta update that was merged, and a whole list, are compared if they are of one moment; whether they are. */
    compare(delta, whole) {
        return this.#deltas.compare(delta, whole);
    }

    /**
     * Something that is listed, or was until not long ago.
     *
     * @param {'part'|'segment'|'map'} kind
     * @param {Answer} answer
     * @param {boolean} gone whether it has left the list
     */
    fetched(kind, answer, gone = false) {
        const rule = gone ? kind === 'part' ? 'L12' : 'L13' : 'L17';

        return this.#findings.judge(rule, answer.status === 200, () =>
            `${answer.status || answer.error} for ${nameOf(answer.url)}, a ${kind} that ${gone
                ? 'has to be there for a while after it has left the list' : 'is listed, not as a gap'}`);
    }

    /** To be called at the end. */
    finish(time) {
        const gap = time - (this.#paced?.part ?? time);

        if (this.#model && !this.#model.ended) {
            this.#findings.judge('L18', gap <= 3000 * this.targetDuration + this.#tolerance, () =>
                `nothing has come for ${ms(gap)}, and there is no EXT-X-ENDLIST`);
        }

        this.#set?.settle(time);
    }
}
