
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_ice.h"
#include "ngx_whip_path.h"
#include "ngx_whip_session.h"
#include "ngx_whip_udp.h"


/* datagrams of one system call, and of one event before others are served */

#define NGX_WHIP_UDP_BATCH    32
#define NGX_WHIP_UDP_TURN     256

#define NGX_WHIP_UDP_SNDBUF   (1024 * 1024)

#define NGX_WHIP_UDP_TRIES    4

/*
 * Strangers' STUN in a second: of one address, as far as its place in a table
 * tells, and what is handed to other workers.
 */

#define NGX_WHIP_UDP_PLACES   1024
#define NGX_WHIP_UDP_SOURCE   500
#define NGX_WHIP_UDP_FORWARD  1000


typedef union {
#if (NGX_HAVE_IP_PKTINFO)
    u_char  pktinfo[CMSG_SPACE(sizeof(struct in_pktinfo))];
#endif
#if (NGX_HAVE_INET6 && NGX_HAVE_IPV6_RECVPKTINFO)
    u_char  pktinfo6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
#endif
    struct cmsghdr  align;
} ngx_whip_udp_control_t;


/* what one recvmmsg() fills; a worker reads one socket at a time */

typedef struct {
    struct mmsghdr          msgs[NGX_WHIP_UDP_BATCH];
    struct iovec            iovs[NGX_WHIP_UDP_BATCH];
    ngx_sockaddr_t          peers[NGX_WHIP_UDP_BATCH];
    ngx_whip_udp_control_t  controls[NGX_WHIP_UDP_BATCH];
    u_char                  buffers[NGX_WHIP_UDP_BATCH][NGX_WHIP_DATAGRAM];
} ngx_whip_udp_batch_t;


typedef struct {
    time_t      second;
    ngx_uint_t  count;
} ngx_whip_udp_rate_t;


static void ngx_whip_udp_read_stray(ngx_event_t *rev);
static ngx_uint_t ngx_whip_udp_too_many(ngx_whip_udp_rate_t *rate,
    ngx_uint_t max);
static ngx_whip_udp_rate_t *ngx_whip_udp_source(struct sockaddr *peer);
static void ngx_whip_udp_stray(u_char *p, size_t len, struct sockaddr *peer,
    socklen_t peer_len, struct sockaddr *local, socklen_t local_len);
static void ngx_whip_udp_read_path(ngx_event_t *rev);
static void ngx_whip_udp_write(ngx_event_t *wev);
static ngx_int_t ngx_whip_udp_recv(ngx_connection_t *c,
    ngx_whip_udp_batch_t *batch, ngx_uint_t strangers);
static void ngx_whip_udp_local(struct msghdr *msg, ngx_listening_t *ls,
    ngx_sockaddr_t *local, socklen_t *len);
static ngx_socket_t ngx_whip_udp_socket(ngx_whip_path_t *path);
static void ngx_whip_udp_drain(ngx_whip_path_t *path, ngx_connection_t *c);


/* strays are read into one batch while a path's is being worked on */

static ngx_whip_udp_batch_t  ngx_whip_udp_strays;
static ngx_whip_udp_batch_t  ngx_whip_udp_batch;
static ngx_whip_udp_batch_t  ngx_whip_udp_drained;

static ngx_whip_udp_rate_t   ngx_whip_udp_sources[NGX_WHIP_UDP_PLACES];
static ngx_whip_udp_rate_t   ngx_whip_udp_forwards;


void
ngx_whip_udp_init(ngx_cycle_t *cycle, ngx_whip_main_conf_t *conf)
{
    ngx_uint_t          i, n;
    ngx_connection_t   *c;
    ngx_listening_t    *ls;
    ngx_whip_listen_t  *listen;

    listen = conf->listen.elts;

    for (i = 0; i < conf->listen.nelts; i++) {
        ls = cycle->listening.elts;

        for (n = 0; n < cycle->listening.nelts; n++) {
            c = ls[n].connection;

            if (c && ls[n].type == SOCK_DGRAM
                && ngx_cmp_sockaddr(ls[n].sockaddr, ls[n].socklen,
                                    listen[i].sockaddr, listen[i].socklen, 1)
                   == NGX_OK)
            {
                c->read->handler = ngx_whip_udp_read_stray;

                if (ngx_whip_worker.listening == NULL) {
                    ngx_whip_worker.listening = &ls[n];
                }
            }
        }
    }
}


void
ngx_whip_udp_check(ngx_cycle_t *cycle, ngx_whip_main_conf_t *conf)
{
    int               size;
    ngx_uint_t        n;
    socklen_t         len;
    ngx_listening_t  *ls;

    ls = cycle->listening.elts;

    for (n = 0; n < cycle->listening.nelts; n++) {
        if (ls[n].type != SOCK_DGRAM || ls[n].rcvbuf != NGX_WHIP_UDP_RCVBUF
            || ls[n].fd == (ngx_socket_t) -1)
        {
            continue;
        }

        len = sizeof(int);

        /* the kernel doubles what it was asked for */

        if (getsockopt(ls[n].fd, SOL_SOCKET, SO_RCVBUF, &size, &len) == 0
            && size < NGX_WHIP_UDP_RCVBUF)
        {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "whip: sockets have only %d KiB of receive buffer, "
                          "key frames of fast streams may be lost: "
                          "sysctl -w net.core.rmem_max=%d",
                          size / 2048, NGX_WHIP_UDP_RCVBUF);
            return;
        }
    }
}


static void
ngx_whip_udp_read_stray(ngx_event_t *rev)
{
    int                    n, i;
    ngx_uint_t             turn;
    socklen_t              local_len;
    struct msghdr         *msg;
    ngx_sockaddr_t         local;
    ngx_connection_t      *c;
    ngx_whip_udp_batch_t  *batch;

    c = rev->data;
    batch = &ngx_whip_udp_strays;

    for (turn = 0; turn < NGX_WHIP_UDP_TURN; turn += n) {

        n = ngx_whip_udp_recv(c, batch, 1);

        for (i = 0; i < n; i++) {
            msg = &batch->msgs[i].msg_hdr;

            /* the first byte of STUN: RFC 7983 */

            if (batch->msgs[i].msg_len < 20 || batch->buffers[i][0] > 3
                || (msg->msg_flags & MSG_TRUNC))
            {
                ngx_whip_worker.strays++;
                continue;
            }

            ngx_whip_udp_local(msg, c->listening, &local, &local_len);
            ngx_whip_udp_stray(batch->buffers[i], batch->msgs[i].msg_len,
                               &batch->peers[i].sockaddr, msg->msg_namelen,
                               &local.sockaddr, local_len);
        }

        if (n < NGX_WHIP_UDP_BATCH) {
            return;
        }
    }

    /* nginx's listening sockets are level-triggered: the rest is for later */
}


/* datagrams read, 0 when there are none or on an error of the socket */

static ngx_int_t
ngx_whip_udp_recv(ngx_connection_t *c, ngx_whip_udp_batch_t *batch,
    ngx_uint_t strangers)
{
    int             n;
    ngx_uint_t      i, try;
    struct msghdr  *msg;

    for (i = 0; i < NGX_WHIP_UDP_BATCH; i++) {
        batch->iovs[i].iov_base = batch->buffers[i];
        batch->iovs[i].iov_len = NGX_WHIP_DATAGRAM;

        msg = &batch->msgs[i].msg_hdr;

        msg->msg_name = strangers ? &batch->peers[i] : NULL;
        msg->msg_namelen = strangers ? sizeof(ngx_sockaddr_t) : 0;
        msg->msg_iov = &batch->iovs[i];
        msg->msg_iovlen = 1;
        msg->msg_control = strangers ? &batch->controls[i] : NULL;
        msg->msg_controllen = strangers ? sizeof(ngx_whip_udp_control_t) : 0;
        msg->msg_flags = 0;
    }

    for (try = 0; try < NGX_WHIP_UDP_TRIES; try++) {

        n = recvmmsg(c->fd, batch->msgs, NGX_WHIP_UDP_BATCH, MSG_DONTWAIT,
                     NULL);

        if (n > 0) {
            return n;
        }

        /* other errors are about something that we have sent */

        if (n == 0 || ngx_socket_errno == NGX_EAGAIN) {
            break;
        }
    }

    return 0;
}


/* the address that the datagram was sent to */

static void
ngx_whip_udp_local(struct msghdr *msg, ngx_listening_t *ls,
    ngx_sockaddr_t *local, socklen_t *len)
{
    struct cmsghdr      *cmsg;
#if (NGX_HAVE_IP_PKTINFO)
    struct in_pktinfo    pkt;
#endif
#if (NGX_HAVE_INET6 && NGX_HAVE_IPV6_RECVPKTINFO)
    struct in6_pktinfo   pkt6;
#endif

    *len = ls->socklen;
    ngx_memcpy(local, ls->sockaddr, ls->socklen);

    if (!ls->wildcard || (msg->msg_flags & MSG_CTRUNC)) {
        return;
    }

    for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {

#if (NGX_HAVE_IP_PKTINFO)

        if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO
            && local->sockaddr.sa_family == AF_INET)
        {
            ngx_memcpy(&pkt, CMSG_DATA(cmsg), sizeof(struct in_pktinfo));
            local->sockaddr_in.sin_addr = pkt.ipi_addr;
            return;
        }

#endif

#if (NGX_HAVE_INET6 && NGX_HAVE_IPV6_RECVPKTINFO)

        if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO
            && local->sockaddr.sa_family == AF_INET6)
        {
            ngx_memcpy(&pkt6, CMSG_DATA(cmsg), sizeof(struct in6_pktinfo));
            local->sockaddr_in6.sin6_addr = pkt6.ipi6_addr;

            if (IN6_IS_ADDR_LINKLOCAL(&pkt6.ipi6_addr)) {
                local->sockaddr_in6.sin6_scope_id = pkt6.ipi6_ifindex;
            }

            return;
        }

#endif

    }
}


/* to the session that its STUN names, here or in another worker, or nowhere */

static void
ngx_whip_udp_stray(u_char *p, size_t len, struct sockaddr *peer,
    socklen_t peer_len, struct sockaddr *local, socklen_t local_len)
{
    ngx_whip_stun_t  stun;

    if (ngx_whip_stun_parse(&stun, p, len) != NGX_OK
        || ngx_whip_udp_too_many(ngx_whip_udp_source(peer),
                                 NGX_WHIP_UDP_SOURCE))
    {
        ngx_whip_worker.strays++;
        return;
    }

    if (ngx_whip_ice_own(&stun)) {
        ngx_whip_udp_handed(p, len, peer, peer_len, local, local_len);
        return;
    }

    if (ngx_whip_udp_too_many(&ngx_whip_udp_forwards, NGX_WHIP_UDP_FORWARD)
        || ngx_whip_ice_forward(&stun, p, len, peer, peer_len, local, local_len)
           != NGX_OK)
    {
        ngx_whip_worker.strays++;
    }
}


static ngx_uint_t
ngx_whip_udp_too_many(ngx_whip_udp_rate_t *rate, ngx_uint_t max)
{
    if (rate->second != ngx_time()) {
        rate->second = ngx_time();
        rate->count = 0;
    }

    return ++rate->count > max;
}


static ngx_whip_udp_rate_t *
ngx_whip_udp_source(struct sockaddr *peer)
{
    size_t                len;
    u_char               *p;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;

    if (peer->sa_family == AF_INET6) {
        sin6 = (struct sockaddr_in6 *) peer;
        p = sin6->sin6_addr.s6_addr;
        len = 16;

    } else
#endif
    {
        p = (u_char *) &((struct sockaddr_in *) peer)->sin_addr;
        len = 4;
    }

    return &ngx_whip_udp_sources[ngx_murmur_hash2(p, len)
                                 % NGX_WHIP_UDP_PLACES];
}


void
ngx_whip_udp_handed(u_char *p, size_t len, struct sockaddr *peer,
    socklen_t peer_len, struct sockaddr *local, socklen_t local_len)
{
    ngx_str_t            key;
    ngx_whip_path_t     *path;
    ngx_whip_stun_t      stun;
    ngx_whip_session_t  *s;

    if (ngx_whip_stun_parse(&stun, p, len) != NGX_OK) {
        return;
    }

    s = ngx_whip_ice_find(&stun);

    if (s == NULL
        || ngx_whip_ice_check(s, &stun, p, len, &key) != NGX_OK)
    {
        ngx_whip_worker.strays++;
        return;
    }

    path = ngx_whip_path_udp(s, peer, peer_len, local, local_len);

    if (path) {
        ngx_whip_ice_answer(path, &stun, &key);

        /* as a client DTLS has begun, and may have to begin again */

        ngx_whip_session_received(s);
    }
}


ngx_connection_t *
ngx_whip_udp_connect(ngx_whip_path_t *path)
{
    ngx_log_t         *log;
    ngx_event_t       *rev;
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    log = path->session->log;

    fd = ngx_whip_udp_socket(path);
    if (fd == (ngx_socket_t) -1) {
        return NULL;
    }

    c = ngx_get_connection(fd, log);
    if (c == NULL) {
        (void) ngx_close_socket(fd);
        return NULL;
    }

    c->type = SOCK_DGRAM;
    c->data = path;
    c->log = log;

    rev = c->read;
    rev->log = log;
    rev->handler = ngx_whip_udp_read_path;

    c->write->log = log;
    c->write->handler = ngx_whip_udp_write;

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    if (ngx_add_event(rev, NGX_READ_EVENT,
                      ngx_event_flags & NGX_USE_CLEAR_EVENT ? NGX_CLEAR_EVENT
                                                            : NGX_LEVEL_EVENT)
        != NGX_OK)
    {
        ngx_close_connection(c);
        return NULL;
    }

    path->connection = c;

    ngx_whip_udp_drain(path, c);

    return path->connection;
}


static ngx_socket_t
ngx_whip_udp_socket(ngx_whip_path_t *path)
{
    int            on, size;
    ngx_log_t     *log;
    ngx_socket_t   fd;

    log = path->session->log;

    fd = ngx_socket(path->local.sockaddr.sa_family, SOCK_DGRAM, 0);
    if (fd == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_socket_errno,
                      "whip: " ngx_socket_n " failed");
        return fd;
    }

    on = 1;

    if (ngx_nonblocking(fd) == -1
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(int)) == -1)
    {
        ngx_log_error(NGX_LOG_ERR, log, ngx_socket_errno,
                      "whip: cannot set up a socket");
        goto failed;
    }

#if (NGX_HAVE_INET6 && defined IPV6_V6ONLY)

    if (path->local.sockaddr.sa_family == AF_INET6) {
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(int));
    }

#endif

    /* as much as the kernel gives */

    size = NGX_WHIP_UDP_RCVBUF;
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(int));
    size = NGX_WHIP_UDP_SNDBUF;
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(int));

    if (bind(fd, &path->local.sockaddr, path->local_len) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_socket_errno,
                      "whip: bind() of a session's socket failed; a port "
                      "below 1024 needs workers that may bind it");
        goto failed;
    }

    if (connect(fd, &path->peer.sockaddr, path->peer_len) == -1) {
        ngx_log_error(NGX_LOG_INFO, log, ngx_socket_errno,
                      "whip: connect() to the client failed");
        goto failed;
    }

    return fd;

failed:

    (void) ngx_close_socket(fd);

    return (ngx_socket_t) -1;
}


/*
 * Between bind() and connect() the socket was everybody's: what came in that
 * moment goes where it belongs.
 */

static void
ngx_whip_udp_drain(ngx_whip_path_t *path, ngx_connection_t *c)
{
    int                    n, i;
    ngx_uint_t             turn;
    ngx_sockaddr_t         local;
    struct msghdr         *msg;
    ngx_whip_stun_t        stun;
    ngx_whip_udp_batch_t  *batch;

    batch = &ngx_whip_udp_drained;
    local = path->local;

    for (turn = 0; turn < NGX_WHIP_UDP_TURN; turn += n) {

        n = ngx_whip_udp_recv(c, batch, 1);

        for (i = 0; i < n; i++) {
            msg = &batch->msgs[i].msg_hdr;

            if (msg->msg_flags & MSG_TRUNC) {
                continue;
            }

            if (ngx_cmp_sockaddr(&batch->peers[i].sockaddr, msg->msg_namelen,
                                 &path->peer.sockaddr, path->peer_len, 1)
                == NGX_OK)
            {
                ngx_whip_session_input(path, batch->buffers[i],
                                       batch->msgs[i].msg_len);

                if (path->connection != c) {
                    return;
                }

                continue;
            }

            /* back through the channel, even to ourselves: no recursion */

            if (ngx_whip_stun_parse(&stun, batch->buffers[i],
                                    batch->msgs[i].msg_len)
                == NGX_OK)
            {
                (void) ngx_whip_ice_forward(&stun, batch->buffers[i],
                                            batch->msgs[i].msg_len,
                                            &batch->peers[i].sockaddr,
                                            msg->msg_namelen, &local.sockaddr,
                                            path->local_len);
            }
        }

        if (n < NGX_WHIP_UDP_BATCH) {
            return;
        }
    }
}


static void
ngx_whip_udp_read_path(ngx_event_t *rev)
{
    int                    n, i;
    ngx_uint_t             turn;
    ngx_whip_path_t       *path;
    ngx_connection_t      *c;
    ngx_whip_session_t    *s;
    ngx_whip_udp_batch_t  *batch;

    c = rev->data;
    path = c->data;
    s = path->session;
    batch = &ngx_whip_udp_batch;

    if (c->close) {
        /* worker_shutdown_timeout */
        ngx_whip_session_close(s, NGX_WHIP_SHUTDOWN);
        return;
    }

    for (turn = 0; turn < NGX_WHIP_UDP_TURN; turn += n) {

        n = ngx_whip_udp_recv(c, batch, 0);

        for (i = 0; i < n; i++) {

            if (batch->msgs[i].msg_hdr.msg_flags & MSG_TRUNC) {
                continue;
            }

            ngx_whip_session_input(path, batch->buffers[i],
                                   batch->msgs[i].msg_len);

            if (s->state == NGX_WHIP_CLOSED || path->connection != c) {
                return;
            }
        }

        if (n < NGX_WHIP_UDP_BATCH) {
            ngx_whip_session_received(s);
            return;
        }
    }

    ngx_whip_session_received(s);

    /* others' turn, and then what is left here */

    if (s->state != NGX_WHIP_CLOSED && path->connection == c) {
        ngx_post_event(rev, &ngx_posted_next_events);
    }
}


static void
ngx_whip_udp_write(ngx_event_t *wev)
{
    /* nothing waits for room: a datagram that does not go out is lost */
}


ssize_t
ngx_whip_udp_send(ngx_connection_t *c, u_char *p, size_t len)
{
    ssize_t     n;
    ngx_uint_t  try;

    n = -1;

    for (try = 0; try < NGX_WHIP_UDP_TRIES; try++) {

        n = send(c->fd, p, len, MSG_DONTWAIT|MSG_NOSIGNAL);

        /* refused was an earlier one: this one has not been sent */

        if (n >= 0 || ngx_socket_errno != NGX_ECONNREFUSED) {
            break;
        }
    }

    return n;
}
