
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_zone.h"
#include "ngx_whip_registry.h"


#define NGX_WHIP_MAGIC         0x7768697000000001ULL    /* layout version */

/* addresses whose rate is known at a time, and the places of each */

#define NGX_WHIP_ADDRESSES     1024
#define NGX_WHIP_ADDRESS_WAYS  4

#if (NGX_PTR_SIZE != 8)
#error the registry needs 64-bit atomics
#endif


/*
 * An address spends `time / number` of its time line with each offer, and may
 * be ahead of the clock by `time`.
 */

typedef struct {
    ngx_atomic_t             address;    /* hash, 0: free */
    ngx_atomic_t             until;      /* monotonic, ms */
} ngx_whip_address_t;


struct ngx_whip_shared_s {
    ngx_live_zone_t          zone;
    ngx_uint_t               nslots;

    ngx_atomic_t             high;       /* slots ever used */
    ngx_atomic_t             started;
    ngx_atomic_t             strays;
    ngx_atomic_t             reasons[NGX_WHIP_NREASONS];

    ngx_live_peers_shared_t  peers;
    ngx_whip_address_t       addresses[NGX_WHIP_ADDRESSES];
    ngx_whip_slot_t          slots[];
};


static ngx_uint_t ngx_whip_registry_drop(void *data, ngx_atomic_uint_t token);
static ngx_atomic_uint_t ngx_whip_registry_address(struct sockaddr *sa);


size_t
ngx_whip_registry_min_size(void)
{
    return sizeof(ngx_whip_shared_t) + 64 * sizeof(ngx_whip_slot_t)
           + 16 * ngx_pagesize;
}


ngx_int_t
ngx_whip_registry_init_zone(ngx_shm_zone_t *zone, void *data)
{
    void               *fresh;
    ngx_int_t           rc;
    ngx_whip_shared_t  *shared;

    rc = ngx_live_zone_init(zone, data, NGX_WHIP_MAGIC,
                            sizeof(ngx_whip_shared_t)
                            + 16 * sizeof(ngx_whip_slot_t) + 1,
                            "whip", &fresh);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    shared = fresh;

    shared->nslots = (shared->zone.size - sizeof(ngx_whip_shared_t))
                     / sizeof(ngx_whip_slot_t);

    /* tokens start where those of an earlier zone cannot be */

    shared->peers.tokens = ((ngx_atomic_uint_t) ngx_time() << 22)
                           + ((ngx_atomic_uint_t) ngx_pid << 8);

    ngx_live_zone_ready(zone, shared, NGX_WHIP_MAGIC);

    ngx_log_error(NGX_LOG_NOTICE, zone->shm.log, 0,
                  "whip: new registry with room for %ui sessions",
                  shared->nslots);

    return NGX_OK;
}


ngx_live_peers_shared_t *
ngx_whip_registry_peers(ngx_shm_zone_t *zone)
{
    ngx_whip_shared_t  *shared;

    shared = zone->data;

    return &shared->peers;
}


void
ngx_whip_registry_open(ngx_whip_registry_t *reg, ngx_shm_zone_t *zone,
    ngx_log_t *log)
{
    reg->shared = zone->data;
    reg->log = log;

    reg->peers.shared = &reg->shared->peers;
    reg->peers.drop = ngx_whip_registry_drop;
    reg->peers.data = reg;
    reg->peers.log = log;
    reg->peers.name = "whip";
}


static ngx_uint_t
ngx_whip_registry_drop(void *data, ngx_atomic_uint_t token)
{
    ngx_whip_registry_t *reg = data;

    ngx_uint_t        i, n, high;
    ngx_whip_slot_t  *slot;

    n = 0;
    high = ngx_min(reg->shared->high, reg->shared->nslots);

    for (i = 0; i < high; i++) {
        slot = &reg->shared->slots[i];

        if (slot->owner == token
            && ngx_atomic_cmp_set(&slot->owner, token, 0))
        {
            if (slot->state != NGX_WHIP_ASKING) {
                ngx_whip_registry_reason(reg, NGX_WHIP_WORKER_DIED);
            }

            n++;
        }
    }

    return n;
}


ngx_whip_slot_t *
ngx_whip_registry_claim(ngx_whip_registry_t *reg, ngx_uint_t scope,
    struct sockaddr *client)
{
    ngx_uint_t         i;
    ngx_whip_slot_t   *slot;
    ngx_atomic_uint_t  high;

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

        slot->state = NGX_WHIP_ASKING;
        slot->scope = scope;
        slot->address = ngx_whip_registry_address(client);

        /* whoever was killed while it wrote has left an odd number */

        slot->sequence |= 1;
        ngx_memory_barrier();
        ngx_memzero(&slot->stats, sizeof(ngx_whip_stats_t));
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
ngx_whip_registry_release(ngx_whip_slot_t *slot)
{
    slot->state = NGX_WHIP_CLOSED;
    ngx_memory_barrier();
    slot->owner = 0;
}


void
ngx_whip_registry_state(ngx_whip_slot_t *slot, ngx_uint_t state)
{
    slot->state = state;
}


void
ngx_whip_registry_write(ngx_whip_slot_t *slot, ngx_whip_stats_t *stats)
{
    slot->sequence++;
    ngx_memory_barrier();
    slot->stats = *stats;
    ngx_memory_barrier();
    slot->sequence++;
}


ngx_int_t
ngx_whip_registry_next(ngx_whip_registry_t *reg, ngx_uint_t *n,
    ngx_uint_t *state, ngx_whip_stats_t *stats)
{
    ngx_uint_t          try, high;
    ngx_whip_slot_t    *slot;
    ngx_atomic_uint_t   sequence;

    high = ngx_min(reg->shared->high, reg->shared->nslots);

    for ( /* void */ ; *n < high; (*n)++) {
        slot = &reg->shared->slots[*n];

        for (try = 0; slot->owner && try < 16; try++) {
            sequence = slot->sequence;
            ngx_memory_barrier();

            *state = slot->state;
            *stats = slot->stats;

            ngx_memory_barrier();

            if ((sequence & 1) == 0 && slot->sequence == sequence
                && *state < NGX_WHIP_CLOSED && slot->owner)
            {
                (*n)++;
                return NGX_OK;
            }
        }
    }

    return NGX_DECLINED;
}


void
ngx_whip_registry_count(ngx_whip_registry_t *reg, ngx_uint_t scope,
    struct sockaddr *client, ngx_uint_t *sessions, ngx_uint_t *pending)
{
    ngx_uint_t          i, high;
    ngx_whip_slot_t    *slot;
    ngx_atomic_uint_t   address;

    *sessions = 0;
    *pending = 0;

    address = ngx_whip_registry_address(client);
    high = ngx_min(reg->shared->high, reg->shared->nslots);

    for (i = 0; i < high; i++) {
        slot = &reg->shared->slots[i];

        if (slot->owner == 0 || slot->state == NGX_WHIP_CLOSED) {
            continue;
        }

        if (slot->scope == scope) {
            (*sessions)++;
        }

        if (slot->address == address && slot->state < NGX_WHIP_CONNECTED) {
            (*pending)++;
        }
    }
}


ngx_int_t
ngx_whip_registry_rate(ngx_whip_registry_t *reg, struct sockaddr *client,
    ngx_uint_t number, ngx_msec_t time)
{
    ngx_uint_t           i, set;
    ngx_atomic_int_t     now, until, ahead;
    ngx_atomic_uint_t    address;
    ngx_whip_address_t  *a, *table, *oldest;

    if (number == 0) {
        return NGX_OK;
    }

    now = ngx_current_msec;
    address = ngx_whip_registry_address(client);
    set = (address >> 32) % (NGX_WHIP_ADDRESSES / NGX_WHIP_ADDRESS_WAYS);
    table = &reg->shared->addresses[set * NGX_WHIP_ADDRESS_WAYS];

    a = NULL;
    oldest = table;

    for (i = 0; i < NGX_WHIP_ADDRESS_WAYS; i++) {
        if (table[i].address == address) {
            a = &table[i];
            break;
        }

        if ((ngx_atomic_int_t) (table[i].until - oldest->until) < 0) {
            oldest = &table[i];
        }
    }

    if (a == NULL) {
        a = oldest;
        a->until = now;
        a->address = address;
    }

    for (i = 0; i < 100; i++) {
        until = a->until;
        ahead = until - now;

        if (ahead < 0 || ahead > (ngx_atomic_int_t) (2 * time)) {
            ahead = 0;
        }

        ahead += time / number;

        if (ahead > (ngx_atomic_int_t) time) {
            return NGX_DECLINED;
        }

        if (ngx_atomic_cmp_set(&a->until, until, now + ahead)) {
            break;
        }
    }

    return NGX_OK;
}


/* never 0; an IPv6 network counts as one address */

static ngx_atomic_uint_t
ngx_whip_registry_address(struct sockaddr *sa)
{
    size_t                len;
    u_char               *p;
    ngx_atomic_uint_t     address;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

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
        return 1;
    }

    address = 0;
    ngx_memcpy(&address, p, len);
    address = (address + 1) * 0x9e3779b97f4a7c15ULL;

    return address ? address : 1;
}


void
ngx_whip_registry_reason(ngx_whip_registry_t *reg, ngx_uint_t reason)
{
    (void) ngx_atomic_fetch_add(&reg->shared->reasons[reason], 1);
}


uint64_t
ngx_whip_registry_reasons(ngx_whip_registry_t *reg, ngx_uint_t reason)
{
    return reg->shared->reasons[reason];
}


void
ngx_whip_registry_started(ngx_whip_registry_t *reg)
{
    (void) ngx_atomic_fetch_add(&reg->shared->started, 1);
}


uint64_t
ngx_whip_registry_total(ngx_whip_registry_t *reg)
{
    return reg->shared->started;
}


void
ngx_whip_registry_strays(ngx_whip_registry_t *reg, ngx_uint_t n)
{
    (void) ngx_atomic_fetch_add(&reg->shared->strays, n);
}


uint64_t
ngx_whip_registry_stray_total(ngx_whip_registry_t *reg)
{
    return reg->shared->strays;
}
