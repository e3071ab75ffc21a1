
/*
 * Copyright (C) the ngx_live contributors
 *
 * Stands in for what nginx's core has of pools, base64url (RFC 4648, 5) and
 * ngx_sprintf(), where nothing is linked with nginx. An allocation is of the
 * exact size, so that a sanitizer sees what goes beyond it.
 */


#ifndef _NGINX_TEXT_H_INCLUDED_
#define _NGINX_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define NGINX_TEXT_ALLOCS  16


static void        *nginx_text_kept[NGINX_TEXT_ALLOCS];
static ngx_uint_t   nginx_text_nkept;

/* allocations that succeed from now on */
static ngx_uint_t   nginx_text_left = NGINX_TEXT_ALLOCS;


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    if (nginx_text_left == 0 || nginx_text_nkept == NGINX_TEXT_ALLOCS) {
        return NULL;
    }

    p = malloc(size ? size : 1);

    if (p) {
        nginx_text_left--;
        nginx_text_kept[nginx_text_nkept++] = p;
    }

    return p;
}


/* as the pool of a request that has ended */

static ngx_inline void
nginx_text_free(void)
{
    while (nginx_text_nkept) {
        free(nginx_text_kept[--nginx_text_nkept]);
    }

    nginx_text_left = NGINX_TEXT_ALLOCS;
}


static const char  nginx_text_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


/* without padding */

void
ngx_encode_base64url(ngx_str_t *dst, ngx_str_t *src)
{
    u_char    *p;
    size_t     i, n;
    uint32_t   bits;

    p = dst->data;

    for (i = 0; i < src->len; i += 3) {
        n = ngx_min(src->len - i, 3);

        bits = (uint32_t) src->data[i] << 16
               | (n > 1 ? src->data[i + 1] : 0) << 8
               | (n > 2 ? src->data[i + 2] : 0);

        *p++ = nginx_text_digits[bits >> 18];
        *p++ = nginx_text_digits[bits >> 12 & 0x3f];

        if (n > 1) {
            *p++ = nginx_text_digits[bits >> 6 & 0x3f];
        }

        if (n > 2) {
            *p++ = nginx_text_digits[bits & 0x3f];
        }
    }

    dst->len = p - dst->data;
}


/* what is behind a '=' is not looked at, nor are the bits left over */

ngx_int_t
ngx_decode_base64url(ngx_str_t *dst, ngx_str_t *src)
{
    u_char      *p;
    size_t       i;
    uint32_t     bits;
    ngx_uint_t   n;
    const char  *digit;

    bits = 0;
    n = 0;

    for (i = 0; i < src->len && src->data[i] != '='; i++) {
        if (src->data[i] == '\0'
            || strchr(nginx_text_digits, src->data[i]) == NULL)
        {
            return NGX_ERROR;
        }
    }

    if (i % 4 == 1) {
        return NGX_ERROR;
    }

    p = dst->data;

    for (i = 0; i < src->len && src->data[i] != '='; i++) {
        digit = strchr(nginx_text_digits, src->data[i]);
        bits = (bits & 0x3f) << 6 | (uint32_t) (digit - nginx_text_digits);
        n += 6;

        if (n >= 8) {
            n -= 8;
            *p++ = (u_char) (bits >> n);
        }
    }

    dst->len = p - dst->data;

    return NGX_OK;
}


/* of ngx_str_t, %V, only */

u_char * ngx_cdecl
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    va_list     args;
    ngx_str_t  *text;

    va_start(args, fmt);

    for ( /* void */ ; *fmt; fmt++) {

        if (*fmt != '%') {
            *buf++ = (u_char) *fmt;
            continue;
        }

        if (*++fmt != 'V') {
            fprintf(stderr, "ngx_sprintf: %%%c is not known here\n", *fmt);
            abort();
        }

        text = va_arg(args, ngx_str_t *);

        if (text->len) {
            buf = ngx_cpymem(buf, text->data, text->len);
        }
    }

    va_end(args);

    return buf;
}


#endif /* _NGINX_TEXT_H_INCLUDED_ */
