
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_amf.h"
#include "ngx_live_fi.h"
#include "ngx_live_text.h"


/* AMF0, 2.1: scalars that nginx-rtmp does not read */

#define NGX_LIVE_FI_DATE   0x0b       /* a number and two bytes */
#define NGX_LIVE_FI_LONG   0x0c       /* a string, of four bytes' length */

#define NGX_LIVE_FI_NAME   "\2\0\4onFI"
#define NGX_LIVE_FI_NAME_LEN   (sizeof(NGX_LIVE_FI_NAME) - 1)

#define NGX_LIVE_FI_DAY    86400000LL         /* ms */
#define NGX_LIVE_FI_LAST   253402300799999LL  /* ms, the end of the year 9999 */

/* days of 400 years, and from March 1 of the year 0 to January 1, 1970 */

#define NGX_LIVE_FI_ERA    146097
#define NGX_LIVE_FI_EPOCH  719468


static const u_char *ngx_live_fi_skip(const u_char *p, const u_char *end);
static ngx_int_t ngx_live_fi_date(const u_char *p, size_t len, int64_t *day);
static ngx_int_t ngx_live_fi_time(const u_char *p, size_t len, int64_t *us);
static ngx_int_t ngx_live_fi_number(const u_char *p, size_t digits);
static int64_t ngx_live_fi_day(ngx_int_t year, ngx_int_t month, ngx_int_t day);
static void ngx_live_fi_calendar(int64_t n, ngx_int_t *year, ngx_int_t *month,
    ngx_int_t *day);
static u_char *ngx_live_fi_member(u_char *p, const char *key, size_t len);


ngx_int_t
ngx_live_fi_parse(const u_char *p, const u_char *end, int64_t *us)
{
    size_t         len;
    int64_t        day, time, *member;
    ngx_int_t      rc;
    const u_char  *key, *value;

    if ((size_t) (end - p) < NGX_LIVE_FI_NAME_LEN
        || ngx_memcmp(p, NGX_LIVE_FI_NAME, NGX_LIVE_FI_NAME_LEN) != 0)
    {
        return NGX_DECLINED;
    }

    p += NGX_LIVE_FI_NAME_LEN;

    if (p == end) {
        return NGX_ERROR;
    }

    switch (*p++) {

    case NGX_LIVE_AMF_OBJECT:
        break;

    case NGX_LIVE_AMF_ECMA_ARRAY:

        /* the count is a mere hint */

        if (end - p < 4) {
            return NGX_ERROR;
        }

        p += 4;
        break;

    default:
        return NGX_ERROR;
    }

    day = -1;
    time = -1;

    /* some encoders leave the end of an object out */

    while (p < end) {

        if (end - p < 2) {
            return NGX_ERROR;
        }

        len = (size_t) p[0] << 8 | p[1];
        key = p + 2;

        if (len == 0) {

            if (key == end || *key != NGX_LIVE_AMF_END) {
                return NGX_ERROR;
            }

            break;
        }

        if ((size_t) (end - key) < len) {
            return NGX_ERROR;
        }

        value = key + len;

        p = ngx_live_fi_skip(value, end);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (len != 2 || key[0] != 's' || (key[1] != 'd' && key[1] != 't')) {
            continue;
        }

        if (*value != NGX_LIVE_AMF_STRING) {
            return NGX_ERROR;
        }

        value += 3;

        if (key[1] == 'd') {
            member = &day;
            rc = ngx_live_fi_date(value, p - value, member);

        } else {
            member = &time;
            rc = ngx_live_fi_time(value, p - value, member);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (day < 0 && time < 0) {
        return NGX_DECLINED;
    }

    if (day < 0 || time < 0) {
        return NGX_ERROR;
    }

    *us = day * NGX_LIVE_FI_DAY * 1000 + time;

    return NGX_OK;
}


/* the end of a scalar; NULL: it is cut off, or none */

static const u_char *
ngx_live_fi_skip(const u_char *p, const u_char *end)
{
    size_t      len;
    ngx_uint_t  type;

    if (p == end) {
        return NULL;
    }

    type = *p++;

    switch (type) {

    case NGX_LIVE_AMF_NUMBER:
        len = 8;
        break;

    case NGX_LIVE_AMF_BOOLEAN:
        len = 1;
        break;

    case NGX_LIVE_AMF_NULL:
    case NGX_LIVE_AMF_UNDEFINED:
        len = 0;
        break;

    case NGX_LIVE_FI_DATE:
        len = 10;
        break;

    case NGX_LIVE_AMF_STRING:

        if (end - p < 2) {
            return NULL;
        }

        len = (size_t) p[0] << 8 | p[1];
        p += 2;
        break;

    case NGX_LIVE_FI_LONG:

        if (end - p < 4) {
            return NULL;
        }

        len = (size_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
        p += 4;
        break;

    default:
        return NULL;
    }

    return (size_t) (end - p) < len ? NULL : p + len;
}


/* DD-MM-YYYY or YYYY-MM-DD; *day is counted from January 1, 1970 */

static ngx_int_t
ngx_live_fi_date(const u_char *p, size_t len, int64_t *day)
{
    int64_t    n;
    ngx_int_t  y, m, d, year, month, mday;

    if (len != 10) {
        return NGX_ERROR;
    }

    if (p[2] == '-' && p[5] == '-') {
        mday = ngx_live_fi_number(p, 2);
        month = ngx_live_fi_number(p + 3, 2);
        year = ngx_live_fi_number(p + 6, 4);

    } else if (p[4] == '-' && p[7] == '-') {
        year = ngx_live_fi_number(p, 4);
        month = ngx_live_fi_number(p + 5, 2);
        mday = ngx_live_fi_number(p + 8, 2);

    } else {
        return NGX_ERROR;
    }

    if (year < 1970 || month < 1 || month > 12 || mday < 1) {
        return NGX_ERROR;
    }

    /* no such day in this month is one of the next */

    n = ngx_live_fi_day(year, month, mday);
    ngx_live_fi_calendar(n, &y, &m, &d);

    if (m != month || d != mday) {
        return NGX_ERROR;
    }

    *day = n;

    return NGX_OK;
}


/* HH:MM:SS, and then nothing, .mmm, :mmm or .uuuuuu */

static ngx_int_t
ngx_live_fi_time(const u_char *p, size_t len, int64_t *us)
{
    ngx_int_t  hour, minute, second, part;

    if (len < 8 || p[2] != ':' || p[5] != ':') {
        return NGX_ERROR;
    }

    hour = ngx_live_fi_number(p, 2);
    minute = ngx_live_fi_number(p + 3, 2);
    second = ngx_live_fi_number(p + 6, 2);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 59)
    {
        return NGX_ERROR;
    }

    if (len == 8) {
        part = 0;

    } else if (len == 12 && (p[8] == '.' || p[8] == ':')) {
        part = ngx_live_fi_number(p + 9, 3) * 1000;

    } else if (len == 15 && p[8] == '.') {
        part = ngx_live_fi_number(p + 9, 6);

    } else {
        return NGX_ERROR;
    }

    if (part < 0) {
        return NGX_ERROR;
    }

    *us = (int64_t) ((hour * 60 + minute) * 60 + second) * 1000000 + part;

    return NGX_OK;
}


/* negative: there is something else than a digit */

static ngx_int_t
ngx_live_fi_number(const u_char *p, size_t digits)
{
    ngx_int_t  n;

    for (n = 0; digits; digits--, p++) {

        if (*p < '0' || *p > '9') {
            return -1;
        }

        n = n * 10 + (*p - '0');
    }

    return n;
}


/*
 * The Gregorian calendar with years that begin in March: a leap day is the last
 * of its year, and five months in a row always have 153 days.
 */

static int64_t
ngx_live_fi_day(ngx_int_t year, ngx_int_t month, ngx_int_t day)
{
    if (month < 3) {
        year--;
        month += 12;
    }

    return (int64_t) year * 365 + year / 4 - year / 100 + year / 400
           + (153 * (month - 3) + 2) / 5 + day - 1 - NGX_LIVE_FI_EPOCH;
}


static void
ngx_live_fi_calendar(int64_t n, ngx_int_t *year, ngx_int_t *month,
    ngx_int_t *day)
{
    int64_t  era, y, m;

    n += NGX_LIVE_FI_EPOCH;

    era = n / NGX_LIVE_FI_ERA;
    n %= NGX_LIVE_FI_ERA;

    /* without the leap days so far: in 4, 100 and 400 years */

    y = (n - n / 1460 + n / 36524 - n / (NGX_LIVE_FI_ERA - 1)) / 365;
    n -= y * 365 + y / 4 - y / 100;

    m = (5 * n + 2) / 153;

    *day = n - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = era * 400 + y + (m >= 10);
}


u_char *
ngx_live_fi_write(u_char *p, int64_t us)
{
    int64_t    ms;
    ngx_int_t  year, month, day;

    ms = us / 1000 + (us % 1000 >= 500);
    ms = ngx_max(ms, 0);
    ms = ngx_min(ms, NGX_LIVE_FI_LAST);

    ngx_live_fi_calendar(ms / NGX_LIVE_FI_DAY, &year, &month, &day);

    ms %= NGX_LIVE_FI_DAY;

    p = ngx_cpymem(p, NGX_LIVE_FI_NAME, NGX_LIVE_FI_NAME_LEN);

    *p++ = NGX_LIVE_AMF_ECMA_ARRAY;
    p = ngx_cpymem(p, "\0\0\0\2", 4);

    p = ngx_live_fi_member(p, "sd", sizeof("DD-MM-YYYY") - 1);
    p = ngx_live_text_dec(p, day, 2);
    *p++ = '-';
    p = ngx_live_text_dec(p, month, 2);
    *p++ = '-';
    p = ngx_live_text_dec(p, year, 4);

    p = ngx_live_fi_member(p, "st", sizeof("HH:MM:SS.mmm") - 1);
    p = ngx_live_text_dec(p, ms / 3600000, 2);
    *p++ = ':';
    p = ngx_live_text_dec(p, ms / 60000 % 60, 2);
    *p++ = ':';
    p = ngx_live_text_dec(p, ms / 1000 % 60, 2);
    *p++ = '.';
    p = ngx_live_text_dec(p, ms % 1000, 3);

    *p++ = 0;
    *p++ = 0;
    *p++ = NGX_LIVE_AMF_END;

    return p;
}


/* a key of two letters, and the head of a string */

static u_char *
ngx_live_fi_member(u_char *p, const char *key, size_t len)
{
    *p++ = 0;
    *p++ = 2;
    p = ngx_cpymem(p, key, 2);

    *p++ = NGX_LIVE_AMF_STRING;
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    return p;
}
