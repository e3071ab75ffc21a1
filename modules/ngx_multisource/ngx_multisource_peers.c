
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_peers.h"
#include "ngx_multisource_shared.h"


#define NGX_MULTISOURCE_SIGNING     1           /* no worker has this token */

/* a worker that has not run for so long and then wakes up is not forgotten */
#define NGX_MULTISOURCE_HIDDEN      20000       /* ms */

/* beats between two looks at who has a worker's pid */
#define NGX_MULTISOURCE_THOROUGH    20


static ngx_uint_t ngx_multisource_peers_start_time(ngx_pid_t pid);
static ngx_int_t ngx_multisource_peers_sign(ngx_multisource_registry_t *reg);
static ngx_multisource_peer_t *ngx_multisource_peers_entry(
    ngx_multisource_shared_t *shared, ngx_atomic_uint_t token);
static ngx_uint_t ngx_multisource_peers_alive(ngx_multisource_peer_t *peer);
static void ngx_multisource_peers_reap(ngx_multisource_registry_t *reg);


/* field 22 of /proc/PID/stat; 0 when it cannot be read */

static ngx_uint_t
ngx_multisource_peers_start_time(ngx_pid_t pid)
{
    int         fd;
    u_char     *p, path[64], buf[512];
    ssize_t     n;
    ngx_uint_t  field;

    ngx_sprintf(path, "/proc/%P/stat%Z", pid);

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return 0;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf) - 1);

    (void) ngx_close_file(fd);

    if (n <= 0) {
        return 0;
    }

    buf[n] = '\0';

    /* the name, in parentheses, may hold spaces */

    p = (u_char *) strrchr((char *) buf, ')');

    for (field = 2; p && field < 22; field++) {
        p = (u_char *) ngx_strchr(p + 1, ' ');
    }

    return p ? (ngx_uint_t) strtoull((char *) p, NULL, 10) : 0;
}


ngx_int_t
ngx_multisource_peers_enter(ngx_multisource_registry_t *reg,
    ngx_uint_t generation, ngx_uint_t number)
{
    reg->generation = generation;
    reg->number = number;
    reg->token = ngx_atomic_fetch_add(&reg->shared->tokens, 1) + 1;

    if (ngx_multisource_peers_sign(reg) == NGX_OK) {
        return NGX_OK;
    }

    reg->token = 0;

    ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                  "multisource: more than %d workers are alive",
                  NGX_MULTISOURCE_WORKERS);

    return NGX_ERROR;
}


static ngx_int_t
ngx_multisource_peers_sign(ngx_multisource_registry_t *reg)
{
    ngx_uint_t               i, try;
    ngx_multisource_peer_t  *peer;

    for (try = 0; try < 2; try++) {

        for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
            peer = &reg->shared->peers[i];

            if (peer->token != 0) {
                continue;
            }

            /* an entry that is being signed in must not look long dead */

            peer->beat = ngx_current_msec;
            ngx_memory_barrier();

            if (!ngx_atomic_cmp_set(&peer->token, 0, NGX_MULTISOURCE_SIGNING))
            {
                continue;
            }

            peer->pid = ngx_pid;
            peer->start = ngx_multisource_peers_start_time(ngx_pid);
            peer->generation = reg->generation;
            peer->number = reg->number;
            peer->beat = ngx_current_msec;
            ngx_memory_barrier();
            peer->token = reg->token;

            /* in place of one that has died, perhaps */

            ngx_multisource_peers_reap(reg);

            return NGX_OK;
        }

        ngx_multisource_peers_reap(reg);
    }

    return NGX_ERROR;
}


void
ngx_multisource_peers_leave(ngx_multisource_registry_t *reg)
{
    ngx_multisource_peer_t  *peer;

    if (reg->token == 0) {
        return;
    }

    (void) ngx_multisource_registry_drop(reg, reg->token);

    peer = ngx_multisource_peers_entry(reg->shared, reg->token);

    if (peer) {
        (void) ngx_atomic_cmp_set(&peer->token, reg->token, 0);
    }

    reg->token = 0;
}


static ngx_multisource_peer_t *
ngx_multisource_peers_entry(ngx_multisource_shared_t *shared,
    ngx_atomic_uint_t token)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        if (shared->peers[i].token == token) {
            return &shared->peers[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_multisource_peers_alive(ngx_multisource_peer_t *peer)
{
    ngx_pid_t   pid;
    ngx_uint_t  start;

    pid = peer->pid;

    /* EPERM says nothing: `user` may have changed with a reload */

    if (kill(pid, 0) == -1 && ngx_errno == ESRCH) {
        return 0;
    }

    start = ngx_multisource_peers_start_time(pid);

    return start == 0 || start == peer->start;
}


void
ngx_multisource_peers_beat(ngx_multisource_registry_t *reg)
{
    ngx_multisource_peer_t  *peer;

    if (reg->token) {
        peer = ngx_multisource_peers_entry(reg->shared, reg->token);

        if (peer) {
            peer->beat = ngx_current_msec;

        } else {
            /* stopped for long while it signed in, and taken for dead */
            (void) ngx_multisource_peers_sign(reg);
        }
    }

    ngx_multisource_peers_reap(reg);

    reg->beats++;
}


/* several workers may do so at once, each slot is freed by whoever wins it */

static void
ngx_multisource_peers_reap(ngx_multisource_registry_t *reg)
{
    ngx_uint_t               i, n;
    ngx_atomic_uint_t        token;
    ngx_multisource_peer_t  *peer;

    if (reg->token == 0) {
        /* slots are won in the name of a token */
        return;
    }

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        peer = &reg->shared->peers[i];
        token = peer->token;

        if (token == 0 || token == reg->token) {
            continue;
        }

        if (token == NGX_MULTISOURCE_SIGNING) {

            /* killed in the middle of it */

            if (ngx_multisource_elapsed(peer->beat) > NGX_MULTISOURCE_STALLED)
            {
                (void) ngx_atomic_cmp_set(&peer->token, token, 0);
            }

            continue;
        }

        /* one system call mostly: a pid comes back rarely, and not at once */

        if (reg->beats % NGX_MULTISOURCE_THOROUGH != 0
            && kill(peer->pid, 0) == 0)
        {
            continue;
        }

        if (ngx_multisource_peers_alive(peer)) {
            continue;
        }

        /* if the entry is another's by now, the token is not */

        n = ngx_multisource_registry_drop(reg, token);

        (void) ngx_atomic_cmp_set(&peer->token, token, 0);

        if (n) {
            ngx_log_error(NGX_LOG_NOTICE, reg->log, 0,
                          "multisource: dropped %ui sources of a dead worker",
                          n);
        }
    }
}


ngx_int_t
ngx_multisource_peers_find(ngx_multisource_registry_t *reg,
    ngx_atomic_uint_t token, ngx_uint_t *generation, ngx_uint_t *number)
{
    ngx_multisource_peer_t  *peer;

    if (token == 0) {
        return NGX_DECLINED;
    }

    peer = ngx_multisource_peers_entry(reg->shared, token);

    if (peer == NULL || !ngx_multisource_peers_alive(peer)) {
        return NGX_DECLINED;
    }

    *generation = peer->generation;
    *number = peer->number;

    return NGX_OK;
}


ngx_uint_t
ngx_multisource_peers_generation(ngx_shm_zone_t *zone,
    ngx_uint_t generation)
{
    ngx_uint_t                 i;
    ngx_multisource_peer_t    *peer;
    ngx_multisource_shared_t  *shared;

    shared = zone->data;

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        peer = &shared->peers[i];

        if (peer->token > NGX_MULTISOURCE_SIGNING
            && peer->generation == generation
            && ngx_multisource_peers_alive(peer))
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_multisource_peers_look(ngx_multisource_registry_t *reg,
    ngx_atomic_uint_t token, ngx_multisource_look_t *look)
{
    ngx_msec_t               silent;
    ngx_multisource_peer_t  *peer;

    look->token = token;
    look->pid = ngx_pid;
    look->visible = 1;
    look->stalled = 0;

    if (token == reg->token) {
        return;
    }

    peer = ngx_multisource_peers_entry(reg->shared, token);

    if (peer == NULL) {
        look->visible = 0;
        return;
    }

    look->pid = peer->pid;

    silent = ngx_multisource_elapsed(peer->beat);

    look->stalled = silent > NGX_MULTISOURCE_STALLED;
    look->visible = silent <= NGX_MULTISOURCE_HIDDEN;

    /* one system call; a pid's reuse is for the next beat to find out */

    if (kill(look->pid, 0) == -1 && ngx_errno == ESRCH) {
        look->visible = 0;
    }
}


ngx_uint_t
ngx_multisource_peers_count(ngx_multisource_registry_t *reg)
{
    ngx_uint_t               i, n;
    ngx_multisource_peer_t  *peer;

    n = 0;

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        peer = &reg->shared->peers[i];

        if (peer->token > NGX_MULTISOURCE_SIGNING
            && ngx_multisource_peers_alive(peer))
        {
            n++;
        }
    }

    return n;
}
