/*
 * The YouTube Live Streaming API: broadcasts, streams, videos, thumbnails, quota.
 */

import {Malformed, characters, iso, random} from './common.mjs';
import {lengthRequired} from './google.mjs';
import {BROADCAST, RESOURCE, STREAM, VIDEO, badBody, checkBody, checkText, refuse, timeOf} from './youtube_body.mjs';

const BROADCAST_PARTS = ['id', 'snippet', 'contentDetails', 'status', 'statistics', 'monetizationDetails'];
const STREAM_PARTS = ['id', 'snippet', 'cdn', 'contentDetails', 'status'];
const VIDEO_PARTS = ['id', 'snippet', 'contentDetails', 'status', 'statistics', 'liveStreamingDetails', 'player'];

const WRITE_SCOPES = ['https://www.googleapis.com/auth/youtube', 'https://www.googleapis.com/auth/youtube.force-ssl'];
const READ_SCOPES = [...WRITE_SCOPES, 'https://www.googleapis.com/auth/youtube.readonly'];

const COMMON_PARAMETERS = ['part', 'alt', 'fields', 'key', 'prettyPrint', 'quotaUser', 'onBehalfOfContentOwner',
    'onBehalfOfContentOwnerChannel'];

const CATEGORIES = {1: 'Film & Animation', 10: 'Music', 17: 'Sports', 20: 'Gaming', 22: 'People & Blogs',
    24: 'Entertainment', 25: 'News & Politics', 27: 'Education', 28: 'Science & Technology'};

/* what liveBroadcasts.update wants of contentDetails: the rest would be reset */

const RESENT = ['enableContentEncryption', 'enableDvr', 'recordFromStart', 'startWithSlate'];

const THUMBNAIL_LIMIT = 2 * 1024 * 1024;

const embed = (id) => `<iframe src="https://www.youtube.com/embed/${id}"></iframe>`;

export class YouTube {
    #world;
    #google;
    #broadcasts = new Map();
    #streams = new Map();
    #used = 0;

    constructor(world, google) {
        this.#world = world;
        this.#google = google;

        const route = (call, method, path, units, scopes, parameters, run) => ({
            call: `youtube.${call}`, method, path, units,
            run: (request) => this.#checked(request, units, scopes, parameters, run),
        });

        const broadcasts = /^\/youtube\/v3\/liveBroadcasts$/;
        const streams = /^\/youtube\/v3\/liveStreams$/;
        const videos = /^\/youtube\/v3\/videos$/;
        const list = ['id', 'mine', 'maxResults', 'pageToken'];

        this.routes = [
            route('liveBroadcasts.insert', 'POST', broadcasts, 50, WRITE_SCOPES, [],
                (request, user) => this.#insertBroadcast(request, user)),
            route('liveBroadcasts.list', 'GET', broadcasts, 1, READ_SCOPES,
                [...list, 'broadcastStatus', 'broadcastType'],
                (request, user) => this.#listBroadcasts(request, user)),
            route('liveBroadcasts.update', 'PUT', broadcasts, 50, WRITE_SCOPES, [],
                (request, user) => this.#updateBroadcast(request, user)),
            route('liveBroadcasts.delete', 'DELETE', broadcasts, 50, WRITE_SCOPES, ['id'],
                (request, user) => this.#deleteBroadcast(request, user)),
            route('liveBroadcasts.bind', 'POST', /^\/youtube\/v3\/liveBroadcasts\/bind$/, 50, WRITE_SCOPES,
                ['id', 'streamId'], (request, user) => this.#bind(request, user)),
            route('liveBroadcasts.transition', 'POST', /^\/youtube\/v3\/liveBroadcasts\/transition$/, 50,
                WRITE_SCOPES, ['id', 'broadcastStatus'], (request, user) => this.#transition(request, user)),
            route('liveStreams.insert', 'POST', streams, 50, WRITE_SCOPES, [],
                (request, user) => this.#insertStream(request, user)),
            route('liveStreams.list', 'GET', streams, 1, READ_SCOPES, list,
                (request, user) => this.#listStreams(request, user)),
            route('liveStreams.delete', 'DELETE', streams, 50, WRITE_SCOPES, ['id'],
                (request, user) => this.#deleteStream(request, user)),
            route('videos.list', 'GET', videos, 1, READ_SCOPES, ['id', 'maxResults', 'pageToken'],
                (request, user) => this.#listVideos(request, user)),
            route('videos.update', 'PUT', videos, 50, WRITE_SCOPES, [],
                (request, user) => this.#updateVideo(request, user)),
            route('videoCategories.list', 'GET', /^\/youtube\/v3\/videoCategories$/, 1, READ_SCOPES,
                ['id', 'regionCode', 'hl'], (request) => this.#listCategories(request)),
            route('channels.list', 'GET', /^\/youtube\/v3\/channels$/, 1, READ_SCOPES, list,
                (request, user) => this.#listChannels(request, user)),
            route('thumbnails.set', 'POST', /^\/upload\/youtube\/v3\/thumbnails\/set$/, 50, WRITE_SCOPES,
                ['videoId', 'uploadType'], (request, user) => this.#setThumbnail(request, user)),
        ];

        world.watch(() => this.#mediaChanged());
    }

    get quota() {
        return {used: this.#used, limit: this.#world.settings.youtube.quota};
    }

    set quotaUsed(units) {
        this.#used = units;
    }

    // --- what every call has in common

    #checked(request, units, scopes, parameters, run) {
        if (request.method !== 'GET' && request.method !== 'DELETE' && !request.hasLength) {
            throw lengthRequired();
        }

        const user = this.#authorize(request, scopes);
        const {quota} = this.#world.settings.youtube;

        if (this.#used + units > quota) {
            throw refuse(403, 'quotaExceeded', 'The request cannot be completed because you have exceeded your quota.',
                {domain: 'youtube.quota', fault: false});
        }

        this.#used += units;

        let query;

        try {
            query = request.query;

        } catch (error) {
            throw error instanceof Malformed ? badBody('Malformed request.', error.message) : error;
        }

        for (const name of query.keys()) {
            if (!COMMON_PARAMETERS.includes(name) && !parameters.includes(name)) {
                throw badBody(`Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter.`,
                    `unknown parameter ${name}`);
            }
        }

        return run(request, user);
    }

    #authorize(request, scopes) {
        const login = (why) => refuse(401, 'required', 'Request is missing required authentication credential.',
            {domain: 'global', why, location: 'Authorization', type: 'header', word: 'UNAUTHENTICATED'});

        const invalid = (why, fault) => refuse(401, 'authError', 'Invalid Credentials',
            {domain: 'global', why, fault, location: 'Authorization', type: 'header', word: 'UNAUTHENTICATED'});

        if (/(?:^|&)access_token=/.test(request.search)) {
            throw login('token in the URL');
        }

        if (request.authorization === null) {
            throw login('no Authorization');
        }

        const [scheme, text] = request.authorization;

        if (scheme !== 'Bearer') {
            throw login('scheme of Authorization');
        }

        const token = this.#google.grants.find(text);

        if (token?.kind !== 'access') {
            throw invalid('unknown token', true);
        }

        const dead = this.#google.grants.death(token);

        if (dead !== undefined) {
            throw invalid(dead, false);
        }

        if (!scopes.some((scope) => token.grant.scopes.includes(scope))) {
            throw refuse(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.',
                {domain: 'global', word: 'PERMISSION_DENIED'});
        }

        return token.grant.user;
    }

    /** The parts that a request names. */
    #parts(request, allowed) {
        const part = request.query.get('part');

        if (!part) {
            throw refuse(400, 'required', 'Required parameter: part', {domain: 'global', why: 'no part',
                location: 'part'});
        }

        const parts = part.split(',').map((name) => name.trim());
        const unknown = parts.find((name) => !allowed.includes(name));

        if (unknown !== undefined) {
            throw refuse(400, 'unknownPart', unknown, {domain: 'youtube.part', location: 'part'});
        }

        return parts;
    }

    /** The resource in the body of a request, all of whose parts are named. */
    #resource(request, shape, parts) {
        if (request.type !== 'application/json') {
            throw refuse(400, 'badContent', `Unsupported content with type: ${request.type}`, {domain: 'global',
                why: 'Content-Type'});
        }

        const body = request.json;

        if (body === undefined) {
            throw refuse(400, 'parseError', 'Parse Error', {domain: 'global'});
        }

        checkBody(body, shape, '');

        const unexpected = Object.keys(body).find((name) => !Object.hasOwn(RESOURCE, name) && !parts.includes(name));

        if (unexpected !== undefined) {
            throw refuse(400, 'unexpectedPart', `'${unexpected}'`, {domain: 'youtube.part', location: 'part'});
        }

        return body;
    }

    #live() {
        if (!this.#world.settings.youtube.live_enabled) {
            throw refuse(403, 'liveStreamingNotEnabled', 'The user is not enabled for live streaming.', {fault: false});
        }
    }

    #required(request, name, domain = 'youtube.liveBroadcast') {
        const value = request.query.get(name);

        if (!value) {
            throw refuse(400, name === 'broadcastStatus' ? 'statusRequired' : `${name}Required`,
                `Required parameter: ${name}`, {domain, location: name});
        }

        return value;
    }

    #broadcast(id, user) {
        const broadcast = this.#broadcasts.get(id);

        if (broadcast === undefined || broadcast.user !== user) {
            throw refuse(404, 'liveBroadcastNotFound', 'Broadcast not found', {fault: !this.#deleted.has(id)});
        }

        return broadcast;
    }

    /* of the past, deleted in the studio while a client still knows them */

    #deleted = new Set();

    #page(request, kind, items) {
        const max = request.query.get('maxResults');

        if (max !== undefined && !(/^\d+$/.test(max) && Number(max) <= 50)) {
            throw badBody(`Invalid value '${max}'. Values must be within the range: [0, 50]`, 'maxResults');
        }

        const size = max === undefined ? 5 : Number(max);
        const start = Number(request.query.get('pageToken')?.slice(1) ?? 0);

        return {
            body: {
                kind: `youtube#${kind}ListResponse`, etag: random(27),
                ...(start + size < items.length && size > 0 && {nextPageToken: `C${start + size}`}),
                pageInfo: {totalResults: items.length, resultsPerPage: size},
                items: items.slice(start, start + size),
            },
        };
    }

    /** Exactly one of these says what a list is of. */
    #filter(request, names) {
        const given = names.filter((name) => request.query.has(name));

        if (given.length === 0) {
            throw refuse(400, 'missingRequiredParameter', `No filter selected. Expected one of: ${names.join(', ')}`,
                {domain: 'youtube.parameter'});
        }

        if (given.length > 1) {
            throw refuse(400, 'incompatibleParameters', `Incompatible parameters specified in the request: ${
                given.join(', ')}`, {domain: 'youtube.parameter'});
        }

        if (given[0] === 'mine' && request.query.get('mine') !== 'true') {
            throw refuse(400, 'invalidValue', 'mine', {domain: 'youtube.parameter'});
        }

        return given[0];
    }

    // --- broadcasts

    #insertBroadcast(request, user) {
        const parts = this.#parts(request, BROADCAST_PARTS);
        const {snippet = {}, status = {}, contentDetails = {}} = this.#resource(request, BROADCAST, parts);

        this.#live();
        this.#checkSnippet(snippet, true);
        this.#checkStatus(status);
        this.#checkDetails(contentDetails);

        const {monitorStream = {}, ...details} = contentDetails;

        const broadcast = {
            id: random(11), user, stream: undefined, viewers: 0, lifeCycleStatus: 'created', thumbnail: undefined,
            snippet: {title: snippet.title, description: snippet.description ?? '',
                scheduledStartTime: snippet.scheduledStartTime, scheduledEndTime: snippet.scheduledEndTime},
            status: {privacyStatus: status.privacyStatus,
                selfDeclaredMadeForKids: status.selfDeclaredMadeForKids ?? false},
            contentDetails: {
                enableAutoStart: false, enableAutoStop: false, enableClosedCaptions: false,
                enableContentEncryption: false, enableDvr: true, enableEmbed: true, latencyPreference: 'normal',
                projection: 'rectangular', recordFromStart: true, startWithSlate: false, ...details,
                monitorStream: {enableMonitorStream: true, broadcastStreamDelayMs: 0, ...monitorStream},
            },
            video: {categoryId: '22', tags: []},
        };

        this.#broadcasts.set(broadcast.id, broadcast);

        return {body: this.#showBroadcast(broadcast, parts)};
    }

    #checkSnippet(snippet, starts) {
        if (!snippet.title?.trim()) {
            throw refuse(400, 'titleRequired', 'Title is required');
        }

        checkText(snippet.title, 100, 'invalidTitle');
        checkText(snippet.description ?? '', 5000, 'invalidDescription');

        if (!snippet.scheduledStartTime) {
            throw refuse(400, 'scheduledStartTimeRequired', 'Scheduled start time is required');
        }

        const start = timeOf(snippet.scheduledStartTime);
        const now = this.#world.now;

        if (Number.isNaN(start) || (starts && (start < now - 60000 || start > now + 366 * 86400000))) {
            throw refuse(400, 'invalidScheduledStartTime', 'Scheduled start time must be in the future and close '
                + 'enough to the current date that a broadcast could be reliably scheduled at that time.');
        }

        if (snippet.scheduledEndTime !== undefined && !(timeOf(snippet.scheduledEndTime) > start)) {
            throw refuse(400, 'invalidScheduledEndTime', 'Scheduled end time must follow the scheduled start time');
        }
    }

    #checkStatus(status) {
        if (!status.privacyStatus) {
            throw refuse(400, 'privacyStatusRequired', 'Privacy status is required');
        }

        if (!['public', 'unlisted', 'private'].includes(status.privacyStatus)) {
            throw refuse(400, 'invalidPrivacyStatus', 'Privacy status is not valid');
        }
    }

    #checkDetails(details) {
        if (details.latencyPreference !== undefined
            && !['normal', 'low', 'ultraLow'].includes(details.latencyPreference))
        {
            throw refuse(400, 'invalidLatencyPreferences', 'Latency preference is not valid');
        }

        if (details.latencyPreference === 'ultraLow' && details.enableClosedCaptions) {
            throw refuse(400, 'invalidLatencyPreferences', 'No closed captions with ultra low latency');
        }

        if (details.projection !== undefined && !['rectangular', '360'].includes(details.projection)) {
            throw refuse(400, 'invalidProjection', 'Projection is not valid');
        }
    }

    #showBroadcast(broadcast, parts) {
        const {id, snippet, status, contentDetails} = broadcast;

        const all = {
            snippet: {...snippet, channelId: broadcast.user.channel, publishedAt: iso(this.#world.now),
                isDefaultBroadcast: false, liveChatId: `chat-${id}`, actualStartTime: broadcast.started,
                actualEndTime: broadcast.ended,
                thumbnails: {default: {url: `https://i.ytimg.com/vi/${id}/default_live.jpg`, width: 120, height: 90}}},
            status: {...status, madeForKids: status.selfDeclaredMadeForKids,
                lifeCycleStatus: broadcast.lifeCycleStatus,
                recordingStatus: {live: 'recording', complete: 'recorded'}[broadcast.lifeCycleStatus]
                    ?? 'notRecording'},
            contentDetails: {...contentDetails, boundStreamId: broadcast.stream?.id,
                monitorStream: {...contentDetails.monitorStream, embedHtml: embed(id)}},
            statistics: {concurrentViewers: broadcast.viewers > 0 ? String(broadcast.viewers) : undefined,
                totalChatCount: '0'},
            monetizationDetails: {},
        };

        return {kind: 'youtube#liveBroadcast', etag: random(27), id,
            ...Object.fromEntries(parts.filter((part) => part !== 'id').map((part) => [part, all[part]]))};
    }

    #listBroadcasts(request, user) {
        const parts = this.#parts(request, BROADCAST_PARTS);
        const filter = this.#filter(request, ['id', 'mine', 'broadcastStatus']);
        const type = request.query.get('broadcastType');

        if (type !== undefined && !['all', 'event', 'persistent'].includes(type)) {
            throw refuse(400, 'invalidValue', 'broadcastType', {domain: 'youtube.parameter'});
        }

        let items = [...this.#broadcasts.values()].filter((broadcast) => broadcast.user === user);

        if (filter === 'id') {
            const ids = request.query.get('id').split(',');
            items = items.filter((broadcast) => ids.includes(broadcast.id));

        } else if (filter === 'broadcastStatus') {
            const states = {
                all: () => true,
                active: (state) => ['live', 'liveStarting', 'testing', 'testStarting'].includes(state),
                completed: (state) => state === 'complete',
                upcoming: (state) => ['created', 'ready'].includes(state),
            }[request.query.get('broadcastStatus')];

            if (states === undefined) {
                throw refuse(400, 'invalidValue', 'broadcastStatus', {domain: 'youtube.parameter'});
            }

            items = items.filter((broadcast) => states(broadcast.lifeCycleStatus));
        }

        return this.#page(request, 'liveBroadcast', items.map((item) => this.#showBroadcast(item, parts)));
    }

    #updateBroadcast(request, user) {
        const parts = this.#parts(request, BROADCAST_PARTS);
        const body = this.#resource(request, BROADCAST, parts);

        if (!body.id) {
            throw refuse(400, 'idRequired', 'The id is required');
        }

        const broadcast = this.#broadcast(body.id, user);

        if (parts.includes('snippet')) {
            this.#checkSnippet(body.snippet ?? {}, false);
        }

        if (parts.includes('status')) {
            this.#checkStatus(body.status ?? {});
        }

        if (parts.includes('contentDetails')) {
            this.#checkResent(broadcast, body.contentDetails ?? {});
        }

        if (parts.includes('snippet')) {
            const {title, description, scheduledStartTime, scheduledEndTime} = body.snippet;
            broadcast.snippet = {title, description: description ?? '', scheduledStartTime, scheduledEndTime};
        }

        if (parts.includes('status')) {
            broadcast.status = {selfDeclaredMadeForKids: false, ...body.status};
        }

        if (parts.includes('contentDetails')) {
            Object.assign(broadcast.contentDetails, body.contentDetails);
        }

        return {body: this.#showBroadcast(broadcast, parts)};
    }

    #checkResent(broadcast, details) {
        this.#checkDetails(details);

        const missing = RESENT.find((name) => details[name] === undefined)
            ?? ['enableMonitorStream', 'broadcastStreamDelayMs'].find((name) =>
                details.monitorStream?.[name] === undefined);

        if (missing !== undefined) {
            throw refuse(400, `${missing}Required`, `The ${missing} property is required`);
        }

        if (!['created', 'ready'].includes(broadcast.lifeCycleStatus)
            && details.monitorStream.enableMonitorStream
               !== broadcast.contentDetails.monitorStream.enableMonitorStream)
        {
            throw refuse(403, 'modificationNotAllowed', 'enableMonitorStream cannot be changed any more');
        }
    }

    #deleteBroadcast(request, user) {
        const broadcast = this.#broadcast(this.#required(request, 'id'), user);

        if (['live', 'liveStarting', 'testing', 'testStarting'].includes(broadcast.lifeCycleStatus)) {
            throw refuse(403, 'liveBroadcastDeletionNotAllowed', 'The broadcast cannot be deleted in its state');
        }

        this.#remove(broadcast);

        return {status: 204};
    }

    #remove(broadcast) {
        clearTimeout(broadcast.timer);
        this.#broadcasts.delete(broadcast.id);
        this.#deleted.add(broadcast.id);
    }

    #bind(request, user) {
        const parts = this.#parts(request, BROADCAST_PARTS);
        this.#noBody(request);

        const broadcast = this.#broadcast(this.#required(request, 'id'), user);

        if (!['created', 'ready'].includes(broadcast.lifeCycleStatus)) {
            throw refuse(403, 'liveBroadcastBindingNotAllowed', 'The current status of the live broadcast does not '
                + 'allow it to be bound to a stream.', {fault: broadcast.lifeCycleStatus !== 'complete'});
        }

        const streamId = request.query.get('streamId');

        if (streamId === undefined) {
            broadcast.stream = undefined;
            broadcast.lifeCycleStatus = 'created';

            return {body: this.#showBroadcast(broadcast, parts)};
        }

        const stream = this.#streams.get(streamId);

        if (stream === undefined || stream.user !== user) {
            throw refuse(404, 'liveStreamNotFound', 'Stream not found', {fault: !this.#deleted.has(streamId)});
        }

        if (!stream.isReusable && stream.bound !== undefined && stream.bound !== broadcast.id) {
            throw refuse(403, 'liveBroadcastBindingNotAllowed', 'The stream is not reusable and was bound before.');
        }

        stream.bound = broadcast.id;
        broadcast.stream = stream;
        broadcast.lifeCycleStatus = 'ready';
        this.#world.changed();

        return {body: this.#showBroadcast(broadcast, parts)};
    }

    /** Parameters are in the URL; a body is empty, or an empty object. */
    #noBody(request) {
        if (request.body.length > 0
            && (request.type !== 'application/json' || JSON.stringify(request.json) !== '{}'))
        {
            throw badBody('Invalid JSON payload received. Unknown name.', 'body where none belongs');
        }
    }

    #transition(request, user) {
        const parts = this.#parts(request, BROADCAST_PARTS);
        this.#noBody(request);

        const broadcast = this.#broadcast(this.#required(request, 'id'), user);
        const target = this.#required(request, 'broadcastStatus');

        if (!['testing', 'live', 'complete'].includes(target)) {
            throw refuse(400, 'invalidValue', 'broadcastStatus', {domain: 'youtube.parameter'});
        }

        const state = broadcast.lifeCycleStatus;
        const monitored = broadcast.contentDetails.monitorStream.enableMonitorStream;
        const refused = (fault, why) => refuse(403, 'invalidTransition',
            `The live broadcast can't transition from its current status to the requested status: ${why}`,
            {fault, why: `invalidTransition: ${why}`});

        if (state === target || state === {testing: 'testStarting', live: 'liveStarting'}[target]) {
            throw refuse(403, 'redundantTransition', 'The live broadcast is already in the requested status or '
                + 'processing to it.', {fault: false});
        }

        if (target === 'complete') {
            if (!['live', 'testing'].includes(state)) {
                throw refused(false, `${state} to complete`);
            }

            this.#complete(broadcast);

            return {body: this.#showBroadcast(broadcast, parts)};
        }

        if (broadcast.stream === undefined) {
            throw refused(true, 'no stream is bound');
        }

        if (target === 'testing' && !monitored) {
            throw refused(true, 'testing without monitor stream');
        }

        if (target === 'live' && monitored && state === 'ready') {
            throw refused(true, 'ready to live with monitor stream');
        }

        if (!(target === 'testing' ? ['ready'] : ['ready', 'testing']).includes(state)) {
            throw refused(false, `${state} to ${target}`);
        }

        if (!this.#world.isActive(broadcast.stream.key)) {
            throw refuse(403, 'errorStreamInactive', 'The requested transition is not allowed when the stream that '
                + 'is bound to the broadcast is inactive.', {fault: false});
        }

        this.#start(broadcast, target);

        return {body: this.#showBroadcast(broadcast, parts)};
    }

    /** By way of testStarting or liveStarting. */
    #start(broadcast, target) {
        broadcast.lifeCycleStatus = target === 'live' ? 'liveStarting' : 'testStarting';

        clearTimeout(broadcast.timer);
        broadcast.timer = setTimeout(() => {
            broadcast.timer = undefined;
            broadcast.lifeCycleStatus = target;

            if (target === 'live') {
                broadcast.started = iso(this.#world.now);
            }

            this.#world.changed();
        }, this.#world.settings.youtube.settle_ms);
    }

    #complete(broadcast) {
        clearTimeout(broadcast.timer);
        broadcast.timer = undefined;
        broadcast.lifeCycleStatus = 'complete';
        broadcast.ended = iso(this.#world.now);
        broadcast.viewers = 0;
    }

    #mediaChanged() {
        for (const stream of this.#streams.values()) {
            const active = this.#world.isActive(stream.key);

            stream.seen ||= active;
            stream.status = active ? 'active' : stream.seen ? 'inactive' : 'ready';
        }

        for (const broadcast of this.#broadcasts.values()) {
            const {lifeCycleStatus: state, stream, contentDetails: {enableAutoStart, enableAutoStop}} = broadcast;

            if (stream?.status === 'active') {
                if (state === 'ready' && enableAutoStart) {
                    this.#start(broadcast, 'live');

                } else if (state === 'live') {
                    clearTimeout(broadcast.timer);
                    broadcast.timer = undefined;
                }

            } else if (state === 'live' && enableAutoStop && broadcast.timer === undefined) {
                broadcast.timer = setTimeout(() => this.#complete(broadcast),
                    this.#world.settings.youtube.autostop_ms);
            }
        }
    }

    // --- streams

    #insertStream(request, user) {
        const parts = this.#parts(request, STREAM_PARTS);
        const {snippet = {}, cdn, contentDetails = {}} = this.#resource(request, STREAM, parts);
        const domain = 'youtube.liveStream';
        const oneOf = (value, values, name) => {
            if (!value) {
                throw refuse(400, `${name}Required`, `cdn.${name} is required`, {domain});
            }

            if (!values.includes(value)) {
                throw refuse(400, `invalid${name[0].toUpperCase()}${name.slice(1)}`, `cdn.${name} is not valid`,
                    {domain});
            }
        };

        this.#live();

        if (!snippet.title?.trim()) {
            throw refuse(400, 'titleRequired', 'Title is required', {domain});
        }

        checkText(snippet.title, 128, 'invalidTitle', domain);
        checkText(snippet.description ?? '', 10000, 'invalidDescription', domain);

        if (cdn === undefined) {
            throw refuse(400, 'cdnRequired', 'cdn is required', {domain});
        }

        oneOf(cdn.ingestionType, ['rtmp', 'hls', 'dash', 'webrtc'], 'ingestionType');
        oneOf(cdn.resolution, ['240p', '360p', '480p', '720p', '1080p', '1440p', '2160p', 'variable'], 'resolution');
        oneOf(cdn.frameRate, ['30fps', '60fps', 'variable'], 'frameRate');

        if ((cdn.resolution === 'variable') !== (cdn.frameRate === 'variable')) {
            throw refuse(400, 'invalidFrameRate', 'resolution and frameRate are variable together', {domain});
        }

        const blocks = Array.from({length: 5}, () => random(4, 'abcdefghjkmpqrstuvwxyz0123456789'));

        const stream = {
            id: `${random(22)}${random(18)}`, user, key: this.#world.secret(blocks.join('-')), status: 'ready',
            health: {status: 'noData', configurationIssues: []},
            snippet: {title: snippet.title, description: snippet.description ?? ''},
            cdn: {ingestionType: cdn.ingestionType, resolution: cdn.resolution, frameRate: cdn.frameRate},
            isReusable: contentDetails.isReusable ?? true,
        };

        this.#streams.set(stream.id, stream);
        this.#world.changed();

        return {body: this.#showStream(stream, parts)};
    }

    #showStream(stream, parts) {
        const address = (kind) => this.#world.ingest('youtube', kind);
        const active = stream.status === 'active';

        const all = {
            snippet: {...stream.snippet, channelId: stream.user.channel, publishedAt: iso(this.#world.now),
                isDefaultStream: false},
            cdn: {...stream.cdn, ingestionInfo: {streamName: stream.key, ingestionAddress: address('rtmp'),
                backupIngestionAddress: address('backup_rtmp'), rtmpsIngestionAddress: address('rtmps'),
                rtmpsBackupIngestionAddress: address('backup_rtmps')}},
            contentDetails: {isReusable: stream.isReusable,
                closedCaptionsIngestionUrl: 'http://upload.youtube.com/closedcaption'},
            status: {streamStatus: stream.status, healthStatus: {
                ...stream.health,
                status: active && stream.health.status === 'noData' ? 'good' : active ? stream.health.status : 'noData',
                lastUpdateTimeSeconds: String(Math.floor(this.#world.now / 1000)),
            }},
        };

        return {kind: 'youtube#liveStream', etag: random(27), id: stream.id,
            ...Object.fromEntries(parts.filter((part) => part !== 'id').map((part) => [part, all[part]]))};
    }

    #listStreams(request, user) {
        const parts = this.#parts(request, STREAM_PARTS);
        const filter = this.#filter(request, ['id', 'mine']);
        const ids = request.query.get('id')?.split(',');

        const items = [...this.#streams.values()].filter((stream) => stream.user === user
            && (filter === 'mine' ? stream.isReusable : ids.includes(stream.id)));

        return this.#page(request, 'liveStream', items.map((item) => this.#showStream(item, parts)));
    }

    #deleteStream(request, user) {
        const id = this.#required(request, 'id', 'youtube.liveStream');
        const stream = this.#streams.get(id);

        if (stream === undefined || stream.user !== user) {
            throw refuse(404, 'liveStreamNotFound', 'Stream not found', {domain: 'youtube.liveStream',
                fault: !this.#deleted.has(id)});
        }

        if ([...this.#broadcasts.values()].some((broadcast) => broadcast.stream === stream
            && broadcast.lifeCycleStatus !== 'complete'))
        {
            throw refuse(403, 'liveStreamDeletionNotAllowed', 'The specified live stream cannot be deleted because it '
                + 'is bound to a broadcast that has still not completed.', {domain: 'youtube.liveStream'});
        }

        this.#streams.delete(id);
        this.#deleted.add(id);

        return {status: 204};
    }

    // --- videos, channels

    #showVideo(broadcast, parts) {
        const {id, snippet, status, video, viewers} = broadcast;
        const live = broadcast.lifeCycleStatus === 'live';

        const all = {
            snippet: {title: snippet.title, description: snippet.description, tags: video.tags,
                categoryId: video.categoryId, channelId: broadcast.user.channel,
                liveBroadcastContent: live ? 'live' : broadcast.lifeCycleStatus === 'complete' ? 'none' : 'upcoming'},
            status: {privacyStatus: status.privacyStatus, embeddable: true, uploadStatus: 'uploaded'},
            contentDetails: {dimension: '2d', definition: 'hd'},
            statistics: {viewCount: '0', likeCount: '0'},
            liveStreamingDetails: {actualStartTime: broadcast.started, actualEndTime: broadcast.ended,
                scheduledStartTime: snippet.scheduledStartTime,
                concurrentViewers: live && viewers > 0 ? String(viewers) : undefined},
            player: {embedHtml: embed(id)},
        };

        return {kind: 'youtube#video', etag: random(27), id,
            ...Object.fromEntries(parts.filter((part) => part !== 'id').map((part) => [part, all[part]]))};
    }

    #listVideos(request, user) {
        const parts = this.#parts(request, VIDEO_PARTS);

        this.#filter(request, ['id']);

        const ids = request.query.get('id').split(',');
        const items = [...this.#broadcasts.values()].filter((broadcast) => ids.includes(broadcast.id)
            && (broadcast.user === user || broadcast.status.privacyStatus !== 'private'));

        return this.#page(request, 'video', items.map((item) => this.#showVideo(item, parts)));
    }

    #updateVideo(request, user) {
        const parts = this.#parts(request, VIDEO_PARTS);
        const {id, snippet, status} = this.#resource(request, VIDEO, parts);
        const broadcast = this.#broadcasts.get(id);
        const domain = 'youtube.video';

        if (broadcast === undefined || broadcast.user !== user) {
            throw refuse(404, 'videoNotFound', 'The video cannot be found', {domain, fault: !this.#deleted.has(id)});
        }

        if (parts.includes('snippet')) {
            if (!snippet?.title?.trim()) {
                throw refuse(400, 'invalidTitle', 'The title is required', {domain});
            }

            checkText(snippet.title, 100, 'invalidTitle', domain);
            checkText(snippet.description ?? '', 5000, 'invalidDescription', domain);

            if (!Object.hasOwn(CATEGORIES, snippet.categoryId ?? '')) {
                throw refuse(400, 'invalidCategoryId', 'The category is not valid', {domain});
            }

            if (characters((snippet.tags ?? []).join(',')) > 500) {
                throw refuse(400, 'invalidTags', 'The tags are not valid', {domain});
            }

            /* what is not sent again is wiped, and nobody says so */

            broadcast.snippet.title = snippet.title;
            broadcast.snippet.description = snippet.description ?? '';
            broadcast.video = {categoryId: snippet.categoryId, tags: snippet.tags ?? []};
        }

        if (parts.includes('status') && status?.privacyStatus !== undefined) {
            this.#checkStatus(status);
            broadcast.status.privacyStatus = status.privacyStatus;
        }

        return {body: this.#showVideo(broadcast, parts)};
    }

    #listCategories(request) {
        this.#parts(request, ['id', 'snippet']);

        const filter = this.#filter(request, ['id', 'regionCode']);
        const ids = request.query.get('id')?.split(',');
        const items = Object.entries(CATEGORIES).filter(([id]) => filter !== 'id' || ids.includes(id))
            .map(([id, title]) => ({kind: 'youtube#videoCategory', etag: random(27), id,
                snippet: {title, assignable: true}}));

        return {body: {kind: 'youtube#videoCategoryListResponse', etag: random(27), items}};
    }

    #listChannels(request, user) {
        this.#parts(request, ['id', 'snippet', 'status', 'statistics', 'contentDetails']);

        const filter = this.#filter(request, ['id', 'mine']);
        const items = filter === 'id' && request.query.get('id') !== user.channel ? [] : [{
            kind: 'youtube#channel', etag: random(27), id: user.channel, snippet: {title: user.title},
        }];

        return this.#page(request, 'channel', items);
    }

    #setThumbnail(request, user) {
        const id = this.#required(request, 'videoId', 'youtube.thumbnail');
        const domain = 'youtube.thumbnail';
        const broadcast = this.#broadcasts.get(id);

        if (broadcast === undefined) {
            throw refuse(404, 'videoNotFound', 'The video cannot be found', {domain, fault: !this.#deleted.has(id)});
        }

        if (broadcast.user !== user) {
            throw refuse(403, 'forbidden', 'The thumbnail cannot be set for this video', {domain});
        }

        if (request.body.length === 0) {
            throw refuse(400, 'mediaBodyRequired', 'The request does not include the image content', {domain});
        }

        if (request.body.length > THUMBNAIL_LIMIT) {
            throw refuse(400, 'invalidImage', 'The image is too large', {domain, why: 'size of the thumbnail'});
        }

        const magic = {'image/jpeg': 'ffd8ff', 'image/png': '89504e470d0a1a0a'}[request.type];

        if (magic === undefined) {
            throw refuse(400, 'badContent', `Media type '${request.type}' is not supported`, {domain: 'global',
                why: 'Content-Type'});
        }

        if (!request.body.toString('hex', 0, 8).startsWith(magic)) {
            throw refuse(400, 'invalidImage', 'The provided image content is invalid', {domain});
        }

        broadcast.thumbnail = {type: request.type, bytes: request.body.length};

        return {body: {kind: 'youtube#thumbnailSetResponse', etag: random(27),
            items: [{default: {url: `https://i.ytimg.com/vi/${id}/default.jpg`, width: 120, height: 90}}]}};
    }

    // --- for the test

    get objects() {
        return {
            broadcasts: [...this.#broadcasts.values()].map((broadcast) => ({
                id: broadcast.id, user: broadcast.user.name, state: broadcast.lifeCycleStatus,
                stream: broadcast.stream?.id ?? null, snippet: broadcast.snippet, status: broadcast.status,
                contentDetails: broadcast.contentDetails, video: broadcast.video,
                thumbnail: broadcast.thumbnail ?? null, viewers: broadcast.viewers,
            })),
            streams: [...this.#streams.values()].map((stream) => ({
                id: stream.id, user: stream.user.name, key: stream.key, state: stream.status,
                title: stream.snippet.title, cdn: stream.cdn, isReusable: stream.isReusable,
            })),
        };
    }

    #of(id) {
        const found = [...this.#broadcasts.values()].filter((broadcast) => id === undefined || broadcast.id === id
            || broadcast.stream?.key === id);

        if (found.length === 0) {
            throw new Error(`no broadcast ${id}`);
        }

        return found;
    }

    viewers(id, count) {
        this.#of(id).forEach((broadcast) => {
            broadcast.viewers = count;
        });
    }

    /** @param {{status: string, issues: object[]}} health */
    health(key, {status, issues = []}) {
        for (const stream of this.#streams.values()) {
            if (key === undefined || stream.key === key || stream.id === key) {
                stream.health = {status, configurationIssues: issues};
            }
        }
    }

    /** As somebody does in the studio. */
    end(id) {
        this.#of(id).forEach((broadcast) => this.#complete(broadcast));
    }

    remove(id) {
        this.#of(id).forEach((broadcast) => this.#remove(broadcast));
    }
}
