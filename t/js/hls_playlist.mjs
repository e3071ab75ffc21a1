/*
 * A strict parser of HLS playlists (draft-pantos-hls-rfc8216bis).  What it objects to is told, each with the rule that
 * it breaks: P is the grammar, the others are those of hls_rules.mjs.
 */

/* Types of attributes (4.2); "!" means that the attribute has to be there. */

const VALUES = {
    int: /^\d{1,20}$/,
    hex: /^0[xX][0-9A-F]+$/,
    float: /^\d+(\.\d+)?$/,
    signed: /^-?\d+(\.\d+)?$/,
    quoted: /^"[^"\r\n]*"$/,
    word: /^[^",\s]+$/,
    yes: /^YES$/,
    bool: /^(YES|NO)$/,
    resolution: /^\d+x\d+$/,
};

const KEY = {'METHOD': 'word!', 'URI': 'quoted', 'IV': 'hex', 'KEYFORMAT': 'quoted', 'KEYFORMATVERSIONS': 'quoted'};

const VARIANT = {
    'BANDWIDTH': 'int!', 'AVERAGE-BANDWIDTH': 'int', 'SCORE': 'float', 'CODECS': 'quoted',
    'SUPPLEMENTAL-CODECS': 'quoted', 'RESOLUTION': 'resolution', 'HDCP-LEVEL': 'word', 'ALLOWED-CPC': 'quoted',
    'VIDEO-RANGE': 'word', 'REQ-VIDEO-LAYOUT': 'quoted', 'STABLE-VARIANT-ID': 'quoted', 'VIDEO': 'quoted',
    'PATHWAY-ID': 'quoted',
};

/* Tags: in which playlists, how their value looks, whether they may come more than once, and what is broken if not. */

const MEDIA = 'media';
const MULTIVARIANT = 'multivariant';

const TAGS = {
    'EXT-X-VERSION': {value: 'int', once: 'L1'},
    'EXT-X-INDEPENDENT-SEGMENTS': {once: 'P'},
    'EXT-X-START': {attributes: {'TIME-OFFSET': 'signed!', 'PRECISE': 'bool'}, once: 'P'},
    'EXT-X-DEFINE': {attributes: {'NAME': 'quoted', 'VALUE': 'quoted', 'IMPORT': 'quoted', 'QUERYPARAM': 'quoted'}},

    'EXT-X-TARGETDURATION': {in: MEDIA, value: 'int', once: 'P'},
    'EXT-X-MEDIA-SEQUENCE': {in: MEDIA, value: 'int', once: 'P'},
    'EXT-X-DISCONTINUITY-SEQUENCE': {in: MEDIA, value: 'int', once: 'P'},
    'EXT-X-ENDLIST': {in: MEDIA, once: 'P'},
    'EXT-X-PLAYLIST-TYPE': {in: MEDIA, value: 'word', once: 'P'},
    'EXT-X-I-FRAMES-ONLY': {in: MEDIA, once: 'P'},
    'EXT-X-PART-INF': {in: MEDIA, attributes: {'PART-TARGET': 'float!'}, once: 'P'},
    'EXT-X-SERVER-CONTROL': {in: MEDIA, once: 'P', attributes: {
        'CAN-SKIP-UNTIL': 'float', 'CAN-SKIP-DATERANGES': 'bool', 'HOLD-BACK': 'float', 'PART-HOLD-BACK': 'float',
        'CAN-BLOCK-RELOAD': 'bool',
    }},

    'EXTINF': {in: MEDIA, value: 'any'},
    'EXT-X-BYTERANGE': {in: MEDIA, value: 'any'},
    'EXT-X-DISCONTINUITY': {in: MEDIA},
    'EXT-X-KEY': {in: MEDIA, attributes: KEY},
    'EXT-X-MAP': {in: MEDIA, attributes: {'URI': 'quoted!', 'BYTERANGE': 'quoted'}},
    'EXT-X-PROGRAM-DATE-TIME': {in: MEDIA, value: 'any'},
    'EXT-X-GAP': {in: MEDIA},
    'EXT-X-BITRATE': {in: MEDIA, value: 'int'},
    'EXT-X-PART': {in: MEDIA, attributes: {
        'URI': 'quoted!', 'DURATION': 'float!', 'INDEPENDENT': 'yes', 'BYTERANGE': 'quoted', 'GAP': 'yes',
    }},
    'EXT-X-DATERANGE': {in: MEDIA, extensible: true, attributes: {
        'ID': 'quoted!', 'CLASS': 'quoted', 'START-DATE': 'quoted', 'CUE': 'quoted', 'END-DATE': 'quoted',
        'DURATION': 'float', 'PLANNED-DURATION': 'float', 'SCTE35-CMD': 'hex', 'SCTE35-OUT': 'hex',
        'SCTE35-IN': 'hex', 'END-ON-NEXT': 'yes',
    }},
    'EXT-X-SKIP': {in: MEDIA, once: 'B6', attributes: {
        'SKIPPED-SEGMENTS': 'int!', 'RECENTLY-REMOVED-DATERANGES': 'quoted',
    }},
    'EXT-X-PRELOAD-HINT': {in: MEDIA, attributes: {
        'TYPE': 'word!', 'URI': 'quoted!', 'BYTERANGE-START': 'int', 'BYTERANGE-LENGTH': 'int',
    }},
    'EXT-X-RENDITION-REPORT': {in: MEDIA, attributes: {'URI': 'quoted!', 'LAST-MSN': 'int', 'LAST-PART': 'int'}},

    'EXT-X-MEDIA': {in: MULTIVARIANT, attributes: {
        'TYPE': 'word!', 'URI': 'quoted', 'GROUP-ID': 'quoted!', 'LANGUAGE': 'quoted', 'ASSOC-LANGUAGE': 'quoted',
        'NAME': 'quoted!', 'STABLE-RENDITION-ID': 'quoted', 'DEFAULT': 'bool', 'AUTOSELECT': 'bool',
        'FORCED': 'bool', 'INSTREAM-ID': 'quoted', 'BIT-DEPTH': 'int', 'SAMPLE-RATE': 'int',
        'CHARACTERISTICS': 'quoted', 'CHANNELS': 'quoted', 'PATHWAY-ID': 'quoted',
    }},
    'EXT-X-STREAM-INF': {in: MULTIVARIANT, attributes: {
        ...VARIANT, 'FRAME-RATE': 'float', 'AUDIO': 'quoted', 'SUBTITLES': 'quoted', 'CLOSED-CAPTIONS': 'any',
    }},
    'EXT-X-I-FRAME-STREAM-INF': {in: MULTIVARIANT, attributes: {...VARIANT, 'URI': 'quoted!'}},
    'EXT-X-SESSION-DATA': {in: MULTIVARIANT, attributes: {
        'DATA-ID': 'quoted!', 'VALUE': 'quoted', 'URI': 'quoted', 'FORMAT': 'word', 'LANGUAGE': 'quoted',
    }},
    'EXT-X-SESSION-KEY': {in: MULTIVARIANT, attributes: KEY},
    'EXT-X-CONTENT-STEERING': {in: MULTIVARIANT, attributes: {'SERVER-URI': 'quoted!', 'PATHWAY-ID': 'quoted'}},
};

/** They belong to the segment that follows, and to its first part: 4.4.4.9. */
const BEFORE_PARTS = new Set(['EXT-X-DISCONTINUITY', 'EXT-X-MAP', 'EXT-X-PROGRAM-DATE-TIME', 'EXT-X-KEY']);

const DATE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/**
 * An attribute list (4.2), by the types of its attributes.  Numbers become numbers, YES and NO booleans, quoted strings
 * lose their quotes, a resolution becomes {width, height}.
 *
 * @param {string} text
 * @param {Object<string, string>} types
 * @param {function(string): void} object is told what is wrong
 * @returns {Object<string, *>}
 */
export function parseAttributes(text, types, object, extensible = false) {
    const values = {};
    const pair = /([A-Z0-9-]+)=("[^"]*"|[^",]*)(,|$)/y;

    while (pair.lastIndex < text.length) {
        const at = pair.lastIndex;
        const match = pair.exec(text);

        if (!match) {
            object(`"${text.slice(at)}" is no list of attributes`);
            return values;
        }

        const [, name, raw, comma] = match;
        const type = types[name]?.replace('!', '') ?? (extensible && name.startsWith('X-') ? 'any' : null);

        if (name in values) {
            object(`${name} twice`);
        } else if (type === null) {
            object(`unknown attribute ${name}`);
        } else if (type !== 'any' && !VALUES[type].test(raw)) {
            object(`${name}=${raw} is not of type ${type}`);
        } else {
            values[name] = typed(type, raw);
        }

        if (comma && pair.lastIndex === text.length) {
            object('a comma at the end');
        }
    }

    for (const [name, type] of Object.entries(types)) {
        if (type.endsWith('!') && !(name in values)) {
            object(`no ${name}`);
        }
    }

    return values;
}

function typed(type, raw) {
    switch (type) {
    case 'int':
    case 'float':
    case 'signed':
        return Number(raw);

    case 'yes':
    case 'bool':
        return raw === 'YES';

    case 'quoted':
        return raw.slice(1, -1);

    case 'resolution': {
        const [width, height] = raw.split('x').map(Number);
        return {width, height};
    }

    default:
        return raw;
    }
}

/** @typedef {{rule: string, line: number, text: string}} Problem */

/**
 * @typedef {object} Part
 * @property {string} uri resolved
 * @property {number} duration s
 * @property {boolean} independent
 * @property {boolean} gap
 * @property {?{length: number, offset: ?number}} range
 */

/**
 * @typedef {object} Segment
 * @property {number} msn
 * @property {number} dsn its discontinuity sequence number
 * @property {?string} uri resolved; null of the one that is not complete yet
 * @property {?number} duration s, null as above
 * @property {boolean} discontinuity before it
 * @property {?string} map URI of its init section, resolved with its range; null: none, undefined: not in this list
 * @property {?number} pdt ms since 1970, only where the tag is
 * @property {boolean} gap
 * @property {?number} bitrate
 * @property {?{length: number, offset: ?number}} range
 * @property {Part[]} parts
 */

/**
 * @typedef {object} MediaPlaylist
 * @property {'media'} kind
 * @property {?number} version
 * @property {?number} targetDuration s
 * @property {number} mediaSequence
 * @property {?number} discontinuitySequence null: no such tag
 * @property {?string} type
 * @property {boolean} ended
 * @property {boolean} independentSegments
 * @property {?object} control attributes of SERVER-CONTROL
 * @property {?number} partTarget s
 * @property {?{segments: number, dateRanges: ?string}} skip
 * @property {Segment[]} segments that are complete
 * @property {?Segment} open the one that has parts only
 * @property {{type: string, uri: string, start: number}[]} hints
 * @property {{uri: string, url: string, msn: ?number, part: ?number}[]} reports
 * @property {object[]} dateRanges
 * @property {string[]} features that want a version of their own
 * @property {Problem[]} problems
 */

/**
 * @typedef {object} MultivariantPlaylist
 * @property {'multivariant'} kind
 * @property {?number} version
 * @property {boolean} independentSegments
 * @property {object[]} variants attributes of STREAM-INF with uri
 * @property {object[]} renditions attributes of MEDIA with uri
 * @property {Problem[]} problems
 */

class Parser {
    #url;
    #seen = new Map();
    #line = 0;
    #problems = [];
    #kinds = new Set();
    #segment = null;
    #variant = null;
    #map;
    #dsn = 0;
    #out = {
        version: null, targetDuration: null, mediaSequence: 0, discontinuitySequence: null, type: null, ended: false,
        independentSegments: false, iFramesOnly: false, control: null, partTarget: null, skip: null, segments: [],
        hints: [], reports: [], dateRanges: [], variants: [], renditions: [], features: [],
    };

    constructor(url) {
        this.#url = url;
    }

    /** @returns {MediaPlaylist|MultivariantPlaylist} */
    parse(text) {
        this.#characters(text);

        const lines = text.split(/\r?\n/);

        if (lines[0] !== '#EXTM3U') {
            this.#object('the first line is not #EXTM3U');
        }

        lines.slice(1).forEach((line, i) => {
            this.#line = i + 2;

            if (line.startsWith('#EXT')) {
                this.#tag(line.slice(1));
            } else if (line !== '' && !line.startsWith('#')) {
                this.#uri(line);
            }
        });

        return this.#end();
    }

    #object(text, rule = 'P') {
        this.#problems.push({rule, line: this.#line, text});
    }

    #characters(text) {
        if (/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff\ufffd]/.test(text)) {
            this.#object('control characters, a byte order mark or broken UTF-8');
        }

        if (!text.endsWith('\n')) {
            this.#object('the last line does not end');
        }
    }

    #tag(text) {
        const colon = text.indexOf(':');
        const name = colon < 0 ? text : text.slice(0, colon);
        const value = colon < 0 ? null : text.slice(colon + 1);
        const tag = TAGS[name];

        if (!tag) {
            this.#object(`unknown tag ${name}`);
            return;
        }

        if (tag.in) {
            this.#kinds.add(tag.in);
        }

        if (tag.once && this.#seen.has(name)) {
            this.#object(`${name} twice`, tag.once);
            return;
        }

        this.#seen.set(name, this.#line);

        if (this.#segment?.duration != null && !['EXT-X-GAP', 'EXT-X-BYTERANGE', 'EXT-X-BITRATE'].includes(name)) {
            this.#object(`${name} between EXTINF and its URI`, BEFORE_PARTS.has(name) ? 'L11' : 'P');
        } else if (BEFORE_PARTS.has(name) && this.#segment?.parts.length) {
            this.#object(`${name} after a part of its segment`, 'L11');
        }

        if (tag.attributes) {
            if (value === null) {
                this.#object(`${name} has no attributes`);
                return;
            }

            const object = (what) => this.#object(`${name}: ${what}`);

            this.#take(name, parseAttributes(value, tag.attributes, object, tag.extensible));

        } else if (tag.value) {
            if (value === null || tag.value !== 'any' && !VALUES[tag.value].test(value)) {
                this.#object(`${name}:${value} is not of type ${tag.value}`);
                return;
            }

            this.#take(name, typed(tag.value, value));

        } else if (value !== null) {
            this.#object(`${name} has no value`);

        } else {
            this.#take(name, true);
        }
    }

    #take(name, value) {
        const out = this.#out;

        switch (name) {
        case 'EXT-X-VERSION':
            out.version = value;
            break;

        case 'EXT-X-INDEPENDENT-SEGMENTS':
            out.independentSegments = true;
            break;

        case 'EXT-X-TARGETDURATION':
            out.targetDuration = value;
            break;

        case 'EXT-X-MEDIA-SEQUENCE':
            if (this.#begun()) {
                this.#object(`${name} after the first segment`);
            }

            out.mediaSequence = value;
            break;

        case 'EXT-X-DISCONTINUITY-SEQUENCE':
            if (this.#begun()) {
                this.#object(`${name} after the first segment or EXT-X-DISCONTINUITY`, 'L4');
            }

            out.discontinuitySequence = value;
            this.#dsn += value;
            break;

        case 'EXT-X-ENDLIST':
            out.ended = true;
            break;

        case 'EXT-X-PLAYLIST-TYPE':
            if (!['VOD', 'EVENT'].includes(value)) {
                this.#object(`${name}:${value}`);
            }

            out.type = value;
            break;

        case 'EXT-X-I-FRAMES-ONLY':
            out.iFramesOnly = true;
            break;

        case 'EXT-X-PART-INF':
            out.partTarget = value['PART-TARGET'] ?? null;
            break;

        case 'EXT-X-SERVER-CONTROL':
            out.control = value;
            break;

        case 'EXT-X-DEFINE':
            out.features.push('QUERYPARAM' in value ? 'QUERYPARAM' : 'DEFINE');
            break;

        case 'EXT-X-DATERANGE':
            out.dateRanges.push(value);
            break;

        case 'EXT-X-SKIP':
            if (this.#begun()) {
                this.#object(`${name} after the first segment`, 'B6');
            }

            out.skip = {
                segments: value['SKIPPED-SEGMENTS'] ?? 0,
                dateRanges: value['RECENTLY-REMOVED-DATERANGES'] ?? null,
            };
            break;

        case 'EXT-X-PRELOAD-HINT':
            this.#hint(value);
            break;

        case 'EXT-X-RENDITION-REPORT':
            this.#report(value);
            break;

        case 'EXT-X-MEDIA':
            out.renditions.push({...value, url: this.#resolve(value.URI)});
            break;

        case 'EXT-X-STREAM-INF':
            if (this.#variant) {
                this.#object(`${name} without a URI before the next`);
            }

            this.#variant = value;
            break;

        default:
            if (TAGS[name].in === MEDIA) {
                this.#segmentTag(name, value);
            }
        }
    }

    /** Tags that belong to one segment, or to all from one on. */
    #segmentTag(name, value) {
        const segment = this.#segment ??= {
            uri: null, duration: null, discontinuity: false, pdt: null, gap: false, bitrate: null, range: null,
            parts: [], line: this.#line,
        };

        switch (name) {
        case 'EXTINF':
            this.#extinf(segment, value);
            break;

        case 'EXT-X-BYTERANGE':
            segment.range = this.#range(value);
            break;

        case 'EXT-X-DISCONTINUITY':
            if (segment.discontinuity) {
                this.#object(`${name} twice for a segment`);
            }

            segment.discontinuity = true;
            break;

        case 'EXT-X-MAP':
            this.#map = this.#resolve(value.URI) + (value.BYTERANGE ? `@${value.BYTERANGE}` : '');
            segment.mapped = true;
            break;

        case 'EXT-X-PROGRAM-DATE-TIME':
            if (segment.pdt !== null) {
                this.#object(`${name} twice for a segment`, 'L10');
            }

            segment.pdt = this.#date(value);
            break;

        case 'EXT-X-GAP':
            segment.gap = true;
            break;

        case 'EXT-X-BITRATE':
            segment.bitrate = value;
            break;

        case 'EXT-X-PART':
            if (this.#out.partTarget === null) {
                this.#object('EXT-X-PART without EXT-X-PART-INF before it');
            }

            segment.parts.push({
                uri: this.#resolve(value.URI),
                duration: value.DURATION ?? 0,
                independent: value.INDEPENDENT === true,
                gap: value.GAP === true,
                range: value.BYTERANGE ? this.#range(value.BYTERANGE) : null,
            });
            break;

        default:
        }
    }

    #extinf(segment, value) {
        const match = value.match(/^(\d+(?:\.\d+)?),(.*)$/);

        if (!match) {
            this.#object(`EXTINF:${value}`);
        }

        segment.duration = match ? Number(match[1]) : 0;
    }

    #range(text) {
        const match = text.match(/^(\d+)(?:@(\d+))?$/);

        if (!match) {
            this.#object(`"${text}" is no byte range`);
            return null;
        }

        return {length: Number(match[1]), offset: match[2] === undefined ? null : Number(match[2])};
    }

    /** With ms and a zone, as low latency wants it: B.1. */
    #date(text) {
        const match = text.match(DATE);
        const time = Date.parse(text);

        if (!match || Number.isNaN(time)) {
            this.#object(`${text} is no date`, 'L10');
            return null;
        }

        if (!/^\.\d{3}/.test(match[7] ?? '')) {
            this.#object(`${text} has no milliseconds`, 'L10');
        }

        if (!match[8]) {
            this.#object(`${text} has no time zone`, 'L10');
        }

        return time;
    }

    #hint(value) {
        const {hints} = this.#out;

        if (!['PART', 'MAP'].includes(value.TYPE)) {
            this.#object(`EXT-X-PRELOAD-HINT of TYPE=${value.TYPE}`);
            return;
        }

        if (hints.some(({type}) => type === value.TYPE)) {
            this.#object(`two hints of TYPE=${value.TYPE}`, 'L14');
        }

        hints.push({type: value.TYPE, uri: this.#resolve(value.URI), start: value['BYTERANGE-START'] ?? 0});
    }

    #report(value) {
        if (/^[a-z][a-z0-9+.-]*:/i.test(value.URI ?? '')) {
            this.#object(`the rendition report of ${value.URI} is not relative`, 'L15');
        }

        this.#out.reports.push({
            uri: value.URI, url: this.#resolve(value.URI), msn: value['LAST-MSN'] ?? null,
            part: value['LAST-PART'] ?? null,
        });
    }

    #uri(line) {
        if (this.#variant) {
            this.#out.variants.push({...this.#variant, url: this.#resolve(line)});
            this.#variant = null;

        } else if (this.#segment?.duration != null) {
            this.#segment.uri = this.#resolve(line);
            this.#out.segments.push(this.#close());

        } else {
            this.#object(`the URI ${line} has neither EXTINF nor EXT-X-STREAM-INF`);
        }
    }

    #resolve(uri) {
        if (uri === undefined) {
            return null;
        }

        try {
            return new URL(uri, this.#url).href;
        } catch {
            this.#object(`"${uri}" is no URI`);
            return null;
        }
    }

    /** Whether a segment has begun, or anything but what holds for all that follow. */
    #begun() {
        const segment = this.#segment;

        return this.#out.segments.length > 0
            || segment !== null && (segment.discontinuity || segment.duration !== null || segment.parts.length > 0);
    }

    /** The segment of which all tags have been seen. */
    #close() {
        const {mediaSequence, skip, segments} = this.#out;
        const {mapped, line, ...segment} = this.#segment;

        this.#dsn += segment.discontinuity ? 1 : 0;
        this.#segment = null;

        return {
            ...segment, msn: mediaSequence + (skip?.segments ?? 0) + segments.length, dsn: this.#dsn,
            map: this.#map === undefined && !skip ? null : this.#map,
        };
    }

    #end() {
        const {variants, renditions, features, ...media} = this.#out;
        const problems = this.#problems;

        if (this.#kinds.size > 1) {
            this.#object('tags of media and of multivariant playlists together');
        }

        if (this.#kinds.has(MULTIVARIANT)) {
            if (this.#variant) {
                this.#object('the last EXT-X-STREAM-INF has no URI');
            }

            return {
                kind: MULTIVARIANT, version: media.version, independentSegments: media.independentSegments, variants,
                renditions, problems,
            };
        }

        let open = null;

        if (this.#segment) {
            this.#line = this.#segment.line;

            if (this.#segment.duration != null) {
                this.#object('EXTINF without a URI');
            } else if (this.#segment.parts.length === 0) {
                this.#object('tags at the end that no segment follows');
            }

            open = this.#close();
            open = open.parts.length > 0 ? open : null;
        }

        this.#line = 0;

        if (media.targetDuration === null) {
            this.#object('no EXT-X-TARGETDURATION');
        }

        return {kind: MEDIA, ...media, open, features, problems};
    }
}

/**
 * @param {string} text
 * @param {string} url of the playlist, against which its URIs are resolved
 * @returns {MediaPlaylist|MultivariantPlaylist}
 */
export function parsePlaylist(text, url) {
    return new Parser(url).parse(text);
}

/** Media sequence number and index of the last part or, without any after it, of the last segment. */
export function lastOf(playlist) {
    const {open, segments, mediaSequence, skip} = playlist;

    if (open) {
        return {msn: open.msn, part: open.parts.length - 1};
    }

    const last = segments.at(-1);

    return last ? {msn: last.msn, part: Math.max(last.parts.length - 1, 0)}
        : {msn: mediaSequence + (skip?.segments ?? 0) - 1, part: 0};
}

/** The part that comes after the last one; a player blocks on it. */
export function nextOf(playlist) {
    const {open, segments, mediaSequence, skip} = playlist;

    return open ? {msn: open.msn, part: open.parts.length}
        : {msn: mediaSequence + (skip?.segments ?? 0) + segments.length, part: 0};
}

/** All segments, the last one may be open. */
export const allOf = ({segments, open}) => (open ? [...segments, open] : segments);

/** s: how long segments or parts take together */
export const sum = (list) => list.reduce((total, {duration}) => total + duration, 0);

/** Grows with every part and segment. */
export function orderOf(playlist) {
    const {msn, part} = nextOf(playlist);

    return msn * 1e6 + part;
}

/** Equal for playlists of the same moment. */
export function momentOf(playlist) {
    const {msn, part} = nextOf(playlist);

    return `${msn}.${part} ${playlist.ended} ${playlist.hints.map(({uri}) => uri)}`;
}

/** Whether a playlist has what a blocking request wants: a part beyond the last one is the first one of the next. */
export function contains(playlist, msn, part = null) {
    const complete = playlist.segments.at(-1)?.msn ?? playlist.mediaSequence - 1;
    const last = lastOf(playlist);

    return complete >= msn && (part === null || last.msn > msn || last.part >= part)
        || part !== null && last.msn === msn && last.part >= part;
}
