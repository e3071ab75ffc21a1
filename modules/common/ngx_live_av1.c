
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_av1.h"
#include "ngx_live_bits.h"
#include "ngx_live_picture.h"
#include "ngx_live_text.h"


/* AV1 6.2.2 */

#define NGX_LIVE_AV1_SEQUENCE  1


static const u_char *ngx_live_av1_obu(const u_char *p, const u_char *end,
    ngx_uint_t *type, size_t *size);
static ngx_int_t ngx_live_av1_sequence(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);
static void ngx_live_av1_operation(ngx_live_bits_t *b);
static void ngx_live_av1_uvlc(ngx_live_bits_t *b);


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

ngx_int_t
ngx_live_av1_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    size_t         size;
    u_char        *name;
    uint32_t       depth;
    ngx_uint_t     type;

    if (end - p < 4 || p[0] != 0x81) {
        return NGX_ERROR;
    }

    depth = (p[2] & 0x40) ? ((p[2] & 0x20) ? 12 : 10) : 8;

    name = ngx_live_text_copy(out->name, "av01.");
    name = ngx_live_text_dec(name, p[1] >> 5, 1);
    *name++ = '.';
    name = ngx_live_text_dec(name, p[1] & 0x1f, 2);
    *name++ = (p[2] & 0x80) ? 'H' : 'M';
    *name++ = '.';
    (void) ngx_live_text_dec(name, depth, 2);

    p += 4;

    while (p < end) {

        p = ngx_live_av1_obu(p, end, &type, &size);

        if (p == NULL) {
            return NGX_ERROR;
        }

        if (type == NGX_LIVE_AV1_SEQUENCE) {
            return ngx_live_av1_sequence(out, p, p + size);
        }

        p += size;
    }

    return NGX_OK;
}


/* AV1 5.3: the header of a unit; returns where its payload begins */

static const u_char *
ngx_live_av1_obu(const u_char *p, const u_char *end, ngx_uint_t *type,
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
ngx_live_av1_sequence(ngx_live_codec_t *out, const u_char *p,
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
        ngx_live_av1_operation(&b);
    }

    nx = ngx_live_bits_u(&b, 4) + 1;
    ny = ngx_live_bits_u(&b, 4) + 1;

    width = ngx_live_bits_u(&b, nx) + 1;
    height = ngx_live_bits_u(&b, ny) + 1;

    if (b.error) {
        return NGX_ERROR;
    }

    return ngx_live_picture_size(out, width, height);
}


/* timing, decoder model and operating points, of which there are 32 at most */

static void
ngx_live_av1_operation(ngx_live_bits_t *b)
{
    ngx_uint_t  n, model, bits, delay;

    model = 0;
    bits = 0;

    if (ngx_live_bits_u(b, 1)) {                      /* timing_info() */
        ngx_live_bits_skip(b, 32 + 32);

        if (ngx_live_bits_u(b, 1)) {                  /* equal interval */
            ngx_live_av1_uvlc(b);
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
ngx_live_av1_uvlc(ngx_live_bits_t *b)
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
