
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_engine.h"

#include <srtp2/srtp.h>
#include <srtp2/cipher.h>
#include <srtp2/auth.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>


/* bytes */

#define NGX_WHIP_ENGINE_KEY         16
#define NGX_WHIP_ENGINE_ICM_SALT    14
#define NGX_WHIP_ENGINE_ICM_KEY                                              \
    (NGX_WHIP_ENGINE_KEY + NGX_WHIP_ENGINE_ICM_SALT)
#define NGX_WHIP_ENGINE_COUNTER     16

/* libsrtp2 counts the salt, which is not the cipher's but part of the IV */

#define NGX_WHIP_ENGINE_GCM_KEY     28
#define NGX_WHIP_ENGINE_GCM_TAG     16
#define NGX_WHIP_ENGINE_GCM_SHORT   8

#define NGX_WHIP_ENGINE_SHA1        20
#define NGX_WHIP_ENGINE_SHA1_BLOCK  64

/* RFC 2104 */

#define NGX_WHIP_ENGINE_IPAD        0x36
#define NGX_WHIP_ENGINE_OPAD        0x5c


typedef struct {
    srtp_cipher_t     cipher;          /* what libsrtp2 knows of it */
    EVP_CIPHER_CTX   *ctx;
    u_char            salt[NGX_WHIP_ENGINE_COUNTER];
    unsigned          ready:1;         /* there is an IV */
} ngx_whip_engine_icm_t;


typedef struct {
    srtp_cipher_t     cipher;
    EVP_CIPHER_CTX   *ctx;
    size_t            tag_len;
    unsigned          encrypt:1;       /* these two are of the current packet */
    unsigned          decrypt:1;
} ngx_whip_engine_gcm_t;


typedef struct {
    srtp_auth_t       auth;
    EVP_MD_CTX       *ctx;
    EVP_MD_CTX       *inner;           /* states behind the padded key */
    EVP_MD_CTX       *outer;
} ngx_whip_engine_hmac_t;


static ngx_int_t ngx_whip_engine_fetch(void);
static srtp_err_status_t ngx_whip_engine_replace(void);
static srtp_err_status_t ngx_whip_engine_failed(srtp_err_status_t status);

static srtp_err_status_t ngx_whip_engine_icm_alloc(srtp_cipher_t **cp,
    int key_len, int tag_len);
static srtp_err_status_t ngx_whip_engine_icm_dealloc(srtp_cipher_t *c);
static srtp_err_status_t ngx_whip_engine_icm_init(void *state,
    const uint8_t *key);
static srtp_err_status_t ngx_whip_engine_icm_iv(void *state, uint8_t *iv,
    srtp_cipher_direction_t direction);
static srtp_err_status_t ngx_whip_engine_icm_crypt(void *state, uint8_t *p,
    unsigned int *len);

static srtp_err_status_t ngx_whip_engine_gcm_alloc(srtp_cipher_t **cp,
    int key_len, int tag_len);
static srtp_err_status_t ngx_whip_engine_gcm_dealloc(srtp_cipher_t *c);
static srtp_err_status_t ngx_whip_engine_gcm_init(void *state,
    const uint8_t *key);
static srtp_err_status_t ngx_whip_engine_gcm_iv(void *state, uint8_t *iv,
    srtp_cipher_direction_t direction);
static srtp_err_status_t ngx_whip_engine_gcm_aad(void *state,
    const uint8_t *p, uint32_t len);
static srtp_err_status_t ngx_whip_engine_gcm_encrypt(void *state, uint8_t *p,
    unsigned int *len);
static srtp_err_status_t ngx_whip_engine_gcm_tag(void *state, uint8_t *p,
    uint32_t *len);
static srtp_err_status_t ngx_whip_engine_gcm_decrypt(void *state, uint8_t *p,
    unsigned int *len);
static srtp_err_status_t ngx_whip_engine_gcm_update(
    ngx_whip_engine_gcm_t *gcm, u_char *to, const u_char *from, size_t len);

static srtp_err_status_t ngx_whip_engine_hmac_alloc(srtp_auth_t **ap,
    int key_len, int tag_len);
static srtp_err_status_t ngx_whip_engine_hmac_dealloc(srtp_auth_t *a);
static srtp_err_status_t ngx_whip_engine_hmac_init(void *state,
    const uint8_t *key, int key_len);
static ngx_int_t ngx_whip_engine_hmac_pad(EVP_MD_CTX *ctx, const u_char *key,
    size_t len, u_char pad);
static srtp_err_status_t ngx_whip_engine_hmac_start(void *state);
static srtp_err_status_t ngx_whip_engine_hmac_update(void *state,
    const uint8_t *p, int len);
static srtp_err_status_t ngx_whip_engine_hmac_compute(void *state,
    const uint8_t *p, int len, int tag_len, uint8_t *tag);


/*
 * RFC 3711, appendix B.2: the keystream of blocks 0 to 2, and 0xfeff to 0xff01
 */

static const u_char  ngx_whip_engine_icm_key[] = {
    0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
    0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd
};

static u_char  ngx_whip_engine_icm_first[NGX_WHIP_ENGINE_COUNTER];

static u_char  ngx_whip_engine_icm_last[NGX_WHIP_ENGINE_COUNTER] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0xff
};

static const u_char  ngx_whip_engine_icm_zeros[48];

static const u_char  ngx_whip_engine_icm_first_stream[] = {
    0xe0, 0x3e, 0xad, 0x09, 0x35, 0xc9, 0x5e, 0x80,
    0xe1, 0x66, 0xb1, 0x6d, 0xd9, 0x2b, 0x4e, 0xb4,
    0xd2, 0x35, 0x13, 0x16, 0x2b, 0x02, 0xd0, 0xf7,
    0x2a, 0x43, 0xa2, 0xfe, 0x4a, 0x5f, 0x97, 0xab,
    0x41, 0xe9, 0x5b, 0x3b, 0xb0, 0xa2, 0xe8, 0xdd,
    0x47, 0x79, 0x01, 0xe4, 0xfc, 0xa8, 0x94, 0xc0
};

static const u_char  ngx_whip_engine_icm_last_stream[] = {
    0xec, 0x8c, 0xdf, 0x73, 0x98, 0x60, 0x7c, 0xb0,
    0xf2, 0xd2, 0x16, 0x75, 0xea, 0x9e, 0xa1, 0xe4,
    0x36, 0x2b, 0x7c, 0x3c, 0x67, 0x73, 0x51, 0x63,
    0x18, 0xa0, 0x77, 0xd7, 0xfc, 0x50, 0x73, 0xae,
    0x6a, 0x2c, 0xc3, 0x78, 0x78, 0x89, 0x37, 0x4f,
    0xbe, 0xb4, 0xc8, 0x1b, 0x17, 0xba, 0x6c, 0x44
};

static const srtp_cipher_test_case_t  ngx_whip_engine_icm_test_last = {
    sizeof(ngx_whip_engine_icm_key), ngx_whip_engine_icm_key,
    ngx_whip_engine_icm_last,
    sizeof(ngx_whip_engine_icm_zeros), ngx_whip_engine_icm_zeros,
    sizeof(ngx_whip_engine_icm_last_stream), ngx_whip_engine_icm_last_stream,
    0, NULL,
    0,
    NULL
};

static const srtp_cipher_test_case_t  ngx_whip_engine_icm_test = {
    sizeof(ngx_whip_engine_icm_key), ngx_whip_engine_icm_key,
    ngx_whip_engine_icm_first,
    sizeof(ngx_whip_engine_icm_zeros), ngx_whip_engine_icm_zeros,
    sizeof(ngx_whip_engine_icm_first_stream), ngx_whip_engine_icm_first_stream,
    0, NULL,
    0,
    &ngx_whip_engine_icm_test_last
};


/* RFC 7714, sections 16.1.1 (SRTP) and 17.1 (SRTCP); the tag comes last */

static const u_char  ngx_whip_engine_gcm_key[] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x51, 0x75, 0x69, 0x64, 0x20, 0x70, 0x72, 0x6f,
    0x20, 0x71, 0x75, 0x6f
};

static u_char  ngx_whip_engine_gcm_rtp_iv[] = {
    0x51, 0x75, 0x3c, 0x65, 0x80, 0xc2, 0x72, 0x6f,
    0x20, 0x71, 0x84, 0x14
};

static const u_char  ngx_whip_engine_gcm_rtp_aad[] = {
    0x80, 0x40, 0xf1, 0x7b, 0x80, 0x41, 0xf8, 0xd3,
    0x55, 0x01, 0xa0, 0xb2
};

static const u_char  ngx_whip_engine_gcm_rtp_plain[] = {
    0x47, 0x61, 0x6c, 0x6c, 0x69, 0x61, 0x20, 0x65,
    0x73, 0x74, 0x20, 0x6f, 0x6d, 0x6e, 0x69, 0x73,
    0x20, 0x64, 0x69, 0x76, 0x69, 0x73, 0x61, 0x20,
    0x69, 0x6e, 0x20, 0x70, 0x61, 0x72, 0x74, 0x65,
    0x73, 0x20, 0x74, 0x72, 0x65, 0x73
};

static const u_char  ngx_whip_engine_gcm_rtp_sealed[] = {
    0xf2, 0x4d, 0xe3, 0xa3, 0xfb, 0x34, 0xde, 0x6c,
    0xac, 0xba, 0x86, 0x1c, 0x9d, 0x7e, 0x4b, 0xca,
    0xbe, 0x63, 0x3b, 0xd5, 0x0d, 0x29, 0x4e, 0x6f,
    0x42, 0xa5, 0xf4, 0x7a, 0x51, 0xc7, 0xd1, 0x9b,
    0x36, 0xde, 0x3a, 0xdf, 0x88, 0x33,
    0x89, 0x9d, 0x7f, 0x27, 0xbe, 0xb1, 0x6a, 0x91,
    0x52, 0xcf, 0x76, 0x5e, 0xe4, 0x39, 0x0c, 0xce
};

static u_char  ngx_whip_engine_gcm_rtcp_iv[] = {
    0x51, 0x75, 0x24, 0x05, 0x52, 0x03, 0x72, 0x6f,
    0x20, 0x71, 0x70, 0xbb
};

static const u_char  ngx_whip_engine_gcm_rtcp_aad[] = {
    0x81, 0xc8, 0x00, 0x0d, 0x4d, 0x61, 0x72, 0x73,
    0x80, 0x00, 0x05, 0xd4
};

static const u_char  ngx_whip_engine_gcm_rtcp_plain[] = {
    0x4e, 0x54, 0x50, 0x31, 0x4e, 0x54, 0x50, 0x32,
    0x52, 0x54, 0x50, 0x20, 0x00, 0x00, 0x04, 0x2a,
    0x00, 0x00, 0xe9, 0x30, 0x4c, 0x75, 0x6e, 0x61,
    0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef,
    0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef,
    0xde, 0xad, 0xbe, 0xef
};

static const u_char  ngx_whip_engine_gcm_rtcp_sealed[] = {
    0x63, 0xe9, 0x48, 0x85, 0xdc, 0xda, 0xb6, 0x7c,
    0xa7, 0x27, 0xd7, 0x66, 0x2f, 0x6b, 0x7e, 0x99,
    0x7f, 0xf5, 0xc0, 0xf7, 0x6c, 0x06, 0xf3, 0x2d,
    0xc6, 0x76, 0xa5, 0xf1, 0x73, 0x0d, 0x6f, 0xda,
    0x4c, 0xe0, 0x9b, 0x46, 0x86, 0x30, 0x3d, 0xed,
    0x0b, 0xb9, 0x27, 0x5b,
    0xc8, 0x4a, 0xa4, 0x58, 0x96, 0xcf, 0x4d, 0x2f,
    0xc5, 0xab, 0xf8, 0x72, 0x45, 0xd9, 0xea, 0xde
};

static const srtp_cipher_test_case_t  ngx_whip_engine_gcm_test_rtcp = {
    sizeof(ngx_whip_engine_gcm_key), ngx_whip_engine_gcm_key,
    ngx_whip_engine_gcm_rtcp_iv,
    sizeof(ngx_whip_engine_gcm_rtcp_plain), ngx_whip_engine_gcm_rtcp_plain,
    sizeof(ngx_whip_engine_gcm_rtcp_sealed), ngx_whip_engine_gcm_rtcp_sealed,
    sizeof(ngx_whip_engine_gcm_rtcp_aad), ngx_whip_engine_gcm_rtcp_aad,
    NGX_WHIP_ENGINE_GCM_TAG,
    NULL
};

static const srtp_cipher_test_case_t  ngx_whip_engine_gcm_test = {
    sizeof(ngx_whip_engine_gcm_key), ngx_whip_engine_gcm_key,
    ngx_whip_engine_gcm_rtp_iv,
    sizeof(ngx_whip_engine_gcm_rtp_plain), ngx_whip_engine_gcm_rtp_plain,
    sizeof(ngx_whip_engine_gcm_rtp_sealed), ngx_whip_engine_gcm_rtp_sealed,
    sizeof(ngx_whip_engine_gcm_rtp_aad), ngx_whip_engine_gcm_rtp_aad,
    NGX_WHIP_ENGINE_GCM_TAG,
    &ngx_whip_engine_gcm_test_rtcp
};


/* RFC 2202, section 3, cases 1 to 3; case 3 is of more than one block */

static const u_char  ngx_whip_engine_hmac_key_1[] = {
    0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
    0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b
};

static const u_char  ngx_whip_engine_hmac_data_1[] = {
    'H', 'i', ' ', 'T', 'h', 'e', 'r', 'e'
};

static const u_char  ngx_whip_engine_hmac_tag_1[] = {
    0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b,
    0xc0, 0xb6, 0xfb, 0x37, 0x8c, 0x8e, 0xf1, 0x46, 0xbe, 0x00
};

static const u_char  ngx_whip_engine_hmac_key_2[] = { 'J', 'e', 'f', 'e' };

static const u_char  ngx_whip_engine_hmac_data_2[] = {
    'w', 'h', 'a', 't', ' ', 'd', 'o', ' ', 'y', 'a', ' ', 'w', 'a', 'n',
    't', ' ', 'f', 'o', 'r', ' ', 'n', 'o', 't', 'h', 'i', 'n', 'g', '?'
};

static const u_char  ngx_whip_engine_hmac_tag_2[] = {
    0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
    0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79
};

static const u_char  ngx_whip_engine_hmac_key_3[] = {
    0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
    0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa
};

static const u_char  ngx_whip_engine_hmac_data_3[] = {
    0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
    0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
    0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
    0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
    0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd
};

static const u_char  ngx_whip_engine_hmac_tag_3[] = {
    0x12, 0x5d, 0x73, 0x42, 0xb9, 0xac, 0x11, 0xcd, 0x91, 0xa3,
    0x9a, 0xf4, 0x8a, 0xa1, 0x7b, 0x4f, 0x63, 0xf1, 0x75, 0xd3
};

static const srtp_auth_test_case_t  ngx_whip_engine_hmac_test_3 = {
    sizeof(ngx_whip_engine_hmac_key_3), ngx_whip_engine_hmac_key_3,
    sizeof(ngx_whip_engine_hmac_data_3), ngx_whip_engine_hmac_data_3,
    sizeof(ngx_whip_engine_hmac_tag_3), ngx_whip_engine_hmac_tag_3,
    NULL
};

static const srtp_auth_test_case_t  ngx_whip_engine_hmac_test_2 = {
    sizeof(ngx_whip_engine_hmac_key_2), ngx_whip_engine_hmac_key_2,
    sizeof(ngx_whip_engine_hmac_data_2), ngx_whip_engine_hmac_data_2,
    sizeof(ngx_whip_engine_hmac_tag_2), ngx_whip_engine_hmac_tag_2,
    &ngx_whip_engine_hmac_test_3
};

static const srtp_auth_test_case_t  ngx_whip_engine_hmac_test = {
    sizeof(ngx_whip_engine_hmac_key_1), ngx_whip_engine_hmac_key_1,
    sizeof(ngx_whip_engine_hmac_data_1), ngx_whip_engine_hmac_data_1,
    sizeof(ngx_whip_engine_hmac_tag_1), ngx_whip_engine_hmac_tag_1,
    &ngx_whip_engine_hmac_test_2
};


static const srtp_cipher_type_t  ngx_whip_engine_icm = {
    ngx_whip_engine_icm_alloc,
    ngx_whip_engine_icm_dealloc,
    ngx_whip_engine_icm_init,
    NULL,                              /* set_aad */
    ngx_whip_engine_icm_crypt,
    ngx_whip_engine_icm_crypt,
    ngx_whip_engine_icm_iv,
    NULL,                              /* get_tag */
    "AES-128 counter mode using OpenSSL EVP",
    &ngx_whip_engine_icm_test,
    SRTP_AES_ICM_128
};


static const srtp_cipher_type_t  ngx_whip_engine_gcm = {
    ngx_whip_engine_gcm_alloc,
    ngx_whip_engine_gcm_dealloc,
    ngx_whip_engine_gcm_init,
    ngx_whip_engine_gcm_aad,
    ngx_whip_engine_gcm_encrypt,
    ngx_whip_engine_gcm_decrypt,
    ngx_whip_engine_gcm_iv,
    ngx_whip_engine_gcm_tag,
    "AES-128 GCM using OpenSSL EVP",
    &ngx_whip_engine_gcm_test,
    SRTP_AES_GCM_128
};


static const srtp_auth_type_t  ngx_whip_engine_hmac = {
    ngx_whip_engine_hmac_alloc,
    ngx_whip_engine_hmac_dealloc,
    ngx_whip_engine_hmac_init,
    ngx_whip_engine_hmac_compute,
    ngx_whip_engine_hmac_update,
    ngx_whip_engine_hmac_start,
    "HMAC-SHA1 using OpenSSL EVP",
    &ngx_whip_engine_hmac_test,
    SRTP_HMAC_SHA1
};


/* fetched once, kept until the process ends */

static EVP_CIPHER  *ngx_whip_engine_aes_ctr;
static EVP_CIPHER  *ngx_whip_engine_aes_gcm;
static EVP_MD      *ngx_whip_engine_sha1;


ngx_int_t
ngx_whip_engine_init(ngx_log_t *log)
{
    srtp_err_status_t  rc;

    if (ngx_whip_engine_fetch() != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "whip: OpenSSL lacks AES-128-CTR, AES-128-GCM or SHA1, "
                      "libsrtp's own primitives are used");
        return NGX_ERROR;
    }

    rc = ngx_whip_engine_replace();

    if (rc != srtp_err_status_ok) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "whip: libsrtp refused a primitive of OpenSSL: %d, "
                      "its own is used", rc);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_engine_fetch(void)
{
    if (ngx_whip_engine_aes_ctr == NULL) {
        ngx_whip_engine_aes_ctr = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
    }

    if (ngx_whip_engine_aes_gcm == NULL) {
        ngx_whip_engine_aes_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    }

    if (ngx_whip_engine_sha1 == NULL) {
        ngx_whip_engine_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    }

    if (ngx_whip_engine_aes_ctr == NULL
        || ngx_whip_engine_aes_gcm == NULL
        || ngx_whip_engine_sha1 == NULL)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}


static srtp_err_status_t
ngx_whip_engine_replace(void)
{
    srtp_err_status_t  rc;

    rc = srtp_replace_cipher_type(&ngx_whip_engine_icm, SRTP_AES_ICM_128);

    if (rc != srtp_err_status_ok) {
        return rc;
    }

    rc = srtp_replace_auth_type(&ngx_whip_engine_hmac, SRTP_HMAC_SHA1);

    if (rc != srtp_err_status_ok) {
        return rc;
    }

    return srtp_replace_cipher_type(&ngx_whip_engine_gcm, SRTP_AES_GCM_128);
}


/* what was left in OpenSSL's queue would be taken for an error of a TLS peer */

static srtp_err_status_t
ngx_whip_engine_failed(srtp_err_status_t status)
{
    ERR_clear_error();

    return status;
}


static srtp_err_status_t
ngx_whip_engine_icm_alloc(srtp_cipher_t **cp, int key_len, int tag_len)
{
    ngx_whip_engine_icm_t  *icm;

    if (key_len != NGX_WHIP_ENGINE_ICM_KEY) {
        return srtp_err_status_bad_param;
    }

    icm = OPENSSL_zalloc(sizeof(ngx_whip_engine_icm_t));
    if (icm == NULL) {
        return ngx_whip_engine_failed(srtp_err_status_alloc_fail);
    }

    icm->cipher.type = &ngx_whip_engine_icm;
    icm->cipher.state = icm;
    icm->cipher.key_len = key_len;
    icm->cipher.algorithm = SRTP_AES_ICM_128;

    icm->ctx = EVP_CIPHER_CTX_new();

    if (icm->ctx == NULL) {
        (void) ngx_whip_engine_icm_dealloc(&icm->cipher);
        return ngx_whip_engine_failed(srtp_err_status_alloc_fail);
    }

    *cp = &icm->cipher;

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_icm_dealloc(srtp_cipher_t *c)
{
    ngx_whip_engine_icm_t  *icm = c->state;

    EVP_CIPHER_CTX_free(icm->ctx);
    OPENSSL_clear_free(icm, sizeof(ngx_whip_engine_icm_t));

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_icm_init(void *state, const uint8_t *key)
{
    ngx_whip_engine_icm_t  *icm = state;

    icm->ready = 0;

    /* the block counter follows the salt, and starts from 0 */

    ngx_memcpy(icm->salt, key + NGX_WHIP_ENGINE_KEY, NGX_WHIP_ENGINE_ICM_SALT);

    if (EVP_EncryptInit_ex2(icm->ctx, ngx_whip_engine_aes_ctr, key, NULL, NULL)
        != 1)
    {
        return ngx_whip_engine_failed(srtp_err_status_init_fail);
    }

    return srtp_err_status_ok;
}


/*
 * RFC 3711, section 4.1.1: IV = (salt * 2^16) XOR (SSRC * 2^64)
 * XOR (index * 2^16).  The library's iv is what the salt is XORed with.  A
 * packet has less than 2^16 blocks, so the counter never carries into the IV.
 */

static srtp_err_status_t
ngx_whip_engine_icm_iv(void *state, uint8_t *iv,
    srtp_cipher_direction_t direction)
{
    ngx_whip_engine_icm_t  *icm = state;

    ngx_uint_t  i;
    u_char      counter[NGX_WHIP_ENGINE_COUNTER];

    for (i = 0; i < NGX_WHIP_ENGINE_COUNTER; i++) {
        counter[i] = icm->salt[i] ^ iv[i];
    }

    icm->ready = (EVP_EncryptInit_ex2(icm->ctx, NULL, NULL, counter, NULL)
                  == 1);

    if (!icm->ready) {
        return ngx_whip_engine_failed(srtp_err_status_cipher_fail);
    }

    return srtp_err_status_ok;
}


/* a packet may be done in several calls, the keystream goes on */

static srtp_err_status_t
ngx_whip_engine_icm_crypt(void *state, uint8_t *p, unsigned int *len)
{
    ngx_whip_engine_icm_t  *icm = state;

    int  n;

    if (*len == 0) {
        return srtp_err_status_ok;
    }

    if (!icm->ready || *len > NGX_MAX_INT32_VALUE) {
        return srtp_err_status_bad_param;
    }

    if (EVP_EncryptUpdate(icm->ctx, p, &n, p, *len) != 1) {
        return ngx_whip_engine_failed(srtp_err_status_cipher_fail);
    }

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_gcm_alloc(srtp_cipher_t **cp, int key_len, int tag_len)
{
    ngx_whip_engine_gcm_t  *gcm;

    if (key_len != NGX_WHIP_ENGINE_GCM_KEY
        || (tag_len != NGX_WHIP_ENGINE_GCM_TAG
            && tag_len != NGX_WHIP_ENGINE_GCM_SHORT))
    {
        return srtp_err_status_bad_param;
    }

    gcm = OPENSSL_zalloc(sizeof(ngx_whip_engine_gcm_t));
    if (gcm == NULL) {
        return ngx_whip_engine_failed(srtp_err_status_alloc_fail);
    }

    gcm->cipher.type = &ngx_whip_engine_gcm;
    gcm->cipher.state = gcm;
    gcm->cipher.key_len = key_len;
    gcm->cipher.algorithm = SRTP_AES_GCM_128;
    gcm->tag_len = tag_len;

    gcm->ctx = EVP_CIPHER_CTX_new();

    if (gcm->ctx == NULL) {
        (void) ngx_whip_engine_gcm_dealloc(&gcm->cipher);
        return ngx_whip_engine_failed(srtp_err_status_alloc_fail);
    }

    *cp = &gcm->cipher;

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_gcm_dealloc(srtp_cipher_t *c)
{
    ngx_whip_engine_gcm_t  *gcm = c->state;

    EVP_CIPHER_CTX_free(gcm->ctx);
    OPENSSL_clear_free(gcm, sizeof(ngx_whip_engine_gcm_t));

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_gcm_init(void *state, const uint8_t *key)
{
    ngx_whip_engine_gcm_t  *gcm = state;

    gcm->encrypt = 0;
    gcm->decrypt = 0;

    /* one key schedule is for both directions, the IV has 12 bytes */

    if (EVP_EncryptInit_ex2(gcm->ctx, ngx_whip_engine_aes_gcm, key, NULL, NULL)
        != 1)
    {
        return ngx_whip_engine_failed(srtp_err_status_init_fail);
    }

    return srtp_err_status_ok;
}


/*
 * Each packet is set_iv, set_aad once or more, then encrypt and get_tag, or
 * decrypt.  The library has XORed the IV with the salt (RFC 7714, section 8.1).
 */

static srtp_err_status_t
ngx_whip_engine_gcm_iv(void *state, uint8_t *iv,
    srtp_cipher_direction_t direction)
{
    ngx_whip_engine_gcm_t  *gcm = state;

    gcm->encrypt = (direction == srtp_direction_encrypt);
    gcm->decrypt = (direction == srtp_direction_decrypt);

    if (!gcm->encrypt && !gcm->decrypt) {
        return srtp_err_status_bad_param;
    }

    if (EVP_CipherInit_ex2(gcm->ctx, NULL, NULL, iv, gcm->encrypt, NULL) != 1) {
        gcm->encrypt = 0;
        gcm->decrypt = 0;
        return ngx_whip_engine_failed(srtp_err_status_cipher_fail);
    }

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_gcm_aad(void *state, const uint8_t *p, uint32_t len)
{
    ngx_whip_engine_gcm_t  *gcm = state;

    if (!gcm->encrypt && !gcm->decrypt) {
        return srtp_err_status_bad_param;
    }

    return ngx_whip_engine_gcm_update(gcm, NULL, p, len);
}


/* p may be NULL where nothing is encrypted, but all is AAD */

static srtp_err_status_t
ngx_whip_engine_gcm_encrypt(void *state, uint8_t *p, unsigned int *len)
{
    ngx_whip_engine_gcm_t  *gcm = state;

    if (!gcm->encrypt) {
        return srtp_err_status_bad_param;
    }

    return ngx_whip_engine_gcm_update(gcm, p, p, *len);
}


/* *len is set, not read: the library has room for the tag of its policy */

static srtp_err_status_t
ngx_whip_engine_gcm_tag(void *state, uint8_t *p, uint32_t *len)
{
    ngx_whip_engine_gcm_t  *gcm = state;

    int     n;
    u_char  none[EVP_MAX_BLOCK_LENGTH];

    if (!gcm->encrypt) {
        return srtp_err_status_bad_param;
    }

    gcm->encrypt = 0;

    if (EVP_EncryptFinal_ex(gcm->ctx, none, &n) != 1
        || EVP_CIPHER_CTX_ctrl(gcm->ctx, EVP_CTRL_AEAD_GET_TAG, gcm->tag_len, p)
           != 1)
    {
        return ngx_whip_engine_failed(srtp_err_status_cipher_fail);
    }

    *len = gcm->tag_len;

    return srtp_err_status_ok;
}


/*
 * The tag is at the end of p, and *len becomes shorter by it.  The bytes of a
 * packet that is not authentic are changed as well.
 */

static srtp_err_status_t
ngx_whip_engine_gcm_decrypt(void *state, uint8_t *p, unsigned int *len)
{
    ngx_whip_engine_gcm_t  *gcm = state;

    int                n;
    size_t             size;
    u_char             none[EVP_MAX_BLOCK_LENGTH];
    srtp_err_status_t  rc;

    if (!gcm->decrypt || *len < gcm->tag_len) {
        return srtp_err_status_bad_param;
    }

    gcm->decrypt = 0;
    size = *len - gcm->tag_len;

    if (EVP_CIPHER_CTX_ctrl(gcm->ctx, EVP_CTRL_AEAD_SET_TAG, gcm->tag_len,
                            p + size)
        != 1)
    {
        return ngx_whip_engine_failed(srtp_err_status_cipher_fail);
    }

    rc = ngx_whip_engine_gcm_update(gcm, p, p, size);

    if (rc != srtp_err_status_ok) {
        return rc;
    }

    if (EVP_DecryptFinal_ex(gcm->ctx, none, &n) != 1) {
        return ngx_whip_engine_failed(srtp_err_status_auth_fail);
    }

    *len = size;

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_gcm_update(ngx_whip_engine_gcm_t *gcm, u_char *to,
    const u_char *from, size_t len)
{
    int  n;

    if (len == 0) {
        return srtp_err_status_ok;
    }

    if (len > NGX_MAX_INT32_VALUE || from == NULL) {
        return srtp_err_status_bad_param;
    }

    if (EVP_CipherUpdate(gcm->ctx, to, &n, from, len) != 1) {
        return ngx_whip_engine_failed(srtp_err_status_cipher_fail);
    }

    return srtp_err_status_ok;
}


/* SRTP keys have 20 bytes; one longer than a block would have to be hashed */

static srtp_err_status_t
ngx_whip_engine_hmac_alloc(srtp_auth_t **ap, int key_len, int tag_len)
{
    ngx_whip_engine_hmac_t  *hmac;

    if (key_len < 0 || key_len > NGX_WHIP_ENGINE_SHA1_BLOCK
        || tag_len < 0 || tag_len > NGX_WHIP_ENGINE_SHA1)
    {
        return srtp_err_status_bad_param;
    }

    hmac = OPENSSL_zalloc(sizeof(ngx_whip_engine_hmac_t));
    if (hmac == NULL) {
        return ngx_whip_engine_failed(srtp_err_status_alloc_fail);
    }

    hmac->auth.type = &ngx_whip_engine_hmac;
    hmac->auth.state = hmac;
    hmac->auth.out_len = tag_len;
    hmac->auth.key_len = key_len;

    hmac->ctx = EVP_MD_CTX_new();
    hmac->inner = EVP_MD_CTX_new();
    hmac->outer = EVP_MD_CTX_new();

    if (hmac->ctx == NULL || hmac->inner == NULL || hmac->outer == NULL) {
        (void) ngx_whip_engine_hmac_dealloc(&hmac->auth);
        return ngx_whip_engine_failed(srtp_err_status_alloc_fail);
    }

    *ap = &hmac->auth;

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_hmac_dealloc(srtp_auth_t *a)
{
    ngx_whip_engine_hmac_t  *hmac = a->state;

    EVP_MD_CTX_free(hmac->ctx);
    EVP_MD_CTX_free(hmac->inner);
    EVP_MD_CTX_free(hmac->outer);
    OPENSSL_clear_free(hmac, sizeof(ngx_whip_engine_hmac_t));

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_hmac_init(void *state, const uint8_t *key, int key_len)
{
    ngx_whip_engine_hmac_t  *hmac = state;

    if (key_len < 0 || key_len > NGX_WHIP_ENGINE_SHA1_BLOCK) {
        return srtp_err_status_bad_param;
    }

    if (ngx_whip_engine_hmac_pad(hmac->inner, key, key_len,
                                 NGX_WHIP_ENGINE_IPAD)
        != NGX_OK
        || ngx_whip_engine_hmac_pad(hmac->outer, key, key_len,
                                    NGX_WHIP_ENGINE_OPAD)
           != NGX_OK)
    {
        return ngx_whip_engine_failed(srtp_err_status_init_fail);
    }

    return srtp_err_status_ok;
}


/* RFC 2104: the first block is the key XORed with a constant */

static ngx_int_t
ngx_whip_engine_hmac_pad(EVP_MD_CTX *ctx, const u_char *key, size_t len,
    u_char pad)
{
    size_t     i;
    u_char     block[NGX_WHIP_ENGINE_SHA1_BLOCK];
    ngx_int_t  rc;

    ngx_memset(block, pad, sizeof(block));

    for (i = 0; i < len; i++) {
        block[i] ^= key[i];
    }

    rc = NGX_OK;

    if (EVP_DigestInit_ex2(ctx, ngx_whip_engine_sha1, NULL) != 1
        || EVP_DigestUpdate(ctx, block, sizeof(block)) != 1)
    {
        rc = NGX_ERROR;
    }

    OPENSSL_cleanse(block, sizeof(block));

    return rc;
}


static srtp_err_status_t
ngx_whip_engine_hmac_start(void *state)
{
    ngx_whip_engine_hmac_t  *hmac = state;

    if (EVP_MD_CTX_copy_ex(hmac->ctx, hmac->inner) != 1) {
        return ngx_whip_engine_failed(srtp_err_status_auth_fail);
    }

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_hmac_update(void *state, const uint8_t *p, int len)
{
    ngx_whip_engine_hmac_t  *hmac = state;

    if (len < 0) {
        return srtp_err_status_bad_param;
    }

    if (EVP_DigestUpdate(hmac->ctx, p, len) != 1) {
        return ngx_whip_engine_failed(srtp_err_status_auth_fail);
    }

    return srtp_err_status_ok;
}


static srtp_err_status_t
ngx_whip_engine_hmac_compute(void *state, const uint8_t *p, int len,
    int tag_len, uint8_t *tag)
{
    ngx_whip_engine_hmac_t  *hmac = state;

    u_char             digest[EVP_MAX_MD_SIZE];
    srtp_err_status_t  rc;

    if (tag_len < 0 || tag_len > NGX_WHIP_ENGINE_SHA1) {
        return srtp_err_status_bad_param;
    }

    rc = ngx_whip_engine_hmac_update(state, p, len);

    if (rc != srtp_err_status_ok) {
        return rc;
    }

    if (EVP_DigestFinal_ex(hmac->ctx, digest, NULL) != 1
        || EVP_MD_CTX_copy_ex(hmac->ctx, hmac->outer) != 1
        || EVP_DigestUpdate(hmac->ctx, digest, NGX_WHIP_ENGINE_SHA1) != 1
        || EVP_DigestFinal_ex(hmac->ctx, digest, NULL) != 1)
    {
        return ngx_whip_engine_failed(srtp_err_status_auth_fail);
    }

    ngx_memcpy(tag, digest, tag_len);

    return srtp_err_status_ok;
}
