
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: one line of a key file.
 *
 *     line    = [ key streamer *option ] [ "#" comment ]
 *     key     = 4*200( any but "/" and blanks ) / "sha256:" 64HEXDIG
 *     option  = "max_sources=" N / "max_bitrate=" RATE
 *               / "sources=" NAME *( "," NAME )
 *
 * with blanks between the words. Nothing is copied: results point into the
 * line, which holds a secret, and so do they.
 */


#ifndef _NGX_MULTISOURCE_KEYLINE_H_INCLUDED_
#define _NGX_MULTISOURCE_KEYLINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_name.h"


#define NGX_MULTISOURCE_KEYLINE_KEY_MIN  4
#define NGX_MULTISOURCE_KEYLINE_KEY_MAX  200


typedef struct {
    ngx_str_t   key;            /* empty: the line has the key's digest */
    u_char      digest[32];     /* SHA-256; set where `key` is empty */
    ngx_str_t   streamer;
    ngx_uint_t  max_sources;    /* 0: not given */
    uint64_t    max_bitrate;    /* bit/s; 0: not given */
    ngx_str_t   sources;        /* NAME,...; empty: not given */
} ngx_multisource_keyline_t;


#pragma GCC visibility push(hidden)

/*
 * p .. last is the line without its end; `max_sources` bounds that option.
 *
 *     NGX_OK     `line` is filled, all names in it are valid
 *     NGX_DONE   the line is blank or a comment
 *     NGX_ERROR  *expected says what would be right
 */
ngx_int_t ngx_multisource_keyline_parse(ngx_multisource_keyline_t *line,
    ngx_multisource_naming_t *naming, ngx_uint_t max_sources, u_char *p,
    u_char *last, const char **expected);

/*
 * Takes the first name off a NAME,... list. 0: none was left; a list that ends
 * in a comma ends in an empty name.
 */
ngx_uint_t ngx_multisource_keyline_source(ngx_str_t *list, ngx_str_t *source);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_KEYLINE_H_INCLUDED_ */
