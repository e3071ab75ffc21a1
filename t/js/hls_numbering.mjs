/*
 * L3 and L4: what has been listed stays what it is and where it is.  NumberingRules is given each playlist, and knows
 * all segments that were ever listed.
 */

import {nameOf, seconds} from './hls_findings.mjs';
import {allOf} from './hls_playlist.mjs';

/** Segments that are remembered after they have left the list. */
const REMEMBERED = 2000;

/** Names that are remembered. */
const NAMES = 20 * REMEMBERED;

/** Whether two parts are the same one. */
const alike = (one, other) => one.uri === other.uri && one.duration === other.duration && one.gap === other.gap
    && one.independent === other.independent && one.range?.offset === other.range?.offset;

/**
 * @typedef {object} Record what is known of a segment; other rules note here what they have judged
 * @property {Segment} segment as it was listed last
 * @property {Part[]} parts all that were ever listed
 * @property {boolean} complete
 * @property {boolean} removed from the list
 * @property {boolean} bared of its parts
 */

export class NumberingRules {
    #findings;
    #records = new Map();
    #names = new Map();
    #before = null;

    /** @param {Findings} findings */
    constructor(findings) {
        this.#findings = findings;
    }

    /** @returns {?Record} of a segment */
    record(msn) {
        return this.#records.get(msn) ?? null;
    }

    /** What has had this URI. */
    named(uri) {
        return this.#names.get(uri) ?? null;
    }

    /**
     * A playlist after the one before.
     *
     * @param {MediaPlaylist} model
     * @returns {News} without model and delta
     */
    follow(model) {
        const news = {parts: [], segments: [], removed: [], bared: []};
        const before = this.#before;

        if (before) {
            this.#findings.judge('L3', model.mediaSequence >= before.mediaSequence, () =>
                `EXT-X-MEDIA-SEQUENCE went back from ${before.mediaSequence} to ${model.mediaSequence}`);
            this.#findings.judge('L4', (model.discontinuitySequence ?? 0) >= (before.discontinuitySequence ?? 0), () =>
                'EXT-X-DISCONTINUITY-SEQUENCE went back');
        }

        for (const segment of allOf(model)) {
            this.#place(segment, model.open === segment, news);
        }

        for (const [msn, record] of this.#records) {
            if (msn >= model.mediaSequence) {
                break;
            }

            if (!record.removed) {
                record.removed = true;
                news.removed.push({msn, uri: record.segment.uri, duration: record.segment.duration,
                                   gap: record.segment.gap});
            }

            if (msn < model.mediaSequence - REMEMBERED) {
                this.#records.delete(msn);
            }
        }

        const broken = allOf(model).some(({discontinuity}) => discontinuity);

        if (broken) {
            this.#findings.judge('L4', model.discontinuitySequence !== null || model.type !== null, () =>
                'EXT-X-DISCONTINUITY without EXT-X-DISCONTINUITY-SEQUENCE');
        }

        this.#before = model;

        return news;
    }

    #place(segment, open, news) {
        const {msn} = segment;
        let record = this.#records.get(msn);

        if (!record) {
            record = {segment, parts: [], complete: false, removed: false, bared: false, dated: false, placed: false,
                      summed: false, sized: 0, checked: 0};
            this.#records.set(msn, record);
        } else {
            this.#same(record, segment, open);
        }

        this.#parts(record, segment, open, news);

        if (!open && !record.complete) {
            record.complete = true;
            this.#unique(segment.uri, `segment ${msn}`);
            news.segments.push(segment);
        }

        record.segment = segment;
    }

    #same(record, segment, open) {
        const {segment: old} = record;
        const {msn} = segment;
        const same = (rule, what, was, is) => this.#findings.judge(rule, was === is, () =>
            `segment ${msn}: ${what} was ${was} and is ${is}`);

        same('L4', 'its discontinuity sequence number', old.dsn, segment.dsn);
        same('L10', 'its date', old.pdt, segment.pdt);
        same('L18', 'its init section', old.map, segment.map);

        if (record.complete) {
            same('L3', 'its URI', nameOf(old.uri), open ? 'open' : nameOf(segment.uri));
            same('L3', 'its duration', old.duration, segment.duration);
            same('L17', 'EXT-X-GAP', old.gap, segment.gap);
        }
    }

    #parts(record, segment, open, news) {
        const {msn, parts} = segment;
        const known = record.parts;

        if (parts.length === 0) {
            if (known.length > 0 && !record.bared && !open) {
                record.bared = true;
                news.bared.push({msn, uris: known.filter(({gap}) => !gap).map(({uri}) => uri)});
            }

            return;
        }

        /* parts leave in the order of the list, so that those that are left are the last ones */
        const gone = record.complete && parts.length < known.length ? known.length - parts.length : 0;

        parts.forEach((part, i) => {
            const old = known[gone + i];

            if (!old) {
                this.#findings.judge('L3', !record.complete, `a part was added to segment ${msn} after its end`);
                this.#unique(part.uri + (part.range ? `@${part.range.offset}` : ''), `part ${msn}.${known.length}`);
                news.parts.push({msn, index: known.length, part, segment, fresh: this.#before !== null});
                known.push(part);
                return;
            }

            this.#findings.judge('L3', alike(old, part), () =>
                `part ${msn}.${gone + i} was ${nameOf(old.uri)} of ${seconds(old.duration)} and is `
                + `${nameOf(part.uri)} of ${seconds(part.duration)}`);
        });

        if (!record.complete) {
            this.#findings.judge('L3', parts.length >= known.length, () =>
                `segment ${msn} had ${known.length} parts and has ${parts.length}`);
        }
    }

    /** No name is used twice: C8, of which broken numbering is the cause. */
    #unique(uri, what) {
        const other = this.#names.get(uri);

        this.#findings.judge('L3', other === undefined, () => `${nameOf(uri)} is ${what}, and was ${other}`);
        this.#names.set(uri, what);

        if (this.#names.size > NAMES) {
            this.#names.delete(this.#names.keys().next().value);
        }
    }
}
