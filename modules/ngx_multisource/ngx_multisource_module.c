
/*
 * Copyright (C) the ngx_live contributors
 *
 * What belongs to neither rtmp{} nor http{}: checks across both, and the life
 * of a worker.
 */


#include "ngx_multisource.h"
#include "ngx_multisource_direct.h"
#include "ngx_multisource_events.h"
#include "ngx_multisource_http_module.h"
#include "ngx_multisource_origin.h"
#include "ngx_multisource_rtmp_module.h"
#include "ngx_multisource_session.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_store.h"
#include "ngx_multisource_viewer.h"
#include "ngx_multisource_webhook.h"


static void *ngx_multisource_create_conf(ngx_cycle_t *cycle);
static char *ngx_multisource_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_multisource_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_multisource_init_process(ngx_cycle_t *cycle);
static void ngx_multisource_exit_process(ngx_cycle_t *cycle);
static void ngx_multisource_housekeeping(ngx_event_t *ev);
static void ngx_multisource_wake(void *data, u_char *msg, size_t len,
    ngx_socket_t fd);
static void ngx_multisource_wakeup(ngx_event_t *ev);
static void ngx_multisource_obey(void);


ngx_multisource_worker_t   ngx_multisource_worker;

/* the master's, inherited by each worker */
static ngx_live_channel_t  ngx_multisource_channel;

static ngx_connection_t    ngx_multisource_housekeeper;


static ngx_core_module_t  ngx_multisource_module_ctx = {
    ngx_string("multisource"),
    ngx_multisource_create_conf,
    ngx_multisource_init_conf
};


ngx_module_t  ngx_multisource_module = {
    NGX_MODULE_V1,
    &ngx_multisource_module_ctx,            /* module context */
    NULL,                                   /* module directives */
    NGX_CORE_MODULE,                        /* module type */
    NULL,                                   /* init master */
    ngx_multisource_init_module,            /* init module */
    ngx_multisource_init_process,           /* init process */
    NULL,                                   /* init thread */
    NULL,                                   /* exit thread */
    ngx_multisource_exit_process,           /* exit process */
    NULL,                                   /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_multisource_create_conf(ngx_cycle_t *cycle)
{
    if (&ngx_rtmp_core_module == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "ngx_multisource_module needs nginx-rtmp: put its "
                      "load_module line below that of ngx_rtmp_module.so");
        return NULL;
    }

    /* there is nothing to configure outside of the blocks */

    return ngx_pcalloc(cycle->pool, 1);
}


/* both blocks are parsed by now, in whichever order they came */

static char *
ngx_multisource_init_conf(ngx_cycle_t *cycle, void *conf)
{
    return ngx_multisource_http_resolve(cycle) == NGX_OK ? NGX_CONF_OK
                                                         : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_multisource_init_module(ngx_cycle_t *cycle)
{
    ngx_multisource_main_conf_t  *mcf;

    mcf = ngx_multisource_rtmp_main_conf(cycle);

    if (mcf && mcf->zone && mcf->zone->data && !ngx_test_config) {
        ngx_live_channel_prepare(&ngx_multisource_channel, cycle,
                                 ngx_multisource_registry_peers(mcf->zone),
                                 "multisource");
    }

    /* a failure here would end the master on reload */

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t                  *ev;
    ngx_multisource_worker_t     *w;
    ngx_multisource_main_conf_t  *mcf;

    w = &ngx_multisource_worker;

    ngx_memzero(w, sizeof(ngx_multisource_worker_t));
    ngx_queue_init(&w->publishers);

    mcf = ngx_multisource_rtmp_main_conf(cycle);

    if (mcf == NULL || mcf->zone == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    ngx_multisource_registry_open(&w->registry, mcf->zone,
                                  &ngx_multisource_channel, cycle->log);

    if (ngx_live_peers_enter(&w->registry.peers,
                   ngx_live_channel_generation(&ngx_multisource_channel),
                   ngx_worker)
        != NGX_OK)
    {
        /* lists work, publishers are refused: zone_full */
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "multisource: this worker takes no publishers");
    }

    if (ngx_live_channel_listen(&ngx_multisource_channel, cycle, ngx_worker,
                                ngx_multisource_wake, w)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "multisource: no wake-ups for this worker, commands "
                      "wait for its next tick");
    }

    ngx_multisource_stage_init(cycle);
    ngx_multisource_store_init(cycle);
    ngx_multisource_webhook_init(cycle);
    ngx_multisource_events_init();

    /* debug logs of timers take the data for a connection */

    ngx_multisource_housekeeper.fd = (ngx_socket_t) -1;

    ev = &w->wakeup;
    ev->data = &ngx_multisource_housekeeper;
    ev->log = cycle->log;
    ev->handler = ngx_multisource_wakeup;

    ev = &w->housekeeping;
    ev->data = &ngx_multisource_housekeeper;
    ev->log = cycle->log;
    ev->handler = ngx_multisource_housekeeping;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_MULTISOURCE_TICK);

    return NGX_OK;
}


static void
ngx_multisource_exit_process(ngx_cycle_t *cycle)
{
    ngx_multisource_webhook_exit();
    ngx_multisource_store_exit();

    if (ngx_multisource_worker.registry.shared) {
        ngx_live_peers_leave(&ngx_multisource_worker.registry.peers);
    }
}


static void
ngx_multisource_housekeeping(ngx_event_t *ev)
{
    ngx_queue_t               *q, *next;
    ngx_multisource_ctx_t     *ctx;
    ngx_multisource_worker_t  *w;

    w = &ngx_multisource_worker;

    w->ticks++;

    ngx_multisource_stage_tick();
    ngx_multisource_direct_tick();
    ngx_multisource_events_tick();

    if (w->ticks % 2 == 0) {
        ngx_live_peers_beat(&w->registry.peers);
        ngx_multisource_obey();
    }

    if (w->ticks % 4 == 0) {

        for (q = ngx_queue_head(&w->publishers);
             q != ngx_queue_sentinel(&w->publishers);
             q = next)
        {
            next = ngx_queue_next(q);
            ctx = ngx_queue_data(q, ngx_multisource_ctx_t, queue);

            ngx_multisource_session_refresh(ctx);
        }

        ngx_multisource_store_tick();
        ngx_multisource_webhook_tick();
    }

    if (ngx_multisource_events_open() || ngx_multisource_direct_busy()) {
        ngx_add_timer(ev, NGX_MULTISOURCE_TICK);
        return;
    }

    /* only events and a director are in such a hurry: three ticks are left out */

    w->ticks |= 3;
    ngx_add_timer(ev, 4 * NGX_MULTISOURCE_TICK);
}


/* many messages in a row say the same once */

static void
ngx_multisource_wake(void *data, u_char *msg, size_t len, ngx_socket_t fd)
{
    ngx_uint_t                 slot;
    ngx_multisource_worker_t  *w;

    w = data;

    if (fd != (ngx_socket_t) -1) {
        (void) ngx_close_socket(fd);
    }

    if (ngx_multisource_registry_told(&w->registry, msg, len, &slot)
        == NGX_OK)
    {
        ngx_multisource_origin_wake(slot);
        return;
    }

    ngx_post_event(&w->wakeup, &ngx_posted_events);
}


static void
ngx_multisource_wakeup(ngx_event_t *ev)
{
    ngx_multisource_obey();
}


/* does what other workers ask of this worker's publishers */

static void
ngx_multisource_obey(void)
{
    ngx_uint_t              reason;
    ngx_queue_t            *q, *next;
    ngx_multisource_ctx_t  *ctx;

    for (q = ngx_queue_head(&ngx_multisource_worker.publishers);
         q != ngx_queue_sentinel(&ngx_multisource_worker.publishers);
         q = next)
    {
        next = ngx_queue_next(q);
        ctx = ngx_queue_data(q, ngx_multisource_ctx_t, queue);

        reason = ngx_multisource_registry_ended(ctx->slot);

        if (reason != NGX_MULTISOURCE_OK) {
            ngx_multisource_session_end(ctx, reason);
        }
    }
}
