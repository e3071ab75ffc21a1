
/*
 * Copyright (C) the ngx_live contributors
 *
 * The sliding window of five seconds, against a clock that the test turns.
 */

/* sources: modules/ngx_multisource/ngx_multisource_meter.c */


#include "tap.h"
#include "ngx_multisource_meter.h"

#include <unistd.h>


#define WINDOW  NGX_MULTISOURCE_METER_WINDOW

/* of 8 Mbit/s, in 25 frames a second */

#define FRAME   40000
#define STEP    40


/* each starts at another time, the last but one just before the clock wraps */

static const ngx_msec_t  starts[] = {
    0, 1, 249, 250, 12345678, (ngx_msec_t) -7000, (ngx_msec_t) -1
};


/* frames from "now" on for "ms"; returns the time behind the last one's step */

static ngx_msec_t
feed(ngx_multisource_meter_t *m, ngx_msec_t now, ngx_msec_t ms)
{
    ngx_msec_t  t;

    for (t = 0; t < ms; t += STEP) {
        ngx_multisource_meter_add(m, now + t, FRAME);
    }

    return now + t;
}


static int
within(uint64_t v, uint64_t low, uint64_t high)
{
    if (v < low || v > high) {
        printf("# %llu is not within %llu to %llu\n", (unsigned long long) v,
               (unsigned long long) low, (unsigned long long) high);
        return 0;
    }

    return 1;
}


static void
test_empty(void)
{
    ngx_multisource_meter_t  m;

    ngx_memzero(&m, sizeof(m));

    tap_is(ngx_multisource_meter_sum(&m, 0), 0, "nothing came");
    tap_is(ngx_multisource_meter_sum(&m, 1000000), 0, "nothing came later");
    tap_is(ngx_multisource_meter_rate(&m, 1000000), 0, "at no rate");

    ngx_multisource_meter_add(&m, 2000000, 7);

    tap_is(ngx_multisource_meter_sum(&m, 2000000), 7,
           "the first amount, whatever was asked before");
}


/* a constant bit rate: exact to one frame, at any time of asking */

static void
test_constant(ngx_msec_t start)
{
    int                      ok;
    ngx_msec_t               now, t;
    ngx_multisource_meter_t  m;

    ngx_memzero(&m, sizeof(m));

    now = feed(&m, start, 960);

    tap_is(ngx_multisource_meter_rate(&m, now), 0,
           "no rate in the first second");

    now = feed(&m, now, 40);

    tap_is(ngx_multisource_meter_rate(&m, now), 1000000000,
           "the rate after a second, 1 MB/s");

    for (ok = 1, t = 0; t < 20000; t += STEP) {
        now = feed(&m, now, STEP);

        ok &= within(ngx_multisource_meter_rate(&m, now), 991000000,
                     1009000000);
        ok &= within(ngx_multisource_meter_sum(&m, now), 0, 5 * 1000000);
    }

    tap_ok(ok, "for 20 s the rate is 1 MB/s, the sum never above 5 s of it");
    tap_ok(within(ngx_multisource_meter_sum(&m, now), 4710000, 5000000),
           "the sum is that of 4.75 to 5 s, to one frame");
}


static void
test_burst(ngx_msec_t start)
{
    ngx_msec_t               now;
    ngx_multisource_meter_t  m;

    ngx_memzero(&m, sizeof(m));

    now = feed(&m, start, 10000);

    /* a keyframe of 1 MB counts like any other MB, for as long as one */

    ngx_multisource_meter_add(&m, now, 1000000);

    tap_ok(within(ngx_multisource_meter_sum(&m, now), 5710000, 6000000),
           "a burst of 1 MB adds 1 MB");
    tap_ok(within(ngx_multisource_meter_rate(&m, now), 1190000000,
                  1210000000), "which is a fifth in the rate");

    now = feed(&m, now, 4500);

    tap_ok(within(ngx_multisource_meter_sum(&m, now), 5710000, 6000000),
           "it is in the window for 4.5 s at least");

    now = feed(&m, now, 520);

    tap_ok(within(ngx_multisource_meter_sum(&m, now), 4710000, 5000000),
           "and not for longer than 5 s");
}


static void
test_gap(ngx_msec_t start)
{
    ngx_msec_t               now;
    ngx_multisource_meter_t  m;

    ngx_memzero(&m, sizeof(m));

    now = feed(&m, start, 10000);

    /* half a window without a frame, then frames again */

    now += 2500;

    tap_ok(within(ngx_multisource_meter_sum(&m, now), 2210000, 2500000),
           "a gap of 2.5 s leaves half");

    now = feed(&m, now, 1000);

    tap_ok(within(ngx_multisource_meter_sum(&m, now), 2210000, 2500000),
           "what leaves the window is what came before the gap");

    now = feed(&m, now, 6000);

    tap_ok(within(ngx_multisource_meter_sum(&m, now), 4710000, 5000000),
           "6 s later the gap is forgotten");
}


/* how long ago the last frame was, and what must be left */

static void
test_pause(ngx_msec_t start)
{
    char                     name[64];
    ngx_uint_t               i;
    ngx_msec_t               now;
    ngx_multisource_meter_t  m;

    /* the last one would take ages, were it walked through */

    static const ngx_msec_t  pauses[] = {
        WINDOW, WINDOW + 1, WINDOW + 250, 2 * WINDOW - 1, 2 * WINDOW,
        2 * WINDOW + 1, 86400000, (ngx_msec_t) -1 / 4
    };

    for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {

        ngx_memzero(&m, sizeof(m));

        now = feed(&m, start, 10000) - STEP;
        now += pauses[i];

        snprintf(name, sizeof(name), "nothing is left after %lu ms",
                 (unsigned long) pauses[i]);
        tap_is(ngx_multisource_meter_sum(&m, now), 0, name);

        ngx_multisource_meter_add(&m, now, 5);

        tap_is(ngx_multisource_meter_sum(&m, now), 5, "  but what comes then");

        now = feed(&m, now, 10000);

        tap_ok(within(ngx_multisource_meter_rate(&m, now), 991000000,
                      1009000000), "  and 10 s later the rate is right");
    }
}


/* one amount alone, asked for every millisecond */

static void
test_edge(ngx_msec_t start)
{
    int                      ok;
    ngx_msec_t               t;
    ngx_multisource_meter_t  m;

    ngx_memzero(&m, sizeof(m));
    ngx_multisource_meter_add(&m, start, 9);

    for (ok = 1, t = 0; t < 4750; t++) {
        ok &= (ngx_multisource_meter_sum(&m, start + t) == 9);
    }

    tap_ok(ok, "an amount stays for 4.75 s");

    for (ok = 1, t = WINDOW; t < 4 * WINDOW; t++) {
        ok &= (ngx_multisource_meter_sum(&m, start + t) == 0);
    }

    tap_ok(ok, "and is gone after 5 s");
}


int
main(void)
{
    size_t  i;

    alarm(20);      /* instead of hanging in a loop */

    test_empty();

    for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        test_constant(starts[i]);
        test_burst(starts[i]);
        test_gap(starts[i]);
        test_pause(starts[i]);
        test_edge(starts[i]);
    }

    return tap_done();
}
