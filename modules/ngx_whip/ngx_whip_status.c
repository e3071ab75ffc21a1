
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip_metrics.h"
#include "ngx_whip_status.h"

#include "ngx_live_answer.h"
#include "ngx_live_metric.h"


/* a string in ngx_whip_stats_t */

typedef struct {
    size_t             offset;
    size_t             size;
} ngx_whip_status_string_t;


static ngx_int_t ngx_whip_status_collect(ngx_http_request_t *r,
    ngx_whip_status_all_t *all);
static void ngx_whip_status_clean(ngx_whip_stats_t *stats);
static json_t *ngx_whip_status_states(ngx_whip_status_all_t *all);
static json_t *ngx_whip_status_reasons(ngx_uint_t first, ngx_uint_t end);
static json_t *ngx_whip_status_session(ngx_whip_status_entry_t *entry);
static json_t *ngx_whip_status_path(ngx_whip_stats_t *stats);
static json_t *ngx_whip_status_dtls(ngx_whip_stats_t *stats);
static json_t *ngx_whip_status_audio(ngx_whip_media_stats_t *media);
static json_t *ngx_whip_status_video(ngx_whip_media_stats_t *media);
static json_t *ngx_whip_status_media(ngx_whip_media_stats_t *media);
static json_t *ngx_whip_status_merged(json_t *media, json_t *more);


#define ngx_whip_status_string(field)                                         \
    { offsetof(ngx_whip_stats_t, field),                                      \
      sizeof(((ngx_whip_stats_t *) NULL)->field) }


static const ngx_whip_status_string_t  ngx_whip_status_strings[] = {
    ngx_whip_status_string(session),
    ngx_whip_status_string(app),
    ngx_whip_status_string(name),
    ngx_whip_status_string(client),
    ngx_whip_status_string(local),
    ngx_whip_status_string(remote),
    ngx_whip_status_string(cipher),
    ngx_whip_status_string(srtp),
    ngx_whip_status_string(tls),
    ngx_whip_status_string(audio.codec),
    ngx_whip_status_string(video.codec),
    { 0, 0 }
};


static const char  *const ngx_whip_status_names[NGX_WHIP_CLOSED] = {
    [NGX_WHIP_ASKING] = "asking",
    [NGX_WHIP_NEW] = "new",
    [NGX_WHIP_CONNECTING] = "connecting",
    [NGX_WHIP_CONNECTED] = "connected",
    [NGX_WHIP_LIVE] = "live"
};


const char *
ngx_whip_status_state(ngx_uint_t state)
{
    return ngx_whip_status_names[state];
}


/* all sessions of all workers; NGX_DECLINED: go on, otherwise an answer */

static ngx_int_t
ngx_whip_status_collect(ngx_http_request_t *r, ngx_whip_status_all_t *all)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_whip_registry_t      *reg;
    ngx_whip_status_entry_t  *entry;

    rc = ngx_live_answer_begin(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    reg = &ngx_whip_worker.registry;

    ngx_memzero(all, sizeof(ngx_whip_status_all_t));

    if (reg->shared == NULL
        || ngx_array_init(&all->entries, r->pool, 16,
                          sizeof(ngx_whip_status_entry_t))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = 0;

    for ( ;; ) {

        entry = ngx_array_push(&all->entries);
        if (entry == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_whip_registry_next(reg, &n, &entry->state, &entry->stats)
            != NGX_OK)
        {
            break;
        }

        all->states[entry->state]++;
        all->total++;

        /* it has no name before it is accepted */

        if (entry->stats.session[0] == '\0') {
            all->entries.nelts--;
            continue;
        }

        ngx_whip_status_clean(&entry->stats);
    }

    all->entries.nelts--;

    return NGX_DECLINED;
}


/* whoever wrote these strings may have been killed while it did */

static void
ngx_whip_status_clean(ngx_whip_stats_t *stats)
{
    size_t                           i;
    u_char                          *p;
    const ngx_whip_status_string_t  *string;

    for (string = ngx_whip_status_strings; string->size; string++) {

        p = (u_char *) stats + string->offset;
        p[string->size - 1] = '\0';

        for (i = 0; p[i]; i++) {
            if (p[i] < 0x20 || p[i] > 0x7e) {
                p[i] = '?';
            }
        }
    }
}


ngx_int_t
ngx_whip_status_json(ngx_http_request_t *r)
{
    json_t                   *json, *list;
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_whip_registry_t      *reg;
    ngx_whip_status_all_t     all;
    ngx_whip_status_entry_t  *entries;

    rc = ngx_whip_status_collect(r, &all);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    reg = &ngx_whip_worker.registry;
    list = json_array();
    entries = all.entries.elts;

    for (i = 0; i < all.entries.nelts; i++) {
        (void) json_array_append_new(list,
                                     ngx_whip_status_session(&entries[i]));
    }

    json = json_pack("{s:o,s:I,s:I,s:I,s:o,s:o,s:o}",
                     "sessions", ngx_whip_status_states(&all),
                     "started_total",
                         (json_int_t) ngx_whip_registry_total(reg),
                     "stray_datagrams_total",
                         (json_int_t) ngx_whip_registry_stray_total(reg),
                     "workers",
                         (json_int_t) ngx_live_peers_count(&reg->peers),
                     "refused",
                         ngx_whip_status_reasons(NGX_WHIP_OK + 1,
                                                 NGX_WHIP_DELETED),
                     "ended",
                         ngx_whip_status_reasons(NGX_WHIP_DELETED,
                                                 NGX_WHIP_NREASONS),
                     "list", list);

    return ngx_live_answer_json(r, NGX_HTTP_OK, json);
}


static json_t *
ngx_whip_status_states(ngx_whip_status_all_t *all)
{
    json_t      *states;
    ngx_uint_t   i;

    states = json_pack("{s:I}", "total", (json_int_t) all->total);

    for (i = 0; i < NGX_WHIP_CLOSED; i++) {
        (void) json_object_set_new(states, ngx_whip_status_state(i),
                                   json_integer(all->states[i]));
    }

    return states;
}


/* those from `first` on, and before `end` */

static json_t *
ngx_whip_status_reasons(ngx_uint_t first, ngx_uint_t end)
{
    json_t      *reasons;
    uint64_t     n;
    ngx_uint_t   i;

    reasons = json_object();

    for (i = first; i < end; i++) {
        n = ngx_whip_registry_reasons(&ngx_whip_worker.registry, i);

        (void) json_object_set_new(reasons, ngx_whip_reason(i)->name,
                                   json_integer(n));
    }

    return reasons;
}


static json_t *
ngx_whip_status_session(ngx_whip_status_entry_t *entry)
{
    ngx_whip_stats_t  *stats;

    stats = &entry->stats;

    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:o,s:I,s:o,s:f,s:s,s:o,s:o,"
                     "s:b,s:I,s:o,s:o}",
                     "session", stats->session,
                     "app", stats->app,
                     "stream", stats->name,
                     "client", stats->client,
                     "state", ngx_whip_status_state(entry->state),
                     "worker", (json_int_t) stats->pid,
                     "started_at", ngx_live_answer_time(stats->started),
                     "uptime_ms", (json_int_t) stats->uptime,
                     "rtt_ms", stats->rtt ? json_integer(stats->rtt)
                                          : json_null(),
                     "skew_ms", stats->skew_us / 1000.0,
                     "clock", stats->reports ? "sender_reports" : "arrival",
                     "path", ngx_whip_status_path(stats),
                     "dtls", ngx_whip_status_dtls(stats),
                     "twcc", (int) stats->twcc,
                     "bad_packets", (json_int_t) stats->bad_packets,
                     "audio", ngx_whip_status_audio(&stats->audio),
                     "video", ngx_whip_status_video(&stats->video));
}


static json_t *
ngx_whip_status_path(ngx_whip_stats_t *stats)
{
    if (stats->remote[0] == '\0') {
        return json_null();
    }

    return json_pack("{s:s,s:s,s:s,s:I}",
                     "protocol", stats->tcp ? "tcp" : "udp",
                     "local", stats->local,
                     "remote", stats->remote,
                     "count", (json_int_t) stats->paths);
}


static json_t *
ngx_whip_status_dtls(ngx_whip_stats_t *stats)
{
    if (stats->srtp[0] == '\0') {
        return json_null();
    }

    return json_pack("{s:s,s:s,s:s,s:s}",
                     "version", stats->tls,
                     "cipher", stats->cipher,
                     "srtp", stats->srtp,
                     "role", stats->dtls_client ? "client" : "server");
}


static json_t *
ngx_whip_status_audio(ngx_whip_media_stats_t *media)
{
    if (media->packets == 0) {
        return json_null();
    }

    return ngx_whip_status_merged(ngx_whip_status_media(media),
               json_pack("{s:I}",
                         "concealed_ms", (json_int_t) (media->concealed / 48)));
}


static json_t *
ngx_whip_status_video(ngx_whip_media_stats_t *media)
{
    if (media->packets == 0) {
        return json_null();
    }

    return ngx_whip_status_merged(ngx_whip_status_media(media),
               json_pack("{s:I,s:I,s:f,s:I,s:I,s:I}",
                         "width", (json_int_t) media->width,
                         "height", (json_int_t) media->height,
                         "fps", media->fps_100 / 100.0,
                         "layers", (json_int_t) media->layers,
                         "frames_dropped", (json_int_t) media->dropped,
                         "plis", (json_int_t) media->plis));
}


static json_t *
ngx_whip_status_media(ngx_whip_media_stats_t *media)
{
    return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:f}",
                     "codec", media->codec,
                     "bitrate_kbps", (json_int_t) (media->bitrate / 1000),
                     "packets", (json_int_t) media->packets,
                     "bytes", (json_int_t) media->bytes,
                     "lost", (json_int_t) media->lost,
                     "late", (json_int_t) media->late,
                     "duplicate", (json_int_t) media->duplicate,
                     "nacks", (json_int_t) media->nacked,
                     "repaired", (json_int_t) media->repaired,
                     "frames", (json_int_t) media->frames,
                     "jitter_ms", media->jitter_us / 1000.0,
                     "fraction_lost", media->fraction_lost / 256.0);
}


/* takes over both; NULL: out of memory */

static json_t *
ngx_whip_status_merged(json_t *media, json_t *more)
{
    if (media && json_object_update(media, more) != 0) {
        json_decref(media);
        media = NULL;
    }

    json_decref(more);

    return media;
}


ngx_int_t
ngx_whip_status_prometheus(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_str_t               body;
    ngx_whip_status_all_t   all;

    rc = ngx_whip_status_collect(r, &all);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_whip_metrics_write(r->pool, &all, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_text(r, NGX_HTTP_OK, NGX_LIVE_METRIC_TYPE, &body);
}
