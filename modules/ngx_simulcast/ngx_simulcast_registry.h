
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the workers of this machine push, in shared memory: for the status, and
 * for it only. Slots are claimed by compare-and-swap and never locked.
 */


#ifndef _NGX_SIMULCAST_REGISTRY_H_INCLUDED_
#define _NGX_SIMULCAST_REGISTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_peers.h"
#include "ngx_simulcast.h"
#include "ngx_simulcast_reason.h"


/* no secrets, strings end with NUL */

typedef struct {
    u_char               id[NGX_SIMULCAST_ID + 1];
    u_char               name[NGX_SIMULCAST_TITLE * 4 + 1];
    u_char               streamer[NGX_SIMULCAST_NAME * 2];
    u_char               source[NGX_SIMULCAST_NAME + 1];
    u_char               server[128];       /* rtmps://host:port/app */
    u_char               address[64];
    u_char               cipher[64];
    u_char               rendition[64];     /* its settings, or "" */
    ngx_uint_t           platform;
    ngx_uint_t           state;
    ngx_uint_t           health;
    ngx_uint_t           reason;            /* of the last failure */
    ngx_uint_t           fixed;             /* of simulcast_push */
    ngx_pid_t            pid;
    uint64_t             started;           /* epoch, ms */
    uint64_t             uptime;            /* ms */
    uint64_t             bytes;             /* acknowledged */
    uint64_t             frames;            /* of video, acknowledged */
    uint64_t             dropped;
    uint64_t             connects;
    uint64_t             attempts;          /* failed in a row */
    uint64_t             bitrate;           /* bit/s */
    uint64_t             queued;            /* ms that it is behind */
    uint64_t             rtt;               /* us, 0 unknown */
    double               fps;
} ngx_simulcast_stats_t;


typedef struct {
    ngx_atomic_t         owner;             /* token of a worker, 0: free */
    ngx_atomic_t         sequence;          /* odd: being written */
    ngx_simulcast_stats_t  stats;
} ngx_simulcast_slot_t;


typedef struct ngx_simulcast_shared_s  ngx_simulcast_shared_t;

typedef struct {
    ngx_simulcast_shared_t  *shared;        /* NULL: no zone */
    ngx_live_peers_t         peers;
    ngx_log_t               *log;
} ngx_simulcast_registry_t;


#pragma GCC visibility push(hidden)

/* of this worker */
extern ngx_simulcast_registry_t  ngx_simulcast_registry;

/* of ngx_shm_zone_t; keeps what is there over a reload */
ngx_int_t ngx_simulcast_registry_init_zone(ngx_shm_zone_t *zone, void *data);

/* the smallest size of simulcast_zone, bytes */
size_t ngx_simulcast_registry_min_size(void);

/* in a worker */
void ngx_simulcast_registry_open(ngx_shm_zone_t *zone, ngx_log_t *log);

/* a slot, NULL: none is free */
ngx_simulcast_slot_t *ngx_simulcast_registry_claim(void);
void ngx_simulcast_registry_release(ngx_simulcast_slot_t *slot);
void ngx_simulcast_registry_write(ngx_simulcast_slot_t *slot,
    ngx_simulcast_stats_t *stats);

/* the slot at *n or behind it, copied; *n becomes the next to ask for.
   NGX_DECLINED: there is no other */
ngx_int_t ngx_simulcast_registry_next(ngx_uint_t *n,
    ngx_simulcast_stats_t *stats);

/* slots that there are */
ngx_uint_t ngx_simulcast_registry_slots(void);

/* counts a failure of a destination, and reads the count */
void ngx_simulcast_registry_reason(ngx_uint_t reason);
uint64_t ngx_simulcast_registry_reasons(ngx_uint_t reason);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_REGISTRY_H_INCLUDED_ */
