
/*
 * Copyright (C) the ngx_live contributors
 *
 * A session of nginx-rtmp that has no socket: it connects, publishes and hands
 * messages over as if an encoder had sent them.  The only file that knows
 * nginx-rtmp's sessions.
 */


#ifndef _NGX_WHIP_PUBLISHER_H_INCLUDED_
#define _NGX_WHIP_PUBLISHER_H_INCLUDED_


#include "ngx_whip.h"


typedef struct {
    ngx_str_t          name;         /* of the stream, as the client gave it */
    ngx_str_t          args;         /* of the query string */
    ngx_str_t          agent;        /* User-Agent */
    ngx_str_t          client;       /* text of the address */
    struct sockaddr   *sockaddr;
    socklen_t          socklen;
} ngx_whip_publisher_ask_t;


#pragma GCC visibility push(hidden)

/*
 * Looks the application of each location up.  NGX_ERROR is logged, with the
 * place of the directive.
 */
ngx_int_t ngx_whip_publisher_resolve(ngx_cycle_t *cycle, ngx_whip_conf_t *conf,
    u_char *file, ngx_uint_t line);

/* nonzero: ngx_rtmp_module.so is loaded before this module */
ngx_uint_t ngx_whip_publisher_loaded(void);

/*
 * Asks for the stream, be the answer at once or later:
 * ngx_whip_session_accepted() or ngx_whip_session_close().  NGX_ERROR: no
 * memory or no connection, neither will be called.
 */
ngx_int_t ngx_whip_publisher_ask(ngx_whip_session_t *s,
    ngx_whip_publisher_ask_t *ask);

/*
 * Ends the stream; the session is not told. ended: the client has said so, as
 * an encoder does by deleteStream; otherwise it is a connection that broke.
 */
void ngx_whip_publisher_close(ngx_whip_publisher_t *pub, ngx_uint_t ended);

/* the same without the event loop, which has ended */
void ngx_whip_publisher_finish(ngx_whip_publisher_t *pub);

/*
 * One audio, video or data message, the last one in AMF0, with `timestamp` in
 * ms; p .. p + len may be written to and stays the caller's.  NGX_ERROR: the
 * stream is being closed.
 */
ngx_int_t ngx_whip_publisher_audio(ngx_whip_publisher_t *pub,
    uint32_t timestamp, u_char *p, size_t len);
ngx_int_t ngx_whip_publisher_video(ngx_whip_publisher_t *pub,
    uint32_t timestamp, u_char *p, size_t len);
ngx_int_t ngx_whip_publisher_data(ngx_whip_publisher_t *pub,
    uint32_t timestamp, u_char *p, size_t len);

/* what the stream is called now; empty: as the client called it */
void ngx_whip_publisher_name(ngx_whip_publisher_t *pub, ngx_str_t *name);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_PUBLISHER_H_INCLUDED_ */
