
/*
 * Copyright (C) the ngx_live contributors
 *
 * Writes text into a buffer of a given size.  Pure.
 */


#ifndef _NGX_WHIP_TEXT_H_INCLUDED_
#define _NGX_WHIP_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    u_char    *pos;             /* where the next text goes */
    u_char    *last;            /* behind the buffer */
    unsigned   full:1;          /* something did not fit and was left out */
} ngx_whip_text_t;


#pragma GCC visibility push(hidden)

void ngx_whip_text_init(ngx_whip_text_t *text, u_char *buf, u_char *last);

/*
 * Appends; no NUL follows.  Of ngx_sprintf()'s conversions it knows %V, %s,
 * %ui and %%; a "%*s" it does not know.
 */
void ngx_cdecl ngx_whip_text_add(ngx_whip_text_t *text, const char *fmt, ...);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_TEXT_H_INCLUDED_ */
