
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_request.h"
#include "ngx_multisource.h"
#include "ngx_multisource_show_answer.h"
#include "ngx_multisource_show_api.h"


static void ngx_multisource_show_read_ready(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_show_read_run(
    ngx_multisource_show_call_t *call);
static ngx_int_t ngx_multisource_show_read_large(ngx_http_request_t *r);
static void ngx_multisource_show_read_free(void *data);


ngx_int_t
ngx_multisource_show_read(ngx_multisource_show_call_t *call)
{
    off_t                len;
    ngx_int_t            rc;
    ngx_uint_t           typed, body;
    ngx_http_request_t  *r;

    r = call->request;
    body = call->operation->body;
    len = r->headers_in.content_length_n;

    typed = ngx_live_request_type(r, "application/json")
            || (body == NGX_MULTISOURCE_SHOW_API_TEXT
                && ngx_live_request_type(r, "text/plain"))
            || (body == NGX_MULTISOURCE_SHOW_API_OPTIONAL
                && r->headers_in.content_type == NULL
                && len <= 0 && !r->headers_in.chunked);

    if (!typed) {
        return ngx_multisource_show_answer_error(r,
                   NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type",
                   body == NGX_MULTISOURCE_SHOW_API_TEXT
                       ? "the body must be of type application/json or "
                         "text/plain"
                       : "the body must be of type application/json", NULL);
    }

    if (len > NGX_LIVE_BODY_MAX) {
        return ngx_multisource_show_read_large(r);
    }

    rc = ngx_http_read_client_request_body(r, ngx_multisource_show_read_ready);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_multisource_show_read_ready(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_multisource_show_call_t  *call;

    call = ngx_http_get_module_ctx(r, ngx_multisource_http_module);

    rc = ngx_multisource_show_read_run(call);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_multisource_show_read_run(ngx_multisource_show_call_t *call)
{
    ngx_int_t               rc;
    ngx_str_t               text;
    ngx_pool_cleanup_t     *cln;
    ngx_http_request_t     *r;
    ngx_live_body_error_t   error;

    r = call->request;

    rc = ngx_live_request_body(r, r->pool, NGX_LIVE_BODY_MAX, &text);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a chunked one has told no length before */

    if (rc != NGX_OK) {
        return ngx_multisource_show_read_large(r);
    }

    /* nothing of type application/json is not JSON */

    if (text.len == 0 && r->headers_in.content_type == NULL) {
        return call->operation->handler(call);
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->body = ngx_live_body_parse(text.data, text.len, &error);

    if (call->body == NULL) {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    cln->handler = ngx_multisource_show_read_free;
    cln->data = call->body;

    return call->operation->handler(call);
}


static ngx_int_t
ngx_multisource_show_read_large(ngx_http_request_t *r)
{
    return ngx_multisource_show_answer_error(r,
               NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "too_large",
               "the body is too large", NULL);
}


static void
ngx_multisource_show_read_free(void *data)
{
    json_decref(data);
}
