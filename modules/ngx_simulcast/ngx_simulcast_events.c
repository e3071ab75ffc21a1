
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_answer.h"
#include "ngx_simulcast_events.h"
#include "ngx_simulcast_redis.h"


#define NGX_SIMULCAST_EVENTS_COMMENT  15000     /* ms */
#define NGX_SIMULCAST_EVENTS_TICK     500       /* ms */


/* one request; in its pool */

typedef struct {
    ngx_queue_t           queue;
    ngx_http_request_t   *request;
    ngx_pool_t           *pool;         /* of what is not sent yet */
    size_t                unsent;       /* bytes in it, at most */
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
static ngx_int_t ngx_simulcast_events_arm(ngx_simulcast_subscriber_t *sub);
static ngx_uint_t ngx_simulcast_events_busy(ngx_simulcast_subscriber_t *sub);
static void ngx_simulcast_events_writable(ngx_http_request_t *r);
static void ngx_simulcast_events_close(ngx_simulcast_subscriber_t *sub);
static void ngx_simulcast_events_cleanup(void *data);
static void ngx_simulcast_events_free(void *data);


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
    ngx_pool_cleanup_t          *pcln;
    ngx_http_cleanup_t          *cln;
    ngx_simulcast_api_ctx_t     *ctx;
    ngx_simulcast_subscriber_t  *sub;

    static u_char  first[] = ": simulcast\nretry: 2000\n\n";

    if (!ngx_simulcast_redis_up()) {

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

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (ngx_live_answer_header(r, "X-Accel-Buffering", "no") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    sub = ngx_pcalloc(r->pool, sizeof(ngx_simulcast_subscriber_t));
    if (sub == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_simulcast_http_module);
    ctx->subscriber = sub;

    /* HTTP/2 frames refer to what is being sent until r->pool goes */

    pcln = ngx_pool_cleanup_add(r->pool, 0);
    if (pcln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    pcln->handler = ngx_simulcast_events_free;
    pcln->data = sub;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_simulcast_events_cleanup;
    cln->data = sub;

    sub->request = r;
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
        c = sub->request->connection;

        if (ngx_exiting || ngx_terminate) {

            /* once: a client that does not read may keep the request */

            ngx_simulcast_events_close(sub);

            ngx_http_finalize_request(sub->request,
                                      ngx_http_send_special(sub->request,
                                                            NGX_HTTP_LAST));

        } else if (ngx_current_msec - sub->last >= NGX_SIMULCAST_EVENTS_COMMENT
                   && !ngx_simulcast_events_busy(sub))
        {
            if (ngx_simulcast_events_write(sub, comment, sizeof(comment) - 1)
                != NGX_OK)
            {
                ngx_http_finalize_request(sub->request, NGX_ERROR);
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
    size_t       size;
    u_char      *buf, *p;
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

    size = ngx_strlen(text) + ngx_strlen(event)
           + sizeof("event: \ndata: \n\n");

    buf = ngx_alloc(size, ngx_cycle->log);

    if (buf) {
        p = ngx_snprintf(buf, size, "event: %s\ndata: %s\n\n", event, text);

        ngx_simulcast_events_deliver(stream_id, buf, p - buf,
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

        c = sub->request->connection;

        if (ngx_simulcast_events_busy(sub)) {

            if (metrics) {
                /* the next ones are as good */
                continue;
            }

            /* one that does not read comes again, and asks how it is */

            rc = sub->unsent + len > NGX_SIMULCAST_EVENTS_BUFFER
                 ? NGX_ERROR : NGX_OK;

        } else {
            rc = NGX_OK;
        }

        if (rc == NGX_OK) {
            rc = ngx_simulcast_events_write(sub, text, len);
        }

        if (rc != NGX_OK) {
            ngx_http_finalize_request(sub->request, NGX_ERROR);
        }

        ngx_http_run_posted_requests(c);
    }
}


/*
 * A stream may stay open for days: what it sends lives in a pool that is
 * dropped whenever all of it has gone out.
 */

static ngx_int_t
ngx_simulcast_events_write(ngx_simulcast_subscriber_t *sub, u_char *data,
    size_t len)
{
    ngx_buf_t           *b;
    ngx_int_t            rc;
    ngx_pool_t          *sent;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = sub->request;
    sent = NULL;

    if (sub->pool && !ngx_simulcast_events_busy(sub)) {
        sent = sub->pool;
        sub->pool = NULL;
    }

    if (sub->pool == NULL) {
        sub->pool = ngx_create_pool(1024, r->connection->log);
        sub->unsent = 0;
    }

    b = sub->pool ? ngx_create_temp_buf(sub->pool, len) : NULL;

    if (b == NULL) {

        if (sent) {
            ngx_destroy_pool(sent);
        }

        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->last, data, len);
    b->flush = 1;

    out.buf = b;
    out.next = NULL;

    sub->unsent += len;
    sub->last = ngx_current_msec;

    rc = ngx_http_output_filter(r, &out);

    /* filters look at the buffers of before once more */

    if (sent) {
        ngx_destroy_pool(sent);
    }

    if (rc == NGX_ERROR || r->connection->error) {
        return NGX_ERROR;
    }

    return ngx_simulcast_events_arm(sub);
}


static ngx_int_t
ngx_simulcast_events_arm(ngx_simulcast_subscriber_t *sub)
{
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = sub->request;
    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (ngx_simulcast_events_busy(sub)) {

        if (!wev->timer_set) {
            ngx_add_timer(wev, clcf->send_timeout);
        }

    } else if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


static ngx_uint_t
ngx_simulcast_events_busy(ngx_simulcast_subscriber_t *sub)
{
    ngx_http_request_t  *r;

    r = sub->request;

    return r->buffered || r->postponed || r->out
           || (r->connection->buffered & NGX_LOWLEVEL_BUFFERED);
}


static void
ngx_simulcast_events_writable(ngx_http_request_t *r)
{
    ngx_event_t                 *wev;
    ngx_simulcast_api_ctx_t     *ctx;
    ngx_simulcast_subscriber_t  *sub;

    ctx = ngx_http_get_module_ctx(r, ngx_simulcast_http_module);
    sub = ctx->subscriber;
    wev = r->connection->write;

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    /* over HTTP/2 and TLS what is left is in the connection, not in r->out */

    if (ngx_simulcast_events_busy(sub) && wev->ready
        && ngx_http_output_filter(r, NULL) == NGX_ERROR)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (ngx_simulcast_events_arm(sub) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
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


static void
ngx_simulcast_events_free(void *data)
{
    ngx_simulcast_subscriber_t *sub = data;

    if (sub->pool) {
        ngx_destroy_pool(sub->pool);
    }
}
