/*
 * Watches a source whose pictures come seldom, in Chromium, and prints TAP.
 *
 *     node watch_still.mjs http://localhost:8080/watch/streamer seconds
 *
 * The source goes on for some more seconds.  CHROMIUM is the browser's path.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {complaints, launch, open, until} from './browser.mjs';
import {record} from './show_ledger.mjs';
import {done, is, note, ok} from './tap.mjs';

const [url, seconds] = process.argv.slice(2);

/* busy machines */
const STILL_MS = 700;

/* a page that changes its mind, as to where it begins, may load a part again; one that loads in a circle does so often */
const AGAIN_MAX = 2;

const loaded = new Map();

async function prepare(page) {
    await page.addInitScript(record);
    page.on('request', (request) => {
        const name = request.url().split('/').at(-1);

        if (/^[^?]*\.m4s$/.test(name)) {
            loaded.set(name, (loaded.get(name) ?? 0) + 1);
        }
    });
}

const browser = await launch();

try {
    const page = await open(browser, url, {prepare});

    await until('it plays', () => page.evaluate('globalThis.recording.first !== null'));
    await sleep(seconds * 1000);

    const {still, buffered, frames} = await page.evaluate(() => {
        const video = document.querySelector('video[data-role="main"]');

        return {
            still: globalThis.recording.still.map(({from, to}) => Math.round(to - from)),
            buffered: Array.from(video.buffered, (_, i) => [video.buffered.start(i), video.buffered.end(i)]),
            frames: video.getVideoPlaybackQuality().totalVideoFrames,
        };
    });

    note(`${frames} pictures, stood still for ${still} ms`);
    is(still.filter((ms) => ms > STILL_MS).join(), '', 'and goes on, whether the screen moves or not');
    is(buffered.length, 1, 'without a hole in what is loaded');
    is([...loaded].filter(([, count]) => count > AGAIN_MAX).join(' '), '', 'each part is loaded once');
    is(complaints.join('\n'), '', 'no errors of pages, none in the console');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
