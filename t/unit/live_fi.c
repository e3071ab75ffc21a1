
/*
 * Copyright (C) the ngx_live contributors
 *
 * onFI messages: those that encoders send, each cut off at every place, those
 * that are none, and what is written, which the C library's calendar checks.
 */

/* sources: modules/common/ngx_live_fi.c modules/common/ngx_live_text.c */


#include "tap.h"
#include "ngx_live_fi.h"

#include <time.h>


#define NAME    "02 0004 6f6e4649 "
#define ARRAY   "08 00000002 "
#define OBJECT  "03 "
#define END     "0000 09 "

#define SD      "0002 7364 02 000a "
#define ST      "0002 7374 02 000c "

#define D       "30392d31322d32303235 "           /* 09-12-2025 */
#define T       "31333a30353a34322e303037 "       /* 13:05:42.007 */

#define WANT    1765285542007000LL


typedef struct {
    const char  *name;
    const char  *hex;
    ngx_int_t    rc;
    int64_t      us;
} row_t;


static const row_t  rows[] = {

    { "an ECMA array", NAME ARRAY SD D ST T END, NGX_OK, WANT },
    { "an object", NAME OBJECT SD D ST T END, NGX_OK, WANT },
    { "the time first", NAME OBJECT ST T SD D END, NGX_OK, WANT },
    { "an array of any count",
      NAME "08 ffffffff " SD D ST T END, NGX_OK, WANT },
    { "no end", NAME OBJECT SD D ST T, NGX_OK, WANT },
    { "something behind it", NAME ARRAY SD D ST T END "05", NGX_OK, WANT },
    { "the last of several is in force",
      NAME OBJECT SD "30312d30312d31393730 " SD D ST T END, NGX_OK, WANT },

    /* other members */

    { "a number", NAME OBJECT "0001 61 00 3ff0000000000000 " SD D ST T END,
      NGX_OK, WANT },
    { "a boolean", NAME OBJECT "0001 61 01 01 " SD D ST T END, NGX_OK, WANT },
    { "a string", NAME OBJECT "0002 7463 02 0003 616263 " SD D ST T END,
      NGX_OK, WANT },
    { "an empty one", NAME OBJECT "0001 61 02 0000 " SD D ST T END,
      NGX_OK, WANT },
    { "null", NAME OBJECT "0001 61 05 " SD D ST T END, NGX_OK, WANT },
    { "undefined", NAME OBJECT "0001 61 06 " SD D ST T END, NGX_OK, WANT },
    { "a date", NAME OBJECT "0001 61 0b 42731ff5db32e000 0000 "
      SD D ST T END, NGX_OK, WANT },
    { "a long string", NAME OBJECT "0001 61 0c 00000002 6162 " SD D ST T END,
      NGX_OK, WANT },
    { "a key that begins like one of these",
      NAME OBJECT "0003 736461 05 0001 73 05 0002 7365 05 " SD D ST T END,
      NGX_OK, WANT },
    { "an object", NAME OBJECT "0001 61 03 " END SD D ST T END, NGX_ERROR, 0 },
    { "an array", NAME OBJECT "0001 61 0a 00000000 " SD D ST T END,
      NGX_ERROR, 0 },
    { "a nested ECMA array", NAME OBJECT SD D ST T "0001 61 08 00000000 " END
      END, NGX_ERROR, 0 },
    { "a reference", NAME OBJECT SD D ST T "0001 61 07 0000 " END,
      NGX_ERROR, 0 },
    { "AMF3", NAME OBJECT SD D ST T "0001 61 11 01 " END, NGX_ERROR, 0 },
    { "a long string of 4 GB",
      NAME OBJECT SD D ST T "0001 61 0c ffffffff 61 " END, NGX_ERROR, 0 },

    /* not a date and a time */

    { "the date alone", NAME OBJECT SD D END, NGX_ERROR, 0 },
    { "the time alone", NAME OBJECT ST T END, NGX_ERROR, 0 },
    { "neither", NAME OBJECT "0002 7463 02 0003 616263 " END,
      NGX_DECLINED, 0 },
    { "nothing", NAME OBJECT END, NGX_DECLINED, 0 },
    { "a number for the date",
      NAME OBJECT "0002 7364 00 3ff0000000000000 " ST T END, NGX_ERROR, 0 },
    { "null for the time", NAME OBJECT SD D "0002 7374 05 " END,
      NGX_ERROR, 0 },
    { "a long string for the date",
      NAME OBJECT "0002 7364 0c 0000000a " D ST T END, NGX_ERROR, 0 },
    { "no date", NAME OBJECT "0002 7364 02 0000 " ST T END, NGX_ERROR, 0 },
    { "a key without a marker behind it", NAME OBJECT SD D ST T "0000 05",
      NGX_ERROR, 0 },

    /* other messages */

    { "empty", "", NGX_DECLINED, 0 },
    { "the name alone", NAME, NGX_ERROR, 0 },
    { "a string behind it", NAME "02 0001 61", NGX_ERROR, 0 },
    { "null behind it", NAME "05", NGX_ERROR, 0 },
    { "a strict array", NAME "0a 00000002 02 000a " D "02 000c " T,
      NGX_ERROR, 0 },
    { "onFi", "02 0004 6f6e4669 " ARRAY SD D ST T END, NGX_DECLINED, 0 },
    { "onMetaData", "02 000a 6f6e4d6574614461 7461 " ARRAY SD D ST T END,
      NGX_DECLINED, 0 },
    { "onFIX", "02 0005 6f6e464958 " ARRAY SD D ST T END, NGX_DECLINED, 0 },
    { "a number", "00 3ff0000000000000", NGX_DECLINED, 0 },

    { NULL, NULL, 0, 0 }
};


/* a date and a time as text; -1: malformed */

static const struct {
    const char  *date;
    const char  *time;
    int64_t      us;
} texts[] = {
    { "01-01-1970", "00:00:00.000", 0 },
    { "1970-01-01", "00:00:00", 0 },
    { "1970-01-01", "00:00:00.000001", 1 },
    { "31-12-1970", "23:59:59.999", 31535999999000LL },
    { "29-02-2024", "12:00:00", 1709208000000000LL },
    { "2024-02-29", "12:00:00", 1709208000000000LL },
    { "29-02-2000", "00:00:00", 951782400000000LL },
    { "01-03-2100", "00:00:00", 4107542400000000LL },
    { "31-12-9999", "23:59:59.999999", 253402300799999999LL },
    { "09-12-2025", "13:05:42", 1765285542000000LL },
    { "09-12-2025", "13:05:42:007", WANT },
    { "09-12-2025", "13:05:42.007123", WANT + 123 },
    { "2025-12-09", "13:05:42.007", WANT },

    { "31-12-1969", "23:59:59.999", -1 },
    { "29-02-2023", "12:00:00", -1 },
    { "29-02-2100", "12:00:00", -1 },
    { "31-04-2025", "12:00:00", -1 },
    { "32-01-2025", "12:00:00", -1 },
    { "00-01-2025", "12:00:00", -1 },
    { "01-00-2025", "12:00:00", -1 },
    { "01-13-2025", "12:00:00", -1 },
    { "2025-13-01", "12:00:00", -1 },
    { "2025-00-01", "12:00:00", -1 },
    { "2025-01-00", "12:00:00", -1 },
    { "12-09-25", "12:00:00", -1 },
    { "9-12-2025", "12:00:00", -1 },
    { "09/12/2025", "12:00:00", -1 },
    { "09-12/2025", "12:00:00", -1 },
    { "09-12-2025 ", "12:00:00", -1 },
    { "2025-12-9 ", "12:00:00", -1 },
    { "-1-12-2025", "12:00:00", -1 },
    { "09-12-20 5", "12:00:00", -1 },
    { "----------", "12:00:00", -1 },

    { "09-12-2025", "", -1 },
    { "09-12-2025", "12:00", -1 },
    { "09-12-2025", "24:00:00", -1 },
    { "09-12-2025", "12:60:00", -1 },
    { "09-12-2025", "12:00:60", -1 },
    { "09-12-2025", "-1:00:00", -1 },
    { "09-12-2025", "12:-1:00", -1 },
    { "09-12-2025", "12:00: 1", -1 },
    { "09-12-2025", "12.00.00", -1 },
    { "09-12-2025", "12:00:00.", -1 },
    { "09-12-2025", "12:00:00.1", -1 },
    { "09-12-2025", "12:00:00,123", -1 },
    { "09-12-2025", "12:00:00.12x", -1 },
    { "09-12-2025", "12:00:00.-12", -1 },
    { "09-12-2025", "12:00:00:123456", -1 },
    { "09-12-2025", "12:00:00.1234567", -1 },
    { "09-12-2025", "12:00:00.123Z", -1 },
    { "09-12-2025", "12:00:00.12345x", -1 },
    { "09-12-2025", "012:00:00.123", -1 }
};


static u_char *
string(u_char *p, const char *s)
{
    size_t  len;

    len = strlen(s);

    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    return ngx_cpymem(p, s, len);
}


static void
test_texts(void)
{
    char      name[128];
    u_char    buf[256], *p;
    size_t    i;
    int64_t   us;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        p = ngx_cpymem(buf, "\2\0\4onFI\3", 8);
        p = string(p, "sd");
        *p++ = 2;
        p = string(p, texts[i].date);
        p = string(p, "st");
        *p++ = 2;
        p = string(p, texts[i].time);
        p = ngx_cpymem(p, "\0\0\11", 3);

        if (ngx_live_fi_parse(buf, p, &us) != NGX_OK) {
            us = -1;
        }

        snprintf(name, sizeof(name), "\"%s\" \"%s\"", texts[i].date,
                 texts[i].time);
        tap_is(us, texts[i].us, name);
    }
}


/* cut off anywhere it is malformed, or another message */

static int
cuts(const row_t *row)
{
    size_t      n, len;
    u_char     *p, *copy;
    int64_t     us;
    ngx_int_t   rc;

    p = tap_bytes(row->hex, &len);

    for (n = 0; n < len; n++) {

        copy = malloc(n ? n : 1);
        if (copy == NULL) {
            return 0;
        }

        memcpy(copy, p, n);
        us = -1;

        rc = ngx_live_fi_parse(copy, copy + n, &us);
        free(copy);

        if (n < 7 ? rc != NGX_DECLINED : rc == NGX_OK && us != row->us) {
            printf("# cut off at %d: %d\n", (int) n, (int) rc);
            free(p);
            return 0;
        }
    }

    free(p);

    return 1;
}


/* the calendar of the C library says the same */

static int
written(int64_t us)
{
    char        want[64], got[64];
    u_char      buf[NGX_LIVE_FI_MAX], *p;
    time_t      seconds;
    int64_t     ms, read;
    struct tm   tm;

    ms = (us + 500) / 1000;
    seconds = ms / 1000;

    gmtime_r(&seconds, &tm);

    (void) strftime(want, sizeof(want), "%d-%m-%Y %H:%M:%S", &tm);
    snprintf(want + strlen(want), sizeof(want) - strlen(want), ".%03d",
             (int) (ms % 1000));

    p = ngx_live_fi_write(buf, us);

    snprintf(got, sizeof(got), "%.10s %.12s", (char *) buf + 19,
             (char *) buf + 36);

    if (strcmp(got, want) != 0
        || p - buf != 51
        || ngx_live_fi_parse(buf, p, &read) != NGX_OK
        || read != ms * 1000)
    {
        printf("# %lld us: %s instead of %s\n", (long long) us, got, want);
        return 0;
    }

    return 1;
}


static void
test_write(void)
{
    u_char    buf[NGX_LIVE_FI_MAX], *p, *want;
    size_t    len;
    int64_t   us, read;
    int       bad;

    want = tap_bytes(NAME ARRAY SD D ST T END, &len);
    p = ngx_live_fi_write(buf, WANT);

    tap_ok((size_t) (p - buf) == len && memcmp(buf, want, len) == 0,
           "is written");
    tap_ok(len <= NGX_LIVE_FI_MAX, "there is room for it");

    free(want);

    /* each day, at another time of it, until the year 2500 */

    bad = 0;

    for (us = 0; us < 16725225600000000LL; us += 86400123457LL) {
        bad += !written(us);
    }

    tap_is(bad, 0, "each day");

    tap_ok(written(499), "rounded down");
    tap_ok(written(500), "rounded up");
    tap_ok(written(1765324799999500LL), "into the next day");
    tap_ok(written(253402300799999000LL), "the last one");

    p = ngx_live_fi_write(buf, -1);
    tap_ok(ngx_live_fi_parse(buf, p, &read) == NGX_OK && read == 0,
           "none before 1970");

    p = ngx_live_fi_write(buf, INT64_MIN);
    tap_ok(ngx_live_fi_parse(buf, p, &read) == NGX_OK && read == 0,
           "long before 1970");

    p = ngx_live_fi_write(buf, INT64_MAX);
    tap_ok(ngx_live_fi_parse(buf, p, &read) == NGX_OK
           && read == 253402300799999000LL && p - buf == 51,
           "none after 9999");
}


int
main(void)
{
    u_char       *p;
    size_t        len;
    int64_t       us;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        p = tap_bytes(row->hex, &len);
        us = 0;

        tap_is(ngx_live_fi_parse(p, p + len, &us), row->rc, row->name);
        tap_is(us, row->us, "  its time");

        if (row->rc == NGX_OK) {
            tap_ok(cuts(row), "  cut off anywhere");
        }

        free(p);
    }

    test_texts();
    test_write();

    return tap_done();
}
