
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
ngx_multisource_keep_add(int dir, const ngx_multisource_index_head_t *head,
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_segment_t *before)
{
    u_char       *p, text[2 * NGX_MULTISOURCE_PLAYLIST_VOD_MAX];
    ngx_uint_t    begun;
    struct stat   st;

    begun = (fstatat(dir, NGX_MULTISOURCE_KEEP_PART, &st, 0) == 0);

    p = text;

    if (!begun) {
        p = ngx_multisource_playlist_vod_head(p, head);
        before = NULL;
    }

    p = ngx_multisource_playlist_vod_segment(p, segment, before);

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

    (void) unlinkat(dir, NGX_MULTISOURCE_KEEP_PART, 0);

    if (linkat(dir, name, dir, NGX_MULTISOURCE_KEEP_PART, 0) == -1) {
        return NGX_ERROR;
    }

    return renameat(dir, NGX_MULTISOURCE_KEEP_PART, dir,
                    NGX_MULTISOURCE_KEEP_NEWEST) == -1 ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_multisource_keep_append(int dir, const u_char *text, size_t len,
    ngx_uint_t create)
{
    int        fd;
    ssize_t    n;
    ngx_err_t  err;

    fd = openat(dir, NGX_MULTISOURCE_KEEP_PART,
                O_WRONLY|O_APPEND|O_CLOEXEC|(create ? O_CREAT : 0), 0644);
    if (fd == -1) {
        return NGX_ERROR;
    }

    n = write(fd, text, len);
    err = n == (ssize_t) len ? 0 : (n == -1 ? ngx_errno : ENOSPC);

    (void) close(fd);

    ngx_set_errno(err);

    return err ? NGX_ERROR : NGX_OK;
}
