
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_status.h"


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


typedef struct {
    const char  *name;
    const char  *type;
    const char  *help;
    ngx_uint_t   real;                  /* a double at `offset`, else uint64_t */
    size_t       offset;
} ngx_multisource_metric_t;


static void ngx_multisource_status_source(ngx_multisource_record_t *record,
    ngx_multisource_status_source_t *st);
static ngx_int_t ngx_multisource_status_json(ngx_http_request_t *r,
    ngx_multisource_entry_t *entries, ngx_uint_t n,
    ngx_multisource_totals_t *totals);
static json_t *ngx_multisource_status_json_source(
    ngx_multisource_entry_t *entry);
static ngx_int_t ngx_multisource_status_prometheus(ngx_http_request_t *r,
    ngx_multisource_entry_t *entries, ngx_uint_t n,
    ngx_multisource_totals_t *totals);
static void ngx_multisource_status_label(u_char *p, u_char *s);
static u_char *ngx_multisource_status_gauge(u_char *p, u_char *last,
    const char *name, const char *type, const char *help, uint64_t value);


#define ngx_multisource_metric_offset(field)                                 \
    offsetof(ngx_multisource_status_source_t, field)


/* of each source, labelled app, streamer and source; see README.md */

static ngx_multisource_metric_t  ngx_multisource_metrics[] = {

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
    ngx_uint_t                    n;
    ngx_array_t                  *found;
    ngx_multisource_walk_t        walk;
    ngx_multisource_entry_t      *entry;
    ngx_multisource_totals_t      totals;
    ngx_multisource_loc_conf_t   *mlcf;
    ngx_multisource_registry_t   *reg;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {

        if (ngx_multisource_http_header(r, "Allow", "GET, HEAD") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_multisource_http_send_error(r, NGX_HTTP_NOT_ALLOWED,
                   "method_not_allowed", "the method is not allowed here");
    }

    if (ngx_multisource_http_header(r, "Cache-Control", "no-store") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
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

    json = json_pack("{s:{s:I,s:I},s:I,s:{s:I,s:I,s:I,s:I},s:o,s:o}",
                     "zone",
                         "slots", (json_int_t) totals->nslots,
                         "used", (json_int_t) totals->used,
                     "workers", (json_int_t) totals->workers,
                     "totals",
                         "sources", (json_int_t) n,
                         "published", (json_int_t) totals->published,
                         "bitrate_kbps", (json_int_t) (bitrate / 1000),
                         "bytes", (json_int_t) bytes,
                     "refused", refused,
                     "sources", sources);

    return ngx_multisource_http_send_json(r, NGX_HTTP_OK, json);
}


static json_t *
ngx_multisource_status_json_source(ngx_multisource_entry_t *entry)
{
    ngx_multisource_record_t         *record;
    ngx_multisource_status_source_t   st;

    record = &entry->record;

    ngx_multisource_status_source(record, &st);

    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:I,s:I,"
                     "s:s,s:s,s:I}",
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
                     "worker", (json_int_t) entry->pid);
}


static ngx_int_t
ngx_multisource_status_prometheus(ngx_http_request_t *r,
    ngx_multisource_entry_t *entries, ngx_uint_t n,
    ngx_multisource_totals_t *totals)
{
    size_t                            size;
    u_char                           *p, *last;
    u_char                            app[NGX_MULTISOURCE_APP_MAX * 2];
    uint64_t                          value;
    ngx_str_t                         body;
    ngx_uint_t                        i, m;
    ngx_multisource_metric_t         *metric;
    ngx_multisource_record_t         *record;
    ngx_multisource_status_source_t   st;

    /* a line has a metric's name, three names as labels and a number */

    m = sizeof(ngx_multisource_metrics) / sizeof(ngx_multisource_metrics[0]);

    size = (m + 8) * 512 + NGX_MULTISOURCE_NREASONS * 128
           + n * m * (128 + NGX_MULTISOURCE_APP_MAX * 2
                      + NGX_MULTISOURCE_NAME_MAX * 2);

    body.data = ngx_pnalloc(r->pool, size);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = body.data;
    last = body.data + size;

    p = ngx_multisource_status_gauge(p, last, "multisource_sources", "gauge",
                                     "Live sources.", n);
    p = ngx_multisource_status_gauge(p, last, "multisource_workers", "gauge",
                                     "Workers of all generations.",
                                     totals->workers);
    p = ngx_multisource_status_gauge(p, last, "multisource_zone_slots",
                                     "gauge", "Room for sources in the zone.",
                                     totals->nslots);
    p = ngx_multisource_status_gauge(p, last, "multisource_zone_used", "gauge",
                                     "Slots of the zone in use.",
                                     totals->used);
    p = ngx_multisource_status_gauge(p, last, "multisource_published_total",
                                     "counter", "Publishes since the start.",
                                     totals->published);

    p = ngx_slprintf(p, last, "# HELP multisource_refused_total Publishes "
                     "refused and sessions ended, by reason.\n"
                     "# TYPE multisource_refused_total counter\n");

    for (i = 1; i < NGX_MULTISOURCE_NREASONS; i++) {
        p = ngx_slprintf(p, last,
                         "multisource_refused_total{reason=\"%s\"} %uL\n",
                         ngx_multisource_reason(i)->name, totals->refused[i]);
    }

    for (metric = ngx_multisource_metrics; metric->name; metric++) {

        p = ngx_slprintf(p, last, "# HELP %s %s\n# TYPE %s %s\n",
                         metric->name, metric->help, metric->name,
                         metric->type);

        for (i = 0; i < n; i++) {
            record = &entries[i].record;

            ngx_multisource_status_source(record, &st);
            ngx_multisource_status_label(app, record->app);

            p = ngx_slprintf(p, last,
                             "%s{app=\"%s\",streamer=\"%s\",source=\"%s\"} ",
                             metric->name, app, record->streamer,
                             record->source);

            if (metric->real) {
                p = ngx_slprintf(p, last, "%.3f\n",
                                 *(double *) ((char *) &st + metric->offset));

            } else {
                value = *(uint64_t *) ((char *) &st + metric->offset);
                p = ngx_slprintf(p, last, "%uL\n", value);
            }
        }
    }

    body.len = p - body.data;

    return ngx_multisource_http_send_text(r, NGX_HTTP_OK,
               "text/plain; version=0.0.4; charset=utf-8", &body);
}


/* as a label's value; of the three only the application's is free text */

static void
ngx_multisource_status_label(u_char *p, u_char *s)
{
    for ( /* void */ ; *s; s++) {

        if (*s == '\\' || *s == '"' || *s == '\n') {
            *p++ = '\\';
        }

        *p++ = *s == '\n' ? 'n' : *s;
    }

    *p = '\0';
}


static u_char *
ngx_multisource_status_gauge(u_char *p, u_char *last, const char *name,
    const char *type, const char *help, uint64_t value)
{
    return ngx_slprintf(p, last, "# HELP %s %s\n# TYPE %s %s\n%s %uL\n",
                        name, help, name, type, name, value);
}
