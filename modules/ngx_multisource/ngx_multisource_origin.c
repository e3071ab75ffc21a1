
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_answer.h"
#include "ngx_multisource_ask.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_origin.h"
#include "ngx_multisource_view.h"
#include "ngx_multisource_walk.h"


/* requests that a worker holds, and answers in one go */
#define NGX_MULTISOURCE_ORIGIN_HELD   65536
#define NGX_MULTISOURCE_ORIGIN_BATCH  256

/*
 * How often those that are held are looked after, ms: by and by, as who makes
 * the media tells when it changes; or soon, where nobody does.
 */
#define NGX_MULTISOURCE_ORIGIN_LOOK   100
#define NGX_MULTISOURCE_ORIGIN_SOON   10

/* what comes within so long after a worker was told to leave is waited for, ms */
#define NGX_MULTISOURCE_ORIGIN_EXIT   1000


static ngx_int_t ngx_multisource_origin_begin(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_origin_options(ngx_http_request_t *r);

static ngx_int_t ngx_multisource_origin_hold(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static void ngx_multisource_origin_leave(void *data);
static ngx_uint_t ngx_multisource_origin_watch(ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_origin_watch_sources(
    ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_origin_exits(void);
static void ngx_multisource_origin_due(ngx_multisource_view_t *view);
static void ngx_multisource_origin_post(void);
static void ngx_multisource_origin_run(ngx_event_t *ev);
static ngx_uint_t ngx_multisource_origin_release(ngx_multisource_view_t *view,
    ngx_uint_t max);
static void ngx_multisource_origin_look(ngx_event_t *ev);
static void ngx_multisource_origin_look_at(ngx_multisource_view_t *view);
static void ngx_multisource_origin_arm(ngx_uint_t soon);


static ngx_queue_t       ngx_multisource_origin_waiting;    /* views */
static ngx_queue_t       ngx_multisource_origin_dues;
static ngx_uint_t        ngx_multisource_origin_nheld;

static ngx_event_t       ngx_multisource_origin_looker;
static ngx_event_t       ngx_multisource_origin_runner;
static ngx_connection_t  ngx_multisource_origin_connection;
static ngx_uint_t        ngx_multisource_origin_hurry;
static ngx_uint_t        ngx_multisource_origin_exiting;
static ngx_msec_t        ngx_multisource_origin_exit;   /* since when */


ngx_uint_t
ngx_multisource_origin_held(void)
{
    return ngx_multisource_origin_nheld;
}


ngx_int_t
ngx_multisource_origin_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_str_t                    streamer, source;
    ngx_multisource_ask_t        ask;
    ngx_multisource_view_t      *view;
    ngx_multisource_loc_conf_t  *mlcf;

    rc = ngx_multisource_origin_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    mlcf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);

    ngx_memzero(&ask, sizeof(ngx_multisource_ask_t));
    ask.request = r;

    if (ngx_multisource_ask_parse(r, &ask, &streamer, &source) != NGX_OK) {
        ask.verdict = NGX_MULTISOURCE_ASK_MISSING;
        return ngx_multisource_answer(&ask, NULL);
    }

    if (ngx_multisource_http_name(r, &streamer, &source) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_multisource_gate(r, mlcf->app, &streamer, &source,
                              ask.kind == NGX_MULTISOURCE_ASK_MEDIA
                              || ask.kind == NGX_MULTISOURCE_ASK_PART
                              || ask.kind == NGX_MULTISOURCE_ASK_SEGMENT);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    view = ngx_multisource_ask_view(&ask, mlcf->app, &streamer, &source, &rc);

    ask.verdict = rc == NGX_ERROR ? NGX_MULTISOURCE_ASK_FULL
                                  : ngx_multisource_ask_verdict(&ask, view);

    if (ask.verdict == NGX_MULTISOURCE_ASK_HOLD) {

        if (r == r->main && !ngx_multisource_origin_exits()) {
            return ngx_multisource_origin_hold(&ask, view);
        }

        /* a subrequest would keep its parent waiting */

        ask.verdict = NGX_MULTISOURCE_ASK_LEAVE;
    }

    return ngx_multisource_answer(&ask, view);
}


/* NGX_DECLINED: go on */

static ngx_int_t
ngx_multisource_origin_begin(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (ngx_live_answer_header(r, "Access-Control-Allow-Origin", "*")
        != NGX_OK
        || ngx_live_answer_header(r, "Access-Control-Expose-Headers",
                                  "Age, Content-Length, Content-Range, Date")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return NGX_DECLINED;
    }

    return ngx_multisource_origin_options(r);
}


static ngx_int_t
ngx_multisource_origin_options(ngx_http_request_t *r)
{
    if (ngx_live_answer_header(r, "Allow", "GET, HEAD, OPTIONS") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method != NGX_HTTP_OPTIONS) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (ngx_live_answer_header(r, "Access-Control-Allow-Methods",
                               "GET, HEAD, OPTIONS")
        != NGX_OK
        || ngx_live_answer_header(r, "Access-Control-Allow-Headers",
                                  "Authorization, Range, X-Viewer-Token")
           != NGX_OK
        || ngx_live_answer_header(r, "Access-Control-Max-Age", "86400")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_multisource_origin_hold(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    ngx_connection_t       *c;
    ngx_http_cleanup_t     *cln;
    ngx_http_request_t     *r;
    ngx_multisource_ask_t  *held;

    r = ask->request;
    c = r->connection;

    if (ngx_multisource_origin_nheld >= NGX_MULTISOURCE_ORIGIN_HELD) {
        ask->verdict = NGX_MULTISOURCE_ASK_FULL;
        return ngx_multisource_answer(ask, view);
    }

    cln = ngx_http_cleanup_add(r, sizeof(ngx_multisource_ask_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_multisource_origin_leave;

    held = cln->data;
    *held = *ask;

    held->view = view;
    held->since = ngx_current_msec;

    if (ngx_multisource_origin_runner.handler == NULL) {
        ngx_queue_init(&ngx_multisource_origin_waiting);
        ngx_queue_init(&ngx_multisource_origin_dues);

        /* debug logs of timers take the data for a connection */

        ngx_multisource_origin_connection.fd = (ngx_socket_t) -1;

        ngx_multisource_origin_runner.handler = ngx_multisource_origin_run;
        ngx_multisource_origin_runner.log = ngx_cycle->log;
        ngx_multisource_origin_runner.data =
                                           &ngx_multisource_origin_connection;

        /* not cancelable: a worker that exits has to answer first */

        ngx_multisource_origin_looker.handler = ngx_multisource_origin_look;
        ngx_multisource_origin_looker.log = ngx_cycle->log;
        ngx_multisource_origin_looker.data =
                                           &ngx_multisource_origin_connection;
    }

    if (view->nheld++ == 0) {

        /* what was told while nobody waited has been forgotten */

        view->told = 0;
        ngx_queue_insert_tail(&ngx_multisource_origin_waiting,
                              &view->waiting);
    }

    view->users++;
    ngx_queue_insert_tail(&view->held, &held->queue);
    ngx_multisource_origin_nheld++;

    c->log->action = "waiting for media";

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;

    if (c->read->pending_eof) {
        /* the client has left already, and no event will tell again */
        ngx_post_event(c->read, &ngx_posted_events);
    }

    if (!view->told && ngx_multisource_origin_watch(view)) {
        ngx_multisource_origin_due(view);
        ngx_multisource_origin_post();
    }

    ngx_multisource_origin_arm(0);

    return NGX_DONE;
}


/*
 * Nonzero: this worker leaves, and nothing is waited for any more. What is about
 * to come still is: players do not take a list without what they asked for, or
 * no media where a hint was, lightly.
 */

static ngx_uint_t
ngx_multisource_origin_exits(void)
{
    if (!ngx_exiting && !ngx_terminate) {
        return 0;
    }

    if (!ngx_multisource_origin_exiting) {
        ngx_multisource_origin_exiting = 1;
        ngx_multisource_origin_exit = ngx_current_msec;
    }

    return ngx_terminate
           || ngx_current_msec - ngx_multisource_origin_exit
              >= NGX_MULTISOURCE_ORIGIN_EXIT;
}


/* a request is about to be answered, or its client has left */

static void
ngx_multisource_origin_leave(void *data)
{
    ngx_multisource_ask_t *ask = data;

    ngx_multisource_view_t  *view;

    view = ask->view;

    if (view == NULL) {
        return;
    }

    ask->view = NULL;

    ngx_queue_remove(&ask->queue);
    ngx_multisource_origin_nheld--;

    view->users--;

    if (--view->nheld) {
        return;
    }

    ngx_queue_remove(&view->waiting);

    if (view->is_due) {
        ngx_queue_remove(&view->due);
        view->is_due = 0;
    }
}


/*
 * Asks who makes the media to tell. A change between the last look and that
 * would go unnoticed, so that it takes another look: nonzero, there was one.
 */

static ngx_uint_t
ngx_multisource_origin_watch(ngx_multisource_view_t *view)
{
    if (view->source.len == 0) {
        return ngx_multisource_origin_watch_sources(view);
    }

    view->told = ngx_multisource_ask_live(view)
                 && ngx_multisource_registry_wait(
                        &ngx_multisource_worker.registry, view->slot)
                    == NGX_OK;

    if (!view->told) {
        ngx_multisource_origin_arm(1);
    }

    /* a change may have been noticed by whoever looked at the view before */

    return ngx_multisource_view_refresh(view)
           || view->sequence != view->released;
}


static ngx_uint_t
ngx_multisource_origin_watch_sources(ngx_multisource_view_t *view)
{
    ngx_uint_t                i, n;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    n = ngx_multisource_walk_streamer(&view->app->name, &view->streamer, 1,
                                      entries);

    view->told = n ? 1 : 0;

    for (i = 0; i < n; i++) {

        if (ngx_multisource_registry_wait(&ngx_multisource_worker.registry,
                                          entries[i].slot)
            != NGX_OK)
        {
            view->told = 0;
        }
    }

    if (!view->told) {
        ngx_multisource_origin_arm(1);
    }

    return ngx_multisource_ask_verdict_sources(view)
           != NGX_MULTISOURCE_ASK_HOLD;
}


void
ngx_multisource_origin_wake(ngx_uint_t n)
{
    ngx_queue_t             *q;
    ngx_multisource_slot_t  *slot;
    ngx_multisource_view_t  *view;

    if (ngx_multisource_origin_nheld == 0) {
        return;
    }

    slot = &ngx_multisource_worker.registry.slots[n];

    for (q = ngx_queue_head(&ngx_multisource_origin_waiting);
         q != ngx_queue_sentinel(&ngx_multisource_origin_waiting);
         q = ngx_queue_next(q))
    {
        view = ngx_queue_data(q, ngx_multisource_view_t, waiting);

        if (view->source.len && view->slot && view->slot != slot) {
            continue;
        }

        /* something has changed: if not in this file, then it is another one */

        view->checked = ngx_current_msec - NGX_MULTISOURCE_VIEW_CHECK;

        if (ngx_multisource_origin_watch(view)) {
            ngx_multisource_origin_due(view);
        }
    }

    ngx_multisource_origin_post();
}


static void
ngx_multisource_origin_due(ngx_multisource_view_t *view)
{
    if (!view->is_due) {
        view->is_due = 1;
        ngx_queue_insert_tail(&ngx_multisource_origin_dues, &view->due);
    }
}


/* not at once: who calls may be in the middle of a publisher's business */

static void
ngx_multisource_origin_post(void)
{
    if (!ngx_queue_empty(&ngx_multisource_origin_dues)
        && !ngx_multisource_origin_runner.posted)
    {
        ngx_post_event(&ngx_multisource_origin_runner, &ngx_posted_events);
    }
}


/* answers some requests; the others wait for the next turn of the loop */

static void
ngx_multisource_origin_run(ngx_event_t *ev)
{
    ngx_uint_t               left;
    ngx_queue_t             *q, dues;
    ngx_multisource_view_t  *view;

    left = NGX_MULTISOURCE_ORIGIN_BATCH;

    /* a view may become due again, and is then left for the next turn */

    ngx_queue_init(&dues);

    if (!ngx_queue_empty(&ngx_multisource_origin_dues)) {
        ngx_queue_add(&dues, &ngx_multisource_origin_dues);
        ngx_queue_init(&ngx_multisource_origin_dues);
    }

    while (left && !ngx_queue_empty(&dues)) {

        q = ngx_queue_head(&dues);
        ngx_queue_remove(q);

        view = ngx_queue_data(q, ngx_multisource_view_t, due);
        view->is_due = 0;

        left -= ngx_multisource_origin_release(view, left);
    }

    while (!ngx_queue_empty(&dues)) {

        q = ngx_queue_last(&dues);
        ngx_queue_remove(q);

        ngx_queue_insert_head(&ngx_multisource_origin_dues, q);
    }

    if (!ngx_queue_empty(&ngx_multisource_origin_dues) && !ev->posted) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


/*
 * Answers those who wait no longer, `max` of them at most, and returns how many
 * there were. An answer may end other requests too, or bring new ones: those to
 * be answered stand in a queue of their own, which they leave when they end.
 */

static ngx_uint_t
ngx_multisource_origin_release(ngx_multisource_view_t *view, ngx_uint_t max)
{
    ngx_int_t               rc;
    ngx_uint_t              n, all, verdict;
    ngx_msec_t              patience;
    ngx_queue_t            *q, *next, ready;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_multisource_ask_t  *ask;

    view->users++;

    (void) ngx_multisource_view_refresh(view);
    view->released = view->sequence;

    patience = ngx_multisource_ask_patience(view);
    all = ngx_multisource_origin_exits();
    n = 0;

    verdict = view->source.len ? NGX_MULTISOURCE_ASK_HOLD
                               : ngx_multisource_ask_verdict_sources(view);

    ngx_queue_init(&ready);

    for (q = ngx_queue_head(&view->held);
         q != ngx_queue_sentinel(&view->held);
         q = next)
    {
        if (n == max) {
            ngx_multisource_origin_due(view);
            break;
        }

        next = ngx_queue_next(q);
        ask = ngx_queue_data(q, ngx_multisource_ask_t, queue);

        ask->verdict = view->source.len
                       ? ngx_multisource_ask_verdict(ask, view) : verdict;

        if (ask->verdict == NGX_MULTISOURCE_ASK_HOLD) {

            if (all) {
                ask->verdict = NGX_MULTISOURCE_ASK_LEAVE;

            } else if (ngx_current_msec - ask->since >= patience) {
                ask->verdict = patience == NGX_MULTISOURCE_ASK_FIRST
                               ? NGX_MULTISOURCE_ASK_MISSING
                               : NGX_MULTISOURCE_ASK_LATE;

            } else {
                continue;
            }
        }

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&ready, q);
        n++;
    }

    while (!ngx_queue_empty(&ready)) {

        q = ngx_queue_head(&ready);
        ask = ngx_queue_data(q, ngx_multisource_ask_t, queue);

        r = ask->request;
        c = r->connection;

        ngx_multisource_origin_leave(ask);

        rc = ngx_multisource_answer(ask, view);

        ngx_http_finalize_request(r, rc);
        ngx_http_run_posted_requests(c);
    }

    if (view->nheld && !view->told && !view->is_due
        && ngx_multisource_origin_watch(view))
    {
        ngx_multisource_origin_due(view);
    }

    view->users--;

    return n;
}


/* the safety net: what nobody has told of, and who has waited too long */

static void
ngx_multisource_origin_look(ngx_event_t *ev)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&ngx_multisource_origin_waiting);
         q != ngx_queue_sentinel(&ngx_multisource_origin_waiting);
         q = ngx_queue_next(q))
    {
        ngx_multisource_origin_look_at(
            ngx_queue_data(q, ngx_multisource_view_t, waiting));
    }

    ngx_multisource_origin_run(&ngx_multisource_origin_runner);

    if (ngx_multisource_origin_nheld) {
        ngx_multisource_origin_arm(ngx_exiting);
    }
}


static void
ngx_multisource_origin_look_at(ngx_multisource_view_t *view)
{
    ngx_queue_t            *q;
    ngx_multisource_ask_t  *first;

    if (view->is_due) {
        return;
    }

    /* they stand in the order they came */

    q = ngx_queue_head(&view->held);
    first = ngx_queue_data(q, ngx_multisource_ask_t, queue);

    if (ngx_multisource_origin_watch(view)
        || ngx_multisource_origin_exits()
        || ngx_current_msec - first->since
           >= ngx_multisource_ask_patience(view)
        || (view->source.len
            && ngx_multisource_ask_unborn(view)
            && !ngx_multisource_ask_live(view)))
    {
        ngx_multisource_origin_due(view);
    }
}


static void
ngx_multisource_origin_arm(ngx_uint_t soon)
{
    ngx_event_t  *ev;

    ev = &ngx_multisource_origin_looker;

    if (ev->timer_set) {

        if (!soon || ngx_multisource_origin_hurry) {
            return;
        }

        /* a timer is not moved by so little unless it is deleted */

        ngx_del_timer(ev);
    }

    ngx_multisource_origin_hurry = soon;

    ngx_add_timer(ev, soon ? NGX_MULTISOURCE_ORIGIN_SOON
                           : NGX_MULTISOURCE_ORIGIN_LOOK);
}
