/*
 * Asks a live source for what players do not ask for, or seldom: delivery directives right and wrong, names of nothing,
 * many at once, all methods, ranges and conditions; and looks at all headers.  Prints TAP, a test for each matter.
 *
 *     node hls_directives.mjs BASE_URL STREAMER SOURCE [--tolerance=MS]
 */

import {setMaxListeners} from 'node:events';
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';

import {sleep} from './hls_clock.mjs';
import {Client} from './hls_fetch.mjs';
import {Findings} from './hls_findings.mjs';
import {holdLimit} from './hls_limits.mjs';
import {contains, lastOf, nextOf, parsePlaylist} from './hls_playlist.mjs';
import {PlaylistRules} from './hls_rules.mjs';
import {judgeTransport} from './hls_transport.mjs';
import {done, note, ok} from './tap.mjs';

/** Requests that are equal and sent at once: B12. */
const EQUAL = 20;

/** Requests that are given up while they are held: B10. */
const ABANDONED = 60;

/** ms after which a request that is not answered is held. */
const HELD = 300;

const nameOf = (url) => url.split('/').at(-1);

/** One matter: its findings and the requests for it. */
class Matter {
    #client;
    #url;
    #rules;

    constructor(client, url, tolerance) {
        this.#client = client;
        this.#url = url;
        this.tolerance = tolerance;
        this.findings = new Findings();
        this.#rules = new PlaylistRules(this.findings, {url, tolerance, paced: false});
    }

    judge(rule, pass, text) {
        return this.findings.judge(rule, pass, text);
    }

    get targetDuration() {
        return this.#rules.targetDuration;
    }

    /** The answer for a query of the media playlist, or for something beside it; its headers are judged. */
    async get(what, {kind = /^\?|^$/.test(what) ? 'playlist' : 'media', ...options} = {}) {
        const url = new URL(what, this.#url).href;
        const answer = await this.#client.get(url, {timeout: 15000, ...options});

        if (!options.signal?.aborted && (options.method ?? 'GET') === 'GET') {
            judgeTransport(this.findings, answer, {
                kind, gzip: options.gzip, blocking: what.includes('_HLS_msn='), targetDuration: this.targetDuration,
            });
        }

        return answer;
    }

    /** The whole playlist of this moment. */
    async now() {
        const answer = await this.get('');

        return this.#rules.receive(answer, {})?.model ?? null;
    }

    /** What a playlist has that came for directives; null if none came. */
    take(answer, directives) {
        return this.#rules.receive(answer, directives)?.model ?? null;
    }

    /** A delta update and the whole list, which were asked for at once. */
    compare(delta, whole, directives) {
        const one = this.#rules.receive(delta, directives);
        const other = this.#rules.receive(whole, {...directives, skip: null});

        if (one?.delta && other) {
            this.#rules.compare(one.model, other.model);
        }
    }

    /** Whether it came at once. */
    atOnce(rule, answer) {
        const time = answer.done - answer.sent;

        return this.judge(rule, time <= this.tolerance, () =>
            `${nameOf(answer.url)} was answered (${answer.status}) after ${Math.round(time)} ms`);
    }

    /** An answer of this status, at once. */
    async expect(rule, what, status, options) {
        const answer = await this.get(what, options);

        this.judge(rule, answer.status === status, () =>
            `${nameOf(answer.url)} was answered with ${answer.status || answer.error}, not with ${status}`);
        this.atOnce(rule, answer);

        return answer;
    }

    /** A list with what is wanted, held for it if need be. */
    async wanted(rule, msn, part = null, more = '') {
        const query = `?_HLS_msn=${msn}${part === null ? '' : `&_HLS_part=${part}`}${more}`;
        const answer = await this.get(query);
        const model = answer.status === 200 ? parsePlaylist(String(answer.body), this.#url) : null;

        this.judge(rule, model !== null && (model.ended || contains(model, msn, part)), () =>
            `${query}: ${model ? `the list ends before ${nextOf(model).msn}.${nextOf(model).part}`
                : answer.status || answer.error}`);

        return {answer, model};
    }
}

/** A moment at which few parts of the open segment are there, so that it does not end while it is asked about. */
async function early(matter) {
    let model = await matter.now();

    for (let i = 0; i < 40 && model && (model.open?.parts.length ?? 0) !== 1; i++) {
        const {msn, part} = nextOf(model);

        model = matter.take(await matter.get(`?_HLS_msn=${msn}&_HLS_part=${part}`), {msn, part});
    }

    return model;
}

/** What comes of requests while one segment is open; on a slow machine at the third try, if even then. */
async function unmoved(matter, ask) {
    for (let tries = 1; ; tries++) {
        const model = await early(matter);
        const result = await ask(model);

        if (tries === 3 || nextOf(await matter.now()).msn === nextOf(model).msn) {
            return result;
        }
    }
}

/** Equal for answers of the same moment: what comes later may tell more. */
function momentOf({status, body}) {
    const {msn, part} = status === 200 ? nextOf(parsePlaylist(String(body), 'http://127.0.0.1/')) : {};

    return `${status} ${msn} ${part}`;
}

function grouped(answers) {
    const groups = new Map();

    answers.forEach((answer) => groups.set(momentOf(answer), [...groups.get(momentOf(answer)) ?? [], answer]));

    return groups.values();
}

const MATTERS = {
    async 'directives without sense are refused (B2)'(matter) {
        const {msn} = nextOf(await matter.now());

        for (const query of ['_HLS_part=0', '_HLS_part=0&_HLS_skip=YES', '_HLS_msn=', '_HLS_msn=abc', '_HLS_msn=-1',
            '_HLS_msn=1.5', '_HLS_msn=1e3', '_HLS_msn=0x10', `_HLS_msn=${'9'.repeat(30)}`,
            `_HLS_msn=${msn}&_HLS_part=x`, `_HLS_msn=${msn}&_HLS_part=-1`, `_HLS_msn=${msn}&_HLS_part=`])
        {
            await matter.expect('B2', `?${query}`, 400);
        }
    },

    async 'unknown directives are ignored (B2)'(matter) {
        await matter.now();

        for (const query of ['_HLS_later=1', '_HLS_skip=MAYBE', '_HLS_=', '_HLS_push=1&x']) {
            const answer = await matter.expect('B2', `?${query}`, 200);

            matter.judge('B2', !String(answer.body).includes('#EXT-X-SKIP'), `a delta update for ${query}`);
        }
    },

    async 'what is too far ahead is refused at once (B4)'(matter) {
        const {answers, far} = await unmoved(matter, async (model) => {
            const {msn, part} = nextOf(model);
            const beyond = part + (model.partTarget < 1 ? Math.ceil(3 / model.partTarget) : 3) + 40;
            const stop = new AbortController();
            const get = (query) => Promise.race([
                matter.get(`?${query}`, {signal: stop.signal}),
                sleep(matter.tolerance, {status: 0, error: 'nothing at once', url: query}),
            ]);
            const all = await Promise.all([
                `_HLS_msn=${msn + 4}`, `_HLS_msn=${msn + 4}&_HLS_part=0`, `_HLS_msn=${msn + 1000}`,
                `_HLS_msn=${msn}&_HLS_part=${beyond}`, `_HLS_msn=${msn + 1}&_HLS_part=${beyond}`,
            ].map(get));

            stop.abort();

            return {answers: all.slice(0, 3), far: all.slice(3)};
        });
        const said = ({url, status, error}) => `${nameOf(url)}: ${status || error}, not 400`;

        answers.forEach((answer) => matter.judge('B4', answer.status === 400, () => said(answer)));

        /* one of them is lenient, for players that ask for the part that was the last one of the segment before */
        matter.judge('B4', far.some(({status}) => status === 400), () => far.map(said).join('; '));
    },

    async 'the last part index of the segment before is let through (B4)'(matter) {
        const {segments, open} = await early(matter);
        const parts = segments.at(-1).parts.length;

        if (open && parts > 0) {
            await matter.wanted('B4', open.msn, parts - 1);
        }
    },

    async 'what is old is answered at once with the whole list (B1)'(matter) {
        const model = await matter.now();
        const {msn, part} = lastOf(model);

        for (const [m, p] of [[0, null], [0, 0], [model.mediaSequence, null], [model.segments.at(-1).msn, null],
            [msn, part], [model.segments.at(-1).msn, 0]])
        {
            const {answer} = await matter.wanted('B1', m, p);

            matter.atOnce('B1', answer);
            matter.take(answer, {});
        }
    },

    async 'the next part is waited for (B1)'(matter) {
        for (let i = 0; i < 4; i++) {
            const {msn, part} = nextOf(await matter.now());
            const {answer} = await matter.wanted('B1', msn, part);

            matter.take(answer, {msn, part});
        }
    },

    async 'the next segment is waited for (B1)'(matter) {
        const {msn} = nextOf(await matter.now());
        const {answer} = await matter.wanted('B1', msn);

        matter.take(answer, {msn});
    },

    async 'the segment after the next one is waited for, not for too long (B5)'(matter) {
        const model = await matter.now();
        const {msn} = nextOf(model);
        const answer = await matter.get(`?_HLS_msn=${msn + 1}`);
        const held = answer.first - answer.sent;

        matter.judge('B5', held <= holdLimit(model.targetDuration) + matter.tolerance, () =>
            `held for ${Math.round(held)} ms`);
        matter.judge('B5', answer.status === 200 || answer.status === 503, `${answer.status || answer.error}`);

        if (answer.status === 200) {
            matter.take(answer, {msn: msn + 1});
        }
    },

    async 'a part beyond the last one of a segment is the first one of the next (B3)'(matter) {
        const {segments} = await matter.now();
        const {msn, parts} = segments.at(-1);

        for (const part of [parts.length, parts.length + 1, parts.length + 5]) {
            await matter.wanted('B3', msn, part);
        }

        const before = segments.at(-2);

        if (before?.parts.length) {
            const {answer} = await matter.wanted('B3', before.msn, before.parts.length);

            matter.atOnce('B3', answer);
        }
    },

    async 'delta updates (B6)'(matter) {
        for (const skip of ['YES', 'v2']) {
            const {msn, part} = nextOf(await matter.now());
            const query = `?_HLS_msn=${msn}&_HLS_part=${part}`;

            matter.take(await matter.get(`?_HLS_skip=${skip}`), {skip});
            matter.compare(...await Promise.all([
                matter.get(`${query}&_HLS_skip=${skip}`), matter.get(query),
            ]), {msn, part, skip});
        }
    },

    async 'what does not exist is not waited for (B8)'(matter) {
        const model = await early(matter);
        const hint = nameOf(model.hints.find(({type}) => type === 'PART')?.uri ?? '');
        const match = hint.match(/^([0-9a-f]{11})-(\d+)\.(\d+)\.m4s$/);
        const names = ['nothing.m4s', 'nothing.mp4', 'nothing.m3u8', '.m4s', '0.m4s', 'index',
                       '-1.m4s', 'live.m3u8x', 'live.m3u8/'];

        if (match) {
            const [, epoch, number, part] = match;
            const msn = Number(number);
            const other = epoch.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));

            names.push(`${epoch}-${msn + 60}.0.m4s`, `${epoch}-${msn + 60}.m4s`, `${epoch}-${msn}.${part + 500}.m4s`,
                       `${other}-${msn}.${part}.m4s`, `${other}-${msn}.m4s`, `${other}-0.mp4`, `${epoch}-99.mp4`,
                       `${epoch}-0${msn}.m4s`, `${epoch}-${msn}.0${part}.m4s`, `${epoch}-${msn}.m4`, `${epoch}-.m4s`,
                       `${epoch.toUpperCase()}-x.m4s`, `${epoch}-${msn}.-1.m4s`, `${epoch}-${'9'.repeat(30)}.m4s`,
                       `${epoch}-${msn}.${'9'.repeat(30)}.m4s`, `${epoch}-${msn}.0.0.m4s`);
        }

        for (const name of names) {
            await matter.expect('B8', name, 404);
        }
    },

    async 'a part that is hinted at is waited for, and comes whole (B8)'(matter) {
        for (let i = 0; i < 3; i++) {
            const {hints} = await matter.now();
            const {uri} = hints.find(({type}) => type === 'PART') ?? {};

            if (!matter.judge('L14', uri !== undefined, 'no hint')) {
                return;
            }

            const answer = await matter.get(uri, {kind: 'media'});

            if (matter.judge('B8', answer.status === 200 && answer.body.length > 0, () =>
                `${nameOf(uri)}: ${answer.status || answer.error}`))
            {
                const again = await matter.get(uri, {kind: 'media'});

                matter.judge('B8', again.body.equals(answer.body), `${nameOf(uri)} is another one the second time`);
                matter.judge('B8', answer.done - answer.first <= matter.tolerance, `${nameOf(uri)} trickles`);
            }
        }
    },

    async 'requests that are given up leave nothing behind (B10)'(matter) {
        const {msn, part} = nextOf(await matter.now());
        const stop = new AbortController();
        setMaxListeners(0, stop.signal);

        const given = Array.from({length: ABANDONED}, (_, i) => matter.get(i % 2 === 0 ? `?_HLS_msn=${msn + 1}&x=${i}`
            : `?_HLS_msn=${msn}&_HLS_part=${part + 1}&x=${i}`, {signal: stop.signal, alone: true}));

        await sleep(HELD);
        stop.abort();
        await Promise.all(given);

        const model = await matter.now();
        const next = nextOf(model);
        const {answer} = await matter.wanted('B10', next.msn, next.part);

        matter.judge('B10', answer.status === 200, `${answer.status} after ${ABANDONED} requests were given up`);
    },

    async 'directives among other parameters, in any order (B11)'(matter) {
        for (const order of [(m, p) => `a=1&_HLS_msn=${m}&b&_HLS_part=${p}&token=x%26y`,
            (m, p) => `_HLS_part=${p}&_HLS_msn=${m}`, (m, p) => `z=_HLS_msn%3D0&_HLS_part=${p}&&_HLS_msn=${m}&`,
            (m, p) => `x_HLS_msn=0&_HLS_msn=${m}&_HLS_msn_=abc&_HLS_part=${p}`])
        {
            const {msn, part} = nextOf(await matter.now());
            const query = `?${order(msn, part)}`;
            const answer = await matter.get(query);
            const model = answer.status === 200 ? parsePlaylist(String(answer.body), answer.url) : null;

            matter.judge('B11', model && contains(model, msn, part), () => `${query}: ${answer.status || answer.error}`
                + `${model ? ', and not what was asked for' : ''}`);
        }
    },

    async 'equal requests have equal answers (B12)'(matter) {
        const {msn, part} = nextOf(await matter.now());

        for (const query of [`?_HLS_msn=${msn}&_HLS_part=${part}`,
            `?_HLS_msn=${msn}&_HLS_part=${part + 1}&_HLS_skip=YES`, `?_HLS_msn=${msn + 1}`])
        {
            const answers = await Promise.all(Array.from({length: EQUAL}, () => matter.get(query, {alone: true})));
            const alike = grouped(answers);

            matter.judge('B12', answers.every(({status}) => status === 200), () =>
                `${query}: ${answers.map(({status}) => status)}`);

            for (const same of alike) {
                const bodies = new Set(same.map(({body}) => String(body)));
                const times = same.map(({done: time}) => time);

                matter.judge('B12', bodies.size === 1, `${query}: ${bodies.size} different answers`);
                const spread = Math.max(...times) - Math.min(...times);

                matter.judge('B12', spread <= matter.tolerance, () =>
                    `${query}: the last answer came ${Math.round(spread)} ms after the first`);
            }
        }
    },

    async 'methods (C6)'(matter) {
        const {segments} = await matter.now();
        const {uri} = segments.at(-1);

        for (const what of ['', uri]) {
            const preflight = await matter.get(what, {method: 'OPTIONS', headers: {
                'Origin': 'http://elsewhere.example', 'Access-Control-Request-Method': 'GET',
                'Access-Control-Request-Headers': 'range',
            }});

            matter.judge('C6', [200, 204].includes(preflight.status)
                         && preflight.headers['access-control-allow-origin'] === '*', () =>
                `OPTIONS of ${nameOf(uri)}: ${preflight.status}`);

            const head = await matter.get(what, {method: 'HEAD'});

            matter.judge('C6', head.status === 200 && head.length === 0
                         && head.headers['content-type'] !== undefined, `HEAD: ${head.status}`);

            for (const method of ['POST', 'PUT', 'DELETE']) {
                const {status} = await matter.get(what, {method, body: method === 'DELETE' ? undefined : 'x'});

                matter.judge('C6', status === 405, `${method}: ${status}`);
            }
        }
    },

    async 'ranges (C6)'(matter) {
        const {segments} = await matter.now();
        const {uri, parts, map} = segments.at(-1);

        for (const url of [uri, parts.at(-1)?.uri, map].filter(Boolean)) {
            const whole = await matter.get(url, {kind: 'media'});
            const size = whole.body.length;
            const head = await matter.get(url, {kind: 'media', method: 'HEAD'});

            matter.judge('C6', head.status === 200 && Number(head.headers['content-length']) === size, () =>
                `HEAD of ${nameOf(url)}: ${head.status}, ${head.headers['content-length']} of ${size} bytes`);

            for (const [range, from, to] of [['0-0', 0, 0], ['1-10', 1, 10], [`${size >> 1}-`, size >> 1, size - 1],
                ['-7', size - 7, size - 1], [`3-${size + 1000}`, 3, size - 1]])
            {
                const {status, body, headers} = await matter.get(url, {
                    kind: 'media', headers: {Range: `bytes=${range}`},
                });

                matter.judge('C6', status === 206 && body.equals(whole.body.subarray(from, to + 1))
                             && headers['content-range'] === `bytes ${from}-${to}/${size}`, () =>
                    `bytes=${range} of ${nameOf(url)}: ${status}, ${headers['content-range']}, ${body.length} bytes`);
            }

            const {status, headers} = await matter.get(url, {kind: 'media', headers: {Range: `bytes=${size}-`}});

            matter.judge('C6', status === 416 && headers['content-range'] === `bytes */${size}`, () =>
                `bytes=${size}- of ${nameOf(url)}: ${status}, ${headers['content-range']}`);
        }
    },

    async 'conditional requests (C6)'(matter) {
        const {segments} = await matter.now();
        const {uri, parts, map} = segments.at(-1);

        for (const url of [uri, parts.at(-1)?.uri, map].filter(Boolean)) {
            const {headers, body} = await matter.get(url, {kind: 'media'});
            const conditions = [
                headers.etag && ['If-None-Match', headers.etag],
                headers['last-modified'] && ['If-Modified-Since', headers['last-modified']],
            ];

            for (const [name, value] of conditions.filter(Boolean)) {
                const answer = await matter.get(url, {kind: 'media', headers: {[name]: value}});

                matter.judge('C6', answer.status === 304 && answer.length === 0, () =>
                    `${name} of ${nameOf(url)}: ${answer.status}`);
            }

            const other = await matter.get(url, {kind: 'media', headers: {'If-None-Match': '"another"'}});

            matter.judge('C6', other.status === 200 && other.body.equals(body), `If-None-Match: ${other.status}`);
        }
    },

    async 'types, compression and lifetimes (C3, C4)'(matter) {
        await matter.now();

        const {segments} = await matter.now();
        const {msn, part} = nextOf(await matter.now());
        const {uri, parts, map} = segments.at(-1);

        for (const gzip of [true, false]) {
            for (const what of ['', '?_HLS_skip=YES', `?_HLS_msn=${msn}&_HLS_part=${part}`]) {
                await matter.get(what, {gzip});
            }

            for (const what of [uri, parts.at(-1)?.uri, map].filter(Boolean)) {
                await matter.get(what, {kind: 'media', gzip});
            }

            await matter.get('index.m3u8', {kind: 'multivariant', gzip});
        }

        await matter.get('', {headers: {'Accept-Encoding': 'gzip;q=0'}});
        await matter.get('', {headers: {'Accept-Encoding': 'identity'}});
    },
};

/**
 * Asks for all of that.
 *
 * @param {Client} client
 * @param {{url: string, tolerance?: number, only?: RegExp}} options url of the media playlist; only: matters whose
 *     names match
 * @returns {Promise<{name: string, findings: Findings}[]>}
 */
export function askAll(client, {url, tolerance = 250, only = /^/}) {
    return Promise.all(Object.entries(MATTERS).filter(([name]) => only.test(name)).map(async ([name, ask]) => {
        const matter = new Matter(client, url, tolerance);

        try {
            await ask(matter);
        } catch (error) {
            matter.findings.fail('P', `it broke off: ${error.stack}`);
        }

        return {name, findings: matter.findings};
    }));
}

async function main() {
    const {values, positionals: [base, streamer, source]} = parseArgs({
        allowPositionals: true, options: {tolerance: {type: 'string', default: '250'}},
    });

    if (!source) {
        console.error('usage: hls_directives.mjs BASE_URL STREAMER SOURCE [--tolerance=MS]');
        process.exit(2);
    }

    const client = new Client();
    const results = await askAll(client, {
        url: `${base.replace(/\/$/, '')}/${streamer}/${source}/live.m3u8`, tolerance: Number(values.tolerance),
    });

    for (const {name, findings} of results) {
        ok(findings.broken.length === 0, name);

        for (const rule of findings.broken) {
            note(`  ${rule} ${findings.count(rule)} of ${findings.judged(rule)}`);
            findings.texts(rule).forEach((text) => note(`    ${rule} ${text}`));
        }
    }

    client.close();
    done();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    await main();
}
