
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ngx_whip_stun.h"
#include "ngx_whip_wire.h"


#define NGX_WHIP_STUN_HEADER              20
#define NGX_WHIP_STUN_TID                 12
#define NGX_WHIP_STUN_COOKIE              0x2112a442

/* attributes: RFC 8489, 18.3; RFC 8445, 16.1 */

#define NGX_WHIP_STUN_MAPPED_ADDRESS      0x0001
#define NGX_WHIP_STUN_USERNAME            0x0006
#define NGX_WHIP_STUN_MESSAGE_INTEGRITY   0x0008
#define NGX_WHIP_STUN_ERROR_CODE          0x0009
#define NGX_WHIP_STUN_UNKNOWN_ATTRIBUTES  0x000a
#define NGX_WHIP_STUN_REALM               0x0014
#define NGX_WHIP_STUN_NONCE               0x0015
#define NGX_WHIP_STUN_XOR_MAPPED_ADDRESS  0x0020
#define NGX_WHIP_STUN_PRIORITY            0x0024
#define NGX_WHIP_STUN_USE_CANDIDATE       0x0025

/* from here on an attribute may be ignored: RFC 8489, 14 */

#define NGX_WHIP_STUN_OPTIONAL            0x8000

#define NGX_WHIP_STUN_FINGERPRINT         0x8028
#define NGX_WHIP_STUN_CONTROLLED          0x8029
#define NGX_WHIP_STUN_CONTROLLING         0x802a

/* HMAC-SHA1; the attribute with its header */

#define NGX_WHIP_STUN_DIGEST              20
#define NGX_WHIP_STUN_INTEGRITY_SIZE      (4 + NGX_WHIP_STUN_DIGEST)

#define NGX_WHIP_STUN_FINGERPRINT_SIZE    8
#define NGX_WHIP_STUN_FINGERPRINT_XOR     0x5354554e

#define NGX_WHIP_STUN_IPV4                1
#define NGX_WHIP_STUN_IPV6                2


static ngx_int_t ngx_whip_stun_attribute(ngx_whip_stun_t *m, const u_char *p,
    size_t size, ngx_uint_t type, size_t pos);
static ngx_int_t ngx_whip_stun_check(ngx_whip_stun_t *m, const u_char *p,
    size_t len, size_t pos);
static uint32_t ngx_whip_stun_crc(const u_char *p, size_t len);
static ngx_int_t ngx_whip_stun_hmac(ngx_str_t *key, const u_char *p,
    size_t len, u_char *digest);
static u_char *ngx_whip_stun_start(u_char *buf, ngx_uint_t type,
    const u_char *tid);
static u_char *ngx_whip_stun_head(u_char *p, ngx_uint_t type, size_t size);
static size_t ngx_whip_stun_address(u_char *addr, struct sockaddr *mapped,
    in_port_t *port);
static const char *ngx_whip_stun_reason(ngx_uint_t code);
static size_t ngx_whip_stun_finish(u_char *buf, u_char *p, ngx_str_t *key);


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+---------------------------+-------------------------------+
 * |0 0|       message type        | length of the attributes      |
 * +---+---------------------------+-------------------------------+
 * |                   magic cookie = 0x2112a442                   |
 * +---------------------------------------------------------------+
 * |                                                               |
 * |                 transaction id, 96 bits                       |
 * |                                                               |
 * +-------------------------------+-------------------------------+
 * |        attribute type         |       length of the value     |
 * +-------------------------------+-------------------------------+
 * |  value, padded to 32 bits ... the next attribute ...
 * +-
 *
 * RFC 8489, 5 and 14.
 */

ngx_int_t
ngx_whip_stun_parse(ngx_whip_stun_t *m, const u_char *p, size_t len)
{
    size_t      pos, size;
    ngx_uint_t  n, type;

    ngx_memzero(m, sizeof(ngx_whip_stun_t));

    if (len < NGX_WHIP_STUN_HEADER || len > NGX_WHIP_STUN_MAX_SIZE
        || len % 4 || (p[0] & 0xc0)
        || ngx_whip_wire_get16(p + 2) != len - NGX_WHIP_STUN_HEADER
        || ngx_whip_wire_get32(p + 4) != NGX_WHIP_STUN_COOKIE)
    {
        return NGX_ERROR;
    }

    m->type = ngx_whip_wire_get16(p);
    m->tid = p + 8;

    pos = NGX_WHIP_STUN_HEADER;

    for (n = 0; pos < len; n++) {

        if (n == NGX_WHIP_STUN_MAX_ATTRIBUTES) {
            return NGX_ERROR;
        }

        /* pos and len are multiples of 4, so the header is there */

        type = ngx_whip_wire_get16(p + pos);
        size = ngx_whip_wire_get16(p + pos + 2);

        /* and the padding, where the value is */

        if (size > len - pos - 4) {
            return NGX_ERROR;
        }

        if (type == NGX_WHIP_STUN_FINGERPRINT) {

            if (ngx_whip_stun_check(m, p, len, pos) != NGX_OK) {
                return NGX_ERROR;
            }

        } else if (m->integrity == 0
                   && ngx_whip_stun_attribute(m, p, size, type, pos) != NGX_OK)
        {
            return NGX_ERROR;
        }

        pos += 4 + ngx_align(size, 4);
    }

    return NGX_OK;
}


/* an attribute that MESSAGE-INTEGRITY covers, or that is no other than it */

static ngx_int_t
ngx_whip_stun_attribute(ngx_whip_stun_t *m, const u_char *p, size_t size,
    ngx_uint_t type, size_t pos)
{
    const u_char  *value;

    value = p + pos + 4;

    switch (type) {

    case NGX_WHIP_STUN_USERNAME:

        if (m->username.len == 0) {
            m->username.data = (u_char *) value;
            m->username.len = size;
        }

        return NGX_OK;

    case NGX_WHIP_STUN_MESSAGE_INTEGRITY:
        m->integrity = pos;

        return (size == NGX_WHIP_STUN_DIGEST) ? NGX_OK : NGX_ERROR;

    case NGX_WHIP_STUN_PRIORITY:

        if (size != 4) {
            return NGX_ERROR;
        }

        if (m->priority == 0) {
            m->priority = ngx_whip_wire_get32(value);
        }

        return NGX_OK;

    case NGX_WHIP_STUN_USE_CANDIDATE:
        m->use_candidate = 1;

        return (size == 0) ? NGX_OK : NGX_ERROR;

    /* the tie-breaker is of no use: a lite agent keeps its role */

    case NGX_WHIP_STUN_CONTROLLED:
        m->controlled = 1;

        return (size == 8) ? NGX_OK : NGX_ERROR;

    case NGX_WHIP_STUN_CONTROLLING:
        m->controlling = 1;

        return (size == 8) ? NGX_OK : NGX_ERROR;

    /* known, but not expected in a request: RFC 8489, 6.3 */

    case NGX_WHIP_STUN_MAPPED_ADDRESS:
    case NGX_WHIP_STUN_ERROR_CODE:
    case NGX_WHIP_STUN_UNKNOWN_ATTRIBUTES:
    case NGX_WHIP_STUN_REALM:
    case NGX_WHIP_STUN_NONCE:
    case NGX_WHIP_STUN_XOR_MAPPED_ADDRESS:
        return NGX_OK;

    default:

        if (type < NGX_WHIP_STUN_OPTIONAL
            && m->nunknown < NGX_WHIP_STUN_MAX_UNKNOWN)
        {
            m->unknown[m->nunknown++] = (uint16_t) type;
        }

        return NGX_OK;
    }
}


/* FINGERPRINT is the last attribute: RFC 8489, 14.7 */

static ngx_int_t
ngx_whip_stun_check(ngx_whip_stun_t *m, const u_char *p, size_t len,
    size_t pos)
{
    if (len - pos != NGX_WHIP_STUN_FINGERPRINT_SIZE
        || ngx_whip_wire_get16(p + pos + 2) != 4
        || ngx_whip_wire_get32(p + pos + 4) != ngx_whip_stun_crc(p, pos))
    {
        return NGX_ERROR;
    }

    m->fingerprint = 1;

    return NGX_OK;
}


static uint32_t
ngx_whip_stun_crc(const u_char *p, size_t len)
{
    return ngx_crc32_long((u_char *) p, len) ^ NGX_WHIP_STUN_FINGERPRINT_XOR;
}


ngx_int_t
ngx_whip_stun_verify(const ngx_whip_stun_t *m, const u_char *p, size_t len,
    ngx_str_t *key)
{
    u_char  buf[NGX_WHIP_STUN_MAX_SIZE], digest[NGX_WHIP_STUN_DIGEST];

    if (len > sizeof(buf)
        || m->integrity < NGX_WHIP_STUN_HEADER
        || m->integrity > len
        || len - m->integrity < NGX_WHIP_STUN_INTEGRITY_SIZE)
    {
        return NGX_DECLINED;
    }

    /* what is signed has a length that ends with MESSAGE-INTEGRITY */

    ngx_memcpy(buf, p, m->integrity);
    (void) ngx_whip_wire_put16(buf + 2, m->integrity - NGX_WHIP_STUN_HEADER
                                        + NGX_WHIP_STUN_INTEGRITY_SIZE);

    if (ngx_whip_stun_hmac(key, buf, m->integrity, digest) != NGX_OK) {
        return NGX_DECLINED;
    }

    return CRYPTO_memcmp(digest, p + m->integrity + 4, sizeof(digest)) == 0
           ? NGX_OK : NGX_DECLINED;
}


/* an empty key is nobody's password */

static ngx_int_t
ngx_whip_stun_hmac(ngx_str_t *key, const u_char *p, size_t len, u_char *digest)
{
    if (key->len == 0 || key->len > NGX_MAX_INT32_VALUE
        || HMAC(EVP_sha1(), key->data, (int) key->len, p, len, digest, NULL)
           == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+-------------------------------+
 * |       0       |    family     |  port ^ cookie's first half   |
 * +---------------+---------------+-------------------------------+
 * |  IPv4 address ^ cookie, or IPv6 address ^ (cookie, tid)
 * +-
 *
 * RFC 8489, 14.2: XOR-MAPPED-ADDRESS.
 */

size_t
ngx_whip_stun_success(u_char *buf, size_t size, const u_char *tid,
    struct sockaddr *mapped, ngx_str_t *key)
{
    u_char     *p, addr[16];
    size_t      i, len;
    in_port_t   port;

    len = ngx_whip_stun_address(addr, mapped, &port);

    if (len == 0
        || size < NGX_WHIP_STUN_HEADER + 8 + len
                  + NGX_WHIP_STUN_INTEGRITY_SIZE
                  + NGX_WHIP_STUN_FINGERPRINT_SIZE)
    {
        return 0;
    }

    p = ngx_whip_stun_start(buf, NGX_WHIP_STUN_BINDING_SUCCESS, tid);
    p = ngx_whip_stun_head(p, NGX_WHIP_STUN_XOR_MAPPED_ADDRESS, 4 + len);

    *p++ = 0;
    *p++ = (len == 4) ? NGX_WHIP_STUN_IPV4 : NGX_WHIP_STUN_IPV6;
    p = ngx_whip_wire_put16(p, port ^ (NGX_WHIP_STUN_COOKIE >> 16));

    /* the header has the cookie and the transaction id in one piece */

    for (i = 0; i < len; i++) {
        *p++ = addr[i] ^ buf[4 + i];
    }

    return ngx_whip_stun_finish(buf, p, key);
}


/* the length of the address, 0: of a family that STUN does not know */

static size_t
ngx_whip_stun_address(u_char *addr, struct sockaddr *mapped, in_port_t *port)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (mapped->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) mapped;

        *port = ntohs(sin->sin_port);
        ngx_memcpy(addr, &sin->sin_addr, 4);

        return 4;

#if (NGX_HAVE_INET6)

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) mapped;

        *port = ntohs(sin6->sin6_port);

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            ngx_memcpy(addr, &sin6->sin6_addr.s6_addr[12], 4);
            return 4;
        }

        ngx_memcpy(addr, &sin6->sin6_addr, 16);

        return 16;

#endif

    default:
        return 0;
    }
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------+-----+-----------------+
 * |                   0                   |class| number, 0 .. 99 |
 * +---------------------------------------+-----+-----------------+
 * |  reason phrase, padded to 32 bits ...
 * +-
 *
 * RFC 8489, 14.8: ERROR-CODE; then 14.9, UNKNOWN-ATTRIBUTES.
 */

size_t
ngx_whip_stun_error(u_char *buf, size_t size, const u_char *tid,
    ngx_uint_t code, const uint16_t *unknown, ngx_uint_t n, ngx_str_t *key)
{
    u_char      *p;
    size_t       need, len;
    ngx_uint_t   i;
    const char  *reason;

    n = ngx_min(n, NGX_WHIP_STUN_MAX_UNKNOWN);

    reason = ngx_whip_stun_reason(code);
    len = ngx_strlen(reason);

    need = NGX_WHIP_STUN_HEADER + 8 + ngx_align(len, 4)
           + NGX_WHIP_STUN_FINGERPRINT_SIZE;

    if (n) {
        need += 4 + ngx_align(2 * n, 4);
    }

    if (key) {
        need += NGX_WHIP_STUN_INTEGRITY_SIZE;
    }

    if (size < need) {
        return 0;
    }

    p = ngx_whip_stun_start(buf, NGX_WHIP_STUN_BINDING_ERROR, tid);

    p = ngx_whip_stun_head(p, NGX_WHIP_STUN_ERROR_CODE, 4 + len);
    p = ngx_whip_wire_put16(p, 0);
    *p++ = (u_char) (code / 100);
    *p++ = (u_char) (code % 100);

    p = ngx_cpymem(p, reason, len);

    while ((p - buf) % 4) {
        *p++ = 0;
    }

    if (n) {
        p = ngx_whip_stun_head(p, NGX_WHIP_STUN_UNKNOWN_ATTRIBUTES, 2 * n);

        for (i = 0; i < n; i++) {
            p = ngx_whip_wire_put16(p, unknown[i]);
        }

        if (n % 2) {
            p = ngx_whip_wire_put16(p, 0);
        }
    }

    return ngx_whip_stun_finish(buf, p, key);
}


static const char *
ngx_whip_stun_reason(ngx_uint_t code)
{
    switch (code) {

    case NGX_WHIP_STUN_UNKNOWN_ATTRIBUTE:
        return "Unknown Attribute";

    case NGX_WHIP_STUN_ROLE_CONFLICT:
        return "Role Conflict";

    default:
        return "";
    }
}


/* the length is set by ngx_whip_stun_finish() */

static u_char *
ngx_whip_stun_start(u_char *buf, ngx_uint_t type, const u_char *tid)
{
    u_char  *p;

    p = ngx_whip_wire_put16(buf, type);
    p = ngx_whip_wire_put16(p, 0);
    p = ngx_whip_wire_put32(p, NGX_WHIP_STUN_COOKIE);

    return ngx_cpymem(p, tid, NGX_WHIP_STUN_TID);
}


static u_char *
ngx_whip_stun_head(u_char *p, ngx_uint_t type, size_t size)
{
    p = ngx_whip_wire_put16(p, type);

    return ngx_whip_wire_put16(p, size);
}


/*
 * Appends MESSAGE-INTEGRITY, with a key, and FINGERPRINT.  Each of them is
 * computed with a length in the header that ends with itself.
 */

static size_t
ngx_whip_stun_finish(u_char *buf, u_char *p, ngx_str_t *key)
{
    size_t  len;

    if (key) {
        len = p - buf;

        (void) ngx_whip_wire_put16(buf + 2, len - NGX_WHIP_STUN_HEADER
                                            + NGX_WHIP_STUN_INTEGRITY_SIZE);

        p = ngx_whip_stun_head(p, NGX_WHIP_STUN_MESSAGE_INTEGRITY,
                               NGX_WHIP_STUN_DIGEST);

        if (ngx_whip_stun_hmac(key, buf, len, p) != NGX_OK) {
            return 0;
        }

        p += NGX_WHIP_STUN_DIGEST;
    }

    len = p - buf;

    (void) ngx_whip_wire_put16(buf + 2, len - NGX_WHIP_STUN_HEADER
                                        + NGX_WHIP_STUN_FINGERPRINT_SIZE);

    p = ngx_whip_stun_head(p, NGX_WHIP_STUN_FINGERPRINT, 4);
    p = ngx_whip_wire_put32(p, ngx_whip_stun_crc(buf, len));

    return p - buf;
}
