
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_audio.h"
#include "ngx_whip_feedback.h"
#include "ngx_whip_opus.h"
#include "ngx_whip_publisher.h"
#include "ngx_whip_session.h"
#include "ngx_whip_track.h"

#include "ngx_live_codec.h"
#include "ngx_live_fi.h"


/* ms; audio does not wait longer for the first picture */
#define NGX_WHIP_TRACK_HOLD      5000

/* ms; a sender that sends no key frame is watched with its faults after that */
#define NGX_WHIP_TRACK_DAMAGED   2000

/* ms; a layer that sends nothing for so long is not to be waited for */
#define NGX_WHIP_TRACK_PAUSED    2000

/*
 * ms; audio that is not sent for so long is silence from then on, up to a while
 * ago: what is under way must not be late when it comes
 */
#define NGX_WHIP_TRACK_SILENT    1000
#define NGX_WHIP_TRACK_BEHIND    500

/*
 * Audio costs what its timestamps say and not what it weighs: a packet of a few
 * bytes may claim a second.  More than RATE times what the time allows is not
 * sound; DEPTH, in samples, may come at once.
 */
#define NGX_WHIP_TRACK_RATE      4
#define NGX_WHIP_TRACK_DEPTH     (30 * NGX_WHIP_TRACK_AUDIO_RATE)

/* bytes of the largest head of a tag */
#define NGX_WHIP_TRACK_HEAD      8


static ngx_uint_t ngx_whip_track_select(ngx_whip_stream_t *st,
    ngx_whip_frame_t *frame);
static void ngx_whip_track_record(ngx_whip_stream_t *st);
static ngx_uint_t ngx_whip_track_fit(ngx_whip_stream_t *st,
    ngx_whip_frame_t *frame);
static ngx_int_t ngx_whip_track_config(ngx_whip_track_t *track);
static u_char *ngx_whip_track_video_head(ngx_uint_t codec, ngx_uint_t key,
    ngx_uint_t config, u_char *p);
static uint32_t ngx_whip_track_time(ngx_whip_track_t *track, int64_t us);
static ngx_int_t ngx_whip_track_date(ngx_whip_track_t *track);
static ngx_uint_t ngx_whip_track_begin(ngx_whip_track_t *track);
static ngx_uint_t ngx_whip_track_afford(ngx_whip_track_t *track,
    ngx_whip_rtp_t *rtp);
static void ngx_whip_track_opus(ngx_whip_track_t *track, ngx_whip_rtp_t *rtp);
static void ngx_whip_track_aac(ngx_whip_track_t *track, ngx_whip_rtp_t *rtp);
static void ngx_whip_track_silence(ngx_whip_track_t *track);
static ngx_int_t ngx_whip_track_aac_frame(void *data, u_char *frame,
    size_t len, int64_t pts);
static ngx_int_t ngx_whip_track_aac_config(ngx_whip_track_t *track);
static ngx_int_t ngx_whip_track_opus_config(ngx_whip_track_t *track);


void
ngx_whip_track_init(ngx_whip_session_t *s)
{
    ngx_uint_t         i;
    ngx_whip_track_t  *track;
    ngx_whip_media_t  *media;

    ngx_whip_clock_init(&s->clock);
    ngx_whip_twcc_init(&s->twcc);

    for (i = 0; i < s->answer.nmedia; i++) {
        media = &s->answer.media[i];

        track = media->kind == NGX_WHIP_AUDIO ? &s->audio : &s->video;

        track->session = s;
        track->media = *media;
        track->ids.mid = media->ext_mid;
        track->ids.rid = media->ext_rid;
        track->ids.rrid = media->ext_rrid;
        track->ids.twcc = media->ext_twcc;

        if (media->twcc && media->ext_twcc) {
            s->twcc_on = 1;
        }

        if (media->kind == NGX_WHIP_AUDIO) {
            ngx_whip_clock_track(&s->clock, NGX_WHIP_CLOCK_AUDIO,
                                 NGX_WHIP_TRACK_AUDIO_RATE);

        } else {
            ngx_whip_clock_track(&s->clock, NGX_WHIP_CLOCK_VIDEO,
                                 NGX_WHIP_TRACK_VIDEO_RATE);
        }
    }
}


void
ngx_whip_track_video(ngx_whip_stream_t *st, ngx_whip_frame_t *frame)
{
    int64_t              us;
    u_char              *p, head[NGX_WHIP_TRACK_HEAD];
    size_t               len;
    uint32_t             time;
    ngx_whip_track_t    *track;
    ngx_whip_session_t  *s;

    track = st->track;
    s = track->session;

    if (frame->config) {
        ngx_whip_track_record(st);
    }

    if (!ngx_whip_track_select(st, frame)) {

        /* the first key frame, or what belongs to it, has not come */

        if (track->selected == NULL) {
            ngx_whip_feedback_keyframe(track, st);
        }

        return;
    }

    us = ngx_whip_clock_stamp(&s->clock, NGX_WHIP_CLOCK_VIDEO, st->timestamp,
                              st->arrival);

    if (!ngx_whip_track_fit(st, frame) || s->publisher == NULL) {
        track->dropped++;
        return;
    }

    if (frame->key) {
        track->key_time = ngx_current_msec;
    }

    if (!track->config_sent && ngx_whip_track_config(track) != NGX_OK) {
        return;
    }

    time = ngx_whip_track_time(track, us);

    if (ngx_whip_track_date(track) != NGX_OK) {
        return;
    }

    /* in front of the access unit there is room */

    p = ngx_whip_track_video_head(track->media.codec, frame->key, 0, head);
    len = p - head;
    p = frame->data - len;
    ngx_memcpy(p, head, len);

    if (ngx_whip_publisher_video(s->publisher, time, p, frame->len + len)
        == NGX_OK)
    {
        track->key_sent = 1;
        track->frames++;
        ngx_whip_session_media(s);
    }
}


/* is st what is published?  At a key frame it may become that */

static ngx_uint_t
ngx_whip_track_select(ngx_whip_stream_t *st, ngx_whip_frame_t *frame)
{
    ngx_whip_track_t   *track;
    ngx_whip_clock_t   *clock;
    ngx_whip_stream_t  *selected;

    track = st->track;
    selected = track->selected;

    if (selected == st) {
        return 1;
    }

    if (!frame->key || frame->damaged || st->record_len == 0) {
        return 0;
    }

    /* more pixels are better; one that is not heard is worse than any */

    if (selected
        && ngx_current_msec - selected->last < NGX_WHIP_TRACK_PAUSED
        && st->width * st->height <= selected->width * selected->height)
    {
        return 0;
    }

    track->selected = st;
    track->config_sent = 0;
    st->damaged = 0;

    clock = &track->session->clock;

    if (selected) {
        ngx_whip_clock_track(clock, NGX_WHIP_CLOCK_VIDEO,
                             NGX_WHIP_TRACK_VIDEO_RATE);

        ngx_log_error(NGX_LOG_INFO, track->session->log, 0,
                      "whip: layer \"%V\" of %uix%ui takes over from \"%V\" of "
                      "%uix%ui", &st->rid, st->width, st->height,
                      &selected->rid, selected->width, selected->height);
    }

    if (st->sr) {
        ngx_whip_track_report(st);
    }

    return 1;
}


/* keeps the decoder configuration, and what it tells */

static void
ngx_whip_track_record(ngx_whip_stream_t *st)
{
    size_t             len;
    u_char             buf[NGX_WHIP_CONFIG_MAX], *p;
    ngx_uint_t         codec;
    ngx_live_codec_t   info;
    ngx_whip_track_t  *track;

    track = st->track;

    len = ngx_whip_payload_config(st->payload, buf, sizeof(buf));
    if (len == 0) {
        return;
    }

    switch (track->media.codec) {
    case NGX_WHIP_HEVC:
        codec = NGX_LIVE_CODEC_HEVC;
        break;
    case NGX_WHIP_AV1:
        codec = NGX_LIVE_CODEC_AV1;
        break;
    default:
        codec = NGX_LIVE_CODEC_H264;
    }

    if (ngx_live_codec_config(codec, buf, buf + len, &info) != NGX_OK) {
        return;
    }

    p = ngx_alloc(len, track->session->log);
    if (p == NULL) {
        return;
    }

    ngx_memcpy(p, buf, len);

    if (st->record) {
        ngx_free(st->record);
    }

    st->record = p;
    st->record_len = len;
    st->width = info.width;
    st->height = info.height;
    ngx_memcpy(st->codec, info.name, sizeof(st->codec) - 1);

    if (track->selected == st) {
        track->config_sent = 0;
    }
}


/* not before a key frame, and not for long what refers to a lost one */

static ngx_uint_t
ngx_whip_track_fit(ngx_whip_stream_t *st, ngx_whip_frame_t *frame)
{
    ngx_whip_track_t  *track;

    track = st->track;

    if (frame->damaged) {
        ngx_whip_track_damaged(st);
        return 0;
    }

    if (frame->key) {
        st->damaged = 0;
        return st->record_len != 0;
    }

    if (!track->key_sent || st->record_len == 0) {
        ngx_whip_feedback_keyframe(track, st);
        return 0;
    }

    return !st->damaged
           || ngx_current_msec - st->damaged_since >= NGX_WHIP_TRACK_DAMAGED;
}


void
ngx_whip_track_damaged(ngx_whip_stream_t *st)
{
    if (!st->damaged) {
        st->damaged = 1;
        st->damaged_since = ngx_current_msec;
    }

    if (st->track->selected == st || st->track->selected == NULL) {
        ngx_whip_feedback_keyframe(st->track, st);
    }
}


void
ngx_whip_track_restart(ngx_whip_stream_t *st)
{
    ngx_whip_track_t    *track;
    ngx_whip_session_t  *s;

    track = st->track;
    s = track->session;

    st->sr = 0;

    if (track->media.kind == NGX_WHIP_AUDIO) {

        ngx_whip_clock_track(&s->clock, NGX_WHIP_CLOCK_AUDIO,
                             NGX_WHIP_TRACK_AUDIO_RATE);
        track->pts_set = 0;

        if (track->audio && ngx_whip_audio_reset(track->audio) != NGX_OK) {
            ngx_whip_session_close(s, NGX_WHIP_MEDIA_FAILED);
        }

        return;
    }

    if (track->selected == st) {
        ngx_whip_clock_track(&s->clock, NGX_WHIP_CLOCK_VIDEO,
                             NGX_WHIP_TRACK_VIDEO_RATE);
    }

    ngx_whip_track_damaged(st);
}


void
ngx_whip_track_report(ngx_whip_stream_t *st)
{
    ngx_whip_track_t  *track;

    track = st->track;

    if (track->media.kind == NGX_WHIP_AUDIO) {
        ngx_whip_clock_report(&track->session->clock, NGX_WHIP_CLOCK_AUDIO,
                              st->sr_ntp, st->sr_timestamp, st->sr_arrival);

    } else if (track->selected == st) {
        ngx_whip_clock_report(&track->session->clock, NGX_WHIP_CLOCK_VIDEO,
                              st->sr_ntp, st->sr_timestamp, st->sr_arrival);
    }
}


void
ngx_whip_track_tick(ngx_whip_session_t *s)
{
    ngx_uint_t          i;
    ngx_whip_stream_t  *st, *best, *selected;

    if (s->video.session == NULL) {
        return;
    }

    /* with the video that goes on */

    if (ngx_current_msec - s->media_time < NGX_WHIP_TRACK_SILENT) {
        ngx_whip_track_silence(&s->audio);

        if (s->state == NGX_WHIP_CLOSED) {
            return;
        }
    }

    selected = s->video.selected;

    if (selected && s->conf->keyframe_interval
        && ngx_current_msec - s->video.key_time >= s->conf->keyframe_interval)
    {
        ngx_whip_feedback_keyframe(&s->video, selected);
    }

    if (s->video.media.nrids == 0) {
        return;
    }

    /* a layer that would be better becomes so at a key frame */

    best = selected;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (st->track != &s->video
            || ngx_current_msec - st->last >= NGX_WHIP_TRACK_PAUSED)
        {
            continue;
        }

        if (best == NULL
            || ngx_current_msec - best->last >= NGX_WHIP_TRACK_PAUSED
            || st->width * st->height > best->width * best->height
            || st->record_len == 0)
        {
            best = st;
        }
    }

    if (best && best != selected) {
        ngx_whip_feedback_keyframe(&s->video, best);
    }
}


/*
 * Heads of tags: FLV for H.264, E.4.3.1 of the file format's specification,
 * otherwise Enhanced RTMP's ExVideoTagHeader.
 */

static u_char *
ngx_whip_track_video_head(ngx_uint_t codec, ngx_uint_t key, ngx_uint_t config,
    u_char *p)
{
    ngx_uint_t  type;

    type = key || config ? 1 : 2;

    if (codec == NGX_WHIP_H264) {
        *p++ = type << 4 | 7;
        *p++ = config ? 0 : 1;
        *p++ = 0;
        *p++ = 0;
        *p++ = 0;

        return p;
    }

    /* 0: sequence start; 1: coded frames; 3: those without composition time */

    *p++ = 0x80 | type << 4 | (config ? 0 : codec == NGX_WHIP_HEVC ? 3 : 1);

    return ngx_cpymem(p, codec == NGX_WHIP_HEVC ? "hvc1" : "av01", 4);
}


static ngx_int_t
ngx_whip_track_config(ngx_whip_track_t *track)
{
    u_char               buf[NGX_WHIP_CONFIG_MAX + NGX_WHIP_TRACK_HEAD], *p;
    ngx_whip_stream_t   *st;
    ngx_whip_session_t  *s;

    s = track->session;
    st = track->selected;

    p = ngx_whip_track_video_head(track->media.codec, 1, 1, buf);
    p = ngx_cpymem(p, st->record, st->record_len);

    if (ngx_whip_publisher_video(s->publisher,
                                 ngx_whip_track_time(track, track->last_us),
                                 buf, p - buf)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    track->config_sent = 1;

    return NGX_OK;
}


/* ms; never less than the time of an earlier tag */

static uint32_t
ngx_whip_track_time(ngx_whip_track_t *track, int64_t us)
{
    track->last_us = ngx_max(track->last_us, us);

    return (track->last_us + 500) / 1000;
}


/*
 * What the sender's clock showed at the time of the tag that comes next, which
 * is whole ms: exactly that is told, and not the time of the frame.  Video that
 * is published tells it by itself.
 */

static ngx_int_t
ngx_whip_track_date(ngx_whip_track_t *track)
{
    u_char               buf[NGX_LIVE_FI_MAX], *p;
    int64_t              ms, date;
    ngx_whip_track_t    *video;
    ngx_whip_session_t  *s;

    s = track->session;
    video = &s->video;

    if (track != video && video->key_sent
        && ngx_current_msec - video->selected->last < NGX_WHIP_TRACK_PAUSED)
    {
        return NGX_OK;
    }

    ms = (track->last_us + 500) / 1000;

    if (ngx_whip_clock_tell(&s->clock, ms * 1000, &date) != NGX_OK) {
        return NGX_OK;
    }

    p = ngx_live_fi_write(buf, date);

    return ngx_whip_publisher_data(s->publisher, ms, buf, p - buf);
}


/*
 * Players take what a stream has from its beginning: with a video track to
 * come, audio waits for its first picture.
 */

static ngx_uint_t
ngx_whip_track_begin(ngx_whip_track_t *track)
{
    ngx_whip_session_t  *s;

    s = track->session;

    return s->video.session == NULL || s->video.key_sent || track->key_sent
           || ngx_current_msec - track->since >= NGX_WHIP_TRACK_HOLD;
}


static ngx_uint_t
ngx_whip_track_afford(ngx_whip_track_t *track, ngx_whip_rtp_t *rtp)
{
    int64_t          delta;
    ngx_msec_t       ms;
    ngx_uint_t       cost;
    ngx_whip_opus_t  opus;

    ms = ngx_current_msec - track->credit_time;
    ms = ngx_min(ms, 60000);

    track->credit += ms * (NGX_WHIP_TRACK_AUDIO_RATE / 1000)
                     * NGX_WHIP_TRACK_RATE;
    track->credit = ngx_min(track->credit, NGX_WHIP_TRACK_DEPTH);
    track->credit_time = ngx_current_msec;

    /* the packet itself, and the gap or the jump in front of it */

    delta = track->pts_set
            ? (int32_t) (rtp->timestamp - (uint32_t) track->pts) : 0;
    delta = delta < 0 ? -delta : delta;

    cost = ngx_min(delta, NGX_WHIP_AUDIO_MAX_GAP);

    if (ngx_whip_opus_parse(&opus, rtp->payload, rtp->len) == NGX_OK) {
        cost += opus.samples;
    }

    if (cost > track->credit) {
        return 0;
    }

    track->credit -= cost;

    return 1;
}


void
ngx_whip_track_audio(ngx_whip_stream_t *st, ngx_whip_rtp_t *rtp, uint64_t now)
{
    ngx_whip_track_t    *track;
    ngx_whip_session_t  *s;

    track = st->track;
    s = track->session;

    if (!ngx_whip_track_afford(track, rtp)) {
        track->dropped++;
        return;
    }

    if (!track->pts_set) {
        track->pts = rtp->timestamp;
        track->pts_set = 1;

    } else {
        track->pts += (int32_t) (rtp->timestamp - (uint32_t) track->pts);
    }

    track->pts_us = ngx_whip_clock_stamp(&s->clock, NGX_WHIP_CLOCK_AUDIO,
                                         rtp->timestamp, now);
    track->pts_time = ngx_current_msec;

    if (s->publisher == NULL || !ngx_whip_track_begin(track)) {
        return;
    }

    track->key_sent = 1;

    if (s->conf->audio == NGX_WHIP_AUDIO_OPUS) {
        ngx_whip_track_opus(track, rtp);

    } else {
        ngx_whip_track_aac(track, rtp);
    }
}


/* E-RTMP, ExAudioTagHeader: 9 << 4, and "Opus" */

static void
ngx_whip_track_opus(ngx_whip_track_t *track, ngx_whip_rtp_t *rtp)
{
    u_char               buf[5 + NGX_WHIP_DATAGRAM], *p;
    uint32_t             time;
    ngx_whip_session_t  *s;

    s = track->session;

    if (!track->config_sent && ngx_whip_track_opus_config(track) != NGX_OK) {
        return;
    }

    time = ngx_whip_track_time(track, track->pts_us);

    if (ngx_whip_track_date(track) != NGX_OK) {
        return;
    }

    p = buf;
    *p++ = 0x91;
    p = ngx_cpymem(p, "Opus", 4);
    p = ngx_cpymem(p, rtp->payload, ngx_min(rtp->len, NGX_WHIP_DATAGRAM));

    if (ngx_whip_publisher_audio(s->publisher, time, buf, p - buf) == NGX_OK) {
        track->frames++;
        ngx_whip_session_media(s);
    }
}


static ngx_int_t
ngx_whip_track_opus_config(ngx_whip_track_t *track)
{
    u_char  buf[5 + NGX_WHIP_OPUS_HEAD_LEN], *p;

    p = buf;
    *p++ = 0x90;
    p = ngx_cpymem(p, "Opus", 4);
    p += ngx_whip_opus_head(p, track->media.stereo ? 2 : 1,
                            NGX_WHIP_OPUS_PRE_SKIP);

    if (ngx_whip_publisher_audio(track->session->publisher,
                                 ngx_whip_track_time(track, track->last_us),
                                 buf, p - buf)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(track->codec, "opus", sizeof("opus"));
    track->config_sent = 1;

    return NGX_OK;
}


static void
ngx_whip_track_aac(ngx_whip_track_t *track, ngx_whip_rtp_t *rtp)
{
    ngx_whip_session_t  *s;

    s = track->session;

    if (track->audio == NULL) {
        track->audio = ngx_whip_audio_create(track->media.stereo ? 2 : 1,
                                             s->conf->audio_bitrate,
                                             ngx_whip_track_aac_frame, track,
                                             s->log);
        if (track->audio == NULL) {
            ngx_whip_session_close(s, NGX_WHIP_MEDIA_FAILED);
            return;
        }
    }

    if (ngx_whip_audio_packet(track->audio, track->pts, rtp->payload, rtp->len)
        == NGX_ERROR)
    {
        ngx_whip_session_close(s, NGX_WHIP_MEDIA_FAILED);
    }
}


/* players wait for the audio that they were told of */

static void
ngx_whip_track_silence(ngx_whip_track_t *track)
{
    ngx_msec_t  ms;

    ms = ngx_current_msec - track->pts_time;

    if (track->audio && ms >= NGX_WHIP_TRACK_SILENT
        && ngx_whip_audio_advance(track->audio, track->pts
                                  + (int64_t) (ms - NGX_WHIP_TRACK_BEHIND)
                                    * NGX_WHIP_TRACK_AUDIO_RATE / 1000)
           != NGX_OK)
    {
        ngx_whip_session_close(track->session, NGX_WHIP_MEDIA_FAILED);
    }
}


static ngx_int_t
ngx_whip_track_aac_frame(void *data, u_char *frame, size_t len, int64_t pts)
{
    ngx_whip_track_t *track = data;

    int64_t              us;
    uint32_t             time;
    ngx_whip_session_t  *s;

    s = track->session;

    /* the stream is closed, the session is about to be */

    if (s->publisher == NULL || s->state == NGX_WHIP_CLOSED) {
        return NGX_OK;
    }

    if (!track->config_sent && ngx_whip_track_aac_config(track) != NGX_OK) {
        return NGX_OK;
    }

    us = track->pts_us
         + (pts - track->pts) * 1000000 / NGX_WHIP_TRACK_AUDIO_RATE;

    /* the silence that only primes a decoder has no time before the start */

    if (us < 0) {
        return NGX_OK;
    }

    time = ngx_whip_track_time(track, us);

    if (ngx_whip_track_date(track) != NGX_OK) {
        return NGX_OK;
    }

    frame -= 2;
    frame[0] = 0xaf;
    frame[1] = 1;

    if (ngx_whip_publisher_audio(s->publisher, time, frame, len + 2)
        == NGX_OK)
    {
        track->frames++;
        ngx_whip_session_media(s);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_track_aac_config(ngx_whip_track_t *track)
{
    size_t            len;
    u_char            buf[2 + 8];
    ngx_live_codec_t  info;

    buf[0] = 0xaf;
    buf[1] = 0;

    len = ngx_whip_audio_config(track->audio, buf + 2, sizeof(buf) - 2);

    if (len == 0
        || ngx_live_codec_config(NGX_LIVE_CODEC_AAC, buf + 2, buf + 2 + len,
                                 &info)
           != NGX_OK
        || ngx_whip_publisher_audio(track->session->publisher,
                                    ngx_whip_track_time(track, track->last_us),
                                    buf, len + 2)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(track->codec, info.name, sizeof(track->codec) - 1);
    track->config_sent = 1;

    return NGX_OK;
}
