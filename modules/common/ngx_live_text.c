
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_text.h"


u_char *
ngx_live_text_copy(u_char *p, const char *s)
{
    while (*s) {
        *p++ = (u_char) *s++;
    }

    return p;
}


u_char *
ngx_live_text_dec(u_char *p, uint32_t v, ngx_uint_t digits)
{
    u_char      buf[10];
    ngx_uint_t  n;

    n = 0;

    do {
        buf[n++] = (u_char) ('0' + v % 10);
        v /= 10;
    } while (v || n < digits);

    while (n) {
        *p++ = buf[--n];
    }

    return p;
}


u_char *
ngx_live_text_hex(u_char *p, uint32_t v, ngx_uint_t digits,
    const char *alphabet)
{
    u_char      buf[8];
    ngx_uint_t  n;

    n = 0;

    do {
        buf[n++] = (u_char) alphabet[v & 0x0f];
        v >>= 4;
    } while (v || n < digits);

    while (n) {
        *p++ = buf[--n];
    }

    return p;
}
