
/*
 * Copyright (C) the ngx_live contributors
 *
 * Which process a number is: another one may have it later.
 */


#ifndef _NGX_LIVE_PROCESS_H_INCLUDED_
#define _NGX_LIVE_PROCESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    uint64_t     start;         /* ticks since boot, proc(5); never 0 */
    unsigned     ended:1;       /* a zombie */
} ngx_live_process_t;


#pragma GCC visibility push(hidden)

/* NGX_ERROR: there is none, or it cannot be looked at */
ngx_int_t ngx_live_process_look(ngx_pid_t pid, ngx_live_process_t *process);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_PROCESS_H_INCLUDED_ */
