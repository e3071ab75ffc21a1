
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_cadence.h"


/*
 * Ticks.  Times that were rounded or truncated to ms lie within one ms about
 * those that were meant; seen from a frame that was rounded itself, within one
 * ms to both sides.
 */

#define NGX_MULTISOURCE_CADENCE_EXACT   95.0
#define NGX_MULTISOURCE_CADENCE_DEAD    99.0

/* likewise of a measured rate, which is a little off */

#define NGX_MULTISOURCE_CADENCE_NEAR    117.0

/* what jitter is between the earliest and the latest frame, and to one side */

#define NGX_MULTISOURCE_CADENCE_SPREAD  900.0
#define NGX_MULTISOURCE_CADENCE_JITTER  630.0

/*
 * By how much a rate may fit worse than the best line through jitter: this
 * spread, or what chance makes of the line, three times its deviation.
 */
#define NGX_MULTISOURCE_CADENCE_WORSE   90.0
#define NGX_MULTISOURCE_CADENCE_CHANCE  9.0

/*
 * Times that are followed take so long to come near, and at least so many
 * frames: no frame is longer than others by more than 0.3 %.
 */
#define NGX_MULTISOURCE_CADENCE_SETTLE  (2 * NGX_MULTISOURCE_HZ)
#define NGX_MULTISOURCE_CADENCE_FRAMES  8

/* a measured rate so close to a known one is that, by another clock */

#define NGX_MULTISOURCE_CADENCE_SAME    0.00025

/* frames that tell a rate: of exact times, of times with jitter, of a hint's */

#define NGX_MULTISOURCE_CADENCE_FEW     5
#define NGX_MULTISOURCE_CADENCE_SOME    8
#define NGX_MULTISOURCE_CADENCE_LEAST   3

/* after so many frame times without a frame it is not counted on */

#define NGX_MULTISOURCE_CADENCE_PAUSE   64.0

/* all that is called a frame rate, and whole ones that are tried */

#define NGX_MULTISOURCE_CADENCE_FASTEST 1000
#define NGX_MULTISOURCE_CADENCE_WHOLE   240

/* ms: 35,000 years, with which one can reckon */

#define NGX_MULTISOURCE_CADENCE_EVER    (1LL << 50)

/* a frame of which nothing is known, ticks */

#define NGX_MULTISOURCE_CADENCE_DEFAULT 3000

#define NGX_MULTISOURCE_CADENCE_LONGEST 0x7fffffff


/* how times lie on a line of frames; ticks, and numbers of frames */

typedef struct {
    double       sxx;           /* of frames, about the mean of their run */
    double       sxy;           /* by what remains of the times */
    double       sse;
    double       range;         /* of what remains, in the worst run */
    ngx_uint_t   breaks;        /* a new run had to begin */
    ngx_uint_t   ones;          /* frames that follow the one before */
} ngx_multisource_cadence_fit_t;


/* frames that lie on one line */

typedef struct {
    int64_t      start;         /* ms */
    double       n;
    double       k;
    double       r;
    double       kk;
    double       kr;
    double       rr;
    double       last;
    double       low;
    double       high;
} ngx_multisource_cadence_run_t;


static double ngx_multisource_cadence_measure(const int64_t *ms, ngx_uint_t n,
    double hint);
static double ngx_multisource_cadence_guess(const int64_t *ms, ngx_uint_t n);
static double ngx_multisource_cadence_known(const int64_t *ms, ngx_uint_t n,
    double frame, ngx_multisource_cadence_fit_t *best, ngx_uint_t exact);
static ngx_uint_t ngx_multisource_cadence_agrees(const int64_t *ms,
    ngx_uint_t n, double frame, ngx_multisource_cadence_fit_t *best,
    ngx_uint_t exact, double *sse);
static void ngx_multisource_cadence_fit(const int64_t *ms, ngx_uint_t n,
    double frame, double spread, ngx_multisource_cadence_fit_t *fit);
static void ngx_multisource_cadence_run(ngx_multisource_cadence_run_t *run,
    int64_t ms);
static void ngx_multisource_cadence_pool(ngx_multisource_cadence_run_t *run,
    ngx_multisource_cadence_fit_t *fit);
static ngx_uint_t ngx_multisource_cadence_fits(
    ngx_multisource_cadence_fit_t *fit, ngx_uint_t n);
static double ngx_multisource_cadence_snap(double frame);
static double ngx_multisource_cadence_frame(ngx_uint_t rate);
static int64_t ngx_multisource_cadence_line(ngx_multisource_cadence_t *c,
    int64_t ticks);
static void ngx_multisource_cadence_again(ngx_multisource_cadence_t *c,
    int64_t ms);
static double ngx_multisource_cadence_spread(double frame);
static int64_t ngx_multisource_cadence_round(double v);
static double ngx_multisource_cadence_abs(double v);
static int64_t ngx_multisource_cadence_clamp(int64_t ms);
static int ngx_libc_cdecl ngx_multisource_cadence_cmp(const void *one,
    const void *two);


/* the time of a frame, in ticks: all of them are exact */

static const double  ngx_multisource_cadence_usual[] = {
    12000, 7200, 6006, 6000, 3753.75, 3750, 3600, 3003, 3000, 1875, 1800,
    1501.5, 1500, 900, 750.75, 750
};

#define NGX_MULTISOURCE_CADENCE_USUAL                                         \
    (sizeof(ngx_multisource_cadence_usual) / sizeof(double))


ngx_int_t
ngx_multisource_cadence_find(ngx_multisource_cadence_t *c, const int64_t *ms,
    ngx_uint_t n, ngx_uint_t hint)
{
    ngx_memzero(c, sizeof(ngx_multisource_cadence_t));

    n = ngx_min(n, NGX_MULTISOURCE_CADENCE_MAX);

    c->frame = ngx_multisource_cadence_measure(ms, n,
                                         ngx_multisource_cadence_frame(hint));

    return (c->frame > 0) ? NGX_OK : NGX_DECLINED;
}


void
ngx_multisource_cadence_set(ngx_multisource_cadence_t *c, ngx_uint_t rate)
{
    ngx_memzero(c, sizeof(ngx_multisource_cadence_t));

    c->frame = ngx_multisource_cadence_frame(rate);
}


ngx_uint_t
ngx_multisource_cadence_rate(ngx_multisource_cadence_t *c)
{
    if (c->frame <= 0) {
        return 0;
    }

    return (ngx_uint_t) (NGX_MULTISOURCE_HZ * 1000.0 / c->frame + 0.5);
}


int64_t
ngx_multisource_cadence_place(ngx_multisource_cadence_t *c, int64_t ms)
{
    int64_t  ticks, out;

    ms = ngx_multisource_cadence_clamp(ms);
    ticks = ms * (NGX_MULTISOURCE_HZ / 1000);

    if (!c->begun) {
        c->begun = 1;
        c->next = ticks + c->frame;
        c->last = ticks;

        ngx_multisource_cadence_again(c, ms);

        return ticks;
    }

    out = (c->frame > 0) ? ngx_multisource_cadence_line(c, ticks) : ticks;

    out = ngx_max(out, c->last + 1);

    c->delta = (uint32_t) ngx_min(out - c->last,
                                  NGX_MULTISOURCE_CADENCE_LONGEST);
    c->last = out;

    ngx_multisource_cadence_again(c, ms);

    return out;
}


uint32_t
ngx_multisource_cadence_duration(ngx_multisource_cadence_t *c)
{
    int64_t  duration;

    if (c->frame <= 0) {
        return c->delta ? c->delta : NGX_MULTISOURCE_CADENCE_DEFAULT;
    }

    duration = c->begun ? ngx_multisource_cadence_round(c->next) - c->last
                        : ngx_multisource_cadence_round(c->frame);

    duration = ngx_min(duration, NGX_MULTISOURCE_CADENCE_LONGEST);

    return (uint32_t) ngx_max(duration, 1);
}


/* where a frame belongs that is said to be at "ticks" */

static int64_t
ngx_multisource_cadence_line(ngx_multisource_cadence_t *c, int64_t ticks)
{
    double  late, missing, most, gain, move;

    late = ticks - c->next;
    missing = (double) ngx_multisource_cadence_round(late / c->frame);
    late -= missing * c->frame;

    most = c->frame * 0.4;
    most = ngx_min(most, NGX_MULTISOURCE_CADENCE_JITTER);

    if (missing < 0 || ngx_multisource_cadence_abs(late) > most) {

        c->strays++;

        /* what comes too soon tells nothing about what follows */

        if (ticks > c->last) {
            c->next = ticks + c->frame;
        }

        return ticks;
    }

    if (late > NGX_MULTISOURCE_CADENCE_DEAD) {
        move = late - NGX_MULTISOURCE_CADENCE_DEAD;

    } else if (late < -NGX_MULTISOURCE_CADENCE_DEAD) {
        move = late + NGX_MULTISOURCE_CADENCE_DEAD;

    } else {
        move = 0;
    }

    if (move != 0) {
        c->followed = 1;

        gain = c->frame / NGX_MULTISOURCE_CADENCE_SETTLE;
        move *= ngx_min(gain, 1.0 / NGX_MULTISOURCE_CADENCE_FRAMES);
    }

    /* by then it is known how long this one takes */

    c->next += missing * c->frame;
    ticks = ngx_multisource_cadence_round(c->next);
    c->next += c->frame + move;

    return ticks;
}


/* keeps what came, and finds the rate in it when it is not what was thought */

static void
ngx_multisource_cadence_again(ngx_multisource_cadence_t *c, int64_t ms)
{
    double  frame;

    c->recent[c->nrecent++] = ms;

    if (c->nrecent < NGX_MULTISOURCE_CADENCE_AGAIN) {
        return;
    }

    if (c->frame <= 0 || c->strays || c->followed) {

        frame = ngx_multisource_cadence_measure(c->recent, c->nrecent,
                                                c->frame);

        if (frame <= 0 && c->strays < NGX_MULTISOURCE_CADENCE_AGAIN / 4) {
            frame = c->frame;
        }

        /* the next one belongs after the last, wherever that was */

        if (frame > 0) {
            c->next = (c->frame > 0) ? c->next - c->frame : (double) c->last;
            c->next += frame;
        }

        c->frame = frame;
    }

    c->nrecent = 0;
    c->strays = 0;
    c->followed = 0;
}


/*
 * The frame time in ticks, 0: there is none.  Rates that fit all times but for
 * rounding are preferred, then those that do but for jitter; of either kind the
 * hint, then the usual ones, then whole ones, then what was measured.
 */

static double
ngx_multisource_cadence_measure(const int64_t *ms, ngx_uint_t n, double hint)
{
    double                         frame, known, spread, sse;
    ngx_uint_t                     i, steady;
    ngx_multisource_cadence_fit_t  best;

    if (n < NGX_MULTISOURCE_CADENCE_LEAST) {
        return 0;
    }

    /* a line through the times */

    ngx_memzero(&best, sizeof(ngx_multisource_cadence_fit_t));

    frame = ngx_multisource_cadence_guess(ms, n);
    steady = 0;

    for (i = 0; i < 4 && frame >= 1; i++) {

        spread = (i < 2) ? frame * 0.8 : ngx_multisource_cadence_spread(frame);

        ngx_multisource_cadence_fit(ms, n, frame, spread, &best);

        if (best.sxx > 0) {
            frame += best.sxy / best.sxx;
        }
    }

    if (frame >= 1) {
        spread = ngx_multisource_cadence_spread(frame);
        ngx_multisource_cadence_fit(ms, n, frame, spread, &best);
        steady = ngx_multisource_cadence_fits(&best, n);
    }

    if (!steady) {
        best.breaks = n / 10;
    }

    /* but for rounding */

    if (hint > 0
        && ngx_multisource_cadence_agrees(ms, n, hint, &best, 1, &sse))
    {
        return hint;
    }

    if (!steady) {
        return 0;
    }

    if (n >= NGX_MULTISOURCE_CADENCE_FEW) {

        known = ngx_multisource_cadence_known(ms, n, frame, &best, 1);

        if (known > 0) {
            return known;
        }

        if (best.range <= NGX_MULTISOURCE_CADENCE_NEAR) {
            return ngx_multisource_cadence_snap(frame);
        }
    }

    /* but for jitter */

    if (hint > 0
        && ngx_multisource_cadence_agrees(ms, n, hint, &best, 0, &sse))
    {
        return hint;
    }

    if (n < NGX_MULTISOURCE_CADENCE_SOME) {
        return 0;
    }

    known = ngx_multisource_cadence_known(ms, n, frame, &best, 0);

    return (known > 0) ? known : ngx_multisource_cadence_snap(frame);
}


/* the mean of what is about the median */

static double
ngx_multisource_cadence_guess(const int64_t *ms, ngx_uint_t n)
{
    double      sum;
    int64_t     median, delta[NGX_MULTISOURCE_CADENCE_MAX];
    ngx_uint_t  i, count;

    for (i = 1; i < n; i++) {
        delta[i - 1] = ngx_multisource_cadence_clamp(ms[i])
                       - ngx_multisource_cadence_clamp(ms[i - 1]);
    }

    qsort(delta, n - 1, sizeof(int64_t), ngx_multisource_cadence_cmp);

    median = delta[(n - 1) / 2];

    if (median <= 0) {
        return 0;
    }

    sum = 0;
    count = 0;

    for (i = 0; i < n - 1; i++) {
        if (delta[i] * 2 > median && delta[i] * 2 < median * 3) {
            sum += delta[i];
            count++;
        }
    }

    return count ? sum / count * (NGX_MULTISOURCE_HZ / 1000) : 0;
}


/* the best of the known rates near a measured one that fit, 0: none does */

static double
ngx_multisource_cadence_known(const int64_t *ms, ngx_uint_t n, double frame,
    ngx_multisource_cadence_fit_t *best, ngx_uint_t exact)
{
    double      try, known, sse, least;
    int64_t     rate;
    ngx_uint_t  i;

    known = 0;
    least = 0;

    rate = ngx_multisource_cadence_round(NGX_MULTISOURCE_HZ / frame) - 1;

    for (i = 0; i < NGX_MULTISOURCE_CADENCE_USUAL + 3; i++) {

        if (i < NGX_MULTISOURCE_CADENCE_USUAL) {
            try = ngx_multisource_cadence_usual[i];

        } else {

            if (i == NGX_MULTISOURCE_CADENCE_USUAL && known > 0) {
                break;
            }

            if (rate < 1 || rate > NGX_MULTISOURCE_CADENCE_WHOLE) {
                rate++;
                continue;
            }

            try = (double) NGX_MULTISOURCE_HZ / rate++;
        }

        if (ngx_multisource_cadence_abs(try - frame) > frame * 0.04) {
            continue;
        }

        if (!ngx_multisource_cadence_agrees(ms, n, try, best, exact, &sse)) {
            continue;
        }

        if (known == 0 || sse <= least) {
            known = try;
            least = sse;
        }
    }

    return known;
}


/* all times but for rounding, or nearly as well as on the best line */

static ngx_uint_t
ngx_multisource_cadence_agrees(const int64_t *ms, ngx_uint_t n, double frame,
    ngx_multisource_cadence_fit_t *best, ngx_uint_t exact, double *sse)
{
    double                         spread, chance;
    ngx_multisource_cadence_fit_t  fit;

    spread = exact ? NGX_MULTISOURCE_CADENCE_EXACT
                   : ngx_multisource_cadence_spread(frame);

    ngx_multisource_cadence_fit(ms, n, frame, spread, &fit);

    *sse = fit.sse;

    if (!ngx_multisource_cadence_fits(&fit, n) || fit.breaks > best->breaks) {
        return 0;
    }

    if (exact || fit.range <= best->range + NGX_MULTISOURCE_CADENCE_WORSE) {
        return 1;
    }

    /* a line has a slope, and where each run begins */

    chance = (n > best->breaks + 3) ? n - best->breaks - 2 : 1;
    chance = best->sse / chance * NGX_MULTISOURCE_CADENCE_CHANCE;

    return fit.sse - best->sse <= chance;
}


/*
 * Frames on a line: each belongs to the nearest number of frame times after the
 * first one.  One that would make what remains spread too far begins a new run.
 */

static void
ngx_multisource_cadence_fit(const int64_t *ms, ngx_uint_t n, double frame,
    double spread, ngx_multisource_cadence_fit_t *fit)
{
    double                         d, k, r, low, high;
    int64_t                        t;
    ngx_uint_t                     i;
    ngx_multisource_cadence_run_t  run;

    ngx_memzero(fit, sizeof(ngx_multisource_cadence_fit_t));

    ngx_multisource_cadence_run(&run, ngx_multisource_cadence_clamp(ms[0]));

    for (i = 1; i < n; i++) {

        t = ngx_multisource_cadence_clamp(ms[i]);

        d = (double) (t - run.start) * (NGX_MULTISOURCE_HZ / 1000);
        k = (d - (run.low + run.high) / 2) / frame;

        if (k - run.last < 0.5
            || k - run.last > NGX_MULTISOURCE_CADENCE_PAUSE)
        {
            goto stray;
        }

        k = (double) ngx_multisource_cadence_round(k);
        r = d - k * frame;

        low = ngx_min(run.low, r);
        high = ngx_max(run.high, r);

        if (k <= run.last || high - low > spread) {
            goto stray;
        }

        if (k == run.last + 1) {
            fit->ones++;
        }

        run.n++;
        run.k += k;
        run.r += r;
        run.kk += k * k;
        run.kr += k * r;
        run.rr += r * r;
        run.last = k;
        run.low = low;
        run.high = high;

        continue;

    stray:

        ngx_multisource_cadence_pool(&run, fit);
        ngx_multisource_cadence_run(&run, t);

        fit->breaks++;
    }

    ngx_multisource_cadence_pool(&run, fit);
}


static void
ngx_multisource_cadence_run(ngx_multisource_cadence_run_t *run, int64_t ms)
{
    ngx_memzero(run, sizeof(ngx_multisource_cadence_run_t));

    run->start = ms;
    run->n = 1;
}


static void
ngx_multisource_cadence_pool(ngx_multisource_cadence_run_t *run,
    ngx_multisource_cadence_fit_t *fit)
{
    double  range;

    range = run->high - run->low;

    fit->sxx += run->kk - run->k * run->k / run->n;
    fit->sxy += run->kr - run->k * run->r / run->n;
    fit->sse += run->rr - run->r * run->r / run->n;
    fit->range = ngx_max(fit->range, range);
}


/* most of the frames are on the line, and not just on every second place */

static ngx_uint_t
ngx_multisource_cadence_fits(ngx_multisource_cadence_fit_t *fit, ngx_uint_t n)
{
    return fit->breaks * 10 <= n && fit->ones * 4 >= n - 1;
}


/* the known rate that a measured one is, but for the clock that it is by */

static double
ngx_multisource_cadence_snap(double frame)
{
    double      known;
    int64_t     rate;
    ngx_uint_t  i;

    for (i = 0; i < NGX_MULTISOURCE_CADENCE_USUAL; i++) {
        known = ngx_multisource_cadence_usual[i];

        if (ngx_multisource_cadence_abs(known - frame)
            < frame * NGX_MULTISOURCE_CADENCE_SAME)
        {
            return known;
        }
    }

    rate = ngx_multisource_cadence_round(NGX_MULTISOURCE_HZ / frame);

    if (rate >= 1 && rate <= NGX_MULTISOURCE_CADENCE_WHOLE) {
        known = (double) NGX_MULTISOURCE_HZ / rate;

        if (ngx_multisource_cadence_abs(known - frame)
            < frame * NGX_MULTISOURCE_CADENCE_SAME)
        {
            return known;
        }
    }

    return frame;
}


/* of frames per 1000 s, which for 30000/1001 may be 29970 */

static double
ngx_multisource_cadence_frame(ngx_uint_t rate)
{
    double      usual;
    ngx_uint_t  i;

    if (rate == 0 || rate > NGX_MULTISOURCE_CADENCE_FASTEST * 1000) {
        return 0;
    }

    for (i = 0; i < NGX_MULTISOURCE_CADENCE_USUAL; i++) {
        usual = NGX_MULTISOURCE_HZ * 1000.0 / ngx_multisource_cadence_usual[i];

        /* "23.98" is said as well */

        if (ngx_multisource_cadence_abs(usual - rate) < 5) {
            return ngx_multisource_cadence_usual[i];
        }
    }

    return NGX_MULTISOURCE_HZ * 1000.0 / rate;
}


/* how far times may lie apart of frames that are so close to each other */

static double
ngx_multisource_cadence_spread(double frame)
{
    frame *= 0.45;

    return ngx_min(frame, NGX_MULTISOURCE_CADENCE_SPREAD);
}


static int64_t
ngx_multisource_cadence_round(double v)
{
    return (int64_t) (v < 0 ? v - 0.5 : v + 0.5);
}


static double
ngx_multisource_cadence_abs(double v)
{
    return (v < 0) ? -v : v;
}


static int64_t
ngx_multisource_cadence_clamp(int64_t ms)
{
    ms = ngx_min(ms, NGX_MULTISOURCE_CADENCE_EVER);

    return ngx_max(ms, -NGX_MULTISOURCE_CADENCE_EVER);
}


static int ngx_libc_cdecl
ngx_multisource_cadence_cmp(const void *one, const void *two)
{
    int64_t  a, b;

    a = *(const int64_t *) one;
    b = *(const int64_t *) two;

    return (a > b) - (a < b);
}
