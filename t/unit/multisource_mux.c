
/*
 * Copyright (C) the ngx_live contributors
 *
 * Fragmented MP4. Frames made by hand, and streams that ffmpeg encoded, go
 * through the muxer; each fragment is read here box by box and compared with
 * what was given, and whole streams are shown to ffprobe and decoded by ffmpeg.
 */

/* sources: modules/ngx_multisource/ngx_multisource_mux.c */
/* sources: modules/common/ngx_live_codec.c modules/common/ngx_live_h264.c */
/* sources: modules/common/ngx_live_hevc.c modules/common/ngx_live_vvc.c */
/* sources: modules/common/ngx_live_av1.c modules/common/ngx_live_vpx.c */
/* sources: modules/common/ngx_live_aac.c modules/common/ngx_live_opus.c */
/* sources: modules/common/ngx_live_flac.c modules/common/ngx_live_picture.c */
/* sources: modules/common/ngx_live_text.c */
/* libs: -lavformat -lavcodec -lavutil */


#include "tap.h"
#include "fragment.h"
#include "ngx_live_codec.h"
#include "ngx_multisource_mux.h"

#include <libavformat/avformat.h>
#include <malloc.h>
#include <stdarg.h>
#include <unistd.h>


#define HZ            90000
#define MAX_FRAMES    FRAGMENT_MAX
#define MAX_COMMAND   1024
#define MAX_LINE      256

/* beyond 32 bits, and beyond 26 hours */

#define FAR           ((int64_t) 3 << 32)

#define MAX_CTS       (60 * HZ)


#define H264          "01 640028 ff e1 0019"                                  \
                      "  67640028acb403c0113f2e022000000300200000 0641e30654" \
                      "01 0005 68ce0fcc03 fdf8f800"
#define H264_2        "01 640028 fd e1 0019"                                  \
                      "  67640028acb403c0113f2e022000000300200000 0641e30654" \
                      "01 0005 68ce0fcc03 fdf8f800"
#define H264_1        "01 640028 fc e1 0019"                                  \
                      "  67640028acb403c0113f2e022000000300200000 0641e30654" \
                      "01 0005 68ce0fcc03 fdf8f800"
#define HEVC_HEAD     " 01 60000000 900000000000 78f000fcfdf8f80000"
#define HEVC_SPS      "01 a1 0001 0017"                                       \
                      "4201 01 e3 80000001 010203040506 96 a003c0801107cb96"
#define HEVC          "01" HEVC_HEAD "0f" HEVC_SPS
#define HEVC_1        "01" HEVC_HEAD "0c" HEVC_SPS
#define AV1           "81 00 0c 00 0a0b 0000 00043d06d4daf90040"
#define AAC           "1190 56e500"
#define AAC_LOW       "1210"
#define OPUS          "4f70757348656164 01 02 3801 80bb0000 0000 00"
#define OPUS_51       "4f70757348656164 01 06 3801 80bb0000 0000 01 0402"     \
                      "000401020305"


typedef struct {
    int64_t         time;
    int32_t         cts;
    uint32_t        duration;
    int             key;
    size_t          len;
    u_char         *data;
} frame_t;


/* frames of a track */

typedef struct {
    ngx_uint_t      codec;
    size_t          record_len;
    u_char         *record;
    int             n;
    frame_t         frames[MAX_FRAMES];
} media_t;


typedef struct {
    const char     *name;
    ngx_uint_t      video;
    const char     *video_record;
    ngx_uint_t      audio;
    const char     *audio_record;
} pair_t;


static ngx_log_t               test_log;
static int                     logged;
static ngx_uint_t              logged_level;
static int                     no_memory;

static int                     av_logged;
static char                    av_text[512];

static char                    dir[] = "/tmp/multisource_mux.XXXXXX";
static char                    name[256];
static char                    file[64];
static char                    bad[256];

/* the muxer, what it was given since the last fragment, and ever */

static ngx_multisource_mux_t  *mux;
static ngx_str_t               init;
static int                     video_id;
static int                     audio_id;
static uint32_t                sequence;
static media_t                 pending[2];
static media_t                 all[2];
static fragment_t              fragment;
static FILE                   *out;

static media_t                 video;
static media_t                 audio;


/* of nginx's core */

void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    return no_memory ? NULL : calloc(1, size);
}


#if (NGX_HAVE_VARIADIC_MACROS)

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    logged++;
    logged_level = level;
}

#endif


/* nothing may reach a worker's stderr, which is where this goes by default */

static void
av_log_seen(void *ctx, int level, const char *fmt, va_list args)
{
    if (level <= AV_LOG_INFO) {
        av_logged++;
        vsnprintf(av_text, sizeof(av_text), fmt, args);
        printf("# libav: %s\n", av_text);
    }
}


static void
bail(const char *text)
{
    printf("Bail out! %s\n", text);
    exit(2);
}


static u_char *
copy_of(const u_char *p, size_t len)
{
    u_char  *copy;

    /* of the exact size, so that a sanitizer sees a read behind it */

    copy = malloc(len ? len : 1);

    if (copy == NULL) {
        bail("out of memory");
    }

    if (len) {
        memcpy(copy, p, len);
    }

    return copy;
}


/* the muxer */

static void
forget(media_t *m)
{
    while (m->n) {
        free(m->frames[--m->n].data);
    }
}


static void
keep(media_t *m, const frame_t *f, const u_char *data, size_t len)
{
    if (m->n == MAX_FRAMES) {
        bail("too many frames");
    }

    m->frames[m->n] = *f;
    m->frames[m->n].data = copy_of(data, len);
    m->frames[m->n].len = len;
    m->n++;
}


static void
track_of(ngx_multisource_mux_track_t *track, ngx_uint_t codec,
    const u_char *record, size_t len)
{
    memset(track, 0, sizeof(*track));

    track->codec.codec = codec;
    track->record.data = (u_char *) record;
    track->record.len = len;

    if (codec != NGX_LIVE_CODEC_NONE) {
        (void) ngx_live_codec_config(codec, record, record + len,
                                     &track->codec);
    }
}


static ngx_multisource_mux_t *
open_records(ngx_uint_t vcodec, const u_char *vrecord, size_t vlen,
    ngx_uint_t acodec, const u_char *arecord, size_t alen)
{
    u_char                       *vcopy, *acopy;
    ngx_multisource_mux_track_t   v, a;

    vcopy = copy_of(vrecord, vlen);
    acopy = copy_of(arecord, alen);

    track_of(&v, vcodec, vcopy, vlen);
    track_of(&a, acodec, acopy, alen);

    init.len = 0;
    init.data = NULL;
    sequence = 0;
    video_id = (vcodec != NGX_LIVE_CODEC_NONE);
    audio_id = (acodec != NGX_LIVE_CODEC_NONE) ? video_id + 1 : 0;

    mux = ngx_multisource_mux_open(&v, &a, &init, &test_log);

    /* they are copied */

    memset(vcopy, 0xee, vlen);
    memset(acopy, 0xee, alen);
    free(vcopy);
    free(acopy);

    return mux;
}


static ngx_multisource_mux_t *
open_hex(ngx_uint_t vcodec, const char *vhex, ngx_uint_t acodec,
    const char *ahex)
{
    size_t   vlen, alen;
    u_char  *v, *a;

    v = tap_bytes(vhex, &vlen);
    a = tap_bytes(ahex, &alen);

    (void) open_records(vcodec, v, vlen, acodec, a, alen);

    free(v);
    free(a);

    return mux;
}


static void
finish(void)
{
    ngx_multisource_mux_close(mux);
    mux = NULL;

    forget(&pending[0]);
    forget(&pending[1]);
    forget(&all[0]);
    forget(&all[1]);
}


/* what is written of a frame is `want`, the frame itself unless it is given */

static ngx_int_t
put_as(int is_audio, const frame_t *f, const u_char *want, size_t len)
{
    int        id;
    u_char    *copy;
    ngx_int_t  rc;

    copy = copy_of(f->data, f->len);

    if (is_audio) {
        rc = ngx_multisource_mux_audio(mux, f->time, f->duration, copy,
                                       f->len);
        id = audio_id;

    } else {
        rc = ngx_multisource_mux_video(mux, f->time, f->cts, f->duration,
                                       f->key, copy, f->len);
        id = video_id;
    }

    memset(copy, 0xee, f->len);
    free(copy);

    if (rc == NGX_OK) {
        keep(&pending[id - 1], f, want, len);

        if (out) {
            keep(&all[id - 1], f, want, len);
        }
    }

    return rc;
}


static ngx_int_t
put(int is_audio, const frame_t *f)
{
    return put_as(is_audio, f, f->data, f->len);
}


/* a frame without any sense but for the lengths of its NAL units */

static ngx_int_t
put_video(int64_t time, int32_t cts, uint32_t duration, int key)
{
    u_char   data[40];
    frame_t  f;

    memset(data, (int) time, sizeof(data));
    memcpy(data, "\x00\x00\x00\x24", 4);

    f.time = time;
    f.cts = cts;
    f.duration = duration;
    f.key = key;
    f.data = data;
    f.len = sizeof(data);

    return put(0, &f);
}


static ngx_int_t
put_audio(int64_t time, uint32_t duration)
{
    u_char   data[24];
    frame_t  f;

    memset(data, (int) time >> 10 & 0x7f, sizeof(data));

    f.time = time;
    f.cts = 0;
    f.duration = duration;
    f.key = 1;
    f.data = data;
    f.len = 10 + (time & 7);

    return put(1, &f);
}


static int
differs(const char *what, int track, int i, long long got, long long want)
{
    snprintf(bad, sizeof(bad), "track %d, frame %d: %s is %lld, not %lld",
             track, i, what, got, want);
    printf("# %s\n", bad);

    return 0;
}


static int
same_track(int id, int is_video)
{
    int        i;
    traf_t    *traf;
    frame_t   *f;
    media_t   *m;
    uint32_t   flags;
    uint64_t   time;
    sample_t  *s;

    m = &pending[id - 1];
    traf = &fragment.trafs[id - 1];

    if (traf->n != m->n) {
        return differs("number of samples", id, 0, traf->n, m->n);
    }

    time = traf->time;
    s = NULL;
    f = NULL;

    for (i = 0; i < m->n; i++) {
        f = &m->frames[i];
        s = &traf->samples[i];

        if (time != (uint64_t) f->time) {
            return differs("time", id, i, time, f->time);
        }

        if (s->cts != f->cts) {
            return differs("composition offset", id, i, s->cts, f->cts);
        }

        flags = (f->key || !is_video) ? DEPENDS_NO : DEPENDS_YES | NON_SYNC;

        if (s->flags != flags) {
            return differs("flags", id, i, s->flags, flags);
        }

        if (s->size != f->len) {
            return differs("size", id, i, s->size, f->len);
        }

        if (memcmp(s->data, f->data, f->len) != 0) {
            return differs("data", id, i, s->data[0], f->data[0]);
        }

        time += s->duration;
    }

    if (m->n && s->duration != f->duration) {
        return differs("last duration", id, i, s->duration, f->duration);
    }

    return 1;
}


/* a fragment is what was given since the one before */

static int
flush_until(int64_t next)
{
    int        ok;
    ngx_str_t  part;

    part.len = 1;
    part.data = NULL;

    if (ngx_multisource_mux_flush(mux, next, &part) != NGX_OK) {
        printf("# flush failed\n");
        return 0;
    }

    if (pending[0].n + pending[1].n == 0) {
        return part.len == 0;
    }

    if (part.len == 0) {
        printf("# empty\n");
        return 0;
    }

    if (out && fwrite(part.data, part.len, 1, out) != 1) {
        bail("cannot write");
    }

    ok = read_fragment(part.data, part.len, &fragment);

    if (ok && fragment.sequence != ++sequence) {
        ok = differs("sequence", 0, 0, fragment.sequence, sequence);
    }

    ok = ok && same_track(1, video_id == 1) && same_track(2, video_id == 2);

    forget(&pending[0]);
    forget(&pending[1]);

    return ok;
}


static int
flush(void)
{
    return flush_until(INT64_MIN);
}


/* a file of the stream, for ffprobe and ffmpeg */

static void
open_file(const char *base)
{
    snprintf(file, sizeof(file), "%s/%s", dir, base);

    out = fopen(file, "wb");

    if (out == NULL || fwrite(init.data, init.len, 1, out) != 1) {
        bail("cannot write");
    }
}


static void
close_file(void)
{
    if (fclose(out) != 0) {
        bail("cannot write");
    }

    out = NULL;
}


/* each packet of the file is as it was given */

static int
probe_same(void)
{
    int         id, i, n[2];
    char        command[MAX_COMMAND], line[MAX_LINE], key;
    FILE       *p;
    frame_t    *f;
    long long   pts, dts, size;

    snprintf(command, sizeof(command),
             "ffprobe -v error -of csv=p=0 -show_entries "
             "packet=stream_index,pts,dts,size,flags %s 2>&1", file);

    p = popen(command, "r");

    if (p == NULL) {
        bail("no ffprobe");
    }

    n[0] = 0;
    n[1] = 0;
    bad[0] = '\0';

    while (fgets(line, sizeof(line), p)) {

        if (sscanf(line, "%d,%lld,%lld,%lld,%c", &id, &pts, &dts, &size, &key)
            != 5 || id < 0 || id > 1)
        {
            snprintf(bad, sizeof(bad), "ffprobe: %.200s", line);
            printf("# %s\n", bad);
            break;
        }

        i = n[id]++;

        if (i >= all[id].n) {
            break;
        }

        f = &all[id].frames[i];

        if (dts != f->time) {
            differs("dts", id, i, dts, f->time);
        }

        if (pts != f->time + f->cts) {
            differs("pts", id, i, pts, f->time + f->cts);
        }

        if (size != (long long) f->len) {
            differs("size", id, i, size, f->len);
        }

        if ((key == 'K') != f->key) {
            differs("flag", id, i, key, f->key);
        }
    }

    pclose(p);

    return bad[0] == '\0' && n[0] == all[0].n && n[1] == all[1].n;
}


static int
decodes(void)
{
    int    ok;
    char   command[MAX_COMMAND], line[MAX_LINE];
    FILE  *p;

    snprintf(command, sizeof(command),
             "ffmpeg -nostdin -v warning -xerror -i %s -map 0 "
             "-fps_mode passthrough -f null - 2>&1", file);

    p = popen(command, "r");

    if (p == NULL) {
        bail("no ffmpeg");
    }

    ok = 1;

    while (fgets(line, sizeof(line), p)) {
        printf("# ffmpeg: %s", line);
        ok = 0;
    }

    return (pclose(p) == 0) && ok;
}


/* codecs and records */

static void
test_carries(void)
{
    ngx_uint_t  i, n;

    for (n = 0, i = 0; i < 32; i++) {
        n += (ngx_multisource_mux_carries(i) != 0);
    }

    tap_is(n, 5, "five codecs are carried");
    tap_ok(ngx_multisource_mux_carries(NGX_LIVE_CODEC_H264)
           && ngx_multisource_mux_carries(NGX_LIVE_CODEC_HEVC)
           && ngx_multisource_mux_carries(NGX_LIVE_CODEC_AV1)
           && ngx_multisource_mux_carries(NGX_LIVE_CODEC_AAC)
           && ngx_multisource_mux_carries(NGX_LIVE_CODEC_OPUS),
           "H.264, HEVC, AV1, AAC and Opus");
}


static void
test_refused(void)
{
    size_t       i, n, vlen, alen;
    u_char      *v, *a;
    ngx_uint_t   refused;

    static const pair_t  pairs[] = {

        { "nothing", NGX_LIVE_CODEC_NONE, "", NGX_LIVE_CODEC_NONE, "" },
        { "no H.264 record",
          NGX_LIVE_CODEC_H264, "", NGX_LIVE_CODEC_AAC, AAC },
        { "no AAC record",
          NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, "" },
        { "VP9", NGX_LIVE_CODEC_VP9, "00 29 82 01 01 01 0000",
          NGX_LIVE_CODEC_AAC, AAC },
        { "VVC", NGX_LIVE_CODEC_VVC,
          "ff 0011 1f 01 02 53 00 00 0780 0438 0000",
          NGX_LIVE_CODEC_NONE, "" },
        { "MP3", NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_MP3, "" },
        { "a codec that there is not",
          1000, H264, NGX_LIVE_CODEC_NONE, "" },
        { "AAC as video",
          NGX_LIVE_CODEC_AAC, AAC, NGX_LIVE_CODEC_NONE, "" },
        { "H.264 as audio",
          NGX_LIVE_CODEC_NONE, "", NGX_LIVE_CODEC_H264, H264 },
        { "another codec's record",
          NGX_LIVE_CODEC_HEVC, H264, NGX_LIVE_CODEC_NONE, "" },
        { "H.264, lengths of 3 bytes", NGX_LIVE_CODEC_H264,
          "01 640028 fe e1 0019"
          "  67640028acb403c0113f2e022000000300200000 0641e30654"
          "01 0005 68ce0fcc03 fdf8f800", NGX_LIVE_CODEC_NONE, "" },
        { "H.264, Annex B", NGX_LIVE_CODEC_H264,
          "00000001 67640028acb403c0113f2e022000000300200000 0641e30654",
          NGX_LIVE_CODEC_NONE, "" },
        { "HEVC, version 0", NGX_LIVE_CODEC_HEVC,
          "00" HEVC_HEAD "0f" HEVC_SPS, NGX_LIVE_CODEC_NONE, "" },
        { "HEVC, lengths of 3 bytes", NGX_LIVE_CODEC_HEVC,
          "01" HEVC_HEAD "0e" HEVC_SPS, NGX_LIVE_CODEC_NONE, "" },
        { "AV1 of unknown size", NGX_LIVE_CODEC_AV1, "81 08 0c 00",
          NGX_LIVE_CODEC_NONE, "" },
        { "AAC, a reserved rate",
          NGX_LIVE_CODEC_NONE, "", NGX_LIVE_CODEC_AAC, "1690" },
        { "Opus, the table cut off",
          NGX_LIVE_CODEC_NONE, "", NGX_LIVE_CODEC_OPUS,
          "4f70757348656164 01 06 3801 80bb0000 0000 01 0402 0004010203" },
    };

    static const pair_t  good[] = {
        { "H.264 and AAC", NGX_LIVE_CODEC_H264, H264,
          NGX_LIVE_CODEC_AAC, AAC },
        { "HEVC and Opus", NGX_LIVE_CODEC_HEVC, HEVC,
          NGX_LIVE_CODEC_OPUS, OPUS_51 },
        { "AV1 and Opus", NGX_LIVE_CODEC_AV1, AV1,
          NGX_LIVE_CODEC_OPUS, OPUS },
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        logged = 0;

        open_hex(pairs[i].video, pairs[i].video_record, pairs[i].audio,
                 pairs[i].audio_record);

        snprintf(name, sizeof(name), "refused: %s", pairs[i].name);
        tap_ok(mux == NULL && logged == 1 && logged_level == NGX_LOG_INFO,
               name);
        finish();
    }

    /* cut off anywhere: refused, or else it is a muxer */

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {

        v = tap_bytes(good[i].video_record, &vlen);
        a = tap_bytes(good[i].audio_record, &alen);

        for (refused = 0, n = 0; n < vlen; n++) {
            open_records(good[i].video, v, n, good[i].audio, a, alen);
            refused += (mux == NULL);
            finish();
        }

        for (n = 0; n < alen; n++) {
            open_records(good[i].video, v, vlen, good[i].audio, a, n);
            refused += (mux == NULL);
            finish();
        }

        snprintf(name, sizeof(name), "records cut off: %s", good[i].name);
        tap_ok(refused > 4, name);

        free(v);
        free(a);
    }

    v = calloc(1, 70000);
    a = tap_bytes(H264, &alen);
    memcpy(v, a, alen);
    open_records(NGX_LIVE_CODEC_H264, v, 70000, NGX_LIVE_CODEC_NONE, v, 0);
    tap_ok(mux == NULL, "refused: a record of 70000 bytes");
    free(v);
    free(a);

    ngx_multisource_mux_close(NULL);
}


/* the sample entry of a track, and the box of the record in it */

static int
entry_is(int n, const char *tag, size_t head, const char *type,
    const char *want)
{
    int            ok;
    size_t         len;
    box_t          box, entry, record;
    u_char        *bytes;
    const u_char  *p;

    if (!find_path(init.data, init.data + init.len, "moov", 0, &box)
        || !find_path(box.data, box.end, "trak.mdia.minf.stbl.stsd", n, &box))
    {
        return 0;
    }

    p = box.data + 8;

    if (u32(box.data + 4) != 1
        || next_box(&p, box.end, &entry) != 1 || p != box.end
        || entry.type != cc(tag)
        || !find_box(entry.data + head, entry.end, type, 0, &record))
    {
        return 0;
    }

    bytes = tap_bytes(want, &len);

    if (strcmp(type, "esds") == 0) {
        ok = (memmem(record.data, record.end - record.data, bytes, len)
              != NULL);

    } else {
        ok = ((size_t) (record.end - record.data) == len
              && memcmp(record.data, bytes, len) == 0);
    }

    free(bytes);

    return ok;
}


static uint32_t
timescale_of(int n)
{
    box_t  box;

    if (!find_path(init.data, init.data + init.len, "moov", 0, &box)
        || !find_path(box.data, box.end, "trak.mdia.mdhd", n, &box))
    {
        return 0;
    }

    return u32(box.data + 12);
}


/* ftyp and moov, of which nothing is about samples, edits or versions */

static int
init_is_empty(int tracks)
{
    int            i, k;
    char           path[32];
    box_t          ftyp, moov, box;
    const u_char  *p;

    static const char *const  tables[] = { "stts", "stsc", "stsz", "stco" };

    p = init.data;

    if (next_box(&p, init.data + init.len, &ftyp) != 1
        || ftyp.type != cc("ftyp")
        || next_box(&p, init.data + init.len, &moov) != 1
        || moov.type != cc("moov")
        || p != init.data + init.len)
    {
        return malformed("init: not ftyp and moov");
    }

    for (i = 0; i < tracks; i++) {

        if (!find_path(moov.data, moov.end, "trak.tkhd", i, &box)
            || u32(box.data + 12) != (uint32_t) i + 1)
        {
            return malformed("init: track_ID");
        }

        if (find_path(moov.data, moov.end, "trak.edts", i, &box)) {
            return malformed("init: an edit list");
        }

        for (k = 0; k < 4; k++) {
            snprintf(path, sizeof(path), "trak.mdia.minf.stbl.%s", tables[k]);

            if (!find_path(moov.data, moov.end, path, i, &box)
                || u32(box.data + (k == 2 ? 8 : 4)) != 0)
            {
                return malformed("init: samples");
            }
        }

        if (!find_path(moov.data, moov.end, "mvex", 0, &box)
            || !find_box(box.data, box.end, "trex", i, &box)
            || u32(box.data + 4) != (uint32_t) i + 1)
        {
            return malformed("init: no trex");
        }
    }

    if (find_path(moov.data, moov.end, "trak", tracks, &box)) {
        return malformed("init: one track too many");
    }

    if (memmem(init.data, init.len, "Lavf", 4)) {
        return malformed("init: a version");
    }

    return 1;
}


static int
has_brand(const char *brand)
{
    box_t  box;

    return find_box(init.data, init.data + init.len, "ftyp", 0, &box)
           && memmem(box.data, box.end - box.data, brand, 4) != NULL;
}


#define VIDEO_ENTRY  78
#define AUDIO_ENTRY  28


static void
test_init(void)
{
    box_t  box;

    tap_ok(open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC)
           != NULL, "H.264 and AAC");
    tap_ok(init_is_empty(2), "  an init section");
    tap_ok(entry_is(0, "avc1", VIDEO_ENTRY, "avcC", H264), "  avc1, avcC");
    tap_ok(entry_is(1, "mp4a", AUDIO_ENTRY, "esds", AAC), "  mp4a, esds");
    tap_is(timescale_of(0), HZ, "  90 kHz");
    tap_is(timescale_of(1), 48000, "  48 kHz");
    tap_ok(has_brand("iso6") && !has_brand("cmfc"), "  brand");
    finish();

    tap_ok(open_hex(NGX_LIVE_CODEC_HEVC, HEVC, NGX_LIVE_CODEC_OPUS, OPUS)
           != NULL, "HEVC and Opus");
    tap_ok(init_is_empty(2), "  an init section");
    tap_ok(entry_is(0, "hvc1", VIDEO_ENTRY, "hvcC", HEVC), "  hvc1, hvcC");
    tap_ok(entry_is(1, "Opus", AUDIO_ENTRY, "dOps",
                    "00 02 0138 0000bb80 0000 00"), "  Opus, dOps");
    tap_is(timescale_of(1), 48000, "  48 kHz");
    finish();

    tap_ok(open_hex(NGX_LIVE_CODEC_AV1, AV1, NGX_LIVE_CODEC_OPUS, OPUS_51)
           != NULL, "AV1 and Opus 5.1");
    tap_ok(init_is_empty(2), "  an init section");
    tap_ok(entry_is(0, "av01", VIDEO_ENTRY, "av1C", AV1), "  av01, av1C");
    tap_ok(entry_is(1, "Opus", AUDIO_ENTRY, "dOps",
                    "00 06 0138 0000bb80 0000 01 0402 000401020305"),
           "  Opus, dOps");
    finish();

    tap_ok(open_hex(NGX_LIVE_CODEC_NONE, "", NGX_LIVE_CODEC_AAC, AAC_LOW)
           != NULL, "AAC alone");
    tap_ok(init_is_empty(1), "  an init section");
    tap_is(timescale_of(0), 44100, "  44.1 kHz");
    tap_ok(has_brand("iso6") && has_brand("cmfc"), "  brand of CMAF");
    finish();

    tap_ok(open_hex(NGX_LIVE_CODEC_HEVC, HEVC, NGX_LIVE_CODEC_NONE, "")
           != NULL, "HEVC alone");
    tap_ok(init_is_empty(1), "  an init section");
    tap_ok(find_path(init.data, init.data + init.len, "moov", 0, &box)
           && find_path(box.data, box.end, "trak.tkhd", 0, &box)
           && u32(box.end - 8) == 1920 << 16
           && u32(box.end - 4) == 1080 << 16, "  1920x1080");
    finish();
}


static void
test_av1_size(void)
{
    box_t                        box;
    size_t                       len;
    u_char                      *record;
    ngx_multisource_mux_track_t  v, a;

    record = tap_bytes("81 08 0c 00", &len);

    track_of(&v, NGX_LIVE_CODEC_AV1, record, len);
    track_of(&a, NGX_LIVE_CODEC_NONE, NULL, 0);

    v.codec.width = 640;
    v.codec.height = 360;

    mux = ngx_multisource_mux_open(&v, &a, &init, &test_log);

    tap_ok(mux != NULL, "AV1 whose size only others told");
    tap_ok(mux && find_path(init.data, init.data + init.len, "moov", 0, &box)
           && find_path(box.data, box.end, "trak.tkhd", 0, &box)
           && u32(box.end - 8) == 640 << 16
           && u32(box.end - 4) == 360 << 16, "  640x360");

    free(record);
    finish();
}


/* time */

static void
test_times(void)
{
    int      i, ok;
    int64_t  t;

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);

    tap_ok(flush(), "nothing came, an empty part");

    put_video(0, 0, 3000, 1);
    put_audio(0, 1024);
    tap_ok(flush(), "from 0 on, a frame each");

    put_video(3000, 0, 3000, 0);
    put_video(6000, 0, 3003, 0);
    put_audio(1024, 1024);
    put_audio(2048, 1023);
    tap_ok(flush(), "frames one after another");

    put_video(9003, 0, 3000, 0);
    tap_ok(flush(), "no audio");

    put_audio(3071, 1024);
    tap_ok(flush(), "no video");

    put_video(1000000, 0, 3000, 1);
    put_audio(9000000, 1024);
    tap_ok(flush(), "gaps before a fragment");

    put_video(1003000, 0, 3000, 0);
    put_video(1903000, 0, 3000, 0);
    put_audio(9001024, 1024);
    put_audio(9700000, 1024);
    tap_ok(flush(), "and within one");

    put_video(1903001, 0, 3000, 0);
    put_audio(9700001, 1024);
    tap_ok(flush(), "much earlier than the frame before let expect");

    put_video(1903002, 0, 90000, 0);
    put_video(1903003, 0, 90000, 0);
    put_audio(9700002, 1024);
    put_audio(9700003, 1024);
    tap_ok(flush(), "and again, within one");

    for (ok = 1, i = 0; i < 200; i++) {
        t = 1904000 + i * 2900 + (i * 7919) % 1800;
        put_video(t, 0, 3000, i % 30 == 0);
        put_audio(9710000 + i * 1000 + (i * 7919) % 900, 1024);
        ok &= flush();
    }

    tap_ok(ok, "jitter of fragments that are a frame each");

    put_video(FAR, 0, 3000, 1);
    put_video(FAR + 3000, 0, 3000, 0);
    put_audio(FAR / 90 * 48, 1024);
    tap_ok(flush(), "times of more than 32 bits");

    put_video(FAR << 28, 0, 3000, 1);
    put_video((FAR << 28) + 1, 0, 3000, 0);
    tap_ok(flush(), "and of 62");

    put_video(INT64_MAX, 0, 3000, 1);
    put_audio(INT64_MAX, 1024);
    tap_ok(flush(), "and of 63");

    finish();

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_NONE, "");
    put_video(FAR, 0, 3000, 1);
    tap_ok(flush(), "a first frame that is far from 0");
    finish();

    open_hex(NGX_LIVE_CODEC_NONE, "", NGX_LIVE_CODEC_OPUS, OPUS);
    put_audio(FAR, 960);
    put_audio(FAR + 960, 960);
    tap_ok(flush(), "a first packet that is far from 0");
    finish();
}


/* a picture is shown `cts` after it is decoded, or before */

static void
test_offsets(void)
{
    int  i, ok;

    static const int32_t  offsets[] = {
        6000, 12000, 3000, 0, 6000, -3000, -9000, 0, 12000, MAX_CTS, -MAX_CTS
    };

    for (ok = 1, i = 0; i < 11; i++) {
        open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_NONE, "");

        put_video(FAR, offsets[i], 3000, 1);
        put_video(FAR + 3000, offsets[(i + 1) % 11], 3000, 0);
        put_video(FAR + 6000, offsets[(i + 2) % 11], 3000, 0);
        ok &= flush();
        put_video(FAR + 9000, offsets[(i + 3) % 11], 3000, 0);
        ok &= flush();
        put_video(FAR + 9001, offsets[(i + 4) % 11], 3000, 0);
        ok &= flush();

        finish();
    }

    tap_ok(ok, "whatever the first frame's composition offset is");

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_NONE, "");

    put_video(0, 0, 3000, 1);
    tap_is(put_video(3000, MAX_CTS + 1, 3000, 0), NGX_DECLINED,
           "declined: shown a minute after it is decoded");
    tap_is(put_video(3000, -MAX_CTS - 1, 3000, 0), NGX_DECLINED,
           "declined: before");
    tap_is(put_video(3000, INT32_MIN, 3000, 0), NGX_DECLINED,
           "declined: hours before");
    put_video(3000, 3000, 3000, 0);
    tap_ok(flush(), "the others are there");

    finish();
}


static void
test_declined(void)
{
    int      i;
    frame_t  f;

    static const int64_t  limit = INT32_MAX - 1 - MAX_CTS;

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);

    tap_is(put_video(-1, 0, 3000, 1), NGX_DECLINED, "declined: before time 0");
    tap_is(put_video(INT64_MIN, 0, 3000, 1), NGX_DECLINED,
           "declined: long before");
    tap_ok(flush(), "  nothing came");

    put_video(9000, 0, 3000, 1);
    tap_is(put_video(9000, 0, 3000, 0), NGX_DECLINED, "declined: same time");
    tap_is(put_video(8999, 0, 3000, 0), NGX_DECLINED,
           "declined: back in time");
    tap_ok(flush(), "  the other frame is there");

    tap_is(put_video(9000, 0, 3000, 0), NGX_DECLINED,
           "declined: back in time, in the next fragment");
    tap_is(put_video(9001, 0, 3000, 0), NGX_OK, "but not a tick later");
    tap_is(put_video(9001 + limit + 1, 0, 3000, 0), NGX_DECLINED,
           "declined: a frame that would take hours");
    tap_is(put_video(9001 + limit, 0, 3000, 0), NGX_OK, "but not one less");
    tap_ok(flush(), "  the others are there");
    tap_is(put_video(9001 + 4 * limit, 0, 3000, 0), NGX_OK,
           "nor in the next fragment");
    tap_ok(flush(), "  which is right");

    put_audio(7, 1024);
    tap_is(put_audio(7 + limit + 1, 1024), NGX_DECLINED,
           "declined: audio that would take hours");
    put_audio(7 + limit, 1024);
    tap_ok(flush(), "  the others are there");

    /* data */

    memset(&f, 0, sizeof(f));
    f.time = (int64_t) 1 << 50;
    f.duration = 1024;
    f.key = 1;
    f.data = (u_char *) "";

    tap_is(put(0, &f), NGX_DECLINED, "declined: empty video");
    tap_is(put(1, &f), NGX_DECLINED, "declined: empty audio");

    f.data = (u_char *) "\xff\xf1\x4c\x80\x01\x3f\xfc\x21";
    f.len = 8;
    tap_is(put(1, &f), NGX_DECLINED, "declined: AAC in ADTS");

    for (i = 1; i <= 3; i++) {
        f.len = i;
        f.data = (u_char *) "\xff\x0f\x00";
        f.time++;
        tap_is(put(1, &f), NGX_OK, "anything else is taken");
    }

    tap_ok(flush(), "  and there");

    finish();

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_NONE, "");
    audio_id = 2;
    tap_is(put_audio(0, 1024), NGX_DECLINED, "declined: audio of no track");
    finish();

    open_hex(NGX_LIVE_CODEC_NONE, "", NGX_LIVE_CODEC_AAC, AAC);
    video_id = 2;
    tap_is(put_video(0, 0, 3000, 1), NGX_DECLINED,
           "declined: video of no track");
    put_audio(0, 1024);
    video_id = 0;
    tap_ok(flush(), "  the other track's is there");
    finish();
}


static void
test_durations(void)
{
    int       ok;
    frame_t  *f;

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);

    put_video(0, 0, 0, 1);
    put_audio(0, 0);

    f = &pending[0].frames[0];
    f->duration = 1;
    f = &pending[1].frames[0];
    f->duration = 1;
    tap_ok(flush(), "a frame that takes no time takes a tick");

    put_video(3000, 0, 1500, 0);
    put_video(6000, 0, 0, 0);
    f = &pending[0].frames[1];
    f->duration = 1;
    tap_ok(flush(), "and so it does behind others");

    put_video(9000, 0, UINT32_MAX, 0);
    put_audio(9000, UINT32_MAX);
    f = &pending[0].frames[0];
    f->duration = INT32_MAX - 1 - MAX_CTS;
    f = &pending[1].frames[0];
    f->duration = INT32_MAX - 1 - MAX_CTS;
    tap_ok(flush(), "one that takes hours takes less than 2^31");

    put_video(12000, 0, UINT32_MAX, 0);
    put_video(15000, 0, 3000, 0);
    put_audio(12000, UINT32_MAX);
    put_audio(15000, 1024);
    ok = flush();
    put_video(18000, 0, 3000, 0);
    put_audio(18000, 1024);
    tap_ok(ok && flush(), "or as long as until the next one");

    /* what comes next is known only when the part is over */

    put_video(21000, 0, 3000, 0);
    put_video(24000, 0, 3000, 0);
    put_audio(21000, 1024);
    f = &pending[0].frames[1];
    f->duration = 13500;
    tap_ok(flush_until(37500), "the last picture stays until the next one");

    put_video(37500, 0, 3000, 0);
    put_audio(22024, 1024);
    f = &pending[0].frames[0];
    f->duration = 900;
    tap_ok(flush_until(38400), "which comes sooner than was said");

    put_video(38400, 0, 3000, 0);
    tap_ok(flush_until(38400), "a next one that is none is not believed");

    put_video(41400, 0, 3000, 0);
    tap_ok(flush_until(41399), "nor one that is earlier");

    put_video(44400, 0, 3000, 0);
    f = &pending[0].frames[0];
    f->duration = INT32_MAX - 1 - MAX_CTS;
    tap_ok(flush_until(INT64_MAX), "one that never comes");

    put_audio(23048, 1024);
    tap_ok(flush_until(90000), "no video, and nothing stays");

    finish();
}


/* NAL units */

static ngx_int_t
put_hex(int64_t time, const char *hex, const char *want)
{
    size_t     len;
    u_char    *expect;
    frame_t    f;
    ngx_int_t  rc;

    memset(&f, 0, sizeof(f));

    f.time = time;
    f.duration = 3000;
    f.key = 1;
    f.data = tap_bytes(hex, &f.len);

    expect = tap_bytes(want, &len);

    rc = put_as(0, &f, expect, len);

    free(f.data);
    free(expect);

    return rc;
}


static void
test_units(void)
{
    size_t      i;
    ngx_uint_t  ok;

    static const struct {
        ngx_uint_t   codec;
        const char  *name;
        const char  *record;
        const char  *good[3];
        const char  *bad[6];
    } rows[] = {

        { NGX_LIVE_CODEC_H264, "H.264, lengths of 4 bytes", H264,
          { "00000002 65aa",
            "00000001 09 00000003 6500aa",
            "00000004 00000001" },
          { "00000003 65aa",
            "00000002 65aa 00",
            "00000002 65aa 00000000",
            "00000000",
            "ffffffff 65aa",
            "65" } },

        { NGX_LIVE_CODEC_H264, "H.264, lengths of 2 bytes", H264_2,
          { "0002 65aa", "0001 09 0003 6500aa", "0004 00000001" },
          { "0003 65aa", "0002 65aa 00", "0002 65aa 0000", "0000",
            "ffff 65aa", "65" } },

        { NGX_LIVE_CODEC_H264, "H.264, lengths of 1 byte", H264_1,
          { "02 65aa", "01 09 03 6500aa", "04 00000001" },
          { "03 65aa", "02 65aa 01", "02 65aa 00", "00", "ff 65aa", "65" } },

        { NGX_LIVE_CODEC_HEVC, "HEVC, lengths of 4 bytes", HEVC,
          { "00000003 2601aa",
            "00000003 460150 00000003 2601aa",
            "00000004 00000001" },
          { "00000004 2601aa",
            "00000003 2601aa 000001",
            "00000003 2601aa 00000000",
            "00000000",
            "80000000 2601aa",
            "000000" } },

        { NGX_LIVE_CODEC_HEVC, "HEVC, lengths of 1 byte", HEVC_1,
          { "03 2601aa", "03 460150 03 2601aa", "04 00000001" },
          { "04 2601aa", "03 2601aa 04", "03 2601aa 00", "00", "80 2601aa",
            "26" } },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_hex(rows[i].codec, rows[i].record, NGX_LIVE_CODEC_NONE, "");

        ok = (put_hex(1, rows[i].good[0], rows[i].good[0]) == NGX_OK
              && put_hex(2, rows[i].bad[0], "") == NGX_DECLINED
              && put_hex(2, rows[i].bad[1], "") == NGX_DECLINED
              && put_hex(2, rows[i].good[1], rows[i].good[1]) == NGX_OK
              && put_hex(3, rows[i].bad[2], "") == NGX_DECLINED
              && put_hex(3, rows[i].bad[3], "") == NGX_DECLINED
              && put_hex(3, rows[i].bad[4], "") == NGX_DECLINED
              && put_hex(3, rows[i].bad[5], "") == NGX_DECLINED
              && put_hex(3, rows[i].good[2], rows[i].good[2]) == NGX_OK);

        tap_ok(ok, rows[i].name);
        tap_ok(flush(), "  as they came");

        finish();
    }
}


/*
 * Temporal delimiters, redundant frame headers, tile lists and padding are left
 * out, AV1 in ISOBMFF, 2.4.
 */

static void
test_obus(void)
{
    size_t     i;
    ngx_int_t  rc;

    static const struct {
        const char  *name;
        const char  *hex;
        const char  *want;        /* NULL: declined */
    } rows[] = {
        { "a frame", "3204 11223344", "3204 11223344" },
        { "a frame without a size", "30 11223344", "30 11223344" },
        { "two units", "0a02 aabb 3203 010203", "0a02 aabb 3203 010203" },
        { "an extension byte", "36 08 03 112233", "36 08 03 112233" },
        { "a size of two bytes", "32 8400 11223344", "32 8400 11223344" },
        { "a size of eight bytes", "32 8480808080808000 11223344",
          "32 8480808080808000 11223344" },
        { "a size of nine bytes", "32 848080808080808000 11223344", NULL },
        { "a temporal delimiter", "1200 3204 11223344", "3204 11223344" },
        { "one behind", "3204 11223344 1200", "3204 11223344" },
        { "padding between", "0a02 aabb 7a03 000080 3203 010203",
          "0a02 aabb 3203 010203" },
        { "padding without a size at the end", "3203 010203 78 000080",
          "3203 010203" },
        { "a redundant header and a tile list",
          "1a01 55 3a01 55 2201 66 4201 77", "1a01 55 2201 66" },
        { "an empty frame", "3200", "3200" },
        { "only a temporal delimiter", "1200", NULL },
        { "only padding", "7a03 000080 1200", NULL },
        { "a unit beyond the end", "3205 11223344", NULL },
        { "the second one", "3204 11223344 3201", NULL },
        { "a size cut off", "3204 11223344 3280", NULL },
        { "an extension cut off", "3204 11223344 36", NULL },
        { "the forbidden bit", "b204 11223344", NULL },
    };

    open_hex(NGX_LIVE_CODEC_AV1, AV1, NGX_LIVE_CODEC_NONE, "");

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = put_hex(i, rows[i].hex, rows[i].want ? rows[i].want : "");

        snprintf(name, sizeof(name), "AV1: %s", rows[i].name);
        tap_is(rc, rows[i].want ? NGX_OK : NGX_DECLINED, name);

        if (rc == NGX_OK && i % 2) {
            tap_ok(flush(), "  as it came");
        }
    }

    tap_ok(flush(), "  as they came");

    finish();
}


/* more than any buffer holds at first */

static void
test_large(void)
{
    int      i, ok;
    size_t   len;
    frame_t  f;

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);

    memset(&f, 0, sizeof(f));
    f.duration = 3000;
    f.key = 1;

    for (ok = 1, i = 0; i < 12; i++) {
        len = (i % 4 == 3) ? 40 : (size_t) 1000 << i;

        f.time += 3000;
        f.data = calloc(1, len);
        f.len = len;

        f.data[0] = (len - 4) >> 24 & 0xff;
        f.data[1] = (len - 4) >> 16 & 0xff;
        f.data[2] = (len - 4) >> 8 & 0xff;
        f.data[3] = (len - 4) & 0xff;
        f.data[len - 1] = i;

        ok &= (put(0, &f) == NGX_OK);
        put_audio(f.time, 1024);
        ok &= flush();

        free(f.data);
    }

    tap_ok(ok, "fragments of up to a megabyte and back");

    for (i = 0; i < 4000; i++) {
        put_video(f.time + 3000 + i * 7, i % 5 * 3000, 7, i % 100 == 0);
        put_audio(f.time + 3000 + i * 3, 3);
    }

    tap_ok(flush(), "and one of 4000 frames on each track");

    finish();
}


/* no fragment costs anything that stays */

static void
test_memory(void)
{
    int        i, ok;
    size_t     before, after;
    u_char     data[600];
    int64_t    t;
    ngx_str_t  part;

    memset(data, 0, sizeof(data));
    data[2] = 2;
    data[3] = 600 - 4 - 512;

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);

    before = 0;

    for (ok = 1, i = 0; i < 100000; i++) {

        if (i == 1000) {
            before = mallinfo2().uordblks + mallinfo2().hblkhd;
        }

        t = FAR + (int64_t) i * 6000 + i % 7;

        ok &= (ngx_multisource_mux_video(mux, t, 0, 3000, i % 10 == 0, data,
                                         sizeof(data))
               == NGX_OK);
        ok &= (ngx_multisource_mux_video(mux, t + 3000, i % 3 * 3000, 3000, 0,
                                         data, sizeof(data))
               == NGX_OK);
        ok &= (ngx_multisource_mux_audio(mux, (int64_t) i * 1024 + i % 7, 1024,
                                         data, 200)
               == NGX_OK);
        ok &= (ngx_multisource_mux_flush(mux, 0, &part) == NGX_OK);
        ok &= (part.len > 1400);
    }

    after = mallinfo2().uordblks + mallinfo2().hblkhd;

    tap_ok(ok, "100000 fragments");
    tap_ok(after <= before + 1024, "  take no memory");

    if (after > before + 1024) {
        printf("# %zu bytes, then %zu\n", before, after);
    }

    finish();
}


/* no memory: whatever happens, it is told, and nothing is lost on closing */

static void
test_no_memory(void)
{
    int         i, declined, broken;
    size_t      max;
    u_char     *data;
    ngx_str_t   part;
    ngx_int_t   rc;
    ngx_uint_t  lost;

    no_memory = 1;
    tap_ok(open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC)
           == NULL, "no memory for the muxer itself");
    no_memory = 0;

    av_log_set_level(AV_LOG_QUIET);
    av_log_set_callback(av_log_default_callback);

    data = calloc(1, 100000);
    data[1] = (100000 - 4) >> 16;
    data[2] = (100000 - 4) >> 8 & 0xff;
    data[3] = (100000 - 4) & 0xff;

    declined = 0;
    broken = 0;
    lost = 0;

    for (max = 16; max < 400000; max += max / 32 + 1) {

        av_max_alloc(max);
        logged = 0;

        open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);

        if (mux == NULL) {
            declined++;
            broken += (logged != 1);
            continue;
        }

        rc = NGX_OK;

        for (i = 0; i < 20 && rc == NGX_OK; i++) {
            rc = ngx_multisource_mux_video(mux, i * 3000, 0, 3000, 0, data,
                                           100000);

            if (rc == NGX_OK) {
                rc = ngx_multisource_mux_audio(mux, i * 1024, 1024, data, 300);
            }

            if (rc == NGX_OK) {
                rc = ngx_multisource_mux_flush(mux, 0, &part);
                lost += (rc == NGX_ERROR);
                broken += (rc == NGX_OK && part.len < 100300);
            }
        }

        if (rc != NGX_OK) {
            declined++;
            broken += (rc != NGX_ERROR || logged != 1
                       || logged_level != NGX_LOG_ERR);

            /* it stays so */

            av_max_alloc(INT_MAX);

            broken += (ngx_multisource_mux_video(mux, 900000, 0, 3000, 0, data,
                                                 100000)
                       != NGX_ERROR);
            broken += (ngx_multisource_mux_audio(mux, 900000, 1024, data, 300)
                       != NGX_ERROR);
            broken += (ngx_multisource_mux_flush(mux, 0, &part) != NGX_ERROR);
            broken += (part.len != 0);
            broken += (logged != 1);
        }

        finish();
    }

    av_max_alloc(INT_MAX);

    tap_ok(declined > 200 && lost > 5, "no memory for libavformat");
    tap_is(broken, 0, "  is told each time");

    av_log_set_level(AV_LOG_INFO);
    av_log_set_callback(av_log_seen);

    free(data);
}


static void
test_closed_early(void)
{
    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);
    finish();

    open_hex(NGX_LIVE_CODEC_H264, H264, NGX_LIVE_CODEC_AAC, AAC);
    put_video(0, 0, 3000, 1);
    put_audio(0, 1024);
    finish();

    tap_ok(1, "closed before a fragment");
}


/* streams of real encoders */

static int
load(media_t *m, ngx_uint_t codec, int hz)
{
    int               rc;
    int64_t           first;
    frame_t           f;
    AVStream         *stream;
    AVPacket         *packet;
    AVRational        to;
    AVFormatContext  *ctx;

    forget(m);
    free(m->record);
    m->record = NULL;
    m->codec = codec;

    ctx = NULL;

    if (avformat_open_input(&ctx, file, NULL, NULL) < 0) {
        return 0;
    }

    packet = av_packet_alloc();
    stream = ctx->streams[0];
    to = av_make_q(1, hz);
    first = AV_NOPTS_VALUE;

    m->record_len = stream->codecpar->extradata_size;
    m->record = copy_of(stream->codecpar->extradata, m->record_len);

    for ( ;; ) {
        rc = av_read_frame(ctx, packet);

        if (rc < 0) {
            break;
        }

        if (first == AV_NOPTS_VALUE) {
            first = packet->dts;
        }

        f.time = av_rescale_q(packet->dts - first, stream->time_base, to);
        f.cts = (int32_t) av_rescale_q(packet->pts - packet->dts,
                                       stream->time_base, to);
        f.duration = (uint32_t) av_rescale_q(packet->duration,
                                             stream->time_base, to);
        f.key = !!(packet->flags & AV_PKT_FLAG_KEY);

        keep(m, &f, packet->data, packet->size);
        av_packet_unref(packet);
    }

    av_packet_free(&packet);
    avformat_close_input(&ctx);

    return m->n > 10;
}


static int
encode(media_t *m, ngx_uint_t codec, int hz, const char *options)
{
    int   ok;
    char  command[MAX_COMMAND];

    snprintf(file, sizeof(file), "%s/in.mp4", dir);
    snprintf(command, sizeof(command),
             "SVT_LOG=-2 ffmpeg -nostdin -v error -y -f lavfi -i %s %s "
             ">%s/log 2>&1", options, file, dir);

    av_log_set_callback(av_log_default_callback);
    av_log_set_level(AV_LOG_QUIET);

    ok = (system(command) == 0 && load(m, codec, hz));

    av_log_set_level(AV_LOG_INFO);
    av_log_set_callback(av_log_seen);

    snprintf(command, sizeof(command), "%s/log", dir);
    unlink(command);
    unlink(file);

    return ok;
}


/*
 * Video and audio in the order of their times, in fragments of some frames; a
 * temporal delimiter comes before each frame of AV1.
 */

static void
test_stream(const char *what, int has_video, int has_audio, int per, int hz,
    int64_t start)
{
    int       v, a, ok, count, independent, late;
    u_char   *data;
    frame_t   f;

    v = has_video ? 0 : video.n;
    a = has_audio ? 0 : audio.n;

    open_records(has_video ? video.codec : NGX_LIVE_CODEC_NONE, video.record,
                 has_video ? video.record_len : 0,
                 has_audio ? audio.codec : NGX_LIVE_CODEC_NONE, audio.record,
                 has_audio ? audio.record_len : 0);

    if (!tap_ok(mux != NULL, what)) {
        return;
    }

    open_file("out.mp4");

    ok = 1;
    count = 0;
    independent = 0;
    late = 0;

    while (v < video.n || a < audio.n) {

        if (a == audio.n
            || (v < video.n
                && video.frames[v].time * hz <= audio.frames[a].time * HZ))
        {
            f = video.frames[v];

            /* a fragment ends before a keyframe, and after so many frames */

            if (count && (f.key || count >= per)) {
                ok &= flush();
                independent += (fragment.trafs[0].samples[0].flags
                                == DEPENDS_NO);
                count = 0;
            }

            f.time += start;
            late += (f.cts != 0);

            if (video.codec == NGX_LIVE_CODEC_AV1) {
                data = malloc(f.len + 2);
                data[0] = 0x12;
                data[1] = 0x00;
                memcpy(data + 2, f.data, f.len);

                f.data = data;
                f.len += 2;
                ok &= (put_as(0, &f, data + 2, f.len - 2) == NGX_OK);

                free(data);

            } else {
                ok &= (put(0, &f) == NGX_OK);
            }

            v++;

        } else {
            f = audio.frames[a++];

            if (!has_video && count >= per) {
                ok &= flush();
                count = 0;
            }

            f.time += start / HZ * hz;
            ok &= (put(1, &f) == NGX_OK);
        }

        count += (!has_video || f.time == start + video.frames[v - 1].time);
    }

    ok &= flush();
    close_file();

    tap_ok(ok, "  each fragment is as it was given");

    if (has_video) {
        tap_ok(independent >= 1, "  some are independent");

        if (video.codec != NGX_LIVE_CODEC_AV1) {
            tap_ok(late > 10, "  there are B-frames");
        }
    }

    tap_ok(probe_same(), "  ffprobe sees the same");
    tap_ok(decodes(), "  ffmpeg decodes it");

    unlink(file);
    finish();
}


#define PICTURES  "testsrc2=size=320x180:rate=30 -frames:v 45 "               \
                  "-pix_fmt yuv420p -video_track_timescale 90000 "
#define SOUND(hz)  "sine=frequency=440:sample_rate=" #hz " -t 1.5 -ac 2 "


static void
test_streams(void)
{
    if (!tap_ok(encode(&audio, NGX_LIVE_CODEC_AAC, 44100,
                       SOUND(44100) "-c:a aac"), "ffmpeg encodes AAC"))
    {
        return;
    }

    if (tap_ok(encode(&video, NGX_LIVE_CODEC_H264, HZ, PICTURES
                      "-c:v libx264 -preset veryfast -threads 1 -bf 3 -g 20 "
                      "-x264-params b-adapt=0:scenecut=0"),
               "ffmpeg encodes H.264"))
    {
        test_stream("H.264 and AAC", 1, 1, 6, 44100, FAR);
        test_stream("H.264 alone, frame by frame", 1, 0, 1, 44100, FAR);
    }

    test_stream("AAC alone", 0, 1, 9, 44100, FAR);

    if (encode(&video, NGX_LIVE_CODEC_HEVC, HZ, PICTURES
               "-c:v libx265 -preset ultrafast -x265-params "
               "log-level=none:bframes=3:b-adapt=0:keyint=20:pools=1"
               ":frame-threads=1"))
    {
        test_stream("HEVC and AAC", 1, 1, 6, 44100, FAR);

    } else {
        printf("# no HEVC encoder\n");
    }

    if (!encode(&audio, NGX_LIVE_CODEC_OPUS, 48000,
                SOUND(48000) "-c:a libopus"))
    {
        printf("# no Opus encoder\n");
        return;
    }

    test_stream("Opus alone", 0, 1, 10, 48000, FAR);

    if (encode(&video, NGX_LIVE_CODEC_AV1, HZ, PICTURES
               "-c:v libsvtav1 -preset 12 -g 20"))
    {
        test_stream("AV1 and Opus", 1, 1, 6, 48000, FAR);

    } else {
        printf("# no AV1 encoder\n");
    }
}


int
main(void)
{
    test_log.log_level = NGX_LOG_DEBUG;

    av_log_set_callback(av_log_seen);

    if (mkdtemp(dir) == NULL) {
        bail("no temporary directory");
    }

    test_carries();
    test_refused();
    test_init();
    test_av1_size();
    test_times();
    test_offsets();
    test_declined();
    test_durations();
    test_units();
    test_obus();
    test_large();
    test_memory();
    test_no_memory();
    test_closed_early();
    test_streams();

    tap_is(av_logged, 0, "libavformat said nothing");

    forget(&video);
    forget(&audio);
    free(video.record);
    free(audio.record);

    rmdir(dir);

    return tap_done();
}
