
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_request.h"
#include "ngx_whip_endpoint.h"
#include "ngx_whip_courier.h"
#include "ngx_whip_frag.h"
#include "ngx_whip_session.h"


#define NGX_WHIP_ENDPOINT_SDP      "application/sdp"
#define NGX_WHIP_ENDPOINT_FRAG     "application/trickle-ice-sdpfrag"
#define NGX_WHIP_ENDPOINT_SESSION  "session/"

#define NGX_WHIP_ENDPOINT_METHODS  "OPTIONS, GET, HEAD, POST, PATCH, DELETE"
#define NGX_WHIP_ENDPOINT_ALLOW    "OPTIONS, GET, HEAD, POST"
#define NGX_WHIP_SESSION_ALLOW     "OPTIONS, GET, HEAD, PATCH, DELETE"


static ngx_int_t ngx_whip_endpoint_id(ngx_http_request_t *r, ngx_str_t *id);
static ngx_int_t ngx_whip_endpoint_options(ngx_http_request_t *r,
    ngx_uint_t session);
static ngx_int_t ngx_whip_endpoint_empty(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_int_t ngx_whip_endpoint_delete(ngx_http_request_t *r);
static ngx_int_t ngx_whip_endpoint_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler, size_t max);
static void ngx_whip_endpoint_post(ngx_http_request_t *r);
static void ngx_whip_endpoint_patch(ngx_http_request_t *r);
static ngx_uint_t ngx_whip_endpoint_offer(ngx_http_request_t *r,
    ngx_whip_session_ask_t *ask);
static ngx_uint_t ngx_whip_endpoint_name(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_int_t ngx_whip_endpoint_bearer(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_uint_t ngx_whip_endpoint_limits(ngx_http_request_t *r,
    ngx_whip_conf_t *conf);
static void ngx_whip_endpoint_ready(void *data, ngx_uint_t reason);
static ngx_int_t ngx_whip_endpoint_created(ngx_http_request_t *r,
    ngx_whip_session_t *s);
static ngx_int_t ngx_whip_endpoint_label(ngx_http_request_t *r,
    u_char *session);
static ngx_int_t ngx_whip_endpoint_location(ngx_http_request_t *r,
    ngx_whip_session_t *s);
static ngx_int_t ngx_whip_endpoint_order(ngx_http_request_t *r,
    ngx_whip_order_t *order);
static void ngx_whip_endpoint_outcome(void *data,
    ngx_whip_outcome_t *outcome);
static ngx_int_t ngx_whip_endpoint_told(ngx_http_request_t *r,
    ngx_whip_outcome_t *outcome);
static void ngx_whip_endpoint_cleanup(void *data);
static ngx_int_t ngx_whip_endpoint_wait(ngx_http_request_t *r);
static void ngx_whip_endpoint_finish(ngx_http_request_t *r, ngx_int_t rc);
static ngx_int_t ngx_whip_endpoint_refuse(ngx_http_request_t *r,
    ngx_uint_t reason, const char *why);
static ngx_int_t ngx_whip_endpoint_send(ngx_http_request_t *r,
    ngx_uint_t status, const char *type, u_char *p, size_t len);
static ngx_int_t ngx_whip_endpoint_header(ngx_http_request_t *r,
    const char *name, const u_char *value, size_t len);
static ngx_int_t ngx_whip_endpoint_text(ngx_http_request_t *r,
    const char *name, const char *value);


void
ngx_whip_endpoint_hide(ngx_http_request_t *r, ngx_str_t *prefix)
{
    u_char  *p, *q, *start, *last, *end;

    start = r->request_line.data;
    end = start + r->request_line.len;

    p = r->request_line.len ? ngx_strlchr(start, end, ' ') : NULL;

    if (p == NULL) {
        return;
    }

    p++;

    if ((size_t) (end - p) > prefix->len
        && ngx_strncmp(p, prefix->data, prefix->len) == 0)
    {
        p += prefix->len;

        if (p[-1] != '/' && *p == '/') {
            p++;
        }
    }

    last = end;

    if (end - p >= 9 && ngx_strncmp(end - 9, " HTTP/", 6) == 0) {
        last = end - 9;
    }

    if (last == p) {
        return;
    }

    q = ngx_pnalloc(r->pool, (p - start) + 3 + (end - last));

    if (q == NULL) {
        r->request_line.len = p - start;
        return;
    }

    r->request_line.data = q;

    q = ngx_cpymem(q, start, p - start);
    q = ngx_cpymem(q, "***", 3);
    q = ngx_cpymem(q, last, end - last);

    r->request_line.len = q - r->request_line.data;
}


ngx_int_t
ngx_whip_endpoint_take(ngx_http_request_t *r, ngx_str_t *prefix)
{
    u_char                   *p;
    ngx_whip_endpoint_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_whip_endpoint_ctx_t));
        if (ctx == NULL) {
            return NGX_ERROR;
        }

        ngx_http_set_ctx(r, ctx, ngx_whip_http_module);
    }

    ctx->taken = 1;

    if (r->uri.len > prefix->len) {
        ctx->path.data = r->uri.data + prefix->len;
        ctx->path.len = r->uri.len - prefix->len;
    }

    ctx->args = r->args;

    if (ctx->path.len && ctx->path.data[0] == '/') {
        ctx->path.data++;
        ctx->path.len--;
    }

    if (ctx->path.len == 0 && ctx->args.len == 0) {
        return NGX_OK;
    }

    ngx_whip_endpoint_hide(r, prefix);

    p = ngx_pnalloc(r->pool, prefix->len + 4);
    if (p == NULL) {
        return NGX_ERROR;
    }

    r->uri.data = p;
    p = ngx_cpymem(p, prefix->data, prefix->len);

    if (ctx->path.len) {

        if (p[-1] != '/') {
            *p++ = '/';
        }

        p = ngx_cpymem(p, "***", 3);
    }

    r->uri.len = p - r->uri.data;
    r->unparsed_uri = r->uri;
    r->valid_unparsed_uri = 1;

    ngx_str_null(&r->args);
    ngx_str_null(&r->exten);

    return NGX_OK;
}


ngx_int_t
ngx_whip_endpoint_handler(ngx_http_request_t *r)
{
    ngx_str_t                  id;
    ngx_int_t                  rc;
    ngx_uint_t                 session;
    ngx_whip_endpoint_ctx_t   *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    /* after an internal redirect nothing is known any more */

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    if (ctx == NULL || !ctx->taken) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (ngx_whip_endpoint_take(r, &clcf->name) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* an If-Match is ours to answer, and not about a file */

    r->disable_not_modified = 1;

#if (NGX_HTTP_GZIP)

    /* a compressed answer would have a weak ETag */

    r->gzip_tested = 1;
    r->gzip_ok = 0;

#endif

    session = ngx_whip_endpoint_id(r, &id) == NGX_OK;

    switch (r->method) {

    case NGX_HTTP_OPTIONS:
        rc = ngx_http_discard_request_body(r);
        return rc == NGX_OK ? ngx_whip_endpoint_options(r, session) : rc;

    case NGX_HTTP_GET:
    case NGX_HTTP_HEAD:
        rc = ngx_http_discard_request_body(r);
        return rc == NGX_OK ? ngx_whip_endpoint_empty(r, NGX_HTTP_NO_CONTENT)
                            : rc;

    case NGX_HTTP_POST:
        if (session) {
            break;
        }

        if (!ngx_live_request_type(r, NGX_WHIP_ENDPOINT_SDP)) {
            return ngx_whip_endpoint_refuse(r, NGX_WHIP_BAD_MEDIA_TYPE, NULL);
        }

        return ngx_whip_endpoint_read(r, ngx_whip_endpoint_post,
                                      NGX_WHIP_ENDPOINT_BODY);

    case NGX_HTTP_PATCH:
        if (!session) {
            break;
        }

        if (!ngx_live_request_type(r, NGX_WHIP_ENDPOINT_FRAG)) {
            return ngx_whip_endpoint_refuse(r, NGX_WHIP_BAD_MEDIA_TYPE, NULL);
        }

        return ngx_whip_endpoint_read(r, ngx_whip_endpoint_patch,
                                      NGX_WHIP_FRAG_MAX_SIZE);

    case NGX_HTTP_DELETE:
        if (!session) {
            break;
        }

        return ngx_whip_endpoint_delete(r);
    }

    return ngx_whip_endpoint_refuse(r, NGX_WHIP_METHOD_NOT_ALLOWED, NULL);
}


/* NGX_OK: the path is that of a session, which may exist */

static ngx_int_t
ngx_whip_endpoint_id(ngx_http_request_t *r, ngx_str_t *id)
{
    size_t                    n;
    ngx_atomic_uint_t         token;
    ngx_whip_endpoint_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);
    n = sizeof(NGX_WHIP_ENDPOINT_SESSION) - 1;

    if (ctx == NULL || ctx->path.len <= n
        || ngx_strncmp(ctx->path.data, NGX_WHIP_ENDPOINT_SESSION, n) != 0)
    {
        return NGX_DECLINED;
    }

    id->data = ctx->path.data + n;
    id->len = ctx->path.len - n;

    return ngx_whip_session_owner(id, &token);
}


static ngx_int_t
ngx_whip_endpoint_options(ngx_http_request_t *r, ngx_uint_t session)
{
    if (session) {
        if (ngx_whip_endpoint_text(r, "Accept-Patch", NGX_WHIP_ENDPOINT_FRAG)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_whip_endpoint_text(r, "Accept-Post", NGX_WHIP_ENDPOINT_SDP)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_whip_endpoint_send(r, NGX_HTTP_OK, NULL, NULL, 0);
}


static ngx_int_t
ngx_whip_endpoint_empty(ngx_http_request_t *r, ngx_uint_t status)
{
    return ngx_whip_endpoint_send(r, status, NULL, NULL, 0);
}


static ngx_int_t
ngx_whip_endpoint_delete(ngx_http_request_t *r)
{
    ngx_int_t         rc;
    ngx_whip_order_t  order;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&order, sizeof(ngx_whip_order_t));
    order.delete = 1;

    return ngx_whip_endpoint_order(r, &order);
}


static ngx_int_t
ngx_whip_endpoint_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler, size_t max)
{
    ngx_int_t  rc;

    if (r->headers_in.content_length_n > (off_t) max) {
        return ngx_whip_endpoint_refuse(r, NGX_WHIP_BODY_TOO_LARGE, NULL);
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_whip_endpoint_post(ngx_http_request_t *r)
{
    ngx_uint_t                reason;
    const char               *why;
    ngx_whip_session_t       *s;
    ngx_whip_session_ask_t    ask;
    ngx_whip_endpoint_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);
    why = NULL;

    ngx_memzero(&ask, sizeof(ngx_whip_session_ask_t));

    ask.conf = ngx_http_get_module_loc_conf(r, ngx_whip_http_module);
    ask.ready = ngx_whip_endpoint_ready;
    ask.data = r;

    reason = ngx_whip_endpoint_offer(r, &ask);

    if (reason == NGX_WHIP_OK) {
        reason = ngx_whip_session_create(&ask, &s, &why);
    }

    if (reason != NGX_WHIP_OK) {
        ngx_whip_endpoint_finish(r, ngx_whip_endpoint_refuse(r, reason, why));
        return;
    }

    if (ngx_whip_endpoint_wait(r) != NGX_OK) {
        ngx_whip_session_abandon(s);
        ngx_whip_endpoint_finish(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx->session = s;
}


static ngx_uint_t
ngx_whip_endpoint_offer(ngx_http_request_t *r, ngx_whip_session_ask_t *ask)
{
    ngx_uint_t                 reason;
    ngx_connection_t          *c;
    ngx_whip_endpoint_ctx_t   *ctx;
    ngx_whip_publisher_ask_t  *publish;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);
    publish = &ask->publish;

    if (ngx_exiting || ngx_terminate) {
        return NGX_WHIP_SHUTTING_DOWN;
    }

    reason = ngx_whip_endpoint_limits(r, ask->conf);
    if (reason != NGX_WHIP_OK) {
        return reason;
    }

    if (ngx_live_request_body(r, r->pool, NGX_MAX_SIZE_T_VALUE, &ask->offer)
        != NGX_OK)
    {
        return NGX_WHIP_INTERNAL;
    }

    if (ask->offer.len == 0) {
        return NGX_WHIP_NO_BODY;
    }

    if (ask->offer.len > NGX_WHIP_ENDPOINT_BODY) {
        return NGX_WHIP_BODY_TOO_LARGE;
    }

    reason = ngx_whip_endpoint_name(r, &publish->name);
    if (reason != NGX_WHIP_OK) {
        return reason;
    }

    publish->args = ctx->args;
    publish->client = c->addr_text;
    publish->sockaddr = c->sockaddr;
    publish->socklen = c->socklen;

    if (r->headers_in.user_agent) {
        publish->agent = r->headers_in.user_agent->value;
    }

    return NGX_WHIP_OK;
}


static ngx_uint_t
ngx_whip_endpoint_limits(ngx_http_request_t *r, ngx_whip_conf_t *conf)
{
    ngx_uint_t            sessions, pending;
    struct sockaddr      *sa;
    ngx_whip_registry_t  *reg;

    reg = &ngx_whip_worker.registry;
    sa = r->connection->sockaddr;

    if (reg->peers.token == 0) {
        return NGX_WHIP_ZONE_FULL;
    }

    if (ngx_whip_registry_rate(reg, sa, conf->rate_number, conf->rate_time)
        != NGX_OK)
    {
        return NGX_WHIP_TOO_MANY_REQUESTS;
    }

    ngx_whip_registry_count(reg, conf->scope, sa, &sessions, &pending);

    if (conf->max_sessions && sessions >= conf->max_sessions) {
        return NGX_WHIP_TOO_MANY_SESSIONS;
    }

    if (conf->max_pending && pending >= conf->max_pending) {
        return NGX_WHIP_TOO_MANY_PENDING;
    }

    return NGX_WHIP_OK;
}


/*
 * The name to publish: KEY/SOURCE and KEY_SOURCE as they stand in the path,
 * SOURCE with the key as bearer token, or the whole as that.
 */

static ngx_uint_t
ngx_whip_endpoint_name(ngx_http_request_t *r, ngx_str_t *name)
{
    u_char                   *p;
    size_t                    i;
    ngx_str_t                 token;
    ngx_uint_t                slashes;
    ngx_whip_endpoint_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);
    slashes = 0;

    for (i = 0; i < ctx->path.len; i++) {
        p = &ctx->path.data[i];

        if (*p <= 0x20 || *p >= 0x7f || *p == '"' || *p == '\\') {
            return NGX_WHIP_BAD_SOURCE_NAME;
        }

        slashes += *p == '/';
    }

    if (slashes > 1 || (slashes && (ctx->path.data[0] == '/'
                                    || ctx->path.data[i - 1] == '/')))
    {
        return NGX_WHIP_BAD_PATH;
    }

    if (slashes || ngx_whip_endpoint_bearer(r, &token) != NGX_OK) {

        if (ctx->path.len == 0) {
            return NGX_WHIP_NO_CREDENTIALS;
        }

        *name = ctx->path;

    } else if (ctx->path.len == 0) {
        *name = token;

    } else if (ctx->path.len >= token.len
               && ngx_memcmp(ctx->path.data, token.data, token.len) == 0)
    {
        /* the key is there already, and is not to be a source's name */

        *name = ctx->path;

    } else {
        name->len = token.len + 1 + ctx->path.len;
        name->data = ngx_pnalloc(r->pool, name->len);
        if (name->data == NULL) {
            return NGX_WHIP_INTERNAL;
        }

        p = ngx_cpymem(name->data, token.data, token.len);
        *p++ = '/';
        ngx_memcpy(p, ctx->path.data, ctx->path.len);
    }

    /* what nginx-rtmp takes, with the NUL behind it */

    return name->len < 256 ? NGX_WHIP_OK : NGX_WHIP_BAD_STREAM_NAME;
}


/* RFC 6750, 2.1; NGX_DECLINED: none that could be a key */

static ngx_int_t
ngx_whip_endpoint_bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    u_char  *p, *last;

    if (ngx_live_request_bearer(r, token) != NGX_OK) {
        return NGX_DECLINED;
    }

    p = token->data;
    last = p + token->len;

    while (last > p && last[-1] == ' ') {
        last--;
    }

    token->len = last - p;

    for ( /* void */ ; p < last; p++) {
        if (*p <= 0x20 || *p >= 0x7f || *p == '"' || *p == '\\') {
            return NGX_DECLINED;
        }
    }

    return token->len ? NGX_OK : NGX_DECLINED;
}


/* the decision may come later: RTMP's callbacks are HTTP requests themselves */

static ngx_int_t
ngx_whip_endpoint_wait(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_whip_endpoint_cleanup;
    cln->data = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_OK;
}


static void
ngx_whip_endpoint_cleanup(void *data)
{
    ngx_whip_endpoint_ctx_t *ctx = data;

    ngx_whip_session_t  *s;

    if (ctx->session) {
        s = ctx->session;
        ctx->session = NULL;
        ngx_whip_session_abandon(s);
    }

    if (ctx->order) {
        ngx_whip_courier_forget(ctx->order);
        ctx->order = 0;
    }
}


static void
ngx_whip_endpoint_ready(void *data, ngx_uint_t reason)
{
    ngx_http_request_t *r = data;

    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_whip_session_t       *s;
    ngx_whip_endpoint_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    s = ctx->session;
    ctx->session = NULL;

    rc = reason == NGX_WHIP_OK ? ngx_whip_endpoint_created(r, s)
                               : ngx_whip_endpoint_refuse(r, reason, NULL);

    ngx_whip_endpoint_finish(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_whip_endpoint_created(ngx_http_request_t *r, ngx_whip_session_t *s)
{
    u_char      *p, *last;
    ngx_str_t   *servers;
    ngx_uint_t   i;

    p = ngx_pnalloc(r->pool, NGX_WHIP_ANSWER_MAX_SIZE);

    if (p == NULL || ngx_whip_endpoint_label(r, s->stats.session) != NGX_OK) {
        goto failed;
    }

    last = ngx_whip_session_answer(s, p, p + NGX_WHIP_ANSWER_MAX_SIZE);

    if (last == NULL
        || ngx_whip_endpoint_location(r, s) != NGX_OK
        || ngx_whip_endpoint_header(r, "ETag", s->etag, NGX_WHIP_ETAG_LEN)
           != NGX_OK
        || ngx_whip_endpoint_text(r, "Accept-Patch", NGX_WHIP_ENDPOINT_FRAG)
           != NGX_OK)
    {
        goto failed;
    }

    if (s->conf->ice_servers) {
        servers = s->conf->ice_servers->elts;

        for (i = 0; i < s->conf->ice_servers->nelts; i++) {
            if (ngx_whip_endpoint_header(r, "Link", servers[i].data,
                                         servers[i].len)
                != NGX_OK)
            {
                goto failed;
            }
        }
    }

    return ngx_whip_endpoint_send(r, NGX_HTTP_CREATED, NGX_WHIP_ENDPOINT_SDP,
                                  p, last - p);

failed:

    ngx_whip_session_close(s, NGX_WHIP_INTERNAL);

    return ngx_whip_endpoint_refuse(r, NGX_WHIP_INTERNAL, NULL);
}


/* for $whip_session; the session may be gone when the request is logged */

static ngx_int_t
ngx_whip_endpoint_label(ngx_http_request_t *r, u_char *session)
{
    ngx_whip_endpoint_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    ctx->label.len = ngx_strlen(session);
    ctx->label.data = ngx_pnalloc(r->pool, ctx->label.len);

    if (ctx->label.data == NULL) {
        ctx->label.len = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->label.data, session, ctx->label.len);

    return NGX_OK;
}


/*
 * An absolute path and no headers_out.location, of which nginx would make a URL
 * that is wrong behind a proxy.
 */

static ngx_int_t
ngx_whip_endpoint_location(ngx_http_request_t *r, ngx_whip_session_t *s)
{
    u_char                    *p, *last;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    p = ngx_pnalloc(r->pool, clcf->name.len + 1 + sizeof("session/")
                             + NGX_WHIP_ID_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(p, clcf->name.data, clcf->name.len);

    if (last[-1] != '/') {
        *last++ = '/';
    }

    last = ngx_cpymem(last, NGX_WHIP_ENDPOINT_SESSION,
                      sizeof(NGX_WHIP_ENDPOINT_SESSION) - 1);
    last = ngx_cpymem(last, s->id, s->id_len);

    return ngx_whip_endpoint_header(r, "Location", p, last - p);
}


static void
ngx_whip_endpoint_patch(ngx_http_request_t *r)
{
    ngx_int_t         rc;
    ngx_whip_order_t  order;

    ngx_memzero(&order, sizeof(ngx_whip_order_t));

    if (ngx_live_request_body(r, r->pool, NGX_MAX_SIZE_T_VALUE, &order.body)
        != NGX_OK)
    {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else if (order.body.len == 0) {
        rc = ngx_whip_endpoint_refuse(r, NGX_WHIP_NO_BODY, NULL);

    } else if (order.body.len > NGX_WHIP_FRAG_MAX_SIZE) {
        rc = ngx_whip_endpoint_refuse(r, NGX_WHIP_BODY_TOO_LARGE, NULL);

    } else {
        rc = ngx_whip_endpoint_order(r, &order);
    }

    if (rc != NGX_DONE) {
        ngx_whip_endpoint_finish(r, rc);
        return;
    }

    /* one reference for the wait is enough, the body's reader has its own */

    r->main->count--;
}


/* here, or by the worker that has the session */

static ngx_int_t
ngx_whip_endpoint_order(ngx_http_request_t *r, ngx_whip_order_t *order)
{
    u_char                    buf[NGX_WHIP_SESSION_FRAG];
    ngx_uint_t                reason;
    ngx_atomic_uint_t         token;
    ngx_whip_outcome_t        outcome;
    ngx_whip_endpoint_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    (void) ngx_whip_endpoint_id(r, &order->id);
    (void) ngx_whip_session_owner(&order->id, &token);

    if (r->headers_in.if_match) {
        order->if_match = r->headers_in.if_match->value;
    }

    if (order->if_match.len > NGX_WHIP_ETAG_LEN) {
        /* none of ours, and it may be long */
        ngx_str_set(&order->if_match, "?");
    }

    if (token == ngx_whip_worker.registry.peers.token) {
        ngx_whip_session_order(order, &outcome, buf, sizeof(buf));
        return ngx_whip_endpoint_told(r, &outcome);
    }

    if (ngx_whip_endpoint_wait(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->order = ngx_whip_courier_order(token, order,
                                        ngx_whip_endpoint_outcome, r, &reason);

    if (ctx->order == 0) {
        return ngx_whip_endpoint_refuse(r, reason, NULL);
    }

    r->main->count++;

    return NGX_DONE;
}


static void
ngx_whip_endpoint_outcome(void *data, ngx_whip_outcome_t *outcome)
{
    ngx_http_request_t *r = data;

    ngx_connection_t         *c;
    ngx_whip_endpoint_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);
    ctx->order = 0;

    ngx_whip_endpoint_finish(r, ngx_whip_endpoint_told(r, outcome));
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_whip_endpoint_told(ngx_http_request_t *r, ngx_whip_outcome_t *outcome)
{
    u_char  *p;

    if (ngx_whip_endpoint_label(r, outcome->session) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (outcome->reason != NGX_WHIP_OK) {
        return ngx_whip_endpoint_refuse(r, outcome->reason, NULL);
    }

    if (outcome->etag_len
        && ngx_whip_endpoint_header(r, "ETag", outcome->etag,
                                    outcome->etag_len)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (outcome->body.len == 0) {
        return ngx_whip_endpoint_empty(r, outcome->status);
    }

    p = ngx_pnalloc(r->pool, outcome->body.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(p, outcome->body.data, outcome->body.len);

    return ngx_whip_endpoint_send(r, outcome->status, NGX_WHIP_ENDPOINT_FRAG,
                                  p, outcome->body.len);
}


static void
ngx_whip_endpoint_finish(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_whip_endpoint_refuse(ngx_http_request_t *r, ngx_uint_t reason,
    const char *why)
{
    u_char                   *p, *last;
    ngx_str_t                 id;
    ngx_int_t                 rc;
    const ngx_whip_reason_t  *text;

    text = ngx_whip_reason(reason);
    why = why ? why : text->text;

    /* what was not read of the body is of no interest */

    if (r->request_body == NULL) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_whip_worker.registry.shared) {
        ngx_whip_registry_reason(&ngx_whip_worker.registry, reason);
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "whip: refused: %s (%s)", text->name, why);

    p = ngx_pnalloc(r->pool, 128 + ngx_strlen(text->name)
                             + 6 * ngx_strlen(why));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    last = ngx_sprintf(p, "{\"success\":false,\"error\":{\"code\":\"%s\","
                       "\"message\":\"", text->name);
    last = (u_char *) ngx_escape_json(last, (u_char *) why, ngx_strlen(why));
    last = ngx_cpymem(last, "\"}}" CRLF, sizeof("\"}}" CRLF) - 1);

    rc = NGX_OK;

    switch (text->status) {

    case NGX_HTTP_UNAUTHORIZED:
        rc = ngx_whip_endpoint_text(r, "WWW-Authenticate", "Bearer");
        break;

    case NGX_HTTP_NOT_ALLOWED:
        rc = ngx_whip_endpoint_text(r, "Allow",
                                    ngx_whip_endpoint_id(r, &id) == NGX_OK
                                    ? NGX_WHIP_SESSION_ALLOW
                                    : NGX_WHIP_ENDPOINT_ALLOW);
        break;

    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        rc = r->method == NGX_HTTP_PATCH
             ? ngx_whip_endpoint_text(r, "Accept-Patch",
                                      NGX_WHIP_ENDPOINT_FRAG)
             : ngx_whip_endpoint_text(r, "Accept-Post", NGX_WHIP_ENDPOINT_SDP);
        break;
    }

    if (rc == NGX_OK && text->retry_after) {
        u_char  seconds[NGX_INT_T_LEN];

        rc = ngx_whip_endpoint_header(r, "Retry-After", seconds,
                                      ngx_sprintf(seconds, "%ui",
                                                  text->retry_after)
                                      - seconds);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_whip_endpoint_send(r, text->status, "application/json", p,
                                  last - p);
}


static ngx_int_t
ngx_whip_endpoint_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, u_char *p, size_t len)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;

    /* those that nginx has no words for */

    if (status == 422) {
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");

    } else if (status == 428) {
        ngx_str_set(&r->headers_out.status_line, "428 Precondition Required");
    }

    if (type) {
        r->headers_out.content_type.data = (u_char *) type;
        r->headers_out.content_type.len = ngx_strlen(type);
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        ngx_str_null(&r->headers_out.charset);
    }

    if (status == NGX_HTTP_NO_CONTENT) {
        ngx_http_clear_content_length(r);
        r->header_only = 1;
    }

    if (ngx_whip_endpoint_text(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = p;
    b->last = p + len;
    b->memory = len ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->sync = (r == r->main || len) ? 0 : 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* copies the value, `name` is a constant */

static ngx_int_t
ngx_whip_endpoint_header(ngx_http_request_t *r, const char *name,
    const u_char *value, size_t len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.len = len;
    h->value.data = ngx_pnalloc(r->pool, len);

    if (h->value.data == NULL) {
        h->hash = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(h->value.data, value, len);

    return NGX_OK;
}


static ngx_int_t
ngx_whip_endpoint_text(ngx_http_request_t *r, const char *name,
    const char *value)
{
    return ngx_whip_endpoint_header(r, name, (const u_char *) value,
                                    ngx_strlen(value));
}


ngx_int_t
ngx_whip_endpoint_cors(ngx_http_request_t *r)
{
    if (ngx_whip_endpoint_text(r, "Access-Control-Allow-Origin", "*")
        != NGX_OK
        || ngx_whip_endpoint_text(r, "Access-Control-Expose-Headers",
                                  "Location, ETag, Link, Accept-Post, "
                                  "Accept-Patch, Retry-After")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->method != NGX_HTTP_OPTIONS) {
        return NGX_OK;
    }

    if (ngx_whip_endpoint_text(r, "Access-Control-Allow-Methods",
                               NGX_WHIP_ENDPOINT_METHODS)
        != NGX_OK
        || ngx_whip_endpoint_text(r, "Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, If-Match")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_whip_endpoint_text(r, "Access-Control-Max-Age", "86400");
}
