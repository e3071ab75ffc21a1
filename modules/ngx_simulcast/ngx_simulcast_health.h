
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: how a destination does, from what was really sent and acknowledged.
 */


#ifndef _NGX_SIMULCAST_HEALTH_H_INCLUDED_
#define _NGX_SIMULCAST_HEALTH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_HEALTH_STALE   10000      /* ms without progress */
#define NGX_SIMULCAST_HEALTH_ISSUES  8
#define NGX_SIMULCAST_HEALTH_ISSUE   96         /* bytes, NUL included */


typedef enum {
    NGX_SIMULCAST_HEALTH_UNKNOWN = 0,           /* not running */
    NGX_SIMULCAST_HEALTH_HEALTHY,
    NGX_SIMULCAST_HEALTH_DEGRADED,
    NGX_SIMULCAST_HEALTH_STALE_,                /* "stale" */
    NGX_SIMULCAST_HEALTH_ERROR
} ngx_simulcast_health_e;


/* what was measured over the last seconds */

typedef struct {
    double       fps;               /* sent and acknowledged */
    double       source_fps;        /* 0: unknown, or no video */
    uint64_t     bitrate;           /* bit/s, acknowledged */
    uint64_t     source_bitrate;    /* bit/s of what should have been sent */
    ngx_msec_t   idle;              /* since the last progress; ms */
    uint64_t     dropped;           /* frames, in the last seconds */
    unsigned     failed:1;          /* not connected, or retries used up */
    unsigned     connecting:1;      /* not yet: no verdict on the rates */
    unsigned     reconnecting:1;
} ngx_simulcast_health_sample_t;


typedef struct {
    ngx_uint_t   health;            /* ngx_simulcast_health_e */
    ngx_uint_t   nissues;

    /* for people: "Low FPS: 25.5", "Low bitrate: 1200 kbit/s of 4000",
       "No progress for 12 s", "Dropped frames: 31", ... */
    char         issues[NGX_SIMULCAST_HEALTH_ISSUES]
                       [NGX_SIMULCAST_HEALTH_ISSUE];
} ngx_simulcast_health_t;


#pragma GCC visibility push(hidden)

/*
 * healthy: at least min(20, the source's) fps and at least 90 % of the source's,
 * steady bitrate (at least 90 % of the source's), progress current; degraded:
 * low fps or bitrate, or frames dropped, or reconnecting; stale: no progress for
 * 10 s; error: failed.
 */
void ngx_simulcast_health_judge(ngx_simulcast_health_sample_t *sample,
    ngx_simulcast_health_t *out);

/* healthy, degraded, stale, error; "unknown" otherwise */
const char *ngx_simulcast_health_name(ngx_uint_t health);

/*
 * The worst of several as healthy, degraded or error: stale counts as degraded
 * unless it is the only one there is, then as error.
 */
ngx_uint_t ngx_simulcast_health_overall(ngx_uint_t *healths, ngx_uint_t n);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_HEALTH_H_INCLUDED_ */
