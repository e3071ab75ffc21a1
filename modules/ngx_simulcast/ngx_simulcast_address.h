
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: which addresses a destination may have. Who may name a destination by
 * the API must not reach what only this machine can reach.
 */


#ifndef _NGX_SIMULCAST_ADDRESS_H_INCLUDED_
#define _NGX_SIMULCAST_ADDRESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#pragma GCC visibility push(hidden)

/*
 * Nonzero when the address is of the public internet: not unspecified, loopback,
 * private, link-local, shared (100.64/10), benchmarking, documentation,
 * multicast, reserved or broadcast; IPv6 likewise (::1, ::, fc00::/7, fe80::/10,
 * fec0::/10, ff00::/8, 2001:db8::/32, 100::/64), and IPv4 inside of it (mapped,
 * compatible, 6to4, Teredo, NAT64 64:ff9b::/96) by the rules of IPv4.
 */
ngx_uint_t ngx_simulcast_address_public(struct sockaddr *sa);

/*
 * Nonzero when it lies in one of `allow`, an array of ngx_cidr_t (may be NULL).
 * A mapped IPv4 address matches IPv4 networks.
 */
ngx_uint_t ngx_simulcast_address_allowed(ngx_array_t *allow,
    struct sockaddr *sa);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_ADDRESS_H_INCLUDED_ */
