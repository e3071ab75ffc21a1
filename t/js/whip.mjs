/*
 * What tests of WHIP clients share: the HTTP of RFC 9725, media of a known kind, a network that loses packets, and
 * looks at what came of it.
 */

import {execFile, spawn} from 'node:child_process';
import {createSocket} from 'node:dgram';

import {is, note, until} from './tap.mjs';

/** RTP packets of RTCP on the same port: RFC 5761, 4. */
const isRtcp = (packet) => packet[1] >= 192 && packet[1] <= 223;

/** Not STUN, DTLS or anything else: RFC 7983, 7. */
const isMedia = (packet) => packet.length > 12 && packet[0] >> 6 === 2;

const FEEDBACK = {'200.*': 'sr', '201.*': 'rr', '203.*': 'bye', '205.1': 'nack', '205.15': 'twcc', '206.1': 'pli',
                  '206.4': 'fir', '206.15': 'remb'};

/** Always the same numbers in the interval from 0 to 1, for loss that can be repeated. */
export function numbers(seed) {
    let state = seed;

    return () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
}

/** An endpoint of WHIP, and the source that comes of it. */
export class Endpoint {
    #base;
    #key;
    #streamer;

    constructor(base, key, streamer) {
        this.#base = base;
        this.#key = key;
        this.#streamer = streamer;
    }

    /** @returns {Promise<{status: number, sdp: string, location: ?URL}>} */
    async post(source, sdp) {
        const url = `${this.#base}/whip/${source}`;
        const response = await fetch(url, {
            method: 'POST',
            headers: {'Content-Type': 'application/sdp', 'Authorization': `Bearer ${this.#key}`},
            body: sdp,
        });
        const location = response.headers.get('location');

        return {
            status: response.status,
            sdp: await response.text(),
            location: location && new URL(location, url),
        };
    }

    async remove(location) {
        const response = await fetch(location, {
            method: 'DELETE',
            headers: {Authorization: `Bearer ${this.#key}`},
        });

        await response.arrayBuffer();

        return response.status;
    }

    /** @returns {Promise<?object>} as the source API has it */
    async source(id) {
        const response = await fetch(`${this.#base}/sources/${this.#streamer}`);
        const sources = response.ok ? await response.json() : [];

        return sources.find((source) => source.id === id);
    }

    /** @returns {Promise<?object>} as whip_status has it */
    async session(id) {
        const response = await fetch(`${this.#base}/whip_status`);
        const {list} = await response.json();

        return list.find((session) => session.stream === `${this.#streamer}_${id}`);
    }

    /** A picture of this codec and size, with sound (null: without) and at this rate, is in the list. */
    async arrives(id, {codec, width, height, fps, audio = 'mp4a.40.2'}) {
        const source = await until(`${id}: listed with its codecs and size`, async () => {
            const one = await this.source(id);

            return one?.state === 'live' && codec.test(one.video?.codec) && one.video.width === width
                && one.video.height === height && (one.audio?.codec ?? null) === audio && one;
        });

        is(source?.protocol, 'whip', `${id}: came by WHIP`);

        await until(`${id}: ${fps} frames a second`, async () =>
            Math.abs((await this.source(id))?.video?.fps - fps) <= fps / 10);
    }

    /** What ffprobe says of the playlist: streams by their kind, with decoded frames counted. */
    async hls(source) {
        const url = `${this.#base}/hls/${this.#streamer}/${source}/index.m3u8`;

        await until(`${source}: a playlist of two fragments`, async () => {
            const response = await fetch(url);
            const text = await response.text();

            return response.ok && text.match(/^#EXTINF/gm)?.length >= 2;
        }, 20000);

        return probe(['-live_start_index', '0', '-read_intervals', '%+2', url]);
    }
}

/** @returns {Promise<{video: ?object, audio: ?object, errors: string}>} */
export function probe(args) {
    return new Promise((resolve) => {
        execFile('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', '-count_frames', ...args],
            {timeout: 20000}, (error, stdout, stderr) => {
                const found = {errors: stderr || error?.message || ''};

                for (const stream of JSON.parse(stdout || '{}').streams ?? []) {
                    found[stream.codec_type] ??= stream;
                }

                resolve(found);
            });
    });
}

const ENCODERS = {
    h264: (gop) => ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency',
                    '-x264-params', `aud=1:repeat-headers=1:scenecut=0:keyint=${gop}`],
    hevc: (gop) => ['-c:v', 'libx265', '-preset', 'ultrafast', '-tune', 'zerolatency',
                    '-x265-params', `log-level=error:aud=1:repeat-headers=1:scenecut=0:keyint=${gop}`],
    av1: (gop) => ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-g', gop],
};

/** Access unit delimiters with their start codes. */
const DELIMITERS = {h264: Buffer.from([0, 0, 0, 1, 9]), hevc: Buffer.from([0, 0, 0, 1, 70])};

/** Cuts a byte stream of H.264 or H.265 into access units. */
function* accessUnits(state, codec) {
    for (;;) {
        const end = state.bytes.indexOf(DELIMITERS[codec], 1);

        if (end < 0) {
            return;
        }

        yield state.bytes.subarray(0, end);
        state.bytes = state.bytes.subarray(end);
    }
}

/** Cuts an IVF file into frames: a header of 32 bytes, and of 12 bytes for each frame. */
function* ivfFrames(state) {
    state.at ??= 32;

    while (state.bytes.length >= state.at + 12) {
        const end = state.at + 12 + state.bytes.readUInt32LE(state.at);

        if (state.bytes.length < end) {
            return;
        }

        yield state.bytes.subarray(state.at + 12, end);
        state.bytes = state.bytes.subarray(end);
        state.at = 0;
    }
}

/** What ffmpeg encodes: a test picture and a tone, live until stopped. */
export class Media {
    #process;
    #sockets = [];

    /**
     * @param {object} tracks
     * @param {object} [tracks.video]
     * @param {string} tracks.video.codec h264, hevc or av1
     * @param {number} [tracks.video.pt] as RTP packets of this payload type, without it as access units
     * @param {function(Buffer)} tracks.video.put gets a packet or a unit
     * @param {{pt: number, put: function(Buffer)}} [tracks.audio] Opus, as RTP packets
     * @param {object} [options]
     * @param {string} [options.size]
     * @param {number} [options.fps]
     * @param {number} [options.gop] frames from one key frame to the next
     */
    static async start({video, audio}, {size = '640x360', fps = 30, gop = 60} = {}) {
        const media = new Media();
        const inputs = [];
        const outputs = [];

        if (video) {
            inputs.push('-re', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${fps}`);
            outputs.push('-map', '0:v', ...ENCODERS[video.codec](gop), '-pix_fmt', 'yuv420p', '-b:v', '600k',
                         ...video.pt ? await media.#rtp(video)
                                     : ['-f', video.codec === 'av1' ? 'ivf' : video.codec, 'pipe:1']);
        }

        if (audio) {
            inputs.push('-re', '-f', 'lavfi', '-i', 'sine=f=440:r=48000');
            outputs.push('-map', `${video ? 1 : 0}:a`, '-c:a', 'libopus', '-b:a', '64k', '-ac', '2',
                         ...await media.#rtp(audio));
        }

        const args = ['-nostdin', '-v', 'error', '-flush_packets', 1, ...inputs, ...outputs];

        media.#process = spawn('ffmpeg', args.map(String), {stdio: ['ignore', 'pipe', 'pipe']});
        media.#process.stderr.on('data', (text) => note(`ffmpeg: ${text}`));

        if (video && !video.pt) {
            media.#units(video);
        }

        return media;
    }

    #units({codec, put}) {
        const state = {bytes: Buffer.alloc(0)};

        this.#process.stdout.on('data', (bytes) => {
            state.bytes = Buffer.concat([state.bytes, bytes]);

            for (const unit of codec === 'av1' ? ivfFrames(state) : accessUnits(state, codec)) {
                put(unit);
            }
        });
    }

    /** The sender reports of ffmpeg's own clock are left out: the client writes its own. */
    async #rtp({pt, put}) {
        const socket = createSocket('udp4', (packet) => isRtcp(packet) || put(packet));

        await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
        this.#sockets.push(socket);

        return ['-f', 'rtp', '-payload_type', pt, `rtp://127.0.0.1:${socket.address().port}?pkt_size=1200`];
    }

    async stop() {
        if (this.#process.exitCode === null) {
            const exit = new Promise((resolve) => this.#process.once('exit', resolve));

            this.#process.kill('SIGTERM');
            await exit;
        }

        this.#sockets.forEach((socket) => socket.close());
    }
}

/**
 * A UDP path to the server: counts, by the parts of their headers that are not encrypted, what passes, and drops what
 * it is told to.
 */
export class Path {
    #front = createSocket('udp4');
    #back = new Map();
    #port;
    #drop = () => false;

    /** Datagrams by payload type from the client, by kind of their first RTCP packet from the server. */
    sent = {};
    feedback = {};
    dropped = 0;

    static async to(port) {
        const path = new Path();

        path.#port = port;
        await new Promise((resolve) => path.#front.bind(0, '127.0.0.1', resolve));
        path.#front.on('message', (packet, peer) => path.#forward(packet, peer));

        return path;
    }

    /** The answer with this path in place of the server's address. */
    through(sdp) {
        return sdp.replaceAll(`127.0.0.1 ${this.#port} typ`, `127.0.0.1 ${this.#front.address().port} typ`);
    }

    /** @param {function({pt: number, seq: number, ssrc: number}): boolean} drop true for RTP that is to be lost */
    lose(drop) {
        this.#drop = drop;
    }

    close() {
        this.#front.close();
        this.#back.forEach((socket) => socket.close());
    }

    #forward(packet, peer) {
        const rtp = isMedia(packet) && !isRtcp(packet)
            && {pt: packet[1] & 0x7f, seq: packet.readUInt16BE(2), ssrc: packet.readUInt32BE(8)};

        if (rtp) {
            this.sent[rtp.pt] = (this.sent[rtp.pt] ?? 0) + 1;

            if (this.#drop(rtp)) {
                this.dropped++;
                return;
            }
        }

        this.#socket(peer).send(packet, this.#port, '127.0.0.1');
    }

    #socket({port, address}) {
        let socket = this.#back.get(port);

        if (!socket) {
            socket = createSocket('udp4', (packet) => {
                this.#count(packet);
                this.#front.send(packet, port, address);
            });
            this.#back.set(port, socket);
        }

        return socket;
    }

    #count(packet) {
        if (isMedia(packet) && isRtcp(packet)) {
            const kind = FEEDBACK[`${packet[1]}.${packet[0] & 31}`] ?? FEEDBACK[`${packet[1]}.*`] ?? packet[1];

            this.feedback[kind] = (this.feedback[kind] ?? 0) + 1;
        }
    }
}
