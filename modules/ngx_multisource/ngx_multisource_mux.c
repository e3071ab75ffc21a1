
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>

#include "ngx_multisource_mux.h"


#define NGX_MULTISOURCE_MUX_TRACKS      2

#define NGX_MULTISOURCE_MUX_VIDEO_HZ    90000

/* a record takes some hundred bytes */

#define NGX_MULTISOURCE_MUX_MAX_RECORD  65535

/* of a fragment, more than anything that makes sense: bytes, frames */

#define NGX_MULTISOURCE_MUX_MAX_DATA    (256 * 1024 * 1024)
#define NGX_MULTISOURCE_MUX_MAX_FRAMES  65536

/*
 * The longest composition offset either way, in ticks: a minute, 16 reordered
 * frames of a screen that is shared at one frame every 3 seconds.
 */

#define NGX_MULTISOURCE_MUX_MAX_CTS     (60 * NGX_MULTISOURCE_MUX_VIDEO_HZ)

/*
 * The longest time of a frame. A sample duration has 32 bits; libavformat
 * wants less than 31, on top of the shift of video, see below.
 */

#define NGX_MULTISOURCE_MUX_MAX_GAP                                           \
    (INT32_MAX - 1 - NGX_MULTISOURCE_MUX_MAX_CTS)

#define NGX_MULTISOURCE_MUX_MIN_BUFFER  65536

/*
 * The size of boxes (ISO/IEC 14496-12, 8.8.4 to 8.8.8) with all that is
 * optional in them.
 *
 *     moof 8, mfhd 16; header of mdat 8
 *     traf 8, tfhd 40, tfdt 20, trun 24
 */

#define NGX_MULTISOURCE_MUX_MOOF        (8 + 16 + 8)
#define NGX_MULTISOURCE_MUX_TRAF        (8 + 40 + 20 + 24)
#define NGX_MULTISOURCE_MUX_SAMPLE      16

#define NGX_MULTISOURCE_MUX_CC(a, b, c, d)                                    \
    ((uint32_t) (a) << 24 | (uint32_t) (b) << 16                              \
     | (uint32_t) (c) << 8 | (uint32_t) (d))

/* AV1 6.2.2 */

#define NGX_MULTISOURCE_MUX_OBU_DELIMITER  2
#define NGX_MULTISOURCE_MUX_OBU_REDUNDANT  7
#define NGX_MULTISOURCE_MUX_OBU_TILES      8
#define NGX_MULTISOURCE_MUX_OBU_PADDING    15

/*
 * libavformat has a time line of its own for each track, which begins at 0 and
 * has no gaps: a fragment begins where the one before it ended according to the
 * duration of its last frame. What a fragment says of its time is written over
 * afterwards. It could be told of a gap ("frag_discont"), but a frame that
 * comes before the one before it was said to end would be moved.
 *
 * Video is behind by a constant there: libavformat takes no frame that is shown
 * before it is decoded, and adds the composition offset of the first frame to
 * all decoding times ("negative_cts_offsets"). A first frame that is empty,
 * which is not written, makes that offset the constant.
 */

typedef struct {
    ngx_uint_t                  codec;
    ngx_uint_t                  length;   /* of a NAL unit's length, bytes;
                                             0: there are no NAL units */
    int64_t                     shift;

    int64_t                     last;     /* the last frame's time */
    uint32_t                    duration; /* and what was said of it */

    int64_t                     start;    /* the fragment's first frame's */
    int64_t                     base;     /* and libavformat's time of it */
    ngx_uint_t                  frames;   /* in the fragment */
} ngx_multisource_mux_line_t;


struct ngx_multisource_mux_s {
    AVFormatContext            *ctx;
    AVPacket                   *packet;
    ngx_log_t                  *log;

    u_char                     *init;

    /* of ctx->pb; large enough for a fragment, which is never copied from it */

    u_char                     *buf;
    size_t                      size;
    size_t                      len;      /* of the fragment in it */

    /* the last frame of video: the one after it says how long it takes */

    AVPacket                   *held;     /* .size 0: there is none */
    u_char                     *copy;
    unsigned                    ncopy;

    /* in the order of the streams */

    ngx_multisource_mux_line_t  lines[NGX_MULTISOURCE_MUX_TRACKS];
    ngx_multisource_mux_line_t *video;
    ngx_multisource_mux_line_t *audio;

    /* of the fragment to come */

    size_t                      data;
    ngx_uint_t                  frames;

    unsigned                    failed:1;
};


static ngx_int_t ngx_multisource_mux_open_tracks(ngx_multisource_mux_t *mux,
    const ngx_multisource_mux_track_t *video,
    const ngx_multisource_mux_track_t *audio);
static ngx_int_t ngx_multisource_mux_record(
    const ngx_multisource_mux_track_t *track, ngx_live_codec_t *info,
    ngx_uint_t *length);
static ngx_multisource_mux_line_t *ngx_multisource_mux_open_stream(
    ngx_multisource_mux_t *mux, const ngx_multisource_mux_track_t *track,
    const ngx_live_codec_t *info, ngx_uint_t length);
static ngx_int_t ngx_multisource_mux_open_init(ngx_multisource_mux_t *mux,
    ngx_str_t *init);
static ngx_int_t ngx_multisource_mux_open_shift(ngx_multisource_mux_t *mux);
static ngx_int_t ngx_multisource_mux_open_buffer(ngx_multisource_mux_t *mux,
    size_t size);
static int ngx_multisource_mux_write(void *opaque, uint8_t *buf, int size);
static ngx_int_t ngx_multisource_mux_frame(ngx_multisource_mux_t *mux,
    ngx_multisource_mux_line_t *line, int64_t time, int32_t cts,
    uint32_t duration, ngx_uint_t keyframe, u_char *data, size_t len);
static ngx_int_t ngx_multisource_mux_release(ngx_multisource_mux_t *mux,
    int64_t next);
static ngx_int_t ngx_multisource_mux_units(ngx_uint_t length, const u_char *p,
    size_t len);
static size_t ngx_multisource_mux_obus(const u_char *p, size_t len);
static ngx_int_t ngx_multisource_mux_stamp(ngx_multisource_mux_t *mux);
static ngx_int_t ngx_multisource_mux_stamp_traf(ngx_multisource_mux_t *mux,
    u_char *p, u_char *end);
static u_char *ngx_multisource_mux_box(u_char *p, u_char *end,
    uint32_t *type);
static ngx_int_t ngx_multisource_mux_failed(ngx_multisource_mux_t *mux,
    int err);


ngx_uint_t
ngx_multisource_mux_carries(ngx_uint_t codec)
{
    switch (codec) {

    case NGX_LIVE_CODEC_H264:
    case NGX_LIVE_CODEC_HEVC:
    case NGX_LIVE_CODEC_AV1:
    case NGX_LIVE_CODEC_AAC:
    case NGX_LIVE_CODEC_OPUS:
        return 1;

    default:
        return 0;
    }
}


ngx_multisource_mux_t *
ngx_multisource_mux_open(const ngx_multisource_mux_track_t *video,
    const ngx_multisource_mux_track_t *audio, ngx_str_t *init, ngx_log_t *log)
{
    ngx_multisource_mux_t  *mux;

    mux = ngx_calloc(sizeof(ngx_multisource_mux_t), log);
    if (mux == NULL) {
        return NULL;
    }

    mux->log = log;

    if (ngx_multisource_mux_open_tracks(mux, video, audio) != NGX_OK
        || ngx_multisource_mux_open_init(mux, init) != NGX_OK
        || ngx_multisource_mux_open_shift(mux) != NGX_OK)
    {
        ngx_multisource_mux_close(mux);
        return NULL;
    }

    return mux;
}


static ngx_int_t
ngx_multisource_mux_open_tracks(ngx_multisource_mux_t *mux,
    const ngx_multisource_mux_track_t *video,
    const ngx_multisource_mux_track_t *audio)
{
    int                                 err;
    ngx_uint_t                          i, length;
    ngx_live_codec_t                    info;
    ngx_multisource_mux_line_t         *line;
    const ngx_multisource_mux_track_t  *track;

    err = avformat_alloc_output_context2(&mux->ctx, NULL, "mp4", NULL);

    if (err < 0) {
        return ngx_multisource_mux_failed(mux, err);
    }

    mux->packet = av_packet_alloc();
    mux->held = av_packet_alloc();

    if (mux->packet == NULL || mux->held == NULL) {
        return ngx_multisource_mux_failed(mux, AVERROR(ENOMEM));
    }

    for (i = 0; i < NGX_MULTISOURCE_MUX_TRACKS; i++) {
        track = (i == 0) ? video : audio;

        if (track->codec.codec == NGX_LIVE_CODEC_NONE) {
            continue;
        }

        if (!ngx_multisource_mux_carries(track->codec.codec)
            || (i == 0) != (track->codec.codec < NGX_LIVE_CODEC_AAC)
            || ngx_multisource_mux_record(track, &info, &length) != NGX_OK)
        {
            ngx_log_error(NGX_LOG_INFO, mux->log, 0,
                          "multisource: hls cannot carry %s %s with a decoder "
                          "record of %uz bytes", i == 0 ? "video" : "audio",
                          ngx_live_codec_label(track->codec.codec),
                          track->record.len);
            return NGX_ERROR;
        }

        line = ngx_multisource_mux_open_stream(mux, track, &info, length);

        if (line == NULL) {
            return ngx_multisource_mux_failed(mux, AVERROR(ENOMEM));
        }

        if (i == 0) {
            mux->video = line;
            line->shift = NGX_MULTISOURCE_MUX_MAX_CTS;

        } else {
            mux->audio = line;
        }
    }

    if (mux->ctx->nb_streams == 0) {
        ngx_log_error(NGX_LOG_INFO, mux->log, 0,
                      "multisource: hls has no track to carry");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * libavformat copies a record as it is, and would leave the box empty or take
 * the frames for another format if it did not like it.
 */

static ngx_int_t
ngx_multisource_mux_record(const ngx_multisource_mux_track_t *track,
    ngx_live_codec_t *info, ngx_uint_t *length)
{
    size_t         len;
    const u_char  *p;

    p = track->record.data;
    len = track->record.len;

    if (len == 0
        || len > NGX_MULTISOURCE_MUX_MAX_RECORD
        || ngx_live_codec_config(track->codec.codec, p, p + len, info)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    *length = 0;

    switch (track->codec.codec) {

    case NGX_LIVE_CODEC_AAC:
    case NGX_LIVE_CODEC_OPUS:
        return info->sample_rate ? NGX_OK : NGX_DECLINED;

    case NGX_LIVE_CODEC_H264:
        *length = (p[4] & 0x03) + 1;
        break;

    case NGX_LIVE_CODEC_HEVC:
        *length = (p[0] == 1) ? (p[21] & 0x03) + 1 : 3;
        break;
    }

    /* ISO/IEC 14496-15, 5.3.3.1.2: lengths of 1, 2 and 4 bytes */

    if (*length == 3) {
        return NGX_DECLINED;
    }

    /* an AV1 sequence header may be left out of its record */

    if (info->width == 0 || info->height == 0) {
        info->width = track->codec.width;
        info->height = track->codec.height;
    }

    if (info->width == 0 || info->width > NGX_LIVE_CODEC_MAX_SIZE
        || info->height == 0 || info->height > NGX_LIVE_CODEC_MAX_SIZE)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_multisource_mux_line_t *
ngx_multisource_mux_open_stream(ngx_multisource_mux_t *mux,
    const ngx_multisource_mux_track_t *track, const ngx_live_codec_t *info,
    ngx_uint_t length)
{
    AVStream                    *stream;
    AVCodecParameters           *par;
    ngx_multisource_mux_line_t  *line;

    stream = avformat_new_stream(mux->ctx, NULL);
    if (stream == NULL) {
        return NULL;
    }

    par = stream->codecpar;

    par->extradata = av_mallocz(track->record.len
                                + AV_INPUT_BUFFER_PADDING_SIZE);
    if (par->extradata == NULL) {
        return NULL;
    }

    ngx_memcpy(par->extradata, track->record.data, track->record.len);
    par->extradata_size = (int) track->record.len;

    switch (track->codec.codec) {

    case NGX_LIVE_CODEC_H264:
        par->codec_id = AV_CODEC_ID_H264;
        par->codec_tag = MKTAG('a', 'v', 'c', '1');
        break;

    case NGX_LIVE_CODEC_HEVC:
        par->codec_id = AV_CODEC_ID_HEVC;
        par->codec_tag = MKTAG('h', 'v', 'c', '1');
        break;

    case NGX_LIVE_CODEC_AV1:
        par->codec_id = AV_CODEC_ID_AV1;
        par->codec_tag = MKTAG('a', 'v', '0', '1');
        break;

    case NGX_LIVE_CODEC_AAC:
        par->codec_id = AV_CODEC_ID_AAC;
        par->codec_tag = MKTAG('m', 'p', '4', 'a');
        par->frame_size = 1024;
        break;

    default: /* NGX_LIVE_CODEC_OPUS */
        par->codec_id = AV_CODEC_ID_OPUS;
        par->codec_tag = MKTAG('O', 'p', 'u', 's');
        par->frame_size = 960;
    }

    stream->time_base.num = 1;

    if (track->codec.codec < NGX_LIVE_CODEC_AAC) {
        par->codec_type = AVMEDIA_TYPE_VIDEO;
        par->width = (int) info->width;
        par->height = (int) info->height;

        stream->time_base.den = NGX_MULTISOURCE_MUX_VIDEO_HZ;

    } else {
        par->codec_type = AVMEDIA_TYPE_AUDIO;
        par->sample_rate = (int) info->sample_rate;
        av_channel_layout_default(&par->ch_layout,
                                  info->channels ? (int) info->channels : 2);

        stream->time_base.den = (int) info->sample_rate;
    }

    line = &mux->lines[stream->index];

    line->codec = track->codec.codec;
    line->length = length;
    line->last = -1;

    return line;
}


static ngx_int_t
ngx_multisource_mux_open_init(ngx_multisource_mux_t *mux, ngx_str_t *init)
{
    int               err, len;
    u_char           *p, *end;
    uint32_t          type;
    const char       *flags;
    AVFormatContext  *ctx;

    ctx = mux->ctx;

    /* a track that is alone is one of CMAF, ISO/IEC 23000-19 */

    flags = (ctx->nb_streams == 1)
            ? "+empty_moov+default_base_moof+frag_custom+skip_trailer"
              "+negative_cts_offsets+cmaf"
            : "+empty_moov+default_base_moof+frag_custom+skip_trailer"
              "+negative_cts_offsets";

    ctx->flags |= AVFMT_FLAG_BITEXACT;      /* names no version */
    ctx->flags &= ~AVFMT_FLAG_AUTO_BSF;
    ctx->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;

    err = av_opt_set(ctx->priv_data, "movflags", flags, 0);

    if (err >= 0) {
        err = av_opt_set_int(ctx->priv_data, "use_editlist", 0, 0);
    }

    if (err >= 0) {
        err = avio_open_dyn_buf(&ctx->pb);
    }

    if (err < 0) {
        return ngx_multisource_mux_failed(mux, err);
    }

    err = avformat_write_header(ctx, NULL);
    len = avio_close_dyn_buf(ctx->pb, &mux->init);

    ctx->pb = NULL;

    if (err < 0) {
        return ngx_multisource_mux_failed(mux, err);
    }

    p = mux->init;

    if (p == NULL || len <= 0) {
        return ngx_multisource_mux_failed(mux, AVERROR(ENOMEM));
    }

    end = p + len;
    p = ngx_multisource_mux_box(p, end, &type);

    if (p == NULL || type != NGX_MULTISOURCE_MUX_CC('f', 't', 'y', 'p')) {
        return ngx_multisource_mux_failed(mux, AVERROR_BUG);
    }

    p = ngx_multisource_mux_box(p, end, &type);

    if (p != end || type != NGX_MULTISOURCE_MUX_CC('m', 'o', 'o', 'v')) {
        return ngx_multisource_mux_failed(mux, AVERROR_BUG);
    }

    init->data = mux->init;
    init->len = len;

    return ngx_multisource_mux_open_buffer(mux, NGX_MULTISOURCE_MUX_MIN_BUFFER);
}


/* the empty frame, see above */

static ngx_int_t
ngx_multisource_mux_open_shift(ngx_multisource_mux_t *mux)
{
    int        err;
    AVPacket  *packet;

    if (mux->video == NULL) {
        return NGX_OK;
    }

    packet = mux->packet;

    /* anything but NULL, which would be the end of the stream */

    packet->data = mux->init;
    packet->size = 0;

    packet->stream_index = (int) (mux->video - mux->lines);
    packet->pts = -1;
    packet->dts = packet->pts - mux->video->shift;

    err = av_write_frame(mux->ctx, packet);

    if (err < 0) {
        return ngx_multisource_mux_failed(mux, err);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_mux_open_buffer(ngx_multisource_mux_t *mux, size_t size)
{
    avio_context_free(&mux->ctx->pb);
    av_free(mux->buf);

    mux->size = 0;
    mux->buf = av_malloc(size);

    if (mux->buf == NULL) {
        return ngx_multisource_mux_failed(mux, AVERROR(ENOMEM));
    }

    mux->ctx->pb = avio_alloc_context(mux->buf, (int) size, 1, mux, NULL,
                                      ngx_multisource_mux_write, NULL);

    if (mux->ctx->pb == NULL) {
        return ngx_multisource_mux_failed(mux, AVERROR(ENOMEM));
    }

    mux->size = size;

    return NGX_OK;
}


/* called once for a fragment, which is in the buffer where it belongs */

static int
ngx_multisource_mux_write(void *opaque, uint8_t *buf, int size)
{
    ngx_multisource_mux_t *mux = opaque;

    if (buf != mux->buf || mux->len) {
        return AVERROR_BUFFER_TOO_SMALL;
    }

    mux->len = size;

    return size;
}


ngx_int_t
ngx_multisource_mux_video(ngx_multisource_mux_t *mux, int64_t time,
    int32_t cts, uint32_t duration, ngx_uint_t keyframe, u_char *data,
    size_t len)
{
    return ngx_multisource_mux_frame(mux, mux->video, time, cts, duration,
                                     keyframe, data, len);
}


ngx_int_t
ngx_multisource_mux_audio(ngx_multisource_mux_t *mux, int64_t time,
    uint32_t duration, u_char *data, size_t len)
{
    return ngx_multisource_mux_frame(mux, mux->audio, time, 0, duration, 1,
                                     data, len);
}


static ngx_int_t
ngx_multisource_mux_frame(ngx_multisource_mux_t *mux,
    ngx_multisource_mux_line_t *line, int64_t time, int32_t cts,
    uint32_t duration, ngx_uint_t keyframe, u_char *data, size_t len)
{
    int        err;
    size_t     written;
    int64_t    at;
    AVPacket  *packet;

    if (mux->failed) {
        return NGX_ERROR;
    }

    if (line == NULL
        || time <= line->last
        || cts < -NGX_MULTISOURCE_MUX_MAX_CTS
        || cts > NGX_MULTISOURCE_MUX_MAX_CTS
        || len == 0
        || len > NGX_MULTISOURCE_MUX_MAX_DATA - mux->data
        || mux->frames == NGX_MULTISOURCE_MUX_MAX_FRAMES)
    {
        return NGX_DECLINED;
    }

    if (line->frames && time - line->last > NGX_MULTISOURCE_MUX_MAX_GAP) {
        return NGX_DECLINED;
    }

    written = len;

    switch (line->codec) {

    case NGX_LIVE_CODEC_AV1:
        written = ngx_multisource_mux_obus(data, len);

        if (written == 0) {
            return NGX_DECLINED;
        }

        break;

    case NGX_LIVE_CODEC_AAC:

        /* a header of ADTS; no frame begins with an element of that kind */

        if (len > 2 && data[0] == 0xff && (data[1] & 0xf0) == 0xf0) {
            return NGX_DECLINED;
        }

        break;

    case NGX_LIVE_CODEC_OPUS:
        break;

    default: /* H.264 and HEVC */
        if (ngx_multisource_mux_units(line->length, data, len) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    at = line->base;

    if (line->frames) {
        at += time - line->start;
    }

    /* a frame that takes no time would be given that of another */

    duration = ngx_max(duration, 1);
    duration = ngx_min(duration, NGX_MULTISOURCE_MUX_MAX_GAP);

    packet = mux->packet;

    if (line == mux->video) {

        if (ngx_multisource_mux_release(mux, time) != NGX_OK) {
            return NGX_ERROR;
        }

        /* libavformat reads beyond a unit of AV1: there is room after it */

        av_fast_padded_malloc(&mux->copy, &mux->ncopy, len);

        if (mux->copy == NULL) {
            return ngx_multisource_mux_failed(mux, AVERROR(ENOMEM));
        }

        ngx_memcpy(mux->copy, data, len);

        data = mux->copy;
        packet = mux->held;
    }

    packet->stream_index = (int) (line - mux->lines);
    packet->data = data;
    packet->size = (int) len;
    packet->dts = at - line->shift;
    packet->pts = at + cts;
    packet->duration = duration;
    packet->flags = keyframe ? AV_PKT_FLAG_KEY : 0;

    if (packet != mux->held) {
        err = av_write_frame(mux->ctx, packet);

        if (err < 0) {
            return ngx_multisource_mux_failed(mux, err);
        }
    }

    if (line->frames == 0) {
        line->start = time;
    }

    line->last = time;
    line->duration = duration;
    line->frames++;

    mux->data += written;
    mux->frames++;

    return NGX_OK;
}


/*
 * The last frame of video takes until the next one begins. Where its sample
 * ended before that, browsers would take more than two frames' time of nothing
 * for a gap, and drop what comes until the next keyframe (MSE, coded frame
 * processing, 6).
 */

static ngx_int_t
ngx_multisource_mux_release(ngx_multisource_mux_t *mux, int64_t next)
{
    int                          err;
    ngx_multisource_mux_line_t  *line;

    if (mux->held->size == 0) {
        return NGX_OK;
    }

    line = mux->video;

    if (next > line->last) {
        line->duration = ngx_min((uint64_t) next - (uint64_t) line->last,
                                 NGX_MULTISOURCE_MUX_MAX_GAP);
    }

    mux->held->duration = line->duration;

    err = av_write_frame(mux->ctx, mux->held);

    mux->held->size = 0;

    if (err < 0) {
        return ngx_multisource_mux_failed(mux, err);
    }

    return NGX_OK;
}


/*
 * NAL units fill the frame, and none is empty: browsers give up a stream in
 * which that is not so.
 */

static ngx_int_t
ngx_multisource_mux_units(ngx_uint_t length, const u_char *p, size_t len)
{
    size_t      n;
    ngx_uint_t  i;

    while (len) {

        if (len <= length) {
            return NGX_DECLINED;
        }

        for (n = 0, i = 0; i < length; i++) {
            n = n << 8 | *p++;
        }

        len -= length;

        if (n == 0 || n > len) {
            return NGX_DECLINED;
        }

        p += n;
        len -= n;
    }

    return NGX_OK;
}


/*
 * AV1 5.3: the headers of units, which fill the frame. Returns the bytes that
 * libavformat writes, as units that AV1 in ISOBMFF, 2.4, does not want are left
 * out; 0 if the frame is malformed, or nothing would be left.
 */

static size_t
ngx_multisource_mux_obus(const u_char *p, size_t len)
{
    u_char         b, type, sized;
    size_t         written;
    uint64_t       size;
    ngx_uint_t     n;
    const u_char  *end, *start;

    end = p + len;
    written = 0;

    while (p < end) {

        start = p;
        b = *p++;

        if (b & 0x80) {
            return 0;
        }

        type = b >> 3 & 0x0f;
        sized = b & 0x02;

        if (b & 0x04) {                               /* extension */

            if (p == end) {
                return 0;
            }

            p++;
        }

        size = end - p;

        if (sized) {

            /* leb128(), 4.10.5: 8 bytes at most */

            size = 0;
            n = 0;

            do {
                if (p == end || n == 8) {
                    return 0;
                }

                b = *p++;
                size |= (uint64_t) (b & 0x7f) << (n++ * 7);

            } while (b & 0x80);

            if (size > (uint64_t) (end - p)) {
                return 0;
            }
        }

        p += size;

        if (type != NGX_MULTISOURCE_MUX_OBU_DELIMITER
            && type != NGX_MULTISOURCE_MUX_OBU_REDUNDANT
            && type != NGX_MULTISOURCE_MUX_OBU_TILES
            && type != NGX_MULTISOURCE_MUX_OBU_PADDING)
        {
            written += p - start;
        }
    }

    return written;
}


ngx_int_t
ngx_multisource_mux_flush(ngx_multisource_mux_t *mux, int64_t next,
    ngx_str_t *out)
{
    int                          err;
    size_t                       size;
    ngx_uint_t                   i;
    ngx_multisource_mux_line_t  *line;

    ngx_str_null(out);

    if (mux->failed) {
        return NGX_ERROR;
    }

    if (mux->frames == 0) {
        return NGX_OK;
    }

    if (ngx_multisource_mux_release(mux, next) != NGX_OK) {
        return NGX_ERROR;
    }

    /* libavio writes a buffer out as soon as it is full */

    size = NGX_MULTISOURCE_MUX_MOOF
           + NGX_MULTISOURCE_MUX_TRACKS * NGX_MULTISOURCE_MUX_TRAF
           + mux->frames * NGX_MULTISOURCE_MUX_SAMPLE + mux->data + 1;

    if (size > mux->size
        && ngx_multisource_mux_open_buffer(mux, size + size / 4) != NGX_OK)
    {
        return NGX_ERROR;
    }

    mux->len = 0;

    err = av_write_frame(mux->ctx, NULL);

    if (err >= 0) {
        avio_flush(mux->ctx->pb);
        err = mux->ctx->pb->error;
    }

    if (err < 0) {
        return ngx_multisource_mux_failed(mux, err);
    }

    if (ngx_multisource_mux_stamp(mux) != NGX_OK) {

        /* libavformat does not tell when it has no memory for a frame */

        return ngx_multisource_mux_failed(mux, AVERROR(ENOMEM));
    }

    for (i = 0; i < NGX_MULTISOURCE_MUX_TRACKS; i++) {
        line = &mux->lines[i];

        if (line->frames) {
            line->base += line->last - line->start + line->duration;
            line->frames = 0;
        }
    }

    mux->data = 0;
    mux->frames = 0;

    out->data = mux->buf;
    out->len = mux->len;

    return NGX_OK;
}


/* the true times; NGX_ERROR: the fragment is not what it should be */

static ngx_int_t
ngx_multisource_mux_stamp(ngx_multisource_mux_t *mux)
{
    u_char      *p, *box, *moof, *end;
    uint32_t     type;
    ngx_uint_t   i, n;

    p = mux->buf;
    end = p + mux->len;

    moof = ngx_multisource_mux_box(p, end, &type);

    if (moof == NULL || type != NGX_MULTISOURCE_MUX_CC('m', 'o', 'o', 'f')) {
        return NGX_ERROR;
    }

    if (ngx_multisource_mux_box(moof, end, &type) != end
        || type != NGX_MULTISOURCE_MUX_CC('m', 'd', 'a', 't')
        || (size_t) (end - moof) != 8 + mux->data)
    {
        return NGX_ERROR;
    }

    n = 0;

    for (p += 8; p < moof; p = box) {
        box = ngx_multisource_mux_box(p, moof, &type);

        if (box == NULL) {
            return NGX_ERROR;
        }

        if (type == NGX_MULTISOURCE_MUX_CC('t', 'r', 'a', 'f')) {

            if (ngx_multisource_mux_stamp_traf(mux, p + 8, box) != NGX_OK) {
                return NGX_ERROR;
            }

            n++;
        }
    }

    for (i = 0; i < NGX_MULTISOURCE_MUX_TRACKS; i++) {
        n -= (mux->lines[i].frames != 0);
    }

    return n ? NGX_ERROR : NGX_OK;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                         size of the box                       |
 * +---------------------------------------------------------------+
 * |                  type: 't' 'f' 'h' 'd', 'tfdt'                |
 * +---------------+-----------------------------------------------+
 * |    version    |                     flags                     |
 * +---------------+-----------------------------------------------+
 * |  tfhd: track_ID ... / tfdt of version 1: time, 64 bits        |
 * +-
 *
 * ISO/IEC 14496-12, 8.8.7 and 8.8.12. libavformat numbers tracks from 1, in
 * the order of the streams.
 */

static ngx_int_t
ngx_multisource_mux_stamp_traf(ngx_multisource_mux_t *mux, u_char *p,
    u_char *end)
{
    u_char                      *box;
    uint32_t                     type, id;
    uint64_t                     time;
    ngx_uint_t                   i;
    ngx_multisource_mux_line_t  *line;

    line = NULL;

    for ( /* void */ ; p < end; p = box) {
        box = ngx_multisource_mux_box(p, end, &type);

        if (box == NULL) {
            return NGX_ERROR;
        }

        if (type == NGX_MULTISOURCE_MUX_CC('t', 'f', 'h', 'd')) {

            if (box - p < 16) {
                return NGX_ERROR;
            }

            id = NGX_MULTISOURCE_MUX_CC(p[12], p[13], p[14], p[15]);

            if (id == 0 || id > NGX_MULTISOURCE_MUX_TRACKS) {
                return NGX_ERROR;
            }

            line = &mux->lines[id - 1];

        } else if (type == NGX_MULTISOURCE_MUX_CC('t', 'f', 'd', 't')) {

            if (line == NULL || line->frames == 0
                || box - p != 20 || p[8] != 1)
            {
                return NGX_ERROR;
            }

            time = (uint64_t) line->start;

            for (i = 0; i < 8; i++) {
                p[19 - i] = (u_char) (time >> (i * 8));
            }

            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* the end of the box at p, NULL if it is beyond `end` */

static u_char *
ngx_multisource_mux_box(u_char *p, u_char *end, uint32_t *type)
{
    size_t  size;

    *type = 0;

    if (end - p < 8) {
        return NULL;
    }

    size = NGX_MULTISOURCE_MUX_CC(p[0], p[1], p[2], p[3]);
    *type = NGX_MULTISOURCE_MUX_CC(p[4], p[5], p[6], p[7]);

    if (size < 8 || size > (size_t) (end - p)) {
        return NULL;
    }

    return p + size;
}


static ngx_int_t
ngx_multisource_mux_failed(ngx_multisource_mux_t *mux, int err)
{
    char  text[AV_ERROR_MAX_STRING_SIZE];

    mux->failed = 1;

    (void) av_strerror(err, text, sizeof(text));

    ngx_log_error(NGX_LOG_ERR, mux->log, 0,
                  "multisource: hls muxer failed: %s", text);

    return NGX_ERROR;
}


void
ngx_multisource_mux_close(ngx_multisource_mux_t *mux)
{
    if (mux == NULL) {
        return;
    }

    if (mux->ctx) {
        avio_context_free(&mux->ctx->pb);
        avformat_free_context(mux->ctx);
    }

    av_packet_free(&mux->packet);
    av_packet_free(&mux->held);
    av_free(mux->copy);
    av_free(mux->init);
    av_free(mux->buf);

    ngx_free(mux);
}
