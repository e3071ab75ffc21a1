
/*
 * Copyright (C) the ngx_live contributors
 *
 * What workers send each other: a datagram or a TCP connection that belongs to
 * another's session, and a request about one with its answer.
 */


#ifndef _NGX_WHIP_COURIER_H_INCLUDED_
#define _NGX_WHIP_COURIER_H_INCLUDED_


#include "ngx_whip.h"


/* a PATCH or DELETE, as far as the owner of the session must know it */

typedef struct {
    ngx_uint_t   delete;         /* otherwise a PATCH */
    ngx_str_t    id;             /* of the session */
    ngx_str_t    if_match;       /* empty: no such header */
    ngx_str_t    body;           /* of a PATCH */
} ngx_whip_order_t;


/* what came of it */

typedef struct {
    ngx_uint_t   status;         /* of HTTP */
    ngx_uint_t   reason;         /* ngx_whip_reason_e */
    u_char       session[40];    /* $whip_session, with NUL; "" unknown */
    u_char       etag[NGX_WHIP_ETAG_LEN];
    size_t       etag_len;       /* 0: none */
    ngx_str_t    body;
} ngx_whip_outcome_t;


typedef void (*ngx_whip_courier_pt)(void *data, ngx_whip_outcome_t *outcome);


#pragma GCC visibility push(hidden)

void ngx_whip_courier_prepare(ngx_cycle_t *cycle, ngx_whip_main_conf_t *conf);
ngx_uint_t ngx_whip_courier_generation(void);
ngx_int_t ngx_whip_courier_listen(ngx_cycle_t *cycle);

/* NGX_OK: sent; what is lost on the way is for the client to send again */

ngx_int_t ngx_whip_courier_datagram(ngx_uint_t generation, ngx_uint_t number,
    u_char *p, size_t len, struct sockaddr *peer, socklen_t peer_len,
    struct sockaddr *local, socklen_t local_len);

/* the descriptor stays the caller's, to be closed */
ngx_int_t ngx_whip_courier_connection(ngx_uint_t generation,
    ngx_uint_t number, ngx_socket_t fd, u_char *p, size_t len,
    struct sockaddr *peer, socklen_t peer_len);

/*
 * Has the owner of the session do it; `handler` runs once, with
 * NGX_WHIP_NO_ANSWER after a while, unless it is forgotten before.  Returns a
 * number for that, or 0 with a reason: the session's worker is not there, or
 * cannot be reached now.
 */
ngx_uint_t ngx_whip_courier_order(ngx_atomic_uint_t token,
    ngx_whip_order_t *order, ngx_whip_courier_pt handler, void *data,
    ngx_uint_t *reason);
void ngx_whip_courier_forget(ngx_uint_t number);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_COURIER_H_INCLUDED_ */
