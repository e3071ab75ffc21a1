
/*
 * Copyright (C) the ngx_live contributors
 */


#ifndef _NGX_SIMULCAST_RTMP_MODULE_H_INCLUDED_
#define _NGX_SIMULCAST_RTMP_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


extern ngx_module_t  ngx_simulcast_rtmp_module;


#pragma GCC visibility push(hidden)

/* nonzero when nginx-rtmp is there to be hooked into */
ngx_uint_t ngx_simulcast_rtmp_loaded(void);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_RTMP_MODULE_H_INCLUDED_ */
