
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: how much moves in a picture, by the bytes that its video takes between
 * keyframes: those of the last second, against what is usual for it.
 */


#ifndef _NGX_MULTISOURCE_MOTION_H_INCLUDED_
#define _NGX_MULTISOURCE_MOTION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the last second, in steps that take so many ms */
#define NGX_MULTISOURCE_MOTION_STEPS   4
#define NGX_MULTISOURCE_MOTION_STEP    250

/* steps over which the usual is averaged: a minute */
#define NGX_MULTISOURCE_MOTION_USUAL   240

/*
 * Bytes in a second below which a picture stands still: what is usual is no
 * less, or a blinking cursor would be a commotion.
 */
#define NGX_MULTISOURCE_MOTION_STILL   2500

#define NGX_MULTISOURCE_MOTION_MAX     10000    /* percent */


typedef struct {
    ngx_msec_t  start;          /* of the current step */
    ngx_uint_t  current;
    ngx_uint_t  nsteps;         /* complete, NGX_MULTISOURCE_MOTION_USUAL at
                                   most */
    uint64_t    usual;          /* bytes per step, times 65536 */
    uint64_t    steps[NGX_MULTISOURCE_MOTION_STEPS + 1];
    ngx_uint_t  started;        /* unsigned  started:1; */
} ngx_multisource_motion_t;


#pragma GCC visibility push(hidden)

/* a zeroed one is ready; a frame that is no keyframe came at `now`, in ms */
void ngx_multisource_motion_add(ngx_multisource_motion_t *m, ngx_msec_t now,
    size_t bytes);

/* percent of the usual; 0: no video; 100 as long as too little is known */
ngx_uint_t ngx_multisource_motion_percent(ngx_multisource_motion_t *m,
    ngx_msec_t now);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_MOTION_H_INCLUDED_ */
