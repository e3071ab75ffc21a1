
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_health.h"
#include "ngx_simulcast_metrics.h"

#include "ngx_live_metric.h"


/* room for labels, whatever has to be escaped */

#define NGX_SIMULCAST_METRICS_LABELS                                          \
    (2 * sizeof(((ngx_simulcast_stats_t *) 0)->id)                            \
     + 2 * sizeof(((ngx_simulcast_stats_t *) 0)->streamer)                    \
     + 2 * sizeof(((ngx_simulcast_stats_t *) 0)->source)                      \
     + 128)

/* and for the rest of a line */

#define NGX_SIMULCAST_METRICS_LINE  160


/* of a destination, in the units of metrics */

typedef struct {
    uint64_t           live;
    uint64_t           healthy;
    uint64_t           bitrate;
    uint64_t           bytes;
    uint64_t           frames;
    uint64_t           dropped;
    uint64_t           connects;
    uint64_t           attempts;
    double             fps;
    double             uptime;
    double             queued;
    double             rtt;
} ngx_simulcast_metrics_values_t;


static u_char *ngx_simulcast_metrics_machine(u_char *p, u_char *last,
    ngx_simulcast_status_all_t *all);
static u_char *ngx_simulcast_metrics_sample(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, ngx_simulcast_stats_t *stats);
static void ngx_simulcast_metrics_values(ngx_simulcast_stats_t *stats,
    ngx_simulcast_metrics_values_t *values);


#define ngx_simulcast_metrics_value(field)                                    \
    offsetof(ngx_simulcast_metrics_values_t, field)


/* of each destination; see README.md for the labels */

static const ngx_live_metric_t  ngx_simulcast_metrics_destination[] = {

    { "simulcast_destination_live", "gauge",
      "1 while the server acknowledges media.",
      0, ngx_simulcast_metrics_value(live) },

    { "simulcast_destination_healthy", "gauge",
      "1 while health is healthy.",
      0, ngx_simulcast_metrics_value(healthy) },

    { "simulcast_destination_uptime_seconds", "gauge",
      "Time since the destination was started.",
      1, ngx_simulcast_metrics_value(uptime) },

    { "simulcast_destination_bitrate_bits", "gauge",
      "Bits per second acknowledged over the last seconds.",
      0, ngx_simulcast_metrics_value(bitrate) },

    { "simulcast_destination_fps", "gauge",
      "Video frames per second acknowledged over the last seconds.",
      1, ngx_simulcast_metrics_value(fps) },

    { "simulcast_destination_behind_seconds", "gauge",
      "How far what is sent is behind the source.",
      1, ngx_simulcast_metrics_value(queued) },

    { "simulcast_destination_rtt_seconds", "gauge",
      "Round trip time to the server, 0 when unknown.",
      1, ngx_simulcast_metrics_value(rtt) },

    { "simulcast_destination_attempts", "gauge",
      "Attempts to connect that failed in a row.",
      0, ngx_simulcast_metrics_value(attempts) },

    { "simulcast_destination_bytes_total", "counter",
      "Bytes acknowledged.",
      0, ngx_simulcast_metrics_value(bytes) },

    { "simulcast_destination_frames_total", "counter",
      "Video frames acknowledged.",
      0, ngx_simulcast_metrics_value(frames) },

    { "simulcast_destination_frames_dropped_total", "counter",
      "Video frames left out because the connection was too slow.",
      0, ngx_simulcast_metrics_value(dropped) },

    { "simulcast_destination_connections_total", "counter",
      "Connections on which the stream began.",
      0, ngx_simulcast_metrics_value(connects) },

    { NULL, NULL, NULL, 0, 0 }
};


ngx_int_t
ngx_simulcast_metrics_write(ngx_pool_t *pool, ngx_simulcast_status_all_t *all,
    ngx_str_t *body)
{
    size_t                    size;
    u_char                   *p, *last;
    ngx_uint_t                i, n;
    ngx_simulcast_stats_t    *stats;
    const ngx_live_metric_t  *metric;

    /* help, type and sample of each metric, then a sample for each destination
       and for each state and reason */

    n = sizeof(ngx_simulcast_metrics_destination) / sizeof(ngx_live_metric_t);

    size = (n + 8) * 3 * NGX_SIMULCAST_METRICS_LINE
           + (NGX_SIMULCAST_NSTATES + NGX_SIMULCAST_NREASONS)
             * NGX_SIMULCAST_METRICS_LINE
           + all->list.nelts * n
             * (NGX_SIMULCAST_METRICS_LINE + NGX_SIMULCAST_METRICS_LABELS);

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    last = p + size;

    p = ngx_simulcast_metrics_machine(p, last, all);

    stats = all->list.elts;

    for (metric = ngx_simulcast_metrics_destination; metric->name; metric++) {

        p = ngx_live_metric_head(p, last, metric->name, metric->type,
                                 metric->help);

        for (i = 0; i < all->list.nelts; i++) {
            p = ngx_simulcast_metrics_sample(p, last, metric, &stats[i]);
        }
    }

    body->len = p - body->data;

    return NGX_OK;
}


static u_char *
ngx_simulcast_metrics_machine(u_char *p, u_char *last,
    ngx_simulcast_status_all_t *all)
{
    ngx_uint_t  i;

    p = ngx_live_metric_head(p, last, "simulcast_destinations", "gauge",
                             "Destinations of live sources, by state.");

    for (i = 0; i < NGX_SIMULCAST_NSTATES; i++) {
        p = ngx_slprintf(p, last, "simulcast_destinations{state=\"%s\"} %ui\n",
                         ngx_simulcast_state_name(i), all->states[i]);
    }

    p = ngx_live_metric_single(p, last, "simulcast_zone_slots", "gauge",
                               "Room for destinations in the zone.",
                               all->slots);
    p = ngx_live_metric_single(p, last, "simulcast_zone_used", "gauge",
                               "Slots of the zone in use.", all->list.nelts);
    p = ngx_live_metric_single(p, last, "simulcast_workers", "gauge",
                               "Workers of all generations.", all->workers);
    p = ngx_live_metric_single(p, last, "simulcast_redis_up", "gauge",
                               "1 while the worker that answers has Redis.",
                               all->redis.up);

    p = ngx_live_metric_head(p, last, "simulcast_failures_total", "counter",
                             "Failures of destinations, by reason.");

    for (i = NGX_SIMULCAST_OK + 1; i < NGX_SIMULCAST_NREASONS; i++) {
        p = ngx_slprintf(p, last,
                         "simulcast_failures_total{reason=\"%s\"} %uL\n",
                         ngx_simulcast_reason(i)->name,
                         ngx_simulcast_registry_reasons(i));
    }

    return p;
}


static u_char *
ngx_simulcast_metrics_sample(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, ngx_simulcast_stats_t *stats)
{
    u_char                           labels[NGX_SIMULCAST_METRICS_LABELS];
    u_char                          *label, *end;
    ngx_simulcast_metrics_values_t   values;

    end = labels + sizeof(labels);

    label = ngx_slprintf(labels, end, "destination=\"");
    label = ngx_live_metric_label(label, end, stats->id);
    label = ngx_slprintf(label, end, "\",platform=\"%s\",streamer=\"",
                         ngx_simulcast_platform_name(stats->platform));
    label = ngx_live_metric_label(label, end, stats->streamer);
    label = ngx_slprintf(label, end, "\",source=\"");
    label = ngx_live_metric_label(label, end, stats->source);
    (void) ngx_slprintf(label, end, "\",worker=\"%P\"%Z", stats->pid);

    ngx_simulcast_metrics_values(stats, &values);

    return ngx_live_metric_sample(p, last, metric, labels, &values);
}


static void
ngx_simulcast_metrics_values(ngx_simulcast_stats_t *stats,
    ngx_simulcast_metrics_values_t *values)
{
    values->live = stats->state == NGX_SIMULCAST_LIVE;
    values->healthy = stats->health == NGX_SIMULCAST_HEALTH_HEALTHY;
    values->bitrate = stats->bitrate;
    values->bytes = stats->bytes;
    values->frames = stats->frames;
    values->dropped = stats->dropped;
    values->connects = stats->connects;
    values->attempts = stats->attempts;
    values->fps = stats->fps;
    values->uptime = stats->uptime / 1000.0;
    values->queued = stats->queued / 1000.0;
    values->rtt = stats->rtt / 1000000.0;
}
