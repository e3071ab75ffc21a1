
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_director.h"
#include "ngx_multisource_measure.h"

#include "ngx_live_codec.h"
#include "ngx_live_tag.h"


/* a codec configuration record longer than this is not looked into */
#define NGX_MULTISOURCE_RECORD_MAX     4096

/* ticks until a source that is listened to can have been heard */
#define NGX_MULTISOURCE_MEASURE_TICKS                                         \
    (1 + NGX_MULTISOURCE_LOUDNESS_WINDOW / NGX_MULTISOURCE_TICK)


static void ngx_multisource_measure_config(ngx_multisource_ctx_t *ctx,
    ngx_multisource_track_t *track, ngx_live_tag_t *tag);
static void ngx_multisource_measure_sound(ngx_multisource_ctx_t *ctx,
    ngx_live_tag_t *tag);
static void ngx_multisource_measure_hear(ngx_multisource_ctx_t *ctx,
    ngx_live_tag_t *tag, size_t skip, ngx_chain_t *in);
static void ngx_multisource_measure_listen(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_measure_deafen(void *data);
static u_char *ngx_multisource_measure_prefix(ngx_chain_t *in, u_char *buf,
    size_t size, u_char **last);
static uint32_t ngx_multisource_measure_fps(ngx_multisource_ctx_t *ctx);


void
ngx_multisource_measure_media(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_header_t *h, ngx_chain_t *in)
{
    u_char                   *p, *last, buf[NGX_MULTISOURCE_RECORD_MAX];
    size_t                    size;
    ngx_int_t                 rc;
    ngx_uint_t                video;
    ngx_msec_t                now;
    ngx_live_tag_t            tag;
    ngx_multisource_track_t  *track;

    now = ngx_current_msec;
    video = (h->type == NGX_RTMP_MSG_VIDEO);
    track = video ? &ctx->record.video : &ctx->record.audio;

    track->bytes += h->mlen;

    ngx_multisource_meter_add(&ctx->meter, now, h->mlen);
    ngx_multisource_meter_add(video ? &ctx->video : &ctx->audio, now, h->mlen);

    /* only a configuration record is read beyond its first bytes */

    size = NGX_LIVE_TAG_PREFIX;

    for ( ;; ) {

        p = ngx_multisource_measure_prefix(in, buf, size, &last);

        rc = video ? ngx_live_tag_video(p, last, h->mlen, &tag)
                   : ngx_live_tag_audio(p, last, h->mlen, &tag);

        if (size == sizeof(buf) || (size_t) (last - p) == h->mlen
            || (rc != NGX_AGAIN
                && (rc != NGX_OK || tag.type != NGX_LIVE_TAG_CONFIG
                    || tag.track != 0)))
        {
            break;
        }

        size = sizeof(buf);
    }

    if (rc != NGX_OK) {
        ctx->record.dropped++;
        return;
    }

    if (tag.track != 0) {
        return;
    }

    switch (tag.type) {

    case NGX_LIVE_TAG_CONFIG:

        if ((size_t) (last - p) == h->mlen) {
            ngx_multisource_measure_config(ctx, track, &tag);

            if (!video) {
                ngx_multisource_measure_sound(ctx, &tag);
            }
        }

        break;

    case NGX_LIVE_TAG_FRAME:

        track->frames++;

        if (track->codec[0] == '\0') {
            ngx_multisource_measure_config(ctx, track, &tag);
        }

        if (!video) {

            if (ctx->audio_codec != tag.codec) {
                ngx_multisource_measure_sound(ctx, &tag);
            }

            if (ctx->loudness) {
                ngx_multisource_measure_hear(ctx, &tag, tag.body - p, in);
            }

            break;
        }

        ctx->last_frame = h->timestamp;

        if (tag.keyframe) {
            if (ctx->record.keyframes++) {
                ctx->record.keyframe_interval = h->timestamp
                                                - ctx->last_keyframe;
            }

            ctx->last_keyframe = h->timestamp;

        } else {
            ngx_multisource_motion_add(&ctx->motion, now, h->mlen);
        }

        break;
    }

    if (tag.enhanced && !ctx->told) {
        ctx->told = 1;

        ngx_log_error(NGX_LOG_NOTICE, ctx->session->connection->log, 0,
                      "multisource: streamer '%s' source '%s' sends %s as "
                      "Enhanced RTMP, which nginx-rtmp's hls, dash, record "
                      "and RTMP players do not carry",
                      ctx->record.streamer, ctx->record.source,
                      ngx_live_codec_label(tag.codec));
    }
}


static void
ngx_multisource_measure_config(ngx_multisource_ctx_t *ctx,
    ngx_multisource_track_t *track, ngx_live_tag_t *tag)
{
    ngx_int_t         rc;
    const u_char     *p, *end;
    ngx_live_codec_t  codec;

    p = NULL;
    end = NULL;

    if (tag->type == NGX_LIVE_TAG_CONFIG) {
        p = tag->body;
        end = tag->body + tag->body_len;
    }

    rc = ngx_live_codec_config(tag->codec, p, end, &codec);

    if (rc != NGX_OK) {

        if (tag->type == NGX_LIVE_TAG_CONFIG) {
            ctx->record.dropped++;
            return;
        }

        /* frames without any record: the list says what they are at least */

        ngx_memzero(&codec, sizeof(ngx_live_codec_t));
        ngx_cpystrn(codec.name, (u_char *) ngx_live_codec_label(tag->codec),
                    sizeof(codec.name));
    }

    if (codec.sample_rate == 0) {
        codec.sample_rate = tag->sample_rate;
        codec.channels = tag->channels;
    }

    if (ngx_strcmp(track->codec, codec.name) == 0
        && track->width == codec.width && track->height == codec.height
        && track->sample_rate == codec.sample_rate
        && track->channels == codec.channels)
    {
        return;
    }

    ngx_cpystrn(track->codec, codec.name, sizeof(track->codec));
    track->width = codec.width;
    track->height = codec.height;
    track->sample_rate = codec.sample_rate;
    track->channels = codec.channels;

    ctx->record.revision++;

    ngx_multisource_registry_update(&ngx_multisource_worker.registry,
                                    ctx->slot, &ctx->record);
}


/* what it takes to decode, should somebody want to know how loud it is */

static void
ngx_multisource_measure_sound(ngx_multisource_ctx_t *ctx, ngx_live_tag_t *tag)
{
    size_t  len;

    len = (tag->type == NGX_LIVE_TAG_CONFIG) ? tag->body_len : 0;

    /* one that makes no sense */

    if (len > NGX_MULTISOURCE_AUDIO_RECORD) {
        len = 0;
    }

    /* many encoders send the same one again and again */

    if (ctx->audio_codec == tag->codec && ctx->audio_record_len == len
        && ngx_memcmp(ctx->audio_record, tag->body, len) == 0)
    {
        return;
    }

    ctx->audio_codec = tag->codec;
    ctx->audio_record_len = len;
    ngx_memcpy(ctx->audio_record, tag->body, len);

    /* the next look at it begins anew */

    ngx_multisource_measure_deafen(ctx);
}


/* `skip` bytes of the message come before the frame */

static void
ngx_multisource_measure_hear(ngx_multisource_ctx_t *ctx, ngx_live_tag_t *tag,
    size_t skip, ngx_chain_t *in)
{
    size_t   n;
    u_char  *p, *last, buf[NGX_MULTISOURCE_LOUDNESS_MAX];

    if (tag->body_len > sizeof(buf)) {
        return;
    }

    p = buf;
    last = buf + tag->body_len;

    for ( /* void */ ; in && p < last; in = in->next) {
        n = in->buf->last - in->buf->pos;

        if (skip >= n) {
            skip -= n;
            continue;
        }

        n = ngx_min(n - skip, (size_t) (last - p));
        p = ngx_cpymem(p, in->buf->pos + skip, n);
        skip = 0;
    }

    ngx_multisource_loudness_frame(ctx->loudness, buf, p - buf,
                                   ngx_current_msec);
}


void
ngx_multisource_measure_activity(ngx_multisource_ctx_t *ctx,
    ngx_uint_t wanted)
{
    ngx_msec_t  now;

    if (!wanted && ctx->measured == 0) {
        return;
    }

    now = ngx_current_msec;

    ctx->record.level = NGX_MULTISOURCE_DIRECTOR_SILENT;
    ctx->record.motion = NGX_MULTISOURCE_UNMEASURED;

    if (wanted) {

        if (ctx->measured < NGX_MULTISOURCE_MEASURE_TICKS) {
            ctx->measured++;

        } else {
            ctx->record.motion = ngx_multisource_motion_percent(&ctx->motion,
                                                                now);
        }

        if (ctx->loudness) {
            ctx->record.level = ngx_multisource_loudness_level(ctx->loudness,
                                                               now);

        } else if (ctx->audio_codec != NGX_LIVE_CODEC_NONE) {
            ngx_multisource_measure_listen(ctx);
        }

    } else {
        ctx->measured = 0;
        ngx_multisource_measure_deafen(ctx);
    }

    ngx_multisource_registry_update(&ngx_multisource_worker.registry,
                                    ctx->slot, &ctx->record);
}


/* without memory it is silent, until the next try */

static void
ngx_multisource_measure_listen(ngx_multisource_ctx_t *ctx)
{
    ngx_pool_cleanup_t  *cln;

    if (!ctx->tidied) {
        cln = ngx_pool_cleanup_add(ctx->session->connection->pool, 0);

        if (cln == NULL) {
            return;
        }

        cln->handler = ngx_multisource_measure_deafen;
        cln->data = ctx;

        ctx->tidied = 1;
    }

    ctx->loudness = ngx_multisource_loudness_open(ctx->audio_codec,
                                                  ctx->audio_record,
                                                  ctx->audio_record_len,
                                                  ngx_cycle->log);
}


static void
ngx_multisource_measure_deafen(void *data)
{
    ngx_multisource_ctx_t *ctx = data;

    ngx_multisource_loudness_close(ctx->loudness);

    ctx->loudness = NULL;
}


static u_char *
ngx_multisource_measure_prefix(ngx_chain_t *in, u_char *buf, size_t size,
    u_char **last)
{
    size_t   n;
    u_char  *p;

    n = in->buf->last - in->buf->pos;

    if (n >= size || in->next == NULL) {
        *last = in->buf->last;
        return in->buf->pos;
    }

    for (p = buf; in && p < buf + size; in = in->next) {
        n = ngx_min((size_t) (in->buf->last - in->buf->pos),
                    (size_t) (buf + size - p));
        p = ngx_cpymem(p, in->buf->pos, n);
    }

    *last = p;

    return buf;
}


/* frames per 1000 s of media time, over the last five seconds */

static uint32_t
ngx_multisource_measure_fps(ngx_multisource_ctx_t *ctx)
{
    uint32_t                 time;
    uint64_t                 frames;
    ngx_multisource_mark_t  *mark, *oldest;

    mark = &ctx->marks[ctx->nmarks % NGX_MULTISOURCE_MARKS];
    mark->frames = ctx->record.video.frames;
    mark->timestamp = ctx->last_frame;

    ctx->nmarks++;

    oldest = &ctx->marks[ctx->nmarks < NGX_MULTISOURCE_MARKS
                         ? 0 : ctx->nmarks % NGX_MULTISOURCE_MARKS];

    frames = mark->frames - oldest->frames;
    time = mark->timestamp - oldest->timestamp;

    /* a clock that jumped tells nothing, nor do more than 1000 fps */

    if (time == 0 || time > 60000 || frames > time) {
        return 0;
    }

    return frames * 1000000 / time;
}


void
ngx_multisource_measure_refresh(ngx_multisource_ctx_t *ctx)
{
    uint64_t                   bitrate;
    ngx_msec_t                 now;
    ngx_multisource_record_t  *record;

    now = ngx_current_msec;
    record = &ctx->record;

    record->video.bitrate =
                     ngx_multisource_meter_rate(&ctx->video, now) / 125000;
    record->audio.bitrate =
                     ngx_multisource_meter_rate(&ctx->audio, now) / 125000;
    record->video.fps = ngx_multisource_measure_fps(ctx);
    record->last_media = ctx->last_media;

    /* lists tell of the first measure and of what moved by a fifth */

    bitrate = record->video.bitrate + record->audio.bitrate;

    if (bitrate > (uint64_t) ctx->shown_bitrate * 6 / 5
        || bitrate * 6 / 5 < ctx->shown_bitrate
        || record->video.fps > (uint64_t) ctx->shown_fps * 6 / 5
        || (uint64_t) record->video.fps * 6 / 5 < ctx->shown_fps)
    {
        ctx->shown_bitrate = bitrate;
        ctx->shown_fps = record->video.fps;
        record->revision++;
    }
}


void
ngx_multisource_measure_reset(ngx_multisource_ctx_t *ctx)
{
    ngx_memzero(&ctx->meter, sizeof(ngx_multisource_meter_t));
    ngx_memzero(&ctx->video, sizeof(ngx_multisource_meter_t));
    ngx_memzero(&ctx->audio, sizeof(ngx_multisource_meter_t));

    ngx_memzero(&ctx->motion, sizeof(ngx_multisource_motion_t));

    ngx_multisource_measure_deafen(ctx);

    ctx->audio_codec = NGX_LIVE_CODEC_NONE;
    ctx->audio_record_len = 0;
    ctx->measured = 0;
    ctx->record.level = NGX_MULTISOURCE_DIRECTOR_SILENT;
    ctx->record.motion = NGX_MULTISOURCE_UNMEASURED;

    ctx->nmarks = 0;
    ctx->shown_bitrate = 0;
    ctx->shown_fps = 0;
    ctx->told = 0;
}
