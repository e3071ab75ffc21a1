/*
 * The simulcast console in Chromium, against a server with the API.  Prints TAP.
 *
 *     SIMULCAST_TOKEN=TOKEN SIMULCAST_OTHER=TOKEN node simulcast_page.mjs http://localhost:8080 streamer \
 *         rtmp://127.0.0.1:1935/sink
 *
 * The first token is the streamer's, who has no destinations and is not live, the second one of somebody else; the
 * last argument is where a stream can be pushed to, with any key.  With SIMULCAST_ACCOUNTS=1 there are YouTube and
 * Facebook, too, whose user agrees without being asked, and who has pages at Facebook.
 *
 * Whoever runs this answers lines "# ask: ..." on stdout with a line on stdin when it is done: "publish" and
 * "unpublish" the streamer's source, "redis stop" and "redis start".
 *
 * CHROMIUM is the browser's path, SIMULCAST_SHOTS a directory for screenshots.
 */

import {ask, complaints, fitsThePhone, launch, open, until} from './browser.mjs';
import {done, is, note, ok} from './tap.mjs';

const BASE = process.argv[2].replace(/\/$/, '');
const STREAMER = process.argv[3];
const SINK = process.argv[4];
const {SIMULCAST_TOKEN: TOKEN, SIMULCAST_OTHER: OTHER, SIMULCAST_ACCOUNTS: ACCOUNTS,
       SIMULCAST_SHOTS: SHOTS} = process.env;

const DEAD = 'rtmp://127.0.0.1:9/live';
const KEY = 'k-page-3f60d1';

/* Chromium reports each answer of 400 and more, and each request that fails */
const HTTP_REPORT = /Failed to load resource/;

const LIVE_MS = 40000;

const shot = (page, name) => SHOTS && page.screenshot({path: `${SHOTS}/${name}.png`, fullPage: true});
const card = (page, name) => page.getByRole('listitem', {name, exact: true});
const state = (page, name) => card(page, name).getAttribute('data-state');
const part = (page, name, what) => card(page, name).locator(`[data-part="${what}"]`);
const button = (page, name) => page.getByRole('button', {name, exact: true});
const text = (page, id) => page.locator(`#${id}`).innerText();
const press = (page, what, name) => part(page, name, what).click();

/** Bodies that were sent to the API, as "METHOD path body". */
const requests = [];

/** Secrets may be in a header or a body, and nowhere else. */
function watch(page) {
    page.on('request', (request) => {
        const url = request.url();

        for (const secret of [TOKEN, OTHER, KEY]) {
            if (url.includes(secret)) {
                complaints.push(`a secret is in ${url}`);
            }
        }

        if (/[?&]code=/.test(url) && !url.startsWith(`${BASE}/simulcast/callback.html`)) {
            complaints.push(`a code is in ${url}`);
        }

        if (request.method() !== 'GET' && request.headers()['content-type'] === 'application/json') {
            requests.push(`${request.method()} ${new URL(url).pathname} ${request.postData()}`);
        }
    });
}

async function console_(browser, more = {}) {
    return open(browser, `${BASE}/simulcast/`, {excuse: HTTP_REPORT, ...more});
}

async function signIn(page, token = TOKEN, streamer = STREAMER) {
    await page.locator('#streamer').fill(streamer);
    await page.locator('#token').fill(token);
    await page.locator('#token').press('Enter');
}

const signedIn = (page) => page.locator('#destinations-panel').waitFor();

async function isState(page, name, wanted, what) {
    await until(`${what}: ${name} is ${wanted}`, async () => await state(page, name) === wanted, LIVE_MS);
}

async function testSigningIn(page) {
    ok(await page.locator('#destinations-panel').isHidden(), 'nothing is shown to strangers');
    await button(page, 'Sign in').click();
    ok((await text(page, 'sign-in-trouble')).includes('Enter the streamer'), 'what is missing is asked for');
    is(await page.evaluate(() => document.activeElement.id), 'streamer', 'and has the focus');

    await signIn(page, 'tok-nobody-has-this-one');
    await until('an unknown token is refused', async () =>
        (await text(page, 'sign-in-trouble')).includes('does not know this API token'));
    await signIn(page, OTHER);
    await until('and one of somebody else', async () =>
        (await text(page, 'sign-in-trouble')).includes('for another streamer'));
    is(await page.evaluate(() => sessionStorage.getItem('simulcast-token')), null, 'neither is kept');
    await shot(page, 'refused');

    await signIn(page);
    await signedIn(page);
    is(await page.locator('#token').inputValue(), '', 'the token is on the page no more');
    is(await page.evaluate(() => [sessionStorage.getItem('simulcast-token') !== null, localStorage.length].join()),
       'true,0', 'but in the storage of the tab');
    await page.reload();
    await signedIn(page);
    is(page.url(), `${BASE}/simulcast/`, 'and so it survives a reload');
    ok(await page.locator('#no-destinations').isVisible(), 'there are no destinations at first');
}

async function testAdding(page) {
    await page.locator('#add-platform').selectOption('rtmp_custom');
    await page.locator('#add-name').fill('My server');
    await page.locator('#add-url').fill('https://example.com/');
    await button(page, 'Add').click();
    ok((await text(page, 'add-url-fault')).includes('rtmp://'), 'an address of another kind is refused');
    is(await page.evaluate(() => document.activeElement.id), 'add-url', 'and has the focus');

    await page.locator('#add-url').fill(SINK);
    await button(page, 'Add').click();
    await until('so is one without a key', () => page.locator('#add-key-fault').isVisible());
    is(await page.locator('#add-key').getAttribute('type'), 'password', 'a key is not shown');

    await page.locator('#add-key').fill(KEY);
    await page.locator('#add-key').press('Enter');
    await card(page, 'My server').waitFor();
    is(await page.locator('#add-key').inputValue(), '', 'a key that was sent is on the page no more');
    is(await state(page, 'My server'), 'stopped', 'nothing is sent yet');

    await page.locator('#add-name').fill('Nobody <b>home</b>');
    await page.locator('#add-url').fill(DEAD);
    await page.locator('#add-key').fill(KEY);
    await button(page, 'Add').click();
    await card(page, 'Nobody <b>home</b>').waitFor();
    is(await page.locator('#destinations b').count(), 0, 'what is typed is text');
}

async function testTesting(page) {
    await press(page, 'test', 'My server');
    await until('a test says that it went well', async () =>
        (await part(page, 'My server', 'notice').innerText()).includes('went well'));
    await press(page, 'test', 'Nobody <b>home</b>');
    await until('or where it failed', async () =>
        /failed at connecting/.test(await part(page, 'Nobody <b>home</b>', 'notice').innerText()));
    ok((await page.locator('#announcer').textContent()).includes('failed at connecting'), 'a screen reader hears it');
}

async function testEditing(page) {
    const edit = page.locator('#edit');
    const field = (label) => edit.getByLabel(label, {exact: true});

    await press(page, 'edit', 'My server');
    await edit.waitFor();
    await shot(page, 'edit');
    requests.length = 0;
    await button(page, 'Save').click();
    await edit.waitFor({state: 'hidden'});
    is(requests.join(), '', 'what was not changed is not sent');
    is(await part(page, 'My server', 'edit').evaluate((element) => element === document.activeElement), true,
       'the focus is where it was');

    await press(page, 'edit', 'My server');
    await field('Bitrate, kbit/s').fill('100');
    await button(page, 'Save').click();
    ok((await text(page, 'setting-bitrate-fault')).includes('from 500 to 20000'), 'a number out of range is refused');
    await field('Bitrate, kbit/s').fill('');

    await field('Address').fill(`${SINK}2`);
    await button(page, 'Save').click();
    ok((await text(page, 'edit-key-fault')).includes('needs its key'), 'another address needs its key');
    await field('Address').fill(SINK);

    await field('Name').fill('Our server');
    await field('Start as soon as the source is live').check();
    await field('Attempts until it gives up').fill('7');
    requests.length = 0;
    await button(page, 'Save').click();
    await edit.waitFor({state: 'hidden'});
    await card(page, 'Our server').waitFor();
    is(requests.length, 1, 'one request');
    ok(requests[0]?.endsWith(' {"name":"Our server","settings":{"auto_start":true,"max_retries":7}}'),
       'with nothing but what has changed') || note(requests[0]);

    await page.reload();
    await card(page, 'Our server').waitFor();
    await press(page, 'edit', 'Our server');
    is(await field('Attempts until it gives up').inputValue(), '7', 'the server has kept it');
    await field('Start as soon as the source is live').uncheck();
    await page.keyboard.press('Enter');
    await page.locator('#edit').waitFor({state: 'hidden'});
}

async function testRunning(page) {
    await ask('publish');
    await until('sources can be chosen from', async () => {
        await page.locator('#input-source').dispatchEvent('focus');
        return await page.locator('#input-source option').count() > 1;
    });
    await button(page, 'Start all').click();
    await isState(page, 'Our server', 'live', 'all');
    await until('it has a bitrate and frames', async () =>
        /\d (k|M)bit\/s · \d+(\.\d)? fps/.test(await part(page, 'Our server', 'figures').innerText()), LIVE_MS);
    await until('and a graph', async () =>
        /^M.*L/.test(await card(page, 'Our server').locator('.graph-line').getAttribute('d') ?? ''), LIVE_MS);
    ok(/kbit\/s now/.test(await card(page, 'Our server').locator('svg').getAttribute('aria-label')),
       'which says in words what it shows');
    await until('what cannot be reached is not live', async () =>
        ['error', 'reconnecting', 'connecting'].includes(await state(page, 'Nobody <b>home</b>')), LIVE_MS);
    ok((await text(page, 'status')).includes('Live at 1 of 2'), 'the status says so');

    await page.setViewportSize({width: 1280, height: 860});
    await shot(page, 'live');
    await page.emulateMedia({colorScheme: 'dark'});
    await shot(page, 'live-dark');
    await page.emulateMedia({colorScheme: 'light'});

    await press(page, 'toggle', 'Our server');
    await isState(page, 'Our server', 'stopped', 'one alone');
    is(await part(page, 'Our server', 'toggle').innerText(), 'Start', 'the button starts again');
    await press(page, 'toggle', 'Our server');
    await isState(page, 'Our server', 'live', 'again');

    await card(page, 'Our server').getByRole('checkbox').uncheck();
    await isState(page, 'Our server', 'stopped', 'disabled');
    await until('which is said', async () =>
        (await part(page, 'Our server', 'state').innerText()).includes('disabled'));
    await card(page, 'Our server').getByRole('checkbox').check();
    await isState(page, 'Our server', 'live', 'enabled');
}

async function testRedis(page) {
    await ask('redis stop');
    await until('when the server has lost its memory, the page says so', async () =>
        (await page.locator('#page-trouble').isVisible()) && /Redis/.test(await text(page, 'page-trouble')), LIVE_MS);
    ok(await card(page, 'Our server').isVisible(), 'and shows what it knows');
    await shot(page, 'redis-away');
    await page.reload();
    await until('also to whoever loads it only now', async () =>
        (await page.locator('#page-trouble').isVisible()) && await page.locator('#no-destinations').isHidden());
    await ask('redis start');
    await until('until that is back', () => page.locator('#page-trouble').isHidden(), 2 * LIVE_MS);
    await isState(page, 'Our server', 'live', 'after all this');
}

async function testStopping(page) {
    await button(page, 'Stop all').click();
    await isState(page, 'Our server', 'stopped', 'all');
    await isState(page, 'Nobody <b>home</b>', 'stopped', 'all');
    await until('nothing goes out', async () => await text(page, 'status') === 'Nothing goes out');
}

async function testAccounts(browser, page) {
    const context = page.context();
    const isPlatform = (url) => url.origin !== new URL(BASE).origin && url.searchParams.has('redirect_uri');
    let asked = null;

    /* the page on which somebody agrees is ours, and so is a refusal; agreeing goes on to the platform */

    await context.route(isPlatform, (route) => {
        const url = route.request().url();
        const query = new URL(url).searchParams;

        if (asked === url) {
            asked = null;
            return route.continue();
        }

        asked = url;

        return route.fulfill({contentType: 'text/html', body:
            `<a id="yes" href="${url.replaceAll('&', '&amp;')}">Allow</a>`
            + `<a id="no" href="${query.get('redirect_uri')}?error=access_denied&amp;`
            + `state=${encodeURIComponent(query.get('state'))}">No</a>`});
    });

    const connect = async (platform, name, click) => {
        await page.locator('#add-platform').selectOption(platform);
        await page.locator('#add-name').fill(name);

        const [popup] = await Promise.all([page.waitForEvent('popup'), page.locator('#add').click()]);
        const urls = [];

        popup.on('framenavigated', (frame) => urls.push(frame.url()));
        watch(popup);
        await popup.locator(click).waitFor();
        is(await popup.evaluate(() => window.opener), null, `${platform} has no hand on the console`);

        if (click === '#no') {
            asked = null;
        }

        const closed = popup.waitForEvent('close');

        await popup.locator(click).click({noWaitAfter: true});
        await closed;

        return urls;
    };

    await connect('youtube', 'My channel', '#no');
    await until('a refusal is told', async () => (await text(page, 'add-trouble')).includes('not allowed'));

    const urls = await connect('youtube', 'My channel', '#yes');

    await card(page, 'My channel').waitFor();
    ok(!(await text(page, 'add-hint')).includes('other window'), 'nobody is waited for any more');
    is(urls.at(-1), `${BASE}/simulcast/callback.html`, 'the code leaves the address bar');
    ok(/YouTube/.test(await part(page, 'My channel', 'account').innerText()), 'an account is connected');
    await press(page, 'refresh', 'My channel');
    await until('its sign-in is renewed', async () =>
        (await part(page, 'My channel', 'notice').innerText()).includes('renewed'));

    /* Facebook asks for a page at once */

    await connect('facebook', 'Our page', '#yes');
    await page.locator('#setting-page_id option').nth(1).waitFor({state: 'attached'});
    await shot(page, 'facebook-page');
    await page.locator('#setting-page_id').selectOption({index: 1});
    await button(page, 'Save').click();
    await page.locator('#edit').waitFor({state: 'hidden'});
    await until('a page is chosen', async () => part(page, 'Our page', 'page').isHidden());

    /* a console that has gone meanwhile: the redirect page does it */

    await page.locator('#add-platform').selectOption('youtube');
    await page.locator('#add-name').fill('Second channel');

    const [popup] = await Promise.all([page.waitForEvent('popup'), page.locator('#add').click()]);

    watch(popup);
    await popup.locator('#yes').waitFor();
    await page.goto('about:blank');
    await popup.locator('#yes').click();
    await popup.waitForURL(`${BASE}/simulcast/`);
    await card(popup, 'Second channel').waitFor();
    ok(true, 'the redirect page connects by itself when nobody else does');
    await popup.close();

    await page.goto(`${BASE}/simulcast/`);
    await card(page, 'Second channel').waitFor();

    /* nobody asked for this one */

    const stranger = await open(browser, `${BASE}/simulcast/callback.html?code=made-up&state=made-up`,
                                {excuse: HTTP_REPORT});

    await until('a code that nobody asked for connects nothing', async () =>
        (await text(stranger, 'text')).includes('not open any more'));
    is(stranger.url(), `${BASE}/simulcast/callback.html`, 'and leaves the address bar');
    await shot(stranger, 'callback');
    await stranger.context().close();

    /* the picture */

    await press(page, 'edit', 'My channel');
    await page.locator('#edit [data-part="file"]').setInputFiles({
        name: 'x.png', mimeType: 'image/png',
        buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5'
                            + 'CYII=', 'base64'),
    });
    await shot(page, 'edit-youtube');
    await button(page, 'Upload').click();
    await until('a picture is sent', async () =>
        (await page.locator('[data-part="thumbnailNews"]').innerText()).includes('has been uploaded'));
    await button(page, 'Cancel').click();

    /* before they are gone again: how all of this looks */

    await page.setViewportSize({width: 1280, height: 860});
    await shot(page, 'accounts');
    await page.setViewportSize({width: 360, height: 740});
    await fitsThePhone(page, 'accounts');
    await shot(page, 'accounts-phone');
    await page.setViewportSize({width: 1280, height: 860});

    for (const name of ['My channel', 'Second channel', 'Our page']) {
        await removed(page, name);
    }
}

async function removed(page, name) {
    await press(page, 'remove', name);
    await page.locator('#confirm-yes').click();
    await until(`${name} is removed`, async () => await card(page, name).count() === 0);
}

async function testRemoving(page) {
    await press(page, 'remove', 'Our server');
    await page.locator('#confirm').waitFor();
    is(await page.evaluate(() => document.activeElement.id), 'confirm-no', 'removing is asked for first');
    await shot(page, 'confirm');
    await page.keyboard.press('Escape');
    ok(await card(page, 'Our server').isVisible(), 'who says no keeps it');
    await removed(page, 'Our server');
    is(await part(page, 'Nobody <b>home</b>', 'remove').evaluate((element) => element === document.activeElement), true,
       'the focus goes on to the next one');
    await removed(page, 'Nobody <b>home</b>');
    ok(await page.locator('#no-destinations').isVisible(), 'there are none again');
}

async function testPhone(browser) {
    const phone = {viewport: {width: 360, height: 740}, isMobile: true, hasTouch: true, deviceScaleFactor: 2,
                   colorScheme: 'dark', reducedMotion: 'reduce'};
    const page = await console_(browser, {context: phone});

    watch(page);
    await fitsThePhone(page, 'signing in');
    await shot(page, 'phone-sign-in');
    await signIn(page);
    await card(page, 'Our server').waitFor();
    await until('it does as well on a telephone', async () => await state(page, 'Our server') === 'live');
    await page.locator('#add-platform').selectOption('rtmp_custom');
    await page.waitForTimeout(4000);
    await fitsThePhone(page, 'phone');
    await shot(page, 'phone');

    await part(page, 'Our server', 'edit').tap();
    await page.locator('#edit').waitFor();
    await fitsThePhone(page, 'editing');
    await page.screenshot(SHOTS ? {path: `${SHOTS}/phone-edit.png`} : {});
    is(await page.locator('#edit').evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth), 0,
       'nothing overflows the dialog');
    await page.keyboard.press('Escape');
    await page.locator('#sign-out').tap();
    await page.locator('#sign-in').waitFor();
    is(await page.evaluate(() => sessionStorage.getItem('simulcast-token')), null, 'who signs out leaves no token');
    ok(!(await page.content()).includes('Our server'), 'nor what it gave access to');
    await page.context().close();
}

const browser = await launch();

try {
    /* the platforms' certificate is of an authority of the test */

    const page = await console_(browser, {context: {ignoreHTTPSErrors: true}});

    watch(page);
    await testSigningIn(page);
    await testAdding(page);
    await testTesting(page);
    await testEditing(page);
    await testRunning(page);
    await testPhone(browser);
    await testRedis(page);
    await testStopping(page);

    if (ACCOUNTS) {
        await testAccounts(browser, page);
    }

    await testRemoving(page);
    await ask('unpublish');
    is(complaints.join('\n'), '', 'no console errors, no CSP violations, nothing foreign, no secret in an address');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
