
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_registry.h"


#define NGX_MULTISOURCE_MAGIC       0x6d73726300000001ULL   /* layout version */
#define NGX_MULTISOURCE_WORKERS     256
#define NGX_MULTISOURCE_READ_TRIES  64

#define NGX_MULTISOURCE_SIGNING     1           /* no worker has this token */

/* a worker that has not run for so long shows its sources as stalled ... */
#define NGX_MULTISOURCE_STALLED     5000        /* ms */
/* ... and then not at all; it may still wake up */
#define NGX_MULTISOURCE_HIDDEN      20000       /* ms */


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


static uint32_t ngx_multisource_registry_hash(u_char *app, size_t alen,
    u_char *streamer, size_t slen);
static ngx_uint_t ngx_multisource_registry_start_time(ngx_pid_t pid);
static ngx_multisource_peer_t *ngx_multisource_registry_peer(
    ngx_multisource_shared_t *shared, ngx_atomic_uint_t token);
static ngx_uint_t ngx_multisource_registry_alive(ngx_multisource_peer_t *peer);
static ngx_int_t ngx_multisource_registry_read(ngx_multisource_slot_t *slot,
    ngx_multisource_record_t *record);
static void ngx_multisource_registry_reap(ngx_multisource_registry_t *reg,
    ngx_multisource_peer_t *peer, ngx_atomic_uint_t token);
static void ngx_multisource_registry_clear(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot);
static void ngx_multisource_registry_publish(ngx_multisource_slot_t *slot,
    ngx_multisource_record_t *record);
static void ngx_multisource_registry_look(ngx_multisource_registry_t *reg,
    ngx_multisource_walk_t *walk, ngx_atomic_uint_t owner);


ngx_int_t
ngx_multisource_registry_init_zone(ngx_shm_zone_t *zone, void *data)
{
    size_t                     size, used;
    ngx_slab_pool_t           *shpool;
    ngx_multisource_shared_t  *shared, *old;

    old = data;

    if (old) {
        if (old->magic != NGX_MULTISOURCE_MAGIC) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "multisource: the registry in zone \"%V\" has "
                          "another layout", &zone->shm.name);
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

    /* one allocation for everything, none at run time */

    size = shpool->pfree * ngx_pagesize;
    shared = NULL;

    while (size >= NGX_MULTISOURCE_MIN_ZONE / 2) {
        shpool->log_nomem = 0;
        shared = ngx_slab_calloc(shpool, size);

        if (shared) {
            break;
        }

        size -= ngx_pagesize;
    }

    if (shared == NULL) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "multisource: zone \"%V\" is too small",
                      &zone->shm.name);
        return NGX_ERROR;
    }

    shpool->data = shared;

    shared->size = size;
    shared->naddresses = size / 32 / sizeof(ngx_multisource_address_t);

    used = ngx_align(sizeof(ngx_multisource_shared_t), 64);

    shared->addresses_offset = used;
    used += shared->naddresses * sizeof(ngx_multisource_address_t);

    shared->nslots = (size - used - 128)
                     / (sizeof(ngx_multisource_slot_t) + sizeof(uint32_t));

    shared->hash_offset = used;
    used = ngx_align(used + shared->nslots * sizeof(uint32_t), 64);

    shared->slots_offset = used;

    /* tokens and tickets start where those of an earlier zone cannot be */

    shared->tokens = (ngx_atomic_uint_t) ngx_time() << 16;
    shared->tickets = (ngx_atomic_uint_t) ngx_time() << 24;

    ngx_memory_barrier();
    shared->magic = NGX_MULTISOURCE_MAGIC;

    zone->data = shared;

    ngx_log_error(NGX_LOG_NOTICE, zone->shm.log, 0,
                  "multisource: new registry with room for %ui sources",
                  shared->nslots);

    return NGX_OK;
}


ngx_multisource_registry_t *
ngx_multisource_registry_open(ngx_pool_t *pool, ngx_shm_zone_t *zone,
    ngx_log_t *log)
{
    ngx_multisource_shared_t    *shared;
    ngx_multisource_registry_t  *reg;

    reg = ngx_pcalloc(pool, sizeof(ngx_multisource_registry_t));
    if (reg == NULL) {
        return NULL;
    }

    shared = zone->data;

    reg->shared = shared;
    reg->hash = (uint32_t *) ((u_char *) shared + shared->hash_offset);
    reg->slots = (ngx_multisource_slot_t *)
                     ((u_char *) shared + shared->slots_offset);
    reg->nslots = shared->nslots;
    reg->log = log;

    return reg;
}


static uint32_t
ngx_multisource_registry_hash(u_char *app, size_t alen, u_char *streamer,
    size_t slen)
{
    uint32_t  hash;

    ngx_crc32_init(hash);
    ngx_crc32_update(&hash, app, alen);
    ngx_crc32_update(&hash, (u_char *) "/", 1);
    ngx_crc32_update(&hash, streamer, slen);
    ngx_crc32_final(hash);

    return hash ? hash : 1;
}


/* field 22 of /proc/PID/stat; 0 when it cannot be read */

static ngx_uint_t
ngx_multisource_registry_start_time(ngx_pid_t pid)
{
    int         fd;
    u_char     *p, path[64], buf[512];
    ssize_t     n;
    ngx_uint_t  field;

    ngx_sprintf(path, "/proc/%P/stat%Z", pid);

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return 0;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf) - 1);

    (void) ngx_close_file(fd);

    if (n <= 0) {
        return 0;
    }

    buf[n] = '\0';

    /* the name, in parentheses, may hold spaces */

    p = (u_char *) strrchr((char *) buf, ')');

    for (field = 2; p && field < 22; field++) {
        p = (u_char *) ngx_strchr(p + 1, ' ');
    }

    return p ? (ngx_uint_t) strtoull((char *) p, NULL, 10) : 0;
}


ngx_int_t
ngx_multisource_registry_enter(ngx_multisource_registry_t *reg,
    ngx_uint_t generation, ngx_uint_t number)
{
    ngx_uint_t                 i, try;
    ngx_atomic_uint_t          token;
    ngx_multisource_peer_t    *peer;
    ngx_multisource_shared_t  *shared;

    shared = reg->shared;
    token = ngx_atomic_fetch_add(&shared->tokens, 1) + 1;

    for (try = 0; try < 2; try++) {

        for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
            peer = &shared->peers[i];

            if (peer->token != 0) {
                continue;
            }

            /* an entry that is being signed in must not look long dead */

            peer->beat = ngx_current_msec;
            ngx_memory_barrier();

            if (!ngx_atomic_cmp_set(&peer->token, 0, NGX_MULTISOURCE_SIGNING))
            {
                continue;
            }

            peer->pid = ngx_pid;
            peer->start = ngx_multisource_registry_start_time(ngx_pid);
            peer->generation = generation;
            peer->number = number;
            peer->beat = ngx_current_msec;
            ngx_memory_barrier();
            peer->token = token;

            reg->token = token;

            /* in place of one that has died, perhaps */

            ngx_multisource_registry_beat(reg);

            return NGX_OK;
        }

        ngx_multisource_registry_beat(reg);
    }

    ngx_log_error(NGX_LOG_ERR, reg->log, 0,
                  "multisource: more than %d workers are alive",
                  NGX_MULTISOURCE_WORKERS);

    return NGX_ERROR;
}


void
ngx_multisource_registry_leave(ngx_multisource_registry_t *reg)
{
    ngx_multisource_peer_t  *peer;

    if (reg->token == 0) {
        return;
    }

    peer = ngx_multisource_registry_peer(reg->shared, reg->token);

    if (peer) {
        ngx_multisource_registry_reap(reg, peer, reg->token);
    }

    reg->token = 0;
}


static ngx_multisource_peer_t *
ngx_multisource_registry_peer(ngx_multisource_shared_t *shared,
    ngx_atomic_uint_t token)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        if (shared->peers[i].token == token) {
            return &shared->peers[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_multisource_registry_alive(ngx_multisource_peer_t *peer)
{
    ngx_pid_t   pid;
    ngx_uint_t  start;

    pid = peer->pid;

    /* EPERM says nothing: `user` may have changed with a reload */

    if (kill(pid, 0) == -1 && ngx_errno == ESRCH) {
        return 0;
    }

    start = ngx_multisource_registry_start_time(pid);

    return start == 0 || start == peer->start;
}


void
ngx_multisource_registry_beat(ngx_multisource_registry_t *reg)
{
    ngx_uint_t                 i;
    ngx_atomic_uint_t          token;
    ngx_multisource_peer_t    *peer;
    ngx_multisource_shared_t  *shared;

    shared = reg->shared;

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        peer = &shared->peers[i];
        token = peer->token;

        if (token == 0) {
            continue;
        }

        if (token == reg->token) {
            peer->beat = ngx_current_msec;
            continue;
        }

        if (token == NGX_MULTISOURCE_SIGNING) {

            /* killed in the middle of it */

            if (ngx_multisource_elapsed(peer->beat) > NGX_MULTISOURCE_STALLED)
            {
                (void) ngx_atomic_cmp_set(&peer->token, token, 0);
            }

            continue;
        }

        /* if the entry is another's by then, the token is not */

        if (!ngx_multisource_registry_alive(peer)) {
            ngx_multisource_registry_reap(reg, peer, token);
        }
    }
}


/*
 * Frees the slots of a worker that is gone. Several workers may do so at once:
 * each slot is freed by whoever wins it, and a reaper that dies in the middle
 * leaves slots that carry its own token.
 */

static void
ngx_multisource_registry_reap(ngx_multisource_registry_t *reg,
    ngx_multisource_peer_t *peer, ngx_atomic_uint_t token)
{
    ngx_uint_t               i, n;
    ngx_atomic_uint_t        mine;
    ngx_multisource_slot_t  *slot;

    mine = reg->token ? reg->token : token;
    n = 0;

    for (i = 0; i < reg->shared->high && i < reg->nslots; i++) {
        slot = &reg->slots[i];

        if (slot->owner == token
            && ngx_atomic_cmp_set(&slot->owner, token, mine))
        {
            ngx_multisource_registry_clear(reg, slot);
            n++;
        }
    }

    /* the entry is free for others from here on: the token goes last */

    peer->pid = 0;
    ngx_memory_barrier();
    (void) ngx_atomic_cmp_set(&peer->token, token, 0);

    if (token != mine && n) {
        ngx_log_error(NGX_LOG_NOTICE, reg->log, 0,
                      "multisource: dropped %ui sources of a dead worker", n);
    }
}


static void
ngx_multisource_registry_clear(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot)
{
    reg->hash[slot - reg->slots] = 0;

    slot->ticket = 0;
    slot->command = 0;
    ngx_memory_barrier();
    slot->owner = 0;

    (void) ngx_atomic_fetch_add(&reg->shared->version, 1);
}


ngx_int_t
ngx_multisource_registry_worker(ngx_multisource_registry_t *reg,
    ngx_atomic_uint_t token, ngx_uint_t *generation, ngx_uint_t *number)
{
    ngx_multisource_peer_t  *peer;

    if (token == 0) {
        return NGX_DECLINED;
    }

    peer = ngx_multisource_registry_peer(reg->shared, token);

    if (peer == NULL || !ngx_multisource_registry_alive(peer)) {
        return NGX_DECLINED;
    }

    *generation = peer->generation;
    *number = peer->number;

    return NGX_OK;
}


ngx_uint_t
ngx_multisource_registry_generation(ngx_shm_zone_t *zone,
    ngx_uint_t generation)
{
    ngx_uint_t                 i;
    ngx_multisource_peer_t    *peer;
    ngx_multisource_shared_t  *shared;

    shared = zone->data;

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        peer = &shared->peers[i];

        if (peer->token > NGX_MULTISOURCE_SIGNING
            && peer->generation == generation
            && ngx_multisource_registry_alive(peer))
        {
            return 1;
        }
    }

    return 0;
}


ngx_multisource_slot_t *
ngx_multisource_registry_claim(ngx_multisource_registry_t *reg,
    ngx_multisource_record_t *record)
{
    ngx_uint_t               i;
    ngx_atomic_uint_t        high;
    ngx_multisource_slot_t  *slot;

    if (reg->token == 0) {
        return NULL;
    }

    for (i = 0; i < reg->nslots; i++) {
        slot = &reg->slots[i];

        if (slot->owner != 0
            || !ngx_atomic_cmp_set(&slot->owner, 0, reg->token))
        {
            continue;
        }

        for ( ;; ) {
            high = reg->shared->high;

            if (high > i
                || ngx_atomic_cmp_set(&reg->shared->high, high, i + 1))
            {
                break;
            }
        }

        slot->command = 0;
        ngx_multisource_registry_publish(slot, record);

        reg->hash[i] = ngx_multisource_registry_hash(
                           record->app, ngx_strlen(record->app),
                           record->streamer, ngx_strlen(record->streamer));

        slot->ticket = ngx_atomic_fetch_add(&reg->shared->tickets, 1) + 1;

        /*
         * Two workers that claim the same source at once both look for
         * rivals after this barrier, so at least one sees the other.
         */
        ngx_memory_barrier();

        (void) ngx_atomic_fetch_add(&reg->shared->published, 1);
        (void) ngx_atomic_fetch_add(&reg->shared->version, 1);

        return slot;
    }

    return NULL;
}


/*
 * Readers use the copy that is not being written; a worker stopped in the
 * middle of a write leaves the other copy whole.
 */

static void
ngx_multisource_registry_publish(ngx_multisource_slot_t *slot,
    ngx_multisource_record_t *record)
{
    ngx_atomic_uint_t  next;

    next = slot->seq + 1;

    slot->copy[next & 1] = *record;
    ngx_memory_barrier();
    slot->seq = next;
}


void
ngx_multisource_registry_update(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot, ngx_multisource_record_t *record)
{
    uint32_t                   hash;
    ngx_multisource_record_t  *old;

    old = &slot->copy[slot->seq & 1];

    if (old->revision != record->revision || old->state != record->state) {
        ngx_multisource_registry_publish(slot, record);

        hash = ngx_multisource_registry_hash(
                   record->app, ngx_strlen(record->app),
                   record->streamer, ngx_strlen(record->streamer));

        reg->hash[slot - reg->slots] = hash;

        ngx_memory_barrier();
        (void) ngx_atomic_fetch_add(&reg->shared->version, 1);
        return;
    }

    ngx_multisource_registry_publish(slot, record);
}


void
ngx_multisource_registry_release(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot)
{
    if (slot->owner == reg->token) {
        ngx_multisource_registry_clear(reg, slot);
    }
}


void
ngx_multisource_registry_end(ngx_multisource_slot_t *slot,
    ngx_atomic_uint_t ticket, ngx_uint_t reason)
{
    /* the ticket keeps a late command from the slot's next publish */

    slot->command = ticket << 8 | reason;
}


ngx_uint_t
ngx_multisource_registry_ended(ngx_multisource_slot_t *slot)
{
    ngx_uint_t         reason;
    ngx_atomic_uint_t  command;

    command = slot->command;
    reason = command & 0xff;

    return command >> 8 == slot->ticket && reason < NGX_MULTISOURCE_NREASONS
           ? reason : NGX_MULTISOURCE_OK;
}


static ngx_int_t
ngx_multisource_registry_read(ngx_multisource_slot_t *slot,
    ngx_multisource_record_t *record)
{
    ngx_uint_t         n;
    ngx_atomic_uint_t  seq;

    for (n = 0; n < NGX_MULTISOURCE_READ_TRIES; n++) {
        seq = slot->seq;
        ngx_memory_barrier();
        *record = slot->copy[seq & 1];
        ngx_memory_barrier();

        /* the copy read is written again only after the next one is shown */

        if (slot->seq == seq) {
            goto found;
        }
    }

    return NGX_ERROR;

found:

    /* lengths come from memory that others write: bound them */

    record->app[NGX_MULTISOURCE_APP_MAX - 1] = '\0';
    record->streamer[NGX_MULTISOURCE_NAME_MAX] = '\0';
    record->source[NGX_MULTISOURCE_NAME_MAX] = '\0';
    record->video.codec[NGX_MULTISOURCE_CODEC_MAX - 1] = '\0';
    record->audio.codec[NGX_MULTISOURCE_CODEC_MAX - 1] = '\0';

    return NGX_OK;
}


ngx_int_t
ngx_multisource_registry_next(ngx_multisource_registry_t *reg,
    ngx_multisource_walk_t *walk, ngx_multisource_entry_t *entry)
{
    uint32_t                   hash;
    ngx_uint_t                 i, high;
    ngx_multisource_slot_t    *slot;
    ngx_multisource_record_t  *record;

    hash = 0;

    if (walk->app && walk->streamer) {
        hash = ngx_multisource_registry_hash(walk->app->data, walk->app->len,
                                             walk->streamer->data,
                                             walk->streamer->len);
    }

    record = &entry->record;
    high = ngx_min((ngx_uint_t) reg->shared->high, reg->nslots);

    while (walk->next < high) {
        i = walk->next++;
        slot = &reg->slots[i];

        if (reg->hash[i] == 0 || (hash && reg->hash[i] != hash)) {
            continue;
        }

        entry->slot = slot;
        entry->owner = slot->owner;
        entry->ticket = slot->ticket;

        if (entry->owner == 0 || entry->ticket == 0
            || slot->command >> 8 == entry->ticket
            || ngx_multisource_registry_read(slot, record) != NGX_OK)
        {
            continue;
        }

        if (walk->app
            && (ngx_strlen(record->app) != walk->app->len
                || ngx_memcmp(record->app, walk->app->data, walk->app->len)
                   != 0))
        {
            continue;
        }

        if (walk->streamer
            && (ngx_strlen(record->streamer) != walk->streamer->len
                || ngx_memcmp(record->streamer, walk->streamer->data,
                              walk->streamer->len)
                   != 0))
        {
            continue;
        }

        if (!walk->pending && record->state != NGX_MULTISOURCE_LIVE) {
            continue;
        }

        if (walk->owner != entry->owner) {
            ngx_multisource_registry_look(reg, walk, entry->owner);
        }

        if (!walk->visible) {
            continue;
        }

        entry->pid = walk->pid;
        entry->stalled = walk->stalled
                         || ngx_multisource_elapsed(record->last_media)
                            > NGX_MULTISOURCE_STALLED;

        /* freed or taken by another publish while it was read */

        if (slot->ticket != entry->ticket || slot->owner != entry->owner) {
            continue;
        }

        return NGX_OK;
    }

    return NGX_DONE;
}


/* how the worker is that owns a slot: dead ones are not always reaped yet */

static void
ngx_multisource_registry_look(ngx_multisource_registry_t *reg,
    ngx_multisource_walk_t *walk, ngx_atomic_uint_t owner)
{
    ngx_msec_t               silent;
    ngx_multisource_peer_t  *peer;

    walk->owner = owner;
    walk->pid = ngx_pid;
    walk->visible = 1;
    walk->stalled = 0;

    if (owner == reg->token) {
        return;
    }

    peer = ngx_multisource_registry_peer(reg->shared, owner);

    if (peer == NULL) {
        walk->visible = 0;
        return;
    }

    walk->pid = peer->pid;

    silent = ngx_multisource_elapsed(peer->beat);

    walk->stalled = silent > NGX_MULTISOURCE_STALLED;
    walk->visible = silent <= NGX_MULTISOURCE_HIDDEN;

    /* one system call; the pid's reuse is for the next beat to find out */

    if (kill(walk->pid, 0) == -1 && ngx_errno == ESRCH) {
        walk->visible = 0;
    }
}


ngx_atomic_uint_t
ngx_multisource_registry_version(ngx_multisource_registry_t *reg)
{
    return reg->shared->version;
}


void
ngx_multisource_registry_count(ngx_multisource_registry_t *reg,
    ngx_uint_t reason)
{
    (void) ngx_atomic_fetch_add(&reg->shared->refused[reason], 1);
}


void
ngx_multisource_registry_totals(ngx_multisource_registry_t *reg,
    ngx_multisource_totals_t *totals)
{
    ngx_uint_t                 i;
    ngx_multisource_peer_t    *peer;
    ngx_multisource_shared_t  *shared;

    shared = reg->shared;

    ngx_memzero(totals, sizeof(ngx_multisource_totals_t));

    totals->nslots = reg->nslots;
    totals->published = shared->published;

    for (i = 0; i < NGX_MULTISOURCE_NREASONS; i++) {
        totals->refused[i] = shared->refused[i];
    }

    for (i = 0; i < shared->high && i < reg->nslots; i++) {
        if (reg->slots[i].owner) {
            totals->used++;
        }
    }

    for (i = 0; i < NGX_MULTISOURCE_WORKERS; i++) {
        peer = &shared->peers[i];

        if (peer->token > NGX_MULTISOURCE_SIGNING
            && ngx_multisource_registry_alive(peer))
        {
            totals->workers++;
        }
    }
}


ngx_uint_t
ngx_multisource_registry_failures(ngx_multisource_registry_t *reg,
    struct sockaddr *sa, ngx_msec_t time, ngx_uint_t failed)
{
    size_t                      len;
    u_char                     *p;
    ngx_uint_t                  i, set;
    ngx_msec_t                  age;
    ngx_atomic_uint_t           address;
    ngx_multisource_address_t  *a, *table, *oldest;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6        *sin6;
#endif

    if (sa == NULL || reg->shared->naddresses < 4) {
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
                ((u_char *) reg->shared + reg->shared->addresses_offset);

    /* four places an address may be at */

    set = (address >> 32) % (reg->shared->naddresses - 3);
    oldest = &table[set];
    a = NULL;

    for (i = set; i < set + 4; i++) {
        if (table[i].address == address) {
            a = &table[i];
            break;
        }

        if (table[i].address == 0
            || ngx_multisource_elapsed(table[i].start)
               > ngx_multisource_elapsed(oldest->start))
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

    age = ngx_multisource_elapsed(a->start);

    if (age >= time) {
        a->before = age < 2 * time ? a->failures : 0;
        a->failures = 0;
        a->start = age < 2 * time ? a->start + time : ngx_current_msec;
        age = ngx_multisource_elapsed(a->start);
    }

    if (failed) {
        (void) ngx_atomic_fetch_add(&a->failures, 1);
    }

    return a->failures + a->before * (time - age) / time;
}
