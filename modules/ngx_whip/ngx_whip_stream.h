
/*
 * Copyright (C) the ngx_live contributors
 *
 * From RTP packets to what was sent: which stream a packet is of, its place in
 * the order, repairs, access units.
 */


#ifndef _NGX_WHIP_STREAM_H_INCLUDED_
#define _NGX_WHIP_STREAM_H_INCLUDED_


#include "ngx_whip.h"


#pragma GCC visibility push(hidden)

/* one packet of RTP, unprotected; `now` in us */
void ngx_whip_stream_rtp(ngx_whip_session_t *s, u_char *p, size_t len,
    uint64_t now);

/* RTCP, unprotected, maybe compound */
void ngx_whip_stream_rtcp(ngx_whip_session_t *s, u_char *p, size_t len,
    uint64_t now);

/* what has waited long enough goes on */
void ngx_whip_stream_poll(ngx_whip_session_t *s, uint64_t now);

/* ms until that, or until something is to be asked for again */
ngx_msec_t ngx_whip_stream_timer(ngx_whip_session_t *s, uint64_t now);

/* of all streams */
void ngx_whip_stream_free(ngx_whip_session_t *s);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_STREAM_H_INCLUDED_ */
