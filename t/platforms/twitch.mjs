/*
 * Twitch: OAuth with refresh tokens that rotate, Helix, the list of ingest servers.
 */

import {Malformed, Refusal, characters, digits, iso, random, same} from './common.mjs';
import {Grants, Users, redirect} from './oauth.mjs';

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';

const SCOPES = ['channel:read:stream_key', 'channel:manage:broadcast', 'user:read:email', 'user:read:broadcast'];

const GAMES = {509658: 'Just Chatting', 33214: 'Fortnite', 27471: 'Minecraft', 26936: 'Music'};

const LABELS = ['DebatedSocialIssuesAndPolitics', 'DrugsIntoxication', 'SexualThemes', 'ViolentGraphic', 'Gambling',
    'ProfanityVulgarity'];

/** Errors of id.twitch.tv. */
const refuseId = (why, status, message, fault) => new Refusal(why, {status, fault, body: {status, message}});

/** Errors of Helix. */
function refuse(why, status, message, {fault, headers} = {}) {
    const error = {400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 409: 'Conflict',
        415: 'Unsupported Media Type', 429: 'Too Many Requests'}[status];

    return new Refusal(why, {status, fault, headers, body: {error, status, message}});
}

export class Twitch {
    #world;
    #client;
    #points;
    #reset;

    constructor(world, client) {
        this.#world = world;
        this.#client = client;

        this.users = new Users((name) => {
            const id = digits(9);

            return {id, key: this.#key(id), channel: {title: `Channel of ${name}`, game_id: '', tags: [], delay: 0,
                broadcaster_language: 'en', content_classification_labels: [], is_branded_content: false},
            viewers: 0, started: undefined};
        });

        this.grants = new Grants(world, (kind) =>
            kind === 'refresh' ? 30 * 86400 : world.settings.twitch.access_life);

        this.#refill();

        const helix = (call, method, path, parameters, scope, run) => ({
            call: `twitch.${call}`, method, path: new RegExp(`^/helix/${path}$`),
            run: (request) => this.#helix(request, parameters, scope, run),
        });

        this.routes = [
            {call: 'twitch.authorize', method: 'GET', path: /^\/oauth2\/authorize$/, run: (r) => this.#authorize(r)},
            {call: 'twitch.token', method: 'POST', path: /^\/oauth2\/token$/, run: (r) => this.#token(r)},
            {call: 'twitch.validate', method: 'GET', path: /^\/oauth2\/validate$/, run: (r) => this.#validate(r)},
            {call: 'twitch.revoke', method: 'POST', path: /^\/oauth2\/revoke$/, run: (r) => this.#revoke(r)},
            {call: 'twitch.ingests', method: 'GET', path: /^\/ingests$/, run: () => this.#ingests()},

            helix('users', 'GET', 'users', ['id', 'login'], undefined,
                (request, user) => this.#getUsers(request, user)),
            helix('streams.key', 'GET', 'streams/key', ['broadcaster_id'], 'channel:read:stream_key',
                (request, user) => this.#getKey(request, user)),
            helix('channels.get', 'GET', 'channels', ['broadcaster_id'], undefined,
                (request) => this.#getChannel(request)),
            helix('channels.update', 'PATCH', 'channels', ['broadcaster_id'], 'channel:manage:broadcast',
                (request, user) => this.#patchChannel(request, user)),
            helix('streams.get', 'GET', 'streams', ['user_id', 'user_login', 'game_id', 'type', 'language', 'first',
                'before', 'after'], undefined, (request) => this.#getStreams(request)),
            helix('games', 'GET', 'games', ['id', 'name', 'igdb_id'], undefined, (request) => this.#getGames(request)),
            helix('search.categories', 'GET', 'search/categories', ['query', 'first', 'after'], undefined,
                (request) => this.#search(request)),
        ];

        world.watch(() => this.#mediaChanged());
    }

    #key(id) {
        return this.#world.secret(`live_${id}_${random(30)}`);
    }

    // --- id.twitch.tv

    #authorize(request) {
        const query = request.query;

        if (query.get('client_id') !== this.#client.client_id) {
            throw refuseId('client_id', 400, 'invalid client');
        }

        if (query.get('redirect_uri') !== this.#client.redirect_uri
            || !/^https:|^http:\/\/localhost(?:[:/]|$)/.test(query.get('redirect_uri')))
        {
            throw refuseId('redirect_uri', 400, 'Parameter redirect_uri does not match registered URI');
        }

        if (query.get('response_type') !== 'code') {
            throw refuseId('response_type', 400, 'invalid response type');
        }

        const scopes = (query.get('scope') ?? '').split(' ').filter(Boolean);

        if (scopes.some((scope) => !SCOPES.includes(scope))) {
            throw refuseId('scope', 400, `invalid scope requested: '${scopes.join(' ')}'`);
        }

        if (!['true', 'false'].includes(query.get('force_verify') ?? 'false')) {
            throw refuseId('force_verify', 400, 'invalid force_verify');
        }

        if (!query.get('state')) {
            request.note('no state');
        }

        const state = query.get('state');

        if (this.#world.settings.twitch.deny) {
            return redirect(this.#client.redirect_uri, {error: 'access_denied',
                error_description: 'The user denied you access', state});
        }

        const code = this.grants.code(random(30, LOWER), {scopes, redirectUri: query.get('redirect_uri'),
            user: this.users.get(this.#world.settings.twitch.user)});

        return redirect(this.#client.redirect_uri, {code, scope: scopes.join(' '), state});
    }

    #form(request) {
        if (/(?:^|&)(?:client_secret|code|refresh_token|token)=/.test(request.search)) {
            request.note('secret in the URL');
        }

        if (request.type !== 'application/x-www-form-urlencoded') {
            throw refuseId('Content-Type', 400, 'missing client id');
        }

        try {
            return request.form;

        } catch (error) {
            throw error instanceof Malformed ? refuseId(error.message, 400, 'missing client id') : error;
        }
    }

    #token(request) {
        const form = this.#form(request);

        if (!form.get('client_id')) {
            throw refuseId('client_id', 400, 'missing client id');
        }

        if (form.get('client_id') !== this.#client.client_id) {
            throw refuseId('client_id', 400, 'invalid client');
        }

        if (!form.get('client_secret')) {
            throw refuseId('client_secret', 400, 'missing client secret');
        }

        if (!same(form.get('client_secret'), this.#client.client_secret)) {
            throw refuseId('client_secret', 403, 'invalid client secret');
        }

        switch (form.get('grant_type')) {
        case 'authorization_code':
            return this.#exchange(form);

        case 'refresh_token':
            return this.#refresh(form);

        case undefined:
            throw refuseId('grant_type', 400, 'missing grant type');

        default:
            throw refuseId('grant_type', 400, 'Invalid grant type');
        }
    }

    #exchange(form) {
        if (!form.get('code')) {
            throw refuseId('code', 400, 'missing code');
        }

        if (!form.get('redirect_uri')) {
            throw refuseId('redirect_uri', 400, 'missing redirect uri');
        }

        const {request, reason, fault} = this.grants.redeem(form.get('code'));

        if (request === undefined) {
            throw refuseId(reason, 400, 'Invalid authorization code', fault);
        }

        if (form.get('redirect_uri') !== request.redirectUri) {
            throw refuseId('redirect_uri', 400, 'Parameter redirect_uri does not match registered URI');
        }

        return this.#tokens({user: request.user, scopes: request.scopes});
    }

    /** A refresh token works once: whoever keeps the old one is out. */
    #refresh(form) {
        const text = form.get('refresh_token');

        if (!text) {
            throw refuseId('refresh_token', 400, 'missing refresh token');
        }

        const token = this.grants.find(text);

        if (token?.kind !== 'refresh') {
            throw refuseId('unknown refresh_token', 400, 'Invalid refresh token');
        }

        if (token.used) {
            throw refuseId('refresh_token used twice', 400, 'Invalid refresh token');
        }

        const dead = this.grants.death(token);

        if (dead !== undefined) {
            throw refuseId(dead, 400, 'Invalid refresh token', false);
        }

        token.used = true;

        return this.#tokens(token.grant);
    }

    #tokens(grant) {
        const access = this.grants.issue(random(30, LOWER), 'access', grant);
        const refresh = this.grants.issue(random(50, LOWER), 'refresh', grant);

        return {body: {access_token: access.text, expires_in: access.expiresIn, refresh_token: refresh.text,
            scope: grant.scopes, token_type: 'bearer'}};
    }

    #validate(request) {
        const [scheme, text] = request.authorization ?? [];

        if (scheme === undefined) {
            throw refuseId('no Authorization', 401, 'missing authorization token');
        }

        if (scheme !== 'OAuth') {
            throw refuseId('scheme of Authorization', 401, 'invalid access token');
        }

        const token = this.grants.find(text);

        if (token?.kind !== 'access') {
            throw refuseId('unknown token', 401, 'invalid access token');
        }

        const dead = this.grants.death(token);

        if (dead !== undefined) {
            throw refuseId(dead, 401, 'invalid access token', false);
        }

        const {user, scopes} = token.grant;

        return {body: {client_id: this.#client.client_id, login: user.name, scopes, user_id: user.id,
            expires_in: Math.floor((token.until - this.#world.now) / 1000)}};
    }

    #revoke(request) {
        const form = this.#form(request);

        if (!form.get('client_id')) {
            throw refuseId('client_id', 400, 'missing client id');
        }

        if (form.get('client_id') !== this.#client.client_id) {
            throw refuseId('client_id', 404, 'client does not exist');
        }

        if (!form.get('token')) {
            throw refuseId('token', 400, 'missing oauth token');
        }

        const token = this.grants.find(form.get('token'));
        const dead = token && this.grants.death(token);

        if (token?.kind !== 'access' || dead !== undefined) {
            throw refuseId(dead ?? 'unknown token', 400, 'Invalid token', dead === undefined);
        }

        token.grant.revoked = true;

        return {body: ''};
    }

    #ingests() {
        const entry = (id, name, rtmp, rtmps, priority, isDefault) => ({
            _id: id, availability: 1, default: isDefault, name, priority,
            url_template: `${rtmp}/{stream_key}`, url_template_secure: `${rtmps}/{stream_key}`,
        });

        const [rtmp, rtmps] = [this.#world.ingest('twitch', 'rtmp'), this.#world.ingest('twitch', 'rtmps')];

        return {body: {ingests: [
            entry(1, 'Deprecated: nowhere', 'rtmp://old.invalid/app', 'rtmps://old.invalid/app', 0, false),
            entry(2, 'Default', rtmp, rtmps, 1, true),
            entry(3, 'EU: Frankfurt', rtmp, rtmps, 2, false),
        ]}};
    }

    // --- Helix

    #refill() {
        this.#points = this.#world.settings.twitch.points;
        this.#reset = this.#world.now + 60000;
    }

    #limits() {
        return {'Ratelimit-Limit': String(this.#world.settings.twitch.points),
            'Ratelimit-Remaining': String(this.#points), 'Ratelimit-Reset': String(Math.ceil(this.#reset / 1000))};
    }

    #helix(request, parameters, scope, run) {
        try {
            const answer = this.#checked(request, parameters, scope, run);
            return {...answer, headers: {...this.#limits(), ...answer.headers}};

        } catch (error) {
            if (error instanceof Refusal) {
                error.answer.headers = {...this.#limits(), ...error.answer.headers};
            }

            throw error;
        }
    }

    #checked(request, parameters, scope, run) {
        if (request.authorization === null) {
            throw refuse('no Authorization', 401, 'OAuth token is missing');
        }

        const [scheme, text] = request.authorization;

        if (scheme !== 'Bearer') {
            throw refuse('scheme of Authorization', 401, 'OAuth token is missing');
        }

        if (!request.headers['client-id']) {
            throw refuse('no Client-Id', 401, 'Client ID is missing');
        }

        const token = this.grants.find(text);

        if (token?.kind !== 'access') {
            throw refuse('unknown token', 401, 'Invalid OAuth token');
        }

        const dead = this.grants.death(token);

        if (dead !== undefined) {
            throw refuse(dead, 401, 'Invalid OAuth token', {fault: false});
        }

        if (request.headers['client-id'] !== this.#client.client_id) {
            throw refuse('Client-Id', 401, 'Client ID and OAuth token do not match');
        }

        if (this.#world.now >= this.#reset) {
            this.#refill();
        }

        if (this.#points < 1) {
            throw refuse('rate limit', 429, 'Rate limit exceeded', {fault: false});
        }

        this.#points--;

        if (scope !== undefined && !token.grant.scopes.includes(scope)) {
            throw refuse('scope', 401, `Missing scope: ${scope}`);
        }

        let query;

        try {
            query = request.query;

        } catch (error) {
            throw error instanceof Malformed ? refuse(error.message, 400, 'Malformed query params.') : error;
        }

        for (const name of query.keys()) {
            if (!parameters.includes(name)) {
                request.note(`unknown parameter ${name}`);
            }
        }

        return run(request, token.grant.user);
    }

    #required(request, name) {
        const value = request.query.get(name);

        if (!value) {
            throw refuse(`no ${name}`, 400, `Missing required parameter "${name}"`);
        }

        return value;
    }

    #own(request, user) {
        if (this.#required(request, 'broadcaster_id') !== user.id) {
            throw refuse('broadcaster_id', 401, 'The ID in broadcaster_id must match the user ID found in the '
                + 'request\'s OAuth token.');
        }
    }

    #getUsers(request, user) {
        const {id, login} = Object.fromEntries(request.query);
        const found = id === undefined && login === undefined ? [user]
            : this.users.all.filter((other) => other.id === id || other.name === login);

        return {body: {data: found.map(({id: userId, name}) => ({id: userId, login: name,
            display_name: name[0].toUpperCase() + name.slice(1), type: '', broadcaster_type: '', description: '',
            created_at: '2020-01-01T00:00:00Z'}))}};
    }

    #getKey(request, user) {
        this.#own(request, user);

        if (!this.#world.settings.twitch.two_factor) {
            throw refuse('two-factor authentication', 403, 'The broadcaster must enable two-factor authentication.',
                {fault: false});
        }

        return {body: {data: [{stream_key: user.key}]}};
    }

    #getChannel(request) {
        const id = this.#required(request, 'broadcaster_id');

        return {body: {data: this.users.all.filter((user) => user.id === id).map(({name, channel}) => ({
            broadcaster_id: id, broadcaster_login: name, broadcaster_name: name, ...channel,
            game_name: GAMES[channel.game_id] ?? '',
        }))}};
    }

    #patchChannel(request, user) {
        this.#own(request, user);

        if (request.type !== 'application/json') {
            throw refuse('Content-Type', 400, 'The request body must be JSON.');
        }

        const body = request.json;

        if (body === null || typeof body !== 'object' || Array.isArray(body)) {
            throw refuse('body', 400, 'The request body is not valid JSON.');
        }

        const known = ['title', 'game_id', 'broadcaster_language', 'tags', 'delay', 'content_classification_labels',
            'is_branded_content'];
        const unknown = Object.keys(body).filter((name) => !known.includes(name));

        unknown.forEach((name) => request.note(`unknown field ${name}`));

        if (Object.keys(body).length === unknown.length) {
            throw refuse('empty body', 400, 'The request must specify at least one parameter.');
        }

        this.#checkChannel(body);

        if ('tags' in body && body.tags.some((tag) => this.#world.settings.twitch.bad_tags.includes(tag))) {
            throw refuse('tag failed moderation', 400, `The following tags failed moderation: ${body.tags
                .filter((tag) => this.#world.settings.twitch.bad_tags.includes(tag)).join(', ')}`, {fault: false});
        }

        Object.assign(user.channel, Object.fromEntries(known.filter((name) => name in body)
            .map((name) => [name, body[name]])), body.game_id === '0' && {game_id: ''});

        return {status: 204};
    }

    #checkChannel(body) {
        const {title, game_id: game, tags, delay, broadcaster_language: language} = body;
        const bad = (name, message) => refuse(name, 400, message);

        if (title !== undefined && (typeof title !== 'string' || !title.trim() || characters(title) > 140)) {
            throw bad('title', 'The title field may not be empty, nor longer than 140 characters.');
        }

        if (game !== undefined && (typeof game !== 'string'
            || (!['', '0'].includes(game) && !Object.hasOwn(GAMES, game))))
        {
            throw bad('game_id', 'The game_id is not valid.');
        }

        if (tags !== undefined && (!Array.isArray(tags) || tags.length > 10
            || tags.some((tag) => typeof tag !== 'string' || !/^[\p{L}\p{N}]{1,25}$/u.test(tag))))
        {
            throw bad('tags', 'Tags: at most 10, each at most 25 characters, with no spaces or special characters.');
        }

        if (language !== undefined && !/^(?:[a-z]{2}|other)$/.test(language)) {
            throw bad('broadcaster_language', 'The broadcaster_language is not valid.');
        }

        if (delay !== undefined && (!Number.isInteger(delay) || delay < 0 || delay > 900
            || !this.#world.settings.twitch.partner))
        {
            throw bad('delay', 'Only partners may set a delay, of at most 900 seconds.');
        }

        if (body.content_classification_labels !== undefined && (!Array.isArray(body.content_classification_labels)
            || body.content_classification_labels.some((label) => !LABELS.includes(label?.id)
                || typeof label.is_enabled !== 'boolean')))
        {
            throw bad('content_classification_labels', 'The content classification labels are not valid.');
        }

        if (body.is_branded_content !== undefined && typeof body.is_branded_content !== 'boolean') {
            throw bad('is_branded_content', 'is_branded_content is not valid.');
        }
    }

    #getStreams(request) {
        const {user_id: id, user_login: login} = Object.fromEntries(request.query);

        if (id !== undefined && !/^\d+$/.test(id)) {
            throw refuse('user_id', 400, 'The parameter "user_id" was malformed: the value must be an integer.');
        }

        const data = this.users.all.filter((user) => user.started !== undefined && (id === undefined || user.id === id)
            && (login === undefined || user.name === login)).map((user) => ({
            id: user.streamId, user_id: user.id, user_login: user.name, user_name: user.name, type: 'live',
            game_id: user.channel.game_id, game_name: GAMES[user.channel.game_id] ?? '', title: user.channel.title,
            tags: user.channel.tags, viewer_count: user.viewers, started_at: iso(user.started),
            language: user.channel.broadcaster_language, is_mature: false,
        }));

        return {body: {data, pagination: {}}};
    }

    #getGames(request) {
        const {id, name} = Object.fromEntries(request.query);

        if (id === undefined && name === undefined) {
            throw refuse('id or name', 400, 'Must provide at least one of: id, name, igdb_id.');
        }

        return {body: {data: this.#categories((game, title) => game === id || title === name)}};
    }

    #search(request) {
        const text = this.#required(request, 'query').toLowerCase();

        return {body: {data: this.#categories((game, title) => title.toLowerCase().includes(text)), pagination: {}}};
    }

    #categories(wanted) {
        return Object.entries(GAMES).filter(([id, name]) => wanted(id, name)).map(([id, name]) => ({id, name,
            box_art_url: `https://static-cdn.jtvnw.net/ttv-boxart/${id}-{width}x{height}.jpg`}));
    }

    #mediaChanged() {
        for (const user of this.users.all) {
            if (!this.#world.isActive(user.key)) {
                user.started = undefined;

            } else if (user.started === undefined) {
                user.started = this.#world.now;
                user.streamId = digits(11);
            }
        }
    }

    // --- for the test

    get objects() {
        return {users: this.users.all.map(({name, id, key, channel, viewers, started}) => ({name, id, key, channel,
            viewers, state: started === undefined ? 'offline' : 'live'}))};
    }

    viewers(name, count) {
        for (const user of this.users.all) {
            if (name === undefined || user.name === name || user.id === name || user.key === name) {
                user.viewers = count;
            }
        }
    }

    /** As users reset their key, or change their password. */
    resetKey(name) {
        const user = this.users.get(name);

        user.key = this.#key(user.id);
        this.#world.changed();

        return user.key;
    }

    /** Points that are left until the bucket is filled again. */
    limit(points, seconds) {
        this.#points = points;
        this.#reset = this.#world.now + seconds * 1000;
    }
}
