/*
 * werift, a WebRTC stack in TypeScript: by UDP with loss, and by TCP.  Prints TAP.
 *
 *     WHIP_KEY=KEY node whip_client_werift.mjs http://127.0.0.1:8080 streamer WHIP-PORT
 */

import {MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, useNACK, usePLI, useREMB, useSdesMid, useTWCC,
        useTransportWideCC} from 'werift';

import {done, is, note, ok, until} from './tap.mjs';
import {Endpoint, Media, Path, numbers} from './whip.mjs';

const [BASE, STREAMER, PORT] = process.argv.slice(2);
const VIDEO = 102;
const RTX = 103;
const AUDIO = 111;

const endpoint = new Endpoint(BASE, process.env.WHIP_KEY, STREAMER);

const CODECS = {
    video: [
        new RTCRtpCodecParameters({
            mimeType: 'video/H264', clockRate: 90000, payloadType: VIDEO,
            rtcpFeedback: [useNACK(), usePLI(), useREMB(), useTWCC()],
            parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
        }),
        new RTCRtpCodecParameters({
            mimeType: 'video/rtx', clockRate: 90000, payloadType: RTX, parameters: `apt=${VIDEO}`,
        }),
    ],
    audio: [
        new RTCRtpCodecParameters({
            mimeType: 'audio/opus', clockRate: 48000, channels: 2, payloadType: AUDIO,
            parameters: 'minptime=10;useinbandfec=1',
        }),
    ],
};

class Publisher {
    #pc;
    #media;
    #tracks = {video: new MediaStreamTrack({kind: 'video'}), audio: new MediaStreamTrack({kind: 'audio'})};
    sender;
    plis = 0;
    location;

    constructor(options) {
        this.#pc = new RTCPeerConnection({
            codecs: CODECS,
            headerExtensions: {video: [useSdesMid(), useTransportWideCC()], audio: [useSdesMid()]},
            iceAdditionalHostAddresses: ['127.0.0.1'],
            iceUseIpv6: false,
            bundlePolicy: 'max-bundle',
            ...options,
        });

        this.sender = this.#pc.addTransceiver(this.#tracks.video, {direction: 'sendonly'}).sender;
        this.#pc.addTransceiver(this.#tracks.audio, {direction: 'sendonly'});
        this.sender.onPictureLossIndication.subscribe(() => this.plis++);
    }

    /** @param {function(string): string} edit makes of the answer what the client is to see of it */
    async publish(id, edit) {
        await this.#pc.setLocalDescription(await this.#pc.createOffer());

        const answer = await endpoint.post(id, this.#pc.localDescription.sdp);

        is(answer.status, 201, `${id}: an answer`);
        this.location = answer.location;
        await this.#pc.setRemoteDescription({type: 'answer', sdp: edit(answer.sdp)});
        await until(`${id}: connected`, () => this.#pc.connectionState === 'connected');

        this.#media = await Media.start({
            video: {codec: 'h264', pt: VIDEO, put: (packet) => this.#tracks.video.writeRtp(packet)},
            audio: {pt: AUDIO, put: (packet) => this.#tracks.audio.writeRtp(packet)},
        });
        await endpoint.arrives(id, {codec: /^avc1\.42/, width: 640, height: 360, fps: 30});
    }

    async stop() {
        await this.#media.stop();
        await this.#pc.close();
    }
}

async function testUdp() {
    const path = await Path.to(PORT);
    const random = numbers(2);
    const publisher = new Publisher();

    path.lose(({pt}) => pt === VIDEO && random() < 0.05);
    await publisher.publish('UDP', (sdp) => path.through(sdp));

    const {video, audio, errors} = await endpoint.hls('UDP');

    is(`${video?.codec_name} ${video?.width}x${video?.height}`, 'h264 640x360', 'UDP: HLS has the picture');
    is(`${audio?.codec_name} ${audio?.sample_rate} ${audio?.channels}`, 'aac 48000 2', 'UDP: and the sound');
    is(errors, '', 'UDP: which is whole');

    const session = await endpoint.session('UDP');

    is(session?.path.protocol, 'udp', 'UDP: that is how it comes');
    ok(path.sent[RTX] > 0 && session?.video.repaired > 0, 'UDP: what was lost comes again by RTX');
    is(session?.video.lost, 0, 'UDP: all of it');
    ok(session?.twcc && path.feedback.twcc > 10, 'UDP: the client learns when its packets came');
    ok(path.feedback.rr > 0 && publisher.sender.nackCount > 0, 'UDP: and how many are missing');
    is(path.feedback.remb, undefined, 'UDP: no estimate beside that');

    is(await endpoint.remove(publisher.location), 200, 'UDP: deleted');
    await until('UDP: not listed any more', async () => !await endpoint.source('UDP'));
    await publisher.stop();
    path.close();
}

async function testTcp() {
    const publisher = new Publisher({iceUseTcp: true});

    await publisher.publish('TCP', (sdp) => sdp.replace(/^a=candidate:\d+ 1 udp .*\r\n/gm, ''));
    is((await endpoint.session('TCP'))?.path.protocol, 'tcp', 'TCP: that is how it comes');
    is((await endpoint.session('TCP'))?.video.lost, 0, 'TCP: nothing is lost');
    is(await endpoint.remove(publisher.location), 200, 'TCP: deleted');
    await until('TCP: not listed any more', async () => !await endpoint.source('TCP'));
    await publisher.stop();
}

try {
    await testUdp();
    await testTcp();

} catch (error) {
    ok(false, 'the test ran to its end');
    note(error.stack);
}

done();
process.exit();
