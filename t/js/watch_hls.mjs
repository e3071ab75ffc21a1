/*
 * Drives the watch page in Chromium on low-latency HLS and prints TAP.
 *
 *     node watch_hls.mjs http://localhost:8080 streamer
 *
 * The streamer has to have the sources Main_Screen, Face_Cam and Desk_Cam with the wall clock in the picture: sixteen
 * boxes across its upper 32 lines are the bits of the milliseconds, the lowest on the left.  Whoever runs this kills
 * and starts publishers when asked: "# ask: kill NAME", "# ask: publish NAME".
 *
 * CHROMIUM is the browser's path.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {ask, complaints, launch, open, until} from './browser.mjs';
import {done, is, note, ok} from './tap.mjs';

const [base, streamer] = process.argv.slice(2);

const WRAP_MS = 65536;

/* what is promised is 1.2 s from camera to picture, and one frame between two pictures; machines of tests are slower */
const LATENCY_MS = 3000;
const SKEW_MS = 100;
const SILENCE_MS = 30;

const TRIES = 3;
const CONNECTIONS = 6;

/**
 * Looks at every frame of every video, listens to all of them, and counts requests, from within the page.  Sampling
 * begins and ends by `watcher.samples = []` and `watcher.take()`.
 */
function watchThePage() {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', {willReadFrequently: true});
    const watcher = {samples: null, requests: [], streams: 0};

    canvas.width = 64;
    canvas.height = 4;
    globalThis.watcher = watcher;

    /* null: no picture; -1: none with a clock in it, such as a black one */
    watcher.clock = (video) => {
        if (video.videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
            return null;
        }

        context.drawImage(video, 0, 8, video.videoWidth, 16, 0, 0, 64, 4);

        const {data} = context.getImageData(0, 0, 64, 4);
        let bits = 0;

        for (let box = 0; box < 16; box++) {
            const level = data[(2 * 64 + box * 4 + 2) * 4 + 1];

            if (level > 90 && level < 160) {
                return -1;
            }

            bits |= level > 127 ? 1 << box : 0;
        }

        return bits || -1;
    };

    const silence = ({analyser, wave}) => {
        let longest = 0;
        let run = 0;

        analyser.getFloatTimeDomainData(wave);

        for (const value of wave) {
            run = Math.abs(value) < 0.001 ? run + 1 : 0;
            longest = Math.max(longest, run);
        }

        return longest / analyser.context.sampleRate * 1000;
    };

    watcher.listen = () => {
        const audio = new AudioContext();
        const analyser = audio.createAnalyser();

        analyser.fftSize = 8192;
        analyser.connect(audio.destination);

        for (const video of document.querySelectorAll('video')) {
            audio.createMediaElementSource(video).connect(analyser);
        }

        watcher.sound = {analyser, wave: new Float32Array(analyser.fftSize)};
    };

    const look = () => {
        requestAnimationFrame(look);

        if (watcher.samples === null) {
            return;
        }

        const sample = {wall: Date.now(), silence: watcher.sound ? silence(watcher.sound) : 0};

        for (const video of document.querySelectorAll('video')) {
            sample[video.dataset.role] = {id: video.id, clock: watcher.clock(video)};
        }

        watcher.samples.push(sample);
    };

    requestAnimationFrame(look);

    watcher.take = () => {
        const {samples} = watcher;

        watcher.samples = null;

        return samples;
    };

    /* an event stream is a connection as well, and no entry of these before its end */

    new PerformanceObserver((list) => {
        for (const {name, fetchStart, requestStart, responseEnd} of list.getEntries()) {
            if (requestStart > 0 && !name.endsWith('/events')) {
                watcher.requests.push({name, from: fetchStart, to: responseEnd, waited: requestStart - fetchStart});
            }
        }
    }).observe({type: 'resource', buffered: true});

    performance.setResourceTimingBufferSize(10000);

    const Original = globalThis.EventSource;

    globalThis.EventSource = class extends Original {
        #open = {name: 'events', from: performance.now(), to: Infinity, waited: 0};

        constructor(...args) {
            super(...args);
            watcher.requests.push(this.#open);
        }

        close() {
            super.close();
            this.#open.to = Math.min(this.#open.to, performance.now());
        }
    };

    /* the most that were wanted at a time since a moment, and the longest that one of them waited for a connection */
    watcher.connections = (since) => {
        const requests = watcher.requests.filter(({to}) => to > since);
        const edges = requests.flatMap(({from, to}) => [[from, 1], [to, -1]])
            .sort(([a, up], [b, down]) => a - b || up - down);
        let now = 0;
        let most = 0;

        for (const [, change] of edges) {
            now += change;
            most = Math.max(most, now);
        }

        return {most, waited: Math.max(0, ...requests.map(({waited}) => waited))};
    };
}

const state = (page) => page.locator('#stage').getAttribute('data-state');
const button = (page, id) => page.locator(`button[data-source="${id}"]`);
const begin = (page) => page.evaluate(() => { globalThis.watcher.samples = []; });
const take = (page) => page.evaluate(() => globalThis.watcher.take());

function apart(one, other) {
    return ((one - other) % WRAP_MS + WRAP_MS * 1.5) % WRAP_MS - WRAP_MS / 2;
}

function median(values) {
    return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** The milliseconds from the drawn clock to its picture in the page, as the samples have them. */
function latencies(samples) {
    return samples.filter(({main}) => main?.clock > 0)
        .map(({wall, main}) => apart((wall - 1700000000000) % WRAP_MS, main.clock));
}

/** Is the picture there, and does its clock go on? */
async function moves(page, role = 'main') {
    const read = () => page.locator(`video[data-role="${role}"]`).evaluate((video) => globalThis.watcher.clock(video));
    const first = await read();

    await sleep(300);

    const second = await read();

    return first > 0 && second > 0 && apart(second, first) > 100;
}

async function figure(page, term) {
    const rows = await page.locator('#figures div').evaluateAll((all) => all.map((row) => [...row.children]
        .map((cell) => cell.textContent)));

    return rows.find(([name]) => name === term)?.[1] ?? '';
}

async function switchTo(page, id) {
    const began = Date.now();

    await button(page, id).click();
    await until(`${id} becomes the picture`,
                async () => await button(page, id).getAttribute('aria-pressed') === 'true', 15000);

    return Date.now() - began;
}

async function testPlaying(page, began) {
    await until('the page plays', async () => await state(page) === 'playing' && await moves(page));
    note(`from the page's address to its picture: ${Date.now() - began} ms`);

    await page.keyboard.press('s');
    await until('figures are shown on demand',
                async () => /^\d\.\d\d s by the clock/.test(await figure(page, 'Behind live')));
    is(await page.locator('#figures-toggle').getAttribute('aria-expanded'), 'true', 'and the button says so');
    is(await figure(page, 'Delivery'), 'low latency, in parts of segments', 'it is low latency');

    await sleep(3000);
    await begin(page);
    await sleep(1000);

    const latency = median(latencies(await take(page)));

    note(`from the drawn clock to the picture: ${latency} ms; by the page: ${await figure(page, 'Behind live')}`);
    ok(latency < LATENCY_MS, 'the picture is close to live');
}

/**
 * What is seen and heard of a switch, in milliseconds: the difference of the clocks in both pictures, and by how much
 * the clock jumps from the last frame of the old one to the first of the new one.
 */
function judge(samples) {
    const at = samples.findIndex(({main}, i) => i > 0 && main.id !== samples[i - 1].main.id);
    const both = samples.slice(0, at).filter(({main, next}) => main?.clock > 0 && next?.clock > 0).slice(-10);

    return {
        skew: median(both.map(({main, next}) => Math.abs(apart(next.clock, main.clock)))),
        jump: apart(samples[at].main.clock, samples[at - 1].main.clock) - (samples[at].wall - samples[at - 1].wall),
        black: samples.filter(({main}) => !(main?.clock > 0)).length,
        silence: Math.max(...samples.map(({silence}) => silence)),
    };
}

async function testSwitching(page) {
    const results = [];

    await page.evaluate(() => globalThis.watcher.listen());
    await page.keyboard.press('m');
    await sleep(1000);

    for (let i = 0; i < TRIES; i++) {
        const id = ['Face_Cam', 'Main_Screen'][i % 2];

        await begin(page);

        const took = await switchTo(page, id);

        await sleep(300);

        const result = {took, ...judge(await take(page))};

        note(`to ${id}: ${JSON.stringify(result)}`);
        results.push(result);
    }

    ok(results.some(({skew}) => skew <= SKEW_MS), 'a switch shows the same moment');
    ok(results.some(({jump}) => Math.abs(jump) <= SKEW_MS), 'from one frame to the next');
    is(results.reduce((sum, {black}) => sum + black, 0), 0, 'no frame is black');
    ok(results.some(({silence}) => silence <= SILENCE_MS), 'there is no silence');
    is(await page.locator('video').evaluateAll((all) => all.filter(({muted}) => !muted).length), 1,
       'one picture has sound');
    await page.keyboard.press('m');
}

async function testConnections(page) {
    await page.keyboard.press('p');
    await until('an inset picture plays', () => moves(page, 'inset'));

    const inset = await page.locator('#inset-label').innerText();
    const third = inset === 'Desk Cam' ? 'Main_Screen' : 'Desk_Cam';

    await until('at the moment of the picture', async () => {
        const [, ms] = /is (\d+) ms/.exec(await figure(page, 'Inset')) ?? [];

        return ms !== undefined && Number(ms) <= SKEW_MS;
    }, 15000);
    note(await figure(page, 'Inset'));

    /* media that takes its time is under way while the next playlist is waited for */

    await page.route('**/*.m4s', async (route) => {
        await sleep(80);
        await route.continue().catch(() => {});
    });

    const since = await page.evaluate(() => performance.now());

    await switchTo(page, third);
    await page.unroute('**/*.m4s');
    await sleep(500);

    const {most, waited} = await page.evaluate((moment) => globalThis.watcher.connections(moment), since);

    note(`${most} connections wanted at a time, the longest wait for one is ${Math.round(waited)} ms`);
    ok(most <= CONNECTIONS, 'a third source beside two takes no connection too many');
    ok(waited < 500, 'and waits for none');
    ok(await moves(page, 'inset'), 'the inset picture goes on');
    await until('the list of sources is listened to again', () => page.evaluate(() =>
        globalThis.watcher.requests.some(({name, to}) => name === 'events' && to === Infinity)), 5000);

    await page.keyboard.press('p');

    return third;
}

async function testRecovery(page, id) {
    const url = `**/hls/${streamer}/${id}/live.m3u8*`;
    const plays = async () => await state(page) === 'playing' && await moves(page);

    await ask(`kill ${id}`);
    await until('a publisher that is gone is noticed', async () => !await moves(page), 10000);
    await ask(`publish ${id}`);
    await until('its return is the picture again', plays, 20000);

    await ask(`kill ${id}`);
    await until('a source that has ended is said to', async () => await state(page) === 'gone', 10000);
    await until('and its playlist ends', () => page.evaluate(async (path) =>
        (await (await fetch(path)).text()).includes('#EXT-X-ENDLIST'), `/hls/${streamer}/${id}/live.m3u8`), 15000);
    await ask(`publish ${id}`);
    await until('it comes back', plays, 20000);

    await page.route(url, (route) => route.fulfill({status: 503, body: ''}));
    await until('a server that answers 503 stops the picture', async () => await state(page) === 'stalled', 10000);
    await page.unroute(url);
    await until('and no longer than that', plays, 20000);

    await begin(page);
    await sleep(500);

    const latency = median(latencies(await take(page)));

    note(`then from the drawn clock to the picture: ${latency} ms`);
    ok(latency < 2 * LATENCY_MS, 'close to live again');
}

/** What cannot be got ready does not take the picture away. */
async function testLate(page, shown) {
    const other = shown === 'Face_Cam' ? 'Main_Screen' : 'Face_Cam';
    const url = `**/hls/${streamer}/${other}/index.m3u8*`;

    await page.route(url, (route) => route.fulfill({status: 404, body: ''}));
    await button(page, other).click();
    await until('a source that does not come is waited for',
                async () => await button(page, other).getAttribute('aria-busy') === 'true', 2000);
    await until('and then given up', async () => /did not come in time\. .+ goes on\.$/
        .test(await page.locator('#notice').innerText()), 15000);
    is(await button(page, shown).getAttribute('aria-pressed'), 'true', 'the old one stays');
    await until('and moves', () => moves(page), 3000);
    is(new URL(page.url()).pathname, `/watch/${streamer}/${shown}`, 'the address says so');
    await page.unroute(url);

    await page.route(url, (route) => route.fulfill({
        contentType: 'application/vnd.apple.mpegurl',
        body: '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS="hvc1.1.6.L93.B0"\nlive.m3u8\n',
    }));
    await button(page, other).click();
    await until('a format that the browser does not play is said to be one', async () =>
        /cannot be played here\. .+ goes on\.$/.test(await page.locator('#notice').innerText()), 5000);
    await page.unroute(url);
}

const browser = await launch();

try {
    const began = Date.now();
    const page = await open(browser, `${base}/watch/${streamer}/Main_Screen`, {
        prepare: (fresh) => fresh.addInitScript(watchThePage),
        excuse: /(404|503|ERR_\w+).*(\/hls\/\S+|\/join)$/,
    });

    await page.evaluate(() => { globalThis.sameDocument = true; });
    await testPlaying(page, began);
    await testSwitching(page);

    const shown = await testConnections(page);

    await testLate(page, shown);
    await testRecovery(page, shown);

    ok(await page.evaluate(() => globalThis.sameDocument === true), 'all without a reload');
    is(complaints.join('\n'), '', 'no console errors, no CSP violations, nothing foreign');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
