
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_answer.h"
#include "ngx_live_events.h"
#include "ngx_simulcast_events.h"


#define NGX_SIMULCAST_EVENTS_COMMENT  15000     /* ms */
#define NGX_SIMULCAST_EVENTS_TICK     500       /* ms */


/* one request; in its pool */

typedef struct {
    ngx_queue_t           queue;
    ngx_live_events_t     events;
    ngx_msec_t            last;         /* when something was sent */
    char                  stream_id[NGX_SIMULCAST_ROUTE_STREAM + 1];
} ngx_simulcast_subscriber_t;


static void ngx_simulcast_events_tick(ngx_event_t *ev);
static void ngx_simulcast_events_arm_tick(void);
static ngx_uint_t ngx_simulcast_events_known(const char *event);
static void ngx_simulcast_events_deliver(const char *stream_id, u_char *text,
    size_t len, ngx_uint_t metrics);
static ngx_int_t ngx_simulcast_events_write(ngx_simulcast_subscriber_t *sub,
    u_char *data, size_t len);
static void ngx_simulcast_events_writable(ngx_http_request_t *r);
static void ngx_simulcast_events_close(ngx_simulcast_subscriber_t *sub);
static void ngx_simulcast_events_cleanup(void *data);


static const char  *ngx_simulcast_events_names[] = {
    "stream:started",
    "stream:stopped",
    "destination:connected",
    "destination:reconnecting",
    "destination:error",
    "health:degraded",
    "health:recovered",
    "metrics:update",
    NULL
};


/* of this worker */

static ngx_queue_t   ngx_simulcast_events_queue;
static ngx_uint_t    ngx_simulcast_events_n;

/* also keeps an exiting worker until its event streams are closed */
static ngx_event_t   ngx_simulcast_events_timer;

/* debug logs of timers take the data for a connection */
static ngx_connection_t  ngx_simulcast_events_nobody = { .fd = -1 };


ngx_int_t
ngx_simulcast_events_handler(ngx_http_request_t *r,
    ngx_simulcast_route_t *route)
{
    ngx_int_t                    rc;
    ngx_http_cleanup_t          *cln;
    ngx_simulcast_api_ctx_t     *ctx;
    ngx_simulcast_subscriber_t  *sub;

    static u_char  first[] = ": simulcast\nretry: 2000\n\n";

    if (!ngx_live_redis_up(&ngx_simulcast_redis)) {

        if (ngx_live_answer_header(r, "Retry-After", "1") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_live_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "redis_unavailable",
                                     "Redis is away; what is live goes on");
    }

    if (ngx_simulcast_events_n >= NGX_SIMULCAST_EVENTS_STREAMS
        || ngx_exiting || ngx_terminate)
    {
        if (ngx_live_answer_header(r, "Retry-After", "5") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_live_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "too_many_streams",
                                     "too many event streams are open");
    }

    sub = ngx_pcalloc(r->pool, sizeof(ngx_simulcast_subscriber_t));
    if (sub == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_simulcast_http_module);
    ctx->subscriber = sub;

    rc = ngx_live_events_begin(&sub->events, r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_simulcast_events_cleanup;
    cln->data = sub;

    ngx_memcpy(sub->stream_id, route->stream_id, sizeof(sub->stream_id));

    if (ngx_simulcast_events_queue.next == NULL) {
        ngx_queue_init(&ngx_simulcast_events_queue);
    }

    ngx_queue_insert_tail(&ngx_simulcast_events_queue, &sub->queue);
    ngx_simulcast_events_n++;

    ngx_simulcast_events_arm_tick();

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_simulcast_events_writable;

    if (ngx_simulcast_events_write(sub, first, sizeof(first) - 1) != NGX_OK) {
        /* both references: this one, and that of the content handler */
        ngx_http_finalize_request(r, NGX_ERROR);
    }

    return NGX_DONE;
}


ngx_uint_t
ngx_simulcast_events_count(void)
{
    return ngx_simulcast_events_n;
}


static void
ngx_simulcast_events_arm_tick(void)
{
    ngx_event_t  *ev;

    ev = &ngx_simulcast_events_timer;

    if (ev->timer_set) {
        return;
    }

    ev->data = &ngx_simulcast_events_nobody;
    ev->handler = ngx_simulcast_events_tick;
    ev->log = ngx_cycle->log;

    ngx_add_timer(ev, NGX_SIMULCAST_EVENTS_TICK);
}


static void
ngx_simulcast_events_tick(ngx_event_t *ev)
{
    ngx_queue_t                 *q, *next;
    ngx_connection_t            *c;
    ngx_simulcast_subscriber_t  *sub;

    static u_char  comment[] = ":\n\n";

    for (q = ngx_queue_head(&ngx_simulcast_events_queue);
         q != ngx_queue_sentinel(&ngx_simulcast_events_queue);
         q = next)
    {
        next = ngx_queue_next(q);
        sub = ngx_queue_data(q, ngx_simulcast_subscriber_t, queue);
        c = sub->events.request->connection;

        if (ngx_exiting || ngx_terminate) {

            /* once: a client that does not read may keep the request */

            ngx_simulcast_events_close(sub);

            ngx_http_finalize_request(sub->events.request,
                                      ngx_http_send_special(sub->events.request,
                                                            NGX_HTTP_LAST));

        } else if (ngx_current_msec - sub->last >= NGX_SIMULCAST_EVENTS_COMMENT
                   && !ngx_live_events_busy(&sub->events))
        {
            if (ngx_simulcast_events_write(sub, comment, sizeof(comment) - 1)
                != NGX_OK)
            {
                ngx_http_finalize_request(sub->events.request, NGX_ERROR);
            }

        } else {
            continue;
        }

        ngx_http_run_posted_requests(c);
    }

    if (!ngx_queue_empty(&ngx_simulcast_events_queue)) {
        ngx_simulcast_events_arm_tick();
    }
}


void
ngx_simulcast_events_message(u_char *msg, size_t len)
{
    char        *text;
    u_char      *buf;
    json_t      *json, *data;
    const char  *event, *stream_id;

    if (ngx_simulcast_events_n == 0 || len > NGX_SIMULCAST_EVENTS_MESSAGE) {
        return;
    }

    json = json_loadb((char *) msg, len, 0, NULL);

    event = json_string_value(json_object_get(json, "event"));
    stream_id = json_string_value(json_object_get(json, "stream_id"));
    data = json_object_get(json, "data");

    if (event == NULL || stream_id == NULL || !json_is_object(data)
        || !ngx_simulcast_events_known(event))
    {
        json_decref(json);
        return;
    }

    text = json_dumps(data, JSON_COMPACT|JSON_REAL_PRECISION(12));

    if (text == NULL) {
        json_decref(json);
        return;
    }

    buf = ngx_live_events_text(event, text, &len);

    if (buf) {
        ngx_simulcast_events_deliver(stream_id, buf, len,
                                     ngx_strcmp(event, "metrics:update") == 0);
        ngx_free(buf);
    }

    free(text);
    json_decref(json);
}


static ngx_uint_t
ngx_simulcast_events_known(const char *event)
{
    ngx_uint_t  i;

    for (i = 0; ngx_simulcast_events_names[i]; i++) {
        if (ngx_strcmp(ngx_simulcast_events_names[i], event) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_simulcast_events_deliver(const char *stream_id, u_char *text, size_t len,
    ngx_uint_t metrics)
{
    ngx_int_t                    rc;
    ngx_queue_t                 *q, *next;
    ngx_connection_t            *c;
    ngx_simulcast_subscriber_t  *sub;

    for (q = ngx_queue_head(&ngx_simulcast_events_queue);
         q != ngx_queue_sentinel(&ngx_simulcast_events_queue);
         q = next)
    {
        next = ngx_queue_next(q);
        sub = ngx_queue_data(q, ngx_simulcast_subscriber_t, queue);

        if (ngx_strcmp(sub->stream_id, stream_id) != 0) {
            continue;
        }

        c = sub->events.request->connection;

        if (ngx_live_events_busy(&sub->events)) {

            if (metrics) {
                /* the next ones are as good */
                continue;
            }

            /* one that does not read comes again, and asks how it is */

            rc = sub->events.unsent + len > NGX_SIMULCAST_EVENTS_BUFFER
                 ? NGX_ERROR : NGX_OK;

        } else {
            rc = NGX_OK;
        }

        if (rc == NGX_OK) {
            rc = ngx_simulcast_events_write(sub, text, len);
        }

        if (rc != NGX_OK) {
            ngx_http_finalize_request(sub->events.request, NGX_ERROR);
        }

        ngx_http_run_posted_requests(c);
    }
}


static ngx_int_t
ngx_simulcast_events_write(ngx_simulcast_subscriber_t *sub, u_char *data,
    size_t len)
{
    sub->last = ngx_current_msec;

    return ngx_live_events_write(&sub->events, data, len);
}


static void
ngx_simulcast_events_writable(ngx_http_request_t *r)
{
    ngx_simulcast_api_ctx_t     *ctx;
    ngx_simulcast_subscriber_t  *sub;

    ctx = ngx_http_get_module_ctx(r, ngx_simulcast_http_module);
    sub = ctx->subscriber;

    ngx_live_events_writable(&sub->events);
}


static void
ngx_simulcast_events_close(ngx_simulcast_subscriber_t *sub)
{
    if (ngx_queue_next(&sub->queue) == &sub->queue) {
        return;
    }

    ngx_queue_remove(&sub->queue);
    ngx_queue_init(&sub->queue);

    if (--ngx_simulcast_events_n == 0
        && ngx_simulcast_events_timer.timer_set)
    {
        ngx_del_timer(&ngx_simulcast_events_timer);
    }
}


static void
ngx_simulcast_events_cleanup(void *data)
{
    ngx_simulcast_subscriber_t *sub = data;

    if (sub->queue.next) {
        ngx_simulcast_events_close(sub);
    }
}
