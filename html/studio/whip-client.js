import {suggestedBitrate} from './whip-codecs.js';
import {WhipError, backoffMs} from './whip-error.js';
import {WhipSession} from './whip-session.js';
import {summarize} from './whip-stats.js';

/** The browser waits for some seconds before it calls a connection lost. */
const GRACE_MS = 500;

/** From the answer, or from a restart, to media that passes. */
const CONNECT_MS = 15000;
const RESTART_MS = 8000;

/** A session that lasted so long was a good one: the next failure is the first. */
const STEADY_MS = 10000;

const BACKOFF = {first: 1000, max: 30000};
const PATIENCE_MS = 600000;
const AUDIO_BITRATE = 128000;

/**
 * Sends a MediaStream to a WHIP endpoint (RFC 9725) and keeps at it: it restarts ICE when the network changes, makes
 * a new session when that is not enough, and gives up when the server says that it will not do.
 *
 *     const client = new WhipClient({url: '/whip/Face_Cam', token: KEY, stream, onstate: (state, reason) => ...});
 *
 *     await client.start();
 *     await client.stop();
 *
 * It needs nothing but the files whip-*.js beside it.
 *
 * States: idle, connecting, live, reconnecting, stopped, failed.  `reason` is the last failure, null once live.
 */
export class WhipClient {
    #options;
    #onstate;
    #backoff;
    #patience;
    #state = 'idle';
    #reason = null;
    #session = null;
    #closing = null;            /* the session before */
    #restarting = null;         /* the session that is being restarted */
    #wasLive = false;
    #failures = 0;
    #since = 0;                 /* when it was live last, or started */
    #timer = 0;                 /* the next thing to happen if nothing else does */
    #steadyTimer = 0;
    #sample = null;
    #outcome = null;
    #settle = null;
    #network = globalThis.navigator?.connection;
    #networkType = this.#network?.type;

    /**
     * @param {object} options
     * @param {string} options.url of the endpoint, absolute or relative to the page
     * @param {?string} [options.token] for "Authorization: Bearer"
     * @param {MediaStream} options.stream one video track or one audio track, or both
     * @param {function(string, ?WhipError): void} [options.onstate] called with every new state or reason
     * @param {string} [options.content] of the picture: "text" or "detail" (keep it sharp) or "motion" (keep it
     *     fluent); a shared screen is detail if nothing is said
     * @param {number} [options.videoBitrate] bit/s at most
     * @param {number} [options.audioBitrate] bit/s at most
     * @param {number} [options.framerate] at most
     * @param {number} [options.scale] the picture is sent smaller by this factor
     * @param {string[]} [options.videoCodecs] that may be sent, the best first
     * @param {RTCIceServer[]} [options.iceServers] if the server names none
     * @param {boolean} [options.trickle] whether the server is told candidates; without it, unless it is ICE-lite
     * @param {{first: number, max: number}} [options.backoff] between attempts, ms
     * @param {number} [options.patience] how long it keeps trying, ms
     */
    constructor({url, token = null, stream, onstate = () => {}, content, videoBitrate, audioBitrate = AUDIO_BITRATE,
                 framerate, scale = 1, videoCodecs = ['video/H264'], iceServers = [], trickle, backoff = BACKOFF,
                 patience = PATIENCE_MS}) {
        const settings = stream.getVideoTracks()[0]?.getSettings?.() ?? {};

        this.#onstate = onstate;
        this.#backoff = backoff;
        this.#patience = patience;
        this.#options = {
            url, token, stream, audioBitrate, framerate, scale, videoCodecs, iceServers, trickle,
            content: content ?? (settings.displaySurface ? 'detail' : 'motion'),
            videoBitrate: videoBitrate ?? suggestedBitrate(settings, framerate ?? settings.frameRate),
        };
    }

    get state() {
        return this.#state;
    }

    /** @returns {?WhipError} */
    get reason() {
        return this.#reason;
    }

    /** @returns {boolean} it sends, or tries to */
    get active() {
        return this.#settle !== null;
    }

    /** @returns {Promise<string>} "live", "failed" or "stopped", whatever comes first; never rejects */
    start() {
        if (!this.active) {
            this.#outcome = new Promise((resolve) => { this.#settle = resolve; });
            this.#wasLive = false;
            this.#failures = 0;
            this.#since = Date.now();
            this.#listen(true);
            this.#set('connecting', null);

            if (this.active) {
                this.#connect();
            }
        }

        return this.#outcome;
    }

    /** Settles when the server knows, or cannot be told; never rejects. */
    async stop() {
        if (this.active) {
            this.#end('stopped', null);
        }

        await this.#closing;
    }

    /**
     * Another quality, from now on: of what is being sent, and of sessions to come.
     * @param {object} changes content, videoBitrate, framerate and scale, as in the constructor
     * @returns {Promise<void>} once the encoder knows; never rejects
     */
    async adapt(changes) {
        Object.assign(this.#options, changes);
        await this.#session?.adapt(changes);
    }

    /** @returns {Promise<?import('./whip-stats.js').Figures>} null while there is no session */
    async stats() {
        const session = this.#session;
        const reports = await session?.stats();

        if (!reports || session !== this.#session) {
            return null;
        }

        const {figures, sample} = summarize(reports, this.#sample);

        this.#sample = sample;

        return figures;
    }

    async #connect() {
        const session = new WhipSession({...this.#options, onlink: (link) => this.#linkChanged(session, link)});

        this.#after(0);
        this.#session = session;
        this.#sample = null;
        await this.#closing;        /* two sessions of one source would be a takeover */

        if (session !== this.#session) {
            return;
        }

        try {
            await session.open();

        } catch (error) {
            this.#lost(session, error instanceof WhipError ? error
                                                           : new WhipError('internal', error.message, {final: true}));
            return;
        }

        if (session === this.#session && !session.up) {
            this.#expectMedia(session, CONNECT_MS);
        }
    }

    #linkChanged(session, link) {
        if (session !== this.#session) {
            return;
        }

        switch (link) {
        case 'up':
            this.#after(0);
            this.#isLive();
            break;
        case 'down':
            if (this.#restarting !== session) {
                this.#after(GRACE_MS, () => this.#restart());
            }

            break;
        case 'failed':
            if (this.#state === 'live') {
                this.#restart();

            } else if (this.#restarting !== session) {
                this.#lost(session, noMedia());
            }

            break;
        case 'closed':
            this.#lost(session, new WhipError('closed', 'the server ended the session'));
        }
    }

    #isLive() {
        this.#wasLive = true;
        clearTimeout(this.#steadyTimer);
        this.#steadyTimer = setTimeout(() => { this.#failures = 0; }, STEADY_MS);
        this.#set('live', null);
        this.#settle?.('live');
    }

    async #restart() {
        const session = this.#session;

        if (this.#restarting === session || !session.established) {
            return;
        }

        this.#restarting = session;
        this.#after(0);

        if (!session.up) {
            this.#set('reconnecting', noMedia());
        }

        try {
            await session.restart();

        } catch (error) {
            if (!session.up) {
                this.#lost(session, error.final ? noMedia() : error);   /* a new session may well do */
            }

        }

        if (session !== this.#session) {
            return;
        }

        this.#restarting = null;

        if (!session.up) {
            this.#expectMedia(session, RESTART_MS);
        }
    }

    #expectMedia(session, ms) {
        this.#after(ms, () => this.#lost(session, noMedia()));
    }

    #lost(session, error) {
        if (session !== this.#session) {
            return;
        }

        if (this.#state === 'live') {
            this.#since = Date.now();
        }

        const delay = Math.max(backoffMs(++this.#failures, Math.random(), this.#backoff), error.retryAfter);

        if (error.final || Date.now() + delay - this.#since > this.#patience) {
            this.#end('failed', error);
            return;
        }

        this.#leave();
        this.#after(delay, () => this.#connect());
        this.#set(this.#wasLive ? 'reconnecting' : 'connecting', error);
    }

    #end(state, reason) {
        const settle = this.#settle;

        this.#listen(false);
        this.#after(0);
        this.#leave();
        this.#settle = null;
        this.#set(state, reason);
        settle(state);
    }

    #leave() {
        clearTimeout(this.#steadyTimer);

        if (this.#session !== null) {
            this.#options.iceServers = this.#session.iceServers;
            this.#closing = this.#session.close();
            this.#session = null;
            this.#restarting = null;
        }
    }

    /** One timer is enough: each step replaces what the one before was waiting for. */
    #after(ms, act = null) {
        clearTimeout(this.#timer);
        this.#timer = act === null ? 0 : setTimeout(act, ms);
    }

    #listen(on) {
        const change = on ? 'addEventListener' : 'removeEventListener';

        globalThis[change]?.('online', this.#online);
        this.#network?.[change]?.('change', this.#networkChanged);
    }

    #online = () => {
        if (this.#session !== null) {
            this.#restart();

        } else if (!this.#reason?.retryAfter) {
            this.#connect();        /* no need to wait any longer */
        }
    };

    /** The event tells of every new estimate, too. */
    #networkChanged = () => {
        const type = this.#network.type;

        if (type !== this.#networkType && type !== 'none') {
            this.#networkType = type;
            this.#online();
        }
    };

    #set(state, reason) {
        if (state !== this.#state || reason !== this.#reason) {
            this.#state = state;
            this.#reason = reason;
            this.#onstate(state, reason);
        }
    }
}

function noMedia() {
    return new WhipError('ice_failed', 'the server cannot be reached for media');
}
