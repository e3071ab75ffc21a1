
/*
 * Copyright (C) the ngx_live contributors
 *
 * What subscribers of a session are told of it: session, on_air, viewers, each
 * at first and when it has changed.
 */


#ifndef _NGX_MULTISOURCE_SHOW_NEWS_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOW_NEWS_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


#define NGX_MULTISOURCE_SHOW_NEWS_COUNT  1000   /* ms between two numbers of
                                                   viewers */


/* what one subscriber was last told; all zeros: nothing yet */

typedef struct {
    ngx_atomic_uint_t   ticket;
    uint32_t            revision;
    uint8_t             director;
    uint8_t             on_air;
    uint64_t            on_air_since;
    ngx_uint_t          nstreams;
    ngx_atomic_uint_t   now;
    ngx_atomic_uint_t   peak;
    ngx_atomic_uint_t   watch[NGX_MULTISOURCE_SHOW_STREAMS];
    ngx_msec_t          counted;    /* when viewers were told */
} ngx_multisource_show_news_t;


/* sends an event; NGX_OK or NGX_ERROR */
typedef ngx_int_t (*ngx_multisource_show_news_pt)(void *data,
    const char *event, json_t *json);


#pragma GCC visibility push(hidden)

/* NGX_ERROR: out of memory, or what `send` returned */
ngx_int_t ngx_multisource_show_news(ngx_multisource_show_news_t *news,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_show_t *show,
    ngx_multisource_show_news_pt send, void *data);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SHOW_NEWS_H_INCLUDED_ */
