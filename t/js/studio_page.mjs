/*
 * Drives the studio in Chromium and prints TAP.
 *
 *     STUDIO_KEY=KEY node studio_page.mjs http://localhost:8080 streamer
 *
 * KEY is a stream key of the streamer, who may have two sources and has none yet.  Whoever runs this answers lines
 * "# ask: ..." on stdout with a line on stdin when it is done: "kill NAME" kills the worker that has the source NAME,
 * "reload" gives nginx its configuration again.
 *
 * CHROMIUM is the browser's path, STUDIO_SHOTS a directory for screenshots.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {ask, complaints, fitsThePhone, launch, open, until} from './browser.mjs';
import {done, is, note, ok} from './tap.mjs';

const BASE = process.argv[2].replace(/\/$/, '');
const STREAMER = process.argv[3];
const KEY = process.env.STUDIO_KEY;
const SHOTS = process.env.STUDIO_SHOTS;

/* the browser's fake devices: two cameras, microphones, a screen with sound; nobody is asked */
const FLAGS = ['--use-fake-device-for-media-stream=device-count=2', '--use-fake-ui-for-media-stream',
               '--allow-loopback-in-peer-connection'];

/* Chromium reports each answer of 400 and more, and each request that fails */
const HTTP_REPORT = /Failed to load resource/;

const LIVE_MS = 30000;

const shot = (page, name) => SHOTS && page.screenshot({path: `${SHOTS}/${name}.png`, fullPage: true});
const card = (page, label) => page.getByRole('listitem', {name: label, exact: true});
const state = (page, label) => card(page, label).getAttribute('data-state');
const part = (page, label, name) => card(page, label).locator(`[data-part="${name}"]`);
const button = (page, name) => page.getByRole('button', {name, exact: true});

async function listed() {
    const response = await fetch(`${BASE}/sources/${STREAMER}`);

    return response.ok ? response.json() : [];
}

async function names() {
    return (await listed()).map(({id}) => id).sort().join(' ');
}

async function studio(browser, more = {}) {
    return open(browser, `${BASE}/studio/`, {excuse: HTTP_REPORT, ...more});
}

/** Peer connections that the page made, as `connections`. */
function keepConnections(page) {
    return page.addInitScript(() => {
        globalThis.connections = [];
        globalThis.RTCPeerConnection = class extends RTCPeerConnection {
            constructor(...parameters) {
                super(...parameters);
                globalThis.connections.push(this);
            }
        };
    });
}

/** The key may be in a header and nowhere else. */
function watchTheKey(page) {
    page.on('request', (request) => {
        if (request.url().includes(KEY)) {
            complaints.push(`the key is in ${request.url()}`);
        }
    });
}

async function isLive(page, label, what) {
    await until(`${what}: ${label} is live`, async () => await state(page, label) === 'live', LIVE_MS);
}

/** Sent and received: bytes count up here, and the server lists it. */
async function arrives(page, label, what) {
    const id = label.replaceAll(' ', '_');
    let source;

    await until(`${what}: the server lists ${id}, H.264`, async () => {
        source = (await listed()).find((one) => one.id === id);
        return source?.state === 'live' && /^avc1\./.test(source.video?.codec ?? '') && source.video.width > 0;
    }, LIVE_MS);

    await until(`${what}: ${label} has a bitrate`, async () =>
        /[1-9]\d* kbit\/s|\d Mbit\/s/.test(await part(page, label, 'figures').innerText()), 15000);

    return source;
}

async function testAdding(page) {
    is(await page.locator('#page-trouble').isVisible(), false, 'nothing is wrong with this browser');
    ok(await page.locator('#no-sources').isVisible(), 'there are no sources at first');
    ok(await button(page, 'Go live with all').isDisabled(), 'and nothing to send');

    await button(page, 'Add camera').focus();
    await page.keyboard.press('Enter');
    await card(page, 'Face Cam').waitFor();
    await button(page, 'Add screen').click();
    await card(page, 'Main Screen').waitFor();

    is(await state(page, 'Face Cam'), 'idle', 'a source that was added is not sent yet');
    is(await part(page, 'Face Cam', 'hint').innerText(), 'Sent as Face_Cam', 'its name is told');

    for (const label of ['Face Cam', 'Main Screen']) {
        await until(`${label} has a picture to look at`, () => part(page, label, 'video').evaluate((video) =>
            video.videoWidth > 0 && video.muted && video.currentTime > 0));
    }

    ok(await page.locator('#camera option').count() > 1, 'once the browser may tell, cameras have names');
    is(await names(), '', 'the server has heard of nothing');
    await shot(page, 'added');
}

async function testLabels(page) {
    const label = part(page, 'Face Cam', 'label');
    const hint = part(page, 'Face Cam', 'hint');

    for (const [text, answer] of [['Admin', /reserved/], ['Main Screen', /Another source/], ['Köln', /letters/]]) {
        await label.fill(text);
        await label.press('Tab');
        ok(answer.test(await hint.innerText()), `"${text}" is refused: ${answer.source}`);
        is(await label.getAttribute('aria-invalid'), 'true', 'the field is marked');
    }

    await label.fill('🎥 Desk Cam');
    await label.press('Tab');
    is(await part(page, '🎥 Desk Cam', 'hint').innerText(), 'Sent as Desk_Cam', 'emoji are no part of the name');
    await part(page, '🎥 Desk Cam', 'label').fill('Face Cam');
    await page.keyboard.press('Tab');
    await card(page, 'Face Cam').waitFor();
}

async function testKey(page) {
    await button(page, 'Go live: Face Cam').click();
    ok(await page.locator('#key-missing').isVisible(), 'without a key, the page asks for it');
    is(await page.evaluate(() => document.activeElement.id), 'key', 'and leads to the field');

    await page.keyboard.type('k-nobody-has-this-one');
    is(await page.locator('#key').getAttribute('type'), 'password', 'a key is not shown');
    await button(page, 'Go live: Face Cam').click();
    await until('an unknown key is refused', async () => await state(page, 'Face Cam') === 'failed');
    ok(/does not know this stream key/.test(await part(page, 'Face Cam', 'reason').innerText()), 'the page says so');
    await shot(page, 'unknown-key');

    await page.locator('#key').fill(KEY);
    is(await stored(page), false, 'no key is stored unasked');
    await page.locator('#keep-key').check();
    await page.reload();
    is(await page.locator('#key').inputValue(), KEY, 'a key that is kept survives a reload');
    await page.locator('#keep-key').uncheck();
    is(await stored(page), false, 'until it is not wanted any more');
}

const stored = (page) => page.evaluate((key) =>
    JSON.stringify([{...sessionStorage}, {...localStorage}]).includes(key), KEY);

async function testRecall(page) {
    await until('after a reload the camera is back by itself', async () => await state(page, 'Face Cam') === 'idle');
    is(await state(page, 'Main Screen'), 'ended', 'the screen is remembered');
    ok((await part(page, 'Main Screen', 'reason').innerText()).includes('chosen again'), 'and has to be chosen again');
    await shot(page, 'recalled');
    await button(page, 'Choose again for Main Screen').click();
    await until('which a click does', async () => await state(page, 'Main Screen') === 'idle');

    for (const label of ['Face Cam', 'Main Screen']) {
        await button(page, `Remove ${label}`).click();
    }

    is(await page.locator('#sources li').count(), 0, 'both can be removed');
}

async function testSending(page) {
    await button(page, 'Add screen and camera').click();
    await card(page, 'Main Screen').waitFor();
    await card(page, 'Face Cam').waitFor();
    await button(page, 'Go live with all').click();
    await isLive(page, 'Main Screen', 'all');
    await isLive(page, 'Face Cam', 'all');
    is(await page.locator('#status').innerText(), '2 sources are live', 'the status says so');
    ok((await page.locator('#announcer').textContent()).includes('Live'), 'and a screen reader hears it');

    for (const label of ['Main Screen', 'Face Cam']) {
        await arrives(page, label, 'all');
        await until(`${label} has sound`, async () =>
            (await listed()).find((one) => one.id === label.replaceAll(' ', '_'))?.audio !== undefined);
    }

    await until('round trip, size and frame rate are told', async () =>
        /round trip \d+ ms · \d+×\d+ · \d+ fps/.test(await part(page, 'Face Cam', 'figures').innerText()));
    ok(await part(page, 'Face Cam', 'label').evaluate((input) => input.readOnly), 'a live source keeps its name');
    is(await names(), 'Face_Cam Main_Screen', 'each is a source of its own');
    await shot(page, 'live');
    await page.emulateMedia({colorScheme: 'dark'});
    await shot(page, 'live-dark');
    await page.emulateMedia({colorScheme: 'light'});
    await page.setViewportSize({width: 360, height: 740});
    await fitsThePhone(page, 'phone');
    await shot(page, 'phone');
    await page.setViewportSize({width: 1280, height: 860});
}

/** What the encoder was told. */
const encoding = (page) => page.evaluate(() => globalThis.connections
    .filter(({connectionState}) => connectionState === 'connected')
    .map((pc) => pc.getSenders().find(({track}) => track?.kind === 'video'))
    .map((sender) => [sender.track.contentHint, sender.getParameters().encodings[0]]));

async function testQuality(page) {
    const picture = part(page, 'Face Cam', 'quality');

    is(await picture.inputValue(), '720-30', 'a camera has the usual picture');
    is(await part(page, 'Main Screen', 'quality').inputValue(), '1080-text', 'a screen one for text');

    const [[hint, screen], [, camera]] = await encoding(page);

    is(`${hint} ${screen.maxFramerate}`, 'text 15', 'text is kept sharp');
    is(`${camera.maxBitrate} ${camera.maxFramerate}`, '2700000 30', 'the encoder knows of the camera');

    await picture.selectOption('360-30');
    await until('a live picture can be made smaller', async () =>
        / 640×360 /.test(await part(page, 'Face Cam', 'figures').innerText()));
    is((await encoding(page))[1][1].maxBitrate < 1200000, true, 'with fewer bits');
    is(await state(page, 'Face Cam'), 'live', 'it is live all the time');
    await until('viewers get that', async () =>
        (await listed()).find(({id}) => id === 'Face_Cam')?.video?.height === 360);

    await picture.selectOption('720-30');
    await until('and larger', async () => / 1280×720 /.test(await part(page, 'Face Cam', 'figures').innerText()));
}

async function testSound(page) {
    const sound = () => part(page, 'Face Cam', 'video').evaluate((video) =>
        video.srcObject.getAudioTracks()[0].enabled);

    await until('sound can be seen', () => part(page, 'Face Cam', 'level').evaluate(({value}) => value > 0.1));
    await button(page, 'Mute Face Cam').click();
    is(await sound(), false, 'a muted source is silent');
    is(await button(page, 'Mute Face Cam').getAttribute('aria-pressed'), 'true', 'and says so');
    await button(page, 'Mute Face Cam').click();
    is(await sound(), true, 'until it is not');
}

async function testOverlay(page) {
    const corner = () => page.evaluate(() => {
        const [stage, inset] = ['overlay-stage', 'overlay-inset'].map((id) =>
            document.getElementById(id).getBoundingClientRect());

        return {width: Math.round(100 * inset.width / stage.width), left: inset.left - stage.left < stage.width / 2,
                top: inset.top - stage.top < stage.height / 2};
    });

    is(JSON.stringify(await corner()), '{"width":25,"left":false,"top":false}', 'one source in a corner of another');
    await page.locator('#overlay-corner').selectOption('top-left');
    await page.locator('#overlay-size').fill('40');
    is(JSON.stringify(await corner()), '{"width":40,"left":true,"top":true}', 'in any corner, at any size');

    const names = () => page.evaluate(() => ['overlay-main', 'overlay-inset'].map((id) =>
        document.getElementById(id).dataset.name).join());

    is(await names(), 'Main_Screen,Face_Cam', 'the screen is the large picture');
    await page.locator('#overlay-main-source').selectOption('Face_Cam');
    is(await names(), 'Face_Cam,Main_Screen', 'and can be the small one');
    await until('both are moving pictures', () => page.evaluate(() => ['overlay-main', 'overlay-inset'].every((id) =>
        document.getElementById(id).videoWidth > 0)));
    await shot(page, 'overlay');
}

async function testSimulcast(page) {
    is(await page.locator('iframe').count(), 0, 'the console is not loaded before it is wanted');
    await page.locator('#simulcast summary').click();
    await page.frameLocator('iframe[title="Simulcast console"]').getByRole('heading', {name: 'Sign in'}).waitFor();
    ok(true, 'then it is');
    await page.locator('#simulcast summary').click();
}

async function testPrivate(page) {
    await page.locator('#private').check();
    await button(page, 'Open the show').click();
    await until('a server without sessions keeps nothing private', async () =>
        (await page.locator('#show-trouble').innerText()).includes('cannot keep'));
    is(await page.locator('#link-row').isVisible(), false, 'and has no link');
    await page.locator('#public').check();
    await button(page, 'Open the show').click();
    await until('in public all is well', async () => await page.locator('#show-trouble').isHidden());
    ok((await page.locator('#show-state').innerText()).includes('keeps no shows'), 'as it was without shows');
}

async function testLimit(page) {
    const camera = (label) => part(page, label, 'video').evaluate((video) =>
        video.srcObject.getVideoTracks()[0].getSettings().deviceId);

    await button(page, 'Add camera').click();
    await card(page, 'Face Cam 2').waitFor();
    ok(await camera('Face Cam') !== await camera('Face Cam 2'), 'a second camera is another one');
    await button(page, 'Go live: Face Cam 2').click();
    await until('the server takes no more sources than it allows', async () =>
        await state(page, 'Face Cam 2') === 'failed');
    ok(/as many sources/.test(await part(page, 'Face Cam 2', 'reason').innerText()), 'the page says why');
    await button(page, 'Remove Face Cam 2').click();
    await until('a removed source is gone', async () => await card(page, 'Face Cam 2').count() === 0);
    is(await names(), 'Face_Cam Main_Screen', 'the others go on');
}

async function testStopping(page) {
    await button(page, 'Stop: Face Cam').click();
    await until('a stopped source is ready again', async () => await state(page, 'Face Cam') === 'stopped');
    await until('and off the list', async () => await names() === 'Main_Screen', 10000);
    is(await state(page, 'Main Screen'), 'live', 'the other one is live');
    await arrives(page, 'Main Screen', 'alone');

    await button(page, 'Go live: Face Cam').click();
    await isLive(page, 'Face Cam', 'again');
    await arrives(page, 'Face Cam', 'again');
}

async function testKilledWorker(page) {
    await ask('kill Main_Screen');
    await until('a killed worker is noticed', async () => await state(page, 'Main Screen') === 'reconnecting', 30000);
    ok((await part(page, 'Main Screen', 'reason').innerText()).includes('Trying again'), 'the page says what it does');
    await isLive(page, 'Main Screen', 'after a killed worker');
    await isLive(page, 'Face Cam', 'after a killed worker');
    await arrives(page, 'Main Screen', 'after a killed worker');
    await arrives(page, 'Face Cam', 'after a killed worker');
}

async function testReload(page) {
    await ask('reload');

    /* whether sessions outlive it is the server's business: they are there, or come back */

    await sleep(5000);
    await isLive(page, 'Main Screen', 'after a reload');
    await isLive(page, 'Face Cam', 'after a reload');
    await arrives(page, 'Main Screen', 'after a reload');
    await arrives(page, 'Face Cam', 'after a reload');
    is(await names(), 'Face_Cam Main_Screen', 'after a reload the sources are those of before');
}

async function testEndedSharing(page) {
    /* a script's stop() is not told to the script: this is what the browser's own button does */
    await part(page, 'Main Screen', 'video').evaluate((video) =>
        video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended')));
    await until('the end of sharing ends the source', async () => await state(page, 'Main Screen') === 'ended');
    await until('at the server, too', async () => await names() === 'Face_Cam', 10000);
    is(await state(page, 'Face Cam'), 'live', 'the other one goes on');
    await shot(page, 'ended');

    await button(page, 'Choose again for Main Screen').click();
    await until('it can be chosen again', async () => await state(page, 'Main Screen') === 'idle');
    await button(page, 'Go live: Main Screen').click();
    await isLive(page, 'Main Screen', 'chosen again');
}

async function testLiveReload(page) {
    const accept = (dialog) => dialog.accept();

    await page.locator('#keep-key').check();
    await part(page, 'Face Cam', 'quality').selectOption('480-30');
    await button(page, 'Mute Face Cam').click();
    page.on('dialog', accept);
    await page.reload();
    page.off('dialog', accept);
    await isLive(page, 'Face Cam', 'a page that is loaded again with its key');
    is(await part(page, 'Face Cam', 'quality').inputValue(), '480-30', 'with the picture that it had');
    is(await button(page, 'Mute Face Cam').getAttribute('aria-pressed'), 'true', 'and as silent');
    is(await page.locator('#overlay-corner').inputValue(), 'top-left', 'the corner is remembered');
    await button(page, 'Choose again for Main Screen').click();
    await isLive(page, 'Main Screen', 'a screen that is chosen again goes on');
    await arrives(page, 'Face Cam', 'after the page was loaded again');
    await page.locator('#keep-key').uncheck();
}

async function testLeaving(page) {
    const dialogs = [];

    page.on('dialog', (dialog) => {
        dialogs.push(dialog.type());
        dialogs.length === 1 ? dialog.dismiss() : dialog.accept();
    });

    await page.close({runBeforeUnload: true});
    await until('the page asks before it is left', () => dialogs.join() === 'beforeunload', 5000);
    await sleep(1000);
    is(await state(page, 'Face Cam'), 'live', 'who stays is still live');

    const closed = page.waitForEvent('close');

    await page.close({runBeforeUnload: true});
    await closed;
    await until('who leaves takes his sources with him', async () => await names() === '', 5000);
    await page.context().close();
}

async function testPhone(browser) {
    const phone = {viewport: {width: 320, height: 640}, isMobile: true, hasTouch: true, deviceScaleFactor: 2,
                   colorScheme: 'dark', reducedMotion: 'reduce'};
    const page = await studio(browser, {context: phone, prepare: (fresh) => fresh.addInitScript(() => {
        delete MediaDevices.prototype.getDisplayMedia;
    })});

    ok(await button(page, 'Add screen').isDisabled(), 'a telephone shares no screen');
    ok(await page.locator('#screen-missing').isVisible(), 'and the page says so');
    await button(page, 'Add camera').tap();
    await card(page, 'Face Cam').waitFor();
    await fitsThePhone(page, 'small phone');
    await shot(page, 'phone-small-dark');
    await page.context().close();
}

async function testTroubles(browser) {
    const trouble = async (prepare) => {
        const page = await studio(browser, {prepare: (fresh) => fresh.addInitScript(prepare)});

        return [page, await page.locator('#page-trouble').innerText()];
    };

    const [plain, plainText] = await trouble(() => {
        Object.defineProperty(navigator, 'mediaDevices', {value: undefined});
        Object.defineProperty(globalThis, 'isSecureContext', {value: false});
    });

    ok(plainText.includes('https'), 'a page that is not secure says so');
    await plain.context().close();

    const [poor, poorText] = await trouble(() => {
        const all = RTCRtpSender.getCapabilities.bind(RTCRtpSender);

        RTCRtpSender.getCapabilities = (kind) => ({
            codecs: all(kind).codecs.filter(({mimeType}) => mimeType !== 'video/H264'),
        });
    });

    ok(poorText.includes('H.264'), 'so does one in a browser without H.264');
    await button(poor, 'Add camera').click();
    await card(poor, 'Face Cam').waitFor();
    await poor.locator('#key').fill(KEY);
    await button(poor, 'Go live: Face Cam').click();
    await until('where sending fails', async () => await state(poor, 'Face Cam') === 'failed');
    ok((await part(poor, 'Face Cam', 'reason').innerText()).includes('H.264'), 'for that reason');
    await shot(poor, 'no-h264');
    await poor.context().close();

    const [shy] = await trouble(() => {
        navigator.mediaDevices.getUserMedia = async () => {
            throw new DOMException('Permission denied', 'NotAllowedError');
        };
    });

    await button(shy, 'Add camera').click();
    await until('a refused permission is explained', async () =>
        (await shy.locator('#add-trouble').innerText()).includes('not allowed'));
    is(await shy.locator('#sources li').count(), 0, 'and no source is made');
    await shot(shy, 'no-permission');
    await shy.context().close();
}

const browser = await launch(...FLAGS);

try {
    const page = await studio(browser, {prepare: keepConnections});

    watchTheKey(page);
    await testAdding(page);
    await testLabels(page);
    await testKey(page);
    await testRecall(page);
    await testPrivate(page);
    await testSending(page);
    await testQuality(page);
    await testSound(page);
    await testOverlay(page);
    await testSimulcast(page);
    await testLimit(page);
    await testStopping(page);
    await testKilledWorker(page);
    await testReload(page);
    await testEndedSharing(page);
    await testLiveReload(page);
    await testLeaving(page);
    await testPhone(browser);
    await testTroubles(browser);

    is(complaints.join('\n'), '', 'no console errors, no CSP violations, nothing foreign, no key in an address');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
