
/*
 * Copyright (C) the ngx_live contributors
 *
 * How loud sound is: tones that libavcodec encodes here, as AAC, Opus and MP3,
 * in one channel and in two; silence; records and packets that are cut off,
 * changed or garbage; bursts; and no memory.
 */

/* sources: modules/ngx_multisource/ngx_multisource_loudness.c */
/* libs: -lavcodec -lavutil -lm */


#include "tap.h"
#include "ngx_live_codec.h"
#include "ngx_multisource_director.h"
#include "ngx_multisource_loudness.h"

#include <libavcodec/avcodec.h>
#include <math.h>
#include <stdarg.h>


#define RATE         48000
#define SECONDS      2
#define MAX_PACKETS  400
#define SILENT       NGX_MULTISOURCE_DIRECTOR_SILENT


typedef struct {
    ngx_uint_t   codec;
    const char  *encoder;
    const char  *name;
} kind_t;


/* what an encoder has made */

typedef struct {
    int          record_len;
    u_char       record[256];
    int          samples;               /* of a packet */
    int          n;
    int          len[MAX_PACKETS];
    u_char       data[MAX_PACKETS][NGX_MULTISOURCE_LOUDNESS_MAX];
} sound_t;


static const kind_t  kinds[] = {
    { NGX_LIVE_CODEC_AAC, "aac", "AAC" },
    { NGX_LIVE_CODEC_OPUS, "libopus", "Opus" },
    { NGX_LIVE_CODEC_MP3, "libmp3lame", "MP3" }
};

static sound_t     sound, other;
static ngx_log_t   test_log;
static ngx_uint_t  logged, no_memory, av_logged;
static uint64_t    state = 88172645463325252ULL;
static char        name[256];


/* of nginx's core */

void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    return no_memory ? NULL : calloc(1, size);
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    logged++;
}


/* nothing may reach a worker's stderr, which is where this goes by default */

static void
av_log_seen(void *ctx, int level, const char *fmt, va_list args)
{
    av_logged += (level <= AV_LOG_INFO);
}


static void
bail(const char *why)
{
    printf("Bail out! %s\n", why);
    exit(2);
}


static uint64_t
random_below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (state >> 11) % n;
}


static void
take(sound_t *s, AVCodecContext *ctx, AVPacket *packet)
{
    while (avcodec_receive_packet(ctx, packet) == 0) {

        if (s->n == MAX_PACKETS
            || packet->size > NGX_MULTISOURCE_LOUDNESS_MAX)
        {
            bail("too much of it");
        }

        ngx_memcpy(s->data[s->n], packet->data, packet->size);
        s->len[s->n++] = packet->size;

        av_packet_unref(packet);
    }
}


/* a tone of 1 kHz whose peak is so many dB below full scale; 1: nothing */

static void
encode(sound_t *s, const kind_t *kind, int channels, double peak)
{
    int              i, j, at, planar;
    void            *p;
    double           v;
    AVFrame         *frame;
    AVPacket        *packet;
    const AVCodec   *codec;
    AVCodecContext  *ctx;

    codec = avcodec_find_encoder_by_name(kind->encoder);
    ctx = codec ? avcodec_alloc_context3(codec) : NULL;
    frame = av_frame_alloc();
    packet = av_packet_alloc();

    if (ctx == NULL || frame == NULL || packet == NULL) {
        bail(kind->encoder);
    }

    ctx->sample_rate = RATE;
    ctx->time_base.num = 1;
    ctx->time_base.den = RATE;
    ctx->bit_rate = 96000;
    ctx->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&ctx->ch_layout, channels);

    ctx->sample_fmt = kind->codec == NGX_LIVE_CODEC_OPUS
                      ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_FLTP;

    if (avcodec_open2(ctx, codec, NULL) < 0) {
        bail(kind->encoder);
    }

    ngx_memzero(s, sizeof(sound_t));

    /* MP3 has none */

    if (ctx->extradata_size > (int) sizeof(s->record)) {
        bail("a record that is too long");
    }

    if (kind->codec != NGX_LIVE_CODEC_MP3) {
        s->record_len = ctx->extradata_size;
        ngx_memcpy(s->record, ctx->extradata, s->record_len);
    }

    s->samples = ctx->frame_size;

    frame->nb_samples = ctx->frame_size;
    frame->format = ctx->sample_fmt;
    frame->sample_rate = RATE;
    av_channel_layout_copy(&frame->ch_layout, &ctx->ch_layout);

    if (av_frame_get_buffer(frame, 0) < 0) {
        bail("no frame");
    }

    planar = av_sample_fmt_is_planar(ctx->sample_fmt);

    for (at = 0; at < SECONDS * RATE; at += ctx->frame_size) {

        if (av_frame_make_writable(frame) < 0) {
            bail("no frame");
        }

        for (i = 0; i < ctx->frame_size; i++) {
            v = peak > 0 ? 0 : pow(10, peak / 20)
                               * sin(2 * M_PI * 1000 * (at + i) / RATE);

            for (j = 0; j < channels; j++) {
                p = planar ? (float *) frame->extended_data[j] + i
                           : (float *) frame->data[0] + i * channels + j;
                *(float *) p = v;
            }
        }

        frame->pts = at;

        if (avcodec_send_frame(ctx, frame) < 0) {
            bail("cannot encode");
        }

        take(s, ctx, packet);
    }

    (void) avcodec_send_frame(ctx, NULL);
    take(s, ctx, packet);

    avcodec_free_context(&ctx);
    av_frame_free(&frame);
    av_packet_free(&packet);
}


static ngx_multisource_loudness_t *
hear(ngx_uint_t codec, const sound_t *s)
{
    u_char                      *record;
    ngx_multisource_loudness_t  *l;

    /* gone when it is open; a sanitizer sees a read behind its end */

    record = malloc(s->record_len ? s->record_len : 1);
    if (record == NULL) {
        bail("no memory");
    }

    ngx_memcpy(record, s->record, s->record_len);

    l = ngx_multisource_loudness_open(codec, record, s->record_len, &test_log);
    if (l == NULL) {
        bail("not opened");
    }

    free(record);

    return l;
}


static void
put(ngx_multisource_loudness_t *l, const u_char *data, size_t len,
    ngx_msec_t now)
{
    u_char  *p;

    p = malloc(len ? len : 1);
    if (p == NULL) {
        bail("no memory");
    }

    ngx_memcpy(p, data, len);
    ngx_multisource_loudness_frame(l, p, len, now);

    free(p);
}


/* packets as they come; returns when that is over */

static ngx_msec_t
play(ngx_multisource_loudness_t *l, const sound_t *s, ngx_msec_t now)
{
    int  i;

    for (i = 0; i < s->n; i++) {
        put(l, s->data[i], s->len[i],
            now + (ngx_msec_t) i * s->samples * 1000 / RATE);
    }

    return now + (ngx_msec_t) (s->n - 1) * s->samples * 1000 / RATE;
}


static void
within(ngx_multisource_loudness_t *l, ngx_msec_t now, int low, int high,
    const char *what)
{
    int32_t  level;

    level = ngx_multisource_loudness_level(l, now);

    if (!tap_ok(level >= low && level <= high, what)) {
        printf("#      got: %d\n#     want: %d to %d\n", level, low, high);
    }
}


static void
test_tones(const kind_t *kind)
{
    int                          channels;
    ngx_msec_t                   now;
    ngx_multisource_loudness_t  *l;

    for (channels = 1; channels <= 2; channels++) {

        snprintf(name, sizeof(name), "%s, %d channels: ", kind->name,
                 channels);

#define TITLE(text)  (strcpy(strchr(name, ':') + 2, text), name)

        encode(&sound, kind, channels, -20);
        l = hear(kind->codec, &sound);

        within(l, 1000, SILENT, SILENT, TITLE("before anything is silence"));

        now = play(l, &sound, 1000);
        within(l, now, -2360, -2260, TITLE("a sine of -20 dBFS has -23 dB"));
        within(l, now + 200, -2360, -2260, TITLE("and a little later"));
        within(l, now + 600, SILENT, SILENT, TITLE("then nothing comes"));

        encode(&other, kind, channels, -60);
        now = play(l, &other, now + 600);
        within(l, now, -6400, -6200, TITLE("a quiet one has -63"));

        encode(&other, kind, channels, -0.1);
        now = play(l, &other, now);
        within(l, now, -370, -280, TITLE("a loud one -3"));

        encode(&other, kind, channels, 1);
        now = play(l, &other, now);
        within(l, now, SILENT, -9000, TITLE("digital silence"));

        now = play(l, &sound, now);
        within(l, now, -2360, -2260, TITLE("and the sine again"));

        ngx_multisource_loudness_close(l);
    }
}


/* all of these have one outcome: nothing breaks */

static void
test_garbage(const kind_t *kind)
{
    int                          i, n;
    u_char                       data[NGX_MULTISOURCE_LOUDNESS_MAX + 1];
    size_t                       len;
    int32_t                      level;
    ngx_uint_t                   j, ok;
    ngx_msec_t                   now;
    ngx_multisource_loudness_t  *l;

    snprintf(name, sizeof(name), "%s: ", kind->name);

    encode(&sound, kind, 2, -20);
    av_log_set_callback(av_log_seen);

    l = hear(kind->codec, &sound);
    now = 1000;
    ok = 1;

    for (i = 0; i < 3000; i++) {
        n = i % sound.n;
        len = sound.len[n];
        ngx_memcpy(data, sound.data[n], len);

        switch (i % 5) {

        case 0:
            len = random_below(len + 1);
            break;

        case 1:
            for (j = 0; j < 3; j++) {
                data[random_below(len)] ^= 1 << random_below(8);
            }
            break;

        case 2:
            len = random_below(400);
            for (j = 0; j < len; j++) {
                data[j] = random_below(256);
            }
            break;

        case 3:
            ngx_memset(data, (i & 8) ? 0xff : 0, len);
            break;
        }

        put(l, data, len, now);
        now += 5;

        level = ngx_multisource_loudness_level(l, now);
        ok &= level >= SILENT && level <= 0;
    }

    tap_ok(ok, TITLE("garbage has a level that can be"));

    ngx_memset(data, 0x55, sizeof(data));
    now += 1000;

    put(l, data, 0, now);
    put(l, data, sizeof(data), now);
    within(l, now, SILENT, SILENT, TITLE("no byte, or too many, are silence"));

    now = play(l, &sound, now + 1000);
    within(l, now, -2360, -2260, TITLE("what is sound again is heard"));

    ngx_multisource_loudness_close(l);

    /* as fast as it can be sent */

    l = hear(kind->codec, &sound);
    now += 5000;

    for (i = 0; i < 20 * sound.n; i++) {
        put(l, sound.data[i % sound.n], sound.len[i % sound.n], now);
    }

    within(l, now, -2370, -2200, TITLE("a burst is heard"));

    now = play(l, &sound, now + 1000);
    within(l, now, -2360, -2260, TITLE("and so is what comes after it"));

    ngx_multisource_loudness_close(l);

    /* records */

    if (sound.record_len == 0) {
        av_log_set_callback(av_log_default_callback);
        return;
    }

    ok = 1;

    for (i = 0; i < 300; i++) {
        ngx_memcpy(&other, &sound, sizeof(sound_t));

        if (i < sound.record_len) {
            other.record_len = i;

        } else {
            for (j = 0; j < 1 + random_below(4); j++) {
                other.record[random_below(sound.record_len)] =
                                                        random_below(256);
            }
        }

        l = hear(kind->codec, &other);

        for (n = 0; n < 4; n++) {
            put(l, sound.data[n], sound.len[n], 20 * n);
        }

        level = ngx_multisource_loudness_level(l, 80);
        ok &= level >= SILENT && level <= 0;

        ngx_multisource_loudness_close(l);
    }

    tap_ok(ok, TITLE("records that are cut off, or changed"));

    av_log_set_callback(av_log_default_callback);
}


static void
test_others(void)
{
    ngx_uint_t                   i;
    ngx_multisource_loudness_t  *l;

    static const ngx_uint_t  codecs[] = {
        NGX_LIVE_CODEC_NONE, NGX_LIVE_CODEC_H264, NGX_LIVE_CODEC_FLAC,
        NGX_LIVE_CODEC_PCM, 9999
    };

    for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        l = hear(codecs[i], &sound);

        (void) play(l, &sound, 0);

        snprintf(name, sizeof(name), "codec %lu is silence",
                 (unsigned long) codecs[i]);
        tap_is(ngx_multisource_loudness_level(l, 100), SILENT, name);

        ngx_multisource_loudness_close(l);
    }

    logged = 0;

    l = ngx_multisource_loudness_open(NGX_LIVE_CODEC_AAC, NULL, 0, &test_log);
    tap_ok(l != NULL, "AAC without a record opens");
    ngx_multisource_loudness_frame(l, sound.data[0], sound.len[0], 0);
    tap_is(ngx_multisource_loudness_level(l, 0), SILENT, "  and is silence");
    ngx_multisource_loudness_close(l);

    no_memory = 1;
    tap_ok(ngx_multisource_loudness_open(NGX_LIVE_CODEC_AAC, sound.record,
                                         sound.record_len, &test_log)
           == NULL, "nothing opens without memory");
    no_memory = 0;

    ngx_multisource_loudness_close(NULL);
    tap_is(logged, 0, "nothing is logged of what others sent");
}


int
main(void)
{
    ngx_uint_t  i;

    test_log.log_level = NGX_LOG_DEBUG;

    /* encoders may say what they like */

    av_log_set_level(AV_LOG_QUIET);

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        test_tones(&kinds[i]);
    }

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        test_garbage(&kinds[i]);
    }

    av_log_set_callback(av_log_seen);

    test_others();

    tap_is(av_logged, 0, "no decoder speaks");

    return tap_done();
}
