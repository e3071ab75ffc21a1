
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_request.h"


ngx_str_t *
ngx_live_request_header(ngx_http_request_t *r, const char *name,
    ngx_uint_t *from)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);
    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++, n++) {

            if (n >= *from && header[i].key.len == len
                && ngx_strncasecmp(header[i].key.data, (u_char *) name, len)
                   == 0)
            {
                *from = n + 1;
                return &header[i].value;
            }
        }
    }

    return NULL;
}


ngx_uint_t
ngx_live_request_type(ngx_http_request_t *r, const char *type)
{
    size_t      n;
    ngx_str_t  *value;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    n = ngx_strlen(type);
    value = &r->headers_in.content_type->value;

    return value->len >= n
           && ngx_strncasecmp(value->data, (u_char *) type, n) == 0
           && (value->len == n || value->data[n] == ';'
               || value->data[n] == ' ' || value->data[n] == '\t');
}


ngx_int_t
ngx_live_request_bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    u_char     *p, *last;
    ngx_str_t  *value;

    if (r->headers_in.authorization == NULL) {
        return NGX_DECLINED;
    }

    value = &r->headers_in.authorization->value;
    p = value->data;
    last = p + value->len;

    if (value->len < sizeof("Bearer ") - 1
        || ngx_strncasecmp(p, (u_char *) "Bearer ", sizeof("Bearer ") - 1)
           != 0)
    {
        return NGX_DECLINED;
    }

    for (p += sizeof("Bearer ") - 1; p < last && *p == ' '; p++) {
        /* void */
    }

    token->data = p;
    token->len = last - p;

    return token->len ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_live_request_body(ngx_http_request_t *r, ngx_pool_t *pool, size_t max,
    ngx_str_t *body)
{
    u_char       *p;
    size_t        len;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ngx_str_set(body, "");

    len = 0;

    for (cl = r->request_body ? r->request_body->bufs : NULL; cl;
         cl = cl->next)
    {
        len += ngx_buf_size(cl->buf);
    }

    if (len == 0) {
        return NGX_OK;
    }

    if (len > max) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        if (!b->in_file) {
            /* the last one of a chunked body, say */
            continue;
        }

        n = ngx_read_file(b->file, p, b->file_last - b->file_pos, b->file_pos);

        if (n != b->file_last - b->file_pos) {
            ngx_str_set(body, "");
            return NGX_ERROR;
        }

        p += n;
    }

    body->len = p - body->data;

    return NGX_OK;
}
