
/*
 * Copyright (C) the ngx_live contributors
 *
 * The configuration that rtmp{} and http{} share: files with secrets, the
 * environment, and what is completed when both blocks have been read.
 */


#ifndef _NGX_SIMULCAST_CONFIG_H_INCLUDED_
#define _NGX_SIMULCAST_CONFIG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast.h"


#define NGX_SIMULCAST_CONFIG_ZONE    (4 * 1024 * 1024)
#define NGX_SIMULCAST_CONFIG_SECRET  8192   /* bytes of a file with a secret */


#pragma GCC visibility push(hidden)

/* of the cycle that is being configured */
ngx_simulcast_conf_t *ngx_simulcast_config(ngx_cycle_t *cycle);

/* something is to run: the zone and the thread pool are made */
ngx_int_t ngx_simulcast_config_need(ngx_conf_t *cf);

/* the contents of a small file, relative to the configuration's; logged */
ngx_int_t ngx_simulcast_config_file(ngx_conf_t *cf, ngx_str_t *name,
    size_t max, ngx_str_t *text);

/* the first line of such a file, without blanks at its ends and not empty;
   with a NUL behind it */
ngx_int_t ngx_simulcast_config_secret(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret);

/* defaults, the environment, checks: of a core module's init_conf */
char *ngx_simulcast_config_complete(ngx_cycle_t *cycle,
    ngx_simulcast_conf_t *conf);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CONFIG_H_INCLUDED_ */
