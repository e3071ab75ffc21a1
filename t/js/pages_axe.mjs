/*
 * All states of the pages in Chromium, as page_states.mjs has them, at the size of a telephone and of a desktop, light
 * and dark: axe-core finds nothing to object to, nothing breaks the Content-Security-Policy, nothing comes from
 * elsewhere and nothing overflows.  Prints TAP.
 *
 *     STUDIO_KEY=KEY SIMULCAST_TOKEN=TOKEN node pages_axe.mjs http://localhost:8080 streamer [STATE...]
 *
 * The streamer, whose token of the API this is, has two live sources; the key is somebody else's.  CHROMIUM is the
 * browser's path.
 */

import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

import {complaints, launch, open} from './browser.mjs';
import {FLAGS, STATES, missing, views} from './page_states.mjs';
import {done, is, note, ok} from './tap.mjs';

const base = process.argv[2].replace(/\/$/, '');
const streamer = process.argv[3];
const wanted = process.argv.slice(4);
const has = {streamer, key: process.env.STUDIO_KEY, token: process.env.SIMULCAST_TOKEN, sources: 2};

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/* every rule that axe has on by default, best practice among them, and those of WCAG 2.2 that it has not */
const RUN = {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}};

/* what is in the dark is the same but for its colors */
const COLORS = {resultTypes: ['violations'], runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}};

/* of text, and of what a control and its state are recognised by: WCAG 1.4.3, 1.4.11 */
const TEXT = 4.5;
const SHAPE = 3;

/** What has to stand out from what, as tokens of base.css. */
const CONTRASTS = [
    ...['text', 'text-soft', 'accent', 'live', 'good', 'warn'].flatMap((token) =>
        ['bg', 'surface', 'surface-strong', 'accent-soft'].map((ground) => [token, ground, TEXT])),
    ['on-accent', 'accent', TEXT],
    ['stage-text', 'stage', TEXT],
    ['stage-text', 'stage-scrim', TEXT],
    ['stage-text-soft', 'stage', TEXT],
    ['stage-text-soft', 'stage-scrim', TEXT],
    ['edge', 'bg', SHAPE],
    ['edge', 'surface', SHAPE],
    ['stage-line', 'stage', SHAPE],
];

/** In the page: the contrast of two tokens, what is translucent on the stage. */
function contrastOf([token, ground]) {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', {willReadFrequently: true});
    const style = getComputedStyle(document.documentElement);

    const luminance = (...names) => {
        context.clearRect(0, 0, 1, 1);

        for (const name of names) {
            context.fillStyle = style.getPropertyValue(`--${name}`);
            context.fillRect(0, 0, 1, 1);
        }

        const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((value) =>
            (value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));

        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };

    const [dark, light] = [luminance('stage', token), luminance('stage', ground)].sort((a, b) => a - b);

    return (light + 0.05) / (dark + 0.05);
}

function described({id, help, nodes}) {
    const where = nodes.map(({html, failureSummary}) => `  ${html}\n    ${failureSummary.replaceAll('\n', '\n    ')}`);

    return [`${id}: ${help}`, ...where].join('\n');
}

async function testState(browser, name) {
    const state = STATES[name];
    const lacking = missing(state, has);

    if (lacking !== null) {
        ok(false, `${name}: there is ${lacking}`);
        return;
    }

    /* axe is a script of the browser's, and not of the page's: nothing is asked of the policy for it */
    const page = await open(browser, base + state.path.replace('{streamer}', streamer), {
        context: {reducedMotion: 'reduce'}, excuse: state.excuse, prepare: async (fresh) => {
            await fresh.addInitScript(AXE);
            await state.prepare?.(fresh);
        },
    });

    try {
        await state.enter(page, has);

        for await (const view of views(page)) {
            const {violations} = await page.evaluate((options) => globalThis.axe.run(document, options),
                                                     view.colorScheme === 'light' ? RUN : COLORS);

            is(violations.map(described).join('\n'), '', `${name}, ${view.name}: axe finds nothing`);

            if (view.colorScheme === 'light') {
                is(await page.evaluate(() => document.documentElement.scrollWidth
                                             - document.documentElement.clientWidth), 0,
                   `${name}, ${view.size}: nothing overflows sideways`);
            }
        }

    } catch (error) {
        ok(false, `${name} is reached`);
        note(error.stack);

    } finally {
        is(complaints.splice(0).join('\n'), '', `${name}: no violation of the policy, no error, nothing foreign`);
        await page.context().close();
    }
}

async function testTokens(browser) {
    const page = await open(browser, `${base}/`, {excuse: STATES.home.excuse,
                                                  prepare: (fresh) => fresh.addInitScript(AXE)});
    const {violations} = await page.evaluate((options) => {
        const image = document.createElement('img');

        image.src = '/style/icon.svg';
        document.querySelector('main').append(image);

        return globalThis.axe.run(document, options);
    }, RUN);

    is(violations.map(({id}) => id).join(), 'image-alt', 'axe sees a picture without a text');

    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({colorScheme});

        const poor = [];

        for (const [token, ground, least] of CONTRASTS) {
            const contrast = await page.evaluate(contrastOf, [token, ground]);

            if (contrast < least) {
                poor.push(`${token} on ${ground}: ${contrast.toFixed(2)}`);
            }
        }

        is(poor.join('\n'), '', `${colorScheme}: the tokens have enough contrast`);
    }

    await page.context().close();
}

const browser = await launch(...FLAGS);

try {
    await testTokens(browser);

    for (const name of Object.keys(STATES)) {
        if (wanted.length === 0 || wanted.some((one) => name.startsWith(one))) {
            await testState(browser, name);
        }
    }

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
