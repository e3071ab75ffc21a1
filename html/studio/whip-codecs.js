/* Which codecs are offered, and how they are fed.  Pure: what the browser can do comes in as a parameter. */

const RETRANSMISSION = /\/rtx$/i;

const BITRATE = 5000000;                    /* of 1080p30 */
export const BITRATE_MAX = 7000000;         /* servers allow 8 Mbit/s, with sound and what framing adds */
const PIXEL_RATE = 1920 * 1080 * 30;

/* a payload may be several packets */
const packetizes = (codec) => (/(^|;)\s*packetization-mode=1\s*(;|$)/.test(codec.sdpFmtpLine ?? '') ? 0 : 1);

/**
 * @param {RTCRtpCodecCapability[]} codecs that the browser can send
 * @param {string[]} wanted types, as "video/H264", the best first
 * @returns {RTCRtpCodecCapability[]} the wanted ones in this order, then retransmission; empty if there is none
 */
export function chooseCodecs(codecs, wanted) {
    const chosen = wanted.flatMap((type) => codecs
        .filter(({mimeType}) => mimeType.toLowerCase() === type.toLowerCase())
        .sort((one, other) => packetizes(one) - packetizes(other)));

    return chosen.length === 0 ? [] : [...chosen, ...codecs.filter(({mimeType}) => RETRANSMISSION.test(mimeType))];
}

/**
 * Less than in proportion to the pixels: larger pictures have more in them that is alike.
 * @param {{width?: number, height?: number}} [resolution] px
 * @param {number} [framerate]
 * @returns {number} bit/s
 */
export function suggestedBitrate({width = 1280, height = 720} = {}, framerate = 30) {
    const rate = BITRATE * (width * height * framerate / PIXEL_RATE) ** 0.75;

    return Math.min(Math.round(rate / 100000) * 100000, BITRATE_MAX);
}
