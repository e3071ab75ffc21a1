/*
 * What the platforms have in common: requests and answers, refusals, the world that they share, and the log.
 */

import {randomBytes, timingSafeEqual} from 'node:crypto';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random text, of letters and digits unless another alphabet is given. */
export function random(length, alphabet = ALPHANUMERIC) {
    return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
}

export const digits = (length) => random(1, '123456789') + random(length - 1, '0123456789');
export const hex = (length) => random(length, '0123456789abcdef');

export function same(one, other) {
    const a = Buffer.from(String(one));
    const b = Buffer.from(String(other));

    return a.length === b.length && timingSafeEqual(a, b);
}

/** Characters as people count them. */
export const characters = (text) => Array.from(text).length;

export const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * An answer that is not what the client had asked for.  With fault, the client is to blame for it whatever else
 * happens: a violation.  Without, it depends on what the client could not know: tokens that expire, media that is
 * late, quota.
 */
export class Refusal extends Error {
    constructor(reason, {status, headers, body, fault = true}) {
        super(reason);
        Object.assign(this, {reason, answer: {status, headers, body}, fault});
    }
}

/** A request as the platforms look at it; body is complete. */
export class Request {
    notes = [];

    constructor(method, target, headers, body, version) {
        Object.assign(this, {method, target, headers, body, version});

        const [path, ...rest] = target.split('?');

        this.path = path;
        this.search = rest.join('?');
    }

    /** What the real platform would take, and the client yet should not send: recorded, and answered as ever. */
    note(reason) {
        this.notes.push(reason);
    }

    /** @returns {string} without parameters, in lower case; '' if there is none */
    get type() {
        return (this.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    }

    /** @returns {?[string, string]} the scheme and the rest of Authorization */
    get authorization() {
        const match = /^(\S+) (\S+)$/.exec(this.headers.authorization ?? '');
        return match && [match[1], match[2]];
    }

    get hasLength() {
        return this.body.length > 0 || 'content-length' in this.headers || 'transfer-encoding' in this.headers;
    }

    /** @returns {Map<string, string>} */
    get query() {
        return this._query ??= decode(this.search, 'query');
    }

    /** @returns {Map<string, string>} */
    get form() {
        return this._form ??= decode(this.body.toString('latin1'), 'form');
    }

    /** @returns {*} undefined if it is not JSON */
    get json() {
        try {
            return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(this.body));

        } catch {
            return undefined;
        }
    }
}

/** Thrown by Request.query and form; each platform has its own words for it. */
export class Malformed extends Error {}

/**
 * application/x-www-form-urlencoded, strictly: what a client leaves unencoded although it had to encode it is read
 * as something else, or not at all, by one server or another.
 */
export function decode(text, where) {
    const fields = new Map();

    for (const pair of text === '' ? [] : text.split('&')) {
        const at = pair.indexOf('=');

        if (at < 1) {
            throw new Malformed(`${where}: no name=value`);
        }

        if (!/^(?:[A-Za-z0-9\-._~!'()*,;:@/?$+={}[\]]|%[0-9A-Fa-f]{2})*$/.test(pair)) {
            throw new Malformed(`${where}: not percent-encoded`);
        }

        const [name, value] = [pair.slice(0, at), pair.slice(at + 1)].map((part) => {
            const bytes = Buffer.from(part.replaceAll('+', ' ').replace(/%([0-9A-Fa-f]{2})/g,
                (_, code) => String.fromCharCode(parseInt(code, 16))), 'latin1');

            try {
                return new TextDecoder('utf-8', {fatal: true}).decode(bytes);

            } catch {
                throw new Malformed(`${where}: not UTF-8`);
            }
        });

        if (fields.has(name)) {
            throw new Malformed(`${where}: ${name} twice`);
        }

        fields.set(name, value);
    }

    return fields;
}

/* names of fields, and of JSON members, that the log does not repeat */

const SECRET = new Set(['access_token', 'refresh_token', 'client_secret', 'code', 'code_verifier', 'fb_exchange_token',
    'token', 'stream_key', 'streamkey', 'passphrase', 'streamname', 'appsecret_proof']);

export function redacted(value, name = '') {
    if (SECRET.has(name.toLowerCase())) {
        return '***';
    }

    if (Array.isArray(value)) {
        return value.map((item) => redacted(item));
    }

    if (value instanceof Map) {
        return redacted(Object.fromEntries(value));
    }

    if (value !== null && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redacted(member, key)]));
    }

    return value;
}

/** What all platforms see: the clock, the ingest with its media, and what a test has set. */
export class World {
    #offset = 0;
    #media = new Set();
    #all = false;
    #watchers = [];
    #announce;
    #announced = new Set();

    /** @param {function(string)} announce gets every secret once */
    constructor(base, settings, announce) {
        this.base = base;
        this.settings = settings;
        this.#announce = announce;
    }

    get now() {
        return Date.now() + this.#offset;
    }

    advance(ms) {
        this.#offset += ms;
    }

    secret(text) {
        if (!this.#announced.has(text)) {
            this.#announced.add(text);
            this.#announce(text);
        }

        return text;
    }

    /** Where a platform's answers send the media; kind is rtmp, rtmps, backup_rtmp or backup_rtmps. */
    ingest(platform, kind) {
        const urls = {...this.settings.ingest['*'], ...this.settings.ingest[platform]};
        return urls[kind] ?? urls[kind.replace('backup_', '')] ?? urls.rtmps ?? urls.rtmp
            ?? 'rtmps://ingest.invalid/live';
    }

    isActive(key) {
        return this.#all || this.#media.has(key);
    }

    /** @param {string} key a stream key, or * for all that are and will be */
    setMedia(key, active) {
        if (key === '*') {
            this.#all = active;

            if (!active) {
                this.#media.clear();
            }

        } else if (active) {
            this.#media.add(key);

        } else {
            this.#media.delete(key);
        }

        this.changed();
    }

    /** @param {function()} watcher is called when media comes or goes, or keys appear */
    watch(watcher) {
        this.#watchers.push(watcher);
    }

    changed() {
        this.#watchers.forEach((watcher) => watcher());
    }
}
