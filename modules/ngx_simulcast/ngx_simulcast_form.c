
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_form.h"

#include <stdlib.h>
#include <string.h>


static ngx_int_t ngx_simulcast_form_room(ngx_simulcast_form_t *form, size_t n);
static size_t ngx_simulcast_form_copy(char *dst, size_t size,
    const char *text, size_t chars, const char *without, ngx_uint_t lines);
static size_t ngx_simulcast_form_character(const u_char *p);


void
ngx_simulcast_form_add(ngx_simulcast_form_t *form, const char *name,
    const char *value)
{
    ngx_str_t  text;

    text.data = (u_char *) value;
    text.len = strlen(value);

    ngx_simulcast_form_addn(form, name, &text);
}


void
ngx_simulcast_form_addn(ngx_simulcast_form_t *form, const char *name,
    ngx_str_t *value)
{
    if (ngx_simulcast_form_room(form, 2) != NGX_OK) {
        return;
    }

    if (form->len) {
        form->data[form->len++] = '&';
    }

    ngx_simulcast_form_escape(form, (const u_char *) name, strlen(name));

    if (ngx_simulcast_form_room(form, 2) != NGX_OK) {
        return;
    }

    form->data[form->len++] = '=';
    form->data[form->len] = '\0';

    ngx_simulcast_form_escape(form, value->data, value->len);
}


void
ngx_simulcast_form_escape(ngx_simulcast_form_t *form, const u_char *p,
    size_t len)
{
    const u_char       *last;
    static const char   hex[] = "0123456789ABCDEF";

    /* the bound comes first: three times a length must not wrap around */

    if (len >= NGX_SIMULCAST_FORM_MAX
        || ngx_simulcast_form_room(form, 3 * len + 1) != NGX_OK)
    {
        form->failed = 1;
        return;
    }

    for (last = p + len; p < last; p++) {

        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
            || (*p >= '0' && *p <= '9') || *p == '-' || *p == '.'
            || *p == '_' || *p == '~')
        {
            form->data[form->len++] = (char) *p;
            continue;
        }

        form->data[form->len++] = '%';
        form->data[form->len++] = hex[*p >> 4];
        form->data[form->len++] = hex[*p & 15];
    }

    form->data[form->len] = '\0';
}


/* realloc() would leave a copy of a secret behind */

static ngx_int_t
ngx_simulcast_form_room(ngx_simulcast_form_t *form, size_t n)
{
    char    *data;
    size_t   size;

    if (form->failed) {
        return NGX_ERROR;
    }

    if (form->size - form->len >= n) {
        return NGX_OK;
    }

    if (form->len + n > NGX_SIMULCAST_FORM_MAX) {
        form->failed = 1;
        return NGX_ERROR;
    }

    for (size = 512; size < form->len + n; size *= 2) { /* void */ }

    data = malloc(size);

    if (data == NULL) {
        form->failed = 1;
        return NGX_ERROR;
    }

    if (form->data) {
        memcpy(data, form->data, form->len);
        explicit_bzero(form->data, form->size);
        free(form->data);
    }

    data[form->len] = '\0';

    form->data = data;
    form->size = size;

    return NGX_OK;
}


void
ngx_simulcast_form_free(ngx_simulcast_form_t *form)
{
    if (form->data) {
        explicit_bzero(form->data, form->size);
        free(form->data);
    }

    memset(form, 0, sizeof(ngx_simulcast_form_t));
}


size_t
ngx_simulcast_form_cut(char *dst, size_t size, const char *text, size_t chars,
    const char *without)
{
    return ngx_simulcast_form_copy(dst, size, text, chars, without, 0);
}


size_t
ngx_simulcast_form_lines(char *dst, size_t size, const char *text,
    size_t chars, const char *without)
{
    return ngx_simulcast_form_copy(dst, size, text, chars, without, 1);
}


static size_t
ngx_simulcast_form_copy(char *dst, size_t size, const char *text,
    size_t chars, const char *without, ngx_uint_t lines)
{
    char          *p, *last;
    size_t         n;
    const u_char  *src;

    p = dst;
    last = dst + size - 1;
    src = (const u_char *) text;

    while (*src && chars) {

        n = ngx_simulcast_form_character(src);

        if (n == 0
            || (n == 1 && without && strchr(without, *src))
            || (n == 1 && p == dst && (*src <= ' ' || *src == 127)))
        {
            src++;
            continue;
        }

        if ((size_t) (last - p) < n) {
            break;
        }

        if (n == 1 && (*src < ' ' || *src == 127)
            && !(lines && *src == '\n'))
        {
            *p++ = ' ';

        } else {
            memcpy(p, src, n);
            p += n;
        }

        src += n;
        chars--;
    }

    while (p > dst && (p[-1] == ' ' || p[-1] == '\n')) {
        p--;
    }

    *p = '\0';

    return p - dst;
}


/* bytes of the character at p, 0: not one of UTF-8 */

static size_t
ngx_simulcast_form_character(const u_char *p)
{
    size_t    n, i;
    uint32_t  c;

    if (*p < 0x80) {
        return 1;
    }

    if (*p >= 0xc2 && *p <= 0xdf) {
        n = 2;
        c = *p & 0x1f;

    } else if (*p >= 0xe0 && *p <= 0xef) {
        n = 3;
        c = *p & 0x0f;

    } else if (*p >= 0xf0 && *p <= 0xf4) {
        n = 4;
        c = *p & 0x07;

    } else {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff))
        || (c >= 0xd800 && c <= 0xdfff))
    {
        return 0;
    }

    return n;
}
