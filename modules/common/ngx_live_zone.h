
/*
 * Copyright (C) the ngx_live contributors
 *
 * The shared memory of a module: one allocation for everything when the zone is
 * new, none at run time, where a worker that is killed in the middle would
 * corrupt it, and kept over reloads.
 */


#ifndef _NGX_LIVE_ZONE_H_INCLUDED_
#define _NGX_LIVE_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* begins what a module has in its zone */

typedef struct {
    uint64_t     magic;         /* of the layout; 0 until all of it is set */
    size_t       size;          /* bytes, this included */
} ngx_live_zone_t;


#pragma GCC visibility push(hidden)

/*
 * For init of ngx_shm_zone_t, with its data. NGX_OK: what was there is kept, and
 * zone->data is set. NGX_DECLINED: *fresh is new and zero but for its size, of at
 * least `least` bytes: to be laid out, and then given to ngx_live_zone_ready().
 * NGX_ERROR is logged, in lines that begin with `name`.
 */
ngx_int_t ngx_live_zone_init(ngx_shm_zone_t *zone, void *data, uint64_t magic,
    size_t least, const char *name, void **fresh);

void ngx_live_zone_ready(ngx_shm_zone_t *zone, void *fresh, uint64_t magic);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_ZONE_H_INCLUDED_ */
