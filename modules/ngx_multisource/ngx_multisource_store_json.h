
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure, over jansson: shows and their viewers as they stand in Redis. What is
 * read from there may have been written by anybody, and is checked field by
 * field. Streams are told by number, in the order of the record.
 *
 *     {"version": 1, "id", "at", "told", "app", "streamer", "title", "code",
 *      "state": "waiting|live|ended", "private", "asked", "revision",
 *      "created", "started", "ended", "last_live",
 *      "director": "off|manual|activity", "on_air": N|null, "on_air_since",
 *      "price": null|{"currency", "base", "addon": [4], "discount"},
 *      "streams": [{"name", "label", "type", "expected", "disabled", "live",
 *                   "since", "views", "watched", "peak"}],
 *      "counts": {"distinct", "peak", "watched", "joins", "join_ms",
 *                 "join_buckets": [12], "stalls", "stalled", "amount"},
 *      "switches": [[FROM, TO, COUNT]]}
 *
 *     {"joined", "seen", "watched", "amount", "total": [MS],
 *      "preferences": [ENABLED, MAIN, PIP, CORNER, SIZE, LAYOUT, FOLLOW]}
 */


#ifndef _NGX_MULTISOURCE_STORE_JSON_H_INCLUDED_
#define _NGX_MULTISOURCE_STORE_JSON_H_INCLUDED_


#include "ngx_multisource_show.h"
#include "ngx_multisource_viewer.h"


#define NGX_MULTISOURCE_STORE_JSON_SHOW    65536    /* bytes of a text */
#define NGX_MULTISOURCE_STORE_JSON_VIEWER  1024

#define NGX_MULTISOURCE_STORE_JSON_ID      16       /* hex digits of a viewer */


/* what a text says beyond the show itself */

typedef struct {
    uint64_t     at;                /* written, ms since the epoch */
    ngx_uint_t   told;              /* see ngx_multisource_webhook.h */
} ngx_multisource_store_json_t;


#pragma GCC visibility push(hidden)

/* ends with NUL, and is free()d; NULL: out of memory, or it is not UTF-8 */
char *ngx_multisource_store_json_show(
    const ngx_multisource_show_record_t *record,
    const ngx_multisource_show_counts_t *counts,
    const ngx_multisource_store_json_t *more);

/* NULL, or the first field that is wrong; nothing is to be used then */
const char *ngx_multisource_store_json_read_show(ngx_str_t *text,
    ngx_multisource_show_record_t *record,
    ngx_multisource_show_counts_t *counts, ngx_multisource_store_json_t *more);

/* `buf` has room for NGX_MULTISOURCE_STORE_JSON_VIEWER; returns the length */
size_t ngx_multisource_store_json_viewer(
    const ngx_multisource_viewer_look_t *look, u_char *buf);

/* `id`: 16 hex digits. The show has `n` streams. As above */
const char *ngx_multisource_store_json_read_viewer(ngx_str_t *id,
    ngx_str_t *text, ngx_uint_t n, ngx_multisource_viewer_look_t *look);

/* nonzero: 32 lower-case hex digits */
ngx_uint_t ngx_multisource_store_json_is_id(const u_char *p, size_t len);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_STORE_JSON_H_INCLUDED_ */
