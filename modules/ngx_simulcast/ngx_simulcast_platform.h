
/*
 * Copyright (C) the ngx_live contributors
 *
 * What a platform wants before, while and after media is pushed to it, and how
 * its account is connected. One implementation per
 * platform: ngx_simulcast_youtube.c, _twitch.c, _facebook.c, _cloudflare.c;
 * what OAuth has in common is in ngx_simulcast_oauth.c.
 *
 * Where the APIs are. Of a platform with several hosts auth_base and api_base
 * stand for all of them once they are set to something else; the paths stay:
 *
 *     youtube     auth_base  /o/oauth2/v2/auth      accounts.google.com
 *                            /token                 oauth2.googleapis.com
 *                 api_base   /youtube/v3/...        www.googleapis.com
 *                            /upload/youtube/v3/thumbnails/set
 *     twitch      auth_base  /oauth2/{authorize,token,validate}
 *                                                   id.twitch.tv
 *                 api_base   /helix/...             api.twitch.tv
 *                            /ingests               ingest.twitch.tv
 *     facebook    auth_base  /vNN.0/dialog/oauth    www.facebook.com
 *                 api_base   /vNN.0/...             graph.facebook.com; also
 *                                                   /vNN.0/oauth/access_token
 *     cloudflare  api_base   /client/v4/accounts/{account}/stream/...
 *                                                   api.cloudflare.com
 *                            /{input}/views         customer-X.
 *                            /{input}/lifecycle     cloudflarestream.com
 *                 (auth_base is not used)
 *
 * A live input of Cloudflare may also be played from the customer's host: those
 * URLs are as the API gives them, whatever api_base is.
 *
 * In Redis, besides what ngx_simulcast_store.h names:
 *
 *     simulcast:state:{sha256 of state}      a pending authorization, sealed
 *     simulcast:states:{owner}:{platform}    sorted set of these digests, by
 *                                            the time they expire
 *     simulcast:broadcast:{id}               JSON, ids of what was created at
 *                                            the platform, for another worker
 *                                            to go on with
 *     simulcast:thumbnail:{id}               bytes of an image, and its type in
 *     simulcast:thumbnail:{id}:type          (image/jpeg, image/png)
 */


#ifndef _NGX_SIMULCAST_PLATFORM_H_INCLUDED_
#define _NGX_SIMULCAST_PLATFORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>
#include <jansson.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_store.h"


/*
 * How a call ended. `code` is a stable word (see README.md, reasons): for
 * NGX_OK NULL. rc:
 *     NGX_OK
 *     NGX_AGAIN     may be tried again, after retry_after seconds if not 0
 *     NGX_DECLINED  the user has to do something (consent again, choose a page,
 *                   enable live streaming, ...): trying again is of no use
 *     NGX_ERROR     the configuration or the request is wrong, or the platform
 *                   will not do this
 */

typedef struct {
    ngx_int_t     rc;
    const char   *code;             /* token_revoked, quota_exceeded,
                                       rate_limited, live_not_enabled,
                                       permission_missing, page_not_chosen,
                                       platform_unreachable, platform_failed,
                                       platform_answer, not_configured, ... */
    char          message[256];     /* for people; printable, no secret */
    ngx_uint_t    retry_after;      /* s */
} ngx_simulcast_platform_result_t;


typedef void (*ngx_simulcast_platform_pt)(void *data,
    ngx_simulcast_platform_result_t *result);


/*
 * A destination while it is pushed: lives in the worker that pushes it, from
 * before the push until after it. Created and freed by the caller.
 */

typedef struct {
    ngx_simulcast_destination_t  *destination;   /* held; replaced in place when
                                                    tokens are refreshed */
    ngx_pool_t                   *pool;

    /* set by prepare */
    ngx_str_t                     url;           /* to push to, without key */
    ngx_str_t                     key;

    /* set by prepare, live and poll; -1: unknown */
    ngx_int_t                     viewers;
    ngx_str_t                     playback_url;  /* empty: none (yet) */
    json_t                       *details;       /* owned object: broadcast_id,
                                                    embed_html, dash_url, title,
                                                    insights, ... for status */
    json_t                       *issues;        /* owned array of strings: what
                                                    the platform complains of */
    ngx_uint_t                    health;        /* the platform's own word:
                                                    ngx_simulcast_health_e */
    unsigned                      ended:1;       /* the platform has ended the
                                                    event: do not reconnect */

    ngx_msec_t                    poll_after;    /* ms until the next poll; 0:
                                                    never */

    /* the implementation's */
    void                         *state;
    struct ngx_simulcast_call_s  *call;          /* on its way, or NULL */
    ngx_simulcast_platform_pt     handler;       /* of that call */
    void                         *data;
    ngx_event_t                   event;         /* a call that was none */
    json_t                       *notes;         /* owned array: the issues that
                                                    prepare has found */
    time_t                        renew_after;   /* the next attempt, s */
    unsigned                      idle:1;        /* the call only waits */
} ngx_simulcast_broadcast_t;


#pragma GCC visibility push(hidden)

/* where the APIs are unless something else is configured; static strings, empty
   where the platform has none */
void ngx_simulcast_platform_defaults(ngx_uint_t platform, ngx_str_t *api_base,
    ngx_str_t *auth_base);

/* ---- while pushing; one call of a broadcast at a time; each calls the handler
   once, never from within the call ---- */

ngx_simulcast_broadcast_t *ngx_simulcast_platform_create(
    ngx_simulcast_destination_t *destination);

/* cancels the call on its way: its handler is not called */
void ngx_simulcast_platform_free(ngx_simulcast_broadcast_t *broadcast);

/*
 * Makes url and key known: refreshes the token when it is to expire within 5
 * minutes, creates or reuses the broadcast, stream or live input, sets title
 * and so on. Called again before a reconnect after the platform's window: what
 * still exists is reused, what has ended is created anew. `title` is the one of
 * last resort, may be NULL; the setting and the destination's name come first.
 */
void ngx_simulcast_platform_prepare(ngx_simulcast_broadcast_t *broadcast,
    ngx_str_t *title, ngx_simulcast_platform_pt handler, void *data);

/*
 * Media arrives there: makes the event public where that takes a call (YouTube's
 * transition unless it starts by itself, Facebook's LIVE_NOW), waiting for the
 * platform to see the media.
 */
void ngx_simulcast_platform_live(ngx_simulcast_broadcast_t *broadcast,
    ngx_simulcast_platform_pt handler, void *data);

/*
 * Viewers, health and issues, within quota; validates Twitch's token hourly and
 * refreshes any token 5 minutes before its end.
 */
void ngx_simulcast_platform_poll(ngx_simulcast_broadcast_t *broadcast,
    ngx_simulcast_platform_pt handler, void *data);

/*
 * A real end: completes the broadcast, ends the live video. It may be called
 * while live or poll is on its way: their handler is not called then.
 */
void ngx_simulcast_platform_end(ngx_simulcast_broadcast_t *broadcast,
    ngx_simulcast_platform_pt handler, void *data);


/* ---- accounts; each calls the handler once, never from within the call, or
   returns NGX_ERROR without calling it when Redis is away ---- */

typedef struct {
    ngx_simulcast_platform_result_t   result;
    json_t                           *answer;    /* borrowed: what the API
                                                    says; NULL on failure */
    const char                       *field;     /* of the request that is
                                                    wrong, or NULL */
    ngx_uint_t                        status;    /* of HTTP, for a failure */
} ngx_simulcast_account_answer_t;

typedef void (*ngx_simulcast_account_pt)(void *data,
    ngx_simulcast_account_answer_t *answer);

/*
 * {authUrl, state}. The state is single use, expires in 10 minutes, and is bound
 * to `owner`, a digest of the API token that asked (hex); PKCE verifier and
 * state are kept sealed in Redis, simulcast:state:{digest of state} and
 * simulcast:states:{owner}:{platform}.
 */
ngx_int_t ngx_simulcast_oauth_auth_url(ngx_uint_t platform, ngx_str_t *owner,
    ngx_simulcast_account_pt handler, void *data);

/*
 * {id, platform, name, token_expires_at}: exchanges the code, asks the platform
 * who this is, and creates a destination (stored). state may be empty: only if
 * exactly one is pending for this owner and platform. Cloudflare takes no part
 * in this: its token is the operator's or the destination's.
 */
ngx_int_t ngx_simulcast_oauth_exchange(ngx_uint_t platform, ngx_str_t *owner,
    ngx_str_t *code, ngx_str_t *state, ngx_str_t *stream_id, ngx_str_t *name,
    ngx_simulcast_account_pt handler, void *data);

/* {token_expires_at}; the destination is held during the call */
ngx_int_t ngx_simulcast_oauth_refresh(ngx_simulcast_destination_t *destination,
    ngx_simulcast_account_pt handler, void *data);

/* [{id, name}] */
ngx_int_t ngx_simulcast_facebook_pages(ngx_simulcast_destination_t *destination,
    ngx_simulcast_account_pt handler, void *data);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_PLATFORM_H_INCLUDED_ */
