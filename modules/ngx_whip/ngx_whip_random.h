
/*
 * Copyright (C) the ngx_live contributors
 *
 * Random text for ICE and for URLs, from OpenSSL's generator.
 */


#ifndef _NGX_WHIP_RANDOM_H_INCLUDED_
#define _NGX_WHIP_RANDOM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#pragma GCC visibility push(hidden)

/* n letters and digits of 6 bits (ice-char of RFC 8839), no NUL */
ngx_int_t ngx_whip_random_text(u_char *p, size_t n);

/* n hexadecimal digits, n even */
ngx_int_t ngx_whip_random_hex(u_char *p, size_t n);

/* not 0 */
uint32_t ngx_whip_random_ssrc(void);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_RANDOM_H_INCLUDED_ */
