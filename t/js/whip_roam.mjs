/*
 * Sends a camera by WHIP from the studio in Chromium while its networks come and go, and prints TAP.
 *
 *     STUDIO_KEY=KEY node whip_roam.mjs http://10.77.0.1:8080 [EVENT...]
 *
 * After each "# ask: EVENT", which changes the network, the picture has to go on over the same peer connection.  Each
 * is followed by "# ask: after EVENT JSON" with what was seen.  Lines on stdin answer.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {ask, launch, open, until} from './browser.mjs';
import {done, is, note, ok} from './tap.mjs';

const [BASE, ...events] = process.argv.slice(2);

const LABEL = 'Face Cam';
const LIVE_MS = 20000;
const BACK_MS = 20000;

function keepConnections() {
    const Original = globalThis.RTCPeerConnection;

    globalThis.connections = [];
    globalThis.RTCPeerConnection = class extends Original {
        constructor(...args) {
            super(...args);
            globalThis.connections.push(this);
        }
    };
}

/** @returns {Promise<{connections: number, state: string, local: string, sent: number, acknowledged: number}>} */
function figures(page) {
    return page.evaluate(async () => {
        const connection = globalThis.connections.at(-1);
        const reports = [...(await connection.getStats()).values()];
        const id = reports.find((one) => one.type === 'transport')?.selectedCandidatePairId;
        const pair = reports.find((one) => one.id === id) ?? {};

        return {
            connections: globalThis.connections.length,
            state: connection.connectionState,
            local: reports.find((one) => one.id === pair.localCandidateId)?.address,
            remote: reports.find((one) => one.id === pair.remoteCandidateId)?.address,
            sent: reports.find((one) => one.type === 'outbound-rtp' && one.kind === 'video')?.framesSent ?? 0,
        };
    });
}

const browser = await launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
                             `--unsafely-treat-insecure-origin-as-secure=${BASE}`);

try {
    const page = await open(browser, `${BASE}/studio/`, {prepare: (fresh) => fresh.addInitScript(keepConnections)});
    const card = page.getByRole('listitem', {name: LABEL, exact: true});
    const state = () => card.getAttribute('data-state');
    const patches = [];

    page.on('response', (response) => {
        if (response.request().method() === 'PATCH') {
            patches.push(response.status());
        }
    });

    await page.locator('#key').fill(process.env.STUDIO_KEY);
    await page.getByRole('button', {name: 'Add camera', exact: true}).click();
    await page.getByRole('button', {name: 'Go live with all', exact: true}).click();
    await until('the camera is live', async () => await state() === 'live', LIVE_MS);
    await until('and sends', async () => (await figures(page)).sent > 20);

    for (const event of events) {
        const before = await figures(page);

        await ask(event);

        const began = Date.now();

for (let i=0;i<60;i++){ note(`${Date.now()-began} ${await state()} ${patches} ${JSON.stringify(await figures(page))}`); await sleep(250);}
        await until(`${event}: live, from another address`, async () =>
            await state() === 'live' && (await figures(page)).local !== before.local, BACK_MS);

        const after = await figures(page);

        note(`${event}: ${before.local} to ${after.local}, ${Date.now() - began} ms, PATCH ${patches.splice(0)}`);
        is(after.connections, before.connections, `${event}: the connection is still the first`);
    }

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
