
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_disk.h"
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

/*
 * How long one is held, ms: for three target durations (6.2.5.2), and longer
 * than it takes to end the list of a publisher that is away; but a player gives
 * up after 10 s. And for the first media of a source.
 */
#define NGX_MULTISOURCE_ORIGIN_GRACE     1000
#define NGX_MULTISOURCE_ORIGIN_LONGEST   9000
#define NGX_MULTISOURCE_ORIGIN_FIRST     10000

/* a list has ended, but its source is back for so long: it will go on, ms */
#define NGX_MULTISOURCE_ORIGIN_BACK   3000

#define NGX_MULTISOURCE_ORIGIN_LIST   "application/vnd.apple.mpegurl"


enum {
    NGX_MULTISOURCE_ORIGIN_MEDIA = 0,   /* live.m3u8 */
    NGX_MULTISOURCE_ORIGIN_SOURCE,      /* index.m3u8 */
    NGX_MULTISOURCE_ORIGIN_SOURCES,     /* index.m3u8 of the streamer */
    NGX_MULTISOURCE_ORIGIN_PART,
    NGX_MULTISOURCE_ORIGIN_SEGMENT,
    NGX_MULTISOURCE_ORIGIN_INIT,
    NGX_MULTISOURCE_ORIGIN_VOD
};


/* what becomes of a request */

enum {
    NGX_MULTISOURCE_ORIGIN_ANSWER = 0,
    NGX_MULTISOURCE_ORIGIN_HOLD,
    NGX_MULTISOURCE_ORIGIN_MISSING,     /* 404 */
    NGX_MULTISOURCE_ORIGIN_AHEAD,       /* 400 */
    NGX_MULTISOURCE_ORIGIN_LATE,        /* 503: it did not come */
    NGX_MULTISOURCE_ORIGIN_FULL,        /* 503: too many are held */
    NGX_MULTISOURCE_ORIGIN_LEAVE        /* with what there is */
};


/* what is asked for; in the request's pool while it is held */

typedef struct {
    ngx_queue_t                    queue;
    ngx_http_request_t            *request;
    ngx_multisource_view_t        *view;        /* NULL: it is not held */
    ngx_uint_t                     kind;
    ngx_uint_t                     verdict;
    ngx_multisource_directives_t   directives;
    ngx_str_t                      file;        /* in the request's path */
    uint64_t                       epoch;
    uint64_t                       number;      /* of a segment or init */
    ngx_uint_t                     part;
    ngx_msec_t                     since;
} ngx_multisource_ask_t;


static ngx_int_t ngx_multisource_origin_begin(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_origin_options(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_origin_parse(ngx_http_request_t *r,
    ngx_multisource_ask_t *ask, ngx_str_t *streamer, ngx_str_t *source);
static ngx_multisource_view_t *ngx_multisource_origin_view(
    ngx_multisource_ask_t *ask, ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_str_t *source, ngx_int_t *rc);

static ngx_uint_t ngx_multisource_origin_publish(
    ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source, ngx_multisource_slot_t **slot,
    ngx_atomic_uint_t *ticket, uint64_t *started);
static ngx_uint_t ngx_multisource_origin_live(ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_origin_unborn(ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_origin_verdict(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_origin_verdict_sources(
    ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_origin_verdict_segment(
    ngx_multisource_ask_t *ask, ngx_multisource_index_head_t *head);
static ngx_msec_t ngx_multisource_origin_patience(
    ngx_multisource_view_t *view);

static ngx_int_t ngx_multisource_origin_hold(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static void ngx_multisource_origin_leave(void *data);
static ngx_uint_t ngx_multisource_origin_watch(ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_origin_watch_sources(
    ngx_multisource_view_t *view);
static void ngx_multisource_origin_due(ngx_multisource_view_t *view);
static void ngx_multisource_origin_post(void);
static void ngx_multisource_origin_run(ngx_event_t *ev);
static ngx_uint_t ngx_multisource_origin_release(ngx_multisource_view_t *view,
    ngx_uint_t max);
static void ngx_multisource_origin_look(ngx_event_t *ev);
static void ngx_multisource_origin_look_at(ngx_multisource_view_t *view);
static void ngx_multisource_origin_arm(ngx_uint_t soon);

static ngx_int_t ngx_multisource_origin_respond(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_origin_missing(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_origin_error(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *message);
static ngx_int_t ngx_multisource_origin_list(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_origin_send(ngx_http_request_t *r,
    ngx_multisource_body_t *body, const char *cache, ngx_uint_t gzip);
static void ngx_multisource_origin_sent(void *data);
static ngx_int_t ngx_multisource_origin_vary(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_origin_part(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_origin_segment(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static const char *ngx_multisource_origin_type(ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_origin_file(ngx_http_request_t *r,
    const ngx_str_t *file, off_t offset, off_t size, const char *type,
    const char *cache);
static ngx_int_t ngx_multisource_origin_path(ngx_http_request_t *r,
    const ngx_str_t *file, ngx_str_t *path);
static ngx_int_t ngx_multisource_origin_open(ngx_http_request_t *r,
    ngx_str_t *path, ngx_open_file_info_t *of);
static ngx_int_t ngx_multisource_origin_etag(ngx_http_request_t *r);
static ngx_table_elt_t *ngx_multisource_origin_field(ngx_http_request_t *r,
    const char *name, const char *value);


static ngx_queue_t       ngx_multisource_origin_waiting;    /* views */
static ngx_queue_t       ngx_multisource_origin_dues;
static ngx_uint_t        ngx_multisource_origin_nheld;

static ngx_event_t       ngx_multisource_origin_looker;
static ngx_event_t       ngx_multisource_origin_runner;
static ngx_connection_t  ngx_multisource_origin_connection;
static ngx_uint_t        ngx_multisource_origin_hurry;

/* parts and segments never change, and their names are never used again */
static const char        ngx_multisource_origin_forever[] =
                             "public, max-age=3600, immutable";


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
    const char                  *why;
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

    if (ngx_multisource_origin_parse(r, &ask, &streamer, &source) != NGX_OK) {
        return ngx_multisource_origin_missing(r);
    }

    if (ngx_multisource_http_name(r, &streamer, &source) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ask.kind == NGX_MULTISOURCE_ORIGIN_MEDIA
        && ngx_multisource_playlist_directives(&r->args, &ask.directives, &why)
           != NGX_OK)
    {
        return ngx_multisource_origin_error(r, NGX_HTTP_BAD_REQUEST,
                                            "bad_directive", why);
    }

    view = ngx_multisource_origin_view(&ask, mlcf->app, &streamer, &source,
                                       &rc);

    if (rc == NGX_ERROR) {
        ask.verdict = NGX_MULTISOURCE_ORIGIN_FULL;

    } else {
        ask.verdict = ngx_multisource_origin_verdict(&ask, view);
    }

    if (ask.verdict == NGX_MULTISOURCE_ORIGIN_HOLD) {

        if (r == r->main && !ngx_exiting && !ngx_terminate) {
            return ngx_multisource_origin_hold(&ask, view);
        }

        /* a subrequest would keep its parent waiting */

        ask.verdict = NGX_MULTISOURCE_ORIGIN_LEAVE;
    }

    return ngx_multisource_origin_respond(&ask, view);
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
        || ngx_live_answer_header(r, "Access-Control-Allow-Headers", "Range")
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


/* {streamer}/index.m3u8, {streamer}/{source}/{file}; NGX_DECLINED: neither */

static ngx_int_t
ngx_multisource_origin_parse(ngx_http_request_t *r,
    ngx_multisource_ask_t *ask, ngx_str_t *streamer, ngx_str_t *source)
{
    u_char                      *p, *last;
    ngx_str_t                    rest;
    ngx_multisource_naming_t    *naming;
    ngx_multisource_loc_conf_t  *mlcf;

    static ngx_str_t  index = ngx_string("index.m3u8");
    static ngx_str_t  live = ngx_string("live.m3u8");
    static ngx_str_t  vod = ngx_string("vod.m3u8");

    mlcf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);
    naming = &mlcf->app->naming;

    rest = ngx_multisource_http_rest(r);
    last = rest.data + rest.len;

    ngx_str_null(source);

    p = ngx_strlchr(rest.data, last, '/');
    if (p == NULL) {
        return NGX_DECLINED;
    }

    streamer->data = rest.data;
    streamer->len = p - rest.data;

    if (ngx_multisource_name_check_streamer(naming, streamer)
        != NGX_MULTISOURCE_OK)
    {
        return NGX_DECLINED;
    }

    ask->file.data = p + 1;
    ask->file.len = last - ask->file.data;

    p = ngx_strlchr(ask->file.data, last, '/');

    if (p) {
        source->data = ask->file.data;
        source->len = p - source->data;

        if (ngx_multisource_name_check_source(naming, source)
            != NGX_MULTISOURCE_OK)
        {
            return NGX_DECLINED;
        }

        ask->file.data = p + 1;
        ask->file.len = last - ask->file.data;
    }

    if (ask->file.len == index.len
        && ngx_memcmp(ask->file.data, index.data, index.len) == 0)
    {
        ask->kind = source->len ? NGX_MULTISOURCE_ORIGIN_SOURCE
                                : NGX_MULTISOURCE_ORIGIN_SOURCES;
        return NGX_OK;
    }

    if (source->len == 0) {
        return NGX_DECLINED;
    }

    if (ask->file.len == live.len
        && ngx_memcmp(ask->file.data, live.data, live.len) == 0)
    {
        ask->kind = NGX_MULTISOURCE_ORIGIN_MEDIA;
        return NGX_OK;
    }

    if (ask->file.len == vod.len
        && ngx_memcmp(ask->file.data, vod.data, vod.len) == 0)
    {
        ask->kind = NGX_MULTISOURCE_ORIGIN_VOD;
        return NGX_OK;
    }

    switch (ngx_multisource_index_parse(&ask->file, &ask->epoch, &ask->number,
                                        &ask->part))
    {
    case NGX_MULTISOURCE_INDEX_NAME_PART:
        ask->kind = NGX_MULTISOURCE_ORIGIN_PART;
        return NGX_OK;

    case NGX_MULTISOURCE_INDEX_NAME_SEGMENT:
        ask->kind = NGX_MULTISOURCE_ORIGIN_SEGMENT;
        return NGX_OK;

    case NGX_MULTISOURCE_INDEX_NAME_INIT:
        ask->kind = NGX_MULTISOURCE_ORIGIN_INIT;
        return NGX_OK;

    case NGX_MULTISOURCE_INDEX_NAME_VOD:
        ask->kind = NGX_MULTISOURCE_ORIGIN_VOD;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/*
 * The view that knows about what is asked for. NULL: there is none, and with
 * *rc NGX_ERROR there ought to be one.
 */

static ngx_multisource_view_t *
ngx_multisource_origin_view(ngx_multisource_ask_t *ask,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer, ngx_str_t *source,
    ngx_int_t *rc)
{
    uint64_t                 started;
    ngx_uint_t               live;
    ngx_atomic_uint_t        ticket;
    ngx_multisource_slot_t  *slot;
    ngx_multisource_view_t  *view;

    if (ask->kind != NGX_MULTISOURCE_ORIGIN_SOURCES) {

        view = ngx_multisource_view_find(app, streamer, source, rc);

        if (view || *rc != NGX_DECLINED
            || (ask->kind != NGX_MULTISOURCE_ORIGIN_MEDIA
                && ask->kind != NGX_MULTISOURCE_ORIGIN_SOURCE))
        {
            return view;
        }
    }

    /* a view is made for what somebody publishes, not for any name */

    live = ngx_multisource_origin_publish(app, streamer, source, &slot,
                                          &ticket, &started);
    if (!live) {
        *rc = NGX_DECLINED;
        return NULL;
    }

    view = ngx_multisource_view_await(app, streamer, source);

    *rc = view ? NGX_OK : NGX_ERROR;

    return view;
}


/*
 * Finds the publish that makes the media: of two, while one takes over from the
 * other, the one with media, or the later one. Without a source: any.
 */

static ngx_uint_t
ngx_multisource_origin_publish(ngx_multisource_app_conf_t *app,
    const ngx_str_t *streamer, const ngx_str_t *source,
    ngx_multisource_slot_t **slot, ngx_atomic_uint_t *ticket,
    uint64_t *started)
{
    ngx_str_t                    name;
    ngx_uint_t                   state;
    ngx_multisource_walk_t       walk;
    ngx_multisource_entry_t      entry;
    ngx_multisource_registry_t  *reg;

    *slot = NULL;
    *ticket = 0;

    reg = &ngx_multisource_worker.registry;

    if (reg->shared == NULL) {
        return 0;
    }

    name = *streamer;
    state = 0;

    ngx_memzero(&walk, sizeof(ngx_multisource_walk_t));
    walk.app = &app->name;
    walk.streamer = &name;
    walk.pending = 1;

    while (ngx_multisource_registry_next(reg, &walk, &entry) == NGX_OK) {

        if (source->len
            && (ngx_strlen(entry.record.source) != source->len
                || ngx_memcmp(entry.record.source, source->data, source->len)
                   != 0))
        {
            continue;
        }

        if (entry.record.state > state
            || (entry.record.state == state && entry.ticket > *ticket))
        {
            state = entry.record.state;
            *slot = entry.slot;
            *ticket = entry.ticket;
            *started = entry.record.started;
        }
    }

    return *slot != NULL;
}


/* nonzero: the source of a view has a publisher */

static ngx_uint_t
ngx_multisource_origin_live(ngx_multisource_view_t *view)
{
    ngx_atomic_uint_t            version;
    ngx_multisource_registry_t  *reg;

    reg = &ngx_multisource_worker.registry;

    if (reg->shared == NULL) {
        return 0;
    }

    version = ngx_multisource_registry_version(reg);

    if (!view->looked || version != view->version
        || (view->slot && view->slot->ticket != view->ticket))
    {
        view->looked = 1;
        view->version = version;

        (void) ngx_multisource_origin_publish(view->app, &view->streamer,
                                              &view->source, &view->slot,
                                              &view->ticket, &view->started);
    }

    return view->slot != NULL;
}


/* nonzero: nothing has been made yet of what its source, if any, is to be */

static ngx_uint_t
ngx_multisource_origin_unborn(ngx_multisource_view_t *view)
{
    uint64_t  now;

    if (!view->mapped || view->head.state == NGX_MULTISOURCE_INDEX_NEW) {
        return 1;
    }

    if (view->head.state != NGX_MULTISOURCE_INDEX_ENDED
        || !ngx_multisource_origin_live(view))
    {
        return 0;
    }

    /* who has just come back goes on with the list of before */

    now = ngx_multisource_now();

    return now < view->started + NGX_MULTISOURCE_ORIGIN_BACK;
}


static ngx_uint_t
ngx_multisource_origin_verdict(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    ngx_uint_t                     wanted;
    ngx_multisource_index_head_t  *head;

    if (ask->kind == NGX_MULTISOURCE_ORIGIN_INIT
        || ask->kind == NGX_MULTISOURCE_ORIGIN_VOD)
    {
        return NGX_MULTISOURCE_ORIGIN_ANSWER;
    }

    head = view ? &view->head : NULL;

    switch (ask->kind) {

    case NGX_MULTISOURCE_ORIGIN_SEGMENT:
        return head ? ngx_multisource_origin_verdict_segment(ask, head)
                    : NGX_MULTISOURCE_ORIGIN_ANSWER;

    case NGX_MULTISOURCE_ORIGIN_PART:

        if (head == NULL || !view->mapped) {
            return NGX_MULTISOURCE_ORIGIN_MISSING;
        }

        wanted = ngx_multisource_playlist_wanted_part(head, ask->epoch,
                                                      ask->number, ask->part);

        return wanted == NGX_MULTISOURCE_PLAYLIST_ANSWER
               ? NGX_MULTISOURCE_ORIGIN_ANSWER
               : wanted == NGX_MULTISOURCE_PLAYLIST_HOLD
               ? NGX_MULTISOURCE_ORIGIN_HOLD : NGX_MULTISOURCE_ORIGIN_MISSING;
    }

    /* playlists */

    if (head == NULL) {
        return NGX_MULTISOURCE_ORIGIN_MISSING;
    }

    if (ask->kind == NGX_MULTISOURCE_ORIGIN_SOURCES) {
        return ngx_multisource_origin_verdict_sources(view);
    }

    if (ngx_multisource_origin_unborn(view)) {
        return ngx_multisource_origin_live(view)
               ? NGX_MULTISOURCE_ORIGIN_HOLD : NGX_MULTISOURCE_ORIGIN_MISSING;
    }

    if (head->state == NGX_MULTISOURCE_INDEX_ENDED
        && head->first == head->open)
    {
        return NGX_MULTISOURCE_ORIGIN_MISSING;
    }

    if (ask->kind == NGX_MULTISOURCE_ORIGIN_SOURCE) {
        return NGX_MULTISOURCE_ORIGIN_ANSWER;
    }

    wanted = ngx_multisource_playlist_wanted(head, &ask->directives);

    return wanted == NGX_MULTISOURCE_PLAYLIST_ANSWER
           ? NGX_MULTISOURCE_ORIGIN_ANSWER
           : wanted == NGX_MULTISOURCE_PLAYLIST_HOLD
           ? NGX_MULTISOURCE_ORIGIN_HOLD : NGX_MULTISOURCE_ORIGIN_AHEAD;
}


static ngx_uint_t
ngx_multisource_origin_verdict_sources(ngx_multisource_view_t *view)
{
    ngx_int_t                rc;
    ngx_multisource_body_t  *body;

    body = ngx_multisource_view_sources(view, 0, &rc);

    if (body) {
        ngx_multisource_view_release(body);
    }

    switch (rc) {

    case NGX_OK:
        return NGX_MULTISOURCE_ORIGIN_ANSWER;

    case NGX_AGAIN:
        return NGX_MULTISOURCE_ORIGIN_HOLD;

    case NGX_DECLINED:

        /* one that was accepted, and has sent nothing yet */

        return ngx_multisource_origin_live(view)
               ? NGX_MULTISOURCE_ORIGIN_HOLD : NGX_MULTISOURCE_ORIGIN_MISSING;

    default: /* NGX_ERROR */
        return NGX_MULTISOURCE_ORIGIN_FULL;
    }
}


/* a list names a segment when it is complete, and before only parts of it */

static ngx_uint_t
ngx_multisource_origin_verdict_segment(ngx_multisource_ask_t *ask,
    ngx_multisource_index_head_t *head)
{
    if (ask->epoch > head->epoch || ask->number > head->open) {
        return NGX_MULTISOURCE_ORIGIN_MISSING;
    }

    if (ask->epoch < head->epoch || ask->number < head->open) {
        return NGX_MULTISOURCE_ORIGIN_ANSWER;
    }

    return head->state == NGX_MULTISOURCE_INDEX_ENDED
           ? NGX_MULTISOURCE_ORIGIN_MISSING : NGX_MULTISOURCE_ORIGIN_HOLD;
}


static ngx_msec_t
ngx_multisource_origin_patience(ngx_multisource_view_t *view)
{
    ngx_msec_t                     patience, grace;
    ngx_multisource_index_head_t  *head;

    if (view->source.len == 0 || ngx_multisource_origin_unborn(view)) {
        return NGX_MULTISOURCE_ORIGIN_FIRST;
    }

    head = &view->head;

    patience = head->target_duration * 3000;
    grace = NGX_MULTISOURCE_INDEX_GRACE(head) + NGX_MULTISOURCE_ORIGIN_GRACE;

    patience = ngx_max(patience, grace);

    return ngx_min(patience, NGX_MULTISOURCE_ORIGIN_LONGEST);
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
        ask->verdict = NGX_MULTISOURCE_ORIGIN_FULL;
        return ngx_multisource_origin_respond(ask, view);
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

    ngx_multisource_origin_arm(!view->told);

    return NGX_DONE;
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

    view->told = ngx_multisource_origin_live(view)
                 && ngx_multisource_registry_wait(
                        &ngx_multisource_worker.registry, view->slot)
                    == NGX_OK;

    return ngx_multisource_view_refresh(view);
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

    return ngx_multisource_origin_verdict_sources(view)
           != NGX_MULTISOURCE_ORIGIN_HOLD;
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

        view->checked = ngx_current_msec - NGX_MULTISOURCE_ORIGIN_LONGEST;

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

    patience = ngx_multisource_origin_patience(view);
    all = ngx_exiting || ngx_terminate;
    n = 0;

    verdict = view->source.len ? NGX_MULTISOURCE_ORIGIN_HOLD
                               : ngx_multisource_origin_verdict_sources(view);

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
                       ? ngx_multisource_origin_verdict(ask, view) : verdict;

        if (ask->verdict == NGX_MULTISOURCE_ORIGIN_HOLD) {

            if (all) {
                ask->verdict = NGX_MULTISOURCE_ORIGIN_LEAVE;

            } else if (ngx_current_msec - ask->since >= patience) {
                ask->verdict = patience == NGX_MULTISOURCE_ORIGIN_FIRST
                               ? NGX_MULTISOURCE_ORIGIN_MISSING
                               : NGX_MULTISOURCE_ORIGIN_LATE;

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

        rc = ngx_multisource_origin_respond(ask, view);

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
    ngx_uint_t               soon;
    ngx_queue_t             *q;
    ngx_multisource_view_t  *view;

    soon = 0;

    for (q = ngx_queue_head(&ngx_multisource_origin_waiting);
         q != ngx_queue_sentinel(&ngx_multisource_origin_waiting);
         q = ngx_queue_next(q))
    {
        view = ngx_queue_data(q, ngx_multisource_view_t, waiting);

        ngx_multisource_origin_look_at(view);

        if (!view->told) {
            soon = 1;
        }
    }

    ngx_multisource_origin_run(&ngx_multisource_origin_runner);

    if (ngx_multisource_origin_nheld) {
        ngx_multisource_origin_arm(soon || ngx_exiting);
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
        || ngx_exiting || ngx_terminate
        || ngx_current_msec - first->since
           >= ngx_multisource_origin_patience(view)
        || (view->source.len
            && ngx_multisource_origin_unborn(view)
            && !ngx_multisource_origin_live(view)))
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


/* what the handler returns, or a request that was held ends with */

static ngx_int_t
ngx_multisource_origin_respond(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    ngx_http_request_t  *r;

    r = ask->request;

    switch (ask->verdict) {

    case NGX_MULTISOURCE_ORIGIN_MISSING:
        return ngx_multisource_origin_missing(r);

    case NGX_MULTISOURCE_ORIGIN_AHEAD:
        return ngx_multisource_origin_error(r, NGX_HTTP_BAD_REQUEST,
                                            "too_far_ahead",
                                            "the playlist is not that far");

    case NGX_MULTISOURCE_ORIGIN_LATE:
        return ngx_multisource_origin_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "not_in_time",
                                            "the media did not come in time");

    case NGX_MULTISOURCE_ORIGIN_FULL:
        return ngx_multisource_origin_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "busy",
                                            "too many requests are waiting");
    }

    switch (ask->kind) {

    case NGX_MULTISOURCE_ORIGIN_MEDIA:
    case NGX_MULTISOURCE_ORIGIN_SOURCE:
    case NGX_MULTISOURCE_ORIGIN_SOURCES:
        return ngx_multisource_origin_list(ask, view);

    case NGX_MULTISOURCE_ORIGIN_PART:
        return ngx_multisource_origin_part(ask, view);

    case NGX_MULTISOURCE_ORIGIN_SEGMENT:
        return ngx_multisource_origin_segment(ask, view);

    case NGX_MULTISOURCE_ORIGIN_INIT:
        return ngx_multisource_origin_file(r, &ask->file, 0, -1,
                                           ngx_multisource_origin_type(view),
                                           ngx_multisource_origin_forever);

    default: /* NGX_MULTISOURCE_ORIGIN_VOD */

        /* without an epoch it is the newest, and becomes another one */

        return ngx_multisource_origin_file(r, &ask->file, 0, -1,
                                           NGX_MULTISOURCE_ORIGIN_LIST,
                                           ask->epoch ? "max-age=3600"
                                                      : "max-age=10");
    }
}


/* it may be there any moment */

static ngx_int_t
ngx_multisource_origin_missing(ngx_http_request_t *r)
{
    if (ngx_live_answer_header(r, "Cache-Control", "max-age=1") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_NOT_FOUND;
}


static ngx_int_t
ngx_multisource_origin_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message)
{
    if (ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_live_answer_header(r, "Retry-After", "1") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_error(r, status, code, message);
}


static ngx_int_t
ngx_multisource_origin_list(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    ngx_int_t                rc;
    ngx_uint_t               gzip, kind;
    const char              *cache;
    ngx_http_request_t      *r;
    ngx_multisource_body_t  *body;

    r = ask->request;
    gzip = 0;

#if (NGX_HTTP_GZIP)
    gzip = ngx_http_gzip_ok(r) == NGX_OK;
#endif

    if (ask->kind == NGX_MULTISOURCE_ORIGIN_SOURCES) {
        body = ngx_multisource_view_sources(view, gzip, &rc);

    } else {
        kind = ask->kind == NGX_MULTISOURCE_ORIGIN_SOURCE
               ? NGX_MULTISOURCE_VIEW_SOURCE
               : ask->directives.skip ? NGX_MULTISOURCE_VIEW_DELTA
                                      : NGX_MULTISOURCE_VIEW_MEDIA;

        body = ngx_multisource_view_body(view, kind, gzip);
    }

    if (body == NULL) {
        return ngx_multisource_origin_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "not_available",
                                            "there is no playlist now");
    }

    /* what was asked for is still to come, and not to be kept in its place */

    cache = ask->verdict == NGX_MULTISOURCE_ORIGIN_LEAVE ? "no-store"
            : ask->directives.has_msn ? (char *) body->blocking
                                      : (char *) body->age;

    return ngx_multisource_origin_send(r, body, cache, gzip);
}


/* takes over the reference to the body */

static ngx_int_t
ngx_multisource_origin_send(ngx_http_request_t *r,
    ngx_multisource_body_t *body, const char *cache, ngx_uint_t gzip)
{
    ngx_int_t            rc;
    ngx_str_t           *text;
    ngx_buf_t           *b;
    ngx_chain_t          out;
    ngx_table_elt_t     *h;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (cln == NULL) {
        ngx_multisource_view_release(body);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_multisource_origin_sent;
    cln->data = body;

    text = &body->plain;

    if (gzip && body->gzip.len) {
        text = &body->gzip;

        h = ngx_multisource_origin_field(r, "Content-Encoding", "gzip");
        if (h == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        /* so that the gzip filter leaves it alone */
        r->headers_out.content_encoding = h;
    }

    if (ngx_multisource_origin_vary(r) != NGX_OK
        || ngx_live_answer_header(r, "Cache-Control", cache) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text->len;
    ngx_str_set(&r->headers_out.content_type, NGX_MULTISOURCE_ORIGIN_LIST);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static void
ngx_multisource_origin_sent(void *data)
{
    ngx_multisource_view_release(data);
}


/* once: with gzip_vary on, nginx writes it itself where this flag is set */

static ngx_int_t
ngx_multisource_origin_vary(ngx_http_request_t *r)
{
#if (NGX_HTTP_GZIP)

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->gzip_vary) {
        r->gzip_vary = 1;
        return NGX_OK;
    }

#endif

    return ngx_live_answer_header(r, "Vary", "Accept-Encoding");
}


static ngx_int_t
ngx_multisource_origin_part(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    u_char                            name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    ngx_int_t                         rc;
    ngx_str_t                         file;
    ngx_multisource_index_part_t      part;
    ngx_multisource_index_segment_t   segment;

    if (!view->mapped) {
        return ngx_multisource_origin_missing(ask->request);
    }

    rc = ngx_multisource_index_find_part(&view->index, ask->number, ask->part,
                                         &segment, &part);

    if (rc == NGX_AGAIN) {
        ask->verdict = NGX_MULTISOURCE_ORIGIN_LATE;
        return ngx_multisource_origin_respond(ask, view);
    }

    if (rc != NGX_OK
        || segment.epoch != ask->epoch
        || part.bytes == 0
        || (part.flags & NGX_MULTISOURCE_INDEX_GAP))
    {
        return ngx_multisource_origin_missing(ask->request);
    }

    file.data = name;
    file.len = ngx_multisource_index_name_segment(name, ask->epoch,
                                                  ask->number)
               - name;

    return ngx_multisource_origin_file(ask->request, &file, part.offset,
                                       part.bytes,
                                       ngx_multisource_origin_type(view),
                                       ngx_multisource_origin_forever);
}


/*
 * A segment that the index knows has the size that it says. Others belong to a
 * kept playlist, and are complete.
 */

static ngx_int_t
ngx_multisource_origin_segment(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    off_t                             size;
    ngx_int_t                         rc;
    ngx_multisource_index_segment_t   segment;

    size = -1;

    if (view && view->mapped) {

        rc = ngx_multisource_index_find(&view->index, ask->number, &segment);

        if (rc == NGX_AGAIN) {
            ask->verdict = NGX_MULTISOURCE_ORIGIN_LATE;
            return ngx_multisource_origin_respond(ask, view);
        }

        if (rc == NGX_OK && segment.epoch == ask->epoch) {

            if (segment.bytes == 0) {
                return ngx_multisource_origin_missing(ask->request);
            }

            size = segment.bytes;
        }
    }

    return ngx_multisource_origin_file(ask->request, &ask->file, 0, size,
                                       ngx_multisource_origin_type(view),
                                       ngx_multisource_origin_forever);
}


static const char *
ngx_multisource_origin_type(ngx_multisource_view_t *view)
{
    if (view && view->mapped
        && view->head.streams.codecs[0] && view->head.streams.width == 0)
    {
        return "audio/mp4";
    }

    return "video/mp4";
}


/* sends `size` bytes of a file of the source, -1: all there are */

static ngx_int_t
ngx_multisource_origin_file(ngx_http_request_t *r, const ngx_str_t *file,
    off_t offset, off_t size, const char *type, const char *cache)
{
    ngx_int_t              rc;
    ngx_buf_t             *b;
    ngx_str_t              path;
    ngx_chain_t            out;
    ngx_table_elt_t       *h;
    ngx_file_info_t        fi;
    ngx_open_file_info_t   of;

    rc = ngx_multisource_origin_path(r, file, &path);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_multisource_origin_open(r, &path, &of);
    if (rc != NGX_OK) {
        return rc;
    }

    if (size == -1) {
        size = of.size;

    } else if (of.size < offset + size) {

        /* a cache may have seen it before it grew, or a disk was full */

        if (ngx_fd_info(of.fd, &fi) == NGX_FILE_ERROR
            || ngx_file_size(&fi) < offset + size)
        {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "multisource: \"%V\" is shorter than its index "
                          "says", &path);

            return ngx_multisource_origin_missing(r);
        }
    }

    if (size == 0) {
        return ngx_multisource_origin_missing(r);
    }

    r->connection->log->action = "sending media to client";

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = size;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    h = ngx_multisource_origin_field(r, "Cache-Control", cache);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (cache == ngx_multisource_origin_forever) {
        rc = ngx_multisource_origin_etag(r);

    } else {
        r->headers_out.last_modified_time = of.mtime;
        rc = ngx_http_set_etag(r);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->allow_ranges = 1;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc > NGX_OK) {
        /* 416, of this request and not of the file */
        ngx_str_set(&h->value, "no-store");
    }

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->file_pos = offset;
    b->file_last = offset + size;

    b->in_file = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    b->file->fd = of.fd;
    b->file->name = path;
    b->file->log = r->connection->log;
    b->file->directio = of.is_directio;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* where it is; NGX_OK, or the status to answer with */

static ngx_int_t
ngx_multisource_origin_path(ngx_http_request_t *r, const ngx_str_t *file,
    ngx_str_t *path)
{
    u_char                      *last;
    u_char                       buf[NGX_MULTISOURCE_DISK_PATH_MAX];
    char                         name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    ngx_multisource_loc_conf_t  *mlcf;
    ngx_multisource_http_ctx_t  *ctx;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);
    ctx = ngx_http_get_module_ctx(r, ngx_multisource_http_module);

    if (file->len >= NGX_MULTISOURCE_INDEX_NAME_MAX) {
        return ngx_multisource_origin_missing(r);
    }

    ngx_memcpy(name, file->data, file->len);
    name[file->len] = '\0';

    last = ngx_multisource_disk_path(buf, mlcf->app, &ctx->streamer,
                                     &ctx->source, name);
    if (last == NULL) {
        return ngx_multisource_origin_missing(r);
    }

    path->len = last - buf;

    path->data = ngx_pnalloc(r->pool, path->len + 1);
    if (path->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(path->data, buf, path->len + 1);

    return NGX_OK;
}


/* as nginx's static module does; NGX_OK, or the status to answer with */

static ngx_int_t
ngx_multisource_origin_open(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(of, sizeof(ngx_open_file_info_t));

    of->read_ahead = clcf->read_ahead;
    of->directio = NGX_OPEN_FILE_DIRECTIO_OFF;
    of->valid = clcf->open_file_cache_valid;
    of->min_uses = clcf->open_file_cache_min_uses;
    of->events = clcf->open_file_cache_events;

    /*
     * but for clcf->open_file_cache_errors: that a file is not there yet, which
     * anybody may ask for, must not be remembered
     */

    if (ngx_http_set_disable_symlinks(r, clcf, path, of) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_open_cached_file(clcf->open_file_cache, path, of, r->pool)
        == NGX_OK)
    {
        return of->is_file ? NGX_OK : ngx_multisource_origin_missing(r);
    }

    switch (of->err) {

    case 0:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    case NGX_ENOENT:
    case NGX_ENOTDIR:
    case NGX_ENAMETOOLONG:
        return ngx_multisource_origin_missing(r);

    case NGX_EACCES:
#if (NGX_HAVE_OPENAT)
    case NGX_EMLINK:
    case NGX_ELOOP:
#endif
        ngx_log_error(NGX_LOG_ERR, r->connection->log, of->err,
                      "%s \"%V\" failed", of->failed, path);
        return NGX_HTTP_FORBIDDEN;

    default:
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, of->err,
                      "%s \"%V\" failed", of->failed, path);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


/* the last part of the path, which names these bytes and no others */

static ngx_int_t
ngx_multisource_origin_etag(ngx_http_request_t *r)
{
    u_char                    *p, *name, *last;
    ngx_table_elt_t           *etag;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!clcf->etag) {
        return NGX_OK;
    }

    last = r->uri.data + r->uri.len;

    for (name = last; name > r->uri.data && name[-1] != '/'; name--) {
        /* void */
    }

    p = ngx_pnalloc(r->pool, last - name + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    etag = ngx_multisource_origin_field(r, "ETag", "");
    if (etag == NULL) {
        return NGX_ERROR;
    }

    etag->value.data = p;
    etag->value.len = last - name + 2;

    *p++ = '"';
    p = ngx_cpymem(p, name, last - name);
    *p = '"';

    r->headers_out.etag = etag;

    return NGX_OK;
}


/* as ngx_live_answer_header(), for who needs to know it; NULL: no memory */

static ngx_table_elt_t *
ngx_multisource_origin_field(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return h;
}
