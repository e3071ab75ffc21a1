/*
 * Rules of media, and the reader of boxes, seen to pass what is right and to report what is wrong.
 */

import {right, START, swap, wrong} from './hls_replay.mjs';
import {SyntheticSource} from './hls_synthetic.mjs';
import {Mp4Error, readBoxes, readFragments, readInit} from './mp4_boxes.mjs';
import {box, picture, writeFragment, writeInit} from './mp4_writer.mjs';
import {is, note} from './tap.mjs';

/** What parts, segments and init sections can be made wrong in. */
export function media() {
    const {runs, pictures, whole, part} = SyntheticSource.prototype;
    const change = (more) => ({change: (source) => {
        Object.assign(source, more(source));
    }});

    /* samples of video of a part, changed */
    const samples = (edit) => change((source) => ({pictures: (m, p) => edit(pictures.call(source, m, p), m, p)}));

    /* runs of a part, changed */
    const tracks = (edit) => change((source) => ({runs: (m, p) => edit(runs.call(source, m, p), m, p)}));

    /* fragments that are written in another way */
    const written = (options) => change((source) => ({part: (m, p) =>
        writeFragment({sequence: 1, runs: runs.call(source, m, p)}, options)}));

    const init = (edit, more = {}) => change((source) => {
        const list = source.tracks.map((track) => ({...track}));

        edit(list);
        return {init: () => writeInit(list), ...more};
    });
    const variant = (from, to) => ({multivariant: () => SyntheticSource.prototype.multivariant().replace(from, to)});
    const plain = swap('#EXT-X-INDEPENDENT-SEGMENTS\n', '');

    right('fragments that have styp', change((source) => ({part: (m, p) =>
        Buffer.concat([box('styp', Buffer.from('msdh\0\0\0\0msdh')), part.call(source, m, p)])})));
    right('two fragments in a part', change((source) => ({part: (m, p) => {
        const [video, audio] = runs.call(source, m, p);
        const rest = {...video, time: video.time + 3 * source.frame, samples: video.samples.slice(3)};

        return Buffer.concat([
            writeFragment({sequence: 1, runs: [{...video, samples: video.samples.slice(0, 3)}, audio]}),
            writeFragment({sequence: 2, runs: [rest]}),
        ]);
    }})));
    right('B-frames', samples((list) => list.map((one, i) => ({...one, cts: [0, 3000, -3000][i % 3]}))));
    right('a source with frames at no constant rate', {variable: true, ...samples((list, m, p) =>
        list.map((one, i) => ({...one, duration: i === 0 ? 3000 - 100 * (p % 2) : one.duration})))});
    right('segments of which one does not begin with a keyframe', {
        edit: (text) => plain(text).replace(/(-1[45]\.0\.m4s"),INDEPENDENT=YES/g, '$1')
            .replace(/^(#EXT-X-PART:.*-1[45]\.1\.m4s")/gm, '$1,INDEPENDENT=YES'),
        ...samples((list, m, p) => ([14, 15].includes(m) ? list.map((one, i) => ({
            ...one, sync: p === 1 && i === 0, data: picture(p === 1 && i === 0, one.data.length),
        })) : list)),
    });

    wrong('L16', 'a segment that does not begin with a keyframe, and ought to', {
        to: 76,
        edit: (text) => text.replace(/(-1[45]\.0\.m4s"),INDEPENDENT=YES/g, '$1')
            .replace(/^(#EXT-X-PART:.*-1[45]\.1\.m4s")/gm, '$1,INDEPENDENT=YES'),
        ...samples((list, m, p) => ([14, 15].includes(m) ? list.map((one, i) => ({
            ...one, sync: p === 1 && i === 0, data: picture(p === 1 && i === 0, one.data.length),
        })) : list)),
    });
    wrong('L16', 'a segment without a keyframe', {
        edit: (text) => plain(text).replace(/(-1[45]\.0\.m4s"),INDEPENDENT=YES/g, '$1'),
        ...samples((list, m) => ([14, 15].includes(m)
            ? list.map((one) => ({...one, sync: false, data: picture(false, one.data.length)})) : list)),
    });
    wrong('L16', 'no EXT-X-INDEPENDENT-SEGMENTS', {edit: plain});
    wrong('L16', 'a sync sample that is none', samples((list) => list.map((one) =>
        ({...one, data: picture(false, one.data.length)}))));

    wrong('L23', 'a keyframe that is no sync sample', samples((list, m, p) => (p === 2
        ? list.map((one) => ({...one, data: picture(true, one.data.length)})) : list)));
    wrong('L23', 'INDEPENDENT without a keyframe', {edit: (text) => text.replace(/^(#EXT-X-PART:.*-14\.2\.m4s")/gm,
                                                                                   '$1,INDEPENDENT=YES')});
    wrong('L23', 'a keyframe in the middle of an independent part', {edit: plain, ...samples((list, m, p) =>
        list.map((one, i) => ({
            ...one, sync: p === 0 && i === 1, data: picture(p === 0 && i === 1, one.data.length),
        })))});
    wrong('L23', 'a hole of media time', tracks((list, m) => list.map((run) =>
        ({...run, time: run.time + (m >= 15 ? 20 : 0)}))));
    wrong('L23', 'a hole of the time of audio', tracks(([video, audio], m) =>
        [video, {...audio, time: audio.time + (m >= 15 ? 2 : 0)}]));
    wrong('L23', 'an overlap of media time', tracks((list, m) => list.map((run) =>
        ({...run, time: run.time - (m >= 15 ? 20 : 0)}))));
    wrong('L23', 'no default-base-is-moof', written({baseIsMoof: false}));
    wrong('L23', 'unsigned composition offsets', {...change((source) => ({part: (m, p) => writeFragment({
        sequence: 1, runs: runs.call(source, m, p).map((run) => ({
            ...run, samples: run.samples.map((one) => ({...one, cts: 3000})),
        })),
    }, {runVersion: 0})}))});
    wrong('L23', 'a track that is not in the init section', tracks((list) =>
        [...list, {...list[1], id: 9, samples: []}]));
    wrong('L23', 'a part that is cut off', change((source) => ({
        part: (m, p) => part.call(source, m, p).subarray(0, m === 15 && p === 1 ? -1 : undefined),
    })));
    wrong('L23', 'a part without media', change((source) => ({
        part: (m, p) => (m === 15 && p === 1 ? box('styp', Buffer.alloc(8)) : part.call(source, m, p)),
    })));
    wrong('L23', 'a part with another box', change((source) => ({
        part: (m, p) => Buffer.concat([box('free'), part.call(source, m, p)]),
    })));
    wrong('L23', 'a segment that is not its parts', change((source) => ({
        whole: (m, n) => Buffer.concat([box('styp', Buffer.alloc(8)), whole.call(source, m, n)]),
    })));
    wrong('L23', 'parts that take another time than is declared', {edit: (text) =>
        text.replace(/DURATION=0.20000/g, 'DURATION=0.19800').replace(/EXTINF:1.0/g, 'EXTINF:0.99')});
    wrong('L23', 'a segment that takes another time than its parts', {edit: swap(/EXTINF:1.0/g, 'EXTINF:0.99')});
    wrong('L23', 'samples in the init section', init(([video]) => {
        video.samples = 3;
    }));
    wrong('L23', 'no mvex', change((source) => ({init: () => writeInit(source.tracks, {fragmented: false})})));
    wrong('L23', 'media in the init section', change((source) => ({
        init: () => Buffer.concat([writeInit(source.tracks), part.call(source, 0, 0)]),
    })));

    wrong('L24', 'a time scale of audio that is not its rate', init((list) => {
        list[1].timescale = 44100;
    }));
    wrong('L24', 'a time scale of video other than 90000', {
        ...init(([video]) => {
            video.timescale = 45000;
        }, {runs: null}),
        change: (source) => {
            const [video, audio] = source.tracks;

            source.init = () => writeInit([{...video, timescale: 45000}, audio]);
            source.runs = (m, p) => {
                const [pictured, sound] = runs.call(source, m, p);

                return [{...pictured, time: pictured.time / 2, samples: pictured.samples.map((one) =>
                    ({...one, duration: one.duration / 2}))}, sound];
            };
            source.multivariant = variant('30.000', '60.000').multivariant;
        },
    });
    wrong('L24', 'frame times that were rounded to ms', samples((list) => list.map((one, i) =>
        ({...one, duration: [2970, 2970, 3060][i % 3]}))));

    wrong('L25', 'tfdt of 32 bits', written({timeVersion: 0}));
    wrong('L25', 'parameter sets in samples', init(([video]) => {
        video.entry = 'avc3';
    }, variant('avc1', 'avc3')));
    wrong('L25', 'no esds', init((list) => {
        list[1].record = false;
    }, variant('.40.2', '')));
}

/** The reader of boxes on what is not right, and names of codecs. */
export function boxes() {
    const source = new SyntheticSource({start: START});
    const init = source.init();
    const fragment = source.part(3, 0);
    const {tracks} = readInit(init);
    let broken = 0;

    const survives = (read) => {
        try {
            read();
        } catch (error) {
            if (!(error instanceof Mp4Error || error instanceof RangeError)) {
                note(error.stack);
                broken++;
            }
        }
    };

    for (const [data, read] of [[init, readInit], [fragment, (bytes) => readFragments(bytes, tracks)]]) {
        for (let i = 0; i < data.length; i++) {
            const other = Buffer.from(data);

            other[i] ^= 1 << i % 8;
            survives(() => read(other));
            survives(() => read(data.subarray(0, i)));
        }
    }

    is(broken, 0, 'boxes that are cut off or broken are no surprise');

    const large = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from('mdat'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 20]),
                                 Buffer.alloc(4)]);

    is(readBoxes(large)[0].body, 16, 'sizes of 64 bits');
    is(tracks.map(({codec}) => codec).join(), 'avc1.64001f,mp4a.40.2', 'names of codecs');

    const entry = (type, ...content) => {
        const stsd = box('stsd', Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]), box(type, ...content));
        const at = init.indexOf('stsd') - 4;
        const end = at + init.readUInt32BE(at);
        const grown = Buffer.concat([init.subarray(0, at), stsd, init.subarray(end)]);

        for (const name of ['stbl', 'minf', 'mdia', 'trak', 'moov']) {
            const start = grown.indexOf(name) - 4;

            grown.writeUInt32BE(grown.readUInt32BE(start) + stsd.length - (end - at), start);
        }

        return readInit(grown).tracks[0].codec;
    };
    const visual = Buffer.alloc(78);

    is(entry('hvc1', visual, box('hvcC', Buffer.from([1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd,
        0xf8, 0xf8, 0, 0, 0x0f, 0]))), 'hvc1.1.6.L93.90', 'HEVC');
    is(entry('hvc1', visual, box('hvcC', Buffer.from([1, 0x22, 0x20, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 120, 0xf0, 0, 0xfc,
        0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 0]))), 'hvc1.2.4.H120.B0', 'HEVC of 10 bits');
    is(entry('av01', visual, box('av1C', Buffer.from([0x81, 4, 0x0c, 0]))), 'av01.0.04M.08', 'AV1');
    is(entry('av01', visual, box('av1C', Buffer.from([0x81, 13, 0xcc, 0]))), 'av01.0.13H.10', 'AV1 of 10 bits');
}
