
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: points in time as platforms write them, and when their day begins.
 */


#ifndef _NGX_SIMULCAST_MOMENT_H_INCLUDED_
#define _NGX_SIMULCAST_MOMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_MOMENT  sizeof("2026-11-21T20:00:00.000Z")


#pragma GCC visibility push(hidden)

/*
 * ISO 8601 with date, time and zone, "2026-10-05T12:00[:00[.000]](Z|+02:00)",
 * in years 1970 to 9999; returns seconds since the epoch. NGX_ERROR: anything
 * else.
 */
int64_t ngx_simulcast_moment_parse(const char *text);

/* "2026-10-05T12:00:00.000Z"; NULL when it is not of these years */
const char *ngx_simulcast_moment_print(int64_t seconds,
    char buf[NGX_SIMULCAST_MOMENT]);

/* seconds, at least 1, until the next midnight in California, when the quota of
   Google's APIs is given anew */
ngx_uint_t ngx_simulcast_moment_pacific(int64_t now);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_MOMENT_H_INCLUDED_ */
