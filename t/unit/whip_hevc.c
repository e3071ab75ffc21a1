
/*
 * Copyright (C) the ngx_live contributors
 *
 * HEVC in RTP: real NAL units in packets of every kind.  FFmpeg 5.1 wrote them,
 * and the records that are expected of them, to HEVC and MP4 files:
 *
 *     ffmpeg -f lavfi -i testsrc=s=64x48:r=30 -pix_fmt yuv420p -c:v libx265
 *         -frames:v 2 -crf 45 -x265-params info=0 plain.265
 *         -frames:v 7 -crf 50 -x265-params info=0:keyint=4:min-keyint=4:
 *             open-gop=1:bframes=1:b-adapt=0:scenecut=0 open.265
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


/* the units of plain.265 by name, then those of open.265 */

enum {
    VPS, SPS, PPS, IDR, P1,
    VPS_O, SPS_O, PPS_O, IDR_O, P1_O, B1_O, CRA_O, RASL_O, P2_O, B2_O,
    NUNITS
};


static const char *const  stream[] = {
    "40010c01ffff01600000030090000003000003001e959809",
    "42010101600000030090000003000003001ea02083165959ae4caf0168080000"
    "03000800000300f040",
    "4401c173d089",
    "2801af0658fe87d57d11831b0791bec9e12546d291b9ffbebd63497befa77db3"
    "c28b6a095467d9d1cd930d3dee39f042252658f6f7683db208df447b222a9841"
    "9f5d62faadff0cffe04f325e783c6633fa494cc45e3b29b7f9887702305a059e"
    "7fee0c2803b8e08bd1ffb7b93d7817a2b8c2f18c551e",
    "0201d0097e10c60cb0fbbb2740",

    "40010c01ffff01600000030090000003000003001e913024",
    "42010101600000030090000003000003001ea02083165913b932bc05a0200000"
    "03002000000303c1",
    "4401c173d089",
    "2801af0658fe87d57d11831b0791bec9e12546d291b9ffbebd63497befa77db3"
    "c28b6a095467d9d1cd930d3dee39f042252658f6f7683db208ce0f087fc41194"
    "d654197d56ff867ff0279896ef0c73319fd24a2de8f9db2831d3ceb624ba0a29"
    "95e8afbf922f873445dabe09b42dbe80564b0624",
    "0201d0115784318324fbbb2740",
    "0001e024bf860cb00544",
    "2a01ac10e89c1960fe87d57d11831b0791bec9e12546d291b9ffbebd63497bef"
    "a77db3c28b6a095467d9d1cd930d3dee39f042252658f6f7683db208ce0f087f"
    "c412ca552752fc36139983ff4fd7d129203c4edf1b838bbe32b18df8ab5519dc"
    "f9c8e6881401ac6c0506f5dc718b39647e7f162e602431d528",
    "1001e066b5fd460c900544",
    "0201d031578431832cfbbb2740",
    "0001e0a4bf860c900544"
};


static const char  plain_hvcc[] =
    "01 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 0f 03"
    "a0 0001 0018 40010c01ffff01600000030090000003000003001e959809"
    "a1 0001 0029 42010101600000030090000003000003001ea02083165959ae4c"
    "             af016808000003000800000300f040"
    "a2 0001 0006 4401c173d089";

static const char  open_hvcc[] =
    "01 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 0f 03"
    "a0 0001 0018 40010c01ffff01600000030090000003000003001e913024"
    "a1 0001 0028 42010101600000030090000003000003001ea02083165913b932"
    "             bc05a020000003002000000303c1"
    "a2 0001 0006 4401c173d089";


static packets_unit_t  units[NUNITS];


#define is_nals(frame, name, ...)                                             \
    packets_nals(frame, units, (const int []) { __VA_ARGS__, -1 }, name)


static ngx_int_t
single(ngx_whip_payload_t *p, int n)
{
    return packets_send(p, NULL, 0, units[n].data, units[n].len);
}


/* the unit with another type */

static ngx_int_t
retyped(ngx_whip_payload_t *p, int n, int type)
{
    u_char  head[2];

    head[0] = (u_char) (type << 1);
    head[1] = units[n].data[1];

    return packets_send(p, head, 2, units[n].data + 2, units[n].len - 2);
}


/*
 * A NAL unit in fragments of up to so many bytes; the one that is to be lost is
 * replaced by the call that says so.  Returns how many there were.
 */

static int
fragments(ngx_whip_payload_t *p, packets_unit_t *unit, size_t mtu, int lost)
{
    int      n;
    size_t   pos, len;
    u_char   head[3];

    for (n = 0, pos = 2; pos < unit->len; n++, pos += len) {

        len = ngx_min(mtu, unit->len - pos);

        head[0] = (u_char) ((unit->data[0] & 0x81) | 49 << 1);
        head[1] = unit->data[1];
        head[2] = (u_char) (unit->data[0] >> 1
                            | (pos == 2 ? 0x80 : 0)
                            | (pos + len == unit->len ? 0x40 : 0));

        if (n == lost) {
            ngx_whip_payload_lost(p);

        } else {
            (void) packets_send(p, head, 3, unit->data + pos, len);
        }
    }

    return n;
}


/* an aggregation packet of the units that are named, -1 ends them */

static ngx_int_t
aggregate(ngx_whip_payload_t *p, const int *which)
{
    u_char  buf[2048];
    size_t  len;

    buf[0] = 48 << 1;
    buf[1] = 1;
    len = 2;

    for ( /* void */ ; *which >= 0; which++) {
        buf[len++] = (u_char) (units[*which].len >> 8);
        buf[len++] = (u_char) units[*which].len;

        memcpy(buf + len, units[*which].data, units[*which].len);
        len += units[*which].len;
    }

    return packets_send(p, NULL, 0, buf, len);
}


#define ap(p, ...)  aggregate(p, (const int []) { __VA_ARGS__, -1 })


static void
test_single(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_HEVC);

    packets_config(p, NGX_LIVE_CODEC_HEVC, NULL, "", "no record yet");

    tap_is(single(p, VPS), NGX_OK, "a VPS");
    tap_is(single(p, SPS), NGX_OK, "an SPS");
    tap_is(single(p, PPS), NGX_OK, "a PPS");
    packets_frame(p, &frame, "DECLINED", "a marker too early");
    tap_is(single(p, IDR), NGX_OK, "an IDR slice");
    packets_frame(p, &frame, "1 key config", "a key frame");
    is_nals(&frame, "its slice alone", IDR);
    packets_config(p, NGX_LIVE_CODEC_HEVC, plain_hvcc,
                   "hvc1.1.6.L30.90 64x48", "the record");

    single(p, P1);
    packets_frame(p, &frame, "1", "a frame");
    is_nals(&frame, "its slice", P1);

    tap_is(ap(p, VPS, SPS, PPS, IDR), NGX_OK, "an aggregation packet");
    packets_frame(p, &frame, "1 key", "the same parameter sets once more");
    is_nals(&frame, "the slice alone", IDR);

    ap(p, VPS_O, SPS_O, PPS_O, IDR_O);
    packets_frame(p, &frame, "1 key config", "others");
    packets_config(p, NGX_LIVE_CODEC_HEVC, open_hvcc, "hvc1.1.6.L30.90 64x48",
                   "the record");

    packets_frame(p, &frame, "DECLINED", "no packet since");

    ngx_whip_payload_destroy(p);
}


static void
test_fragments(void)
{
    int                  n, i, pass;
    size_t               mtu;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_HEVC);
    ap(p, VPS, SPS, PPS);
    pass = 1;

    for (mtu = 1; mtu < units[IDR].len - 2; mtu++) {

        fragments(p, &units[IDR], mtu, -1);

        pass &= ngx_whip_payload_frame(p, &frame) == NGX_OK
                && frame.key && !frame.damaged
                && frame.len == units[IDR].len + 4
                && memcmp(frame.data + 4, units[IDR].data, units[IDR].len) == 0;
    }

    tap_ok(pass, "fragments of all sizes");

    n = (int) (units[IDR].len + 7) / 10;
    pass = 1;

    for (i = 0; i < n; i++) {

        single(p, P1);
        pass &= fragments(p, &units[IDR], 10, i) == n;

        pass &= ngx_whip_payload_frame(p, &frame) == NGX_OK
                && frame.damaged && frame.slices == 1
                && is_nals(&frame, "what is left of it", P1);
    }

    tap_ok(pass, "each fragment lost");

    fragments(p, &units[IDR], 50, 1);
    packets_frame(p, &frame, "DECLINED", "nothing left of a picture");

    fragments(p, &units[SPS], 10, -1);
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "an SPS in fragments");

    ngx_whip_payload_destroy(p);
}


static void
test_lost(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_HEVC);

    ngx_whip_payload_lost(p);
    ap(p, VPS, SPS, PPS, IDR);
    packets_frame(p, &frame, "1 key config", "lost before a whole key frame");

    single(p, P1);
    ngx_whip_payload_lost(p);
    packets_frame(p, &frame, "1 damaged config", "the end is lost");
    single(p, P1);
    packets_frame(p, &frame, "1 config", "the next has its beginning");

    ngx_whip_payload_lost(p);
    packets_hex(p, "0201 5009");
    packets_frame(p, &frame, "1 damaged config", "the beginning is lost");

    ngx_whip_payload_lost(p);
    single(p, IDR);
    packets_frame(p, &frame, "1 key damaged config",
                  "its parameter sets may be lost");

    tap_is(packets_hex(p, "6201 01 0102"), NGX_ERROR,
           "a fragment out of nowhere");
    tap_is(packets_hex(p, "6201 01 0102"), NGX_DECLINED, "and the next");
    packets_frame(p, &frame, "DECLINED", "nothing of it");

    ngx_whip_payload_destroy(p);
}


static void
test_malformed(void)
{
    u_char               buf[2 + 65 * 4];
    size_t               i;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const char *const  declined[] = {
        "6401 0102",                          /* 50, PACI */
        "6601 0102", "7e01 0102",             /* 51 .. 63 */
        NULL
    };

    /* of no use in a frame, and no fault */

    static const char *const  dropped[] = {
        "4601 50",                            /* access unit delimiter */
        "4a01", "4c01 ff",                    /* end of bitstream, filler */
        "1401 d009", "1e01 d009",             /* 10 .. 15 */
        "2c01 d009", "3e01 d009",             /* 22 .. 31 */
        "5201 0102", "5e01 0102",             /* 41 .. 47 */
        "0209 d009", "0301 d009",             /* layers 1 and 32 */
        NULL
    };

    static const struct {
        const char  *hex;
        const char  *name;
    } errors[] = {
        { "02",                  "half a header" },
        { "8201 d009",           "a forbidden bit" },
        { "0200 d009",           "temporal id 0" },
        { "e001 0003 460150",    "a forbidden bit of an aggregation packet" },
        { "e201 81 d009",        "a forbidden bit of a fragment" },
        { "6001",                "an empty aggregation packet" },
        { "6001 00",             "one of one byte" },
        { "6001 0003",           "one of a size alone" },
        { "6001 0000 460150",    "no bytes" },
        { "6001 0001 46",        "half a header within" },
        { "6001 0004 460150",    "more bytes than there are" },
        { "6001 0003 460150 00", "half a size behind" },
        { "6001 0003 c60150",    "a forbidden bit within" },
        { "6001 0003 460050",    "temporal id 0 within" },
        { "6001 0003 600150",    "an aggregation packet within" },
        { "6001 0003 620181",    "a fragment within" },
        { "6201",                "a fragment without its header" },
        { "6201 c1 d009",        "start and end" },
        { "6201 b0 d009",        "an aggregation packet in fragments" },
        { "6201 b2 d009",        "type 50 in fragments" },
        { "2601",                "an IDR slice of two bytes" },
        { "2601 80",             "a slice cut off in the PPS id" },
        { "0201 8106c8",         "a slice of PPS 64" },
        { "4001",                "a VPS of two bytes" },
        { "4201",                "an SPS of two bytes" },
        { "4201 010160000003",   "an SPS cut off in its profile" },
        { "4201 0101600000030090000003000003001e08a0208317ffffe0", "SPS 16" },
        { "4201 0101600000030090000003000003001e940820c5fffff8",
          "chroma format 4" },
        { "4201 0101600000030090000003000003001ea02083109fffff80",
          "16 bits of depth" },
        { "4201 0f01600000030090000003000003001e0000a0208317ffffe0",
          "eight layers" },
        { "4401",                "a PPS of two bytes" },
        { "4401 020ec8",         "PPS 64" },
        { "4401 846c80",         "a PPS of SPS 16" },
        { NULL,                  NULL }
    };

    p = packets_create(NGX_WHIP_HEVC);

    ap(p, VPS, SPS, PPS, IDR);
    packets_frame(p, &frame, "1 key config", "a key frame");
    packets_config(p, NGX_LIVE_CODEC_HEVC, plain_hvcc,
                   "hvc1.1.6.L30.90 64x48", "its record");

    for (i = 0; declined[i]; i++) {
        tap_is(packets_hex(p, declined[i]), NGX_DECLINED, declined[i]);
        single(p, P1);
        packets_frame(p, &frame, "1", "does no harm");
        is_nals(&frame, "and is not in it", P1);
    }

    for (i = 0; dropped[i]; i++) {
        tap_is(packets_hex(p, dropped[i]), NGX_OK, dropped[i]);
        single(p, P1);
        packets_frame(p, &frame, "1", "does no harm");
        is_nals(&frame, "and is not in it", P1);
    }

    for (i = 0; errors[i].hex; i++) {
        tap_is(packets_hex(p, errors[i].hex), NGX_ERROR, errors[i].name);
        single(p, P1);
        packets_frame(p, &frame, "1 damaged", "damages the frame");
        is_nals(&frame, "and is not in it", P1);
    }

    single(p, P1);
    packets_frame(p, &frame, "1", "and no other frame");

    tap_is(packets_hex(p, "6001 0003 c60150 000d 0201d0097e10c60cb0fbbb2740"),
           NGX_ERROR, "a good unit behind a bad one");
    packets_frame(p, &frame, "1 damaged", "is taken");
    is_nals(&frame, "unchanged", P1);

    memcpy(buf, "\x60\x01", 2);

    for (i = 0; i < 65; i++) {
        memcpy(buf + 2 + 4 * i, "\x00\x02\x46\x01", 4);
    }

    tap_is(ngx_whip_payload_packet(p, buf, 2 + 64 * 4), NGX_OK, "64 units");
    tap_is(ngx_whip_payload_packet(p, buf, 2 + 65 * 4), NGX_ERROR, "65 units");
    packets_frame(p, &frame, "DECLINED", "delimiters are no picture");

    /* fragments that do not follow each other */

    single(p, P1);
    packets_hex(p, "6201 81 d009");
    single(p, P1);
    tap_is(packets_hex(p, "6201 41 d009"), NGX_DECLINED, "the end, too late");
    packets_frame(p, &frame, "2 damaged", "a unit amid fragments");
    is_nals(&frame, "the fragments are not in it", P1, P1);

    single(p, P1);
    packets_hex(p, "6201 81 d009");
    tap_is(packets_hex(p, "6201 40 d009"), NGX_ERROR, "another type");
    packets_frame(p, &frame, "1 damaged", "is no end");

    packets_hex(p, "6201 81 0000");
    packets_hex(p, "6201 81 d0097e10");
    packets_hex(p, "6201 41 c60cb0fbbb2740");
    packets_frame(p, &frame, "1 damaged", "a beginning without an end");
    is_nals(&frame, "the second one is taken", P1);

    single(p, P1);
    packets_hex(p, "6201 81 d009");
    packets_frame(p, &frame, "1 damaged", "no end before the marker");
    is_nals(&frame, "the beginning is not in it", P1);

    /* SEI before and behind a picture */

    packets_hex(p, "4e01 050401020304 80");
    single(p, P1);
    packets_hex(p, "5001 050401020304 80");
    packets_frame(p, &frame, "1", "SEI are kept");
    tap_is(frame.len, 4 + 9 + 4 + (long long) units[P1].len + 4 + 9,
           "with the picture");

    ngx_whip_payload_destroy(p);
}


/* pictures that refer to what was before their CRA picture */

static void
test_leading(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_HEVC);

    /* the stream as it is */

    ap(p, VPS_O, SPS_O, PPS_O, IDR_O);
    packets_frame(p, &frame, "1 key config", "IDR");
    packets_config(p, NGX_LIVE_CODEC_HEVC, open_hvcc, "hvc1.1.6.L30.90 64x48",
                   "its record");
    single(p, P1_O);
    packets_frame(p, &frame, "1", "TRAIL_R");
    single(p, B1_O);
    packets_frame(p, &frame, "1", "TRAIL_N");
    ap(p, VPS_O, SPS_O, PPS_O, CRA_O);
    packets_frame(p, &frame, "1 key", "CRA");
    single(p, RASL_O);
    packets_frame(p, &frame, "1", "RASL_N amid the stream");
    is_nals(&frame, "its slice", RASL_O);
    single(p, P2_O);
    packets_frame(p, &frame, "1", "TRAIL_R");
    single(p, B2_O);
    packets_frame(p, &frame, "1", "TRAIL_N");

    /* with a loss before the CRA picture */

    ngx_whip_payload_lost(p);
    ap(p, VPS_O, SPS_O, PPS_O, CRA_O);
    packets_frame(p, &frame, "1 key", "CRA after a loss");
    tap_is(single(p, RASL_O), NGX_OK, "its leading picture");
    packets_frame(p, &frame, "DECLINED", "is not passed on");
    retyped(p, RASL_O, 9);
    packets_frame(p, &frame, "DECLINED", "nor is one of RASL_R");
    retyped(p, RASL_O, 6);
    packets_frame(p, &frame, "1", "one of RADL_N is");
    fragments(p, &units[RASL_O], 4, -1);
    packets_frame(p, &frame, "DECLINED", "one more, in fragments, is not");
    single(p, P2_O);
    packets_frame(p, &frame, "1", "a trailing picture");

    single(p, CRA_O);
    packets_frame(p, &frame, "1 key", "CRA, nothing lost since");
    single(p, RASL_O);
    packets_frame(p, &frame, "1", "its leading picture");

    /* a loss that left nothing of a picture */

    fragments(p, &units[P2_O], 5, 1);
    packets_frame(p, &frame, "DECLINED", "a picture is lost");
    ap(p, SPS_O, CRA_O);
    packets_frame(p, &frame, "1 key", "CRA after that");
    single(p, RASL_O);
    packets_frame(p, &frame, "DECLINED", "its leading picture");

    /* H.265 7.4.2.4.4: the end of a sequence; and a broken link */

    ap(p, VPS_O, SPS_O, PPS_O, IDR_O);
    packets_hex(p, "4801");
    packets_frame(p, &frame, "1 key", "the end of a sequence");
    single(p, CRA_O);
    packets_frame(p, &frame, "1 key", "CRA after it");
    single(p, RASL_O);
    packets_frame(p, &frame, "DECLINED", "its leading picture");

    single(p, IDR_O);
    packets_frame(p, &frame, "1 key", "IDR");
    retyped(p, CRA_O, 16);
    packets_frame(p, &frame, "1 key", "BLA");
    single(p, RASL_O);
    packets_frame(p, &frame, "DECLINED", "its leading picture");

    ngx_whip_payload_destroy(p);

    p = packets_create(NGX_WHIP_HEVC);

    ap(p, VPS_O, SPS_O, PPS_O, CRA_O);
    packets_frame(p, &frame, "1 key config", "CRA at the start");
    single(p, RASL_O);
    packets_frame(p, &frame, "DECLINED", "its leading picture");
    single(p, P2_O);
    packets_frame(p, &frame, "1 config", "a trailing picture");

    ngx_whip_payload_destroy(p);
}


static void
test_parameter_sets(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;
    const char *const   *hex;

    static const char *const  absurd[] = {
        "42010101600000030090000003000003001ea00046520c5fffff80",  /* 9000 */
        "42010101600000030090000003000003001ea8317ffffe",          /* 0 */
        NULL
    };

    p = packets_create(NGX_WHIP_HEVC);

    single(p, IDR);
    packets_frame(p, &frame, "1 key damaged", "no parameter sets");
    ap(p, SPS, PPS, IDR);
    packets_frame(p, &frame, "1 key damaged", "no VPS");
    single(p, VPS);
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "all of them");
    packets_config(p, NGX_LIVE_CODEC_HEVC, plain_hvcc,
                   "hvc1.1.6.L30.90 64x48", "the record");

    packets_hex(p, "0201 ab20");
    packets_frame(p, &frame, "1 damaged", "a slice of PPS 1, not seen");
    packets_hex(p, "4401 5b20");
    packets_hex(p, "0201 ab20");
    packets_frame(p, &frame, "1 config", "and then seen");
    packets_config(p, NGX_LIVE_CODEC_HEVC,
                   "01 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 0f 03"
                   "a0 0001"
                   "0018 40010c01ffff01600000030090000003000003001e959809"
                   "a1 0001 0029"
                   "42010101600000030090000003000003001ea02083165959ae4c"
                   "af016808000003000800000300f040"
                   "a2 0002 0006 4401c173d089 0004 44015b20",
                   "hvc1.1.6.L30.90 64x48", "two PPS of one SPS");

    /* of other ids: VPS 2, SPS 3, PPS 5; 4:2:2, 10 bits, two sub-layers */

    packets_hex(p, "40012c01ffff01");
    packets_hex(p, "42012304200000030090000003000003003cc000000300000300000300"
                   "0003000003000003002302083137ffffe0");
    packets_hex(p, "4401312c80");
    single(p, P1);
    packets_frame(p, &frame, "1", "new parameter sets before their time");
    packets_hex(p, "0201 8d64");
    packets_frame(p, &frame, "1 damaged", "used without a key frame");
    packets_hex(p, "2601 8d64");
    packets_frame(p, &frame, "1 key config", "used with a key frame");
    packets_config(p, NGX_LIVE_CODEC_HEVC,
                   "01 04 20000000 900000000000 3c f000 fc fe fa fa 0000 17 03"
                   "a0 0001 0007 40012c01ffff01"
                   "a1 0001 002e"
                   "42012304200000030090000003000003003cc000000300000300000300"
                   "0003000003000003002302083137ffffe0"
                   "a2 0001 0005 4401312c80",
                   "hvc1.4.4.L60.90 64x48", "these alone");

    /* SPS 0 of VPS 1, which is not there, behind the slice */

    single(p, IDR);
    packets_hex(p, "42011101600000030090000003000003001ea0208317ffffe0");
    packets_frame(p, &frame, "1 key damaged", "an SPS behind its slice");
    single(p, VPS);
    single(p, SPS);

    /* libx265, 1920x1080, cropped from 1088 */

    packets_hex(p, "40010c01ffff016000000300900000030000030078959409");
    packets_hex(p, "420101016000000300900000030000030078a003c0801107cb965654a4"
                   "c2f0168080000003008000000c84");
    packets_hex(p, "4401c073c189");
    packets_hex(p, "44015b20");
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "another size");
    packets_config(p, NGX_LIVE_CODEC_HEVC, NULL, "hvc1.1.6.L120.90 1920x1080",
                   "its record");

    for (hex = absurd; *hex; hex++) {

        single(p, VPS);
        tap_is(packets_hex(p, *hex), NGX_OK, *hex);
        single(p, IDR);
        packets_frame(p, &frame, "1 key damaged", "its key frame");
        single(p, P1);
        packets_frame(p, &frame, "1 damaged", "and what follows");
    }

    packets_config(p, NGX_LIVE_CODEC_HEVC, NULL, "hvc1.1.6.L120.90 1920x1080",
                   "the record stays");

    single(p, SPS);
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "a sane one again");

    ngx_whip_payload_destroy(p);
}


static void
test_memory(void)
{
    int                  i;
    long                 n;
    ngx_int_t            rc;
    ngx_uint_t           aborted, done;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    aborted = 0;
    done = 0;

    for (n = 0; n < 16 && !done; n++) {

        packets_allocs = n;

        p = ngx_whip_payload_create(NGX_WHIP_HEVC, &packets_log);

        if (p == NULL) {
            continue;
        }

        rc = NGX_OK;

        for (i = VPS; i <= IDR && rc == NGX_OK; i++) {
            rc = single(p, i);
        }

        packets_allocs = -1;

        if (rc == NGX_ABORT) {
            aborted++;
            tap_is(ap(p, VPS, SPS, PPS, IDR), NGX_OK, "memory again");
            packets_frame(p, &frame, "1 key damaged config", "out of memory");

        } else {
            done = 1;
            packets_frame(p, &frame, "1 key config", "enough memory");
        }

        ngx_whip_payload_destroy(p);
    }

    packets_allocs = -1;

    tap_is(aborted, 4, "the buffer and three parameter sets");
    tap_ok(done, "and no more");
}


int
main(void)
{
    int  i;

    for (i = 0; i < NUNITS; i++) {
        units[i] = packets_unit(stream[i]);
    }

    test_single();
    test_fragments();
    test_lost();
    test_malformed();
    test_leading();
    test_parameter_sets();
    test_memory();

    for (i = 0; i < NUNITS; i++) {
        free(units[i].data);
    }

    return tap_done();
}
