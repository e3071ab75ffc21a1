
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_live_channel.h"


/* asked for each pair, the kernel gives as much as net.core allows */
#define NGX_LIVE_CHANNEL_BUFFER    (1024 * 1024)

/* messages that are read before other events have their turn */
#define NGX_LIVE_CHANNEL_MESSAGES  64


typedef union {
    struct cmsghdr  cm;
    char            space[CMSG_SPACE(sizeof(int))];
} ngx_live_channel_control_t;


static ngx_int_t ngx_live_channel_open(ngx_live_channel_t *ch,
    ngx_socket_t *fds, ngx_log_t *log);
static void ngx_live_channel_close(ngx_live_channel_generation_t *gen);
static ngx_live_channel_generation_t *ngx_live_channel_find(
    ngx_live_channel_t *ch, ngx_uint_t generation, ngx_uint_t number);
static void ngx_live_channel_read(ngx_event_t *rev);
static ngx_int_t ngx_live_channel_recv(ngx_live_channel_t *ch,
    ngx_connection_t *c);
static ngx_int_t ngx_live_channel_descriptor(struct msghdr *msg,
    ngx_socket_t *fd);


void
ngx_live_channel_prepare(ngx_live_channel_t *ch, ngx_cycle_t *cycle,
    ngx_live_peers_shared_t *peers, const char *name)
{
    ngx_uint_t                      i, n;
    ngx_core_conf_t                *ccf;
    ngx_live_channel_generation_t  *gen, *unused;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    ch->name = name;

    n = ngx_max(ccf->worker_processes, 1);
    unused = NULL;

    for (i = 0; i < NGX_LIVE_CHANNEL_GENERATIONS; i++) {
        gen = &ch->generations[i];

        /* the newest may not have signed in yet */

        if (gen->number != 0 && gen->number != ch->generation
            && !ngx_live_peers_generation(peers, gen->number))
        {
            ngx_live_channel_close(gen);
        }

        if (gen->number == 0 && unused == NULL) {
            unused = gen;
        }
    }

    ch->generation++;
    gen = unused;

    if (gen == NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "%s: workers of %d older configurations still run, the "
                      "new ones get no messages",
                      name, NGX_LIVE_CHANNEL_GENERATIONS);
        return;
    }

    gen->fds = ngx_alloc(n * 2 * sizeof(ngx_socket_t), cycle->log);
    if (gen->fds == NULL) {
        return;
    }

    gen->number = ch->generation;
    gen->nworkers = 0;

    for (i = 0; i < n; i++) {
        if (ngx_live_channel_open(ch, &gen->fds[2 * i], cycle->log) != NGX_OK) {
            return;
        }

        gen->nworkers++;
    }
}


static ngx_int_t
ngx_live_channel_open(ngx_live_channel_t *ch, ngx_socket_t *fds,
    ngx_log_t *log)
{
    int  size;

    if (socketpair(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0, fds)
        == -1)
    {
        ngx_log_error(NGX_LOG_WARN, log, ngx_socket_errno,
                      "%s: socketpair() failed", ch->name);
        return NGX_ERROR;
    }

    /* what is on its way counts as the sender's */

    size = NGX_LIVE_CHANNEL_BUFFER;

    if (setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(int)) == -1
        || setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &size, sizeof(int)) == -1)
    {
        ngx_log_error(NGX_LOG_WARN, log, ngx_socket_errno,
                      "%s: setsockopt() failed, ignored", ch->name);
    }

    return NGX_OK;
}


static void
ngx_live_channel_close(ngx_live_channel_generation_t *gen)
{
    ngx_uint_t  i;

    for (i = 0; i < gen->nworkers * 2; i++) {
        (void) ngx_close_socket(gen->fds[i]);
    }

    ngx_free(gen->fds);
    ngx_memzero(gen, sizeof(ngx_live_channel_generation_t));
}


ngx_uint_t
ngx_live_channel_generation(ngx_live_channel_t *ch)
{
    return ch->generation;
}


static ngx_live_channel_generation_t *
ngx_live_channel_find(ngx_live_channel_t *ch, ngx_uint_t generation,
    ngx_uint_t number)
{
    ngx_uint_t                      i;
    ngx_live_channel_generation_t  *gen;

    if (generation == 0) {
        return NULL;
    }

    for (i = 0; i < NGX_LIVE_CHANNEL_GENERATIONS; i++) {
        gen = &ch->generations[i];

        if (gen->number == generation) {
            return number < gen->nworkers ? gen : NULL;
        }
    }

    return NULL;
}


ngx_int_t
ngx_live_channel_listen(ngx_live_channel_t *ch, ngx_cycle_t *cycle,
    ngx_uint_t number, ngx_live_channel_pt handler, void *data)
{
    ngx_event_t                    *rev;
    ngx_connection_t               *c;
    ngx_live_channel_generation_t  *gen;

    gen = ngx_live_channel_find(ch, ch->generation, number);
    if (gen == NULL) {
        return NGX_DECLINED;
    }

    c = ngx_get_connection(gen->fds[2 * number], cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    ch->handler = handler;
    ch->data = data;

    c->data = ch;
    c->write->log = cycle->log;

    rev = c->read;
    rev->log = cycle->log;
    rev->channel = 1;       /* not a leak when the worker exits */
    rev->handler = ngx_live_channel_read;

    if (ngx_add_event(rev, NGX_READ_EVENT,
                      ngx_event_flags & NGX_USE_CLEAR_EVENT
                      ? NGX_CLEAR_EVENT : 0)
        != NGX_OK)
    {
        ngx_free_connection(c);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_live_channel_read(ngx_event_t *rev)
{
    ngx_int_t          rc;
    ngx_uint_t         n;
    ngx_connection_t  *c;

    c = rev->data;

    for (n = 0; n < NGX_LIVE_CHANNEL_MESSAGES; n++) {

        rc = ngx_live_channel_recv(c->data, c);

        if (rc != NGX_OK) {
            return;
        }
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


static ngx_int_t
ngx_live_channel_recv(ngx_live_channel_t *ch, ngx_connection_t *c)
{
    u_char                      buf[NGX_LIVE_CHANNEL_MAX];
    ssize_t                     n;
    ngx_err_t                   err;
    ngx_socket_t                fd;
    struct iovec                iov;
    struct msghdr               msg;
    ngx_live_channel_control_t  control;

    iov.iov_base = buf;
    iov.iov_len = sizeof(buf);

    ngx_memzero(&msg, sizeof(struct msghdr));

    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = &control;
    msg.msg_controllen = sizeof(ngx_live_channel_control_t);

    n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC);

    if (n == -1) {
        err = ngx_socket_errno;

        if (err == NGX_EINTR) {
            return NGX_OK;
        }

        if (err != NGX_EAGAIN) {
            ngx_log_error(NGX_LOG_ERR, c->log, err,
                          "%s: recvmsg() from a worker failed", ch->name);
        }

        return NGX_AGAIN;
    }

    if (ngx_live_channel_descriptor(&msg, &fd) != NGX_OK) {

        /* without descriptors to spare the kernel delivers the rest of it */

        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "%s: truncated message from a worker, flags %Xd",
                      ch->name, msg.msg_flags);
        return NGX_OK;
    }

    ch->handler(ch->data, buf, n, fd);

    return NGX_OK;
}


/*
 * The descriptor of a message, -1 when it has none; NGX_ERROR when the message
 * is not whole, or has more than one, with all of them closed.
 */

static ngx_int_t
ngx_live_channel_descriptor(struct msghdr *msg, ngx_socket_t *fd)
{
    int              fds[sizeof(ngx_live_channel_control_t) / sizeof(int)];
    ngx_uint_t       i, n;
    struct cmsghdr  *cm;

    *fd = (ngx_socket_t) -1;
    n = 0;

    /* the padding of the buffer has room for a second one */

    cm = CMSG_FIRSTHDR(msg);

    if (cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS) {
        n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        ngx_memcpy(fds, CMSG_DATA(cm), n * sizeof(int));
    }

    if (n > 1 || msg->msg_flags & (MSG_TRUNC|MSG_CTRUNC)) {

        for (i = 0; i < n; i++) {
            (void) ngx_close_socket(fds[i]);
        }

        return NGX_ERROR;
    }

    if (n == 1) {
        *fd = fds[0];
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_channel_send(ngx_live_channel_t *ch, ngx_uint_t generation,
    ngx_uint_t number, struct iovec *iov, ngx_uint_t niov, ngx_socket_t fd)
{
    size_t                          size;
    ssize_t                         n;
    ngx_err_t                       err;
    ngx_uint_t                      i;
    struct msghdr                   msg;
    ngx_live_channel_control_t      control;
    ngx_live_channel_generation_t  *gen;

    gen = ngx_live_channel_find(ch, generation, number);
    if (gen == NULL) {
        return NGX_DECLINED;
    }

    size = 0;

    for (i = 0; i < niov; i++) {
        size += iov[i].iov_len;
    }

    if (size > NGX_LIVE_CHANNEL_MAX) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s: message of %uz bytes to a worker is too large",
                      ch->name, size);
        return NGX_ERROR;
    }

    ngx_memzero(&msg, sizeof(struct msghdr));

    msg.msg_iov = iov;
    msg.msg_iovlen = niov;

    if (fd != (ngx_socket_t) -1) {
        ngx_memzero(&control, sizeof(ngx_live_channel_control_t));

        control.cm.cmsg_len = CMSG_LEN(sizeof(int));
        control.cm.cmsg_level = SOL_SOCKET;
        control.cm.cmsg_type = SCM_RIGHTS;
        ngx_memcpy(CMSG_DATA(&control.cm), &fd, sizeof(int));

        msg.msg_control = &control;
        msg.msg_controllen = sizeof(ngx_live_channel_control_t);
    }

    do {
        n = sendmsg(gen->fds[2 * number + 1], &msg, MSG_NOSIGNAL);
        err = n == -1 ? ngx_socket_errno : 0;
    } while (err == NGX_EINTR);

    if (n != -1) {
        return NGX_OK;
    }

    /* the last one: too many descriptors on their way */

    if (err == NGX_EAGAIN || err == ENOBUFS || err == ETOOMANYREFS) {
        return NGX_AGAIN;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                  "%s: sendmsg() to a worker failed", ch->name);

    return NGX_ERROR;
}
