
/*
 * Copyright (C) the ngx_live contributors
 *
 * From RTMP's milliseconds to the times that the encoder meant. At 30 frames a
 * second it sends 0, 33, 67, 100 ...: rounded, and sometimes with the jitter of
 * a clock that was read when the frame was there. Pure: no I/O, no clock, no
 * allocation.
 *
 * A frame is placed a whole number of frame times after the one before when it
 * lies there but for rounding and jitter; what remains is followed slowly, so
 * that a rate that is not quite the nominal one does not add up. A frame that
 * lies elsewhere, as those of a shared screen do, stays where it is. When
 * frames were not where they were expected, the rate is found anew from the
 * last of them: cameras change it with the light, and a rate that was told from
 * few frames may have been the neighbour's.
 */


#ifndef _NGX_MULTISOURCE_CADENCE_H_INCLUDED_
#define _NGX_MULTISOURCE_CADENCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* of the time line of a source: that of video in fMP4 */
#define NGX_MULTISOURCE_HZ           90000

/* frames that tell the rate, at most */
#define NGX_MULTISOURCE_CADENCE_MAX  512

/* frames after which it is found anew when some were not where expected */
#define NGX_MULTISOURCE_CADENCE_AGAIN  64


/* private */

typedef struct {
    double       frame;     /* ticks, 0: no constant rate */
    double       next;      /* ticks, exact, where the next frame belongs */
    int64_t      last;      /* ticks, what was given last */
    uint32_t     delta;     /* ticks between the last two */
    uint32_t     strays;    /* of the recent frames, those elsewhere */
    uint32_t     nrecent;
    int64_t      recent[NGX_MULTISOURCE_CADENCE_AGAIN];     /* ms */
    unsigned     begun:1;
    unsigned     followed:1;    /* a recent one was beyond rounding */
} ngx_multisource_cadence_t;


#pragma GCC visibility push(hidden)

/*
 * Finds the frame rate in `ms`, the times of n frames in decoding order. `hint`
 * is in frames per 1000 s, from the metadata or the decoder record, or 0; it
 * counts only if the times agree with it. The usual rates are known, 23.976,
 * 24, 25, 29.97, 30, 48, 50, 59.94, 60, 100, 119.88, 120 and all whole ones;
 * another constant rate is measured. NGX_DECLINED: there is no constant rate,
 * or too few frames to tell. Frames may be missing. Nothing is placed yet: this
 * and _set() begin the cadence anew. A zeroed one has no constant rate.
 */
ngx_int_t ngx_multisource_cadence_find(ngx_multisource_cadence_t *c,
    const int64_t *ms, ngx_uint_t n, ngx_uint_t hint);

/* a rate that is known from before, in frames per 1000 s; 0: not constant */
void ngx_multisource_cadence_set(ngx_multisource_cadence_t *c,
    ngx_uint_t rate);

/* the rate, in frames per 1000 s, rounded; 0: not constant */
ngx_uint_t ngx_multisource_cadence_rate(ngx_multisource_cadence_t *c);

/*
 * The time of the next frame in decoding order, in ticks of 90 kHz, from its
 * time in ms; at least one tick after the frame before.
 */
int64_t ngx_multisource_cadence_place(ngx_multisource_cadence_t *c,
    int64_t ms);

/*
 * How long the frame that was placed last will take, as far as one can know:
 * ticks, at least 1.
 */
uint32_t ngx_multisource_cadence_duration(ngx_multisource_cadence_t *c);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_CADENCE_H_INCLUDED_ */
