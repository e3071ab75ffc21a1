
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the sender is told by RTCP: what is missing, when a key frame is needed,
 * how the network looks from here.
 */


#ifndef _NGX_WHIP_FEEDBACK_H_INCLUDED_
#define _NGX_WHIP_FEEDBACK_H_INCLUDED_


#include "ngx_whip.h"


/* ms between feedback about the network, and between reports */

#define NGX_WHIP_FEEDBACK_TWCC    100
#define NGX_WHIP_FEEDBACK_REPORT  1000


#pragma GCC visibility push(hidden)

/* asks for a key frame, unless that was done a moment ago or is no use */
void ngx_whip_feedback_keyframe(ngx_whip_track_t *track,
    ngx_whip_stream_t *st);

/* asks for what is missing, as far as that is due; `now` in us */
void ngx_whip_feedback_nack(ngx_whip_session_t *s, uint64_t now);

/* the rest that is due */
void ngx_whip_feedback_tick(ngx_whip_session_t *s, uint64_t now);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_FEEDBACK_H_INCLUDED_ */
