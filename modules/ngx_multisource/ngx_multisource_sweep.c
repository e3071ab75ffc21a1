
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_process.h"

#include "ngx_multisource_disk.h"
#include "ngx_multisource_index.h"
#include "ngx_multisource_keep.h"
#include "ngx_multisource_sweep.h"


#define NGX_MULTISOURCE_SWEEP_EACH   1000       /* ms */

/* an index alone, which knows the numbers to go on with */
#define NGX_MULTISOURCE_SWEEP_INDEX  (24 * 60 * 60 * 1000ULL)   /* ms */

/* application, streamer, source */
#define NGX_MULTISOURCE_SWEEP_DEPTH  3


static void ngx_multisource_sweep_directory(char *path, size_t len,
    ngx_uint_t depth);
static void ngx_multisource_sweep_source(char *path, size_t len);
static ngx_uint_t ngx_multisource_sweep_orphan(
    ngx_multisource_index_head_t *head);
static void ngx_multisource_sweep_end(char *path, size_t len,
    ngx_multisource_index_t *index, ngx_multisource_index_head_t *head);


ngx_msec_t
ngx_multisource_sweep(void *data)
{
    ngx_path_t *path = data;

    char  buf[NGX_MULTISOURCE_DISK_PATH_MAX];

    if (path->name.len < sizeof(buf) / 2) {
        ngx_memcpy(buf, path->name.data, path->name.len);
        buf[path->name.len] = '\0';

        ngx_multisource_sweep_directory(buf, path->name.len, 0);
    }

    return NGX_MULTISOURCE_SWEEP_EACH;
}


static void
ngx_multisource_sweep_directory(char *path, size_t len, ngx_uint_t depth)
{
    DIR            *dir;
    size_t          n;
    struct dirent  *entry;

    if (depth == NGX_MULTISOURCE_SWEEP_DEPTH) {
        ngx_multisource_sweep_source(path, len);
        return;
    }

    dir = opendir(path);
    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {

        n = ngx_strlen(entry->d_name);

        if (entry->d_name[0] == '.'
            || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
            || len + 1 + n + 1 > NGX_MULTISOURCE_DISK_PATH_MAX
                                 - NGX_MULTISOURCE_INDEX_NAME_MAX)
        {
            continue;
        }

        path[len] = '/';
        ngx_memcpy(path + len + 1, entry->d_name, n + 1);

        ngx_multisource_sweep_directory(path, len + 1 + n, depth + 1);

        path[len] = '\0';
    }

    (void) closedir(dir);
}


static void
ngx_multisource_sweep_source(char *path, size_t len)
{
    uint64_t                      now, age;
    ngx_time_t                   *tp;
    ngx_int_t                     rc;
    ngx_uint_t                    ended, emptied, over;
    ngx_multisource_index_t       index;
    ngx_multisource_index_head_t  head;

    ngx_sprintf((u_char *) path + len, "/%s%Z", NGX_MULTISOURCE_INDEX_FILE);

    rc = ngx_multisource_index_open(&index, path, ngx_cycle->log);

    if (rc != NGX_OK) {
        return;
    }

    ngx_time_update();

    if (ngx_multisource_index_head(&index, &head, NULL) != NGX_OK) {
        goto done;
    }

    tp = ngx_timeofday();

    now = (uint64_t) tp->sec * 1000 + tp->msec;
    age = now > head.changed ? now - head.changed : 0;

    ended = (head.state != NGX_MULTISOURCE_INDEX_ENDED
             && age > NGX_MULTISOURCE_INDEX_GRACE(&head)
             && ngx_multisource_sweep_orphan(&head));

    emptied = (head.state == NGX_MULTISOURCE_INDEX_ENDED
               && head.oldest != head.open
               && age > (uint64_t) head.window + head.target_duration * 1000);

    over = (head.state == NGX_MULTISOURCE_INDEX_ENDED
            && age > NGX_MULTISOURCE_SWEEP_INDEX);

    if (ended || emptied || over) {

        ngx_multisource_index_close(&index);

        /* for writing, and only if nobody was faster */

        if (ngx_multisource_index_make(&index, path, 0, 0) != NGX_OK) {
            return;
        }

        if (ngx_multisource_index_begin(&index, path, 0, &head) != NGX_OK) {
            goto done;
        }

        if (ended && head.state != NGX_MULTISOURCE_INDEX_ENDED
            && ngx_multisource_sweep_orphan(&head))
        {
            head.changed = now;

            ngx_multisource_sweep_end(path, len, &index, &head);

        } else if (emptied && head.state == NGX_MULTISOURCE_INDEX_ENDED) {

            head.first = head.open;
            head.oldest = head.open;

            ngx_multisource_index_commit(&index, &head);

            ngx_multisource_sweep_media(path, len, 0);

        } else {

            /* with the lock: who comes back now makes another one */

            if (over && head.state == NGX_MULTISOURCE_INDEX_ENDED) {
                ngx_multisource_sweep_media(path, len, 1);
            }

            ngx_multisource_index_abandon(&index);
        }
    }

done:

    ngx_multisource_index_close(&index);
}


/* its writer is no more */

static ngx_uint_t
ngx_multisource_sweep_orphan(ngx_multisource_index_head_t *head)
{
    ngx_live_process_t  process;

    return ngx_live_process_look((ngx_pid_t) head->owner, &process) != NGX_OK
           || process.ended || process.start != head->owner_start;
}


/* as its writer would have done; lets go of the index */

static void
ngx_multisource_sweep_end(char *path, size_t len,
    ngx_multisource_index_t *index, ngx_multisource_index_head_t *head)
{
    int       dir;
    uint64_t  epoch;

    path[len] = '\0';
    epoch = head->epoch;

    dir = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (head->current.parts) {

        if (dir != -1) {
            (void) ngx_multisource_keep_add(dir, index, head, 0);
        }

        ngx_multisource_index_finish(index, head);
    }

    head->state = NGX_MULTISOURCE_INDEX_ENDED;

    if (dir != -1) {

        /* before the playlist has ended: then its files may be removed */

        (void) ngx_multisource_keep_end(dir, epoch);
        (void) close(dir);
    }

    ngx_multisource_index_commit(index, head);
}


void
ngx_multisource_sweep_media(char *path, size_t len, ngx_uint_t all)
{
    DIR            *dir;
    ngx_str_t       name;
    uint64_t        epoch, number;
    ngx_uint_t      kept, part, type;
    struct dirent  *entry;

    path[len] = '\0';
    kept = 0;

    dir = opendir(path);
    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {

        name.data = (u_char *) entry->d_name;
        name.len = ngx_strlen(entry->d_name);

        type = ngx_multisource_index_parse(&name, &epoch, &number, &part);

        if (type == NGX_MULTISOURCE_INDEX_NAME_VOD
            || ngx_strcmp(name.data, NGX_MULTISOURCE_KEEP_PART) == 0)
        {
            kept = 1;
            break;
        }
    }

    if (!kept) {
        rewinddir(dir);

        while ((entry = readdir(dir)) != NULL) {

            name.data = (u_char *) entry->d_name;
            name.len = ngx_strlen(entry->d_name);

            type = ngx_multisource_index_parse(&name, &epoch, &number, &part);

            if (type == NGX_MULTISOURCE_INDEX_NAME_INIT
                || type == NGX_MULTISOURCE_INDEX_NAME_SEGMENT
                || (all && ngx_strcmp(name.data, NGX_MULTISOURCE_INDEX_FILE)
                           == 0))
            {
                (void) unlinkat(dirfd(dir), entry->d_name, 0);
            }
        }
    }

    (void) closedir(dir);

    if (all && !kept) {
        (void) rmdir(path);

        /* and the streamer's, when it was the last */

        while (len > 0 && path[len] != '/') {
            len--;
        }

        path[len] = '\0';
        (void) rmdir(path);
    }
}
