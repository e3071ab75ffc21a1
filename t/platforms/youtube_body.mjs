/*
 * Bodies of requests to the YouTube API, as its front end reads them, and the shape of its errors.
 */

import {Refusal, characters} from './common.mjs';

/* string, boolean, integer, time, strings, or members */

export const RESOURCE = {kind: 'string', etag: 'string', id: 'string'};

export const BROADCAST = {
    ...RESOURCE,
    snippet: {
        title: 'string', description: 'string', scheduledStartTime: 'time', scheduledEndTime: 'time',
        publishedAt: 'time', channelId: 'string', thumbnails: 'any', actualStartTime: 'time', actualEndTime: 'time',
        isDefaultBroadcast: 'boolean', liveChatId: 'string',
    },
    status: {
        privacyStatus: 'string', selfDeclaredMadeForKids: 'boolean', madeForKids: 'boolean',
        lifeCycleStatus: 'string', recordingStatus: 'string', liveBroadcastPriority: 'string',
    },
    contentDetails: {
        boundStreamId: 'string', boundStreamLastUpdateTimeMs: 'time', closedCaptionsType: 'string',
        enableAutoStart: 'boolean', enableAutoStop: 'boolean', enableClosedCaptions: 'boolean',
        enableContentEncryption: 'boolean', enableDvr: 'boolean', enableEmbed: 'boolean',
        enableLowLatency: 'boolean', latencyPreference: 'string', mesh: 'string', projection: 'string',
        recordFromStart: 'boolean', startWithSlate: 'boolean', stereoLayout: 'string',
        monitorStream: {enableMonitorStream: 'boolean', broadcastStreamDelayMs: 'integer', embedHtml: 'string'},
    },
    statistics: 'any',
    monetizationDetails: 'any',
};

export const STREAM = {
    ...RESOURCE,
    snippet: {title: 'string', description: 'string', publishedAt: 'time', channelId: 'string',
        isDefaultStream: 'boolean'},
    cdn: {ingestionType: 'string', resolution: 'string', frameRate: 'string', ingestionInfo: 'any',
        format: 'string'},
    contentDetails: {isReusable: 'boolean', closedCaptionsIngestionUrl: 'string'},
    status: 'any',
};

export const VIDEO = {
    ...RESOURCE,
    snippet: {
        title: 'string', description: 'string', tags: 'strings', categoryId: 'string', defaultLanguage: 'string',
        defaultAudioLanguage: 'string', publishedAt: 'time', channelId: 'string', channelTitle: 'string',
        thumbnails: 'any', liveBroadcastContent: 'string', localized: 'any',
    },
    status: 'any',
};

export function refuse(status, reason, message, more = {}) {
    const {domain = 'youtube.liveBroadcast', fault, why, location, type, word} = more;
    const error = {message, domain, reason};

    if (location !== undefined) {
        Object.assign(error, {location, locationType: type ?? 'parameter'});
    }

    return new Refusal(why ?? reason, {
        status, fault,
        body: {error: {code: status, message, errors: [error], ...(word !== undefined && {status: word})}},
    });
}

export function badBody(message, why) {
    return refuse(400, 'badRequest', message, {domain: 'global', why, word: 'INVALID_ARGUMENT'});
}

/** RFC 3339, as protocol buffers read it. */
export function timeOf(text) {
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
}

function fits(value, type) {
    switch (type) {
    case 'any':
        return true;

    case 'integer':
        return Number.isInteger(value) || (typeof value === 'string' && /^\d+$/.test(value));

    case 'time':
        return typeof value === 'string';

    case 'strings':
        return Array.isArray(value) && value.every((item) => typeof item === 'string');

    default:
        return typeof value === type;
    }
}

export function checkBody(value, shape, at) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        throw badBody(`Invalid value at '${at}'`, `body: ${at} is no object`);
    }

    for (const [name, member] of Object.entries(value)) {
        const path = at === '' ? name : `${at}.${name}`;

        if (!Object.hasOwn(shape, name)) {
            throw badBody(`Invalid JSON payload received. Unknown name "${name}" at '${at}': Cannot find field.`,
                `body: unknown field ${path}`);
        }

        if (typeof shape[name] === 'object') {
            checkBody(member, shape[name], path);

        } else if (!fits(member, shape[name])) {
            throw badBody(`Invalid value at '${path}' (${shape[name]})`, `body: type of ${path}`);
        }
    }
}

export function checkText(text, limit, reason, domain) {
    if (characters(text) > limit || /[<>]/.test(text)) {
        throw refuse(400, reason, `The request's text is not valid: ${reason}`, {domain});
    }
}
