
/*
 * Copyright (C) the ngx_live contributors
 *
 * The status of every application as JSON, or as Prometheus text (exposition
 * format 0.0.4).
 */


#ifndef _NGX_MULTISOURCE_STATUS_H_INCLUDED_
#define _NGX_MULTISOURCE_STATUS_H_INCLUDED_


#include "ngx_multisource_http_module.h"


#pragma GCC visibility push(hidden)

ngx_int_t ngx_multisource_status_handler(ngx_http_request_t *r);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_STATUS_H_INCLUDED_ */
