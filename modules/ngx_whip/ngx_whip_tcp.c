
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_courier.h"
#include "ngx_whip_ice.h"
#include "ngx_whip_path.h"
#include "ngx_whip_session.h"
#include "ngx_whip_tcp.h"


#define NGX_WHIP_TCP_FIRST    5000            /* ms, for the first frame */
#define NGX_WHIP_TCP_QUEUE    (256 * 1024)
#define NGX_WHIP_TCP_CLIENTS  20              /* waiting, of one address */
#define NGX_WHIP_TCP_WAITING  512             /* of all */
#define NGX_WHIP_TCP_TURN     64              /* reads of one event */


struct ngx_whip_tcp_s {
    ngx_connection_t    *connection;
    ngx_whip_path_t     *path;                /* NULL: nobody's yet */
    ngx_queue_t          queue;               /* while it is nobody's */
    ngx_event_t          timer;
    ngx_sockaddr_t       peer;
    socklen_t            peer_len;

    u_char              *out;                 /* NGX_WHIP_TCP_QUEUE bytes */
    size_t               out_pos;
    size_t               out_len;

    size_t               in_len;
    u_char               in[2 + NGX_WHIP_DATAGRAM];
};


static ngx_whip_tcp_t *ngx_whip_tcp_create(ngx_connection_t *c,
    struct sockaddr *peer, socklen_t peer_len);
static ngx_uint_t ngx_whip_tcp_crowded(struct sockaddr *peer,
    socklen_t peer_len);
static void ngx_whip_tcp_close(ngx_whip_tcp_t *tcp);
static void ngx_whip_tcp_timeout(ngx_event_t *ev);
static void ngx_whip_tcp_read(ngx_event_t *rev);
static ngx_int_t ngx_whip_tcp_frames(ngx_whip_tcp_t *tcp);
static ngx_int_t ngx_whip_tcp_first(ngx_whip_tcp_t *tcp, u_char *p,
    size_t len);
static ngx_int_t ngx_whip_tcp_adopt(ngx_whip_tcp_t *tcp,
    ngx_whip_session_t *s);
static void ngx_whip_tcp_write(ngx_event_t *wev);
static void ngx_whip_tcp_lost(ngx_whip_tcp_t *tcp);


static ngx_queue_t  ngx_whip_tcp_waiting;
static ngx_uint_t   ngx_whip_tcp_nwaiting;


void
ngx_whip_tcp_accept(ngx_connection_t *c)
{
    ngx_pool_t      *pool;
    ngx_whip_tcp_t  *tcp;

#if (NGX_STAT_STUB)

    /* those are connections of HTTP, and each of ours lives for long */

    (void) ngx_atomic_fetch_add(ngx_stat_active, -1);

#endif

    if (ngx_whip_tcp_waiting.next == NULL) {
        ngx_queue_init(&ngx_whip_tcp_waiting);
    }

    if (ngx_whip_tcp_crowded(c->sockaddr, c->socklen)) {
        ngx_whip_worker.strays++;
        goto failed;
    }

    tcp = ngx_whip_tcp_create(c, c->sockaddr, c->socklen);
    if (tcp == NULL) {
        goto failed;
    }

    ngx_whip_tcp_read(c->read);

    return;

failed:

    /* the log is in the pool */

    pool = c->pool;
    ngx_close_connection(c);
    ngx_destroy_pool(pool);
}


static ngx_whip_tcp_t *
ngx_whip_tcp_create(ngx_connection_t *c, struct sockaddr *peer,
    socklen_t peer_len)
{
    ngx_whip_tcp_t  *tcp;

    tcp = ngx_calloc(sizeof(ngx_whip_tcp_t), ngx_cycle->log);
    if (tcp == NULL) {
        return NULL;
    }

    ngx_memcpy(&tcp->peer, peer, peer_len);
    tcp->peer_len = peer_len;
    tcp->connection = c;

    /* nginx's pool of the connection held its log and address only */

    if (c->pool) {
        ngx_destroy_pool(c->pool);
        c->pool = NULL;
    }

    c->log = ngx_cycle->log;
    c->data = tcp;
    c->sockaddr = &tcp->peer.sockaddr;
    c->read->log = c->log;
    c->read->handler = ngx_whip_tcp_read;
    c->write->log = c->log;
    c->write->handler = ngx_whip_tcp_write;

    (void) ngx_tcp_nodelay(c);

    if (ngx_whip_tcp_waiting.next == NULL) {
        ngx_queue_init(&ngx_whip_tcp_waiting);
    }

    ngx_queue_insert_tail(&ngx_whip_tcp_waiting, &tcp->queue);
    ngx_whip_tcp_nwaiting++;

    tcp->timer.data = tcp;
    tcp->timer.log = c->log;
    tcp->timer.handler = ngx_whip_tcp_timeout;
    ngx_add_timer(&tcp->timer, NGX_WHIP_TCP_FIRST);

    return tcp;
}


static ngx_uint_t
ngx_whip_tcp_crowded(struct sockaddr *peer, socklen_t peer_len)
{
    ngx_uint_t       n;
    ngx_queue_t     *q;
    ngx_whip_tcp_t  *tcp;

    if (ngx_whip_tcp_nwaiting >= NGX_WHIP_TCP_WAITING) {
        return 1;
    }

    n = 0;

    for (q = ngx_queue_head(&ngx_whip_tcp_waiting);
         q != ngx_queue_sentinel(&ngx_whip_tcp_waiting);
         q = ngx_queue_next(q))
    {
        tcp = ngx_queue_data(q, ngx_whip_tcp_t, queue);

        if (ngx_cmp_sockaddr(&tcp->peer.sockaddr, tcp->peer_len, peer,
                             peer_len, 0)
            == NGX_OK)
        {
            n++;
        }
    }

    return n >= NGX_WHIP_TCP_CLIENTS;
}


void
ngx_whip_tcp_free(ngx_whip_tcp_t *tcp)
{
    if (tcp->path == NULL) {
        ngx_queue_remove(&tcp->queue);
        ngx_whip_tcp_nwaiting--;
    }

    if (tcp->timer.timer_set) {
        ngx_del_timer(&tcp->timer);
    }

    if (tcp->out) {
        ngx_free(tcp->out);
    }

    ngx_free(tcp);
}


static void
ngx_whip_tcp_close(ngx_whip_tcp_t *tcp)
{
    ngx_connection_t  *c;

    c = tcp->connection;

    ngx_whip_tcp_free(tcp);
    ngx_close_connection(c);
}


void
ngx_whip_tcp_shutdown(void)
{
    ngx_queue_t  *q;

    if (ngx_whip_tcp_waiting.next == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_whip_tcp_waiting)) {
        q = ngx_queue_head(&ngx_whip_tcp_waiting);
        ngx_whip_tcp_close(ngx_queue_data(q, ngx_whip_tcp_t, queue));
    }
}


/* of a session: its path is gone; of nobody: all of it */

static void
ngx_whip_tcp_lost(ngx_whip_tcp_t *tcp)
{
    if (tcp->path) {
        ngx_whip_path_close(tcp->path);
        return;
    }

    ngx_whip_tcp_close(tcp);
}


static void
ngx_whip_tcp_timeout(ngx_event_t *ev)
{
    ngx_whip_tcp_close(ev->data);
}


static void
ngx_whip_tcp_read(ngx_event_t *rev)
{
    ssize_t              n;
    ngx_uint_t           turn;
    ngx_whip_tcp_t      *tcp;
    ngx_connection_t    *c;
    ngx_whip_session_t  *s;

    c = rev->data;
    tcp = c->data;

    if (c->close) {
        if (tcp->path) {
            ngx_whip_session_close(tcp->path->session, NGX_WHIP_SHUTDOWN);
            return;
        }

        ngx_whip_tcp_close(tcp);
        return;
    }

    for (turn = 0; turn < NGX_WHIP_TCP_TURN; turn++) {

        n = c->recv(c, tcp->in + tcp->in_len, sizeof(tcp->in) - tcp->in_len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_whip_tcp_lost(tcp);
            return;
        }

        tcp->in_len += n;

        if (ngx_whip_tcp_frames(tcp) != NGX_OK) {
            return;
        }
    }

    s = tcp->path ? tcp->path->session : NULL;

    if (turn == NGX_WHIP_TCP_TURN) {
        ngx_post_event(rev, &ngx_posted_next_events);

    } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_whip_tcp_lost(tcp);
    }

    if (s) {
        ngx_whip_session_received(s);
    }
}


/* NGX_DONE: the connection is gone, or another worker's */

static ngx_int_t
ngx_whip_tcp_frames(ngx_whip_tcp_t *tcp)
{
    size_t               len, pos;
    ngx_whip_path_t     *path;
    ngx_connection_t    *c;
    ngx_whip_session_t  *s;

    c = tcp->connection;

    for (pos = 0; tcp->in_len - pos >= 2; pos += 2 + len) {

        len = tcp->in[pos] << 8 | tcp->in[pos + 1];

        if (len > NGX_WHIP_DATAGRAM) {
            ngx_whip_tcp_lost(tcp);
            return NGX_DONE;
        }

        if (tcp->in_len - pos < 2 + len) {
            break;
        }

        if (tcp->path == NULL
            && ngx_whip_tcp_first(tcp, tcp->in + pos + 2, len) != NGX_OK)
        {
            return NGX_DONE;
        }

        path = tcp->path;
        s = path->session;

        ngx_whip_session_input(path, tcp->in + pos + 2, len);

        if (s->state == NGX_WHIP_CLOSED || path->connection != c) {
            return NGX_DONE;
        }
    }

    tcp->in_len -= pos;
    ngx_memmove(tcp->in, tcp->in + pos, tcp->in_len);

    return NGX_OK;
}


/* NGX_OK: it names a session, whose path this is now */

static ngx_int_t
ngx_whip_tcp_first(ngx_whip_tcp_t *tcp, u_char *p, size_t len)
{
    ngx_str_t            key;
    ngx_uint_t           generation, number;
    ngx_event_t         *rev;
    ngx_whip_stun_t      stun;
    ngx_whip_session_t  *s;

    if (ngx_whip_stun_parse(&stun, p, len) != NGX_OK) {
        goto failed;
    }

    s = ngx_whip_ice_find(&stun);

    if (s) {
        if (ngx_whip_ice_check(s, &stun, p, len, &key) != NGX_OK) {
            goto failed;
        }

        return ngx_whip_tcp_adopt(tcp, s);
    }

    /*
     * The first frame is at the start of what was read.  A descriptor that is
     * closed stays in epoll while another process has a copy of it.
     */

    if (!ngx_whip_ice_own(&stun)
        && ngx_whip_ice_owner(&stun, &generation, &number) == NGX_OK)
    {
        rev = tcp->connection->read;

        if (rev->active && ngx_del_event(rev, NGX_READ_EVENT, 0) != NGX_OK) {
            goto failed;
        }

        (void) ngx_whip_courier_connection(generation, number,
                                           tcp->connection->fd, tcp->in,
                                           tcp->in_len, &tcp->peer.sockaddr,
                                           tcp->peer_len);
    }

failed:

    ngx_whip_worker.strays++;
    ngx_whip_tcp_close(tcp);

    return NGX_DONE;
}


static ngx_int_t
ngx_whip_tcp_adopt(ngx_whip_tcp_t *tcp, ngx_whip_session_t *s)
{
    ngx_whip_path_t   *path;
    ngx_connection_t  *c;

    c = tcp->connection;

    path = ngx_whip_path_free(s);

    path->peer = tcp->peer;
    path->peer_len = tcp->peer_len;
    path->local_len = sizeof(ngx_sockaddr_t);

    if (getsockname(c->fd, &path->local.sockaddr, &path->local_len) == -1) {
        ngx_whip_tcp_close(tcp);
        return NGX_DONE;
    }

    ngx_queue_remove(&tcp->queue);
    ngx_whip_tcp_nwaiting--;
    ngx_del_timer(&tcp->timer);

    tcp->path = path;
    path->tcp = tcp;
    path->connection = c;

    c->log = s->log;
    c->read->log = s->log;
    c->write->log = s->log;

    return NGX_OK;
}


void
ngx_whip_tcp_take(ngx_socket_t fd, u_char *p, size_t len,
    struct sockaddr *peer, socklen_t peer_len)
{
    ngx_whip_tcp_t    *tcp;
    ngx_connection_t  *c;

    if (len > sizeof(tcp->in) || ngx_nonblocking(fd) == -1) {
        (void) ngx_close_socket(fd);
        return;
    }

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        (void) ngx_close_socket(fd);
        return;
    }

    c->recv = ngx_recv;
    c->send = ngx_send;
    c->socklen = peer_len;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    tcp = ngx_whip_tcp_create(c, peer, peer_len);
    if (tcp == NULL) {
        ngx_close_connection(c);
        return;
    }

    ngx_memcpy(tcp->in, p, len);
    tcp->in_len = len;

    if (ngx_whip_tcp_frames(tcp) != NGX_OK) {
        return;
    }

    /* reads on, and learns whether more has come meanwhile */

    c->read->ready = 1;
    ngx_whip_tcp_read(c->read);
}


void
ngx_whip_tcp_send(ngx_whip_tcp_t *tcp, u_char *p, size_t len)
{
    ssize_t            n;
    u_char             head[2];
    struct iovec       iov[2];
    ngx_connection_t  *c;

    c = tcp->connection;

    head[0] = len >> 8;
    head[1] = len;

    n = 0;

    if (tcp->out_len == 0) {

        iov[0].iov_base = head;
        iov[0].iov_len = 2;
        iov[1].iov_base = p;
        iov[1].iov_len = len;

        n = writev(c->fd, iov, 2);

        if (n == (ssize_t) (2 + len)) {
            return;
        }

        if (n == -1) {
            if (ngx_socket_errno != NGX_EAGAIN) {
                /* the read event will tell */
                return;
            }

            n = 0;
        }
    }

    if (tcp->out == NULL) {
        tcp->out = ngx_alloc(NGX_WHIP_TCP_QUEUE, c->log);
        if (tcp->out == NULL) {

            /* of a frame that is out in part the rest must follow */

            if (n > 0) {
                (void) ngx_shutdown_socket(c->fd, SHUT_RDWR);
            }

            return;
        }
    }

    if (tcp->out_pos) {
        ngx_memmove(tcp->out, tcp->out + tcp->out_pos, tcp->out_len);
        tcp->out_pos = 0;
    }

    if (tcp->out_len + 2 + len > NGX_WHIP_TCP_QUEUE) {
        return;
    }

    if (n < 2) {
        ngx_memcpy(tcp->out + tcp->out_len, head + n, 2 - n);
        tcp->out_len += 2 - n;
        n = 0;

    } else {
        n -= 2;
    }

    ngx_memcpy(tcp->out + tcp->out_len, p + n, len - n);
    tcp->out_len += len - n;

    c->write->ready = 0;
    (void) ngx_handle_write_event(c->write, 0);
}


static void
ngx_whip_tcp_write(ngx_event_t *wev)
{
    ssize_t            n;
    ngx_whip_tcp_t    *tcp;
    ngx_connection_t  *c;

    c = wev->data;
    tcp = c->data;

    while (tcp->out_len) {

        n = c->send(c, tcp->out + tcp->out_pos, tcp->out_len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_whip_tcp_lost(tcp);
            return;
        }

        tcp->out_pos += n;
        tcp->out_len -= n;
    }

    if (tcp->out_len == 0) {
        tcp->out_pos = 0;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_whip_tcp_lost(tcp);
    }
}
