
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: what an ICE-lite agent needs of STUN (RFC 8489, RFC 8445): to read a
 * binding request, to check who sent it, and to answer it.  A parsed message
 * points into the datagram, which must outlive it.
 */


#ifndef _NGX_WHIP_STUN_H_INCLUDED_
#define _NGX_WHIP_STUN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* message types: RFC 8489, 5 and 18.2 */

#define NGX_WHIP_STUN_BINDING_REQUEST     0x0001
#define NGX_WHIP_STUN_BINDING_INDICATION  0x0011
#define NGX_WHIP_STUN_BINDING_SUCCESS     0x0101
#define NGX_WHIP_STUN_BINDING_ERROR       0x0111

/* error codes: RFC 8489, 14.8; RFC 8445, 16.2 */

#define NGX_WHIP_STUN_UNKNOWN_ATTRIBUTE   420
#define NGX_WHIP_STUN_ROLE_CONFLICT       487

/* of what is read: bytes, and attributes of any kind */

#define NGX_WHIP_STUN_MAX_SIZE            1500
#define NGX_WHIP_STUN_MAX_ATTRIBUTES      16

/* unknown attributes that are kept; further ones are not */

#define NGX_WHIP_STUN_MAX_UNKNOWN         8

/* room for the longest answer */

#define NGX_WHIP_STUN_MAX_ANSWER          100


typedef struct {
    ngx_uint_t       type;          /* NGX_WHIP_STUN_BINDING_... or other */
    const u_char    *tid;           /* 12 bytes, in the message */
    ngx_str_t        username;      /* in the message, empty: none */
    size_t           integrity;     /* offset of the MESSAGE-INTEGRITY
                                       attribute, 0: none */
    uint32_t         priority;      /* 0: none */

    /*
     * Attributes whose comprehension is required, and that mean nothing here:
     * a request that has some is to be refused with 420.
     */

    uint16_t         unknown[NGX_WHIP_STUN_MAX_UNKNOWN];
    ngx_uint_t       nunknown;

    unsigned         use_candidate:1;
    unsigned         controlling:1;
    unsigned         controlled:1;
    unsigned         fingerprint:1;  /* there is one, and it matches */
} ngx_whip_stun_t;


/*
 * What the first byte tells of a datagram that may be STUN, DTLS, RTP or RTCP:
 * RFC 7983, 7.  Not 0: to be given to ngx_whip_stun_parse().
 */

static ngx_inline ngx_uint_t
ngx_whip_stun_is(const u_char *p, size_t len)
{
    return len > 0 && p[0] < 4;
}


#pragma GCC visibility push(hidden)

/*
 * Reads a whole datagram of any message type.  What stands behind
 * MESSAGE-INTEGRITY is not authenticated and does not count, but for
 * FINGERPRINT; of an attribute that comes twice, the first counts.
 *
 *     NGX_OK     `m` is filled, nothing of it is verified but FINGERPRINT
 *     NGX_ERROR  not STUN, malformed, over the limits, or the FINGERPRINT does
 *                not match: to be dropped
 */
ngx_int_t ngx_whip_stun_parse(ngx_whip_stun_t *m, const u_char *p, size_t len);

/*
 * Checks MESSAGE-INTEGRITY, HMAC-SHA1, in constant time: RFC 8489, 14.5.  `m`
 * was parsed from the same p, len; `key` is the password of short-term
 * credentials as it stands in the SDP.
 *
 *     NGX_OK        the sender knows the key
 *     NGX_DECLINED  it does not, or the attribute or the key is missing
 */
ngx_int_t ngx_whip_stun_verify(const ngx_whip_stun_t *m, const u_char *p,
    size_t len, ngx_str_t *key);

/*
 * A success response to a binding request: XOR-MAPPED-ADDRESS of `mapped`
 * (IPv4 or IPv6; an IPv4-mapped address goes as IPv4), MESSAGE-INTEGRITY and
 * FINGERPRINT.  `buf` must not overlap the request.  Returns the bytes
 * written, 0: it does not fit, or the address is of another family.
 */
size_t ngx_whip_stun_success(u_char *buf, size_t size, const u_char *tid,
    struct sockaddr *mapped, ngx_str_t *key);

/*
 * An error response, code 300 to 699, with the `n` attributes of `unknown`
 * listed; at most NGX_WHIP_STUN_MAX_UNKNOWN of them are.  Without `key`, NULL,
 * as it has to be for a request that failed authentication, there is no
 * MESSAGE-INTEGRITY.  Returns the bytes written, 0: it does not fit.
 */
size_t ngx_whip_stun_error(u_char *buf, size_t size, const u_char *tid,
    ngx_uint_t code, const uint16_t *unknown, ngx_uint_t n, ngx_str_t *key);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_STUN_H_INCLUDED_ */
