
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/rand.h>

#include "ngx_whip_random.h"


#define NGX_WHIP_RANDOM_MAX  64


ngx_int_t
ngx_whip_random_text(u_char *p, size_t n)
{
    size_t         i;
    u_char         buf[NGX_WHIP_RANDOM_MAX];
    static u_char  chars[] = "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";

    if (n > sizeof(buf) || RAND_bytes(buf, n) != 1) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        p[i] = chars[buf[i] & 63];
    }

    return NGX_OK;
}


ngx_int_t
ngx_whip_random_hex(u_char *p, size_t n)
{
    u_char  buf[NGX_WHIP_RANDOM_MAX];

    if (n / 2 > sizeof(buf) || RAND_bytes(buf, n / 2) != 1) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(p, buf, n / 2);

    return NGX_OK;
}


uint32_t
ngx_whip_random_ssrc(void)
{
    uint32_t  ssrc;

    if (RAND_bytes((u_char *) &ssrc, sizeof(ssrc)) != 1) {
        ssrc = ngx_random();
    }

    return ssrc ? ssrc : 1;
}
