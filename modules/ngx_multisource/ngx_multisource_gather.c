
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_gather.h"


#define NGX_MULTISOURCE_GATHER_BYTES   (16 * 1024 * 1024)
#define NGX_MULTISOURCE_GATHER_FRAMES  4096

/* ms of media: until a group of pictures is taken to have no end, until a
   source is taken to have one track only, and how much audio alone tells */
#define NGX_MULTISOURCE_GATHER_GOP     10000
#define NGX_MULTISOURCE_GATHER_TRACKS  500
#define NGX_MULTISOURCE_GATHER_AUDIO   1000


void
ngx_multisource_gather_init(ngx_multisource_gather_t *gather)
{
    ngx_memzero(gather, sizeof(ngx_multisource_gather_t));
    ngx_queue_init(&gather->frames);
}


void
ngx_multisource_gather_clear(ngx_multisource_gather_t *gather)
{
    ngx_multisource_gather_free(&gather->frames);
    ngx_multisource_gather_init(gather);
}


void
ngx_multisource_gather_free(ngx_queue_t *frames)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(frames)) {
        q = ngx_queue_head(frames);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_multisource_frame_t, queue));
    }
}


void
ngx_multisource_gather_take(ngx_multisource_gather_t *gather,
    ngx_queue_t *frames)
{
    ngx_queue_init(frames);

    if (!ngx_queue_empty(&gather->frames)) {
        ngx_queue_add(frames, &gather->frames);
    }

    ngx_multisource_gather_init(gather);
}


void
ngx_multisource_gather_add(ngx_multisource_gather_t *gather,
    ngx_multisource_frame_t *frame)
{
    if (gather->bytes + frame->len > NGX_MULTISOURCE_GATHER_BYTES
        || gather->nframes == NGX_MULTISOURCE_GATHER_FRAMES)
    {
        /* of what is to be shown the latest counts */

        ngx_multisource_gather_clear(gather);
    }

    if (!frame->video) {
        gather->audio = 1;

    } else {
        gather->video = 1;

        if (gather->nkeyframes && gather->apart == 0) {
            gather->apart = frame->ms - gather->first;
        }

        if (frame->keyframe) {

            /* it comes first, unless pictures before it come after it */

            if (gather->nkeyframes == 0 || frame->cts < gather->delay) {
                gather->delay = frame->cts;
            }

            if (gather->nkeyframes == 0) {
                gather->first = frame->ms;
            }

            gather->nkeyframes++;

        } else if (gather->nkeyframes == 0) {
            ngx_free(frame);
            return;
        }
    }

    ngx_queue_insert_tail(&gather->frames, &frame->queue);
    gather->bytes += frame->len;
    gather->nframes++;
}


ngx_uint_t
ngx_multisource_gather_ready(ngx_multisource_gather_t *gather,
    ngx_uint_t known, ngx_uint_t expected)
{
    int64_t                   time;
    ngx_multisource_frame_t  *first, *last;

    if (ngx_queue_empty(&gather->frames)) {
        return 0;
    }

    first = ngx_queue_data(ngx_queue_head(&gather->frames),
                           ngx_multisource_frame_t, queue);
    last = ngx_queue_data(ngx_queue_last(&gather->frames),
                          ngx_multisource_frame_t, queue);

    time = last->ms - first->ms;

    if (!gather->video) {
        return time >= (expected ? NGX_MULTISOURCE_GATHER_GOP
                                 : NGX_MULTISOURCE_GATHER_AUDIO);
    }

    if (gather->nkeyframes == 0) {
        return 0;
    }

    if (!known) {
        return gather->nkeyframes > 1 || time >= NGX_MULTISOURCE_GATHER_GOP;
    }

    return gather->audio || time >= NGX_MULTISOURCE_GATHER_TRACKS;
}


void
ngx_multisource_gather_measure(ngx_multisource_gather_t *gather,
    ngx_uint_t fps, ngx_multisource_cadence_t *cadence,
    ngx_multisource_clock_t *clock, ngx_multisource_cut_seen_t *seen)
{
    int64_t                   ms[NGX_MULTISOURCE_CADENCE_MAX];
    int64_t                   last, key;
    ngx_uint_t                n;
    ngx_queue_t              *q;
    ngx_multisource_frame_t  *frame;

    ngx_memzero(seen, sizeof(ngx_multisource_cut_seen_t));

    n = 0;
    last = 0;
    key = -1;

    for (q = ngx_queue_head(&gather->frames);
         q != ngx_queue_sentinel(&gather->frames);
         q = ngx_queue_next(q))
    {
        frame = ngx_queue_data(q, ngx_multisource_frame_t, queue);

        /* a picture was captured before those that it is sent ahead of */

        ngx_multisource_clock_arrival(clock, (frame->ms + frame->cts) * 1000,
                                      frame->wall);

        if (!frame->video) {
            continue;
        }

        if (n && (frame->ms - last) * 90 > seen->longest) {
            seen->longest = (frame->ms - last) * 90;
        }

        if (frame->keyframe && key == -1) {
            key = frame->ms;

        } else if (frame->keyframe && seen->gop == 0) {
            seen->gop = (frame->ms - key) * 90;
        }

        last = frame->ms;

        if (n < NGX_MULTISOURCE_CADENCE_MAX) {
            ms[n++] = frame->ms;
        }
    }

    seen->video = gather->video;
    seen->audio = gather->audio;

    ngx_memzero(cadence, sizeof(ngx_multisource_cadence_t));

    if (n == 0) {
        return;
    }

    /* the few frames of one who comes back tell less than what he sent before */

    if (ngx_multisource_cadence_find(cadence, ms, n, fps) != NGX_OK
        && fps && ms[n - 1] - ms[0] < NGX_MULTISOURCE_GATHER_AUDIO)
    {
        ngx_multisource_cadence_set(cadence, fps);
    }

    n = ngx_multisource_cadence_rate(cadence);

    if (n) {
        seen->frame = (uint64_t) NGX_MULTISOURCE_HZ * 1000 / n;
    }
}
