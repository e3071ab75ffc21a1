
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_candidate.h"

#include <ifaddrs.h>
#include <net/if.h>


#define NGX_WHIP_CANDIDATE_FRESH   10000      /* ms */
#define NGX_WHIP_CANDIDATE_LOCALS  8


/* addresses of this machine, as they were a moment ago */

typedef struct {
    ngx_sockaddr_t   sockaddr;
    socklen_t        socklen;
    ngx_str_t        text;
    u_char           buf[NGX_SOCKADDR_STRLEN];
    ngx_uint_t       worth;       /* the highest is told first */
} ngx_whip_candidate_local_t;


static void ngx_whip_candidate_read(void);
static ngx_uint_t ngx_whip_candidate_worth(struct ifaddrs *ifa);
static void ngx_whip_candidate_insert(struct sockaddr *sa, socklen_t len,
    ngx_uint_t worth);
static ngx_uint_t ngx_whip_candidate_add(ngx_whip_candidate_t *candidates,
    ngx_uint_t n, ngx_str_t *text, in_port_t port);


static ngx_whip_candidate_local_t
    ngx_whip_candidate_locals[NGX_WHIP_CANDIDATE_LOCALS];
static ngx_uint_t  ngx_whip_candidate_nlocals;
static ngx_msec_t  ngx_whip_candidate_read_at;


ngx_uint_t
ngx_whip_candidate_list(ngx_whip_conf_t *conf,
    ngx_whip_candidate_t *candidates)
{
    ngx_addr_t         *addr;
    ngx_uint_t          i, k, n, udp;
    in_port_t           port;
    struct sockaddr    *sa;
    ngx_whip_listen_t  *listen;

    n = 0;

    listen = ngx_whip_worker.conf->listen.elts;

    if (conf->candidates) {
        addr = conf->candidates->elts;

        for (i = 0; i < conf->candidates->nelts; i++) {
            port = ngx_inet_get_port(addr[i].sockaddr);
            n = ngx_whip_candidate_add(candidates, n, &addr[i].name,
                                       port ? port : listen[0].port);
        }

        goto tcp;
    }

    ngx_whip_candidate_read();

    for (i = 0; i < ngx_whip_worker.conf->listen.nelts; i++) {
        sa = listen[i].sockaddr;

        if (!ngx_inet_wildcard(sa)) {
            n = ngx_whip_candidate_add(candidates, n, &listen[i].text,
                                       listen[i].port);
            continue;
        }

        for (k = 0; k < ngx_whip_candidate_nlocals; k++) {

            if (ngx_whip_candidate_locals[k].sockaddr.sockaddr.sa_family
                == sa->sa_family)
            {
                n = ngx_whip_candidate_add(candidates, n,
                                           &ngx_whip_candidate_locals[k].text,
                                           listen[i].port);
            }
        }
    }

tcp:

    udp = n;

    for (i = 0; i < udp && n < NGX_WHIP_CANDIDATES; i++) {
        candidates[n] = candidates[i];
        candidates[n].tcp = 1;
        candidates[n].priority = n;
        n++;
    }

    return n;
}


static ngx_uint_t
ngx_whip_candidate_add(ngx_whip_candidate_t *candidates, ngx_uint_t n,
    ngx_str_t *text, in_port_t port)
{
    if (n == NGX_WHIP_CANDIDATES / 2) {
        return n;
    }

    candidates[n].address = *text;
    candidates[n].port = port;
    candidates[n].priority = n;
    candidates[n].tcp = 0;

    return n + 1;
}


static void
ngx_whip_candidate_read(void)
{
    ngx_uint_t       worth;
    socklen_t        len;
    struct ifaddrs  *list, *ifa;

    if (ngx_whip_candidate_nlocals
        && ngx_current_msec - ngx_whip_candidate_read_at
           < NGX_WHIP_CANDIDATE_FRESH)
    {
        return;
    }

    ngx_whip_candidate_read_at = ngx_current_msec;
    ngx_whip_candidate_nlocals = 0;

    if (getifaddrs(&list) == -1) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                      "whip: getifaddrs() failed");
        return;
    }

    for (ifa = list; ifa; ifa = ifa->ifa_next) {
        worth = ngx_whip_candidate_worth(ifa);

        if (worth) {
            len = ifa->ifa_addr->sa_family == AF_INET
                  ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
            ngx_whip_candidate_insert(ifa->ifa_addr, len, worth);
        }
    }

    freeifaddrs(list);

    /* a machine by itself: who else could be asking? */

    while (ngx_whip_candidate_nlocals > 1
           && ngx_whip_candidate_locals[ngx_whip_candidate_nlocals - 1].worth
              == 1)
    {
        ngx_whip_candidate_nlocals--;
    }
}


/* 0: not to be told */

static ngx_uint_t
ngx_whip_candidate_worth(struct ifaddrs *ifa)
{
    in_addr_t             addr;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    if (ifa->ifa_addr == NULL || !(ifa->ifa_flags & IFF_UP)) {
        return 0;
    }

    /* bridges to the containers of this machine */

    if (ngx_strncmp(ifa->ifa_name, "docker", 6) == 0
        || ngx_strncmp(ifa->ifa_name, "br-", 3) == 0
        || ngx_strncmp(ifa->ifa_name, "virbr", 5) == 0)
    {
        return 0;
    }

    switch (ifa->ifa_addr->sa_family) {

    case AF_INET:

        if (ifa->ifa_flags & IFF_LOOPBACK) {
            return 1;
        }

        addr = ntohl(((struct sockaddr_in *) ifa->ifa_addr)->sin_addr.s_addr);

        if ((addr & 0xffff0000) == 0xa9fe0000) {         /* 169.254/16 */
            return 0;
        }

        return (addr & 0xff000000) == 0x0a000000         /* 10/8 */
               || (addr & 0xfff00000) == 0xac100000      /* 172.16/12 */
               || (addr & 0xffff0000) == 0xc0a80000      /* 192.168/16 */
               || (addr & 0xffc00000) == 0x64400000      /* 100.64/10 */
               ? 4 : 5;

#if (NGX_HAVE_INET6)

    case AF_INET6:

        sin6 = (struct sockaddr_in6 *) ifa->ifa_addr;

        if ((ifa->ifa_flags & IFF_LOOPBACK)
            || IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
        {
            return 0;
        }

        return (sin6->sin6_addr.s6_addr[0] & 0xfe) == 0xfc ? 2 : 3;

#endif

    default:
        return 0;
    }
}


static void
ngx_whip_candidate_insert(struct sockaddr *sa, socklen_t len, ngx_uint_t worth)
{
    ngx_uint_t                   i;
    ngx_whip_candidate_local_t  *local, *locals;

    locals = ngx_whip_candidate_locals;

    for (i = ngx_whip_candidate_nlocals; i > 0; i--) {

        if (locals[i - 1].worth >= worth) {
            break;
        }

        if (i < NGX_WHIP_CANDIDATE_LOCALS) {
            locals[i] = locals[i - 1];
            locals[i].text.data = locals[i].buf;
        }
    }

    if (i == NGX_WHIP_CANDIDATE_LOCALS) {
        return;
    }

    local = &locals[i];

    ngx_memcpy(&local->sockaddr, sa, len);
    local->socklen = len;
    local->worth = worth;
    local->text.data = local->buf;
    local->text.len = ngx_sock_ntop(sa, len, local->buf, NGX_SOCKADDR_STRLEN,
                                    0);

    if (ngx_whip_candidate_nlocals < NGX_WHIP_CANDIDATE_LOCALS) {
        ngx_whip_candidate_nlocals++;
    }
}
