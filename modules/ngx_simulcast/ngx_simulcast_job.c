
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast_job.h"
#include "ngx_simulcast_reason.h"


#define NGX_SIMULCAST_JOB_RETRY   15000         /* ms, of a platform's call */
#define NGX_SIMULCAST_JOB_DOUBLE  4             /* times that it is doubled */
#define NGX_SIMULCAST_JOB_FAILURES  3           /* of an encoder, in a row */
#define NGX_SIMULCAST_JOB_LOOK    1000          /* ms, until the source is known */


static void ngx_simulcast_job_claimed(void *data, ngx_int_t rc);
static void ngx_simulcast_job_start(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_prepare(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_prepared(void *data,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_job_live(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_poll(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_answered(void *data,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_job_next(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_ended(void *data,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_job_timer(ngx_event_t *ev);
static void ngx_simulcast_job_push(void *data, ngx_uint_t event);
static void ngx_simulcast_job_encoder(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_tell(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_event(ngx_simulcast_job_t *job,
    const char *name);
static json_t *ngx_simulcast_job_json(ngx_simulcast_job_t *job);
static json_t *ngx_simulcast_job_issues(ngx_simulcast_job_t *job);
static char *ngx_simulcast_job_signature(
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_job_sealed(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_job_release(ngx_simulcast_job_t *job);
static void ngx_simulcast_job_free(ngx_simulcast_job_t *job);


/* debug logs of timers take the data for a connection */

static ngx_connection_t  ngx_simulcast_job_nobody = { .fd = -1 };


ngx_simulcast_job_t *
ngx_simulcast_job_create(ngx_simulcast_source_t *source, ngx_queue_t *encodes,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_job_t  *job;

    job = ngx_calloc(sizeof(ngx_simulcast_job_t), ngx_cycle->log);
    if (job == NULL) {
        return NULL;
    }

    job->signature = ngx_simulcast_job_signature(destination);
    if (job->signature == NULL) {
        ngx_free(job);
        return NULL;
    }

    job->claim = ngx_simulcast_claim_create(destination->id,
                                            destination->streamer,
                                            ngx_simulcast_job_claimed, job);
    if (job->claim == NULL) {
        ngx_free(job->signature);
        ngx_free(job);
        return NULL;
    }

    job->source = source;
    job->encodes = encodes;
    job->destination = destination;
    job->asked = json_integer_value(json_object_get(destination->record,
                                                    "wanted_at"));

    ngx_simulcast_store_hold(destination);

    (void) ngx_cpystrn((u_char *) job->id, (u_char *) destination->id,
                       sizeof(job->id));
    (void) ngx_snprintf((u_char *) job->stream_id, sizeof(job->stream_id),
                        "%s%s%s%Z", destination->streamer,
                        destination->source[0] ? ":" : "",
                        destination->source);

    if (destination->stale) {

        /* sealed by an older key: by the newest from now on */

        destination->stale = 0;
        (void) ngx_simulcast_store_put(destination, ngx_simulcast_job_sealed,
                                       NULL);
    }

    job->timer.handler = ngx_simulcast_job_timer;
    job->timer.log = ngx_cycle->log;
    job->timer.data = &ngx_simulcast_job_nobody;
    job->timer.cancelable = 1;

    ngx_simulcast_job_claim(job);

    return job;
}


static void
ngx_simulcast_job_sealed(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    if (rc == NGX_OK && destination) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "simulcast: the secret of destination %s was sealed "
                      "anew", destination->id);
    }
}


static void
ngx_simulcast_job_free(ngx_simulcast_job_t *job)
{
    if (job->calling) {
        return;
    }

    ngx_simulcast_job_release(job);

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->broadcast) {
        ngx_simulcast_platform_free(job->broadcast);
    }

    ngx_simulcast_store_release(job->destination);

    /* a key may stand in it */

    ngx_explicit_memzero(job->signature, ngx_strlen(job->signature));
    ngx_free(job->signature);
    ngx_free(job);
}


/* everything that changes what is sent, or where */

static char *
ngx_simulcast_job_signature(ngx_simulcast_destination_t *destination)
{
    char    *text;
    json_t  *settings, *o;

    settings = json_copy(json_object_get(destination->record, "settings"));

    /* these two take effect on the next failure, and on the next start */

    if (settings) {
        (void) json_object_del(settings, "auto_start");
    }

    /*
     * A key may stand here: it is compared in this worker's memory and nowhere
     * shown.
     */

    o = json_pack("{s:o*, s:O*, s:O*, s:O*}", "settings", settings,
                  "rtmp_url", json_object_get(destination->record, "rtmp_url"),
                  "key", json_object_get(destination->secret, "stream_key"),
                  "input", json_object_get(destination->record,
                                           "input_source"));

    text = json_dumps(o, JSON_SORT_KEYS|JSON_COMPACT);
    json_decref(o);

    return text;
}


ngx_uint_t
ngx_simulcast_job_update(ngx_simulcast_job_t *job,
    ngx_simulcast_destination_t *destination)
{
    char                         *signature;
    ngx_uint_t                    same;
    json_int_t                    asked;
    ngx_simulcast_destination_t  *old;

    if (destination->secret == NULL && job->destination->secret) {

        /*
         * It was sealed by a key that this worker was not given: a newer
         * configuration's, perhaps. What it has is good until it is used up.
         */

        return 0;
    }

    signature = ngx_simulcast_job_signature(destination);
    same = signature && ngx_strcmp(signature, job->signature) == 0;

    if (signature) {
        ngx_explicit_memzero(signature, ngx_strlen(signature));
        ngx_free(signature);
    }

    if (!same) {
        return 1;
    }

    /* what has been given up begins again with the next start */

    asked = json_integer_value(json_object_get(destination->record,
                                               "wanted_at"));

    if (asked != job->asked) {
        job->asked = asked;

        if (job->push && job->push->state == NGX_SIMULCAST_ERROR) {
            return 1;
        }
    }

    /* a broadcast on its way keeps to the one it was given */

    if (job->destination != destination
        && destination->version > job->destination->version)
    {
        old = job->destination;
        ngx_simulcast_store_hold(destination);
        job->destination = destination;
        ngx_simulcast_store_release(old);
    }

    return 0;
}


void
ngx_simulcast_job_claim(ngx_simulcast_job_t *job)
{
    if (job->claim) {
        ngx_simulcast_claim_ask(job->claim);
    }
}


static void
ngx_simulcast_job_claimed(void *data, ngx_int_t rc)
{
    ngx_simulcast_job_t *job = data;

    if (rc == NGX_OK) {

        /* one that ends keeps it until the platform knows */

        if (!job->claimed && !job->ending) {
            job->claimed = 1;
            ngx_simulcast_job_start(job);
        }

        return;
    }

    if (job->claimed && !job->ending) {

        /* while Redis was away another one may have become its owner */

        ngx_queue_remove(&job->queue);
        ngx_queue_init(&job->queue);

        ngx_simulcast_job_end(job, NGX_SIMULCAST_CLAIMED_ELSEWHERE, 0);
    }
}


static void
ngx_simulcast_job_start(ngx_simulcast_job_t *job)
{
    u_char                               label[128];
    json_t                              *settings, *value;
    ngx_int_t                            rc;
    ngx_str_t                            name;
    ngx_simulcast_feed_t                *feed;
    ngx_simulcast_push_conf_t            conf;
    ngx_simulcast_rendition_settings_t   want;

    settings = json_object_get(job->destination->record, "settings");
    feed = job->source->feed;

    rc = ngx_simulcast_encode_want(settings, feed, &want);

    if (rc == NGX_AGAIN) {
        ngx_add_timer(&job->timer, NGX_SIMULCAST_JOB_LOOK);
        return;
    }

    if (rc == NGX_OK) {
        name.data = label;
        name.len = ngx_snprintf(label, sizeof(label), "%V/%V",
                                &job->source->streamer, &job->source->source)
                   - label;

        job->encode = ngx_simulcast_encode_get(job->encodes, feed, &want,
                                               &name);
        if (job->encode) {
            feed = job->encode->feed;
        }
    }

    ngx_memzero(&conf, sizeof(ngx_simulcast_push_conf_t));

    conf.id.data = (u_char *) job->id;
    conf.id.len = ngx_strlen(job->id);
    conf.streamer = job->source->streamer;
    conf.source = job->source->source;
    conf.platform = job->destination->platform;
    conf.ask = conf.platform != NGX_SIMULCAST_CUSTOM;
    conf.reconnect = 1;
    conf.max_retries = 3;
    conf.handler = ngx_simulcast_job_push;
    conf.data = job;

    value = json_object_get(job->destination->record, "name");
    conf.name.data = (u_char *) (json_is_string(value)
                                 ? json_string_value(value) : "");
    conf.name.len = ngx_strlen(conf.name.data);

    value = json_object_get(settings, "auto_reconnect");

    if (json_is_boolean(value)) {
        conf.reconnect = json_is_true(value);
    }

    value = json_object_get(settings, "max_retries");

    if (json_is_integer(value)) {
        conf.max_retries = json_integer_value(value);

        if (conf.max_retries == 0) {
            /* none, that is; to a push 0 is any number */
            conf.reconnect = 0;
        }
    }

    job->push = ngx_simulcast_push_create(feed, &conf);

    if (job->push == NULL) {
        if (job->encode) {
            ngx_simulcast_encode_put(job->encodes, job->encode);
            job->encode = NULL;
        }

        ngx_add_timer(&job->timer, NGX_SIMULCAST_JOB_LOOK);
        return;
    }

    if (rc == NGX_OK) {
        if (job->encode == NULL) {
            ngx_simulcast_push_refuse(job->push,
                                      NGX_SIMULCAST_RENDITION_FAILED, NULL, 0);
            return;
        }

        (void) ngx_simulcast_encode_text(&want, job->push->rendition,
                                         job->push->rendition
                                         + sizeof(job->push->rendition) - 1);
    }

    if (job->destination->secret_state == NGX_SIMULCAST_SECRET_UNKNOWN_KEY
        || job->destination->secret_state == NGX_SIMULCAST_SECRET_BROKEN)
    {
        ngx_simulcast_push_refuse(job->push, NGX_SIMULCAST_SECRET_UNREADABLE,
                                  NULL, 0);
        return;
    }

    job->broadcast = ngx_simulcast_platform_create(job->destination);

    if (job->broadcast == NULL) {
        ngx_simulcast_push_refuse(job->push, NGX_SIMULCAST_INTERNAL, NULL, 0);
        return;
    }

    ngx_simulcast_job_tell(job);
    ngx_simulcast_job_prepare(job);
}


static void
ngx_simulcast_job_prepare(ngx_simulcast_job_t *job)
{
    if (job->calling) {
        job->asking = 1;
        return;
    }

    job->asking = 0;
    job->calling = 1;

    ngx_simulcast_platform_prepare(job->broadcast, &job->source->streamer,
                                   ngx_simulcast_job_prepared, job);
}


static void
ngx_simulcast_job_prepared(void *data, ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_job_t *job = data;

    ngx_msec_t                  retry;
    ngx_simulcast_push_conf_t  *conf;

    job->calling = 0;

    if (result->rc == NGX_OK) {
        job->prepared = 1;
    }

    if (job->ending) {
        ngx_simulcast_job_next(job);
        return;
    }

    job->code = result->code;
    (void) ngx_cpystrn((u_char *) job->text, (u_char *) result->message,
                       sizeof(job->text));

    if (result->rc == NGX_OK) {
        job->code = NULL;
        job->announced = 0;
        job->refused = 0;

        (void) ngx_simulcast_push_dial(job->push, &job->broadcast->url,
                                       &job->broadcast->key);
        return;
    }

    retry = 0;
    conf = &job->push->conf;

    if (result->rc == NGX_AGAIN && conf->reconnect
        && (conf->max_retries == 0 || job->refused < conf->max_retries))
    {
        retry = NGX_SIMULCAST_JOB_RETRY << ngx_min(job->refused,
                                                   NGX_SIMULCAST_JOB_DOUBLE);

        if (result->retry_after) {
            retry = result->retry_after * 1000;
        }

        job->refused++;
    }

    ngx_simulcast_push_refuse(job->push, NGX_SIMULCAST_PLATFORM_REFUSED,
                              result->message, retry);
}


static void
ngx_simulcast_job_live(ngx_simulcast_job_t *job)
{
    if (job->announced || job->broadcast == NULL) {
        return;
    }

    if (job->calling) {
        job->going = 1;
        return;
    }

    job->going = 0;
    job->announced = 1;
    job->calling = 1;

    ngx_simulcast_platform_live(job->broadcast, ngx_simulcast_job_answered,
                                job);
}


static void
ngx_simulcast_job_poll(ngx_simulcast_job_t *job)
{
    if (job->calling || job->broadcast == NULL) {
        return;
    }

    job->calling = 1;

    ngx_simulcast_platform_poll(job->broadcast, ngx_simulcast_job_answered,
                                job);
}


static void
ngx_simulcast_job_answered(void *data, ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_job_t *job = data;

    job->calling = 0;

    if (!job->ending) {

        job->code = result->code;
        (void) ngx_cpystrn((u_char *) job->text, (u_char *) result->message,
                           sizeof(job->text));

        if (result->rc != NGX_OK) {
            ngx_log_error(NGX_LOG_WARN, job->push->log, 0,
                          "simulcast: the platform says %s: %s",
                          result->code ? result->code : "", result->message);
        }

        if (job->broadcast->ended) {
            ngx_simulcast_push_refuse(job->push, NGX_SIMULCAST_EVENT_ENDED,
                                      NULL, 0);
        }

        ngx_simulcast_job_tell(job);
    }

    ngx_simulcast_job_next(job);
}


/* after a call of the platform's */

static void
ngx_simulcast_job_next(ngx_simulcast_job_t *job)
{
    if (job->ending) {

        if (job->real && job->prepared) {
            job->prepared = 0;
            job->calling = 1;

            ngx_simulcast_platform_end(job->broadcast, ngx_simulcast_job_ended,
                                       job);
            return;
        }

        ngx_simulcast_job_free(job);
        return;
    }

    if (job->asking) {
        ngx_simulcast_job_prepare(job);
        return;
    }

    if (job->going) {
        ngx_simulcast_job_live(job);
        return;
    }

    if (job->broadcast->poll_after) {
        ngx_add_timer(&job->timer, job->broadcast->poll_after);
    }
}


static void
ngx_simulcast_job_ended(void *data, ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_job_t *job = data;

    job->calling = 0;

    if (result->rc != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "simulcast: the event of destination %s was not ended: "
                      "%s, %s", job->id, result->code ? result->code : "",
                      result->message);
    }

    ngx_simulcast_job_free(job);
}


static void
ngx_simulcast_job_timer(ngx_event_t *ev)
{
    ngx_simulcast_job_t  *job;

    job = (ngx_simulcast_job_t *) ((u_char *) ev
                                   - offsetof(ngx_simulcast_job_t, timer));

    if (job->push == NULL) {
        ngx_simulcast_job_start(job);
        return;
    }

    if (job->push->state == NGX_SIMULCAST_LIVE) {
        ngx_simulcast_job_poll(job);
        return;
    }

    /* the platform sees nothing, either */

    ngx_add_timer(ev, NGX_SIMULCAST_JOB_HEALTH);
}


void
ngx_simulcast_job_end(ngx_simulcast_job_t *job, ngx_uint_t reason,
    ngx_uint_t real)
{
    ngx_str_t  id;

    if (job->ending) {
        return;
    }

    job->ending = 1;
    job->real = real ? 1 : 0;

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->push) {
        ngx_simulcast_push_free(job->push, real, reason);
        job->push = NULL;
    }

    if (job->encode) {
        ngx_simulcast_encode_put(job->encodes, job->encode);
        job->encode = NULL;
    }

    job->source = NULL;
    job->encodes = NULL;

    if (job->claimed) {

        id.data = (u_char *) job->id;
        id.len = ngx_strlen(job->id);

        ngx_simulcast_store_health(&id, NULL);

        /* a real end is to be told to the platform before anybody else asks it
           for the same event */

        if (!real) {
            ngx_simulcast_job_release(job);
        }
    }

    /* live and poll may wait for media that does not come any more */

    if (job->calling && !real && job->broadcast->idle) {
        job->calling = 0;
    }

    if (!job->calling
        || (job->real && job->prepared && job->broadcast->idle))
    {
        ngx_simulcast_job_next(job);
    }
}


static void
ngx_simulcast_job_release(ngx_simulcast_job_t *job)
{
    if (job->claim) {
        ngx_simulcast_claim_release(job->claim);
        job->claim = NULL;
    }
}


static void
ngx_simulcast_job_push(void *data, ngx_uint_t event)
{
    ngx_simulcast_job_t *job = data;

    ngx_uint_t  health, old;

    if (job->push == NULL) {
        /* it is being created */
        return;
    }

    switch (event) {

    case NGX_SIMULCAST_PUSH_ASK:
        ngx_simulcast_job_prepare(job);
        return;

    case NGX_SIMULCAST_PUSH_STATE:

        ngx_simulcast_job_tell(job);

        switch (job->push->state) {

        case NGX_SIMULCAST_LIVE:
            ngx_simulcast_job_event(job, "destination:connected");
            ngx_simulcast_job_live(job);
            return;

        case NGX_SIMULCAST_RECONNECTING:
            ngx_simulcast_job_event(job, "destination:reconnecting");
            return;

        case NGX_SIMULCAST_ERROR:
            ngx_simulcast_job_event(job, "destination:error");
            return;

        default:
            return;
        }

    default:
        break;
    }

    if (job->encode) {
        ngx_simulcast_job_encoder(job);
    }

    health = job->push->health.health;
    old = job->health;

    if (health != old) {
        job->health = health;

        ngx_simulcast_job_tell(job);

        if (health == NGX_SIMULCAST_HEALTH_HEALTHY
            && old > NGX_SIMULCAST_HEALTH_HEALTHY)
        {
            ngx_simulcast_job_event(job, "health:recovered");

        } else if (health == NGX_SIMULCAST_HEALTH_DEGRADED
                   || health == NGX_SIMULCAST_HEALTH_STALE_)
        {
            ngx_simulcast_job_event(job, "health:degraded");
        }

        return;
    }

    if (ngx_current_msec - job->told >= NGX_SIMULCAST_JOB_HEALTH) {
        ngx_simulcast_job_tell(job);
    }
}


/* without its encoder there is nothing to send, and no use in being connected */

static void
ngx_simulcast_job_encoder(ngx_simulcast_job_t *job)
{
    ngx_simulcast_push_t            *push;
    ngx_simulcast_rendition_look_t   look;

    push = job->push;

    ngx_simulcast_rendition_look(job->encode->rendition, &look);

    if (push->state == NGX_SIMULCAST_ERROR) {

        if (push->reason == NGX_SIMULCAST_RENDITION_FAILED
            && look.failures == 0 && !job->calling)
        {
            ngx_simulcast_job_prepare(job);
        }

        return;
    }

    if (look.failures >= NGX_SIMULCAST_JOB_FAILURES) {
        ngx_simulcast_push_refuse(push, NGX_SIMULCAST_RENDITION_FAILED, NULL,
                                  0);
    }
}


static void
ngx_simulcast_job_tell(ngx_simulcast_job_t *job)
{
    json_t     *json;
    ngx_str_t   id;

    job->told = ngx_current_msec;

    json = ngx_simulcast_job_json(job);
    if (json == NULL) {
        return;
    }

    id.data = (u_char *) job->id;
    id.len = ngx_strlen(job->id);

    ngx_simulcast_store_health(&id, json);
    json_decref(json);
}


static void
ngx_simulcast_job_event(ngx_simulcast_job_t *job, const char *name)
{
    json_t  *event;

    event = json_pack("{s:s, s:s, s:o}", "event", name, "stream_id",
                      job->stream_id, "data", ngx_simulcast_job_json(job));
    if (event == NULL) {
        return;
    }

    ngx_simulcast_store_event(event);
    json_decref(event);
}


/* what is kept in simulcast:health:{id} */

static json_t *
ngx_simulcast_job_json(ngx_simulcast_job_t *job)
{
    u_char                         url[NGX_SIMULCAST_URL_MAX + 8];
    size_t                         len;
    json_t                        *json, *error;
    const char                    *code, *text;
    ngx_simulcast_push_t          *push;
    ngx_simulcast_broadcast_t     *b;

    push = job->push;
    b = job->broadcast;

    len = push->url.host.len ? ngx_simulcast_url_tc(&push->url, url) - url : 0;

    error = json_null();

    if (push->reason != NGX_SIMULCAST_OK || job->code) {

        if (push->reason != NGX_SIMULCAST_OK
            && push->reason != NGX_SIMULCAST_PLATFORM_REFUSED)
        {
            code = ngx_simulcast_reason(push->reason)->name;
            text = push->text[0] ? push->text
                                 : ngx_simulcast_reason(push->reason)->text;

        } else {
            code = job->code ? job->code
                             : ngx_simulcast_reason(push->reason)->name;
            text = job->text;
        }

        error = json_pack("{s:s, s:s}", "code", code, "message", text);
    }

    json = json_pack("{s:s, s:s, s:s, s:s, s:s,"
                     " s:{s:f, s:I, s:I, s:I, s:I}, s:o, s:o*, s:s, s:I, s:I,"
                     " s:I}",
                     "id", job->id,
                     "platform",
                     ngx_simulcast_platform_name(job->destination->platform),
                     "status", ngx_simulcast_state_name(push->state),
                     "health", ngx_simulcast_health_name(push->health.health),
                     "source", job->source->source.data,
                     "metrics",
                     "fps", (double) (int) (push->fps * 10 + 0.5) / 10,
                     "bitrate", (json_int_t) (push->bitrate / 1000),
                     "framesSent", (json_int_t) push->frames,
                     "bytesSent", (json_int_t) push->bytes,
                     "framesDropped", (json_int_t) push->dropped,
                     "issues", ngx_simulcast_job_issues(job),
                     "error", error,
                     "rendition", push->rendition,
                     "started_at", (json_int_t) push->started_at,
                     "attempts", (json_int_t) push->retry.attempts,
                     "updated_at", (json_int_t) ngx_simulcast_time());

    if (json == NULL) {
        return NULL;
    }

    if (len) {
        (void) json_object_set_new(json, "url",
                                   json_stringn((char *) url, len));
    }

    if (push->state == NGX_SIMULCAST_RECONNECTING) {
        (void) json_object_set_new(json, "retry_in_ms",
                                   json_integer(push->wait));
    }

    if (b) {
        (void) json_object_set_new(json, "viewer_count",
                                   b->viewers >= 0 ? json_integer(b->viewers)
                                                   : json_null());

        if (b->playback_url.len) {
            (void) json_object_set_new(json, "playback_url",
                                  json_stringn((char *) b->playback_url.data,
                                               b->playback_url.len));
        }

        if (b->details) {
            (void) json_object_set(json, "details", b->details);
        }

        if (b->health != NGX_SIMULCAST_HEALTH_UNKNOWN) {
            (void) json_object_set_new(json, "platform_health",
                         json_string(ngx_simulcast_health_name(b->health)));
        }
    }

    return json;
}


/* ours, what the platform's limits say, and what the platform says */

static json_t *
ngx_simulcast_job_issues(ngx_simulcast_job_t *job)
{
    json_t                *issues;
    ngx_uint_t             i;
    ngx_simulcast_push_t  *push;

    push = job->push;
    issues = json_array();

    for (i = 0; i < push->health.nissues; i++) {
        (void) json_array_append_new(issues,
                                     json_string(push->health.issues[i]));
    }

    for (i = 0; i < push->limits.nissues; i++) {
        (void) json_array_append_new(issues,
                                     json_string(push->limits.issues[i]));
    }

    if (job->broadcast && job->broadcast->issues) {
        (void) json_array_extend(issues, job->broadcast->issues);
    }

    return issues;
}


json_t *
ngx_simulcast_job_metrics(ngx_simulcast_job_t *job)
{
    ngx_simulcast_push_t  *push;

    push = job->push;

    if (push == NULL) {
        return NULL;
    }

    return json_pack("{s:s, s:I, s:I, s:I, s:f, s:I}",
                     "platform",
                     ngx_simulcast_platform_name(job->destination->platform),
                     "bytesSent", (json_int_t) push->bytes,
                     "framesSent", (json_int_t) push->frames,
                     "bitrate", (json_int_t) (push->bitrate / 1000),
                     "fps", (double) (int) (push->fps * 10 + 0.5) / 10,
                     "lastUpdate", (json_int_t) ngx_simulcast_time());
}
