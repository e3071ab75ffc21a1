
/*
 * Copyright (C) the ngx_live contributors
 *
 * H.264 in RTP: real NAL units in packets of every kind.  FFmpeg 5.1 wrote
 * them, and the records that are expected of them, to H.264 and MP4 files:
 *
 *     ffmpeg -f lavfi -i testsrc=s=64x48:r=30 -pix_fmt yuv420p
 *         -c:v libx264 -bsf:v filter_units=remove_types=6
 *         -frames:v 3 -profile:v baseline -crf 48 plain.264
 *         -frames:v 2 -profile:v high -crf 45
 *             -x264-params slices=3:aud=1 sliced.264
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


/* the units of plain.264 by name, then those of sliced.264 */

enum {
    SPS, PPS, IDR, P1, P2,
    AUD, SPS_H, PPS_H, IDR_H1, IDR_H2, IDR_H3, AUD_P, P_H1, P_H2, P_H3,
    NUNITS
};


static const char *const  stream[] = {
    "6742c00ad9047b0110000003001000000303c0f1226480",
    "68cb80592c80",
    "658884370c60d0557ffbf80708049bfc1ebe230787c3980143000463a2307805"
    "c41000101b8300057e7fe94c35deb581b80410254009e0e2bf9b01d39265e9e9"
    "e6703a8d30ce9fff586faaf707203022630d14bedd4660ed50c01d205918a58b"
    "62adb14b8a2e2b07ba060045986e40a0b14162962969db85f0fe8f7ffe0f28e0"
    "01b7ed8b69c0",
    "419a386e232dc9cbfff8",
    "419a541b8cb56c",

    "0910",
    "6764000aacd9447b0110000003001000000303c0f1225960",
    "68ebe04d2c8b",
    "65888400677a57ce8fc0f2d5b053aec7f35e970308675676ae8935021f7cafb3"
    "742a8bb4264d4a133b014fbd03c8c0e7f00eff1eb3f8105143665d",
    "65288840067fc5359422bfbf8c3e6cd97f387f66a1ace63a368ce66d8acd79cb"
    "bf1aa4f62d67b93bec9df14eaffa7ca1",
    "65122210019f5e0ad8e2b0de58adcc52f7f58b4a0e09938d55c2e268f14eb873"
    "2323e38ac5792c76fe3cde1c5dd70a54f60d77589451873256d1c5b0ada89d5f"
    "4f01f9f2188d99",
    "0930",
    "419a216c467ffb3a79484060",
    "4129a216c467cb80",
    "41126885b119ffcb80"
};


static const char  plain_avcc[] =
    "0142c00a ff e1 0017 6742c00ad9047b0110000003001000000303c0f1226480"
    "01 0006 68cb80592c80";

static const char  sliced_avcc[] =
    "0164000a ff e1 0018 6764000aacd9447b0110000003001000000303c0f1225960"
    "01 0006 68ebe04d2c8b fdf8f800";


static packets_unit_t  units[NUNITS];


#define is_nals(frame, name, ...)                                             \
    packets_nals(frame, units, (const int []) { __VA_ARGS__, -1 }, name)


static ngx_int_t
single(ngx_whip_payload_t *p, int n)
{
    return packets_send(p, NULL, 0, units[n].data, units[n].len);
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
    u_char   head[2];

    for (n = 0, pos = 1; pos < unit->len; n++, pos += len) {

        len = ngx_min(mtu, unit->len - pos);

        head[0] = (u_char) ((unit->data[0] & 0xe0) | 28);
        head[1] = (u_char) ((unit->data[0] & 0x1f)
                            | (pos == 1 ? 0x80 : 0)
                            | (pos + len == unit->len ? 0x40 : 0));

        if (n == lost) {
            ngx_whip_payload_lost(p);

        } else {
            (void) packets_send(p, head, 2, unit->data + pos, len);
        }
    }

    return n;
}


/* a STAP-A of the units that are named, -1 ends them */

static ngx_int_t
aggregate(ngx_whip_payload_t *p, const int *which)
{
    u_char  buf[2048];
    size_t  len;

    buf[0] = 24;
    len = 1;

    for ( /* void */ ; *which >= 0; which++) {
        buf[len++] = (u_char) (units[*which].len >> 8);
        buf[len++] = (u_char) units[*which].len;

        memcpy(buf + len, units[*which].data, units[*which].len);
        len += units[*which].len;
    }

    return packets_send(p, NULL, 0, buf, len);
}


#define stap(p, ...)  aggregate(p, (const int []) { __VA_ARGS__, -1 })


static void
test_single(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_H264);

    packets_config(p, NGX_LIVE_CODEC_H264, NULL, "", "no record yet");

    tap_is(single(p, SPS), NGX_OK, "an SPS");
    tap_is(single(p, PPS), NGX_OK, "a PPS");
    tap_is(single(p, IDR), NGX_OK, "an IDR slice");
    packets_frame(p, &frame, "1 key config", "a key frame");
    is_nals(&frame, "its slice alone", IDR);
    packets_config(p, NGX_LIVE_CODEC_H264, plain_avcc, "avc1.42c00a 64x48",
                   "the record");

    single(p, P1);
    packets_frame(p, &frame, "1", "a frame");
    is_nals(&frame, "its slice", P1);

    single(p, P2);
    packets_frame(p, &frame, "1", "another frame");
    is_nals(&frame, "its slice", P2);

    single(p, SPS);
    single(p, PPS);
    single(p, IDR);
    packets_frame(p, &frame, "1 key", "the same parameter sets once more");

    packets_frame(p, &frame, "DECLINED", "no packet since");

    ngx_whip_payload_destroy(p);
}


static void
test_sliced(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_H264);

    tap_is(stap(p, AUD, SPS_H, PPS_H, IDR_H1), NGX_OK, "a STAP-A");
    fragments(p, &units[IDR_H2], 20, -1);
    single(p, IDR_H3);
    packets_frame(p, &frame, "3 key config", "three slices, all packet types");
    is_nals(&frame, "no delimiter", IDR_H1, IDR_H2, IDR_H3);
    packets_config(p, NGX_LIVE_CODEC_H264, sliced_avcc, "avc1.64000a 64x48",
                   "the record of a high profile");

    stap(p, AUD_P, P_H1, P_H2);
    single(p, P_H3);
    packets_frame(p, &frame, "3", "three slices");
    is_nals(&frame, "all of them", P_H1, P_H2, P_H3);

    stap(p, SPS, PPS, IDR);
    packets_frame(p, &frame, "1 key config", "other parameter sets");
    packets_config(p, NGX_LIVE_CODEC_H264, plain_avcc, "avc1.42c00a 64x48",
                   "of the same ids");

    ngx_whip_payload_destroy(p);
}


static void
test_fragments(void)
{
    int                  n, i, pass;
    size_t               mtu;
    packets_unit_t       sps;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_H264);
    stap(p, SPS, PPS);
    pass = 1;

    for (mtu = 1; mtu < units[IDR].len - 1; mtu++) {

        fragments(p, &units[IDR], mtu, -1);

        pass &= ngx_whip_payload_frame(p, &frame) == NGX_OK
                && frame.key && !frame.damaged
                && frame.len == units[IDR].len + 4
                && memcmp(frame.data + 4, units[IDR].data, units[IDR].len) == 0;
    }

    tap_ok(pass, "fragments of all sizes");

    /* each one lost, of the second slice of three */

    n = (int) (units[IDR_H2].len + 8) / 10;
    pass = 1;

    stap(p, SPS_H, PPS_H);

    for (i = 0; i < n; i++) {

        single(p, IDR_H1);
        pass &= fragments(p, &units[IDR_H2], 10, i) == n;
        single(p, IDR_H3);

        pass &= ngx_whip_payload_frame(p, &frame) == NGX_OK
                && frame.damaged && frame.slices == 2
                && is_nals(&frame, "what is left of it", IDR_H1, IDR_H3);
    }

    tap_ok(pass, "each fragment lost");

    fragments(p, &units[IDR], 50, 1);
    packets_frame(p, &frame, "DECLINED", "nothing left of a picture");

    /* parameter sets too may come in pieces */

    sps = packets_unit(stream[SPS]);
    fragments(p, &sps, 5, -1);
    single(p, PPS);
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "an SPS in fragments");
    free(sps.data);

    /* 5.8: a fragment may be empty */

    packets_hex(p, "7c81 9a38");
    tap_is(packets_hex(p, "7c01"), NGX_OK, "an empty fragment");
    packets_hex(p, "7c41 6e23");
    packets_frame(p, &frame, "1 config", "an empty fragment between two");
    tap_is(frame.len, 9, "its length");
    packets_bytes(frame.data, frame.len,
                  (u_char *) "\x00\x00\x00\x05\x61\x9a\x38\x6e\x23", 9,
                  "its bytes, NRI of the indicator");

    ngx_whip_payload_destroy(p);
}


/* what a gap does to the units around it */

static void
test_lost(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_H264);

    ngx_whip_payload_lost(p);
    stap(p, SPS_H, PPS_H);
    single(p, IDR_H1);
    single(p, IDR_H2);
    single(p, IDR_H3);
    packets_frame(p, &frame, "3 key config", "lost before a whole key frame");

    single(p, P_H1);
    ngx_whip_payload_lost(p);
    packets_frame(p, &frame, "1 damaged config", "the end is lost");
    single(p, P_H1);
    single(p, P_H2);
    packets_frame(p, &frame, "2 config", "the next has its beginning");

    ngx_whip_payload_lost(p);
    single(p, P_H2);
    single(p, P_H3);
    packets_frame(p, &frame, "2 damaged config", "the beginning is lost");

    ngx_whip_payload_lost(p);
    single(p, IDR_H1);
    packets_frame(p, &frame, "1 key damaged config",
                  "its parameter sets may be lost");

    single(p, SPS_H);
    packets_frame(p, &frame, "DECLINED", "a marker after the SPS");
    ngx_whip_payload_lost(p);
    single(p, IDR_H1);
    packets_frame(p, &frame, "1 key config", "not all of them");

    single(p, P_H1);
    ngx_whip_payload_lost(p);
    single(p, P_H3);
    packets_frame(p, &frame, "2 damaged config", "the middle is lost");

    tap_is(packets_hex(p, "7c01 0102"), NGX_ERROR, "a fragment out of nowhere");
    single(p, P_H1);
    packets_frame(p, &frame, "1 damaged config", "damages the unit");

    ngx_whip_payload_lost(p);
    tap_is(packets_hex(p, "7c01 0102"), NGX_DECLINED, "the rest of a loss");
    tap_is(packets_hex(p, "7c41 0102"), NGX_DECLINED, "and its end");
    packets_frame(p, &frame, "DECLINED", "nothing of it");
    single(p, P_H2);
    packets_frame(p, &frame, "1 damaged config",
                  "after a unit of which nothing was left");

    ngx_whip_payload_lost(p);
    ngx_whip_payload_lost(p);
    tap_is(ngx_whip_payload_packet(p, NULL, 0), NGX_DECLINED, "padding only");
    single(p, P_H2);
    packets_frame(p, &frame, "1 damaged config", "the gap was before it");

    ngx_whip_payload_destroy(p);
}


static void
test_malformed(void)
{
    u_char               buf[1 + 65 * 3];
    size_t               i;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const char *const  declined[] = {
        "00 0102", "19 0102", "1a 0102", "1b 0102", "1d 0102", "1e 0102",
        "1f 0102", NULL
    };

    static const struct {
        const char  *hex;
        const char  *name;
    } errors[] = {
        { "e5888437",           "a forbidden bit" },
        { "98 0002 0930",       "a forbidden bit of a STAP-A" },
        { "fc85 888437",        "a forbidden bit of a fragment" },
        { "18",                 "an empty STAP-A" },
        { "18 00",              "a STAP-A of one byte" },
        { "18 0002",            "a STAP-A of a size alone" },
        { "18 0000 09",         "no bytes" },
        { "18 0003 0930",       "more bytes than there are" },
        { "18 0002 0930 00",    "half a size behind" },
        { "18 0002 8930",       "a forbidden bit within" },
        { "18 0003 180001",     "a STAP-A within" },
        { "18 0002 1c85",       "a fragment within" },
        { "18 0001 00",         "type 0 within" },
        { "7c",                 "half a header of a fragment" },
        { "7cc5 888437",        "start and end" },
        { "7c98 888437",        "a STAP-A in fragments" },
        { "7c80 888437",        "type 0 in fragments" },
        { "65",                 "an IDR slice of one byte" },
        { "65 000000",          "a slice without an end of its first number" },
        { "65 88 00000003",     "a slice cut off in the PPS id" },
        { "65 8420",            "slice type 15" },
        { "41 9803fa",          "a slice of PPS 508" },
        { "67",                 "an SPS of one byte" },
        { "67 42c00a",          "an SPS without an id" },
        { "67 42c00a 0421",     "SPS 32" },
        { "67 42c00a 00000000", "an SPS of zeros" },
        { "68",                 "a PPS of one byte" },
        { "68 0080c0",          "PPS 256" },
        { "68 8210",            "a PPS of SPS 32" },
        { NULL,                 NULL }
    };

    p = packets_create(NGX_WHIP_H264);

    stap(p, SPS, PPS, IDR);
    packets_frame(p, &frame, "1 key config", "a key frame");
    packets_config(p, NGX_LIVE_CODEC_H264, plain_avcc, "avc1.42c00a 64x48",
                   "its record");

    for (i = 0; declined[i]; i++) {
        tap_is(packets_hex(p, declined[i]), NGX_DECLINED, declined[i]);
        single(p, P1);
        packets_frame(p, &frame, "1", "does no harm");
    }

    for (i = 0; errors[i].hex; i++) {

        tap_is(packets_hex(p, errors[i].hex), NGX_ERROR, errors[i].name);
        single(p, P1);
        packets_frame(p, &frame, "1 damaged", "damages the frame");
        is_nals(&frame, "and is not in it", P1);
    }

    single(p, P1);
    packets_frame(p, &frame, "1", "and no other frame");

    /* behind a bad unit in a STAP-A, and before an end that is cut off */

    tap_is(packets_hex(p, "18 0002 8930 0007 419a541b8cb56c"), NGX_ERROR,
           "a good unit behind a bad one");
    packets_frame(p, &frame, "1 damaged", "is taken");
    is_nals(&frame, "unchanged", P2);

    tap_is(packets_hex(p, "18 0007 419a541b8cb56c 0007 41"), NGX_ERROR,
           "a good unit before a bad one");
    packets_frame(p, &frame, "1 damaged", "is taken");
    is_nals(&frame, "unchanged", P2);

    /* 64 units, and one more */

    buf[0] = 24;

    for (i = 0; i < 65; i++) {
        memcpy(buf + 1 + 3 * i, "\x00\x01\x09", 3);
    }

    tap_is(ngx_whip_payload_packet(p, buf, 1 + 64 * 3), NGX_OK, "64 units");
    tap_is(ngx_whip_payload_packet(p, buf, 1 + 65 * 3), NGX_ERROR, "65 units");
    packets_frame(p, &frame, "DECLINED", "delimiters are no picture");

    /* fragments that do not follow each other */

    single(p, P1);
    packets_hex(p, "7c81 9a38");
    single(p, P2);
    tap_is(packets_hex(p, "7c41 9a38"), NGX_DECLINED, "the end, too late");
    packets_frame(p, &frame, "2 damaged", "a unit amid fragments");
    is_nals(&frame, "the fragments are not in it", P1, P2);

    single(p, P1);
    packets_hex(p, "7c81 9a38");
    tap_is(packets_hex(p, "7c45 9a38"), NGX_ERROR, "another type at the end");
    packets_frame(p, &frame, "1 damaged", "is no end");

    packets_hex(p, "5c81 0000");
    packets_hex(p, "5c81 9a541b");
    packets_hex(p, "5c41 8cb56c");
    packets_frame(p, &frame, "1 damaged", "a beginning without an end");
    is_nals(&frame, "the second one is taken", P2);

    single(p, P1);
    packets_hex(p, "7c81 9a38");
    packets_frame(p, &frame, "1 damaged", "no end before the marker");
    is_nals(&frame, "the beginning is not in it", P1);

    single(p, P1);
    packets_frame(p, &frame, "1", "the next one is whole");

    ngx_whip_payload_destroy(p);
}


/* what is kept of a unit, and what is not */

static void
test_kept(void)
{
    packets_unit_t       all[6];
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const int  which[] = { 0, 1, 2, 3, 4, 5, -1 };

    p = packets_create(NGX_WHIP_H264);
    stap(p, SPS, PPS);

    all[0] = packets_unit("06050401020304 80");
    all[1] = packets_unit(stream[P1]);
    all[2] = packets_unit("02 9890");
    all[3] = packets_unit("13 010203");
    all[4] = packets_unit("4e 0102");
    all[5] = packets_unit("03 0102");

    packets_hex(p, "09 10");
    packets_hex(p, "06050401020304 80");
    single(p, P1);
    packets_hex(p, "0c ffffff80");
    packets_hex(p, "02 9890");
    packets_hex(p, "13 010203");
    packets_hex(p, "4e 0102");
    packets_hex(p, "0d 8001");
    packets_hex(p, "6f 42c00a 80");
    packets_hex(p, "03 0102");
    packets_hex(p, "0a");
    packets_hex(p, "0b");

    /* the slice of partition A refers to PPS 3, which is not there */

    packets_frame(p, &frame, "3 damaged config",
                  "filler, ends, extensions and delimiters");
    packets_nals(&frame, all, which, "are left out, SEI are not");

    free(all[0].data);
    free(all[1].data);
    free(all[2].data);
    free(all[3].data);
    free(all[4].data);
    free(all[5].data);

    packets_hex(p, "06050401020304 80");
    packets_frame(p, &frame, "DECLINED", "SEI are no picture");

    ngx_whip_payload_destroy(p);
}


static void
test_parameter_sets(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_H264);

    /* never seen */

    single(p, IDR);
    packets_frame(p, &frame, "1 key damaged", "no parameter sets");
    single(p, PPS);
    single(p, IDR);
    packets_frame(p, &frame, "1 key damaged", "no SPS");
    single(p, SPS);
    single(p, P1);
    packets_frame(p, &frame, "1 config", "SPS and PPS, and no key frame yet");
    packets_config(p, NGX_LIVE_CODEC_H264, plain_avcc, "avc1.42c00a 64x48",
                   "the record");

    packets_hex(p, "41 9910");
    packets_frame(p, &frame, "1 damaged", "a slice of PPS 1, not seen");

    /* one more PPS, between key frames */

    packets_hex(p, "68 5b80592c80");
    packets_hex(p, "41 9910");
    packets_frame(p, &frame, "1 config", "a slice of PPS 1");
    packets_config(p, NGX_LIVE_CODEC_H264,
                   "0142c00a ff e1 0017"
                   "6742c00ad9047b0110000003001000000303c0f1226480"
                   "02 0006 68cb80592c80 0006 685b80592c80",
                   "avc1.42c00a 64x48", "two PPS of one SPS");

    /* trailing zeros are of Annex B */

    packets_hex(p, "68 5b80592c80 0000");
    single(p, P1);
    packets_frame(p, &frame, "1", "zeros behind a PPS change nothing");

    /* a PPS of another SPS is of no interest */

    packets_hex(p, "68 622c80");
    single(p, P1);
    packets_frame(p, &frame, "1", "a PPS of another SPS");

    /* another size: the new SPS is in force from the key frame on */

    packets_hex(p, "6742c028da01e0089f97011000000300100000030320f1832a");
    packets_hex(p, "68 ce0fc8");
    single(p, P1);
    packets_frame(p, &frame, "1", "a new SPS before its time");
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "its key frame");
    packets_config(p, NGX_LIVE_CODEC_H264,
                   "0142c028 ff e1 0019"
                   "6742c028da01e0089f97011000000300100000030320f1832a"
                   "02 0004 68ce0fc8 0006 685b80592c80",
                   "avc1.42c028 1920x1080", "another size");

    /* the PPS of a slice refers to another SPS before the picture has ended */

    packets_hex(p, "68 222c80");
    packets_hex(p, "6742c00a56411ec044000003000400000300f03c489920");
    packets_hex(p, "65 9890 80");
    packets_hex(p, "68 239080");
    packets_frame(p, &frame, "1 key damaged", "a PPS behind its slice");
    single(p, IDR);
    packets_frame(p, &frame, "1 key", "the record stays");

    /* SPS 1 and its PPS 3, which the key frame uses */

    packets_hex(p, "6742c00a56411ec044000003000400000300f03c489920");
    packets_hex(p, "68 222c80");
    packets_hex(p, "41 9890 80");
    packets_frame(p, &frame, "1 damaged", "another SPS without a key frame");
    packets_hex(p, "65 9890 80");
    packets_frame(p, &frame, "1 key config", "a key frame of SPS 1");
    packets_config(p, NGX_LIVE_CODEC_H264,
                   "0142c00a ff e1 0017"
                   "6742c00a56411ec044000003000400000300f03c489920"
                   "01 0004 68222c80", "avc1.42c00a 64x48", "SPS 1 alone");

    /* 4:4:4 */

    packets_hex(p, "67f4000d919681519e3e2f011000000300100000030320f142aa");
    packets_hex(p, "68ce0f1920");
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "4:4:4");
    packets_config(p, NGX_LIVE_CODEC_H264,
                   "01f4000d ff e1 001a"
                   "67f4000d919681519e3e2f011000000300100000030320f142aa"
                   "02 0005 68ce0f1920 0006 685b80592c80 fff8f800",
                   "avc1.f4000d 322x182", "its record");

    ngx_whip_payload_destroy(p);
}


static void
test_absurd(void)
{
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    static const char *const  absurd[] = {
        "67420028 d3 0000000000 8000000000 0080",  /* 2^40 offsets, type 1 */
        "67420028 d300 96ffffffffff80",           /* 300 offsets */
        "6764003eacb4004020110c80",                /* wider than 8192 */
        "67640028acb4f94ba0",                      /* cropped to nothing */
        "67640028b0",                              /* cut off */
        NULL
    };

    const char *const  *hex;

    p = packets_create(NGX_WHIP_H264);

    stap(p, SPS, PPS, IDR);
    packets_frame(p, &frame, "1 key config", "a sane SPS");
    packets_config(p, NGX_LIVE_CODEC_H264, plain_avcc, "avc1.42c00a 64x48",
                   "its record");

    for (hex = absurd; *hex; hex++) {

        tap_is(packets_hex(p, *hex), NGX_OK, *hex);
        single(p, IDR);
        packets_frame(p, &frame, "1 key damaged", "its key frame");
        single(p, P1);
        packets_frame(p, &frame, "1 damaged", "and what follows");
        packets_config(p, NGX_LIVE_CODEC_H264, plain_avcc, "avc1.42c00a 64x48",
                       "the record stays");

        stap(p, SPS, IDR);
        packets_frame(p, &frame, "1 key", "a sane one again");
        single(p, P1);
        packets_frame(p, &frame, "1", "and what follows");
    }

    ngx_whip_payload_destroy(p);
}


static void
test_sprop(void)
{
    char                *text;
    ngx_str_t            value;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;
    const char *const   *bad;

    static const char  sprop[] = "Z0LACtkEewEQAAADABAAAAMDwPEiZIA=,aMuAWSyA";

    static const char *const  malformed[] = {
        "", ",", "Z0LACtkEewEQAAADABAAAAMDwPEiZIA=,", "Z0L!", "Z0LA",
        "aA==", "=", "a=b", NULL
    };

    p = packets_create(NGX_WHIP_H264);

    for (bad = malformed; *bad; bad++) {
        ngx_str_set(&value, "");
        value.data = (u_char *) *bad;
        value.len = strlen(*bad);
        tap_is(ngx_whip_payload_sprop(p, &value), NGX_ERROR, *bad);
    }

    /* longer than any parameter set, and more of them than there can be */

    text = malloc(8192);
    memset(text, 'Z', 8192);
    value.data = (u_char *) text;
    value.len = 8192;
    tap_is(ngx_whip_payload_sprop(p, &value), NGX_ERROR, "a long unit");

    for (value.len = 0; value.len < 5 * 65; value.len += 5) {
        memcpy(text + value.len, "BgUA,", 5);
    }

    value.len = 5 * 64 - 1;
    tap_is(ngx_whip_payload_sprop(p, &value), NGX_OK, "64 units, all SEI");
    value.len = 5 * 65 - 1;
    tap_is(ngx_whip_payload_sprop(p, &value), NGX_ERROR, "65 units");
    free(text);

    ngx_whip_payload_destroy(p);

    p = packets_create(NGX_WHIP_H264);

    ngx_str_set(&value, "Bv/+,Bvv7+w==");
    tap_is(ngx_whip_payload_sprop(p, &value), NGX_OK, "SEI, all digits");

    ngx_str_set(&value, sprop);
    tap_is(ngx_whip_payload_sprop(p, &value), NGX_OK, "sprop-parameter-sets");
    packets_config(p, NGX_LIVE_CODEC_H264, plain_avcc, "avc1.42c00a 64x48",
                   "the record, before any packet");

    ngx_whip_payload_lost(p);
    single(p, IDR);
    packets_frame(p, &frame, "1 key", "a key frame without parameter sets");
    single(p, P1);
    packets_frame(p, &frame, "1", "a frame");

    stap(p, SPS_H, PPS_H, IDR_H1);
    packets_frame(p, &frame, "1 key config", "others with the pictures");

    ngx_whip_payload_destroy(p);

    p = packets_create(NGX_WHIP_AV1);
    tap_is(ngx_whip_payload_sprop(p, &value), NGX_DECLINED, "not for AV1");
    ngx_whip_payload_destroy(p);
}


static void
test_limits(void)
{
    size_t               i;
    u_char               buf[1024];
    packets_unit_t       big;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    p = packets_create(NGX_WHIP_H264);
    stap(p, SPS, PPS);

    /* 4096 packets of a NAL unit, and one more */

    big = packets_long_unit("65888437", 1 + 4096);
    fragments(p, &big, 1, -1);
    packets_frame(p, &frame, "1 key config", "4096 fragments");
    tap_is(frame.len, 4 + 1 + 4096, "its length");
    free(big.data);

    big = packets_long_unit("65888437", 1 + 4097);
    fragments(p, &big, 1, -1);
    packets_frame(p, &frame, "DECLINED", "4097 fragments");
    free(big.data);

    /* a NAL unit of 4 MB, a byte more, and two of them in a frame */

    big = packets_long_unit("65888437", 4 * 1024 * 1024);
    single(p, SPS);
    fragments(p, &big, 1200, -1);
    packets_frame(p, &frame, "1 key config", "a NAL unit of 4 MB");
    tap_ok(memcmp(frame.data + 4, big.data, big.len) == 0, "its bytes");

    big.len -= 4;
    fragments(p, &big, 1200, -1);
    fragments(p, &big, 1200, -1);
    packets_frame(p, &frame, "2 key config", "a frame of 8 MB");
    tap_is(frame.len, 8 * 1024 * 1024, "its length");

    fragments(p, &big, 1200, -1);
    fragments(p, &big, 1200, -1);
    tap_is(packets_hex(p, "0605 00"), NGX_ERROR, "no more than that");
    packets_frame(p, &frame, "2 key damaged config", "it is damaged");
    free(big.data);

    big = packets_long_unit("65888437", 4 * 1024 * 1024 + 1);
    fragments(p, &big, 1200, -1);
    packets_frame(p, &frame, "DECLINED", "a NAL unit of 4 MB and a byte");
    free(big.data);

    single(p, IDR);
    packets_frame(p, &frame, "1 key damaged config", "a gap was before");
    single(p, SPS);
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "and all is well again");

    /* parameter sets of any length are not kept */

    for (i = 0; i < sizeof(buf); i++) {
        buf[i] = 0x55;
    }

    memcpy(buf, "\x68\xce\x0f", 3);
    tap_is(ngx_whip_payload_packet(p, buf, 1024), NGX_OK, "a PPS of 1024");
    single(p, IDR);
    packets_frame(p, &frame, "1 key config", "is kept");

    big = packets_long_unit("68ce0f", 1025);
    tap_is(ngx_whip_payload_packet(p, big.data, big.len), NGX_ERROR,
           "a PPS of 1025");
    free(big.data);
    single(p, IDR);
    packets_frame(p, &frame, "1 key damaged config", "is not");

    /* nor are so many that the record would be beyond its limit */

    for (i = 1; i < 8; i++) {
        buf[1] = (u_char) (0x11 | (i - 1) << 1);     /* PPS 7 .. 13, SPS 0 */
        ngx_whip_payload_packet(p, buf, 1024);
    }

    single(p, SPS);
    single(p, IDR);
    packets_frame(p, &frame, "1 key damaged config", "a record too long");

    ngx_whip_payload_destroy(p);
}


/* whichever allocation fails, all ends well */

static void
test_memory(void)
{
    long                 n;
    ngx_int_t            rc;
    ngx_uint_t           aborted, done;
    ngx_whip_frame_t     frame;
    ngx_whip_payload_t  *p;

    aborted = 0;
    done = 0;

    for (n = 0; n < 16 && !done; n++) {

        packets_allocs = n;

        p = ngx_whip_payload_create(NGX_WHIP_H264, &packets_log);

        if (p == NULL) {
            continue;
        }

        rc = single(p, SPS);

        if (rc == NGX_OK) {
            rc = single(p, PPS);
        }

        if (rc == NGX_OK) {
            rc = single(p, IDR);
        }

        packets_allocs = -1;

        if (rc == NGX_ABORT) {
            aborted++;
            single(p, SPS);
            single(p, PPS);
            single(p, IDR);
            packets_frame(p, &frame, "1 key damaged config", "out of memory");

        } else {
            done = 1;
            packets_frame(p, &frame, "1 key config", "enough memory");
        }

        ngx_whip_payload_destroy(p);
    }

    packets_allocs = -1;

    tap_is(aborted, 3, "the buffer and two parameter sets");
    tap_ok(done, "and no more");

    tap_ok(ngx_whip_payload_create(0, &packets_log) == NULL, "codec 0");
    tap_ok(ngx_whip_payload_create(NGX_WHIP_OPUS, &packets_log) == NULL,
           "not for audio");
}


int
main(void)
{
    int  i;

    for (i = 0; i < NUNITS; i++) {
        units[i] = packets_unit(stream[i]);
    }

    test_single();
    test_sliced();
    test_fragments();
    test_lost();
    test_malformed();
    test_kept();
    test_parameter_sets();
    test_absurd();
    test_sprop();
    test_limits();
    test_memory();

    for (i = 0; i < NUNITS; i++) {
        free(units[i].data);
    }

    return tap_done();
}
