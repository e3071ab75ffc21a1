
/*
 * Copyright (C) the ngx_live contributors
 *
 * The configuration that rtmp{} and http{} share: the environment, and what is
 * completed when both blocks have been read.
 */


#ifndef _NGX_SIMULCAST_CONFIG_H_INCLUDED_
#define _NGX_SIMULCAST_CONFIG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast.h"


#define NGX_SIMULCAST_CONFIG_ZONE  (4 * 1024 * 1024)


#pragma GCC visibility push(hidden)

/* of the cycle that is being configured */
ngx_simulcast_conf_t *ngx_simulcast_config(ngx_cycle_t *cycle);

/* something is to run: the zone and the thread pool are made */
ngx_int_t ngx_simulcast_config_need(ngx_conf_t *cf);

/* defaults, the environment, checks: of a core module's init_conf */
char *ngx_simulcast_config_complete(ngx_cycle_t *cycle,
    ngx_simulcast_conf_t *conf);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CONFIG_H_INCLUDED_ */
