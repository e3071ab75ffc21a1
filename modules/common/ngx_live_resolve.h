
/*
 * Copyright (C) the ngx_live contributors
 *
 * The addresses of a name, by getaddrinfo() on one of nginx's thread pools: as
 * the machine is configured, /etc/hosts included, and without blocking the
 * worker.
 */


#ifndef _NGX_LIVE_RESOLVE_H_INCLUDED_
#define _NGX_LIVE_RESOLVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>


#define NGX_LIVE_RESOLVE_MAX  16       /* addresses */


typedef struct {
    ngx_sockaddr_t     sockaddr;
    socklen_t          socklen;
} ngx_live_resolve_addr_t;


typedef struct ngx_live_resolve_s  ngx_live_resolve_t;

/* in the order to be tried; n is 0 when there is none; borrowed */

typedef void (*ngx_live_resolve_pt)(void *data,
    ngx_live_resolve_addr_t *addrs, ngx_uint_t n);


#pragma GCC visibility push(hidden)

/*
 * Calls the handler once, never from within this call. host is copied. NULL:
 * there is no pool, out of memory, or no more than so many can wait for an
 * answer.
 */
ngx_live_resolve_t *ngx_live_resolve(ngx_thread_pool_t *pool, ngx_str_t *host,
    in_port_t port, ngx_live_resolve_pt handler, void *data);

/* the handler is not called any more */
void ngx_live_resolve_cancel(ngx_live_resolve_t *resolve);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_RESOLVE_H_INCLUDED_ */
