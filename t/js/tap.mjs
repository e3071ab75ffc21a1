/* The little of TAP that the tests in this directory need. */

import {setTimeout as sleep} from 'node:timers/promises';

let count = 0;
let failed = 0;

export function ok(pass, name) {
    count++;
    failed += pass ? 0 : 1;
    console.log(`${pass ? 'ok' : 'not ok'} ${count} - ${name}`);

    return Boolean(pass);
}

export function is(got, expected, name) {
    const pass = ok(got === expected, name);

    if (!pass) {
        note(`     got: ${JSON.stringify(got)}\nexpected: ${JSON.stringify(expected)}`);
    }

    return pass;
}

export function note(text) {
    console.log(String(text).replace(/^/gm, '# '));
}

/** Polls until check returns something true, which is a test; returns that.  In Node: a busy page must not delay it. */
export async function until(what, check, ms = 30000) {
    const end = Date.now() + ms * (process.env.TEST_SLOW ?? 1);

    for (;;) {
        const value = await check();

        if (value || Date.now() > end) {
            ok(value, what);
            return value;
        }

        await sleep(100);
    }
}

/** Prints the plan; the process then ends with the outcome. */
export function done() {
    console.log(`1..${count}`);
    process.exitCode = failed > 0 ? 1 : 0;
}
