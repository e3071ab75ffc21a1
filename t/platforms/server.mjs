/*
 * YouTube, Twitch, Facebook and Cloudflare, as far as ngx_simulcast talks to them, on one port over HTTPS.
 *
 *     node server.mjs CONFIG.json
 *
 * {"host", "port", "base", "cert", "key", "clients": {"youtube": {"client_id", "client_secret", "redirect_uri"},
 *  "twitch": ..., "facebook": ..., "cloudflare": {"account_id", "api_token"}}, "settings": {...}}
 *
 * One JSON object a line: commands on the standard input, {"id", "cmd", ...}; on the standard output {"ready": true},
 * {"id", "result"} or {"id", "error"}, and {"secret": TEXT} for every secret as it is given away.  See
 * Test::Live::Platforms for the commands.  Ends with its standard input.
 *
 * HTTP/1.1 and HTTP/2, as the real ones.
 */

import {readFileSync} from 'node:fs';
import {constants, createSecureServer} from 'node:http2';
import {createInterface} from 'node:readline';

import {Cloudflare} from './cloudflare.mjs';
import {Malformed, Refusal, Request, World, redacted} from './common.mjs';
import {Control} from './control.mjs';
import {Facebook} from './facebook.mjs';
import {Failures} from './failures.mjs';
import {Google} from './google.mjs';
import {Twitch} from './twitch.mjs';
import {YouTube} from './youtube.mjs';

const BODY_LIMIT = 16 * 1024 * 1024;

const DEFAULTS = {
    ingest: {},
    youtube: {user: 'alice', deny: false, access_life: 3599, quota: 10000, live_enabled: true, settle_ms: 200,
        autostop_ms: 60000},
    twitch: {user: 'alice', deny: false, access_life: 14124, points: 800, two_factor: true, partner: false,
        bad_tags: []},
    facebook: {user: 'alice', deny: false, access_life: 5400, long_life: 5183944, silence_ms: 120000, concurrent: 5,
        versions: ['v22.0', 'v23.0', 'v24.0', 'v25.0', 'v26.0'], dead_status: 400},
    cloudflare: {status: 'nested', delete_body: ''},
};

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const settings = Object.fromEntries(Object.entries(DEFAULTS).map(([name, values]) =>
    [name, {...values, ...config.settings?.[name]}]));

const world = new World(config.base, settings, (secret) => say({secret}));
const failures = new Failures();

const google = new Google(world, config.clients.youtube);
const youtube = new YouTube(world, google);
const twitch = new Twitch(world, config.clients.twitch);
const facebook = new Facebook(world, config.clients.facebook);
const cloudflare = new Cloudflare(world, config.clients.cloudflare);

const platforms = {google, youtube, twitch, facebook, cloudflare};
const routes = Object.entries(platforms).flatMap(([platform, {routes: own}]) =>
    own.map((route) => ({platform, ...route})));

const log = [];
const violations = [];
const started = Date.now();

/** Whose a path is, that nobody answers. */
function platformOf(path) {
    return /^\/(?:youtube|upload)\//.test(path) ? 'youtube' : /^\/(?:oauth2|helix|ingests)\b/.test(path) ? 'twitch'
        : /^\/v\d/.test(path) ? 'facebook' : /^\/client\/|^\/[0-9a-f]{32}\//.test(path) ? 'cloudflare' : 'google';
}

function violated(entry, reason) {
    violations.push({n: entry.n, platform: entry.platform, call: entry.call, method: entry.method, path: entry.path,
        status: entry.status, reason});
}

/** The body as the log shows it. */
function shown(request) {
    if (request.body.length === 0) {
        return null;
    }

    try {
        switch (request.type) {
        case 'application/json':
            return redacted(request.json ?? null);

        case 'application/x-www-form-urlencoded':
            return redacted(request.form);

        default:
            return {bytes: request.body.length};
        }

    } catch {
        return {malformed: true, bytes: request.body.length};
    }
}

function logged(request, platform, call) {
    const entry = {
        n: log.length, at: Date.now() - started, platform, call, method: request.method, path: request.path,
        http: request.version, query: {}, type: request.type, scheme: request.authorization?.[0] ?? null,
        has_length: request.hasLength, body: shown(request), status: 0, reason: null,
    };

    try {
        entry.query = redacted(request.query);

    } catch {
        entry.query = {malformed: true};
    }

    log.push(entry);

    return entry;
}

/** What the platform answers; the entry in the log tells why. */
function answer(route, request, match, entry) {
    try {
        const given = route.run(request, match);

        entry.status = given.status ?? 200;
        request.notes.forEach((reason) => violated(entry, reason));

        return given;

    } catch (error) {
        if (error instanceof Malformed) {
            entry.status = 400;
            entry.reason = error.message;
            violated(entry, error.message);

            return {status: 400, headers: {'Content-Type': 'text/plain'}, body: 'Bad Request'};
        }

        if (!(error instanceof Refusal)) {
            throw error;
        }

        entry.status = error.answer.status;
        entry.reason = error.reason;
        request.notes.forEach((reason) => violated(entry, reason));

        if (error.fault) {
            violated(entry, error.reason);
        }

        return error.answer;
    }
}

function unknown(request, entry) {
    const other = routes.some(({path}) => path.test(request.path));

    entry.status = other ? 405 : 404;
    entry.reason = other ? 'method' : 'path';
    violated(entry, entry.reason);

    return {status: entry.status, headers: {'Content-Type': 'text/html; charset=utf-8'},
        body: `<!DOCTYPE html><html><title>Error ${entry.status}</title></html>`};
}

function send(response, {status = 200, headers = {}, body = ''}, failure) {
    const isText = typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = Buffer.from(isText ? body : JSON.stringify(body));

    const all = {
        ...(bytes.length > 0 && {'Content-Type': isText ? 'text/plain; charset=utf-8'
            : 'application/json; charset=utf-8'}),
        ...(status !== 204 && {'Content-Length': bytes.length}), 'Cache-Control': 'no-store', ...headers,
    };

    response.on('error', () => {});
    response.writeHead(status, all);

    if (!failure?.truncate) {
        response.end(bytes);
        return;
    }

    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => setTimeout(() => cut(response), 20));
}

/** Ends it in the middle of whatever it was. */
function cut(response) {
    if (response.stream) {
        response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);

    } else {
        response.socket?.destroy();
    }
}

async function handle(incoming, response) {
    const chunks = [];
    let length = 0;

    for await (const chunk of incoming) {
        length += chunk.length;

        if (length > BODY_LIMIT) {
            cut(response);
            return;
        }

        chunks.push(chunk);
    }

    const request = new Request(incoming.method, incoming.url, incoming.headers, Buffer.concat(chunks),
        incoming.httpVersion);

    let match;
    const route = routes.find(({method, path}) => method === request.method && (match = path.exec(request.path)));
    const platform = route?.platform ?? platformOf(request.path);
    const entry = logged(request, platform, route?.call ?? null);
    const failure = route && failures.take(route.call);

    if (failure !== undefined) {
        entry.failure = failure;
        await failures.delay(failure);
    }

    let given;

    if (route === undefined) {
        given = unknown(request, entry);

    } else if (failure === undefined || failure.done || failures.answers(failure)) {
        given = answer(route, request, match, entry);
    }

    if (failure !== undefined && !failures.answers(failure)) {
        if (failure.close) {
            cut(response);
            return;
        }

        given = failures.answer(failure, platform);
        entry.status = given.status;
        entry.reason = 'as the test wants';
    }

    send(response, given, failure);
}

const server = createSecureServer({allowHTTP1: true, cert: readFileSync(config.cert), key: readFileSync(config.key)});

server.on('request', (incoming, response) => {
    handle(incoming, response).catch((error) => {
        if (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE'
            || error.code === 'ERR_HTTP2_STREAM_ERROR' || error.code === 'ABORT_ERR')
        {
            return;
        }

        /* a mistake of this program: the test is to see it */

        violations.push({platform: 'server', reason: `${error.stack}`});
        cut(response);
    });
});

server.on('tlsClientError', () => {});
server.on('sessionError', () => {});

const control = new Control({world, failures, log, violations, platforms, clients: config.clients});

server.listen(config.port, config.host, () => say({ready: true}));

createInterface({input: process.stdin}).on('line', (line) => {
    let id = null;

    try {
        const command = JSON.parse(line);

        id = command.id;
        say({id, result: control.run(command) ?? null});

    } catch (error) {
        say({id, error: error.message});
    }
}).on('close', () => process.exit(0));
