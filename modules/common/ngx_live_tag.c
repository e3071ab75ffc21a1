
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_tag.h"


/* the first byte of an audio message: sound format, or 9 for Enhanced RTMP */

#define NGX_LIVE_TAG_SOUND_MP3          2
#define NGX_LIVE_TAG_SOUND_NELLY16      4
#define NGX_LIVE_TAG_SOUND_NELLY8       5
#define NGX_LIVE_TAG_SOUND_G711A        7
#define NGX_LIVE_TAG_SOUND_G711U        8
#define NGX_LIVE_TAG_SOUND_EX           9
#define NGX_LIVE_TAG_SOUND_AAC          10
#define NGX_LIVE_TAG_SOUND_SPEEX        11
#define NGX_LIVE_TAG_SOUND_MP3_8K       14
#define NGX_LIVE_TAG_SOUND_DEVICE       15

/* the first byte of a video message */

#define NGX_LIVE_TAG_VIDEO_EX           0x80

#define NGX_LIVE_TAG_FRAME_KEY          1
#define NGX_LIVE_TAG_FRAME_DISPOSABLE   3
#define NGX_LIVE_TAG_FRAME_COMMAND      5

#define NGX_LIVE_TAG_VIDEO_AVC          7
#define NGX_LIVE_TAG_VIDEO_HEVC         12  /* unofficial, E13 */

/* Enhanced RTMP packet types, the same for audio and video but 3 and up */

#define NGX_LIVE_TAG_SEQUENCE_START     0
#define NGX_LIVE_TAG_CODED_FRAMES       1
#define NGX_LIVE_TAG_SEQUENCE_END       2
#define NGX_LIVE_TAG_MODEX              7

#define NGX_LIVE_TAG_V_CODED_FRAMES_X   3
#define NGX_LIVE_TAG_V_METADATA         4
#define NGX_LIVE_TAG_V_MULTITRACK       6

#define NGX_LIVE_TAG_A_MULTICHANNEL     4
#define NGX_LIVE_TAG_A_MULTITRACK       5

#define NGX_LIVE_TAG_ONE_TRACK          0
#define NGX_LIVE_TAG_MANY_TRACKS        1
#define NGX_LIVE_TAG_MANY_CODECS        2

#define NGX_LIVE_TAG_MODEX_NANO         0
#define NGX_LIVE_TAG_NANO_MAX           999999

/* MultichannelConfig: channel order */

#define NGX_LIVE_TAG_ORDER_UNSPECIFIED  0
#define NGX_LIVE_TAG_ORDER_NATIVE       1
#define NGX_LIVE_TAG_ORDER_CUSTOM       2


typedef struct {
    uint32_t       fourcc;
    ngx_uint_t     codec;
} ngx_live_tag_fourcc_t;


static void ngx_live_tag_init(ngx_live_tag_t *tag, const u_char *p,
    const u_char *end, size_t total, ngx_uint_t audio);
static ngx_int_t ngx_live_tag_need(ngx_live_tag_t *tag, size_t n);
static uint32_t ngx_live_tag_read(ngx_live_tag_t *tag, ngx_uint_t n);
static ngx_int_t ngx_live_tag_legacy_avc(ngx_live_tag_t *tag);
static ngx_int_t ngx_live_tag_enhanced(ngx_live_tag_t *tag, ngx_uint_t command);
static ngx_int_t ngx_live_tag_modex(ngx_live_tag_t *tag);
static ngx_int_t ngx_live_tag_command(ngx_live_tag_t *tag);
static ngx_int_t ngx_live_tag_is_command(ngx_live_tag_t *tag);
static ngx_int_t ngx_live_tag_read_fourcc(ngx_live_tag_t *tag);
static ngx_int_t ngx_live_tag_track(ngx_live_tag_t *tag);
static ngx_int_t ngx_live_tag_body(ngx_live_tag_t *tag, size_t size);
static ngx_int_t ngx_live_tag_cts(ngx_live_tag_t *tag, size_t size);
static ngx_int_t ngx_live_tag_channels(ngx_live_tag_t *tag, size_t size);
static void ngx_live_tag_set_body(ngx_live_tag_t *tag, ngx_uint_t type,
    size_t size);


static const ngx_live_tag_fourcc_t  ngx_live_tag_video_fourcc[] = {
    { NGX_LIVE_TAG_FOURCC('a', 'v', 'c', '1'), NGX_LIVE_CODEC_H264 },
    { NGX_LIVE_TAG_FOURCC('h', 'v', 'c', '1'), NGX_LIVE_CODEC_HEVC },
    { NGX_LIVE_TAG_FOURCC('a', 'v', '0', '1'), NGX_LIVE_CODEC_AV1 },
    { NGX_LIVE_TAG_FOURCC('v', 'p', '0', '9'), NGX_LIVE_CODEC_VP9 },
    { NGX_LIVE_TAG_FOURCC('v', 'p', '0', '8'), NGX_LIVE_CODEC_VP8 },
    { NGX_LIVE_TAG_FOURCC('v', 'v', 'c', '1'), NGX_LIVE_CODEC_VVC },
    { 0, NGX_LIVE_CODEC_NONE }
};


static const ngx_live_tag_fourcc_t  ngx_live_tag_audio_fourcc[] = {
    { NGX_LIVE_TAG_FOURCC('m', 'p', '4', 'a'), NGX_LIVE_CODEC_AAC },
    { NGX_LIVE_TAG_FOURCC('O', 'p', 'u', 's'), NGX_LIVE_CODEC_OPUS },
    { NGX_LIVE_TAG_FOURCC('.', 'm', 'p', '3'), NGX_LIVE_CODEC_MP3 },
    { NGX_LIVE_TAG_FOURCC('f', 'L', 'a', 'C'), NGX_LIVE_CODEC_FLAC },
    { NGX_LIVE_TAG_FOURCC('a', 'c', '-', '3'), NGX_LIVE_CODEC_AC3 },
    { NGX_LIVE_TAG_FOURCC('e', 'c', '-', '3'), NGX_LIVE_CODEC_EAC3 },
    { 0, NGX_LIVE_CODEC_NONE }
};


/* FLV E.4.2.1, SoundRate, Hz */

static const ngx_uint_t  ngx_live_tag_rates[] = { 5512, 11025, 22050, 44100 };


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-----+-------+---------------+-------------------------------+
 * |0|frame| codec | AVCPacketType |     composition time, SI24    |
 * +-+-----+-------+---------------+---------------+---------------+
 * |               |  data ...
 * +---------------+
 *
 * FLV E.4.3.1 and E.4.3.2; the packet type and the time are there for AVC only.
 *
 * +-+-----+-------+-----------------------------------------------+
 * |1|frame|packet | [ModEx ...] FourCC or multitrack header ...
 * +-+-----+-------+
 *
 * Enhanced RTMP v2, "ExVideoTagHeader".
 */

ngx_int_t
ngx_live_tag_video(const u_char *p, const u_char *end, size_t total,
    ngx_live_tag_t *tag)
{
    ngx_int_t   rc;
    ngx_uint_t  b, frame;

    ngx_live_tag_init(tag, p, end, total, 0);

    if (total == 0) {
        return NGX_DECLINED;
    }

    rc = ngx_live_tag_need(tag, 1);
    if (rc != NGX_OK) {
        return rc;
    }

    b = ngx_live_tag_read(tag, 1);

    frame = (b >> 4) & 0x07;

    tag->keyframe = (frame == NGX_LIVE_TAG_FRAME_KEY);
    tag->disposable = (frame == NGX_LIVE_TAG_FRAME_DISPOSABLE);
    tag->packet = b & 0x0f;

    if (b & NGX_LIVE_TAG_VIDEO_EX) {
        return ngx_live_tag_enhanced(tag, frame == NGX_LIVE_TAG_FRAME_COMMAND);
    }

    switch (tag->packet) {

    case 1:     /* JPEG */
    case 2:     /* Sorenson H.263 */
    case 3:     /* Screen video */
    case 4:     /* On2 VP6 */
    case 5:     /* On2 VP6 with alpha */
    case 6:     /* Screen video 2 */
        tag->codec = NGX_LIVE_CODEC_FLV1;
        break;

    case NGX_LIVE_TAG_VIDEO_AVC:
        tag->codec = NGX_LIVE_CODEC_H264;
        break;

    case NGX_LIVE_TAG_VIDEO_HEVC:
        tag->codec = NGX_LIVE_CODEC_HEVC;
        break;

    default:
        return NGX_DECLINED;
    }

    if (frame == 0 || frame > NGX_LIVE_TAG_FRAME_COMMAND) {
        return NGX_DECLINED;
    }

    if (frame == NGX_LIVE_TAG_FRAME_COMMAND) {
        return ngx_live_tag_command(tag);
    }

    if (tag->codec != NGX_LIVE_CODEC_FLV1) {
        return ngx_live_tag_legacy_avc(tag);
    }

    ngx_live_tag_set_body(tag, NGX_LIVE_TAG_FRAME, total - tag->pos);

    return NGX_OK;
}


/*
 * +-------+---+-+-+---------------+
 * |format |rat|b|c| AACPacketType |  data ...
 * +-------+---+-+-+---------------+
 *
 * FLV E.4.2.1; b: 16-bit samples, c: stereo; the packet type for AAC only.
 *
 * +-------+-------+
 * |   9   |packet | [ModEx ...] FourCC or multitrack header ...
 * +-------+-------+
 *
 * Enhanced RTMP v2, "ExAudioTagHeader".
 */

ngx_int_t
ngx_live_tag_audio(const u_char *p, const u_char *end, size_t total,
    ngx_live_tag_t *tag)
{
    ngx_int_t   rc;
    ngx_uint_t  b, format;

    ngx_live_tag_init(tag, p, end, total, 1);

    if (total == 0) {
        ngx_live_tag_set_body(tag, NGX_LIVE_TAG_SILENCE, 0);
        return NGX_OK;
    }

    rc = ngx_live_tag_need(tag, 1);
    if (rc != NGX_OK) {
        return rc;
    }

    b = ngx_live_tag_read(tag, 1);

    format = b >> 4;

    if (format == NGX_LIVE_TAG_SOUND_EX) {
        tag->packet = b & 0x0f;
        return ngx_live_tag_enhanced(tag, 0);
    }

    tag->sample_rate = ngx_live_tag_rates[(b >> 2) & 0x03];
    tag->channels = (b & 0x01) + 1;

    switch (format) {

    case NGX_LIVE_TAG_SOUND_AAC:
        tag->codec = NGX_LIVE_CODEC_AAC;

        /* always 44.1 kHz stereo, whatever the stream is */

        tag->sample_rate = 0;
        tag->channels = 0;

        rc = ngx_live_tag_need(tag, 1);
        if (rc != NGX_OK) {
            return rc;
        }

        switch (ngx_live_tag_read(tag, 1)) {

        case 0:
            ngx_live_tag_set_body(tag, NGX_LIVE_TAG_CONFIG, total - tag->pos);
            return NGX_OK;

        case 1:
            break;

        default:
            return NGX_DECLINED;
        }

        break;

    case NGX_LIVE_TAG_SOUND_MP3_8K:
        tag->sample_rate = 8000;

        /* fall through */

    case NGX_LIVE_TAG_SOUND_MP3:
        tag->codec = NGX_LIVE_CODEC_MP3;
        break;

    case NGX_LIVE_TAG_SOUND_NELLY16:
    case NGX_LIVE_TAG_SOUND_SPEEX:
        tag->codec = NGX_LIVE_CODEC_PCM;
        tag->sample_rate = 16000;
        tag->channels = 1;
        break;

    case NGX_LIVE_TAG_SOUND_NELLY8:
        tag->channels = 1;

        /* fall through */

    case NGX_LIVE_TAG_SOUND_G711A:
    case NGX_LIVE_TAG_SOUND_G711U:
        tag->codec = NGX_LIVE_CODEC_PCM;
        tag->sample_rate = 8000;
        break;

    case 0:     /* linear PCM, platform endian */
    case 1:     /* ADPCM */
    case 3:     /* linear PCM, little endian */
    case 6:     /* Nellymoser */
    case NGX_LIVE_TAG_SOUND_DEVICE:
        tag->codec = NGX_LIVE_CODEC_PCM;
        break;

    default:
        return NGX_DECLINED;
    }

    ngx_live_tag_set_body(tag, NGX_LIVE_TAG_FRAME, total - tag->pos);

    return NGX_OK;
}


ngx_int_t
ngx_live_tag_next(ngx_live_tag_t *tag)
{
    if (tag->next >= tag->total) {
        return NGX_DONE;
    }

    tag->pos = tag->next;

    return ngx_live_tag_track(tag);
}


static void
ngx_live_tag_init(ngx_live_tag_t *tag, const u_char *p, const u_char *end,
    size_t total, ngx_uint_t audio)
{
    ngx_memzero(tag, sizeof(ngx_live_tag_t));

    tag->start = p;
    tag->avail = ngx_min((size_t) (end - p), total);
    tag->total = total;
    tag->next = total;
    tag->audio = audio ? 1 : 0;
    tag->body = p;
}


/* are the next n bytes at hand, still to come, or not in the message at all */

static ngx_int_t
ngx_live_tag_need(ngx_live_tag_t *tag, size_t n)
{
    if (n > tag->total - tag->pos) {
        return NGX_ERROR;
    }

    /* the cursor may be behind the prefix, where the next track begins */

    if (tag->pos > tag->avail || n > tag->avail - tag->pos) {
        return NGX_AGAIN;
    }

    return NGX_OK;
}


/* a big-endian number of n bytes, which must be at hand */

static uint32_t
ngx_live_tag_read(ngx_live_tag_t *tag, ngx_uint_t n)
{
    uint32_t  v;

    for (v = 0; n; n--) {
        v = v << 8 | tag->start[tag->pos++];
    }

    return v;
}


static ngx_int_t
ngx_live_tag_legacy_avc(ngx_live_tag_t *tag)
{
    ngx_int_t   rc;
    ngx_uint_t  packet;

    rc = ngx_live_tag_need(tag, 4);
    if (rc != NGX_OK) {
        return rc;
    }

    packet = ngx_live_tag_read(tag, 1);

    if (packet == NGX_LIVE_TAG_CODED_FRAMES) {
        return ngx_live_tag_cts(tag, tag->total - tag->pos);
    }

    /* the time is to be ignored */

    tag->pos += 3;

    switch (packet) {

    case NGX_LIVE_TAG_SEQUENCE_START:
        ngx_live_tag_set_body(tag, NGX_LIVE_TAG_CONFIG, tag->total - tag->pos);
        return NGX_OK;

    case NGX_LIVE_TAG_SEQUENCE_END:
        ngx_live_tag_set_body(tag, NGX_LIVE_TAG_END, 0);
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_live_tag_enhanced(ngx_live_tag_t *tag, ngx_uint_t command)
{
    ngx_int_t   rc;
    ngx_uint_t  b, multitrack;

    tag->enhanced = 1;

    /* each round takes 3 bytes at least */

    while (tag->packet == NGX_LIVE_TAG_MODEX) {

        rc = ngx_live_tag_modex(tag);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (command) {
        rc = ngx_live_tag_is_command(tag);

        if (rc == NGX_OK) {
            return ngx_live_tag_command(tag);
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    multitrack = tag->audio ? NGX_LIVE_TAG_A_MULTITRACK
                            : NGX_LIVE_TAG_V_MULTITRACK;

    if (tag->packet != multitrack) {

        rc = ngx_live_tag_read_fourcc(tag);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_live_tag_body(tag, tag->total - tag->pos);
    }

    rc = ngx_live_tag_need(tag, 1);
    if (rc != NGX_OK) {
        return rc;
    }

    b = ngx_live_tag_read(tag, 1);

    tag->multitrack = 1;
    tag->multi = b >> 4;
    tag->packet = b & 0x0f;

    if (tag->multi > NGX_LIVE_TAG_MANY_CODECS) {
        return NGX_DECLINED;
    }

    if (tag->packet == multitrack) {
        return NGX_ERROR;
    }

    if (tag->multi != NGX_LIVE_TAG_MANY_CODECS) {

        rc = ngx_live_tag_read_fourcc(tag);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_live_tag_track(tag);
}


/*
 * +---------------+---------------+-------+-------+
 * |    size - 1   | data, "size"  | type  |packet |
 * +---------------+---------------+-------+-------+
 *
 * Where the first byte is 255, size - 1 is in the two bytes after it.
 */

static ngx_int_t
ngx_live_tag_modex(ngx_live_tag_t *tag)
{
    size_t      size;
    uint32_t    b, nano;
    ngx_int_t   rc;

    rc = ngx_live_tag_need(tag, 1);
    if (rc != NGX_OK) {
        return rc;
    }

    size = ngx_live_tag_read(tag, 1) + 1;

    if (size == 256) {

        rc = ngx_live_tag_need(tag, 2);
        if (rc != NGX_OK) {
            return rc;
        }

        size = ngx_live_tag_read(tag, 2) + 1;
    }

    rc = ngx_live_tag_need(tag, size + 1);
    if (rc != NGX_OK) {
        return rc;
    }

    b = tag->start[tag->pos + size];

    tag->packet = b & 0x0f;

    if (b >> 4 != NGX_LIVE_TAG_MODEX_NANO) {
        tag->pos += size + 1;
        return NGX_OK;
    }

    if (size < 3) {
        return NGX_ERROR;
    }

    nano = ngx_live_tag_read(tag, 3);
    tag->pos += size - 3 + 1;

    if (nano > NGX_LIVE_TAG_NANO_MAX) {
        return NGX_ERROR;
    }

    tag->nano = nano;

    return NGX_OK;
}


/* one byte: 0 start of a seek, 1 its end; nothing here wants to know which */

static ngx_int_t
ngx_live_tag_command(ngx_live_tag_t *tag)
{
    ngx_int_t  rc;

    rc = ngx_live_tag_need(tag, 1);
    if (rc != NGX_OK) {
        return rc;
    }

    tag->pos++;

    tag->codec = NGX_LIVE_CODEC_NONE;
    ngx_live_tag_set_body(tag, NGX_LIVE_TAG_COMMAND, 0);

    return NGX_OK;
}


/*
 * In a message of the command frame type: NGX_DECLINED for metadata, which
 * FFmpeg sends with this frame type (E4), NGX_OK for a command.  Metadata of
 * another track than 0 wears a multitrack header; as a command is one byte and
 * that header six or more, the two cannot be taken for each other.
 */

static ngx_int_t
ngx_live_tag_is_command(ngx_live_tag_t *tag)
{
    ngx_int_t  rc;

    if (tag->packet == NGX_LIVE_TAG_V_METADATA) {
        return NGX_DECLINED;
    }

    if (tag->packet != NGX_LIVE_TAG_V_MULTITRACK
        || tag->total - tag->pos < 6)
    {
        return NGX_OK;
    }

    rc = ngx_live_tag_need(tag, 1);
    if (rc != NGX_OK) {
        return rc;
    }

    return ((tag->start[tag->pos] & 0x0f) == NGX_LIVE_TAG_V_METADATA)
           ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_live_tag_read_fourcc(ngx_live_tag_t *tag)
{
    ngx_int_t                     rc;
    const ngx_live_tag_fourcc_t  *f;

    rc = ngx_live_tag_need(tag, 4);
    if (rc != NGX_OK) {
        return rc;
    }

    tag->fourcc = ngx_live_tag_read(tag, 4);

    f = tag->audio ? ngx_live_tag_audio_fourcc : ngx_live_tag_video_fourcc;

    while (f->codec != NGX_LIVE_CODEC_NONE && f->fourcc != tag->fourcc) {
        f++;
    }

    tag->codec = f->codec;

    return NGX_OK;
}


/*
 * +---------------+---------------+---------------+---------------+
 * |             FourCC, in ManyTracksManyCodecs only              |
 * +---------------+---------------+---------------+---------------+
 * |   track id    |   size of the body, not in OneTrack, UI24     |
 * +---------------+---------------+---------------+---------------+
 */

static ngx_int_t
ngx_live_tag_track(ngx_live_tag_t *tag)
{
    size_t     size;
    ngx_int_t  rc;

    /* after a failure there is no next track */

    tag->next = tag->total;

    if (tag->multi == NGX_LIVE_TAG_MANY_CODECS) {

        rc = ngx_live_tag_read_fourcc(tag);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_live_tag_need(tag, tag->multi == NGX_LIVE_TAG_ONE_TRACK ? 1 : 4);
    if (rc != NGX_OK) {
        return rc;
    }

    tag->track = ngx_live_tag_read(tag, 1);

    if (tag->multi == NGX_LIVE_TAG_ONE_TRACK) {
        size = tag->total - tag->pos;

    } else {
        size = ngx_live_tag_read(tag, 3);

        if (size > tag->total - tag->pos) {
            return NGX_ERROR;
        }
    }

    tag->next = tag->pos + size;

    rc = ngx_live_tag_body(tag, size);

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        tag->next = tag->total;
    }

    return rc;
}


/* the part of one track, "size" bytes from the cursor on */

static ngx_int_t
ngx_live_tag_body(ngx_live_tag_t *tag, size_t size)
{
    tag->cts = 0;
    tag->channels = 0;

    ngx_live_tag_set_body(tag, NGX_LIVE_TAG_FRAME, size);

    if (tag->codec == NGX_LIVE_CODEC_NONE) {
        return NGX_DECLINED;
    }

    switch (tag->packet) {

    case NGX_LIVE_TAG_SEQUENCE_START:
        tag->type = NGX_LIVE_TAG_CONFIG;
        return NGX_OK;

    case NGX_LIVE_TAG_CODED_FRAMES:

        switch (tag->codec) {

        case NGX_LIVE_CODEC_H264:
        case NGX_LIVE_CODEC_HEVC:
        case NGX_LIVE_CODEC_VVC:
            return ngx_live_tag_cts(tag, size);

        default:
            return NGX_OK;
        }

    case NGX_LIVE_TAG_SEQUENCE_END:
        ngx_live_tag_set_body(tag, NGX_LIVE_TAG_END, 0);
        return NGX_OK;

    default:
        break;
    }

    if (tag->audio) {

        if (tag->packet == NGX_LIVE_TAG_A_MULTICHANNEL) {
            return ngx_live_tag_channels(tag, size);
        }

        return NGX_DECLINED;
    }

    switch (tag->packet) {

    case NGX_LIVE_TAG_V_CODED_FRAMES_X:
        return NGX_OK;

    case NGX_LIVE_TAG_V_METADATA:
        tag->type = NGX_LIVE_TAG_METADATA;
        return NGX_OK;

    default:

        /*
         * Unknown, or an AV1 descriptor of MPEG-2 TS instead of av1C, which no
         * encoder sends.
         */

        return NGX_DECLINED;
    }
}


/* a frame behind its composition time offset, SI24 */

static ngx_int_t
ngx_live_tag_cts(ngx_live_tag_t *tag, size_t size)
{
    int32_t    cts;
    ngx_int_t  rc;

    if (size < 3) {
        return NGX_ERROR;
    }

    rc = ngx_live_tag_need(tag, 3);
    if (rc != NGX_OK) {
        return rc;
    }

    cts = (int32_t) ngx_live_tag_read(tag, 3);

    tag->cts = (cts & 0x800000) ? cts - 0x1000000 : cts;

    ngx_live_tag_set_body(tag, NGX_LIVE_TAG_FRAME, size - 3);

    return NGX_OK;
}


/*
 * +---------------+---------------+
 * | channel order | channel count | UI32 mask, or "count" bytes, or nothing
 * +---------------+---------------+
 */

static ngx_int_t
ngx_live_tag_channels(ngx_live_tag_t *tag, size_t size)
{
    size_t         len;
    ngx_int_t      rc;
    const u_char  *p;

    if (size < 2) {
        return NGX_ERROR;
    }

    rc = ngx_live_tag_need(tag, 2);
    if (rc != NGX_OK) {
        return rc;
    }

    p = tag->start + tag->pos;

    switch (p[0]) {

    case NGX_LIVE_TAG_ORDER_UNSPECIFIED:
        len = 2;
        break;

    case NGX_LIVE_TAG_ORDER_NATIVE:
        len = 6;
        break;

    case NGX_LIVE_TAG_ORDER_CUSTOM:
        len = 2 + p[1];
        break;

    default:
        return NGX_DECLINED;
    }

    if (size < len) {
        return NGX_ERROR;
    }

    tag->channels = p[1];
    ngx_live_tag_set_body(tag, NGX_LIVE_TAG_CHANNELS, size);

    return NGX_OK;
}


static void
ngx_live_tag_set_body(ngx_live_tag_t *tag, ngx_uint_t type, size_t size)
{
    tag->type = type;
    tag->body = tag->start + tag->pos;
    tag->body_len = size;
}
