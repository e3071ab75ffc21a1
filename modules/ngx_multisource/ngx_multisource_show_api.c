
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_request.h"
#include "ngx_multisource.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_show_answer.h"
#include "ngx_multisource_show_api.h"
#include "ngx_multisource_signal.h"
#include "ngx_multisource_stage.h"


#define NGX_MULTISOURCE_SHOW_API_READ  (NGX_HTTP_GET|NGX_HTTP_HEAD)


static ngx_uint_t ngx_multisource_show_api_methods(
    ngx_multisource_form_e what);
static const ngx_multisource_show_operation_t *
    ngx_multisource_show_api_operation(ngx_http_request_t *r,
    ngx_multisource_form_e what);
static ngx_int_t ngx_multisource_show_api_allow(ngx_http_request_t *r,
    ngx_uint_t methods, const char *name);
static ngx_int_t ngx_multisource_show_api_options(ngx_http_request_t *r,
    ngx_uint_t methods);
static ngx_int_t ngx_multisource_show_api_cors(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_uint_t *allowed);
static ngx_int_t ngx_multisource_show_api_signal(
    ngx_multisource_show_call_t *call);


static const ngx_multisource_show_operation_t
    ngx_multisource_show_api_operations[] = {

    { NGX_MULTISOURCE_FORM_START, NGX_HTTP_POST,
      ngx_multisource_show_host_start,
      NGX_MULTISOURCE_SHOW_API_STREAMER,
      NGX_MULTISOURCE_SHOW_API_OPTIONAL, 0 },

    { NGX_MULTISOURCE_FORM_STATUS, NGX_MULTISOURCE_SHOW_API_READ,
      ngx_multisource_show_guest_status,
      NGX_MULTISOURCE_SHOW_API_INVITED,
      NGX_MULTISOURCE_SHOW_API_NONE, 1 },

    { NGX_MULTISOURCE_FORM_JOIN, NGX_HTTP_POST,
      ngx_multisource_show_guest_join,
      NGX_MULTISOURCE_SHOW_API_ANYBODY,
      NGX_MULTISOURCE_SHOW_API_OPTIONAL, 0 },

    { NGX_MULTISOURCE_FORM_PREFERENCES, NGX_MULTISOURCE_SHOW_API_READ,
      ngx_multisource_show_guest_preferences,
      NGX_MULTISOURCE_SHOW_API_VIEWER,
      NGX_MULTISOURCE_SHOW_API_NONE, 0 },

    { NGX_MULTISOURCE_FORM_PREFERENCES, NGX_HTTP_PUT,
      ngx_multisource_show_guest_prefer,
      NGX_MULTISOURCE_SHOW_API_VIEWER,
      NGX_MULTISOURCE_SHOW_API_JSON, 0 },

    { NGX_MULTISOURCE_FORM_STOP, NGX_HTTP_POST,
      ngx_multisource_show_host_stop,
      NGX_MULTISOURCE_SHOW_API_HOST,
      NGX_MULTISOURCE_SHOW_API_NONE, 0 },

    { NGX_MULTISOURCE_FORM_EVENTS, NGX_MULTISOURCE_SHOW_API_READ,
      ngx_multisource_show_guest_events,
      NGX_MULTISOURCE_SHOW_API_INVITED,
      NGX_MULTISOURCE_SHOW_API_NONE, 1 },

    { NGX_MULTISOURCE_FORM_BEACON, NGX_HTTP_POST,
      ngx_multisource_show_guest_beacon,
      NGX_MULTISOURCE_SHOW_API_VIEWER,
      NGX_MULTISOURCE_SHOW_API_TEXT, 1 },

    { NGX_MULTISOURCE_FORM_ANALYTICS, NGX_MULTISOURCE_SHOW_API_READ,
      ngx_multisource_show_host_analytics,
      NGX_MULTISOURCE_SHOW_API_HOST,
      NGX_MULTISOURCE_SHOW_API_NONE, 1 },

    { NGX_MULTISOURCE_FORM_USAGE, NGX_MULTISOURCE_SHOW_API_READ,
      ngx_multisource_show_guest_usage,
      NGX_MULTISOURCE_SHOW_API_EITHER,
      NGX_MULTISOURCE_SHOW_API_NONE, 1 },

    { NGX_MULTISOURCE_FORM_DIRECTOR, NGX_MULTISOURCE_SHOW_API_READ,
      ngx_multisource_show_guest_on_air,
      NGX_MULTISOURCE_SHOW_API_INVITED,
      NGX_MULTISOURCE_SHOW_API_NONE, 1 },

    { NGX_MULTISOURCE_FORM_DIRECTOR, NGX_HTTP_PUT,
      ngx_multisource_show_host_direct,
      NGX_MULTISOURCE_SHOW_API_HOST,
      NGX_MULTISOURCE_SHOW_API_JSON, 0 },

    { NGX_MULTISOURCE_FORM_STREAM, NGX_HTTP_PUT,
      ngx_multisource_show_host_stream,
      NGX_MULTISOURCE_SHOW_API_HOST,
      NGX_MULTISOURCE_SHOW_API_JSON, 0 },

    { NGX_MULTISOURCE_FORM_SIGNAL_OFFER, NGX_HTTP_POST,
      ngx_multisource_show_api_signal,
      NGX_MULTISOURCE_SHOW_API_STREAMER,
      NGX_MULTISOURCE_SHOW_API_JSON, 0 },

    { NGX_MULTISOURCE_FORM_SIGNAL_CANDIDATE, NGX_HTTP_POST,
      ngx_multisource_show_api_signal,
      NGX_MULTISOURCE_SHOW_API_STREAMER,
      NGX_MULTISOURCE_SHOW_API_JSON, 0 },

    { NGX_MULTISOURCE_FORM_SIGNAL_STOP, NGX_HTTP_POST,
      ngx_multisource_show_api_signal,
      NGX_MULTISOURCE_SHOW_API_STREAMER,
      NGX_MULTISOURCE_SHOW_API_OPTIONAL, 0 }
};

#define NGX_MULTISOURCE_SHOW_API_OPERATIONS                                   \
    (sizeof(ngx_multisource_show_api_operations)                              \
     / sizeof(ngx_multisource_show_api_operations[0]))


static const struct {
    ngx_uint_t   method;
    const char  *name;
}  ngx_multisource_show_api_names[] = {
    { NGX_HTTP_GET, "GET" },
    { NGX_HTTP_HEAD, "HEAD" },
    { NGX_HTTP_OPTIONS, "OPTIONS" },
    { NGX_HTTP_POST, "POST" },
    { NGX_HTTP_PUT, "PUT" },
    { 0, NULL }
};


ngx_int_t
ngx_multisource_show_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_str_t                     rest;
    ngx_uint_t                    methods, allowed;
    ngx_multisource_show_call_t  *call;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    call = ngx_pcalloc(r->pool, sizeof(ngx_multisource_show_call_t));
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, call, ngx_multisource_http_module);

    call->request = r;
    call->conf = ngx_http_get_module_loc_conf(r, ngx_multisource_http_module);

    rest = ngx_multisource_http_rest(r);

    if (ngx_multisource_form_path(&rest, &call->path) != NGX_OK) {
        return ngx_multisource_show_answer_error(r, NGX_HTTP_NOT_FOUND,
                                              "not_found", "no such resource",
                                              NULL);
    }

    methods = ngx_multisource_show_api_methods(call->path.what);

    if (r->method & (NGX_HTTP_POST|NGX_HTTP_PUT)) {
        rc = ngx_multisource_gate_origin(r, call->conf);
        if (rc != NGX_DECLINED) {
            return rc;
        }

    } else if (ngx_multisource_show_api_cors(r, call->conf, &allowed)
               != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS) {

        if (allowed
            && ngx_multisource_show_api_allow(r, methods,
                                              "Access-Control-Allow-Methods")
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_multisource_show_api_options(r, methods);
    }

    call->operation = ngx_multisource_show_api_operation(r, call->path.what);

    if (call->operation == NULL) {

        if (ngx_multisource_show_api_allow(r, methods, "Allow") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_multisource_show_answer_error(r, NGX_HTTP_NOT_ALLOWED,
                                              "method_not_allowed",
                                              "the method is not allowed here",
                                              NULL);
    }

    if (ngx_multisource_stage_shows()->shared == NULL) {
        return ngx_multisource_show_answer_busy(r);
    }

    rc = ngx_multisource_show_caller(call);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (call->operation->body != NGX_MULTISOURCE_SHOW_API_NONE) {
        return ngx_multisource_show_read(call);
    }

    return call->operation->handler(call);
}


static ngx_uint_t
ngx_multisource_show_api_methods(ngx_multisource_form_e what)
{
    ngx_uint_t  i, methods;

    methods = NGX_HTTP_OPTIONS;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_API_OPERATIONS; i++) {
        if (ngx_multisource_show_api_operations[i].what == what) {
            methods |= ngx_multisource_show_api_operations[i].methods;
        }
    }

    return methods;
}


static const ngx_multisource_show_operation_t *
ngx_multisource_show_api_operation(ngx_http_request_t *r,
    ngx_multisource_form_e what)
{
    ngx_uint_t                               i;
    const ngx_multisource_show_operation_t  *operation;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_API_OPERATIONS; i++) {
        operation = &ngx_multisource_show_api_operations[i];

        if (operation->what == what && (operation->methods & r->method)) {
            return operation;
        }
    }

    return NULL;
}


/* a header with the names of methods */

static ngx_int_t
ngx_multisource_show_api_allow(ngx_http_request_t *r, ngx_uint_t methods,
    const char *name)
{
    u_char      *p, *value;
    ngx_uint_t   i;

    value = ngx_pcalloc(r->pool, sizeof("GET, HEAD, OPTIONS, POST, PUT"));
    if (value == NULL) {
        return NGX_ERROR;
    }

    p = value;

    for (i = 0; ngx_multisource_show_api_names[i].name; i++) {

        if (methods & ngx_multisource_show_api_names[i].method) {
            p = ngx_sprintf(p, "%s%s", p == value ? "" : ", ",
                            ngx_multisource_show_api_names[i].name);
        }
    }

    return ngx_live_answer_header(r, name, (char *) value);
}


static ngx_int_t
ngx_multisource_show_api_options(ngx_http_request_t *r, ngx_uint_t methods)
{
    if (ngx_multisource_show_api_allow(r, methods, "Allow") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_multisource_show_answer_empty(r);
}


/*
 * Looking is not refused to pages of other origins: browsers do not give them
 * the answer unless they are configured ones.
 */

static ngx_int_t
ngx_multisource_show_api_cors(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_uint_t *allowed)
{
    ngx_str_t   *origin, *found, *header;
    ngx_uint_t   i, n, from;

    *allowed = 0;

    if (mlcf->origins == NULL) {
        return NGX_OK;
    }

    if (ngx_live_answer_header(r, "Vary", "Origin") != NGX_OK) {
        return NGX_ERROR;
    }

    found = NULL;
    from = 0;

    while ((header = ngx_live_request_header(r, "origin", &from)) != NULL) {
        found = header;
    }

    origin = mlcf->origins->elts;
    n = mlcf->origins->nelts;

    for (i = 0; found && i < n; i++) {
        if (origin[i].len == found->len
            && ngx_strncasecmp(origin[i].data, found->data, origin[i].len)
               == 0)
        {
            break;
        }
    }

    if (found == NULL || i == n) {
        return NGX_OK;
    }

    *allowed = 1;

    /* values of the configuration have a NUL behind them */

    if (ngx_live_answer_header(r, "Access-Control-Allow-Origin",
                               (char *) origin[i].data)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->method != NGX_HTTP_OPTIONS) {
        return NGX_OK;
    }

    if (ngx_live_answer_header(r, "Access-Control-Allow-Headers",
                               "Authorization, Content-Type, X-Viewer-Token")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_live_answer_header(r, "Access-Control-Max-Age", "86400");
}


/* the session may not have begun yet, and then has a streamer's name only */

static ngx_int_t
ngx_multisource_show_api_signal(ngx_multisource_show_call_t *call)
{
    ngx_str_t                       streamer;
    ngx_http_request_t             *r;
    ngx_multisource_show_record_t  *record;

    r = call->request;
    streamer = call->path.id;
    record = NULL;

    if (ngx_multisource_show_caller_by_id(call) == NGX_OK) {
        record = &call->show.record;
        streamer.data = record->streamer;
        streamer.len = ngx_strlen(streamer.data);
    }

    if (streamer.len != call->streamer.len
        || ngx_memcmp(streamer.data, call->streamer.data, streamer.len) != 0)
    {
        return ngx_multisource_show_caller_foreign(call);
    }

    if (record && record->state == NGX_MULTISOURCE_SHOW_ENDED
        && call->path.what == NGX_MULTISOURCE_FORM_SIGNAL_OFFER)
    {
        return ngx_multisource_show_answer_gone(r);
    }

    return ngx_multisource_signal_handler(r, call->conf, &call->path,
                                          &call->streamer, call->body);
}
