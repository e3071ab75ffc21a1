
/*
 * Copyright (C) the ngx_live contributors
 *
 * RTP headers with one-byte header extensions (RFC 3550 5.1, RFC 8285 4.2).
 * Pure.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                           timestamp                           |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |           synchronization source (SSRC) identifier            |
 *     +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 *     |       0xBE    |    0xDE       |    length in words            |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |  ID   | L-1   |     data      |  ID   | L-1   |   data...     |
 */


#ifndef _RTP_H_INCLUDED_
#define _RTP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define RTP_HEADER    12
#define RTP_EXTS_MAX  6


typedef struct {
    int             id;
    const void     *data;
    size_t          len;                  /* 1 to 16 */
} rtp_ext_t;


typedef struct {
    int             pt;
    int             marker;
    int             padding;
    uint16_t        seq;
    uint32_t        ts;
    uint32_t        ssrc;
    rtp_ext_t       exts[RTP_EXTS_MAX];
    unsigned        nexts;
} rtp_header_t;


/* adds an extension; one with the id 0 or no data is left out */

void rtp_ext(rtp_header_t *h, int64_t id, const void *data, size_t len);

/* the byte behind the header */

uint8_t *rtp_write(uint8_t *p, const rtp_header_t *h);


#endif /* _RTP_H_INCLUDED_ */
