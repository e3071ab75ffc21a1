
/*
 * Copyright (C) the ngx_live contributors
 */


#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/tcp.h>

#include "ngx_simulcast_tcp.h"


int
ngx_simulcast_tcp_acked(int fd, uint64_t *acked, uint64_t *rtt)
{
    socklen_t        len;
    struct tcp_info  info;

    memset(&info, 0, sizeof(struct tcp_info));
    len = sizeof(struct tcp_info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1) {
        return -1;
    }

    /* the SYN is counted as well */

    *acked = info.tcpi_bytes_acked ? info.tcpi_bytes_acked - 1 : 0;
    *rtt = info.tcpi_rtt;

    return 0;
}
