
/*
 * Copyright (C) the ngx_live contributors
 *
 * AV1: what its configuration record, av1C, tells.  Pure.
 */


#ifndef _NGX_LIVE_AV1_H_INCLUDED_
#define _NGX_LIVE_AV1_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_codec.h"


#pragma GCC visibility push(hidden)

/* as ngx_live_codec_config(); "out" is zeroed, but for its codec */

ngx_int_t ngx_live_av1_config(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_AV1_H_INCLUDED_ */
