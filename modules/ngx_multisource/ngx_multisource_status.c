
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_origin.h"
#include "ngx_multisource_rtmp_module.h"
#include "ngx_multisource_show_status.h"
#include "ngx_multisource_status.h"
#include "ngx_multisource_view.h"

#include "ngx_live_metric.h"


typedef struct {
    uint64_t     bytes;
    uint64_t     video_frames;
    uint64_t     audio_frames;
    uint64_t     keyframes;
    uint64_t     dropped;
    uint64_t     bitrate;               /* bit/s */
    double       fps;
    double       keyframe_interval;     /* s */
    double       uptime;                /* s */
} ngx_multisource_status_source_t;


static void ngx_multisource_status_source(ngx_multisource_record_t *record,
    ngx_multisource_status_source_t *st);
static ngx_int_t ngx_multisource_status_json(ngx_http_request_t *r,
    ngx_multisource_entry_t *entries, ngx_uint_t n,
    ngx_multisource_totals_t *totals);
static json_t *ngx_multisource_status_json_source(
    ngx_multisource_entry_t *entry);
static json_t *ngx_multisource_status_json_hls(
    ngx_multisource_record_t *record);
static ngx_int_t ngx_multisource_status_prometheus(ngx_http_request_t *r,
    ngx_multisource_entry_t *entries, ngx_uint_t n,
    ngx_multisource_totals_t *totals);


#define ngx_multisource_metric_offset(field)                                 \
    offsetof(ngx_multisource_status_source_t, field)


/* of each source, labelled app, streamer and source; see README.md */

static const ngx_live_metric_t  ngx_multisource_metrics[] = {

    { "multisource_bytes_total", "counter",
      "Bytes of audio and video received.",
      0, ngx_multisource_metric_offset(bytes) },

    { "multisource_video_frames_total", "counter",
      "Video frames received.",
      0, ngx_multisource_metric_offset(video_frames) },

    { "multisource_audio_frames_total", "counter",
      "Audio frames received.",
      0, ngx_multisource_metric_offset(audio_frames) },

    { "multisource_keyframes_total", "counter",
      "Video keyframes received.",
      0, ngx_multisource_metric_offset(keyframes) },

    { "multisource_dropped_total", "counter",
      "Audio and video messages that were not understood.",
      0, ngx_multisource_metric_offset(dropped) },

    { "multisource_bitrate_bps", "gauge",
      "Bits per second over the last five seconds.",
      0, ngx_multisource_metric_offset(bitrate) },

    { "multisource_fps", "gauge",
      "Video frames per second over the last five seconds.",
      1, ngx_multisource_metric_offset(fps) },

    { "multisource_keyframe_interval_seconds", "gauge",
      "Media time between the last two keyframes.",
      1, ngx_multisource_metric_offset(keyframe_interval) },

    { "multisource_uptime_seconds", "gauge",
      "Time since the source went live.",
      1, ngx_multisource_metric_offset(uptime) },

    { NULL, NULL, NULL, 0, 0 }
};


ngx_int_t
ngx_multisource_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_uint_t                    n;
    ngx_array_t                  *found;
    ngx_multisource_walk_t        walk;
    ngx_multisource_entry_t      *entry;
    ngx_multisource_totals_t      totals;
    ngx_multisource_loc_conf_t   *mlcf;
    ngx_multisource_registry_t   *reg;

    rc = ngx_live_answer_begin(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    reg = &ngx_multisource_worker.registry;
    mlcf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);

    found = ngx_array_create(r->pool, 16, sizeof(ngx_multisource_entry_t));
    if (found == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&walk, sizeof(ngx_multisource_walk_t));

    for ( ;; ) {

        entry = ngx_array_push(found);
        if (entry == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_multisource_registry_next(reg, &walk, entry) != NGX_OK) {
            break;
        }
    }

    n = found->nelts - 1;

    ngx_multisource_registry_totals(reg, &totals);

    return mlcf->serves == NGX_MULTISOURCE_LOCATION_PROMETHEUS
           ? ngx_multisource_status_prometheus(r, found->elts, n, &totals)
           : ngx_multisource_status_json(r, found->elts, n, &totals);
}


static void
ngx_multisource_status_source(ngx_multisource_record_t *record,
    ngx_multisource_status_source_t *st)
{
    uint64_t  now;

    now = ngx_multisource_now();

    st->bytes = record->video.bytes + record->audio.bytes;
    st->video_frames = record->video.frames;
    st->audio_frames = record->audio.frames;
    st->keyframes = record->keyframes;
    st->dropped = record->dropped;
    st->bitrate = ((uint64_t) record->video.bitrate + record->audio.bitrate)
                  * 1000;
    st->fps = record->video.fps / 1000.0;
    st->keyframe_interval = record->keyframe_interval / 1000.0;
    st->uptime = now > record->started ? (now - record->started) / 1000.0 : 0;
}


static ngx_int_t
ngx_multisource_status_json(ngx_http_request_t *r,
    ngx_multisource_entry_t *entries, ngx_uint_t n,
    ngx_multisource_totals_t *totals)
{
    json_t                           *json, *sources, *refused;
    uint64_t                          bitrate, bytes;
    ngx_uint_t                        i;
    ngx_multisource_status_source_t   st;

    sources = json_array();
    refused = json_object();
    bitrate = 0;
    bytes = 0;

    for (i = 0; i < n; i++) {
        ngx_multisource_status_source(&entries[i].record, &st);

        bitrate += st.bitrate;
        bytes += st.bytes;

        (void) json_array_append_new(sources,
                   ngx_multisource_status_json_source(&entries[i]));
    }

    for (i = 1; i < NGX_MULTISOURCE_NREASONS; i++) {
        (void) json_object_set_new(refused, ngx_multisource_reason(i)->name,
                                   json_integer(totals->refused[i]));
    }

    json = json_pack("{s:{s:I,s:I},s:I,s:I,s:{s:I,s:I,s:I,s:I},s:o,s:o,s:o*,"
                     "s:o*}",
                     "zone",
                         "slots", (json_int_t) totals->nslots,
                         "used", (json_int_t) totals->used,
                     "workers", (json_int_t) totals->workers,
                     "held", (json_int_t) ngx_multisource_origin_held(),
                     "totals",
                         "sources", (json_int_t) n,
                         "published", (json_int_t) totals->published,
                         "bitrate_kbps", (json_int_t) (bitrate / 1000),
                         "bytes", (json_int_t) bytes,
                     "refused", refused,
                     "sources", sources,
                     "sessions_zone", ngx_multisource_show_status_zone(),
                     "sessions", ngx_multisource_show_status_json(r->pool));

    return ngx_live_answer_json(r, NGX_HTTP_OK, json);
}


static json_t *
ngx_multisource_status_json_source(ngx_multisource_entry_t *entry)
{
    ngx_multisource_record_t         *record;
    ngx_multisource_status_source_t   st;

    record = &entry->record;

    ngx_multisource_status_source(record, &st);

    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:I,s:I,"
                     "s:s,s:s,s:I,s:o*}",
                     "app", record->app,
                     "streamer", record->streamer,
                     "source", record->source,
                     "state", entry->stalled ? "stalled" : "live",
                     "bytes", (json_int_t) st.bytes,
                     "video_frames", (json_int_t) st.video_frames,
                     "audio_frames", (json_int_t) st.audio_frames,
                     "keyframes", (json_int_t) st.keyframes,
                     "dropped", (json_int_t) st.dropped,
                     "bitrate_kbps", (json_int_t) (st.bitrate / 1000),
                     "fps", ngx_multisource_json_fps(record->video.fps),
                     "keyframe_interval_ms",
                         (json_int_t) record->keyframe_interval,
                     "uptime_ms", (json_int_t) (st.uptime * 1000),
                     "video_codec", record->video.codec,
                     "audio_codec", record->audio.codec,
                     "worker", (json_int_t) entry->pid,
                     "hls", ngx_multisource_status_json_hls(record));
}


/* what the packager has made; NULL: it is off, or there is nothing yet */

static json_t *
ngx_multisource_status_json_hls(ngx_multisource_record_t *record)
{
    ngx_int_t                      rc;
    ngx_str_t                      name, streamer, source;
    ngx_multisource_view_t        *view;
    ngx_multisource_app_conf_t    *app;
    ngx_multisource_index_head_t  *head;

    static const char  *states[] = { "new", "live", "away", "ended" };

    name.data = record->app;
    name.len = ngx_strlen(record->app);
    streamer.data = record->streamer;
    streamer.len = ngx_strlen(record->streamer);
    source.data = record->source;
    source.len = ngx_strlen(record->source);

    app = ngx_multisource_rtmp_app((ngx_cycle_t *) ngx_cycle, &name);

    if (app == NULL || !app->hls) {
        return NULL;
    }

    view = ngx_multisource_view_find(app, &streamer, &source, &rc);

    if (view == NULL || !view->mapped) {
        return NULL;
    }

    head = &view->head;

    return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:f}",
                     "state", states[head->state & 3],
                     "msn", (json_int_t) head->open,
                     "part", (json_int_t) head->current.parts,
                     "segments", (json_int_t) (head->open - head->first),
                     "target_duration_ms",
                         (json_int_t) head->target_duration * 1000,
                     "part_target_ms", (json_int_t) head->part_target / 90,
                     "bandwidth_kbps",
                         (json_int_t) head->streams.bandwidth / 1000,
                     "clock", head->sender ? "sender" : "arrival",
                     "skew_ms", (double) head->residual / 1000);
}


static ngx_int_t
ngx_multisource_status_prometheus(ngx_http_request_t *r,
    ngx_multisource_entry_t *entries, ngx_uint_t n,
    ngx_multisource_totals_t *totals)
{
    size_t                            size;
    u_char                           *p, *last;
    u_char                            app[NGX_MULTISOURCE_APP_MAX * 2];
    u_char                            labels[sizeof(app) + 64
                                             + NGX_MULTISOURCE_NAME_MAX * 2];
    ngx_str_t                         body;
    ngx_uint_t                        i, m;
    const ngx_live_metric_t          *metric;
    ngx_multisource_record_t         *record;
    ngx_multisource_status_source_t   st;

    /* a line has a metric's name, three names as labels and a number */

    m = sizeof(ngx_multisource_metrics) / sizeof(ngx_multisource_metrics[0]);

    size = (m + 8) * 512 + NGX_MULTISOURCE_NREASONS * 128
           + n * m * (128 + sizeof(labels))
           + ngx_multisource_show_status_size();

    body.data = ngx_pnalloc(r->pool, size);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = body.data;
    last = body.data + size;

    p = ngx_live_metric_single(p, last, "multisource_sources", "gauge",
                               "Live sources.", n);
    p = ngx_live_metric_single(p, last, "multisource_workers", "gauge",
                               "Workers of all generations.", totals->workers);
    p = ngx_live_metric_single(p, last, "multisource_zone_slots", "gauge",
                               "Room for sources in the zone.",
                               totals->nslots);
    p = ngx_live_metric_single(p, last, "multisource_zone_used", "gauge",
                               "Slots of the zone in use.", totals->used);
    p = ngx_live_metric_single(p, last, "multisource_published_total",
                               "counter", "Publishes since the start.",
                               totals->published);

    p = ngx_live_metric_head(p, last, "multisource_refused_total", "counter",
                             "Publishes refused and sessions ended, by "
                             "reason.");

    for (i = 1; i < NGX_MULTISOURCE_NREASONS; i++) {
        p = ngx_slprintf(p, last,
                         "multisource_refused_total{reason=\"%s\"} %uL\n",
                         ngx_multisource_reason(i)->name, totals->refused[i]);
    }

    for (metric = ngx_multisource_metrics; metric->name; metric++) {

        p = ngx_live_metric_head(p, last, metric->name, metric->type,
                                 metric->help);

        for (i = 0; i < n; i++) {
            record = &entries[i].record;

            ngx_multisource_status_source(record, &st);

            /* of the three only the application's is free text */

            (void) ngx_live_metric_label(app, app + sizeof(app), record->app);
            (void) ngx_snprintf(labels, sizeof(labels),
                                "app=\"%s\",streamer=\"%s\",source=\"%s\"%Z",
                                app, record->streamer, record->source);

            p = ngx_live_metric_sample(p, last, metric, labels, &st);
        }
    }

    p = ngx_multisource_show_status_metrics(p, last);

    body.len = p - body.data;

    return ngx_live_answer_text(r, NGX_HTTP_OK, NGX_LIVE_METRIC_TYPE, &body);
}
