
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_platform.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_call.h"
#include "ngx_simulcast_cloudflare.h"
#include "ngx_simulcast_facebook.h"
#include "ngx_simulcast_health.h"
#include "ngx_simulcast_renew.h"
#include "ngx_simulcast_twitch.h"
#include "ngx_simulcast_youtube.h"


#define NGX_SIMULCAST_PLATFORM_POOL   2048
#define NGX_SIMULCAST_PLATFORM_PAUSE  60        /* s, between attempts to
                                                   refresh a token */
#define NGX_SIMULCAST_PLATFORM_LATER  600000    /* ms to the next poll, while
                                                   the user is waited for */


typedef struct {
    ngx_simulcast_call_step_pt  prepare;
    ngx_simulcast_call_step_pt  live;
    ngx_simulcast_call_step_pt  poll;
    ngx_simulcast_call_step_pt  end;
} ngx_simulcast_platform_steps_t;


static void ngx_simulcast_platform_custom(ngx_simulcast_call_t *call);
static void ngx_simulcast_platform_start(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_call_step_pt step, ngx_str_t *title,
    ngx_simulcast_platform_pt handler, void *data);
static void ngx_simulcast_platform_begin(ngx_simulcast_call_t *call);
static void ngx_simulcast_platform_renewed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_platform_done(void *data,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_platform_none(ngx_event_t *ev);


static const ngx_simulcast_platform_steps_t
    ngx_simulcast_platform_steps[NGX_SIMULCAST_NPLATFORMS] =
{
    [NGX_SIMULCAST_YOUTUBE] = {
        ngx_simulcast_youtube_prepare, ngx_simulcast_youtube_live,
        ngx_simulcast_youtube_live_poll, ngx_simulcast_youtube_end
    },

    [NGX_SIMULCAST_TWITCH] = {
        ngx_simulcast_twitch_prepare, ngx_simulcast_call_ok,
        ngx_simulcast_twitch_poll, ngx_simulcast_call_ok
    },

    [NGX_SIMULCAST_FACEBOOK] = {
        ngx_simulcast_facebook_prepare, ngx_simulcast_facebook_live,
        ngx_simulcast_facebook_live_poll, ngx_simulcast_facebook_end
    },

    [NGX_SIMULCAST_CLOUDFLARE] = {
        ngx_simulcast_cloudflare_prepare, ngx_simulcast_call_ok,
        ngx_simulcast_cloudflare_poll, ngx_simulcast_call_ok
    },

    [NGX_SIMULCAST_CUSTOM] = {
        ngx_simulcast_platform_custom, ngx_simulcast_call_ok,
        ngx_simulcast_call_ok, ngx_simulcast_call_ok
    }
};


void
ngx_simulcast_platform_defaults(ngx_uint_t platform, ngx_str_t *api_base,
    ngx_str_t *auth_base)
{
    ngx_str_null(api_base);
    ngx_str_null(auth_base);

    switch (platform) {

    case NGX_SIMULCAST_YOUTUBE:
        ngx_str_set(api_base, "https://www.googleapis.com");
        ngx_str_set(auth_base, "https://accounts.google.com");
        break;

    case NGX_SIMULCAST_TWITCH:
        ngx_str_set(api_base, "https://api.twitch.tv");
        ngx_str_set(auth_base, "https://id.twitch.tv");
        break;

    case NGX_SIMULCAST_FACEBOOK:
        ngx_str_set(api_base, "https://graph.facebook.com");
        ngx_str_set(auth_base, "https://www.facebook.com");
        break;

    case NGX_SIMULCAST_CLOUDFLARE:
        ngx_str_set(api_base, "https://api.cloudflare.com");
        break;

    default:
        break;
    }
}


ngx_simulcast_broadcast_t *
ngx_simulcast_platform_create(ngx_simulcast_destination_t *destination)
{
    ngx_pool_t                 *pool;
    ngx_simulcast_broadcast_t  *b;

    pool = ngx_create_pool(NGX_SIMULCAST_PLATFORM_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    b = ngx_pcalloc(pool, sizeof(ngx_simulcast_broadcast_t));
    if (b == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    b->pool = pool;
    b->viewers = -1;
    b->health = NGX_SIMULCAST_HEALTH_UNKNOWN;
    b->details = json_object();
    b->issues = json_array();
    b->notes = json_array();

    if (b->details == NULL || b->issues == NULL || b->notes == NULL) {
        json_decref(b->details);
        json_decref(b->issues);
        json_decref(b->notes);
        ngx_destroy_pool(pool);
        return NULL;
    }

    b->event.handler = ngx_simulcast_platform_none;
    b->event.data = b;
    b->event.log = ngx_cycle->log;

    ngx_simulcast_store_hold(destination);
    b->destination = destination;

    return b;
}


void
ngx_simulcast_platform_free(ngx_simulcast_broadcast_t *b)
{
    if (b->call) {
        ngx_simulcast_call_cancel(b->call);
    }

    if (b->event.posted) {
        ngx_delete_posted_event(&b->event);
    }

    json_decref(b->details);
    json_decref(b->issues);
    json_decref(b->notes);

    ngx_simulcast_store_release(b->destination);

    ngx_destroy_pool(b->pool);
}


void
ngx_simulcast_platform_prepare(ngx_simulcast_broadcast_t *b, ngx_str_t *title,
    ngx_simulcast_platform_pt handler, void *data)
{
    (void) json_array_clear(b->issues);
    (void) json_array_clear(b->notes);

    b->poll_after = 0;
    b->ended = 0;
    b->idle = 0;

    ngx_simulcast_platform_start(b,
        ngx_simulcast_platform_steps[b->destination->platform].prepare, title,
        handler, data);
}


void
ngx_simulcast_platform_live(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_platform_pt handler, void *data)
{
    b->idle = 1;

    ngx_simulcast_platform_start(b,
        ngx_simulcast_platform_steps[b->destination->platform].live, NULL,
        handler, data);
}


void
ngx_simulcast_platform_poll(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_platform_pt handler, void *data)
{
    b->idle = 1;

    ngx_simulcast_platform_start(b,
        ngx_simulcast_platform_steps[b->destination->platform].poll, NULL,
        handler, data);
}


void
ngx_simulcast_platform_end(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_platform_pt handler, void *data)
{
    if (b->call && b->idle) {
        ngx_simulcast_call_cancel(b->call);
        b->call = NULL;
    }

    b->poll_after = 0;
    b->idle = 0;

    ngx_simulcast_platform_start(b,
        ngx_simulcast_platform_steps[b->destination->platform].end, NULL,
        handler, data);
}


/* the operator's or the user's own server: nobody is asked */

static void
ngx_simulcast_platform_custom(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char                   *url, *key;
    ngx_simulcast_destination_t  *d;

    d = b->destination;
    url = ngx_simulcast_answer_word(d->record, "rtmp_url", 1024);
    key = ngx_simulcast_answer_word(d->secret, "stream_key", 1024);

    if (url == NULL) {
        ngx_simulcast_call_fail(call, NGX_ERROR, "not_configured",
                                "there is no URL to push to");
        return;
    }

    if (d->secret_state == NGX_SIMULCAST_SECRET_UNKNOWN_KEY
        || d->secret_state == NGX_SIMULCAST_SECRET_BROKEN)
    {
        ngx_simulcast_call_fail(call, NGX_DECLINED, "secret_unreadable",
                                "the stored key does not open with the "
                                "encryption key given");
        return;
    }

    ngx_simulcast_call_set(b->pool, &b->url, url, ngx_strlen(url));
    ngx_simulcast_call_set(b->pool, &b->key, key ? key : "",
                           key ? ngx_strlen(key) : 0);

    ngx_simulcast_call_ok(call);
}


static void
ngx_simulcast_platform_start(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_call_step_pt step, ngx_str_t *title,
    ngx_simulcast_platform_pt handler, void *data)
{
    ngx_simulcast_call_t  *call;

    if (b->call) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "simulcast: destination %s is asked for two things at "
                      "once", b->destination->id);

        ngx_simulcast_call_cancel(b->call);
        b->call = NULL;
    }

    b->handler = handler;
    b->data = data;

    call = ngx_simulcast_call_create(b->destination->platform, &b->destination,
                                     ngx_simulcast_platform_done, b);
    if (call == NULL) {
        ngx_post_event(&b->event, &ngx_posted_next_events);
        return;
    }

    if (title) {
        ngx_simulcast_call_set(call->pool, &call->title,
                               (const char *) title->data, title->len);
    }

    call->first = step;
    b->call = call;

    ngx_simulcast_call_later(call, 0, ngx_simulcast_platform_begin);
}


/* a token that is about to end is refreshed before anything else is done */

static void
ngx_simulcast_platform_begin(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    if (ngx_time() >= b->renew_after
        && ngx_simulcast_renew_due(b->destination))
    {
        b->renew_after = ngx_time() + NGX_SIMULCAST_PLATFORM_PAUSE;

        ngx_simulcast_call_renew(call, ngx_simulcast_platform_renewed);
        return;
    }

    call->first(call);
}


static void
ngx_simulcast_platform_renewed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    int64_t  expires;

    if (answer->result.rc != NGX_OK) {

        expires = ngx_simulcast_answer_number(b->destination->secret,
                                              "expires_at");

        if (answer->result.rc != NGX_AGAIN || expires <= ngx_time()) {
            ngx_simulcast_call_end(call, &answer->result);
            return;
        }
    }

    call->first(call);
}


static void
ngx_simulcast_platform_done(void *data,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_broadcast_t *b = data;

    b->call = NULL;

    /* it would be refused again and again */

    if (b->idle && result->rc == NGX_DECLINED && b->poll_after) {
        b->poll_after = ngx_max(b->poll_after, NGX_SIMULCAST_PLATFORM_LATER);
    }

    b->handler(b->data, result);
}


static void
ngx_simulcast_platform_none(ngx_event_t *ev)
{
    ngx_simulcast_platform_result_t  result;

    ngx_simulcast_answer_set(&result, NGX_AGAIN, "platform_failed",
                             "out of memory");

    ngx_simulcast_platform_done(ev->data, &result);
}
