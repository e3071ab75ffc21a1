
/*
 * Copyright (C) the ngx_live contributors
 *
 * Where the packager's files are, and writing them without blocking a worker:
 * on nginx's thread pool, the changes of one source in their order.
 */


#ifndef _NGX_MULTISOURCE_DISK_H_INCLUDED_
#define _NGX_MULTISOURCE_DISK_H_INCLUDED_


#include "ngx_multisource.h"
#include "ngx_multisource_index.h"


/* bytes of media that may wait to be written, of one source */
#define NGX_MULTISOURCE_DISK_BACKLOG    (16 * 1024 * 1024)

#define NGX_MULTISOURCE_DISK_PATH_MAX   1024


typedef struct ngx_multisource_disk_s  ngx_multisource_disk_t;
typedef struct ngx_multisource_disk_job_s  ngx_multisource_disk_job_t;


/*
 * On a thread: does the job, with nothing of the worker's but the job itself and
 * disk->place. NGX_OK, or NGX_ERROR with job->err.
 */
typedef ngx_int_t (*ngx_multisource_disk_pt)(ngx_multisource_disk_job_t *job);

/* in the worker, when it is done; job->rc and job->err tell how */
typedef void (*ngx_multisource_disk_done_pt)(ngx_multisource_disk_job_t *job);


struct ngx_multisource_disk_job_s {
    ngx_multisource_disk_t          *disk;
    ngx_multisource_disk_pt          run;
    ngx_multisource_disk_done_pt     done;
    ngx_int_t                        rc;
    ngx_err_t                        err;
    const char                      *failed;    /* what failed, for logs */
    size_t                           bytes;     /* counted as backlog */
    ngx_queue_t                      queue;     /* private */
};


/* of one source; jobs of the worker */

struct ngx_multisource_disk_s {
    ngx_log_t                       *log;
    size_t                           backlog;   /* bytes */

    /* private */
    ngx_queue_t                      jobs;      /* that wait */
    void                            *task;      /* in a pool of its own */
    ngx_pool_t                      *pool;
    unsigned                         busy:1;
};


#pragma GCC visibility push(hidden)

/* when the configuration is made: the thread pool "default" is used */
ngx_int_t ngx_multisource_disk_pool(ngx_conf_t *cf);

/*
 * The directory of a source, "/" and `file`, NUL-terminated; NULL: it is longer
 * than NGX_MULTISOURCE_DISK_PATH_MAX, which `buf` holds. Returns the end. The
 * names have been checked.
 */
u_char *ngx_multisource_disk_path(u_char *buf,
    ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source, const char *file);

ngx_int_t ngx_multisource_disk_init(ngx_multisource_disk_t *disk,
    ngx_log_t *log);

/*
 * Hands a job over, which stays the caller's and must live until done() was
 * called: never within this call unless there are no threads.
 */
void ngx_multisource_disk_post(ngx_multisource_disk_t *disk,
    ngx_multisource_disk_job_t *job);

/* nonzero: jobs are running or waiting */
ngx_uint_t ngx_multisource_disk_busy(ngx_multisource_disk_t *disk);

/* only when it is not busy */
void ngx_multisource_disk_destroy(ngx_multisource_disk_t *disk);

/* makes the directories of a path, all but what follows the last "/"; blocks */
ngx_int_t ngx_multisource_disk_directories(char *path);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_DISK_H_INCLUDED_ */
