/*
 * The patience of the studio's WhipClient, and what MultiSourceBroadcaster makes of it, against a peer connection and
 * answers that are made up here.  Prints TAP.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {pageModules} from './page_modules.mjs';
import {ANSWER, NEWS, OFFER} from './studio_sdp.mjs';
import {done, is, ok} from './tap.mjs';

const load = pageModules('studio');

const codec = (mimeType, sdpFmtpLine) => ({mimeType, sdpFmtpLine});
const CODECS = [codec('video/VP8'), codec('video/rtx'),
                codec('video/H264', 'packetization-mode=0;profile-level-id=42001f'),
                codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'),
                codec('video/ulpfec')];

/** As much of it as the client uses; a test says what becomes of it. */
class FakePeerConnection extends EventTarget {
    static last;

    connectionState = 'new';
    signalingState = 'stable';
    iceGatheringState = 'complete';
    localDescription = null;
    remote = [];
    dtls = Object.assign(new EventTarget(), {state: 'connected'});
    told = [];                  /* to the encoder of the picture */
    senders = [];

    constructor(configuration) {
        super();
        this.configured = configuration;
        FakePeerConnection.last = this;
    }

    addTransceiver(track, {sendEncodings}) {
        const sender = {
            track, transport: this.dtls,
            getParameters: () => ({encodings: sendEncodings.map((encoding) => ({...encoding}))}),
            setParameters: async (parameters) => {
                sendEncodings = parameters.encodings;
                this.told.push({...sendEncodings[0], content: track.contentHint, ...parameters, encodings: undefined});
            },
        };

        if (track.kind === 'audio') {
            sender.setParameters = async () => {
                throw new Error('sound stays as it is');
            };
        }

        this.senders.push(sender);

        return {sender, setCodecPreferences() {}};
    }

    async createOffer(options) {
        return {type: 'offer', sdp: options?.iceRestart ? OFFER.replaceAll('mine', 'mine2') : OFFER};
    }

    async setLocalDescription(description) {
        this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
        this.localDescription = description;
    }

    async setRemoteDescription({sdp}) {
        if (!sdp.startsWith('v=0')) {
            throw new Error('no SDP');
        }

        this.signalingState = 'stable';
        this.remote.push(sdp);
    }

    getSenders() {
        return this.senders;
    }

    getConfiguration() {
        return {};
    }

    setConfiguration(configuration) {
        this.configuration = configuration;
    }

    async getStats() {
        return new Map();
    }

    close() {
        this.connectionState = 'closed';
    }

    becomes(state) {
        this.connectionState = state;
        this.dispatchEvent(new Event('connectionstatechange'));
    }
}

globalThis.RTCPeerConnection = FakePeerConnection;
globalThis.RTCRtpSender = {getCapabilities: () => ({codecs: [...CODECS, codec('audio/opus')]})};
globalThis.document = {baseURI: 'https://studio.example/studio/'};

const {WhipClient} = await load('whip-client.js');

const stream = Object.assign(new EventTarget(), {
    getAudioTracks: () => [{kind: 'audio'}],
    getVideoTracks: () => [{kind: 'video', contentHint: '', getSettings: () => ({})}],
    getTracks: () => [],
});
const CREATED = {status: 201, body: ANSWER, headers: {Location: '/whip/session/1', ETag: '"e1"'}};
const soon = () => sleep(20);

let requests = [];

/** Each request is answered by the next of the answers, later ones by 500, DELETE always by 200. */
function serve(...answers) {
    requests = [];
    globalThis.fetch = async (url, {method, headers, body, keepalive}) => {
        requests.push({url, method, headers, body, keepalive});

        const next = method === 'DELETE' ? {status: 200} : answers.shift() ?? {status: 500};

        if (next instanceof Error) {
            throw next;
        }

        return {ok: next.status < 300, status: next.status, url, headers: new Headers(next.headers),
                text: async () => next.body ?? ''};
    };
}

function client(options = {}) {
    const seen = [];
    const made = new WhipClient({url: '/whip/Face_Cam', token: 'KEY', stream, backoff: {first: 10, max: 20},
                                 onstate: (state, reason) => seen.push(reason ? `${state}:${reason.code}` : state),
                                 ...options});

    return {made, seen};
}

const asked = () => requests.map(({method, url}) => `${method} ${new URL(url).pathname}`).join(', ');

{
    serve(CREATED);

    const {made, seen} = client();
    const started = made.start();

    is(made.state, 'connecting', 'client: it connects');
    await soon();
    FakePeerConnection.last.becomes('connected');
    is(await started, 'live', 'client: it is live');
    is(requests[0].url, 'https://studio.example/whip/Face_Cam', 'client: the address is resolved');
    is(requests[0].headers.Authorization, 'Bearer KEY', 'client: the key is in a header');
    is(requests[0].headers['Content-Type'], 'application/sdp', 'client: it sends SDP');
    is(asked(), 'POST /whip/Face_Cam', 'client: an ICE-lite server gets no candidates');

    await made.stop();
    is(seen.join(), 'connecting,live,stopped', 'client: it was told so');
    is(asked(), 'POST /whip/Face_Cam, DELETE /whip/session/1', 'client: the session is deleted');
    is(requests[1].keepalive, true, 'client: even if the page is left');
    is(FakePeerConnection.last.connectionState, 'closed', 'client: and closed');
    is(made.active, false, 'client: it rests');
}

{
    serve({...CREATED, body: ANSWER.replace('a=ice-lite\r\n', '')}, {status: 405}, {status: 204});

    const {made} = client();

    made.start();
    await soon();
    FakePeerConnection.last.becomes('connected');
    await soon();
    is(asked(), 'POST /whip/Face_Cam, PATCH /whip/session/1', 'client: another server gets candidates');
    is(requests[1].headers['If-Match'], '"e1"', 'client: of this ICE session');
    is(requests[1].headers['Content-Type'], 'application/trickle-ice-sdpfrag', 'client: as a fragment');
    is(made.state, 'live', 'client: and may refuse them');
    await made.stop();
}

for (const [status, code] of [[401, 'unknown_key'], [403, 'too_many_sources'], [400, 'bad_source_name'],
                              [422, 'not_acceptable'], [415, 'bad_media_type']]) {
    serve({status, body: JSON.stringify({success: false, error: {code, message: 'no'}})});

    const {made, seen} = client();

    is(await made.start(), 'failed', `client: ${status} is final`);
    is(seen.join(), `connecting,failed:${code}`, 'client: with the reason');
}

{
    serve(new TypeError('network'), {status: 503, headers: {'Retry-After': '1'}}, CREATED);

    const {made, seen} = client();
    const began = Date.now();
    const started = made.start();

    while (asked() !== 'POST /whip/Face_Cam, POST /whip/Face_Cam, POST /whip/Face_Cam') {
        await soon();
    }

    ok(Date.now() - began >= 1000, 'client: Retry-After is honoured');
    await soon();
    FakePeerConnection.last.becomes('connected');
    is(await started, 'live', 'client: a failure that passes is no end');
    is(seen.join(), 'connecting,connecting:unreachable,connecting:http_503,live', 'client: what happens is told');
    await made.stop();
}

{
    serve();

    const {made} = client({patience: 60});

    is(await made.start(), 'failed', 'client: its patience ends');
    ok(requests.length > 2 && requests.length < 9, 'client: after some attempts');
}

{
    const Link = '<turn:t.example>; rel="ice-server"; username="u"; credential="p"';

    serve({...CREATED, headers: {...CREATED.headers, Link}}, CREATED);

    const {made} = client();

    made.start();
    await soon();
    is(FakePeerConnection.last.configuration.iceServers[0].urls, 'turn:t.example', 'client: the server names a relay');
    FakePeerConnection.last.becomes('failed');
    is(made.state, 'connecting', 'client: without media it tries again');
    await sleep(60);
    is(FakePeerConnection.last.configured.iceServers[0].urls, 'turn:t.example', 'client: by that relay');
    await made.stop();
}

for (const [what, wrong] of [['no Location', {...CREATED, headers: {}}], ['no 201', {...CREATED, status: 200}],
                             ['no SDP', {...CREATED, body: '<html>'}]]) {
    serve(wrong);

    const {made} = client();

    await made.start();
    is(made.reason.code, 'bad_answer', `client: ${what}`);
}

is(requests.at(-1).method, 'DELETE', 'client: a session that is of no use is deleted');

{
    serve(CREATED, {status: 200, body: NEWS, headers: {ETag: '"e2"'}});

    const {made, seen} = client();

    made.start();
    await soon();
    FakePeerConnection.last.becomes('connected');
    FakePeerConnection.last.becomes('failed');
    await soon();
    is(requests[1].method, 'PATCH', 'restart: a connection that failed is restarted');
    is(requests[1].headers['If-Match'], '*', 'restart: of any ICE session');
    ok(requests[1].body.includes('a=ice-ufrag:mine2'), 'restart: with new credentials');
    is(made.state, 'reconnecting', 'restart: the page is told');
    ok(FakePeerConnection.last.remote[1].includes('new1'), 'restart: the server\'s are used');
    FakePeerConnection.last.becomes('connected');
    is(seen.join(), 'connecting,live,reconnecting:ice_failed,live', 'restart: it is live again');
    await made.stop();
}

{
    serve(CREATED, {status: 404}, {...CREATED, headers: {Location: 'https://other.example/s/2'}});

    const {made} = client();

    made.start();
    await soon();

    const before = FakePeerConnection.last;

    before.becomes('connected');
    before.becomes('failed');

    while (FakePeerConnection.last === before || requests.length < 4) {
        await soon();
    }

    is(asked(), 'POST /whip/Face_Cam, PATCH /whip/session/1, DELETE /whip/session/1, POST /whip/Face_Cam',
       'restart: refused, there is a new session');
    await soon();
    FakePeerConnection.last.becomes('connected');
    is(made.state, 'live', 'restart: and all is well');
    before.becomes('failed');
    is(made.state, 'live', 'restart: the old session means nothing any more');
    await made.stop();
    is(requests.at(-1).url, 'https://other.example/s/2', 'restart: another host may have the session');
}

{
    serve(CREATED, CREATED);

    const {made, seen} = client();

    made.start();
    await soon();
    FakePeerConnection.last.becomes('connected');
    FakePeerConnection.last.dtls.state = 'closed';
    FakePeerConnection.last.dtls.dispatchEvent(new Event('statechange'));
    is(seen.at(-1), 'reconnecting:closed', 'a server that says goodbye is heard');
    await sleep(60);
    is(requests.filter(({method}) => method === 'POST').length, 2, 'and asked again');
    await made.stop();
}

{
    let answerLate;

    serve(CREATED);

    const real = globalThis.fetch;

    globalThis.fetch = async (url, options) => {
        if (options.method === 'POST') {
            await new Promise((resolve) => { answerLate = resolve; });
        }

        return real(url, options);
    };

    const {made, seen} = client();

    made.start();
    await soon();

    const stopped = made.stop();

    answerLate();
    await stopped;
    is(asked(), 'POST /whip/Face_Cam, DELETE /whip/session/1', 'a session that is made too late is deleted, too');
    is(seen.join(), 'connecting,stopped', 'and nobody hears of it');
}

{
    serve(CREATED, {status: 503}, CREATED);

    let made;
    const stopAt = async (wanted, event) => {
        made = new WhipClient({url: '/whip/A', stream, backoff: {first: 10, max: 20}, onstate: (state) => {
            if (state === wanted) {
                made.stop();
            }
        }});

        const started = made.start();

        await soon();
        event();
        await sleep(60);

        return `${await started} ${made.state} ${made.active}`;
    };
    const connected = () => FakePeerConnection.last.becomes('connected');

    is(await stopAt('live', connected), 'stopped stopped false', 'who is told may stop it: live');
    is(asked(), 'POST /whip/A, DELETE /whip/session/1', 'and that is the end');
    serve();
    is(await stopAt('connecting', () => {}), 'stopped stopped false', 'who is told may stop it: connecting');
    is(asked(), '', 'before anything was sent');
    serve(CREATED, {status: 404}, CREATED);

    const lost = () => {
        connected();
        FakePeerConnection.last.becomes('failed');
    };

    is(await stopAt('reconnecting', lost), 'live stopped false', 'who is told may stop it: reconnecting');
    is(requests.filter(({method}) => method === 'POST').length, 1, 'and there is no new session');
}

{
    serve();

    const {made} = client({token: 'a\nb'});

    await made.start();
    is(`${made.reason.code} ${requests.length}`, 'bad_token 0', 'a key that is none is not sent');

    globalThis.RTCRtpSender.getCapabilities = () => ({codecs: [codec('video/VP8'), codec('audio/opus')]});

    const {made: poor} = client();

    await poor.start();
    is(`${poor.reason.code} ${requests.length}`, 'no_codec 0', 'nor is an offer that no server of this kind takes');
    globalThis.RTCRtpSender.getCapabilities = () => ({codecs: [...CODECS, codec('audio/opus')]});
}

/* ---------------------------------------------------------------- MultiSourceBroadcaster */

const {MultiSourceBroadcaster} = await load('multi-source-broadcaster.js');

async function code(promise) {
    try {
        await promise;
        return 'none';

    } catch (error) {
        return error.code;
    }
}

function fakeStream() {
    const track = Object.assign(new EventTarget(), {kind: 'video', contentHint: '', getSettings: () => ({}),
                                                    stop() { this.stopped = true; }});

    return {getTracks: () => [track], getVideoTracks: () => [track], getAudioTracks: () => []};
}

const other = (label) => ({type: 'other', label, stream: fakeStream()});

{
    const broadcaster = new MultiSourceBroadcaster();
    let changes = 0;

    broadcaster.addEventListener('change', () => changes++);

    const {sourceId, name, state} = await broadcaster.addSource(other('🎥 Face Cam'));

    is(`${name} ${state}`, 'Face_Cam idle', 'a source has the name of its label');
    is(await code(broadcaster.addSource(other('Face_Cam'))), 'duplicate_source_name', 'which is its own');
    is(await code(broadcaster.addSource(other('admin'))), 'reserved_source_name', 'and not reserved');
    is(await code(broadcaster.addSource({type: 'hologram', label: 'A'})), 'bad_source_type', 'types are known ones');

    for (const label of ['B', 'C', 'D', 'E']) {
        await broadcaster.addSource(other(label));
    }

    is(await code(broadcaster.addSource(other('F'))), 'too_many_sources', 'five are enough');
    is(broadcaster.sources.map((one) => one.name).join(' '), 'Face_Cam B C D E', 'they keep their order');
    is(changes, 5, 'each was told of');

    const to = {protocol: 'webrtc-whip', url: '/whip', streamKey: ' KEY '};

    is(await code(broadcaster.startBroadcast('nothing', to)), 'unknown_source', 'only a source can be sent');
    is(await code(broadcaster.startBroadcast(sourceId, {...to, protocol: 'rtmp'})), 'bad_destination', 'by WHIP');
    is(await code(broadcaster.startBroadcast(sourceId, {...to, url: '/whip/?key=KEY'})), 'bad_destination',
       'to an address without a key');
    is(await code(broadcaster.startBroadcast(sourceId, {...to, streamKey: ' '})), 'bad_destination', 'with a key');

    serve(CREATED);

    const started = broadcaster.startBroadcast(sourceId, to);

    await soon();
    FakePeerConnection.last.becomes('connected');
    is((await started).state, 'live', 'then it is live');
    is(`${requests[0].url} ${requests[0].headers.Authorization}`,
       'https://studio.example/whip/Face_Cam Bearer KEY', 'under its name');

    const refused = (label) => {
        try {
            return broadcaster.setLabel(sourceId, label).name;

        } catch (error) {
            return error.code;
        }
    };

    is(refused('X'), 'source_is_live', 'which then stays');
    await broadcaster.stopBroadcast(sourceId);
    is(broadcaster.get(sourceId).state, 'stopped', 'it can be stopped');
    is(refused('B'), 'duplicate_source_name', 'a new label is looked at, too');
    is(refused('New Name'), 'New_Name', 'and then taken');

    serve(CREATED);

    const before = broadcaster.startBroadcast(sourceId, to);

    await soon();
    FakePeerConnection.last.becomes('connected');
    await before;
    serve(CREATED);
    broadcaster.stopBroadcast(sourceId);

    const after = broadcaster.startBroadcast(sourceId, to);

    await soon();
    FakePeerConnection.last.becomes('connected');
    await after;
    is(asked(), 'DELETE /whip/session/1, POST /whip/New_Name',
       'stopped and started at once, the old session goes first');
    await broadcaster.stopBroadcast(sourceId);

    serve({status: 401, body: '{"error":{"code":"unknown_key","message":"no"}}'});
    is(await code(broadcaster.startBroadcast(sourceId, to)), 'unknown_key', 'who is refused hears why');
    is(`${broadcaster.get(sourceId).state} ${broadcaster.get(sourceId).reason.code}`, 'failed unknown_key',
       'and can ask for it');

    serve(CREATED);

    const again = broadcaster.startBroadcast(sourceId, to);

    await soon();
    FakePeerConnection.last.becomes('connected');
    await again;

    const [track] = broadcaster.get(sourceId).stream.getTracks();

    track.dispatchEvent(new Event('ended'));
    is(broadcaster.get(sourceId).state, 'ended', 'what is not captured any more has ended');
    await soon();
    is(requests.at(-1).method, 'DELETE', 'and is taken off the server');
    is(await code(broadcaster.startBroadcast(sourceId, to)), 'source_ended', 'it cannot be sent');

    const removed = broadcaster.get('source-2');

    await broadcaster.removeSource('source-2');
    is(broadcaster.get('source-2'), null, 'a source can be removed');
    ok(removed.stream.getTracks()[0].stopped, 'and gives back its camera');
}

/* ---------------------------------------------------------------- quality, and what comes back */

const pictured = (label, more = {}) => {
    const source = other(label);
    const [track] = source.stream.getTracks();

    track.getSettings = () => ({width: 1280, height: 720});
    track.applyConstraints = async (constraints) => { track.constraints = constraints; };

    return {...source, resolution: {width: 1280, height: 720}, framerate: 30, ...more};
};
const brief = ({maxBitrate, maxFramerate, scaleResolutionDownBy, content, degradationPreference}) =>
    [maxBitrate, maxFramerate, scaleResolutionDownBy, content, degradationPreference].join(' ');

{
    const broadcaster = new MultiSourceBroadcaster();
    const to = {url: '/whip/', streamKey: 'KEY'};
    const {sourceId, stream} = await broadcaster.addSource(pictured('Cam'));
    const start = async () => {
        serve(CREATED);

        const started = broadcaster.startBroadcast(sourceId, to);

        await soon();
        FakePeerConnection.last.becomes('connected');
        await started;

        return FakePeerConnection.last;
    };
    const pc = await start();

    is(brief(pc.told.at(-1)), '2700000 30 1 motion balanced', 'quality: the encoder is told');
    await broadcaster.setQuality(sourceId, {resolution: {width: 640, height: 360}, framerate: 15, content: 'text',
                                            videoBitrate: 800000, quality: 'mine'});
    is(brief(pc.told.at(-1)), '800000 15 2 text maintain-resolution', 'quality: another one, while it is live');
    is(JSON.stringify(stream.getTracks()[0].constraints),
       '{"width":{"ideal":640},"height":{"ideal":360},"frameRate":{"ideal":15,"max":15}}',
       'quality: the camera is asked, too');
    is(requests.length, 1, 'quality: the server is not');
    is(broadcaster.wantedOf(sourceId).quality, 'mine', 'quality: it is remembered');

    await broadcaster.setLowered(sourceId, true);
    is(brief(pc.told.at(-1)), '150000 5 8 text maintain-resolution', 'quality: next to nothing');
    is(broadcaster.get(sourceId).lowered, true, 'quality: which can be seen');

    const count = pc.told.length;

    await broadcaster.setLowered(sourceId, true);
    is(pc.told.length, count, 'quality: and is not said twice');
    await Promise.all([broadcaster.setLowered(sourceId, false), broadcaster.setQuality(sourceId, {framerate: 10})]);
    is(brief(pc.told.at(-1)), '800000 10 2 text maintain-resolution', 'quality: what changes at once comes together');

    await broadcaster.stopBroadcast(sourceId);
    await broadcaster.setQuality(sourceId, {resolution: {width: 1280, height: 720}, framerate: 30, content: 'motion'});
    is(brief((await start()).told.at(-1)), '2700000 30 1 motion balanced', 'quality: of a source that starts again');

    stream.getTracks()[0].applyConstraints = async () => {
        throw new DOMException('no', 'OverconstrainedError');
    };
    await broadcaster.setQuality(sourceId, {resolution: {width: 640, height: 360}});
    is(FakePeerConnection.last.told.at(-1).scaleResolutionDownBy, 2,
       'quality: what the camera does not do, the encoder does');
    is(await code(broadcaster.setQuality('nothing', {})), 'unknown_source', 'quality: of a source');
    await broadcaster.stopBroadcast(sourceId);
}

{
    globalThis.MediaStream = class {
        getTracks = () => [];
        getAudioTracks = () => [];
        getVideoTracks = () => [];
    };

    const sound = {kind: 'audio', enabled: true, addEventListener() {}, stop() {}};
    const microphone = {getTracks: () => [sound], getVideoTracks: () => [], getAudioTracks: () => [sound]};
    let asksFor = null;

    Object.defineProperty(globalThis, 'navigator', {configurable: true, value: {mediaDevices: {
        getUserMedia: async (constraints) => {
            asksFor = constraints;
            return microphone;
        },
    }}});

    const broadcaster = new MultiSourceBroadcaster();
    const {sourceId, state, reason} = broadcaster.recallSource({type: 'audio', label: 'Mic', audioDeviceId: 'm',
                                                                muted: true});

    is(`${state} ${reason.code}`, 'ended recalled', 'recalled: a source waits to be captured again');
    is(asksFor, null, 'recalled: nobody was asked');
    is(await code(broadcaster.startBroadcast(sourceId, {url: '/whip/', streamKey: 'KEY'})), 'source_ended',
       'recalled: until then there is nothing to send');
    is((await broadcaster.renewSource(sourceId)).state, 'idle', 'recalled: then it is as it was');
    is(JSON.stringify(asksFor), '{"video":false,"audio":{"deviceId":{"exact":"m"}}}', 'recalled: the same device');
    is(sound.enabled, false, 'recalled: who was silent stays so');
    broadcaster.setMuted(sourceId, false);
    is(sound.enabled, true, 'recalled: until he is not');

    const refused = (wanted) => {
        try {
            return broadcaster.recallSource(wanted).state;

        } catch (error) {
            return error.code;
        }
    };

    is(refused({type: 'webcam', label: 'Mic'}), 'duplicate_source_name', 'recalled: by a name of its own');
    is(refused({type: 'other', label: 'A'}), 'bad_source_type', 'recalled: of a type that can be captured');
}

done();
process.exit();
