/*
 * Watches sources of one streamer as low-latency players do, all at once, and prints TAP: a test for each group of
 * rules and source, with the first few places where a rule was broken, and measurements as comments.
 *
 *     node hls_check.mjs BASE_URL STREAMER SECONDS SOURCE... [--ended] [--variable=SOURCE,...]
 *                        [--allow=SOURCE:RULE,...] [--need=RULE,...] [--apart] [--tolerance=MS] [--wait=MS]
 *
 * BASE_URL is that of the server, with the prefix of its HLS: http://127.0.0.1:8080/hls/.  --ended: the sources end
 * within that time.  --variable: their frames come at no constant rate.  --allow: rules that a source may break.
 * --need: rules that have to have been looked at.  --apart: the sources do not know of each other.  --tolerance: for
 * all that takes time.  --wait: for the first playlist.
 */

import {monitorEventLoopDelay} from 'node:perf_hooks';
import {parseArgs} from 'node:util';

import {judgeAngles} from './hls_angles.mjs';
import {Client} from './hls_fetch.mjs';
import {Findings, GROUPS} from './hls_findings.mjs';
import {HlsPlayer} from './hls_player.mjs';
import {parsePlaylist} from './hls_playlist.mjs';
import {SetRules} from './hls_set.mjs';
import {judgeTransport} from './hls_transport.mjs';
import {done, note, ok} from './tap.mjs';

const {values: options, positionals} = parseArgs({
    allowPositionals: true,
    options: {
        ended: {type: 'boolean', default: false},
        variable: {type: 'string', default: ''},
        allow: {type: 'string', default: ''},
        need: {type: 'string', default: ''},
        apart: {type: 'boolean', default: false},
        tolerance: {type: 'string', default: '250'},
        wait: {type: 'string', default: '15000'},
    },
});

const [base, streamer, duration, ...sources] = positionals;

if (sources.length === 0) {
    console.error('usage: hls_check.mjs BASE_URL STREAMER SECONDS SOURCE... [options]');
    process.exit(2);
}

const list = (text) => text.split(',').filter(Boolean);
const variable = list(options.variable);
const tolerance = Number(options.tolerance);

/** Rules that this source may break. */
const allowed = (source) => list(options.allow).filter((entry) => entry.startsWith(`${source}:`))
    .map((entry) => entry.slice(source.length + 1));

/** The value below which this share of a sorted list is. */
const share = (sorted, part) => sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)];

function measurements(name, {firstPlaylist, endedAfter, latencies, parts, segments, playlists, deltas, bytes}) {
    const ms = (value) => (value === null || value === undefined ? '-' : `${Math.round(value)} ms`);
    const sorted = [...latencies].sort((a, b) => a - b);

    note(`${name}: first playlist after ${ms(firstPlaylist)}, ended after ${ms(endedAfter)}`);
    note(`${name}: latency of ${sorted.length} parts: median ${ms(share(sorted, 0.5))}, p95 `
         + `${ms(share(sorted, 0.95))}, min ${ms(sorted[0])}, max ${ms(sorted.at(-1))}`);
    note(`${name}: ${playlists} playlists (${deltas} deltas), ${parts} parts, ${segments} segments, ${bytes} bytes`);
}

function verdict(name, findings) {
    const may = allowed(name);

    for (const [group, rules] of GROUPS) {
        const judged = rules.filter((rule) => findings.judged(rule) > 0);
        const broken = judged.filter((rule) => findings.count(rule) > 0);
        const none = judged.length === 0 ? ', nothing to judge' : '';

        ok(broken.every((rule) => may.includes(rule)), `${name}: ${group} (${rules.join(' ')})${none}`);

        for (const rule of broken) {
            const allowance = may.includes(rule) ? ', allowed' : '';

            note(`  ${rule} ${findings.count(rule)} of ${findings.judged(rule)}${allowance}`);
            findings.texts(rule).forEach((text) => note(`    ${rule} ${text}`));
        }
    }

    for (const rule of list(options.need)) {
        ok(findings.judged(rule) > 0, `${name}: ${rule} was looked at`);
    }

    note(`${name}: looked at ${GROUPS.flatMap(([, rules]) => rules).filter((rule) => findings.judged(rule) > 0)
        .map((rule) => `${rule} ${findings.judged(rule)}`).join(', ')}`);
}

/** The multivariant playlist of the streamer. */
async function angles(client, urls) {
    const findings = new Findings();
    const url = `${base.replace(/\/$/, '')}/${streamer}/index.m3u8`;
    const answer = await client.get(url);

    if (findings.judge('A1', answer.status === 200, `${answer.status || answer.error} for ${url}`)) {
        judgeTransport(findings, answer, {kind: 'multivariant', targetDuration: null});
        judgeAngles(findings, parsePlaylist(String(answer.body), url), urls);
    }

    ok(findings.broken.length === 0, `${streamer}: the sources as angles (A1)`);
    findings.broken.forEach((rule) => findings.texts(rule).forEach((text) => note(`    ${rule} ${text}`)));
}

const client = new Client();
const delay = monitorEventLoopDelay({resolution: 10});
const set = options.apart ? null : new SetRules({tolerance});

delay.enable();

const players = sources.map((source) => {
    const findings = new Findings();
    const player = new HlsPlayer(client, findings, {
        url: `${base.replace(/\/$/, '')}/${streamer}/${source}/index.m3u8`, tolerance, wait: Number(options.wait),
        variable: variable.includes(source), ended: options.ended, set,
    });

    return {source, findings, player};
});

await Promise.all(players.map(({player}) => player.run(Number(duration))));

if (!options.apart && !options.ended) {
    await angles(client, players.flatMap(({player}) => player.urls));
}

client.close();

for (const {source, findings, player} of players) {
    verdict(source, findings);
    measurements(source, player.figures);
}

note(`the checker itself was late by ${Math.round(delay.percentile(99) / 1e6)} ms (p99), `
     + `${Math.round(delay.max / 1e6)} ms at most`);
done();
