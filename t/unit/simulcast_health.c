
/*
 * Copyright (C) the ngx_live contributors
 *
 * Verdicts and issues, at both sides of each limit.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_health.c */


#include "tap.h"
#include "ngx_simulcast_health.h"


#define FAILED  1
#define CONN    2
#define RECONN  4


typedef struct {
    const char  *name;
    double       fps;
    double       source_fps;
    unsigned     bitrate;           /* kbit/s */
    unsigned     source_bitrate;
    unsigned     idle;
    unsigned     dropped;
    unsigned     flags;
    const char  *want;              /* "health: issue; issue" */
} row_t;


static const row_t  rows[] = {

    { "all is well",           30, 30, 4000, 4000, 100, 0, 0, "healthy:" },
    { "nothing is known",      0, 0, 0, 0, 0, 0, 0, "healthy:" },
    { "no video",              0, 0, 128, 128, 0, 0, 0, "healthy:" },

    { "25.5 of 30",            25.5, 30, 4000, 4000, 0, 0, 0,
      "degraded: Low FPS: 25.5" },
    { "90 % of 30",            27, 30, 4000, 4000, 0, 0, 0, "healthy:" },
    { "less than 90 % of 30",  26.94, 30, 4000, 4000, 0, 0, 0,
      "degraded: Low FPS: 26.9" },
    { "54 of 60",              54, 60, 4000, 4000, 0, 0, 0, "healthy:" },
    { "53 of 60",              53, 60, 4000, 4000, 0, 0, 0,
      "degraded: Low FPS: 53.0" },
    { "90 % of 21, below 20",  19.9, 21, 4000, 4000, 0, 0, 0,
      "degraded: Low FPS: 19.9" },
    { "20 of 21",              20, 21, 4000, 4000, 0, 0, 0, "healthy:" },
    { "a source of 15",        15, 15, 4000, 4000, 0, 0, 0, "healthy:" },
    { "one of 15, measured at another time",
                               14.6, 15, 4000, 4000, 0, 0, 0, "healthy:" },
    { "14 of 15",              14, 15, 4000, 4000, 0, 0, 0,
      "degraded: Low FPS: 14.0" },
    { "a slide show",          0.5, 0.5, 40, 40, 0, 0, 0, "healthy:" },
    { "more than the source",  31, 30, 4100, 4000, 0, 0, 0, "healthy:" },

    { "90 % of the bitrate",   30, 30, 3600, 4000, 0, 0, 0, "healthy:" },
    { "less than that",        30, 30, 3599, 4000, 0, 0, 0,
      "degraded: Low bitrate: 3599 kbit/s of 4000" },
    { "much less",             30, 30, 1200, 4000, 0, 0, 0,
      "degraded: Low bitrate: 1200 kbit/s of 4000" },
    { "less of both",          10, 30, 1200, 4000, 0, 0, 0,
      "degraded: Low FPS: 10.0; Low bitrate: 1200 kbit/s of 4000" },

    { "dropped frames",        30, 30, 4000, 4000, 0, 31, 0,
      "degraded: Dropped frames: 31" },
    { "everything",            1, 30, 1, 4000, 9999, 4294967295u, 0,
      "degraded: Low FPS: 1.0; Low bitrate: 1 kbit/s of 4000; "
      "Dropped frames: 4294967295" },

    { "9.999 s idle",          30, 30, 4000, 4000, 9999, 0, 0, "healthy:" },
    { "10 s idle",             30, 30, 4000, 4000, 10000, 0, 0,
      "stale: No progress for 10 s" },
    { "12 s idle, no rates",   0, 30, 0, 4000, 12345, 9, 0,
      "stale: No progress for 12 s" },

    { "it connects",           0, 30, 0, 4000, 0, 0, CONN, "unknown:" },
    { "and has dropped",       0, 30, 0, 4000, 0, 2, CONN,
      "degraded: Dropped frames: 2" },
    { "it connects for long",  0, 30, 0, 4000, 10000, 0, CONN,
      "stale: No progress for 10 s" },
    { "it connects again",     0, 30, 0, 4000, 5000, 0, RECONN,
      "degraded: Reconnecting" },
    { "for long",              0, 30, 0, 4000, 60000, 0, RECONN | CONN,
      "stale: Reconnecting; No progress for 60 s" },
    { "it has failed",         30, 30, 4000, 4000, 0, 0, FAILED,
      "error: Connection failed" },
    { "whatever else is",      0, 30, 0, 4000, 60000, 9, FAILED | RECONN | CONN,
      "error: Connection failed" },

    { NULL, 0, 0, 0, 0, 0, 0, 0, NULL }
};


typedef struct {
    const char  *healths;           /* initials */
    const char  *want;
} overall_row_t;


static const overall_row_t  overall_rows[] = {
    { "", "healthy" },
    { "u", "healthy" },
    { "h", "healthy" },
    { "uh", "healthy" },
    { "hhhh", "healthy" },
    { "d", "degraded" },
    { "hd", "degraded" },
    { "dh", "degraded" },
    { "ud", "degraded" },
    { "e", "error" },
    { "he", "error" },
    { "eh", "error" },
    { "sde", "error" },
    { "s", "error" },
    { "su", "error" },
    { "ss", "error" },
    { "sh", "degraded" },
    { "hs", "degraded" },
    { "sd", "degraded" },
    { "?", "healthy" },

    { NULL, NULL }
};


static void
test_judge(const row_t *row)
{
    int                            n;
    char                           text[1024];
    ngx_uint_t                     i;
    ngx_simulcast_health_t         out;
    ngx_simulcast_health_sample_t  sample;

    ngx_memzero(&sample, sizeof(sample));
    memset(&out, 0xff, sizeof(out));

    sample.fps = row->fps;
    sample.source_fps = row->source_fps;
    sample.bitrate = (uint64_t) row->bitrate * 1000;
    sample.source_bitrate = (uint64_t) row->source_bitrate * 1000;
    sample.idle = row->idle;
    sample.dropped = row->dropped;
    sample.failed = (row->flags & FAILED) != 0;
    sample.connecting = (row->flags & CONN) != 0;
    sample.reconnecting = (row->flags & RECONN) != 0;

    ngx_simulcast_health_judge(&sample, &out);

    n = snprintf(text, sizeof(text), "%s:",
                 ngx_simulcast_health_name(out.health));

    for (i = 0; i < out.nissues; i++) {
        n += snprintf(text + n, sizeof(text) - n, "%s %s", i ? ";" : "",
                      out.issues[i]);
    }

    tap_is_text(text, row->want, row->name);
}


static void
test_overall(const overall_row_t *row)
{
    char        name[64];
    ngx_uint_t  i, healths[8];

    for (i = 0; row->healths[i]; i++) {

        switch (row->healths[i]) {
        case 'u':
            healths[i] = NGX_SIMULCAST_HEALTH_UNKNOWN;
            break;
        case 'h':
            healths[i] = NGX_SIMULCAST_HEALTH_HEALTHY;
            break;
        case 'd':
            healths[i] = NGX_SIMULCAST_HEALTH_DEGRADED;
            break;
        case 's':
            healths[i] = NGX_SIMULCAST_HEALTH_STALE_;
            break;
        case 'e':
            healths[i] = NGX_SIMULCAST_HEALTH_ERROR;
            break;
        default:
            healths[i] = 4711;
        }
    }

    snprintf(name, sizeof(name), "the worst of \"%s\"", row->healths);

    tap_is_text(ngx_simulcast_health_name(
                                     ngx_simulcast_health_overall(healths, i)),
                row->want, name);
}


/* numbers that no stream has fit all the same */

static void
test_extremes(void)
{
    ngx_simulcast_health_t         out;
    ngx_simulcast_health_sample_t  sample;

    ngx_memzero(&sample, sizeof(sample));

    sample.fps = -1e300;
    sample.source_fps = 1e300;
    sample.bitrate = 1;
    sample.source_bitrate = (uint64_t) -1;
    sample.dropped = (uint64_t) -1;

    ngx_simulcast_health_judge(&sample, &out);

    tap_is(out.nissues, 3, "three issues of absurd numbers");
    tap_is(strlen(out.issues[0]), NGX_SIMULCAST_HEALTH_ISSUE - 1,
           "the longest is cut");

    sample.idle = (ngx_msec_t) -1;
    ngx_simulcast_health_judge(&sample, &out);
    tap_is(out.health, NGX_SIMULCAST_HEALTH_STALE_, "an absurd age is stale");

    tap_is_text(ngx_simulcast_health_name(4711), "unknown",
                "an unknown verdict");
}


int
main(void)
{
    const row_t          *row;
    const overall_row_t  *orow;

    for (row = rows; row->name; row++) {
        test_judge(row);
    }

    for (orow = overall_rows; orow->healths; orow++) {
        test_overall(orow);
    }

    test_extremes();

    return tap_done();
}
