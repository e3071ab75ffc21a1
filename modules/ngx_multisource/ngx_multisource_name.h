
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: the grammar of stream names.
 *
 *     name   = head [ ( separator / "/" ) source ]
 *     source = 1*50( ALPHA / DIGIT / "_" / "-" )
 *
 * The head is a secret key, or, without a key file, the streamer's public id.
 */


#ifndef _NGX_MULTISOURCE_NAME_H_INCLUDED_
#define _NGX_MULTISOURCE_NAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_reason.h"


#define NGX_MULTISOURCE_NAME_MAX  50    /* of a streamer id or a source */
#define NGX_MULTISOURCE_SEP_MAX   8


typedef struct {
    ngx_str_t   separator;
    ngx_str_t   default_source;
    ngx_str_t  *reserved;       /* lower case */
    ngx_uint_t  nreserved;
} ngx_multisource_naming_t;


#pragma GCC visibility push(hidden)

/*
 * Finds the first separator at or after `from`. Returns the length of what
 * stands before it and, in *rest, where the source begins; or name->len and
 * *rest = NULL when there is none.
 */
size_t ngx_multisource_name_cut(ngx_multisource_naming_t *naming,
    ngx_str_t *name, size_t from, u_char **rest);

/*
 * NGX_MULTISOURCE_OK, or why the name may not be used. Two accepted names make
 * a public name that ngx_multisource_name_cut() splits into the same two.
 */
ngx_uint_t ngx_multisource_name_check_source(ngx_multisource_naming_t *naming,
    ngx_str_t *source);
ngx_uint_t ngx_multisource_name_check_streamer(
    ngx_multisource_naming_t *naming, ngx_str_t *streamer);

/*
 * A name that nothing is known about yet (an on_publish callback will tell)
 * but that stock modules may already use in a path: printable ASCII without
 * blank, "/", "\", "%" and quote, no leading dot, no two dots in a row.
 */
ngx_uint_t ngx_multisource_name_check_sent(ngx_str_t *name);

/*
 * Writes STREAMER, or STREAMER SEPARATOR SOURCE, and a NUL; `buf` has room for
 * two names, a separator and the NUL. Returns the length without the NUL.
 */
size_t ngx_multisource_name_public(ngx_multisource_naming_t *naming,
    ngx_str_t *streamer, ngx_str_t *source, u_char *buf);

/*
 * What people read for a source: Main_Screen is "Main Screen". `buf` has room
 * for NGX_MULTISOURCE_NAME_MAX bytes. Returns the length.
 */
size_t ngx_multisource_name_label(const ngx_str_t *source, u_char *buf);

/*
 * What a log may show of a name that is or contains a key: at most four
 * characters and never more than a quarter of what can be the key, then
 * "***"; other characters than those of a name become "?". `buf` has room for
 * 8 bytes. Returns the length.
 */
size_t ngx_multisource_name_mask(ngx_multisource_naming_t *naming,
    ngx_str_t *name, u_char *buf);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_NAME_H_INCLUDED_ */
