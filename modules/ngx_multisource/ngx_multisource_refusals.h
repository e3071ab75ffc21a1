
/*
 * Copyright (C) the ngx_live contributors
 *
 * Failed publishes of an address (IPv4, or the /64 of IPv6) within
 * multisource_refuse_rate, over all workers. Approximate by design: the table
 * is bounded, and the least recent address gives way.
 */


#ifndef _NGX_MULTISOURCE_REFUSALS_H_INCLUDED_
#define _NGX_MULTISOURCE_REFUSALS_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/* `sa` may be NULL, or of another family: nothing is counted then */
ngx_uint_t ngx_multisource_refusals_exceeded(ngx_multisource_app_conf_t *conf,
    struct sockaddr *sa);
void ngx_multisource_refusals_add(ngx_multisource_app_conf_t *conf,
    struct sockaddr *sa);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_REFUSALS_H_INCLUDED_ */
