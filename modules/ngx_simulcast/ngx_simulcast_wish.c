
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_answer.h"
#include "ngx_simulcast.h"
#include "ngx_simulcast_wish.h"


#define NGX_SIMULCAST_WISH_TRIES  5
#define NGX_SIMULCAST_WISH_LATE   1024          /* ends that wait for Redis */


/* one of a destination, of a streamer's destinations, or of a session */

typedef struct {
    ngx_queue_t  queue;                         /* while Redis is away */
    char         name[2 * NGX_SIMULCAST_NAME + 2];  /* id, streamer, stream id */
    char         source[NGX_SIMULCAST_NAME + 1];
    ngx_uint_t   real;
    ngx_uint_t   begin;
    ngx_uint_t   alone;
    ngx_uint_t   tries;
    uint64_t     at;                            /* epoch, ms; or 0 */
} ngx_simulcast_wish_t;


static ngx_simulcast_wish_t *ngx_simulcast_wish_create(const char *name,
    ngx_uint_t real);
static void ngx_simulcast_wish_run(ngx_simulcast_wish_t *wish);
static void ngx_simulcast_wish_late(ngx_simulcast_wish_t *wish);
static void ngx_simulcast_wish_list(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t **list, ngx_uint_t n);
static void ngx_simulcast_wish_get(ngx_simulcast_wish_t *wish);
static void ngx_simulcast_wish_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_wish_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_wish_end_session(const char *stream_id,
    ngx_uint_t real);
static void ngx_simulcast_wish_session_got(void *data, ngx_int_t rc,
    json_t *json);
static void ngx_simulcast_wish_session_set(void *data, redisReply *reply);
static void ngx_simulcast_wish_event(const char *name, const char *stream_id,
    uint64_t at);


/* ends that Redis has not heard of, the oldest first */

static ngx_queue_t  ngx_simulcast_wish_queue;
static ngx_uint_t   ngx_simulcast_wish_nqueue;


/* KEYS: the session. ARGV: now, ms. 1: it is a new one */

static char  ngx_simulcast_wish_session_script[] =
    "local v = redis.call('GET', KEYS[1])\n"
    "local ok, s = pcall(cjson.decode, v or '')\n"
    "if ok and type(s) == 'table' then\n"
    "if not s['until'] then return 0 end\n"
    "if s['until'] >= tonumber(ARGV[1]) then\n"
    "s['until'] = nil\n"
    "redis.call('SET', KEYS[1], cjson.encode(s)) return 0 end\n"
    "end\n"
    "redis.call('SET', KEYS[1], '{\"started_at\":' .. ARGV[1] .. '}')\n"
    "return 1\n";


ngx_uint_t
ngx_simulcast_wish_runs(ngx_simulcast_destination_t *destination)
{
    json_t      *record;
    const char  *wanted;

    record = destination->record;

    if (!json_is_true(json_object_get(record, "is_enabled"))) {
        return 0;
    }

    wanted = json_string_value(json_object_get(record, "wanted"));

    if (wanted && wanted[0]
        && !ngx_simulcast_wish_over(record, "wanted_until"))
    {
        return ngx_strcmp(wanted, "start") == 0;
    }

    return json_is_true(json_object_get(json_object_get(record, "settings"),
                                        "auto_start"));
}


ngx_uint_t
ngx_simulcast_wish_over(json_t *json, const char *name)
{
    json_t  *until;

    until = json_object_get(json, name);

    return json_is_integer(until)
           && json_integer_value(until)
              < (json_int_t) ngx_simulcast_time();
}


void
ngx_simulcast_wish_end(const char *streamer, const char *source,
    ngx_uint_t real, ngx_uint_t alone)
{
    ngx_simulcast_wish_t  *wish;

    wish = ngx_simulcast_wish_create(streamer, real);
    if (wish == NULL) {
        return;
    }

    (void) ngx_cpystrn((u_char *) wish->source, (u_char *) source,
                       sizeof(wish->source));
    wish->alone = alone;

    ngx_simulcast_wish_run(wish);
}


static void
ngx_simulcast_wish_run(ngx_simulcast_wish_t *wish)
{
    char       stream_id[2 * NGX_SIMULCAST_NAME + 2];
    ngx_str_t  name;

    (void) ngx_snprintf((u_char *) stream_id, sizeof(stream_id), "%s:%s%Z",
                        wish->name, wish->source);

    ngx_simulcast_wish_end_session(stream_id, wish->real);

    if (wish->alone) {
        ngx_simulcast_wish_end_session(wish->name, wish->real);
    }

    name.data = (u_char *) wish->name;
    name.len = ngx_strlen(wish->name);

    if (ngx_simulcast_store_list(&name, ngx_simulcast_wish_list, wish)
        != NGX_OK)
    {
        ngx_simulcast_wish_late(wish);
    }
}


static void
ngx_simulcast_wish_late(ngx_simulcast_wish_t *wish)
{
    ngx_queue_t  *q;

    if (ngx_simulcast_wish_queue.next == NULL) {
        ngx_queue_init(&ngx_simulcast_wish_queue);
    }

    ngx_queue_insert_tail(&ngx_simulcast_wish_queue, &wish->queue);

    if (ngx_simulcast_wish_nqueue++ < NGX_SIMULCAST_WISH_LATE) {
        return;
    }

    q = ngx_queue_head(&ngx_simulcast_wish_queue);
    ngx_queue_remove(q);
    ngx_simulcast_wish_nqueue--;

    ngx_free(ngx_queue_data(q, ngx_simulcast_wish_t, queue));
}


void
ngx_simulcast_wish_again(void)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    for (n = ngx_simulcast_wish_nqueue; n; n--) {
        q = ngx_queue_head(&ngx_simulcast_wish_queue);
        ngx_queue_remove(q);
        ngx_simulcast_wish_nqueue--;

        ngx_simulcast_wish_run(ngx_queue_data(q, ngx_simulcast_wish_t, queue));
    }
}


static ngx_simulcast_wish_t *
ngx_simulcast_wish_create(const char *name, ngx_uint_t real)
{
    ngx_simulcast_wish_t  *wish;

    wish = ngx_calloc(sizeof(ngx_simulcast_wish_t), ngx_cycle->log);
    if (wish == NULL) {
        return NULL;
    }

    (void) ngx_cpystrn((u_char *) wish->name, (u_char *) name,
                       sizeof(wish->name));
    wish->real = real;

    return wish;
}


static void
ngx_simulcast_wish_list(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t **list, ngx_uint_t n)
{
    ngx_simulcast_wish_t *wish = data;

    ngx_uint_t    i;
    const char   *source;

    if (rc != NGX_OK) {
        ngx_simulcast_wish_late(wish);
        return;
    }

    for (i = 0; i < n; i++) {

        source = json_string_value(json_object_get(list[i]->record,
                                                   "input_source"));

        if (source == NULL || source[0] == '\0') {
            source = list[i]->source;
        }

        if (source[0] ? ngx_strcmp(source, wish->source) == 0 : wish->alone) {
            ngx_simulcast_wish_end_one(list[i]->id, wish->real);
        }
    }

    ngx_free(wish);
}


void
ngx_simulcast_wish_end_one(const char *id, ngx_uint_t real)
{
    ngx_simulcast_wish_t  *wish;

    wish = ngx_simulcast_wish_create(id, real);

    if (wish) {
        ngx_simulcast_wish_get(wish);
    }
}


static void
ngx_simulcast_wish_get(ngx_simulcast_wish_t *wish)
{
    ngx_str_t  id;

    id.data = (u_char *) wish->name;
    id.len = ngx_strlen(wish->name);

    if (ngx_simulcast_store_get(&id, ngx_simulcast_wish_got, wish) != NGX_OK) {
        ngx_free(wish);
    }
}


static void
ngx_simulcast_wish_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_wish_t *wish = data;

    json_t      *record;
    const char  *wanted;

    if (rc != NGX_OK) {
        ngx_free(wish);
        return;
    }

    record = destination->record;
    wanted = json_string_value(json_object_get(record, "wanted"));

    if (wanted == NULL || wanted[0] == '\0') {
        ngx_free(wish);
        return;
    }

    if (wish->begin) {

        if (json_object_del(record, "wanted_until") != 0) {
            ngx_free(wish);
            return;
        }

    } else if (wish->real) {
        (void) json_object_set_new(record, "wanted", json_string(""));
        (void) json_object_del(record, "wanted_at");
        (void) json_object_del(record, "wanted_until");
        (void) json_object_del(record, "input_source");

    } else {
        (void) json_object_set_new(record, "wanted_until",
                                   json_integer(ngx_simulcast_time()
                                                + NGX_SIMULCAST_WISH_HOLD));
    }

    if (ngx_simulcast_store_put(destination, ngx_simulcast_wish_put, wish)
        != NGX_OK)
    {
        ngx_free(wish);
    }
}


static void
ngx_simulcast_wish_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_wish_t *wish = data;

    if (rc == NGX_BUSY && ++wish->tries < NGX_SIMULCAST_WISH_TRIES) {
        ngx_simulcast_wish_get(wish);
        return;
    }

    ngx_free(wish);
}


static void
ngx_simulcast_wish_end_session(const char *stream_id, ngx_uint_t real)
{
    ngx_simulcast_wish_t  *wish;

    wish = ngx_simulcast_wish_create(stream_id, real);

    if (wish
        && ngx_simulcast_store_session_get(stream_id,
                                           ngx_simulcast_wish_session_got,
                                           wish)
           != NGX_OK)
    {
        ngx_free(wish);
    }
}


static void
ngx_simulcast_wish_session_got(void *data, ngx_int_t rc, json_t *json)
{
    ngx_simulcast_wish_t *wish = data;

    json_t  *session;

    if (rc == NGX_OK && json) {

        if (wish->real) {
            (void) ngx_simulcast_store_session(wish->name, NULL, NULL, NULL);
            ngx_simulcast_wish_event("stream:stopped", wish->name, 0);

        } else {
            session = json_copy(json);

            (void) json_object_set_new(session, "until",
                                       json_integer(ngx_simulcast_time()
                                                 + NGX_SIMULCAST_WISH_HOLD));
            (void) ngx_simulcast_store_session(wish->name, session, NULL,
                                               NULL);
            json_decref(session);
        }
    }

    ngx_free(wish);
}


void
ngx_simulcast_wish_begin(ngx_simulcast_destination_t *destination,
    const char *stream_id)
{
    u_char                 key[2 * NGX_SIMULCAST_NAME + 32], now[32];
    ngx_str_t              args[5];
    ngx_simulcast_wish_t  *wish;

    if (json_object_get(destination->record, "wanted_until")) {

        wish = ngx_simulcast_wish_create(destination->id, 0);

        if (wish) {
            wish->begin = 1;
            ngx_simulcast_wish_get(wish);
        }
    }

    wish = ngx_simulcast_wish_create(stream_id, 0);
    if (wish == NULL) {
        return;
    }

    ngx_str_set(&args[0], "EVAL");
    args[1].data = (u_char *) ngx_simulcast_wish_session_script;
    args[1].len = sizeof(ngx_simulcast_wish_session_script) - 1;
    ngx_str_set(&args[2], "1");
    args[3].data = key;
    args[3].len = ngx_sprintf(key, "simulcast:session:%s", stream_id) - key;
    wish->at = ngx_simulcast_time();
    args[4].data = now;
    args[4].len = ngx_sprintf(now, "%uL", wish->at) - now;

    if (ngx_live_redis_send(&ngx_simulcast_redis,
                            ngx_simulcast_wish_session_set, wish, 5, args)
        != NGX_OK)
    {
        ngx_free(wish);
    }
}


static void
ngx_simulcast_wish_session_set(void *data, redisReply *reply)
{
    ngx_simulcast_wish_t *wish = data;

    if (reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1) {
        ngx_simulcast_wish_event("stream:started", wish->name, wish->at);
    }

    ngx_free(wish);
}


static void
ngx_simulcast_wish_event(const char *name, const char *stream_id, uint64_t at)
{
    json_t  *event, *data;

    event = json_pack("{s:s, s:s, s:{s:s}}", "event", name, "stream_id",
                      stream_id, "data", "streamId", stream_id);

    if (event) {

        if (at) {
            data = json_object_get(event, "data");
            (void) json_object_set_new(data, "startedAt",
                                       ngx_live_answer_time(at));
        }

        ngx_simulcast_store_event(event);
        json_decref(event);
    }
}
