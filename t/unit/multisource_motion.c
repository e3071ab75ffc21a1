
/*
 * Copyright (C) the ngx_live contributors
 *
 * How much moves in a picture: what is usual, what is more and less, pictures
 * that stand still, clocks that jump.
 */

/* sources: modules/ngx_multisource/ngx_multisource_motion.c */


#include "tap.h"
#include "ngx_multisource_motion.h"


static ngx_multisource_motion_t  motion;
static ngx_msec_t                now;


/* so many seconds of video with so many bytes in a second, at 25 fps */

static void
play(ngx_uint_t seconds, size_t bytes)
{
    ngx_uint_t  i;

    for (i = 0; i < seconds * 25; i++) {
        now += 40;
        ngx_multisource_motion_add(&motion, now, bytes / 25);
    }
}


static void
begin(ngx_msec_t at)
{
    ngx_memzero(&motion, sizeof(motion));
    now = at;
}


static void
within(ngx_uint_t low, ngx_uint_t high, const char *name)
{
    ngx_uint_t  got;

    got = ngx_multisource_motion_percent(&motion, now);

    if (!tap_ok(got >= low && got <= high, name)) {
        printf("#      got: %lu\n", (unsigned long) got);
    }
}


int
main(void)
{
    ngx_uint_t  i, ok;

    begin(5000);

    within(0, 0, "no video, no motion");

    play(1, 50000);
    within(100, 100, "in the first second nothing is known");

    play(9, 50000);
    within(98, 102, "what is always the same is usual");

    play(110, 50000);
    within(98, 102, "after two minutes as well");

    play(1, 100000);
    within(170, 210, "twice as much for a second");

    play(2, 100000);
    within(180, 210, "and for three");

    play(1, 50000);
    play(1, 50000);
    within(90, 102, "then it is over");

    play(2, 10000);
    within(15, 30, "less than usual");

    play(180, 10000);
    within(75, 110, "is usual after three minutes");

    now += 1500;
    within(0, 0, "no frame in a second");

    play(10, 10000);
    now += 70000;
    within(0, 0, "none for more than a minute");

    play(2, 10000);
    within(200, 400, "is forgotten, and one that stands still is usual");

    /* a screen: a cursor blinks, and then a page is turned */

    begin(0);

    play(60, 200);
    within(0, 20, "a picture that stands still");

    play(2, 1500);
    within(0, 80, "a cursor that blinks does not move it");

    play(2, 60000);
    within(1000, NGX_MULTISOURCE_MOTION_MAX, "a page that is turned does");

    /* numbers that make no sense */

    begin((ngx_msec_t) -1000);

    play(10, 50000);
    within(98, 102, "the clock may begin again at 0");

    begin(0);
    ok = 1;

    for (i = 0; i < 100000; i++) {
        ngx_multisource_motion_add(&motion, now, (size_t) -1);

        now += i % 97;
        ok &= ngx_multisource_motion_percent(&motion, now)
              <= NGX_MULTISOURCE_MOTION_MAX;
    }

    tap_ok(ok, "the largest numbers overflow nothing");

    begin(1000);
    play(10, 50000);
    now -= 5000;

    (void) ngx_multisource_motion_percent(&motion, now);
    ngx_multisource_motion_add(&motion, now, 2000);
    play(5, 50000);

    within(0, NGX_MULTISOURCE_MOTION_MAX, "a clock that goes back is survived");

    return tap_done();
}
