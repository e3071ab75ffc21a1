
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_motion.h"


/* steps before anything is said: two seconds of them are the usual by then */

#define NGX_MULTISOURCE_MOTION_LEAST   8

/* of a step; a frame is no longer than an RTMP message, which has 24 bits */

#define NGX_MULTISOURCE_MOTION_BYTES   ((uint64_t) 1 << 32)


static void ngx_multisource_motion_advance(ngx_multisource_motion_t *m,
    ngx_msec_t now);
static void ngx_multisource_motion_step(ngx_multisource_motion_t *m);


void
ngx_multisource_motion_add(ngx_multisource_motion_t *m, ngx_msec_t now,
    size_t bytes)
{
    uint64_t  *step;

    if (!m->started) {
        m->started = 1;
        m->start = now;
    }

    ngx_multisource_motion_advance(m, now);

    step = &m->steps[m->current];

    *step += bytes;
    *step = ngx_min(*step, NGX_MULTISOURCE_MOTION_BYTES);
}


ngx_uint_t
ngx_multisource_motion_percent(ngx_multisource_motion_t *m, ngx_msec_t now)
{
    uint64_t    sum, usual, percent;
    ngx_uint_t  i;

    if (!m->started) {
        return 0;
    }

    ngx_multisource_motion_advance(m, now);

    if (m->nsteps < NGX_MULTISOURCE_MOTION_LEAST) {
        return 100;
    }

    /* but for the current step, which is not complete */

    sum = 0;

    for (i = 0; i < NGX_MULTISOURCE_MOTION_STEPS + 1; i++) {
        if (i != m->current) {
            sum += m->steps[i];
        }
    }

    usual = (m->usual * NGX_MULTISOURCE_MOTION_STEPS) >> 16;
    usual = ngx_max(usual, NGX_MULTISOURCE_MOTION_STILL);

    percent = sum * 100 / usual;

    return ngx_min(percent, NGX_MULTISOURCE_MOTION_MAX);
}


static void
ngx_multisource_motion_advance(ngx_multisource_motion_t *m, ngx_msec_t now)
{
    ngx_uint_t  n;

    n = (now - m->start) / NGX_MULTISOURCE_MOTION_STEP;

    /* after a minute without a frame nothing but that is usual */

    if (n > NGX_MULTISOURCE_MOTION_USUAL) {
        ngx_memzero(m->steps, sizeof(m->steps));

        m->usual = 0;
        m->start = now;
        return;
    }

    for ( /* void */ ; n; n--) {
        ngx_multisource_motion_step(m);
        m->start += NGX_MULTISOURCE_MOTION_STEP;
    }
}


/* the plain average of the first minute, then one that forgets */

static void
ngx_multisource_motion_step(ngx_multisource_motion_t *m)
{
    uint64_t  bytes;

    bytes = m->steps[m->current] << 16;

    if (m->nsteps < NGX_MULTISOURCE_MOTION_USUAL) {
        m->nsteps++;
    }

    if (bytes >= m->usual) {
        m->usual += (bytes - m->usual) / m->nsteps;

    } else {
        m->usual -= (m->usual - bytes) / m->nsteps;
    }

    m->current = (m->current + 1) % (NGX_MULTISOURCE_MOTION_STEPS + 1);
    m->steps[m->current] = 0;
}
