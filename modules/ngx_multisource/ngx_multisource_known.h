
/*
 * Copyright (C) the ngx_live contributors
 *
 * What this worker has worked out lately: tokens that are genuine, and who the
 * stranger of a connection is. A player asks several times a second, and a MAC
 * each time would be a good part of what its requests cost.
 */


#ifndef _NGX_MULTISOURCE_KNOWN_H_INCLUDED_
#define _NGX_MULTISOURCE_KNOWN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_multisource_ticket.h"


#pragma GCC visibility push(hidden)

/* as ngx_multisource_ticket_verify() */
ngx_int_t ngx_multisource_known_ticket(ngx_str_t *text, const u_char *key,
    uint64_t now, ngx_multisource_ticket_t *ticket);

/* as ngx_multisource_ticket_stranger(), for a request of this connection */
uint64_t ngx_multisource_known_stranger(ngx_connection_t *c,
    const u_char *key, uint64_t day, ngx_str_t *address, ngx_str_t *browser);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_KNOWN_H_INCLUDED_ */
