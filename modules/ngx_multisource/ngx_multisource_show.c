
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_show.h"
#include "ngx_multisource_shows.h"
#include "ngx_multisource_ticket.h"


#define NGX_MULTISOURCE_SHOW_READ_TRIES    64

/* how often others may be faster with a change of the same show */
#define NGX_MULTISOURCE_SHOW_CHANGE_TRIES  64

/* for so long a lease is waited for, us */
#define NGX_MULTISOURCE_SHOW_WAIT          50

#define NGX_MULTISOURCE_SHOW_CLAIM_TRIES   8
#define NGX_MULTISOURCE_SHOW_LATEST_TRIES  8

/* values that are compared at a time */
#define NGX_MULTISOURCE_SHOW_STRIDE        16

/* of the zone, in percent; the rest is for viewers */
#define NGX_MULTISOURCE_SHOW_SHARE         52

/* copies that may be written at a time, in a zone of any size */
#define NGX_MULTISOURCE_SHOW_SPARES        8
#define NGX_MULTISOURCE_SHOW_MAX_SPARES    128

/* in one zone, for the numbers in words */
#define NGX_MULTISOURCE_SHOW_MAX_SLOTS     (1 << 23)

#define NGX_MULTISOURCE_SHOW_NOWHERE       ((ngx_uint_t) -1)


/* a held lease */

typedef struct {
    ngx_atomic_uint_t             word;
    ngx_uint_t                    taken;    /* from somebody else */
} ngx_multisource_show_lease_t;


/* for ngx_multisource_show_meet() and ngx_multisource_show_end() */

typedef struct {
    ngx_multisource_show_live_t  *live;
    ngx_uint_t                    n;
    uint64_t                      now;
    uint64_t                      grace;
} ngx_multisource_show_meeting_t;


static uint64_t ngx_multisource_show_clock(void);
static uint32_t ngx_multisource_show_hash(u_char *app, size_t alen,
    u_char *streamer, size_t slen);
static uint32_t ngx_multisource_show_key(u_char *id);
static ngx_uint_t ngx_multisource_show_claimed(ngx_atomic_uint_t word);
static ngx_uint_t ngx_multisource_show_high(ngx_multisource_shows_t *shows);
static void ngx_multisource_show_copy(ngx_multisource_show_record_t *to,
    ngx_multisource_show_record_t *from);
static void ngx_multisource_show_clean(ngx_multisource_show_record_t *record);
static ngx_int_t ngx_multisource_show_read(ngx_multisource_shows_t *shows,
    ngx_uint_t n, ngx_multisource_show_t *show, ngx_atomic_uint_t *word);
static ngx_int_t ngx_multisource_show_match(ngx_multisource_shows_t *shows,
    ngx_uint_t n, ngx_str_t *app, ngx_str_t *streamer, ngx_uint_t open,
    ngx_multisource_show_t *show);
static ngx_int_t ngx_multisource_show_latest(ngx_multisource_shows_t *shows,
    ngx_str_t *app, ngx_str_t *streamer, uint32_t hash,
    ngx_multisource_show_t *show);
static ngx_int_t ngx_multisource_show_take(ngx_multisource_shows_t *shows);
static void ngx_multisource_show_give(ngx_multisource_shows_t *shows,
    ngx_uint_t copy, ngx_atomic_uint_t tag);
static void ngx_multisource_show_drop(ngx_multisource_shows_t *shows,
    ngx_uint_t copy);
static void ngx_multisource_show_note(ngx_multisource_shows_t *shows,
    ngx_uint_t n);
static ngx_int_t ngx_multisource_show_hold(ngx_multisource_shows_t *shows,
    ngx_multisource_show_lease_t *lease);
static void ngx_multisource_show_let(ngx_multisource_shows_t *shows,
    ngx_multisource_show_lease_t *lease);
static ngx_uint_t ngx_multisource_show_claim(ngx_multisource_shows_t *shows,
    uint64_t before, ngx_atomic_uint_t *claim);
static void ngx_multisource_show_release(ngx_multisource_shows_t *shows,
    ngx_uint_t n, ngx_atomic_uint_t claim);
static ngx_int_t ngx_multisource_show_place(ngx_multisource_shows_t *shows,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_show_lease_t *lease,
    ngx_multisource_show_t *show);
static ngx_uint_t ngx_multisource_show_rival(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, uint32_t hash);
static ngx_int_t ngx_multisource_show_met(
    ngx_multisource_show_record_t *record, void *data);
static ngx_int_t ngx_multisource_show_finish(
    ngx_multisource_show_record_t *record, void *data);
static void ngx_multisource_show_stop(ngx_multisource_show_record_t *record,
    uint64_t now);


/* the upper ends of buckets, ms */

static const uint16_t  ngx_multisource_show_buckets[] = {
    100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000, 0
};


ngx_int_t
ngx_multisource_show_init_zone(ngx_shm_zone_t *zone, void *data)
{
    u_char                           hex[NGX_MULTISOURCE_SHOWS_SECRET * 2];
    void                            *fresh;
    size_t                           size, used, share, each, copy;
    ngx_int_t                        rc;
    ngx_uint_t                       i, spares;
    ngx_multisource_shows_shared_t  *shared;

    rc = ngx_live_zone_init(zone, data, NGX_MULTISOURCE_SHOWS_MAGIC,
                            NGX_MULTISOURCE_SHOW_MIN_ZONE / 2, "multisource",
                            &fresh);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    shared = fresh;

    if (ngx_multisource_ticket_random(hex, NGX_MULTISOURCE_SHOWS_SECRET)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "multisource: no random numbers for sessions");
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_MULTISOURCE_SHOWS_SECRET; i++) {
        shared->secret[i] = (u_char) ngx_hextoi(&hex[i * 2], 2);
    }

    /* what aligns the tables fits into the last of these pages */

    used = ngx_align(sizeof(ngx_multisource_shows_shared_t), 64);
    size = shared->zone.size - 1024;

    copy = sizeof(ngx_multisource_show_copy_t) + sizeof(ngx_atomic_t);
    each = 2 * sizeof(ngx_atomic_t) + 2 * sizeof(uint32_t)
           + sizeof(ngx_multisource_show_slot_t) + copy;

    share = (size - used) / 100 * NGX_MULTISOURCE_SHOW_SHARE;

    spares = share / each / 32;
    spares = NGX_MULTISOURCE_SHOW_SPARES
             + ngx_min(spares, NGX_MULTISOURCE_SHOW_MAX_SPARES);

    shared->nslots = (share - spares * copy) / each;
    shared->nslots = ngx_min(shared->nslots, NGX_MULTISOURCE_SHOW_MAX_SLOTS);
    shared->ncopies = shared->nslots + spares;

    shared->nviewers = (size - used - shared->nslots * each - spares * copy)
                       / (sizeof(ngx_multisource_viewer_t)
                          + sizeof(uint32_t));

    shared->words_offset = used;
    used += shared->nslots * sizeof(ngx_atomic_t);

    shared->ended_offset = used;
    used += shared->nslots * sizeof(ngx_atomic_t);

    shared->owners_offset = used;
    used += shared->ncopies * sizeof(ngx_atomic_t);

    shared->hashes_offset = used;
    used += shared->nslots * sizeof(uint32_t);

    shared->keys_offset = used;
    used += shared->nslots * sizeof(uint32_t);

    shared->marks_offset = used;
    used = ngx_align(used + shared->nviewers * sizeof(uint32_t), 64);

    shared->slots_offset = used;
    used = ngx_align(used + shared->nslots
                            * sizeof(ngx_multisource_show_slot_t), 64);

    shared->copies_offset = used;
    used = ngx_align(used + shared->ncopies
                            * sizeof(ngx_multisource_show_copy_t), 64);

    shared->viewers_offset = used;

    /* tickets start where those of an earlier zone cannot be */

    shared->tickets = (ngx_atomic_uint_t) ngx_time() << 24;

    ngx_live_zone_ready(zone, shared, NGX_MULTISOURCE_SHOWS_MAGIC);

    ngx_log_error(NGX_LOG_NOTICE, zone->shm.log, 0,
                  "multisource: new zone with room for %ui sessions "
                  "and %ui viewers", shared->nslots, shared->nviewers);

    return NGX_OK;
}


void
ngx_multisource_show_open(ngx_multisource_shows_t *shows, ngx_shm_zone_t *zone,
    ngx_log_t *log)
{
    u_char                          *start;
    ngx_multisource_shows_shared_t  *shared;

    shared = zone->data;
    start = (u_char *) shared;

    ngx_memzero(shows, sizeof(ngx_multisource_shows_t));

    shows->shared = shared;
    shows->log = log;
    shows->nslots = shared->nslots;
    shows->ncopies = shared->ncopies;
    shows->nviewers = shared->nviewers;

    shows->words = (ngx_atomic_t *) (start + shared->words_offset);
    shows->ended = (ngx_atomic_t *) (start + shared->ended_offset);
    shows->owners = (ngx_atomic_t *) (start + shared->owners_offset);
    shows->hashes = (uint32_t *) (start + shared->hashes_offset);
    shows->keys = (uint32_t *) (start + shared->keys_offset);
    shows->marks = (uint32_t *) (start + shared->marks_offset);
    shows->slots = (ngx_multisource_show_slot_t *)
                       (start + shared->slots_offset);
    shows->copies = (ngx_multisource_show_copy_t *)
                        (start + shared->copies_offset);
    shows->viewers = start + shared->viewers_offset;
}


u_char *
ngx_multisource_show_secret(ngx_multisource_shows_t *shows)
{
    return shows->shared->secret;
}


/* ngx_current_msec is as old as the turn of the event loop */

static uint64_t
ngx_multisource_show_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


ngx_atomic_uint_t
ngx_multisource_show_stamp(ngx_multisource_shows_t *shows)
{
    ngx_atomic_uint_t  n;

    n = ngx_atomic_fetch_add(&shows->shared->stamps, 1) + 1;

    return n << NGX_MULTISOURCE_SHOWS_PIDS
           | ((ngx_atomic_uint_t) ngx_pid & NGX_MULTISOURCE_SHOWS_PID);
}


/*
 * What this process itself holds it does not ask about, so whatever else has
 * its number is of a process that had it before.
 */

ngx_uint_t
ngx_multisource_show_dead(ngx_atomic_uint_t stamp)
{
    ngx_pid_t  pid;

    pid = (ngx_pid_t) (stamp & NGX_MULTISOURCE_SHOWS_PID);

    return pid == 0
           || pid == ngx_pid
           || (kill(pid, 0) == -1 && ngx_errno == ESRCH);
}


/* FNV-1a; even, and not 0 */

static uint32_t
ngx_multisource_show_hash(u_char *app, size_t alen, u_char *streamer,
    size_t slen)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325ULL;

    for (i = 0; i < alen; i++) {
        hash = (hash ^ app[i]) * 0x100000001b3ULL;
    }

    hash = (hash ^ '/') * 0x100000001b3ULL;

    for (i = 0; i < slen; i++) {
        hash = (hash ^ streamer[i]) * 0x100000001b3ULL;
    }

    hash = ngx_multisource_show_mix(hash) & 0xfffffffe;

    return hash ? (uint32_t) hash : 2;
}


static uint32_t
ngx_multisource_show_key(u_char *id)
{
    return ngx_multisource_show_hash(id, NGX_MULTISOURCE_SHOW_ID, NULL, 0);
}


static ngx_uint_t
ngx_multisource_show_claimed(ngx_atomic_uint_t word)
{
    return (word & NGX_MULTISOURCE_SHOWS_COPY) == NGX_MULTISOURCE_SHOWS_COPY;
}


static ngx_uint_t
ngx_multisource_show_high(ngx_multisource_shows_t *shows)
{
    ngx_uint_t  high;

    high = shows->shared->high;

    return ngx_min(high, shows->nslots);
}


ngx_uint_t
ngx_multisource_show_seek(const uint32_t *values, ngx_uint_t from,
    ngx_uint_t n, uint32_t value)
{
    uint32_t    hits;
    ngx_uint_t  i;

    /* a fixed number without a branch between is done by vectors */

    while (n - from >= NGX_MULTISOURCE_SHOW_STRIDE && from < n) {
        hits = 0;

        for (i = 0; i < NGX_MULTISOURCE_SHOW_STRIDE; i++) {
            hits |= values[from + i] == value;
        }

        if (hits) {
            break;
        }

        from += NGX_MULTISOURCE_SHOW_STRIDE;
    }

    while (from < n && values[from] != value) {
        from++;
    }

    return from;
}


/* streams that are not there are not touched */

static void
ngx_multisource_show_copy(ngx_multisource_show_record_t *to,
    ngx_multisource_show_record_t *from)
{
    ngx_uint_t  n;

    ngx_memcpy(to, from, offsetof(ngx_multisource_show_record_t, streams));

    n = to->nstreams;
    n = ngx_min(n, NGX_MULTISOURCE_SHOW_STREAMS);

    ngx_memcpy(to->streams, from->streams,
               n * sizeof(ngx_multisource_show_stream_t));

    ngx_memzero(&to->streams[n], (NGX_MULTISOURCE_SHOW_STREAMS - n)
                                 * sizeof(ngx_multisource_show_stream_t));
}


/* it comes from memory that others write: whatever it says, it does no harm */

static void
ngx_multisource_show_clean(ngx_multisource_show_record_t *record)
{
    ngx_uint_t                      i;
    ngx_multisource_price_t        *price;
    ngx_multisource_show_stream_t  *stream;

    record->id[NGX_MULTISOURCE_SHOW_ID] = '\0';
    record->app[NGX_MULTISOURCE_SHOW_APP - 1] = '\0';
    record->streamer[NGX_MULTISOURCE_NAME_MAX] = '\0';
    record->title[NGX_MULTISOURCE_SHOW_TITLE - 1] = '\0';
    record->code[NGX_MULTISOURCE_SHOW_ID] = '\0';

    record->state = ngx_min(record->state, NGX_MULTISOURCE_SHOW_ENDED);
    record->private = record->private != 0;
    record->asked = record->asked != 0;
    record->nstreams = ngx_min(record->nstreams, NGX_MULTISOURCE_SHOW_STREAMS);

    if (record->state == NGX_MULTISOURCE_SHOW_FREE) {
        record->state = NGX_MULTISOURCE_SHOW_ENDED;
    }

    if (record->director > NGX_MULTISOURCE_DIRECT_ACTIVITY) {
        record->director = NGX_MULTISOURCE_DIRECT_OFF;
    }

    if (record->on_air >= record->nstreams) {
        record->on_air = NGX_MULTISOURCE_SHOW_NONE;
    }

    price = &record->price;
    price->currency[sizeof(price->currency) - 1] = '\0';
    price->base = ngx_min(price->base, NGX_MULTISOURCE_PRICE_MAX);
    price->discount = ngx_min(price->discount, 10000);

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        price->addon[i] = ngx_min(price->addon[i], NGX_MULTISOURCE_PRICE_MAX);
    }

    for (i = 0; i < record->nstreams; i++) {
        stream = &record->streams[i];

        stream->name[NGX_MULTISOURCE_NAME_MAX] = '\0';
        stream->label[sizeof(stream->label) - 1] = '\0';
        stream->expected = stream->expected != 0;
        stream->disabled = stream->disabled != 0;
        stream->live = stream->live != 0;

        if (stream->type >= NGX_MULTISOURCE_PRICE_TYPES) {
            stream->type = NGX_MULTISOURCE_PRICE_OTHER;
        }
    }
}


static ngx_int_t
ngx_multisource_show_read(ngx_multisource_shows_t *shows, ngx_uint_t n,
    ngx_multisource_show_t *show, ngx_atomic_uint_t *word)
{
    ngx_uint_t                    i, c;
    ngx_atomic_uint_t             w;
    ngx_multisource_show_copy_t  *copy;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_READ_TRIES; i++) {
        w = shows->words[n];
        c = w & NGX_MULTISOURCE_SHOWS_COPY;

        if (w == 0 || c >= shows->ncopies) {
            return NGX_DECLINED;
        }

        copy = &shows->copies[c];

        ngx_memory_barrier();
        show->ticket = copy->ticket;
        ngx_multisource_show_copy(&show->record, &copy->record);
        ngx_memory_barrier();

        /* the copy is written to only after it was replaced */

        if (shows->words[n] == w) {
            show->slot = &shows->slots[n];
            ngx_multisource_show_clean(&show->record);

            if (word) {
                *word = w;
            }

            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_multisource_show_match(ngx_multisource_shows_t *shows, ngx_uint_t n,
    ngx_str_t *app, ngx_str_t *streamer, ngx_uint_t open,
    ngx_multisource_show_t *show)
{
    ngx_multisource_show_record_t  *record;

    if (ngx_multisource_show_read(shows, n, show, NULL) != NGX_OK) {
        return NGX_DECLINED;
    }

    record = &show->record;

    if ((record->state != NGX_MULTISOURCE_SHOW_ENDED) != open
        || ngx_strlen(record->app) != app->len
        || ngx_memcmp(record->app, app->data, app->len) != 0
        || ngx_strlen(record->streamer) != streamer->len
        || ngx_memcmp(record->streamer, streamer->data, streamer->len) != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_multisource_show_of(ngx_multisource_shows_t *shows, ngx_str_t *app,
    ngx_str_t *streamer, ngx_uint_t ended, ngx_multisource_show_t *show)
{
    uint32_t    hash, *near;
    ngx_uint_t  n, high;

    hash = ngx_multisource_show_hash(app->data, app->len, streamer->data,
                                     streamer->len);

    high = ngx_multisource_show_high(shows);
    near = &shows->near_hash[(hash >> 1) & (NGX_MULTISOURCE_SHOW_NEAR - 1)];

    /* a streamer has one open show: what matches is it */

    if (*near < high
        && shows->hashes[*near] == (hash | 1)
        && ngx_multisource_show_match(shows, *near, app, streamer, 1, show)
           == NGX_OK)
    {
        return NGX_OK;
    }

    for (n = ngx_multisource_show_seek(shows->hashes, 0, high, hash | 1);
         n < high;
         n = ngx_multisource_show_seek(shows->hashes, n + 1, high, hash | 1))
    {
        if (ngx_multisource_show_match(shows, n, app, streamer, 1, show)
            == NGX_OK)
        {
            *near = n;
            return NGX_OK;
        }
    }

    return ended ? ngx_multisource_show_latest(shows, app, streamer, hash,
                                               show)
                 : NGX_DECLINED;
}


static ngx_int_t
ngx_multisource_show_latest(ngx_multisource_shows_t *shows, ngx_str_t *app,
    ngx_str_t *streamer, uint32_t hash, ngx_multisource_show_t *show)
{
    uint64_t    ended, latest, bound;
    ngx_uint_t  i, n, high, best;

    high = ngx_multisource_show_high(shows);
    bound = (uint64_t) -1;

    /* more than one look where another streamer has the same hash */

    for (i = 0; i < NGX_MULTISOURCE_SHOW_LATEST_TRIES; i++) {
        best = NGX_MULTISOURCE_SHOW_NOWHERE;
        latest = 0;

        for (n = ngx_multisource_show_seek(shows->hashes, 0, high, hash);
             n < high;
             n = ngx_multisource_show_seek(shows->hashes, n + 1, high, hash))
        {
            ended = shows->ended[n];

            if (ended > latest && ended < bound) {
                latest = ended;
                best = n;
            }
        }

        if (best == NGX_MULTISOURCE_SHOW_NOWHERE) {
            break;
        }

        if (ngx_multisource_show_match(shows, best, app, streamer, 0, show)
            == NGX_OK)
        {
            return NGX_OK;
        }

        bound = latest;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_multisource_show_find(ngx_multisource_shows_t *shows, ngx_str_t *id,
    ngx_multisource_show_t *show)
{
    uint32_t    key, *near;
    ngx_uint_t  n, high;

    if (id->len != NGX_MULTISOURCE_SHOW_ID) {
        return NGX_DECLINED;
    }

    key = ngx_multisource_show_key(id->data);
    high = ngx_multisource_show_high(shows);
    near = &shows->near_key[(key >> 1) & (NGX_MULTISOURCE_SHOW_NEAR - 1)];

    if (*near < high
        && shows->keys[*near] == key
        && ngx_multisource_show_read(shows, *near, show, NULL) == NGX_OK
        && ngx_memcmp(show->record.id, id->data, id->len) == 0)
    {
        return NGX_OK;
    }

    for (n = ngx_multisource_show_seek(shows->keys, 0, high, key);
         n < high;
         n = ngx_multisource_show_seek(shows->keys, n + 1, high, key))
    {
        if (ngx_multisource_show_read(shows, n, show, NULL) == NGX_OK
            && ngx_memcmp(show->record.id, id->data, id->len) == 0)
        {
            *near = n;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_multisource_show_at(ngx_multisource_shows_t *shows, ngx_uint_t n,
    ngx_multisource_show_t *show)
{
    if (n >= shows->nslots) {
        return NGX_DECLINED;
    }

    return ngx_multisource_show_read(shows, n, show, NULL);
}


/* a copy to write to; shows->tag says whose it is */

static ngx_int_t
ngx_multisource_show_take(ngx_multisource_shows_t *shows)
{
    ngx_uint_t         i, c, try;
    ngx_atomic_uint_t  tag;

    for (try = 0; try < 2; try++) {

        c = shows->spare;

        for (i = 0; i < shows->ncopies; i++, c++) {

            if (c >= shows->ncopies) {
                c = 0;
            }

            if (shows->owners[c] != 0) {
                continue;
            }

            tag = ngx_multisource_show_stamp(shows);

            if (ngx_atomic_cmp_set(&shows->owners[c], 0, tag)) {
                shows->tag = tag;
                shows->spare = c;
                return c;
            }
        }

        ngx_multisource_show_mend(shows);
    }

    return NGX_ERROR;
}


/* one that is in use no more; somebody else may have seen that, too */

static void
ngx_multisource_show_give(ngx_multisource_shows_t *shows, ngx_uint_t copy,
    ngx_atomic_uint_t tag)
{
    if (tag && ngx_atomic_cmp_set(&shows->owners[copy], tag, 0)) {
        shows->spare = copy;
    }
}


static void
ngx_multisource_show_drop(ngx_multisource_shows_t *shows, ngx_uint_t copy)
{
    ngx_multisource_show_give(shows, copy, shows->tag);
    shows->tag = 0;
}


/*
 * Writes into the tables what slot n has. Who is stopped in the middle of it
 * and goes on when the slot has another show finds that out.
 */

static void
ngx_multisource_show_note(ngx_multisource_shows_t *shows, ngx_uint_t n)
{
    uint32_t                      hash, key;
    uint64_t                      ended;
    ngx_uint_t                    i, c;
    ngx_atomic_uint_t             word;
    ngx_multisource_show_copy_t  *copy;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_READ_TRIES; i++) {
        word = shows->words[n];
        c = word & NGX_MULTISOURCE_SHOWS_COPY;

        if (word == 0 || c >= shows->ncopies) {
            return;
        }

        copy = &shows->copies[c];

        ngx_memory_barrier();

        hash = copy->hash & ~(uint32_t) 1;
        key = copy->key;
        ended = copy->record.ended;

        if (copy->record.state == NGX_MULTISOURCE_SHOW_WAITING
            || copy->record.state == NGX_MULTISOURCE_SHOW_LIVE)
        {
            hash |= 1;
            ended = 0;

        } else if (ended == 0) {
            ended = 1;
        }

        ngx_memory_barrier();

        if (shows->words[n] != word) {
            continue;
        }

        /* what is right already stays in the caches of others */

        if (shows->hashes[n] != hash) {
            shows->hashes[n] = hash;
        }

        if (shows->keys[n] != key) {
            shows->keys[n] = key;
        }

        if (shows->ended[n] != ended) {
            shows->ended[n] = ended;
        }

        ngx_memory_barrier();

        if (shows->words[n] == word) {
            return;
        }
    }
}


static ngx_int_t
ngx_multisource_show_hold(ngx_multisource_shows_t *shows,
    ngx_multisource_show_lease_t *lease)
{
    int64_t            held;
    uint64_t           start, now;
    ngx_atomic_uint_t  old;

    start = ngx_multisource_show_clock();
    now = start;

    do {
        old = shows->shared->lease;

        lease->taken = 0;
        lease->word = now / 1000 << NGX_MULTISOURCE_SHOWS_PIDS
                      | ((ngx_atomic_uint_t) ngx_pid
                         & NGX_MULTISOURCE_SHOWS_PID);

        if (old != 0) {
            held = (int64_t) (now / 1000)
                   - (int64_t) (old >> NGX_MULTISOURCE_SHOWS_PIDS);

            /* one from the future is damage */

            lease->taken = held > NGX_MULTISOURCE_SHOW_LEASE
                           || held < -NGX_MULTISOURCE_SHOW_LEASE
                           || ngx_multisource_show_dead(old);
        }

        if ((old == 0 || lease->taken)
            && ngx_atomic_cmp_set(&shows->shared->lease, old, lease->word))
        {
            return NGX_OK;
        }

        ngx_cpu_pause();

        now = ngx_multisource_show_clock();

    } while (now - start < NGX_MULTISOURCE_SHOW_WAIT);

    return NGX_BUSY;
}


static void
ngx_multisource_show_let(ngx_multisource_shows_t *shows,
    ngx_multisource_show_lease_t *lease)
{
    (void) ngx_atomic_cmp_set(&shows->shared->lease, lease->word, 0);
}


/* a slot for a show: a new one, a free one, or that of who ended first */

static ngx_uint_t
ngx_multisource_show_claim(ngx_multisource_shows_t *shows, uint64_t before,
    ngx_atomic_uint_t *claim)
{
    uint64_t           ended, first;
    ngx_uint_t         i, n, c, best;
    ngx_atomic_uint_t  high, word, tag;

    *claim = ngx_multisource_show_stamp(shows) << NGX_MULTISOURCE_SHOWS_COPIES
             | NGX_MULTISOURCE_SHOWS_COPY;

    for ( ;; ) {
        high = shows->shared->high;

        if (high >= shows->nslots) {
            break;
        }

        if (ngx_atomic_cmp_set(&shows->shared->high, high, high + 1)
            && ngx_atomic_cmp_set(&shows->words[high], 0, *claim))
        {
            return high;
        }
    }

    for (i = 0; i < NGX_MULTISOURCE_SHOW_CLAIM_TRIES; i++) {
        best = NGX_MULTISOURCE_SHOW_NOWHERE;
        first = before;

        for (n = 0; n < shows->nslots; n++) {
            word = shows->words[n];

            if (word == 0 || ngx_multisource_show_claimed(word)) {

                if ((word == 0
                     || ngx_multisource_show_dead(
                            word >> NGX_MULTISOURCE_SHOWS_COPIES))
                    && ngx_atomic_cmp_set(&shows->words[n], word, *claim))
                {
                    return n;
                }

                /* the tables tell of the show before */

                continue;
            }

            ended = shows->ended[n];

            if (ended && ended < first) {
                first = ended;
                best = n;
            }
        }

        if (best == NGX_MULTISOURCE_SHOW_NOWHERE) {

            if (i > 0) {
                break;
            }

            ngx_multisource_show_mend(shows);
            continue;
        }

        /* the table may be behind, and a live show never goes */

        word = shows->words[best];
        c = word & NGX_MULTISOURCE_SHOWS_COPY;

        if (word == 0 || c >= shows->ncopies) {
            continue;
        }

        tag = shows->owners[c];
        ngx_memory_barrier();

        if (shows->copies[c].record.state != NGX_MULTISOURCE_SHOW_ENDED) {
            ngx_multisource_show_note(shows, best);
            continue;
        }

        if (ngx_atomic_cmp_set(&shows->words[best], word, *claim)) {
            ngx_multisource_show_give(shows, c, tag);
            return best;
        }
    }

    return NGX_MULTISOURCE_SHOW_NOWHERE;
}


static void
ngx_multisource_show_release(ngx_multisource_shows_t *shows, ngx_uint_t n,
    ngx_atomic_uint_t claim)
{
    shows->slots[n].ticket = 0;
    shows->hashes[n] = 0;
    shows->keys[n] = 0;
    shows->ended[n] = 0;

    ngx_memory_barrier();

    (void) ngx_atomic_cmp_set(&shows->words[n], claim, 0);
}


/*
 * Under the lease. All is there before the slot's word says so; who dies before
 * leaves a claim, and who lost the lease takes it back.
 */

static ngx_int_t
ngx_multisource_show_place(ngx_multisource_shows_t *shows,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_show_lease_t *lease,
    ngx_multisource_show_t *show)
{
    uint32_t                      hash;
    uint64_t                      ended;
    ngx_int_t                     c;
    ngx_uint_t                    n;
    ngx_atomic_uint_t             claim, word, tag;
    ngx_multisource_show_copy_t  *copy;
    ngx_multisource_show_slot_t  *slot;

    ended = record->state == NGX_MULTISOURCE_SHOW_ENDED
            ? ngx_max(record->ended, 1) : 0;

    c = ngx_multisource_show_take(shows);

    if (c == NGX_ERROR) {
        return NGX_BUSY;
    }

    n = ngx_multisource_show_claim(shows, ended ? ended : (uint64_t) -1,
                                   &claim);

    if (n == NGX_MULTISOURCE_SHOW_NOWHERE) {
        ngx_multisource_show_drop(shows, c);
        return NGX_DECLINED;
    }

    slot = &shows->slots[n];
    copy = &shows->copies[c];

    /* first what was of the show before is nobody's; the ticket comes first */

    slot->ticket = 0;
    ngx_memory_barrier();

    ngx_memzero((u_char *) slot + sizeof(ngx_atomic_t),
                sizeof(ngx_multisource_show_slot_t) - sizeof(ngx_atomic_t));

    if (counts) {
        ngx_memcpy((void *) &slot->counts, (void *) counts,
                   sizeof(ngx_multisource_show_counts_t));
    }

    hash = ngx_multisource_show_hash(record->app, ngx_strlen(record->app),
                                     record->streamer,
                                     ngx_strlen(record->streamer));

    show->slot = slot;
    show->ticket = ngx_atomic_fetch_add(&shows->shared->tickets, 1) + 1;
    ngx_multisource_show_copy(&show->record, record);

    copy->ticket = show->ticket;
    copy->slot = n;
    copy->hash = hash;
    copy->key = ngx_multisource_show_key(record->id);
    ngx_multisource_show_copy(&copy->record, record);

    slot->ticket = show->ticket;

    shows->hashes[n] = ended ? hash : hash | 1;
    shows->keys[n] = copy->key;
    shows->ended[n] = ended;

    ngx_memory_barrier();

    tag = shows->tag;
    word = tag >> NGX_MULTISOURCE_SHOWS_PIDS << NGX_MULTISOURCE_SHOWS_COPIES
           | (ngx_atomic_uint_t) c;

    if (shows->shared->lease != lease->word
        || !ngx_atomic_cmp_set(&shows->words[n], claim, word))
    {
        ngx_multisource_show_release(shows, n, claim);
        ngx_multisource_show_drop(shows, c);
        return NGX_BUSY;
    }

    shows->tag = 0;

    /*
     * Where a lease was taken away, two may have thought that it was theirs.
     * Whoever sees the other's show takes back his own.
     */

    if ((lease->taken || shows->shared->lease != lease->word)
        && ngx_multisource_show_rival(shows, show, hash)
        && ngx_atomic_cmp_set(&shows->words[n], word, claim))
    {
        ngx_multisource_show_give(shows, c, tag);
        ngx_multisource_show_release(shows, n, claim);
        return NGX_BUSY;
    }

    (void) ngx_atomic_fetch_add(&shows->shared->shows, 1);
    (void) ngx_atomic_fetch_add(&shows->shared->version, 1);

    return NGX_OK;
}


static ngx_uint_t
ngx_multisource_show_rival(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, uint32_t hash)
{
    ngx_str_t               app, streamer;
    ngx_uint_t              n, high;
    ngx_multisource_show_t  other;

    app.data = show->record.app;
    app.len = ngx_strlen(app.data);

    streamer.data = show->record.streamer;
    streamer.len = ngx_strlen(streamer.data);

    if (show->record.state == NGX_MULTISOURCE_SHOW_ENDED) {
        return 0;
    }

    ngx_memory_barrier();

    high = ngx_multisource_show_high(shows);

    for (n = ngx_multisource_show_seek(shows->hashes, 0, high, hash | 1);
         n < high;
         n = ngx_multisource_show_seek(shows->hashes, n + 1, high, hash | 1))
    {
        if (ngx_multisource_show_match(shows, n, &app, &streamer, 1, &other)
            == NGX_OK
            && other.slot != show->slot)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_multisource_show_begin(ngx_multisource_shows_t *shows,
    ngx_multisource_show_record_t *record, ngx_multisource_show_t *show)
{
    ngx_int_t                      rc;
    ngx_str_t                      app, streamer;
    ngx_multisource_show_lease_t   lease;
    ngx_multisource_show_record_t  made;

    ngx_multisource_show_copy(&made, record);
    ngx_multisource_show_clean(&made);

    made.state = NGX_MULTISOURCE_SHOW_WAITING;
    made.revision = 1;
    made.ended = 0;

    app.data = made.app;
    app.len = ngx_strlen(app.data);

    streamer.data = made.streamer;
    streamer.len = ngx_strlen(streamer.data);

    if (app.len == 0
        || streamer.len == 0
        || (made.id[0] == '\0'
            && ngx_multisource_ticket_random(made.id,
                                             NGX_MULTISOURCE_SHOW_ID / 2)
               != NGX_OK)
        || (made.code[0] == '\0'
            && ngx_multisource_ticket_random(made.code,
                                             NGX_MULTISOURCE_SHOW_ID / 2)
               != NGX_OK)
        || ngx_strlen(made.id) != NGX_MULTISOURCE_SHOW_ID)
    {
        return NGX_ERROR;
    }

    rc = ngx_multisource_show_hold(shows, &lease);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_multisource_show_of(shows, &app, &streamer, 0, show) == NGX_OK) {
        rc = NGX_DONE;

    } else {
        rc = ngx_multisource_show_place(shows, &made, NULL, &lease, show);
    }

    ngx_multisource_show_let(shows, &lease);

    return rc;
}


ngx_int_t
ngx_multisource_show_restore(ngx_multisource_shows_t *shows,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_show_t *show)
{
    ngx_int_t                      rc;
    ngx_str_t                      id, app, streamer;
    ngx_uint_t                     i;
    ngx_multisource_show_lease_t   lease;
    ngx_multisource_show_record_t  made;
    ngx_multisource_show_counts_t  figures;

    ngx_multisource_show_copy(&made, record);
    ngx_multisource_show_clean(&made);

    id.data = made.id;
    id.len = ngx_strlen(id.data);

    app.data = made.app;
    app.len = ngx_strlen(app.data);

    streamer.data = made.streamer;
    streamer.len = ngx_strlen(streamer.data);

    if (id.len != NGX_MULTISOURCE_SHOW_ID
        || app.len == 0
        || streamer.len == 0)
    {
        return NGX_ERROR;
    }

    /* who is there now is seen by looking */

    if (counts) {
        ngx_memcpy((void *) &figures, (void *) counts,
                   sizeof(ngx_multisource_show_counts_t));

        figures.now = 0;

        for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {
            figures.streams[i].now = 0;
        }

        counts = &figures;
    }

    rc = ngx_multisource_show_hold(shows, &lease);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_multisource_show_find(shows, &id, show) == NGX_OK) {
        rc = NGX_DONE;

    } else {

        if (made.state != NGX_MULTISOURCE_SHOW_ENDED
            && ngx_multisource_show_of(shows, &app, &streamer, 0, show)
               == NGX_OK)
        {
            ngx_multisource_show_stop(&made, made.last_live ? made.last_live
                                                            : made.created);
        }

        rc = ngx_multisource_show_place(shows, &made, counts, &lease, show);
    }

    ngx_multisource_show_let(shows, &lease);

    return rc;
}


ngx_int_t
ngx_multisource_show_change(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_multisource_show_pt change, void *data)
{
    ngx_int_t                      rc, c;
    ngx_uint_t                     i, n, used;
    ngx_atomic_uint_t              word, next, tag;
    ngx_multisource_show_t         was;
    ngx_multisource_show_copy_t   *copy;
    ngx_multisource_show_record_t  record;

    n = show->slot - shows->slots;

    if (n >= shows->nslots) {
        return NGX_DECLINED;
    }

    c = NGX_ERROR;
    rc = NGX_BUSY;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_CHANGE_TRIES; i++) {

        if (ngx_multisource_show_read(shows, n, &was, &word) != NGX_OK
            || was.ticket != show->ticket)
        {
            rc = NGX_DECLINED;
            break;
        }

        record = was.record;

        rc = change(&record, data);

        if (rc != NGX_OK) {
            show->record = was.record;
            break;
        }

        rc = NGX_BUSY;

        if (c == NGX_ERROR) {
            c = ngx_multisource_show_take(shows);

            if (c == NGX_ERROR) {
                break;
            }
        }

        /* what the tables and others rely on */

        ngx_memcpy(record.id, was.record.id, sizeof(record.id));
        ngx_memcpy(record.app, was.record.app, sizeof(record.app));
        ngx_memcpy(record.streamer, was.record.streamer,
                   sizeof(record.streamer));

        record.created = was.record.created;
        record.revision = was.record.revision + 1;

        if (was.record.state == NGX_MULTISOURCE_SHOW_ENDED) {
            record.state = was.record.state;
            record.ended = was.record.ended;
        }

        ngx_multisource_show_clean(&record);

        used = word & NGX_MULTISOURCE_SHOWS_COPY;
        copy = &shows->copies[c];

        copy->ticket = was.ticket;
        copy->slot = n;
        copy->hash = shows->copies[used].hash;
        copy->key = shows->copies[used].key;
        ngx_multisource_show_copy(&copy->record, &record);

        tag = shows->owners[used];
        next = shows->tag >> NGX_MULTISOURCE_SHOWS_PIDS
                          << NGX_MULTISOURCE_SHOWS_COPIES
               | (ngx_atomic_uint_t) c;

        ngx_memory_barrier();

        /* hash, key and tag belong to the copy if this one replaces it */

        if (!ngx_atomic_cmp_set(&shows->words[n], word, next)) {
            continue;
        }

        shows->tag = 0;

        ngx_multisource_show_give(shows, used, tag);

        if (record.state != was.record.state) {
            ngx_multisource_show_note(shows, n);
        }

        (void) ngx_atomic_fetch_add(&shows->shared->version, 1);

        show->record = record;

        return NGX_OK;
    }

    if (c != NGX_ERROR) {
        ngx_multisource_show_drop(shows, c);
    }

    return rc;
}


ngx_int_t
ngx_multisource_show_meet(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_multisource_show_live_t *live,
    ngx_uint_t n, uint64_t now)
{
    ngx_multisource_show_meeting_t  meeting;

    meeting.live = live;
    meeting.n = n;
    meeting.now = now;
    meeting.grace = shows->grace ? shows->grace : NGX_MULTISOURCE_SHOW_GRACE;

    return ngx_multisource_show_change(shows, show, ngx_multisource_show_met,
                                       &meeting);
}


static ngx_int_t
ngx_multisource_show_met(ngx_multisource_show_record_t *record, void *data)
{
    ngx_multisource_show_meeting_t *meeting = data;

    uint32_t                        there;
    uint64_t                        now;
    ngx_uint_t                      i, s, was, changed;
    ngx_multisource_show_live_t    *live;
    ngx_multisource_show_stream_t  *stream;

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {
        return NGX_DONE;
    }

    now = meeting->now;
    there = 0;
    was = 0;
    changed = 0;

    for (i = 0; i < meeting->n; i++) {
        live = &meeting->live[i];

        s = ngx_multisource_show_stream(record, &live->name);

        if (s == NGX_MULTISOURCE_SHOW_NONE) {
            s = ngx_multisource_show_stream_add(record, &live->name,
                                                live->type);

            if (s == NGX_MULTISOURCE_SHOW_NONE) {
                continue;
            }

            changed = 1;
        }

        there |= (uint32_t) 1 << s;
        stream = &record->streams[s];

        /* what the streamer has said stays, and so does what was known */

        if (!stream->expected
            && stream->type == NGX_MULTISOURCE_PRICE_OTHER
            && live->type < NGX_MULTISOURCE_PRICE_OTHER)
        {
            stream->type = live->type;
            changed = 1;
        }
    }

    for (s = 0; s < record->nstreams; s++) {
        stream = &record->streams[s];
        was |= stream->live;

        if (stream->live == (there >> s & 1)) {
            continue;
        }

        stream->live = there >> s & 1;
        stream->since = now;
        changed = 1;
    }

    if (meeting->n) {

        if (record->state == NGX_MULTISOURCE_SHOW_WAITING) {
            record->state = NGX_MULTISOURCE_SHOW_LIVE;
            record->started = now;
            changed = 1;
        }

        /*
         * It is enough to know the time when all are gone; but of those that
         * have no room among the streams nothing else is known.
         */

        if (changed
            || (there == 0
                && now >= record->last_live + meeting->grace / 2))
        {
            record->last_live = now;
            return NGX_OK;
        }

        return NGX_DONE;
    }

    if (was) {
        record->last_live = now;
        return NGX_OK;
    }

    if (record->state == NGX_MULTISOURCE_SHOW_LIVE
        ? now >= record->last_live + meeting->grace
        : now >= record->created + NGX_MULTISOURCE_SHOW_PATIENCE)
    {
        ngx_multisource_show_stop(record, now);
        return NGX_OK;
    }

    return NGX_DONE;
}


ngx_int_t
ngx_multisource_show_end(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, uint64_t now)
{
    return ngx_multisource_show_change(shows, show,
                                       ngx_multisource_show_finish, &now);
}


static ngx_int_t
ngx_multisource_show_finish(ngx_multisource_show_record_t *record, void *data)
{
    uint64_t *now = data;

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {
        return NGX_DONE;
    }

    ngx_multisource_show_stop(record, *now);

    return NGX_OK;
}


static void
ngx_multisource_show_stop(ngx_multisource_show_record_t *record, uint64_t now)
{
    ngx_uint_t  i;

    record->state = NGX_MULTISOURCE_SHOW_ENDED;
    record->ended = now ? now : 1;
    record->on_air = NGX_MULTISOURCE_SHOW_NONE;
    record->on_air_since = 0;

    for (i = 0; i < record->nstreams; i++) {

        if (record->streams[i].live) {
            record->streams[i].live = 0;
            record->streams[i].since = now;
        }
    }
}


ngx_uint_t
ngx_multisource_show_stream(ngx_multisource_show_record_t *record,
    ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < record->nstreams; i++) {

        if (ngx_strlen(record->streams[i].name) == name->len
            && ngx_memcmp(record->streams[i].name, name->data, name->len) == 0)
        {
            return i;
        }
    }

    return NGX_MULTISOURCE_SHOW_NONE;
}


ngx_uint_t
ngx_multisource_show_stream_add(ngx_multisource_show_record_t *record,
    ngx_str_t *name, ngx_uint_t type)
{
    ngx_uint_t                      s;
    ngx_multisource_show_stream_t  *stream;

    s = ngx_multisource_show_stream(record, name);

    if (s != NGX_MULTISOURCE_SHOW_NONE) {
        return s;
    }

    if (record->nstreams >= NGX_MULTISOURCE_SHOW_STREAMS
        || name->len == 0
        || name->len > NGX_MULTISOURCE_NAME_MAX)
    {
        return NGX_MULTISOURCE_SHOW_NONE;
    }

    s = record->nstreams++;
    stream = &record->streams[s];

    ngx_memzero(stream, sizeof(ngx_multisource_show_stream_t));
    ngx_memcpy(stream->name, name->data, name->len);

    stream->type = type < NGX_MULTISOURCE_PRICE_TYPES
                   ? type : NGX_MULTISOURCE_PRICE_OTHER;

    return s;
}


ngx_multisource_show_counts_t *
ngx_multisource_show_counts(ngx_multisource_show_t *show)
{
    return show->ticket && show->slot->ticket == show->ticket
           ? &show->slot->counts : NULL;
}


ngx_uint_t
ngx_multisource_show_bucket(ngx_uint_t ms)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_BUCKETS - 1; i++) {
        if (ms <= ngx_multisource_show_buckets[i]) {
            break;
        }
    }

    return i;
}


ngx_uint_t
ngx_multisource_show_bucket_end(ngx_uint_t bucket)
{
    return bucket < NGX_MULTISOURCE_SHOW_BUCKETS
           ? ngx_multisource_show_buckets[bucket] : 0;
}


ngx_uint_t
ngx_multisource_show_over(ngx_multisource_shows_t *shows, ngx_uint_t n,
    ngx_atomic_uint_t ticket)
{
    ngx_uint_t         c, over;
    ngx_atomic_uint_t  word;

    if (n >= shows->nslots || shows->slots[n].ticket != ticket) {
        return 1;
    }

    if (shows->ended[n] == 0) {
        return 0;
    }

    word = shows->words[n];
    c = word & NGX_MULTISOURCE_SHOWS_COPY;

    if (word == 0 || c >= shows->ncopies) {
        return 1;
    }

    ngx_memory_barrier();
    over = shows->copies[c].record.state == NGX_MULTISOURCE_SHOW_ENDED;
    ngx_memory_barrier();

    return over && shows->words[n] == word;
}


void
ngx_multisource_show_mend(ngx_multisource_shows_t *shows)
{
    ngx_uint_t         n, c, high;
    ngx_atomic_uint_t  word, claim, tag;

    high = ngx_multisource_show_high(shows);

    for (n = 0; n < high; n++) {
        word = shows->words[n];

        if (word == 0) {
            continue;
        }

        if (!ngx_multisource_show_claimed(word)) {
            ngx_multisource_show_note(shows, n);
            continue;
        }

        if (!ngx_multisource_show_dead(word >> NGX_MULTISOURCE_SHOWS_COPIES)) {
            continue;
        }

        claim = ngx_multisource_show_stamp(shows)
                << NGX_MULTISOURCE_SHOWS_COPIES | NGX_MULTISOURCE_SHOWS_COPY;

        if (ngx_atomic_cmp_set(&shows->words[n], word, claim)) {
            ngx_multisource_show_release(shows, n, claim);
        }
    }

    /*
     * Only who took a copy can make it a show's. So one that is none's stays so
     * when he is dead; and what this process took before, too.
     */

    for (c = 0; c < shows->ncopies; c++) {
        tag = shows->owners[c];

        if (tag == 0 || tag == shows->tag) {
            continue;
        }

        n = shows->copies[c].slot;

        if (n < shows->nslots) {
            word = shows->words[n];

            if (word && (word & NGX_MULTISOURCE_SHOWS_COPY) == c) {
                continue;
            }
        }

        if (ngx_multisource_show_dead(tag)) {
            (void) ngx_atomic_cmp_set(&shows->owners[c], tag, 0);
        }
    }
}


void
ngx_multisource_show_totals(ngx_multisource_shows_t *shows,
    ngx_multisource_show_totals_t *totals)
{
    ngx_uint_t         i, high;
    ngx_atomic_uint_t  word;

    ngx_memzero(totals, sizeof(ngx_multisource_show_totals_t));

    totals->nslots = shows->nslots;
    totals->nviewers = shows->nviewers;
    totals->shows = shows->shared->shows;
    totals->lost_viewers = shows->shared->lost_viewers;

    high = ngx_multisource_show_high(shows);

    for (i = 0; i < high; i++) {
        word = shows->words[i];

        if (word == 0 || ngx_multisource_show_claimed(word)) {
            continue;
        }

        if (shows->hashes[i] & 1) {
            totals->live++;

        } else {
            totals->ended++;
        }
    }

    for (i = 0; i < shows->nviewers; i++) {
        totals->viewers += shows->marks[i] != 0;
    }
}


ngx_atomic_uint_t
ngx_multisource_show_version(ngx_multisource_shows_t *shows)
{
    return shows->shared->version;
}


ngx_int_t
ngx_multisource_show_turn(ngx_multisource_shows_t *shows, ngx_uint_t what,
    ngx_msec_t every)
{
    uint64_t           now;
    ngx_atomic_uint_t  last;

    if (what >= NGX_MULTISOURCE_TURNS) {
        return NGX_DECLINED;
    }

    now = ngx_multisource_show_clock() / 1000;
    last = shows->shared->turns[what];

    /* one from the future is damage */

    if (last != 0 && now < last + every && last <= now + every) {
        return NGX_DECLINED;
    }

    return ngx_atomic_cmp_set(&shows->shared->turns[what], last, now)
           ? NGX_OK : NGX_DECLINED;
}
