
/*
 * Copyright (C) the ngx_live contributors
 *
 * How a content handler answers: with JSON, with text, or with an error.
 */


#ifndef _NGX_LIVE_ANSWER_H_INCLUDED_
#define _NGX_LIVE_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <jansson.h>


#pragma GCC visibility push(hidden)

/* adds a response header; both strings live as long as the request */
ngx_int_t ngx_live_answer_header(ngx_http_request_t *r, const char *name,
    const char *value);

/*
 * For what may be asked for by GET and HEAD, and is not to be kept by caches.
 * NGX_DECLINED: go on; otherwise the request is answered, and the handler
 * returns what this returned.
 */
ngx_int_t ngx_live_answer_begin(ngx_http_request_t *r);

/*
 * Each sends a complete answer, drops the request's body, and returns what the
 * handler returns.  The body of the answer lives as long as the request; the
 * reference to json is taken over, and NULL is for out of memory.
 */
ngx_int_t ngx_live_answer_text(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body);
ngx_int_t ngx_live_answer_json(ngx_http_request_t *r, ngx_uint_t status,
    json_t *json);

/* {"success":false,"error":{...}} */
ngx_int_t ngx_live_answer_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message);

/*
 * Sends the headers as they are set, and a body that lives as long as the
 * request; drops nothing, and returns what the handler returns.
 */
ngx_int_t ngx_live_answer_body(ngx_http_request_t *r, ngx_str_t *body);

/* as 2026-11-21T20:00:00.000Z, from ms of the epoch; NULL: out of memory */
json_t *ngx_live_answer_time(uint64_t ms);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_ANSWER_H_INCLUDED_ */
