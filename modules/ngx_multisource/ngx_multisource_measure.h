
/*
 * Copyright (C) the ngx_live contributors
 *
 * What a live source sends: codecs, picture size, frames and bits per second.
 */


#ifndef _NGX_MULTISOURCE_MEASURE_H_INCLUDED_
#define _NGX_MULTISOURCE_MEASURE_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/* an audio or video message, into ctx->record and the meters */
void ngx_multisource_measure_media(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_header_t *h, ngx_chain_t *in);

/* every second: rates into ctx->record; its revision grows if they moved */
void ngx_multisource_measure_refresh(ngx_multisource_ctx_t *ctx);

/*
 * Every 250 ms: how loud it is and how much moves in it, into the registry, or
 * when that is not `wanted` any more, that nothing is known of it. Sound is
 * decoded in between only.
 */
void ngx_multisource_measure_activity(ngx_multisource_ctx_t *ctx,
    ngx_uint_t wanted);

/* before a publish */
void ngx_multisource_measure_reset(ngx_multisource_ctx_t *ctx);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_MEASURE_H_INCLUDED_ */
