/*
 * Publishes sources by WHIP until it gets SIGUSR2, all of one sender, with pictures that show the time: what came of them
 * can be compared.  Prints "published" when all are connected.
 *
 *     WHIP_KEY=KEY node hls_publish.mjs http://127.0.0.1:8080 streamer SOURCE[:WIDTHxHEIGHT[@MS]]...
 *     WHIP_KEY=KEY node hls_publish.mjs http://127.0.0.1:8080 streamer SOURCE --datachannel
 *
 * From one page of Chromium with a peer connection for each source, and a canvas that shows the clock in ms as 32 blocks in
 * four rows, dark and bright: 24 bits, the lowest in the upper left corner, and once more the first row, inverted; on its
 * way each datagram takes MS and up to a quarter more.  Or from libdatachannel, a test picture.  CHROMIUM is the browser's
 * path.
 */

import {createSocket} from 'node:dgram';
import {parseArgs} from 'node:util';

import {complaints, launch, open} from './browser.mjs';
import {Endpoint, Media} from './whip.mjs';

const FLAGS = ['--allow-loopback-in-peer-connection'];

const {values: {datachannel}, positionals} = parseArgs({
    allowPositionals: true,
    options: {datachannel: {type: 'boolean', default: false}},
});

const [base, streamer, ...sources] = positionals;
const endpoint = new Endpoint(base, process.env.WHIP_KEY, streamer);

/** Runs in the page: a canvas with the time for each size, 30 times a second, and offers to send them. */
async function makeOffers(sizes) {
    const canvases = sizes.map(([width, height]) => {
        const canvas = Object.assign(document.createElement('canvas'), {width, height});

        document.body.append(canvas);

        return canvas;
    });

    const draw = () => {
        const time = Math.round(performance.timeOrigin + performance.now()) % 2 ** 24;

        for (const canvas of canvases) {
            const context = canvas.getContext('2d');
            const [width, height] = [canvas.width / 8, canvas.height / 4];

            for (let block = 0; block < 32; block++) {
                const bit = time >> block % 24 & 1;

                context.fillStyle = bit === (block < 24 ? 1 : 0) ? '#fff' : '#000';
                context.fillRect(block % 8 * width, (block >> 3) * height, width, height);
            }
        }
    };

    let frames = 0;

    const frame = () => {
        frames++ % 2 === 0 && draw();
        requestAnimationFrame(frame);
    };

    frame();

    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const output = audio.createMediaStreamDestination();

    tone.connect(output);
    tone.start();

    globalThis.peers = canvases.map((canvas) => {
        const pc = new RTCPeerConnection();
        const [picture] = canvas.captureStream(30).getTracks();

        /* of full size at any bit rate */

        picture.contentHint = 'detail';

        const [sound] = output.stream.clone().getTracks();
        const video = pc.addTransceiver(picture, {direction: 'sendonly', sendEncodings: [{maxBitrate: 600000}]});

        video.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(({mimeType}) =>
            ['video/H264', 'video/rtx'].includes(mimeType)));
        pc.addTransceiver(sound, {direction: 'sendonly'});

        return pc;
    });

    return Promise.all(globalThis.peers.map(async (pc) => {
        await pc.setLocalDescription(await pc.createOffer());

        return pc.localDescription.sdp;
    }));
}

const takeAnswers = (answers) => Promise.all(answers.map((sdp, index) =>
    globalThis.peers[index].setRemoteDescription({type: 'answer', sdp})));

const connected = () => globalThis.peers.every(({connectionState}) => connectionState === 'connected');

/** The answer, whose candidates are those of a path that delays. */
async function delayed(sdp, delay) {
    const port = Number(sdp.match(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)/im)[1]);
    const front = createSocket('udp4');
    const back = createSocket('udp4');
    let peer;

    const later = (send) => setTimeout(send, delay * (1 + Math.random() / 4));

    front.on('message', (packet, from) => {
        peer = from;
        later(() => back.send(packet, port, '127.0.0.1'));
    });
    back.on('message', (packet) => later(() => front.send(packet, peer.port, peer.address)));

    await new Promise((resolve) => front.bind(0, '127.0.0.1', resolve));

    return sdp.replaceAll(` ${port} typ`, ` ${front.address().port} typ`);
}

const sessions = [];

async function post(name, offer) {
    const {status, sdp, location} = await endpoint.post(name, offer);

    if (status !== 201) {
        throw new Error(`${name}: ${status} ${sdp}`);
    }

    sessions.push(location);

    return sdp;
}

async function publishPage() {
    const names = sources.map((source) => source.split(':')[0]);
    const sizes = sources.map((source) => source.match(/:(\d+)x(\d+)/)?.slice(1).map(Number) ?? [320, 180]);
    const delays = sources.map((source) => Number(source.match(/@(\d+)$/)?.[1] ?? 0));

    const browser = await launch(...FLAGS);
    const page = await open(browser, `${base}/blank`);
    const offers = await page.evaluate(makeOffers, sizes);
    const answers = await Promise.all(offers.map(async (offer, index) => {
        const sdp = await post(names[index], offer);

        return delays[index] > 0 ? delayed(sdp, delays[index]) : sdp;
    }));

    await page.evaluate(takeAnswers, answers);
    await page.waitForFunction(connected);

    return async () => {
        await page.evaluate(() => globalThis.peers.forEach((pc) => pc.close()));
        await browser.close();
    };
}

async function publishDatachannel() {
    const {default: {Audio, H264RtpPacketizer, PeerConnection, RtcpNackResponder, RtcpSrReporter, RtpPacketizationConfig,
                     Video}} = await import('node-datachannel');

    const pc = new PeerConnection('publisher', {iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true});
    const gathered = new Promise((resolve) => {
        pc.onGatheringStateChange((state) => state === 'complete' && resolve());
    });
    const open = new Promise((resolve) => {
        pc.onStateChange((state) => state === 'connected' && resolve());
    });

    const sound = new Audio('0', 'SendOnly');
    const picture = new Video('1', 'SendOnly');

    sound.addOpusCodec(111);
    sound.addSSRC(7001, 'cname', 'stream', 'audio');
    picture.addH264Codec(96, 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1');
    picture.addSSRC(7002, 'cname', 'stream', 'video');

    const audio = pc.addTrack(sound);
    const video = pc.addTrack(picture);
    const reporter = new RtcpSrReporter(new RtpPacketizationConfig(7001, 'cname', 111, 48000));
    const config = new RtpPacketizationConfig(7002, 'cname', 96, 90000);
    const packetizer = new H264RtpPacketizer('StartSequence', config, 1200);

    reporter.addToChain(new RtcpNackResponder(512));
    audio.setMediaHandler(reporter);
    packetizer.addToChain(new RtcpSrReporter(config));
    packetizer.addToChain(new RtcpNackResponder(4000));
    video.setMediaHandler(packetizer);

    pc.setLocalDescription('offer');
    await gathered;
    pc.setRemoteDescription(await post(sources[0], pc.localDescription().sdp), 'answer');
    await open;

    let frames = 0;

    const media = await Media.start({
        video: {codec: 'h264', put: (unit) => {
            config.timestamp = frames++ * 3000;
            video.isOpen() && video.sendMessageBinary(unit);
        }},
        audio: {pt: 111, put: (packet) => {
            packet.writeUInt32BE(7001, 8);
            audio.isOpen() && audio.sendMessageBinary(packet);
        }},
    }, {size: '320x180', fps: 30, gop: 60});

    return async () => {
        await media.stop();
        pc.close();
    };
}

const stop = await (datachannel ? publishDatachannel() : publishPage());

console.log('published');
await new Promise((resolve) => {
    process.once('SIGUSR2', resolve);
    setInterval(() => {}, 1000);
});
await Promise.all(sessions.map((location) => endpoint.remove(location)));
await stop();
complaints.forEach((text) => console.error(text));
process.exit();
