
/*
 * Copyright (C) the ngx_live contributors
 *
 * Who may use the API, and for which streamer. A file of lines
 *
 *     TOKEN STREAMER
 *     TOKEN *
 *     sha256:HEX STREAMER
 *
 * with "#" comments and blank lines. Tokens are 16 to 512 bytes of the
 * characters that a bearer token has (RFC 6750); several may name one streamer.
 * Only digests are kept.
 */


#ifndef _NGX_SIMULCAST_TOKENS_H_INCLUDED_
#define _NGX_SIMULCAST_TOKENS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast.h"


#define NGX_SIMULCAST_TOKENS_MAX  10000


typedef struct {
    u_char       digest[32];                /* SHA-256 */
    char         streamer[NGX_SIMULCAST_NAME + 1];  /* "*": all */
} ngx_simulcast_token_t;


typedef struct {
    ngx_uint_t               n;
    ngx_simulcast_token_t   *table;
} ngx_simulcast_tokens_t;


#pragma GCC visibility push(hidden)

/*
 * From the text of a file; memory of the pool. NULL: *error says what is wrong
 * (never a token) and *line where, from 1.
 */
ngx_simulcast_tokens_t *ngx_simulcast_tokens_parse(ngx_pool_t *pool,
    ngx_str_t *text, const char **error, ngx_uint_t *line);

/*
 * The entry of a token as it came in "Authorization: Bearer", or NULL. Looks at
 * all entries, and compares digests in constant time.
 */
ngx_simulcast_token_t *ngx_simulcast_tokens_find(
    ngx_simulcast_tokens_t *tokens, ngx_str_t *token);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_TOKENS_H_INCLUDED_ */
