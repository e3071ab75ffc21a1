
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_bits.h"
#include "ngx_live_h264.h"
#include "ngx_live_picture.h"
#include "ngx_live_text.h"


/* H.264 table 7-1 */

#define NGX_LIVE_H264_SPS  7


static const u_char *ngx_live_h264_units(const u_char *p, const u_char *end,
    ngx_uint_t n, const u_char **last);
static ngx_int_t ngx_live_h264_sps(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static ngx_uint_t ngx_live_h264_high(ngx_uint_t profile);
static ngx_int_t ngx_live_h264_chroma(ngx_live_bits_t *b, uint32_t *chroma);
static ngx_int_t ngx_live_h264_scaling(ngx_live_bits_t *b, ngx_uint_t size);
static ngx_int_t ngx_live_h264_order(ngx_live_bits_t *b);


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

ngx_int_t
ngx_live_h264_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    const u_char  *sps, *last;

    if (end - p < 7 || p[0] != 1 || (p[5] & 0x1f) == 0) {
        return NGX_ERROR;
    }

    sps = p + 8;
    last = end;

    p = ngx_live_h264_units(p + 6, end, p[5] & 0x1f, &last);

    if (p == NULL || p == end) {
        return NGX_ERROR;
    }

    if (ngx_live_h264_units(p + 1, end, *p, NULL) == NULL) {
        return NGX_ERROR;
    }

    return ngx_live_h264_sps(out, sps, last);
}


/* n units, each behind its length; "last" is where the first one ends */

static const u_char *
ngx_live_h264_units(const u_char *p, const u_char *end, ngx_uint_t n,
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
ngx_live_h264_sps(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    u_char           *name;
    uint32_t          chroma, width, height;
    ngx_uint_t        unit_x, unit_y;
    ngx_live_bits_t   b;

    if (end - p < 5 || (p[0] & 0x9f) != NGX_LIVE_H264_SPS) {
        return NGX_ERROR;
    }

    /*
     * The profile, the constraint flags and the level: the bytes of the SPS
     * count (RFC 6381, 3.3), the record repeats them.
     */

    name = ngx_live_text_copy(out->name, "avc1.");
    name = ngx_live_text_hex(name, p[1], 2, NGX_LIVE_TEXT_LOWER);
    name = ngx_live_text_hex(name, p[2], 2, NGX_LIVE_TEXT_LOWER);
    (void) ngx_live_text_hex(name, p[3], 2, NGX_LIVE_TEXT_LOWER);

    ngx_live_bits_init(&b, p + 4, end, 1);

    if (ngx_live_bits_ue(&b) > 31) {                  /* SPS id */
        return NGX_ERROR;
    }

    /* ChromaArrayType: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4 */

    chroma = 1;

    if (ngx_live_h264_high(p[1])
        && ngx_live_h264_chroma(&b, &chroma) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_live_bits_ue(&b) > 12                     /* log2 frame num - 4 */
        || ngx_live_h264_order(&b) != NGX_OK
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

    return ngx_live_picture_crop(out, &b, width, height, unit_x, unit_y);
}


/* the profiles whose SPS tells its chroma format */

static ngx_uint_t
ngx_live_h264_high(ngx_uint_t profile)
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
ngx_live_h264_chroma(ngx_live_bits_t *b, uint32_t *chroma)
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
            && ngx_live_h264_scaling(b, n < 6 ? 16 : 64) != NGX_OK)
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
ngx_live_h264_scaling(ngx_live_bits_t *b, ngx_uint_t size)
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
ngx_live_h264_order(ngx_live_bits_t *b)
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
