
/*
 * Copyright (C) the ngx_live contributors
 *
 * The workers that share a module's zone: those of every configuration that
 * still have sessions. The table stands in shared memory and is never locked:
 * a worker may be killed or stopped between any two instructions.
 */


#ifndef _NGX_LIVE_PEERS_H_INCLUDED_
#define _NGX_LIVE_PEERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_PEERS           256        /* workers */

/* a worker without a sign of life for so long is stalled */
#define NGX_LIVE_PEERS_STALLED   5000       /* ms */

/* and what it has is not to be shown; it may wake up and go on */
#define NGX_LIVE_PEERS_HIDDEN    20000      /* ms */


/*
 * A worker signs in by a compare-and-swap of `token` from 0 to a reserved one,
 * fills its entry and sets its own. The start time tells it from a later
 * process with the same pid.
 */

typedef struct {
    ngx_atomic_t             token;
    ngx_atomic_t             pid;
    ngx_atomic_t             start;         /* ticks since boot, proc(5) */
    ngx_atomic_t             beat;          /* monotonic, ms */
    ngx_atomic_t             generation;
    ngx_atomic_t             number;
} ngx_live_peer_t;


/*
 * In the zone of the module; all zeros is an empty table. A module that marks
 * with tokens what outlives its zone starts `tokens` where those of an earlier
 * zone cannot be.
 */

typedef struct {
    ngx_atomic_t             tokens;        /* last one given */
    ngx_live_peer_t          table[NGX_LIVE_PEERS];
} ngx_live_peers_shared_t;


/*
 * Frees what the worker with this token has left, and returns how many there
 * were. Several workers may do so at once: each thing is won by whoever swaps
 * its mark from `token` to its own token, so that it is found again if the
 * winner dies in the middle. With the token of this worker, what it has itself.
 */

typedef ngx_uint_t (*ngx_live_peers_drop_pt)(void *data,
    ngx_atomic_uint_t token);


/*
 * A worker's view of the table. The module sets `shared`, `drop` (may be
 * NULL), `data`, `log` and `name` and leaves the rest zero.
 */

typedef struct {
    ngx_live_peers_shared_t *shared;

    ngx_atomic_uint_t        token;         /* this worker's, 0: not signed
                                               in; never given again */
    ngx_uint_t               generation;
    ngx_uint_t               number;
    ngx_uint_t               beats;

    ngx_live_peers_drop_pt   drop;
    void                    *data;
    ngx_log_t               *log;
    const char              *name;          /* what log lines begin with */
} ngx_live_peers_t;


/* how a worker is */

typedef struct {
    ngx_atomic_uint_t        token;
    ngx_pid_t                pid;
    unsigned                 visible:1;     /* heard of within 20 s */
    unsigned                 stalled:1;     /* not within 5 s */
} ngx_live_peers_look_t;


#pragma GCC visibility push(hidden)

/*
 * Signs this worker in, with the generation and number that the others reach
 * it by, see ngx_live_channel.h. NGX_ERROR when the table is full (logged).
 */
ngx_int_t ngx_live_peers_enter(ngx_live_peers_t *peers, ngx_uint_t generation,
    ngx_uint_t number);

/* drops what this worker has, and signs it out */
void ngx_live_peers_leave(ngx_live_peers_t *peers);

/*
 * Tells the others that this worker runs, and drops what dead workers left; to
 * be called once or twice a second.
 */
void ngx_live_peers_beat(ngx_live_peers_t *peers);

/* how to reach the worker with this token; NGX_DECLINED when it is dead */
ngx_int_t ngx_live_peers_find(ngx_live_peers_t *peers, ngx_atomic_uint_t token,
    ngx_uint_t *generation, ngx_uint_t *number);

void ngx_live_peers_look(ngx_live_peers_t *peers, ngx_atomic_uint_t token,
    ngx_live_peers_look_t *look);

/* workers that are alive, this one included */
ngx_uint_t ngx_live_peers_count(ngx_live_peers_t *peers);

/* in the master: nonzero while some live worker belongs to the generation */
ngx_uint_t ngx_live_peers_generation(ngx_live_peers_shared_t *shared,
    ngx_uint_t generation);

#pragma GCC visibility pop


/*
 * How long ago, ms. Each worker caches the clock once an event loop turn, so
 * that what another one noted may lie ahead: that counts as now.
 */

static ngx_inline ngx_msec_t
ngx_live_peers_elapsed(ngx_msec_t then)
{
    ngx_msec_int_t  elapsed;

    elapsed = (ngx_msec_int_t) (ngx_current_msec - then);

    return elapsed > 0 ? elapsed : 0;
}


#endif /* _NGX_LIVE_PEERS_H_INCLUDED_ */
