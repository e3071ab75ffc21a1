/*
 * libdatachannel, which OBS Studio has for WHIP, with OBS's offers and its packetizers.  Prints TAP.
 *
 *     WHIP_KEY=KEY node whip_client_datachannel.mjs http://127.0.0.1:8080 streamer WHIP-PORT
 */

import nodeDataChannel from 'node-datachannel';

import {done, is, note, ok, until} from './tap.mjs';
import {Endpoint, Media, Path, numbers} from './whip.mjs';

const {Audio, AV1RtpPacketizer, H264RtpPacketizer, H265RtpPacketizer, PeerConnection, RtcpNackResponder, RtcpSrReporter,
       RtpPacketizationConfig, Video} = nodeDataChannel;

const [BASE, STREAMER, PORT] = process.argv.slice(2);
const AUDIO = {pt: 111, ssrc: 7001};
const VIDEO = {pt: 96, ssrc: 7002};
const FPS = 30;

const endpoint = new Endpoint(BASE, process.env.WHIP_KEY, STREAMER);

const CODECS = {
    h264: {
        add: (video) => video.addH264Codec(VIDEO.pt,
            'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1'),
        packetizer: (config) => new H264RtpPacketizer('StartSequence', config, 1200),
    },
    hevc: {
        add: (video) => video.addH265Codec(VIDEO.pt),
        packetizer: (config) => new H265RtpPacketizer('StartSequence', config, 1200),
    },
    av1: {
        add: (video) => video.addAV1Codec(VIDEO.pt),
        packetizer: (config) => new AV1RtpPacketizer('TemporalUnit', config, 1200),
    },
};

/** Audio with mid 0 in front of video with mid 1, as OBS has it. */
class Publisher {
    #pc = new PeerConnection('publisher', {iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true});
    #codec;
    #audio;
    #video;
    #config = new RtpPacketizationConfig(VIDEO.ssrc, 'cname', VIDEO.pt, 90000);
    #media;
    #frames = 0;
    location;

    constructor(codec) {
        const audio = new Audio('0', 'SendOnly');
        const video = new Video('1', 'SendOnly');

        this.#codec = codec;
        audio.addOpusCodec(AUDIO.pt);
        audio.addSSRC(AUDIO.ssrc, 'cname', 'stream', 'audio');
        CODECS[codec].add(video);
        video.addSSRC(VIDEO.ssrc, 'cname', 'stream', 'video');

        this.#audio = this.#pc.addTrack(audio);
        this.#video = this.#pc.addTrack(video);

        const reporter = new RtcpSrReporter(new RtpPacketizationConfig(AUDIO.ssrc, 'cname', AUDIO.pt, 48000));

        reporter.addToChain(new RtcpNackResponder(512));
        this.#audio.setMediaHandler(reporter);

        const packetizer = CODECS[codec].packetizer(this.#config);

        packetizer.addToChain(new RtcpSrReporter(this.#config));
        packetizer.addToChain(new RtcpNackResponder(4000));
        this.#video.setMediaHandler(packetizer);
    }

    /** @param {string} setup of DTLS, in the offer */
    async publish(id, path, {setup = 'actpass', ...options} = {}) {
        const gathered = new Promise((resolve) => {
            this.#pc.onGatheringStateChange((state) => state === 'complete' && resolve());
        });

        this.#pc.setLocalDescription('offer');
        await gathered;

        const {sdp} = this.#pc.localDescription();
        const answer = await endpoint.post(id, sdp.replaceAll('a=setup:actpass', `a=setup:${setup}`));

        is(answer.status, 201, `${id}: an answer`);
        this.location = answer.location;
        this.#pc.setRemoteDescription(path.through(answer.sdp), 'answer');
        await until(`${id}: connected`, () => this.#pc.state() === 'connected');

        this.#media = await Media.start({
            video: {codec: this.#codec, put: (unit) => this.#putVideo(unit)},
            audio: {pt: AUDIO.pt, put: (packet) => this.#putAudio(packet)},
        }, {fps: FPS, ...options});
    }

    #putVideo(unit) {
        this.#config.timestamp = this.#frames++ * 90000 / FPS;
        this.#video.isOpen() && this.#video.sendMessageBinary(unit);
    }

    #putAudio(packet) {
        packet.writeUInt32BE(AUDIO.ssrc, 8);
        this.#audio.isOpen() && this.#audio.sendMessageBinary(packet);
    }

    async stop() {
        await this.#media.stop();
        this.#pc.close();
    }
}

async function testLoss() {
    const path = await Path.to(PORT);
    const random = numbers(1);
    const publisher = new Publisher('h264');

    path.lose(({pt}) => pt === VIDEO.pt && random() < 0.05);
    await publisher.publish('OBS', path, {gop: 75});
    await endpoint.arrives('OBS', {codec: /^avc1\.42/, width: 640, height: 360, fps: FPS});

    const {video, audio, errors} = await endpoint.hls('OBS');

    is(`${video?.codec_name} ${video?.width}x${video?.height}`, 'h264 640x360', 'OBS: HLS has the picture');
    is(`${audio?.codec_name} ${audio?.sample_rate} ${audio?.channels}`, 'aac 48000 2', 'OBS: and the sound');
    is(errors, '', 'OBS: which is whole');
    ok(Math.abs(video?.start_time - audio?.start_time) < 0.1, 'OBS: and of one time');

    const session = await endpoint.session('OBS');

    is(session?.path.protocol, 'udp', 'OBS: by UDP');
    is(session?.dtls.role, 'server', 'OBS: the client begins DTLS');
    ok(path.dropped > 0 && session?.video.repaired > 0, 'OBS: what was lost is sent again');
    is(session?.video.lost, 0, 'OBS: all of it');
    ok(path.feedback.nack > 0 && path.feedback.rr > 0 && path.feedback.remb > 0,
        'OBS: it gets NACK, reports and a bit rate');

    is(await endpoint.remove(publisher.location), 200, 'OBS: deleted');
    await until('OBS: not listed any more', async () => !await endpoint.source('OBS'));
    await publisher.stop();
    path.close();
}

async function testCodec(codec, pattern) {
    const path = await Path.to(PORT);
    const publisher = new Publisher(codec);

    await publisher.publish(codec, path);
    await endpoint.arrives(codec, {codec: pattern, width: 640, height: 360, fps: FPS});
    is((await endpoint.session(codec))?.video.frames_dropped, 0, `${codec}: all frames are taken`);

    /* OBS closes DTLS, then deletes, and wants to hear 200 all the same */

    await publisher.stop();
    is(await endpoint.remove(publisher.location), 200, `${codec}: closed and deleted`);
    await until(`${codec}: not listed any more`, async () => !await endpoint.source(codec));
    path.close();
}

/* FFmpeg has the server begin DTLS */
async function testPassive() {
    const path = await Path.to(PORT);
    const publisher = new Publisher('h264');

    await publisher.publish('passive', path, {setup: 'passive'});
    await endpoint.arrives('passive', {codec: /^avc1\.42/, width: 640, height: 360, fps: FPS});
    is((await endpoint.session('passive'))?.dtls.role, 'client', 'passive: the server begins DTLS');
    is(await endpoint.remove(publisher.location), 200, 'passive: deleted');
    await publisher.stop();
    path.close();
}

try {
    await testLoss();
    await testPassive();
    await testCodec('hevc', /^hvc1\./);
    await testCodec('av1', /^av01\./);

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);
}

done();
process.exit();
