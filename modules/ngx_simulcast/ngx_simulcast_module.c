
/*
 * Copyright (C) the ngx_live contributors
 *
 * What belongs to neither rtmp{} nor http{}: the configuration that they share,
 * and the life of a worker.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_call.h"
#include "ngx_simulcast_config.h"
#include "ngx_simulcast_controller.h"
#include "ngx_simulcast_events.h"
#include "ngx_simulcast_link.h"
#include "ngx_simulcast_registry.h"
#include "ngx_simulcast_rendition.h"
#include "ngx_simulcast_rtmp_module.h"
#include "ngx_simulcast_source.h"


#define NGX_SIMULCAST_TICK  1000         /* ms */


static void *ngx_simulcast_create_conf(ngx_cycle_t *cycle);
static char *ngx_simulcast_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_simulcast_init_process(ngx_cycle_t *cycle);
static void ngx_simulcast_exit_process(ngx_cycle_t *cycle);
static void ngx_simulcast_housekeeping(ngx_event_t *ev);
static void ngx_simulcast_event(void *data, u_char *msg, size_t len);


ngx_simulcast_conf_t      *ngx_simulcast_conf;

ngx_live_redis_t           ngx_simulcast_redis;

static ngx_event_t         ngx_simulcast_housekeeper;

/* debug logs of timers take the data for a connection */

static ngx_connection_t    ngx_simulcast_nobody = { .fd = -1 };


static ngx_core_module_t  ngx_simulcast_module_ctx = {
    ngx_string("simulcast"),
    ngx_simulcast_create_conf,
    ngx_simulcast_init_conf
};


ngx_module_t  ngx_simulcast_module = {
    NGX_MODULE_V1,
    &ngx_simulcast_module_ctx,              /* module context */
    NULL,                                   /* module directives */
    NGX_CORE_MODULE,                        /* module type */
    NULL,                                   /* init master */
    NULL,                                   /* init module */
    ngx_simulcast_init_process,             /* init process */
    NULL,                                   /* init thread */
    NULL,                                   /* exit thread */
    ngx_simulcast_exit_process,             /* exit process */
    NULL,                                   /* exit master */
    NGX_MODULE_V1_PADDING
};


static const char  *ngx_simulcast_platforms[NGX_SIMULCAST_NPLATFORMS] = {
    [NGX_SIMULCAST_YOUTUBE] = "youtube",
    [NGX_SIMULCAST_TWITCH] = "twitch",
    [NGX_SIMULCAST_FACEBOOK] = "facebook",
    [NGX_SIMULCAST_CLOUDFLARE] = "cloudflare",
    [NGX_SIMULCAST_CUSTOM] = "rtmp_custom"
};

static const char  *ngx_simulcast_states[NGX_SIMULCAST_NSTATES] = {
    [NGX_SIMULCAST_PENDING] = "pending",
    [NGX_SIMULCAST_CONNECTING] = "connecting",
    [NGX_SIMULCAST_CONNECTED] = "connected",
    [NGX_SIMULCAST_LIVE] = "live",
    [NGX_SIMULCAST_RECONNECTING] = "reconnecting",
    [NGX_SIMULCAST_STOPPED] = "stopped",
    [NGX_SIMULCAST_ERROR] = "error"
};


const char *
ngx_simulcast_platform_name(ngx_uint_t platform)
{
    return platform < NGX_SIMULCAST_NPLATFORMS
           ? ngx_simulcast_platforms[platform] : NULL;
}


ngx_int_t
ngx_simulcast_platform_find(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_SIMULCAST_NPLATFORMS; i++) {
        if (ngx_strlen(ngx_simulcast_platforms[i]) == name->len
            && ngx_memcmp(ngx_simulcast_platforms[i], name->data, name->len)
               == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}


const char *
ngx_simulcast_state_name(ngx_uint_t state)
{
    return ngx_simulcast_states[state];
}


uint64_t
ngx_simulcast_time(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static void *
ngx_simulcast_create_conf(ngx_cycle_t *cycle)
{
    ngx_simulcast_conf_t  *conf;

    if (!ngx_simulcast_rtmp_loaded()) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "ngx_simulcast_module needs nginx-rtmp: put its "
                      "load_module line below that of ngx_rtmp_module.so");
        return NULL;
    }

    conf = ngx_pcalloc(cycle->pool, sizeof(ngx_simulcast_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->redis.name = "simulcast";
    conf->zone_size = NGX_CONF_UNSET_SIZE;
    conf->ssl_verify = NGX_CONF_UNSET;

    return conf;
}


/* both blocks are parsed by now, in whichever order they came */

static char *
ngx_simulcast_init_conf(ngx_cycle_t *cycle, void *conf)
{
    return ngx_simulcast_config_complete(cycle, conf);
}


static ngx_int_t
ngx_simulcast_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    ngx_simulcast_conf = ngx_simulcast_config(cycle);

    ngx_simulcast_source_init();

    if (ngx_simulcast_conf->zone == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    ngx_simulcast_registry_open(ngx_simulcast_conf->zone, cycle->log);

    if (ngx_live_peers_enter(&ngx_simulcast_registry.peers, 0, ngx_worker)
        != NGX_OK
        || ngx_live_redis_init(&ngx_simulcast_redis,
                               &ngx_simulcast_conf->redis, cycle->log)
           != NGX_OK
        || ngx_simulcast_call_init(cycle) != NGX_OK
        || ngx_simulcast_controller_init(cycle) != NGX_OK
        || (ngx_simulcast_conf->redis.address.len
            && ngx_live_redis_subscribe(&ngx_simulcast_redis,
                                        "simulcast:events",
                                        ngx_simulcast_event, NULL)
               != NGX_OK))
    {
        /* the rest of nginx works */
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "simulcast: not all of it works in this worker");
    }

    ev = &ngx_simulcast_housekeeper;

    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->data = &ngx_simulcast_nobody;
    ev->log = cycle->log;
    ev->handler = ngx_simulcast_housekeeping;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_SIMULCAST_TICK);

    return NGX_OK;
}


static void
ngx_simulcast_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_simulcast_registry.shared == NULL) {
        return;
    }

    ngx_simulcast_source_exit();
    ngx_simulcast_link_exit();
    ngx_simulcast_rendition_exit();
    ngx_simulcast_call_exit();
    ngx_live_redis_exit(&ngx_simulcast_redis);

    ngx_live_peers_leave(&ngx_simulcast_registry.peers);
}


static void
ngx_simulcast_housekeeping(ngx_event_t *ev)
{
    ngx_live_peers_beat(&ngx_simulcast_registry.peers);

    ngx_add_timer(ev, NGX_SIMULCAST_TICK);
}


static void
ngx_simulcast_event(void *data, u_char *msg, size_t len)
{
    ngx_simulcast_events_message(msg, len);
}
