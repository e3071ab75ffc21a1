
/*
 * Copyright (C) the ngx_live contributors
 *
 * What viewers of a session owe: for the streamer, for one of them, and for the
 * webhook.
 */


#ifndef _NGX_MULTISOURCE_SHOW_USAGE_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOW_USAGE_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


#pragma GCC visibility push(hidden)

/*
 * A new reference, NULL when out of memory: `limit` viewers from the one of this
 * number on, from 0, and the sums of all; or only this viewer, unless it is 0.
 */
json_t *ngx_multisource_show_usage(ngx_multisource_show_t *show,
    uint64_t viewer, ngx_uint_t offset, ngx_uint_t limit);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SHOW_USAGE_H_INCLUDED_ */
