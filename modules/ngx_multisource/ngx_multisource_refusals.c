
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_refusals.h"
#include "ngx_multisource_shared.h"


static ngx_uint_t ngx_multisource_refusals_count(
    ngx_multisource_app_conf_t *conf, struct sockaddr *sa, ngx_uint_t failed);


ngx_uint_t
ngx_multisource_refusals_exceeded(ngx_multisource_app_conf_t *conf,
    struct sockaddr *sa)
{
    return conf->refuse_number
           && ngx_multisource_refusals_count(conf, sa, 0)
              >= conf->refuse_number;
}


void
ngx_multisource_refusals_add(ngx_multisource_app_conf_t *conf,
    struct sockaddr *sa)
{
    (void) ngx_multisource_refusals_count(conf, sa, 1);
}

static ngx_uint_t
ngx_multisource_refusals_count(ngx_multisource_app_conf_t *conf,
    struct sockaddr *sa, ngx_uint_t failed)
{
    size_t                      len;
    u_char                     *p;
    ngx_uint_t                  i, set;
    ngx_msec_t                  age, time;
    ngx_atomic_uint_t           address;
    ngx_multisource_address_t  *a, *table, *oldest;
    ngx_multisource_shared_t   *shared;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6        *sin6;
#endif

    shared = ngx_multisource_worker.registry.shared;
    time = conf->refuse_time;

    if (sa == NULL || conf->refuse_number == 0 || shared->naddresses < 4) {
        return 0;
    }

    switch (sa->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        p = sin6->sin6_addr.s6_addr;
        len = 8;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            p += 12;
            len = 4;
        }

        break;
#endif

    case AF_INET:
        p = (u_char *) &((struct sockaddr_in *) sa)->sin_addr;
        len = 4;
        break;

    default:
        return 0;
    }

    address = 0;
    ngx_memcpy(&address, p, len);
    address = address * 0x9e3779b97f4a7c15ULL + 1;
    address = address ? address : 1;

    table = (ngx_multisource_address_t *)
                ((u_char *) shared + shared->addresses_offset);

    /* four places an address may be at */

    set = (address >> 32) % (shared->naddresses - 3);
    oldest = &table[set];
    a = NULL;

    for (i = set; i < set + 4; i++) {
        if (table[i].address == address) {
            a = &table[i];
            break;
        }

        if (table[i].address == 0
            || ngx_live_peers_elapsed(table[i].start)
               > ngx_live_peers_elapsed(oldest->start))
        {
            oldest = &table[i];
        }
    }

    if (a == NULL) {

        if (!failed) {
            return 0;
        }

        a = oldest;
        a->start = ngx_current_msec;
        a->failures = 0;
        a->before = 0;
        a->address = address;
    }

    /* a window that slides: the part of the last one that still counts */

    age = ngx_live_peers_elapsed(a->start);

    if (age >= time) {
        a->before = age < 2 * time ? a->failures : 0;
        a->failures = 0;
        a->start = age < 2 * time ? a->start + time : ngx_current_msec;
        age = ngx_live_peers_elapsed(a->start);
    }

    if (failed) {
        (void) ngx_atomic_fetch_add(&a->failures, 1);
    }

    return a->failures + a->before * (time - age) / time;
}
