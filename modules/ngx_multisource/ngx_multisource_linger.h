
/*
 * Copyright (C) the ngx_live contributors
 *
 * A drained close: a socket that is closed with unread input is reset, and a
 * reset eats the status that says why. So the sending side is shut first and
 * what still comes is read and thrown away, for a bounded time.
 */


#ifndef _NGX_MULTISOURCE_LINGER_H_INCLUDED_
#define _NGX_MULTISOURCE_LINGER_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/*
 * Takes the connection over from nginx-rtmp after a status was sent. The
 * session is finalized when the peer closes, or after two seconds. A session
 * without a socket of its own is finalized at once.
 */
void ngx_multisource_linger_start(ngx_multisource_ctx_t *ctx);

/* when the session is being freed */
void ngx_multisource_linger_stop(ngx_multisource_ctx_t *ctx);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_LINGER_H_INCLUDED_ */
