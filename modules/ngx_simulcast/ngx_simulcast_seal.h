
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory and random numbers: secrets at rest, AES-256-GCM
 * (OpenSSL) with a key derived by scrypt from what the operator gave.
 *
 * A sealed text is base64url without padding, with a version and the key's id
 * in front:
 *
 *     1.ID.BASE64URL(salt | iv | ciphertext | tag)
 *
 * The associated data binds it to what it belongs to, so that a record moved to
 * another destination, or a destination pointed elsewhere, does not open.
 *
 * The key file has one key or several, the first of which seals:
 *
 *     [ID:]PASSPHRASE      # comments and blank lines are skipped
 *
 * ID: 1 to 16 of A-Z a-z 0-9 - _, "0" when none is given. PASSPHRASE: 16 to 1024
 * bytes (`openssl rand -hex 32`), without commas, and with a colon only behind
 * an ID. A comment begins at the line's beginning or behind a blank.
 */


#ifndef _NGX_SIMULCAST_SEAL_H_INCLUDED_
#define _NGX_SIMULCAST_SEAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_SEAL_KEYS  16


typedef struct ngx_simulcast_seal_ring_s  ngx_simulcast_seal_ring_t;


#pragma GCC visibility push(hidden)

/*
 * From the text of a key file or of ENCRYPTION_KEY, one or several keys by
 * newline or comma. The key derivation (scrypt, slow on purpose) happens here,
 * once per key, with a fixed salt per ring: a worker may seal and open without
 * blocking. NULL on failure, *error says what is wrong, without the key.
 * Memory is malloc'd; ngx_simulcast_seal_free() wipes it.
 */
ngx_simulcast_seal_ring_t *ngx_simulcast_seal_load(ngx_str_t *text,
    const char **error);
void ngx_simulcast_seal_free(ngx_simulcast_seal_ring_t *ring);

/* bytes that ngx_simulcast_seal() may write for a text of this length */
size_t ngx_simulcast_seal_size(ngx_simulcast_seal_ring_t *ring, size_t len);

/*
 * Seals with the first key; `out` has room for ngx_simulcast_seal_size() bytes,
 * out->len is set. NGX_ERROR when OpenSSL fails.
 */
ngx_int_t ngx_simulcast_seal(ngx_simulcast_seal_ring_t *ring, ngx_str_t *text,
    ngx_str_t *aad, ngx_str_t *out);

/*
 * Opens; `out` has room for sealed->len bytes. *stale becomes nonzero when
 * another key than the first had sealed it: to be sealed anew. NGX_OK;
 * NGX_DECLINED: sealed by a key that the ring does not have; NGX_ERROR:
 * malformed, tampered with, of another destination, or by a wrong key of the
 * same id.
 */
ngx_int_t ngx_simulcast_seal_open(ngx_simulcast_seal_ring_t *ring,
    ngx_str_t *sealed, ngx_str_t *aad, ngx_str_t *out, ngx_uint_t *stale);

/* overwrites, in a way that the compiler keeps */
void ngx_simulcast_seal_wipe(void *p, size_t len);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_SEAL_H_INCLUDED_ */
