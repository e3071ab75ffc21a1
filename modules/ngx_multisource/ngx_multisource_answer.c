
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_answer.h"
#include "ngx_multisource_disk.h"


#define NGX_MULTISOURCE_ANSWER_LIST  "application/vnd.apple.mpegurl"


static ngx_int_t ngx_multisource_answer_missing(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_answer_error(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *message);
static ngx_int_t ngx_multisource_answer_list(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_answer_send(ngx_http_request_t *r,
    ngx_multisource_body_t *body, const char *cache, ngx_uint_t gzip);
static void ngx_multisource_answer_sent(void *data);
static ngx_int_t ngx_multisource_answer_vary(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_answer_part(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_answer_segment(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_answer_preview(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);
static const char *ngx_multisource_answer_type(ngx_multisource_view_t *view);
static ngx_int_t ngx_multisource_answer_file(ngx_http_request_t *r,
    const ngx_str_t *file, off_t offset, off_t size, const char *type,
    const char *cache);
static ngx_int_t ngx_multisource_answer_range(ngx_http_request_t *r,
    const ngx_str_t *file, off_t offset, off_t size, ngx_chain_t *out,
    time_t *mtime);
static ngx_int_t ngx_multisource_answer_media(ngx_http_request_t *r,
    ngx_chain_t *out, const char *type, const char *cache,
    const ngx_str_t *name);
static ngx_int_t ngx_multisource_answer_path(ngx_http_request_t *r,
    const ngx_str_t *file, ngx_str_t *path);
static ngx_int_t ngx_multisource_answer_open(ngx_http_request_t *r,
    ngx_str_t *path, ngx_open_file_info_t *of);
static ngx_int_t ngx_multisource_answer_etag(ngx_http_request_t *r,
    const ngx_str_t *name);
static ngx_table_elt_t *ngx_multisource_answer_field(ngx_http_request_t *r,
    const char *name, const char *value);


/* parts and segments never change, and their names are never used again */

static const char  ngx_multisource_answer_forever[] =
                       "public, max-age=3600, immutable";

/* pages show a new one every few seconds */

static const char  ngx_multisource_answer_shortly[] = "max-age=5";


ngx_int_t
ngx_multisource_answer(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    ngx_http_request_t  *r;

    r = ask->request;

    switch (ask->verdict) {

    case NGX_MULTISOURCE_ASK_MISSING:
        return ngx_multisource_answer_missing(r);

    case NGX_MULTISOURCE_ASK_BAD:
        return ngx_multisource_answer_error(r, NGX_HTTP_BAD_REQUEST,
                                            "bad_directive", ask->why);

    case NGX_MULTISOURCE_ASK_AHEAD:
        return ngx_multisource_answer_error(r, NGX_HTTP_BAD_REQUEST,
                                            "too_far_ahead",
                                            "the playlist is not that far");

    case NGX_MULTISOURCE_ASK_LATE:
        return ngx_multisource_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "not_in_time",
                                            "the media did not come in time");

    case NGX_MULTISOURCE_ASK_FULL:
        return ngx_multisource_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "busy",
                                            "too many requests are waiting");
    }

    switch (ask->kind) {

    case NGX_MULTISOURCE_ASK_MEDIA:
    case NGX_MULTISOURCE_ASK_SOURCE:
    case NGX_MULTISOURCE_ASK_SOURCES:
        return ngx_multisource_answer_list(ask, view);
    }

    if (ask->verdict == NGX_MULTISOURCE_ASK_LEAVE) {

        /* it will come, and others will have it */

        return ngx_multisource_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "shutting_down",
                                            "ask again: another worker will "
                                            "answer");
    }

    switch (ask->kind) {

    case NGX_MULTISOURCE_ASK_PART:
        return ngx_multisource_answer_part(ask, view);

    case NGX_MULTISOURCE_ASK_SEGMENT:
        return ngx_multisource_answer_segment(ask, view);

    case NGX_MULTISOURCE_ASK_INIT:
        return ngx_multisource_answer_file(r, &ask->file, 0, -1,
                                           ngx_multisource_answer_type(view),
                                           ngx_multisource_answer_forever);

    case NGX_MULTISOURCE_ASK_PREVIEW:
        return ngx_multisource_answer_preview(ask, view);

    default: /* NGX_MULTISOURCE_ASK_VOD */

        /* without an epoch it is the newest, and becomes another one */

        return ngx_multisource_answer_file(r, &ask->file, 0, -1,
                                           NGX_MULTISOURCE_ANSWER_LIST,
                                           ask->epoch ? "max-age=3600"
                                                      : "max-age=10");
    }
}


/* it may be there any moment */

static ngx_int_t
ngx_multisource_answer_missing(ngx_http_request_t *r)
{
    if (ngx_live_answer_header(r, "Cache-Control", "max-age=1") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_NOT_FOUND;
}


static ngx_int_t
ngx_multisource_answer_error(ngx_http_request_t *r, ngx_uint_t status,
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
ngx_multisource_answer_list(ngx_multisource_ask_t *ask,
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

    if (ask->kind == NGX_MULTISOURCE_ASK_SOURCES) {
        body = ngx_multisource_view_sources(view, gzip, &rc);

    } else {
        kind = ask->kind == NGX_MULTISOURCE_ASK_SOURCE
               ? NGX_MULTISOURCE_VIEW_SOURCE
               : ask->directives.skip ? NGX_MULTISOURCE_VIEW_DELTA
                                      : NGX_MULTISOURCE_VIEW_MEDIA;

        body = ngx_multisource_view_body(view, kind, gzip);
    }

    if (body == NULL) {
        return ngx_multisource_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "not_available",
                                            "there is no playlist now");
    }

    /* what was asked for is still to come, and not to be kept in its place */

    cache = ask->verdict == NGX_MULTISOURCE_ASK_LEAVE ? "no-store"
            : ask->directives.has_msn ? (char *) body->blocking
                                      : (char *) body->age;

    return ngx_multisource_answer_send(r, body, cache, gzip);
}


/* takes over the reference to the body */

static ngx_int_t
ngx_multisource_answer_send(ngx_http_request_t *r,
    ngx_multisource_body_t *body, const char *cache, ngx_uint_t gzip)
{
    ngx_str_t           *text;
    ngx_table_elt_t     *h;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (cln == NULL) {
        ngx_multisource_view_release(body);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_multisource_answer_sent;
    cln->data = body;

    text = &body->plain;

    if (gzip && body->gzip.len) {
        text = &body->gzip;

        h = ngx_multisource_answer_field(r, "Content-Encoding", "gzip");
        if (h == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        /* so that the gzip filter leaves it alone */
        r->headers_out.content_encoding = h;
    }

    if (ngx_multisource_answer_vary(r) != NGX_OK
        || ngx_live_answer_header(r, "Cache-Control", cache) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text->len;
    ngx_str_set(&r->headers_out.content_type, NGX_MULTISOURCE_ANSWER_LIST);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    return ngx_live_answer_body(r, text);
}


static void
ngx_multisource_answer_sent(void *data)
{
    ngx_multisource_view_release(data);
}


/* once: with gzip_vary on, nginx writes it itself where this flag is set */

static ngx_int_t
ngx_multisource_answer_vary(ngx_http_request_t *r)
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
ngx_multisource_answer_part(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    u_char                            name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    ngx_int_t                         rc;
    ngx_str_t                         file;
    ngx_multisource_index_part_t      part;
    ngx_multisource_index_segment_t   segment;

    if (!view->mapped) {
        return ngx_multisource_answer_missing(ask->request);
    }

    rc = ngx_multisource_index_find_part(&view->index, ask->number, ask->part,
                                         &segment, &part);

    if (rc == NGX_AGAIN) {
        ask->verdict = NGX_MULTISOURCE_ASK_LATE;
        return ngx_multisource_answer(ask, view);
    }

    if (rc != NGX_OK
        || segment.epoch != ask->epoch
        || part.bytes == 0
        || (part.flags & NGX_MULTISOURCE_INDEX_GAP))
    {
        return ngx_multisource_answer_missing(ask->request);
    }

    file.data = name;
    file.len = ngx_multisource_index_name_segment(name, ask->epoch,
                                                  ask->number)
               - name;

    return ngx_multisource_answer_file(ask->request, &file, part.offset,
                                       part.bytes,
                                       ngx_multisource_answer_type(view),
                                       ngx_multisource_answer_forever);
}


/*
 * A segment that the index knows has the size that it says. Others belong to a
 * kept playlist, and are complete.
 */

static ngx_int_t
ngx_multisource_answer_segment(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    off_t                             size;
    ngx_int_t                         rc;
    ngx_multisource_index_segment_t   segment;

    size = -1;

    if (view && view->mapped) {

        rc = ngx_multisource_index_find(&view->index, ask->number, &segment);

        if (rc == NGX_AGAIN) {
            ask->verdict = NGX_MULTISOURCE_ASK_LATE;
            return ngx_multisource_answer(ask, view);
        }

        if (rc == NGX_OK && segment.epoch == ask->epoch) {

            if (segment.bytes == 0) {
                return ngx_multisource_answer_missing(ask->request);
            }

            size = segment.bytes;
        }
    }

    return ngx_multisource_answer_file(ask->request, &ask->file, 0, size,
                                       ngx_multisource_answer_type(view),
                                       ngx_multisource_answer_forever);
}


/*
 * The init section and one part: a file of a picture or a few. They are two
 * ranges of files, and their name is that of the part.
 */

static ngx_int_t
ngx_multisource_answer_preview(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view)
{
    u_char                            init[NGX_MULTISOURCE_INDEX_NAME_MAX];
    u_char                            media[NGX_MULTISOURCE_INDEX_NAME_MAX];
    time_t                            mtime;
    ngx_int_t                         rc;
    ngx_str_t                         file;
    ngx_chain_t                       out[2];
    ngx_http_request_t               *r;
    ngx_multisource_index_part_t      part;
    ngx_multisource_index_segment_t   segment;

    r = ask->request;

    rc = ngx_multisource_index_find_keyed(&view->index, &segment, &part);

    if (rc == NGX_AGAIN) {
        ask->verdict = NGX_MULTISOURCE_ASK_LATE;
        return ngx_multisource_answer(ask, view);
    }

    if (rc != NGX_OK) {
        return ngx_multisource_answer_missing(r);
    }

    file.data = init;
    file.len = ngx_multisource_index_name_init(init, segment.epoch,
                                               segment.init)
               - init;

    rc = ngx_multisource_answer_range(r, &file, 0, -1, &out[0], &mtime);

    if (rc != NGX_OK) {
        return rc;
    }

    file.data = media;
    file.len = ngx_multisource_index_name_segment(media, segment.epoch,
                                                  segment.msn)
               - media;

    rc = ngx_multisource_answer_range(r, &file, part.offset, part.bytes,
                                      &out[1], &mtime);

    if (rc != NGX_OK) {
        return rc;
    }

    out[0].next = &out[1];
    out[1].next = NULL;

    return ngx_multisource_answer_media(r, out, "video/mp4",
                                        ngx_multisource_answer_shortly, &file);
}


static const char *
ngx_multisource_answer_type(ngx_multisource_view_t *view)
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
ngx_multisource_answer_file(ngx_http_request_t *r, const ngx_str_t *file,
    off_t offset, off_t size, const char *type, const char *cache)
{
    u_char       *p, *last;
    time_t        mtime;
    ngx_int_t     rc;
    ngx_str_t     name;
    ngx_chain_t   out;

    rc = ngx_multisource_answer_range(r, file, offset, size, &out, &mtime);

    if (rc != NGX_OK) {
        return rc;
    }

    out.next = NULL;

    if (cache != ngx_multisource_answer_forever) {
        r->headers_out.last_modified_time = mtime;

        return ngx_multisource_answer_media(r, &out, type, cache, NULL);
    }

    /* the last part of the path, which names these bytes and no others */

    last = r->uri.data + r->uri.len;

    for (p = last; p > r->uri.data && p[-1] != '/'; p--) {
        /* void */
    }

    name.data = p;
    name.len = last - p;

    return ngx_multisource_answer_media(r, &out, type, cache, &name);
}


/* the same as a link of a chain; NGX_OK, or the status to answer with */

static ngx_int_t
ngx_multisource_answer_range(ngx_http_request_t *r, const ngx_str_t *file,
    off_t offset, off_t size, ngx_chain_t *out, time_t *mtime)
{
    ngx_int_t              rc;
    ngx_buf_t             *b;
    ngx_str_t              path;
    ngx_file_info_t        fi;
    ngx_open_file_info_t   of;

    rc = ngx_multisource_answer_path(r, file, &path);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_multisource_answer_open(r, &path, &of);
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

            return ngx_multisource_answer_missing(r);
        }
    }

    if (size == 0) {
        return ngx_multisource_answer_missing(r);
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file_pos = offset;
    b->file_last = offset + size;

    b->in_file = 1;

    b->file->fd = of.fd;
    b->file->name = path;
    b->file->log = r->connection->log;
    b->file->directio = of.is_directio;

    out->buf = b;
    *mtime = of.mtime;

    return NGX_OK;
}


/*
 * Sends what _range() has made. `name` names these bytes and no others; NULL:
 * they are known by their time.
 */

static ngx_int_t
ngx_multisource_answer_media(ngx_http_request_t *r, ngx_chain_t *out,
    const char *type, const char *cache, const ngx_str_t *name)
{
    off_t             size;
    ngx_int_t         rc;
    ngx_chain_t      *cl;
    ngx_table_elt_t  *h;

    size = 0;

    for (cl = out; cl; cl = cl->next) {
        size += cl->buf->file_last - cl->buf->file_pos;

        if (cl->next == NULL) {
            cl->buf->last_buf = (r == r->main);
            cl->buf->last_in_chain = 1;
        }
    }

    r->connection->log->action = "sending media to client";

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = size;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    /* all is allocated before a header says that it may be kept */

    h = ngx_multisource_answer_field(r, "Cache-Control", cache);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = name ? ngx_multisource_answer_etag(r, name) : ngx_http_set_etag(r);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->allow_ranges = 1;

    /* nginx cuts several ranges out of one buffer only */

    r->single_range = (out->next != NULL);

    rc = ngx_http_send_header(r);

    if (rc > NGX_OK) {
        /* 416, of this request and not of the file */
        ngx_str_set(&h->value, "no-store");
    }

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


/* where it is; NGX_OK, or the status to answer with */

static ngx_int_t
ngx_multisource_answer_path(ngx_http_request_t *r, const ngx_str_t *file,
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
        return ngx_multisource_answer_missing(r);
    }

    ngx_memcpy(name, file->data, file->len);
    name[file->len] = '\0';

    last = ngx_multisource_disk_path(buf, mlcf->app, &ctx->streamer,
                                     &ctx->source, name);
    if (last == NULL) {
        return ngx_multisource_answer_missing(r);
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
ngx_multisource_answer_open(ngx_http_request_t *r, ngx_str_t *path,
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
        return of->is_file ? NGX_OK : ngx_multisource_answer_missing(r);
    }

    switch (of->err) {

    case 0:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    case NGX_ENOENT:
    case NGX_ENOTDIR:
    case NGX_ENAMETOOLONG:
        return ngx_multisource_answer_missing(r);

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


static ngx_int_t
ngx_multisource_answer_etag(ngx_http_request_t *r, const ngx_str_t *name)
{
    u_char                    *p;
    ngx_table_elt_t           *etag;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!clcf->etag) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, name->len + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    etag = ngx_multisource_answer_field(r, "ETag", "");
    if (etag == NULL) {
        return NGX_ERROR;
    }

    etag->value.data = p;
    etag->value.len = name->len + 2;

    *p++ = '"';
    p = ngx_cpymem(p, name->data, name->len);
    *p = '"';

    r->headers_out.etag = etag;

    return NGX_OK;
}


/* as ngx_live_answer_header(), for who needs to know it; NULL: no memory */

static ngx_table_elt_t *
ngx_multisource_answer_field(ngx_http_request_t *r, const char *name,
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
