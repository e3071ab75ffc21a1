
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_text.h"


static void ngx_whip_text_copy(ngx_whip_text_t *text, const void *p,
    size_t len);
static void ngx_whip_text_number(ngx_whip_text_t *text, ngx_uint_t n);


void
ngx_whip_text_init(ngx_whip_text_t *text, u_char *buf, u_char *last)
{
    text->pos = buf;
    text->last = last;
    text->full = 0;
}


void ngx_cdecl
ngx_whip_text_add(ngx_whip_text_t *text, const char *fmt, ...)
{
    va_list      args;
    ngx_str_t   *v;
    const char  *s;

    va_start(args, fmt);

    while (*fmt) {

        if (*fmt != '%') {

            for (s = fmt; *fmt && *fmt != '%'; fmt++) {
                /* void */
            }

            ngx_whip_text_copy(text, s, fmt - s);

            continue;
        }

        switch (*++fmt) {

        case 'V':
            v = va_arg(args, ngx_str_t *);
            ngx_whip_text_copy(text, v->data, v->len);
            break;

        case 's':
            s = va_arg(args, const char *);
            ngx_whip_text_copy(text, s, ngx_strlen(s));
            break;

        case 'u':
            ngx_whip_text_number(text, va_arg(args, ngx_uint_t));
            fmt++;
            break;

        default:
            ngx_whip_text_copy(text, "%", 1);
            break;
        }

        if (*fmt) {
            fmt++;
        }
    }

    va_end(args);
}


static void
ngx_whip_text_copy(ngx_whip_text_t *text, const void *p, size_t len)
{
    if (text->full || len > (size_t) (text->last - text->pos)) {
        text->full = 1;
        return;
    }

    if (len) {
        text->pos = ngx_cpymem(text->pos, p, len);
    }
}


static void
ngx_whip_text_number(ngx_whip_text_t *text, ngx_uint_t n)
{
    u_char  *p, buf[NGX_INT_T_LEN];

    p = buf + NGX_INT_T_LEN;

    do {
        *--p = (u_char) (n % 10 + '0');
        n /= 10;
    } while (n);

    ngx_whip_text_copy(text, p, buf + NGX_INT_T_LEN - p);
}
