
/*
 * Copyright (C) the ngx_live contributors
 *
 * Opus to AAC: packets are made by libopus here, what comes out is decoded by
 * libavcodec, put where its pts says, and compared with what libopus decodes
 * from the same packets.
 */

/* sources: modules/ngx_whip/ngx_whip_audio.c */
/* sources: modules/ngx_whip/ngx_whip_opus.c */
/* sources: modules/common/ngx_live_aac.c */
/* sources: modules/common/ngx_live_text.c */
/* libs: -lopus -lavcodec -lavutil -lm */


#include "tap.h"
#include "ngx_live_codec.h"
#include "ngx_live_aac.h"
#include "ngx_whip_audio.h"
#include "ngx_whip_opus.h"

#include <libavcodec/avcodec.h>
#include <math.h>
#include <opus/opus.h>
#include <unistd.h>


#define SECOND       48000
#define MAX_SAMPLES  (6 * SECOND)
#define MAX_PACKETS  2000
#define MAX_SIZE     1500
#define FRAME        NGX_WHIP_AUDIO_FRAME


typedef struct {
    int64_t     pts;
    int         len;
    u_char      data[MAX_SIZE];
} packet_t;


/* a stream of packets, and what libopus decodes from all of them */

typedef struct {
    int         channels;       /* of the decoded */
    int         samples;        /* per packet */
    int         n;
    int         total;          /* samples */
    packet_t    packets[MAX_PACKETS];
    float       pcm[MAX_SAMPLES * 2];
} stream_t;


/* a transcoder, and what is heard of it */

typedef struct {
    ngx_whip_audio_t  *audio;
    AVCodecContext    *decoder;
    AVFrame           *frame;
    AVPacket          *packet;
    int                channels;

    int64_t            base;    /* pts of pcm[0] */
    int64_t            first;   /* pts */
    int64_t            last;
    int64_t            start;   /* of the last run */
    int                frames;
    int                bytes;
    int                jumps;   /* frames that do not follow the one before */
    int                fail_at; /* a frame, to return an error */

    float              pcm[MAX_SAMPLES * 2];
    u_char             heard[MAX_SAMPLES];
} sink_t;


typedef float (*source_pt)(int channel, int i);


static stream_t    stream;
static sink_t      sink;
static ngx_log_t   test_log;
static int         logged;
static char        name[256];


/* of nginx's core */

void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    return calloc(1, size);
}


#if (NGX_HAVE_VARIADIC_MACROS)

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    logged++;
}

#endif


/* sources */

static float
chirp(int channel, int i)
{
    double  t;

    t = i / 48000.0;

    return (float) (0.3 * sin(2 * M_PI * t * (300 + 400 * channel + 700 * t))
                    + 0.1 * sin(2 * M_PI * t * (3000 - 100 * channel)));
}


static float
voice(int channel, int i)
{
    double  t;

    t = i / 48000.0;

    return (float) (0.3 * sin(2 * M_PI * t * 180 + 9 * sin(t * 20))
                    + 0.2 * sin(2 * M_PI * t * 360 + 18 * sin(t * 20))
                    + 0.1 * sin(2 * M_PI * t * 1400 + 30 * sin(t * 20)));
}


static float
impulses(int channel, int i)
{
    return (i % 12345 == 10000) ? 0.9f : 0;
}


static float
loud(int channel, int i)
{
    return 8 * chirp(channel, i);
}


static float
nothing(int channel, int i)
{
    return 0;
}


static OpusEncoder *
encoder(int coded, int application, int bitrate)
{
    int           err;
    OpusEncoder  *e;

    e = opus_encoder_create(SECOND, coded, application, &err);

    if (e == NULL) {
        printf("Bail out! no opus encoder\n");
        exit(2);
    }

    opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
    opus_encoder_ctl(e, OPUS_SET_FORCE_CHANNELS(coded));

    return e;
}


static void
decode(OpusDecoder *d, packet_t *p, float *pcm, int samples)
{
    int  n;

    n = opus_decode_float(d, p ? p->data : NULL, p ? p->len : 0, pcm, samples,
                          0);

    if (n != samples) {
        printf("Bail out! libopus decoded %d of %d\n", n, samples);
        exit(2);
    }
}


/*
 * Packets of some samples each, the first at pts, of a source of as many
 * channels as are coded; the decoder makes "channels" of them.
 */

static void
generate(OpusEncoder *e, source_pt source, int coded, int channels,
    int samples, int total, int64_t pts)
{
    int           i, c, k, err;
    float         pcm[5760 * 2];
    packet_t     *p;
    OpusDecoder  *d;

    d = opus_decoder_create(SECOND, channels, &err);

    stream.channels = channels;
    stream.samples = samples;
    stream.n = total / samples;
    stream.total = stream.n * samples;

    if (d == NULL || stream.n > MAX_PACKETS || stream.total > MAX_SAMPLES) {
        printf("Bail out! too much\n");
        exit(2);
    }

    for (i = 0; i < stream.n; i++) {

        for (k = 0; k < samples; k++) {
            for (c = 0; c < coded; c++) {
                pcm[k * coded + c] = source(c, i * samples + k);
            }
        }

        p = &stream.packets[i];
        p->pts = pts + i * samples;
        p->len = opus_encode_float(e, pcm, samples, p->data, MAX_SIZE);

        if (p->len <= 0) {
            printf("Bail out! libopus cannot encode\n");
            exit(2);
        }

        decode(d, p, stream.pcm + i * samples * channels, samples);
    }

    opus_decoder_destroy(d);
    opus_encoder_destroy(e);
}


/* the sink */

static ngx_int_t
handler(void *data, u_char *frame, size_t len, int64_t pts)
{
    int      i, c;
    float   *from;
    int64_t  at;
    sink_t  *s;

    s = data;

    if (s->frames == 0) {
        s->first = pts;
        s->start = pts;

    } else if (pts != s->last + FRAME) {
        s->start = pts;
        s->jumps++;
    }

    s->last = pts;
    s->frames++;
    s->bytes += (int) len;

    if (s->frames == s->fail_at) {
        return NGX_ERROR;
    }

    /* room for a header */

    memset(frame - NGX_WHIP_AUDIO_HEADROOM, 0xee, NGX_WHIP_AUDIO_HEADROOM);

    if (av_new_packet(s->packet, (int) len) < 0) {
        exit(2);
    }

    memcpy(s->packet->data, frame, len);

    if (avcodec_send_packet(s->decoder, s->packet) < 0
        || avcodec_receive_frame(s->decoder, s->frame) < 0
        || s->frame->nb_samples != FRAME
        || s->frame->ch_layout.nb_channels != s->channels
        || s->frame->format != AV_SAMPLE_FMT_FLTP)
    {
        printf("Bail out! libavcodec cannot decode\n");
        exit(2);
    }

    av_packet_unref(s->packet);

    for (i = 0; i < FRAME; i++) {

        at = pts - s->base + i;

        if (at < 0 || at >= MAX_SAMPLES) {
            continue;
        }

        for (c = 0; c < s->channels; c++) {
            from = (float *) s->frame->data[c];
            s->pcm[at * s->channels + c] = from[i];
        }

        s->heard[at]++;
    }

    return NGX_OK;
}


static void
open_sink(int channels, int64_t base)
{
    size_t          len;
    const AVCodec  *codec;

    memset(&sink, 0, sizeof(sink));

    sink.channels = channels;
    sink.base = base;
    sink.frame = av_frame_alloc();
    sink.packet = av_packet_alloc();

    sink.audio = ngx_whip_audio_create(channels, 128000, handler, &sink,
                                       &test_log);
    codec = avcodec_find_decoder_by_name("aac");
    sink.decoder = avcodec_alloc_context3(codec);

    if (sink.audio == NULL || sink.decoder == NULL || sink.frame == NULL
        || sink.packet == NULL)
    {
        printf("Bail out! no transcoder\n");
        exit(2);
    }

    sink.decoder->extradata = av_mallocz(64 + AV_INPUT_BUFFER_PADDING_SIZE);
    len = ngx_whip_audio_config(sink.audio, sink.decoder->extradata, 64);
    sink.decoder->extradata_size = (int) len;

    if (len == 0 || avcodec_open2(sink.decoder, codec, NULL) < 0) {
        printf("Bail out! no aac decoder\n");
        exit(2);
    }
}


static void
close_sink(void)
{
    ngx_whip_audio_destroy(sink.audio);
    avcodec_free_context(&sink.decoder);
    av_frame_free(&sink.frame);
    av_packet_free(&sink.packet);
}


static const ngx_whip_audio_stats_t *
stats(void)
{
    return ngx_whip_audio_stats(sink.audio);
}


static ngx_int_t
put(int i)
{
    packet_t   *p;
    u_char     *copy;
    ngx_int_t   rc;

    p = &stream.packets[i];

    /* of the exact size */

    copy = malloc(p->len);
    memcpy(copy, p->data, p->len);

    rc = ngx_whip_audio_packet(sink.audio, p->pts, copy, p->len);

    free(copy);

    return rc;
}


static int
put_all(int from, int to)
{
    int  i, ok;

    ok = 1;

    for (i = from; i < to; i++) {
        ok &= (put(i) == NGX_OK);
    }

    return ok;
}


/* the signal of stream.pcm from .. to, to what differs in sink.pcm, in dB */

static double
quality(int from, int to, int lag)
{
    int     i;
    double  signal, noise, d;

    signal = 0;
    noise = 1e-9;

    for (i = from * sink.channels; i < to * sink.channels; i++) {
        d = stream.pcm[i] - sink.pcm[i + lag * sink.channels];
        signal += stream.pcm[i] * stream.pcm[i];
        noise += d * d;
    }

    return 10 * log10(signal / noise + 1e-9);
}


static double
loudest(int from, int to)
{
    int     i;
    double  v;

    v = 0;

    for (i = from * sink.channels; i < to * sink.channels; i++) {
        v = fmax(v, fabs(sink.pcm[i]));
    }

    return v;
}


/* each sample from .. to once */

static int
whole(int from, int to)
{
    int  i;

    for (i = from; i < to; i++) {
        if (sink.heard[i] != 1) {
            printf("# sample %d: %d times\n", i, sink.heard[i]);
            return 0;
        }
    }

    return 1;
}


static int
above(double v, double least)
{
    if (!(v >= least)) {
        printf("# %.2f, less than %.2f\n", v, least);
        return 0;
    }

    return 1;
}


static int
below(double v, double most)
{
    if (!(v <= most)) {
        printf("# %.4f, more than %.4f\n", v, most);
        return 0;
    }

    return 1;
}


/* what comes in comes out, where it was */

static void
test_plain(int samples, int coded, int channels)
{
    int      last;
    double   q;
    int64_t  pts;

    pts = 7000000001 + samples;

    generate(encoder(coded, OPUS_APPLICATION_AUDIO, 96000 * coded), chirp,
             coded, channels, samples, 2 * SECOND, pts);

    open_sink(channels, pts);

    snprintf(name, sizeof(name), "%.1f ms, %d to %d channels", samples / 48.0,
             coded, channels);
    tap_ok(put_all(0, stream.n), name);

    last = (int) (sink.last - pts) + FRAME;

    tap_is(sink.first, pts - FRAME, "  a silent frame before the first");
    tap_is(sink.jumps, 0, "  one run");
    tap_is(sink.frames, stream.total / FRAME - 1,
           "  frames, but for the two that the encoder still has");
    tap_ok(whole(0, last), "  each sample once");

    q = quality(2 * FRAME, last, 0);

    tap_ok(above(q, 25), "  sounds the same");
    tap_ok(above(q, quality(2 * FRAME, last, 1) + 6)
           && above(q, quality(2 * FRAME, last - 1, -1) + 6),
           "  at the same time");

    tap_is(stats()->decoded, stream.total, "  all is decoded");
    tap_is(stats()->concealed + stats()->recovered + stats()->silence, 0,
           "  nothing is made up");

    tap_is(ngx_whip_audio_reset(sink.audio), NGX_OK, "  an end");
    tap_ok(whole(0, stream.total), "  then all of it is out");
    tap_ok(above(sink.last + FRAME - pts, stream.total)
           && below(sink.last + FRAME - pts, stream.total + 2 * FRAME),
           "  and not much more");
    tap_ok(above(quality(2 * FRAME, stream.total, 0), 25),
           "  to the last sample");

    close_sink();
}


/* an impulse is heard at its pts */

static void
test_impulses(int channels)
{
    int  i, k, n, peak, want;

    generate(encoder(channels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, 256000),
             impulses, channels, channels, 960, 2 * SECOND, 555);

    open_sink(channels, 555);

    put_all(0, stream.n);
    ngx_whip_audio_reset(sink.audio);

    for (n = 0, i = 10000; i < stream.total - 2000; i += 12345, n++) {

        want = peak = i - 1000;

        for (k = i - 1000; k < i + 1000; k++) {

            if (fabs(stream.pcm[k * channels])
                > fabs(stream.pcm[want * channels]))
            {
                want = k;
            }

            if (fabs(sink.pcm[k * channels]) > fabs(sink.pcm[peak * channels]))
            {
                peak = k;
            }
        }

        snprintf(name, sizeof(name), "%d channels, impulse at %d, decoded by "
                 "libopus at %d", channels, i, want);
        tap_is(peak, want, name);
    }

    tap_ok(n > 5, "impulses");

    close_sink();
}


/* every 7th packet is lost; returns how good that sounds, in dB */

static double
lossy(int samples, int channels, int fec)
{
    int           i, lost;
    double        q;
    OpusEncoder  *e;

    e = encoder(channels, OPUS_APPLICATION_VOIP, 32000 * channels);

    opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(fec));
    opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(fec ? 25 : 0));
    opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));

    generate(e, voice, channels, channels, samples, 3 * SECOND, -4444);
    open_sink(channels, -4444);

    lost = 0;

    for (i = 0; i < stream.n; i++) {

        if (i % 7 == 5 && i + 1 < stream.n) {
            lost++;
            continue;
        }

        put(i);
    }

    snprintf(name, sizeof(name), "losses, %d ms, %d channels%s", samples / 48,
             channels, fec ? ", copies" : "");
    tap_is(sink.jumps, 0, name);

    ngx_whip_audio_reset(sink.audio);

    tap_ok(whole(0, stream.total), "  time goes on");
    tap_is(stats()->decoded, (stream.n - lost) * samples, "  decoded");
    tap_is(stats()->concealed + stats()->recovered, lost * samples + 480,
           "  what is lost is made up, and the end fades out");

    if (fec) {
        tap_ok(above(stats()->recovered, lost * samples / 4),
               "  from copies where there are");

    } else {
        tap_is(stats()->recovered, 0, "  without copies");
    }

    q = quality(2 * FRAME, stream.total - FRAME, 0);

    close_sink();

    return q;
}


static void
test_losses(int samples, int channels)
{
    double  with, without;

    without = lossy(samples, channels, 0);
    with = lossy(samples, channels, 1);

    snprintf(name, sizeof(name), "  copies are better: %.1f dB, %.1f without",
             with, without);
    tap_ok(with > without, name);
}


/* two packets are lost, of which the copy is of the second */

static void
test_two_lost(void)
{
    int           i;
    OpusEncoder  *e;

    e = encoder(1, OPUS_APPLICATION_VOIP, 32000);

    opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(25));
    opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));

    generate(e, voice, 1, 1, 960, 3 * SECOND, 0);
    open_sink(1, 0);

    for (i = 30; i < stream.n; i++) {
        ngx_whip_opus_t  opus;

        ngx_whip_opus_parse(&opus, stream.packets[i].data,
                            stream.packets[i].len);

        if (opus.lbrr) {
            break;
        }
    }

    put_all(0, i - 2);
    put(i);

    tap_is(stats()->concealed, 960, "two lost: the first is extrapolated");
    tap_is(stats()->recovered, 960, "  the second comes from the copy");
    tap_is(stats()->decoded, (i - 1) * 960, "  and the third is decoded");

    close_sink();
}


/* a gap of n samples, in which nothing comes */

static void
test_gap(int n, int concealed, int jumps)
{
    int      at, i;
    int64_t  pts;

    at = 50 * 960;
    pts = 1000;

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 128000), chirp, 2, 2, 960,
             2 * SECOND, pts);
    open_sink(2, pts);

    put_all(0, 50);

    for (i = 50; i < stream.n; i++) {
        stream.packets[i].pts += n;
    }

    put_all(50, stream.n);

    snprintf(name, sizeof(name), "a gap of %d samples: jumps", n);
    tap_is(sink.jumps, jumps, name);
    tap_is(stats()->jumps, jumps, "  counted");
    tap_is(stats()->concealed, concealed, "  extrapolated");

    if (!jumps) {
        tap_is(stats()->concealed + stats()->silence, n, "  all of it");
        tap_is(sink.frames, (stream.total + n) / FRAME - 1,
               "  no more and no less");
    }

    ngx_whip_audio_reset(sink.audio);

    /* what comes behind it is where its pts is */

    memmove(sink.pcm + at * 2, sink.pcm + (at + n) * 2,
            (stream.total - at) * 2 * sizeof(float));

    tap_ok(above(quality(2 * FRAME, at - 960, 0), 25), "  before it");
    tap_ok(above(quality(at + 4 * 960, stream.total, 0), 20), "  behind it");

    close_sink();
}


static void
test_silence(void)
{
    int  from, to;

    /* half a second without packets is silent, but for its edges */

    generate(encoder(1, OPUS_APPLICATION_AUDIO, 64000), chirp, 1, 1, 960,
             2 * SECOND, 0);
    open_sink(1, 0);

    put_all(0, 40);
    put_all(65, stream.n);

    from = 40 * 960;
    to = 65 * 960;

    tap_is(stats()->silence, 25 * 960 - 480, "half a second of silence");
    tap_ok(below(loudest(from + 480 + FRAME, to - FRAME), 0.001),
           "  is silent");
    tap_ok(above(loudest(from - 960, from), 0.15), "  but not before");
    tap_ok(above(loudest(to + 960, to + 1920), 0.15), "  nor behind");
    tap_ok(below(sink.bytes, 2 * 128000 / 8), "  within the bit rate");
    tap_ok(whole(0, (int) sink.last + FRAME), "  each sample once");

    close_sink();
}


/* packets of a byte or two, and an empty one */

static void
test_dtx(void)
{
    int           i, dtx;
    OpusEncoder  *e;

    e = encoder(1, OPUS_APPLICATION_VOIP, 24000);

    opus_encoder_ctl(e, OPUS_SET_DTX(1));
    opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));

    generate(e, nothing, 1, 1, 960, 3 * SECOND, 0);

    for (dtx = 0, i = 0; i < stream.n; i++) {
        dtx += (stream.packets[i].len <= 2);
    }

    tap_ok(dtx > stream.n / 2, "an encoder with DTX");

    open_sink(1, 0);
    tap_ok(put_all(0, stream.n), "  all its packets");
    tap_is(stats()->packets, stream.n, "  counted");
    tap_ok(above(stats()->silence, dtx * 960 - 48 * 480),
           "  most of it is silence");
    tap_is(sink.frames, stream.total / FRAME - 1, "  that takes its time");
    tap_is(sink.jumps, 0, "  in one run");
    close_sink();

    /* those that need not be sent are not sent */

    open_sink(1, 0);

    for (i = 0; i < stream.n; i++) {
        if (stream.packets[i].len > 2) {
            put(i);
            dtx = i + 1;
        }
    }

    tap_is(sink.jumps, 0, "not sent: one run");
    tap_is(stats()->decoded + stats()->concealed + stats()->silence, dtx * 960,
           "  that takes its time");

    i = sink.frames;

    tap_is(ngx_whip_audio_packet(sink.audio, dtx * 960, (u_char *) "", 0),
           NGX_OK, "an empty packet");
    tap_is(sink.frames, i, "  is nothing");

    close_sink();

    /* a TOC of 60 ms alone in the middle of a tone */

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 96000), chirp, 2, 2, 960,
             SECOND, 0);
    open_sink(2, 0);

    put_all(0, 20);
    tap_is(ngx_whip_audio_packet(sink.audio, 20 * 960, (u_char *) "\x58", 1),
           NGX_OK, "a TOC alone");
    put_all(24, stream.n);

    tap_is(stats()->concealed, 480, "  fades out");
    tap_is(stats()->silence, 3840 - 480,
           "  into silence, which a missing packet does not end");
    tap_ok(below(loudest(20 * 960 + 480 + 600, 24 * 960 - 600), 0.02),
           "  which is silent");
    tap_is(stats()->decoded, stream.total - 3840, "  the rest is decoded");

    close_sink();
}


static void
test_late(void)
{
    int  i;

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 128000), chirp, 2, 2, 960,
             SECOND, 0);
    open_sink(2, 0);

    for (i = 0; i < stream.n; i++) {
        put(i);

        if (i % 5 == 4) {
            put(i);
            put(i - 2);
        }
    }

    tap_is(stats()->late, stream.n / 5 * 2, "late and doubled packets");
    tap_is(stats()->decoded, stream.total, "  are dropped");
    tap_is(sink.frames, stream.total / FRAME - 1, "  and take no time");
    tap_ok(above(quality(2 * FRAME, (int) sink.last, 0), 25),
           "  nor does one hear them");

    close_sink();

    /* from the 10th on, all are 7.5 ms early */

    open_sink(2, 0);

    for (i = 10; i < stream.n; i++) {
        stream.packets[i].pts -= 360;
    }

    put_all(0, stream.n);

    tap_is(stats()->dropped, 360, "an overlap");
    tap_is(stats()->decoded, stream.total - 360, "  is dropped once");
    tap_is(stats()->late, 0, "  without a packet");

    ngx_whip_audio_reset(sink.audio);

    memmove(stream.pcm + 9600 * 2, stream.pcm + (9600 + 360) * 2,
            (stream.total - 9600 - 360) * 2 * sizeof(float));

    tap_ok(above(quality(2 * FRAME, stream.total - 360, 0), 20),
           "  and the rest is where it should be");

    close_sink();
}


/* clocks that are not exact */

static void
test_slack(void)
{
    int  i;

    static const int  wobble[] = { 0, 1, -1, 47, -48, 200, -200, 3 };

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 128000), chirp, 2, 2, 960,
             2 * SECOND, 0);
    open_sink(2, 0);

    for (i = 1; i < stream.n; i++) {
        stream.packets[i].pts += wobble[i % 8];
    }

    put_all(0, stream.n);

    tap_is(stats()->concealed + stats()->silence + stats()->dropped, 0,
           "a clock that wobbles by 4 ms changes nothing");
    tap_ok(above(quality(2 * FRAME, (int) sink.last, 0), 25),
           "  that one could hear");

    close_sink();

    /* 1000 ppm, which is 96 samples in 2 s; then 20,000 ppm */

    open_sink(2, 0);

    for (i = 0; i < stream.n; i++) {
        stream.packets[i].pts = i * 960 + i * 960 / 1000;
    }

    put_all(0, stream.n);
    tap_is(stats()->concealed, 0, "a drift of 2 ms");

    for (i = 0; i < stream.n; i++) {
        stream.packets[i].pts = i * 960 + i * 960 / 50;
    }

    ngx_whip_audio_reset(sink.audio);
    put_all(0, stream.n);

    tap_ok(above(stats()->concealed - 480, 1920 - 240 - 20)
           && below(stats()->concealed - 480, 1920),
           "of 40 ms no more than 5 ms remain");

    close_sink();

    /* 2.5 ms: a packet is lost, which is less than 5 ms */

    generate(encoder(1, OPUS_APPLICATION_AUDIO, 96000), chirp, 1, 1, 120,
             SECOND, 0);
    open_sink(1, 0);

    put_all(0, 100);
    put_all(101, stream.n);

    tap_is(stats()->concealed, 120, "a packet of 2.5 ms is missed");
    tap_is(stats()->decoded, stream.total - 120, "  among others");

    close_sink();
}


/* an hour at a time: pts stay exact to the sample */

static void
test_jumps(void)
{
    int      i, hour, ok;
    int64_t  pts;

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 96000), chirp, 2, 2, 960,
             3 * 960, 0);
    open_sink(2, 0);

    ok = 1;

    for (hour = 0; hour < 50; hour++) {

        /* not a multiple of a frame, nor of a packet */

        pts = (int64_t) hour * 3600 * SECOND + hour * 7;

        for (i = 0; i < 3; i++) {
            stream.packets[i].pts = pts + i * 960;
            ok &= (put(i) == NGX_OK);
        }

        /* two frames and more went in: the one before them came out */

        ok &= (sink.start == pts - FRAME);
        ok &= (sink.last == pts - FRAME);
    }

    tap_ok(ok, "50 jumps of an hour, each run begins where its packet does");
    tap_is(stats()->jumps, 49, "  counted");
    tap_is(sink.jumps, 49, "  seen");
    tap_is(stats()->decoded, 50 * 2880, "  nothing is lost");
    tap_ok(below(stats()->frames, 50 * 6), "  and little is made up");

    ngx_whip_audio_reset(sink.audio);

    tap_is(sink.last + FRAME - pts, 4 * FRAME,
           "  the last ends with the frame that it fades out in");

    /* back in time, at once after a reset or by itself */

    stream.packets[0].pts = 77;
    put(0);
    stream.packets[1].pts = -100000;
    put(1);
    ngx_whip_audio_reset(sink.audio);

    tap_is(sink.last, -100000 + FRAME, "back in time");
    tap_is(stats()->jumps, 50, "  of which one is a jump");

    close_sink();

    /* the shortest run */

    open_sink(2, 0);

    stream.packets[0].pts = 3;
    put(0);
    tap_is(sink.frames, 0, "a packet alone");
    ngx_whip_audio_reset(sink.audio);
    tap_is(sink.last, 3 + FRAME, "  comes out at a reset");
    ngx_whip_audio_reset(sink.audio);
    tap_is(sink.frames, 3, "  and nothing at another");
    close_sink();

    generate(encoder(1, OPUS_APPLICATION_AUDIO, 64000), chirp, 1, 1, 480, 480,
             3);
    open_sink(1, 0);
    put(0);
    ngx_whip_audio_reset(sink.audio);
    tap_is(sink.frames, 2, "less than a frame alone");
    tap_is(sink.last, 3, "  comes out as one");
    close_sink();

    /* pts of more than 32 bits */

    open_sink(1, 0);

    pts = ((int64_t) 1 << 40) + 5;

    generate(encoder(1, OPUS_APPLICATION_AUDIO, 64000), chirp, 1, 1, 2880,
             5 * SECOND, pts);
    put_all(0, stream.n);
    ngx_whip_audio_reset(sink.audio);

    tap_is((sink.last - pts) % FRAME, 0, "a run's frames are 1024 apart");
    tap_is(sink.first, pts - FRAME, "  from its first packet on");

    close_sink();
}


static void
test_advance(void)
{
    generate(encoder(1, OPUS_APPLICATION_AUDIO, 64000), chirp, 1, 1, 960,
             2 * SECOND, 0);
    open_sink(1, 0);

    tap_is(ngx_whip_audio_advance(sink.audio, 5000), NGX_OK,
           "time before the first packet");
    tap_is(sink.frames, 0, "  does not count");

    put_all(0, 25);

    tap_is(ngx_whip_audio_advance(sink.audio, 24000), NGX_OK, "no time");
    tap_is(stats()->silence + stats()->concealed, 0, "  no silence");

    tap_is(ngx_whip_audio_advance(sink.audio, 48000), NGX_OK, "half a second");
    tap_is(stats()->silence + stats()->concealed, 24000, "  of silence");
    tap_ok(above(sink.last, 48000 - 4 * FRAME), "  comes out");

    /* a packet that was late after all, and one that was in time */

    put(49);
    tap_is(stats()->late, 1, "a packet from then is late");
    put_all(50, stream.n);
    tap_is(sink.jumps, 0, "then it goes on");

    ngx_whip_audio_advance(sink.audio, 2 * SECOND + SECOND + 1);

    tap_ok(above(sink.last, 2 * SECOND), "more than a second is an end");
    tap_ok(below(sink.last, 2 * SECOND + 2 * FRAME), "  and not more silence");

    close_sink();
}


static void
test_malformed(void)
{
    int      i, frames;
    u_char   junk[64];

    generate(encoder(1, OPUS_APPLICATION_AUDIO, 64000), chirp, 1, 1, 960,
             SECOND, 0);
    open_sink(1, 0);

    for (i = 0; i < stream.n; i++) {

        if (i % 10 == 7) {
            tap_is(ngx_whip_audio_packet(sink.audio, i * 960,
                                         (u_char *) "\x4b\x00", 2),
                   NGX_DECLINED, "a malformed packet");
            continue;
        }

        put(i);
    }

    tap_is(stats()->malformed, 5, "  counted");
    tap_is(stats()->concealed, 5 * 960, "  counts as lost");
    tap_is(stats()->decoded, stream.total - 5 * 960, "  others do not");

    frames = sink.frames;

    tap_is(ngx_whip_audio_packet(sink.audio, INT64_MAX, stream.packets[0].data,
                                 stream.packets[0].len), NGX_DECLINED,
           "a pts beyond all reason");
    tap_is(ngx_whip_audio_packet(sink.audio, INT64_MIN, stream.packets[0].data,
                                 stream.packets[0].len), NGX_DECLINED,
           "  or before it");
    tap_is(sink.frames, frames, "  is not heard");

    /* bytes that nobody encoded, whatever their volume */

    for (i = 0; i < 500; i++) {
        memset(junk, i * 7, sizeof(junk));
        junk[0] = (u_char) (i << 3 | 4);
        junk[1 + i % 60] ^= 0x5a;

        if (ngx_whip_audio_packet(sink.audio, SECOND + i * 960, junk,
                                  sizeof(junk)) == NGX_ERROR)
        {
            break;
        }
    }

    tap_is(i, 500, "the encoder takes whatever the decoder makes");

    close_sink();
}


/* libopus may exceed full scale by far, which the encoder must not see */

static void
test_loud(void)
{
    int     i;
    double  most;

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 256000), loud, 2, 2, 960,
             SECOND, 0);
    open_sink(2, 0);

    for (most = 0, i = 0; i < stream.total * 2; i++) {
        most = fmax(most, fabs(stream.pcm[i]));
    }

    tap_ok(above(most, 2), "twice as loud as can be");
    tap_ok(put_all(0, stream.n), "  is taken");
    tap_ok(above(loudest(0, SECOND), 0.9) && below(loudest(0, SECOND), 1.5),
           "  and clipped");

    close_sink();
}


static void
test_handler(void)
{
    int  i;

    generate(encoder(1, OPUS_APPLICATION_AUDIO, 64000), chirp, 1, 1, 960,
             SECOND, 0);
    open_sink(1, 0);

    sink.fail_at = 5;

    for (i = 0; i < stream.n; i++) {
        if (put(i) != NGX_OK) {
            break;
        }
    }

    tap_is(sink.frames, 5, "a handler that fails");
    tap_is(put(i), NGX_OK, "  is not the transcoder's end");

    sink.fail_at = sink.frames + 1;
    tap_is(ngx_whip_audio_reset(sink.audio), NGX_ERROR, "  fails a reset");

    close_sink();
}


static void
test_config(void)
{
    int                i, level;
    size_t             len;
    u_char             buf[16];
    ngx_live_codec_t   codec;
    ngx_whip_audio_t  *a;

    level = av_log_get_level();
    logged = 0;

    for (i = 1; i <= 2; i++) {

        a = ngx_whip_audio_create(i, 128000, handler, &sink, &test_log);

        memset(buf, 0xaa, sizeof(buf));
        memset(&codec, 0, sizeof(codec));

        len = ngx_whip_audio_config(a, buf, sizeof(buf));

        tap_ok(len >= 2 && len <= 5, "an AudioSpecificConfig");
        tap_is(ngx_live_aac_config(&codec, buf, buf + len), NGX_OK,
               "  that can be read");
        tap_is(codec.sample_rate, 48000, "  48 kHz");
        tap_is(codec.channels, i, "  channels");
        tap_is_text((char *) codec.name, "mp4a.40.2", "  AAC-LC");
        tap_is(buf[len], 0xaa, "  nothing behind it");
        tap_is(ngx_whip_audio_config(a, buf, len - 1), 0, "  needs its room");
        tap_is(ngx_whip_audio_config(a, buf, len), len, "  and no more");

        ngx_whip_audio_destroy(a);
    }

    tap_is(av_log_get_level(), level, "libav's log level stays");
    tap_is(logged, 0, "and nothing was logged");

    tap_ok(ngx_whip_audio_create(0, 128000, handler, &sink, &test_log) == NULL,
           "no channel");
    tap_ok(ngx_whip_audio_create(3, 128000, handler, &sink, &test_log) == NULL,
           "three channels");
    tap_is(logged, 2, "are logged");

    ngx_whip_audio_destroy(NULL);
}


/* any bit rate is good for something */

static void
test_bitrates(void)
{
    int                i, k, bytes[7];
    ngx_whip_audio_t  *a;

    static const ngx_uint_t  rates[] = {
        0, 48000, 96000, 128000, 192000, 320000, (ngx_uint_t) -1
    };

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 256000), chirp, 2, 2, 960,
             2 * SECOND, 0);
    open_sink(2, 0);

    for (i = 0; i < 7; i++) {

        a = ngx_whip_audio_create(2, rates[i], handler, &sink, &test_log);

        sink.bytes = 0;

        for (k = 0; k < stream.n; k++) {
            ngx_whip_audio_packet(a, stream.packets[k].pts,
                                  stream.packets[k].data,
                                  stream.packets[k].len);
        }

        bytes[i] = sink.bytes;

        ngx_whip_audio_destroy(a);
    }

    for (i = 1; i < 6; i++) {
        snprintf(name, sizeof(name), "%d bit/s makes %d", (int) rates[i],
                 bytes[i] * 4);
        tap_ok(bytes[i] > bytes[i - 1]
               && bytes[i] * 4 < (int) rates[i] * 3 / 2, name);
    }

    tap_is(bytes[6], bytes[5], "and more than the most makes the most");

    close_sink();
}


static void
test_memory(void)
{
    int  i;

    generate(encoder(2, OPUS_APPLICATION_AUDIO, 64000), chirp, 2, 2, 960,
             10 * 960, 0);

    for (i = 0; i < 100; i++) {
        open_sink(1 + i % 2, 0);

        put_all(0, i % 11);

        if (i % 3 == 0) {
            ngx_whip_audio_reset(sink.audio);
        }

        close_sink();
    }

    tap_ok(1, "100 transcoders, some of them used");
}


int
main(void)
{
    int  i, channels;

    static const int  samples[] = { 120, 240, 480, 960, 1920, 2880, 5760 };

    alarm(120);     /* instead of hanging in a loop */

    test_log.log_level = NGX_LOG_DEBUG;

    for (i = 0; i < 6; i++) {
        for (channels = 1; channels <= 2; channels++) {
            test_plain(samples[i], channels, channels);
        }
    }

    test_plain(960, 1, 2);
    test_plain(960, 2, 1);

    test_impulses(1);
    test_impulses(2);

    for (channels = 1; channels <= 2; channels++) {
        test_losses(480, channels);
        test_losses(960, channels);
        test_losses(2880, channels);
    }

    test_two_lost();

    test_gap(241, 241, 0);
    test_gap(480, 480, 0);
    test_gap(960, 960, 0);
    test_gap(961, 961, 0);
    test_gap(5760, 5760, 0);
    test_gap(5880, 480, 0);
    test_gap(SECOND, 480, 0);
    test_gap(SECOND + 1, 480, 1);

    test_silence();
    test_dtx();
    test_late();
    test_slack();
    test_jumps();
    test_advance();
    test_malformed();
    test_loud();
    test_handler();
    test_config();
    test_bitrates();
    test_memory();

    return tap_done();
}
