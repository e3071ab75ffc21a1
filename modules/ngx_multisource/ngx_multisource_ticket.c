
/*
 * Copyright (C) the ngx_live contributors
 *
 * One key serves for several things. Each has a label of its own in front of
 * what is authenticated, and none of them is the beginning of another one, so
 * that a MAC of one kind is never one of another.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "ngx_multisource_ticket.h"


#define NGX_MULTISOURCE_TICKET_VERSION  "v1."

/* "v1." stands before the MAC, too */

#define NGX_MULTISOURCE_TICKET_TOKEN                                          \
    "multisource viewer" NGX_MULTISOURCE_TICKET_VERSION

#define NGX_MULTISOURCE_TICKET_STRANGER  "multisource stranger"
#define NGX_MULTISOURCE_TICKET_MARK      "multisource webhook"

/* bytes */

#define NGX_MULTISOURCE_TICKET_SHOW     16
#define NGX_MULTISOURCE_TICKET_NUMBER   8
#define NGX_MULTISOURCE_TICKET_MAC      32
#define NGX_MULTISOURCE_TICKET_HEAD                                           \
    (NGX_MULTISOURCE_TICKET_SHOW + 2 * NGX_MULTISOURCE_TICKET_NUMBER)
#define NGX_MULTISOURCE_TICKET_SIZE                                           \
    (NGX_MULTISOURCE_TICKET_HEAD + NGX_MULTISOURCE_TICKET_MAC)

#define NGX_MULTISOURCE_TICKET_LEAST    32      /* of a key's text */
#define NGX_MULTISOURCE_TICKET_CHUNK    64      /* of random bytes */


static ngx_int_t ngx_multisource_ticket_mac(const u_char *key,
    const ngx_str_t *parts, ngx_uint_t n, u_char *mac);
static u_char *ngx_multisource_ticket_write(u_char *p, uint64_t value,
    size_t len);
static uint64_t ngx_multisource_ticket_read(const u_char *p);
static void ngx_multisource_ticket_hex(u_char *hex, const u_char *p,
    size_t len);
static ngx_int_t ngx_multisource_ticket_unhex(u_char *p, const u_char *hex,
    size_t len);
static void ngx_multisource_ticket_encode(u_char *p, const u_char *data);
static ngx_int_t ngx_multisource_ticket_decode(u_char *data, const u_char *p);
static ngx_int_t ngx_multisource_ticket_digit(u_char ch);


static const u_char  ngx_multisource_ticket_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


ngx_int_t
ngx_multisource_ticket_sign(const ngx_multisource_ticket_t *ticket,
    const u_char *key, u_char *buf)
{
    u_char     *p, data[NGX_MULTISOURCE_TICKET_SIZE];
    ngx_str_t   parts[2];

    if (ngx_multisource_ticket_unhex(data, ticket->show, sizeof(ticket->show))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = data + NGX_MULTISOURCE_TICKET_SHOW;
    p = ngx_multisource_ticket_write(p, ticket->viewer,
                                     NGX_MULTISOURCE_TICKET_NUMBER);
    p = ngx_multisource_ticket_write(p, ticket->expires,
                                     NGX_MULTISOURCE_TICKET_NUMBER);

    ngx_str_set(&parts[0], NGX_MULTISOURCE_TICKET_TOKEN);
    parts[1].len = NGX_MULTISOURCE_TICKET_HEAD;
    parts[1].data = data;

    if (ngx_multisource_ticket_mac(key, parts, 2, p) != NGX_OK) {
        return NGX_ERROR;
    }

    buf = ngx_cpymem(buf, NGX_MULTISOURCE_TICKET_VERSION,
                     sizeof(NGX_MULTISOURCE_TICKET_VERSION) - 1);

    ngx_multisource_ticket_encode(buf, data);

    return NGX_OK;
}


ngx_int_t
ngx_multisource_ticket_verify(ngx_str_t *text, const u_char *key, uint64_t now,
    ngx_multisource_ticket_t *ticket)
{
    size_t      len;
    u_char     *p, data[NGX_MULTISOURCE_TICKET_SIZE];
    u_char      mac[NGX_MULTISOURCE_TICKET_MAC];
    ngx_str_t   parts[2];

    len = sizeof(NGX_MULTISOURCE_TICKET_VERSION) - 1;

    if (text->len != NGX_MULTISOURCE_TICKET_LEN
        || ngx_memcmp(text->data, NGX_MULTISOURCE_TICKET_VERSION, len) != 0
        || ngx_multisource_ticket_decode(data, text->data + len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&parts[0], NGX_MULTISOURCE_TICKET_TOKEN);
    parts[1].len = NGX_MULTISOURCE_TICKET_HEAD;
    parts[1].data = data;

    if (ngx_multisource_ticket_mac(key, parts, 2, mac) != NGX_OK
        || CRYPTO_memcmp(mac, data + NGX_MULTISOURCE_TICKET_HEAD, sizeof(mac))
           != 0)
    {
        return NGX_ERROR;
    }

    p = data + NGX_MULTISOURCE_TICKET_SHOW;

    ngx_multisource_ticket_hex(ticket->show, data,
                               NGX_MULTISOURCE_TICKET_SHOW);
    ticket->viewer = ngx_multisource_ticket_read(p);
    ticket->expires =
              ngx_multisource_ticket_read(p + NGX_MULTISOURCE_TICKET_NUMBER);

    return now < ticket->expires ? NGX_OK : NGX_DECLINED;
}


/* without the line end that editors and shells put behind it */

ngx_int_t
ngx_multisource_ticket_key(ngx_str_t *text, u_char *key)
{
    size_t  len;

    len = text->len;

    while (len && (text->data[len - 1] == '\n' || text->data[len - 1] == '\r'))
    {
        len--;
    }

    if (len < NGX_MULTISOURCE_TICKET_LEAST) {
        return NGX_DECLINED;
    }

    if (EVP_Digest(text->data, len, key, NULL, EVP_sha256(), NULL) != 1) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}


uint64_t
ngx_multisource_ticket_stranger(const u_char *key, uint64_t day,
    ngx_str_t *address, ngx_str_t *browser)
{
    u_char     *p, head[2 * NGX_MULTISOURCE_TICKET_NUMBER];
    u_char      mac[NGX_MULTISOURCE_TICKET_MAC];
    uint64_t    number;
    ngx_str_t   parts[4];

    /* with the length of the address it is plain where the browser begins */

    p = ngx_multisource_ticket_write(head, day, NGX_MULTISOURCE_TICKET_NUMBER);
    (void) ngx_multisource_ticket_write(p, address->len,
                                        NGX_MULTISOURCE_TICKET_NUMBER);

    ngx_str_set(&parts[0], NGX_MULTISOURCE_TICKET_STRANGER);
    parts[1].len = sizeof(head);
    parts[1].data = head;
    parts[2] = *address;
    parts[3] = *browser;

    if (ngx_multisource_ticket_mac(key, parts, 4, mac) != NGX_OK) {
        return 1;
    }

    number = ngx_multisource_ticket_read(mac);

    return number ? number : 1;
}


uint64_t
ngx_multisource_ticket_viewer(void)
{
    u_char    bytes[NGX_MULTISOURCE_TICKET_NUMBER];
    uint64_t  number;

    if (RAND_bytes(bytes, sizeof(bytes)) == 1) {
        number = ngx_multisource_ticket_read(bytes);

    } else {
        ERR_clear_error();

        /* it has to differ from others, and is no secret */

        number = (uint64_t) ngx_random() << 32 ^ (uint64_t) ngx_random();
    }

    return number ? number : 1;
}


ngx_int_t
ngx_multisource_ticket_random(u_char *hex, size_t n)
{
    u_char  bytes[NGX_MULTISOURCE_TICKET_CHUNK];
    size_t  len;

    while (n) {
        len = ngx_min(n, sizeof(bytes));

        if (RAND_bytes(bytes, (int) len) != 1) {
            ERR_clear_error();
            return NGX_ERROR;
        }

        ngx_multisource_ticket_hex(hex, bytes, len);

        hex += 2 * len;
        n -= len;
    }

    OPENSSL_cleanse(bytes, sizeof(bytes));

    return NGX_OK;
}


ngx_int_t
ngx_multisource_ticket_mark(const u_char *key, ngx_str_t *body, u_char *hex)
{
    u_char     mac[NGX_MULTISOURCE_TICKET_MAC];
    ngx_str_t  parts[2];

    ngx_str_set(&parts[0], NGX_MULTISOURCE_TICKET_MARK);
    parts[1] = *body;

    if (ngx_multisource_ticket_mac(key, parts, 2, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_multisource_ticket_hex(hex, mac, sizeof(mac));

    return NGX_OK;
}


/* HMAC-SHA256, RFC 2104, of the parts in a row */

static ngx_int_t
ngx_multisource_ticket_mac(const u_char *key, const ngx_str_t *parts,
    ngx_uint_t n, u_char *mac)
{
    char          digest[] = "SHA256";
    size_t        len;
    EVP_MAC      *hmac;
    ngx_int_t     rc;
    ngx_uint_t    i;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    rc = NGX_ERROR;
    ctx = NULL;

    hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    if (hmac == NULL) {
        goto done;
    }

    ctx = EVP_MAC_CTX_new(hmac);
    if (ctx == NULL) {
        goto done;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 digest, 0);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_MAC_init(ctx, key, NGX_MULTISOURCE_TICKET_KEY, params) != 1) {
        goto done;
    }

    for (i = 0; i < n; i++) {
        if (parts[i].len
            && EVP_MAC_update(ctx, parts[i].data, parts[i].len) != 1)
        {
            goto done;
        }
    }

    if (EVP_MAC_final(ctx, mac, &len, NGX_MULTISOURCE_TICKET_MAC) == 1
        && len == NGX_MULTISOURCE_TICKET_MAC)
    {
        rc = NGX_OK;
    }

done:

    if (rc != NGX_OK) {
        ERR_clear_error();
    }

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(hmac);

    return rc;
}


/* in network order */

static u_char *
ngx_multisource_ticket_write(u_char *p, uint64_t value, size_t len)
{
    size_t  i;

    for (i = len; i; i--) {
        p[i - 1] = (u_char) value;
        value >>= 8;
    }

    return p + len;
}


static uint64_t
ngx_multisource_ticket_read(const u_char *p)
{
    size_t    i;
    uint64_t  value;

    value = 0;

    for (i = 0; i < NGX_MULTISOURCE_TICKET_NUMBER; i++) {
        value = value << 8 | p[i];
    }

    return value;
}


static void
ngx_multisource_ticket_hex(u_char *hex, const u_char *p, size_t len)
{
    size_t  i;

    static const u_char  digits[] = "0123456789abcdef";

    for (i = 0; i < len; i++) {
        *hex++ = digits[p[i] >> 4];
        *hex++ = digits[p[i] & 0xf];
    }
}


/* of len lower-case digits */

static ngx_int_t
ngx_multisource_ticket_unhex(u_char *p, const u_char *hex, size_t len)
{
    size_t  i;
    u_char  digit;

    for (i = 0; i < len; i++) {

        if (hex[i] >= '0' && hex[i] <= '9') {
            digit = hex[i] - '0';

        } else if (hex[i] >= 'a' && hex[i] <= 'f') {
            digit = hex[i] - 'a' + 10;

        } else {
            return NGX_ERROR;
        }

        p[i / 2] = i % 2 ? (u_char) (p[i / 2] | digit) : (u_char) (digit << 4);
    }

    return NGX_OK;
}


/* RFC 4648, 5, without padding: 64 bytes are 86 digits, of the last of which
   four bits are used for nothing */

static void
ngx_multisource_ticket_encode(u_char *p, const u_char *data)
{
    size_t      i;
    uint32_t    bits;
    ngx_uint_t  n;

    bits = 0;
    n = 0;

    for (i = 0; i < NGX_MULTISOURCE_TICKET_SIZE; i++) {
        bits = (bits & 0x3f) << 8 | data[i];
        n += 8;

        while (n >= 6) {
            n -= 6;
            *p++ = ngx_multisource_ticket_digits[bits >> n & 0x3f];
        }
    }

    *p = ngx_multisource_ticket_digits[bits << (6 - n) & 0x3f];
}


/* those bits have to be zero: there is one way to write a token */

static ngx_int_t
ngx_multisource_ticket_decode(u_char *data, const u_char *p)
{
    size_t       i;
    uint32_t     bits;
    ngx_int_t    digit;
    ngx_uint_t   n;
    u_char      *last;

    bits = 0;
    n = 0;
    last = data + NGX_MULTISOURCE_TICKET_SIZE;

    for (i = 0; data < last; i++) {
        digit = ngx_multisource_ticket_digit(p[i]);

        if (digit == NGX_ERROR) {
            return NGX_ERROR;
        }

        bits = (bits & 0x3f) << 6 | (uint32_t) digit;
        n += 6;

        if (n >= 8) {
            n -= 8;
            *data++ = (u_char) (bits >> n);
        }
    }

    return bits & ((1 << n) - 1) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_multisource_ticket_digit(u_char ch)
{
    if (ch >= 'A' && ch <= 'Z') {
        return ch - 'A';
    }

    if (ch >= 'a' && ch <= 'z') {
        return ch - 'a' + 26;
    }

    if (ch >= '0' && ch <= '9') {
        return ch - '0' + 52;
    }

    if (ch == '-') {
        return 62;
    }

    return ch == '_' ? 63 : NGX_ERROR;
}
