
/*
 * Copyright (C) the ngx_live contributors
 *
 * Codec configuration records: what a player list says of a track.  Pure: no
 * I/O, no clock, no allocation.
 */


#ifndef _NGX_LIVE_CODEC_H_INCLUDED_
#define _NGX_LIVE_CODEC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_tag.h"


#define NGX_LIVE_CODEC_NAME_LEN    64

/* luma samples; what claims to be larger is taken for garbage (X12) */

#define NGX_LIVE_CODEC_MAX_SIZE    8192


typedef struct {
    ngx_uint_t     codec;          /* ngx_live_codec_e */

    /*
     * The "codecs" parameter of RFC 6381, NUL-terminated: avc1.640028,
     * hvc1.1.6.L93.B0, av01.0.08M.08, vp09.00.41.08, mp4a.40.2, opus, ...
     */

    u_char         name[NGX_LIVE_CODEC_NAME_LEN];

    /*
     * Luma samples after cropping, whatever the shape of a pixel is; 0 where
     * the record does not tell.
     */

    ngx_uint_t     width;
    ngx_uint_t     height;

    ngx_uint_t     sample_rate;    /* Hz of the decoder's output, 0 unknown */
    ngx_uint_t     channels;       /* 0 unknown */
} ngx_live_codec_t;


#pragma GCC visibility push(hidden)

/*
 * p .. end is the whole record, the body of NGX_LIVE_TAG_CONFIG: avcC, hvcC,
 * av1C, vpcC, vvcC, AudioSpecificConfig, OpusHead, "fLaC" and STREAMINFO.
 * MP3, AC-3 and E-AC-3 have none, p .. end is then not looked at.
 *
 *     NGX_OK        "out" is filled
 *     NGX_DECLINED  the codec has neither a record nor a name
 *     NGX_ERROR     malformed, truncated or out of bounds; "out" is undefined
 */

ngx_int_t ngx_live_codec_config(ngx_uint_t codec, const u_char *p,
    const u_char *end, ngx_live_codec_t *out);

/* a short name for logs, never NULL */

const char *ngx_live_codec_label(ngx_uint_t codec);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_CODEC_H_INCLUDED_ */
