
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast_chunk.h"
#include "ngx_simulcast_command.h"
#include "ngx_simulcast_feed.h"


/* a step of the publisher's timestamps beyond this is a new clock of his */
#define NGX_SIMULCAST_FEED_STEP      60000      /* ms ahead */
#define NGX_SIMULCAST_FEED_STEP_BACK 10000      /* ms back */

/* of one channel alone, which has nothing to go back for */
#define NGX_SIMULCAST_FEED_STEP_OWN  1000       /* ms back */

/* where the feed's clock begins, so that it may go back a little */
#define NGX_SIMULCAST_FEED_EPOCH     1000000    /* ms */

#define NGX_SIMULCAST_FEED_SECONDS   10
#define NGX_SIMULCAST_FEED_CONFIG    65536      /* bytes of a header kept */


typedef struct ngx_simulcast_feed_second_s {
    ngx_uint_t     pictures;
    uint64_t       video_bytes;
    uint64_t       audio_bytes;
} ngx_simulcast_feed_second_t;


/* what a message is, before it becomes a frame */

typedef struct {
    ngx_uint_t     type;
    ngx_uint_t     channel;
    size_t         len;
    unsigned       config:1;
    unsigned       keyframe:1;
    unsigned       picture:1;
    ngx_uint_t     codec;
    ngx_uint_t     track;
} ngx_simulcast_feed_sort_t;


static ngx_int_t ngx_simulcast_feed_sort(ngx_simulcast_feed_t *feed,
    ngx_uint_t type, ngx_chain_t *in, ngx_simulcast_feed_sort_t *sort);
static ngx_int_t ngx_simulcast_feed_config(ngx_simulcast_feed_t *feed,
    ngx_simulcast_feed_sort_t *sort, u_char *data);
static ngx_int_t ngx_simulcast_feed_metadata(ngx_simulcast_feed_t *feed,
    u_char *data, size_t len);
static uint64_t ngx_simulcast_feed_time(ngx_simulcast_feed_t *feed,
    uint32_t timestamp, ngx_uint_t channel);
static ngx_simulcast_frame_t *ngx_simulcast_feed_frame(
    ngx_simulcast_feed_sort_t *sort, ngx_chain_t *in, u_char *data);
static u_char *ngx_simulcast_feed_flatten(ngx_chain_t *in, size_t len);
static void ngx_simulcast_feed_append(ngx_simulcast_feed_t *feed,
    ngx_simulcast_frame_t *frame);
static void ngx_simulcast_feed_trim(ngx_simulcast_feed_t *feed);
static void ngx_simulcast_feed_flush(ngx_event_t *ev);
static void ngx_simulcast_feed_tick(ngx_event_t *ev);


/* debug logs of timers take the data for a connection */

static ngx_connection_t  ngx_simulcast_feed_nobody = { .fd = -1 };

static const u_char  ngx_simulcast_feed_csid[NGX_SIMULCAST_NCHANNELS] = {
    [NGX_SIMULCAST_CHANNEL_AUDIO] = NGX_SIMULCAST_FEED_AUDIO,
    [NGX_SIMULCAST_CHANNEL_VIDEO] = NGX_SIMULCAST_FEED_VIDEO,
    [NGX_SIMULCAST_CHANNEL_META] = NGX_SIMULCAST_FEED_META
};


ngx_simulcast_feed_t *
ngx_simulcast_feed_create(ngx_log_t *log)
{
    ngx_simulcast_feed_t  *feed;

    feed = ngx_calloc(sizeof(ngx_simulcast_feed_t), log);
    if (feed == NULL) {
        return NULL;
    }

    feed->seconds = ngx_calloc(NGX_SIMULCAST_FEED_SECONDS
                               * sizeof(ngx_simulcast_feed_second_t), log);

    /* the anchor that the first frame is appended to */

    feed->first = ngx_calloc(sizeof(ngx_simulcast_frame_t), log);

    if (feed->seconds == NULL || feed->first == NULL) {
        ngx_free(feed->seconds);
        ngx_free(feed->first);
        ngx_free(feed);
        return NULL;
    }

    feed->newest = feed->first;
    feed->log = log;
    feed->clock = NGX_SIMULCAST_FEED_EPOCH;

    ngx_queue_init(&feed->readers);

    feed->flush.handler = ngx_simulcast_feed_flush;
    feed->flush.log = log;
    feed->flush.data = &ngx_simulcast_feed_nobody;

    feed->tick.handler = ngx_simulcast_feed_tick;
    feed->tick.log = log;
    feed->tick.data = &ngx_simulcast_feed_nobody;
    feed->tick.cancelable = 1;

    ngx_add_timer(&feed->tick, 1000);

    return feed;
}


void
ngx_simulcast_feed_free(ngx_simulcast_feed_t *feed)
{
    ngx_uint_t              i;
    ngx_simulcast_frame_t  *frame, *next;

    if (feed->flush.timer_set) {
        ngx_del_timer(&feed->flush);
    }

    if (feed->tick.timer_set) {
        ngx_del_timer(&feed->tick);
    }

    for (frame = feed->first; frame; frame = next) {
        next = frame->next;
        ngx_free(frame);
    }

    for (i = 0; i < NGX_SIMULCAST_FEED_TRACKS; i++) {
        ngx_free(feed->video[i]);
        ngx_free(feed->audio[i]);
    }

    ngx_free(feed->meta);
    ngx_free(feed->seconds);
    ngx_free(feed);
}


ngx_int_t
ngx_simulcast_feed_message(ngx_simulcast_feed_t *feed, ngx_uint_t type,
    uint32_t timestamp, ngx_chain_t *in)
{
    u_char                     *data;
    uint64_t                    time, interval;
    ngx_int_t                   rc;
    ngx_simulcast_frame_t      *frame;
    ngx_simulcast_feed_sort_t   sort;


    if (ngx_simulcast_feed_sort(feed, type, in, &sort) != NGX_OK) {
        return NGX_OK;
    }

    data = NULL;

    if (sort.config || type == NGX_SIMULCAST_MSG_META || feed->listener) {
        data = ngx_simulcast_feed_flatten(in, sort.len);
        if (data == NULL) {
            return NGX_ERROR;
        }
    }

    if (type == NGX_SIMULCAST_MSG_META) {
        rc = ngx_simulcast_feed_metadata(feed, data, sort.len);
        ngx_free(data);
        return rc;
    }

    if (sort.config && ngx_simulcast_feed_config(feed, &sort, data) != NGX_OK)
    {
        ngx_free(data);
        return NGX_OK;
    }

    if (feed->listener) {
        feed->listener(feed->listener_data, type, timestamp, data, sort.len,
                       sort.config, sort.keyframe);
    }

    rc = NGX_OK;

    if (sort.config) {

        /* comes with any timestamp, 0 above all, and belongs to what follows */

        if (feed->last[sort.channel] == 0) {
            feed->last[sort.channel] = feed->clock;
        }

        time = feed->last[sort.channel];

    } else {
        time = ngx_simulcast_feed_time(feed, timestamp, sort.channel);
    }

    if (sort.keyframe) {
        interval = feed->key_time ? time - feed->key_time : 0;

        /* a long one is remembered for a while */
        feed->key_interval = ngx_max(interval, feed->key_interval * 7 / 8);
        feed->key_time = time;
    }

    if (feed->nreaders) {
        frame = ngx_simulcast_feed_frame(&sort, in, NULL);

        if (frame) {
            frame->time = time;
            ngx_simulcast_feed_append(feed, frame);

        } else {
            rc = NGX_ERROR;
        }
    }

    ngx_free(data);

    return rc;
}


static ngx_int_t
ngx_simulcast_feed_sort(ngx_simulcast_feed_t *feed, ngx_uint_t type,
    ngx_chain_t *in, ngx_simulcast_feed_sort_t *sort)
{
    size_t           n, size;
    u_char           prefix[NGX_LIVE_TAG_PREFIX];
    ngx_int_t        rc;
    ngx_chain_t     *cl;
    ngx_live_tag_t   tag;

    ngx_memzero(sort, sizeof(ngx_simulcast_feed_sort_t));

    n = 0;

    for (cl = in; cl; cl = cl->next) {
        size = cl->buf->last - cl->buf->pos;
        sort->len += size;

        size = ngx_min(size, sizeof(prefix) - n);
        ngx_memcpy(prefix + n, cl->buf->pos, size);
        n += size;
    }

    sort->type = type;

    if (type == NGX_SIMULCAST_MSG_META) {
        sort->channel = NGX_SIMULCAST_CHANNEL_META;
        sort->config = 1;
        return sort->len && sort->len <= NGX_SIMULCAST_FEED_CONFIG
               ? NGX_OK : NGX_DECLINED;
    }

    if (sort->len > 0xffffff) {
        return NGX_DECLINED;
    }

    ngx_memzero(&tag, sizeof(ngx_live_tag_t));

    if (type == NGX_SIMULCAST_MSG_VIDEO) {
        rc = ngx_live_tag_video(prefix, prefix + n, sort->len, &tag);
        sort->channel = NGX_SIMULCAST_CHANNEL_VIDEO;

    } else {
        rc = ngx_live_tag_audio(prefix, prefix + n, sort->len, &tag);
        sort->channel = NGX_SIMULCAST_CHANNEL_AUDIO;
    }

    if (rc == NGX_ERROR) {
        return NGX_DECLINED;
    }

    if (rc != NGX_OK) {
        /* not known here, and passed on as it is */
        return NGX_OK;
    }

    sort->codec = tag.codec;
    sort->track = tag.track;

    switch (tag.type) {

    case NGX_LIVE_TAG_COMMAND:
        return NGX_DECLINED;

    case NGX_LIVE_TAG_CONFIG:
        sort->config = sort->len <= NGX_SIMULCAST_FEED_CONFIG;
        return sort->config ? NGX_OK : NGX_DECLINED;

    case NGX_LIVE_TAG_FRAME:
        break;

    default:
        return NGX_OK;
    }

    if (type == NGX_SIMULCAST_MSG_VIDEO) {
        sort->keyframe = tag.keyframe;
        sort->picture = 1;

        feed->has_video = 1;
        feed->seconds[0].pictures++;
        feed->seconds[0].video_bytes += sort->len;

        if (feed->video_codec.codec == NGX_LIVE_CODEC_NONE) {
            feed->video_codec.codec = tag.codec;
        }

    } else {
        if (!feed->has_audio) {
            feed->has_audio = 1;
            feed->first_audio = ngx_current_msec;
        }

        feed->seconds[0].audio_bytes += sort->len;

        if (feed->audio_codec.codec == NGX_LIVE_CODEC_NONE) {
            feed->audio_codec.codec = tag.codec;
            feed->audio_codec.sample_rate = tag.sample_rate;
            feed->audio_codec.channels = tag.channels;
        }
    }

    return NGX_OK;
}


/* a decoder's header: NGX_DECLINED when it is the one in force */

static ngx_int_t
ngx_simulcast_feed_config(ngx_simulcast_feed_t *feed,
    ngx_simulcast_feed_sort_t *sort, u_char *data)
{
    ngx_int_t                rc;
    ngx_live_tag_t           tag;
    ngx_live_codec_t         codec;
    ngx_simulcast_frame_t  **slot, *frame;

    ngx_memzero(&tag, sizeof(ngx_live_tag_t));

    if (sort->type == NGX_SIMULCAST_MSG_VIDEO) {
        rc = ngx_live_tag_video(data, data + sort->len, sort->len, &tag);
        slot = feed->video;

    } else {
        rc = ngx_live_tag_audio(data, data + sort->len, sort->len, &tag);
        slot = feed->audio;
    }

    if (rc != NGX_OK || tag.track >= NGX_SIMULCAST_FEED_TRACKS) {
        return NGX_OK;
    }

    slot += tag.track;

    frame = ngx_simulcast_feed_frame(sort, NULL, data);
    if (frame == NULL) {
        return NGX_OK;
    }

    if (*slot && (*slot)->size == frame->size
        && ngx_memcmp((*slot)->wire, frame->wire, frame->size) == 0)
    {
        ngx_free(frame);
        return NGX_DECLINED;
    }

    if (*slot) {
        ngx_free(*slot);
    }

    *slot = frame;
    feed->configs++;

    if (tag.track == 0
        && ngx_live_codec_config(tag.codec, tag.body, tag.body + tag.body_len,
                                 &codec)
           == NGX_OK)
    {
        if (sort->type == NGX_SIMULCAST_MSG_VIDEO) {
            feed->video_codec = codec;
            feed->has_video = 1;

        } else {
            feed->audio_codec = codec;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_feed_metadata(ngx_simulcast_feed_t *feed, u_char *data,
    size_t len)
{
    size_t                      prefix_len;
    u_char                     *body, *text;
    const u_char               *prefix;
    ngx_simulcast_frame_t      *frame;
    ngx_simulcast_feed_sort_t   sort;

    body = ngx_simulcast_command_metadata(data, len, &prefix, &prefix_len);
    if (body == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&sort, sizeof(ngx_simulcast_feed_sort_t));

    sort.type = NGX_SIMULCAST_MSG_META;
    sort.channel = NGX_SIMULCAST_CHANNEL_META;
    sort.config = 1;
    sort.len = prefix_len + (data + len - body);

    text = ngx_alloc(sort.len, feed->log);
    if (text == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ngx_cpymem(text, prefix, prefix_len), body, data + len - body);

    frame = ngx_simulcast_feed_frame(&sort, NULL, text);
    ngx_free(text);

    if (frame == NULL) {
        return NGX_ERROR;
    }

    if (feed->meta && feed->meta->size == frame->size
        && ngx_memcmp(feed->meta->wire, frame->wire, frame->size) == 0)
    {
        ngx_free(frame);
        return NGX_OK;
    }

    if (feed->meta) {
        ngx_free(feed->meta);
    }

    feed->meta = frame;

    /* what runs already gets it when its headers change for another reason */

    return NGX_OK;
}


/*
 * The publisher's timestamps have 32 bits, may begin anywhere, and begin anew
 * when his encoder does; ours go on.
 */

static uint64_t
ngx_simulcast_feed_time(ngx_simulcast_feed_t *feed, uint32_t timestamp,
    ngx_uint_t channel)
{
    int32_t   step, own;
    uint64_t  time;

    if (!feed->started) {
        feed->started = 1;

    } else {
        step = (int32_t) (timestamp - feed->stamp);
        own = feed->stamped[channel]
              ? (int32_t) (timestamp - feed->stamps[channel]) : 0;

        if (step > NGX_SIMULCAST_FEED_STEP
            || step < -NGX_SIMULCAST_FEED_STEP_BACK
            || own < -NGX_SIMULCAST_FEED_STEP_OWN
            || (step < 0 && feed->clock < NGX_SIMULCAST_FEED_EPOCH / 2))
        {
            ngx_memzero(feed->stamped, sizeof(feed->stamped));

            feed->clock = ngx_max(feed->clock, feed->last[channel]);
            step = 20;
        }

        feed->clock += step;
    }

    feed->stamp = timestamp;
    feed->stamps[channel] = timestamp;
    feed->stamped[channel] = 1;

    time = ngx_max(feed->clock, feed->last[channel]);
    feed->last[channel] = time;

    return time;
}


static u_char *
ngx_simulcast_feed_flatten(ngx_chain_t *in, size_t len)
{
    u_char       *data, *p;
    ngx_chain_t  *cl;

    data = ngx_alloc(len + 1, ngx_cycle->log);
    if (data == NULL) {
        return NULL;
    }

    p = data;

    for (cl = in; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    return data;
}


/* from a chain or, when that is NULL, from contiguous data */

static ngx_simulcast_frame_t *
ngx_simulcast_feed_frame(ngx_simulcast_feed_sort_t *sort, ngx_chain_t *in,
    u_char *data)
{
    size_t                  n, left, size;
    u_char                 *p, *src, separator;
    ngx_buf_t               buf;
    ngx_chain_t             cl;
    ngx_simulcast_frame_t  *frame;

    size = NGX_SIMULCAST_FEED_HEADER + sort->len;

    if (sort->len) {
        size += (sort->len - 1) / NGX_SIMULCAST_CHUNK_SIZE;
    }

    frame = ngx_alloc(sizeof(ngx_simulcast_frame_t) + size, ngx_cycle->log);
    if (frame == NULL) {
        return NULL;
    }

    ngx_memzero(frame, sizeof(ngx_simulcast_frame_t));

    frame->channel = sort->channel;
    frame->config = sort->config;
    frame->keyframe = sort->keyframe;
    frame->picture = sort->picture;
    frame->len = sort->len;
    frame->size = size;

    /*
     * RTMP 5.3.1.2.2, type 1: the message stream's id is that of the message
     * before it, and the timestamp a difference, which _append() fills in
     *
     *     | fmt = 1, csid | timestamp delta (3) | length (3) | type |
     */

    p = frame->wire;

    *p++ = 0x40 | ngx_simulcast_feed_csid[sort->channel];
    *p++ = 0;
    *p++ = 0;
    *p++ = 0;
    *p++ = (u_char) (sort->len >> 16);
    *p++ = (u_char) (sort->len >> 8);
    *p++ = (u_char) sort->len;
    *p++ = (u_char) sort->type;

    separator = 0xc0 | ngx_simulcast_feed_csid[sort->channel];
    left = NGX_SIMULCAST_CHUNK_SIZE;

    if (in == NULL) {
        ngx_memzero(&buf, sizeof(ngx_buf_t));
        buf.pos = data;
        buf.last = data + sort->len;
        cl.buf = &buf;
        cl.next = NULL;
        in = &cl;
    }

    for ( /* void */ ; in; in = in->next) {
        src = in->buf->pos;

        while (src != in->buf->last) {

            if (left == 0) {
                *p++ = separator;
                left = NGX_SIMULCAST_CHUNK_SIZE;
            }

            n = ngx_min((size_t) (in->buf->last - src), left);
            p = ngx_cpymem(p, src, n);
            src += n;
            left -= n;
        }
    }

    return frame;
}


static void
ngx_simulcast_feed_append(ngx_simulcast_feed_t *feed,
    ngx_simulcast_frame_t *frame)
{
    uint32_t                delta;
    ngx_simulcast_frame_t  *before;

    before = feed->newest;

    frame->number = before->number + 1;
    frame->configs = feed->configs;

    /* readers compare it with what they have sent */

    frame->before = feed->sent[frame->channel];
    feed->sent[frame->channel] = frame->time;

    delta = frame->before ? (uint32_t) (frame->time - frame->before) : 0;
    delta = ngx_min(delta, 0xfffffe);

    frame->wire[1] = (u_char) (delta >> 16);
    frame->wire[2] = (u_char) (delta >> 8);
    frame->wire[3] = (u_char) delta;

    before->next = frame;
    feed->newest = frame;
    feed->bytes += frame->size;

    if (frame->keyframe) {
        feed->keyframe = frame;
    }

    if (!feed->flush.timer_set) {
        ngx_add_timer(&feed->flush, NGX_SIMULCAST_FEED_FLUSH);
    }
}


static void
ngx_simulcast_feed_trim(ngx_simulcast_feed_t *feed)
{
    uint64_t                 oldest;
    ngx_queue_t             *q;
    ngx_simulcast_frame_t   *frame;
    ngx_simulcast_reader_t  *reader;

    oldest = feed->newest->number;

    for (q = ngx_queue_head(&feed->readers);
         q != ngx_queue_sentinel(&feed->readers);
         q = ngx_queue_next(q))
    {
        reader = ngx_queue_data(q, ngx_simulcast_reader_t, queue);
        oldest = ngx_min(oldest, reader->last->number);
    }

    while (feed->first->number < oldest) {
        frame = feed->first;
        feed->first = frame->next;
        feed->bytes -= frame->size;

        if (feed->keyframe == frame) {
            feed->keyframe = NULL;
        }

        ngx_free(frame);
    }
}


static void
ngx_simulcast_feed_flush(ngx_event_t *ev)
{
    ngx_queue_t             *q, *next;
    ngx_simulcast_feed_t    *feed;
    ngx_simulcast_reader_t  *reader;

    feed = (ngx_simulcast_feed_t *) ((u_char *) ev
                                 - offsetof(ngx_simulcast_feed_t, flush));

    for (q = ngx_queue_head(&feed->readers);
         q != ngx_queue_sentinel(&feed->readers);
         q = next)
    {
        next = ngx_queue_next(q);
        reader = ngx_queue_data(q, ngx_simulcast_reader_t, queue);
        reader->flush(reader->data);
    }

    ngx_simulcast_feed_trim(feed);
}


void
ngx_simulcast_feed_add(ngx_simulcast_feed_t *feed,
    ngx_simulcast_reader_t *reader)
{
    reader->feed = feed;
    reader->last = feed->newest;

    ngx_queue_insert_tail(&feed->readers, &reader->queue);
    feed->nreaders++;
}


void
ngx_simulcast_feed_remove(ngx_simulcast_reader_t *reader)
{
    if (reader->feed == NULL) {
        return;
    }

    ngx_queue_remove(&reader->queue);
    reader->feed->nreaders--;

    ngx_simulcast_feed_trim(reader->feed);

    reader->feed = NULL;
    reader->last = NULL;
}


ngx_uint_t
ngx_simulcast_feed_alone(ngx_simulcast_feed_t *feed)
{
    return !feed->has_video && feed->has_audio
           && ngx_current_msec - feed->first_audio >= NGX_SIMULCAST_FEED_ALONE;
}


static void
ngx_simulcast_feed_tick(ngx_event_t *ev)
{
    ngx_simulcast_feed_t  *feed;

    feed = (ngx_simulcast_feed_t *) ((u_char *) ev
                                 - offsetof(ngx_simulcast_feed_t, tick));

    ngx_memmove(&feed->seconds[1], &feed->seconds[0],
                (NGX_SIMULCAST_FEED_SECONDS - 1)
                * sizeof(ngx_simulcast_feed_second_t));
    ngx_memzero(&feed->seconds[0], sizeof(ngx_simulcast_feed_second_t));

    feed->nseconds++;

    ngx_add_timer(ev, 1000);
}


/* over the last five whole seconds */

void
ngx_simulcast_feed_rates(ngx_simulcast_feed_t *feed,
    ngx_simulcast_feed_rates_t *rates)
{
    uint64_t                      pictures, video, audio;
    ngx_uint_t                    i, n;
    ngx_simulcast_feed_second_t  *second;

    ngx_memzero(rates, sizeof(ngx_simulcast_feed_rates_t));

    n = ngx_min(feed->nseconds, 5);
    pictures = 0;
    video = 0;
    audio = 0;

    for (i = 1; i <= n; i++) {
        second = &feed->seconds[i];
        pictures += second->pictures;
        video += second->video_bytes;
        audio += second->audio_bytes;
    }

    if (n) {
        rates->fps = (double) pictures / n;
        rates->video_bitrate = video * 8 / n;
        rates->audio_bitrate = audio * 8 / n;
    }

    rates->keyframe = feed->key_interval;
    rates->measured = feed->nseconds >= 10;
}
