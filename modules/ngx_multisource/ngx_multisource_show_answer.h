
/*
 * Copyright (C) the ngx_live contributors
 *
 * Answers of the HTTP API of sessions; none of them is for caches. Each returns
 * what a content handler returns.
 */


#ifndef _NGX_MULTISOURCE_SHOW_ANSWER_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOW_ANSWER_H_INCLUDED_


#include "ngx_live_answer.h"
#include "ngx_live_body.h"


/* RFC 9110, 15.5.11 */
#define NGX_MULTISOURCE_SHOW_ANSWER_GONE  410


#pragma GCC visibility push(hidden)

/* {"success":true,"data":...}; data is taken over, NULL: out of memory */
ngx_int_t ngx_multisource_show_answer_data(ngx_http_request_t *r,
    ngx_uint_t status, json_t *data);

/* {"success":true,"message":...} */
ngx_int_t ngx_multisource_show_answer_message(ngx_http_request_t *r,
    const char *message);

/* 204 */
ngx_int_t ngx_multisource_show_answer_empty(ngx_http_request_t *r);

/* {"success":false,"error":{...}}; field: the one that is wrong, or NULL */
ngx_int_t ngx_multisource_show_answer_error(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *message,
    const char *field);

/* 400; field: as above */
ngx_int_t ngx_multisource_show_answer_invalid(ngx_http_request_t *r,
    const char *field, const char *message);
ngx_int_t ngx_multisource_show_answer_wrong(ngx_http_request_t *r,
    ngx_live_body_error_t *error);

/* 404, of a session and of a stream; 410; 503, as a busy one and a full zone */
ngx_int_t ngx_multisource_show_answer_unknown(ngx_http_request_t *r);
ngx_int_t ngx_multisource_show_answer_no_stream(ngx_http_request_t *r);
ngx_int_t ngx_multisource_show_answer_gone(ngx_http_request_t *r);
ngx_int_t ngx_multisource_show_answer_busy(ngx_http_request_t *r);
ngx_int_t ngx_multisource_show_answer_full(ngx_http_request_t *r);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SHOW_ANSWER_H_INCLUDED_ */
