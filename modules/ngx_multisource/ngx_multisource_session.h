
/*
 * Copyright (C) the ngx_live contributors
 *
 * A publisher, from its publish command to the end of its stream.
 *
 * A publish passes through nginx-rtmp's chain in two passes. First come all
 * modules but hls and dash: callbacks, which may rename the stream, relays,
 * recorders and the live module, which may refuse. hls and dash are in front
 * of those in the chain and would make files under a name that is not final;
 * they get the publish when the first audio or video of an accepted stream
 * comes.
 */


#ifndef _NGX_MULTISOURCE_SESSION_H_INCLUDED_
#define _NGX_MULTISOURCE_SESSION_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/* the context of a session, made at its connect event; NULL: out of memory */
ngx_multisource_ctx_t *ngx_multisource_session_create(ngx_rtmp_session_t *s);

ngx_multisource_app_conf_t *ngx_multisource_session_conf(
    ngx_rtmp_session_t *s);

/* nonzero when nginx-rtmp's live module has accepted the session's stream */
ngx_uint_t ngx_multisource_session_publishing(ngx_rtmp_session_t *s);

/* handlers of nginx-rtmp's chains and events */
ngx_int_t ngx_multisource_session_publish(ngx_rtmp_session_t *s,
    ngx_rtmp_publish_t *v);
ngx_int_t ngx_multisource_session_close(ngx_rtmp_session_t *s,
    ngx_rtmp_close_stream_t *v);
ngx_int_t ngx_multisource_session_media(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
ngx_int_t ngx_multisource_session_disconnect(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);

/* the chains' next handlers, set when the configuration is made */
void ngx_multisource_session_chain(ngx_rtmp_publish_pt publish,
    ngx_rtmp_close_stream_pt close);

/*
 * Ends a publisher: runs the close chain before it returns, sends the reason
 * as an RTMP status and lets it drain. The session may be freed after the
 * current event.
 */
void ngx_multisource_session_end(ngx_multisource_ctx_t *ctx,
    ngx_uint_t reason);

/* every second for each publisher: measures, limits, shows */
void ngx_multisource_session_refresh(ngx_multisource_ctx_t *ctx);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SESSION_H_INCLUDED_ */
