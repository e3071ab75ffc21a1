
/*
 * Copyright (C) the ngx_live contributors
 *
 * A publish passes through nginx-rtmp's chain twice. There, hls comes before
 * the callback and access after the live stream; here, who may not publish is
 * found out in a first pass, in which only the modules that decide have a
 * configuration, and the second one is with all others.
 */


#ifndef _NGX_MULTISOURCE_PASS_H_INCLUDED_
#define _NGX_MULTISOURCE_PASS_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/* makes an application's tables, and sets conf->callback; NGX_ERROR: no memory */
ngx_int_t ngx_multisource_pass_configure(ngx_conf_t *cf,
    ngx_rtmp_core_app_conf_t *app, ngx_multisource_app_conf_t *conf);

/* the first pass of ctx->publish, without a callback: "deny publish" */
ngx_int_t ngx_multisource_pass_access(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next);

/* the first pass, with a callback: sends the request to it */
ngx_int_t ngx_multisource_pass_ask(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next);

/*
 * The rest of the first pass: nginx-rtmp's handler reads the answer `in`, may
 * rename v and push to where it is redirected. NGX_ERROR: refused.
 */
ngx_int_t ngx_multisource_pass_answer(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_netcall_handle_pt handler, ngx_rtmp_publish_t *v,
    ngx_chain_t *in);

/* the second pass */
ngx_int_t ngx_multisource_pass_join(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next, ngx_rtmp_publish_t *v);

/*
 * A push that was made in one of the passes has the table of it, and asks for
 * the local stream: gives it all configurations.
 */
void ngx_multisource_pass_restore(ngx_rtmp_session_t *s,
    ngx_multisource_app_conf_t *conf);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_PASS_H_INCLUDED_ */
