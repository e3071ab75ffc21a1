
/*
 * Copyright (C) the ngx_live contributors
 *
 * Shows: what clients know as sessions. A show groups the sources of one
 * streamer from the first publish, or from session/start, to the last one plus
 * a time of grace. Shared memory, in a zone of its own, next to the viewers of
 * ngx_multisource_viewer.h.
 *
 * What describes a show stands in a copy that nobody writes to while it is the
 * one to read: a change is written into a spare copy, which then takes its
 * place by one compare-and-swap, or is thrown away when somebody else was
 * faster. So changes wait for nobody. Only what begins a show holds a lease,
 * for as long as that takes, which is taken away from who keeps it. What is
 * counted is added up by atomic operations, in any worker. A worker that is
 * killed or stopped at any instruction leaves nothing locked and nothing half
 * written.
 *
 * An ended show stays, with its figures, until its room is needed: the one that
 * ended first goes first, and a live one never.
 */


#ifndef _NGX_MULTISOURCE_SHOW_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_multisource_director.h"
#include "ngx_multisource_name.h"
#include "ngx_multisource_price.h"


#define NGX_MULTISOURCE_SHOW_ID        32       /* hex digits */
#define NGX_MULTISOURCE_SHOW_APP       64       /* with NUL */
#define NGX_MULTISOURCE_SHOW_TITLE     401      /* bytes of UTF-8, with NUL */

/* sources of a show that are told apart; further ones are not counted */
#define NGX_MULTISOURCE_SHOW_STREAMS   16
#define NGX_MULTISOURCE_SHOW_NONE      0xff     /* no stream */

/* join latencies up to these many ms, and all that are longer */
#define NGX_MULTISOURCE_SHOW_BUCKETS   12

/* without a live source for so long, ms, and a show is over */
#define NGX_MULTISOURCE_SHOW_GRACE     30000

/* one that was started and nobody publishes to is over by then, ms */
#define NGX_MULTISOURCE_SHOW_PATIENCE  3600000

/* a lease is taken away after so many ms, and at once from who is dead */
#define NGX_MULTISOURCE_SHOW_LEASE     500

/* shows that a worker finds again without a search, a power of 2 */
#define NGX_MULTISOURCE_SHOW_NEAR      256

#define NGX_MULTISOURCE_SHOW_MIN_ZONE  (256 * 1024)


/* states of a show */

enum {
    NGX_MULTISOURCE_SHOW_FREE = 0,
    NGX_MULTISOURCE_SHOW_WAITING,       /* started, nothing is published yet */
    NGX_MULTISOURCE_SHOW_LIVE,          /* grace included */
    NGX_MULTISOURCE_SHOW_ENDED
};


/* who chooses the source on air */

enum {
    NGX_MULTISOURCE_DIRECT_OFF = 0,     /* nobody: viewers choose */
    NGX_MULTISOURCE_DIRECT_MANUAL,
    NGX_MULTISOURCE_DIRECT_ACTIVITY
};


typedef struct {
    u_char       name[NGX_MULTISOURCE_NAME_MAX + 1];
    u_char       label[NGX_MULTISOURCE_NAME_MAX * 2 + 1];   /* "": the name */
    uint8_t      type;              /* NGX_MULTISOURCE_PRICE_SCREEN ... */
    uint8_t      expected;          /* was named by session/start */
    uint8_t      disabled;          /* by the streamer: not for viewers */
    uint8_t      live;
    uint64_t     since;             /* live or not, ms since the epoch; 0:
                                       never */
} ngx_multisource_show_stream_t;


/* what describes a show; strings end with NUL, times are ms since the epoch */

typedef struct {
    u_char       id[NGX_MULTISOURCE_SHOW_ID + 1];
    u_char       app[NGX_MULTISOURCE_SHOW_APP];
    u_char       streamer[NGX_MULTISOURCE_NAME_MAX + 1];
    u_char       title[NGX_MULTISOURCE_SHOW_TITLE];
    u_char       code[NGX_MULTISOURCE_SHOW_ID + 1];     /* to join a private
                                                           one */
    uint8_t      state;
    uint8_t      private;
    uint8_t      asked;             /* by session/start */
    uint8_t      director;          /* NGX_MULTISOURCE_DIRECT_OFF ... */
    uint8_t      on_air;            /* a stream, or NGX_MULTISOURCE_SHOW_NONE */
    uint8_t      nstreams;
    uint32_t     revision;          /* grows with every change */
    uint64_t     created;
    uint64_t     started;           /* the first publish; 0: not yet */
    uint64_t     ended;             /* 0: not yet */
    uint64_t     last_live;         /* when a source was last seen */
    uint64_t     on_air_since;      /* of the streamer's wall clock */
    ngx_multisource_price_t         price;
    ngx_multisource_show_stream_t   streams[NGX_MULTISOURCE_SHOW_STREAMS];
} ngx_multisource_show_record_t;


/* what is counted, of one stream and of a show */

typedef struct {
    ngx_atomic_t  views;            /* how often somebody began to watch it */
    ngx_atomic_t  watched;          /* ms, of all viewers */
    ngx_atomic_t  now;              /* viewers, as the last look had it */
    ngx_atomic_t  peak;
} ngx_multisource_show_tally_t;

typedef struct {
    ngx_atomic_t  distinct;         /* viewers */
    ngx_atomic_t  now;
    ngx_atomic_t  peak;
    ngx_atomic_t  watched;          /* ms with at least one source, of all
                                       viewers: not the sum of the streams' */
    ngx_atomic_t  joins;            /* that told their latency */
    ngx_atomic_t  join_ms;          /* the sum of these */
    ngx_atomic_t  join_buckets[NGX_MULTISOURCE_SHOW_BUCKETS];
    ngx_atomic_t  stalls;
    ngx_atomic_t  stalled;          /* ms */
    ngx_atomic_t  amount;           /* see ngx_multisource_price.h */
    ngx_multisource_show_tally_t  streams[NGX_MULTISOURCE_SHOW_STREAMS];
    volatile uint32_t  switches[NGX_MULTISOURCE_SHOW_STREAMS]
                               [NGX_MULTISOURCE_SHOW_STREAMS]; /* [from][to] */
} ngx_multisource_show_counts_t;


/* what stays in its place for as long as a show has a slot; 0 at first */

typedef struct {
    ngx_atomic_t                    ticket;     /* 0: free; never reused */
    ngx_atomic_t                    told;       /* by ngx_multisource_webhook.h:
                                                   ticket * 8 + what */
    ngx_atomic_t                    stored;     /* what Redis has, a digest of
                                                   ngx_multisource_store.h */
    ngx_multisource_director_t      director;   /* of who has the turn,
                                                   NGX_MULTISOURCE_TURN_DIRECT */
    ngx_multisource_show_counts_t   counts;
} ngx_multisource_show_slot_t;


/* see ngx_multisource_shows.h */

typedef struct ngx_multisource_shows_shared_s  ngx_multisource_shows_shared_t;
typedef struct ngx_multisource_show_copy_s  ngx_multisource_show_copy_t;


/* a worker's view of the zone */

typedef struct {
    ngx_multisource_shows_shared_t  *shared;    /* NULL: no zone */
    ngx_multisource_show_slot_t     *slots;
    ngx_uint_t                       nslots;
    void                            *viewers;   /* ngx_multisource_viewer_t */
    ngx_uint_t                       nviewers;
    ngx_msec_t                       grace;     /* 0: the default */
    ngx_log_t                       *log;

    /* private; tables in the zone, of slots, copies and viewers */

    ngx_atomic_t                    *words;     /* of slots: which copy it is */
    ngx_atomic_t                    *ended;     /* ms since the epoch; 0: no */
    uint32_t                        *hashes;    /* of app and streamer; odd
                                                   while it is open */
    uint32_t                        *keys;      /* of the id */
    ngx_multisource_show_copy_t     *copies;
    ngx_atomic_t                    *owners;    /* of copies; 0: spare */
    ngx_uint_t                       ncopies;
    uint32_t                        *marks;     /* of viewers; 0: free */

    /* and what is the worker's own */

    ngx_uint_t                       spare;     /* the copy it gave back last */
    ngx_atomic_uint_t                tag;       /* of the one it writes to */
    void                            *tally;     /* for looks at viewers */
    uint32_t                         near_hash[NGX_MULTISOURCE_SHOW_NEAR];
    uint32_t                         near_key[NGX_MULTISOURCE_SHOW_NEAR];
} ngx_multisource_shows_t;


/* a show as it was when it was looked at; a copy, and valid forever */

typedef struct {
    ngx_multisource_show_slot_t     *slot;
    ngx_atomic_uint_t                ticket;
    ngx_multisource_show_record_t    record;
} ngx_multisource_show_t;


/* what a stream is like right now, see ngx_multisource_show_meet() */

typedef struct {
    ngx_str_t    name;
    ngx_uint_t   type;              /* by what is known of it */
} ngx_multisource_show_live_t;


typedef struct {
    ngx_uint_t   nslots;
    ngx_uint_t   live;              /* waiting ones included */
    ngx_uint_t   ended;
    ngx_uint_t   nviewers;          /* room */
    ngx_uint_t   viewers;           /* places in use, of ended shows as well */
    uint64_t     shows;             /* since the zone is there */
    uint64_t     lost_viewers;      /* for whom there was no place */
} ngx_multisource_show_totals_t;


#pragma GCC visibility push(hidden)

/*
 * Lays the zone out, or takes over the one of the configuration before: the
 * `init` of ngx_shm_zone_t.
 */
ngx_int_t ngx_multisource_show_init_zone(ngx_shm_zone_t *zone, void *data);

/* in a worker */
void ngx_multisource_show_open(ngx_multisource_shows_t *shows,
    ngx_shm_zone_t *zone, ngx_log_t *log);

/* 32 random bytes, made with the zone: the key of tickets if none is given */
u_char *ngx_multisource_show_secret(ngx_multisource_shows_t *shows);

/*
 * The show that is open, waiting or live, of a streamer; with `ended` the one
 * that ended last if none is. NGX_DECLINED: there is none.
 */
ngx_int_t ngx_multisource_show_of(ngx_multisource_shows_t *shows,
    ngx_str_t *app, ngx_str_t *streamer, ngx_uint_t ended,
    ngx_multisource_show_t *show);

/* by id, 32 lower-case hex digits; NGX_DECLINED: there is none */
ngx_int_t ngx_multisource_show_find(ngx_multisource_shows_t *shows,
    ngx_str_t *id, ngx_multisource_show_t *show);

/* by slot, for walks from 0 to nslots - 1; NGX_DECLINED: it is free */
ngx_int_t ngx_multisource_show_at(ngx_multisource_shows_t *shows,
    ngx_uint_t n, ngx_multisource_show_t *show);

/*
 * Opens a show, in state WAITING: `record` has app, streamer and what else is
 * known; id and code are made where they are empty. Where one of this streamer
 * is open by now, that is what *show becomes, unchanged: NGX_DONE.
 * NGX_DECLINED: all slots have open shows. NGX_BUSY: somebody holds the lease,
 * try again. NGX_ERROR: the record names no application or streamer, or there
 * are no random numbers.
 */
ngx_int_t ngx_multisource_show_begin(ngx_multisource_shows_t *shows,
    ngx_multisource_show_record_t *record, ngx_multisource_show_t *show);

/*
 * Changes a show: `change` gets the record as it is now, and returns NGX_OK
 * when it has changed it, or anything else, which is returned as it is. It may
 * run again and has no other effect. On NGX_OK show->record is the new one,
 * with another revision; otherwise it is as it was found. Whose show it is,
 * its id and when it was made do not change, and one that has ended does not
 * go on. NGX_DECLINED: the show is gone. NGX_BUSY: try again.
 */
typedef ngx_int_t (*ngx_multisource_show_pt)(
    ngx_multisource_show_record_t *record, void *data);

ngx_int_t ngx_multisource_show_change(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_multisource_show_pt change, void *data);

/*
 * Brings a show up to date with what is live of its streamer at `now`, ms
 * since the epoch: adds streams, marks who came and went, begins it, ends it
 * after the grace or the patience. NGX_OK: something changed; NGX_DONE:
 * nothing did; otherwise as ngx_multisource_show_change().
 */
ngx_int_t ngx_multisource_show_meet(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_multisource_show_live_t *live,
    ngx_uint_t n, uint64_t now);

/* ends it, at once; NGX_DONE: it has ended before */
ngx_int_t ngx_multisource_show_end(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, uint64_t now);

/* the stream of this name, or NGX_MULTISOURCE_SHOW_NONE; pure */
ngx_uint_t ngx_multisource_show_stream(ngx_multisource_show_record_t *record,
    ngx_str_t *name);

/* a stream of this name, which is added; NONE: there is no room; pure */
ngx_uint_t ngx_multisource_show_stream_add(
    ngx_multisource_show_record_t *record, ngx_str_t *name, ngx_uint_t type);

/* counters of a show; NULL when it is gone by now */
ngx_multisource_show_counts_t *ngx_multisource_show_counts(
    ngx_multisource_show_t *show);

/* puts a latency into its bucket, and the upper end of a bucket in ms (the last
   one has none: 0); pure */
ngx_uint_t ngx_multisource_show_bucket(ngx_uint_t ms);
ngx_uint_t ngx_multisource_show_bucket_end(ngx_uint_t bucket);

void ngx_multisource_show_totals(ngx_multisource_shows_t *shows,
    ngx_multisource_show_totals_t *totals);

/* grows with every change of any show's record */
ngx_atomic_uint_t ngx_multisource_show_version(ngx_multisource_shows_t *shows);

/*
 * Who does what all workers could do but one has to, once in `every` ms: NGX_OK
 * for one of those who ask in that time.
 */
ngx_int_t ngx_multisource_show_turn(ngx_multisource_shows_t *shows,
    ngx_uint_t what, ngx_msec_t every);

enum {
    NGX_MULTISOURCE_TURN_MEET = 0,
    NGX_MULTISOURCE_TURN_LOOK,          /* at the viewers */
    NGX_MULTISOURCE_TURN_DIRECT,
    NGX_MULTISOURCE_TURN_STORE,
    NGX_MULTISOURCE_TURN_TELL,          /* the webhook */
    NGX_MULTISOURCE_TURNS
};

/*
 * A show that is in Redis and not here: takes a slot for it, as it was. The
 * counters are those of *counts; NULL: all zero. An open one comes back as
 * ended where its streamer has opened another one by now. NGX_DONE: it is
 * here; NGX_DECLINED: no room, where what ended before it makes none; NGX_BUSY
 * and NGX_ERROR as above.
 */
ngx_int_t ngx_multisource_show_restore(ngx_multisource_shows_t *shows,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_show_t *show);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SHOW_H_INCLUDED_ */
