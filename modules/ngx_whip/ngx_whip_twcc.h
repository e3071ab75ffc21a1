
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: transport-wide congestion control as the receiver of media does it,
 * draft-holmer-rmcat-transport-wide-cc-extensions-01.  A recorder takes the
 * transport-wide sequence number and the time of arrival of each packet of a
 * session, of whichever source, and makes feedback packets of them.
 *
 * The state has a fixed size, holds no pointers, and allocates nothing.
 */


#ifndef _NGX_WHIP_TWCC_H_INCLUDED_
#define _NGX_WHIP_TWCC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Sequence numbers that are remembered, a power of 2: 2 s at 1000 packets/s.
 * What is older and not reported yet is forgotten.
 */

#define NGX_WHIP_TWCC_WINDOW    2048

/*
 * A packet that comes so many numbers or less behind what was reported, and was
 * reported missing, is reported again, with those between.
 */

#define NGX_WHIP_TWCC_LATE      256

/* us; the unit of time on the wire */

#define NGX_WHIP_TWCC_TICK      250

/* bytes that are enough for a feedback packet about one received packet */

#define NGX_WHIP_TWCC_MIN_SIZE  28


typedef struct {
    uint32_t    time[NGX_WHIP_TWCC_WINDOW];    /* of arrival, in ticks, modulo
                                                  2^32 as the reference time;
                                                  by seq % window */
    u_char      received[NGX_WHIP_TWCC_WINDOW / 8];

    uint16_t    first;           /* where the next feedback begins */
    uint16_t    last;            /* highest received; first - 1: all is told */

    uint16_t    stray;           /* the last packet, far off the window */
    uint32_t    stray_time;

    u_char      count;           /* of feedback packets, modulo 256 */

    unsigned    started:1;       /* first and last are set */
    unsigned    strayed:1;       /* stray and stray_time are set */
} ngx_whip_twcc_t;


#pragma GCC visibility push(hidden)

void ngx_whip_twcc_init(ngx_whip_twcc_t *t);

/*
 * `now` in us, of a clock that should not step.  Of a packet that comes twice
 * the first arrival counts.  A sequence number NGX_WHIP_TWCC_WINDOW or more off
 * is ignored unless the next one follows it; then the recorder begins anew
 * there, and what was not reported by then never is.
 */
void ngx_whip_twcc_add(ngx_whip_twcc_t *t, uint16_t seq, uint64_t now);

/*
 * Writes one feedback packet, not encrypted, about what came since the last
 * one, with the gaps.  It ends early where a time does not fit behind the one
 * before, or where the buffer is full, and the next call goes on from there.
 * `ssrc` is our own, `media` any source of the session.
 *
 * Returns the bytes written, a multiple of 4, not more than `size`; 0: there is
 * nothing to tell, or `size` is below NGX_WHIP_TWCC_MIN_SIZE.
 */
size_t ngx_whip_twcc_build(ngx_whip_twcc_t *t, u_char *buf, size_t size,
    uint32_t ssrc, uint32_t media);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_TWCC_H_INCLUDED_ */
