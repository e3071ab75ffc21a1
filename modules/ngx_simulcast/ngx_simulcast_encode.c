
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_chunk.h"
#include "ngx_simulcast_encode.h"


/* rates this close are the same */
#define NGX_SIMULCAST_ENCODE_RATE  15           /* per cent */
#define NGX_SIMULCAST_ENCODE_FPS   1.0

/* how long a source is looked at before it is compared */
#define NGX_SIMULCAST_ENCODE_LOOK  3            /* s */
#define NGX_SIMULCAST_ENCODE_ALONE 10           /* s, for video to come */


static void ngx_simulcast_encode_tag(void *data, ngx_uint_t type,
    uint32_t timestamp, u_char *payload, size_t len);
static void ngx_simulcast_encode_feed(void *data, ngx_uint_t type,
    uint32_t timestamp, u_char *payload, size_t len, ngx_uint_t config,
    ngx_uint_t keyframe);
static void ngx_simulcast_encode_header(ngx_simulcast_encode_t *encode,
    ngx_simulcast_frame_t *frame, ngx_uint_t type);


static const char  *ngx_simulcast_encode_presets[] = {
    "ultrafast", "veryfast", "fast", "medium", "slow", NULL
};


ngx_int_t
ngx_simulcast_encode_want(json_t *settings, ngx_simulcast_feed_t *source,
    ngx_simulcast_rendition_settings_t *want)
{
    u_char                      *p;
    double                       fps;
    uint64_t                     bitrate;
    ngx_int_t                    w, h;
    ngx_uint_t                   i, other;
    const char                  *s;
    ngx_simulcast_feed_rates_t   rates;

    ngx_memzero(want, sizeof(ngx_simulcast_rendition_settings_t));

    want->bitrate = json_integer_value(json_object_get(settings, "bitrate"));
    want->fps = json_integer_value(json_object_get(settings, "framerate"));

    s = json_string_value(json_object_get(settings, "resolution"));
    p = s ? (u_char *) ngx_strchr(s, 'x') : NULL;

    if (p) {
        w = ngx_atoi((u_char *) s, p - (u_char *) s);
        h = ngx_atoi(p + 1, ngx_strlen(p + 1));

        if (w > 0 && h > 0) {
            want->width = w;
            want->height = h;
        }
    }

    s = json_string_value(json_object_get(settings, "preset"));

    for (i = 0; s && ngx_simulcast_encode_presets[i]; i++) {
        if (ngx_strcmp(s, ngx_simulcast_encode_presets[i]) == 0) {
            want->preset = ngx_simulcast_encode_presets[i];
        }
    }

    if (want->bitrate == 0 && want->fps == 0 && want->width == 0
        && want->preset == NULL)
    {
        return NGX_DECLINED;
    }

    if (source->nseconds < NGX_SIMULCAST_ENCODE_LOOK) {
        return NGX_AGAIN;
    }

    if (source->video_codec.codec == NGX_LIVE_CODEC_NONE) {

        /* sound alone goes as it is */

        return ngx_simulcast_feed_alone(source)
               && source->nseconds >= NGX_SIMULCAST_ENCODE_ALONE
               ? NGX_DECLINED : NGX_AGAIN;
    }

    ngx_simulcast_feed_rates(source, &rates);

    bitrate = rates.video_bitrate / 1000;
    fps = rates.fps - (double) want->fps;
    other = want->preset != NULL;

    if (want->bitrate
        && (want->bitrate * 100 < bitrate * (100 - NGX_SIMULCAST_ENCODE_RATE)
            || want->bitrate * 100
               > bitrate * (100 + NGX_SIMULCAST_ENCODE_RATE)))
    {
        other = 1;
    }

    if (want->fps && (fps > NGX_SIMULCAST_ENCODE_FPS
                      || fps < -NGX_SIMULCAST_ENCODE_FPS))
    {
        other = 1;
    }

    if (want->width && (want->width != source->video_codec.width
                        || want->height != source->video_codec.height))
    {
        other = 1;
    }

    return other ? NGX_OK : NGX_DECLINED;
}


ngx_simulcast_encode_t *
ngx_simulcast_encode_get(ngx_queue_t *encodes, ngx_simulcast_feed_t *source,
    ngx_simulcast_rendition_settings_t *want, ngx_str_t *label)
{
    ngx_uint_t                           i;
    ngx_queue_t                         *q;
    ngx_simulcast_encode_t              *encode;
    ngx_simulcast_feed_rates_t           rates;
    ngx_simulcast_rendition_settings_t   known;

    for (q = ngx_queue_head(encodes);
         q != ngx_queue_sentinel(encodes);
         q = ngx_queue_next(q))
    {
        encode = ngx_queue_data(q, ngx_simulcast_encode_t, queue);

        if (ngx_simulcast_rendition_same(&encode->settings, want)) {
            encode->users++;
            return encode;
        }
    }

    encode = ngx_calloc(sizeof(ngx_simulcast_encode_t), ngx_cycle->log);
    if (encode == NULL) {
        return NULL;
    }

    encode->users = 1;
    encode->source = source;
    encode->settings = *want;

    encode->feed = ngx_simulcast_feed_create(ngx_cycle->log);
    if (encode->feed == NULL) {
        ngx_free(encode);
        return NULL;
    }

    ngx_simulcast_feed_rates(source, &rates);
    ngx_memzero(&known, sizeof(ngx_simulcast_rendition_settings_t));

    known.bitrate = rates.video_bitrate / 1000;
    known.width = source->video_codec.width;
    known.height = source->video_codec.height;
    known.fps = (ngx_uint_t) (rates.fps + 0.5);

    encode->rendition = ngx_simulcast_rendition_create(want, &known, label,
                                                       ngx_simulcast_encode_tag,
                                                       encode);
    if (encode->rendition == NULL) {
        ngx_simulcast_feed_free(encode->feed);
        ngx_free(encode);
        return NULL;
    }

    for (i = 0; i < NGX_SIMULCAST_FEED_TRACKS; i++) {
        ngx_simulcast_encode_header(encode, source->audio[i], 8);
        ngx_simulcast_encode_header(encode, source->video[i], 9);
    }

    ngx_queue_insert_tail(encodes, &encode->queue);

    source->listener = ngx_simulcast_encode_feed;
    source->listener_data = encodes;

    return encode;
}


void
ngx_simulcast_encode_put(ngx_queue_t *encodes, ngx_simulcast_encode_t *encode)
{
    if (--encode->users) {
        return;
    }

    ngx_queue_remove(&encode->queue);

    if (ngx_queue_empty(encodes)) {
        encode->source->listener = NULL;
    }

    ngx_simulcast_rendition_free(encode->rendition);
    ngx_simulcast_feed_free(encode->feed);
    ngx_free(encode);
}


static void
ngx_simulcast_encode_feed(void *data, ngx_uint_t type, uint32_t timestamp,
    u_char *payload, size_t len, ngx_uint_t config, ngx_uint_t keyframe)
{
    ngx_queue_t *encodes = data;

    ngx_queue_t             *q;
    ngx_simulcast_encode_t  *encode;

    for (q = ngx_queue_head(encodes);
         q != ngx_queue_sentinel(encodes);
         q = ngx_queue_next(q))
    {
        encode = ngx_queue_data(q, ngx_simulcast_encode_t, queue);

        ngx_simulcast_rendition_feed(encode->rendition, type, timestamp,
                                     payload, len, config, keyframe);
    }
}


/* a header that is kept as a frame, without what the chunks have added */

static void
ngx_simulcast_encode_header(ngx_simulcast_encode_t *encode,
    ngx_simulcast_frame_t *frame, ngx_uint_t type)
{
    size_t   n, left;
    u_char  *payload, *p, *src;

    if (frame == NULL) {
        return;
    }

    payload = ngx_alloc(frame->len + 1, ngx_cycle->log);
    if (payload == NULL) {
        return;
    }

    p = payload;
    src = frame->wire + NGX_SIMULCAST_FEED_HEADER;

    for (left = frame->len; left; left -= n) {
        n = ngx_min(left, NGX_SIMULCAST_CHUNK_SIZE);

        p = ngx_cpymem(p, src, n);
        src += n + 1;
    }

    ngx_simulcast_rendition_feed(encode->rendition, type, encode->source->stamp,
                                 payload, frame->len, 1, 0);
    ngx_free(payload);
}


static void
ngx_simulcast_encode_tag(void *data, ngx_uint_t type, uint32_t timestamp,
    u_char *payload, size_t len)
{
    ngx_simulcast_encode_t *encode = data;

    ngx_buf_t    buf;
    ngx_chain_t  cl;

    if (payload == NULL) {
        return;
    }

    ngx_memzero(&buf, sizeof(ngx_buf_t));

    buf.pos = payload;
    buf.last = payload + len;
    cl.buf = &buf;
    cl.next = NULL;

    (void) ngx_simulcast_feed_message(encode->feed, type, timestamp, &cl);
}


u_char *
ngx_simulcast_encode_text(ngx_simulcast_rendition_settings_t *settings,
    u_char *p, u_char *last)
{
    u_char  *start;

    start = p;

    if (settings->bitrate) {
        p = ngx_slprintf(p, last, "%ui kbit/s", settings->bitrate);
    }

    if (settings->width) {
        p = ngx_slprintf(p, last, "%s%uix%ui", p > start ? " " : "",
                         settings->width, settings->height);
    }

    if (settings->fps) {
        p = ngx_slprintf(p, last, "%s%ui fps", p > start ? " " : "",
                         settings->fps);
    }

    if (settings->preset) {
        p = ngx_slprintf(p, last, "%s%s", p > start ? " " : "",
                         settings->preset);
    }

    return p;
}
