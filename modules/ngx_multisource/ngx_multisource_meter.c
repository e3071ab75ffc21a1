
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_meter.h"


static void ngx_multisource_meter_advance(ngx_multisource_meter_t *m,
    ngx_msec_t now);


static void
ngx_multisource_meter_advance(ngx_multisource_meter_t *m, ngx_msec_t now)
{
    if (now - m->start >= 2 * NGX_MULTISOURCE_METER_WINDOW) {
        ngx_memzero(m->bucket, sizeof(m->bucket));
        m->sum = 0;
        m->start = now;
        return;
    }

    while (now - m->start >= NGX_MULTISOURCE_METER_BUCKET) {
        m->start += NGX_MULTISOURCE_METER_BUCKET;
        m->current = (m->current + 1) % NGX_MULTISOURCE_METER_BUCKETS;
        m->sum -= m->bucket[m->current];
        m->bucket[m->current] = 0;
    }
}


void
ngx_multisource_meter_add(ngx_multisource_meter_t *m, ngx_msec_t now,
    uint64_t amount)
{
    if (!m->started) {
        m->started = 1;
        m->start = now;
        m->first = now;
    }

    ngx_multisource_meter_advance(m, now);

    m->bucket[m->current] += amount;
    m->sum += amount;
}


uint64_t
ngx_multisource_meter_sum(ngx_multisource_meter_t *m, ngx_msec_t now)
{
    if (!m->started) {
        return 0;
    }

    ngx_multisource_meter_advance(m, now);

    return m->sum;
}


uint64_t
ngx_multisource_meter_rate(ngx_multisource_meter_t *m, ngx_msec_t now)
{
    uint64_t    sum;
    ngx_msec_t  span;

    sum = ngx_multisource_meter_sum(m, now);

    if (!m->started || now - m->first < 1000) {
        return 0;
    }

    /* the window ends within the current bucket, not at its end */

    span = NGX_MULTISOURCE_METER_WINDOW - NGX_MULTISOURCE_METER_BUCKET
           + (now - m->start);

    if (span > now - m->first) {
        span = now - m->first;
    }

    return sum * 1000000 / span;
}
