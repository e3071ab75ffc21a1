
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_live_answer.h"
#include "ngx_live_events.h"


static ngx_int_t ngx_live_events_arm(ngx_live_events_t *events);
static void ngx_live_events_free(void *data);


ngx_int_t
ngx_live_events_begin(ngx_live_events_t *events, ngx_http_request_t *r)
{
    ngx_int_t            rc;
    ngx_pool_cleanup_t  *cln;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (ngx_live_answer_header(r, "X-Accel-Buffering", "no") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* HTTP/2 frames refer to what is being sent until r->pool goes */

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_live_events_free;
    cln->data = events;

    events->request = r;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_live_events_busy(ngx_live_events_t *events)
{
    ngx_http_request_t  *r;

    r = events->request;

    return r->buffered || r->postponed || r->out
           || (r->connection->buffered & NGX_LOWLEVEL_BUFFERED);
}


/*
 * A stream may stay open for days: what it sends lives in a pool that is
 * dropped whenever all of it has gone out.
 */

ngx_int_t
ngx_live_events_write(ngx_live_events_t *events, u_char *data, size_t len)
{
    ngx_buf_t           *b;
    ngx_int_t            rc;
    ngx_pool_t          *sent;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = events->request;
    sent = NULL;

    if (events->pool && !ngx_live_events_busy(events)) {
        sent = events->pool;
        events->pool = NULL;
    }

    if (events->pool == NULL) {
        events->pool = ngx_create_pool(1024, r->connection->log);
        events->unsent = 0;
    }

    b = events->pool ? ngx_create_temp_buf(events->pool, len) : NULL;

    if (b == NULL) {

        if (sent) {
            ngx_destroy_pool(sent);
        }

        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->last, data, len);
    b->flush = 1;

    out.buf = b;
    out.next = NULL;

    events->unsent += len;

    rc = ngx_http_output_filter(r, &out);

    /* filters look at the buffers of before once more */

    if (sent) {
        ngx_destroy_pool(sent);
    }

    if (rc == NGX_ERROR || r->connection->error) {
        return NGX_ERROR;
    }

    return ngx_live_events_arm(events);
}


u_char *
ngx_live_events_text(const char *event, const char *data, size_t *len)
{
    size_t   size;
    u_char  *text;

    size = ngx_strlen(event) + ngx_strlen(data) + sizeof("event: \ndata: \n\n");

    text = ngx_alloc(size, ngx_cycle->log);

    if (text) {
        *len = ngx_snprintf(text, size, "event: %s\ndata: %s\n\n", event, data)
               - text;
    }

    return text;
}


static ngx_int_t
ngx_live_events_arm(ngx_live_events_t *events)
{
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = events->request;
    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (ngx_live_events_busy(events)) {

        if (!wev->timer_set) {
            ngx_add_timer(wev, clcf->send_timeout);
        }

    } else if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


void
ngx_live_events_writable(ngx_live_events_t *events)
{
    ngx_event_t         *wev;
    ngx_http_request_t  *r;

    r = events->request;
    wev = r->connection->write;

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    /* over HTTP/2 and TLS what is left is in the connection, not in r->out */

    if (ngx_live_events_busy(events) && wev->ready
        && ngx_http_output_filter(r, NULL) == NGX_ERROR)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (ngx_live_events_arm(events) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


static void
ngx_live_events_free(void *data)
{
    ngx_live_events_t *events = data;

    if (events->pool) {
        ngx_destroy_pool(events->pool);
    }
}
