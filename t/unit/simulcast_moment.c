
/*
 * Copyright (C) the ngx_live contributors
 *
 * Points in time: what is read, what is refused, and when Google's day begins.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_moment.c */


#include "tap.h"
#include "ngx_simulcast_moment.h"


typedef struct {
    const char  *text;
    int64_t      want;
} parse_t;


static const parse_t  parses[] = {
    { "1970-01-01T00:00:00Z",           0 },
    { "2026-11-21T20:00:00.000Z",       1795291200 },
    { "2026-11-21T20:00:00Z",           1795291200 },
    { "2026-11-21t20:00z",              1795291200 },
    { "2026-11-21T22:00:00+02:00",      1795291200 },
    { "2026-11-21T14:30:00.5-05:30",    1795291200 },
    { "2024-02-29T00:00:00Z",           1709164800 },
    { "9999-12-31T23:59:59Z",           253402300799LL },

    { "",                               NGX_ERROR },
    { "2026-11-21",                     NGX_ERROR },
    { "2026-11-21T20:00:00",            NGX_ERROR },
    { "2026-11-21 20:00:00Z",           NGX_ERROR },
    { "2026-11-21T20:00:00Z ",          NGX_ERROR },
    { "2026-11-21T20:00:00ZZ",          NGX_ERROR },
    { "2026-11-21T20:00:00.Z",          NGX_ERROR },
    { "2026-13-01T00:00:00Z",           NGX_ERROR },
    { "2026-02-29T00:00:00Z",           NGX_ERROR },
    { "2026-04-31T00:00:00Z",           NGX_ERROR },
    { "2026-11-21T24:00:00Z",           NGX_ERROR },
    { "2026-11-21T20:60:00Z",           NGX_ERROR },
    { "2026-11-21T20:00:00+2:00",       NGX_ERROR },
    { "2026-11-21T20:00:00+02:00x",     NGX_ERROR },
    { "1969-12-31T23:59:59Z",           NGX_ERROR },
    { "1970-01-01T00:00:00+00:01",      NGX_ERROR },
    { "9999-12-31T23:59:59-00:01",      NGX_ERROR },
    { "-026-11-21T20:00:00Z",           NGX_ERROR },
    { "now",                            NGX_ERROR }
};


/* midnight in California is at 8 in winter, at 7 in summer */

static const struct {
    const char  *now;
    ngx_uint_t   want;
} days[] = {
    { "2026-01-15T07:59:59Z",  1 },
    { "2026-01-15T08:00:00Z",  86400 },
    { "2026-07-15T06:59:59Z",  1 },
    { "2026-07-15T07:00:00Z",  86400 },

    /* the days of 23 and of 25 hours: 8 March and 1 November */

    { "2026-03-08T07:59:59Z",  1 },
    { "2026-03-08T08:00:00Z",  82800 },
    { "2026-03-08T10:00:00Z",  75600 },
    { "2026-03-09T07:00:00Z",  86400 },
    { "2026-11-01T06:59:59Z",  1 },
    { "2026-11-01T07:00:00Z",  90000 },
    { "2026-11-01T09:00:00Z",  82800 },
    { "2026-11-02T08:00:00Z",  86400 },

    { "2026-12-31T23:00:00Z",  32400 },
    { "1970-01-01T00:00:00Z",  28800 }
};


int
main(void)
{
    char        buf[NGX_SIMULCAST_MOMENT];
    int64_t     now;
    ngx_uint_t  i, wrong;

    for (i = 0; i < sizeof(parses) / sizeof(parses[0]); i++) {
        tap_is(ngx_simulcast_moment_parse(parses[i].text), parses[i].want,
               parses[i].text[0] ? parses[i].text : "nothing");
    }

    for (i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        tap_is(ngx_simulcast_moment_pacific(
                   ngx_simulcast_moment_parse(days[i].now)),
               days[i].want, days[i].now);
    }

    tap_is_text(ngx_simulcast_moment_print(1795291200, buf),
                "2026-11-21T20:00:00.000Z", "printed");
    tap_ok(ngx_simulcast_moment_print(-1, buf) == NULL, "before the epoch");
    tap_ok(ngx_simulcast_moment_print(253402300800LL, buf) == NULL,
           "after the year 9999");

    wrong = 0;

    for (now = 0; now < 253402300800LL; now += 86400 * 97 + 12345) {

        if (ngx_simulcast_moment_print(now, buf) == NULL
            || ngx_simulcast_moment_parse(buf) != now)
        {
            wrong++;
        }
    }

    tap_is(wrong, 0, "what is printed is read");

    wrong = 0;

    for (now = 1767225600; now < 1767225600 + 366 * 86400; now += 1733) {

        i = ngx_simulcast_moment_pacific(now);

        /* the next one is a whole day away, give or take an hour */

        if (i < 1 || i > 90000
            || ngx_simulcast_moment_pacific(now + i) < 82800)
        {
            wrong++;
        }
    }

    tap_is(wrong, 0, "midnight follows midnight, all the year");

    return tap_done();
}
