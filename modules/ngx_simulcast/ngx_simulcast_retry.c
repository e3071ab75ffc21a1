
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_retry.h"


/*
 * Of waits without jitter, ms: with one of +-20 % they become 1.2 to 1.8 s, at
 * most 15 s, at most 60 s, and at least 60 s.
 */

#define NGX_SIMULCAST_RETRY_FIRST      1500
#define NGX_SIMULCAST_RETRY_CAP        12500
#define NGX_SIMULCAST_RETRY_LATE_CAP   50000
#define NGX_SIMULCAST_RETRY_FATAL      75000
#define NGX_SIMULCAST_RETRY_FATAL_CAP  750000


ngx_int_t
ngx_simulcast_retry_failed(ngx_simulcast_retry_t *retry, ngx_msec_t now,
    ngx_msec_t window, ngx_uint_t fatal, ngx_uint_t max, uint32_t random,
    ngx_msec_t *wait)
{
    ngx_msec_t  least, cap, base;

    if (retry->attempts == 0) {
        retry->lost = now;
        retry->wait = 0;
    }

    retry->attempts++;

    if (max && retry->attempts > max) {
        return NGX_DECLINED;
    }

    if (fatal) {
        least = NGX_SIMULCAST_RETRY_FATAL;
        cap = NGX_SIMULCAST_RETRY_FATAL_CAP;

    } else {
        least = NGX_SIMULCAST_RETRY_FIRST;
        cap = ngx_simulcast_retry_expired(retry, now, window)
              ? NGX_SIMULCAST_RETRY_LATE_CAP : NGX_SIMULCAST_RETRY_CAP;
    }

    base = retry->wait + retry->wait / 2;
    base = ngx_max(base, least);
    base = ngx_min(base, cap);

    retry->wait = base;

    *wait = base * 4 / 5 + random % (base * 2 / 5 + 1);

    return NGX_OK;
}


void
ngx_simulcast_retry_progress(ngx_simulcast_retry_t *retry, ngx_msec_t lasted)
{
    if (lasted >= NGX_SIMULCAST_RETRY_PROGRESS) {
        ngx_memzero(retry, sizeof(ngx_simulcast_retry_t));
    }
}


ngx_uint_t
ngx_simulcast_retry_expired(ngx_simulcast_retry_t *retry, ngx_msec_t now,
    ngx_msec_t window)
{
    return retry->attempts && now - retry->lost >= window;
}
