
/*
 * Copyright (C) the ngx_live contributors
 *
 * The body application/trickle-ice-sdpfrag of a PATCH, and the one that answers
 * an ICE restart: RFC 8840, 9; RFC 9725, 4.3.  Pure.
 */


#ifndef _NGX_WHIP_FRAG_H_INCLUDED_
#define _NGX_WHIP_FRAG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_answer.h"


#define NGX_WHIP_FRAG_MAX_SIZE  16384


/* strings point into the text that was read */

typedef struct {
    ngx_str_t    ufrag;                  /* the client's: both as RFC 8839,
                                            5.4 has it, or both empty */
    ngx_str_t    pwd;
    ngx_str_t    mid;                    /* the first one, or empty */
    ngx_uint_t   nmedia;                 /* "m=" lines */
    ngx_uint_t   ncandidates;            /* of whatever kind: not looked at */
    unsigned     end:1;                  /* of candidates */
} ngx_whip_frag_t;


#pragma GCC visibility push(hidden)

/*
 * Reads p .. end.  Credentials may be those of the session or of a media, but
 * are of one generation: there is no more than one pair.
 *
 *     NGX_OK
 *     NGX_ERROR  malformed: 400; *why is a sentence without anything of the
 *                fragment in it
 */
ngx_int_t ngx_whip_frag_parse(ngx_whip_frag_t *frag, u_char *p, u_char *end,
    const char **why);

/*
 * Writes our new credentials and all our candidates to buf .. last.  Of *local
 * ufrag, pwd and candidates are used; *a is what the session was answered.
 * Returns the end, or NULL if it does not fit.
 */
u_char *ngx_whip_frag_write(u_char *buf, u_char *last, ngx_whip_answer_t *a,
    ngx_whip_local_t *local);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_FRAG_H_INCLUDED_ */
