
/*
 * Copyright (C) the ngx_live contributors
 *
 * Directing shows: puts the source on air that the streamer names, and where
 * the server is to choose, has publishers tell how loud they are and how much
 * moves, and lets ngx_multisource_director.h decide, one worker for all.
 */


#ifndef _NGX_MULTISOURCE_DIRECT_H_INCLUDED_
#define _NGX_MULTISOURCE_DIRECT_H_INCLUDED_


#include "ngx_multisource.h"
#include "ngx_multisource_show.h"


#pragma GCC visibility push(hidden)

/* every housekeeping tick, NGX_MULTISOURCE_TICK apart while it is busy */
void ngx_multisource_direct_tick(void);

/* nonzero: some show is directed by activity, and each tick is needed */
ngx_uint_t ngx_multisource_direct_busy(void);

/* nonzero: that is a show of this streamer; as of the last second */
ngx_uint_t ngx_multisource_direct_wanted(ngx_str_t *app, ngx_str_t *streamer);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_DIRECT_H_INCLUDED_ */
