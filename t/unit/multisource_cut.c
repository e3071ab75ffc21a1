
/*
 * Copyright (C) the ngx_live contributors
 *
 * Simulated sources, cut as a packager would; every part and segment is held
 * against the rules of a playlist. All random numbers come from a generator
 * with a fixed seed.
 */

/* sources: modules/ngx_multisource/ngx_multisource_cut.c modules/ngx_multisource/ngx_multisource_cadence.c */


#include "tap.h"
#include "ngx_multisource_cadence.h"
#include "ngx_multisource_cut.h"

#include <unistd.h>


#define HZ     90000LL
#define MS     90LL
#define US     1000000LL

#define MAX    20000            /* segments */
#define MAX_MS 5000             /* frames */


typedef struct {
    /* what is simulated */

    int64_t      num;           /* frames per second, 0: no video */
    int64_t      den;
    int64_t      keys;          /* frames in a group, 0: no keyframes */
    int64_t      audio_num;     /* frames per second, 0: no audio */
    int64_t      audio_den;
    int64_t      wall;          /* us, of time 0 */
    int64_t      flutter;       /* us, of the wall clock */
    int64_t      key_flutter;   /* ticks, of keyframes */
    int64_t      lag;           /* ticks, of video behind audio */
    int64_t      late;          /* ticks, likewise, of frame 600 alone */
    int64_t      missing;       /* one frame in so many */
    int64_t      pause;         /* of variable video: up to so many frames */
    int64_t      from;          /* frames without a keyframe before it ... */
    int64_t      to;            /* ... up to it */
    int64_t      segment;       /* ms, wanted */
    int64_t      part;
    ngx_uint_t   unknown;       /* the group was not seen */
    ngx_uint_t   variable;      /* nor a constant rate */

    /* what came out */

    ngx_multisource_cut_t         cut;
    ngx_multisource_cut_bounds_t  bounds;

    int64_t      part_start;
    int64_t      segment_start;
    int64_t      seen;          /* the last frame */
    ngx_uint_t   keyed;         /* the segment begins with a keyframe */

    ngx_uint_t   parts;
    ngx_uint_t   segments;
    ngx_uint_t   longer;        /* parts longer than the part target */
    ngx_uint_t   shorter;       /* than 85 % of it, but for the last ones */
    ngx_uint_t   empty;
    ngx_uint_t   over;          /* segments longer than the target duration */
    ngx_uint_t   forced;        /* ended without a keyframe */
    ngx_uint_t   keyless;       /* keyframes before the part that was open */
    int64_t      longest;       /* segment */
    int64_t      end[MAX];      /* wall, us, of segments */
} sim_t;


typedef struct {
    int64_t      num;
    int64_t      den;
} rate_t;


static const rate_t  rates[] = {
    { 24000, 1001 }, { 24, 1 }, { 25, 1 }, { 30000, 1001 }, { 30, 1 },
    { 48, 1 }, { 50, 1 }, { 60000, 1001 }, { 60, 1 }, { 120, 1 }, { 15, 1 },
    { 25, 2 }, { 12, 1 }, { 10, 1 }, { 7, 1 }, { 5, 1 }, { 2, 1 }, { 1, 1 },
};

/* AAC at 48 and 44.1 kHz, 20 ms of Opus, HE-AAC */

static const rate_t  audios[] = {
    { 0, 1 }, { 48000, 1024 }, { 44100, 1024 }, { 50, 1 }, { 48000, 2048 },
};

static const int64_t  gops[] = { 500, 1000, 1500, 2000, 4000, 8330 };

#define N(a)  (sizeof(a) / sizeof(a[0]))


static uint64_t  seed = 88172645463325252ULL;
static char      name[160];
static sim_t     sim, other;


static int64_t
pick(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return n ? (int64_t) ((seed >> 11) % (uint64_t) n) : 0;
}


static void
sim_open(sim_t *s)
{
    memset(s, 0, sizeof(sim_t));

    s->den = 1;
    s->audio_den = 1;
    s->part = 210;
    s->segment = 2000;
    s->wall = 1700000000 * US;
}


static int64_t
at(int64_t k, int64_t num, int64_t den)
{
    return (2 * k * HZ * den + num) / (2 * num);
}


static void
sim_end(sim_t *s, int64_t time, ngx_uint_t ends)
{
    int64_t  len;

    if (ends == NGX_MULTISOURCE_CUT_NONE) {
        return;
    }

    len = time - s->part_start;

    s->parts++;
    s->longer += (len > s->bounds.part_target);
    s->empty += (len <= 0);
    s->shorter += (ends == NGX_MULTISOURCE_CUT_PART
                   && len * 100 < s->bounds.part_target * 85LL);

    s->part_start = time;

    if (ends == NGX_MULTISOURCE_CUT_PART) {
        return;
    }

    len = time - s->segment_start;

    s->longest = ngx_max(s->longest, len);
    s->over += ((len + HZ / 2) / HZ > s->bounds.target_duration);
    s->segment_start = time;

    if (s->segments < MAX) {
        s->end[s->segments++] = s->wall + time * 100 / 9;
    }
}


/* as of its first group of pictures */

static void
sim_bounds(sim_t *s)
{
    ngx_multisource_cut_seen_t  seen;

    ngx_memzero(&seen, sizeof(seen));

    seen.video = (s->num != 0);
    seen.audio = (s->audio_num != 0);

    if (seen.video) {
        seen.frame = s->variable ? 0 : at(1, s->num, s->den);
        seen.longest = at(1 + s->pause, s->num, s->den);
        seen.gop = s->unknown ? 0 : at(s->keys, s->num, s->den);

    } else {
        seen.frame = at(1, s->audio_num, s->audio_den);
        seen.longest = seen.frame;
    }

    ngx_multisource_cut_bounds(&seen, s->part, s->segment, &s->bounds);
}


static void
sim_video(sim_t *s, int64_t time, int64_t duration, ngx_uint_t key)
{
    int64_t     end, wall;
    ngx_uint_t  ends;

    do {
        end = ngx_multisource_cut_late(&s->cut, time, &ends);
        sim_end(s, end, ends);
        s->forced += (ends == NGX_MULTISOURCE_CUT_SEGMENT);
    } while (ends != NGX_MULTISOURCE_CUT_NONE);

    s->keyless += (key && time < s->part_start);

    wall = s->wall + time * 100 / 9
           + pick(2 * s->flutter + 1) - s->flutter;

    ends = ngx_multisource_cut_frame(&s->cut, time, duration, key, wall);

    sim_end(s, time, ends);

    s->forced += (ends == NGX_MULTISOURCE_CUT_SEGMENT && !key);
    s->seen = time;
}


static void
sim_audio(sim_t *s, int64_t time, int64_t duration)
{
    int64_t     end;
    ngx_uint_t  ends;

    do {
        end = ngx_multisource_cut_overdue(&s->cut, time, duration, &ends);
        sim_end(s, end, ends);
        s->forced += (ends == NGX_MULTISOURCE_CUT_SEGMENT);
    } while (ends != NGX_MULTISOURCE_CUT_NONE);
}


static void
sim_run(sim_t *s, int64_t seconds)
{
    int64_t     j, k, t, a, time, next, skip;
    ngx_uint_t  key;

    if (s->bounds.part_target == 0) {
        sim_bounds(s);
    }

    ngx_multisource_cut_init(&s->cut, &s->bounds, s->segment);

    j = k = 0;
    next = 0;

    for ( ;; ) {

        /* what comes next */

        a = s->audio_num ? at(j, s->audio_num, s->audio_den) : INT64_MAX;
        t = s->num ? next + s->lag + (k == 600 ? s->late : 0) : INT64_MAX;

        if (ngx_min(a, t) >= seconds * HZ) {
            break;
        }

        if (s->num == 0) {
            sim_video(s, a, at(j + 1, s->audio_num, s->audio_den) - a, 1);
            j++;
            continue;
        }

        if (a < t) {
            sim_audio(s, a, at(1, s->audio_num, s->audio_den));
            j++;
            continue;
        }

        time = next;
        key = (s->keys && k % s->keys == 0 && (k < s->from || k >= s->to));

        /* the next one that there is */

        skip = s->pause ? pick(s->pause + 1) : 0;

        do {
            k++;
        } while ((s->missing && pick(s->missing) == 0) || skip-- > 0);

        next = at(k, s->num, s->den);

        if (s->keys && k % s->keys == 0) {
            next += pick(2 * s->key_flutter + 1) - s->key_flutter;
        }

        sim_video(s, time,
                  s->variable ? next - time : at(1, s->num, s->den), key);
    }
}


/* nonzero: every rule was kept */

static int
legal(sim_t *s)
{
    if (s->longer || s->shorter || s->empty || s->over || s->keyless) {
        printf("# %lld/%lld fps, %lld keys, audio %lld, wall %lld: of %u parts "
               "%u too long, %u too short, %u empty (target %u), of %u "
               "segments %u too long (target %u), %u keyframes lost\n",
               (long long) s->num, (long long) s->den, (long long) s->keys,
               (long long) s->audio_num, (long long) s->wall,
               (unsigned) s->parts, (unsigned) s->longer,
               (unsigned) s->shorter, (unsigned) s->empty,
               s->bounds.part_target, (unsigned) s->segments,
               (unsigned) s->over, s->bounds.target_duration,
               (unsigned) s->keyless);
        return 0;
    }

    return 1;
}


/* each multiple of the segment time on the wall clock ends a segment */

static int
aligned(sim_t *s, int64_t gop, int64_t seconds)
{
    int64_t     m, first, last, early;
    ngx_uint_t  i;

    early = ngx_min(s->segment * 1000 / 8, gop / 2);
    first = s->wall / (s->segment * 1000) + 2;
    last = (s->wall + seconds * US - gop) / (s->segment * 1000) - 1;

    for (i = 0, m = first; m <= last; m++) {

        while (i < s->segments && s->end[i] < m * s->segment * 1000 - early) {
            i++;
        }

        if (i == s->segments
            || s->end[i] > m * s->segment * 1000 + gop + 2000)
        {
            printf("# nothing ends at multiple %lld but at %lld\n",
                   (long long) (m - first + 2),
                   (long long) (s->end[i] - m * s->segment * 1000));
            return 0;
        }
    }

    return 1;
}


/* all rates, groups, phases, with and without audio */

static void
test_rates(void)
{
    int         ok, close, keyed;
    int64_t     gop;
    ngx_uint_t  r, a, g, phase;

    for (r = 0; r < N(rates); r++) {
        for (a = 0; a < N(audios); a++) {

            ok = close = keyed = 1;

            for (g = 0; g < N(gops); g++) {
                for (phase = 0; phase < 4; phase++) {

                    sim_open(&sim);

                    sim.num = rates[r].num;
                    sim.den = rates[r].den;
                    sim.audio_num = audios[a].num;
                    sim.audio_den = audios[a].den;
                    sim.wall += phase * 523456;
                    sim.keys = (gops[g] * sim.num / sim.den + 500) / 1000;
                    sim.keys = ngx_max(sim.keys, 1);

                    gop = at(sim.keys, sim.num, sim.den) * 100 / 9;

                    sim_run(&sim, 40);

                    ok &= legal(&sim);
                    keyed &= (sim.forced == 0);

                    if (gop <= 2002000) {
                        close &= aligned(&sim, gop, 40);
                    }
                }
            }

            snprintf(name, sizeof(name), "%lld/%lld fps, %s: parts, segments",
                     (long long) rates[r].num, (long long) rates[r].den,
                     a == 0 ? "no audio" : a == 1 ? "AAC at 48 kHz"
                     : a == 2 ? "AAC at 44.1 kHz" : a == 3 ? "Opus"
                     : "HE-AAC");
            tap_ok(ok, name);
            tap_ok(keyed, "  which end before keyframes");
            tap_ok(close, "  soon after the multiples of 2 s");
        }
    }
}


/* other wanted times */

static void
test_wanted(void)
{
    int         ok, keyed;
    ngx_uint_t  r, a, p, s;

    static const int64_t  parts[] = { 100, 200, 250, 333, 500, 1000 };
    static const int64_t  segments[] = { 1000, 1500, 3000, 6000 };

    for (p = 0; p < N(parts); p++) {
        for (s = 0; s < N(segments); s++) {

            ok = keyed = 1;

            for (r = 0; r < N(rates); r++) {
                for (a = 0; a < 2; a++) {

                    sim_open(&sim);

                    sim.num = rates[r].num;
                    sim.den = rates[r].den;
                    sim.audio_num = audios[a].num;
                    sim.audio_den = audios[a].den;
                    sim.part = parts[p];
                    sim.segment = segments[s];
                    sim.keys = ngx_max(sim.num / sim.den, 1);

                    sim_run(&sim, 30);

                    ok &= legal(&sim);
                    keyed &= (sim.forced == 0);
                }
            }

            snprintf(name, sizeof(name), "parts of %lld ms, segments of %lld",
                     (long long) parts[p], (long long) segments[s]);
            tap_ok(ok, name);
            tap_ok(keyed, "  which end before keyframes");
        }
    }
}


/* keyframes that come at a multiple of the segment time, but for 1 ms */

static void
test_flutter(void)
{
    int         ok, keyed, even, phase;
    int64_t     len;
    ngx_uint_t  g, i, how, odd;

    static const int64_t  groups[] = { 15, 30, 60, 120, 240 };

    for (g = 0; g < N(groups); g++) {

        ok = keyed = even = 1;

        for (how = 0; how < 6; how++) {

            /* the multiple, and where a keyframe begins to be before it */

            for (phase = -260; phase <= 10; phase += 10) {

                sim_open(&sim);

                sim.num = 30;
                sim.keys = groups[g];
                sim.wall += phase * 1000;
                sim.flutter = (how % 3 != 1) ? 1000 : 0;
                sim.key_flutter = (how % 3 != 0) ? MS : 0;
                sim.unknown = (how > 2);

                sim_run(&sim, 120);

                ok &= legal(&sim);
                keyed &= (sim.forced == 0);

                for (i = 5, odd = 0; i < sim.segments; i++) {
                    len = (sim.end[i] - sim.end[i - 1]) / 1000;
                    len -= ngx_max(groups[g] * 1000 / 30, 2000);

                    odd += (llabs(len) > 3);
                }

                /* it may settle for another phase, once */

                even &= (odd <= 1);
            }
        }

        snprintf(name, sizeof(name), "keyframes once in %lld ms that flutter",
                 (long long) groups[g] * 1000 / 30);
        tap_ok(ok, name);
        tap_ok(keyed, "  all segments end before one");
        tap_ok(even, "  all are of the same duration");
    }
}


/* a sender's clock that is off by 200 ppm: the phase goes through all values */

static void
test_drift(void)
{
    int         ppm;
    ngx_uint_t  i, n, odd;
    int64_t     k, t, len;

    for (n = 0; n < 4; n++) {

        ppm = (n & 1) ? -200 : 200;

        sim_open(&sim);
        sim.num = 30;
        sim.keys = 60;
        sim.unknown = (n > 1);
        sim_bounds(&sim);
        ngx_multisource_cut_init(&sim.cut, &sim.bounds, 2000);

        for (k = 0; k < 30 * 3600 * 4; k++) {
            t = k * 3000;

            sim.wall = 1700000000 * US + t / 9 * 100 / US * ppm;

            sim_video(&sim, t, 3000, k % 60 == 0);
        }

        snprintf(name, sizeof(name), "4 hours at %d ppm", ppm);
        tap_ok(legal(&sim), name);

        odd = 0;

        for (i = 1; i < sim.segments; i++) {
            len = sim.end[i] - sim.end[i - 1];
            odd += (llabs(len - 2000000) > 1500);
        }

        if (n < 2) {
            tap_is(odd, 0, "  all segments are groups of 2 s");

        } else {
            tap_ok(odd <= 2, "  nearly all segments are groups of 2 s");
        }
    }
}


/*
 * The same with four groups in a segment: once in a while one has three or
 * five, or, when five are too many, one.
 */

static void
test_drift_groups(void)
{
    ngx_uint_t  i, n, odd;
    int64_t     k, t, len, least;

    for (n = 0; n < 4; n++) {

        sim_open(&sim);
        sim.num = 30;
        sim.keys = 15;
        sim.unknown = (n > 1);
        sim_bounds(&sim);
        ngx_multisource_cut_init(&sim.cut, &sim.bounds, 2000);

        for (k = 0; k < 30 * 3600; k++) {
            t = k * 3000;

            sim.wall = 1700000000 * US + t / 9 * 100 / US
                                         * ((n & 1) ? -800 : 800);

            sim_video(&sim, t, 3000, k % 15 == 0);
        }

        odd = 0;
        least = INT64_MAX;

        for (i = 1; i < sim.segments; i++) {
            len = sim.end[i] - sim.end[i - 1];
            least = ngx_min(least, len);
            odd += (llabs(len - 2000000) > 5000);
        }

        tap_ok(legal(&sim) && odd <= 7
               && least > ((n == 1) ? 490000 : 1490000),
               "an hour of four groups in a segment");
    }
}


/* two sources, of one wall clock */

static void
test_pair(void)
{
    int         ok;
    int64_t     gop, d, best, worst;
    ngx_uint_t  g, i, j, n;

    for (g = 0; g < N(gops); g++) {

        ok = 1;
        worst = 0;

        for (n = 0; n < 40; n++) {

            sim_open(&sim);
            sim.num = 30;
            sim.keys = gops[g] * 30 / 1000;
            sim.flutter = 500;
            other = sim;

            gop = at(sim.keys, 30, 1) * 100 / 9;

            sim.wall += pick(gop);
            other.wall += pick(gop) + 50000;
            other.num = 60;
            other.keys *= 2;

            sim_run(&sim, 60);
            sim_run(&other, 60);

            ok &= legal(&sim) & legal(&other);

            for (i = 4; i + 6 < sim.segments; i++) {
                best = INT64_MAX;

                for (j = 0; j < other.segments; j++) {
                    d = llabs(other.end[j] - sim.end[i]);
                    best = ngx_min(best, d);
                }

                worst = ngx_max(worst, best);
            }

            /* one may begin later */

            ok &= (worst <= gop + 2000);
        }

        snprintf(name, sizeof(name), "two sources with groups of %lld ms end "
                 "segments %lld ms apart at most", (long long) gops[g],
                 (long long) worst / 1000);
        tap_ok(ok, name);
    }
}


static void
test_none(void)
{
    ngx_uint_t  a, r;

    for (a = 0; a < 2; a++) {
        for (r = 0; r < N(rates); r += 3) {
            sim_open(&sim);
            sim.num = rates[r].num;
            sim.den = rates[r].den;
            sim.audio_num = audios[a].num;
            sim.audio_den = audios[a].den;
            sim.keys = 1000000;
            sim.unknown = 1;
            sim_run(&sim, 120);

            snprintf(name, sizeof(name), "no second keyframe%s, %lld/%lld",
                     a ? ", audio" : "", (long long) sim.num,
                     (long long) sim.den);
            tap_ok(legal(&sim), name);
            tap_is(sim.bounds.target_duration, 10, "  target duration");
            tap_ok(sim.segments >= 10 && sim.segments <= 12, "  segments");
            tap_ok(sim.forced == sim.segments, "  forced, all of them");
        }

        /* a group that was not seen to its end */

        sim_open(&sim);
        sim.num = 30;
        sim.audio_num = audios[a].num;
        sim.audio_den = audios[a].den;
        sim.unknown = 1;
        sim.keys = 60;
        sim_run(&sim, 60);

        tap_ok(legal(&sim) && sim.forced == 0 && sim.segments >= 29,
               "an unknown group that is 2 s then");

        /* one becomes longer than what was ever seen */

        sim_open(&sim);
        sim.num = 30;
        sim.audio_num = audios[a].num;
        sim.audio_den = audios[a].den;
        sim.keys = 60;
        sim.from = 600;
        sim.to = 1100;
        sim_run(&sim, 60);

        tap_ok(legal(&sim), "keyframes are missing for 17 s");
        tap_ok(sim.forced >= 6 && sim.forced <= 8, "  forced");
        tap_ok(aligned(&sim, 2000000, 19), "  aligned before");

        /* groups longer than target durations, all the time */

        sim_open(&sim);
        sim.num = 30;
        sim.audio_num = audios[a].num;
        sim.audio_den = audios[a].den;
        sim.keys = 60;
        sim_bounds(&sim);
        sim.keys = 117;
        sim_run(&sim, 120);

        tap_ok(legal(&sim), "groups that are 3.9 s, after all");
        tap_ok(sim.segments > sim.forced + 25, "  keyframes end segments");
    }
}


/* keyframes out of turn, as at a change of scene */

static void
test_scenes(void)
{
    int         ok;
    int64_t     k, last;
    ngx_uint_t  n, key, forced;

    ok = 1;
    forced = 0;

    for (n = 0; n < 50; n++) {

        sim_open(&sim);
        sim.num = 30;
        sim.keys = (n & 1) ? 250 : 60;
        sim_bounds(&sim);
        ngx_multisource_cut_init(&sim.cut, &sim.bounds, 2000);

        last = 0;

        for (k = 0; k < 30 * 120; k++) {
            key = (k - last == sim.keys || k == 0
                   || pick(sim.keys / 2) == 0);

            if (key) {
                last = k;
            }

            sim_video(&sim, k * 3000, 3000, key);
        }

        ok &= legal(&sim);

        /* how long a group is has to be seen once */

        ok &= (sim.forced <= 2);
        forced += sim.forced;
    }

    tap_ok(ok, "changes of scene are kept within all limits");

    if (!tap_ok(forced <= 15, "  and force next to nothing")) {
        printf("# %u segments in 50 runs\n", (unsigned) forced);
    }

}


static void
test_audio(void)
{
    ngx_uint_t  a;

    static const rate_t  all[] = {
        { 48000, 1024 }, { 44100, 1024 }, { 50, 1 }, { 48000, 2048 },
        { 44100, 2048 }, { 22050, 1024 }, { 16000, 1024 }, { 8000, 1024 },
        { 1000, 60 }, { 400, 1 }, { 100, 12 },
    };

    for (a = 0; a < N(all); a++) {
        sim_open(&sim);
        sim.audio_num = all[a].num;
        sim.audio_den = all[a].den;
        sim.wall += 777000;
        sim_run(&sim, 120);

        snprintf(name, sizeof(name), "audio alone, %lld/%lld: part target "
                 "%.1f ms", (long long) all[a].num, (long long) all[a].den,
                 sim.bounds.part_target / 90.0);
        tap_ok(legal(&sim), name);
        tap_is(sim.bounds.target_duration, 2, "  target duration");
        tap_ok(aligned(&sim, at(1, all[a].num, all[a].den) * 100 / 9, 120),
               "  its segments end at multiples");
    }
}


/* video that comes now and then, with and without audio to fill its pauses */

static void
test_slow(void)
{
    int         ok, keyed;
    ngx_uint_t  a, lag, n;

    static const int64_t  lags[] = { 0, 30, 120, 400 };

    for (a = 0; a < N(audios); a++) {
        for (lag = 0; lag < N(lags); lag++) {

            ok = keyed = 1;

            for (n = 0; n < 10; n++) {

                /* a screen: 1 frame a second, sometimes up to 30 */

                sim_open(&sim);
                sim.num = (n & 1) ? 30 : 1;
                sim.pause = (n & 1) ? 29 : 0;
                sim.keys = (n & 1) ? 0 : 4;
                sim.unknown = (n & 1);
                sim.variable = 1;
                sim.audio_num = audios[a].num;
                sim.audio_den = audios[a].den;
                sim.lag = a ? lags[lag] * MS : 0;
                sim.wall += pick(US);
                sim_run(&sim, 120);

                ok &= (sim.longer == 0 && sim.over == 0 && sim.empty == 0);

                /* only audio could fill parts without a frame */

                if (a) {
                    ok &= legal(&sim);
                    ok &= (sim.bounds.part_target == 210 * MS);
                    ok &= (sim.parts > 120000 / 210);

                    /* the lag must be seen once */

                    keyed &= ((n & 1) || sim.forced <= 1);
                }
            }

            snprintf(name, sizeof(name), "a screen, audio %u, %lld ms behind",
                     (unsigned) a, (long long) lags[lag]);
            tap_ok(ok, name);
            tap_ok(keyed, "  segments end before keyframes");
        }
    }

    /* when parts end that no frame ends */

    sim_open(&sim);
    sim.num = 1;
    sim.variable = 1;
    sim.keys = 4;
    sim.audio_num = 48000;
    sim.audio_den = 1024;
    sim_bounds(&sim);
    ngx_multisource_cut_init(&sim.cut, &sim.bounds, 2000);

    sim_video(&sim, 0, 90000, 1);

    for (n = 0; n < 9; n++) {
        sim_audio(&sim, n * 1920, 1920);
    }

    tap_is(sim.parts, 0, "9 frames of AAC fill a part");

    for ( /* void */ ; n < 13; n++) {
        sim_audio(&sim, n * 1920, 1920);
    }

    tap_is(sim.parts, 1, "which ends 50 ms later");
    tap_is(sim.part_start, 9 * 1920, "after 9 frames");
}


/* audio that comes before its video */

static void
test_behind(void)
{
    int         ok;
    ngx_uint_t  r, lag;

    static const int64_t  lags[] = { -300, -40, 20, 100, 300, 700 };

    for (lag = 0; lag < N(lags); lag++) {

        ok = 1;

        for (r = 0; r < N(rates); r++) {
            sim_open(&sim);
            sim.num = rates[r].num;
            sim.den = rates[r].den;
            sim.keys = ngx_max(2 * sim.num / sim.den, 1);
            sim.audio_num = 48000;
            sim.audio_den = 1024;
            sim.lag = lags[lag] * MS;
            sim_run(&sim, 60);

            ok &= legal(&sim);
            ok &= (sim.forced <= 1);
        }

        snprintf(name, sizeof(name), "video that comes %lld ms behind audio",
                 (long long) lags[lag]);
        tap_ok(ok, name);
    }

    /* a keyframe takes longer than any frame before */

    for (lag = 0, ok = 1; lag < 190; lag += 5) {
        sim_open(&sim);
        sim.num = 30;
        sim.keys = (lag % 3 == 0) ? 60 : (lag % 3 == 1) ? 40 : 75;
        sim.audio_num = 48000;
        sim.audio_den = 1024;
        sim.wall += lag * 8000;
        sim.late = lag * MS;
        sim_run(&sim, 30);

        ok &= legal(&sim);
        ok &= (sim.forced == 0);
    }

    tap_ok(ok, "a keyframe that comes up to 190 ms later than others");
}


/* frames are missing */

static void
test_missing(void)
{
    int         ok;
    ngx_uint_t  r, a, n;

    for (a = 0; a < N(audios); a++) {

        ok = 1;

        for (r = 0; r < N(rates); r++) {
            for (n = 0; n < 3; n++) {
                sim_open(&sim);
                sim.num = rates[r].num;
                sim.den = rates[r].den;
                sim.keys = ngx_max(2 * sim.num / sim.den, 1);
                sim.audio_num = audios[a].num;
                sim.audio_den = audios[a].den;
                sim.missing = (n == 0) ? 3 : (n == 1) ? 10 : 100;
                sim_run(&sim, 60);

                ok &= (sim.longer == 0 && sim.over == 0 && sim.empty == 0);

                if (a) {
                    ok &= legal(&sim);
                }
            }
        }

        snprintf(name, sizeof(name), "missing frames, audio %u", (unsigned) a);
        tap_ok(ok, name);
    }
}


/* a camera that becomes slower, or faster, than what was seen first */

static void
test_change(void)
{
    int         ok;
    ngx_uint_t  a, r, from;

    for (a = 0; a < N(audios); a++) {

        ok = 1;

        for (from = 0; from < N(rates); from++) {
            for (r = 0; r < N(rates); r++) {

                sim_open(&sim);
                sim.audio_num = audios[a].num;
                sim.audio_den = audios[a].den;
                sim.num = rates[from].num;
                sim.den = rates[from].den;
                sim.keys = ngx_max(2 * sim.num / sim.den, 1);
                sim_bounds(&sim);

                sim.num = rates[r].num;
                sim.den = rates[r].den;
                sim.keys = ngx_max(2 * sim.num / sim.den, 1);
                sim_run(&sim, 20);

                ok &= (sim.longer == 0 && sim.over == 0 && sim.empty == 0);

                if (a) {
                    ok &= legal(&sim);
                }
            }
        }

        snprintf(name, sizeof(name), "from any rate to any other, audio %u",
                 (unsigned) a);
        tap_ok(ok, name);
    }
}


/* from the ms of encoders and of cameras to parts */

static void
test_cadence(void)
{
    int                        ok, off;
    int64_t                    j, k, a, t, time, ms[MAX_MS];
    ngx_uint_t                 r, n, how, audio;
    ngx_multisource_cadence_t  c;

    for (how = 0; how < 3; how++) {
        for (audio = 0; audio < 2; audio++) {

            ok = 1;

            for (r = 0; r < N(rates); r++) {

                /* +- 3 ms at 120 frames a second are no cadence */

                if (how == 2 && rates[r].num / rates[r].den > 60) {
                    continue;
                }

                sim_open(&sim);
                sim.num = rates[r].num;
                sim.den = rates[r].den;
                sim.audio_num = audio ? 48000 : 0;
                sim.audio_den = 1024;
                sim.keys = ngx_max(2 * sim.num / sim.den, 8);

                n = sim.keys;

                for (k = 0; k < MAX_MS; k++) {
                    t = k * 1000000 * sim.den / sim.num + 4000;
                    off = (how == 2) ? (int) pick(6001) - 3000 : 0;
                    ms[k] = (t + off + (how ? 500 : 0)) / 1000;
                }

                ok &= (ngx_multisource_cadence_find(&c, ms, n,
                                            sim.num * 1000 / sim.den)
                       == NGX_OK);

                sim_bounds(&sim);
                ngx_multisource_cut_init(&sim.cut, &sim.bounds, sim.segment);

                j = 0;

                for (k = 0; k < MAX_MS; k++) {
                    time = ngx_multisource_cadence_place(&c, ms[k]);

                    if (k == 0) {
                        sim.part_start = time;
                        sim.segment_start = time;
                    }

                    for ( ;; ) {
                        a = audio ? at(j, 48000, 1024) : time;

                        if (a >= time) {
                            break;
                        }

                        sim_audio(&sim, a, 1920);
                        j++;
                    }

                    sim_video(&sim, time,
                              ngx_multisource_cadence_duration(&c),
                              k % sim.keys == 0);
                }

                ok &= legal(&sim);
                ok &= (sim.forced == 0);
            }

            snprintf(name, sizeof(name), "times in ms, %s%s",
                     how == 0 ? "truncated" : how == 1 ? "rounded"
                     : "of a camera", audio ? ", with audio" : "");
            tap_ok(ok, name);
        }
    }
}


static void
test_bounds(void)
{
    ngx_uint_t                    i;
    ngx_multisource_cut_seen_t    seen;
    ngx_multisource_cut_bounds_t  b;

    static const struct {
        const char  *name;
        int64_t      frame, longest, gop;
        int          video, audio;
        int64_t      part, segment;     /* ms, wanted */
        int64_t      target;            /* ms */
        int64_t      duration;
    } all[] = {
        { "24", 3750, 0, 90000, 1, 1, 210, 2000, 210, 2 },
        { "23.976", 3754, 0, 90000, 1, 0, 210, 2000, 210, 2 },
        { "25", 3600, 0, 90000, 1, 0, 210, 2000, 210, 2 },
        { "30", 3000, 0, 180000, 1, 0, 210, 2000, 210, 2 },
        { "60", 1500, 0, 360000, 1, 0, 210, 2000, 210, 4 },
        { "120", 750, 0, 749700, 1, 0, 210, 2000, 210, 9 },
        { "29.97, groups of 60", 3003, 0, 180180, 1, 0, 210, 2000, 210, 2 },
        { "29.97, groups of 15", 3003, 0, 45045, 1, 0, 210, 2000, 210, 2 },
        { "groups of 1.999 s", 3000, 0, 179910, 1, 0, 210, 2000, 210, 2 },
        { "groups of 2.001 s", 3000, 0, 180090, 1, 0, 210, 2000, 210, 2 },
        { "groups of 1.5 s", 3000, 0, 135000, 1, 0, 210, 2000, 210, 3 },
        { "groups of 2.2 s", 3000, 0, 198000, 1, 0, 210, 2000, 210, 3 },
        { "groups of 20 s", 3000, 0, 1800000, 1, 0, 210, 2000, 210, 20 },
        { "an unknown group", 3000, 0, 0, 1, 1, 210, 2000, 210, 10 },
        { "likewise, 12 s wanted", 3000, 0, 0, 1, 1, 210, 12000, 210, 12 },
        { "15", 6000, 0, 180000, 1, 0, 210, 2000, 210, 2 },
        { "12.5", 7200, 0, 180000, 1, 0, 210, 2000, 242, 2 },
        { "12", 7500, 0, 180000, 1, 0, 210, 2000, 252, 2 },
        { "12 with audio", 7500, 0, 180000, 1, 1, 210, 2000, 252, 2 },
        { "10", 9000, 0, 180000, 1, 0, 210, 2000, 210, 2 },
        { "5", 18000, 0, 180000, 1, 0, 210, 2000, 210, 2 },
        { "4", 22500, 0, 180000, 1, 0, 210, 2000, 252, 2 },
        { "2", 45000, 0, 180000, 1, 0, 210, 2000, 503, 2 },
        { "1", 90000, 0, 180000, 1, 0, 210, 2000, 1005, 3 },
        { "1 with audio", 90000, 0, 180000, 1, 1, 210, 2000, 1005, 3 },
        { "0.2 with audio", 450000, 0, 450000, 1, 1, 210, 2000, 210, 5 },
        { "0.2", 450000, 0, 450000, 1, 0, 210, 2000, 2200, 5 },
        { "parts of a whole frame", 3000, 0, 90000, 1, 0, 20, 2000, 34, 2 },
        { "parts of 6 frames", 3000, 0, 90000, 1, 0, 200, 2000, 201, 2 },
        { "parts of 2 s", 3000, 0, 90000, 1, 0, 2000, 2000, 2000, 4 },
        { "a screen", 0, 30000, 0, 1, 0, 210, 2000, 1100, 10 },
        { "a slow screen", 0, 120000, 0, 1, 0, 210, 2000, 1340, 10 },
        { "a very slow screen", 0, 900000, 0, 1, 0, 210, 2000, 2200, 10 },
        { "a screen, 3 s wanted", 0, 900, 90000, 1, 0, 3000, 1, 3000, 6 },
        { "a screen with audio", 0, 90000, 0, 1, 1, 210, 2000, 210, 10 },
        { "AAC", 1920, 1920, 0, 0, 1, 210, 2000, 210, 2 },
        { "AAC at 44.1", 2090, 2090, 0, 0, 1, 210, 2000, 210, 2 },
        { "Opus", 1800, 1800, 0, 0, 1, 210, 2000, 210, 2 },
        { "Opus, 120 ms", 10800, 10800, 0, 0, 1, 210, 2000, 242, 2 },
        { "audio of no rate", 0, 0, 0, 0, 1, 210, 2000, 210, 2 },
        { "nothing", 0, 0, 0, 0, 0, 210, 2000, 210, 2 },
        { "1.2 s", 3000, 0, 45000, 1, 0, 210, 1200, 210, 2 },
    };

    for (i = 0; i < N(all); i++) {
        ngx_memzero(&seen, sizeof(seen));

        seen.frame = all[i].frame;
        seen.longest = all[i].longest;
        seen.gop = all[i].gop;
        seen.video = all[i].video;
        seen.audio = all[i].audio;

        ngx_multisource_cut_bounds(&seen, all[i].part, all[i].segment, &b);

        snprintf(name, sizeof(name), "part target: %s", all[i].name);
        tap_is(b.part_target, all[i].target * MS, name);
        tap_is(b.target_duration, all[i].duration, "  target duration");
    }
}


/* what a peer or a configuration can make of it */

static void
test_bad(void)
{
    int                           ok;
    int64_t                       t, last, part, end;
    ngx_uint_t                    i, k, n, ends;
    ngx_multisource_cut_t         cut;
    ngx_multisource_cut_seen_t    seen;
    ngx_multisource_cut_bounds_t  b;

    static const ngx_msec_t  times[] = {
        0, 1, 20, 210, 2000, 100000, (ngx_msec_t) -1
    };

    static const uint32_t  ticks[] = {
        0, 1, 90, 3000, 90000, 10000000, 0x7fffffff, 0xffffffff
    };

    static const int64_t  walls[] = {
        INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX
    };

    ok = 1;

    for (i = 0; i < 20000; i++) {
        seen.frame = ticks[pick(N(ticks))];
        seen.longest = ticks[pick(N(ticks))];
        seen.gop = ticks[pick(N(ticks))];
        seen.video = pick(2);
        seen.audio = pick(2);

        ngx_multisource_cut_bounds(&seen, times[pick(N(times))],
                                   times[pick(N(times))], &b);

        ok &= (b.part_target > 0 && b.target_duration > 0
               && b.target_duration * (uint64_t) HZ >= 2 * b.part_target);

        ngx_multisource_cut_init(&cut, &b, times[pick(N(times))]);

        t = (pick(2) ? 1 : -1) * pick(1LL << 56);
        last = part = t;

        (void) ngx_multisource_cut_frame(&cut, t, 3000, 1, 0);

        for (k = 0; k < 30; k++) {

            t += pick(10) ? pick(9000) : pick(10 * HZ) - HZ;

            for (n = 0; n < 20; n++) {
                end = ngx_multisource_cut_overdue(&cut, t + pick(HZ),
                                             ticks[pick(N(ticks))], &ends);
                if (ends == NGX_MULTISOURCE_CUT_NONE) {
                    ok &= (end == 0);
                    break;
                }

                ok &= (end > part && end - part <= b.part_target);
                part = end;
            }

            last = ngx_max(t, last + 1);

            for (n = 0; n < 20; n++) {
                end = ngx_multisource_cut_late(&cut, last, &ends);

                if (ends == NGX_MULTISOURCE_CUT_NONE) {
                    ok &= (end == 0);
                    break;
                }

                ok &= (end > part && end - part <= b.part_target
                       && end <= last);
                part = end;
            }

            ends = ngx_multisource_cut_frame(&cut, last,
                                             ticks[pick(N(ticks))], pick(3),
                                             walls[pick(N(walls))]);

            if (ends != NGX_MULTISOURCE_CUT_NONE) {
                ok &= (last > part);
                part = last;
            }
        }
    }

    tap_ok(ok, "noise: parts go on");

    /* before the first frame */

    ngx_memzero(&seen, sizeof(seen));
    ngx_multisource_cut_bounds(&seen, 210, 2000, &b);
    ngx_multisource_cut_init(&cut, &b, 2000);

    tap_is(ngx_multisource_cut_overdue(&cut, 900000, 1920, &ends), 0,
           "audio before the first frame");
    tap_is(ends, NGX_MULTISOURCE_CUT_NONE, "  ends nothing");
    tap_is(ngx_multisource_cut_late(&cut, 900000, &ends), 0,
           "nor is the first frame late");
    tap_is(ends, NGX_MULTISOURCE_CUT_NONE, "  which ends nothing");
    tap_is(ngx_multisource_cut_frame(&cut, 900000, 3000, 1, 0),
           NGX_MULTISOURCE_CUT_NONE, "  itself");
}


int
main(void)
{
    alarm(120);     /* instead of hanging in a loop */

    test_bounds();
    test_rates();
    test_wanted();
    test_flutter();
    test_drift();
    test_drift_groups();
    test_pair();
    test_none();
    test_scenes();
    test_audio();
    test_slow();
    test_behind();
    test_missing();
    test_change();
    test_cadence();
    test_bad();

    return tap_done();
}
