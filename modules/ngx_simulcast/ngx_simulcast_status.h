
/*
 * Copyright (C) the ngx_live contributors
 *
 * simulcast_status: what is pushed by all workers of this machine, as JSON and
 * for Prometheus.
 */


#ifndef _NGX_SIMULCAST_STATUS_H_INCLUDED_
#define _NGX_SIMULCAST_STATUS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_simulcast_registry.h"


typedef struct {
    ngx_array_t                 list;       /* ngx_simulcast_stats_t; strings
                                               are of UTF-8 */
    ngx_uint_t                  states[NGX_SIMULCAST_NSTATES];
    ngx_uint_t                  slots;      /* of the zone */
    ngx_uint_t                  workers;
    ngx_live_redis_look_t       redis;      /* of this worker */
} ngx_simulcast_status_all_t;


#pragma GCC visibility push(hidden)

/* content handlers */

ngx_int_t ngx_simulcast_status_json(ngx_http_request_t *r);
ngx_int_t ngx_simulcast_status_prometheus(ngx_http_request_t *r);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_STATUS_H_INCLUDED_ */
