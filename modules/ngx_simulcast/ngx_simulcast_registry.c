
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_zone.h"
#include "ngx_simulcast_registry.h"


#define NGX_SIMULCAST_MAGIC  0x73696d7500000001ULL      /* layout version */

#if (NGX_PTR_SIZE != 8)
#error the registry needs 64-bit atomics
#endif


struct ngx_simulcast_shared_s {
    ngx_live_zone_t          zone;
    ngx_uint_t               nslots;

    ngx_atomic_t             high;           /* slots ever used */
    ngx_atomic_t             reasons[NGX_SIMULCAST_NREASONS];

    ngx_live_peers_shared_t  peers;
    ngx_simulcast_slot_t     slots[];
};


static ngx_uint_t ngx_simulcast_registry_drop(void *data,
    ngx_atomic_uint_t token);


ngx_simulcast_registry_t  ngx_simulcast_registry;


size_t
ngx_simulcast_registry_min_size(void)
{
    return sizeof(ngx_simulcast_shared_t) + 32 * sizeof(ngx_simulcast_slot_t)
           + 16 * ngx_pagesize;
}


ngx_int_t
ngx_simulcast_registry_init_zone(ngx_shm_zone_t *zone, void *data)
{
    void                    *fresh;
    ngx_int_t                rc;
    ngx_simulcast_shared_t  *shared;

    rc = ngx_live_zone_init(zone, data, NGX_SIMULCAST_MAGIC,
                            sizeof(ngx_simulcast_shared_t)
                            + 16 * sizeof(ngx_simulcast_slot_t) + 1,
                            "simulcast", &fresh);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    shared = fresh;

    shared->nslots = (shared->zone.size - sizeof(ngx_simulcast_shared_t))
                     / sizeof(ngx_simulcast_slot_t);

    /* tokens start where those of an earlier zone cannot be */

    shared->peers.tokens = ((ngx_atomic_uint_t) ngx_time() << 22)
                           + ((ngx_atomic_uint_t) ngx_pid << 8);

    ngx_live_zone_ready(zone, shared, NGX_SIMULCAST_MAGIC);

    ngx_log_error(NGX_LOG_NOTICE, zone->shm.log, 0,
                  "simulcast: new registry with room for %ui destinations",
                  shared->nslots);

    return NGX_OK;
}


void
ngx_simulcast_registry_open(ngx_shm_zone_t *zone, ngx_log_t *log)
{
    ngx_simulcast_registry_t  *reg;

    reg = &ngx_simulcast_registry;

    reg->shared = zone->data;
    reg->log = log;

    reg->peers.shared = &reg->shared->peers;
    reg->peers.drop = ngx_simulcast_registry_drop;
    reg->peers.data = reg;
    reg->peers.log = log;
    reg->peers.name = "simulcast";
}


static ngx_uint_t
ngx_simulcast_registry_drop(void *data, ngx_atomic_uint_t token)
{
    ngx_simulcast_registry_t *reg = data;

    ngx_uint_t             i, n, high;
    ngx_simulcast_slot_t  *slot;

    n = 0;
    high = ngx_min(reg->shared->high, reg->shared->nslots);

    for (i = 0; i < high; i++) {
        slot = &reg->shared->slots[i];

        if (slot->owner == token
            && ngx_atomic_cmp_set(&slot->owner, token, 0))
        {
            n++;
        }
    }

    return n;
}


ngx_simulcast_slot_t *
ngx_simulcast_registry_claim(void)
{
    ngx_uint_t                 i;
    ngx_atomic_uint_t          high;
    ngx_simulcast_slot_t      *slot;
    ngx_simulcast_registry_t  *reg;

    reg = &ngx_simulcast_registry;

    if (reg->peers.token == 0) {
        return NULL;
    }

    for (i = 0; i < reg->shared->nslots; i++) {
        slot = &reg->shared->slots[i];

        if (slot->owner != 0
            || !ngx_atomic_cmp_set(&slot->owner, 0, reg->peers.token))
        {
            continue;
        }

        /* whoever was killed while it wrote has left an odd number */

        slot->sequence |= 1;
        ngx_memory_barrier();
        ngx_memzero(&slot->stats, sizeof(ngx_simulcast_stats_t));
        ngx_memory_barrier();
        slot->sequence++;

        do {
            high = reg->shared->high;
        } while (high < i + 1
                 && !ngx_atomic_cmp_set(&reg->shared->high, high, i + 1));

        return slot;
    }

    return NULL;
}


void
ngx_simulcast_registry_release(ngx_simulcast_slot_t *slot)
{
    slot->owner = 0;
}


void
ngx_simulcast_registry_write(ngx_simulcast_slot_t *slot,
    ngx_simulcast_stats_t *stats)
{
    slot->sequence++;
    ngx_memory_barrier();
    slot->stats = *stats;
    ngx_memory_barrier();
    slot->sequence++;
}


ngx_int_t
ngx_simulcast_registry_next(ngx_uint_t *n, ngx_simulcast_stats_t *stats)
{
    ngx_uint_t                 try, high;
    ngx_atomic_uint_t          sequence;
    ngx_simulcast_slot_t      *slot;
    ngx_simulcast_registry_t  *reg;

    reg = &ngx_simulcast_registry;

    if (reg->shared == NULL) {
        return NGX_DECLINED;
    }

    high = ngx_min(reg->shared->high, reg->shared->nslots);

    for ( /* void */ ; *n < high; (*n)++) {
        slot = &reg->shared->slots[*n];

        for (try = 0; slot->owner && try < 16; try++) {
            sequence = slot->sequence;
            ngx_memory_barrier();

            *stats = slot->stats;

            ngx_memory_barrier();

            if ((sequence & 1) == 0 && slot->sequence == sequence
                && slot->owner && stats->id[0])
            {
                (*n)++;
                return NGX_OK;
            }
        }
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_simulcast_registry_slots(void)
{
    return ngx_simulcast_registry.shared ? ngx_simulcast_registry.shared->nslots
                                         : 0;
}


void
ngx_simulcast_registry_reason(ngx_uint_t reason)
{
    if (ngx_simulcast_registry.shared) {
        (void) ngx_atomic_fetch_add(
                         &ngx_simulcast_registry.shared->reasons[reason], 1);
    }
}


uint64_t
ngx_simulcast_registry_reasons(ngx_uint_t reason)
{
    return ngx_simulcast_registry.shared
           ? ngx_simulcast_registry.shared->reasons[reason] : 0;
}
