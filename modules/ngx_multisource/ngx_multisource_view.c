
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_disk.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_view.h"
#include "ngx_multisource_walk.h"

#include <zlib.h>


#define NGX_MULTISOURCE_VIEW_MAX     4096       /* views of a worker */
#define NGX_MULTISOURCE_VIEW_IDLE    60000      /* ms, until one is closed */

/* what is kept between two lists to write the next one */
#define NGX_MULTISOURCE_VIEW_ROOM    (1024 * 1024)

/* hours of segments are not worth a worker's time */
#define NGX_MULTISOURCE_VIEW_LARGE   (256 * 1024)

#define NGX_MULTISOURCE_VIEW_LEVEL   6

/* of zlib: the largest window, and a gzip header */
#define NGX_MULTISOURCE_VIEW_WINDOW  (MAX_WBITS + 16)


static u_char *ngx_multisource_view_path(u_char *buf,
    ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source, uint32_t *hash, ngx_str_t *path);
static ngx_multisource_view_t *ngx_multisource_view_lookup(ngx_str_t *path,
    uint32_t hash, ngx_multisource_app_conf_t *app);
static ngx_multisource_view_t *ngx_multisource_view_create(ngx_str_t *path,
    uint32_t hash, ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source);
static void ngx_multisource_view_tidy(void);
static void ngx_multisource_view_close(ngx_multisource_view_t *view);
static ngx_uint_t ngx_multisource_view_map(ngx_multisource_view_t *view);
static void ngx_multisource_view_adopt(ngx_multisource_view_t *view,
    ngx_multisource_index_t *index);
static void ngx_multisource_view_unmap(ngx_multisource_view_t *view);
static void ngx_multisource_view_drop(ngx_multisource_view_t *view);
static ngx_multisource_body_t *ngx_multisource_view_render(
    ngx_multisource_view_t *view, ngx_uint_t kind);
static ngx_multisource_body_t *ngx_multisource_view_render_sources(
    ngx_multisource_view_t *view, ngx_int_t *rc);
static u_char *ngx_multisource_view_room(size_t size);
static ngx_multisource_body_t *ngx_multisource_view_keep(u_char *text,
    u_char *last, uint64_t sequence);
static void ngx_multisource_view_ages(ngx_multisource_body_t *body,
    ngx_uint_t duration, ngx_uint_t ended);
static void ngx_multisource_view_compress(ngx_multisource_body_t *body);


static ngx_rbtree_t       ngx_multisource_view_tree;
static ngx_rbtree_node_t  ngx_multisource_view_sentinel;
static ngx_queue_t        ngx_multisource_view_queue;
static ngx_uint_t         ngx_multisource_view_number;

/* where lists are written before their length is known */
static u_char            *ngx_multisource_view_buffer;
static size_t             ngx_multisource_view_buffer_size;

static z_stream           ngx_multisource_view_zlib;
static ngx_uint_t         ngx_multisource_view_zlib_ready;


ngx_queue_t *
ngx_multisource_view_all(void)
{
    if (ngx_multisource_view_tree.root == NULL) {
        ngx_rbtree_init(&ngx_multisource_view_tree,
                        &ngx_multisource_view_sentinel,
                        ngx_str_rbtree_insert_value);
        ngx_queue_init(&ngx_multisource_view_queue);
    }

    return &ngx_multisource_view_queue;
}


ngx_multisource_view_t *
ngx_multisource_view_find(ngx_multisource_app_conf_t *app,
    const ngx_str_t *streamer, const ngx_str_t *source, ngx_int_t *rc)
{
    u_char                    buf[NGX_MULTISOURCE_DISK_PATH_MAX];
    uint32_t                  hash;
    ngx_str_t                 path;
    ngx_multisource_view_t   *view;
    ngx_multisource_index_t   index;

    *rc = NGX_DECLINED;

    if (ngx_multisource_view_path(buf, app, streamer, source, &hash, &path)
        == NULL)
    {
        return NULL;
    }

    view = ngx_multisource_view_lookup(&path, hash, app);

    if (view) {
        (void) ngx_multisource_view_refresh(view);

        return view->mapped ? view : NULL;
    }

    /* nothing is kept of what is not there: anybody may ask for it */

    if (ngx_multisource_index_open(&index, (char *) path.data, ngx_cycle->log)
        != NGX_OK)
    {
        return NULL;
    }

    view = ngx_multisource_view_create(&path, hash, app, streamer, source);

    if (view == NULL) {
        ngx_multisource_index_close(&index);

        *rc = NGX_ERROR;
        return NULL;
    }

    ngx_multisource_view_adopt(view, &index);

    return view->mapped ? view : NULL;
}


ngx_multisource_view_t *
ngx_multisource_view_await(ngx_multisource_app_conf_t *app,
    const ngx_str_t *streamer, const ngx_str_t *source)
{
    u_char                   buf[NGX_MULTISOURCE_DISK_PATH_MAX];
    uint32_t                 hash;
    ngx_str_t                path;
    ngx_multisource_view_t  *view;

    if (ngx_multisource_view_path(buf, app, streamer, source, &hash, &path)
        == NULL)
    {
        return NULL;
    }

    view = ngx_multisource_view_lookup(&path, hash, app);

    if (view == NULL) {
        view = ngx_multisource_view_create(&path, hash, app, streamer, source);
    }

    if (view) {
        (void) ngx_multisource_view_refresh(view);
    }

    return view;
}


static u_char *
ngx_multisource_view_path(u_char *buf, ngx_multisource_app_conf_t *app,
    const ngx_str_t *streamer, const ngx_str_t *source, uint32_t *hash,
    ngx_str_t *path)
{
    u_char  *last;

    last = ngx_multisource_disk_path(buf, app, streamer, source,
                                     NGX_MULTISOURCE_INDEX_FILE);
    if (last == NULL) {
        return NULL;
    }

    path->data = buf;
    path->len = last - buf;
    *hash = ngx_murmur_hash2(path->data, path->len);

    return last;
}


static ngx_multisource_view_t *
ngx_multisource_view_lookup(ngx_str_t *path, uint32_t hash,
    ngx_multisource_app_conf_t *app)
{
    ngx_queue_t             *views;
    ngx_str_node_t          *node;
    ngx_multisource_view_t  *view;

    views = ngx_multisource_view_all();

    node = ngx_str_rbtree_lookup(&ngx_multisource_view_tree, path, hash);
    if (node == NULL) {
        return NULL;
    }

    view = (ngx_multisource_view_t *)
               ((u_char *) node - offsetof(ngx_multisource_view_t, path));

    /* of the configuration of this request */
    view->app = app;
    view->used = ngx_current_msec;

    ngx_queue_remove(&view->queue);
    ngx_queue_insert_head(views, &view->queue);

    return view;
}


static ngx_multisource_view_t *
ngx_multisource_view_create(ngx_str_t *path, uint32_t hash,
    ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source)
{
    u_char                  *p;
    ngx_multisource_view_t  *view;

    ngx_multisource_view_tidy();

    if (ngx_multisource_view_number >= NGX_MULTISOURCE_VIEW_MAX) {
        return NULL;
    }

    view = ngx_calloc(sizeof(ngx_multisource_view_t) + path->len + 1
                      + streamer->len + source->len, ngx_cycle->log);
    if (view == NULL) {
        return NULL;
    }

    p = (u_char *) view + sizeof(ngx_multisource_view_t);

    view->path.node.key = hash;
    view->path.str.len = path->len;
    view->path.str.data = p;
    p = ngx_cpymem(p, path->data, path->len + 1);

    view->streamer.len = streamer->len;
    view->streamer.data = p;
    p = ngx_cpymem(p, streamer->data, streamer->len);

    view->source.len = source->len;
    view->source.data = p;
    ngx_memcpy(p, source->data, source->len);

    view->app = app;
    view->used = ngx_current_msec;
    view->index.fd = NGX_INVALID_FILE;

    ngx_queue_init(&view->held);

    ngx_rbtree_insert(&ngx_multisource_view_tree, &view->path.node);
    ngx_queue_insert_head(ngx_multisource_view_all(), &view->queue);
    ngx_multisource_view_number++;

    return view;
}


/* makes room for one more, and closes what nobody has asked for for a while */

static void
ngx_multisource_view_tidy(void)
{
    ngx_uint_t               closed, full;
    ngx_queue_t             *q, *views;
    ngx_multisource_view_t  *view;

    views = ngx_multisource_view_all();
    closed = 0;

    for (q = ngx_queue_last(views);
         q != ngx_queue_sentinel(views) && closed < 2;
         /* void */)
    {
        view = ngx_queue_data(q, ngx_multisource_view_t, queue);
        q = ngx_queue_prev(q);

        full = ngx_multisource_view_number >= NGX_MULTISOURCE_VIEW_MAX;

        if (!full
            && ngx_current_msec - view->used < NGX_MULTISOURCE_VIEW_IDLE)
        {
            break;
        }

        if (view->users == 0) {
            ngx_multisource_view_close(view);
            closed++;
        }
    }
}


static void
ngx_multisource_view_close(ngx_multisource_view_t *view)
{
    ngx_multisource_view_unmap(view);
    ngx_multisource_index_forget(&view->snapshot);

    ngx_rbtree_delete(&ngx_multisource_view_tree, &view->path.node);
    ngx_queue_remove(&view->queue);
    ngx_multisource_view_number--;

    ngx_free(view);
}


static ngx_uint_t
ngx_multisource_view_map(ngx_multisource_view_t *view)
{
    ngx_multisource_index_t  index;

    if (ngx_multisource_index_open(&index, (char *) view->path.str.data,
                                   ngx_cycle->log)
        != NGX_OK)
    {
        return 0;
    }

    ngx_multisource_view_adopt(view, &index);

    return view->mapped;
}


static void
ngx_multisource_view_adopt(ngx_multisource_view_t *view,
    ngx_multisource_index_t *index)
{
    ngx_int_t  rc;

    rc = ngx_multisource_index_head(index, &view->head, &view->sequence);

    if (rc == NGX_DECLINED) {
        ngx_multisource_index_close(index);
        return;
    }

    if (rc == NGX_AGAIN) {
        /* as one that nothing was written to yet */
        ngx_memzero(&view->head, sizeof(ngx_multisource_index_head_t));
        view->sequence = 0;
    }

    view->index = *index;
    view->checked = ngx_current_msec;
    view->mapped = 1;

    /* of another file with the same sequence, perhaps */
    view->snapshot.sequence = 0;
}


static void
ngx_multisource_view_unmap(ngx_multisource_view_t *view)
{
    ngx_multisource_view_drop(view);

    if (view->mapped) {
        ngx_multisource_index_close(&view->index);
        view->mapped = 0;
    }
}


static void
ngx_multisource_view_drop(ngx_multisource_view_t *view)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_MULTISOURCE_VIEW_BODIES; i++) {

        if (view->bodies[i]) {
            ngx_multisource_view_release(view->bodies[i]);
            view->bodies[i] = NULL;
        }
    }
}


ngx_uint_t
ngx_multisource_view_refresh(ngx_multisource_view_t *view)
{
    uint64_t                      sequence;
    ngx_int_t                     rc;
    ngx_multisource_index_head_t  head;

    if (view->source.len == 0) {
        return 0;
    }

    if (!view->mapped) {
        return ngx_multisource_view_map(view);
    }

    if (ngx_multisource_index_sequence(&view->index) == view->sequence) {

        if (ngx_current_msec - view->checked < NGX_MULTISOURCE_VIEW_CHECK) {
            return 0;
        }

        view->checked = ngx_current_msec;

        if (!ngx_multisource_index_replaced(&view->index,
                                            (char *) view->path.str.data))
        {
            return 0;
        }

        ngx_multisource_view_unmap(view);
        (void) ngx_multisource_view_map(view);

        return 1;
    }

    rc = ngx_multisource_index_head(&view->index, &head, &sequence);

    switch (rc) {

    case NGX_OK:
        view->head = head;
        view->sequence = sequence;
        return 1;

    case NGX_AGAIN:
        return 0;

    default: /* NGX_DECLINED */
        ngx_multisource_view_unmap(view);
        return 1;
    }
}


ngx_multisource_body_t *
ngx_multisource_view_body(ngx_multisource_view_t *view, ngx_uint_t kind,
    ngx_uint_t gzip)
{
    ngx_multisource_body_t  *body;

    body = view->bodies[kind];

    if (body == NULL || body->sequence != view->sequence) {

        body = ngx_multisource_view_render(view, kind);
        if (body == NULL) {
            return NULL;
        }

        if (view->bodies[kind]) {
            ngx_multisource_view_release(view->bodies[kind]);
        }

        view->bodies[kind] = body;
    }

    if (gzip && !body->packed) {
        ngx_multisource_view_compress(body);
    }

    body->users++;

    return body;
}


static ngx_multisource_body_t *
ngx_multisource_view_render(ngx_multisource_view_t *view, ngx_uint_t kind)
{
    u_char                            *p, *text;
    ngx_multisource_body_t            *body;
    ngx_multisource_index_head_t      *head;
    ngx_multisource_index_snapshot_t  *snapshot;

    if (!view->mapped || view->head.state == NGX_MULTISOURCE_INDEX_NEW) {
        return NULL;
    }

    head = &view->head;

    if (kind == NGX_MULTISOURCE_VIEW_SOURCE) {

        text = ngx_multisource_view_room(
                   ngx_multisource_playlist_source_size());

        if (text == NULL) {
            return NULL;
        }

        p = ngx_multisource_playlist_source(text, head);

    } else {
        snapshot = &view->snapshot;

        if (snapshot->sequence != view->sequence) {

            if (ngx_multisource_index_snapshot(&view->index, snapshot,
                                               ngx_cycle->log)
                != NGX_OK)
            {
                snapshot->sequence = 0;
                return NULL;
            }

            /* it may have gone on since it was looked at */

            *head = snapshot->head;
            view->sequence = snapshot->sequence;

            if (head->state == NGX_MULTISOURCE_INDEX_NEW) {
                return NULL;
            }
        }

        text = ngx_multisource_view_room(
                   ngx_multisource_playlist_media_size(snapshot));

        if (text == NULL) {
            return NULL;
        }

        p = ngx_multisource_playlist_media(text, snapshot,
                                        kind == NGX_MULTISOURCE_VIEW_DELTA);
    }

    body = ngx_multisource_view_keep(text, p, view->sequence);

    if (body) {
        ngx_multisource_view_ages(body, head->target_duration,
                                  head->state == NGX_MULTISOURCE_INDEX_ENDED);
    }

    return body;
}


ngx_multisource_body_t *
ngx_multisource_view_sources(ngx_multisource_view_t *view, ngx_uint_t gzip,
    ngx_int_t *rc)
{
    ngx_atomic_uint_t         version, shows;
    ngx_multisource_body_t  **body;

    if (ngx_multisource_worker.registry.shared == NULL) {
        *rc = NGX_DECLINED;
        return NULL;
    }

    version = ngx_multisource_registry_version(
                                           &ngx_multisource_worker.registry);

    /* sources that are not for viewers are in no list */

    shows = ngx_multisource_stage_shows()->shared
            ? ngx_multisource_show_version(ngx_multisource_stage_shows()) : 0;

    body = &view->bodies[NGX_MULTISOURCE_VIEW_SOURCE];

    /* bitrates change all the time, which is no reason to write it anew */

    if (*body == NULL || version != view->listed || shows != view->shown
        || ngx_current_msec - view->rendered >= NGX_MULTISOURCE_VIEW_CHECK)
    {
        ngx_multisource_view_drop(view);

        /* it stays, whatever makes room for the views of its sources */

        view->users++;
        *body = ngx_multisource_view_render_sources(view, rc);
        view->users--;

        if (*body == NULL) {
            return NULL;
        }

        view->listed = version;
        view->shown = shows;
        view->rendered = ngx_current_msec;
    }

    if (gzip && !(*body)->packed) {
        ngx_multisource_view_compress(*body);
    }

    (*body)->users++;
    *rc = NGX_OK;

    return *body;
}


static ngx_multisource_body_t *
ngx_multisource_view_render_sources(ngx_multisource_view_t *view,
    ngx_int_t *rc)
{
    u_char                            *p, *text;
    u_char                             labels[NGX_MULTISOURCE_MAX_SOURCES]
                                             [NGX_MULTISOURCE_NAME_MAX];
    ngx_str_t                          name, *first;
    ngx_int_t                          found;
    ngx_uint_t                         i, k, n, nangles, duration;
    ngx_multisource_body_t            *body;
    ngx_multisource_view_t            *source;
    ngx_multisource_view_t            *views[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_show_t             open, *show;
    ngx_multisource_shows_t           *shows;
    ngx_multisource_entry_t            entries[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_playlist_angle_t   angle;
    ngx_multisource_playlist_angle_t   angles[NGX_MULTISOURCE_MAX_SOURCES];

    n = ngx_multisource_walk_streamer(&view->app->name, &view->streamer, 0,
                                      entries);

    first = &view->app->naming.default_source;

    shows = ngx_multisource_stage_shows();

    show = shows->shared
           && ngx_multisource_show_of(shows, &view->app->name,
                                      &view->streamer, 0, &open)
              == NGX_OK
           ? &open : NULL;

    body = NULL;
    nangles = 0;
    duration = 0;

    *rc = n ? NGX_AGAIN : NGX_DECLINED;

    for (i = 0; i < n; i++) {

        if (ngx_multisource_json_disabled(show, &entries[i])) {
            continue;
        }

        name.data = entries[i].record.source;
        name.len = ngx_strlen(name.data);

        source = ngx_multisource_view_find(view->app, &view->streamer, &name,
                                           &found);

        if (source == NULL
            || source->head.state == NGX_MULTISOURCE_INDEX_NEW
            || source->head.state == NGX_MULTISOURCE_INDEX_ENDED)
        {
            continue;
        }

        /* and so do these */

        source->users++;
        views[nangles] = source;

        angle.name = source->source;
        angle.head = &source->head;
        angle.label.data = labels[nangles];
        angle.label.len = ngx_multisource_name_label(&source->source,
                                                     labels[nangles]);

        k = nangles++;

        if (name.len == first->len
            && ngx_memcmp(name.data, first->data, name.len) == 0)
        {
            for ( /* void */ ; k > 0; k--) {
                angles[k] = angles[k - 1];
            }
        }

        angles[k] = angle;

        if (duration == 0 || source->head.target_duration < duration) {
            duration = source->head.target_duration;
        }
    }

    if (nangles) {
        *rc = NGX_ERROR;

        text = ngx_multisource_view_room(
                   ngx_multisource_playlist_streamer_size(nangles));

        if (text) {
            p = ngx_multisource_playlist_streamer(text, angles, nangles);
            body = ngx_multisource_view_keep(text, p, 0);
        }

        if (body) {
            ngx_multisource_view_ages(body, duration, 0);
        }
    }

    for (i = 0; i < nangles; i++) {
        views[i]->users--;
    }

    return body;
}


/* valid until the next call */

static u_char *
ngx_multisource_view_room(size_t size)
{
    if (size > ngx_multisource_view_buffer_size
        || ngx_multisource_view_buffer_size > NGX_MULTISOURCE_VIEW_ROOM)
    {
        if (ngx_multisource_view_buffer) {
            ngx_free(ngx_multisource_view_buffer);
            ngx_multisource_view_buffer_size = 0;
        }

        ngx_multisource_view_buffer = ngx_alloc(size, ngx_cycle->log);

        if (ngx_multisource_view_buffer) {
            ngx_multisource_view_buffer_size = size;
        }
    }

    return ngx_multisource_view_buffer;
}


static ngx_multisource_body_t *
ngx_multisource_view_keep(u_char *text, u_char *last, uint64_t sequence)
{
    size_t                   len;
    u_char                  *p;
    ngx_multisource_body_t  *body;

    len = last - text;

    body = ngx_alloc(sizeof(ngx_multisource_body_t) + len, ngx_cycle->log);
    if (body == NULL) {
        return NULL;
    }

    p = (u_char *) body + sizeof(ngx_multisource_body_t);

    ngx_memzero(body, sizeof(ngx_multisource_body_t));
    ngx_memcpy(p, text, len);

    body->users = 1;
    body->sequence = sequence;
    body->plain.len = len;
    body->plain.data = p;

    return body;
}


/*
 * draft-pantos-hls-rfc8216bis, B.1: six target durations for what was waited
 * for, and half of one for the rest.
 */

static void
ngx_multisource_view_ages(ngx_multisource_body_t *body, ngx_uint_t duration,
    ngx_uint_t ended)
{
    ngx_uint_t  age, blocking;

    blocking = ended ? duration : duration * 6;
    age = ended ? duration : duration / 2;

    ngx_sprintf(body->blocking, "max-age=%ui%Z", blocking);
    ngx_sprintf(body->age, "max-age=%ui%Z", ngx_max(age, 1));
}


void
ngx_multisource_view_release(ngx_multisource_body_t *body)
{
    if (--body->users) {
        return;
    }

    if (body->gzip.data) {
        ngx_free(body->gzip.data);
    }

    ngx_free(body);
}


/* leaves body->gzip empty when it fails: then it is sent as it is */

static void
ngx_multisource_view_compress(ngx_multisource_body_t *body)
{
    int        level;
    size_t     len;
    u_char    *room;
    z_stream  *zs;

    body->packed = 1;

    zs = &ngx_multisource_view_zlib;

    if (!ngx_multisource_view_zlib_ready) {

        if (deflateInit2(zs, NGX_MULTISOURCE_VIEW_LEVEL, Z_DEFLATED,
                         NGX_MULTISOURCE_VIEW_WINDOW, MAX_MEM_LEVEL - 1,
                         Z_DEFAULT_STRATEGY)
            != Z_OK)
        {
            return;
        }

        ngx_multisource_view_zlib_ready = 1;
    }

    level = body->plain.len > NGX_MULTISOURCE_VIEW_LARGE
            ? Z_BEST_SPEED : NGX_MULTISOURCE_VIEW_LEVEL;

    if (deflateReset(zs) != Z_OK
        || deflateParams(zs, level, Z_DEFAULT_STRATEGY) != Z_OK)
    {
        return;
    }

    len = deflateBound(zs, body->plain.len);

    room = ngx_multisource_view_room(len);
    if (room == NULL) {
        return;
    }

    zs->next_in = body->plain.data;
    zs->avail_in = body->plain.len;
    zs->next_out = room;
    zs->avail_out = len;

    if (deflate(zs, Z_FINISH) != Z_STREAM_END) {
        return;
    }

    len -= zs->avail_out;

    if (len >= body->plain.len) {
        return;
    }

    body->gzip.data = ngx_alloc(len, ngx_cycle->log);

    if (body->gzip.data) {
        ngx_memcpy(body->gzip.data, room, len);
        body->gzip.len = len;
    }
}
