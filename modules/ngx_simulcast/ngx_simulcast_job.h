
/*
 * Copyright (C) the ngx_live contributors
 *
 * A destination of a live source, from the decision that it is to run to the
 * last word to its platform. Nothing else pushes it meanwhile: its claim in
 * Redis, simulcast:claim:{id}, is renewed until then.
 */


#ifndef _NGX_SIMULCAST_JOB_H_INCLUDED_
#define _NGX_SIMULCAST_JOB_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_claim.h"
#include "ngx_simulcast_encode.h"
#include "ngx_simulcast_platform.h"
#include "ngx_simulcast_push.h"
#include "ngx_simulcast_source.h"
#include "ngx_simulcast_store.h"


/* between two words about its health, at most; and between two words about its
   numbers to event streams */
#define NGX_SIMULCAST_JOB_HEALTH  10000         /* ms */


typedef struct {
    ngx_queue_t                    queue;       /* of the controller's source */
    ngx_simulcast_source_t        *source;      /* NULL: it ends */
    ngx_queue_t                   *encodes;     /* of that source */

    char                           id[NGX_SIMULCAST_ID + 1];
    char                           stream_id[2 * NGX_SIMULCAST_NAME + 2];
    ngx_simulcast_destination_t   *destination; /* held */
    char                          *signature;   /* of what a push depends on */
    ngx_simulcast_claim_t         *claim;       /* NULL: let go */

    ngx_simulcast_broadcast_t     *broadcast;
    ngx_simulcast_push_t          *push;        /* NULL: not claimed */
    ngx_simulcast_encode_t        *encode;      /* NULL: the source as it is */

    const char                    *code;        /* what the platform said, or
                                                   NULL; static */
    char                           text[256];
    json_int_t                     asked;       /* the start it follows */
    ngx_uint_t                     refused;     /* by the platform, in a row */
    ngx_uint_t                     health;      /* as last told */
    ngx_msec_t                     told;        /* when */

    ngx_event_t                    timer;       /* next poll, or start */

    unsigned                       claimed:1;
    unsigned                       calling:1;   /* the platform */
    unsigned                       prepared:1;
    unsigned                       announced:1; /* live() has been called */
    unsigned                       going:1;     /* live() is to be called */
    unsigned                       asking:1;    /* prepare() is */
    unsigned                       ending:1;
    unsigned                       real:1;      /* the end */
    unsigned                       seen:1;      /* in the newest list */
} ngx_simulcast_job_t;


#pragma GCC visibility push(hidden)

/* NULL: out of memory; claims it, and goes on by itself */
ngx_simulcast_job_t *ngx_simulcast_job_create(ngx_simulcast_source_t *source,
    ngx_queue_t *encodes, ngx_simulcast_destination_t *destination);

/* nonzero when the push must begin anew to follow the destination as it is now;
   otherwise it has been taken over */
ngx_uint_t ngx_simulcast_job_update(ngx_simulcast_job_t *job,
    ngx_simulcast_destination_t *destination);

/* every 10 s: claims, or renews the claim */
void ngx_simulcast_job_claim(ngx_simulcast_job_t *job);

/*
 * Ends it; the source and its encodes are not used after the call, the job is
 * freed when the platform has been told. real: the end of the event, not of the
 * connection.
 */
void ngx_simulcast_job_end(ngx_simulcast_job_t *job, ngx_uint_t reason,
    ngx_uint_t real);

/* its part of "metrics:update" (a new reference), NULL: there is nothing to
   tell */
json_t *ngx_simulcast_job_metrics(ngx_simulcast_job_t *job);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_JOB_H_INCLUDED_ */
