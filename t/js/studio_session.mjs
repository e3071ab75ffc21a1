/*
 * How the studio opens, follows and ends a show, against a server that is made up here.  Prints TAP.
 */

import {createServer} from 'node:http';

import {pageModules} from './page_modules.mjs';
import {done, is, ok, until} from './tap.mjs';

const load = pageModules('studio');
const {ShowSession} = await load('show-session.js');

const KEY = 'k-0123456789abcdef';
const ID = '0123456789abcdef0123456789abcdef';
const SSE = {'Content-Type': 'text/event-stream'};
const SHOW = {id: ID, streamer: 'alice', title: 'T', status: 'waiting', public: true, viewers: {now: 0, peak: 0},
              on_air: {mode: 'off', source: null, at: null}, streams: []};
const WANTED = {title: 'T', public: true, streams: [{name: 'A', label: 'A', type: 'camera'}]};

let asked = [];
let streams = [];
let reply = () => [404, null];

const json = (status, body) => [status, JSON.stringify(body)];
const data = (value, status = 200) => json(status, {success: true, data: value});
const refusal = (status, code) => json(status, {success: false, error: {code, message: code}});

const server = createServer((request, response) => {
    let body = '';

    request.on('data', (piece) => { body += piece; });
    request.on('end', () => {
        const line = `${request.method} ${request.url}`;

        asked.push({line, body, key: request.headers.authorization});

        const [status, text] = reply(line, body) ?? (line.endsWith('/events') ? [200, null] : [404, '<html>']);

        if (status === 200 && line.endsWith('/events')) {
            response.writeHead(200, SSE).write(': hello\n\n');
            streams.push(response);
            return;
        }

        response.writeHead(status, {'Content-Type': 'application/json'}).end(text ?? '<html>');
    });
});

await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const base = `http://127.0.0.1:${server.address().port}/show/`;
const lines = () => asked.map(({line}) => line.replace(ID, 'ID')).join(', ');
const say = (name, value) => streams.at(-1).write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);

function fresh(answer) {
    asked = [];
    streams = [];
    reply = answer;

    return new ShowSession(base);
}

async function code(promise) {
    try {
        return `state ${await promise}`;

    } catch (error) {
        return error.code;
    }
}

const starts = (answer) => (line) => (line === 'POST /show/session/start' ? answer : undefined);

{
    const session = fresh(starts(data(SHOW, 201)));
    let viewers = 0;

    session.addEventListener('viewers', () => viewers++);
    is(session.state, 'none', 'at first there is no show');
    is(session.path, '', 'and nothing to open');
    is(await code(session.open(KEY, WANTED)), 'state open', 'it is opened');
    is(asked[0].key, `Bearer ${KEY}`, 'the key is in a header');
    is(asked[0].body, JSON.stringify(WANTED), 'the server is told what is wanted');
    is(session.path, '/watch/alice', 'viewers have a page');

    await until('its events are followed', () => session.connected);
    is(lines(), 'POST /show/session/start, GET /show/session/ID/events', 'with one request each');
    is(await code(session.open(KEY, WANTED)), 'state open', 'asked for again');
    is(asked.length, 2, 'the server is not asked for what it knows');

    is(session.viewers, null, 'viewers are not known at first');
    say('viewers', {now: 2, peak: 3, sources: {A: 2}});
    await until('then they are', () => session.viewers?.now === 2);
    is(viewers, 1, 'and told of');
    say('session', {...SHOW, viewers: {now: 9, peak: 9}});
    say('on_air', {mode: 'manual', source: 'A', at: 1});
    await until('so is what is on air', () => session.onAir.source === 'A');
    say('session', {...SHOW, status: 'live', streams: [{name: 'A', status: 'live'}]});
    await until('and the show', () => session.show.status === 'live');
    say('source_added', {id: 'A'});
    say('something_new', {});

    reply = (line) => (line === `PUT /show/session/${ID}/director` ? data({mode: 'activity', source: null})
                                                                   : undefined);
    await session.direct('activity');
    is(asked.at(-1).body, '{"mode":"activity"}', 'the director is told the mode');
    is(session.onAir.mode, 'activity', 'and it is so');
    await session.direct('manual', 'A').catch(() => {});
    is(asked.at(-1).body, '{"mode":"manual","source":"A"}', 'and the source');

    reply = () => refusal(404, 'stream_not_found');
    is(await code(session.direct('manual', 'Z')), 'stream_not_found', 'a refusal is told');

    reply = starts(data({...SHOW, public: false, join_code: 'c0de/1'}));
    await session.open(KEY, {...WANTED, public: false});
    is(session.path, '/watch/alice#join=c0de%2F1', 'the code of a private show is behind the #');
    is(streams.length, 1, 'its events go on');

    streams.at(-1).end();
    await until('a stream that ends is noticed', () => !session.connected);
    is(session.viewers, null, 'and viewers are not known any more');
    is(session.state, 'open', 'the show is still open');
    await until('it is followed again', () => session.connected);
    say('session', {...SHOW, status: 'live', viewers: {now: 0, peak: 3}, streams: [{name: 'A', viewers: 0}]});
    await until('and the show has numbers to begin with', () => session.viewers !== null);
    is(JSON.stringify(session.viewers), '{"now":0,"peak":3,"sources":{"A":0}}', 'those of now');

    say('session', {...SHOW, status: 'ended'});
    await until('the end is heard', () => session.state === 'ended');
    is(`${session.path} ${session.connected}`, ' false', 'and nothing is left');
    reply = starts(data(SHOW, 201));
    is(await code(session.open(KEY, WANTED)), 'state open', 'the next one is opened');
    session.leave();
}

for (const [what, answer, state] of [['a page', [404, '<html>'], 'absent'], ['no POST', [405, '<html>'], 'absent'],
                                     ['another page', [200, '<html>'], 'absent'],
                                     ['a guest', refusal(403, 'key_foreign'), 'guest']]) {
    is(await code(fresh(starts(answer)).open(KEY, WANTED)), `state ${state}`, `${what}: ${state}`);
}

for (const [status, reason] of [[401, 'key_invalid'], [503, 'busy'], [400, 'invalid_request']]) {
    const session = fresh(starts(refusal(status, reason)));

    is(await code(session.open(KEY, WANTED)), reason, `${reason} is told`);
    is(session.state, 'none', 'and there is no show');
}

{
    const session = fresh(() => {
        throw new Error('nothing should be asked');
    });

    is(await code(session.open('a\nb', WANTED)), 'bad_token', 'a key that is none is not sent');
    await session.stop();
    await session.direct('off');
    is(await session.analytics(), null, 'without a show nothing is asked for');
    is(asked.length, 0, 'nor was it');
}

{
    let count = 0;
    const session = fresh((line) => (line.endsWith('/start') ? data({...SHOW, title: String(++count)}) : undefined));

    await Promise.all(['one', 'two', 'two'].map((title) => session.open(KEY, {...WANTED, title})));
    is(asked.filter(({line}) => line.endsWith('/start')).map(({body}) => JSON.parse(body).title).join(), 'one,two',
       'who is asked three times at once tells what is new, in order');
    reply = (line) => (line.endsWith('/stop') ? json(200, {success: true, message: 'Session stopped'}) : undefined);
    await session.stop();
    is(session.state, 'ended', 'a show can be ended');
    ok(asked.some(({line}) => line === `POST /show/session/${ID}/stop`), 'which the server is told');
}

{
    const session = fresh((line) => (line.endsWith('/status') ? data({...SHOW, status: 'live'}) : undefined));

    is((await session.find(KEY, ID))?.status, 'live', 'a show of before is found');
    reply = () => data({...SHOW, status: 'ended'});
    is(await session.find(KEY, ID), null, 'if it is not over');
    reply = () => refusal(404, 'session_not_found');
    is(await code(session.find(KEY, ID)), 'session_not_found', 'or gone');
    is(session.state, 'none', 'finding opens nothing');
}

{
    const session = fresh((line) => (line.endsWith('/start') ? data(SHOW, 201) : refusal(410, 'session_ended')));

    await session.open(KEY, WANTED);
    await until('a show that is gone when it is followed is over', () => session.state === 'ended');
}

{
    const session = fresh((line) => (line.endsWith('/start') ? data(SHOW, 201) : refusal(401, 'key_invalid')));

    await session.open(KEY, WANTED);
    await until('the key is taken away', () => asked.length === 2);
    reply = starts(data(SHOW));
    await until('opening it once more asks the server', async () => {
        await session.open(KEY, WANTED);

        return asked.length > 2;
    });
    await until('and follows it again', () => session.connected);
    session.leave();
}

done();
server.closeAllConnections();
server.close();
process.exit();
