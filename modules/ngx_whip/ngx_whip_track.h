
/*
 * Copyright (C) the ngx_live contributors
 *
 * From access units and Opus packets to messages of RTMP: when they begin,
 * which layer is published, what is not fit to be, and at what time.
 */


#ifndef _NGX_WHIP_TRACK_H_INCLUDED_
#define _NGX_WHIP_TRACK_H_INCLUDED_


#include "ngx_whip.h"


#define NGX_WHIP_TRACK_AUDIO_RATE  48000
#define NGX_WHIP_TRACK_VIDEO_RATE  90000


#pragma GCC visibility push(hidden)

/* from what was agreed on */
void ngx_whip_track_init(ngx_whip_session_t *s);

/* one access unit of st, with its timestamp and arrival */
void ngx_whip_track_video(ngx_whip_stream_t *st, ngx_whip_frame_t *frame);

/* one packet of Opus; `now` in us */
void ngx_whip_track_audio(ngx_whip_stream_t *st, ngx_whip_rtp_t *rtp,
    uint64_t now);

/* packets of a video stream are lost for good */
void ngx_whip_track_damaged(ngx_whip_stream_t *st);

/* the stream goes on with other timestamps */
void ngx_whip_track_restart(ngx_whip_stream_t *st);

/* the stream has a new sender report */
void ngx_whip_track_report(ngx_whip_stream_t *st);

/* key frames that are due, layers that fell silent; each 100 ms or so */
void ngx_whip_track_tick(ngx_whip_session_t *s);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_TRACK_H_INCLUDED_ */
