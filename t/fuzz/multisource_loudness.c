
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte that says what is decoded, AAC, Opus, MP3 or something else,
 * in its lowest two bits; a byte with the length of the record, which follows;
 * and then packets, each of a byte with the time since the one before, in 4 ms,
 * two with its length, and so many bytes.
 *
 * Decoders are slow: of many inputs only the first ones and then a few are
 * decoded, which of them depends on nothing but their number.
 */

/* sources: modules/ngx_multisource/ngx_multisource_loudness.c */
/* libs: -lavcodec -lavutil -lm */


#include "fuzz.h"
#include "ngx_live_codec.h"
#include "ngx_multisource_director.h"
#include "ngx_multisource_loudness.h"

#include <libavutil/log.h>
#include <stdarg.h>


#define FIRST    64
#define EVERY    256
#define PACKETS  64


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


/* nothing that is given makes libavcodec speak, or it would to stderr */

static void
av_log_seen(void *ctx, int level, const char *fmt, va_list args)
{
    fuzz_assert(level > AV_LOG_INFO);
}


/* of memory of its own, so that a read behind its end is seen */

static u_char *
take(const uint8_t **p, const uint8_t *last, size_t *len)
{
    u_char  *copy;

    *len = ngx_min(*len, (size_t) (last - *p));

    copy = malloc(*len ? *len : 1);
    fuzz_assert(copy != NULL);

    ngx_memcpy(copy, *p, *len);
    *p += *len;

    return copy;
}


static void
listen_to(const uint8_t *p, const uint8_t *last)
{
    size_t                       len;
    u_char                      *data;
    int32_t                      level;
    ngx_uint_t                   codec, n;
    ngx_msec_t                   now;
    ngx_multisource_loudness_t  *l;

    static const ngx_uint_t  codecs[] = {
        NGX_LIVE_CODEC_AAC, NGX_LIVE_CODEC_OPUS, NGX_LIVE_CODEC_MP3,
        NGX_LIVE_CODEC_FLAC
    };

    codec = codecs[*p++ & 0x03];
    len = *p++;
    data = take(&p, last, &len);

    l = ngx_multisource_loudness_open(codec, data, len, &fuzz_log);
    fuzz_assert(l != NULL);

    free(data);

    now = (ngx_msec_t) -500;

    for (n = 0; n < PACKETS && last - p >= 3; n++) {

        now += p[0] * 4;
        len = p[1] << 8 | p[2];
        p += 3;

        data = take(&p, last, &len);
        ngx_multisource_loudness_frame(l, data, len, now);
        free(data);

        level = ngx_multisource_loudness_level(l, now);

        fuzz_assert(level >= NGX_MULTISOURCE_DIRECTOR_SILENT && level <= 0);
        fuzz_assert(codec != NGX_LIVE_CODEC_FLAC
                    || level == NGX_MULTISOURCE_DIRECTOR_SILENT);
    }

    level = ngx_multisource_loudness_level(l, now + 1000);
    fuzz_assert(level == NGX_MULTISOURCE_DIRECTOR_SILENT);

    ngx_multisource_loudness_close(l);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ngx_uint_t  count;

    if (size < 2) {
        return 0;
    }

    if (count == 0) {
        fuzz_log.log_level = NGX_LOG_DEBUG;
        av_log_set_callback(av_log_seen);
    }

    if (count++ < FIRST || count % EVERY == 0) {
        listen_to(data, data + size);
    }

    return 0;
}
