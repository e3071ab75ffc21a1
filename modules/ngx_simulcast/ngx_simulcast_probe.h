
/*
 * Copyright (C) the ngx_live contributors
 *
 * Tries a destination as a push would, step by step, and says how far it got.
 */


#ifndef _NGX_SIMULCAST_PROBE_H_INCLUDED_
#define _NGX_SIMULCAST_PROBE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_url.h"


/* as the API names them: dns, tcp, tls, handshake, connect, publish */

typedef enum {
    NGX_SIMULCAST_STAGE_DNS = 0,
    NGX_SIMULCAST_STAGE_TCP,
    NGX_SIMULCAST_STAGE_TLS,
    NGX_SIMULCAST_STAGE_HANDSHAKE,
    NGX_SIMULCAST_STAGE_CONNECT,
    NGX_SIMULCAST_STAGE_PUBLISH,

    NGX_SIMULCAST_NSTAGES
} ngx_simulcast_stage_e;


typedef struct {
    unsigned     reachable:1;       /* it got to the end of the last stage */
    ngx_uint_t   stage;             /* the last one that was tried */
    const char  *error_class;       /* a stable word of _reason; NULL: none */
    ngx_msec_t   ms;                /* how long all of it took */
} ngx_simulcast_probe_result_t;


typedef void (*ngx_simulcast_probe_pt)(void *data,
    ngx_simulcast_probe_result_t *result);

typedef struct ngx_simulcast_probe_s  ngx_simulcast_probe_t;


#pragma GCC visibility push(hidden)

/* "dns", ... */
const char *ngx_simulcast_stage_name(ngx_uint_t stage);

/*
 * The URL's strings are copied. `until`: the last stage. `trusted`: the rules of
 * addresses do not apply. The handler is called once, within 10 s, never from
 * within this call. NULL: out of memory, the handler is not called.
 */
ngx_simulcast_probe_t *ngx_simulcast_probe_start(ngx_simulcast_url_t *url,
    ngx_uint_t until, ngx_uint_t trusted, ngx_simulcast_probe_pt handler,
    void *data);

/* the handler is not called any more */
void ngx_simulcast_probe_cancel(ngx_simulcast_probe_t *probe);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_PROBE_H_INCLUDED_ */
