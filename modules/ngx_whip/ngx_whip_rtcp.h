
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: RTCP, RFC 3550, as a receiver of media reads and writes it.  Packets
 * are decrypted already, or not encrypted yet.
 *
 * The writers return the bytes written, always a multiple of 4, and 0 with
 * nothing of use in "buf" if it does not fit or is beyond the limits given.  A
 * compound packet is made by writing one behind the other, the report first;
 * where reduced-size RTCP was negotiated (RFC 5506, a=rtcp-rsize) feedback may
 * go alone.
 */


#ifndef _NGX_WHIP_RTCP_H_INCLUDED_
#define _NGX_WHIP_RTCP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* packet types: RFC 3550, 12.1; RFC 4585, 6.1; RFC 3611, 2 */

#define NGX_WHIP_RTCP_SR           200
#define NGX_WHIP_RTCP_RR           201
#define NGX_WHIP_RTCP_SDES         202
#define NGX_WHIP_RTCP_BYE          203
#define NGX_WHIP_RTCP_APP          204
#define NGX_WHIP_RTCP_RTPFB        205
#define NGX_WHIP_RTCP_PSFB         206
#define NGX_WHIP_RTCP_XR           207

/* what 5 bits can count: report blocks, sources */

#define NGX_WHIP_RTCP_MAX_COUNT    31

/* limits of a NACK, and of the sources of a REMB */

#define NGX_WHIP_RTCP_MAX_NACK     500
#define NGX_WHIP_RTCP_MAX_REMB     255


/* one packet of a compound packet */

typedef struct {
    ngx_uint_t       type;           /* NGX_WHIP_RTCP_... or other */
    ngx_uint_t       count;          /* RC, SC or FMT: 5 bits of the header */

    /*
     * Who sends it; of SDES and BYE the first source.  0 also where the packet
     * names none or its type is unknown.
     */

    uint32_t         ssrc;

    /* SR only */

    uint64_t         ntp;            /* s since 1900, 32.32 fixed point */
    uint32_t         timestamp;      /* RTP time of the same instant */
    uint32_t         packets;        /* sent so far */
    uint32_t         octets;         /* of payload, sent so far */

    /* BYE only */

    uint32_t         bye[NGX_WHIP_RTCP_MAX_COUNT];
    ngx_uint_t       nbye;
} ngx_whip_rtcp_t;


/* what is reported about one source: RFC 3550, 6.4.1 */

typedef struct {
    uint32_t         ssrc;
    u_char           fraction;       /* lost since the last report, of 256 */
    int32_t          lost;           /* so far; sent as 24 bits, clamped */
    uint32_t         highest;        /* sequence number, cycles << 16 | seq */
    uint32_t         jitter;         /* in units of the RTP timestamp */
    uint32_t         lsr;            /* middle 32 bits of the last SR's ntp,
                                        0: none yet */
    uint32_t         dlsr;           /* since then, 1/65536 s; 0 without lsr */
} ngx_whip_rtcp_block_t;


#pragma GCC visibility push(hidden)

/*
 * The next packet of a compound packet *p .. end, also of a reduced-size one;
 * *p is moved behind it.  Report blocks, items of SDES, feedback, APP and XR
 * are passed over, and so are unknown types.
 *
 *     NGX_OK     `m` is filled
 *     NGX_DONE   there are no more
 *     NGX_ERROR  malformed, the rest cannot be read; *p is not moved
 */
ngx_int_t ngx_whip_rtcp_next(ngx_whip_rtcp_t *m, u_char **p, u_char *end);

/*
 * A receiver report of n blocks, up to NGX_WHIP_RTCP_MAX_COUNT, none are fine,
 * and SDES with the CNAME, 1 to 255 bytes: RFC 3550, 6.1, 6.4.2 and 6.5.
 * `ssrc` is our own, here and below.
 */
size_t ngx_whip_rtcp_report(u_char *buf, size_t size, uint32_t ssrc,
    const ngx_whip_rtcp_block_t *blocks, ngx_uint_t n, ngx_str_t *cname);

/*
 * One generic NACK, RFC 4585, 6.2.1, for the n packets, 1 to
 * NGX_WHIP_RTCP_MAX_NACK, of the source `media`; `seqs` ascend modulo 2^16,
 * doublets are harmless.  Takes 4 bytes for each 17 numbers in a row, and at
 * most 12 + 4 * n.
 */
size_t ngx_whip_rtcp_nack(u_char *buf, size_t size, uint32_t ssrc,
    uint32_t media, const uint16_t *seqs, ngx_uint_t n);

/* picture loss indication: RFC 4585, 6.3.1; 12 bytes */
size_t ngx_whip_rtcp_pli(u_char *buf, size_t size, uint32_t ssrc,
    uint32_t media);

/*
 * Full intra request: RFC 5104, 4.3.1; 20 bytes.  `seq` is one more with each
 * request to the same source, and the same when a request is repeated.
 */
size_t ngx_whip_rtcp_fir(u_char *buf, size_t size, uint32_t ssrc,
    uint32_t media, u_char seq);

/*
 * The most that the n sources, up to NGX_WHIP_RTCP_MAX_REMB, should send
 * together, bit/s, of which the highest 18 bits are kept:
 * draft-alvestrand-rmcat-remb-03, 2.2.
 */
size_t ngx_whip_rtcp_remb(u_char *buf, size_t size, uint32_t ssrc,
    uint64_t bitrate, const uint32_t *ssrcs, ngx_uint_t n);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_RTCP_H_INCLUDED_ */
