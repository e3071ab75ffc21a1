/*
 * Codes and tokens that a platform has given away.
 *
 * A grant is what a user has once consented to; tokens belong to one, and die with it.
 */

import {createHash} from 'node:crypto';

import {random, same} from './common.mjs';

/** RFC 7636, 4.2 */
export function provesChallenge(verifier, challenge, method) {
    const answer = method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
    return same(answer, challenge);
}

export class Grants {
    #world;
    #life;
    #codes = new Map();
    #tokens = new Map();

    /** @param {function(string): number} life of a kind of token, in seconds; Infinity: for ever */
    constructor(world, life) {
        this.#world = world;
        this.#life = life;
    }

    /** A code for this request of an authorization. */
    code(text, request) {
        this.#codes.set(text, {...request, until: this.#world.now + 600000, used: false});
        return this.#world.secret(text);
    }

    /**
     * A code can be used once, and is used up by an attempt that fails.
     * @returns {{request: ?object, reason: ?string, fault: ?boolean}}
     */
    redeem(text) {
        const request = this.#codes.get(text);

        if (request === undefined) {
            return {reason: 'unknown code', fault: true};
        }

        if (request.used) {
            return {reason: 'code used twice', fault: true};
        }

        request.used = true;

        return request.until < this.#world.now ? {reason: 'code expired', fault: false} : {request};
    }

    /** @param {string} kind access, refresh, long, page */
    issue(text, kind, grant, more = {}) {
        const life = this.#life(kind);

        this.#tokens.set(text, {text, kind, grant, ...more, used: false, until: this.#world.now + life * 1000});
        this.#world.secret(text);

        return {text, expiresIn: life === Infinity ? undefined : Math.floor(life)};
    }

    find(text) {
        return this.#tokens.get(text);
    }

    /** @returns {?string} why it is dead, and that is no fault of the client */
    death(token) {
        if (token.grant.revoked || token.revoked) {
            return 'token revoked';
        }

        return token.until <= this.#world.now ? 'token expired' : undefined;
    }

    /** @param {?string} kind or all of them */
    expire(kind) {
        let count = 0;

        for (const token of this.#tokens.values()) {
            if ((kind === undefined || token.kind === kind) && this.death(token) === undefined) {
                token.until = 0;
                count++;
            }
        }

        return count;
    }

    expireCodes() {
        for (const request of this.#codes.values()) {
            request.until = 0;
        }
    }

    /** As the user does it in the settings of his account. */
    revoke(user) {
        let count = 0;

        for (const token of this.#tokens.values()) {
            if ((user === undefined || token.grant.user.name === user) && !token.grant.revoked) {
                token.grant.revoked = true;
                count++;
            }
        }

        return count;
    }

    /** @returns {object[]} what a test may know of them */
    list() {
        return Array.from(this.#tokens.values(), (token) => ({
            kind: token.kind,
            user: token.grant.user.name,
            used: token.used,
            dead: this.death(token) ?? null,
        }));
    }
}

/** The users of a platform, made when they are first heard of. */
export class Users {
    #users = new Map();
    #make;

    /** @param {function(string): object} make what a new one is, beside its name */
    constructor(make) {
        this.#make = make;
    }

    get(name) {
        if (!this.#users.has(name)) {
            this.#users.set(name, {name, ...this.#make(name)});
        }

        return this.#users.get(name);
    }

    get all() {
        return [...this.#users.values()];
    }
}

/** The redirect back to the client, with an answer in the query. */
export function redirect(uri, answer, fragment = '') {
    const query = Object.entries(answer).filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');

    return {status: 302, headers: {'Location': `${uri}${uri.includes('?') ? '&' : '?'}${query}${fragment}`}, body: ''};
}

export const traceId = () => random(11);
