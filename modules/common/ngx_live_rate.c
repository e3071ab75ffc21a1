
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_rate.h"


ngx_int_t
ngx_live_rate_parse(ngx_str_t *value, uint64_t *rate)
{
    size_t    i, len;
    uint64_t  n, scale;

    if (value->len == 0) {
        return NGX_ERROR;
    }

    len = value->len - 1;

    switch (value->data[len]) {

    case 'k':
    case 'K':
        scale = 1000;
        break;

    case 'm':
    case 'M':
        scale = 1000000;
        break;

    case 'g':
    case 'G':
        scale = 1000000000;
        break;

    default:
        scale = 1;
        len++;
    }

    n = 0;

    for (i = 0; i < len; i++) {

        if (value->data[i] < '0' || value->data[i] > '9') {
            return NGX_ERROR;
        }

        n = n * 10 + (value->data[i] - '0');

        if (n > NGX_LIVE_RATE_MAX / scale) {
            return NGX_ERROR;
        }
    }

    if (n == 0) {
        return NGX_ERROR;
    }

    *rate = n * scale;

    return NGX_OK;
}
