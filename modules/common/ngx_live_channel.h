
/*
 * Copyright (C) the ngx_live contributors
 *
 * Messages between the workers of a module: one AF_UNIX datagram socketpair
 * per worker and generation of workers, opened by the master before it forks
 * and kept over reloads, so that new workers reach old ones. A message may
 * carry one descriptor.
 *
 * A full queue takes nothing more, and a worker without descriptors to spare
 * drops what brings one: what may not be missed stands in shared memory as
 * well, or is sent again. A worker that is forked in place of a dead one is
 * given what that one has not read: messages to a certain worker name its
 * token, see ngx_live_peers.h.
 */


#ifndef _NGX_LIVE_CHANNEL_H_INCLUDED_
#define _NGX_LIVE_CHANNEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_peers.h"


#define NGX_LIVE_CHANNEL_MAX          32768     /* bytes of a message */

/* generations with live workers at once whose pairs are kept */
#define NGX_LIVE_CHANNEL_GENERATIONS  16


/*
 * In a worker, a message from another one or from itself. `msg` is valid
 * during the call; `fd` is -1 when there is none, and else the handler's to
 * close.
 */

typedef void (*ngx_live_channel_pt)(void *data, u_char *msg, size_t len,
    ngx_socket_t fd);


typedef struct {
    ngx_uint_t            number;       /* of the generation, 0: unused */
    ngx_uint_t            nworkers;
    ngx_socket_t         *fds;          /* pairs: workers read [2n], others
                                           write [2n + 1] */
} ngx_live_channel_generation_t;


/* one per module, static in it and zero: inherited by workers at their fork */

typedef struct {
    ngx_live_channel_generation_t   generations[NGX_LIVE_CHANNEL_GENERATIONS];
    ngx_uint_t                      generation;     /* the newest */
    const char                     *name;

    /* a worker's */
    ngx_live_channel_pt             handler;
    void                           *data;
} ngx_live_channel_t;


#pragma GCC visibility push(hidden)

/*
 * In the master, for every new configuration: opens the pairs of the workers
 * about to be forked and closes those whose workers are all gone. A failure is
 * logged, in lines that begin with `name`; workers without a pair get nothing.
 */
void ngx_live_channel_prepare(ngx_live_channel_t *ch, ngx_cycle_t *cycle,
    ngx_live_peers_shared_t *peers, const char *name);

/* the generation that a worker of the newest configuration belongs to */
ngx_uint_t ngx_live_channel_generation(ngx_live_channel_t *ch);

/*
 * In a worker: `handler` runs for each message to the worker of this number,
 * ngx_worker. NGX_DECLINED when it has no pair, NGX_ERROR on a failure
 * (logged).
 */
ngx_int_t ngx_live_channel_listen(ngx_live_channel_t *ch, ngx_cycle_t *cycle,
    ngx_uint_t number, ngx_live_channel_pt handler, void *data);

/*
 * Sends one message, and a copy of `fd` unless it is -1. NGX_OK; NGX_AGAIN:
 * the queue is full; NGX_DECLINED: there is no such worker; NGX_ERROR: the
 * message is larger than NGX_LIVE_CHANNEL_MAX, or another failure (logged).
 */
ngx_int_t ngx_live_channel_send(ngx_live_channel_t *ch, ngx_uint_t generation,
    ngx_uint_t number, struct iovec *iov, ngx_uint_t niov, ngx_socket_t fd);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_CHANNEL_H_INCLUDED_ */
