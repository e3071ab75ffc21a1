
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <netdb.h>

#include "ngx_live_resolve.h"


struct ngx_live_resolve_s {
    ngx_thread_task_t              task;

    char                           host[NI_MAXHOST];
    char                           port[8];

    ngx_uint_t               n;
    ngx_live_resolve_addr_t  addrs[NGX_LIVE_RESOLVE_MAX];

    ngx_live_resolve_pt  handler;     /* NULL: cancelled */
    void                *data;
};


static void ngx_live_resolve_thread(void *data, ngx_log_t *log);
static void ngx_live_resolve_done(ngx_event_t *ev);


ngx_live_resolve_t *
ngx_live_resolve(ngx_thread_pool_t *pool, ngx_str_t *host, in_port_t port,
    ngx_live_resolve_pt handler, void *data)
{
    ngx_live_resolve_t  *resolve;

    if (host->len >= NI_MAXHOST || pool == NULL) {
        return NULL;
    }

    resolve = ngx_calloc(sizeof(ngx_live_resolve_t), ngx_cycle->log);
    if (resolve == NULL) {
        return NULL;
    }

    ngx_memcpy(resolve->host, host->data, host->len);
    (void) ngx_sprintf((u_char *) resolve->port, "%ui%Z", (ngx_uint_t) port);

    resolve->handler = handler;
    resolve->data = data;

    resolve->task.ctx = resolve;
    resolve->task.handler = ngx_live_resolve_thread;
    resolve->task.event.data = resolve;
    resolve->task.event.handler = ngx_live_resolve_done;
    resolve->task.event.log = ngx_cycle->log;

    if (ngx_thread_task_post(pool, &resolve->task) != NGX_OK) {
        ngx_free(resolve);
        return NULL;
    }

    return resolve;
}


void
ngx_live_resolve_cancel(ngx_live_resolve_t *resolve)
{
    resolve->handler = NULL;
}


/* on a thread: touches nothing but what belongs to the task */

static void
ngx_live_resolve_thread(void *data, ngx_log_t *log)
{
    ngx_live_resolve_t  *resolve = data;

    struct addrinfo           hints, *list, *ai;
    ngx_live_resolve_addr_t  *addr;

    ngx_memzero(&hints, sizeof(struct addrinfo));

    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;

    if (getaddrinfo(resolve->host, resolve->port, &hints, &list) != 0) {
        return;
    }

    for (ai = list;
         ai && resolve->n < NGX_LIVE_RESOLVE_MAX;
         ai = ai->ai_next)
    {
        if ((ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
            || ai->ai_addrlen > sizeof(ngx_sockaddr_t))
        {
            continue;
        }

        addr = &resolve->addrs[resolve->n++];

        ngx_memcpy(&addr->sockaddr, ai->ai_addr, ai->ai_addrlen);
        addr->socklen = ai->ai_addrlen;
    }

    freeaddrinfo(list);
}


static void
ngx_live_resolve_done(ngx_event_t *ev)
{
    ngx_live_resolve_t  *resolve = ev->data;

    if (resolve->handler) {
        resolve->handler(resolve->data, resolve->addrs, resolve->n);
    }

    ngx_free(resolve);
}
