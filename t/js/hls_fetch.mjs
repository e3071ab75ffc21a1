/*
 * HTTP as players speak it, with the times of each answer: ms since 1970, with fractions.
 */

import http from 'node:http';
import https from 'node:https';
import {gunzipSync} from 'node:zlib';

import {busy, now} from './hls_clock.mjs';

/**
 * @typedef {object} Answer
 * @property {string} url
 * @property {number} status 0: none came
 * @property {Object<string, string>} headers
 * @property {Buffer} body decoded
 * @property {number} length bytes that came
 * @property {number} sent
 * @property {number} first when the head was there
 * @property {number} done when all was there
 * @property {?string} error
 */

/** Connections that are kept; as many at a time as are needed. */
export class Client {
    #agents;

    constructor() {
        this.#agents = {
            'http:': new http.Agent({keepAlive: true, maxSockets: Infinity, maxFreeSockets: 64}),
            'https:': new https.Agent({keepAlive: true, maxSockets: Infinity, maxFreeSockets: 64,
                                       rejectUnauthorized: false}),
        };
    }

    /**
     * @param {string} url
     * @param {{method?: string, headers?: object, gzip?: boolean, timeout?: number, signal?: AbortSignal,
     *          alone?: boolean, body?: string}} options alone: on a connection of its own; timeout in ms
     * @returns {Promise<Answer>} which is never rejected
     */
    async get(url, options = {}) {
        const {answer, stale} = await this.#once(url, options);

        /* the server had closed a kept connection that was idle: RFC 9112, 9.3.1 */
        return stale ? (await this.#once(url, options)).answer : answer;
    }

    #once(url, {method = 'GET', headers = {}, gzip = false, timeout = 30000, signal, alone = false, body}) {
        const target = new URL(url);
        const answer = {
            url, status: 0, headers: {}, body: Buffer.alloc(0), length: 0, sent: now(), first: 0, done: 0, error: null,
        };

        return new Promise((resolve) => {
            let over = false;

            const finish = (error) => {
                if (over) {
                    return;
                }

                over = true;
                busy(-1);
                clearTimeout(timer);
                answer.status = error ? 0 : answer.status;
                answer.done = now();
                answer.first ||= answer.done;
                answer.error ??= error?.message ?? null;
                resolve({answer, stale: error?.code === 'ECONNRESET' && answer.status === 0 && request.reusedSocket});
            };

            const request = (target.protocol === 'https:' ? https : http).request(target, {
                method, signal, agent: alone ? false : this.#agents[target.protocol],
                headers: {...gzip && {'Accept-Encoding': 'gzip'}, ...headers},
            }, (response) => {
                const chunks = [];

                answer.status = response.statusCode;
                answer.headers = response.headers;
                answer.first = now();
                response.on('data', (chunk) => chunks.push(chunk));
                response.on('error', finish);
                response.on('end', () => {
                    this.#body(answer, Buffer.concat(chunks));
                    finish();
                });
            });
            const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeout} ms`)), timeout);

            busy(1);
            request.on('error', finish);
            request.end(body);
        });
    }

    #body(answer, bytes) {
        answer.length = bytes.length;
        answer.body = bytes;

        if (answer.headers['content-encoding'] === 'gzip' && bytes.length > 0) {
            try {
                answer.body = gunzipSync(bytes);
            } catch (error) {
                answer.error = `gzip: ${error.message}`;
            }
        }
    }

    close() {
        Object.values(this.#agents).forEach((agent) => agent.destroy());
    }
}
