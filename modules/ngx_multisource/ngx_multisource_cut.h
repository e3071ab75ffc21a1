
/*
 * Copyright (C) the ngx_live contributors
 *
 * Where parts and segments of low-latency HLS end (draft-pantos-hls-rfc8216bis,
 * 4.4.4.9 and 4.4.3.8). Pure: no I/O, no clock, no allocation.
 *
 * A part ends before the frame that would take it beyond the part target. A
 * segment ends before a keyframe: the first after a multiple of the segment
 * time on the wall clock, so that the segments of all sources of a streamer end
 * close to each other; before an earlier one if the next is likely to come too
 * late; and without a keyframe rather than to take longer than the target
 * duration allows, which never changes while a playlist lives.
 */


#ifndef _NGX_MULTISOURCE_CUT_H_INCLUDED_
#define _NGX_MULTISOURCE_CUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* all in ticks of 90 kHz, but where it is said otherwise */

typedef struct {
    uint32_t     part_target;
    uint32_t     target_duration;   /* s: EXT-X-TARGETDURATION */
} ngx_multisource_cut_bounds_t;


/* what the first group of pictures of a source told */

typedef struct {
    uint32_t     frame;         /* of constant video, or of audio without any
                                   video; 0: not constant */
    uint32_t     longest;       /* time between two frames of it; 0: unknown */
    uint32_t     gop;           /* between the first two keyframes; 0: there
                                   was no second one in time, or no video */
    unsigned     video:1;
    unsigned     audio:1;
} ngx_multisource_cut_seen_t;


enum {
    NGX_MULTISOURCE_CUT_NONE = 0,
    NGX_MULTISOURCE_CUT_PART,
    NGX_MULTISOURCE_CUT_SEGMENT     /* the part too */
};


/* private but for the bounds */

typedef struct {
    ngx_multisource_cut_bounds_t  bounds;

    uint32_t     segment;       /* wanted time of a segment */
    int64_t      segment_start;
    int64_t      part_start;
    int64_t      wall;          /* number of the segment time on the wall
                                   clock at the segment's start */
    uint32_t     gop;           /* between two keyframes, the longest lately */
    int64_t      keyframe;      /* the last one */
    int64_t      frame;         /* the last one */
    int64_t      frame_wall;    /* us */
    uint32_t     duration;      /* of the last one */
    int64_t      heard;         /* audio has come up to here */
    uint32_t     audio;         /* duration of a frame of it, 0: none came */
    uint32_t     lag;           /* by which video came behind audio lately */
    unsigned     begun:1;
    unsigned     keyed:1;
} ngx_multisource_cut_t;


#pragma GCC visibility push(hidden)

/*
 * The bounds of a new playlist. `part` and `segment` are the wanted times in
 * ms, as configured.
 *
 * The part target is `part`, unless a whole number of frames cannot fill 85 %
 * of it: then it is what holds the next whole number of frames. Either has
 * 0.5 % to spare, since frames are moved that much by their clock. Video that
 * is not constant, or has less than a frame in 2.2 s, and comes without audio,
 * which could fill its pauses, gets what holds its longest pause and 1.1 s at
 * least, 2.2 s at most. The target duration is that of a segment of so many
 * whole groups of pictures as fill `segment`, rounded up to seconds but for
 * 50 ms, and at least `segment`; 10 s if the group is unknown. Of audio each
 * frame is a group. It is at least as long as two parts.
 */
void ngx_multisource_cut_bounds(const ngx_multisource_cut_seen_t *seen,
    ngx_msec_t part, ngx_msec_t segment, ngx_multisource_cut_bounds_t *bounds);

/* a new session; `segment` in ms as before */
void ngx_multisource_cut_init(ngx_multisource_cut_t *cut,
    const ngx_multisource_cut_bounds_t *bounds, ngx_msec_t segment);

/*
 * What ends before a frame that lasts `duration` from `time` on,
 * NGX_MULTISOURCE_CUT_*; `wall` is its time of the wall clock in us. The first
 * frame ends nothing. Of a source with video the frames of video, of others
 * those of audio, each of which counts as a keyframe. What ends has then ended:
 * the frame belongs to the next. Times grow, but may be before the part that
 * _overdue() has begun; such a frame ends nothing either.
 */
ngx_uint_t ngx_multisource_cut_frame(ngx_multisource_cut_t *cut, int64_t time,
    uint32_t duration, ngx_uint_t keyframe, int64_t wall);

/*
 * Audio of a source with video has come up to `time` while no frame did. When
 * the video is overdue: the time at which the part ends, so long after its
 * start as whole frames of audio (of `duration` each) fill the part target, or
 * the part target if they cannot fill 85 % of it; *ends is
 * NGX_MULTISOURCE_CUT_SEGMENT when no longer segment is allowed. 0 with *ends
 * NGX_MULTISOURCE_CUT_NONE: not yet. To be called again until it says so.
 *
 * To be called for each frame of audio: how far video comes behind it is waited
 * for, and a part that video alone cannot fill is left for this to end.
 */
int64_t ngx_multisource_cut_overdue(ngx_multisource_cut_t *cut, int64_t time,
    uint32_t duration, ngx_uint_t *ends);

/*
 * The same before a frame of video, or of audio without any, that comes at
 * `time`: when it is so late that a part up to it would be longer than the part
 * target, because frames are missing, this is where the part ends instead. To
 * be called before _frame() until it says NGX_MULTISOURCE_CUT_NONE. There may
 * be parts without a frame then.
 */
int64_t ngx_multisource_cut_late(ngx_multisource_cut_t *cut, int64_t time,
    ngx_uint_t *ends);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_CUT_H_INCLUDED_ */
