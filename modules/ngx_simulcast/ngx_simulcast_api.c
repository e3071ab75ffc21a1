
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_answer.h"
#include "ngx_live_request.h"
#include "ngx_live_text.h"
#include "ngx_simulcast_api.h"
#include "ngx_live_body.h"
#include "ngx_simulcast_events.h"


#define NGX_SIMULCAST_API_METHODS  "GET, HEAD, POST, PUT, PATCH, DELETE"


/* what is read of a request before an operation begins */

typedef enum {
    NGX_SIMULCAST_API_NONE = 0,         /* whatever there is is dropped */
    NGX_SIMULCAST_API_JSON,
    NGX_SIMULCAST_API_OPTIONAL,         /* the same, or nothing */
    NGX_SIMULCAST_API_IMAGE
} ngx_simulcast_api_body_e;


typedef struct {
    ngx_simulcast_api_pt           handler;
    ngx_uint_t                     body;
} ngx_simulcast_api_operation_t;


static ngx_int_t ngx_simulcast_api_cors(ngx_http_request_t *r,
    ngx_simulcast_loc_conf_t *slcf, ngx_uint_t *allowed);
static ngx_int_t ngx_simulcast_api_preflight(ngx_http_request_t *r);
static ngx_int_t ngx_simulcast_api_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *message,
    const char *name, const char *value);
static ngx_uint_t ngx_simulcast_api_method(ngx_http_request_t *r);
static void ngx_simulcast_api_path(ngx_http_request_t *r, ngx_str_t *path);
static ngx_int_t ngx_simulcast_api_read(ngx_http_request_t *r,
    ngx_uint_t body);
static void ngx_simulcast_api_ready(ngx_http_request_t *r);
static ngx_simulcast_api_t *ngx_simulcast_api_begin(ngx_http_request_t *r);
static void ngx_simulcast_api_cleanup(void *data);
static void ngx_simulcast_api_finish(ngx_simulcast_api_t *api,
    ngx_uint_t status, json_t *json, ngx_uint_t retry);
static void ngx_simulcast_api_free(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_shown(ngx_simulcast_api_t *api);


/* by ngx_simulcast_route_e; NULL: an event stream */

static const ngx_simulcast_api_operation_t  ngx_simulcast_api_operations[] = {
    { ngx_simulcast_api_destinations_list, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_destinations_create, NGX_SIMULCAST_API_JSON },
    { ngx_simulcast_api_destinations_get, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_destinations_patch, NGX_SIMULCAST_API_JSON },
    { ngx_simulcast_api_destinations_delete, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_test_destination, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_accounts_refresh, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_destinations_thumbnail, NGX_SIMULCAST_API_IMAGE },
    { ngx_simulcast_api_accounts_auth_url, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_accounts_exchange, NGX_SIMULCAST_API_JSON },
    { ngx_simulcast_api_accounts_pages, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_simulcast_start, NGX_SIMULCAST_API_OPTIONAL },
    { ngx_simulcast_api_simulcast_stop, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_look_status, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_look_health, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_look_metrics, NGX_SIMULCAST_API_NONE },
    { NULL, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_simulcast_start_one, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_simulcast_stop_one, NGX_SIMULCAST_API_NONE },
    { ngx_simulcast_api_simulcast_disable_one, NGX_SIMULCAST_API_NONE }
};


ngx_int_t
ngx_simulcast_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                             rc;
    ngx_str_t                             token, path;
    ngx_uint_t                            origin, from;
    const char                           *allow;
    ngx_simulcast_api_t                  *api;
    ngx_simulcast_api_ctx_t              *ctx;
    ngx_simulcast_loc_conf_t             *slcf;
    const ngx_simulcast_api_operation_t  *operation;

    slcf = ngx_http_get_module_loc_conf(r, ngx_simulcast_http_module);

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_simulcast_api_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_simulcast_http_module);

    if (ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK
        || ngx_simulcast_api_cors(r, slcf, &origin) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a browser asks without its token whether it may ask with it */

    from = 0;

    if (r->method == NGX_HTTP_OPTIONS && origin
        && ngx_live_request_header(r, "access-control-request-method", &from))
    {
        return ngx_simulcast_api_preflight(r);
    }

    if (ngx_live_request_bearer(r, &token) != NGX_OK) {
        return ngx_simulcast_api_refuse(r, NGX_HTTP_UNAUTHORIZED,
                   "unauthorized", "an API token is needed: \"Authorization: "
                   "Bearer TOKEN\"", "WWW-Authenticate",
                   "Bearer realm=\"simulcast\"");
    }

    ctx->token = ngx_simulcast_tokens_find(slcf->tokens, &token);

    if (ctx->token == NULL) {
        return ngx_simulcast_api_refuse(r, NGX_HTTP_UNAUTHORIZED,
                   "unauthorized", "this API token is not known",
                   "WWW-Authenticate",
                   "Bearer realm=\"simulcast\", error=\"invalid_token\"");
    }

    ngx_simulcast_api_path(r, &path);

    rc = ngx_simulcast_route_parse(ngx_simulcast_api_method(r), &path,
                                   &ctx->route, &allow);

    if (rc == NGX_DECLINED) {
        return ngx_simulcast_api_refuse(r, NGX_HTTP_NOT_FOUND, "not_found",
                                        "no such resource", NULL, NULL);
    }

    if (rc != NGX_OK) {
        return ngx_simulcast_api_refuse(r, NGX_HTTP_NOT_ALLOWED,
                   "method_not_allowed", "the method is not allowed here",
                   "Allow", allow);
    }

    if (ctx->route.streamer[0]
        && ngx_strcmp(ctx->token->streamer, "*") != 0
        && ngx_strcmp(ctx->token->streamer, ctx->route.streamer) != 0)
    {
        return ngx_simulcast_api_refuse(r, NGX_HTTP_FORBIDDEN, "forbidden",
                   "the API token is not of this streamer", NULL, NULL);
    }

    operation = &ngx_simulcast_api_operations[ctx->route.route];

    if (operation->handler == NULL) {
        return ngx_simulcast_events_handler(r, &ctx->route);
    }

    if (operation->body != NGX_SIMULCAST_API_NONE) {
        return ngx_simulcast_api_read(r, operation->body);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    api = ngx_simulcast_api_begin(r);
    if (api == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    operation->handler(api);

    return NGX_DONE;
}


/* *allowed: the request comes from a page that may read the answer */

static ngx_int_t
ngx_simulcast_api_cors(ngx_http_request_t *r, ngx_simulcast_loc_conf_t *slcf,
    ngx_uint_t *allowed)
{
    ngx_str_t   *origin;
    ngx_uint_t   from;

    *allowed = 0;

    if (slcf->cors.len == 0) {
        return NGX_OK;
    }

    from = 0;
    origin = ngx_live_request_header(r, "origin", &from);

    if (slcf->cors.len == 1 && slcf->cors.data[0] == '*') {

        *allowed = origin != NULL;

        return ngx_live_answer_header(r, "Access-Control-Allow-Origin", "*")
               != NGX_OK
               || ngx_live_answer_header(r, "Access-Control-Expose-Headers",
                                         "Retry-After")
                  != NGX_OK
               ? NGX_ERROR : NGX_OK;
    }

    if (ngx_live_answer_header(r, "Vary", "Origin") != NGX_OK) {
        return NGX_ERROR;
    }

    if (origin == NULL || origin->len != slcf->cors.len
        || ngx_memcmp(origin->data, slcf->cors.data, origin->len) != 0)
    {
        return NGX_OK;
    }

    *allowed = 1;

    /* values of headers and of the configuration have a NUL behind them */

    return ngx_live_answer_header(r, "Access-Control-Allow-Origin",
                                  (char *) slcf->cors.data)
           != NGX_OK
           || ngx_live_answer_header(r, "Access-Control-Expose-Headers",
                                     "Retry-After")
              != NGX_OK
           ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_simulcast_api_preflight(ngx_http_request_t *r)
{
    ngx_str_t  empty;

    if (ngx_live_answer_header(r, "Access-Control-Allow-Methods",
                               NGX_SIMULCAST_API_METHODS)
        != NGX_OK
        || ngx_live_answer_header(r, "Access-Control-Allow-Headers",
                                  "Authorization, Content-Type")
           != NGX_OK
        || ngx_live_answer_header(r, "Access-Control-Max-Age", "86400")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_null(&empty);

    return ngx_live_answer_text(r, NGX_HTTP_NO_CONTENT, "text/plain", &empty);
}


/* before an operation has begun; with a header, if named */

static ngx_int_t
ngx_simulcast_api_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message, const char *name,
    const char *value)
{
    if (name && ngx_live_answer_header(r, name, value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_error(r, status, code, message);
}


static ngx_uint_t
ngx_simulcast_api_method(ngx_http_request_t *r)
{
    switch (r->method) {

    case NGX_HTTP_GET:
        return NGX_SIMULCAST_METHOD_GET;

    case NGX_HTTP_HEAD:
        return NGX_SIMULCAST_METHOD_HEAD;

    case NGX_HTTP_POST:
        return NGX_SIMULCAST_METHOD_POST;

    case NGX_HTTP_PUT:
        return NGX_SIMULCAST_METHOD_PUT;

    case NGX_HTTP_PATCH:
        return NGX_SIMULCAST_METHOD_PATCH;

    case NGX_HTTP_DELETE:
        return NGX_SIMULCAST_METHOD_DELETE;

    default:
        return NGX_SIMULCAST_METHOD_OTHER;
    }
}


static void
ngx_simulcast_api_path(ngx_http_request_t *r, ngx_str_t *path)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* "rewrite ... break" leaves the location, but not its prefix */

    path->len = r->uri.len > clcf->name.len ? r->uri.len - clcf->name.len : 0;
    path->data = r->uri.data + r->uri.len - path->len;

    if (path->len && path->data[0] == '/'
        && clcf->name.len && clcf->name.data[clcf->name.len - 1] != '/')
    {
        path->data++;
        path->len--;
    }
}


static ngx_int_t
ngx_simulcast_api_read(ngx_http_request_t *r, ngx_uint_t body)
{
    off_t       max, len;
    ngx_int_t   rc;
    ngx_uint_t  typed;

    len = r->headers_in.content_length_n;
    max = NGX_LIVE_BODY_MAX;
    typed = ngx_live_request_type(r, "application/json");

    if (body == NGX_SIMULCAST_API_IMAGE) {
        max = NGX_SIMULCAST_API_THUMBNAIL;
        typed = ngx_live_request_type(r, "image/jpeg")
                || ngx_live_request_type(r, "image/png");

    } else if (body == NGX_SIMULCAST_API_OPTIONAL
               && len <= 0 && !r->headers_in.chunked)
    {
        typed = 1;
    }

    if (!typed) {
        return ngx_simulcast_api_refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                   "unsupported_media_type",
                   body == NGX_SIMULCAST_API_IMAGE
                       ? "the body must be of type image/jpeg or image/png"
                       : "the body must be of type application/json",
                   NULL, NULL);
    }

    if (len > max) {
        return ngx_simulcast_api_refuse(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                   "body_too_large", "the body is too large", NULL, NULL);
    }

    rc = ngx_http_read_client_request_body(r, ngx_simulcast_api_ready);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_simulcast_api_ready(ngx_http_request_t *r)
{
    size_t                                max;
    ngx_int_t                             rc;
    ngx_simulcast_api_t                  *api;
    ngx_live_body_error_t                 error;
    const ngx_simulcast_api_operation_t  *operation;

    api = ngx_simulcast_api_begin(r);

    if (api == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    operation = &ngx_simulcast_api_operations[api->route.route];

    max = operation->body == NGX_SIMULCAST_API_IMAGE
          ? NGX_SIMULCAST_API_THUMBNAIL : NGX_LIVE_BODY_MAX;

    rc = ngx_live_request_body(r, api->pool, max, &api->data);

    if (rc == NGX_ERROR) {
        ngx_simulcast_api_failed(api);
        return;
    }

    /* a chunked one has told no length before */

    if (rc != NGX_OK) {
        ngx_simulcast_api_error(api, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                "body_too_large", "the body is too large",
                                NULL, 0);
        return;
    }

    if (operation->body == NGX_SIMULCAST_API_IMAGE
        || (operation->body == NGX_SIMULCAST_API_OPTIONAL
            && api->data.len == 0))
    {
        operation->handler(api);
        return;
    }

    api->body = ngx_live_body_parse(api->data.data, api->data.len,
                                    &error);

    /* it may have had a key */

    if (api->data.len) {
        ngx_explicit_memzero(api->data.data, api->data.len);
        api->data.len = 0;
    }

    if (api->body == NULL) {

        if (error.field[0]) {
            ngx_simulcast_api_invalid(api, error.field, error.message);

        } else {
            ngx_simulcast_api_error(api, NGX_HTTP_BAD_REQUEST, "invalid_json",
                                    error.message, NULL, 0);
        }

        return;
    }

    operation->handler(api);
}


static ngx_simulcast_api_t *
ngx_simulcast_api_begin(ngx_http_request_t *r)
{
    u_char                   *p;
    ngx_pool_t               *pool;
    ngx_uint_t                i;
    ngx_http_cleanup_t       *cln;
    ngx_simulcast_api_t      *api;
    ngx_simulcast_api_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_simulcast_http_module);

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    pool = ngx_create_pool(2048, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    api = ngx_pcalloc(pool, sizeof(ngx_simulcast_api_t));
    if (api == NULL) {
        goto failed;
    }

    api->live = json_object();
    if (api->live == NULL) {
        goto failed;
    }

    api->pool = pool;
    api->request = r;
    api->route = ctx->route;

    ngx_memcpy(api->scope, ctx->token->streamer, sizeof(api->scope));
    ngx_memcpy(api->id, ctx->route.id, sizeof(api->id));

    p = api->owner;

    for (i = 0; i < sizeof(ctx->token->digest); i++) {
        p = ngx_live_text_hex(p, ctx->token->digest[i], 2,
                              NGX_LIVE_TEXT_LOWER);
    }

    ctx->api = api;

    cln->handler = ngx_simulcast_api_cleanup;
    cln->data = ctx;

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    return api;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


static void
ngx_simulcast_api_cleanup(void *data)
{
    ngx_simulcast_api_ctx_t *ctx = data;

    ngx_simulcast_api_t  *api;

    api = ctx->api;

    if (api == NULL) {
        return;
    }

    ctx->api = NULL;
    api->request = NULL;

    if (api->probe) {
        ngx_simulcast_api_test_cancel(api);
        ngx_simulcast_api_free(api);
    }
}


static void
ngx_simulcast_api_finish(ngx_simulcast_api_t *api, ngx_uint_t status,
    json_t *json, ngx_uint_t retry)
{
    u_char                   *p;
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_simulcast_api_ctx_t  *ctx;

    r = api->request;

    if (r) {
        ctx = ngx_http_get_module_ctx(r, ngx_simulcast_http_module);
        ctx->api = NULL;
    }

    ngx_simulcast_api_free(api);

    if (r == NULL) {
        json_decref(json);
        return;
    }

    c = r->connection;

    if (retry) {
        p = ngx_pcalloc(r->pool, NGX_INT_T_LEN + 1);

        if (p) {
            (void) ngx_sprintf(p, "%ui", retry);
            (void) ngx_live_answer_header(r, "Retry-After", (char *) p);
        }
    }

    rc = ngx_live_answer_json(r, status, json);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_simulcast_api_free(ngx_simulcast_api_t *api)
{
    ngx_uint_t  i;

    if (api->destination) {
        ngx_simulcast_store_release(api->destination);
    }

    for (i = 0; i < api->n; i++) {
        ngx_simulcast_store_release(api->list[i]);
    }

    json_decref(api->body);
    json_decref(api->live);
    json_decref(api->session);

    ngx_destroy_pool(api->pool);
}


void
ngx_simulcast_api_data(ngx_simulcast_api_t *api, ngx_uint_t status,
    json_t *data)
{
    ngx_simulcast_api_finish(api, status,
                             data ? json_pack("{s:b,s:o}", "success", 1,
                                              "data", data)
                                  : NULL, 0);
}


void
ngx_simulcast_api_message(ngx_simulcast_api_t *api, const char *message)
{
    ngx_simulcast_api_finish(api, NGX_HTTP_OK,
                             json_pack("{s:b,s:s}", "success", 1,
                                       "message", message), 0);
}


void
ngx_simulcast_api_error(ngx_simulcast_api_t *api, ngx_uint_t status,
    const char *code, const char *message, const char *field,
    ngx_uint_t retry)
{
    json_t  *json;

    json = json_pack("{s:b,s:{s:s,s:s}}", "success", 0, "error",
                     "code", code, "message", message);

    if (json && field) {
        json_object_set_new(json_object_get(json, "error"), "field",
                            json_string(field));
    }

    ngx_simulcast_api_finish(api, status, json, retry);
}


void
ngx_simulcast_api_invalid(ngx_simulcast_api_t *api, const char *field,
    const char *message)
{
    ngx_simulcast_api_error(api, NGX_HTTP_BAD_REQUEST, "invalid_field",
                            message, field, 0);
}


void
ngx_simulcast_api_unknown(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_error(api, NGX_HTTP_NOT_FOUND, "not_found",
                            "there is no such destination", NULL, 0);
}


void
ngx_simulcast_api_failed(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_error(api, NGX_HTTP_INTERNAL_SERVER_ERROR,
                            "internal_error", "out of memory, or a like fault",
                            NULL, 0);
}


void
ngx_simulcast_api_away(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE,
                            "redis_unavailable",
                            "Redis is away; what is live goes on", NULL, 1);
}


void
ngx_simulcast_api_show(ngx_simulcast_api_t *api, ngx_uint_t status,
    const char *state)
{
    api->status = status;

    if (state) {
        ngx_simulcast_api_data(api, status,
            ngx_simulcast_api_json_destination(api, api->destination, state));
        return;
    }

    ngx_simulcast_step_lives(api, ngx_simulcast_api_shown);
}


static void
ngx_simulcast_api_shown(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_data(api, api->status,
        ngx_simulcast_api_json_destination(api, api->destination, NULL));
}
