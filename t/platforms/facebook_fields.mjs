/*
 * The fields that a request to the Graph API may ask for, and the shape of its errors.
 */

import {Refusal} from './common.mjs';
import {traceId} from './oauth.mjs';

const HEALTH = ['video_bitrate', 'video_framerate', 'video_width', 'video_height', 'audio_bitrate',
    'video_gop_size', 'video_gop_type', 'audio_codec', 'video_codec'];

/* what can be asked for of each kind of node; objects: what can be asked for of those */

export const FIELDS = {
    User: {id: 1, name: 1, email: 1, accounts: {id: 1, name: 1, tasks: 1, access_token: 1}},
    Page: {id: 1, name: 1, tasks: 1, access_token: 1, category: 1, link: 1, followers_count: 1},
    LiveVideo: {
        id: 1, status: 1, title: 1, description: 1, live_views: 1, seconds_left: 1, stream_url: 1,
        secure_stream_url: 1, stream_secondary_urls: 1, secure_stream_secondary_urls: 1, permalink_url: 1,
        embed_html: 1, video: {id: 1, permalink_url: 1, length: 1, title: 1, views: 1}, creation_time: 1,
        broadcast_start_time: 1, planned_start_time: 1, dash_ingest_url: 1, dash_preview_url: 1,
        recommended_encoder_settings: 1, from: {id: 1, name: 1}, is_manual_mode: 1,
        ingest_streams: {id: 1, stream_id: 1, stream_health: Object.fromEntries(HEALTH.map((name) => [name, 1])),
            is_master: 1, stream_url: 1, secure_stream_url: 1, dash_ingest_url: 1, dash_preview_url: 1},
        errors: {error_code: 1, error_type: 1, error_message: 1, creation_time: 1},
    },
    LiveVideoError: {id: 1, error_code: 1, error_type: 1, error_message: 1, creation_time: 1},
};

export function refuse(code, message, {why, fault, subcode, status = 400, type = 'OAuthException', title, text} = {}) {
    return new Refusal(why ?? message, {
        status, fault,
        headers: {'WWW-Authenticate': `OAuth "Facebook Platform" "invalid_request" "${message.replaceAll('"', '')}"`},
        body: {error: {message, type, code, ...(subcode !== undefined && {error_subcode: subcode}),
            ...(title !== undefined && {error_user_title: title}), ...(text !== undefined && {error_user_msg: text}),
            fbtrace_id: `A${traceId()}`}},
    });
}

/** "a,b{c,d}.limit(5)" as {a: true, b: {c: true, d: true}}. */
export function parseFields(text) {
    let at = 0;

    function list(depth) {
        const fields = {};

        for (;;) {
            const name = /^\w+/.exec(text.slice(at))?.[0];

            if (name === undefined || depth > 4) {
                throw refuse(2500, `Syntax error "Expected name." at character ${at}: ${text}`, {why: 'fields'});
            }

            at += name.length;
            at += /^(?:\.\w+\([^()]*\))*/.exec(text.slice(at))[0].length;
            fields[name] = true;

            if (text[at] === '{') {
                at++;
                fields[name] = list(depth + 1);

                if (text[at++] !== '}') {
                    throw refuse(2500, 'Syntax error "Expected end of string"', {why: 'fields'});
                }
            }

            if (text[at] !== ',') {
                return fields;
            }

            at++;
        }
    }

    const fields = list(0);

    if (at !== text.length) {
        throw refuse(2500, 'Syntax error "Expected end of string"', {why: 'fields'});
    }

    return fields;
}

export function checkFields(fields, shape, node) {
    for (const [name, inner] of Object.entries(fields)) {
        if (!Object.hasOwn(shape, name)) {
            throw refuse(100, `(#100) Tried accessing nonexisting field (${name}) on node type (${node})`);
        }

        if (inner !== true) {
            if (shape[name] === 1) {
                throw refuse(2500, `Subfields are not supported by ${name}`, {why: `fields of ${name}`});
            }

            checkFields(inner, shape[name], name);
        }
    }
}

/** What of a node is asked for. */
export function pick(node, fields) {
    const picked = {};

    for (const [name, inner] of Object.entries(fields)) {
        const value = node[name];

        if (value === undefined) {
            continue;
        }

        if (inner === true) {
            picked[name] = value;

        } else if (Array.isArray(value)) {
            picked[name] = value.map((item) => pick(item, inner));

        } else if (Array.isArray(value.data)) {
            picked[name] = {...value, data: value.data.map((item) => pick(item, inner))};

        } else {
            picked[name] = pick(value, inner);
        }
    }

    return picked;
}
