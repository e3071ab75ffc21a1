/*
 * A show from its beginning to its end, all of it in one Chromium: the studio sends two cameras and a screen, three
 * viewers with pages of their own watch in different ways, and what the server has counted is compared with what was
 * done here and with what the pages' pictures really did.  Prints TAP.
 *
 *     STUDIO_KEY=KEY node show_end_to_end.mjs https://127.0.0.1:8443 streamer
 *
 * KEY is a stream key of the streamer, who is not live and has a price of PRICE.  CHROMIUM is the browser's path;
 * EXTENDED=1 makes the show five minutes long; SHOTS is a directory for screenshots.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {complaints, launch, open, until} from './browser.mjs';
import {Ledger, played, record} from './show_ledger.mjs';
import {done, is, note, ok} from './tap.mjs';

const BASE = process.argv[2].replace(/\/$/, '');
const STREAMER = process.argv[3];
const {STUDIO_KEY: KEY, SHOTS, EXTENDED} = process.env;

const FLAGS = ['--use-fake-device-for-media-stream=device-count=3', '--use-fake-ui-for-media-stream',
               '--allow-loopback-in-peer-connection'];

/* the second one of the browser's fake cameras gives pictures that nothing encodes */
const SECOND_CAMERA = 'fake_device_2';

const TITLE = 'The whole <show>';

const [SCREEN, FACE, OTHER] = ['Main_Screen', 'Face_Cam', 'Face_Cam_2'];
const LABELS = {[SCREEN]: 'Main Screen', [FACE]: 'Face Cam', [OTHER]: 'Face Cam 2'};
const TYPES = {[SCREEN]: 'screen', [FACE]: 'camera', [OTHER]: 'camera'};

/* a minute, and what two or more together cost less */
const PRICE = {base: 0.06, [SCREEN]: 0.6, [FACE]: 0.3, [OTHER]: 0.3, bundle: 0.9};

const ROUNDS = EXTENDED === '1' ? 5 : 1;

const LIVE_MS = 30000;
const TELL_MS = 10000;
const SIZES = {phone: {width: 390, height: 844}, desktop: {width: 1280, height: 800}};

/* what the figures may differ from what the pictures did, for each viewer: a look now and then, and a beacon's way */
const OFF_MS = 1500;
const OFF = 0.03;

/* from the moment that is given for a switch to the switch, beyond what the picture is behind */
const MOMENT_MS = EXTENDED === '1' ? 700 : 2500;       /* a busy machine loads the next picture late */

/* the figures of a page are written anew */
const FIGURES_MS = 600;

const JOIN_OFF_MS = 500;

/* a picture that stands still for less is no stall */
const STALL_MS = 500;

/* whoever looks at a source in the moment in which it stops learns so from the server */
const EXCUSE = /404.*\/preview\.mp4$/;

const ledger = new Ledger();

const pause = (seconds) => sleep(seconds * 1000);
const sum = (list) => list.reduce((all, one) => all + one, 0);
const allowed = (ms) => Math.max(OFF_MS, OFF * ms);
const button = (page, name) => page.getByRole('button', {name, exact: true});
const card = (page, name) => page.getByRole('listitem', {name: LABELS[name], exact: true});
const state = (page, name) => card(page, name).getAttribute('data-state');
const text = (page, id) => page.locator(`#${id}`).innerText();

function near(got, expected, off, what) {
    if (!ok(Math.abs(got - expected) <= off, what)) {
        note(`     got: ${got}\nexpected: ${expected}, ${off} more or less`);
    }
}

/** Each state of a page, as a telephone and as a desktop shows it. */
async function shoot(page, name) {
    if (!SHOTS) {
        return;
    }

    const before = page.viewportSize();

    for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        await sleep(400);
        await page.screenshot({path: `${SHOTS}/${name}-${size}.png`, fullPage: true});
    }

    await page.setViewportSize(before);
}

async function ask(path) {
    const response = await fetch(`${BASE}${path}`, {headers: {Authorization: `Bearer ${KEY}`}});

    if (!response.ok) {
        throw new Error(`${path}: HTTP ${response.status}`);
    }

    return response.json();
}

const session = async (what) => (await ask(`/show/session/${STREAMER}/${what}`)).data;

/** The same show in the status of the server. */
async function inStatus(id) {
    return (await ask('/status')).sessions.find((one) => one.session === id) ?? null;
}

/** Small pictures: it is not the encoder that is tested. */
function makeSmall() {
    for (const name of ['getUserMedia', 'getDisplayMedia']) {
        const capture = MediaDevices.prototype[name];

        MediaDevices.prototype[name] = function (constraints) {
            if (constraints.video) {
                Object.assign(constraints.video, {width: {ideal: 320}, height: {ideal: 180},
                                                  frameRate: {ideal: 15, max: 15}});
            }

            return capture.call(this, constraints);
        };
    }
}

/** One who watches, by a page in a context of its own. */
class Viewer {
    #name;
    #page;
    #last = null;

    /** Of beacons: {at, body}, when they were sent in ms since 1970. */
    beacons = [];
    id = null;

    constructor(name) {
        this.#name = name;
    }

    static async come(browser, name, path) {
        const viewer = new Viewer(name);

        viewer.#page = await open(browser, `${BASE}/watch/${STREAMER}${path}`, {
            context: {ignoreHTTPSErrors: true}, excuse: EXCUSE,
            prepare: async (page) => {
                await page.addInitScript(record);
                page.on('request', (request) => viewer.#sent(request));
                page.on('response', (response) => viewer.#answered(response));
            },
        });

        await until(`${name}: plays`, async () => await viewer.stage === 'playing', LIVE_MS);

        return viewer;
    }

    get name() {
        return this.#name;
    }

    get page() {
        return this.#page;
    }

    /** @returns {Promise<object>} of show_ledger.mjs, until he left */
    get recording() {
        return this.#last ?? this.#page.evaluate('recording');
    }

    get stage() {
        return this.#page.locator('#stage').getAttribute('data-state');
    }

    /** @returns {Promise<string[]>} the sources whose pictures go on */
    async moving() {
        return (await this.recording).stretches.at(-1).names.split(' ');
    }

    /** Waits until exactly these sources are to be seen, and no others. */
    async sees(what, ...names) {
        const wanted = names.sort().join();

        await until(`${this.#name}: ${what}`, async () => (await this.moving()).sort().join() === wanted, LIVE_MS);
        ledger.watch(this.#name, ...names);
    }

    /** Waits until his picture is this source, after another one. */
    async hasPicture(from, to) {
        await until(`${this.#name}: ${LABELS[to]}`, async () => (await this.recording).changes.at(-1)?.to === to,
                    LIVE_MS);
        ledger.change(from, to);
    }

    async press(key) {
        await this.#page.evaluate(() => document.activeElement.blur());
        await this.#page.keyboard.press(key);
    }

    /** By hand. */
    async choose(from, to, ...others) {
        await this.#page.locator(`button[data-source="${to}"]`).click();
        await this.hasPicture(from, to);
        ledger.watch(this.#name, to, ...others);
    }

    /** As a viewer does, not as a browser that ends. */
    async leave() {
        this.#last = await this.recording;
        await this.#page.goto('about:blank');
        await this.#page.context().close();
        ledger.watch(this.#name);
    }

    #sent(request) {
        if (request.url().endsWith('/beacon')) {
            this.beacons.push({at: Date.now(), body: JSON.parse(request.postData())});
        }
    }

    async #answered(response) {
        if (response.url().endsWith('/join') && response.ok()) {
            this.id = (await response.json()).data.viewer_id;

        } else if (response.url().endsWith('/beacon') && response.status() !== 204) {
            complaints.push(`${this.#name}: a beacon is answered with ${response.status()}`);
        }
    }
}

/* the studio */

async function openStudio(browser) {
    const page = await open(browser, `${BASE}/studio/`, {
        context: {ignoreHTTPSErrors: true, permissions: ['camera', 'microphone']},
        prepare: (fresh) => fresh.addInitScript(makeSmall),
    });

    is(await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol), 'h2',
       'the pages come by HTTP/2');
    await shoot(page, 'studio-empty');

    await button(page, 'Add screen').click();
    await card(page, SCREEN).waitFor();
    await button(page, 'Add camera').click();
    await card(page, FACE).waitFor();
    await page.locator('#camera').selectOption({label: SECOND_CAMERA});
    await button(page, 'Add camera').click();
    await card(page, OTHER).waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('#sources video')]
        .every(({videoWidth}) => videoWidth > 0));
    await shoot(page, 'studio-sources');

    await page.locator('#title').fill(TITLE);
    await page.locator('#key').fill(KEY);
    await button(page, 'Go live with all').click();

    for (const name of Object.keys(LABELS)) {
        await until(`the studio sends ${LABELS[name]}`, async () => await state(page, name) === 'live', LIVE_MS);
    }

    await until('the show is live', async () => {
        const {title, status, streams} = await session('status');

        return title === TITLE && status === 'live' && streams.filter((one) => one.status === 'live').length === 3;
    });
    await until('each picture is sent, and small', async () => {
        const figures = await page.locator('[data-part="figures"]').allInnerTexts();

        return figures.filter((one) => /\d×180 · [1-9]/.test(one)).length === 3;
    });

    return page;
}

/** The streamer puts a source on air, and who follows sees it from the moment on that is given. */
async function putOnAir(studio, follower, from, to, ...others) {
    await button(studio, `On air: ${LABELS[to]}`).click();
    await until(`${LABELS[to]} is put on air`, async () => (await session('director')).source === to);

    const {mode, at} = await session('director');

    is(mode, 'manual', 'by the streamer');
    await follower.hasPicture(from, to);

    const change = (await follower.recording).changes.at(-1);

    await sleep(FIGURES_MS);

    const behind = parseFloat(await follower.page.locator('#figures dd').first().innerText()) * 1000;

    near(change.at - at - behind, 0, MOMENT_MS, 'at the moment that it was put there');
    note(`on air from ${at}, seen ${Math.round(change.at - at)} ms later by one who is ${behind} ms behind`);
    ledger.watch(follower.name, to, ...others);
}

async function stopAndStart(studio, name, meanwhile) {
    await button(studio, `Stop: ${LABELS[name]}`).click();
    await until('a source is stopped', async () => await state(studio, name) === 'stopped');
    await until('the show knows', async () =>
        (await session('status')).streams.find((one) => one.name === name).status !== 'live');
    await meanwhile();
    await button(studio, `Go live: ${LABELS[name]}`).click();
    await until('and started again', async () => await state(studio, name) === 'live', LIVE_MS);
}

/** As "3 min 20 s". */
function duration(ms) {
    const seconds = Math.round(ms / 1000);

    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** The analytics panel says what the analytics do. */
async function testPanel(studio, what) {
    const shown = () => studio.evaluate(() => ({
        summary: Object.fromEntries([...document.querySelectorAll('#analytics-summary > div')]
            .map(({children: [term, figure]}) => [term.textContent, figure.textContent])),
        sources: [...document.querySelectorAll('#analytics-sources tr')]
            .map(({cells}) => [...cells].map(({textContent}) => textContent).join('|')),
        switches: (() => {
            const [, ...to] = [...document.querySelectorAll('#switches-to > *')].map(({textContent}) => textContent);

            return [...document.querySelectorAll('#switches-from tr')].flatMap(({cells: [from, ...counts]}) =>
                counts.map(({textContent}, i) => `${from.textContent} ${to[i]} ${textContent}`))
                .filter((one) => !one.endsWith('–')).sort();
        })(),
    }));
    const expected = ({viewers, watch_ms: watched, avg_duration_ms: average, join, stalls, revenue, ...more}) => ({
        summary: {
            'Viewers now': String(viewers.now), 'At peak': String(viewers.peak), 'In all': String(viewers.distinct),
            Watched: duration(watched), 'Each, on average': duration(average),
            'First picture after': `${join.avg_ms} ms on average, ${join.p50_ms} ms for half, `
                                   + `${join.p95_ms} ms for 95 %`,
            Interruptions: stalls.count === 0 ? 'none' : `${stalls.count}, ${duration(stalls.ms)} together`,
            Revenue: `€${Number(revenue.amount) < 1 ? Number(revenue.amount) : Number(revenue.amount).toFixed(2)}`,
        },
        sources: Object.entries(more.sources).sort(([, one], [, other]) => other.watch_ms - one.watch_ms)
            .map(([, one]) => [one.label, `${Math.round(one.share * 100)} %`, one.viewers, one.peak,
                               duration(one.watch_ms), duration(one.avg_duration_ms)].join('|')),
        switches: more.switches.map(({from, to, count}) => `${LABELS[from]} ${LABELS[to]} ${count}`).sort(),
    });

    let got = null;
    let wanted = null;
    const same = async () => {
        wanted = JSON.stringify(expected(await session('analytics')));
        got = JSON.stringify(await shown());

        return got === wanted;
    };

    if (!await until(`${what}: the panel of the studio says the same`, same, 2 * TELL_MS)) {
        note(`     got: ${got}\nexpected: ${wanted}`);
    }
}

/* the show */

async function begin(browser, studio) {
    await button(studio, `On air: ${LABELS[SCREEN]}`).click();
    await until('the screen is on air', async () => (await session('director')).source === SCREEN);

    const solo = await Viewer.come(browser, 'solo', `/${SCREEN}`);

    await solo.sees('the screen', SCREEN);
    await shoot(solo.page, 'watch-single');

    const pip = await Viewer.come(browser, 'pip', `/${SCREEN}`);

    await pip.sees('the screen', SCREEN);
    await pip.press('p');

    const inset = await pip.page.locator('#inset-source').inputValue();

    await pip.sees('an inset picture', SCREEN, inset);

    if (inset !== OTHER) {
        await pause(1);                     /* a glance is no view */
        await pip.page.locator('#inset-source').selectOption(OTHER);
        await pip.sees('the inset that he wants', SCREEN, OTHER);
    }

    await shoot(pip.page, 'watch-pip');

    const follower = await Viewer.come(browser, 'follower', `/${SCREEN}`);

    await follower.sees('the screen', SCREEN);
    await follower.press('o');
    is(await follower.page.locator('#follow').getAttribute('aria-pressed'), 'true', 'the third one follows');
    await shoot(follower.page, 'watch-follow');
    await follower.press('s');

    await studio.locator('#analytics summary').click();
    await until('all are counted, at their sources', async () => {
        const {viewers, streams} = await session('status');

        return viewers.now === 3 && streams.every((one) => one.viewers === ledger.viewersOf(one.name));
    }, 2 * TELL_MS);
    await until('the studio says so', async () => await text(studio, 'viewers') === '3 viewers, 3 at peak', 5000);
    await until('so does the page', async () => await text(solo.page, 'audience') === '3 watching', 5000);
    await shoot(studio, 'studio-live');

    return {solo, pip, follower};
}

/** A minute, after which all is as it was before; but that in the last one somebody leaves. */
async function round(studio, {solo, pip, follower}, isLast, number) {
    const began = Date.now();
    const exchange = async (from, to) => {
        await pip.page.locator('#inset').click();
        await pip.hasPicture(from, to);
        ledger.watch('pip', from, to);
    };

    await pause(3);
    await solo.choose(SCREEN, FACE);
    await pause(4);
    await putOnAir(studio, follower, SCREEN, FACE);
    await pause(2);
    await solo.choose(FACE, OTHER);
    await pause(4);
    await exchange(SCREEN, OTHER);
    await pause(3);
    await solo.choose(OTHER, SCREEN);
    await pause(3);
    await exchange(OTHER, SCREEN);
    await pause(3);
    await putOnAir(studio, follower, FACE, SCREEN);
    await pause(3);

    await stopAndStart(studio, OTHER, async () => {
        await pip.sees('the inset stops', SCREEN);
        await pause(2);
        await solo.choose(SCREEN, FACE);
        await pause(4);
        await follower.press('g');
        await follower.sees('a grid of two', SCREEN, FACE);
        await pause(6);                     /* a beacon of everybody has said what goes on */
    });

    await pip.sees('the inset is there again', SCREEN, OTHER);
    await follower.sees('a grid of all', SCREEN, FACE, OTHER);
    await pause(3);

    if (number === 0) {
        await shoot(follower.page, 'watch-grid');
        await shoot(studio, 'studio-analytics');
    }

    await putOnAir(studio, follower, SCREEN, FACE, SCREEN, OTHER);
    await pause(2);
    await solo.choose(FACE, SCREEN);
    await pause(3);
    await putOnAir(studio, follower, FACE, SCREEN, FACE, OTHER);
    await pause(2);

    if (isLast) {
        await solo.leave();
        await until('one leaves, and is gone', async () => (await session('status')).viewers.now === 2, 3000);
    }

    await follower.press('g');
    await follower.sees('one source again', SCREEN);
    await pause(6);
    note(`a round took ${Date.now() - began} ms`);
}

/* the figures */

function cost(sets) {
    return sum(sets.map(([names, ms]) => ms / 60000 * (PRICE.base + sum(names.map((name) => PRICE[name])))
                                         * (names.length > 1 ? PRICE.bundle : 1)));
}

/** Beacons of a viewer until a moment, added up: to tell who is wrong. */
function told({beacons}) {
    const all = {};

    for (const {body: {watched}} of beacons) {
        Object.entries(watched).forEach(([name, ms]) => { all[name] = (all[name] ?? 0) + ms; });
    }

    return {watched_ms: sum(beacons.map(({body}) => body.watched_ms)), ...all};
}

/** What each beacon of a viewer says that he watched, and that he watches. */
function watching({beacons}) {
    return beacons.map(({at, body}) => `${at} ${JSON.stringify(body.watched)} ${body.watching}`).join('\n');
}

/**
 * @param {string} what
 * @param {Viewer[]} viewers
 * @param {object} analytics
 * @param {object} [moments] in ms since 1970
 * @param {number} [moments.told] of the last beacon of who is still there
 * @param {number} [moments.over] when the show was ended
 */
async function testFigures(what, viewers, analytics, {told: moment = Infinity, over = moment} = {}) {
    const recordings = await Promise.all(viewers.map(({recording}) => recording));
    const real = recordings.map((one) => played(one, moment));
    const usage = await session('usage');
    const off = sum(real.map(({any}) => allowed(any)));

    is(analytics.title, TITLE, `${what}: the title`);
    is(`${analytics.viewers.now} ${analytics.viewers.peak} ${analytics.viewers.distinct}`,
       `${ledger.now} ${ledger.peak} ${ledger.distinct}`, `${what}: viewers now, at peak, and in all`);
    is(analytics.switches.map(({from, to, count}) => `${from} ${to} ${count}`).sort().join(', '),
       ledger.switches.join(', '), `${what}: the switches`);
    is(recordings.flatMap(({changes}) => changes).filter(({from}) => from !== null).length,
       sum(ledger.switches.map((one) => Number(one.split(' ')[2]))), `${what}: as the pictures changed`);

    viewers.forEach((viewer, i) => {
        const {watch_ms: watched, sources} = usage.viewers.find((one) => one.viewer_id === viewer.id) ?? {};

        note(`${viewer.name}: watched ${JSON.stringify({watched, ...sources})}, told ${JSON.stringify(told(viewer))}, `
             + `really ${JSON.stringify(real[i])}`);
        near(watched, real[i].any, allowed(real[i].any), `${what}: how long ${viewer.name} watched`);

        for (const [name, ms] of Object.entries(real[i].sources)) {
            near(sources?.[name] ?? 0, ms, allowed(ms), `${what}: ${LABELS[name]} of it`);
        }
    });

    near(analytics.watch_ms, sum(real.map(({any}) => any)), off, `${what}: how long all watched`);
    near(analytics.avg_duration_ms, analytics.watch_ms / ledger.distinct, 1, `${what}: each of them`);

    const each = sum(Object.values(analytics.sources).map(({watch_ms: ms}) => ms));

    is(Object.keys(analytics.sources).sort().join(), Object.keys(LABELS).sort().join(), `${what}: the sources`);

    for (const [name, one] of Object.entries(analytics.sources)) {
        const ms = sum(real.map(({sources}) => sources[name] ?? 0));

        is(`${one.label} ${one.type}`, `${LABELS[name]} ${TYPES[name]}`, `${what}: ${name}`);

        if (!is(`${one.views} ${one.viewers} ${one.peak}`,
                `${ledger.viewsOf(name)} ${ledger.viewersOf(name)} ${ledger.peakOf(name)}`,
                `${what}: views of ${name}, viewers now and at peak`)) {
            viewers.forEach((viewer) => note(`${viewer.name}: ${watching(viewer)}`));
        }

        near(one.watch_ms, ms, off, `${what}: how long it was watched`);
        near(one.avg_duration_ms, one.watch_ms / one.views, 1, `${what}: each time`);
        near(one.share, one.watch_ms / each, 0.001, `${what}: its share`);
    }

    const firsts = recordings.map(({first}) => first);
    const {join, stalls, revenue} = analytics;

    note(`first pictures after ${firsts.map(Math.round)}, ${JSON.stringify(join)}, ${JSON.stringify(stalls)}`);
    is(join.count, viewers.length, `${what}: how many came`);
    near(join.avg_ms, sum(firsts) / firsts.length, JOIN_OFF_MS, `${what}: to a picture after so long`);
    ok(join.p50_ms > 0 && join.p50_ms <= join.p95_ms, `${what}: and not all the same`);

    const beacons = viewers.flatMap((one) => one.beacons.map(({body}) => body));

    is(`${stalls.count} ${stalls.ms}`,
       `${sum(beacons.map((one) => one.stalls ?? 0))} ${sum(beacons.map((one) => one.stalled_ms ?? 0))}`,
       `${what}: pictures that stood still`);

    const still = recordings.map((one) => one.still.map(({from, to}) => [Math.round(from), Math.min(to, over) - from])
        .filter(([, ms]) => ms > STALL_MS));

    still.forEach((list, i) => list.forEach(([from, ms]) => {
        note(`${viewers[i].name}: the picture stood still from ${from} on, for ${Math.round(ms)} ms`);
    }));
    near(stalls.ms, sum(still.flat().map(([, ms]) => ms)), OFF_MS * viewers.length, `${what}: as they did`);

    const owed = sum(real.map(({sets}) => cost(sets)));

    near(Number(revenue.amount), owed, owed * OFF * 2, `${what}: what they owe`);
    is(revenue.amount, usage.amount, `${what}: the sum of what each does`);
    is(revenue.currency, 'EUR', `${what}: in its currency`);
}

async function end(studio, {pip, follower}, viewers) {
    const {id} = await session('status');

    await pip.leave();
    await until('the second one leaves', async () => (await session('status')).viewers.now === 1, 3000);

    /* the last one stays, and his figures are those of his last beacon */

    const count = follower.beacons.length;

    await until('the third one tells', () => follower.beacons.length > count, TELL_MS + 2000);
    await sleep(300);

    const analytics = await session('analytics');

    is(analytics.status, 'live', 'the show is live');
    await testFigures('live', viewers, analytics, {told: follower.beacons.at(-1).at});
    await testPanel(studio, 'live');

    const status = await inStatus(id);
    const again = await session('analytics');

    is(JSON.stringify(status), JSON.stringify(again), 'the status of the server has the same figures');

    await button(studio, 'End the show').click();

    const over = Date.now();

    await button(studio, 'End it').click();
    await until('the show is over', async () => (await text(studio, 'show-state')).startsWith('The show is over'));
    await until('the page says so', async () => await follower.stage === 'offline', LIVE_MS);
    await shoot(follower.page, 'watch-offline');
    ledger.watch(follower.name);

    await until('what was watched to the end is told', async () => {
        const {any} = played(await follower.recording);
        const {viewers: all} = await session('usage');

        return Math.abs(all.find((one) => one.viewer_id === follower.id).watch_ms - any) < OFF_MS;
    }, TELL_MS + 2000);

    const last = await session('analytics');

    is(last.status, 'ended', 'the show has ended');
    await testFigures('ended', viewers, last, {over});
    await testPanel(studio, 'ended');
    await shoot(studio, 'studio-ended');
    await follower.leave();
    await sleep(1500);
    is(JSON.stringify(await session('analytics')), JSON.stringify(last), 'and nothing changes any more');
    is(JSON.stringify(await inStatus(id)), JSON.stringify(last), 'nor in the status of the server');
}

const browser = await launch(...FLAGS);

try {
    const studio = await openStudio(browser);
    const viewers = await begin(browser, studio);
    const began = Date.now();

    for (let number = 0; number < ROUNDS; number++) {
        await round(studio, viewers, number === ROUNDS - 1, number);
    }

    note(`${Math.round((Date.now() - began) / 1000)} s of show`);
    await end(studio, viewers, Object.values(viewers));
    is(complaints.join('\n'), '', 'no errors of pages, none in the console, no violation of the policy');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);
    note(complaints.join('\n'));

} finally {
    await browser.close();
}

done();
process.exit();
