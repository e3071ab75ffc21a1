
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_events.h"
#include "ngx_multisource.h"
#include "ngx_multisource_events.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_show_news.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_walk.h"


#define NGX_MULTISOURCE_EVENTS_COMMENT  15000   /* ms */
#define NGX_MULTISOURCE_EVENTS_RESYNC   1000    /* ms, for stalled sources, and
                                                   numbers of viewers */


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
    ngx_atomic_uint_t            invited;   /* to this show, by a token that is
                                               good until then, in s */
    uint64_t                     until;
    unsigned                     host:1;    /* it is the streamer himself */
    unsigned                     session:1; /* of shows, not of sources alone */
    unsigned                     past:1;    /* of a show that had ended */
    ngx_multisource_show_news_t  news;
    ngx_event_t                  comment;   /* also keeps an exiting worker
                                               until the stream is closed */
    ngx_uint_t                   ntold;
    ngx_multisource_told_t       told[NGX_MULTISOURCE_MAX_SOURCES];
} ngx_multisource_subscriber_t;


static ngx_int_t ngx_multisource_events_begin(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_str_t *streamer,
    ngx_multisource_show_t *show, ngx_uint_t session);
static void ngx_multisource_events_identify(
    ngx_multisource_subscriber_t *sub, ngx_multisource_show_t *show);
static void ngx_multisource_events_end(ngx_multisource_subscriber_t *sub);
static void ngx_multisource_events_comment(ngx_event_t *ev);
static void ngx_multisource_events_look(ngx_multisource_subscriber_t *sub);
static ngx_uint_t ngx_multisource_events_allowed(
    ngx_multisource_subscriber_t *sub, ngx_multisource_show_t *show);
static void ngx_multisource_events_compare(ngx_multisource_subscriber_t *sub,
    ngx_multisource_show_t *show);
static ngx_int_t ngx_multisource_events_sources(
    ngx_multisource_subscriber_t *sub, ngx_multisource_show_t *show);
static ngx_uint_t ngx_multisource_events_entries(
    ngx_multisource_subscriber_t *sub, ngx_multisource_show_t *show,
    ngx_multisource_entry_t *entries);
static ngx_int_t ngx_multisource_events_send(void *data, const char *event,
    json_t *json);
static ngx_int_t ngx_multisource_events_write(
    ngx_multisource_subscriber_t *sub, u_char *data, size_t len);
static void ngx_multisource_events_writable(ngx_http_request_t *r);
static void ngx_multisource_events_cleanup(void *data);


static ngx_queue_t        ngx_multisource_events_queue;
static ngx_atomic_uint_t  ngx_multisource_events_version;
static ngx_atomic_uint_t  ngx_multisource_events_shows;
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
    ngx_multisource_show_t  show;

    return ngx_multisource_events_begin(r, mlcf, streamer,
               ngx_multisource_json_show(mlcf, streamer, &show), 0);
}


ngx_int_t
ngx_multisource_events_show_handler(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_show_t *show)
{
    ngx_str_t  streamer;

    streamer.data = show->record.streamer;
    streamer.len = ngx_strlen(show->record.streamer);

    return ngx_multisource_events_begin(r, mlcf, &streamer, show, 1);
}


static ngx_int_t
ngx_multisource_events_begin(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_str_t *streamer,
    ngx_multisource_show_t *show, ngx_uint_t session)
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

    sub->conf = mlcf;
    sub->streamer = *streamer;
    sub->session = session;
    sub->past = session && show->record.state == NGX_MULTISOURCE_SHOW_ENDED;
    sub->events.request = r;

    ngx_multisource_events_identify(sub, show);

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

    ngx_queue_insert_tail(&ngx_multisource_events_queue, &sub->queue);

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_multisource_events_writable;

    if (ngx_multisource_events_write(sub, first, sizeof(first) - 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_multisource_events_compare(sub, show);

    return NGX_DONE;
}


/*
 * The request was let in by now.  The next show may be a private one, or this
 * one become so: who may see that is found out while there are headers to look
 * at.
 */

static void
ngx_multisource_events_identify(ngx_multisource_subscriber_t *sub,
    ngx_multisource_show_t *show)
{
    ngx_str_t                  streamer;
    ngx_http_request_t        *r;
    ngx_multisource_ticket_t   ticket;

    if (ngx_multisource_stage_shows()->shared == NULL) {
        return;
    }

    r = sub->events.request;

    if (ngx_multisource_gate_streamer(r, sub->conf->app, &streamer) == NGX_OK
        && streamer.len == sub->streamer.len
        && ngx_memcmp(streamer.data, sub->streamer.data, streamer.len) == 0)
    {
        sub->host = 1;
    }

    if (show
        && ngx_multisource_gate_ticket(r, &show->record, &ticket)
           == NGX_MULTISOURCE_GATE_OPEN)
    {
        sub->invited = show->ticket;
        sub->until = ticket.expires;
    }
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
    ngx_atomic_uint_t              version, shows;
    ngx_multisource_subscriber_t  *sub;

    if (ngx_queue_empty(&ngx_multisource_events_queue)) {
        return;
    }

    version = ngx_multisource_registry_version(
                                            &ngx_multisource_worker.registry);
    shows = ngx_multisource_stage_shows()->shared
            ? ngx_multisource_show_version(ngx_multisource_stage_shows()) : 0;
    changed = 0;

    /* that a worker stopped, or died unnoticed, changes no version */

    if (version != ngx_multisource_events_version
        || shows != ngx_multisource_events_shows
        || ngx_current_msec - ngx_multisource_events_synced
           >= NGX_MULTISOURCE_EVENTS_RESYNC)
    {
        ngx_multisource_events_version = version;
        ngx_multisource_events_shows = shows;
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
            ngx_multisource_events_end(sub);

        } else if (ngx_live_events_busy(&sub->events)) {
            /* what changes meanwhile is told when the client has read */
            continue;

        } else if (changed) {
            ngx_multisource_events_look(sub);
        }

        ngx_http_run_posted_requests(c);
    }
}


/* the client may come again, and is then asked who it is */

static void
ngx_multisource_events_end(ngx_multisource_subscriber_t *sub)
{
    ngx_http_request_t  *r;

    r = sub->events.request;

    /* once: a client that does not read may keep the request */

    ngx_queue_remove(&sub->queue);
    ngx_queue_init(&sub->queue);

    if (sub->comment.timer_set) {
        ngx_del_timer(&sub->comment);
    }

    /* posted requests are looked for on the connection, which then is gone */

    r->keepalive = 0;

    ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
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


/* the show as it is by now, and then what differs */

static void
ngx_multisource_events_look(ngx_multisource_subscriber_t *sub)
{
    ngx_int_t                 rc;
    ngx_multisource_show_t    open, *show;
    ngx_multisource_shows_t  *shows;

    shows = ngx_multisource_stage_shows();
    rc = NGX_DECLINED;

    /* one that has ended is the show until there is another one */

    if (shows->shared) {
        rc = ngx_multisource_show_of(shows, &sub->conf->app->name,
                                     &sub->streamer, sub->session, &open);

        /* who has just begun has a show at once: it may be a private one */

        if (rc != NGX_OK) {
            rc = ngx_multisource_stage_show(sub->conf->app, &sub->streamer, 0,
                                            &open);
        }

        if (rc == NGX_BUSY) {
            return;
        }
    }

    show = rc == NGX_OK ? &open : NULL;

    /* but no other one that has ended */

    if (show && sub->news.ticket && sub->news.ticket != show->ticket
        && show->record.state == NGX_MULTISOURCE_SHOW_ENDED)
    {
        return;
    }

    if (show && !ngx_multisource_events_allowed(sub, show)) {

        /* who has asked for the past would only ask again */

        if (!sub->past) {
            ngx_multisource_events_end(sub);
        }

        return;
    }

    ngx_multisource_events_compare(sub, show);
}


static ngx_uint_t
ngx_multisource_events_allowed(ngx_multisource_subscriber_t *sub,
    ngx_multisource_show_t *show)
{
    ngx_uint_t  asks;

    /* as ngx_multisource_gate() for lists, and a session's status for that */

    asks = show->record.private
           || (!sub->session
               && ngx_multisource_price_any(&show->record.price));

    return !asks || sub->host
           || (sub->invited == show->ticket
               && sub->until > (uint64_t) ngx_time());
}


/*
 * Tells a subscriber what differs from what it was told. It may be gone
 * afterwards.
 */

static void
ngx_multisource_events_compare(ngx_multisource_subscriber_t *sub,
    ngx_multisource_show_t *show)
{
    ngx_int_t  rc;

    rc = NGX_OK;

    if (sub->session && show) {
        rc = ngx_multisource_show_news(&sub->news, sub->conf, show,
                                       ngx_multisource_events_send, sub);
    }

    if (rc == NGX_OK) {
        rc = ngx_multisource_events_sources(sub, show);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(sub->events.request, NGX_ERROR);
    }
}


static ngx_int_t
ngx_multisource_events_sources(ngx_multisource_subscriber_t *sub,
    ngx_multisource_show_t *show)
{
    json_t                   *json;
    ngx_int_t                 rc;
    ngx_uint_t                i, n, k;
    ngx_multisource_told_t   *told;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    n = ngx_multisource_events_entries(sub, show, entries);
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

        json = ngx_multisource_json_source_of(sub->conf, &entries[i], show);
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

    return rc;
}


/* those that are live, without what the streamer has disabled */

static ngx_uint_t
ngx_multisource_events_entries(ngx_multisource_subscriber_t *sub,
    ngx_multisource_show_t *show, ngx_multisource_entry_t *entries)
{
    ngx_uint_t  i, n, all;

    /* what is live after its end is of the next show, which may be private */

    if (sub->session && show
        && show->record.state == NGX_MULTISOURCE_SHOW_ENDED)
    {
        return 0;
    }

    all = ngx_multisource_walk_streamer(&sub->conf->app->name, &sub->streamer,
                                        0, entries);
    n = 0;

    for (i = 0; i < all; i++) {

        if (ngx_multisource_json_disabled(show, &entries[i])) {
            continue;
        }

        if (n != i) {
            entries[n] = entries[i];
        }

        n++;
    }

    return n;
}


static ngx_int_t
ngx_multisource_events_send(void *data, const char *event, json_t *json)
{
    ngx_multisource_subscriber_t *sub = data;

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
