
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_answer.h"


#define NGX_LIVE_ANSWER_TIME       sizeof("2026-11-21T20:00:00.000Z")

/* digits of a number; 17, the default, show how 0.1 is rounded */
#define NGX_LIVE_ANSWER_PRECISION  12


static void ngx_live_answer_free(void *data);


ngx_int_t
ngx_live_answer_header(ngx_http_request_t *r, const char *name,
    const char *value)
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
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


ngx_int_t
ngx_live_answer_begin(ngx_http_request_t *r)
{
    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {

        if (ngx_live_answer_header(r, "Allow", "GET, HEAD") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_live_answer_error(r, NGX_HTTP_NOT_ALLOWED,
                                     "method_not_allowed",
                                     "the method is not allowed here");
    }

    if (ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_live_answer_text(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (body->len == 0) {
        r->header_only = 1;
    }

    return ngx_live_answer_body(r, body);
}


ngx_int_t
ngx_live_answer_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_live_answer_json(ngx_http_request_t *r, ngx_uint_t status, json_t *json)
{
    char                *text;
    ngx_str_t            body;
    ngx_pool_cleanup_t  *cln;

    if (json == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text = json_dumps(json,
                      JSON_COMPACT
                      |JSON_REAL_PRECISION(NGX_LIVE_ANSWER_PRECISION));
    json_decref(json);

    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        free(text);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_live_answer_free;
    cln->data = text;

    body.data = (u_char *) text;
    body.len = ngx_strlen(text);

    return ngx_live_answer_text(r, status, "application/json", &body);
}


static void
ngx_live_answer_free(void *data)
{
    free(data);
}


ngx_int_t
ngx_live_answer_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message)
{
    return ngx_live_answer_json(r, status,
               json_pack("{s:b,s:{s:s,s:s}}", "success", 0, "error",
                         "code", code, "message", message));
}


json_t *
ngx_live_answer_time(uint64_t ms)
{
    u_char    *p, buf[NGX_LIVE_ANSWER_TIME + 16];
    ngx_tm_t   tm;

    ngx_gmtime(ms / 1000, &tm);

    p = ngx_snprintf(buf, sizeof(buf), "%4d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                     tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                     tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                     (int) (ms % 1000));

    return json_stringn((char *) buf, p - buf);
}
