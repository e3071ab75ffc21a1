
/*
 * Copyright (C) the ngx_live contributors
 *
 * Ordered views of the registry.
 */


#ifndef _NGX_MULTISOURCE_WALK_H_INCLUDED_
#define _NGX_MULTISOURCE_WALK_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/*
 * The live sources of one streamer, in the order they came; `entries` has room
 * for NGX_MULTISOURCE_MAX_SOURCES. Returns how many there are. Of two entries
 * for one source, while one takes over from the other, the newer one counts;
 * with `all` both are there, and those without media yet.
 */
ngx_uint_t ngx_multisource_walk_streamer(ngx_str_t *app, ngx_str_t *streamer,
    ngx_uint_t all, ngx_multisource_entry_t *entries);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_WALK_H_INCLUDED_ */
