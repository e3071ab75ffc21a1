
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

/* RFC 6716, 3.2.5 [R5]: a packet has 120 ms at most */
#define NGX_MULTISOURCE_PACE_PACKET  5760


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


/*
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * | config  |s| c |
 * +-+-+-+-+-+-+-+-+
 *
 * RFC 6716, 3.1: c is 0 for one frame, 1 and 2 for two; for 3 the low six bits
 * of the next byte tell how many there are.
 */

uint32_t
ngx_multisource_pace_opus(const u_char *p, size_t len)
{
    uint32_t    samples;
    ngx_uint_t  config, frames;

    if (len == 0) {
        return 0;
    }

    config = p[0] >> 3;
    frames = p[0] & 0x03;

    if (config >= 16) {
        samples = 120 << (config & 3);          /* CELT: 2.5 to 20 ms */

    } else if (config >= 12) {
        samples = 480 << (config & 1);          /* hybrid: 10, 20 ms */

    } else {
        config &= 3;                            /* SILK: 10, 20, 40, 60 ms */
        samples = config < 3 ? 480 << config : 2880;
    }

    if (frames == 3) {
        frames = len > 1 ? p[1] & 0x3f : 0;

    } else if (frames == 0) {
        frames = 1;

    } else {
        frames = 2;
    }

    samples *= frames;

    return samples > NGX_MULTISOURCE_PACE_PACKET ? 0 : samples;
}
