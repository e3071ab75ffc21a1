
/*
 * Copyright (C) the ngx_live contributors
 *
 * Cloudflare Stream.
 */


#ifndef _NGX_SIMULCAST_CLOUDFLARE_H_INCLUDED_
#define _NGX_SIMULCAST_CLOUDFLARE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_call.h"


#pragma GCC visibility push(hidden)

/* first steps of calls whose data is a broadcast */
void ngx_simulcast_cloudflare_prepare(ngx_simulcast_call_t *call);
void ngx_simulcast_cloudflare_poll(ngx_simulcast_call_t *call);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CLOUDFLARE_H_INCLUDED_ */
