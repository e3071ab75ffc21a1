
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_ask.h"


/*
 * Requests are held for three target durations (6.2.5.2), and longer than it
 * takes to end the list of a publisher that is away; but a player gives up
 * after 10 s. All in ms.
 */
#define NGX_MULTISOURCE_ASK_GRACE    2500
#define NGX_MULTISOURCE_ASK_LONGEST  9000

/* a list has ended, but its source is back for so long: it will go on, ms */
#define NGX_MULTISOURCE_ASK_BACK     3000


static ngx_uint_t ngx_multisource_ask_publish(
    ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source, ngx_multisource_slot_t **slot,
    ngx_atomic_uint_t *ticket, uint64_t *started);
static ngx_uint_t ngx_multisource_ask_verdict_segment(
    ngx_multisource_ask_t *ask, ngx_multisource_index_head_t *head);


ngx_int_t
ngx_multisource_ask_parse(ngx_http_request_t *r,
    ngx_multisource_ask_t *ask, ngx_str_t *streamer, ngx_str_t *source)
{
    u_char                      *p, *last;
    ngx_str_t                    rest;
    ngx_multisource_naming_t    *naming;
    ngx_multisource_loc_conf_t  *mlcf;

    static ngx_str_t  index = ngx_string("index.m3u8");
    static ngx_str_t  live = ngx_string("live.m3u8");
    static ngx_str_t  vod = ngx_string("vod.m3u8");
    static ngx_str_t  preview = ngx_string("preview.mp4");

    mlcf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);
    naming = &mlcf->app->naming;

    rest = ngx_multisource_http_rest(r);
    last = rest.data + rest.len;

    ngx_str_set(source, "");

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
        ask->kind = source->len ? NGX_MULTISOURCE_ASK_SOURCE
                                : NGX_MULTISOURCE_ASK_SOURCES;
        return NGX_OK;
    }

    if (source->len == 0) {
        return NGX_DECLINED;
    }

    if (ask->file.len == live.len
        && ngx_memcmp(ask->file.data, live.data, live.len) == 0)
    {
        ask->kind = NGX_MULTISOURCE_ASK_MEDIA;

        (void) ngx_multisource_playlist_directives(&r->args, &ask->directives,
                                                   &ask->why);
        return NGX_OK;
    }

    if (ask->file.len == vod.len
        && ngx_memcmp(ask->file.data, vod.data, vod.len) == 0)
    {
        ask->kind = NGX_MULTISOURCE_ASK_VOD;
        return NGX_OK;
    }

    if (ask->file.len == preview.len
        && ngx_memcmp(ask->file.data, preview.data, preview.len) == 0)
    {
        ask->kind = NGX_MULTISOURCE_ASK_PREVIEW;
        return NGX_OK;
    }

    switch (ngx_multisource_index_parse(&ask->file, &ask->epoch, &ask->number,
                                        &ask->part))
    {
    case NGX_MULTISOURCE_INDEX_NAME_PART:
        ask->kind = NGX_MULTISOURCE_ASK_PART;
        return NGX_OK;

    case NGX_MULTISOURCE_INDEX_NAME_SEGMENT:
        ask->kind = NGX_MULTISOURCE_ASK_SEGMENT;
        return NGX_OK;

    case NGX_MULTISOURCE_INDEX_NAME_INIT:
        ask->kind = NGX_MULTISOURCE_ASK_INIT;
        return NGX_OK;

    case NGX_MULTISOURCE_INDEX_NAME_VOD:
        ask->kind = NGX_MULTISOURCE_ASK_VOD;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


ngx_multisource_view_t *
ngx_multisource_ask_view(ngx_multisource_ask_t *ask,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer, ngx_str_t *source,
    ngx_int_t *rc)
{
    uint64_t                 started;
    ngx_uint_t               live;
    ngx_atomic_uint_t        ticket;
    ngx_multisource_slot_t  *slot;
    ngx_multisource_view_t  *view;

    if (ask->kind != NGX_MULTISOURCE_ASK_SOURCES) {

        view = ngx_multisource_view_find(app, streamer, source, rc);

        if (view || *rc != NGX_DECLINED
            || (ask->kind != NGX_MULTISOURCE_ASK_MEDIA
                && ask->kind != NGX_MULTISOURCE_ASK_SOURCE))
        {
            return view;
        }
    }

    /* a view is made for what somebody publishes, not for any name */

    live = ngx_multisource_ask_publish(app, streamer, source, &slot,
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
ngx_multisource_ask_publish(ngx_multisource_app_conf_t *app,
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


ngx_uint_t
ngx_multisource_ask_live(ngx_multisource_view_t *view)
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

        (void) ngx_multisource_ask_publish(view->app, &view->streamer,
                                           &view->source, &view->slot,
                                           &view->ticket, &view->started);
    }

    return view->slot != NULL;
}


ngx_uint_t
ngx_multisource_ask_unborn(ngx_multisource_view_t *view)
{
    uint64_t  now;

    if (!view->mapped || view->head.state == NGX_MULTISOURCE_INDEX_NEW) {
        return 1;
    }

    if (view->head.state != NGX_MULTISOURCE_INDEX_ENDED
        || !ngx_multisource_ask_live(view))
    {
        return 0;
    }

    /* who has just come back goes on with the list of before */

    now = ngx_multisource_now();

    return now < view->started + NGX_MULTISOURCE_ASK_BACK;
}


ngx_uint_t
ngx_multisource_ask_verdict(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    ngx_uint_t                     wanted;
    ngx_multisource_index_head_t  *head;

    if (ask->why) {
        return NGX_MULTISOURCE_ASK_BAD;
    }

    head = view ? &view->head : NULL;

    switch (ask->kind) {

    case NGX_MULTISOURCE_ASK_INIT:
    case NGX_MULTISOURCE_ASK_VOD:
        return NGX_MULTISOURCE_ASK_ANSWER;

    case NGX_MULTISOURCE_ASK_PREVIEW:

        /* of what there is, which is never waited for; sound has no picture */

        return (head && view->mapped && head->streams.width)
               ? NGX_MULTISOURCE_ASK_ANSWER : NGX_MULTISOURCE_ASK_MISSING;

    case NGX_MULTISOURCE_ASK_SEGMENT:

        /* without an index it may belong to a kept playlist */

        return (head && head->state != NGX_MULTISOURCE_INDEX_NEW)
               ? ngx_multisource_ask_verdict_segment(ask, head)
               : NGX_MULTISOURCE_ASK_ANSWER;

    case NGX_MULTISOURCE_ASK_PART:

        if (head == NULL || !view->mapped) {
            return NGX_MULTISOURCE_ASK_MISSING;
        }

        wanted = ngx_multisource_playlist_wanted_part(head, ask->epoch,
                                                      ask->number, ask->part);

        return wanted == NGX_MULTISOURCE_PLAYLIST_ANSWER
               ? NGX_MULTISOURCE_ASK_ANSWER
               : wanted == NGX_MULTISOURCE_PLAYLIST_HOLD
               ? NGX_MULTISOURCE_ASK_HOLD : NGX_MULTISOURCE_ASK_MISSING;
    }

    /* playlists */

    if (head == NULL) {
        return NGX_MULTISOURCE_ASK_MISSING;
    }

    if (ask->kind == NGX_MULTISOURCE_ASK_SOURCES) {
        return ngx_multisource_ask_verdict_sources(view);
    }

    if (ngx_multisource_ask_unborn(view)) {
        return ngx_multisource_ask_live(view)
               ? NGX_MULTISOURCE_ASK_HOLD : NGX_MULTISOURCE_ASK_MISSING;
    }

    if (head->state == NGX_MULTISOURCE_INDEX_ENDED
        && head->first == head->open)
    {
        return NGX_MULTISOURCE_ASK_MISSING;
    }

    if (ask->kind == NGX_MULTISOURCE_ASK_SOURCE) {
        return NGX_MULTISOURCE_ASK_ANSWER;
    }

    wanted = ngx_multisource_playlist_wanted(head, &ask->directives);

    return wanted == NGX_MULTISOURCE_PLAYLIST_ANSWER
           ? NGX_MULTISOURCE_ASK_ANSWER
           : wanted == NGX_MULTISOURCE_PLAYLIST_HOLD
           ? NGX_MULTISOURCE_ASK_HOLD : NGX_MULTISOURCE_ASK_AHEAD;
}


ngx_uint_t
ngx_multisource_ask_verdict_sources(ngx_multisource_view_t *view)
{
    ngx_int_t                rc;
    ngx_multisource_body_t  *body;

    body = ngx_multisource_view_sources(view, 0, &rc);

    if (body) {
        ngx_multisource_view_release(body);
    }

    switch (rc) {

    case NGX_OK:
        return NGX_MULTISOURCE_ASK_ANSWER;

    case NGX_AGAIN:
        return NGX_MULTISOURCE_ASK_HOLD;

    case NGX_DECLINED:

        /* one that was accepted, and has sent nothing yet */

        return ngx_multisource_ask_live(view)
               ? NGX_MULTISOURCE_ASK_HOLD : NGX_MULTISOURCE_ASK_MISSING;

    default: /* NGX_ERROR */
        return NGX_MULTISOURCE_ASK_FULL;
    }
}


/* a list names a segment when it is complete, and before only parts of it */

static ngx_uint_t
ngx_multisource_ask_verdict_segment(ngx_multisource_ask_t *ask,
    ngx_multisource_index_head_t *head)
{
    if (ask->epoch > head->epoch || ask->number > head->open) {
        return NGX_MULTISOURCE_ASK_MISSING;
    }

    if (ask->epoch < head->epoch || ask->number < head->open) {
        return NGX_MULTISOURCE_ASK_ANSWER;
    }

    return head->state == NGX_MULTISOURCE_INDEX_ENDED
           ? NGX_MULTISOURCE_ASK_MISSING : NGX_MULTISOURCE_ASK_HOLD;
}


ngx_msec_t
ngx_multisource_ask_patience(ngx_multisource_view_t *view)
{
    ngx_msec_t                     patience, grace;
    ngx_multisource_index_head_t  *head;

    if (view->source.len == 0 || ngx_multisource_ask_unborn(view)) {
        return NGX_MULTISOURCE_ASK_FIRST;
    }

    head = &view->head;

    patience = head->target_duration * 3000;
    grace = NGX_MULTISOURCE_INDEX_GRACE(head) + NGX_MULTISOURCE_ASK_GRACE;

    patience = ngx_max(patience, grace);

    return ngx_min(patience, NGX_MULTISOURCE_ASK_LONGEST);
}
