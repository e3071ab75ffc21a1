
/*
 * Copyright (C) the ngx_live contributors
 *
 * What each platform takes, and what is said of what it does not.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_limits.c */


#include "tap.h"
#include "ngx_simulcast_limits.h"


#define YT    NGX_SIMULCAST_YOUTUBE
#define TW    NGX_SIMULCAST_TWITCH
#define FB    NGX_SIMULCAST_FACEBOOK
#define CF    NGX_SIMULCAST_CLOUDFLARE
#define ANY   NGX_SIMULCAST_CUSTOM

#define NONE  NGX_LIVE_CODEC_NONE
#define H264  NGX_LIVE_CODEC_H264
#define HEVC  NGX_LIVE_CODEC_HEVC
#define AV1   NGX_LIVE_CODEC_AV1
#define AAC   NGX_LIVE_CODEC_AAC

#define NEW   0x80000000    /* not measured yet */


typedef struct {
    const char  *name;
    ngx_uint_t   platform;
    unsigned     video;         /* a codec, NEW */
    unsigned     width;
    unsigned     height;
    double       fps;
    unsigned     video_bitrate;         /* kbit/s */
    unsigned     keyframe;              /* ms */
    unsigned     audio;         /* a codec */
    unsigned     sample_rate;
    unsigned     channels;
    unsigned     audio_bitrate;
    const char  *want;          /* "issue; issue", "!" in front: refused */
} row_t;


static const row_t  rows[] = {

    { "1080p60 to YouTube", YT, H264, 1920, 1080, 60, 6000, 2000,
      AAC, 44100, 2, 128, "" },
    { "1080p60 to Twitch", TW, H264, 1920, 1080, 60, 6000, 2000,
      AAC, 48000, 2, 160, "" },
    { "1080p30 to Facebook", FB, H264, 1920, 1080, 30, 4000, 2000,
      AAC, 48000, 2, 128, "" },
    { "1080p60 to Cloudflare", CF, H264, 1920, 1080, 60, 6000, 4000,
      AAC, 48000, 2, 128, "" },
    { "anything to RTMP", ANY, H264, 8000, 8000, 240, 200000, 60000,
      NGX_LIVE_CODEC_OPUS, 96000, 8, 4000, "" },

    { "nothing is known yet", YT, NEW, 0, 0, 0, 0, 0, NONE, 0, 0, 0, "" },
    { "nor at Facebook", FB, NEW, 0, 0, 0, 0, 0, NONE, 0, 0, 0, "" },
    { "nor at Cloudflare", CF, NEW, 0, 0, 0, 0, 0, NONE, 0, 0, 0, "" },
    { "only codecs are known", FB, H264 | NEW, 0, 0, 0, 0, 0,
      AAC, 0, 0, 0, "" },
    { "a size is not known", YT, H264, 0, 0, 30, 100, 2000,
      AAC, 0, 0, 0, "" },
    { "a frame rate is not known", YT, H264, 1920, 1080, 0, 100, 2000,
      AAC, 0, 0, 0, "" },
    { "rates are not measured yet", TW, H264 | NEW, 1920, 1080, 30, 99999, 2000,
      AAC, 48000, 2, 9999, "" },

    /* codecs */

    { "HEVC to YouTube", YT, HEVC, 1920, 1080, 30, 6000, 2000,
      AAC, 48000, 2, 128, "" },
    { "AV1 to YouTube", YT, AV1, 1920, 1080, 30, 6000, 2000,
      NGX_LIVE_CODEC_MP3, 44100, 2, 128, "" },
    { "VP9 to YouTube", YT, NGX_LIVE_CODEC_VP9 | NEW, 0, 0, 0, 0, 0,
      AAC, 0, 0, 0, "!Video codec VP9, YouTube takes H.264, HEVC or AV1" },
    { "HEVC to Twitch", TW, HEVC | NEW, 0, 0, 0, 0, 0,
      AAC, 0, 0, 0, "!Video codec HEVC, Twitch takes H.264" },
    { "AV1 to Facebook", FB, AV1 | NEW, 0, 0, 0, 0, 0,
      AAC, 0, 0, 0, "!Video codec AV1, Facebook takes H.264" },
    { "VP8 to Cloudflare", CF, NGX_LIVE_CODEC_VP8 | NEW, 0, 0, 0, 0, 0,
      AAC, 0, 0, 0, "!Video codec VP8, Cloudflare takes H.264" },
    { "Opus to Twitch", TW, H264 | NEW, 0, 0, 0, 0, 0,
      NGX_LIVE_CODEC_OPUS, 0, 0, 0, "!Audio codec Opus, Twitch takes AAC" },
    { "MP3 to Cloudflare", CF, H264 | NEW, 0, 0, 0, 0, 0,
      NGX_LIVE_CODEC_MP3, 0, 0, 0, "!Audio codec MP3, Cloudflare takes AAC" },
    { "PCM to YouTube", YT, H264 | NEW, 0, 0, 0, 0, 0,
      NGX_LIVE_CODEC_PCM, 0, 0, 0,
      "!Audio codec PCM or of old Flash, YouTube takes AAC or MP3" },
    { "neither to Facebook", FB, NGX_LIVE_CODEC_FLV1 | NEW, 0, 0, 0, 0, 0,
      NGX_LIVE_CODEC_EAC3, 0, 0, 0,
      "!Video codec of old Flash, Facebook takes H.264; "
      "Audio codec E-AC-3, Facebook takes AAC" },
    { "a codec without a name", ANY, NGX_LIVE_CODEC_PCM + 1, 0, 0, 0, 0, 0,
      40, 0, 0, 0,
      "!Video codec unknown, RTMP takes what has a name; "
      "Audio codec unknown, RTMP takes what has a name" },
    { "audio as video", ANY, AAC, 0, 0, 0, 0, 0, H264, 0, 0, 0,
      "!Video codec AAC, RTMP takes what has a name; "
      "Audio codec H.264, RTMP takes what has a name" },
    { "what is refused comes first", TW, HEVC, 3840, 2160, 30, 20000, 5000,
      AAC, 48000, 2, 160,
      "!Video codec HEVC, Twitch takes H.264; "
      "Size 3840x2160, at most 1920x1080; "
      "Keyframe interval 5.0 s, at most 2 s; "
      "Video bitrate 20000 kbit/s, at most 6000" },

    /* a missing track */

    { "no audio for YouTube", YT, H264, 1920, 1080, 30, 6000, 2000,
      NONE, 0, 0, 0, "No audio" },
    { "no audio yet for YouTube", YT, H264 | NEW, 1920, 1080, 30, 6000, 2000,
      NONE, 0, 0, 0, "" },
    { "no audio for Twitch", TW, H264, 1920, 1080, 60, 6000, 2000,
      NONE, 0, 0, 0, "" },
    { "no audio for Facebook", FB, H264, 1920, 1080, 30, 4000, 2000,
      NONE, 0, 0, 0, "!No audio, Facebook ends streams without it" },
    { "no audio yet for Facebook", FB, H264 | NEW, 1920, 1080, 30, 4000, 2000,
      NONE, 0, 0, 0, "" },
    { "no video for Twitch", TW, NONE, 0, 0, 0, 0, 0,
      AAC, 48000, 2, 128, "No video" },
    { "no video for RTMP", ANY, NONE, 0, 0, 0, 0, 0,
      AAC, 48000, 2, 128, "" },

    /* sizes and frame rates */

    { "2160p60 to YouTube", YT, H264, 3840, 2160, 60, 20000, 2000,
      AAC, 48000, 2, 128, "" },
    { "4320p to YouTube", YT, H264 | NEW, 7680, 4320, 60, 0, 0,
      AAC, 48000, 2, 128, "Size 7680x4320, at most 3840x2160" },
    { "1440p to Twitch", TW, H264 | NEW, 2560, 1440, 30, 0, 0,
      AAC, 48000, 2, 128, "Size 2560x1440, at most 1920x1080" },
    { "a portrait to Twitch", TW, H264 | NEW, 1080, 1920, 30, 0, 0,
      AAC, 48000, 2, 128, "" },
    { "a large portrait to Facebook", FB, H264 | NEW, 1440, 2560, 30, 0, 0,
      AAC, 48000, 2, 128, "Size 1440x2560, at most 1920x1080" },
    { "a wide one to Twitch", TW, H264 | NEW, 2560, 1080, 30, 0, 0,
      AAC, 48000, 2, 128, "Size 2560x1080, at most 1920x1080" },
    { "120 fps to Twitch", TW, H264 | NEW, 1280, 720, 120, 0, 0,
      AAC, 48000, 2, 128, "Frame rate 120 fps, at most 60 fps" },
    { "60.4 fps to Twitch", TW, H264 | NEW, 1280, 720, 60.4, 0, 0,
      AAC, 48000, 2, 128, "" },

    /* keyframes */

    { "5 s to YouTube", YT, H264 | NEW, 0, 0, 0, 0, 5000,
      AAC, 0, 0, 0, "Keyframe interval 5.0 s, at most 4 s" },
    { "4 s to YouTube", YT, H264 | NEW, 0, 0, 0, 0, 4004,
      AAC, 0, 0, 0, "" },
    { "5 s to Facebook", FB, H264 | NEW, 0, 0, 0, 0, 5000,
      AAC, 0, 0, 0, "Keyframe interval 5.0 s, at most 4 s" },
    { "2.002 s to Twitch", TW, H264 | NEW, 0, 0, 0, 0, 2002,
      AAC, 0, 0, 0, "" },
    { "2.5 s to Twitch", TW, H264 | NEW, 0, 0, 0, 0, 2500,
      AAC, 0, 0, 0, "Keyframe interval 2.5 s, at most 2 s" },
    { "10 s to Cloudflare", CF, H264, 0, 0, 0, 6000, 10010,
      AAC, 0, 0, 0, "" },
    { "12 s to Cloudflare", CF, H264, 0, 0, 0, 6000, 12000,
      AAC, 0, 0, 0, "!Keyframe interval 12.0 s, at most 10 s" },
    { "1 s to Cloudflare", CF, H264, 0, 0, 0, 6000, 1000,
      AAC, 0, 0, 0, "Keyframe interval 1.0 s, at least 2 s" },
    { "1 s to Cloudflare at first", CF, H264 | NEW, 0, 0, 0, 6000, 1000,
      AAC, 0, 0, 0, "" },
    { "1.9 s to Cloudflare", CF, H264, 0, 0, 0, 6000, 1900,
      AAC, 0, 0, 0, "" },

    /* video bitrates */

    { "8 Mbit/s to Twitch", TW, H264, 1920, 1080, 60, 8000, 2000,
      AAC, 48000, 2, 128, "Video bitrate 8000 kbit/s, at most 6000" },
    { "6.5 Mbit/s of 1080p60 to Twitch", TW, H264, 1920, 1080, 60, 6500, 2000,
      AAC, 48000, 2, 128, "" },
    { "6 Mbit/s of 720p30 to Twitch", TW, H264, 1280, 720, 30, 6000, 2000,
      AAC, 48000, 2, 128,
      "Video bitrate 6000 kbit/s, up to 3000 recommended for 720p30" },
    { "6 Mbit/s of 1080p25 to Twitch", TW, H264, 1920, 1080, 25, 6000, 2000,
      AAC, 48000, 2, 128,
      "Video bitrate 6000 kbit/s, up to 4500 recommended for 1080p25" },
    { "500 kbit/s to Twitch", TW, H264, 1280, 720, 30, 500, 2000,
      AAC, 48000, 2, 128, "" },
    { "2 Mbit/s of 1080p30 to YouTube", YT, H264, 1920, 1080, 29.97, 2000, 2000,
      AAC, 48000, 2, 128,
      "Video bitrate 2000 kbit/s, 4500 or more recommended for 1080p30" },
    { "4.5 Mbit/s of 1080p60 to YouTube", YT, H264, 1920, 1080, 59.94, 4500,
      2000, AAC, 48000, 2, 128, "" },
    { "25 Mbit/s of 1080p60 to YouTube", YT, H264, 1920, 1080, 60, 25000, 2000,
      AAC, 48000, 2, 128,
      "Video bitrate 25000 kbit/s, up to 17000 recommended for 1080p60" },
    { "the same as AV1", YT, AV1, 1920, 1080, 60, 14000, 2000,
      AAC, 48000, 2, 128,
      "Video bitrate 14000 kbit/s, up to 12000 recommended for 1080p60" },
    { "80 Mbit/s to YouTube", YT, H264, 3840, 2160, 60, 80000, 2000,
      AAC, 48000, 2, 128, "Video bitrate 80000 kbit/s, at most 51000" },
    { "360p of 400 kbit/s to YouTube", YT, H264, 640, 360, 30, 400, 2000,
      AAC, 48000, 2, 128, "" },
    { "a portrait of 3 Mbit/s to Facebook", FB, H264, 1080, 1920, 30, 3000,
      2000, AAC, 48000, 2, 128, "" },
    { "12 Mbit/s to Facebook", FB, H264, 1920, 1080, 60, 12000, 2000,
      AAC, 48000, 2, 128, "Video bitrate 12000 kbit/s, at most 9000" },
    { "16 Mbit/s to Cloudflare", CF, H264, 1920, 1080, 60, 15900, 4000,
      AAC, 48000, 2, 100, "Bitrate 16000 kbit/s, at most 14000" },
    { "1 Mbit/s to Cloudflare", CF, H264, 640, 360, 30, 900, 4000,
      AAC, 48000, 2, 100, "Bitrate 1000 kbit/s, at least 2000" },

    /* audio */

    { "5.1 to YouTube", YT, H264 | NEW, 0, 0, 0, 0, 0,
      AAC, 48000, 6, 384, "" },
    { "7.1 to YouTube", YT, H264 | NEW, 0, 0, 0, 0, 0,
      AAC, 48000, 8, 0, "Audio channels: 8, at most 6" },
    { "5.1 to Twitch", TW, H264 | NEW, 0, 0, 0, 0, 0,
      AAC, 48000, 6, 0, "Audio channels: 6, at most 2" },
    { "320 kbit/s to Twitch", TW, H264, 1920, 1080, 60, 6000, 2000,
      AAC, 48000, 2, 320, "Audio bitrate 320 kbit/s, at most 160" },
    { "32 kHz to Facebook", FB, H264 | NEW, 0, 0, 0, 0, 0,
      AAC, 32000, 2, 0,
      "Audio sample rate 32000 Hz, 44100 or 48000 expected" },
    { "all that is wrong with sound", FB, H264, 1920, 1080, 30, 4000, 2000,
      AAC, 96000, 2, 512,
      "Audio sample rate 96000 Hz, 44100 or 48000 expected; "
      "Audio bitrate 512 kbit/s, at most 256" },

    { NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL }
};


static void
check(const row_t *row)
{
    int                             n;
    char                            text[2048];
    ngx_uint_t                      i;
    ngx_simulcast_limits_t          out;
    ngx_simulcast_limits_stream_t   stream;

    ngx_memzero(&stream, sizeof(stream));
    memset(&out, 0xff, sizeof(out));

    stream.video = row->video & ~NEW;
    stream.width = row->width;
    stream.height = row->height;
    stream.fps = row->fps;
    stream.video_bitrate = (uint64_t) row->video_bitrate * 1000;
    stream.keyframe = row->keyframe;
    stream.audio = row->audio;
    stream.sample_rate = row->sample_rate;
    stream.channels = row->channels;
    stream.audio_bitrate = (uint64_t) row->audio_bitrate * 1000;
    stream.measured = (row->video & NEW) == 0;

    ngx_simulcast_limits_check(row->platform, &stream, &out);

    n = snprintf(text, sizeof(text), "%s", out.refused ? "!" : "");

    for (i = 0; i < out.nissues; i++) {
        n += snprintf(text + n, sizeof(text) - n, "%s%s", i ? "; " : "",
                      out.issues[i]);
    }

    tap_is_text(text, row->want, row->name);
}


/* no number makes more or longer issues than there is room for */

static void
test_extremes(void)
{
    int                             ok;
    ngx_uint_t                      platform, i, n;
    ngx_simulcast_limits_t          out;
    ngx_simulcast_limits_stream_t   stream;

    static const double  fps[] = { 0, -1, 1e300, -1e300, 0.4, 1e19 };

    for (ok = 1, platform = 0; platform <= NGX_SIMULCAST_NPLATFORMS; platform++)
    {
        for (n = 0; n < 6; n++) {
            memset(&stream, 0xff, sizeof(stream));
            stream.fps = fps[n];

            if (n % 2) {
                stream.video = H264;
                stream.audio = AAC;
            }

            ngx_simulcast_limits_check(platform, &stream, &out);

            ok &= (out.nissues <= NGX_SIMULCAST_LIMITS_ISSUES);

            for (i = 0; i < out.nissues; i++) {
                ok &= (strlen(out.issues[i]) < NGX_SIMULCAST_LIMITS_ISSUE);
            }
        }
    }

    tap_ok(ok, "issues of absurd numbers have room");
    tap_is(out.nissues, 0, "an unknown platform has no limits");
}


int
main(void)
{
    const row_t  *row;

    for (row = rows; row->name; row++) {
        check(row);
    }

    test_extremes();

    tap_is(ngx_simulcast_limits_window(YT), 60000, "YouTube keeps it 60 s");
    tap_is(ngx_simulcast_limits_window(TW), 90000, "Twitch 90 s");
    tap_is(ngx_simulcast_limits_window(FB), 120000, "Facebook 2 min");
    tap_is(ngx_simulcast_limits_window(CF), 60000, "Cloudflare 60 s");
    tap_is(ngx_simulcast_limits_window(ANY), 60000, "others 60 s");
    tap_is(ngx_simulcast_limits_window(4711), 60000, "and unknown ones, too");

    return tap_done();
}
