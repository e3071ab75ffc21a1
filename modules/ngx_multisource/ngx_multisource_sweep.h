
/*
 * Copyright (C) the ngx_live contributors
 *
 * Tidies up below multisource_hls_path, in the cache manager process: ends the
 * playlists of publishers whose worker is dead, and removes the media of sources
 * that ended.
 */


#ifndef _NGX_MULTISOURCE_SWEEP_H_INCLUDED_
#define _NGX_MULTISOURCE_SWEEP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#pragma GCC visibility push(hidden)

/*
 * The manager of an ngx_path_t, which is its data: goes through the whole path
 * and returns ms to the next time. It blocks.
 */
ngx_msec_t ngx_multisource_sweep(void *data);

/*
 * Removes the files of a source but the index, and with `all` that one and the
 * directory too. What a kept playlist needs stays, see
 * ngx_multisource_keep.h. The path, of `len` bytes, is its directory and has
 * room for a name.
 */
void ngx_multisource_sweep_media(char *path, size_t len, ngx_uint_t all);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SWEEP_H_INCLUDED_ */
