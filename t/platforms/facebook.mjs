/*
 * Facebook: the login dialog, tokens of users and of their pages, live videos.
 */

import {Malformed, characters, digits, random, same} from './common.mjs';
import {FIELDS, checkFields, parseFields, pick, refuse} from './facebook_fields.mjs';
import {Grants, Users, redirect, traceId} from './oauth.mjs';

const PERMISSIONS = ['public_profile', 'email', 'pages_show_list', 'pages_read_engagement', 'pages_manage_posts',
    'publish_video', 'read_insights', 'business_management'];

const CREATED_AS = ['LIVE_NOW', 'UNPUBLISHED', 'SCHEDULED_UNPUBLISHED', 'SCHEDULED_LIVE', 'SCHEDULED_CANCELED'];

const URL_LIFE = 24 * 3600 * 1000;

const AT_CREATION = ['id', 'stream_url', 'secure_stream_url', 'stream_secondary_urls',
    'secure_stream_secondary_urls'];

const LIVE_PARAMETERS = ['status', 'title', 'description', 'privacy', 'enable_backup_ingest', 'stop_on_delete_stream',
    'event_params', 'is_audio_only', 'is_spherical', 'targeting', 'content_tags', 'crossposting_actions',
    'custom_labels', 'projection', 'save_vod', 'published', 'stream_type', 'spatial_audio_format', 'encoding_settings',
    'fisheye_video_cropped', 'front_z_rotation', 'original_fov', 'schedule_custom_profile_image',
    'donate_button_charity_id'];

const UPDATE_PARAMETERS = [...LIVE_PARAMETERS, 'end_live_video', 'tags', 'place', 'sponsor_id', 'live_encoders',
    'allow_bm_crossposting', 'master_ingest_stream_id', 'planned_start_time'];

export class Facebook {
    #world;
    #client;
    #videos = new Map();
    #deleted = new Set();

    /** @param {{client_id: string, client_secret: string, redirect_uri: string}} client an app, with its id */
    constructor(world, client) {
        this.#world = world;
        this.#client = client;

        this.users = new Users((name) => ({
            id: digits(16), title: `${name[0].toUpperCase()}${name.slice(1)}`,
            pages: ['One', 'Two'].map((word) => ({id: digits(15), name: `Page ${word} of ${name}`,
                tasks: ['ANALYZE', 'ADVERTISE', 'MODERATE', 'CREATE_CONTENT', 'MANAGE']})),
        }));

        this.grants = new Grants(world, (kind) => ({access: world.settings.facebook.access_life,
            long: world.settings.facebook.long_life, page: Infinity}[kind]));

        const route = (call, method, path, run) => ({call: `facebook.${call}`, method,
            path: new RegExp(`^/(v\\d+\\.\\d+)/${path}$`),
            run: (request, match) => this.#checked(request, match, run)});

        const id = '(\\d+|me)';

        this.routes = [
            route('dialog', 'GET', 'dialog/oauth', (request) => this.#dialog(request)),
            route('token', 'GET', 'oauth/access_token', (request) => this.#token(request, request.query)),
            route('token', 'POST', 'oauth/access_token', (request) => this.#token(request, this.#form(request))),
            route('accounts', 'GET', `${id}/accounts`, (request, node) => this.#accounts(request, node)),
            route('permissions.delete', 'DELETE', `${id}/permissions`, (request) => this.#removePermissions(request)),
            route('live_videos.create', 'POST', `${id}/live_videos`, (request, node) => this.#create(request, node)),
            route('live_videos.list', 'GET', `${id}/live_videos`, (request, node) => this.#list(request, node)),
            route('live_video.errors', 'GET', '(\\d+)/errors', (request, node) => this.#errors(request, node)),
            route('encoder_settings', 'GET', 'video_encoder_settings', () => ({body: {video: {codec: 'h264',
                bitrate: 4000000, profile: 'main', gop: 2}}})),
            route('node.get', 'GET', id, (request, node) => this.#get(request, node)),
            route('live_video.update', 'POST', '(\\d+)', (request, node) => this.#update(request, node)),
            route('live_video.delete', 'DELETE', '(\\d+)', (request, node) => this.#delete(request, node)),
        ];

        world.watch(() => this.#mediaChanged());
    }

    #checked(request, [, version, node], run) {
        if (!this.#world.settings.facebook.versions.includes(version)) {
            throw refuse(2635, `(#2635) You are calling a version of the Ads API that does not exist: ${version}`,
                {why: `version ${version}`});
        }

        try {
            request.query;

        } catch (error) {
            throw error instanceof Malformed ? refuse(100, '(#100) Invalid parameter', {why: error.message}) : error;
        }

        this.#expireUrls();

        const answer = run(request, node);

        return {...answer, headers: {'facebook-api-version': version, 'x-fb-trace-id': traceId(),
            'X-App-Usage': JSON.stringify({call_count: 1, total_cputime: 0, total_time: 0}), ...answer.headers}};
    }

    /** The parameters of a POST, however they are sent; a URL has none but fields. */
    #form(request) {
        let form;

        if (request.type === 'application/x-www-form-urlencoded') {
            try {
                form = request.form;

            } catch (error) {
                throw error instanceof Malformed ? refuse(100, '(#100) Invalid parameter', {why: error.message})
                    : error;
            }

        } else if (request.type === 'application/json') {
            const {json} = request;

            if (json === null || typeof json !== 'object' || Array.isArray(json)) {
                throw refuse(100, '(#100) Invalid parameter', {why: 'body'});
            }

            form = new Map(Object.entries(json).map(([name, value]) =>
                [name, typeof value === 'string' ? value : JSON.stringify(value)]));

        } else if (request.body.length > 0) {
            throw refuse(100, '(#100) Missing parameter', {why: 'Content-Type'});
        }

        const all = new Map(request.query);

        form?.forEach((value, name) => all.set(name, value));

        if (all.has('access_token')) {
            request.note('token as a parameter');
        }

        return all;
    }

    // --- login

    #dialog(request) {
        const query = request.query;

        if (query.get('client_id') !== this.#client.client_id) {
            throw refuse(101, 'Invalid App ID', {why: 'client_id'});
        }

        if (query.get('redirect_uri') !== this.#client.redirect_uri) {
            throw refuse(191, 'URL Blocked: This redirect failed because the redirect URI is not white-listed in the '
                + 'app\'s client OAuth settings.', {why: 'redirect_uri'});
        }

        if (!(query.get('response_type') ?? 'code').split(/[ ,]/).includes('code')) {
            throw refuse(100, 'Invalid response_type', {why: 'response_type'});
        }

        if (!query.get('state')) {
            request.note('no state');
        }

        const scopes = (query.get('scope') ?? '').split(/[ ,]/).filter(Boolean);

        if (scopes.some((scope) => !PERMISSIONS.includes(scope))) {
            throw refuse(100, `Invalid Scopes: ${scopes.join(', ')}`, {why: 'scope'});
        }

        const state = query.get('state');

        if (this.#world.settings.facebook.deny) {
            return redirect(this.#client.redirect_uri, {error: 'access_denied', error_code: 200,
                error_description: 'Permissions error', error_reason: 'user_denied', state}, '#_=_');
        }

        const code = this.grants.code(`AQ${random(180)}`, {redirectUri: query.get('redirect_uri'),
            scopes: ['public_profile', ...scopes.filter((scope) => scope !== 'public_profile')],
            user: this.users.get(this.#world.settings.facebook.user)});

        return redirect(this.#client.redirect_uri, {code, state}, '#_=_');
    }

    #token(request, form) {
        if (!form.get('client_id')) {
            throw refuse(101, 'Missing client_id parameter.', {why: 'client_id'});
        }

        if (form.get('client_id') !== this.#client.client_id) {
            throw refuse(101, 'Error validating application. Cannot get application info due to a system error.',
                {why: 'client_id'});
        }

        if (!form.get('client_secret')) {
            throw refuse(1, 'Missing client_secret parameter.', {why: 'client_secret'});
        }

        if (!same(form.get('client_secret'), this.#client.client_secret)) {
            throw refuse(1, 'Error validating client secret.', {why: 'client_secret'});
        }

        switch (form.get('grant_type') ?? 'authorization_code') {
        case 'authorization_code':
            return this.#exchange(form);

        case 'fb_exchange_token':
            return this.#lengthen(form);

        default:
            throw refuse(100, 'Unsupported grant_type', {why: 'grant_type'});
        }
    }

    #exchange(form) {
        if (!form.get('redirect_uri')) {
            throw refuse(191, 'Missing redirect_uri parameter.', {why: 'redirect_uri'});
        }

        if (!form.get('code')) {
            throw refuse(1, 'Missing code parameter.', {why: 'code'});
        }

        const {request, reason, fault} = this.grants.redeem(form.get('code'));

        if (request === undefined) {
            const [subcode, message] = {
                'unknown code': [undefined, 'Invalid verification code format.'],
                'code used twice': [36009, 'This authorization code has been used.'],
                'code expired': [36007, 'This authorization code has expired.'],
            }[reason];

            throw refuse(100, message, {why: reason, fault, subcode});
        }

        if (form.get('redirect_uri') !== request.redirectUri) {
            throw refuse(100, 'Error validating verification code. Please make sure your redirect_uri is identical to '
                + 'the one you used in the OAuth dialog request', {why: 'redirect_uri', subcode: 36008});
        }

        return this.#userToken('access', {user: request.user, scopes: request.scopes});
    }

    #lengthen(form) {
        const text = form.get('fb_exchange_token');

        if (!text) {
            throw refuse(1, 'fb_exchange_token parameter not specified', {why: 'fb_exchange_token'});
        }

        const token = this.#alive(text);

        if (token.kind === 'page') {
            throw refuse(100, 'The access token is not of a user.', {why: 'fb_exchange_token of a page'});
        }

        return this.#userToken('long', token.grant);
    }

    #userToken(kind, grant) {
        const token = this.grants.issue(`EAA${random(kind === 'long' ? 200 : 190)}`, kind, grant);

        return {body: {access_token: token.text, token_type: 'bearer', expires_in: token.expiresIn}};
    }

    #alive(text) {
        const token = this.grants.find(text);
        const status = this.#world.settings.facebook.dead_status;

        if (token === undefined) {
            throw refuse(190, 'Invalid OAuth access token - Cannot parse access token', {why: 'unknown token', status});
        }

        const dead = this.grants.death(token) ?? (token.parent && this.grants.death(token.parent));

        if (dead !== undefined) {
            throw refuse(190, `Error validating access token: ${dead}`, {why: dead, fault: false, status,
                subcode: dead === 'token expired' ? 463 : 460});
        }

        return token;
    }

    #bearer(request) {
        const text = request.query.get('access_token') ?? (request.type === 'application/x-www-form-urlencoded'
            ? this.#form(request).get('access_token') : undefined);

        if (text !== undefined) {
            request.note('token as a parameter');
            return this.#alive(text);
        }

        if (request.authorization === null) {
            throw refuse(2500, 'An active access token must be used to query information about the current user.',
                {why: 'no Authorization'});
        }

        const [scheme, token] = request.authorization;

        if (scheme !== 'Bearer') {
            throw refuse(2500, 'An active access token must be used to query information about the current user.',
                {why: 'scheme of Authorization'});
        }

        return this.#alive(token);
    }

    // --- users and pages

    #permission(token, ...names) {
        const missing = names.find((name) => !token.grant.scopes.includes(name));

        if (missing !== undefined) {
            throw refuse(200, `(#200) Requires ${missing} permission to manage the object`, {status: 403,
                why: `permission ${missing}`});
        }
    }

    #fields(text, node, otherwise) {
        const fields = text === undefined ? Object.fromEntries(otherwise.map((name) => [name, true]))
            : {id: true, ...parseFields(text)};

        checkFields(fields, FIELDS[node], node);

        return fields;
    }

    #accounts(request, node) {
        const token = this.#bearer(request);
        const {user} = token.grant;

        if (token.kind === 'page' || (node !== 'me' && node !== user.id)) {
            throw refuse(100, '(#100) Tried accessing nonexisting field (accounts) on node type (Page)');
        }

        this.#permission(token, 'pages_show_list');

        const fields = this.#fields(request.query.get('fields'), 'Page', ['id', 'name', 'tasks', 'access_token',
            'category']);
        const limit = request.query.get('limit') ?? '25';

        if (!/^\d+$/.test(limit) || Number(limit) > 100) {
            throw refuse(100, '(#100) param limit must be at most 100', {why: 'limit'});
        }

        const after = request.query.get('after');
        const start = after === undefined ? 0 : user.pages.findIndex(({id}) => id === after) + 1;
        const pages = user.pages.slice(start, start + Number(limit));
        const more = start + pages.length < user.pages.length;

        return {body: {
            data: pages.map((page) => pick({category: 'Video Creator', ...page,
                access_token: this.#pageToken(token, page).text}, fields)),
            paging: pages.length === 0 ? undefined : {
                cursors: {before: pages[0].id, after: pages.at(-1).id},
                next: more ? `${this.#world.base}${request.path}?limit=${limit}&after=${pages.at(-1).id}` : undefined,
            },
        }};
    }

    /** Lives for ever only if it comes of a user's long-lived token. */
    #pageToken(token, page) {
        token.pages ??= new Map();

        if (!token.pages.has(page.id)) {
            token.pages.set(page.id, this.grants.issue(`EAA${random(195)}`, 'page', token.grant,
                {page, parent: token.kind === 'long' ? undefined : token}));
        }

        return token.pages.get(page.id);
    }

    #removePermissions(request) {
        const token = this.#bearer(request);

        if (token.kind === 'page') {
            throw refuse(100, '(#100) Unsupported delete request of a page');
        }

        token.grant.revoked = true;

        return {body: {success: true}};
    }

    // --- live videos

    #owner(token, node) {
        const {user} = token.grant;

        if (token.kind === 'page') {
            if (node !== 'me' && node !== token.page.id) {
                throw refuse(200, '(#200) The token does not belong to this page', {status: 403, why: 'other page'});
            }

            this.#permission(token, 'pages_read_engagement', 'pages_manage_posts');

            if (!token.page.tasks.includes('CREATE_CONTENT')) {
                throw refuse(200, '(#200) The user lacks the task CREATE_CONTENT', {status: 403, why: 'task',
                    fault: false});
            }

            return {id: token.page.id, name: token.page.name, isPage: true};
        }

        if (node !== 'me' && node !== user.id) {
            throw refuse(210, '(#210) A page access token is required to request this resource.', {
                why: 'token of a user for a page'});
        }

        this.#permission(token, 'publish_video');

        return {id: user.id, name: user.title, isPage: false};
    }

    #checkLive(request, form, known, states) {
        for (const name of form.keys()) {
            if (!known.includes(name) && !['fields', 'access_token', 'appsecret_proof'].includes(name)) {
                request.note(`unknown parameter ${name}`);
            }
        }

        const bad = (name, message) => refuse(100, `(#100) ${message}`, {why: name});

        if (form.has('status') && !states.includes(form.get('status'))) {
            throw bad('status', `Param status must be one of {${states.join(', ')}}`);
        }

        if (characters(form.get('title') ?? '') > 254) {
            throw bad('title', 'Param title must be no longer than 254 characters');
        }

        for (const name of ['enable_backup_ingest', 'stop_on_delete_stream', 'end_live_video', 'is_audio_only',
            'is_spherical', 'published', 'save_vod'])
        {
            if (form.has(name) && !['true', 'false', '0', '1'].includes(form.get(name))) {
                throw bad(name, `Param ${name} must be a boolean`);
            }
        }

        if (form.has('privacy') && !['EVERYONE', 'ALL_FRIENDS', 'SELF', 'FRIENDS_OF_FRIENDS', 'CUSTOM']
            .includes(this.#object(form, 'privacy').value))
        {
            throw bad('privacy', 'Param privacy must be a valid privacy');
        }

        if (form.has('event_params')) {
            const start = this.#object(form, 'event_params').start_time;

            if (!/^\d+$/.test(String(start)) || Number(start) * 1000 < this.#world.now) {
                throw bad('event_params', 'Param event_params[start_time] must be a time in the future, in seconds');
            }

        } else if (form.get('status')?.startsWith('SCHEDULED') && form.get('status') !== 'SCHEDULED_CANCELED') {
            throw bad('event_params', 'Param event_params is required for a scheduled live video');
        }
    }

    #object(form, name) {
        let value;

        try {
            value = JSON.parse(form.get(name));

        } catch {
            value = null;
        }

        if (value === null || typeof value !== 'object' || Array.isArray(value)) {
            throw refuse(100, `(#100) Param ${name} must be a JSON object`, {why: name});
        }

        return value;
    }

    #create(request, node) {
        const token = this.#bearer(request);
        const form = this.#form(request);

        if (form.has('planned_start_time')) {
            throw refuse(100, '(#100) The parameter planned_start_time is no longer supported.');
        }

        this.#checkLive(request, form, LIVE_PARAMETERS, CREATED_AS);

        const fields = this.#fields(form.get('fields'), 'LiveVideo', AT_CREATION);
        const owner = this.#owner(token, node);
        const {refuse_live: refused, concurrent} = this.#world.settings.facebook;

        if (owner.isPage && form.has('privacy') && this.#object(form, 'privacy').value !== 'EVERYONE') {
            request.note('privacy of a page');
        }

        if (refused !== undefined) {
            throw refuse(200, '(#200) Permissions error', {status: 403, subcode: refused, fault: false,
                why: `eligibility ${refused}`, title: 'Not eligible', text: 'This account cannot go live yet.'});
        }

        if ([...this.#videos.values()].filter((video) => video.owner.id === owner.id
            && video.status === 'LIVE').length >= (owner.isPage ? concurrent : 2))
        {
            throw refuse(368, '(#368) Too many concurrent live videos', {fault: false});
        }

        const id = digits(16);
        const streamId = digits(16);
        const key = (kind) => {
            const plain = this.#world.secret(`FB-${streamId}-${kind}-${random(24)}`);
            return this.#world.secret(`${plain}?s_bl=1&s_psm=1&s_sc=${id}&s_sw=0&s_vt=api-s&a=Ab${random(20)}`);
        };

        const video = {
            id, streamId, owner, created: this.#world.now, title: form.get('title') ?? '',
            description: form.get('description') ?? '', status: form.get('status') ?? 'LIVE_NOW', views: 0,
            key: key(0), backup: ['1', 'true'].includes(form.get('enable_backup_ingest')) ? key(1) : undefined,
            privacy: form.has('privacy') ? this.#object(form, 'privacy').value : undefined,
            start: form.has('event_params') ? Number(this.#object(form, 'event_params').start_time) : undefined,
            health: {}, errors: [], vod: digits(16),
        };

        this.#videos.set(id, video);
        this.#world.changed();

        return {body: pick(this.#show(video), fields)};
    }

    /** What can be read of it; LIVE_NOW is a wish, and UNPUBLISHED until media comes. */
    #show(video) {
        const url = (kind, key) => key && `${this.#world.ingest('facebook', kind)}/${key}`;
        const active = this.#world.isActive(video.key);
        const embed = encodeURIComponent(`https://www.facebook.com/${video.owner.id}/videos/${video.vod}/`);

        return {
            id: video.id, status: video.status === 'LIVE_NOW' ? 'UNPUBLISHED' : video.status,
            title: video.title || undefined, description: video.description || undefined,
            live_views: video.views,
            seconds_left: video.status === 'LIVE' ? Math.max(0, 28800 - Math.floor((this.#world.now
                - video.started) / 1000)) : 0,
            stream_url: url('rtmps', video.key), secure_stream_url: url('rtmps', video.key),
            stream_secondary_urls: video.backup ? [url('backup_rtmps', video.backup)] : [],
            secure_stream_secondary_urls: video.backup ? [url('backup_rtmps', video.backup)] : [],
            permalink_url: `/${video.owner.id}/videos/${video.vod}/`,
            embed_html: `<iframe src="https://www.facebook.com/plugins/video.php?href=${embed}&width=1280" width="1280"`
                + ' height="720" style="border:none;overflow:hidden" scrolling="no" frameborder="0"'
                + ' allowfullscreen="true"></iframe>',
            video: {id: video.vod, permalink_url: `/${video.owner.id}/videos/${video.vod}/`, title: video.title,
                views: video.views},
            creation_time: new Date(video.created).toISOString().replace('.000Z', '+0000'),
            broadcast_start_time: video.started && new Date(video.started).toISOString(),
            planned_start_time: video.start, from: {id: video.owner.id, name: video.owner.name},
            dash_preview_url: active ? `https://video.invalid/${video.id}.mpd` : undefined,
            is_manual_mode: false, recommended_encoder_settings: {},
            ingest_streams: [{
                id: video.streamId, stream_id: 0, is_master: true,
                stream_url: url('rtmps', video.key), secure_stream_url: url('rtmps', video.key),
                stream_health: active ? {video_bitrate: 4000000, video_framerate: 30, video_width: 1280,
                    video_height: 720, audio_bitrate: 128000, ...video.health} : {video_bitrate: 0,
                    video_framerate: 0, audio_bitrate: 0},
            }],
            errors: video.errors.length > 0 ? {data: video.errors} : undefined,
        };
    }

    #video(token, node) {
        const video = this.#videos.get(node);

        if (video === undefined || video.owner.id !== (token.page?.id ?? token.grant.user.id)) {
            throw refuse(100, `Unsupported request. Object with ID '${node}' does not exist, cannot be loaded due to `
                + 'missing permissions, or does not support this operation.', {type: 'GraphMethodException',
                subcode: 33, why: 'no such object', fault: !this.#deleted.has(node)});
        }

        return video;
    }

    #get(request, node) {
        const token = this.#bearer(request);
        const text = request.query.get('fields');
        const {user} = token.grant;

        for (const name of request.query.keys()) {
            if (!['fields', 'access_token', 'appsecret_proof', 'metadata', 'locale'].includes(name)) {
                request.note(`unknown parameter ${name}`);
            }
        }

        if (node === 'me' ? token.kind === 'page' : node === token.page?.id) {
            return {body: pick({...token.page, category: 'Video Creator', followers_count: 1000},
                this.#fields(text, 'Page', ['id', 'name']))};
        }

        if (node === 'me' || node === user.id) {
            return {body: pick({id: user.id, name: user.title}, this.#fields(text, 'User', ['id', 'name']))};
        }

        const page = token.kind === 'page' ? undefined : user.pages.find(({id}) => id === node);

        if (page !== undefined) {
            this.#permission(token, 'pages_show_list');

            return {body: pick({...page, access_token: this.#pageToken(token, page).text},
                this.#fields(text, 'Page', ['id', 'name']))};
        }

        const fields = this.#fields(text, 'LiveVideo', [...AT_CREATION, 'status', 'title', 'description',
            'embed_html']);

        return {body: pick(this.#show(this.#video(token, node)), fields)};
    }

    #errors(request, node) {
        const token = this.#bearer(request);
        const fields = this.#fields(request.query.get('fields'), 'LiveVideoError', ['error_code', 'error_type',
            'error_message', 'creation_time']);

        return {body: {data: this.#video(token, node).errors.map((error) => pick(error, fields))}};
    }

    #list(request, node) {
        const owner = this.#owner(this.#bearer(request), node);
        const fields = this.#fields(request.query.get('fields'), 'LiveVideo', ['id', 'status', 'title']);
        const states = request.query.has('broadcast_status') ? this.#states(request.query.get('broadcast_status'))
            : undefined;

        return {body: {data: [...this.#videos.values()].filter((video) => video.owner.id === owner.id)
            .map((video) => this.#show(video)).filter((video) => states?.includes(video.status) ?? true)
            .map((video) => pick(video, fields))}};
    }

    #states(text) {
        let states;

        try {
            states = JSON.parse(text);

        } catch {
            states = undefined;
        }

        if (!Array.isArray(states)) {
            throw refuse(100, '(#100) Param broadcast_status must be an array.', {why: 'broadcast_status'});
        }

        return states;
    }

    #update(request, node) {
        const token = this.#bearer(request);
        const form = this.#form(request);
        const video = this.#video(token, node);

        this.#checkLive(request, form, UPDATE_PARAMETERS, CREATED_AS);

        const fields = this.#fields(form.get('fields'), 'LiveVideo', ['id']);

        if ([...form.keys()].every((name) => ['fields', 'access_token'].includes(name))) {
            request.note('empty update');
        }

        this.#owner(token, 'me');

        if (['VOD', 'LIVE_STOPPED', 'PROCESSING'].includes(video.status)
            && (form.has('status') || form.has('end_live_video')))
        {
            throw refuse(100, '(#100) This live video has ended', {fault: false, why: 'has ended'});
        }

        video.title = form.get('title') ?? video.title;
        video.description = form.get('description') ?? video.description;

        if (['true', '1'].includes(form.get('end_live_video'))) {
            this.#finish(video);

        } else if (form.has('status')) {
            video.status = form.get('status');
        }

        this.#world.changed();

        return {body: pick(this.#show(video), fields)};
    }

    #finish(video) {
        clearTimeout(video.timer);
        video.timer = undefined;
        video.status = video.started === undefined ? 'LIVE_STOPPED' : 'VOD';
        video.views = 0;
    }

    #delete(request, node) {
        const token = this.#bearer(request);
        const video = this.#video(token, node);

        this.#owner(token, 'me');
        clearTimeout(video.timer);
        this.#videos.delete(node);
        this.#deleted.add(node);

        return {body: {success: true}};
    }

    /** A URL that was not used for a day is of no more use. */
    #expireUrls() {
        for (const video of this.#videos.values()) {
            if (video.started === undefined && this.#world.now - video.created > URL_LIFE
                && ['LIVE_NOW', 'UNPUBLISHED'].includes(video.status))
            {
                video.status = 'LIVE_STOPPED';
            }
        }
    }

    #mediaChanged() {
        for (const video of this.#videos.values()) {
            const active = this.#world.isActive(video.key);

            if (active && video.status === 'LIVE_NOW') {
                video.status = 'LIVE';
                video.started ??= this.#world.now;
            }

            if (active) {
                clearTimeout(video.timer);
                video.timer = undefined;

            } else if (video.status === 'LIVE' && video.timer === undefined) {
                video.errors.push({id: digits(15), error_code: 1969024, error_type: 'stream',
                    error_message: 'The stream has timed out', creation_time: Math.floor(this.#world.now / 1000)});
                video.timer = setTimeout(() => this.#finish(video), this.#world.settings.facebook.silence_ms);
            }
        }
    }

    // --- for the test

    get objects() {
        return {
            users: this.users.all.map(({name, id, pages}) => ({name, id, pages})),
            videos: [...this.#videos.values()].map(({id, key, title, description, status, views, privacy, owner,
                start, backup}) => ({id, key, title, description, state: status, viewers: views,
                privacy: privacy ?? null, owner: owner.id, start: start ?? null, backup: backup ?? null})),
        };
    }

    #of(id) {
        return [...this.#videos.values()].filter((video) => id === undefined || video.id === id || video.key === id);
    }

    viewers(id, count) {
        this.#of(id).forEach((video) => {
            video.views = count;
        });
    }

    /** @param {object} health members of stream_health, and issues: [{error_message, ...}] */
    health(id, {issues = [], ...health}) {
        this.#of(id).forEach((video) => {
            video.health = health;
            video.errors.push(...issues);
        });
    }

    end(id) {
        this.#of(id).forEach((video) => this.#finish(video));
    }

    remove(id) {
        this.#of(id).forEach((video) => {
            this.#videos.delete(video.id);
            this.#deleted.add(video.id);
        });
    }

    setPages(name, pages) {
        const user = this.users.get(name);

        user.pages = pages.map((page) => ({id: digits(15), tasks: ['CREATE_CONTENT'], ...page}));

        return user.pages;
    }
}
