/*
 * What Chromium loads to open a page for the first time, as one line of JSON: {"files": [{"path", "bytes"}], "foreign":
 * [URL], "pictureMs": [...]}.  Bytes are those of the body on the wire.  Media and what the API answers are no part of
 * the page.  pictureMs is how long after the click the first picture was there, in each of some fresh visits; without
 * a picture to wait for there is none.
 *
 *     node pages_load.mjs http://localhost:8080/watch/alice [VISITS]
 *
 * CHROMIUM is the browser's path.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {launch} from './browser.mjs';

const [url, visits = '0'] = process.argv.slice(2);
const {origin} = new URL(url);

const NO_PAGE = /^\/(hls|sources|show|api|whip)\//;
const SETTLED_MS = 1500;
const WAIT_MS = 20000 * (process.env.TEST_SLOW ?? 1);

/** In the page, before anything of it: the moment of the first frame that is shown. */
function lookForPicture() {
    const seen = new WeakSet();

    (function look() {
        for (const video of document.querySelectorAll('video')) {
            if (!seen.has(video)) {
                seen.add(video);
                video.requestVideoFrameCallback((now, {presentationTime}) => {
                    globalThis.firstPicture ??= presentationTime;
                });
            }
        }

        requestAnimationFrame(look);
    })();
}

async function visit(browser, withPicture) {
    const context = await browser.newContext({viewport: {width: 1280, height: 800}});
    const page = await context.newPage();
    const files = new Map();
    const foreign = [];
    const sizes = [];

    page.on('requestfinished', (request) => {
        const {origin: from, pathname, search, protocol} = new URL(request.url());

        if (/^(blob|data):$/.test(protocol)) {
            return;
        }

        if (from !== origin) {
            foreign.push(request.url());

        } else if (!NO_PAGE.test(pathname)) {
            sizes.push(request.sizes().then(({responseBodySize}) => files.set(pathname + search, responseBodySize)));
        }
    });

    await page.addInitScript(lookForPicture);
    await page.goto(url);

    const picture = withPicture
        ? await page.waitForFunction(() => globalThis.firstPicture, null, {timeout: WAIT_MS})
        : null;
    const pictureMs = picture === null ? null : Math.round(await picture.jsonValue());

    await sleep(SETTLED_MS);            /* what a page loads when it has nothing else to do */
    await Promise.all(sizes);
    await context.close();

    return {files, foreign, pictureMs};
}

const browser = await launch();
const first = await visit(browser, visits > 0);
const pictureMs = [first.pictureMs];

for (let count = 1; count < visits; count++) {
    pictureMs.push((await visit(browser, true)).pictureMs);
}

await browser.close();

console.log(JSON.stringify({
    files: [...first.files].map(([path, bytes]) => ({path, bytes})),
    foreign: first.foreign,
    pictureMs: pictureMs.filter((ms) => ms !== null),
}));
process.exit();
