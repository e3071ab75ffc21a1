
/*
 * Copyright (C) the ngx_live contributors
 *
 * What Prometheus reads of the sessions.
 */


#ifndef _NGX_WHIP_METRICS_H_INCLUDED_
#define _NGX_WHIP_METRICS_H_INCLUDED_


#include "ngx_whip_status.h"


#pragma GCC visibility push(hidden)

/* *body is of the pool; NGX_ERROR: out of memory */
ngx_int_t ngx_whip_metrics_write(ngx_pool_t *pool, ngx_whip_status_all_t *all,
    ngx_str_t *body);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_METRICS_H_INCLUDED_ */
