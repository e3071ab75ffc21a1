/*
 * OAuth of Google: consent, tokens without rotation, revocation.
 */

import {Malformed, Refusal, random, same} from './common.mjs';
import {Grants, Users, provesChallenge, redirect} from './oauth.mjs';

const SCOPES = ['https://www.googleapis.com/auth/youtube', 'https://www.googleapis.com/auth/youtube.force-ssl',
    'https://www.googleapis.com/auth/youtube.readonly', 'https://www.googleapis.com/auth/youtube.upload',
    'openid', 'email', 'profile'];

function refuse(reason, error, description, {status = 400, fault} = {}) {
    return new Refusal(reason, {status, fault, body: {error, error_description: description}});
}

/** What a person sees in the browser instead of a redirect. */
function page(reason, error) {
    return new Refusal(reason, {
        status: 400,
        headers: {'Content-Type': 'text/html; charset=utf-8'},
        body: `<!DOCTYPE html><html><title>Error 400: ${error}</title><body>Access blocked: ${error}</body></html>`,
    });
}

export class Google {
    #world;
    #client;

    /** @param {{client_id: string, client_secret: string, redirect_uri: string}} client as registered */
    constructor(world, client) {
        this.#world = world;
        this.#client = client;

        this.users = new Users((name) => ({channel: `UC${random(22)}`, title: `Channel of ${name}`}));
        this.grants = new Grants(world, (kind) =>
            kind === 'refresh' ? Infinity : world.settings.youtube.access_life);

        this.routes = [
            {call: 'google.auth', method: 'GET', path: /^\/o\/oauth2\/v2\/auth$/, run: (r) => this.#authorize(r)},
            {call: 'google.token', method: 'POST', path: /^\/token$/, run: (r) => this.#token(r)},
            {call: 'google.revoke', method: 'POST', path: /^\/revoke$/, run: (r) => this.#revoke(r)},
        ];
    }

    #authorize(request) {
        const query = request.query;

        if (query.get('client_id') !== this.#client.client_id) {
            throw page('client_id', 'invalid_client');
        }

        if (query.get('redirect_uri') !== this.#client.redirect_uri) {
            throw page('redirect_uri', 'redirect_uri_mismatch');
        }

        if (query.get('response_type') !== 'code') {
            throw page('response_type', 'invalid_request');
        }

        if (!query.get('state')) {
            request.note('no state');
        }

        const scopes = (query.get('scope') ?? '').split(' ').filter(Boolean);

        if (scopes.length === 0) {
            throw page('scope', 'invalid_request');
        }

        if (scopes.some((scope) => !SCOPES.includes(scope))) {
            throw page('scope', 'invalid_scope');
        }

        if (!['online', 'offline'].includes(query.get('access_type') ?? 'online')) {
            throw page('access_type', 'invalid_request');
        }

        const prompt = (query.get('prompt') ?? '').split(' ').filter(Boolean);

        if (prompt.some((word) => !['none', 'consent', 'select_account'].includes(word))) {
            throw page('prompt', 'invalid_request');
        }

        const challenge = query.get('code_challenge');
        const method = query.get('code_challenge_method') ?? (challenge === undefined ? undefined : 'plain');

        if (method !== undefined && !['plain', 'S256'].includes(method)) {
            throw page('code_challenge_method', 'invalid_request');
        }

        if (method !== undefined && !/^[A-Za-z0-9\-._~]{43,128}$/.test(challenge ?? '')) {
            throw page('code_challenge', 'invalid_request');
        }

        if (method === 'plain') {
            request.note('PKCE without S256');
        }

        const state = query.get('state');

        if (this.#world.settings.youtube.deny) {
            return redirect(this.#client.redirect_uri, {error: 'access_denied', state});
        }

        const code = this.grants.code(`4/0A${random(30)}-${random(20)}_${random(17)}`, {
            scopes, challenge, method,
            redirectUri: query.get('redirect_uri'),
            user: this.users.get(this.#world.settings.youtube.user),
            offline: query.get('access_type') === 'offline' && prompt.includes('consent'),
        });

        return redirect(this.#client.redirect_uri, {state, code, scope: scopes.join(' '), authuser: 0,
            prompt: prompt.join(' ') || undefined});
    }

    /** The form of a request to the token endpoint; secrets are neither in a URL nor half encoded. */
    #form(request) {
        if (!request.hasLength) {
            throw lengthRequired();
        }

        if (request.search !== '') {
            throw refuse('parameters in the URL', 'invalid_request', 'Parameters belong to the body.');
        }

        if (request.type !== 'application/x-www-form-urlencoded') {
            throw refuse('Content-Type', 'invalid_request', 'Bad Content-Type.');
        }

        if (/(?:^|&)(?:refresh_token|code|token)=[^&]*\//.test(request.body.toString('latin1'))) {
            throw refuse('token is not percent-encoded', 'invalid_request', 'Malformed request.');
        }

        try {
            return request.form;

        } catch (error) {
            if (error instanceof Malformed) {
                throw refuse(error.message, 'invalid_request', 'Malformed request.');
            }

            throw error;
        }
    }

    #token(request) {
        const form = this.#form(request);
        const type = form.get('grant_type');

        if (!type) {
            throw refuse('grant_type', 'invalid_request', 'Required parameter is missing: grant_type');
        }

        if (!['authorization_code', 'refresh_token'].includes(type)) {
            throw refuse('grant_type', 'unsupported_grant_type', `Invalid grant_type: ${type}`);
        }

        if (!form.get('client_id')) {
            throw refuse('client_id', 'invalid_request', 'Could not determine client ID from request.');
        }

        if (form.get('client_id') !== this.#client.client_id) {
            throw refuse('client_id', 'invalid_client', 'The OAuth client was not found.', {status: 401});
        }

        if (!form.get('client_secret')) {
            throw refuse('client_secret', 'invalid_request', 'client_secret is missing.');
        }

        if (!same(form.get('client_secret'), this.#client.client_secret)) {
            throw refuse('client_secret', 'invalid_client', 'The provided client secret is invalid.', {status: 401});
        }

        return type === 'refresh_token' ? this.#refresh(form) : this.#exchange(form);
    }

    #exchange(form) {
        const code = form.get('code');

        if (!code) {
            throw refuse('code', 'invalid_request', 'Missing required parameter: code');
        }

        if (!form.get('redirect_uri')) {
            throw refuse('redirect_uri', 'invalid_request', 'Missing parameter: redirect_uri');
        }

        const verifier = form.get('code_verifier');

        if (verifier) {
            this.#world.secret(verifier);
        }

        const {request, reason, fault} = this.grants.redeem(code);

        if (request === undefined) {
            throw refuse(reason, 'invalid_grant', reason === 'unknown code' ? 'Malformed auth code.' : 'Bad Request',
                {fault});
        }

        if (form.get('redirect_uri') !== request.redirectUri) {
            throw refuse('redirect_uri', 'redirect_uri_mismatch', 'Bad Request');
        }

        if (request.challenge !== undefined) {
            if (!verifier) {
                throw refuse('code_verifier', 'invalid_grant', 'Missing code verifier.');
            }

            if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier)
                || !provesChallenge(verifier, request.challenge, request.method))
            {
                throw refuse('code_verifier', 'invalid_grant', 'Invalid code verifier.');
            }

        } else if (verifier) {
            throw refuse('code_verifier', 'invalid_grant', 'code_verifier or verifier is not needed.');
        }

        const grant = {user: request.user, scopes: request.scopes};
        const answer = this.#access(grant);

        if (request.offline) {
            answer.refresh_token = this.grants.issue(`1//0${random(2)}${random(90)}`, 'refresh', grant).text;

            if (this.#world.settings.youtube.refresh_life !== undefined) {
                answer.refresh_token_expires_in = this.#world.settings.youtube.refresh_life;
            }
        }

        return {body: answer};
    }

    #refresh(form) {
        const text = form.get('refresh_token');

        if (!text) {
            throw refuse('refresh_token', 'invalid_request', 'Missing required parameter: refresh_token');
        }

        const token = this.grants.find(text);

        if (token?.kind !== 'refresh') {
            throw refuse('unknown refresh_token', 'invalid_grant', 'Bad Request');
        }

        const dead = this.grants.death(token);

        if (dead !== undefined) {
            throw refuse(dead, 'invalid_grant', 'Token has been expired or revoked.', {fault: false});
        }

        return {body: this.#access(token.grant)};
    }

    #access(grant) {
        const token = this.grants.issue(`ya29.a0${random(160)}`, 'access', grant);

        return {access_token: token.text, expires_in: token.expiresIn, scope: grant.scopes.join(' '),
            token_type: 'Bearer'};
    }

    #revoke(request) {
        const text = this.#form(request).get('token');
        const token = this.grants.find(text);

        if (token === undefined) {
            throw refuse('token', 'invalid_token', 'Token expired or revoked');
        }

        if (this.grants.death(token) !== undefined) {
            throw refuse(this.grants.death(token), 'invalid_token', 'Token expired or revoked', {fault: false});
        }

        token.grant.revoked = true;

        return {body: {}};
    }
}

/** Google's front end: no POST or PUT without a length, not even of nothing. */
export function lengthRequired() {
    return new Refusal('no Content-Length', {
        status: 411,
        headers: {'Content-Type': 'text/html; charset=UTF-8'},
        body: '<!DOCTYPE html><html lang=en><title>Error 411 (Length Required)!!1</title>'
            + '<p>POST requests require a <code>Content-length</code> header.</html>',
    });
}
