
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <libavcodec/avcodec.h>
#include <opus/opus.h>

#include "ngx_whip_audio.h"
#include "ngx_whip_opus.h"


#define NGX_WHIP_AUDIO_CHANNELS    2

/* the farthest pts, so that differences and sums of them do not overflow */

#define NGX_WHIP_AUDIO_MAX_PTS     ((int64_t) 1 << 61)

/* how far packets may be from where they should be, 5 ms */

#define NGX_WHIP_AUDIO_SLACK       240

/* into silence in 10 ms, out of it in 2.5 ms */

#define NGX_WHIP_AUDIO_FADE_OUT    480
#define NGX_WHIP_AUDIO_FADE_IN     120

/* frames that an encoder may want to see before it hands on the last one */

#define NGX_WHIP_AUDIO_MAX_DELAY   8

/* bytes, 1536 of which ISO/IEC 14496-3 allows for two channels */

#define NGX_WHIP_AUDIO_MAX_FRAME   4096

/* raises the level of all that libavcodec says above any that is logged */

#define NGX_WHIP_AUDIO_LOG_OFFSET  128

/*
 * With this scale of the quantizer, its default, the encoder spends what its
 * psychoacoustic model asks for at the bit rate, and encodes a frame once.  To
 * keep the bit rate instead, it would encode a pure tone six times a frame in
 * search of a use for the bits.
 */

#define NGX_WHIP_AUDIO_QUALITY     120


/*
 * Mid/side coding, which is left on, costs a tenth more time and saves a fifth
 * to a third of the bits; the tools that are off take more and save less.
 */

static const char *const  ngx_whip_audio_options[][2] = {
    { "aac_coder", "fast" },
    { "aac_tns",   "0" },
    { "aac_pns",   "0" },
    { "aac_is",    "0" },
    { NULL,        NULL }
};


struct ngx_whip_audio_s {
    OpusDecoder             *decoder;
    AVCodecContext          *encoder;
    AVFrame                 *frame;       /* being filled */
    AVPacket                *packet;

    ngx_whip_audio_pt        handler;
    void                    *data;
    ngx_log_t               *log;

    ngx_uint_t               channels;
    ngx_uint_t               fill;        /* samples in "frame" */

    /* the encoder's time counts the samples that it was given */

    int64_t                  encoded;     /* its time of "frame" */
    int64_t                  passed;      /* and of the last frame out */
    int64_t                  start;       /* and of the run's first one */

    int64_t                  next;        /* pts of the next sample */
    int64_t                  shift;       /* pts less the encoder's time */
    ngx_uint_t               slack;

    unsigned                 running:1;
    unsigned                 silent:1;    /* faded out */
    unsigned                 celt:1;      /* the mode of the last packet */

    ngx_whip_audio_stats_t   stats;

    float                    pcm[NGX_WHIP_OPUS_MAX_SAMPLES
                                 * NGX_WHIP_AUDIO_CHANNELS];
    u_char                   out[NGX_WHIP_AUDIO_HEADROOM
                                 + NGX_WHIP_AUDIO_MAX_FRAME];
};


static ngx_int_t ngx_whip_audio_open_decoder(ngx_whip_audio_t *a);
static ngx_int_t ngx_whip_audio_open_encoder(ngx_whip_audio_t *a,
    ngx_uint_t bitrate);
static ngx_int_t ngx_whip_audio_open_frame(ngx_whip_audio_t *a);
static void ngx_whip_audio_begin(ngx_whip_audio_t *a, int64_t pts);
static ngx_int_t ngx_whip_audio_end(ngx_whip_audio_t *a);
static ngx_int_t ngx_whip_audio_seek(ngx_whip_audio_t *a, int64_t pts,
    ngx_whip_opus_t *opus, const u_char *p, size_t len);
static ngx_int_t ngx_whip_audio_decode(ngx_whip_audio_t *a, ngx_uint_t skip,
    const u_char *p, size_t len);
static ngx_int_t ngx_whip_audio_conceal(ngx_whip_audio_t *a, ngx_uint_t n,
    ngx_whip_opus_t *opus, const u_char *p, size_t len);
static ngx_int_t ngx_whip_audio_lost(ngx_whip_audio_t *a, ngx_uint_t n,
    const u_char *p, size_t len, uint64_t *count);
static ngx_int_t ngx_whip_audio_silence(ngx_whip_audio_t *a, ngx_uint_t n);
static ngx_int_t ngx_whip_audio_fade(ngx_whip_audio_t *a, ngx_uint_t n);
static ngx_int_t ngx_whip_audio_append(ngx_whip_audio_t *a, const float *pcm,
    ngx_uint_t n);
static void ngx_whip_audio_fill(ngx_whip_audio_t *a, const float *pcm,
    ngx_uint_t n);
static ngx_int_t ngx_whip_audio_encode(ngx_whip_audio_t *a);
static ngx_int_t ngx_whip_audio_pass(ngx_whip_audio_t *a);
static ngx_int_t ngx_whip_audio_failed(ngx_whip_audio_t *a, int err);


ngx_whip_audio_t *
ngx_whip_audio_create(ngx_uint_t channels, ngx_uint_t bitrate,
    ngx_whip_audio_pt handler, void *data, ngx_log_t *log)
{
    ngx_whip_audio_t  *a;

    if (channels == 0 || channels > NGX_WHIP_AUDIO_CHANNELS) {
        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "whip: no audio of %ui channels", channels);
        return NULL;
    }

    a = ngx_calloc(sizeof(ngx_whip_audio_t), log);
    if (a == NULL) {
        return NULL;
    }

    a->channels = channels;
    a->handler = handler;
    a->data = data;
    a->log = log;

    if (ngx_whip_audio_open_decoder(a) != NGX_OK
        || ngx_whip_audio_open_encoder(a, bitrate) != NGX_OK
        || ngx_whip_audio_open_frame(a) != NGX_OK)
    {
        ngx_whip_audio_destroy(a);
        return NULL;
    }

    return a;
}


static ngx_int_t
ngx_whip_audio_open_decoder(ngx_whip_audio_t *a)
{
    int  err;

    a->decoder = opus_decoder_create(NGX_WHIP_OPUS_RATE, (int) a->channels,
                                     &err);

    if (a->decoder == NULL) {
        ngx_log_error(NGX_LOG_ERR, a->log, 0,
                      "whip: opus decoder failed: %s", opus_strerror(err));
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_audio_open_encoder(ngx_whip_audio_t *a, ngx_uint_t bitrate)
{
    int              rc;
    ngx_uint_t       i;
    AVDictionary    *options;
    const AVCodec   *codec;
    AVCodecContext  *ctx;

    codec = avcodec_find_encoder_by_name("aac");

    if (codec == NULL) {
        return ngx_whip_audio_failed(a, AVERROR_ENCODER_NOT_FOUND);
    }

    ctx = avcodec_alloc_context3(codec);

    if (ctx == NULL) {
        return ngx_whip_audio_failed(a, AVERROR(ENOMEM));
    }

    a->encoder = ctx;
    a->passed = INT64_MIN;

    /* the log level of the process is not ours */

    ctx->log_level_offset = NGX_WHIP_AUDIO_LOG_OFFSET;

    bitrate = ngx_max(bitrate, NGX_WHIP_AUDIO_MIN_BITRATE * a->channels);
    bitrate = ngx_min(bitrate, NGX_WHIP_AUDIO_MAX_BITRATE * a->channels);

    ctx->thread_count = 1;
    ctx->bit_rate = bitrate;
    ctx->flags |= AV_CODEC_FLAG_QSCALE;
    ctx->global_quality = NGX_WHIP_AUDIO_QUALITY;
    ctx->sample_fmt = AV_SAMPLE_FMT_FLTP;
    ctx->sample_rate = NGX_WHIP_OPUS_RATE;
    ctx->time_base.num = 1;
    ctx->time_base.den = NGX_WHIP_OPUS_RATE;
    av_channel_layout_default(&ctx->ch_layout, (int) a->channels);

    /* a tool that another version does not have stays in "options" */

    options = NULL;
    rc = 0;

    for (i = 0; rc >= 0 && ngx_whip_audio_options[i][0]; i++) {
        rc = av_dict_set(&options, ngx_whip_audio_options[i][0],
                         ngx_whip_audio_options[i][1], 0);
    }

    if (rc >= 0) {
        rc = avcodec_open2(ctx, codec, &options);
    }

    av_dict_free(&options);

    if (rc < 0) {
        return ngx_whip_audio_failed(a, rc);
    }

    if (ctx->frame_size != NGX_WHIP_AUDIO_FRAME || ctx->initial_padding < 0) {
        return ngx_whip_audio_failed(a, AVERROR_BUG);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_audio_open_frame(ngx_whip_audio_t *a)
{
    int  rc;

    a->packet = av_packet_alloc();
    a->frame = av_frame_alloc();

    if (a->packet == NULL || a->frame == NULL) {
        return ngx_whip_audio_failed(a, AVERROR(ENOMEM));
    }

    a->frame->nb_samples = NGX_WHIP_AUDIO_FRAME;
    a->frame->format = AV_SAMPLE_FMT_FLTP;
    a->frame->sample_rate = NGX_WHIP_OPUS_RATE;
    av_channel_layout_default(&a->frame->ch_layout, (int) a->channels);

    rc = av_frame_get_buffer(a->frame, 0);

    return (rc < 0) ? ngx_whip_audio_failed(a, rc) : NGX_OK;
}


void
ngx_whip_audio_destroy(ngx_whip_audio_t *a)
{
    if (a == NULL) {
        return;
    }

    if (a->decoder) {
        opus_decoder_destroy(a->decoder);
    }

    avcodec_free_context(&a->encoder);
    av_frame_free(&a->frame);
    av_packet_free(&a->packet);

    ngx_free(a);
}


size_t
ngx_whip_audio_config(ngx_whip_audio_t *a, u_char *buf, size_t size)
{
    size_t  len;

    len = (size_t) a->encoder->extradata_size;

    if (len > size) {
        return 0;
    }

    ngx_memcpy(buf, a->encoder->extradata, len);

    return len;
}


ngx_int_t
ngx_whip_audio_packet(ngx_whip_audio_t *a, int64_t pts, const u_char *p,
    size_t len)
{
    ngx_int_t        rc;
    ngx_uint_t       skip;
    ngx_whip_opus_t  opus;

    if (len == 0) {
        return NGX_OK;
    }

    /* what is malformed leaves a gap, which is for the next packet to see */

    if (pts < -NGX_WHIP_AUDIO_MAX_PTS || pts > NGX_WHIP_AUDIO_MAX_PTS
        || ngx_whip_opus_parse(&opus, p, len) != NGX_OK)
    {
        a->stats.malformed++;
        return NGX_DECLINED;
    }

    if (ngx_whip_audio_seek(a, pts, &opus, p, len) != NGX_OK) {
        return NGX_ERROR;
    }

    skip = 0;

    if (a->next - pts > (int64_t) a->slack) {
        skip = (ngx_uint_t) (a->next - pts);
    }

    if (skip >= opus.samples) {
        a->stats.late++;
        return NGX_OK;
    }

    if (opus.dtx) {
        rc = ngx_whip_audio_silence(a, opus.samples - skip);

    } else {
        rc = ngx_whip_audio_decode(a, skip, p, len);
    }

    if (rc == NGX_OK) {
        a->celt = (opus.mode == NGX_WHIP_OPUS_CELT);
        a->slack = ngx_min(opus.samples / 2, NGX_WHIP_AUDIO_SLACK);
        a->stats.packets++;
        a->stats.dropped += skip;

    } else if (rc == NGX_DECLINED) {
        a->stats.malformed++;
    }

    return rc;
}


ngx_int_t
ngx_whip_audio_advance(ngx_whip_audio_t *a, int64_t pts)
{
    if (!a->running || pts <= a->next) {
        return NGX_OK;
    }

    if (pts > a->next + NGX_WHIP_AUDIO_MAX_GAP) {
        a->stats.jumps++;
        return ngx_whip_audio_end(a);
    }

    return ngx_whip_audio_silence(a, (ngx_uint_t) (pts - a->next));
}


ngx_int_t
ngx_whip_audio_reset(ngx_whip_audio_t *a)
{
    ngx_int_t  rc;

    rc = ngx_whip_audio_end(a);

    (void) opus_decoder_ctl(a->decoder, OPUS_RESET_STATE);

    a->silent = 0;

    return rc;
}


const ngx_whip_audio_stats_t *
ngx_whip_audio_stats(ngx_whip_audio_t *a)
{
    return &a->stats;
}


/* no sample is left in "frame" of the run before */

static void
ngx_whip_audio_begin(ngx_whip_audio_t *a, int64_t pts)
{
    a->running = 1;
    a->start = a->encoded;
    a->shift = pts - a->encoded;
    a->next = pts;
    a->slack = 0;
}


/*
 * Silence behind the run drives it out of the encoder, and is then what the
 * next run's first frame overlaps with.
 */

static ngx_int_t
ngx_whip_audio_end(ngx_whip_audio_t *a)
{
    int64_t     last;
    ngx_uint_t  n;

    if (!a->running) {
        return NGX_OK;
    }

    if (a->encoded != a->start || a->fill) {

        n = NGX_WHIP_AUDIO_FRAME - a->fill;

        if (!a->silent && n < NGX_WHIP_AUDIO_FADE_OUT) {
            n += NGX_WHIP_AUDIO_FRAME;
        }

        if ((!a->silent || a->fill)
            && ngx_whip_audio_silence(a, n) != NGX_OK)
        {
            return NGX_ERROR;
        }

        last = a->encoded - NGX_WHIP_AUDIO_FRAME;

        for (n = 0; a->passed < last && n < NGX_WHIP_AUDIO_MAX_DELAY; n++) {

            if (ngx_whip_audio_append(a, NULL, NGX_WHIP_AUDIO_FRAME)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    a->running = 0;

    return NGX_OK;
}


/* makes "next" what it should be before a packet of that pts, if it can be */

static ngx_int_t
ngx_whip_audio_seek(ngx_whip_audio_t *a, int64_t pts, ngx_whip_opus_t *opus,
    const u_char *p, size_t len)
{
    int64_t  gap;

    if (!a->running) {
        ngx_whip_audio_begin(a, pts);
        return NGX_OK;
    }

    gap = pts - a->next;

    if (gap > NGX_WHIP_AUDIO_MAX_GAP || gap < -NGX_WHIP_AUDIO_MAX_GAP) {

        a->stats.jumps++;

        if (ngx_whip_audio_end(a) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_whip_audio_begin(a, pts);

        return NGX_OK;
    }

    if (gap <= (int64_t) a->slack) {
        return NGX_OK;
    }

    if (gap > NGX_WHIP_AUDIO_MAX_CONCEAL || a->silent) {
        return ngx_whip_audio_silence(a, (ngx_uint_t) gap);
    }

    return ngx_whip_audio_conceal(a, (ngx_uint_t) gap, opus, p, len);
}


static ngx_int_t
ngx_whip_audio_decode(ngx_whip_audio_t *a, ngx_uint_t skip, const u_char *p,
    size_t len)
{
    int          n;
    float       *pcm;
    ngx_uint_t   i, k;

    n = opus_decode_float(a->decoder, p, (opus_int32) len, a->pcm,
                          NGX_WHIP_OPUS_MAX_SAMPLES, 0);

    if (n <= 0 || (ngx_uint_t) n <= skip) {
        return NGX_DECLINED;
    }

    n -= (int) skip;
    pcm = a->pcm + skip * a->channels;

    if (a->silent) {
        a->silent = 0;

        k = ngx_min((ngx_uint_t) n, NGX_WHIP_AUDIO_FADE_IN) * a->channels;

        for (i = 0; i < k; i++) {
            pcm[i] *= (float) i / (float) k;
        }
    }

    a->stats.decoded += n;

    return ngx_whip_audio_append(a, pcm, n);
}


/* n samples, NGX_WHIP_AUDIO_MAX_CONCEAL at most, are missing before p */

static ngx_int_t
ngx_whip_audio_conceal(ngx_whip_audio_t *a, ngx_uint_t n,
    ngx_whip_opus_t *opus, const u_char *p, size_t len)
{
    ngx_uint_t  copied;

    copied = 0;

    /* the decoder needs the state of a SILK frame before it */

    if (opus->lbrr && !a->celt && opus->frame <= n) {
        copied = opus->frame;
    }

    if (n > copied
        && ngx_whip_audio_lost(a, n - copied, NULL, 0, &a->stats.concealed)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (copied) {
        return ngx_whip_audio_lost(a, copied, p, len, &a->stats.recovered);
    }

    return NGX_OK;
}


/* p is the packet that follows, if it has a copy, or NULL */

static ngx_int_t
ngx_whip_audio_lost(ngx_whip_audio_t *a, ngx_uint_t n, const u_char *p,
    size_t len, uint64_t *count)
{
    int         rc;
    ngx_uint_t  size;

    /* the decoder thinks in frames of 2.5 ms */

    size = n + NGX_WHIP_OPUS_MIN_SAMPLES - 1;
    size -= size % NGX_WHIP_OPUS_MIN_SAMPLES;

    rc = opus_decode_float(a->decoder, p, (opus_int32) len, a->pcm,
                           (int) size, p ? 1 : 0);

    if (rc < (int) n) {
        return ngx_whip_audio_silence(a, n);
    }

    *count += n;

    return ngx_whip_audio_append(a, a->pcm, n);
}


static ngx_int_t
ngx_whip_audio_silence(ngx_whip_audio_t *a, ngx_uint_t n)
{
    ngx_uint_t  k;

    if (!a->silent) {
        a->silent = 1;

        k = ngx_min(n, NGX_WHIP_AUDIO_FADE_OUT);
        n -= k;

        if (ngx_whip_audio_fade(a, k) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    a->stats.silence += n;

    return ngx_whip_audio_append(a, NULL, n);
}


/* n samples, up to NGX_WHIP_AUDIO_FADE_OUT, from what was heard to nothing */

static ngx_int_t
ngx_whip_audio_fade(ngx_whip_audio_t *a, ngx_uint_t n)
{
    int         rc;
    ngx_uint_t  i, k;

    rc = opus_decode_float(a->decoder, NULL, 0, a->pcm,
                           NGX_WHIP_AUDIO_FADE_OUT, 0);

    if (rc < (int) n) {
        a->stats.silence += n;
        return ngx_whip_audio_append(a, NULL, n);
    }

    k = n * a->channels;

    for (i = 0; i < k; i++) {
        a->pcm[i] *= (float) (k - i) / (float) k;
    }

    a->stats.concealed += n;

    return ngx_whip_audio_append(a, a->pcm, n);
}


/* n samples, interleaved; pcm is NULL for silence */

static ngx_int_t
ngx_whip_audio_append(ngx_whip_audio_t *a, const float *pcm, ngx_uint_t n)
{
    int         rc;
    ngx_uint_t  k;

    while (n) {

        if (a->fill == 0) {
            rc = av_frame_make_writable(a->frame);

            if (rc < 0) {
                return ngx_whip_audio_failed(a, rc);
            }
        }

        k = ngx_min(n, NGX_WHIP_AUDIO_FRAME - a->fill);

        ngx_whip_audio_fill(a, pcm, k);

        a->fill += k;
        a->next += k;
        n -= k;

        if (pcm) {
            pcm += k * a->channels;
        }

        if (a->fill == NGX_WHIP_AUDIO_FRAME
            && ngx_whip_audio_encode(a) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_whip_audio_fill(ngx_whip_audio_t *a, const float *pcm, ngx_uint_t n)
{
    float       *to, v;
    ngx_uint_t   c, i;

    for (c = 0; c < a->channels; c++) {

        to = (float *) a->frame->data[c] + a->fill;

        if (pcm == NULL) {
            ngx_memzero(to, n * sizeof(float));
            continue;
        }

        /*
         * The decoder may exceed full scale; the encoder trusts its input,
         * and must not see numbers beyond all measure, or none.
         */

        for (i = 0; i < n; i++) {
            v = pcm[i * a->channels + c];
            to[i] = (v > 1) ? 1 : (v >= -1) ? v : -1;
        }
    }
}


static ngx_int_t
ngx_whip_audio_encode(ngx_whip_audio_t *a)
{
    int  rc;

    a->frame->pts = a->encoded;

    rc = avcodec_send_frame(a->encoder, a->frame);

    if (rc < 0) {
        return ngx_whip_audio_failed(a, rc);
    }

    a->encoded += NGX_WHIP_AUDIO_FRAME;
    a->fill = 0;

    for ( ;; ) {

        rc = avcodec_receive_packet(a->encoder, a->packet);

        if (rc == AVERROR(EAGAIN)) {
            return NGX_OK;
        }

        if (rc < 0) {
            return ngx_whip_audio_failed(a, rc);
        }

        if (ngx_whip_audio_pass(a) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


/* "packet" has a frame, whose pts is already less by the encoder's delay */

static ngx_int_t
ngx_whip_audio_pass(ngx_whip_audio_t *a)
{
    u_char   *p;
    size_t    len;
    int64_t   pts;

    p = a->out + NGX_WHIP_AUDIO_HEADROOM;
    pts = a->packet->pts;
    len = (size_t) a->packet->size;

    if (len > NGX_WHIP_AUDIO_MAX_FRAME) {
        av_packet_unref(a->packet);
        return ngx_whip_audio_failed(a, AVERROR_BUFFER_TOO_SMALL);
    }

    ngx_memcpy(p, a->packet->data, len);
    av_packet_unref(a->packet);

    a->passed = pts;

    /* silence between two runs */

    if (pts < a->start - a->encoder->initial_padding) {
        return NGX_OK;
    }

    a->stats.frames++;

    return (a->handler(a->data, p, len, pts + a->shift) == NGX_OK)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_whip_audio_failed(ngx_whip_audio_t *a, int err)
{
    char  text[AV_ERROR_MAX_STRING_SIZE];

    (void) av_strerror(err, text, sizeof(text));

    ngx_log_error(NGX_LOG_ERR, a->log, 0, "whip: aac encoder failed: %s",
                  text);

    return NGX_ERROR;
}
