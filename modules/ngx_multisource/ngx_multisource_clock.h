
/*
 * Copyright (C) the ngx_live contributors
 *
 * From the media time of a source to the wall clock of the server, for
 * EXT-X-PROGRAM-DATE-TIME. Pure: no I/O, no clock, no allocation; times in us.
 *
 * The arrival of frames tells where media time lies on the wall clock, late by
 * the encoder's delay and by what the network adds: the least delayed frames of
 * some seconds are believed. A sender that says what its own clock shows
 * (RTCP sender reports, by way of onFI messages) takes the place of arrival:
 * then it is the offset between its clock and ours that is estimated in this
 * way, and sources that come from one clock can use the same offset, so that
 * what was captured together is shown together.
 *
 * The mapping is set when it is asked for the first time, and slewed from then
 * on, by 500 us a second at most; it never steps, and it never goes back. Until
 * it has been right once it is slewed by up to 20 ms a second, for the first
 * ten seconds at least, and for two minutes at most: an encoder may begin with
 * what it had held back, all of it late. So it is when it has been wrong by more
 * than 100 ms for two minutes: a computer was asleep, a browser's sound stood
 * still. It is the better the more frames have
 * arrived before it is asked for.
 */


#ifndef _NGX_MULTISOURCE_CLOCK_H_INCLUDED_
#define _NGX_MULTISOURCE_CLOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the window in which the least delayed frame is looked for */
#define NGX_MULTISOURCE_CLOCK_BUCKETS   16      /* of one second each */


/* private */

typedef struct {
    int64_t      bucket[NGX_MULTISOURCE_CLOCK_BUCKETS];   /* wall - media, or
                                                   server's clock - sender's */
    int64_t      second[NGX_MULTISOURCE_CLOCK_BUCKETS];
    int64_t      now;           /* s, of the last arrival */
    int64_t      offset;        /* wall - media, in use */
    int64_t      wanted;        /* what it is slewed to */
    int64_t      media;         /* up to where it was slewed */
    int64_t      begin;         /* media time when it was set or, once it is
                                   settled, when it was right */

    int64_t      sender;        /* sender's clock - media */
    int64_t      shared;        /* server's clock - sender's, of others */
    unsigned     arrived:1;
    unsigned     known:1;       /* wanted is */
    unsigned     begun:1;       /* offset is in use */
    unsigned     settled:1;     /* offset has been right */
    unsigned     sending:1;     /* sender is known */
    unsigned     sharing:1;
} ngx_multisource_clock_t;


#pragma GCC visibility push(hidden)

void ngx_multisource_clock_init(ngx_multisource_clock_t *clock);

/*
 * A frame of this media time was there when the wall clock showed `wall`. The
 * same frames may be told again, from the first one on.
 */
void ngx_multisource_clock_arrival(ngx_multisource_clock_t *clock,
    int64_t media, int64_t wall);

/*
 * The sender's clock showed `sender` at a media time. What is at odds with what
 * it said before by more than 100 ms replaces it, and is still slewed to: its
 * media time has lost some, or was put right.
 */
void ngx_multisource_clock_sender(ngx_multisource_clock_t *clock,
    int64_t media, int64_t sender);

/*
 * The offset of our clock from the sender's by what this source saw.
 * NGX_DECLINED: its sender does not say.
 */
ngx_int_t ngx_multisource_clock_offset(ngx_multisource_clock_t *clock,
    int64_t *offset);

/* uses this offset from now on; NULL: its own */
void ngx_multisource_clock_share(ngx_multisource_clock_t *clock,
    const int64_t *offset);

/*
 * The wall clock at a media time. Slews as media time goes on; for an earlier
 * time the mapping is that of the latest.
 */
int64_t ngx_multisource_clock_wall(ngx_multisource_clock_t *clock,
    int64_t media);

/* what is left to be slewed: positive when the source is stamped too early */
int64_t ngx_multisource_clock_residual(ngx_multisource_clock_t *clock);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_CLOCK_H_INCLUDED_ */
