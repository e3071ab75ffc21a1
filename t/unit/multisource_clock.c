
/*
 * Copyright (C) the ngx_live contributors
 *
 * Simulated senders and networks: what the mapping says of a moment against
 * when it was. All random numbers come from a generator with a fixed seed.
 */

/* sources: modules/ngx_multisource/ngx_multisource_clock.c */


#include "tap.h"
#include "ngx_multisource_clock.h"

#include <unistd.h>


#define MS     1000LL
#define SEC    1000000LL
#define HOUR   (3600 * SEC)

#define EPOCH  (1700000000 * SEC)       /* the wall clock at capture time 0 */


/* of one source; times in us */

typedef struct {
    int64_t      frame;         /* between two frames */
    int64_t      delay;         /* from capture to arrival, at least */
    int64_t      jitter;        /* of that */
    int64_t      media;         /* media time at capture time 0 */
    int64_t      ppm;           /* of the media clock */
    int64_t      report;        /* between two of the sender, 0: none */
    int64_t      sender;        /* the sender's clock at capture time 0 */
    int64_t      rounded;       /* to so much: media time in reports */

    /* state */

    int64_t      time;          /* capture time of the next frame */
    int64_t      next_report;
    int64_t      wall;          /* what it was told of the last frame */
    int64_t      last;          /* the media time of the last frame */
    int64_t      error;         /* of the last one */
    int64_t      worst;         /* absolute, once it is looked at */
    ngx_uint_t   steps;         /* beyond what slewing allows */
    ngx_uint_t   backwards;
    ngx_uint_t   begun;

    ngx_multisource_clock_t  clock;
} sim_t;


static uint64_t  seed = 88172645463325252ULL;
static char      name[160];
static int64_t   step;          /* of the wall clock */
static sim_t     sim, other;


static int64_t
pick(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return n ? (int64_t) ((seed >> 11) % (uint64_t) n) : 0;
}


/* most frames are a little late, some are late */

static int64_t
late(sim_t *s)
{
    return s->delay + (pick(20) ? pick(s->jitter / 4 + 1)
                                : pick(s->jitter + 1));
}


static void
sim_open(sim_t *s)
{
    memset(s, 0, sizeof(sim_t));

    s->frame = 33333;
    s->media = 12345678;

    step = 0;

    ngx_multisource_clock_init(&s->clock);
}


static int64_t
media_at(sim_t *s, int64_t t)
{
    return s->media + t + t / 1000 * s->ppm / 1000;
}


static void
look(sim_t *s, int64_t media, int64_t truth)
{
    int64_t  wall, passed, moved, most;

    most = s->clock.settled ? 2000 : 50;

    wall = ngx_multisource_clock_wall(&s->clock, media);

    if (s->begun) {
        passed = media - s->last;
        moved = llabs(wall - s->wall - passed);

        /* a microsecond for what was too short for one */

        s->steps += (moved > passed / most + 1);
        s->backwards += (wall <= s->wall && passed > 0);
    }

    s->begun = 1;
    s->wall = wall;
    s->last = media;
    s->error = wall - truth;
    s->worst = ngx_max(s->worst, llabs(s->error));
}


/* frames up to a capture time; the truth is the capture and the least delay */

static void
sim_run(sim_t *s, int64_t to)
{
    int64_t  media, m;

    for ( /* void */ ; s->time < to; s->time += s->frame) {

        media = media_at(s, s->time);

        ngx_multisource_clock_arrival(&s->clock, media,
                                      EPOCH + step + s->time + late(s));

        if (s->report && s->time >= s->next_report) {
            m = s->rounded ? media / s->rounded * s->rounded : media;
            ngx_multisource_clock_sender(&s->clock, m, s->sender + s->time);
            s->next_report = s->time + s->report;
        }

        look(s, media, EPOCH + step + s->time + s->delay);
    }
}


static void
sim_ok(sim_t *s, int64_t worst, const char *what)
{
    if (!tap_ok(s->worst <= worst && s->steps == 0 && s->backwards == 0, what))
    {
        printf("# worst %lld us, last %lld, %u steps, %u backwards\n",
               (long long) s->worst, (long long) s->error,
               (unsigned) s->steps, (unsigned) s->backwards);
    }
}


static void
test_jitter(void)
{
    ngx_uint_t  i;

    static const int64_t  jitters[] = { 0, 5, 40, 200, 1000 };

    for (i = 0; i < sizeof(jitters) / sizeof(jitters[0]); i++) {
        sim_open(&sim);
        sim.delay = 50 * MS;
        sim.jitter = jitters[i] * MS;
        sim_run(&sim, 60 * SEC);

        /* from the second in which one frame is on time */

        sim.worst = 0;
        sim_run(&sim, 600 * SEC);

        snprintf(name, sizeof(name), "jitter of %lld ms",
                 (long long) jitters[i]);
        sim_ok(&sim, ngx_max(jitters[i] * 10, 100), name);
        tap_ok(llabs(ngx_multisource_clock_residual(&sim.clock)) <= 10 * MS,
               "  nothing is left to be slewed");
    }
}


/* what an encoder held back until it had a connection comes first */

static void
test_burst(void)
{
    int64_t  held, t;

    for (held = 500 * MS; held <= 2000 * MS; held += 500 * MS) {

        /* the mapping is asked for when the burst is over */

        sim_open(&sim);
        sim.delay = 50 * MS;
        sim.jitter = 10 * MS;

        for (t = 0; t < held; t += sim.frame) {
            ngx_multisource_clock_arrival(&sim.clock, media_at(&sim, t),
                                          EPOCH + held + sim.delay + t / 20);
        }

        sim.time = t;
        sim_run(&sim, 60 * SEC);

        snprintf(name, sizeof(name), "%lld ms late, seen before",
                 (long long) held / MS);
        sim_ok(&sim, held / 10, name);

        /* and told again before it is asked for */

        sim_open(&sim);
        sim.delay = 50 * MS;
        sim.jitter = 10 * MS;

        for (t = 0; t < 10 * SEC; t += sim.frame) {
            ngx_multisource_clock_arrival(&sim.clock, media_at(&sim, t),
                                          EPOCH + sim.delay
                                          + ngx_max(held + t / 2, t));
        }

        for (t = 0; t < 10 * SEC; t += sim.frame) {
            ngx_multisource_clock_arrival(&sim.clock, media_at(&sim, t),
                                          EPOCH + sim.delay
                                          + ngx_max(held + t / 2, t));
            look(&sim, media_at(&sim, t), EPOCH + t + sim.delay);
        }

        sim.time = t;
        sim_run(&sim, 60 * SEC);
        sim_ok(&sim, 10 * MS, "  told again");

        /* at once */

        sim_open(&sim);
        sim.delay = 50 * MS;
        sim.jitter = 10 * MS;

        for (t = 0; t < held; t += sim.frame) {
            ngx_multisource_clock_arrival(&sim.clock, media_at(&sim, t),
                                          EPOCH + held + sim.delay + t / 20);
            look(&sim, media_at(&sim, t), EPOCH + t + sim.delay);
        }

        sim.time = t;
        sim_run(&sim, 15 * SEC);

        snprintf(name, sizeof(name), "%lld ms late, and asked for at once",
                 (long long) held / MS);
        sim_ok(&sim, held, name);

        sim_run(&sim, 15 * SEC + held * 50);
        sim.worst = 0;
        sim_run(&sim, 600 * SEC);
        sim_ok(&sim, 10 * MS, "  is right after a while");
    }
}


/* the sender's clock is not ours */

static void
test_drift(void)
{
    int64_t  ppm;

    for (ppm = -100; ppm <= 100; ppm += 50) {
        sim_open(&sim);
        sim.delay = 30 * MS;
        sim.jitter = 40 * MS;
        sim.ppm = ppm;
        sim_run(&sim, SEC);
        sim.worst = 0;
        sim_run(&sim, 4 * HOUR);

        snprintf(name, sizeof(name), "4 hours at %lld ppm", (long long) ppm);
        sim_ok(&sim, 20 * MS, name);
        sim_ok(&sim, 5 * MS, "  even within 5 ms");
    }
}


static void
test_delay(void)
{
    sim_open(&sim);
    sim.delay = 30 * MS;
    sim.jitter = 20 * MS;
    sim_run(&sim, 60 * SEC);
    sim.worst = 0;

    /* 200 ms more for a minute: the truth is that of before */

    sim.delay += 200 * MS;
    sim_run(&sim, 120 * SEC);
    sim.delay -= 200 * MS;
    sim.worst = 0;
    sim_run(&sim, 600 * SEC);

    sim_ok(&sim, 25 * MS, "a delay that rises for a minute moves it a little");

    sim.worst = 0;
    sim_run(&sim, 700 * SEC);
    sim_ok(&sim, 2 * MS, "  and not for long");

    /* for good: it is followed in the end */

    sim.delay += 200 * MS;
    sim_run(&sim, 1200 * SEC);
    sim.worst = 0;
    sim_run(&sim, 1300 * SEC);
    sim_ok(&sim, 2 * MS, "a delay that stays is followed");

    sim.delay -= 200 * MS;
    sim_run(&sim, 1800 * SEC);
    sim.worst = 0;
    sim_run(&sim, 1900 * SEC);
    sim_ok(&sim, 2 * MS, "as is a shorter one");

    /* nothing comes for 20 s, and then all of it */

    sim.worst = 0;
    sim.time += 20 * SEC;
    sim_run(&sim, 2000 * SEC);
    sim_ok(&sim, 10 * MS, "a pause");
}


static void
test_step(void)
{
    int64_t  by, was;

    for (by = -2 * SEC; by <= 2 * SEC; by += 4 * SEC) {
        sim_open(&sim);
        sim.delay = 30 * MS;
        sim.jitter = 20 * MS;
        sim_run(&sim, 300 * SEC);

        was = sim.wall - sim.last;

        step = by;
        sim_run(&sim, 301 * SEC);

        tap_ok(llabs(sim.wall - sim.last - was) <= 600,
               by > 0 ? "the wall clock steps by 2 s: slewed"
                      : "the wall clock steps by -2 s: slewed");

        sim_run(&sim, 330 * SEC);

        tap_ok(by > 0 ? ngx_multisource_clock_residual(&sim.clock) > 1900 * MS
               : ngx_multisource_clock_residual(&sim.clock) < -1900 * MS,
               "  the residual tells how much is left");

        sim_run(&sim, 300 * SEC + 4100 * SEC);
        sim.worst = 0;
        sim_run(&sim, 300 * SEC + 4200 * SEC);
        sim_ok(&sim, 2 * MS, "  and it gets there");
    }

    /* by hours, which nobody can slew: it is seen that it was */

    for (by = -3 * HOUR; by <= 3 * HOUR; by += 6 * HOUR) {
        sim_open(&sim);
        sim_run(&sim, 300 * SEC);
        step = by;
        sim_run(&sim, (by > 0) ? 330 * SEC : 300 * SEC + 100 * MS);

        tap_ok(llabs(ngx_multisource_clock_residual(&sim.clock) - by) < SEC
               && sim.steps == 0 && sim.backwards == 0,
               by > 0 ? "by 3 hours" : "by -3 hours");
    }
}


/* media time stood still for 800 ms: a browser's sound, a computer asleep */

static void
test_lost(void)
{
    ngx_uint_t  says;

    for (says = 0; says < 2; says++) {
        sim_open(&sim);
        sim.delay = 30 * MS;
        sim.jitter = 20 * MS;
        sim.report = says ? 2 * SEC : 0;
        sim_run(&sim, 300 * SEC);

        sim.media -= 800 * MS;
        sim.begun = 0;
        sim_run(&sim, says ? 304 * SEC : 320 * SEC);

        tap_ok(llabs(ngx_multisource_clock_residual(&sim.clock) - 800 * MS)
               < 20 * MS, says ? "a sender says how much its media has lost"
                               : "media that lost 800 ms: it is found out");

        sim_run(&sim, 500 * SEC);
        sim.worst = 0;
        sim_run(&sim, 520 * SEC);
        sim_ok(&sim, 6 * MS, "  and made up for in three minutes");
    }
}


/* two sources of one sender, whose encoders take 10 and 80 ms */

static void
test_share(void)
{
    int64_t    t, a, b, offset, apart;
    ngx_int_t  rc;

    sim_open(&sim);
    sim_open(&other);

    tap_is(ngx_multisource_clock_offset(&sim.clock, &offset), NGX_DECLINED,
           "nothing came: there is no offset");

    sim.delay = 10 * MS;
    sim.jitter = 10 * MS;
    sim.report = SEC;
    sim.sender = 4 * HOUR;
    sim.ppm = 60;

    other.delay = 80 * MS;
    other.jitter = 30 * MS;
    other.media = 777777;
    other.report = 1700 * MS;
    other.sender = 4 * HOUR;
    other.rounded = MS;
    other.ppm = -40;

    sim_run(&sim, 20 * MS);
    rc = ngx_multisource_clock_offset(&sim.clock, &offset);
    tap_is(rc, NGX_OK, "a frame and a report: there is one");

    /* each by its own arrivals */

    sim_run(&sim, 30 * SEC);
    sim_run(&other, 30 * SEC);

    t = 30 * SEC;
    a = ngx_multisource_clock_wall(&sim.clock, media_at(&sim, t));
    b = ngx_multisource_clock_wall(&other.clock, media_at(&other, t));

    tap_ok(llabs(b - a - 70 * MS) < 2 * MS, "they are 70 ms apart");

    (void) ngx_multisource_clock_offset(&sim.clock, &offset);
    tap_ok(llabs(offset - (EPOCH - 4 * HOUR + 10 * MS)) < 3 * MS,
           "the offset is right but for the delay");

    /* the second uses what the first one saw */

    apart = 0;

    for (t = 30 * SEC; t < 900 * SEC; t += 100 * MS) {
        sim_run(&sim, t);

        if (ngx_multisource_clock_offset(&sim.clock, &offset) != NGX_OK) {
            break;
        }

        ngx_multisource_clock_share(&other.clock, &offset);
        sim_run(&other, t);

        a = ngx_multisource_clock_wall(&sim.clock, media_at(&sim, t));
        b = ngx_multisource_clock_wall(&other.clock, media_at(&other, t));

        if (t > 300 * SEC) {
            apart = ngx_max(apart, llabs(b - a));
        }
    }

    if (!tap_ok(t >= 900 * SEC && apart <= MS, "they agree within 1 ms")) {
        printf("# %lld us apart\n", (long long) apart);
    }

    tap_is(sim.steps + other.steps + sim.backwards + other.backwards, 0,
           "without a step");

    /* from the beginning */

    sim_open(&other);
    other.delay = 80 * MS;
    other.jitter = 30 * MS;
    other.media = 777777;
    other.report = 1700 * MS;
    other.sender = 4 * HOUR;
    other.time = 900 * SEC;
    other.next_report = 0;

    ngx_multisource_clock_share(&other.clock, &offset);

    /* its first report comes with its first frame */

    apart = 0;

    for (t = 900 * SEC + 100 * MS; t < 960 * SEC; t += 100 * MS) {
        sim_run(&sim, t);
        (void) ngx_multisource_clock_offset(&sim.clock, &offset);
        ngx_multisource_clock_share(&other.clock, &offset);
        sim_run(&other, t);

        a = ngx_multisource_clock_wall(&sim.clock, media_at(&sim, t));
        b = ngx_multisource_clock_wall(&other.clock, media_at(&other, t));
        apart = ngx_max(apart, llabs(b - a));
    }

    if (!tap_ok(apart <= MS, "one that comes later agrees at once")) {
        printf("# %lld us apart\n", (long long) apart);
    }

    /* the sender's clock is set by 3 s, and both say so */

    sim.sender += 3 * SEC;
    other.sender += 3 * SEC;
    apart = 0;

    for ( /* void */ ; t < 1300 * SEC; t += 100 * MS) {
        sim_run(&sim, t);
        (void) ngx_multisource_clock_offset(&sim.clock, &offset);
        ngx_multisource_clock_share(&other.clock, &offset);
        sim_run(&other, t);

        a = ngx_multisource_clock_wall(&sim.clock, media_at(&sim, t));
        b = ngx_multisource_clock_wall(&other.clock, media_at(&other, t));
        apart = ngx_max(apart, llabs(b - a));
    }

    tap_ok(apart <= 2 * MS, "the sender's clock is set: they still agree");
    tap_is(sim.steps + other.steps + sim.backwards + other.backwards, 0,
           "without a step");

    /* on its own again */

    ngx_multisource_clock_share(&other.clock, NULL);
    sim_run(&other, 1600 * SEC);
    other.worst = 0;
    sim_run(&other, 1700 * SEC);
    sim_ok(&other, 2 * MS, "by its own arrivals again");

    /* shared, but it says nothing itself */

    sim_open(&other);
    other.delay = 80 * MS;
    ngx_multisource_clock_share(&other.clock, &offset);
    sim_run(&other, 10 * SEC);
    sim_ok(&other, 0, "an offset is of no use without the sender's clock");
    tap_is(ngx_multisource_clock_offset(&other.clock, &offset), NGX_DECLINED,
           "nor has it one");
}


static void
test_order(void)
{
    int64_t                  a, b;
    ngx_multisource_clock_t  c;

    ngx_multisource_clock_init(&c);

    tap_is(ngx_multisource_clock_wall(&c, 5), 5, "nothing came");
    tap_is(ngx_multisource_clock_residual(&c), 0, "nothing is left");

    ngx_multisource_clock_arrival(&c, 10 * SEC, EPOCH);

    tap_is(ngx_multisource_clock_residual(&c), 0, "it was not asked for yet");
    tap_is(ngx_multisource_clock_wall(&c, 10 * SEC), EPOCH, "the first frame");
    tap_is(ngx_multisource_clock_wall(&c, 9 * SEC), EPOCH - SEC,
           "one before it");

    ngx_multisource_clock_arrival(&c, 11 * SEC, EPOCH + SEC - 100 * MS);

    tap_is(ngx_multisource_clock_residual(&c), -100 * MS, "it was late");
    tap_is(ngx_multisource_clock_wall(&c, 11 * SEC), EPOCH + SEC - 20 * MS,
           "which is slewed");
    tap_is(ngx_multisource_clock_wall(&c, 11 * SEC), EPOCH + SEC - 20 * MS,
           "but not by asking again");
    tap_is(ngx_multisource_clock_residual(&c), -80 * MS, "so much is left");

    a = ngx_multisource_clock_wall(&c, 10 * SEC + 500 * MS);
    tap_is(a, EPOCH + 480 * MS, "the mapping of the latest is that of others");

    /* what is older than the window is forgotten, even when little comes */

    ngx_multisource_clock_init(&c);
    ngx_multisource_clock_arrival(&c, 0, EPOCH);
    (void) ngx_multisource_clock_wall(&c, 0);
    ngx_multisource_clock_arrival(&c, 15 * SEC, EPOCH + 15 * SEC + 100 * MS);
    tap_is(ngx_multisource_clock_residual(&c), 0, "15 s ago: still believed");
    ngx_multisource_clock_arrival(&c, 17 * SEC, EPOCH + 17 * SEC + 100 * MS);
    tap_is(ngx_multisource_clock_residual(&c), 100 * MS, "17 s: forgotten");

    ngx_multisource_clock_init(&c);
    ngx_multisource_clock_arrival(&c, 10 * SEC, EPOCH);
    (void) ngx_multisource_clock_wall(&c, 10 * SEC);
    ngx_multisource_clock_arrival(&c, 11 * SEC, EPOCH + SEC - 100 * MS);
    (void) ngx_multisource_clock_wall(&c, 11 * SEC);

    /* asked for in steps that are too short for the slewing of one */

    b = 0;

    for (a = 0; a < SEC; a += 10) {
        b = ngx_multisource_clock_wall(&c, 11 * SEC + a);
    }

    tap_ok(llabs(b - (EPOCH + 2 * SEC - 40 * MS)) < 50,
           "the smallest steps add up");
}


/* whatever comes in, nothing overflows, and nothing goes back */

static void
test_noise(void)
{
    int                      bad;
    int64_t                  media, wall, last, offset, v;
    ngx_uint_t               i, k;
    ngx_multisource_clock_t  c;

    static const int64_t  far[] = {
        INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX, 1LL << 59, -(1LL << 59),
        1LL << 62
    };

#define FAR  far[pick(sizeof(far) / sizeof(far[0]))]

    bad = 0;

    for (i = 0; i < 2000; i++) {

        ngx_multisource_clock_init(&c);

        media = pick(2) ? 0 : FAR / 4;
        last = INT64_MIN;

        for (k = 0; k < 200; k++) {

            media += pick(50 * MS);

            switch (pick(6)) {

            case 0:
                ngx_multisource_clock_sender(&c, pick(9) ? media : FAR,
                                             pick(3) ? EPOCH + media : FAR);
                break;

            case 1:
                v = pick(2) ? pick(SEC) : FAR;
                ngx_multisource_clock_share(&c, pick(2) ? &v : NULL);
                break;

            case 2:
                (void) ngx_multisource_clock_offset(&c, &offset);
                (void) ngx_multisource_clock_residual(&c);
                break;

            case 3:
                (void) ngx_multisource_clock_wall(&c, media - pick(HOUR));
                break;

            default:
                ngx_multisource_clock_arrival(&c, media, pick(3)
                                              ? EPOCH + media : FAR);

                wall = ngx_multisource_clock_wall(&c, media);

                if (last != INT64_MIN && wall < last) {
                    bad++;
                }

                last = wall;
            }
        }
    }

    tap_is(bad, 0, "noise");
}


int
main(void)
{
    alarm(60);      /* instead of hanging in a loop */

    test_order();
    test_jitter();
    test_burst();
    test_drift();
    test_delay();
    test_step();
    test_lost();
    test_share();
    test_noise();

    return tap_done();
}
