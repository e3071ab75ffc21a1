
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_clock.h"


/* us */

#define NGX_WHIP_CLOCK_BUCKET      1000000
#define NGX_WHIP_CLOCK_WINDOW                                                 \
    (NGX_WHIP_CLOCK_BUCKETS * NGX_WHIP_CLOCK_BUCKET)

#define NGX_WHIP_CLOCK_JUMP        10000000     /* no network does that */
#define NGX_WHIP_CLOCK_STEP        500000
#define NGX_WHIP_CLOCK_PAUSE       2000000      /* to tell it from a stall */
#define NGX_WHIP_CLOCK_SETTLE      2000000      /* before a step */

/* tracks that begin as close to each other began at the same time */

#define NGX_WHIP_CLOCK_TOGETHER    250000

/* slewing begins when the first was exceeded for long, and ends at the last */

#define NGX_WHIP_CLOCK_SLACK       8000
#define NGX_WHIP_CLOCK_PATIENCE    1500000      /* more than a bucket */
#define NGX_WHIP_CLOCK_CLOSE       1000

#define NGX_WHIP_CLOCK_SLEW        20           /* one part in */
#define NGX_WHIP_CLOCK_BRAKE       2

/* sender reports: the same run, the same scene, too old */

#define NGX_WHIP_CLOCK_SR_LEAST    2
#define NGX_WHIP_CLOCK_SR_MOST     16
#define NGX_WHIP_CLOCK_SR_AGREE    100000
#define NGX_WHIP_CLOCK_SR_DRIFT    1000         /* one part in */
#define NGX_WHIP_CLOCK_SR_APART    1000000
#define NGX_WHIP_CLOCK_SR_EXPIRE   60000000
#define NGX_WHIP_CLOCK_SR_SMOOTH   4

#define NGX_WHIP_CLOCK_BIAS        256          /* one part in */

#define NGX_WHIP_CLOCK_TELL        2000000      /* from date to date */

/*
 * s.  RFC 3550, 6.4.1: a sender that knows no date may tell how long it has
 * been there, which is within a week of 0, as a rule.
 */
#define NGX_WHIP_CLOCK_ELAPSED     604800

/* s: RFC 5905, 6: from 1900 to 1970, and to 2036, where the era ends */

#define NGX_WHIP_CLOCK_1970        2208988800LL
#define NGX_WHIP_CLOCK_ERA         (1LL << 32)

#define NGX_WHIP_CLOCK_MAX_RATE    10000000     /* Hz */


#define ngx_whip_clock_now(c, now_us)                                         \
    ((int64_t) ((now_us) - (c)->epoch))

/* the newest that is like it */

#define ngx_whip_clock_unwrap(t, timestamp)                                   \
    ((t)->rtp + (int32_t) ((timestamp) - (uint32_t) (t)->rtp))


static int64_t ngx_whip_clock_usec(ngx_whip_clock_track_t *t, int64_t ticks);
static int64_t ngx_whip_clock_line(ngx_whip_clock_track_t *t, int64_t rtp);
static void ngx_whip_clock_place(ngx_whip_clock_t *c,
    ngx_whip_clock_track_t *t, uint32_t timestamp, int64_t now);
static int64_t ngx_whip_clock_transit(ngx_whip_clock_t *c,
    ngx_whip_clock_track_t *t, int64_t now);
static void ngx_whip_clock_observe(ngx_whip_clock_track_t *t, int64_t transit,
    int64_t now);
static void ngx_whip_clock_watch(ngx_whip_clock_t *c,
    ngx_whip_clock_track_t *t, int64_t late, int64_t now);
static void ngx_whip_clock_resume(ngx_whip_clock_t *c,
    ngx_whip_clock_track_t *t, int64_t now);
static void ngx_whip_clock_follow(ngx_whip_clock_t *c, int64_t delta,
    int64_t now);
static int64_t ngx_whip_clock_target(ngx_whip_clock_t *c, int64_t now);
static int64_t ngx_whip_clock_captured(ngx_whip_clock_t *c);
static int64_t ngx_whip_clock_arrived(ngx_whip_clock_t *c);
static ngx_uint_t ngx_whip_clock_believed(ngx_whip_clock_t *c,
    ngx_uint_t track, int64_t now);
static void ngx_whip_clock_slew(ngx_whip_clock_t *c, int64_t delta);
static void ngx_whip_clock_forget(ngx_whip_clock_track_t *t);
static ngx_uint_t ngx_whip_clock_agree(ngx_whip_clock_track_t *t,
    ngx_whip_clock_sr_t *sr, ngx_whip_clock_sr_t *next);
static int64_t ngx_whip_clock_ntp(uint64_t later, uint64_t earlier);
static int64_t ngx_whip_clock_unix(uint64_t ntp);
static int64_t ngx_whip_clock_abs(int64_t v);


void
ngx_whip_clock_init(ngx_whip_clock_t *c)
{
    ngx_memzero(c, sizeof(ngx_whip_clock_t));
}


void
ngx_whip_clock_track(ngx_whip_clock_t *c, ngx_uint_t track, ngx_uint_t rate)
{
    ngx_whip_clock_track_t  *t;

    t = &c->track[track];

    t->rate = ngx_max(rate, 1);
    t->rate = ngx_min(t->rate, NGX_WHIP_CLOCK_MAX_RATE);

    t->anchored = 0;
    t->paused = 0;
    t->early = 0;

    t->sr_need = NGX_WHIP_CLOCK_SR_LEAST;

    ngx_whip_clock_forget(t);
}


int64_t
ngx_whip_clock_stamp(ngx_whip_clock_t *c, ngx_uint_t track,
    uint32_t timestamp, uint64_t now_us)
{
    int64_t                  now, rtp, delta, transit, late, out;
    ngx_whip_clock_track_t  *t;

    t = &c->track[track];

    if (t->rate == 0) {
        return t->out;
    }

    if (!c->started) {
        c->started = 1;
        c->epoch = now_us;
    }

    now = ngx_whip_clock_now(c, now_us);

    if (!t->anchored) {
        ngx_whip_clock_place(c, t, timestamp, now);
        return t->out;
    }

    rtp = ngx_whip_clock_unwrap(t, timestamp);

    if (rtp == t->rtp) {
        return t->out;
    }

    delta = ngx_whip_clock_usec(t, rtp - t->rtp);

    if (rtp < t->rtp && delta >= -NGX_WHIP_CLOCK_STEP) {
        out = ngx_whip_clock_line(t, rtp) + t->offset;
        out = ngx_min(out, t->out);
        return ngx_max(out, 0);
    }

    transit = now - ngx_whip_clock_line(t, rtp);
    late = transit - t->floor;

    if (rtp < t->rtp
        || late < -NGX_WHIP_CLOCK_STEP || late > NGX_WHIP_CLOCK_JUMP)
    {
        ngx_whip_clock_place(c, t, timestamp, now);
        return t->out;
    }

    late = now - t->arrival - delta;

    t->rtp = rtp;
    t->arrival = now;
    t->transit = transit;

    ngx_whip_clock_watch(c, t, late, now);

    if (track == NGX_WHIP_CLOCK_VIDEO) {
        ngx_whip_clock_follow(c, delta, now);
    }

    out = ngx_whip_clock_line(t, rtp) + t->offset;

    t->out = ngx_max(out, t->out);

    return t->out;
}


static int64_t
ngx_whip_clock_usec(ngx_whip_clock_track_t *t, int64_t ticks)
{
    int64_t  rate;

    rate = t->rate;

    return ticks / rate * 1000000 + ticks % rate * 1000000 / rate;
}


static int64_t
ngx_whip_clock_line(ngx_whip_clock_track_t *t, int64_t rtp)
{
    return t->base + ngx_whip_clock_usec(t, rtp - t->rtp0);
}


/* begins a line that continues with the time of arrival */

static void
ngx_whip_clock_place(ngx_whip_clock_t *c, ngx_whip_clock_track_t *t,
    uint32_t timestamp, int64_t now)
{
    int64_t  out;

    out = now - ngx_whip_clock_transit(c, t, now);
    out = ngx_max(out, 0);

    if (t->known) {
        out = ngx_max(out, t->out + 1);
    }

    t->rtp = timestamp;
    t->rtp0 = timestamp;
    t->base = out - t->offset;

    t->out = out;
    t->arrival = now;
    t->placed = now;
    t->transit = now - t->base;

    ngx_whip_clock_forget(t);
    ngx_whip_clock_observe(t, t->transit, now);

    t->known = 1;
    t->anchored = 1;
    t->paused = 0;

    if (t->early) {
        t->early = 0;
        ngx_whip_clock_report(c, t - c->track, t->early_ntp,
                              t->early_timestamp, t->early_now);
    }
}


/* how much later than its time a frame of the track arrives at least */

static int64_t
ngx_whip_clock_transit(ngx_whip_clock_t *c, ngx_whip_clock_track_t *t,
    int64_t now)
{
    int64_t                  transit;
    ngx_whip_clock_track_t  *o;

    if (t->known) {
        return t->floor - t->offset;
    }

    o = (t == c->track) ? &c->track[1] : &c->track[0];

    if (!o->known) {
        return now;
    }

    /*
     * Tracks that begin together may begin with what was held back until there
     * was a connection: then their first frames belong to each other.
     */

    transit = (now - o->placed < NGX_WHIP_CLOCK_TOGETHER)
              ? o->placed - o->base : o->floor;
    transit -= o->offset;

    return (t == c->track) ? transit - c->bias : transit + c->bias;
}


/* keeps the least transit time within the window */

static void
ngx_whip_clock_observe(ngx_whip_clock_track_t *t, int64_t transit, int64_t now)
{
    int64_t     n, *bucket;
    ngx_uint_t  i;

    n = ngx_max(now, 0) / NGX_WHIP_CLOCK_BUCKET;

    if (!t->known || n - t->current >= NGX_WHIP_CLOCK_BUCKETS) {

        /* what was last known of a track that paused is worth something */

        if (!t->known) {
            t->floor = transit;
        }

        for (i = 0; i < NGX_WHIP_CLOCK_BUCKETS; i++) {
            t->bucket[i] = t->floor;
        }

        t->current = n;
    }

    while (t->current < n) {
        t->current++;
        t->bucket[t->current % NGX_WHIP_CLOCK_BUCKETS] = transit;
    }

    bucket = &t->bucket[t->current % NGX_WHIP_CLOCK_BUCKETS];
    *bucket = ngx_min(*bucket, transit);

    t->floor = *bucket;

    for (i = 0; i < NGX_WHIP_CLOCK_BUCKETS; i++) {
        t->floor = ngx_min(t->floor, t->bucket[i]);
    }
}


/*
 * A frame that is later than the one before by "late": the network stalled, and
 * what comes next will be on time again, or the timestamps stood still while
 * the sender paused, and everything to come is late.
 */

static void
ngx_whip_clock_watch(ngx_whip_clock_t *c, ngx_whip_clock_track_t *t,
    int64_t late, int64_t now)
{
    if (!t->paused) {

        if (late <= NGX_WHIP_CLOCK_STEP
            || t->transit - t->floor <= NGX_WHIP_CLOCK_STEP)
        {
            ngx_whip_clock_observe(t, t->transit, now);
            return;
        }

        t->paused = 1;
        t->pause = now;
        t->pause_floor = t->transit;
        return;
    }

    t->pause_floor = ngx_min(t->pause_floor, t->transit);

    if (t->pause_floor - t->floor <= NGX_WHIP_CLOCK_STEP) {
        t->paused = 0;
        ngx_whip_clock_observe(t, t->pause_floor, now);
        return;
    }

    if (now - t->pause >= NGX_WHIP_CLOCK_PAUSE) {
        ngx_whip_clock_resume(c, t, now);
    }
}


static void
ngx_whip_clock_resume(ngx_whip_clock_t *c, ngx_whip_clock_track_t *t,
    int64_t now)
{
    int64_t                  shift;
    ngx_whip_clock_track_t  *o;

    t->paused = 0;

    o = (t == c->track) ? &c->track[1] : &c->track[0];
    shift = t->pause_floor - t->floor;

    if (o->anchored && now - o->arrival < NGX_WHIP_CLOCK_PAUSE
        && o->transit - o->floor > shift / 2)
    {
        /* the other track is late as well: the network became slower */

        ngx_whip_clock_observe(t, t->pause_floor, now);
        return;
    }

    t->base += shift;
    t->transit -= shift;

    ngx_whip_clock_forget(t);
    ngx_whip_clock_observe(t, t->pause_floor - shift, now);
}


/* moves the video to where the audio is */

static void
ngx_whip_clock_follow(ngx_whip_clock_t *c, int64_t delta, int64_t now)
{
    int64_t                  error;
    ngx_whip_clock_track_t  *a, *v;

    a = &c->track[NGX_WHIP_CLOCK_AUDIO];
    v = &c->track[NGX_WHIP_CLOCK_VIDEO];

    if (!a->anchored || now - a->arrival > NGX_WHIP_CLOCK_WINDOW) {
        c->synced = 0;
        c->skew = 0;
        return;
    }

    if (a->paused || v->paused) {
        return;
    }

    c->skew = ngx_whip_clock_target(c, now) - v->offset;
    error = ngx_whip_clock_abs(c->skew);

    if (error <= NGX_WHIP_CLOCK_SLACK) {
        c->apart = now;
    }

    if (error <= NGX_WHIP_CLOCK_CLOSE) {
        c->slewing = 0;
        c->stepping = 0;
        return;
    }

    if (now - c->apart >= NGX_WHIP_CLOCK_PATIENCE) {
        c->slewing = 1;
    }

    if (c->slewing && error > NGX_WHIP_CLOCK_STEP
        && now - a->placed >= NGX_WHIP_CLOCK_SETTLE
        && now - v->placed >= NGX_WHIP_CLOCK_SETTLE)
    {
        c->stepping = 1;
    }

    if (c->slewing) {
        ngx_whip_clock_slew(c, delta);
    }
}


static int64_t
ngx_whip_clock_target(ngx_whip_clock_t *c, int64_t now)
{
    int64_t  arrival, target;

    c->synced = 0;

    arrival = ngx_whip_clock_arrived(c);

    if (!ngx_whip_clock_believed(c, NGX_WHIP_CLOCK_AUDIO, now)
        || !ngx_whip_clock_believed(c, NGX_WHIP_CLOCK_VIDEO, now))
    {
        return arrival - c->bias;
    }

    target = ngx_whip_clock_captured(c);

    if (ngx_whip_clock_abs(target - arrival) > NGX_WHIP_CLOCK_SR_APART) {
        return arrival - c->bias;
    }

    c->synced = 1;

    /* what remains true if there are no more reports */

    c->bias += (arrival - target - c->bias) / NGX_WHIP_CLOCK_BIAS;

    return target;
}


/* the offset of the video if both were captured at the same time */

static int64_t
ngx_whip_clock_captured(ngx_whip_clock_t *c)
{
    ngx_whip_clock_track_t  *a, *v;

    a = &c->track[NGX_WHIP_CLOCK_AUDIO];
    v = &c->track[NGX_WHIP_CLOCK_VIDEO];

    return ngx_whip_clock_line(a, a->sr.rtp) + a->offset
           + ngx_whip_clock_ntp(v->sr.ntp, a->sr.ntp)
           + v->sr.adjust - a->sr.adjust
           - ngx_whip_clock_line(v, v->sr.rtp);
}


/* the same if both take the same time to arrive */

static int64_t
ngx_whip_clock_arrived(ngx_whip_clock_t *c)
{
    ngx_whip_clock_track_t  *a, *v;

    a = &c->track[NGX_WHIP_CLOCK_AUDIO];
    v = &c->track[NGX_WHIP_CLOCK_VIDEO];

    return v->floor - (a->floor - a->offset);
}


static ngx_uint_t
ngx_whip_clock_believed(ngx_whip_clock_t *c, ngx_uint_t track, int64_t now)
{
    ngx_whip_clock_track_t  *t, *o;

    t = &c->track[track];
    o = &c->track[!track];

    if (t->sr.count < t->sr_need || t->sr.count == 0 || t->other.count
        || now - t->sr.time > NGX_WHIP_CLOCK_SR_EXPIRE)
    {
        return 0;
    }

    /* the sender's clock may have been set in between */

    return t->sr.time >= o->sr_since;
}


static void
ngx_whip_clock_slew(ngx_whip_clock_t *c, int64_t delta)
{
    int64_t                  least, most, step;
    ngx_whip_clock_track_t  *v;

    v = &c->track[NGX_WHIP_CLOCK_VIDEO];

    most = c->stepping ? ngx_max(c->skew, 0) : delta / NGX_WHIP_CLOCK_SLEW;
    least = -delta / (c->stepping ? NGX_WHIP_CLOCK_BRAKE
                                  : NGX_WHIP_CLOCK_SLEW);

    step = ngx_min(c->skew, most);
    step = ngx_max(step, least);

    v->offset += step;
    c->skew -= step;
}


int64_t
ngx_whip_clock_skew(ngx_whip_clock_t *c)
{
    return c->skew;
}


ngx_uint_t
ngx_whip_clock_synced(ngx_whip_clock_t *c)
{
    return c->synced;
}


ngx_int_t
ngx_whip_clock_date(ngx_whip_clock_t *c, int64_t time, int64_t *date)
{
    int64_t                  now, apart;
    ngx_uint_t               audio, video;
    ngx_whip_clock_track_t  *t;

    now = ngx_max(c->track[0].arrival, c->track[1].arrival);

    audio = ngx_whip_clock_believed(c, NGX_WHIP_CLOCK_AUDIO, now);
    video = ngx_whip_clock_believed(c, NGX_WHIP_CLOCK_VIDEO, now);

    if (audio && video) {
        apart = ngx_whip_clock_captured(c) - ngx_whip_clock_arrived(c);

        if (ngx_whip_clock_abs(apart) > NGX_WHIP_CLOCK_SR_APART) {
            return NGX_DECLINED;
        }
    }

    if (video) {
        t = &c->track[NGX_WHIP_CLOCK_VIDEO];

    } else if (audio) {
        t = &c->track[NGX_WHIP_CLOCK_AUDIO];

    } else {
        return NGX_DECLINED;
    }

    if (t->sr.ntp >> 32 < NGX_WHIP_CLOCK_ELAPSED) {
        return NGX_DECLINED;
    }

    *date = ngx_whip_clock_unix(t->sr.ntp) + t->sr.adjust
            + time - (ngx_whip_clock_line(t, t->sr.rtp) + t->offset);

    return *date < 0 ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_whip_clock_tell(ngx_whip_clock_t *c, int64_t time, int64_t *date)
{
    if (c->dated && time - c->told < NGX_WHIP_CLOCK_TELL) {
        return NGX_DECLINED;
    }

    if (ngx_whip_clock_date(c, time, date) != NGX_OK) {
        return NGX_DECLINED;
    }

    c->dated = 1;
    c->told = time;

    return NGX_OK;
}


void
ngx_whip_clock_report(ngx_whip_clock_t *c, ngx_uint_t track, uint64_t ntp,
    uint32_t timestamp, uint64_t now_us)
{
    int64_t                  off;
    ngx_whip_clock_sr_t      sr;
    ngx_whip_clock_track_t  *t;

    t = &c->track[track];

    if (t->rate == 0 || ntp == 0 || timestamp == 0xffffffff) {
        return;
    }

    if (!t->anchored) {
        t->early = 1;
        t->early_ntp = ntp;
        t->early_now = now_us;
        t->early_timestamp = timestamp;
        return;
    }

    sr.ntp = ntp;
    sr.rtp = ngx_whip_clock_unwrap(t, timestamp);
    sr.adjust = 0;
    sr.time = ngx_whip_clock_now(c, now_us);
    sr.count = 1;

    off = ngx_whip_clock_usec(t, sr.rtp - t->rtp) - (sr.time - t->arrival);

    if (ngx_whip_clock_abs(off) > NGX_WHIP_CLOCK_JUMP) {
        return;
    }

    if (t->sr.count && ngx_whip_clock_agree(t, &t->sr, &sr)) {
        t->sr = sr;
        t->other.count = 0;
        return;
    }

    if (t->other.count && ngx_whip_clock_agree(t, &t->other, &sr)) {
        t->sr_since = t->other.time;
        t->sr = sr;
        t->other.count = 0;
        return;
    }

    if (t->sr.count || t->other.count) {
        t->sr_need = ngx_min(t->sr_need * 2, NGX_WHIP_CLOCK_SR_MOST);
    }

    t->other = sr;
}


static void
ngx_whip_clock_forget(ngx_whip_clock_track_t *t)
{
    t->sr.count = 0;
    t->other.count = 0;
    t->sr_since = 0;
}


/*
 * Whether the sender's clock advanced as its timestamps did; if so, "next" is
 * smoothed, because a sender may report the time of sending.
 */

static ngx_uint_t
ngx_whip_clock_agree(ngx_whip_clock_track_t *t, ngx_whip_clock_sr_t *sr,
    ngx_whip_clock_sr_t *next)
{
    int64_t  clock, media, error, part;

    clock = ngx_whip_clock_ntp(next->ntp, sr->ntp);
    media = ngx_whip_clock_usec(t, next->rtp - sr->rtp);
    error = clock - sr->adjust - media;

    if (clock <= 0
        || ngx_whip_clock_abs(error) > NGX_WHIP_CLOCK_SR_AGREE
                                       + clock / NGX_WHIP_CLOCK_SR_DRIFT)
    {
        return 0;
    }

    next->count = ngx_min(sr->count + 1, NGX_WHIP_CLOCK_SR_MOST);
    part = ngx_min(next->count, NGX_WHIP_CLOCK_SR_SMOOTH);

    next->adjust = error / part - error;

    return 1;
}


/* us between two NTP timestamps, which wrap in 2036: RFC 5905 6 */

static int64_t
ngx_whip_clock_ntp(uint64_t later, uint64_t earlier)
{
    int64_t   us;
    uint64_t  diff;

    diff = later - earlier;

    if (diff >> 63) {
        diff = 0 - diff;
        us = (diff >> 32) * 1000000 + ((diff & 0xffffffff) * 1000000 >> 32);
        return -us;
    }

    return (diff >> 32) * 1000000 + ((diff & 0xffffffff) * 1000000 >> 32);
}


/* us since 1970; the first half of an era is that of the next, from 2036 on */

static int64_t
ngx_whip_clock_unix(uint64_t ntp)
{
    int64_t  seconds;

    seconds = ntp >> 32;

    if (seconds < NGX_WHIP_CLOCK_ERA / 2) {
        seconds += NGX_WHIP_CLOCK_ERA;
    }

    return (seconds - NGX_WHIP_CLOCK_1970) * 1000000
           + (int64_t) ((ntp & 0xffffffff) * 1000000 >> 32);
}


static int64_t
ngx_whip_clock_abs(int64_t v)
{
    return v < 0 ? -v : v;
}
