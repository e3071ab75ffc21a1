
/*
 * Copyright (C) the ngx_live contributors
 *
 * A request to the WHIP location (RFC 9725) of this server, in the course of
 * another one and with its credentials: a subrequest, whose answer is kept in
 * memory as far as subrequest_output_buffer_size of that location goes.
 */


#ifndef _NGX_MULTISOURCE_WHIP_H_INCLUDED_
#define _NGX_MULTISOURCE_WHIP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* goes on with the request; returns what a content handler returns */
typedef ngx_int_t (*ngx_multisource_whip_pt)(ngx_http_request_t *r,
    void *data);


/* of the request's pool; what it points to lives as long as the request */

typedef struct {
    /* what is asked */
    ngx_uint_t                method;
    ngx_str_t                 method_name;
    ngx_str_t                 uri;
    ngx_str_t                 type;         /* "": there is no body */
    ngx_str_t                 body;
    ngx_str_t                 if_match;     /* "": none */
    ngx_multisource_whip_pt   handler;
    void                     *data;

    /* what was answered, strings are empty where there is nothing */
    ngx_uint_t                status;       /* 0: it has failed */
    ngx_str_t                 answer;
    ngx_str_t                 location;
    ngx_str_t                 etag;
    ngx_str_t                 retry_after;

    unsigned                  done:1;
} ngx_multisource_whip_t;


#pragma GCC visibility push(hidden)

/*
 * NGX_DONE: the handler will be called, and the request finalized with what it
 * returns, whose context is an ngx_multisource_http_ctx_t; NGX_ERROR: out of
 * memory, the request is finalized with it
 */
ngx_int_t ngx_multisource_whip_send(ngx_http_request_t *r,
    ngx_multisource_whip_t *whip);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_WHIP_H_INCLUDED_ */
