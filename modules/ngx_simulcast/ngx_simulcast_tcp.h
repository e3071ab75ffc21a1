
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the kernel knows of a TCP connection.  The C library's <netinet/tcp.h>,
 * which nginx includes, has an older tcp_info than the kernel's header, and the
 * two cannot be included together: so this stands apart from nginx.
 */


#ifndef _NGX_SIMULCAST_TCP_H_INCLUDED_
#define _NGX_SIMULCAST_TCP_H_INCLUDED_


#include <stdint.h>


#pragma GCC visibility push(hidden)

/*
 * Bytes of payload that the peer's TCP has acknowledged (Linux 4.1 and later,
 * 0 before), and the smoothed round-trip time, us.  -1: not a TCP socket.
 */
int ngx_simulcast_tcp_acked(int fd, uint64_t *acked, uint64_t *rtt);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_TCP_H_INCLUDED_ */
