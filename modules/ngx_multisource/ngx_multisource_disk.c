
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_disk.h"

#if (NGX_THREADS)
#include <ngx_thread_pool.h>
#endif


#define NGX_MULTISOURCE_DISK_ACCESS  0755


static void ngx_multisource_disk_next(ngx_multisource_disk_t *disk);

#if (NGX_THREADS)

/* the task's context; the job itself is another one each time */

typedef struct {
    ngx_multisource_disk_job_t  *job;
} ngx_multisource_disk_task_t;


static void ngx_multisource_disk_thread(void *data, ngx_log_t *log);
static void ngx_multisource_disk_event(ngx_event_t *ev);

static ngx_str_t  ngx_multisource_disk_default = ngx_string("default");

#endif


ngx_int_t
ngx_multisource_disk_pool(ngx_conf_t *cf)
{
#if (NGX_THREADS)

    return ngx_thread_pool_add(cf, NULL) ? NGX_OK : NGX_ERROR;

#else

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "this nginx was built without threads: workers wait "
                       "for the disk when multisource_hls writes");
    return NGX_OK;

#endif
}


u_char *
ngx_multisource_disk_path(u_char *buf, ngx_multisource_app_conf_t *app,
    const ngx_str_t *streamer, const ngx_str_t *source, const char *file)
{
    size_t  len;

    len = app->hls_path->name.len + 1 + app->name.len + 1 + streamer->len + 1
          + source->len + 1 + ngx_strlen(file) + 1;

    if (len > NGX_MULTISOURCE_DISK_PATH_MAX) {
        return NULL;
    }

    return ngx_sprintf(buf, "%V/%V/%V/%V/%s%Z", &app->hls_path->name,
                       &app->name, streamer, source, file) - 1;
}


ngx_int_t
ngx_multisource_disk_init(ngx_multisource_disk_t *disk, ngx_log_t *log)
{
    ngx_memzero(disk, sizeof(ngx_multisource_disk_t));

    disk->log = log;
    ngx_queue_init(&disk->jobs);

#if (NGX_THREADS)
    {
    ngx_thread_task_t  *task;

    disk->pool = ngx_create_pool(512, log);
    if (disk->pool == NULL) {
        return NGX_ERROR;
    }

    task = ngx_thread_task_alloc(disk->pool,
                                 sizeof(ngx_multisource_disk_task_t));
    if (task == NULL) {
        ngx_destroy_pool(disk->pool);
        return NGX_ERROR;
    }

    task->handler = ngx_multisource_disk_thread;
    task->event.handler = ngx_multisource_disk_event;
    task->event.data = disk;
    task->event.log = log;

    disk->task = task;
    }
#endif

    return NGX_OK;
}


void
ngx_multisource_disk_destroy(ngx_multisource_disk_t *disk)
{
    if (disk->pool) {
        ngx_destroy_pool(disk->pool);
        disk->pool = NULL;
    }
}


ngx_uint_t
ngx_multisource_disk_busy(ngx_multisource_disk_t *disk)
{
    return disk->busy || !ngx_queue_empty(&disk->jobs);
}


void
ngx_multisource_disk_post(ngx_multisource_disk_t *disk,
    ngx_multisource_disk_job_t *job)
{
    job->disk = disk;
    disk->backlog += job->bytes;

    ngx_queue_insert_tail(&disk->jobs, &job->queue);

    if (!disk->busy) {
        ngx_multisource_disk_next(disk);
    }
}


static void
ngx_multisource_disk_next(ngx_multisource_disk_t *disk)
{
    ngx_uint_t                   last;
    ngx_queue_t                 *q;
    ngx_multisource_disk_job_t  *job;

#if (NGX_THREADS)
    ngx_thread_pool_t            *tp;
    ngx_thread_task_t            *task;
    ngx_multisource_disk_task_t  *ctx;
#endif

    while (!disk->busy && !ngx_queue_empty(&disk->jobs)) {

        q = ngx_queue_head(&disk->jobs);
        ngx_queue_remove(q);

        job = ngx_queue_data(q, ngx_multisource_disk_job_t, queue);
        disk->busy = 1;

#if (NGX_THREADS)

        task = disk->task;
        ctx = task->ctx;
        ctx->job = job;

        tp = ngx_thread_pool_get((ngx_cycle_t *) ngx_cycle,
                                 &ngx_multisource_disk_default);

        /* an overflow of the pool's queue is logged by it */

        if (tp && ngx_thread_task_post(tp, task) == NGX_OK) {
            return;
        }

#endif

        job->rc = job->run(job);

        disk->busy = 0;
        disk->backlog -= job->bytes;
        last = ngx_queue_empty(&disk->jobs);

        /* may end the disk with its last job */

        job->done(job);

        if (last) {
            return;
        }
    }
}


#if (NGX_THREADS)

static void
ngx_multisource_disk_thread(void *data, ngx_log_t *log)
{
    ngx_multisource_disk_task_t *ctx = data;

    ctx->job->rc = ctx->job->run(ctx->job);
}


static void
ngx_multisource_disk_event(ngx_event_t *ev)
{
    ngx_thread_task_t            *task;
    ngx_multisource_disk_t       *disk;
    ngx_multisource_disk_job_t   *job;
    ngx_multisource_disk_task_t  *ctx;

    disk = ev->data;
    task = disk->task;
    ctx = task->ctx;
    job = ctx->job;

    disk->busy = 0;
    disk->backlog -= job->bytes;

    ngx_multisource_disk_next(disk);

    /* may end the disk, if there is nothing more to do */

    job->done(job);
}

#endif


ngx_int_t
ngx_multisource_disk_directories(char *path)
{
    char  *p;

    for (p = path + 1; *p; p++) {

        if (*p != '/') {
            continue;
        }

        *p = '\0';

        if (mkdir(path, NGX_MULTISOURCE_DISK_ACCESS) == -1
            && ngx_errno != NGX_EEXIST)
        {
            *p = '/';
            return NGX_ERROR;
        }

        *p = '/';
    }

    return NGX_OK;
}
