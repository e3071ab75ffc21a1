/*
 * What a player makes of a source, from its <video>: stalls, and how old each picture is by the clock in it (see
 * t/lib/Test/Live/Drawn.pm).
 */

const WRAP_MS = 65536;
const SHIFT_MS = 1700000000000;

const video = document.querySelector('video');
const canvas = document.createElement('canvas');
const context = canvas.getContext('2d', {willReadFrequently: true});

canvas.width = 64;
canvas.height = 4;

const seen = {ages: [], stalls: 0, frames: 0, errors: [], playing: 0, begun: 0};

/** @returns {?number} ms, of the clock in the picture; null: it is not to be read */
function clock() {
    context.drawImage(video, 0, 8, video.videoWidth, 16, 0, 0, 64, 4);

    const {data} = context.getImageData(0, 0, 64, 4);
    let bits = 0;

    for (let box = 0; box < 16; box++) {
        const level = data[(2 * 64 + box * 4 + 2) * 4 + 1];

        if (level > 90 && level < 160) {
            return null;
        }

        bits |= level > 127 ? 1 << box : 0;
    }

    return bits;
}

function look() {
    const ms = clock();

    seen.frames++;
    seen.playing ||= performance.now() - seen.begun;

    if (ms !== null) {
        seen.ages.push((Date.now() - SHIFT_MS - ms + 2 * WRAP_MS) % WRAP_MS);
    }

    video.requestVideoFrameCallback(look);
}

video.requestVideoFrameCallback(look);

video.addEventListener('waiting', () => {
    if (seen.frames > 0) {
        seen.stalls++;
    }
});

const script = (url) => new Promise((resolve, reject) => {
    const element = document.createElement('script');

    element.src = url;
    element.onload = resolve;
    element.onerror = () => reject(new Error(url));
    document.head.append(element);
});

const players = {
    async hls(url) {
        await script('/vendor/hls.js/dist/hls.min.js');

        const hls = new globalThis.Hls({lowLatencyMode: true});

        hls.on('hlsError', (name, {type, details, fatal}) => {
            if (fatal || details === 'bufferStalledError') {
                seen.errors.push(`${type} ${details}`);
            }
        });
        hls.loadSource(url);
        hls.attachMedia(video);
    },

    async shaka(url) {
        await script('/vendor/shaka-player/dist/shaka-player.compiled.js');

        const player = new globalThis.shaka.Player();

        player.addEventListener('error', ({detail}) => seen.errors.push(`shaka ${detail.code}`));
        player.configure({streaming: {lowLatencyMode: true}});
        await player.attach(video);
        await player.load(url);
    },
};

/** @param {string} name hls or shaka */
globalThis.play = async (name, url) => {
    seen.begun = performance.now();
    await players[name](url);
    await video.play();
};

globalThis.seen = seen;
globalThis.forget = () => Object.assign(seen, {ages: [], stalls: 0, frames: 0, errors: []});
