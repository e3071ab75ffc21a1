
/*
 * Copyright (C) the ngx_live contributors
 *
 * The registry: which sources live, and in which worker, in shared memory.
 *
 * Slots are preallocated and claimed by one compare-and-swap, so that a worker
 * that is killed or stopped at any instruction leaves nothing locked. Only the
 * worker that owns a slot writes its record; every worker reads it.
 */


#ifndef _NGX_MULTISOURCE_REGISTRY_H_INCLUDED_
#define _NGX_MULTISOURCE_REGISTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_live_channel.h"
#include "ngx_live_peers.h"

#include "ngx_multisource_name.h"
#include "ngx_multisource_reason.h"


#define NGX_MULTISOURCE_APP_MAX        64
#define NGX_MULTISOURCE_CODEC_MAX      64
#define NGX_MULTISOURCE_TAKEOVERS      3
#define NGX_MULTISOURCE_MIN_ZONE       (128 * 1024)

/* workers that wait for a source's media, and are told at once */
#define NGX_MULTISOURCE_WAITING        16

/* motion of a source of which it is not known, or not yet */
#define NGX_MULTISOURCE_UNMEASURED     ((uint32_t) -1)

/* a source that has been silent for so long is stalled, as its worker is */
#define NGX_MULTISOURCE_STALLED        NGX_LIVE_PEERS_STALLED


enum {
    NGX_MULTISOURCE_PENDING = 1,    /* publish accepted, no media yet */
    NGX_MULTISOURCE_LIVE
};

enum {
    NGX_MULTISOURCE_RTMP = 0,
    NGX_MULTISOURCE_RELAY,
    NGX_MULTISOURCE_WHIP
};


typedef struct {
    u_char       codec[NGX_MULTISOURCE_CODEC_MAX];  /* RFC 6381; "": none */
    uint32_t     width;             /* 0: unknown */
    uint32_t     height;
    uint32_t     sample_rate;       /* Hz */
    uint32_t     channels;
    uint32_t     bitrate;           /* kbit/s; 0: not measured yet */
    uint32_t     fps;               /* frames per 1000 s */
    uint64_t     frames;
    uint64_t     bytes;
} ngx_multisource_track_t;


/*
 * Strings are NUL-terminated. Times are ms of the monotonic clock, which all
 * workers share, but for `started`, in ms since the epoch.
 */

typedef struct {
    u_char       app[NGX_MULTISOURCE_APP_MAX];
    u_char       streamer[NGX_MULTISOURCE_NAME_MAX + 1];
    u_char       source[NGX_MULTISOURCE_NAME_MAX + 1];
    uint8_t      state;
    uint8_t      protocol;
    uint32_t     revision;          /* grows when a list should tell */
    uint64_t     started;
    ngx_msec_t   last_media;
    uint64_t     keyframes;
    uint64_t     dropped;           /* messages not understood */
    uint32_t     keyframe_interval; /* ms, between the last two */
    ngx_msec_t   takeovers[NGX_MULTISOURCE_TAKEOVERS];    /* latest first */
    int32_t      level;             /* of sound, hundredths of dB; both are */
    uint32_t     motion;            /* percent of the usual; measured while the
                                       server chooses what is on air */
    ngx_multisource_track_t  video;
    ngx_multisource_track_t  audio;
} ngx_multisource_record_t;


typedef struct {
    ngx_atomic_t              owner;    /* token of a worker, 0: free */
    ngx_atomic_t              ticket;   /* order of arrival, never reused */
    ngx_atomic_t              command;  /* see ngx_multisource_registry_end */
    ngx_atomic_t              seq;      /* copy[seq & 1] is the one to read */
    ngx_atomic_t              waiting[NGX_MULTISOURCE_WAITING]; /* tokens */
    ngx_multisource_record_t  copy[2];
} ngx_multisource_slot_t;


typedef struct ngx_multisource_shared_s  ngx_multisource_shared_t;


/* a worker's view of the zone */

typedef struct {
    ngx_multisource_shared_t  *shared;
    uint32_t                  *hash;    /* nslots, of app and streamer; 0: free */
    ngx_multisource_slot_t    *slots;
    ngx_uint_t                 nslots;
    ngx_live_peers_t           peers;   /* the workers; slots have their
                                           tokens */
    ngx_live_channel_t        *channel; /* wakes them */
} ngx_multisource_registry_t;


/* what a walk yields; a copy, valid for as long as the caller likes */

typedef struct {
    ngx_multisource_slot_t    *slot;
    ngx_atomic_uint_t          owner;
    ngx_atomic_uint_t          ticket;
    ngx_pid_t                  pid;         /* of the worker that owns it */
    ngx_multisource_record_t   record;
    unsigned                   stalled:1;   /* silent, or its worker is */
} ngx_multisource_entry_t;


typedef struct {
    ngx_str_t              *app;        /* NULL: of every application */
    ngx_str_t              *streamer;   /* NULL: every streamer */
    unsigned                pending:1;  /* yield those without media too */

    /* private, zero before the first call */
    ngx_uint_t              next;
    ngx_live_peers_look_t   look;       /* of the last slot's owner */
} ngx_multisource_walk_t;


typedef struct {
    ngx_uint_t   nslots;
    ngx_uint_t   used;
    ngx_uint_t   workers;
    uint64_t     published;     /* gone live since the zone was made */
    uint64_t     refused[NGX_MULTISOURCE_NREASONS];
} ngx_multisource_totals_t;


#pragma GCC visibility push(hidden)

/* for ngx_shared_memory_add(); shm_zone->data becomes the shared part */
ngx_int_t ngx_multisource_registry_init_zone(ngx_shm_zone_t *zone, void *data);

/* in a worker, which then signs in with reg->peers */
void ngx_multisource_registry_open(ngx_multisource_registry_t *reg,
    ngx_shm_zone_t *zone, ngx_live_channel_t *channel, ngx_log_t *log);

/* in the master */
ngx_live_peers_shared_t *ngx_multisource_registry_peers(ngx_shm_zone_t *zone);

/* NULL when every slot is taken; the record is copied */
ngx_multisource_slot_t *ngx_multisource_registry_claim(
    ngx_multisource_registry_t *reg, ngx_multisource_record_t *record);
void ngx_multisource_registry_update(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot, ngx_multisource_record_t *record);
void ngx_multisource_registry_release(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot);

/*
 * Asks the owner to end the publish of an entry, for a reason, and wakes it.
 * Nothing happens when that publish is over by then. The entry is not walked
 * to any more. NGX_DECLINED when the owner is dead: nobody will free the slot
 * but who finds that out.
 */
ngx_int_t ngx_multisource_registry_end(ngx_multisource_registry_t *reg,
    ngx_multisource_entry_t *entry, ngx_uint_t reason);

/* the owner: the reason why its publish is to end, or NGX_MULTISOURCE_OK */
ngx_uint_t ngx_multisource_registry_ended(ngx_multisource_slot_t *slot);

/*
 * This worker wants to be told of the next change in the media of a slot's
 * source. NGX_DECLINED: it will not be, there are too many who do, or the owner
 * cannot reach it; it has to look by itself.
 */
ngx_int_t ngx_multisource_registry_wait(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot);

/* the owner tells those who wait; ngx_multisource_registry_told() reads it */
void ngx_multisource_registry_tell(ngx_multisource_registry_t *reg,
    ngx_multisource_slot_t *slot);

/* a message from another worker; NGX_OK: of a change in slot *n */
ngx_int_t ngx_multisource_registry_told(ngx_multisource_registry_t *reg,
    const u_char *msg, size_t len, ngx_uint_t *n);

/* NGX_OK with *entry filled, NGX_DONE at the end */
ngx_int_t ngx_multisource_registry_next(ngx_multisource_registry_t *reg,
    ngx_multisource_walk_t *walk, ngx_multisource_entry_t *entry);

/* grows with every change that a list would show */
ngx_atomic_uint_t ngx_multisource_registry_version(
    ngx_multisource_registry_t *reg);

void ngx_multisource_registry_count(ngx_multisource_registry_t *reg,
    ngx_uint_t reason);
void ngx_multisource_registry_totals(ngx_multisource_registry_t *reg,
    ngx_multisource_totals_t *totals);

#pragma GCC visibility pop


/* the wall clock, ms since the epoch */

static ngx_inline uint64_t
ngx_multisource_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


#endif /* _NGX_MULTISOURCE_REGISTRY_H_INCLUDED_ */
