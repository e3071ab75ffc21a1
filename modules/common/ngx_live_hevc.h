
/*
 * Copyright (C) the ngx_live contributors
 *
 * HEVC: what its configuration record, hvcC, tells.  Pure.
 */


#ifndef _NGX_LIVE_HEVC_H_INCLUDED_
#define _NGX_LIVE_HEVC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_codec.h"


#pragma GCC visibility push(hidden)

/* as ngx_live_codec_config(); "out" is zeroed, but for its codec */

ngx_int_t ngx_live_hevc_config(ngx_live_codec_t *out, const u_char *p,
    const u_char *end);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_HEVC_H_INCLUDED_ */
