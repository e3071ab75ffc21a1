/*
 * What tests of the checker share: a made up source as a player sees it that gets each state at once, in no time, and
 * what the rules find in that.
 */

import {Findings} from './hls_findings.mjs';
import {MediaRules} from './hls_media.mjs';
import {nextOf, parsePlaylist} from './hls_playlist.mjs';
import {PlaylistRules} from './hls_rules.mjs';
import {SyntheticSource} from './hls_synthetic.mjs';
import {is, note} from './tap.mjs';

/** ms since 1970, when sources of made up times begin; a whole second. */
export const START = 1700000000000;

const urlOf = (name) => `http://127.0.0.1/hls/alice/${name}/live.m3u8`;

/** Parts that there are in the end, if nothing else is said: two of segment 15. */
export const LAST = 77;

export const FIRST = '0193c5a1b20';
export const SECOND = '0193c5a1b21';

/** Rules that something wrong has been shown for. */
export const shown = new Set();

export function reported(findings, expected, name) {
    const broken = findings.broken.join(' ');

    expected.split(' ').forEach((rule) => shown.add(rule));
    is(broken, expected, `${expected || 'right'}: ${name}`);

    if (broken !== expected) {
        findings.broken.forEach((rule) => findings.texts(rule).forEach((text) => note(`  ${rule} ${text}`)));
    }
}

export const answerOf = (url, body, sent, time) => ({
    url, status: 200, headers: {}, body: Buffer.from(body), length: body.length, sent, first: time, done: time,
    error: null,
});

/**
 * A source as a player sees it that gets each state at once.
 *
 * @param {object} how
 * @param {object} [how.options] of the source
 * @param {function(SyntheticSource): void} [how.change] makes it wrong
 * @param {function(string, number, boolean): string} [how.edit] its playlists, after so many parts, delta or not
 * @param {number} [how.from] parts that are there at first
 * @param {number} [how.to] and in the end
 * @param {boolean} [how.deltas] also asks for deltas
 * @param {function(number): number} [how.delay] ms by which this number of parts is late
 * @param {function(object, object): void} [how.hinted] changes the answer to a request for a hinted part
 * @param {function(object): void} [how.answered] changes the answer to a request for a playlist
 * @param {function(object): void} [how.more] is given the rules, the media rules and the time at the end
 * @param {boolean} [how.deep] with media
 * @param {boolean} [how.variable]
 * @param {?SetRules} [how.set]
 */
export class Replay {
    constructor({options = {}, change = () => {}, edit = (text) => text, from = 70, to = options.endAt ?? LAST, deltas = false,
                 delay = () => 0, deep = true, hinted = () => {}, answered = () => {}, more = () => {},
                 variable = false, set = null, name = 'face'})
    {
        this.source = new SyntheticSource({start: START, ...options});
        change(this.source);
        Object.assign(this, {edit, from, to, deltas, delay, deep, hinted, answered, more});

        this.findings = new Findings();
        this.rules = new PlaylistRules(this.findings, {url: urlOf(name), set});
        this.media = new MediaRules(this.findings, {variable});
        this.time = null;
        this.count = from;
    }

    get over() {
        return this.count > Math.min(this.to, this.source.endAt);
    }

    /** When the next state is there. */
    get when() {
        return this.source.when(this.count) + this.delay(this.count);
    }

    step() {
        const {source, rules, count} = this;
        const time = this.when;
        let sent = this.time ?? time;
        let directives = {};
        let query = '';

        if (this.time !== null && !rules.model.ended) {
            const {msn, part} = nextOf(rules.model);

            directives = {msn, part};
            query = `?_HLS_msn=${msn}&_HLS_part=${part}`;

            /* what takes too long is refused, and asked for again */
            for (; time - sent > 3000; sent += 3000) {
                rules.receive({...answerOf(rules.url + query, '', sent, sent + 3000), status: 503}, directives);
            }
        }

        const receive = (skip) => {
            const answer = answerOf(rules.url + query, this.edit(source.text(count, skip), count, skip), sent, time);

            this.answered(answer);

            return rules.receive(answer, {...directives, skip: skip ? 'YES' : null});
        };

        const delta = this.deltas && count > this.from ? receive(true) : null;
        const news = receive(false);

        if (delta && news) {
            rules.compare(delta.model, news.model);
        }

        for (const one of [delta, news]) {
            one?.parts.forEach((listed) => this.part(listed, sent, time));
            one?.segments.forEach((segment) => this.segment(segment));
        }

        this.time = time;
        this.count++;
    }

    part({msn, index, part, segment, fresh}, sent, time) {
        const body = part.gap ? null : this.deep ? this.source.part(msn, index) : Buffer.from('x');

        if (fresh && body) {
            const answer = answerOf(part.uri, body, sent, time);
            const before = {...answer};

            this.hinted(answer);
            this.rules.hinted(answer);
            this.rules.repeated(answer, before);
        }

        if (!this.deep) {
            return;
        }

        if (!this.media.has(segment.map)) {
            this.media.init(segment.map, this.source.init());
        }

        this.media.unit({
            msn, index, uri: part.uri, duration: part.duration, independent: part.independent, gap: part.gap,
            discontinuity: index === 0 && segment.discontinuity, map: segment.map, body,
        });
    }

    segment({msn, duration, parts}) {
        if (!this.deep) {
            return;
        }

        const bodies = parts.length > 0 && !parts.some(({gap}) => gap)
            ? parts.map((_, part) => this.source.part(msn, part)) : null;

        this.media.segment({
            msn, duration, body: this.source.whole(msn, parts.length || undefined), parts: bodies,
            independent: this.rules.model.independentSegments,
        });
    }

    finish() {
        this.more({rules: this.rules, media: this.media, time: this.time});
        this.rules.finish(this.time);
        this.media.finish();
        this.media.variant(parsePlaylist(this.source.multivariant(), this.rules.url).variants[0]);

        return this.findings;
    }
}

function replay(how = {}) {
    const one = new Replay(how);

    while (!one.over) {
        one.step();
    }

    return one.finish();
}

export function right(name, how) {
    reported(replay(how), '', name);
}

export function wrong(expected, name, how) {
    reported(replay({deep: /^L(8|16|21|23|24|25)$/.test(expected), ...how}), expected, name);
}

/** From one state on. */
export const since = (count, edit) => (text, n, skip) => (n >= count ? edit(text, n, skip) : text);

/** Another text for all that matches. */
export const swap = (from, to) => (text) => text.replace(from, to);
