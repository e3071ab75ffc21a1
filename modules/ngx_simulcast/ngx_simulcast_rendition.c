
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_child.h"
#include "ngx_simulcast_flv.h"
#include "ngx_simulcast_rendition.h"
#include "ngx_simulcast_template.h"

#include <sys/uio.h>


#define NGX_SIMULCAST_RENDITION_BITRATE  4500   /* kbit/s, when nobody knows */
#define NGX_SIMULCAST_RENDITION_FPS      30
#define NGX_SIMULCAST_RENDITION_KEYFRAME 2      /* s between keyframes */
#define NGX_SIMULCAST_RENDITION_PRESET   "veryfast"

#define NGX_SIMULCAST_RENDITION_READ     65536  /* bytes of one read() */
#define NGX_SIMULCAST_RENDITION_TURN     16     /* reads of one event */
#define NGX_SIMULCAST_RENDITION_CONFIG   65536  /* of a decoder's header */

/* ms of media that wait for the child's stdin: a viewer's delay */
#define NGX_SIMULCAST_RENDITION_BACKLOG  5000

/* ms that it is fed and writes nothing: it hangs, and no platform holds a
   stream that is silent for 30 s */
#define NGX_SIMULCAST_RENDITION_SILENCE  15000

#define NGX_SIMULCAST_RENDITION_PAUSE    1000   /* ms, between two starts */
#define NGX_SIMULCAST_RENDITION_BACKOFF  30000  /* ms, at most */
#define NGX_SIMULCAST_RENDITION_STEADY   10000  /* ms of a child, after which a
                                                   frame ends the failures */

#define NGX_SIMULCAST_RENDITION_LEAVE    500    /* ms, from the end of its
                                                   output to SIGTERM */
#define NGX_SIMULCAST_RENDITION_GRACE    2000   /* ms, from there to SIGKILL */
#define NGX_SIMULCAST_RENDITION_POLL     20     /* ms, for its exit status */

/* ms that the source's clock may step back or ahead within one child: ffmpeg
   fills a gap with frames when it makes a constant rate */
#define NGX_SIMULCAST_RENDITION_BACK     1000
#define NGX_SIMULCAST_RENDITION_AHEAD    10000

/* ms of one child: FFmpeg writes 31 bits of a timestamp, see base below */
#define NGX_SIMULCAST_RENDITION_SPAN     0x40000000

#define NGX_SIMULCAST_RENDITION_LINE     256    /* bytes of what it says */
#define NGX_SIMULCAST_RENDITION_LINES    10     /* lines of it in ... */
#define NGX_SIMULCAST_RENDITION_WINDOW   10000  /* ... ms */


/* what waits for a child's stdin: a tag, or what is left of it */

typedef struct {
    ngx_queue_t                   queue;
    uint32_t                      timestamp;
    size_t                        pos;
    size_t                        len;
    u_char                        data[1];
} ngx_simulcast_rendition_block_t;


/* a child, which outlives its rendition by the time it takes to end */

typedef struct {
    ngx_queue_t                   queue;
    ngx_simulcast_rendition_t    *rendition;    /* NULL: it is to end */
    ngx_str_t                     label;

    ngx_simulcast_child_t         child;
    ngx_connection_t             *in;           /* each NULL when closed */
    ngx_connection_t             *out;
    ngx_connection_t             *err;

    ngx_simulcast_flv_reader_t   *reader;

    /*
     * The timestamp of the source that is the child's 0: what it writes is on
     * the source's clock, whatever that begins with and wherever it wraps.
     */

    uint32_t                      base;

    ngx_queue_t                   blocks;
    size_t                        waiting;      /* bytes of memory in them */
    ngx_uint_t                    dropping;     /* up to the next keyframe */

    ngx_msec_t                    started;
    ngx_msec_t                    fed;          /* the first of video since */
    ngx_uint_t                    unanswered;   /* its last, if there is    */

    ngx_event_t                   timer;        /* while it ends */
    ngx_msec_t                    deadline;     /* of its next signal */
    int                           signal;       /* the last one sent, or 0 */
    ngx_uint_t                    stopped;      /* by us */

    ngx_msec_t                    window;
    ngx_uint_t                    lines;
    ngx_uint_t                    cut;
    size_t                        line_len;
    u_char                        line[NGX_SIMULCAST_RENDITION_LINE];
} ngx_simulcast_rendition_run_t;


struct ngx_simulcast_rendition_s {
    ngx_queue_t                   queue;
    ngx_simulcast_rendition_run_t  *run;        /* NULL: not running */
    ngx_simulcast_rendition_pt    handler;
    void                         *data;
    ngx_str_t                     label;

    ngx_str_t                     video;        /* decoders' headers */
    ngx_str_t                     audio;
    ngx_uint_t                    has_audio;    /* there are frames of it */
    uint32_t                      last;         /* timestamp fed */

    ngx_uint_t                    bitrate;      /* of the source's, for its */
    ngx_uint_t                    width;        /* metadata; 0: not known   */
    ngx_uint_t                    height;
    ngx_uint_t                    fps;

    ngx_msec_t                    retry;        /* not before */
    ngx_msec_t                    ended;
    ngx_uint_t                    starts;
    ngx_int_t                     failures;
    uint64_t                      in_bytes;
    uint64_t                      out_bytes;
    uint64_t                      dropped;

    ngx_uint_t                    busy;         /* in a call of the handler */
    ngx_uint_t                    freed;        /* by it */

    ngx_simulcast_template_t      command;
};


typedef struct {
    char                          bitrate[NGX_INT_T_LEN + 1];
    char                          bufsize[NGX_INT_T_LEN + 1];
    char                          width[NGX_INT_T_LEN + 1];
    char                          height[NGX_INT_T_LEN + 1];
    char                          fps[NGX_INT_T_LEN + 1];
    char                          gop[NGX_INT_T_LEN + 1];
    char                          filter[256];
    ngx_simulcast_template_var_t  vars[8];
} ngx_simulcast_rendition_vars_t;


static const char *ngx_simulcast_rendition_expand(
    ngx_simulcast_template_t *command, ngx_str_t *text,
    ngx_simulcast_rendition_settings_t *settings,
    ngx_simulcast_rendition_settings_t *source);
static void ngx_simulcast_rendition_vars(ngx_simulcast_rendition_vars_t *v,
    ngx_simulcast_rendition_settings_t *settings,
    ngx_simulcast_rendition_settings_t *source);
static void ngx_simulcast_rendition_number(char *p, ngx_uint_t n);
static ngx_int_t ngx_simulcast_rendition_config(ngx_simulcast_rendition_t *r,
    ngx_str_t *config, u_char *payload, size_t len);
static void ngx_simulcast_rendition_frame(ngx_simulcast_rendition_t *r,
    ngx_uint_t type, uint32_t timestamp, u_char *payload, size_t len,
    ngx_uint_t keyframe);
static void ngx_simulcast_rendition_start(ngx_simulcast_rendition_t *r,
    uint32_t timestamp);
static ngx_simulcast_rendition_run_t *ngx_simulcast_rendition_run(
    ngx_simulcast_rendition_t *r, ngx_log_t *log);
static ngx_connection_t *ngx_simulcast_rendition_connect(ngx_socket_t *fd,
    ngx_simulcast_rendition_run_t *run, ngx_event_handler_pt read,
    ngx_event_handler_pt write);
static void ngx_simulcast_rendition_disconnect(ngx_connection_t **c);
static ngx_int_t ngx_simulcast_rendition_headers(ngx_simulcast_rendition_t *r);
static ngx_int_t ngx_simulcast_rendition_send(
    ngx_simulcast_rendition_run_t *run, ngx_uint_t type, uint32_t timestamp,
    u_char *payload, size_t len);
static ngx_int_t ngx_simulcast_rendition_output(
    ngx_simulcast_rendition_run_t *run, uint32_t timestamp, struct iovec *iov,
    ngx_uint_t niov);
static void ngx_simulcast_rendition_write(ngx_event_t *wev);
static void ngx_simulcast_rendition_read(ngx_event_t *rev);
static ngx_int_t ngx_simulcast_rendition_input(
    ngx_simulcast_rendition_run_t *run, u_char *p, size_t len);
static void ngx_simulcast_rendition_read_error(ngx_event_t *rev);
static void ngx_simulcast_rendition_say(ngx_simulcast_rendition_run_t *run,
    u_char *p, size_t len);
static void ngx_simulcast_rendition_line(ngx_simulcast_rendition_run_t *run);
static void ngx_simulcast_rendition_renew(ngx_simulcast_rendition_t *r,
    const char *why);
static void ngx_simulcast_rendition_fail(ngx_simulcast_rendition_run_t *run,
    const char *why, int signo);
static void ngx_simulcast_rendition_detach(ngx_simulcast_rendition_run_t *run);
static void ngx_simulcast_rendition_call(ngx_simulcast_rendition_t *r,
    ngx_uint_t type, uint32_t timestamp, u_char *payload, size_t len);
static void ngx_simulcast_rendition_stop(ngx_simulcast_rendition_run_t *run,
    int signo);
static void ngx_simulcast_rendition_ending(ngx_event_t *ev);
static void ngx_simulcast_rendition_destroy(
    ngx_simulcast_rendition_run_t *run);
static void ngx_simulcast_rendition_discard(
    ngx_simulcast_rendition_run_t *run);
static void ngx_simulcast_rendition_delete(ngx_simulcast_rendition_t *r);
static void ngx_simulcast_rendition_init(void);
static ngx_uint_t ngx_simulcast_rendition_past(ngx_msec_t time);


static ngx_queue_t  ngx_simulcast_rendition_all;
static ngx_queue_t  ngx_simulcast_rendition_runs;

/* of whichever child is read from; nothing is kept in it between events */
static u_char  ngx_simulcast_rendition_buffer[NGX_SIMULCAST_RENDITION_READ];


/*
 * As measured with FFmpeg 5.1: with these it writes its first frame 0.1 to
 * 0.2 s after its start, and each within 10 ms from then on.
 *
 *   analyzeduration  after 0.1 s of media its streams are known; with less, the
 *                    audio's sample rate may be missed. Not "-fflags nobuffer":
 *                    that drops what was analyzed, the first keyframe, and so
 *                    all frames up to the second
 *   thread_type      of the decoder: threads by frame are a frame of delay each
 *   copyts           timestamps as they are
 *   force_key_frames by time, whatever the frame rate and after a gap too
 *   max_interleave_delta  a source whose audio stops is not held back for 10 s
 */

const ngx_str_t  ngx_simulcast_rendition_default = ngx_string(
    "ffmpeg -hide_banner -nostdin -loglevel error -protocol_whitelist pipe"
    " -analyzeduration 100000 -fpsprobesize 0 -thread_type slice -copyts"
    " -f flv -i pipe:0 -map 0:v:0 -map 0:a:0? -vf {filter}"
    " -c:v libx264 -preset {preset} -tune zerolatency -profile:v high"
    " -pix_fmt yuv420p -b:v {bitrate}k -maxrate {bitrate}k -bufsize {bufsize}k"
    " -g 600 -sc_threshold 0 -flags +cgop"
    " -force_key_frames expr:isnan(prev_forced_t)+gte(t,prev_forced_t+1.99)"
    " -c:a copy -max_interleave_delta 300000"
    " -flvflags no_duration_filesize -f flv pipe:1");


const char *
ngx_simulcast_rendition_check(ngx_str_t *command)
{
    const char                          *why;
    ngx_simulcast_template_t            *template;
    ngx_simulcast_rendition_settings_t   settings, source;

    if (command->len == 0) {
        return NULL;
    }

    /* the longest values */

    ngx_memzero(&source, sizeof(ngx_simulcast_rendition_settings_t));

    settings.bitrate = NGX_MAX_UINT32_VALUE / 2;
    settings.width = NGX_MAX_UINT32_VALUE;
    settings.height = NGX_MAX_UINT32_VALUE;
    settings.fps = NGX_MAX_UINT32_VALUE / 2;
    settings.preset = NGX_SIMULCAST_RENDITION_PRESET;

    template = ngx_alloc(sizeof(ngx_simulcast_template_t), ngx_cycle->log);
    if (template == NULL) {
        return "there is no memory";
    }

    why = ngx_simulcast_rendition_expand(template, command, &settings,
                                         &source);
    ngx_free(template);

    return why;
}


static const char *
ngx_simulcast_rendition_expand(ngx_simulcast_template_t *command,
    ngx_str_t *text, ngx_simulcast_rendition_settings_t *settings,
    ngx_simulcast_rendition_settings_t *source)
{
    ngx_simulcast_rendition_vars_t  v;

    ngx_simulcast_rendition_vars(&v, settings, source);

    return ngx_simulcast_template_expand(command, text, v.vars,
                                         sizeof(v.vars) / sizeof(v.vars[0]));
}


static void
ngx_simulcast_rendition_vars(ngx_simulcast_rendition_vars_t *v,
    ngx_simulcast_rendition_settings_t *settings,
    ngx_simulcast_rendition_settings_t *source)
{
    u_char      *p, *last;
    ngx_uint_t   bitrate, width, height, fps, scale, rate;

    bitrate = settings->bitrate ? settings->bitrate : source->bitrate;
    fps = settings->fps ? settings->fps : source->fps;

    if (bitrate == 0) {
        bitrate = NGX_SIMULCAST_RENDITION_BITRATE;
    }

    /* 4:2:0 has no odd sizes */

    width = settings->width & ~(ngx_uint_t) 1;
    height = settings->height & ~(ngx_uint_t) 1;

    scale = (width && width != source->width)
            || (height && height != source->height);
    rate = settings->fps && settings->fps != source->fps;

    p = (u_char *) v->filter;
    last = p + sizeof(v->filter) - 1;

    if (scale && width && height) {

        /* a source of another shape is not distorted */

        p = ngx_slprintf(p, last,
                         "scale=%ui:%ui:force_original_aspect_ratio=decrease"
                         ":force_divisible_by=2,pad=%ui:%ui:-1:-1,setsar=1",
                         width, height, width, height);

    } else if (scale && width) {
        p = ngx_slprintf(p, last, "scale=%ui:-2", width);

    } else if (scale) {
        p = ngx_slprintf(p, last, "scale=-2:%ui", height);
    }

    if (rate) {
        p = ngx_slprintf(p, last, "%sfps=%ui", scale ? "," : "", fps);
    }

    if (!scale && !rate) {
        p = ngx_slprintf(p, last, "null");
    }

    *p = '\0';

    if (width == 0 && height == 0) {
        width = source->width;
        height = source->height;
    }

    if (fps == 0) {
        fps = NGX_SIMULCAST_RENDITION_FPS;
    }

    ngx_simulcast_rendition_number(v->bitrate, bitrate);
    ngx_simulcast_rendition_number(v->bufsize, bitrate * 2);
    ngx_simulcast_rendition_number(v->fps, fps);
    ngx_simulcast_rendition_number(v->gop,
                                   fps * NGX_SIMULCAST_RENDITION_KEYFRAME);

    /* for FFmpeg's filters: 0 as it is, -2 in proportion to the other */

    ngx_simulcast_rendition_number(v->width, width);
    ngx_simulcast_rendition_number(v->height, height);

    if (width == 0 && height) {
        ngx_memcpy(v->width, "-2", 3);

    } else if (height == 0 && width) {
        ngx_memcpy(v->height, "-2", 3);
    }

    v->vars[0].name = "bitrate";
    v->vars[0].value = v->bitrate;
    v->vars[1].name = "bufsize";
    v->vars[1].value = v->bufsize;
    v->vars[2].name = "width";
    v->vars[2].value = v->width;
    v->vars[3].name = "height";
    v->vars[3].value = v->height;
    v->vars[4].name = "fps";
    v->vars[4].value = v->fps;
    v->vars[5].name = "gop";
    v->vars[5].value = v->gop;
    v->vars[6].name = "filter";
    v->vars[6].value = v->filter;
    v->vars[7].name = "preset";
    v->vars[7].value = settings->preset ? settings->preset
                                        : NGX_SIMULCAST_RENDITION_PRESET;
}


static void
ngx_simulcast_rendition_number(char *p, ngx_uint_t n)
{
    (void) ngx_sprintf((u_char *) p, "%ui%Z", n);
}


ngx_uint_t
ngx_simulcast_rendition_same(ngx_simulcast_rendition_settings_t *a,
    ngx_simulcast_rendition_settings_t *b)
{
    const char  *p, *q;

    p = a->preset ? a->preset : NGX_SIMULCAST_RENDITION_PRESET;
    q = b->preset ? b->preset : NGX_SIMULCAST_RENDITION_PRESET;

    return a->bitrate == b->bitrate
           && a->width == b->width
           && a->height == b->height
           && a->fps == b->fps
           && ngx_strcmp(p, q) == 0;
}


ngx_simulcast_rendition_t *
ngx_simulcast_rendition_create(ngx_simulcast_rendition_settings_t *settings,
    ngx_simulcast_rendition_settings_t *source, ngx_str_t *label,
    ngx_simulcast_rendition_pt handler, void *data)
{
    ngx_str_t                   command;
    const char                 *why;
    ngx_simulcast_rendition_t  *r;

    ngx_simulcast_rendition_init();

    r = ngx_calloc(sizeof(ngx_simulcast_rendition_t) + label->len,
                   ngx_cycle->log);
    if (r == NULL) {
        return NULL;
    }

    command = ngx_simulcast_conf->transcode;

    if (command.len == 0) {
        command = ngx_simulcast_rendition_default;
    }

    why = ngx_simulcast_rendition_expand(&r->command, &command, settings,
                                         source);
    if (why) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "simulcast: rendition \"%V\": the command cannot be run, "
                      "%s", label, why);
        ngx_free(r);
        return NULL;
    }

    r->handler = handler;
    r->data = data;

    r->label.data = (u_char *) r + sizeof(ngx_simulcast_rendition_t);
    r->label.len = label->len;
    ngx_memcpy(r->label.data, label->data, label->len);

    r->width = source->width;
    r->height = source->height;
    r->fps = source->fps;

    r->retry = ngx_current_msec;
    r->ended = ngx_current_msec;

    ngx_queue_insert_tail(&ngx_simulcast_rendition_all, &r->queue);

    return r;
}


void
ngx_simulcast_rendition_free(ngx_simulcast_rendition_t *r)
{
    ngx_simulcast_rendition_run_t  *run;

    run = r->run;

    if (run) {
        run->rendition = NULL;
        r->run = NULL;
        ngx_simulcast_rendition_stop(run, SIGTERM);
    }

    r->handler = NULL;
    r->freed = 1;

    if (!r->busy) {
        ngx_simulcast_rendition_delete(r);
    }
}


static void
ngx_simulcast_rendition_delete(ngx_simulcast_rendition_t *r)
{
    ngx_queue_remove(&r->queue);

    if (r->video.data) {
        ngx_free(r->video.data);
    }

    if (r->audio.data) {
        ngx_free(r->audio.data);
    }

    ngx_free(r);
}


void
ngx_simulcast_rendition_feed(ngx_simulcast_rendition_t *r, ngx_uint_t type,
    uint32_t timestamp, u_char *payload, size_t len, ngx_uint_t config,
    ngx_uint_t keyframe)
{
    /*
     * The source's metadata is not the child's business: headers tell what it
     * is, and FFmpeg waits for a track that metadata announces and that never
     * comes.
     */

    if ((type != NGX_SIMULCAST_FLV_AUDIO && type != NGX_SIMULCAST_FLV_VIDEO)
        || len == 0 || len > NGX_SIMULCAST_FLV_MAX)
    {
        return;
    }

    r->busy++;

    if (config) {
        if (ngx_simulcast_rendition_config(r,
                     type == NGX_SIMULCAST_FLV_VIDEO ? &r->video : &r->audio,
                     payload, len)
            == NGX_OK)
        {
            ngx_simulcast_rendition_renew(r, "a decoder's header has changed");
        }

    } else {
        ngx_simulcast_rendition_frame(r, type, timestamp, payload, len,
                                      type == NGX_SIMULCAST_FLV_VIDEO
                                      && keyframe);
    }

    r->busy--;

    if (r->freed && !r->busy) {
        ngx_simulcast_rendition_delete(r);
    }
}


/* NGX_OK: it is another one; NGX_DECLINED: it is not, or of no use */

static ngx_int_t
ngx_simulcast_rendition_config(ngx_simulcast_rendition_t *r,
    ngx_str_t *config, u_char *payload, size_t len)
{
    u_char  *p;

    if (len > NGX_SIMULCAST_RENDITION_CONFIG
        || (config->len == len
            && ngx_memcmp(config->data, payload, len) == 0))
    {
        return NGX_DECLINED;
    }

    p = ngx_alloc(len, ngx_cycle->log);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    ngx_memcpy(p, payload, len);

    if (config->data) {
        ngx_free(config->data);
    }

    config->data = p;
    config->len = len;

    if (config == &r->audio) {
        r->has_audio = 1;
    }

    return NGX_OK;
}


static void
ngx_simulcast_rendition_frame(ngx_simulcast_rendition_t *r, ngx_uint_t type,
    uint32_t timestamp, u_char *payload, size_t len, ngx_uint_t keyframe)
{
    size_t                            size;
    int32_t                           step;
    ngx_queue_t                      *q;
    ngx_uint_t                        late;
    ngx_simulcast_rendition_run_t    *run;
    ngx_simulcast_rendition_block_t  *block;

    if (type == NGX_SIMULCAST_FLV_AUDIO && !r->has_audio) {

        /* a codec without a header; a child knows its tracks from its start */

        r->has_audio = 1;
        ngx_simulcast_rendition_renew(r, "audio has begun");
    }

    if (r->run) {
        step = (int32_t) (timestamp - r->last);

        if (step < -NGX_SIMULCAST_RENDITION_BACK
            || step > NGX_SIMULCAST_RENDITION_AHEAD)
        {
            ngx_simulcast_rendition_renew(r, "the source's clock has jumped");

        } else if (keyframe
                   && timestamp - r->run->base > NGX_SIMULCAST_RENDITION_SPAN
                   && (int32_t) (timestamp - r->run->base) > 0)
        {
            ngx_simulcast_rendition_renew(r, "its clock ends");
        }
    }

    r->last = timestamp;

    if (r->freed) {
        return;
    }

    if (r->run == NULL && keyframe && ngx_simulcast_rendition_past(r->retry)) {
        ngx_simulcast_rendition_start(r, timestamp);
    }

    run = r->run;

    if (run == NULL) {
        return;
    }

    timestamp -= run->base;

    if ((int32_t) timestamp < 0) {

        /* audio from just before the keyframe */

        return;
    }

    if (type == NGX_SIMULCAST_FLV_VIDEO && !run->unanswered) {
        run->unanswered = 1;
        run->fed = ngx_current_msec;

    } else if (type == NGX_SIMULCAST_FLV_VIDEO
               && ngx_simulcast_rendition_past(run->fed
                                            + NGX_SIMULCAST_RENDITION_SILENCE))
    {
        ngx_simulcast_rendition_fail(run, "it hangs", SIGKILL);
        return;
    }

    late = 0;
    size = run->waiting;

    if (!ngx_queue_empty(&run->blocks)) {
        q = ngx_queue_head(&run->blocks);
        block = ngx_queue_data(q, ngx_simulcast_rendition_block_t, queue);
        step = (int32_t) (timestamp - block->timestamp);
        late = step > 0 ? step : 0;
    }

    if (run->dropping) {

        /* not for one keyframe only */

        if (!keyframe
            || size > NGX_SIMULCAST_RENDITION_QUEUE / 2
            || late > NGX_SIMULCAST_RENDITION_BACKLOG / 2)
        {
            r->dropped++;
            return;
        }

        run->dropping = 0;
    }

    size += sizeof(ngx_simulcast_rendition_block_t) + NGX_SIMULCAST_FLV_HEAD
            + len + NGX_SIMULCAST_FLV_TAIL;

    if (size > NGX_SIMULCAST_RENDITION_QUEUE
        || late > NGX_SIMULCAST_RENDITION_BACKLOG)
    {
        run->dropping = 1;
        r->dropped++;

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "simulcast: rendition \"%V\": the encoder does not keep "
                      "up, %uz bytes and %ui ms wait", &r->label,
                      run->waiting, late);
        return;
    }

    if (ngx_simulcast_rendition_send(run, type, timestamp, payload, len)
        != NGX_OK)
    {
        ngx_simulcast_rendition_fail(run, "its input is closed", SIGTERM);
    }
}


static void
ngx_simulcast_rendition_start(ngx_simulcast_rendition_t *r,
    uint32_t timestamp)
{
    ngx_msec_t  delay;

    r->starts++;
    r->retry = ngx_current_msec + NGX_SIMULCAST_RENDITION_PAUSE;

    r->run = ngx_simulcast_rendition_run(r, ngx_cycle->log);

    if (r->run) {
        r->run->base = timestamp;

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "simulcast: rendition \"%V\" starts, process %P",
                      &r->label, r->run->child.pid);

        if (ngx_simulcast_rendition_headers(r) != NGX_OK) {
            ngx_simulcast_rendition_fail(r->run, "its input is closed",
                                         SIGTERM);
        }

        return;
    }

    delay = ngx_min(NGX_SIMULCAST_RENDITION_BACKOFF,
                    1000 << ngx_min(r->failures, 5));

    r->failures++;
    r->ended = ngx_current_msec;
    r->retry = ngx_current_msec + delay;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "simulcast: rendition \"%V\": the encoder could not be "
                  "started, again in %M ms", &r->label, delay);
}


static ngx_simulcast_rendition_run_t *
ngx_simulcast_rendition_run(ngx_simulcast_rendition_t *r, ngx_log_t *log)
{
    ngx_simulcast_rendition_run_t  *run;

    run = ngx_calloc(sizeof(ngx_simulcast_rendition_run_t) + r->label.len, log);
    if (run == NULL) {
        return NULL;
    }

    run->reader = ngx_simulcast_flv_create(NGX_SIMULCAST_RENDITION_TAG);
    if (run->reader == NULL) {
        ngx_free(run);
        return NULL;
    }

    if (ngx_simulcast_child_spawn(&run->child, r->command.argv, log)
        != NGX_OK)
    {
        ngx_simulcast_flv_free(run->reader);
        ngx_free(run);
        return NULL;
    }

    run->label.data = (u_char *) run + sizeof(ngx_simulcast_rendition_run_t);
    run->label.len = r->label.len;
    ngx_memcpy(run->label.data, r->label.data, r->label.len);

    ngx_queue_init(&run->blocks);
    ngx_queue_insert_tail(&ngx_simulcast_rendition_runs, &run->queue);

    run->started = ngx_current_msec;
    run->timer.handler = ngx_simulcast_rendition_ending;
    run->timer.data = run;
    run->timer.log = log;

    run->in = ngx_simulcast_rendition_connect(&run->child.in, run, NULL,
                                              ngx_simulcast_rendition_write);
    run->out = ngx_simulcast_rendition_connect(&run->child.out, run,
                                             ngx_simulcast_rendition_read,
                                             NULL);
    run->err = ngx_simulcast_rendition_connect(&run->child.err, run,
                                           ngx_simulcast_rendition_read_error,
                                           NULL);

    if (run->in == NULL || run->out == NULL || run->err == NULL) {
        ngx_simulcast_rendition_stop(run, SIGKILL);
        return NULL;
    }

    run->rendition = r;

    return run;
}


/* takes the descriptor in any case */

static ngx_connection_t *
ngx_simulcast_rendition_connect(ngx_socket_t *fd,
    ngx_simulcast_rendition_run_t *run, ngx_event_handler_pt read,
    ngx_event_handler_pt write)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(*fd, ngx_cycle->log);

    if (c == NULL) {
        (void) close(*fd);
        *fd = -1;
        return NULL;
    }

    *fd = -1;

    c->data = run;
    c->log = ngx_cycle->log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->log = c->log;
    c->read->handler = read;
    c->write->log = c->log;
    c->write->handler = write;

    if (write) {
        c->write->ready = 1;

    } else if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_close_connection(c);
        return NULL;
    }

    return c;
}


static void
ngx_simulcast_rendition_disconnect(ngx_connection_t **c)
{
    if (*c) {
        ngx_close_connection(*c);
        *c = NULL;
    }
}


/* the file's header, what is known of the video, and the decoders' headers */

static ngx_int_t
ngx_simulcast_rendition_headers(ngx_simulcast_rendition_t *r)
{
    u_char        *p, file[NGX_SIMULCAST_FLV_FILE], meta[128];
    uint64_t       bits;
    double         value;
    ngx_int_t      i;
    ngx_uint_t     n, values[3];
    struct iovec   iov;

    static const char  *names[3] = { "width", "height", "framerate" };

    (void) ngx_simulcast_flv_file(file, r->has_audio, 1);

    iov.iov_base = file;
    iov.iov_len = NGX_SIMULCAST_FLV_FILE;

    if (ngx_simulcast_rendition_output(r->run, 0, &iov, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * AMF0: "onMetaData" and an array of numbers. Without the rate FFmpeg
     * estimates one from the first frames.
     */

    values[0] = r->width;
    values[1] = r->height;
    values[2] = r->fps;

    p = ngx_cpymem(meta, "\x02\x00\x0aonMetaData\x08\x00\x00\x00\x00", 18);

    for (n = 0; n < 3; n++) {

        if (values[n] == 0) {
            continue;
        }

        meta[17]++;

        *p++ = 0;
        *p++ = (u_char) ngx_strlen(names[n]);
        p = ngx_cpymem(p, names[n], ngx_strlen(names[n]));
        *p++ = 0;

        value = (double) values[n];
        ngx_memcpy(&bits, &value, sizeof(uint64_t));

        for (i = 56; i >= 0; i -= 8) {
            *p++ = (u_char) (bits >> i);
        }
    }

    p = ngx_cpymem(p, "\x00\x00\x09", 3);

    if (ngx_simulcast_rendition_send(r->run, NGX_SIMULCAST_FLV_META, 0, meta,
                                     p - meta)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->video.len
        && ngx_simulcast_rendition_send(r->run, NGX_SIMULCAST_FLV_VIDEO, 0,
                                        r->video.data, r->video.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->audio.len
        && ngx_simulcast_rendition_send(r->run, NGX_SIMULCAST_FLV_AUDIO, 0,
                                        r->audio.data, r->audio.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_rendition_send(ngx_simulcast_rendition_run_t *run,
    ngx_uint_t type, uint32_t timestamp, u_char *payload, size_t len)
{
    u_char        head[NGX_SIMULCAST_FLV_HEAD], tail[NGX_SIMULCAST_FLV_TAIL];
    struct iovec  iov[3];

    (void) ngx_simulcast_flv_head(head, type, timestamp, len);
    (void) ngx_simulcast_flv_tail(tail, len);

    iov[0].iov_base = head;
    iov[0].iov_len = NGX_SIMULCAST_FLV_HEAD;
    iov[1].iov_base = payload;
    iov[1].iov_len = len;
    iov[2].iov_base = tail;
    iov[2].iov_len = NGX_SIMULCAST_FLV_TAIL;

    return ngx_simulcast_rendition_output(run, timestamp, iov, 3);
}


/* into the pipe, and what does not fit is copied and waits */

static ngx_int_t
ngx_simulcast_rendition_output(ngx_simulcast_rendition_run_t *run,
    uint32_t timestamp, struct iovec *iov, ngx_uint_t niov)
{
    size_t                            len;
    ssize_t                           n;
    u_char                           *p;
    ngx_uint_t                        i;
    ngx_event_t                      *wev;
    ngx_simulcast_rendition_block_t  *block;

    if (run->in == NULL) {
        return NGX_ERROR;
    }

    wev = run->in->write;
    n = 0;
    len = 0;

    for (i = 0; i < niov; i++) {
        len += iov[i].iov_len;
    }

    if (wev->ready && ngx_queue_empty(&run->blocks)) {

        do {
            n = writev(run->in->fd, iov, niov);
        } while (n == -1 && ngx_errno == NGX_EINTR);

        if (n == -1) {
            if (ngx_errno != NGX_EAGAIN) {
                return NGX_ERROR;
            }

            n = 0;
        }

        if (run->rendition) {
            run->rendition->in_bytes += n;
        }

        if ((size_t) n == len) {
            return NGX_OK;
        }

        /* edge-triggered: room is told of only when there was none */

        ngx_post_event(wev, &ngx_posted_events);
    }

    len -= n;

    block = ngx_alloc(sizeof(ngx_simulcast_rendition_block_t) + len,
                      ngx_cycle->log);
    if (block == NULL) {
        return NGX_ERROR;
    }

    block->timestamp = timestamp;
    block->pos = 0;
    block->len = len;

    p = block->data;

    for (i = 0; i < niov; i++) {

        if ((size_t) n >= iov[i].iov_len) {
            n -= iov[i].iov_len;
            continue;
        }

        p = ngx_cpymem(p, (u_char *) iov[i].iov_base + n, iov[i].iov_len - n);
        n = 0;
    }

    ngx_queue_insert_tail(&run->blocks, &block->queue);
    run->waiting += sizeof(ngx_simulcast_rendition_block_t) + len;

    return NGX_OK;
}


static void
ngx_simulcast_rendition_write(ngx_event_t *wev)
{
    ssize_t                           n;
    ngx_queue_t                      *q;
    ngx_uint_t                        i;
    struct iovec                      iov[64];
    ngx_connection_t                 *c;
    ngx_simulcast_rendition_run_t    *run;
    ngx_simulcast_rendition_block_t  *block;

    c = wev->data;
    run = c->data;

    wev->ready = 1;

    while (!ngx_queue_empty(&run->blocks)) {

        i = 0;

        for (q = ngx_queue_head(&run->blocks);
             q != ngx_queue_sentinel(&run->blocks) && i < 64;
             q = ngx_queue_next(q))
        {
            block = ngx_queue_data(q, ngx_simulcast_rendition_block_t, queue);

            iov[i].iov_base = block->data + block->pos;
            iov[i].iov_len = block->len - block->pos;
            i++;
        }

        n = writev(c->fd, iov, i);

        if (n == -1) {

            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            if (ngx_errno == NGX_EAGAIN) {
                wev->ready = 0;
                break;
            }

            ngx_simulcast_rendition_fail(run, "its input is closed", SIGTERM);
            return;
        }

        run->rendition->in_bytes += n;

        while (n > 0) {
            q = ngx_queue_head(&run->blocks);
            block = ngx_queue_data(q, ngx_simulcast_rendition_block_t, queue);

            if ((size_t) n < block->len - block->pos) {
                block->pos += n;
                break;
            }

            n -= block->len - block->pos;

            run->waiting -= sizeof(ngx_simulcast_rendition_block_t)
                            + block->len;
            ngx_queue_remove(q);
            ngx_free(block);
        }
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_simulcast_rendition_fail(run, "its input cannot be waited for",
                                     SIGTERM);
    }
}


static void
ngx_simulcast_rendition_read(ngx_event_t *rev)
{
    ssize_t                         n;
    ngx_uint_t                      turn;
    ngx_connection_t               *c;
    ngx_simulcast_rendition_run_t  *run;

    c = rev->data;
    run = c->data;

    for (turn = 0; turn < NGX_SIMULCAST_RENDITION_TURN; turn++) {

        n = read(c->fd, ngx_simulcast_rendition_buffer,
                 NGX_SIMULCAST_RENDITION_READ);

        if (n == -1) {

            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            if (ngx_errno == NGX_EAGAIN) {
                rev->ready = 0;

                if (ngx_handle_read_event(rev, 0) == NGX_OK) {
                    return;
                }
            }
        }

        if (n <= 0) {
            ngx_simulcast_rendition_disconnect(&run->out);

            if (run->rendition) {
                ngx_simulcast_rendition_fail(run, "it has ended", 0);

            } else {
                ngx_simulcast_rendition_ending(&run->timer);
            }

            return;
        }

        if (run->rendition == NULL) {
            continue;
        }

        if (ngx_simulcast_rendition_input(run, ngx_simulcast_rendition_buffer,
                                          n)
            != NGX_OK)
        {
            ngx_simulcast_rendition_fail(run, "it does not write FLV",
                                         SIGTERM);
        }
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


static ngx_int_t
ngx_simulcast_rendition_input(ngx_simulcast_rendition_run_t *run, u_char *p,
    size_t len)
{
    u_char                     *last;
    ngx_int_t                   rc;
    ngx_simulcast_flv_tag_t     tag;
    ngx_simulcast_rendition_t  *r;

    last = p + len;
    run->rendition->out_bytes += len;

    for ( ;; ) {

        rc = ngx_simulcast_flv_read(run->reader, &p, last, &tag);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        r = run->rendition;

        /* its headers come before it has made anything */

        if (tag.type == NGX_SIMULCAST_FLV_VIDEO && tag.timestamp) {
            run->unanswered = 0;

            if (ngx_simulcast_rendition_past(run->started
                                             + NGX_SIMULCAST_RENDITION_STEADY))
            {
                r->failures = 0;
            }
        }

        ngx_simulcast_rendition_call(r, tag.type, tag.timestamp + run->base,
                                     tag.data, tag.len);

        if (run->rendition == NULL) {
            return NGX_OK;
        }
    }
}


static void
ngx_simulcast_rendition_call(ngx_simulcast_rendition_t *r, ngx_uint_t type,
    uint32_t timestamp, u_char *payload, size_t len)
{
    r->busy++;

    if (r->handler) {
        r->handler(r->data, type, timestamp, payload, len);
    }

    r->busy--;

    if (r->freed && !r->busy) {
        ngx_simulcast_rendition_delete(r);
    }
}


static void
ngx_simulcast_rendition_read_error(ngx_event_t *rev)
{
    u_char                          buf[4096];
    ssize_t                         n;
    ngx_uint_t                      turn;
    ngx_connection_t               *c;
    ngx_simulcast_rendition_run_t  *run;

    c = rev->data;
    run = c->data;

    for (turn = 0; turn < NGX_SIMULCAST_RENDITION_TURN; turn++) {

        n = read(c->fd, buf, sizeof(buf));

        if (n == -1) {

            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            if (ngx_errno == NGX_EAGAIN) {
                rev->ready = 0;

                if (ngx_handle_read_event(rev, 0) == NGX_OK) {
                    return;
                }
            }
        }

        if (n <= 0) {
            ngx_simulcast_rendition_line(run);
            ngx_simulcast_rendition_disconnect(&run->err);
            return;
        }

        ngx_simulcast_rendition_say(run, buf, n);
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


static void
ngx_simulcast_rendition_say(ngx_simulcast_rendition_run_t *run, u_char *p,
    size_t len)
{
    u_char  *last;

    for (last = p + len; p < last; p++) {

        if (*p == LF || *p == CR) {
            ngx_simulcast_rendition_line(run);

        } else if (run->line_len < NGX_SIMULCAST_RENDITION_LINE) {
            run->line[run->line_len++] = (*p < 0x20 || *p > 0x7e) ? '?' : *p;
        }
    }
}


static void
ngx_simulcast_rendition_line(ngx_simulcast_rendition_run_t *run)
{
    if (run->line_len == 0) {
        return;
    }

    if (ngx_simulcast_rendition_past(run->window
                                     + NGX_SIMULCAST_RENDITION_WINDOW))
    {
        if (run->cut) {
            ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                          "simulcast: rendition \"%V\" said %ui lines more",
                          &run->label, run->cut);
        }

        run->window = ngx_current_msec;
        run->lines = 0;
        run->cut = 0;
    }

    if (run->lines < NGX_SIMULCAST_RENDITION_LINES) {
        run->lines++;

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "simulcast: rendition \"%V\" says: %*s", &run->label,
                      run->line_len, run->line);

    } else {
        run->cut++;
    }

    run->line_len = 0;
}


/* another child, as soon as a keyframe comes; not a failure of this one */

static void
ngx_simulcast_rendition_renew(ngx_simulcast_rendition_t *r, const char *why)
{
    ngx_simulcast_rendition_run_t  *run;

    run = r->run;

    if (run == NULL) {
        return;
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "simulcast: rendition \"%V\" starts anew, %s",
                  &r->label, why);

    ngx_simulcast_rendition_detach(run);
    ngx_simulcast_rendition_stop(run, SIGTERM);
}


static void
ngx_simulcast_rendition_fail(ngx_simulcast_rendition_run_t *run,
    const char *why, int signo)
{
    ngx_msec_t                  delay;
    ngx_simulcast_rendition_t  *r;

    r = run->rendition;

    delay = ngx_min(NGX_SIMULCAST_RENDITION_BACKOFF,
                    1000 << ngx_min(r->failures, 5));

    r->failures++;
    r->retry = ngx_current_msec + delay;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "simulcast: rendition \"%V\": the encoder has failed, %s, "
                  "again in %M ms", &r->label, why, delay);

    ngx_simulcast_rendition_detach(run);
    ngx_simulcast_rendition_stop(run, signo);
}


static void
ngx_simulcast_rendition_detach(ngx_simulcast_rendition_run_t *run)
{
    ngx_simulcast_rendition_t  *r;

    r = run->rendition;

    run->rendition = NULL;
    r->run = NULL;
    r->ended = ngx_current_msec;

    ngx_simulcast_rendition_call(r, 0, 0, NULL, 0);
}


/*
 * Its input ends, its output is read and thrown away, so that it can end, and
 * the signals follow from a timer. signo 0: it seems to end by itself.
 */

static void
ngx_simulcast_rendition_stop(ngx_simulcast_rendition_run_t *run, int signo)
{
    ngx_simulcast_rendition_disconnect(&run->in);
    ngx_simulcast_rendition_discard(run);

    run->stopped = (signo != 0);
    run->signal = signo;

    if (signo) {
        (void) ngx_simulcast_child_signal(&run->child, signo);
        run->deadline = ngx_current_msec + NGX_SIMULCAST_RENDITION_GRACE;

    } else {
        run->deadline = ngx_current_msec + NGX_SIMULCAST_RENDITION_LEAVE;
    }

    ngx_add_timer(&run->timer, NGX_SIMULCAST_RENDITION_POLL);
}


static void
ngx_simulcast_rendition_ending(ngx_event_t *ev)
{
    int                             status;
    ngx_uint_t                      level;
    ngx_simulcast_rendition_run_t  *run;

    run = ev->data;

    if (ngx_simulcast_child_ended(&run->child, &status) == NGX_OK) {

        if (WIFSIGNALED(status)) {
            level = run->stopped ? NGX_LOG_INFO : NGX_LOG_WARN;

            ngx_log_error(level, ngx_cycle->log, 0,
                          "simulcast: rendition \"%V\": process %P ended on "
                          "signal %d", &run->label, run->child.pid,
                          WTERMSIG(status));

        } else {
            ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                          "simulcast: rendition \"%V\": process %P ended with "
                          "code %d", &run->label, run->child.pid,
                          WEXITSTATUS(status));
        }

        ngx_simulcast_rendition_destroy(run);
        return;
    }

    if (ngx_simulcast_rendition_past(run->deadline)) {

        if (run->signal == SIGKILL) {

            /* it waits for a device, and ends when that lets it */

            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "simulcast: rendition \"%V\": process %P does not "
                          "end", &run->label, run->child.pid);

            ngx_simulcast_rendition_destroy(run);
            return;
        }

        run->signal = run->signal ? SIGKILL : SIGTERM;
        run->stopped = 1;
        run->deadline = ngx_current_msec + NGX_SIMULCAST_RENDITION_GRACE;

        (void) ngx_simulcast_child_signal(&run->child, run->signal);
    }

    if (!run->timer.timer_set) {
        ngx_add_timer(&run->timer, NGX_SIMULCAST_RENDITION_POLL);
    }
}


static void
ngx_simulcast_rendition_destroy(ngx_simulcast_rendition_run_t *run)
{
    if (run->timer.timer_set) {
        ngx_del_timer(&run->timer);
    }

    if (run->err) {

        /* its last words */

        ngx_simulcast_rendition_read_error(run->err->read);
    }

    ngx_simulcast_rendition_disconnect(&run->in);
    ngx_simulcast_rendition_disconnect(&run->out);
    ngx_simulcast_rendition_disconnect(&run->err);

    ngx_simulcast_rendition_discard(run);
    ngx_simulcast_child_release(&run->child);
    ngx_simulcast_flv_free(run->reader);

    ngx_queue_remove(&run->queue);
    ngx_free(run);
}


static void
ngx_simulcast_rendition_discard(ngx_simulcast_rendition_run_t *run)
{
    ngx_queue_t                      *q;
    ngx_simulcast_rendition_block_t  *block;

    while (!ngx_queue_empty(&run->blocks)) {
        q = ngx_queue_head(&run->blocks);
        block = ngx_queue_data(q, ngx_simulcast_rendition_block_t, queue);

        ngx_queue_remove(q);
        ngx_free(block);
    }

    run->waiting = 0;
}


void
ngx_simulcast_rendition_look(ngx_simulcast_rendition_t *r,
    ngx_simulcast_rendition_look_t *look)
{
    look->pid = r->run ? r->run->child.pid : -1;
    look->starts = r->starts;
    look->in_bytes = r->in_bytes;
    look->out_bytes = r->out_bytes;
    look->dropped = r->dropped;
    look->since = ngx_current_msec - (r->run ? r->run->started : r->ended);
    look->failures = r->failures;
}


void
ngx_simulcast_rendition_exit(void)
{
    ngx_queue_t                    *q;
    ngx_simulcast_rendition_t      *r;
    ngx_simulcast_rendition_run_t  *run;

    ngx_simulcast_rendition_init();

    while (!ngx_queue_empty(&ngx_simulcast_rendition_all)) {
        q = ngx_queue_head(&ngx_simulcast_rendition_all);
        r = ngx_queue_data(q, ngx_simulcast_rendition_t, queue);

        ngx_simulcast_rendition_free(r);
    }

    ngx_simulcast_child_exit();

    while (!ngx_queue_empty(&ngx_simulcast_rendition_runs)) {
        q = ngx_queue_head(&ngx_simulcast_rendition_runs);
        run = ngx_queue_data(q, ngx_simulcast_rendition_run_t, queue);

        ngx_simulcast_rendition_destroy(run);
    }
}


static void
ngx_simulcast_rendition_init(void)
{
    if (ngx_simulcast_rendition_all.next == NULL) {
        ngx_queue_init(&ngx_simulcast_rendition_all);
        ngx_queue_init(&ngx_simulcast_rendition_runs);
    }
}


static ngx_uint_t
ngx_simulcast_rendition_past(ngx_msec_t time)
{
    return (ngx_msec_int_t) (ngx_current_msec - time) >= 0;
}
