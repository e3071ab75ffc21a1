
/*
 * Copyright (C) the ngx_live contributors
 *
 * A stream that is published to this worker, and what it goes on to.
 */


#ifndef _NGX_SIMULCAST_SOURCE_H_INCLUDED_
#define _NGX_SIMULCAST_SOURCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_feed.h"
#include "ngx_simulcast_push.h"


/* of simulcast_push */

typedef struct {
    ngx_str_t               id;
    ngx_str_t               name;
    ngx_str_t               url;            /* may end in $name */
    ngx_str_t               key;            /* of key_file, or empty */
    ngx_str_t               streamer;       /* empty: any */
    ngx_str_t               source;         /* empty: the default, "*": any */
} ngx_simulcast_static_t;


/* of an application */

typedef struct {
    ngx_flag_t              enable;
    ngx_str_t               separator;      /* empty: names are not split */
    ngx_str_t               default_source;
    ngx_array_t            *pushes;         /* of ngx_simulcast_static_t */
} ngx_simulcast_app_conf_t;


typedef struct {
    ngx_queue_t                 queue;      /* of the worker */
    ngx_pool_t                 *pool;
    ngx_simulcast_app_conf_t   *conf;

    ngx_str_t                   streamer;   /* both end with NUL */
    ngx_str_t                   source;
    ngx_str_t                   stream;     /* the name on RTMP */
    unsigned                    addressable:1;  /* both are names that the API
                                                   knows */
    unsigned                    fallback:1;     /* the default source */
    uint64_t                    started;    /* epoch, ms */

    ngx_simulcast_feed_t       *feed;
    ngx_queue_t                 fixed;      /* pushes of simulcast_push */

    void                       *control;    /* the controller's */
} ngx_simulcast_source_t;


#pragma GCC visibility push(hidden)

/* in a worker */
void ngx_simulcast_source_init(void);
ngx_queue_t *ngx_simulcast_source_list(void);

/* stream: the name as nginx-rtmp has it, copied. NULL: out of memory */
ngx_simulcast_source_t *ngx_simulcast_source_open(
    ngx_simulcast_app_conf_t *conf, ngx_str_t *stream);

/* real: the publisher has ended the stream, and not just vanished */
void ngx_simulcast_source_close(ngx_simulcast_source_t *source,
    ngx_uint_t real);

/* all that are left, when the worker exits */
void ngx_simulcast_source_exit(void);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_SOURCE_H_INCLUDED_ */
