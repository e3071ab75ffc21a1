
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_opus.h"


/* the frames of a packet, before their sizes are known */

typedef struct {
    const u_char  *pos;
    const u_char  *last;
    ngx_uint_t     frames;
    size_t         first;     /* bytes of the first frame */
    size_t         largest;   /* bytes of the largest */
} ngx_whip_opus_sizes_t;


static void ngx_whip_opus_toc(ngx_whip_opus_t *opus, ngx_uint_t toc);
static ngx_int_t ngx_whip_opus_equal(ngx_whip_opus_sizes_t *s);
static ngx_int_t ngx_whip_opus_different(ngx_whip_opus_sizes_t *s);
static ngx_int_t ngx_whip_opus_many(ngx_whip_opus_sizes_t *s,
    ngx_uint_t max);
static ngx_int_t ngx_whip_opus_padding(ngx_whip_opus_sizes_t *s);
static const u_char *ngx_whip_opus_size(const u_char *p, const u_char *last,
    size_t *size);
static ngx_uint_t ngx_whip_opus_lbrr(ngx_whip_opus_t *opus, ngx_uint_t flags);


/*
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * | config  |s| c |
 * +-+-+-+-+-+-+-+-+
 *
 * RFC 6716, 3.1: s is 1 for stereo; c is 0 for one frame, 1 for two of one
 * size, 2 for two of their own sizes, 3 for a number of frames that follows.
 */

ngx_int_t
ngx_whip_opus_parse(ngx_whip_opus_t *opus, const u_char *p, size_t len)
{
    ngx_int_t              rc;
    ngx_whip_opus_sizes_t  s;

    if (len == 0) {
        return NGX_ERROR;
    }

    ngx_whip_opus_toc(opus, p[0]);

    s.pos = p + 1;
    s.last = p + len;

    switch (p[0] & 0x03) {

    case 0:
        s.frames = 1;
        rc = ngx_whip_opus_equal(&s);
        break;

    case 1:
        s.frames = 2;
        rc = ngx_whip_opus_equal(&s);
        break;

    case 2:
        s.frames = 2;
        rc = ngx_whip_opus_different(&s);
        break;

    default:
        rc = ngx_whip_opus_many(&s, NGX_WHIP_OPUS_MAX_SAMPLES / opus->frame);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    opus->frames = s.frames;
    opus->samples = s.frames * opus->frame;
    opus->dtx = (s.largest <= 1);
    opus->lbrr = s.first ? ngx_whip_opus_lbrr(opus, *s.pos) : 0;

    return NGX_OK;
}


/* RFC 6716, table 2 */

static void
ngx_whip_opus_toc(ngx_whip_opus_t *opus, ngx_uint_t toc)
{
    ngx_uint_t  config;

    static const ngx_uint_t  silk[] = { 480, 960, 1920, 2880 };

    config = toc >> 3;

    if (config < 12) {
        opus->mode = NGX_WHIP_OPUS_SILK;
        opus->frame = silk[config & 3];

    } else if (config < 16) {
        opus->mode = NGX_WHIP_OPUS_HYBRID;
        opus->frame = silk[config & 1];

    } else {
        opus->mode = NGX_WHIP_OPUS_CELT;
        opus->frame = NGX_WHIP_OPUS_MIN_SAMPLES << (config & 3);
    }

    opus->channels = (toc & 0x04) ? 2 : 1;
}


/* what is left are frames of one size */

static ngx_int_t
ngx_whip_opus_equal(ngx_whip_opus_sizes_t *s)
{
    size_t  len;

    len = s->last - s->pos;

    if (len % s->frames || len / s->frames > NGX_WHIP_OPUS_MAX_FRAME) {
        return NGX_ERROR;
    }

    s->first = len / s->frames;
    s->largest = s->first;

    return NGX_OK;
}


/* what is left are the sizes of all frames but the last, and the frames */

static ngx_int_t
ngx_whip_opus_different(ngx_whip_opus_sizes_t *s)
{
    size_t         size, sum, left;
    ngx_uint_t     n;
    const u_char  *p;

    p = s->pos;
    sum = 0;

    s->first = 0;
    s->largest = 0;

    for (n = 1; n < s->frames; n++) {

        p = ngx_whip_opus_size(p, s->last, &size);

        if (p == NULL) {
            return NGX_ERROR;
        }

        if (n == 1) {
            s->first = size;
        }

        s->largest = ngx_max(s->largest, size);
        sum += size;
    }

    left = s->last - p;

    if (sum > left || left - sum > NGX_WHIP_OPUS_MAX_FRAME) {
        return NGX_ERROR;
    }

    if (s->frames == 1) {
        s->first = left;
    }

    s->largest = ngx_max(s->largest, left - sum);
    s->pos = p;

    return NGX_OK;
}


/*
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * |v|p|     M     |
 * +-+-+-+-+-+-+-+-+
 *
 * RFC 6716, 3.2.5: v is 1 if each of the M frames has its own size, p is 1 if
 * there is padding.
 */

static ngx_int_t
ngx_whip_opus_many(ngx_whip_opus_sizes_t *s, ngx_uint_t max)
{
    u_char  flags;

    if (s->pos == s->last) {
        return NGX_ERROR;
    }

    flags = *s->pos++;

    s->frames = flags & 0x3f;

    if (s->frames == 0 || s->frames > max) {
        return NGX_ERROR;
    }

    if ((flags & 0x40) && ngx_whip_opus_padding(s) != NGX_OK) {
        return NGX_ERROR;
    }

    return (flags & 0x80) ? ngx_whip_opus_different(s)
                          : ngx_whip_opus_equal(s);
}


/* the length is a sum of bytes, where 255 counts 254 and has one more behind */

static ngx_int_t
ngx_whip_opus_padding(ngx_whip_opus_sizes_t *s)
{
    u_char  n;
    size_t  padding;

    padding = 0;

    do {
        if (s->pos == s->last) {
            return NGX_ERROR;
        }

        n = *s->pos++;
        padding += (n == 255) ? 254 : n;

    } while (n == 255);

    if (padding > (size_t) (s->last - s->pos)) {
        return NGX_ERROR;
    }

    s->last -= padding;

    return NGX_OK;
}


/* RFC 6716, 3.2.1: up to 251 in one byte, up to 1275 in two */

static const u_char *
ngx_whip_opus_size(const u_char *p, const u_char *last, size_t *size)
{
    if (p == last) {
        return NULL;
    }

    *size = *p++;

    if (*size < 252) {
        return p;
    }

    if (p == last) {
        return NULL;
    }

    *size += (size_t) *p++ * 4;

    return p;
}


/*
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * |V V V L V V V L|
 * +-+-+-+-+-+-+-+-+
 *
 * RFC 6716, 4.2.3: the header bits of 60 ms in stereo.  For each channel there
 * is a V per 20 ms, which tells voice activity, and an L, which tells that a
 * copy of the frame before follows.  Each is as likely 0 as 1, and nothing is
 * before them, so that the range coder leaves them as they are.
 */

static ngx_uint_t
ngx_whip_opus_lbrr(ngx_whip_opus_t *opus, ngx_uint_t flags)
{
    ngx_uint_t  n;

    if (opus->mode == NGX_WHIP_OPUS_CELT) {
        return 0;
    }

    n = (opus->frame > 960) ? opus->frame / 960 : 1;

    if ((flags >> (7 - n)) & 1) {
        return 1;
    }

    return (opus->channels == 2) ? (flags >> (6 - 2 * n)) & 1 : 0;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      'O'      |      'p'      |      'u'      |      's'      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      'H'      |      'e'      |      'a'      |      'd'      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  version = 1  |   channels    |           pre-skip            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       input sample rate                       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          output gain          |    mapping    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * RFC 7845, 5.1; the least significant byte is the first.
 */

size_t
ngx_whip_opus_head(u_char *buf, ngx_uint_t channels, ngx_uint_t pre_skip)
{
    u_char  *p;

    p = ngx_cpymem(buf, "OpusHead", 8);

    *p++ = 1;
    *p++ = (u_char) channels;
    *p++ = (u_char) pre_skip;
    *p++ = (u_char) (pre_skip >> 8);
    *p++ = (u_char) NGX_WHIP_OPUS_RATE;
    *p++ = (u_char) (NGX_WHIP_OPUS_RATE >> 8);
    *p++ = (u_char) (NGX_WHIP_OPUS_RATE >> 16);
    *p++ = 0;
    *p++ = 0;
    *p++ = 0;
    *p++ = 0;

    return p - buf;
}
