
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip_metrics.h"

#include "ngx_live_metric.h"


/* room for labels, whatever has to be escaped */

#define NGX_WHIP_METRICS_LABELS  (2 * sizeof(((ngx_whip_stats_t *) 0)->session)\
                                  + 2 * sizeof(((ngx_whip_stats_t *) 0)->name)\
                                  + 64)

/* and for the rest of a line */

#define NGX_WHIP_METRICS_LINE    128

/* what a metric has a sample of */

#define NGX_WHIP_METRICS_SESSION  0x1
#define NGX_WHIP_METRICS_AUDIO    0x2
#define NGX_WHIP_METRICS_VIDEO    0x4


/* of a session and one of its media, in the units of metrics */

typedef struct {
    uint64_t           bitrate;
    uint64_t           width;
    uint64_t           height;
    uint64_t           layers;
    uint64_t           packets;
    uint64_t           bytes;
    uint64_t           lost;
    uint64_t           nacks;
    uint64_t           repaired;
    uint64_t           frames;
    uint64_t           dropped;
    uint64_t           plis;
    double             fps;
    double             jitter;
    double             concealed;
    double             uptime;
    double             rtt;
    double             skew;
} ngx_whip_metrics_values_t;


static u_char *ngx_whip_metrics_reasons(u_char *p, u_char *last,
    const char *name, const char *type, const char *help, ngx_uint_t first,
    ngx_uint_t end);
static u_char *ngx_whip_metrics_table(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, ngx_whip_status_all_t *all,
    ngx_uint_t samples);
static u_char *ngx_whip_metrics_sample(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, ngx_whip_stats_t *stats,
    ngx_whip_media_stats_t *media, const char *kind);
static void ngx_whip_metrics_values(ngx_whip_stats_t *stats,
    ngx_whip_media_stats_t *media, ngx_whip_metrics_values_t *values);


#define ngx_whip_metrics_value(field)                                          \
    offsetof(ngx_whip_metrics_values_t, field)


/* of each session, labelled session and stream; see README.md */

static const ngx_live_metric_t  ngx_whip_metrics_session[] = {

    { "whip_session_uptime_seconds", "gauge",
      "Time since the session was accepted.",
      1, ngx_whip_metrics_value(uptime) },

    { "whip_session_rtt_seconds", "gauge",
      "Round trip time to the client, 0 when unknown.",
      1, ngx_whip_metrics_value(rtt) },

    { "whip_session_skew_seconds", "gauge",
      "How far audio is behind video, as measured.",
      1, ngx_whip_metrics_value(skew) },

    { NULL, NULL, NULL, 0, 0 }
};


/* of its audio and of its video, labelled kind as well */

static const ngx_live_metric_t  ngx_whip_metrics_media[] = {

    { "whip_session_bitrate_bits", "gauge",
      "Bits per second over the last second.",
      0, ngx_whip_metrics_value(bitrate) },

    { "whip_session_packets_total", "counter",
      "RTP packets received.",
      0, ngx_whip_metrics_value(packets) },

    { "whip_session_bytes_total", "counter",
      "Bytes of RTP payload received.",
      0, ngx_whip_metrics_value(bytes) },

    { "whip_session_lost_packets_total", "counter",
      "Packets that never came.",
      0, ngx_whip_metrics_value(lost) },

    { "whip_session_nacks_total", "counter",
      "Packets asked for again.",
      0, ngx_whip_metrics_value(nacks) },

    { "whip_session_repaired_packets_total", "counter",
      "Packets asked for again that came in time.",
      0, ngx_whip_metrics_value(repaired) },

    { "whip_session_frames_total", "counter",
      "Frames published.",
      0, ngx_whip_metrics_value(frames) },

    { "whip_session_jitter_seconds", "gauge",
      "Jitter of arrival times.",
      1, ngx_whip_metrics_value(jitter) },

    { NULL, NULL, NULL, 0, 0 }
};


static const ngx_live_metric_t  ngx_whip_metrics_video[] = {

    { "whip_session_fps", "gauge",
      "Video frames per second over the last second.",
      1, ngx_whip_metrics_value(fps) },

    { "whip_session_width_pixels", "gauge",
      "Width of the picture.",
      0, ngx_whip_metrics_value(width) },

    { "whip_session_height_pixels", "gauge",
      "Height of the picture.",
      0, ngx_whip_metrics_value(height) },

    { "whip_session_layers", "gauge",
      "Layers of simulcast that are being received.",
      0, ngx_whip_metrics_value(layers) },

    { "whip_session_frames_dropped_total", "counter",
      "Damaged frames that were not published.",
      0, ngx_whip_metrics_value(dropped) },

    { "whip_session_plis_total", "counter",
      "Requests for a keyframe sent, PLI and FIR.",
      0, ngx_whip_metrics_value(plis) },

    { NULL, NULL, NULL, 0, 0 }
};


static const ngx_live_metric_t  ngx_whip_metrics_audio[] = {

    { "whip_session_concealed_seconds_total", "counter",
      "Audio made up in place of what was lost.",
      1, ngx_whip_metrics_value(concealed) },

    { NULL, NULL, NULL, 0, 0 }
};


ngx_int_t
ngx_whip_metrics_write(ngx_pool_t *pool, ngx_whip_status_all_t *all,
    ngx_str_t *body)
{
    size_t                size;
    u_char               *p, *last;
    ngx_uint_t            i, n;
    ngx_whip_registry_t  *reg;

    reg = &ngx_whip_worker.registry;

    /* most of the metrics have one sample, those of media two */

    n = sizeof(ngx_whip_metrics_session) + sizeof(ngx_whip_metrics_media) * 2
        + sizeof(ngx_whip_metrics_video) + sizeof(ngx_whip_metrics_audio);
    n /= sizeof(ngx_live_metric_t);

    size = (n + 8) * 2 * NGX_WHIP_METRICS_LINE
           + (NGX_WHIP_CLOSED + NGX_WHIP_NREASONS) * NGX_WHIP_METRICS_LINE
           + all->entries.nelts * n
             * (NGX_WHIP_METRICS_LINE + NGX_WHIP_METRICS_LABELS);

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    last = p + size;

    p = ngx_live_metric_head(p, last, "whip_sessions", "gauge",
                             "Sessions, by state.");

    for (i = 0; i < NGX_WHIP_CLOSED; i++) {
        p = ngx_slprintf(p, last, "whip_sessions{state=\"%s\"} %ui\n",
                         ngx_whip_status_state(i), all->states[i]);
    }

    p = ngx_live_metric_single(p, last, "whip_sessions_started_total",
                               "counter", "Sessions accepted.",
                               ngx_whip_registry_total(reg));
    p = ngx_live_metric_single(p, last, "whip_stray_datagrams_total", "counter",
                               "Datagrams and connections of no session.",
                               ngx_whip_registry_stray_total(reg));
    p = ngx_live_metric_single(p, last, "whip_workers", "gauge",
                               "Workers of all generations.",
                               ngx_live_peers_count(&reg->peers));

    p = ngx_whip_metrics_reasons(p, last, "whip_refused_total", "counter",
                                 "Requests refused, by reason.",
                                 NGX_WHIP_OK + 1, NGX_WHIP_DELETED);
    p = ngx_whip_metrics_reasons(p, last, "whip_ended_total", "counter",
                                 "Sessions ended, by reason.",
                                 NGX_WHIP_DELETED, NGX_WHIP_NREASONS);

    p = ngx_whip_metrics_table(p, last, ngx_whip_metrics_session, all,
                               NGX_WHIP_METRICS_SESSION);
    p = ngx_whip_metrics_table(p, last, ngx_whip_metrics_media, all,
                               NGX_WHIP_METRICS_AUDIO|NGX_WHIP_METRICS_VIDEO);
    p = ngx_whip_metrics_table(p, last, ngx_whip_metrics_video, all,
                               NGX_WHIP_METRICS_VIDEO);
    p = ngx_whip_metrics_table(p, last, ngx_whip_metrics_audio, all,
                               NGX_WHIP_METRICS_AUDIO);

    body->len = p - body->data;

    return NGX_OK;
}


static u_char *
ngx_whip_metrics_reasons(u_char *p, u_char *last, const char *name,
    const char *type, const char *help, ngx_uint_t first, ngx_uint_t end)
{
    ngx_uint_t  i;

    p = ngx_live_metric_head(p, last, name, type, help);

    for (i = first; i < end; i++) {
        p = ngx_slprintf(p, last, "%s{reason=\"%s\"} %uL\n", name,
                         ngx_whip_reason(i)->name,
                         ngx_whip_registry_reasons(&ngx_whip_worker.registry,
                                                   i));
    }

    return p;
}


/* a table of metrics, each with its samples */

static u_char *
ngx_whip_metrics_table(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, ngx_whip_status_all_t *all,
    ngx_uint_t samples)
{
    ngx_uint_t                i;
    ngx_whip_stats_t         *stats;
    ngx_whip_status_entry_t  *entries;

    entries = all->entries.elts;

    for ( /* void */ ; metric->name; metric++) {

        p = ngx_live_metric_head(p, last, metric->name, metric->type,
                                 metric->help);

        for (i = 0; i < all->entries.nelts; i++) {
            stats = &entries[i].stats;

            if (samples & NGX_WHIP_METRICS_SESSION) {
                p = ngx_whip_metrics_sample(p, last, metric, stats, NULL, NULL);
            }

            if (samples & NGX_WHIP_METRICS_AUDIO) {
                p = ngx_whip_metrics_sample(p, last, metric, stats,
                                            &stats->audio, "audio");
            }

            if (samples & NGX_WHIP_METRICS_VIDEO) {
                p = ngx_whip_metrics_sample(p, last, metric, stats,
                                            &stats->video, "video");
            }
        }
    }

    return p;
}


static u_char *
ngx_whip_metrics_sample(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, ngx_whip_stats_t *stats,
    ngx_whip_media_stats_t *media, const char *kind)
{
    u_char                      labels[NGX_WHIP_METRICS_LABELS], *label, *end;
    ngx_whip_metrics_values_t   values;

    /* nothing of this kind has come */

    if (media && media->packets == 0) {
        return p;
    }

    end = labels + sizeof(labels);

    label = ngx_slprintf(labels, end, "session=\"");
    label = ngx_live_metric_label(label, end, stats->session);
    label = ngx_slprintf(label, end, "\",stream=\"");
    label = ngx_live_metric_label(label, end, stats->name);
    label = ngx_slprintf(label, end, kind ? "\",kind=\"%s" : "", kind);
    (void) ngx_slprintf(label, end, "\"%Z");

    ngx_whip_metrics_values(stats, media, &values);

    return ngx_live_metric_sample(p, last, metric, labels, &values);
}


static void
ngx_whip_metrics_values(ngx_whip_stats_t *stats, ngx_whip_media_stats_t *media,
    ngx_whip_metrics_values_t *values)
{
    ngx_memzero(values, sizeof(ngx_whip_metrics_values_t));

    values->uptime = stats->uptime / 1000.0;
    values->rtt = stats->rtt / 1000.0;
    values->skew = stats->skew_us / 1000000.0;

    if (media == NULL) {
        return;
    }

    values->bitrate = media->bitrate;
    values->width = media->width;
    values->height = media->height;
    values->layers = media->layers;
    values->packets = media->packets;
    values->bytes = media->bytes;
    values->lost = media->lost;
    values->nacks = media->nacked;
    values->repaired = media->repaired;
    values->frames = media->frames;
    values->dropped = media->dropped;
    values->plis = media->plis;
    values->fps = media->fps_100 / 100.0;
    values->jitter = media->jitter_us / 1000000.0;
    values->concealed = media->concealed / 48000.0;
}
