
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_health.h"
#include "ngx_simulcast_metrics.h"
#include "ngx_simulcast_status.h"

#include "ngx_live_answer.h"
#include "ngx_live_metric.h"


/* a string in ngx_simulcast_stats_t */

typedef struct {
    size_t             offset;
    size_t             size;
} ngx_simulcast_status_string_t;


static ngx_int_t ngx_simulcast_status_collect(ngx_http_request_t *r,
    ngx_simulcast_status_all_t *all);
static void ngx_simulcast_status_clean(ngx_simulcast_stats_t *stats);
static json_t *ngx_simulcast_status_states(ngx_simulcast_status_all_t *all);
static json_t *ngx_simulcast_status_failures(void);
static json_t *ngx_simulcast_status_redis(ngx_live_redis_look_t *look);
static json_t *ngx_simulcast_status_destination(ngx_simulcast_stats_t *stats);
static json_t *ngx_simulcast_status_failure(ngx_uint_t reason);
static json_t *ngx_simulcast_status_text(u_char *s);


#define ngx_simulcast_status_string(field)                                    \
    { offsetof(ngx_simulcast_stats_t, field),                                 \
      sizeof(((ngx_simulcast_stats_t *) NULL)->field) }


static const ngx_simulcast_status_string_t  ngx_simulcast_status_strings[] = {
    ngx_simulcast_status_string(id),
    ngx_simulcast_status_string(name),
    ngx_simulcast_status_string(streamer),
    ngx_simulcast_status_string(source),
    ngx_simulcast_status_string(server),
    ngx_simulcast_status_string(address),
    ngx_simulcast_status_string(cipher),
    ngx_simulcast_status_string(rendition),
    { 0, 0 }
};


/* all destinations of all workers; NGX_DECLINED: go on, otherwise an answer */

static ngx_int_t
ngx_simulcast_status_collect(ngx_http_request_t *r,
    ngx_simulcast_status_all_t *all)
{
    ngx_int_t               rc;
    ngx_uint_t              n;
    ngx_simulcast_stats_t  *stats;

    rc = ngx_live_answer_begin(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_memzero(all, sizeof(ngx_simulcast_status_all_t));

    if (ngx_array_init(&all->list, r->pool, 16, sizeof(ngx_simulcast_stats_t))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_live_redis_look(&ngx_simulcast_redis, &all->redis);

    all->slots = ngx_simulcast_registry_slots();

    /* nothing is configured that would push: an empty list */

    if (all->slots == 0) {
        return NGX_DECLINED;
    }

    all->workers = ngx_live_peers_count(&ngx_simulcast_registry.peers);

    n = 0;

    for ( ;; ) {

        stats = ngx_array_push(&all->list);
        if (stats == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_simulcast_registry_next(&n, stats) != NGX_OK) {
            break;
        }

        ngx_simulcast_status_clean(stats);

        all->states[stats->state]++;
    }

    all->list.nelts--;

    return NGX_DECLINED;
}


/* names are of users: neither JSON nor a terminal is to trip over them */

static void
ngx_simulcast_status_clean(ngx_simulcast_stats_t *stats)
{
    u_char                               *p, *last, *s;
    uint32_t                              c;
    const ngx_simulcast_status_string_t  *string;

    for (string = ngx_simulcast_status_strings; string->size; string++) {

        p = (u_char *) stats + string->offset;
        p[string->size - 1] = '\0';
        last = p + ngx_strlen(p);

        while (p < last) {

            if (*p >= 0x20 && *p < 0x7f) {
                p++;
                continue;
            }

            s = p;
            c = *p < 0x80 ? 0 : ngx_utf8_decode(&s, last - p);

            if (c < 0xa0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
                *p++ = '?';
                continue;
            }

            p = s;
        }
    }
}


ngx_int_t
ngx_simulcast_status_json(ngx_http_request_t *r)
{
    json_t                      *json, *list;
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    ngx_simulcast_stats_t       *stats;
    ngx_simulcast_status_all_t   all;

    rc = ngx_simulcast_status_collect(r, &all);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    list = json_array();
    stats = all.list.elts;

    for (i = 0; i < all.list.nelts; i++) {
        (void) json_array_append_new(list,
                                ngx_simulcast_status_destination(&stats[i]));
    }

    json = json_pack("{s:o,s:{s:I,s:I},s:I,s:o,s:o,s:o}",
                     "destinations", ngx_simulcast_status_states(&all),
                     "zone",
                         "slots", (json_int_t) all.slots,
                         "used", (json_int_t) all.list.nelts,
                     "workers", (json_int_t) all.workers,
                     "redis", ngx_simulcast_status_redis(&all.redis),
                     "failures", ngx_simulcast_status_failures(),
                     "list", list);

    return ngx_live_answer_json(r, NGX_HTTP_OK, json);
}


static json_t *
ngx_simulcast_status_states(ngx_simulcast_status_all_t *all)
{
    json_t      *states;
    ngx_uint_t   i;

    states = json_pack("{s:I}", "total", (json_int_t) all->list.nelts);

    for (i = 0; i < NGX_SIMULCAST_NSTATES; i++) {
        (void) json_object_set_new(states, ngx_simulcast_state_name(i),
                                   json_integer(all->states[i]));
    }

    return states;
}


static json_t *
ngx_simulcast_status_failures(void)
{
    json_t      *reasons;
    uint64_t     n;
    ngx_uint_t   i;

    reasons = json_object();

    for (i = NGX_SIMULCAST_OK + 1; i < NGX_SIMULCAST_NREASONS; i++) {
        n = ngx_simulcast_registry_reasons(i);

        (void) json_object_set_new(reasons, ngx_simulcast_reason(i)->name,
                                   json_integer(n));
    }

    return reasons;
}


static json_t *
ngx_simulcast_status_redis(ngx_live_redis_look_t *look)
{
    if (!look->configured) {
        return json_null();
    }

    return json_pack("{s:b,s:b,s:I,s:I,s:I,s:I,s:I}",
                     "up", (int) look->up,
                     "subscribed", (int) look->subscribed,
                     "since_ms", (json_int_t) look->since,
                     "commands", (json_int_t) look->commands,
                     "unanswered", (json_int_t) look->failures,
                     "connects", (json_int_t) look->connects,
                     "worker", (json_int_t) ngx_pid);
}


static json_t *
ngx_simulcast_status_destination(ngx_simulcast_stats_t *stats)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:o,s:o,s:o,s:o,s:o,"
                     "s:I,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:I,s:o}",
                     "id", stats->id,
                     "name", stats->name,
                     "platform", ngx_simulcast_platform_name(stats->platform),
                     "streamer", stats->streamer,
                     "source", stats->source,
                     "static", (int) stats->fixed,
                     "state", ngx_simulcast_state_name(stats->state),
                     "health", ngx_simulcast_health_name(stats->health),
                     "failure", ngx_simulcast_status_failure(stats->reason),
                     "server", ngx_simulcast_status_text(stats->server),
                     "address", ngx_simulcast_status_text(stats->address),
                     "cipher", ngx_simulcast_status_text(stats->cipher),
                     "rendition", ngx_simulcast_status_text(stats->rendition),
                     "worker", (json_int_t) stats->pid,
                     "started_at", ngx_live_answer_time(stats->started),
                     "uptime_ms", (json_int_t) stats->uptime,
                     "bytes", (json_int_t) stats->bytes,
                     "frames", (json_int_t) stats->frames,
                     "dropped", (json_int_t) stats->dropped,
                     "connections", (json_int_t) stats->connects,
                     "attempts", (json_int_t) stats->attempts,
                     "bitrate_kbps", (json_int_t) (stats->bitrate / 1000),
                     "fps", (uint64_t) (stats->fps * 100 + 0.5) / 100.0,
                     "behind_ms", (json_int_t) stats->queued,
                     "rtt_ms", stats->rtt ? json_real(stats->rtt / 1000.0)
                                          : json_null());
}


static json_t *
ngx_simulcast_status_failure(ngx_uint_t reason)
{
    if (reason == NGX_SIMULCAST_OK) {
        return json_null();
    }

    return json_pack("{s:s,s:s}",
                     "reason", ngx_simulcast_reason(reason)->name,
                     "text", ngx_simulcast_reason(reason)->text);
}


/* what is not known is null */

static json_t *
ngx_simulcast_status_text(u_char *s)
{
    return s[0] ? json_string((char *) s) : json_null();
}


ngx_int_t
ngx_simulcast_status_prometheus(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_str_t                    body;
    ngx_simulcast_status_all_t   all;

    rc = ngx_simulcast_status_collect(r, &all);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_simulcast_metrics_write(r->pool, &all, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_text(r, NGX_HTTP_OK, NGX_LIVE_METRIC_TYPE, &body);
}
