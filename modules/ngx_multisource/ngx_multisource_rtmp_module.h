
/*
 * Copyright (C) the ngx_live contributors
 */


#ifndef _NGX_MULTISOURCE_RTMP_MODULE_H_INCLUDED_
#define _NGX_MULTISOURCE_RTMP_MODULE_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/* registers a handler that runs before all others of the event */
ngx_int_t ngx_multisource_rtmp_first(ngx_rtmp_core_main_conf_t *cmcf,
    ngx_uint_t event, ngx_rtmp_handler_pt handler);

/* NULL when the configuration has no rtmp block */
ngx_multisource_main_conf_t *ngx_multisource_rtmp_main_conf(
    ngx_cycle_t *cycle);

/*
 * The application with this name that has `multisource on`; with an empty name
 * the only one there is. NULL: there is none, or more than one.
 */
ngx_multisource_app_conf_t *ngx_multisource_rtmp_app(ngx_cycle_t *cycle,
    ngx_str_t *name);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_RTMP_MODULE_H_INCLUDED_ */
