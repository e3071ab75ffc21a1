/* The little of TAP that the tests in this directory need. */

let count = 0;
let failed = 0;

export function ok(pass, name) {
    count++;
    failed += pass ? 0 : 1;
    console.log(`${pass ? 'ok' : 'not ok'} ${count} - ${name}`);

    return Boolean(pass);
}

export function is(got, expected, name) {
    if (!ok(got === expected, name)) {
        note(`     got: ${JSON.stringify(got)}\nexpected: ${JSON.stringify(expected)}`);
    }
}

export function note(text) {
    console.log(String(text).replace(/^/gm, '# '));
}

/** Prints the plan; the process then ends with the outcome. */
export function done() {
    console.log(`1..${count}`);
    process.exitCode = failed > 0 ? 1 : 0;
}
