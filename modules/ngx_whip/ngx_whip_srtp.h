
/*
 * Copyright (C) the ngx_live contributors
 *
 * SRTP and SRTCP: RFC 3711, RFC 7714.  With ngx_whip_engine the only file that
 * knows libsrtp2.
 */


#ifndef _NGX_WHIP_SRTP_H_INCLUDED_
#define _NGX_WHIP_SRTP_H_INCLUDED_


#include "ngx_whip.h"


/* room that protecting takes behind a packet: tag, index */

#define NGX_WHIP_SRTP_TRAILER  48


#pragma GCC visibility push(hidden)

/* of the process; NGX_ERROR is logged */
ngx_int_t ngx_whip_srtp_init(ngx_log_t *log);
void ngx_whip_srtp_exit(void);

/*
 * Keys are followed by their salts: 16 + 12 bytes for AES_128_GCM, otherwise
 * 16 + 14 for AES_CM_128_HMAC_SHA1_80.
 */
ngx_int_t ngx_whip_srtp_create(ngx_whip_session_t *s, ngx_uint_t gcm,
    u_char *in, u_char *out);
void ngx_whip_srtp_destroy(ngx_whip_srtp_t *srtp);

/*
 * Unprotects in place, *len becomes shorter.  NGX_DECLINED: a repetition, to
 * be ignored; NGX_ERROR: not authentic.
 */
ngx_int_t ngx_whip_srtp_rtp(ngx_whip_srtp_t *srtp, u_char *p, size_t *len);
ngx_int_t ngx_whip_srtp_rtcp(ngx_whip_srtp_t *srtp, u_char *p, size_t *len);

/* the state of a source that is not heard any more */
void ngx_whip_srtp_forget(ngx_whip_srtp_t *srtp, uint32_t ssrc);

/* protects RTCP in place; there are NGX_WHIP_SRTP_TRAILER bytes of room */
ngx_int_t ngx_whip_srtp_protect(ngx_whip_srtp_t *srtp, u_char *p,
    size_t *len);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_SRTP_H_INCLUDED_ */
