
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
    NGX_WHIP_COURIER_ORDER,
    NGX_WHIP_COURIER_OUTCOME
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

    ngx_uint_t         number;           /* of an order and its outcome */
    ngx_uint_t         delete;
    ngx_uint_t         status;
    ngx_uint_t         reason;
    u_char             session[40];
    size_t             id_len;
    size_t             tag_len;
    size_t             body_len;
} ngx_whip_courier_msg_t;


typedef struct {
    ngx_queue_t          queue;
    ngx_event_t          timer;
    ngx_uint_t           number;
    ngx_whip_courier_pt  handler;
    void                *data;
} ngx_whip_courier_order_t;


static ngx_int_t ngx_whip_courier_send(ngx_uint_t generation,
    ngx_uint_t number, ngx_whip_courier_msg_t *msg, u_char *id, u_char *tag,
    u_char *body, ngx_socket_t fd);
static void ngx_whip_courier_read(void *data, u_char *p, size_t len,
    ngx_socket_t fd);
static void ngx_whip_courier_obey(ngx_whip_courier_msg_t *msg, u_char *p);
static void ngx_whip_courier_done(ngx_whip_courier_msg_t *msg, u_char *p);
static void ngx_whip_courier_timeout(ngx_event_t *ev);


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
    ngx_whip_courier_pt handler, void *data)
{
    ngx_uint_t                 generation, number;
    ngx_event_t               *ev;
    ngx_whip_courier_msg_t     msg;
    ngx_whip_courier_order_t  *o;

    if (ngx_live_peers_find(&ngx_whip_worker.registry.peers, token,
                            &generation, &number)
        != NGX_OK)
    {
        return 0;
    }

    o = ngx_calloc(sizeof(ngx_whip_courier_order_t), ngx_cycle->log);
    if (o == NULL) {
        return 0;
    }

    ngx_memzero(&msg, sizeof(ngx_whip_courier_msg_t));

    msg.type = NGX_WHIP_COURIER_ORDER;
    msg.to = token;
    msg.number = ++ngx_whip_courier_number;
    msg.delete = order->delete;
    msg.id_len = order->id.len;
    msg.tag_len = order->if_match.len;
    msg.body_len = order->body.len;

    if (ngx_whip_courier_send(generation, number, &msg, order->id.data,
                              order->if_match.data, order->body.data,
                              (ngx_socket_t) -1)
        != NGX_OK)
    {
        ngx_free(o);
        return 0;
    }

    o->number = msg.number;
    o->handler = handler;
    o->data = data;

    ev = &o->timer;
    ev->data = o;
    ev->log = ngx_cycle->log;
    ev->handler = ngx_whip_courier_timeout;

    ngx_add_timer(ev, NGX_WHIP_COURIER_WAIT);
    ngx_queue_insert_tail(&ngx_whip_courier_orders, &o->queue);

    return o->number;
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
            ngx_queue_remove(q);
            ngx_del_timer(&o->timer);
            ngx_free(o);
            return;
        }
    }
}


static void
ngx_whip_courier_timeout(ngx_event_t *ev)
{
    void                      *data;
    ngx_whip_outcome_t         outcome;
    ngx_whip_courier_pt        handler;
    ngx_whip_courier_order_t  *o;

    o = ev->data;

    handler = o->handler;
    data = o->data;

    ngx_queue_remove(&o->queue);
    ngx_free(o);

    ngx_memzero(&outcome, sizeof(ngx_whip_outcome_t));

    outcome.reason = NGX_WHIP_NO_ANSWER;
    outcome.status = ngx_whip_reason(NGX_WHIP_NO_ANSWER)->status;

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
        ngx_whip_courier_obey(&msg, p);
        break;

    case NGX_WHIP_COURIER_OUTCOME:
        ngx_whip_courier_done(&msg, p);
        break;
    }

done:

    if (fd != (ngx_socket_t) -1) {
        (void) ngx_close_socket(fd);
    }
}


static void
ngx_whip_courier_obey(ngx_whip_courier_msg_t *msg, u_char *p)
{
    u_char                  buf[NGX_WHIP_SESSION_FRAG];
    ngx_uint_t              generation, number;
    ngx_whip_order_t        order;
    ngx_whip_outcome_t      outcome;
    ngx_whip_courier_msg_t  answer;

    order.delete = msg->delete;
    order.id.data = p;
    order.id.len = msg->id_len;
    order.if_match.data = p + msg->id_len;
    order.if_match.len = msg->tag_len;
    order.body.data = p + msg->id_len + msg->tag_len;
    order.body.len = msg->body_len;

    ngx_whip_session_order(&order, &outcome, buf, sizeof(buf));

    ngx_memzero(&answer, sizeof(ngx_whip_courier_msg_t));

    answer.type = NGX_WHIP_COURIER_OUTCOME;
    answer.to = msg->from;
    answer.number = msg->number;
    answer.status = outcome.status;
    answer.reason = outcome.reason;
    ngx_memcpy(answer.session, outcome.session, sizeof(answer.session));
    answer.tag_len = outcome.etag_len;
    answer.body_len = outcome.body.len;

    if (ngx_live_peers_find(&ngx_whip_worker.registry.peers, msg->from,
                            &generation, &number)
        == NGX_OK)
    {
        (void) ngx_whip_courier_send(generation, number, &answer, NULL,
                                     outcome.etag, outcome.body.data,
                                     (ngx_socket_t) -1);
    }
}


static void
ngx_whip_courier_done(ngx_whip_courier_msg_t *msg, u_char *p)
{
    void                      *data;
    ngx_queue_t               *q;
    ngx_whip_outcome_t         outcome;
    ngx_whip_courier_pt        handler;
    ngx_whip_courier_order_t  *o;

    for (q = ngx_queue_head(&ngx_whip_courier_orders);
         q != ngx_queue_sentinel(&ngx_whip_courier_orders);
         q = ngx_queue_next(q))
    {
        o = ngx_queue_data(q, ngx_whip_courier_order_t, queue);

        if (o->number == msg->number) {
            handler = o->handler;
            data = o->data;

            ngx_whip_courier_forget(o->number);

            outcome.status = msg->status;
            outcome.reason = ngx_min(msg->reason, NGX_WHIP_NREASONS - 1);
            ngx_memcpy(outcome.session, msg->session, sizeof(outcome.session));
            outcome.etag_len = ngx_min(msg->tag_len, NGX_WHIP_ETAG_LEN);
            ngx_memcpy(outcome.etag, p, outcome.etag_len);
            outcome.body.data = p + msg->tag_len;
            outcome.body.len = msg->body_len;

            handler(data, &outcome);
            return;
        }
    }
}
