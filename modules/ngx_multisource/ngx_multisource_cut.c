
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_cut.h"


/* ticks */

#define NGX_MULTISOURCE_CUT_MS         90
#define NGX_MULTISOURCE_CUT_HZ         90000

/*
 * Parts are at least 85 % of the part target, but for the last of a segment
 * (4.4.4.9).
 */
#define NGX_MULTISOURCE_CUT_LEAST(target)  ((int64_t) (target) * 85 / 100)

/* by how much frames of a constant rate may differ in time, per mille */

#define NGX_MULTISOURCE_CUT_WOBBLE     5

/* what is not constant */

#define NGX_MULTISOURCE_CUT_SLOW       (1100 * NGX_MULTISOURCE_CUT_MS)
#define NGX_MULTISOURCE_CUT_SLOWEST    (2200 * NGX_MULTISOURCE_CUT_MS)

/* s */

#define NGX_MULTISOURCE_CUT_UNKNOWN    10

/*
 * A segment's duration is rounded to seconds before it is compared with the
 * target duration (4.4.3.1), and may be printed in ms before that.
 */
#define NGX_MULTISOURCE_CUT_ROUNDED    (499 * NGX_MULTISOURCE_CUT_MS)

/*
 * Of that, what is for keyframes that come a little off: a target duration may
 * be so much shorter than groups of pictures are, and they may be so much
 * longer than expected.
 */
#define NGX_MULTISOURCE_CUT_SLACK      (50 * NGX_MULTISOURCE_CUT_MS)

/* a keyframe so close before a multiple of the segment time is at it */

#define NGX_MULTISOURCE_CUT_CLOSE      (10 * NGX_MULTISOURCE_CUT_MS)

/* video that comes later than audio by more than ever is overdue */

#define NGX_MULTISOURCE_CUT_PATIENCE   (50 * NGX_MULTISOURCE_CUT_MS)
#define NGX_MULTISOURCE_CUT_MAX_LAG    (2 * NGX_MULTISOURCE_CUT_HZ)

/* the longest time between keyframes that is of interest, and remembered */

#define NGX_MULTISOURCE_CUT_MAX_GOP    (60 * NGX_MULTISOURCE_CUT_HZ)

/* ms: no configuration means more */

#define NGX_MULTISOURCE_CUT_MAX_TIME   3600000

/* us: 1970 +- 36,000 years */

#define NGX_MULTISOURCE_CUT_MAX_WALL   (1LL << 60)


static uint32_t ngx_multisource_cut_part_target(
    const ngx_multisource_cut_seen_t *seen, uint32_t part);
static uint32_t ngx_multisource_cut_target_duration(
    const ngx_multisource_cut_seen_t *seen, uint32_t segment);
static uint32_t ngx_multisource_cut_ticks(ngx_msec_t ms);
static ngx_uint_t ngx_multisource_cut_key(ngx_multisource_cut_t *cut,
    int64_t time, int64_t wall);
static void ngx_multisource_cut_begin(ngx_multisource_cut_t *cut,
    int64_t time, int64_t wall);
static int64_t ngx_multisource_cut_reach(ngx_multisource_cut_t *cut,
    uint32_t step);
static ngx_uint_t ngx_multisource_cut_at(ngx_multisource_cut_t *cut,
    int64_t end);
static int64_t ngx_multisource_cut_limit(ngx_multisource_cut_t *cut);
static int64_t ngx_multisource_cut_early(ngx_multisource_cut_t *cut);
static int64_t ngx_multisource_cut_usec(int64_t ticks);
static int64_t ngx_multisource_cut_wall(int64_t wall);


void
ngx_multisource_cut_bounds(const ngx_multisource_cut_seen_t *seen,
    ngx_msec_t part, ngx_msec_t segment, ngx_multisource_cut_bounds_t *bounds)
{
    uint32_t  least;

    bounds->part_target = ngx_multisource_cut_part_target(seen,
                                         ngx_multisource_cut_ticks(part));

    bounds->target_duration = ngx_multisource_cut_target_duration(seen,
                                         ngx_multisource_cut_ticks(segment));

    least = (2 * bounds->part_target + NGX_MULTISOURCE_CUT_HZ - 1)
            / NGX_MULTISOURCE_CUT_HZ;

    bounds->target_duration = ngx_max(bounds->target_duration, least);
}


static uint32_t
ngx_multisource_cut_part_target(const ngx_multisource_cut_seen_t *seen,
    uint32_t part)
{
    uint64_t  frame, n, target;

    frame = seen->frame;

    if (frame == 0 || frame > NGX_MULTISOURCE_CUT_SLOWEST) {

        if (!seen->video || seen->audio) {
            return part;
        }

        target = ngx_max(seen->longest, frame);
        target += target * NGX_MULTISOURCE_CUT_WOBBLE / 1000;

        target = ngx_max(target, NGX_MULTISOURCE_CUT_SLOW);
        target = ngx_min(target, NGX_MULTISOURCE_CUT_SLOWEST);

        target = ngx_max(target, part);

    } else {

        /* so many fit, even if they come a little later */

        n = (uint64_t) part * 1000
            / (frame * (1000 + NGX_MULTISOURCE_CUT_WOBBLE));

        /* and they fill enough, even if they come a little earlier */

        if (n * frame * (1000 - NGX_MULTISOURCE_CUT_WOBBLE)
            >= (uint64_t) NGX_MULTISOURCE_CUT_LEAST(part) * 1000)
        {
            return part;
        }

        target = (n + 1) * frame;
        target += target * NGX_MULTISOURCE_CUT_WOBBLE / 1000;
    }

    /* it is told in ms */

    target += NGX_MULTISOURCE_CUT_MS - 1;

    return (uint32_t) (target - target % NGX_MULTISOURCE_CUT_MS);
}


static uint32_t
ngx_multisource_cut_target_duration(const ngx_multisource_cut_seen_t *seen,
    uint32_t segment)
{
    uint32_t  least;
    uint64_t  gop, n, target;

    least = (segment + NGX_MULTISOURCE_CUT_HZ - 1) / NGX_MULTISOURCE_CUT_HZ;

    /* each frame of audio is a group */

    gop = seen->video ? seen->gop : ngx_max(seen->frame, 1);

    if (gop == 0) {
        return ngx_max(least, NGX_MULTISOURCE_CUT_UNKNOWN);
    }

    /* a group of 1.999 s fills 2 s */

    n = 1;

    if (segment > NGX_MULTISOURCE_CUT_SLACK) {
        n = (segment - NGX_MULTISOURCE_CUT_SLACK + gop - 1) / gop;
    }

    /* and one of 2.002 s takes 2 s */

    target = n * gop;

    if (target > NGX_MULTISOURCE_CUT_SLACK) {
        target -= NGX_MULTISOURCE_CUT_SLACK;
    }

    target = (target + NGX_MULTISOURCE_CUT_HZ - 1) / NGX_MULTISOURCE_CUT_HZ;

    return (uint32_t) ngx_max(target, least);
}


static uint32_t
ngx_multisource_cut_ticks(ngx_msec_t ms)
{
    ms = ngx_max(ms, 1);
    ms = ngx_min(ms, NGX_MULTISOURCE_CUT_MAX_TIME);

    return (uint32_t) ms * NGX_MULTISOURCE_CUT_MS;
}


void
ngx_multisource_cut_init(ngx_multisource_cut_t *cut,
    const ngx_multisource_cut_bounds_t *bounds, ngx_msec_t segment)
{
    ngx_memzero(cut, sizeof(ngx_multisource_cut_t));

    cut->bounds = *bounds;
    cut->segment = ngx_multisource_cut_ticks(segment);
}


ngx_uint_t
ngx_multisource_cut_frame(ngx_multisource_cut_t *cut, int64_t time,
    uint32_t duration, ngx_uint_t keyframe, int64_t wall)
{
    int64_t     end, lag;
    ngx_uint_t  ends;

    wall = ngx_multisource_cut_wall(wall);
    ends = NGX_MULTISOURCE_CUT_NONE;

    if (!cut->begun) {
        cut->begun = 1;
        ngx_multisource_cut_begin(cut, time, wall);
    }

    /* the most that video came behind audio lately; it is forgotten slowly */

    lag = cut->audio ? cut->heard - time : 0;
    lag = ngx_max(lag, 0);
    lag = ngx_min(lag, NGX_MULTISOURCE_CUT_MAX_LAG);

    cut->lag = (lag > cut->lag) ? lag : cut->lag - (cut->lag - lag) / 64;

    end = time + duration;

    if (keyframe && ngx_multisource_cut_key(cut, time, wall)) {
        ends = NGX_MULTISOURCE_CUT_SEGMENT;

    } else if (end - cut->segment_start > ngx_multisource_cut_limit(cut)) {
        ends = NGX_MULTISOURCE_CUT_SEGMENT;

    } else if (end - cut->part_start > cut->bounds.part_target) {

        /* audio will end what is too short yet */

        if (!cut->audio
            || time - cut->part_start
               >= NGX_MULTISOURCE_CUT_LEAST(cut->bounds.part_target))
        {
            ends = NGX_MULTISOURCE_CUT_PART;
        }
    }

    cut->frame = time;
    cut->frame_wall = wall;
    cut->duration = duration;

    /* it was overdue, and what it could end has ended already */

    if (time <= cut->part_start) {
        return NGX_MULTISOURCE_CUT_NONE;
    }

    if (ends == NGX_MULTISOURCE_CUT_PART) {
        cut->part_start = time;

    } else if (ends == NGX_MULTISOURCE_CUT_SEGMENT) {
        ngx_multisource_cut_begin(cut, time, wall);
    }

    return ends;
}


int64_t
ngx_multisource_cut_overdue(ngx_multisource_cut_t *cut, int64_t time,
    uint32_t duration, ngx_uint_t *ends)
{
    int64_t  end, wait;

    *ends = NGX_MULTISOURCE_CUT_NONE;

    cut->heard = cut->audio ? ngx_max(cut->heard, time) : time;
    cut->audio = ngx_max(duration, 1);

    if (!cut->begun) {
        return 0;
    }

    end = ngx_multisource_cut_reach(cut, cut->audio);

    wait = NGX_MULTISOURCE_CUT_PATIENCE + cut->lag + cut->lag / 4;

    /* is a frame missing that belongs into the part? */

    if (cut->frame + cut->duration < end) {
        wait += cut->bounds.part_target / 2;
    }

    if (time - end < wait) {
        return 0;
    }

    *ends = ngx_multisource_cut_at(cut, end);

    return end;
}


int64_t
ngx_multisource_cut_late(ngx_multisource_cut_t *cut, int64_t time,
    ngx_uint_t *ends)
{
    int64_t  end;

    *ends = NGX_MULTISOURCE_CUT_NONE;

    if (!cut->begun
        || (time - cut->part_start <= cut->bounds.part_target
            && time - cut->segment_start <= ngx_multisource_cut_limit(cut)))
    {
        return 0;
    }

    end = ngx_multisource_cut_reach(cut, cut->audio ? cut->audio
                                                    : cut->duration);

    *ends = ngx_multisource_cut_at(cut, end);

    return end;
}


/* nonzero: the segment ends before a keyframe at "time" */

static ngx_uint_t
ngx_multisource_cut_key(ngx_multisource_cut_t *cut, int64_t time, int64_t wall)
{
    int64_t  gop, next, early, missing;

    if (cut->keyed) {

        /* keyframes out of turn do not make others come sooner for long */

        gop = time - cut->keyframe;
        gop = ngx_max(gop, 0);
        gop = ngx_min(gop, NGX_MULTISOURCE_CUT_MAX_GOP);

        if (gop < cut->gop) {
            gop = cut->gop - (cut->gop - gop) * gop
                             / NGX_MULTISOURCE_CUT_MAX_GOP;
        }

        cut->gop = gop;
    }

    cut->keyed = 1;
    cut->keyframe = time;

    /* the multiple of the segment time that is waited for */

    missing = (cut->wall + 1) * ngx_multisource_cut_usec(cut->segment) - wall;

    gop = cut->gop ? cut->gop : cut->segment;

    early = ngx_min(gop / 4, NGX_MULTISOURCE_CUT_CLOSE);

    if (missing <= ngx_multisource_cut_usec(early)) {
        return 1;
    }

    /*
     * Keyframes that come once in the segment time may come to lie before the
     * multiples, little by little: they still end segments.
     */

    early = ngx_multisource_cut_early(cut);

    if (missing <= ngx_multisource_cut_usec(early)
        && time - cut->segment_start
           >= cut->segment - NGX_MULTISOURCE_CUT_CLOSE)
    {
        return 1;
    }

    /* is the next one likely to come too late? */

    next = time + gop + NGX_MULTISOURCE_CUT_SLACK
           + ngx_min(gop / 16, 4 * NGX_MULTISOURCE_CUT_SLACK);

    return next - cut->segment_start > ngx_multisource_cut_limit(cut);
}


static void
ngx_multisource_cut_begin(ngx_multisource_cut_t *cut, int64_t time,
    int64_t wall)
{
    int64_t  early, segment, number, waited;

    early = ngx_multisource_cut_usec(ngx_multisource_cut_early(cut));
    segment = ngx_multisource_cut_usec(cut->segment);

    /* what ends so shortly before a multiple has ended for it */

    number = (wall + early / 2) / segment;
    waited = (wall + early) / segment;

    cut->wall = (waited == cut->wall + 1) ? waited : number;
    cut->segment_start = time;
    cut->part_start = time;
}


/* where the part ends when frames do not end it, but steps of this duration */

static int64_t
ngx_multisource_cut_reach(ngx_multisource_cut_t *cut, uint32_t step)
{
    int64_t  target, filled, end, limit;

    target = cut->bounds.part_target;

    filled = target - target % ngx_max(step, 1);

    if (filled < NGX_MULTISOURCE_CUT_LEAST(target)) {
        filled = target;
    }

    end = cut->part_start + filled;
    limit = cut->segment_start + ngx_multisource_cut_limit(cut);

    end = ngx_min(end, limit);

    return ngx_max(end, cut->part_start + 1);
}


/* ends the part, and the segment if another part would be too much for it */

static ngx_uint_t
ngx_multisource_cut_at(ngx_multisource_cut_t *cut, int64_t end)
{
    int64_t  wall;

    if (end + cut->bounds.part_target - cut->segment_start
        <= ngx_multisource_cut_limit(cut))
    {
        cut->part_start = end;
        return NGX_MULTISOURCE_CUT_PART;
    }

    /* no frame tells what the wall clock shows there */

    wall = cut->frame_wall + ngx_multisource_cut_usec(end - cut->frame);

    ngx_multisource_cut_begin(cut, end, ngx_multisource_cut_wall(wall));

    return NGX_MULTISOURCE_CUT_SEGMENT;
}


/* the most that a segment may take */

static int64_t
ngx_multisource_cut_limit(ngx_multisource_cut_t *cut)
{
    return (int64_t) cut->bounds.target_duration * NGX_MULTISOURCE_CUT_HZ
           + NGX_MULTISOURCE_CUT_ROUNDED;
}


/* how long before a multiple of the segment time a segment may end for it */

static int64_t
ngx_multisource_cut_early(ngx_multisource_cut_t *cut)
{
    int64_t  early;

    early = cut->segment / 8;

    return cut->gop ? ngx_min(early, cut->gop / 2) : early;
}


static int64_t
ngx_multisource_cut_usec(int64_t ticks)
{
    return ticks / 9 * 100 + ticks % 9 * 100 / 9;
}


static int64_t
ngx_multisource_cut_wall(int64_t wall)
{
    wall = ngx_min(wall, NGX_MULTISOURCE_CUT_MAX_WALL);

    return ngx_max(wall, -NGX_MULTISOURCE_CUT_MAX_WALL);
}
