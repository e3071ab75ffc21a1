
/*
 * Copyright (C) the ngx_live contributors
 *
 * The input guard, for every rtmp application: what a peer may send before
 * nginx-rtmp parses it. nginx-rtmp 1.2.2 spins on some codec headers, recurses
 * once per level of AMF and of aggregates, dereferences an application that is
 * not there before connect, and collects a message without end when a second
 * chunk header shortens it.
 */


#ifndef _NGX_MULTISOURCE_GUARD_H_INCLUDED_
#define _NGX_MULTISOURCE_GUARD_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/* puts the guard in front of nginx-rtmp's handlers; NGX_ERROR: no memory */
ngx_int_t ngx_multisource_guard_hook(ngx_rtmp_core_main_conf_t *cmcf);

/* a new session: bounds what its chunks may hold */
void ngx_multisource_guard_session(ngx_multisource_ctx_t *ctx);

/* NGX_ERROR ends the session (logged): nginx-rtmp would spin on the message */
ngx_int_t ngx_multisource_guard_video(ngx_rtmp_session_t *s, ngx_chain_t *in);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_GUARD_H_INCLUDED_ */
