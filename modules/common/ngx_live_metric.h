
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: metrics as Prometheus reads them, text exposition format 0.0.4.
 *
 *     # HELP multisource_fps Video frames per second.
 *     # TYPE multisource_fps gauge
 *     multisource_fps{streamer="alice",source="Face_Cam"} 30.000000
 *
 * Each function writes to p and not beyond last, and returns where the next
 * one goes.
 */


#ifndef _NGX_LIVE_METRIC_H_INCLUDED_
#define _NGX_LIVE_METRIC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_METRIC_TYPE  "text/plain; version=0.0.4; charset=utf-8"


/* one of a table, whose values stand in a structure */

typedef struct {
    const char  *name;
    const char  *type;              /* counter, gauge */
    const char  *help;
    ngx_uint_t   real;              /* a double at `offset`, else uint64_t */
    size_t       offset;
} ngx_live_metric_t;


#pragma GCC visibility push(hidden)

/* what precedes the samples of a metric */
u_char *ngx_live_metric_head(u_char *p, u_char *last, const char *name,
    const char *type, const char *help);

/* a metric with one sample, without labels */
u_char *ngx_live_metric_single(u_char *p, u_char *last, const char *name,
    const char *type, const char *help, uint64_t value);

/* a sample; labels are what stands between the braces, values the structure */
u_char *ngx_live_metric_sample(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, u_char *labels, const void *values);

/* the value of a label; s ends with NUL, and what is written does as well */
u_char *ngx_live_metric_label(u_char *p, u_char *last, u_char *s);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_METRIC_H_INCLUDED_ */
