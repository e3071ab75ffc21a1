
/*
 * Copyright (C) the ngx_live contributors
 *
 * A stream on its way to several destinations: the newest headers, and a list
 * of frames that all of them read, each at its own pace. A message is copied
 * once, in chunks, with a header that every destination can send which has sent
 * the message before it on the same chunk stream.
 */


#ifndef _NGX_SIMULCAST_FEED_H_INCLUDED_
#define _NGX_SIMULCAST_FEED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_live_tag.h"
#include "ngx_live_codec.h"


/* what a destination may be behind before it loses frames: of video, and then
   of everything */
#define NGX_SIMULCAST_FEED_LAG      4000        /* ms */
#define NGX_SIMULCAST_FEED_LAG_MAX  10000       /* ms */
#define NGX_SIMULCAST_FEED_BYTES    16777216    /* of frames kept */

/* how long messages are gathered before they are written */
#define NGX_SIMULCAST_FEED_FLUSH    60          /* ms */

/* how long audio is watched for video to come with it */
#define NGX_SIMULCAST_FEED_ALONE    1500        /* ms */

#define NGX_SIMULCAST_FEED_TRACKS   4           /* of audio or video whose
                                                   headers are kept */

/* chunk streams */
#define NGX_SIMULCAST_FEED_META     4
#define NGX_SIMULCAST_FEED_AUDIO    5
#define NGX_SIMULCAST_FEED_VIDEO    6

/* of a shared frame: a basic header, and a message header of format 1 */
#define NGX_SIMULCAST_FEED_HEADER   8


typedef enum {
    NGX_SIMULCAST_CHANNEL_AUDIO = 0,
    NGX_SIMULCAST_CHANNEL_VIDEO,
    NGX_SIMULCAST_CHANNEL_META,
    NGX_SIMULCAST_NCHANNELS
} ngx_simulcast_channel_e;


typedef struct ngx_simulcast_frame_s  ngx_simulcast_frame_t;
typedef struct ngx_simulcast_feed_s   ngx_simulcast_feed_t;


struct ngx_simulcast_frame_s {
    ngx_simulcast_frame_t  *next;       /* newer */
    uint64_t                number;     /* from 1, of the feed */
    uint64_t                time;       /* of the feed's clock, ms; never goes
                                           back within a channel */
    uint64_t                before;     /* time of the one before it in the
                                           channel */
    uint64_t                configs;    /* which headers belong to it */
    ngx_uint_t              channel;    /* ngx_simulcast_channel_e */

    unsigned                config:1;   /* a codec's header, metadata */
    unsigned                keyframe:1;
    unsigned                picture:1;  /* a frame of video */

    size_t                  len;        /* of the message */
    size_t                  size;       /* of wire */
    u_char                  wire[];     /* header, and the message in chunks */
};


/* a reader; embedded in what writes to a destination */

typedef struct {
    ngx_queue_t             queue;
    ngx_simulcast_feed_t   *feed;
    ngx_simulcast_frame_t  *last;       /* the newest one that is done with */
    void                  (*flush)(void *data);
    void                   *data;
} ngx_simulcast_reader_t;


/* measured over the last seconds */

typedef struct {
    double                  fps;
    uint64_t                video_bitrate;      /* bit/s */
    uint64_t                audio_bitrate;
    ngx_msec_t              keyframe;           /* longest interval of late */
    ngx_uint_t              measured;           /* for 10 s or more */
} ngx_simulcast_feed_rates_t;


struct ngx_simulcast_feed_s {
    ngx_log_t                    *log;
    ngx_queue_t                   readers;
    ngx_uint_t                    nreaders;

    /* frames: the oldest is kept as an anchor that readers have done with */

    ngx_simulcast_frame_t        *first;
    ngx_simulcast_frame_t        *newest;
    ngx_simulcast_frame_t        *keyframe;     /* the newest, or NULL */
    size_t                        bytes;

    /* headers in force, as frames of their own */

    ngx_simulcast_frame_t        *meta;
    ngx_simulcast_frame_t        *video[NGX_SIMULCAST_FEED_TRACKS];
    ngx_simulcast_frame_t        *audio[NGX_SIMULCAST_FEED_TRACKS];
    uint64_t                      configs;      /* changes of headers */

    ngx_live_codec_t              video_codec;  /* of track 0; codec NONE:
                                                   unknown */
    ngx_live_codec_t              audio_codec;

    /* the clock */

    uint64_t                      last[NGX_SIMULCAST_NCHANNELS];
    uint64_t                      sent[NGX_SIMULCAST_NCHANNELS];
                                                /* of the newest frame, 0: none */
    uint32_t                      stamp;        /* of the last message */
    uint32_t                      stamps[NGX_SIMULCAST_NCHANNELS];
    ngx_uint_t                    stamped[NGX_SIMULCAST_NCHANNELS];
                                                /* stamps has one, of this
                                                   clock of his */
    uint64_t                      clock;        /* its time */
    ngx_uint_t                    started;

    ngx_msec_t                    first_audio;  /* ngx_current_msec of it */
    unsigned                      has_audio:1;
    unsigned                      has_video:1;

    /* of each of the last seconds, and of keyframes */

    uint64_t                      key_time;
    ngx_msec_t                    key_interval;
    struct ngx_simulcast_feed_second_s  *seconds;
    ngx_uint_t                    nseconds;

    ngx_event_t                   flush;
    ngx_event_t                   tick;

    void                        (*listener)(void *data, ngx_uint_t type,
                                            uint32_t timestamp, u_char *payload,
                                            size_t len, ngx_uint_t config,
                                            ngx_uint_t keyframe);
    void                         *listener_data;
};


#pragma GCC visibility push(hidden)

ngx_simulcast_feed_t *ngx_simulcast_feed_create(ngx_log_t *log);

/* readers must have been removed */
void ngx_simulcast_feed_free(ngx_simulcast_feed_t *feed);

/*
 * A message of the stream: 8 audio, 9 video, 18 metadata (the payload as the
 * publisher sent it). The chain's buffers are copied. NGX_ERROR: out of memory;
 * what is malformed is dropped and NGX_OK returned.
 */
ngx_int_t ngx_simulcast_feed_message(ngx_simulcast_feed_t *feed,
    ngx_uint_t type, uint32_t timestamp, ngx_chain_t *in);

void ngx_simulcast_feed_add(ngx_simulcast_feed_t *feed,
    ngx_simulcast_reader_t *reader);
void ngx_simulcast_feed_remove(ngx_simulcast_reader_t *reader);

/* nonzero when a reader may begin: at a keyframe or, without video, at once */
ngx_uint_t ngx_simulcast_feed_alone(ngx_simulcast_feed_t *feed);

void ngx_simulcast_feed_rates(ngx_simulcast_feed_t *feed,
    ngx_simulcast_feed_rates_t *rates);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_FEED_H_INCLUDED_ */
