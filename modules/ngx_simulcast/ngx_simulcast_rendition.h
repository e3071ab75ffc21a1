
/*
 * Copyright (C) the ngx_live contributors
 *
 * A source encoded anew by a child process, ffmpeg by default: one per source
 * and distinct settings, however many destinations share it. The child reads
 * FLV on stdin and writes FLV to stdout; what it says on stderr is logged at
 * info. It has no other descriptors, and is started again with a backoff when
 * it ends, or takes frames and writes none for 15 s.
 */


#ifndef _NGX_SIMULCAST_RENDITION_H_INCLUDED_
#define _NGX_SIMULCAST_RENDITION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_RENDITION_QUEUE   8388608     /* bytes that wait for the
                                                       child's stdin */
#define NGX_SIMULCAST_RENDITION_TAG     16777216    /* of a tag it writes */


/* what makes one differ from another; 0 or NULL: as the source */

typedef struct {
    ngx_uint_t   bitrate;           /* kbit/s */
    ngx_uint_t   width;
    ngx_uint_t   height;
    ngx_uint_t   fps;
    const char  *preset;            /* ultrafast ... slow; static */
} ngx_simulcast_rendition_settings_t;


typedef struct ngx_simulcast_rendition_s  ngx_simulcast_rendition_t;


/*
 * A tag of the child's: type 8, 9 or 18, timestamp in ms, payload contiguous
 * and valid during the call. data NULL, type 0: the child has ended (and will
 * be started again unless the rendition is freed): what comes next begins with
 * new headers. The timestamps are on the source's clock, also then; those of
 * headers and metadata are that of the child's first keyframe.
 */
typedef void (*ngx_simulcast_rendition_pt)(void *data, ngx_uint_t type,
    uint32_t timestamp, u_char *payload, size_t len);


typedef struct {
    ngx_pid_t    pid;               /* -1: not running */
    ngx_uint_t   starts;
    uint64_t     in_bytes;
    uint64_t     out_bytes;
    uint64_t     dropped;           /* frames, while it did not keep up */
    ngx_msec_t   since;             /* ms since the start or the end */
    ngx_int_t    failures;          /* in a row */
} ngx_simulcast_rendition_look_t;


#pragma GCC visibility push(hidden)

/*
 * The command is the template of simulcast_transcode: words by blanks, quotes
 * '...' and "..." as in a shell but without any expansion, no shell runs it.
 * In words, quoted or not: {bitrate} (kbit/s), {bufsize} (twice that), {width}
 * and {height} (0: as it is, -2: in proportion to the other), {fps}, {preset},
 * {gop} (2 s of frames), {filter} (scale and fps as an ffmpeg filter graph,
 * "null" when nothing changes). A template is checked at configuration time:
 * NULL, or what is wrong with it. Empty: the default.
 */
const char *ngx_simulcast_rendition_check(ngx_str_t *command);

/* the default of simulcast_transcode */
extern const ngx_str_t  ngx_simulcast_rendition_default;

/*
 * Starts the child at the first keyframe. `source` tells bitrate (kbit/s), size
 * and fps for what the settings leave open (0: unknown, then 4500 kbit/s, 30
 * fps, size unchanged). NULL on failure (logged).
 */
ngx_simulcast_rendition_t *ngx_simulcast_rendition_create(
    ngx_simulcast_rendition_settings_t *settings,
    ngx_simulcast_rendition_settings_t *source, ngx_str_t *label,
    ngx_simulcast_rendition_pt handler, void *data);

/*
 * SIGTERM, and SIGKILL to what is still there after 2 s; the handler is not
 * called any more. May be called by the handler.
 */
void ngx_simulcast_rendition_free(ngx_simulcast_rendition_t *rendition);

/*
 * A message of the source, in order: type 8 or 9 (others are passed over),
 * timestamp in ms. The payload is written at once or copied into the queue.
 * `config`: a decoder's header (kept for restarts; another one, as audio that
 * begins later, starts another child at the next keyframe); `keyframe`: of
 * video. When the child does not keep up frames are dropped up to the next
 * keyframe.
 */
void ngx_simulcast_rendition_feed(ngx_simulcast_rendition_t *rendition,
    ngx_uint_t type, uint32_t timestamp, u_char *payload, size_t len,
    ngx_uint_t config, ngx_uint_t keyframe);

/* nonzero when both would make the same */
ngx_uint_t ngx_simulcast_rendition_same(
    ngx_simulcast_rendition_settings_t *a,
    ngx_simulcast_rendition_settings_t *b);

void ngx_simulcast_rendition_look(ngx_simulcast_rendition_t *rendition,
    ngx_simulcast_rendition_look_t *look);

/* all of this worker's, when it exits */
void ngx_simulcast_rendition_exit(void);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_RENDITION_H_INCLUDED_ */
