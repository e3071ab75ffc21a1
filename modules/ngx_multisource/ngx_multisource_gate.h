
/*
 * Copyright (C) the ngx_live contributors
 *
 * Who asks: a viewer by his token, a streamer by a key, a page by its origin;
 * and what they may have. Where a show is private or has a price, playlists,
 * media, lists and events take a viewer token.
 */


#ifndef _NGX_MULTISOURCE_GATE_H_INCLUDED_
#define _NGX_MULTISOURCE_GATE_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"
#include "ngx_multisource_ticket.h"
#include "ngx_multisource_viewer.h"


/* multisource_{streamer} */
#define NGX_MULTISOURCE_GATE_COOKIE   "multisource_"


/* why not */

typedef enum {
    NGX_MULTISOURCE_GATE_OPEN = 0,
    NGX_MULTISOURCE_GATE_NO_TOKEN,      /* 401 viewer_token_required */
    NGX_MULTISOURCE_GATE_BAD_TOKEN,     /* 401 viewer_token_invalid */
    NGX_MULTISOURCE_GATE_EXPIRED,       /* 401 viewer_token_expired */
    NGX_MULTISOURCE_GATE_FOREIGN,       /* 403 viewer_token_foreign */
    NGX_MULTISOURCE_GATE_DISABLED,      /* 403 stream_disabled */
    NGX_MULTISOURCE_GATE_NOT_ENABLED,   /* 403 source_not_enabled */
    NGX_MULTISOURCE_GATE_BUSY           /* 503 busy */
} ngx_multisource_gate_e;


#pragma GCC visibility push(hidden)

/*
 * The ticket of a request for a show: in "X-Viewer-Token", in "Authorization:
 * Bearer", or in the streamer's cookie. OPEN, with *ticket set, or why
 * there is none.
 */
ngx_multisource_gate_e ngx_multisource_gate_ticket(ngx_http_request_t *r,
    ngx_multisource_show_record_t *show, ngx_multisource_ticket_t *ticket);

/*
 * May this request have what belongs to a source of the streamer, or with an
 * empty source his list and events? NGX_DECLINED: it may, and if it is for media
 * (`counts`) its viewer is counted; otherwise it was answered, and the handler
 * returns what this returned.
 */
ngx_int_t ngx_multisource_gate(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer, ngx_str_t *source,
    ngx_uint_t counts);

/* the answer that says so */
ngx_int_t ngx_multisource_gate_refuse(ngx_http_request_t *r,
    ngx_multisource_gate_e why);

/*
 * The streamer that "Authorization: Bearer KEY" stands for: NGX_OK. A key that
 * is bound to certain sources is a guest's, and does not. NGX_DECLINED: there is
 * no key; NGX_ERROR: there is one, and it is nobody's.
 */
ngx_int_t ngx_multisource_gate_streamer(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer);

/*
 * Of what changes something: NGX_DECLINED: the page that asks is of this host or
 * of a configured origin, or it is no page; CORS headers are set. Otherwise it
 * was answered with 403.
 */
ngx_int_t ngx_multisource_gate_origin(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf);

/* the key of tickets: the configured one, or that of the zone */
u_char *ngx_multisource_gate_key(void);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_GATE_H_INCLUDED_ */
