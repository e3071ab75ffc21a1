/*
 * Rules of playlists, seen to pass what is right and to report what is wrong, on sources and times that are made up.
 */

import {judgeAngles} from './hls_angles.mjs';
import {Findings} from './hls_findings.mjs';
import {parseAttributes, parsePlaylist} from './hls_playlist.mjs';
import {answerOf, FIRST, LAST, Replay, reported, right, SECOND, since, START, swap, wrong} from './hls_replay.mjs';
import {SetRules} from './hls_set.mjs';
import {SyntheticSource} from './hls_synthetic.mjs';
import {is, ok} from './tap.mjs';

const SESSIONS = [{msn: 0, epoch: FIRST}, {msn: 15, epoch: SECOND, parts: 3, pause: 0.4}];

/* another session that a hint tells of, so that nothing but what is said of it can be wrong */
const FORESEEN = {options: {sessions: [{msn: 0, epoch: FIRST}, {msn: 15, epoch: SECOND}]}, change: (source) => {
    source.hint = function (count) {
        const {msn, part} = this.locate(count);

        return `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${this.partName(msn, part)}"\n`
            + `#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="${this.initName(msn)}"`;
    };
}};

export function facts() {
    right('a source that goes on', {deltas: true, to: 84});
    right('a source from its beginning', {from: 1, to: 26, deltas: true});
    right('a long time, with segments that leave', {from: 52, to: 76});
    right('a source of which parts are lost', {change: (source) => {
        source.lost = [{msn: 15, part: 1}, {msn: 15, part: 3}];
    }});
    right('a whole segment that is lost', {to: 82, change: (source) => {
        source.lost = [0, 1, 2, 3, 4].map((part) => ({msn: 15, part}));
    }});
    right('another session', {deltas: true, options: {sessions: SESSIONS}});
    right('another session that a hint foresees', FORESEEN);
    right('a publisher that is away for a while', {options: {sessions: SESSIONS}, edit: (text, count) =>
        (count === 73 ? text.replace(/#EXT-X-PRELOAD-HINT.*\n/, '') : text)});
    right('a session that has left the list', {deltas: true, from: 120, to: 134, options: {sessions: SESSIONS}});
    right('another session after a while', {options: {sessions: [SESSIONS[0], {...SESSIONS[1], pause: 2.5}]}});
    right('a source that ends', {options: {endAt: 78}});
    right('a source that ends with a segment', {to: 82, options: {endAt: 80}});
    right('parts that vary', {to: 100, change: (source) => {
        source.partTarget = 0.21;
    }});
    right('29.97 frames a second', {change: (source) => {
        source.frame = 3003;
        source.partTarget = 0.21;
        source.multivariant = function () {
            return SyntheticSource.prototype.multivariant.call(this).replace('30.000', '29.970');
        };
    }});

    wrong('P', 'an unknown tag', {edit: swap('#EXT-X-INDEP', '#EXT-X-NONE\n#EXT-X-INDEP')});
    wrong('P', 'EXT-X-TARGETDURATION twice', {edit: swap('#EXT-X-INDEP', '#EXT-X-TARGETDURATION:1\n#EXT-X-INDEP')});
    wrong('P', 'EXT-X-SERVER-CONTROL twice', {edit: (text) =>
        text.replace(/^#EXT-X-SERVER-CONTROL.*\n/m, (line) => line + line)});
    wrong('P', 'EXT-X-PART-INF twice', {edit: (text) => text.replace(/^#EXT-X-PART-INF.*\n/m, (line) => line + line)});
    wrong('P', 'an unknown attribute', {edit: swap('CAN-BLOCK', 'MAY-BLOCK=YES,CAN-BLOCK')});
    wrong('P', 'an attribute that has to be there', {edit: swap('#EXT-X-PRELOAD',
        '#EXT-X-RENDITION-REPORT:LAST-MSN=1\n#EXT-X-PRELOAD')});
    wrong('P', 'a number that is none', {edit: swap(/#EXTINF/g, '#EXT-X-BITRATE:1.5\n#EXTINF')});
    wrong('P', 'a last line without an end', {edit: (text) => text.slice(0, -1)});
    wrong('P', 'EXT-X-MEDIA-SEQUENCE after segments', {from: 75, to: 75, edit: (text) =>
        `${text.replace('#EXT-X-MEDIA-SEQUENCE:5\n', '')}#EXT-X-MEDIA-SEQUENCE:5\n`});

    wrong('L1', 'an old version', {edit: swap('VERSION:9', 'VERSION:5')});
    wrong('L1', 'a version that knows no deltas', {deltas: true, edit: swap('VERSION:9', 'VERSION:8')});
    wrong('L1', 'no version', {edit: swap('#EXT-X-VERSION:9\n', '')});
    wrong('L1', 'two versions', {edit: swap('VERSION:9', 'VERSION:9\n#EXT-X-VERSION:9')});
    wrong('L1', 'a version that nothing needs', {edit: swap('VERSION:9', 'VERSION:13')});

    wrong('L2', 'another target duration', {edit: since(75, swap('TARGETDURATION:1', 'TARGETDURATION:2'))});
    wrong('L2', 'a segment beyond it', {change: (source) => {
        source.segmentParts = 8;
    }});

    wrong('L3', 'a segment with another URI', {edit: since(75, swap(`${FIRST}-10.m4s`, `${FIRST}-9a.m4s`))});
    wrong('L3', 'a segment with another duration', {edit: since(75, swap(`1.00000,\n${FIRST}-10.m4s`,
                                                                         `0.90000,\n${FIRST}-10.m4s`))});
    wrong('L3', 'a part with another duration', {from: 72, to: 74, edit: since(73, swap(
        `0.20000,URI="${FIRST}-14.0`, `0.19500,URI="${FIRST}-14.0`))});
    wrong('L3', 'a name that is used again', {from: 71, to: 73, edit: swap(`${FIRST}-10.m4s`, `${FIRST}-9.m4s`)});
    wrong('B1 L3', 'a list that goes back', {from: 70, to: 76, change: (source) => {
        const {text} = SyntheticSource.prototype;

        source.text = function (count, skip) {
            return text.call(this, count === 73 ? 71 : count, skip);
        };
    }});

    wrong('L4', 'no EXT-X-DISCONTINUITY-SEQUENCE', {options: {sessions: SESSIONS},
                                                    edit: swap(/#EXT-X-DISCONTINUITY-SEQUENCE:\d+\n/, '')});
    wrong('L4', 'EXT-X-DISCONTINUITY-SEQUENCE after the first segment', {edit: (text) =>
        `${text.replace('#EXT-X-DISCONTINUITY-SEQUENCE:0\n', '')}#EXT-X-DISCONTINUITY-SEQUENCE:0\n`});
    wrong('L4', 'a discontinuity that leaves without a trace', {from: 120, to: 134, options: {sessions: SESSIONS},
                                                                edit: swap(/SEQUENCE:1\n/, 'SEQUENCE:0\n')});

    wrong('L5', 'another part target', {edit: since(75, swap('PART-TARGET=0.2', 'PART-TARGET=0.21'))});
    wrong('L5', 'another PART-HOLD-BACK', {edit: since(75, swap('PART-HOLD-BACK=0.60000', 'PART-HOLD-BACK=0.61000'))});

    wrong('L6', 'parts beyond their target', {edit: swap('PART-TARGET=0.2', 'PART-TARGET=0.199')});
    wrong('L6', 'one part beyond it', {edit: swap(`0.20000,URI="${FIRST}-15.1`, `0.20005,URI="${FIRST}-15.1`)});
    wrong('L7', 'parts much shorter than their target', {change: (source) => {
        source.partTarget = 0.24;
    }});
    wrong('L8', 'a keyframe without INDEPENDENT', {edit: swap(/,INDEPENDENT=YES/g, '')});

    wrong('L9', 'no CAN-BLOCK-RELOAD', {edit: swap('CAN-BLOCK-RELOAD=YES,', '')});
    wrong('L9', 'CAN-BLOCK-RELOAD=NO', {edit: swap('CAN-BLOCK-RELOAD=YES', 'CAN-BLOCK-RELOAD=NO')});
    wrong('L9', 'PART-HOLD-BACK of 2.5 parts', {edit: swap('BACK=0.6', 'BACK=0.5')});
    wrong('L9', 'no PART-HOLD-BACK', {edit: swap(/,PART-HOLD-BACK=[\d.]+/, '')});
    wrong('L9', 'HOLD-BACK of 2 target durations', {edit: swap(',HOLD-BACK=3', ',HOLD-BACK=2')});
    wrong('L9', 'CAN-SKIP-UNTIL of 5 target durations', {change: (source) => {
        source.skipUntil = 5;
    }});
    wrong('L9', 'another HOLD-BACK', {edit: since(75, swap(',HOLD-BACK=3', ',HOLD-BACK=4'))});
    wrong('L9', 'no EXT-X-SERVER-CONTROL', {edit: swap(/#EXT-X-SERVER-CONTROL.*\n/, '')});

    const date = (edit) => (text) => text.replace(/(#EXT-X-PROGRAM-DATE-TIME:)(.*)/g, (all, tag, value) =>
        tag + edit(value));

    wrong('L10', 'no dates', {edit: swap(/#EXT-X-PROGRAM-DATE-TIME.*\n/g, '')});
    wrong('L10', 'no date at the first segment', {edit: swap(/#EXT-X-PROGRAM-DATE-TIME.*\n/, '')});
    wrong('L10', 'dates without milliseconds', {edit: date((value) => value.replace('.000Z', 'Z'))});
    wrong('L10', 'dates without a zone', {edit: date((value) => value.replace('Z', ''))});
    wrong('L10', 'no dates', {edit: date(() => 'yesterday')});
    wrong('L10', 'a jump', {change: (source) => {
        source.dateOf = (msn) => SyntheticSource.prototype.dateOf.call(source, msn) + (msn < 15 ? 0 : 100);
        source.when = (count) => START + 200 * count;
    }});
    wrong('L10', 'dates that are moved later', {edit: since(75, date((value) =>
        new Date(Date.parse(value) + 10).toISOString()))});
    wrong('L10', 'no date after a discontinuity', {options: {sessions: SESSIONS}, change: (source) => {
        source.before = function (msn, isFirst) {
            const lines = SyntheticSource.prototype.before.call(this, msn, isFirst);

            return this.segment(msn).discontinuity ? lines.slice(0, 2) : lines;
        };
    }});
    wrong('L10', 'a session before the end of the other one', {
        options: {sessions: [SESSIONS[0], {...SESSIONS[1], pause: -1.2}]}, from: 76, to: 79, delay: () => 1400,
    });

    wrong('L11', 'a date after parts', {edit: (text) =>
        text.replace(/(#EXT-X-PROGRAM-DATE-TIME.*\n)(#EXT-X-PART.*\n)/g, '$2$1')});
    wrong('L11', 'a date after EXTINF', {from: 70, to: 70, edit: (text) =>
        text.replace(/(#EXT-X-PROGRAM-DATE-TIME.*\n)(#EXTINF.*\n)/g, '$2$1')});
    wrong('L11', 'a discontinuity after parts', {from: 75, to: 76, options: {sessions: SESSIONS}, edit: (text) =>
        text.replace(/(#EXT-X-DISCONTINUITY\n#EXT-X-MAP.*\n)((?:#EXT.*\n)*)(#EXT-X-PREL)/, '$2$1$3')});

    wrong('L12', 'parts that stay', {change: (source) => {
        source.reach = Infinity;
    }});
    wrong('L12', 'parts that leave before older ones', {from: 74, to: 74, edit: (text) =>
        text.replace(new RegExp(`#EXT-X-PART:.*-13\\..*\\n`, 'g'), '')});
    wrong('L12', 'a part that is gone too soon', {more: ({rules, time}) =>
        rules.fetched('part', {...answerOf(`http://127.0.0.1/${FIRST}-9.0.m4s`, '', time, time), status: 404}, true)});

    wrong('L13', 'a part that is late', {delay: (count) => (count === 75 ? 300 : 0)});
    wrong('L13', 'a segment that is late', {delay: (count) => 170 * Math.min(Math.max(count - 75, 0), 5), to: 81});
    wrong('L13', 'a list of two segments', {change: (source) => {
        source.window = 2;
    }});
    wrong('L13', 'a segment that is gone too soon', {more: ({rules, time}) =>
        rules.fetched('segment', {...answerOf(`http://127.0.0.1/${FIRST}-2.m4s`, '', time, time), status: 404}, true)});

    wrong('L14', 'no hint', {edit: swap(/#EXT-X-PRELOAD-HINT.*\n/, '')});
    wrong('L14', 'no hint for a moment', {edit: (text, count) =>
        (count === 73 ? text.replace(/#EXT-X-PRELOAD-HINT.*\n/, '') : text)});
    wrong('L14', 'two hints', {edit: (text) => text.replace(/#EXT-X-PRELOAD-HINT.*\n/, (line) => line + line)});
    wrong('L14', 'a hint of something else', {edit: swap(/(HINT:.*)\.m4s/, '$1a.m4s')});
    wrong('L14', 'a hint of what is there', {to: 74, edit: since(72, (text) =>
        text.replace(/(HINT:.*URI=").*"/, `$1${FIRST}-14.0.m4s"`))});
    wrong('L14', 'no hint of another init section', {...FORESEEN, edit: swap(/#EXT-X-PRELOAD-HINT:TYPE=MAP.*\n/, '')});

    wrong('L17', 'a part that is not there', {more: ({rules, time}) =>
        rules.fetched('part', {...answerOf(`http://127.0.0.1/${FIRST}-9.0.m4s`, '', time, time), status: 404})});
    wrong('L17', 'no EXT-X-GAP', {to: 82, edit: swap('#EXT-X-GAP\n', ''), change: (source) => {
        source.lost = [0, 1, 2, 3, 4].map((part) => ({msn: 15, part}));
    }});
    wrong('L17', 'EXT-X-GAP of parts that are there', {edit: swap(`#EXTINF:1.00000,\n${FIRST}-14.m4s`,
                                                                  `#EXT-X-GAP\n#EXTINF:1.00000,\n${FIRST}-14.m4s`)});

    wrong('L18', 'another session without a discontinuity', {...FORESEEN, edit: swap('#EXT-X-DISCONTINUITY\n', '')});
    wrong('L18', 'another session with the old init section', {options: {sessions: SESSIONS},
                                                               edit: swap(`${SECOND}-0.mp4`, `${FIRST}-0.mp4`)});
    wrong('L18', 'another session after too long', {options: {sessions: [SESSIONS[0], {...SESSIONS[1], pause: 4}]}});
    wrong('L18', 'a source that is gone, and does not end', {more: ({rules, time}) => rules.finish(time + 4000)});

    wrong('L19', 'a hint after the end', {options: {endAt: 78}, edit: swap('#EXT-X-ENDLIST',
        `#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${FIRST}-15.3.m4s"`)});
    wrong('L19', 'parts at the end without their segment', {options: {endAt: 78}, edit: (text) =>
        text.replace(/#EXTINF:0.60000,\n.*\n/, '')});
    wrong('L19', 'an end that is taken back', {from: 76, to: 82, edit: (text, count) =>
        (count === 80 ? `${text.replace(/#EXT-X-PRELOAD-HINT.*\n/, '')}#EXT-X-ENDLIST\n` : text)});

    wrong('L20', 'EXT-X-PLAYLIST-TYPE:EVENT', {edit: swap('#EXT-X-INDEP', '#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEP')});
    wrong('L20', 'EXT-X-PLAYLIST-TYPE:VOD', {edit: swap('#EXT-X-INDEP', '#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEP')});

    const variant = (from, to) => ({change: (source) => {
        source.multivariant = () => SyntheticSource.prototype.multivariant.call(source).replace(from, to);
    }});

    wrong('L21', 'CODECS of another profile', variant('avc1.64001f', 'avc1.42e01f'));
    wrong('L21', 'CODECS without audio', variant(',mp4a.40.2', ''));
    wrong('L21', 'RESOLUTION', variant('640x360', '1280x720'));
    wrong('L21', 'no RESOLUTION', variant('RESOLUTION=640x360,', ''));
    wrong('L21', 'FRAME-RATE', variant('30.000', '29.700'));
    wrong('L21', 'BANDWIDTH below the peak', variant('BANDWIDTH=52000,AVERAGE-BANDWIDTH=50000',
                                                     'BANDWIDTH=40000,AVERAGE-BANDWIDTH=40000'));
    wrong('L21', 'no AVERAGE-BANDWIDTH', variant(',AVERAGE-BANDWIDTH=50000', ''));

    wrong('B1', 'what was not asked for', {from: 72, to: 74, answered: (answer) => {
        answer.sent = answer.done;
    }, change: (source) => {
        const {text} = SyntheticSource.prototype;

        source.text = (count, skip) => text.call(source, count === 73 ? 72 : count, skip);
        source.when = (count) => SyntheticSource.prototype.when.call(source, count === 73 ? 72 : count);
    }, hinted: (answer) => {
        answer.sent = answer.done;
    }});
    wrong('B1', 'an answer that is none', {more: ({rules, time}) =>
        rules.receive({...answerOf(rules.url, '', time, time), status: 500}, {msn: 99, part: 0})});
    wrong('B1', 'a list that comes long after the part', {hinted: (answer) => {
        answer.sent -= 400;
        answer.first -= 400;
        answer.done -= 400;
    }, answered: (answer) => {
        answer.sent -= 400;
    }});

    wrong('B5', 'held for too long', {more: ({rules, time}) => {
        const {source} = new Replay({});

        rules.receive(answerOf(rules.url, source.text(LAST), time - 3400, time), {msn: 15, part: 1});
    }});
    wrong('B5', '503 too soon', {more: ({rules, time}) =>
        rules.receive({...answerOf(rules.url, '', time - 1000, time), status: 503}, {msn: 99, part: 0})});
    wrong('B5', 'no answer', {more: ({rules, time}) =>
        rules.receive({...answerOf(rules.url, '', time - 12000, time), status: 0, error: 'none'}, {msn: 99, part: 0})});

    const skipping = (by) => ({deltas: true, change: (source) => {
        source.skipped = (state) => SyntheticSource.prototype.skipped.call(source, state) + by;
    }});

    wrong('B6', 'too much is skipped', skipping(2));
    wrong('B6', 'too little is skipped', skipping(-2));
    wrong('B6', 'nothing is skipped', {deltas: true, change: (source) => {
        source.skipped = () => 0;
    }});
    wrong('B6', 'EXT-X-SKIP of nothing', {deltas: true, from: 30, to: 34, edit: (text, count, skip) =>
        (skip ? text.replace('#EXT-X-INDEP', '#EXT-X-SKIP:SKIPPED-SEGMENTS=0\n#EXT-X-INDEP') : text)});
    wrong('B6', 'a tag is left out', {deltas: true, edit: (text, count, skip) =>
        (skip ? text.replace('#EXT-X-INDEPENDENT-SEGMENTS\n', '') : text)});
    wrong('B6', 'EXT-X-SKIP twice', {deltas: true, edit: swap(/#EXT-X-SKIP.*\n/, (line) => line + line)});
    wrong('B6', 'a delta that nobody asked for', {more: ({rules, time}) => {
        const {source} = new Replay({});

        rules.receive(answerOf(rules.url, source.text(LAST, true), time, time), {});
    }});
    wrong('B6', 'a delta after the end', {deltas: true, options: {endAt: 78}, edit: (text, count, skip) =>
        (!skip || count < 78 ? text : text.replace(/#EXT-X-MAP.*\n#EXT-X-PROGRAM.*\n#EXTINF.*\n.*\n/,
                                                   '#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n'))});
    wrong('B7', 'what is skipped has changed', {deltas: true, edit: (text, count, skip) => (skip ? text
        : text.replace(/#EXTINF/, `#EXT-X-BITRATE:${50 + (count >> 1)}\n#EXTINF`)), from: 71, to: 71 + 6});

    const late = (by) => ({hinted: (answer) => {
        answer.first += by;
        answer.done += by;
    }});

    wrong('B8', 'a part that is late', late(300));
    wrong('B8', 'a part that trickles', {hinted: (answer) => {
        answer.first -= 300;
        answer.sent -= 300;
    }});
    wrong('B8', 'a part that was not waited for', {hinted: (answer) => {
        answer.status = 404;
        answer.body = Buffer.from(answer.body);
    }});
    wrong('B8', 'a part that is another one when it is listed', {hinted: (answer) => {
        answer.body = answer.body.subarray(1);
    }});

    /* the answer to a request for the part that was hinted at before another session began */
    const gone = (status, after) => ({options: {sessions: SESSIONS}, more: ({rules}) => {
        const time = START + 15200 + after;

        const url = `http://127.0.0.1/hls/alice/face/${FIRST}-14.3.m4s`;

        rules.hinted({...answerOf(url, 'x', time - 1000, time), status});
    }});

    right('a hint that is withdrawn', gone(404, 0));
    wrong('B8', 'a part that was hinted at, sent and never listed', gone(200, 0));
    wrong('B9', 'a hint that is withdrawn, and waited for', gone(404, 1000));
    wrong('B9', 'a request that outlives the end', {options: {endAt: 78}, more: ({rules, time}) => {
        const {source} = new Replay({options: {endAt: 78}});

        rules.receive(answerOf(rules.url, source.text(78), time - 500, time + 1000), {msn: 16, part: 3});
    }});

    wrong('B12', 'two bodies of one moment', {more: ({rules, time}) => {
        const {source} = new Replay({});

        rules.receive(answerOf(rules.url, `${source.text(LAST)}# 2\n`, time, time), {});
    }});
}

/** L15, L22 and what else concerns several playlists. */
export function sets() {
    const others = (name) => ['face', 'main'].filter((one) => one !== name).map((one) => `../${one}/live.m3u8`);

    const both = (expected, name, {renditions = false, of = {}} = {}) => {
        const set = new SetRules({renditions});
        const replays = ['face', 'main'].map((one) => new Replay({
            name: one, set, options: {others: others(one)}, to: 86, deep: false, ...of[one],
        }));

        while (replays.some(({over}) => !over)) {
            replays.filter(({over}) => !over).sort((a, b) => a.when - b.when)[0].step();
        }

        reported(replays[0].finish(), expected, name);
    };

    const report = (edit) => ({face: {edit: (text) => text.replace(/#EXT-X-RENDITION-REPORT.*\n/, edit)}});
    const shift = (by) => (line) => line.replace(/PART=(\d+)/, (_, part) => `PART=${Math.max(Number(part) + by, 0)}`);
    const msn = (by) => (line) => line.replace(/MSN=(\d+)/, (_, number) => `MSN=${Number(number) + by}`);

    both('', 'two sources that report each other');
    both('', 'two renditions', {renditions: true});
    both('', 'a report without what is the same', {of: report((line) => line.replace(/,LAST.*/, ''))});
    both('L15', 'no report', {of: report('')});
    both('L15', 'a report that is old', {of: report(msn(-1))});
    both('L15', 'a report of the future', {of: report(msn(1))});
    both('L15', 'a part of the future', {of: report(shift(4))});
    both('L15', 'an absolute URI', {of: report((line) => line.replace('../main', 'http://127.0.0.1/hls/alice/main'))});
    both('L15', 'a report of itself', {of: report((line) => line + line.replace('main', 'face'))});
    both('L22', 'renditions with two target durations', {renditions: true, of: {
        main: {edit: swap('TARGETDURATION:1', 'TARGETDURATION:2')},
    }});
    both('L22', 'a rendition that is behind', {renditions: true, of: {
        main: {delay: () => 600},
        face: {change: (source) => {
            source.report = (uri, count) => SyntheticSource.prototype.report.call(source, uri, count - 3);
        }},
    }});
}

export function attributes() {
    const problems = [];
    const parse = (text) => parseAttributes(text, {A: 'quoted!', B: 'int', C: 'yes', D: 'resolution', E: 'float'},
                                            (what) => problems.push(what));

    is(JSON.stringify(parse('A="x,y=z",B=12,C=YES,D=64x36,E=0.5')),
       '{"A":"x,y=z","B":12,"C":true,"D":{"width":64,"height":36},"E":0.5}', 'attributes');
    is(problems.length, 0, 'are all right');

    for (const text of ['A=x', 'A="x', 'A="x",', 'A="x",,B=1', 'A="x" ,B=1', 'A="x",B=-1', 'A="x",B=1.5', 'A="x",C=NO',
        'A="x",F=1', 'A="x",A="y"', 'B=1', '', 'A', 'A="x",D=64', 'A="x",E=1e3', 'A="x",a=1'])
    {
        problems.length = 0;
        parse(text);
        ok(problems.length > 0, `these are not: ${text}`);
    }
}

/** A1, of a playlist of two angles. */
export function angles() {
    const good = [
        '#EXTM3U', '#EXT-X-VERSION:9',
        '#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="v",NAME="Main",DEFAULT=YES,AUTOSELECT=YES,URI="main/live.m3u8"',
        '#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="v",NAME="Face Cam",DEFAULT=NO,AUTOSELECT=YES,URI="face/live.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=52000,CODECS="avc1.64001f,mp4a.40.2",VIDEO="v"', 'main/live.m3u8', '',
    ].join('\n');
    const judge = (expected, name, edit) => {
        const findings = new Findings();

        judgeAngles(findings, parsePlaylist(edit(good), 'http://127.0.0.1/hls/alice/index.m3u8'),
                    ['main', 'face'].map((source) => `http://127.0.0.1/hls/alice/${source}/live.m3u8`));
        reported(findings, expected, name);
    };

    judge('', 'two angles', (text) => text);
    judge('', 'two variants', swap(/#EXT-X-MEDIA(.|\n)*/,
        '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="opus"\nmain/live.m3u8\n'
        + '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="opus"\nface/live.m3u8\n'));
    judge('A1', 'no variant', swap(/#EXT-X-STREAM(.|\n)*/, ''));
    judge('A1', 'an angle that is missing', swap(/#EXT-X-MEDIA.*Face.*\n/, ''));
    judge('A1', 'one name for two', swap('Face Cam', 'Main'));
    judge('A1', 'two defaults', swap('DEFAULT=NO', 'DEFAULT=YES'));
    judge('A1', 'no default', swap('DEFAULT=YES', 'DEFAULT=NO'));
    judge('A1', 'a group of no variant', swap('VIDEO="v"', 'SCORE=1'));
    judge('A1', 'a variant that is no angle', swap('\nmain/live', '\nother/live'));
    judge('L21', 'no CODECS', swap(/CODECS="[^"]*",/, ''));
    judge('P', 'an unknown attribute', swap('BANDWIDTH', 'BREADTH=1,BANDWIDTH'));
}
