
/*
 * Copyright (C) the ngx_live contributors
 *
 * The time line of a session, with simulated senders and networks.  All random
 * numbers come from a generator with a fixed seed.
 */

/* sources: modules/ngx_whip/ngx_whip_clock.c */


#include "tap.h"
#include "ngx_whip_clock.h"


#define MS     1000LL
#define SEC    1000000LL
#define HOUR   (3600 * SEC)

#define A      NGX_WHIP_CLOCK_AUDIO
#define V      NGX_WHIP_CLOCK_VIDEO

#define EPOCH  (77 * SEC)       /* now_us at capture time 0 */
#define NEVER  (1LL << 60)


enum { NONE, GOOD, BOGUS };


/* what a sender and the network do to one track, times in us */

typedef struct {
    int64_t            rate;
    int64_t            frame;       /* between two frames, 0: no such track */
    int64_t            start;       /* capture time of the first frame */
    int64_t            latency;     /* from capture to sending */
    int64_t            jitter;      /* of the network, even */
    int64_t            ppm;         /* of the RTP clock */
    int64_t            report;      /* between sender reports */
    int64_t            first;       /* time of the first report */
    int                kind;        /* of reports */
    int64_t            noise;       /* of reports */
    uint32_t           rtp;         /* at capture time 0 */

    /* state */

    int64_t            next;        /* capture time of the next frame */
    int64_t            arrival;     /* of the next frame */
    int64_t            next_report;
    int64_t            lag;         /* the RTP timestamps stood still for */
    int64_t            captured;    /* the last frame, and its time */
    int64_t            out;
    int64_t            least;       /* of out - captured, once it is checked */
    int64_t            most;
    int                frames;
} flow_t;


typedef struct {
    flow_t             flow[2];
    uint64_t           ntp;         /* 32.32, at capture time 0 */
    int64_t            check;       /* from then on the errors count */
    int64_t            time;        /* of the last event, since EPOCH */
    int64_t            worst;       /* error of video against audio */
    int64_t            last;        /* likewise, the last one */
    int64_t            bend;        /* the most that a video frame was moved */
    int64_t            early;       /* the most that a date was wrong by */
    int64_t            late;
    int                dates;
    int                undated;     /* frames without a date */
    int                backwards;
    ngx_whip_clock_t   clock;
} sim_t;


static uint64_t  seed;
static sim_t     sim;


static int64_t
pick(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return n ? (int64_t) ((seed >> 11) % (uint64_t) n) : 0;
}


/* the sender's RTP clock */

static uint32_t
rtp_at(flow_t *f, int64_t t)
{
    int64_t  us;

    us = t - f->lag + t / SEC * f->ppm + t % SEC * f->ppm / SEC;

    return f->rtp + (uint32_t) (us / SEC * f->rate
                                + us % SEC * f->rate / SEC);
}


static uint64_t
ntp_at(int64_t t)
{
    return sim.ntp + ((uint64_t) (t / SEC) << 32)
           + (((uint64_t) (t % SEC) << 32) / SEC);
}


static void
schedule(flow_t *f)
{
    int64_t  arrival;

    arrival = f->next + f->latency + pick(f->jitter);

    f->arrival = ngx_max(arrival, f->arrival + 10);
}


/* a sender as a browser: 20 ms of audio, 30 pictures a second */

static void
sim_open(void)
{
    int  i;

    seed = 88172645463325252ULL;

    memset(&sim, 0, sizeof(sim));

    sim.ntp = 0xe5000000ULL << 32;
    sim.check = 10 * SEC;

    for (i = 0; i < 2; i++) {
        sim.flow[i].rate = (i == A) ? 48000 : 90000;
        sim.flow[i].frame = (i == A) ? 20 * MS : 33333;
        sim.flow[i].report = 5 * SEC;
        sim.flow[i].first = 500 * MS + i * 300 * MS;
        sim.flow[i].rtp = (i == A) ? 0xfffff000 : 0x12345678;
    }

    ngx_whip_clock_init(&sim.clock);
    ngx_whip_clock_track(&sim.clock, A, 48000);
    ngx_whip_clock_track(&sim.clock, V, 90000);
}


static void
sim_begin(void)
{
    int      i;
    flow_t  *f;

    for (i = 0; i < 2; i++) {
        f = &sim.flow[i];

        f->next = f->start;
        f->next_report = f->kind != NONE ? f->first : NEVER;
        f->least = NEVER;
        f->most = -NEVER;

        schedule(f);
    }
}


static void
sim_report(int i)
{
    int64_t    t, rtp;
    flow_t    *f;
    uint64_t   ntp;

    f = &sim.flow[i];

    t = f->next_report - 30 * MS;
    rtp = rtp_at(f, t);
    ntp = ntp_at(t + pick(f->noise));

    if (f->kind == BOGUS) {

        switch (pick(6)) {

        case 0:
            ntp = 0;
            break;

        case 1:
            rtp = 0xffffffff;
            break;

        case 2:
            rtp += 20 * f->rate;
            break;

        case 3:
            ntp -= 10ULL << 32;
            break;

        case 4:
            ntp += (uint64_t) pick(1 << 30) << 32;
            break;

        default:
            ntp += (uint64_t) pick(1000) << 22;
            rtp -= pick(f->rate);
        }
    }

    ngx_whip_clock_report(&sim.clock, i, ntp, (uint32_t) rtp,
                          EPOCH + f->next_report);

    f->next_report += f->report;
}


/* us since 1970 at a capture time; the next era begins in 2036 */

static int64_t
unix_at(int64_t t)
{
    int64_t   seconds;
    uint64_t  ntp;

    ntp = ntp_at(t);
    seconds = (int64_t) (ntp >> 32) - 2208988800LL;

    if (ntp >> 63 == 0) {
        seconds += 4294967296LL;
    }

    return seconds * SEC + (int64_t) ((ntp & 0xffffffff) * 15625 >> 26);
}


/* the date of a frame that was just stamped: of a picture, if there are any */

static void
sim_date(int i, int64_t out)
{
    int64_t  date, error;

    if (i == A && sim.flow[V].frame) {
        return;
    }

    if (ngx_whip_clock_date(&sim.clock, out, &date) != NGX_OK) {
        sim.undated++;
        return;
    }

    error = date - unix_at(sim.flow[i].next);

    sim.dates++;
    sim.early = ngx_max(sim.early, -error);
    sim.late = ngx_max(sim.late, error);
}


static void
sim_frame(int i)
{
    int64_t   out, error;
    flow_t   *f, *o;

    f = &sim.flow[i];
    o = &sim.flow[!i];

    out = ngx_whip_clock_stamp(&sim.clock, i, rtp_at(f, f->next),
                               EPOCH + f->arrival);

    sim_date(i, out);

    if (f->frames && out < f->out) {
        sim.backwards++;
    }

    if (f->frames && i == V && sim.time > sim.check) {
        error = llabs((out - f->out) - (f->next - f->captured));
        sim.bend = ngx_max(sim.bend, error);
    }

    f->frames++;
    f->out = out;
    f->captured = f->next;

    if (sim.time > sim.check) {
        f->least = ngx_min(f->least, out - f->captured);
        f->most = ngx_max(f->most, out - f->captured);

        if (o->frames) {
            sim.last = sim.flow[V].out - sim.flow[V].captured
                       - sim.flow[A].out + sim.flow[A].captured;
            sim.worst = ngx_max(sim.worst, llabs(sim.last));
        }
    }

    f->next += f->frame;
    schedule(f);
}


/* until the time of arrival */

static void
sim_run(int64_t until)
{
    int       i, report;
    int64_t   t;
    flow_t   *f;

    for ( ;; ) {

        t = NEVER;
        report = 0;
        f = NULL;

        for (i = 0; i < 2; i++) {

            if (sim.flow[i].frame && sim.flow[i].arrival < t) {
                t = sim.flow[i].arrival;
                f = &sim.flow[i];
                report = 0;
            }

            if (sim.flow[i].frame && sim.flow[i].next_report < t) {
                t = sim.flow[i].next_report;
                f = &sim.flow[i];
                report = 1;
            }
        }

        if (f == NULL || t > until) {
            sim.time = until;
            return;
        }

        sim.time = t;

        if (report) {
            sim_report(f - sim.flow);

        } else {
            sim_frame(f - sim.flow);
        }
    }
}


/* forgets the errors so far; those from "delay" on count */

static void
sim_check(int64_t delay)
{
    int  i;

    sim.check = sim.time + delay;
    sim.worst = 0;
    sim.bend = 0;
    sim.early = 0;
    sim.late = 0;
    sim.dates = 0;
    sim.undated = 0;

    for (i = 0; i < 2; i++) {
        sim.flow[i].least = NEVER;
        sim.flow[i].most = -NEVER;
    }
}


static void
below(int64_t got, int64_t limit, const char *name)
{
    if (!tap_ok(got <= limit, name)) {
        printf("#      got: %lld us\n#    limit: %lld us\n",
               (long long) got, (long long) limit);
    }
}


static void
sim_expect(const char *name, int64_t worst)
{
    char  text[256];

    snprintf(text, sizeof(text), "%s: audio to video", name);
    below(sim.worst, worst, text);

    snprintf(text, sizeof(text), "%s: never back", name);
    tap_is(sim.backwards, 0, text);
}


/* the dates since sim_check() */

static void
sim_dated(const char *name, int64_t worst)
{
    char  text[256];

    snprintf(text, sizeof(text), "%s: frames with a date", name);
    tap_ok(sim.dates > 0 && sim.undated == 0, text);

    snprintf(text, sizeof(text), "%s: the right one", name);
    below(ngx_max(sim.early, sim.late), worst, text);
}


static void
sim_undated(const char *name)
{
    tap_ok(sim.dates == 0 && sim.undated > 0, name);
}


static void
test_basics(void)
{
    int64_t           a, b;
    ngx_whip_clock_t  c;

    ngx_whip_clock_init(&c);

    tap_is(ngx_whip_clock_stamp(&c, V, 5, 5), 0, "no track, no time");
    ngx_whip_clock_report(&c, V, 1ULL << 32, 5, 5);

    ngx_whip_clock_track(&c, A, 48000);
    ngx_whip_clock_track(&c, V, 90000);

    tap_is(ngx_whip_clock_stamp(&c, V, 0xffffff00, 1000 * SEC), 0,
           "the first frame");
    tap_is(ngx_whip_clock_stamp(&c, V, 0xffffff00, 1001 * SEC), 0,
           "another with the same timestamp");
    tap_is(ngx_whip_clock_stamp(&c, V, 0xffffff00 + 3000, 1000 * SEC), 33333,
           "across the wrap, whenever it arrives");
    tap_is(ngx_whip_clock_stamp(&c, V, 0xffffff00 + 9000, 1000 * SEC), 100000,
           "nothing is lost to rounding");
    tap_is(ngx_whip_clock_stamp(&c, V, 0xffffff00 + 6000, 1000 * SEC), 66666,
           "a picture that is shown before");
    tap_is(ngx_whip_clock_stamp(&c, V, 0xffffff00 - 9000, 1000 * SEC), 0,
           "none is before the first");

    a = ngx_whip_clock_stamp(&c, V, 0xffffff00 + 12000, 1000 * SEC + 133333);
    tap_is(a, 133333, "the line goes on");

    tap_is(ngx_whip_clock_skew(&c), 0, "one track: no skew");
    tap_is(ngx_whip_clock_synced(&c), 0, "no reports");

    /* the video took 0 at best, once it was early by 100 ms */

    b = ngx_whip_clock_stamp(&c, A, 7, 1000 * SEC + 500000);
    tap_is(b, 600000, "a later track is placed by its arrival");
    b = ngx_whip_clock_stamp(&c, A, 967, 1000 * SEC + 500000);
    tap_is(b, 620000, "and goes on by its own clock");
}


static void
test_jumps(void)
{
    int64_t           t, last;
    uint32_t          rtp;
    ngx_whip_clock_t  c;

    ngx_whip_clock_init(&c);
    ngx_whip_clock_track(&c, V, 90000);

    rtp = 1000;

    for (t = 0; t < 10 * SEC; t += 40 * MS) {
        last = ngx_whip_clock_stamp(&c, V, rtp, EPOCH + t);
        rtp += 3600;
    }

    tap_is(last, 10 * SEC - 40 * MS, "ten seconds");

    rtp += 90000 * 1000;
    last = ngx_whip_clock_stamp(&c, V, rtp, EPOCH + t);
    tap_is(last, t, "a jump by 1000 s ahead");

    rtp -= 90000 * 500;
    t += 40 * MS;
    last = ngx_whip_clock_stamp(&c, V, rtp, EPOCH + t);
    tap_is(last, t, "a jump by 500 s back");

    rtp += 0x80000000;
    t += 40 * MS;
    last = ngx_whip_clock_stamp(&c, V, rtp, EPOCH + t);
    tap_is(last, t, "by half the range");

    rtp += 90000 * 3 / 4;
    t += 40 * MS;
    last = ngx_whip_clock_stamp(&c, V, rtp, EPOCH + t);
    tap_is(last, t, "by 750 ms ahead");

    rtp -= 90000 * 3 / 4;
    t += 40 * MS;
    last = ngx_whip_clock_stamp(&c, V, rtp, EPOCH + t);
    tap_is(last, t, "by 750 ms back");

    rtp += 90000 * 60;
    t += 60 * SEC;
    last = ngx_whip_clock_stamp(&c, V, rtp, EPOCH + t);
    tap_is(last, t, "a minute without a frame");

    t += 20 * SEC;
    last = ngx_whip_clock_stamp(&c, V, rtp + 1, EPOCH + t);
    tap_is(last, t, "20 s while the timestamps stood still");

    /* a restart before the last one's time is over */

    ngx_whip_clock_track(&c, V, 48000);
    tap_is(ngx_whip_clock_stamp(&c, V, 77, EPOCH + t - 30 * MS), t + 1,
           "a restart does not go back");

    t += 100 * MS;
    last = ngx_whip_clock_stamp(&c, V, 77 + 4800, EPOCH + t);
    tap_is(last, t + 1, "another rate");
}


/* everything by arrival */

static void
test_arrival(void)
{
    sim_open();
    sim_begin();
    sim_run(60 * SEC);
    sim_expect("a perfect network", 12);
    below(sim.bend, 12, "a perfect network: nothing is moved");

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 80 * MS;
    sim_begin();
    sim_run(600 * SEC);
    sim_expect("80 ms of jitter", 20 * MS);
    below(sim.bend, 2 * MS, "80 ms of jitter: by 2 ms a frame at most");
    below(sim.flow[A].most - sim.flow[A].least, 50,
          "80 ms of jitter: the audio is never moved");
    tap_is(ngx_whip_clock_synced(&sim.clock), 0, "without reports");

    /* the first video packet was the latest of all */

    sim_open();
    sim.flow[A].jitter = 80 * MS;
    sim.flow[V].jitter = 80 * MS;
    sim_begin();
    sim.flow[V].arrival = 300 * MS;
    sim.check = 12 * SEC;
    sim_run(60 * SEC);
    sim_expect("a late first frame", 20 * MS);

    /* the video begins 30 s after the audio, and the other way round */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 40 * MS;
    sim.flow[V].start = 30 * SEC;
    sim.check = 30 * SEC;
    sim_begin();
    sim_run(40 * SEC);
    below(sim.worst, 60 * MS, "late video: at once as good as its jitter");
    sim_check(0);
    sim_run(60 * SEC);
    sim_expect("late video", 20 * MS);

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 40 * MS;
    sim.flow[A].start = 30 * SEC;
    sim.check = 30 * SEC;
    sim_begin();
    sim_run(40 * SEC);
    below(sim.worst, 60 * MS, "late audio: at once as good as its jitter");
    sim_check(0);
    sim_run(60 * SEC);
    sim_expect("late audio", 20 * MS);

    /* the network becomes slower for both */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 40 * MS;
    sim_begin();
    sim_run(30 * SEC);
    sim.flow[A].latency = sim.flow[V].latency = 300 * MS;
    sim_run(60 * SEC);
    sim.flow[A].latency = sim.flow[V].latency = 0;
    sim_run(90 * SEC);
    sim_expect("a slower network", 25 * MS);
}


static void
test_hour(void)
{
    int   kind;
    char  text[128];

    for (kind = 0; kind < 4; kind++) {

        sim_open();

        sim.flow[A].jitter = sim.flow[V].jitter = 80 * MS;
        sim.flow[A].ppm = (kind & 1) ? 100 : 0;
        sim.flow[V].ppm = (kind & 1) ? 0 : 100;

        if (kind & 2) {
            sim.flow[A].kind = sim.flow[V].kind = GOOD;
            sim.flow[V].latency = 150 * MS;
        }

        sim.check = 30 * SEC;
        sim_begin();
        sim_run(HOUR);

        snprintf(text, sizeof(text), "an hour %s, %s 100 ppm fast",
                 (kind & 2) ? "with reports" : "by arrival",
                 (kind & 1) ? "audio" : "video");
        sim_expect(text, 20 * MS);

        strcat(text, ": against the wall clock");
        below(sim.flow[A].most - sim.flow[A].least,
              (kind & 1) ? 365 * MS : 1 * MS, text);

        tap_is(ngx_whip_clock_synced(&sim.clock), (kind & 2) ? 1 : 0,
               "sender reports or not");
    }

    /* no audio */

    sim_open();
    sim.flow[A].frame = 0;
    sim.flow[V].jitter = 80 * MS;
    sim_begin();
    sim_run(HOUR);
    below(sim.flow[V].most - sim.flow[V].least, 50,
          "an hour of video: as the sender's clock");

    /* one picture a second */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 80 * MS;
    sim.flow[V].frame = SEC;
    sim.flow[V].ppm = 100;
    sim.check = 60 * SEC;
    sim_begin();
    sim_run(HOUR);
    sim_expect("an hour of a slow screen", 80 * MS);

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 80 * MS;
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim.flow[V].frame = SEC;
    sim.flow[V].ppm = 100;
    sim.check = 60 * SEC;
    sim_begin();
    sim_run(HOUR);
    sim_expect("an hour of a slow screen with reports", 15 * MS);
}


static void
test_reports(void)
{
    /* the video's pipeline is longer, only reports say that */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 20 * MS;
    sim.flow[V].latency = 200 * MS;
    sim_begin();
    sim_run(60 * SEC);
    below(sim.worst - 200 * MS, 20 * MS, "no report: as it arrives");
    below(200 * MS - sim.last, 20 * MS, "no report: the video is late");

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 20 * MS;
    sim.flow[V].latency = 200 * MS;
    sim.flow[A].kind = GOOD;
    sim_begin();
    sim_run(60 * SEC);
    below(llabs(sim.last - 200 * MS), 20 * MS,
          "reports on the audio alone: as it arrives");
    tap_is(ngx_whip_clock_synced(&sim.clock), 0, "not by reports");

    sim.flow[V].kind = GOOD;
    sim.flow[V].next_report = sim.time;
    sim_run(66 * SEC);
    tap_is(ngx_whip_clock_synced(&sim.clock), 1, "late reports are taken");
    below(sim.bend, 2 * MS, "late reports: by 2 ms a frame at most");
    sim_run(72 * SEC);
    sim_check(0);
    sim_run(90 * SEC);
    sim_expect("late reports", 10 * MS);
    below(llabs(ngx_whip_clock_skew(&sim.clock)), 8 * MS, "little is left");

    /* they stop, and what they said remains */

    sim.flow[A].next_report = sim.flow[V].next_report = NEVER;
    sim_run(200 * SEC);
    tap_is(ngx_whip_clock_synced(&sim.clock), 0, "reports expire");
    sim_run(400 * SEC);
    sim_expect("without reports again", 20 * MS);

    /* another SSRC of the video, such as a simulcast layer */

    ngx_whip_clock_track(&sim.clock, V, 90000);
    sim.flow[V].rtp += 123456789;
    sim_run(460 * SEC);
    sim_expect("another layer", 25 * MS);

    ngx_whip_clock_track(&sim.clock, A, 48000);
    sim.flow[A].rtp += 123456789;
    sim_check(5 * SEC);
    sim_run(500 * SEC);
    sim_expect("another audio", 25 * MS);

    /* a sender that reports the time of sending */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 20 * MS;
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim.flow[V].noise = 40 * MS;
    sim.flow[V].report = SEC;
    sim_begin();
    sim_run(600 * SEC);
    sim_expect("the time of sending", 40 * MS);

    /* NTP's seconds wrap in 2036 */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 20 * MS;
    sim.flow[V].latency = 200 * MS;
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim.ntp = (0xffffffffULL - 20) << 32;
    sim_begin();
    sim_run(14 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_expect("NTP wraps", 10 * MS);
    tap_is(ngx_whip_clock_synced(&sim.clock), 1, "NTP wraps: still believed");

    /* the sender's clock is set */

    sim.ntp -= 700ULL << 22;
    sim_run(120 * SEC);
    sim_expect("the sender's clock is set back", 20 * MS);
    tap_is(ngx_whip_clock_synced(&sim.clock), 1, "believed again");

    sim.ntp += 3600ULL << 32;
    sim_run(180 * SEC);
    sim_expect("the sender's clock is set ahead", 20 * MS);
    tap_is(ngx_whip_clock_synced(&sim.clock), 1, "believed again");

    /* one is wrong */

    ngx_whip_clock_report(&sim.clock, V, ntp_at(sim.time) + (500ULL << 22),
                          rtp_at(&sim.flow[V], sim.time), EPOCH + sim.time);
    sim_run(240 * SEC);
    sim_expect("one wrong report", 20 * MS);

    /* all are wrong */

    sim.flow[V].kind = BOGUS;
    sim.flow[A].kind = BOGUS;
    sim.flow[V].report = sim.flow[A].report = SEC;
    sim_run(600 * SEC);
    sim_expect("the reports become wrong", 20 * MS);

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 20 * MS;
    sim.flow[A].kind = GOOD;
    sim.flow[V].kind = BOGUS;
    sim.flow[V].report = sim.flow[A].report = SEC;
    sim_begin();
    sim_run(600 * SEC);
    sim_expect("wrong from the beginning", 20 * MS);
    tap_is(ngx_whip_clock_synced(&sim.clock), 0, "none are believed");

    /* each track has a clock of its own */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 20 * MS;
    sim.flow[A].kind = GOOD;
    sim_begin();

    while (sim.time < 60 * SEC) {
        sim_run(sim.time + SEC);
        ngx_whip_clock_report(&sim.clock, V, ntp_at(sim.time) - (5ULL << 32),
                              rtp_at(&sim.flow[V], sim.time),
                              EPOCH + sim.time);
    }

    sim_expect("clocks that are 5 s apart", 20 * MS);
    tap_is(ngx_whip_clock_synced(&sim.clock), 0, "are not believed");

    /* before the first frame, and none after the second */

    sim_open();
    sim.flow[V].latency = 200 * MS;
    ngx_whip_clock_report(&sim.clock, V, ntp_at(0), rtp_at(&sim.flow[V], 0),
                          EPOCH);
    ngx_whip_clock_report(&sim.clock, A, ntp_at(0), rtp_at(&sim.flow[A], 0),
                          EPOCH);
    sim_begin();
    sim_run(SEC);
    tap_is(ngx_whip_clock_synced(&sim.clock), 0, "one report is not enough");

    ngx_whip_clock_report(&sim.clock, V, ntp_at(SEC),
                          rtp_at(&sim.flow[V], SEC), EPOCH + SEC);
    ngx_whip_clock_report(&sim.clock, A, ntp_at(SEC),
                          rtp_at(&sim.flow[A], SEC), EPOCH + SEC);
    sim_run(2 * SEC);
    tap_is(ngx_whip_clock_synced(&sim.clock), 1,
           "one before the first frame, and another");
    sim_run(20 * SEC);
    sim_expect("few reports", 10 * MS);
}


static void
test_pauses(void)
{
    int  i;

    /* stalls of the network, which delay and lose nothing */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 40 * MS;
    sim_begin();

    for (i = 1; i <= 10; i++) {
        sim_run(i * 20 * SEC);
        sim.flow[A].arrival += i * 300 * MS;
        sim.flow[V].arrival += i * 300 * MS;
    }

    sim_run(i * 20 * SEC);
    sim_expect("stalls up to 3 s", 20 * MS);
    below(sim.flow[A].most - sim.flow[A].least, 50,
          "stalls up to 3 s: no track is moved");

    /* a mute that sends nothing, while the timestamps go on */

    sim_check(0);
    sim.flow[A].next += 120 * SEC;
    schedule(&sim.flow[A]);
    sim_run(sim.time + 180 * SEC);
    sim_expect("two minutes without audio", 20 * MS);
    below(sim.flow[A].most - sim.flow[A].least, 50,
          "two minutes without audio: no step");

    sim_check(0);
    sim.flow[V].next += 120 * SEC;
    schedule(&sim.flow[V]);
    sim_run(sim.time + 180 * SEC);
    sim_expect("two minutes without video", 20 * MS);

    /* discontinuous transmission: a packet in 400 ms */

    sim_check(0);
    sim.flow[A].frame = 400 * MS;
    sim_run(sim.time + 60 * SEC);
    sim.flow[A].frame = 20 * MS;
    sim_run(sim.time + 60 * SEC);
    sim_expect("DTX", 25 * MS);

    /* a mute during which the timestamps stand still */

    sim.flow[A].next += 5 * SEC;
    sim.flow[A].lag += 5 * SEC;
    schedule(&sim.flow[A]);
    sim_check(9 * SEC);
    sim_run(sim.time + 60 * SEC);
    sim_expect("audio whose time stood still for 5 s", 40 * MS);
    below(sim.flow[V].most - sim.flow[V].least, 50 * MS,
          "audio whose time stood still for 5 s: the video stays");

    sim.flow[A].next += 60 * SEC;
    sim.flow[A].lag += 60 * SEC;
    schedule(&sim.flow[A]);
    sim_check(65 * SEC);
    sim_run(sim.time + 120 * SEC);
    sim_expect("audio whose time stood still for 60 s", 40 * MS);

    sim.flow[V].next += 5 * SEC;
    sim.flow[V].lag += 5 * SEC;
    schedule(&sim.flow[V]);
    sim_check(9 * SEC);
    sim_run(sim.time + 60 * SEC);
    sim_expect("video whose time stood still for 5 s", 40 * MS);

    /* with reports */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 40 * MS;
    sim.flow[V].latency = 100 * MS;
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim_begin();
    sim_run(60 * SEC);
    sim.flow[A].next += 5 * SEC;
    sim.flow[A].lag += 5 * SEC;
    schedule(&sim.flow[A]);
    sim_check(9 * SEC);
    sim_run(120 * SEC);
    sim_expect("time stood still, with reports", 40 * MS);
    tap_is(ngx_whip_clock_synced(&sim.clock), 1, "which are believed again");

    /* reports say that the video is late by more than is slewed */

    sim_open();
    sim.flow[V].latency = 800 * MS;
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim_begin();
    sim_run(20 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_expect("800 ms late", 10 * MS);

    sim_open();
    sim.flow[A].latency = 800 * MS;
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim_begin();
    sim_run(20 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_expect("800 ms early", 10 * MS);
}


static void
test_layers(void)
{
    int  i;

    /* the layers' timestamps have nothing to do with each other */

    sim_open();
    sim.flow[A].jitter = sim.flow[V].jitter = 40 * MS;
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim.flow[V].latency = 100 * MS;
    sim_begin();
    sim_run(30 * SEC);
    sim_check(0);

    for (i = 0; i < 20; i++) {
        sim_run(sim.time + 7 * SEC + pick(SEC));
        sim.flow[V].rtp += (uint32_t) pick(1LL << 32);
        ngx_whip_clock_track(&sim.clock, V, 90000);
    }

    sim_run(sim.time + 20 * SEC);
    sim_expect("twenty layers", 60 * MS);

    sim_check(0);
    sim_run(sim.time + 60 * SEC);
    sim_expect("after twenty layers", 10 * MS);
}


static void
test_dates(void)
{
    int      kind;
    int64_t  date, ntp;
    char     text[128];

    /* two reports of a track are believed */

    sim_open();
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim_begin();
    tap_is(ngx_whip_clock_date(&sim.clock, 0, &date), NGX_DECLINED,
           "no date before the first frame");
    sim_run(5400 * MS);
    tap_is(sim.dates, 0, "none with one report");
    sim_run(5600 * MS);
    sim_check(0);
    sim_run(60 * SEC);
    sim_dated("two reports", 50);

    tap_is(unix_at(0), 1632993664000000LL, "in 2021");

    /* while the video is moved, slowly or at once */

    for (kind = 0; kind < 4; kind++) {

        sim_open();
        sim.flow[A].jitter = sim.flow[V].jitter = 20 * MS;
        sim.flow[A].kind = sim.flow[V].kind = GOOD;
        sim.flow[(kind & 1) ? A : V].latency = (kind & 2) ? 800 * MS
                                                          : 200 * MS;
        sim_begin();
        sim_run(5900 * MS);
        sim_check(0);
        sim_run(40 * SEC);

        snprintf(text, sizeof(text), "%s ms %s", (kind & 2) ? "800" : "200",
                 (kind & 1) ? "early" : "late");
        sim_dated(text, 50);
        tap_ok(sim.bend > MS, "  it was moved");
    }

    /* clocks that differ, and a report every 5 s */

    for (kind = 0; kind < 2; kind++) {
        sim_open();
        sim.flow[A].jitter = sim.flow[V].jitter = 80 * MS;
        sim.flow[A].kind = sim.flow[V].kind = GOOD;
        sim.flow[A].ppm = kind ? 100 : 0;
        sim.flow[V].ppm = kind ? 0 : 100;
        sim_begin();
        sim_run(20 * SEC);
        sim_check(0);
        sim_run(HOUR);
        sim_dated(kind ? "an hour, audio 100 ppm fast"
                       : "an hour, video 100 ppm fast", 3 * MS);
    }

    /* the time of sending */

    sim_open();
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim.flow[V].noise = 40 * MS;
    sim.flow[V].report = SEC;
    sim_begin();
    sim_run(20 * SEC);
    sim_check(0);
    sim_run(600 * SEC);
    sim_dated("the time of sending", 40 * MS);
    below(sim.early + sim.late, 32 * MS, "the time of sending, smoothed");

    /* one track alone */

    sim_open();
    sim.flow[V].frame = 0;
    sim.flow[A].kind = GOOD;
    sim_begin();
    sim_run(20 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_dated("audio alone", 50);

    sim_open();
    sim.flow[A].frame = 0;
    sim.flow[V].kind = GOOD;
    sim_begin();
    sim_run(20 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_dated("video alone", 50);

    /* reports of one track alone; then of the other one, too */

    sim_open();
    sim.flow[A].kind = GOOD;
    sim.flow[V].latency = 100 * MS;
    sim_begin();
    sim_run(20 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_dated("reports of the audio", 101 * MS);
    below(100 * MS - sim.late, MS, "reports of the audio: late as it arrives");

    sim.flow[V].kind = GOOD;
    sim.flow[V].next_report = sim.time;
    sim_run(66 * SEC);
    sim_check(0);
    sim_run(90 * SEC);
    sim_dated("reports of the video as well", 50);

    sim_open();
    sim.flow[V].kind = GOOD;
    sim.flow[V].latency = 100 * MS;
    sim_begin();
    sim_run(20 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_dated("reports of the video", 50);

    /* they stop */

    sim.flow[V].next_report = NEVER;
    sim_run(115 * SEC);
    sim_dated("no more reports", 50);
    sim_run(120 * SEC);
    sim_check(0);
    sim_run(180 * SEC);
    sim_undated("reports expire");

    /* none, or none that is believed */

    sim_open();
    sim_begin();
    sim_run(60 * SEC);
    sim_undated("no reports");

    sim_open();
    sim.flow[A].kind = GOOD;
    sim.flow[V].kind = BOGUS;
    sim.flow[V].report = SEC;
    sim_begin();
    sim_run(600 * SEC);
    tap_ok(sim.dates > 0, "wrong reports of the video");
    below(ngx_max(sim.early, sim.late), 50, "it is dated by the audio's");

    /* each track has a clock of its own: nobody knows which one is right */

    sim_open();
    sim.flow[A].kind = GOOD;
    sim.flow[A].first = 900 * MS;
    sim.flow[A].report = SEC;
    sim_begin();

    while (sim.time < 60 * SEC) {

        ngx_whip_clock_report(&sim.clock, V, ntp_at(sim.time) - (5ULL << 32),
                              rtp_at(&sim.flow[V], sim.time),
                              EPOCH + sim.time);
        sim_run(sim.time + SEC);

        if (sim.time == 2 * SEC) {
            sim_check(0);
        }
    }

    sim_undated("clocks that are 5 s apart");

    /* another layer, another sound */

    sim_open();
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim_begin();
    sim_run(30 * SEC);
    ngx_whip_clock_track(&sim.clock, V, 90000);
    sim.flow[V].rtp += 123456789;
    sim_check(0);
    sim_run(60 * SEC);
    sim_dated("another layer", 50);

    ngx_whip_clock_track(&sim.clock, A, 48000);
    ngx_whip_clock_track(&sim.clock, V, 90000);
    sim.flow[A].rtp += 123456789;
    sim.flow[V].rtp += 123456789;
    sim_check(0);
    sim_run(60 * SEC + 400 * MS);
    sim_undated("both are others");
    sim_run(70 * SEC);
    sim_check(0);
    sim_run(80 * SEC);
    sim_dated("both are others", 50);

    /* the sender's clock is set */

    sim.ntp += 3600ULL << 32;
    sim_run(120 * SEC);
    sim_check(0);
    sim_run(130 * SEC);
    sim_dated("the sender's clock is set ahead", 50);

    /* NTP's seconds wrap in 2036, after which a week of them is no date */

    sim_open();
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim.ntp = (0xffffffffULL - 30) << 32;
    sim_begin();
    sim_run(10 * SEC);
    sim_check(0);
    sim_run(30 * SEC);
    sim_dated("until NTP wraps", 50);
    sim_run(40 * SEC);
    sim_check(0);
    sim_run(60 * SEC);
    sim_undated("NTP wraps");

    sim.ntp += 604800ULL << 32;
    sim_run(120 * SEC);
    sim_check(0);
    sim_run(140 * SEC);
    sim_dated("after 2036", 50);

    /* 0 is none, small is how long the sender has been there, 1968 is past */

    for (kind = 0; kind < 3; kind++) {

        ntp = kind == 0 ? 0 : kind == 1 ? 100 : 0x80000000LL;

        sim_open();
        sim.flow[V].kind = GOOD;
        sim.flow[V].first = kind == 0 ? NEVER : SEC;
        sim.ntp = (uint64_t) ntp << 32;
        sim_begin();

        while (sim.time < 20 * SEC) {
            sim_run(sim.time + SEC);

            if (kind == 0) {
                ngx_whip_clock_report(&sim.clock, V, 0,
                                      rtp_at(&sim.flow[V], sim.time),
                                      EPOCH + sim.time);
            }
        }

        snprintf(text, sizeof(text), "NTP of %lld s", (long long) ntp);
        sim_undated(text);
    }
}


/* at once when it is known, and then every 2 s */

static void
test_tell(void)
{
    int      bad, told;
    int64_t  date, time, last;

    sim_open();
    sim.flow[A].kind = sim.flow[V].kind = GOOD;
    sim_begin();

    bad = told = 0;
    time = last = 0;

    while (time < 30 * SEC) {

        sim_run(sim.time + 10 * MS);
        time = sim.flow[V].out;

        if (ngx_whip_clock_tell(&sim.clock, time, &date) != NGX_OK) {
            bad += told ? time - last >= 2 * SEC : sim.dates > 0;
            continue;
        }

        bad += told ? time - last < 2 * SEC : sim.dates > 1;
        bad += llabs(date - unix_at(time)) > 50;

        told++;
        last = time;
    }

    tap_is(bad, 0, "is told when it is due");
    tap_ok(told >= 12 && told <= 13, "every 2 s");

    sim.flow[A].next_report = sim.flow[V].next_report = NEVER;
    sim_run(120 * SEC);
    tap_is(ngx_whip_clock_tell(&sim.clock, sim.flow[V].out, &date),
           NGX_DECLINED, "is not told when it is not known");
}


/* whatever comes in, nothing goes back, and nothing overflows */

static void
test_noise(void)
{
    int               i, bad;
    int64_t           out, date, last[2];
    uint32_t          ts[2];
    uint64_t          t;
    ngx_uint_t        n;
    ngx_whip_clock_t  c;

    seed = 424242;
    bad = 0;
    t = 0;
    last[0] = last[1] = 0;
    ts[0] = ts[1] = 0;

    ngx_whip_clock_init(&c);
    ngx_whip_clock_track(&c, A, 0);
    ngx_whip_clock_track(&c, V, 4000000000);

    for (i = 0; i < 1000000; i++) {

        n = (ngx_uint_t) pick(2);
        t += pick(100) ? (uint64_t) pick(50 * MS) : (uint64_t) pick(HOUR);

        switch (pick(10)) {

        case 0:
            ngx_whip_clock_report(&c, n, (uint64_t) pick(INT64_MAX) << 1,
                                  (uint32_t) pick(1LL << 32), t);
            break;

        case 1:
            ngx_whip_clock_report(&c, n, (uint64_t) pick(INT64_MAX),
                                  ts[n] + (uint32_t) pick(90000), t);
            break;

        case 2:
            if (pick(100) == 0) {
                ngx_whip_clock_track(&c, n, (ngx_uint_t) pick(10000000));
            }
            break;

        case 3:
            ts[n] = (uint32_t) pick(1LL << 32);
            break;

        default:
            ts[n] += (uint32_t) pick(pick(50) ? 9000 : 1LL << 31);
            out = ngx_whip_clock_stamp(&c, n, ts[n], t);

            /* what is shown before may be earlier, by 500 ms at most */

            if (out < 0 || out < last[n] - SEC / 2) {
                bad++;
            }

            last[n] = ngx_max(out, last[n]);

            if (ngx_whip_clock_date(&c, out, &date) == NGX_OK && date < 0) {
                bad++;
            }
        }
    }

    tap_is(bad, 0, "noise");
}


/* a sender that held back what it captured until there was a connection */

static void
test_burst(void)
{
    int       first;
    int64_t   held, t, now, a, v;
    flow_t   *f;

    for (held = 100 * MS; held <= 900 * MS; held += 400 * MS) {

        for (first = 0; first < 2; first++) {

            sim_open();
            now = EPOCH;

            f = &sim.flow[first];
            a = v = 0;

            for (t = 0; t < held; t += f->frame) {
                (void) ngx_whip_clock_stamp(&sim.clock, first, rtp_at(f, t),
                                            now += 20);
            }

            f = &sim.flow[!first];

            for (t = 0; t < held; t += f->frame) {
                (void) ngx_whip_clock_stamp(&sim.clock, !first, rtp_at(f, t),
                                            now += 20);
            }

            /* and what comes then comes as it is captured */

            for (t = 0; t < 200 * MS; t += 20 * MS) {
                a = ngx_whip_clock_stamp(&sim.clock, A,
                                         rtp_at(&sim.flow[A], held + t),
                                         now + t);
                v = ngx_whip_clock_stamp(&sim.clock, V,
                                         rtp_at(&sim.flow[V], held + t),
                                         now + t);
            }

            below(llabs(a - v), 10 * MS, "held back: audio to video");
            below(llabs(ngx_whip_clock_skew(&sim.clock)), 10 * MS,
                  "held back: nothing is to be moved");
        }
    }
}


int
main(void)
{
    test_basics();
    test_burst();
    test_jumps();
    test_arrival();
    test_hour();
    test_reports();
    test_pauses();
    test_layers();
    test_dates();
    test_tell();
    test_noise();

    return tap_done();
}
