/*
 * Many players of one source, each of which follows its playlist by blocking reloads and downloads every third part, on
 * connections that are kept; every third one asks for parts ahead of time, by their hints.  Prints what they have seen.
 *
 *     node hls_viewers.mjs PLAYLIST_URL COUNT SECONDS [REFERENCE_URL]
 *
 * REFERENCE_URL is the same playlist without a cache between: one player more, whom the others are compared with.
 */

import http from 'node:http';

const [url, count, seconds, reference] = process.argv.slice(2);

/** Every so many players ask for parts by their hints. */
const HINTED_EVERY = 3;

/** Of all parts, those that a player downloads: another third than the next one. */
const PARTS_EVERY = 3;

/** A player. */
class Viewer {
    #url;
    #ahead;
    #number;
    #count = 0;
    #seen = new Set();
    #agent = new http.Agent({keepAlive: true, maxSockets: 2});

    /** When which part was listed, ms. */
    times = new Map();
    faults = [];
    lists = 0;
    parts = 0;

    constructor(playlist, number) {
        this.#url = playlist;
        this.#number = number;
        this.#ahead = number % HINTED_EVERY === 0;
    }

    #get(target) {
        return new Promise((resolve) => {
            const request = http.get(target, {agent: this.#agent}, (response) => {
                const chunks = [];

                response.on('data', (chunk) => chunks.push(chunk));
                response.on('end', () => resolve({status: response.statusCode, body: Buffer.concat(chunks)}));
                response.on('error', (error) => resolve({status: 0, error}));
            });

            request.on('error', (error) => resolve({status: 0, error}));
        });
    }

    async #media(uri) {
        const {status, error} = await this.#get(this.#url.replace(/[^/]*$/, uri));

        this.parts++;

        if (status !== 200) {
            this.faults.push(`${uri}: ${status || error.message}`);
        }
    }

    #wanted() {
        return (this.#number + this.#count++) % PARTS_EVERY === 0;
    }

    async run(until) {
        let query = '';
        let ahead = null;

        while (performance.now() < until) {
            const {status, body, error} = await this.#get(this.#url + query);
            const now = performance.now();

            if (status !== 200) {
                this.faults.push(`live.m3u8${query}: ${status || error.message}`);
                break;
            }

            const text = String(body);
            const hint = text.match(/^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(\w+-(\d+)\.(\d+)\.m4s)"$/m);
            const parts = [...text.matchAll(/^#EXT-X-PART:.*URI="([^"]+)"/gm)].map(([, uri]) => uri);
            const fresh = parts.filter((uri) => !this.#seen.has(uri));

            this.lists++;

            if (!hint) {
                this.faults.push(`live.m3u8${query}: no hint`);
                break;
            }

            fresh.forEach((uri) => this.#seen.add(uri));

            if (query) {
                fresh.forEach((uri) => this.times.set(uri, now));
            }

            for (const uri of query ? fresh : fresh.slice(-1)) {
                if (ahead?.uri === uri) {
                    await ahead.done;
                } else if (this.#wanted()) {
                    await this.#media(uri);
                }
            }

            if (this.#ahead && ahead?.uri !== hint[1] && this.#wanted()) {
                ahead = {uri: hint[1], done: this.#media(hint[1])};
            }

            query = `?_HLS_msn=${hint[2]}&_HLS_part=${hint[3]}`;
        }

        await ahead?.done;
        this.#agent.destroy();
    }
}

const viewers = Array.from({length: Number(count)}, (_, i) => new Viewer(url, i));
const direct = reference ? new Viewer(reference, 1) : null;
const until = performance.now() + 1000 * seconds;

await Promise.all([...viewers, ...direct ? [direct] : []].map((viewer) => viewer.run(until)));

const late = viewers.flatMap(({times}) => [...times].filter(([uri]) => direct?.times.has(uri))
    .map(([uri, time]) => time - direct.times.get(uri))).sort((a, b) => a - b);
const sum = (name) => viewers.reduce((total, viewer) => total + viewer[name], 0);
const faults = [...viewers, ...direct ? [direct] : []].flatMap((viewer) => viewer.faults);

console.log(JSON.stringify({
    lists: sum('lists'), parts: sum('parts'), least: Math.min(...viewers.map(({times}) => times.size)),
    faults: faults.length, fault: faults.slice(0, 5),
    late: [0.5, 0.95, 0.999].map((share) => Math.round(late[Math.floor(share * late.length)] ?? 0)),
}));
