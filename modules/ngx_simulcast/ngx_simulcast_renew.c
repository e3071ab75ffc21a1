
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_renew.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_facebook.h"
#include "ngx_simulcast_keep.h"
#include "ngx_simulcast_moment.h"
#include "ngx_simulcast_seal.h"


#define NGX_SIMULCAST_RENEW_LOCK     60000      /* ms; longer than it takes */
#define NGX_SIMULCAST_RENEW_PAUSE    250        /* ms, between looks at what
                                                   another worker does */
#define NGX_SIMULCAST_RENEW_TRIES    120
#define NGX_SIMULCAST_RENEW_TIMEOUT  10000      /* ms, of the request */

/* s that a token lives when the platform does not say it */
#define NGX_SIMULCAST_RENEW_LIFE     3600


struct ngx_simulcast_renew_s {
    ngx_simulcast_destination_t  *destination;  /* held */
    char                         *token;        /* that is not good any more */
    char                          lock[NGX_SIMULCAST_ID
                                       + sizeof("token:")];
    ngx_uint_t                    tries;
    ngx_event_t                   event;
    ngx_simulcast_call_t         *call;
    json_t                       *members;      /* while they are stored */
    ngx_simulcast_renew_pt        handler;      /* NULL: nobody waits */
    void                         *data;
    unsigned                      locked:1;
};


static void ngx_simulcast_renew_event(ngx_event_t *ev);
static void ngx_simulcast_renew_locked(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_renew_look(ngx_simulcast_renew_t *r);
static void ngx_simulcast_renew_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_renew_send(ngx_simulcast_renew_t *r);
static void ngx_simulcast_renew_ask(ngx_simulcast_call_t *call);
static void ngx_simulcast_renew_answered(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_renew_asked(void *data,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_renew_kept(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_renew_fail(ngx_simulcast_renew_t *r, ngx_int_t rc,
    const char *code, const char *message);
static void ngx_simulcast_renew_done(ngx_simulcast_renew_t *r,
    ngx_simulcast_platform_result_t *result,
    ngx_simulcast_destination_t *destination);
static const char *ngx_simulcast_renew_word(
    ngx_simulcast_destination_t *destination, const char *name);
static void ngx_simulcast_renew_free(ngx_simulcast_renew_t *r);


ngx_simulcast_renew_t *
ngx_simulcast_renew(ngx_simulcast_destination_t *destination,
    ngx_simulcast_renew_pt handler, void *data)
{
    size_t                  len;
    const char             *token;
    ngx_simulcast_renew_t  *r;

    r = ngx_calloc(sizeof(ngx_simulcast_renew_t), ngx_cycle->log);
    if (r == NULL) {
        return NULL;
    }

    token = ngx_simulcast_renew_word(destination, "access_token");

    if (token) {
        len = ngx_strlen(token) + 1;

        r->token = ngx_alloc(len, ngx_cycle->log);
        if (r->token == NULL) {
            ngx_free(r);
            return NULL;
        }

        ngx_memcpy(r->token, token, len);
    }

    ngx_simulcast_store_hold(destination);

    r->destination = destination;
    r->handler = handler;
    r->data = data;

    (void) ngx_sprintf((u_char *) r->lock, "token:%s%Z",
                       destination->id);

    /* not cancelable: what comes back has to be stored */

    r->event.handler = ngx_simulcast_renew_event;
    r->event.data = r;
    r->event.log = ngx_cycle->log;

    ngx_post_event(&r->event, &ngx_posted_next_events);

    return r;
}


void
ngx_simulcast_renew_leave(ngx_simulcast_renew_t *r)
{
    r->handler = NULL;
}


ngx_uint_t
ngx_simulcast_renew_possible(ngx_simulcast_destination_t *destination)
{
    if (destination->platform != NGX_SIMULCAST_YOUTUBE
        && destination->platform != NGX_SIMULCAST_TWITCH)
    {
        return 0;
    }

    return ngx_simulcast_renew_word(destination, "refresh_token") != NULL;
}


ngx_uint_t
ngx_simulcast_renew_due(ngx_simulcast_destination_t *destination)
{
    int64_t  expires;

    if (!ngx_simulcast_renew_possible(destination)) {
        return 0;
    }

    expires = ngx_simulcast_answer_number(destination->secret, "expires_at");

    return expires >= 0 && expires <= ngx_time() + NGX_SIMULCAST_RENEW_BEFORE;
}


json_t *
ngx_simulcast_renew_members(json_t *answer, json_t **record)
{
    char                           buf[NGX_SIMULCAST_MOMENT];
    json_t                        *members;
    int64_t                        expires;
    const char                    *text;
    ngx_simulcast_answer_token_t   token;

    *record = NULL;

    if (ngx_simulcast_answer_token(answer, &token) != NGX_OK) {
        return NULL;
    }

    members = json_pack("{s:s}", "access_token", token.access);

    /* one that is not given anew stays good */

    if (token.refresh) {
        (void) json_object_set_new(members, "refresh_token",
                                   json_string(token.refresh));
    }

    if (token.scope[0]) {
        (void) json_object_set_new(members, "scope", json_string(token.scope));
    }

    if (token.expires_in == 0) {
        (void) json_object_set_new(members, "expires_at", json_null());
        *record = json_pack("{s:n}", "token_expires_at");

        return members;
    }

    expires = ngx_time() + token.expires_in;
    text = ngx_simulcast_moment_print(expires, buf);

    (void) json_object_set_new(members, "expires_at", json_integer(expires));

    if (text) {
        *record = json_pack("{s:s}", "token_expires_at", text);
    }

    return members;
}


/* the lock is to be had, or what has changed in the meantime to be seen */

static void
ngx_simulcast_renew_event(ngx_event_t *ev)
{
    ngx_simulcast_renew_t *r = ev->data;

    ngx_str_t  name;

    if (r->tries) {
        ngx_simulcast_renew_look(r);
        return;
    }

    name.data = (u_char *) r->lock;
    name.len = ngx_strlen(r->lock);

    if (ngx_simulcast_store_lock(&name, NGX_SIMULCAST_RENEW_LOCK,
                                 ngx_simulcast_renew_locked, r)
        != NGX_OK)
    {
        ngx_simulcast_renew_fail(r, NGX_AGAIN, "store_unavailable",
                                 "Redis is away");
    }
}


static void
ngx_simulcast_renew_locked(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_renew_t *r = data;

    switch (rc) {

    case NGX_OK:
        r->locked = 1;
        ngx_simulcast_renew_look(r);
        return;

    case NGX_DECLINED:

        if (++r->tries > NGX_SIMULCAST_RENEW_TRIES || ngx_exiting) {
            ngx_simulcast_renew_fail(r, NGX_AGAIN, "store_unavailable",
                                     "another worker refreshes the token, and "
                                     "does not come to an end");
            return;
        }

        ngx_add_timer(&r->event, NGX_SIMULCAST_RENEW_PAUSE);
        return;

    default:
        ngx_simulcast_renew_fail(r, NGX_AGAIN, "store_unavailable",
                                 "Redis is away");
    }
}


static void
ngx_simulcast_renew_look(ngx_simulcast_renew_t *r)
{
    ngx_str_t  id;

    id.data = (u_char *) r->destination->id;
    id.len = ngx_strlen(r->destination->id);

    if (ngx_simulcast_store_get(&id, ngx_simulcast_renew_got, r) != NGX_OK) {
        ngx_simulcast_renew_fail(r, NGX_AGAIN, "store_unavailable",
                                 "Redis is away");
    }
}


static void
ngx_simulcast_renew_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_renew_t *r = data;

    ngx_str_t                         name;
    const char                       *token;
    ngx_simulcast_platform_result_t   result;

    if (rc == NGX_DECLINED) {
        ngx_simulcast_renew_fail(r, NGX_ERROR, "destination_gone",
                                 "the destination was removed");
        return;
    }

    if (rc != NGX_OK) {
        ngx_simulcast_renew_fail(r, NGX_AGAIN, "store_unavailable",
                                 "Redis is away");
        return;
    }

    token = ngx_simulcast_renew_word(destination, "access_token");

    if (token && (r->token == NULL || ngx_strcmp(token, r->token) != 0)) {
        ngx_simulcast_answer_set(&result, NGX_OK, NULL, "");
        ngx_simulcast_renew_done(r, &result, destination);
        return;
    }

    if (r->locked) {
        ngx_simulcast_store_hold(destination);
        ngx_simulcast_store_release(r->destination);
        r->destination = destination;

        ngx_simulcast_renew_send(r);
        return;
    }

    /* the other one may have failed, and the lock be free now */

    name.data = (u_char *) r->lock;
    name.len = ngx_strlen(r->lock);

    if (ngx_simulcast_store_lock(&name, NGX_SIMULCAST_RENEW_LOCK,
                                 ngx_simulcast_renew_locked, r)
        != NGX_OK)
    {
        ngx_simulcast_renew_fail(r, NGX_AGAIN, "store_unavailable",
                                 "Redis is away");
    }
}


static void
ngx_simulcast_renew_send(ngx_simulcast_renew_t *r)
{
    ngx_simulcast_destination_t  *d;

    d = r->destination;

    if (d->secret_state == NGX_SIMULCAST_SECRET_UNKNOWN_KEY
        || d->secret_state == NGX_SIMULCAST_SECRET_BROKEN)
    {
        ngx_simulcast_renew_fail(r, NGX_DECLINED, "secret_unreadable",
                                 "the stored token does not open with the "
                                 "encryption key given");
        return;
    }

    if (ngx_simulcast_renew_word(d, d->platform == NGX_SIMULCAST_FACEBOOK
                                    ? "access_token" : "refresh_token")
        == NULL)
    {
        ngx_simulcast_renew_fail(r, NGX_DECLINED, "not_connected",
                                 "there is no token to refresh: connect the "
                                 "account");
        return;
    }

    r->call = ngx_simulcast_call_create(d->platform, NULL,
                                        ngx_simulcast_renew_asked, r);
    if (r->call == NULL) {
        ngx_simulcast_renew_fail(r, NGX_AGAIN, "platform_failed",
                                 "out of memory");
        return;
    }

    ngx_simulcast_renew_ask(r->call);
}


static void
ngx_simulcast_renew_ask(ngx_simulcast_call_t *call)
{
    ngx_simulcast_renew_t *r = call->data;

    ngx_simulcast_form_t            form;
    ngx_simulcast_call_request_t    request;
    ngx_simulcast_platform_conf_t  *conf;

    conf = &ngx_simulcast_conf->platforms[call->platform];

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));

    switch (call->platform) {

    case NGX_SIMULCAST_YOUTUBE:
        ngx_simulcast_call_request(call, &request, "POST",
            ngx_simulcast_call_base(call, 1, "https://oauth2.googleapis.com"),
            "/token");
        break;

    case NGX_SIMULCAST_TWITCH:
        ngx_simulcast_call_request(call, &request, "POST",
                                   ngx_simulcast_call_base(call, 1, NULL),
                                   "/oauth2/token");
        break;

    case NGX_SIMULCAST_FACEBOOK:
        ngx_simulcast_call_request(call, &request, "GET",
                                   ngx_simulcast_call_base(call, 0, NULL),
                                   NGX_SIMULCAST_FACEBOOK_PATH
                                   "/oauth/access_token");
        break;

    default:
        ngx_simulcast_call_fail(call, NGX_ERROR, "not_supported",
                                "the platform has no tokens to refresh");
        return;
    }

    if (call->platform == NGX_SIMULCAST_FACEBOOK) {
        ngx_simulcast_form_add(&form, "grant_type", "fb_exchange_token");
        ngx_simulcast_form_add(&form, "fb_exchange_token",
                               ngx_simulcast_renew_word(r->destination,
                                                        "access_token"));

    } else {
        ngx_simulcast_form_add(&form, "grant_type", "refresh_token");
        ngx_simulcast_form_add(&form, "refresh_token",
                               ngx_simulcast_renew_word(r->destination,
                                                        "refresh_token"));
    }

    ngx_simulcast_form_addn(&form, "client_id", &conf->client_id);
    ngx_simulcast_form_addn(&form, "client_secret", &conf->client_secret);

    ngx_simulcast_call_form(call, &request, &form);

    request.grant = 1;
    request.timeout = NGX_SIMULCAST_RENEW_TIMEOUT;

    ngx_simulcast_call_send(call, &request, ngx_simulcast_renew_answered);
}


static void
ngx_simulcast_renew_answered(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_renew_t *r = call->data;

    json_t      *record, *members;
    ngx_int_t    rc;
    const char  *name, *value;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    members = ngx_simulcast_renew_members(answer->json, &record);

    if (members == NULL) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "the platform gave no token");
        return;
    }

    name = call->platform == NGX_SIMULCAST_FACEBOOK ? "access_token"
                                                    : "refresh_token";

    value = ngx_simulcast_renew_word(r->destination, name);

    /* the time counts by itself */

    if (json_object_get(members, "expires_at") == NULL
        || json_is_null(json_object_get(members, "expires_at")))
    {
        if (call->platform != NGX_SIMULCAST_FACEBOOK) {
            (void) json_object_set_new(members, "expires_at",
                       json_integer(ngx_time() + NGX_SIMULCAST_RENEW_LIFE));
        }
    }

    r->members = json_incref(members);

    rc = ngx_simulcast_keep(r->destination->id, members, record, name, value,
                            ngx_simulcast_renew_kept, r);

    ngx_simulcast_call_ok(call);

    if (rc != NGX_OK) {
        ngx_simulcast_renew_kept(r, NGX_ERROR, NULL);
    }
}


static void
ngx_simulcast_renew_asked(void *data, ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_renew_t *r = data;

    r->call = NULL;

    if (result->rc == NGX_OK) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "simulcast: token of destination %s was not refreshed: %s",
                  r->destination->id, result->code);

    ngx_simulcast_renew_done(r, result, NULL);
}


static void
ngx_simulcast_renew_kept(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_renew_t *r = data;

    ngx_simulcast_platform_result_t  result;

    if (rc == NGX_DECLINED) {
        ngx_simulcast_renew_fail(r, NGX_ERROR, "destination_gone",
                                 "the destination was removed");
        return;
    }

    if (rc == NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "simulcast: token of destination %s refreshed",
                      r->destination->id);

    } else {

        /* this push goes on with it */

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "simulcast: token of destination %s was refreshed, but "
                      "could not be stored", r->destination->id);

        destination = r->destination;
        (void) json_object_update(destination->secret, r->members);
    }

    ngx_simulcast_answer_set(&result, NGX_OK, NULL, "");
    ngx_simulcast_renew_done(r, &result, destination);
}


static void
ngx_simulcast_renew_fail(ngx_simulcast_renew_t *r, ngx_int_t rc,
    const char *code, const char *message)
{
    ngx_simulcast_platform_result_t  result;

    ngx_simulcast_answer_set(&result, rc, code, message);
    ngx_simulcast_renew_done(r, &result, NULL);
}


static void
ngx_simulcast_renew_done(ngx_simulcast_renew_t *r,
    ngx_simulcast_platform_result_t *result,
    ngx_simulcast_destination_t *destination)
{
    ngx_str_t  name;

    if (r->locked) {
        name.data = (u_char *) r->lock;
        name.len = ngx_strlen(r->lock);

        ngx_simulcast_store_unlock(&name);
    }

    if (r->handler) {
        r->handler(r->data, result, destination);
    }

    ngx_simulcast_renew_free(r);
}


static const char *
ngx_simulcast_renew_word(ngx_simulcast_destination_t *destination,
    const char *name)
{
    return ngx_simulcast_answer_word(destination->secret, name,
                                     NGX_SIMULCAST_ANSWER_WORD);
}


static void
ngx_simulcast_renew_free(ngx_simulcast_renew_t *r)
{
    ngx_simulcast_store_release(r->destination);

    json_decref(r->members);

    if (r->token) {
        ngx_simulcast_seal_wipe(r->token, ngx_strlen(r->token));
        ngx_free(r->token);
    }

    ngx_free(r);
}
