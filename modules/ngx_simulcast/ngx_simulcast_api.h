
/*
 * Copyright (C) the ngx_live contributors
 *
 * The HTTP API: who may ask, what is read, and how an operation goes on while
 * Redis and platforms are asked. The operations themselves are in
 * ngx_simulcast_api_destinations.c, _api_simulcast.c, _api_look.c,
 * _api_accounts.c and _api_test.c, the steps that they share in
 * ngx_simulcast_step.c, what they answer in _api_json.c.
 */


#ifndef _NGX_SIMULCAST_API_H_INCLUDED_
#define _NGX_SIMULCAST_API_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <jansson.h>

#include "ngx_simulcast_http_module.h"
#include "ngx_simulcast_probe.h"
#include "ngx_simulcast_route.h"
#include "ngx_simulcast_store.h"


#define NGX_SIMULCAST_API_THUMBNAIL     2097152     /* bytes of an image */
#define NGX_SIMULCAST_API_DESTINATIONS  50          /* of a streamer */
#define NGX_SIMULCAST_API_TRIES         5           /* to write what others
                                                       write, too */


typedef struct ngx_simulcast_api_s  ngx_simulcast_api_t;

typedef void (*ngx_simulcast_api_pt)(ngx_simulcast_api_t *api);

/* NGX_OK: the destination is to be written; otherwise it has answered */
typedef ngx_int_t (*ngx_simulcast_api_change_pt)(ngx_simulcast_api_t *api);


/* of a request, in its pool: the module's context */

typedef struct {
    ngx_simulcast_route_t          route;
    ngx_simulcast_token_t         *token;       /* of the configuration */
    ngx_simulcast_api_t           *api;         /* NULL: not begun, or over */
    void                          *subscriber;  /* of _events */
} ngx_simulcast_api_ctx_t;


/*
 * An operation. It has a pool of its own and goes on to its end when the client
 * has left: half of what was asked for would be worse. Each step ends in the
 * next one, or in an answer, which frees all of this.
 */

struct ngx_simulcast_api_s {
    ngx_http_request_t            *request;     /* NULL: the client is gone */
    ngx_pool_t                    *pool;
    ngx_simulcast_route_t          route;
    char                           scope[NGX_SIMULCAST_NAME + 1];   /* "*" */
    u_char                         owner[64];   /* digest of the token, hex */

    json_t                        *body;        /* owned; NULL: none */
    ngx_str_t                      data;        /* a body that is not JSON */

    char                           id[NGX_SIMULCAST_ID + 1];
    ngx_simulcast_destination_t   *destination; /* held, or NULL */
    ngx_simulcast_destination_t  **list;        /* held */
    ngx_uint_t                     n;
    ngx_uint_t                     i;           /* of the list */

    json_t                        *live;        /* streamer -> what is live */
    json_t                        *session;     /* or NULL */
    const char                    *input;       /* of the pool, or NULL */
    uint64_t                       started;     /* ms since the epoch */

    ngx_uint_t                     tries;
    ngx_uint_t                     status;      /* to answer with */
    ngx_simulcast_api_change_pt    change;
    ngx_simulcast_api_pt           written;     /* goes on when it is */
    ngx_simulcast_api_pt           next;

    ngx_simulcast_probe_t         *probe;
    ngx_simulcast_url_t            url;         /* into the destination */
    ngx_uint_t                     until;       /* ngx_simulcast_stage_e */

    unsigned                       probing:1;   /* counts among those */
    unsigned                       all:1;       /* one of a list, which may be
                                                   gone meanwhile */
};


#pragma GCC visibility push(hidden)

/* the content handler of simulcast_api */
ngx_int_t ngx_simulcast_api_handler(ngx_http_request_t *r);


/* ---- answers: each ends the operation ---- */

/* {"success":true,"data":...}; data is taken over, NULL: out of memory */
void ngx_simulcast_api_data(ngx_simulcast_api_t *api, ngx_uint_t status,
    json_t *data);

/* {"success":true,"message":...} */
void ngx_simulcast_api_message(ngx_simulcast_api_t *api, const char *message);

/* field: NULL, or the one that is wrong; retry: seconds, 0: not said */
void ngx_simulcast_api_error(ngx_simulcast_api_t *api, ngx_uint_t status,
    const char *code, const char *message, const char *field,
    ngx_uint_t retry);

void ngx_simulcast_api_invalid(ngx_simulcast_api_t *api, const char *field,
    const char *message);                           /* 400 */
void ngx_simulcast_api_unknown(ngx_simulcast_api_t *api);       /* 404 */
void ngx_simulcast_api_failed(ngx_simulcast_api_t *api);        /* 500 */
void ngx_simulcast_api_away(ngx_simulcast_api_t *api);          /* 503 */

/* the destination, with the status it has or this one */
void ngx_simulcast_api_show(ngx_simulcast_api_t *api, ngx_uint_t status,
    const char *state);


/* ---- steps ---- */

/* nonzero when the token names this streamer */
ngx_uint_t ngx_simulcast_step_allowed(ngx_simulcast_api_t *api,
    const char *streamer);

/* reads the destination of api->id: 404, 403, or next */
void ngx_simulcast_step_destination(ngx_simulcast_api_t *api,
    ngx_simulcast_api_pt next);

/*
 * Writes the destination after `change`; when another one has written it in
 * between, it is read and changed again.
 */
void ngx_simulcast_step_write(ngx_simulcast_api_t *api,
    ngx_simulcast_api_change_pt change, ngx_simulcast_api_pt written);

/* reads the destinations of a streamer, or of all (NULL), into the list */
void ngx_simulcast_step_list(ngx_simulcast_api_t *api, const char *streamer,
    ngx_simulcast_api_pt next);

/* takes what is not of this stream id out of the list */
void ngx_simulcast_step_only(ngx_simulcast_api_t *api, const char *stream_id);

/* reads what is live of one streamer, or of those in the list and of the
   destination whose status depends on it */
void ngx_simulcast_step_live(ngx_simulcast_api_t *api, const char *streamer,
    ngx_simulcast_api_pt next);
void ngx_simulcast_step_lives(ngx_simulcast_api_t *api,
    ngx_simulcast_api_pt next);

/* reads the session of the route's stream id */
void ngx_simulcast_step_session(ngx_simulcast_api_t *api,
    ngx_simulcast_api_pt next);

/* makes it the operation's */
void ngx_simulcast_step_hold(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination);


/* ---- _api_json: what is shown ---- */

/* a destination, all but secrets; state: NULL, or its status */
json_t *ngx_simulcast_api_json_destination(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination, const char *state);

/* its status, one of ngx_simulcast_state_name()'s */
const char *ngx_simulcast_api_json_status(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination);

/* the same, of one that was told to start just now: not what was before */
const char *ngx_simulcast_api_json_begun(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination);

/* nonzero when the status depends on what is live */
ngx_uint_t ngx_simulcast_api_json_open(
    ngx_simulcast_destination_t *destination);

/* the object of what is live of a streamer, or NULL */
json_t *ngx_simulcast_api_json_live(ngx_simulcast_api_t *api,
    const char *streamer);

/* a member of what was read: borrowed, NULL when it is of another type */
json_t *ngx_simulcast_api_json_object(json_t *json, const char *name);
const char *ngx_simulcast_api_json_text(json_t *json, const char *name);

/* a new copy of a member of this type; otherwise null */
json_t *ngx_simulcast_api_json_copy(json_t *json, const char *name,
    json_type type);

/* fps, bitrate, framesSent, bytesSent of the health; zeros without one */
json_t *ngx_simulcast_api_json_metrics(
    ngx_simulcast_destination_t *destination);
json_t *ngx_simulcast_api_json_number(json_t *json, const char *name);

json_t *ngx_simulcast_api_json_issues(
    ngx_simulcast_destination_t *destination);
json_t *ngx_simulcast_api_json_error(
    ngx_simulcast_destination_t *destination);


/* ---- operations ---- */

void ngx_simulcast_api_destinations_list(ngx_simulcast_api_t *api);
void ngx_simulcast_api_destinations_create(ngx_simulcast_api_t *api);
void ngx_simulcast_api_destinations_get(ngx_simulcast_api_t *api);
void ngx_simulcast_api_destinations_patch(ngx_simulcast_api_t *api);
void ngx_simulcast_api_destinations_delete(ngx_simulcast_api_t *api);
void ngx_simulcast_api_destinations_thumbnail(ngx_simulcast_api_t *api);

void ngx_simulcast_api_test_destination(ngx_simulcast_api_t *api);

/* the client has left while its destination was tried */
void ngx_simulcast_api_test_cancel(ngx_simulcast_api_t *api);

void ngx_simulcast_api_accounts_refresh(ngx_simulcast_api_t *api);
void ngx_simulcast_api_accounts_auth_url(ngx_simulcast_api_t *api);
void ngx_simulcast_api_accounts_exchange(ngx_simulcast_api_t *api);
void ngx_simulcast_api_accounts_pages(ngx_simulcast_api_t *api);

void ngx_simulcast_api_simulcast_start(ngx_simulcast_api_t *api);
void ngx_simulcast_api_simulcast_stop(ngx_simulcast_api_t *api);
void ngx_simulcast_api_look_status(ngx_simulcast_api_t *api);
void ngx_simulcast_api_look_health(ngx_simulcast_api_t *api);
void ngx_simulcast_api_look_metrics(ngx_simulcast_api_t *api);

/* when what the stream id means has begun, ms since the epoch; 0: not live */
uint64_t ngx_simulcast_api_look_since(ngx_simulcast_api_t *api);

void ngx_simulcast_api_simulcast_start_one(ngx_simulcast_api_t *api);
void ngx_simulcast_api_simulcast_stop_one(ngx_simulcast_api_t *api);
void ngx_simulcast_api_simulcast_disable_one(ngx_simulcast_api_t *api);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_API_H_INCLUDED_ */
