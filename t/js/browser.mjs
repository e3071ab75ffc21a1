/*
 * What tests of pages in Chromium share.  CHROMIUM is the browser's path.
 */

import {createInterface} from 'node:readline';

import {chromium} from 'playwright-core';

import {is} from './tap.mjs';

export {until} from './tap.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

const stdin = createInterface({input: process.stdin})[Symbol.asyncIterator]();

/** What went wrong in the pages without anybody looking. */
export const complaints = [];

export function launch(...flags) {
    return chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags]});
}

/** Whoever runs the test does what it is asked for in a line "# ask: ..." and answers with a line. */
export async function ask(what) {
    console.log(`# ask: ${what}`);

    if ((await stdin.next()).done) {
        throw new Error(`nobody did: ${what}`);
    }
}

/**
 * Opens a page whose errors, warnings and requests to elsewhere become complaints.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {object} [more]
 * @param {object} [more.context] options of the context
 * @param {function(import('playwright-core').Page): Promise<void>} [more.prepare] called before the page is loaded
 * @param {RegExp} [more.excuse] what the console may say
 */
export async function open(browser, url, {context: options = {}, prepare = async () => {}, excuse = /(?!)/} = {}) {
    const {origin, pathname} = new URL(url);
    const context = await browser.newContext({viewport: {width: 1280, height: 860}, ...options});
    const page = await context.newPage();

    page.on('pageerror', (error) => complaints.push(`${pathname}: ${error}`));
    page.on('console', (message) => {
        const text = `${message.text()} ${message.location().url}`;

        if (['error', 'warning'].includes(message.type()) && !excuse.test(text)) {
            complaints.push(`${pathname}: ${message.type()}: ${text}`);
        }
    });
    page.on('request', (request) => {
        if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url())) {
            complaints.push(`${pathname}: foreign request ${request.url()}`);
        }
    });

    await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
            console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
        });
    });

    await prepare(page);
    await page.goto(url);

    return page;
}

export async function fitsThePhone(page, what) {
    const [overflow, small] = await page.evaluate(() => [
        document.documentElement.scrollWidth - document.documentElement.clientWidth,
        [...document.querySelectorAll('button, select, .input')]
            .filter((element) => element.checkVisibility())
            .filter((element) => element.offsetWidth < 44 || element.offsetHeight < 44)
            .map((element) => element.id || element.textContent.trim()),
    ]);

    is(overflow, 0, `${what}: nothing overflows sideways`);
    is(small.join(', '), '', `${what}: every target has 44 px`);
}
