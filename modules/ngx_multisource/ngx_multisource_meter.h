
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: how much came within the last five seconds.
 */


#ifndef _NGX_MULTISOURCE_METER_H_INCLUDED_
#define _NGX_MULTISOURCE_METER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_MULTISOURCE_METER_BUCKETS  20
#define NGX_MULTISOURCE_METER_BUCKET   250      /* ms */
#define NGX_MULTISOURCE_METER_WINDOW                                         \
    (NGX_MULTISOURCE_METER_BUCKETS * NGX_MULTISOURCE_METER_BUCKET)


typedef struct {
    ngx_msec_t  start;          /* of the current bucket */
    ngx_msec_t  first;          /* when the first amount came */
    ngx_uint_t  current;
    ngx_uint_t  started;        /* unsigned  started:1; */
    uint64_t    sum;
    uint64_t    bucket[NGX_MULTISOURCE_METER_BUCKETS];
} ngx_multisource_meter_t;


#pragma GCC visibility push(hidden)

/* a zeroed meter is ready; `now` is monotonic, in ms */
void ngx_multisource_meter_add(ngx_multisource_meter_t *m, ngx_msec_t now,
    uint64_t amount);

/* the amount within the window that ends now */
uint64_t ngx_multisource_meter_sum(ngx_multisource_meter_t *m,
    ngx_msec_t now);

/*
 * The amount per 1000 s within the window, or within the time since the first
 * amount while that is shorter; 0 in the first second, which tells nothing.
 */
uint64_t ngx_multisource_meter_rate(ngx_multisource_meter_t *m,
    ngx_msec_t now);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_METER_H_INCLUDED_ */
