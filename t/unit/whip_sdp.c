
/*
 * Copyright (C) the ngx_live contributors
 *
 * WHIP offers: what is read of them, what is malformed (400) and what is well
 * formed but unacceptable whatever the codecs are (422).
 */

/* sources: modules/ngx_whip/ngx_whip_line.c */
/* sources: modules/ngx_whip/ngx_whip_sdp.c */


#include "tap.h"
#include "whip_offers.h"
#include "ngx_whip_line.h"
#include "ngx_whip_sdp.h"


#define HEAD        "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n"
#define BUNDLE      "a=group:BUNDLE a v\n"
#define ICE         "a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
#define PRINT       "a=fingerprint:sha-256 " SHA256 "\n"
#define DTLS        PRINT "a=setup:actpass\n"
#define TRANSPORT   ICE DTLS

#define M_AUDIO     "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
#define M_VIDEO     "m=video 9 UDP/TLS/RTP/SAVPF 96\n"
#define AUDIO       M_AUDIO "a=mid:a\na=rtcp-mux\na=sendonly\n"
#define VIDEO       M_VIDEO "a=mid:v\na=rtcp-mux\na=sendonly\n"

/* one media, complete but for what follows it */

#define ONE         HEAD TRANSPORT VIDEO

#define SHA384      SHA256 ":00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"
#define SHA512      SHA256 ":" SHA256

#define TEN         "0123456789"
#define FIFTY       TEN TEN TEN TEN TEN
#define PRINTS      PRINT PRINT PRINT PRINT PRINT PRINT PRINT PRINT


typedef struct {
    const char  *name;
    const char  *offer;
    const char  *want;
} row_t;


static const row_t  rows[] = {

    { "OBS", OBS,
      "oBs1/obsPasswordOf22Chars01 actpass 256"
      " | audio 9 mid 0 bundled 111:opus/48000/2 ssrc 3021940201"
      " | video 9 mid 1 bundled 96:H264/90000/1+15 ext 2 ssrc 3021940202" },

    { "OBS, simulcast", OBS_SIMULCAST,
      "oBs1/obsPasswordOf22Chars01 actpass 256"
      " | audio 9 mid 0 bundled 111:opus/48000/2 ssrc 3021940201"
      " | video 9 mid 1 bundled 96:H264/90000/1+15 ext 2 rids 0 1 2 (0;1;2)" },

    { "OBS, video alone", OBS_VIDEO,
      "oBs1/obsPasswordOf22Chars01 actpass 256"
      " | video 9 mid 1 bundled 96:H264/90000/1+15 ext 2 ssrc 3021940202" },

    { "FFmpeg 8.0, video alone", FFMPEG8,
      "5e8a90c3/90b4f1d27ac3586e10fe4b97d2a8c635 passive 256"
      " | video 9 mid 1 bundled 106:H264/90000/1 ssrc 2600114701" },

    { "FFmpeg 8.1", FFMPEG81,
      "5e8a90c3/90b4f1d27ac3586e10fe4b97d2a8c635 passive 256"
      " | audio 9 mid 0 bundled 111:opus/48000/2 ssrc 2600114700"
      " | video 9 mid 1 bundled 106:H264/90000/1+1 105:rtx/90000/1"
      " ssrc 2600114701 fid 2600114701 2600114702" },

    { "Chromium", CHROMIUM,
      "Kp3x/u7TgQ0nVbY5kLs2eWm9cXd4R actpass 256"
      " | audio 51240 mid 0 bundled 111:opus/48000/2+16 63:red/48000/2"
      " 9:G722/8000/1 0:PCMU/8000/1 8:PCMA/8000/1 13:CN/8000/1"
      " 110:telephone-event/48000/1 126:telephone-event/8000/1 ext 4"
      " ssrc 1190447382"
      " | video 9 mid 1 bundled 96:VP8/90000/1+31 97:rtx/90000/1"
      " 104:H264/90000/1 107:rtx/90000/1 102:H264/90000/1+31 103:rtx/90000/1"
      " 108:H264/90000/1 109:rtx/90000/1 45:AV1/90000/1 46:rtx/90000/1"
      " 118:red/90000/1 ext 6 ssrc 3550192846 fid 3550192846 1047726395" },

    { "Firefox", FIREFOX,
      "9d1e5a70/2bb7d3a1c0a6eeb39e4ef53d0c1e6b39 actpass 256"
      " | audio 9 mid 0 bundled 109:opus/48000/2 9:G722/8000/1 0:PCMU/8000/1"
      " 8:PCMA/8000/1 101:telephone-event/8000/1 ext 3 ssrc 1740221906"
      " | video 9 mid 1 bundled 120:VP8/90000/1+1 124:rtx/90000/1"
      " 126:H264/90000/1+31 127:rtx/90000/1 97:H264/90000/1 98:rtx/90000/1"
      " 123:ulpfec/90000/1 122:red/90000/1 119:rtx/90000/1 ext 5"
      " ssrc 870254113 fid 870254113 3305518642" },

    { "GStreamer's webrtcbin", WEBRTCBIN,
      "rV0aWq7LsT4nKd8XcE2mPz6HyB1uJg5o/m3Nf+8QwRt6YpLk1ZxCv0/Bd5HsGj2aE"
      " actpass 256"
      " | video 9 mid video0 bundled 96:H264/90000/1+22 ssrc 1500220011"
      " | audio 0 mid audio1 bundled 111:OPUS/48000/2+16 ssrc 610033977" },

    { "libdatachannel", LIBDATACHANNEL,
      "w/8b/tR4zQe9YcLm2XoVd7KsNwa actpass 256"
      " | video 50660 mid 0 bundled 102:H264/90000/1+11 103:RTX/90000/1"
      " ssrc 1111"
      " | audio 50660 mid 1 bundled 111:opus/48000/2 ssrc 2222" },

    { "werift", WERIFT,
      "1c9f/b07e2d96a41c5f38e9d0a7 actpass 256"
      " | video 9 mid 0 bundled 102:H264/90000/1+11 ext 1 ssrc 3911002846"
      " | audio 9 mid 1 bundled 111:opus/48000/2 ext 1 ssrc 1400773521" },

    /* the text */

    { "nothing", "",
      "400 the offer does not begin with \"v=0\"" },
    { "empty lines", "\n\n\n",
      "400 the offer does not begin with \"v=0\"" },
    { "another version", "v=1\n" AUDIO,
      "400 the offer does not begin with \"v=0\"" },
    { "another line first", "o=- 1 1 IN IP4 0.0.0.0\nv=0\n",
      "400 the offer does not begin with \"v=0\"" },
    { "JSON", "{\"type\":\"offer\"}",
      "400 a line does not begin with a letter and \"=\"" },
    { "a blank in front of a line", HEAD " a=mid:0\n",
      "400 a line does not begin with a letter and \"=\"" },
    { "a letter alone", HEAD "a\n",
      "400 a line does not begin with a letter and \"=\"" },
    { "a control character", HEAD "s=\001\n",
      "400 a line has a control character in it" },
    { "CR inside of a line", HEAD "s=a\rb\n",
      "400 a line has a control character in it" },
    { "blanks at the end of lines", HEAD TRANSPORT M_VIDEO
      "a=mid:v \na=rtcp-mux\t \na=sendonly \n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "empty lines, no last end", "\n" HEAD "\n\n" TRANSPORT
      M_VIDEO "a=rtcp-mux\n\na=mid:v",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "what is not known", ONE "a=\na=:\na=x:\na=x-y z\nb=AS:1\nz=0 0\n"
      "k=prompt\na=candidate:garbage\na=msid\na=ssrc-group:SIM\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "another charset", HEAD "s=\xc3\xa9\xff\n" TRANSPORT VIDEO,
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },

    /* media */

    { "no media", HEAD TRANSPORT,
      "422 there is no media" },
    { "a data channel", ONE
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\n",
      "422 a media is neither audio nor video" },
    { "a data channel alone", HEAD TRANSPORT
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\n",
      "422 a media is neither audio nor video" },
    { "five media", HEAD BUNDLE TRANSPORT M_VIDEO M_VIDEO M_VIDEO M_VIDEO
      M_VIDEO,
      "422 there are more than 4 media" },
    { "m= of two words", HEAD "m=audio 9\n",
      "400 an \"m=\" line is malformed" },
    { "m= with a port of letters", HEAD "m=audio nine UDP/TLS/RTP/SAVPF 0\n",
      "400 an \"m=\" line is malformed" },
    { "m= with a port too large", HEAD "m=audio 65536 UDP/TLS/RTP/SAVPF 0\n",
      "400 an \"m=\" line is malformed" },
    { "m= without payload types", HEAD "m=audio 9 UDP/TLS/RTP/SAVPF\n",
      "400 a media has no payload type" },
    { "payload type of letters", HEAD "m=audio 9 UDP/TLS/RTP/SAVPF x\n",
      "400 a payload type is not a number up to 127" },
    { "payload type 128", HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 128\n",
      "400 a payload type is not a number up to 127" },
    { "payload type 2^64", HEAD
      "m=audio 9 UDP/TLS/RTP/SAVPF 18446744073709551616\n",
      "400 a payload type is not a number up to 127" },
    { "a payload type twice", HEAD TRANSPORT
      "m=audio 9 UDP/TLS/RTP/SAVPF 0 0 8 0\na=rtcp-mux\n",
      "abcd/0123456789012345678901 actpass 256 | audio 9 mid  0: 8:" },
    { "plain RTP", HEAD TRANSPORT "m=audio 9 RTP/AVP 0\na=rtcp-mux\n",
      "422 a media is not sent by UDP/TLS/RTP/SAVPF" },
    { "media by TCP first", HEAD TRANSPORT
      "m=audio 9 TCP/DTLS/RTP/SAVPF 0\na=rtcp-mux\n",
      "abcd/0123456789012345678901 actpass 256 | audio 9 mid  0:" },
    { "recvonly", ONE "a=recvonly\n",
      "422 a media is not sent: neither \"a=sendonly\" nor \"a=sendrecv\"" },
    { "inactive", ONE "a=inactive\n",
      "422 a media is not sent: neither \"a=sendonly\" nor \"a=sendrecv\"" },
    { "recvonly, said by the session", HEAD TRANSPORT "a=recvonly\n" M_VIDEO
      "a=rtcp-mux\n",
      "422 a media is not sent: neither \"a=sendonly\" nor \"a=sendrecv\"" },
    { "recvonly, unless the media says otherwise", HEAD TRANSPORT
      "a=recvonly\n" VIDEO,
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "no direction", HEAD TRANSPORT M_VIDEO "a=rtcp-mux\na=mid:v\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "no rtcp-mux", HEAD TRANSPORT M_VIDEO "a=sendonly\n",
      "422 a media is without \"a=rtcp-mux\"" },
    { "disabled", HEAD TRANSPORT
      "m=video 0 UDP/TLS/RTP/SAVPF 96\na=rtcp-mux\n",
      "422 a media is disabled by its port of 0" },
    { "bundle-only without a group", HEAD TRANSPORT
      "m=video 0 UDP/TLS/RTP/SAVPF 96\na=rtcp-mux\na=mid:v\na=bundle-only\n",
      "422 a media is disabled by its port of 0" },

    /* groups */

    { "no group", HEAD TRANSPORT AUDIO VIDEO,
      "422 the media are not in one group BUNDLE" },
    { "one media is outside of the group", HEAD "a=group:BUNDLE a\n" TRANSPORT
      AUDIO VIDEO,
      "422 the media are not in one group BUNDLE" },
    { "two groups", HEAD "a=group:BUNDLE a\na=group:BUNDLE v\n" TRANSPORT
      AUDIO VIDEO,
      "422 there is more than one group BUNDLE" },
    { "media without mid", HEAD BUNDLE TRANSPORT AUDIO M_VIDEO "a=rtcp-mux\n",
      "422 the media are not in one group BUNDLE" },
    { "the same mid", HEAD BUNDLE TRANSPORT VIDEO VIDEO,
      "400 two media have the same mid" },
    { "mid of two words", HEAD BUNDLE TRANSPORT M_VIDEO "a=mid:a b\n",
      "400 \"a=mid\" is not a token" },
    { "empty mid", HEAD BUNDLE TRANSPORT M_VIDEO "a=mid:\n",
      "400 \"a=mid\" is not a token" },
    { "long mid", HEAD BUNDLE TRANSPORT M_VIDEO "a=mid:" FIFTY FIFTY "\n",
      "422 \"a=mid\" is longer than 64 characters" },
    { "group without a word", HEAD "a=group:\n",
      "400 an \"a=group\" line is malformed" },
    { "the second media is the tagged one", HEAD "a=group:BUNDLE x v a\n"
      AUDIO "a=ice-ufrag:audi\na=ice-pwd:0123456789012345678901\n"
      PRINT "a=setup:active\n" VIDEO TRANSPORT,
      "abcd/0123456789012345678901 actpass 256 tagged 1"
      " | audio 9 mid a bundled 111: | video 9 mid v bundled 96:" },

    /* ICE */

    { "no ICE at all", HEAD DTLS VIDEO,
      "400 \"a=ice-ufrag\" or \"a=ice-pwd\" is missing" },
    { "no ufrag", HEAD DTLS "a=ice-pwd:0123456789012345678901\n" VIDEO,
      "400 \"a=ice-ufrag\" or \"a=ice-pwd\" is missing" },
    { "no password", HEAD DTLS "a=ice-ufrag:abcd\n" VIDEO,
      "400 \"a=ice-ufrag\" or \"a=ice-pwd\" is missing" },
    { "short ufrag", HEAD "a=ice-ufrag:abc\n",
      "400 \"a=ice-ufrag\" is not 4 to 256 characters of ICE" },
    { "ufrag with a colon", HEAD "a=ice-ufrag:ab:cd\n",
      "400 \"a=ice-ufrag\" is not 4 to 256 characters of ICE" },
    { "long ufrag", HEAD "a=ice-ufrag:" FIFTY FIFTY FIFTY FIFTY FIFTY
      "0123456\n",
      "400 \"a=ice-ufrag\" is not 4 to 256 characters of ICE" },
    { "the longest ufrag", HEAD DTLS "a=ice-pwd:0123456789012345678901\n"
      "a=ice-ufrag:" FIFTY FIFTY FIFTY FIFTY FIFTY "012345\n" VIDEO,
      FIFTY FIFTY FIFTY FIFTY FIFTY "012345"
      "/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "short password", HEAD "a=ice-pwd:012345678901234567890\n",
      "400 \"a=ice-pwd\" is not 22 to 256 characters of ICE" },
    { "password with a blank", HEAD "a=ice-pwd:01234567890123456789 1\n",
      "400 \"a=ice-pwd\" is not 22 to 256 characters of ICE" },
    { "the media's before the session's", HEAD TRANSPORT VIDEO
      "a=ice-ufrag:m/+4\na=ice-pwd:9876543210987654321098\na=setup:passive\n",
      "m/+4/9876543210987654321098 passive 256 | video 9 mid v 96:" },
    { "an ICE-lite client", HEAD "a=ice-lite\n" TRANSPORT VIDEO,
      "422 the client is ICE-lite, as the server is" },

    /* DTLS */

    { "no setup", HEAD ICE PRINT VIDEO,
      "abcd/0123456789012345678901 active 256 | video 9 mid v 96:" },
    { "holdconn", ONE "a=setup:holdconn\n",
      "422 \"a=setup\" is not actpass, active or passive" },
    { "setup of nothing", ONE "a=setup\n",
      "422 \"a=setup\" is not actpass, active or passive" },
    { "no fingerprint", HEAD ICE VIDEO,
      "422 there is no fingerprint by SHA-256, SHA-384 or SHA-512" },
    { "SHA-1 alone", HEAD ICE "a=fingerprint:sha-1 00:11:22:33:44:55:66:77:88:"
      "99:AA:BB:CC:DD:EE:FF:00:11:22:33\n" VIDEO,
      "422 there is no fingerprint by SHA-256, SHA-384 or SHA-512" },
    { "all the others", HEAD ICE "a=fingerprint:sha-1 00:11\n"
      "a=fingerprint:SHA-512 " SHA512 "\na=fingerprint:sha-384 " SHA384 "\n"
      "a=fingerprint:Sha-256 " SHA256 "\n" VIDEO,
      "abcd/0123456789012345678901 active 512 384 256 | video 9 mid v 96:" },
    { "short fingerprint", HEAD "a=fingerprint:sha-256 00:11:22\n",
      "400 an \"a=fingerprint\" line is malformed" },
    { "long fingerprint", HEAD "a=fingerprint:sha-256 " SHA256 ":00\n",
      "400 an \"a=fingerprint\" line is malformed" },
    { "fingerprint of other letters", HEAD "a=fingerprint:sha-256 G0:11:22:33:"
      "44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:F0:E1:D2:C3:B4:A5:96:87:78:69:5A:"
      "4B:3C:2D:1E:0F\n",
      "400 an \"a=fingerprint\" line is malformed" },
    { "fingerprint without colons", HEAD "a=fingerprint:sha-256 00-11:22:33:"
      "44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:F0:E1:D2:C3:B4:A5:96:87:78:69:5A:"
      "4B:3C:2D:1E:0F\n",
      "400 an \"a=fingerprint\" line is malformed" },
    { "fingerprint of one word", HEAD "a=fingerprint:sha-256\n",
      "400 an \"a=fingerprint\" line is malformed" },
    { "nine fingerprints", HEAD PRINTS PRINT,
      "422 there are more than 8 fingerprints" },
    { "eight fingerprints", HEAD ICE PRINTS VIDEO,
      "abcd/0123456789012345678901 active 256 256 256 256 256 256 256 256"
      " | video 9 mid v 96:" },

    /* formats */

    { "rtpmap of others", ONE "a=rtpmap:97 VP8/90000\na=fmtp:97 apt=1\n"
      "a=rtcp-fb:97 nack\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "rtpmap without a clock", ONE "a=rtpmap:96 H264\n",
      "400 an \"a=rtpmap\" line is malformed" },
    { "rtpmap without a name", ONE "a=rtpmap:96 /90000\n",
      "400 an \"a=rtpmap\" line is malformed" },
    { "rtpmap with a clock of letters", ONE "a=rtpmap:96 H264/x\n",
      "400 an \"a=rtpmap\" line is malformed" },
    { "rtpmap with channels of letters", ONE "a=rtpmap:96 H264/1/x\n",
      "400 an \"a=rtpmap\" line is malformed" },
    { "fmtp of letters", ONE "a=fmtp:x y\n",
      "400 an \"a=fmtp\" line is malformed" },
    { "rtcp-fb of nothing", ONE "a=rtcp-fb:96\n",
      "400 an \"a=rtcp-fb\" line is malformed" },
    { "rtcp-fb of letters", ONE "a=rtcp-fb:x nack\n",
      "400 an \"a=rtcp-fb\" line is malformed" },
    { "rtcp-fb for all", ONE "a=rtcp-fb:* nack\na=rtcp-fb:* nack pli\n"
      "a=rtcp-fb:* ccm tmmbr\na=rtcp-fb:* nack rpsi\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v all 3 96:" },

    /* the rest */

    { "extmap without a URI", ONE "a=extmap:1\n",
      "400 an \"a=extmap\" line is malformed" },
    { "extmap of letters", ONE "a=extmap:x y\n",
      "400 an \"a=extmap\" line is malformed" },
    { "extmap with another direction", ONE "a=extmap:1/up y\n",
      "400 an \"a=extmap\" line is malformed" },
    { "extmap, ids out of range", ONE "a=extmap:0 a\na=extmap:256 b\n"
      "a=extmap:4096 c\na=extmap:255/sendonly d e\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96: ext 1" },
    { "ssrc of letters", ONE "a=ssrc:x cname:y\n",
      "400 an \"a=ssrc\" line is malformed" },
    { "ssrc too large", ONE "a=ssrc:4294967296 cname:y\n",
      "400 an \"a=ssrc\" line is malformed" },
    { "the largest ssrc", ONE "a=ssrc:4294967295 cname:y\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:"
      " ssrc 4294967295" },
    { "FID of one", ONE "a=ssrc-group:FID 1\n",
      "400 an \"a=ssrc-group\" line is malformed" },
    { "rid of one word", ONE "a=rid:0\n",
      "400 an \"a=rid\" line is malformed" },
    { "rid with a semicolon", ONE "a=rid:0;1 send\n",
      "400 an \"a=rid\" line is malformed" },
    { "long rid", ONE "a=rid:" FIFTY FIFTY " send\n",
      "422 a rid is longer than 64 characters" },
    { "five rids", ONE "a=rid:0 send\na=rid:1 send\na=rid:2 send\n"
      "a=rid:3 send\na=rid:4 send\n",
      "422 a media has more than 4 rids" },
    { "rids of the other direction", ONE "a=rid:0 recv\na=rid:1 recv\n"
      "a=rid:2 recv\na=rid:3 recv\na=rid:4 recv\na=simulcast:recv 0;1\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:" },
    { "simulcast in both directions", ONE "a=rid:0 send max-width=640\n"
      "a=simulcast:recv 1;2 send 0\n",
      "abcd/0123456789012345678901 actpass 256 | video 9 mid v 96:"
      " rids 0 (0)" },
    { "simulcast of nothing", ONE "a=simulcast:send\n",
      "400 an \"a=simulcast\" line is malformed" },

    { NULL, NULL, NULL }
};


static size_t
describe_media(ngx_whip_sdp_media_t *media, char *text, size_t size)
{
    size_t                  n;
    ngx_uint_t              i;
    ngx_whip_sdp_format_t  *format;

    n = snprintf(text, size, " | %s %d mid %.*s%s",
                 media->kind == NGX_WHIP_VIDEO ? "video" : "audio",
                 (int) media->port, (int) media->mid.len, media->mid.data,
                 media->bundled ? " bundled" : "");

    if (media->feedback) {
        n += snprintf(text + n, size - n, " all %d", (int) media->feedback);
    }

    for (i = 0; i < media->nformats; i++) {

        format = &media->formats[i];

        n += snprintf(text + n, size - n, " %d:", (int) format->pt);

        if (format->name.len) {
            n += snprintf(text + n, size - n, "%.*s/%d/%d",
                          (int) format->name.len, format->name.data,
                          (int) format->clock, (int) format->channels);
        }

        if (format->feedback) {
            n += snprintf(text + n, size - n, "+%d", (int) format->feedback);
        }
    }

    if (media->level.nextensions) {
        n += snprintf(text + n, size - n, " ext %d",
                      (int) media->level.nextensions);
    }

    if (media->ssrc) {
        n += snprintf(text + n, size - n, " ssrc %u", media->ssrc);
    }

    if (media->fid[0]) {
        n += snprintf(text + n, size - n, " fid %u %u", media->fid[0],
                      media->fid[1]);
    }

    for (i = 0; i < media->nrids; i++) {
        n += snprintf(text + n, size - n, "%s %.*s", i ? "" : " rids",
                      (int) media->rids[i].id.len, media->rids[i].id.data);
    }

    if (media->simulcast.len) {
        n += snprintf(text + n, size - n, " (%.*s)",
                      (int) media->simulcast.len, media->simulcast.data);
    }

    return n;
}


static void
describe(u_char *p, size_t len, char *text, size_t size)
{
    size_t                     n;
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    const char                *why;
    ngx_whip_sdp_t             sdp;
    ngx_whip_sdp_transport_t  *transport;

    static const char  *setups[] = { "", "actpass", "active", "passive" };
    static const int    hashes[] = { 0, 256, 384, 512 };

    why = "nothing was said";
    rc = ngx_whip_sdp_parse(&sdp, p, p + len, &why);

    if (rc != NGX_OK) {
        snprintf(text, size, "%d %s", rc == NGX_ERROR ? 400 : 422, why);
        return;
    }

    transport = &sdp.transport;

    n = snprintf(text, size, "%.*s/%.*s %s", (int) transport->ufrag.len,
                 transport->ufrag.data, (int) transport->pwd.len,
                 transport->pwd.data, setups[transport->setup]);

    for (i = 0; i < transport->nfingerprints; i++) {
        n += snprintf(text + n, size - n, " %d",
                      hashes[transport->fingerprints[i].algorithm]);
    }

    if (sdp.tagged) {
        n += snprintf(text + n, size - n, " tagged %d", (int) sdp.tagged);
    }

    for (i = 0; i < sdp.nmedia; i++) {
        n += describe_media(&sdp.media[i], text + n, size - n);
    }
}


/* each row with LF, with CRLF, and cut off anywhere: never a crash */

static void
test_rows(void)
{
    int           crlf;
    char          text[2048], name[256];
    size_t        len, n;
    u_char       *p, *copy;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        for (crlf = 0; crlf < 2; crlf++) {

            p = whip_text(row->offer, crlf, &len);

            describe(p, len, text, sizeof(text));

            snprintf(name, sizeof(name), "%s, %s", row->name,
                     crlf ? "CRLF" : "LF");
            tap_is_text(text, row->want, name);

            for (n = 0; n < len; n++) {
                copy = malloc(n ? n : 1);
                if (copy == NULL) {
                    exit(2);
                }

                ngx_memcpy(copy, p, n);
                describe(copy, n, text, sizeof(text));
                free(copy);
            }

            free(p);
        }
    }
}


static void
test_digest(void)
{
    size_t                   len;
    u_char                  *p;
    const char              *why;
    ngx_whip_sdp_t           sdp;
    ngx_whip_fingerprint_t  *fingerprint;

    static const u_char  want[32] = {
        0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
        0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
        0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87,
        0x78, 0x69, 0x5a, 0x4b, 0x3c, 0x2d, 0x1e, 0x0f
    };

    p = whip_text(HEAD ICE "a=fingerprint:sha-384 " SHA384 "\n" VIDEO, 1, &len);

    tap_is(ngx_whip_sdp_parse(&sdp, p, p + len, &why), NGX_OK, "a digest");

    fingerprint = &sdp.transport.fingerprints[0];

    tap_is(fingerprint->len, 48, "its length");
    tap_ok(memcmp(fingerprint->digest, want, 32) == 0, "its first bytes");
    tap_ok(memcmp(fingerprint->digest + 32, want, 16) == 0, "its last bytes");
    tap_ok(sizeof(sdp) < 32768, "the result is smaller than 32 KB");

    free(p);
}


/* an offer of "n" times the line, then "tail" */

static u_char *
many(const char *head, const char *line, ngx_uint_t n, const char *tail,
    size_t *len)
{
    u_char  *p, *buf;

    buf = malloc(strlen(head) + n * strlen(line) + strlen(tail) + 1);
    if (buf == NULL) {
        exit(2);
    }

    p = ngx_cpymem(buf, head, strlen(head));

    while (n--) {
        p = ngx_cpymem(p, line, strlen(line));
    }

    p = ngx_cpymem(p, tail, strlen(tail));
    *len = p - buf;

    return buf;
}


static void
test_many(const char *head, const char *line, ngx_uint_t n, const char *tail,
    const char *want, const char *name)
{
    char     text[2048];
    size_t   len;
    u_char  *p;

    p = many(head, line, n, tail, &len);

    describe(p, len, text, sizeof(text));
    text[strlen(want)] = '\0';

    tap_is_text(text, want, name);

    free(p);
}


static void
test_limits(void)
{
    size_t          len;
    u_char         *p;
    const char     *why;
    ngx_whip_sdp_t  sdp;

    /* ONE has 12 lines */

    test_many(ONE, "a=candidate:1\n", 1988, "", "abcd/", "2000 lines");
    test_many(ONE, "a=candidate:1\n", 1989, "",
              "400 there are more than 2000 lines", "2001 lines");
    test_many(ONE, "\n", 1989, "",
              "400 there are more than 2000 lines", "2001 lines, most empty");

    test_many(ONE "a=", "x", 4094, "\n", "abcd/", "a line of 4096 bytes");
    test_many(ONE "a=", "x", 4095, "\r\n",
              "400 a line is longer than 4096 bytes", "of 4097 bytes");

    test_many(ONE, "a=0123456789012345678901234567890123456789\n", 1600, "",
              "400 the offer is larger than 65536 bytes", "68 KB");
    test_many("", "\n", 2000, "v=0\n",
              "400 there are more than 2000 lines", "empty lines first");

    test_many(ONE, "a=extmap:1 a\n", 32, "", "abcd/", "32 extensions");
    test_many(ONE, "a=extmap:1 a\n", 33, "",
              "422 there are more than 32 header extensions", "33 extensions");
    test_many(HEAD, "a=extmap:1 a\n", 33, "",
              "422 there are more than 32 header extensions",
              "33 extensions of the session");

    test_many(HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0 1 2 3 4 5 6 7 8 9 10 11 12 "
              "13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 "
              "34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 "
              "55 56 57 58 59 60 61 62 63", "", 0, "\n",
              "400 \"a=ice-ufrag\" or", "64 payload types");
    test_many(HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0 1 2 3 4 5 6 7 8 9 10 11 12 "
              "13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 "
              "34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 "
              "55 56 57 58 59 60 61 62 63 64", "", 0, "\n",
              "422 a media has more than 64 payload types",
              "65 payload types");

    p = many(ONE, "s=x", 1, "\n", &len);
    p[len - 2] = '\0';

    tap_is(ngx_whip_sdp_parse(&sdp, p, p + len, &why), NGX_ERROR, "a NUL");
    tap_is_text(why, "a line has a control character in it", "why");

    p[len - 2] = 0x7f;
    tap_is(ngx_whip_sdp_parse(&sdp, p, p + len, &why), NGX_ERROR, "a DEL");

    free(p);
}


int
main(void)
{
    test_rows();
    test_digest();
    test_limits();

    return tap_done();
}
