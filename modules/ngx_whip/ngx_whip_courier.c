
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_courier.h"
#include "ngx_whip_session.h"
#include "ngx_whip_tcp.h"
#include "ngx_whip_udp.h"


#define NGX_WHIP_COURIER_WAIT  3000      /* ms, for an answer */


typedef enum {
    NGX_WHIP_COURIER_DATAGRAM = 1,
    NGX_WHIP_COURIER_CONNECTION,
    NGX_WHIP_COURIER_ORDER
} ngx_whip_courier_e;


/* the head of each message; what it counts follows in this order */

typedef struct {
    ngx_uint_t         type;
    ngx_atomic_uint_t  to;               /* token */
    ngx_atomic_uint_t  from;

    ngx_sockaddr_t     peer;             /* of a datagram or connection */
    socklen_t          peer_len;
    ngx_sockaddr_t     local;
    socklen_t          local_len;

    ngx_uint_t         delete;           /* of an order */
    size_t             id_len;
    size_t             tag_len;
    size_t             body_len;
} ngx_whip_courier_msg_t;


/*
 * An order brings the socket that it is answered by: a worker of an earlier
 * configuration knows no other way to those that came after it.  The other end
 * tells, too, when that worker is no more.
 */

typedef struct {
    ngx_queue_t          queue;
    ngx_event_t          timer;
    ngx_connection_t    *connection;
    ngx_uint_t           number;
    ngx_whip_courier_pt  handler;
    void                *data;
} ngx_whip_courier_order_t;


/* the answer; the body follows */

typedef struct {
    ngx_uint_t           status;
    ngx_uint_t           reason;
    u_char               session[40];
    u_char               etag[NGX_WHIP_ETAG_LEN];
    size_t               etag_len;
} ngx_whip_courier_outcome_t;


static ngx_int_t ngx_whip_courier_send(ngx_uint_t generation,
    ngx_uint_t number, ngx_whip_courier_msg_t *msg, u_char *id, u_char *tag,
    u_char *body, ngx_socket_t fd);
static void ngx_whip_courier_read(void *data, u_char *p, size_t len,
    ngx_socket_t fd);
static ngx_whip_courier_order_t *ngx_whip_courier_open(ngx_socket_t fd);
static void ngx_whip_courier_close(ngx_whip_courier_order_t *o);
static void ngx_whip_courier_timeout(ngx_event_t *ev);
static void ngx_whip_courier_failed(ngx_whip_courier_order_t *o,
    ngx_uint_t reason);
static void ngx_whip_courier_answer(ngx_event_t *rev);
static void ngx_whip_courier_obey(ngx_whip_courier_msg_t *msg, u_char *p,
    ngx_socket_t fd);


static ngx_live_channel_t  ngx_whip_courier_channel;
static ngx_queue_t         ngx_whip_courier_orders;
static ngx_uint_t          ngx_whip_courier_number;


void
ngx_whip_courier_prepare(ngx_cycle_t *cycle, ngx_whip_main_conf_t *conf)
{
    ngx_live_channel_prepare(&ngx_whip_courier_channel, cycle,
                             ngx_whip_registry_peers(conf->zone), "whip");
}


ngx_uint_t
ngx_whip_courier_generation(void)
{
    return ngx_live_channel_generation(&ngx_whip_courier_channel);
}


ngx_int_t
ngx_whip_courier_listen(ngx_cycle_t *cycle)
{
    ngx_queue_init(&ngx_whip_courier_orders);

    return ngx_live_channel_listen(&ngx_whip_courier_channel, cycle,
                                   ngx_worker, ngx_whip_courier_read, NULL);
}


ngx_int_t
ngx_whip_courier_datagram(ngx_uint_t generation, ngx_uint_t number,
    u_char *p, size_t len, struct sockaddr *peer, socklen_t peer_len,
    struct sockaddr *local, socklen_t local_len)
{
    ngx_whip_courier_msg_t  msg;

    ngx_memzero(&msg, sizeof(ngx_whip_courier_msg_t));

    msg.type = NGX_WHIP_COURIER_DATAGRAM;
    ngx_memcpy(&msg.peer, peer, peer_len);
    msg.peer_len = peer_len;
    ngx_memcpy(&msg.local, local, local_len);
    msg.local_len = local_len;
    msg.body_len = len;

    return ngx_whip_courier_send(generation, number, &msg, NULL, NULL, p,
                                 (ngx_socket_t) -1);
}


ngx_int_t
ngx_whip_courier_connection(ngx_uint_t generation, ngx_uint_t number,
    ngx_socket_t fd, u_char *p, size_t len, struct sockaddr *peer,
    socklen_t peer_len)
{
    ngx_whip_courier_msg_t  msg;

    ngx_memzero(&msg, sizeof(ngx_whip_courier_msg_t));

    msg.type = NGX_WHIP_COURIER_CONNECTION;
    ngx_memcpy(&msg.peer, peer, peer_len);
    msg.peer_len = peer_len;
    msg.body_len = len;

    return ngx_whip_courier_send(generation, number, &msg, NULL, NULL, p, fd);
}


ngx_uint_t
ngx_whip_courier_order(ngx_atomic_uint_t token, ngx_whip_order_t *order,
    ngx_whip_courier_pt handler, void *data, ngx_uint_t *reason)
{
    ngx_int_t                  rc;
    ngx_uint_t                 generation, number;
    ngx_socket_t               fds[2];
    ngx_whip_courier_msg_t     msg;
    ngx_whip_courier_order_t  *o;

    *reason = NGX_WHIP_UNKNOWN_SESSION;

    if (ngx_live_peers_find(&ngx_whip_worker.registry.peers, token,
                            &generation, &number)
        != NGX_OK)
    {
        return 0;
    }

    *reason = NGX_WHIP_NO_ANSWER;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0, fds)
        == -1)
    {
        return 0;
    }

    o = ngx_whip_courier_open(fds[0]);

    if (o == NULL) {
        (void) ngx_close_socket(fds[1]);
        return 0;
    }

    o->handler = handler;
    o->data = data;

    ngx_memzero(&msg, sizeof(ngx_whip_courier_msg_t));

    msg.type = NGX_WHIP_COURIER_ORDER;
    msg.to = token;
    msg.delete = order->delete;
    msg.id_len = order->id.len;
    msg.tag_len = order->if_match.len;
    msg.body_len = order->body.len;

    rc = ngx_whip_courier_send(generation, number, &msg, order->id.data,
                               order->if_match.data, order->body.data, fds[1]);

    (void) ngx_close_socket(fds[1]);

    if (rc != NGX_OK) {
        ngx_whip_courier_close(o);
        return 0;
    }

    return o->number;
}


/* takes the socket */

static ngx_whip_courier_order_t *
ngx_whip_courier_open(ngx_socket_t fd)
{
    ngx_event_t               *ev;
    ngx_connection_t          *c;
    ngx_whip_courier_order_t  *o;

    o = ngx_calloc(sizeof(ngx_whip_courier_order_t), ngx_cycle->log);
    c = ngx_get_connection(fd, ngx_cycle->log);

    if (o == NULL || c == NULL) {
        goto failed;
    }

    c->data = o;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->read->handler = ngx_whip_courier_answer;
    c->write->log = c->log;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        goto failed;
    }

    o->connection = c;
    o->number = ++ngx_whip_courier_number;

    ev = &o->timer;
    ev->data = o;
    ev->log = c->log;
    ev->handler = ngx_whip_courier_timeout;

    ngx_add_timer(ev, NGX_WHIP_COURIER_WAIT);
    ngx_queue_insert_tail(&ngx_whip_courier_orders, &o->queue);

    return o;

failed:

    if (c) {
        ngx_close_connection(c);

    } else {
        (void) ngx_close_socket(fd);
    }

    if (o) {
        ngx_free(o);
    }

    return NULL;
}


static void
ngx_whip_courier_close(ngx_whip_courier_order_t *o)
{
    ngx_queue_remove(&o->queue);

    if (o->timer.timer_set) {
        ngx_del_timer(&o->timer);
    }

    ngx_close_connection(o->connection);
    ngx_free(o);
}


void
ngx_whip_courier_forget(ngx_uint_t number)
{
    ngx_queue_t               *q;
    ngx_whip_courier_order_t  *o;

    for (q = ngx_queue_head(&ngx_whip_courier_orders);
         q != ngx_queue_sentinel(&ngx_whip_courier_orders);
         q = ngx_queue_next(q))
    {
        o = ngx_queue_data(q, ngx_whip_courier_order_t, queue);

        if (o->number == number) {
            ngx_whip_courier_close(o);
            return;
        }
    }
}


static void
ngx_whip_courier_timeout(ngx_event_t *ev)
{
    ngx_whip_courier_failed(ev->data, NGX_WHIP_NO_ANSWER);
}


static void
ngx_whip_courier_failed(ngx_whip_courier_order_t *o, ngx_uint_t reason)
{
    void                 *data;
    ngx_whip_outcome_t    outcome;
    ngx_whip_courier_pt   handler;

    handler = o->handler;
    data = o->data;

    ngx_whip_courier_close(o);

    ngx_memzero(&outcome, sizeof(ngx_whip_outcome_t));

    outcome.reason = reason;
    outcome.status = ngx_whip_reason(reason)->status;

    handler(data, &outcome);
}


static void
ngx_whip_courier_answer(ngx_event_t *rev)
{
    void                        *data;
    u_char                       buf[sizeof(ngx_whip_courier_outcome_t)
                                     + NGX_WHIP_SESSION_FRAG];
    ssize_t                      n;
    ngx_connection_t            *c;
    ngx_whip_outcome_t           outcome;
    ngx_whip_courier_pt          handler;
    ngx_whip_courier_order_t    *o;
    ngx_whip_courier_outcome_t   answer;

    c = rev->data;
    o = c->data;

    n = recv(c->fd, buf, sizeof(buf), 0);

    if (n == -1 && ngx_socket_errno == NGX_EAGAIN) {
        return;
    }

    if (n < (ssize_t) sizeof(ngx_whip_courier_outcome_t)) {

        /* the worker is gone, and its sessions with it */

        ngx_whip_courier_failed(o, NGX_WHIP_UNKNOWN_SESSION);
        return;
    }

    ngx_memcpy(&answer, buf, sizeof(ngx_whip_courier_outcome_t));
    ngx_memzero(&outcome, sizeof(ngx_whip_outcome_t));

    outcome.status = answer.status;
    outcome.reason = ngx_min(answer.reason, NGX_WHIP_NREASONS - 1);
    ngx_memcpy(outcome.session, answer.session, sizeof(outcome.session));
    outcome.etag_len = ngx_min(answer.etag_len, NGX_WHIP_ETAG_LEN);
    ngx_memcpy(outcome.etag, answer.etag, outcome.etag_len);
    outcome.body.data = buf + sizeof(ngx_whip_courier_outcome_t);
    outcome.body.len = n - sizeof(ngx_whip_courier_outcome_t);

    handler = o->handler;
    data = o->data;

    ngx_whip_courier_close(o);

    handler(data, &outcome);
}


static ngx_int_t
ngx_whip_courier_send(ngx_uint_t generation, ngx_uint_t number,
    ngx_whip_courier_msg_t *msg, u_char *id, u_char *tag, u_char *body,
    ngx_socket_t fd)
{
    struct iovec  iov[4];

    msg->from = ngx_whip_worker.registry.peers.token;

    iov[0].iov_base = msg;
    iov[0].iov_len = sizeof(ngx_whip_courier_msg_t);
    iov[1].iov_base = id;
    iov[1].iov_len = msg->id_len;
    iov[2].iov_base = tag;
    iov[2].iov_len = msg->tag_len;
    iov[3].iov_base = body;
    iov[3].iov_len = msg->body_len;

    return ngx_live_channel_send(&ngx_whip_courier_channel, generation,
                                 number, iov, 4, fd);
}


static void
ngx_whip_courier_read(void *data, u_char *p, size_t len, ngx_socket_t fd)
{
    ngx_whip_courier_msg_t  msg;

    if (len < sizeof(ngx_whip_courier_msg_t)) {
        goto done;
    }

    ngx_memcpy(&msg, p, sizeof(ngx_whip_courier_msg_t));
    p += sizeof(ngx_whip_courier_msg_t);
    len -= sizeof(ngx_whip_courier_msg_t);

    /* a worker in the place of one that has died is another */

    if ((msg.to && msg.to != ngx_whip_worker.registry.peers.token)
        || msg.id_len > len || msg.tag_len > len || msg.body_len > len
        || msg.id_len + msg.tag_len + msg.body_len != len)
    {
        goto done;
    }

    switch (msg.type) {

    case NGX_WHIP_COURIER_DATAGRAM:
        ngx_whip_udp_handed(p, len, &msg.peer.sockaddr, msg.peer_len,
                            &msg.local.sockaddr, msg.local_len);
        break;

    case NGX_WHIP_COURIER_CONNECTION:
        if (fd != (ngx_socket_t) -1) {
            ngx_whip_tcp_take(fd, p, len, &msg.peer.sockaddr, msg.peer_len);
        }

        return;

    case NGX_WHIP_COURIER_ORDER:
        if (fd != (ngx_socket_t) -1) {
            ngx_whip_courier_obey(&msg, p, fd);
        }

        break;
    }

done:

    if (fd != (ngx_socket_t) -1) {
        (void) ngx_close_socket(fd);
    }
}


static void
ngx_whip_courier_obey(ngx_whip_courier_msg_t *msg, u_char *p, ngx_socket_t fd)
{
    u_char                      buf[sizeof(ngx_whip_courier_outcome_t)
                                    + NGX_WHIP_SESSION_FRAG];
    u_char                     *body;
    ngx_whip_order_t            order;
    ngx_whip_outcome_t          outcome;
    ngx_whip_courier_outcome_t  answer;

    body = buf + sizeof(ngx_whip_courier_outcome_t);

    order.delete = msg->delete;
    order.id.data = p;
    order.id.len = msg->id_len;
    order.if_match.data = p + msg->id_len;
    order.if_match.len = msg->tag_len;
    order.body.data = p + msg->id_len + msg->tag_len;
    order.body.len = msg->body_len;

    ngx_whip_session_order(&order, &outcome, body, NGX_WHIP_SESSION_FRAG);

    ngx_memzero(&answer, sizeof(ngx_whip_courier_outcome_t));

    answer.status = outcome.status;
    answer.reason = outcome.reason;
    ngx_memcpy(answer.session, outcome.session, sizeof(answer.session));
    answer.etag_len = outcome.etag_len;
    ngx_memcpy(answer.etag, outcome.etag, outcome.etag_len);

    ngx_memcpy(buf, &answer, sizeof(ngx_whip_courier_outcome_t));

    (void) send(fd, buf, sizeof(ngx_whip_courier_outcome_t) + outcome.body.len,
                MSG_NOSIGNAL);
}
