
/*
 * Copyright (C) the ngx_live contributors
 *
 * whip_status: the sessions of all workers, as JSON and for Prometheus.
 */


#ifndef _NGX_WHIP_STATUS_H_INCLUDED_
#define _NGX_WHIP_STATUS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#pragma GCC visibility push(hidden)

/* content handlers */
ngx_int_t ngx_whip_status_json(ngx_http_request_t *r);
ngx_int_t ngx_whip_status_prometheus(ngx_http_request_t *r);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_STATUS_H_INCLUDED_ */
