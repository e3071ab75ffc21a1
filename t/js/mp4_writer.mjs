/*
 * A writer of fragmented MP4 for tests of the reader: boxes made by hand, with pictures and sound that no decoder would
 * take, but right in all that HLS wants to know.
 */

const u8 = (...values) => Buffer.from(values);

function u16(...values) {
    const bytes = Buffer.alloc(2 * values.length);

    values.forEach((value, i) => bytes.writeUInt16BE(value, 2 * i));
    return bytes;
}

function u32(...values) {
    const bytes = Buffer.alloc(4 * values.length);

    values.forEach((value, i) => bytes.writeUInt32BE(value >>> 0, 4 * i));
    return bytes;
}

function u64(value) {
    const bytes = Buffer.alloc(8);

    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
}

/** A box of this type; content are buffers. */
export function box(type, ...content) {
    const body = Buffer.concat(content);

    return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body]);
}

const fullBox = (type, version, flags, ...content) => box(type, u32(version << 24 | flags), ...content);

const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** High profile, level 3.1, and parameter sets of nothing. */
const AVCC = box('avcC', u8(1, 0x64, 0, 0x1f, 0xff, 0xe1), u16(4), u8(0x67, 0x64, 0, 0x1f), u8(1), u16(2), u8(0x68, 0));

/** AAC LC, 48 kHz, stereo. */
const ESDS = fullBox('esds', 0, 0, u8(3, 25, 0, 1, 0, 4, 17, 0x40, 0x15, 0, 0, 0), u32(128000, 128000),
                     u8(5, 2, 0x11, 0x90, 6, 1, 2));

function visualEntry({entry, width, height, record}) {
    return box(entry, Buffer.alloc(6), u16(1), Buffer.alloc(16), u16(width, height), u32(0x480000, 0x480000, 0), u16(1),
               Buffer.alloc(32), u16(24, 0xffff), ...record ? [AVCC] : []);
}

function soundEntry({entry, rate, record}) {
    return box(entry, Buffer.alloc(6), u16(1), Buffer.alloc(8), u16(2, 16), u32(0), u32(rate * 65536),
               ...record ? [ESDS] : []);
}

/**
 * A track as the writer takes it: entry, timescale, record (whether it has one), samples (in moov), of video width and
 * height, of audio rate.
 */
function trak(track) {
    const {id, kind, timescale, samples} = track;
    const video = kind === 'video';

    return box('trak',
        fullBox('tkhd', 0, 3, u32(0, 0, id, 0, 0), Buffer.alloc(16), MATRIX,
                u32(video ? track.width * 65536 : 0, video ? track.height * 65536 : 0)),
        box('mdia',
            fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(0x55c4, 0)),
            fullBox('hdlr', 0, 0, u32(0), Buffer.from(video ? 'vide' : 'soun'), Buffer.alloc(13)),
            box('minf',
                video ? fullBox('vmhd', 0, 1, Buffer.alloc(8)) : fullBox('smhd', 0, 0, Buffer.alloc(4)),
                box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
                box('stbl',
                    fullBox('stsd', 0, 0, u32(1), video ? visualEntry(track) : soundEntry(track)),
                    fullBox('stts', 0, 0, samples ? u32(1, samples, 1) : u32(0)),
                    fullBox('stsc', 0, 0, u32(0)),
                    fullBox('stsz', 0, 0, u32(0, samples), Buffer.alloc(4 * samples)),
                    fullBox('stco', 0, 0, u32(0))))));
}

/** An init section; without mvex if it is to be wrong. */
export function writeInit(tracks, {fragmented = true} = {}) {
    return Buffer.concat([
        box('ftyp', Buffer.from('iso6'), u32(0), Buffer.from('iso6cmfc')),
        box('moov',
            fullBox('mvhd', 0, 0, u32(0, 0, 1000, 0, 0x10000), u16(0x100, 0), Buffer.alloc(8), MATRIX,
                    Buffer.alloc(24), u32(tracks.length + 1)),
            ...tracks.map(trak),
            ...fragmented ? [box('mvex', ...tracks.map(({id}) => fullBox('trex', 0, 0, u32(id, 1, 0, 0, 0))))] : []),
    ]);
}

/** A NAL unit with its length: of an IDR picture or not. */
export const picture = (idr, size, fill) => Buffer.concat([u32(size - 4), u8(idr ? 0x65 : 0x41),
                                                           Buffer.alloc(size - 5, fill)]);

const SYNC = 0x02000000;
const NON_SYNC = 0x01010000;

/**
 * A fragment: moof and mdat.
 *
 * @param {object} fragment
 * @param {number} fragment.sequence
 * @param {{id: number, time: number, samples: {duration: number, sync: boolean, cts: number, data: Buffer}[]}[]}
 *     fragment.runs
 * @param {{timeVersion?: number, runVersion?: number, baseIsMoof?: boolean}} options what else than 1, 1 and true is
 *     there to be wrong
 */
export function writeFragment({sequence, runs}, {timeVersion = 1, runVersion = 1, baseIsMoof = true} = {}) {
    const trafs = (start) => {
        let offset = start;

        return runs.map(({id, time, samples}) => {
            const traf = box('traf',
                fullBox('tfhd', 0, baseIsMoof ? 0x020000 : 0, u32(id)),
                fullBox('tfdt', timeVersion, 0, timeVersion === 1 ? u64(time) : u32(time)),
                fullBox('trun', runVersion, 0xf01, u32(samples.length), u32(offset),
                        ...samples.map(({duration, sync, cts, data}) =>
                            u32(duration, data.length, sync ? SYNC : NON_SYNC, cts))));

            offset += samples.reduce((sum, {data}) => sum + data.length, 0);
            return traf;
        });
    };

    const moof = (start) => box('moof', fullBox('mfhd', 0, 0, u32(sequence)), ...trafs(start));

    return Buffer.concat([
        moof(moof(0).length + 8),
        box('mdat', ...runs.flatMap(({samples}) => samples.map(({data}) => data))),
    ]);
}
