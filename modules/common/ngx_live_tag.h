
/*
 * Copyright (C) the ngx_live contributors
 *
 * FLV/RTMP audio and video messages, legacy (FLV 10.1, annex E) and Enhanced
 * RTMP v1 and v2.  Pure: no I/O, no clock, no allocation.
 *
 * One message is parsed by one call; the tracks of a multitrack message follow
 * by ngx_live_tag_next():
 *
 *     rc = ngx_live_tag_video(p, end, total, &tag);
 *
 *     while (rc == NGX_OK || rc == NGX_DECLINED) {
 *         if (rc == NGX_OK) {
 *             ... tag.track, tag.type, tag.body ...
 *         }
 *
 *         rc = ngx_live_tag_next(&tag);
 *     }
 *
 *     ... NGX_DONE, NGX_AGAIN or NGX_ERROR ...
 */


#ifndef _NGX_LIVE_TAG_H_INCLUDED_
#define _NGX_LIVE_TAG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * p .. end may be a prefix of the message.  This many bytes hold the header of
 * every message that is known to be sent, up to the first track's body.
 */

#define NGX_LIVE_TAG_PREFIX  64

#define NGX_LIVE_TAG_FOURCC(a, b, c, d)                                       \
    ((uint32_t) (a) << 24 | (uint32_t) (b) << 16                              \
     | (uint32_t) (c) << 8 | (uint32_t) (d))


typedef enum {
    NGX_LIVE_CODEC_NONE = 0,

    NGX_LIVE_CODEC_H264,
    NGX_LIVE_CODEC_HEVC,
    NGX_LIVE_CODEC_AV1,
    NGX_LIVE_CODEC_VP8,
    NGX_LIVE_CODEC_VP9,
    NGX_LIVE_CODEC_VVC,
    NGX_LIVE_CODEC_FLV1,        /* any other legacy video */

    NGX_LIVE_CODEC_AAC,
    NGX_LIVE_CODEC_MP3,
    NGX_LIVE_CODEC_OPUS,
    NGX_LIVE_CODEC_FLAC,
    NGX_LIVE_CODEC_AC3,
    NGX_LIVE_CODEC_EAC3,
    NGX_LIVE_CODEC_PCM          /* any other legacy audio */
} ngx_live_codec_e;


typedef enum {
    NGX_LIVE_TAG_CONFIG = 0,    /* a codec configuration record */
    NGX_LIVE_TAG_FRAME,
    NGX_LIVE_TAG_END,           /* end of sequence, no body */
    NGX_LIVE_TAG_METADATA,      /* AMF0: "colorInfo" and an object */
    NGX_LIVE_TAG_COMMAND,       /* seek start or end, no body */
    NGX_LIVE_TAG_CHANNELS,      /* MultichannelConfig, whole in the body */
    NGX_LIVE_TAG_SILENCE        /* a zero-length audio message */
} ngx_live_tag_type_e;


typedef struct {
    ngx_uint_t     type;        /* ngx_live_tag_type_e */
    ngx_uint_t     codec;       /* ngx_live_codec_e */
    uint32_t       fourcc;      /* 0 in a legacy message */

    unsigned       enhanced:1;
    unsigned       keyframe:1;
    unsigned       disposable:1;
    unsigned       multitrack:1;

    ngx_uint_t     track;       /* 0 where the message names none */
    int32_t        cts;         /* composition time offset, ms, signed */
    uint32_t       nano;        /* ns to add to the message's timestamp */

    /*
     * Legacy audio flags; 0 for AAC, whose flags carry nothing, and otherwise.
     * "channels" of NGX_LIVE_TAG_CHANNELS is the announced channel count.
     */

    ngx_uint_t     sample_rate; /* Hz */
    ngx_uint_t     channels;

    /*
     * The payload of the current track.  "body" points into the caller's
     * buffer, at most to its end; "body_len" comes from the length of the
     * message, so body + body_len may lie behind the prefix that was given.
     */

    const u_char  *body;
    size_t         body_len;

    /* private: the iterator */

    const u_char  *start;
    size_t         avail;       /* bytes at "start" */
    size_t         total;       /* bytes of the message */
    size_t         pos;         /* the cursor */
    size_t         next;        /* where the next track's header begins */
    ngx_uint_t     packet;      /* packet type nibble */
    ngx_uint_t     multi;       /* multitrack type nibble */
    unsigned       audio:1;
} ngx_live_tag_t;


#pragma GCC visibility push(hidden)

/*
 * p .. end is the message or a contiguous prefix of it, "total" the length of
 * the whole message.  The buffer stays the caller's and must outlive the tag.
 *
 *     NGX_OK        the tag is filled for the first or only track
 *     NGX_DECLINED  well formed, but with a FourCC, codec or packet type that
 *                   is not known: drop this track's part and count it (E9);
 *                   ngx_live_tag_next() may be called
 *     NGX_AGAIN     the header does not end within the prefix: call again with
 *                   a longer one; never when the whole message was given
 *     NGX_ERROR     malformed, or the message ends within its header
 */

ngx_int_t ngx_live_tag_video(const u_char *p, const u_char *end, size_t total,
    ngx_live_tag_t *tag);
ngx_int_t ngx_live_tag_audio(const u_char *p, const u_char *end, size_t total,
    ngx_live_tag_t *tag);

/* the next track of the message: as above, or NGX_DONE after the last one */

ngx_int_t ngx_live_tag_next(ngx_live_tag_t *tag);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_TAG_H_INCLUDED_ */
