
/*
 * Copyright (C) the ngx_live contributors
 */


#include "rtp.h"
#include "wire.h"


#define RTP_ONE_BYTE  0xbede


void
rtp_ext(rtp_header_t *h, int64_t id, const void *data, size_t len)
{
    rtp_ext_t  *ext;

    if (id < 1 || id > 14 || len < 1 || len > 16
        || h->nexts == RTP_EXTS_MAX)
    {
        return;
    }

    ext = &h->exts[h->nexts++];

    ext->id = (int) id;
    ext->data = data;
    ext->len = len;
}


static uint8_t *
rtp_write_exts(uint8_t *p, const rtp_header_t *h)
{
    uint8_t           *start;
    const rtp_ext_t   *ext;

    start = p;
    p += 4;

    for (ext = h->exts; ext < h->exts + h->nexts; ext++) {
        p = wire_put8(p, (unsigned) (ext->id << 4) | (unsigned) (ext->len - 1));
        p = wire_put(p, ext->data, ext->len);
    }

    while ((p - start) & 3) {
        *p++ = 0;
    }

    wire_put16(start, RTP_ONE_BYTE);
    wire_put16(start + 2, (unsigned) (p - start - 4) / 4);

    return p;
}


uint8_t *
rtp_write(uint8_t *p, const rtp_header_t *h)
{
    p = wire_put8(p, 0x80 | (h->padding ? 0x20 : 0) | (h->nexts ? 0x10 : 0));
    p = wire_put8(p, (h->marker ? 0x80u : 0) | (unsigned) h->pt);
    p = wire_put16(p, h->seq);
    p = wire_put32(p, h->ts);
    p = wire_put32(p, h->ssrc);

    return h->nexts ? rtp_write_exts(p, h) : p;
}
