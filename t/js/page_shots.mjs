/*
 * Pictures of the pages for somebody to look at: each state at the size of a telephone and of a desktop, light and
 * dark, as DIRECTORY/STATE-SIZE-SCHEME.png.
 *
 *     node page_shots.mjs http://localhost:8080 DIRECTORY [STATE...]
 *
 * The states are those of page_states.mjs; one may be cut short, "watch" is all of that page.  STREAMER is whom to
 * watch (demo), SIMULCAST_TOKEN his token of the API, and STUDIO_KEY the key of somebody else, whose sources are taken
 * over; without these there are fewer states.  FULL=1 takes the whole page and not only the first screen; CHROMIUM is
 * the browser's path.
 */

import {mkdirSync} from 'node:fs';

import {launch, open} from './browser.mjs';
import {FLAGS, STATES, missing, views} from './page_states.mjs';

const base = process.argv[2]?.replace(/\/$/, '');
const [directory, ...wanted] = process.argv.slice(3);

if (directory === undefined) {
    console.error('usage: node page_shots.mjs URL DIRECTORY [STATE...]');
    process.exit(2);
}

const {STREAMER: streamer = 'demo', STUDIO_KEY: key, SIMULCAST_TOKEN: token, FULL} = process.env;

async function liveSources() {
    const response = await fetch(`${base}/sources/${streamer}`).catch(() => null);

    return response?.ok ? (await response.json()).length : 0;
}

async function shoot(browser, name, has) {
    const state = STATES[name];
    const lacking = missing(state, has);

    if (lacking !== null) {
        console.log(`${name}: not without ${lacking}`);
        return;
    }

    const page = await open(browser, base + state.path.replace('{streamer}', streamer), {
        context: {reducedMotion: 'reduce'}, prepare: state.prepare,
    });

    try {
        await state.enter(page, has);

        for await (const view of views(page)) {
            await page.screenshot({path: `${directory}/${name}-${view.name}.png`, fullPage: FULL === '1'});
        }

        console.log(name);

    } catch (error) {
        console.log(`${name}: ${error.message}`);
        await page.screenshot({path: `${directory}/${name}-failed.png`, fullPage: true});
        process.exitCode = 1;

    } finally {
        await page.context().close();
    }
}

mkdirSync(directory, {recursive: true});

const has = {streamer, key, token, sources: await liveSources()};
const browser = await launch(...FLAGS);

for (const name of Object.keys(STATES)) {
    if (wanted.length === 0 || wanted.some((one) => name.startsWith(one))) {
        await shoot(browser, name, has);
    }
}

await browser.close();
