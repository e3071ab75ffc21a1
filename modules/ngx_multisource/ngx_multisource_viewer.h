
/*
 * Copyright (C) the ngx_live contributors
 *
 * The viewers of shows, in the zone of ngx_multisource_show.h: what each has
 * watched, what he prefers, what he owes. Any worker adds to any of them, by
 * atomic operations.
 *
 * A viewer is a random number, in his ticket, or a keyed digest of his address
 * and browser; neither the address nor the browser is kept. His place is found
 * within a fixed stretch of the table that his number begins. When that is
 * full a viewer of an ended show makes room, the one that ended first; the
 * figures of his show do not change by that. When all are of open shows the
 * newcomer is not counted, and sees what he came for.
 */


#ifndef _NGX_MULTISOURCE_VIEWER_H_INCLUDED_
#define _NGX_MULTISOURCE_VIEWER_H_INCLUDED_


#include "ngx_multisource_show.h"


#define NGX_MULTISOURCE_VIEWER_STRETCH  64

/* who has asked for media within so many ms is there */
#define NGX_MULTISOURCE_VIEWER_WINDOW   10000

/* beacons are believed to be the whole truth while they come so often, ms */
#define NGX_MULTISOURCE_VIEWER_BEACON   30000

/* what a beacon may leave out of what was really sent, ms */
#define NGX_MULTISOURCE_VIEWER_SLACK    15000

/* what went on for less and no longer does, by a beacon, is no view, ms */
#define NGX_MULTISOURCE_VIEWER_GLANCE   250


/* how a viewer arranges what he sees */

enum {
    NGX_MULTISOURCE_LAYOUT_SINGLE = 0,
    NGX_MULTISOURCE_LAYOUT_PIP,
    NGX_MULTISOURCE_LAYOUT_GRID
};

enum {
    NGX_MULTISOURCE_CORNER_TOP_LEFT = 0,
    NGX_MULTISOURCE_CORNER_TOP_RIGHT,
    NGX_MULTISOURCE_CORNER_BOTTOM_LEFT,
    NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT
};


/* streams are those of the show's record, in bits or by number */

typedef struct {
    uint16_t      enabled;          /* bits */
    uint8_t       main;             /* or NGX_MULTISOURCE_SHOW_NONE */
    uint8_t       pip;
    uint8_t       corner;           /* NGX_MULTISOURCE_CORNER_... */
    uint8_t       size;             /* % of the picture, 10 to 40 */
    uint8_t       layout;           /* NGX_MULTISOURCE_LAYOUT_... */
    uint8_t       follow;           /* the streamer's choice */
    uint8_t       set;              /* by the viewer; 0: the default */
} ngx_multisource_preferences_t;


/*
 * In shared memory. `ticket` is that of the show, or for as long as somebody
 * fills or empties the place a claim, with the number of his process; so a
 * place whose owner died before all of it was there is free.
 *
 * A word of `asked` has the time of the last request for a stream (ms since
 * the epoch, cut to 32 bits), for how long there were requests in a row by
 * then (ms, no more than is needed for the window), the ms between requests
 * since the last beacon, and whether these are counted by now.
 */

typedef struct {
    ngx_atomic_t        id;         /* 0: free */
    ngx_atomic_t        ticket;     /* set last */
    uint32_t            show;       /* number of its slot */
    volatile uint32_t   watching;   /* bits: the last beacon's, or what was
                                       asked for within the window; from bit 16
                                       on, of which requests since the last
                                       beacon made a view */
    ngx_atomic_t        seen;       /* ms since the epoch, request or beacon */
    ngx_atomic_t        beacon;     /* sequence number of the last one, and if
                                       it said that he leaves */
    ngx_atomic_t        beacon_at;  /* ms since the epoch; 0: never */
    ngx_atomic_t        joined;     /* ms since the epoch */
    ngx_atomic_t        preferences;            /* packed */

    ngx_atomic_t        watched;    /* ms with at least one source */
    ngx_atomic_t        amount;     /* see ngx_multisource_price.h */
    volatile uint32_t   stalls;
    volatile uint32_t   stalled;    /* ms */
    ngx_atomic_t        stored;     /* what Redis has, a digest of
                                       ngx_multisource_store.h */

    /* of these, what requests since the last beacon made; it makes up for it */
    ngx_atomic_t        settled;    /* ms */
    ngx_atomic_t        settled_amount;

    ngx_atomic_t        asked[NGX_MULTISOURCE_SHOW_STREAMS];
    volatile uint32_t   total[NGX_MULTISOURCE_SHOW_STREAMS];   /* ms watched */
} ngx_multisource_viewer_t;


/* what a player tells, see ngx_multisource_form.h; streams by number */

typedef struct {
    uint32_t      seq;              /* from 1, grows with each */
    uint32_t      watched[NGX_MULTISOURCE_SHOW_STREAMS];    /* ms, since the one
                                                               before */
    uint32_t      any;              /* ms with at least one of them */
    uint16_t      watching;         /* bits, at this moment */
    ngx_uint_t    nswitches;
    struct {
        uint8_t   from;
        uint8_t   to;
    }             switches[32];
    uint32_t      join_ms;          /* 0: was told before */
    uint32_t      stalls;
    uint32_t      stalled;          /* ms */
    unsigned      leaving:1;
} ngx_multisource_beacon_t;


typedef struct {
    uint64_t      id;
    uint64_t      joined;           /* ms since the epoch */
    uint64_t      seen;
    uint64_t      watched;          /* ms */
    uint64_t      amount;
    uint16_t      watching;
    ngx_multisource_preferences_t  preferences;
    uint32_t      total[NGX_MULTISOURCE_SHOW_STREAMS];
} ngx_multisource_viewer_look_t;


#pragma GCC visibility push(hidden)

/*
 * The place of a viewer in a show; with `add` he gets one if the show is open,
 * and counts as one more. NULL: he has none. Valid until the show is gone.
 */
ngx_multisource_viewer_t *ngx_multisource_viewer_find(
    ngx_multisource_shows_t *shows, ngx_multisource_show_t *show, uint64_t id,
    ngx_uint_t add);

/*
 * He has asked for media of a stream at `now`, ms since the epoch. Requests in
 * a row within the window make the time in between; without beacons that is
 * what he watched, and until the next one, which knows better.
 */
void ngx_multisource_viewer_asked(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, ngx_uint_t stream, uint64_t now);

/*
 * What his player tells. Times are bounded by the time since the beacon before
 * (or since he joined) and 1000 ms, and all together by the time since he
 * joined and 1000 ms; what requests since then counted is replaced by them.
 * NGX_DONE: it does not come after the one before, nothing is counted. A
 * smaller number is that of a new page, and counts, after one that said that
 * he leaves, or when NGX_MULTISOURCE_VIEWER_BEACON ms have passed.
 * NGX_DECLINED: the show is gone.
 */
ngx_int_t ngx_multisource_viewer_beacon(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, ngx_multisource_beacon_t *beacon,
    uint64_t now);

/* never set: all that is enabled, the default corner, 25 %, single */
void ngx_multisource_viewer_preferences(ngx_multisource_viewer_t *viewer,
    ngx_multisource_preferences_t *preferences);
void ngx_multisource_viewer_prefer(ngx_multisource_viewer_t *viewer,
    ngx_multisource_preferences_t *preferences);

/*
 * Once a second, in one worker: who is there of which show, peaks, who has left
 * without saying so.
 */
void ngx_multisource_viewer_look(ngx_multisource_shows_t *shows, uint64_t now);

/* the viewers of a show: NGX_OK, or NGX_DONE at the end; *n begins with 0 */
ngx_int_t ngx_multisource_viewer_next(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_uint_t *n,
    ngx_multisource_viewer_look_t *look);

/* as he was, from Redis; NGX_DECLINED: no room, NGX_DONE: he is here */
ngx_int_t ngx_multisource_viewer_restore(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_multisource_viewer_look_t *look);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_VIEWER_H_INCLUDED_ */
