
/*
 * Copyright (C) the ngx_live contributors
 *
 * The VOD playlist of a show, with `multisource_hls_keep on`: written segment by
 * segment into "vod.part", which becomes "{epoch}.m3u8" in the end, and
 * "vod.m3u8", the newest. For threads and the cache manager: it blocks.
 */


#ifndef _NGX_MULTISOURCE_KEEP_H_INCLUDED_
#define _NGX_MULTISOURCE_KEEP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_index.h"


#define NGX_MULTISOURCE_KEEP_PART    "vod.part"
#define NGX_MULTISOURCE_KEEP_NEWEST  "vod.m3u8"
#define NGX_MULTISOURCE_KEEP_LINK    "vod.new"


#pragma GCC visibility push(hidden)

/*
 * Adds head->current, which is complete: to be called right before
 * ngx_multisource_index_finish(). `dir` is an open directory; `begin`: a show
 * begins if none is being kept, else that is NGX_OK and nothing is done.
 * NGX_ERROR with errno set.
 */
ngx_int_t ngx_multisource_keep_add(int dir, ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head, ngx_uint_t begin);

/* the show is over, if one was being kept */
ngx_int_t ngx_multisource_keep_end(int dir, uint64_t epoch);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_KEEP_H_INCLUDED_ */
