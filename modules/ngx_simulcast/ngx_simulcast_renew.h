
/*
 * Copyright (C) the ngx_live contributors
 *
 * Refreshes a destination's access token: one worker of one node at a time, the
 * others wait for what it stores. A refresh token may be good for one use only:
 * what comes back is stored before it is used.
 */


#ifndef _NGX_SIMULCAST_RENEW_H_INCLUDED_
#define _NGX_SIMULCAST_RENEW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_call.h"


/* s before its end that a token is refreshed */
#define NGX_SIMULCAST_RENEW_BEFORE  300


/* with NGX_OK the destination is to be held by whom keeps it; else NULL */
typedef void (*ngx_simulcast_renew_pt)(void *data,
    ngx_simulcast_platform_result_t *result,
    ngx_simulcast_destination_t *destination);


#pragma GCC visibility push(hidden)

/*
 * Returns at once; the handler is called once, never from within the call.
 * NULL: out of memory. The access token of the destination given is the one that is
 * not good any more: where Redis has another one already, that is it.
 */
ngx_simulcast_renew_t *ngx_simulcast_renew(
    ngx_simulcast_destination_t *destination, ngx_simulcast_renew_pt handler,
    void *data);

/* the handler is not called; the refresh goes on */
void ngx_simulcast_renew_leave(ngx_simulcast_renew_t *renew);

/* nonzero when there is something to refresh it with */
ngx_uint_t ngx_simulcast_renew_possible(
    ngx_simulcast_destination_t *destination);

/* nonzero when it is to end within 5 minutes */
ngx_uint_t ngx_simulcast_renew_due(ngx_simulcast_destination_t *destination);

/*
 * What an answer of a token endpoint changes: members of the secret, and
 * *record's token_expires_at. NULL: out of memory.
 */
json_t *ngx_simulcast_renew_members(json_t *answer, json_t **record);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_RENEW_H_INCLUDED_ */
