import {ApiError} from '../common/api-error.js';
import {apiRequest, path} from '../common/api-request.js';
import {EventFeed} from '../common/event-feed.js';

/** The server asks a platform or a receiver first. */
const PLATFORM_MS = 45000;

/**
 * A destination, as the server describes it.
 * @typedef {object} Destination
 * @property {string} id
 * @property {string} stream_id a streamer, or `streamer:source`
 * @property {string} platform youtube, twitch, facebook, cloudflare or rtmp_custom
 * @property {string} name
 * @property {string} status pending, connecting, connected, live, reconnecting, stopped or error
 * @property {boolean} is_enabled
 * @property {?number} viewer_count
 * @property {?string} playback_url
 * @property {?string} token_expires_at
 * @property {object} settings
 * @property {boolean} [has_stream_key]
 * @property {?string} [rtmp_url]
 * @property {?string} [account] what the platform calls it
 * @property {string} [health] healthy, degraded, stale, error or unknown
 * @property {string[]} [issues]
 * @property {{bitrate: number, fps: number}} [metrics] kbit/s
 * @property {?{code: string, message: string}} [error]
 * @property {object} [details]
 */

/** The simulcast API: one method for each route, and the event stream.  Errors are ApiErrors. */
export class SimulcastApi {
    #base;
    #token;

    /**
     * @param {string} token
     * @param {string} [base] where the routes begin
     */
    constructor(token, base = '/api/') {
        this.#token = token;
        this.#base = base.endsWith('/') ? base : `${base}/`;
    }

    /* destinations */

    /**
     * @param {{streamId?: string, platform?: string, isEnabled?: boolean}} [filter]
     * @returns {Promise<Destination[]>}
     */
    async destinations({streamId, platform, isEnabled} = {}) {
        const list = await this.#ask('GET', `destinations${query({stream_id: streamId, platform,
                                                                   is_enabled: isEnabled})}`);

        if (!Array.isArray(list)) {
            throw new ApiError('bad_answer', 'the server does not answer as the simulcast API does');
        }

        return list;
    }

    /**
     * @param {object} fields stream_id, platform, name, is_enabled, settings, rtmp_url, stream_key
     * @returns {Promise<Destination>}
     */
    create(fields) {
        return this.#ask('POST', 'destinations', {json: fields, ms: PLATFORM_MS});
    }

    /** @returns {Promise<Destination>} */
    destination(id) {
        return this.#ask('GET', path('destinations', id));
    }

    /**
     * @param {string} id
     * @param {object} changes only what is to be another than before
     * @returns {Promise<Destination>}
     */
    update(id, changes) {
        return this.#ask('PATCH', path('destinations', id), {json: changes});
    }

    /** @returns {Promise<Destination>} the one that was */
    remove(id) {
        return this.#ask('DELETE', path('destinations', id), {ms: PLATFORM_MS});
    }

    /** @returns {Promise<{reachable: boolean, stage: string, error_class: ?string, ms: number}>} */
    test(id) {
        return this.#ask('POST', path('destinations', id, 'test'), {ms: PLATFORM_MS});
    }

    /**
     * @param {string} id
     * @param {Blob} image
     */
    setThumbnail(id, image) {
        return this.#ask('PUT', path('destinations', id, 'thumbnail'), {blob: image, ms: 2 * PLATFORM_MS});
    }

    /* accounts */

    /** @returns {Promise<{token_expires_at: ?string}>} */
    refreshToken(id) {
        return this.#ask('POST', path('destinations', id, 'refresh-token'), {ms: PLATFORM_MS});
    }

    /** @returns {Promise<{authUrl: string, state: string}>} */
    authUrl(platform) {
        return this.#ask('GET', path('destinations', 'platforms', platform, 'auth-url'));
    }

    /**
     * @param {string} platform
     * @param {{code: string, state: string, streamId: string, name: string}} parts
     * @returns {Promise<{id: string, platform: string, name: string, token_expires_at: ?string}>}
     */
    exchangeToken(platform, {code, state, streamId, name}) {
        return this.#ask('POST', path('destinations', 'platforms', platform, 'exchange-token'),
                         {json: {code, state, stream_id: streamId, name}, ms: PLATFORM_MS});
    }

    /** @returns {Promise<{id: string, name: string}[]>} */
    facebookPages(id) {
        return this.#ask('GET', `destinations/platforms/facebook/pages${query({destination: id})}`,
                         {ms: PLATFORM_MS});
    }

    /* a streamer's simulcast */

    /**
     * @param {string} streamId
     * @param {?string} [inputSource] a live source's name, else the server chooses
     */
    start(streamId, inputSource = null) {
        return this.#ask('POST', path('simulcast', streamId, 'start'),
                         {json: inputSource === null ? {} : {inputSource}});
    }

    stop(streamId) {
        return this.#ask('POST', path('simulcast', streamId, 'stop'));
    }

    status(streamId) {
        return this.#ask('GET', path('simulcast', streamId, 'status'));
    }

    health(streamId) {
        return this.#ask('GET', path('simulcast', streamId, 'health'));
    }

    metrics(streamId) {
        return this.#ask('GET', path('simulcast', streamId, 'metrics'));
    }

    /** @returns {Promise<Destination>} */
    startDestination(streamId, id) {
        return this.#ask('POST', path('simulcast', streamId, 'destinations', id, 'start'));
    }

    /** @returns {Promise<Destination>} */
    stopDestination(streamId, id) {
        return this.#ask('POST', path('simulcast', streamId, 'destinations', id, 'stop'));
    }

    /** @returns {Promise<Destination>} disabled; remove() forgets it */
    disableDestination(streamId, id) {
        return this.#ask('DELETE', path('simulcast', streamId, 'destinations', id), {ms: PLATFORM_MS});
    }

    /**
     * @param {string} streamId
     * @returns {EventFeed} not open yet
     */
    events(streamId) {
        return new EventFeed(this.#base + path('simulcast', streamId, 'events'), this.#token);
    }

    /* the one place where a request is made */

    #ask(method, route, parts = {}) {
        return apiRequest(method, this.#base + route, {...parts, token: this.#token});
    }
}

function query(values) {
    const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);

    return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}
