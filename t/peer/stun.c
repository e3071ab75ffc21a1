
/*
 * Copyright (C) the ngx_live contributors
 */


#include "stun.h"
#include "wire.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>


#define STUN_COOKIE       0x2112a442
#define STUN_SHA1         20
#define STUN_CRC_XOR      0x5354554e      /* RFC 8489 14.7 */


static void
stun_set_length(uint8_t *message, size_t len)
{
    wire_put16(message + 2, (unsigned) (len - STUN_HEADER));
}


void
stun_begin(stun_out_t *m, int type, const uint8_t *tid)
{
    uint8_t  *p;

    p = wire_put16(m->data, (unsigned) type);
    p = wire_put16(p, 0);
    p = wire_put32(p, STUN_COOKIE);
    p = wire_put(p, tid, STUN_TID);

    m->len = (size_t) (p - m->data);
}


/* padded to 4 bytes; left out where there is no room */

void
stun_attribute(stun_out_t *m, int type, const void *value, size_t len)
{
    size_t    padded;
    uint8_t  *p;

    padded = (len + 3) & ~(size_t) 3;

    if (m->len + 4 + padded > STUN_MAX) {
        return;
    }

    p = wire_put16(m->data + m->len, (unsigned) type);
    p = wire_put16(p, (unsigned) len);

    memset(p, 0, padded);

    if (len) {
        memcpy(p, value, len);
    }

    m->len += 4 + padded;
    stun_set_length(m->data, m->len);
}


void
stun_number(stun_out_t *m, int type, uint32_t value)
{
    uint8_t  bytes[4];

    wire_put32(bytes, value);
    stun_attribute(m, type, bytes, 4);
}


void
stun_mapped(stun_out_t *m, const transport_addr_t *addr)
{
    size_t                      i, len;
    uint8_t                     value[20], *p;
    const uint8_t              *ip;
    const struct sockaddr_in   *sin;
    const struct sockaddr_in6  *sin6;

    sin = (const struct sockaddr_in *) &addr->sa;
    sin6 = (const struct sockaddr_in6 *) &addr->sa;

    if (addr->sa.ss_family == AF_INET6) {
        ip = sin6->sin6_addr.s6_addr;
        len = 16;

    } else {
        ip = (const uint8_t *) &sin->sin_addr;
        len = 4;
    }

    p = wire_put16(value, len == 16 ? 2 : 1);
    p = wire_put16(p, ntohs(sin->sin_port) ^ (STUN_COOKIE >> 16));

    /* the cookie and the transaction ID */

    for (i = 0; i < len; i++) {
        *p++ = ip[i] ^ m->data[4 + i];
    }

    stun_attribute(m, STUN_XOR_MAPPED_ADDRESS, value, 4 + len);
}


/* over "len" bytes, with the length field as if the attribute were the last */

static void
stun_hmac(uint8_t *digest, uint8_t *message, size_t len, const char *password)
{
    uint8_t  was[2];

    memcpy(was, message + 2, 2);
    stun_set_length(message, len + 4 + STUN_SHA1);

    HMAC(EVP_sha1(), password, (int) strlen(password), message, len, digest,
         NULL);

    memcpy(message + 2, was, 2);
}


static uint32_t
stun_crc(uint8_t *message, size_t len)
{
    int       bit;
    size_t    i;
    uint8_t   was[2];
    uint32_t  crc;

    memcpy(was, message + 2, 2);
    stun_set_length(message, len + 8);

    crc = 0xffffffff;

    for (i = 0; i < len; i++) {

        crc ^= message[i];

        for (bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320 : 0);
        }
    }

    memcpy(message + 2, was, 2);

    return ~crc ^ STUN_CRC_XOR;
}


void
stun_integrity(stun_out_t *m, const char *password)
{
    uint8_t  digest[STUN_SHA1];

    stun_hmac(digest, m->data, m->len, password);
    stun_attribute(m, STUN_INTEGRITY, digest, STUN_SHA1);
}


void
stun_fingerprint(stun_out_t *m)
{
    stun_number(m, STUN_FINGERPRINT, stun_crc(m->data, m->len));
}


static void
stun_parse_mapped(stun_in_t *m, const uint8_t *packet, const uint8_t *value,
    size_t len)
{
    size_t                i;
    uint8_t              *ip;
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    if (len != 8 && len != 20) {
        return;
    }

    sin = (struct sockaddr_in *) &m->mapped.sa;
    sin6 = (struct sockaddr_in6 *) &m->mapped.sa;

    sin->sin_port = htons(wire_get16(value + 2) ^ (STUN_COOKIE >> 16));

    if (len == 8) {
        sin->sin_family = AF_INET;
        ip = (uint8_t *) &sin->sin_addr;
        m->mapped.len = sizeof(struct sockaddr_in);

    } else {
        sin6->sin6_family = AF_INET6;
        ip = sin6->sin6_addr.s6_addr;
        m->mapped.len = sizeof(struct sockaddr_in6);
    }

    for (i = 0; i < len - 4; i++) {
        ip[i] = value[4 + i] ^ packet[4 + i];
    }
}


static void
stun_parse_attribute(stun_in_t *m, uint8_t *packet, size_t at, int type,
    size_t len, const char *password)
{
    uint8_t  *value, digest[STUN_SHA1];

    value = packet + at + 4;

    switch (type) {

    case STUN_ERROR_CODE:
        if (len >= 4) {
            m->error = (value[2] & 7) * 100 + value[3];
        }
        break;

    case STUN_XOR_MAPPED_ADDRESS:
        stun_parse_mapped(m, packet, value, len);
        break;

    case STUN_INTEGRITY:
        m->integrity_there = 1;

        if (len == STUN_SHA1) {
            stun_hmac(digest, packet, at, password);
            m->integrity = CRYPTO_memcmp(digest, value, STUN_SHA1) == 0;
        }
        break;

    case STUN_FINGERPRINT:
        m->fingerprint_there = 1;

        if (len == 4) {
            m->fingerprint = wire_get32(value) == stun_crc(packet, at);
        }
        break;
    }
}


int
stun_parse(stun_in_t *m, uint8_t *packet, size_t len, const char *password)
{
    size_t  at, size, padded;

    memset(m, 0, sizeof(stun_in_t));

    if (len < STUN_HEADER
        || (packet[0] & 0xc0) != 0
        || wire_get16(packet + 2) != len - STUN_HEADER
        || wire_get32(packet + 4) != STUN_COOKIE)
    {
        return -1;
    }

    m->type = wire_get16(packet);
    m->tid = packet + 8;

    for (at = STUN_HEADER; at + 4 <= len; at += 4 + padded) {

        size = wire_get16(packet + at + 2);
        padded = (size + 3) & ~(size_t) 3;

        if (size > len - at - 4) {
            return -1;
        }

        stun_parse_attribute(m, packet, at, wire_get16(packet + at), size,
                             password);
    }

    return 0;
}
