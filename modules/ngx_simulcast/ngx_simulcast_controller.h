
/*
 * Copyright (C) the ngx_live contributors
 *
 * Makes what runs in this worker what Redis says is to run: which destinations
 * a live source has, asks their platforms, pushes, tells how they do.
 */


#ifndef _NGX_SIMULCAST_CONTROLLER_H_INCLUDED_
#define _NGX_SIMULCAST_CONTROLLER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_source.h"


#pragma GCC visibility push(hidden)

/* in a worker, after ngx_simulcast_redis_init() */
ngx_int_t ngx_simulcast_controller_init(ngx_cycle_t *cycle);

/* a source has come, and goes; the source is gone after the call */
void ngx_simulcast_controller_open(ngx_simulcast_source_t *source);
void ngx_simulcast_controller_close(ngx_simulcast_source_t *source,
    ngx_uint_t real);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CONTROLLER_H_INCLUDED_ */
