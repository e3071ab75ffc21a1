
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_linger.h"


#define NGX_MULTISOURCE_LINGER_TIME   2000              /* ms */
#define NGX_MULTISOURCE_LINGER_BYTES  (8 * 1024 * 1024)
#define NGX_MULTISOURCE_LINGER_TURN   (256 * 1024)      /* in one event */


static ssize_t ngx_multisource_linger_recv(ngx_connection_t *c, u_char *buf,
    size_t size);
static void ngx_multisource_linger_read(ngx_event_t *rev);
static void ngx_multisource_linger_write(ngx_event_t *wev);
static void ngx_multisource_linger_shut(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_linger_timeout(ngx_event_t *ev);


void
ngx_multisource_linger_start(ngx_multisource_ctx_t *ctx)
{
    ngx_event_t         *ev;
    ngx_connection_t    *c;
    ngx_rtmp_session_t  *s;

    s = ctx->session;
    c = s->connection;

    if (ctx->lingering || c->destroyed) {
        return;
    }

    ctx->lingering = 1;

    if (c->fd == (ngx_socket_t) -1 || c->shared || s->relay) {
        ngx_rtmp_finalize_session(s);
        return;
    }

    /*
     * nginx-rtmp may be reading right now: its next read finds nothing, and
     * the event is posted for whatever is in the socket already
     */

    c->recv = ngx_multisource_linger_recv;
    c->read->handler = ngx_multisource_linger_read;

    ctx->drain = c->write->handler;
    c->write->handler = ngx_multisource_linger_write;

    ngx_post_event(c->read, &ngx_posted_events);

    ev = &ctx->linger;
    ev->data = ctx;
    ev->log = c->log;
    ev->handler = ngx_multisource_linger_timeout;

    ngx_add_timer(ev, NGX_MULTISOURCE_LINGER_TIME);
}


void
ngx_multisource_linger_stop(ngx_multisource_ctx_t *ctx)
{
    if (ctx->linger.timer_set) {
        ngx_del_timer(&ctx->linger);
    }
}


static ssize_t
ngx_multisource_linger_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    return NGX_AGAIN;
}


static void
ngx_multisource_linger_read(ngx_event_t *rev)
{
    size_t                  total;
    u_char                  buf[8192];
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_rtmp_session_t     *s;
    ngx_multisource_ctx_t  *ctx;

    c = rev->data;
    s = c->data;

    if (c->destroyed) {
        return;
    }

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    ngx_multisource_linger_shut(ctx);

    for (total = 0; total < NGX_MULTISOURCE_LINGER_TURN; total += n) {

        n = ngx_recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_rtmp_finalize_session(s);
            }

            return;
        }

        ctx->linger_bytes += n > 0 ? n : 0;

        if (n <= 0 || ctx->linger_bytes > NGX_MULTISOURCE_LINGER_BYTES) {
            ngx_rtmp_finalize_session(s);
            return;
        }
    }

    ngx_post_event(rev, &ngx_posted_events);
}


static void
ngx_multisource_linger_write(ngx_event_t *wev)
{
    ngx_connection_t       *c;
    ngx_rtmp_session_t     *s;
    ngx_multisource_ctx_t  *ctx;

    c = wev->data;
    s = c->data;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    ctx->drain(wev);

    if (!c->destroyed) {
        ngx_multisource_linger_shut(ctx);
    }
}


static void
ngx_multisource_linger_shut(ngx_multisource_ctx_t *ctx)
{
    ngx_connection_t    *c;
    ngx_rtmp_session_t  *s;

    s = ctx->session;
    c = s->connection;

    if (s->out_chain == NULL && s->out_pos == s->out_last && !c->timedout) {
        (void) ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN);
    }
}


static void
ngx_multisource_linger_timeout(ngx_event_t *ev)
{
    ngx_multisource_ctx_t  *ctx;

    ctx = ev->data;

    ngx_rtmp_finalize_session(ctx->session);
}
