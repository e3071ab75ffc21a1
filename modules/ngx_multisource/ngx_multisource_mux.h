
/*
 * Copyright (C) the ngx_live contributors
 *
 * Fragmented MP4 by libavformat: an init section, and fragments of one moof and
 * mdat each. The only file that knows libavformat. No I/O: what is written is
 * handed over in memory.
 */


#ifndef _NGX_MULTISOURCE_MUX_H_INCLUDED_
#define _NGX_MULTISOURCE_MUX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_codec.h"


typedef struct ngx_multisource_mux_s  ngx_multisource_mux_t;


/*
 * A track. H.264, HEVC, AV1, AAC and Opus are carried. The record is that of the
 * stream: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead; it is copied.
 */

typedef struct {
    ngx_live_codec_t     codec;     /* .codec NGX_LIVE_CODEC_NONE: no track */
    ngx_str_t            record;
} ngx_multisource_mux_track_t;


#pragma GCC visibility push(hidden)

/* nonzero: a track of this codec, ngx_live_codec_e, can be carried */
ngx_uint_t ngx_multisource_mux_carries(ngx_uint_t codec);

/*
 * NULL (logged, at info level if the record is to blame) when the tracks cannot
 * be carried. One of the tracks may be NGX_LIVE_CODEC_NONE. *init becomes the
 * init section: ftyp and moov, no samples; it is valid until the next call for
 * this mux.
 */
ngx_multisource_mux_t *ngx_multisource_mux_open(
    const ngx_multisource_mux_track_t *video,
    const ngx_multisource_mux_track_t *audio, ngx_str_t *init, ngx_log_t *log);

/*
 * A frame as RTMP has it: NAL units with their lengths, OBUs, one AAC frame or
 * Opus packet. Video in ticks of 90 kHz, `cts` is the composition offset, which
 * may be negative; audio in samples of the track's rate (48000 for Opus). Times
 * of a track grow and may have gaps. The data is copied. NGX_DECLINED: the frame
 * makes no sense and was left out; NGX_ERROR: the mux is of no use any more
 * (logged).
 */
ngx_int_t ngx_multisource_mux_video(ngx_multisource_mux_t *mux, int64_t time,
    int32_t cts, uint32_t duration, ngx_uint_t keyframe, u_char *data,
    size_t len);
ngx_int_t ngx_multisource_mux_audio(ngx_multisource_mux_t *mux, int64_t time,
    uint32_t duration, u_char *data, size_t len);

/*
 * What came since the last time, as one fragment: styp is optional, moof, mdat.
 * The tfdt of a track is the time of its first frame in it, in 64 bits, and
 * sample durations are the time to the next frame: for the last one of video
 * until `next`, in ticks, if that is later than it; for the last one of audio
 * what was said of it. *out is valid until the next call, and empty when nothing
 * came. NGX_ERROR as above.
 */
ngx_int_t ngx_multisource_mux_flush(ngx_multisource_mux_t *mux, int64_t next,
    ngx_str_t *out);

/* NULL is fine */
void ngx_multisource_mux_close(ngx_multisource_mux_t *mux);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_MUX_H_INCLUDED_ */
