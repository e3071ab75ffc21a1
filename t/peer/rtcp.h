
/*
 * Copyright (C) the ngx_live contributors
 *
 * RTCP: sender reports and BYE to write, what a receiver sends to read
 * (RFC 3550 6, RFC 4585 6, RFC 5104 4.3, transport-wide feedback, REMB).  Pure.
 */


#ifndef _RTCP_H_INCLUDED_
#define _RTCP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define RTCP_SR          200
#define RTCP_RR          201
#define RTCP_SDES        202
#define RTCP_BYE         203
#define RTCP_RTPFB       205
#define RTCP_PSFB        206

#define RTCP_FB_NACK     1                /* of RTPFB */
#define RTCP_FB_TWCC     15
#define RTCP_FB_PLI      1                /* of PSFB */
#define RTCP_FB_FIR      4
#define RTCP_FB_AFB      15

#define RTCP_BLOCK       24               /* bytes of a report block */
#define RTCP_FIR_ENTRY   8


/* one packet of a compound one */

typedef struct {
    int             type;
    int             count;                /* or the feedback's format */
    uint32_t        ssrc;                 /* of the sender */
    const uint8_t  *body;                 /* behind that, without padding */
    size_t          len;
} rtcp_t;


typedef struct {
    uint32_t        ssrc;
    unsigned        fraction;             /* of 256 */
    int32_t         lost;
    uint32_t        highest;              /* extended sequence number */
    uint32_t        jitter;
    uint32_t        lsr;
    uint32_t        dlsr;
} rtcp_block_t;


typedef struct {
    unsigned        base;
    unsigned        count;                /* packets that are told of */
    unsigned        received;             /* of them */
} rtcp_twcc_t;


/*
 * The next packet at *p, which moves on: 1, 0 at the end, -1 where the bytes
 * up to "last" are no RTCP.
 */

int rtcp_next(rtcp_t *r, const uint8_t **p, const uint8_t *last);

void rtcp_block(rtcp_block_t *b, const uint8_t *p);

/* the body of a feedback packet, FCI; 0, or -1 where it is malformed */

int rtcp_twcc(rtcp_twcc_t *t, const uint8_t *body, size_t len);

/* bits per second; -1: it is no REMB */

int64_t rtcp_remb(const uint8_t *body, size_t len);

/* the byte behind; SR without blocks and SDES with the CNAME */

uint8_t *rtcp_write_sr(uint8_t *p, uint32_t ssrc, uint64_t ntp, uint32_t ts,
    uint32_t packets, uint32_t octets, const char *cname);

/* an empty RR and BYE */

uint8_t *rtcp_write_bye(uint8_t *p, uint32_t ssrc);


#endif /* _RTCP_H_INCLUDED_ */
