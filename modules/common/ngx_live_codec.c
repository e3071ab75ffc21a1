
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_bits.h"
#include "ngx_live_codec.h"


/* H.264 table 7-1, H.265 table 7-1, AV1 6.2.2 */

#define NGX_LIVE_CODEC_AVC_SPS          7
#define NGX_LIVE_CODEC_HEVC_SPS         33
#define NGX_LIVE_CODEC_AV1_SEQUENCE     1

/* ISO/IEC 14496-3, table 1.17 */

#define NGX_LIVE_CODEC_AOT_MAIN         1
#define NGX_LIVE_CODEC_AOT_LTP          4
#define NGX_LIVE_CODEC_AOT_SBR          5
#define NGX_LIVE_CODEC_AOT_ESCAPE       31
#define NGX_LIVE_CODEC_AOT_PS           29

#define NGX_LIVE_CODEC_SYNC_SBR         0x2b7
#define NGX_LIVE_CODEC_SYNC_PS          0x548

#define NGX_LIVE_CODEC_MAX_RATE         768000


static ngx_int_t ngx_live_codec_avc(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static const u_char *ngx_live_codec_avc_units(const u_char *p,
    const u_char *end, ngx_uint_t n, const u_char **last);
static ngx_int_t ngx_live_codec_avc_sps(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static ngx_uint_t ngx_live_codec_avc_high(ngx_uint_t profile);
static ngx_int_t ngx_live_codec_avc_chroma(ngx_live_bits_t *b,
    uint32_t *chroma);
static ngx_int_t ngx_live_codec_avc_scaling(ngx_live_bits_t *b,
    ngx_uint_t size);
static ngx_int_t ngx_live_codec_avc_order(ngx_live_bits_t *b);
static ngx_int_t ngx_live_codec_crop(ngx_live_codec_t *out, ngx_live_bits_t *b,
    uint32_t width, uint32_t height, ngx_uint_t unit_x, ngx_uint_t unit_y);
static ngx_int_t ngx_live_codec_size(ngx_live_codec_t *out, uint32_t width,
    uint32_t height);
static ngx_int_t ngx_live_codec_hevc(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static ngx_int_t ngx_live_codec_hevc_sps(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static void ngx_live_codec_hevc_profile(ngx_live_codec_t *out,
    ngx_live_bits_t *b, ngx_uint_t layers);
static ngx_int_t ngx_live_codec_vvc(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static ngx_int_t ngx_live_codec_av1(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static const u_char *ngx_live_codec_av1_obu(const u_char *p, const u_char *end,
    ngx_uint_t *type, size_t *size);
static ngx_int_t ngx_live_codec_av1_sequence(ngx_live_codec_t *out,
    const u_char *p, const u_char *end);
static void ngx_live_codec_av1_operation(ngx_live_bits_t *b);
static void ngx_live_codec_av1_uvlc(ngx_live_bits_t *b);
static ngx_int_t ngx_live_codec_vpx(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static ngx_int_t ngx_live_codec_aac(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static ngx_uint_t ngx_live_codec_aac_object(ngx_live_bits_t *b);
static ngx_uint_t ngx_live_codec_aac_rate(ngx_live_bits_t *b);
static ngx_uint_t ngx_live_codec_aac_sync(ngx_live_codec_t *out,
    ngx_live_bits_t *b);
static ngx_int_t ngx_live_codec_opus(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static ngx_int_t ngx_live_codec_flac(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static u_char *ngx_live_codec_text(u_char *p, const char *s);
static u_char *ngx_live_codec_dec(u_char *p, uint32_t v, ngx_uint_t digits);
static u_char *ngx_live_codec_hex(u_char *p, uint32_t v, ngx_uint_t digits,
    const char *alphabet);


static const char  ngx_live_codec_lower[] = "0123456789abcdef";
static const char  ngx_live_codec_upper[] = "0123456789ABCDEF";


/* in the order of ngx_live_codec_e */

static const char *const  ngx_live_codec_labels[] = {
    "none",
    "h264", "hevc", "av1", "vp8", "vp9", "vvc", "flv1",
    "aac", "mp3", "opus", "flac", "ac3", "eac3", "pcm"
};


/* ISO/IEC 14496-3, table 1.18; 13 and 14 are reserved, 15 is an escape */

static const ngx_uint_t  ngx_live_codec_aac_rates[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050,
    16000, 12000, 11025, 8000, 7350
};


/* ISO/IEC 14496-3, table 1.19; 0 is in a program config element or reserved */

static const ngx_uint_t  ngx_live_codec_aac_channels[] = {
    0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0
};


ngx_int_t
ngx_live_codec_config(ngx_uint_t codec, const u_char *p, const u_char *end,
    ngx_live_codec_t *out)
{
    ngx_memzero(out, sizeof(ngx_live_codec_t));

    out->codec = codec;

    switch (codec) {

    case NGX_LIVE_CODEC_H264:
        return ngx_live_codec_avc(out, p, end);

    case NGX_LIVE_CODEC_HEVC:
        return ngx_live_codec_hevc(out, p, end);

    case NGX_LIVE_CODEC_VVC:
        return ngx_live_codec_vvc(out, p, end);

    case NGX_LIVE_CODEC_AV1:
        return ngx_live_codec_av1(out, p, end);

    case NGX_LIVE_CODEC_VP8:
    case NGX_LIVE_CODEC_VP9:
        return ngx_live_codec_vpx(out, p, end);

    case NGX_LIVE_CODEC_AAC:
        return ngx_live_codec_aac(out, p, end);

    case NGX_LIVE_CODEC_OPUS:
        return ngx_live_codec_opus(out, p, end);

    case NGX_LIVE_CODEC_FLAC:
        return ngx_live_codec_flac(out, p, end);

    case NGX_LIVE_CODEC_MP3:
        ngx_live_codec_text(out->name, "mp4a.40.34");
        return NGX_OK;

    case NGX_LIVE_CODEC_AC3:
        ngx_live_codec_text(out->name, "ac-3");
        return NGX_OK;

    case NGX_LIVE_CODEC_EAC3:
        ngx_live_codec_text(out->name, "ec-3");
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


const char *
ngx_live_codec_label(ngx_uint_t codec)
{
    if (codec >= sizeof(ngx_live_codec_labels) / sizeof(char *)) {
        return "unknown";
    }

    return ngx_live_codec_labels[codec];
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+---------------+---------------+
 * |  version = 1  |    profile    |  constraints  |     level     |
 * +-----------+---+-----+---------+---------------+---------------+
 * |  reserved |len|  -  | nof SPS |    length of the first SPS    |
 * +-----------+---+-----+---------+-------------------------------+
 * |  the first SPS ... the next length and SPS ... number of PPS ...
 * +-
 *
 * ISO/IEC 14496-15, 5.3.3.1: AVCDecoderConfigurationRecord.
 */

static ngx_int_t
ngx_live_codec_avc(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    const u_char  *sps, *last;

    if (end - p < 7 || p[0] != 1 || (p[5] & 0x1f) == 0) {
        return NGX_ERROR;
    }

    sps = p + 8;
    last = end;

    p = ngx_live_codec_avc_units(p + 6, end, p[5] & 0x1f, &last);

    if (p == NULL || p == end) {
        return NGX_ERROR;
    }

    if (ngx_live_codec_avc_units(p + 1, end, *p, NULL) == NULL) {
        return NGX_ERROR;
    }

    return ngx_live_codec_avc_sps(out, sps, last);
}


/* n units, each behind its length; "last" is where the first one ends */

static const u_char *
ngx_live_codec_avc_units(const u_char *p, const u_char *end, ngx_uint_t n,
    const u_char **last)
{
    size_t  len;

    while (n--) {

        if (end - p < 2) {
            return NULL;
        }

        len = (size_t) p[0] << 8 | p[1];
        p += 2;

        if (len == 0 || len > (size_t) (end - p)) {
            return NULL;
        }

        p += len;

        if (last) {
            *last = p;
            last = NULL;
        }
    }

    return p;
}


/* H.264, 7.3.2.1.1; nothing behind the cropping rectangle is of use here */

static ngx_int_t
ngx_live_codec_avc_sps(ngx_live_codec_t *out, const u_char *p,
    const u_char *end)
{
    u_char           *name;
    uint32_t          chroma, width, height;
    ngx_uint_t        unit_x, unit_y;
    ngx_live_bits_t   b;

    if (end - p < 5 || (p[0] & 0x9f) != NGX_LIVE_CODEC_AVC_SPS) {
        return NGX_ERROR;
    }

    /*
     * The profile, the constraint flags and the level: the bytes of the SPS
     * count (RFC 6381, 3.3), the record repeats them.
     */

    name = ngx_live_codec_text(out->name, "avc1.");
    name = ngx_live_codec_hex(name, p[1], 2, ngx_live_codec_lower);
    name = ngx_live_codec_hex(name, p[2], 2, ngx_live_codec_lower);
    (void) ngx_live_codec_hex(name, p[3], 2, ngx_live_codec_lower);

    ngx_live_bits_init(&b, p + 4, end, 1);

    if (ngx_live_bits_ue(&b) > 31) {                  /* SPS id */
        return NGX_ERROR;
    }

    /* ChromaArrayType: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4 */

    chroma = 1;

    if (ngx_live_codec_avc_high(p[1])
        && ngx_live_codec_avc_chroma(&b, &chroma) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_live_bits_ue(&b) > 12                     /* log2 frame num - 4 */
        || ngx_live_codec_avc_order(&b) != NGX_OK
        || ngx_live_bits_ue(&b) > 16)                 /* reference frames */
    {
        return NGX_ERROR;
    }

    ngx_live_bits_skip(&b, 1);                        /* gaps in frame num */

    /* in macroblocks, and map units of one macroblock, or two when fields */

    width = ngx_live_bits_ue(&b);
    height = ngx_live_bits_ue(&b);

    if (width >= NGX_LIVE_CODEC_MAX_SIZE / 16
        || height >= NGX_LIVE_CODEC_MAX_SIZE / 16)
    {
        return NGX_ERROR;
    }

    width = (width + 1) * 16;
    height = (height + 1) * 16;

    unit_x = (chroma == 1 || chroma == 2) ? 2 : 1;
    unit_y = (chroma == 1) ? 2 : 1;

    if (ngx_live_bits_u(&b, 1) == 0) {                /* frame_mbs_only */
        height *= 2;
        unit_y *= 2;
        ngx_live_bits_skip(&b, 1);                    /* adaptive frame field */
    }

    ngx_live_bits_skip(&b, 1);                        /* direct 8x8 inference */

    return ngx_live_codec_crop(out, &b, width, height, unit_x, unit_y);
}


/* the profiles whose SPS tells its chroma format */

static ngx_uint_t
ngx_live_codec_avc_high(ngx_uint_t profile)
{
    switch (profile) {

    case 44:
    case 83:
    case 86:
    case 100:
    case 110:
    case 118:
    case 122:
    case 128:
    case 134:
    case 135:
    case 138:
    case 139:
    case 244:
        return 1;

    default:
        return 0;
    }
}


static ngx_int_t
ngx_live_codec_avc_chroma(ngx_live_bits_t *b, uint32_t *chroma)
{
    ngx_uint_t  n, lists;

    lists = 8;

    *chroma = ngx_live_bits_ue(b);

    if (*chroma > 3) {
        return NGX_ERROR;
    }

    if (*chroma == 3) {
        lists = 12;

        if (ngx_live_bits_u(b, 1)) {                  /* separate planes */
            *chroma = 0;
        }
    }

    if (ngx_live_bits_ue(b) > 6                       /* luma bits - 8 */
        || ngx_live_bits_ue(b) > 6)                   /* chroma bits - 8 */
    {
        return NGX_ERROR;
    }

    ngx_live_bits_skip(b, 1);                         /* transform bypass */

    if (ngx_live_bits_u(b, 1) == 0) {
        return NGX_OK;
    }

    for (n = 0; n < lists; n++) {

        if (ngx_live_bits_u(b, 1)
            && ngx_live_codec_avc_scaling(b, n < 6 ? 16 : 64) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * H.264, 7.3.2.1.1.1: the list ends early in the bitstream, not in the loop,
 * once a scale of 0 says that the last value repeats.
 */

static ngx_int_t
ngx_live_codec_avc_scaling(ngx_live_bits_t *b, ngx_uint_t size)
{
    int32_t     delta, scale;
    ngx_uint_t  n;

    scale = 8;

    for (n = 0; n < size && scale; n++) {

        delta = ngx_live_bits_se(b);

        if (delta < -128 || delta > 127) {
            return NGX_ERROR;
        }

        scale = (scale + delta) & 0xff;
    }

    return b->error ? NGX_ERROR : NGX_OK;
}


/* the picture order count, whose cycle has 255 offsets at most */

static ngx_int_t
ngx_live_codec_avc_order(ngx_live_bits_t *b)
{
    uint32_t  n;

    switch (ngx_live_bits_ue(b)) {

    case 0:
        return (ngx_live_bits_ue(b) > 12) ? NGX_ERROR : NGX_OK;

    case 1:
        ngx_live_bits_skip(b, 1);                     /* delta always zero */
        (void) ngx_live_bits_se(b);                   /* non-reference */
        (void) ngx_live_bits_se(b);                   /* top to bottom */

        n = ngx_live_bits_ue(b);

        if (n > 255) {
            return NGX_ERROR;
        }

        while (n--) {
            (void) ngx_live_bits_se(b);
        }

        return NGX_OK;

    case 2:
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


/*
 * A flag and, where it is set, the rectangle: left, right, top and bottom, in
 * units of a chroma sample.  H.264 7.4.2.1.1, H.265 7.4.3.2.1.
 */

static ngx_int_t
ngx_live_codec_crop(ngx_live_codec_t *out, ngx_live_bits_t *b, uint32_t width,
    uint32_t height, ngx_uint_t unit_x, ngx_uint_t unit_y)
{
    uint64_t  x, y;

    x = 0;
    y = 0;

    if (ngx_live_bits_u(b, 1)) {
        x = ngx_live_bits_ue(b);
        x += ngx_live_bits_ue(b);
        y = ngx_live_bits_ue(b);
        y += ngx_live_bits_ue(b);
    }

    x *= unit_x;
    y *= unit_y;

    if (b->error || x >= width || y >= height) {
        return NGX_ERROR;
    }

    return ngx_live_codec_size(out, width - x, height - y);
}


static ngx_int_t
ngx_live_codec_size(ngx_live_codec_t *out, uint32_t width, uint32_t height)
{
    if (width == 0 || width > NGX_LIVE_CODEC_MAX_SIZE
        || height == 0 || height > NGX_LIVE_CODEC_MAX_SIZE)
    {
        return NGX_ERROR;
    }

    out->width = width;
    out->height = height;

    return NGX_OK;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+---------------+---------------+
 * |    version    | profile, compatibility, constraints, level ...
 * +---------------+---------------+---------------+---------------+
 * 20              | frame rate    | layers, length| nof arrays    |
 * +-+-+-----------+---------------+---------------+---------------+
 * |c|0| NAL type  |       number of NAL units     | length, unit ...
 * +-+-+-----------+-------------------------------+
 *
 * ISO/IEC 14496-15, 8.3.3.1: HEVCDecoderConfigurationRecord, 23 bytes, then
 * the arrays.
 */

static ngx_int_t
ngx_live_codec_hevc(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    size_t         len, sps_len;
    ngx_uint_t     type, arrays, n;
    const u_char  *sps;

    if (end - p < 23) {
        return NGX_ERROR;
    }

    arrays = p[22];
    p += 23;

    sps = NULL;
    sps_len = 0;

    while (arrays--) {

        if (end - p < 3) {
            return NGX_ERROR;
        }

        type = p[0] & 0x3f;
        n = (ngx_uint_t) p[1] << 8 | p[2];
        p += 3;

        while (n--) {

            if (end - p < 2) {
                return NGX_ERROR;
            }

            len = (size_t) p[0] << 8 | p[1];
            p += 2;

            if (len < 2 || len > (size_t) (end - p)) {
                return NGX_ERROR;
            }

            /* of the base layer: a stereo stream has one more, layer id 1 */

            if (sps == NULL
                && type == NGX_LIVE_CODEC_HEVC_SPS
                && (p[0] & 0x01) == 0 && (p[1] & 0xf8) == 0)
            {
                sps = p;
                sps_len = len;
            }

            p += len;
        }
    }

    if (sps == NULL) {
        return NGX_ERROR;
    }

    return ngx_live_codec_hevc_sps(out, sps, sps + sps_len);
}


/* H.265, 7.3.2.2.1, up to the conformance window */

static ngx_int_t
ngx_live_codec_hevc_sps(ngx_live_codec_t *out, const u_char *p,
    const u_char *end)
{
    uint32_t         chroma, width, height;
    ngx_uint_t       layers;
    ngx_live_bits_t  b;

    if ((p[0] >> 1) != NGX_LIVE_CODEC_HEVC_SPS) {
        return NGX_ERROR;
    }

    ngx_live_bits_init(&b, p + 2, end, 1);

    ngx_live_bits_skip(&b, 4);                        /* VPS id */

    layers = ngx_live_bits_u(&b, 3);                  /* sub-layers - 1 */

    if (layers > 6) {
        return NGX_ERROR;
    }

    ngx_live_bits_skip(&b, 1);                        /* temporal nesting */

    ngx_live_codec_hevc_profile(out, &b, layers);

    if (ngx_live_bits_ue(&b) > 15) {                  /* SPS id */
        return NGX_ERROR;
    }

    chroma = ngx_live_bits_ue(&b);

    if (chroma > 3) {
        return NGX_ERROR;
    }

    if (chroma == 3 && ngx_live_bits_u(&b, 1)) {      /* separate planes */
        chroma = 0;
    }

    width = ngx_live_bits_ue(&b);
    height = ngx_live_bits_ue(&b);

    return ngx_live_codec_crop(out, &b, width, height,
                               (chroma == 1 || chroma == 2) ? 2 : 1,
                               (chroma == 1) ? 2 : 1);
}


/*
 * H.265, 7.3.3: profile_tier_level(), and the name that is made of it:
 * ISO/IEC 14496-15, annex E.3.  The compatibility flags are written in reverse
 * bit order, the constraint bytes without the zero ones at the end.
 */

static void
ngx_live_codec_hevc_profile(ngx_live_codec_t *out, ngx_live_bits_t *b,
    ngx_uint_t layers)
{
    u_char      *name, constraints[6];
    uint32_t     flags, space, tier, profile, v;
    ngx_uint_t   n, present;

    space = ngx_live_bits_u(b, 2);
    tier = ngx_live_bits_u(b, 1);
    profile = ngx_live_bits_u(b, 5);
    v = ngx_live_bits_u(b, 32);

    for (flags = 0, n = 0; n < 32; n++) {
        flags = flags << 1 | (v >> n & 1);
    }

    for (n = 0; n < 6; n++) {
        constraints[n] = (u_char) ngx_live_bits_u(b, 8);
    }

    name = ngx_live_codec_text(out->name, "hvc1.");

    if (space) {
        *name++ = (u_char) ('A' + space - 1);
    }

    name = ngx_live_codec_dec(name, profile, 1);
    *name++ = '.';
    name = ngx_live_codec_hex(name, flags, 1, ngx_live_codec_upper);
    *name++ = '.';
    *name++ = tier ? 'H' : 'L';
    name = ngx_live_codec_dec(name, ngx_live_bits_u(b, 8), 1);

    for (n = 6; n && constraints[n - 1] == 0; n--) { /* void */ }

    for (v = 0; v < n; v++) {
        *name++ = '.';
        name = ngx_live_codec_hex(name, constraints[v], 1,
                                  ngx_live_codec_upper);
    }

    if (layers == 0) {
        return;
    }

    /* 16 bits: is there a profile, 88 bits, and a level, 8 bits, per layer */

    present = ngx_live_bits_u(b, 16);

    for (n = 0; n < layers; n++) {

        if (present >> (15 - 2 * n) & 1) {
            ngx_live_bits_skip(b, 88);
        }

        if (present >> (14 - 2 * n) & 1) {
            ngx_live_bits_skip(b, 8);
        }
    }
}


/*
 * ISO/IEC 14496-15, 11.2.4.2: VvcDecoderConfigurationRecord, which has the size
 * of the picture in itself.  The name is the short form, without constraints
 * and sub-profiles (annex E.6).
 */

static ngx_int_t
ngx_live_codec_vvc(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    u_char           *name;
    uint32_t          profile, tier, level, width, height;
    ngx_uint_t        n, layers, bytes, present;
    ngx_live_bits_t   b;

    ngx_live_bits_init(&b, p, end, 0);

    ngx_live_bits_skip(&b, 7);                        /* length of lengths */

    if (ngx_live_bits_u(&b, 1) == 0) {                /* no profile, no size */

        if (b.error) {
            return NGX_ERROR;
        }

        ngx_live_codec_text(out->name, "vvc1");
        return NGX_OK;
    }

    ngx_live_bits_skip(&b, 9);                        /* output layer set */
    layers = ngx_live_bits_u(&b, 3);
    ngx_live_bits_skip(&b, 2 + 2 + 3 + 5);            /* rate, chroma, depth */

    /* VvcPTLRecord */

    ngx_live_bits_skip(&b, 2);
    bytes = ngx_live_bits_u(&b, 6);
    profile = ngx_live_bits_u(&b, 7);
    tier = ngx_live_bits_u(&b, 1);
    level = ngx_live_bits_u(&b, 8);
    ngx_live_bits_skip(&b, ngx_max(bytes, 1) * 8);

    if (layers > 1) {
        present = ngx_live_bits_u(&b, 8) >> (8 - (layers - 1));

        for ( /* void */ ; present; present >>= 1) {
            ngx_live_bits_skip(&b, (present & 1) * 8);
        }
    }

    n = ngx_live_bits_u(&b, 8);                       /* sub-profiles */
    ngx_live_bits_skip(&b, n * 32);

    width = ngx_live_bits_u(&b, 16);
    height = ngx_live_bits_u(&b, 16);
    ngx_live_bits_skip(&b, 16);                       /* frame rate */

    if (b.error) {
        return NGX_ERROR;
    }

    name = ngx_live_codec_text(out->name, "vvc1.");
    name = ngx_live_codec_dec(name, profile, 1);
    name = ngx_live_codec_text(name, tier ? ".H" : ".L");
    (void) ngx_live_codec_dec(name, level, 1);

    return ngx_live_codec_size(out, width, height);
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-------------+-----+---------+-+-+-+-+-+-+---+---------------+
 * |1| version = 1 |prof.|  level  |t|h|w|m|x|y|pos|     delay     |
 * +-+-------------+-----+---------+-+-+-+-+-+-+---+---------------+
 *
 * AV1 in ISOBMFF, 2.3: AV1CodecConfigurationRecord, then OBUs, of which the
 * sequence header may be left out.  t: tier, h: more than 8 bits, w: 12 bits.
 */

static ngx_int_t
ngx_live_codec_av1(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    size_t         size;
    u_char        *name;
    uint32_t       depth;
    ngx_uint_t     type;

    if (end - p < 4 || p[0] != 0x81) {
        return NGX_ERROR;
    }

    depth = (p[2] & 0x40) ? ((p[2] & 0x20) ? 12 : 10) : 8;

    name = ngx_live_codec_text(out->name, "av01.");
    name = ngx_live_codec_dec(name, p[1] >> 5, 1);
    *name++ = '.';
    name = ngx_live_codec_dec(name, p[1] & 0x1f, 2);
    *name++ = (p[2] & 0x80) ? 'H' : 'M';
    *name++ = '.';
    (void) ngx_live_codec_dec(name, depth, 2);

    p += 4;

    while (p < end) {

        p = ngx_live_codec_av1_obu(p, end, &type, &size);

        if (p == NULL) {
            return NGX_ERROR;
        }

        if (type == NGX_LIVE_CODEC_AV1_SEQUENCE) {
            return ngx_live_codec_av1_sequence(out, p, p + size);
        }

        p += size;
    }

    return NGX_OK;
}


/* AV1 5.3: the header of a unit; returns where its payload begins */

static const u_char *
ngx_live_codec_av1_obu(const u_char *p, const u_char *end, ngx_uint_t *type,
    size_t *size)
{
    u_char      b;
    uint64_t    v;
    ngx_uint_t  n;

    b = *p++;

    if (b & 0x80) {
        return NULL;
    }

    *type = b >> 3 & 0x0f;

    if (b & 0x04) {                                   /* extension */

        if (p == end) {
            return NULL;
        }

        p++;
    }

    if ((b & 0x02) == 0) {                            /* up to the end */
        *size = end - p;
        return p;
    }

    /* leb128(), 4.10.5: 8 bytes at most */

    for (v = 0, n = 0; n < 8; n++) {

        if (p == end) {
            return NULL;
        }

        b = *p++;
        v |= (uint64_t) (b & 0x7f) << (n * 7);

        if ((b & 0x80) == 0) {

            if (v > (uint64_t) (end - p)) {
                return NULL;
            }

            *size = (size_t) v;
            return p;
        }
    }

    return NULL;
}


/* AV1 5.5.1, up to the size of the largest frame */

static ngx_int_t
ngx_live_codec_av1_sequence(ngx_live_codec_t *out, const u_char *p,
    const u_char *end)
{
    uint32_t         width, height;
    ngx_uint_t       nx, ny;
    ngx_live_bits_t  b;

    ngx_live_bits_init(&b, p, end, 0);

    ngx_live_bits_skip(&b, 3 + 1);                    /* profile, still */

    if (ngx_live_bits_u(&b, 1)) {                     /* reduced header */
        ngx_live_bits_skip(&b, 5);

    } else {
        ngx_live_codec_av1_operation(&b);
    }

    nx = ngx_live_bits_u(&b, 4) + 1;
    ny = ngx_live_bits_u(&b, 4) + 1;

    width = ngx_live_bits_u(&b, nx) + 1;
    height = ngx_live_bits_u(&b, ny) + 1;

    if (b.error) {
        return NGX_ERROR;
    }

    return ngx_live_codec_size(out, width, height);
}


/* timing, decoder model and operating points, of which there are 32 at most */

static void
ngx_live_codec_av1_operation(ngx_live_bits_t *b)
{
    ngx_uint_t  n, model, bits, delay;

    model = 0;
    bits = 0;

    if (ngx_live_bits_u(b, 1)) {                      /* timing_info() */
        ngx_live_bits_skip(b, 32 + 32);

        if (ngx_live_bits_u(b, 1)) {                  /* equal interval */
            ngx_live_codec_av1_uvlc(b);
        }

        model = ngx_live_bits_u(b, 1);

        if (model) {                                  /* decoder_model_info() */
            bits = ngx_live_bits_u(b, 5) + 1;
            ngx_live_bits_skip(b, 32 + 5 + 5);
        }
    }

    delay = ngx_live_bits_u(b, 1);

    for (n = ngx_live_bits_u(b, 5) + 1; n; n--) {

        ngx_live_bits_skip(b, 12);

        if (ngx_live_bits_u(b, 5) > 7) {              /* level, then tier */
            ngx_live_bits_skip(b, 1);
        }

        if (model && ngx_live_bits_u(b, 1)) {
            ngx_live_bits_skip(b, bits + bits + 1);
        }

        if (delay && ngx_live_bits_u(b, 1)) {
            ngx_live_bits_skip(b, 4);
        }
    }
}


/* AV1 4.10.3: unlike ue(v), 32 zeros and more have no value behind them */

static void
ngx_live_codec_av1_uvlc(ngx_live_bits_t *b)
{
    ngx_uint_t  n;

    for (n = 0; ngx_live_bits_u(b, 1) == 0; n++) {

        if (b->error) {
            return;
        }
    }

    if (n < 32) {
        ngx_live_bits_skip(b, n);
    }
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+-------+-----+-+---------------+
 * |    profile    |  level * 10   | depth |chr. |f|   primaries   |
 * +---------------+---------------+-------+-----+-+---------------+
 * |    transfer   |     matrix    |  length of initialization data|
 * +---------------+---------------+-------------------------------+
 *
 * VP Codec ISO Media File Format Binding: VPCodecConfigurationRecord.  Some
 * senders put the whole box into the message, that is the version, 1, and 24
 * flag bits in front; a record cannot begin so, its depth would be 0.
 */

static ngx_int_t
ngx_live_codec_vpx(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    u_char    *name;
    uint32_t   depth;

    if (end - p >= 12 && p[0] == 1 && p[1] == 0 && p[2] == 0 && p[3] == 0) {
        p += 4;
    }

    if (end - p < 8) {
        return NGX_ERROR;
    }

    depth = p[2] >> 4;

    if (p[0] > 3 || p[1] > 99 || (depth != 8 && depth != 10 && depth != 12)) {
        return NGX_ERROR;
    }

    name = ngx_live_codec_text(out->name, out->codec == NGX_LIVE_CODEC_VP8
                                          ? "vp08." : "vp09.");
    name = ngx_live_codec_dec(name, p[0], 2);
    *name++ = '.';
    name = ngx_live_codec_dec(name, p[1], 2);
    *name++ = '.';
    (void) ngx_live_codec_dec(name, depth, 2);

    return NGX_OK;
}


/*
 * +---------+-------+-------+
 * | object  | rate  |channel|  ISO/IEC 14496-3, 1.6.2.1: AudioSpecificConfig
 * +---------+-------+-------+
 *
 * SBR and parametric stereo (HE-AAC) are told by an object type that wraps the
 * real one, or behind it for decoders that know neither (1.6.5).
 */

static ngx_int_t
ngx_live_codec_aac(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    u_char           *name;
    ngx_uint_t        object, ext, ps;
    ngx_live_bits_t   b;

    ngx_live_bits_init(&b, p, end, 0);

    object = ngx_live_codec_aac_object(&b);
    out->sample_rate = ngx_live_codec_aac_rate(&b);
    out->channels = ngx_live_codec_aac_channels[ngx_live_bits_u(&b, 4)];

    ext = 0;

    if (object == NGX_LIVE_CODEC_AOT_SBR || object == NGX_LIVE_CODEC_AOT_PS) {
        ext = object;

        out->sample_rate = ngx_live_codec_aac_rate(&b);
        object = ngx_live_codec_aac_object(&b);
    }

    if (b.error || object == 0) {
        return NGX_ERROR;
    }

    if (ext == 0
        && object >= NGX_LIVE_CODEC_AOT_MAIN && object <= NGX_LIVE_CODEC_AOT_LTP
        && out->channels)
    {
        ext = ngx_live_codec_aac_sync(out, &b);
    }

    if (out->sample_rate == 0 || out->sample_rate > NGX_LIVE_CODEC_MAX_RATE) {
        return NGX_ERROR;
    }

    ps = (ext == NGX_LIVE_CODEC_AOT_PS);

    if (ps && out->channels == 1) {
        out->channels = 2;
    }

    name = ngx_live_codec_text(out->name, "mp4a.40.");
    (void) ngx_live_codec_dec(name, ext ? ext : object, 1);

    return NGX_OK;
}


static ngx_uint_t
ngx_live_codec_aac_object(ngx_live_bits_t *b)
{
    ngx_uint_t  object;

    object = ngx_live_bits_u(b, 5);

    if (object == NGX_LIVE_CODEC_AOT_ESCAPE) {
        object = 32 + ngx_live_bits_u(b, 6);
    }

    return object;
}


/* Hz, or 0 for a reserved index */

static ngx_uint_t
ngx_live_codec_aac_rate(ngx_live_bits_t *b)
{
    ngx_uint_t  n;

    n = ngx_live_bits_u(b, 4);

    if (n == 15) {
        return ngx_live_bits_u(b, 24);
    }

    if (n >= sizeof(ngx_live_codec_aac_rates) / sizeof(ngx_uint_t)) {
        return 0;
    }

    return ngx_live_codec_aac_rates[n];
}


/*
 * GASpecificConfig (4.4.1) and the extension behind it, if any.  Encoders pad
 * the record in ways of their own, so that what is not an extension is no
 * error.
 */

static ngx_uint_t
ngx_live_codec_aac_sync(ngx_live_codec_t *out, ngx_live_bits_t *b)
{
    ngx_uint_t  ext, rate;

    ngx_live_bits_skip(b, 1);                         /* frame length */

    if (ngx_live_bits_u(b, 1)) {                      /* needs a core coder */
        ngx_live_bits_skip(b, 14);
    }

    ngx_live_bits_skip(b, 1);                         /* extension flag */

    if (ngx_live_bits_left(b) < 16
        || ngx_live_bits_u(b, 11) != NGX_LIVE_CODEC_SYNC_SBR
        || ngx_live_codec_aac_object(b) != NGX_LIVE_CODEC_AOT_SBR
        || ngx_live_bits_u(b, 1) == 0)
    {
        return 0;
    }

    ext = NGX_LIVE_CODEC_AOT_SBR;
    rate = ngx_live_codec_aac_rate(b);

    if (b->error) {
        return 0;
    }

    out->sample_rate = rate;

    if (ngx_live_bits_left(b) >= 12
        && ngx_live_bits_u(b, 11) == NGX_LIVE_CODEC_SYNC_PS
        && ngx_live_bits_u(b, 1))
    {
        ext = NGX_LIVE_CODEC_AOT_PS;
    }

    return ext;
}


/*
 * RFC 7845, 5.1: the identification header; the decoder's output is 48 kHz,
 * whatever the rate of the input was that the header tells.
 */

static ngx_int_t
ngx_live_codec_opus(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    if (end - p < 19
        || ngx_memcmp(p, "OpusHead", 8) != 0
        || (p[8] & 0xf0) != 0
        || p[9] == 0)
    {
        return NGX_ERROR;
    }

    /* a mapping family has a table: streams, coupled, one byte per channel */

    if (p[18] && end - p < 21 + p[9]) {
        return NGX_ERROR;
    }

    out->sample_rate = 48000;
    out->channels = p[9];

    ngx_live_codec_text(out->name, "opus");

    return NGX_OK;
}


/*
 * RFC 9639, 8.1 and 8.2: "fLaC", a block header, then STREAMINFO, in which 20
 * bits of rate and 3 of channels follow four sizes of 16, 16, 24 and 24 bits.
 */

static ngx_int_t
ngx_live_codec_flac(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    if (end - p < 42
        || ngx_memcmp(p, "fLaC", 4) != 0
        || (p[4] & 0x7f) != 0
        || p[5] != 0 || p[6] != 0 || p[7] != 34)
    {
        return NGX_ERROR;
    }

    p += 18;

    out->sample_rate = (ngx_uint_t) p[0] << 12 | (ngx_uint_t) p[1] << 4
                       | p[2] >> 4;
    out->channels = (p[2] >> 1 & 0x07) + 1;

    if (out->sample_rate == 0) {
        return NGX_ERROR;
    }

    ngx_live_codec_text(out->name, "fLaC");

    return NGX_OK;
}


/*
 * The longest name is that of HEVC with all its fields, 41 bytes; "out" was
 * zeroed, which terminates every name.
 */

static u_char *
ngx_live_codec_text(u_char *p, const char *s)
{
    while (*s) {
        *p++ = (u_char) *s++;
    }

    return p;
}


static u_char *
ngx_live_codec_dec(u_char *p, uint32_t v, ngx_uint_t digits)
{
    u_char      buf[10];
    ngx_uint_t  n;

    n = 0;

    do {
        buf[n++] = (u_char) ('0' + v % 10);
        v /= 10;
    } while (v || n < digits);

    while (n) {
        *p++ = buf[--n];
    }

    return p;
}


static u_char *
ngx_live_codec_hex(u_char *p, uint32_t v, ngx_uint_t digits,
    const char *alphabet)
{
    u_char      buf[8];
    ngx_uint_t  n;

    n = 0;

    do {
        buf[n++] = (u_char) alphabet[v & 0x0f];
        v >>= 4;
    } while (v || n < digits);

    while (n) {
        *p++ = buf[--n];
    }

    return p;
}
