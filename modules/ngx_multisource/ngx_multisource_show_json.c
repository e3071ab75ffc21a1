
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_show_json.h"


static const char *ngx_multisource_show_json_state(
    ngx_multisource_show_record_t *record);
static json_t *ngx_multisource_show_json_time(uint64_t ms);
static json_t *ngx_multisource_show_json_price(ngx_multisource_price_t *price);
static json_t *ngx_multisource_show_json_rate(uint32_t rate);
static json_t *ngx_multisource_show_json_streams(
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_show_t *show,
    ngx_multisource_show_counts_t *counts);
static json_t *ngx_multisource_show_json_one(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_uint_t n);
static const char *ngx_multisource_show_json_stream_state(
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_stream_t *stream);
static json_t *ngx_multisource_show_json_label(
    ngx_multisource_show_stream_t *stream);
static json_t *ngx_multisource_show_json_name(
    ngx_multisource_show_record_t *record, ngx_uint_t n);
static ngx_uint_t ngx_multisource_show_json_now(
    ngx_multisource_show_record_t *record, ngx_atomic_t *now);
static json_t *ngx_multisource_show_json_shares(
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts);
static json_t *ngx_multisource_show_json_switches(
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts);
static json_t *ngx_multisource_show_json_joins(
    ngx_multisource_show_counts_t *counts);
static json_int_t ngx_multisource_show_json_percentile(
    ngx_multisource_show_counts_t *counts, ngx_uint_t percent);
static json_t *ngx_multisource_show_json_revenue(
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts);


static const char  *ngx_multisource_show_json_modes[] = {
    "off",
    "manual",
    "activity"
};

static const char  *ngx_multisource_show_json_layouts[] = {
    "single",
    "pip",
    "grid"
};

static const char  *ngx_multisource_show_json_corners[] = {
    "top-left",
    "top-right",
    "bottom-left",
    "bottom-right"
};


/* what is in the zone may be of another version: numbers are checked */

#define ngx_multisource_show_json_word(words, n)                              \
    words[(n) < sizeof(words) / sizeof(words[0]) ? (n) : 0]


ngx_int_t
ngx_multisource_show_json_counts(ngx_multisource_show_t *show,
    ngx_multisource_show_counts_t *counts)
{
    ngx_multisource_show_counts_t  *shared;

    shared = ngx_multisource_show_counts(show);

    if (shared) {
        *counts = *shared;

        if (ngx_multisource_show_counts(show)) {
            return NGX_OK;
        }
    }

    ngx_memzero(counts, sizeof(ngx_multisource_show_counts_t));

    return NGX_DECLINED;
}


json_t *
ngx_multisource_show_json_session(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_t *show)
{
    uint64_t                        until, uptime;
    ngx_multisource_show_counts_t   counts;
    ngx_multisource_show_record_t  *record;

    record = &show->record;

    (void) ngx_multisource_show_json_counts(show, &counts);

    until = record->ended ? record->ended : ngx_multisource_now();
    uptime = record->started && until > record->started
             ? until - record->started : 0;

    return json_pack("{s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:o,s:I,s:{s:I,s:I},s:o,"
                     "s:o,s:o}",
                     "id", record->id,
                     "streamer", record->streamer,
                     "title", record->title,
                     "status", ngx_multisource_show_json_state(record),
                     "public", !record->private,
                     "created_at",
                     ngx_multisource_show_json_time(record->created),
                     "started_at",
                     ngx_multisource_show_json_time(record->started),
                     "ended_at", ngx_multisource_show_json_time(record->ended),
                     "uptime_ms", (json_int_t) uptime,
                     "viewers",
                         "now", (json_int_t)
                         ngx_multisource_show_json_now(record, &counts.now),
                         "peak", (json_int_t) counts.peak,
                     "on_air", ngx_multisource_show_json_on_air(record),
                     "price", ngx_multisource_show_json_price(&record->price),
                     "streams", ngx_multisource_show_json_streams(mlcf, show,
                                                                  &counts));
}


static const char *
ngx_multisource_show_json_state(ngx_multisource_show_record_t *record)
{
    switch (record->state) {

    case NGX_MULTISOURCE_SHOW_WAITING:
        return "waiting";

    case NGX_MULTISOURCE_SHOW_LIVE:
        return "live";

    default:
        return "ended";
    }
}


static json_t *
ngx_multisource_show_json_time(uint64_t ms)
{
    return ms ? ngx_live_answer_time(ms) : json_null();
}


static json_t *
ngx_multisource_show_json_price(ngx_multisource_price_t *price)
{
    if (!ngx_multisource_price_any(price)) {
        return json_null();
    }

    return json_pack("{s:s,s:o,s:o}",
                     "currency", price->currency,
                     "base", ngx_multisource_show_json_rate(price->base),
                     "bundle_discount_percent",
                     price->discount % 100
                         ? json_real(price->discount / 100.0)
                         : json_integer(price->discount / 100));
}


static json_t *
ngx_multisource_show_json_rate(uint32_t rate)
{
    size_t  len;
    u_char  buf[32];

    len = ngx_multisource_price_rate_text(rate, buf);

    return json_stringn((char *) buf, len);
}


static json_t *
ngx_multisource_show_json_streams(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_t *show, ngx_multisource_show_counts_t *counts)
{
    json_t      *list, *json;
    ngx_uint_t   i;

    list = json_array();

    for (i = 0; i < show->record.nstreams; i++) {
        json = ngx_multisource_show_json_one(mlcf, &show->record, counts, i);

        if (json_array_append_new(list, json) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


json_t *
ngx_multisource_show_json_stream(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_t *show, ngx_uint_t n)
{
    ngx_multisource_show_counts_t  counts;

    (void) ngx_multisource_show_json_counts(show, &counts);

    return ngx_multisource_show_json_one(mlcf, &show->record, &counts, n);
}


json_t *
ngx_multisource_show_json_sources(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_t *show)
{
    json_t                         *list, *json;
    ngx_uint_t                      i;
    ngx_multisource_show_counts_t   counts;

    (void) ngx_multisource_show_json_counts(show, &counts);

    list = json_array();

    for (i = 0; i < show->record.nstreams; i++) {

        if (!show->record.streams[i].live
            || show->record.streams[i].disabled)
        {
            continue;
        }

        json = ngx_multisource_show_json_one(mlcf, &show->record, &counts, i);

        if (json_array_append_new(list, json) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
ngx_multisource_show_json_one(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_uint_t n)
{
    json_t                         *price;
    ngx_multisource_show_stream_t  *stream;

    stream = &record->streams[n];

    price = ngx_multisource_price_any(&record->price)
            ? ngx_multisource_show_json_rate(
                  ngx_multisource_price_addon(&record->price, stream->type))
            : json_null();

    return json_pack("{s:o,s:s,s:o,s:s,s:s,s:b,s:I,s:o,s:o,s:o}",
                     "id", json_sprintf("%s:%s", record->id, stream->name),
                     "name", stream->name,
                     "label", ngx_multisource_show_json_label(stream),
                     "type", ngx_multisource_price_type(stream->type),
                     "status",
                     ngx_multisource_show_json_stream_state(record, stream),
                     "enabled", !stream->disabled,
                     "viewers", (json_int_t)
                     ngx_multisource_show_json_now(record,
                                                   &counts->streams[n].now),
                     "url", ngx_multisource_json_url(&mlcf->hls_url,
                                record->streamer, stream->name,
                                "/index.m3u8"),
                     "watch_url", ngx_multisource_json_url(&mlcf->watch_url,
                                      record->streamer, stream->name, ""),
                     "price_per_minute", price);
}


static const char *
ngx_multisource_show_json_stream_state(ngx_multisource_show_record_t *record,
    ngx_multisource_show_stream_t *stream)
{
    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {
        return "ended";
    }

    if (stream->live) {
        return "live";
    }

    return stream->since ? "ended" : "waiting";
}


static json_t *
ngx_multisource_show_json_label(ngx_multisource_show_stream_t *stream)
{
    return stream->label[0] ? json_string((char *) stream->label)
                            : ngx_multisource_json_label(stream->name);
}


/* the name of a stream, or null */

static json_t *
ngx_multisource_show_json_name(ngx_multisource_show_record_t *record,
    ngx_uint_t n)
{
    return n < record->nstreams
           ? json_string((char *) record->streams[n].name) : json_null();
}


/* nobody watches what is over */

static ngx_uint_t
ngx_multisource_show_json_now(ngx_multisource_show_record_t *record,
    ngx_atomic_t *now)
{
    return record->state == NGX_MULTISOURCE_SHOW_ENDED ? 0 : *now;
}


json_t *
ngx_multisource_show_json_on_air(ngx_multisource_show_record_t *record)
{
    ngx_uint_t  on;

    on = record->director != NGX_MULTISOURCE_DIRECT_OFF
         && record->on_air < record->nstreams;

    return json_pack("{s:s,s:o,s:o}",
                     "mode",
                     ngx_multisource_show_json_word(
                         ngx_multisource_show_json_modes, record->director),
                     "source",
                     ngx_multisource_show_json_name(record,
                         on ? record->on_air : NGX_MULTISOURCE_SHOW_NONE),
                     "at", on ? json_integer(record->on_air_since)
                              : json_null());
}


json_t *
ngx_multisource_show_json_viewers(ngx_multisource_show_t *show)
{
    json_t                         *sources;
    ngx_uint_t                      i, now;
    ngx_multisource_show_counts_t   counts;
    ngx_multisource_show_record_t  *record;

    record = &show->record;

    (void) ngx_multisource_show_json_counts(show, &counts);

    sources = json_object();

    for (i = 0; i < record->nstreams; i++) {
        now = ngx_multisource_show_json_now(record, &counts.streams[i].now);

        if (json_object_set_new(sources, (char *) record->streams[i].name,
                                json_integer(now))
            != 0)
        {
            json_decref(sources);
            return NULL;
        }
    }

    return json_pack("{s:I,s:I,s:o}",
                     "now", (json_int_t)
                     ngx_multisource_show_json_now(record, &counts.now),
                     "peak", (json_int_t) counts.peak,
                     "sources", sources);
}


json_t *
ngx_multisource_show_json_analytics(ngx_multisource_show_t *show)
{
    ngx_multisource_show_counts_t   counts;
    ngx_multisource_show_record_t  *record;

    record = &show->record;

    (void) ngx_multisource_show_json_counts(show, &counts);

    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:{s:I,s:I,s:I},s:I,s:I,s:o,"
                     "s:o,s:o,s:{s:I,s:I},s:o}",
                     "session", record->id,
                     "streamer", record->streamer,
                     "title", record->title,
                     "status", ngx_multisource_show_json_state(record),
                     "started_at",
                     ngx_multisource_show_json_time(record->started),
                     "ended_at", ngx_multisource_show_json_time(record->ended),
                     "viewers",
                         "now", (json_int_t)
                         ngx_multisource_show_json_now(record, &counts.now),
                         "peak", (json_int_t) counts.peak,
                         "distinct", (json_int_t) counts.distinct,
                     "watch_ms", (json_int_t) counts.watched,
                     "avg_duration_ms", (json_int_t)
                     (counts.distinct ? counts.watched / counts.distinct : 0),
                     "sources", ngx_multisource_show_json_shares(record,
                                                                 &counts),
                     "switches", ngx_multisource_show_json_switches(record,
                                                                    &counts),
                     "join", ngx_multisource_show_json_joins(&counts),
                     "stalls",
                         "count", (json_int_t) counts.stalls,
                         "ms", (json_int_t) counts.stalled,
                     "revenue", ngx_multisource_show_json_revenue(record,
                                                                  &counts));
}


static json_t *
ngx_multisource_show_json_shares(ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts)
{
    json_t                         *sources, *json;
    uint64_t                        all;
    ngx_uint_t                      i;
    ngx_multisource_show_tally_t   *tally;
    ngx_multisource_show_stream_t  *stream;

    all = 0;

    for (i = 0; i < record->nstreams; i++) {
        all += counts->streams[i].watched;
    }

    sources = json_object();

    for (i = 0; i < record->nstreams; i++) {
        stream = &record->streams[i];
        tally = &counts->streams[i];

        json = json_pack("{s:o,s:s,s:I,s:I,s:I,s:I,s:I,s:f}",
                         "label", ngx_multisource_show_json_label(stream),
                         "type", ngx_multisource_price_type(stream->type),
                         "views", (json_int_t) tally->views,
                         "viewers", (json_int_t)
                         ngx_multisource_show_json_now(record, &tally->now),
                         "peak", (json_int_t) tally->peak,
                         "watch_ms", (json_int_t) tally->watched,
                         "avg_duration_ms", (json_int_t)
                         (tally->views ? tally->watched / tally->views : 0),
                         "share",
                         all ? (double) tally->watched / all : 0.0);

        if (json_object_set_new(sources, (char *) stream->name, json) != 0) {
            json_decref(sources);
            return NULL;
        }
    }

    return sources;
}


static json_t *
ngx_multisource_show_json_switches(ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts)
{
    json_t      *list, *json;
    ngx_uint_t   from, to;

    list = json_array();

    for (from = 0; from < record->nstreams; from++) {
        for (to = 0; to < record->nstreams; to++) {

            if (counts->switches[from][to] == 0) {
                continue;
            }

            json = json_pack("{s:s,s:s,s:I}",
                             "from", record->streams[from].name,
                             "to", record->streams[to].name,
                             "count",
                             (json_int_t) counts->switches[from][to]);

            if (json_array_append_new(list, json) != 0) {
                json_decref(list);
                return NULL;
            }
        }
    }

    return list;
}


static json_t *
ngx_multisource_show_json_joins(ngx_multisource_show_counts_t *counts)
{
    return json_pack("{s:I,s:I,s:I,s:I}",
                     "count", (json_int_t) counts->joins,
                     "avg_ms", (json_int_t)
                     (counts->joins ? counts->join_ms / counts->joins : 0),
                     "p50_ms", ngx_multisource_show_json_percentile(counts,
                                                                    50),
                     "p95_ms", ngx_multisource_show_json_percentile(counts,
                                                                    95));
}


/* within a bucket they are taken to be spread evenly */

static json_int_t
ngx_multisource_show_json_percentile(ngx_multisource_show_counts_t *counts,
    ngx_uint_t percent)
{
    double      rank, below;
    ngx_uint_t  i, n, all, from, end;

    all = 0;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_BUCKETS; i++) {
        all += counts->join_buckets[i];
    }

    rank = all * percent / 100.0;
    below = 0;
    from = 0;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_BUCKETS; i++) {
        n = counts->join_buckets[i];
        end = ngx_multisource_show_bucket_end(i);

        if (n && below + n >= rank) {
            return end > from ? from + (end - from) * (rank - below) / n
                              : from;
        }

        below += n;
        from = end;
    }

    return 0;
}


static json_t *
ngx_multisource_show_json_revenue(ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts)
{
    if (!ngx_multisource_price_any(&record->price)) {
        return json_null();
    }

    return json_pack("{s:s,s:o}", "currency", record->price.currency,
                     "amount",
                     ngx_multisource_show_json_amount(counts->amount));
}


json_t *
ngx_multisource_show_json_preferences(ngx_multisource_show_record_t *record,
    ngx_multisource_preferences_t *preferences)
{
    json_t      *names;
    ngx_uint_t   i;

    names = json_array();

    for (i = 0; i < record->nstreams; i++) {

        if (!(preferences->enabled & 1U << i)
            || (record->streams[i].disabled && !preferences->set))
        {
            continue;
        }

        if (json_array_append_new(names,
                json_string((char *) record->streams[i].name)) != 0)
        {
            json_decref(names);
            return NULL;
        }
    }

    return json_pack("{s:o,s:o,s:s,s:b,s:{s:o,s:s,s:i}}",
                     "enabled_streams", names,
                     "main", ngx_multisource_show_json_name(record,
                                                           preferences->main),
                     "layout",
                     ngx_multisource_show_json_word(
                         ngx_multisource_show_json_layouts,
                         preferences->layout),
                     "follow", preferences->follow,
                     "pip",
                         "source",
                         ngx_multisource_show_json_name(record,
                                                        preferences->pip),
                         "corner",
                         ngx_multisource_show_json_word(
                             ngx_multisource_show_json_corners,
                             preferences->corner),
                         "size", (int) preferences->size);
}


json_t *
ngx_multisource_show_json_viewer(ngx_multisource_show_record_t *record,
    ngx_multisource_viewer_look_t *look)
{
    json_t      *sources;
    ngx_uint_t   i;

    sources = json_object();

    for (i = 0; i < record->nstreams; i++) {

        if (look->total[i]
            && json_object_set_new(sources, (char *) record->streams[i].name,
                                   json_integer(look->total[i]))
               != 0)
        {
            json_decref(sources);
            return NULL;
        }
    }

    return json_pack("{s:o,s:o,s:o,s:I,s:o,s:o}",
                     "viewer_id", ngx_multisource_show_json_id(look->id),
                     "joined_at", ngx_multisource_show_json_time(look->joined),
                     "last_seen", ngx_multisource_show_json_time(look->seen),
                     "watch_ms", (json_int_t) look->watched,
                     "amount",
                     ngx_multisource_show_json_amount(look->amount),
                     "sources", sources);
}


json_t *
ngx_multisource_show_json_id(uint64_t id)
{
    u_char  buf[16];

    (void) ngx_snprintf(buf, sizeof(buf), "%016xL", id);

    return json_stringn((char *) buf, sizeof(buf));
}


json_t *
ngx_multisource_show_json_amount(uint64_t amount)
{
    size_t  len;
    u_char  buf[32];

    len = ngx_multisource_price_text(amount, buf);

    return json_stringn((char *) buf, len);
}


json_t *
ngx_multisource_show_json_minutes(uint64_t ms)
{
    /* thousandths of a minute: 60 ms */

    return ms % 60000 ? json_real((ms + 30) / 60 / 1000.0)
                      : json_integer(ms / 60000);
}


json_t *
ngx_multisource_show_json_currency(ngx_multisource_show_record_t *record)
{
    return ngx_multisource_price_any(&record->price)
           ? json_string((char *) record->price.currency) : json_null();
}
