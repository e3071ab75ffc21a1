
/*
 * Copyright (C) the ngx_live contributors
 *
 * HTTP of a WHIP endpoint and of its sessions: RFC 9725.
 */


#ifndef _NGX_WHIP_ENDPOINT_H_INCLUDED_
#define _NGX_WHIP_ENDPOINT_H_INCLUDED_


#include "ngx_whip.h"

#include <ngx_http.h>


/* bytes of an offer, and of what else a request brings */

#define NGX_WHIP_ENDPOINT_BODY  65536


/* of a request below a location with `whip` */

typedef struct {
    ngx_str_t            path;       /* behind the location's prefix */
    ngx_str_t            args;
    ngx_str_t            label;      /* $whip_session */
    ngx_whip_session_t  *session;    /* that is waited for */
    ngx_uint_t           order;      /* sent to another worker, 0: none */
    ngx_str_t            line;       /* the request line as it was */
    unsigned             taken:1;    /* path and args are set */
} ngx_whip_endpoint_ctx_t;


#pragma GCC visibility push(hidden)

/*
 * Leaves stars in the request line, in place of the path behind the prefix and
 * of the arguments, which may hold a key, before anybody logs it.
 */
void ngx_whip_endpoint_hide(ngx_http_request_t *r, ngx_str_t *prefix);

/* the same with the URI; what was there is kept for the handler */
ngx_int_t ngx_whip_endpoint_take(ngx_http_request_t *r, ngx_str_t *prefix);

/* content handler */
ngx_int_t ngx_whip_endpoint_handler(ngx_http_request_t *r);

/* adds what pages of other origins need to every answer */
ngx_int_t ngx_whip_endpoint_cors(ngx_http_request_t *r);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_ENDPOINT_H_INCLUDED_ */
