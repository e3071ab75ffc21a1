/*
 * The parts of the simulcast console that need no browser: the API against a server of its own, the event stream, the
 * fields and the words.  Prints TAP.
 */

import {createServer} from 'node:http';

import {pageModules} from './page_modules.mjs';
import {done, is, ok, until} from './tap.mjs';

const load = pageModules('simulcast');
const TOKEN = 'tok-0123456789abcdef';

/* ---------------------------------------------------------------- the event stream, as text */

const {EventParser} = await load('../common/event-parser.js');

function parsed(...pieces) {
    const events = [];
    const parser = new EventParser(({name, data}) => events.push(`${name}=${data}`));

    for (const piece of pieces) {
        parser.push(piece);
    }

    return events.join('|');
}

is(parsed('event: a\ndata: 1\n\n'), 'a=1', 'an event');
is(parsed('data: 1\n\ndata:2\n\n'), 'message=1|message=2', 'without a name, with and without the blank');
is(parsed('data:  1\n\n'), 'message= 1', 'one blank is cut, not two');
is(parsed('data: 1\ndata: 2\ndata\n\n'), 'message=1\n2\n', 'data of several lines');
is(parsed('event: a\n\ndata: 1\n\n'), 'message=1', 'a name without data is no event, and gone');
is(parsed(': comment\n\nid: 7\nretry: 100\nother: x\ndata: 1\n\n'), 'message=1', 'comments and other fields');
is(parsed('data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n'), 'message=1|message=2|message=3', 'ends of lines of all kinds');
is(parsed('data: 1\r', '\n\r', '\ndata: 2\r\n\r\n'), 'message=1|message=2', 'cut within an end of line');
is(parsed(...'event: x\r\ndata: {"a":"ü"}\r\n\r\n'), 'x={"a":"ü"}', 'cut everywhere');
is(parsed('\ufeffdata: 1\n\n'), 'message=1', 'a byte order mark is no part of it');
is(parsed('data: 1\n'), '', 'an event that is not complete is none');

for (const [what, text] of [['line', 'x'.repeat(2 << 20)], ['event', `data: ${'x'.repeat(2000)}\n`.repeat(1000)]]) {
    let thrown = null;

    try {
        parsed(text);

    } catch (error) {
        thrown = error;
    }

    ok(thrown instanceof RangeError, `a ${what} without an end is not waited for`);
}

/* ---------------------------------------------------------------- errors */

const {ApiError, retryAfterMs} = await load('../common/api-error.js');
const answer = (status, body = '') => ApiError.fromAnswer(status, body);
const refusal = answer(400, '{"success":false,"error":{"code":"bad","message":"no","field":"settings.bitrate"}}');

is([refusal.code, refusal.message, refusal.field, refusal.status].join(), 'bad,no,settings.bitrate,400',
   'an error has the words of the server');
is(answer(502, '<html>').code, 'http_502', 'or says what was answered');
is([answer(400, '{"error":{"code":"<b>","field":"<i>","message":7}}')].map(({code, field, message}) =>
    [code, field, message].join('|')).join(), 'http_400||the server answered 400', 'what is no word is not taken');
is(answer(400, `{"error":{"message":"${'x'.repeat(5000)}"}}`).message.length, 300, 'nor more than can be shown');
is([400, 401, 403, 404].filter((status) => !answer(status).final).join(), '', 'answers that are final');
is([408, 429, 500, 502, 503].filter((status) => answer(status).final).join(), '', 'answers that pass');
is([retryAfterMs('7', 0), retryAfterMs('Thu, 01 Jan 1970 00:00:09 GMT', 2000), retryAfterMs('soon', 0),
    retryAfterMs(null, 0), retryAfterMs('999999999', 0)].join(), '7000,7000,0,0,600000', 'Retry-After');

/* ---------------------------------------------------------------- requests */

const {SimulcastApi} = await load('api.js');
const seen = [];
let reply = (request, response) => response.end('{"success":true,"data":[]}');

const server = createServer((request, response) => {
    const pieces = [];

    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
        seen.push({request, text: Buffer.concat(pieces).toString()});
        reply(request, response);
    });
});

await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const base = `http://127.0.0.1:${server.address().port}/api`;
const api = new SimulcastApi(TOKEN, base);

async function sent(act) {
    seen.length = 0;
    await act().catch(() => {});

    const [{request, text}] = seen;

    return [request.method, request.url, text].join(' ').trim();
}

async function failure(act) {
    try {
        return `none: ${JSON.stringify(await act())}`;

    } catch (error) {
        return error;
    }
}

const ROUTES = [
    ['GET /api/destinations', () => api.destinations()],
    ['GET /api/destinations?stream_id=alice%3ACam&platform=twitch&is_enabled=false',
     () => api.destinations({streamId: 'alice:Cam', platform: 'twitch', isEnabled: false})],
    ['POST /api/destinations {"name":"x"}', () => api.create({name: 'x'})],
    ['GET /api/destinations/1', () => api.destination('1')],
    ['PATCH /api/destinations/1 {"name":"y"}', () => api.update('1', {name: 'y'})],
    ['DELETE /api/destinations/1', () => api.remove('1')],
    ['POST /api/destinations/1/test', () => api.test('1')],
    ['POST /api/destinations/1/refresh-token', () => api.refreshToken('1')],
    ['PUT /api/destinations/1/thumbnail PICTURE',
     () => api.setThumbnail('1', new Blob(['PICTURE'], {type: 'image/png'}))],
    ['GET /api/destinations/platforms/youtube/auth-url', () => api.authUrl('youtube')],
    ['POST /api/destinations/platforms/youtube/exchange-token '
     + '{"code":"c","state":"s","stream_id":"alice","name":"n"}',
     () => api.exchangeToken('youtube', {code: 'c', state: 's', streamId: 'alice', name: 'n'})],
    ['GET /api/destinations/platforms/facebook/pages?destination=1', () => api.facebookPages('1')],
    ['POST /api/simulcast/alice/start {}', () => api.start('alice')],
    ['POST /api/simulcast/alice:Cam/start {"inputSource":"Cam"}', () => api.start('alice:Cam', 'Cam')],
    ['POST /api/simulcast/alice/stop', () => api.stop('alice')],
    ['GET /api/simulcast/alice/status', () => api.status('alice')],
    ['GET /api/simulcast/alice/health', () => api.health('alice')],
    ['GET /api/simulcast/alice/metrics', () => api.metrics('alice')],
    ['POST /api/simulcast/alice/destinations/1/start', () => api.startDestination('alice', '1')],
    ['POST /api/simulcast/alice/destinations/1/stop', () => api.stopDestination('alice', '1')],
    ['DELETE /api/simulcast/alice/destinations/1', () => api.disableDestination('alice', '1')],
    ['GET /api/simulcast/a%2Fb%3F/status', () => api.status('a/b?')],
];

for (const [expected, act] of ROUTES) {
    is(await sent(act), expected, expected);
    is(seen[0].request.headers.authorization, `Bearer ${TOKEN}`, 'with the token in a header');
}

await sent(() => api.setThumbnail('1', new Blob(['PICTURE'], {type: 'image/png'})));
is(seen[0].request.headers['content-type'], 'image/png', 'a picture says what it is');
await sent(() => api.update('1', {name: 'y'}));
is(seen[0].request.headers['content-type'], 'application/json', 'so does JSON');

reply = (request, response) => response.end('{"success":true,"message":"Simulcast stopped"}');
is(await api.stop('alice'), null, 'a success without data');
reply = (request, response) => response.writeHead(204).end();
is(await api.remove('1'), null, 'and without a body');

for (const [body, what] of [['<html>', 'a page'], ['{"success":false}', 'no success'], ['null', 'nothing'],
                            ['[]', 'a bare list']]) {
    reply = (request, response) => response.end(body);
    is((await failure(() => api.status('alice'))).code, 'bad_answer', `${what} is no answer`);
}

reply = (request, response) => response.end('{"success":true,"data":{}}');
is((await failure(() => api.destinations())).code, 'bad_answer', 'destinations are a list');

reply = (request, response) => {
    response.writeHead(503, {'Retry-After': '3'});
    response.end('{"success":false,"error":{"code":"redis_unavailable","message":"Redis is away"}}');
};

const away = await failure(() => api.status('alice'));

is([away.code, away.status, away.retryAfter].join(), 'redis_unavailable,503,3000', 'the server\'s error');
reply = (request, response) => response.destroy();
is((await failure(() => api.status('alice'))).code, 'unreachable', 'a broken connection');

for (const token of ['', 'a b', 'a\r\nX: y', 'ü']) {
    const error = await failure(() => new SimulcastApi(token, base).status('alice'));

    is(error.code, 'bad_token', `${JSON.stringify(token)} is no token`);
    ok(token === '' || !error.message.includes(token), 'and is not in the message');
}

/* ---------------------------------------------------------------- the event stream, by HTTP */

const {EventFeed, backoffMs} = await load('../common/event-feed.js');
const limits = {first: 1000, max: 30000};
const SSE = {'Content-Type': 'text/event-stream'};

is([1, 2, 3, 6, 2000].map((failures) => backoffMs(failures, 1, limits)).join(), '1000,2000,4000,30000,30000',
   'the waiting doubles, up to a limit');
is(backoffMs(3, 0, limits), 2000, 'and is half of that at least');

function follow(feed) {
    const news = [];

    feed.addEventListener('open', () => news.push('open'));
    feed.addEventListener('close', ({error, final}) => news.push(`close ${error?.code ?? '-'} ${final}`));
    feed.addEventListener('message', ({name, data}) => news.push(`${name} ${JSON.stringify(data)}`));
    feed.open();

    return news;
}

let opened = 0;

reply = (request, response) => {
    opened++;
    response.writeHead(200, SSE);

    if (opened === 1) {
        response.end('event: a\ndata: {"n":1}\n\nevent: b\ndata: not JSON\n\n');

    } else {
        response.write(': hello\n\nevent: c\ndata: {"n":2}\n\n');
    }
};

seen.length = 0;

const feed = api.events('alice');
const news = follow(feed);

await until('a stream that ends is opened again', () => news.includes('c {"n":2}'), 10000);
is(news.join('; '), 'open; a {"n":1}; close - false; open; c {"n":2}', 'nothing is told twice, or left out');
is([seen[0].request.url, seen[0].request.headers.authorization].join(), `/api/simulcast/alice/events,Bearer ${TOKEN}`,
   'the token is in a header');
is(feed.state, 'open', 'it is open');
feed.close();
await until('a closed one stays closed', () => feed.state === 'closed', 5000);

const silent = new EventFeed(`${base}/simulcast/alice/events`, TOKEN, {silentMs: 300});

reply = (request, response) => response.writeHead(200, SSE).write(': hello\n\n');

const silence = follow(silent);

await until('one that says nothing is given up and tried again', () => silence.length >= 3, 10000);
is(silence.slice(0, 3).join('; '), 'open; close - false; open', 'in this order');
silent.close();

reply = (request, response) => response.writeHead(403).end('{"success":false,"error":{"code":"forbidden"}}');
seen.length = 0;

const refused = api.events('bob');
const refusals = follow(refused);

await until('a stream that is refused', () => refusals.length > 0, 5000);
is(refusals.join(), 'close forbidden true', 'is not asked for again');
refused.close();

reply = (request, response) => response.writeHead(200, {'Content-Type': 'text/html'}).end('<html>');

const page = api.events('alice');
const pages = follow(page);

await until('what is no stream', () => pages.length > 0, 5000);
is(pages[0], 'close bad_answer false', 'is not read as one');
page.close();
server.closeAllConnections();
server.close();

/* ---------------------------------------------------------------- settings */

const {PLATFORMS, changedSettings, faultOf, groupsOf, settingOf, shownValue} = await load('settings-fields.js');

for (const platform of Object.keys(PLATFORMS)) {
    const fields = groupsOf(platform).flatMap((group) => group.fields);
    const keys = fields.map(({key}) => key);

    is(new Set(keys).size, keys.length, `${platform}: a field is there once`);
    is(JSON.stringify(changedSettings(fields, {}, (field) => shownValue(field, undefined))), '{}',
       `${platform}: what nobody touched is not sent`);
}

const youtube = groupsOf('youtube').flatMap(({fields}) => fields);
const field = (key) => youtube.find((one) => one.key === key);
const before = {bitrate: 4500, title: 'Old', auto_start: true, preset: 'fast', dvr: false, unknown: 7};
const shown = {...Object.fromEntries(youtube.map((one) => [one.key, shownValue(one, before[one.key])])),
               bitrate: '6000', title: '', auto_start: false, privacy: 'unlisted'};

is(JSON.stringify(changedSettings(youtube, before, ({key}) => shown[key])),
   '{"title":null,"privacy":"unlisted","auto_start":false,"bitrate":6000}', 'only what is another than before is sent');
is(shownValue(field('auto_reconnect'), undefined), true, 'a switch that was never set shows what that means');
is([faultOf(field('bitrate'), '499'), faultOf(field('bitrate'), '20001'), faultOf(field('bitrate'), '5.5'),
    faultOf(field('framerate'), '61'), faultOf(field('title'), 'x'.repeat(101))].filter((text) => text === '').length,
   0, 'what the server would refuse');
is([faultOf(field('bitrate'), ''), faultOf(field('bitrate'), '500'), faultOf(field('title'), 'x'.repeat(100)),
    faultOf(field('scheduled_start'), '')].join(''), '', 'what it takes');

const start = field('scheduled_start');
const then = '2026-11-24T20:15:00.000Z';

is(settingOf(start, shownValue(start, then)), then, 'a time survives the way into the time zone of the user and back');
is(shownValue(start, 'soon'), '', 'what is none is not shown');

/* ---------------------------------------------------------------- words, and the graph */

const {accountText, describe, duration, explain, figuresText, streamText, testText, webAddress}
    = await load('simulcast-text.js');

is(describe({status: 'live', health: 'degraded', is_enabled: true}), 'Live, degraded', 'state and health');
is(describe({status: 'stopped', health: 'healthy', is_enabled: false}), 'Stopped, disabled',
   'health of what runs only');
is(figuresText({status: 'live', metrics: {bitrate: 4512.3, fps: 29.97}, viewer_count: 1}),
   '4.5 Mbit/s · 30 fps · 1 viewer', 'figures');
is(figuresText({status: 'live', metrics: {bitrate: 812, fps: 25.5}, viewer_count: null}), '812 kbit/s · 25.5 fps',
   'those that are known');
is(figuresText({status: 'stopped', metrics: {bitrate: 4512, fps: 30}, viewer_count: 1}), '', 'of what runs');
is(accountText({platform: 'twitch', stream_id: 'alice:Face_Cam', account: 'a<b', token_expires_at: then},
               Date.parse(then) + 1), 'Twitch · a<b · source Face Cam · sign-in has expired', 'whose it is');
is(duration(3852000), '1:04:12', 'a duration');
is(streamText({viewer_count: 12}, {uptime: 60000}, [{status: 'live'}, {status: 'error'}]),
   'Live at 1 of 2 for 0:01:00 · 12 viewers', 'all together');
is(streamText(null, null, []), 'Nothing goes out', 'nothing');
is(testText({reachable: true, stage: 'publish', error_class: null, ms: 88}).text,
   'The test went well: the stream would be taken (88 ms).', 'a test that went well');
is(JSON.stringify(testText({reachable: false, stage: 'tls', error_class: 'certificate_expired', ms: 9})),
   '{"good":false,"text":"The test failed at the encrypted connection (TLS). The server\'s certificate has expired."}',
   'one that did not');
is([webAddress('javascript:alert(1)'), webAddress('data:text/html,x'), webAddress('//x'), webAddress(null),
    webAddress('https://x.example/a')].join(), ',,,,https://x.example/a', 'what a link may lead to');
is(explain({code: 'whatever', message: 'no room'}), 'No room.', 'the server\'s own message is a sentence');
is(explain({code: 'whatever'}), 'Something went wrong.', 'and there always is one');

const {paths} = await load('graph.js');
const line = paths([{at: 0, bitrate: 4000}, {at: 60000, bitrate: 4000}, {at: 70000, bitrate: 0},
                    {at: 80000, bitrate: 4000}], 120000);

is(line.lines, 'M120 5.2L140 47L160 5.2', 'a line, and none over a gap');
is(line.top, 4000, 'the highest of it');
is(paths([], 0).lines, '', 'of nothing');

done();
process.exit();
