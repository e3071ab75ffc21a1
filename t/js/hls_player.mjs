/*
 * A player of low-latency HLS that plays nothing, but asks as one does: the multivariant playlist, media playlists by
 * blocking reload, deltas, parts by their hints, ranges.  What comes is given to the rules.
 */

import {setMaxListeners} from 'node:events';

import {after, now, sleep} from './hls_clock.mjs';
import {HOLD_MAX} from './hls_limits.mjs';
import {MediaRules} from './hls_media.mjs';
import {nextOf, parsePlaylist} from './hls_playlist.mjs';
import {PlaylistRules} from './hls_rules.mjs';
import {SetRules} from './hls_set.mjs';
import {judgeTransport} from './hls_transport.mjs';

/** ms beyond what a request may be held, after which there will be no answer. */
const PATIENCE = 3000;

/** How often what is asked for otherwise than by a plain GET: every so many parts. */
const RANGE_EVERY = 7;
const REPEAT_EVERY = 2;

/** Of the parts that are not listed any more, those that are asked for again. */
const BARED_EVERY = 3;

/** ms before something may be gone, when it is asked for the last time; and of the time it has, at most so much. */
const MARGIN = 500;
const MARGIN_PART = 0.2;

/** Segments that are downloaded of the list that a player begins with. */
const BEGIN_SEGMENTS = 3;

/** ms between two tries to get the first playlist. */
const RETRY = 100;

/** What was counted of one source. */
export class Figures {
    parts = 0;
    segments = 0;
    playlists = 0;
    deltas = 0;
    bytes = 0;
    latencies = [];
    firstPlaylist = null;
    endedAfter = null;
}

/** One source: its multivariant playlist and all media playlists in it. */
export class HlsPlayer {
    #client;
    #findings;
    #url;
    #options;
    #media = [];

    /** What was counted. */
    figures = new Figures();

    /**
     * @param {Client} client
     * @param {Findings} findings
     * @param {object} options
     * @param {string} options.url of the multivariant playlist
     * @param {number} [options.tolerance] ms
     * @param {number} [options.wait] ms for the first playlist
     * @param {boolean} [options.variable] frames come at no constant rate
     * @param {boolean} [options.ended] the source is to end while it is watched
     * @param {?SetRules} [options.set] what this source and others tell of each other
     */
    constructor(client, findings, {url, tolerance = 250, wait = 15000, variable = false, ended = false, set = null}) {
        this.#client = client;
        this.#findings = findings;
        this.#url = url;
        this.#options = {tolerance, wait, variable, ended, set};
    }

    /** URLs of its media playlists, once they are known. */
    get urls() {
        return this.#media.map(({url}) => url);
    }

    /**
     * Watches it.
     *
     * @param {number} seconds
     */
    async run(seconds) {
        const begin = now();
        const until = begin + 1000 * seconds;
        const model = await this.#multivariant(Math.min(until, begin + this.#options.wait));

        if (!model) {
            return;
        }

        const urls = new Set([...model.variants, ...model.renditions].map(({url}) => url).filter(Boolean));
        const set = urls.size > 1 ? new SetRules({tolerance: this.#options.tolerance, renditions: true})
            : this.#options.set;

        this.#media = [...urls].map((url) => new MediaPlayer(this.#client, this.#findings, {
            ...this.#options, set, url, figures: this.figures, begin,
        }));

        await Promise.all(this.#media.map((media) => media.run(until)));

        if (this.#media.every((media) => media.done)) {
            await this.#variants();
        }
    }

    async #get(gzip) {
        const answer = await this.#client.get(this.#url, {gzip, timeout: HOLD_MAX + PATIENCE});

        if (answer.status !== 200) {
            return {answer, model: null};
        }

        const model = parsePlaylist(String(answer.body), this.#url);

        judgeTransport(this.#findings, answer, {kind: 'multivariant', targetDuration: null, gzip});
        model.problems.forEach(({rule, line, text}) =>
            this.#findings.fail(rule, `multivariant, line ${line}: ${text}`));
        this.#findings.judge('L21', model.kind === 'multivariant' && model.variants.length > 0,
                             'no EXT-X-STREAM-INF in the multivariant playlist');

        return {answer, model: model.kind === 'multivariant' ? model : null};
    }

    async #multivariant(until) {
        for (;;) {
            const {answer, model} = await this.#get(true);

            if (answer.status === 200) {
                return model;
            }

            if (now() > until) {
                this.#findings.fail('P', `no multivariant playlist: ${answer.status || answer.error}`);
                return null;
            }

            await sleep(RETRY);
        }
    }

    /** L21, when the media is known. */
    async #variants() {
        const {model} = await this.#get(false);

        if (!model) {
            this.#findings.fail('L21', 'the multivariant playlist is gone');
            return;
        }

        for (const variant of model.variants) {
            this.#media.find(({url}) => url === variant.url)?.variant(variant);
        }
    }
}

/** One media playlist. */
class MediaPlayer {
    #client;
    #findings;
    #rules;
    #media;
    #options;
    #stop = new AbortController();
    #ahead = new Map();
    #bodies = new Map();
    #inits = new Map();
    #order = Promise.resolve();
    #later = [];
    #turn = 0;
    #reloads = 0;

    /** Whether it was watched to the end. */
    done = false;

    constructor(client, findings, options) {
        const {url, tolerance, variable, set} = options;

        this.#client = client;
        this.#findings = findings;
        this.#options = options;
        this.#rules = new PlaylistRules(findings, {url, tolerance, set});
        this.#media = new MediaRules(findings, {variable});
        setMaxListeners(0, this.#stop.signal);
    }

    get url() {
        return this.#options.url;
    }

    variant(attributes) {
        this.#media.variant(attributes);
    }

    async run(until) {
        const {figures, begin, wait} = this.#options;
        let news = await this.#first(Math.min(until, begin + wait));

        if (!news) {
            return;
        }

        figures.firstPlaylist ??= now() - begin;

        const cancel = after(Math.max(until - now(), 0), () => this.#stop.abort());

        while (news && !news.model.ended && now() < until) {
            this.#follow(news);
            this.#dueLater();
            news = await this.#reload(until);
        }

        cancel();

        if (news?.model.ended) {
            this.#follow(news);
            figures.endedAfter = now() - begin;
            await this.#afterEnd(news.model);
        }

        /* what would be waited for is not any more; what is listed is still got */
        this.#stop.abort();
        await this.#order;
        this.#dueLater(Infinity);
        await this.#order;
        this.#rules.finish(Math.min(now(), until));
        this.#media.finish();
        this.#findings.judge('END', this.#rules.model.ended === this.#options.ended, () =>
            this.#options.ended ? 'the source has not ended' : 'the source has ended');
        this.done = true;
    }

    async #first(until) {
        for (;;) {
            const answer = await this.#get(this.url, {gzip: true});

            if (answer.status === 200) {
                this.#transport(answer, {gzip: true});
                return this.#receive(answer, {});
            }

            if (now() > until) {
                this.#findings.fail('P', `no media playlist: ${answer.status || answer.error}`);
                return null;
            }

            await sleep(RETRY);
        }
    }

    #get(url, options = {}) {
        return this.#client.get(url, {timeout: HOLD_MAX + PATIENCE, ...options});
    }

    /** Something that may have to be waited for. */
    #await(url, options = {}) {
        return this.#get(url, {signal: this.#stop.signal, ...options});
    }

    #transport(answer, {kind = 'playlist', gzip = false, blocking = false}) {
        const {model} = this.#rules;

        judgeTransport(this.#findings, answer, {
            kind, gzip, blocking, targetDuration: model?.targetDuration ?? null,
            ended: model?.ended || kind === 'playlist' && /^#EXT-X-ENDLIST/m.test(answer.body),
        });
    }

    #receive(answer, directives) {
        const news = this.#rules.receive(answer, directives);

        this.#options.figures.playlists++;
        this.#options.figures.deltas += news?.delta ? 1 : 0;
        this.#options.figures.bytes += answer.length;

        return news;
    }

    /**
     * The next playlist, as soon as there is one: every second time as a delta update and whole at once, every fourth
     * time whole twice.
     */
    async #reload(until) {
        const {msn, part} = nextOf(this.#rules.model);
        const url = `${this.url}?_HLS_msn=${msn}&_HLS_part=${part}`;
        const turn = this.#reloads++ % 4;
        const skip = turn % 2 === 1 ? 'YES' : null;
        const twice = turn !== 0;
        const gzip = turn < 2;

        for (;;) {
            const [one, other] = await Promise.all([
                this.#await(skip ? `${url}&_HLS_skip=${skip}` : url, {gzip}),
                twice ? this.#await(url, {gzip: !gzip}) : null,
            ]);

            if (this.#stop.signal.aborted) {
                return null;
            }

            const news = this.#answered(one, {msn, part, skip}, gzip);
            const whole = other && this.#answered(other, {msn, part, skip: null}, !gzip);

            if (news?.delta && whole && !whole.delta) {
                this.#rules.compare(news.model, whole.model);
            }

            const next = nextOf(this.#rules.model);

            if ((news || whole) && (next.msn !== msn || next.part !== part || this.#rules.model.ended)) {
                return this.#joined(news, whole);
            }

            if (now() > until) {
                return null;
            }

            await sleep(RETRY);
        }
    }

    #answered(answer, directives, gzip) {
        this.#transport(answer, {gzip, blocking: true});

        return this.#receive(answer, directives);
    }

    /** What two playlists have brought. */
    #joined(one, other) {
        if (!one || !other) {
            return one ?? other;
        }

        const both = (name) => [...one[name], ...other[name]];

        return {model: this.#rules.model, parts: both('parts'), segments: both('segments'), removed: both('removed'),
                bared: both('bared')};
    }

    /** Gets what is listed, hinted at, or listed no more. */
    #follow({model, parts, segments, removed, bared}) {
        const whole = new Set(segments.slice(-BEGIN_SEGMENTS));

        this.#hint(model);

        for (const listed of parts) {
            this.#part(listed);
        }

        for (const segment of segments) {
            if (whole.has(segment) || this.#bodies.has(segment.msn)) {
                this.#segment(segment, model.independentSegments);
            }
        }

        const {targetDuration} = model;

        for (const {msn, uris} of bared) {
            uris.filter((uri, i) => i % BARED_EVERY === msn % BARED_EVERY).forEach((uri) =>
                this.#keep('part', uri, 3 * targetDuration));
        }

        for (const {uri, duration, gap} of removed) {
            if (uri && !gap) {
                this.#keep('segment', uri, duration + this.#rules.longest);
            }
        }
    }

    /** Asks for a part before it is there. */
    #hint({hints}) {
        const hint = hints.find(({type}) => type === 'PART');

        if (hint && !this.#ahead.has(hint.uri)) {
            const asked = this.#await(hint.uri).then((answer) => {
                if (answer.status !== 0 || !this.#stop.signal.aborted) {
                    this.#rules.hinted(answer);
                    this.#transport(answer, {kind: 'media'});
                }

                return answer;
            });

            this.#ahead.set(hint.uri, asked);
        }

        if (this.#ahead.size > 100) {
            this.#ahead.delete(this.#ahead.keys().next().value);
        }
    }

    /** In the order of the playlist, whatever comes first: rules of media want it so. */
    #inOrder(fetched, judge) {
        this.#order = this.#order.then(async () => judge(await fetched));
    }

    async #init(uri) {
        const known = this.#inits.get(uri) ?? this.#get(uri);

        this.#inits.set(uri, known);

        const answer = await known;

        if (!this.#media.has(uri) && !this.#aborted(answer)) {
            this.#transport(answer, {kind: 'media'});

            if (this.#rules.fetched('map', answer)) {
                this.#media.init(uri, answer.body);
            }
        }
    }

    #aborted(answer) {
        return answer.status === 0 && this.#stop.signal.aborted;
    }

    #part({msn, index, part, segment, fresh}) {
        const turn = ++this.#turn;
        const fetched = part.gap ? null : this.#download(part, turn);

        this.#bodies.set(msn, this.#bodies.get(msn) ?? []);

        this.#inOrder(fetched, async (answer) => {
            if (answer && this.#aborted(answer)) {
                return;
            }

            if (answer && segment.map) {
                await this.#init(segment.map);
            }

            if (answer?.status === 200) {
                this.#count(answer, {index, part, segment, fresh});
            }

            const body = answer?.status === 200 ? answer.body : null;

            this.#bodies.get(msn)?.splice(index, 1, body);
            this.#media.unit({
                msn, index, uri: part.uri, duration: part.duration, independent: part.independent,
                gap: body === null, discontinuity: index === 0 && segment.discontinuity, map: segment.map, body,
            });
        });
    }

    /** A part, which was asked for ahead of time or not. */
    async #download({uri, range}, turn) {
        const headers = range ? {Range: `bytes=${range.offset}-${range.offset + range.length - 1}`} : {};
        const hinted = await this.#ahead.get(uri);

        this.#ahead.delete(uri);

        if (hinted?.status === 200 && turn % REPEAT_EVERY !== 0) {
            return hinted;
        }

        const answer = await this.#get(uri, {headers, gzip: true});

        if (this.#aborted(answer)) {
            return hinted?.status === 200 ? hinted : answer;
        }

        this.#transport(answer, {kind: 'media', gzip: true});

        if (range && answer.status === 206) {
            answer.status = 200;
        }

        this.#rules.fetched('part', answer);

        if (hinted?.status === 200 && answer.status === 200) {
            this.#rules.repeated(hinted, answer);
        }

        if (answer.status === 200 && turn % RANGE_EVERY === 0 && !range) {
            await this.#inPieces(uri, answer);
        }

        return hinted?.status === 200 ? hinted : answer;
    }

    /** C6: a range of it, and its head alone. */
    async #inPieces(uri, {body}) {
        const from = body.length >> 2;
        const to = body.length >> 1;
        const [range, head] = await Promise.all([
            this.#get(uri, {headers: {Range: `bytes=${from}-${to}`}}), this.#get(uri, {method: 'HEAD'}),
        ]);
        const judge = (pass, text) => this.#findings.judge('C6', pass, () => `${uri.split('/').at(-1)}: ${text}`);

        if (!this.#aborted(range)) {
            judge(range.status === 206 && range.body.equals(body.subarray(from, to + 1)), `${range.status} with `
                  + `${range.body.length} bytes for bytes=${from}-${to}`);
            judge(range.headers['content-range'] === `bytes ${from}-${to}/${body.length}`,
                  `Content-Range: ${range.headers['content-range']}`);
        }

        if (!this.#aborted(head)) {
            judge(head.status === 200 && Number(head.headers['content-length']) === body.length && head.length === 0,
                  `HEAD: ${head.status}, Content-Length: ${head.headers['content-length']}`);
        }
    }

    #count(answer, {index, part, segment, fresh}) {
        const {figures} = this.#options;

        figures.parts++;
        figures.bytes += answer.length;

        if (fresh && segment.pdt !== null) {
            const before = segment.parts.slice(0, index).reduce((sum, {duration}) => sum + duration, 0);

            /* segments that have lost parts from their list tell nothing */
            if (segment.parts[index]?.uri === part.uri) {
                figures.latencies.push(answer.done - segment.pdt - 1000 * before);
            }
        }
    }

    #segment(segment, independent) {
        const {msn, gap, uri} = segment;
        const {figures} = this.#options;

        this.#inOrder(gap ? null : this.#get(uri), async (answer) => {
            const parts = this.#bodies.get(msn) ?? null;
            const whole = parts?.length === segment.parts.length && parts.every((body) => body !== null);

            this.#bodies.delete(msn);

            if (!answer || this.#aborted(answer)) {
                return;
            }

            this.#transport(answer, {kind: 'media'});

            if (!this.#rules.fetched('segment', answer)) {
                return;
            }

            figures.segments++;
            figures.bytes += answer.length;

            if (segment.map) {
                await this.#init(segment.map);
            }

            if (!parts) {
                this.#media.unit({
                    msn, index: null, uri, duration: segment.duration, independent: false, gap: false,
                    discontinuity: segment.discontinuity, map: segment.map, body: answer.body,
                });
            }

            this.#media.segment({
                msn, duration: segment.duration, body: answer.body, parts: whole ? parts : null, independent,
            });
        });
    }

    /** L12, L13: it has to be there for a while. */
    #keep(kind, uri, seconds) {
        const time = 1000 * seconds;

        this.#later.push({kind, uri, due: now() + time - Math.min(MARGIN, MARGIN_PART * time), until: now() + time});
    }

    /** Asks for what may be gone soon; at the end for all that may not be gone yet. */
    #dueLater(time = now()) {
        const due = this.#later.filter(({due: when}) => when <= time);

        this.#later = this.#later.filter(({due: when}) => when > time);

        for (const {kind, uri, until} of due) {
            if (now() < until) {
                this.#inOrder(this.#client.get(uri), (answer) => {
                    if (answer.done < until) {
                        this.#rules.fetched(kind, answer, true);
                    }
                });
            }
        }
    }

    /** B9, L19: who waits is told, directives are ignored after the end, and nothing changes. */
    async #afterEnd(model) {
        const {tolerance} = this.#options;
        const waiting = await Promise.all([...this.#ahead.values()].map((asked) =>
            Promise.race([asked.then(() => false), sleep(2 * tolerance, true)])));

        this.#findings.judge('B9', !waiting.includes(true), 'the part that was hinted at is waited for after the end');

        const {msn} = nextOf(model);
        const [plain, ...others] = await Promise.all(['', `?_HLS_msn=${msn + 100}&_HLS_part=0`, '?_HLS_skip=YES',
            `?_HLS_msn=${msn}`].map((query) => this.#client.get(this.url + query, {timeout: HOLD_MAX + PATIENCE})));

        this.#receive(plain, {});

        for (const answer of others) {
            this.#findings.judge('L19', answer.status === 200 && answer.body.equals(plain.body)
                                 && answer.done - answer.sent < tolerance + 1000, () =>
                `${answer.url.split('/').at(-1)} after the end: ${answer.status || answer.error}, `
                + `${answer.body.length} bytes after ${Math.round(answer.done - answer.sent)} ms`);
        }
    }
}
