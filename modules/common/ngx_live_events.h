
/*
 * Copyright (C) the ngx_live contributors
 *
 * Server-Sent Events as a content handler sends them: an answer that stays open
 * for days, over HTTP/1 and HTTP/2, to clients that may read slowly or not at
 * all. What is told, and to whom, is the module's.
 */


#ifndef _NGX_LIVE_EVENTS_H_INCLUDED_
#define _NGX_LIVE_EVENTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* of one request, in its pool; all zeros before ngx_live_events_begin() */

typedef struct {
    ngx_http_request_t  *request;
    ngx_pool_t          *pool;      /* of what is not sent yet */
    size_t               unsent;    /* bytes in it, at most */
} ngx_live_events_t;


#pragma GCC visibility push(hidden)

/*
 * Drops the request's body and sends the header. NGX_DECLINED: go on; otherwise
 * the handler returns what this returned.
 */
ngx_int_t ngx_live_events_begin(ngx_live_events_t *events,
    ngx_http_request_t *r);

/* nonzero while something that was written is not sent yet */
ngx_uint_t ngx_live_events_busy(ngx_live_events_t *events);

/*
 * Sends bytes, which are copied: a comment, say. NGX_ERROR: finalize the
 * request with it.
 */
ngx_int_t ngx_live_events_write(ngx_live_events_t *events, u_char *data,
    size_t len);

/*
 * An event, of a name and a line of data. Both end with NUL; the text is to be
 * freed by ngx_free(). NULL: out of memory.
 */
u_char *ngx_live_events_text(const char *event, const char *data, size_t *len);

/* what r->write_event_handler calls; may finalize the request */
void ngx_live_events_writable(ngx_live_events_t *events);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_EVENTS_H_INCLUDED_ */
