
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_moment.h"

#include <stdio.h>


#define NGX_SIMULCAST_MOMENT_DAY  86400
#define NGX_SIMULCAST_MOMENT_MAX  (int64_t) 253402300799    /* 9999-12-31 */


static int64_t ngx_simulcast_moment_days(int64_t year, int64_t month,
    int64_t day);
static void ngx_simulcast_moment_date(int64_t days, int64_t *year,
    int64_t *month, int64_t *day);
static const char *ngx_simulcast_moment_number(const char *p, ngx_uint_t n,
    int64_t min, int64_t max, int64_t *out);
static int64_t ngx_simulcast_moment_sunday(int64_t year, int64_t month,
    ngx_uint_t n);


int64_t
ngx_simulcast_moment_parse(const char *text)
{
    int64_t      year, month, day, hour, minute, second, zh, zm, sign, value;
    int64_t      y, m, d;
    const char  *p;

    p = ngx_simulcast_moment_number(text, 4, 1970, 9999, &year);

    if (p == NULL || *p++ != '-') {
        return NGX_ERROR;
    }

    p = ngx_simulcast_moment_number(p, 2, 1, 12, &month);

    if (p == NULL || *p++ != '-') {
        return NGX_ERROR;
    }

    p = ngx_simulcast_moment_number(p, 2, 1, 31, &day);

    if (p == NULL || (*p != 'T' && *p != 't')) {
        return NGX_ERROR;
    }

    p = ngx_simulcast_moment_number(p + 1, 2, 0, 23, &hour);

    if (p == NULL || *p++ != ':') {
        return NGX_ERROR;
    }

    p = ngx_simulcast_moment_number(p, 2, 0, 59, &minute);

    if (p == NULL) {
        return NGX_ERROR;
    }

    second = 0;

    if (*p == ':') {
        p = ngx_simulcast_moment_number(p + 1, 2, 0, 59, &second);

        if (p == NULL) {
            return NGX_ERROR;
        }

        if (*p == '.') {
            if (p[1] < '0' || p[1] > '9') {
                return NGX_ERROR;
            }

            for (p++; *p >= '0' && *p <= '9'; p++) { /* void */ }
        }
    }

    /* the thirtieth of February comes back as another day */

    value = ngx_simulcast_moment_days(year, month, day);
    ngx_simulcast_moment_date(value, &y, &m, &d);

    if (m != month || d != day) {
        return NGX_ERROR;
    }

    value = value * NGX_SIMULCAST_MOMENT_DAY + hour * 3600 + minute * 60
            + second;

    if (*p == 'Z' || *p == 'z') {
        return p[1] == '\0' ? value : NGX_ERROR;
    }

    if (*p != '+' && *p != '-') {
        return NGX_ERROR;
    }

    sign = *p == '+' ? 1 : -1;

    p = ngx_simulcast_moment_number(p + 1, 2, 0, 23, &zh);

    if (p == NULL || *p++ != ':') {
        return NGX_ERROR;
    }

    p = ngx_simulcast_moment_number(p, 2, 0, 59, &zm);

    if (p == NULL || *p != '\0') {
        return NGX_ERROR;
    }

    value -= sign * (zh * 3600 + zm * 60);

    return value >= 0 && value <= NGX_SIMULCAST_MOMENT_MAX ? value : NGX_ERROR;
}


const char *
ngx_simulcast_moment_print(int64_t seconds, char buf[NGX_SIMULCAST_MOMENT])
{
    int64_t   year, month, day;
    unsigned  rest;

    if (seconds < 0 || seconds > NGX_SIMULCAST_MOMENT_MAX) {
        return NULL;
    }

    ngx_simulcast_moment_date(seconds / NGX_SIMULCAST_MOMENT_DAY, &year,
                              &month, &day);

    rest = seconds % NGX_SIMULCAST_MOMENT_DAY;

    (void) snprintf(buf, NGX_SIMULCAST_MOMENT,
                    "%04u-%02u-%02uT%02u:%02u:%02u.000Z",
                    (unsigned) year % 10000, (unsigned) month % 100,
                    (unsigned) day % 100, rest / 3600 % 100, rest / 60 % 60,
                    rest % 60);

    return buf;
}


ngx_uint_t
ngx_simulcast_moment_pacific(int64_t now)
{
    int64_t  year, month, day, from, till, offset, local, midnight;

    if (now < 0 || now > NGX_SIMULCAST_MOMENT_MAX) {
        return NGX_SIMULCAST_MOMENT_DAY;
    }

    ngx_simulcast_moment_date((now - 8 * 3600) / NGX_SIMULCAST_MOMENT_DAY,
                              &year, &month, &day);

    /*
     * Daylight time begins on the second Sunday of March and ends on the first
     * one of November, at two o'clock of the time that ends there
     */

    from = ngx_simulcast_moment_sunday(year, 3, 2) + 10 * 3600;
    till = ngx_simulcast_moment_sunday(year, 11, 1) + 9 * 3600;

    offset = (now >= from && now < till) ? 7 * 3600 : 8 * 3600;

    local = now - offset;
    midnight = (local / NGX_SIMULCAST_MOMENT_DAY + 1)
               * NGX_SIMULCAST_MOMENT_DAY;

    if (local < 0) {
        midnight = 0;
    }

    /* the day of a change is an hour longer or shorter */

    if (now < from && midnight + offset >= from) {
        midnight -= 3600;

    } else if (now < till && now >= from && midnight + offset >= till) {
        midnight += 3600;
    }

    return midnight - local;
}


/* of the proleptic Gregorian calendar, since 1970-01-01 */

static int64_t
ngx_simulcast_moment_days(int64_t year, int64_t month, int64_t day)
{
    int64_t  era, yoe, doy;

    /* years begin in March: the leap day is their last */

    year -= month <= 2;
    era = year / 400;
    yoe = year - era * 400;
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}


static void
ngx_simulcast_moment_date(int64_t days, int64_t *year, int64_t *month,
    int64_t *day)
{
    int64_t  era, doe, yoe, doy, mp;

    days += 719468;
    era = days / 146097;
    doe = days - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}


static const char *
ngx_simulcast_moment_number(const char *p, ngx_uint_t n, int64_t min,
    int64_t max, int64_t *out)
{
    int64_t  value;

    for (value = 0; n; n--, p++) {
        if (*p < '0' || *p > '9') {
            return NULL;
        }

        value = value * 10 + (*p - '0');
    }

    *out = value;

    return value >= min && value <= max ? p : NULL;
}


/* seconds, of the midnight UTC that begins the n-th Sunday of a month */

static int64_t
ngx_simulcast_moment_sunday(int64_t year, int64_t month, ngx_uint_t n)
{
    int64_t  first;

    first = ngx_simulcast_moment_days(year, month, 1);

    /* the first of January 1970 was a Thursday */

    return (first + (10 - first % 7) % 7 + 7 * ((int64_t) n - 1))
           * NGX_SIMULCAST_MOMENT_DAY;
}
