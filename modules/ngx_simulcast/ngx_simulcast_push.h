
/*
 * Copyright (C) the ngx_live contributors
 *
 * One destination of a running source: the connection, what was sent, what was
 * acknowledged, and when to try again.
 */


#ifndef _NGX_SIMULCAST_PUSH_H_INCLUDED_
#define _NGX_SIMULCAST_PUSH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_feed.h"
#include "ngx_simulcast_health.h"
#include "ngx_simulcast_limits.h"
#include "ngx_simulcast_link.h"
#include "ngx_simulcast_registry.h"
#include "ngx_simulcast_retry.h"


/* without an acknowledged byte while some are owed */
#define NGX_SIMULCAST_PUSH_STALL    10000       /* ms */

/* over which rates are measured */
#define NGX_SIMULCAST_PUSH_SECONDS  5

/* marks between what was written and what of it the peer has */
#define NGX_SIMULCAST_PUSH_MARKS    128


typedef struct ngx_simulcast_push_s  ngx_simulcast_push_t;


typedef enum {
    NGX_SIMULCAST_PUSH_STATE = 0,       /* state, or a reason, has changed */
    NGX_SIMULCAST_PUSH_ASK,             /* before another attempt, the platform
                                           is to be asked: answer with
                                           ngx_simulcast_push_dial() */
    NGX_SIMULCAST_PUSH_TICK             /* once a second; numbers are new */
} ngx_simulcast_push_event_e;


/* may not free the push */

typedef void (*ngx_simulcast_push_pt)(void *data, ngx_uint_t event);


typedef struct {
    ngx_str_t                   id;
    ngx_str_t                   name;           /* for people */
    ngx_str_t                   streamer;
    ngx_str_t                   source;
    ngx_uint_t                  platform;       /* ngx_simulcast_platform_e */
    unsigned                    trusted:1;      /* any address may be used */
    unsigned                    reconnect:1;    /* after a loss */
    unsigned                    ask:1;          /* PUSH_ASK after the platform's
                                                   window, not just dial */
    unsigned                    fixed:1;        /* of simulcast_push */
    ngx_uint_t                  max_retries;    /* in a row; 0: any number */
    ngx_simulcast_push_pt       handler;        /* may be NULL */
    void                       *data;
} ngx_simulcast_push_conf_t;


/* the position of what was written, and what it had in it */

typedef struct {
    uint64_t                    written;        /* bytes of TCP */
    ngx_uint_t                  pictures;
} ngx_simulcast_push_mark_t;


typedef struct {
    uint64_t                    acked;          /* bytes of TCP */
    ngx_uint_t                  pictures;       /* acknowledged */
    ngx_uint_t                  dropped;
} ngx_simulcast_push_second_t;


struct ngx_simulcast_push_s {
    ngx_pool_t                 *pool;
    ngx_log_t                  *log;
    ngx_simulcast_push_conf_t   conf;

    ngx_simulcast_feed_t       *feed;
    ngx_simulcast_reader_t      reader;

    ngx_simulcast_link_t       *link;
    ngx_simulcast_link_t       *next;           /* where the server has sent us,
                                                   to be used from a keyframe
                                                   on */
    u_char                     *target;         /* URL and key as dialled */
    size_t                      ntarget;
    ngx_simulcast_url_t         url;            /* points into it */

    ngx_uint_t                  state;          /* ngx_simulcast_state_e */
    ngx_uint_t                  reason;         /* of the last failure */
    char                        text[256];      /* what the server said */

    ngx_simulcast_retry_t       retry;
    ngx_event_t                 timer;          /* to try again */
    ngx_event_t                 tick;           /* once a second */
    ngx_msec_t                  wait;           /* until the next attempt */

    /* the RTMP stream */

    unsigned                    begun:1;        /* headers are sent */
    unsigned                    skipping:1;     /* video, up to a keyframe */
    unsigned                    full:1;         /* the socket; WRITABLE will
                                                   follow */
    uint64_t                    base;           /* feed time that is 0 there */
    uint64_t                    sent[NGX_SIMULCAST_NCHANNELS];
                                                /* of the last message; feed
                                                   time, 0: none */
    uint64_t                    configs;        /* headers sent */
    size_t                      offset;         /* sent of the next frame */
    u_char                     *carry;          /* a rest that is to be sent
                                                   before anything else */
    size_t                      ncarry;
    size_t                      carried;

    /* progress */

    ngx_simulcast_push_mark_t   marks[NGX_SIMULCAST_PUSH_MARKS];
    ngx_uint_t                  mark;           /* the oldest */
    ngx_uint_t                  nmarks;
    ngx_uint_t                  unmarked;       /* pictures since the last */
    uint64_t                    began;          /* written, when media began */
    uint64_t                    acked;          /* of this connection */
    ngx_msec_t                  progress;       /* when it last grew */
    ngx_msec_t                  even;           /* when nothing was owed */
    uint64_t                    confirmed;      /* link->acked, RTMP's */
    uint64_t                    interval;       /* the largest that it grew by */
    ngx_uint_t                  nconfirmed;     /* how often it grew */
    ngx_msec_t                  confirmation;   /* when it last did */
    ngx_msec_t                  connected;      /* when the stream began */

    ngx_simulcast_push_second_t seconds[NGX_SIMULCAST_PUSH_SECONDS];
    ngx_uint_t                  nseconds;

    /* since the start, over all connections */

    ngx_msec_t                  started;
    uint64_t                    started_at;     /* epoch, ms */
    uint64_t                    bytes;          /* acknowledged */
    uint64_t                    frames;         /* pictures acknowledged */
    uint64_t                    dropped;
    ngx_uint_t                  connects;

    double                      fps;
    uint64_t                    bitrate;        /* bit/s */

    ngx_simulcast_health_t      health;
    ngx_simulcast_limits_t      limits;

    u_char                      rendition[64];  /* its settings, or "" */

    ngx_simulcast_slot_t       *slot;           /* or NULL */
    ngx_queue_t                 queue;          /* of the owner */
};


#pragma GCC visibility push(hidden)

/*
 * Strings of the conf are copied. Nothing happens before
 * ngx_simulcast_push_dial(). NULL: out of memory.
 */
ngx_simulcast_push_t *ngx_simulcast_push_create(ngx_simulcast_feed_t *feed,
    ngx_simulcast_push_conf_t *conf);

/* connects to a URL; key may be empty when it is in the URL. Returns NULL or
   what is wrong with the URL */
const char *ngx_simulcast_push_dial(ngx_simulcast_push_t *push, ngx_str_t *url,
    ngx_str_t *key);

/*
 * It does not run for a reason that is not the connection's (the platform's API,
 * a secret that cannot be opened). retry: ms until PUSH_ASK, 0: never.
 */
void ngx_simulcast_push_refuse(ngx_simulcast_push_t *push, ngx_uint_t reason,
    const char *text, ngx_msec_t retry);

/* clean: a real end; otherwise the connection is just closed */
void ngx_simulcast_push_free(ngx_simulcast_push_t *push, ngx_uint_t clean,
    ngx_uint_t reason);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_PUSH_H_INCLUDED_ */
