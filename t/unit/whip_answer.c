
/*
 * Copyright (C) the ngx_live contributors
 *
 * What is chosen of WHIP offers, and the answers to them.
 */

/* sources: modules/ngx_whip/ngx_whip_line.c */
/* sources: modules/ngx_whip/ngx_whip_text.c */
/* sources: modules/ngx_whip/ngx_whip_sdp.c */
/* sources: modules/ngx_whip/ngx_whip_answer.c */


#include "tap.h"
#include "whip_offers.h"
#include "ngx_whip_answer.h"
#include "ngx_whip_line.h"


#define NO_VIDEO                                                              \
    "422 no video is H.264, H.265 or AV1 in a form that is accepted"
#define NO_AUDIO  "422 no audio is Opus at 48000 Hz with two channels"

#define HEAD                                                                  \
    "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=group:BUNDLE a v\n"           \
    "a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"                    \
    "a=fingerprint:sha-256 " SHA256 "\na=setup:actpass\n"
#define VIDEO(pts)                                                            \
    HEAD "m=video 9 UDP/TLS/RTP/SAVPF " pts "\na=mid:v\na=rtcp-mux\n"
#define AUDIO(pts)                                                            \
    HEAD "m=audio 9 UDP/TLS/RTP/SAVPF " pts "\na=mid:a\na=rtcp-mux\n"
#define MORE(kind, mid, pts)                                                  \
    "m=" kind " 9 UDP/TLS/RTP/SAVPF " pts "\na=mid:" mid "\na=rtcp-mux\n"

#define RIDS                                                                  \
    "a=extmap:2 " EXT_RID "\n"                                                \
    "a=rid:a send\na=rid:b send pt=96\na=rid:c send max-fps=30;pt=97,96\n"    \
    "a=rid:d send pt=97\n"
#define H264(pt, mode)                                                        \
    "a=rtpmap:" pt " H264/90000\na=fmtp:" pt " packetization-mode=" mode "\n"


typedef struct {
    const char  *name;
    const char  *offer;
    ngx_uint_t   flags;
    const char  *want;
} row_t;


static const row_t  rows[] = {

    { "OBS", OBS, 0,
      "server | audio 0 opus 111 ssrc 3021940201 stereo"
      " | video 1 h264 96 ssrc 3021940202 mid 1 rid 2 nack pli fir remb" },
    { "OBS, simulcast", OBS_SIMULCAST, 0,
      "server | audio 0 opus 111 ssrc 3021940201 stereo"
      " | video 1 h264 96 [0 1 2] mid 1 rid 2 nack pli fir remb" },
    { "OBS, simulcast not wanted", OBS_SIMULCAST, NGX_WHIP_ANSWER_NO_SIMULCAST,
      "server | audio 0 opus 111 ssrc 3021940201 stereo"
      " | video 1 h264 96 mid 1 rid 2 nack pli fir remb" },
    { "OBS, video alone", OBS_VIDEO, 0,
      "server | video 1 h264 96 ssrc 3021940202 mid 1 rid 2"
      " nack pli fir remb" },
    { "OBS, HEVC", OBS_HEVC, 0,
      "server | audio 0 opus 111 ssrc 3021940201 stereo"
      " | video 1 hevc 96 ssrc 3021940202 mid 1 rid 2 nack pli fir remb" },
    { "OBS, HEVC not wanted", OBS_HEVC, NGX_WHIP_ANSWER_NO_HEVC, NO_VIDEO },
    { "OBS, AV1", OBS_AV1, 0,
      "server | audio 0 opus 111 ssrc 3021940201 stereo"
      " | video 1 av1 96 ssrc 3021940202 mid 1 rid 2 nack pli fir remb" },
    { "OBS, AV1 not wanted", OBS_AV1, NGX_WHIP_ANSWER_NO_AV1, NO_VIDEO },
    { "FFmpeg 8.0, video alone", FFMPEG8, 0,
      "client | video 1 h264 106 ssrc 2600114701 rsize" },
    { "FFmpeg 8.1", FFMPEG81, 0,
      "client | audio 0 opus 111 ssrc 2600114700 stereo"
      " | video 1 h264 106 rtx 105 ssrc 2600114701 2600114702 nack rsize" },
    { "Chromium", CHROMIUM, 0,
      "server | audio 0 opus 111 ssrc 1190447382 mid 4 twcc 3 rsize stereo"
      " | video 1 h264 102 rtx 103 ssrc 3550192846 1047726395"
      " mid 4 rid 10 rrid 11 twcc 3 nack pli fir remb rsize" },
    { "Chromium, simulcast", CHROMIUM_SIMULCAST, 0,
      "server | audio 0 opus 111 ssrc 1190447382 mid 4 twcc 3 rsize stereo"
      " | video 1 h264 102 rtx 103 [q ~h f]"
      " mid 4 rid 10 rrid 11 twcc 3 nack pli fir remb rsize" },
    { "Firefox", FIREFOX, 0,
      "server | audio 0 opus 109 ssrc 1740221906 mid 3 stereo"
      " | video 1 h264 126 rtx 127 ssrc 870254113 3305518642 mid 3 twcc 7"
      " nack pli fir remb rsize" },
    { "GStreamer's webrtcbin", WEBRTCBIN, 0,
      "server | video video0 h264 96 ssrc 1500220011"
      " sprop Z0LAHtkAoD2hAAADAAEAAAMAPI8WLkg=,aMuMsg== pli fir rsize"
      " | audio audio1 OPUS 111 ssrc 610033977 rsize stereo" },
    { "simple-whip-client", SIMPLE_WHIP, 0,
      "server | video video0 h264 96 ssrc 1500220011"
      " sprop Z0LAHtkAoD2hAAADAAEAAAMAPI8WLkg=,aMuMsg== pli fir rsize"
      " | audio audio1 OPUS 111 ssrc 610033977 rsize" },
    { "GStreamer's whipclientsink", WHIPCLIENTSINK, 0,
      "server | video video0 h264 98 rtx 99 ssrc 1122 3344 mid 2 twcc 1"
      " nack pli rsize"
      " | audio audio1 OPUS 96 rtx 100 mid 2 twcc 1 nack rsize stereo" },
    { "libdatachannel", LIBDATACHANNEL, 0,
      "server | video 0 h264 102 rtx 103 ssrc 1111 nack pli remb"
      " | audio 1 opus 111 ssrc 2222 stereo" },
    { "werift", WERIFT, 0,
      "server | video 0 h264 102 ssrc 3911002846 mid 2 nack pli remb"
      " | audio 1 opus 111 ssrc 1400773521 mid 1 stereo" },

    /* video */

    { "VP8 and VP9", VIDEO("96 97") "a=rtpmap:96 VP8/90000\n"
      "a=rtpmap:97 VP9/90000\n", 0, NO_VIDEO },
    { "no rtpmap", VIDEO("96"), 0, NO_VIDEO },
    { "another clock", VIDEO("96") "a=rtpmap:96 H264/48000\n", 0, NO_VIDEO },
    { "H.264 of mode 0 is better than none", VIDEO("96 97")
      "a=rtpmap:96 H265/90000\na=rtpmap:97 H264/90000\n", 0,
      "server | video v h264 97" },
    { "mode 1 is better than mode 0", VIDEO("96 97 98")
      H264("96", "0") H264("97", "1") H264("98", "1"), 0,
      "server | video v h264 97" },
    { "mode 2", VIDEO("96") H264("96", "2"), 0, NO_VIDEO },
    { "names in any case", VIDEO("96") "a=rtpmap:96 h264/90000\n"
      "a=fmtp:96 Profile-Level-Id=42e01f; Packetization-Mode=1\n", 0,
      "server | video v h264 96" },
    { "the m= line has the order", VIDEO("98 97 96")
      H264("96", "1") H264("97", "1") H264("98", "1"), 0,
      "server | video v h264 98" },
    { "H.265 is better than AV1", VIDEO("45 46 47")
      "a=rtpmap:45 AV1/90000\na=rtpmap:46 H265/90000\n"
      "a=rtpmap:47 VP8/90000\n", 0,
      "server | video v hevc 46" },
    { "H.265 in several streams", VIDEO("96") "a=rtpmap:96 H265/90000\n"
      "a=fmtp:96 tx-mode=MRST\n", 0, NO_VIDEO },
    { "H.265 in one stream", VIDEO("96") "a=rtpmap:96 H265/90000\n"
      "a=fmtp:96 tx-mode=SRST;sprop-max-don-diff=0\n", 0,
      "server | video v hevc 96" },
    { "H.265 out of order", VIDEO("96") "a=rtpmap:96 H265/90000\n"
      "a=fmtp:96 sprop-max-don-diff=1\n", 0, NO_VIDEO },
    { "AV1 of profile 1", VIDEO("96") "a=rtpmap:96 AV1/90000\n"
      "a=fmtp:96 profile=1\n", 0, NO_VIDEO },
    { "payload types that look like RTCP", VIDEO("64 72 95 96")
      H264("64", "1") H264("72", "1") H264("95", "1") H264("96", "0"), 0,
      "server | video v h264 96" },
    { "RTX that looks like RTCP", VIDEO("96 70") H264("96", "1")
      "a=rtpmap:70 rtx/90000\na=fmtp:70 apt=96\n", 0,
      "server | video v h264 96" },
    { "RTX of another", VIDEO("96 97") H264("96", "1")
      "a=rtpmap:97 rtx/90000\na=fmtp:97 apt=98\n", 0,
      "server | video v h264 96" },
    { "two videos", OBS_VIDEO "m=video 9 UDP/TLS/RTP/SAVPF 97\na=mid:2\n"
      "a=rtcp-mux\n", 0,
      "422 the media are not in one group BUNDLE" },
    { "two videos, bundled", VIDEO("96") H264("96", "1")
      MORE("video", "a", "97") H264("97", "1"), 0,
      "422 there is more than one audio or more than one video" },
    { "three media", VIDEO("96") H264("96", "1")
      "m=audio 9 UDP/TLS/RTP/SAVPF 97\na=mid:a\na=rtcp-mux\n"
      "a=rtpmap:97 opus/48000/2\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 98\na=mid:b\na=rtcp-mux\n", 0,
      "422 the media are not in one group BUNDLE" },

    /* audio */

    { "Opus alone", AUDIO("111") "a=rtpmap:111 Opus/48000/2\n", 0,
      "server | audio a Opus 111 stereo" },
    { "no Opus", AUDIO("0 8 9") "a=rtpmap:0 PCMU/8000\n"
      "a=rtpmap:8 PCMA/8000\na=rtpmap:9 G722/8000\n", 0, NO_AUDIO },
    { "Opus with one channel", AUDIO("111") "a=rtpmap:111 opus/48000\n", 0,
      NO_AUDIO },
    { "Opus at another rate", AUDIO("111") "a=rtpmap:111 opus/16000/2\n", 0,
      NO_AUDIO },
    { "video without audio that could be taken", VIDEO("96") H264("96", "1")
      MORE("audio", "a", "0"), 0, NO_AUDIO },
    { "mono", AUDIO("111") "a=rtpmap:111 opus/48000/2\n"
      "a=fmtp:111 stereo=0\n", 0, "server | audio a opus 111" },
    { "sends stereo, wants mono", AUDIO("111") "a=rtpmap:111 opus/48000/2\n"
      "a=fmtp:111 stereo=0;sprop-stereo=1\n", 0,
      "server | audio a opus 111 stereo" },
    { "a payload type of both", VIDEO("96") H264("96", "1")
      MORE("audio", "a", "96") "a=rtpmap:96 opus/48000/2\n", 0,
      "422 audio and video have a payload type in common" },
    { "RTX of video is audio", VIDEO("96 97") H264("96", "1")
      "a=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n"
      MORE("audio", "a", "97") "a=rtpmap:97 opus/48000/2\n", 0,
      "422 audio and video have a payload type in common" },
    { "feedback of audio", AUDIO("111") "a=rtpmap:111 opus/48000/2\n"
      "a=rtcp-fb:* nack\na=rtcp-fb:111 nack pli\na=rtcp-fb:111 goog-remb\n", 0,
      "server | audio a opus 111 nack stereo" },

    /* header extensions */

    { "transport-cc without its extension", VIDEO("96") H264("96", "1")
      "a=rtcp-fb:96 transport-cc\n", 0, "server | video v h264 96" },
    { "the extension without transport-cc", VIDEO("96") H264("96", "1")
      "a=extmap:5 " EXT_TWCC "\n", 0, "server | video v h264 96" },
    { "extensions of the session", HEAD "a=extmap:5 " EXT_TWCC "\n"
      "a=extmap:6 " EXT_MID "\n" MORE("video", "v", "96") H264("96", "1")
      "a=extmap:7 " EXT_MID "\na=rtcp-fb:96 transport-cc\n", 0,
      "server | video v h264 96 mid 7 twcc 5" },
    { "extensions with a direction", VIDEO("96") H264("96", "1")
      "a=extmap:1/sendonly " EXT_MID "\na=extmap:2/recvonly " EXT_RID "\n"
      "a=extmap:3/inactive " EXT_RRID "\na=extmap:4/sendrecv " EXT_TWCC "\n"
      "a=rtcp-fb:* transport-cc\n", 0,
      "server | video v h264 96 mid 1 twcc 4" },
    { "one id for two extensions", VIDEO("96") H264("96", "1")
      "a=extmap:1 " EXT_MID "\na=extmap:1 " EXT_RID "\n", 0,
      "server | video v h264 96 mid 1" },

    /* simulcast */

    { "layers", VIDEO("96 97") H264("96", "1") RIDS
      "a=simulcast:send b;a\n", 0,
      "server | video v h264 96 [b a] rid 2" },
    { "alternatives", VIDEO("96 97") H264("96", "1") RIDS
      "a=simulcast:send ~d,c,a;~b,a\n", 0,
      "server | video v h264 96 [c ~b] rid 2" },
    { "another payload type", VIDEO("96 97") H264("96", "1") RIDS
      "a=simulcast:send a;d\n", 0,
      "server | video v h264 96 [a] rid 2" },
    { "no such rids, and one twice", VIDEO("96 97") H264("96", "1") RIDS
      "a=simulcast:send x;;a;~;a;b\n", 0,
      "server | video v h264 96 [a b] rid 2" },
    { "rids without simulcast", VIDEO("96 97") H264("96", "1") RIDS, 0,
      "server | video v h264 96 rid 2" },
    { "simulcast without its extension", VIDEO("96") H264("96", "1")
      "a=rid:a send\na=rid:b send\na=simulcast:send a;b\n", 0,
      "server | video v h264 96" },
    { "simulcast of audio", AUDIO("111") "a=rtpmap:111 opus/48000/2\n"
      "a=extmap:2 " EXT_RID "\na=rid:a send\na=simulcast:send a\n", 0,
      "server | audio a opus 111 rid 2 stereo" },

    { NULL, NULL, 0, NULL }
};


/* ours */

static ngx_whip_candidate_t  candidates[] = {
    { ngx_string("203.0.113.7"), 8189, 0, 1 },
    { ngx_string("2001:db8::7"), 8189, 2, 0 },
    { ngx_string("203.0.113.7"), 8189, 0, 0 },
    { ngx_string("198.51.100.7"), 18189, 1, 0 },
    { ngx_string("2001:db8::7"), 8189, 2, 1 }
};

static ngx_whip_local_t  local = {
    ngx_string("8712305512345678901"),
    ngx_string("ourUfrag"),
    ngx_string("ourPasswordOf32CharactersInAll00"),
    { 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88,
      0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00,
      0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78,
      0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0 },
    candidates,
    5
};


#define A_HEAD                                                                \
    "v=0\n"                                                                   \
    "o=- 8712305512345678901 1 IN IP4 0.0.0.0\n"                              \
    "s=-\n"                                                                   \
    "t=0 0\n"

#define A_ICE                                                                 \
    "a=ice-lite\n"                                                            \
    "a=ice-options:ice2 trickle\n"

#define A_DTLS(setup)                                                         \
    "a=recvonly\n"                                                            \
    "a=ice-ufrag:ourUfrag\n"                                                  \
    "a=ice-pwd:ourPasswordOf32CharactersInAll00\n"                            \
    "a=fingerprint:sha-256 FF:EE:DD:CC:BB:AA:99:88:77:66:55:44:33:22:11:00:"  \
        "0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0\n"                   \
    "a=setup:" setup "\n"                                                     \
    "a=rtcp-mux\n"

#define A_CANDIDATES                                                          \
    "a=candidate:3 1 udp 2130706431 203.0.113.7 8189 typ host\n"              \
    "a=candidate:4 1 udp 2130706175 198.51.100.7 18189 typ host\n"            \
    "a=candidate:2 1 udp 2130705919 2001:db8::7 8189 typ host\n"              \
    "a=candidate:1 1 tcp 1671430143 203.0.113.7 8189 typ host "               \
        "tcptype passive\n"                                                   \
    "a=candidate:5 1 tcp 1671429631 2001:db8::7 8189 typ host "               \
        "tcptype passive\n"                                                   \
    "a=end-of-candidates\n"

#define A_OPUS                                                                \
    "a=rtpmap:111 opus/48000/2\n"                                             \
    "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;usedtx=0\n"

#define A_OBS                                                                 \
    A_HEAD                                                                    \
    "a=group:BUNDLE 0 1\n"                                                    \
    A_ICE                                                                     \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"                                       \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=mid:0\n"                                                               \
    A_DTLS("passive")                                                         \
    A_OPUS                                                                    \
    A_CANDIDATES                                                              \
    "m=video 9 UDP/TLS/RTP/SAVPF 96\n"                                        \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=mid:1\n"                                                               \
    A_DTLS("passive")

#define A_OBS_FEEDBACK                                                        \
    "a=rtcp-fb:96 nack\n"                                                     \
    "a=rtcp-fb:96 nack pli\n"                                                 \
    "a=rtcp-fb:96 ccm fir\n"                                                  \
    "a=rtcp-fb:96 goog-remb\n"                                                \
    "a=extmap:1 " EXT_MID "\n"                                                \
    "a=extmap:2 " EXT_RID "\n"


static const row_t  answers[] = {

    { "OBS, simulcast", OBS_SIMULCAST, 0,
      A_OBS
      "a=rtpmap:96 H264/90000\n"
      "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;"
          "profile-level-id=42e034\n"
      A_OBS_FEEDBACK
      "a=rid:0 recv\n"
      "a=rid:1 recv\n"
      "a=rid:2 recv\n"
      "a=simulcast:recv 0;1;2\n" },

    { "OBS, one layer", OBS, 0,
      A_OBS
      "a=rtpmap:96 H264/90000\n"
      "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;"
          "profile-level-id=42e034\n"
      A_OBS_FEEDBACK },

    { "OBS, HEVC", OBS_HEVC, 0,
      A_OBS
      "a=rtpmap:96 H265/90000\n"
      A_OBS_FEEDBACK },

    { "FFmpeg 8.0, video alone", FFMPEG8, 0,
      A_HEAD
      "a=group:BUNDLE 1\n"
      "a=extmap-allow-mixed\n"
      A_ICE
      "m=video 9 UDP/TLS/RTP/SAVPF 106\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:1\n"
      A_DTLS("active")
      "a=rtcp-rsize\n"
      "a=rtpmap:106 H264/90000\n"
      "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;"
          "profile-level-id=422401f\n"
      A_CANDIDATES },

    { "FFmpeg 8.1", FFMPEG81, 0,
      A_HEAD
      "a=group:BUNDLE 0 1\n"
      "a=extmap-allow-mixed\n"
      A_ICE
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:0\n"
      A_DTLS("active")
      A_OPUS
      A_CANDIDATES
      "m=video 9 UDP/TLS/RTP/SAVPF 106 105\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:1\n"
      A_DTLS("active")
      "a=rtcp-rsize\n"
      "a=rtpmap:106 H264/90000\n"
      "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;"
          "profile-level-id=424034\n"
      "a=rtcp-fb:106 nack\n"
      "a=rtpmap:105 rtx/90000\n"
      "a=fmtp:105 apt=106\n" },

    { "Chromium, simulcast", CHROMIUM_SIMULCAST, 0,
      A_HEAD
      "a=group:BUNDLE 0 1\n"
      "a=extmap-allow-mixed\n"
      A_ICE
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:0\n"
      A_DTLS("passive")
      "a=rtcp-rsize\n"
      A_OPUS
      "a=rtcp-fb:111 transport-cc\n"
      "a=extmap:4 " EXT_MID "\n"
      "a=extmap:3 " EXT_TWCC "\n"
      A_CANDIDATES
      "m=video 9 UDP/TLS/RTP/SAVPF 102 103\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:1\n"
      A_DTLS("passive")
      "a=rtcp-rsize\n"
      "a=rtpmap:102 H264/90000\n"
      "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;"
          "profile-level-id=420034\n"
      "a=rtcp-fb:102 nack\n"
      "a=rtcp-fb:102 nack pli\n"
      "a=rtcp-fb:102 ccm fir\n"
      "a=rtcp-fb:102 goog-remb\n"
      "a=rtcp-fb:102 transport-cc\n"
      "a=rtpmap:103 rtx/90000\n"
      "a=fmtp:103 apt=102\n"
      "a=extmap:4 " EXT_MID "\n"
      "a=extmap:10 " EXT_RID "\n"
      "a=extmap:11 " EXT_RRID "\n"
      "a=extmap:3 " EXT_TWCC "\n"
      "a=rid:q recv\n"
      "a=rid:h recv\n"
      "a=rid:f recv\n"
      "a=simulcast:recv q;~h;f\n" },

    { "simple-whip-client", SIMPLE_WHIP, 0,
      A_HEAD
      "a=group:BUNDLE video0 audio1\n"
      A_ICE
      "m=video 9 UDP/TLS/RTP/SAVPF 96\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:video0\n"
      A_DTLS("passive")
      "a=rtcp-mux-only\n"
      "a=rtcp-rsize\n"
      "a=rtpmap:96 H264/90000\n"
      "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;"
          "profile-level-id=42c034\n"
      "a=rtcp-fb:96 nack pli\n"
      "a=rtcp-fb:96 ccm fir\n"
      A_CANDIDATES
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:audio1\n"
      A_DTLS("passive")
      "a=rtcp-mux-only\n"
      "a=rtcp-rsize\n"
      "a=rtpmap:111 OPUS/48000/2\n"
      "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=0\n" },

    { "no group, no mid, mixed extensions of the media",
      "v=0\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
      "a=fingerprint:sha-256 " SHA256 "\na=setup:active\n"
      "m=video 9 TCP/DTLS/RTP/SAVPF 96\na=rtcp-mux\na=extmap-allow-mixed\n"
      "a=rtpmap:96 h265/90000\na=extmap:17/sendrecv " EXT_MID "\n"
      "a=fmtp:96 sprop-vps=AAAA;level-id=93;tier-flag=0;profile-id=1;"
      "tx-mode=SRST\n", 0,
      A_HEAD
      A_ICE
      "m=video 9 TCP/DTLS/RTP/SAVPF 96\n"
      "c=IN IP4 0.0.0.0\n"
      A_DTLS("passive")
      "a=extmap-allow-mixed\n"
      "a=rtpmap:96 h265/90000\n"
      "a=fmtp:96 level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST\n"
      "a=extmap:17/recvonly " EXT_MID "\n"
      A_CANDIDATES },

    { "the group's order", HEAD "m=video 9 UDP/TLS/RTP/SAVPF 45\n"
      "a=mid:v\na=rtcp-mux\na=rtpmap:45 AV1/90000\n"
      "a=fmtp:45 level-idx=5;profile=0;tier=0;x=y\n"
      MORE("audio", "a", "96") "a=rtpmap:96 opus/48000/2\n", 0,
      A_HEAD
      "a=group:BUNDLE a v\n"
      A_ICE
      "m=video 9 UDP/TLS/RTP/SAVPF 45\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:v\n"
      A_DTLS("passive")
      "a=rtpmap:45 AV1/90000\n"
      "a=fmtp:45 level-idx=5;profile=0;tier=0\n"
      A_CANDIDATES
      "m=audio 9 UDP/TLS/RTP/SAVPF 96\n"
      "c=IN IP4 0.0.0.0\n"
      "a=mid:a\n"
      A_DTLS("passive")
      "a=rtpmap:96 opus/48000/2\n"
      "a=fmtp:96 minptime=10;useinbandfec=1;stereo=1;usedtx=0\n" },

    { NULL, NULL, 0, NULL }
};


/* of one H.264: the offered parameters, the answered ones */

static const char  *levels[][2] = {
    { "packetization-mode=1;profile-level-id=42e01f",
      "packetization-mode=1;profile-level-id=42e01f" },
    { "level-asymmetry-allowed=0;packetization-mode=1;profile-level-id=42e01f",
      "level-asymmetry-allowed=0;packetization-mode=1;"
      "profile-level-id=42e01f" },
    { "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640C33",
      "level-asymmetry-allowed=1;packetization-mode=1;"
      "profile-level-id=640C34" },
    { "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64003d",
      "level-asymmetry-allowed=1;packetization-mode=1;"
      "profile-level-id=64003d" },
    { "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e0xy",
      "level-asymmetry-allowed=1;packetization-mode=1;"
      "profile-level-id=42e0xy" },
    { "packetization-mode=1; profile-level-id=42 e0",
      "packetization-mode=1" },
    { "packetization-mode=1;profile-level-id=0123456789abcdef0",
      "packetization-mode=1" },
    { "packetization-mode=1;profile-level-id=",
      "packetization-mode=1" },
    { NULL, NULL }
};


static size_t
describe_media(ngx_whip_media_t *m, ngx_whip_sdp_media_t *media, char *text,
    size_t size)
{
    size_t                  n;
    ngx_uint_t              i;
    ngx_whip_sdp_format_t  *format;

    static const char  *codecs[] = { "none", "h264", "hevc", "av1" };

    n = snprintf(text, size, " | %s %.*s ",
                 m->kind == NGX_WHIP_VIDEO ? "video" : "audio",
                 (int) m->mid.len, m->mid.data);

    if (m->codec == NGX_WHIP_OPUS) {
        format = ngx_whip_sdp_format(media, m->pt);
        n += snprintf(text + n, size - n, "%.*s", (int) format->name.len,
                      format->name.data);

    } else {
        n += snprintf(text + n, size - n, "%s", codecs[m->codec]);
    }

    n += snprintf(text + n, size - n, " %d", (int) m->pt);

    if (m->rtx_pt != -1) {
        n += snprintf(text + n, size - n, " rtx %d", (int) m->rtx_pt);
    }

    if (m->ssrc) {
        n += snprintf(text + n, size - n, " ssrc %u", m->ssrc);
    }

    if (m->rtx_ssrc) {
        n += snprintf(text + n, size - n, " %u", m->rtx_ssrc);
    }

    if (m->sprop.len) {
        n += snprintf(text + n, size - n, " sprop %.*s", (int) m->sprop.len,
                      m->sprop.data);
    }

    for (i = 0; i < m->nrids; i++) {
        n += snprintf(text + n, size - n, "%s%s%.*s%s", i ? " " : " [",
                      (m->paused >> i & 1) ? "~" : "",
                      (int) m->rids[i].len, m->rids[i].data,
                      i + 1 == m->nrids ? "]" : "");
    }

    if (m->ext_mid) {
        n += snprintf(text + n, size - n, " mid %d", (int) m->ext_mid);
    }

    if (m->ext_rid) {
        n += snprintf(text + n, size - n, " rid %d", (int) m->ext_rid);
    }

    if (m->ext_rrid) {
        n += snprintf(text + n, size - n, " rrid %d", (int) m->ext_rrid);
    }

    if (m->twcc) {
        n += snprintf(text + n, size - n, " twcc %d", (int) m->ext_twcc);
    }

    n += snprintf(text + n, size - n, "%s%s%s%s%s%s",
                  m->nack ? " nack" : "", m->pli ? " pli" : "",
                  m->fir ? " fir" : "", m->remb ? " remb" : "",
                  m->rsize ? " rsize" : "", m->stereo ? " stereo" : "");

    return n;
}


static ngx_int_t
choose(ngx_whip_answer_t *a, ngx_whip_sdp_t *sdp, u_char *p, size_t len,
    ngx_uint_t flags, const char **why)
{
    ngx_int_t  rc;

    rc = ngx_whip_sdp_parse(sdp, p, p + len, why);

    if (rc == NGX_OK) {
        rc = ngx_whip_answer_choose(a, sdp, flags, why);
    }

    return rc;
}


static void
test_choose(void)
{
    char                text[2048];
    size_t              len, n;
    u_char             *p;
    ngx_int_t           rc;
    ngx_uint_t          i;
    const char         *why;
    const row_t        *row;
    ngx_whip_sdp_t      sdp;
    ngx_whip_answer_t   a;

    for (row = rows; row->name; row++) {

        p = whip_text(row->offer, 1, &len);
        rc = choose(&a, &sdp, p, len, row->flags, &why);

        if (rc == NGX_OK) {
            n = snprintf(text, sizeof(text), "%s",
                         a.dtls_client ? "client" : "server");

            for (i = 0; i < a.nmedia; i++) {
                n += describe_media(&a.media[i], &sdp.media[i], text + n,
                                    sizeof(text) - n);
            }

        } else {
            snprintf(text, sizeof(text), "%d %s",
                     rc == NGX_DECLINED ? 422 : 400, why);
        }

        tap_is_text(text, row->want, row->name);

        free(p);
    }
}


static void
test_transport(void)
{
    size_t              len;
    u_char             *p;
    const char         *why;
    ngx_whip_sdp_t      sdp;
    ngx_whip_answer_t   a;

    p = whip_text(FIREFOX, 1, &len);

    tap_is(choose(&a, &sdp, p, len, 0, &why), NGX_OK, "a transport");
    tap_ok(ngx_whip_line_is(&a.ufrag, "9d1e5a70"), "its name");
    tap_ok(ngx_whip_line_is(&a.pwd, "2bb7d3a1c0a6eeb39e4ef53d0c1e6b39"),
           "its password");
    tap_is(a.nfingerprints, 1, "its fingerprints");
    tap_is(a.fingerprints[0].algorithm, NGX_WHIP_SHA256, "the hash");
    tap_is(a.fingerprints[0].len, 32, "its size");
    tap_is(a.fingerprints[0].digest[31], 0x0f, "the last byte");

    free(p);
}


/* what all answers have in common */

static void
check(u_char *p, u_char *end, ngx_uint_t nmedia, const char *name)
{
    char              text[256];
    u_char           *c;
    ngx_int_t         rc;
    ngx_uint_t        n, bare;
    const char       *why;
    ngx_whip_line_t   line;

    for (bare = 0, c = p; c < end; c++) {
        bare += (*c == '\n' && c[-1] != '\r')
                || (*c == '\r' && (c + 1 == end || c[1] != '\n'));
    }

    snprintf(text, sizeof(text), "%s: CRLF alone", name);
    tap_ok(bare == 0 && end[-1] == '\n', text);

    ngx_whip_line_init(&line, p, end);

    for (n = 0; (rc = ngx_whip_line_next(&line, &why)) == NGX_OK; ) {
        n += (line.type == 'm');
    }

    snprintf(text, sizeof(text), "%s: lines", name);
    tap_is(rc, NGX_DONE, text);

    snprintf(text, sizeof(text), "%s: media", name);
    tap_is(n, nmedia, text);
}


/* in a buffer of any size it is whole or not there */

static ngx_uint_t
fits(ngx_whip_answer_t *a, ngx_whip_sdp_t *sdp, size_t len)
{
    size_t   n;
    u_char  *buf, *end;

    for (n = 0; n <= len; n++) {

        buf = malloc(n ? n : 1);
        if (buf == NULL) {
            exit(2);
        }

        end = ngx_whip_answer_write(buf, buf + n, a, sdp, &local);

        free(buf);

        if ((end != NULL) != (n == len)) {
            return 0;
        }
    }

    return 1;
}


static void
test_write(void)
{
    char                name[256];
    size_t              len, total;
    u_char             *p, *end, *want, buf[16384];
    const char         *why;
    const row_t        *row;
    ngx_whip_sdp_t      sdp;
    ngx_whip_answer_t   a;

    for (row = answers; row->name; row++) {

        snprintf(name, sizeof(name), "%s: answer", row->name);

        p = whip_text(row->offer, 1, &len);

        if (choose(&a, &sdp, p, len, row->flags, &why) != NGX_OK) {
            tap_is_text(why, "accepted", name);
            free(p);
            continue;
        }

        memset(buf, 0, sizeof(buf));
        end = ngx_whip_answer_write(buf, buf + sizeof(buf) - 1, &a, &sdp,
                                    &local);

        want = whip_text(row->want, 1, &total);

        if (!tap_ok(end == buf + total && memcmp(buf, want, total) == 0, name))
        {
            printf("# got:\n%s# want:\n%.*s", buf, (int) total, want);
        }

        check(buf, end, a.nmedia, row->name);

        snprintf(name, sizeof(name), "%s: buffers of any size", row->name);
        tap_ok(fits(&a, &sdp, total), name);

        free(want);
        free(p);
    }
}


static void
test_levels(void)
{
    char                offer[1024], want[256];
    size_t              len;
    u_char             *p, *end, *line, buf[8192];
    ngx_uint_t          i;
    const char         *why;
    ngx_whip_sdp_t      sdp;
    ngx_whip_answer_t   a;

    for (i = 0; levels[i][0]; i++) {

        snprintf(offer, sizeof(offer),
                 VIDEO("96") "a=rtpmap:96 H264/90000\na=fmtp:96 %s\n",
                 levels[i][0]);
        snprintf(want, sizeof(want), "a=fmtp:96 %s\r\n", levels[i][1]);

        p = whip_text(offer, 1, &len);

        tap_is(choose(&a, &sdp, p, len, 0, &why), NGX_OK, levels[i][0]);

        end = ngx_whip_answer_write(buf, buf + sizeof(buf) - 1, &a, &sdp,
                                    &local);
        *end = '\0';

        line = (u_char *) strstr((char *) buf, "a=fmtp:");
        line[strcspn((char *) line, "\n") + 1] = '\0';

        tap_is_text((char *) line, want, "the answer");

        free(p);
    }
}


/* the largest that can be asked for is well below what FFmpeg reads */

static void
test_size(void)
{
    size_t                 len;
    u_char                *p, *end, buf[16384];
    ngx_uint_t             i;
    const char            *why;
    ngx_whip_sdp_t         sdp;
    ngx_whip_local_t       big;
    ngx_whip_answer_t      a;
    ngx_whip_candidate_t   many[96];

    p = whip_text(CHROMIUM_SIMULCAST, 1, &len);

    tap_is(choose(&a, &sdp, p, len, 0, &why), NGX_OK, "a large offer");

    for (i = 0; i < 96; i++) {
        ngx_str_set(&many[i].address, "2001:db8:1111:2222:3333:4444:5555:6666");
        many[i].port = 65535;
        many[i].priority = i;
        many[i].tcp = i & 1;
    }

    big = local;
    big.candidates = many;
    big.ncandidates = 32;

    end = ngx_whip_answer_write(buf, buf + sizeof(buf), &a, &sdp, &big);
    tap_ok(end && end - buf < 8192, "32 long candidates");

    big.ncandidates = 96;
    end = ngx_whip_answer_write(buf, buf + sizeof(buf), &a, &sdp, &big);
    tap_ok(end == NULL, "96 long candidates are too many");

    big.ncandidates = 0;
    end = ngx_whip_answer_write(buf, buf + sizeof(buf), &a, &sdp, &big);
    tap_ok(end != NULL, "none");

    free(p);
}


static void
test_candidates(void)
{
    char                  text[512];
    ngx_whip_text_t       out;
    ngx_whip_local_t      far;

    static ngx_whip_candidate_t  last[] = {
        { ngx_string("192.0.2.1"), 1, 1000000, 0 },
        { ngx_string("192.0.2.1"), 65535, 1000000, 1 }
    };

    far = local;
    far.candidates = last;
    far.ncandidates = 2;

    ngx_whip_text_init(&out, (u_char *) text, (u_char *) text + 511);
    ngx_whip_answer_candidates(&out, &far);
    *out.pos = '\0';

    tap_is_text(text,
                "a=candidate:1 1 udp 2113929471 192.0.2.1 1 typ host\r\n"
                "a=candidate:2 1 tcp 1669333247 192.0.2.1 65535 typ host "
                "tcptype passive\r\n"
                "a=end-of-candidates\r\n",
                "the last preferences");
}


int
main(void)
{
    test_choose();
    test_transport();
    test_write();
    test_levels();
    test_size();
    test_candidates();

    return tap_done();
}
