
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_pace.h"


/* ms by which the times of frames may be off: rounded, and put late */
#define NGX_MULTISOURCE_PACE_JITTER  60

/* frames lie apart by so much more than jitter: something is missing */
#define NGX_MULTISOURCE_PACE_FOLLOW  20

/* ms without a frame, which are a pause and not the length of one */
#define NGX_MULTISOURCE_PACE_SILENCE 200

/* ms over which the length of frames is measured */
#define NGX_MULTISOURCE_PACE_WINDOW  500


static void ngx_multisource_pace_measure(ngx_multisource_pace_t *pace,
    int64_t ms);


void
ngx_multisource_pace_init(ngx_multisource_pace_t *pace, ngx_uint_t rate,
    uint32_t frame, ngx_uint_t unit)
{
    ngx_memzero(pace, sizeof(ngx_multisource_pace_t));

    pace->rate = rate;
    pace->unit = unit;
    pace->frame = frame;
}


int64_t
ngx_multisource_pace_place(ngx_multisource_pace_t *pace, int64_t ms)
{
    int64_t  time, error, step;

    time = ms * (int64_t) pace->rate / 1000;

    if (!pace->begun) {
        pace->begun = 1;
        pace->ms = ms;
        pace->last = ms;
        pace->next = time;
    }

    ngx_multisource_pace_measure(pace, ms);

    error = (time - pace->next) * 1000 / (int64_t) pace->rate;

    if (error > NGX_MULTISOURCE_PACE_JITTER) {

        /* a gap */

        pace->next = time;

    } else if (error > NGX_MULTISOURCE_PACE_FOLLOW
               || error < -NGX_MULTISOURCE_PACE_FOLLOW)
    {
        /* a clock that is not the samples': by what nobody hears */

        step = pace->frame / 100 + 1;
        pace->next += error > 0 ? step : -step;
    }

    time = pace->next;
    pace->next += pace->frame;

    return time;
}


static void
ngx_multisource_pace_measure(ngx_multisource_pace_t *pace, int64_t ms)
{
    int64_t  samples, silent;

    silent = ms - pace->last;
    pace->last = ms;

    if (silent < NGX_MULTISOURCE_PACE_SILENCE
        && ms - pace->ms < NGX_MULTISOURCE_PACE_WINDOW)
    {
        pace->since++;
        return;
    }

    if (silent < NGX_MULTISOURCE_PACE_SILENCE) {

        samples = (ms - pace->ms) * (int64_t) pace->rate / 1000
                  / (int64_t) pace->since;
        samples = (samples + (int64_t) pace->unit / 2)
                  / (int64_t) pace->unit * (int64_t) pace->unit;

        /* a quarter more or less is no jitter over so many frames */

        if (samples > 0
            && (samples * 4 > (int64_t) pace->frame * 5
                || samples * 4 < (int64_t) pace->frame * 3))
        {
            pace->frame = samples;
        }
    }

    pace->ms = ms;
    pace->since = 1;
}
