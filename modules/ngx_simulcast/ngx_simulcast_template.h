
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: a command written on one line, as the words of argv.
 *
 * Words are separated by blanks. Quotes are those of a shell: '...' takes all
 * as it is, "..." all but \", \\ and \{, and outside of quotes a backslash
 * takes the next character as it is. {name} stands for a value everywhere, in
 * quotes too, and a value is never split nor read again. There is no other
 * expansion, and no shell runs the command.
 */


#ifndef _NGX_SIMULCAST_TEMPLATE_H_INCLUDED_
#define _NGX_SIMULCAST_TEMPLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_TEMPLATE_LENGTH  4096     /* bytes of a command */
#define NGX_SIMULCAST_TEMPLATE_WORDS   256
#define NGX_SIMULCAST_TEMPLATE_ROOM    8192     /* bytes of its words, with a
                                                   NUL behind each */


typedef struct {
    const char  *name;
    const char  *value;
} ngx_simulcast_template_var_t;


/* argv points into text: not to be copied */

typedef struct {
    ngx_uint_t   argc;
    char        *argv[NGX_SIMULCAST_TEMPLATE_WORDS + 1];
    char         text[NGX_SIMULCAST_TEMPLATE_ROOM];
} ngx_simulcast_template_t;


#pragma GCC visibility push(hidden)

/*
 * NULL, or what is wrong with the command: a sentence, static. On NULL there is
 * at least one word, the first is not empty, and argv ends with a NULL.
 */
const char *ngx_simulcast_template_expand(ngx_simulcast_template_t *template,
    ngx_str_t *command, ngx_simulcast_template_var_t *vars, ngx_uint_t nvars);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_TEMPLATE_H_INCLUDED_ */
