/*
 * A reader of fragmented MP4 (ISO/IEC 14496-12), as much of it as HLS wants to know: init sections, and the samples of
 * fragments.  What cannot be read throws Mp4Error; what is merely not allowed in HLS is for the caller to judge.
 */

export class Mp4Error extends Error {}

/** Boxes that hold nothing but boxes. */
const CONTAINERS = new Set(['moov', 'mvex', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf', 'edts', 'dinf']);

/* Flags of tfhd, trun and samples: 8.8.7, 8.8.8, 8.8.3.1. */

const TFHD_BASE_DATA_OFFSET = 0x000001;
const TFHD_DESCRIPTION = 0x000002;
const TFHD_DURATION = 0x000008;
const TFHD_SIZE = 0x000010;
const TFHD_FLAGS = 0x000020;
const TFHD_BASE_IS_MOOF = 0x020000;
const TRUN_DATA_OFFSET = 0x000001;
const TRUN_FIRST_FLAGS = 0x000004;
const TRUN_DURATION = 0x000100;
const TRUN_SIZE = 0x000200;
const TRUN_FLAGS = 0x000400;
const TRUN_CTS = 0x000800;
const SAMPLE_IS_NON_SYNC = 0x00010000;

/** Bytes of a sample entry before its boxes: 8.5.2, 12.1.3, 12.2.3. */
const VISUAL_ENTRY = 86 - 8;
const AUDIO_ENTRY = 36 - 8;

/** @typedef {{type: string, start: number, body: number, end: number, children: ?Box[]}} Box offsets in the buffer */

/**
 * The boxes in a part of a buffer, those of containers too.
 *
 * @param {Buffer} data
 * @returns {Box[]}
 */
export function readBoxes(data, start = 0, end = data.length) {
    const boxes = [];

    for (let at = start; at < end;) {
        if (end - at < 8) {
            throw new Mp4Error(`${end - at} bytes at ${at} are no box`);
        }

        const type = data.toString('latin1', at + 4, at + 8);
        let size = data.readUInt32BE(at);
        let body = at + 8;

        if (size === 1 && end - at >= 16) {
            size = Number(data.readBigUInt64BE(at + 8));
            body = at + 16;
        }

        if (size < body - at || size > end - at) {
            throw new Mp4Error(`${type} at ${at} has ${size} of ${end - at} bytes`);
        }

        boxes.push({
            type, start: at, body, end: at + size,
            children: CONTAINERS.has(type) ? readBoxes(data, body, at + size) : null,
        });
        at += size;
    }

    return boxes;
}

/** The first box of a path of types. */
export function find(boxes, ...path) {
    let box = null;
    let level = boxes;

    for (const type of path) {
        box = level?.find((one) => one.type === type) ?? null;
        level = box?.children;
    }

    return box;
}

/** The bytes of a box after its header, which have to be enough. */
function content(data, box, least) {
    if (box.end - box.body < least) {
        throw new Mp4Error(`${box.type} at ${box.start} is too short`);
    }

    return data.subarray(box.body, box.end);
}

/** Version and flags of a full box. */
function full(bytes) {
    return {version: bytes[0], flags: bytes.readUIntBE(1, 3)};
}

/**
 * @typedef {object} Track
 * @property {number} id
 * @property {string} kind 'video', 'audio' or the handler's name
 * @property {number} timescale
 * @property {string} entry type of the sample entry: avc1, hvc1, mp4a ...
 * @property {?string} codec as in CODECS, null when there is no record of it
 * @property {string} record type of the box that tells
 * @property {?number} nalLength bytes of the length before each NAL unit
 * @property {?number} width
 * @property {?number} height
 * @property {?number} rate samples per second
 * @property {?number} channels
 * @property {number} samples that are described in moov
 * @property {boolean} edited there is an edit list
 * @property {?{duration: number, size: number, flags: number}} defaults trex
 */

/**
 * An init section.
 *
 * @param {Buffer} data
 * @returns {{types: string[], fragmented: boolean, tracks: Track[]}}
 */
export function readInit(data) {
    const boxes = readBoxes(data);
    const moov = find(boxes, 'moov');
    const types = boxes.map(({type}) => type);

    if (!moov) {
        throw new Mp4Error('no moov');
    }

    const mvex = find(moov.children, 'mvex');
    const defaults = new Map();

    for (const trex of mvex?.children.filter(({type}) => type === 'trex') ?? []) {
        const bytes = content(data, trex, 24);

        defaults.set(bytes.readUInt32BE(4), {
            duration: bytes.readUInt32BE(12), size: bytes.readUInt32BE(16), flags: bytes.readUInt32BE(20),
        });
    }

    const tracks = moov.children.filter(({type}) => type === 'trak').map((trak) => readTrack(data, trak, defaults));

    return {types, fragmented: mvex !== null, tracks};
}

function readTrack(data, trak, defaults) {
    const box = (...path) => {
        const found = find(trak.children, ...path);

        if (!found) {
            throw new Mp4Error(`no ${path.join('/')}`);
        }

        return found;
    };

    const tkhd = content(data, box('tkhd'), 24);
    const mdhd = content(data, box('mdia', 'mdhd'), 20);
    const hdlr = content(data, box('mdia', 'hdlr'), 12).toString('latin1', 8, 12);
    const stbl = box('mdia', 'minf', 'stbl');
    const id = tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12);
    const kind = {vide: 'video', soun: 'audio'}[hdlr] ?? hdlr;

    return {
        id, kind,
        timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12),
        samples: samplesOf(data, stbl.children),
        edited: find(trak.children, 'edts', 'elst') !== null,
        defaults: defaults.get(id) ?? null,
        ...readEntry(data, box('mdia', 'minf', 'stbl', 'stsd'), kind),
    };
}

/** How many samples and chunks the tables of a track tell of. */
function samplesOf(data, stbl) {
    let samples = 0;

    for (const box of stbl) {
        if (box.type === 'stsz' || box.type === 'stz2') {
            samples += content(data, box, 12).readUInt32BE(8);
        } else if (['stts', 'stsc', 'stco', 'co64'].includes(box.type)) {
            samples += content(data, box, 8).readUInt32BE(4);
        }
    }

    return samples;
}

const RECORDS = {
    avc1: 'avcC', avc3: 'avcC', hvc1: 'hvcC', hev1: 'hvcC', av01: 'av1C', mp4a: 'esds', Opus: 'dOps',
};

function readEntry(data, stsd, kind) {
    const bytes = content(data, stsd, 8);

    if (bytes.readUInt32BE(4) !== 1) {
        throw new Mp4Error(`${bytes.readUInt32BE(4)} sample entries`);
    }

    const [entry] = readBoxes(data, stsd.body + 8, stsd.end);
    const fields = content(data, entry, kind === 'video' ? VISUAL_ENTRY : AUDIO_ENTRY);
    const boxes = readBoxes(data, entry.body + (kind === 'video' ? VISUAL_ENTRY : AUDIO_ENTRY), entry.end);
    const record = boxes.find(({type}) => type === RECORDS[entry.type]) ?? null;
    const size = kind === 'video'
        ? {width: fields.readUInt16BE(24), height: fields.readUInt16BE(26), rate: null, channels: null}
        : {width: null, height: null, rate: fields.readUInt16BE(24), channels: fields.readUInt16BE(16)};

    return {
        entry: entry.type, record: record?.type ?? null, ...size, codec: null, nalLength: null,
        ...record && readRecord(entry.type, content(data, record, 1), record.type),
    };
}

const hex = (number, digits) => number.toString(16).padStart(digits, '0');

/** What a decoder record says, and the codec's name: RFC 6381, ISO/IEC 14496-15 Annex E, AV1 in ISOBMFF 5. */
function readRecord(entry, record, type) {
    switch (type) {
    case 'avcC':
        return {codec: `${entry}.${hex(record.readUIntBE(1, 3), 6)}`, nalLength: (record[4] & 3) + 1};

    case 'hvcC':
        return {codec: `${entry}.${hevcName(record)}`, nalLength: (record[21] & 3) + 1};

    case 'av1C':
        return {codec: av1Name(record)};

    case 'esds':
        return aac(record);

    default:
        return {codec: 'opus', rate: 48000};
    }
}

function hevcName(record) {
    const general = record[1];
    const space = ['', 'A', 'B', 'C'][general >> 6];
    const constraints = [...record.subarray(6, 12)];
    let reversed = 0;

    for (let bit = 0, flags = record.readUInt32BE(2); bit < 32; bit++) {
        reversed = (reversed << 1 | flags >>> bit & 1) >>> 0;
    }

    while (constraints.at(-1) === 0) {
        constraints.pop();
    }

    return [`${space}${general & 31}`, reversed.toString(16), `${general & 32 ? 'H' : 'L'}${record[12]}`,
            ...constraints.map((byte) => byte.toString(16))].join('.').toUpperCase();
}

function av1Name(record) {
    const depth = record[2] & 0x40 ? record[2] & 0x20 ? 12 : 10 : 8;
    const two = (number) => String(number).padStart(2, '0');

    return `av01.${record[1] >> 5}.${two(record[1] & 31)}${record[2] & 0x80 ? 'H' : 'M'}.${two(depth)}`;
}

/** Rates by samplingFrequencyIndex: ISO/IEC 14496-3, 1.6.3.4. */
const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

function aac(record) {
    /* descriptors have sizes of 7 bits a byte: ISO/IEC 14496-1, 8.3.3 */
    let at = 4;
    let codec = null;
    let rate = null;

    while (at + 2 <= record.length) {
        const tag = record[at++];
        let size = 0;

        for (let more = true; more && at < record.length; at++) {
            size = size << 7 | record[at] & 127;
            more = record[at] > 127;
        }

        if (tag === 3) {
            at += 3;
        } else if (tag === 4) {
            codec = `mp4a.${hex(record[at] ?? 0, 2)}`;
            at += 13;
        } else if (tag === 5 && size >= 2 && at + 2 <= record.length) {
            const type = record[at] >> 3;
            const index = (record[at] & 7) << 1 | record[at + 1] >> 7;

            codec += `.${type === 31 ? 32 + ((record[at] & 7) << 3 | record[at + 1] >> 5) : type}`;
            rate = AAC_RATES[index] ?? null;
            at += size;
        } else {
            at += size;
        }
    }

    return rate ? {codec, rate} : {codec};
}

/** @typedef {{duration: number, size: number, sync: boolean, cts: number, offset: number}} Sample */

/**
 * @typedef {object} Run what one traf has
 * @property {number} track
 * @property {boolean} baseIsMoof default-base-is-moof, and no base of its own
 * @property {?bigint} time tfdt
 * @property {number} timeVersion of tfdt: 1 has 64 bits
 * @property {boolean} unsigned composition offsets are in a trun of version 0
 * @property {Sample[]} samples
 */

/**
 * Fragments: parts and segments.
 *
 * @param {Buffer} data
 * @param {Track[]} tracks of the init section
 * @returns {{types: string[], fragments: {runs: Run[], mdat: {body: number, end: number}}[]}}
 */
export function readFragments(data, tracks) {
    const boxes = readBoxes(data);
    const fragments = [];

    boxes.forEach((box, i) => {
        if (box.type !== 'moof') {
            return;
        }

        const mdat = boxes[i + 1]?.type === 'mdat' ? boxes[i + 1] : null;

        if (!mdat) {
            throw new Mp4Error(`no mdat after the moof at ${box.start}`);
        }

        if (!find(box.children, 'mfhd')) {
            throw new Mp4Error('no mfhd');
        }

        fragments.push({
            runs: box.children.filter(({type}) => type === 'traf').map((traf) => readRun(data, box, traf, tracks)),
            mdat: {body: mdat.body, end: mdat.end},
        });
    });

    return {types: boxes.map(({type}) => type), fragments};
}

function readRun(data, moof, traf, tracks) {
    const tfhd = find(traf.children, 'tfhd');
    const tfdt = find(traf.children, 'tfdt');

    if (!tfhd) {
        throw new Mp4Error('no tfhd');
    }

    const bytes = content(data, tfhd, 8);
    const {flags} = full(bytes);
    const track = bytes.readUInt32BE(4);
    const defaults = {...tracks.find(({id}) => id === track)?.defaults ?? {duration: 0, size: 0, flags: 0}};
    let at = 8;

    const next = (flag, width) => {
        if (!(flags & flag)) {
            return null;
        }

        at += width;

        if (at > bytes.length) {
            throw new Mp4Error('tfhd is too short');
        }

        return width === 8 ? Number(bytes.readBigUInt64BE(at - 8)) : bytes.readUInt32BE(at - 4);
    };

    const base = next(TFHD_BASE_DATA_OFFSET, 8);

    next(TFHD_DESCRIPTION, 4);
    defaults.duration = next(TFHD_DURATION, 4) ?? defaults.duration;
    defaults.size = next(TFHD_SIZE, 4) ?? defaults.size;
    defaults.flags = next(TFHD_FLAGS, 4) ?? defaults.flags;

    const run = {
        track, baseIsMoof: base === null && (flags & TFHD_BASE_IS_MOOF) !== 0, time: null, timeVersion: 0,
        unsigned: false, samples: [],
    };

    if (tfdt) {
        const time = content(data, tfdt, 8);

        run.timeVersion = time[0];
        run.time = time[0] === 1 ? content(data, tfdt, 12).readBigUInt64BE(4) : BigInt(time.readUInt32BE(4));
    }

    for (const trun of traf.children.filter(({type}) => type === 'trun')) {
        readTrun(content(data, trun, 8), base ?? moof.start, defaults, run);
    }

    return run;
}

function readTrun(bytes, base, defaults, run) {
    const {version, flags} = full(bytes);
    const count = bytes.readUInt32BE(4);
    const fields = [TRUN_DURATION, TRUN_SIZE, TRUN_FLAGS, TRUN_CTS].filter((flag) => flags & flag).length;
    const header = 8 + (flags & TRUN_DATA_OFFSET ? 4 : 0) + (flags & TRUN_FIRST_FLAGS ? 4 : 0);
    const last = run.samples.at(-1);

    if (bytes.length !== header + count * fields * 4) {
        throw new Mp4Error(`trun of ${count} samples has ${bytes.length} bytes`);
    }

    let offset = flags & TRUN_DATA_OFFSET ? base + bytes.readInt32BE(8) : last ? last.offset + last.size : base;
    const first = flags & TRUN_FIRST_FLAGS ? bytes.readUInt32BE(header - 4) : null;
    let at = header;

    const next = (flag, other) => {
        if (!(flags & flag)) {
            return other;
        }

        at += 4;
        return bytes.readUInt32BE(at - 4);
    };

    for (let i = 0; i < count; i++) {
        const duration = next(TRUN_DURATION, defaults.duration);
        const size = next(TRUN_SIZE, defaults.size);
        const own = next(TRUN_FLAGS, i === 0 && first !== null ? first : defaults.flags);
        const cts = next(TRUN_CTS, 0);

        run.samples.push({
            duration, size, offset, sync: (own & SAMPLE_IS_NON_SYNC) === 0, cts: version === 0 ? cts : cts | 0,
        });
        offset += size;
    }

    run.unsigned ||= version === 0 && run.samples.some(({cts}) => cts !== 0);
}

/* NAL units that begin an IDR picture (H.264 Table 7-1), or an intra random access point (H.265 Table 7-1); the OBU of
   an AV1 sequence header, which sync samples have (AV1 6.2.1, AV1 in ISOBMFF 2.4). */

const IDR = 5;
const IRAP = [16, 21];
const SEQUENCE_HEADER = 1;

/**
 * Whether a decoder can begin with a sample, as far as its bytes tell; null: they do not.
 *
 * @param {Buffer} sample
 * @param {Track} track
 */
export function isRandomAccess(sample, track) {
    if (track.record === 'av1C') {
        return hasSequenceHeader(sample);
    }

    if (!track.nalLength) {
        return null;
    }

    for (let at = 0; at + track.nalLength < sample.length;) {
        const size = sample.readUIntBE(at, track.nalLength);
        const byte = sample[at + track.nalLength];
        const type = byte >> 1 & 63;

        if (track.record === 'avcC' ? (byte & 31) === IDR : type >= IRAP[0] && type <= IRAP[1]) {
            return true;
        }

        at += track.nalLength + size;
    }

    return false;
}

function hasSequenceHeader(sample) {
    for (let at = 0; at < sample.length;) {
        const byte = sample[at];

        if ((byte >> 3 & 15) === SEQUENCE_HEADER) {
            return true;
        }

        at += byte & 4 ? 2 : 1;

        if (!(byte & 2)) {
            break;
        }

        let size = 0;

        for (let i = 0, more = true; more && i < 8 && at < sample.length; i++, at++) {
            size += (sample[at] & 127) * 2 ** (7 * i);
            more = sample[at] > 127;
        }

        at += size;
    }

    return false;
}
