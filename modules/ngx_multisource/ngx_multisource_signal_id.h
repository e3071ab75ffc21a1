
/*
 * Copyright (C) the ngx_live contributors
 *
 * signal_id: which WHIP session a client of ngx_multisource_signal.h means:
 *
 *     base64url( mac[32] length[1] etag[length] location[] )      RFC 4648, 5
 *
 * where the MAC, in hex, is over the streamer, the source, the ETag and the
 * Location; so that nothing needs to be stored, and nobody can name what he was
 * not given.
 */


#ifndef _NGX_MULTISOURCE_SIGNAL_ID_H_INCLUDED_
#define _NGX_MULTISOURCE_SIGNAL_ID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_MULTISOURCE_SIGNAL_ID_RAW  192      /* bytes */
#define NGX_MULTISOURCE_SIGNAL_ID_LEN  256      /* characters of these */


typedef struct {
    ngx_str_t    streamer;
    ngx_str_t    source;
    ngx_str_t    etag;              /* "": there is none */
    ngx_str_t    location;          /* an absolute path */
} ngx_multisource_signal_id_t;


#pragma GCC visibility push(hidden)

/*
 * `text` has room for NGX_MULTISOURCE_SIGNAL_ID_LEN.  NGX_DECLINED: the
 * Location is none that could be asked for again; NGX_ERROR: OpenSSL failed,
 * or there is no memory
 */
ngx_int_t ngx_multisource_signal_id_seal(ngx_multisource_signal_id_t *id,
    const u_char *key, ngx_pool_t *pool, u_char *text, size_t *len);

/*
 * The session of a streamer's source, which are set: ETag and Location are of
 * the pool. NGX_DECLINED: it is none of ours, or of another source
 */
ngx_int_t ngx_multisource_signal_id_unseal(ngx_multisource_signal_id_t *id,
    const u_char *key, ngx_pool_t *pool, ngx_str_t *text);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SIGNAL_ID_H_INCLUDED_ */
