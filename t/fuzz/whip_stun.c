
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte of flags, 1 to put a right length and cookie into the header, 2
 * to append a right MESSAGE-INTEGRITY, 4 to append a right FINGERPRINT; a byte,
 * the room for an answer; then the message.
 */

/* sources: modules/ngx_whip/ngx_whip_stun.c */
/* libs: -lcrypto */


#include "fuzz.h"
#include "../unit/crc32.h"
#include "ngx_whip_stun.h"

#include <string.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>


#define FUZZ_STUN_MAX  1600


static ngx_str_t  fuzz_key = ngx_string("VOkJxbRl1RmTxUk/WvJxBt");
static ngx_str_t  fuzz_other = ngx_string("VOkJxbRl1RmTxUk/WvJxBu");


static void
fuzz_length(u_char *p, size_t len)
{
    p[2] = (u_char) ((len - 20) >> 8);
    p[3] = (u_char) (len - 20);
}


/* the new length; the buffer has room for both attributes */

static size_t
fuzz_repair(u_char *p, size_t len, ngx_uint_t flags)
{
    uint32_t  crc;

    if (len < 20) {
        return len;
    }

    if (flags & 1) {
        len -= len % 4;
        fuzz_length(p, len);
        ngx_memcpy(p + 4, "\x21\x12\xa4\x42", 4);
    }

    if (flags & 2) {
        fuzz_length(p, len + 24);
        ngx_memcpy(p + len, "\x00\x08\x00\x14", 4);
        HMAC(EVP_sha1(), fuzz_key.data, (int) fuzz_key.len, p, len,
             p + len + 4, NULL);
        len += 24;
    }

    if (flags & 4) {
        fuzz_length(p, len + 8);
        crc = ngx_crc32_long(p, len) ^ 0x5354554e;
        ngx_memcpy(p + len, "\x80\x28\x00\x04", 4);
        crc = htonl(crc);
        ngx_memcpy(p + len + 4, &crc, 4);
        len += 8;
    }

    return len;
}


/* what was written is read, and the key is the one */

static void
fuzz_answer(u_char *p, size_t len, size_t size, ngx_uint_t type)
{
    ngx_whip_stun_t  m;

    if (len == 0) {
        fuzz_assert(size < NGX_WHIP_STUN_MAX_ANSWER);
        return;
    }

    fuzz_assert(len <= size);
    fuzz_assert(ngx_whip_stun_parse(&m, p, len) == NGX_OK);
    fuzz_assert(m.type == type);
    fuzz_assert(m.fingerprint);
    fuzz_assert(m.nunknown == 0);
    fuzz_assert(ngx_whip_stun_verify(&m, p, len, &fuzz_key) == NGX_OK);
    fuzz_assert(ngx_whip_stun_verify(&m, p, len, &fuzz_other)
                == NGX_DECLINED);
}


static void
fuzz_answers(ngx_whip_stun_t *m, size_t size)
{
    u_char               *p;
    size_t                len;
    struct sockaddr_in    sin;
    struct sockaddr_in6   sin6;

    p = malloc(size ? size : 1);
    fuzz_assert(p != NULL);

    ngx_memzero(&sin, sizeof(sin));
    sin.sin_family = AF_INET;
    ngx_memcpy(&sin.sin_addr, m->tid, 4);

    len = ngx_whip_stun_success(p, size, m->tid, (struct sockaddr *) &sin,
                                &fuzz_key);
    fuzz_answer(p, len, size, NGX_WHIP_STUN_BINDING_SUCCESS);

    ngx_memzero(&sin6, sizeof(sin6));
    sin6.sin6_family = AF_INET6;
    ngx_memcpy(&sin6.sin6_addr, m->tid, 12);

    len = ngx_whip_stun_success(p, size, m->tid, (struct sockaddr *) &sin6,
                                &fuzz_key);
    fuzz_answer(p, len, size, NGX_WHIP_STUN_BINDING_SUCCESS);

    len = ngx_whip_stun_error(p, size, m->tid,
                              m->nunknown ? NGX_WHIP_STUN_UNKNOWN_ATTRIBUTE
                                          : NGX_WHIP_STUN_ROLE_CONFLICT,
                              m->unknown, m->nunknown, &fuzz_key);
    fuzz_answer(p, len, size, NGX_WHIP_STUN_BINDING_ERROR);

    free(p);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           len;
    u_char           buf[FUZZ_STUN_MAX + 32], *p;
    ngx_int_t        rc;
    ngx_uint_t       flags, i;
    ngx_whip_stun_t  m;

    if (ngx_crc32_table256[1] == 0) {
        crc32_init();
    }

    if (size < 2) {
        return 0;
    }

    flags = data[0];
    len = ngx_min(size - 2, FUZZ_STUN_MAX);

    ngx_memcpy(buf, data + 2, len);
    len = fuzz_repair(buf, len, flags);

    /* of the exact size */

    p = malloc(len ? len : 1);
    fuzz_assert(p != NULL);
    ngx_memcpy(p, buf, len);

    rc = ngx_whip_stun_parse(&m, p, len);

    fuzz_assert(rc == NGX_OK || rc == NGX_ERROR);

    if (rc == NGX_OK) {
        fuzz_assert(ngx_whip_stun_is(p, len) || p[0] < 0x40);
        fuzz_assert(len <= NGX_WHIP_STUN_MAX_SIZE);
        fuzz_assert(m.type <= 0x3fff);
        fuzz_assert(m.tid == p + 8);
        fuzz_assert(m.nunknown <= NGX_WHIP_STUN_MAX_UNKNOWN);

        for (i = 0; i < m.nunknown; i++) {
            fuzz_assert(m.unknown[i] < 0x8000);
        }

        if (m.username.len) {
            fuzz_assert(m.username.data >= p + 24);
            fuzz_assert(m.username.len
                        <= (size_t) (p + len - m.username.data));
            fuzz_assert(m.integrity == 0
                        || m.username.data < p + m.integrity);
        }

        if (m.integrity) {
            fuzz_assert(m.integrity >= 20 && m.integrity + 24 <= len);
        }

        rc = ngx_whip_stun_verify(&m, p, len, &fuzz_key);

        fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

        /* one that was there before is not ours */

        if ((flags & 3) == 3
            && m.integrity + 24 + ((flags & 4) ? 8 : 0) == len)
        {
            fuzz_assert(rc == NGX_OK);
        }

        fuzz_assert(ngx_whip_stun_verify(&m, p, len, &fuzz_other)
                    == NGX_DECLINED);

        fuzz_answers(&m, data[1]);
    }

    free(p);

    return 0;
}
