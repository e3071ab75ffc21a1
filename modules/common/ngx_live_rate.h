
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: bit rates as configurations write them.
 *
 *     RATE = 1*DIGIT [ "k" / "m" / "g" ]
 *
 * Decimal, as encoders count: 8m is 8,000,000 bit/s.
 */


#ifndef _NGX_LIVE_RATE_H_INCLUDED_
#define _NGX_LIVE_RATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_RATE_MAX  1000000000000ULL


#pragma GCC visibility push(hidden)

/* *rate becomes 1 to NGX_LIVE_RATE_MAX bit/s; NGX_ERROR: is kept */
ngx_int_t ngx_live_rate_parse(ngx_str_t *value, uint64_t *rate);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_RATE_H_INCLUDED_ */
