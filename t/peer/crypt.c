
/*
 * Copyright (C) the ngx_live contributors
 */


#include "crypt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* repairs may be older than the default of 128 packets; below 2^15 */

#define CRYPT_WINDOW  16384


typedef struct {
    const char   *name;                   /* as of OpenSSL */
    size_t        key;
    size_t        salt;
    void        (*rtp)(srtp_crypto_policy_t *policy);
    void        (*rtcp)(srtp_crypto_policy_t *policy);
} crypt_profile_t;


/* RFC 5764 4.1.2, RFC 7714 14.2 */

static const crypt_profile_t  crypt_profiles[] = {
    { "SRTP_AES128_CM_SHA1_80", 16, 14,
      srtp_crypto_policy_set_rtp_default,
      srtp_crypto_policy_set_rtp_default },
    { "SRTP_AES128_CM_SHA1_32", 16, 14,
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
      srtp_crypto_policy_set_rtp_default },
    { "SRTP_AEAD_AES_128_GCM", 16, 12,
      srtp_crypto_policy_set_aes_gcm_128_16_auth,
      srtp_crypto_policy_set_aes_gcm_128_16_auth },
    { "SRTP_AEAD_AES_256_GCM", 32, 12,
      srtp_crypto_policy_set_aes_gcm_256_16_auth,
      srtp_crypto_policy_set_aes_gcm_256_16_auth },
};


void
crypt_init(void)
{
    if (srtp_init() != srtp_err_status_ok) {
        fprintf(stderr, "whip_peer: srtp_init failed\n");
        exit(2);
    }
}


static const crypt_profile_t *
crypt_find(const char *name)
{
    size_t  i;

    for (i = 0; i < sizeof(crypt_profiles) / sizeof(crypt_profiles[0]); i++) {
        if (strcmp(crypt_profiles[i].name, name) == 0) {
            return &crypt_profiles[i];
        }
    }

    return NULL;
}


static int
crypt_create(srtp_t *srtp, const crypt_profile_t *profile,
    srtp_ssrc_type_t type, const uint8_t *key, const uint8_t *salt)
{
    uint8_t        master[SRTP_MAX_KEY_LEN];
    srtp_policy_t  policy;

    memcpy(master, key, profile->key);
    memcpy(master + profile->key, salt, profile->salt);

    memset(&policy, 0, sizeof(srtp_policy_t));

    profile->rtp(&policy.rtp);
    profile->rtcp(&policy.rtcp);

    policy.ssrc.type = type;
    policy.key = master;
    policy.window_size = CRYPT_WINDOW;
    policy.allow_repeat_tx = 1;

    return srtp_create(srtp, &policy) == srtp_err_status_ok ? 0 : -1;
}


/* RFC 5764 4.2: client key, server key, client salt, server salt */

const char *
crypt_start(crypt_t *crypt, dtls_t *dtls)
{
    int                     server;
    size_t                  key, salt;
    uint8_t                 keys[DTLS_KEYS_MAX];
    const char             *name;
    const uint8_t          *salts;
    const crypt_profile_t  *profile;

    memset(crypt, 0, sizeof(crypt_t));

    name = dtls_profile(dtls);
    if (name == NULL) {
        return "no SRTP profile";
    }

    profile = crypt_find(name);
    if (profile == NULL) {
        return "unknown SRTP profile";
    }

    key = profile->key;
    salt = profile->salt;
    salts = keys + 2 * key;
    server = dtls->server;

    if (dtls_export(dtls, keys, 2 * (key + salt)) != 0) {
        return "no keying material";
    }

    if (crypt_create(&crypt->out, profile, ssrc_any_outbound,
                     keys + (server ? key : 0), salts + (server ? salt : 0))
        || crypt_create(&crypt->in, profile, ssrc_any_inbound,
                        keys + (server ? 0 : key), salts + (server ? 0 : salt)))
    {
        return "libsrtp2 refuses the profile";
    }

    return NULL;
}


void
crypt_free(crypt_t *crypt)
{
    if (crypt->out) {
        srtp_dealloc(crypt->out);
    }

    if (crypt->in) {
        srtp_dealloc(crypt->in);
    }

    crypt->out = NULL;
    crypt->in = NULL;
}


int
crypt_protect(crypt_t *crypt, uint8_t *packet, size_t *len)
{
    int  n;

    n = (int) *len;

    if (crypt->out == NULL
        || srtp_protect(crypt->out, packet, &n) != srtp_err_status_ok)
    {
        return -1;
    }

    *len = (size_t) n;

    return 0;
}


int
crypt_protect_rtcp(crypt_t *crypt, uint8_t *packet, size_t *len)
{
    int  n;

    n = (int) *len;

    if (crypt->out == NULL
        || srtp_protect_rtcp(crypt->out, packet, &n) != srtp_err_status_ok)
    {
        return -1;
    }

    *len = (size_t) n;

    return 0;
}


int
crypt_unprotect_rtcp(crypt_t *crypt, uint8_t *packet, size_t *len)
{
    int  n;

    n = (int) *len;

    if (crypt->in == NULL
        || srtp_unprotect_rtcp(crypt->in, packet, &n) != srtp_err_status_ok)
    {
        crypt->failed++;
        return -1;
    }

    *len = (size_t) n;

    return 0;
}
