
/*
 * Copyright (C) the ngx_live contributors
 *
 * The sources that a session has heard of: each of them costs libsrtp a state
 * of its own, and strangers' packets name many.
 */


#ifndef _NGX_WHIP_SSRC_H_INCLUDED_
#define _NGX_WHIP_SSRC_H_INCLUDED_


#include "ngx_whip.h"


#pragma GCC visibility push(hidden)

/*
 * NGX_OK: authentic packets had this SSRC; NGX_DECLINED: none yet, and there is
 * room for it; NGX_ERROR: no room.
 */
ngx_int_t ngx_whip_ssrc_find(ngx_whip_session_t *s, uint32_t ssrc);

/* an authentic packet had it; one not heard for long may make room */
void ngx_whip_ssrc_heard(ngx_whip_session_t *s, uint32_t ssrc);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_SSRC_H_INCLUDED_ */
