
/*
 * Copyright (C) the ngx_live contributors
 *
 * Server-Sent Events (WHATWG HTML, 9.2) about the simulcast of a stream, as
 * they come over Redis from whatever worker and node, and a comment every 15 s.
 */


#ifndef _NGX_SIMULCAST_EVENTS_H_INCLUDED_
#define _NGX_SIMULCAST_EVENTS_H_INCLUDED_


#include "ngx_simulcast_api.h"


#define NGX_SIMULCAST_EVENTS_STREAMS  100       /* at once, of a worker */
#define NGX_SIMULCAST_EVENTS_MESSAGE  65536     /* bytes of a message */
#define NGX_SIMULCAST_EVENTS_BUFFER   65536     /* bytes that a client may leave
                                                   unread */


#pragma GCC visibility push(hidden)

/* answers a request with an event stream; its context is there already */
ngx_int_t ngx_simulcast_events_handler(ngx_http_request_t *r,
    ngx_simulcast_route_t *route);

/*
 * A message of the channel simulcast:events: {"event", "stream_id", "data"}.
 * What is not one of the events of the API is dropped.
 */
void ngx_simulcast_events_message(u_char *msg, size_t len);

/* event streams that are open in this worker */
ngx_uint_t ngx_simulcast_events_count(void);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_EVENTS_H_INCLUDED_ */
