
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: what a platform takes, and what it will say of a stream.
 */


#ifndef _NGX_SIMULCAST_LIMITS_H_INCLUDED_
#define _NGX_SIMULCAST_LIMITS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_tag.h"
#include "ngx_simulcast.h"


#define NGX_SIMULCAST_LIMITS_ISSUES  8
#define NGX_SIMULCAST_LIMITS_ISSUE   128    /* bytes, NUL included */


/* what is known of a stream; 0: not known */

typedef struct {
    ngx_uint_t   video;             /* ngx_live_codec_e */
    ngx_uint_t   width;
    ngx_uint_t   height;
    double       fps;
    uint64_t     video_bitrate;     /* bit/s */
    ngx_msec_t   keyframe;          /* the longest interval seen, ms */
    ngx_uint_t   audio;             /* ngx_live_codec_e */
    ngx_uint_t   sample_rate;
    ngx_uint_t   channels;
    uint64_t     audio_bitrate;
    unsigned     measured:1;        /* rates and intervals are of 10 s or more:
                                       a missing track is missing */
} ngx_simulcast_limits_stream_t;


typedef struct {
    ngx_uint_t   nissues;
    unsigned     refused:1;         /* the platform will not take it at all, as
                                       the first issue says */
    char         issues[NGX_SIMULCAST_LIMITS_ISSUES]
                       [NGX_SIMULCAST_LIMITS_ISSUE];
} ngx_simulcast_limits_t;


#pragma GCC visibility push(hidden)

/* platform: ngx_simulcast_platform_e; rtmp_custom has no limits but codecs that
   RTMP has no name for */
void ngx_simulcast_limits_check(ngx_uint_t platform,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out);

/* how long the platform keeps an event without media, ms: retry's window */
ngx_msec_t ngx_simulcast_limits_window(ngx_uint_t platform);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_LIMITS_H_INCLUDED_ */
