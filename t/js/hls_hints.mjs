/*
 * L14, B8, and B9 as to hints: parts that are hinted at are the ones that come, and who asks for them ahead of time
 * gets them when they come.  Only while a publisher is away there need not be a hint: nobody knows what comes next.
 */

import {ms, nameOf, pairOf} from './hls_findings.mjs';
import {nextOf} from './hls_playlist.mjs';
import {HOLD_MAX, holdLimit} from './hls_limits.mjs';

/** Requests of which the fate is not known yet. */
const PENDING = 1000;

export class HintRules {
    #findings;
    #tolerance;
    #numbering;
    #limit = HOLD_MAX;
    #hint = null;
    #none = null;
    #hinted = new Map();

    /**
     * @param {Findings} findings
     * @param {number} tolerance ms
     * @param {NumberingRules} numbering
     */
    constructor(findings, tolerance, numbering) {
        this.#findings = findings;
        this.#tolerance = tolerance;
        this.#numbering = numbering;
    }

    /**
     * A playlist, after NumberingRules has had it.
     *
     * @param {MediaPlaylist} model
     * @param {Answer} answer
     */
    follow(model, answer) {
        const part = model.hints.find(({type}) => type === 'PART');
        const map = model.hints.find(({type}) => type === 'MAP') ?? null;

        this.#missing(model, part);

        if (part && part.start === 0) {
            this.#findings.judge('L14', this.#numbering.named(part.uri) === null, () =>
                `the hint is of ${this.#numbering.named(part.uri)}, which is there`);
        }

        if (this.#hint) {
            this.#met(model, part?.uri, answer);
        }

        this.#limit = holdLimit(model.targetDuration);

        const {msn, part: index} = nextOf(model);
        const last = model.open ?? model.segments.at(-1);

        this.#hint = part ? {uri: part.uri, msn, index, map: map?.uri ?? null, last: last?.map ?? null} : null;
    }

    /** A list without a hint, unless the next thing to come is another session or the end. */
    #missing(model, part) {
        const {msn, part: index} = nextOf(model);
        const none = this.#none;

        if (none && (msn !== none.msn || index !== none.index || model.ended)) {
            const record = this.#numbering.record(none.index === 0 ? none.msn : none.msn + 1);

            this.#findings.judge('L14', model.ended || record?.segment.discontinuity, () =>
                `no EXT-X-PRELOAD-HINT of part ${pairOf({msn: none.msn, part: none.index})}`);
            this.#none = null;
        }

        if (!part && !model.ended) {
            this.#none = {msn, index};
        } else if (part) {
            this.#findings.judge('L14', true);
            this.#none = null;
        }
    }

    /** The part that came after what was hinted at. */
    #met(model, next, answer) {
        const hint = this.#hint;
        const record = this.#numbering.record(hint.msn);
        let part = record?.parts[hint.index];
        let segment = record?.segment;
        let first = hint.index === 0;

        if (record?.complete && hint.index > 0 && record.parts.length === hint.index) {
            segment = this.#numbering.record(hint.msn + 1)?.segment;
            part = this.#numbering.record(hint.msn + 1)?.parts[0];
            first = true;
        }

        if (!part) {
            if (model.ended || next !== hint.uri) {
                this.#withdrawn(hint.uri, answer.done);
            }

            return;
        }

        if (part.uri === hint.uri && part.gap) {
            this.#withdrawn(hint.uri, answer.done);
        } else if (part.uri === hint.uri) {
            this.#findings.judge('L14', segment.map === hint.last || segment.map === hint.map, () =>
                `the part that was hinted at needs ${nameOf(segment.map)}, the hint of a map is ${nameOf(hint.map)}`);
            this.#listed(hint.uri, answer);
        } else {
            this.#findings.judge('L14', first && segment.discontinuity, () =>
                `the hint was ${nameOf(hint.uri)}, the part is ${nameOf(part.uri)}`);
            this.#withdrawn(hint.uri, answer.done);
        }
    }

    /**
     * The answer to a request for a part that was hinted at.
     *
     * @param {Answer} answer
     */
    answered(answer) {
        this.#settle(answer.url, {answer});
    }

    #listed(uri, answer) {
        this.#settle(uri, {listed: {time: answer.done, sent: answer.sent}});
    }

    #withdrawn(uri, time) {
        this.#settle(uri, {withdrawn: time});
    }

    #settle(uri, more) {
        const fate = {...this.#hinted.get(uri), ...more};
        const {answer, listed, withdrawn} = fate;

        if (!answer || !listed && withdrawn === undefined) {
            this.#hinted.set(uri, fate);

            if (this.#hinted.size > PENDING) {
                this.#hinted.delete(this.#hinted.keys().next().value);
            }

            return;
        }

        this.#hinted.delete(uri);

        if (listed) {
            this.#cameTrue(answer, listed);
        } else {
            this.#findings.judge('B9', answer.done <= withdrawn + this.#tolerance && answer.status !== 0, () =>
                `the request for ${nameOf(uri)} was held for ${ms(answer.done - withdrawn)} after it was withdrawn`);
            this.#findings.judge('B8', answer.status !== 200, `${nameOf(uri)} was sent, and never listed`);
        }
    }

    /** B1, B8: the part and the list that has it come together. */
    #cameTrue(answer, listed) {
        const name = nameOf(answer.url);
        const early = listed.time - Math.max(answer.done, listed.sent);
        const late = answer.done - Math.max(listed.time, answer.sent);
        const trickle = answer.done - answer.first;
        const held = answer.first - answer.sent;

        if (answer.status === 503 && held >= this.#limit - this.#tolerance) {
            return;
        }

        if (this.#findings.judge('B8', answer.status === 200, () =>
            `${answer.status || answer.error} for ${name}, which was hinted at and then listed`)) {
            this.#findings.judge('B8', late <= this.#tolerance, () => `${name} came ${ms(late)} after it was listed`);
            this.#findings.judge('B8', trickle <= this.#tolerance, () => `${name} took ${ms(trickle)} to arrive`);
            this.#findings.judge('B1', early <= this.#tolerance, () =>
                `${name} was there ${ms(early)} before the list`);
        }
    }

    /**
     * A part that was got by its hint, and again when it was listed.
     *
     * @param {Answer} hint
     * @param {Answer} listed
     */
    repeated(hint, listed) {
        this.#findings.judge('B8', hint.body.equals(listed.body), () =>
            `${nameOf(hint.url)} was ${hint.body.length} bytes, and ${listed.body.length} other ones when it was `
            + 'listed');
    }
}
