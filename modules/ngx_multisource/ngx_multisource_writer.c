
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_cadence.h"
#include "ngx_multisource_keep.h"
#include "ngx_multisource_sweep.h"
#include "ngx_multisource_writer.h"

#include "ngx_live_process.h"


/* records in the rings: of short segments, and of the shortest parts */
#define NGX_MULTISOURCE_WRITER_SPARE   128
#define NGX_MULTISOURCE_WRITER_PARTS   2048

/*
 * The number of a source's first segment. hls.js takes 0 for none (1.7): it
 * loads that segment over and over, until there is another one.
 */
#define NGX_MULTISOURCE_WRITER_FIRST   1

/* of a segment's file */
#define NGX_MULTISOURCE_WRITER_ACCESS  0644


typedef struct {
    ngx_multisource_disk_job_t         job;
    ngx_multisource_writer_t          *writer;
    ngx_uint_t                         lost;    /* there is no index */
    ngx_multisource_writer_part_t      part;
    ngx_multisource_writer_info_t      info;
    ngx_uint_t                         state;
    u_char                             data[1];
} ngx_multisource_writer_job_t;


static ngx_multisource_writer_job_t *ngx_multisource_writer_job(
    ngx_multisource_writer_t *writer, size_t size,
    ngx_multisource_disk_pt run);
static void ngx_multisource_writer_done(ngx_multisource_disk_job_t *dj);
static void ngx_multisource_writer_destroy(ngx_multisource_writer_t *writer);

static ngx_int_t ngx_multisource_writer_run_open(
    ngx_multisource_disk_job_t *dj);
static ngx_int_t ngx_multisource_writer_run_part(
    ngx_multisource_disk_job_t *dj);
static ngx_int_t ngx_multisource_writer_run_state(
    ngx_multisource_disk_job_t *dj);
static ngx_int_t ngx_multisource_writer_failed(
    ngx_multisource_writer_job_t *job, const char *what);
static ngx_int_t ngx_multisource_writer_begin(
    ngx_multisource_writer_job_t *job, ngx_multisource_index_head_t *head);
static ngx_uint_t ngx_multisource_writer_taken(
    ngx_multisource_writer_t *writer, const char *path);
static ngx_int_t ngx_multisource_writer_media(
    ngx_multisource_writer_job_t *job, ngx_multisource_index_head_t *head);
static ngx_int_t ngx_multisource_writer_init(
    ngx_multisource_writer_job_t *job);
static ngx_int_t ngx_multisource_writer_append(
    ngx_multisource_writer_job_t *job, ngx_multisource_index_head_t *head);
static void ngx_multisource_writer_undo(ngx_multisource_writer_job_t *job,
    ngx_multisource_index_head_t *head, uint32_t init);
static void ngx_multisource_writer_relieve(
    ngx_multisource_writer_job_t *job, ngx_multisource_index_head_t *head);
static void ngx_multisource_writer_tidy(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head);
static ngx_int_t ngx_multisource_writer_write(int fd, u_char *data, size_t len,
    off_t offset);
static void ngx_multisource_writer_finish(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head);
static void ngx_multisource_writer_expire(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head);
static void ngx_multisource_writer_remove(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head,
    ngx_multisource_index_segment_t *segment);
static char *ngx_multisource_writer_index(ngx_multisource_writer_t *writer,
    char *buf);
static uint64_t ngx_multisource_writer_now(void);


ngx_multisource_writer_t *
ngx_multisource_writer_open(ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_str_t *source,
    ngx_multisource_writer_handlers_t *handlers)
{
    u_char                        *p;
    ngx_multisource_writer_t      *writer;
    ngx_multisource_writer_job_t  *job;

    writer = ngx_calloc(sizeof(ngx_multisource_writer_t)
                        + streamer->len + source->len, ngx_cycle->log);
    if (writer == NULL) {
        return NULL;
    }

    writer->app = app;
    writer->handlers = *handlers;
    writer->log = ngx_cycle->log;
    writer->index.fd = NGX_INVALID_FILE;
    writer->dir = -1;
    writer->file = -1;

    p = (u_char *) (writer + 1);

    writer->streamer.data = p;
    writer->streamer.len = streamer->len;
    p = ngx_cpymem(p, streamer->data, streamer->len);

    writer->source.data = p;
    writer->source.len = source->len;
    ngx_memcpy(p, source->data, source->len);

    p = ngx_multisource_disk_path((u_char *) writer->path, app, streamer,
                                  source, "");
    if (p == NULL) {
        ngx_log_error(NGX_LOG_ERR, writer->log, 0,
                      "multisource: the path of streamer \"%V\" source \"%V\" "
                      "is too long", streamer, source);
        ngx_free(writer);
        return NULL;
    }

    writer->path_len = p - (u_char *) writer->path;

    if (writer->path_len + NGX_MULTISOURCE_INDEX_NAME_MAX
        > NGX_MULTISOURCE_DISK_PATH_MAX
        || ngx_multisource_disk_init(&writer->disk, writer->log) != NGX_OK)
    {
        ngx_free(writer);
        return NULL;
    }

    job = ngx_multisource_writer_job(writer, 0,
                                     ngx_multisource_writer_run_open);
    if (job == NULL) {
        ngx_multisource_disk_destroy(&writer->disk);
        ngx_free(writer);
        return NULL;
    }

    ngx_multisource_disk_post(&writer->disk, &job->job);

    return writer;
}


void
ngx_multisource_writer_retry(ngx_multisource_writer_t *writer)
{
    ngx_multisource_writer_job_t  *job;

    if (writer->ready) {
        return;
    }

    job = ngx_multisource_writer_job(writer, 0,
                                     ngx_multisource_writer_run_open);
    if (job) {
        ngx_multisource_disk_post(&writer->disk, &job->job);
    }
}


ngx_int_t
ngx_multisource_writer_part(ngx_multisource_writer_t *writer,
    ngx_multisource_writer_part_t *part, ngx_multisource_writer_info_t *info)
{
    u_char                        *p;
    size_t                         size;
    ngx_multisource_writer_job_t  *job;

    size = part->data.len + part->init.len;

    if (writer->disk.backlog + size > NGX_MULTISOURCE_DISK_BACKLOG) {
        return NGX_ERROR;
    }

    job = ngx_multisource_writer_job(writer, size,
                                     ngx_multisource_writer_run_part);
    if (job == NULL) {
        return NGX_ERROR;
    }

    job->part = *part;
    job->info = *info;

    p = job->data;

    if (part->data.len) {
        job->part.data.data = p;
        p = ngx_cpymem(p, part->data.data, part->data.len);
    }

    if (part->init.len) {
        job->part.init.data = p;
        ngx_memcpy(p, part->init.data, part->init.len);
    }

    ngx_multisource_disk_post(&writer->disk, &job->job);

    return NGX_OK;
}


ngx_int_t
ngx_multisource_writer_state(ngx_multisource_writer_t *writer,
    ngx_uint_t state)
{
    ngx_multisource_writer_job_t  *job;

    job = ngx_multisource_writer_job(writer, 0,
                                     ngx_multisource_writer_run_state);
    if (job == NULL) {
        return NGX_ERROR;
    }

    job->state = state;

    ngx_multisource_disk_post(&writer->disk, &job->job);

    return NGX_OK;
}


static ngx_multisource_writer_job_t *
ngx_multisource_writer_job(ngx_multisource_writer_t *writer, size_t size,
    ngx_multisource_disk_pt run)
{
    ngx_multisource_writer_job_t  *job;

    job = ngx_alloc(sizeof(ngx_multisource_writer_job_t) + size, writer->log);
    if (job == NULL) {
        return NULL;
    }

    ngx_memzero(job, offsetof(ngx_multisource_writer_job_t, part));

    job->writer = writer;
    job->job.run = run;
    job->job.done = ngx_multisource_writer_done;
    job->job.bytes = size;

    return job;
}


void
ngx_multisource_writer_release(ngx_multisource_writer_t *writer)
{
    writer->released = 1;

    if (!ngx_multisource_disk_busy(&writer->disk)) {
        ngx_multisource_writer_destroy(writer);
    }
}


static void
ngx_multisource_writer_destroy(ngx_multisource_writer_t *writer)
{
    ngx_multisource_index_close(&writer->index);

    if (writer->file != -1) {
        (void) close(writer->file);
    }

    if (writer->dir != -1) {
        (void) close(writer->dir);
    }

    ngx_multisource_disk_destroy(&writer->disk);
    ngx_free(writer);
}


static void
ngx_multisource_writer_done(ngx_multisource_disk_job_t *dj)
{
    ngx_multisource_writer_job_t *job = (ngx_multisource_writer_job_t *) dj;

    void                      *data;
    ngx_uint_t                 opened;
    ngx_multisource_writer_t  *writer;

    writer = job->writer;
    data = writer->handlers.data;
    opened = 0;

    if (dj->rc == NGX_ERROR) {

        /* it will not be the last one: one line is enough */

        if (!writer->failing) {
            ngx_log_error(NGX_LOG_ERR, writer->log, dj->err,
                          "multisource: packaging stopped: %s failed, "
                          "streamer \"%V\" source \"%V\"",
                          dj->failed, &writer->streamer, &writer->source);
        }

        writer->failing = 1;

        if (job->lost) {
            writer->ready = 0;
        }

    } else if (dj->rc == NGX_OK) {

        if (writer->failing && dj->run == ngx_multisource_writer_run_part) {
            writer->failing = 0;

            ngx_log_error(NGX_LOG_NOTICE, writer->log, 0,
                          "multisource: packaging goes on: streamer \"%V\" "
                          "source \"%V\"",
                          &writer->streamer, &writer->source);
        }

        if (dj->run == ngx_multisource_writer_run_open) {
            writer->ready = 1;
            opened = 1;
        }
    }

    if (writer->released) {

        if (!ngx_multisource_disk_busy(&writer->disk)) {
            ngx_multisource_writer_destroy(writer);
        }

    } else if (dj->rc == NGX_ERROR) {
        writer->handlers.failed(data);

    } else if (opened) {
        writer->handlers.opened(data);

    } else if (dj->rc == NGX_OK) {
        writer->handlers.changed(data);
    }

    ngx_free(job);
}


/* what follows runs on a thread */

static ngx_int_t
ngx_multisource_writer_failed(ngx_multisource_writer_job_t *job,
    const char *what)
{
    job->job.err = ngx_errno;
    job->job.failed = what;

    return NGX_ERROR;
}


static ngx_int_t
ngx_multisource_writer_run_open(ngx_multisource_disk_job_t *dj)
{
    ngx_multisource_writer_job_t *job = (ngx_multisource_writer_job_t *) dj;

    char                           path[NGX_MULTISOURCE_DISK_PATH_MAX];
    uint64_t                       epoch;
    ngx_uint_t                     segments;
    ngx_live_process_t             process;
    ngx_multisource_writer_t      *writer;
    ngx_multisource_app_conf_t    *app;
    ngx_multisource_index_head_t   head;

    writer = job->writer;
    app = writer->app;

    ngx_multisource_writer_index(writer, path);

    if (ngx_multisource_disk_directories(path) != NGX_OK) {
        return ngx_multisource_writer_failed(job, "mkdir()");
    }

    /* those of before, if any, may be of a directory that was removed */

    if (writer->file != -1) {
        (void) close(writer->file);
        writer->file = -1;
    }

    if (writer->dir != -1) {
        (void) close(writer->dir);
    }

    writer->dir = open(writer->path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (writer->dir == -1) {
        return ngx_multisource_writer_failed(job, "open() of a directory");
    }

    /* what is listed, and for as long what was */

    segments = app->hls_window / app->hls_segment * 3
               + NGX_MULTISOURCE_WRITER_SPARE;

    ngx_multisource_index_close(&writer->index);

    if (ngx_multisource_index_make(&writer->index, path, segments,
                                   NGX_MULTISOURCE_WRITER_PARTS)
        != NGX_OK
        || ngx_multisource_index_begin(&writer->index, path, 0, &head)
           != NGX_OK)
    {
        return ngx_multisource_writer_failed(job, "making an index");
    }

    if (head.state == NGX_MULTISOURCE_INDEX_ENDED
        || head.target_duration == 0)
    {
        /* nobody waits for more of that playlist: what it promised is over */

        (void) ngx_multisource_keep_end(writer->dir, head.epoch);

        if (head.current.parts) {
            ngx_multisource_index_finish(&writer->index, &head);
        }

        head.first = head.open;
        head.target_duration = 0;
        head.part_target = 0;
        head.state = NGX_MULTISOURCE_INDEX_NEW;
        ngx_memzero(&head.streams, sizeof(head.streams));

    } else if (head.current.parts && app->hls_keep) {
        ngx_multisource_writer_finish(writer, &head);
    }

    epoch = ngx_multisource_writer_now();
    epoch = ngx_max(epoch, head.epoch + 1);

    writer->epoch = ngx_max(epoch, writer->epoch + 1);
    writer->init = 0;

    ngx_multisource_writer_tidy(writer, &head);

    ngx_multisource_index_take(&writer->index, &head, writer->epoch,
                               NGX_MULTISOURCE_WRITER_FIRST);

    if (head.state == NGX_MULTISOURCE_INDEX_LIVE) {

        /* there is nothing of this session yet that could be hinted at */

        head.state = NGX_MULTISOURCE_INDEX_AWAY;
    }

    head.window = app->hls_window;
    head.owner = ngx_pid;
    head.owner_start = ngx_live_process_look(ngx_pid, &process) == NGX_OK
                       ? process.start : 0;
    head.changed = ngx_multisource_writer_now();
    head.nreports = 0;
    head.sender = 0;

    writer->target_duration = head.target_duration;
    writer->part_target = head.part_target;
    writer->fps = head.streams.fps;

    ngx_multisource_index_commit(&writer->index, &head);

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_writer_run_part(ngx_multisource_disk_job_t *dj)
{
    ngx_multisource_writer_job_t *job = (ngx_multisource_writer_job_t *) dj;

    ngx_int_t                       rc;
    ngx_multisource_writer_t       *writer;
    ngx_multisource_index_head_t    head;
    ngx_multisource_index_part_t    part;
    ngx_multisource_writer_info_t  *info;

    writer = job->writer;
    info = &job->info;

    /* those that were already on their way when one was lost */

    if (writer->broken && !job->part.discontinuity) {
        return NGX_DECLINED;
    }

    rc = ngx_multisource_writer_begin(job, &head);

    if (rc != NGX_OK) {
        writer->broken = (rc == NGX_ERROR);
        return rc;
    }

    if (job->part.discontinuity && head.current.parts) {

        /* for good, whatever becomes of this part */

        ngx_multisource_writer_finish(writer, &head);
        ngx_multisource_index_commit(&writer->index, &head);

        rc = ngx_multisource_writer_begin(job, &head);

        if (rc != NGX_OK) {
            writer->broken = (rc == NGX_ERROR);
            return rc;
        }
    }

    if (ngx_multisource_writer_media(job, &head) != NGX_OK) {
        ngx_multisource_writer_relieve(job, &head);
        ngx_multisource_index_commit(&writer->index, &head);

        writer->broken = 1;
        return NGX_ERROR;
    }

    writer->broken = 0;

    if (head.current.parts == 0) {
        head.current.wall = job->part.wall;
        head.current.init = writer->init - 1;

        if (job->part.keyed) {
            head.current.flags |= NGX_MULTISOURCE_INDEX_INDEPENDENT;
        }

        if (job->part.discontinuity && head.open != 0) {
            head.current.flags |= NGX_MULTISOURCE_INDEX_DISCONTINUITY;
        }
    }

    ngx_memzero(&part, sizeof(ngx_multisource_index_part_t));

    part.bytes = job->part.data.len;
    part.duration = job->part.duration;
    part.flags = job->part.flags;

    ngx_multisource_index_add(&writer->index, &head, &part);

    head.state = NGX_MULTISOURCE_INDEX_LIVE;
    head.changed = ngx_multisource_writer_now();
    head.target_duration = info->target_duration;
    head.part_target = info->part_target;
    head.streams = info->streams;
    head.sender = info->sender;
    head.sender_offset = info->sender_offset;
    head.residual = info->residual;
    head.nreports = info->nreports;
    ngx_memcpy(head.reports, info->reports, sizeof(head.reports));

    if (job->part.finish) {
        ngx_multisource_writer_finish(writer, &head);
    }

    ngx_multisource_index_commit(&writer->index, &head);

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_writer_run_state(ngx_multisource_disk_job_t *dj)
{
    ngx_multisource_writer_job_t *job = (ngx_multisource_writer_job_t *) dj;

    ngx_int_t                      rc;
    ngx_multisource_writer_t      *writer;
    ngx_multisource_index_head_t   head;

    writer = job->writer;

    rc = ngx_multisource_writer_begin(job, &head);
    if (rc != NGX_OK) {
        return rc;
    }

    if (head.current.parts) {
        ngx_multisource_writer_finish(writer, &head);
    }

    if (head.target_duration == 0) {
        /* it never had anything to show */
        job->state = NGX_MULTISOURCE_INDEX_ENDED;
    }

    head.state = job->state;
    head.changed = ngx_multisource_writer_now();

    ngx_multisource_index_commit(&writer->index, &head);

    if (job->state == NGX_MULTISOURCE_INDEX_ENDED
        && ngx_multisource_keep_end(writer->dir, writer->epoch) != NGX_OK)
    {
        return ngx_multisource_writer_failed(job, "keeping a playlist");
    }

    return NGX_OK;
}


/* NGX_DECLINED: another session has taken the source over */

static ngx_int_t
ngx_multisource_writer_begin(ngx_multisource_writer_job_t *job,
    ngx_multisource_index_head_t *head)
{
    char                       path[NGX_MULTISOURCE_DISK_PATH_MAX];
    ngx_int_t                  rc;
    ngx_multisource_writer_t  *writer;

    writer = job->writer;

    if (writer->epoch == 0 || writer->gone) {
        return NGX_DECLINED;
    }

    rc = ngx_multisource_index_begin(&writer->index,
                                     ngx_multisource_writer_index(writer, path),
                                     writer->epoch, head);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {

        if (ngx_multisource_writer_taken(writer, path)) {
            writer->gone = 1;
            return NGX_DECLINED;
        }

        ngx_set_errno(NGX_ENOENT);
    }

    /* somebody has tidied up: it begins anew */

    job->lost = 1;

    return ngx_multisource_writer_failed(job, "finding its index");
}


/* nonzero: the index of this path is that of a later session */

static ngx_uint_t
ngx_multisource_writer_taken(ngx_multisource_writer_t *writer,
    const char *path)
{
    ngx_uint_t                    taken;
    ngx_multisource_index_t       index;
    ngx_multisource_index_head_t  head;

    if (ngx_multisource_index_open(&index, path, writer->log) != NGX_OK) {
        return 0;
    }

    taken = ngx_multisource_index_head(&index, &head, NULL) == NGX_OK
            && head.epoch > writer->epoch;

    ngx_multisource_index_close(&index);

    return taken;
}


/* all that a part needs in files, or nothing of it */

static ngx_int_t
ngx_multisource_writer_media(ngx_multisource_writer_job_t *job,
    ngx_multisource_index_head_t *head)
{
    uint32_t  init;

    init = job->writer->init;

    if ((job->part.init.len && ngx_multisource_writer_init(job) != NGX_OK)
        || ngx_multisource_writer_append(job, head) != NGX_OK)
    {
        ngx_multisource_writer_undo(job, head, init);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_multisource_writer_undo(ngx_multisource_writer_job_t *job,
    ngx_multisource_index_head_t *head, uint32_t init)
{
    u_char                     name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    ngx_multisource_writer_t  *writer;

    writer = job->writer;

    if (job->part.init.len) {
        ngx_multisource_index_name_init(name, writer->epoch, init);
        (void) unlinkat(writer->dir, (char *) name, 0);
        writer->init = init;
    }

    if (writer->file == -1 || writer->msn != head->open) {
        return;
    }

    if (head->current.parts) {

        if (ftruncate(writer->file, head->current.bytes) == -1) {
            /* readers go by the index */
        }

        return;
    }

    ngx_multisource_index_name_segment(name, writer->epoch, head->open);
    (void) unlinkat(writer->dir, (char *) name, 0);

    (void) close(writer->file);
    writer->file = -1;
}


static ngx_int_t
ngx_multisource_writer_init(ngx_multisource_writer_job_t *job)
{
    int                        fd;
    u_char                     name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    ngx_int_t                  rc;
    ngx_multisource_writer_t  *writer;

    writer = job->writer;

    ngx_multisource_index_name_init(name, writer->epoch, writer->init);

    fd = openat(writer->dir, (char *) name,
                O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC,
                NGX_MULTISOURCE_WRITER_ACCESS);
    if (fd == -1) {
        return ngx_multisource_writer_failed(job, "open() of an init section");
    }

    rc = ngx_multisource_writer_write(fd, job->part.init.data,
                                      job->part.init.len, 0);
    if (rc != NGX_OK) {
        (void) ngx_multisource_writer_failed(job,
                                             "write() to an init section");
    }

    (void) close(fd);

    if (rc == NGX_OK) {
        writer->init++;
    }

    return rc;
}


static ngx_int_t
ngx_multisource_writer_append(ngx_multisource_writer_job_t *job,
    ngx_multisource_index_head_t *head)
{
    u_char                     name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    ngx_multisource_writer_t  *writer;

    writer = job->writer;

    if (writer->file == -1 || writer->msn != head->open) {

        if (writer->file != -1) {
            (void) close(writer->file);
        }

        ngx_multisource_index_name_segment(name, writer->epoch, head->open);

        writer->msn = head->open;
        writer->file = openat(writer->dir, (char *) name,
                              O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC,
                              NGX_MULTISOURCE_WRITER_ACCESS);

        if (writer->file == -1) {
            return ngx_multisource_writer_failed(job, "open() of a segment");
        }
    }

    if (ngx_multisource_writer_write(writer->file, job->part.data.data,
                                     job->part.data.len, head->current.bytes)
        != NGX_OK)
    {
        return ngx_multisource_writer_failed(job, "write() to a segment");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_writer_write(int fd, u_char *data, size_t len, off_t offset)
{
    ssize_t  n;

    while (len) {
        n = pwrite(fd, data, len, offset);

        if (n == -1) {
            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            return NGX_ERROR;
        }

        data += n;
        len -= n;
        offset += n;
    }

    return NGX_OK;
}


static void
ngx_multisource_writer_finish(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head)
{
    if (writer->app->hls_keep) {

        /* the live playlist is what counts */

        (void) ngx_multisource_keep_add(writer->dir, &writer->index, head, 1);
    }

    ngx_multisource_index_finish(&writer->index, head);
    ngx_multisource_writer_expire(writer, head);
}


static void
ngx_multisource_writer_expire(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head)
{
    ngx_multisource_index_segment_t  segment;

    while (ngx_multisource_index_expire(&writer->index, head, 0, &segment)
           == NGX_OK)
    {
        ngx_multisource_writer_remove(writer, head, &segment);
    }
}


/* the files of a segment that was the oldest, and is not any more */

static void
ngx_multisource_writer_remove(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head,
    ngx_multisource_index_segment_t *segment)
{
    u_char                           name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    ngx_multisource_index_segment_t  next;

    if (writer->app->hls_keep) {
        return;
    }

    ngx_multisource_index_name_segment(name, segment->epoch, segment->msn);
    (void) unlinkat(writer->dir, (char *) name, 0);

    /* was it the last of its init section? */

    if (head->oldest == head->open) {
        next = head->current;

    } else if (ngx_multisource_index_find(&writer->index, head->oldest, &next)
               != NGX_OK)
    {
        return;
    }

    if (next.epoch != segment->epoch || next.init != segment->init) {
        ngx_multisource_index_name_init(name, segment->epoch, segment->init);
        (void) unlinkat(writer->dir, (char *) name, 0);
    }
}


/*
 * The disk is full. Segments leave it when enough was added to the list, which
 * is not to be now: but when they were off the list for so long by the clock.
 */

static void
ngx_multisource_writer_relieve(ngx_multisource_writer_job_t *job,
    ngx_multisource_index_head_t *head)
{
    uint64_t                          now, msn, list, idle;
    ngx_multisource_writer_t         *writer;
    ngx_multisource_index_segment_t   segment;

    if (job->job.err != NGX_ENOSPC && job->job.err != EDQUOT) {
        return;
    }

    writer = job->writer;

    now = ngx_multisource_writer_now();
    idle = now > head->changed ? (now - head->changed) : 0;
    idle *= NGX_MULTISOURCE_HZ / 1000;

    list = head->current.duration;

    for (msn = head->first; msn < head->open; msn++) {
        if (ngx_multisource_index_find(&writer->index, msn, &segment)
            == NGX_OK)
        {
            list += segment.duration;
        }
    }

    while (head->oldest < head->first
           && ngx_multisource_index_find(&writer->index, head->oldest,
                                         &segment)
              == NGX_OK
           && segment.duration + list < idle)
    {
        head->oldest++;
        ngx_multisource_writer_remove(writer, head, &segment);
    }
}


/*
 * Removes what a writer that was killed has written and not shown, before its
 * index is taken: a segment and an init section, or, where there was no index,
 * all that may be there.
 */

static void
ngx_multisource_writer_tidy(ngx_multisource_writer_t *writer,
    ngx_multisource_index_head_t *head)
{
    char                             path[NGX_MULTISOURCE_DISK_PATH_MAX];
    u_char                           name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    uint32_t                         init;
    ngx_multisource_index_segment_t  last;

    if (head->epoch == 0) {
        ngx_memcpy(path, writer->path, writer->path_len);
        ngx_multisource_sweep_media(path, writer->path_len - 1, 0);
        return;
    }

    if (head->current.parts) {
        init = head->current.init + 1;

    } else {
        ngx_multisource_index_name_segment(name, head->epoch, head->open);
        (void) unlinkat(writer->dir, (char *) name, 0);

        init = (head->open > head->oldest
                && ngx_multisource_index_find(&writer->index, head->open - 1,
                                              &last)
                   == NGX_OK
                && last.epoch == head->epoch) ? last.init + 1 : 0;
    }

    ngx_multisource_index_name_init(name, head->epoch, init);
    (void) unlinkat(writer->dir, (char *) name, 0);
}


static char *
ngx_multisource_writer_index(ngx_multisource_writer_t *writer, char *buf)
{
    ngx_memcpy(buf, writer->path, writer->path_len);
    ngx_memcpy(buf + writer->path_len, NGX_MULTISOURCE_INDEX_FILE,
               sizeof(NGX_MULTISOURCE_INDEX_FILE));

    return buf;
}


static uint64_t
ngx_multisource_writer_now(void)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return (uint64_t) tv.tv_sec * 1000 + tv.tv_usec / 1000;
}
