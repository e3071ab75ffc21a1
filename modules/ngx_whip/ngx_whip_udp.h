
/*
 * Copyright (C) the ngx_live contributors
 *
 * UDP: the socket that strangers send to, and the sockets of the sessions.
 */


#ifndef _NGX_WHIP_UDP_H_INCLUDED_
#define _NGX_WHIP_UDP_H_INCLUDED_


#include "ngx_whip.h"


/* bytes asked for; the kernel may give less: net.core.rmem_max */

#define NGX_WHIP_UDP_RCVBUF  (4 * 1024 * 1024)


#pragma GCC visibility push(hidden)

/* in a worker: reads the listening sockets by itself, instead of nginx */
void ngx_whip_udp_init(ngx_cycle_t *cycle, ngx_whip_main_conf_t *conf);

/* warns when the kernel gives less of a buffer than was asked for */
void ngx_whip_udp_check(ngx_cycle_t *cycle, ngx_whip_main_conf_t *conf);

/*
 * A datagram that came to the listening socket, of this worker or of another:
 * to the session that its STUN USERNAME names, or else dropped.
 */
void ngx_whip_udp_handed(u_char *p, size_t len, struct sockaddr *peer,
    socklen_t peer_len, struct sockaddr *local, socklen_t local_len);

/* a socket for a path's two ends, added to the event loop; NULL: logged */
ngx_connection_t *ngx_whip_udp_connect(ngx_whip_path_t *path);

/* bytes, or -1: lost */
ssize_t ngx_whip_udp_send(ngx_connection_t *c, u_char *p, size_t len);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_UDP_H_INCLUDED_ */
