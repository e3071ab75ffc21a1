
/*
 * Copyright (C) the ngx_live contributors
 *
 * Frames that are kept until enough is known of their source to package it:
 * which tracks it has, its frame rate, and, for a new playlist, how long its
 * groups of pictures are.
 */


#ifndef _NGX_MULTISOURCE_GATHER_H_INCLUDED_
#define _NGX_MULTISOURCE_GATHER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_cadence.h"
#include "ngx_multisource_clock.h"
#include "ngx_multisource_cut.h"


/* allocated by ngx_alloc() with its data */

typedef struct {
    ngx_queue_t              queue;
    int64_t                  ms;        /* media time */
    int64_t                  wall;      /* us since 1970, of its arrival */
    int64_t                  time;      /* audio: in samples, once placed */
    int32_t                  cts;       /* ms */
    uint32_t                 duration;  /* audio: samples, once placed */
    unsigned                 video:1;
    unsigned                 keyframe:1;
    size_t                   len;
    u_char                   data[1];
} ngx_multisource_frame_t;


typedef struct {
    ngx_queue_t              frames;
    size_t                   bytes;
    ngx_uint_t               nframes;
    ngx_uint_t               nkeyframes;
    int32_t                  delay;     /* ms, by which pictures are shown after
                                           they are decoded, at least */
    int64_t                  first;     /* ms, of video */
    int64_t                  apart;     /* ms, from it to the second one; 0:
                                           there is none */
    unsigned                 video:1;   /* there are such frames */
    unsigned                 audio:1;
} ngx_multisource_gather_t;


#pragma GCC visibility push(hidden)

void ngx_multisource_gather_init(ngx_multisource_gather_t *gather);

/* frees what is left */
void ngx_multisource_gather_clear(ngx_multisource_gather_t *gather);

/*
 * Takes a frame over. Video before the first keyframe is dropped, and all that
 * is there when it becomes too much.
 */
void ngx_multisource_gather_add(ngx_multisource_gather_t *gather,
    ngx_multisource_frame_t *frame);

/*
 * Nonzero: enough is known to begin. `known`: what a playlist may not change is;
 * `expected`: video has been announced.
 */
ngx_uint_t ngx_multisource_gather_ready(ngx_multisource_gather_t *gather,
    ngx_uint_t known, ngx_uint_t expected);

/*
 * What the frames tell: of the cadence of the video (`fps` per 1000 s is what it
 * was before, or 0), of the clock, and of groups of pictures.
 */
void ngx_multisource_gather_measure(ngx_multisource_gather_t *gather,
    ngx_uint_t fps, ngx_multisource_cadence_t *cadence,
    ngx_multisource_clock_t *clock, ngx_multisource_cut_seen_t *seen);

/* moves the frames to a queue that is initialized here; the caller's to free */
void ngx_multisource_gather_take(ngx_multisource_gather_t *gather,
    ngx_queue_t *frames);

void ngx_multisource_gather_free(ngx_queue_t *frames);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_GATHER_H_INCLUDED_ */
