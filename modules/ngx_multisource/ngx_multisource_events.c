
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_events.h"
#include "ngx_multisource.h"
#include "ngx_multisource_events.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_walk.h"


#define NGX_MULTISOURCE_EVENTS_COMMENT  15000   /* ms */
#define NGX_MULTISOURCE_EVENTS_RESYNC   1000    /* ms, for stalled sources */


/* what subscribers of a streamer were last told about a source */

typedef struct {
    ngx_atomic_uint_t            ticket;
    uint32_t                     revision;
    unsigned                     stalled:1;
    ngx_multisource_entry_t     *entry;     /* of the walk under way */
    json_t                      *json;      /* owned */
} ngx_multisource_told_t;


/* one request; in its pool */

typedef struct {
    ngx_queue_t                  queue;
    ngx_live_events_t            events;
    ngx_multisource_loc_conf_t  *conf;
    ngx_str_t                    streamer;
    ngx_event_t                  comment;   /* also keeps an exiting worker
                                               until the stream is closed */
    ngx_uint_t                   ntold;
    ngx_multisource_told_t       told[NGX_MULTISOURCE_MAX_SOURCES];
} ngx_multisource_subscriber_t;


static void ngx_multisource_events_comment(ngx_event_t *ev);
static void ngx_multisource_events_compare(ngx_multisource_subscriber_t *sub);
static ngx_int_t ngx_multisource_events_send(ngx_multisource_subscriber_t *sub,
    const char *event, json_t *json);
static ngx_int_t ngx_multisource_events_write(
    ngx_multisource_subscriber_t *sub, u_char *data, size_t len);
static void ngx_multisource_events_writable(ngx_http_request_t *r);
static void ngx_multisource_events_cleanup(void *data);


static ngx_queue_t        ngx_multisource_events_queue;
static ngx_atomic_uint_t  ngx_multisource_events_version;
static ngx_msec_t         ngx_multisource_events_synced;


void
ngx_multisource_events_init(void)
{
    ngx_queue_init(&ngx_multisource_events_queue);
}


ngx_int_t
ngx_multisource_events_handler(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_str_t *streamer)
{
    ngx_int_t                      rc;
    ngx_http_cleanup_t            *cln;
    ngx_multisource_http_ctx_t    *ctx;
    ngx_multisource_subscriber_t  *sub;

    static u_char  first[] = ": multisource\nretry: 2000\n\n";

    if (r != r->main) {
        /* it would never come to its end */
        return NGX_HTTP_NOT_FOUND;
    }

    sub = ngx_pcalloc(r->pool, sizeof(ngx_multisource_subscriber_t));
    if (sub == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_multisource_http_module);
    ctx->subscriber = sub;

    rc = ngx_live_events_begin(&sub->events, r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_multisource_events_cleanup;
    cln->data = sub;

    sub->comment.data = sub;
    sub->comment.log = r->connection->log;
    sub->comment.handler = ngx_multisource_events_comment;

    sub->conf = mlcf;
    sub->streamer = *streamer;

    ngx_queue_insert_tail(&ngx_multisource_events_queue, &sub->queue);

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_multisource_events_writable;

    if (ngx_multisource_events_write(sub, first, sizeof(first) - 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_multisource_events_compare(sub);

    return NGX_DONE;
}


ngx_uint_t
ngx_multisource_events_open(void)
{
    return !ngx_queue_empty(&ngx_multisource_events_queue);
}


void
ngx_multisource_events_tick(void)
{
    ngx_uint_t                     changed;
    ngx_queue_t                   *q, *next;
    ngx_connection_t              *c;
    ngx_atomic_uint_t              version;
    ngx_multisource_subscriber_t  *sub;

    if (ngx_queue_empty(&ngx_multisource_events_queue)) {
        return;
    }

    version = ngx_multisource_registry_version(
                                            &ngx_multisource_worker.registry);
    changed = 0;

    /* that a worker stopped, or died unnoticed, changes no version */

    if (version != ngx_multisource_events_version
        || ngx_current_msec - ngx_multisource_events_synced
           >= NGX_MULTISOURCE_EVENTS_RESYNC)
    {
        ngx_multisource_events_version = version;
        ngx_multisource_events_synced = ngx_current_msec;
        changed = 1;
    }

    for (q = ngx_queue_head(&ngx_multisource_events_queue);
         q != ngx_queue_sentinel(&ngx_multisource_events_queue);
         q = next)
    {
        next = ngx_queue_next(q);
        sub = ngx_queue_data(q, ngx_multisource_subscriber_t, queue);
        c = sub->events.request->connection;

        if (ngx_exiting || ngx_terminate) {

            /* once: a client that does not read may keep the request */

            ngx_queue_remove(&sub->queue);
            ngx_queue_init(&sub->queue);
            ngx_del_timer(&sub->comment);

            ngx_http_finalize_request(sub->events.request,
                                      ngx_http_send_special(sub->events.request,
                                                            NGX_HTTP_LAST));

        } else if (ngx_live_events_busy(&sub->events)) {
            /* what changes meanwhile is told when the client has read */
            continue;

        } else if (changed) {
            ngx_multisource_events_compare(sub);
        }

        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_multisource_events_comment(ngx_event_t *ev)
{
    ngx_connection_t              *c;
    ngx_multisource_subscriber_t  *sub;

    static u_char  comment[] = ":\n\n";

    sub = ev->data;
    c = sub->events.request->connection;

    if (ngx_live_events_busy(&sub->events)) {
        ngx_add_timer(ev, NGX_MULTISOURCE_EVENTS_COMMENT);
        return;
    }

    if (ngx_multisource_events_write(sub, comment, sizeof(comment) - 1)
        != NGX_OK)
    {
        ngx_http_finalize_request(sub->events.request, NGX_ERROR);
    }

    ngx_http_run_posted_requests(c);
}


/*
 * Tells a subscriber what differs from what it was told. It may be gone
 * afterwards.
 */

static void
ngx_multisource_events_compare(ngx_multisource_subscriber_t *sub)
{
    json_t                   *json;
    ngx_int_t                 rc;
    ngx_uint_t                i, n, k;
    ngx_multisource_told_t   *told;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    n = ngx_multisource_walk_streamer(&sub->conf->app->name, &sub->streamer, 0,
                                      entries);
    rc = NGX_OK;

    for (k = 0; k < sub->ntold; k++) {
        sub->told[k].entry = NULL;

        for (i = 0; i < n; i++) {
            if (sub->told[k].ticket == entries[i].ticket) {
                sub->told[k].entry = &entries[i];
            }
        }
    }

    for (k = 0; k < sub->ntold && rc == NGX_OK; /* void */ ) {
        told = &sub->told[k];

        if (told->entry) {
            k++;
            continue;
        }

        rc = ngx_multisource_events_send(sub, "source_removed", told->json);

        json_decref(told->json);
        sub->ntold--;
        ngx_memmove(told, told + 1,
                    (sub->ntold - k) * sizeof(ngx_multisource_told_t));
    }

    for (i = 0; i < n && rc == NGX_OK; i++) {

        for (k = 0; k < sub->ntold; k++) {
            if (sub->told[k].entry == &entries[i]) {
                break;
            }
        }

        told = &sub->told[k];

        if (k < sub->ntold
            && told->revision == entries[i].record.revision
            && told->stalled == entries[i].stalled)
        {
            continue;
        }

        if (k == NGX_MULTISOURCE_MAX_SOURCES) {
            break;
        }

        json = ngx_multisource_json_source(sub->conf, &entries[i]);
        if (json == NULL) {
            rc = NGX_ERROR;
            break;
        }

        if (k < sub->ntold) {
            rc = ngx_multisource_events_send(sub, "source_updated", json);
            json_decref(told->json);

        } else {
            rc = ngx_multisource_events_send(sub, "source_added", json);
            sub->ntold++;
        }

        told->ticket = entries[i].ticket;
        told->revision = entries[i].record.revision;
        told->stalled = entries[i].stalled;
        told->entry = &entries[i];
        told->json = json;
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(sub->events.request, NGX_ERROR);
    }
}


static ngx_int_t
ngx_multisource_events_send(ngx_multisource_subscriber_t *sub,
    const char *event, json_t *json)
{
    char       *text;
    size_t      len;
    u_char     *buf;
    ngx_int_t   rc;

    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        return NGX_ERROR;
    }

    buf = ngx_live_events_text(event, text, &len);
    free(text);

    if (buf == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_multisource_events_write(sub, buf, len);

    ngx_free(buf);

    return rc;
}


static ngx_int_t
ngx_multisource_events_write(ngx_multisource_subscriber_t *sub, u_char *data,
    size_t len)
{
    ngx_add_timer(&sub->comment, NGX_MULTISOURCE_EVENTS_COMMENT);

    return ngx_live_events_write(&sub->events, data, len);
}


static void
ngx_multisource_events_writable(ngx_http_request_t *r)
{
    ngx_multisource_http_ctx_t    *ctx;
    ngx_multisource_subscriber_t  *sub;

    ctx = ngx_http_get_module_ctx(r, ngx_multisource_http_module);
    sub = ctx->subscriber;

    ngx_live_events_writable(&sub->events);
}


static void
ngx_multisource_events_cleanup(void *data)
{
    ngx_multisource_subscriber_t  *sub = data;

    ngx_uint_t  i;

    ngx_queue_remove(&sub->queue);

    if (sub->comment.timer_set) {
        ngx_del_timer(&sub->comment);
    }

    for (i = 0; i < sub->ntold; i++) {
        json_decref(sub->told[i].json);
    }

    sub->ntold = 0;
}
