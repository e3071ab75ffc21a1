
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: the header of an RTP packet, RFC 3550, and the header extensions that
 * tell where it belongs, RFC 8285.  Strings and the payload point into the
 * packet, which is decrypted already and must outlive them.
 */


#ifndef _NGX_WHIP_RTP_H_INCLUDED_
#define _NGX_WHIP_RTP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_wire.h"


#define NGX_WHIP_RTP_HEADER  12      /* the least size of a packet */


/* extension ids as negotiated in the SDP, a=extmap; 0: none */

typedef struct {
    u_char       mid;            /* sdes:mid */
    u_char       rid;            /* sdes:rtp-stream-id */
    u_char       rrid;           /* sdes:repaired-rtp-stream-id */
    u_char       twcc;           /* transport-wide-cc-extensions-01 */
} ngx_whip_rtp_ids_t;


typedef struct {
    ngx_uint_t   pt;             /* 0 to 127 */
    ngx_uint_t   marker;         /* 0 or 1 */
    uint16_t     seq;
    uint32_t     timestamp;
    uint32_t     ssrc;
    u_char      *payload;
    size_t       len;            /* without padding; 0 is a mere probe */
    ngx_str_t    mid;            /* not terminated, any bytes; empty: none */
    ngx_str_t    rid;
    ngx_str_t    rrid;
    ngx_int_t    twcc;           /* transport-wide sequence number, -1: none */
} ngx_whip_rtp_t;


/* by the first byte, RTP or RTCP, no STUN and no DTLS: RFC 7983, 7 */

static ngx_inline ngx_uint_t
ngx_whip_rtp_is(const u_char *p, size_t len)
{
    return len > 0 && p[0] >= 128 && p[0] <= 191;
}


/* by the second byte, RTCP and no RTP: RFC 5761, 4 */

static ngx_inline ngx_uint_t
ngx_whip_rtp_is_rtcp(const u_char *p, size_t len)
{
    return len > 1 && p[1] >= 192 && p[1] <= 223;
}


/*
 * The SSRC of an RTP packet before it is decrypted; 0 if it is shorter than
 * NGX_WHIP_RTP_HEADER.  0 is a valid SSRC, too, and used by probes.
 */

static ngx_inline uint32_t
ngx_whip_rtp_ssrc(const u_char *p, size_t len)
{
    return (len < NGX_WHIP_RTP_HEADER) ? 0 : ngx_whip_wire_get32(p + 8);
}


#pragma GCC visibility push(hidden)

/*
 * Header extensions of an unknown form, and what stands behind a malformed
 * element of them, are passed over: they are no reason to lose the media.
 *
 *     NGX_OK
 *     NGX_ERROR  malformed, to be dropped
 */
ngx_int_t ngx_whip_rtp_parse(ngx_whip_rtp_t *rtp, u_char *p, size_t len,
    const ngx_whip_rtp_ids_t *ids);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_RTP_H_INCLUDED_ */
