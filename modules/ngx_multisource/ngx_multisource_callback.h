
/*
 * Copyright (C) the ngx_live contributors
 *
 * on_publish callbacks: nginx-rtmp's notify module asks in the middle of the
 * publish chain, after hls and before live. Here it asks first: the chain runs
 * once with a table of configurations in which only the modules that ask have
 * one, and after the answer with all others.
 */


#ifndef _NGX_MULTISOURCE_CALLBACK_H_INCLUDED_
#define _NGX_MULTISOURCE_CALLBACK_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/*
 * Makes the two tables of an application that has on_publish, and sets
 * conf->callback. NGX_ERROR: no memory.
 */
ngx_int_t ngx_multisource_callback_configure(ngx_conf_t *cf,
    ngx_rtmp_core_app_conf_t *app, ngx_multisource_app_conf_t *conf);

/*
 * Sends ctx->publish through the first pass of the chain that starts with
 * `next`. NGX_OK: ngx_multisource_session_answered() will be called, with the
 * final name in ctx->publish.
 */
ngx_int_t ngx_multisource_callback_ask(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next);

/* the second pass */
ngx_int_t ngx_multisource_callback_join(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next, ngx_rtmp_publish_t *v);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_CALLBACK_H_INCLUDED_ */
