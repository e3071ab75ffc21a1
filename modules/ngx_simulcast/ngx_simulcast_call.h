
/*
 * Copyright (C) the ngx_live contributors
 *
 * A call: one thing that is done with a platform, in steps, each of which waits
 * for an answer of the platform, of Redis, or for a time. A step ends by naming
 * the next one with one of the functions below, or by ngx_simulcast_call_end();
 * it runs from the event loop, never from within the function that named it.
 */


#ifndef _NGX_SIMULCAST_CALL_H_INCLUDED_
#define _NGX_SIMULCAST_CALL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <jansson.h>

#include "ngx_live_fetch.h"

#include "ngx_simulcast_platform.h"
#include "ngx_simulcast_form.h"


typedef struct ngx_simulcast_call_s  ngx_simulcast_call_t;
typedef struct ngx_simulcast_renew_s  ngx_simulcast_renew_t;
typedef struct ngx_simulcast_call_wait_s  ngx_simulcast_call_wait_t;


/* valid during the step */

typedef struct {
    ngx_simulcast_platform_result_t   result;
    ngx_uint_t                        status;    /* of HTTP; 0: none */
    json_t                           *json;      /* borrowed, may be NULL */
} ngx_simulcast_call_answer_t;


typedef void (*ngx_simulcast_call_step_pt)(ngx_simulcast_call_t *call);
typedef void (*ngx_simulcast_call_answer_pt)(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
typedef void (*ngx_simulcast_call_redis_pt)(ngx_simulcast_call_t *call,
    redisReply *reply);

/* the call is no more */
typedef void (*ngx_simulcast_call_done_pt)(void *data,
    ngx_simulcast_platform_result_t *result);


/* strings live as long as the call */

typedef struct {
    const char   *method;
    ngx_str_t     url;
    ngx_str_t     body;
    const char   *type;             /* of the body */
    const char   *scheme;           /* of Authorization, "Bearer"; NULL: none */
    const char   *secret;           /* the token's name in the destination's
                                       secret; NULL: `token` */
    ngx_str_t     token;
    ngx_msec_t    timeout;          /* 0: the default */
    unsigned      grant:1;          /* to a token endpoint */
    unsigned      failed:1;         /* could not be put together */
} ngx_simulcast_call_request_t;


struct ngx_simulcast_call_s {
    ngx_pool_t                     *pool;        /* of this call alone */
    ngx_uint_t                      platform;
    void                           *data;        /* of done; the steps' too */

    /* whose tokens; replaced in place when they are refreshed; NULL: none */
    ngx_simulcast_destination_t   **destination;

    ngx_str_t                       title;       /* of prepare; NUL behind it */
    ngx_simulcast_call_step_pt      first;       /* after what all begin with */
    void                           *ctx;         /* the steps' */

    ngx_simulcast_call_done_pt      done;

    ngx_simulcast_call_request_t    request;
    ngx_live_fetch_t               *fetch;
    ngx_simulcast_renew_t          *renew;
    ngx_simulcast_call_wait_t      *wait;
    ngx_event_t                     event;

    ngx_simulcast_call_step_pt      step;        /* after the event */
    ngx_simulcast_call_answer_pt    answer;      /* of a request, or of what
                                                    could not be requested */
    ngx_simulcast_call_redis_pt     redis;       /* of a command that could not
                                                    be sent */
    ngx_simulcast_platform_result_t failure;
    unsigned                        failing:1;   /* failure is to be answered */
    unsigned                        renewed:2;   /* twice in a call: what the
                                                    first time brings may have
                                                    been there for long */
};


#pragma GCC visibility push(hidden)

/* HTTP in this worker; NGX_ERROR is logged, all calls then fail */
ngx_int_t ngx_simulcast_call_init(ngx_cycle_t *cycle);

/* what is on its way ends without a word */
void ngx_simulcast_call_exit(void);

/* NULL: out of memory */
ngx_simulcast_call_t *ngx_simulcast_call_create(ngx_uint_t platform,
    ngx_simulcast_destination_t **destination, ngx_simulcast_call_done_pt done,
    void *data);

/* done is not called */
void ngx_simulcast_call_cancel(ngx_simulcast_call_t *call);

/* frees the call, then calls done; the caller's step has to return */
void ngx_simulcast_call_end(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result);
void ngx_simulcast_call_ok(ngx_simulcast_call_t *call);
void ngx_simulcast_call_fail(ngx_simulcast_call_t *call, ngx_int_t rc,
    const char *code, const char *message);

/* the step after so many ms, 0: in the next round of the event loop */
void ngx_simulcast_call_later(ngx_simulcast_call_t *call, ngx_msec_t ms,
    ngx_simulcast_call_step_pt step);

/*
 * Sends a request. An answer of 401 to a token of the destination that can be
 * refreshed refreshes it, and sends the request once more.
 */
void ngx_simulcast_call_send(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, ngx_simulcast_call_answer_pt step);

/* refreshes the destination's token; answer->result says how it went */
void ngx_simulcast_call_renew(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_pt step);

/* a command; reply is NULL when Redis is away */
void ngx_simulcast_call_redis(ngx_simulcast_call_t *call, ngx_uint_t n,
    ngx_str_t *args, ngx_simulcast_call_redis_pt step);

/*
 * Changes members of the destination's secret, and stores it; a null removes
 * one. The JSON is taken over. What could not be stored is changed in memory
 * all the same: the push goes on.
 */
void ngx_simulcast_call_keep(ngx_simulcast_call_t *call, json_t *members,
    ngx_simulcast_call_step_pt step);

/*
 * What another worker has to know of a broadcast: an object, in Redis. recall
 * answers with NULL in answer->json when nothing is known. remember takes the
 * JSON over; NULL forgets. It does not wait.
 */
void ngx_simulcast_call_recall(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_pt step);
void ngx_simulcast_call_remember(ngx_simulcast_call_t *call, json_t *json);

/* ---- requests ---- */

/*
 * Each puts together what ngx_simulcast_call_send() takes, and marks it as
 * failed when that is impossible: the answer then says so. `path` is a format
 * of ngx_sprintf(); variable parts of it are to be escaped.
 */
void ngx_cdecl ngx_simulcast_call_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *base, const char *path, ...);

/* "Authorization: Bearer" with a token of the destination's secret */
void ngx_simulcast_call_bearer(ngx_simulcast_call_request_t *request,
    const char *secret);

/* the JSON, or the form, is taken over; as a query where the method is GET */
void ngx_simulcast_call_json(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, json_t *json);
void ngx_simulcast_call_form(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, ngx_simulcast_form_t *form);

/* percent-encoded, in the call's memory; never NULL */
char *ngx_simulcast_call_escape(ngx_simulcast_call_t *call, const char *text);

/* a copy in the pool's memory, NUL-terminated, unless it is the same already */
void ngx_simulcast_call_set(ngx_pool_t *pool, ngx_str_t *dst, const char *s,
    size_t len);

/* ---- the destination ---- */

/* a string of the settings, not empty, or NULL */
const char *ngx_simulcast_call_setting(ngx_simulcast_call_t *call,
    const char *name);
ngx_uint_t ngx_simulcast_call_flag(ngx_simulcast_call_t *call,
    const char *name, ngx_uint_t by_default);

/* a word of the secret, or NULL */
const char *ngx_simulcast_call_secret(ngx_simulcast_call_t *call,
    const char *name);

/* a digest, never 0, of what viewers are to be shown: title, description,
   privacy, category, tags and language */
uint32_t ngx_simulcast_call_wishes(ngx_simulcast_call_t *call);

/* settings.scheduled_start when it is to come, else 0; s */
time_t ngx_simulcast_call_scheduled(ngx_simulcast_call_t *call);

/* settings.title, else the destination's name, else prepare's; never empty */
const char *ngx_simulcast_call_title(ngx_simulcast_call_t *call,
    ngx_uint_t chars, const char *without);

/*
 * Where the API is: as it is configured for the platform. `host` is another of
 * its hosts, which counts as long as the API (auth: the authorization) is where
 * it is by default; NULL: none. Never NULL.
 */
const char *ngx_simulcast_call_base(ngx_simulcast_call_t *call,
    ngx_uint_t auth, const char *host);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CALL_H_INCLUDED_ */
