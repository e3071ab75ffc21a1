
/*
 * Copyright (C) the ngx_live contributors
 *
 * The addresses that clients are told: RFC 8839, 5.1.
 */


#ifndef _NGX_WHIP_CANDIDATE_H_INCLUDED_
#define _NGX_WHIP_CANDIDATE_H_INCLUDED_


#include "ngx_whip.h"


#pragma GCC visibility push(hidden)

/*
 * Fills up to NGX_WHIP_CANDIDATES of them, the best first and all of UDP before
 * those of TCP, and returns how many.  The texts live as long as the cycle, or
 * until the next call.
 */
ngx_uint_t ngx_whip_candidate_list(ngx_whip_conf_t *conf,
    ngx_whip_candidate_t *candidates);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_CANDIDATE_H_INCLUDED_ */
