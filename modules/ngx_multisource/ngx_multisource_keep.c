
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_keep.h"
#include "ngx_multisource_playlist.h"


static ngx_int_t ngx_multisource_keep_append(int dir, const u_char *text,
    size_t len, ngx_uint_t create);


ngx_int_t
ngx_multisource_keep_add(int dir, ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head, ngx_uint_t begin)
{
    u_char                           *p;
    u_char                            text[2
                                           * NGX_MULTISOURCE_PLAYLIST_VOD_MAX];
    struct stat                       st;
    ngx_multisource_index_segment_t   before, *last;

    last = NULL;
    p = text;

    if (fstatat(dir, NGX_MULTISOURCE_KEEP_PART, &st, 0) == -1) {

        if (!begin) {
            return NGX_OK;
        }

        p = ngx_multisource_playlist_vod_head(p, head);

    } else if (head->open > head->oldest
               && ngx_multisource_index_find(index, head->open - 1, &before)
                  == NGX_OK)
    {
        last = &before;
    }

    p = ngx_multisource_playlist_vod_segment(p, &head->current, last);

    return ngx_multisource_keep_append(dir, text, p - text, 1);
}


ngx_int_t
ngx_multisource_keep_end(int dir, uint64_t epoch)
{
    u_char       *p, text[NGX_MULTISOURCE_PLAYLIST_VOD_MAX];
    char          name[NGX_MULTISOURCE_INDEX_NAME_MAX];
    struct stat   st;

    if (fstatat(dir, NGX_MULTISOURCE_KEEP_PART, &st, 0) == -1) {
        return NGX_OK;
    }

    p = ngx_multisource_playlist_vod_tail(text);

    if (ngx_multisource_keep_append(dir, text, p - text, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_sprintf((u_char *) name, "%011xL.m3u8%Z", epoch);

    if (renameat(dir, NGX_MULTISOURCE_KEEP_PART, dir, name) == -1) {
        return NGX_ERROR;
    }

    /* another name for the same file, in one step */

    (void) unlinkat(dir, NGX_MULTISOURCE_KEEP_LINK, 0);

    if (linkat(dir, name, dir, NGX_MULTISOURCE_KEEP_LINK, 0) == -1) {
        return NGX_ERROR;
    }

    return renameat(dir, NGX_MULTISOURCE_KEEP_LINK, dir,
                    NGX_MULTISOURCE_KEEP_NEWEST) == -1 ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_multisource_keep_append(int dir, const u_char *text, size_t len,
    ngx_uint_t create)
{
    int          fd;
    ssize_t      n;
    ngx_err_t    err;
    struct stat  st;

    fd = openat(dir, NGX_MULTISOURCE_KEEP_PART,
                O_WRONLY|O_APPEND|O_CLOEXEC|(create ? O_CREAT : 0), 0644);
    if (fd == -1) {
        return NGX_ERROR;
    }

    err = 0;

    if (fstat(fd, &st) == -1) {
        err = ngx_errno;

    } else {
        n = write(fd, text, len);

        if (n != (ssize_t) len) {
            err = n == -1 ? ngx_errno : ENOSPC;

            /* not half a line */

            if (n > 0 && ftruncate(fd, st.st_size) == -1) {
                err = ngx_errno;
            }
        }
    }

    (void) close(fd);

    ngx_set_errno(err);

    return err ? NGX_ERROR : NGX_OK;
}
