
/*
 * Copyright (C) the ngx_live contributors
 *
 * Who pushes a destination, over all sources, workers and nodes: a key in Redis,
 * simulcast:claim:{id}, whose value says whose it is:
 *
 *     HOST:PID:STARTED:SYSTEM:ID:TIME:SERIAL
 *
 * STARTED is that of the process (proc(5)), SYSTEM a boot and a PID namespace:
 * what a dead process of the same system has left is taken over at once.
 */


#ifndef _NGX_SIMULCAST_CLAIM_H_INCLUDED_
#define _NGX_SIMULCAST_CLAIM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast.h"


/* without a renewal others may claim it */
#define NGX_SIMULCAST_CLAIM_TIME  30000         /* ms */


typedef struct ngx_simulcast_claim_s  ngx_simulcast_claim_t;

/* NGX_OK: it is ours; NGX_DECLINED: another one has it. May release the claim */

typedef void (*ngx_simulcast_claim_pt)(void *data, ngx_int_t rc);


#pragma GCC visibility push(hidden)

/* the strings are copied; NULL: out of memory */
ngx_simulcast_claim_t *ngx_simulcast_claim_create(const char *id,
    const char *streamer, ngx_simulcast_claim_pt handler, void *data);

/*
 * Claims it, or renews the claim. The handler is called once Redis has answered,
 * never from within this call; not at all while Redis is away.
 */
void ngx_simulcast_claim_ask(ngx_simulcast_claim_t *claim);

/*
 * Lets it go, as soon as Redis is there, and tells the workers so. The handler is
 * not called any more, the claim is not to be used any more.
 */
void ngx_simulcast_claim_release(ngx_simulcast_claim_t *claim);

/* Redis is there again: what it was not told is told */
void ngx_simulcast_claim_again(void);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CLAIM_H_INCLUDED_ */
