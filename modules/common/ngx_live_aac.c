
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_aac.h"
#include "ngx_live_bits.h"
#include "ngx_live_text.h"


/* ISO/IEC 14496-3, table 1.17: audio object types */

#define NGX_LIVE_AAC_MAIN       1
#define NGX_LIVE_AAC_LTP        4
#define NGX_LIVE_AAC_SBR        5
#define NGX_LIVE_AAC_PS         29
#define NGX_LIVE_AAC_ESCAPE     31

#define NGX_LIVE_AAC_SYNC_SBR   0x2b7
#define NGX_LIVE_AAC_SYNC_PS    0x548

#define NGX_LIVE_AAC_MAX_RATE   768000


static ngx_uint_t ngx_live_aac_object(ngx_live_bits_t *b);
static ngx_uint_t ngx_live_aac_rate(ngx_live_bits_t *b);
static ngx_uint_t ngx_live_aac_sync(ngx_live_codec_t *out, ngx_live_bits_t *b);


/* ISO/IEC 14496-3, table 1.18; 13 and 14 are reserved, 15 is an escape */

static const ngx_uint_t  ngx_live_aac_rates[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050,
    16000, 12000, 11025, 8000, 7350
};


/* ISO/IEC 14496-3, table 1.19; 0 is in a program config element or reserved */

static const ngx_uint_t  ngx_live_aac_channels[] = {
    0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0
};


/*
 * +---------+-------+-------+
 * | object  | rate  |channel|  ISO/IEC 14496-3, 1.6.2.1: AudioSpecificConfig
 * +---------+-------+-------+
 *
 * SBR and parametric stereo (HE-AAC) are told by an object type that wraps the
 * real one, or behind it for decoders that know neither (1.6.5).
 */

ngx_int_t
ngx_live_aac_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    u_char           *name;
    ngx_uint_t        object, ext, ps;
    ngx_live_bits_t   b;

    ngx_live_bits_init(&b, p, end, 0);

    object = ngx_live_aac_object(&b);
    out->sample_rate = ngx_live_aac_rate(&b);
    out->channels = ngx_live_aac_channels[ngx_live_bits_u(&b, 4)];

    ext = 0;

    if (object == NGX_LIVE_AAC_SBR || object == NGX_LIVE_AAC_PS) {
        ext = object;

        out->sample_rate = ngx_live_aac_rate(&b);
        object = ngx_live_aac_object(&b);
    }

    if (b.error || object == 0) {
        return NGX_ERROR;
    }

    if (ext == 0
        && object >= NGX_LIVE_AAC_MAIN && object <= NGX_LIVE_AAC_LTP
        && out->channels)
    {
        ext = ngx_live_aac_sync(out, &b);
    }

    if (out->sample_rate == 0 || out->sample_rate > NGX_LIVE_AAC_MAX_RATE) {
        return NGX_ERROR;
    }

    ps = (ext == NGX_LIVE_AAC_PS);

    if (ps && out->channels == 1) {
        out->channels = 2;
    }

    name = ngx_live_text_copy(out->name, "mp4a.40.");
    (void) ngx_live_text_dec(name, ext ? ext : object, 1);

    return NGX_OK;
}


static ngx_uint_t
ngx_live_aac_object(ngx_live_bits_t *b)
{
    ngx_uint_t  object;

    object = ngx_live_bits_u(b, 5);

    if (object == NGX_LIVE_AAC_ESCAPE) {
        object = 32 + ngx_live_bits_u(b, 6);
    }

    return object;
}


/* Hz, or 0 for a reserved index */

static ngx_uint_t
ngx_live_aac_rate(ngx_live_bits_t *b)
{
    ngx_uint_t  n;

    n = ngx_live_bits_u(b, 4);

    if (n == 15) {
        return ngx_live_bits_u(b, 24);
    }

    if (n >= sizeof(ngx_live_aac_rates) / sizeof(ngx_uint_t)) {
        return 0;
    }

    return ngx_live_aac_rates[n];
}


/*
 * GASpecificConfig (4.4.1) and the extension behind it, if any.  Encoders pad
 * the record in ways of their own, so that what is not an extension is no
 * error.
 */

static ngx_uint_t
ngx_live_aac_sync(ngx_live_codec_t *out, ngx_live_bits_t *b)
{
    ngx_uint_t  ext, rate;

    ngx_live_bits_skip(b, 1);                         /* frame length */

    if (ngx_live_bits_u(b, 1)) {                      /* needs a core coder */
        ngx_live_bits_skip(b, 14);
    }

    ngx_live_bits_skip(b, 1);                         /* extension flag */

    if (ngx_live_bits_left(b) < 16
        || ngx_live_bits_u(b, 11) != NGX_LIVE_AAC_SYNC_SBR
        || ngx_live_aac_object(b) != NGX_LIVE_AAC_SBR
        || ngx_live_bits_u(b, 1) == 0)
    {
        return 0;
    }

    ext = NGX_LIVE_AAC_SBR;
    rate = ngx_live_aac_rate(b);

    if (b->error) {
        return 0;
    }

    out->sample_rate = rate;

    if (ngx_live_bits_left(b) >= 12
        && ngx_live_bits_u(b, 11) == NGX_LIVE_AAC_SYNC_PS
        && ngx_live_bits_u(b, 1))
    {
        ext = NGX_LIVE_AAC_PS;
    }

    return ext;
}
