/*
 * The rules of low-latency HLS that need the media: L8, L16, L21, L23, L24 and L25.  MediaRules is given the init
 * sections, parts and segments of one media playlist, in their order.
 */

import {isRandomAccess, Mp4Error, readFragments, readInit} from './mp4_boxes.mjs';

/** s by which declared durations may differ from those of the media. */
const SLACK = 0.001;

/** Ticks by which tfdt may differ from where the fragment before ends. */
const TICK = 1n;

/** Ticks by which the time of a frame may differ from a whole number of frame times: those are rounded. */
const CADENCE = 1.5;

/** Frames from which the time of one is taken. */
const CADENCE_FRAMES = 24;

/** The share of a frame's time by which another may differ to be one frame too. */
const NEAR = 0.1;

/** Boxes that parts and segments are made of: 8.16, CMAF 7.3.2. */
const ALLOWED = new Set(['styp', 'prft', 'emsg', 'sidx', 'moof', 'mdat']);

/** How much BANDWIDTH may be below the peak, and AVERAGE-BANDWIDTH off the mean of what was seen. */
const PEAK = 1.1;
const MEAN = 2;

const nameOf = (uri) => uri.split('/').at(-1);

/**
 * @typedef {object} Unit a part, or a segment that has no parts
 * @property {number} msn
 * @property {?number} index of the part
 * @property {string} uri
 * @property {number} duration s, as it is declared
 * @property {boolean} independent
 * @property {boolean} gap
 * @property {boolean} discontinuity before it
 * @property {string} map URI of its init section
 * @property {Buffer} body
 */

/** One media playlist. */
export class MediaRules {
    #findings;
    #variable;
    #inits = new Map();
    #map = null;
    #next = new Map();
    #before = null;
    #last = null;
    #starts = new Map();
    #segments = {peak: 0, bytes: 0, duration: 0, count: 0, sync: true, declared: true, shortest: 0};
    #durations = new Map();

    /**
     * @param {Findings} findings
     * @param {{variable?: boolean}} options variable: frames come at no constant rate, or some are missing
     */
    constructor(findings, {variable = false} = {}) {
        this.#findings = findings;
        this.#variable = variable;
    }

    /** L23, L24, L25: an init section; to be called before anything that needs it. */
    init(uri, body) {
        const init = this.#read(`${nameOf(uri)}: `, () => readInit(body));

        if (!init) {
            return;
        }

        const name = nameOf(uri);
        const judge = (rule, pass, text) => this.#findings.judge(rule, pass, () => `${name}: ${text}`);

        this.#inits.set(uri, init);

        judge('L23', init.types[0] === 'ftyp' && init.types.includes('moov'), `is ${init.types.join(' ')}`);
        judge('L23', !init.types.includes('mdat') && !init.types.includes('moof'), 'has media');
        judge('L23', init.fragmented, 'has no mvex');

        for (const track of init.tracks) {
            const {id, kind, timescale, entry, record, rate, samples, defaults} = track;
            const sound = kind === 'audio';

            judge('L23', samples === 0, `track ${id} has samples`);
            judge('L23', defaults !== null || !init.fragmented, `track ${id} has no trex`);
            judge('L24', timescale === (sound ? rate : 90000), `track ${id}, ${kind}, has timescale ${timescale}`
                  + `${sound ? ` and ${rate} Hz` : ''}`);
            judge('L25', !['hev1', 'avc3'].includes(entry), `track ${id} is ${entry}`);
            judge('L25', record !== null, `track ${id}, ${entry}, has no decoder record`);
        }
    }

    /** Whether an init section has been read. */
    has(uri) {
        return this.#inits.has(uri);
    }

    /**
     * A part, or a segment without parts, after the one before it in the playlist.
     *
     * @param {Unit} unit
     */
    unit(unit) {
        const init = this.#inits.get(unit.map);

        if (unit.gap || !init) {
            this.#forget();
            return;
        }

        if (unit.discontinuity || unit.map !== this.#map || !this.#follows(unit)) {
            this.#forget();
        }

        this.#map = unit.map;
        this.#last = unit;

        const what = unit.index === null ? `segment ${unit.msn}: ` : `part ${unit.msn}.${unit.index}: `;
        const read = this.#read(what, () => readFragments(unit.body, init.tracks));

        if (!read) {
            this.#forget();
            return;
        }

        const judge = (rule, pass, text) => this.#findings.judge(rule, pass, () => what + text());

        judge('L23', read.fragments.length > 0 && read.types.every((type) => ALLOWED.has(type)), () =>
            `is made of ${read.types.join(' ')}`);

        const runs = read.fragments.flatMap(({runs: list, mdat}) => list.map((run) => ({...run, mdat})));

        runs.forEach((run) => this.#run(run, init, unit, judge));
        this.#keyframes(runs, init, unit, judge);
        this.#duration(runs, init, unit, judge);
    }

    /** The next one need not go on where the last one ended. */
    #forget() {
        this.#next.clear();
        this.#before = null;
    }

    /** Whether nothing is missing between the last part and this one, as far as one knows. */
    #follows({msn, index}) {
        const last = this.#last;

        return last !== null && last.index !== null && index !== null
            && (msn === last.msn ? index === last.index + 1 : msn === last.msn + 1 && index === 0);
    }

    /** What throws Mp4Error breaks L23. */
    #read(what, read) {
        try {
            const result = read();

            this.#findings.judge('L23', true);

            return result;

        } catch (error) {
            if (!(error instanceof Mp4Error || error instanceof RangeError)) {
                throw error;
            }

            this.#findings.fail('L23', what + error.message);

            return null;
        }
    }

    /** L23, L24, L25 of the samples of one track in one fragment. */
    #run(run, init, unit, judge) {
        const track = init.tracks.find(({id}) => id === run.track);

        if (!judge('L23', track !== undefined, () => `track ${run.track} is not in the init section`)) {
            return;
        }

        judge('L23', run.baseIsMoof, () => `track ${run.track} without default-base-is-moof`);

        if (!judge('L23', run.time !== null, () => `track ${run.track} without tfdt`)) {
            return;
        }

        judge('L25', run.timeVersion === 1, () => `tfdt of track ${run.track} has 32 bits`);
        judge('L23', !run.unsigned || track.edited, () =>
            `composition offsets of track ${run.track} are unsigned, and there is no edit list`);

        const outside = run.samples.find(({offset, size}) => offset < run.mdat.body || offset + size > run.mdat.end);

        judge('L23', !outside, () => `a sample of track ${run.track} is not in mdat`);

        const next = this.#next.get(run.track);
        const off = next === undefined ? 0n : run.time - next;

        /* whether a part of it was lost cannot be known when its parts are not listed any more */
        judge('L23', this.#variable || unit.index === null || off >= -TICK && off <= TICK, () =>
            `track ${run.track} begins ${off} ticks of ${track.timescale} after the end of what was before`);

        const total = run.samples.reduce((sum, {duration}) => sum + duration, 0);

        this.#next.set(run.track, run.time + BigInt(total));

        if (track.kind === 'video') {
            const known = this.#durations.get(unit.map) ?? [];

            run.samples.forEach(({duration}) => known.push(duration));
            this.#durations.set(unit.map, known);

            for (const sample of outside ? [] : run.samples) {
                const random = isRandomAccess(unit.body.subarray(sample.offset, sample.offset + sample.size), track);

                judge('L16', !sample.sync || random !== false, () => 'a sync sample has no IDR picture');
                judge('L23', sample.sync || random !== true, () => 'an IDR picture is no sync sample');
            }
        }
    }

    /** L8, L16, L23: INDEPENDENT, and what segments begin with. */
    #keyframes(runs, init, unit, judge) {
        const video = init.tracks.find(({kind}) => kind === 'video');
        const samples = runs.filter(({track}) => track === (video ?? init.tracks[0])?.id)
            .flatMap((run) => run.samples);
        const sync = samples.some((sample) => sample.sync);
        const first = samples[0]?.sync ?? false;

        if (unit.index !== null) {
            judge('L8', unit.independent || !sync, () => 'has a keyframe, and no INDEPENDENT=YES');
            judge('L23', !unit.independent || first, () => 'has INDEPENDENT=YES, and does not begin with a keyframe');
        }

        const known = this.#starts.get(unit.msn);

        this.#starts.set(unit.msn, {
            first: known?.first ?? (samples.length > 0 ? first : null), sync: known?.sync || sync,
            whole: known ? known.whole : unit.index === 0 || unit.index === null,
        });
        this.#starts.delete(unit.msn - 8);
    }

    /** L23: what is declared is the duration of the media, or the time to what comes next. */
    #duration(runs, init, unit, judge) {
        const starts = new Map();
        const lengths = [];

        for (const {id, timescale} of init.tracks) {
            const own = runs.filter(({track, time}) => track === id && time !== null);

            if (own.length > 0) {
                const total = own.flatMap(({samples}) => samples).reduce((sum, {duration}) => sum + duration, 0);

                starts.set(id, Number(own[0].time) / timescale);
                lengths.push(total / timescale);
            }
        }

        const before = this.#before;

        if (before) {
            const reached = [...before.starts].filter(([id]) => starts.has(id))
                .map(([id, start]) => starts.get(id) - start);
            const off = Math.min(...[...before.lengths, ...reached].map((length) =>
                Math.abs(length - before.duration)));

            /* where sound ends parts of video that is late, a frame may be in the next one */

            before.judge('L23', this.#variable || off <= SLACK, () =>
                `is declared to take ${before.duration} s, its media takes ${before.lengths.map((length) =>
                    length.toFixed(5)).join(' and ')} s`);
        }

        this.#before = {starts, lengths, duration: unit.duration, judge};
    }

    /**
     * A whole segment, after its parts.
     *
     * @param {{msn: number, duration: number, body: Buffer, parts: ?Buffer[], independent: boolean}} segment parts:
     *     null if they are not known; independent: the playlist has EXT-X-INDEPENDENT-SEGMENTS
     */
    segment({msn, duration, body, parts, independent}) {
        const judge = (rule, pass, text) => this.#findings.judge(rule, pass, () => `segment ${msn}: ${text}`);

        if (parts) {
            const whole = Buffer.concat(parts);

            judge('L23', whole.equals(body), `has ${body.length} bytes, its parts ${whole.length} other ones`);
        }

        const start = this.#starts.get(msn);

        if (start?.whole && start.first !== null) {
            judge('L16', start.sync, 'has no keyframe');
            judge('L16', !independent || start.first, 'does not begin with a keyframe, as '
                  + 'EXT-X-INDEPENDENT-SEGMENTS says');
            this.#segments.sync &&= start.first;
            this.#segments.declared &&= independent;
        }

        this.#segments.count++;
        this.#segments.bytes += body.length;
        this.#segments.duration += duration;

        if (duration > 0.5) {
            this.#segments.peak = Math.max(this.#segments.peak, 8 * body.length / duration);
        }
    }

    /** Frames a second of an init section, null when there are too few or they do not come at a constant rate. */
    rate(uri) {
        const durations = this.#durations.get(uri) ?? [];

        return durations.length < CADENCE_FRAMES || this.#variable ? null : 90000 / frameOf(durations);
    }

    /** L16, L24: to be called at the end. */
    finish() {
        const {count, sync, declared} = this.#segments;

        if (count > 1) {
            this.#findings.judge('L16', declared || !sync, () =>
                'all segments begin with a keyframe, and EXT-X-INDEPENDENT-SEGMENTS is missing');
        }

        for (const [uri, durations] of this.#durations) {
            if (!this.#variable && durations.length >= CADENCE_FRAMES) {
                const frame = frameOf(durations);
                const odd = durations.find((duration) => {
                    const frames = Math.max(Math.round(duration / frame), 1);

                    return Math.abs(duration - frames * frame) > CADENCE * frames;
                });

                this.#findings.judge('L24', odd === undefined, () =>
                    `a frame takes ${odd} ticks where most take ${frame.toFixed(1)} (${nameOf(uri)})`);
            }
        }
    }

    /**
     * L21: a variant of the multivariant playlist, after its media.
     *
     * @param {object} variant attributes of EXT-X-STREAM-INF
     */
    variant(variant) {
        const judge = (pass, text) => this.#findings.judge('L21', pass, text);
        const init = this.#inits.get(this.#map);

        if (!init) {
            return;
        }

        const video = init.tracks.find(({kind}) => kind === 'video');
        const codecs = init.tracks.map(({codec, entry}) => codec ?? entry);
        const plain = (list) => list.map((codec) => codec.trim().toLowerCase()).sort().join(',');
        const {peak, bytes, duration, count} = this.#segments;

        judge(plain(codecs) === plain((variant.CODECS ?? '').split(',')), () =>
            `CODECS="${variant.CODECS}", the media is ${codecs}`);

        if (video) {
            const {width, height} = variant.RESOLUTION ?? {};
            const rate = this.rate(this.#map);

            judge(width === video.width && height === video.height, () =>
                `RESOLUTION=${width}x${height}, the media is ${video.width}x${video.height}`);

            if (rate) {
                judge(Math.abs(variant['FRAME-RATE'] / rate - 1) < 0.005, () =>
                    `FRAME-RATE=${variant['FRAME-RATE']}, the media has ${rate.toFixed(3)}`);
            }
        } else {
            judge(!variant.RESOLUTION && !variant['FRAME-RATE'], 'RESOLUTION or FRAME-RATE of audio');
        }

        const {BANDWIDTH: most, 'AVERAGE-BANDWIDTH': average} = variant;

        judge(most > 0 && average > 0 && average <= most, () => `BANDWIDTH=${most}, AVERAGE-BANDWIDTH=${average}`);

        if (count > 0) {
            judge(most * PEAK >= peak, () => `BANDWIDTH=${most}, a segment has ${Math.round(peak)} bit/s`);
        }

        if (count > 3) {
            const mean = 8 * bytes / duration;

            judge(average * MEAN >= mean && average <= mean * MEAN, () =>
                `AVERAGE-BANDWIDTH=${average}, segments have ${Math.round(mean)} bit/s`);
        }
    }
}

/** Ticks of a frame: the mean of those that are near the median, so that missing frames do not count. */
function frameOf(durations) {
    const median = [...durations].sort((a, b) => a - b)[durations.length >> 1];
    const near = durations.filter((duration) => Math.abs(duration / median - 1) <= NEAR);

    return near.reduce((sum, duration) => sum + duration, 0) / near.length;
}
