/*
 * A source of low-latency HLS that is made up: its playlists and media at any moment, all right.  Tests of the checker
 * take it as it is, or override what they want to be wrong.
 */

import {picture, writeFragment, writeInit} from './mp4_writer.mjs';

/** Ticks of the time line. */
const HZ = 90000;

const VIDEO = {id: 1, kind: 'video', entry: 'avc1', timescale: HZ, width: 640, height: 360, record: true, samples: 0};
const AUDIO = {id: 2, kind: 'audio', entry: 'mp4a', timescale: 48000, rate: 48000, record: true, samples: 0};

/** Samples of an AAC frame, and bytes of one here. */
const AAC_FRAME = 1024;
const AAC_BYTES = 20;

/** Bytes of pictures. */
const IDR_BYTES = 400;
const PICTURE_BYTES = 100;

/**
 * @typedef {object} Session from one segment on
 * @property {number} msn of its first segment
 * @property {string} epoch in the names of its files
 * @property {number} [parts] that the last segment before it has, when it was cut off
 * @property {number} [pause] s, before it, for dates
 */

export class SyntheticSource {
    /** Frame time in ticks, frames of a part, parts of a segment. */
    frame = 3000;
    partFrames = 6;
    segmentParts = 5;

    targetDuration = 1;
    partTarget = 0.2;
    skipUntil = 6;

    /** Segments that are listed. */
    window = 10;

    /** s from the end within which parts are listed. */
    reach = 3;

    tracks = [VIDEO, AUDIO];

    /** Segments that begin with a keyframe; parts, as {msn, part}, that are lost. */
    lost = [];

    #segments = [];

    /**
     * @param {{start: number, sessions?: Session[], endAt?: number, others?: string[]}} options start: ms since 1970,
     *     of the first frame; endAt: number of parts after which there are none; others: sources to report, as URIs
     */
    constructor({start, sessions = [{msn: 0, epoch: '0193c5a1b20'}], endAt = Infinity, others = []}) {
        this.start = start;
        this.sessions = sessions;
        this.endAt = endAt;
        this.others = others;
    }

    /** s */
    get partDuration() {
        return this.frame * this.partFrames / HZ;
    }

    /** When so many parts are there, ms since 1970. */
    when(count) {
        const {msn, part} = this.locate(count - 1);

        return this.dateOf(msn) + 1000 * this.partDuration * (part + 1);
    }

    /** How many parts are there. */
    count(time) {
        let msn = 0;

        while (this.dateOf(msn + 1) <= time) {
            msn++;
        }

        const {first, parts} = this.segment(msn);
        const into = Math.floor((time - this.dateOf(msn)) / (1000 * this.partDuration) + 1e-6);

        return Math.min(first + Math.min(Math.max(into, 0), parts), this.endAt);
    }

    /** A segment: its number of parts, number of its first part, session, time in ticks and date in ms. */
    segment(msn) {
        while (this.#segments.length <= msn) {
            const number = this.#segments.length;
            const before = this.#segments.at(-1);
            const session = this.sessions.findLast((one) => one.msn <= number);
            const next = this.sessions.find((one) => one.msn === number + 1);
            const begins = session.msn === number;
            const parts = next?.parts ?? this.segmentParts;
            const length = before ? before.parts * this.partFrames * this.frame : 0;

            this.#segments.push({
                msn: number, parts, session,
                first: before ? before.first + before.parts : 0,
                time: begins ? 0 : before.time + length,
                discontinuity: begins && number > 0,
                date: before ? before.date + 1000 * (length / HZ + (begins ? session.pause ?? 0 : 0)) : this.start,
            });
        }

        return this.#segments[msn];
    }

    dateOf(msn) {
        return this.segment(msn).date;
    }

    /** Where a part is, by its number. */
    locate(number) {
        let msn = Math.floor(Math.max(number, 0) / this.segmentParts);

        while (this.segment(msn).first + this.segment(msn).parts <= number) {
            msn++;
        }

        return {msn, part: number - this.segment(msn).first};
    }

    /* names */

    initName(msn) {
        return `${this.segment(msn).session.epoch}-0.mp4`;
    }

    segmentName(msn) {
        return `${this.segment(msn).session.epoch}-${msn}.m4s`;
    }

    partName(msn, part) {
        return `${this.segment(msn).session.epoch}-${msn}.${part}.m4s`;
    }

    isLost(msn, part) {
        return this.lost.some((one) => one.msn === msn && one.part === part);
    }

    /* playlists */

    /** The state after so many parts: segments that are complete up to `open`, which has `parts`. */
    state(count) {
        const ended = count >= this.endAt;
        const {msn, part} = this.locate(count);
        const cut = ended && part > 0;
        const open = cut ? msn + 1 : msn;

        return {ended, open, parts: cut ? 0 : part, first: Math.max(open - this.window, 0),
                partsOf: (n) => (cut && n === msn ? part : this.segment(n).parts)};
    }

    /** Lines before the segments. */
    head({first}) {
        const breaks = this.sessions.filter(({msn}) => msn > 0 && msn < first).length;

        return [
            '#EXTM3U', '#EXT-X-VERSION:9', `#EXT-X-TARGETDURATION:${this.targetDuration}`,
            `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${this.skipUntil},`
            + `HOLD-BACK=${3 * this.targetDuration},PART-HOLD-BACK=${(3 * this.partTarget).toFixed(5)}`,
            `#EXT-X-PART-INF:PART-TARGET=${this.partTarget}`, `#EXT-X-MEDIA-SEQUENCE:${first}`,
            `#EXT-X-DISCONTINUITY-SEQUENCE:${breaks}`, '#EXT-X-INDEPENDENT-SEGMENTS',
        ];
    }

    /** Lines of a segment before its parts. */
    before(msn, isFirst) {
        const {discontinuity} = this.segment(msn);

        return [
            ...discontinuity ? ['#EXT-X-DISCONTINUITY'] : [],
            ...discontinuity || isFirst ? [`#EXT-X-MAP:URI="${this.initName(msn)}"`] : [],
            `#EXT-X-PROGRAM-DATE-TIME:${new Date(this.dateOf(msn)).toISOString()}`,
        ];
    }

    partLine(msn, part) {
        return `#EXT-X-PART:DURATION=${this.partDuration.toFixed(5)},URI="${this.partName(msn, part)}"`
            + `${this.isLost(msn, part) ? ',GAP=YES' : part === 0 ? ',INDEPENDENT=YES' : ''}`;
    }

    /** Lines of a complete segment after its parts. */
    after(msn, parts) {
        const gap = Array.from({length: parts}, (_, i) => i).every((i) => this.isLost(msn, i));

        return [...gap ? ['#EXT-X-GAP'] : [], `#EXTINF:${(parts * this.partDuration).toFixed(5)},`,
                this.segmentName(msn)];
    }

    /** The next part, which is hinted at: nothing tells that a session ends. */
    hint(count) {
        const {msn, part} = this.locate(count);
        const next = part === 0 && this.segment(msn).discontinuity ? this.partName(msn - 1, this.segment(msn - 1).parts)
            : this.partName(msn, part);

        return `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${next}"`;
    }

    /** Where the others are: here they are where this one is. */
    report(uri, count) {
        const {msn, part} = this.locate(count - 1);

        return `#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${msn},LAST-PART=${part}`;
    }

    /** How many segments a delta update leaves out. */
    skipped({first, open, partsOf}) {
        let distance = 0;
        let msn = open - 1;

        for (; msn >= first && distance <= this.skipUntil + 1e-6; msn--) {
            distance += partsOf(msn) * this.partDuration;
        }

        return distance > this.skipUntil + 1e-6 ? msn + 1 - first : 0;
    }

    /** The media playlist after so many parts. */
    text(count, skip = false) {
        const state = this.state(count);
        const {ended, open, parts, first, partsOf} = state;
        const lines = this.head(state);
        const skipped = skip && !ended ? this.skipped(state) : 0;

        if (skipped > 0) {
            lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
        }

        let distance = parts * this.partDuration;
        const bare = new Set();

        for (let msn = open - 1; msn >= first; msn--) {
            if (distance > this.reach + 1e-6) {
                bare.add(msn);
            }

            distance += partsOf(msn) * this.partDuration;
        }

        for (let msn = first + skipped; msn <= open; msn++) {
            const listed = msn === open ? parts : partsOf(msn);

            if (msn === open && parts === 0) {
                break;
            }

            lines.push(...this.before(msn, msn === first));

            for (let part = 0; part < listed && !bare.has(msn); part++) {
                lines.push(this.partLine(msn, part));
            }

            lines.push(...msn === open ? [] : this.after(msn, listed));
        }

        if (ended) {
            lines.push('#EXT-X-ENDLIST');
        } else {
            lines.push(this.hint(count), ...this.others.map((uri) => this.report(uri, count)));
        }

        return `${lines.join('\n')}\n`;
    }

    /** The multivariant playlist. */
    multivariant() {
        return [
            '#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-INDEPENDENT-SEGMENTS',
            '#EXT-X-STREAM-INF:BANDWIDTH=52000,AVERAGE-BANDWIDTH=50000,CODECS="avc1.64001f,mp4a.40.2",'
            + 'RESOLUTION=640x360,FRAME-RATE=30.000',
            'live.m3u8', '',
        ].join('\n');
    }

    /* media */

    init() {
        return writeInit(this.tracks);
    }

    /** Samples of video: of a part, its first one at `time` in ticks. */
    pictures(msn, part) {
        return Array.from({length: this.partFrames}, (_, i) => {
            const idr = part === 0 && i === 0;

            return {duration: this.frame, sync: idr, cts: 0, data: picture(idr, idr ? IDR_BYTES : PICTURE_BYTES, msn)};
        });
    }

    /** What a part is made of. */
    runs(msn, part) {
        const time = this.segment(msn).time + part * this.partFrames * this.frame;
        const end = time + this.partFrames * this.frame;
        const [from, to] = [time, end].map((ticks) => Math.ceil(ticks / HZ * AUDIO.rate / AAC_FRAME));

        return [
            {id: 1, time, samples: this.pictures(msn, part)},
            {id: 2, time: from * AAC_FRAME, samples: Array.from({length: to - from}, () =>
                ({duration: AAC_FRAME, sync: true, cts: 0, data: Buffer.alloc(AAC_BYTES, part)}))},
        ];
    }

    part(msn, part) {
        return writeFragment({sequence: this.segment(msn).first + part + 1, runs: this.runs(msn, part)});
    }

    whole(msn, parts = this.segment(msn).parts) {
        return Buffer.concat(Array.from({length: parts}, (_, part) =>
            (this.isLost(msn, part) ? Buffer.alloc(0) : this.part(msn, part))));
    }
}
