
/*
 * Copyright (C) the ngx_live contributors
 *
 * Renditions of a source, each as a feed of its own that several destinations
 * read.
 */


#ifndef _NGX_SIMULCAST_ENCODE_H_INCLUDED_
#define _NGX_SIMULCAST_ENCODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "ngx_simulcast_feed.h"
#include "ngx_simulcast_rendition.h"


typedef struct {
    ngx_queue_t                          queue;
    ngx_uint_t                           users;
    ngx_simulcast_feed_t                *source;
    ngx_simulcast_feed_t                *feed;
    ngx_simulcast_rendition_t           *rendition;
    ngx_simulcast_rendition_settings_t   settings;
} ngx_simulcast_encode_t;


#pragma GCC visibility push(hidden)

/*
 * What a destination's settings ask for that the source is not: NGX_OK, and
 * *settings; NGX_DECLINED: the source as it is; NGX_AGAIN: it is not known well
 * enough yet.
 */
ngx_int_t ngx_simulcast_encode_want(json_t *settings,
    ngx_simulcast_feed_t *source, ngx_simulcast_rendition_settings_t *want);

/* one of `encodes` with these settings, or a new one; NULL on failure */
ngx_simulcast_encode_t *ngx_simulcast_encode_get(ngx_queue_t *encodes,
    ngx_simulcast_feed_t *source, ngx_simulcast_rendition_settings_t *want,
    ngx_str_t *label);

/* ends the child with its last user */
void ngx_simulcast_encode_put(ngx_queue_t *encodes,
    ngx_simulcast_encode_t *encode);

/* "2500 kbit/s 1280x720 30 fps veryfast", what is set of it; returns the end */
u_char *ngx_simulcast_encode_text(ngx_simulcast_rendition_settings_t *settings,
    u_char *p, u_char *last);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_ENCODE_H_INCLUDED_ */
