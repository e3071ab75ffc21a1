import {keep, kept} from '../common/kept.js';

/* What the studio remembers in this tab, for when the page is loaded again.  Never the key: that is KeyPanel's. */

const NAME = 'studio';
const SOURCES_MAX = 16;

const TYPES = ['screen', 'webcam', 'audio'];
const CORNERS = ['top-left', 'top-right', 'bottom-left', 'bottom-right'];
const TEXT_MAX = 400;

/**
 * @typedef {object} Memory
 * @property {{type: string, label: string, quality: ?string, deviceId: string, audioDeviceId: string,
 *     captureAudio: boolean, muted: boolean, live: boolean}[]} sources
 * @property {{main: string, inset: string, corner: string, size: number}} overlay names of sources, and where
 * @property {{id: string, title: string, public: boolean}} show
 * @property {boolean} saveUpload
 */

/** @returns {Memory} */
export function recall() {
    return checked(parsed(kept(NAME)));
}

/** @param {Memory} memory */
export function remember(memory) {
    keep(NAME, JSON.stringify(memory));
}

/**
 * Whatever stands there, what comes out can be used.  Pure.
 * @param {*} memory
 * @returns {Memory}
 */
export function checked(memory) {
    const {sources, overlay, show, saveUpload} = memory ?? {};
    const text = (value) => (typeof value === 'string' && value.length <= TEXT_MAX ? value : '');
    const list = Array.isArray(sources) ? sources.slice(0, SOURCES_MAX) : [];

    return {
        sources: list.filter((source) => TYPES.includes(source?.type) && text(source.label) !== '').map((source) => ({
            type: source.type, label: source.label, quality: text(source.quality) || null,
            deviceId: text(source.deviceId), audioDeviceId: text(source.audioDeviceId),
            captureAudio: source.captureAudio === true, muted: source.muted === true, live: source.live === true,
        })),
        overlay: {
            main: text(overlay?.main), inset: text(overlay?.inset),
            corner: CORNERS.includes(overlay?.corner) ? overlay.corner : 'bottom-right',
            size: overlay?.size >= 10 && overlay.size <= 40 ? Math.round(overlay.size) : 25,
        },
        show: {id: /^[0-9a-f]{32}$/.test(show?.id) ? show.id : '', title: text(show?.title),
               public: show?.public !== false},
        saveUpload: saveUpload === true,
    };
}

function parsed(json) {
    try {
        return JSON.parse(json);

    } catch {
        return null;
    }
}
