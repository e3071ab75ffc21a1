
/*
 * Copyright (C) the ngx_live contributors
 *
 * A decoder of transport-wide feedback, written from the text of
 * draft-holmer-rmcat-transport-wide-cc-extensions-01 and not from the encoder,
 * that accepts nothing but what is exact.
 */


#ifndef _TWCC_DECODE_H_INCLUDED_
#define _TWCC_DECODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    uint32_t     ssrc;
    uint32_t     media;
    uint16_t     base;
    ngx_uint_t   count;
    uint32_t     reference;        /* 24 bits, 64 ms */
    ngx_uint_t   fb;
    ngx_uint_t   received;         /* of "count" */
    u_char       status[65536];    /* 0 missing, 1 small, 2 large */
    uint32_t     tick[65536];      /* of 250 us, modulo 2^32 */
} twcc_decode_t;


/* NULL, or what is wrong */

static ngx_inline const char *
twcc_decode(twcc_decode_t *d, const u_char *p, size_t len)
{
    int           delta, bits, i;
    uint32_t      chunk, symbol, tick;
    ngx_uint_t    n, run;
    const u_char *end;

    if (len < 20 || len % 4) {
        return "its size";
    }

    if (p[0] != 0x8f || p[1] != 205) {
        return "its type, or padding of RTCP";
    }

    if (((size_t) (p[2] << 8 | p[3]) + 1) * 4 != len) {
        return "its length";
    }

    end = p + len;

    d->ssrc = (uint32_t) p[4] << 24 | p[5] << 16 | p[6] << 8 | p[7];
    d->media = (uint32_t) p[8] << 24 | p[9] << 16 | p[10] << 8 | p[11];
    d->base = (uint16_t) (p[12] << 8 | p[13]);
    d->count = p[14] << 8 | p[15];
    d->reference = p[16] << 16 | p[17] << 8 | p[18];
    d->fb = p[19];
    d->received = 0;

    if (d->count == 0) {
        return "no packets";
    }

    p += 20;
    n = 0;

    while (n < d->count) {

        if (end - p < 2) {
            return "chunks cut off";
        }

        chunk = p[0] << 8 | p[1];
        p += 2;

        if (chunk < 0x8000) {
            symbol = chunk / 0x2000;
            run = chunk % 0x2000;

            if (run == 0 || run > d->count - n) {
                return "a run of no length, or over the end";
            }

            while (run--) {
                d->status[n++] = (u_char) symbol;
            }

            continue;
        }

        bits = (chunk & 0x4000) ? 2 : 1;

        for (i = 14 - bits; i >= 0; i -= bits) {
            symbol = (chunk >> i) & (bits == 2 ? 3 : 1);

            if (n < d->count) {
                d->status[n++] = (u_char) symbol;

            } else if (symbol) {
                return "a symbol behind the last packet";
            }
        }
    }

    tick = d->reference * 256;

    for (n = 0; n < d->count; n++) {

        switch (d->status[n]) {

        case 0:
            continue;

        case 1:
            if (end - p < 1) {
                return "deltas cut off";
            }

            delta = *p++;
            break;

        case 2:
            if (end - p < 2) {
                return "deltas cut off";
            }

            delta = p[0] << 8 | p[1];
            delta -= (delta & 0x8000) ? 0x10000 : 0;
            p += 2;

            if (delta >= 0 && delta <= 255) {
                return "a large delta that is small";
            }

            break;

        default:
            return "a reserved symbol";
        }

        tick += (uint32_t) delta;
        d->tick[n] = tick;
        d->received++;
    }

    if (d->received == 0) {
        return "nothing received";
    }

    if (end - p > 3) {
        return "more padding than needed";
    }

    while (p < end) {
        if (*p++) {
            return "padding that is not zero";
        }
    }

    return NULL;
}


#endif /* _TWCC_DECODE_H_INCLUDED_ */
