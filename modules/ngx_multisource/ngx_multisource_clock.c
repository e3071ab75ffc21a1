
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_clock.h"


/* us */

#define NGX_MULTISOURCE_CLOCK_BUCKET   1000000
#define NGX_MULTISOURCE_CLOCK_APART    100000       /* another time line */

/* how long the mapping may be slewed fast, and when it is right */

#define NGX_MULTISOURCE_CLOCK_SETTLE   10000000
#define NGX_MULTISOURCE_CLOCK_UNSETTLE 120000000
#define NGX_MULTISOURCE_CLOCK_RIGHT    5000

/* it is settled no more once it is wrong by so much for so long */

#define NGX_MULTISOURCE_CLOCK_WRONG    100000
#define NGX_MULTISOURCE_CLOCK_LOST     120000000

/* one part in so many: how fast it is slewed, at first and then */

#define NGX_MULTISOURCE_CLOCK_FAST     50
#define NGX_MULTISOURCE_CLOCK_SLOW     2000

/* of what the sender says, which is rounded to ms at times */

#define NGX_MULTISOURCE_CLOCK_SMOOTH   4

/* 18,000 years, with sums of which one can reckon */

#define NGX_MULTISOURCE_CLOCK_EVER     (1LL << 59)


static void ngx_multisource_clock_settle(ngx_multisource_clock_t *clock,
    int64_t media);
static void ngx_multisource_clock_want(ngx_multisource_clock_t *clock);
static int64_t ngx_multisource_clock_base(ngx_multisource_clock_t *clock);
static ngx_int_t ngx_multisource_clock_arrived(ngx_multisource_clock_t *clock,
    int64_t *offset);
static int64_t ngx_multisource_clock_clamp(int64_t us);


void
ngx_multisource_clock_init(ngx_multisource_clock_t *clock)
{
    ngx_memzero(clock, sizeof(ngx_multisource_clock_t));
}


void
ngx_multisource_clock_arrival(ngx_multisource_clock_t *clock, int64_t media,
    int64_t wall)
{
    int64_t     delta, second, *bucket;
    ngx_uint_t  i;

    media = ngx_multisource_clock_clamp(media);
    wall = ngx_multisource_clock_clamp(wall);

    /* a sender's frames are late by its own clock, whatever their media time */

    delta = wall - media - ngx_multisource_clock_base(clock);
    second = wall / NGX_MULTISOURCE_CLOCK_BUCKET;

    if (!clock->arrived) {
        clock->arrived = 1;

        for (i = 0; i < NGX_MULTISOURCE_CLOCK_BUCKETS; i++) {
            clock->bucket[i] = delta;
            clock->second[i] = second;
        }
    }

    i = (uint64_t) second % NGX_MULTISOURCE_CLOCK_BUCKETS;
    bucket = &clock->bucket[i];

    *bucket = (clock->second[i] == second) ? ngx_min(*bucket, delta) : delta;

    clock->second[i] = second;
    clock->now = second;

    ngx_multisource_clock_want(clock);
}


void
ngx_multisource_clock_sender(ngx_multisource_clock_t *clock, int64_t media,
    int64_t sender)
{
    int64_t     delta;
    ngx_uint_t  i;

    media = ngx_multisource_clock_clamp(media);
    sender = ngx_multisource_clock_clamp(sender);

    delta = sender - media - clock->sender;

    if (!clock->sending
        || delta > NGX_MULTISOURCE_CLOCK_APART
        || delta < -NGX_MULTISOURCE_CLOCK_APART)
    {
        if (!clock->sending) {

            /* what came before counts */

            for (i = 0; i < NGX_MULTISOURCE_CLOCK_BUCKETS; i++) {
                clock->bucket[i] -= sender - media;
            }
        }

        clock->sending = 1;
        clock->sender = sender - media;

    } else {
        clock->sender += delta / NGX_MULTISOURCE_CLOCK_SMOOTH;
    }

    ngx_multisource_clock_want(clock);
}


ngx_int_t
ngx_multisource_clock_offset(ngx_multisource_clock_t *clock, int64_t *offset)
{
    if (!clock->sending) {
        return NGX_DECLINED;
    }

    return ngx_multisource_clock_arrived(clock, offset);
}


void
ngx_multisource_clock_share(ngx_multisource_clock_t *clock,
    const int64_t *offset)
{
    clock->sharing = (offset != NULL);

    if (offset) {
        clock->shared = ngx_multisource_clock_clamp(*offset);
    }

    ngx_multisource_clock_want(clock);
}


int64_t
ngx_multisource_clock_wall(ngx_multisource_clock_t *clock, int64_t media)
{
    int64_t  passed, slow, most, move;

    media = ngx_multisource_clock_clamp(media);

    if (!clock->known) {
        return media;
    }

    if (!clock->begun) {
        clock->begun = 1;
        clock->begin = media;
        clock->media = media;
        clock->offset = clock->wanted;
    }

    passed = media - clock->media;

    if (passed > 0) {
        slow = clock->settled ? NGX_MULTISOURCE_CLOCK_SLOW
                              : NGX_MULTISOURCE_CLOCK_FAST;

        most = passed / slow;

        move = clock->wanted - clock->offset;
        move = ngx_min(move, most);
        move = ngx_max(move, -most);

        clock->offset += move;

        /* what is too short for a microsecond counts with what follows */

        clock->media = media - passed % slow;

        ngx_multisource_clock_settle(clock, media);
    }

    return media + clock->offset;
}


static void
ngx_multisource_clock_settle(ngx_multisource_clock_t *clock, int64_t media)
{
    int64_t  left, passed;

    left = clock->wanted - clock->offset;

    if (clock->settled) {

        if (left <= NGX_MULTISOURCE_CLOCK_WRONG
            && left >= -NGX_MULTISOURCE_CLOCK_WRONG)
        {
            clock->begin = clock->media;

        } else if (media - clock->begin >= NGX_MULTISOURCE_CLOCK_LOST) {
            clock->settled = 0;
            clock->begin = media;
            clock->media = media;
        }

        return;
    }

    passed = clock->media - clock->begin;

    if (passed >= NGX_MULTISOURCE_CLOCK_UNSETTLE
        || (passed >= NGX_MULTISOURCE_CLOCK_SETTLE
            && left <= NGX_MULTISOURCE_CLOCK_RIGHT
            && left >= -NGX_MULTISOURCE_CLOCK_RIGHT))
    {
        clock->settled = 1;
        clock->begin = clock->media;
    }
}


int64_t
ngx_multisource_clock_residual(ngx_multisource_clock_t *clock)
{
    return clock->begun ? clock->wanted - clock->offset : 0;
}


static void
ngx_multisource_clock_want(ngx_multisource_clock_t *clock)
{
    int64_t  offset;

    if (clock->sharing && clock->sending) {
        clock->wanted = clock->sender + clock->shared;
        clock->known = 1;
        return;
    }

    if (ngx_multisource_clock_arrived(clock, &offset) == NGX_OK) {
        clock->wanted = offset + ngx_multisource_clock_base(clock);
        clock->known = 1;
    }
}


/* of the buckets */

static int64_t
ngx_multisource_clock_base(ngx_multisource_clock_t *clock)
{
    return clock->sending ? clock->sender : 0;
}


/* by the frame that was delayed the least */

static ngx_int_t
ngx_multisource_clock_arrived(ngx_multisource_clock_t *clock, int64_t *offset)
{
    int64_t     age, least;
    ngx_uint_t  i;

    if (!clock->arrived) {
        return NGX_DECLINED;
    }

    i = (uint64_t) clock->now % NGX_MULTISOURCE_CLOCK_BUCKETS;
    least = clock->bucket[i];

    for (i = 0; i < NGX_MULTISOURCE_CLOCK_BUCKETS; i++) {

        /* below 0 after a frame that was told again */

        age = clock->now - clock->second[i];

        if (age < NGX_MULTISOURCE_CLOCK_BUCKETS) {
            least = ngx_min(least, clock->bucket[i]);
        }
    }

    *offset = least;

    return NGX_OK;
}


static int64_t
ngx_multisource_clock_clamp(int64_t us)
{
    us = ngx_min(us, NGX_MULTISOURCE_CLOCK_EVER);

    return ngx_max(us, -NGX_MULTISOURCE_CLOCK_EVER);
}
