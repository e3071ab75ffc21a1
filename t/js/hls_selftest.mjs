/*
 * The checker of low-latency HLS is checked: what is right passes, and for each rule something that is wrong is
 * reported as broken, and nothing else.  Prints TAP.
 */

import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

import {withMadeUpTime} from './hls_clock.mjs';
import {GROUPS} from './hls_findings.mjs';
import {Origin, ServedSource} from './hls_origin.mjs';
import {shown, START} from './hls_replay.mjs';
import {network, served, transport} from './hls_selftest_http.mjs';
import {boxes, media} from './hls_selftest_media.mjs';
import {angles, attributes, facts, sets} from './hls_selftest_playlists.mjs';
import {done, is, note, ok} from './tap.mjs';

/** ms: in real time slow machines are slow. */
const PATIENT = '--tolerance=2000';

/** Serves sources for them, in a process of its own, until it is killed. */
async function serve() {
    console.log(await new Origin({
        right: served(undefined, {others: ['../other/live.m3u8']}),
        other: served(undefined, {others: ['../right/live.m3u8']}),
        named: served((source) => ({
            partName: (msn, part) => ServedSource.prototype.partName.call(source, msn, part).replace('.m4s', '.mp4'),
        })),
    }, () => ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-INDEPENDENT-SEGMENTS',
        '#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="v",NAME="Right",DEFAULT=YES,AUTOSELECT=YES,URI="right/live.m3u8"',
        '#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="v",NAME="Other",AUTOSELECT=YES,URI="other/live.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=52000,CODECS="avc1.64001f,mp4a.40.2",VIDEO="v"', 'right/live.m3u8', '',
    ].join('\n')).listen());
}

function run(program, ...args) {
    const path = fileURLToPath(new URL(program, import.meta.url));

    return new Promise((resolve) => {
        execFile(process.execPath, [path, ...args], (error, stdout, stderr) =>
            resolve({code: error?.code ?? 0, stdout, stderr}));
    });
}

async function programs() {
    const origin = spawn(process.execPath, [fileURLToPath(import.meta.url), '--serve'],
                         {stdio: ['ignore', 'pipe', 'inherit']});
    const base = String((await once(origin.stdout, 'data'))[0]).trim();
    const results = await Promise.all([
        run('hls_check.mjs', base, 'alice', '3', 'right', 'other', PATIENT, '--need=B6,L15'),
        run('hls_check.mjs', base, 'alice', '3', 'named', 'right', '--need=L22', '--allow=right:L15', PATIENT),
        run('hls_directives.mjs', base, 'alice', 'right', PATIENT),
    ]);

    origin.kill();
    await once(origin, 'exit');

    return results;
}

function judgePrograms([check, failing, directives]) {
    is(check.code, 0, 'hls_check: what is right');
    ok(/^ok \d+ - right: hints \(L14 B8\)$/m.test(check.stdout) && /^1\.\.\d+$/m.test(check.stdout)
       && /^ok \d+ - alice: the sources as angles \(A1\)$/m.test(check.stdout)
       && /^# other: latency of \d+ parts: median \d+ ms, p95 \d+ ms/m.test(check.stdout), 'it says so');
    is(failing.code, 1, 'hls_check: what is wrong');
    ok(/^not ok \d+ - named: gaps and sessions \(L17 L18 B9\)$/m.test(failing.stdout)
       && /^# {5}L17 404 for \w+-\d+\.\d\.mp4, a part that is listed/m.test(failing.stdout)
       && /^not ok \d+ - named: L22 was looked at$/m.test(failing.stdout)
       && /^# {5}A1 \/\S+ is not listed$/m.test(failing.stdout), 'it says what');
    ok(!/^not ok \d+ - right: other renditions/m.test(failing.stdout) && /^#   L15 .*, allowed$/m.test(failing.stdout),
       'and what is allowed');
    is(directives.code, 0, 'hls_directives');

    for (const {code, expected = 0, stdout, stderr} of [check, {...failing, expected: 1}, directives]) {
        if (code !== expected || stderr) {
            note(stdout + stderr);
        }
    }
}

if (process.argv[2] === '--serve') {
    await serve();

} else {
    const running = programs();

    attributes();
    boxes();
    transport();
    facts();
    sets();
    angles();
    media();
    await withMadeUpTime(START, network);
    judgePrograms(await running);

    const all = GROUPS.flatMap(([, rules]) => rules);

    is(all.filter((rule) => !shown.has(rule)).join(' '), '', 'all rules have been seen to be broken');
    done();
}
