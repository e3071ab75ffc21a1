import {chooseCodecs} from './whip-codecs.js';
import {WhipError} from './whip-error.js';
import {request} from './whip-http.js';
import {fragment, iceServers, isLite, restartedAnswer} from './whip-text.js';

const FRAGMENT = 'application/trickle-ice-sdpfrag';

const POST_MS = 10000;
const PATCH_MS = 5000;
const DELETE_MS = 3000;

/** What is gathered in this time goes into one PATCH. */
const GATHER_MS = 500;

/**
 * One WHIP session (RFC 9725): a peer connection that sends, and the resource that the server made for it.  It never
 * tries again; that is WhipClient's part.
 */
export class WhipSession {
    #options;
    #pc = null;
    #posting = null;            /* the answer to come */
    #url = null;                /* of the resource, once it is there */
    #etag = null;
    #answer = '';
    #candidates = [];
    #trickles = false;
    #trickleTimer = 0;
    #tuned = Promise.resolve();     /* a sender's parameters are changed by one at a time */
    #closed = false;

    /**
     * @param {object} options those of WhipClient, and
     * @param {function(string): void} options.onlink told "up" and "down" as media passes or no longer does, "failed"
     *     when it will not by itself, "closed" when the server has ended the session
     */
    constructor(options) {
        this.#options = options;
    }

    /** @returns {boolean} the server has answered and can be asked for a restart */
    get established() {
        return this.#answer !== '';
    }

    /** @returns {boolean} media passes */
    get up() {
        return this.#pc?.connectionState === 'connected';
    }

    /** @returns {RTCIceServer[]} that the server named, or those of the options */
    get iceServers() {
        return this.#options.iceServers;
    }

    /** @returns {Promise<?RTCStatsReport>} */
    async stats() {
        return this.#closed || this.#pc === null ? null : this.#pc.getStats();
    }

    /**
     * Makes the offer and has it answered; `onlink` tells of what follows.
     * @throws {WhipError}
     */
    async open() {
        const {iceServers: servers, token, url} = this.#options;

        if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
            throw new WhipError('bad_token', 'the key has characters that cannot be sent', {final: true});
        }

        const pc = this.#pc = new RTCPeerConnection({iceServers: servers, bundlePolicy: 'max-bundle'});

        pc.addEventListener('icecandidate', ({candidate}) => this.#gathered(candidate));
        pc.addEventListener('connectionstatechange', () => this.#connectionChanged());
        await this.#addTracks();
        await pc.setLocalDescription(await pc.createOffer());

        if (this.#closed) {
            return;
        }

        this.#posting = this.#request('POST', new URL(url, document.baseURI).href,
                                      {type: 'application/sdp', body: pc.localDescription.sdp, ms: POST_MS});

        await this.#answered(await this.#posting);
    }

    /**
     * New credentials and candidates for the same session: for a network that has changed.
     * @throws {WhipError} refused: the connection is what it was
     */
    async restart() {
        const pc = this.#pc;

        this.#trickles = false;
        this.#candidates = [];
        clearTimeout(this.#trickleTimer);
        this.#trickleTimer = 0;

        try {
            await pc.setLocalDescription(await pc.createOffer({iceRestart: true}));
            await this.#restarted(await this.#request('PATCH', this.#url, {
                type: FRAGMENT, body: fragment(pc.localDescription.sdp, [], false), match: '*', ms: PATCH_MS,
            }));

        } catch (error) {
            if (pc.signalingState === 'have-local-offer') {
                await pc.setLocalDescription({type: 'rollback'}).catch(() => {});
            }

            throw error instanceof WhipError ? error : new WhipError('bad_answer', error.message);
        }
    }

    /**
     * Another quality of what is being sent.
     * @param {object} changes content, videoBitrate, framerate and scale, as in the options
     * @returns {Promise<void>} once the encoder knows; never rejects
     */
    adapt(changes) {
        Object.assign(this.#options, changes);

        return this.#tune();
    }

    /** Ends it, here and at the server.  Settles when the server has answered or had time to; never rejects. */
    async close() {
        if (this.#closed) {
            return;
        }

        this.#closed = true;
        clearTimeout(this.#trickleTimer);
        this.#pc?.close();

        if (this.#url === null) {
            await this.#posting?.catch(() => {});
        }

        await this.#delete();
    }

    async #addTracks() {
        const {stream, audioBitrate, videoCodecs} = this.#options;
        const tracks = [...stream.getAudioTracks(), ...stream.getVideoTracks()];

        if (tracks.length === 0) {
            throw new WhipError('no_tracks', 'there is nothing to send', {final: true});
        }

        for (const track of tracks) {
            const video = track.kind === 'video';
            const encoding = video ? this.#encoding() : {maxBitrate: audioBitrate};
            const transceiver = this.#pc.addTransceiver(track, {direction: 'sendonly', streams: [stream],
                                                                sendEncodings: [encoding]});

            preferCodecs(transceiver, track.kind, video ? videoCodecs : ['audio/opus']);
        }

        await this.#tune();
    }

    #encoding() {
        const {videoBitrate, framerate, scale = 1} = this.#options;

        return {maxBitrate: videoBitrate, scaleResolutionDownBy: Math.max(scale, 1),
                ...(framerate && {maxFramerate: framerate})};
    }

    /** Tells the encoder what the options say by now. */
    #tune() {
        this.#tuned = this.#tuned.then(async () => {
            for (const sender of this.#closed ? [] : this.#pc?.getSenders() ?? []) {
                if (sender.track?.kind === 'video') {
                    await tuneSender(sender, this.#options.content, this.#encoding());
                }
            }
        });

        return this.#tuned;
    }

    async #answered({status, headers, url, text}) {
        const location = headers.get('Location');

        if (status !== 201 || location === null) {
            throw new WhipError('bad_answer', 'the server does not answer as WHIP servers do', {status, final: true});
        }

        this.#url = new URL(location, url).href;
        this.#etag = headers.get('ETag');

        if (this.#closed) {
            return;                 /* close() is waiting for the URL */
        }

        this.#useServers(iceServers(headers.get('Link')));

        try {
            await this.#pc.setRemoteDescription({type: 'answer', sdp: text});

        } catch (error) {
            throw new WhipError('bad_answer', `the answer cannot be used: ${error.message}`, {status, final: true});
        }

        /* the end of DTLS is the server's goodbye, which the state of the connection does not tell */

        const dtls = this.#pc.getSenders()[0]?.transport;

        dtls?.addEventListener('statechange', () => {
            if (dtls.state === 'closed' || dtls.state === 'failed') {
                this.#tell('closed');
            }
        });

        this.#answer = text;
        this.#startTrickling();
    }

    async #restarted({status, headers, text}) {
        const sdp = status === 200 ? restartedAnswer(this.#answer, text) : null;

        if (sdp === null) {
            throw new WhipError('bad_answer', 'the server did not restart ICE', {status});
        }

        await this.#pc.setRemoteDescription({type: 'answer', sdp});

        this.#answer = sdp;
        this.#etag = headers.get('ETag') ?? this.#etag;
        this.#startTrickling();
    }

    /** They come with the answer, too late for the first gathering; a restart uses them. */
    #useServers(servers) {
        if (servers.length === 0) {
            return;
        }

        this.#options.iceServers = servers;

        try {
            this.#pc.setConfiguration({...this.#pc.getConfiguration(), iceServers: servers});

        } catch {
            /* the session may do without */
        }
    }

    #connectionChanged() {
        switch (this.#pc.connectionState) {
        case 'connected':
            this.#tell('up');
            break;
        case 'disconnected':
            this.#tell('down');
            break;
        case 'failed':
            this.#tell('failed');
        }
    }

    #tell(link) {
        if (!this.#closed) {
            this.#options.onlink(link);
        }
    }

    #gathered(candidate) {
        if (candidate?.candidate) {
            this.#candidates.push(candidate.candidate);
        }

        this.#trickleSoon();
    }

    #startTrickling() {
        this.#trickles = this.#options.trickle ?? !isLite(this.#answer);
        this.#trickleSoon();
    }

    #trickleSoon() {
        if (!this.#trickles || this.#trickleTimer !== 0 || this.#closed) {
            return;
        }

        const ms = this.#pc.iceGatheringState === 'complete' ? 0 : GATHER_MS;

        this.#trickleTimer = setTimeout(() => this.#trickle(), ms);
    }

    /** A help to the server and no more: whatever it says to that, ICE decides. */
    async #trickle() {
        const complete = this.#pc.iceGatheringState === 'complete';
        const body = fragment(this.#pc.localDescription.sdp, this.#candidates.splice(0), complete);

        try {
            await this.#request('PATCH', this.#url, {
                type: FRAGMENT, body, match: this.#etag, ms: PATCH_MS,
            });

        } catch (error) {
            this.#trickles &&= !(error.status >= 400);
        }

        this.#trickleTimer = 0;

        if (this.#candidates.length > 0) {
            this.#trickleSoon();
        }
    }

    async #delete() {
        if (this.#url === null) {
            return;
        }

        const url = this.#url;

        this.#url = null;

        /* keepalive: it is often the last thing that a page does */

        await this.#request('DELETE', url, {keepalive: true, ms: DELETE_MS}).catch(() => {});
    }

    #request(method, url, parts) {
        return request(method, url, {token: this.#options.token, ...parts});
    }
}

function preferCodecs(transceiver, kind, wanted) {
    const codecs = RTCRtpSender.getCapabilities?.(kind)?.codecs;

    if (codecs === undefined || transceiver.setCodecPreferences === undefined) {
        return;                     /* the server chooses among what the browser offers */
    }

    const chosen = chooseCodecs(codecs, wanted);

    if (chosen.length === 0) {
        throw new WhipError('no_codec', `this browser does not send ${wanted.join(' or ')}`, {final: true});
    }

    transceiver.setCodecPreferences(chosen);
}

async function tuneSender(sender, content, encoding) {
    if ('contentHint' in sender.track) {
        sender.track.contentHint = content;
    }

    try {
        const parameters = sender.getParameters();

        parameters.degradationPreference = content === 'motion' ? 'balanced' : 'maintain-resolution';

        for (const one of parameters.encodings ?? []) {
            delete one.maxFramerate;
            Object.assign(one, encoding);
        }

        await sender.setParameters(parameters);

    } catch {
        /* it is sent as it was before */
    }
}
