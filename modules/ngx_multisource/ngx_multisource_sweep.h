
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

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SWEEP_H_INCLUDED_ */
