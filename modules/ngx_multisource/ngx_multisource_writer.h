
/*
 * Copyright (C) the ngx_live contributors
 *
 * Puts a session's parts on the disk and into the index, in their order, on
 * nginx's threads.
 */


#ifndef _NGX_MULTISOURCE_WRITER_H_INCLUDED_
#define _NGX_MULTISOURCE_WRITER_H_INCLUDED_


#include "ngx_multisource.h"
#include "ngx_multisource_disk.h"
#include "ngx_multisource_index.h"


/* a part as it comes from the mux; what the pointers lead to is copied */

typedef struct {
    ngx_str_t                          data;    /* moof and mdat */
    ngx_str_t                          init;    /* empty: that of before */
    int64_t                            wall;    /* us since 1970, of its start */
    uint32_t                           duration;    /* ticks of 90 kHz */
    uint32_t                           flags;   /* NGX_MULTISOURCE_INDEX_* */
    unsigned                           keyed:1; /* begins with a keyframe */
    unsigned                           discontinuity:1; /* before it: a segment
                                                           begins with it */
    unsigned                           finish:1;    /* a segment ends with it */
} ngx_multisource_writer_part_t;


/* what goes into the head with each part */

typedef struct {
    uint32_t                           target_duration;
    uint32_t                           part_target;
    ngx_multisource_index_streams_t    streams;
    uint64_t                           sender;
    int64_t                            sender_offset;
    int64_t                            residual;
    uint32_t                           nreports;
    ngx_multisource_index_report_t     reports[NGX_MULTISOURCE_INDEX_REPORTS];
} ngx_multisource_writer_info_t;


typedef struct ngx_multisource_writer_s  ngx_multisource_writer_t;

typedef struct {
    /* the index is there, see bounds; once */
    void                             (*opened)(void *data);
    /* others can see a change now */
    void                             (*changed)(void *data);
    /* a job failed, and is lost (logged) */
    void                             (*failed)(void *data);
    void                              *data;
} ngx_multisource_writer_handlers_t;


struct ngx_multisource_writer_s {
    ngx_multisource_app_conf_t        *app;
    ngx_multisource_disk_t             disk;
    ngx_multisource_writer_handlers_t  handlers;
    ngx_log_t                         *log;
    ngx_str_t                          streamer;
    ngx_str_t                          source;
    uint64_t                           epoch;

    /* of an earlier session of this playlist; 0: it is a new one */
    uint32_t                           target_duration;
    uint32_t                           part_target;
    uint32_t                           fps;     /* per 1000 s */

    /* on the thread */
    ngx_multisource_index_t            index;
    int                                dir;
    int                                file;
    uint64_t                           msn;     /* of that file */
    uint32_t                           init;    /* sections written */
    ngx_uint_t                         broken;  /* a part was lost */

    unsigned                           ready:1;
    unsigned                           gone:1;  /* another session has it */
    unsigned                           released:1;
    unsigned                           failing:1;   /* logged once */

    size_t                             path_len;    /* of the directory */
    char                               path[NGX_MULTISOURCE_DISK_PATH_MAX];
};


#pragma GCC visibility push(hidden)

/* NULL: no memory (logged), or a path that is too long */
ngx_multisource_writer_t *ngx_multisource_writer_open(
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer, ngx_str_t *source,
    ngx_multisource_writer_handlers_t *handlers);

/* tries to open it again, after it failed */
void ngx_multisource_writer_retry(ngx_multisource_writer_t *writer);

/* NGX_ERROR: there is too much that waits for the disk, or no memory */
ngx_int_t ngx_multisource_writer_part(ngx_multisource_writer_t *writer,
    ngx_multisource_writer_part_t *part, ngx_multisource_writer_info_t *info);

/* NGX_MULTISOURCE_INDEX_AWAY or ENDED */
ngx_int_t ngx_multisource_writer_state(ngx_multisource_writer_t *writer,
    ngx_uint_t state);

/* no handler is called any more; what was handed over is still written */
void ngx_multisource_writer_release(ngx_multisource_writer_t *writer);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_WRITER_H_INCLUDED_ */
