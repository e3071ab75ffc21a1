
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <libavcodec/avcodec.h>
#include <math.h>

#include "ngx_live_codec.h"
#include "ngx_multisource_director.h"
#include "ngx_multisource_loudness.h"


/* of the window, ms */

#define NGX_MULTISOURCE_LOUDNESS_STEPS       10
#define NGX_MULTISOURCE_LOUDNESS_STEP                                         \
    (NGX_MULTISOURCE_LOUDNESS_WINDOW / NGX_MULTISOURCE_LOUDNESS_STEPS)

/*
 * What is decoded within a second of the clock at most: packets, of which Opus
 * has 400 in a second, and ms of sound. A line that stood still brings what it
 * held back all at once, of which the beginning is enough.
 */

#define NGX_MULTISOURCE_LOUDNESS_PACKETS     800
#define NGX_MULTISOURCE_LOUDNESS_SOUND       2000

/* samples of a frame of one channel, more than any of these codecs has */

#define NGX_MULTISOURCE_LOUDNESS_SAMPLES     16384

/* bytes; a record is one of some 100 */

#define NGX_MULTISOURCE_LOUDNESS_RECORD      4096

/* raises the level of all that libavcodec says above any that is logged */

#define NGX_MULTISOURCE_LOUDNESS_LOG_OFFSET  128


typedef struct {
    double            power;        /* the sum of it; 1 is full scale */
    uint64_t          samples;
} ngx_multisource_loudness_step_t;


struct ngx_multisource_loudness_s {
    AVCodecContext   *decoder;      /* NULL: all is silence */
    AVFrame          *frame;
    AVPacket         *packet;
    ngx_log_t        *log;

    ngx_multisource_loudness_step_t
                      steps[NGX_MULTISOURCE_LOUDNESS_STEPS];
    ngx_uint_t        current;
    ngx_msec_t        start;        /* of the current step */

    /* within the second that began at `since` */

    ngx_msec_t        since;
    ngx_uint_t        packets;
    uint64_t          sound;        /* us */

    unsigned          started:1;

    u_char            data[NGX_MULTISOURCE_LOUDNESS_MAX
                           + AV_INPUT_BUFFER_PADDING_SIZE];
};


static ngx_int_t ngx_multisource_loudness_open_decoder(
    ngx_multisource_loudness_t *l, const AVCodec *codec, const u_char *record,
    size_t len);
static ngx_uint_t ngx_multisource_loudness_affords(
    ngx_multisource_loudness_t *l, ngx_msec_t now);
static void ngx_multisource_loudness_add(ngx_multisource_loudness_t *l);
static double ngx_multisource_loudness_power(const AVFrame *frame,
    ngx_uint_t plane, ngx_uint_t n);
static void ngx_multisource_loudness_advance(ngx_multisource_loudness_t *l,
    ngx_msec_t now);


ngx_multisource_loudness_t *
ngx_multisource_loudness_open(ngx_uint_t codec, const u_char *record,
    size_t len, ngx_log_t *log)
{
    enum AVCodecID               id;
    const AVCodec               *decoder;
    ngx_multisource_loudness_t  *l;

    switch (codec) {

    case NGX_LIVE_CODEC_AAC:
        id = AV_CODEC_ID_AAC;
        break;

    case NGX_LIVE_CODEC_OPUS:
        id = AV_CODEC_ID_OPUS;
        break;

    case NGX_LIVE_CODEC_MP3:
        id = AV_CODEC_ID_MP3;
        break;

    default:
        id = AV_CODEC_ID_NONE;
    }

    l = ngx_calloc(sizeof(ngx_multisource_loudness_t), log);
    if (l == NULL) {
        return NULL;
    }

    l->log = log;

    decoder = (id == AV_CODEC_ID_NONE) ? NULL : avcodec_find_decoder(id);

    if (decoder
        && len <= NGX_MULTISOURCE_LOUDNESS_RECORD
        && (len || id != AV_CODEC_ID_AAC)
        && ngx_multisource_loudness_open_decoder(l, decoder, record, len)
           != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "multisource: no memory to hear a source");

        ngx_multisource_loudness_close(l);
        return NULL;
    }

    return l;
}


/* NGX_ERROR: no memory */

static ngx_int_t
ngx_multisource_loudness_open_decoder(ngx_multisource_loudness_t *l,
    const AVCodec *codec, const u_char *record, size_t len)
{
    int              rc;
    AVCodecContext  *ctx;

    l->frame = av_frame_alloc();
    l->packet = av_packet_alloc();
    l->decoder = avcodec_alloc_context3(codec);

    if (l->frame == NULL || l->packet == NULL || l->decoder == NULL) {
        return NGX_ERROR;
    }

    ctx = l->decoder;

    /* the log level of the process is not ours */

    ctx->log_level_offset = NGX_MULTISOURCE_LOUDNESS_LOG_OFFSET;

    ctx->thread_count = 1;
    ctx->request_sample_fmt = AV_SAMPLE_FMT_FLTP;
    ctx->max_samples = NGX_MULTISOURCE_LOUDNESS_SAMPLES;

    if (len) {
        ctx->extradata = av_mallocz(len + AV_INPUT_BUFFER_PADDING_SIZE);
        if (ctx->extradata == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(ctx->extradata, record, len);
        ctx->extradata_size = (int) len;
    }

    rc = avcodec_open2(ctx, codec, NULL);

    if (rc == AVERROR(ENOMEM)) {
        return NGX_ERROR;
    }

    if (rc < 0) {
        avcodec_free_context(&l->decoder);
    }

    return NGX_OK;
}


void
ngx_multisource_loudness_close(ngx_multisource_loudness_t *l)
{
    if (l == NULL) {
        return;
    }

    avcodec_free_context(&l->decoder);
    av_frame_free(&l->frame);
    av_packet_free(&l->packet);

    ngx_free(l);
}


void
ngx_multisource_loudness_frame(ngx_multisource_loudness_t *l,
    const u_char *p, size_t len, ngx_msec_t now)
{
    int  rc;

    ngx_multisource_loudness_advance(l, now);

    if (l->decoder == NULL || len == 0 || len > NGX_MULTISOURCE_LOUDNESS_MAX
        || !ngx_multisource_loudness_affords(l, now))
    {
        return;
    }

    l->packets++;

    ngx_memcpy(l->data, p, len);
    ngx_memzero(l->data + len, AV_INPUT_BUFFER_PADDING_SIZE);

    l->packet->data = l->data;
    l->packet->size = (int) len;

    rc = avcodec_send_packet(l->decoder, l->packet);

    while (rc >= 0) {

        rc = avcodec_receive_frame(l->decoder, l->frame);

        if (rc < 0) {
            break;
        }

        ngx_multisource_loudness_add(l);

        av_frame_unref(l->frame);

        if (!ngx_multisource_loudness_affords(l, now)) {

            /* of what is left in the packet nothing stays behind */

            avcodec_flush_buffers(l->decoder);
            break;
        }
    }
}


static ngx_uint_t
ngx_multisource_loudness_affords(ngx_multisource_loudness_t *l, ngx_msec_t now)
{
    if (now - l->since >= 1000) {
        l->since = now;
        l->packets = 0;
        l->sound = 0;
    }

    return l->packets < NGX_MULTISOURCE_LOUDNESS_PACKETS
           && l->sound < NGX_MULTISOURCE_LOUDNESS_SOUND * 1000;
}


static void
ngx_multisource_loudness_add(ngx_multisource_loudness_t *l)
{
    int                               planes;
    AVFrame                          *frame;
    ngx_uint_t                        i, n, channels;
    ngx_multisource_loudness_step_t  *step;

    frame = l->frame;

    if (frame->nb_samples <= 0 || frame->sample_rate <= 0
        || frame->ch_layout.nb_channels <= 0)
    {
        return;
    }

    channels = frame->ch_layout.nb_channels;
    planes = av_sample_fmt_is_planar(frame->format);
    n = frame->nb_samples;

    step = &l->steps[l->current];

    for (i = 0; i < (planes ? channels : 1); i++) {
        step->power += ngx_multisource_loudness_power(frame, i,
                                                      planes ? n
                                                             : n * channels);
    }

    step->samples += (uint64_t) n * channels;
    l->sound += (uint64_t) n * 1000000 / frame->sample_rate;
}


static double
ngx_multisource_loudness_power(const AVFrame *frame, ngx_uint_t plane,
    ngx_uint_t n)
{
    double          sum, v;
    ngx_uint_t      i;
    const float    *f;
    const int16_t  *s;

    sum = 0;

    switch (av_get_packed_sample_fmt(frame->format)) {

    case AV_SAMPLE_FMT_FLT:

        f = (const float *) frame->extended_data[plane];

        for (i = 0; i < n; i++) {
            v = (double) f[i] * f[i];

            /* garbage decodes to anything; what is no number is left out */

            if (v <= 1) {
                sum += v;

            } else if (v > 1) {
                sum += 1;
            }
        }

        break;

    case AV_SAMPLE_FMT_S16:

        s = (const int16_t *) frame->extended_data[plane];

        for (i = 0; i < n; i++) {
            v = s[i] / 32768.0;
            sum += v * v;
        }

        break;

    default:
        /* no decoder that is used here has another */
        break;
    }

    return sum;
}


int32_t
ngx_multisource_loudness_level(ngx_multisource_loudness_t *l, ngx_msec_t now)
{
    double      power, level;
    uint64_t    samples;
    ngx_uint_t  i;

    ngx_multisource_loudness_advance(l, now);

    power = 0;
    samples = 0;

    for (i = 0; i < NGX_MULTISOURCE_LOUDNESS_STEPS; i++) {
        power += l->steps[i].power;
        samples += l->steps[i].samples;
    }

    if (samples == 0 || power <= 0) {
        return NGX_MULTISOURCE_DIRECTOR_SILENT;
    }

    level = 1000 * log10(power / samples);

    if (level <= NGX_MULTISOURCE_DIRECTOR_SILENT) {
        return NGX_MULTISOURCE_DIRECTOR_SILENT;
    }

    return (int32_t) floor(level + 0.5);
}


static void
ngx_multisource_loudness_advance(ngx_multisource_loudness_t *l, ngx_msec_t now)
{
    if (!l->started
        || now - l->start >= 2 * NGX_MULTISOURCE_LOUDNESS_WINDOW)
    {
        l->started = 1;
        l->start = now;
        l->since = now;
        l->packets = 0;
        l->sound = 0;

        ngx_memzero(l->steps, sizeof(l->steps));
        return;
    }

    while (now - l->start >= NGX_MULTISOURCE_LOUDNESS_STEP) {
        l->start += NGX_MULTISOURCE_LOUDNESS_STEP;
        l->current = (l->current + 1) % NGX_MULTISOURCE_LOUDNESS_STEPS;

        l->steps[l->current].power = 0;
        l->steps[l->current].samples = 0;
    }
}
