
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_registry.h"
#include "ngx_multisource_shared.h"


#define NGX_MULTISOURCE_READ_TRIES  64

/* what a message begins with that is more than "look" */
#define NGX_MULTISOURCE_TOLD        'm'


static uint32_t ngx_multisource_registry_hash(u_char *app, size_t alen,
    u_char *streamer, size_t slen);
static ngx_uint_t ngx_multisource_registry_drop(void *data,
    ngx_atomic_uint_t token);
static ngx_int_t ngx_multisource_registry_read(ngx_multisource_slot_t *slot,
    ngx_multisource_record_t *record);
static void ngx_multisource_registry_clear(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot);
static void ngx_multisource_registry_publish(ngx_multisource_slot_t *slot,
    ngx_multisource_record_t *record);


ngx_int_t
ngx_multisource_registry_init_zone(ngx_shm_zone_t *zone, void *data)
{
    void                      *fresh;
    size_t                     size, used;
    ngx_int_t                  rc;
    ngx_multisource_shared_t  *shared;

    rc = ngx_live_zone_init(zone, data, NGX_MULTISOURCE_MAGIC,
                            NGX_MULTISOURCE_MIN_ZONE / 2, "multisource",
                            &fresh);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    shared = fresh;
    size = shared->zone.size;

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

    shared->peers.tokens = (ngx_atomic_uint_t) ngx_time() << 16;
    shared->tickets = (ngx_atomic_uint_t) ngx_time() << 24;

    ngx_live_zone_ready(zone, shared, NGX_MULTISOURCE_MAGIC);

    ngx_log_error(NGX_LOG_NOTICE, zone->shm.log, 0,
                  "multisource: new registry with room for %ui sources",
                  shared->nslots);

    return NGX_OK;
}


void
ngx_multisource_registry_open(ngx_multisource_registry_t *reg,
    ngx_shm_zone_t *zone, ngx_live_channel_t *channel, ngx_log_t *log)
{
    ngx_multisource_shared_t  *shared;

    shared = zone->data;

    ngx_memzero(reg, sizeof(ngx_multisource_registry_t));

    reg->shared = shared;
    reg->hash = (uint32_t *) ((u_char *) shared + shared->hash_offset);
    reg->slots = (ngx_multisource_slot_t *)
                     ((u_char *) shared + shared->slots_offset);
    reg->nslots = shared->nslots;
    reg->channel = channel;

    reg->peers.shared = &shared->peers;
    reg->peers.drop = ngx_multisource_registry_drop;
    reg->peers.data = reg;
    reg->peers.log = log;
    reg->peers.name = "multisource";
}


ngx_live_peers_shared_t *
ngx_multisource_registry_peers(ngx_shm_zone_t *zone)
{
    ngx_multisource_shared_t  *shared;

    shared = zone->data;

    return &shared->peers;
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


/* the slots of a worker that is gone, or that leaves */

static ngx_uint_t
ngx_multisource_registry_drop(void *data, ngx_atomic_uint_t token)
{
    ngx_uint_t                   i, n;
    ngx_multisource_slot_t      *slot;
    ngx_multisource_registry_t  *reg;

    reg = data;
    n = 0;

    for (i = 0; i < reg->shared->high && i < reg->nslots; i++) {
        slot = &reg->slots[i];

        /* in my name it is freed by others if I die in the middle of this */

        if (slot->owner == token
            && ngx_atomic_cmp_set(&slot->owner, token, reg->peers.token))
        {
            ngx_multisource_registry_clear(reg, slot);
            n++;
        }
    }

    return n;
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


ngx_multisource_slot_t *
ngx_multisource_registry_claim(ngx_multisource_registry_t *reg,
    ngx_multisource_record_t *record)
{
    ngx_uint_t               i;
    ngx_atomic_uint_t        high;
    ngx_multisource_slot_t  *slot;

    if (reg->peers.token == 0) {
        return NULL;
    }

    for (i = 0; i < reg->nslots; i++) {
        slot = &reg->slots[i];

        if (slot->owner != 0) {
            continue;
        }

        /* who dies after the next step is reaped as far as this */

        for ( ;; ) {
            high = reg->shared->high;

            if (high > i
                || ngx_atomic_cmp_set(&reg->shared->high, high, i + 1))
            {
                break;
            }
        }

        if (!ngx_atomic_cmp_set(&slot->owner, 0, reg->peers.token)) {
            continue;
        }

        slot->command = 0;
        ngx_memzero((void *) slot->waiting, sizeof(slot->waiting));
        ngx_multisource_registry_publish(slot, record);

        reg->hash[i] = ngx_multisource_registry_hash(
                           record->app, ngx_strlen(record->app),
                           record->streamer, ngx_strlen(record->streamer));

        slot->ticket = ngx_atomic_fetch_add(&reg->shared->tickets, 1) + 1;

        /* visible before its owner looks for rivals */

        ngx_memory_barrier();

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

    if (old->state != NGX_MULTISOURCE_LIVE
        && record->state == NGX_MULTISOURCE_LIVE)
    {
        (void) ngx_atomic_fetch_add(&reg->shared->published, 1);
    }

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
    if (slot->owner == reg->peers.token) {
        ngx_multisource_registry_clear(reg, slot);
    }
}


ngx_int_t
ngx_multisource_registry_end(ngx_multisource_registry_t *reg,
    ngx_multisource_entry_t *entry, ngx_uint_t reason)
{
    ngx_uint_t         generation, number;
    struct iovec       iov;
    ngx_atomic_uint_t  command;

    /* the ticket keeps a late command from the slot's next publish */

    do {
        command = entry->slot->command;

        if (command >> 8 >= entry->ticket) {
            break;
        }

    } while (!ngx_atomic_cmp_set(&entry->slot->command, command,
                                 entry->ticket << 8 | reason));

    if (ngx_live_peers_find(&reg->peers, entry->owner, &generation, &number)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    /* a message says no more than "look"; a lost one costs a tick */

    iov.iov_base = "";
    iov.iov_len = 1;

    (void) ngx_live_channel_send(reg->channel, generation, number, &iov, 1,
                                 (ngx_socket_t) -1);

    return NGX_OK;
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


ngx_int_t
ngx_multisource_registry_wait(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot)
{
    ngx_uint_t         i, generation, number;
    ngx_atomic_uint_t  token;

    if (reg->peers.token == 0) {
        return NGX_DECLINED;
    }

    for (i = 0; i < NGX_MULTISOURCE_WAITING; i++) {
        if (slot->waiting[i] == reg->peers.token) {
            return NGX_OK;
        }
    }

    /* workers of an older configuration do not know how to reach newer ones */

    if (ngx_live_peers_find(&reg->peers, slot->owner, &generation, &number)
        != NGX_OK
        || generation < reg->peers.generation)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < NGX_MULTISOURCE_WAITING; i++) {

        token = slot->waiting[i];

        if (token == 0
            && ngx_atomic_cmp_set(&slot->waiting[i], 0, reg->peers.token))
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


void
ngx_multisource_registry_tell(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot)
{
    u_char             msg[1 + sizeof(uint32_t)];
    uint32_t           n;
    ngx_uint_t         i, generation, number;
    struct iovec       iov;
    ngx_atomic_uint_t  token;

    n = slot - reg->slots;

    msg[0] = NGX_MULTISOURCE_TOLD;
    ngx_memcpy(&msg[1], &n, sizeof(uint32_t));

    iov.iov_base = msg;
    iov.iov_len = sizeof(msg);

    /* what was written before is seen by who is told, and by who waits next */

    ngx_memory_barrier();

    for (i = 0; i < NGX_MULTISOURCE_WAITING; i++) {

        token = slot->waiting[i];

        if (token == 0 || !ngx_atomic_cmp_set(&slot->waiting[i], token, 0)) {
            continue;
        }

        if (token != reg->peers.token
            && ngx_live_peers_find(&reg->peers, token, &generation, &number)
               == NGX_OK)
        {
            (void) ngx_live_channel_send(reg->channel, generation, number,
                                         &iov, 1, (ngx_socket_t) -1);
        }
    }
}


ngx_int_t
ngx_multisource_registry_told(ngx_multisource_registry_t *reg,
    const u_char *msg, size_t len, ngx_uint_t *n)
{
    uint32_t  slot;

    if (len != 1 + sizeof(uint32_t) || msg[0] != NGX_MULTISOURCE_TOLD) {
        return NGX_DECLINED;
    }

    ngx_memcpy(&slot, &msg[1], sizeof(uint32_t));

    if (slot >= reg->nslots) {
        return NGX_DECLINED;
    }

    *n = slot;

    return NGX_OK;
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

        if (walk->look.token != entry->owner) {
            ngx_live_peers_look(&reg->peers, entry->owner, &walk->look);
        }

        if (!walk->look.visible) {
            continue;
        }

        entry->pid = walk->look.pid;
        entry->stalled = walk->look.stalled
                         || ngx_live_peers_elapsed(record->last_media)
                            > NGX_MULTISOURCE_STALLED;

        /* freed or taken by another publish while it was read */

        if (slot->ticket != entry->ticket || slot->owner != entry->owner) {
            continue;
        }

        return NGX_OK;
    }

    return NGX_DONE;
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

    totals->workers = ngx_live_peers_count(&reg->peers);
}
