
/*
 * Copyright (C) the ngx_live contributors
 *
 * Facebook Live: what is created before and ended after
 * a push in ngx_simulcast_facebook.c, what happens in between in _live.c.
 */


#ifndef _NGX_SIMULCAST_FACEBOOK_H_INCLUDED_
#define _NGX_SIMULCAST_FACEBOOK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_call.h"


/* the version of the Graph API */
#define NGX_SIMULCAST_FACEBOOK_PATH   "/v26.0"

#define NGX_SIMULCAST_FACEBOOK_ID     129       /* bytes, NUL included */
#define NGX_SIMULCAST_FACEBOOK_PAUSE  3000      /* ms, between two looks */
#define NGX_SIMULCAST_FACEBOOK_WAIT   90        /* s, for it to be seen */
#define NGX_SIMULCAST_FACEBOOK_POLL   60000     /* ms; every 15 s was too often
                                                   for a page's budget */
#define NGX_SIMULCAST_FACEBOOK_PARTS  10        /* of a list of pages */


/* broadcast->state */

typedef struct {
    char        live[NGX_SIMULCAST_FACEBOOK_ID];    /* video; empty: none */
    char        page[NGX_SIMULCAST_FACEBOOK_ID];    /* "me": the profile */
    time_t      scheduled;          /* when it is to go live; 0: with the
                                       stream */
    time_t      begun;              /* waiting, since */
    ngx_uint_t  polls;
    ngx_uint_t  tries;
    ngx_uint_t  parts;
    uint32_t    wishes;             /* that the video has; 0: not known */
    unsigned    published:1;        /* LIVE_NOW was asked for */
    unsigned    public:1;           /* it is live */
    unsigned    renewed:1;          /* the page's token, by this prepare */

    ngx_simulcast_platform_result_t  failure;   /* while it is undone */
} ngx_simulcast_facebook_t;


#pragma GCC visibility push(hidden)

/* first steps of calls whose data is a broadcast */
void ngx_simulcast_facebook_prepare(ngx_simulcast_call_t *call);
void ngx_simulcast_facebook_end(ngx_simulcast_call_t *call);
void ngx_simulcast_facebook_live(ngx_simulcast_call_t *call);
void ngx_simulcast_facebook_live_poll(ngx_simulcast_call_t *call);

/* a request for the live video, with the token of its page; fields of a GET, or
   NULL */
void ngx_simulcast_facebook_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *tail, const char *fields);

/* a parameter of the live video that changes */
void ngx_simulcast_facebook_change(ngx_simulcast_call_t *call,
    const char *name, const char *value, ngx_simulcast_call_answer_pt step);

/* GET me/accounts with the user's token, from `after` on (NULL: the first) */
void ngx_simulcast_facebook_accounts(ngx_simulcast_call_t *call,
    const char *after, ngx_simulcast_call_answer_pt step);

/* nonzero when a live video of this status is over */
ngx_uint_t ngx_simulcast_facebook_over(const char *status);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_FACEBOOK_H_INCLUDED_ */
