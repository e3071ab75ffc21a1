
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure, over jansson: the paths and bodies of requests about sessions. What is
 * wrong with a body is said as in ngx_live_body.h.
 */


#ifndef _NGX_MULTISOURCE_FORM_H_INCLUDED_
#define _NGX_MULTISOURCE_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_body.h"
#include "ngx_multisource_show.h"
#include "ngx_multisource_viewer.h"


#define NGX_MULTISOURCE_FORM_SDP   65536


/* what a path asks for, below the location and "api/v1/livestream/" */

typedef enum {
    NGX_MULTISOURCE_FORM_UNKNOWN = 0,
    NGX_MULTISOURCE_FORM_START,         /* session/start */
    NGX_MULTISOURCE_FORM_STATUS,        /* session/{id}/status */
    NGX_MULTISOURCE_FORM_JOIN,
    NGX_MULTISOURCE_FORM_PREFERENCES,
    NGX_MULTISOURCE_FORM_STOP,
    NGX_MULTISOURCE_FORM_EVENTS,
    NGX_MULTISOURCE_FORM_BEACON,
    NGX_MULTISOURCE_FORM_ANALYTICS,
    NGX_MULTISOURCE_FORM_USAGE,
    NGX_MULTISOURCE_FORM_DIRECTOR,
    NGX_MULTISOURCE_FORM_STREAM,        /* session/{id}/streams/{name} */
    NGX_MULTISOURCE_FORM_SIGNAL_OFFER,  /* stream/{id}/signal/offer */
    NGX_MULTISOURCE_FORM_SIGNAL_CANDIDATE,
    NGX_MULTISOURCE_FORM_SIGNAL_STOP
} ngx_multisource_form_e;

typedef struct {
    ngx_multisource_form_e   what;
    ngx_str_t    id;        /* 32 hex digits, or a streamer's name; of a stream,
                               what stands before its ":" */
    ngx_str_t    stream;    /* a source's name; of "stream/ID:NAME" as well */
} ngx_multisource_form_path_t;


/* session/start */

typedef struct {
    u_char       title[NGX_MULTISOURCE_SHOW_TITLE];     /* "": none given */
    ngx_int_t    private;           /* -1: not given */
    ngx_uint_t   nstreams;
    ngx_multisource_show_stream_t    streams[NGX_MULTISOURCE_SHOW_STREAMS];
} ngx_multisource_form_start_t;


/* director */

typedef struct {
    ngx_uint_t   mode;              /* NGX_MULTISOURCE_DIRECT_... */
    u_char       source[NGX_MULTISOURCE_NAME_MAX + 1];  /* "": none given */
} ngx_multisource_form_director_t;


/* stream/{id}/signal/candidate; strings are of the body, or NULL */

typedef struct {
    const char  *candidate;         /* "": there are no more */
    const char  *mid;               /* of a media, and else its number */
    const char  *fragment;          /* of the client's username */
    const char  *signal;            /* as in the answer to the offer */
    ngx_uint_t   line;
} ngx_multisource_form_candidate_t;


#pragma GCC visibility push(hidden)

/* NGX_DECLINED: it is no path of ours */
ngx_int_t ngx_multisource_form_path(ngx_str_t *rest,
    ngx_multisource_form_path_t *path);

/*
 * Each takes a body as ngx_live_body_parse() made it; NGX_ERROR: *error is set.
 * Names of sources are checked by their grammar, and those of viewers against
 * the show: one that is not there is an error with the field's name.
 */

/* {"title", "public", "streams": [{"name" or "label", "type"}]} */
ngx_int_t ngx_multisource_form_start(json_t *body,
    ngx_multisource_naming_t *naming, ngx_multisource_form_start_t *form,
    ngx_live_body_error_t *error);

/* {"code"}; *code is NULL without one, and else of the body */
ngx_int_t ngx_multisource_form_join(json_t *body, const char **code,
    ngx_live_body_error_t *error);

/*
 * {"enabled_streams": [NAME], "main", "layout": "single" "pip" "grid",
 * "follow", "pip": {"source", "corner": "top-left" ..., "size": 10-40}}; what
 * is not there stays as it is in *preferences, all of it if there is an error
 */
ngx_int_t ngx_multisource_form_preferences(json_t *body,
    ngx_multisource_show_record_t *show,
    ngx_multisource_preferences_t *preferences, ngx_live_body_error_t *error);

/*
 * {"seq", "watched": {NAME: ms}, "watched_ms", "watching": [NAME], "switches":
 * [[NAME, NAME]], "join_ms", "stalls", "stalled_ms", "leaving"}; names that are
 * not of the show are left out, as a source may have gone
 */
ngx_int_t ngx_multisource_form_beacon(json_t *body,
    ngx_multisource_show_record_t *show, ngx_multisource_beacon_t *beacon,
    ngx_live_body_error_t *error);

/* {"mode": "off" "manual" "activity", "source"} */
ngx_int_t ngx_multisource_form_director(json_t *body,
    ngx_multisource_form_director_t *form, ngx_live_body_error_t *error);

/* {"enabled": true} */
ngx_int_t ngx_multisource_form_stream(json_t *body, ngx_uint_t *enabled,
    ngx_live_body_error_t *error);

/* {"sdp", "type": "offer"}; *sdp is text of the body */
ngx_int_t ngx_multisource_form_offer(json_t *body, const char **sdp,
    ngx_live_body_error_t *error);

/* {"candidate", "sdpMid", "sdpMLineIndex", "usernameFragment", "signal_id"} */
ngx_int_t ngx_multisource_form_candidate(json_t *body,
    ngx_multisource_form_candidate_t *form, ngx_live_body_error_t *error);

/* {"signal_id"}; *signal is text of the body, or NULL */
ngx_int_t ngx_multisource_form_signal(json_t *body, const char **signal,
    ngx_live_body_error_t *error);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_FORM_H_INCLUDED_ */
