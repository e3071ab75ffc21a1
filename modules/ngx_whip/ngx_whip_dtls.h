
/*
 * Copyright (C) the ngx_live contributors
 *
 * DTLS 1.2 for SRTP: RFC 5764, RFC 8827.  The only file that knows OpenSSL's
 * SSL.
 */


#ifndef _NGX_WHIP_DTLS_H_INCLUDED_
#define _NGX_WHIP_DTLS_H_INCLUDED_


#include "ngx_whip.h"


#define NGX_WHIP_DTLS_FINGERPRINT  32     /* SHA-256 */


#pragma GCC visibility push(hidden)

/* in a worker: makes its certificate; NGX_ERROR is logged */
ngx_int_t ngx_whip_dtls_init(ngx_log_t *log);
void ngx_whip_dtls_exit(void);

/* of this worker's certificate */
u_char *ngx_whip_dtls_fingerprint(void);

/* NULL: logged; freed by ngx_whip_dtls_destroy() */
ngx_whip_dtls_t *ngx_whip_dtls_create(ngx_whip_session_t *s);
void ngx_whip_dtls_destroy(ngx_whip_dtls_t *dtls);

/* there is a path now: as the client this side begins */
void ngx_whip_dtls_start(ngx_whip_session_t *s);

/* one datagram of DTLS; may end the session */
void ngx_whip_dtls_input(ngx_whip_session_t *s, u_char *p, size_t len);

/* ms until ngx_whip_dtls_retransmit() is due, NGX_TIMER_INFINITE: never */
ngx_msec_t ngx_whip_dtls_timer(ngx_whip_session_t *s);
void ngx_whip_dtls_retransmit(ngx_whip_session_t *s);

/* sends close_notify, if there is a handshake behind and a path */
void ngx_whip_dtls_close(ngx_whip_session_t *s);

/* for the status; NUL-terminated */
void ngx_whip_dtls_text(ngx_whip_session_t *s, ngx_whip_stats_t *stats);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_DTLS_H_INCLUDED_ */
