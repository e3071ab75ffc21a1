/*
 * What a test tells the platforms, and asks them.
 */

const merge = (to, from) => Object.entries(from).forEach(([name, value]) => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value) && typeof to[name] === 'object') {
        merge(to[name], value);

    } else {
        to[name] = value === null ? undefined : value;
    }
});

export class Control {
    #with;

    constructor(parts) {
        this.#with = parts;
    }

    /** @returns {*} the result; throws what is wrong with the command */
    run({cmd, id, ...options}) {
        const method = `do_${cmd}`;

        if (typeof this[method] !== 'function') {
            throw new Error(`no command ${cmd}`);
        }

        return this[method](options);
    }

    /** @returns {object} of a platform's name, one that has what is asked of it */
    #platform(name, method) {
        const platform = this.#with.platforms[name];

        if (platform === undefined) {
            throw new Error(`no platform ${name}`);
        }

        if (method !== undefined && typeof platform[method] !== 'function') {
            throw new Error(`${name} knows no ${method}`);
        }

        return platform;
    }

    #grants(name) {
        return this.#platform(name === 'youtube' ? 'google' : name).grants;
    }

    /** {settings: {youtube: {quota: 100}, ingest: {twitch: {rtmps: ...}}, ...}}; null unsets */
    do_set({settings}) {
        for (const name of Object.keys(settings)) {
            if (this.#with.world.settings[name] === undefined) {
                throw new Error(`no settings of ${name}`);
            }
        }

        merge(this.#with.world.settings, settings);
        this.#with.world.changed();
    }

    do_media({key, active}) {
        this.#with.world.setMedia(key, Boolean(active));
    }

    do_advance({seconds}) {
        this.#with.world.advance(seconds * 1000);
    }

    /** {platform, kind}: access, refresh, long, page, code, or all of them */
    do_expire({platform, kind}) {
        if (kind === 'code') {
            return this.#grants(platform).expireCodes();
        }

        return this.#grants(platform).expire(kind);
    }

    /** {platform, user}: by the user; Cloudflare's token by its owner */
    do_revoke({platform, user}) {
        return platform === 'cloudflare' ? this.#platform(platform).revoke() : this.#grants(platform).revoke(user);
    }

    do_fail(failure) {
        this.#with.failures.add(failure);
    }

    do_unfail() {
        const {left} = this.#with.failures;

        this.#with.failures.clear();

        return left;
    }

    /** {since, ...}: entries from a number on that have these values; a call that ends in a dot is a prefix */
    do_requests({since = 0, ...wanted}) {
        return this.#with.log.slice(since).filter((entry) => Object.entries(wanted).every(([name, value]) =>
            name === 'call' && value.endsWith('.') ? (entry.call ?? '').startsWith(value) : entry[name] === value));
    }

    do_violations({clear}) {
        return clear ? this.#with.violations.splice(0) : this.#with.violations;
    }

    do_quota({used}) {
        if (used !== undefined) {
            this.#platform('youtube').quotaUsed = used;
        }

        return this.#platform('youtube').quota;
    }

    do_limit({points, seconds = 60}) {
        this.#platform('twitch').limit(points, seconds);
    }

    do_tokens({platform}) {
        return this.#grants(platform).list();
    }

    do_objects({platform}) {
        return this.#platform(platform).objects;
    }

    do_viewers({platform, of, count}) {
        this.#platform(platform, 'viewers').viewers(of, count);
    }

    do_health({platform, of, health}) {
        this.#platform(platform, 'health').health(of, health);
    }

    do_end({platform, of}) {
        this.#platform(platform, 'end').end(of);
    }

    do_remove({platform, of}) {
        this.#platform(platform, 'remove').remove(of);
    }

    do_reset_key({user}) {
        return this.#platform('twitch').resetKey(user);
    }

    do_pages({user, pages}) {
        return this.#platform('facebook').setPages(user, pages);
    }
}
