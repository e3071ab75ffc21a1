
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_http_module.h"
#include "ngx_multisource_whip.h"


static ngx_int_t ngx_multisource_whip_headers(ngx_http_request_t *r,
    ngx_http_request_t *sr, ngx_multisource_whip_t *whip);
static ngx_table_elt_t *ngx_multisource_whip_header(ngx_http_request_t *sr,
    const char *name, ngx_str_t *value);
static ngx_int_t ngx_multisource_whip_body(ngx_http_request_t *sr,
    ngx_multisource_whip_t *whip);
static ngx_int_t ngx_multisource_whip_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc);
static void ngx_multisource_whip_find(ngx_http_request_t *sr,
    const char *name, ngx_str_t *value);
static void ngx_multisource_whip_resume(ngx_http_request_t *r);


ngx_int_t
ngx_multisource_whip_send(ngx_http_request_t *r, ngx_multisource_whip_t *whip)
{
    ngx_http_request_t          *sr;
    ngx_http_post_subrequest_t  *ps;
    ngx_multisource_http_ctx_t  *ctx;

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_multisource_whip_done;
    ps->data = whip;

    if (ngx_http_subrequest(r, &whip->uri, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_IN_MEMORY
                            |NGX_HTTP_SUBREQUEST_WAITED)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* it runs when the handler of this request has returned */

    sr->method = whip->method;
    sr->method_name = whip->method_name;

    if (ngx_multisource_whip_headers(r, sr, whip) != NGX_OK
        || ngx_multisource_whip_body(sr, whip) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_multisource_http_module);
    ctx->subscriber = whip;

    r->write_event_handler = ngx_multisource_whip_resume;

    return NGX_DONE;
}


/* of the client's own what concerns this: the rest is about another body */

static ngx_int_t
ngx_multisource_whip_headers(ngx_http_request_t *r, ngx_http_request_t *sr,
    ngx_multisource_whip_t *whip)
{
    u_char                 *p;
    ngx_str_t               length;
    ngx_http_headers_in_t  *in;

    in = &sr->headers_in;

    if (ngx_list_init(&in->headers, r->pool, 8, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    in->content_type = NULL;
    in->content_length = NULL;
    in->content_length_n = -1;
    in->transfer_encoding = NULL;
    in->chunked = 0;
    in->expect = NULL;
    in->range = NULL;
    in->if_range = NULL;
    in->if_modified_since = NULL;
    in->if_unmodified_since = NULL;
    in->if_none_match = NULL;
    in->if_match = NULL;

    if ((in->host && (in->host = ngx_multisource_whip_header(sr, "Host",
                                     &in->host->value)) == NULL)
        || (in->authorization
            && (in->authorization = ngx_multisource_whip_header(sr,
                    "Authorization", &in->authorization->value)) == NULL)
        || (in->user_agent
            && (in->user_agent = ngx_multisource_whip_header(sr,
                    "User-Agent", &in->user_agent->value)) == NULL))
    {
        return NGX_ERROR;
    }

    if (whip->if_match.len) {
        in->if_match = ngx_multisource_whip_header(sr, "If-Match",
                                                     &whip->if_match);
        if (in->if_match == NULL) {
            return NGX_ERROR;
        }
    }

    if (whip->type.len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    length.data = p;
    length.len = ngx_sprintf(p, "%uz", whip->body.len) - p;

    in->content_length_n = whip->body.len;
    in->content_length = ngx_multisource_whip_header(sr, "Content-Length",
                                                       &length);
    in->content_type = ngx_multisource_whip_header(sr, "Content-Type",
                                                     &whip->type);

    return in->content_length && in->content_type ? NGX_OK : NGX_ERROR;
}


static ngx_table_elt_t *
ngx_multisource_whip_header(ngx_http_request_t *sr, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NULL;
    }

    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    h->lowcase_key = ngx_pnalloc(sr->pool, h->key.len);
    if (h->lowcase_key == NULL) {
        return NULL;
    }

    h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);

    return h;
}


static ngx_int_t
ngx_multisource_whip_body(ngx_http_request_t *sr,
    ngx_multisource_whip_t *whip)
{
    ngx_buf_t                *b;
    ngx_http_request_body_t  *body;

    body = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    if (body == NULL) {
        return NGX_ERROR;
    }

    sr->request_body = body;

    if (whip->body.len == 0) {
        return NGX_OK;
    }

    b = ngx_calloc_buf(sr->pool);
    body->bufs = ngx_alloc_chain_link(sr->pool);

    if (b == NULL || body->bufs == NULL) {
        return NGX_ERROR;
    }

    b->pos = whip->body.data;
    b->last = b->pos + whip->body.len;
    b->start = b->pos;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    body->buf = b;
    body->bufs->buf = b;
    body->bufs->next = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_whip_done(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_multisource_whip_t *whip = data;

    if (sr->connection->error || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST) {
        return rc;
    }

    whip->done = 1;

    /* a status without a header is one that nginx would make a page of */

    if (rc == NGX_ERROR) {
        whip->status = 0;

    } else if (sr->headers_out.status) {
        whip->status = sr->headers_out.status;

    } else if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        whip->status = rc;
    }

    if (sr->out && sr->out->buf) {
        whip->answer.data = sr->out->buf->pos;
        whip->answer.len = sr->out->buf->last - sr->out->buf->pos;
    }

    ngx_multisource_whip_find(sr, "Location", &whip->location);
    ngx_multisource_whip_find(sr, "ETag", &whip->etag);
    ngx_multisource_whip_find(sr, "Retry-After", &whip->retry_after);

    return NGX_OK;
}


static void
ngx_multisource_whip_find(ngx_http_request_t *sr, const char *name,
    ngx_str_t *value)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    for (part = &sr->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash && h[i].key.len == len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
            {
                *value = h[i].value;
                return;
            }
        }
    }
}


static void
ngx_multisource_whip_resume(ngx_http_request_t *r)
{
    ngx_multisource_whip_t      *whip;
    ngx_multisource_http_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_multisource_http_module);
    whip = ctx->subscriber;

    if (!whip->done) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, whip->handler(r, whip->data));
}
