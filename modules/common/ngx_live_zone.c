
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_zone.h"


ngx_int_t
ngx_live_zone_init(ngx_shm_zone_t *zone, void *data, uint64_t magic,
    size_t least, const char *name, void **fresh)
{
    ngx_live_zone_t *old = data;

    size_t            size;
    ngx_slab_pool_t  *shpool;
    ngx_live_zone_t  *shared;

    if (old) {
        if (old->magic != magic) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "%s: the registry in zone \"%V\" has another layout",
                          name, &zone->shm.name);
            return NGX_ERROR;
        }

        zone->data = old;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = shpool->data;
        return NGX_OK;
    }

    for (size = shpool->pfree * ngx_pagesize;
         size >= least;
         size -= ngx_pagesize)
    {
        shpool->log_nomem = 0;
        shared = ngx_slab_calloc(shpool, size);

        if (shared) {
            shpool->data = shared;
            shared->size = size;

            *fresh = shared;
            return NGX_DECLINED;
        }
    }

    ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                  "%s: zone \"%V\" is too small", name, &zone->shm.name);

    return NGX_ERROR;
}


void
ngx_live_zone_ready(ngx_shm_zone_t *zone, void *fresh, uint64_t magic)
{
    ngx_live_zone_t *shared = fresh;

    ngx_memory_barrier();
    shared->magic = magic;

    zone->data = shared;
}
