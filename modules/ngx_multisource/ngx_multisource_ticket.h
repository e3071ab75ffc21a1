
/*
 * Copyright (C) the ngx_live contributors
 *
 * Viewer tokens: who somebody is in one show, until when, and a signature
 * (HMAC-SHA256, RFC 2104). Nothing is stored for them; a token is
 *
 *     "v1." base64url( show[16] viewer[8] expires[8] mac[32] )     RFC 4648, 5
 *
 * without padding, numbers in network order. The MAC is over all that stands
 * before it, the 3 bytes "v1." and 32 more, with "multisource viewer" in front.
 */


#ifndef _NGX_MULTISOURCE_TICKET_H_INCLUDED_
#define _NGX_MULTISOURCE_TICKET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_MULTISOURCE_TICKET_KEY   32         /* bytes */
#define NGX_MULTISOURCE_TICKET_LEN   (3 + (64 * 4 + 2) / 3)


typedef struct {
    u_char       show[32];          /* its id: hex digits, no NUL */
    uint64_t     viewer;            /* never 0 */
    uint64_t     expires;           /* s since the epoch */
} ngx_multisource_ticket_t;


#pragma GCC visibility push(hidden)

/* `buf` has room for NGX_MULTISOURCE_TICKET_LEN; NGX_ERROR: OpenSSL failed */
ngx_int_t ngx_multisource_ticket_sign(const ngx_multisource_ticket_t *ticket,
    const u_char *key, u_char *buf);

/*
 * NGX_OK; NGX_DECLINED: it is genuine, and has expired at `now`, s since the
 * epoch (*ticket is set); NGX_ERROR: it is no token of ours. In constant time
 * as to the signature.
 */
ngx_int_t ngx_multisource_ticket_verify(ngx_str_t *text, const u_char *key,
    uint64_t now, ngx_multisource_ticket_t *ticket);

/* a key from the text of a file, of 32 bytes or more: their SHA-256, without
   line ends behind them; NGX_DECLINED: it is shorter; NGX_ERROR: OpenSSL
   failed */
ngx_int_t ngx_multisource_ticket_key(ngx_str_t *text, u_char *key);

/*
 * Who has no token: the same number for the same address and browser on one
 * `day` (since the epoch), from which neither can be told. Never 0.
 */
uint64_t ngx_multisource_ticket_stranger(const u_char *key, uint64_t day,
    ngx_str_t *address, ngx_str_t *browser);

/* a number for a new viewer, never 0; and n random bytes as 2n hex digits, no
   NUL */
uint64_t ngx_multisource_ticket_viewer(void);
ngx_int_t ngx_multisource_ticket_random(u_char *hex, size_t n);

/* hex(HMAC-SHA256(key, "multisource webhook" + body)), 64 digits, no NUL */
ngx_int_t ngx_multisource_ticket_mark(const u_char *key, ngx_str_t *body,
    u_char *hex);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_TICKET_H_INCLUDED_ */
