
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>
#include <openssl/rand.h>

#include "ngx_live_answer.h"
#include "ngx_simulcast.h"
#include "ngx_simulcast_seal.h"
#include "ngx_simulcast_store.h"


#define NGX_SIMULCAST_STORE_KEY      160    /* bytes of a key of ours */
#define NGX_SIMULCAST_STORE_LIVE     30000  /* ms that an entry counts */
#define NGX_SIMULCAST_STORE_BATCH    64     /* destinations, at a time */
#define NGX_SIMULCAST_STORE_LOCK     128    /* bytes of a lock's name */
#define NGX_SIMULCAST_STORE_NODE     320    /* HOSTNAME:PID */

#define NGX_SIMULCAST_STORE_DESTINATION   "simulcast:destination:"
#define NGX_SIMULCAST_STORE_DESTINATIONS  "simulcast:destinations"


/*
 * KEYS: the destination, all, those of its streamer, those of its streamer
 * until now. ARGV: id, version that was read, record, "1" when the secret is to
 * be written, secret, channel, message. The new version, "busy" or "gone".
 */

static char  ngx_simulcast_store_put_script[] =
    "local v = redis.call('HGET', KEYS[1], 'version')\n"
    "if ARGV[2] ~= '0' and not v then return 'gone' end\n"
    "if (v or '0') ~= ARGV[2] then return 'busy' end\n"
    "redis.call('HSET', KEYS[1], 'record', ARGV[3])\n"
    "if ARGV[4] == '1' then\n"
    "redis.call('HSET', KEYS[1], 'secret', ARGV[5]) end\n"
    "v = redis.call('HINCRBY', KEYS[1], 'version', 1)\n"
    "redis.call('SADD', KEYS[2], ARGV[1])\n"
    "if KEYS[4] ~= KEYS[3] then redis.call('SREM', KEYS[4], ARGV[1]) end\n"
    "redis.call('SADD', KEYS[3], ARGV[1])\n"
    "redis.pcall('PUBLISH', ARGV[6], ARGV[7])\n"
    "return v\n";

/*
 * KEYS: the destination, all, those of its streamer, its health. ARGV: id,
 * channel, message. 1, or 0 when there was none.
 */

static char  ngx_simulcast_store_remove_script[] =
    "local n = redis.call('DEL', KEYS[1])\n"
    "redis.call('SREM', KEYS[2], ARGV[1])\n"
    "redis.call('SREM', KEYS[3], ARGV[1])\n"
    "redis.call('DEL', KEYS[4])\n"
    "redis.pcall('PUBLISH', ARGV[2], ARGV[3])\n"
    "return n\n";

/*
 * Another worker may have taken over, and written its own: only what this one
 * has written is removed. KEYS: a string, or a hash of which ARGV[2] is a
 * field; ARGV[1]: the node.
 */

static char  ngx_simulcast_store_mine_script[] =
    "local v\n"
    "if ARGV[2] then v = redis.call('HGET', KEYS[1], ARGV[2])\n"
    "else v = redis.call('GET', KEYS[1]) end\n"
    "if not v then return 0 end\n"
    "local ok, json = pcall(cjson.decode, v)\n"
    "if ok and type(json) == 'table' and json.node ~= ARGV[1] then\n"
    "return 0 end\n"
    "if ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[2]) end\n"
    "return redis.call('DEL', KEYS[1])\n";

static char  ngx_simulcast_store_unlock_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then\n"
    "return redis.call('DEL', KEYS[1]) end\n"
    "return 0\n";


/* a list or a single destination that is being read */

typedef struct ngx_simulcast_store_reading_s  ngx_simulcast_store_reading_t;

typedef struct {
    ngx_simulcast_store_reading_t   *reading;
    ngx_simulcast_destination_t     *destination;
    char                             id[NGX_SIMULCAST_ID + 1];
} ngx_simulcast_store_item_t;

struct ngx_simulcast_store_reading_s {
    ngx_simulcast_store_pt           handler;       /* of a single one, or */
    ngx_simulcast_store_list_pt      list_handler;
    void                            *data;

    ngx_simulcast_store_item_t      *items;
    ngx_uint_t                       n;
    ngx_uint_t                       next;          /* to be asked for */
    ngx_uint_t                       pending;       /* answers */
    ngx_uint_t                       failed;
};


/* anything else */

typedef struct {
    ngx_simulcast_store_pt           handler;
    ngx_simulcast_store_json_pt      json_handler;
    void                            *data;
    ngx_simulcast_destination_t     *destination;   /* held, or NULL */
    char                             streamer[NGX_SIMULCAST_NAME + 1];
} ngx_simulcast_store_call_t;


/* a lock that was asked for, and may be ours */

typedef struct {
    ngx_queue_t                      queue;
    ngx_msec_t                       expires;
    char                             token[NGX_SIMULCAST_ID + 1];
    size_t                           len;
    u_char                           name[NGX_SIMULCAST_STORE_LOCK];
} ngx_simulcast_store_lock_t;


static ngx_int_t ngx_simulcast_store_stream(const char *stream_id,
    char *streamer, char *source);
static ngx_int_t ngx_simulcast_store_identify(
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_store_open(ngx_simulcast_destination_t *destination,
    ngx_str_t *sealed);
static ngx_int_t ngx_simulcast_store_aad(
    ngx_simulcast_destination_t *destination, ngx_str_t *aad);
static ngx_int_t ngx_simulcast_store_close(
    ngx_simulcast_destination_t *destination, ngx_str_t *sealed);

static ngx_simulcast_store_reading_t *ngx_simulcast_store_reading(ngx_uint_t n,
    void *data);
static void ngx_simulcast_store_item(ngx_simulcast_store_item_t *item,
    ngx_str_t *id);
static void ngx_simulcast_store_listed(void *data, redisReply *reply);
static void ngx_simulcast_store_ask(ngx_simulcast_store_reading_t *reading);
static void ngx_simulcast_store_read(void *data, redisReply *reply);
static void ngx_simulcast_store_read_health(void *data, redisReply *reply);
static void ngx_simulcast_store_step(ngx_simulcast_store_reading_t *reading);
static void ngx_simulcast_store_finish(ngx_simulcast_store_reading_t *reading);
static int ngx_libc_cdecl ngx_simulcast_store_compare(const void *one,
    const void *two);

static ngx_simulcast_store_call_t *ngx_simulcast_store_call(void *data);
static ngx_int_t ngx_simulcast_store_send(ngx_simulcast_store_call_t *call,
    ngx_live_redis_pt handler, ngx_uint_t n, ngx_str_t *args);
static void ngx_simulcast_store_end(ngx_simulcast_store_call_t *call,
    ngx_int_t rc);
static void ngx_simulcast_store_put_done(void *data, redisReply *reply);
static void ngx_simulcast_store_remove_done(void *data, redisReply *reply);
static void ngx_simulcast_store_live_done(void *data, redisReply *reply);
static void ngx_simulcast_store_session_done(void *data, redisReply *reply);
static void ngx_simulcast_store_written(void *data, redisReply *reply);
static void ngx_simulcast_store_locked(void *data, redisReply *reply);

static void ngx_simulcast_store_publish(const char *channel, json_t *json);
static void ngx_simulcast_store_drop(ngx_str_t *key, const char *field);
static char *ngx_simulcast_store_message(const char *streamer, const char *id);
static char *ngx_simulcast_store_signed(json_t *json);
static const char *ngx_simulcast_store_node(void);
static json_t *ngx_simulcast_store_json(const char *text, size_t len);
static void ngx_simulcast_store_key(ngx_str_t *key, u_char *buf,
    const char *prefix, const char *name);
static void ngx_simulcast_store_str(ngx_str_t *str, const char *text);
static void ngx_simulcast_store_free(char *text);


#define ngx_simulcast_store_script(str, script)                               \
    (str)->data = (u_char *) script; (str)->len = sizeof(script) - 1


/* locks of this worker, the oldest first */

static ngx_queue_t  ngx_simulcast_store_locks;


/* ---- a destination ---- */

void
ngx_simulcast_store_hold(ngx_simulcast_destination_t *destination)
{
    destination->refs++;
}


void
ngx_simulcast_store_release(ngx_simulcast_destination_t *destination)
{
    if (--destination->refs) {
        return;
    }

    json_decref(destination->record);
    json_decref(destination->secret);
    json_decref(destination->health);

    ngx_free(destination);
}


ngx_simulcast_destination_t *
ngx_simulcast_store_new(json_t *record, json_t *secret)
{
    json_t                       *now;
    ngx_uint_t                    i;
    ngx_simulcast_destination_t  *destination;
    static const char            *times[] = { "created_at", "updated_at" };

    destination = ngx_calloc(sizeof(ngx_simulcast_destination_t),
                             ngx_cycle->log);

    if (destination == NULL) {
        json_decref(record);
        json_decref(secret);
        return NULL;
    }

    destination->refs = 1;
    destination->record = record;
    destination->secret = secret;
    destination->secret_state = secret ? NGX_SIMULCAST_SECRET_OPEN
                                       : NGX_SIMULCAST_SECRET_NONE;

    if (ngx_simulcast_store_uuid(destination->id) != NGX_OK
        || json_object_set_new(record, "id", json_string(destination->id)) != 0
        || ngx_simulcast_store_identify(destination) != NGX_OK)
    {
        goto failed;
    }

    for (i = 0; i < 2; i++) {

        if (json_is_string(json_object_get(record, times[i]))) {
            continue;
        }

        now = ngx_live_answer_time(ngx_simulcast_time());

        if (json_object_set_new(record, times[i], now) != 0) {
            goto failed;
        }
    }

    return destination;

failed:

    ngx_simulcast_store_release(destination);

    return NULL;
}


/* STREAMER or STREAMER:SOURCE; the buffers have room for names */

static ngx_int_t
ngx_simulcast_store_stream(const char *stream_id, char *streamer, char *source)
{
    char        *out;
    size_t       len;
    ngx_uint_t   named;
    const char  *p;

    out = streamer;
    source[0] = '\0';
    named = 0;
    len = 0;

    for (p = stream_id; *p; p++) {

        if (*p == ':' && !named && len) {
            out[len] = '\0';
            out = source;
            named = 1;
            len = 0;
            continue;
        }

        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_')
            || len == NGX_SIMULCAST_NAME)
        {
            return NGX_ERROR;
        }

        out[len++] = *p;
    }

    out[len] = '\0';

    return len ? NGX_OK : NGX_ERROR;
}


/* what the record says of the destination: nothing is changed when it is bad */

static ngx_int_t
ngx_simulcast_store_identify(ngx_simulcast_destination_t *destination)
{
    char         streamer[NGX_SIMULCAST_NAME + 1];
    char         source[NGX_SIMULCAST_NAME + 1];
    json_t      *record;
    ngx_str_t    name;
    ngx_int_t    platform;
    const char  *id, *stream_id, *text;

    record = destination->record;

    id = json_string_value(json_object_get(record, "id"));
    stream_id = json_string_value(json_object_get(record, "stream_id"));
    text = json_string_value(json_object_get(record, "platform"));

    if (id == NULL || stream_id == NULL || text == NULL
        || ngx_strcmp(id, destination->id) != 0
        || ngx_simulcast_store_stream(stream_id, streamer, source) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_simulcast_store_str(&name, text);

    platform = ngx_simulcast_platform_find(&name);
    if (platform == NGX_ERROR) {
        return NGX_ERROR;
    }

    destination->platform = platform;

    ngx_memcpy(destination->streamer, streamer, sizeof(streamer));
    ngx_memcpy(destination->source, source, sizeof(source));

    return NGX_OK;
}


/* "STREAMER\nID\nPLATFORM\nRTMP_URL"; to be freed */

static ngx_int_t
ngx_simulcast_store_aad(ngx_simulcast_destination_t *destination,
    ngx_str_t *aad)
{
    size_t       size;
    json_t      *url;
    const char  *platform, *text;

    url = json_object_get(destination->record, "rtmp_url");
    text = json_is_string(url) ? json_string_value(url) : "";
    platform = ngx_simulcast_platform_name(destination->platform);

    size = ngx_strlen(destination->streamer) + ngx_strlen(destination->id)
           + ngx_strlen(platform) + ngx_strlen(text) + 3;

    aad->data = ngx_alloc(size, ngx_cycle->log);
    if (aad->data == NULL) {
        return NGX_ERROR;
    }

    aad->len = ngx_snprintf(aad->data, size, "%s\n%s\n%s\n%s",
                            destination->streamer, destination->id, platform,
                            text)
               - aad->data;

    return NGX_OK;
}


static void
ngx_simulcast_store_open(ngx_simulcast_destination_t *destination,
    ngx_str_t *sealed)
{
    ngx_int_t   rc;
    ngx_str_t   aad, text;
    ngx_uint_t  stale;

    if (sealed->len == 0) {
        destination->secret_state = NGX_SIMULCAST_SECRET_NONE;
        return;
    }

    if (ngx_simulcast_conf->ring == NULL) {
        destination->secret_state = NGX_SIMULCAST_SECRET_UNKNOWN_KEY;
        return;
    }

    destination->secret_state = NGX_SIMULCAST_SECRET_BROKEN;

    if (ngx_simulcast_store_aad(destination, &aad) != NGX_OK) {
        return;
    }

    text.len = 0;
    text.data = ngx_alloc(sealed->len, ngx_cycle->log);

    if (text.data == NULL) {
        ngx_free(aad.data);
        return;
    }

    stale = 0;

    rc = ngx_simulcast_seal_open(ngx_simulcast_conf->ring, sealed, &aad, &text,
                                 &stale);

    if (rc == NGX_DECLINED) {
        destination->secret_state = NGX_SIMULCAST_SECRET_UNKNOWN_KEY;

    } else if (rc == NGX_OK) {
        destination->secret = ngx_simulcast_store_json((char *) text.data,
                                                       text.len);
        if (destination->secret) {
            destination->secret_state = NGX_SIMULCAST_SECRET_OPEN;
            destination->stale = stale;
        }
    }

    if (destination->secret == NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "simulcast: the secret of destination %s %s",
                      destination->id, rc == NGX_DECLINED
                      ? "is sealed with a key that is not given"
                      : "does not open: changed by others, or another key");
    }

    ngx_simulcast_seal_wipe(text.data, sealed->len);

    ngx_free(text.data);
    ngx_free(aad.data);
}


/* NGX_DECLINED: what is there is left as it is; sealed->data is to be freed */

static ngx_int_t
ngx_simulcast_store_close(ngx_simulcast_destination_t *destination,
    ngx_str_t *sealed)
{
    char       *json;
    ngx_int_t   rc;
    ngx_str_t   aad, text;

    sealed->data = NULL;
    sealed->len = 0;

    if (destination->secret == NULL) {
        return (destination->secret_state == NGX_SIMULCAST_SECRET_UNKNOWN_KEY
                || destination->secret_state == NGX_SIMULCAST_SECRET_BROKEN)
               ? NGX_DECLINED : NGX_OK;
    }

    if (ngx_simulcast_conf->ring == NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "simulcast: a secret cannot be kept, "
                      "no encryption key is given");
        return NGX_ERROR;
    }

    json = json_dumps(destination->secret, JSON_COMPACT);
    if (json == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    ngx_simulcast_store_str(&text, json);

    if (ngx_simulcast_store_aad(destination, &aad) == NGX_OK) {

        sealed->data = ngx_alloc(ngx_simulcast_seal_size(
                                     ngx_simulcast_conf->ring, text.len),
                                 ngx_cycle->log);
        if (sealed->data) {
            rc = ngx_simulcast_seal(ngx_simulcast_conf->ring, &text, &aad,
                                    sealed);
        }

        ngx_free(aad.data);
    }

    ngx_simulcast_seal_wipe(json, text.len);
    ngx_simulcast_store_free(json);

    if (rc != NGX_OK && sealed->data) {
        ngx_free(sealed->data);
        sealed->data = NULL;
    }

    return rc == NGX_OK ? NGX_OK : NGX_ERROR;
}


/* ---- reading ---- */

ngx_int_t
ngx_simulcast_store_get(ngx_str_t *id, ngx_simulcast_store_pt handler,
    void *data)
{
    ngx_simulcast_store_reading_t  *reading;

    reading = ngx_simulcast_store_reading(1, data);
    if (reading == NULL) {
        return NGX_ERROR;
    }

    reading->handler = handler;

    ngx_simulcast_store_item(&reading->items[0], id);
    ngx_simulcast_store_ask(reading);

    if (reading->pending == 0) {
        ngx_free(reading->items);
        ngx_free(reading);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_simulcast_store_list(ngx_str_t *streamer,
    ngx_simulcast_store_list_pt handler, void *data)
{
    u_char                          buf[NGX_SIMULCAST_STORE_KEY];
    ngx_str_t                       args[2];
    ngx_simulcast_store_reading_t  *reading;

    reading = ngx_simulcast_store_reading(0, data);
    if (reading == NULL) {
        return NGX_ERROR;
    }

    reading->list_handler = handler;

    ngx_str_set(&args[0], "SMEMBERS");

    args[1].data = buf;
    args[1].len = (streamer ? ngx_snprintf(buf, sizeof(buf),
                                   NGX_SIMULCAST_STORE_DESTINATIONS ":%V",
                                   streamer)
                            : ngx_snprintf(buf, sizeof(buf),
                                   NGX_SIMULCAST_STORE_DESTINATIONS))
                  - buf;

    if (ngx_live_redis_send(&ngx_simulcast_redis, ngx_simulcast_store_listed,
                            reading, 2, args)
        != NGX_OK)
    {
        ngx_free(reading);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_simulcast_store_reading_t *
ngx_simulcast_store_reading(ngx_uint_t n, void *data)
{
    ngx_simulcast_store_reading_t  *reading;

    reading = ngx_calloc(sizeof(ngx_simulcast_store_reading_t), ngx_cycle->log);
    if (reading == NULL) {
        return NULL;
    }

    reading->data = data;

    if (n) {
        reading->items = ngx_calloc(n * sizeof(ngx_simulcast_store_item_t),
                                    ngx_cycle->log);
        if (reading->items == NULL) {
            ngx_free(reading);
            return NULL;
        }

        reading->n = n;
    }

    return reading;
}


/* what is no id is looked for as well, and not found */

static void
ngx_simulcast_store_item(ngx_simulcast_store_item_t *item, ngx_str_t *id)
{
    if (id->len == NGX_SIMULCAST_ID) {
        ngx_memcpy(item->id, id->data, id->len);

    } else {
        item->id[0] = '-';
    }
}


static void
ngx_simulcast_store_listed(void *data, redisReply *reply)
{
    ngx_str_t                       id;
    ngx_uint_t                      i;
    ngx_simulcast_store_reading_t  *reading = data;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        reading->failed = 1;

    } else if (reply->elements) {

        reading->items = ngx_calloc(reply->elements
                                    * sizeof(ngx_simulcast_store_item_t),
                                    ngx_cycle->log);

        if (reading->items == NULL) {
            reading->failed = 1;

        } else {
            reading->n = reply->elements;
        }
    }

    for (i = 0; i < reading->n; i++) {

        if (reply->element[i]->type == REDIS_REPLY_STRING) {
            id.data = (u_char *) reply->element[i]->str;
            id.len = reply->element[i]->len;

        } else {
            ngx_str_null(&id);
        }

        ngx_simulcast_store_item(&reading->items[i], &id);
    }

    ngx_simulcast_store_step(reading);
}


/* the next batch, in one piece */

static void
ngx_simulcast_store_ask(ngx_simulcast_store_reading_t *reading)
{
    u_char                       buf[NGX_SIMULCAST_STORE_KEY];
    ngx_str_t                    args[5];
    ngx_uint_t                   i;
    ngx_simulcast_store_item_t  *item;

    for (i = 0;
         i < NGX_SIMULCAST_STORE_BATCH && reading->next < reading->n;
         i++)
    {
        item = &reading->items[reading->next++];
        item->reading = reading;

        ngx_str_set(&args[0], "HMGET");
        ngx_simulcast_store_key(&args[1], buf, NGX_SIMULCAST_STORE_DESTINATION,
                                item->id);
        ngx_str_set(&args[2], "record");
        ngx_str_set(&args[3], "secret");
        ngx_str_set(&args[4], "version");

        if (ngx_live_redis_send(&ngx_simulcast_redis, ngx_simulcast_store_read,
                                item, 5, args)
            != NGX_OK)
        {
            goto failed;
        }

        reading->pending++;

        ngx_str_set(&args[0], "GET");
        ngx_simulcast_store_key(&args[1], buf, "simulcast:health:", item->id);

        if (ngx_live_redis_send(&ngx_simulcast_redis,
                                ngx_simulcast_store_read_health, item, 2, args)
            != NGX_OK)
        {
            goto failed;
        }

        reading->pending++;
    }

    return;

failed:

    reading->failed = 1;
}


static void
ngx_simulcast_store_read(void *data, redisReply *reply)
{
    uint64_t                      version;
    ngx_str_t                     sealed;
    ngx_uint_t                    i;
    redisReply                  **field;
    ngx_simulcast_store_item_t   *item = data;
    ngx_simulcast_destination_t  *destination;

    item->reading->pending--;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 3)
    {
        item->reading->failed = 1;
        goto done;
    }

    field = reply->element;

    if (field[0]->type == REDIS_REPLY_NIL
        && field[2]->type == REDIS_REPLY_NIL)
    {
        goto done;
    }

    version = 0;

    if (field[2]->type == REDIS_REPLY_STRING) {
        for (i = 0; i < field[2]->len && i < 19; i++) {
            if (field[2]->str[i] < '0' || field[2]->str[i] > '9') {
                break;
            }

            version = version * 10 + field[2]->str[i] - '0';
        }
    }

    destination = ngx_calloc(sizeof(ngx_simulcast_destination_t),
                             ngx_cycle->log);
    if (destination == NULL) {
        item->reading->failed = 1;
        goto done;
    }

    destination->refs = 1;
    destination->version = version;
    ngx_memcpy(destination->id, item->id, sizeof(item->id));

    if (field[0]->type == REDIS_REPLY_STRING) {
        destination->record = ngx_simulcast_store_json(field[0]->str,
                                                       field[0]->len);
    }

    if (version == 0 || destination->record == NULL
        || ngx_simulcast_store_identify(destination) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "simulcast: the record of destination %s is malformed",
                      destination->id);

        ngx_simulcast_store_release(destination);
        goto done;
    }

    ngx_str_null(&sealed);

    if (field[1]->type == REDIS_REPLY_STRING) {
        sealed.data = (u_char *) field[1]->str;
        sealed.len = field[1]->len;
    }

    ngx_simulcast_store_open(destination, &sealed);

    item->destination = destination;

done:

    ngx_simulcast_store_step(item->reading);
}


static void
ngx_simulcast_store_read_health(void *data, redisReply *reply)
{
    ngx_simulcast_store_item_t  *item = data;

    item->reading->pending--;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        item->reading->failed = 1;

    } else if (reply->type == REDIS_REPLY_STRING && item->destination) {
        item->destination->health = ngx_simulcast_store_json(reply->str,
                                                             reply->len);
    }

    ngx_simulcast_store_step(item->reading);
}


static void
ngx_simulcast_store_step(ngx_simulcast_store_reading_t *reading)
{
    if (reading->pending) {
        return;
    }

    if (!reading->failed && reading->next < reading->n) {
        ngx_simulcast_store_ask(reading);

        if (reading->pending) {
            return;
        }
    }

    ngx_simulcast_store_finish(reading);
}


static void
ngx_simulcast_store_finish(ngx_simulcast_store_reading_t *reading)
{
    ngx_uint_t                     i, n;
    ngx_simulcast_destination_t  **list, *single;

    /* over the items, none of which is smaller than a pointer */

    list = (ngx_simulcast_destination_t **) reading->items;
    n = 0;

    for (i = 0; i < reading->n; i++) {
        single = reading->items[i].destination;

        if (single) {
            list[n++] = single;
        }
    }

    if (reading->handler) {
        reading->handler(reading->data,
                         reading->failed ? NGX_ERROR
                                         : n ? NGX_OK : NGX_DECLINED,
                         reading->failed || n == 0 ? NULL : list[0]);

    } else if (reading->failed) {
        reading->list_handler(reading->data, NGX_ERROR, NULL, 0);

    } else {
        if (n > 1) {
            ngx_qsort(list, n, sizeof(ngx_simulcast_destination_t *),
                      ngx_simulcast_store_compare);
        }

        reading->list_handler(reading->data, NGX_OK, list, n);
    }

    for (i = 0; i < n; i++) {
        ngx_simulcast_store_release(list[i]);
    }

    if (reading->items) {
        ngx_free(reading->items);
    }

    ngx_free(reading);
}


/* ISO 8601 in UTC sorts as text */

static int ngx_libc_cdecl
ngx_simulcast_store_compare(const void *one, const void *two)
{
    int                            rc;
    const char                    *a, *b;
    ngx_simulcast_destination_t  **first, **second;

    first = (ngx_simulcast_destination_t **) one;
    second = (ngx_simulcast_destination_t **) two;

    a = json_string_value(json_object_get((*first)->record, "created_at"));
    b = json_string_value(json_object_get((*second)->record, "created_at"));

    rc = ngx_strcmp(a ? a : "", b ? b : "");

    return rc ? rc : ngx_strcmp((*first)->id, (*second)->id);
}


/* ---- writing ---- */

static ngx_simulcast_store_call_t *
ngx_simulcast_store_call(void *data)
{
    ngx_simulcast_store_call_t  *call;

    call = ngx_calloc(sizeof(ngx_simulcast_store_call_t), ngx_cycle->log);

    if (call) {
        call->data = data;
    }

    return call;
}


/* on failure the call is freed, and its handler not called */

static ngx_int_t
ngx_simulcast_store_send(ngx_simulcast_store_call_t *call,
    ngx_live_redis_pt handler, ngx_uint_t n, ngx_str_t *args)
{
    if (ngx_live_redis_send(&ngx_simulcast_redis, handler, call, n, args)
        == NGX_OK)
    {
        return NGX_OK;
    }

    if (call->destination) {
        ngx_simulcast_store_release(call->destination);
    }

    ngx_free(call);

    return NGX_ERROR;
}


static void
ngx_simulcast_store_end(ngx_simulcast_store_call_t *call, ngx_int_t rc)
{
    if (call->handler) {
        call->handler(call->data, rc, call->destination);
    }

    if (call->destination) {
        ngx_simulcast_store_release(call->destination);
    }

    ngx_free(call);
}


ngx_int_t
ngx_simulcast_store_put(ngx_simulcast_destination_t *destination,
    ngx_simulcast_store_pt handler, void *data)
{
    char                        *record, *message, *before;
    u_char                       version[NGX_INT64_LEN];
    u_char                       key[NGX_SIMULCAST_STORE_KEY];
    u_char                       new[NGX_SIMULCAST_STORE_KEY];
    u_char                       old[NGX_SIMULCAST_STORE_KEY];
    ngx_int_t                    rc;
    ngx_str_t                    args[14], sealed;
    ngx_simulcast_store_call_t  *call;

    call = ngx_simulcast_store_call(data);
    if (call == NULL) {
        return NGX_ERROR;
    }

    /* the record may have come to another streamer since it was read */

    before = call->streamer;
    ngx_memcpy(before, destination->streamer, sizeof(destination->streamer));

    if (ngx_simulcast_store_identify(destination) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "simulcast: the record of destination %s is malformed",
                      destination->id);
        ngx_free(call);
        return NGX_ERROR;
    }

    rc = ngx_simulcast_store_close(destination, &sealed);

    if (rc == NGX_ERROR) {
        ngx_free(call);
        return NGX_ERROR;
    }

    record = json_dumps(destination->record, JSON_COMPACT);
    message = ngx_simulcast_store_message(destination->streamer,
                                          destination->id);

    if (record == NULL || message == NULL) {
        ngx_free(call);
        call = NULL;
        goto done;
    }

    ngx_str_set(&args[0], "EVAL");
    ngx_simulcast_store_script(&args[1], ngx_simulcast_store_put_script);
    ngx_str_set(&args[2], "4");

    ngx_simulcast_store_key(&args[3], key, NGX_SIMULCAST_STORE_DESTINATION,
                            destination->id);
    ngx_str_set(&args[4], NGX_SIMULCAST_STORE_DESTINATIONS);
    ngx_simulcast_store_key(&args[5], new, NGX_SIMULCAST_STORE_DESTINATIONS ":",
                            destination->streamer);
    ngx_simulcast_store_key(&args[6], old, NGX_SIMULCAST_STORE_DESTINATIONS ":",
                            before);

    ngx_simulcast_store_str(&args[7], destination->id);
    args[8].data = version;
    args[8].len = ngx_sprintf(version, "%uL", destination->version) - version;
    ngx_simulcast_store_str(&args[9], record);
    ngx_simulcast_store_str(&args[10], rc == NGX_OK ? "1" : "0");
    ngx_simulcast_store_str(&args[11], "");
    if (sealed.data) {
        args[11] = sealed;
    }

    ngx_str_set(&args[12], "simulcast:commands");
    ngx_simulcast_store_str(&args[13], message);

    call->handler = handler;
    call->destination = destination;
    ngx_simulcast_store_hold(destination);

    if (ngx_simulcast_store_send(call, ngx_simulcast_store_put_done, 14, args)
        != NGX_OK)
    {
        call = NULL;
    }

done:

    ngx_simulcast_store_free(record);
    ngx_simulcast_store_free(message);

    if (sealed.data) {
        ngx_free(sealed.data);
    }

    return call ? NGX_OK : NGX_ERROR;
}


static void
ngx_simulcast_store_put_done(void *data, redisReply *reply)
{
    ngx_int_t                     rc;
    ngx_simulcast_store_call_t   *call = data;
    ngx_simulcast_destination_t  *destination;

    rc = NGX_ERROR;
    destination = call->destination;

    if (reply && reply->type == REDIS_REPLY_INTEGER) {
        rc = NGX_OK;
        destination->version = reply->integer;
        destination->stale = 0;

        if (destination->secret) {
            destination->secret_state = NGX_SIMULCAST_SECRET_OPEN;
        }

    } else if (reply && reply->type == REDIS_REPLY_STRING) {
        rc = ngx_strcmp(reply->str, "gone") == 0 ? NGX_DECLINED : NGX_BUSY;
    }

    ngx_simulcast_store_end(call, rc);
}


ngx_int_t
ngx_simulcast_store_remove(ngx_simulcast_destination_t *destination,
    ngx_simulcast_store_pt handler, void *data)
{
    char                        *message;
    u_char                       key[NGX_SIMULCAST_STORE_KEY];
    u_char                       set[NGX_SIMULCAST_STORE_KEY];
    u_char                       health[NGX_SIMULCAST_STORE_KEY];
    ngx_int_t                    rc;
    ngx_str_t                    args[10];
    ngx_simulcast_store_call_t  *call;

    call = ngx_simulcast_store_call(data);
    message = ngx_simulcast_store_message(destination->streamer,
                                          destination->id);

    if (call == NULL || message == NULL) {
        ngx_simulcast_store_free(message);

        if (call) {
            ngx_free(call);
        }

        return NGX_ERROR;
    }

    ngx_str_set(&args[0], "EVAL");
    ngx_simulcast_store_script(&args[1], ngx_simulcast_store_remove_script);
    ngx_str_set(&args[2], "4");

    ngx_simulcast_store_key(&args[3], key, NGX_SIMULCAST_STORE_DESTINATION,
                            destination->id);
    ngx_str_set(&args[4], NGX_SIMULCAST_STORE_DESTINATIONS);
    ngx_simulcast_store_key(&args[5], set, NGX_SIMULCAST_STORE_DESTINATIONS ":",
                            destination->streamer);
    ngx_simulcast_store_key(&args[6], health, "simulcast:health:",
                            destination->id);

    ngx_simulcast_store_str(&args[7], destination->id);
    ngx_str_set(&args[8], "simulcast:commands");
    ngx_simulcast_store_str(&args[9], message);

    call->handler = handler;
    call->destination = destination;
    ngx_simulcast_store_hold(destination);

    rc = ngx_simulcast_store_send(call, ngx_simulcast_store_remove_done, 10,
                                  args);

    ngx_simulcast_store_free(message);

    return rc;
}


static void
ngx_simulcast_store_remove_done(void *data, redisReply *reply)
{
    ngx_int_t  rc;

    rc = NGX_ERROR;

    if (reply && reply->type == REDIS_REPLY_INTEGER) {
        rc = reply->integer ? NGX_OK : NGX_DECLINED;
    }

    ngx_simulcast_store_end(data, rc);
}


void
ngx_simulcast_store_health(ngx_str_t *id, json_t *health)
{
    char       *text;
    u_char      buf[NGX_SIMULCAST_STORE_KEY], seconds[NGX_INT_T_LEN];
    ngx_str_t   args[5];

    args[1].data = buf;
    args[1].len = ngx_snprintf(buf, sizeof(buf), "simulcast:health:%V", id)
                  - buf;

    if (health == NULL) {
        ngx_simulcast_store_drop(&args[1], NULL);
        return;
    }

    text = ngx_simulcast_store_signed(health);
    if (text == NULL) {
        return;
    }

    ngx_str_set(&args[0], "SET");
    ngx_simulcast_store_str(&args[2], text);
    ngx_str_set(&args[3], "EX");
    args[4].data = seconds;
    args[4].len = ngx_sprintf(seconds, "%d", NGX_SIMULCAST_STORE_HEALTH)
                  - seconds;

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 5, args);

    ngx_simulcast_store_free(text);
}


/* ---- what is live ---- */

void
ngx_simulcast_store_live(const char *streamer, const char *source, json_t *json)
{
    char       *text;
    u_char      buf[NGX_SIMULCAST_STORE_KEY];
    ngx_str_t   args[4];

    ngx_simulcast_store_key(&args[1], buf, "simulcast:live:", streamer);

    if (json == NULL) {
        ngx_simulcast_store_drop(&args[1], source);
        return;
    }

    text = ngx_simulcast_store_signed(json);
    if (text == NULL) {
        return;
    }

    ngx_str_set(&args[0], "HSET");
    ngx_simulcast_store_str(&args[2], source);
    ngx_simulcast_store_str(&args[3], text);

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 4, args);

    ngx_str_set(&args[0], "PEXPIRE");
    ngx_str_set(&args[2], "60000");

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 3, args);

    ngx_simulcast_store_free(text);
}


ngx_int_t
ngx_simulcast_store_live_get(const char *streamer,
    ngx_simulcast_store_json_pt handler, void *data)
{
    u_char                       buf[NGX_SIMULCAST_STORE_KEY];
    ngx_str_t                    args[2];
    ngx_simulcast_store_call_t  *call;

    call = ngx_simulcast_store_call(data);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->json_handler = handler;
    (void) ngx_cpystrn((u_char *) call->streamer, (u_char *) streamer,
                       sizeof(call->streamer));

    ngx_str_set(&args[0], "HGETALL");
    ngx_simulcast_store_key(&args[1], buf, "simulcast:live:", streamer);

    return ngx_simulcast_store_send(call, ngx_simulcast_store_live_done, 2,
                                    args);
}


static void
ngx_simulcast_store_live_done(void *data, redisReply *reply)
{
    double                       at, now;
    json_t                      *json, *entry;
    u_char                       buf[NGX_SIMULCAST_STORE_KEY];
    ngx_str_t                    args[3];
    ngx_uint_t                   i;
    redisReply                  *name, *value;
    ngx_simulcast_store_call_t  *call = data;

    json = NULL;

    if (reply && reply->type == REDIS_REPLY_ARRAY) {
        json = json_object();
    }

    now = ngx_simulcast_time();

    for (i = 0; json && i + 1 < reply->elements; i += 2) {
        name = reply->element[i];
        value = reply->element[i + 1];

        if (name->type != REDIS_REPLY_STRING
            || value->type != REDIS_REPLY_STRING)
        {
            continue;
        }

        entry = ngx_simulcast_store_json(value->str, value->len);
        at = json_number_value(json_object_get(entry, "at"));

        if (entry && now - at <= NGX_SIMULCAST_STORE_LIVE) {
            (void) json_object_set_new(json, name->str, entry);
            continue;
        }

        json_decref(entry);

        /* left by a worker that had no time to take it back */

        if (now - at > 60 * NGX_SIMULCAST_STORE_LIVE) {
            ngx_str_set(&args[0], "HDEL");
            ngx_simulcast_store_key(&args[1], buf, "simulcast:live:",
                                    call->streamer);
            args[2].data = (u_char *) name->str;
            args[2].len = name->len;

            (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 3,
                                       args);
        }
    }

    call->json_handler(call->data, json ? NGX_OK : NGX_ERROR, json);

    json_decref(json);
    ngx_free(call);
}


/* ---- sessions ---- */

ngx_int_t
ngx_simulcast_store_session_get(const char *stream_id,
    ngx_simulcast_store_json_pt handler, void *data)
{
    u_char                       buf[NGX_SIMULCAST_STORE_KEY];
    ngx_str_t                    args[2];
    ngx_simulcast_store_call_t  *call;

    call = ngx_simulcast_store_call(data);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->json_handler = handler;

    ngx_str_set(&args[0], "GET");
    ngx_simulcast_store_key(&args[1], buf, "simulcast:session:", stream_id);

    return ngx_simulcast_store_send(call, ngx_simulcast_store_session_done, 2,
                                    args);
}


static void
ngx_simulcast_store_session_done(void *data, redisReply *reply)
{
    json_t                      *json;
    ngx_int_t                    rc;
    ngx_simulcast_store_call_t  *call = data;

    json = NULL;
    rc = NGX_ERROR;

    if (reply && reply->type == REDIS_REPLY_NIL) {
        rc = NGX_OK;

    } else if (reply && reply->type == REDIS_REPLY_STRING) {
        rc = NGX_OK;
        json = ngx_simulcast_store_json(reply->str, reply->len);
    }

    call->json_handler(call->data, rc, json);

    json_decref(json);
    ngx_free(call);
}


ngx_int_t
ngx_simulcast_store_session(const char *stream_id, json_t *json,
    ngx_simulcast_store_pt handler, void *data)
{
    char                        *text;
    u_char                       buf[NGX_SIMULCAST_STORE_KEY];
    ngx_int_t                    rc;
    ngx_str_t                    args[3];
    ngx_simulcast_store_call_t  *call;

    call = ngx_simulcast_store_call(data);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->handler = handler;

    ngx_simulcast_store_key(&args[1], buf, "simulcast:session:", stream_id);

    if (json == NULL) {
        ngx_str_set(&args[0], "DEL");
        return ngx_simulcast_store_send(call, ngx_simulcast_store_written, 2,
                                        args);
    }

    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        ngx_free(call);
        return NGX_ERROR;
    }

    ngx_str_set(&args[0], "SET");
    ngx_simulcast_store_str(&args[2], text);

    rc = ngx_simulcast_store_send(call, ngx_simulcast_store_written, 3, args);

    ngx_simulcast_store_free(text);

    return rc;
}


static void
ngx_simulcast_store_written(void *data, redisReply *reply)
{
    ngx_simulcast_store_end(data, reply && reply->type != REDIS_REPLY_ERROR
                                  ? NGX_OK : NGX_ERROR);
}


/* ---- channels ---- */

void
ngx_simulcast_store_event(json_t *event)
{
    ngx_simulcast_store_publish("simulcast:events", event);
}


void
ngx_simulcast_store_tell(const char *streamer, const char *id)
{
    char       *message;
    ngx_str_t   args[3];

    message = ngx_simulcast_store_message(streamer, id);
    if (message == NULL) {
        return;
    }

    ngx_str_set(&args[0], "PUBLISH");
    ngx_str_set(&args[1], "simulcast:commands");
    ngx_simulcast_store_str(&args[2], message);

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 3, args);

    ngx_simulcast_store_free(message);
}


static void
ngx_simulcast_store_publish(const char *channel, json_t *json)
{
    char       *text;
    ngx_str_t   args[3];

    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        return;
    }

    ngx_str_set(&args[0], "PUBLISH");
    ngx_simulcast_store_str(&args[1], channel);
    ngx_simulcast_store_str(&args[2], text);

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 3, args);

    ngx_simulcast_store_free(text);
}


/* {"streamer","id"} for simulcast:commands; to be freed */

static char *
ngx_simulcast_store_message(const char *streamer, const char *id)
{
    char    *text;
    json_t  *json;

    json = id ? json_pack("{s:s,s:s}", "streamer", streamer, "id", id)
              : json_pack("{s:s}", "streamer", streamer);

    if (json == NULL) {
        return NULL;
    }

    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);

    return text;
}


/* ---- locks ---- */

ngx_int_t
ngx_simulcast_store_lock(ngx_str_t *name, ngx_msec_t ms,
    ngx_simulcast_store_pt handler, void *data)
{
    u_char                       buf[NGX_SIMULCAST_STORE_KEY];
    u_char                       time[NGX_INT_T_LEN];
    ngx_str_t                    args[6];
    ngx_queue_t                 *q;
    ngx_simulcast_store_call_t  *call;
    ngx_simulcast_store_lock_t  *lock;

    if (ngx_simulcast_store_locks.next == NULL) {
        ngx_queue_init(&ngx_simulcast_store_locks);
    }

    /* those that nobody has given back are free by now */

    for (q = ngx_queue_head(&ngx_simulcast_store_locks);
         q != ngx_queue_sentinel(&ngx_simulcast_store_locks);
         /* void */ )
    {
        lock = ngx_queue_data(q, ngx_simulcast_store_lock_t, queue);
        q = ngx_queue_next(q);

        if ((ngx_msec_int_t) (lock->expires - ngx_current_msec) < 0) {
            ngx_queue_remove(&lock->queue);
            ngx_free(lock);
        }
    }

    if (name->len == 0 || name->len > NGX_SIMULCAST_STORE_LOCK) {
        return NGX_ERROR;
    }

    call = ngx_simulcast_store_call(data);
    lock = ngx_calloc(sizeof(ngx_simulcast_store_lock_t), ngx_cycle->log);

    if (call == NULL || lock == NULL
        || ngx_simulcast_store_uuid(lock->token) != NGX_OK)
    {
        goto failed;
    }

    /* some time more than in Redis, for the way there */

    lock->expires = ngx_current_msec + ms + 2 * NGX_LIVE_REDIS_TIMEOUT;
    lock->len = name->len;
    ngx_memcpy(lock->name, name->data, name->len);

    call->handler = handler;
    (void) ngx_cpystrn((u_char *) call->streamer, (u_char *) lock->token,
                       sizeof(call->streamer));

    ngx_str_set(&args[0], "SET");
    args[1].data = buf;
    args[1].len = ngx_snprintf(buf, sizeof(buf), "simulcast:lock:%V", name)
                  - buf;
    ngx_simulcast_store_str(&args[2], lock->token);
    ngx_str_set(&args[3], "NX");
    ngx_str_set(&args[4], "PX");
    args[5].data = time;
    args[5].len = ngx_sprintf(time, "%M", ngx_max(ms, 1)) - time;

    if (ngx_simulcast_store_send(call, ngx_simulcast_store_locked, 6, args)
        != NGX_OK)
    {
        ngx_free(lock);
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&ngx_simulcast_store_locks, &lock->queue);

    return NGX_OK;

failed:

    if (lock) {
        ngx_free(lock);
    }

    if (call) {
        ngx_free(call);
    }

    return NGX_ERROR;
}


static void
ngx_simulcast_store_locked(void *data, redisReply *reply)
{
    ngx_int_t                    rc;
    ngx_queue_t                 *q;
    ngx_simulcast_store_call_t  *call = data;
    ngx_simulcast_store_lock_t  *lock;

    rc = NGX_ERROR;

    if (reply && reply->type == REDIS_REPLY_STATUS) {
        rc = NGX_OK;

    } else if (reply && reply->type == REDIS_REPLY_NIL) {
        rc = NGX_DECLINED;
    }

    for (q = ngx_queue_head(&ngx_simulcast_store_locks);
         rc != NGX_OK && q != ngx_queue_sentinel(&ngx_simulcast_store_locks);
         q = ngx_queue_next(q))
    {
        lock = ngx_queue_data(q, ngx_simulcast_store_lock_t, queue);

        if (ngx_strcmp(lock->token, call->streamer) == 0) {
            ngx_queue_remove(&lock->queue);
            ngx_free(lock);
            break;
        }
    }

    ngx_simulcast_store_end(call, rc);
}


void
ngx_simulcast_store_unlock(ngx_str_t *name)
{
    u_char                       buf[NGX_SIMULCAST_STORE_KEY];
    ngx_str_t                    args[5];
    ngx_queue_t                 *q;
    ngx_simulcast_store_lock_t  *lock;

    if (ngx_simulcast_store_locks.next == NULL) {
        return;
    }

    /* the oldest: one that expired before is given back without effect */

    for (q = ngx_queue_head(&ngx_simulcast_store_locks);
         q != ngx_queue_sentinel(&ngx_simulcast_store_locks);
         q = ngx_queue_next(q))
    {
        lock = ngx_queue_data(q, ngx_simulcast_store_lock_t, queue);

        if (lock->len == name->len
            && ngx_memcmp(lock->name, name->data, name->len) == 0)
        {
            break;
        }
    }

    if (q == ngx_queue_sentinel(&ngx_simulcast_store_locks)) {
        return;
    }

    lock = ngx_queue_data(q, ngx_simulcast_store_lock_t, queue);

    ngx_str_set(&args[0], "EVAL");
    ngx_simulcast_store_script(&args[1], ngx_simulcast_store_unlock_script);
    ngx_str_set(&args[2], "1");
    args[3].data = buf;
    args[3].len = ngx_snprintf(buf, sizeof(buf), "simulcast:lock:%V", name)
                  - buf;
    ngx_simulcast_store_str(&args[4], lock->token);

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 5, args);

    ngx_queue_remove(&lock->queue);
    ngx_free(lock);
}


/* ---- texts ---- */

ngx_int_t
ngx_simulcast_store_uuid(char *buf)
{
    u_char      *p, bytes[16];
    ngx_uint_t   i;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return NGX_ERROR;
    }

    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;

    p = (u_char *) buf;

    for (i = 0; i < sizeof(bytes); i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }

        p = ngx_hex_dump(p, &bytes[i], 1);
    }

    *p = '\0';

    return NGX_OK;
}


/* removes a string, or a field of a hash, if this worker has written it */

static void
ngx_simulcast_store_drop(ngx_str_t *key, const char *field)
{
    ngx_str_t  args[6];

    ngx_str_set(&args[0], "EVAL");
    ngx_simulcast_store_script(&args[1], ngx_simulcast_store_mine_script);
    ngx_str_set(&args[2], "1");
    args[3] = *key;
    ngx_simulcast_store_str(&args[4], ngx_simulcast_store_node());

    if (field) {
        ngx_simulcast_store_str(&args[5], field);
    }

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, field ? 6 : 5,
                               args);
}


/* with "node", and with "at" where it is not given; to be freed */

static char *
ngx_simulcast_store_signed(json_t *json)
{
    char    *text;
    json_t  *copy;

    text = NULL;

    copy = json_copy(json);
    if (copy == NULL) {
        return NULL;
    }

    if (json_object_set_new(copy, "node",
                            json_string(ngx_simulcast_store_node())) == 0
        && (json_object_get(copy, "at")
            || json_object_set_new(copy, "at",
                                   json_integer(ngx_simulcast_time())) == 0))
    {
        text = json_dumps(copy, JSON_COMPACT);
    }

    json_decref(copy);

    return text;
}


/* of this worker: HOSTNAME:PID */

static const char *
ngx_simulcast_store_node(void)
{
    static char  node[NGX_SIMULCAST_STORE_NODE];

    if (node[0] == '\0') {
        (void) ngx_snprintf((u_char *) node, sizeof(node) - 1, "%V:%P",
                            &ngx_cycle->hostname, ngx_pid);
    }

    return node;
}


/* an object, or NULL */

static json_t *
ngx_simulcast_store_json(const char *text, size_t len)
{
    json_t        *json;
    json_error_t   error;

    json = json_loadb(text, len, 0, &error);

    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }

    return json;
}


static void
ngx_simulcast_store_key(ngx_str_t *key, u_char *buf, const char *prefix,
    const char *name)
{
    key->data = buf;
    key->len = ngx_snprintf(buf, NGX_SIMULCAST_STORE_KEY, "%s%s", prefix, name)
               - buf;
}


static void
ngx_simulcast_store_str(ngx_str_t *str, const char *text)
{
    str->data = (u_char *) text;
    str->len = ngx_strlen(text);
}


/* of jansson */

static void
ngx_simulcast_store_free(char *text)
{
    free(text);
}
