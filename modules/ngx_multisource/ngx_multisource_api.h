
/*
 * Copyright (C) the ngx_live contributors
 *
 * The source API:
 *
 *     GET    {prefix}                      live streamers, if listed
 *     GET    {prefix}{streamer}            its sources
 *     GET    {prefix}{streamer}/events     the same as they change
 *     GET    {prefix}{streamer}/{source}   one of them
 *     DELETE {prefix}{streamer}/{source}   ends it, if allowed
 */


#ifndef _NGX_MULTISOURCE_API_H_INCLUDED_
#define _NGX_MULTISOURCE_API_H_INCLUDED_


#include "ngx_multisource_http_module.h"


#pragma GCC visibility push(hidden)

ngx_int_t ngx_multisource_api_handler(ngx_http_request_t *r);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_API_H_INCLUDED_ */
