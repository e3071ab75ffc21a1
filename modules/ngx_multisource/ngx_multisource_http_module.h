
/*
 * Copyright (C) the ngx_live contributors
 */


#ifndef _NGX_MULTISOURCE_HTTP_MODULE_H_INCLUDED_
#define _NGX_MULTISOURCE_HTTP_MODULE_H_INCLUDED_


#include "ngx_multisource.h"

#include "ngx_live_answer.h"
#include "ngx_live_redis.h"

#include "ngx_multisource_price.h"


enum {
    NGX_MULTISOURCE_LOCATION_NONE = 0,
    NGX_MULTISOURCE_LOCATION_PLAY,
    NGX_MULTISOURCE_LOCATION_API,
    NGX_MULTISOURCE_LOCATION_STATUS,
    NGX_MULTISOURCE_LOCATION_PROMETHEUS,
    NGX_MULTISOURCE_LOCATION_SESSIONS
};


/* what watching costs at a streamer's, by multisource_price */

typedef struct {
    ngx_str_t                    streamer;      /* "*": at all others' */
    ngx_multisource_price_t      price;
} ngx_multisource_http_price_t;


typedef struct {
    ngx_array_t                  locations;     /* ngx_multisource_loc_conf_t * */

    size_t                       sessions_zone_size;
    ngx_shm_zone_t              *sessions_zone; /* NULL: there are no sessions */
    ngx_str_t                    sessions_key_file;
    u_char                      *sessions_key;  /* NULL: the zone's */
    ngx_flag_t                   public;
    ngx_msec_t                   grace;
    time_t                       viewer_time;   /* s */
    ngx_array_t                  prices;    /* ngx_multisource_http_price_t */
    ngx_live_redis_conf_t       *redis;         /* NULL: none */
    ngx_str_t                    webhook;       /* "": none */
} ngx_multisource_http_main_conf_t;


typedef struct {
    ngx_uint_t                   serves;
    ngx_str_t                    app_name;  /* as configured, "" for the only */
    ngx_multisource_app_conf_t  *app;
    ngx_str_t                    hls_url;
    ngx_str_t                    watch_url;
    ngx_flag_t                   list;
    ngx_flag_t                   kick;
    ngx_str_t                    whip_url;
    ngx_str_t                    rtmp_url;      /* "": of the request's host */
    ngx_array_t                 *origins;       /* ngx_str_t; NULL: own host */
    ngx_str_t                    file;      /* for messages */
    ngx_uint_t                   line;
} ngx_multisource_loc_conf_t;


/* what a URL names, for the variables; points into the request */

typedef struct {
    ngx_str_t                    streamer;
    ngx_str_t                    source;
    void                        *subscriber;    /* of an event stream, or
                                                   of a request to WHIP */
} ngx_multisource_http_ctx_t;


#pragma GCC visibility push(hidden)

/* NULL: there is no http block */
ngx_multisource_http_main_conf_t *ngx_multisource_http_main_conf(
    ngx_cycle_t *cycle);

/* finds the application of every location; NGX_ERROR (logged) when it cannot */
ngx_int_t ngx_multisource_http_resolve(ngx_cycle_t *cycle);

/* what follows the location's prefix in the request's path */
ngx_str_t ngx_multisource_http_rest(ngx_http_request_t *r);

/* makes the request's context; NGX_ERROR: no memory */
ngx_int_t ngx_multisource_http_name(ngx_http_request_t *r, ngx_str_t *streamer,
    ngx_str_t *source);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_HTTP_MODULE_H_INCLUDED_ */
