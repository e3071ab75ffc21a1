
/*
 * Copyright (C) the ngx_live contributors
 *
 * The HTTP API of sessions, below a location with multisource_sessions: which
 * request is for what, who asks, and what it brings. What streamers may do is
 * in _show_host, what viewers may in _show_guest.
 */


#ifndef _NGX_MULTISOURCE_SHOW_API_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOW_API_H_INCLUDED_


#include "ngx_multisource_form.h"
#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


/* who may ask */

enum {
    NGX_MULTISOURCE_SHOW_API_ANYBODY = 0,
    NGX_MULTISOURCE_SHOW_API_STREAMER,  /* with a key, of any show or none */
    NGX_MULTISOURCE_SHOW_API_HOST,      /* with the key of the show's */
    NGX_MULTISOURCE_SHOW_API_VIEWER,    /* with a token of the show */
    NGX_MULTISOURCE_SHOW_API_EITHER,
    NGX_MULTISOURCE_SHOW_API_INVITED    /* either, where it is private */
};


/* what is read of a request before an operation begins */

enum {
    NGX_MULTISOURCE_SHOW_API_NONE = 0,  /* whatever there is is dropped */
    NGX_MULTISOURCE_SHOW_API_JSON,
    NGX_MULTISOURCE_SHOW_API_OPTIONAL,  /* the same, or nothing */
    NGX_MULTISOURCE_SHOW_API_TEXT       /* JSON, and of type text/plain, too: no
                                           other can be sent by a page that is
                                           left */
};


typedef struct ngx_multisource_show_operation_s
    ngx_multisource_show_operation_t;


/* one request; in its pool, and its context: the variables look there */

typedef struct {
    ngx_multisource_http_ctx_t         ctx;     /* first */
    ngx_http_request_t                *request;
    ngx_multisource_loc_conf_t        *conf;
    ngx_multisource_form_path_t        path;
    const ngx_multisource_show_operation_t  *operation;

    ngx_multisource_show_t             show;    /* what the path names, as it
                                                   was before the body came */
    json_t                            *body;    /* NULL: there is none */

    ngx_str_t                          streamer;    /* whose key it is */
    uint64_t                           viewer;  /* whose token it is; 0: none */
    uint64_t                           expires; /* of that, s since the epoch */
    unsigned                           host:1;  /* the key is of the show's
                                                   streamer */
} ngx_multisource_show_call_t;


/* returns what a content handler returns; NGX_DONE: it will be finalized */
typedef ngx_int_t (*ngx_multisource_show_call_pt)(
    ngx_multisource_show_call_t *call);


struct ngx_multisource_show_operation_s {
    ngx_multisource_form_e         what;
    ngx_uint_t                     methods;
    ngx_multisource_show_call_pt   handler;
    ngx_uint_t                     who;
    ngx_uint_t                     body;
    ngx_uint_t                     ended;   /* of ended shows as well */
};


#pragma GCC visibility push(hidden)

/* the content handler of multisource_sessions */
ngx_int_t ngx_multisource_show_api_handler(ngx_http_request_t *r);


/* ---- _show_caller: what the path names, and who asks ---- */

/* NGX_DECLINED: the operation may begin; otherwise the request was answered */
ngx_int_t ngx_multisource_show_caller(ngx_multisource_show_call_t *call);

/* the show that the path names by its id, as it is by now, or NGX_DECLINED */
ngx_int_t ngx_multisource_show_caller_by_id(
    ngx_multisource_show_call_t *call);

/* 403: the key is another streamer's */
ngx_int_t ngx_multisource_show_caller_foreign(
    ngx_multisource_show_call_t *call);


/* ---- _show_read: bodies ---- */

/* reads the body and calls the operation; returns what the handler returns */
ngx_int_t ngx_multisource_show_read(ngx_multisource_show_call_t *call);


/* ---- operations ---- */

ngx_int_t ngx_multisource_show_host_start(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_host_stop(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_host_analytics(
    ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_host_direct(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_host_stream(ngx_multisource_show_call_t *call);

ngx_int_t ngx_multisource_show_guest_status(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_guest_join(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_guest_preferences(
    ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_guest_prefer(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_guest_beacon(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_guest_usage(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_guest_on_air(ngx_multisource_show_call_t *call);
ngx_int_t ngx_multisource_show_guest_events(ngx_multisource_show_call_t *call);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SHOW_API_H_INCLUDED_ */
