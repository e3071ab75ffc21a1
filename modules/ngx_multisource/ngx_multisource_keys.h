
/*
 * Copyright (C) the ngx_live contributors
 *
 * The key file: which secret key publishes for which streamer.
 *
 *     KEY STREAMER [max_sources=N] [max_bitrate=RATE] [sources=NAME,...]
 *
 * Keys are kept as SHA-256 digests only, so that neither a core dump nor a
 * comparison's timing gives one away.
 */


#ifndef _NGX_MULTISOURCE_KEYS_H_INCLUDED_
#define _NGX_MULTISOURCE_KEYS_H_INCLUDED_


#include "ngx_multisource.h"


typedef struct {
    u_char        digest[32];
    ngx_str_t     streamer;
    ngx_uint_t    max_sources;      /* 0: as the application */
    uint64_t      max_bitrate;      /* bit/s; 0: as the application */
    ngx_array_t  *sources;          /* ngx_str_t; NULL: any */
    ngx_uint_t    line;
} ngx_multisource_key_t;


struct ngx_multisource_keys_s {
    ngx_multisource_key_t  *keys;   /* by digest */
    ngx_uint_t              nkeys;
};


#pragma GCC visibility push(hidden)

/*
 * Reads conf->keys_file into conf->keys, in cf->pool. A mistake is logged with
 * the file, the line and what would be right, never with the key: NGX_ERROR.
 */
ngx_int_t ngx_multisource_keys_load(ngx_conf_t *cf,
    ngx_multisource_app_conf_t *conf);

/*
 * The longest listed key that is the whole name, or its prefix before a
 * separator. *source is set to what follows, or to the default source; it
 * points into `name` or the configuration. NULL: no such key.
 */
ngx_multisource_key_t *ngx_multisource_keys_find(
    ngx_multisource_app_conf_t *conf, ngx_str_t *name, ngx_str_t *source);

ngx_uint_t ngx_multisource_keys_allows(ngx_multisource_key_t *key,
    ngx_str_t *source);

/* nonzero when some key names this streamer */
ngx_uint_t ngx_multisource_keys_streamer(ngx_multisource_keys_t *keys,
    ngx_str_t *streamer);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_KEYS_H_INCLUDED_ */
