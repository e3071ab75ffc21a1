
/*
 * Copyright (C) the ngx_live contributors
 *
 * A publisher, from its publish command to the end of its stream:
 *
 *     publish -> asking -> held -> joined -> live
 *
 * Who may not publish, by "deny publish" or by what an on_publish callback
 * says, is found out before anything else happens: nobody gives way to a
 * stranger, and a callback may rename the stream. So a publish passes through
 * nginx-rtmp's chain twice, see ngx_multisource_pass.h. A publisher that takes a source over from another
 * worker is held until that one has let go. It is live, and listed, when its
 * first audio or video comes.
 */


#ifndef _NGX_MULTISOURCE_SESSION_H_INCLUDED_
#define _NGX_MULTISOURCE_SESSION_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

ngx_multisource_app_conf_t *ngx_multisource_session_conf(
    ngx_rtmp_session_t *s);

/* nonzero when nginx-rtmp's live module has accepted the session's stream */
ngx_uint_t ngx_multisource_session_publishing(ngx_rtmp_session_t *s);

/* handlers of nginx-rtmp's chains and events */
ngx_int_t ngx_multisource_session_connect(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
ngx_int_t ngx_multisource_session_publish(ngx_rtmp_session_t *s,
    ngx_rtmp_publish_t *v);
ngx_int_t ngx_multisource_session_close(ngx_rtmp_session_t *s,
    ngx_rtmp_close_stream_t *v);
ngx_int_t ngx_multisource_session_media(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
ngx_int_t ngx_multisource_session_data(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
ngx_int_t ngx_multisource_session_disconnect(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);

/* the chains' next handlers, set when the configuration is made */
void ngx_multisource_session_chain(ngx_rtmp_publish_pt publish,
    ngx_rtmp_close_stream_pt close);

/*
 * The callback has answered: the publish goes on with the name in
 * ctx->publish, or is refused. NGX_ERROR ends the session.
 */
ngx_int_t ngx_multisource_session_answered(ngx_multisource_ctx_t *ctx,
    ngx_uint_t accepted);

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
