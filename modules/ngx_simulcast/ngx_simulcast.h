
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the parts of ngx_simulcast share.
 */


#ifndef _NGX_SIMULCAST_H_INCLUDED_
#define _NGX_SIMULCAST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include "ngx_live_redis.h"


#define NGX_SIMULCAST_ID       36       /* bytes of a destination's id (uuid) */
#define NGX_SIMULCAST_NAME     50       /* of a streamer or source, at most */
#define NGX_SIMULCAST_TITLE    100      /* of a destination's name, at most */


typedef enum {
    NGX_SIMULCAST_YOUTUBE = 0,
    NGX_SIMULCAST_TWITCH,
    NGX_SIMULCAST_FACEBOOK,
    NGX_SIMULCAST_CLOUDFLARE,
    NGX_SIMULCAST_CUSTOM,               /* rtmp_custom */

    NGX_SIMULCAST_NPLATFORMS
} ngx_simulcast_platform_e;


/* of a destination, as the API names them */

typedef enum {
    NGX_SIMULCAST_PENDING = 0,          /* to start: asks the platform, or waits
                                           for a keyframe */
    NGX_SIMULCAST_CONNECTING,
    NGX_SIMULCAST_CONNECTED,            /* the server takes the stream, nothing
                                           acknowledged yet */
    NGX_SIMULCAST_LIVE,                 /* media sent and acknowledged */
    NGX_SIMULCAST_RECONNECTING,
    NGX_SIMULCAST_STOPPED,
    NGX_SIMULCAST_ERROR,

    NGX_SIMULCAST_NSTATES
} ngx_simulcast_state_e;


/* what an operator has set for a platform; empty strings: not set */

typedef struct {
    ngx_str_t                     client_id;
    ngx_str_t                     client_secret;    /* NUL behind each */
    ngx_str_t                     redirect_uri;
    ngx_str_t                     account_id;       /* Cloudflare */
    ngx_str_t                     api_token;
    ngx_str_t                     api_base;         /* never empty, no slash
                                                       at its end */
    ngx_str_t                     auth_base;
    ngx_uint_t                    configured;       /* has what it needs */
} ngx_simulcast_platform_conf_t;


/*
 * One per configuration, of the core module; rtmp{} and http{} write into it,
 * and it is complete, with defaults, even when one of the blocks is missing.
 */

typedef struct {
    ngx_shm_zone_t               *zone;             /* NULL: nothing to do */
    size_t                        zone_size;

    ngx_live_redis_conf_t         redis;

    ngx_str_t                     keys;             /* text of the key file,
                                                       until it is read */
    struct ngx_simulcast_seal_ring_s  *ring;        /* NULL: no key given */

    ngx_simulcast_platform_conf_t platforms[NGX_SIMULCAST_NPLATFORMS];

    ngx_ssl_t                    *ssl;              /* of the push client */
    ngx_str_t                     trusted_certificate;  /* empty: the system's */
    ngx_flag_t                    ssl_verify;
    ngx_array_t                  *allow;            /* of ngx_cidr_t, or NULL */
    ngx_str_t                     transcode;        /* the command template */

    ngx_thread_pool_t            *pool;             /* getaddrinfo */
} ngx_simulcast_conf_t;


extern ngx_module_t  ngx_simulcast_module;


#pragma GCC visibility push(hidden)

/* of the running cycle, never NULL in a worker */
extern ngx_simulcast_conf_t  *ngx_simulcast_conf;

/* of this worker */
extern ngx_live_redis_t       ngx_simulcast_redis;

/* "youtube", ...; NULL when there is no such platform */
const char *ngx_simulcast_platform_name(ngx_uint_t platform);
ngx_int_t ngx_simulcast_platform_find(ngx_str_t *name);   /* NGX_ERROR: none */

/* "pending", ... */
const char *ngx_simulcast_state_name(ngx_uint_t state);

/* ms since the epoch */
uint64_t ngx_simulcast_time(void);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_H_INCLUDED_ */
