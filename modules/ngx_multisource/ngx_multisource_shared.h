
/*
 * Copyright (C) the ngx_live contributors
 *
 * The layout of the zone, for the files that own its parts: _registry the
 * sources, _refusals the addresses.
 */


#ifndef _NGX_MULTISOURCE_SHARED_H_INCLUDED_
#define _NGX_MULTISOURCE_SHARED_H_INCLUDED_


#include "ngx_live_zone.h"
#include "ngx_multisource_registry.h"


#define NGX_MULTISOURCE_MAGIC       0x6d73726300000004ULL   /* layout version */

#if (NGX_PTR_SIZE != 8)
#error tickets and commands of the registry need 64-bit atomics
#endif


typedef struct {
    ngx_atomic_t   address;         /* hash, 0: free */
    ngx_atomic_t   start;           /* monotonic, ms */
    ngx_atomic_t   failures;
    ngx_atomic_t   before;          /* failures in the window before */
} ngx_multisource_address_t;


struct ngx_multisource_shared_s {
    ngx_live_zone_t             zone;
    ngx_uint_t                  nslots;
    ngx_uint_t                  naddresses;
    size_t                      hash_offset;
    size_t                      slots_offset;
    size_t                      addresses_offset;

    ngx_atomic_t                tickets;
    ngx_atomic_t                version;
    ngx_atomic_t                high;       /* slots ever used */
    ngx_atomic_t                published;
    ngx_atomic_t                refused[NGX_MULTISOURCE_NREASONS];

    ngx_live_peers_shared_t     peers;
};


#endif /* _NGX_MULTISOURCE_SHARED_H_INCLUDED_ */
