
/*
 * Copyright (C) the ngx_live contributors
 *
 * on_publish callbacks: nginx-rtmp's notify module sends the request, and we
 * take its answer.
 */


#ifndef _NGX_MULTISOURCE_CALLBACK_H_INCLUDED_
#define _NGX_MULTISOURCE_CALLBACK_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/*
 * Asks about ctx->publish, in the first pass of the chain that starts with
 * `next`. NGX_OK: ngx_multisource_session_answered() will be called, with the
 * final name in ctx->publish.
 */
ngx_int_t ngx_multisource_callback_ask(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_CALLBACK_H_INCLUDED_ */
