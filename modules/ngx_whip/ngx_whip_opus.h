
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: what an Opus packet tells without decoding it, and the identification
 * header that stands for a stream of them elsewhere.
 */


#ifndef _NGX_WHIP_OPUS_H_INCLUDED_
#define _NGX_WHIP_OPUS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* RFC 7587, 4.1: RTP timestamps of Opus always count at 48 kHz */

#define NGX_WHIP_OPUS_RATE         48000

/* RFC 6716, 3.2.5: 120 ms; 2.1.4: the shortest frame has 2.5 ms */

#define NGX_WHIP_OPUS_MAX_SAMPLES  5760
#define NGX_WHIP_OPUS_MIN_SAMPLES  120

/* RFC 6716, 3.4: bytes of one frame */

#define NGX_WHIP_OPUS_MAX_FRAME    1275

/* RFC 7845, 5.1: bytes of OpusHead with mapping family 0 */

#define NGX_WHIP_OPUS_HEAD_LEN     19

/* what libopus looks ahead unless it is told to have a low delay */

#define NGX_WHIP_OPUS_PRE_SKIP     312


typedef enum {
    NGX_WHIP_OPUS_SILK = 0,
    NGX_WHIP_OPUS_HYBRID,
    NGX_WHIP_OPUS_CELT
} ngx_whip_opus_mode_e;


typedef struct {
    ngx_whip_opus_mode_e  mode;
    ngx_uint_t            channels;  /* 1 or 2; may change between packets */
    ngx_uint_t            frames;    /* 1 to 48 */
    ngx_uint_t            frame;     /* samples of a frame, 120 to 2880 */
    ngx_uint_t            samples;   /* of all frames, 120 to 5760 */
    unsigned              lbrr:1;    /* has a copy of the frame before it */
    unsigned              dtx:1;     /* no frame has more than one byte */
} ngx_whip_opus_t;


#pragma GCC visibility push(hidden)

/*
 * Reads the packet of len bytes at p, which is the payload of one RTP packet.
 * Samples are those of one channel at 48 kHz.  NGX_ERROR: the packet breaks a
 * rule of RFC 6716, 3.4, and "opus" is undefined.
 */
ngx_int_t ngx_whip_opus_parse(ngx_whip_opus_t *opus, const u_char *p,
    size_t len);

/*
 * Writes an OpusHead of NGX_WHIP_OPUS_HEAD_LEN bytes for 1 or 2 channels,
 * which is how many it returns; pre_skip in samples, at most 65535.
 */
size_t ngx_whip_opus_head(u_char *buf, ngx_uint_t channels,
    ngx_uint_t pre_skip);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_OPUS_H_INCLUDED_ */
