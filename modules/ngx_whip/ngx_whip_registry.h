
/*
 * Copyright (C) the ngx_live contributors
 *
 * Shared memory: the sessions of all workers, counters, and the rate at which
 * addresses send offers.  Slots are claimed by compare-and-swap and written by
 * their owner alone; nothing is locked and nothing allocated at run time.
 */


#ifndef _NGX_WHIP_REGISTRY_H_INCLUDED_
#define _NGX_WHIP_REGISTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_peers.h"
#include "ngx_whip_reason.h"


typedef enum {
    NGX_WHIP_ASKING = 0,         /* nginx-rtmp decides about the stream */
    NGX_WHIP_NEW,                /* answered; no valid STUN yet */
    NGX_WHIP_CONNECTING,         /* a path is there; DTLS is being done */
    NGX_WHIP_CONNECTED,          /* media may come */
    NGX_WHIP_LIVE,               /* media has come */
    NGX_WHIP_CLOSED,
    NGX_WHIP_NSTATES
} ngx_whip_state_e;


/* of one kind of media */

typedef struct {
    u_char               codec[32];      /* RFC 6381, "" unknown */
    ngx_uint_t           width;
    ngx_uint_t           height;
    ngx_uint_t           layers;         /* of simulcast, sending */
    ngx_uint_t           fps_100;        /* hundredths */
    uint64_t             bitrate;        /* bit/s received, last second */
    uint64_t             packets;        /* all these since the start */
    uint64_t             bytes;
    uint64_t             lost;           /* given up */
    uint64_t             late;
    uint64_t             duplicate;
    uint64_t             nacked;         /* packets asked for again */
    uint64_t             repaired;       /* of them, came in time */
    uint64_t             frames;         /* handed on */
    uint64_t             dropped;        /* frames not handed on */
    uint64_t             concealed;      /* audio samples made up */
    ngx_uint_t           plis;           /* PLI and FIR sent */
    ngx_uint_t           jitter_us;
    ngx_uint_t           fraction_lost;  /* of 256, last report */
} ngx_whip_media_stats_t;


/* what the status tells of a session; no secrets, strings end with NUL */

typedef struct {
    u_char                  session[40];     /* $whip_session */
    u_char                  app[32];
    u_char                  name[64];        /* the public one, or masked */
    u_char                  client[64];      /* of HTTP */
    u_char                  local[64];       /* of the selected path */
    u_char                  remote[64];
    u_char                  cipher[48];
    u_char                  srtp[32];
    u_char                  tls[16];
    ngx_pid_t               pid;
    uint64_t                started;         /* epoch, ms */
    uint64_t                uptime;          /* ms, as of the last update */
    ngx_uint_t              rtt;             /* ms, 0 unknown */
    ngx_int_t               skew_us;         /* audio behind video is > 0 */
    ngx_uint_t              paths;
    ngx_uint_t              bad_packets;
    unsigned                tcp:1;
    unsigned                reports:1;       /* the clock runs on them */
    unsigned                twcc:1;
    unsigned                dtls_client:1;
    ngx_whip_media_stats_t  audio;
    ngx_whip_media_stats_t  video;
} ngx_whip_stats_t;


typedef struct {
    ngx_atomic_t         owner;          /* token of a worker, 0: free */
    ngx_atomic_t         state;          /* ngx_whip_state_e */
    ngx_atomic_t         scope;
    ngx_atomic_t         address;        /* hash of the client's */
    ngx_atomic_t         sequence;       /* odd: `stats` is being written */
    ngx_whip_stats_t     stats;
} ngx_whip_slot_t;


typedef struct ngx_whip_shared_s  ngx_whip_shared_t;

typedef struct {
    ngx_whip_shared_t   *shared;
    ngx_live_peers_t     peers;
    ngx_log_t           *log;
} ngx_whip_registry_t;


#pragma GCC visibility push(hidden)

/* of ngx_shm_zone_t; keeps what is there over a reload */
ngx_int_t ngx_whip_registry_init_zone(ngx_shm_zone_t *zone, void *data);

/* the smallest size of whip_zone, bytes */
size_t ngx_whip_registry_min_size(void);

ngx_live_peers_shared_t *ngx_whip_registry_peers(ngx_shm_zone_t *zone);

void ngx_whip_registry_open(ngx_whip_registry_t *reg, ngx_shm_zone_t *zone,
    ngx_log_t *log);

/* a slot in state NGX_WHIP_ASKING, NULL: none is free */
ngx_whip_slot_t *ngx_whip_registry_claim(ngx_whip_registry_t *reg,
    ngx_uint_t scope, struct sockaddr *client);
void ngx_whip_registry_release(ngx_whip_slot_t *slot);
void ngx_whip_registry_state(ngx_whip_slot_t *slot, ngx_uint_t state);
void ngx_whip_registry_write(ngx_whip_slot_t *slot, ngx_whip_stats_t *stats);

/*
 * The slot at *n or behind it, copied; *n becomes the next to ask for.
 * NGX_DECLINED: there is no other.
 */
ngx_int_t ngx_whip_registry_next(ngx_whip_registry_t *reg, ngx_uint_t *n,
    ngx_uint_t *state, ngx_whip_stats_t *stats);

/* sessions of a scope, and those of a client that are not connected yet */
void ngx_whip_registry_count(ngx_whip_registry_t *reg, ngx_uint_t scope,
    struct sockaddr *client, ngx_uint_t *sessions, ngx_uint_t *pending);

/* NGX_DECLINED: more than `number` in `time` ms from this address */
ngx_int_t ngx_whip_registry_rate(ngx_whip_registry_t *reg,
    struct sockaddr *client, ngx_uint_t number, ngx_msec_t time);

void ngx_whip_registry_reason(ngx_whip_registry_t *reg, ngx_uint_t reason);
uint64_t ngx_whip_registry_reasons(ngx_whip_registry_t *reg,
    ngx_uint_t reason);
void ngx_whip_registry_started(ngx_whip_registry_t *reg);
uint64_t ngx_whip_registry_total(ngx_whip_registry_t *reg);
void ngx_whip_registry_strays(ngx_whip_registry_t *reg, ngx_uint_t n);
uint64_t ngx_whip_registry_stray_total(ngx_whip_registry_t *reg);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_REGISTRY_H_INCLUDED_ */
