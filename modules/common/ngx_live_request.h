
/*
 * Copyright (C) the ngx_live contributors
 *
 * What a content handler is asked with: headers, a bearer token, a body in one
 * piece.
 */


#ifndef _NGX_LIVE_REQUEST_H_INCLUDED_
#define _NGX_LIVE_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#pragma GCC visibility push(hidden)

/*
 * The value of a header, by its name in any case; NULL: there is none from
 * number *from on. *from becomes the number after it, for the next one of the
 * same name; 0 at first.
 */
ngx_str_t *ngx_live_request_header(ngx_http_request_t *r, const char *name,
    ngx_uint_t *from);

/* nonzero: the body is of this media type, whatever the parameters */
ngx_uint_t ngx_live_request_type(ngx_http_request_t *r, const char *type);

/*
 * RFC 6750, 2.1: what Authorization has after "Bearer", without the blanks
 * before it. The token is part of the header, and not empty; NGX_DECLINED: there
 * is none.
 */
ngx_int_t ngx_live_request_bearer(ngx_http_request_t *r, ngx_str_t *token);

/*
 * The body, which has been read, wherever nginx keeps it: in one piece from
 * `pool`, empty if there is none. NGX_DECLINED: it has more than `max` bytes, and
 * *body stays empty; NGX_ERROR: no memory, or the file of it cannot be read.
 */
ngx_int_t ngx_live_request_body(ngx_http_request_t *r, ngx_pool_t *pool,
    size_t max, ngx_str_t *body);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_REQUEST_H_INCLUDED_ */
