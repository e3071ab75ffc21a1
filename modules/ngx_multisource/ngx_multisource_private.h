
/*
 * Copyright (C) the ngx_live contributors
 *
 * Structures that nginx-rtmp 1.2.2 keeps to itself and that we look into; of
 * each the first members, as in the file that is named. t/private_structs.t
 * compares them with its source.
 */


#ifndef _NGX_MULTISOURCE_PRIVATE_H_INCLUDED_
#define _NGX_MULTISOURCE_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include <ngx_rtmp.h>
#include <ngx_rtmp_cmd_module.h>
#include <ngx_rtmp_netcall_module.h>


/* ngx_rtmp_notify_app_conf_t of ngx_rtmp_notify_module.c: urls of callbacks */

typedef struct {
    ngx_url_t                             *play;
    ngx_url_t                             *publish;
} ngx_multisource_notify_conf_t;


/* ngx_rtmp_auto_push_conf_t of ngx_rtmp_auto_push_module.c */

typedef struct {
    ngx_flag_t                             auto_push;
} ngx_multisource_auto_push_conf_t;


/* ngx_rtmp_log_ctx_t of ngx_rtmp_log_module.c */

typedef struct {
    unsigned                               play:1;
    unsigned                               publish:1;
    u_char                                 name[NGX_RTMP_MAX_NAME];
} ngx_multisource_log_ctx_t;


/* ngx_rtmp_netcall_session_t of ngx_rtmp_netcall_module.c: one HTTP request */

typedef struct ngx_multisource_netcall_s  ngx_multisource_netcall_t;

struct ngx_multisource_netcall_s {
    ngx_rtmp_session_t                    *session;
    ngx_peer_connection_t                 *pc;
    ngx_url_t                             *url;
    ngx_multisource_netcall_t             *next;
    void                                  *arg;
    ngx_rtmp_netcall_handle_pt             handle;
};


/* ngx_rtmp_netcall_ctx_t of ngx_rtmp_netcall_module.c */

typedef struct {
    ngx_multisource_netcall_t             *cs;
} ngx_multisource_netcall_ctx_t;


#endif /* _NGX_MULTISOURCE_PRIVATE_H_INCLUDED_ */
