/*
 * The rules of transport: C3 types and compression, C4 lifetimes in caches, C6 what pages of other origins may read, C7
 * no cookies.
 */

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';
const MEDIA_TYPES = ['video/mp4', 'audio/mp4'];

/** C6: headers that players read. */
const EXPOSED = ['age', 'date', 'content-length'];

/** Statuses that are never stored: C4. */
const NEVER_STORED = [400, 503];

const words = (header) => (header ?? '').toLowerCase().split(',').map((word) => word.trim()).filter(Boolean);

/** Cache-Control, as {name: value}; a name without a value is true. */
function cacheControl(headers) {
    return Object.fromEntries(words(headers['cache-control']).map((word) => {
        const [name, value] = word.split('=');

        return [name, value === undefined ? true : Number(value)];
    }));
}

/**
 * An answer as to its headers.
 *
 * @param {Findings} findings
 * @param {Answer} answer
 * @param {object} request
 * @param {'playlist'|'multivariant'|'media'} request.kind
 * @param {?number} request.targetDuration s, null: not known
 * @param {boolean} [request.gzip] was asked for
 * @param {boolean} [request.blocking] _HLS_msn was asked for
 * @param {boolean} [request.ended] the playlist may not change any more
 */
export function judgeTransport(findings, answer, request) {
    const {kind, targetDuration, gzip = false, blocking = false} = request;
    const ended = request.ended || answer.body.includes('#EXT-X-ENDLIST');
    const {status, headers} = answer;
    const what = `${answer.url.split('/').at(-1)} (${status})`;
    const judge = (rule, pass, text) => findings.judge(rule, pass, () => `${what}: ${text}`);

    if (status === 0) {
        return;
    }

    judge('C7', headers['set-cookie'] === undefined, 'Set-Cookie');
    judge('C6', headers['access-control-allow-origin'] === '*',
          `Access-Control-Allow-Origin: ${headers['access-control-allow-origin']}`);

    const exposed = words(headers['access-control-expose-headers']);
    const hidden = EXPOSED.filter((name) => !exposed.includes(name) && !exposed.includes('*'));

    judge('C6', hidden.length === 0, `Access-Control-Expose-Headers lacks ${hidden.join(', ')}`);

    if (status === 200 || status === 206) {
        judgeBody(judge, answer, kind, gzip);
    }

    const cache = cacheControl(headers);
    const lifetime = cache['no-store'] || cache['no-cache'] ? 0 : cache['max-age'];
    const shown = `Cache-Control: ${headers['cache-control']}`;

    if (NEVER_STORED.includes(status)) {
        judge('C4', cache['no-store'] === true, shown);
    } else if (targetDuration !== null) {
        judgeLifetime(judge, {status, kind, blocking, ended, held: answer.first - answer.sent, targetDuration},
                      lifetime, cache.immutable === true, shown);
    }
}

/** C3 */
function judgeBody(judge, {headers, error, length, body}, kind, gzip) {
    const type = headers['content-type'];
    const encoding = headers['content-encoding'];

    if (kind === 'media') {
        judge('C3', MEDIA_TYPES.includes(type), `Content-Type: ${type}`);
        judge('C3', encoding === undefined, `media with Content-Encoding: ${encoding}`);
        return;
    }

    judge('C3', type === PLAYLIST_TYPE, `Content-Type: ${type}`);
    judge('C3', encoding === (gzip ? 'gzip' : undefined), `Content-Encoding: ${encoding}, gzip was ${gzip ? ''
        : 'not '}asked for`);
    judge('C3', words(headers.vary).includes('accept-encoding'), `Vary: ${headers.vary}`);
    judge('C3', error === null && (encoding !== 'gzip' || length === 0 || body.length > 0), error);
}

/** C4: exactly what it says of what is there, and no more than that of what is not. */
function judgeLifetime(judge, {status, kind, blocking, ended, held, targetDuration}, lifetime, immutable, shown) {
    const half = [Math.floor(targetDuration / 2), Math.ceil(targetDuration / 2), Math.max(targetDuration / 2, 1)];

    switch (status) {
    case 200:
    case 206:
        if (kind === 'media') {
            judge('C4', immutable && lifetime > 0 || lifetime >= 6 * targetDuration, shown);
        } else if (kind === 'multivariant' || ended) {
            judge('C4', lifetime !== undefined, shown);
        } else if (blocking) {
            judge('C4', lifetime === 6 * targetDuration || held < 100 && half.includes(lifetime), shown);
        } else {
            judge('C4', half.includes(lifetime), shown);
        }
        break;

    case 404:
    case 410:
        judge('C4', lifetime <= (blocking ? 4 : 1) * targetDuration, shown);
        break;

    default:
    }
}
