
/*
 * Copyright (C) the ngx_live contributors
 *
 * Samples of audio from timestamps in ms: without gaps where there are none.
 */

/* sources: modules/ngx_multisource/ngx_multisource_pace.c */


#include "tap.h"
#include "ngx_multisource_pace.h"

#include <stdarg.h>


static void
check(int pass, const char *fmt, ...)
{
    char     name[128];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(name, sizeof(name), fmt, args);
    va_end(args);

    tap_ok(pass, name);
}


/* frames of `samples` whose times are rounded or cut to ms, and put off by up to
   `jitter`; returns how many were not exactly one frame behind the one before */

static ngx_uint_t
run(ngx_uint_t rate, ngx_uint_t samples, ngx_uint_t n, ngx_uint_t round,
    int jitter)
{
    int64_t                 ms, time, before;
    ngx_uint_t              i, odd;
    ngx_multisource_pace_t  pace;

    ngx_multisource_pace_init(&pace, rate, samples, 120);

    odd = 0;
    before = 0;

    for (i = 0; i < n; i++) {
        ms = (int64_t) (i * samples * 1000 + (round ? rate / 2 : 0)) / rate;

        if (jitter) {
            ms += random() % jitter;
        }

        time = ngx_multisource_pace_place(&pace, ms);

        if (i && time - before != (int64_t) samples) {
            odd++;
        }

        before = time;
    }

    return odd;
}


/* RFC 6716, 3.1 and 3.2.5 */

static void
test_opus(void)
{
    ngx_uint_t  i;

    static const struct {
        u_char    bytes[2];
        size_t    len;
        uint32_t  samples;
    } packets[] = {
        { { 0 << 3 }, 1, 480 },             /* SILK, 10 ms */
        { { 1 << 3 }, 1, 960 },
        { { 6 << 3 }, 1, 1920 },
        { { 11 << 3 }, 1, 2880 },           /* 60 ms */
        { { 12 << 3 }, 1, 480 },            /* hybrid */
        { { 15 << 3 | 4 }, 1, 960 },        /* stereo */
        { { 16 << 3 }, 1, 120 },            /* CELT, 2.5 ms */
        { { 29 << 3 }, 1, 240 },
        { { 31 << 3 | 4 }, 1, 960 },
        { { 31 << 3 | 1 }, 1, 1920 },       /* two frames */
        { { 11 << 3 | 2 }, 1, 5760 },
        { { 31 << 3 | 3, 3 }, 2, 2880 },    /* as many as are said */
        { { 31 << 3 | 3, 0xc6 }, 2, 5760 },
        { { 31 << 3 | 3, 7 }, 2, 0 },       /* more than 120 ms */
        { { 31 << 3 | 3, 0 }, 2, 0 },
        { { 31 << 3 | 3 }, 1, 0 },
        { { 0 }, 0, 0 },
    };

    for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        check(ngx_multisource_pace_opus(packets[i].bytes, packets[i].len)
              == packets[i].samples, "Opus, %02x %02x: %u samples",
              packets[i].bytes[0], packets[i].bytes[1], packets[i].samples);
    }
}


int
main(void)
{
    int64_t                 time, before, ms;
    ngx_uint_t              i, grows;
    ngx_multisource_pace_t  pace;

    static const ngx_uint_t  rates[] = { 8000, 22050, 44100, 48000, 96000 };

    for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        check(run(rates[i], 1024, 100000, 1, 0) == 0,
           "%lu Hz, rounded: frames follow each other", rates[i]);
        check(run(rates[i], 1024, 100000, 0, 0) == 0,
           "%lu Hz, cut: frames follow each other", rates[i]);
    }

    check(run(48000, 960, 100000, 1, 15) == 0, "jitter of 15 ms does not show");

    /* frames of twice the samples, as of HE-AAC, are noticed */

    ngx_multisource_pace_init(&pace, 48000, 1024, 1024);
    before = 0;

    for (i = 0; i < 200; i++) {
        before = ngx_multisource_pace_place(&pace, i * 2048 * 1000 / 48000);
    }

    check(pace.frame == 2048, "frames of 2048 samples are found out");
    check(llabs(before - 199 * 2048) < 48 * 100, "and are where they belong");

    /* a gap */

    ngx_multisource_pace_init(&pace, 48000, 960, 120);
    (void) ngx_multisource_pace_place(&pace, 0);
    (void) ngx_multisource_pace_place(&pace, 20);
    time = ngx_multisource_pace_place(&pace, 1020);
    check(time == 1020 * 48, "a gap of a second is a gap");
    time = ngx_multisource_pace_place(&pace, 1040);
    check(time == 1040 * 48, "after which it goes on");
    (void) ngx_multisource_pace_place(&pace, 1640);
    check(ngx_multisource_pace_place(&pace, 3000) == 3000 * 48,
       "two gaps in a row");

    /* a clock that is 0.1 % fast is followed, without leaps */

    ngx_multisource_pace_init(&pace, 48000, 960, 120);
    before = -1;
    grows = 1;

    for (i = 0; i < 100000; i++) {
        ms = (int64_t) i * 20 + i / 50;
        time = ngx_multisource_pace_place(&pace, ms);

        if (time <= before || time - before > 960 + 100) {
            grows = 0;
        }

        before = time;
    }

    check(grows, "another clock is followed in small steps");
    check(llabs(before / 48 - ms) <= 25, "and closely, %ld ms",
       (long) (before / 48 - ms));

    /* going back */

    ngx_multisource_pace_init(&pace, 44100, 1024, 1024);
    before = -1;
    grows = 1;

    for (i = 0; i < 1000; i++) {
        time = ngx_multisource_pace_place(&pace, random() % 2000);
        grows = grows && time > before;
        before = time;
    }

    check(grows, "whatever comes, time grows");

    test_opus();

    return tap_done();
}
