/*
 * Chromium's own WebRTC, without a page of ours: three layers, loss, TCP, AV1, sound alone, picture alone, and what is
 * refused.  Prints TAP.
 *
 *     WHIP_KEY=KEY node whip_client_chromium.mjs http://127.0.0.1:8080 streamer WHIP-PORT
 *
 * CHROMIUM is the browser's path.
 */

import {complaints, launch, open} from './browser.mjs';
import {done, is, note, ok, until} from './tap.mjs';
import {Endpoint, Path, numbers} from './whip.mjs';

const [BASE, STREAMER, PORT] = process.argv.slice(2);
const FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
               '--allow-loopback-in-peer-connection'];

const LAYERS = [{rid: 'l', scaleResolutionDownBy: 4}, {rid: 'm', scaleResolutionDownBy: 2}, {rid: 'h'}];
const SMALL = {width: 640, height: 360, frameRate: 20};
const LARGE = {width: 1280, height: 720, frameRate: 20};

const endpoint = new Endpoint(BASE, process.env.WHIP_KEY, STREAMER);

/** Runs in the page: an offer, and what is needed of it later. */
async function makeOffer({audio, video, codec, layers}) {
    const stream = await navigator.mediaDevices.getUserMedia({audio, video});
    const pc = new RTCPeerConnection();

    for (const track of stream.getTracks()) {
        const transceiver = pc.addTransceiver(track, {
            direction: 'sendonly',
            ...track.kind === 'video' && layers ? {sendEncodings: layers} : {},
        });

        if (track.kind === 'video') {
            globalThis.videoSender = transceiver.sender;

            const codecs = RTCRtpSender.getCapabilities('video').codecs.filter(({mimeType}) =>
                mimeType === codec || mimeType === 'video/rtx');

            transceiver.setCodecPreferences(codecs);
        }
    }

    globalThis.pc = pc;
    await pc.setLocalDescription(await pc.createOffer());

    return pc.localDescription.sdp;
}

const takeAnswer = (sdp) => globalThis.pc.setRemoteDescription({type: 'answer', sdp});
const transportState = () => globalThis.pc.getSenders()[0].transport?.state;

/** Of all layers. */
async function keyFrames() {
    const reports = [...(await globalThis.pc.getStats()).values()];

    return reports.reduce((sum, {keyFramesEncoded = 0}) => sum + keyFramesEncoded, 0);
}

class Publisher {
    #page;
    location;

    constructor(page) {
        this.#page = page;
    }

    async publish(id, want, edit = (sdp) => sdp) {
        const answer = await endpoint.post(id, await this.#page.evaluate(makeOffer, {codec: 'video/H264', ...want}));

        this.location = answer.location;
        is(answer.status, 201, `${id}: an answer`);
        await this.#page.evaluate(takeAnswer, edit(answer.sdp));
        await until(`${id}: connected`, async () => await this.#page.evaluate(transportState) === 'connected');

        return answer;
    }

    keyFrames() {
        return this.#page.evaluate(keyFrames);
    }

    /** @param {boolean} active whether the last layer is to be sent */
    activate(active) {
        return this.#page.evaluate(async (on) => {
            const {videoSender} = globalThis;
            const parameters = videoSender.getParameters();

            parameters.encodings.at(-1).active = on;
            await videoSender.setParameters(parameters);
        }, active);
    }

    async remove(id) {
        is(await endpoint.remove(this.location), 200, `${id}: deleted`);
        await until(`${id}: not listed any more`, async () => !await endpoint.source(id));
        await until(`${id}: DTLS is closed`, async () => await this.#page.evaluate(transportState) === 'closed');
        await this.close();
    }

    close() {
        return this.#page.evaluate(() => {
            globalThis.pc.getSenders().forEach(({track}) => track?.stop());
            globalThis.pc.close();
        });
    }
}

function height(id, want) {
    return until(`${id}: ${want} lines`, async () => (await endpoint.source(id))?.video?.height === want);
}

async function testLayers(publisher) {
    const {sdp} = await publisher.publish('Layers', {audio: true, video: LARGE, layers: LAYERS});

    ok(/^a=simulcast:recv l;m;h\r$/m.test(sdp), 'Layers: all three are taken');
    await endpoint.arrives('Layers', {codec: /^avc1\./, width: 1280, height: 720, fps: 20});
    await until('Layers: three come', async () => (await endpoint.session('Layers'))?.video.layers === 3);

    await publisher.activate(false);
    await height('Layers', 360);
    await publisher.activate(true);
    await height('Layers', 720);

    const {video, audio, errors} = await endpoint.hls('Layers');

    is(video?.codec_name, 'h264', 'Layers: HLS has a picture');
    is(audio?.codec_name, 'aac', 'Layers: and sound');
    is(errors, '', 'Layers: which are whole');
    await publisher.remove('Layers');
}

async function testLoss(publisher) {
    const path = await Path.to(PORT);
    const random = numbers(3);

    path.lose(({pt}) => pt !== 111 && random() < 0.03);
    await publisher.publish('Loss', {audio: true, video: SMALL}, (sdp) => path.through(sdp));
    await endpoint.arrives('Loss', {codec: /^avc1\./, width: 640, height: 360, fps: 20});
    await until('Loss: what was lost comes again', async () => (await endpoint.session('Loss'))?.video.repaired > 0);
    await until('Loss: a key frame is asked for now and then', async () => await publisher.keyFrames() > 1);

    const {video, audio, errors} = await endpoint.hls('Loss');
    const session = await endpoint.session('Loss');

    is(video?.codec_name, 'h264', 'Loss: HLS has a picture');
    is(audio?.codec_name, 'aac', 'Loss: and sound');
    is(errors, '', 'Loss: which are whole');
    ok(session?.twcc && path.feedback.twcc > 10, 'Loss: the browser learns when its packets came');
    await publisher.remove('Loss');
    path.close();
}

async function testTcp(publisher) {
    await publisher.publish('TCP', {audio: true, video: SMALL}, (sdp) =>
        sdp.replace(/^a=candidate:\d+ 1 udp .*\r\n/gm, ''));
    await endpoint.arrives('TCP', {codec: /^avc1\./, width: 640, height: 360, fps: 20});
    is((await endpoint.session('TCP'))?.path.protocol, 'tcp', 'TCP: that is how it comes');
    await publisher.remove('TCP');
}

async function testAv1(publisher) {
    await publisher.publish('AV1', {audio: true, video: SMALL, codec: 'video/AV1'});
    await endpoint.arrives('AV1', {codec: /^av01\.0/, width: 640, height: 360, fps: 20});

    /* a page that is left deletes nothing */

    await publisher.close();
    await until('AV1: it ends with its peer connection', async () => !await endpoint.source('AV1'), 10000);
}

async function testSound(publisher) {
    await publisher.publish('Sound', {audio: true});
    await until('Sound: listed', async () => (await endpoint.source('Sound'))?.audio?.codec === 'mp4a.40.2');
    is((await endpoint.source('Sound'))?.video, undefined, 'Sound: without a picture');

    const {video, audio, errors} = await endpoint.hls('Sound');

    /* that of nginx-rtmp announces a picture in any case */

    is(video?.nb_read_frames, undefined, 'Sound: HLS has none either');
    is(audio?.codec_name, 'aac', 'Sound: but what there is');
    is(errors, '', 'Sound: which is whole');
    await publisher.remove('Sound');
}

async function testPicture(publisher) {
    await publisher.publish('Picture', {video: SMALL});
    await endpoint.arrives('Picture', {codec: /^avc1\./, width: 640, height: 360, fps: 20, audio: null});
    await publisher.remove('Picture');
}

async function testRefused(page) {
    for (const codec of ['VP8', 'VP9']) {
        const offer = await page.evaluate(makeOffer, {audio: true, video: SMALL, codec: `video/${codec}`});

        is((await endpoint.post(codec, offer)).status, 422, `${codec} alone cannot be taken`);
        await page.evaluate(() => globalThis.pc.close());
    }
}

const browser = await launch(...FLAGS);

try {
    const page = await open(browser, `${BASE}/blank`);
    const publisher = new Publisher(page);

    await testLayers(publisher);
    await testLoss(publisher);
    await testTcp(publisher);
    await testAv1(publisher);
    await testSound(publisher);
    await testPicture(publisher);
    await testRefused(page);

    is(complaints.join('\n'), '', 'the browser has nothing to complain about');

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);

} finally {
    await browser.close();
}

done();
process.exit();
