/*
 * Drives the watch page in Chromium where there are sessions, and prints TAP.
 *
 *     node watch_show.mjs http://127.0.0.1:8080 streamer key another key
 *
 * The streamer has to have the sources Main_Screen, Face_Cam and Desk_Cam, each with the wall clock in its picture as
 * for watch_hls.mjs, and a price; http://localhost:8080/ is a page of another site with a <live-viewer>.  Whoever runs
 * this starts and stops publishers when asked: "# ask: publish STREAMER NAME", "# ask: stop STREAMER NAME".
 *
 * CHROMIUM is the browser's path, WATCH_SHOTS a directory for screenshots.
 */

import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';

import {ask, complaints, launch, open, until} from './browser.mjs';
import {done, is, note, ok} from './tap.mjs';

const [base, streamer, key, other, otherKey] = process.argv.slice(2);

const SHOTS = process.env.WATCH_SHOTS;
const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

const WRAP_MS = 65536;

/* how far apart two who follow may change, which is two frames, and how far a beacon may be from what was done */
const SAME_MS = 140;
const COUNT_MS = 500;

/* who has not loaded the next picture by its moment, on a busy machine, comes later */
const LATE_MS = 2000;

/* what is refused is told by the console as well: the code that is asked for */
const EXCUSE = /40[13].*(\/join|\/events|\/sources\/\w+|\/preview\.mp4)$|404.*(\/join|\.m3u8|\.mp4)$/;

const state = (page) => page.locator('#stage').getAttribute('data-state');
const button = (page, id) => page.locator(`button[data-source="${id}"]`);
const pressed = async (page, id) => await button(page, id).getAttribute('aria-pressed') === 'true';
const plays = (page, what) => until(`${what}: plays`, async () => await state(page) === 'playing');
const shot = (page, name) => SHOTS && page.screenshot({path: `${SHOTS}/show-${name}.png`});

async function api(method, path, body, token = key) {
    const response = await fetch(`${base}/show/session/${path}`, {
        method, headers: {Authorization: `Bearer ${token}`, ...(body && {'Content-Type': 'application/json'})},
        body: body && JSON.stringify(body),
    });
    const answer = await response.json();

    if (!response.ok) {
        throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    }

    return answer.data;
}

async function accessible(page, what) {
    const {violations} = await page.evaluate(`${AXE}; axe.run()`);

    is(violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html.slice(0, 120)).join(', ')}`).join('\n'), '',
       `${what}: axe finds nothing`);
}

/** Notes the clock in the picture of every frame of the main video, and which source it is. */
function watchThePage() {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', {willReadFrequently: true});

    canvas.width = 64;
    canvas.height = 4;
    globalThis.frames = [];

    const look = () => {
        const video = document.querySelector('video[data-role="main"]');
        const pressedOne = document.querySelector('button[data-source][aria-pressed="true"]');

        requestAnimationFrame(look);

        if (!video || video.videoWidth === 0 || globalThis.frames === null) {
            return;
        }

        context.drawImage(video, 0, 8, video.videoWidth, 16, 0, 0, 64, 4);

        const {data} = context.getImageData(0, 0, 64, 4);
        let clock = 0;

        for (let box = 0; box < 16; box++) {
            clock |= data[(2 * 64 + box * 4 + 2) * 4 + 1] > 127 ? 1 << box : 0;
        }

        globalThis.frames.push({clock, id: pressedOne?.dataset.source, element: video.id});
    };

    requestAnimationFrame(look);
}

/** The clock in the first frame of the picture after its last change. */
function changedAt(frames) {
    const at = frames.findLastIndex(({element}, i) => i > 0 && element !== frames[i - 1].element);

    return at === -1 ? null : frames[at].clock;
}

function apart(one, another) {
    return Math.abs(((one - another) % WRAP_MS + WRAP_MS * 1.5) % WRAP_MS - WRAP_MS / 2);
}

async function openPage(browser, path, more = {}) {
    const beacons = [];
    const page = await open(browser, base + path, {
        excuse: EXCUSE, ...more,
        prepare: async (fresh) => {
            await fresh.addInitScript(watchThePage);
            fresh.on('request', (request) => {
                if (request.url().endsWith('/beacon')) {
                    beacons.push(JSON.parse(request.postData()));
                }
            });
        },
    });

    return {page, beacons};
}

/** Leaves as a viewer does, not as a browser that ends. */
async function leave(page) {
    await page.goto('about:blank');
    await page.context().close();
}

async function testJoining(page) {
    await plays(page, 'joined');

    const {viewers} = await api('GET', `${streamer}/status`);

    is(viewers.peak >= 1 || viewers.now >= 0, true, 'the session knows viewers');

    const names = await page.evaluate(() => performance.getEntriesByType('resource').map(({name}) => name));

    ok(!names.some((name) => /\/sources\/.*\/events$/.test(name)), 'the list is that of the session');
    await until('the price is shown', async () =>
        /^0\.03 EUR per minute · 0\.\d+ EUR so far$/.test(await page.locator('#price').innerText()), 25000);
    await until('what is not played has a small picture', () => page.locator('.source-picture').evaluateAll((all) =>
        all.filter((canvas) => !canvas.hidden && canvas.width > 100).length === 2), 20000);
    await accessible(page, 'single');
    await shot(page, 'single');
}

async function testFollowing(pages) {
    for (const {page} of pages) {
        await page.evaluate(() => document.activeElement.blur());
    }

    const [one, two, alone] = pages.map(({page}) => page);
    const shown = await Promise.all(['Main_Screen', 'Face_Cam', 'Desk_Cam'].map((id) => pressed(alone, id)));
    const stays = ['Main_Screen', 'Face_Cam', 'Desk_Cam'][shown.indexOf(true)];

    const differences = [];

    await one.keyboard.press('o');
    await two.locator('#follow').click();
    is(await two.locator('#follow').getAttribute('aria-pressed'), 'true', 'following is switched on');

    for (const id of ['Face_Cam', 'Desk_Cam']) {
        if (await pressed(one, id)) {
            await api('PUT', `${streamer}/director`, {mode: 'manual', source: 'Main_Screen'});
            await until('another one first', async () =>
                await pressed(one, 'Main_Screen') && await pressed(two, 'Main_Screen'));
        }

        await Promise.all([one, two].map((page) => page.evaluate(() => { globalThis.frames = []; })));

        const {at} = await api('PUT', `${streamer}/director`, {mode: 'manual', source: id});

        await until(`who follows gets ${id}`, async () => await pressed(one, id) && await pressed(two, id), 12000);
        await sleep(300);

        const clocks = await Promise.all([one, two].map((page) => page.evaluate(() => globalThis.frames)));
        const [first, second] = clocks.map(changedAt);

        note(`${id}: on air at ${at}, ${first} and ${second} by the pictures`);
        differences.push(first === null || second === null ? Infinity : apart(first, second));
    }

    ok(Math.min(...differences) <= SAME_MS, 'at the same moment');
    ok(Math.max(...differences) <= LATE_MS, 'or as soon as the machine has it');

    ok(await pressed(alone, stays), 'who does not follow is left alone');
    await one.keyboard.press('1');
    await until('who chooses does not follow any more',
                async () => await one.locator('#follow').getAttribute('aria-pressed') === 'false', 5000);

    await api('PUT', `${streamer}/director`, {mode: 'off'});
}

async function testPreferences(page) {
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('p');
    await until('an inset picture', () => page.locator('video[data-role="inset"]').isVisible());
    await page.locator('#inset').focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('+');
    await sleep(1000);

    const answer = await page.evaluate(async (name) =>
        (await fetch(`/show/session/${name}/preferences`)).json(), streamer);

    is(`${answer.data?.layout} ${answer.data?.pip?.corner} ${answer.data?.pip?.size}`, 'pip top-right 27',
       'the server knows the preferences');
    await accessible(page, 'inset');
    await page.keyboard.press('p');
}

/** What was done is what is counted. */
async function testCounting(browser) {
    const before = await api('GET', `${streamer}/analytics`);
    const {page, beacons} = await openPage(browser, `/watch/${streamer}/Main_Screen`);

    await plays(page, 'counted');

    /* by the clock of the page, as frames are shown */
    const run = (id, ms) => page.evaluate(async ([wanted, time]) => {
        const pick = () => document.querySelector(`button[data-source="${wanted}"]`);

        pick().click();

        while (pick().getAttribute('aria-pressed') !== 'true') {
            await new Promise((resolve) => { setTimeout(resolve, 20); });
        }

        const at = performance.now();

        await new Promise((resolve) => { setTimeout(resolve, time); });

        return {at, end: performance.now()};
    }, [id, ms]);

    await run('Main_Screen', 3000);

    const face = await run('Face_Cam', 4000);
    const main = await run('Main_Screen', 2000);

    await until('a change is told within a second', () => beacons.some(({switches}) =>
        switches.some(([from, to]) => from === 'Face_Cam' && to === 'Main_Screen')), 1000);
    is((await api('GET', `${streamer}/status`)).viewers.now, 1, 'one viewer is there');
    await leave(page);
    await until('and leaves at once', async () => (await api('GET', `${streamer}/status`)).viewers.now === 0, 3000);

    const total = (id) => beacons.reduce((sum, {watched}) => sum + (watched[id] ?? 0), 0);

    note(`Face_Cam: ${Math.round(face.end - face.at)} to ${Math.round(main.at - face.at)} ms, `
         + `told ${total('Face_Cam')} ms`);
    ok(total('Face_Cam') > face.end - face.at - COUNT_MS && total('Face_Cam') < main.at - face.at + COUNT_MS,
       'what was watched is what is told');
    is(beacons.flatMap(({switches}) => switches).map((pair) => pair.join('>')).join(),
       'Main_Screen>Face_Cam,Face_Cam>Main_Screen',
       'so are the changes');
    ok(beacons.filter(({join_ms: ms}) => ms > 0).length === 1, 'and once how long the first picture took');

    const figures = ({sources, switches, viewers}) => ({
        watched: sources.Face_Cam.watch_ms,
        views: sources.Face_Cam.views,
        changes: switches.find(({from, to}) => from === 'Face_Cam' && to === 'Main_Screen')?.count ?? 0,
        distinct: viewers.distinct,
    });
    const was = figures(before);
    const now = figures(await api('GET', `${streamer}/analytics`));

    note(`analytics: ${JSON.stringify([was, now])}`);
    is(now.changes - was.changes, 1, 'the analytics have the change');
    is(now.distinct - was.distinct, 1, 'the viewer');
    is(now.views - was.views, 1, 'that the source was watched once');
    ok(Math.abs(now.watched - was.watched - total('Face_Cam')) < COUNT_MS, 'and for how long');
}

async function testOff(page) {
    const asked = [];

    page.on('request', (request) => asked.push(request.url()));
    await page.keyboard.press('g');
    await until('a grid of all', async () => await page.locator('.tile').count() === 3);
    await until('all of them play', () => page.locator('video').evaluateAll((all) =>
        all.filter(({videoWidth, currentTime}) => videoWidth > 0 && currentTime > 0).length === 3), 20000);
    await sleep(1000);
    await accessible(page, 'grid');
    await shot(page, 'grid');

    const names = await page.evaluate(() => performance.getEntriesByType('resource').map(({name}) => name));

    ok(names.length > 0, 'it plays by one host');
    await page.locator('.source-row:has([data-source="Desk_Cam"]) [role="switch"]').uncheck();
    await until('what is off leaves it', async () => await page.locator('.tile').count() === 2);
    await sleep(800);
    asked.length = 0;
    await sleep(2500);
    is(asked.filter((url) => /Desk_Cam\/(?!preview)/.test(url)).join(' '), '', 'and is not loaded');

    const answer = await page.evaluate(async (name) =>
        (await fetch(`/show/session/${name}/preferences`)).json(), streamer);

    is(answer.data?.enabled_streams.sort().join(' '), 'Face_Cam Main_Screen', 'the server knows');
    await button(page, 'Desk_Cam').click();
    await until('to choose it turns it on', async () =>
        await pressed(page, 'Desk_Cam') && await state(page) === 'playing', 15000);
    await page.keyboard.press('g');
}

/** A show ends, and the next one begins, on a page that stays open. */
async function testNextShow(browser) {
    const {page, beacons} = await openPage(browser, `/watch/${streamer}`);
    const sessionOf = () => api('GET', `${streamer}/status`).then(({id}) => id);
    const told = [];

    page.on('request', (request) => request.url().endsWith('/beacon') && told.push(request.url()));
    await plays(page, 'the first show');

    const first = await sessionOf();

    await api('POST', `${streamer}/stop`, {});
    await until('it is over', async () => ['offline', 'gone'].includes(await state(page)), 10000);
    await sleep(500);
    await ask(`publish ${streamer} Face_Cam`);
    await ask(`publish ${streamer} Main_Screen`);
    await until('the next one begins by itself', async () => await state(page) === 'playing', 20000);

    const second = await sessionOf();

    ok(second !== first, 'which is another session');
    beacons.length = 0;
    told.length = 0;
    await until('and counts', () => told.some((url) => url.includes(second)), 12000);
    ok(beacons.some(({watched}) => Object.keys(watched).length > 0), 'what is watched');
    await leave(page);
}

async function testPrivate(browser) {
    const {join_code: code} = await api('POST', 'start', {title: 'Friends', public: false}, otherKey);

    await ask(`publish ${other} Main_Screen`);

    const {page} = await openPage(browser, `/watch/${other}`);

    await until('a private show asks for a code', async () => await state(page) === 'code');
    ok(await page.locator('#code').isVisible(), 'there is a form for it');
    await accessible(page, 'private');
    await shot(page, 'private');
    await page.locator('#code').fill('0'.repeat(8));
    await page.keyboard.press('Enter');
    await until('a wrong one is said to be', async () =>
        /not the code/.test(await page.locator('#join-error').innerText()));
    await page.locator('#code').fill(code);
    await page.keyboard.press('Enter');
    await plays(page, 'the right one');
    await page.reload();
    await plays(page, 'whoever is in stays in');
    await leave(page);

    const {page: invited} = await openPage(browser, `/watch/${other}#join=${code}`);

    await plays(invited, 'an invitation');
    is(new URL(invited.url()).hash, '', 'which is not to be seen');
    await invited.context().close();
    await api('POST', `${other}/stop`, {}, otherKey);
}

/** Runs in the page: what begins there, and has not ended. */
function countWhatRuns() {
    const {setInterval: begin, clearInterval: end, EventSource: Stream} = window;
    const intervals = new Set();
    const streams = new Set();

    window.running = {intervals, streams};
    window.setInterval = (...parameters) => {
        const id = begin(...parameters);

        intervals.add(id);

        return id;
    };
    window.clearInterval = (id) => {
        intervals.delete(id);
        end(id);
    };
    window.EventSource = class extends Stream {
        constructor(...parameters) {
            super(...parameters);
            streams.add(this);
        }

        close() {
            streams.delete(this);
            super.close();
        }
    };
}

async function testElsewhere(browser) {
    const site = base.replace('127.0.0.1', 'localhost');
    const context = await browser.newContext();
    const page = await context.newPage();

    page.on('pageerror', (error) => complaints.push(`elsewhere: ${error}`));
    await page.addInitScript(countWhatRuns);
    await page.goto(`${site}/index.html`);
    await plays(page, 'on another site');
    is(await page.locator('video[data-role="inset"]').isVisible(), true, 'in the layout that it wants');
    ok(await pressed(page, 'Face_Cam'), 'the source that it wants');
    is(new URL(page.url()).href, `${site}/index.html`, 'whose address is left alone');
    is(await page.evaluate(() => getComputedStyle(document.querySelector('live-viewer').shadowRoot
        .querySelector('.stage')).backgroundColor), 'rgb(11, 13, 17)', 'with our looks');
    await until('the session counts him', async () => /\d/.test(await page.locator('#audience').innerText()), 8000);
    await accessible(page, 'on another site');
    await page.evaluate(async () => {
        const viewer = document.querySelector('live-viewer');
        const place = viewer.parentNode;

        for (const ms of [0, 30, 300, 900]) {
            viewer.remove();
            place.append(viewer);
            await new Promise((resolve) => setTimeout(resolve, ms));
        }

        viewer.remove();
    });

    const asked = [];

    page.on('request', (request) => asked.push(request.url()));
    await sleep(2000);
    is(asked.filter((url) => !url.endsWith('/beacon')).join(' '), '', 'nothing is left of it when it is taken away');
    is(await page.evaluate(() => `${window.running.intervals.size} ${window.running.streams.size}`), '0 0',
       'no timer and no event stream, however often it came and went');
    await context.close();
}

const browser = await launch('--disable-features=LocalNetworkAccessChecks');

try {
    const pages = [];

    for (const path of ['', '', '/Main_Screen']) {
        pages.push(await openPage(browser, `/watch/${streamer}${path}`));
        await plays(pages.at(-1).page, 'a viewer');
    }

    await testJoining(pages[0].page);
    await testFollowing(pages);

    for (const {page} of pages.splice(1)) {
        await leave(page);
    }

    await testPreferences(pages[0].page);
    await testOff(pages[0].page);
    await leave(pages[0].page);
    await testCounting(browser);
    await testNextShow(browser);
    await testPrivate(browser);
    await testElsewhere(browser);

    is(complaints.join('\n'), '', 'no console errors, no CSP violations, nothing foreign');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
