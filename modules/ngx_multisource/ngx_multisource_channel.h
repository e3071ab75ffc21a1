
/*
 * Copyright (C) the ngx_live contributors
 *
 * Wakes another worker: one AF_UNIX datagram socketpair per worker and
 * generation of workers, opened by the master before it forks and kept over
 * reloads, so that new workers reach old ones. What is to be done stands in
 * the registry; a lost wake-up costs one housekeeping tick.
 */


#ifndef _NGX_MULTISOURCE_CHANNEL_H_INCLUDED_
#define _NGX_MULTISOURCE_CHANNEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#pragma GCC visibility push(hidden)

/*
 * In the master, for every new configuration: opens the pairs of the workers
 * about to be forked and closes those whose workers are all gone. A failure is
 * logged and costs speed only.
 */
void ngx_multisource_channel_prepare(ngx_cycle_t *cycle, ngx_shm_zone_t *zone);

/* the generation that a worker of this cycle belongs to */
ngx_uint_t ngx_multisource_channel_generation(void);

/* in a worker: `handler` runs whenever another worker sent a wake-up */
ngx_int_t ngx_multisource_channel_listen(ngx_cycle_t *cycle,
    ngx_uint_t number, void (*handler)(void));

void ngx_multisource_channel_wake(ngx_uint_t generation, ngx_uint_t number);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_CHANNEL_H_INCLUDED_ */
