
/*
 * Copyright (C) the ngx_live contributors
 */


#define _GNU_SOURCE

#include "transport.h"
#include "memory.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define TRANSPORT_SOCKET_BUFFER  (4 * 1024 * 1024)

/* datagrams read before others get their turn */

#define TRANSPORT_READS          32

#define TRANSPORT_TCP_IN         (64 * 1024 + 2)
#define TRANSPORT_TCP_OUT        (256 * 1024)


/* one batch for all: it is sent before another transport uses it */

static transport_t     *transport_owner;
static unsigned         transport_n;
static uint8_t          transport_slots[TRANSPORT_BATCH][TRANSPORT_MTU];
static struct mmsghdr   transport_msgs[TRANSPORT_BATCH];
static struct iovec     transport_iovs[TRANSPORT_BATCH];


static void transport_event(void *data, uint32_t events);


void
transport_init(transport_t *t, void *data)
{
    memset(t, 0, sizeof(transport_t));

    t->io.fd = -1;
    t->io.handler = transport_event;
    t->io.data = t;
    t->data = data;
}


/* --- addresses ----------------------------------------------------------- */

int
transport_address(transport_addr_t *addr, const char *text, int port)
{
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    memset(addr, 0, sizeof(transport_addr_t));

    sin = (struct sockaddr_in *) &addr->sa;
    sin6 = (struct sockaddr_in6 *) &addr->sa;

    if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
        sin->sin_family = AF_INET;
        sin->sin_port = htons((uint16_t) port);
        addr->len = sizeof(struct sockaddr_in);
        return 0;
    }

    if (inet_pton(AF_INET6, text, &sin6->sin6_addr) == 1) {
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons((uint16_t) port);
        addr->len = sizeof(struct sockaddr_in6);
        return 0;
    }

    return -1;
}


int
transport_port(const transport_t *t)
{
    transport_addr_t  addr;

    addr.len = sizeof(addr.sa);

    if (getsockname(t->io.fd, (struct sockaddr *) &addr.sa, &addr.len) == -1) {
        return 0;
    }

    /* at the same place in both families */

    return ntohs(((struct sockaddr_in *) &addr.sa)->sin_port);
}


int
transport_same(const transport_addr_t *a, const transport_addr_t *b)
{
    const struct sockaddr_in   *a4, *b4;
    const struct sockaddr_in6  *a6, *b6;

    if (a->sa.ss_family != b->sa.ss_family) {
        return 0;
    }

    if (a->sa.ss_family == AF_INET) {
        a4 = (const struct sockaddr_in *) &a->sa;
        b4 = (const struct sockaddr_in *) &b->sa;

        return a4->sin_port == b4->sin_port
               && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
    }

    a6 = (const struct sockaddr_in6 *) &a->sa;
    b6 = (const struct sockaddr_in6 *) &b->sa;

    return a6->sin6_port == b6->sin6_port
           && memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0;
}


const char *
transport_text(const transport_addr_t *addr)
{
    const void   *ip;
    static char   text[INET6_ADDRSTRLEN + 16];
    char          host[INET6_ADDRSTRLEN];

    ip = addr->sa.ss_family == AF_INET6
         ? (const void *) &((const struct sockaddr_in6 *) &addr->sa)->sin6_addr
         : (const void *) &((const struct sockaddr_in *) &addr->sa)->sin_addr;

    if (addr->len == 0
        || inet_ntop(addr->sa.ss_family, ip, host, sizeof(host)) == NULL)
    {
        return "-";
    }

    snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%d" : "%s:%d", host,
             ntohs(((const struct sockaddr_in *) &addr->sa)->sin_port));

    return text;
}


/* --- sockets ------------------------------------------------------------- */

static int
transport_socket(transport_t *t, const char *address, int family, int type)
{
    int               size;
    transport_addr_t  addr;

    t->io.fd = socket(family, type|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (t->io.fd == -1) {
        return -1;
    }

    size = TRANSPORT_SOCKET_BUFFER;

    setsockopt(t->io.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(int));
    setsockopt(t->io.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(int));

    if (address == NULL) {
        address = family == AF_INET6 ? "::" : "0.0.0.0";
    }

    if (transport_address(&addr, address, 0) == -1) {
        errno = EINVAL;
        return -1;
    }

    return bind(t->io.fd, (struct sockaddr *) &addr.sa, addr.len);
}


int
transport_open_udp(transport_t *t, const char *address, int family)
{
    transport_close(t);

    t->tcp = 0;

    if (transport_socket(t, address, family, SOCK_DGRAM) == -1) {
        transport_close(t);
        return -1;
    }

    loop_io_add(&t->io, EPOLLIN);

    return 0;
}


int
transport_open_tcp(transport_t *t, const char *address,
    const transport_addr_t *remote)
{
    int  on;

    transport_close(t);

    t->tcp = 1;
    t->remote = *remote;

    if (transport_socket(t, address, remote->sa.ss_family, SOCK_STREAM) == -1
        || (connect(t->io.fd, (struct sockaddr *) &remote->sa, remote->len)
            == -1 && errno != EINPROGRESS))
    {
        transport_close(t);
        return -1;
    }

    on = 1;
    setsockopt(t->io.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));

    if (t->in == NULL) {
        t->in = memory_new(TRANSPORT_TCP_IN);
        t->out = memory_new(TRANSPORT_TCP_OUT);
    }

    loop_io_add(&t->io, EPOLLIN|EPOLLOUT);

    return 0;
}


void
transport_close(transport_t *t)
{
    if (transport_owner == t) {
        transport_flush();
    }

    loop_io_close(&t->io);

    t->connected = 0;
    t->in_len = 0;
    t->out_len = 0;
}


void
transport_connect(transport_t *t)
{
    if (connect(t->io.fd, (struct sockaddr *) &t->remote.sa, t->remote.len)
        == 0)
    {
        t->connected = 1;
    }
}


/* --- sending ------------------------------------------------------------- */

static void
transport_write_tcp(transport_t *t)
{
    ssize_t  n;

    while (t->out_len) {

        n = send(t->io.fd, t->out, t->out_len, MSG_NOSIGNAL);

        if (n <= 0) {
            return;
        }

        t->out_len -= (size_t) n;
        memmove(t->out, t->out + n, t->out_len);
    }

    loop_io_change(&t->io, EPOLLIN);
}


static void
transport_send_tcp(transport_t *t, const uint8_t *packet, size_t len)
{
    if (!t->connected || t->out_len + 2 + len > TRANSPORT_TCP_OUT) {
        t->count.full++;
        return;
    }

    wire_put16(t->out + t->out_len, (unsigned) len);
    memcpy(t->out + t->out_len + 2, packet, len);

    t->out_len += 2 + len;
    t->count.packets++;
    t->count.bytes += len;

    loop_io_change(&t->io, EPOLLIN|EPOLLOUT);
    transport_write_tcp(t);
}


void
transport_send(transport_t *t, const uint8_t *packet, size_t len,
    const transport_addr_t *to)
{
    ssize_t  n;

    if (transport_owner == t) {
        transport_flush();
    }

    if (t->io.fd == -1) {
        return;
    }

    if (t->tcp) {
        transport_send_tcp(t, packet, len);
        return;
    }

    if (to == NULL) {
        to = &t->remote;
    }

    if (t->connected) {
        n = send(t->io.fd, packet, len, 0);

    } else {
        n = sendto(t->io.fd, packet, len, 0, (const struct sockaddr *) &to->sa,
                   to->len);
    }

    if (n == -1) {
        t->count.errors++;
        return;
    }

    t->count.packets++;
    t->count.bytes += len;
}


uint8_t *
transport_slot(transport_t *t)
{
    if (transport_owner != t || transport_n == TRANSPORT_BATCH) {
        transport_flush();
        transport_owner = t;
    }

    return transport_slots[transport_n];
}


void
transport_commit(transport_t *t, size_t len)
{
    struct msghdr  *msg;

    if (t->tcp) {
        transport_send_tcp(t, transport_slots[transport_n], len);
        return;
    }

    transport_iovs[transport_n].iov_base = transport_slots[transport_n];
    transport_iovs[transport_n].iov_len = len;

    msg = &transport_msgs[transport_n].msg_hdr;

    memset(msg, 0, sizeof(struct msghdr));

    msg->msg_iov = &transport_iovs[transport_n];
    msg->msg_iovlen = 1;

    if (!t->connected) {
        msg->msg_name = &t->remote.sa;
        msg->msg_namelen = t->remote.len;
    }

    transport_n++;
}


/* a packet that fails is skipped, as on a network that loses it */

void
transport_flush(void)
{
    int           n;
    unsigned      i;
    transport_t  *t;

    t = transport_owner;

    for (i = 0; i < transport_n && t->io.fd != -1; /* void */ ) {

        n = sendmmsg(t->io.fd, &transport_msgs[i], transport_n - i, 0);

        if (n <= 0) {

            if (errno == EAGAIN || errno == ENOBUFS) {
                t->count.full++;
            } else {
                t->count.errors++;
            }

            i++;
            continue;
        }

        for ( /* void */ ; n; n--, i++) {
            t->count.packets++;
            t->count.bytes += transport_iovs[i].iov_len;
        }
    }

    transport_n = 0;
    transport_owner = NULL;
}


/* --- receiving ----------------------------------------------------------- */

static void
transport_input(transport_t *t, uint8_t *packet, size_t len,
    const transport_addr_t *from)
{
    t->count.received++;
    t->count.received_bytes += len;

    t->input(t->data, packet, len, from);
}


static void
transport_read_udp(transport_t *t)
{
    int                n;
    uint8_t            packet[TRANSPORT_MTU];
    ssize_t            len;
    transport_addr_t   from;

    for (n = 0; n < TRANSPORT_READS && t->io.fd != -1; n++) {

        from.len = sizeof(from.sa);

        len = recvfrom(t->io.fd, packet, sizeof(packet), 0,
                       (struct sockaddr *) &from.sa, &from.len);

        if (len == -1) {

            if (errno == EAGAIN) {
                return;
            }

            t->count.errors++;
            continue;
        }

        transport_input(t, packet, (size_t) len, &from);
    }
}


static void
transport_read_frames(transport_t *t)
{
    size_t            len;
    uint8_t           packet[TRANSPORT_MTU];
    transport_addr_t  from;

    from = t->remote;

    while (t->in_len >= 2) {

        len = wire_get16(t->in);

        if (t->in_len < 2 + len) {
            return;
        }

        memcpy(packet, t->in + 2, len < sizeof(packet) ? len : sizeof(packet));

        t->in_len -= 2 + len;
        memmove(t->in, t->in + 2 + len, t->in_len);

        if (len <= sizeof(packet)) {
            transport_input(t, packet, len, &from);
        }
    }
}


static void
transport_read_tcp(transport_t *t)
{
    ssize_t  n;

    n = recv(t->io.fd, t->in + t->in_len, TRANSPORT_TCP_IN - t->in_len, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        transport_close(t);
        t->closed(t->data);
        return;
    }

    t->in_len += (size_t) n;

    transport_read_frames(t);
}


static void
transport_event(void *data, uint32_t events)
{
    transport_t  *t;

    t = data;

    if (!t->tcp) {
        transport_read_udp(t);
        return;
    }

    if (!t->connected && (events & EPOLLOUT) && !(events & EPOLLERR)) {
        t->connected = 1;
        loop_io_change(&t->io, EPOLLIN);
        t->opened(t->data);
    }

    if (t->io.fd != -1 && (events & EPOLLOUT) && t->connected) {
        transport_write_tcp(t);
    }

    if (t->io.fd != -1 && (events & (EPOLLIN|EPOLLERR|EPOLLHUP))) {
        transport_read_tcp(t);
    }
}
