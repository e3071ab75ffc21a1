
/*
 * Copyright (C) the ngx_live contributors
 *
 * What Prometheus reads of the destinations.
 */


#ifndef _NGX_SIMULCAST_METRICS_H_INCLUDED_
#define _NGX_SIMULCAST_METRICS_H_INCLUDED_


#include "ngx_simulcast_status.h"


#pragma GCC visibility push(hidden)

/* *body is of the pool; NGX_ERROR: out of memory */
ngx_int_t ngx_simulcast_metrics_write(ngx_pool_t *pool,
    ngx_simulcast_status_all_t *all, ngx_str_t *body);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_METRICS_H_INCLUDED_ */
