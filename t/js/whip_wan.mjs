/*
 * Sends a camera and a screen by WHIP, from the studio in Chromium, and prints TAP.
 *
 *     STUDIO_KEY=KEY node whip_wan.mjs http://10.77.1.1:8080 alice udp 20
 *
 * KEY is a stream key of the streamer; what media is to take, udp or tcp, and for how many seconds come last.  Whoever
 * runs this answers with a line on stdin to "# ask: live", when both sources are, and to "# ask: sent JSON" in the end,
 * with what the browser knows of its two connections.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {ask, complaints, launch, open, until} from './browser.mjs';
import {figures, keepConnections} from './connections.mjs';
import {done, is, note, ok} from './tap.mjs';

const [BASE, streamer, protocol, seconds] = process.argv.slice(2);

/* in the order in which they go live */
const SOURCES = ['Main Screen', 'Face Cam'];

const LIVE_MS = 20000;

/* of a sender that goes on; less is up to its estimate of the line */
const STILL_MS = 5000;

const state = (page, label) => page.getByRole('listitem', {name: label, exact: true}).getAttribute('data-state');

/** Polls for so long; @returns {Promise<number[]>} each connection's longest time without a new frame, ms */
async function watch(page, ms) {
    const end = Date.now() + ms;
    const seen = new Map();
    const longest = SOURCES.map(() => 0);

    while (Date.now() < end) {
        for (const [i, one] of (await figures(page)).entries()) {
            const before = seen.get(i);

            if (before?.frames !== one.frames) {
                seen.set(i, {frames: one.frames, at: Date.now()});

            } else {
                longest[i] = Math.max(longest[i], Date.now() - before.at);
            }
        }

        await sleep(250);
    }

    return longest;
}

const browser = await launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
                             `--unsafely-treat-insecure-origin-as-secure=${BASE}`);

try {
    const page = await open(browser, `${BASE}/studio/`, {prepare: keepConnections});

    await page.locator('#key').fill(process.env.STUDIO_KEY);

    /* it is the line that is to be short of something, not the processor */

    await page.locator('#screen-picture').selectOption('720-30');
    await page.locator('#camera-picture').selectOption('480-30');
    await page.getByRole('button', {name: 'Add screen and camera', exact: true}).click();

    /* "all" are those that there are, and a browser may take its time to give a camera */

    for (const label of SOURCES) {
        await until(`${label} is there`, async () => await state(page, label) === 'idle', LIVE_MS);
    }

    await page.getByRole('button', {name: 'Go live with all', exact: true}).click();

    for (const label of SOURCES) {
        await until(`${label} is live`, async () => await state(page, label) === 'live', LIVE_MS);
    }

    await ask('live');

    const longest = await watch(page, Number(seconds) * 1000);
    const sent = (await figures(page)).map((one, i) => ({source: SOURCES[i], still_ms: longest[i], ...one}));

    for (const [i, label] of SOURCES.entries()) {
        is(await state(page, label), 'live', `${label} is still live`);
        ok(longest[i] < STILL_MS, `it goes on sending, with a pause of ${longest[i]} ms at most`);
    }

    is(sent.map((one) => one.protocol).join(' '), `${protocol} ${protocol}`, `media takes ${protocol}`);
    await ask(`sent ${JSON.stringify(sent).replaceAll(' ', '_')}`);
    await page.getByRole('button', {name: 'Stop all', exact: true}).click();

    for (const label of SOURCES) {
        is(await state(page, label), 'stopped', `${label} is stopped`);
    }

    await until('the server knows', async () => (await (await fetch(`${BASE}/sources/${streamer}`)).text()) === '[]');

    is(complaints.join('\n'), '', 'nobody complains');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
