
/*
 * Copyright (C) the ngx_live contributors
 *
 * The index of a source's media: which segments and parts there are, and where
 * in their files. A file of its own beside them, mapped by all workers, so that
 * each of them answers requests, and numbering goes on after a restart.
 *
 * One process writes at a time: it holds a lock on the file for a moment, and
 * owns the index by its epoch. Records of segments and parts stand in two rings
 * and are written before the head that shows them; there are two heads, of
 * which `sequence` names the valid one. So a writer that is killed between any
 * two instructions leaves what was there before. Readers need no lock: they
 * copy, and look whether the sequence has moved. What they read is checked; a
 * broken file is no index.
 */


#ifndef _NGX_MULTISOURCE_INDEX_H_INCLUDED_
#define _NGX_MULTISOURCE_INDEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_name.h"


#define NGX_MULTISOURCE_INDEX_FILE       "index"

#define NGX_MULTISOURCE_INDEX_CODECS     128
#define NGX_MULTISOURCE_INDEX_REPORTS    16

/* "{epoch}-{msn}.m4s" with its NUL */
#define NGX_MULTISOURCE_INDEX_NAME_MAX   48


enum {
    NGX_MULTISOURCE_INDEX_NEW = 0,  /* bounds are not known yet */
    NGX_MULTISOURCE_INDEX_LIVE,
    NGX_MULTISOURCE_INDEX_AWAY,     /* the publisher left, and may come back */
    NGX_MULTISOURCE_INDEX_ENDED
};


/*
 * How long a publisher may be away before its playlist ends, ms: less than
 * requests are held, so that they are answered with the end.
 */

#define NGX_MULTISOURCE_INDEX_GRACE(head)                                     \
    ngx_max((head)->target_duration * 2500ULL, 5000ULL)


/* flags of segments and parts */

#define NGX_MULTISOURCE_INDEX_INDEPENDENT    0x01   /* has a keyframe; of a
                                                segment: begins with one */
#define NGX_MULTISOURCE_INDEX_GAP            0x02   /* its media is lost */
#define NGX_MULTISOURCE_INDEX_DISCONTINUITY  0x04   /* segment: before it */


/* times in ticks of 90 kHz, wall clock in us since 1970 */

typedef struct {
    uint64_t     msn;           /* media sequence number */
    uint64_t     dsn;           /* discontinuity sequence number */
    uint64_t     epoch;
    uint64_t     part;          /* number of its first part in the ring */
    int64_t      wall;          /* of its first frame */
    uint64_t     bytes;
    uint32_t     init;          /* number of the init section of the epoch */
    uint32_t     parts;
    uint32_t     duration;
    uint32_t     flags;
} ngx_multisource_index_segment_t;


typedef struct {
    uint64_t     number;        /* in the ring, of all parts ever */
    uint64_t     offset;        /* in the segment's file */
    uint32_t     bytes;
    uint32_t     duration;
    uint32_t     flags;
    uint32_t     unused;
} ngx_multisource_index_part_t;


/* where another source of the streamer was, EXT-X-RENDITION-REPORT */

typedef struct {
    u_char       source[NGX_MULTISOURCE_NAME_MAX + 2];
    uint64_t     msn;
    uint32_t     part;          /* the last one of this segment, which may be
                                   complete; (uint32_t) -1: unknown */
    uint32_t     unused;
} ngx_multisource_index_report_t;


/* what streams are in it, as the multivariant playlist tells */

typedef struct {
    u_char       codecs[NGX_MULTISOURCE_INDEX_CODECS];  /* RFC 6381, "," */
    uint32_t     width;         /* 0: no video */
    uint32_t     height;
    uint32_t     fps;           /* frames per 1000 s, 0: unknown */
    uint32_t     bandwidth;     /* bit/s, peak of a segment */
    uint32_t     average;       /* bit/s */
    uint32_t     unused;
} ngx_multisource_index_streams_t;


typedef struct {
    uint32_t     state;
    uint32_t     target_duration;   /* s, 0: not known yet */
    uint32_t     part_target;       /* ticks */
    uint32_t     window;            /* ms */
    uint64_t     epoch;             /* of the session that writes */
    uint64_t     owner;             /* pid of the process that writes */
    uint64_t     owner_start;       /* and its start, ngx_live_process.h */
    uint64_t     changed;           /* ms since 1970, of the last part or
                                       state */

    /* segments [first, open) are listed, and complete; files are kept of
       [oldest, open); `current` is the one that parts are added to, and has
       the number `open` */

    uint64_t     oldest;
    uint64_t     first;
    uint64_t     open;
    uint64_t     next_part;         /* number of the next part */

    /* to which sender's clock it belongs, see ngx_multisource_clock.h */

    int64_t      sender_offset;     /* us */
    uint64_t     sender;            /* whose, 0: unknown */
    int64_t      residual;          /* us, of the clock */

    ngx_multisource_index_segment_t  current;
    ngx_multisource_index_streams_t  streams;

    uint32_t     nreports;
    uint32_t     last_parts;        /* of segment open - 1 */
    ngx_multisource_index_report_t   reports[NGX_MULTISOURCE_INDEX_REPORTS];
} ngx_multisource_index_head_t;


/* a mapped index; `data` and what follows is private */

typedef struct {
    ngx_fd_t                    fd;
    u_char                     *data;
    size_t                      size;
    uint64_t                    nsegments;  /* of the rings */
    uint64_t                    nparts;
    dev_t                       device;     /* of the file that is mapped */
    ino_t                       inode;
} ngx_multisource_index_t;


/*
 * A copy of what a playlist is made of. The arrays are the caller's to free,
 * with ngx_multisource_index_forget(). `parts` are those of the last
 * segments up to and including `current`; a segment whose first part is older
 * than parts[0].number has none listed.
 */

typedef struct {
    uint64_t                          sequence;
    ngx_multisource_index_head_t      head;
    ngx_multisource_index_segment_t  *segments;   /* [first, open) */
    ngx_uint_t                        nsegments;
    ngx_multisource_index_part_t     *parts;
    ngx_uint_t                        nparts;
    size_t                            segments_size;    /* allocated */
    size_t                            parts_size;
} ngx_multisource_index_snapshot_t;


#pragma GCC visibility push(hidden)

/*
 * For readers. NGX_DECLINED: there is no such file, or it is no index (nothing
 * is logged: it may be about to be made); NGX_ERROR (logged).
 */
ngx_int_t ngx_multisource_index_open(ngx_multisource_index_t *index,
    const char *path, ngx_log_t *log);

/* nonzero: the file of this path is no more, or is another one */
ngx_uint_t ngx_multisource_index_replaced(ngx_multisource_index_t *index,
    const char *path);

/* one that is zeroed, or that could not be opened, is fine */
void ngx_multisource_index_close(ngx_multisource_index_t *index);

/* grows with every change; costs one load. 0: nothing was ever written */
uint64_t ngx_multisource_index_sequence(ngx_multisource_index_t *index);

/*
 * Copies the head alone. NGX_OK; NGX_AGAIN: it could not be had in one piece in
 * a few tries, as when a writer changes it all the time; NGX_DECLINED: it is
 * broken.
 */
ngx_int_t ngx_multisource_index_head(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, uint64_t *sequence);

/*
 * The same with the listed segments, and the parts of those that end within
 * 3 target durations of the end. Memory of an earlier snapshot is used again:
 * zero it before the first use. NGX_ERROR: no memory.
 */
ngx_int_t ngx_multisource_index_snapshot(ngx_multisource_index_t *index,
    ngx_multisource_index_snapshot_t *snapshot, ngx_log_t *log);

void ngx_multisource_index_forget(ngx_multisource_index_snapshot_t *snapshot);

/*
 * Looks a segment or a part of it up by its number, as long as there is a
 * record of it, listed or not; `current` too. NGX_OK, NGX_AGAIN and
 * NGX_DECLINED (there is none) as above. Part of a segment from 0.
 */
ngx_int_t ngx_multisource_index_find(ngx_multisource_index_t *index,
    uint64_t msn, ngx_multisource_index_segment_t *segment);
ngx_int_t ngx_multisource_index_find_part(ngx_multisource_index_t *index,
    uint64_t msn, ngx_uint_t part, ngx_multisource_index_segment_t *segment,
    ngx_multisource_index_part_t *out);

/*
 * The newest part of the session that the index belongs to which begins with a
 * keyframe: the first one of a segment, the only ones of which that is known.
 * NGX_OK, NGX_AGAIN and NGX_DECLINED (there is none) as above.
 */
ngx_int_t ngx_multisource_index_find_keyed(ngx_multisource_index_t *index,
    ngx_multisource_index_segment_t *segment,
    ngx_multisource_index_part_t *out);

/*
 * The last part that there is, as EXT-X-RENDITION-REPORT tells it (4.4.5.4):
 * the number of its segment, and its own in it. NGX_DECLINED: there is none.
 */
ngx_int_t ngx_multisource_index_last(const ngx_multisource_index_head_t *head,
    uint64_t *msn, uint32_t *part);


/*
 * For writers; these block and belong on a thread. Opens the index, makes it if
 * there is none or it is broken, and enlarges it (with its contents) if its
 * rings are smaller. All of it is allocated on the disk, so that writing to the
 * mapping cannot fail. NGX_ERROR with errno set, and not logged.
 */
ngx_int_t ngx_multisource_index_make(ngx_multisource_index_t *index,
    const char *path, ngx_uint_t nsegments, ngx_uint_t nparts);

/*
 * Takes the lock and hands the head out to be changed: a copy, which becomes
 * valid with _commit(). `epoch` is the writer's: NGX_DECLINED when a later one
 * has taken the index over, or the file was replaced; 0 is for who cleans up.
 * NGX_ERROR with errno set.
 */
ngx_int_t ngx_multisource_index_begin(ngx_multisource_index_t *index,
    const char *path, uint64_t epoch, ngx_multisource_index_head_t *head);

/*
 * A new session takes the index over: head->epoch becomes `epoch`, the segment
 * that was open is closed if it has parts, and the next one will have
 * NGX_MULTISOURCE_INDEX_DISCONTINUITY if there was any before: the flags that
 * its segment begins with are added to that one. The first segment of all has
 * the number `first`, 0 or 1. Between _begin() with epoch 0 and _commit().
 */
void ngx_multisource_index_take(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, uint64_t epoch, uint64_t first);

/*
 * Adds a part to head->current; its number and offset are filled in. `bytes`
 * may be 0 with the flag GAP. The caller has set wall, init and flags of
 * head->current before its first part; the number of the discontinuity follows
 * from them.
 */
void ngx_multisource_index_add(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, ngx_multisource_index_part_t *part);

/*
 * Completes head->current and begins the next one, of the same epoch and init.
 * Segments leave the list by head->window, which never falls below 3 target
 * durations, but for what the ring holds. To be called on segments that have
 * parts. One without a byte becomes a GAP.
 */
void ngx_multisource_index_finish(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head);

/*
 * The next segment whose file is not needed any more: it has been off the list
 * for as long as itself and the list take (6.2.2), or the ring is about to be
 * full; or, with `all`, whatever its age, those on the list and the one that is
 * open too. NGX_OK: *segment is filled and head->oldest has moved on; NGX_DONE.
 * To be called after each _finish() until it says so.
 */
ngx_int_t ngx_multisource_index_expire(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, ngx_uint_t all,
    ngx_multisource_index_segment_t *segment);

/* shows the head; and lets go of the lock */
void ngx_multisource_index_commit(ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head);

/* lets go of the lock, nothing was changed */
void ngx_multisource_index_abandon(ngx_multisource_index_t *index);


/* writes a decimal number, without a NUL; returns the end */
u_char *ngx_multisource_index_number(u_char *p, uint64_t number);

/*
 * Names of files as they are on the disk, NUL-terminated, and of parts as they
 * are in URLs; `buf` holds NGX_MULTISOURCE_INDEX_NAME_MAX. They return the end.
 */
u_char *ngx_multisource_index_name_init(u_char *buf, uint64_t epoch,
    ngx_uint_t init);
u_char *ngx_multisource_index_name_segment(u_char *buf, uint64_t epoch,
    uint64_t msn);
u_char *ngx_multisource_index_name_part(u_char *buf, uint64_t epoch,
    uint64_t msn, ngx_uint_t part);

enum {
    NGX_MULTISOURCE_INDEX_NAME_NONE = 0,    /* none of ours */
    NGX_MULTISOURCE_INDEX_NAME_INIT,        /* number: of the section */
    NGX_MULTISOURCE_INDEX_NAME_SEGMENT,     /* number: msn */
    NGX_MULTISOURCE_INDEX_NAME_PART,        /* number: msn, part */
    NGX_MULTISOURCE_INDEX_NAME_VOD          /* "{epoch}.m3u8" */
};

/* what a name means; each thing has one name only, without leading zeros */
ngx_uint_t ngx_multisource_index_parse(const ngx_str_t *name, uint64_t *epoch,
    uint64_t *number, ngx_uint_t *part);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_INDEX_H_INCLUDED_ */
