
/*
 * Copyright (C) the ngx_live contributors
 *
 * Directives of sessions that say more than a number.
 */


#ifndef _NGX_MULTISOURCE_HTTP_SESSIONS_H_INCLUDED_
#define _NGX_MULTISOURCE_HTTP_SESSIONS_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


#pragma GCC visibility push(hidden)

/* what follows a value of multisource_sessions_zone, _grace, and _viewer_time */
extern ngx_conf_post_t        ngx_multisource_http_sessions_zone;
extern ngx_conf_num_bounds_t  ngx_multisource_http_sessions_grace;
extern ngx_conf_num_bounds_t  ngx_multisource_http_sessions_viewer_time;

char *ngx_multisource_http_sessions_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_multisource_http_sessions_origin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_multisource_http_sessions_price(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_multisource_http_sessions_rtmp_url(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* the http block is read: the zone, if some location serves sessions */
ngx_int_t ngx_multisource_http_sessions_prepare(ngx_conf_t *cf);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_HTTP_SESSIONS_H_INCLUDED_ */
