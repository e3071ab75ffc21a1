
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_origin.h"
#include "ngx_multisource_play.h"


#define NGX_MULTISOURCE_PLAY_FILE_MAX  128


static ngx_int_t ngx_multisource_play_as_is(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *rest);
static ngx_int_t ngx_multisource_play_may(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *rest);
static ngx_int_t ngx_multisource_play_named(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *name);
static ngx_uint_t ngx_multisource_play_file(ngx_str_t *file);
static ngx_uint_t ngx_multisource_play_suffix(ngx_str_t *s, const char *suffix);
static ngx_uint_t ngx_multisource_play_numbered(ngx_str_t *file,
    ngx_str_t *name);
static ngx_int_t ngx_multisource_play_uri(ngx_http_request_t *r,
    ngx_str_t *name, ngx_str_t *file, ngx_uint_t nested, ngx_str_t *uri);
static ngx_uint_t ngx_multisource_play_exists(ngx_http_request_t *r,
    ngx_str_t *uri);
static ngx_int_t ngx_multisource_play_headers(ngx_http_request_t *r);


ngx_int_t
ngx_multisource_play_handler(ngx_http_request_t *r)
{
    u_char                      *p, *last;
    u_char                       buf[NGX_MULTISOURCE_NAME_MAX * 2
                                     + NGX_MULTISOURCE_SEP_MAX + 1];
    ngx_int_t                    rc;
    ngx_str_t                    rest, streamer, source, file, name, uri;
    ngx_uint_t                   nested;
    ngx_multisource_naming_t    *naming;
    ngx_multisource_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);

    if (mlcf->serves != NGX_MULTISOURCE_LOCATION_PLAY
        || ngx_http_get_module_ctx(r, ngx_multisource_http_module))
    {
        return NGX_DECLINED;
    }

    if (mlcf->app->hls) {
        r->content_handler = ngx_multisource_origin_handler;
        return NGX_DECLINED;
    }

    if (ngx_live_answer_header(r, "Access-Control-Allow-Origin", "*")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rest = ngx_multisource_http_rest(r);
    last = rest.data + rest.len;
    naming = &mlcf->app->naming;

    streamer.data = rest.data;

    p = ngx_strlchr(streamer.data, last, '/');
    if (p == NULL) {
        return ngx_multisource_play_as_is(r, mlcf->app, &rest);
    }

    streamer.len = p - streamer.data;
    source.data = p + 1;

    p = ngx_strlchr(source.data, last, '/');
    if (p == NULL) {
        return ngx_multisource_play_as_is(r, mlcf->app, &rest);
    }

    source.len = p - source.data;
    file.data = p + 1;
    file.len = last - file.data;

    if (ngx_multisource_name_check_streamer(naming, &streamer)
        != NGX_MULTISOURCE_OK
        || ngx_multisource_name_check_source(naming, &source)
           != NGX_MULTISOURCE_OK
        || !ngx_multisource_play_file(&file))
    {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_multisource_http_name(r, &streamer, &source) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_multisource_gate(r, mlcf->app, &streamer, &source, 1);

    if (rc != NGX_DECLINED) {
        /* in this phase the value would not end the request */

        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    name.data = buf;
    name.len = ngx_multisource_name_public(naming, &streamer, &source, buf);

    for (nested = 1; /* void */ ; nested = 0) {

        if (ngx_multisource_play_uri(r, &name, &file, nested, &uri)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_multisource_play_exists(r, &uri)) {
            break;
        }

        if (!nested) {
            /* a file of another kind, or, without a line in the log, nothing */
            return ngx_multisource_play_exists(r, &r->uri)
                   ? ngx_multisource_play_as_is(r, NULL, NULL)
                   : NGX_HTTP_NOT_FOUND;
        }
    }

    r->uri = uri;

    return ngx_multisource_play_headers(r) == NGX_OK
           ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* a path of another shape, such as those of before; of whom it is not known to
   be by now, if there is a rest */

static ngx_int_t
ngx_multisource_play_as_is(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *rest)
{
    ngx_int_t  rc;

    if (!ngx_multisource_play_exists(r, &r->uri)) {
        return NGX_DECLINED;
    }

    if (rest) {
        rc = ngx_multisource_play_may(r, app, rest);

        if (rc != NGX_DECLINED) {
            ngx_http_finalize_request(r, rc);
            return NGX_DONE;
        }
    }

    return ngx_multisource_play_headers(r) == NGX_OK
           ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/*
 * NAME/..., NAME.m3u8 or NAME-7.ts, as nginx-rtmp names them: the beginning is
 * the public name of a stream. With a number behind it NAME-7 may be one, too.
 */

static ngx_int_t
ngx_multisource_play_may(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *rest)
{
    size_t      n;
    ngx_int_t   rc;
    ngx_str_t   name;

    name.data = rest->data;
    name.len = 0;

    while (name.len < rest->len && rest->data[name.len] != '/'
           && rest->data[name.len] != '.')
    {
        name.len++;
    }

    if (name.len < rest->len && rest->data[name.len] == '.') {

        for (n = name.len; n && rest->data[n - 1] >= '0'
                           && rest->data[n - 1] <= '9'; n--)
        {
            /* void */
        }

        if (n > 1 && n < name.len && rest->data[n - 1] == '-') {

            rc = ngx_multisource_play_named(r, app, &name);
            if (rc != NGX_DECLINED) {
                return rc;
            }

            name.len = n - 1;
        }
    }

    return ngx_multisource_play_named(r, app, &name);
}


static ngx_int_t
ngx_multisource_play_named(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *name)
{
    u_char     *after;
    ngx_str_t   streamer, source;

    streamer.data = name->data;
    streamer.len = ngx_multisource_name_cut(&app->naming, name, 0, &after);

    if (ngx_multisource_name_check_streamer(&app->naming, &streamer)
        != NGX_MULTISOURCE_OK)
    {
        return NGX_DECLINED;
    }

    source = app->naming.default_source;

    if (after) {
        source.data = after;
        source.len = name->data + name->len - after;
    }

    return ngx_multisource_gate(r, app, &streamer, &source, 1);
}


static ngx_uint_t
ngx_multisource_play_file(ngx_str_t *file)
{
    u_char  ch;
    size_t  i;

    if (file->len == 0 || file->len > NGX_MULTISOURCE_PLAY_FILE_MAX
        || file->data[0] == '.')
    {
        return 0;
    }

    for (i = 0; i < file->len; i++) {
        ch = file->data[i];

        if (!(ch >= 'a' && ch <= 'z') && !(ch >= 'A' && ch <= 'Z')
            && !(ch >= '0' && ch <= '9') && ch != '_' && ch != '-'
            && ch != '.' && ch != '~')
        {
            return 0;
        }
    }

    return ngx_multisource_play_suffix(file, ".m3u8")
           || ngx_multisource_play_suffix(file, ".ts")
           || ngx_multisource_play_suffix(file, ".key");
}


static ngx_uint_t
ngx_multisource_play_suffix(ngx_str_t *s, const char *suffix)
{
    size_t  len;

    len = ngx_strlen(suffix);

    return s->len > len
           && ngx_memcmp(s->data + s->len - len, suffix, len) == 0;
}


/* NAME-7.ts or NAME-7.key; NAME-b-7.ts belongs to the stream NAME-b */

static ngx_uint_t
ngx_multisource_play_numbered(ngx_str_t *file, ngx_str_t *name)
{
    u_char  *p, *last;

    if (file->len <= name->len
        || ngx_memcmp(file->data, name->data, name->len) != 0
        || file->data[name->len] != '-')
    {
        return 0;
    }

    p = file->data + name->len + 1;
    last = file->data + file->len;

    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p < last && *p == '.';
}


static ngx_int_t
ngx_multisource_play_uri(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *file, ngx_uint_t nested, ngx_str_t *uri)
{
    u_char                    *p;
    ngx_uint_t                 index;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    uri->data = ngx_pnalloc(r->pool, clcf->name.len + name->len + 1
                                     + file->len + sizeof(".m3u8"));
    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    index = file->len == sizeof("index.m3u8") - 1
            && ngx_memcmp(file->data, "index.m3u8", file->len) == 0;

    p = ngx_cpymem(uri->data, clcf->name.data, clcf->name.len);

    if (nested) {
        p = ngx_cpymem(p, name->data, name->len);
        *p++ = '/';
        p = ngx_cpymem(p, file->data, file->len);

    } else if (index) {
        p = ngx_cpymem(p, name->data, name->len);
        p = ngx_cpymem(p, ".m3u8", sizeof(".m3u8") - 1);

    } else if (ngx_multisource_play_numbered(file, name)) {
        p = ngx_cpymem(p, file->data, file->len);

    } else {
        /* another stream's file */
        uri->len = 0;
        return NGX_OK;
    }

    uri->len = p - uri->data;

    return NGX_OK;
}


static ngx_uint_t
ngx_multisource_play_exists(ngx_http_request_t *r, ngx_str_t *uri)
{
    size_t            root;
    u_char           *last;
    ngx_str_t         path, saved;
    ngx_file_info_t   fi;

    if (uri->len == 0) {
        return 0;
    }

    saved = r->uri;
    r->uri = *uri;

    last = ngx_http_map_uri_to_path(r, &path, &root, 0);

    r->uri = saved;

    return last && ngx_file_info(path.data, &fi) != NGX_FILE_ERROR
           && ngx_is_file(&fi);
}


static ngx_int_t
ngx_multisource_play_headers(ngx_http_request_t *r)
{
    ngx_str_t  *type, uri;

    static ngx_str_t  playlist = ngx_string("application/vnd.apple.mpegurl");
    static ngx_str_t  segment = ngx_string("video/mp2t");

    uri = r->uri;
    type = NULL;

    if (ngx_multisource_play_suffix(&uri, ".m3u8")) {
        type = &playlist;

        /* it changes with every segment, under the same name */

        if (ngx_live_answer_header(r, "Cache-Control", "no-cache") != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ngx_multisource_play_suffix(&uri, ".ts")) {
        type = &segment;

        /* numbering may start anew with the next publish */

        if (ngx_live_answer_header(r, "Cache-Control", "max-age=10")
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (type) {
        r->headers_out.content_type = *type;
        r->headers_out.content_type_len = type->len;
    }

    return NGX_OK;
}
