
/*
 * Copyright (C) the ngx_live contributors
 *
 * Authorizations that somebody has begun and not ended: what belongs to a
 * state, sealed in Redis for ten minutes, and good for one use.
 */


#ifndef _NGX_SIMULCAST_PENDING_H_INCLUDED_
#define _NGX_SIMULCAST_PENDING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_call.h"


#define NGX_SIMULCAST_PENDING_RANDOM  44        /* bytes of a state or verifier,
                                                   NUL included */
#define NGX_SIMULCAST_PENDING_OWNER   128       /* bytes of an owner, at most */


/* the call's data has to begin with it */

typedef struct {
    char        owner[NGX_SIMULCAST_PENDING_OWNER + 1];
    char        state[256];         /* given, or made; empty: the only one */
    char        verifier[NGX_SIMULCAST_PENDING_RANDOM];
    char        digest[65];         /* of the state, hex */

    ngx_simulcast_call_step_pt  next;
} ngx_simulcast_pending_t;


#pragma GCC visibility push(hidden)

/* hex or the like, not empty */
ngx_int_t ngx_simulcast_pending_owner(ngx_simulcast_pending_t *p,
    ngx_str_t *owner);

/*
 * Makes a state and a verifier and keeps them; then the next step. The call
 * ends with a failure of "store_unavailable" when it cannot.
 */
void ngx_simulcast_pending_put(ngx_simulcast_call_t *call,
    ngx_simulcast_call_step_pt next);

/*
 * Takes what belongs to the state, or to the only one of this owner, which is
 * gone then; then the next step. The call ends with a failure,
 * "state_invalid" or "state_required", when there is none.
 */
void ngx_simulcast_pending_take(ngx_simulcast_call_t *call,
    ngx_simulcast_call_step_pt next);

/* of S256, NUL-terminated */
void ngx_simulcast_pending_challenge(ngx_simulcast_pending_t *p,
    char buf[NGX_SIMULCAST_PENDING_RANDOM]);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_PENDING_H_INCLUDED_ */
