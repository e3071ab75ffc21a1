
/*
 * Copyright (C) the ngx_live contributors
 */


#include "dtls.h"
#include "loop.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


/* the first retransmission, doubled up to the last */

#define DTLS_RTO_FIRST        250000      /* microseconds */
#define DTLS_RTO_MAX          2000000

#define DTLS_CERTIFICATE_AGE  (24 * 3600)

/* a number for extensions that nobody may know, RFC 8701 */

#define DTLS_HELLO_EXTENSION  0x2a2a


static SSL_CTX     *dtls_ctx;
static BIO_METHOD  *dtls_method;
static char         dtls_own_fingerprint[100];
static size_t       dtls_hello_padding;


static void dtls_timeout(void *data);


static void
dtls_die(const char *what)
{
    fprintf(stderr, "whip_peer: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(2);
}


/* --- what all sessions share --------------------------------------------- */

static void
dtls_print_fingerprint(X509 *cert, char *text)
{
    unsigned       i, len;
    unsigned char  digest[EVP_MAX_MD_SIZE];

    if (X509_digest(cert, EVP_sha256(), digest, &len) != 1) {
        dtls_die("no digest of a certificate");
    }

    for (i = 0; i < len; i++) {
        sprintf(text + i * 3, "%02X%s", digest[i], i + 1 < len ? ":" : "");
    }
}


/* ECDSA on P-256, signed by itself, valid since yesterday */

static X509 *
dtls_certificate(EVP_PKEY *key)
{
    X509       *cert;
    X509_NAME  *name;

    cert = X509_new();

    if (cert == NULL) {
        dtls_die("no certificate");
    }

    name = X509_get_subject_name(cert);

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DTLS_CERTIFICATE_AGE);
    X509_gmtime_adj(X509_getm_notAfter(cert), 30 * DTLS_CERTIFICATE_AGE);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *) "whip_peer", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, key);

    if (X509_sign(cert, key, EVP_sha256()) == 0) {
        dtls_die("no signature");
    }

    return cert;
}


static int
dtls_verify(int ok, X509_STORE_CTX *store)
{
    /* what counts is the fingerprint, see dtls_check_fingerprint() */

    return 1;
}


static int
dtls_hello_add(SSL *ssl, unsigned type, unsigned context,
    const unsigned char **out, size_t *len, X509 *x, size_t chain, int *alert,
    void *arg)
{
    *out = calloc(1, dtls_hello_padding);
    *len = dtls_hello_padding;

    return *out ? 1 : -1;
}


static void
dtls_hello_free(SSL *ssl, unsigned type, unsigned context,
    const unsigned char *out, void *arg)
{
    free((void *) (uintptr_t) out);
}


static int
dtls_bio_write(BIO *bio, const char *data, int len)
{
    dtls_t  *dtls;

    dtls = BIO_get_data(bio);

    if (!dtls->sending) {
        dtls->sending = 1;
        dtls->flights++;
    }

    if (dtls->options->dtls_stall < 0
        || dtls->flights <= dtls->options->dtls_stall)
    {
        transport_send(dtls->transport, (const uint8_t *) data, (size_t) len,
                       NULL);
    }

    return len;
}


/* one datagram, whole */

static int
dtls_bio_read(BIO *bio, char *data, int size)
{
    size_t   len;
    dtls_t  *dtls;

    dtls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);

    if (dtls->in_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }

    len = dtls->in_len < (size_t) size ? dtls->in_len : (size_t) size;

    memcpy(data, dtls->in, len);
    dtls->in_len = 0;

    return (int) len;
}


static long
dtls_bio_ctrl(BIO *bio, int cmd, long number, void *pointer)
{
    return cmd == BIO_CTRL_FLUSH;
}


static int
dtls_bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);

    return 1;
}


void
dtls_init(const options_t *options)
{
    X509      *cert;
    EVP_PKEY  *key;

    dtls_ctx = SSL_CTX_new(DTLS_method());
    key = EVP_EC_gen("P-256");

    if (dtls_ctx == NULL || key == NULL) {
        dtls_die("no DTLS");
    }

    cert = dtls_certificate(key);
    dtls_print_fingerprint(cert, dtls_own_fingerprint);

    if (SSL_CTX_use_certificate(dtls_ctx, cert) != 1
        || SSL_CTX_use_PrivateKey(dtls_ctx, key) != 1)
    {
        dtls_die("certificate");
    }

    X509_free(cert);
    EVP_PKEY_free(key);

    SSL_CTX_set_min_proto_version(dtls_ctx, DTLS1_2_VERSION);
    SSL_CTX_set_options(dtls_ctx, SSL_OP_NO_QUERY_MTU);

    /* 0 is success */

    if (options->srtp && *options->srtp
        && SSL_CTX_set_tlsext_use_srtp(dtls_ctx, options->srtp) != 0)
    {
        dtls_die("option srtp");
    }

    if (options->groups && *options->groups
        && SSL_CTX_set1_groups_list(dtls_ctx, options->groups) != 1)
    {
        dtls_die("option groups");
    }

    dtls_hello_padding = (size_t) options->hello_padding;

    if (dtls_hello_padding
        && SSL_CTX_add_custom_ext(dtls_ctx, DTLS_HELLO_EXTENSION,
                                  SSL_EXT_CLIENT_HELLO, dtls_hello_add,
                                  dtls_hello_free, NULL, NULL, NULL) != 1)
    {
        dtls_die("option hello_padding");
    }

    dtls_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK|BIO_get_new_index(),
                               "datagrams");

    BIO_meth_set_write(dtls_method, dtls_bio_write);
    BIO_meth_set_read(dtls_method, dtls_bio_read);
    BIO_meth_set_ctrl(dtls_method, dtls_bio_ctrl);
    BIO_meth_set_create(dtls_method, dtls_bio_create);
}


const char *
dtls_fingerprint(void)
{
    return dtls_own_fingerprint;
}


/* --- one session --------------------------------------------------------- */

static void
dtls_info(const SSL *ssl, int where, int value)
{
    dtls_t  *dtls;

    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT
        && (value >> 8) == SSL3_AL_FATAL)
    {
        dtls = SSL_get_app_data(ssl);
        dtls->error = SSL_alert_desc_string_long(value);
    }
}


static unsigned
dtls_rto(SSL *ssl, unsigned was)
{
    if (was == 0) {
        return DTLS_RTO_FIRST;
    }

    return was * 2 < DTLS_RTO_MAX ? was * 2 : DTLS_RTO_MAX;
}


static void
dtls_over(dtls_t *dtls, dtls_event_e event)
{
    dtls->over = 1;
    loop_timer_stop(&dtls->timer);

    dtls->event(dtls->data, event);
}


static void
dtls_fail(dtls_t *dtls, const char *error)
{
    if (dtls->error) {
        dtls_over(dtls, DTLS_ALERT);
        return;
    }

    dtls->error = error;
    dtls_over(dtls, DTLS_FAILED);
}


/* a server that we did not ask for its certificate has shown none */

static int
dtls_check_fingerprint(dtls_t *dtls)
{
    char   text[100];
    X509  *cert;

    cert = SSL_get1_peer_certificate(dtls->ssl);

    if (cert == NULL) {
        return dtls->server && !dtls->options->verify ? 0 : -1;
    }

    dtls_print_fingerprint(cert, text);
    X509_free(cert);

    return strcasecmp(text, dtls->expected) == 0 ? 0 : -1;
}


static void
dtls_set_timer(dtls_t *dtls)
{
    uint64_t        due, limit;
    struct timeval  tv;

    limit = dtls->start + LOOP_MS(dtls->options->dtls_timeout);
    due = limit;

    if (DTLSv1_get_timeout(dtls->ssl, &tv) == 1) {
        due = loop_now() + (uint64_t) tv.tv_sec * 1000000
              + (uint64_t) tv.tv_usec;
    }

    loop_timer_set(&dtls->timer, due < limit ? due : limit);
}


static void
dtls_handshake(dtls_t *dtls)
{
    int            n;
    unsigned long  error;

    ERR_clear_error();

    n = SSL_do_handshake(dtls->ssl);

    if (n == 1) {
        loop_timer_stop(&dtls->timer);
        dtls->connected = 1;

        if (dtls_check_fingerprint(dtls) != 0) {
            dtls_fail(dtls, "fingerprint mismatch");
            return;
        }

        dtls->event(dtls->data, DTLS_CONNECTED);
        return;
    }

    if (SSL_get_error(dtls->ssl, n) == SSL_ERROR_WANT_READ) {
        dtls_set_timer(dtls);
        return;
    }

    error = ERR_peek_error();

    dtls_fail(dtls, error ? ERR_reason_error_string(error) : "handshake");
}


static void
dtls_timeout(void *data)
{
    dtls_t  *dtls;

    dtls = data;

    if (loop_now() >= dtls->start + LOOP_MS(dtls->options->dtls_timeout)) {
        dtls_fail(dtls, "handshake timeout");
        return;
    }

    if (DTLSv1_handle_timeout(dtls->ssl) < 0) {
        dtls_fail(dtls, "handshake timeout");
        return;
    }

    dtls_set_timer(dtls);
}


void
dtls_start(dtls_t *dtls, const options_t *options, transport_t *transport,
    int server, const char *fingerprint)
{
    BIO    *bio;
    void   *data;
    void  (*event)(void *, dtls_event_e);

    data = dtls->data;
    event = dtls->event;

    memset(dtls, 0, sizeof(dtls_t));

    dtls->options = options;
    dtls->transport = transport;
    dtls->server = server;
    dtls->data = data;
    dtls->event = event;
    dtls->start = loop_now();
    dtls->timer.handler = dtls_timeout;
    dtls->timer.data = dtls;

    snprintf(dtls->expected, sizeof(dtls->expected), "%s", fingerprint);

    dtls->ssl = SSL_new(dtls_ctx);
    bio = BIO_new(dtls_method);

    if (dtls->ssl == NULL || bio == NULL) {
        dtls_die("no DTLS connection");
    }

    BIO_set_data(bio, dtls);
    SSL_set_bio(dtls->ssl, bio, bio);
    SSL_set_app_data(dtls->ssl, dtls);
    SSL_set_info_callback(dtls->ssl, dtls_info);
    SSL_set_mtu(dtls->ssl, options->dtls_mtu);
    DTLS_set_timer_cb(dtls->ssl, dtls_rto);

    if (server) {
        SSL_set_accept_state(dtls->ssl);
    } else {
        SSL_set_connect_state(dtls->ssl);
    }

    if (!server || options->verify) {
        SSL_set_verify(dtls->ssl,
                       SSL_VERIFY_PEER|SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       dtls_verify);
    }

    dtls_handshake(dtls);
}


/* lost last flights are sent again in here, too */

static void
dtls_read(dtls_t *dtls)
{
    int   n;
    char  ignored[2048];

    ERR_clear_error();

    do {
        n = SSL_read(dtls->ssl, ignored, sizeof(ignored));
    } while (n > 0);

    if (dtls->error) {
        dtls_over(dtls, DTLS_ALERT);
        return;
    }

    if (SSL_get_error(dtls->ssl, n) == SSL_ERROR_ZERO_RETURN) {
        dtls_over(dtls, DTLS_CLOSED);
    }
}


void
dtls_input(dtls_t *dtls, const uint8_t *packet, size_t len)
{
    if (dtls->ssl == NULL || dtls->over) {
        return;
    }

    dtls->in = packet;
    dtls->in_len = len;
    dtls->sending = 0;

    if (dtls->connected) {
        dtls_read(dtls);
    } else {
        dtls_handshake(dtls);
    }

    dtls->in_len = 0;
}


void
dtls_close_notify(dtls_t *dtls)
{
    if (dtls->ssl && dtls->connected) {
        (void) SSL_shutdown(dtls->ssl);
        ERR_clear_error();
    }
}


void
dtls_free(dtls_t *dtls)
{
    loop_timer_stop(&dtls->timer);

    if (dtls->ssl) {
        SSL_free(dtls->ssl);
        dtls->ssl = NULL;
    }

    dtls->connected = 0;
}


const char *
dtls_profile(const dtls_t *dtls)
{
    SRTP_PROTECTION_PROFILE  *profile;

    profile = SSL_get_selected_srtp_profile(dtls->ssl);

    return profile ? profile->name : NULL;
}


int
dtls_export(dtls_t *dtls, uint8_t *keys, size_t len)
{
    static const char  label[] = "EXTRACTOR-dtls_srtp";

    return SSL_export_keying_material(dtls->ssl, keys, len, label,
                                      sizeof(label) - 1, NULL, 0, 0) == 1
           ? 0 : -1;
}
