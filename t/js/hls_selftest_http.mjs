/*
 * What the checker asks for, and what it finds in answers, seen on sources that are served as they ought to be and
 * otherwise.
 */

import {now} from './hls_clock.mjs';
import {askAll} from './hls_directives.mjs';
import {Client} from './hls_fetch.mjs';
import {Findings, GROUPS} from './hls_findings.mjs';
import {Origin, ServedSource, waiting} from './hls_origin.mjs';
import {HlsPlayer} from './hls_player.mjs';
import {answerOf, FIRST, reported, SECOND, shown, START} from './hls_replay.mjs';
import {SyntheticSource} from './hls_synthetic.mjs';
import {judgeTransport} from './hls_transport.mjs';
import {box} from './mp4_writer.mjs';
import {is, note} from './tap.mjs';

/** Headers. */
export function transport() {
    const good = {
        'access-control-allow-origin': '*', 'access-control-expose-headers': 'Age, Date, Content-Length',
        'content-type': 'application/vnd.apple.mpegurl', 'vary': 'Accept-Encoding', 'cache-control': 'max-age=12',
    };
    const media = {
        ...good, 'content-type': 'video/mp4', 'cache-control': 'max-age=31536000, immutable', 'vary': undefined,
    };

    const judge = (expected, name, how, gzip = false) => {
        const {kind = 'playlist', blocking = true, held = 200, status = 200, ...headers} = how;
        const findings = new Findings();

        judgeTransport(findings, {
            ...answerOf('http://127.0.0.1/x', 'x', START - held, START), status,
            headers: {...kind === 'media' ? media : good, ...headers},
        }, {kind, blocking, gzip, targetDuration: 2});
        reported(findings, expected, name);
    };

    judge('', 'headers of a playlist that was waited for', {});
    judge('', 'of another', {blocking: false, 'cache-control': 'max-age=1'});
    judge('', 'of one that did not block', {held: 1, 'cache-control': 'max-age=1'});
    judge('', 'of media', {kind: 'media'});
    judge('', 'of what is not there', {kind: 'media', status: 404, 'cache-control': 'max-age=2'});
    judge('', 'of an error', {status: 503, 'cache-control': 'no-store'});
    judge('', 'of a compressed playlist', {'content-encoding': 'gzip'}, true);
    judge('C3', 'a type', {'content-type': 'audio/mpegurl'});
    judge('C3', 'a type of media', {kind: 'media', 'content-type': 'application/octet-stream'});
    judge('C3', 'no Vary', {vary: undefined});
    judge('C3', 'gzip that was not asked for', {'content-encoding': 'gzip'});
    judge('C3', 'no gzip', {}, true);
    judge('C3', 'compressed media', {'kind': 'media', 'content-encoding': 'gzip'}, true);
    judge('C4', 'a long life', {'cache-control': 'max-age=60'});
    judge('C4', 'a short life', {'cache-control': 'max-age=1'});
    judge('C4', 'a life of a list that did not block', {blocking: false, 'cache-control': 'max-age=2'});
    judge('C4', 'no life', {blocking: false, 'cache-control': undefined});
    judge('C4', 'a short life of media', {kind: 'media', 'cache-control': 'max-age=2'});
    judge('C4', 'a long life of what is not there', {
        'kind': 'media', 'blocking': false, 'status': 404, 'cache-control': 'max-age=60',
    });
    judge('C4', 'an error that is stored', {status: 400, 'cache-control': 'max-age=1'});
    judge('C6', 'no Access-Control-Allow-Origin', {'access-control-allow-origin': undefined});
    judge('C6', 'no Age for pages', {'access-control-expose-headers': 'Date, Content-Length'});
    judge('C7', 'a cookie', {'set-cookie': ['a=b']});
}

/** s for which sources are watched, and ms since they have begun. */
const WATCH = 2.2;
const AGE = 30000;

/** s within which they list parts: fewer than they might, which makes less work. */
const SHORT = 1.2;

/** A source that is served, and what of it was overridden. */
export function served(overrides = () => ({}), options = {}) {
    const source = new ServedSource({start: Math.floor(now()) - AGE, ...options});

    source.reach = SHORT;

    return Object.defineProperties(source, Object.getOwnPropertyDescriptors(overrides(source)));
}

const {text: honest, piece, playlist, wanted, media: file, directives: understood} = ServedSource.prototype;

/** What players run into: rules, name, source, options of the player. */
const WATCHED = [
    ['', 'right', () => served()],
    ['', 'ends', () => served(undefined, {endAt: 150 + 7}), {ended: true}],
    ['', 'restarts', () => served(undefined, {
        sessions: [{msn: 0, epoch: FIRST}, {msn: 31, epoch: SECOND, parts: 3, pause: 0.3}],
    })],
    ['', 'gaps', () => served((source) => ({lost: Array.from({length: 40}, (_, i) => ({msn: i, part: 2}))}))],
    ['END', 'ends-too-soon', () => served(undefined, {endAt: 150 + 4})],
    ['END', 'goes-on', () => served(), {ended: true}],
    ['L19', 'blocks-after-the-end', () => served((source) => ({
        wanted: (directives, count) => (source.state(count).ended && directives.msn > 100 ? Infinity
            : wanted.call(source, directives, count)),
    }), {endAt: 150 + 4}), {ended: true}],
    ['B1', 'does-not-wait', () => served((source) => ({
        wanted: () => 0,
    }))],
    ['B6', 'drops-a-tag', () => served((source) => ({
        text: (count, skip) => honest.call(source, count, skip)
            .replace(skip ? '#EXT-X-INDEPENDENT-SEGMENTS\n' : '', ''),
    }))],
    ['B8', 'knows-no-hints', () => served((source) => ({
        piece: async (epoch, msn, part) => (part !== null && source.segment(msn).first + part >= source.count(now())
            ? null : piece.call(source, epoch, msn, part)),
    }))],
    ['B8', 'sends-other-bytes', () => served((source) => {
        const seen = new Set();

        return {piece: async (epoch, msn, part) => {
            const body = await piece.call(source, epoch, msn, part);
            const name = `${msn}.${part}`;
            const again = seen.has(name);

            seen.add(name);

            return body && part === 3 && msn >= 30 && again ? Buffer.concat([body.subarray(0, -1), Buffer.from([255])])
                : body;
        }};
    })],
    ['B8', 'trickles', () => served(() => ({
        send: (response, body, type) => {
            if (type !== 'video/mp4' || body.length < 10) {
                response.end(body);
                return;
            }

            response.write(body.subarray(0, 10));
            void waiting(400).then(() => response.end(body.subarray(10)));
        },
    }))],
    ['B12', 'signs-each-list', () => served((source) => {
        let n = 0;

        return {list: (count, skip) => Buffer.from(`${honest.call(source, count, skip)}# ${n++}\n`)};
    })],
    ['L12', 'forgets-parts', () => served((source) => ({
        piece: async (epoch, msn, part) => (part !== null && msn < source.state(source.count(now())).open - 3 ? null
            : piece.call(source, epoch, msn, part)),
    }))],
    ['L13', 'forgets-segments', () => served((source) => ({
        piece: async (epoch, msn, part) => (part === null && msn < source.state(source.count(now())).first ? null
            : piece.call(source, epoch, msn, part)),
    }))],
    ['L17', 'lacks-segments', () => served((source) => ({
        piece: async (epoch, msn, part) => (part === null && msn > 25 ? null : piece.call(source, epoch, msn, part)),
    }))],
    ['L23', 'has-other-segments', () => served((source) => ({
        whole: (...args) => Buffer.concat([ServedSource.prototype.whole.apply(source, args), box('styp')]),
    }))],
    ['L21', 'has-another-codec', () => served((source) => ({
        multivariant: () => SyntheticSource.prototype.multivariant.call(source).replace('mp4a.40.2', 'mp4a.40.5'),
    }))],
    ['C3', 'never-compresses', () => served(() => ({compresses: () => false}))],
    ['C4', 'lives-too-long', () => served((source) => ({lifetime: () => ({'Cache-Control': 'max-age=600'})}))],
    ['C6', 'ignores-ranges', () => served((source) => ({
        media: async (name) => {
            const reply = await file.call(source, name);

            delete reply.headers.ETag;
            return reply;
        },
    }))],
    ['C6', 'is-for-itself', () => served(() => ({common: () => ({})}))],
    ['C7', 'has-cookies', () => served(() => ({
        common: () => ({...ServedSource.prototype.common(), 'Set-Cookie': 'viewer=1'}),
    }))],
];

/** What odd requests run into: rules, name, source, and of which kind of requests; all of them if it is not told. */
const ASKED = [
    ['', 'asked-right', () => served()],
    ['', 'asked-with-another-limit', () => served((source) => ({
        /* lenient to the segment after the next one, not to the open one */
        wanted: (directives, count) => {
            const {open, parts} = source.state(count);

            return directives.msn === open && directives.part > parts + 15 ? Infinity
                : directives.msn === open + 1 && directives.part > 15 ? source.segment(open + 2).first + 1
                    : wanted.call(source, directives, count);
        },
    })), /far ahead|let through/],
    ['B1', 'holds-what-is-old', () => served((source) => ({
        wanted: (directives, count) => (directives.msn === 0 ? count + 10 : wanted.call(source, directives, count)),
    })), /is old/],
    ['B2', 'takes-anything', () => served((source) => ({
        directives: (query) => understood.call(source, query) ?? {msn: null, part: null, skip: false},
    })), /without sense/],
    ['B2', 'refuses-the-unknown', () => served((source) => ({
        directives: (query) => (/_HLS_(later|push)/.test(query) ? null : understood.call(source, query)),
    })), /unknown/],
    ['B3', 'wants-the-exact-part', () => served((source) => ({
        wanted: (directives, count) => {
            const {open} = source.state(count);

            return directives.msn === open - 1 && directives.part >= source.segmentParts ? Infinity
                : wanted.call(source, directives, count);
        },
    })), /beyond/],
    ['B4', 'waits-for-anything', () => served((source) => ({
        wanted: (directives, count) => {
            const need = wanted.call(source, directives, count);

            return need === Infinity ? count + 20 : need;
        },
    })), /far ahead/],
    ['B4', 'refuses-hls-js', () => served((source) => ({
        wanted: (directives, count) => {
            const {open, parts} = source.state(count);

            return directives.msn === open && directives.part === source.segmentParts - 1 && parts < 2 ? Infinity
                : wanted.call(source, directives, count);
        },
    })), /let through/],
    ['B5', 'waits-for-ever', () => served((source) => ({
        patience: 60000,
        wanted: (directives, count) => {
            const {open} = source.state(count);

            return directives.msn === open + 1 && directives.part === null ? count + 25
                : wanted.call(source, directives, count);
        },
    })), /after the next/],
    ['B6', 'skips-too-much', () => served((source) => ({
        skipped: (state) => ServedSource.prototype.skipped.call(source, state) + 2,
    })), /delta/],
    ['B8', 'waits-for-the-impossible', () => served((source) => ({
        hintedInVain: async () => {
            await source.reached(source.count(now()) + 9);
            return null;
        },
    })), /not exist/],
    ['B8', 'knows-more-names', () => served((source) => ({
        media: (name) => file.call(source, name.replace(/([-.])0+(\d)/g, '$1$2')),
    })), /not exist/],
    ['B10', 'never-forgets-who-waits', () => served((source) => {
        let waiters = 0;

        return {playlist: async (query) => {
            waiters += /x=\d/.test(query) ? 1 : 0;

            return waiters > 50 && /_HLS_msn/.test(query) && !/x=/.test(query) && source.late++ > 0
                ? playlist.call(source, '_HLS_part=0') : playlist.call(source, query);
        }, late: 1};
    }), /given up/],
    ['B11', 'takes-the-first-parameter', () => served((source) => ({
        directives: (query) => understood.call(source, /^(_|$|x=)/.test(query) ? query : ''),
    })), /any order/],
    ['B11', 'takes-parameters-in-order', () => served((source) => ({
        directives: (query) => {
            const values = understood.call(source, query);

            return values && /_HLS_part=\d+&+_HLS_msn=/.test(query) ? {...values, msn: null, part: null} : values;
        },
    })), /any order/],
    ['B12', 'numbers-answers', () => served((source) => {
        let n = 0;

        return {list: (count, skip) => Buffer.from(`${honest.call(source, count, skip)}# ${n++}\n`)};
    }), /equal/],
    ['C3', 'compresses-everything', () => served(() => ({
        compresses: (headers, accepted) => /gzip/.test(accepted ?? ''),
    })), /types/],
    ['C4', 'stores-errors', () => served((source) => ({
        refuse: (status) => ({status, headers: {'Cache-Control': 'max-age=600'}}),
    })), /without sense|not exist/],
    ['C6', 'takes-posts', () => served(() => ({methods: ['GET', 'HEAD', 'POST']})), /methods/],
    ['C6', 'hides-the-age', () => served(() => ({
        common: () => ({...ServedSource.prototype.common(), 'Access-Control-Expose-Headers': 'Date'}),
    })), /hinted/],
    ['C7', 'has-cookies-for-all', () => served(() => ({
        common: () => ({...ServedSource.prototype.common(), 'Set-Cookie': 'viewer=1'}),
    })), /ranges/],
];

async function watched(client, base, [expected, name, , options = {}]) {
    const findings = new Findings();
    const player = new HlsPlayer(client, findings, {url: `${base}/alice/${name}/index.m3u8`, ...options});

    await player.run(WATCH);

    return {expected, name, findings, player};
}

async function asked(client, base, [expected, name, , only]) {
    const url = `${base}/alice/${name}/live.m3u8`;
    const results = await askAll(client, {url, only});

    return {expected, name, results};
}

export async function network() {
    const sources = Object.fromEntries([...WATCHED, ...ASKED].map(([, name, make]) => [name, make()]));
    const origin = new Origin(sources);
    const base = await origin.listen();
    const client = new Client();
    const [watch, ask] = await Promise.all([
        Promise.all(WATCHED.map((one) => watched(client, base, one))),
        Promise.all(ASKED.map((one) => asked(client, base, one))),
    ]);

    client.close();
    origin.close();

    for (const {expected, name, findings, player} of watch) {
        reported(findings, expected, `watched: ${name}`);

        if (name === 'right') {
            note(`${player.figures.parts} parts, ${player.figures.playlists} playlists`);
            unjudged(findings);
        }
    }

    for (const {expected, name, results} of ask) {
        const findings = results.filter(({findings: one}) => one.broken.length > 0);
        const broken = [...new Set(findings.flatMap(({findings: one}) => one.broken))].sort().join(' ');

        expected.split(' ').forEach((rule) => shown.add(rule));
        is(broken, expected, `${expected || 'right'}: asked: ${name}`);

        if (broken !== expected) {
            findings.forEach(({name: what, findings: one}) => one.broken.forEach((rule) =>
                one.texts(rule).forEach((text) => note(`  ${what}: ${rule} ${text}`))));
        }
    }
}

/** What a player on a source that is right has to have looked at, so that it is not for want of looking. */
function unjudged(findings) {
    const elsewhere = ['L11', 'L15', 'L19', 'L22', 'A1', 'B2', 'B3', 'B4', 'B9', 'B10', 'B11'];
    const blind = GROUPS.flatMap(([, rules]) => rules)
        .filter((rule) => findings.judged(rule) === 0 && !elsewhere.includes(rule));

    is(blind.join(' '), '', 'a player looks at all that there is');
}
