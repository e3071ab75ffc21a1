
/*
 * Copyright (C) the ngx_live contributors
 *
 * Shows and viewers as they stand in Redis: what is written is read as it was,
 * and what is wrong is named by its field.
 */

/* sources: modules/ngx_multisource/ngx_multisource_store_json.c */
/* sources: modules/ngx_multisource/ngx_multisource_name.c */
/* libs: -ljansson */


#include "tap.h"
#include "ngx_multisource_store_json.h"

#include <jansson.h>


#define ID     "0123456789abcdef0123456789abcdef"
#define TIME   1763806000123ULL


static ngx_multisource_show_record_t  record, again;
static ngx_multisource_show_counts_t  counts, figures;
static ngx_multisource_store_json_t   more, told;


static void
fill(void)
{
    ngx_uint_t                      i, k;
    ngx_multisource_show_stream_t  *stream;

    memset(&record, 0, sizeof(record));
    memset((void *) &counts, 0, sizeof(counts));

    strcpy((char *) record.id, ID);
    strcpy((char *) record.app, "live");
    strcpy((char *) record.streamer, "alice");
    strcpy((char *) record.title,
           "Alice \xe2\x80\x9c" "at\xe2\x80\x9d \"home\" \\");
    strcpy((char *) record.code, "c0de");

    record.state = NGX_MULTISOURCE_SHOW_LIVE;
    record.private = 1;
    record.asked = 1;
    record.director = NGX_MULTISOURCE_DIRECT_MANUAL;
    record.on_air = 1;
    record.nstreams = 3;
    record.revision = 4000000000u;
    record.created = TIME;
    record.started = TIME + 1000;
    record.last_live = TIME + 2000;
    record.on_air_since = TIME + 3000;

    strcpy((char *) record.price.currency, "EUR");
    record.price.base = 20000;
    record.price.discount = 1000;

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        record.price.addon[i] = 10000 * (i + 1);
    }

    for (i = 0; i < record.nstreams; i++) {
        stream = &record.streams[i];

        sprintf((char *) stream->name, "Cam_%d", (int) i);
        sprintf((char *) stream->label, "<b>Cam & %d", (int) i);
        stream->type = i;
        stream->expected = i == 0;
        stream->disabled = i == 1;
        stream->live = i == 2;
        stream->since = TIME + i;

        counts.streams[i].views = 10 + i;
        counts.streams[i].watched = 5000000000 + i;
        counts.streams[i].peak = 7 + i;

        for (k = 0; k < record.nstreams; k++) {
            counts.switches[i][k] = i * 3 + k;
        }
    }

    counts.distinct = 11;
    counts.peak = 9;
    counts.watched = 6000000000;
    counts.joins = 8;
    counts.join_ms = 12345;
    counts.stalls = 3;
    counts.stalled = 900;
    counts.amount = 1ULL << 60;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_BUCKETS; i++) {
        counts.join_buckets[i] = i;
    }

    more.at = TIME + 4000;
    more.told = 1;
}


static const char *
read_show(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return ngx_multisource_store_json_read_show(&s, &again, &figures, &told);
}


static void
round_trip(const char *name)
{
    int          same;
    char        *text, *second;
    const char  *error;

    text = ngx_multisource_store_json_show(&record, &counts, &more);

    if (!tap_ok(text != NULL, name)) {
        return;
    }

    error = read_show(text);
    tap_is_text(error ? error : "", "", "read without an error");

    same = memcmp(&record, &again, sizeof(record)) == 0
           && memcmp((void *) &counts, (void *) &figures, sizeof(counts)) == 0
           && memcmp(&more, &told, sizeof(more)) == 0;

    tap_ok(same, "the same as before");

    second = ngx_multisource_store_json_show(&again, &figures, &told);
    tap_is_text(second ? second : "", text, "and written the same");

    free(text);
    free(second);
}


/* one field, "streams.0.name", becomes another value, or nothing: NULL */

static void
broken(const char *path, const char *value, const char *want)
{
    char         name[128], *text, part[64];
    json_t      *json, *parent, *json_value;
    const char  *error, *p, *dot;

    text = ngx_multisource_store_json_show(&record, &counts, &more);
    json = json_loads(text, 0, NULL);
    free(text);

    parent = json;
    p = path;

    while ((dot = strchr(p, '.')) != NULL) {
        snprintf(part, sizeof(part), "%.*s", (int) (dot - p), p);
        parent = json_is_array(parent) ? json_array_get(parent, atoi(part))
                                       : json_object_get(parent, part);
        p = dot + 1;
    }

    json_value = value ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;

    if (json_is_array(parent)) {
        json_array_set_new(parent, atoi(p), json_value);

    } else if (json_value) {
        json_object_set_new(parent, p, json_value);

    } else {
        json_object_del(parent, p);
    }

    text = json_dumps(json, JSON_COMPACT);
    error = read_show(text);

    snprintf(name, sizeof(name), "%s: %.60s", path, value ? value : "missing");
    tap_is_text(error ? error : "", want, name);

    free(text);
    json_decref(json);
}


typedef struct {
    const char  *path;
    const char  *value;
    const char  *want;
} row_t;

static const row_t  rows[] = {

    { "version", "2", "version" },
    { "version", NULL, "version" },
    { "version", "\"1\"", "version" },
    { "id", "\"" "0123456789ABCDEF0123456789abcdef" "\"", "id" },
    { "id", "\"0123\"", "id" },
    { "id", "\"" ID "0\"", "id" },
    { "id", "7", "id" },
    { "at", "-1", "at" },
    { "at", "1.5", "at" },
    { "at", "253402300800000", "at" },
    { "told", "3", "told" },
    { "app", "\"\"", "app" },
    { "app", "\"a\\u0001b\"", "app" },
    { "streamer", "\"\"", "streamer" },
    { "streamer", "\"../x\"", "streamer" },
    { "streamer", "\"a/b\"", "streamer" },
    { "streamer", "\"123456789012345678901234567890123456789012345678901\"",
                  "streamer" },
    { "title", "\"a\\nb\"", "title" },
    { "title", "null", "title" },
    { "title", "\"\"", "" },
    { "code", "\"\"", "code" },
    { "code", "\"a b\"", "code" },
    { "state", "\"\"", "state" },
    { "state", "\"LIVE\"", "state" },
    { "state", "2", "state" },
    { "state", "\"ended\"", "ended" },
    { "state", "\"waiting\"", "" },
    { "ended", "1763806000124", "ended" },
    { "private", "1", "private" },
    { "asked", "null", "asked" },
    { "revision", "4294967296", "revision" },
    { "created", "0", "created" },
    { "created", "-5", "created" },
    { "started", "\"x\"", "started" },
    { "last_live", "{}", "last_live" },
    { "director", "\"auto\"", "director" },
    { "on_air", "3", "on_air" },
    { "on_air", "-1", "on_air" },
    { "on_air", "null", "" },
    { "on_air", "255", "on_air" },
    { "on_air_since", NULL, "on_air_since" },

    { "price", "null", "" },
    { "price", NULL, "price" },
    { "price", "[]", "price" },
    { "price.currency", "\"eur\"", "price" },
    { "price.currency", "\"EURO\"", "price" },
    { "price.currency", "\"\"", "price" },
    { "price.base", "1000000001", "price" },
    { "price.discount", "10001", "price" },
    { "price.addon", "[1,2,3]", "price" },
    { "price.addon.3", "-1", "price" },

    { "streams", "{}", "streams" },
    { "streams", "[]", "on_air" },
    { "streams", "[1,2,3]", "streams" },
    { "streams.0", "[]", "streams" },
    { "streams.0.name", "\"Cam_1\"", "streams" },
    { "streams.0.name", "\"\"", "streams" },
    { "streams.0.name", "\"a b\"", "streams" },
    { "streams.0.label", "5", "streams" },
    { "streams.1.type", "\"webcam\"", "streams" },
    { "streams.1.live", "0", "streams" },
    { "streams.2.since", "-1", "streams" },
    { "streams.2.views", "1e3", "streams" },
    { "streams.2.watched", "9223372036854775807", "streams" },
    { "streams", "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "streams" },

    { "counts", "null", "counts" },
    { "counts.distinct", "-1", "counts" },
    { "counts.amount", "null", "counts" },
    { "counts.join_buckets", "[0]", "counts" },
    { "counts.join_buckets.11", "\"1\"", "counts" },

    { "switches", "null", "switches" },
    { "switches", "[]", "" },
    { "switches", "[[0,3,1]]", "switches" },
    { "switches", "[[3,0,1]]", "switches" },
    { "switches", "[[-1,0,1]]", "switches" },
    { "switches", "[[0,1,4294967296]]", "switches" },
    { "switches", "[[0,1]]", "switches" },
    { "switches", "[{}]", "switches" },

    { "unknown", "{\"a\":[1,2]}", "" },
};


typedef struct {
    const char  *id;
    const char  *text;
    const char  *want;
} viewer_t;

#define FINE   "\"joined\":1,\"seen\":2,\"watched\":3,\"amount\":4"
#define PREFS(list)  "{" FINE ",\"total\":[],\"preferences\":[" list "]}"

static const viewer_t  viewers[] = {

    { "00000000000000ff", "{" FINE ",\"total\":[]}", "" },
    { "00000000000000ff", "{" FINE ",\"total\":[1,2,3]}", "" },
    { "00000000000000ff", PREFS("3,0,1,0,10,0,0"), "" },
    { "00000000000000ff", PREFS("65535,255,255,3,40,2,1"), "" },
    { "00000000000000ff", PREFS("0,15,200,3,40,2,1"), "" },

    { "", "{}", "its number" },
    { "0000000000000000", "{" FINE ",\"total\":[]}", "its number" },
    { "00000000000000fF", "{" FINE ",\"total\":[]}", "its number" },
    { "000000000000000ff", "{" FINE ",\"total\":[]}", "its number" },
    { "00000000000000f ", "{" FINE ",\"total\":[]}", "its number" },

    { "00000000000000ff", "", "its JSON" },
    { "00000000000000ff", "[]", "its JSON" },
    { "00000000000000ff", "{" FINE ",\"total\":[]}x", "its JSON" },
    { "00000000000000ff", "{}", "joined" },
    { "00000000000000ff", "{\"joined\":-1}", "joined" },
    { "00000000000000ff", "{\"joined\":1,\"seen\":\"\"}", "seen" },
    { "00000000000000ff", "{" FINE "}", "total" },
    { "00000000000000ff", "{" FINE ",\"total\":{}}", "total" },
    { "00000000000000ff", "{" FINE ",\"total\":[-1]}", "total" },
    { "00000000000000ff", "{" FINE ",\"total\":[4294967296]}", "total" },
    { "00000000000000ff",
      "{" FINE ",\"total\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}", "total" },

    { "00000000000000ff", PREFS(""), "preferences" },
    { "00000000000000ff", PREFS("3,0,1,0,10,0"), "preferences" },
    { "00000000000000ff", PREFS("65536,0,1,0,10,0,0"), "preferences" },
    { "00000000000000ff", PREFS("3,256,1,0,10,0,0"), "preferences" },
    { "00000000000000ff", PREFS("3,0,-1,0,10,0,0"), "preferences" },
    { "00000000000000ff", PREFS("3,0,1,4,10,0,0"), "preferences" },
    { "00000000000000ff", PREFS("3,0,1,0,9,0,0"), "preferences" },
    { "00000000000000ff", PREFS("3,0,1,0,41,0,0"), "preferences" },
    { "00000000000000ff", PREFS("3,0,1,0,10,3,0"), "preferences" },
    { "00000000000000ff", PREFS("3,0,1,0,10,0,2"), "preferences" },
    { "00000000000000ff", PREFS("3,0,1,0,10,0,\"1\""), "preferences" },
};


static void
viewer_rows(void)
{
    char                            name[160];
    size_t                          i;
    ngx_str_t                       id, text;
    const char                     *error;
    ngx_multisource_viewer_look_t   look;

    for (i = 0; i < sizeof(viewers) / sizeof(viewers[0]); i++) {
        id.data = (u_char *) viewers[i].id;
        id.len = strlen(viewers[i].id);
        text.data = (u_char *) viewers[i].text;
        text.len = strlen(viewers[i].text);

        error = ngx_multisource_store_json_read_viewer(&id, &text, 2, &look);

        snprintf(name, sizeof(name), "viewer %.20s %.100s", viewers[i].id,
                 viewers[i].text);
        tap_is_text(error ? error : "", viewers[i].want, name);

        if (error == NULL && look.preferences.set) {
            tap_ok((look.preferences.main < 2
                    || look.preferences.main == NGX_MULTISOURCE_SHOW_NONE)
                   && (look.preferences.pip < 2
                       || look.preferences.pip == NGX_MULTISOURCE_SHOW_NONE),
                   "its streams are of the show");
        }
    }
}


static void
viewer_round(ngx_uint_t set, ngx_uint_t most)
{
    u_char                          buf[NGX_MULTISOURCE_STORE_JSON_VIEWER];
    ngx_str_t                       id, text;
    ngx_uint_t                      i;
    const char                     *error;
    ngx_multisource_viewer_look_t   look, got;

    memset(&look, 0, sizeof(look));

    look.id = 0xfedcba9876543210ULL;
    look.joined = TIME;
    look.seen = TIME + 1;
    look.watched = most ? (uint64_t) 1 << 61 : 0;
    look.amount = most ? (uint64_t) 1 << 61 : 0;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {
        look.total[i] = most ? 0xffffffff : i % 2;
    }

    if (set) {
        look.preferences.enabled = 0xffff;
        look.preferences.main = 15;
        look.preferences.pip = NGX_MULTISOURCE_SHOW_NONE;
        look.preferences.corner = NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT;
        look.preferences.size = 40;
        look.preferences.layout = NGX_MULTISOURCE_LAYOUT_GRID;
        look.preferences.follow = 1;
        look.preferences.set = 1;
    }

    text.data = buf;
    text.len = ngx_multisource_store_json_viewer(&look, buf);

    tap_ok(text.len < sizeof(buf) / 2, "a viewer's text has room");

    id.data = (u_char *) "fedcba9876543210";
    id.len = 16;

    error = ngx_multisource_store_json_read_viewer(&id, &text, 16, &got);
    tap_is_text(error ? error : "", "", "it is read");
    tap_ok(memcmp(&look, &got, sizeof(look)) == 0, "as it was");
}


int
main(void)
{
    char        *text;
    size_t       i;
    ngx_uint_t   k;
    ngx_str_t    s;

    fill();
    round_trip("a live show");

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        broken(rows[i].path, rows[i].value, rows[i].want);
    }

    record.state = NGX_MULTISOURCE_SHOW_ENDED;
    record.ended = record.created;
    round_trip("one that has ended");

    broken("ended", "1763806000122", "ended");

    /* the largest */

    record.nstreams = NGX_MULTISOURCE_SHOW_STREAMS;
    memset(record.title, 'T', sizeof(record.title) - 1);
    memset(record.app, '"', sizeof(record.app) - 1);
    memset(record.streamer, 'a', sizeof(record.streamer) - 1);

    for (i = 0; i < record.nstreams; i++) {
        memset(record.streams[i].name, 'a' + i, NGX_MULTISOURCE_NAME_MAX);
        memset(record.streams[i].label, '\\',
               sizeof(record.streams[i].label) - 1);

        counts.streams[i].watched = 1ULL << 61;

        for (k = 0; k < record.nstreams; k++) {
            counts.switches[i][k] = 0xffffffff;
        }
    }

    round_trip("the largest");

    /* the smallest */

    memset(&record, 0, sizeof(record));
    memset((void *) &counts, 0, sizeof(counts));

    strcpy((char *) record.id, ID);
    strcpy((char *) record.app, "a");
    strcpy((char *) record.streamer, "b");
    record.state = NGX_MULTISOURCE_SHOW_WAITING;
    record.on_air = NGX_MULTISOURCE_SHOW_NONE;
    record.created = 1;
    round_trip("the smallest");

    tap_is_text(read_show(""), "its JSON", "nothing");
    tap_is_text(read_show("[]"), "its JSON", "a list");
    tap_is_text(read_show("{"), "its JSON", "half an object");
    tap_is_text(read_show("{}"), "version", "an empty object");

    text = calloc(1, NGX_MULTISOURCE_STORE_JSON_SHOW + 1);
    s.data = (u_char *) text;
    s.len = NGX_MULTISOURCE_STORE_JSON_SHOW + 1;
    tap_is_text(ngx_multisource_store_json_read_show(&s, &again, &figures,
                                                     &told),
                "its length", "too much");
    free(text);

    /* a record that is no UTF-8 is not written */

    strcpy((char *) record.title, "\xff");
    tap_ok(ngx_multisource_store_json_show(&record, &counts, &more) == NULL,
           "what is no UTF-8 is not written");

    viewer_rows();
    viewer_round(0, 0);
    viewer_round(1, 0);
    viewer_round(1, 1);

    return tap_done();
}
