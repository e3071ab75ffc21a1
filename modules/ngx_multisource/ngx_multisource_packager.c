
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_gather.h"
#include "ngx_multisource_mux.h"
#include "ngx_multisource_origin.h"
#include "ngx_multisource_pace.h"
#include "ngx_multisource_packager.h"
#include "ngx_multisource_siblings.h"
#include "ngx_multisource_writer.h"

#include "ngx_live_codec.h"
#include "ngx_live_fi.h"
#include "ngx_live_tag.h"


/* a codec configuration record that is longer is none */
#define NGX_MULTISOURCE_PACKAGER_RECORD   4096

/* timestamps that go back, or ahead, by so much (ms) begin a new time line */
#define NGX_MULTISOURCE_PACKAGER_BACK     1000
#define NGX_MULTISOURCE_PACKAGER_AHEAD    5000

/* ms from a failure to the next try */
#define NGX_MULTISOURCE_PACKAGER_RETRY    3000

/* where a time line begins, so that nothing lies before 0 */
#define NGX_MULTISOURCE_PACKAGER_BASE     10000     /* ms */

/* frames of audio that wait for the frame of video they belong before */
#define NGX_MULTISOURCE_PACKAGER_PENDING  256

/* ms by which pictures are decoded before they are shown, if it makes sense */
#define NGX_MULTISOURCE_PACKAGER_DELAY    5000

/*
 * Ticks that a picture is shown for at least, if its part is over before the next
 * one came. A screen that stands still is sent once a second, and a browser goes
 * on with a picture after up to twice the time of the one before it.
 */
#define NGX_MULTISOURCE_PACKAGER_STILL    67500

/* ticks: two times that are rounded to ms lie as far from each other */
#define NGX_MULTISOURCE_PACKAGER_ROUNDED  135

/* samples of a frame; what is sent may show that there are more */
#define NGX_MULTISOURCE_PACKAGER_AAC      1024
#define NGX_MULTISOURCE_PACKAGER_SBR      2048
#define NGX_MULTISOURCE_PACKAGER_OPUS     960
#define NGX_MULTISOURCE_PACKAGER_OPUS_MIN 120


typedef struct {
    ngx_live_codec_t                 codec;
    size_t                           len;
    u_char                           record[NGX_MULTISOURCE_PACKAGER_RECORD];
    unsigned                         bad:1;     /* not carried, logged */
    unsigned                         used:1;    /* by the mux */
} ngx_multisource_packager_track_t;


struct ngx_multisource_packager_s {
    ngx_multisource_ctx_t           *ctx;       /* NULL: closed */
    ngx_multisource_app_conf_t      *conf;
    ngx_multisource_writer_t        *writer;
    ngx_multisource_writer_info_t    info;
    ngx_log_t                       *log;
    ngx_str_t                        streamer;
    ngx_str_t                        source;
    uint64_t                         sender;

    ngx_multisource_packager_track_t video;
    ngx_multisource_packager_track_t audio;

    /* the time line of the timestamps */
    int64_t                          last_ms;   /* unwrapped */
    uint32_t                         last_timestamp;
    int64_t                          base;      /* of last_ms, at its start */

    ngx_multisource_gather_t         gather;

    ngx_multisource_cadence_t        cadence;
    ngx_multisource_pace_t           pace;
    ngx_multisource_clock_t          clock;
    ngx_multisource_cut_t            cut;
    ngx_multisource_mux_t           *mux;
    ngx_str_t                        init;      /* to be written */

    ngx_queue_t                      pending;   /* audio */
    ngx_uint_t                       npending;

    /* ticks from the decoding of a keyframe to its presentation: of dates */
    int32_t                          delay;

    /* ticks from the first frame of video to the second, if it is known */
    int64_t                          apart;

    /* the last picture's time, ticks */
    int64_t                          pictured;

    /* the part that is being made, ticks */
    int64_t                          part_start;
    int64_t                          part_end;  /* as far as frames are known */
    uint32_t                         part_flags;
    uint64_t                         segment_bytes;
    uint64_t                         segment_ticks;

    u_char                          *scratch;
    size_t                           scratch_size;

    ngx_event_t                      timer;     /* retry, and grace */

    unsigned                         opened:1;
    unsigned                         running:1;     /* gathering is over */
    unsigned                         timed:1;   /* last_ms is valid */
    unsigned                         part_keyed:1;
    unsigned                         part_begun:1;
    unsigned                         segment_begun:1;
    unsigned                         discontinuity:1;   /* before what comes */
    unsigned                         waiting:1;     /* for the next try */
    unsigned                         renew:1;   /* with the next keyframe */
    unsigned                         away:1;
    unsigned                         measured:1;    /* a whole segment */
};


static void ngx_multisource_packager_opened(void *data);
static void ngx_multisource_packager_changed(void *data);
static void ngx_multisource_packager_failed(void *data);
static void ngx_multisource_packager_timer(ngx_event_t *ev);
static void ngx_multisource_packager_destroy(ngx_multisource_packager_t *pk);

static u_char *ngx_multisource_packager_flat(ngx_multisource_packager_t *pk,
    ngx_chain_t *in, size_t len);
static void ngx_multisource_packager_config(ngx_multisource_packager_t *pk,
    ngx_multisource_packager_track_t *track, ngx_live_tag_t *tag);
static void ngx_multisource_packager_refused(ngx_multisource_packager_t *pk,
    ngx_multisource_packager_track_t *track, ngx_uint_t codec);
static ngx_int_t ngx_multisource_packager_time(ngx_multisource_packager_t *pk,
    uint32_t timestamp, int64_t *ms);
static void ngx_multisource_packager_restart(ngx_multisource_packager_t *pk);
static void ngx_multisource_packager_reset(ngx_multisource_packager_t *pk);
static void ngx_multisource_packager_finish(ngx_multisource_packager_t *pk);
static void ngx_multisource_packager_stop(ngx_multisource_packager_t *pk);

static ngx_uint_t ngx_multisource_packager_ready(
    ngx_multisource_packager_t *pk);
static void ngx_multisource_packager_start(ngx_multisource_packager_t *pk);
static void ngx_multisource_packager_streams(ngx_multisource_packager_t *pk);
static uint32_t ngx_multisource_packager_samples(ngx_live_codec_t *codec);

static void ngx_multisource_packager_frame(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame);
static void ngx_multisource_packager_video(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame);
static void ngx_multisource_packager_audio(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame);
static ngx_int_t ngx_multisource_packager_cut(ngx_multisource_packager_t *pk,
    int64_t end, int64_t next, ngx_uint_t ends);
static void ngx_multisource_packager_share_audio(
    ngx_multisource_packager_t *pk, int64_t before);
static void ngx_multisource_packager_flush_audio(
    ngx_multisource_packager_t *pk, int64_t before);
static void ngx_multisource_packager_mux_audio(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame);
static void ngx_multisource_packager_begin(ngx_multisource_packager_t *pk,
    int64_t time, ngx_uint_t keyframe);
static void ngx_multisource_packager_part(ngx_multisource_packager_t *pk,
    int64_t end, int64_t next, ngx_uint_t finish);
static void ngx_multisource_packager_rates(ngx_multisource_packager_t *pk,
    ngx_uint_t finish);
static void ngx_multisource_packager_sender(ngx_multisource_packager_t *pk);
static void ngx_multisource_packager_others(ngx_multisource_packager_t *pk);
static int32_t ngx_multisource_packager_cts(ngx_multisource_packager_t *pk,
    int32_t ms);
static int64_t ngx_multisource_packager_ticks(ngx_multisource_packager_t *pk,
    int64_t samples);
static int64_t ngx_multisource_packager_now(void);
static int64_t ngx_multisource_packager_wall(ngx_multisource_packager_t *pk,
    int64_t time);


ngx_multisource_packager_t *
ngx_multisource_packager_open(ngx_multisource_ctx_t *ctx)
{
    u_char                             *p;
    size_t                              streamer, source;
    ngx_multisource_packager_t         *pk;
    ngx_multisource_writer_handlers_t   handlers;

    streamer = ngx_strlen(ctx->record.streamer);
    source = ngx_strlen(ctx->record.source);

    pk = ngx_calloc(sizeof(ngx_multisource_packager_t) + streamer + source,
                    ngx_cycle->log);
    if (pk == NULL) {
        return NULL;
    }

    pk->ctx = ctx;
    pk->conf = ctx->conf;
    pk->log = ngx_cycle->log;

    p = (u_char *) (pk + 1);

    pk->streamer.data = p;
    pk->streamer.len = streamer;
    p = ngx_cpymem(p, ctx->record.streamer, streamer);

    pk->source.data = p;
    pk->source.len = source;
    ngx_memcpy(p, ctx->record.source, source);

    pk->sender = ngx_murmur_hash2(ctx->session->connection->addr_text.data,
                                  ctx->session->connection->addr_text.len);

    ngx_multisource_gather_init(&pk->gather);
    ngx_queue_init(&pk->pending);

    pk->timer.data = pk;
    pk->timer.log = pk->log;
    pk->timer.handler = ngx_multisource_packager_timer;
    pk->timer.cancelable = 1;

    handlers.opened = ngx_multisource_packager_opened;
    handlers.changed = ngx_multisource_packager_changed;
    handlers.failed = ngx_multisource_packager_failed;
    handlers.data = pk;

    pk->writer = ngx_multisource_writer_open(pk->conf, &pk->streamer,
                                             &pk->source, &handlers);
    if (pk->writer == NULL) {
        ngx_free(pk);
        return NULL;
    }

    return pk;
}


void
ngx_multisource_packager_close(ngx_multisource_packager_t *pk)
{
    if (ngx_terminate) {

        /* the threads are gone: it ends as if the worker had been killed */

        ngx_multisource_packager_destroy(pk);
        return;
    }

    if (!pk->running && pk->opened && pk->gather.nframes) {

        /* it was short, but what there is can be seen */

        ngx_multisource_packager_start(pk);
    }

    ngx_multisource_packager_finish(pk);

    pk->ctx = NULL;
    pk->away = 1;

    if (pk->timer.timer_set) {
        ngx_del_timer(&pk->timer);
    }

    (void) ngx_multisource_writer_state(pk->writer,
                                        NGX_MULTISOURCE_INDEX_AWAY);

    /* after that nobody waits for it any more */

    ngx_add_timer(&pk->timer,
                  ngx_max(pk->info.target_duration * 2500, 5000U));
}


static void
ngx_multisource_packager_destroy(ngx_multisource_packager_t *pk)
{
    ngx_multisource_packager_stop(pk);
    ngx_multisource_gather_clear(&pk->gather);

    if (pk->timer.timer_set) {
        ngx_del_timer(&pk->timer);
    }

    ngx_multisource_writer_release(pk->writer);

    if (pk->scratch) {
        ngx_free(pk->scratch);
    }

    ngx_free(pk);
}


static void
ngx_multisource_packager_timer(ngx_event_t *ev)
{
    ngx_multisource_packager_t  *pk;

    pk = ev->data;

    if (pk->away) {
        (void) ngx_multisource_writer_state(pk->writer,
                                            NGX_MULTISOURCE_INDEX_ENDED);
        ngx_multisource_packager_destroy(pk);
        return;
    }

    pk->waiting = 0;
    ngx_multisource_writer_retry(pk->writer);
}


static void
ngx_multisource_packager_opened(void *data)
{
    ngx_multisource_packager_t  *pk = data;

    pk->opened = 1;

    pk->info.target_duration = pk->writer->target_duration;
    pk->info.part_target = pk->writer->part_target;

    if (!pk->running && !pk->waiting
        && ngx_multisource_packager_ready(pk))
    {
        ngx_multisource_packager_start(pk);
    }
}


static void
ngx_multisource_packager_changed(void *data)
{
    ngx_multisource_packager_t  *pk = data;

    ngx_multisource_registry_t  *reg;

    /* who waits for a source that has no slot any more looks by himself */

    if (pk->ctx == NULL || pk->ctx->slot == NULL) {
        return;
    }

    reg = &ngx_multisource_worker.registry;

    ngx_multisource_registry_tell(reg, pk->ctx->slot);
    ngx_multisource_origin_wake(pk->ctx->slot - reg->slots);
}


static void
ngx_multisource_packager_failed(void *data)
{
    ngx_multisource_packager_t  *pk = data;

    if (pk->away || pk->waiting) {
        return;
    }

    ngx_multisource_packager_stop(pk);
    ngx_multisource_packager_reset(pk);

    pk->waiting = 1;
    ngx_add_timer(&pk->timer, NGX_MULTISOURCE_PACKAGER_RETRY);
}


/* what comes next needs an init section of its own, and a new time line */

static void
ngx_multisource_packager_restart(ngx_multisource_packager_t *pk)
{
    ngx_multisource_packager_finish(pk);
    ngx_multisource_packager_reset(pk);
}


static void
ngx_multisource_packager_reset(ngx_multisource_packager_t *pk)
{
    ngx_multisource_gather_clear(&pk->gather);
    pk->discontinuity = 1;
    pk->renew = 0;
}


/* what was sent so far is complete */

static void
ngx_multisource_packager_finish(ngx_multisource_packager_t *pk)
{
    if (pk->running) {
        ngx_multisource_packager_flush_audio(pk, INT64_MAX);
        ngx_multisource_packager_part(pk, pk->part_end, pk->part_end, 1);
    }

    ngx_multisource_packager_stop(pk);
}


static void
ngx_multisource_packager_stop(ngx_multisource_packager_t *pk)
{
    ngx_multisource_mux_close(pk->mux);
    ngx_multisource_gather_free(&pk->pending);

    pk->mux = NULL;
    pk->npending = 0;
    pk->video.used = 0;
    pk->audio.used = 0;
    pk->running = 0;
    pk->part_begun = 0;
    pk->segment_begun = 0;
    pk->pictured = 0;
}


void
ngx_multisource_packager_data(ngx_multisource_packager_t *pk,
    ngx_rtmp_header_t *h, ngx_chain_t *in)
{
    int64_t  us, ms;
    u_char  *p;

    if (h->mlen == 0 || h->mlen > NGX_MULTISOURCE_PACKAGER_RECORD
        || !pk->timed)
    {
        return;
    }

    p = ngx_multisource_packager_flat(pk, in, h->mlen);

    if (p == NULL || ngx_live_fi_parse(p, p + h->mlen, &us) != NGX_OK) {
        return;
    }

    ms = pk->last_ms + (int32_t) (h->timestamp - pk->last_timestamp) - pk->base;

    ngx_multisource_clock_sender(&pk->clock, ms * 1000, us);
}


void
ngx_multisource_packager_media(ngx_multisource_packager_t *pk,
    ngx_rtmp_header_t *h, ngx_chain_t *in)
{
    u_char                            *p;
    int64_t                            ms;
    ngx_int_t                          rc;
    ngx_uint_t                         video;
    ngx_live_tag_t                     tag;
    ngx_multisource_packager_track_t  *track;
    ngx_multisource_frame_t  *frame;

    if (h->mlen == 0) {
        return;
    }

    p = ngx_multisource_packager_flat(pk, in, h->mlen);
    if (p == NULL) {
        return;
    }

    video = (h->type == NGX_RTMP_MSG_VIDEO);
    track = video ? &pk->video : &pk->audio;

    rc = video ? ngx_live_tag_video(p, p + h->mlen, h->mlen, &tag)
               : ngx_live_tag_audio(p, p + h->mlen, h->mlen, &tag);

    while (rc == NGX_DECLINED || (rc == NGX_OK && tag.track != 0)) {
        rc = ngx_live_tag_next(&tag);
    }

    if (rc != NGX_OK) {
        return;
    }

    if (tag.type == NGX_LIVE_TAG_CONFIG) {
        ngx_multisource_packager_config(pk, track, &tag);
        return;
    }

    if (tag.type != NGX_LIVE_TAG_FRAME || tag.body_len == 0) {
        return;
    }

    if (!ngx_multisource_mux_carries(tag.codec)) {

        /* it need not have announced itself */

        ngx_multisource_packager_refused(pk, track, tag.codec);
        return;
    }

    if (track->codec.codec != tag.codec || pk->waiting) {
        return;
    }

    if (ngx_multisource_packager_time(pk, h->timestamp, &ms) != NGX_OK) {
        ngx_multisource_packager_restart(pk);

    } else if (pk->running && !track->used) {

        /* the picture goes on until it can begin anew */

        if (!video) {
            pk->renew = 1;
            return;
        }

        ngx_multisource_packager_restart(pk);

    } else if (pk->renew && video && tag.keyframe) {
        ngx_multisource_packager_restart(pk);
    }

    frame = ngx_alloc(sizeof(ngx_multisource_frame_t) + tag.body_len,
                      pk->log);
    if (frame == NULL) {
        return;
    }

    frame->ms = ms;
    frame->wall = ngx_multisource_packager_now();
    frame->time = 0;
    frame->cts = tag.cts;
    frame->duration = 0;
    frame->video = video;
    frame->keyframe = tag.keyframe;
    frame->len = tag.body_len;
    ngx_memcpy(frame->data, tag.body, tag.body_len);

    if (pk->running) {
        ngx_multisource_packager_frame(pk, frame);
        return;
    }

    ngx_multisource_gather_add(&pk->gather, frame);

    if (pk->opened && ngx_multisource_packager_ready(pk)) {
        ngx_multisource_packager_start(pk);
    }
}


/* the message in one piece; valid until the next one */

static u_char *
ngx_multisource_packager_flat(ngx_multisource_packager_t *pk, ngx_chain_t *in,
    size_t len)
{
    size_t   n;
    u_char  *p, *last;

    n = in->buf->last - in->buf->pos;

    if (n >= len) {
        return in->buf->pos;
    }

    if (pk->scratch_size < len) {

        if (pk->scratch) {
            ngx_free(pk->scratch);
        }

        pk->scratch_size = len + len / 2;
        pk->scratch = ngx_alloc(pk->scratch_size, pk->log);

        if (pk->scratch == NULL) {
            pk->scratch_size = 0;
            return NULL;
        }
    }

    last = pk->scratch + len;

    for (p = pk->scratch; in && p < last; in = in->next) {
        n = ngx_min((size_t) (in->buf->last - in->buf->pos),
                    (size_t) (last - p));
        p = ngx_cpymem(p, in->buf->pos, n);
    }

    return p == last ? pk->scratch : NULL;
}


static void
ngx_multisource_packager_config(ngx_multisource_packager_t *pk,
    ngx_multisource_packager_track_t *track, ngx_live_tag_t *tag)
{
    ngx_live_codec_t  codec;

    if (track->codec.codec == tag->codec && track->len == tag->body_len
        && ngx_memcmp(track->record, tag->body, tag->body_len) == 0)
    {
        return;
    }

    if (!ngx_multisource_mux_carries(tag->codec)
        || tag->body_len > NGX_MULTISOURCE_PACKAGER_RECORD
        || ngx_live_codec_config(tag->codec, tag->body,
                                 tag->body + tag->body_len, &codec)
           != NGX_OK
        || (track == &pk->audio && codec.sample_rate == 0))
    {
        ngx_multisource_packager_refused(pk, track, tag->codec);
        return;
    }

    if (track == &pk->audio && track->used && pk->video.used) {

        /* silence until the next keyframe, rather than no picture */

        ngx_multisource_packager_flush_audio(pk, INT64_MAX);
        track->used = 0;

    } else if (track->used || (track == &pk->video ? pk->gather.video
                                            : pk->gather.audio))
    {
        ngx_multisource_packager_restart(pk);
    }

    track->bad = 0;
    track->codec = codec;
    track->len = tag->body_len;
    ngx_memcpy(track->record, tag->body, tag->body_len);
}


/* told once */

static void
ngx_multisource_packager_refused(ngx_multisource_packager_t *pk,
    ngx_multisource_packager_track_t *track, ngx_uint_t codec)
{
    if (track->bad) {
        return;
    }

    track->bad = 1;

    ngx_log_error(NGX_LOG_WARN, pk->log, 0,
                  "multisource: not packaged: %s of streamer \"%V\" "
                  "source \"%V\"", ngx_live_codec_label(codec),
                  &pk->streamer, &pk->source);
}


/* unwraps a timestamp; NGX_DECLINED: another time line begins with it */

static ngx_int_t
ngx_multisource_packager_time(ngx_multisource_packager_t *pk,
    uint32_t timestamp, int64_t *ms)
{
    int32_t    delta;
    ngx_int_t  rc;

    rc = NGX_OK;

    if (!pk->timed) {
        pk->timed = 1;
        pk->last_timestamp = timestamp;
        pk->last_ms = 0;
        pk->base = -NGX_MULTISOURCE_PACKAGER_BASE;
        ngx_multisource_clock_init(&pk->clock);
    }

    delta = (int32_t) (timestamp - pk->last_timestamp);

    if (delta < -NGX_MULTISOURCE_PACKAGER_BACK
        || delta > NGX_MULTISOURCE_PACKAGER_AHEAD)
    {
        /* its media time goes on, and where that lies is found out anew */

        pk->base += delta;
        pk->base -= 1000;
        ngx_multisource_clock_init(&pk->clock);
        rc = NGX_DECLINED;
    }

    pk->last_ms += delta;
    pk->last_timestamp = timestamp;

    *ms = pk->last_ms - pk->base;

    return rc;
}


/* nonzero: enough is known to begin */

static ngx_uint_t
ngx_multisource_packager_ready(ngx_multisource_packager_t *pk)
{
    return ngx_multisource_gather_ready(&pk->gather,
                            pk->info.target_duration != 0,
                            pk->video.codec.codec != NGX_LIVE_CODEC_NONE);
}


static void
ngx_multisource_packager_start(ngx_multisource_packager_t *pk)
{
    ngx_str_t                          init;
    ngx_queue_t                        frames, *q;
    ngx_uint_t                         rate, unit, samples;
    ngx_multisource_cut_seen_t         seen;
    ngx_multisource_mux_track_t        video, audio;
    ngx_multisource_cut_bounds_t       bounds;
    ngx_multisource_frame_t  *frame;

    ngx_memzero(&video, sizeof(ngx_multisource_mux_track_t));
    ngx_memzero(&audio, sizeof(ngx_multisource_mux_track_t));

    if (pk->gather.video) {
        video.codec = pk->video.codec;
        video.record.data = pk->video.record;
        video.record.len = pk->video.len;
    }

    if (pk->gather.audio) {
        audio.codec = pk->audio.codec;
        audio.record.data = pk->audio.record;
        audio.record.len = pk->audio.len;
    }

    pk->mux = ngx_multisource_mux_open(&video, &audio, &init, pk->log);

    if (pk->mux == NULL) {
        ngx_log_error(NGX_LOG_ERR, pk->log, 0,
                      "multisource: packaging stopped: no mux for streamer "
                      "\"%V\" source \"%V\"", &pk->streamer, &pk->source);
        ngx_multisource_packager_failed(pk);
        return;
    }

    pk->init = init;

    pk->video.used = pk->gather.video;
    pk->audio.used = pk->gather.audio;

    rate = ngx_multisource_cadence_rate(&pk->cadence);

    ngx_multisource_gather_measure(&pk->gather, rate ? rate : pk->writer->fps,
                                   &pk->cadence, &pk->clock, &seen);

    pk->delay = 0;

    if (ngx_abs(pk->gather.delay) <= NGX_MULTISOURCE_PACKAGER_DELAY) {
        pk->delay = ngx_multisource_packager_cts(pk, pk->gather.delay);
    }

    pk->apart = 0;

    if (pk->gather.apart > 0
        && pk->gather.apart <= NGX_MULTISOURCE_PACKAGER_AHEAD)
    {
        pk->apart = pk->gather.apart * 90;
    }

    if (pk->audio.used) {
        rate = audio.codec.sample_rate;
        unit = NGX_MULTISOURCE_PACKAGER_AAC;
        samples = ngx_multisource_packager_samples(&audio.codec);

        if (audio.codec.codec == NGX_LIVE_CODEC_OPUS) {
            rate = 48000;
            unit = NGX_MULTISOURCE_PACKAGER_OPUS_MIN;
            samples = NGX_MULTISOURCE_PACKAGER_OPUS;
        }

        ngx_multisource_pace_init(&pk->pace, rate, samples, unit);

        if (!pk->video.used) {
            seen.frame = samples * NGX_MULTISOURCE_HZ / rate;
        }
    }

    if (pk->info.target_duration == 0) {
        ngx_multisource_cut_bounds(&seen, pk->conf->hls_part,
                                   pk->conf->hls_segment, &bounds);

        pk->info.target_duration = bounds.target_duration;
        pk->info.part_target = bounds.part_target;
    }

    bounds.target_duration = pk->info.target_duration;
    bounds.part_target = pk->info.part_target;

    ngx_multisource_cut_init(&pk->cut, &bounds, pk->conf->hls_segment);

    ngx_multisource_packager_streams(pk);

    /* by whose clock it begins: what is found out later is slewed to */

    ngx_multisource_packager_sender(pk);
    ngx_multisource_packager_others(pk);

    pk->running = 1;

    ngx_multisource_gather_take(&pk->gather, &frames);

    while (!ngx_queue_empty(&frames)) {
        q = ngx_queue_head(&frames);
        ngx_queue_remove(q);

        frame = ngx_queue_data(q, ngx_multisource_frame_t, queue);

        if (!pk->running) {
            ngx_free(frame);
            continue;
        }

        ngx_multisource_packager_frame(pk, frame);
    }
}


static void
ngx_multisource_packager_streams(ngx_multisource_packager_t *pk)
{
    u_char                           *p, *last;
    ngx_multisource_index_streams_t  *streams;

    streams = &pk->info.streams;

    p = streams->codecs;
    last = p + NGX_MULTISOURCE_INDEX_CODECS;

    *p = '\0';
    streams->width = 0;
    streams->height = 0;
    streams->fps = 0;

    if (pk->video.used) {
        p = ngx_slprintf(p, last, "%s", pk->video.codec.name);

        streams->width = pk->video.codec.width;
        streams->height = pk->video.codec.height;
        streams->fps = ngx_multisource_cadence_rate(&pk->cadence);
    }

    if (pk->audio.used) {
        p = ngx_slprintf(p, last, "%s%s", pk->video.used ? "," : "",
                         pk->audio.codec.name);
    }

    last[-1] = '\0';

    if (p < last) {
        *p = '\0';
    }
}


/* of a frame of AAC, at the rate of what is heard: SBR doubles that */

static uint32_t
ngx_multisource_packager_samples(ngx_live_codec_t *codec)
{
    if (ngx_strcmp(codec->name, "mp4a.40.5") == 0
        || ngx_strcmp(codec->name, "mp4a.40.29") == 0)
    {
        return NGX_MULTISOURCE_PACKAGER_SBR;
    }

    return NGX_MULTISOURCE_PACKAGER_AAC;
}


static void
ngx_multisource_packager_frame(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame)
{
    ngx_multisource_clock_arrival(&pk->clock, (frame->ms + frame->cts) * 1000,
                                  frame->wall);

    ngx_multisource_packager_sender(pk);

    if (frame->video) {
        ngx_multisource_packager_video(pk, frame);
        ngx_free(frame);
        return;
    }

    ngx_multisource_packager_audio(pk, frame);
}


static void
ngx_multisource_packager_video(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame)
{
    int64_t     time, end;
    uint32_t    duration;
    ngx_int_t   rc;
    ngx_uint_t  ends;

    if (!pk->video.used || (!pk->segment_begun && !pk->part_begun
                            && !frame->keyframe))
    {
        return;
    }

    time = ngx_multisource_cadence_place(&pk->cadence, frame->ms);
    duration = ngx_multisource_cadence_duration(&pk->cadence);

    /* where it is not constant, nothing tells how long the first one takes */

    if (pk->apart && ngx_multisource_cadence_rate(&pk->cadence) == 0) {
        duration = pk->apart;
    }

    pk->apart = 0;

    /* it is later than a part can be long: there is sound, or nothing */

    for ( ;; ) {
        end = ngx_multisource_cut_late(&pk->cut, time, &ends);

        if (ends == NGX_MULTISOURCE_CUT_NONE) {
            break;
        }

        ngx_multisource_packager_share_audio(pk, end);

        if (ngx_multisource_packager_cut(pk, end, time, ends) != NGX_OK) {
            return;
        }
    }

    ends = ngx_multisource_cut_frame(&pk->cut, time, duration, frame->keyframe,
                                     ngx_multisource_packager_wall(pk, time));

    if (ends != NGX_MULTISOURCE_CUT_NONE) {
        ngx_multisource_packager_flush_audio(pk, time);
        ngx_multisource_packager_part(pk, time, time,
                                      ends == NGX_MULTISOURCE_CUT_SEGMENT);
        if (!pk->running) {
            return;
        }
    }

    if (!pk->part_begun) {
        ngx_multisource_packager_begin(pk, time, frame->keyframe);
    }

    rc = ngx_multisource_mux_video(pk->mux, time,
                                   ngx_multisource_packager_cts(pk, frame->cts),
                                   duration, frame->keyframe, frame->data,
                                   frame->len);

    if (rc == NGX_ERROR) {
        ngx_multisource_packager_failed(pk);
        return;
    }

    if (frame->keyframe && rc == NGX_OK) {
        pk->part_flags |= NGX_MULTISOURCE_INDEX_INDEPENDENT;

    } else if (frame->keyframe && pk->part_start == time) {
        pk->part_keyed = 0;
    }

    pk->part_end = ngx_max(pk->part_end, time + duration);
    pk->pictured = time;

    ngx_multisource_packager_flush_audio(pk, time + duration);
}


static void
ngx_multisource_packager_audio(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame)
{
    int64_t     time, end, next;
    uint32_t    duration, samples;
    ngx_uint_t  ends;

    if (!pk->audio.used) {
        ngx_free(frame);
        return;
    }

    if (pk->audio.codec.codec == NGX_LIVE_CODEC_OPUS) {
        samples = ngx_multisource_pace_opus(frame->data, frame->len);

        if (samples) {
            pk->pace.frame = samples;
        }
    }

    frame->time = ngx_multisource_pace_place(&pk->pace, frame->ms);
    frame->duration = pk->pace.frame;

    time = ngx_multisource_packager_ticks(pk, frame->time);
    duration = ngx_multisource_packager_ticks(pk, frame->time
                                                  + frame->duration) - time;

    if (pk->video.used) {

        if (!pk->part_begun) {

            /* what comes before the first picture is not waited for */

            if (!pk->segment_begun) {
                ngx_free(frame);
                return;
            }
        }

        ngx_queue_insert_tail(&pk->pending, &frame->queue);
        pk->npending++;

        /* 1 fps: the sound goes on, and so do the parts */

        for ( ;; ) {
            end = ngx_multisource_cut_overdue(&pk->cut, time + duration,
                                              duration, &ends);

            if (ends == NGX_MULTISOURCE_CUT_NONE) {
                break;
            }

            ngx_multisource_packager_flush_audio(pk, end);

            next = pk->pictured + NGX_MULTISOURCE_PACKAGER_STILL;
            next = ngx_max(next, pk->part_end);
            next = ngx_max(next, end);

            if (ngx_multisource_packager_cut(pk, end, next, ends) != NGX_OK) {
                return;
            }
        }

        if (pk->npending > NGX_MULTISOURCE_PACKAGER_PENDING) {
            ngx_multisource_packager_flush_audio(pk, INT64_MAX);
        }

        return;
    }

    for ( ;; ) {
        end = ngx_multisource_cut_late(&pk->cut, time, &ends);

        if (ends == NGX_MULTISOURCE_CUT_NONE) {
            break;
        }

        if (ngx_multisource_packager_cut(pk, end, time, ends) != NGX_OK) {
            ngx_free(frame);
            return;
        }
    }

    ends = ngx_multisource_cut_frame(&pk->cut, time, duration, 1,
                                     ngx_multisource_packager_wall(pk, time));

    if (ends != NGX_MULTISOURCE_CUT_NONE) {
        ngx_multisource_packager_part(pk, time, time,
                                      ends == NGX_MULTISOURCE_CUT_SEGMENT);
    }

    if (pk->running) {

        if (!pk->part_begun) {
            ngx_multisource_packager_begin(pk, time, 1);
        }

        pk->part_flags |= NGX_MULTISOURCE_INDEX_INDEPENDENT;
        pk->part_end = time + duration;

        ngx_multisource_packager_mux_audio(pk, frame);
    }

    ngx_free(frame);
}


/* a part ends without a frame of video; NGX_ERROR: the packaging does, too */

static ngx_int_t
ngx_multisource_packager_cut(ngx_multisource_packager_t *pk, int64_t end,
    int64_t next, ngx_uint_t ends)
{
    ngx_multisource_packager_part(pk, end, next,
                                  ends == NGX_MULTISOURCE_CUT_SEGMENT);

    if (!pk->running) {
        return NGX_ERROR;
    }

    ngx_multisource_packager_begin(pk, end, 0);

    return NGX_OK;
}


/*
 * Hands over what begins before a time, in ticks, but something for the part
 * after it: sound that is late may not have come any further, and a part with
 * nothing in it would be a gap.
 */

static void
ngx_multisource_packager_share_audio(ngx_multisource_packager_t *pk,
    int64_t before)
{
    int64_t                   last;
    ngx_queue_t              *q;
    ngx_multisource_frame_t  *frame;

    if (pk->npending > 1
        || (pk->npending == 1 && pk->pictured >= pk->part_start))
    {
        q = ngx_queue_last(&pk->pending);
        frame = ngx_queue_data(q, ngx_multisource_frame_t, queue);
        last = ngx_multisource_packager_ticks(pk, frame->time);

        before = ngx_min(before, last);
    }

    ngx_multisource_packager_flush_audio(pk, before);
}


/* hands over what begins before a time, in ticks */

static void
ngx_multisource_packager_flush_audio(ngx_multisource_packager_t *pk,
    int64_t before)
{
    ngx_queue_t                       *q;
    ngx_multisource_frame_t  *frame;

    while (pk->running && !ngx_queue_empty(&pk->pending)) {

        q = ngx_queue_head(&pk->pending);
        frame = ngx_queue_data(q, ngx_multisource_frame_t, queue);

        if (ngx_multisource_packager_ticks(pk, frame->time) >= before) {
            return;
        }

        ngx_queue_remove(q);
        pk->npending--;

        ngx_multisource_packager_mux_audio(pk, frame);
        ngx_free(frame);
    }
}


static void
ngx_multisource_packager_mux_audio(ngx_multisource_packager_t *pk,
    ngx_multisource_frame_t *frame)
{
    if (ngx_multisource_mux_audio(pk->mux, frame->time, frame->duration,
                                  frame->data, frame->len)
        == NGX_ERROR)
    {
        ngx_multisource_packager_failed(pk);
    }
}


static void
ngx_multisource_packager_begin(ngx_multisource_packager_t *pk, int64_t time,
    ngx_uint_t keyframe)
{
    pk->part_begun = 1;
    pk->part_start = time;
    pk->part_end = time;
    pk->part_keyed = keyframe;
    pk->part_flags = 0;

    if (!pk->segment_begun) {
        pk->segment_begun = 1;
        pk->segment_bytes = 0;
        pk->segment_ticks = 0;
    }
}


/*
 * Hands the part over that was made, if any; a segment may end with it. `next`:
 * see ngx_multisource_mux_flush().
 */

static void
ngx_multisource_packager_part(ngx_multisource_packager_t *pk, int64_t end,
    int64_t next, ngx_uint_t finish)
{
    ngx_multisource_writer_part_t  part;

    if (!pk->part_begun) {
        return;
    }

    ngx_memzero(&part, sizeof(ngx_multisource_writer_part_t));

    if (ngx_multisource_mux_flush(pk->mux, next, &part.data) != NGX_OK) {
        ngx_multisource_packager_failed(pk);
        return;
    }

    pk->part_begun = 0;

    part.init = pk->init;
    part.wall = ngx_multisource_packager_wall(pk, pk->part_start);
    part.duration = ngx_min((uint64_t) ngx_max(end - pk->part_start, 1),
                            pk->info.part_target);
    part.flags = pk->part_flags;
    part.keyed = pk->part_keyed;
    part.discontinuity = pk->discontinuity;
    part.finish = finish;

    if (part.data.len == 0) {
        part.flags |= NGX_MULTISOURCE_INDEX_GAP;
    }

    pk->segment_bytes += part.data.len;
    pk->segment_ticks += part.duration;

    ngx_multisource_packager_rates(pk, finish);
    ngx_multisource_packager_others(pk);

    pk->info.residual = ngx_multisource_clock_residual(&pk->clock);

    if (finish) {
        pk->segment_begun = 0;
    }

    if (ngx_multisource_writer_part(pk->writer, &part, &pk->info) != NGX_OK) {

        ngx_log_error(NGX_LOG_ERR, pk->log, 0,
                      "multisource: packaging stopped: the disk is too slow, "
                      "streamer \"%V\" source \"%V\"",
                      &pk->streamer, &pk->source);
        ngx_multisource_packager_failed(pk);
        return;
    }

    ngx_str_null(&pk->init);
    pk->discontinuity = 0;
}


/* bit/s of the multivariant playlist, of this segment and those before */

static void
ngx_multisource_packager_rates(ngx_multisource_packager_t *pk,
    ngx_uint_t finish)
{
    uint64_t                          rate;
    ngx_multisource_index_streams_t  *streams;

    streams = &pk->info.streams;

    if (pk->segment_ticks == 0) {
        return;
    }

    rate = pk->segment_bytes * 8 * NGX_MULTISOURCE_HZ / pk->segment_ticks;
    rate = ngx_min(rate, NGX_MAX_UINT32_VALUE);

    /* a part of the first segment is no measure of those to come */

    if (pk->video.used) {
        streams->fps = ngx_multisource_cadence_rate(&pk->cadence);
    }

    if (finish || !pk->measured) {

        if (pk->measured) {
            streams->bandwidth = ngx_max(rate, streams->bandwidth);
            streams->average = (streams->average * 15ULL + rate) / 16;

        } else {
            streams->bandwidth = rate;
            streams->average = rate;
        }

        pk->measured = finish;
    }
}


static void
ngx_multisource_packager_sender(ngx_multisource_packager_t *pk)
{
    int64_t  offset;

    if (ngx_multisource_clock_offset(&pk->clock, &offset) == NGX_OK) {
        pk->info.sender = pk->sender;
        pk->info.sender_offset = offset;
    }
}


/* where the streamer's other sources are, and whose clock they use */

static void
ngx_multisource_packager_others(ngx_multisource_packager_t *pk)
{
    int64_t    offset;
    ngx_int_t  rc;

    rc = ngx_multisource_siblings_look(pk->conf, &pk->streamer, &pk->source,
                                       pk->writer->epoch, &pk->info, &offset);

    ngx_multisource_clock_share(&pk->clock, rc == NGX_OK ? &offset : NULL);
}


/* ticks of a composition offset: a whole number of frames but for rounding */

static int32_t
ngx_multisource_packager_cts(ngx_multisource_packager_t *pk, int32_t ms)
{
    int64_t     ticks, exact, frames, scale;
    ngx_uint_t  rate;

    ticks = (int64_t) ms * 90;
    rate = ngx_multisource_cadence_rate(&pk->cadence);

    if (rate == 0) {
        return ticks;
    }

    scale = (int64_t) NGX_MULTISOURCE_HZ * 1000;

    frames = (ticks * (int64_t) rate + (ms < 0 ? -scale : scale) / 2) / scale;
    exact = (frames * scale + (ms < 0 ? -1 : 1) * (int64_t) rate / 2)
            / (int64_t) rate;

    return ngx_abs(exact - ticks) <= NGX_MULTISOURCE_PACKAGER_ROUNDED
           ? exact : ticks;
}


static int64_t
ngx_multisource_packager_ticks(ngx_multisource_packager_t *pk,
    int64_t samples)
{
    return samples * NGX_MULTISOURCE_HZ / (int64_t) pk->pace.rate;
}


/* us since 1970: the date of what is shown first of what is decoded then */

static int64_t
ngx_multisource_packager_wall(ngx_multisource_packager_t *pk, int64_t time)
{
    return ngx_multisource_clock_wall(&pk->clock,
                                      (time + pk->delay) * 100 / 9);
}


/* the wall clock, us: that of nginx is of the event loop's last turn */

static int64_t
ngx_multisource_packager_now(void)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return (int64_t) tv.tv_sec * 1000000 + tv.tv_usec;
}
