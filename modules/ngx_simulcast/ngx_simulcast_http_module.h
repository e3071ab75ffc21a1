
/*
 * Copyright (C) the ngx_live contributors
 */


#ifndef _NGX_SIMULCAST_HTTP_MODULE_H_INCLUDED_
#define _NGX_SIMULCAST_HTTP_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_tokens.h"


typedef struct {
    ngx_uint_t                api;           /* it serves the API */
    ngx_simulcast_tokens_t   *tokens;        /* of simulcast_api_tokens */
    ngx_str_t                 cors;          /* an origin or "*"; empty: none */
} ngx_simulcast_loc_conf_t;


extern ngx_module_t  ngx_simulcast_http_module;


#endif /* _NGX_SIMULCAST_HTTP_MODULE_H_INCLUDED_ */
