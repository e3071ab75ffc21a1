
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include <ifaddrs.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_address.h"
#include "ngx_simulcast_command.h"
#include "ngx_simulcast_link.h"
#include "ngx_simulcast_reason.h"
#include "ngx_simulcast_tcp.h"
#include "ngx_simulcast_tls.h"


#define NGX_SIMULCAST_LINK_HELLO    1536    /* bytes of C1, C2, S1, S2 */
#define NGX_SIMULCAST_LINK_READ     16384   /* bytes read at a time */
#define NGX_SIMULCAST_LINK_READS    16      /* reads in a turn */
#define NGX_SIMULCAST_LINK_UNSENT   131072  /* bytes that wait in the kernel */
#define NGX_SIMULCAST_LINK_MASK     8       /* characters of a key that are not
                                               repeated together */

/* chunk streams of protocol control and of commands */
#define NGX_SIMULCAST_LINK_PROTOCOL 2
#define NGX_SIMULCAST_LINK_COMMAND  3
#define NGX_SIMULCAST_LINK_PUBLISH  4

/* user control messages, RTMP 7.1.7 */
#define NGX_SIMULCAST_USER_PING     6
#define NGX_SIMULCAST_USER_PONG     7


static void ngx_simulcast_link_resolved(void *data,
    ngx_live_resolve_addr_t *addrs, ngx_uint_t n);
static ngx_int_t ngx_simulcast_link_may(ngx_simulcast_link_t *link,
    struct sockaddr *sa);
static ngx_uint_t ngx_simulcast_link_own(struct sockaddr *sa);
static void ngx_simulcast_link_connect(ngx_simulcast_link_t *link);
static void ngx_simulcast_link_connected(ngx_event_t *ev);
static void ngx_simulcast_link_secured(ngx_connection_t *c);
static void ngx_simulcast_link_hello(ngx_simulcast_link_t *link);
static void ngx_simulcast_link_read(ngx_event_t *ev);
static void ngx_simulcast_link_write(ngx_event_t *ev);
static ngx_int_t ngx_simulcast_link_take(ngx_simulcast_link_t *link,
    u_char *p, u_char *last);
static ngx_int_t ngx_simulcast_link_greet(ngx_simulcast_link_t *link);
static ngx_int_t ngx_simulcast_link_message(ngx_simulcast_link_t *link,
    ngx_simulcast_chunk_message_t *m);
static ngx_int_t ngx_simulcast_link_reply(ngx_simulcast_link_t *link,
    u_char *data, size_t len);
static ngx_int_t ngx_simulcast_link_publish(ngx_simulcast_link_t *link,
    double stream);
static ngx_int_t ngx_simulcast_link_refused(ngx_simulcast_link_t *link,
    ngx_uint_t reason, ngx_simulcast_reply_t *reply);
static ngx_int_t ngx_simulcast_link_command(ngx_simulcast_link_t *link,
    ngx_uint_t csid, uint32_t stream, u_char *body, u_char *end);
static ngx_int_t ngx_simulcast_link_protocol(ngx_simulcast_link_t *link,
    ngx_uint_t type, uint32_t value);
static ngx_int_t ngx_simulcast_link_put(ngx_simulcast_link_t *link,
    ngx_uint_t csid, ngx_uint_t type, uint32_t stream, u_char *data,
    size_t len);
static ssize_t ngx_simulcast_link_raw(ngx_simulcast_link_t *link,
    struct iovec *iov, ngx_uint_t niov);
static ssize_t ngx_simulcast_link_tls(ngx_simulcast_link_t *link,
    struct iovec *iov, ngx_uint_t niov);
static void ngx_simulcast_link_stage(ngx_simulcast_link_t *link,
    ngx_uint_t stage);
static void ngx_simulcast_link_reached(ngx_simulcast_link_t *link);
static void ngx_simulcast_link_fail(ngx_simulcast_link_t *link,
    ngx_uint_t reason, const char *text);
static void ngx_simulcast_link_mask(ngx_simulcast_link_t *link);
static void ngx_simulcast_link_notice(ngx_event_t *ev);
static void ngx_simulcast_link_timeout(ngx_event_t *ev);
static ngx_int_t ngx_simulcast_link_linger(ngx_simulcast_link_t *link);
static void ngx_simulcast_link_nowhere(void *data, ngx_uint_t event);
static void ngx_simulcast_link_drain(ngx_event_t *ev);
static void ngx_simulcast_link_finish(ngx_event_t *ev);
static void ngx_simulcast_link_forget(ngx_event_t *ev);
static void ngx_simulcast_link_free(ngx_simulcast_link_t *link);
static void ngx_simulcast_link_disconnect(ngx_simulcast_link_t *link);
static ngx_int_t ngx_simulcast_link_copy(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);


/* debug logs of timers take the data for a connection */

static ngx_connection_t  ngx_simulcast_link_nobody = { .fd = -1 };

static ngx_queue_t       ngx_simulcast_link_ends;


ngx_simulcast_link_t *
ngx_simulcast_link_open(ngx_simulcast_url_t *url, ngx_uint_t trusted,
    ngx_uint_t until, ngx_log_t *log, ngx_simulcast_link_pt handler,
    void *data)
{
    ngx_pool_t            *pool;
    ngx_simulcast_link_t  *link;

    pool = ngx_create_pool(4096, log);
    if (pool == NULL) {
        return NULL;
    }

    link = ngx_pcalloc(pool, sizeof(ngx_simulcast_link_t));
    if (link == NULL) {
        goto failed;
    }

    link->pool = pool;
    link->log = log;
    link->url = *url;
    link->trusted = trusted ? 1 : 0;
    link->until = until;
    link->handler = handler;
    link->data = data;
    link->stream = -1;

    link->control = ngx_pnalloc(pool, NGX_SIMULCAST_LINK_CONTROL);
    link->hello = ngx_pnalloc(pool, 1 + 2 * NGX_SIMULCAST_LINK_HELLO);

    if (link->control == NULL || link->hello == NULL
        || ngx_simulcast_link_copy(pool, &link->url.host, &url->host) != NGX_OK
        || ngx_simulcast_link_copy(pool, &link->url.app, &url->app) != NGX_OK
        || ngx_simulcast_link_copy(pool, &link->url.key, &url->key) != NGX_OK)
    {
        goto failed;
    }

    link->timer.handler = ngx_simulcast_link_timeout;
    link->timer.log = log;
    link->timer.data = &ngx_simulcast_link_nobody;

    link->notice.handler = ngx_simulcast_link_notice;
    link->notice.log = log;
    link->notice.data = link;

    link->reader = ngx_simulcast_chunk_create();
    if (link->reader == NULL) {
        goto failed;
    }

    link->resolve = ngx_live_resolve(ngx_simulcast_conf->pool,
                                     &link->url.host, link->url.port,
                                     ngx_simulcast_link_resolved, link);
    if (link->resolve == NULL) {
        ngx_simulcast_chunk_free(link->reader);
        goto failed;
    }

    ngx_add_timer(&link->timer, NGX_SIMULCAST_LINK_RESOLVE);

    return link;

failed:

    ngx_destroy_pool(pool);
    return NULL;
}


static ngx_int_t
ngx_simulcast_link_copy(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src)
{
    dst->len = src->len;
    dst->data = ngx_pnalloc(pool, src->len + 1);

    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src->data, src->len);
    dst->data[src->len] = '\0';

    return NGX_OK;
}


void
ngx_simulcast_link_close(ngx_simulcast_link_t *link, ngx_uint_t clean)
{
    u_char  buf[NGX_SIMULCAST_COMMAND_MAX], *p, *last;

    if (clean && link->ready && !link->dead && link->connection) {

        last = buf + sizeof(buf);

        p = ngx_simulcast_command_name(buf, last, "FCUnpublish", 6,
                                       &link->url.key);
        (void) ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_COMMAND, 0,
                                          buf, p);

        p = ngx_simulcast_command_delete(buf, last, link->stream);
        (void) ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_COMMAND, 0,
                                          buf, p);

        if (!link->dead && ngx_simulcast_link_linger(link) == NGX_OK) {
            return;
        }
    }

    ngx_simulcast_link_free(link);
}


void
ngx_simulcast_link_rest(ngx_simulcast_link_t *link, u_char *data, size_t from,
    size_t len)
{
    link->rest = data;
    link->rested = from;
    link->nrest = len;
}


/*
 * A socket that is closed with something unread, or that something comes to
 * later, resets the connection, and what was sent last is lost with it: the
 * server is left to close, for a while.
 */

static ngx_int_t
ngx_simulcast_link_linger(ngx_simulcast_link_t *link)
{
    ngx_log_t         *log;
    ngx_connection_t  *c;

    c = link->connection;
    log = ngx_cycle->log;

    /* the owner, and his log, are gone soon */

    link->handler = ngx_simulcast_link_nowhere;
    link->data = NULL;
    link->log = log;
    link->pool->log = log;
    link->timer.log = log;
    link->notice.log = log;

    c->log = log;
    c->read->log = log;
    c->write->log = log;

    c->read->handler = ngx_simulcast_link_drain;
    c->write->handler = ngx_simulcast_link_finish;

    link->timer.handler = ngx_simulcast_link_forget;
    ngx_add_timer(&link->timer, NGX_SIMULCAST_LINK_LINGER);

    if (ngx_simulcast_link_ends.next == NULL) {
        ngx_queue_init(&ngx_simulcast_link_ends);
    }

    ngx_queue_insert_tail(&ngx_simulcast_link_ends, &link->queue);
    link->ending = 1;

    if (link->notice.posted) {
        ngx_delete_posted_event(&link->notice);
    }

    ngx_simulcast_link_finish(c->write);

    return NGX_OK;
}


static void
ngx_simulcast_link_nowhere(void *data, ngx_uint_t event)
{
    /* void */
}


/* sends what is left, and then the end of the stream */

static void
ngx_simulcast_link_finish(ngx_event_t *ev)
{
    ssize_t                n;
    struct iovec           iov;
    ngx_connection_t      *c;
    ngx_simulcast_link_t  *link;

    c = ev->data;
    link = c->data;

    while (link->rested < link->nrest) {

        iov.iov_base = link->rest + link->rested;
        iov.iov_len = link->nrest - link->rested;

        n = ngx_simulcast_link_send(link, &iov, 1);

        if (n == NGX_ERROR) {
            ngx_simulcast_link_free(link);
            return;
        }

        if (n == 0) {
            return;
        }

        link->rested += n;
    }

    switch (ngx_simulcast_link_control(link)) {

    case NGX_ERROR:
        ngx_simulcast_link_free(link);
        return;

    case NGX_AGAIN:
        return;
    }

    if (link->nrecord) {

        /* nothing new, only what TLS holds */

        if (ngx_simulcast_link_send(link, NULL, 0) == NGX_ERROR) {
            ngx_simulcast_link_free(link);
            return;
        }

        if (link->nrecord) {
            return;
        }
    }

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;

        if (ngx_ssl_shutdown(c) != NGX_OK) {
            ngx_simulcast_link_free(link);
            return;
        }
    }

    if (ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1) {
        ngx_simulcast_link_free(link);
        return;
    }

    link->finished = 1;
    c->write->handler = ngx_simulcast_link_drain;

    ngx_simulcast_link_drain(c->read);
}


/* up to the server's end; with TLS, nobody deciphers it any more */

static void
ngx_simulcast_link_drain(ngx_event_t *ev)
{
    u_char                 buf[NGX_SIMULCAST_LINK_READ];
    ssize_t                n;
    ngx_uint_t             i;
    ngx_connection_t      *c;
    ngx_simulcast_link_t  *link;

    c = ev->data;
    link = c->data;

    if (c->ssl && !link->finished) {
        return;
    }

    for (i = 0; i < NGX_SIMULCAST_LINK_READS; i++) {

        n = recv(c->fd, buf, sizeof(buf), 0);

        if (n > 0) {
            continue;
        }

        if (n == -1 && ngx_socket_errno == NGX_EINTR) {
            continue;
        }

        if (n == -1 && ngx_socket_errno == NGX_EAGAIN) {
            c->read->ready = 0;

            if (ngx_handle_read_event(c->read, 0) == NGX_OK) {
                return;
            }
        }

        ngx_simulcast_link_free(link);
        return;
    }

    ngx_post_event(c->read, &ngx_posted_next_events);
}


static void
ngx_simulcast_link_forget(ngx_event_t *ev)
{
    ngx_simulcast_link_free((ngx_simulcast_link_t *)
                            ((u_char *) ev
                             - offsetof(ngx_simulcast_link_t, timer)));
}


void
ngx_simulcast_link_exit(void)
{
    ngx_queue_t  *q;

    while (ngx_simulcast_link_ends.next
           && !ngx_queue_empty(&ngx_simulcast_link_ends))
    {
        q = ngx_queue_head(&ngx_simulcast_link_ends);
        ngx_simulcast_link_free(ngx_queue_data(q, ngx_simulcast_link_t,
                                               queue));
    }
}


static void
ngx_simulcast_link_free(ngx_simulcast_link_t *link)
{
    if (link->ending) {
        ngx_queue_remove(&link->queue);
    }

    ngx_simulcast_link_disconnect(link);

    if (link->resolve) {
        ngx_live_resolve_cancel(link->resolve);
    }

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    if (link->notice.posted) {
        ngx_delete_posted_event(&link->notice);
    }

    ngx_simulcast_chunk_free(link->reader);

    /* FCPublish and publish may have stood in these, with the key */

    ngx_explicit_memzero(link->control, NGX_SIMULCAST_LINK_CONTROL);

    if (link->record) {
        ngx_explicit_memzero(link->record, NGX_SIMULCAST_LINK_RECORD);
    }

    if (link->rest) {
        ngx_free(link->rest);
    }

    ngx_explicit_memzero(link->url.key.data, link->url.key.len);
    ngx_destroy_pool(link->pool);
}


static void
ngx_simulcast_link_disconnect(ngx_simulcast_link_t *link)
{
    ngx_connection_t  *c;
    struct linger      linger;

    c = link->connection;

    if (c == NULL) {
        return;
    }

    link->connection = NULL;

    if (link->stuck) {
        linger.l_onoff = 1;
        linger.l_linger = 0;

        if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger,
                       sizeof(struct linger))
            == -1)
        {
            ngx_log_error(NGX_LOG_INFO, link->log, ngx_socket_errno,
                          "setsockopt(SO_LINGER) failed");
        }
    }

    if (c->ssl) {
        c->timedout = 1;
        (void) ngx_ssl_shutdown(c);
    }

    ngx_close_connection(c);
}


static void
ngx_simulcast_link_resolved(void *data, ngx_live_resolve_addr_t *addrs,
    ngx_uint_t n)
{
    ngx_uint_t             i;
    ngx_simulcast_link_t  *link = data;

    link->resolve = NULL;

    if (n == 0) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_DNS_FAILED, NULL);
        return;
    }

    for (i = 0; i < n; i++) {
        if (ngx_simulcast_link_may(link, &addrs[i].sockaddr.sockaddr)
            == NGX_OK)
        {
            link->addrs[link->naddrs++] = addrs[i];
        }
    }

    if (link->naddrs == 0) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_ADDRESS_REFUSED, NULL);
        return;
    }

    if (link->until == NGX_SIMULCAST_STAGE_DNS) {
        ngx_simulcast_link_reached(link);
        return;
    }

    ngx_simulcast_link_stage(link, NGX_SIMULCAST_STAGE_TCP);
    ngx_simulcast_link_connect(link);
}


/* the rules of addresses: after every answer of the DNS, which may change */

static ngx_int_t
ngx_simulcast_link_may(ngx_simulcast_link_t *link, struct sockaddr *sa)
{
    if (link->trusted
        || ngx_simulcast_address_allowed(ngx_simulcast_conf->allow, sa))
    {
        return NGX_OK;
    }

    if (!ngx_simulcast_address_public(sa) || ngx_simulcast_link_own(sa)) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* what listens at a public address of this machine is this nginx, perhaps */

static ngx_uint_t
ngx_simulcast_link_own(struct sockaddr *sa)
{
    ngx_uint_t            i, local;
    socklen_t             socklen;
    struct ifaddrs       *list, *ifa;
    ngx_listening_t      *ls;
    struct sockaddr_in    sin;
    struct sockaddr_in6  *sin6;

    ls = ngx_cycle->listening.elts;

    for (i = 0; i < ngx_cycle->listening.nelts; i++) {
        if (ls[i].sockaddr->sa_family != AF_UNIX
            && ngx_inet_get_port(ls[i].sockaddr) == ngx_inet_get_port(sa))
        {
            break;
        }
    }

    if (i == ngx_cycle->listening.nelts) {
        return 0;
    }

    socklen = sizeof(struct sockaddr_in);

    if (sa->sa_family == AF_INET6) {
        sin6 = (struct sockaddr_in6 *) sa;
        socklen = sizeof(struct sockaddr_in6);

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            ngx_memzero(&sin, sizeof(struct sockaddr_in));
            sin.sin_family = AF_INET;
            ngx_memcpy(&sin.sin_addr, &sin6->sin6_addr.s6_addr[12], 4);

            sa = (struct sockaddr *) &sin;
            socklen = sizeof(struct sockaddr_in);
        }
    }

    /* bind() would tell as well, but not with net.ipv4.ip_nonlocal_bind */

    if (getifaddrs(&list) == -1) {
        return 1;
    }

    local = 0;

    for (ifa = list; ifa && !local; ifa = ifa->ifa_next) {
        local = ifa->ifa_addr && ifa->ifa_addr->sa_family == sa->sa_family
                && ngx_cmp_sockaddr(ifa->ifa_addr, socklen, sa, socklen, 0)
                   == NGX_OK;
    }

    freeifaddrs(list);

    return local;
}


static void
ngx_simulcast_link_connect(ngx_simulcast_link_t *link)
{
    int                            one, low;
    ngx_int_t                      rc;
    ngx_str_t                      name;
    ngx_connection_t              *c;
    ngx_live_resolve_addr_t       *addr;

    for ( /* void */ ; link->addr < link->naddrs; link->addr++) {

        addr = &link->addrs[link->addr];

        name.data = (u_char *) link->address;
        name.len = ngx_sock_ntop(&addr->sockaddr.sockaddr, addr->socklen,
                                 name.data, NGX_SOCKADDR_STRLEN, 1);
        name.data[name.len] = '\0';

        ngx_memzero(&link->peer, sizeof(ngx_peer_connection_t));

        link->peer.sockaddr = &addr->sockaddr.sockaddr;
        link->peer.socklen = addr->socklen;
        link->peer.name = &name;
        link->peer.get = ngx_event_get_peer;
        link->peer.log = link->log;
        link->peer.log_error = NGX_ERROR_INFO;

        rc = ngx_event_connect_peer(&link->peer);

        c = link->peer.connection;

        if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
            if (c) {
                ngx_close_connection(c);
                link->peer.connection = NULL;
            }

            continue;
        }

        link->connection = c;

        c->data = link;
        c->pool = link->pool;
        c->log = link->log;
        c->read->log = link->log;
        c->write->log = link->log;

        one = 1;

        /* messages are written together, there is nothing to wait for */

        if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(int))
            == -1)
        {
            ngx_log_error(NGX_LOG_INFO, link->log, ngx_socket_errno,
                          "setsockopt(TCP_NODELAY) failed");
        }

        /* what waits is to wait in the feed, where it can be left out, and not
           in megabytes of the kernel's */

        low = NGX_SIMULCAST_LINK_UNSENT;

        if (setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low, sizeof(int))
            == -1)
        {
            ngx_log_error(NGX_LOG_INFO, link->log, ngx_socket_errno,
                          "setsockopt(TCP_NOTSENT_LOWAT) failed");
        }

        c->read->handler = ngx_simulcast_link_connected;
        c->write->handler = ngx_simulcast_link_connected;

        ngx_add_timer(&link->timer,
                      link->addr + 1 < link->naddrs
                      ? NGX_SIMULCAST_LINK_NEXT : NGX_SIMULCAST_LINK_CONNECT);

        if (rc == NGX_OK) {
            ngx_simulcast_link_connected(c->write);
        }

        return;
    }

    ngx_simulcast_link_fail(link, NGX_SIMULCAST_CONNECT_FAILED, NULL);
}


static void
ngx_simulcast_link_connected(ngx_event_t *ev)
{
    int                    err;
    socklen_t              len;
    ngx_connection_t      *c;
    ngx_simulcast_link_t  *link;

    c = ev->data;
    link = c->data;

    if (link->dead || link->reached) {
        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_INFO, link->log, err,
                      "simulcast: connect() to %s failed", link->address);

        ngx_simulcast_link_disconnect(link);

        link->addr++;
        ngx_simulcast_link_connect(link);
        return;
    }

    if (!c->write->ready) {
        return;
    }

    if (link->until == NGX_SIMULCAST_STAGE_TCP
        || (link->until == NGX_SIMULCAST_STAGE_TLS && !link->url.tls))
    {
        ngx_simulcast_link_reached(link);
        return;
    }

    ngx_add_timer(&link->timer, NGX_SIMULCAST_LINK_SETUP);

    if (!link->url.tls) {
        ngx_simulcast_link_hello(link);
        return;
    }

    ngx_simulcast_link_stage(link, NGX_SIMULCAST_STAGE_TLS);

    if (ngx_simulcast_tls_start(c, &link->url.host) != NGX_OK) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_INTERNAL, NULL);
        return;
    }

    c->ssl->handler = ngx_simulcast_link_secured;

    if (ngx_ssl_handshake(c) != NGX_AGAIN) {
        ngx_simulcast_link_secured(c);
    }
}


static void
ngx_simulcast_link_secured(ngx_connection_t *c)
{
    ngx_uint_t             reason;
    ngx_simulcast_link_t  *link;

    link = c->data;

    if (!c->ssl->handshaked) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_TLS_FAILED, NULL);
        return;
    }

    reason = ngx_simulcast_tls_verify(c, &link->url.host, link->text,
                                      sizeof(link->text));

    if (reason != NGX_SIMULCAST_OK) {
        ngx_simulcast_link_fail(link, reason, NULL);
        return;
    }

    ngx_simulcast_tls_cipher(c, link->cipher, sizeof(link->cipher));

    if (link->until == NGX_SIMULCAST_STAGE_TLS) {
        ngx_simulcast_link_reached(link);
        return;
    }

    ngx_simulcast_link_hello(link);
}


/* C0 and C1, RTMP 5.2: a zero version asks for the simple handshake */

static void
ngx_simulcast_link_hello(ngx_simulcast_link_t *link)
{
    u_char             *p;
    ngx_uint_t          i;
    ngx_connection_t   *c;

    c = link->connection;

    ngx_simulcast_link_stage(link, NGX_SIMULCAST_STAGE_HANDSHAKE);

    p = link->control;
    *p++ = 3;
    p = ngx_cpymem(p, "\0\0\0\0\0\0\0\0", 8);

    for (i = 8; i < NGX_SIMULCAST_LINK_HELLO; i++) {
        *p++ = (u_char) ngx_random();
    }

    link->ncontrol = p - link->control;

    c->read->handler = ngx_simulcast_link_read;
    c->write->handler = ngx_simulcast_link_write;

    if (ngx_simulcast_link_control(link) == NGX_ERROR) {
        return;
    }

    ngx_simulcast_link_read(c->read);
}


static void
ngx_simulcast_link_read(ngx_event_t *ev)
{
    u_char                 buf[NGX_SIMULCAST_LINK_READ];
    ssize_t                n;
    ngx_uint_t             i;
    ngx_connection_t      *c;
    ngx_simulcast_link_t  *link;

    c = ev->data;
    link = c->data;

    if (link->dead) {
        return;
    }

    for (i = 0; i < NGX_SIMULCAST_LINK_READS; i++) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {

            if (link->ready || link->reached) {
                ngx_simulcast_link_fail(link,
                                  n == 0 ? NGX_SIMULCAST_CLOSED_BY_SERVER
                                         : NGX_SIMULCAST_NETWORK_ERROR, NULL);

            } else if (link->tried) {
                ngx_simulcast_link_fail(link,
                                        NGX_SIMULCAST_CLOSED_AFTER_PUBLISH,
                                        NULL);

            } else if (link->stage == NGX_SIMULCAST_STAGE_HANDSHAKE) {
                ngx_simulcast_link_fail(link, NGX_SIMULCAST_HANDSHAKE_FAILED,
                                        NULL);

            } else {
                ngx_simulcast_link_fail(link, NGX_SIMULCAST_CLOSED_BY_SERVER,
                                        NULL);
            }

            return;
        }

        link->received += n;

        if (ngx_simulcast_link_take(link, buf, buf + n) != NGX_OK) {
            return;
        }
    }

    if (i == NGX_SIMULCAST_LINK_READS) {
        /* the others have their turn */
        ngx_post_event(ev, &ngx_posted_next_events);
    }

    /* RTMP 5.4.3 */

    if (link->window && link->received - link->confirmed >= link->window) {
        link->confirmed = link->received;

        (void) ngx_simulcast_link_protocol(link, NGX_SIMULCAST_MSG_ACK,
                                           (uint32_t) link->received);
    }

    if (link->ncontrol) {

        if (link->ready) {
            link->handler(link->data, NGX_SIMULCAST_LINK_WRITABLE);
            return;
        }

        if (ngx_simulcast_link_control(link) == NGX_ERROR) {
            return;
        }
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_INTERNAL, NULL);
    }
}


static void
ngx_simulcast_link_write(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_simulcast_link_t  *link;

    c = ev->data;
    link = c->data;

    if (link->dead) {
        return;
    }

    /* the rest of a record, also when nothing follows it */

    if (link->nrecord && ngx_simulcast_link_send(link, NULL, 0) == NGX_ERROR) {
        return;
    }

    if (link->ready) {
        link->handler(link->data, NGX_SIMULCAST_LINK_WRITABLE);
        return;
    }

    (void) ngx_simulcast_link_control(link);
}


static ngx_int_t
ngx_simulcast_link_take(ngx_simulcast_link_t *link, u_char *p, u_char *last)
{
    size_t                          n;
    ngx_int_t                       rc;
    ngx_simulcast_chunk_message_t   message;

    if (link->stage == NGX_SIMULCAST_STAGE_HANDSHAKE) {

        n = 1 + 2 * NGX_SIMULCAST_LINK_HELLO - link->nhello;
        n = ngx_min(n, (size_t) (last - p));

        ngx_memcpy(link->hello + link->nhello, p, n);
        link->nhello += n;
        p += n;

        if (link->hello[0] != 3) {
            ngx_simulcast_link_fail(link, NGX_SIMULCAST_HANDSHAKE_FAILED,
                                    NULL);
            return NGX_ERROR;
        }

        if (link->nhello < 1 + 2 * NGX_SIMULCAST_LINK_HELLO) {
            return NGX_OK;
        }

        /* S2 is not looked at: some servers send zeros (U2) */

        if (ngx_simulcast_link_greet(link) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for ( ;; ) {
        rc = ngx_simulcast_chunk_read(link->reader, &p, last, &message);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_simulcast_link_fail(link, NGX_SIMULCAST_PROTOCOL_ERROR, NULL);
            return NGX_ERROR;
        }

        if (ngx_simulcast_link_message(link, &message) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


/* C2, and what comes first */

static ngx_int_t
ngx_simulcast_link_greet(ngx_simulcast_link_t *link)
{
    u_char     buf[NGX_SIMULCAST_COMMAND_MAX], tc[NGX_SIMULCAST_URL_MAX + 8];
    u_char    *p;
    ngx_str_t  tc_url;

    if (link->ncontrol + NGX_SIMULCAST_LINK_HELLO
        > NGX_SIMULCAST_LINK_CONTROL)
    {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_PROTOCOL_ERROR, NULL);
        return NGX_ERROR;
    }

    ngx_memcpy(link->control + link->ncontrol, link->hello + 1,
               NGX_SIMULCAST_LINK_HELLO);
    link->ncontrol += NGX_SIMULCAST_LINK_HELLO;

    ngx_simulcast_link_stage(link, NGX_SIMULCAST_STAGE_CONNECT);

    if (link->until == NGX_SIMULCAST_STAGE_HANDSHAKE) {
        ngx_simulcast_link_reached(link);
        return NGX_OK;
    }

    tc_url.data = tc;
    tc_url.len = ngx_simulcast_url_tc(&link->url, tc) - tc;

    /* capsEx 1: a ReconnectRequest is obeyed */

    p = ngx_simulcast_command_connect(buf, buf + sizeof(buf), &link->url.app,
                                      &tc_url, 1);

    if (ngx_simulcast_link_protocol(link, NGX_SIMULCAST_MSG_CHUNK_SIZE,
                                    NGX_SIMULCAST_CHUNK_SIZE)
        != NGX_OK
        || ngx_simulcast_link_protocol(link, NGX_SIMULCAST_MSG_ACK_SIZE,
                                       NGX_SIMULCAST_LINK_WINDOW)
           != NGX_OK
        || ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_COMMAND, 0, buf,
                                      p)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_simulcast_link_control(link) == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_simulcast_link_message(ngx_simulcast_link_t *link,
    ngx_simulcast_chunk_message_t *m)
{
    u_char    pong[6];
    uint32_t  value;

    value = 0;

    if (m->len >= 4) {
        value = (uint32_t) m->data[0] << 24 | m->data[1] << 16
                | m->data[2] << 8 | m->data[3];
    }

    switch (m->type) {

    case NGX_SIMULCAST_MSG_ACK:

        /* 32 bits of what may be more */

        /* one that goes back says nothing new */

        if (m->len >= 4 && (int32_t) (value - (uint32_t) link->acked) > 0) {
            link->acked += (uint32_t) (value - (uint32_t) link->acked);
        }

        return NGX_OK;

    case NGX_SIMULCAST_MSG_ACK_SIZE:

        if (m->len >= 4) {
            link->window = ngx_max(value, 1024);
        }

        return NGX_OK;

    case NGX_SIMULCAST_MSG_USER:

        if (m->len < 6
            || ((u_int) m->data[0] << 8 | m->data[1])
               != NGX_SIMULCAST_USER_PING)
        {
            return NGX_OK;
        }

        ngx_memcpy(pong, m->data, 6);
        pong[1] = NGX_SIMULCAST_USER_PONG;

        return ngx_simulcast_link_put(link, NGX_SIMULCAST_LINK_PROTOCOL,
                                      NGX_SIMULCAST_MSG_USER, 0, pong, 6);

    case NGX_SIMULCAST_MSG_COMMAND:
        return ngx_simulcast_link_reply(link, m->data, m->len);

    case NGX_SIMULCAST_MSG_COMMAND3:
        return m->len ? ngx_simulcast_link_reply(link, m->data + 1, m->len - 1)
                      : NGX_OK;

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_simulcast_link_reply(ngx_simulcast_link_t *link, u_char *data, size_t len)
{
    u_char                  buf[NGX_SIMULCAST_COMMAND_MAX], *p, *last;
    ngx_simulcast_reply_t   reply;

    if (ngx_simulcast_command_parse(data, len, &reply) != NGX_OK) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_PROTOCOL_ERROR, NULL);
        return NGX_ERROR;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, link->log, 0,
                   "simulcast: server says %s %s, transaction %i", reply.name,
                   reply.code, (ngx_int_t) reply.transaction);

    last = buf + sizeof(buf);

    switch (reply.type) {

    case NGX_SIMULCAST_REPLY_RESULT:

        if (reply.transaction == NGX_SIMULCAST_COMMAND_CONNECT
            && link->stage == NGX_SIMULCAST_STAGE_CONNECT)
        {
            if (link->until == NGX_SIMULCAST_STAGE_CONNECT) {
                ngx_simulcast_link_reached(link);
                return NGX_OK;
            }

            ngx_simulcast_link_stage(link, NGX_SIMULCAST_STAGE_PUBLISH);

            /* nothing waits for the replies to the first two (U6) */

            p = ngx_simulcast_command_name(buf, last, "releaseStream",
                                           NGX_SIMULCAST_COMMAND_RELEASE,
                                           &link->url.key);

            if (ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_COMMAND, 0,
                                           buf, p)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            p = ngx_simulcast_command_name(buf, last, "FCPublish",
                                           NGX_SIMULCAST_COMMAND_FCPUBLISH,
                                           &link->url.key);

            if (ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_COMMAND, 0,
                                           buf, p)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            p = ngx_simulcast_command_create(buf, last);

            return ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_COMMAND,
                                              0, buf, p);
        }

        if (reply.transaction == NGX_SIMULCAST_COMMAND_CREATE
            && link->stage == NGX_SIMULCAST_STAGE_PUBLISH && !link->tried)
        {
            return ngx_simulcast_link_publish(link, reply.number);
        }

        return NGX_OK;

    case NGX_SIMULCAST_REPLY_ERROR:

        if (reply.transaction == NGX_SIMULCAST_COMMAND_CONNECT) {
            return ngx_simulcast_link_refused(link,
                                              NGX_SIMULCAST_CONNECT_REJECTED,
                                              &reply);
        }

        if (reply.transaction == NGX_SIMULCAST_COMMAND_CREATE
            || reply.transaction == NGX_SIMULCAST_COMMAND_PUBLISH)
        {
            return ngx_simulcast_link_refused(link,
                                              NGX_SIMULCAST_PUBLISH_REJECTED,
                                              &reply);
        }

        return NGX_OK;

    case NGX_SIMULCAST_REPLY_STATUS:
        break;

    default:

        if (ngx_strcmp(reply.name, "onBWDone") == 0 && !link->ready) {
            p = ngx_simulcast_command_checkbw(buf, last);
            return ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_COMMAND,
                                              0, buf, p);
        }

        return NGX_OK;
    }

    switch (ngx_simulcast_command_status(&reply)) {

    case NGX_SIMULCAST_STATUS_PUBLISHING:

        if (link->tried && !link->ready) {
            ngx_simulcast_link_reached(link);
        }

        return NGX_OK;

    case NGX_SIMULCAST_STATUS_BUSY:
        return ngx_simulcast_link_refused(link, NGX_SIMULCAST_NAME_IN_USE,
                                          &reply);

    case NGX_SIMULCAST_STATUS_REFUSED:
        return ngx_simulcast_link_refused(link, link->tried
                                                ? NGX_SIMULCAST_PUBLISH_REJECTED
                                                : NGX_SIMULCAST_CONNECT_REJECTED,
                                          &reply);

    case NGX_SIMULCAST_STATUS_CLOSED:
        return ngx_simulcast_link_refused(link, NGX_SIMULCAST_CLOSED_BY_SERVER,
                                          &reply);

    case NGX_SIMULCAST_STATUS_RECONNECT:

        link->tc_url.len = ngx_strlen(reply.tc_url);
        link->tc_url.data = ngx_pnalloc(link->pool, link->tc_url.len + 1);

        if (link->tc_url.data == NULL) {
            link->tc_url.len = 0;
            return NGX_OK;
        }

        ngx_memcpy(link->tc_url.data, reply.tc_url, link->tc_url.len);

        link->moved = 1;
        ngx_post_event(&link->notice, &ngx_posted_events);

        return NGX_OK;

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_simulcast_link_publish(ngx_simulcast_link_t *link, double stream)
{
    u_char  buf[NGX_SIMULCAST_COMMAND_MAX], *p;

    if (!(stream >= 0 && stream <= 4294967295.0)) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_PROTOCOL_ERROR, NULL);
        return NGX_ERROR;
    }

    link->stream = stream;
    link->tried = 1;

    p = ngx_simulcast_command_publish(buf, buf + sizeof(buf), &link->url.key);

    return ngx_simulcast_link_command(link, NGX_SIMULCAST_LINK_PUBLISH,
                                      (uint32_t) stream, buf, p);
}


static ngx_int_t
ngx_simulcast_link_refused(ngx_simulcast_link_t *link, ngx_uint_t reason,
    ngx_simulcast_reply_t *reply)
{
    char  text[NGX_SIMULCAST_COMMAND_TEXT * 2 + 3];

    (void) ngx_snprintf((u_char *) text, sizeof(text), "%s%s%s%Z", reply->code,
                        reply->code[0] && reply->description[0] ? ": " : "",
                        reply->description);

    ngx_simulcast_link_fail(link, reason, text);

    return NGX_ERROR;
}


static ngx_int_t
ngx_simulcast_link_command(ngx_simulcast_link_t *link, ngx_uint_t csid,
    uint32_t stream, u_char *body, u_char *end)
{
    if (end == NULL) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_BAD_URL, NULL);
        return NGX_ERROR;
    }

    return ngx_simulcast_link_put(link, csid, NGX_SIMULCAST_MSG_COMMAND,
                                  stream, body, end - body);
}


static ngx_int_t
ngx_simulcast_link_protocol(ngx_simulcast_link_t *link, ngx_uint_t type,
    uint32_t value)
{
    u_char  data[4];

    data[0] = (u_char) (value >> 24);
    data[1] = (u_char) (value >> 16);
    data[2] = (u_char) (value >> 8);
    data[3] = (u_char) value;

    return ngx_simulcast_link_put(link, NGX_SIMULCAST_LINK_PROTOCOL, type, 0,
                                  data, 4);
}


static ngx_int_t
ngx_simulcast_link_put(ngx_simulcast_link_t *link, ngx_uint_t csid,
    ngx_uint_t type, uint32_t stream, u_char *data, size_t len)
{
    u_char  *p;

    if (link->ncontrol
        + ngx_simulcast_chunk_room(len, NGX_SIMULCAST_CHUNK_SIZE)
        > NGX_SIMULCAST_LINK_CONTROL)
    {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_PROTOCOL_ERROR, NULL);
        return NGX_ERROR;
    }

    p = ngx_simulcast_chunk_write(link->control + link->ncontrol, csid, type,
                                  stream, 0, data, len,
                                  NGX_SIMULCAST_CHUNK_SIZE);

    link->ncontrol = p - link->control;

    return NGX_OK;
}


ngx_int_t
ngx_simulcast_link_control(ngx_simulcast_link_t *link)
{
    ssize_t       n;
    struct iovec  iov;

    while (link->ncontrol) {

        iov.iov_base = link->control;
        iov.iov_len = link->ncontrol;

        n = ngx_simulcast_link_send(link, &iov, 1);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n == 0) {
            return NGX_AGAIN;
        }

        link->ncontrol -= n;
        ngx_memmove(link->control, link->control + n, link->ncontrol);
    }

    return NGX_OK;
}


ssize_t
ngx_simulcast_link_send(ngx_simulcast_link_t *link, struct iovec *iov,
    ngx_uint_t niov)
{
    size_t      size;
    ssize_t     n;
    ngx_uint_t  i, cork;

    if (link->dead || link->connection == NULL) {
        return NGX_ERROR;
    }

    if (!link->connection->write->ready) {
        return 0;
    }

    if (link->connection->ssl) {

        size = 0;

        for (i = 0; i < niov; i++) {
            size += iov[i].iov_len;
        }

        /* OpenSSL writes each record on its own: TCP is to have them all */

        cork = size > NGX_SIMULCAST_LINK_RECORD
               && ngx_tcp_nopush(link->connection->fd) == 0;

        n = ngx_simulcast_link_tls(link, iov, niov);

        if (cork) {
            (void) ngx_tcp_push(link->connection->fd);
        }

    } else {
        n = ngx_simulcast_link_raw(link, iov, niov);
    }

    if (n == NGX_ERROR) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_NETWORK_ERROR, NULL);
        return NGX_ERROR;
    }

    link->sent += n;

    if (ngx_handle_write_event(link->connection->write, 0) != NGX_OK) {
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_INTERNAL, NULL);
        return NGX_ERROR;
    }

    return n;
}


static ssize_t
ngx_simulcast_link_raw(ngx_simulcast_link_t *link, struct iovec *iov,
    ngx_uint_t niov)
{
    ssize_t            n;
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = link->connection;

    do {
        n = writev(c->fd, iov, niov);

        if (n >= 0) {
            c->sent += n;
            return n;
        }

        err = ngx_socket_errno;

    } while (err == NGX_EINTR);

    if (err == NGX_EAGAIN) {
        c->write->ready = 0;
        return 0;
    }

    c->write->error = 1;
    (void) ngx_connection_error(c, err, "writev() failed");

    return NGX_ERROR;
}


/*
 * A record's worth at a time: in place, where a buffer has that much of it, and
 * otherwise put together in a buffer that all links share, which is likely in
 * the processor's cache. Only what the socket does not take is kept.
 */

static ssize_t
ngx_simulcast_link_tls(ngx_simulcast_link_t *link, struct iovec *iov,
    ngx_uint_t niov)
{
    size_t             size, len, off;
    u_char            *p;
    ssize_t            n, taken;
    ngx_uint_t         i;
    ngx_connection_t  *c;

    static u_char  record[NGX_SIMULCAST_LINK_RECORD];

    c = link->connection;

    if (link->nrecord) {

        n = c->send(c, link->record, link->nrecord);

        if (n == NGX_AGAIN) {
            return 0;
        }

        if (n < 0) {
            return NGX_ERROR;
        }

        /* OpenSSL writes a record as a whole */

        link->nrecord = 0;
    }

    taken = 0;
    off = 0;
    i = 0;

    while (i < niov) {

        p = (u_char *) iov[i].iov_base + off;
        size = iov[i].iov_len - off;

        if (size >= NGX_SIMULCAST_LINK_RECORD) {
            size = NGX_SIMULCAST_LINK_RECORD;
            off += size;

            if (off == iov[i].iov_len) {
                i++;
                off = 0;
            }

        } else {
            p = record;
            size = 0;

            while (i < niov && size < NGX_SIMULCAST_LINK_RECORD) {
                len = ngx_min(iov[i].iov_len - off,
                              NGX_SIMULCAST_LINK_RECORD - size);

                ngx_memcpy(p + size, (u_char *) iov[i].iov_base + off, len);
                size += len;
                off += len;

                if (off == iov[i].iov_len) {
                    i++;
                    off = 0;
                }
            }

            if (size == 0) {
                break;
            }
        }

        n = c->send(c, p, size);

        if (n == NGX_AGAIN) {

            if (link->record == NULL) {
                link->record = ngx_pnalloc(link->pool,
                                           NGX_SIMULCAST_LINK_RECORD);
                if (link->record == NULL) {
                    return NGX_ERROR;
                }
            }

            ngx_memcpy(link->record, p, size);
            link->nrecord = size;

            return taken + size;
        }

        if (n < 0) {
            return NGX_ERROR;
        }

        taken += size;
    }

    return taken;
}


uint64_t
ngx_simulcast_link_written(ngx_simulcast_link_t *link)
{
    ngx_connection_t  *c;

    c = link->connection;

    if (c == NULL) {
        return 0;
    }

    return c->ssl ? ngx_simulcast_tls_written(c) : (uint64_t) c->sent;
}


void
ngx_simulcast_link_progress(ngx_simulcast_link_t *link, uint64_t *written,
    uint64_t *acked, uint64_t *rtt)
{
    *written = ngx_simulcast_link_written(link);
    *acked = 0;
    *rtt = 0;

    if (link->connection
        && ngx_simulcast_tcp_acked(link->connection->fd, acked, rtt) == 0)
    {
        *acked = ngx_min(*acked, *written);
    }
}


static void
ngx_simulcast_link_stage(ngx_simulcast_link_t *link, ngx_uint_t stage)
{
    link->stage = stage;
    link->handler(link->data, NGX_SIMULCAST_LINK_STAGE);
}


static void
ngx_simulcast_link_reached(ngx_simulcast_link_t *link)
{
    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    link->reached = 1;
    ngx_post_event(&link->notice, &ngx_posted_events);
}


/* told later: who is told may close the link that the caller works with */

static void
ngx_simulcast_link_fail(ngx_simulcast_link_t *link, ngx_uint_t reason,
    const char *text)
{
    if (link->dead) {
        return;
    }

    link->dead = 1;
    link->reason = reason;

    if (text) {
        (void) ngx_cpystrn((u_char *) link->text, (u_char *) text,
                           sizeof(link->text));

        ngx_simulcast_link_mask(link);
    }

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    ngx_post_event(&link->notice, &ngx_posted_events);
}


/*
 * A server may repeat the key that it did not like, or the part of it that it
 * looked at, in the middle of which its text or ours ends.
 */

static void
ngx_simulcast_link_mask(ngx_simulcast_link_t *link)
{
    u_char  *p, *last, *key, *end;
    size_t   n, least, longest;

    end = link->url.key.data + link->url.key.len;
    least = ngx_min(link->url.key.len, NGX_SIMULCAST_LINK_MASK);
    last = (u_char *) link->text + ngx_strlen(link->text);

    for (p = (u_char *) link->text; p < last; p += ngx_max(longest, 1)) {

        longest = 0;

        for (key = link->url.key.data; key < end; key++) {

            for (n = 0; p + n < last && key + n < end && p[n] == key[n]; n++) {
                /* void */
            }

            if (n >= least
                || (n > 4 && p + n == last && key == link->url.key.data))
            {
                longest = ngx_max(longest, n);
            }
        }

        ngx_memset(p, '*', longest);
    }
}


static void
ngx_simulcast_link_notice(ngx_event_t *ev)
{
    ngx_simulcast_link_t  *link;

    link = ev->data;

    if (link->dead) {
        link->handler(link->data, NGX_SIMULCAST_LINK_FAILED);
        return;
    }

    if (link->reached && !link->ready) {

        if (link->moved) {
            ngx_post_event(ev, &ngx_posted_next_events);
        }

        link->ready = 1;
        link->handler(link->data, NGX_SIMULCAST_LINK_READY);
        return;
    }

    if (link->moved) {
        link->moved = 0;
        link->handler(link->data, NGX_SIMULCAST_LINK_MOVED);
    }
}


static void
ngx_simulcast_link_timeout(ngx_event_t *ev)
{
    ngx_simulcast_link_t  *link;

    link = (ngx_simulcast_link_t *) ((u_char *) ev
                                     - offsetof(ngx_simulcast_link_t, timer));

    switch (link->stage) {

    case NGX_SIMULCAST_STAGE_DNS:
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_DNS_FAILED,
                                "the name was not resolved in time");
        return;

    case NGX_SIMULCAST_STAGE_TCP:

        ngx_simulcast_link_disconnect(link);

        if (++link->addr < link->naddrs) {
            ngx_simulcast_link_connect(link);
            return;
        }

        ngx_simulcast_link_fail(link, NGX_SIMULCAST_CONNECT_TIMEOUT, NULL);
        return;

    case NGX_SIMULCAST_STAGE_TLS:
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_TLS_FAILED,
                                "the TLS handshake took too long");
        return;

    default:
        ngx_simulcast_link_fail(link, NGX_SIMULCAST_RTMP_TIMEOUT, NULL);
    }
}
