/*
 * The states that the pages can be in, by name, and how to get there: for tests that look at all of them.
 *
 * A state is {path, enter, and what it needs}.  `enter` is called with the page when that is loaded, and with what is
 * there: {streamer, key, token}.  Of what a state needs,
 *
 *     prepare   is called with the page before it is loaded
 *     sources   how many sources of the streamer have to be live
 *     needs     what else has to be known: "key", "token"
 *     excuse    what the console may say
 *
 * A new state is one more entry.
 */

/* Chromium reports each answer of 400 and more, and each request that fails */
const HTTP_REPORT = /Failed to load resource/;

const WAIT_MS = 30000 * (process.env.TEST_SLOW ?? 1);

const stage = (state) => (page) => page.locator(`#stage[data-state="${state}"]`).waitFor({timeout: WAIT_MS});

const button = (page, name) => page.getByRole('button', {name, exact: true});

/** In the page, and in a viewer within it: so many pictures have come. */
function havePictures(count) {
    return [document, ...document.querySelectorAll('live-viewer')]
        .flatMap((root) => [...(root.shadowRoot ?? root).querySelectorAll('video')])
        .filter((video) => video.checkVisibility() && video.videoWidth > 0 && video.readyState > 1).length >= count;
}

/** The second picture of a layout takes a moment longer than what the page says. */
const pictures = (page, count) => page.waitForFunction(havePictures, count, {timeout: WAIT_MS});

/** What no server says here. */
const answer = (url, json, status = 200) => (page) => page.route(url, (route) => route.fulfill({json, status}));

const stream = (name, label, type, viewers) => ({
    id: `4ad1c0de4ad1c0de4ad1c0de4ad1c0de:${name}`, name, label, type, status: 'live', enabled: true, viewers,
    url: `/hls/alice/${name}/index.m3u8`, watch_url: `/watch/alice/${name}`, price_per_minute: '0.010000',
});

/** A show with everything that one can have. */
const SHOW = {
    id: '4ad1c0de4ad1c0de4ad1c0de4ad1c0de', streamer: 'alice', title: 'Evening show', status: 'live', public: false,
    created_at: '2026-01-31T18:00:00Z', started_at: '2026-01-31T18:01:00Z', ended_at: null, uptime_ms: 754000,
    viewers: {now: 12, peak: 31}, on_air: {mode: 'manual', source: 'Main_Screen', at: null},
    price: {currency: 'EUR', base: '0.020000', bundle_discount_percent: 10},
    streams: [stream('Main_Screen', 'Main Screen', 'screen', 9), stream('Face_Cam', 'Face Cam', 'camera', 3)],
};

const ANALYTICS = {
    session: SHOW.id, streamer: 'alice', title: SHOW.title, status: 'live', started_at: SHOW.started_at, ended_at: null,
    viewers: {now: 12, peak: 31, distinct: 48}, watch_ms: 5400000, avg_duration_ms: 112500,
    sources: {
        Main_Screen: {label: 'Main Screen', type: 'screen', views: 44, viewers: 9, peak: 25, watch_ms: 4050000,
                      avg_duration_ms: 92000, share: 0.75},
        Face_Cam: {label: 'Face Cam', type: 'camera', views: 20, viewers: 3, peak: 11, watch_ms: 1350000,
                   avg_duration_ms: 67500, share: 0.25},
    },
    switches: [{from: 'Main_Screen', to: 'Face_Cam', count: 17}, {from: 'Face_Cam', to: 'Main_Screen', count: 9}],
    join: {count: 48, avg_ms: 640, p50_ms: 520, p95_ms: 1900}, stalls: {count: 3, ms: 4200},
    revenue: {currency: 'EUR', amount: '1.234567'},
};

const PREFERENCES = {enabled_streams: ['Main_Screen', 'Face_Cam'], main: 'Main_Screen', layout: 'single', follow: true,
                     pip: {source: null, corner: 'bottom-right', size: 25}};

/** A server with this show and nothing else. */
async function serveShow(page) {
    const good = (data) => (route) => route.fulfill({json: {success: true, data}});
    const events = [['session', SHOW], ['on_air', SHOW.on_air],
                    ['viewers', {...SHOW.viewers, sources: {Main_Screen: 9, Face_Cam: 3}}]]
        .map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('');

    await page.route('**/show/session/start', good({...SHOW, join_code: 'k7Qm2xWz'}));
    await page.route('**/show/session/*/status', good(SHOW));
    await page.route('**/show/session/*/analytics', good(ANALYTICS));
    await page.route('**/show/session/*/director', good(SHOW.on_air));
    await page.route('**/show/session/*/preferences', good(PREFERENCES));
    await page.route('**/show/session/*/usage*', good({
        session: SHOW.id, currency: 'EUR', amount: '0.123456', minutes: 6.2, total: 1, viewers: [],
    }));
    await page.route('**/show/session/*/beacon', (route) => route.fulfill({status: 204}));
    await page.route('**/show/session/*/join', good({
        viewer_token: 'a-viewer-token', viewer_id: '0123456789abcdef', expires_at: '2099-01-01T00:00:00Z',
        session: SHOW, sources: SHOW.streams, preferences: PREFERENCES,
    }));
    await page.route('**/show/session/*/events', (route) => route.fulfill({
        contentType: 'text/event-stream', body: `retry: 60000\n\n${events}`,
    }));
}

async function playing(page, {count = 1} = {}) {
    await stage('playing')(page);
    await pictures(page, count);
}

async function addCameras(page) {
    for (const expected of [1, 2]) {
        await button(page, 'Add camera').click();
        await page.waitForFunction((wanted) => [...document.querySelectorAll('#sources video')]
            .filter(({videoWidth}) => videoWidth > 0).length >= wanted, expected, {timeout: WAIT_MS});
    }
}

async function goLive(page, {key}) {
    await addCameras(page);
    await page.locator('#key').fill(key);
    await button(page, 'Go live with all').click();
    await page.waitForFunction(() => document.querySelectorAll('#sources [data-state="live"]').length >= 2, null,
                               {timeout: WAIT_MS});
}

async function openShow(page, {key}) {
    await page.locator('#key').fill(key);
    await page.locator('#title').fill(SHOW.title);
    await page.locator('#private').check();
    await button(page, 'Open the show').click();
    await page.locator('#analytics > summary').click();
    await page.locator('#analytics-sources tr').first().waitFor();
    await page.locator('#director').waitFor();
}

async function signIn(page, {streamer, token}) {
    await page.locator('#streamer').fill(streamer);
    await page.locator('#token').fill(token);
    await page.locator('#token').press('Enter');
    await page.locator('#destinations-panel').waitFor({timeout: WAIT_MS});
}

async function withDestination(page, has) {
    await signIn(page, has);

    if (await page.getByRole('listitem', {name: 'My server', exact: true}).count() === 0) {
        await page.locator('#add-platform').selectOption('rtmp_custom');
        await page.locator('#add-name').fill('My server');
        await page.locator('#add-url').fill('rtmp://live.example.com/app');
        await page.locator('#add-key').fill('k-page-states');
        await page.locator('#add-key').press('Enter');
    }

    await page.getByRole('listitem', {name: 'My server', exact: true}).waitFor({timeout: WAIT_MS});
}

/** @type {Object<string, {path: string}>} */
export const STATES = {
    'home': {
        path: '/',
        excuse: HTTP_REPORT,
        enter: (page) => page.locator('[data-list]:not([data-list=""])').waitFor({state: 'attached'}),
    },
    'home-live': {
        path: '/',
        prepare: answer('**/sources/', ['alice', 'bob', 'a_name_that_is_as_long_as_a_name_can_be_on_here_50']),
        enter: (page) => page.locator('[data-list="live"]').waitFor(),
    },
    'home-nobody': {
        path: '/',
        prepare: answer('**/sources/', []),
        enter: async (page) => {
            await page.locator('[data-list="nobody"]').waitFor();
            await page.locator('#streamer').fill('not a name');
            await page.locator('#streamer').press('Enter');
            await page.locator('#streamer-fault').waitFor();
        },
    },

    'watch-no-streamer': {path: '/watch/', enter: stage('no-streamer')},
    'watch-connecting': {
        path: '/watch/somebody',
        prepare: (page) => page.route(/\/sources\/|\/events$|\/status$|\/join$/, () => {}),     /* no answer */
        enter: stage('connecting'),
    },
    'watch-offline': {path: '/watch/nobody', excuse: HTTP_REPORT, enter: stage('offline')},
    'watch-playing': {path: '/watch/{streamer}', sources: 2, excuse: HTTP_REPORT, enter: (page) => playing(page)},
    'watch-pip': {
        path: '/watch/{streamer}',
        sources: 2,
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await playing(page);
            await page.keyboard.press('p');
            await playing(page, {count: 2});
        },
    },
    'watch-grid': {
        path: '/watch/{streamer}',
        sources: 2,
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await playing(page);
            await page.locator('[data-layout="grid"]:is(button), [value="grid"]').first().click({force: true});
            await playing(page, {count: 2});
        },
    },
    'watch-stats': {
        path: '/watch/{streamer}',
        sources: 2,
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await playing(page);
            await page.keyboard.press('s');
            await page.locator('#figures').waitFor();
        },
    },
    'watch-code': {
        path: '/watch/{streamer}',
        prepare: answer('**/show/session/*/join',
                        {success: false, error: {code: 'code_required', message: 'this show is private'}}, 403),
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await stage('code')(page);
            await page.locator('#code').fill('not this one');
            await page.locator('#code').press('Enter');
            await page.locator('#join-error').filter({hasText: /./}).waitFor();
        },
    },
    'watch-show': {
        path: '/watch/{streamer}',
        sources: 2,
        prepare: serveShow,
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await playing(page);
            await page.locator('#follow').waitFor();
        },
    },
    'watch-embedded': {
        path: '/somebody/elses/page',
        sources: 2,
        prepare: (page) => page.route('**/somebody/elses/page', (route) => route.fulfill({
            contentType: 'text/html',
            body: `<!doctype html><html lang="en"><title>A page</title>
                <meta name="viewport" content="width=device-width">
                <script src="/watch/live-viewer.js" type="module"></script>
                <main><h1>A page</h1><live-viewer streamer="alice" layout="pip"></live-viewer></main>`,
        })),
        excuse: HTTP_REPORT,
        enter: (page) => playing(page, {count: 2}),
    },

    'studio-empty': {path: '/studio/', excuse: HTTP_REPORT, enter: (page) => page.locator('#add-form').waitFor()},
    'studio-no-key': {
        path: '/studio/',
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await addCameras(page);
            await button(page, 'Go live with all').click();
            await page.locator('#key-missing').waitFor();
        },
    },
    'studio-cameras': {path: '/studio/', excuse: HTTP_REPORT, enter: addCameras},
    'studio-live': {path: '/studio/', needs: 'key', excuse: HTTP_REPORT, enter: goLive},
    'studio-show': {path: '/studio/', needs: 'key', prepare: serveShow, excuse: HTTP_REPORT, enter: openShow},
    'studio-end': {
        path: '/studio/',
        needs: 'key',
        prepare: serveShow,
        excuse: HTTP_REPORT,
        enter: async (page, has) => {
            await openShow(page, has);
            await page.locator('#end-show').click();
            await page.locator('#end-dialog').waitFor();
        },
    },
    'studio-simulcast': {
        path: '/studio/',
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await page.locator('#simulcast > summary').click();
            await page.frameLocator('#simulcast iframe').locator('#sign-in').waitFor();
        },
    },

    'simulcast-sign-in': {
        path: '/simulcast/',
        excuse: HTTP_REPORT,
        enter: async (page) => {
            await button(page, 'Sign in').click();
            await page.locator('#sign-in-trouble').waitFor();
        },
    },
    'simulcast-empty': {path: '/simulcast/', needs: 'token', excuse: HTTP_REPORT, enter: signIn},
    'simulcast-destination': {path: '/simulcast/', needs: 'token', excuse: HTTP_REPORT, enter: withDestination},
    'simulcast-edit': {
        path: '/simulcast/',
        needs: 'token',
        excuse: HTTP_REPORT,
        enter: async (page, has) => {
            await withDestination(page, has);
            await page.locator('[data-part="edit"]').first().click();
            await page.locator('#edit').waitFor();
        },
    },
    'simulcast-callback': {path: '/simulcast/callback.html', enter: (page) => page.locator('#back').waitFor()},
};

export const SIZES = {phone: {width: 360, height: 740}, desktop: {width: 1280, height: 800}};

export const SCHEMES = ['light', 'dark'];

/** Two cameras and a screen, whom nobody asks for. */
export const FLAGS = ['--use-fake-device-for-media-stream=device-count=2', '--use-fake-ui-for-media-stream',
                      '--allow-loopback-in-peer-connection'];

/**
 * @param {object} has {streamer, key, token}, and how many sources are live
 * @returns {?string} what is missing for this state
 */
export function missing(state, has) {
    if (state.needs !== undefined && !has[state.needs]) {
        return state.needs;
    }

    return (state.sources ?? 0) > has.sources ? `${state.sources} live sources` : null;
}

/** Sizes and schemes in turn; the page is the same one, so it has a moment to follow. */
export async function* views(page) {
    for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);

        for (const colorScheme of SCHEMES) {
            await page.emulateMedia({colorScheme});
            await page.evaluate(() => new Promise((done) => {
                requestAnimationFrame(() => requestAnimationFrame(done));
            }));
            yield {size, colorScheme, name: `${size}-${colorScheme}`};
        }
    }
}
