
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_peers.h"
#include "ngx_live_process.h"


/* no worker has this token */
#define NGX_LIVE_PEERS_SIGNING   ((ngx_atomic_uint_t) -1)

/* beats between two looks at who has a worker's pid */
#define NGX_LIVE_PEERS_THOROUGH  20


static ngx_int_t ngx_live_peers_sign(ngx_live_peers_t *peers);
static void ngx_live_peers_reap(ngx_live_peers_t *peers);
static ngx_uint_t ngx_live_peers_drop(ngx_live_peers_t *peers,
    ngx_atomic_uint_t token);
static ngx_live_peer_t *ngx_live_peers_entry(ngx_live_peers_shared_t *shared,
    ngx_atomic_uint_t token);
static ngx_uint_t ngx_live_peers_signed(ngx_live_peer_t *peer);
static ngx_uint_t ngx_live_peers_alive(ngx_live_peer_t *peer);


ngx_int_t
ngx_live_peers_enter(ngx_live_peers_t *peers, ngx_uint_t generation,
    ngx_uint_t number)
{
    peers->generation = generation;
    peers->number = number;
    peers->token = ngx_atomic_fetch_add(&peers->shared->tokens, 1) + 1;

    if (ngx_live_peers_sign(peers) == NGX_OK) {
        return NGX_OK;
    }

    peers->token = 0;

    ngx_log_error(NGX_LOG_ERR, peers->log, 0,
                  "%s: more than %d workers are alive",
                  peers->name, NGX_LIVE_PEERS);

    return NGX_ERROR;
}


static ngx_int_t
ngx_live_peers_sign(ngx_live_peers_t *peers)
{
    ngx_uint_t           i, try;
    ngx_live_peer_t     *peer;
    ngx_live_process_t   process;

    for (try = 0; try < 2; try++) {

        for (i = 0; i < NGX_LIVE_PEERS; i++) {
            peer = &peers->shared->table[i];

            if (peer->token != 0) {
                continue;
            }

            /* an entry that is being signed in must not look long dead */

            peer->beat = ngx_current_msec;
            ngx_memory_barrier();

            if (!ngx_atomic_cmp_set(&peer->token, 0, NGX_LIVE_PEERS_SIGNING)) {
                continue;
            }

            peer->pid = ngx_pid;
            peer->start = ngx_live_process_look(ngx_pid, &process) == NGX_OK
                          ? process.start : 0;
            peer->generation = peers->generation;
            peer->number = peers->number;
            peer->beat = ngx_current_msec;
            ngx_memory_barrier();
            peer->token = peers->token;

            /* in place of one that has died, perhaps */

            ngx_live_peers_reap(peers);

            return NGX_OK;
        }

        ngx_live_peers_reap(peers);
    }

    return NGX_ERROR;
}


void
ngx_live_peers_leave(ngx_live_peers_t *peers)
{
    ngx_live_peer_t  *peer;

    if (peers->token == 0) {
        return;
    }

    (void) ngx_live_peers_drop(peers, peers->token);

    peer = ngx_live_peers_entry(peers->shared, peers->token);

    if (peer) {
        (void) ngx_atomic_cmp_set(&peer->token, peers->token, 0);
    }

    peers->token = 0;
}


void
ngx_live_peers_beat(ngx_live_peers_t *peers)
{
    ngx_live_peer_t  *peer;

    if (peers->token) {
        peer = ngx_live_peers_entry(peers->shared, peers->token);

        if (peer) {
            peer->beat = ngx_current_msec;

        } else {
            /* stopped for long while it signed in, and taken for dead */
            (void) ngx_live_peers_sign(peers);
        }
    }

    ngx_live_peers_reap(peers);

    peers->beats++;
}


static void
ngx_live_peers_reap(ngx_live_peers_t *peers)
{
    ngx_uint_t          i, n;
    ngx_live_peer_t    *peer;
    ngx_atomic_uint_t   token;

    if (peers->token == 0) {
        /* what is left is won in the name of a token */
        return;
    }

    for (i = 0; i < NGX_LIVE_PEERS; i++) {
        peer = &peers->shared->table[i];
        token = peer->token;

        if (token == 0 || token == peers->token) {
            continue;
        }

        if (token == NGX_LIVE_PEERS_SIGNING) {

            /* killed in the middle of it */

            if (ngx_live_peers_elapsed(peer->beat) > NGX_LIVE_PEERS_STALLED) {
                (void) ngx_atomic_cmp_set(&peer->token, token, 0);
            }

            continue;
        }

        /* one system call mostly: a pid comes back rarely, and not at once */

        if (peers->beats % NGX_LIVE_PEERS_THOROUGH != 0
            && kill(peer->pid, 0) == 0)
        {
            continue;
        }

        if (ngx_live_peers_alive(peer)) {
            continue;
        }

        /* if the entry is another's by now, the token is not */

        n = ngx_live_peers_drop(peers, token);

        (void) ngx_atomic_cmp_set(&peer->token, token, 0);

        if (n) {
            ngx_log_error(NGX_LOG_NOTICE, peers->log, 0,
                          "%s: dropped %ui sources of a dead worker",
                          peers->name, n);
        }
    }
}


static ngx_uint_t
ngx_live_peers_drop(ngx_live_peers_t *peers, ngx_atomic_uint_t token)
{
    return peers->drop ? peers->drop(peers->data, token) : 0;
}


ngx_int_t
ngx_live_peers_find(ngx_live_peers_t *peers, ngx_atomic_uint_t token,
    ngx_uint_t *generation, ngx_uint_t *number)
{
    ngx_live_peer_t  *peer;

    peer = ngx_live_peers_entry(peers->shared, token);

    if (peer == NULL || !ngx_live_peers_alive(peer)) {
        return NGX_DECLINED;
    }

    *generation = peer->generation;
    *number = peer->number;

    return NGX_OK;
}


void
ngx_live_peers_look(ngx_live_peers_t *peers, ngx_atomic_uint_t token,
    ngx_live_peers_look_t *look)
{
    ngx_msec_t        silent;
    ngx_live_peer_t  *peer;

    look->token = token;
    look->pid = ngx_pid;
    look->visible = 1;
    look->stalled = 0;

    if (token == peers->token) {
        return;
    }

    peer = ngx_live_peers_entry(peers->shared, token);

    if (peer == NULL) {
        look->visible = 0;
        return;
    }

    look->pid = peer->pid;

    silent = ngx_live_peers_elapsed(peer->beat);

    look->stalled = silent > NGX_LIVE_PEERS_STALLED;
    look->visible = silent <= NGX_LIVE_PEERS_HIDDEN;

    /* one system call; a pid's reuse is for the next beat to find out */

    if (kill(look->pid, 0) == -1 && ngx_errno == ESRCH) {
        look->visible = 0;
    }
}


ngx_uint_t
ngx_live_peers_count(ngx_live_peers_t *peers)
{
    ngx_uint_t        i, n;
    ngx_live_peer_t  *peer;

    n = 0;

    for (i = 0; i < NGX_LIVE_PEERS; i++) {
        peer = &peers->shared->table[i];

        if (ngx_live_peers_signed(peer) && ngx_live_peers_alive(peer)) {
            n++;
        }
    }

    return n;
}


ngx_uint_t
ngx_live_peers_generation(ngx_live_peers_shared_t *shared,
    ngx_uint_t generation)
{
    ngx_uint_t        i;
    ngx_live_peer_t  *peer;

    for (i = 0; i < NGX_LIVE_PEERS; i++) {
        peer = &shared->table[i];

        if (ngx_live_peers_signed(peer)
            && peer->generation == generation
            && ngx_live_peers_alive(peer))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_live_peer_t *
ngx_live_peers_entry(ngx_live_peers_shared_t *shared, ngx_atomic_uint_t token)
{
    ngx_uint_t  i;

    if (token == 0 || token == NGX_LIVE_PEERS_SIGNING) {
        return NULL;
    }

    for (i = 0; i < NGX_LIVE_PEERS; i++) {
        if (shared->table[i].token == token) {
            return &shared->table[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_live_peers_signed(ngx_live_peer_t *peer)
{
    ngx_atomic_uint_t  token;

    token = peer->token;

    return token != 0 && token != NGX_LIVE_PEERS_SIGNING;
}


static ngx_uint_t
ngx_live_peers_alive(ngx_live_peer_t *peer)
{
    ngx_pid_t           pid;
    ngx_live_process_t  process;

    pid = peer->pid;

    /* EPERM says nothing: `user` may have changed with a reload */

    if (kill(pid, 0) == -1 && ngx_errno == ESRCH) {
        return 0;
    }

    return ngx_live_process_look(pid, &process) != NGX_OK
           || process.start == peer->start;
}
