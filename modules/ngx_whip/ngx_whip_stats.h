
/*
 * Copyright (C) the ngx_live contributors
 *
 * What a session does, counted for the status.
 */


#ifndef _NGX_WHIP_STATS_H_INCLUDED_
#define _NGX_WHIP_STATS_H_INCLUDED_


#include "ngx_whip.h"


#pragma GCC visibility push(hidden)

/* from the session to its slot in shared memory; once a second */
void ngx_whip_stats_update(ngx_whip_session_t *s);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_STATS_H_INCLUDED_ */
