
/*
 * Copyright (C) the ngx_live contributors
 *
 * whip_status: the sessions of all workers, as JSON and for Prometheus.
 */


#ifndef _NGX_WHIP_STATUS_H_INCLUDED_
#define _NGX_WHIP_STATUS_H_INCLUDED_


#include "ngx_whip.h"

#include <ngx_http.h>


/* a session that was accepted; its strings are of printable ASCII */

typedef struct {
    ngx_uint_t         state;
    ngx_whip_stats_t   stats;
} ngx_whip_status_entry_t;


typedef struct {
    ngx_array_t        entries;              /* ngx_whip_status_entry_t */
    ngx_uint_t         states[NGX_WHIP_CLOSED];
    ngx_uint_t         total;                /* of all these */
} ngx_whip_status_all_t;


#pragma GCC visibility push(hidden)

/* content handlers */
ngx_int_t ngx_whip_status_json(ngx_http_request_t *r);
ngx_int_t ngx_whip_status_prometheus(ngx_http_request_t *r);

/* the word for a state below NGX_WHIP_CLOSED */
const char *ngx_whip_status_state(ngx_uint_t state);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_STATUS_H_INCLUDED_ */
