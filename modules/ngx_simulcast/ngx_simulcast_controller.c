
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast_controller.h"
#include "ngx_simulcast_job.h"
#include "ngx_simulcast_reason.h"
#include "ngx_simulcast_wish.h"


#define NGX_SIMULCAST_CONTROLLER_TICK     10000     /* ms */
#define NGX_SIMULCAST_CONTROLLER_METRICS  2000      /* ms */


/* of a live source; outlives it while Redis has something to answer */

typedef struct {
    ngx_simulcast_source_t       *source;       /* NULL: it has ended */
    ngx_queue_t                   jobs;
    ngx_queue_t                   encodes;
    ngx_event_t                   tick;
    ngx_event_t                   metrics;
    ngx_uint_t                    waiting;      /* answers to come */
    json_t                       *live;         /* of the streamer, while its
                                                   destinations are asked for */
    unsigned                      loading:1;
    unsigned                      again:1;      /* what is loaded is not new */
} ngx_simulcast_controller_t;


static void ngx_simulcast_controller_state(void *data, ngx_uint_t up);
static void ngx_simulcast_controller_told(void *data, u_char *msg,
    size_t len);
static void ngx_simulcast_controller_tick(ngx_event_t *ev);
static void ngx_simulcast_controller_alive(ngx_simulcast_controller_t *ctl);
static void ngx_simulcast_controller_load(ngx_simulcast_controller_t *ctl);
static void ngx_simulcast_controller_live(void *data, ngx_int_t rc,
    json_t *json);
static void ngx_simulcast_controller_list(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t **list, ngx_uint_t n);
static void ngx_simulcast_controller_done(ngx_simulcast_controller_t *ctl);
static ngx_simulcast_job_t *ngx_simulcast_controller_job(
    ngx_simulcast_controller_t *ctl, const char *id);
static ngx_uint_t ngx_simulcast_controller_mine(
    ngx_simulcast_controller_t *ctl, ngx_simulcast_destination_t *destination,
    ngx_simulcast_job_t *job);
static const char *ngx_simulcast_controller_input(
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_controller_metrics(ngx_event_t *ev);


/* debug logs of timers take the data for a connection */

static ngx_connection_t  ngx_simulcast_controller_nobody = { .fd = -1 };


ngx_int_t
ngx_simulcast_controller_init(ngx_cycle_t *cycle)
{
    if (ngx_simulcast_conf->redis.address.len == 0) {
        return NGX_OK;
    }

    if (ngx_live_redis_subscribe(&ngx_simulcast_redis, "simulcast:commands",
                                 ngx_simulcast_controller_told, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_live_redis_notify(&ngx_simulcast_redis,
                                 ngx_simulcast_controller_state, NULL);
}


void
ngx_simulcast_controller_open(ngx_simulcast_source_t *source)
{
    ngx_simulcast_controller_t  *ctl;

    if (ngx_simulcast_conf->redis.address.len == 0) {
        return;
    }

    ctl = ngx_calloc(sizeof(ngx_simulcast_controller_t), ngx_cycle->log);
    if (ctl == NULL) {
        return;
    }

    ctl->source = source;
    source->control = ctl;

    ngx_queue_init(&ctl->jobs);
    ngx_queue_init(&ctl->encodes);

    ctl->tick.handler = ngx_simulcast_controller_tick;
    ctl->tick.log = ngx_cycle->log;
    ctl->tick.data = &ngx_simulcast_controller_nobody;
    ctl->tick.cancelable = 1;

    ctl->metrics.handler = ngx_simulcast_controller_metrics;
    ctl->metrics.log = ngx_cycle->log;
    ctl->metrics.data = &ngx_simulcast_controller_nobody;
    ctl->metrics.cancelable = 1;

    ngx_add_timer(&ctl->tick, NGX_SIMULCAST_CONTROLLER_TICK);
    ngx_add_timer(&ctl->metrics, NGX_SIMULCAST_CONTROLLER_METRICS);

    ngx_simulcast_controller_alive(ctl);
    ngx_simulcast_controller_load(ctl);

    /* the streamer's other sources are not his only ones any more */

    ngx_simulcast_store_tell((char *) source->streamer.data, NULL);
}


void
ngx_simulcast_controller_close(ngx_simulcast_source_t *source,
    ngx_uint_t real)
{
    ngx_queue_t                 *q;
    ngx_simulcast_job_t         *job;
    ngx_simulcast_controller_t  *ctl;

    ctl = source->control;

    if (ctl == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ctl->jobs)) {
        q = ngx_queue_head(&ctl->jobs);
        ngx_queue_remove(q);

        job = ngx_queue_data(q, ngx_simulcast_job_t, queue);

        ngx_simulcast_job_end(job, real ? NGX_SIMULCAST_SOURCE_ENDED
                                        : NGX_SIMULCAST_SOURCE_LOST, real);
    }

    ngx_simulcast_wish_end((char *) source->streamer.data,
                           (char *) source->source.data, real,
                           json_object_size(ctl->live) < 2);

    ngx_simulcast_store_live((char *) source->streamer.data,
                             (char *) source->source.data, NULL);

    /* the streamer's other sources may have something to take over */

    ngx_simulcast_store_tell((char *) source->streamer.data, NULL);

    ngx_del_timer(&ctl->tick);
    ngx_del_timer(&ctl->metrics);

    source->control = NULL;
    ctl->source = NULL;

    ngx_simulcast_controller_done(ctl);
}


/* Redis is there again: what happened meanwhile is not known here */

static void
ngx_simulcast_controller_state(void *data, ngx_uint_t up)
{
    ngx_queue_t                 *q, *list;
    ngx_simulcast_source_t      *source;

    if (!up) {
        return;
    }

    ngx_simulcast_claim_again();
    ngx_simulcast_wish_again();

    list = ngx_simulcast_source_list();

    for (q = ngx_queue_head(list);
         q != ngx_queue_sentinel(list);
         q = ngx_queue_next(q))
    {
        source = ngx_queue_data(q, ngx_simulcast_source_t, queue);

        if (source->control) {
            ngx_simulcast_controller_alive(source->control);
            ngx_simulcast_controller_load(source->control);
        }
    }
}


/* of the channel simulcast:commands: {"streamer","id"} */

static void
ngx_simulcast_controller_told(void *data, u_char *msg, size_t len)
{
    json_t                      *json;
    const char                  *streamer;
    ngx_queue_t                 *q, *list;
    ngx_simulcast_source_t      *source;

    json = json_loadb((char *) msg, len, 0, NULL);
    streamer = json_string_value(json_object_get(json, "streamer"));
    list = ngx_simulcast_source_list();

    for (q = ngx_queue_head(list);
         streamer && q != ngx_queue_sentinel(list);
         q = ngx_queue_next(q))
    {
        source = ngx_queue_data(q, ngx_simulcast_source_t, queue);

        if (source->control
            && ngx_strcmp(source->streamer.data, streamer) == 0)
        {
            ngx_simulcast_controller_load(source->control);
        }
    }

    json_decref(json);
}


static void
ngx_simulcast_controller_tick(ngx_event_t *ev)
{
    ngx_queue_t                 *q;
    ngx_simulcast_controller_t  *ctl;

    ctl = (ngx_simulcast_controller_t *) ((u_char *) ev
                                 - offsetof(ngx_simulcast_controller_t, tick));

    ngx_add_timer(ev, NGX_SIMULCAST_CONTROLLER_TICK);

    ngx_simulcast_controller_alive(ctl);

    for (q = ngx_queue_head(&ctl->jobs);
         q != ngx_queue_sentinel(&ctl->jobs);
         q = ngx_queue_next(q))
    {
        ngx_simulcast_job_claim(ngx_queue_data(q, ngx_simulcast_job_t, queue));
    }

    /* messages may have been lost */

    ngx_simulcast_controller_load(ctl);
}


/* says that the source is live, here */

static void
ngx_simulcast_controller_alive(ngx_simulcast_controller_t *ctl)
{
    json_t                      *json;
    ngx_simulcast_source_t      *source;
    ngx_simulcast_feed_rates_t   rates;

    source = ctl->source;
    ngx_simulcast_feed_rates(source->feed, &rates);

    json = json_pack("{s:I, s:I, s:s#, s:i, s:i, s:f, s:I}",
                     "since", (json_int_t) source->started,
                     "at", (json_int_t) ngx_simulcast_time(),
                     "stream", (char *) source->stream.data,
                     (int) source->stream.len,
                     "width", (int) source->feed->video_codec.width,
                     "height", (int) source->feed->video_codec.height,
                     "fps", rates.fps,
                     "bitrate", (json_int_t) ((rates.video_bitrate
                                               + rates.audio_bitrate) / 1000));
    if (json == NULL) {
        return;
    }

    if (source->fallback) {
        (void) json_object_set_new(json, "default", json_true());
    }

    ngx_simulcast_store_live((char *) source->streamer.data,
                             (char *) source->source.data, json);
    json_decref(json);
}


/* what there is to do: first what else is live, then the destinations */

static void
ngx_simulcast_controller_load(ngx_simulcast_controller_t *ctl)
{
    if (ctl->loading) {
        ctl->again = 1;
        return;
    }

    if (ngx_simulcast_store_live_get((char *) ctl->source->streamer.data,
                                     ngx_simulcast_controller_live, ctl)
        == NGX_OK)
    {
        ctl->loading = 1;
        ctl->waiting++;
    }
}


static void
ngx_simulcast_controller_live(void *data, ngx_int_t rc, json_t *json)
{
    ngx_simulcast_controller_t *ctl = data;

    ctl->waiting--;

    if (ctl->source && rc == NGX_OK) {
        json_decref(ctl->live);
        ctl->live = json_incref(json);

        if (ngx_simulcast_store_list(&ctl->source->streamer,
                                     ngx_simulcast_controller_list, ctl)
            == NGX_OK)
        {
            ctl->waiting++;
            return;
        }
    }

    ngx_simulcast_controller_done(ctl);
}


static void
ngx_simulcast_controller_list(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t **list, ngx_uint_t n)
{
    ngx_simulcast_controller_t *ctl = data;

    ngx_uint_t                    i;
    ngx_queue_t                  *q, *next;
    ngx_simulcast_job_t          *job;
    ngx_simulcast_destination_t  *d;

    ctl->waiting--;

    if (rc != NGX_OK || ctl->source == NULL) {
        ngx_simulcast_controller_done(ctl);
        return;
    }

    for (q = ngx_queue_head(&ctl->jobs);
         q != ngx_queue_sentinel(&ctl->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_simulcast_job_t, queue);
        job->seen = 0;
    }

    for (i = 0; i < n; i++) {
        d = list[i];
        job = ngx_simulcast_controller_job(ctl, d->id);

        if (job && json_object_get(d->record, "wanted_until")) {

            /* the loss of an earlier session was told late: this one is live */

            ngx_simulcast_wish_begin(d, job->stream_id);
            (void) json_object_del(d->record, "wanted_until");
        }

        if (!ngx_simulcast_wish_runs(d)) {
            continue;
        }

        if (!ngx_simulcast_controller_mine(ctl, d, job)) {

            /* another source goes on with the same event */

            if (job) {
                ngx_queue_remove(&job->queue);
                ngx_simulcast_job_end(job, NGX_SIMULCAST_CLAIMED_ELSEWHERE, 0);
            }

            continue;
        }

        if (job) {
            job->seen = 1;

            if (!ngx_simulcast_job_update(job, d)) {

                if (!job->claimed) {
                    /* whose it was may have let it go */
                    ngx_simulcast_job_claim(job);
                }

                continue;
            }

            ngx_queue_remove(&job->queue);
            ngx_simulcast_job_end(job, NGX_SIMULCAST_CHANGED, 0);
        }

        job = ngx_simulcast_job_create(ctl->source, &ctl->encodes, d);

        if (job) {
            ngx_simulcast_wish_begin(d, job->stream_id);

            job->seen = 1;
            ngx_queue_insert_tail(&ctl->jobs, &job->queue);
        }
    }

    /* the rest was stopped, disabled, removed, or is another source's now */

    for (q = ngx_queue_head(&ctl->jobs);
         q != ngx_queue_sentinel(&ctl->jobs);
         q = next)
    {
        next = ngx_queue_next(q);
        job = ngx_queue_data(q, ngx_simulcast_job_t, queue);

        if (!job->seen) {
            ngx_queue_remove(q);
            ngx_simulcast_job_end(job, NGX_SIMULCAST_STOPPED_, 1);
        }
    }

    ngx_simulcast_controller_done(ctl);
}


static void
ngx_simulcast_controller_done(ngx_simulcast_controller_t *ctl)
{
    ctl->loading = 0;

    if (ctl->source) {
        if (ctl->again) {
            ctl->again = 0;
            ngx_simulcast_controller_load(ctl);
        }

        return;
    }

    if (ctl->waiting == 0) {
        json_decref(ctl->live);
        ngx_free(ctl);
    }
}


static ngx_simulcast_job_t *
ngx_simulcast_controller_job(ngx_simulcast_controller_t *ctl, const char *id)
{
    ngx_queue_t          *q;
    ngx_simulcast_job_t  *job;

    for (q = ngx_queue_head(&ctl->jobs);
         q != ngx_queue_sentinel(&ctl->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_simulcast_job_t, queue);

        if (ngx_strcmp(job->id, id) == 0) {
            return job;
        }
    }

    return NULL;
}


/* whether this source is the one that a destination is to have */

static ngx_uint_t
ngx_simulcast_controller_mine(ngx_simulcast_controller_t *ctl,
    ngx_simulcast_destination_t *destination, ngx_simulcast_job_t *job)
{
    json_t                  *entry;
    json_int_t               since, own;
    const char              *name, *input;
    ngx_simulcast_source_t  *source;

    source = ctl->source;

    input = ngx_simulcast_controller_input(destination);

    if (input[0]) {
        return ngx_strcmp(source->source.data, input) == 0;
    }

    if (destination->source[0]) {
        return ngx_strcmp(source->source.data, destination->source) == 0;
    }

    /*
     * The default, or the one that was first. What runs stays where it is,
     * unless it is there because it was told to be, and is not any more.
     */

    if (source->fallback
        || (job && !ngx_simulcast_controller_input(job->destination)[0]))
    {
        return 1;
    }

    own = (json_int_t) source->started;

    json_object_foreach(ctl->live, name, entry) {

        if (ngx_strcmp(source->source.data, name) == 0) {
            continue;
        }

        if (json_is_true(json_object_get(entry, "default"))) {
            return 0;
        }

        since = json_integer_value(json_object_get(entry, "since"));

        if (since < own
            || (since == own
                && ngx_strcmp(name, source->source.data) < 0))
        {
            return 0;
        }
    }

    return 1;
}


/* the source that it was told to have; "": none */

static const char *
ngx_simulcast_controller_input(ngx_simulcast_destination_t *destination)
{
    const char  *input;

    input = json_string_value(json_object_get(destination->record,
                                              "input_source"));

    return input ? input : "";
}


static void
ngx_simulcast_controller_metrics(ngx_event_t *ev)
{
    void                        *next;
    json_t                      *all, *one, *event, *stream;
    const char                  *stream_id;
    ngx_queue_t                 *q;
    ngx_simulcast_job_t         *job;
    ngx_simulcast_controller_t  *ctl;

    ctl = (ngx_simulcast_controller_t *) ((u_char *) ev
                              - offsetof(ngx_simulcast_controller_t, metrics));

    ngx_add_timer(ev, NGX_SIMULCAST_CONTROLLER_METRICS);

    if (!ngx_live_redis_up(&ngx_simulcast_redis)
        || ngx_queue_empty(&ctl->jobs))
    {
        return;
    }

    /* stream_id -> what its destinations do */

    all = json_object();

    for (q = ngx_queue_head(&ctl->jobs);
         q != ngx_queue_sentinel(&ctl->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_simulcast_job_t, queue);
        one = ngx_simulcast_job_metrics(job);

        if (one == NULL) {
            continue;
        }

        stream = json_object_get(all, job->stream_id);

        if (stream == NULL) {
            stream = json_object();
            (void) json_object_set_new(all, job->stream_id, stream);
        }

        (void) json_object_set_new(stream, job->id, one);
    }

    json_object_foreach_safe(all, next, stream_id, stream) {

        event = json_pack("{s:s, s:s, s:{s:O}}", "event", "metrics:update",
                          "stream_id", stream_id, "data", "destinationMetrics",
                          stream);

        if (event) {
            ngx_simulcast_store_event(event);
            json_decref(event);
        }
    }

    json_decref(all);
}
