
/*
 * Copyright (C) the ngx_live contributors
 *
 * The layout of the zone, for the files that own its parts: _registry the
 * sources, _peers the workers, _refusals the addresses.
 */


#ifndef _NGX_MULTISOURCE_SHARED_H_INCLUDED_
#define _NGX_MULTISOURCE_SHARED_H_INCLUDED_


#include "ngx_multisource_registry.h"


#define NGX_MULTISOURCE_MAGIC       0x6d73726300000001ULL   /* layout version */
#define NGX_MULTISOURCE_WORKERS     256

#if (NGX_PTR_SIZE != 8)
#error tickets and commands of the registry need 64-bit atomics
#endif


/*
 * A worker signs in by a compare-and-swap of `token` from 0 to a reserved one,
 * fills its entry and sets its own. The start time tells it from a later
 * process with the same pid.
 */

typedef struct {
    ngx_atomic_t   token;
    ngx_atomic_t   pid;
    ngx_atomic_t   start;           /* clock ticks since boot, proc(5) */
    ngx_atomic_t   beat;            /* monotonic, ms */
    ngx_atomic_t   generation;
    ngx_atomic_t   number;
} ngx_multisource_peer_t;


typedef struct {
    ngx_atomic_t   address;         /* hash, 0: free */
    ngx_atomic_t   start;           /* monotonic, ms */
    ngx_atomic_t   failures;
    ngx_atomic_t   before;          /* failures in the window before */
} ngx_multisource_address_t;


struct ngx_multisource_shared_s {
    uint64_t                    magic;
    size_t                      size;
    ngx_uint_t                  nslots;
    ngx_uint_t                  naddresses;
    size_t                      hash_offset;
    size_t                      slots_offset;
    size_t                      addresses_offset;

    ngx_atomic_t                tokens;     /* last one given */
    ngx_atomic_t                tickets;
    ngx_atomic_t                version;
    ngx_atomic_t                high;       /* slots ever used */
    ngx_atomic_t                published;
    ngx_atomic_t                refused[NGX_MULTISOURCE_NREASONS];

    ngx_multisource_peer_t      peers[NGX_MULTISOURCE_WORKERS];
};


#endif /* _NGX_MULTISOURCE_SHARED_H_INCLUDED_ */
