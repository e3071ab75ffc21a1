
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory: parameters as application/x-www-form-urlencoded, for
 * queries and bodies, and texts cut to what platforms take.
 */


#ifndef _NGX_SIMULCAST_FORM_H_INCLUDED_
#define _NGX_SIMULCAST_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_FORM_MAX  65536       /* bytes, NUL included */


/* all zeros: empty */

typedef struct {
    char        *data;              /* malloc'd and NUL-terminated, or NULL */
    size_t       len;
    size_t       size;
    unsigned     failed:1;          /* out of memory, or too long: to be looked
                                       at once, after everything is added */
} ngx_simulcast_form_t;


#pragma GCC visibility push(hidden)

/* "[&]name=value"; everything but A-Z a-z 0-9 - . _ ~ is percent-encoded */
void ngx_simulcast_form_add(ngx_simulcast_form_t *form, const char *name,
    const char *value);
void ngx_simulcast_form_addn(ngx_simulcast_form_t *form, const char *name,
    ngx_str_t *value);

/* a segment of a path, or one value */
void ngx_simulcast_form_escape(ngx_simulcast_form_t *form, const u_char *p,
    size_t len);

/* wipes the memory: it may hold secrets */
void ngx_simulcast_form_free(ngx_simulcast_form_t *form);

/*
 * Copies UTF-8 text to dst (of `size` bytes, NUL included), at most `chars`
 * characters of it, and none of the characters in `without` (may be NULL).
 * Control characters become blanks; blanks at both ends are left out. Returns
 * the number of bytes, without the NUL. What is not UTF-8 is left out.
 */
size_t ngx_simulcast_form_cut(char *dst, size_t size, const char *text,
    size_t chars, const char *without);

/* the same, but lines stay lines */
size_t ngx_simulcast_form_lines(char *dst, size_t size, const char *text,
    size_t chars, const char *without);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_FORM_H_INCLUDED_ */
