
/*
 * Copyright (C) the ngx_live contributors
 *
 * Simulated encoders: frames at exact times, which are then rounded or
 * truncated to ms, jittered, left out. All random numbers come from a generator
 * with a fixed seed.
 */

/* sources: modules/ngx_multisource/ngx_multisource_cadence.c */


#include "tap.h"
#include "ngx_multisource_cadence.h"

#include <unistd.h>


#define HZ      NGX_MULTISOURCE_HZ
#define MAX     NGX_MULTISOURCE_CADENCE_MAX

/* ticks in a ms */

#define TICKS   (HZ / 1000)


enum { ROUND, TRUNCATE };


typedef struct {
    int64_t      num;           /* of frames per second */
    int64_t      den;
    ngx_uint_t   rate;          /* per 1000 s, as it is said */
} rate_t;


static const rate_t  rates[] = {
    { 24000, 1001, 23976 },
    { 24, 1, 24000 },
    { 25, 1, 25000 },
    { 30000, 1001, 29970 },
    { 30, 1, 30000 },
    { 48, 1, 48000 },
    { 50, 1, 50000 },
    { 60000, 1001, 59940 },
    { 60, 1, 60000 },
    { 100, 1, 100000 },
    { 120000, 1001, 119880 },
    { 120, 1, 120000 },
    { 15, 1, 15000 },
    { 25, 2, 12500 },
    { 12, 1, 12000 },
    { 10, 1, 10000 },
    { 5, 1, 5000 },
    { 2, 1, 2000 },
    { 1, 1, 1000 },
    { 29, 1, 29000 },
    { 23, 1, 23000 },
    { 7, 1, 7000 },
};

#define RATES  (sizeof(rates) / sizeof(rate_t))


static uint64_t  seed = 88172645463325252ULL;
static char      name[160];
static int64_t   ms[MAX + 16];


static int64_t
pick(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return n ? (int64_t) ((seed >> 11) % (uint64_t) n) : 0;
}


/* frame k of a rate, which begins "phase" us after 0, in ms */

static int64_t
stamp(const rate_t *r, int64_t k, int64_t phase, int how)
{
    int64_t  us;

    us = k * r->den * 1000000 / r->num + phase;

    return (how == ROUND) ? (us + 500) / 1000 : us / 1000;
}


/* k frame times in ticks, rounded */

static int64_t
exact(const rate_t *r, int64_t k)
{
    return (2 * k * HZ * r->den + r->num) / (2 * r->num);
}


static int
found(ngx_multisource_cadence_t *c, ngx_uint_t n, ngx_uint_t hint,
    ngx_uint_t want)
{
    ngx_int_t  rc;

    rc = ngx_multisource_cadence_find(c, ms, n, hint);

    if (ngx_multisource_cadence_rate(c) != want
        || rc != (want ? NGX_OK : NGX_DECLINED))
    {
        printf("# %u of %u frames, hint %u: got %u, want %u\n",
               (unsigned) rc, (unsigned) n, (unsigned) hint,
               (unsigned) ngx_multisource_cadence_rate(c), (unsigned) want);
        return 0;
    }

    return 1;
}


/* 4 s of each rate tell it, and 8 frames tell it with a hint */

static void
test_find(void)
{
    int                        ok, few, how;
    int64_t                    phase;
    ngx_uint_t                 i, k, n;
    ngx_multisource_cadence_t  c;

    for (i = 0; i < RATES; i++) {
        ok = few = 1;

        for (how = ROUND; how <= TRUNCATE; how++) {
            for (phase = 0; phase < 5000; phase += 137) {

                n = ngx_max(4 * rates[i].num / rates[i].den, 8);
                n = ngx_min(n, MAX);

                for (k = 0; k < n; k++) {
                    ms[k] = stamp(&rates[i], k, phase, how);
                }

                ok &= found(&c, n, 0, rates[i].rate);
                ok &= found(&c, n, rates[i].rate, rates[i].rate);
                few &= found(&c, 8, rates[i].rate, rates[i].rate);
            }
        }

        snprintf(name, sizeof(name), "4 s tell %u", (unsigned) rates[i].rate);
        tap_ok(ok, name);
        tap_ok(few, "  8 frames do with a hint");
    }
}


/* 8 frames without a hint: the neighbour at worst, which is 0.1 % away */

static void
test_few(void)
{
    int                        ok, how;
    double                     got, want;
    int64_t                    phase;
    ngx_uint_t                 i, k;
    ngx_multisource_cadence_t  c;

    for (i = 0; i < RATES; i++) {
        ok = 1;

        for (how = ROUND; how <= TRUNCATE; how++) {
            for (phase = 0; phase < 5000; phase += 137) {

                for (k = 0; k < 8; k++) {
                    ms[k] = stamp(&rates[i], k, phase, how);
                }

                ngx_multisource_cadence_find(&c, ms, 8, 0);

                got = ngx_multisource_cadence_rate(&c);
                want = rates[i].rate;

                if (got > want * 1.002 || got < want * 0.998) {
                    printf("# got %f, want %f\n", got, want);
                    ok = 0;
                }
            }
        }

        snprintf(name, sizeof(name), "8 frames of %u tell nearly as much",
                 (unsigned) rates[i].rate);
        tap_ok(ok, name);
    }
}


/* what is said but not so */

static void
test_hint(void)
{
    static const rate_t        odd = { 1499, 50, 29980 };
    ngx_uint_t                 k;
    ngx_multisource_cadence_t  c;

    for (k = 0; k < 60; k++) {
        ms[k] = stamp(&rates[2], k, 0, ROUND);
    }

    tap_ok(found(&c, 60, 30000, 25000), "25 that is said to be 30");
    tap_ok(found(&c, 60, 50000, 25000), "or 50, of which every other is there");
    tap_ok(found(&c, 60, 1, 25000), "or next to none");
    tap_ok(found(&c, 60, (ngx_uint_t) -1, 25000), "or an absurd one");
    tap_ok(found(&c, 8, 24000, 25000), "even when there are 8 frames");

    for (k = 0; k < 240; k++) {
        ms[k] = stamp(&rates[3], k, 0, ROUND);
    }

    tap_ok(found(&c, 240, 30000, 29970), "29.97 that is said to be 30");
    tap_ok(found(&c, 12, 30000, 30000), "which nobody can see in 12 frames");
    tap_ok(found(&c, 240, 29970, 29970), "29.97 it is");
    tap_is((int64_t) (c.frame * 1000), 3003000, "and exactly that");

    for (k = 0; k < 240; k++) {
        ms[k] = stamp(&rates[0], k, 0, TRUNCATE);
    }

    tap_ok(found(&c, 240, 23980, 23976), "23.98 is 23.976");
    tap_is((int64_t) (c.frame * 1000), 3753750, "and exactly that");

    for (k = 0; k < 480; k++) {
        ms[k] = stamp(&odd, k, 0, ROUND);
    }

    tap_ok(found(&c, 240, 29980, 29980), "29.98 that is said to be so");
    ngx_multisource_cadence_find(&c, ms, 480, 0);
    tap_ok(c.frame > 3001.9 && c.frame < 3002.1, "29.98 is measured");

    ngx_multisource_cadence_set(&c, 29970);
    tap_is((int64_t) (c.frame * 1000), 3003000, "a known 29970");
    tap_is(ngx_multisource_cadence_rate(&c), 29970, "is still that");
    ngx_multisource_cadence_set(&c, 119880);
    tap_is((int64_t) (c.frame * 1000), 750750, "a known 119880");
    ngx_multisource_cadence_set(&c, 31415);
    tap_is(ngx_multisource_cadence_rate(&c), 31415, "a known 31.415");
    ngx_multisource_cadence_set(&c, 29980);
    tap_is(ngx_multisource_cadence_rate(&c), 29980, "a known 29.98");
    ngx_multisource_cadence_set(&c, 0);
    tap_is(ngx_multisource_cadence_rate(&c), 0, "known not to be constant");
    ngx_multisource_cadence_set(&c, (ngx_uint_t) -1);
    tap_is(ngx_multisource_cadence_rate(&c), 0, "an absurd one");
}


/* frames are missing, one in "every", never the first */

static void
test_missing(void)
{
    int                        ok, placed, how, every;
    int64_t                    k, out, first;
    ngx_uint_t                 i, n;
    ngx_multisource_cadence_t  c;

    for (i = 0; i < RATES; i++) {

        for (every = 3; every <= 20; every += 17) {
            ok = placed = 1;

            for (how = ROUND; how <= TRUNCATE; how++) {

                for (n = 0, k = 0; n < 120; k++) {
                    if (k == 0 || pick(every)) {
                        ms[n++] = stamp(&rates[i], k, 300, how);
                    }
                }

                ok &= found(&c, n, 0, rates[i].rate);
                ok &= found(&c, n, rates[i].rate, rates[i].rate);

                first = 0;

                for (k = 0; k < 20000; k++) {

                    if (k && (pick(every) == 0 || k % 3000 < 50)) {
                        continue;
                    }

                    out = ngx_multisource_cadence_place(&c,
                                           stamp(&rates[i], k, 300, how));

                    first = (k == 0) ? out : first;
                    placed &= (out - first == exact(&rates[i], k));
                }
            }

            snprintf(name, sizeof(name), "%u, one frame in %d is missing",
                     (unsigned) rates[i].rate, every);
            tap_ok(ok, name);
            tap_ok(placed, "  those that came are exact");
        }
    }
}


/* nothing but rounding: exact forever */

static void
test_exact(void)
{
    int                        ok, how;
    int64_t                    k, out, first, last, least, most;
    uint32_t                   duration;
    ngx_uint_t                 i, n;
    ngx_multisource_cadence_t  c;

    for (i = 0; i < RATES; i++) {

        for (how = ROUND; how <= TRUNCATE; how++) {

            n = ngx_max(4 * rates[i].num / rates[i].den, 8);
            n = ngx_min(n, MAX);

            for (k = 0; k < (int64_t) n; k++) {
                ms[k] = stamp(&rates[i], k, 77777, how);
            }

            ngx_multisource_cadence_find(&c, ms, n, 0);

            ok = 1;
            first = last = 0;
            duration = 0;
            least = INT64_MAX;
            most = 0;

            for (k = 0; k < 100000; k++) {
                out = ngx_multisource_cadence_place(&c,
                                         stamp(&rates[i], k, 77777, how));

                if (k == 0) {
                    first = out;

                } else {
                    ok &= (out - first == exact(&rates[i], k));
                    ok &= (out - last == duration);
                    least = ngx_min(least, out - last);
                    most = ngx_max(most, out - last);
                }

                last = out;
                duration = ngx_multisource_cadence_duration(&c);
            }

            snprintf(name, sizeof(name), "100000 frames of %u, %s",
                     (unsigned) rates[i].rate,
                     (how == ROUND) ? "rounded" : "truncated");
            tap_ok(ok, name);

            n = (HZ * rates[i].den) / rates[i].num;
            tap_ok(least == (int64_t) n
                   && most == (int64_t) n + (HZ * rates[i].den
                                             % rates[i].num != 0),
                   "  all of the same duration, but for a tick");
        }
    }
}


/* the clock of a camera: right in the long run, +-3 ms in the short one */

static void
test_jitter(void)
{
    int                        ok, hinted, close, near;
    double                     got, frame;
    int64_t                    k, t, out, last;
    ngx_uint_t                 i, n;
    ngx_multisource_cadence_t  c;

    for (i = 0; i < RATES; i++) {

        /* at 100 that is no jitter any more */

        if (rates[i].rate > 60000) {
            continue;
        }

        ok = hinted = close = near = 1;

        n = ngx_max(4 * rates[i].num / rates[i].den, 16);

        frame = (double) HZ * rates[i].den / rates[i].num;

        for (k = 0; k < (int64_t) n; k++) {
            ms[k] = stamp(&rates[i], k, 10000 + pick(6001) - 3000, ROUND);
        }

        hinted &= found(&c, n, rates[i].rate, rates[i].rate);

        ngx_multisource_cadence_find(&c, ms, n, 0);
        got = ngx_multisource_cadence_rate(&c);

        if (got > rates[i].rate * 1.0016 || got < rates[i].rate * 0.9984) {
            printf("# got %f\n", got);
            ok = 0;
        }

        last = 0;

        for (k = 0; k < 20000; k++) {
            t = stamp(&rates[i], k, 10000 + pick(6001) - 3000, ROUND);
            out = ngx_multisource_cadence_place(&c, t);

            got = ngx_multisource_cadence_duration(&c);
            close &= (got < frame * 1.005 && got > frame * 0.995);

            if (k && (out - last > frame * 1.005 || out - last < frame * .995))
            {
                printf("# frame %lld: %lld after %lld\n", (long long) k,
                       (long long) (out - last), (long long) frame);
                close = 0;
            }

            near &= (out - t * TICKS <= 7 * TICKS
                     && out - t * TICKS >= -7 * TICKS);

            last = out;
        }

        snprintf(name, sizeof(name), "%u with jitter",
                 (unsigned) rates[i].rate);
        tap_ok(ok, name);
        tap_ok(hinted, "  with a hint");
        tap_ok(close, "  has deltas within 0.5 %");
        tap_ok(near, "  within 7 ms of what was said");
        out = last - (exact(&rates[i], k - 1) + 10 * TICKS);
        tap_ok(out < 3 * TICKS && out > -3 * TICKS, "  adds nothing up");
    }
}


/* few frames with jitter are no reason not to believe what is said */

static void
test_believe(void)
{
    int64_t                    k;
    ngx_uint_t                 i, n, believed;
    ngx_multisource_cadence_t  c;

    believed = 0;

    for (i = 0; i < 1000; i++) {
        n = 8 + pick(20);

        for (k = 0; k < (int64_t) n; k++) {
            ms[k] = stamp(&rates[4], k, 10000 + pick(6001) - 3000, ROUND);
        }

        ngx_multisource_cadence_find(&c, ms, n, 30000);
        believed += (ngx_multisource_cadence_rate(&c) == 30000);
    }

    if (!tap_ok(believed >= 980, "what is said is believed")) {
        printf("# in %u of 1000\n", (unsigned) believed);
    }
}


/* a rate that is not what it is said to be is followed */

static void
test_follow(void)
{
    int                        near, close;
    char                       label[64];
    double                     frame;
    int64_t                    k, t, out, last, delta, worst;
    ngx_uint_t                 i;
    ngx_multisource_cadence_t  c;

    static const struct {
        rate_t      real;
        ngx_uint_t  said;
        int         jitter;     /* us */
    } odd[] = {
        { { 1499, 50, 29980 }, 30000, 0 },
        { { 1499, 50, 29980 }, 30000, 3000 },
        { { 30000, 1001, 29970 }, 30000, 0 },
        { { 30, 1, 30000 }, 29970, 0 },
        { { 60000, 1001, 59940 }, 60000, 0 },
        { { 120000, 1001, 119880 }, 120000, 0 },
        { { 24, 1, 24000 }, 23976, 0 },
        { { 24000, 1001, 23976 }, 24000, 3000 },
        { { 300030, 10000, 30003 }, 30000, 0 },
        { { 249, 10, 24900 }, 25000, 0 },
        { { 1001, 1000, 1001 }, 1000, 0 },
        { { 2001, 400, 5003 }, 5000, 0 },
    };

    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {

        ngx_multisource_cadence_set(&c, odd[i].said);

        frame = (double) HZ * odd[i].real.den / odd[i].real.num;
        near = close = 1;
        last = 0;
        worst = 0;

        for (k = 0; k < 200000; k++) {
            t = stamp(&odd[i].real, k,
                      10000 + pick(odd[i].jitter * 2 + 1) - odd[i].jitter,
                      ROUND);
            out = ngx_multisource_cadence_place(&c, t);

            delta = llabs(out - t * TICKS);
            worst = ngx_max(worst, delta);

            near &= (delta < 1.5 * frame && delta <= 7 * TICKS);

            /* once it has been looked at again */

            if (k > 100 && (out - last > frame * 1.005
                            || out - last < frame * 0.995))
            {
                close = 0;
            }

            last = out;
        }

        snprintf(label, sizeof(label), "%u said to be %u",
                 (unsigned) odd[i].real.rate, (unsigned) odd[i].said);

        snprintf(name, sizeof(name), "%s is followed, within %lld us", label,
                 (long long) worst * 100 / 9);
        tap_ok(near, name);
        tap_ok(close, "  with deltas within 0.5 %");
    }
}


/* what was told from few frames is put right, and is exact then */

static void
test_later(void)
{
    int                        ok;
    int64_t                    k, out, last;
    ngx_multisource_cadence_t  c;

    ngx_multisource_cadence_set(&c, 30000);

    ok = 1;
    last = 0;

    for (k = 0; k < 100000; k++) {
        out = ngx_multisource_cadence_place(&c,
                                            stamp(&rates[3], k, 0, ROUND));

        if (k > 10000) {
            ok &= (out - last == 3003);
        }

        last = out;
    }

    tap_ok(ok, "29.97 taken for 30 is 29.97 after a while");
    tap_is(ngx_multisource_cadence_rate(&c), 29970, "and known to be");
}


/* a camera that goes from 30 to 15, 20 and 24 frames with the light */

static void
test_change(void)
{
    int                        near, close;
    double                     frame, bad;
    int64_t                    t, us, out, last;
    ngx_uint_t                 i, k;
    ngx_multisource_cadence_t  c;

    static const ngx_uint_t  light[] = { 30, 15, 20, 24, 25, 30, 7, 30 };

    ngx_multisource_cadence_set(&c, 30000);

    near = close = 1;
    us = 10000;
    last = 0;

    for (i = 0; i < sizeof(light) / sizeof(light[0]); i++) {

        frame = (double) HZ / light[i];
        bad = 0;

        for (k = 0; k < 1000; k++) {
            us += 1000000 / light[i];
            t = (us + pick(4001) - 2000 + 500) / 1000;

            out = ngx_multisource_cadence_place(&c, t);

            near &= (llabs(out - t * TICKS) <= 7 * TICKS);

            if (k > 200
                && (out - last > frame * 1.005 || out - last < frame * 0.995))
            {
                bad++;
            }

            last = out;
        }

        snprintf(name, sizeof(name), "a camera now at %u",
                 (unsigned) light[i]);
        tap_is((long long) bad, 0, name);
    }

    tap_ok(near, "each frame was near to what was said");
}


/* no cadence at all */

static void
test_variable(void)
{
    int                        ok, kept;
    int64_t                    t, out, last;
    ngx_uint_t                 i, k, round, none;
    ngx_multisource_cadence_t  c;

    /* deltas between the two, ms */

    static const int64_t  between[][2] = {
        { 1, 1000 }, { 33, 1000 }, { 10, 60 }, { 5, 50 }, { 900, 1100 },
        { 16, 48 },
    };

    for (i = 0; i < sizeof(between) / sizeof(between[0]); i++) {

        none = 0;

        for (round = 0; round < 20; round++) {

            for (t = 0, k = 0; k < 120; k++) {
                ms[k] = t;
                t += between[i][0] + pick(between[i][1] - between[i][0] + 1);
            }

            none += (ngx_multisource_cadence_find(&c, ms, 120, 30000)
                     == NGX_DECLINED);
            none += (ngx_multisource_cadence_find(&c, ms, 120, 0)
                     == NGX_DECLINED);
        }

        snprintf(name, sizeof(name), "deltas of %lld to %lld ms",
                 (long long) between[i][0], (long long) between[i][1]);
        tap_is(none, 40, name);

        ok = kept = 1;
        last = -1;

        for (t = 0, k = 0; k < 10000; k++) {
            out = ngx_multisource_cadence_place(&c, t);

            kept &= (out == t * TICKS);
            ok &= (out > last);

            if (k) {
                ok &= (ngx_multisource_cadence_duration(&c) == out - last);
            }

            last = out;
            t += between[i][0] + pick(between[i][1] - between[i][0] + 1);
        }

        tap_ok(ok && kept, "  stay where they are");

        /* said to be constant: never far away, and given up */

        ngx_multisource_cadence_set(&c, 30000);

        ok = 1;
        last = -1;

        for (t = 0, k = 0; k < 1000; k++) {
            out = ngx_multisource_cadence_place(&c, t);

            ok &= (out > last && llabs(out - t * TICKS) <= 7 * TICKS);

            last = out;
            t += between[i][0] + pick(between[i][1] - between[i][0] + 1);
        }

        tap_ok(ok && ngx_multisource_cadence_rate(&c) == 0,
               "  even when they are said to be 30");
    }
}


/* a hiccup does not make it another source */

static void
test_hiccup(void)
{
    int64_t                    k, t, out, last, strays;
    ngx_multisource_cadence_t  c;

    for (k = 0; k < 60; k++) {
        ms[k] = stamp(&rates[4], k, (k > 40) ? 17000 : 0, ROUND);
    }

    tap_ok(found(&c, 60, 0, 30000), "30 with a hiccup");
    tap_ok(found(&c, 60, 30000, 30000), "likewise, as said");

    strays = 0;
    last = 0;

    for (k = 0; k < 10000; k++) {
        t = stamp(&rates[4], k, k / 500 * 17000, ROUND);
        out = ngx_multisource_cadence_place(&c, t);
        strays += (k && out - last != 3000);
        last = out;
    }

    tap_is(strays, 19, "each hiccup is one delta that differs");
    tap_is(ngx_multisource_cadence_rate(&c), 30000, "it is still 30");
}


/* what a peer can make of it */

static void
test_bad(void)
{
    int                        ok;
    int64_t                    t, out, last;
    uint32_t                   duration;
    ngx_uint_t                 i, k, n;
    ngx_multisource_cadence_t  c;

    static const int64_t  far[] = {
        INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX, INT64_MAX - 1,
        1LL << 31, 1LL << 32, 1LL << 50, 1LL << 62, -(1LL << 62)
    };

    ngx_memzero(&c, sizeof(c));

    tap_is(ngx_multisource_cadence_rate(&c), 0, "zeroed");
    tap_ok(ngx_multisource_cadence_duration(&c) >= 1, "nothing was placed");
    tap_is(ngx_multisource_cadence_place(&c, 1000), 90000, "the first frame");
    tap_ok(ngx_multisource_cadence_duration(&c) >= 1, "has a duration");
    tap_is(ngx_multisource_cadence_place(&c, 1000), 90001, "the same again");
    tap_is(ngx_multisource_cadence_duration(&c), 1, "takes a tick");
    tap_is(ngx_multisource_cadence_place(&c, 900), 90002, "and one before it");
    tap_is(ngx_multisource_cadence_place(&c, 1100), 99000, "one behind it");

    ngx_multisource_cadence_set(&c, 30000);
    tap_is(ngx_multisource_cadence_duration(&c), 3000, "nothing at 30");
    tap_is(ngx_multisource_cadence_place(&c, 1000), 90000, "first at 30");
    tap_is(ngx_multisource_cadence_duration(&c), 3000, "takes 1/30 s");
    tap_is(ngx_multisource_cadence_place(&c, 1000), 90001, "again at 30");
    tap_is(ngx_multisource_cadence_place(&c, 1033), 93000, "and then the next");
    tap_is(ngx_multisource_cadence_place(&c, 1067), 96000, "and the next");
    tap_is(ngx_multisource_cadence_place(&c, 1040), 96001, "one out of order");
    tap_is(ngx_multisource_cadence_place(&c, 1100), 99000, "and the next");
    tap_is(ngx_multisource_cadence_place(&c, 2100), 189000, "a second later");

    ngx_multisource_cadence_set(&c, 60000);
    tap_is(ngx_multisource_cadence_place(&c, 1000), 90000, "first at 60");
    tap_is(ngx_multisource_cadence_place(&c, 1017), 91500, "the next");
    tap_is(ngx_multisource_cadence_place(&c, 1023), 92070, "one too soon");

    for (k = 0; k < MAX; k++) {
        ms[k] = 12345;
    }

    tap_ok(found(&c, MAX, 30000, 0), "time stands still");
    tap_ok(found(&c, 0, 30000, 0), "no frames");
    tap_ok(found(&c, 1, 30000, 0), "one frame");
    tap_ok(found(&c, 2, 30000, 0), "two frames");

    for (k = 0; k < MAX; k++) {
        ms[k] = -33 * (int64_t) k;
    }

    tap_ok(found(&c, MAX, 30000, 0), "time goes back");

    ok = 1;

#define FARS  ((int64_t) (sizeof(far) / sizeof(far[0])))

    for (i = 0; i < 2000; i++) {

        n = pick(40);

        for (k = 0; k < n; k++) {
            ms[k] = pick(4) ? far[pick(FARS)]
                            : pick(1000);
        }

        (void) ngx_multisource_cadence_find(&c, ms, n, pick(100000));

        if (pick(2)) {
            ngx_multisource_cadence_set(&c, pick(2) ? pick(2000000) : pick(9));
        }

        last = INT64_MIN;

        for (k = 0; k < 300; k++) {
            t = pick(3) ? (int64_t) k * 33 + pick(40)
                        : far[pick(FARS)];

            out = ngx_multisource_cadence_place(&c, t);
            duration = ngx_multisource_cadence_duration(&c);

            ok &= (out > last && duration >= 1 && duration < 1U << 31);

            last = out;
        }
    }

    tap_ok(ok, "noise: time goes on");
}


int
main(void)
{
    alarm(60);      /* instead of hanging in a loop */

    test_find();
    test_few();
    test_hint();
    test_missing();
    test_exact();
    test_jitter();
    test_believe();
    test_follow();
    test_later();
    test_change();
    test_variable();
    test_hiccup();
    test_bad();

    return tap_done();
}
