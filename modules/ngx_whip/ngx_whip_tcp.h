
/*
 * Copyright (C) the ngx_live contributors
 *
 * ICE over TCP, passive: RFC 6544, with the framing of RFC 4571.
 *
 *      0                   1
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 *     +-------------------------------+-----------------
 *     |             LENGTH            |  STUN, DTLS, RTP
 *     +-------------------------------+-----------------
 */


#ifndef _NGX_WHIP_TCP_H_INCLUDED_
#define _NGX_WHIP_TCP_H_INCLUDED_


#include "ngx_whip.h"


#pragma GCC visibility push(hidden)

/* handler of the listening socket; the first frame must be STUN, in time */
void ngx_whip_tcp_accept(ngx_connection_t *c);

/*
 * A connection that another worker has accepted and whose first frame names a
 * session here; the descriptor becomes ours, p .. p + len is what was read.
 */
void ngx_whip_tcp_take(ngx_socket_t fd, u_char *p, size_t len,
    struct sockaddr *peer, socklen_t peer_len);

/* one frame; what the bounded queue does not hold is dropped */
void ngx_whip_tcp_send(ngx_whip_tcp_t *tcp, u_char *p, size_t len);

/* the buffers; the connection stays the caller's */
void ngx_whip_tcp_free(ngx_whip_tcp_t *tcp);

/* closes the connections that no session has yet */
void ngx_whip_tcp_shutdown(void);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_TCP_H_INCLUDED_ */
