/*
 * Drives the watch page in Chromium and prints TAP.
 *
 *     node watch_page.mjs http://localhost:8080 [streamer]
 *
 * The streamer has to have the live sources Main_Screen (640x360) and Face_Cam (320x240) and nothing else.  Whoever
 * runs this starts and stops publishers when asked: for each line "# ask: publish NAME" or "# ask: stop NAME" on
 * stdout it answers with a line on stdin.  Desk_Cam (480x270) is one more name it may be asked for.
 *
 * CHROMIUM is the browser's path, WATCH_SHOTS a directory for screenshots.
 */

import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';

import {chromium} from 'playwright-core';

import {done, is, note, ok} from './tap.mjs';

const BASE = (process.argv[2] ?? process.env.WATCH_BASE ?? 'http://localhost:8080').replace(/\/$/, '');
const STREAMER = process.argv[3] ?? 'alice';
const SHOTS = process.env.WATCH_SHOTS;

const SIZES = {Main_Screen: '640x360', Face_Cam: '320x240', Desk_Cam: '480x270'};

/* stock HLS needs a few segments before anything is to be seen */
const START_MS = 30000;

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

const complaints = [];
const stdin = createInterface({input: process.stdin})[Symbol.asyncIterator]();

async function ask(what) {
    console.log(`# ask: ${what}`);

    if ((await stdin.next()).done) {
        throw new Error(`nobody did: ${what}`);
    }
}

/** Polls in Node: a hidden or busy page must not delay the answer. */
async function until(what, check, ms = START_MS) {
    const end = Date.now() + ms;

    for (;;) {
        const value = await check();

        if (value || Date.now() > end) {
            return ok(value, what);
        }

        await sleep(100);
    }
}

async function open(browser, path, {context: options = {}, prepare = async () => {}, excuse = /(?!)/} = {}) {
    const context = await browser.newContext({viewport: {width: 1280, height: 860}, ...options});
    const page = await context.newPage();

    page.on('pageerror', (error) => complaints.push(`${path}: ${error}`));
    page.on('console', (message) => {
        const text = `${message.text()} ${message.location().url}`;

        /* what is not there (yet) is the normal case, and Chromium reports each 404 */
        if (['error', 'warning'].includes(message.type()) && !/404.*(\.(m3u8|ts|mp4)|\/join)$/.test(text)
            && !excuse.test(text))
        {
            complaints.push(`${path}: ${message.type()}: ${text}`);
        }
    });
    page.on('request', (request) => {
        if (!request.url().startsWith(BASE) && !/^(blob|data):/.test(request.url())) {
            complaints.push(`${path}: foreign request ${request.url()}`);
        }
    });

    await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
            console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
        });
    });

    await prepare(page);
    await page.goto(BASE + path);

    return page;
}

const state = (page) => page.locator('#stage').getAttribute('data-state');
const button = (page, id) => page.locator(`button[data-source="${id}"]`);
const pressed = (page, id) => button(page, id).getAttribute('aria-pressed');
const shot = (page, name) => SHOTS && page.screenshot({path: `${SHOTS}/${name}.png`});

function video(page, role = 'main') {
    return page.locator(`video[data-role="${role}"]`).evaluate((element) => ({
        size: `${element.videoWidth}x${element.videoHeight}`,
        time: element.currentTime,
        frames: element.getVideoPlaybackQuality().totalVideoFrames,
        muted: element.muted,
        paused: element.paused,
        visible: element.checkVisibility(),
        width: element.getBoundingClientRect().width,
        native: element.src !== '' && !element.src.startsWith('blob:'),
    }));
}

/** The source is the picture, and the picture moves. */
async function plays(page, id, what, role = 'main') {
    await until(`${what}: the picture is that of ${id}`, async () => (await video(page, role)).size === SIZES[id]);

    const before = await video(page, role);

    await until(`${what}: time goes on`, async () => (await video(page, role)).time > before.time + 1);
    await until(`${what}: frames are decoded`, async () => (await video(page, role)).frames > before.frames + 5);

    if (role === 'main') {
        await until(`${what}: the page says so`, async () => await state(page) === 'playing');
    }
}

async function fitsThePhone(page, what) {
    const [overflow, small] = await page.evaluate(() => [
        document.documentElement.scrollWidth - document.documentElement.clientWidth,
        [...document.querySelectorAll('button, select')]
            .filter((element) => element.checkVisibility() && element.id !== 'inset')
            .filter((element) => element.offsetWidth < 44 || element.offsetHeight < 44)
            .map((element) => element.textContent.trim()),
    ]);

    is(overflow, 0, `${what}: nothing overflows sideways`);
    is(small.join(', '), '', `${what}: every target has 44 px`);
}

async function testWatching(page) {
    await page.evaluate(() => { globalThis.sameDocument = true; });

    if (!await until('the page plays by itself', async () => await state(page) === 'playing')) {
        throw new Error(complaints.join('\n') || await page.locator('#message').innerText());
    }

    const ids = await page.locator('button[data-source]').evaluateAll((all) => all.map((one) => one.dataset.source));
    const [first, second] = ids;

    is([...ids].sort().join(' '), 'Face_Cam Main_Screen', 'both sources have a button');
    is(await pressed(page, first), 'true', 'the first one is pressed');
    is(await pressed(page, second), 'false', 'the second one is not');
    ok(/Main Screen.*640×360 · \d+ fps/s.test(await button(page, 'Main_Screen').innerText()), 'label, size and frame rate');
    ok((await page.locator('#status').innerText()).startsWith('Live'), 'the status says live');
    is(new URL(page.url()).pathname, `/watch/${STREAMER}`, 'the address is left alone until the viewer chooses');

    await plays(page, first, 'first source');
    ok((await video(page)).muted, 'muted at first');
    await shot(page, 'desktop');

    await page.evaluate(() => {
        globalThis.seen = new Set();

        (function look() {
            const {readyState} = document.querySelector('video[data-role="main"]');

            globalThis.seen.add(`${document.getElementById('stage').dataset.state}${readyState < 2 ? ', black' : ''}`);
            requestAnimationFrame(look);
        })();
    });
    await button(page, second).click();
    await plays(page, second, 'switched by click');
    is(await page.evaluate(() => [...globalThis.seen].join('; ')), 'playing', 'with a picture all the time');
    is(await pressed(page, second), 'true', 'its button is pressed');
    is(await pressed(page, first), 'false', 'the other one no longer');
    is(new URL(page.url()).pathname, `/watch/${STREAMER}/${second}`, 'the address follows');

    const stale = [];
    const listen = (request) => request.url().includes(`/${first}/`) && stale.push(request.url());

    page.on('request', listen);
    await sleep(3000);
    page.off('request', listen);
    is(stale.join(' '), '', 'nothing is loaded of the source that was left');

    await page.keyboard.press('1');
    await plays(page, first, 'switched by key 1');
    await page.keyboard.press('2');
    await plays(page, second, 'switched by key 2');

    return [first, second];
}

async function testInset(page, first, second) {
    ok(await page.locator('#single').isChecked(), 'no picture in picture at first');
    await page.keyboard.press('p');
    await plays(page, first, 'inset', 'inset');
    await plays(page, second, 'beside the inset');

    const inset = await video(page, 'inset');
    const main = await video(page);

    ok(inset.visible && inset.width < main.width * 0.41, 'the inset is the smaller one');
    ok(inset.muted, 'and silent');
    ok(await page.locator('#pip').isChecked(), 'and the layout says so');

    const corner = () => page.locator('video[data-role="inset"]').evaluate((element) => {
        const box = element.getBoundingClientRect();
        const stage = element.parentElement.getBoundingClientRect();

        return `${box.top - stage.top < stage.bottom - box.bottom ? 'top' : 'bottom'}-`
               + (box.left - stage.left < stage.right - box.right ? 'left' : 'right');
    });
    const corners = [];

    for (let i = 0; i < 4; i++) {
        corners.push(await corner());
        await page.locator('#corner').click();
    }

    is(corners.join(' '), 'bottom-right bottom-left top-left top-right', 'the corner button goes round');
    await testDragging(page, corner);
    await shot(page, 'desktop-inset');

    await page.locator('#inset').click();
    await plays(page, first, 'exchanged');
    await plays(page, second, 'exchanged, inset', 'inset');
    ok((await video(page, 'inset')).muted, 'the new inset is silent');

    await page.keyboard.press('p');
    ok(!(await video(page, 'inset')).visible, 'p again ends it');
    is((await video(page, 'inset')).size, '0x0', 'and unloads it');
}

/** By mouse and by keys: to each corner, and larger and smaller. */
async function testDragging(page, corner) {
    const width = () => page.locator('video[data-role="inset"]').evaluate((element) =>
        Math.round(element.offsetWidth / element.parentElement.clientWidth * 100));
    const center = (selector) => page.locator(selector).evaluate((element) => {
        const {left, top, width: w, height: h} = element.getBoundingClientRect();

        return [left + w / 2, top + h / 2];
    });
    const drag = async (from, to) => {
        await page.mouse.move(...from);
        await page.mouse.down();
        await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2);
        await page.mouse.move(...to);
        await page.mouse.up();
    };
    const stage = await page.locator('#stage').boundingBox();
    const at = (x, y) => [stage.x + stage.width * x, stage.y + stage.height * y];
    const before = await page.locator('#inset-label').innerText();
    const seen = [];

    for (const to of [at(0.2, 0.8), at(0.25, 0.2), at(0.8, 0.3), at(0.9, 0.9)]) {
        await drag(await center('#inset'), to);
        seen.push(await corner());
    }

    is(seen.join(' '), 'bottom-left top-left top-right bottom-right', 'the inset is dragged to each corner');
    is(await page.locator('#inset-label').innerText(), before, 'which exchanges nothing');

    await drag(await center('#inset-size'), at(0.65, 0.5));
    ok(Math.abs(await width() - 34) <= 2, `its handle makes it larger: ${await width()} %`);
    await drag(await center('#inset-size'), at(0.1, 0.1));
    is(await width(), 40, 'up to 40 %');
    await drag(await center('#inset-size'), at(0.98, 0.98));
    is(await width(), 10, 'and down to 10 %');

    await page.locator('#inset').focus();

    for (const key of ['+', '+', '=', '-']) {
        await page.keyboard.press(key);
    }

    is(await width(), 14, 'plus and minus do so, too');
    seen.length = 0;

    for (const key of ['ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowDown']) {
        await page.keyboard.press(key);
        seen.push(await corner());
    }

    is(seen.join(' '), 'bottom-left top-left top-right bottom-right', 'and arrows move it');
    await page.locator('#inset-size').press('Home');
    is(await page.locator('#inset-size').getAttribute('aria-valuenow'), '10', 'the handle is a slider');
    await page.locator('#inset-size').press('End');
    await page.locator('#inset-size').press('ArrowLeft');
    is(await page.locator('#inset-size').getAttribute('aria-valuetext'), '39 % of the picture', 'of the inset\'s size');
}

async function testGrid(page, first, second) {
    await page.keyboard.press('g');
    await plays(page, first, 'grid', 'main');
    await plays(page, second, 'grid, beside it', 'tile');

    const box = (role) => page.locator(`video[data-role="${role}"]`).boundingBox();
    const [main, tile] = [await box('main'), await box('tile')];

    ok(Math.abs(main.width - tile.width) <= 1 && Math.abs(main.height - tile.height) <= 1, 'tiles are equal');
    ok(main.x + main.width <= tile.x + 1 || tile.x + tile.width <= main.x + 1, 'beside each other');
    await shot(page, 'desktop-grid');
    await page.locator(`[data-tile="${second}"]`).click();
    await plays(page, second, 'grid, tapped');
    await plays(page, first, 'grid, beside what was tapped', 'tile');
    is((await box('main')).x, tile.x, 'each stays where it is');
    is(await page.locator(`[data-tile="${second}"]`).getAttribute('aria-pressed'), 'true', 'its tile says so');

    const asked = [];
    const listen = (request) => request.url().includes(`/${first}/`) && asked.push(request.url());

    await page.locator(`.source-row:has([data-source="${first}"]) [role="switch"]`).uncheck();
    await until('what is turned off leaves the grid',
                async () => await page.locator(`[data-tile="${first}"]`).count() === 0);
    await sleep(500);
    page.on('request', listen);
    await sleep(2500);
    page.off('request', listen);
    is(asked.filter((url) => !url.endsWith('/preview.mp4')).join(' '), '', 'and is not downloaded');
    ok((await button(page, first).innerText()).includes('off'), 'its button says so');
    await plays(page, second, 'the other one');
    await page.keyboard.press('g');
    await button(page, first).click();
    await plays(page, first, 'to choose it turns it on');
    await button(page, second).click();
    await plays(page, second, 'and back');
}

/** In the same browser; others begin anew. */
async function testPreferences(browser, first) {
    const page = await open(browser, `/watch/${STREAMER}/${first}`);

    await plays(page, first, 'preferences');
    await page.keyboard.press('p');
    await until('inset', async () => (await video(page, 'inset')).visible);
    await page.locator('#inset').focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('+');
    await page.reload();
    await until('the layout is remembered', async () => await page.locator('#pip').isChecked()
                && (await video(page, 'inset')).visible);
    is(await page.locator('#stage').getAttribute('data-corner'), 'top-right', 'so is the corner');
    is(await page.locator('#inset-size').getAttribute('aria-valuenow'), '27', 'and the size');
    await page.evaluate((name) => localStorage.setItem(name, '{"layout":7,"size":"x","off":{"a":1}}'), `watch:${STREAMER}`);
    await page.reload();
    await until('what cannot be is not believed', async () => await page.locator('#single').isChecked()
                && await state(page) === 'playing');
    await page.context().close();
}

async function testControls(page) {
    await page.locator('#unmute').click();
    ok(!(await video(page)).muted, 'a tap unmutes');
    ok(!await page.locator('#unmute').isVisible(), 'and the button for it is gone');
    is(await page.locator('#mute').getAttribute('aria-pressed'), 'false', 'the mute button follows');
    await page.keyboard.press('m');
    ok((await video(page)).muted, 'm mutes');

    await page.keyboard.press('f');
    await until('f makes it full screen', () => page.evaluate(() => document.fullscreenElement?.id === 'viewer'));
    ok(await page.locator('#sources').isVisible(), 'with the sources at hand');
    await shot(page, 'fullscreen');
    await page.keyboard.press('f');
    await until('f again ends it', () => page.evaluate(() => document.fullscreenElement === null));

    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('Tab');
    ok(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== 'none'), 'the focus is visible');
}

async function testComingAndGoing(page) {
    await ask('publish Desk_Cam');
    await until('a new source appears', () => button(page, 'Desk_Cam').isVisible());
    await button(page, 'Desk_Cam').click();
    await plays(page, 'Desk_Cam', 'new source');

    await ask('stop Desk_Cam');
    await until('its end is shown on its button',
                async () => (await button(page, 'Desk_Cam').innerText()).includes('ended'), 10000);
    await until('and over the picture', async () => await state(page) === 'gone', 5000);
    is(await button(page, 'Desk_Cam').getAttribute('aria-disabled'), 'true', 'the button is disabled');
    is(await page.locator('#message-title').innerText(), 'Desk Cam has ended', 'the message names it');
    is(await page.locator('#message [data-action]').count(), 2, 'the others are offered');
    await shot(page, 'gone');

    await ask('publish Desk_Cam');
    await plays(page, 'Desk_Cam', 'it comes back');

    await ask('stop Desk_Cam');
    await until('gone again', async () => await state(page) === 'gone', 10000);
    await page.locator('#message [data-action="Main_Screen"]').click();
    await plays(page, 'Main_Screen', 'an offered source');

    ok(await page.evaluate(() => globalThis.sameDocument === true), 'all without a reload');
}

async function testGoneLater(page) {
    await until('a source that stays away leaves the list', async () => await button(page, 'Desk_Cam').count() === 0, 40000);
    is(await state(page), 'playing', 'which disturbs nobody');
}

async function testPhone(browser) {
    const phone = {viewport: {width: 360, height: 740}, isMobile: true, hasTouch: true, deviceScaleFactor: 2,
                   colorScheme: 'dark', reducedMotion: 'reduce'};
    const page = await open(browser, `/watch/${STREAMER}/Face_Cam`, {context: phone});

    await plays(page, 'Face_Cam', 'deep link on a phone');
    is(await pressed(page, 'Face_Cam'), 'true', 'the linked source is pressed');
    await page.locator('#pip').tap();
    await plays(page, 'Main_Screen', 'inset on a phone', 'inset');
    await fitsThePhone(page, 'phone');

    const cdp = await page.context().newCDPSession(page);
    const box = await page.locator('#inset').boundingBox();
    const touch = (type, ...at) => cdp.send('Input.dispatchTouchEvent', {type, touchPoints: at.map(([x, y]) => ({x, y}))});

    await touch('touchStart', [box.x + 40, box.y + 20]);
    await touch('touchMove', [box.x - 60, box.y - 30]);
    await touch('touchMove', [70, 110]);
    await touch('touchEnd');
    is(await page.locator('#stage').getAttribute('data-corner'), 'top-left', 'a finger drags the inset');
    await plays(page, 'Face_Cam', 'which exchanges nothing');
    await shot(page, 'phone-dark');
    await page.setViewportSize({width: 740, height: 360});
    await fitsThePhone(page, 'phone, sideways');
    await shot(page, 'phone-sideways');
    await page.context().close();
}

async function testNativePlayback(browser) {
    const page = await open(browser, `/watch/${STREAMER}/Main_Screen`, {prepare: (fresh) => fresh.addInitScript(() => {
        delete globalThis.MediaSource;
        delete globalThis.ManagedMediaSource;
        delete globalThis.WebKitMediaSource;
    })});

    await plays(page, 'Main_Screen', 'without Media Source');
    ok((await video(page)).native, 'by the browser\'s own HLS');
    await page.context().close();
}

async function testNobody(browser) {
    const page = await open(browser, '/watch/nobody', {excuse: /404.*\/sources\//});

    await until('an unknown streamer is offline', async () => await state(page) === 'offline');
    is(await page.locator('#message-title').innerText(), 'nobody is offline', 'the message says so');
    is(await page.locator('button[data-source]').count(), 0, 'there is nothing to choose');
    await shot(page, 'offline');
    await page.goto(`${BASE}/watch/`);
    await until('an address without a streamer says so', async () => await state(page) === 'no-streamer');
    await page.goto(`${BASE}/watch/${'x'.repeat(51)}`);
    await until('so does a name that cannot be', async () => await state(page) === 'no-streamer');

    await page.route('**/sources/unheard-of*', (route) => route.fulfill({status: 404, json: {success: false}}));
    await page.route('**/sources/unheard-of/events', (route) => route.fulfill({status: 404, json: {success: false}}));
    await page.goto(`${BASE}/watch/unheard-of`);
    await until('and one that the server says is none', async () => await state(page) === 'no-streamer');
    await page.context().close();
}

/** What no publisher here sends: a made-up list. */
async function testMadeUpSources(browser) {
    const made = (id, more) => ({id, label: id.replaceAll('_', ' '), url: `/hls/made_up/${id}/index.m3u8`, state: 'live',
                                 protocol: 'rtmp', ...more});
    const sources = [
        made('HEVC_Cam', {video: {codec: 'hvc1.1.6.L93.B0', width: 3840, height: 2160, fps: 60}}),
        made('Late', {video: {codec: 'avc1.640028', width: 1920, height: 1080, fps: 29.97}}),
        made('A_very_long_name_that_someone_gave_to_a_camera_xx', {state: 'stalled'}),
        made('Sound', {audio: {codec: 'mp4a.40.2', sample_rate: 48000, channels: 2}}),
    ];
    const page = await open(browser, '/watch/made_up', {
        context: {viewport: {width: 320, height: 640}, isMobile: true, hasTouch: true},
        prepare: async (fresh) => {
            await fresh.route('**/sources/made_up', (route) => route.fulfill({json: sources}));
            await fresh.route('**/sources/made_up/events', (route) => route.fulfill({
                contentType: 'text/event-stream',
                body: sources.map((one) => `event: source_added\ndata: ${JSON.stringify(one)}\n\n`).join(''),
            }));
            await fresh.route('**/hls/made_up/**', (route) => route.fulfill({status: 404, body: ''}));
        },
    });

    await until('a source without a playlist is starting', async () => await state(page) === 'starting');
    is(await pressed(page, 'Late'), 'true', 'what plays here is preferred');
    ok((await button(page, 'HEVC_Cam').innerText()).includes('HEVC'), 'another codec is named');
    ok((await button(page, sources[2].id).innerText()).includes('stalled'), 'a stalled source is marked');

    await page.locator('button[data-source="HEVC_Cam"]').tap();
    await until('HEVC without a playlist cannot be played here', async () => await state(page) === 'unplayable');
    ok((await button(page, 'HEVC_Cam').innerText()).includes('not playable here'), 'its button says so');
    await fitsThePhone(page, 'long names on a small phone');
    await shot(page, 'phone-unplayable');
    await page.context().close();
}

async function testErrorAndRetry(browser) {
    const page = await open(browser, `/watch/${STREAMER}/Main_Screen`, {
        prepare: (fresh) => fresh.route('**/*.m3u8', (route) => route.abort()),
        excuse: /ERR_FAILED.*\.m3u8$/,
    });

    await until('a server that cannot be reached ends in an error', async () => await state(page) === 'error', 60000);
    await shot(page, 'error');
    await page.unroute('**/*.m3u8');
    await page.locator('#message [data-action="retry"]').click();
    await plays(page, 'Main_Screen', 'tried again');
    await page.context().close();
}

async function testLanding(browser) {
    const page = await open(browser, '/', {context: {viewport: {width: 360, height: 740}}, excuse: /404.*\/sources\/$/});

    is(await page.locator('a').first().getAttribute('href'), '/watch/demo', 'the landing page leads to the demo');
    await fitsThePhone(page, 'landing page');
    await shot(page, 'landing');
    await page.context().close();
}

const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS});

try {
    const page = await open(browser, `/watch/${STREAMER}`);
    const [first, second] = await testWatching(page);

    await testInset(page, first, second);
    await testGrid(page, first, second);
    await testControls(page);
    await testComingAndGoing(page);
    await testGoneLater(page);
    await page.context().close();

    await testPreferences(browser, first);
    await testPhone(browser);
    await testNativePlayback(browser);
    await testNobody(browser);
    await testMadeUpSources(browser);
    await testErrorAndRetry(browser);
    await testLanding(browser);

    is(complaints.join('\n'), '', 'no console errors, no CSP violations, nothing foreign');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
