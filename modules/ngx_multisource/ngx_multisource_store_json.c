
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "ngx_multisource_store_json.h"


#define NGX_MULTISOURCE_STORE_JSON_VERSION  1

/* ms since the epoch: the end of the year 9999 */
#define NGX_MULTISOURCE_STORE_JSON_TIME     253402300799999LL

/* of any counter: sums of two do not overflow */
#define NGX_MULTISOURCE_STORE_JSON_COUNT    ((json_int_t) 1 << 61)


/* an object that is read, and the first of its fields that is wrong */

typedef struct {
    json_t        *object;
    const char    *error;
} ngx_multisource_store_json_in_t;


static json_t *ngx_multisource_store_json_streams(
    const ngx_multisource_show_record_t *record,
    const ngx_multisource_show_counts_t *counts);
static json_t *ngx_multisource_store_json_counts(
    const ngx_multisource_show_counts_t *counts);
static json_t *ngx_multisource_store_json_switches(
    const ngx_multisource_show_record_t *record,
    const ngx_multisource_show_counts_t *counts);
static json_t *ngx_multisource_store_json_price(
    const ngx_multisource_price_t *price);

static const char *ngx_multisource_store_json_read(json_t *json,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_store_json_t *more);
static const char *ngx_multisource_store_json_read_streams(json_t *list,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts);
static const char *ngx_multisource_store_json_read_counts(json_t *json,
    ngx_multisource_show_counts_t *counts);
static const char *ngx_multisource_store_json_read_switches(json_t *list,
    ngx_uint_t n, ngx_multisource_show_counts_t *counts);
static const char *ngx_multisource_store_json_read_price(json_t *json,
    ngx_multisource_price_t *price);

static json_int_t ngx_multisource_store_json_number(
    ngx_multisource_store_json_in_t *in, const char *name, json_int_t max);
static json_int_t ngx_multisource_store_json_at(json_t *list, size_t i,
    json_int_t max);
static ngx_uint_t ngx_multisource_store_json_flag(
    ngx_multisource_store_json_in_t *in, const char *name);
static void ngx_multisource_store_json_text(
    ngx_multisource_store_json_in_t *in, const char *name, u_char *buf,
    size_t size);
static ngx_uint_t ngx_multisource_store_json_word(
    ngx_multisource_store_json_in_t *in, const char *name,
    const char *const *words, ngx_uint_t n);
static ngx_uint_t ngx_multisource_store_json_is_name(u_char *name);
static ngx_uint_t ngx_multisource_store_json_is_code(const u_char *code);


static const char *const  ngx_multisource_store_json_states[] = {
    [NGX_MULTISOURCE_SHOW_FREE] = "",
    [NGX_MULTISOURCE_SHOW_WAITING] = "waiting",
    [NGX_MULTISOURCE_SHOW_LIVE] = "live",
    [NGX_MULTISOURCE_SHOW_ENDED] = "ended"
};

static const char *const  ngx_multisource_store_json_directors[] = {
    [NGX_MULTISOURCE_DIRECT_OFF] = "off",
    [NGX_MULTISOURCE_DIRECT_MANUAL] = "manual",
    [NGX_MULTISOURCE_DIRECT_ACTIVITY] = "activity"
};

static const char *const  ngx_multisource_store_json_types[] = {
    [NGX_MULTISOURCE_PRICE_SCREEN] = "screen",
    [NGX_MULTISOURCE_PRICE_CAMERA] = "camera",
    [NGX_MULTISOURCE_PRICE_AUDIO] = "audio",
    [NGX_MULTISOURCE_PRICE_OTHER] = "other"
};


#define ngx_multisource_store_json_n(array)  (sizeof(array) / sizeof(array[0]))


/* ---- writing ---- */

char *
ngx_multisource_store_json_show(const ngx_multisource_show_record_t *record,
    const ngx_multisource_show_counts_t *counts,
    const ngx_multisource_store_json_t *more)
{
    char    *text;
    json_t  *json, *on_air;

    on_air = record->on_air < record->nstreams ? json_integer(record->on_air)
                                               : json_null();

    /* "o" takes what it is given also when it fails, and fails for NULL */

    json = json_pack("{s:i,s:s,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:I,s:I,s:I,"
                     "s:I,s:I,s:s,s:o,s:I,s:o,s:o,s:o,s:o}",
                     "version", NGX_MULTISOURCE_STORE_JSON_VERSION,
                     "id", record->id,
                     "at", (json_int_t) more->at,
                     "told", (json_int_t) more->told,
                     "app", record->app,
                     "streamer", record->streamer,
                     "title", record->title,
                     "code", record->code,
                     "state", ngx_multisource_store_json_states[record->state],
                     "private", record->private,
                     "asked", record->asked,
                     "revision", (json_int_t) record->revision,
                     "created", (json_int_t) record->created,
                     "started", (json_int_t) record->started,
                     "ended", (json_int_t) record->ended,
                     "last_live", (json_int_t) record->last_live,
                     "director",
                         ngx_multisource_store_json_directors[record->director],
                     "on_air", on_air,
                     "on_air_since", (json_int_t) record->on_air_since,
                     "price", ngx_multisource_store_json_price(&record->price),
                     "streams",
                         ngx_multisource_store_json_streams(record, counts),
                     "counts", ngx_multisource_store_json_counts(counts),
                     "switches",
                         ngx_multisource_store_json_switches(record, counts));

    if (json == NULL) {
        return NULL;
    }

    text = json_dumps(json, JSON_COMPACT);

    json_decref(json);

    return text;
}


static json_t *
ngx_multisource_store_json_streams(const ngx_multisource_show_record_t *record,
    const ngx_multisource_show_counts_t *counts)
{
    json_t                               *list, *json;
    ngx_uint_t                            i;
    const ngx_multisource_show_tally_t   *tally;
    const ngx_multisource_show_stream_t  *stream;

    list = json_array();

    for (i = 0; i < record->nstreams; i++) {
        stream = &record->streams[i];
        tally = &counts->streams[i];

        json = json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:I,s:I,s:I,s:I}",
                         "name", stream->name,
                         "label", stream->label,
                         "type", ngx_multisource_store_json_types[stream->type],
                         "expected", stream->expected,
                         "disabled", stream->disabled,
                         "live", stream->live,
                         "since", (json_int_t) stream->since,
                         "views", (json_int_t) tally->views,
                         "watched", (json_int_t) tally->watched,
                         "peak", (json_int_t) tally->peak);

        if (json_array_append_new(list, json) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
ngx_multisource_store_json_counts(const ngx_multisource_show_counts_t *counts)
{
    json_t      *buckets;
    ngx_uint_t   i;

    buckets = json_array();

    for (i = 0; i < NGX_MULTISOURCE_SHOW_BUCKETS; i++) {
        if (json_array_append_new(buckets,
                                  json_integer(counts->join_buckets[i]))
            != 0)
        {
            json_decref(buckets);
            return NULL;
        }
    }

    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o,s:I,s:I,s:I}",
                     "distinct", (json_int_t) counts->distinct,
                     "peak", (json_int_t) counts->peak,
                     "watched", (json_int_t) counts->watched,
                     "joins", (json_int_t) counts->joins,
                     "join_ms", (json_int_t) counts->join_ms,
                     "join_buckets", buckets,
                     "stalls", (json_int_t) counts->stalls,
                     "stalled", (json_int_t) counts->stalled,
                     "amount", (json_int_t) counts->amount);
}


static json_t *
ngx_multisource_store_json_switches(
    const ngx_multisource_show_record_t *record,
    const ngx_multisource_show_counts_t *counts)
{
    json_t      *list, *json;
    ngx_uint_t   from, to;

    list = json_array();

    for (from = 0; from < record->nstreams; from++) {
        for (to = 0; to < record->nstreams; to++) {

            if (counts->switches[from][to] == 0) {
                continue;
            }

            json = json_pack("[i,i,I]", (int) from, (int) to,
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
ngx_multisource_store_json_price(const ngx_multisource_price_t *price)
{
    json_t      *addon;
    ngx_uint_t   i;

    if (price->currency[0] == '\0') {
        return json_null();
    }

    addon = json_array();

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        if (json_array_append_new(addon, json_integer(price->addon[i])) != 0) {
            json_decref(addon);
            return NULL;
        }
    }

    return json_pack("{s:s,s:I,s:o,s:I}", "currency", price->currency,
                     "base", (json_int_t) price->base,
                     "addon", addon,
                     "discount", (json_int_t) price->discount);
}


/* there are many of them, and nothing in them that is to be escaped */

size_t
ngx_multisource_store_json_viewer(const ngx_multisource_viewer_look_t *look,
    u_char *buf)
{
    char                                 *p, *last;
    ngx_uint_t                            i, n;
    const ngx_multisource_preferences_t  *prefs;

    p = (char *) buf;
    last = p + NGX_MULTISOURCE_STORE_JSON_VIEWER;

    /* the largest numbers take less than half of the buffer */

    p += snprintf(p, last - p, "{\"joined\":%llu,\"seen\":%llu,"
                  "\"watched\":%llu,\"amount\":%llu,\"total\":[",
                  (unsigned long long) look->joined,
                  (unsigned long long) look->seen,
                  (unsigned long long) look->watched,
                  (unsigned long long) look->amount);

    for (n = NGX_MULTISOURCE_SHOW_STREAMS; n && look->total[n - 1] == 0; n--) {
        /* void */
    }

    for (i = 0; i < n; i++) {
        p += snprintf(p, last - p, "%s%lu", i ? "," : "",
                      (unsigned long) look->total[i]);
    }

    *p++ = ']';

    prefs = &look->preferences;

    if (prefs->set) {
        p += snprintf(p, last - p, ",\"preferences\":[%u,%u,%u,%u,%u,%u,%u]",
                      prefs->enabled, prefs->main, prefs->pip, prefs->corner,
                      prefs->size, prefs->layout, prefs->follow);
    }

    *p++ = '}';

    return (u_char *) p - buf;
}


/* ---- reading ---- */

const char *
ngx_multisource_store_json_read_show(ngx_str_t *text,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_store_json_t *more)
{
    json_t      *json;
    const char  *error;

    ngx_memzero(record, sizeof(ngx_multisource_show_record_t));
    ngx_memzero(counts, sizeof(ngx_multisource_show_counts_t));
    ngx_memzero(more, sizeof(ngx_multisource_store_json_t));

    if (text->len > NGX_MULTISOURCE_STORE_JSON_SHOW) {
        return "its length";
    }

    json = json_loadb((char *) text->data, text->len, 0, NULL);

    if (!json_is_object(json)) {
        json_decref(json);
        return "its JSON";
    }

    error = ngx_multisource_store_json_read(json, record, counts, more);

    json_decref(json);

    return error;
}


static const char *
ngx_multisource_store_json_read(json_t *json,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_store_json_t *more)
{
    json_t                           *on_air;
    const char                       *error;
    ngx_multisource_store_json_in_t   in;

    in.object = json;
    in.error = NULL;

    if (ngx_multisource_store_json_number(&in, "version", 1000)
        != NGX_MULTISOURCE_STORE_JSON_VERSION)
    {
        return "version";
    }

    more->at = ngx_multisource_store_json_number(&in, "at",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
    more->told = ngx_multisource_store_json_number(&in, "told", 2);

    ngx_multisource_store_json_text(&in, "id", record->id, sizeof(record->id));
    ngx_multisource_store_json_text(&in, "app", record->app,
                                    sizeof(record->app));
    ngx_multisource_store_json_text(&in, "streamer", record->streamer,
                                    sizeof(record->streamer));
    ngx_multisource_store_json_text(&in, "title", record->title,
                                    sizeof(record->title));
    ngx_multisource_store_json_text(&in, "code", record->code,
                                    sizeof(record->code));

    record->state = ngx_multisource_store_json_word(&in, "state",
                        ngx_multisource_store_json_states,
               ngx_multisource_store_json_n(ngx_multisource_store_json_states));
    record->director = ngx_multisource_store_json_word(&in, "director",
                           ngx_multisource_store_json_directors,
            ngx_multisource_store_json_n(ngx_multisource_store_json_directors));

    record->private = ngx_multisource_store_json_flag(&in, "private");
    record->asked = ngx_multisource_store_json_flag(&in, "asked");

    record->revision = ngx_multisource_store_json_number(&in, "revision",
                                                         0xffffffff);
    record->created = ngx_multisource_store_json_number(&in, "created",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
    record->started = ngx_multisource_store_json_number(&in, "started",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
    record->ended = ngx_multisource_store_json_number(&in, "ended",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
    record->last_live = ngx_multisource_store_json_number(&in, "last_live",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
    record->on_air_since = ngx_multisource_store_json_number(&in,
                            "on_air_since", NGX_MULTISOURCE_STORE_JSON_TIME);

    if (in.error) {
        return in.error;
    }

    if (!ngx_multisource_store_json_is_id(record->id,
                                          ngx_strlen(record->id)))
    {
        return "id";
    }

    if (record->app[0] == '\0') {
        return "app";
    }

    if (!ngx_multisource_store_json_is_name(record->streamer)) {
        return "streamer";
    }

    if (!ngx_multisource_store_json_is_code(record->code)
        || (record->private && record->code[0] == '\0'))
    {
        return "code";
    }

    if (record->state == NGX_MULTISOURCE_SHOW_FREE) {
        return "state";
    }

    if (record->created == 0) {
        return "created";
    }

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED
        ? record->ended < record->created : record->ended != 0)
    {
        return "ended";
    }

    error = ngx_multisource_store_json_read_price(json_object_get(json,
                                                                  "price"),
                                                  &record->price);
    if (error) {
        return error;
    }

    error = ngx_multisource_store_json_read_streams(json_object_get(json,
                                                                    "streams"),
                                                    record, counts);
    if (error) {
        return error;
    }

    on_air = json_object_get(json, "on_air");
    record->on_air = NGX_MULTISOURCE_SHOW_NONE;

    if (json_is_integer(on_air)
        && json_integer_value(on_air) >= 0
        && json_integer_value(on_air) < record->nstreams)
    {
        record->on_air = json_integer_value(on_air);

    } else if (!json_is_null(on_air)) {
        return "on_air";
    }

    error = ngx_multisource_store_json_read_counts(json_object_get(json,
                                                                   "counts"),
                                                   counts);
    if (error) {
        return error;
    }

    return ngx_multisource_store_json_read_switches(json_object_get(json,
                                                                    "switches"),
                                                    record->nstreams, counts);
}


static const char *
ngx_multisource_store_json_read_streams(json_t *list,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts)
{
    ngx_uint_t                        i, k, n;
    ngx_multisource_show_tally_t     *tally;
    ngx_multisource_show_stream_t    *stream;
    ngx_multisource_store_json_in_t   in;

    n = json_array_size(list);

    if (!json_is_array(list) || n > NGX_MULTISOURCE_SHOW_STREAMS) {
        return "streams";
    }

    for (i = 0; i < n; i++) {
        stream = &record->streams[i];
        tally = &counts->streams[i];

        in.object = json_array_get(list, i);
        in.error = NULL;

        ngx_multisource_store_json_text(&in, "name", stream->name,
                                        sizeof(stream->name));
        ngx_multisource_store_json_text(&in, "label", stream->label,
                                        sizeof(stream->label));

        stream->type = ngx_multisource_store_json_word(&in, "type",
                           ngx_multisource_store_json_types,
                ngx_multisource_store_json_n(ngx_multisource_store_json_types));

        stream->expected = ngx_multisource_store_json_flag(&in, "expected");
        stream->disabled = ngx_multisource_store_json_flag(&in, "disabled");
        stream->live = ngx_multisource_store_json_flag(&in, "live");

        stream->since = ngx_multisource_store_json_number(&in, "since",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
        tally->views = ngx_multisource_store_json_number(&in, "views",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
        tally->watched = ngx_multisource_store_json_number(&in, "watched",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
        tally->peak = ngx_multisource_store_json_number(&in, "peak",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);

        if (in.error || !ngx_multisource_store_json_is_name(stream->name)) {
            return "streams";
        }

        for (k = 0; k < i; k++) {
            if (ngx_strcmp(record->streams[k].name, stream->name) == 0) {
                return "streams";
            }
        }
    }

    record->nstreams = n;

    return NULL;
}


static const char *
ngx_multisource_store_json_read_counts(json_t *json,
    ngx_multisource_show_counts_t *counts)
{
    json_t                           *buckets;
    json_int_t                        n;
    ngx_uint_t                        i;
    ngx_multisource_store_json_in_t   in;

    in.object = json;
    in.error = NULL;

    counts->distinct = ngx_multisource_store_json_number(&in, "distinct",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    counts->peak = ngx_multisource_store_json_number(&in, "peak",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    counts->watched = ngx_multisource_store_json_number(&in, "watched",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    counts->joins = ngx_multisource_store_json_number(&in, "joins",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    counts->join_ms = ngx_multisource_store_json_number(&in, "join_ms",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    counts->stalls = ngx_multisource_store_json_number(&in, "stalls",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    counts->stalled = ngx_multisource_store_json_number(&in, "stalled",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    counts->amount = ngx_multisource_store_json_number(&in, "amount",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);

    buckets = json_object_get(json, "join_buckets");

    if (in.error || json_array_size(buckets) != NGX_MULTISOURCE_SHOW_BUCKETS) {
        return "counts";
    }

    for (i = 0; i < NGX_MULTISOURCE_SHOW_BUCKETS; i++) {
        n = ngx_multisource_store_json_at(buckets, i,
                                          NGX_MULTISOURCE_STORE_JSON_COUNT);
        if (n < 0) {
            return "counts";
        }

        counts->join_buckets[i] = n;
    }

    return NULL;
}


static const char *
ngx_multisource_store_json_read_switches(json_t *list, ngx_uint_t n,
    ngx_multisource_show_counts_t *counts)
{
    json_t      *entry;
    size_t       i;
    json_int_t   from, to, count;

    if (!json_is_array(list)
        || json_array_size(list)
           > NGX_MULTISOURCE_SHOW_STREAMS * NGX_MULTISOURCE_SHOW_STREAMS)
    {
        return "switches";
    }

    for (i = 0; i < json_array_size(list); i++) {
        entry = json_array_get(list, i);

        from = ngx_multisource_store_json_at(entry, 0, (json_int_t) n - 1);
        to = ngx_multisource_store_json_at(entry, 1, (json_int_t) n - 1);
        count = ngx_multisource_store_json_at(entry, 2, 0xffffffff);

        if (from < 0 || to < 0 || count < 0) {
            return "switches";
        }

        counts->switches[from][to] = count;
    }

    return NULL;
}


static const char *
ngx_multisource_store_json_read_price(json_t *json,
    ngx_multisource_price_t *price)
{
    json_t                           *addon;
    json_int_t                        n;
    ngx_uint_t                        i;
    ngx_multisource_store_json_in_t   in;

    if (json_is_null(json)) {
        return NULL;
    }

    in.object = json;
    in.error = NULL;

    ngx_multisource_store_json_text(&in, "currency", price->currency,
                                    sizeof(price->currency));

    price->base = ngx_multisource_store_json_number(&in, "base",
                                                    NGX_MULTISOURCE_PRICE_MAX);
    price->discount = ngx_multisource_store_json_number(&in, "discount", 10000);

    addon = json_object_get(json, "addon");

    if (in.error || json_array_size(addon) != NGX_MULTISOURCE_PRICE_TYPES) {
        return "price";
    }

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        n = ngx_multisource_store_json_at(addon, i, NGX_MULTISOURCE_PRICE_MAX);

        if (n < 0) {
            return "price";
        }

        price->addon[i] = n;
    }

    for (i = 0; i < 3; i++) {
        if (price->currency[i] < 'A' || price->currency[i] > 'Z') {
            return "price";
        }
    }

    return NULL;
}


const char *
ngx_multisource_store_json_read_viewer(ngx_str_t *id, ngx_str_t *text,
    ngx_uint_t n, ngx_multisource_viewer_look_t *look)
{
    u_char                            c;
    size_t                            i;
    json_t                           *json, *total, *list;
    json_int_t                        value[7], ms;
    const char                       *error;
    ngx_multisource_preferences_t    *prefs;
    ngx_multisource_store_json_in_t   in;

    static const json_int_t  max[7] = {
        0xffff, 0xff, 0xff, NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT, 40,
        NGX_MULTISOURCE_LAYOUT_GRID, 1
    };

    ngx_memzero(look, sizeof(ngx_multisource_viewer_look_t));

    if (id->len != NGX_MULTISOURCE_STORE_JSON_ID) {
        return "its number";
    }

    for (i = 0; i < id->len; i++) {
        c = id->data[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if (c >= 'a' && c <= 'f') {
            c -= 'a' - 10;

        } else {
            return "its number";
        }

        look->id = look->id << 4 | c;
    }

    if (look->id == 0) {
        return "its number";
    }

    if (text->len > NGX_MULTISOURCE_STORE_JSON_VIEWER) {
        return "its length";
    }

    json = json_loadb((char *) text->data, text->len, 0, NULL);

    if (!json_is_object(json)) {
        json_decref(json);
        return "its JSON";
    }

    in.object = json;
    in.error = NULL;

    look->joined = ngx_multisource_store_json_number(&in, "joined",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
    look->seen = ngx_multisource_store_json_number(&in, "seen",
                                            NGX_MULTISOURCE_STORE_JSON_TIME);
    look->watched = ngx_multisource_store_json_number(&in, "watched",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);
    look->amount = ngx_multisource_store_json_number(&in, "amount",
                                            NGX_MULTISOURCE_STORE_JSON_COUNT);

    error = in.error;
    total = json_object_get(json, "total");

    if (error == NULL
        && (!json_is_array(total)
            || json_array_size(total) > NGX_MULTISOURCE_SHOW_STREAMS))
    {
        error = "total";
    }

    for (i = 0; error == NULL && i < json_array_size(total); i++) {
        ms = ngx_multisource_store_json_at(total, i, 0xffffffff);

        if (ms < 0) {
            error = "total";
            break;
        }

        look->total[i] = ms;
    }

    list = json_object_get(json, "preferences");

    if (error == NULL && list && json_array_size(list) != 7) {
        error = "preferences";
    }

    if (error || list == NULL) {
        json_decref(json);
        return error;
    }

    for (i = 0; i < 7; i++) {
        value[i] = ngx_multisource_store_json_at(list, i, max[i]);

        if (value[i] < 0) {
            error = "preferences";
        }
    }

    json_decref(json);

    if (error || value[4] < 10) {
        return "preferences";
    }

    prefs = &look->preferences;

    /* a stream that the record has not, it may be the older one, is none */

    prefs->enabled = value[0];
    prefs->main = value[1] < (json_int_t) n ? value[1]
                                            : NGX_MULTISOURCE_SHOW_NONE;
    prefs->pip = value[2] < (json_int_t) n ? value[2]
                                           : NGX_MULTISOURCE_SHOW_NONE;
    prefs->corner = value[3];
    prefs->size = value[4];
    prefs->layout = value[5];
    prefs->follow = value[6];
    prefs->set = 1;

    return NULL;
}


/* ---- fields ---- */

/* 0 to max */

static json_int_t
ngx_multisource_store_json_number(ngx_multisource_store_json_in_t *in,
    const char *name, json_int_t max)
{
    json_t      *json;
    json_int_t   n;

    json = json_object_get(in->object, name);
    n = json_integer_value(json);

    if (!json_is_integer(json) || n < 0 || n > max) {

        if (in->error == NULL) {
            in->error = name;
        }

        return 0;
    }

    return n;
}


/* 0 to max of a list, or -1 */

static json_int_t
ngx_multisource_store_json_at(json_t *list, size_t i, json_int_t max)
{
    json_t      *json;
    json_int_t   n;

    json = json_array_get(list, i);
    n = json_integer_value(json);

    return (json_is_integer(json) && n >= 0 && n <= max) ? n : -1;
}


static ngx_uint_t
ngx_multisource_store_json_flag(ngx_multisource_store_json_in_t *in,
    const char *name)
{
    json_t  *json;

    json = json_object_get(in->object, name);

    if (!json_is_boolean(json) && in->error == NULL) {
        in->error = name;
    }

    return json_is_true(json);
}


/* without control characters; NUL behind it fits into `size`, too */

static void
ngx_multisource_store_json_text(ngx_multisource_store_json_in_t *in,
    const char *name, u_char *buf, size_t size)
{
    size_t       i, len;
    json_t      *json;
    const char  *text;

    json = json_object_get(in->object, name);
    text = json_string_value(json);
    len = json_string_length(json);

    if (text == NULL || len >= size) {
        goto failed;
    }

    for (i = 0; i < len; i++) {
        if ((u_char) text[i] < ' ' || text[i] == 0x7f) {
            goto failed;
        }
    }

    ngx_memcpy(buf, text, len);
    buf[len] = '\0';

    return;

failed:

    if (in->error == NULL) {
        in->error = name;
    }

    buf[0] = '\0';
}


static ngx_uint_t
ngx_multisource_store_json_word(ngx_multisource_store_json_in_t *in,
    const char *name, const char *const *words, ngx_uint_t n)
{
    ngx_uint_t   i;
    const char  *text;

    text = json_string_value(json_object_get(in->object, name));

    for (i = 0; text && i < n; i++) {
        if (ngx_strcmp(text, words[i]) == 0) {
            return i;
        }
    }

    if (in->error == NULL) {
        in->error = name;
    }

    return 0;
}


/* of a streamer or a source: may stand in a path and in a URL */

static ngx_uint_t
ngx_multisource_store_json_is_name(u_char *name)
{
    ngx_str_t                 s;
    ngx_multisource_naming_t  naming;

    ngx_memzero(&naming, sizeof(ngx_multisource_naming_t));

    s.data = name;
    s.len = ngx_strlen(name);

    return ngx_multisource_name_check_source(&naming, &s)
           == NGX_MULTISOURCE_OK;
}


static ngx_uint_t
ngx_multisource_store_json_is_code(const u_char *code)
{
    for ( /* void */ ; *code; code++) {

        if ((*code < '0' || *code > '9') && (*code < 'a' || *code > 'z')
            && (*code < 'A' || *code > 'Z'))
        {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_multisource_store_json_is_id(const u_char *p, size_t len)
{
    size_t  i;

    if (len != NGX_MULTISOURCE_SHOW_ID) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if ((p[i] < '0' || p[i] > '9') && (p[i] < 'a' || p[i] > 'f')) {
            return 0;
        }
    }

    return 1;
}
