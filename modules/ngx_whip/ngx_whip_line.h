
/*
 * Copyright (C) the ngx_live contributors
 *
 * Reads the lines of a session description or of a fragment of one, and the
 * words in them: RFC 8866, 5 and 9; RFC 8840, 9.  Pure.
 *
 * Nothing is copied: what is read points into the buffer, whose end the caller
 * keeps alive.  No name nor value that is read has a control character in it
 * other than a tab.
 */


#ifndef _NGX_WHIP_LINE_H_INCLUDED_
#define _NGX_WHIP_LINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* without its end, in bytes; and how many of them */

#define NGX_WHIP_LINE_MAX_SIZE  4096
#define NGX_WHIP_LINE_MAX       2000


typedef struct {
    u_char      *pos;           /* the next line */
    u_char      *end;
    ngx_uint_t   lines;         /* read so far, empty ones too */

    /* the line that was read last: "m=value", "a=name:value" or "a=name" */

    u_char       type;
    ngx_str_t    name;          /* empty unless the type is "a" */
    ngx_str_t    value;
} ngx_whip_line_t;


#pragma GCC visibility push(hidden)

void ngx_whip_line_init(ngx_whip_line_t *line, u_char *p, u_char *end);

/*
 * The next line that is not empty; it ends in LF, CRLF or the end of the
 * buffer, and blanks before that do not count.
 *
 *     NGX_OK     type, name and value are set
 *     NGX_DONE   there is none
 *     NGX_ERROR  not such a line, or beyond a limit: *why tells
 */
ngx_int_t ngx_whip_line_next(ngx_whip_line_t *line, const char **why);

/*
 * Takes the first word off, and the blanks around it.  0: there was none.
 */
ngx_uint_t ngx_whip_line_word(ngx_str_t *rest, ngx_str_t *word);

/*
 * Takes the first item off a list whose items have "ch" between them; an item
 * may be empty.  0: none was left, which data = NULL tells.
 */
ngx_uint_t ngx_whip_line_item(ngx_str_t *list, u_char ch, ngx_str_t *item);

/*
 * The value of "name", in any case, among "name=value;name=value": the
 * parameters of a format (RFC 8866, 6.15) or of a rid (RFC 8851, 10).
 * 0: it is not there.
 */
ngx_uint_t ngx_whip_line_param(ngx_str_t *params, const char *name,
    ngx_str_t *value);

/* decimal digits alone, up to max; NGX_OK or NGX_ERROR */
ngx_int_t ngx_whip_line_number(ngx_str_t *s, ngx_uint_t max, ngx_uint_t *n);

/* of one digit, or NGX_ERROR */
ngx_int_t ngx_whip_line_hex(u_char ch);

/* byte by byte; and with ASCII letters in any case */
ngx_uint_t ngx_whip_line_is(ngx_str_t *s, const char *text);
ngx_uint_t ngx_whip_line_like(ngx_str_t *s, const char *text);
ngx_uint_t ngx_whip_line_equal(ngx_str_t *a, ngx_str_t *b);

/* one character or more of a token: RFC 8866, 9 */
ngx_uint_t ngx_whip_line_token(ngx_str_t *s);

/* the names and passwords of ICE: RFC 8839, 5.4; 4 and 22 to 256 characters */
ngx_uint_t ngx_whip_line_ufrag(ngx_str_t *s);
ngx_uint_t ngx_whip_line_pwd(ngx_str_t *s);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_LINE_H_INCLUDED_ */
