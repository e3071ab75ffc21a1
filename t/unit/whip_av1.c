
/*
 * Copyright (C) the ngx_live contributors
 *
 * AV1 in RTP: real OBUs in packets of every kind.  FFmpeg 5.1 wrote them, and
 * the records that are expected of them, to OBU and MP4 files:
 *
 *     ffmpeg -f lavfi -i testsrc=s=64x48:r=30
 *         -pix_fmt yuv420p -frames:v 2 -c:v libaom-av1 -crf 60 -cpu-used 8
 *             -usage realtime aom.obu
 *         -pix_fmt yuv420p10le -frames:v 1 -c:v libaom-av1 -crf 63 -cpu-used 8
 *             aom10.obu
 *         -pix_fmt gbrp -frames:v 1 -c:v libaom-av1 -crf 63 -cpu-used 8
 *             aomrgb.obu
 *     ffmpeg -f lavfi -i testsrc=s=64x64:r=30 -pix_fmt yuv420p -frames:v 3
 *         -c:v libsvtav1 -qp 60 -preset 10 svt.obu
 *
 * The other sequence headers were made by hand and checked with FFmpeg's
 * trace_headers.
 */

/* sources: modules/ngx_whip/ngx_whip_payload.c */
/* sources: modules/ngx_whip/ngx_whip_unit.c */
/* sources: modules/ngx_whip/ngx_whip_record.c */
/* sources: modules/ngx_whip/ngx_whip_paramset.c */
/* sources: modules/ngx_whip/ngx_whip_h264.c modules/ngx_whip/ngx_whip_hevc.c */
/* sources: modules/ngx_whip/ngx_whip_av1.c */
/* sources: modules/common/ngx_live_codec.c modules/common/ngx_live_h264.c */
/* sources: modules/common/ngx_live_hevc.c modules/common/ngx_live_vvc.c */
/* sources: modules/common/ngx_live_av1.c modules/common/ngx_live_vpx.c */
/* sources: modules/common/ngx_live_aac.c modules/common/ngx_live_opus.c */
/* sources: modules/common/ngx_live_flac.c modules/common/ngx_live_picture.c */
/* sources: modules/common/ngx_live_text.c */


#include "packets.h"


/* a temporal delimiter, then the units of the files by name */

enum {
    TD, SEQ, KEY, INTER, SEQ_S, KEY_S, INTER_S1, INTER_S2, SEQ_10, KEY_10,
    SEQ_RGB, KEY_RGB, NUNITS
};


static const char *const  stream[] = {
    "1200",
    "0a0a00000002aff79b5f2008",
    "32a7041000c500618618282480dd30a8af2c34a0f30f6be6e6da6a24e2a8d9f9"
    "64370121214c2b28be154d17009ffb8c923582b5a7fd72912c5f58ece935f50e"
    "662d4bd60dae82eb28447b0d3e4a417803038e3429ddd617434d8151027b7373"
    "dfcfca15294b7cd154b779182259b61885dbc8533752551f3019580da042f31b"
    "3952db6cb8af1082cf97a3420c5e78fb7d1b492289f79eb331758bd751ac6f4a"
    "a7bb5ac9bf08263024752393b92b2d1a8c96c8b902b8727d2bade02c0b41a15b"
    "44e92f22a790360671f71fce003ae27ee28842b70f4ab3bd6d71ed206bf95d52"
    "5ca1f139906c6da442ca66eaab8f55bd9a2b76a660cda821a9f6501bb580c2f8"
    "0f31fb1c801f2ac00eaa9aecbafab27e721dfe1d341d6f4de8081baa9397971a"
    "4d773b497a957bc2de3280e46029551a73273b8ecf1b62ce5352bcc2eae70585"
    "ecc87c62331233948ea21a41e387ea82361760a1a60abafe0faaa742fb38dbfd"
    "8515650a3f5ec5eb5373315bb422c35c7531f6f11e81ee59ca21875742dfb2b1"
    "fbc4e9cff8bbc1677d20fd5e9252250cfceadd51b9fe8c26c17dea5b99fbc178"
    "95bd167cbf535570054b06b47fca509915cb5e84a8d4fcbb6ce45a1195019b23"
    "cda488e638df67902be2198eb4de6c41c3787fa4f4d15b863cdd1aba0f0881ce"
    "359f3b1ac00749482fb47d3e67ef89d0e29dfd82d9d5861f62594fb05072736e"
    "15518af3681c298ec4a56a1d22cada1ef62f1637403a83294a81bbcccebb0747"
    "1455f2779c529d12c06a",
    "321230038080fdf806f801fffffe2c54d2009784",
    "0a0a00000002afff9f7f2008",
    "32ba031400b48040d90c03246599d58df08e126d6f9eb86449faca61913d8879"
    "4779f91874e76753750b3bdda30345444ba1ead3f99d7f063e2a0bec861135ba"
    "8cbd2fb3c9a028b6ab9c108f12cf63367ea088954e73bd4fa67c32549cde485e"
    "40e55c03b4215b2093738b5c8470318c173f9a8aedc30ad95eb38726de10a38f"
    "45eb85d277faaf259ee4bf7319cfc94d8399b42d5afc5ae11b0b9940e590ec1d"
    "b45b861c27b62caafaafb279469338faf8dc66c424ef9e3d64e1f94f7974b807"
    "be86fb906ec85de1eba3caa8644ad72a1818029ddc9eacc2ca318ad16080906b"
    "00895156ad7e7ac8bc10cdbf4f527a09b47aafc9e2929f94de64fb367b2f7928"
    "2be46c3efe6bc638bc1ce492384758754605a3340882e8cdfe31f8dade7a0c8f"
    "27c93ef6d0da9ab5ec2ad18b45aa2c94514b241cedd411037605c8380954d9ec"
    "a94f011a29bd701e6318823893cf644a80c9fa0345b29b672faf58fd2660a62d"
    "5ff6d913505c8fd6a333fdb1b99237c9c60347d4214b2ce364f708e9a751d0d1"
    "c39b11b2401507bf29df1089075d440b70b72248d7dabb5ad398874f288c66b0"
    "65b0f0cb60fc4b0beadec61f3b4c49316c820ecfe62ed9d05509cfe0c8",
    "321132010404924915f0000001000000009784",
    "321132020104924915de000003000000009784",
    "0a0a00000002aff79b5f2808",
    "324714003fe00000b2e020d7fffc93f71b9565a5f13466084cc2d9dbfa0b04c4"
    "c3f97b2c386e6b5857ae4c5d067e675567682eda85914f2eb6867570591eac68"
    "4ac0f3fccbaab2d280",
    "0a0d20000002aff79b5f2404340080",
    "32990114003fe00000b00020321577d8562ef24d741d86fa2681ad642ebbffff"
    "fb93b7ae83e1184750da1c99d5b6bd5ddfd9f194e8373e29601316f50a2bff79"
    "ee0ac761613c2a2299ca029aa1c59c8993ee7655f405cc0ea49859dfae7dcdf6"
    "04b3d6192b3de33f59278000df766eea1707e03c3e31bef26b281e23fc4bdb00"
    "1d93bb1df62982a7dc433b9a59746a880168386857c291e8cb2f3c5e"
};


static const char  aom_av1c[] = "81 00 0c 00 0a0a00000002aff79b5f2008";
static const char  svt_av1c[] = "81 00 0c 00 0a0a00000002afff9f7f2008";


/* how the elements of a packet are told apart */

enum { ONE, COUNT, SIZES };

static packets_unit_t  units[NUNITS];       /* as they are in a frame */
static packets_unit_t  bare[NUNITS];        /* without their sizes */


#define is_obus(frame, name, ...)                                             \
    expect(frame, (const int []) { __VA_ARGS__, -1 }, name)

#define send(p, mtu, style, n, lost, ...)                                     \
    packetize(p, bare, (const int []) { __VA_ARGS__, -1 }, mtu, style, n, lost)


static u_char *
leb128(u_char *p, size_t v)
{
    for ( /* void */ ; v > 127; v >>= 7) {
        *p++ = (u_char) (0x80 | (v & 0x7f));
    }

    *p++ = (u_char) v;

    return p;
}


/* without obu_size */

static packets_unit_t
strip(packets_unit_t *unit)
{
    size_t          n;
    packets_unit_t  out;

    for (n = 1; unit->data[n] & 0x80; n++) { /* void */ }

    out.len = unit->len - n;
    out.data = malloc(out.len);
    memcpy(out.data, unit->data + n, out.len);
    out.data[0] = (u_char) (unit->data[0] & ~0x02);

    return out;
}


/* with obu_size, of a unit whose header is one byte */

static packets_unit_t
sized(packets_unit_t *unit)
{
    u_char          *p;
    packets_unit_t   out;

    out.data = malloc(unit->len + 8);

    out.data[0] = (u_char) (unit->data[0] | 0x02);
    p = leb128(out.data + 1, unit->len - 1);
    memcpy(p, unit->data + 1, unit->len - 1);
    out.len = (size_t) (p - out.data) + unit->len - 1;

    return out;
}


static int
expect(ngx_whip_frame_t *frame, const int *which, const char *name)
{
    u_char  buf[4096];
    size_t  len;

    for (len = 0; *which >= 0; which++) {
        memcpy(buf + len, units[*which].data, units[*which].len);
        len += units[*which].len;
    }

    return packets_bytes(frame->data, frame->len, buf, len, name);
}


/*
 * A temporal unit in packets of up to `mtu` bytes of OBUs; the first one begins
 * a coded video sequence if `n` is set.  The packet that is to be lost is
 * replaced by the call that says so.  Returns how many there were.
 */

static int
packetize(ngx_whip_payload_t *p, packets_unit_t *from, const int *which,
    size_t mtu, int style, int n, int lost)
{
    int      count, elements, last;
    u_char  *buf, *w;
    size_t   off, left, len;

    buf = malloc(mtu + 64);

    count = 0;
    off = 0;
    left = mtu;
    elements = 0;
    w = buf + 1;
    buf[0] = n ? 0x08 : 0;

    for ( ;; ) {

        len = ngx_min(left, from[*which].len - off);
        last = (off + len == from[*which].len && which[1] < 0);

        elements++;

        if (style == SIZES
            || (style == COUNT && len < left && elements < 3 && !last))
        {
            w = leb128(w, len);
        }

        memcpy(w, from[*which].data + off, len);
        w += len;
        off += len;
        left -= len;

        if (last || left == 0 || style == ONE || elements == 3) {

            if (style != SIZES) {
                buf[0] |= (u_char) (elements << 4);
            }

            if (off < from[*which].len) {
                buf[0] |= 0x40;
            }

            if (count == lost) {
                ngx_whip_payload_lost(p);

            } else {
                (void) packets_send(p, buf, 1, buf + 1,
                                    (size_t) (w - buf) - 1);
            }

            count++;

            buf[0] = (u_char) ((buf[0] & 0x40) << 1);
            left = mtu;
            elements = 0;
            w = buf + 1;
        }

        if (last) {
            break;
        }

        if (off == from[*which].len) {
            which++;
            off = 0;
        }
    }

    free(buf);

    return count;
}


static void
test_streams(void)
{
    int                  style;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    for (style = ONE; style <= SIZES; style++) {

        p = packets_create(NGX_WHIP_AV1);

        packets_config(p, NGX_LIVE_CODEC_AV1, NULL, "", "no record yet");

        send(p, 300, style, 1, -1, TD, SEQ, KEY);
        packets_frame(p, &frame, "1 key config", "a key frame");
        is_obus(&frame, "without its delimiter", SEQ, KEY);
        packets_config(p, NGX_LIVE_CODEC_AV1, aom_av1c, "av01.0.00M.08 64x48",
                       "the record");

        send(p, 1200, style, 0, -1, INTER);
        packets_frame(p, &frame, "1", "a frame");
        is_obus(&frame, "its OBU", INTER);

        send(p, 1200, style, 1, -1, SEQ, KEY);
        packets_frame(p, &frame, "1 key", "the same sequence header");

        send(p, 100, style, 1, -1, SEQ_S, KEY_S);
        packets_frame(p, &frame, "1 key config", "another one");
        is_obus(&frame, "its OBUs", SEQ_S, KEY_S);
        packets_config(p, NGX_LIVE_CODEC_AV1, svt_av1c, "av01.0.00M.08 64x64",
                       "its record");

        send(p, 100, style, 0, -1, TD, INTER_S1);
        packets_frame(p, &frame, "1", "a frame");
        is_obus(&frame, "its OBU", INTER_S1);

        send(p, 1, style, 0, -1, INTER_S2);
        packets_frame(p, &frame, "1", "a frame byte by byte");
        is_obus(&frame, "its OBU", INTER_S2);

        send(p, 1200, style, 0, -1, INTER_S1, INTER_S2);
        packets_frame(p, &frame, "2", "two frames of one time");
        is_obus(&frame, "both", INTER_S1, INTER_S2);

        packets_frame(p, &frame, "DECLINED", "no packet since");

        ngx_whip_payload_destroy(p);
    }
}


static void
test_fragments(void)
{
    int                  n, i, pass, style;
    size_t               mtu;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_AV1);

    for (style = ONE; style <= SIZES; style++) {

        pass = 1;

        for (mtu = 1; mtu < 600; mtu += 1 + mtu / 50) {

            send(p, mtu, style, 1, -1, TD, SEQ, KEY);

            pass &= ngx_whip_payload_frame(p, &frame) == NGX_OK
                    && frame.key && !frame.damaged
                    && frame.len == units[SEQ].len + units[KEY].len
                    && memcmp(frame.data, units[SEQ].data, units[SEQ].len) == 0
                    && memcmp(frame.data + units[SEQ].len, units[KEY].data,
                              units[KEY].len) == 0;
        }

        tap_ok(pass, "fragments of all sizes");
    }

    /* each packet lost, of the second frame of three */

    n = ((int) bare[KEY].len + 49) / 50;
    pass = 1;

    for (i = 0; i < n; i++) {
        send(p, 1200, ONE, 0, -1, INTER);
        pass &= send(p, 50, ONE, 0, i, KEY) == n;
        send(p, 1200, ONE, 0, -1, INTER);

        pass &= ngx_whip_payload_frame(p, &frame) == NGX_OK
                && frame.damaged && frame.slices == 2
                && is_obus(&frame, "what is left of it", INTER, INTER);
    }

    tap_ok(pass, "each fragment lost");

    send(p, 50, ONE, 0, 3, KEY);
    packets_frame(p, &frame, "DECLINED", "nothing left of a picture");

    ngx_whip_payload_destroy(p);
}


/* the number of bytes of a size is not known before the end of a fragment */

static void
test_sizes(void)
{
    size_t               i;
    packets_unit_t       unit, want;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const int     which[] = { 0, -1 };
    static const size_t  lens[] = {
        128, 129, 16384, 16385, 127, 20000, 2097153, 2097152, 2, 40000, 3000,
        3001, 0
    };

    p = packets_create(NGX_WHIP_AV1);

    send(p, 1200, ONE, 1, -1, SEQ, KEY);
    packets_frame(p, &frame, "1 key config", "a key frame");

    for (i = 0; lens[i]; i++) {

        unit = packets_long_unit("30 30", lens[i]);
        want = sized(&unit);

        packetize(p, &unit, which, 1100, ONE, 0, -1);
        packets_frame(p, &frame, "1 config", "a frame in fragments");
        packets_bytes(frame.data, frame.len, want.data, want.len,
                      "is as it was");

        /* with its size, as it should not be sent */

        packetize(p, &want, which, 1100, ONE, 0, -1);
        packets_frame(p, &frame, "1 config", "one with its size");
        packets_bytes(frame.data, frame.len, want.data, want.len,
                      "is as it was");

        free(unit.data);
        free(want.data);
    }

    /* with a size that takes more bytes than it needs */

    packets_hex(p, "10 32 9480808000 30038080fdf806f801fffffe2c54d200978400ee");
    packets_frame(p, &frame, "1 config", "a long size");
    packets_bytes(frame.data, frame.len,
                  (u_char *) "\x32\x14\x30\x03\x80\x80\xfd\xf8\x06\xf8"
                  "\x01\xff\xff\xfe\x2c\x54\xd2\x00\x97\x84\x00\xee", 22,
                  "gets shorter");

    /* an extension byte stays in front of the size */

    packets_hex(p, "10 34 28 300380");
    packets_frame(p, &frame, "1 config", "an extension");
    packets_bytes(frame.data, frame.len,
                  (u_char *) "\x36\x28\x03\x30\x03\x80", 6, "its bytes");

    packets_hex(p, "50 34");
    packets_hex(p, "d0 28");
    packets_hex(p, "90 300380");
    packets_frame(p, &frame, "1 config", "an extension in fragments");
    packets_bytes(frame.data, frame.len,
                  (u_char *) "\x36\x28\x03\x30\x03\x80", 6, "its bytes");

    ngx_whip_payload_destroy(p);
}


static void
test_lost(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_AV1);

    ngx_whip_payload_lost(p);
    send(p, 100, ONE, 1, -1, SEQ, KEY);
    packets_frame(p, &frame, "1 key config", "lost before a new sequence");

    ngx_whip_payload_lost(p);
    send(p, 100, COUNT, 0, -1, SEQ, KEY);
    packets_frame(p, &frame, "1 key config", "a sequence header comes first");

    ngx_whip_payload_lost(p);
    send(p, 100, ONE, 0, -1, TD, INTER);
    packets_frame(p, &frame, "1 config", "so does a delimiter");

    ngx_whip_payload_lost(p);
    send(p, 100, ONE, 0, -1, INTER);
    packets_frame(p, &frame, "1 damaged config", "what was before a frame?");

    send(p, 100, ONE, 0, -1, INTER);
    ngx_whip_payload_lost(p);
    packets_frame(p, &frame, "1 damaged config", "the end is lost");
    send(p, 1200, ONE, 1, -1, SEQ, KEY);
    packets_frame(p, &frame, "1 key config", "the next is whole");

    tap_is(packets_hex(p, "90 0102"), NGX_ERROR, "a fragment out of nowhere");
    tap_is(packets_hex(p, "90 0102"), NGX_DECLINED, "and the next");
    send(p, 100, ONE, 0, -1, INTER);
    packets_frame(p, &frame, "1 damaged config", "damages the unit");
    is_obus(&frame, "and is not in it", INTER);

    tap_is(packets_hex(p, "a0 02 0102 30 30"), NGX_ERROR,
           "a frame behind such a fragment");
    packets_frame(p, &frame, "1 damaged config", "is taken");

    send(p, 1200, ONE, 0, -1, SEQ);
    packets_frame(p, &frame, "DECLINED", "a marker after the sequence header");
    send(p, 1200, ONE, 0, -1, KEY);
    packets_frame(p, &frame, "1 key config", "does no harm");
    send(p, 1200, ONE, 0, -1, KEY);
    packets_frame(p, &frame, "1 config", "without it, it is no key frame");

    ngx_whip_payload_destroy(p);
}


static void
test_malformed(void)
{
    size_t               i;
    u_char               buf[1 + 65 * 2];
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const struct {
        const char  *hex;
        const char  *name;
    } errors[] = {
        { "10",                       "a header alone" },
        { "98 30",                    "a fragment begins a sequence" },
        { "00 80",                    "half a size" },
        { "00 8080808080808080",      "a size of eight bytes" },
        { "00 808080808080808000 30", "a size of nine bytes" },
        { "00 8080808010 30",         "a size of 4 GB" },
        { "00 03 3030",               "more bytes than there are" },
        { "20 03 3030",               "more bytes, of two" },
        { "20 02 1200",               "one element of two" },
        { "30 02 1200 00",            "two elements of three" },
        { "10 b030",                  "a forbidden bit" },
        { "10 34",                    "half a header" },
        { "10 32",                    "no size" },
        { "10 3202 30",               "a size too large" },
        { "10 3201 3030",             "a size too small" },
        { "10 30",                    "an empty frame" },
        { "10 08",                    "an empty sequence header" },
        { "10 08 00000002aff79b",     "one cut off" },
        { "10 08 000000077232",       "one cut off, wide" },
        { "10 08 600000077003f005efffdc02", "profile 3" },
        { NULL,                       NULL }
    };

    /* of no use in a frame, and no fault */

    static const char *const  dropped[] = {
        "10 1200", "10 10",                    /* temporal delimiters */
        "10 400102",                           /* a tile list */
        "10 780102",                           /* padding */
        "10 000102", "10 480102", "10 700102", /* reserved */
        "10 380102",                           /* a redundant frame header */
        NULL
    };

    p = packets_create(NGX_WHIP_AV1);

    for (i = 0; dropped[i]; i++) {
        send(p, 1200, COUNT, 1, -1, SEQ, KEY);
        tap_is(packets_hex(p, dropped[i]), NGX_OK, dropped[i]);
        packets_frame(p, &frame, "1 key config", "does no harm");
        is_obus(&frame, "and is not in it", SEQ, KEY);
    }

    for (i = 0; errors[i].hex; i++) {
        send(p, 1200, COUNT, 1, -1, SEQ, KEY);
        tap_is(packets_hex(p, errors[i].hex), NGX_ERROR, errors[i].name);
        packets_frame(p, &frame, "1 key damaged config", "damages the unit");
        is_obus(&frame, "and is not in it", SEQ, KEY);
    }

    send(p, 1200, ONE, 1, -1, SEQ, KEY);
    packets_frame(p, &frame, "1 key config", "and no other");

    /* empty elements are nothing */

    tap_is(packets_hex(p, "00 00"), NGX_DECLINED, "an empty element");
    tap_is(packets_hex(p, "00 00 02 3030 00"), NGX_OK, "and one amid them");
    packets_frame(p, &frame, "1 config", "is taken");
    packets_bytes(frame.data, frame.len, (u_char *) "\x32\x01\x30", 3,
                  "alone");

    tap_is(packets_hex(p, "40 02 3030 00"), NGX_OK,
           "a fragment without a beginning");
    tap_is(packets_hex(p, "90 3030"), NGX_ERROR, "and its end");
    packets_frame(p, &frame, "1 damaged config", "is not taken");

    buf[0] = 0;

    for (i = 0; i < 65; i++) {
        buf[1 + 2 * i] = 1;
        buf[2 + 2 * i] = 0x10;
    }

    tap_is(ngx_whip_payload_packet(p, buf, 1 + 64 * 2), NGX_OK, "64 elements");
    tap_is(ngx_whip_payload_packet(p, buf, 1 + 65 * 2), NGX_ERROR,
           "65 elements");
    packets_frame(p, &frame, "DECLINED", "delimiters are no picture");

    /* fragments that do not follow each other */

    packets_hex(p, "18 0800000002aff79b5f2008");
    packets_hex(p, "50 3030");
    packets_hex(p, "10 3050");
    packets_frame(p, &frame, "1 damaged config", "no end of a fragment");

    packets_hex(p, "10 3030");
    packets_hex(p, "50 3030");
    packets_frame(p, &frame, "1 damaged config", "no end before the marker");

    packets_hex(p, "10 28 0102");
    packets_hex(p, "10 3030");
    packets_hex(p, "10 20 0102");
    packets_frame(p, &frame, "1 config", "metadata and tiles");
    packets_bytes(frame.data, frame.len,
                  (u_char *) "\x2a\x02\x01\x02\x32\x01\x30"
                  "\x22\x02\x01\x02", 11, "are kept");

    ngx_whip_payload_destroy(p);
}


static void
test_keys(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_AV1);

    send(p, 1200, ONE, 0, -1, KEY);
    packets_frame(p, &frame, "1 damaged", "no sequence header yet");

    send(p, 1200, ONE, 1, -1, SEQ);
    packets_hex(p, "10 30 10");
    packets_frame(p, &frame, "1 key config", "a key frame that is shown");

    send(p, 1200, ONE, 1, -1, SEQ);
    packets_hex(p, "10 30 00");
    packets_frame(p, &frame, "1 config", "one that is not");

    send(p, 1200, ONE, 1, -1, SEQ);
    packets_hex(p, "10 30 50");
    packets_frame(p, &frame, "1 config", "an intra-only frame");

    send(p, 1200, ONE, 1, -1, SEQ);
    packets_hex(p, "10 18 90");
    packets_frame(p, &frame, "1 config", "one that was there, shown");

    send(p, 1200, ONE, 1, -1, SEQ);
    packets_hex(p, "10 18 10");
    packets_hex(p, "10 20 0102");
    packets_frame(p, &frame, "1 key config", "header and tiles apart");

    packets_hex(p, "20 09 08193b801f802ffc02 30 80");
    packets_frame(p, &frame, "1 key config", "a still picture");
    packets_config(p, NGX_LIVE_CODEC_AV1,
                   "81 04 0c 00 0a08193b801f802ffc02", "av01.0.04M.08 64x48",
                   "its record");

    ngx_whip_payload_destroy(p);
}


static void
test_records(void)
{
    size_t               i;
    char                 hex[256];
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const struct {
        const char  *sequence;
        const char  *head;
        const char  *want;
    } rows[] = {
        /* timing, decoder model, delays, two points, frame ids, mono */
        { "0400000004000000f26a400000005078440db80a0366202580a0367dc00fc017"
          "cd7ffefc24402480", "81 0d dc 00", "av01.0.13H.10 64x48" },

        /* 12 bits, 4:2:0, chroma position 2, no order hints */
        { "40000043b801f802f7f1f1c4", "81 48 6e 00", "av01.2.08M.12 64x48" },

        /* 4:2:2, screen content tools forced */
        { "40000043b801f802f7febb81", "81 48 08 00", "av01.2.08M.08 64x48" },

        { NULL, NULL, NULL }
    };

    p = packets_create(NGX_WHIP_AV1);

    send(p, 1200, COUNT, 1, -1, SEQ_10, KEY_10);
    packets_frame(p, &frame, "1 key config", "libaom, 10 bits");
    packets_config(p, NGX_LIVE_CODEC_AV1,
                   "81 00 4c 00 0a0a00000002aff79b5f2808",
                   "av01.0.00M.10 64x48", "the record");

    send(p, 1200, COUNT, 1, -1, SEQ_RGB, KEY_RGB);
    packets_frame(p, &frame, "1 key config", "libaom, RGB");
    packets_config(p, NGX_LIVE_CODEC_AV1,
                   "81 20 00 00 0a0d20000002aff79b5f2404340080",
                   "av01.1.00M.08 64x48", "the record");

    for (i = 0; rows[i].sequence; i++) {

        snprintf(hex, sizeof(hex), "18 08 %s", rows[i].sequence);
        tap_is(packets_hex(p, hex), NGX_OK, rows[i].want);
        packets_hex(p, "10 30 10");
        packets_frame(p, &frame, "1 key config", "its key frame");

        snprintf(hex, sizeof(hex), "%s 0a %02x %s", rows[i].head,
                 (int) strlen(rows[i].sequence) / 2, rows[i].sequence);
        packets_config(p, NGX_LIVE_CODEC_AV1, hex, rows[i].want, "its record");
    }

    tap_is(packets_hex(p, "18 08 0000000772327005efffdc02"), NGX_ERROR,
           "9000 wide");
    packets_hex(p, "10 30 10");
    packets_frame(p, &frame, "1 damaged", "its key frame");
    packets_hex(p, "10 30 30");
    packets_frame(p, &frame, "1 damaged", "and what follows");
    packets_config(p, NGX_LIVE_CODEC_AV1, NULL, rows[i - 1].want,
                   "the record stays");

    ngx_whip_payload_destroy(p);
}


static void
test_limits(void)
{
    int                  i;
    packets_unit_t       big;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const int  which[] = { 0, -1 };

    p = packets_create(NGX_WHIP_AV1);

    send(p, 1200, ONE, 1, -1, SEQ);
    big = packets_long_unit("30 10", 4096);
    packetize(p, &big, which, 1, ONE, 0, -1);
    packets_frame(p, &frame, "1 key config", "4096 fragments");
    free(big.data);

    big = packets_long_unit("30 10", 4097);
    packetize(p, &big, which, 1, ONE, 0, -1);
    packets_frame(p, &frame, "DECLINED", "4097 fragments");
    free(big.data);

    send(p, 1200, ONE, 1, -1, SEQ);
    big = packets_long_unit("30 10", 4 * 1024 * 1024);
    packetize(p, &big, which, 1200, ONE, 0, -1);
    packets_frame(p, &frame, "1 key config", "an OBU of 4 MB");

    big.len -= 16;

    for (i = 0; i < 3; i++) {
        packetize(p, &big, which, 1200, ONE, 0, -1);
    }

    packets_frame(p, &frame, "2 damaged config", "no more than 8 MB");
    free(big.data);

    send(p, 1200, ONE, 1, -1, SEQ, KEY);
    packets_frame(p, &frame, "1 key config", "and all is well again");

    ngx_whip_payload_destroy(p);
}


static void
test_memory(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    packets_allocs = 1;

    tap_ok(ngx_whip_payload_create(NGX_WHIP_AV1, &packets_log) == NULL,
           "no memory to begin with");

    packets_allocs = 2;

    p = packets_create(NGX_WHIP_AV1);

    tap_is(packets_hex(p, "10 30 10"), NGX_ABORT, "no memory for a frame");
    packets_allocs = -1;
    send(p, 1200, ONE, 1, -1, SEQ, KEY);
    packets_frame(p, &frame, "1 key damaged config", "memory again");

    ngx_whip_payload_destroy(p);
}


int
main(void)
{
    int  i;

    for (i = 0; i < NUNITS; i++) {
        units[i] = packets_unit(stream[i]);
        bare[i] = strip(&units[i]);
    }

    test_streams();
    test_fragments();
    test_sizes();
    test_lost();
    test_malformed();
    test_keys();
    test_records();
    test_limits();
    test_memory();

    for (i = 0; i < NUNITS; i++) {
        free(units[i].data);
        free(bare[i].data);
    }

    return tap_done();
}
