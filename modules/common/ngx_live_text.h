
/*
 * Copyright (C) the ngx_live contributors
 *
 * Writes the pieces of a codec's name.  Pure.
 *
 * Each returns where the next piece goes.  None writes a NUL nor checks for
 * room: the longest name, that of HEVC with all its fields, has 41 bytes of
 * NGX_LIVE_CODEC_NAME_LEN, and ngx_live_codec_config() zeroes the name.
 */


#ifndef _NGX_LIVE_TEXT_H_INCLUDED_
#define _NGX_LIVE_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_TEXT_LOWER  "0123456789abcdef"
#define NGX_LIVE_TEXT_UPPER  "0123456789ABCDEF"


#pragma GCC visibility push(hidden)

u_char *ngx_live_text_copy(u_char *p, const char *s);

/* with zeros in front, up to so many digits */

u_char *ngx_live_text_dec(u_char *p, uint32_t v, ngx_uint_t digits);
u_char *ngx_live_text_hex(u_char *p, uint32_t v, ngx_uint_t digits,
    const char *alphabet);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_TEXT_H_INCLUDED_ */
