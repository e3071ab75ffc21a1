
/*
 * Copyright (C) the ngx_live contributors
 *
 * The workers that share the zone: those of every configuration that still
 * have sessions.
 */


#ifndef _NGX_MULTISOURCE_PEERS_H_INCLUDED_
#define _NGX_MULTISOURCE_PEERS_H_INCLUDED_


#include "ngx_multisource_registry.h"


#pragma GCC visibility push(hidden)

/*
 * Signs this worker in, with the generation and number that the others reach
 * it by. NGX_ERROR when the table of workers is full (logged).
 */
ngx_int_t ngx_multisource_peers_enter(ngx_multisource_registry_t *reg,
    ngx_uint_t generation, ngx_uint_t number);
void ngx_multisource_peers_leave(ngx_multisource_registry_t *reg);

/* tells the others that this worker runs; frees what dead workers left */
void ngx_multisource_peers_beat(ngx_multisource_registry_t *reg);

/* how to reach the worker with this token; NGX_DECLINED when it is dead */
ngx_int_t ngx_multisource_peers_find(ngx_multisource_registry_t *reg,
    ngx_atomic_uint_t token, ngx_uint_t *generation, ngx_uint_t *number);

/*
 * How it is: after 5 s without a sign of life its sources are stalled, after
 * 20 s they are not shown.
 */
void ngx_multisource_peers_look(ngx_multisource_registry_t *reg,
    ngx_atomic_uint_t token, ngx_multisource_look_t *look);

ngx_uint_t ngx_multisource_peers_count(ngx_multisource_registry_t *reg);

/* in the master: nonzero while some live worker belongs to the generation */
ngx_uint_t ngx_multisource_peers_generation(ngx_shm_zone_t *zone,
    ngx_uint_t generation);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_PEERS_H_INCLUDED_ */
