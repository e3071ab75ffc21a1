
/*
 * Copyright (C) the ngx_live contributors
 *
 * A bounded reader of bit strings: codec configuration records and the
 * parameter sets inside of them.  Pure: no I/O, no allocation, no state of its
 * own.
 *
 * Reading past the end sets "error", which sticks, and yields 0; a caller may
 * read a whole syntax structure and test "error" once, as long as no loop of
 * its own is driven by an unchecked value.
 */


#ifndef _NGX_LIVE_BITS_H_INCLUDED_
#define _NGX_LIVE_BITS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the longest Exp-Golomb prefix of a 32-bit value: H.264 9.1, H.265 9.2 */

#define NGX_LIVE_BITS_UE_ZEROS  31


typedef struct {
    const u_char  *pos;       /* the next byte to load */
    const u_char  *end;
    ngx_uint_t     zeros;     /* 00 bytes loaded in a row, for emulation */
    ngx_uint_t     nbits;     /* unread bits of "cache", 0 to 8 */
    u_char         cache;     /* the byte being read */
    unsigned       nal:1;     /* skip 03 after 00 00: H.264 7.4.1 */
    unsigned       error:1;
} ngx_live_bits_t;


/* the buffer p .. end stays the caller's and must outlive the reader */

static ngx_inline void
ngx_live_bits_init(ngx_live_bits_t *b, const u_char *p, const u_char *end,
    ngx_uint_t nal)
{
    b->pos = p;
    b->end = end;
    b->zeros = 0;
    b->nbits = 0;
    b->cache = 0;
    b->nal = nal ? 1 : 0;
    b->error = 0;
}


static ngx_inline ngx_int_t
ngx_live_bits_load(ngx_live_bits_t *b)
{
    if (b->error) {
        return NGX_ERROR;
    }

    if (b->nal && b->zeros >= 2 && b->pos < b->end && *b->pos == 3) {
        b->pos++;
        b->zeros = 0;
    }

    if (b->pos >= b->end) {
        b->error = 1;
        return NGX_ERROR;
    }

    b->cache = *b->pos++;
    b->nbits = 8;
    b->zeros = b->cache ? 0 : b->zeros + 1;

    return NGX_OK;
}


/* u(n), n up to 32 */

static ngx_inline uint32_t
ngx_live_bits_u(ngx_live_bits_t *b, ngx_uint_t n)
{
    uint32_t    v;
    ngx_uint_t  k;

    v = 0;

    while (n) {

        if (b->nbits == 0 && ngx_live_bits_load(b) != NGX_OK) {
            return 0;
        }

        k = ngx_min(n, b->nbits);

        b->nbits -= k;
        n -= k;

        v = (v << k) | ((b->cache >> b->nbits) & ((1u << k) - 1));
    }

    return v;
}


/* drops n bits, any number of them; costs no more than the buffer is long */

static ngx_inline void
ngx_live_bits_skip(ngx_live_bits_t *b, size_t n)
{
    size_t  k;

    while (n) {

        if (b->nbits == 0 && ngx_live_bits_load(b) != NGX_OK) {
            return;
        }

        k = ngx_min(n, b->nbits);

        b->nbits -= k;
        n -= k;
    }
}


/* ue(v); a longer prefix than any 32-bit value needs is an error */

static ngx_inline uint32_t
ngx_live_bits_ue(ngx_live_bits_t *b)
{
    uint32_t    v;
    ngx_uint_t  n;

    for (n = 0; ngx_live_bits_u(b, 1) == 0; n++) {

        if (b->error || n == NGX_LIVE_BITS_UE_ZEROS) {
            b->error = 1;
            return 0;
        }
    }

    v = ngx_live_bits_u(b, n);

    return b->error ? 0 : ((uint32_t) 1 << n) - 1 + v;
}


/* se(v): 1, -1, 2, -2, ... for 1, 2, 3, 4 of ue(v) */

static ngx_inline int32_t
ngx_live_bits_se(ngx_live_bits_t *b)
{
    uint32_t  v;

    v = ngx_live_bits_ue(b);

    return (v & 1) ? (int32_t) (v / 2 + 1) : - (int32_t) (v / 2);
}


/* unread bits; emulation prevention bytes still ahead count as data */

static ngx_inline size_t
ngx_live_bits_left(ngx_live_bits_t *b)
{
    return b->error ? 0 : (size_t) (b->end - b->pos) * 8 + b->nbits;
}


#endif /* _NGX_LIVE_BITS_H_INCLUDED_ */
