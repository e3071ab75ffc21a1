
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, the room for feedback; then arrivals of four bytes: what is
 * added to the number before, 16 bits, what is added to the time, 15 bits of
 * 250 us, or of 64 ms if it is negative, and in the lowest bit whether feedback
 * is due.
 */

/* sources: modules/ngx_whip/ngx_whip_twcc.c */


#include "fuzz.h"
#include "../unit/twcc_decode.h"
#include "ngx_whip_twcc.h"


static ngx_whip_twcc_t  fuzz_twcc;
static twcc_decode_t    fuzz_decoded;


/* all feedback that is due */

static void
fuzz_feedback(size_t room)
{
    u_char       *p;
    size_t        len;
    uint16_t      next;
    ngx_uint_t    n, calls;
    const char   *err;

    p = malloc(room ? room : 1);
    fuzz_assert(p != NULL);

    next = fuzz_twcc.first;

    /* each tells of one packet at least */

    for (calls = 0; calls <= NGX_WHIP_TWCC_WINDOW; calls++) {

        len = ngx_whip_twcc_build(&fuzz_twcc, p, room, 1, 2);

        if (len == 0) {
            break;
        }

        fuzz_assert(len <= room);

        err = twcc_decode(&fuzz_decoded, p, len);
        if (err) {
            fprintf(stderr, "%s\n", err);
        }

        fuzz_assert(err == NULL);
        fuzz_assert(fuzz_decoded.base == next);
        fuzz_assert(fuzz_decoded.count <= NGX_WHIP_TWCC_WINDOW);

        for (n = 0; n < fuzz_decoded.count; n++) {
            if (fuzz_decoded.status[n]) {
                fuzz_assert(fuzz_decoded.tick[n]
                            == fuzz_twcc.time[(next + n)
                                              % NGX_WHIP_TWCC_WINDOW]);
            }
        }

        next = (uint16_t) (next + fuzz_decoded.count);
    }

    fuzz_assert(calls <= NGX_WHIP_TWCC_WINDOW);

    if (room >= NGX_WHIP_TWCC_MIN_SIZE && fuzz_twcc.started) {
        fuzz_assert(fuzz_twcc.first == (uint16_t) (fuzz_twcc.last + 1));
    }

    free(p);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t     room;
    uint16_t   seq;
    uint32_t   step;
    uint64_t   now;

    if (size == 0) {
        return 0;
    }

    room = (size_t) data[0] * 5;
    data++;
    size--;

    seq = 65000;
    now = (uint64_t) 1 << 32;

    ngx_whip_twcc_init(&fuzz_twcc);

    for ( /* void */ ; size >= 4; data += 4, size -= 4) {

        seq = (uint16_t) (seq + (data[0] << 8 | data[1]));
        step = (data[2] & 0x7f) << 7 | data[3] >> 1;
        now += (uint64_t) step * ((data[2] & 0x80) ? 64000 : 250);

        ngx_whip_twcc_add(&fuzz_twcc, seq, now);

        if (data[3] & 1) {
            fuzz_feedback(room);
        }
    }

    fuzz_feedback(room);

    return 0;
}
