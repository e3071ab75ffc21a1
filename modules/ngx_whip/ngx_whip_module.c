
/*
 * Copyright (C) the ngx_live contributors
 *
 * What belongs to neither rtmp{} nor http{}: checks across both, and the life
 * of a worker.
 */


#include "ngx_whip.h"
#include "ngx_whip_courier.h"
#include "ngx_whip_dtls.h"
#include "ngx_whip_http_module.h"
#include "ngx_whip_publisher.h"
#include "ngx_whip_session.h"
#include "ngx_whip_srtp.h"
#include "ngx_whip_tcp.h"
#include "ngx_whip_udp.h"


#define NGX_WHIP_TICK  1000          /* ms */


static void *ngx_whip_create_conf(ngx_cycle_t *cycle);
static char *ngx_whip_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_whip_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_whip_init_process(ngx_cycle_t *cycle);
static void ngx_whip_exit_process(ngx_cycle_t *cycle);
static void ngx_whip_housekeeping(ngx_event_t *ev);


ngx_whip_worker_t         ngx_whip_worker;

static ngx_connection_t   ngx_whip_housekeeper;


static ngx_core_module_t  ngx_whip_module_ctx = {
    ngx_string("whip"),
    ngx_whip_create_conf,
    ngx_whip_init_conf
};


ngx_module_t  ngx_whip_module = {
    NGX_MODULE_V1,
    &ngx_whip_module_ctx,                   /* module context */
    NULL,                                   /* module directives */
    NGX_CORE_MODULE,                        /* module type */
    NULL,                                   /* init master */
    ngx_whip_init_module,                   /* init module */
    ngx_whip_init_process,                  /* init process */
    NULL,                                   /* init thread */
    NULL,                                   /* exit thread */
    ngx_whip_exit_process,                  /* exit process */
    NULL,                                   /* exit master */
    NGX_MODULE_V1_PADDING
};


uint64_t
ngx_whip_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static void *
ngx_whip_create_conf(ngx_cycle_t *cycle)
{
    if (!ngx_whip_publisher_loaded()) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "ngx_whip_module needs nginx-rtmp: put its load_module "
                      "line below that of ngx_rtmp_module.so");
        return NULL;
    }

    /* there is nothing to configure outside of the blocks */

    return ngx_pcalloc(cycle->pool, 1);
}


/* both blocks are parsed by now, in whichever order they came */

static char *
ngx_whip_init_conf(ngx_cycle_t *cycle, void *conf)
{
    return ngx_whip_http_resolve(cycle) == NGX_OK ? NGX_CONF_OK
                                                  : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_whip_init_module(ngx_cycle_t *cycle)
{
    ngx_whip_main_conf_t  *conf;

    conf = ngx_whip_main_conf(cycle);

    if (conf && conf->zone->data && !ngx_test_config) {
        ngx_whip_courier_prepare(cycle, conf);
        ngx_whip_udp_check(cycle, conf);
    }

    /* a failure here would end the master on reload */

    return NGX_OK;
}


static ngx_int_t
ngx_whip_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t           *ev;
    ngx_whip_worker_t     *w;
    ngx_whip_main_conf_t  *conf;

    w = &ngx_whip_worker;

    ngx_memzero(w, sizeof(ngx_whip_worker_t));
    ngx_whip_session_init();

    conf = ngx_whip_main_conf(cycle);

    if (conf == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    w->cycle = cycle;
    w->conf = conf;

    ngx_whip_registry_open(&w->registry, conf->zone, cycle->log);

    if (conf->listen.nelts == 0) {
        return NGX_OK;
    }

    ngx_whip_udp_init(cycle, conf);

    if (ngx_whip_srtp_init(cycle->log) != NGX_OK
        || ngx_whip_dtls_init(cycle->log) != NGX_OK
        || w->listening == NULL
        || ngx_live_peers_enter(&w->registry.peers,
                                ngx_whip_courier_generation(), ngx_worker)
           != NGX_OK)
    {
        /* the rest of nginx works */
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "whip: this worker takes no sessions");
    }

    if (ngx_whip_courier_listen(cycle) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "whip: no messages for this worker, its sessions are "
                      "reached by no other");
    }

    /* debug logs of timers take the data for a connection */

    ngx_whip_housekeeper.fd = (ngx_socket_t) -1;

    ev = &w->housekeeping;
    ev->data = &ngx_whip_housekeeper;
    ev->log = cycle->log;
    ev->handler = ngx_whip_housekeeping;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_WHIP_TICK);

    return NGX_OK;
}


static void
ngx_whip_exit_process(ngx_cycle_t *cycle)
{
    ngx_whip_worker_t  *w;

    w = &ngx_whip_worker;

    if (w->registry.shared == NULL) {
        return;
    }

    ngx_whip_session_shutdown();
    ngx_whip_tcp_shutdown();

    ngx_live_peers_leave(&w->registry.peers);

    ngx_whip_dtls_exit();
    ngx_whip_srtp_exit();
}


static void
ngx_whip_housekeeping(ngx_event_t *ev)
{
    ngx_whip_worker_t  *w;

    w = &ngx_whip_worker;

    ngx_live_peers_beat(&w->registry.peers);

    if (w->strays) {
        ngx_whip_registry_strays(&w->registry, w->strays);
        w->strays = 0;
    }

    ngx_add_timer(ev, NGX_WHIP_TICK);
}
