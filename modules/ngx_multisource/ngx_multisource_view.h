
/*
 * Copyright (C) the ngx_live contributors
 *
 * A worker's view of a source's media: its index, mapped once, and the
 * playlists made of it, once for all who ask for the same state.
 */


#ifndef _NGX_MULTISOURCE_VIEW_H_INCLUDED_
#define _NGX_MULTISOURCE_VIEW_H_INCLUDED_


#include "ngx_multisource.h"
#include "ngx_multisource_index.h"
#include "ngx_multisource_playlist.h"


enum {
    NGX_MULTISOURCE_VIEW_MEDIA = 0,     /* live.m3u8 */
    NGX_MULTISOURCE_VIEW_DELTA,         /* with _HLS_skip */
    NGX_MULTISOURCE_VIEW_SOURCE,        /* index.m3u8 */
    NGX_MULTISOURCE_VIEW_BODIES
};


/*
 * How often it is looked whether an index was replaced, or a streamer's list is
 * to be written anew, ms.
 */
#define NGX_MULTISOURCE_VIEW_CHECK  1000

#define NGX_MULTISOURCE_VIEW_AGE    sizeof("max-age=4294967295")


/* a body that several requests send at once; freed with its last user */

typedef struct {
    ngx_uint_t                          users;
    uint64_t                            sequence;   /* of the index */
    ngx_str_t                           plain;
    ngx_str_t                           gzip;       /* empty: there is none */

    /* Cache-Control, of requests with _HLS_msn and without */
    u_char                              blocking[NGX_MULTISOURCE_VIEW_AGE];
    u_char                              age[NGX_MULTISOURCE_VIEW_AGE];

    unsigned                            packed:1;   /* gzip was tried */
} ngx_multisource_body_t;


/*
 * A view without a source is that of a streamer: it has no index, but requests
 * for the list of sources.
 */

typedef struct {
    ngx_str_node_t                      path;       /* of the index, by hash */
    ngx_queue_t                         queue;      /* least used last */
    ngx_msec_t                          used;
    ngx_uint_t                          users;      /* while not 0 it stays */

    ngx_multisource_app_conf_t         *app;
    ngx_str_t                           streamer;
    ngx_str_t                           source;

    ngx_multisource_index_t             index;
    ngx_multisource_index_head_t        head;       /* as of `sequence` */
    ngx_multisource_index_snapshot_t    snapshot;
    uint64_t                            sequence;
    uint64_t                            released;   /* up to where requests
                                                       were answered */
    ngx_multisource_body_t             *bodies[NGX_MULTISOURCE_VIEW_BODIES];

    ngx_msec_t                          checked;    /* that the file is there */
    ngx_msec_t                          rendered;   /* a streamer's list */
    ngx_atomic_uint_t                   listed;     /* as of this version of
                                                       the registry */
    ngx_atomic_uint_t                   shown;      /* and of the shows */

    /* of _origin: */

    ngx_queue_t                         held;       /* requests */
    ngx_uint_t                          nheld;
    ngx_queue_t                         waiting;    /* views that hold some */
    ngx_queue_t                         due;        /* and have to answer */
    ngx_atomic_uint_t                   version;    /* of the registry, when
                                                       it was looked in */
    ngx_multisource_slot_t             *slot;
    ngx_atomic_uint_t                   ticket;     /* of that publish */
    uint64_t                            started;    /* ms since the epoch */

    unsigned                            mapped:1;
    unsigned                            looked:1;   /* for the slot */
    unsigned                            told:1;     /* of the next change, by
                                                       who makes it */
    unsigned                            is_due:1;
} ngx_multisource_view_t;


#pragma GCC visibility push(hidden)

/*
 * The view of a source, with a head that is up to date; opens the index if
 * that was not done before. NULL with *rc NGX_DECLINED: there is no index
 * (yet); NGX_ERROR: no memory. It stays valid until the event loop's next
 * turn, and for as long as it has users.
 */
ngx_multisource_view_t *ngx_multisource_view_find(
    ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source, ngx_int_t *rc);

/*
 * The same of a source whose index is about to be made: the view may not be
 * `mapped`. An empty source: the streamer's. NULL: no memory.
 */
ngx_multisource_view_t *ngx_multisource_view_await(
    ngx_multisource_app_conf_t *app, const ngx_str_t *streamer,
    const ngx_str_t *source);

/* looks at the index again; nonzero: it has changed */
ngx_uint_t ngx_multisource_view_refresh(ngx_multisource_view_t *view);

/*
 * A playlist of the view's state, NGX_MULTISOURCE_VIEW_*, to be let go of by
 * _release(); `gzip`: compressed too. NULL: no memory, or the index is broken.
 */
ngx_multisource_body_t *ngx_multisource_view_body(ngx_multisource_view_t *view,
    ngx_uint_t kind, ngx_uint_t gzip);

/*
 * The multivariant playlist of a streamer's view: the sources that live now.
 * NULL with *rc NGX_DECLINED: none does; NGX_AGAIN: those that do have no media
 * yet; NGX_ERROR: no memory.
 */
ngx_multisource_body_t *ngx_multisource_view_sources(
    ngx_multisource_view_t *view, ngx_uint_t gzip, ngx_int_t *rc);

void ngx_multisource_view_release(ngx_multisource_body_t *body);

/* the views of this worker, for who wakes them */
ngx_queue_t *ngx_multisource_view_all(void);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_VIEW_H_INCLUDED_ */
