
/*
 * Copyright (C) the ngx_live contributors
 *
 * A shape is a list of options, nothing else: what the client's offer looks
 * like and what it is known to do, so that each of it can be changed by hand.
 */


#include "shape.h"

#include <stddef.h>
#include <string.h>


typedef struct {
    const char  *name;
    const char  *value;
} shape_option_t;


#define CM_80    "SRTP_AES128_CM_SHA1_80"
#define GCM_128  "SRTP_AEAD_AES_128_GCM"
#define GCM_256  "SRTP_AEAD_AES_256_GCM"


/* what all of them have in common, and a plain client by itself */

static const shape_option_t  shape_generic[] = {
    { "audio_mid", "0" },
    { "audio_pt", "111" },
    { "audio_fmtp", "minptime=10;useinbandfec=1" },
    { "audio_nack", "none" },
    { "video_mid", "1" },
    { "video_pt", "96" },
    { "video_fmtp", "level-asymmetry-allowed=1;packetization-mode=1;"
                    "profile-level-id=42e01f" },
    { "video_feedback", "nack,nack pli,ccm fir" },
    { NULL, NULL }
};


/*
 * OBS 30 to 32: libdatachannel and libjuice.
 *
 * No candidates; the fingerprint at session level; mid and rid on every packet
 * of the video, also without simulcast, and none on the audio; a late
 * nomination, DTLS as soon as a check succeeded; PLI and FIR are offered and
 * ignored; a NACK is answered on the same SSRC; a keyframe leaves as one burst;
 * sender reports pair the time of sending with the last packet's timestamp.
 * Official builds have mbedTLS, which knows one SRTP profile.
 */

static const shape_option_t  shape_obs[] = {
    { "user_agent", "Mozilla/5.0 (OBS-Studio/32.2.2; Linux x86_64; en-US)" },
    { "candidates", "0" },
    { "ice_options", "ice2,trickle" },
    { "origin", "rtc" },
    { "group_ls", "1" },
    { "session_lines", "a=msid-semantic:WMS *" },
    { "fingerprint_level", "session" },
    { "rsize", "0" },
    { "audio_fmtp", "minptime=10;maxaveragebitrate=96000;stereo=1;"
                    "sprop-stereo=1;useinbandfec=1" },
    { "video_fmtp", "profile-level-id=42e01f;packetization-mode=1;"
                    "level-asymmetry-allowed=1" },
    { "video_feedback", "nack,nack pli,ccm fir,goog-remb" },
    { "video_ext_mid", "1" },
    { "video_ext_rid", "2" },
    { "rid", "0" },
    { "ext_force", "1" },
    { "packets", "single" },
    { "burst", "0" },
    { "keyframe", "ignore" },
    { "nomination", "regular" },
    { "nominate_delay", "100" },
    { "groups", "P-256" },
    { "srtp", CM_80 },
    { "audio_sr_stamp", "last" },
    { "video_sr_stamp", "last" },
    { "stop", "full" },
    { NULL, NULL }
};


/*
 * FFmpeg 8.0, the whip muxer.
 *
 * The group always lists "0 1"; setup:passive, so that the server is the DTLS
 * client; one connected UDP socket to the first candidate; requests of
 * USERNAME and USE-CANDIDATE alone; no STUN after that, neither sent nor
 * answered; no feedback is understood; our certificate is not asked for; five
 * seconds for everything; an answer fits in 8192 bytes.
 */

static const shape_option_t  shape_ffmpeg0[] = {
    { "user_agent", "Lavf/62.3.100" },
    { "candidates", "0" },
    { "ice_options", "" },
    { "origin", "FFmpeg" },
    { "msid", "FFmpeg" },
    { "session_lines", "a=extmap-allow-mixed\na=msid-semantic: WMS" },
    { "bundle", "both" },
    { "setup", "passive" },
    { "answer_max", "8192" },
    { "audio_fmtp", "" },
    { "video_pt", "106" },
    { "video_fmtp", "sps" },
    { "video_feedback", "" },
    { "video_nack", "none" },
    { "packets", "ffmpeg" },
    { "mtu", "1188" },
    { "burst", "0" },
    { "nomination", "aggressive" },
    { "stun", "minimal" },
    { "stun_answer", "0" },
    { "first_candidate", "1" },
    { "connect", "1" },
    { "consent", "0" },
    { "ice_timeout", "5000" },
    { "dtls_timeout", "5000" },
    { "groups", "P-256" },
    { "srtp", CM_80 },
    { "verify", "0" },
    { "audio_sr", "5000" },
    { "video_sr", "5000" },
    { "stop", "delete" },
    { NULL, NULL }
};


/*
 * FFmpeg 8.1 and later, on top of the above.
 *
 * RTX on the video's SSRC + 1; a NACK is seen only where it is the whole
 * datagram; consent checks; only present m-lines in the group.
 */

static const shape_option_t  shape_ffmpeg1[] = {
    { "bundle", "present" },
    { "stun", "full" },
    { "consent", "5000" },
    { "video_feedback", "nack" },
    { "video_rtx_pt", "105" },
    { "video_nack", "rtx" },
    { "video_history", "512" },
    { "nack_strict", "1" },
    { NULL, NULL }
};


/*
 * Chromium.
 *
 * Other codecs before H.264; mid and rid extensions until the first receiver
 * report; transport-wide sequence numbers on both tracks; RTX with padding for
 * probing; keyframes when they are asked for; a ClientHello that its key share
 * of 1216 bytes spreads over two datagrams.
 */

static const shape_option_t  shape_chrome[] = {
    { "user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
                    "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36" },
    { "session_lines", "a=extmap-allow-mixed\na=msid-semantic: WMS whip" },
    { "audio_codecs", "*|63 red/48000/2 111/111|9 G722/8000|0 PCMU/8000|"
                      "8 PCMA/8000|13 CN/8000|110 telephone-event/48000" },
    { "audio_feedback", "transport-cc" },
    { "audio_lines", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"
                     "\na=rtcp-xr:rcvr-rtt=all" },
    { "audio_ext_time", "2" },
    { "audio_ext_twcc", "3" },
    { "audio_ext_mid", "4" },
    { "video_codecs", "96 VP8/90000|97 rtx/90000 apt=96|*|"
                      "104 H264/90000 level-asymmetry-allowed=1;"
                      "packetization-mode=0;profile-level-id=42001f|"
                      "107 rtx/90000 apt=104|"
                      "45 AV1/90000 level-idx=5;profile=0;tier=0|"
                      "46 rtx/90000 apt=45|98 VP9/90000 profile-id=0|"
                      "99 rtx/90000 apt=98|118 red/90000|"
                      "119 rtx/90000 apt=118|120 ulpfec/90000" },
    { "video_pt", "102" },
    { "video_rtx_pt", "103" },
    { "video_fmtp", "level-asymmetry-allowed=1;packetization-mode=1;"
                    "profile-level-id=42001f" },
    { "video_feedback", "goog-remb,transport-cc,ccm fir,nack,nack pli" },
    { "video_lines", "a=extmap:13 urn:3gpp:video-orientation"
                     "\na=rtcp-xr:rcvr-rtt=all" },
    { "video_ext_time", "2" },
    { "video_ext_twcc", "3" },
    { "video_ext_mid", "4" },
    { "video_ext_rid", "10" },
    { "video_ext_rrid", "11" },
    { "video_nack", "rtx" },
    { "video_padding", "rtx" },
    { "ext_stop", "1" },
    { "packets", "stap" },
    { "mtu", "1150" },
    { "burst", "10" },
    { "keyframe", "jump" },
    { "nomination", "aggressive" },
    { "consent", "2500" },
    { "hello_padding", "1216" },
    { "groups", "X25519:P-256:P-384" },
    { "srtp", GCM_128 ":" GCM_256 ":" CM_80 },
    { NULL, NULL }
};


/*
 * Firefox, where its OpenH264 plugin is there.
 *
 * The fingerprint at session level; H.264 as 126 with packetization-mode 1 and
 * as 97 with 0; a ClientHello in two datagrams.
 */

static const shape_option_t  shape_firefox[] = {
    { "user_agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) "
                    "Gecko/20100101 Firefox/153.0" },
    { "origin", "mozilla...THIS_IS_SDPARTA-99.0" },
    { "session_lines", "a=sendonly\na=msid-semantic:WMS *" },
    { "fingerprint_level", "session" },
    { "audio_pt", "109" },
    { "audio_codecs", "*|9 G722/8000/1|0 PCMU/8000|8 PCMA/8000|"
                      "101 telephone-event/8000 0-15" },
    { "audio_fmtp", "maxplaybackrate=48000;stereo=1;useinbandfec=1" },
    { "audio_ext_mid", "3" },
    { "video_codecs", "120 VP8/90000 max-fs=12288;max-fr=60|"
                      "124 rtx/90000 apt=120|*|97 H264/90000 "
                      "profile-level-id=42e01f;level-asymmetry-allowed=1|"
                      "98 rtx/90000 apt=97|122 red/90000|"
                      "119 rtx/90000 apt=122|123 ulpfec/90000" },
    { "video_pt", "126" },
    { "video_rtx_pt", "127" },
    { "video_fmtp", "profile-level-id=42e01f;level-asymmetry-allowed=1;"
                    "packetization-mode=1" },
    { "video_feedback", "nack,nack pli,ccm fir,goog-remb,transport-cc" },
    { "video_ext_mid", "3" },
    { "video_ext_time", "4" },
    { "video_ext_twcc", "7" },
    { "video_nack", "rtx" },
    { "packets", "stap" },
    { "keyframe", "jump" },
    { "hello_padding", "1216" },
    { "groups", "X25519:P-256:P-384:P-521" },
    { "srtp", GCM_128 ":" GCM_256 ":" CM_80 },
    { NULL, NULL }
};


/*
 * GStreamer's webrtcbin, whipclientsink and simple-whip-client.
 *
 * The video first; mids that are words; sendrecv; port 0 and a=bundle-only in
 * the second m-line; the codec's name in upper case; keyframes are asked for,
 * packets are not.
 */

static const shape_option_t  shape_gst[] = {
    { "user_agent", "" },
    { "first_media", "video" },
    { "bundle_only", "1" },
    { "direction", "sendrecv" },
    { "opus", "OPUS" },
    { "audio_mid", "audio1" },
    { "audio_fmtp", "sprop-stereo=1;sprop-maxcapturerate=48000" },
    { "audio_feedback", "transport-cc" },
    { "video_mid", "video0" },
    { "video_fmtp", "packetization-mode=1;profile-level-id=42c01e;"
                    "level-asymmetry-allowed=1" },
    { "video_feedback", "nack pli,ccm fir,transport-cc" },
    { "video_lines", "a=framerate:30" },
    { "video_nack", "none" },
    { "sets", "both" },
    { "packets", "stap" },
    { "keyframe", "jump" },
    { NULL, NULL }
};


static const struct {
    const char            *name;
    const char            *base;          /* applied before */
    const shape_option_t  *options;
} shape_table[] = {
    { "generic",  NULL,      shape_generic },
    { "obs",      "generic", shape_obs },
    { "ffmpeg0",  "generic", shape_ffmpeg0 },
    { "ffmpeg1",  "ffmpeg0", shape_ffmpeg1 },
    { "chrome",   "generic", shape_chrome },
    { "firefox",  "generic", shape_firefox },
    { "gst",      "generic", shape_gst },
    { NULL, NULL, NULL }
};


const char *
shape_apply(options_t *o, const char *name)
{
    unsigned               i;
    const char            *error;
    const shape_option_t  *option;

    for (i = 0; shape_table[i].name; i++) {

        if (strcmp(shape_table[i].name, name) != 0) {
            continue;
        }

        if (shape_table[i].base) {
            error = shape_apply(o, shape_table[i].base);
            if (error) {
                return error;
            }
        }

        for (option = shape_table[i].options; option->name; option++) {
            error = options_set_text(o, option->name, option->value);
            if (error) {
                return error;
            }
        }

        return NULL;
    }

    return "option shape: generic obs ffmpeg0 ffmpeg1 chrome firefox gst";
}
