
/*
 * Copyright (C) the ngx_live contributors
 *
 * How loud a source is: the root mean square of its sound, which libavcodec
 * decodes here and nobody hears. Of ngx_multisource only this file knows
 * decoders. No I/O, no clock.
 *
 * What is malformed counts as silence, and so does what comes faster than it
 * could be played: nobody can make a worker decode without end.
 */


#ifndef _NGX_MULTISOURCE_LOUDNESS_H_INCLUDED_
#define _NGX_MULTISOURCE_LOUDNESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* ms */
#define NGX_MULTISOURCE_LOUDNESS_WINDOW    500

/* bytes: a frame of AAC takes 768 for each channel, 120 ms of Opus 7650 */
#define NGX_MULTISOURCE_LOUDNESS_MAX       8192


typedef struct ngx_multisource_loudness_s  ngx_multisource_loudness_t;


#pragma GCC visibility push(hidden)

/*
 * AAC, Opus or MP3, ngx_live_codec_e, with its record: AudioSpecificConfig,
 * OpusHead (which may be missing), or none; it is copied. Of any other codec,
 * or with a record that makes no sense, all is silence. NULL: no memory
 * (logged).
 */
ngx_multisource_loudness_t *ngx_multisource_loudness_open(ngx_uint_t codec,
    const u_char *record, size_t len, ngx_log_t *log);

/* a frame or packet, as RTMP has it, that came at `now`, monotonic, in ms */
void ngx_multisource_loudness_frame(ngx_multisource_loudness_t *l,
    const u_char *p, size_t len, ngx_msec_t now);

/*
 * Hundredths of dB below full scale, of what came within the window: 0 is a
 * square wave at its loudest, -301 a sine. NGX_MULTISOURCE_DIRECTOR_SILENT:
 * silence, or nothing came.
 */
int32_t ngx_multisource_loudness_level(ngx_multisource_loudness_t *l,
    ngx_msec_t now);

/* NULL is fine */
void ngx_multisource_loudness_close(ngx_multisource_loudness_t *l);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_LOUDNESS_H_INCLUDED_ */
