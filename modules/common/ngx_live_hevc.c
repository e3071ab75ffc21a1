
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_bits.h"
#include "ngx_live_hevc.h"
#include "ngx_live_picture.h"
#include "ngx_live_text.h"


/* H.265 table 7-1 */

#define NGX_LIVE_HEVC_SPS  33


static ngx_int_t ngx_live_hevc_sps(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static void ngx_live_hevc_profile(ngx_live_codec_t *out, ngx_live_bits_t *b,
    ngx_uint_t layers);


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

ngx_int_t
ngx_live_hevc_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
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
                && type == NGX_LIVE_HEVC_SPS
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

    return ngx_live_hevc_sps(out, sps, sps + sps_len);
}


/* H.265, 7.3.2.2.1, up to the conformance window */

static ngx_int_t
ngx_live_hevc_sps(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    uint32_t         chroma, width, height;
    ngx_uint_t       layers;
    ngx_live_bits_t  b;

    if ((p[0] >> 1) != NGX_LIVE_HEVC_SPS) {
        return NGX_ERROR;
    }

    ngx_live_bits_init(&b, p + 2, end, 1);

    ngx_live_bits_skip(&b, 4);                        /* VPS id */

    layers = ngx_live_bits_u(&b, 3);                  /* sub-layers - 1 */

    if (layers > 6) {
        return NGX_ERROR;
    }

    ngx_live_bits_skip(&b, 1);                        /* temporal nesting */

    ngx_live_hevc_profile(out, &b, layers);

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

    return ngx_live_picture_crop(out, &b, width, height,
                                 (chroma == 1 || chroma == 2) ? 2 : 1,
                                 (chroma == 1) ? 2 : 1);
}


/*
 * H.265, 7.3.3: profile_tier_level(), and the name that is made of it:
 * ISO/IEC 14496-15, annex E.3.  The compatibility flags are written in reverse
 * bit order, the constraint bytes without the zero ones at the end.
 */

static void
ngx_live_hevc_profile(ngx_live_codec_t *out, ngx_live_bits_t *b,
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

    name = ngx_live_text_copy(out->name, "hvc1.");

    if (space) {
        *name++ = (u_char) ('A' + space - 1);
    }

    name = ngx_live_text_dec(name, profile, 1);
    *name++ = '.';
    name = ngx_live_text_hex(name, flags, 1, NGX_LIVE_TEXT_UPPER);
    *name++ = '.';
    *name++ = tier ? 'H' : 'L';
    name = ngx_live_text_dec(name, ngx_live_bits_u(b, 8), 1);

    for (n = 6; n && constraints[n - 1] == 0; n--) { /* void */ }

    for (v = 0; v < n; v++) {
        *name++ = '.';
        name = ngx_live_text_hex(name, constraints[v], 1,
                                 NGX_LIVE_TEXT_UPPER);
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
