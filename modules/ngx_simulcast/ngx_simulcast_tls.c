
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <openssl/x509v3.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_reason.h"
#include "ngx_simulcast_tls.h"


#define NGX_SIMULCAST_TLS_DEPTH    9

#define NGX_SIMULCAST_TLS_SUITES                                              \
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                          \
    "TLS_CHACHA20_POLY1305_SHA256"
#define NGX_SIMULCAST_TLS_CIPHERS                                             \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DEFAULT"


static ngx_uint_t ngx_simulcast_tls_address(ngx_str_t *host);


ngx_ssl_t *
ngx_simulcast_tls_create(ngx_conf_t *cf, ngx_str_t *trusted)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NULL;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(ssl);
        return NULL;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    /* a record that the socket did not take is offered again from a copy */

    SSL_CTX_set_mode(ssl->ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    /* where the choice is ours: a quarter less work than with 256 bits */

    if (SSL_CTX_set_ciphersuites(ssl->ctx, NGX_SIMULCAST_TLS_SUITES) == 0
        || SSL_CTX_set_cipher_list(ssl->ctx, NGX_SIMULCAST_TLS_CIPHERS) == 0)
    {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_cipher_list() failed");
        return NULL;
    }

    if (trusted->len) {
        return ngx_ssl_trusted_certificate(cf, ssl, trusted,
                                           NGX_SIMULCAST_TLS_DEPTH)
               == NGX_OK ? ssl : NULL;
    }

    if (SSL_CTX_set_default_verify_paths(ssl->ctx) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NULL;
    }

    SSL_CTX_set_verify_depth(ssl->ctx, NGX_SIMULCAST_TLS_DEPTH);

    return ssl;
}


ngx_int_t
ngx_simulcast_tls_start(ngx_connection_t *c, ngx_str_t *host)
{
    if (ngx_ssl_create_connection(ngx_simulcast_conf->ssl, c, NGX_SSL_CLIENT)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_simulcast_tls_address(host)) {
        return NGX_OK;
    }

    /* the link's strings end with NUL */

    if (SSL_set_tlsext_host_name(c->ssl->connection, (char *) host->data)
        == 0)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_simulcast_tls_verify(ngx_connection_t *c, ngx_str_t *host, char *buf,
    size_t size)
{
    int    named;
    X509  *cert;
    long   rc;

    if (!ngx_simulcast_conf->ssl_verify) {
        return NGX_SIMULCAST_OK;
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {

        (void) ngx_cpystrn((u_char *) buf,
                           (u_char *) X509_verify_cert_error_string(rc), size);

        if (rc == X509_V_ERR_CERT_HAS_EXPIRED
            || rc == X509_V_ERR_CERT_NOT_YET_VALID)
        {
            return NGX_SIMULCAST_CERTIFICATE_EXPIRED;
        }

        return NGX_SIMULCAST_CERTIFICATE_UNTRUSTED;
    }

    if (ngx_simulcast_tls_address(host)) {

        cert = SSL_get_peer_certificate(c->ssl->connection);
        named = cert && X509_check_ip_asc(cert, (char *) host->data, 0) == 1;
        X509_free(cert);

    } else {
        named = ngx_ssl_check_host(c, host) == NGX_OK;
    }

    return named ? NGX_SIMULCAST_OK : NGX_SIMULCAST_CERTIFICATE_NAME;
}


static ngx_uint_t
ngx_simulcast_tls_address(ngx_str_t *host)
{
    u_char  addr[16];

    return ngx_inet_addr(host->data, host->len) != INADDR_NONE
           || ngx_inet6_addr(host->data, host->len, addr) == NGX_OK;
}


void
ngx_simulcast_tls_cipher(ngx_connection_t *c, char *buf, size_t size)
{
    (void) ngx_snprintf((u_char *) buf, size, "%s %s%Z",
                        SSL_get_version(c->ssl->connection),
                        SSL_get_cipher_name(c->ssl->connection));
    buf[size - 1] = '\0';
}


uint64_t
ngx_simulcast_tls_written(ngx_connection_t *c)
{
    return BIO_number_written(SSL_get_wbio(c->ssl->connection));
}
