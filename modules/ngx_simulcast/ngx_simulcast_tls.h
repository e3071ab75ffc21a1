
/*
 * Copyright (C) the ngx_live contributors
 *
 * TLS of a connection that we open: nginx's SSL, and the verification that its
 * own callback leaves to the caller.
 */


#ifndef _NGX_SIMULCAST_TLS_H_INCLUDED_
#define _NGX_SIMULCAST_TLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#pragma GCC visibility push(hidden)

/*
 * At configuration time: a context for TLS 1.2 and 1.3 that trusts the file or,
 * when it is empty, the system's authorities. NULL on failure (logged).
 */
ngx_ssl_t *ngx_simulcast_tls_create(ngx_conf_t *cf, ngx_str_t *trusted);

/* before the handshake; a name is sent as SNI */
ngx_int_t ngx_simulcast_tls_start(ngx_connection_t *c, ngx_str_t *host);

/*
 * After it: NGX_SIMULCAST_OK, or a reason of ngx_simulcast_reason_e, and in buf
 * what OpenSSL says, NUL-terminated. Everything passes with simulcast_ssl_verify
 * off.
 */
ngx_uint_t ngx_simulcast_tls_verify(ngx_connection_t *c, ngx_str_t *host,
    char *buf, size_t size);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
void ngx_simulcast_tls_cipher(ngx_connection_t *c, char *buf, size_t size);

/* bytes given to the socket, records and handshake included */
uint64_t ngx_simulcast_tls_written(ngx_connection_t *c);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_TLS_H_INCLUDED_ */
