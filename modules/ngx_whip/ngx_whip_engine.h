
/*
 * Copyright (C) the ngx_live contributors
 *
 * OpenSSL's primitives for libsrtp2, which distributions build with libraries
 * whose calls are slow for packets: AES-128 in counter mode (RFC 3711, section
 * 4.1.1), HMAC-SHA1 (RFC 3711, section 4.2.1) and AES-128-GCM (RFC 7714).
 */


#ifndef _NGX_WHIP_ENGINE_H_INCLUDED_
#define _NGX_WHIP_ENGINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#pragma GCC visibility push(hidden)

/*
 * Of the process, after each srtp_init(): replaces the primitives of sessions
 * that are created from then on.  libsrtp2 tries them first with the vectors of
 * the RFCs and with its own.
 *
 *     NGX_OK     all are replaced
 *     NGX_ERROR  is logged as a warning; primitives that were not replaced are
 *                the library's own, and all sessions work
 */
ngx_int_t ngx_whip_engine_init(ngx_log_t *log);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_ENGINE_H_INCLUDED_ */
