
/*
 * Copyright (C) the ngx_live contributors
 *
 * A key of the ring comes from scrypt, with a salt that only its id makes
 * differ: what is slow happens once, when the ring is loaded. Each text gets a
 * key of its own, HMAC-SHA256 of a random salt under the ring's: so a random IV
 * may never meet another one under the same key.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "ngx_simulcast_seal.h"


/* scrypt: 32 MiB and about 0.1 s per key */

#define NGX_SIMULCAST_SEAL_N        32768
#define NGX_SIMULCAST_SEAL_R        8
#define NGX_SIMULCAST_SEAL_P        1
#define NGX_SIMULCAST_SEAL_MEMORY   (64 * 1024 * 1024)

/* bytes */

#define NGX_SIMULCAST_SEAL_KEY      32
#define NGX_SIMULCAST_SEAL_SALT     16
#define NGX_SIMULCAST_SEAL_IV       12
#define NGX_SIMULCAST_SEAL_TAG      16
#define NGX_SIMULCAST_SEAL_HEAD                                               \
    (NGX_SIMULCAST_SEAL_SALT + NGX_SIMULCAST_SEAL_IV)

#define NGX_SIMULCAST_SEAL_ID       16
#define NGX_SIMULCAST_SEAL_LEAST    16          /* of a passphrase */
#define NGX_SIMULCAST_SEAL_MOST     1024

/* of a text to seal, or of its associated data */

#define NGX_SIMULCAST_SEAL_TEXT     (1024 * 1024)

#define NGX_SIMULCAST_SEAL_VERSION  "1."
#define NGX_SIMULCAST_SEAL_PREFIX                                             \
    (sizeof(NGX_SIMULCAST_SEAL_VERSION) - 1 + NGX_SIMULCAST_SEAL_ID + 1)


typedef struct {
    size_t                       len;           /* of the id */
    u_char                       id[NGX_SIMULCAST_SEAL_ID];
    u_char                       key[NGX_SIMULCAST_SEAL_KEY];
} ngx_simulcast_seal_key_t;


struct ngx_simulcast_seal_ring_s {
    ngx_uint_t                   n;
    ngx_simulcast_seal_key_t     keys[NGX_SIMULCAST_SEAL_KEYS];
};


static const char *ngx_simulcast_seal_line(ngx_simulcast_seal_ring_t *ring,
    u_char *p, u_char *last);
static const char *ngx_simulcast_seal_add(ngx_simulcast_seal_ring_t *ring,
    u_char *p, u_char *last);
static void ngx_simulcast_seal_trim(u_char **p, u_char **last);
static ngx_uint_t ngx_simulcast_seal_char(u_char ch);
static ngx_simulcast_seal_key_t *ngx_simulcast_seal_find(
    ngx_simulcast_seal_ring_t *ring, u_char *id, size_t len);
static u_char *ngx_simulcast_seal_prefix(u_char *p,
    ngx_simulcast_seal_key_t *key);
static ngx_int_t ngx_simulcast_seal_crypt(ngx_simulcast_seal_key_t *key,
    u_char *head, u_char *tag, ngx_str_t *aad, u_char *in, size_t len,
    u_char *out, int encrypt);
static u_char *ngx_simulcast_seal_encode(u_char *p, const u_char *src,
    size_t len);
static ngx_int_t ngx_simulcast_seal_decode(u_char *dst, const u_char *p,
    size_t len);


ngx_simulcast_seal_ring_t *
ngx_simulcast_seal_load(ngx_str_t *text, const char **error)
{
    u_char                     *p, *last, *line;
    ngx_simulcast_seal_ring_t  *ring;

    ring = calloc(1, sizeof(ngx_simulcast_seal_ring_t));
    if (ring == NULL) {
        *error = "out of memory";
        return NULL;
    }

    p = text->data;
    last = p + text->len;

    while (p < last) {

        line = p;
        p = ngx_strlchr(line, last, '\n');

        if (p == NULL) {
            p = last;
        }

        *error = ngx_simulcast_seal_line(ring, line, p);

        if (*error) {
            ngx_simulcast_seal_free(ring);
            return NULL;
        }

        p++;
    }

    if (ring->n == 0) {
        *error = "there is no key";
        ngx_simulcast_seal_free(ring);
        return NULL;
    }

    return ring;
}


/* keys by commas, up to a "#" at the beginning or behind a blank */

static const char *
ngx_simulcast_seal_line(ngx_simulcast_seal_ring_t *ring, u_char *p,
    u_char *last)
{
    u_char      *s, *end;
    const char  *error;

    for (s = p; s < last; s++) {
        if (*s == '#' && (s == p || s[-1] == ' ' || s[-1] == '\t')) {
            last = s;
        }
    }

    while (p < last) {

        s = p;
        p = ngx_strlchr(s, last, ',');

        if (p == NULL) {
            p = last;
        }

        end = p++;

        ngx_simulcast_seal_trim(&s, &end);

        if (s == end) {
            continue;
        }

        error = ngx_simulcast_seal_add(ring, s, end);

        if (error) {
            return error;
        }
    }

    return NULL;
}


static const char *
ngx_simulcast_seal_add(ngx_simulcast_seal_ring_t *ring, u_char *p, u_char *last)
{
    int                        rc;
    u_char                    *s, *id, *colon;
    u_char                     salt[64], *end;
    size_t                     len;
    ngx_simulcast_seal_key_t  *key;

    static u_char  none[] = "0";

    id = none;
    len = 1;

    colon = ngx_strlchr(p, last, ':');

    if (colon) {
        id = p;
        len = colon - p;
        p = colon + 1;

        for (s = id; s < colon; s++) {
            if (!ngx_simulcast_seal_char(*s)) {
                break;
            }
        }

        if (s != colon || len == 0 || len > NGX_SIMULCAST_SEAL_ID) {
            return "in front of \":\" an id of 1 to 16 letters, digits, \"_\" "
                   "and \"-\" is expected";
        }

        ngx_simulcast_seal_trim(&p, &last);
    }

    for (s = p; s < last; s++) {
        if (*s < ' ' || *s == 0x7f) {
            return "a key has control characters";
        }
    }

    if (last - p < NGX_SIMULCAST_SEAL_LEAST
        || last - p > NGX_SIMULCAST_SEAL_MOST)
    {
        return "a key of 16 to 1024 bytes is expected, such as \"openssl rand "
               "-hex 32\" makes";
    }

    if (ngx_simulcast_seal_find(ring, id, len)) {
        return "two keys have the same id";
    }

    if (ring->n == NGX_SIMULCAST_SEAL_KEYS) {
        return "there are more than 16 keys";
    }

    key = &ring->keys[ring->n];

    end = ngx_cpymem(salt, "ngx_simulcast seal 1 ",
                     sizeof("ngx_simulcast seal 1 ") - 1);
    end = ngx_cpymem(end, id, len);

    rc = EVP_PBE_scrypt((char *) p, last - p, salt, end - salt,
                        NGX_SIMULCAST_SEAL_N, NGX_SIMULCAST_SEAL_R,
                        NGX_SIMULCAST_SEAL_P, NGX_SIMULCAST_SEAL_MEMORY,
                        key->key, NGX_SIMULCAST_SEAL_KEY);

    if (rc != 1) {
        ERR_clear_error();
        return "OpenSSL could not derive a key";
    }

    ngx_memcpy(key->id, id, len);
    key->len = len;

    ring->n++;

    return NULL;
}


static void
ngx_simulcast_seal_trim(u_char **p, u_char **last)
{
    while (*p < *last && (**p == ' ' || **p == '\t' || **p == '\r')) {
        (*p)++;
    }

    while (*p < *last
           && ((*last)[-1] == ' ' || (*last)[-1] == '\t'
               || (*last)[-1] == '\r'))
    {
        (*last)--;
    }
}


static ngx_uint_t
ngx_simulcast_seal_char(u_char ch)
{
    return (ch >= 'a' && ch <= 'z')
           || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9')
           || ch == '_'
           || ch == '-';
}


static ngx_simulcast_seal_key_t *
ngx_simulcast_seal_find(ngx_simulcast_seal_ring_t *ring, u_char *id, size_t len)
{
    ngx_uint_t                 i;
    ngx_simulcast_seal_key_t  *key;

    for (i = 0; i < ring->n; i++) {
        key = &ring->keys[i];

        if (key->len == len && ngx_memcmp(key->id, id, len) == 0) {
            return key;
        }
    }

    return NULL;
}


void
ngx_simulcast_seal_free(ngx_simulcast_seal_ring_t *ring)
{
    if (ring) {
        ngx_simulcast_seal_wipe(ring, sizeof(ngx_simulcast_seal_ring_t));
        free(ring);
    }
}


size_t
ngx_simulcast_seal_size(ngx_simulcast_seal_ring_t *ring, size_t len)
{
    len += NGX_SIMULCAST_SEAL_HEAD + NGX_SIMULCAST_SEAL_TAG;

    return NGX_SIMULCAST_SEAL_PREFIX + (len + 2) / 3 * 4;
}


ngx_int_t
ngx_simulcast_seal(ngx_simulcast_seal_ring_t *ring, ngx_str_t *text,
    ngx_str_t *aad, ngx_str_t *out)
{
    u_char                    *p, *buf;
    size_t                     len;
    ngx_int_t                  rc;
    ngx_simulcast_seal_key_t  *key;

    out->len = 0;

    if (text->len > NGX_SIMULCAST_SEAL_TEXT) {
        return NGX_ERROR;
    }

    len = NGX_SIMULCAST_SEAL_HEAD + text->len + NGX_SIMULCAST_SEAL_TAG;

    buf = malloc(len);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    key = &ring->keys[0];

    rc = NGX_ERROR;

    if (RAND_bytes(buf, NGX_SIMULCAST_SEAL_HEAD) != 1) {
        ERR_clear_error();
        goto done;
    }

    p = buf + NGX_SIMULCAST_SEAL_HEAD;

    rc = ngx_simulcast_seal_crypt(key, buf, p + text->len, aad, text->data,
                                  text->len, p, 1);
    if (rc != NGX_OK) {
        goto done;
    }

    p = ngx_simulcast_seal_prefix(out->data, key);
    p = ngx_simulcast_seal_encode(p, buf, len);

    out->len = p - out->data;

done:

    ngx_simulcast_seal_wipe(buf, len);
    free(buf);

    return rc;
}


ngx_int_t
ngx_simulcast_seal_open(ngx_simulcast_seal_ring_t *ring, ngx_str_t *sealed,
    ngx_str_t *aad, ngx_str_t *out, ngx_uint_t *stale)
{
    u_char                    *p, *last, *id, *dot;
    u_char                     head[NGX_SIMULCAST_SEAL_HEAD];
    u_char                     tag[NGX_SIMULCAST_SEAL_TAG];
    ngx_int_t                  n;
    ngx_simulcast_seal_key_t  *key;

    static const size_t  version = sizeof(NGX_SIMULCAST_SEAL_VERSION) - 1;

    out->len = 0;
    *stale = 0;

    if (sealed->len < version
        || sealed->len > 2 * NGX_SIMULCAST_SEAL_TEXT
        || ngx_memcmp(sealed->data, NGX_SIMULCAST_SEAL_VERSION, version) != 0)
    {
        return NGX_ERROR;
    }

    id = sealed->data + version;
    last = sealed->data + sealed->len;
    dot = ngx_strlchr(id, last, '.');

    if (dot == NULL || dot == id || dot - id > NGX_SIMULCAST_SEAL_ID) {
        return NGX_ERROR;
    }

    for (p = id; p < dot; p++) {
        if (!ngx_simulcast_seal_char(*p)) {
            return NGX_ERROR;
        }
    }

    key = ngx_simulcast_seal_find(ring, id, dot - id);

    if (key == NULL) {
        return NGX_DECLINED;
    }

    n = ngx_simulcast_seal_decode(out->data, dot + 1, last - dot - 1);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    n -= NGX_SIMULCAST_SEAL_HEAD + NGX_SIMULCAST_SEAL_TAG;

    if (n < 0) {
        return NGX_ERROR;
    }

    p = out->data;

    ngx_memcpy(head, p, NGX_SIMULCAST_SEAL_HEAD);
    ngx_memcpy(tag, p + NGX_SIMULCAST_SEAL_HEAD + n, NGX_SIMULCAST_SEAL_TAG);
    ngx_memmove(p, p + NGX_SIMULCAST_SEAL_HEAD, n);

    if (ngx_simulcast_seal_crypt(key, head, tag, aad, p, n, p, 0) != NGX_OK) {

        /* what was decrypted before the tag turned out to be wrong */

        ngx_simulcast_seal_wipe(p, n);
        return NGX_ERROR;
    }

    out->len = n;
    *stale = (key != &ring->keys[0]);

    return NGX_OK;
}


/* "1.ID.", which is authenticated as well */

static u_char *
ngx_simulcast_seal_prefix(u_char *p, ngx_simulcast_seal_key_t *key)
{
    p = ngx_cpymem(p, NGX_SIMULCAST_SEAL_VERSION,
                   sizeof(NGX_SIMULCAST_SEAL_VERSION) - 1);
    p = ngx_cpymem(p, key->id, key->len);
    *p++ = '.';

    return p;
}


/* `tag` is written when encrypting, and compared when decrypting */

static ngx_int_t
ngx_simulcast_seal_crypt(ngx_simulcast_seal_key_t *key, u_char *head,
    u_char *tag, ngx_str_t *aad, u_char *in, size_t len, u_char *out,
    int encrypt)
{
    int              n;
    u_char           prefix[NGX_SIMULCAST_SEAL_PREFIX], *end;
    u_char           own[EVP_MAX_MD_SIZE], last[EVP_MAX_BLOCK_LENGTH];
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    if (aad->len > NGX_SIMULCAST_SEAL_TEXT) {
        return NGX_ERROR;
    }

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    end = ngx_simulcast_seal_prefix(prefix, key);

    if (HMAC(EVP_sha256(), key->key, NGX_SIMULCAST_SEAL_KEY, head,
             NGX_SIMULCAST_SEAL_SALT, own, NULL)
        == NULL)
    {
        goto done;
    }

    if (EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, own,
                          head + NGX_SIMULCAST_SEAL_SALT, encrypt)
        != 1
        || EVP_CipherUpdate(ctx, NULL, &n, prefix, end - prefix) != 1)
    {
        goto done;
    }

    if (aad->len && EVP_CipherUpdate(ctx, NULL, &n, aad->data, aad->len) != 1) {
        goto done;
    }

    if (len && EVP_CipherUpdate(ctx, out, &n, in, len) != 1) {
        goto done;
    }

    if (!encrypt
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG,
                               NGX_SIMULCAST_SEAL_TAG, tag)
           != 1)
    {
        goto done;
    }

    if (EVP_CipherFinal_ex(ctx, last, &n) != 1) {
        goto done;
    }

    if (encrypt
        && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG,
                               NGX_SIMULCAST_SEAL_TAG, tag)
           != 1)
    {
        goto done;
    }

    rc = NGX_OK;

done:

    /* nginx would log what a failure leaves in the queue with its next error */

    if (rc != NGX_OK) {
        ERR_clear_error();
    }

    EVP_CIPHER_CTX_free(ctx);
    ngx_simulcast_seal_wipe(own, sizeof(own));

    return rc;
}


/* base64url without padding (RFC 4648, section 5) */

static u_char *
ngx_simulcast_seal_encode(u_char *p, const u_char *src, size_t len)
{
    uint32_t    acc;
    ngx_uint_t  bits;

    static const u_char  chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789-_";

    acc = 0;
    bits = 0;

    for ( /* void */ ; len; len--) {
        acc = acc << 8 | *src++;
        bits += 8;

        while (bits >= 6) {
            bits -= 6;
            *p++ = chars[acc >> bits & 63];
        }
    }

    if (bits) {
        *p++ = chars[acc << (6 - bits) & 63];
    }

    return p;
}


/*
 * The number of bytes, or NGX_ERROR. A text has one encoding only: bits that
 * are left over must be zero.
 */

static ngx_int_t
ngx_simulcast_seal_decode(u_char *dst, const u_char *p, size_t len)
{
    u_char         *start;
    uint32_t        acc, value;
    ngx_uint_t      bits;
    const u_char   *last;

    start = dst;
    acc = 0;
    bits = 0;

    if (len % 4 == 1) {
        return NGX_ERROR;
    }

    for (last = p + len; p < last; p++) {

        if (*p >= 'A' && *p <= 'Z') {
            value = *p - 'A';

        } else if (*p >= 'a' && *p <= 'z') {
            value = *p - 'a' + 26;

        } else if (*p >= '0' && *p <= '9') {
            value = *p - '0' + 52;

        } else if (*p == '-') {
            value = 62;

        } else if (*p == '_') {
            value = 63;

        } else {
            return NGX_ERROR;
        }

        acc = acc << 6 | value;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *dst++ = (u_char) (acc >> bits);
            acc &= (1 << bits) - 1;
        }
    }

    return acc ? NGX_ERROR : dst - start;
}


void
ngx_simulcast_seal_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}
