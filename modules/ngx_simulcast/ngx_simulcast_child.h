
/*
 * Copyright (C) the ngx_live contributors
 *
 * Another program, run by a worker: with three pipes and no other descriptor,
 * as the leader of its own process group, and killed by the kernel when the
 * worker dies, however that happens.
 *
 * nginx's handler of SIGCHLD waits for every child of its process and writes
 * an alert for one that a signal has ended, as SIGKILL must end one that hangs.
 * So a handler of ours comes before it while there are children: it waits for
 * ours alone, by their pids, and calls nginx's for all others. A pid thus stays
 * ours until we know of its end, and a signal never meets a stranger.
 */


#ifndef _NGX_SIMULCAST_CHILD_H_INCLUDED_
#define _NGX_SIMULCAST_CHILD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_CHILD_MAX  64     /* of a worker, also those that end */


typedef struct {
    ngx_pid_t      pid;
    ngx_uint_t     slot;
    ngx_socket_t   in;          /* our ends, non-blocking, closed by whoever */
    ngx_socket_t   out;         /* has called; of its stdin, stdout, stderr  */
    ngx_socket_t   err;
} ngx_simulcast_child_t;


#pragma GCC visibility push(hidden)

/*
 * Runs argv[0], looked for in PATH, with the few variables of the environment
 * that a program may need and that hold no secret. Its signals are as at a
 * login. NGX_ERROR: logged, nothing is left; that the program cannot be run is
 * known by then. Waits for execve(), not for the program.
 */
ngx_int_t ngx_simulcast_child_spawn(ngx_simulcast_child_t *child,
    char *const *argv, ngx_log_t *log);

/* to its process group; NGX_DECLINED: it has ended */
ngx_int_t ngx_simulcast_child_signal(ngx_simulcast_child_t *child, int signo);

/* NGX_OK: it has ended, *status as of waitpid(); NGX_AGAIN: it has not */
ngx_int_t ngx_simulcast_child_ended(ngx_simulcast_child_t *child, int *status);

/* once for each child that was spawned, at last; it need not have ended */
void ngx_simulcast_child_release(ngx_simulcast_child_t *child);

/*
 * Kills all, waits up to 200 ms for them to be gone and takes the handler
 * away: the worker is about to unload this code.
 */
void ngx_simulcast_child_exit(void);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CHILD_H_INCLUDED_ */
