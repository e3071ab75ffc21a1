/*
 * Plays a source of low-latency HLS in Chromium with hls.js and with Shaka, one after the other, and prints TAP.
 *
 *     node hls_players.mjs http://localhost:8080 alice/Cam 15
 *
 * For so many seconds each, once it plays.  The source has a clock in its pictures, see t/lib/Test/Live/Drawn.pm.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {complaints, launch, open, until} from './browser.mjs';
import {done, is, note, ok} from './tap.mjs';

const [base, source, seconds] = process.argv.slice(2);

const PLAYERS = ['hls', 'shaka'];

/* while a player finds its place */
const SETTLE_MS = 3000;

/* the aim is 1.2 s; what fails is a player that plays like one without low latency, which is 6 s behind */
const LATENCY_MS = 3000;

const at = (sorted, part) => sorted[Math.floor((sorted.length - 1) * part)];

const browser = await launch();

try {
    for (const name of PLAYERS) {
        const page = await open(browser, `${base}/players/`, {excuse: /favicon/});
        const seen = () => page.evaluate(() => globalThis.seen);

        await page.evaluate(([player, url]) => globalThis.play(player, url), [name, `${base}/hls/${source}/index.m3u8`]);
        await until(`${name}: it plays`, async () => (await seen()).frames > 10);

        note(`${name}: first picture after ${Math.round((await seen()).playing)} ms`);

        await sleep(SETTLE_MS);
        await page.evaluate(() => globalThis.forget());
        await sleep(Number(seconds) * 1000);

        const {ages, stalls, errors, frames} = await seen();
        const sorted = [...ages].sort((a, b) => a - b);

        note(`${name}: ${frames} frames, from encoder to picture ${at(sorted, 0.5)} ms in the middle,`
            + ` ${at(sorted, 0.05)} to ${at(sorted, 0.95)} of nine in ten`);

        ok(frames > Number(seconds) * 15, `${name}: it goes on`);
        is(stalls, 0, `${name}: without a stall`);
        is(errors.join(', '), '', `${name}: and without an error`);
        ok(at(sorted, 0.5) < LATENCY_MS, `${name}: near live`);

        await page.context().close();
    }

    is(complaints.join('\n'), '', 'nobody complains');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
