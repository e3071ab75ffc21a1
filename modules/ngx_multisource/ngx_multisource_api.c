
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_api.h"
#include "ngx_multisource_events.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_walk.h"


typedef struct {
    ngx_str_t   streamer;
    ngx_str_t   source;
    unsigned    events:1;
} ngx_multisource_api_path_t;


static ngx_int_t ngx_multisource_api_parse(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_api_path_t *path);
static ngx_int_t ngx_multisource_api_headers(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_api_method(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_api_path_t *path);
static ngx_int_t ngx_multisource_api_streamers(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf);
static ngx_int_t ngx_multisource_api_source(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_api_path_t *path);
static ngx_int_t ngx_multisource_api_kick(ngx_http_request_t *r,
    ngx_multisource_entry_t *entry);


ngx_int_t
ngx_multisource_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_multisource_loc_conf_t  *mlcf;
    ngx_multisource_api_path_t   path;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);

    if (ngx_multisource_api_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_multisource_api_parse(r, mlcf, &path) != NGX_OK) {
        return ngx_live_answer_error(r, NGX_HTTP_NOT_FOUND, "not_found",
                                     "no such resource");
    }

    if (ngx_multisource_http_name(r, &path.streamer, &path.source) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_multisource_api_method(r, mlcf, &path);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (path.streamer.len == 0) {
        return ngx_multisource_api_streamers(r, mlcf);
    }

    /* where sources can be stopped the operator looks, and not viewers */

    if (!mlcf->kick) {
        rc = ngx_multisource_gate(r, mlcf->app, &path.streamer, &path.source,
                                  0);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (path.events) {
        return ngx_multisource_events_handler(r, mlcf, &path.streamer);
    }

    if (path.source.len) {
        return ngx_multisource_api_source(r, mlcf, &path);
    }

    return ngx_live_answer_json(r, NGX_HTTP_OK,
               ngx_multisource_json_sources(mlcf, &path.streamer));
}


static ngx_int_t
ngx_multisource_api_parse(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_api_path_t *path)
{
    u_char                    *p;
    ngx_str_t                  rest;
    ngx_multisource_naming_t  *naming;

    ngx_memzero(path, sizeof(ngx_multisource_api_path_t));

    naming = &mlcf->app->naming;
    rest = ngx_multisource_http_rest(r);

    if (rest.len == 0) {
        return mlcf->list ? NGX_OK : NGX_ERROR;
    }

    path->streamer = rest;

    p = ngx_strlchr(rest.data, rest.data + rest.len, '/');

    if (p) {
        path->streamer.len = p - rest.data;
        path->source.data = p + 1;
        path->source.len = rest.data + rest.len - path->source.data;
    }

    if (ngx_multisource_name_check_streamer(naming, &path->streamer)
        != NGX_MULTISOURCE_OK)
    {
        return NGX_ERROR;
    }

    if (p == NULL) {
        return NGX_OK;
    }

    if (path->source.len == 6
        && ngx_strncmp(path->source.data, "events", 6) == 0)
    {
        path->events = 1;
        path->source.len = 0;
        return NGX_OK;
    }

    return ngx_multisource_name_check_source(naming, &path->source)
           == NGX_MULTISOURCE_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_multisource_api_headers(ngx_http_request_t *r)
{
    if (ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_ERROR;
    }

    /* pages of other sites may look, but never end a source */

    if (r->method == NGX_HTTP_DELETE) {
        return NGX_OK;
    }

    return ngx_live_answer_header(r, "Access-Control-Allow-Origin", "*");
}


static ngx_int_t
ngx_multisource_api_method(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_api_path_t *path)
{
    ngx_str_t   empty;
    ngx_uint_t  kick;

    kick = path->source.len && mlcf->kick;

    switch (r->method) {

    case NGX_HTTP_GET:
    case NGX_HTTP_HEAD:
        return NGX_DECLINED;

    case NGX_HTTP_DELETE:
        if (kick) {
            return NGX_DECLINED;
        }

        break;

    case NGX_HTTP_OPTIONS:
        if (ngx_live_answer_header(r, "Access-Control-Allow-Methods",
                                   "GET, HEAD")
            != NGX_OK
            || ngx_live_answer_header(r, "Access-Control-Allow-Headers",
                                      "Authorization, X-Viewer-Token")
               != NGX_OK
            || ngx_live_answer_header(r, "Access-Control-Max-Age", "86400")
               != NGX_OK
            || ngx_live_answer_header(r, "Allow",
                                      kick ? "GET, HEAD, OPTIONS, DELETE"
                                           : "GET, HEAD, OPTIONS")
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_str_null(&empty);

        return ngx_live_answer_text(r, NGX_HTTP_NO_CONTENT, "text/plain",
                                    &empty);
    }

    if (ngx_live_answer_header(r, "Allow", kick ? "GET, HEAD, OPTIONS, DELETE"
                                                : "GET, HEAD, OPTIONS")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_error(r, NGX_HTTP_NOT_ALLOWED, "method_not_allowed",
                                 "the method is not allowed here");
}


static ngx_int_t
ngx_multisource_api_streamers(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf)
{
    size_t                    i;
    json_t                   *list, *name;
    ngx_multisource_walk_t    walk;
    ngx_multisource_entry_t   entry;

    list = json_array();

    ngx_memzero(&walk, sizeof(ngx_multisource_walk_t));
    walk.app = &mlcf->app->name;

    while (ngx_multisource_registry_next(&ngx_multisource_worker.registry,
                                         &walk, &entry)
           == NGX_OK)
    {
        json_array_foreach(list, i, name) {
            if (ngx_strcmp(json_string_value(name), entry.record.streamer)
                == 0)
            {
                break;
            }
        }

        if (i == json_array_size(list)
            && json_array_append_new(list,
                   json_string((char *) entry.record.streamer)) != 0)
        {
            json_decref(list);
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_live_answer_json(r, NGX_HTTP_OK, list);
}


static ngx_int_t
ngx_multisource_api_source(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_api_path_t *path)
{
    ngx_uint_t                i, n;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    n = ngx_multisource_walk_streamer(&mlcf->app->name, &path->streamer, 0,
                                      entries);

    for (i = 0; i < n; i++) {

        if (ngx_strlen(entries[i].record.source) != path->source.len
            || ngx_memcmp(entries[i].record.source, path->source.data,
                          path->source.len)
               != 0)
        {
            continue;
        }

        if (r->method == NGX_HTTP_DELETE) {
            return ngx_multisource_api_kick(r, &entries[i]);
        }

        return ngx_live_answer_json(r, NGX_HTTP_OK,
                   ngx_multisource_json_source(mlcf, &entries[i]));
    }

    return ngx_live_answer_error(r, NGX_HTTP_NOT_FOUND, "not_found",
                                 "this source is not live");
}


/*
 * The session may be in another worker: 202 says that it was told, and the
 * source is in no list from here on.
 */

static ngx_int_t
ngx_multisource_api_kick(ngx_http_request_t *r, ngx_multisource_entry_t *entry)
{
    (void) ngx_multisource_registry_end(&ngx_multisource_worker.registry,
                                        entry, NGX_MULTISOURCE_KICKED);

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "multisource: kick: streamer '%s' source '%s'",
                  entry->record.streamer, entry->record.source);

    return ngx_live_answer_json(r, NGX_HTTP_ACCEPTED,
               json_pack("{s:b,s:{s:s,s:s}}", "success", 1, "data",
                         "id", entry->record.source, "state", "stopping"));
}
