
/*
 * Copyright (C) the ngx_live contributors
 *
 * Who may publish what: from a stream's name to a slot of the registry.
 */


#ifndef _NGX_MULTISOURCE_ADMIT_H_INCLUDED_
#define _NGX_MULTISOURCE_ADMIT_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/*
 * Finds out who publishes what, by the key file or, without one, by the name.
 * On NGX_MULTISOURCE_OK the record names both, and ctx->public is the name to
 * go on with; it is empty while only an on_publish callback knows.
 */
ngx_uint_t ngx_multisource_admit_identify(ngx_multisource_ctx_t *ctx,
    ngx_str_t *name);

/* the same for the public name that a callback redirects to */
ngx_uint_t ngx_multisource_admit_redirected(ngx_multisource_ctx_t *ctx,
    ngx_str_t *name);

/*
 * Claims a slot for the record, within the limits. When the source has to be
 * taken over from another worker, ctx->rival is the slot to wait for.
 */
ngx_uint_t ngx_multisource_admit_claim(ngx_multisource_ctx_t *ctx);
void ngx_multisource_admit_release(ngx_multisource_ctx_t *ctx);

/* every second: NGX_MULTISOURCE_OK, or why the publisher has to go */
ngx_uint_t ngx_multisource_admit_check(ngx_multisource_ctx_t *ctx);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_ADMIT_H_INCLUDED_ */
