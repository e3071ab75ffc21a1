
/*
 * Copyright (C) the ngx_live contributors
 */


#ifndef _NGX_WHIP_HTTP_MODULE_H_INCLUDED_
#define _NGX_WHIP_HTTP_MODULE_H_INCLUDED_


#include "ngx_whip.h"


#pragma GCC visibility push(hidden)

/* finds the rtmp application of each location; NGX_ERROR is logged */
ngx_int_t ngx_whip_http_resolve(ngx_cycle_t *cycle);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_HTTP_MODULE_H_INCLUDED_ */
