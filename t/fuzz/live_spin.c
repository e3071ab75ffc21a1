
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: the first buffer of a video message.  What is accepted is walked as
 * nginx-rtmp would walk it, written down a second time here, after the
 * behaviour of ngx_rtmp_bitop.c, and must not take more than 255 rounds.
 */

/* sources: modules/common/ngx_live_spin.c */


#include "fuzz.h"
#include "ngx_live_spin.h"


typedef struct {
    const u_char  *p;
    size_t         bit;
    size_t         nbits;
} reader_t;


static uint64_t
bits(reader_t *r, size_t n)
{
    uint64_t  v;

    for (v = 0; n; n--) {

        if (r->bit == r->nbits) {
            return 0;
        }

        v = v << 1 | (r->p[r->bit / 8] >> (7 - r->bit % 8) & 1);
        r->bit++;
    }

    return v;
}


static uint64_t
golomb(reader_t *r)
{
    size_t  n;

    for (n = 0; r->bit < r->nbits && bits(r, 1) == 0; n++) { /* void */ }

    fuzz_assert(n < 64);

    return ((uint64_t) 1 << n) + bits(r, n) - 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t    chroma;
    reader_t    r;
    ngx_uint_t  profile;

    if (ngx_live_spin_check(data, data + size) != NGX_OK
        || size < 3 || (data[0] & 0x0f) != 7 || data[1] != 0)
    {
        return 0;
    }

    r.p = data;
    r.bit = 0;
    r.nbits = size * 8;

    bits(&r, 80);

    if ((bits(&r, 8) & 0x1f) == 0) {
        return 0;
    }

    bits(&r, 16);

    if (bits(&r, 8) != 0x67) {
        return 0;
    }

    profile = bits(&r, 8);
    bits(&r, 16);
    golomb(&r);

    if (profile == 100 || profile == 110 || profile == 122 || profile == 244
        || profile == 44 || profile == 83 || profile == 86 || profile == 118)
    {
        chroma = golomb(&r);

        if (chroma == 3) {
            bits(&r, 1);
        }

        golomb(&r);
        golomb(&r);
        bits(&r, 1);

        if (bits(&r, 1)) {
            bits(&r, chroma == 3 ? 12 : 8);
        }
    }

    golomb(&r);

    if (golomb(&r) == 1) {
        bits(&r, 1);
        golomb(&r);
        golomb(&r);
        fuzz_assert(golomb(&r) <= 255);
    }

    return 0;
}
