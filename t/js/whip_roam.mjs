/*
 * Sends a camera by WHIP, from the studio in Chromium, while its networks come and go, and prints TAP.
 *
 *     STUDIO_KEY=KEY node whip_roam.mjs http://10.77.0.1:8080 alice EVENT...
 *
 * KEY is a stream key of the streamer.  Whoever runs this answers "# ask: live", when the source is, and "# ask: EVENT"
 * for each of the events, after which the network is another one, with a line on stdin.  The picture has to go on over
 * the same connection, from another address: "# ask: after EVENT ADDRESS".
 */

import {ask, launch, open, until} from './browser.mjs';
import {figures, keepConnections} from './connections.mjs';
import {done, is, note, ok} from './tap.mjs';

const [BASE, streamer, ...events] = process.argv.slice(2);

const LABEL = 'Face Cam';
const LIVE_MS = 20000;

const browser = await launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
                             `--unsafely-treat-insecure-origin-as-secure=${BASE}`);

try {
    const page = await open(browser, `${BASE}/studio/`, {prepare: keepConnections});
    const card = page.getByRole('listitem', {name: LABEL, exact: true});
    const isLive = async () => await card.getAttribute('data-state') === 'live';
    const patches = [];

    page.on('response', (response) => {
        if (response.request().method() === 'PATCH') {
            patches.push(response.status());
        }
    });

    await page.locator('#key').fill(process.env.STUDIO_KEY);
    await page.getByRole('button', {name: 'Add camera', exact: true}).click();
    await page.getByRole('button', {name: 'Go live with all', exact: true}).click();
    await until('the camera is live', isLive, LIVE_MS);
    await until('and sends', async () => (await figures(page))[0].frames > 20);
    await ask('live');

    for (const event of events) {
        const [{local: before}] = await figures(page);

        await ask(event);
        await until(`${event}: live, from another address`, async () => {
            const {local} = (await figures(page)).at(-1);

            return await isLive() && local && local !== before;
        }, LIVE_MS);

        const connections = await figures(page);

        is(connections.length, 1, `${event}: the connection is the first one`);
        note(`${event}: PATCH was answered with ${patches.splice(0)}`);
        await ask(`after ${event} ${connections.at(-1).local}`);
    }

    await page.getByRole('button', {name: 'Stop all', exact: true}).click();
    await until('the server knows when it stops', async () =>
        (await (await fetch(`${BASE}/sources/${streamer}`)).text()) === '[]');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
