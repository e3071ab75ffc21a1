
/*
 * Copyright (C) the ngx_live contributors
 *
 * OpenSSL's primitives in libsrtp2: vectors of RFCs, and packets between
 * sessions that were created before and after the replacement.
 */

/* sources: modules/ngx_whip/ngx_whip_engine.c */
/* libs: -lsrtp2 -lcrypto */


#include "tap.h"
#include "ngx_whip_engine.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <srtp2/srtp.h>
#include <srtp2/cipher.h>
#include <srtp2/auth.h>


#define PACKETS   25000
#define SAMPLE    1000          /* of profiles that are not negotiated */
#define TAMPERED  1000
#define PAYLOAD   1400
#define ROOM      64            /* of a tag and an index */
#define SSRCS     3


typedef void (*policy_pt)(srtp_crypto_policy_t *policy);


typedef struct {
    const char  *name;
    policy_pt    policy;
    int          services;      /* of SRTCP */
    int          packets;       /* of RTP, and of RTCP */
} profile_t;


typedef struct {
    srtp_t       tx;
    srtp_t       rx;
} peer_t;


/* uint32_t: the library looks at a packet in words */

typedef union {
    uint32_t     words[(PAYLOAD + 256) / 4];
    u_char       data[PAYLOAD + 256];
} buffer_t;


typedef struct {
    int          len;
    buffer_t     u;
} packet_t;


typedef struct {
    const char  *name;
    const char  *key;
    const char  *iv;
    const char  *aad;
    const char  *plain;
    const char  *sealed;        /* with the tag */
    int          tag_len;
} row_t;


static const profile_t  profiles[] = {
    { "AES_CM_128_HMAC_SHA1_80", srtp_crypto_policy_set_rtp_default,
      sec_serv_conf_and_auth, PACKETS },
    { "AEAD_AES_128_GCM", srtp_crypto_policy_set_aes_gcm_128_16_auth,
      sec_serv_conf_and_auth, PACKETS },
    { "AES_CM_128_HMAC_SHA1_80, plain SRTCP",
      srtp_crypto_policy_set_rtp_default, sec_serv_auth, SAMPLE },
    { "AEAD_AES_128_GCM, plain SRTCP",
      srtp_crypto_policy_set_aes_gcm_128_16_auth, sec_serv_auth, SAMPLE },
    { "AES_CM_128_HMAC_SHA1_32",
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
      sec_serv_conf_and_auth, SAMPLE },
    { "AEAD_AES_128_GCM_8", srtp_crypto_policy_set_aes_gcm_128_8_auth,
      sec_serv_conf_and_auth, SAMPLE },
};

#define PROFILES  (int) (sizeof(profiles) / sizeof(profiles[0]))


#define KEYSTREAM_KEY                                                        \
    "2b7e151628aed2a6abf7158809cf4f3c f0f1f2f3f4f5f6f7f8f9fafbfcfd"

static const row_t  icm_rows[] = {

    { "RFC 3711, B.2, blocks 0 to 2",
      KEYSTREAM_KEY, "00000000000000000000000000000000", "",
      "00000000000000000000000000000000 00000000000000000000000000000000"
      "00000000000000000000000000000000",
      "e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab"
      "41e95b3bb0a2e8dd477901e4fca894c0", 0 },

    { "RFC 3711, B.2, blocks 0xfeff to 0xff01",
      KEYSTREAM_KEY, "0000000000000000000000000000feff", "",
      "00000000000000000000000000000000 00000000000000000000000000000000"
      "00000000000000000000000000000000",
      "ec8cdf7398607cb0f2d21675ea9ea1e4 362b7c3c6773516318a077d7fc5073ae"
      "6a2cc3787889374fbeb4c81b17ba6c44", 0 },

    { "RFC 3711, B.2, the salt in the IV",
      "2b7e151628aed2a6abf7158809cf4f3c 0000000000000000000000000000",
      "f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", "",
      "00000000000000000000000000000000", "e03ead0935c95e80e166b16dd92b4eb4",
      0 },
};


/* the first is of the GCM specification, which the library tests as well */

static const row_t  gcm_rows[] = {

    { "GCM specification, case 4",
      "feffe9928665731c6d6a8f9467308308 0102030405060708090a0b0c",
      "cafebabefacedbaddecaf888",
      "feedfacedeadbeef feedfacedeadbeef abaddad2",
      "d9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39",
      "42831ec2217774244b7221b784d0d49c e3aa212f2c02a4e035c17e2329aca12e"
      "21d514b25466931c7d8f6a5aac84aa05 1ba30b396a0aac973d58e091"
      "5bc94fbc3221a5db94fae95ae7121a47", 16 },

    { "NIST, no plaintext",
      "00000000000000000000000000000000 000000000000000000000000",
      "000000000000000000000000", "", "",
      "58e2fccefa7e3061367f1d57a4e7455a", 16 },

    { "RFC 7714, 16.1.1",
      "000102030405060708090a0b0c0d0e0f 517569642070726f2071756f",
      "51753c6580c2726f20718414", "8040f17b 8041f8d3 5501a0b2",
      "47616c6c696120657374206f6d6e6973 20646976697361 20696e20 706172746573"
      "207472 6573",
      "f24de3a3fb34de6cacba861c9d7e4bca be633bd50d294e6f42a5f47a51c7d19b"
      "36de3adf8833 899d7f27beb16a9152cf765ee4390cce", 16 },

    { "RFC 7714, 16.1.1, tag of 8 bytes",
      "000102030405060708090a0b0c0d0e0f 517569642070726f2071756f",
      "51753c6580c2726f20718414", "8040f17b 8041f8d3 5501a0b2",
      "47616c6c696120657374206f6d6e6973 20646976697361 20696e20 706172746573"
      "207472 6573",
      "f24de3a3fb34de6cacba861c9d7e4bca be633bd50d294e6f42a5f47a51c7d19b"
      "36de3adf8833 899d7f27beb16a91", 8 },

    { "RFC 7714, 17.1",
      "000102030405060708090a0b0c0d0e0f 517569642070726f2071756f",
      "517524055203726f207170bb", "81c8000d 4d617273 800005d4",
      "4e5450314e545032 525450200000042a 0000e9304c756e61"
      "deadbeefdeadbeef deadbeefdeadbeef deadbeef",
      "63e94885dcdab67ca727d7662f6b7e99 7ff5c0f76c06f32dc676a5f1730d6fda"
      "4ce09b4686303ded0bb9275b c84aa45896cf4d2fc5abf87245d9eade", 16 },
};


static const row_t  hmac_rows[] = {

    { "RFC 2202, case 1",
      "0b0b0b0b0b0b0b0b0b0b 0b0b0b0b0b0b0b0b0b0b", "", "",
      "4869205468657265", "b617318655057264e28bc0b6fb378c8ef146be00", 20 },

    { "RFC 2202, case 2",
      "4a656665", "", "",
      "7768617420646f2079612077616e7420 666f72206e6f7468696e673f",
      "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", 20 },

    { "RFC 2202, case 3",
      "aaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaa", "", "",
      "dddddddddddddddddddd dddddddddddddddddddd dddddddddddddddddddd"
      "dddddddddddddddddddd dddddddddddddddddddd",
      "125d7342b9ac11cd91a39af48aa17b4f63f175d3", 20 },

    { "RFC 2202, case 4",
      "0102030405060708090a0b0c0d 0e0f10111213141516171819", "", "",
      "cdcdcdcdcdcdcdcdcdcd cdcdcdcdcdcdcdcdcdcd cdcdcdcdcdcdcdcdcdcd"
      "cdcdcdcdcdcdcdcdcdcd cdcdcdcdcdcdcdcdcdcd",
      "4c9007f4026250c6bc8414f9bf50c86c2d7235da", 20 },

    { "RFC 2202, case 1, tag of 10 bytes",
      "0b0b0b0b0b0b0b0b0b0b 0b0b0b0b0b0b0b0b0b0b", "", "",
      "4869205468657265", "b617318655057264e28b", 10 },

    { "RFC 2202, case 1, no tag",
      "0b0b0b0b0b0b0b0b0b0b 0b0b0b0b0b0b0b0b0b0b", "", "",
      "4869205468657265", "", 0 },
};

#define ROWS(rows)  (int) (sizeof(rows) / sizeof(rows[0]))


static ngx_log_t  test_log;
static int        warnings;
static int        refuse_auth;
static uint32_t   seed = 1;


/* the library exports these two, its headers do not have them */

const srtp_cipher_type_t *srtp_crypto_kernel_get_cipher_type(
    srtp_cipher_type_id_t id);
const srtp_auth_type_t *srtp_crypto_kernel_get_auth_type(
    srtp_auth_type_id_t id);


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    warnings += (level == NGX_LOG_WARN);
}


/* stands before the library's, to refuse when a test wants that */

srtp_err_status_t
srtp_replace_auth_type(const srtp_auth_type_t *type, srtp_auth_type_id_t id)
{
    union {
        void               *ptr;
        srtp_err_status_t (*call)(const srtp_auth_type_t *type,
                                  srtp_auth_type_id_t id);
    } next;

    if (refuse_auth) {
        return srtp_err_status_algo_fail;
    }

    next.ptr = dlsym(RTLD_NEXT, "srtp_replace_auth_type");

    return next.ptr ? next.call(type, id) : srtp_err_status_fail;
}


static uint32_t
random32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;

    return seed;
}


static void
put32(u_char *p, uint32_t n)
{
    p[0] = (u_char) (n >> 24);
    p[1] = (u_char) (n >> 16);
    p[2] = (u_char) (n >> 8);
    p[3] = (u_char) n;
}


/* with CSRCs, extension and payload, each of which may be absent */

static void
make_rtp(packet_t *packet, int n)
{
    int      i, csrc, words, header;
    u_char  *p;

    p = packet->u.data;
    csrc = (random32() & 3) ? 0 : random32() % 16;
    words = (random32() & 1) ? -1 : (int) (random32() % 5);
    header = 12 + 4 * csrc + 4 * (words + 1);

    packet->len = header + random32() % PAYLOAD;

    for (i = 0; i < packet->len; i++) {
        p[i] = (u_char) random32();
    }

    p[0] = 0x80 | (words < 0 ? 0 : 0x10) | csrc;

    /* sequence numbers wrap once in a while */

    put32(p + 8, 0x11223344 + n % SSRCS);
    n = 65000 + n / SSRCS;
    p[2] = (u_char) (n >> 8);
    p[3] = (u_char) n;

    if (words >= 0) {
        put32(p + 12 + 4 * csrc, 0xbede0000 | words);
    }
}


static void
make_rtcp(packet_t *packet, int n)
{
    int      i;
    u_char  *p;

    p = packet->u.data;
    packet->len = 8 + 4 * (random32() % (PAYLOAD / 4));

    for (i = 8; i < packet->len; i++) {
        p[i] = (u_char) random32();
    }

    put32(p, 0x80c80000 | (packet->len / 4 - 1));
    put32(p + 4, 0x11223344 + n % SSRCS);
}


static void
make(packet_t *packet, int rtcp, int n)
{
    if (rtcp) {
        make_rtcp(packet, n);

    } else {
        make_rtp(packet, n);
    }
}


static int
protect(peer_t *peer, packet_t *packet, int rtcp)
{
    return rtcp ? srtp_protect_rtcp(peer->tx, packet->u.data, &packet->len)
                : srtp_protect(peer->tx, packet->u.data, &packet->len);
}


static int
unprotect(peer_t *peer, packet_t *packet, int rtcp)
{
    return rtcp ? srtp_unprotect_rtcp(peer->rx, packet->u.data, &packet->len)
                : srtp_unprotect(peer->rx, packet->u.data, &packet->len);
}


static int
same(packet_t *a, packet_t *b)
{
    return a->len == b->len
           && memcmp(a->u.data, b->u.data, a->len) == 0;
}


static srtp_t
session(const profile_t *profile, int inbound)
{
    srtp_t         srtp;
    u_char         key[30];
    unsigned int   i;
    srtp_policy_t  policy;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = (u_char) (i * 7 + 1);
    }

    memset(&policy, 0, sizeof(srtp_policy_t));

    profile->policy(&policy.rtp);
    profile->policy(&policy.rtcp);

    policy.rtcp.sec_serv = profile->services;
    policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    policy.key = key;
    policy.window_size = 1024;

    if (srtp_create(&srtp, &policy) != srtp_err_status_ok) {
        printf("Bail out! no session of %s\n", profile->name);
        exit(2);
    }

    return srtp;
}


static void
peer_open(peer_t *peer, const profile_t *profile)
{
    peer->tx = session(profile, 0);
    peer->rx = session(profile, 1);
}


static void
peer_close(peer_t *peer)
{
    (void) srtp_dealloc(peer->tx);
    (void) srtp_dealloc(peer->rx);
}


/* both must write the same bytes, and each must read those of the other */

static int
exchange(peer_t *a, peer_t *b, int rtcp, int packets)
{
    int       n;
    packet_t  plain, one, other;

    for (n = 0; n < packets; n++) {

        make(&plain, rtcp, n);
        one = plain;
        other = plain;

        if (protect(a, &one, rtcp) != srtp_err_status_ok
            || protect(b, &other, rtcp) != srtp_err_status_ok
            || one.len <= plain.len
            || !same(&one, &other))
        {
            break;
        }

        if (unprotect(b, &one, rtcp) != srtp_err_status_ok
            || unprotect(a, &other, rtcp) != srtp_err_status_ok
            || !same(&one, &plain)
            || !same(&other, &plain))
        {
            break;
        }
    }

    return n;
}


/* one bit is wrong, or the end is missing; then the packet as it was */

static int
tamper(peer_t *from, peer_t *to, int rtcp)
{
    int       n, bit;
    packet_t  plain, good, bad;

    for (n = 0; n < TAMPERED; n++) {

        make(&plain, rtcp, n);
        good = plain;

        if (protect(from, &good, rtcp) != srtp_err_status_ok) {
            break;
        }

        bad = good;
        bit = random32() % (bad.len * 8);
        bad.u.data[bit / 8] ^= 1 << bit % 8;

        if (unprotect(to, &bad, rtcp) == srtp_err_status_ok) {
            break;
        }

        bad = good;
        bad.len = random32() % good.len;

        if (unprotect(to, &bad, rtcp) == srtp_err_status_ok) {
            break;
        }

        if (unprotect(to, &good, rtcp) != srtp_err_status_ok
            || !same(&good, &plain))
        {
            break;
        }

        if (unprotect(to, &bad, rtcp) == srtp_err_status_ok) {
            break;
        }
    }

    return n;
}


static void
between(peer_t *a, peer_t *b, const profile_t *profile)
{
    int   rtcp;
    char  name[160];

    for (rtcp = 0; rtcp < 2; rtcp++) {

        sprintf(name, "%s: %s, the library and the engine", profile->name,
                rtcp ? "RTCP" : "RTP");
        tap_is(exchange(a, b, rtcp, profile->packets), profile->packets, name);
    }
}


static void
tampered(const profile_t *profile)
{
    int     rtcp;
    char    name[160];
    peer_t  from, to;

    peer_open(&from, profile);
    peer_open(&to, profile);

    for (rtcp = 0; rtcp < 2; rtcp++) {

        sprintf(name, "%s: %s, tampered", profile->name,
                rtcp ? "RTCP" : "RTP");
        tap_is(tamper(&from, &to, rtcp), TAMPERED, name);
    }

    peer_close(&from);
    peer_close(&to);
}


/* `split` bytes go in a call of their own */

static void
icm_row(const srtp_cipher_type_t *type, const row_t *row, unsigned int split)
{
    int             ok;
    u_char         *key, *iv, *plain, *sealed;
    size_t          key_len, iv_len, plain_len, sealed_len;
    unsigned int    first, rest;
    srtp_cipher_t  *c;

    key = tap_bytes(row->key, &key_len);
    iv = tap_bytes(row->iv, &iv_len);
    plain = tap_bytes(row->plain, &plain_len);
    sealed = tap_bytes(row->sealed, &sealed_len);

    first = split;
    rest = plain_len - split;

    ok = srtp_cipher_type_alloc(type, &c, key_len, 0) == srtp_err_status_ok
         && c->type == type
         && c->algorithm == SRTP_AES_ICM_128
         && c->key_len == 30
         && srtp_cipher_init(c, key) == srtp_err_status_ok
         && srtp_cipher_set_iv(c, iv, srtp_direction_encrypt)
            == srtp_err_status_ok
         && srtp_cipher_encrypt(c, plain, &first) == srtp_err_status_ok
         && srtp_cipher_decrypt(c, plain + split, &rest) == srtp_err_status_ok
         && first == split
         && rest == plain_len - split
         && memcmp(plain, sealed, sealed_len) == 0
         && srtp_cipher_dealloc(c) == srtp_err_status_ok;

    tap_ok(ok, row->name);

    free(key);
    free(iv);
    free(plain);
    free(sealed);
}


static int
gcm_start(srtp_cipher_t *c, u_char *iv, u_char *aad, size_t aad_len,
    int direction)
{
    size_t  half = aad_len / 2;

    return srtp_cipher_set_iv(c, iv, direction) == srtp_err_status_ok
           && srtp_cipher_set_aad(c, aad, half) == srtp_err_status_ok
           && srtp_cipher_set_aad(c, aad + half, aad_len - half)
              == srtp_err_status_ok;
}


static int
gcm_seal(srtp_cipher_t *c, u_char *p, unsigned int len, u_char *tag,
    unsigned int want)
{
    unsigned int  tag_len = 99;

    return srtp_cipher_encrypt(c, len ? p : NULL, &len) == srtp_err_status_ok
           && srtp_cipher_get_tag(c, tag, &tag_len) == srtp_err_status_ok
           && tag_len == want;
}


static void
gcm_row(const srtp_cipher_type_t *type, const row_t *row)
{
    int             ok;
    u_char         *key, *iv, *aad, *plain, *sealed, buf[256];
    size_t          key_len, iv_len, aad_len, plain_len, sealed_len;
    unsigned int    len, shorter;
    srtp_cipher_t  *c;

    key = tap_bytes(row->key, &key_len);
    iv = tap_bytes(row->iv, &iv_len);
    aad = tap_bytes(row->aad, &aad_len);
    plain = tap_bytes(row->plain, &plain_len);
    sealed = tap_bytes(row->sealed, &sealed_len);

    memcpy(buf, plain, plain_len);
    len = sealed_len;

    ok = srtp_cipher_type_alloc(type, &c, key_len, row->tag_len)
         == srtp_err_status_ok
         && c->type == type
         && c->algorithm == SRTP_AES_GCM_128
         && c->key_len == 28
         && srtp_cipher_init(c, key) == srtp_err_status_ok
         && gcm_start(c, iv, aad, aad_len, srtp_direction_encrypt)
         && gcm_seal(c, buf, plain_len, buf + plain_len, row->tag_len)
         && memcmp(buf, sealed, sealed_len) == 0
         && gcm_start(c, iv, aad, aad_len, srtp_direction_decrypt)
         && srtp_cipher_decrypt(c, buf, &len) == srtp_err_status_ok
         && len == plain_len
         && memcmp(buf, plain, plain_len) == 0;

    tap_ok(ok, row->name);

    /* the same again, with a bit of the tag wrong */

    memcpy(buf, sealed, sealed_len);
    buf[sealed_len - 1] ^= 1;
    len = sealed_len;
    shorter = row->tag_len - 1;

    ok = gcm_start(c, iv, aad, aad_len, srtp_direction_decrypt)
         && srtp_cipher_decrypt(c, buf, &len) == srtp_err_status_auth_fail
         && len == sealed_len
         && gcm_start(c, iv, aad, aad_len, srtp_direction_decrypt)
         && srtp_cipher_decrypt(c, buf, &shorter) != srtp_err_status_ok
         && srtp_cipher_dealloc(c) == srtp_err_status_ok;

    tap_ok(ok, "and refused with another tag, or a part of it");

    free(key);
    free(iv);
    free(aad);
    free(plain);
    free(sealed);
}


/* a tag of this object goes before, so that a wrong reset is seen */

static void
hmac_row(const srtp_auth_type_t *type, const row_t *row)
{
    int           ok;
    u_char       *key, *data, *want, tag[20], after[20];
    size_t        key_len, data_len, want_len;
    srtp_auth_t  *a;

    key = tap_bytes(row->key, &key_len);
    data = tap_bytes(row->plain, &data_len);
    want = tap_bytes(row->sealed, &want_len);

    memset(tag, 0xee, sizeof(tag));
    memset(after, 0xee, sizeof(after));

    ok = srtp_auth_type_alloc(type, &a, key_len, row->tag_len)
         == srtp_err_status_ok
         && a->type == type
         && a->key_len == (int) key_len
         && a->out_len == row->tag_len
         && a->prefix_len == 0
         && srtp_auth_init(a, key) == srtp_err_status_ok
         && srtp_auth_start(a) == srtp_err_status_ok
         && srtp_auth_compute(a, data, 3, tag) == srtp_err_status_ok
         && srtp_auth_start(a) == srtp_err_status_ok
         && srtp_auth_update(a, data, 1) == srtp_err_status_ok
         && srtp_auth_start(a) == srtp_err_status_ok
         && srtp_auth_update(a, data, 2) == srtp_err_status_ok
         && srtp_auth_compute(a, data + 2, data_len - 2, tag)
            == srtp_err_status_ok
         && memcmp(tag, want, want_len) == 0
         && memcmp(tag + want_len, after, sizeof(tag) - want_len) == 0
         && srtp_auth_dealloc(a) == srtp_err_status_ok;

    tap_ok(ok, row->name);

    free(key);
    free(data);
    free(want);
}


static void
vectors(void)
{
    int                        i;
    const srtp_auth_type_t    *hmac;
    const srtp_cipher_type_t  *icm, *gcm;

    icm = srtp_crypto_kernel_get_cipher_type(SRTP_AES_ICM_128);
    gcm = srtp_crypto_kernel_get_cipher_type(SRTP_AES_GCM_128);
    hmac = srtp_crypto_kernel_get_auth_type(SRTP_HMAC_SHA1);

    tap_is_text(icm->description, "AES-128 counter mode using OpenSSL EVP",
                "AES-ICM is OpenSSL's");
    tap_is_text(gcm->description, "AES-128 GCM using OpenSSL EVP",
                "AES-GCM is OpenSSL's");
    tap_is_text(hmac->description, "HMAC-SHA1 using OpenSSL EVP",
                "HMAC-SHA1 is OpenSSL's");

    for (i = 0; i < ROWS(icm_rows); i++) {
        icm_row(icm, &icm_rows[i], 0);
        icm_row(icm, &icm_rows[i], 1);
        icm_row(icm, &icm_rows[i], 16);
    }

    for (i = 0; i < ROWS(gcm_rows); i++) {
        gcm_row(gcm, &gcm_rows[i]);
    }

    for (i = 0; i < ROWS(hmac_rows); i++) {
        hmac_row(hmac, &hmac_rows[i]);
    }

    tap_ok(srtp_cipher_type_self_test(icm) == srtp_err_status_ok
           && srtp_cipher_type_self_test(gcm) == srtp_err_status_ok
           && srtp_auth_type_self_test(hmac) == srtp_err_status_ok,
           "the library's tests of the vectors in the engine");
}


static void
misuse(void)
{
    u_char                     key[30], iv[16], p[32];
    unsigned int               len;
    srtp_auth_t               *a;
    srtp_cipher_t             *c;
    const srtp_auth_type_t    *hmac;
    const srtp_cipher_type_t  *icm, *gcm;

    icm = srtp_crypto_kernel_get_cipher_type(SRTP_AES_ICM_128);
    gcm = srtp_crypto_kernel_get_cipher_type(SRTP_AES_GCM_128);
    hmac = srtp_crypto_kernel_get_auth_type(SRTP_HMAC_SHA1);

    memset(key, 1, sizeof(key));
    memset(iv, 2, sizeof(iv));
    memset(p, 3, sizeof(p));

    tap_ok(srtp_cipher_type_alloc(icm, &c, 46, 0) != srtp_err_status_ok
           && srtp_cipher_type_alloc(icm, &c, 16, 0) != srtp_err_status_ok
           && srtp_cipher_type_alloc(gcm, &c, 44, 16) != srtp_err_status_ok
           && srtp_cipher_type_alloc(gcm, &c, 28, 0) != srtp_err_status_ok
           && srtp_cipher_type_alloc(gcm, &c, 28, 12) != srtp_err_status_ok,
           "keys and tags of other lengths");

    tap_ok(srtp_auth_type_alloc(hmac, &a, 65, 10) != srtp_err_status_ok
           && srtp_auth_type_alloc(hmac, &a, -1, 10) != srtp_err_status_ok
           && srtp_auth_type_alloc(hmac, &a, 20, 21) != srtp_err_status_ok
           && srtp_auth_type_alloc(hmac, &a, 20, -1) != srtp_err_status_ok,
           "HMAC keys and tags that are too long");

    if (srtp_cipher_type_alloc(icm, &c, 30, 0) != srtp_err_status_ok) {
        printf("Bail out! no AES-ICM\n");
        exit(2);
    }

    len = sizeof(p);

    tap_ok(srtp_cipher_encrypt(c, p, &len) != srtp_err_status_ok
           && srtp_cipher_set_iv(c, iv, srtp_direction_any)
              != srtp_err_status_ok
           && srtp_cipher_encrypt(c, p, &len) != srtp_err_status_ok
           && srtp_cipher_init(c, key) == srtp_err_status_ok
           && srtp_cipher_encrypt(c, p, &len) != srtp_err_status_ok,
           "AES-ICM without key or IV");

    (void) srtp_cipher_dealloc(c);

    if (srtp_cipher_type_alloc(gcm, &c, 28, 16) != srtp_err_status_ok
        || srtp_cipher_init(c, key) != srtp_err_status_ok)
    {
        printf("Bail out! no AES-GCM\n");
        exit(2);
    }

    tap_ok(srtp_cipher_set_aad(c, p, 12) != srtp_err_status_ok
           && srtp_cipher_encrypt(c, p, &len) != srtp_err_status_ok
           && srtp_cipher_decrypt(c, p, &len) != srtp_err_status_ok
           && srtp_cipher_get_tag(c, p, &len) != srtp_err_status_ok
           && srtp_cipher_set_iv(c, iv, srtp_direction_any)
              != srtp_err_status_ok
           && srtp_cipher_set_iv(c, iv, srtp_direction_decrypt)
              == srtp_err_status_ok
           && srtp_cipher_encrypt(c, p, &len) != srtp_err_status_ok
           && srtp_cipher_set_iv(c, iv, srtp_direction_encrypt)
              == srtp_err_status_ok
           && srtp_cipher_decrypt(c, p, &len) != srtp_err_status_ok,
           "AES-GCM without IV, or in the other direction");

    (void) srtp_cipher_dealloc(c);

    if (srtp_auth_type_alloc(hmac, &a, 20, 10) != srtp_err_status_ok) {
        printf("Bail out! no HMAC-SHA1\n");
        exit(2);
    }

    (void) srtp_auth_start(a);

    tap_ok(srtp_auth_update(a, p, 4) != srtp_err_status_ok
           && srtp_auth_compute(a, p, 4, iv) != srtp_err_status_ok
           && srtp_auth_init(a, key) == srtp_err_status_ok
           && srtp_auth_start(a) == srtp_err_status_ok
           && srtp_auth_update(a, p, -1) != srtp_err_status_ok
           && srtp_auth_compute(a, p, -1, iv) != srtp_err_status_ok,
           "HMAC without key, and a negative length");

    (void) srtp_auth_dealloc(a);
}


/* OpenSSL without algorithms, then a library that refuses one of them */

static void
refusals(peer_t *library)
{
    peer_t  peer;

    (void) EVP_set_default_properties(NULL, "provider=none");

    tap_is(ngx_whip_engine_init(&test_log), NGX_ERROR, "no algorithms");
    tap_is(warnings, 1, "one warning");

    (void) EVP_set_default_properties(NULL, "");

    refuse_auth = 1;

    tap_is(ngx_whip_engine_init(&test_log), NGX_ERROR, "HMAC is refused");
    tap_is(warnings, 2, "one warning more");

    refuse_auth = 0;

    tap_is_text(srtp_crypto_kernel_get_cipher_type(SRTP_AES_ICM_128)
                ->description, "AES-128 counter mode using OpenSSL EVP",
                "what came before is replaced");

    peer_open(&peer, &profiles[0]);
    tap_is(exchange(library, &peer, 0, SAMPLE), SAMPLE,
           "sessions with OpenSSL's AES-ICM and the library's HMAC");
    peer_close(&peer);
}


int
main(void)
{
    int     i;
    peer_t  library[PROFILES], mixed, engine;

    test_log.log_level = NGX_LOG_DEBUG;

    if (srtp_init() != srtp_err_status_ok) {
        printf("Bail out! srtp_init()\n");
        return 2;
    }

    for (i = 0; i < PROFILES; i++) {
        peer_open(&library[i], &profiles[i]);
    }

    peer_open(&mixed, &profiles[0]);
    refusals(&mixed);
    peer_close(&mixed);

    if (!tap_is(ngx_whip_engine_init(&test_log), NGX_OK, "init")) {
        return tap_done();
    }

    tap_is(ngx_whip_engine_init(&test_log), NGX_OK, "init once more");

    vectors();
    misuse();

    for (i = 0; i < PROFILES; i++) {
        peer_open(&engine, &profiles[i]);
        between(&library[i], &engine, &profiles[i]);
        peer_close(&library[i]);
        peer_close(&engine);
    }

    for (i = 0; i < PROFILES; i++) {
        tampered(&profiles[i]);
    }

    tap_is(warnings, 2, "nothing more is logged");
    tap_ok(ERR_peek_error() == 0, "OpenSSL's queue of errors is empty");

    (void) srtp_shutdown();

    return tap_done();
}
