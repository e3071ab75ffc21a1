import {BITRATE_MAX, suggestedBitrate} from './whip-codecs.js';

/* How good a picture is to be.  Pure: no DOM. */

/** Text has hard edges, and stands still most of the time: few pictures, each with many bits. */
const TEXT_FACTOR = 1.5;
const TEXT_FPS = 15;

/** What nobody watches still has to be there when somebody looks. */
const LOWERED = {bitrate: 150000, framerate: 5, scale: 4, minHeight: 90};

/**
 * @typedef {object} Quality
 * @property {string} id
 * @property {string} text for the user
 * @property {{width: number, height: number}} resolution px, at most
 * @property {number} framerate at most
 * @property {string} content "text" (keep it sharp) or "motion" (keep it fluent)
 * @property {number} videoBitrate bit/s, at most
 */

const WIDTHS = {360: 640, 480: 854, 720: 1280, 1080: 1920, 1440: 2560, 2160: 3840};

function text(height, name = `${height}p`) {
    const resolution = {width: WIDTHS[height], height};

    return {id: `${height}-text`, text: `${name}: text`, resolution, framerate: TEXT_FPS, content: 'text',
            videoBitrate: Math.min(Math.round(suggestedBitrate(resolution, TEXT_FPS) * TEXT_FACTOR), BITRATE_MAX)};
}

function motion(height, framerate, use = '') {
    const resolution = {width: WIDTHS[height], height};

    return {id: `${height}-${framerate}`, text: `${height}p, ${framerate} fps${use}`, resolution, framerate,
            content: 'motion', videoBitrate: suggestedBitrate(resolution, framerate)};
}

const SCREEN = [
    text(2160, '4K'), text(1440), text(1080), text(720),
    motion(1080, 60, ': games, films'), motion(1080, 30, ': films'), motion(720, 60, ': games, films'),
    motion(720, 30, ': films'),
];

const CAMERA = [motion(1080, 60), motion(1080, 30), motion(720, 60), motion(720, 30), motion(480, 30), motion(360, 30)];

const OF_TYPE = {screen: SCREEN, webcam: CAMERA};
const USUAL = {screen: '1080-text', webcam: '720-30'};

/**
 * @param {string} type of a source
 * @returns {Quality[]} the best first; none for a source without a picture of its own
 */
export function qualitiesOf(type) {
    return OF_TYPE[type] ?? [];
}

/**
 * @param {string} type of a source
 * @param {?string} id
 * @returns {?Quality} that one, or the usual one of this type
 */
export function qualityOf(type, id) {
    const all = qualitiesOf(type);

    return all.find((quality) => quality.id === id) ?? all.find((quality) => quality.id === USUAL[type]) ?? null;
}

/**
 * What is sent of a picture: the encoder makes it smaller where the camera does not, and much smaller while nobody
 * watches.
 * @param {{resolution?: {width: number, height: number}, framerate?: number, videoBitrate: number}} wanted
 * @param {{width?: number, height?: number}} captured px
 * @param {boolean} lowered
 * @returns {{videoBitrate: number, framerate: number|undefined, scale: number}}
 */
export function encodingOf({resolution, framerate, videoBitrate}, {width = 0, height = 0}, lowered) {
    const over = resolution === undefined ? 1 : Math.min(width / resolution.width, height / resolution.height);
    const scale = over > 1.02 ? over : 1;

    if (!lowered) {
        return {videoBitrate, framerate, scale};
    }

    const room = height / scale / LOWERED.minHeight;

    return {
        videoBitrate: Math.min(videoBitrate, LOWERED.bitrate),
        framerate: Math.min(framerate ?? LOWERED.framerate, LOWERED.framerate),
        scale: scale * Math.max(1, height === 0 ? LOWERED.scale : Math.min(LOWERED.scale, room)),
    };
}
