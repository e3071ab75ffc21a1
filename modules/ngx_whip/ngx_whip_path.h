
/*
 * Copyright (C) the ngx_live contributors
 *
 * The ways that a session's datagrams take.  Each UDP 5-tuple that has shown
 * to be the client's has a socket of its own, bound to the port that all
 * sessions share and connected to the client, so that the kernel tells the
 * sessions apart; a TCP connection is a path by itself (RFC 6544, RFC 4571).
 */


#ifndef _NGX_WHIP_PATH_H_INCLUDED_
#define _NGX_WHIP_PATH_H_INCLUDED_


#include "ngx_whip.h"


/* an IPv4 or IPv6 address with its port, NUL-terminated */

#define NGX_WHIP_ADDR_LEN  (NGX_SOCKADDR_STRLEN + 1)


#pragma GCC visibility push(hidden)

/*
 * The session's path between these addresses, a new one if need be: the least
 * recently used makes room.  NULL: no socket could be had (logged).
 */
ngx_whip_path_t *ngx_whip_path_udp(ngx_whip_session_t *s,
    struct sockaddr *peer, socklen_t peer_len, struct sockaddr *local,
    socklen_t local_len);

/* a path that is not in use: the least recently used one is closed for it */
ngx_whip_path_t *ngx_whip_path_free(ngx_whip_session_t *s);

/* closes the socket; the session sends on another path, if it has one */
void ngx_whip_path_close(ngx_whip_path_t *path);

/*
 * Sends one datagram; losses are the network's, an error of the socket counts
 * as one.
 */
void ngx_whip_path_send(ngx_whip_path_t *path, u_char *p, size_t len);

/* of the two ends, as text */
void ngx_whip_path_text(ngx_whip_path_t *path, u_char *local, u_char *remote);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_PATH_H_INCLUDED_ */
