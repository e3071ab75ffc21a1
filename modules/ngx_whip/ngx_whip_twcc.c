
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_twcc.h"
#include "ngx_whip_wire.h"


#define NGX_WHIP_TWCC_RTPFB    205
#define NGX_WHIP_TWCC_FMT      15
#define NGX_WHIP_TWCC_HEADER   20     /* of the packet, before the chunks */

/* the reference time counts 64 ms, the deltas ticks */

#define NGX_WHIP_TWCC_REFERENCE_SHIFT  8

/* packet status symbols: section 3.1.1 */

#define NGX_WHIP_TWCC_MISSING  0
#define NGX_WHIP_TWCC_SMALL    1      /* delta of 8 bits, unsigned */
#define NGX_WHIP_TWCC_LARGE    2      /* delta of 16 bits, signed */

/* symbols of a chunk: sections 3.1.3 and 3.1.4 */

#define NGX_WHIP_TWCC_ONE_BIT  14
#define NGX_WHIP_TWCC_TWO_BIT  7


typedef enum {
    NGX_WHIP_TWCC_CHUNK_RUN = 0,
    NGX_WHIP_TWCC_CHUNK_ONE_BIT,
    NGX_WHIP_TWCC_CHUNK_TWO_BIT
} ngx_whip_twcc_chunk_e;


static void ngx_whip_twcc_start(ngx_whip_twcc_t *t, uint16_t seq,
    uint32_t time);
static void ngx_whip_twcc_ahead(ngx_whip_twcc_t *t, uint16_t seq,
    uint32_t time);
static void ngx_whip_twcc_behind(ngx_whip_twcc_t *t, uint16_t seq,
    uint32_t time);
static void ngx_whip_twcc_stray(ngx_whip_twcc_t *t, uint16_t seq,
    uint32_t time);
static ngx_uint_t ngx_whip_twcc_symbols(ngx_whip_twcc_t *t, u_char *symbols,
    ngx_uint_t n, uint32_t *reference);
static u_char *ngx_whip_twcc_chunks(u_char *p, size_t size,
    const u_char *symbols, ngx_uint_t *n);
static ngx_uint_t ngx_whip_twcc_plan(const u_char *symbols, ngx_uint_t n,
    ngx_whip_twcc_chunk_e *kind);
static uint32_t ngx_whip_twcc_chunk(const u_char *symbols, ngx_uint_t n,
    ngx_whip_twcc_chunk_e kind);
static u_char *ngx_whip_twcc_deltas(ngx_whip_twcc_t *t, u_char *p,
    const u_char *symbols, ngx_uint_t n, uint32_t time);


static ngx_inline ngx_uint_t
ngx_whip_twcc_received(ngx_whip_twcc_t *t, uint16_t seq)
{
    seq %= NGX_WHIP_TWCC_WINDOW;

    return t->received[seq / 8] & (1 << (seq % 8));
}


static ngx_inline void
ngx_whip_twcc_set(ngx_whip_twcc_t *t, uint16_t seq, uint32_t time)
{
    seq %= NGX_WHIP_TWCC_WINDOW;

    t->received[seq / 8] |= 1 << (seq % 8);
    t->time[seq] = time;
}


static ngx_inline void
ngx_whip_twcc_clear(ngx_whip_twcc_t *t, uint16_t seq)
{
    seq %= NGX_WHIP_TWCC_WINDOW;

    t->received[seq / 8] &= ~(1 << (seq % 8));
}


void
ngx_whip_twcc_init(ngx_whip_twcc_t *t)
{
    ngx_memzero(t, sizeof(ngx_whip_twcc_t));
}


void
ngx_whip_twcc_add(ngx_whip_twcc_t *t, uint16_t seq, uint64_t now)
{
    uint32_t  time;

    time = (uint32_t) (now / NGX_WHIP_TWCC_TICK);

    if (!t->started) {
        ngx_whip_twcc_start(t, seq, time);

    } else if ((uint16_t) (t->last - seq) < NGX_WHIP_TWCC_WINDOW) {
        ngx_whip_twcc_behind(t, seq, time);

    } else if ((uint16_t) (seq - t->last) < NGX_WHIP_TWCC_WINDOW) {
        ngx_whip_twcc_ahead(t, seq, time);

    } else {
        ngx_whip_twcc_stray(t, seq, time);
        return;
    }

    t->strayed = 0;
}


static void
ngx_whip_twcc_start(ngx_whip_twcc_t *t, uint16_t seq, uint32_t time)
{
    ngx_memzero(t->received, sizeof(t->received));

    ngx_whip_twcc_set(t, seq, time);

    t->first = seq;
    t->last = seq;
    t->started = 1;
}


/* numbers between the last one and this one are missing for now */

static void
ngx_whip_twcc_ahead(ngx_whip_twcc_t *t, uint16_t seq, uint32_t time)
{
    do {
        ngx_whip_twcc_clear(t, ++t->last);
    } while (t->last != seq);

    ngx_whip_twcc_set(t, seq, time);

    if ((uint16_t) (seq - t->first) >= NGX_WHIP_TWCC_WINDOW) {
        t->first = seq - (NGX_WHIP_TWCC_WINDOW - 1);
    }
}


/* reordered, or a duplicate */

static void
ngx_whip_twcc_behind(ngx_whip_twcc_t *t, uint16_t seq, uint32_t time)
{
    if (ngx_whip_twcc_received(t, seq)) {
        return;
    }

    ngx_whip_twcc_set(t, seq, time);

    if ((uint16_t) (t->first - seq) <= NGX_WHIP_TWCC_LATE) {
        t->first = seq;
    }
}


/* one is a mistake, two in a row are a new beginning: RFC 3550, A.1 */

static void
ngx_whip_twcc_stray(ngx_whip_twcc_t *t, uint16_t seq, uint32_t time)
{
    if (t->strayed && seq == (uint16_t) (t->stray + 1)) {
        ngx_whip_twcc_start(t, t->stray, t->stray_time);
        ngx_whip_twcc_ahead(t, seq, time);
        t->strayed = 0;

        return;
    }

    t->stray = seq;
    t->stray_time = time;
    t->strayed = 1;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|0| FMT=15  |    PT=205     |            length             |
 * +---+-+---------+---------------+-------------------------------+
 * |                        SSRC of sender                         |
 * +---------------------------------------------------------------+
 * |                     SSRC of media source                      |
 * +-------------------------------+-------------------------------+
 * |     base sequence number      |      packet status count      |
 * +-------------------------------+---------------+---------------+
 * |           reference time, of 64 ms            | feedback count|
 * +-------------------------------+---------------+---------------+
 * |  chunks of 16 bits ... deltas of 8 or 16 bits ... zero padding
 * +-
 *
 * Section 3.1.  The padding is not that of RTCP, whose bit is 0: RTCP pads in
 * multiples of 4 bytes only.
 */

size_t
ngx_whip_twcc_build(ngx_whip_twcc_t *t, u_char *buf, size_t size,
    uint32_t ssrc, uint32_t media)
{
    u_char      *p, symbols[NGX_WHIP_TWCC_WINDOW];
    uint32_t     reference;
    ngx_uint_t   n;

    n = (uint16_t) (t->last + 1 - t->first);

    if (!t->started || n == 0 || size < NGX_WHIP_TWCC_MIN_SIZE) {
        return 0;
    }

    size -= size % 4;

    n = ngx_whip_twcc_symbols(t, symbols, n, &reference);

    p = ngx_whip_twcc_chunks(buf + NGX_WHIP_TWCC_HEADER,
                             size - NGX_WHIP_TWCC_HEADER, symbols, &n);

    p = ngx_whip_twcc_deltas(t, p, symbols, n,
                             reference << NGX_WHIP_TWCC_REFERENCE_SHIFT);

    while ((p - buf) % 4) {
        *p++ = 0;
    }

    size = p - buf;

    buf[0] = 2 << 6 | NGX_WHIP_TWCC_FMT;
    buf[1] = NGX_WHIP_TWCC_RTPFB;

    p = ngx_whip_wire_put16(buf + 2, size / 4 - 1);
    p = ngx_whip_wire_put32(p, ssrc);
    p = ngx_whip_wire_put32(p, media);
    p = ngx_whip_wire_put16(p, t->first);
    p = ngx_whip_wire_put16(p, n);
    p = ngx_whip_wire_put24(p, reference);
    *p = t->count++;

    t->first += n;

    return size;
}


/*
 * The symbols of n numbers or less: up to the first whose time is too far from
 * the one before.  The reference time is that of the first packet received,
 * which therefore fits always; there is one, for the last number is such.
 */

static ngx_uint_t
ngx_whip_twcc_symbols(ngx_whip_twcc_t *t, u_char *symbols, ngx_uint_t n,
    uint32_t *reference)
{
    int32_t     delta;
    uint32_t    time, last;
    uint16_t    seq;
    ngx_uint_t  i, started;

    *reference = 0;

    started = 0;
    last = 0;

    for (i = 0; i < n; i++) {
        seq = t->first + i;

        if (!ngx_whip_twcc_received(t, seq)) {
            symbols[i] = NGX_WHIP_TWCC_MISSING;
            continue;
        }

        time = t->time[seq % NGX_WHIP_TWCC_WINDOW];

        if (!started) {
            started = 1;
            *reference = time >> NGX_WHIP_TWCC_REFERENCE_SHIFT;
            last = *reference << NGX_WHIP_TWCC_REFERENCE_SHIFT;
        }

        delta = (int32_t) (time - last);

        if (delta < -0x8000 || delta > 0x7fff) {
            break;
        }

        symbols[i] = (delta >= 0 && delta <= 0xff) ? NGX_WHIP_TWCC_SMALL
                                                   : NGX_WHIP_TWCC_LARGE;
        last = time;
    }

    return i;
}


/*
 * Chunks for as many of the *n symbols as fit into the bytes with their
 * deltas; a symbol is the number of bytes of its delta.
 */

static u_char *
ngx_whip_twcc_chunks(u_char *p, size_t size, const u_char *symbols,
    ngx_uint_t *n)
{
    size_t                 deltas;
    ngx_uint_t             done, i, len;
    ngx_whip_twcc_chunk_e  kind;

    done = 0;

    while (done < *n && size >= 2) {

        len = ngx_whip_twcc_plan(symbols + done, *n - done, &kind);

        deltas = 0;

        for (i = 0; i < len; i++) {

            if (2 + deltas + symbols[done + i] > size) {
                break;
            }

            deltas += symbols[done + i];
        }

        if (i == 0) {
            break;
        }

        p = ngx_whip_wire_put16(p, ngx_whip_twcc_chunk(symbols + done, i,
                                                       kind));
        size -= 2 + deltas;
        done += i;

        if (i < len) {
            break;
        }
    }

    *n = done;

    return p;
}


/*
 * How many symbols the next chunk should take, and of what kind it should be.
 * A vector takes less than it has room for at the very end only.
 */

static ngx_uint_t
ngx_whip_twcc_plan(const u_char *symbols, ngx_uint_t n,
    ngx_whip_twcc_chunk_e *kind)
{
    ngx_uint_t  run, small, room;

    for (run = 1; run < n && symbols[run] == symbols[0]; run++) { /* void */ }

    if (run == n || run >= NGX_WHIP_TWCC_ONE_BIT) {
        *kind = NGX_WHIP_TWCC_CHUNK_RUN;
        return run;
    }

    room = ngx_min(n, NGX_WHIP_TWCC_ONE_BIT);

    for (small = 0; small < room; small++) {
        if (symbols[small] == NGX_WHIP_TWCC_LARGE) {
            break;
        }
    }

    if (small == room) {
        *kind = NGX_WHIP_TWCC_CHUNK_ONE_BIT;
        return room;
    }

    if (run >= NGX_WHIP_TWCC_TWO_BIT) {
        *kind = NGX_WHIP_TWCC_CHUNK_RUN;
        return run;
    }

    *kind = NGX_WHIP_TWCC_CHUNK_TWO_BIT;

    return ngx_min(n, NGX_WHIP_TWCC_TWO_BIT);
}


/*
 *  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 * +-+---+-------------------------+
 * |0| S |       run length        |    3.1.3
 * +-+-+-+-------------------------+
 * |1|0|   14 symbols of one bit   |    3.1.4
 * +-+-+---------------------------+
 * |1|1|   7 symbols of two bits   |    3.1.4
 * +-+-+---------------------------+
 */

static uint32_t
ngx_whip_twcc_chunk(const u_char *symbols, ngx_uint_t n,
    ngx_whip_twcc_chunk_e kind)
{
    uint32_t    chunk;
    ngx_uint_t  i;

    switch (kind) {

    case NGX_WHIP_TWCC_CHUNK_RUN:

        /* n is not more than the window, which is less than 2^13 */

        return (uint32_t) symbols[0] << 13 | (uint32_t) n;

    case NGX_WHIP_TWCC_CHUNK_ONE_BIT:
        chunk = 2 << 14;

        for (i = 0; i < n; i++) {
            chunk |= (uint32_t) symbols[i] << (13 - i);
        }

        return chunk;

    default: /* NGX_WHIP_TWCC_CHUNK_TWO_BIT */
        chunk = 3 << 14;

        for (i = 0; i < n; i++) {
            chunk |= (uint32_t) symbols[i] << (12 - 2 * i);
        }

        return chunk;
    }
}


/* section 3.1.5; `time` is the reference time in ticks */

static u_char *
ngx_whip_twcc_deltas(ngx_whip_twcc_t *t, u_char *p, const u_char *symbols,
    ngx_uint_t n, uint32_t time)
{
    uint32_t    delta;
    uint16_t    seq;
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (symbols[i] == NGX_WHIP_TWCC_MISSING) {
            continue;
        }

        seq = t->first + i;

        delta = t->time[seq % NGX_WHIP_TWCC_WINDOW] - time;
        time += delta;

        if (symbols[i] == NGX_WHIP_TWCC_SMALL) {
            *p++ = (u_char) delta;

        } else {
            p = ngx_whip_wire_put16(p, delta);
        }
    }

    return p;
}
