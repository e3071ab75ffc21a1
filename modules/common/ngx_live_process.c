
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_process.h"


#define NGX_LIVE_PROCESS_START  22      /* the field of /proc/PID/stat */


ngx_int_t
ngx_live_process_look(ngx_pid_t pid, ngx_live_process_t *process)
{
    u_char      *p, path[64], buf[512];
    ssize_t      n;
    ngx_fd_t     fd;
    ngx_uint_t   field;

    (void) ngx_sprintf(path, "/proc/%P/stat%Z", pid);

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf) - 1);

    (void) ngx_close_file(fd);

    if (n <= 0) {
        return NGX_ERROR;
    }

    buf[n] = '\0';

    /* the name, in parentheses, may hold spaces; the state follows it */

    p = (u_char *) strrchr((char *) buf, ')');

    if (p == NULL || ngx_strlen(p) < 3) {
        return NGX_ERROR;
    }

    process->ended = p[2] == 'Z' || p[2] == 'X';

    for (field = 2; p && field < NGX_LIVE_PROCESS_START; field++) {
        p = (u_char *) ngx_strchr(p + 1, ' ');
    }

    if (p == NULL) {
        return NGX_ERROR;
    }

    process->start = strtoull((char *) p, NULL, 10);

    return process->start ? NGX_OK : NGX_ERROR;
}
