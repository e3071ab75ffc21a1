
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_limits.h"


/*
 * What is measured may be above a limit by a tenth: bitrates sway, and 2 s of
 * 29.97 frames a second are 2.002 s.
 */

#define ngx_simulcast_limits_above(value, limit)                              \
    ((limit) && (value) > (limit) + (limit) / 10)
#define ngx_simulcast_limits_below(value, limit)                              \
    ((value) && (value) < (limit) - (limit) / 10)

#define ngx_simulcast_limits_bit(codec)  (1U << (codec))


/* what a platform recommends for a size; kbit/s, 0: nothing */

typedef struct {
    ngx_uint_t                           lines;     /* of the shorter side, at
                                                       least; 0 ends a table */
    ngx_uint_t                           fps;       /* at least, rounded */
    ngx_uint_t                           low;
    ngx_uint_t                           high;
} ngx_simulcast_limits_rate_t;


/* 0 and NULL: no limit */

typedef struct {
    const char                          *name;

    uint32_t                             video;     /* a bit per codec */
    const char                          *video_names;
    uint32_t                             audio;
    const char                          *audio_names;

    ngx_uint_t                           width;     /* the longer side */
    ngx_uint_t                           height;
    ngx_uint_t                           fps;

    ngx_msec_t                           keyframe;          /* at most */
    ngx_msec_t                           keyframe_least;

    uint64_t                             video_bitrate;     /* kbit/s */
    uint64_t                             total_bitrate;     /* video, audio */
    uint64_t                             total_least;
    uint64_t                             audio_bitrate;
    ngx_uint_t                           channels;

    const ngx_simulcast_limits_rate_t   *rates;
    const ngx_simulcast_limits_rate_t   *rates_new;     /* HEVC and AV1 */

    ngx_msec_t                           window;

    unsigned                             audio_wanted:1;    /* complains */
    unsigned                             audio_needed:1;    /* ends it */
    unsigned                             cd_rates:1;    /* 44.1 and 48 kHz */
    unsigned                             keyframe_ends:1;   /* ends it */
} ngx_simulcast_limits_platform_t;


/*
 * YouTube lists 6000 and 5000 at least for 1080p60 and 1080p30; the tables that
 * users are told begin at 4500, and advice is not to contradict them.
 */

static const ngx_simulcast_limits_rate_t  ngx_simulcast_limits_youtube[] = {
    { 2160, 50, 14000, 50000 },
    { 2160,  0, 11000, 42000 },
    { 1440, 50,  8000, 34000 },
    { 1440,  0,  7000, 21000 },
    { 1080, 50,  4500, 17000 },
    { 1080,  0,  4500, 14000 },
    {  720,  0,  3000,  8000 },
    {    1,  0,   400,  4000 },
    {    0,  0,     0,     0 }
};

static const ngx_simulcast_limits_rate_t  ngx_simulcast_limits_youtube_new[] = {
    { 2160,  0, 10000, 35000 },
    { 1440,  0,  6000, 24000 },
    { 1080, 50,  4000, 12000 },
    { 1080,  0,  4000, 10000 },
    {  720,  0,  2000,  6000 },
    {    1,  0,   400,  4000 },
    {    0,  0,     0,     0 }
};

static const ngx_simulcast_limits_rate_t  ngx_simulcast_limits_twitch[] = {
    { 1080, 50,     0,  6000 },
    { 1080,  0,     0,  4500 },
    {  720, 50,     0,  4500 },
    {    1,  0,     0,  3000 },
    {    0,  0,     0,     0 }
};

static const ngx_simulcast_limits_rate_t  ngx_simulcast_limits_facebook[] = {
    { 1080, 50,  4500,  9000 },
    { 1080,  0,  3000,  6000 },
    {  720, 50,  2250,  6000 },
    {  720,  0,  1500,  4000 },
    {  480,  0,   600,  2000 },
    {    1,  0,   400,  1000 },
    {    0,  0,     0,     0 }
};


#define NGX_SIMULCAST_LIMITS_H264                                             \
    ngx_simulcast_limits_bit(NGX_LIVE_CODEC_H264)
#define NGX_SIMULCAST_LIMITS_AAC                                              \
    ngx_simulcast_limits_bit(NGX_LIVE_CODEC_AAC)

/* from the first to the last that ngx_live_codec_e has */

#define NGX_SIMULCAST_LIMITS_VIDEO                                            \
    (ngx_simulcast_limits_bit(NGX_LIVE_CODEC_FLV1 + 1)                        \
     - ngx_simulcast_limits_bit(NGX_LIVE_CODEC_H264))
#define NGX_SIMULCAST_LIMITS_AUDIO                                            \
    (ngx_simulcast_limits_bit(NGX_LIVE_CODEC_PCM + 1)                         \
     - ngx_simulcast_limits_bit(NGX_LIVE_CODEC_AAC))


/* in the order of ngx_simulcast_platform_e */

static const ngx_simulcast_limits_platform_t  ngx_simulcast_limits[] = {

    { "YouTube",
      .video = NGX_SIMULCAST_LIMITS_H264
               | ngx_simulcast_limits_bit(NGX_LIVE_CODEC_HEVC)
               | ngx_simulcast_limits_bit(NGX_LIVE_CODEC_AV1),
      .video_names = "H.264, HEVC or AV1",
      .audio = NGX_SIMULCAST_LIMITS_AAC
               | ngx_simulcast_limits_bit(NGX_LIVE_CODEC_MP3),
      .audio_names = "AAC or MP3",
      .width = 3840, .height = 2160, .fps = 60,
      .keyframe = 4000,
      .video_bitrate = 51000,
      .audio_bitrate = 384,
      .channels = 6,
      .rates = ngx_simulcast_limits_youtube,
      .rates_new = ngx_simulcast_limits_youtube_new,
      .window = 60000,              /* auto-stop */
      .audio_wanted = 1 },

    { "Twitch",
      .video = NGX_SIMULCAST_LIMITS_H264, .video_names = "H.264",
      .audio = NGX_SIMULCAST_LIMITS_AAC, .audio_names = "AAC",
      .width = 1920, .height = 1080, .fps = 60,
      .keyframe = 2000,
      .video_bitrate = 6000,
      .audio_bitrate = 160,
      .channels = 2,
      .rates = ngx_simulcast_limits_twitch,
      .window = 90000 },            /* Disconnect Protection */

    { "Facebook",
      .video = NGX_SIMULCAST_LIMITS_H264, .video_names = "H.264",
      .audio = NGX_SIMULCAST_LIMITS_AAC, .audio_names = "AAC",
      .width = 1920, .height = 1080, .fps = 60,
      .keyframe = 4000,
      .video_bitrate = 9000,
      .audio_bitrate = 256,
      .rates = ngx_simulcast_limits_facebook,
      .window = 120000,             /* 2 to 3 min of silence */
      .audio_needed = 1,
      .cd_rates = 1 },

    { "Cloudflare",
      .video = NGX_SIMULCAST_LIMITS_H264, .video_names = "H.264",
      .audio = NGX_SIMULCAST_LIMITS_AAC, .audio_names = "AAC",
      .keyframe = 10000, .keyframe_least = 2000,
      .total_bitrate = 14000, .total_least = 2000,
      .window = 60000,
      .keyframe_ends = 1 },

    { "RTMP",
      .video = NGX_SIMULCAST_LIMITS_VIDEO, .video_names = "what has a name",
      .audio = NGX_SIMULCAST_LIMITS_AUDIO, .audio_names = "what has a name",
      .window = 60000 }
};


static void ngx_simulcast_limits_refuse(
    const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out);
static void ngx_simulcast_limits_video(
    const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out);
static void ngx_simulcast_limits_rate(
    const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out);
static void ngx_simulcast_limits_audio(
    const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out);
static const char *ngx_simulcast_limits_codec(ngx_uint_t codec);
static void ngx_simulcast_limits_issue(ngx_simulcast_limits_t *out,
    const char *format, ...) __attribute__((format(printf, 2, 3)));


void
ngx_simulcast_limits_check(ngx_uint_t platform,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out)
{
    const ngx_simulcast_limits_platform_t  *limits;

    ngx_memzero(out, sizeof(ngx_simulcast_limits_t));

    if (platform >= NGX_SIMULCAST_NPLATFORMS) {
        return;
    }

    limits = &ngx_simulcast_limits[platform];

    /* what is refused comes first */

    ngx_simulcast_limits_refuse(limits, stream, out);

    out->refused = (out->nissues > 0);

    if (stream->video) {
        ngx_simulcast_limits_video(limits, stream, out);
    }

    if (stream->measured) {
        ngx_simulcast_limits_rate(limits, stream, out);
    }

    ngx_simulcast_limits_audio(limits, stream, out);
}


static void
ngx_simulcast_limits_refuse(const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out)
{
    if (stream->video
        && (stream->video >= 32
            || !(limits->video & ngx_simulcast_limits_bit(stream->video))))
    {
        ngx_simulcast_limits_issue(out, "Video codec %s, %s takes %s",
                                   ngx_simulcast_limits_codec(stream->video),
                                   limits->name, limits->video_names);
    }

    if (stream->audio
        && (stream->audio >= 32
            || !(limits->audio & ngx_simulcast_limits_bit(stream->audio))))
    {
        ngx_simulcast_limits_issue(out, "Audio codec %s, %s takes %s",
                                   ngx_simulcast_limits_codec(stream->audio),
                                   limits->name, limits->audio_names);
    }

    if (limits->audio_needed && stream->measured && !stream->audio) {
        ngx_simulcast_limits_issue(out, "No audio, %s ends streams without it",
                                   limits->name);
    }

    if (limits->keyframe_ends
        && ngx_simulcast_limits_above(stream->keyframe, limits->keyframe))
    {
        ngx_simulcast_limits_issue(out,
                                   "Keyframe interval %.1f s, at most %llu s",
                                   stream->keyframe / 1000.0,
                                   (unsigned long long) limits->keyframe
                                   / 1000);
    }
}


static void
ngx_simulcast_limits_video(const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out)
{
    ngx_uint_t  longer, shorter;

    longer = ngx_max(stream->width, stream->height);
    shorter = ngx_min(stream->width, stream->height);

    /* a portrait is a landscape on its side */

    if (limits->width && (longer > limits->width || shorter > limits->height)) {
        ngx_simulcast_limits_issue(out, "Size %llux%llu, at most %llux%llu",
                                   (unsigned long long) stream->width,
                                   (unsigned long long) stream->height,
                                   (unsigned long long) limits->width,
                                   (unsigned long long) limits->height);
    }

    if (limits->fps && stream->fps > limits->fps + 1) {
        ngx_simulcast_limits_issue(out, "Frame rate %.0f fps, at most %llu fps",
                                   stream->fps,
                                   (unsigned long long) limits->fps);
    }

    if (!limits->keyframe_ends
        && ngx_simulcast_limits_above(stream->keyframe, limits->keyframe))
    {
        ngx_simulcast_limits_issue(out,
                                   "Keyframe interval %.1f s, at most %llu s",
                                   stream->keyframe / 1000.0,
                                   (unsigned long long) limits->keyframe
                                   / 1000);
    }

    if (stream->measured
        && ngx_simulcast_limits_below(stream->keyframe, limits->keyframe_least))
    {
        ngx_simulcast_limits_issue(out,
                                   "Keyframe interval %.1f s, at least %llu s",
                                   stream->keyframe / 1000.0,
                                   (unsigned long long) limits->keyframe_least
                                   / 1000);
    }
}


static void
ngx_simulcast_limits_rate(const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out)
{
    uint64_t                            video, total;
    ngx_uint_t                          lines, fps;
    const ngx_simulcast_limits_rate_t  *rate;

    if (!stream->video) {

        if (limits->rates) {
            ngx_simulcast_limits_issue(out, "No video");
        }

        return;
    }

    video = stream->video_bitrate / 1000;
    total = (stream->video_bitrate + stream->audio_bitrate) / 1000;

    if (ngx_simulcast_limits_above(total, limits->total_bitrate)) {
        ngx_simulcast_limits_issue(out, "Bitrate %llu kbit/s, at most %llu",
                                   (unsigned long long) total,
                                   (unsigned long long) limits->total_bitrate);
        return;
    }

    if (ngx_simulcast_limits_below(total, limits->total_least)) {
        ngx_simulcast_limits_issue(out, "Bitrate %llu kbit/s, at least %llu",
                                   (unsigned long long) total,
                                   (unsigned long long) limits->total_least);
        return;
    }

    if (ngx_simulcast_limits_above(video, limits->video_bitrate)) {
        ngx_simulcast_limits_issue(out,
                                   "Video bitrate %llu kbit/s, at most %llu",
                                   (unsigned long long) video,
                                   (unsigned long long) limits->video_bitrate);
        return;
    }

    lines = ngx_min(stream->width, stream->height);

    if (limits->rates == NULL || lines == 0 || stream->fps <= 0) {
        return;
    }

    rate = limits->rates;

    if (limits->rates_new
        && (stream->video == NGX_LIVE_CODEC_HEVC
            || stream->video == NGX_LIVE_CODEC_AV1))
    {
        rate = limits->rates_new;
    }

    fps = stream->fps > 1000 ? 1000 : (ngx_uint_t) (stream->fps + 0.5);

    while (rate->lines && (lines < rate->lines || fps < rate->fps)) {
        rate++;
    }

    if (ngx_simulcast_limits_above(video, rate->high)) {
        ngx_simulcast_limits_issue(out,
                                   "Video bitrate %llu kbit/s, up to %llu "
                                   "recommended for %llup%llu",
                                   (unsigned long long) video,
                                   (unsigned long long) rate->high,
                                   (unsigned long long) lines,
                                   (unsigned long long) fps);

    } else if (ngx_simulcast_limits_below(video, rate->low)) {
        ngx_simulcast_limits_issue(out,
                                   "Video bitrate %llu kbit/s, %llu or more "
                                   "recommended for %llup%llu",
                                   (unsigned long long) video,
                                   (unsigned long long) rate->low,
                                   (unsigned long long) lines,
                                   (unsigned long long) fps);
    }
}


static void
ngx_simulcast_limits_audio(const ngx_simulcast_limits_platform_t *limits,
    ngx_simulcast_limits_stream_t *stream, ngx_simulcast_limits_t *out)
{
    uint64_t  bitrate;

    if (!stream->audio) {

        if (limits->audio_wanted && stream->measured) {
            ngx_simulcast_limits_issue(out, "No audio");
        }

        return;
    }

    if (limits->cd_rates && stream->sample_rate
        && stream->sample_rate != 44100 && stream->sample_rate != 48000)
    {
        ngx_simulcast_limits_issue(out, "Audio sample rate %llu Hz, 44100 or "
                                   "48000 expected",
                                   (unsigned long long) stream->sample_rate);
    }

    if (limits->channels && stream->channels > limits->channels) {
        ngx_simulcast_limits_issue(out, "Audio channels: %llu, at most %llu",
                                   (unsigned long long) stream->channels,
                                   (unsigned long long) limits->channels);
    }

    bitrate = stream->audio_bitrate / 1000;

    if (stream->measured
        && ngx_simulcast_limits_above(bitrate, limits->audio_bitrate))
    {
        ngx_simulcast_limits_issue(out,
                                   "Audio bitrate %llu kbit/s, at most %llu",
                                   (unsigned long long) bitrate,
                                   (unsigned long long) limits->audio_bitrate);
    }
}


/* for people */

static const char *
ngx_simulcast_limits_codec(ngx_uint_t codec)
{
    switch (codec) {

    case NGX_LIVE_CODEC_H264:
        return "H.264";
    case NGX_LIVE_CODEC_HEVC:
        return "HEVC";
    case NGX_LIVE_CODEC_AV1:
        return "AV1";
    case NGX_LIVE_CODEC_VP8:
        return "VP8";
    case NGX_LIVE_CODEC_VP9:
        return "VP9";
    case NGX_LIVE_CODEC_VVC:
        return "VVC";
    case NGX_LIVE_CODEC_FLV1:
        return "of old Flash";
    case NGX_LIVE_CODEC_AAC:
        return "AAC";
    case NGX_LIVE_CODEC_MP3:
        return "MP3";
    case NGX_LIVE_CODEC_OPUS:
        return "Opus";
    case NGX_LIVE_CODEC_FLAC:
        return "FLAC";
    case NGX_LIVE_CODEC_AC3:
        return "AC-3";
    case NGX_LIVE_CODEC_EAC3:
        return "E-AC-3";
    case NGX_LIVE_CODEC_PCM:
        return "PCM or of old Flash";
    }

    return "unknown";
}


static void
ngx_simulcast_limits_issue(ngx_simulcast_limits_t *out, const char *format,
    ...)
{
    va_list  args;

    if (out->nissues == NGX_SIMULCAST_LIMITS_ISSUES) {
        return;
    }

    va_start(args, format);
    (void) vsnprintf(out->issues[out->nissues++], NGX_SIMULCAST_LIMITS_ISSUE,
                     format, args);
    va_end(args);
}


ngx_msec_t
ngx_simulcast_limits_window(ngx_uint_t platform)
{
    if (platform >= NGX_SIMULCAST_NPLATFORMS) {
        platform = NGX_SIMULCAST_CUSTOM;
    }

    return ngx_simulcast_limits[platform].window;
}
