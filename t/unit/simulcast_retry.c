
/*
 * Copyright (C) the ngx_live contributors
 *
 * Waits between attempts, over every jitter, against a clock that the test
 * turns.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_retry.c */


#include "tap.h"
#include "ngx_simulcast_retry.h"


#define WINDOW  60000


/* the last ones just before the clock wraps */

static const ngx_msec_t  starts[] = {
    0, 1, 123456789, (ngx_msec_t) -30000, (ngx_msec_t) -1
};

static const uint32_t  randoms[] = {
    0, 1, 7, 599, 600, 601, 4999, 5000, 5001, 0x7fffffff, 0x80000000,
    0xdeadbeef, 0xffffffff
};

#define NRANDOMS  (sizeof(randoms) / sizeof(uint32_t))


/* attempts that fail at once, each after its wait, for an hour */

static void
test_hour(ngx_msec_t start, uint32_t random)
{
    int                    first, shrinks, early, late, jitter;
    ngx_msec_t             now, wait, last;
    ngx_simulcast_retry_t  retry;

    ngx_memzero(&retry, sizeof(retry));

    first = shrinks = early = late = jitter = 1;
    now = start;
    last = 0;

    while (now - start < 3600 * 1000) {

        wait = 0;

        if (ngx_simulcast_retry_failed(&retry, now, WINDOW, 0, 0, random, &wait)
            != NGX_OK)
        {
            first = 0;
            break;
        }

        if (retry.attempts == 1) {
            first &= (wait >= 1000 && wait <= 2000);
        }

        shrinks &= (retry.wait >= last);
        last = retry.wait;

        jitter &= (wait >= retry.wait * 8 / 10 && wait <= retry.wait * 12 / 10);

        if (now - start < WINDOW) {
            early &= (wait <= 15000);

        } else {
            late &= (wait > 5000 && wait <= 60000);
        }

        now += wait;
    }

    tap_ok(first, "the first wait is 1 to 2 s");
    tap_ok(shrinks, "none is shorter than the one before, but for the jitter");
    tap_ok(early, "at most 15 s within the window");
    tap_ok(late, "and at most 60 s behind it");
    tap_ok(jitter, "a jitter of 20 %");
    tap_ok(last * 12 / 10 == 60000, "in the end 60 s at most");
    tap_ok(retry.attempts > 70 && retry.attempts < 120,
           "about 90 attempts in an hour");
}


static void
test_growth(void)
{
    ngx_uint_t             i;
    ngx_msec_t             wait;
    ngx_simulcast_retry_t  retry;

    static const ngx_msec_t  want[] = {
        1500, 2250, 3375, 5062, 7593, 11389, 12500, 12500
    };

    ngx_memzero(&retry, sizeof(retry));

    for (i = 0; i < sizeof(want) / sizeof(ngx_msec_t); i++) {
        (void) ngx_simulcast_retry_failed(&retry, 1000 + i, WINDOW, 0, 0, 0,
                                          &wait);
        tap_is(retry.wait, want[i], "1.5 times the one before, up to the cap");
    }

    (void) ngx_simulcast_retry_failed(&retry, 1000 + WINDOW - 1, WINDOW, 0, 0,
                                      0, &wait);
    tap_is(retry.wait, 12500, "to the end of the window");

    (void) ngx_simulcast_retry_failed(&retry, 1000 + WINDOW, WINDOW, 0, 0, 0,
                                      &wait);
    tap_is(retry.wait, 18750, "and on from there behind it");
}


/* every wait of the range occurs: the jitter has no gap, and no end is cut */

static void
test_spread(void)
{
    u_char                *seen;
    uint32_t               random;
    ngx_uint_t             n;
    ngx_msec_t             wait;
    ngx_simulcast_retry_t  retry;

    seen = calloc(1, 2001);

    if (seen == NULL) {
        exit(2);
    }

    for (n = 0, random = 0; random < 10000; random++) {
        ngx_memzero(&retry, sizeof(retry));
        (void) ngx_simulcast_retry_failed(&retry, 0, WINDOW, 0, 0,
                                          random * 2654435761u, &wait);

        if (wait <= 2000 && !seen[wait]) {
            seen[wait] = 1;
            n++;
        }
    }

    tap_ok(seen[1200] && seen[1800] && !seen[1199] && !seen[1801],
           "from 1.2 to 1.8 s");
    tap_is(n, 601, "and all between");

    free(seen);
}


static void
test_fatal(void)
{
    int                    ok;
    ngx_uint_t             i, n;
    ngx_msec_t             wait;
    ngx_simulcast_retry_t  retry;

    for (ok = 1, i = 0; i < NRANDOMS; i++) {
        ngx_memzero(&retry, sizeof(retry));

        for (n = 0; n < 50; n++) {
            (void) ngx_simulcast_retry_failed(&retry, 0, WINDOW, 1, 0,
                                              randoms[i], &wait);
            ok &= (wait >= 60000 && wait <= 900000);
        }
    }

    tap_ok(ok, "what is fatal waits 60 s to 15 min");

    ngx_memzero(&retry, sizeof(retry));
    (void) ngx_simulcast_retry_failed(&retry, 0, WINDOW, 1, 0, 9, &wait);
    (void) ngx_simulcast_retry_failed(&retry, wait, WINDOW, 0, 0, 9, &wait);

    tap_ok(wait <= 60000, "what fails otherwise afterwards, no more than 60 s");

    ngx_memzero(&retry, sizeof(retry));
    (void) ngx_simulcast_retry_failed(&retry, 0, WINDOW, 0, 0, 9, &wait);
    (void) ngx_simulcast_retry_failed(&retry, wait, WINDOW, 1, 0, 9, &wait);

    tap_ok(wait >= 60000, "and what is fatal later, at least that");
}


static void
test_max(void)
{
    ngx_msec_t             wait;
    ngx_simulcast_retry_t  retry;

    ngx_memzero(&retry, sizeof(retry));
    wait = 4711;

    tap_is(ngx_simulcast_retry_failed(&retry, 0, WINDOW, 0, 3, 1, &wait),
           NGX_OK, "a first attempt of 3");
    tap_is(ngx_simulcast_retry_failed(&retry, 1, WINDOW, 0, 3, 1, &wait),
           NGX_OK, "a second one");
    tap_is(ngx_simulcast_retry_failed(&retry, 2, WINDOW, 1, 3, 1, &wait),
           NGX_OK, "a third one");

    wait = 4711;

    tap_is(ngx_simulcast_retry_failed(&retry, 3, WINDOW, 0, 3, 1, &wait),
           NGX_DECLINED, "one too many");
    tap_is(wait, 4711, "leaves the wait");
    tap_is(ngx_simulcast_retry_failed(&retry, 4, WINDOW, 0, 3, 1, &wait),
           NGX_DECLINED, "and so does the next one");
    tap_is(ngx_simulcast_retry_failed(&retry, 5, WINDOW, 0, 0, 1, &wait),
           NGX_OK, "without a limit it goes on");
}


static void
test_progress(void)
{
    ngx_msec_t             wait;
    ngx_simulcast_retry_t  retry;

    ngx_memzero(&retry, sizeof(retry));

    tap_ok(!ngx_simulcast_retry_expired(&retry, 1234567, WINDOW),
           "no window passes before a failure");
    tap_ok(!ngx_simulcast_retry_expired(&retry, 1234567, 0),
           "not even an empty one");

    (void) ngx_simulcast_retry_failed(&retry, 5000, WINDOW, 0, 0, 1, &wait);
    (void) ngx_simulcast_retry_failed(&retry, 9000, WINDOW, 0, 0, 1, &wait);

    tap_is(retry.lost, 5000, "the window is counted from the first failure");
    tap_ok(!ngx_simulcast_retry_expired(&retry, 5000 + WINDOW - 1, WINDOW),
           "and lasts to its end");
    tap_ok(ngx_simulcast_retry_expired(&retry, 5000 + WINDOW, WINDOW),
           "not longer");

    ngx_simulcast_retry_progress(&retry, NGX_SIMULCAST_RETRY_PROGRESS - 1);
    tap_is(retry.attempts, 2, "a short life does not start over");

    ngx_simulcast_retry_progress(&retry, NGX_SIMULCAST_RETRY_PROGRESS);
    tap_is(retry.attempts, 0, "30 s of progress do");
    tap_ok(!ngx_simulcast_retry_expired(&retry, 5000 + WINDOW, WINDOW),
           "and end the window");

    (void) ngx_simulcast_retry_failed(&retry, 80000, WINDOW, 0, 0, 0, &wait);
    tap_is(wait, 1200, "the next wait is a first one");
    tap_is(retry.lost, 80000, "with a window of its own");
}


int
main(void)
{
    ngx_uint_t  i, n;

    for (i = 0; i < sizeof(starts) / sizeof(ngx_msec_t); i++) {
        for (n = 0; n < NRANDOMS; n += 4) {
            test_hour(starts[i], randoms[n]);
        }
    }

    test_growth();
    test_spread();
    test_fatal();
    test_max();
    test_progress();

    return tap_done();
}
