
/*
 * Copyright (C) the ngx_live contributors
 *
 * The ICE-lite agent: RFC 8445, 2.5.  It answers checks and sends none.
 */


#ifndef _NGX_WHIP_ICE_H_INCLUDED_
#define _NGX_WHIP_ICE_H_INCLUDED_


#include "ngx_whip.h"
#include "ngx_whip_stun.h"


/* credentials of before a restart are still good for checks under way */

#define NGX_WHIP_ICE_OLD  5000       /* ms */


#pragma GCC visibility push(hidden)

/* new credentials, and a new ETag; the session is found by them from now on */
ngx_int_t ngx_whip_ice_credentials(ngx_whip_session_t *s);
void ngx_whip_ice_forget(ngx_whip_session_t *s);

/* the session of this worker that USERNAME names, or NULL */
ngx_whip_session_t *ngx_whip_ice_find(ngx_whip_stun_t *stun);

/* nonzero: USERNAME names this worker */
ngx_uint_t ngx_whip_ice_own(ngx_whip_stun_t *stun);

/* to the worker that USERNAME names; NGX_DECLINED: there is none */
ngx_int_t ngx_whip_ice_forward(ngx_whip_stun_t *stun, u_char *p, size_t len,
    struct sockaddr *peer, socklen_t peer_len, struct sockaddr *local,
    socklen_t local_len);

/* the generation and number of that worker */
ngx_int_t ngx_whip_ice_owner(ngx_whip_stun_t *stun, ngx_uint_t *generation,
    ngx_uint_t *number);

/*
 * NGX_OK: a binding request that was made by who has the session's password,
 * which becomes *key; NGX_DECLINED: to be dropped.  No state is kept of what is
 * not OK.
 */
ngx_int_t ngx_whip_ice_check(ngx_whip_session_t *s, ngx_whip_stun_t *stun,
    u_char *p, size_t len, ngx_str_t *key);

/* answers a checked request on the path that it came by, and uses the path */
void ngx_whip_ice_answer(ngx_whip_path_t *path, ngx_whip_stun_t *stun,
    ngx_str_t *key);

/* STUN on a path of the session */
void ngx_whip_ice_input(ngx_whip_path_t *path, u_char *p, size_t len);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_ICE_H_INCLUDED_ */
