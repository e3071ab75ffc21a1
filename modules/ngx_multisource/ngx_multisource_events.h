
/*
 * Copyright (C) the ngx_live contributors
 *
 * Server-Sent Events (WHATWG HTML, 9.2) about a streamer's sources: the whole
 * list first, then source_added, source_updated and source_removed, and a
 * comment every 15 s. Of a session also the session itself, who is on air, and
 * how many watch.
 */


#ifndef _NGX_MULTISOURCE_EVENTS_H_INCLUDED_
#define _NGX_MULTISOURCE_EVENTS_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


#pragma GCC visibility push(hidden)

/* in a new worker */
void ngx_multisource_events_init(void);

/* answers a request with an event stream */
ngx_int_t ngx_multisource_events_handler(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_str_t *streamer);

/* the same of a show, and of those of its streamer that follow; the request's
   context is an ngx_multisource_http_ctx_t, and the show stays where it is */
ngx_int_t ngx_multisource_events_show_handler(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_show_t *show);

/* nonzero while some event stream is open */
ngx_uint_t ngx_multisource_events_open(void);

/* every housekeeping tick: sends what changed; closes all when exiting */
void ngx_multisource_events_tick(void);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_EVENTS_H_INCLUDED_ */
