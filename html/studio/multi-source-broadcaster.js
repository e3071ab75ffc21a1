import {capture, recapture} from './capture.js';
import {encodingOf} from './quality.js';
import {SourceError, validName} from './source-name.js';
import {WhipClient} from './whip-client.js';
import {suggestedBitrate} from './whip-codecs.js';

const MAX_SOURCES = 5;

/** Faster than that it is a game or a film, and what counts is that it is fluent. */
const DETAIL_FPS = 30;

/** Types by the words that are used for them. */
const TYPES = {screen: 'screen', webcam: 'webcam', camera: 'webcam', audio: 'audio', other: 'other'};

/**
 * @typedef {object} BroadcastSource
 * @property {string} sourceId
 * @property {string} type screen, webcam, audio or other
 * @property {string} label
 * @property {string} name of the source at the server, made from the label
 * @property {MediaStream} stream
 * @property {string} state of WhipClient, or "ended" once there is nothing to capture any more
 * @property {?{code: string, message: string}} reason of this state
 * @property {boolean} muted its sound is silence
 * @property {boolean} lowered little is sent of it, for now
 */

/**
 * Several sources of one streamer, each captured, sent and stopped on its own.
 *
 *     const broadcaster = new MultiSourceBroadcaster();
 *     const {sourceId} = await broadcaster.addSource({type: 'webcam', label: 'Face Cam', captureAudio: true});
 *
 *     await broadcaster.startBroadcast(sourceId, {protocol: 'webrtc-whip', url: '/whip/', streamKey: KEY});
 *
 * Fires `change` whenever a source comes, goes or is in another state.
 */
export class MultiSourceBroadcaster extends EventTarget {
    #maxSources;
    #entries = new Map();       /* sourceId -> {source, wanted, client, destination} */
    #pending = 0;               /* sources that the user is being asked for */
    #count = 0;

    /** @param {{maxSources?: number}} [options] */
    constructor({maxSources = MAX_SOURCES} = {}) {
        super();
        this.#maxSources = maxSources;
    }

    /** @returns {BroadcastSource[]} in the order in which they were added */
    get sources() {
        return [...this.#entries.values()].map(({source}) => ({...source}));
    }

    /**
     * @param {string} sourceId
     * @returns {?BroadcastSource}
     */
    get(sourceId) {
        const entry = this.#entries.get(sourceId);

        return entry === undefined ? null : {...entry.source};
    }

    /**
     * Captures a source: the browser asks the user.  It is not sent yet.
     * @param {object} wanted
     * @param {string} wanted.type screen, webcam, audio or other
     * @param {string} wanted.label
     * @param {{width: number, height: number}} [wanted.resolution] px
     * @param {number} [wanted.framerate]
     * @param {string} [wanted.content] "text" (keep it sharp) or "motion" (keep it fluent)
     * @param {number} [wanted.videoBitrate] bit/s at most
     * @param {boolean} [wanted.captureAudio]
     * @param {string} [wanted.deviceId] of the camera
     * @param {string} [wanted.audioDeviceId] of the microphone
     * @param {boolean} [wanted.muted]
     * @param {string} [wanted.quality] the page's own word for the picture
     * @param {MediaStream} [wanted.stream] what to send, for the type other
     * @returns {Promise<BroadcastSource>}
     * @throws {SourceError|import('./capture.js').CaptureError}
     */
    async addSource(wanted) {
        const {stream: given = null} = wanted;
        const type = this.#checked(wanted);

        this.#pending++;

        let stream;

        try {
            stream = given ?? await capture({...wanted, type});

        } finally {
            this.#pending--;
        }

        return this.#add(stream, {...wanted, type});
    }

    /**
     * Adds a source that was there before the page was loaded again: it has ended until renewSource().
     * @param {object} wanted as for addSource(), but of the type other
     * @returns {BroadcastSource}
     * @throws {SourceError}
     */
    recallSource(wanted) {
        const type = this.#checked({...wanted, stream: null});
        const {source} = this.#enter({...wanted, type}, new MediaStream());

        source.state = 'ended';
        source.reason = {code: type === 'screen' ? 'recalled_screen' : 'recalled',
                         message: 'the page was loaded again'};
        this.#change();

        return {...source};
    }

    /**
     * @param {string} sourceId of a source that is not being sent
     * @param {string} label
     * @returns {BroadcastSource}
     * @throws {SourceError}
     */
    setLabel(sourceId, label) {
        const {source, client} = this.#find(sourceId);

        if (client?.active) {
            throw new SourceError('source_is_live', 'the name of a live source stays as it is', 'label');
        }

        source.name = this.#freeName(label, sourceId);
        source.label = label.trim();
        this.#change();

        return {...source};
    }

    /**
     * Another picture, also of a live source.
     * @param {string} sourceId
     * @param {object} picture resolution, framerate, content and videoBitrate, as for addSource(), and quality, the
     *     page's own word for them; what is left out stays
     * @returns {Promise<BroadcastSource>} once camera and encoder know
     * @throws {SourceError}
     */
    async setQuality(sourceId, {resolution, framerate, content, videoBitrate, quality}) {
        const entry = this.#find(sourceId);
        const {wanted} = entry;
        const news = Object.entries({resolution, framerate, content, videoBitrate, quality});

        Object.assign(wanted, Object.fromEntries(news.filter(([, value]) => value !== undefined)));

        if (resolution !== undefined && videoBitrate === undefined) {
            delete wanted.videoBitrate;
        }

        await recapture(entry.source.stream, wanted);
        await entry.client?.adapt(encodingFor(entry));
        this.#change();

        return {...entry.source};
    }

    /**
     * Sends next to nothing of a picture, or all of it again.
     * @param {string} sourceId
     * @param {boolean} lowered
     * @returns {Promise<void>} once the encoder knows
     * @throws {SourceError}
     */
    async setLowered(sourceId, lowered) {
        const entry = this.#find(sourceId);

        if (entry.source.lowered !== lowered) {
            entry.source.lowered = lowered;
            this.#change();
            await entry.client?.adapt(encodingFor(entry));
        }
    }

    /**
     * @param {string} sourceId
     * @param {boolean} muted also after renewSource()
     * @throws {SourceError}
     */
    setMuted(sourceId, muted) {
        const {source} = this.#find(sourceId);

        source.muted = muted;
        muteTracks(source);
        this.#change();
    }

    /**
     * @param {string} sourceId
     * @returns {object} what the source was added with, as it is by now, for recallSource()
     * @throws {SourceError}
     */
    wantedOf(sourceId) {
        const {source: {label, muted}, wanted: {stream, ...wanted}} = this.#find(sourceId);

        return {...wanted, label, muted};
    }

    /**
     * Captures again what has ended, with the same label.
     * @param {string} sourceId
     * @returns {Promise<BroadcastSource>}
     * @throws {SourceError|import('./capture.js').CaptureError}
     */
    async renewSource(sourceId) {
        const entry = this.#find(sourceId);

        if (entry.source.type === 'other') {
            throw new SourceError('source_ended', 'there is nothing to send any more');
        }

        const stream = await capture(entry.wanted);

        if (this.#entries.get(sourceId) !== entry || entry.source.state !== 'ended') {
            stopTracks(stream);
            return {...entry.source};
        }

        this.#use(entry, stream);

        return {...entry.source};
    }

    /**
     * Sends a source, and keeps sending it until stopBroadcast().
     * @param {string} sourceId
     * @param {object} destination
     * @param {string} [destination.protocol] "webrtc-whip"
     * @param {string} destination.url what stands before the source's name, as "/whip/"
     * @param {string} destination.streamKey travels in a header only
     * @returns {Promise<BroadcastSource>} once it is live
     * @throws {SourceError|import('./whip-error.js').WhipError} it was refused, or was stopped before it was live
     */
    async startBroadcast(sourceId, {protocol = 'webrtc-whip', url, streamKey}) {
        const entry = this.#find(sourceId);
        const {source} = entry;

        if (protocol !== 'webrtc-whip') {
            throw new SourceError('bad_destination', `the protocol ${protocol} is not known`, 'protocol');
        }

        if (typeof url !== 'string' || /[?#@]/.test(url)) {
            throw new SourceError('bad_destination', 'a WHIP address has no key in it and no query', 'url');
        }

        if (typeof streamKey !== 'string' || streamKey.trim() === '') {
            throw new SourceError('bad_destination', 'a stream key is needed', 'streamKey');
        }

        if (source.state === 'ended') {
            throw new SourceError('source_ended', 'there is nothing to send any more');
        }

        const client = this.#clientTo(entry, `${url.replace(/\/*$/, '/')}${source.name}`, streamKey.trim());

        if (await client.start() !== 'live') {
            throw client.reason ?? new SourceError('stopped', 'it was stopped');
        }

        return {...source};
    }

    /**
     * @param {string} sourceId
     * @returns {Promise<void>} once the server knows, or cannot be told
     */
    async stopBroadcast(sourceId) {
        await this.#find(sourceId).client?.stop();
    }

    /**
     * Stops it and gives camera or screen back.
     * @param {string} sourceId
     * @returns {Promise<void>} as stopBroadcast
     */
    async removeSource(sourceId) {
        const {source, client} = this.#find(sourceId);

        this.#entries.delete(sourceId);
        stopTracks(source.stream);
        this.#change();
        await client?.stop();
    }

    /**
     * @param {string} sourceId
     * @returns {Promise<?import('./whip-stats.js').Figures>} null while it is not being sent
     */
    async stats(sourceId) {
        return this.#find(sourceId).client?.stats() ?? null;
    }

    #find(sourceId) {
        const entry = this.#entries.get(sourceId);

        if (entry === undefined) {
            throw new SourceError('unknown_source', 'there is no such source');
        }

        return entry;
    }

    /** The label's name, which no other source has. */
    #freeName(label, sourceId = null) {
        const name = validName(String(label ?? ''));

        for (const {source} of this.#entries.values()) {
            if (source.name === name && source.sourceId !== sourceId) {
                throw new SourceError('duplicate_source_name', `another source is called ${name}`, 'label');
            }
        }

        return name;
    }

    /** The type of a source that can be added. */
    #checked({type: word, label, stream}) {
        const type = TYPES[word];

        if (type === undefined || (type === 'other' && !stream)) {
            throw new SourceError('bad_source_type', `there is no source of type ${word}`, 'type');
        }

        if (this.#entries.size + this.#pending >= this.#maxSources) {
            throw new SourceError('too_many_sources', `there can be ${this.#maxSources} sources at most`);
        }

        this.#freeName(label);

        return type;
    }

    #add(stream, wanted) {
        let entry;

        try {
            entry = this.#enter(wanted, stream);        /* while the user was asked, another may have come */

        } catch (error) {
            stopTracks(stream);
            throw error;
        }

        this.#use(entry, stream);

        return {...entry.source};
    }

    #enter(wanted, stream) {
        const name = this.#freeName(wanted.label);
        const sourceId = `source-${++this.#count}`;
        const source = {sourceId, type: wanted.type, label: String(wanted.label).trim(), name, stream, state: 'idle',
                        reason: null, muted: Boolean(wanted.muted), lowered: false};
        const entry = {source, wanted: {...wanted}, client: null, destination: ''};

        this.#entries.set(sourceId, entry);

        return entry;
    }

    #use(entry, stream) {
        entry.source.stream = stream;
        entry.source.state = 'idle';
        entry.source.reason = null;
        muteTracks(entry.source);

        const tracks = stream.getTracks();
        const decisive = tracks.filter(({kind}) => kind === 'video');

        for (const track of decisive.length > 0 ? decisive : tracks) {
            track.addEventListener('ended', () => this.#ended(entry, stream));
        }

        this.#change();
    }

    /** The user has stopped sharing, or the camera was unplugged. */
    #ended(entry, stream) {
        if (entry.source.stream !== stream || this.#entries.get(entry.source.sourceId) !== entry) {
            return;
        }

        stopTracks(stream);
        entry.client?.stop();
        entry.client = null;
        entry.source.state = 'ended';
        entry.source.reason = null;
        this.#change();
    }

    /** A client that is stopping knows what to wait for before it starts again. */
    #clientTo(entry, url, token) {
        const destination = `${url} ${token}`;

        if (entry.client === null || (!entry.client.active && entry.destination !== destination)) {
            entry.client = this.#newClient(entry, url, token);
            entry.destination = destination;
        }

        entry.client.adapt(encodingFor(entry));

        return entry.client;
    }

    #newClient(entry, url, token) {
        const {source} = entry;
        const client = new WhipClient({
            url, token, stream: source.stream, ...encodingFor(entry),
            onstate: (state, reason) => {
                if (entry.client === client) {
                    source.state = state;
                    source.reason = reason;
                    this.#change();
                }
            },
        });

        return client;
    }

    #change() {
        this.dispatchEvent(new Event('change'));
    }
}

function encodingFor({source, wanted}) {
    const {type, resolution, framerate = 30, content} = wanted;
    const settings = source.stream.getVideoTracks()[0]?.getSettings?.() ?? {};
    const videoBitrate = wanted.videoBitrate ?? suggestedBitrate(resolution, framerate);

    return {
        content: content ?? (type === 'screen' && framerate <= DETAIL_FPS ? 'detail' : 'motion'),
        ...encodingOf({resolution, framerate, videoBitrate}, settings, source.lowered),
    };
}

function muteTracks({stream, muted}) {
    for (const track of stream.getAudioTracks()) {
        track.enabled = !muted;
    }
}

function stopTracks(stream) {
    for (const track of stream.getTracks()) {
        track.stop();
    }
}
