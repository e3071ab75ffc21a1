
/*
 * Copyright (C) the ngx_live contributors
 *
 * Offers of the shape that WHIP clients give theirs; addresses, names and keys
 * are made up.  Lines end in LF here, the tests make CRLF of it as well.
 */


#ifndef _WHIP_OFFERS_H_INCLUDED_
#define _WHIP_OFFERS_H_INCLUDED_


#define SHA256                                                                \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                        \
    "F0:E1:D2:C3:B4:A5:96:87:78:69:5A:4B:3C:2D:1E:0F"

#define EXT_MID   "urn:ietf:params:rtp-hdrext:sdes:mid"
#define EXT_RID   "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define EXT_RRID  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
#define EXT_TWCC                                                              \
    "http://www.ietf.org/id/"                                                 \
    "draft-holmer-rmcat-transport-wide-cc-extensions-01"


/* OBS 30 and later: libdatachannel; it gathers after the answer */

#define OBS_HEAD(mids)                                                        \
    "v=0\n"                                                                   \
    "o=rtc 2906481227 0 IN IP4 127.0.0.1\n"                                   \
    "s=-\n"                                                                   \
    "t=0 0\n"                                                                 \
    "a=group:BUNDLE " mids "\n"                                               \
    "a=group:LS " mids "\n"                                                   \
    "a=msid-semantic:WMS *\n"                                                 \
    "a=ice-options:ice2,trickle\n"                                            \
    "a=fingerprint:sha-256 " SHA256 "\n"

#define OBS_ICE                                                               \
    "a=setup:actpass\n"                                                       \
    "a=ice-ufrag:oBs1\n"                                                      \
    "a=ice-pwd:obsPasswordOf22Chars01\n"

#define OBS_AUDIO                                                             \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"                                       \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=mid:0\n"                                                               \
    "a=sendonly\n"                                                            \
    "a=ssrc:3021940201 cname:s8FkQm2vZ1Yt7LpR\n"                              \
    "a=ssrc:3021940201 msid:s8FkQm2vZ1Yt7LpR s8FkQm2vZ1Yt7LpR-audio\n"        \
    "a=msid:s8FkQm2vZ1Yt7LpR s8FkQm2vZ1Yt7LpR-audio\n"                        \
    "a=rtcp-mux\n"                                                            \
    "a=rtpmap:111 opus/48000/2\n"                                             \
    "a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;"                \
        "sprop-stereo=1;useinbandfec=1\n"                                     \
    OBS_ICE

#define OBS_VIDEO_HEAD                                                        \
    "m=video 9 UDP/TLS/RTP/SAVPF 96\n"                                        \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=mid:1\n"                                                               \
    "a=extmap:1 " EXT_MID "\n"                                                \
    "a=extmap:2 " EXT_RID "\n"                                                \
    "a=sendonly\n"

#define OBS_VIDEO_TAIL(rtpmap)                                                \
    "a=msid:s8FkQm2vZ1Yt7LpR s8FkQm2vZ1Yt7LpR-video\n"                        \
    "a=rtcp-mux\n"                                                            \
    "a=rtpmap:96 " rtpmap "\n"                                                \
    "a=rtcp-fb:96 nack\n"                                                     \
    "a=rtcp-fb:96 nack pli\n"                                                 \
    "a=rtcp-fb:96 ccm fir\n"                                                  \
    "a=rtcp-fb:96 goog-remb\n"

#define OBS_SSRC                                                              \
    "a=ssrc:3021940202 cname:s8FkQm2vZ1Yt7LpR\n"                              \
    "a=ssrc:3021940202 msid:s8FkQm2vZ1Yt7LpR s8FkQm2vZ1Yt7LpR-video\n"

#define OBS_H264                                                              \
    "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;"                 \
        "level-asymmetry-allowed=1\n"

#define OBS                                                                   \
    OBS_HEAD("0 1") OBS_AUDIO                                                 \
    OBS_VIDEO_HEAD OBS_SSRC OBS_VIDEO_TAIL("H264/90000") OBS_H264 OBS_ICE

#define OBS_SIMULCAST                                                         \
    OBS_HEAD("0 1") OBS_AUDIO                                                 \
    OBS_VIDEO_HEAD                                                            \
    "a=rid:0 send\n"                                                          \
    "a=rid:1 send\n"                                                          \
    "a=rid:2 send\n"                                                          \
    "a=simulcast:send 0;1;2\n"                                                \
    OBS_VIDEO_TAIL("H264/90000") OBS_H264 OBS_ICE

#define OBS_VIDEO                                                             \
    OBS_HEAD("1")                                                             \
    OBS_VIDEO_HEAD OBS_SSRC OBS_VIDEO_TAIL("H264/90000") OBS_H264 OBS_ICE

#define OBS_HEVC                                                              \
    OBS_HEAD("0 1") OBS_AUDIO                                                 \
    OBS_VIDEO_HEAD OBS_SSRC OBS_VIDEO_TAIL("H265/90000") OBS_ICE

#define OBS_AV1                                                               \
    OBS_HEAD("0 1") OBS_AUDIO                                                 \
    OBS_VIDEO_HEAD OBS_SSRC OBS_VIDEO_TAIL("AV1/90000") OBS_ICE


/* FFmpeg's whip muxer: a DTLS server with one socket */

#define FFMPEG_HEAD                                                           \
    "v=0\n"                                                                   \
    "o=FFmpeg 7310225518846029417 2 IN IP4 127.0.0.1\n"                       \
    "s=FFmpegPublishSession\n"                                                \
    "t=0 0\n"                                                                 \
    "a=group:BUNDLE 0 1\n"                                                    \
    "a=extmap-allow-mixed\n"                                                  \
    "a=msid-semantic: WMS\n"

#define FFMPEG_ICE                                                            \
    "a=ice-ufrag:5e8a90c3\n"                                                  \
    "a=ice-pwd:90b4f1d27ac3586e10fe4b97d2a8c635\n"                            \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=setup:passive\n"

/* 8.0, video alone: the group names what is not there, a digit too many */

#define FFMPEG8                                                               \
    FFMPEG_HEAD                                                               \
    "m=video 9 UDP/TLS/RTP/SAVPF 106\n"                                       \
    "c=IN IP4 0.0.0.0\n"                                                      \
    FFMPEG_ICE                                                                \
    "a=mid:1\n"                                                               \
    "a=sendonly\n"                                                            \
    "a=msid:FFmpeg video\n"                                                   \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=rtpmap:106 H264/90000\n"                                               \
    "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;"              \
        "profile-level-id=422401f\n"                                          \
    "a=ssrc:2600114701 cname:FFmpeg\n"                                        \
    "a=ssrc:2600114701 msid:FFmpeg video\n"

/* 8.1 */

#define FFMPEG81                                                              \
    FFMPEG_HEAD                                                               \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"                                       \
    "c=IN IP4 0.0.0.0\n"                                                      \
    FFMPEG_ICE                                                                \
    "a=mid:0\n"                                                               \
    "a=sendonly\n"                                                            \
    "a=msid:FFmpeg audio\n"                                                   \
    "a=rtcp-mux\n"                                                            \
    "a=rtpmap:111 opus/48000/2\n"                                             \
    "a=ssrc:2600114700 cname:FFmpeg\n"                                        \
    "a=ssrc:2600114700 msid:FFmpeg audio\n"                                   \
    "m=video 9 UDP/TLS/RTP/SAVPF 106 105\n"                                   \
    "c=IN IP4 0.0.0.0\n"                                                      \
    FFMPEG_ICE                                                                \
    "a=mid:1\n"                                                               \
    "a=sendonly\n"                                                            \
    "a=msid:FFmpeg video\n"                                                   \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=rtpmap:106 H264/90000\n"                                               \
    "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;"              \
        "profile-level-id=42401e\n"                                           \
    "a=rtcp-fb:106 nack\n"                                                    \
    "a=rtpmap:105 rtx/90000\n"                                                \
    "a=fmtp:105 apt=106\n"                                                    \
    "a=ssrc-group:FID 2600114701 2600114702\n"                                \
    "a=ssrc:2600114701 cname:FFmpeg\n"                                        \
    "a=ssrc:2600114701 msid:FFmpeg video\n"


/* Chromium; some of its many payload types left out */

#define CHROMIUM_HEAD                                                         \
    "v=0\n"                                                                   \
    "o=- 4028165093377120554 2 IN IP4 127.0.0.1\n"                            \
    "s=-\n"                                                                   \
    "t=0 0\n"                                                                 \
    "a=group:BUNDLE 0 1\n"                                                    \
    "a=extmap-allow-mixed\n"                                                  \
    "a=msid-semantic: WMS 1b0e44c7-93a2-4f58-8d16-70c2be95fa31\n"

#define CHROMIUM_ICE                                                          \
    "a=ice-ufrag:Kp3x\n"                                                      \
    "a=ice-pwd:u7TgQ0nVbY5kLs2eWm9cXd4R\n"                                    \
    "a=ice-options:trickle\n"                                                 \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=setup:actpass\n"

#define CHROMIUM_AUDIO                                                        \
    "m=audio 51240 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\n"               \
    "c=IN IP4 192.0.2.2\n"                                                    \
    "a=rtcp:9 IN IP4 0.0.0.0\n"                                               \
    "a=candidate:118402337 1 udp 2122260223 192.0.2.2 51240 typ host "        \
        "generation 0 network-id 1\n"                                         \
    "a=candidate:33 1 udp 2122194687 "                                        \
        "0c1e2f3a-6b5d-4a79-8c1d-9e0fa1b2c3d4.local 51241 typ host "          \
        "generation 0 network-id 2\n"                                         \
    "a=candidate:2750931186 1 tcp 1518280447 192.0.2.2 9 typ host "           \
        "tcptype active generation 0 network-id 1\n"                          \
    CHROMIUM_ICE                                                              \
    "a=mid:0\n"                                                               \
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\n"                \
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/"                \
        "abs-send-time\n"                                                     \
    "a=extmap:3 " EXT_TWCC "\n"                                               \
    "a=extmap:4 " EXT_MID "\n"                                                \
    "a=sendonly\n"                                                            \
    "a=msid:1b0e44c7-93a2-4f58-8d16-70c2be95fa31 c4d7e2b0-16fa\n"             \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=rtcp-xr:rcvr-rtt=all\n"                                                \
    "a=rtpmap:111 opus/48000/2\n"                                             \
    "a=rtcp-fb:111 transport-cc\n"                                            \
    "a=fmtp:111 minptime=10;useinbandfec=1\n"                                 \
    "a=rtpmap:63 red/48000/2\n"                                               \
    "a=fmtp:63 111/111\n"                                                     \
    "a=rtpmap:9 G722/8000\n"                                                  \
    "a=rtpmap:0 PCMU/8000\n"                                                  \
    "a=rtpmap:8 PCMA/8000\n"                                                  \
    "a=rtpmap:13 CN/8000\n"                                                   \
    "a=rtpmap:110 telephone-event/48000\n"                                    \
    "a=rtpmap:126 telephone-event/8000\n"                                     \
    "a=ssrc:1190447382 cname:Qe4/zT8mKd1wYr+H\n"

#define CHROMIUM_FB(pt)                                                       \
    "a=rtcp-fb:" pt " goog-remb\n"                                            \
    "a=rtcp-fb:" pt " transport-cc\n"                                         \
    "a=rtcp-fb:" pt " ccm fir\n"                                              \
    "a=rtcp-fb:" pt " nack\n"                                                 \
    "a=rtcp-fb:" pt " nack pli\n"

#define CHROMIUM_VIDEO                                                        \
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 104 107 102 103 108 109 45 46 118\n"   \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=rtcp:9 IN IP4 0.0.0.0\n"                                               \
    CHROMIUM_ICE                                                              \
    "a=mid:1\n"                                                               \
    "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset\n"                        \
    "a=extmap:13 urn:3gpp:video-orientation\n"                                \
    "a=extmap:3 " EXT_TWCC "\n"                                               \
    "a=extmap:4 " EXT_MID "\n"                                                \
    "a=extmap:10 " EXT_RID "\n"                                               \
    "a=extmap:11 " EXT_RRID "\n"                                              \
    "a=sendonly\n"                                                            \
    "a=msid:1b0e44c7-93a2-4f58-8d16-70c2be95fa31 e90a3b7d-52c8\n"             \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=rtpmap:96 VP8/90000\n"                                                 \
    CHROMIUM_FB("96")                                                         \
    "a=rtpmap:97 rtx/90000\n"                                                 \
    "a=fmtp:97 apt=96\n"                                                      \
    "a=rtpmap:104 H264/90000\n"                                               \
    "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;"              \
        "profile-level-id=42001f\n"                                           \
    "a=rtpmap:107 rtx/90000\n"                                                \
    "a=fmtp:107 apt=104\n"                                                    \
    "a=rtpmap:102 H264/90000\n"                                               \
    CHROMIUM_FB("102")                                                        \
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;"              \
        "profile-level-id=42001f\n"                                           \
    "a=rtpmap:103 rtx/90000\n"                                                \
    "a=fmtp:103 apt=102\n"                                                    \
    "a=rtpmap:108 H264/90000\n"                                               \
    "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;"              \
        "profile-level-id=42e01f\n"                                           \
    "a=rtpmap:109 rtx/90000\n"                                                \
    "a=fmtp:109 apt=108\n"                                                    \
    "a=rtpmap:45 AV1/90000\n"                                                 \
    "a=fmtp:45 level-idx=5;profile=0;tier=0\n"                                \
    "a=rtpmap:46 rtx/90000\n"                                                 \
    "a=fmtp:46 apt=45\n"                                                      \
    "a=rtpmap:118 red/90000\n"

#define CHROMIUM                                                              \
    CHROMIUM_HEAD CHROMIUM_AUDIO CHROMIUM_VIDEO                               \
    "a=ssrc-group:FID 3550192846 1047726395\n"                                \
    "a=ssrc:3550192846 cname:Qe4/zT8mKd1wYr+H\n"                              \
    "a=ssrc:1047726395 cname:Qe4/zT8mKd1wYr+H\n"

#define CHROMIUM_SIMULCAST                                                    \
    CHROMIUM_HEAD CHROMIUM_AUDIO CHROMIUM_VIDEO                               \
    "a=rid:q send\n"                                                          \
    "a=rid:h send\n"                                                          \
    "a=rid:f send\n"                                                          \
    "a=simulcast:send q;~h;f\n"


/* Firefox: one fingerprint for the session, H.264 of both modes */

#define FIREFOX                                                               \
    "v=0\n"                                                                   \
    "o=mozilla...THIS_IS_SDPARTA-99.0 3514917083 0 IN IP4 0.0.0.0\n"          \
    "s=-\n"                                                                   \
    "t=0 0\n"                                                                 \
    "a=sendrecv\n"                                                            \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=group:BUNDLE 0 1\n"                                                    \
    "a=ice-options:trickle\n"                                                 \
    "a=msid-semantic:WMS *\n"                                                 \
    "m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101\n"                             \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=sendonly\n"                                                            \
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\n"                \
    "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level\n"       \
    "a=extmap:3 " EXT_MID "\n"                                                \
    "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\n"              \
    "a=fmtp:101 0-15\n"                                                       \
    "a=ice-pwd:2bb7d3a1c0a6eeb39e4ef53d0c1e6b39\n"                            \
    "a=ice-ufrag:9d1e5a70\n"                                                  \
    "a=mid:0\n"                                                               \
    "a=msid:{b6f1d9e4} {5c0a81f2}\n"                                          \
    "a=rtcp-mux\n"                                                            \
    "a=rtpmap:109 opus/48000/2\n"                                             \
    "a=rtpmap:9 G722/8000/1\n"                                                \
    "a=rtpmap:0 PCMU/8000\n"                                                  \
    "a=rtpmap:8 PCMA/8000\n"                                                  \
    "a=rtpmap:101 telephone-event/8000/1\n"                                   \
    "a=setup:actpass\n"                                                       \
    "a=ssrc:1740221906 cname:{8e0b44c1}\n"                                    \
    "m=video 9 UDP/TLS/RTP/SAVPF 120 124 126 127 97 98 123 122 119\n"         \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=sendonly\n"                                                            \
    "a=extmap:3 " EXT_MID "\n"                                                \
    "a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/"                \
        "abs-send-time\n"                                                     \
    "a=extmap:5 urn:ietf:params:rtp-hdrext:toffset\n"                         \
    "a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/"       \
        "playout-delay\n"                                                     \
    "a=extmap:7 " EXT_TWCC "\n"                                               \
    "a=fmtp:120 max-fs=12288;max-fr=60\n"                                     \
    "a=fmtp:124 apt=120\n"                                                    \
    "a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;"           \
        "packetization-mode=1\n"                                              \
    "a=fmtp:127 apt=126\n"                                                    \
    "a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1\n"           \
    "a=fmtp:98 apt=97\n"                                                      \
    "a=ice-pwd:2bb7d3a1c0a6eeb39e4ef53d0c1e6b39\n"                            \
    "a=ice-ufrag:9d1e5a70\n"                                                  \
    "a=mid:1\n"                                                               \
    "a=rtcp-fb:120 nack\n"                                                    \
    "a=rtcp-fb:126 nack\n"                                                    \
    "a=rtcp-fb:126 nack pli\n"                                                \
    "a=rtcp-fb:126 ccm fir\n"                                                 \
    "a=rtcp-fb:126 goog-remb\n"                                               \
    "a=rtcp-fb:126 transport-cc\n"                                            \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=rtpmap:120 VP8/90000\n"                                                \
    "a=rtpmap:124 rtx/90000\n"                                                \
    "a=rtpmap:126 H264/90000\n"                                               \
    "a=rtpmap:127 rtx/90000\n"                                                \
    "a=rtpmap:97 H264/90000\n"                                                \
    "a=rtpmap:98 rtx/90000\n"                                                 \
    "a=rtpmap:123 ulpfec/90000\n"                                             \
    "a=rtpmap:122 red/90000\n"                                                \
    "a=rtpmap:119 rtx/90000\n"                                                \
    "a=fmtp:119 apt=122\n"                                                    \
    "a=setup:actpass\n"                                                       \
    "a=ssrc:870254113 cname:{8e0b44c1}\n"                                     \
    "a=ssrc:3305518642 cname:{8e0b44c1}\n"                                    \
    "a=ssrc-group:FID 870254113 3305518642\n"


/* GStreamer's webrtcbin, as simple-whip-client has it as well */

#define GSTREAMER_ICE                                                         \
    "a=setup:actpass\n"                                                       \
    "a=ice-ufrag:rV0aWq7LsT4nKd8XcE2mPz6HyB1uJg5o\n"                          \
    "a=ice-pwd:m3Nf+8QwRt6YpLk1ZxCv0/Bd5HsGj2aE\n"

#define GSTREAMER(way, channels)                                              \
    "v=0\n"                                                                   \
    "o=- 2093347715580416638 0 IN IP4 0.0.0.0\n"                              \
    "s=-\n"                                                                   \
    "t=0 0\n"                                                                 \
    "a=ice-options:trickle\n"                                                 \
    "a=group:BUNDLE video0 audio1\n"                                          \
    "m=video 9 UDP/TLS/RTP/SAVPF 96\n"                                        \
    "c=IN IP4 0.0.0.0\n"                                                      \
    GSTREAMER_ICE                                                             \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=" way "\n"                                                             \
    "a=rtpmap:96 H264/90000\n"                                                \
    "a=rtcp-fb:96 nack pli\n"                                                 \
    "a=rtcp-fb:96 ccm fir\n"                                                  \
    "a=rtcp-fb:96 transport-cc\n"                                             \
    "a=framerate:30\n"                                                        \
    "a=fmtp:96 packetization-mode=1;"                                         \
        "sprop-parameter-sets=Z0LAHtkAoD2hAAADAAEAAAMAPI8WLkg=,"              \
        "aMuMsg==;profile-level-id=42c01e;level-asymmetry-allowed=1\n"        \
    "a=ssrc:1500220011 msid:user3344556677@host webrtctransceiver0\n"         \
    "a=ssrc:1500220011 cname:user3344556677@host\n"                           \
    "a=mid:video0\n"                                                          \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=rtcp-mux-only\n"                                                       \
    "a=candidate:1 1 UDP 2015363327 192.0.2.2 40112 typ host\n"               \
    "a=candidate:2 1 TCP 1015021823 192.0.2.2 9 typ host tcptype active\n"    \
    "a=candidate:4 1 UDP 2015363583 fe80::1cde:42ff:fe7a:90b 40113 "          \
        "typ host\n"                                                          \
    "m=audio 0 UDP/TLS/RTP/SAVPF 111\n"                                       \
    "c=IN IP4 0.0.0.0\n"                                                      \
    GSTREAMER_ICE                                                             \
    "a=bundle-only\n"                                                         \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=" way "\n"                                                             \
    "a=rtpmap:111 OPUS/48000/2\n"                                             \
    "a=rtcp-fb:111 transport-cc\n"                                            \
    "a=fmtp:111 sprop-stereo=" channels ";sprop-maxcapturerate=48000\n"       \
    "a=ssrc:610033977 msid:user3344556677@host webrtctransceiver1\n"          \
    "a=ssrc:610033977 cname:user3344556677@host\n"                            \
    "a=mid:audio1\n"                                                          \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=rtcp-mux-only\n"

#define WEBRTCBIN    GSTREAMER("sendrecv", "1")
#define SIMPLE_WHIP  GSTREAMER("sendonly", "0")


/* GStreamer's whipclientsink: H.264 behind others, and all of RTX */

#define WHIPCLIENTSINK                                                        \
    "v=0\n"                                                                   \
    "o=- 1907441201337 0 IN IP4 0.0.0.0\n"                                    \
    "s=-\n"                                                                   \
    "t=0 0\n"                                                                 \
    "a=ice-options:trickle\n"                                                 \
    "a=group:BUNDLE video0 audio1\n"                                          \
    "m=video 9 UDP/TLS/RTP/SAVPF 97 99 98\n"                                  \
    "c=IN IP4 0.0.0.0\n"                                                      \
    GSTREAMER_ICE                                                             \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=sendonly\n"                                                            \
    "a=rtpmap:97 VP9/90000\n"                                                 \
    "a=rtcp-fb:97 nack\n"                                                     \
    "a=rtpmap:99 rtx/90000\n"                                                 \
    "a=fmtp:99 apt=98\n"                                                      \
    "a=rtpmap:98 H264/90000\n"                                                \
    "a=rtcp-fb:98 nack\n"                                                     \
    "a=rtcp-fb:98 nack pli\n"                                                 \
    "a=rtcp-fb:98 transport-cc\n"                                             \
    "a=extmap:1 " EXT_TWCC "\n"                                               \
    "a=extmap:2 " EXT_MID "\n"                                                \
    "a=fmtp:98 packetization-mode=1;profile-level-id=640028;"                 \
        "level-asymmetry-allowed=1\n"                                         \
    "a=ssrc-group:FID 1122 3344\n"                                            \
    "a=ssrc:1122 cname:user1@host\n"                                          \
    "a=mid:video0\n"                                                          \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=rtcp-mux-only\n"                                                       \
    "m=audio 0 UDP/TLS/RTP/SAVPF 96 100\n"                                    \
    "c=IN IP4 0.0.0.0\n"                                                      \
    GSTREAMER_ICE                                                             \
    "a=bundle-only\n"                                                         \
    "a=rtcp-mux\n"                                                            \
    "a=rtcp-rsize\n"                                                          \
    "a=sendonly\n"                                                            \
    "a=rtpmap:96 OPUS/48000/2\n"                                              \
    "a=rtcp-fb:96 nack\n"                                                     \
    "a=rtcp-fb:96 transport-cc\n"                                             \
    "a=extmap:1 " EXT_TWCC "\n"                                               \
    "a=extmap:2 " EXT_MID "\n"                                                \
    "a=fmtp:96 sprop-stereo=1;sprop-maxcapturerate=48000\n"                   \
    "a=rtpmap:100 rtx/48000\n"                                                \
    "a=fmtp:100 apt=96\n"                                                     \
    "a=mid:audio1\n"                                                          \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=rtcp-mux-only\n"


/* libdatachannel on its own: candidates, RTX in capitals, an empty last line */

#define LIBDATACHANNEL                                                        \
    OBS_HEAD("0 1")                                                           \
    "m=video 50660 UDP/TLS/RTP/SAVPF 102 103\n"                               \
    "c=IN IP4 127.0.0.1\n"                                                    \
    "a=mid:0\n"                                                               \
    "a=sendonly\n"                                                            \
    "a=ssrc:1111 cname:cn\n"                                                  \
    "a=ssrc:1111 msid:ms v0\n"                                                \
    "a=msid:ms v0\n"                                                          \
    "a=rtcp-mux\n"                                                            \
    "a=rtpmap:102 H264/90000\n"                                               \
    "a=rtcp-fb:102 nack\n"                                                    \
    "a=rtcp-fb:102 nack pli\n"                                                \
    "a=rtcp-fb:102 goog-remb\n"                                               \
    "a=fmtp:102 profile-level-id=42e01f;packetization-mode=1;"                \
        "level-asymmetry-allowed=1\n"                                         \
    "a=rtpmap:103 RTX/90000\n"                                                \
    "a=fmtp:103 apt=102\n"                                                    \
    "a=setup:actpass\n"                                                       \
    "a=ice-ufrag:w/8b\n"                                                      \
    "a=ice-pwd:tR4zQe9YcLm2XoVd7KsNwa\n"                                      \
    "a=candidate:1 1 UDP 2114977791 127.0.0.1 50660 typ host\n"               \
    "a=end-of-candidates\n"                                                   \
    "m=audio 50660 UDP/TLS/RTP/SAVPF 111\n"                                   \
    "c=IN IP4 127.0.0.1\n"                                                    \
    "a=mid:1\n"                                                               \
    "a=sendonly\n"                                                            \
    "a=ssrc:2222 cname:cn\n"                                                  \
    "a=rtcp-mux\n"                                                            \
    "a=rtpmap:111 opus/48000/2\n"                                             \
    "a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;"                \
        "sprop-stereo=1;useinbandfec=1\n"                                     \
    "a=setup:actpass\n"                                                       \
    "a=ice-ufrag:w/8b\n"                                                      \
    "a=ice-pwd:tR4zQe9YcLm2XoVd7KsNwa\n"                                      \
    "\n"


/* werift: one URI has another id in each media */

#define WERIFT                                                                \
    "v=0\n"                                                                   \
    "o=- 60551902 0 IN IP4 0.0.0.0\n"                                         \
    "s=-\n"                                                                   \
    "t=0 0\n"                                                                 \
    "a=group:BUNDLE 0 1\n"                                                    \
    "a=extmap-allow-mixed\n"                                                  \
    "a=msid-semantic:WMS *\n"                                                 \
    "m=video 9 UDP/TLS/RTP/SAVPF 102\n"                                       \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=candidate:b1f07c93e2a846d5c0917ae36 1 udp 2116026367 127.0.0.1 "       \
        "47003 typ host generation 0 ufrag 1c9f\n"                            \
    "a=end-of-candidates\n"                                                   \
    "a=ice-ufrag:1c9f\n"                                                      \
    "a=ice-pwd:b07e2d96a41c5f38e9d0a7\n"                                      \
    "a=ice-options:trickle\n"                                                 \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=setup:actpass\n"                                                       \
    "a=sendonly\n"                                                            \
    "a=mid:0\n"                                                               \
    "a=rtcp:9 IN IP4 0.0.0.0\n"                                               \
    "a=rtcp-mux\n"                                                            \
    "a=ssrc:3911002846 cname:7d10c5e8-2b4f-4c96-8a3e-f15d09b7c642\n"          \
    "a=rtpmap:102 H264/90000\n"                                               \
    "a=rtcp-fb:102 nack\n"                                                    \
    "a=rtcp-fb:102 nack pli\n"                                                \
    "a=rtcp-fb:102 goog-remb\n"                                               \
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;"              \
        "profile-level-id=42e01f\n"                                           \
    "a=extmap:2 " EXT_MID "\n"                                                \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"                                       \
    "c=IN IP4 0.0.0.0\n"                                                      \
    "a=end-of-candidates\n"                                                   \
    "a=ice-ufrag:1c9f\n"                                                      \
    "a=ice-pwd:b07e2d96a41c5f38e9d0a7\n"                                      \
    "a=ice-options:trickle\n"                                                 \
    "a=fingerprint:sha-256 " SHA256 "\n"                                      \
    "a=setup:actpass\n"                                                       \
    "a=sendonly\n"                                                            \
    "a=mid:1\n"                                                               \
    "a=rtcp:9 IN IP4 0.0.0.0\n"                                               \
    "a=rtcp-mux\n"                                                            \
    "a=ssrc:1400773521 cname:7d10c5e8-2b4f-4c96-8a3e-f15d09b7c642\n"          \
    "a=rtpmap:111 opus/48000/2\n"                                             \
    "a=fmtp:111 minptime=10;useinbandfec=1\n"                                 \
    "a=extmap:1 " EXT_MID "\n"


/*
 * Text of the exact size, so that a sanitizer sees a read behind its end; with
 * CRLF for each LF, or not.  The caller frees it.
 */

static ngx_inline u_char *
whip_text(const char *s, int crlf, size_t *len)
{
    u_char      *p, *buf;
    size_t       n;
    const char  *c;

    for (n = 0, c = s; *c; c++) {
        n += (crlf && *c == '\n') ? 2 : 1;
    }

    buf = malloc(n ? n : 1);
    if (buf == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    for (p = buf, c = s; *c; c++) {

        if (crlf && *c == '\n') {
            *p++ = '\r';
        }

        *p++ = (u_char) *c;
    }

    *len = n;

    return buf;
}


#endif /* _WHIP_OFFERS_H_INCLUDED_ */
