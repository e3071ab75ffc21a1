/*
 * The studio's part of a show in Chromium, against a server with sessions: title and privacy, the link for viewers, the
 * director, the figures, saving upload, a reload and the end.  Prints TAP.
 *
 *     STUDIO_KEY=KEY node studio_show.mjs http://localhost:8080 streamer
 *
 * KEY is a stream key of the streamer, who is not live.  CHROMIUM is the browser's path, STUDIO_SHOTS a directory for
 * screenshots.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {complaints, fitsThePhone, launch, open, until} from './browser.mjs';
import {done, is, note, ok} from './tap.mjs';

const BASE = process.argv[2].replace(/\/$/, '');
const STREAMER = process.argv[3];
const KEY = process.env.STUDIO_KEY;
const SHOTS = process.env.STUDIO_SHOTS;

/* the second one of the browser's fake cameras gives pictures that nothing encodes */
const SECOND_CAMERA = 'fake_device_2';

const FLAGS = ['--use-fake-device-for-media-stream=device-count=3', '--use-fake-ui-for-media-stream',
               '--allow-loopback-in-peer-connection'];

/* Chromium reports each answer of 400 and more, and each request that fails */
const HTTP_REPORT = /Failed to load resource/;

const LIVE_MS = 30000;
const BEACON_MS = 1000;

/* what is promised is 2 s; machines of tests are slower */
const RESTORED_MS = 4000;

const shot = (page, name) => SHOTS && page.screenshot({path: `${SHOTS}/${name}.png`, fullPage: true});
const card = (page, label) => page.getByRole('listitem', {name: label, exact: true});
const state = (page, label) => card(page, label).getAttribute('data-state');
const part = (page, label, name) => card(page, label).locator(`[data-part="${name}"]`);
const button = (page, name) => page.getByRole('button', {name, exact: true});
const text = (page, id) => page.locator(`#${id}`).innerText();
const radio = (page, value) => page.locator(`input[name="director"][value="${value}"]`);

async function ask(method, route, {json, ...headers} = {}) {
    const response = await fetch(`${BASE}/show/${route}`, {
        method,
        headers: {Authorization: `Bearer ${KEY}`, ...(json && {'Content-Type': 'application/json'}), ...headers},
        body: json && JSON.stringify(json),
    });
    const body = await response.text();

    return {status: response.status, data: body === '' ? null : JSON.parse(body).data};
}

const about = async () => (await ask('GET', `session/${STREAMER}/status`)).data;

/** A viewer who says once a second what he watches. */
class Viewer {
    #token = '';
    #seq = 0;
    #switches = [];
    #timer = 0;
    #watching = [];

    async join(json = {}) {
        const {status, data} = await ask('POST', `session/${STREAMER}/join`, {json, Authorization: ''});

        this.#token = data?.viewer_token ?? '';

        return status;
    }

    /** @param {string[]} names */
    async watch(...names) {
        clearInterval(this.#timer);

        if (this.#watching.length === 1 && names.length === 1) {
            this.#switches.push([this.#watching[0], names[0]]);
        }

        this.#watching = names;
        await this.#beacon(0);
        this.#timer = setInterval(() => this.#beacon(BEACON_MS), BEACON_MS);
    }

    async leave() {
        clearInterval(this.#timer);
        this.#watching = [];
        await this.#beacon(0, {leaving: true});
    }

    async #beacon(ms, more = {}) {
        const watched = Object.fromEntries(this.#watching.map((name) => [name, ms]));
        const {status} = await ask('POST', `session/${STREAMER}/beacon`, {
            Authorization: `Bearer ${this.#token}`,
            json: {seq: ++this.#seq, watched, watched_ms: this.#watching.length > 0 ? ms : 0,
                   watching: this.#watching, switches: this.#switches.splice(0), ...more},
        });

        if (status !== 204) {
            complaints.push(`a beacon is answered with ${status}`);
        }
    }
}

/** Small pictures: it is not the encoder that is tested.  And the connections that the page makes. */
function prepare(page) {
    page.on('request', (request) => {
        if (request.url().includes(KEY)) {
            complaints.push(`the key is in ${request.url()}`);
        }
    });

    return page.addInitScript(() => {
        const capture = MediaDevices.prototype.getUserMedia;

        MediaDevices.prototype.getUserMedia = function (constraints) {
            if (constraints.video) {
                Object.assign(constraints.video, {width: {ideal: 320}, height: {ideal: 180},
                                                  frameRate: {ideal: 15, max: 15}});
            }

            return capture.call(this, constraints);
        };

        globalThis.connections = [];
        globalThis.RTCPeerConnection = class extends RTCPeerConnection {
            constructor(...parameters) {
                super(...parameters);
                globalThis.connections.push(this);
            }
        };
    });
}

/** By how much the picture of each live source is sent smaller, in the order in which they went live. */
const scales = (page) => page.evaluate(() => globalThis.connections
    .filter(({connectionState}) => connectionState === 'connected')
    .map((pc) => pc.getSenders().find(({track}) => track?.kind === 'video').getParameters().encodings[0])
    .map(({scaleResolutionDownBy}) => Math.round(scaleResolutionDownBy)).join());

async function isLive(page, label, what) {
    await until(`${what}: ${label} is live`, async () => await state(page, label) === 'live', LIVE_MS);
}

async function testOpening(page) {
    ok((await text(page, 'show-state')).includes('opens when you go live'), 'there is no show yet');
    await page.locator('#title').fill('Evening <b>show</b>');
    await page.locator('#private').check();
    await page.locator('#key').fill('k-nobody-has-this-one');
    await button(page, 'Open the show').click();
    await until('a key that nobody has opens none', async () =>
        (await text(page, 'key-missing')).includes('does not know this stream key'));
    is(await page.evaluate(() => document.activeElement.id), 'key', 'and leads back to the field');

    await page.locator('#key').fill(KEY);
    await button(page, 'Open the show').click();
    await until('the show is open', async () => (await text(page, 'show-state')).includes('waits for a source'));

    const link = await page.locator('#link').inputValue();
    const show = await about();

    ok(link.startsWith(`${BASE}/watch/${STREAMER}#join=`), 'there is a link with its code');
    is(`${show.title} ${show.public} ${show.status}`, 'Evening <b>show</b> false waiting', 'the server knows it');
    await button(page, 'Copy the link for viewers').click();
    await until('the link can be copied', async () => (await text(page, 'copy')).includes('Copied'));
    await shot(page, 'show-open');

    return link.slice(link.indexOf('#join=') + 6);
}

async function testLive(page) {
    await button(page, 'Add camera').click();
    await card(page, 'Face Cam').waitFor();
    await page.locator('#camera').selectOption({label: SECOND_CAMERA});
    await button(page, 'Add camera').click();
    await card(page, 'Face Cam 2').waitFor();

    await part(page, 'Face Cam', 'label').fill('🎥 Face Cam');
    await page.keyboard.press('Tab');
    await button(page, 'Go live with all').click();
    await isLive(page, '🎥 Face Cam', 'the show');
    await isLive(page, 'Face Cam 2', 'the show');
    await until('the show is live', async () =>
        (await text(page, 'show-state')).startsWith('The show is live, for those who have the link'), 15000);
    await until('pictures of both are sent', () => page.locator('[data-part="figures"]').evaluateAll((all) =>
        all.every(({textContent}) => /320×180 · [1-9]/.test(textContent))));
    await until('the server has both, by label and type', async () => {
        const {streams} = await about();

        return streams.map(({name, label, type, status}) => `${name}/${label}/${type}/${status}`).sort().join()
               === 'Face_Cam/🎥 Face Cam/camera/live,Face_Cam_2/Face Cam 2/camera/live';
    }, 15000);
}

async function testDirector(page) {
    const air = (label) => button(page, `On air: ${label}`);
    const onAir = async () => {
        const {mode, source} = (await ask('GET', `session/${STREAMER}/director`)).data;

        return `${mode} ${source}`;
    };

    is(await radio(page, 'off').isChecked(), true, 'at first nobody chooses');
    await air('Face Cam 2').click();
    await until('the streamer puts a source on air', async () => await onAir() === 'manual Face_Cam_2');
    await until('the button says so', async () => await air('Face Cam 2').getAttribute('aria-pressed') === 'true');
    is(await radio(page, 'manual').isChecked(), true, 'and that he chooses');
    is(await air('🎥 Face Cam').getAttribute('aria-pressed'), 'false', 'one at a time');
    await shot(page, 'show-on-air');

    await page.locator('#on-air-sources').getByRole('button', {name: '🎥 Face Cam'}).click();
    await until('there is a button for each source of the show', async () => await onAir() === 'manual Face_Cam');

    /* as another page of his would */

    await ask('PUT', `session/${STREAMER}/director`, {json: {mode: 'activity'}});
    await until('what is decided elsewhere is heard', () => radio(page, 'activity').isChecked());
    await until('the server chooses', async () => /^activity Face_Cam/.test(await onAir()), 15000);
    await radio(page, 'off').check();
    await until('until it need not', async () => /^off /.test(await onAir()));
    await until('and nothing is on air', async () => await air('🎥 Face Cam').getAttribute('aria-pressed') === 'false');
}

async function testViewers(page, code) {
    const viewer = new Viewer();

    is(await viewer.join(), 403, 'a stranger does not get in');
    is(await viewer.join({code}), 200, 'who has the link does');
    await page.locator('#analytics summary').click();
    await viewer.watch('Face_Cam');
    await until('a viewer is counted', async () => await text(page, 'viewers') === '1 viewer, 1 at peak', 15000);
    await until('at his source', async () => await part(page, '🎥 Face Cam', 'viewers').innerText() === '1 viewer');
    is(await part(page, 'Face Cam 2', 'viewers').innerText(), '0 viewers', 'and not at the other one');
    await until('the figures have him', async () => {
        const row = page.locator('#analytics-sources tr[data-name="Face_Cam"]');

        return await row.count() === 1 && /\b[1-9]\d* s\b/.test(await row.innerText());
    }, 20000);
    ok(/Viewers now\s+1/.test(await text(page, 'analytics-summary')), 'and the sum');

    return viewer;
}

async function testSaving(page, viewer) {
    await page.locator('#save-upload').check();
    is(await scales(page), '1,1', 'at first all of it is sent');
    await until('what nobody watches is lowered', async () => await scales(page) === '1,2', 25000);
    await until('and says so', async () =>
        (await part(page, 'Face Cam 2', 'health').innerText()).includes('nobody watches'));
    is(await part(page, '🎥 Face Cam', 'figures').isVisible(), true, 'the other one goes on');
    await shot(page, 'show-lowered');

    const began = Date.now();

    await viewer.watch('Face_Cam_2');

    while (await scales(page) !== '1,1' && Date.now() < began + RESTORED_MS) {
        await sleep(50);
    }

    ok(Date.now() < began + RESTORED_MS, 'when somebody looks, all of it is there');
    note(`after ${Date.now() - began} ms`);
    await until('his switch is in the table', async () => {
        const row = page.locator('#switches-from tr', {hasText: '🎥 Face Cam'}).first();

        return await row.count() === 1 && /\t1\b/.test(await row.innerText());
    }, 20000);
    await shot(page, 'show-figures');
    await page.emulateMedia({colorScheme: 'dark'});
    await shot(page, 'show-figures-dark');
    await page.emulateMedia({colorScheme: 'light'});

    for (const width of [320, 360]) {
        await page.setViewportSize({width, height: 740});
        await fitsThePhone(page, `${width} px`);
    }

    await shot(page, 'show-phone');
    await page.setViewportSize({width: 1280, height: 860});
    await page.locator('#save-upload').uncheck();
    await viewer.leave();
}

async function testUpdating(page) {
    const {id} = await about();

    await page.locator('#title').fill('Late show');
    await page.locator('#public').check();
    await button(page, 'Update the show').click();
    await until('title and privacy can change', async () => {
        const show = await about();

        return show.title === 'Late show' && show.public === true && show.id === id;
    });
    await until('the link needs no code', async () =>
        await page.locator('#link').inputValue() === `${BASE}/watch/${STREAMER}`);
    is(await state(page, 'Face Cam 2'), 'live', 'the sources go on');
}

async function testReload(page) {
    const {id} = await about();
    const accept = (dialog) => dialog.accept();

    await page.locator('#keep-key').check();
    page.on('dialog', accept);
    await page.reload();
    page.off('dialog', accept);
    await isLive(page, '🎥 Face Cam', 'after a reload');
    await isLive(page, 'Face Cam 2', 'after a reload');
    is(await page.locator('#title').inputValue(), 'Late show', 'the title is there');
    is(await page.locator('#link').inputValue(), `${BASE}/watch/${STREAMER}`, 'so is the link');
    is((await about()).id, id, 'it is the same show');
    await page.locator('#keep-key').uncheck();
}

async function testEnd(page) {
    const {id} = await about();

    await button(page, 'End the show').click();
    await button(page, 'Go on').click();
    is(await state(page, 'Face Cam 2'), 'live', 'who thinks better of it goes on');
    await button(page, 'End the show').click();
    await shot(page, 'show-end');
    await button(page, 'End it').click();
    await until('the show can be ended', async () => (await text(page, 'show-state')).startsWith('The show is over'));
    is(`${await state(page, '🎥 Face Cam')} ${await state(page, 'Face Cam 2')}`, 'stopped stopped', 'with its sources');
    is((await ask('GET', `session/${id}/status`)).data.status, 'ended', 'the server says so');
    is(await page.locator('#link-row').isVisible(), false, 'the link is gone');
    is(await page.locator('#analytics').isVisible(), true, 'the figures stay');

    await button(page, 'Go live: Face Cam 2').click();
    await isLive(page, 'Face Cam 2', 'the next show');
    ok((await about()).id !== id, 'it is another one');
    await button(page, 'Stop: Face Cam 2').click();
    await until('which the page leaves to itself', async () => await state(page, 'Face Cam 2') === 'stopped');
}

const browser = await launch(...FLAGS);
let viewer = null;

try {
    const page = await open(browser, `${BASE}/studio/`, {
        excuse: HTTP_REPORT, prepare, context: {permissions: ['camera', 'microphone', 'clipboard-write']},
    });
    const code = await testOpening(page);

    await testLive(page);
    await testDirector(page);
    viewer = await testViewers(page, code);
    await testSaving(page, viewer);
    await testUpdating(page);
    await testReload(page);
    await testEnd(page);

    is(complaints.join('\n'), '', 'no console errors, no CSP violations, nothing foreign, no key in an address');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
