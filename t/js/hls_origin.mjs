/*
 * An origin of low-latency HLS in this process, for tests of the checker: sources that are made up, at
 * /hls/{streamer}/{source}/..., served as the rules want it.  Who wants something to be wrong overrides it.
 */

import {AsyncLocalStorage} from 'node:async_hooks';
import http from 'node:http';
import {gzipSync} from 'node:zlib';

import {busy, now, sleep} from './hls_clock.mjs';
import {HOLD_MAX} from './hls_limits.mjs';
import {SyntheticSource} from './hls_synthetic.mjs';

const CORS = {
    'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'Age, Date, Content-Length, Content-Range',
};
const PREFLIGHT = {
    ...CORS, 'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS', 'Access-Control-Allow-Headers': 'Range',
};

/** setTimeout does not take more. */
const LONGEST = 2 ** 31 - 1;

/** The request that is being answered: whether it waits for the time, and whether nobody waits for it any more. */
const current = new AsyncLocalStorage();

/** Waits for the time, in which a request keeps nobody busy. */
export async function waiting(ms) {
    const request = current.getStore();

    if (!request.gone) {
        request.waits = true;
        busy(-1);
    }

    await sleep(ms);

    if (!request.gone) {
        request.waits = false;
        busy(1);
    }
}

/** @typedef {{status: number, body?: Buffer, headers?: object}} Reply */

/** A source with what HTTP makes of it. */
export class ServedSource extends SyntheticSource {
    #lists = new Map();

    /* delivery directives */

    /**
     * The directives in a query: null if they make no sense.
     *
     * @returns {?{msn: ?number, part: ?number, skip: boolean}}
     */
    directives(query) {
        const values = new URLSearchParams(query);
        const [msn, part] = ['_HLS_msn', '_HLS_part'].map((name) => values.get(name));

        if ([msn, part].some((value) => value !== null && !/^\d{1,15}$/.test(value)) || part !== null && msn === null) {
            return null;
        }

        return {
            msn: msn === null ? null : Number(msn), part: part === null ? null : Number(part),
            skip: ['YES', 'v2'].includes(values.get('_HLS_skip')),
        };
    }

    /** How many parts there have to be for an answer; Infinity: it will not be waited for. */
    wanted({msn, part}, count) {
        const state = this.state(count);

        if (msn === null || state.ended) {
            return 0;
        }

        const last = state.open - 1;
        const limit = state.parts + Math.ceil(3 / this.partTarget);

        if (msn > last + 2 || msn === last + 2 && part > limit) {
            return Infinity;
        }

        const {first, parts} = this.segment(msn);

        return part === null ? first + parts : part < parts ? first + part + 1 : first + parts + 1;
    }

    /** ms that a request is held, at most. */
    get patience() {
        return Math.min(3000 * this.targetDuration, HOLD_MAX);
    }

    /** The number of parts, once it is so many; null: it took too long. */
    async reached(need) {
        const end = now() + this.patience;

        for (let count = this.count(now()); ; count = this.count(now())) {
            if (count >= need || count >= this.endAt) {
                return count;
            }

            const wait = Math.min(this.when(Math.min(need, this.endAt)), end) - now();

            if (now() >= end) {
                return null;
            }

            await waiting(Math.min(Math.max(wait, 1), LONGEST));
        }
    }

    /* replies */

    lifetime(seconds) {
        return {'Cache-Control': `max-age=${seconds}`};
    }

    refuse(status, seconds = this.targetDuration) {
        return {status, headers: [400, 503].includes(status) ? {'Cache-Control': 'no-store'} : this.lifetime(seconds)};
    }

    /** The bytes of a playlist, which are made once. */
    list(count, skip) {
        const key = `${count} ${skip}`;
        const known = this.#lists.get(key) ?? Buffer.from(this.text(count, skip));

        this.#lists.set(key, known);

        return known;
    }

    async playlist(query) {
        const directives = this.directives(query);

        if (!directives) {
            return this.refuse(400);
        }

        const need = this.wanted(directives, this.count(now()));

        if (need === Infinity) {
            return this.refuse(400);
        }

        const count = await this.reached(need);

        return count === null ? this.refuse(503) : {
            status: 200, body: this.list(count, directives.skip),
            headers: this.lifetime(directives.msn === null ? Math.max(this.targetDuration / 2, 1)
                : 6 * this.targetDuration),
        };
    }

    /** A segment is there from its end until so long after it has left the list; parts as long as that. */
    isKept(msn) {
        return this.dateOf(msn) + 1000 * (2 * this.window + 2) > now();
    }

    /** A part, segment or init section by its name. */
    async media(name) {
        const match = name.match(/^([0-9a-f]{11})-(0|[1-9]\d{0,8})(?:\.(0|[1-9]\d{0,8}))?\.(m4s|mp4)$/);

        if (!match) {
            return this.refuse(404);
        }

        const [, epoch, number, part, type] = match;
        const headers = {...this.lifetime(6 * this.targetDuration), 'Content-Type': 'video/mp4', 'ETag': `"${name}"`};

        if (type === 'mp4') {
            return this.sessions.some((session) => session.epoch === epoch) && number === '0' && part === undefined
                ? {status: 200, body: this.init(), headers} : this.refuse(404);
        }

        const body = await this.piece(epoch, Number(number), part === undefined ? null : Number(part));

        return body ? {status: 200, body, headers} : this.refuse(404);
    }

    /** A part or segment; the part that comes next is waited for. */
    async piece(epoch, msn, part) {
        const state = this.state(this.count(now()));

        if (msn > state.open || !this.isKept(msn) || this.segment(msn).session.epoch !== epoch) {
            return this.hintedInVain(epoch, msn, part, state);
        }

        const listed = msn === state.open ? state.parts : state.partsOf(msn);

        if (part === null) {
            return msn < state.open ? this.whole(msn, listed) : null;
        }

        if (part >= listed && (part > listed || msn < state.open || state.ended)) {
            return this.hintedInVain(epoch, msn, part, state);
        }

        if (part === listed) {
            const {first} = this.segment(msn);

            if (await this.reached(first + part + 1) < first + part + 1) {
                return null;
            }
        }

        return this.isLost(msn, part) ? null : this.part(msn, part);
    }

    /** A session ends at a segment's end: the part that was hinted at never comes. */
    async hintedInVain(epoch, msn, part, {open, parts}) {
        const next = this.segment(open);
        const last = msn === open - 1 && part !== null && part === this.segment(msn).parts;

        if (last && parts === 0 && next.discontinuity) {
            await this.reached(next.first + 1);
        }

        return null;
    }

    /**
     * The reply to a request for one of its files.
     *
     * @returns {Promise<Reply>}
     */
    async reply(file, query) {
        switch (file) {
        case 'live.m3u8':
            return this.typed(await this.playlist(query));

        case 'index.m3u8':
            return this.typed({status: 200, body: Buffer.from(this.multivariant()), headers: this.lifetime(1)});

        default:
            return this.media(file);
        }
    }

    typed(reply) {
        return {...reply, headers: {
            ...reply.headers, 'Vary': 'Accept-Encoding',
            'Content-Type': reply.status === 200 ? 'application/vnd.apple.mpegurl' : 'text/plain',
        }};
    }

    /** Headers that all replies have. */
    common() {
        return CORS;
    }

    /** Whether a body is compressed. */
    compresses(headers, accepted) {
        return headers['Content-Type'] === 'application/vnd.apple.mpegurl' && /gzip(?!;q=0)/.test(accepted ?? '');
    }

    /** The bytes on their way. */
    send(response, body) {
        response.end(body);
    }

    methods = ['GET', 'HEAD'];
}

/** Serves sources until it is closed. */
export class Origin {
    #server;
    #sources;
    #angles;
    #compressed = new WeakMap();

    /**
     * @param {Object<string, ServedSource>} sources by their names
     * @param {function(): string} [angles] the multivariant playlist of the streamer
     */
    constructor(sources, angles = () => '') {
        this.#sources = sources;
        this.#angles = angles;
        this.#server = http.createServer((request, response) => {
            const state = {waits: false, gone: false};

            response.on('close', () => {
                state.gone = !response.writableFinished;
                busy(state.gone && state.waits ? 1 : 0);
            });
            current.run(state, () => this.#answer(request, response));
        });
        this.#server.keepAliveTimeout = 60000;
    }

    /** @returns {Promise<string>} the URL that is that of all its streamers */
    async listen() {
        await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', 1024, resolve));

        return `http://127.0.0.1:${this.#server.address().port}/hls`;
    }

    close() {
        this.#server.closeAllConnections();
        this.#server.close();
    }

    async #answer(request, response) {
        const [path, query = ''] = request.url.split(/\?(.*)/s);
        const [, source, file] = path.match(/^\/hls\/[\w-]+\/([\w-]+)\/(.*)$/) ?? [];

        if (/^\/hls\/[\w-]+\/index\.m3u8$/.test(path)) {
            response.writeHead(200, {
                ...CORS, 'Content-Type': 'application/vnd.apple.mpegurl', 'Cache-Control': 'max-age=1',
                'Vary': 'Accept-Encoding',
            }).end(this.#angles());
            return;
        }

        const served = this.#sources[source];

        if (!served) {
            response.writeHead(404).end();
            return;
        }

        if (request.method === 'OPTIONS') {
            response.writeHead(204, {...PREFLIGHT, ...served.common()}).end();
            return;
        }

        if (!served.methods.includes(request.method)) {
            response.writeHead(405, {Allow: 'GET, HEAD, OPTIONS', ...served.common()}).end();
            return;
        }

        const reply = await served.reply(file, query);

        if (!response.destroyed) {
            this.#send(served, request, response, this.#part(request, reply));
        }
    }

    /** Conditions and ranges: RFC 9110, 13 and 14. */
    #part(request, {status, body = Buffer.alloc(0), headers}) {
        const etag = headers.ETag;

        if (status !== 200 || !etag) {
            return {status, body, headers};
        }

        if (request.headers['if-none-match'] === etag) {
            return {status: 304, body: Buffer.alloc(0), headers};
        }

        const range = request.headers.range?.match(/^bytes=(\d*)-(\d*)$/);

        if (!range) {
            return {status, body, headers};
        }

        const size = body.length;
        const from = range[1] === '' ? Math.max(size - Number(range[2]), 0) : Number(range[1]);
        const to = range[1] === '' || range[2] === '' ? size - 1 : Math.min(Number(range[2]), size - 1);

        const ranged = (text) => ({...headers, 'Content-Range': `bytes ${text}/${size}`});

        return from >= size ? {status: 416, body: Buffer.alloc(0), headers: ranged('*')}
            : {status: 206, body: body.subarray(from, to + 1), headers: ranged(`${from}-${to}`)};
    }

    #send(served, request, response, {status, body, headers}) {
        const all = {...headers, ...served.common()};
        let bytes = body;

        if (status === 200 && served.compresses(headers, request.headers['accept-encoding'])) {
            all['Content-Encoding'] = 'gzip';
            bytes = this.#compressed.get(body) ?? gzipSync(body, {level: 1});
            this.#compressed.set(body, bytes);
        }

        response.writeHead(status, status === 304 ? all : {...all, 'Content-Length': bytes.length});

        if (request.method === 'HEAD') {
            response.end();
        } else {
            served.send(response, bytes, all['Content-Type']);
        }
    }
}
