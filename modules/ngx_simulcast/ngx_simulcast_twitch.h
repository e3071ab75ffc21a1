
/*
 * Copyright (C) the ngx_live contributors
 *
 * Twitch.
 */


#ifndef _NGX_SIMULCAST_TWITCH_H_INCLUDED_
#define _NGX_SIMULCAST_TWITCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_call.h"


#pragma GCC visibility push(hidden)

/* first steps of calls whose data is a broadcast */
void ngx_simulcast_twitch_prepare(ngx_simulcast_call_t *call);
void ngx_simulcast_twitch_poll(ngx_simulcast_call_t *call);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_TWITCH_H_INCLUDED_ */
