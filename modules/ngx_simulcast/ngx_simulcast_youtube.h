
/*
 * Copyright (C) the ngx_live contributors
 *
 * YouTube: what is created before a push in
 * ngx_simulcast_youtube.c, and how it looks in _video.c; what happens while it
 * lasts in _live.c, and after it in _end.c.
 */


#ifndef _NGX_SIMULCAST_YOUTUBE_H_INCLUDED_
#define _NGX_SIMULCAST_YOUTUBE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_call.h"


#define NGX_SIMULCAST_YOUTUBE_ID       129      /* bytes, NUL included */
#define NGX_SIMULCAST_YOUTUBE_TITLE    100      /* characters */
#define NGX_SIMULCAST_YOUTUBE_WITHOUT  "<>"     /* in no text */
#define NGX_SIMULCAST_YOUTUBE_PAUSE    2000     /* ms, between two looks */
#define NGX_SIMULCAST_YOUTUBE_WAIT     90       /* s, for the stream to be
                                                   seen */
#define NGX_SIMULCAST_YOUTUBE_POLL     30000    /* ms; two units of the quota
                                                   in a minute, and one more */


/* broadcast->state */

typedef struct {
    char        broadcast[NGX_SIMULCAST_YOUTUBE_ID];    /* empty: none */
    char        stream[NGX_SIMULCAST_YOUTUBE_ID];
    time_t      scheduled;          /* when it is to go live; 0: with the
                                       stream */
    time_t      begun;              /* waiting, since */
    time_t      active;             /* the stream is seen, since; 0: not yet */
    ngx_uint_t  polls;
    ngx_uint_t  tries;
    uint32_t    wishes;             /* that the broadcast has; 0: not known */
    unsigned    changed:1;          /* by this prepare */
    unsigned    live:1;
    unsigned    bound:1;
    unsigned    made_broadcast:1;   /* by this prepare */
    unsigned    made_stream:1;
    unsigned    retried:1;

    ngx_simulcast_platform_result_t  failure;   /* while it is undone */
} ngx_simulcast_youtube_t;


#pragma GCC visibility push(hidden)

/* first steps of calls whose data is a broadcast */
void ngx_simulcast_youtube_prepare(ngx_simulcast_call_t *call);
void ngx_simulcast_youtube_end(ngx_simulcast_call_t *call);
void ngx_simulcast_youtube_live(ngx_simulcast_call_t *call);
void ngx_simulcast_youtube_live_poll(ngx_simulcast_call_t *call);

/* a request to the API, with the token; `path` begins behind /youtube/v3/ */
void ngx_simulcast_youtube_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *path, const char *id);

/* transition to "live" or "complete" */
void ngx_simulcast_youtube_transition(ngx_simulcast_call_t *call,
    const char *status, ngx_simulcast_call_answer_pt step);

/* category, tags and thumbnail, then ngx_simulcast_youtube_prepared() */
void ngx_simulcast_youtube_video(ngx_simulcast_call_t *call);
void ngx_simulcast_youtube_prepared(ngx_simulcast_call_t *call);

/* NULL: out of memory */
ngx_simulcast_youtube_t *ngx_simulcast_youtube_state(
    ngx_simulcast_call_t *call);

/* what another worker has kept of it (NULL: nothing), and to keep it */
void ngx_simulcast_youtube_known(ngx_simulcast_youtube_t *y, json_t *json);
void ngx_simulcast_youtube_remember(ngx_simulcast_call_t *call);

/* settings.description as YouTube takes it, never NULL */
char *ngx_simulcast_youtube_description(ngx_simulcast_call_t *call);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_YOUTUBE_H_INCLUDED_ */
