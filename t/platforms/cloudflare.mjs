/*
 * Cloudflare Stream: live inputs and their outputs, playback, and what it silently does not do.
 */

import {Malformed, Refusal, hex, iso, same} from './common.mjs';

const MODES = ['off', 'automatic'];

/* of a live input, as it is created and changed */

const INPUT = ['meta', 'enabled', 'preferLowLatency', 'deleteRecordingAfterDays', 'defaultCreator', 'recording'];
const RECORDING = ['mode', 'timeoutSeconds', 'requireSignedURLs', 'allowedOrigins', 'hideLiveViewerCount'];

function refuse(status, code, message, {why, fault, headers} = {}) {
    return new Refusal(why ?? message, {status, fault, headers,
        body: {success: false, errors: [{code, message}], messages: [], result: null}});
}

const envelope = (result) => ({body: {success: true, errors: [], messages: [], result}});

export class Cloudflare {
    #world;
    #client;
    #inputs = new Map();
    #deleted = new Set();
    #videos = new Map();
    #dead = false;

    /** @param {{account_id: string, api_token: string}} client */
    constructor(world, client) {
        this.#world = world;
        this.#client = client;

        const route = (call, method, path, run) => ({call: `cloudflare.${call}`, method,
            path: new RegExp(`^/client/v4/accounts/([^/]+)/stream/${path}$`),
            run: (request, [, account, ...ids]) => this.#checked(request, account, ids, run)});

        const open = (call, path, run) => ({call: `cloudflare.${call}`, method: 'GET',
            path: new RegExp(`^/([0-9a-f]{32})/${path}$`), run: (request, [, uid]) => run(uid)});

        const uid = '([0-9a-zA-Z]+)';

        this.routes = [
            route('inputs.create', 'POST', 'live_inputs', (request) => this.#create(request)),
            route('inputs.list', 'GET', 'live_inputs', () => envelope({
                liveInputs: [...this.#inputs.values()].map(({uid: id, created, modified, meta}) =>
                    ({uid: id, created: iso(created), modified: iso(modified), meta})),
                range: this.#inputs.size, total: this.#inputs.size})),
            route('inputs.get', 'GET', `live_inputs/${uid}`, (request, id) => envelope(this.#show(this.#input(id)))),
            route('inputs.update', 'PUT', `live_inputs/${uid}`, (request, id) => this.#update(request, id)),
            route('inputs.delete', 'DELETE', `live_inputs/${uid}`, (request, id) => this.#delete(id)),
            route('inputs.rotate_keys', 'POST', `live_inputs/${uid}/rotate_keys`, (request, id) => this.#rotate(id)),
            route('inputs.videos', 'GET', `live_inputs/${uid}/videos`, (request, id) => envelope(
                [...this.#videos.values()].filter((video) => video.input === id)
                    .map((video) => this.#showVideo(video)))),
            route('outputs.list', 'GET', `live_inputs/${uid}/outputs`, (request, id) => envelope(
                this.#input(id).outputs.map((output) => this.#showOutput(this.#input(id), output)))),
            route('outputs.create', 'POST', `live_inputs/${uid}/outputs`, (request, id) =>
                this.#createOutput(request, this.#input(id))),
            route('outputs.update', 'PUT', `live_inputs/${uid}/outputs/${uid}`, (request, id, output) =>
                this.#updateOutput(request, this.#input(id), output)),
            route('outputs.delete', 'DELETE', `live_inputs/${uid}/outputs/${uid}`, (request, id, output) =>
                this.#deleteOutput(this.#input(id), output)),
            route('videos.get', 'GET', uid, (request, id) => envelope(this.#showVideo(this.#video(id)))),
            route('videos.delete', 'DELETE', uid, (request, id) => this.#deleteVideo(id)),

            open('views', 'views', (id) => this.#views(id)),
            open('lifecycle', 'lifecycle', (id) => this.#lifecycle(id)),
            open('hls', 'manifest/video\\.m3u8', (id) => this.#manifest(id, 'application/vnd.apple.mpegurl',
                '#EXTM3U\n')),
            open('dash', 'manifest/video\\.mpd', (id) => this.#manifest(id, 'application/dash+xml', '<MPD/>')),
        ];

        world.watch(() => this.#mediaChanged());
    }

    #checked(request, account, ids, run) {
        if (request.headers.authorization === undefined) {
            throw refuse(400, 9106, 'Authentication failed (status: 400)', {why: 'no Authorization'});
        }

        const [scheme, token] = request.authorization ?? [];

        if (scheme !== 'Bearer') {
            throw refuse(400, 6003, 'Invalid request headers', {why: 'scheme of Authorization'});
        }

        if (!same(token, this.#client.api_token)) {
            throw refuse(403, 10000, 'Authentication error', {why: 'unknown token'});
        }

        if (this.#dead) {
            throw refuse(403, 10000, 'Authentication error', {why: 'token revoked', fault: false});
        }

        if (account !== this.#client.account_id) {
            throw refuse(404, 7003, `Could not route to /accounts/${account}/stream, perhaps your object identifier `
                + 'is invalid?', {why: 'account'});
        }

        try {
            request.query;

        } catch (error) {
            throw error instanceof Malformed ? refuse(400, 10005, 'Bad Request', {why: error.message}) : error;
        }

        return run(request, ...ids);
    }

    #json(request) {
        if (request.type !== 'application/json') {
            throw refuse(415, 10005, 'Content-Type must be application/json', {why: 'Content-Type'});
        }

        const body = request.json;

        if (body === null || typeof body !== 'object' || Array.isArray(body)) {
            throw refuse(400, 10005, 'Bad Request: JSON', {why: 'body'});
        }

        return body;
    }

    // --- live inputs

    #input(id) {
        const input = this.#inputs.get(id);

        if (input === undefined) {
            throw refuse(404, 10003, 'Not Found', {fault: !this.#deleted.has(id), why: 'no such live input'});
        }

        return input;
    }

    /** What is not understood is dropped, and the answer is 200 all the same: clients have to compare. */
    #settings(request, body, input) {
        const bad = (name) => refuse(400, 10005, `Bad Request: ${name}`, {why: name});
        const {recording = {}} = body;

        for (const name of Object.keys(body)) {
            if (!INPUT.includes(name)) {
                request.note(`ignored: ${name}`);
            }
        }

        if (recording === null || typeof recording !== 'object') {
            throw bad('recording');
        }

        for (const name of Object.keys(recording)) {
            if (!RECORDING.includes(name)) {
                request.note(`ignored: recording.${name}`);
            }
        }

        for (const [name, value] of Object.entries({enabled: body.enabled, preferLowLatency: body.preferLowLatency,
            requireSignedURLs: recording.requireSignedURLs, hideLiveViewerCount: recording.hideLiveViewerCount}))
        {
            if (value !== undefined && typeof value !== 'boolean') {
                throw bad(name);
            }
        }

        if (body.meta !== undefined && (body.meta === null || typeof body.meta !== 'object')) {
            throw bad('meta');
        }

        if (recording.mode !== undefined && !MODES.includes(recording.mode)) {
            throw bad('recording.mode');
        }

        if (recording.allowedOrigins !== undefined && !Array.isArray(recording.allowedOrigins)) {
            throw bad('recording.allowedOrigins');
        }

        const days = body.deleteRecordingAfterDays;

        if (days !== undefined && days !== null && !(Number.isInteger(days) && days >= 30 && days <= 1096)) {
            throw bad('deleteRecordingAfterDays');
        }

        const known = Object.fromEntries(Object.entries(recording).filter(([name]) => RECORDING.includes(name)));
        const seconds = recording.timeoutSeconds;

        if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 0 && seconds <= 86400)) {
            known.timeoutSeconds = null;
        }

        Object.assign(input, Object.fromEntries(['meta', 'enabled', 'preferLowLatency', 'deleteRecordingAfterDays',
            'defaultCreator'].filter((name) => body[name] !== undefined).map((name) => [name, body[name]])));
        Object.assign(input.recording, known);

        input.modified = this.#world.now;
    }

    #create(request) {
        const input = {
            uid: hex(32), created: this.#world.now, meta: {}, enabled: true, preferLowLatency: false,
            deleteRecordingAfterDays: null, defaultCreator: null, outputs: [], viewers: 0, state: undefined,
            recording: {mode: 'off', timeoutSeconds: 0, requireSignedURLs: false, allowedOrigins: null,
                hideLiveViewerCount: false},
        };

        this.#keys(input);
        this.#settings(request, this.#json(request), input);
        this.#inputs.set(input.uid, input);
        this.#world.changed();

        return envelope(this.#show(input));
    }

    #keys(input) {
        input.key = this.#world.secret(`${hex(48)}k${input.uid}`);
        input.passphrase = this.#world.secret(`${hex(48)}p${input.uid}`);
        input.secret = this.#world.secret(`${hex(48)}w${input.uid}`);
    }

    #show(input) {
        const rtmps = this.#world.ingest('cloudflare', 'rtmps');

        return {
            uid: input.uid, created: iso(input.created), modified: iso(input.modified), meta: input.meta,
            enabled: input.enabled, preferLowLatency: input.preferLowLatency, defaultCreator: input.defaultCreator,
            deleteRecordingAfterDays: input.deleteRecordingAfterDays, keysRotatedAt: input.rotated ?? null,
            recording: input.recording, status: this.#status(input),
            rtmps: {url: rtmps.endsWith('/') ? rtmps : `${rtmps}/`, streamKey: input.key},
            rtmpsPlayback: {url: rtmps.endsWith('/') ? rtmps : `${rtmps}/`, streamKey: `${input.passphrase}`},
            srt: {url: 'srt://live.cloudflare.com:778', streamId: input.uid, passphrase: input.passphrase},
            srtPlayback: {url: 'srt://live.cloudflare.com:778', streamId: `play${input.uid}`,
                passphrase: input.passphrase},
            webRTC: {url: `${this.#world.base}/${input.secret}/webRTC/publish`},
            webRTCPlayback: {url: `${this.#world.base}/${input.uid}/webRTC/play`},
        };
    }

    /** As live clients have seen it, or as the SDKs declare it; null before the first connection. */
    #status(input) {
        if (input.state === undefined) {
            return null;
        }

        if (this.#world.settings.cloudflare.status === 'flat') {
            return input.state === 'connected' ? 'connected' : 'client_disconnect';
        }

        return {
            current: {
                state: input.state, ingestProtocol: 'rtmps', statusEnteredAt: iso(input.entered),
                statusLastSeen: iso(this.#world.now), reason: input.state === 'connected' ? 'connected'
                    : 'client_disconnect',
                ...(input.issue !== undefined && {errorCode: input.issue}),
            },
            history: [],
        };
    }

    #update(request, id) {
        const input = this.#input(id);

        this.#settings(request, this.#json(request), input);
        this.#world.changed();

        return envelope(this.#show(input));
    }

    /** Leaves its videos; the answer has no envelope. */
    #delete(id) {
        this.#input(id);
        this.#inputs.delete(id);
        this.#deleted.add(id);

        return {status: 200, body: this.#world.settings.cloudflare.delete_body};
    }

    #rotate(id) {
        const input = this.#input(id);

        this.#keys(input);
        input.rotated = iso(this.#world.now);
        this.#world.changed();

        return envelope(this.#show(input));
    }

    // --- outputs

    #showOutput(input, output) {
        return {...output, status: input.state === 'connected' && output.enabled
            ? {current: {state: 'connected'}} : undefined};
    }

    #createOutput(request, input) {
        const {url, streamKey, enabled = true} = this.#json(request);

        if (typeof url !== 'string' || !/^(?:rtmps?|srt):\/\//.test(url)) {
            throw refuse(400, 10005, 'Bad Request: url', {why: 'url'});
        }

        if (typeof streamKey !== 'string' || streamKey === '') {
            throw refuse(400, 10005, 'Bad Request: streamKey', {why: 'streamKey'});
        }

        if (input.outputs.length >= 50) {
            throw refuse(400, 10005, 'Too many outputs', {fault: false});
        }

        const output = {uid: hex(32), url, streamKey, enabled};

        input.outputs.push(output);

        return envelope(this.#showOutput(input, output));
    }

    #output(input, id) {
        const output = input.outputs.find(({uid}) => uid === id);

        if (output === undefined) {
            throw refuse(404, 10003, 'Not Found', {why: 'no such output'});
        }

        return output;
    }

    #updateOutput(request, input, id) {
        const output = this.#output(input, id);
        const body = this.#json(request);

        for (const name of Object.keys(body)) {
            if (name !== 'enabled') {
                request.note(`ignored: ${name}`);
            }
        }

        if (typeof body.enabled !== 'boolean') {
            throw refuse(400, 10005, 'Bad Request: enabled', {why: 'enabled'});
        }

        output.enabled = body.enabled;

        return envelope(this.#showOutput(input, output));
    }

    #deleteOutput(input, id) {
        const output = this.#output(input, id);

        input.outputs.splice(input.outputs.indexOf(output), 1);

        return {status: 200, body: this.#world.settings.cloudflare.delete_body};
    }

    // --- videos, and what viewers get

    #mediaChanged() {
        for (const input of this.#inputs.values()) {
            const connected = input.enabled && this.#world.isActive(input.key);

            if (connected === (input.state === 'connected') || (!connected && input.state === undefined)) {
                continue;
            }

            input.state = connected ? 'connected' : 'disconnected';
            input.entered = this.#world.now;

            if (connected) {
                clearTimeout(input.timer);

                /* within timeoutSeconds it is the same video */

                if (input.recording.mode === 'automatic' && input.video === undefined) {
                    input.video = hex(32);
                    this.#videos.set(input.video, {uid: input.video, input: input.uid, live: true,
                        created: this.#world.now});
                }

            } else if (input.video !== undefined) {
                input.timer = setTimeout(() => {
                    this.#videos.get(input.video).live = false;
                    input.video = undefined;
                }, (input.recording.timeoutSeconds ?? 0) * 1000);
            }
        }
    }

    #video(id) {
        const video = this.#videos.get(id);

        if (video === undefined) {
            throw refuse(404, 10003, 'Not Found', {fault: !this.#deleted.has(id), why: 'no such video'});
        }

        return video;
    }

    #showVideo({uid, input, live, created}) {
        return {
            uid, liveInput: input, created: iso(created), status: {state: live ? 'live-inprogress' : 'ready'},
            readyToStream: true, preview: `${this.#world.base}/${uid}/watch`,
            playback: {hls: `${this.#world.base}/${uid}/manifest/video.m3u8`,
                dash: `${this.#world.base}/${uid}/manifest/video.mpd`},
        };
    }

    #deleteVideo(id) {
        if (this.#video(id).live) {
            throw refuse(409, 10046, 'A live video cannot be deleted', {why: 'video is live'});
        }

        this.#videos.delete(id);
        this.#deleted.add(id);

        return {status: 200, body: ''};
    }

    #views(id) {
        const input = this.#inputs.get(id);

        if (input === undefined) {
            throw refuse(404, 10003, 'Not Found', {fault: !this.#deleted.has(id), why: 'no such live input'});
        }

        return {body: {liveViewers: input.state === 'connected' && input.recording.mode !== 'off'
            && !input.recording.hideLiveViewerCount ? input.viewers : 0}};
    }

    #lifecycle(id) {
        const input = this.#inputs.get(id);

        if (input === undefined && !this.#videos.has(id)) {
            throw refuse(404, 10003, 'Not Found', {fault: !this.#deleted.has(id), why: 'no such live input'});
        }

        return {body: {isInput: input !== undefined, videoUID: input?.video ?? null,
            live: input?.state === 'connected'}};
    }

    /** Without recording, nothing is played by HLS or DASH. */
    #manifest(id, type, body) {
        const video = this.#videos.get(id) ?? this.#videos.get(this.#inputs.get(id)?.video);

        if (video === undefined) {
            throw refuse(404, 10003, 'Not Found', {fault: false, why: 'nothing to play'});
        }

        return {headers: {'Content-Type': type}, body};
    }

    // --- for the test

    get objects() {
        return {
            inputs: [...this.#inputs.values()].map(({uid, key, meta, enabled, recording, state, viewers, video, outputs,
                deleteRecordingAfterDays, preferLowLatency}) => ({uid, key, meta, enabled, recording,
                state: state ?? null, viewers, video: video ?? null, deleteRecordingAfterDays, preferLowLatency,
                outputs: outputs.map(({uid: id, url, enabled: on}) => ({uid: id, url, enabled: on}))})),
            videos: [...this.#videos.values()],
        };
    }

    #of(id) {
        return [...this.#inputs.values()].filter((input) => id === undefined || input.uid === id || input.key === id);
    }

    viewers(id, count) {
        this.#of(id).forEach((input) => {
            input.viewers = count;
        });
    }

    /** @param {{error: string}} health as ERR_GOP_OUT_OF_RANGE */
    health(id, {error}) {
        this.#of(id).forEach((input) => {
            input.issue = error;
        });
    }

    remove(id) {
        this.#of(id).forEach(({uid}) => this.#delete(uid));
    }

    revoke(dead = true) {
        this.#dead = dead;
    }
}
