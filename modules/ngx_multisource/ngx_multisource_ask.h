
/*
 * Copyright (C) the ngx_live contributors
 *
 * What a request asks the packager for, and whether it is there
 * (draft-pantos-hls-rfc8216bis, 6.2.5 and 6.2.6).
 */


#ifndef _NGX_MULTISOURCE_ASK_H_INCLUDED_
#define _NGX_MULTISOURCE_ASK_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_view.h"


enum {
    NGX_MULTISOURCE_ASK_MEDIA = 0,      /* live.m3u8 */
    NGX_MULTISOURCE_ASK_SOURCE,         /* index.m3u8 */
    NGX_MULTISOURCE_ASK_SOURCES,        /* index.m3u8 of the streamer */
    NGX_MULTISOURCE_ASK_PART,
    NGX_MULTISOURCE_ASK_SEGMENT,
    NGX_MULTISOURCE_ASK_INIT,
    NGX_MULTISOURCE_ASK_VOD,
    NGX_MULTISOURCE_ASK_PREVIEW         /* preview.mp4: a picture of now, for
                                           who does not watch */
};


/* what becomes of a request */

enum {
    NGX_MULTISOURCE_ASK_ANSWER = 0,
    NGX_MULTISOURCE_ASK_HOLD,
    NGX_MULTISOURCE_ASK_MISSING,        /* 404 */
    NGX_MULTISOURCE_ASK_BAD,            /* 400: `why` */
    NGX_MULTISOURCE_ASK_AHEAD,          /* 400 */
    NGX_MULTISOURCE_ASK_LATE,           /* 503: it did not come */
    NGX_MULTISOURCE_ASK_FULL,           /* 503: too many are held */
    NGX_MULTISOURCE_ASK_LEAVE           /* with what there is */
};


/* zero before it is parsed; in the request's pool while that is held */

typedef struct {
    ngx_queue_t                    queue;
    ngx_http_request_t            *request;
    ngx_multisource_view_t        *view;        /* NULL: it is not held */
    ngx_uint_t                     kind;
    ngx_uint_t                     verdict;
    const char                    *why;         /* NULL: it makes sense */
    ngx_multisource_directives_t   directives;
    ngx_str_t                      file;        /* in the request's path */
    uint64_t                       epoch;
    uint64_t                       number;      /* of a segment or init */
    ngx_uint_t                     part;
    ngx_msec_t                     since;
} ngx_multisource_ask_t;


/* how long one is held for the first media of a source, ms */
#define NGX_MULTISOURCE_ASK_FIRST  10000


#pragma GCC visibility push(hidden)

/*
 * The path {streamer}/index.m3u8 or {streamer}/{source}/{file} below the
 * location's prefix, and the query. The source is empty in the former.
 * NGX_DECLINED: it names nothing that there could be.
 */
ngx_int_t ngx_multisource_ask_parse(ngx_http_request_t *r,
    ngx_multisource_ask_t *ask, ngx_str_t *streamer, ngx_str_t *source);

/*
 * The view that knows about what is asked for. NULL: there is none, and with
 * *rc NGX_ERROR there ought to be one.
 */
ngx_multisource_view_t *ngx_multisource_ask_view(ngx_multisource_ask_t *ask,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer, ngx_str_t *source,
    ngx_int_t *rc);

/* nonzero: the source of a view has a publisher, whose slot is view->slot */
ngx_uint_t ngx_multisource_ask_live(ngx_multisource_view_t *view);

/* nonzero: nothing has been made yet of what its source, if any, is to be */
ngx_uint_t ngx_multisource_ask_unborn(ngx_multisource_view_t *view);

/* as things are now; all who ask for a streamer's list fare alike */
ngx_uint_t ngx_multisource_ask_verdict(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
ngx_uint_t ngx_multisource_ask_verdict_sources(ngx_multisource_view_t *view);

/* how long requests are held for what a view shows, ms */
ngx_msec_t ngx_multisource_ask_patience(ngx_multisource_view_t *view);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_ASK_H_INCLUDED_ */
