
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: when to try again.
 *
 * The first wait is 1 to 2 s, each further one 1.5 times the one before, at
 * most 15 s while the platform still holds the event (its window since the
 * loss), then at most 60 s; each with a jitter of +-20 %. What is fatal on a
 * first attempt (a refused key) waits 60 s and more.
 */


#ifndef _NGX_SIMULCAST_RETRY_H_INCLUDED_
#define _NGX_SIMULCAST_RETRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* time of acknowledged progress after which the counting starts over */
#define NGX_SIMULCAST_RETRY_PROGRESS  30000     /* ms */


/* all zeros: nothing has failed yet; times are ngx_current_msec's */

typedef struct {
    ngx_uint_t   attempts;      /* that failed in a row */
    ngx_msec_t   wait;          /* the last one, without jitter; ms */
    ngx_msec_t   lost;          /* when the first of them failed */
} ngx_simulcast_retry_t;


#pragma GCC visibility push(hidden)

/*
 * Counts a failure and says how long to wait, ms. `window`: how long the
 * platform waits for the encoder, ms; `fatal`: the attempt was refused in a way
 * that will not change by itself; `random`: any number. `max` attempts may fail
 * in a row, 0: any number; beyond them NGX_DECLINED is returned and *wait kept.
 */
ngx_int_t ngx_simulcast_retry_failed(ngx_simulcast_retry_t *retry,
    ngx_msec_t now, ngx_msec_t window, ngx_uint_t fatal, ngx_uint_t max,
    uint32_t random, ngx_msec_t *wait);

/* the connection has made real progress for so long, ms */
void ngx_simulcast_retry_progress(ngx_simulcast_retry_t *retry,
    ngx_msec_t lasted);

/* nonzero when the window has passed since the first failure in a row */
ngx_uint_t ngx_simulcast_retry_expired(ngx_simulcast_retry_t *retry,
    ngx_msec_t now, ngx_msec_t window);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_RETRY_H_INCLUDED_ */
