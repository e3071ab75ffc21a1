/*
 * Opens the watch page of each source that is named and prints TAP: the picture is there and moves.
 *
 *     node watch_matrix.mjs http://localhost:8080 alice/Main_Screen alice/Face_Cam ...
 *
 * CHROMIUM is the browser's path.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {chromium} from 'playwright-core';

import {done, ok} from './tap.mjs';

const [base, ...sources] = process.argv.slice(2);

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

const START_MS = 30000;

/** Frames decoded so far, of a picture that has a size. */
function frames(page) {
    return page.locator('video[data-role="main"]').evaluate((element) =>
        element.videoWidth > 0 ? element.getVideoPlaybackQuality().totalVideoFrames : 0);
}

async function plays(page) {
    const end = Date.now() + START_MS;
    let first = 0;

    while (Date.now() < end) {
        const count = await frames(page);

        if (first > 0 && count > first + 10) {
            return true;
        }

        first ||= count;
        await sleep(100);
    }

    return false;
}

const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS});
const page = await browser.newPage();

for (const source of sources) {
    await page.goto(`${base}/watch/${source}`);
    ok(await plays(page), `/watch/${source} plays`);
}

await browser.close();
done();
