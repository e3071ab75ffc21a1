
/*
 * Copyright (C) the ngx_live contributors
 */


#include "rtcp.h"
#include "wire.h"


#define RTCP_SDES_CNAME  1


/*
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P| RC / FMT|       PT      |       length in words - 1     |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                        SSRC of sender                         |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

int
rtcp_next(rtcp_t *r, const uint8_t **p, const uint8_t *last)
{
    size_t          size, padding;
    const uint8_t  *q;

    q = *p;

    if (q == last) {
        return 0;
    }

    if (last - q < 8 || (q[0] & 0xc0) != 0x80 || q[1] < 192 || q[1] > 223) {
        return -1;
    }

    size = 4 + (size_t) wire_get16(q + 2) * 4;

    if (size < 8 || size > (size_t) (last - q)) {
        return -1;
    }

    /* only the last packet may be padded */

    padding = 0;

    if (q[0] & 0x20) {

        padding = q[size - 1];

        if (padding == 0 || padding % 4 || padding > size - 8
            || q + size != last)
        {
            return -1;
        }
    }

    r->type = q[1];
    r->count = q[0] & 0x1f;
    r->ssrc = wire_get32(q + 4);
    r->body = q + 8;
    r->len = size - 8 - padding;

    *p = q + size;

    return 1;
}


void
rtcp_block(rtcp_block_t *b, const uint8_t *p)
{
    uint32_t  lost;

    lost = wire_get24(p + 5);

    b->ssrc = wire_get32(p);
    b->fraction = p[4];
    b->lost = (lost & 0x800000) ? (int32_t) lost - 0x1000000 : (int32_t) lost;
    b->highest = wire_get32(p + 8);
    b->jitter = wire_get32(p + 12);
    b->lsr = wire_get32(p + 16);
    b->dlsr = wire_get32(p + 20);
}


/*
 * draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1, behind the media
 * SSRC: base sequence number, packet status count, reference time and feedback
 * count; chunks of statuses; a delta of one byte for each status 1 and of two
 * for each status 2; zeroes up to a multiple of four.
 */

int
rtcp_twcc(rtcp_twcc_t *t, const uint8_t *body, size_t len)
{
    unsigned  n, i, run, bits, chunk, status;
    size_t    at, deltas;

    if (len < 4 + 8) {
        return -1;
    }

    t->base = wire_get16(body + 4);
    t->count = wire_get16(body + 6);
    t->received = 0;

    at = 12;
    deltas = 0;

    for (n = 0; n < t->count; /* void */ ) {

        if (at + 2 > len) {
            return -1;
        }

        chunk = wire_get16(body + at);
        at += 2;

        if (!(chunk & 0x8000)) {
            run = chunk & 0x1fff;
            bits = 0;

            if (run == 0) {
                return -1;
            }

        } else {
            bits = (chunk & 0x4000) ? 2 : 1;
            run = 14 / bits;
        }

        for (i = 0; i < run && n < t->count; i++, n++) {

            status = bits == 0 ? chunk >> 13
                     : (chunk >> (14 - bits * (i + 1))) & ((1 << bits) - 1);

            if (status == 3) {
                return -1;
            }

            t->received += status != 0;
            deltas += status;
        }
    }

    at += deltas;

    return at <= len && len - at < 4 ? 0 : -1;
}


/* draft-alvestrand-rmcat-remb-03, 2.2, behind the media SSRC */

int64_t
rtcp_remb(const uint8_t *body, size_t len)
{
    if (len < 4 + 8 || memcmp(body + 4, "REMB", 4) != 0
        || len < 12 + 4 * (size_t) body[8])
    {
        return -1;
    }

    return (int64_t) (wire_get24(body + 9) & 0x3ffff) << (body[9] >> 2);
}


static uint8_t *
rtcp_write_head(uint8_t *p, int count, int type, size_t words, uint32_t ssrc)
{
    p = wire_put8(p, 0x80u | (unsigned) count);
    p = wire_put8(p, (unsigned) type);
    p = wire_put16(p, (unsigned) words);

    return wire_put32(p, ssrc);
}


uint8_t *
rtcp_write_sr(uint8_t *p, uint32_t ssrc, uint64_t ntp, uint32_t ts,
    uint32_t packets, uint32_t octets, const char *cname)
{
    size_t  len, words;

    p = rtcp_write_head(p, 0, RTCP_SR, 6, ssrc);
    p = wire_put64(p, ntp);
    p = wire_put32(p, ts);
    p = wire_put32(p, packets);
    p = wire_put32(p, octets);

    /* item, length, text, and at least one zero */

    len = strlen(cname);
    words = 1 + (2 + len + 1 + 3) / 4;

    p = rtcp_write_head(p, 1, RTCP_SDES, words, ssrc);
    memset(p, 0, (words - 1) * 4);

    p[0] = RTCP_SDES_CNAME;
    p[1] = (uint8_t) len;
    memcpy(p + 2, cname, len);

    return p + (words - 1) * 4;
}


uint8_t *
rtcp_write_bye(uint8_t *p, uint32_t ssrc)
{
    p = rtcp_write_head(p, 0, RTCP_RR, 1, ssrc);

    return rtcp_write_head(p, 1, RTCP_BYE, 1, ssrc);
}
