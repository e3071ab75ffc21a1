
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_health.h"


/* frames per second that are enough, whatever the source has */

#define NGX_SIMULCAST_HEALTH_FPS     20

/*
 * What two measurements of the same frames may differ by: a source of 15 fps
 * is not degraded at 14.8.
 */

#define NGX_SIMULCAST_HEALTH_ROUND   0.5

/* of the source's rates */

#define NGX_SIMULCAST_HEALTH_SHARE   0.9


static const char *const  ngx_simulcast_health_names[] = {
    "unknown", "healthy", "degraded", "stale", "error"
};


static void ngx_simulcast_health_rates(ngx_simulcast_health_sample_t *sample,
    ngx_simulcast_health_t *out);
static void ngx_simulcast_health_issue(ngx_simulcast_health_t *out,
    const char *format, ...) __attribute__((format(printf, 2, 3)));


void
ngx_simulcast_health_judge(ngx_simulcast_health_sample_t *sample,
    ngx_simulcast_health_t *out)
{
    ngx_memzero(out, sizeof(ngx_simulcast_health_t));

    if (sample->failed) {
        out->health = NGX_SIMULCAST_HEALTH_ERROR;
        ngx_simulcast_health_issue(out, "Connection failed");
        return;
    }

    if (sample->reconnecting) {
        ngx_simulcast_health_issue(out, "Reconnecting");
    }

    if (sample->idle >= NGX_SIMULCAST_HEALTH_STALE) {
        out->health = NGX_SIMULCAST_HEALTH_STALE_;
        ngx_simulcast_health_issue(out, "No progress for %llu s",
                                   (unsigned long long) sample->idle / 1000);
        return;
    }

    if (!sample->connecting && !sample->reconnecting) {
        ngx_simulcast_health_rates(sample, out);
    }

    if (sample->dropped) {
        ngx_simulcast_health_issue(out, "Dropped frames: %llu",
                                   (unsigned long long) sample->dropped);
    }

    if (out->nissues) {
        out->health = NGX_SIMULCAST_HEALTH_DEGRADED;

    } else if (!sample->connecting) {
        out->health = NGX_SIMULCAST_HEALTH_HEALTHY;
    }
}


static void
ngx_simulcast_health_rates(ngx_simulcast_health_sample_t *sample,
    ngx_simulcast_health_t *out)
{
    double              enough;
    unsigned long long  kbits;

    if (sample->source_fps > 0) {
        enough = ngx_min(NGX_SIMULCAST_HEALTH_FPS,
                         sample->source_fps - NGX_SIMULCAST_HEALTH_ROUND);

        if (sample->fps < enough
            || sample->fps < sample->source_fps * NGX_SIMULCAST_HEALTH_SHARE)
        {
            ngx_simulcast_health_issue(out, "Low FPS: %.1f", sample->fps);
        }
    }

    if (sample->bitrate < (uint64_t) (sample->source_bitrate
                                      * NGX_SIMULCAST_HEALTH_SHARE))
    {
        kbits = sample->bitrate / 1000;

        ngx_simulcast_health_issue(out, "Low bitrate: %llu kbit/s of %llu",
                                   kbits, (unsigned long long)
                                          sample->source_bitrate / 1000);
    }
}


static void
ngx_simulcast_health_issue(ngx_simulcast_health_t *out, const char *format,
    ...)
{
    va_list  args;

    if (out->nissues == NGX_SIMULCAST_HEALTH_ISSUES) {
        return;
    }

    va_start(args, format);
    (void) vsnprintf(out->issues[out->nissues++], NGX_SIMULCAST_HEALTH_ISSUE,
                     format, args);
    va_end(args);
}


const char *
ngx_simulcast_health_name(ngx_uint_t health)
{
    if (health > NGX_SIMULCAST_HEALTH_ERROR) {
        health = NGX_SIMULCAST_HEALTH_UNKNOWN;
    }

    return ngx_simulcast_health_names[health];
}


ngx_uint_t
ngx_simulcast_health_overall(ngx_uint_t *healths, ngx_uint_t n)
{
    ngx_uint_t  i, known, stale, degraded;

    known = 0;
    stale = 0;
    degraded = 0;

    for (i = 0; i < n; i++) {

        switch (healths[i]) {

        case NGX_SIMULCAST_HEALTH_ERROR:
            return NGX_SIMULCAST_HEALTH_ERROR;

        case NGX_SIMULCAST_HEALTH_STALE_:
            stale++;
            known++;
            break;

        case NGX_SIMULCAST_HEALTH_DEGRADED:
            degraded++;
            known++;
            break;

        case NGX_SIMULCAST_HEALTH_HEALTHY:
            known++;
            break;

        default:    /* NGX_SIMULCAST_HEALTH_UNKNOWN: does not run */
            break;
        }
    }

    /* nobody gets anything */

    if (stale && stale == known) {
        return NGX_SIMULCAST_HEALTH_ERROR;
    }

    return (stale || degraded) ? NGX_SIMULCAST_HEALTH_DEGRADED
                               : NGX_SIMULCAST_HEALTH_HEALTHY;
}
