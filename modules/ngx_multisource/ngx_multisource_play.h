
/*
 * Copyright (C) the ngx_live contributors
 *
 * {prefix}{streamer}/{source}/{file} from the files of nginx-rtmp's hls below
 * the location's root or alias: they are in the directory STREAMER_SOURCE, or
 * with `hls_nested off` called STREAMER_SOURCE.m3u8 and STREAMER_SOURCE-N.ts.
 */


#ifndef _NGX_MULTISOURCE_PLAY_H_INCLUDED_
#define _NGX_MULTISOURCE_PLAY_H_INCLUDED_


#include "ngx_multisource_http_module.h"


#pragma GCC visibility push(hidden)

/*
 * In the precontent phase: turns the path into that of the file and leaves it
 * to the static module. Paths of another shape are left alone, so that URLs of
 * before keep working.
 */
ngx_int_t ngx_multisource_play_handler(ngx_http_request_t *r);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_PLAY_H_INCLUDED_ */
