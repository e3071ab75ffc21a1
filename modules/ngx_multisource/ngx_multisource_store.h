
/*
 * Copyright (C) the ngx_live contributors
 *
 * The shows in Redis, where multisource_redis is set, so that they outlive the
 * machine. Shared memory is what counts; Redis follows it:
 *
 *     multisource:session:{id}      string, JSON, see _store_json.h
 *     multisource:sessions          sorted set, id by the time of creation
 *     multisource:sessions:open     the same, of those that have not ended
 *     multisource:viewers:{id}      hash, number of a viewer -> JSON
 *
 * What belongs to one show expires 30 days after it has ended, or was written
 * last. Any worker writes, one at a time: what has changed since Redis confirmed
 * it last, a bounded part of it at a time. Nothing waits for Redis. Workers that
 * find a new zone read what there is room for.
 */


#ifndef _NGX_MULTISOURCE_STORE_H_INCLUDED_
#define _NGX_MULTISOURCE_STORE_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"

#include "ngx_live_redis.h"


#pragma GCC visibility push(hidden)

/* multisource_redis, into the main configuration's `redis` */
char *ngx_multisource_store_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* in a worker, after ngx_multisource_stage_init() */
void ngx_multisource_store_init(ngx_cycle_t *cycle);

/* also when it was not begun */
void ngx_multisource_store_exit(void);

/* several times a second, or once */
void ngx_multisource_store_tick(void);

/*
 * Nonzero: what is in Redis is here, as far as this worker has to wait for it.
 * Before that a streamer who comes back would get a new show although there is
 * one that could go on.
 */
ngx_uint_t ngx_multisource_store_ready(void);

/* how it is, for the status */
void ngx_multisource_store_look(ngx_live_redis_look_t *look);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_STORE_H_INCLUDED_ */
