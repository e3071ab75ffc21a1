
/*
 * Copyright (C) the ngx_live contributors
 *
 * The layout of the zone of shows, for the files that own its parts: _show the
 * shows, _viewer their viewers.
 *
 *     head | words | ended | owners | hashes | keys | marks
 *          | slots | copies | viewers
 *
 * Tables that are searched are small and stand together; what they say is
 * looked up in the large ones, which decide. A word of a slot is one of
 *
 *     0                                    free
 *     stamp:18 process:22 0xffffff:24      claimed: being filled or emptied
 *     stamp:40 copy:24                     a show, which that copy describes
 *
 * and never has the same value again. An owner of a copy is 0 or stamp:42
 * process:22. Who claims holds up nobody: others take another slot or copy, and
 * take these when the process is gone.
 */


#ifndef _NGX_MULTISOURCE_SHOWS_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOWS_H_INCLUDED_


#include "ngx_live_zone.h"
#include "ngx_multisource_show.h"
#include "ngx_multisource_viewer.h"


#define NGX_MULTISOURCE_SHOWS_MAGIC   0x6d7373686f770001ULL  /* layout */

#define NGX_MULTISOURCE_SHOWS_SECRET  32

/* numbers of processes, proc(5): no larger than PID_MAX_LIMIT, 2^22 */
#define NGX_MULTISOURCE_SHOWS_PIDS    22
#define NGX_MULTISOURCE_SHOWS_PID                                             \
    (((ngx_atomic_uint_t) 1 << NGX_MULTISOURCE_SHOWS_PIDS) - 1)

#define NGX_MULTISOURCE_SHOWS_COPIES  24
#define NGX_MULTISOURCE_SHOWS_COPY                                            \
    (((ngx_atomic_uint_t) 1 << NGX_MULTISOURCE_SHOWS_COPIES) - 1)

#if (NGX_PTR_SIZE != 8)
#error words and tickets of shows need 64-bit atomics
#endif


struct ngx_multisource_show_copy_s {
    ngx_atomic_t                    ticket;
    uint32_t                        slot;
    uint32_t                        hash;       /* as in the tables, but even */
    uint32_t                        key;
    ngx_multisource_show_record_t   record;
};


struct ngx_multisource_shows_shared_s {
    ngx_live_zone_t     zone;
    ngx_uint_t          nslots;
    ngx_uint_t          ncopies;
    ngx_uint_t          nviewers;
    size_t              words_offset;
    size_t              ended_offset;
    size_t              owners_offset;
    size_t              hashes_offset;
    size_t              keys_offset;
    size_t              marks_offset;
    size_t              slots_offset;
    size_t              copies_offset;
    size_t              viewers_offset;

    u_char              secret[NGX_MULTISOURCE_SHOWS_SECRET];

    ngx_atomic_t        tickets;
    ngx_atomic_t        stamps;
    ngx_atomic_t        version;
    ngx_atomic_t        high;       /* slots ever used */
    ngx_atomic_t        lease;      /* monotonic ms:42 process:22; 0: free */
    ngx_atomic_t        shows;
    ngx_atomic_t        lost_viewers;
    ngx_atomic_t        turns[NGX_MULTISOURCE_TURNS];   /* monotonic, ms */
};


#pragma GCC visibility push(hidden)

/*
 * Takes back what dead processes had claimed, and puts right what the tables
 * say. In most cases there is nothing to do.
 */
void ngx_multisource_show_mend(ngx_multisource_shows_t *shows);

/* nonzero: the show with this ticket in slot n has ended, or is gone */
ngx_uint_t ngx_multisource_show_over(ngx_multisource_shows_t *shows,
    ngx_uint_t n, ngx_atomic_uint_t ticket);

/* the first of n values from `from` on that is `value`; n: there is none */
ngx_uint_t ngx_multisource_show_seek(const uint32_t *values, ngx_uint_t from,
    ngx_uint_t n, uint32_t value);

/* stamp:42 process:22, of this process */
ngx_atomic_uint_t ngx_multisource_show_stamp(ngx_multisource_shows_t *shows);

/* nonzero: the process of such a stamp is dead */
ngx_uint_t ngx_multisource_show_dead(ngx_atomic_uint_t stamp);

#pragma GCC visibility pop


/* spreads all bits of a number over all bits of the result */

static ngx_inline uint64_t
ngx_multisource_show_mix(uint64_t n)
{
    n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ULL;
    n = (n ^ n >> 27) * 0x94d049bb133111ebULL;

    return n ^ n >> 31;
}


#endif /* _NGX_MULTISOURCE_SHOWS_H_INCLUDED_ */
