
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte that says which tracks there are,
 *
 *     0x03    no video, H.264, HEVC, AV1
 *     0x0c    no audio, AAC, Opus, Opus
 *     0x10    the video record is a byte with its length, and so many bytes,
 *             instead of a good one
 *     0x20    and so is the audio record
 *
 * then those records, video first, and then frames, each of a byte that says
 * what to do and four more: time, composition offset, duration, and length of
 * the data, which follows:
 *
 *     0x03    video, video that is made well-formed, audio, the end of a
 *             fragment (without the four bytes, but with when the next frame
 *             of video comes in 0xfc: 0 is not known, 63 never, others less 1
 *             are 1000 ticks after the last one)
 *     0x04    a keyframe
 *     0x18    the unit of time: 1, 100, 2^20, 2^50
 *     0x20    back in time
 *     0x40    the composition offset is times 1000, or else times 10^6
 *     0x80    the duration is times 100, or else times 2^24
 *
 * Opening is slow: of many inputs only the first ones and then a few are run,
 * which of them depends on nothing but their number.
 */

/* sources: modules/ngx_multisource/ngx_multisource_mux.c */
/* sources: modules/common/ngx_live_codec.c modules/common/ngx_live_h264.c */
/* sources: modules/common/ngx_live_hevc.c modules/common/ngx_live_vvc.c */
/* sources: modules/common/ngx_live_av1.c modules/common/ngx_live_vpx.c */
/* sources: modules/common/ngx_live_aac.c modules/common/ngx_live_opus.c */
/* sources: modules/common/ngx_live_flac.c modules/common/ngx_live_picture.c */
/* sources: modules/common/ngx_live_text.c */
/* libs: -lavformat -lavcodec -lavutil */


#include "fuzz.h"
#include "../unit/fragment.h"
#include "ngx_live_codec.h"
#include "ngx_multisource_mux.h"

#include <libavformat/avformat.h>
#include <stdarg.h>


#define FIRST  256
#define EVERY  8

/* frames of a fragment */

#define MAX    64


/* what was given and taken, of a track */

typedef struct {
    ngx_uint_t   id;            /* 0: no such track */
    ngx_uint_t   codec;
    int64_t      time;

    ngx_uint_t   n;
    size_t       len;
    int64_t      times[MAX];
    int32_t      cts[MAX];
    ngx_uint_t   keys[MAX];
} line_t;


static ngx_log_t    fuzz_log;
static ngx_uint_t   fuzz_errors;
static fragment_t   fragment;


static const ngx_str_t  h264 = ngx_string(
    "\x01\x64\x00\x28\xff\xe1\x00\x19"
    "\x67\x64\x00\x28\xac\xb4\x03\xc0\x11\x3f\x2e\x02\x20\x00\x00\x03"
    "\x00\x20\x00\x00\x06\x41\xe3\x06\x54"
    "\x01\x00\x05\x68\xce\x0f\xcc\x03\xfd\xf8\xf8\x00");

static const ngx_str_t  hevc = ngx_string(
    "\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x78\xf0\x00\xfc"
    "\xfd\xf8\xf8\x00\x00\x0f\x01\xa1\x00\x01\x00\x17"
    "\x42\x01\x01\xe3\x80\x00\x00\x01\x01\x02\x03\x04\x05\x06\x96\xa0"
    "\x03\xc0\x80\x11\x07\xcb\x96");

static const ngx_str_t  av1 = ngx_string(
    "\x81\x00\x0c\x00\x0a\x0b\x00\x00\x00\x04\x3d\x06\xd4\xda\xf9\x00\x40");

static const ngx_str_t  aac = ngx_string("\x11\x90\x56\xe5\x00");

static const ngx_str_t  opus = ngx_string(
    "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00");


/* of nginx's core */

void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    return calloc(1, size);
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    fuzz_assert(level == NGX_LOG_INFO);

    fuzz_errors++;
}


/* nothing that is given makes libavformat speak, or it would to stderr */

static void
av_log_seen(void *ctx, int level, const char *fmt, va_list args)
{
    fuzz_assert(level > AV_LOG_INFO);
}


static size_t
take(const uint8_t **p, const uint8_t *last, u_char **copy)
{
    size_t  len;

    len = (*p < last) ? *(*p)++ : 0;
    len = ngx_min(len, (size_t) (last - *p));

    *copy = malloc(len ? len : 1);
    fuzz_assert(*copy != NULL);

    ngx_memcpy(*copy, *p, len);
    *p += len;

    return len;
}


/* a record of its own memory, which is gone when the muxer is there */

static void
choose(ngx_multisource_mux_track_t *track, ngx_uint_t codec,
    const ngx_str_t *good, ngx_uint_t own, const uint8_t **p,
    const uint8_t *last)
{
    ngx_memzero(track, sizeof(ngx_multisource_mux_track_t));

    track->codec.codec = codec;

    if (own) {
        track->record.len = take(p, last, &track->record.data);

        /* what a caller could know of a record that does not tell */

        track->codec.width = track->record.len * 64;
        track->codec.height = track->record.len;

        return;
    }

    track->record.data = malloc(good->len ? good->len : 1);
    fuzz_assert(track->record.data != NULL);

    ngx_memcpy(track->record.data, good->data, good->len);
    track->record.len = good->len;
}


static void
check_init(const ngx_str_t *init)
{
    box_t          box;
    const u_char  *p, *end;

    p = init->data;
    end = p + init->len;

    fuzz_assert(next_box(&p, end, &box) == 1 && box.type == cc("ftyp"));
    fuzz_assert(next_box(&p, end, &box) == 1 && box.type == cc("moov"));
    fuzz_assert(p == end);
    fuzz_assert(find_path(box.data, box.end,
                          "trak.mdia.minf.stbl.stsd", 0, &box));
}


static void
check_track(line_t *line, ngx_uint_t video)
{
    traf_t      *traf;
    uint32_t     flags;
    uint64_t     time;
    ngx_uint_t   i;

    if (line->id == 0) {
        fuzz_assert(line->n == 0);
        return;
    }

    traf = &fragment.trafs[line->id - 1];

    fuzz_assert((ngx_uint_t) traf->n == line->n);

    time = traf->time;

    for (i = 0; i < line->n; i++) {
        flags = (!video || line->keys[i]) ? DEPENDS_NO
                                          : DEPENDS_YES | NON_SYNC;

        fuzz_assert(time == (uint64_t) line->times[i]);
        fuzz_assert(traf->samples[i].cts == line->cts[i]);
        fuzz_assert(traf->samples[i].flags == flags);
        fuzz_assert(traf->samples[i].duration > 0);
        fuzz_assert(traf->samples[i].duration < INT32_MAX);
        fuzz_assert(traf->samples[i].size > 0);

        line->len -= traf->samples[i].size;

        time += traf->samples[i].duration;
    }

    /* AV1 may lose units that do not belong in a file */

    fuzz_assert(line->len == 0 || (line->codec == NGX_LIVE_CODEC_AV1
                                   && line->len < 1 << 20));

    line->n = 0;
    line->len = 0;
}


static void
flush(ngx_multisource_mux_t *mux, line_t *lines, int64_t next)
{
    ngx_str_t  out;

    fuzz_assert(ngx_multisource_mux_flush(mux, next, &out) == NGX_OK);
    fuzz_assert((out.len == 0) == (lines[0].n + lines[1].n == 0));

    if (out.len) {
        fuzz_assert(read_fragment(out.data, out.len, &fragment));

        check_track(&lines[0], 1);
        check_track(&lines[1], 0);
    }
}


/* lengths of NAL units and sizes of OBUs; the lengths have 4 bytes */

static void
make_well_formed(ngx_uint_t codec, u_char *p, size_t len)
{
    size_t  n;

    if (codec == NGX_LIVE_CODEC_AV1) {
        p[0] = (p[0] & 0x78) | 0x02;

        if (len > 1) {
            p[1] = (len - 2) & 0x7f;
        }

        return;
    }

    while (len > 4) {
        n = ngx_min(len - 4, (size_t) (1 + p[3] % 64));

        if (len - 4 - n <= 4) {
            n = len - 4;
        }

        p[0] = 0;
        p[1] = 0;
        p[2] = 0;
        p[3] = n;

        p += 4 + n;
        len -= 4 + n;
    }
}


static void
frame(ngx_multisource_mux_t *mux, line_t *line, const uint8_t **p,
    const uint8_t *last)
{
    size_t      len;
    u_char      op, *data;
    int32_t     cts;
    int64_t     time;
    uint32_t    duration;
    ngx_int_t   rc;
    ngx_uint_t  video;

    static const int64_t  units[] = {
        1, 100, 1 << 20, (int64_t) 1 << 50
    };

    op = (*p)[0];
    video = ((op & 0x03) != 2);

    time = (*p)[1] * units[op >> 3 & 0x03];

    if (op & 0x20) {
        time = line->time - time;

    } else if (INT64_MAX - line->time < time) {
        time = INT64_MAX;

    } else {
        time += line->time;
    }

    cts = (int8_t) (*p)[2] * ((op & 0x40) ? 1000 : 1000000);
    duration = (*p)[3] * ((op & 0x80) ? 100u : 1u << 24);

    *p += 4;
    len = take(p, last, &data);

    if ((op & 0x03) == 1 && len) {
        make_well_formed(line->codec, data, len);
    }

    if (video) {
        rc = ngx_multisource_mux_video(mux, time, cts, duration, op & 0x04,
                                       data, len);

    } else {
        rc = ngx_multisource_mux_audio(mux, time, duration, data, len);
        cts = 0;
    }

    free(data);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        fuzz_assert(line->id && len);

        line->time = time;
        line->times[line->n] = time;
        line->cts[line->n] = cts;
        line->keys[line->n] = op & 0x04;
        line->n++;
        line->len += len;
    }
}


static void
run(const uint8_t *p, const uint8_t *last)
{
    u_char                       head;
    line_t                       lines[2];
    int64_t                      next;
    ngx_str_t                    init;
    ngx_uint_t                   v, a;
    ngx_multisource_mux_t       *mux;
    ngx_multisource_mux_track_t  video, audio;

    static const ngx_str_t  none = ngx_string("");

    static const ngx_uint_t  vcodecs[] = {
        NGX_LIVE_CODEC_NONE, NGX_LIVE_CODEC_H264, NGX_LIVE_CODEC_HEVC,
        NGX_LIVE_CODEC_AV1
    };

    static const ngx_uint_t  acodecs[] = {
        NGX_LIVE_CODEC_NONE, NGX_LIVE_CODEC_AAC, NGX_LIVE_CODEC_OPUS,
        NGX_LIVE_CODEC_OPUS
    };

    static const ngx_str_t *const  vrecords[] = { &none, &h264, &hevc, &av1 };
    static const ngx_str_t *const  arecords[] = { &none, &aac, &opus, &opus };

    head = *p++;
    v = head & 0x03;
    a = head >> 2 & 0x03;

    choose(&video, vcodecs[v], vrecords[v], head & 0x10, &p, last);
    choose(&audio, acodecs[a], arecords[a], head & 0x20, &p, last);

    fuzz_errors = 0;

    mux = ngx_multisource_mux_open(&video, &audio, &init, &fuzz_log);

    free(video.record.data);
    free(audio.record.data);

    if (mux == NULL) {
        fuzz_assert(fuzz_errors == 1);
        fuzz_assert(v + a == 0 || (head & 0x30));
        return;
    }

    fuzz_assert(fuzz_errors == 0);

    check_init(&init);

    ngx_memzero(lines, sizeof(lines));

    lines[0].id = (v != 0);
    lines[0].codec = vcodecs[v];
    lines[1].id = a ? lines[0].id + 1 : 0;
    lines[1].codec = acodecs[a];

    while (p < last) {

        if ((*p & 0x03) == 3) {
            next = *p++ >> 2;
            flush(mux, lines, next == 0x3f ? INT64_MAX
                              : next ? (int64_t) ((uint64_t) lines[0].time
                                                  + (next - 1) * 1000)
                              : INT64_MIN);
            continue;
        }

        if (last - p < 5) {
            break;
        }

        if (lines[0].n == MAX || lines[1].n == MAX) {
            flush(mux, lines, INT64_MIN);
        }

        frame(mux, &lines[(*p & 0x03) == 2], &p, last);
    }

    if (lines[0].n % 2) {
        flush(mux, lines, 0);
    }

    ngx_multisource_mux_close(mux);

    fuzz_assert(fuzz_errors == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ngx_uint_t  count;

    if (size == 0) {
        return 0;
    }

    if (count == 0) {
        fuzz_log.log_level = NGX_LOG_DEBUG;
        av_log_set_callback(av_log_seen);
    }

    if (count++ < FIRST || count % EVERY == 0) {
        run(data, data + size);
    }

    return 0;
}
