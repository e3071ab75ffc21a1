
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, its lowest bit 1 for stereo, and then calls, each of a byte
 * that says what to do, a byte with a length, and a packet of that length:
 *
 *     0x1f    time since the call before, in 2.5 ms
 *     0x20    that time is in seconds, and an odd sample less
 *     0x40    back in time
 *     0x80    no packet: time has come to there, or the end of the run if
 *             the length is 0
 *
 * Codecs are slow: of many inputs only the first ones and then a few are
 * transcoded, which of them depends on nothing but their number.
 */

/* sources: modules/ngx_whip/ngx_whip_audio.c */
/* sources: modules/ngx_whip/ngx_whip_opus.c */
/* libs: -lopus -lavcodec -lavutil -lm */


#include "fuzz.h"
#include "ngx_whip_audio.h"
#include "ngx_whip_opus.h"

#include <stdarg.h>


#define FIRST   64
#define EVERY   1024
#define CALLS   32
#define BASE    ((int64_t) 1 << 40)


typedef struct {
    int64_t     last;
    ngx_uint_t  frames;
    ngx_uint_t  runs;       /* that were first heard of within the call */
} sink_t;


static ngx_log_t  fuzz_log;


/* of nginx's core */

void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    return calloc(1, size);
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    fuzz_assert(0);
}


static ngx_int_t
handler(void *data, u_char *frame, size_t len, int64_t pts)
{
    sink_t  *s;

    s = data;

    /* a frame that is not empty, with a channel element and room before it */

    fuzz_assert(len > 1 && len <= 1536);
    fuzz_assert((frame[0] >> 5) <= 1 || (frame[0] >> 5) == 6);

    ngx_memset(frame - NGX_WHIP_AUDIO_HEADROOM, 0xee, NGX_WHIP_AUDIO_HEADROOM);

    if (s->frames && pts != s->last + NGX_WHIP_AUDIO_FRAME) {
        s->runs++;
    }

    s->last = pts;
    s->frames++;

    return NGX_OK;
}


static int64_t
step(u_char op)
{
    int64_t  n;

    n = op & 0x1f;
    n = (op & 0x20) ? n * 48000 - (n & 1) : n * 120;

    return (op & 0x40) ? -n : n;
}


static void
transcode(const uint8_t *p, const uint8_t *last)
{
    size_t                         len;
    sink_t                         sink;
    int64_t                        pts;
    uint64_t                       samples, jumps;
    ngx_int_t                      rc;
    ngx_uint_t                     frames, n, resets;
    ngx_whip_audio_t              *a;
    const ngx_whip_audio_stats_t  *stats;

    ngx_memzero(&sink, sizeof(sink_t));

    fuzz_log.log_level = NGX_LOG_DEBUG;

    a = ngx_whip_audio_create(1 + (*p++ & 1), 128000, handler, &sink,
                              &fuzz_log);
    fuzz_assert(a != NULL);

    stats = ngx_whip_audio_stats(a);
    pts = BASE;
    resets = 0;

    for (n = 0; n < CALLS && last - p >= 2; n++) {

        frames = sink.frames;
        jumps = stats->jumps;
        sink.runs = 0;

        len = ngx_min((size_t) p[1], (size_t) (last - p - 2));
        pts += step(p[0]);

        if (!(p[0] & 0x80)) {
            rc = ngx_whip_audio_packet(a, pts, p + 2, len);
            fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

        } else if (len) {
            fuzz_assert(ngx_whip_audio_advance(a, pts) == NGX_OK);

        } else {
            fuzz_assert(ngx_whip_audio_reset(a) == NGX_OK);
            resets++;
        }

        fuzz_assert(sink.frames - frames <= 53);

        /* a jump ends a run too short to have been heard, another begins */

        fuzz_assert(sink.runs <= 2);
        fuzz_assert(sink.runs == 0 || stats->jumps || resets);
        fuzz_assert(stats->jumps - jumps <= 1);

        p += 2 + len;
    }

    samples = stats->decoded + stats->concealed + stats->recovered
              + stats->silence;

    fuzz_assert(stats->frames == sink.frames);

    if (stats->jumps + resets == 0) {
        samples /= NGX_WHIP_AUDIO_FRAME;
        fuzz_assert(sink.frames == (samples ? samples - 1 : 0));
    }

    ngx_whip_audio_destroy(a);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ngx_uint_t  count;

    if (size == 0) {
        return 0;
    }

    if (count++ < FIRST || count % EVERY == 0) {
        transcode(data, data + size);
    }

    return 0;
}
