
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_dtls.h"
#include "ngx_whip_path.h"
#include "ngx_whip_session.h"
#include "ngx_whip_srtp.h"

#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>


/* clients may give up 5 s after the answer, so retransmissions begin early */

#define NGX_WHIP_DTLS_FIRST     150000         /* us */
#define NGX_WHIP_DTLS_LONGEST   1200000        /* us */

#define NGX_WHIP_DTLS_DAYS      365

/* bytes of a client's certificates; that is also what is put together for it */
#define NGX_WHIP_DTLS_CHAIN     16384


struct ngx_whip_dtls_s {
    ngx_whip_session_t  *session;
    SSL                 *ssl;
    u_char              *in;             /* the datagram that is being read */
    size_t               in_len;
    ngx_msec_t           sent;           /* the last datagram */
    unsigned             client:1;
    unsigned             done:1;
    unsigned             mismatch:1;     /* of the fingerprint */
};


static ngx_int_t ngx_whip_dtls_certificate(ngx_log_t *log);
static ngx_int_t ngx_whip_dtls_context(ngx_log_t *log);
static BIO_METHOD *ngx_whip_dtls_bio_method(void);
static int ngx_whip_dtls_bio_write(BIO *bio, const char *p, int len);
static int ngx_whip_dtls_bio_read(BIO *bio, char *p, int len);
static long ngx_whip_dtls_bio_ctrl(BIO *bio, int cmd, long num, void *ptr);
static int ngx_whip_dtls_bio_create(BIO *bio);
static unsigned int ngx_whip_dtls_backoff(SSL *ssl, unsigned int us);
static int ngx_whip_dtls_verify(X509_STORE_CTX *store, void *data);
static ngx_int_t ngx_whip_dtls_match(ngx_whip_session_t *s, X509 *cert);
static void ngx_whip_dtls_handshake(ngx_whip_session_t *s);
static ngx_int_t ngx_whip_dtls_keys(ngx_whip_session_t *s);
static void ngx_whip_dtls_read(ngx_whip_session_t *s);
static void ngx_whip_dtls_failed(ngx_whip_session_t *s, const char *text);
static ngx_int_t ngx_whip_dtls_error(ngx_log_t *log, const char *text);


/* a worker's */

static SSL_CTX     *ngx_whip_dtls_ctx;
static BIO_METHOD  *ngx_whip_dtls_bio;
static X509        *ngx_whip_dtls_cert;
static EVP_PKEY    *ngx_whip_dtls_key;
static int          ngx_whip_dtls_index = -1;
static u_char       ngx_whip_dtls_print[NGX_WHIP_DTLS_FINGERPRINT];


ngx_int_t
ngx_whip_dtls_init(ngx_log_t *log)
{
    if (ngx_whip_dtls_index == -1) {
        ngx_whip_dtls_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }

    if (ngx_whip_dtls_index == -1
        || ngx_whip_dtls_certificate(log) != NGX_OK
        || ngx_whip_dtls_context(log) != NGX_OK)
    {
        ngx_whip_dtls_exit();
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_whip_dtls_exit(void)
{
    SSL_CTX_free(ngx_whip_dtls_ctx);
    X509_free(ngx_whip_dtls_cert);
    EVP_PKEY_free(ngx_whip_dtls_key);

    if (ngx_whip_dtls_bio) {
        BIO_meth_free(ngx_whip_dtls_bio);
    }

    ngx_whip_dtls_ctx = NULL;
    ngx_whip_dtls_cert = NULL;
    ngx_whip_dtls_key = NULL;
    ngx_whip_dtls_bio = NULL;
}


u_char *
ngx_whip_dtls_fingerprint(void)
{
    return ngx_whip_dtls_print;
}


/* ECDSA with P-256, signed by itself: RFC 8827, 6.5 */

static ngx_int_t
ngx_whip_dtls_certificate(ngx_log_t *log)
{
    X509          *cert;
    X509_NAME     *name;
    uint64_t       serial;
    unsigned int   len;

    ngx_whip_dtls_key = EVP_EC_gen("P-256");
    ngx_whip_dtls_cert = X509_new();

    if (ngx_whip_dtls_key == NULL || ngx_whip_dtls_cert == NULL
        || RAND_bytes((u_char *) &serial, sizeof(serial)) != 1)
    {
        return ngx_whip_dtls_error(log, "cannot make a key");
    }

    cert = ngx_whip_dtls_cert;
    name = X509_get_subject_name(cert);
    len = NGX_WHIP_DTLS_FINGERPRINT;

    if (X509_set_version(cert, 2) != 1
        || ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1)
           != 1
        || X509_gmtime_adj(X509_getm_notBefore(cert), -86400) == NULL
        || X509_gmtime_adj(X509_getm_notAfter(cert),
                           NGX_WHIP_DTLS_DAYS * 86400L)
           == NULL
        || X509_set_pubkey(cert, ngx_whip_dtls_key) != 1
        || X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const u_char *) "WebRTC", -1, -1, 0)
           != 1
        || X509_set_issuer_name(cert, name) != 1
        || X509_sign(cert, ngx_whip_dtls_key, EVP_sha256()) == 0
        || X509_digest(cert, EVP_sha256(), ngx_whip_dtls_print, &len) != 1)
    {
        return ngx_whip_dtls_error(log, "cannot make a certificate");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_dtls_context(ngx_log_t *log)
{
    SSL_CTX  *ctx;

    ngx_whip_dtls_bio = ngx_whip_dtls_bio_method();
    ngx_whip_dtls_ctx = SSL_CTX_new(DTLS_method());

    if (ngx_whip_dtls_bio == NULL || ngx_whip_dtls_ctx == NULL) {
        return ngx_whip_dtls_error(log, "cannot make a context");
    }

    ctx = ngx_whip_dtls_ctx;

    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU|SSL_OP_NO_RENEGOTIATION
                             |SSL_OP_NO_COMPRESSION|SSL_OP_NO_TICKET
                             |SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_max_cert_list(ctx, NGX_WHIP_DTLS_CHAIN);

    /* any chain: what counts is the digest, which comes by way of HTTPS */

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER|SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
    SSL_CTX_set_cert_verify_callback(ctx, ngx_whip_dtls_verify, NULL);

    if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1
        || SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1
        || SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1
        || SSL_CTX_set1_groups_list(ctx, "P-256:X25519:P-384") != 1
        || SSL_CTX_use_certificate(ctx, ngx_whip_dtls_cert) != 1
        || SSL_CTX_use_PrivateKey(ctx, ngx_whip_dtls_key) != 1

        /* this one returns 0 for success */

        || SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AEAD_AES_128_GCM"
                                            ":SRTP_AES128_CM_SHA1_80")
           != 0)
    {
        return ngx_whip_dtls_error(log, "cannot set up a context");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_dtls_error(ngx_log_t *log, const char *text)
{
    u_char  why[256];

    ERR_error_string_n(ERR_get_error(), (char *) why, sizeof(why));
    ERR_clear_error();

    ngx_log_error(NGX_LOG_ERR, log, 0, "whip: dtls: %s: %s", text, why);

    return NGX_ERROR;
}


ngx_whip_dtls_t *
ngx_whip_dtls_create(ngx_whip_session_t *s)
{
    BIO              *bio;
    SSL              *ssl;
    ngx_whip_dtls_t  *dtls;

    if (ngx_whip_dtls_ctx == NULL) {
        return NULL;
    }

    dtls = ngx_pcalloc(s->pool, sizeof(ngx_whip_dtls_t));
    if (dtls == NULL) {
        return NULL;
    }

    dtls->session = s;
    dtls->client = s->answer.dtls_client;

    ssl = SSL_new(ngx_whip_dtls_ctx);
    bio = BIO_new(ngx_whip_dtls_bio);

    if (ssl == NULL || bio == NULL || SSL_set_ex_data(ssl, ngx_whip_dtls_index,
                                                      dtls) != 1)
    {
        SSL_free(ssl);
        BIO_free(bio);
        (void) ngx_whip_dtls_error(s->log, "cannot make a session");
        return NULL;
    }

    BIO_set_data(bio, dtls);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_mtu(ssl, NGX_WHIP_MTU);
    DTLS_set_timer_cb(ssl, ngx_whip_dtls_backoff);

    if (dtls->client) {
        SSL_set_connect_state(ssl);

    } else {
        SSL_set_accept_state(ssl);
    }

    dtls->ssl = ssl;

    return dtls;
}


void
ngx_whip_dtls_destroy(ngx_whip_dtls_t *dtls)
{
    SSL_free(dtls->ssl);
    dtls->ssl = NULL;
}


static unsigned int
ngx_whip_dtls_backoff(SSL *ssl, unsigned int us)
{
    if (us == 0) {
        return NGX_WHIP_DTLS_FIRST;
    }

    return ngx_min(us * 2, NGX_WHIP_DTLS_LONGEST);
}


/* a BIO that hands one datagram in, and each write out as a datagram */

static BIO_METHOD *
ngx_whip_dtls_bio_method(void)
{
    BIO_METHOD  *method;

    method = BIO_meth_new(BIO_get_new_index()|BIO_TYPE_SOURCE_SINK, "whip");

    if (method == NULL
        || BIO_meth_set_write(method, ngx_whip_dtls_bio_write) != 1
        || BIO_meth_set_read(method, ngx_whip_dtls_bio_read) != 1
        || BIO_meth_set_ctrl(method, ngx_whip_dtls_bio_ctrl) != 1
        || BIO_meth_set_create(method, ngx_whip_dtls_bio_create) != 1)
    {
        BIO_meth_free(method);
        return NULL;
    }

    return method;
}


static int
ngx_whip_dtls_bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}


static int
ngx_whip_dtls_bio_write(BIO *bio, const char *p, int len)
{
    ngx_whip_dtls_t  *dtls;

    dtls = BIO_get_data(bio);

    /* without a path the datagram is lost, and will be sent again */

    if (dtls->session->path) {
        ngx_whip_path_send(dtls->session->path, (u_char *) p, len);
        dtls->sent = ngx_current_msec;
    }

    return len;
}


static int
ngx_whip_dtls_bio_read(BIO *bio, char *p, int len)
{
    ngx_whip_dtls_t  *dtls;

    BIO_clear_retry_flags(bio);

    dtls = BIO_get_data(bio);

    if (dtls->in_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }

    len = ngx_min((size_t) len, dtls->in_len);
    ngx_memcpy(p, dtls->in, len);
    dtls->in_len = 0;

    return len;
}


static long
ngx_whip_dtls_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    switch (cmd) {

    case BIO_CTRL_FLUSH:
        return 1;

    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return NGX_WHIP_MTU;

    default:
        return 0;
    }
}


static int
ngx_whip_dtls_verify(X509_STORE_CTX *store, void *data)
{
    SSL              *ssl;
    X509             *cert;
    ngx_whip_dtls_t  *dtls;

    ssl = X509_STORE_CTX_get_ex_data(store,
                                     SSL_get_ex_data_X509_STORE_CTX_idx());
    dtls = SSL_get_ex_data(ssl, ngx_whip_dtls_index);
    cert = X509_STORE_CTX_get0_cert(store);

    if (cert && ngx_whip_dtls_match(dtls->session, cert) == NGX_OK) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }

    dtls->mismatch = 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);

    return 0;
}


static ngx_int_t
ngx_whip_dtls_match(ngx_whip_session_t *s, X509 *cert)
{
    u_char                   digest[EVP_MAX_MD_SIZE];
    ngx_uint_t               i;
    unsigned int             len;
    const EVP_MD            *md;
    ngx_whip_fingerprint_t  *fp;

    for (i = 0; i < s->answer.nfingerprints; i++) {
        fp = &s->answer.fingerprints[i];

        switch (fp->algorithm) {
        case NGX_WHIP_SHA512:
            md = EVP_sha512();
            break;
        case NGX_WHIP_SHA384:
            md = EVP_sha384();
            break;
        default:
            md = EVP_sha256();
        }

        if (X509_digest(cert, md, digest, &len) == 1 && len == fp->len
            && CRYPTO_memcmp(digest, fp->digest, len) == 0)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


void
ngx_whip_dtls_start(ngx_whip_session_t *s)
{
    if (s->dtls->client && !s->dtls->done) {
        ngx_whip_dtls_handshake(s);
    }
}


void
ngx_whip_dtls_input(ngx_whip_session_t *s, u_char *p, size_t len)
{
    ngx_whip_dtls_t  *dtls;

    dtls = s->dtls;

    dtls->in = p;
    dtls->in_len = len;

    if (dtls->done) {
        ngx_whip_dtls_read(s);

    } else {

        /* what comes is an answer: until there are better ones, the rtt */

        if (dtls->sent) {
            s->rtt = ngx_current_msec - dtls->sent;
        }

        ngx_whip_dtls_handshake(s);
    }

    dtls->in_len = 0;
}


static void
ngx_whip_dtls_handshake(ngx_whip_session_t *s)
{
    int               n, err;
    ngx_whip_dtls_t  *dtls;

    dtls = s->dtls;

    ERR_clear_error();

    n = SSL_do_handshake(dtls->ssl);

    if (n != 1) {
        err = SSL_get_error(dtls->ssl, n);

        if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE) {
            return;
        }

        if (dtls->mismatch) {

            /* all of nginx's SSL has one queue of errors */
            ERR_clear_error();

            ngx_log_error(NGX_LOG_INFO, s->log, 0,
                          "whip: the client's certificate is not the one of "
                          "its offer");
            ngx_whip_session_close(s, NGX_WHIP_FINGERPRINT_MISMATCH);
            return;
        }

        ngx_whip_dtls_failed(s, "handshake failed");
        return;
    }

    dtls->done = 1;

    if (ngx_whip_dtls_keys(s) != NGX_OK) {
        ngx_whip_session_close(s, NGX_WHIP_DTLS_FAILED);
        return;
    }

    ngx_whip_session_connected(s);
}


/*
 * RFC 5764, 4.2: client key, server key, client salt, server salt.  What comes
 * in is protected by the write key of the peer's role.
 */

static ngx_int_t
ngx_whip_dtls_keys(ngx_whip_session_t *s)
{
    size_t                    key, salt;
    u_char                    out[2 * (16 + 14)], *p;
    u_char                    client[16 + 14], server[16 + 14];
    ngx_int_t                 rc;
    SRTP_PROTECTION_PROFILE  *profile;

    profile = SSL_get_selected_srtp_profile(s->dtls->ssl);

    if (profile == NULL) {
        ngx_log_error(NGX_LOG_INFO, s->log, 0,
                      "whip: no SRTP profile in common with the client");
        return NGX_ERROR;
    }

    key = 16;
    salt = profile->id == SRTP_AEAD_AES_128_GCM ? 12 : 14;

    if (SSL_export_keying_material(s->dtls->ssl, out, 2 * (key + salt),
                                   "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0)
        != 1)
    {
        return ngx_whip_dtls_error(s->log, "cannot export keys");
    }

    p = out;

    ngx_memcpy(client, p, key);
    p += key;
    ngx_memcpy(server, p, key);
    p += key;
    ngx_memcpy(client + key, p, salt);
    p += salt;
    ngx_memcpy(server + key, p, salt);

    rc = s->dtls->client
         ? ngx_whip_srtp_create(s, profile->id == SRTP_AEAD_AES_128_GCM,
                                server, client)
         : ngx_whip_srtp_create(s, profile->id == SRTP_AEAD_AES_128_GCM,
                                client, server);

    OPENSSL_cleanse(out, sizeof(out));
    OPENSSL_cleanse(client, sizeof(client));
    OPENSSL_cleanse(server, sizeof(server));

    return rc;
}


/* after the handshake: close_notify, alerts, a flight that was lost */

static void
ngx_whip_dtls_read(ngx_whip_session_t *s)
{
    int         n, err;
    u_char      buf[256];
    ngx_uint_t  i;

    for (i = 0; i < 8; i++) {

        ERR_clear_error();

        n = SSL_read(s->dtls->ssl, buf, sizeof(buf));

        if (n > 0) {
            continue;
        }

        err = SSL_get_error(s->dtls->ssl, n);

        if (err == SSL_ERROR_ZERO_RETURN) {
            ngx_whip_session_close(s, NGX_WHIP_CLOSED_BY_CLIENT);

        } else if (err != SSL_ERROR_WANT_READ && err != SSL_ERROR_WANT_WRITE) {
            ngx_whip_session_close(s, NGX_WHIP_CLOSED_BY_CLIENT);
        }

        return;
    }
}


static void
ngx_whip_dtls_failed(ngx_whip_session_t *s, const char *text)
{
    u_char  why[256];

    ERR_error_string_n(ERR_get_error(), (char *) why, sizeof(why));
    ERR_clear_error();

    ngx_log_error(NGX_LOG_INFO, s->log, 0, "whip: dtls: %s: %s", text, why);

    ngx_whip_session_close(s, NGX_WHIP_DTLS_FAILED);
}


ngx_msec_t
ngx_whip_dtls_timer(ngx_whip_session_t *s)
{
    struct timeval  tv;

    if (s->dtls == NULL || s->dtls->done || s->path == NULL
        || DTLSv1_get_timeout(s->dtls->ssl, &tv) != 1)
    {
        return NGX_TIMER_INFINITE;
    }

    return tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000;
}


void
ngx_whip_dtls_retransmit(ngx_whip_session_t *s)
{
    ERR_clear_error();

    if (DTLSv1_handle_timeout(s->dtls->ssl) < 0) {
        ngx_whip_dtls_failed(s, "no answer");
    }
}


void
ngx_whip_dtls_close(ngx_whip_session_t *s)
{
    if (s->dtls && s->dtls->done && s->path) {
        (void) SSL_shutdown(s->dtls->ssl);
    }

    ERR_clear_error();
}


void
ngx_whip_dtls_text(ngx_whip_session_t *s, ngx_whip_stats_t *stats)
{
    SRTP_PROTECTION_PROFILE  *profile;

    if (s->dtls == NULL || !s->dtls->done) {
        return;
    }

    profile = SSL_get_selected_srtp_profile(s->dtls->ssl);

    (void) ngx_cpystrn(stats->cipher,
                       (u_char *) SSL_get_cipher_name(s->dtls->ssl),
                       sizeof(stats->cipher));
    (void) ngx_cpystrn(stats->tls,
                       (u_char *) SSL_get_version(s->dtls->ssl),
                       sizeof(stats->tls));
    (void) ngx_cpystrn(stats->srtp, (u_char *) profile->name,
                       sizeof(stats->srtp));

    stats->dtls_client = s->dtls->client;
}
