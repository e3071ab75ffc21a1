
/*
 * Copyright (C) the ngx_live contributors
 *
 * The pure parts of the WHIP publisher of the tests, t/peer: what a test relies
 * on when it believes the peer rather than the server.
 */

/* sources: t/peer/stun.c t/peer/rtp.c t/peer/rtcp.c t/peer/sdp.c t/peer/h264.c t/peer/media.c t/peer/ogg.c t/peer/memory.c t/peer/options.c t/peer/http.c t/peer/loop.c t/peer/transport.c */
/* libs: -lcrypto -ljansson */


#include "tap.h"

#include "../peer/h264.h"
#include "../peer/http.h"
#include "../peer/memory.h"
#include "../peer/ogg.h"
#include "../peer/rtcp.h"
#include "../peer/rtp.h"
#include "../peer/sdp.h"
#include "../peer/stun.h"
#include "../peer/wire.h"


#define PASSWORD  "VOkJxbRl1RmTxUk/WvJxBt"


/* RFC 5769 2.1 */

static const char  stun_request[] =
    "00010058 2112a442 b7e7a701bc34d686fa87dfae"
    "80220010 5354554e207465737420636c69656e74"
    "00240004 6e0001ff"
    "80290008 932ff9b151263b36"
    "00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004 e57a3bcf";

/* RFC 5769 2.2 */

static const char  stun_response[] =
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200008 0001a147 e112a643"
    "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004 c07d4c96";

/* RFC 5769 2.3 */

static const char  stun_response6[] =
    "01010048 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004 c8fb0b4c";


static void
test_stun_parse(void)
{
    size_t      len;
    u_char     *p;
    stun_in_t   m;

    p = tap_bytes(stun_request, &len);
    tap_is(stun_parse(&m, p, len, PASSWORD), 0, "stun: a request");
    tap_is(m.type, STUN_REQUEST, "stun: its type");
    tap_ok(m.integrity && m.fingerprint, "stun: its integrity");

    tap_is(stun_parse(&m, p, len, "another"), 0, "stun: another password");
    tap_ok(m.integrity_there && !m.integrity, "stun: no integrity with that");

    p[30] ^= 1;
    tap_is(stun_parse(&m, p, len, PASSWORD), 0, "stun: a changed byte");
    tap_ok(!m.integrity && !m.fingerprint, "stun: no integrity then");

    tap_is(stun_parse(&m, p, len - 4, PASSWORD), -1, "stun: cut off");
    free(p);

    p = tap_bytes(stun_response, &len);
    tap_is(stun_parse(&m, p, len, PASSWORD), 0, "stun: a response");
    tap_ok(m.integrity && m.fingerprint, "stun: its integrity");
    tap_is_text(transport_text(&m.mapped), "192.0.2.1:32853",
                "stun: its address");
    free(p);

    p = tap_bytes(stun_response6, &len);
    tap_is(stun_parse(&m, p, len, PASSWORD), 0, "stun: a response, IPv6");
    tap_is_text(transport_text(&m.mapped),
                "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
                "stun: its address");
    free(p);
}


static void
test_stun_write(void)
{
    stun_in_t             in;
    stun_out_t            out;
    transport_addr_t      addr;
    static const uint8_t  tid[STUN_TID] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

    transport_address(&addr, "2001:db8::7", 8189);

    stun_begin(&out, STUN_SUCCESS, tid);
    stun_mapped(&out, &addr);
    stun_integrity(&out, PASSWORD);
    stun_fingerprint(&out);

    tap_is(stun_parse(&in, out.data, out.len, PASSWORD), 0,
           "stun: what we write");
    tap_ok(in.integrity && in.fingerprint, "stun: its integrity");
    tap_ok(transport_same(&in.mapped, &addr), "stun: its address");

    stun_begin(&out, STUN_ERROR, tid);
    stun_number(&out, STUN_ERROR_CODE, 4 << 8 | 87);

    tap_is(stun_parse(&in, out.data, out.len, PASSWORD), 0, "stun: an error");
    tap_is(in.error, 487, "stun: its code");
}


static void
test_rtp(void)
{
    size_t         len;
    u_char        *want;
    uint8_t        packet[64], *p;
    rtp_header_t   h;

    memset(&h, 0, sizeof(rtp_header_t));

    h.pt = 96;
    h.marker = 1;
    h.seq = 0x1234;
    h.ts = 0x01020304;
    h.ssrc = 0xaabbccdd;

    tap_is(rtp_write(packet, &h) - packet, RTP_HEADER, "rtp: a bare header");

    rtp_ext(&h, 4, "1", 1);
    rtp_ext(&h, 0, "x", 1);
    rtp_ext(&h, 3, "\x12\x34", 2);
    h.padding = 1;

    want = tap_bytes("b0e01234 01020304 aabbccdd bede0002 40313112 34000000",
                     &len);
    p = rtp_write(packet, &h);

    tap_ok((size_t) (p - packet) == len && memcmp(packet, want, len) == 0,
           "rtp: extensions, one of them not negotiated");
    free(want);
}


static int
rtcp_count(const char *hex)
{
    int             n, rc;
    size_t          len;
    rtcp_t          r;
    u_char         *bytes;
    const uint8_t  *p;

    bytes = tap_bytes(hex, &len);
    p = bytes;

    for (n = 0; (rc = rtcp_next(&r, &p, bytes + len)) == 1; n++) { /* void */ }

    free(bytes);

    return rc == 0 ? n : -1;
}


static void
test_rtcp(void)
{
    size_t          len;
    rtcp_t          r;
    u_char         *bytes;
    uint8_t         packet[128], *end;
    const uint8_t  *p;
    rtcp_block_t    block;

    tap_is(rtcp_count("80c90001 00000001 81ce0002 00000001 00000002"), 2,
           "rtcp: RR and PLI");
    tap_is(rtcp_count("80c90002 00000001"), -1, "rtcp: longer than the bytes");
    tap_is(rtcp_count("80c90001 00000001 00"), -1, "rtcp: a byte behind");
    tap_is(rtcp_count("a0c90002 00000001 00000004"), 1, "rtcp: padding");
    tap_is(rtcp_count("a0c90002 00000001 00000005"), -1, "rtcp: bad padding");
    tap_is(rtcp_count("a0c90002 00000001 00000004 80c90001 00000001"), -1,
           "rtcp: padding in the middle");
    tap_is(rtcp_count("80600001 00000001"), -1, "rtcp: RTP");

    bytes = tap_bytes("00000007 40fffffe 00010002 00000009 11223344 00010000",
                      &len);
    rtcp_block(&block, bytes);
    tap_is(block.ssrc, 7, "rtcp: SSRC of a block");
    tap_is(block.fraction, 64, "rtcp: its fraction");
    tap_is(block.lost, -2, "rtcp: its negative loss");
    tap_is(block.highest, 65538, "rtcp: its extended number");
    tap_is(block.dlsr, 65536, "rtcp: its delay");
    free(bytes);

    end = rtcp_write_sr(packet, 5, 0x0102030405060708, 9, 10, 11, "name");
    p = packet;

    tap_is(rtcp_next(&r, &p, end), 1, "rtcp: our SR");
    tap_ok(r.type == RTCP_SR && r.ssrc == 5 && r.len == 20, "rtcp: its form");
    tap_is(rtcp_next(&r, &p, end), 1, "rtcp: our SDES");
    tap_ok(r.type == RTCP_SDES && memcmp(r.body, "\x01\x04name", 6) == 0,
           "rtcp: its CNAME");
    tap_is(rtcp_next(&r, &p, end), 0, "rtcp: nothing behind");

    end = rtcp_write_bye(packet, 5);
    p = packet;

    tap_ok(rtcp_next(&r, &p, end) == 1 && r.type == RTCP_RR
           && rtcp_next(&r, &p, end) == 1 && r.type == RTCP_BYE
           && r.count == 1 && rtcp_next(&r, &p, end) == 0, "rtcp: our BYE");
}


static int
twcc(const char *hex, rtcp_twcc_t *t)
{
    int      rc;
    size_t   len;
    u_char  *bytes;

    bytes = tap_bytes(hex, &len);
    rc = rtcp_twcc(t, bytes, len);
    free(bytes);

    return rc;
}


static void
test_feedback(void)
{
    size_t        len;
    u_char       *bytes;
    rtcp_twcc_t   t;

    tap_is(twcc("00000001 fff00003 000001 05 2003 010203 000000", &t), 0,
           "twcc: a run");
    tap_ok(t.base == 65520 && t.count == 3 && t.received == 3,
           "twcc: what it says");

    /* 14 statuses of one bit, 1 0 1 0 ..., and two of two bits, 2 and 0 */

    tap_is(twcc("00000001 00000010 00000105 a800 e000 0405", &t), -1,
           "twcc: deltas that are not there");
    tap_is(twcc("00000001 00000010 00000105 a800 e000 0405 0006 0000", &t), 0,
           "twcc: vectors");
    tap_is(t.received, 3, "twcc: what they say");

    tap_is(twcc("00000001 00000003 00000105 2003 010203", &t), 0,
           "twcc: not padded");
    tap_is(twcc("00000001 00000003 00000105 2003 010203 00000000000000", &t),
           -1, "twcc: something behind");
    tap_is(twcc("00000001 00000003 00000105 6003 010203 000000", &t), -1,
           "twcc: a reserved status");
    tap_is(twcc("00000001 00000003 00000105", &t), -1, "twcc: no chunk");

    bytes = tap_bytes("00000000 52454d42 01 0503e8 00000001", &len);
    tap_is(rtcp_remb(bytes, len), (65536 + 1000) << 1, "remb");
    tap_is(rtcp_remb(bytes, len - 4), -1, "remb: cut off");
    free(bytes);
}


static void
test_sdp(void)
{
    sdp_t        *sdp;
    sdp_media_t  *m;

    sdp = memory_new(sizeof(sdp_t));

    sdp_parse(sdp,
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        "a=group:BUNDLE 0 1\r\na=ice-lite\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
        "a=recvonly\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        "a=fingerprint:sha-256 AB:CD\r\na=setup:passive\r\na=rtcp-mux\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host\r\n"
        "a=candidate:2 1 tcp 1671430143 192.0.2.1 8189 typ host"
        " tcptype passive\r\n"
        "a=candidate:3 1 tcp 1 192.0.2.1 9 typ host tcptype active\r\n"
        "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host\r\n"
        "a=end-of-candidates\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=recvonly\r\n"
        "a=ice-ufrag:efgh\r\na=rtpmap:96 H264/90000\r\n"
        "a=rtpmap:97 rtx/90000\r\na=extmap:4/recvonly urn:x\r\n"
        "a=extmap:5 urn:y\r\na=rid:0 recv\r\na=rid:1 recv pt=96\r\n"
        "a=rid:2 send\r\na=simulcast:recv 0;1\r\n");

    tap_is(sdp->nmedia, 2, "sdp: m-lines");
    tap_is_text(sdp->ufrag, "abcd", "sdp: ufrag of the first");
    tap_is_text(sdp->group, "0 1", "sdp: bundle");
    tap_is_text(sdp->fingerprint, "AB:CD", "sdp: fingerprint");
    tap_ok(sdp->ice_lite && sdp->end_of_candidates && sdp->first_is_udp,
           "sdp: flags");
    tap_is(sdp->ncandidates, 2, "sdp: candidates, none twice, none active");
    tap_ok(!sdp->candidates[0].tcp && sdp->candidates[1].tcp,
           "sdp: their transports");
    tap_is(sdp->candidates[0].port, 8189, "sdp: port");

    m = &sdp->media[1];

    tap_ok(!m->rtcp_mux && sdp->media[0].rtcp_mux, "sdp: rtcp-mux");
    tap_is(sdp_payload_type(m, "h264/"), 96, "sdp: H.264");
    tap_is(sdp_payload_type(m, "rtx/"), 97, "sdp: rtx");
    tap_is(sdp_payload_type(m, "opus/"), -1, "sdp: no opus there");
    tap_is(sdp_extension(m, "urn:x"), 4, "sdp: extension with a direction");
    tap_is(sdp_extension(m, "urn:y"), 5, "sdp: extension");
    tap_is(sdp_extension(m, "urn:z"), 0, "sdp: no extension");
    tap_ok(m->nrids == 2 && m->simulcast_recv && !m->simulcast_send,
           "sdp: rids that are received");

    free(sdp);
}


/* SPS, PPS, an IDR picture of two slices, and a picture of one long slice */

#define LONG  2500

static uint8_t  stream[] = {
    0, 0, 0, 1, 0x09, 0xf0,
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0x11,
    0, 0, 1, 0x68, 0xce, 0x3c,
    0, 0, 1, 0x65, 0x88, 0x11, 0x22,
    0, 0, 1, 0x65, 0x42, 0x33, 0x44, 0,
    0, 0, 0, 1, 0x41, 0x9a
};


static media_t *
h264_media(int packets, int sets)
{
    size_t           len;
    media_t         *media;
    options_t        o;
    static uint8_t   data[sizeof(stream) + LONG];

    memset(data, 0x55, sizeof(data));
    memcpy(data, stream, sizeof(stream));
    len = sizeof(data);

    options_init(&o);
    o.packets = packets;
    o.sets = sets;
    o.mtu = 1000;

    media = memory_new(sizeof(media_t));
    h264_packetize(media, data, len, &o);

    return media;
}


static void
h264_free(media_t *media)
{
    free(media->packets);
    free(media->frames);
    free(media->sprop);
    free(media);
}


static void
test_h264(void)
{
    media_t         *m;
    media_packet_t  *p;

    m = h264_media(OPTIONS_PACKETS_SINGLE, OPTIONS_SETS_INBAND);

    tap_is(m->nframes, 2, "h264: pictures");
    tap_ok(m->frames[0].key && !m->frames[1].key, "h264: a key one");
    tap_is(m->frames[0].count, 5, "h264: each NAL unit by itself");
    tap_is(m->frames[1].count, 3, "h264: fragments");
    tap_is_text(m->profile, "42c01e", "h264: profile");
    tap_is_text(m->sprop, "Z0LAHhE=,aM48", "h264: sprop-parameter-sets");
    tap_ok(!m->packets[3].marker && m->packets[4].marker
           && m->packets[7].marker, "h264: markers");
    tap_is(m->packets[4].len, 4, "h264: without trailing zeroes");

    p = &m->packets[5];

    tap_ok(p[0].head[0] == 0x5c && p[0].head[1] == 0x81 && p[0].len == 998,
           "h264: first fragment");
    tap_ok(p[1].head[0] == 0x5c && p[1].head[1] == 0x01 && p[1].len == 998,
           "h264: fragment");
    tap_ok(p[2].head[0] == 0x5c && p[2].head[1] == 0x41
           && p[0].len + p[1].len + p[2].len == LONG + 1,
           "h264: last fragment");
    tap_ok(p[0].body + p[0].len == p[1].body && *p[0].body == 0x9a,
           "h264: what is in them");
    h264_free(m);

    m = h264_media(OPTIONS_PACKETS_SINGLE, OPTIONS_SETS_SPROP);
    tap_is(m->frames[0].count, 3, "h264: parameter sets in the SDP alone");
    h264_free(m);

    /* the delimiter is before the group */

    m = h264_media(OPTIONS_PACKETS_STAP, OPTIONS_SETS_INBAND);
    p = &m->packets[1];

    tap_is(m->frames[0].count, 4, "h264: STAP-A of SPS and PPS");
    tap_ok(p->len == 13 && p->body[0] == 0x78
           && memcmp(p->body + 1, "\0\x05\x67", 3) == 0
           && memcmp(p->body + 8, "\0\x03\x68", 3) == 0, "h264: its content");
    free((void *) (uintptr_t) p->body);
    h264_free(m);

    m = h264_media(OPTIONS_PACKETS_FFMPEG, OPTIONS_SETS_INBAND);
    p = &m->packets[0];

    tap_is(m->frames[0].count, 1, "h264: STAP-A of a picture");
    tap_ok(p->body[0] == 0x18 && p->marker, "h264: with NRI 0");
    free((void *) (uintptr_t) p->body);
    h264_free(m);
}


static void
test_ogg(void)
{
    size_t     i, len;
    media_t   *m;
    u_char    *head;
    uint8_t    data[1024], *p;

    /* two headers, a packet of 300 bytes over two pages, one of 3 bytes */

    memset(data, 0, sizeof(data));

    head = tap_bytes("4f676753 00 02 0000000000000000 00000001 00000000"
                     " 00000000 03 01 01 ff", &len);
    p = wire_put(data, head, len);
    free(head);

    p = wire_put(p, "HT", 2);
    *p = 0xfc;
    p += 255;

    head = tap_bytes("4f676753 00 01 0000000000000000 00000001 00000001"
                     " 00000000 02 2d 03", &len);
    p = wire_put(p, head, len);
    free(head);

    p += 45;
    *p = 0x0b;
    p[1] = 0x02;
    p += 3;

    m = memory_new(sizeof(media_t));
    ogg_read_opus(m, data, (size_t) (p - data));

    tap_is(m->nframes, 2, "ogg: packets behind the headers");
    tap_is(m->packets[0].len, 300, "ogg: one over two pages");
    tap_is(m->frames[1].ticks, 960, "ogg: 20 ms of CELT");
    tap_is(m->ticks, 960 + 1920, "ogg: two frames of 20 ms of SILK");

    media_cut(m, 2000);
    tap_ok(m->nframes == 1 && m->ticks == 960, "media: cut");

    for (i = 0; i < m->npackets; i++) {
        free((void *) (uintptr_t) m->packets[i].body);
    }

    free(m->packets);
    free(m->frames);
    free(m);

    tap_is(ogg_opus_duration((uint8_t *) "", 0), 0, "opus: nothing");
    tap_is(ogg_opus_duration((uint8_t *) "\x80", 1), 120, "opus: 2.5 ms");
    tap_is(ogg_opus_duration((uint8_t *) "\x19", 1), 5760, "opus: 2 x 60 ms");
}


static void
test_options(void)
{
    char       *text;
    options_t   o;

    options_init(&o);

    tap_ok(options_set_text(&o, "video_loss", "2.5") == NULL
           && o.track[OPTIONS_VIDEO].loss == 2.5, "options: of a track");
    tap_ok(options_set_text(&o, "stop", "vanish") == NULL
           && o.stop == OPTIONS_STOP_VANISH, "options: a choice");
    tap_ok(options_set_text(&o, "stop", "van") != NULL, "options: no choice");
    tap_ok(options_set_text(&o, "sessions", "4x") != NULL,
           "options: no number");
    tap_ok(options_set_text(&o, "loss", "1") != NULL, "options: unknown");

    text = options_number("a%db%d", 7);
    tap_is_text(text, "a7b7", "options: %d");
    free(text);
}


static void
test_resolve(const char *location, const char *want)
{
    char  *url;

    url = http_resolve("http://h:1/whip/cam?x=/y", location);
    tap_is_text(url, want, "http: Location");
    free(url);
}


int
main(void)
{
    test_stun_parse();
    test_stun_write();
    test_rtp();
    test_rtcp();
    test_feedback();
    test_sdp();
    test_h264();
    test_ogg();
    test_options();

    test_resolve("/whip/session/1", "http://h:1/whip/session/1");
    test_resolve("http://o/s", "http://o/s");
    test_resolve("session/1", "http://h:1/whip/session/1");

    return tap_done();
}
