
/*
 * Copyright (C) the ngx_live contributors
 *
 * From RTMP's milliseconds to samples of audio: frames follow each other without
 * a gap, as they were encoded, unless there is one. Pure: no I/O, no clock, no
 * allocation.
 */


#ifndef _NGX_MULTISOURCE_PACE_H_INCLUDED_
#define _NGX_MULTISOURCE_PACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_uint_t   rate;          /* Hz */
    ngx_uint_t   unit;          /* what a frame's samples are a multiple of */
    uint32_t     frame;         /* samples of a frame */

    /* private */
    int64_t      next;          /* samples, where the next frame belongs */
    int64_t      ms;            /* of the frame that `since` counts from */
    int64_t      last;          /* ms, of the last frame */
    ngx_uint_t   since;
    unsigned     begun:1;
} ngx_multisource_pace_t;


#pragma GCC visibility push(hidden)

/*
 * `frame` is the number of samples that a frame should have, and `unit` what
 * other numbers are a multiple of: what is sent for half a second counts.
 */
void ngx_multisource_pace_init(ngx_multisource_pace_t *pace, ngx_uint_t rate,
    uint32_t frame, ngx_uint_t unit);

/* the time of a frame in samples, from its time in ms; it always grows */
int64_t ngx_multisource_pace_place(ngx_multisource_pace_t *pace, int64_t ms);

/* samples of 48 kHz that an Opus packet says it has; 0: it makes no sense */
uint32_t ngx_multisource_pace_opus(const u_char *p, size_t len);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_PACE_H_INCLUDED_ */
