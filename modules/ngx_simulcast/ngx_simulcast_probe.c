
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_link.h"
#include "ngx_simulcast_probe.h"
#include "ngx_simulcast_reason.h"


#define NGX_SIMULCAST_PROBE_TIME  10000         /* ms */


struct ngx_simulcast_probe_s {
    ngx_simulcast_link_t     *link;
    ngx_event_t               timer;
    ngx_msec_t                started;
    ngx_simulcast_probe_pt    handler;
    void                     *data;
};


static void ngx_simulcast_probe_event(void *data, ngx_uint_t event);
static void ngx_simulcast_probe_timeout(ngx_event_t *ev);
static void ngx_simulcast_probe_done(ngx_simulcast_probe_t *probe,
    ngx_uint_t reason);


/* debug logs of timers take the data for a connection */

static ngx_connection_t  ngx_simulcast_probe_nobody = { .fd = -1 };

static const char  *ngx_simulcast_stages[NGX_SIMULCAST_NSTAGES] = {
    [NGX_SIMULCAST_STAGE_DNS] = "dns",
    [NGX_SIMULCAST_STAGE_TCP] = "tcp",
    [NGX_SIMULCAST_STAGE_TLS] = "tls",
    [NGX_SIMULCAST_STAGE_HANDSHAKE] = "handshake",
    [NGX_SIMULCAST_STAGE_CONNECT] = "connect",
    [NGX_SIMULCAST_STAGE_PUBLISH] = "publish"
};


const char *
ngx_simulcast_stage_name(ngx_uint_t stage)
{
    return ngx_simulcast_stages[stage];
}


ngx_simulcast_probe_t *
ngx_simulcast_probe_start(ngx_simulcast_url_t *url, ngx_uint_t until,
    ngx_uint_t trusted, ngx_simulcast_probe_pt handler, void *data)
{
    ngx_simulcast_probe_t  *probe;

    probe = ngx_calloc(sizeof(ngx_simulcast_probe_t), ngx_cycle->log);
    if (probe == NULL) {
        return NULL;
    }

    probe->link = ngx_simulcast_link_open(url, trusted, until, ngx_cycle->log,
                                          ngx_simulcast_probe_event, probe);
    if (probe->link == NULL) {
        ngx_free(probe);
        return NULL;
    }

    probe->started = ngx_current_msec;
    probe->handler = handler;
    probe->data = data;

    probe->timer.handler = ngx_simulcast_probe_timeout;
    probe->timer.log = ngx_cycle->log;
    probe->timer.data = &ngx_simulcast_probe_nobody;

    ngx_add_timer(&probe->timer, NGX_SIMULCAST_PROBE_TIME);

    return probe;
}


void
ngx_simulcast_probe_cancel(ngx_simulcast_probe_t *probe)
{
    if (probe->timer.timer_set) {
        ngx_del_timer(&probe->timer);
    }

    ngx_simulcast_link_close(probe->link, 0);
    ngx_free(probe);
}


static void
ngx_simulcast_probe_event(void *data, ngx_uint_t event)
{
    ngx_simulcast_probe_t *probe = data;

    switch (event) {

    case NGX_SIMULCAST_LINK_READY:
        ngx_simulcast_probe_done(probe, NGX_SIMULCAST_OK);
        return;

    case NGX_SIMULCAST_LINK_FAILED:
        ngx_simulcast_probe_done(probe, probe->link->reason);
        return;

    default:
        return;
    }
}


static void
ngx_simulcast_probe_timeout(ngx_event_t *ev)
{
    ngx_simulcast_probe_t  *probe;

    probe = (ngx_simulcast_probe_t *) ((u_char *) ev
                                   - offsetof(ngx_simulcast_probe_t, timer));

    ngx_simulcast_probe_done(probe, probe->link->stage
                                    <= NGX_SIMULCAST_STAGE_TCP
                                    ? NGX_SIMULCAST_CONNECT_TIMEOUT
                                    : NGX_SIMULCAST_RTMP_TIMEOUT);
}


static void
ngx_simulcast_probe_done(ngx_simulcast_probe_t *probe, ngx_uint_t reason)
{
    ngx_simulcast_probe_result_t  result;

    ngx_memzero(&result, sizeof(ngx_simulcast_probe_result_t));

    result.reachable = reason == NGX_SIMULCAST_OK;
    result.stage = probe->link->stage;
    result.ms = ngx_current_msec - probe->started;

    if (reason != NGX_SIMULCAST_OK) {
        result.error_class = ngx_simulcast_reason(reason)->name;
    }

    probe->handler(probe->data, &result);

    ngx_simulcast_probe_cancel(probe);
}
