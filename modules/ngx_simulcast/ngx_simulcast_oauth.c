
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_platform.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_call.h"
#include "ngx_simulcast_facebook.h"
#include "ngx_simulcast_pending.h"
#include "ngx_simulcast_renew.h"
#include "ngx_simulcast_seal.h"


#define NGX_SIMULCAST_OAUTH_CODE     4096       /* bytes */
#define NGX_SIMULCAST_OAUTH_TIMEOUT  10000      /* ms, of a token endpoint */

#define NGX_SIMULCAST_OAUTH_YOUTUBE  "https://www.googleapis.com/auth/youtube"
#define NGX_SIMULCAST_OAUTH_TWITCH   "channel:read:stream_key"
#define NGX_SIMULCAST_OAUTH_TWITCH2  "channel:manage:broadcast"
#define NGX_SIMULCAST_OAUTH_FACEBOOK                                          \
    "pages_show_list,pages_read_engagement,pages_manage_posts,publish_video"


typedef struct {
    ngx_simulcast_pending_t        pending;     /* has to be the first */

    char                          *code;
    char                           stream_id[2 * NGX_SIMULCAST_NAME + 2];
    char                           name[NGX_SIMULCAST_TITLE * 4 + 1];
    ngx_uint_t                     platform;

    json_t                        *secret;
    json_t                        *record;
    json_t                        *answer;
    const char                    *field;       /* that is wrong */
    ngx_simulcast_destination_t   *destination; /* held */

    ngx_simulcast_account_pt       handler;
    void                          *data;
} ngx_simulcast_oauth_t;


static ngx_simulcast_oauth_t *ngx_simulcast_oauth_create(ngx_uint_t platform,
    ngx_simulcast_account_pt handler, void *data);
static ngx_int_t ngx_simulcast_oauth_start(ngx_simulcast_oauth_t *o,
    ngx_simulcast_call_step_pt step);
static void ngx_simulcast_oauth_free(ngx_simulcast_oauth_t *o);
static void ngx_simulcast_oauth_done(void *data,
    ngx_simulcast_platform_result_t *result);
static ngx_int_t ngx_simulcast_oauth_ready(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_begin(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_url(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_check(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_ask(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_answered(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static ngx_int_t ngx_simulcast_oauth_take(ngx_simulcast_call_t *call,
    json_t *json);
static ngx_uint_t ngx_simulcast_oauth_granted(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_lengthen(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_lengthened(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_oauth_who(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_known(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_oauth_store(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_stored(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_oauth_renew(ngx_simulcast_call_t *call);
static void ngx_simulcast_oauth_renewed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);


/* ---- what an account is asked for begins and ends ---- */

static ngx_simulcast_oauth_t *
ngx_simulcast_oauth_create(ngx_uint_t platform,
    ngx_simulcast_account_pt handler, void *data)
{
    ngx_simulcast_oauth_t  *o;

    o = ngx_calloc(sizeof(ngx_simulcast_oauth_t), ngx_cycle->log);

    if (o) {
        o->platform = platform;
        o->handler = handler;
        o->data = data;
    }

    return o;
}


static ngx_int_t
ngx_simulcast_oauth_start(ngx_simulcast_oauth_t *o,
    ngx_simulcast_call_step_pt step)
{
    ngx_simulcast_call_t  *call;

    call = ngx_simulcast_call_create(o->platform,
                                     o->destination ? &o->destination : NULL,
                                     ngx_simulcast_oauth_done, o);
    if (call == NULL) {
        ngx_simulcast_oauth_free(o);
        return NGX_ERROR;
    }

    ngx_simulcast_call_later(call, 0, step);

    return NGX_OK;
}


static void
ngx_simulcast_oauth_free(ngx_simulcast_oauth_t *o)
{
    if (o->destination) {
        ngx_simulcast_store_release(o->destination);
    }

    if (o->code) {
        ngx_simulcast_seal_wipe(o->code, ngx_strlen(o->code));
        ngx_free(o->code);
    }

    json_decref(o->secret);
    json_decref(o->record);
    json_decref(o->answer);

    ngx_simulcast_seal_wipe(&o->pending, sizeof(ngx_simulcast_pending_t));

    ngx_free(o);
}


static void
ngx_simulcast_oauth_done(void *data, ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_oauth_t *o = data;

    ngx_simulcast_account_answer_t  answer;

    ngx_memzero(&answer, sizeof(ngx_simulcast_account_answer_t));

    answer.result = *result;

    answer.status = ngx_simulcast_answer_http(result);

    if (result->rc == NGX_OK) {
        answer.answer = o->answer;

    } else {
        answer.field = o->field;

        if (ngx_strncmp(result->code, "state_", 6) == 0) {
            answer.field = "state";
        }

        if (answer.field) {
            answer.status = 400;
        }
    }

    o->handler(o->data, &answer);

    ngx_simulcast_oauth_free(o);
}


static ngx_int_t
ngx_simulcast_oauth_ready(ngx_simulcast_call_t *call)
{
    ngx_simulcast_platform_conf_t  *conf;

    conf = &ngx_simulcast_conf->platforms[call->platform];

    if (call->platform != NGX_SIMULCAST_YOUTUBE
        && call->platform != NGX_SIMULCAST_TWITCH
        && call->platform != NGX_SIMULCAST_FACEBOOK)
    {
        ngx_simulcast_call_fail(call, NGX_ERROR, "not_configured",
                                "the platform has no accounts to connect");
        return NGX_ERROR;
    }

    if (conf->client_id.len == 0 || conf->client_secret.len == 0
        || conf->redirect_uri.len == 0)
    {
        ngx_simulcast_call_fail(call, NGX_ERROR, "not_configured",
                                "the platform is not configured here");
        return NGX_ERROR;
    }

    if (ngx_simulcast_conf->ring == NULL) {
        ngx_simulcast_call_fail(call, NGX_ERROR, "not_configured",
                                "no encryption key is configured here");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* ---- where to send the user ---- */

ngx_int_t
ngx_simulcast_oauth_auth_url(ngx_uint_t platform, ngx_str_t *owner,
    ngx_simulcast_account_pt handler, void *data)
{
    ngx_simulcast_oauth_t  *o;

    if (!ngx_live_redis_up(&ngx_simulcast_redis)) {
        return NGX_ERROR;
    }

    o = ngx_simulcast_oauth_create(platform, handler, data);
    if (o == NULL) {
        return NGX_ERROR;
    }

    if (ngx_simulcast_pending_owner(&o->pending, owner) != NGX_OK) {
        ngx_simulcast_oauth_free(o);
        return NGX_ERROR;
    }

    return ngx_simulcast_oauth_start(o, ngx_simulcast_oauth_begin);
}


static void
ngx_simulcast_oauth_begin(ngx_simulcast_call_t *call)
{
    if (ngx_simulcast_oauth_ready(call) != NGX_OK) {
        return;
    }

    ngx_simulcast_pending_put(call, ngx_simulcast_oauth_url);
}


static void
ngx_simulcast_oauth_url(ngx_simulcast_call_t *call)
{
    ngx_simulcast_oauth_t *o = call->data;

    char                            challenge[NGX_SIMULCAST_PENDING_RANDOM];
    const char                     *path;
    ngx_simulcast_form_t            form;
    ngx_simulcast_platform_conf_t  *conf;

    conf = &ngx_simulcast_conf->platforms[call->platform];

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));

    ngx_simulcast_form_addn(&form, "client_id", &conf->client_id);
    ngx_simulcast_form_addn(&form, "redirect_uri", &conf->redirect_uri);
    ngx_simulcast_form_add(&form, "response_type", "code");
    ngx_simulcast_form_add(&form, "state", o->pending.state);

    switch (call->platform) {

    case NGX_SIMULCAST_YOUTUBE:
        path = "/o/oauth2/v2/auth";

        ngx_simulcast_pending_challenge(&o->pending, challenge);

        /* without consent a user who returns gets no refresh token */

        ngx_simulcast_form_add(&form, "scope", NGX_SIMULCAST_OAUTH_YOUTUBE);
        ngx_simulcast_form_add(&form, "access_type", "offline");
        ngx_simulcast_form_add(&form, "prompt", "consent");
        ngx_simulcast_form_add(&form, "code_challenge", challenge);
        ngx_simulcast_form_add(&form, "code_challenge_method", "S256");
        break;

    case NGX_SIMULCAST_TWITCH:
        path = "/oauth2/authorize";

        ngx_simulcast_form_add(&form, "scope", NGX_SIMULCAST_OAUTH_TWITCH " "
                                               NGX_SIMULCAST_OAUTH_TWITCH2);
        break;

    default: /* NGX_SIMULCAST_FACEBOOK */
        path = NGX_SIMULCAST_FACEBOOK_PATH "/dialog/oauth";

        ngx_simulcast_form_add(&form, "scope", NGX_SIMULCAST_OAUTH_FACEBOOK);
    }

    if (!form.failed) {
        o->answer = json_pack("{s:o,s:s}",
                        "authUrl",
                            json_sprintf("%s%s?%s",
                                         ngx_simulcast_call_base(call, 1, NULL),
                                         path, form.data),
                        "state", o->pending.state);
    }

    ngx_simulcast_form_free(&form);

    if (o->answer == NULL) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                "out of memory");
        return;
    }

    ngx_simulcast_call_ok(call);
}


/* ---- what the user comes back with ---- */

ngx_int_t
ngx_simulcast_oauth_exchange(ngx_uint_t platform, ngx_str_t *owner,
    ngx_str_t *code, ngx_str_t *state, ngx_str_t *stream_id, ngx_str_t *name,
    ngx_simulcast_account_pt handler, void *data)
{
    size_t                  i;
    ngx_simulcast_oauth_t  *o;

    if (!ngx_live_redis_up(&ngx_simulcast_redis)) {
        return NGX_ERROR;
    }

    o = ngx_simulcast_oauth_create(platform, handler, data);
    if (o == NULL) {
        return NGX_ERROR;
    }

    if (ngx_simulcast_pending_owner(&o->pending, owner) != NGX_OK) {
        ngx_simulcast_oauth_free(o);
        return NGX_ERROR;
    }

    o->code = ngx_alloc(code->len + 1, ngx_cycle->log);
    if (o->code == NULL) {
        ngx_simulcast_oauth_free(o);
        return NGX_ERROR;
    }

    ngx_memcpy(o->code, code->data, code->len);
    o->code[code->len] = '\0';

    for (i = 0; i < code->len; i++) {
        if (code->data[i] < ' ' || code->data[i] > '~') {
            o->field = "code";
        }
    }

    if (code->len == 0 || code->len > NGX_SIMULCAST_OAUTH_CODE) {
        o->field = "code";

    } else if (state->len >= sizeof(o->pending.state)
               || ngx_strlchr(state->data, state->data + state->len, '\0'))
    {
        o->field = "state";

    } else if (stream_id->len == 0
               || stream_id->len >= sizeof(o->stream_id))
    {
        o->field = "stream_id";

    } else if (name->len == 0 || name->len >= sizeof(o->name)) {
        o->field = "name";

    } else {
        ngx_memcpy(o->pending.state, state->data, state->len);
        ngx_memcpy(o->stream_id, stream_id->data, stream_id->len);
        ngx_memcpy(o->name, name->data, name->len);
    }

    return ngx_simulcast_oauth_start(o, ngx_simulcast_oauth_check);
}


static void
ngx_simulcast_oauth_check(ngx_simulcast_call_t *call)
{
    ngx_simulcast_oauth_t *o = call->data;

    if (o->field) {
        ngx_simulcast_call_fail(call, NGX_ERROR, "invalid_request",
                                "a field of the request is missing, too long, "
                                "or has characters that do not belong there");
        return;
    }

    if (ngx_simulcast_oauth_ready(call) != NGX_OK) {
        return;
    }

    ngx_simulcast_pending_take(call, ngx_simulcast_oauth_ask);
}


static void
ngx_simulcast_oauth_ask(ngx_simulcast_call_t *call)
{
    ngx_simulcast_oauth_t *o = call->data;

    ngx_simulcast_form_t            form;
    ngx_simulcast_call_request_t    request;
    ngx_simulcast_platform_conf_t  *conf;

    conf = &ngx_simulcast_conf->platforms[call->platform];

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));

    ngx_simulcast_form_addn(&form, "client_id", &conf->client_id);
    ngx_simulcast_form_addn(&form, "client_secret", &conf->client_secret);
    ngx_simulcast_form_addn(&form, "redirect_uri", &conf->redirect_uri);
    ngx_simulcast_form_add(&form, "code", o->code);

    switch (call->platform) {

    case NGX_SIMULCAST_YOUTUBE:
        ngx_simulcast_call_request(call, &request, "POST",
            ngx_simulcast_call_base(call, 1, "https://oauth2.googleapis.com"),
            "/token");
        ngx_simulcast_form_add(&form, "grant_type", "authorization_code");
        ngx_simulcast_form_add(&form, "code_verifier", o->pending.verifier);
        break;

    case NGX_SIMULCAST_TWITCH:
        ngx_simulcast_call_request(call, &request, "POST",
                                   ngx_simulcast_call_base(call, 1, NULL),
                                   "/oauth2/token");
        ngx_simulcast_form_add(&form, "grant_type", "authorization_code");
        break;

    default: /* NGX_SIMULCAST_FACEBOOK */
        ngx_simulcast_call_request(call, &request, "GET",
                                   ngx_simulcast_call_base(call, 0, NULL),
                                   NGX_SIMULCAST_FACEBOOK_PATH
                                   "/oauth/access_token");
    }

    ngx_simulcast_call_form(call, &request, &form);

    request.grant = 1;
    request.timeout = NGX_SIMULCAST_OAUTH_TIMEOUT;

    ngx_simulcast_call_send(call, &request, ngx_simulcast_oauth_answered);
}


static void
ngx_simulcast_oauth_answered(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_oauth_t *o = call->data;

    if (answer->result.rc == NGX_DECLINED) {
        o->field = "code";
        ngx_simulcast_call_fail(call, NGX_DECLINED, "code_refused",
                                "the platform does not take the code: it can "
                                "be used once, and not for long");
        return;
    }

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (ngx_simulcast_oauth_take(call, answer->json) != NGX_OK) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "the platform gave no token");
        return;
    }

    if (!ngx_simulcast_oauth_granted(call)) {
        o->field = "code";
        ngx_simulcast_call_fail(call, NGX_DECLINED, "permission_missing",
                                "the user has not granted what is needed to "
                                "stream");
        return;
    }

    if (call->platform == NGX_SIMULCAST_FACEBOOK) {
        ngx_simulcast_oauth_lengthen(call);
        return;
    }

    ngx_simulcast_oauth_who(call);
}


static ngx_int_t
ngx_simulcast_oauth_take(ngx_simulcast_call_t *call, json_t *json)
{
    ngx_simulcast_oauth_t *o = call->data;

    json_decref(o->secret);
    json_decref(o->record);

    o->secret = ngx_simulcast_renew_members(json, &o->record);

    return o->secret ? NGX_OK : NGX_ERROR;
}


/* users may take a permission out of what they consent to */

static ngx_uint_t
ngx_simulcast_oauth_granted(ngx_simulcast_call_t *call)
{
    ngx_simulcast_oauth_t *o = call->data;

    json_t  *scope;

    scope = json_object_get(o->secret, "scope");

    switch (call->platform) {

    case NGX_SIMULCAST_YOUTUBE:
        return ngx_simulcast_answer_scope(scope, NGX_SIMULCAST_OAUTH_YOUTUBE);

    case NGX_SIMULCAST_TWITCH:
        return ngx_simulcast_answer_scope(scope, NGX_SIMULCAST_OAUTH_TWITCH);

    default:
        return 1;
    }
}


/* a token of an hour becomes one of 60 days, whose pages' do not expire */

static void
ngx_simulcast_oauth_lengthen(ngx_simulcast_call_t *call)
{
    ngx_simulcast_oauth_t *o = call->data;

    const char                     *token;
    ngx_simulcast_form_t            form;
    ngx_simulcast_call_request_t    request;
    ngx_simulcast_platform_conf_t  *conf;

    conf = &ngx_simulcast_conf->platforms[call->platform];
    token = ngx_simulcast_answer_text(o->secret, "access_token");

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));

    ngx_simulcast_form_add(&form, "grant_type", "fb_exchange_token");
    ngx_simulcast_form_addn(&form, "client_id", &conf->client_id);
    ngx_simulcast_form_addn(&form, "client_secret", &conf->client_secret);
    ngx_simulcast_form_add(&form, "fb_exchange_token", token);

    ngx_simulcast_call_request(call, &request, "GET",
                               ngx_simulcast_call_base(call, 0, NULL),
                               NGX_SIMULCAST_FACEBOOK_PATH
                               "/oauth/access_token");
    ngx_simulcast_call_form(call, &request, &form);

    request.grant = 1;
    request.timeout = NGX_SIMULCAST_OAUTH_TIMEOUT;

    ngx_simulcast_call_send(call, &request, ngx_simulcast_oauth_lengthened);
}


static void
ngx_simulcast_oauth_lengthened(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (ngx_simulcast_oauth_take(call, answer->json) != NGX_OK) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "the platform gave no token");
        return;
    }

    ngx_simulcast_oauth_who(call);
}


static void
ngx_simulcast_oauth_who(ngx_simulcast_call_t *call)
{
    ngx_simulcast_oauth_t *o = call->data;

    const char                    *base;
    ngx_simulcast_call_request_t   request;

    base = ngx_simulcast_call_base(call, 0, NULL);

    switch (call->platform) {

    case NGX_SIMULCAST_YOUTUBE:
        ngx_simulcast_call_request(call, &request, "GET", base,
                             "/youtube/v3/channels?part=id,snippet&mine=true");
        break;

    case NGX_SIMULCAST_TWITCH:
        ngx_simulcast_call_request(call, &request, "GET", base,
                                   "/helix/users");
        break;

    default: /* NGX_SIMULCAST_FACEBOOK */
        ngx_simulcast_call_request(call, &request, "GET", base,
                             NGX_SIMULCAST_FACEBOOK_PATH "/me?fields=id,name");
    }

    request.scheme = "Bearer";
    request.token.data = (u_char *) ngx_simulcast_answer_text(o->secret,
                                                              "access_token");
    request.token.len = ngx_strlen(request.token.data);

    ngx_simulcast_call_send(call, &request, ngx_simulcast_oauth_known);
}


static void
ngx_simulcast_oauth_known(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_oauth_t *o = call->data;

    const char                   *account;
    ngx_simulcast_answer_user_t   user;

    /* the name is only shown: it may as well be missing */

    account = NULL;

    if (answer->result.rc == NGX_OK) {

        switch (call->platform) {

        case NGX_SIMULCAST_YOUTUBE:
            account = ngx_simulcast_answer_text(
                          json_object_get(
                              json_array_get(json_object_get(answer->json,
                                                             "items"), 0),
                              "snippet"),
                          "title");
            break;

        case NGX_SIMULCAST_TWITCH:

            if (ngx_simulcast_answer_user(answer->json, &user) == NGX_OK) {
                account = user.name ? user.name : user.login;

                (void) json_object_set_new(o->secret, "user_id",
                                           json_string(user.id));
            }

            break;

        default: /* NGX_SIMULCAST_FACEBOOK */
            account = ngx_simulcast_answer_text(answer->json, "name");
        }
    }

    if (o->record == NULL) {
        o->record = json_object();
    }

    if (account) {
        (void) json_object_set_new(o->record, "account",
                                   json_string(account));
    }

    ngx_simulcast_oauth_store(call);
}


static void
ngx_simulcast_oauth_store(ngx_simulcast_call_t *call)
{
    ngx_simulcast_oauth_t *o = call->data;

    json_t  *record;

    record = json_pack("{s:s,s:s,s:s,s:b,s:{},s:s}",
                       "stream_id", o->stream_id,
                       "platform", ngx_simulcast_platform_name(call->platform),
                       "name", o->name,
                       "is_enabled", 1,
                       "settings",
                       "wanted", "");

    if (record) {
        (void) json_object_update(record, o->record);
        o->destination = ngx_simulcast_store_new(record, o->secret);
        o->secret = NULL;
    }

    if (o->destination == NULL) {
        ngx_simulcast_call_fail(call, NGX_ERROR, "invalid_request",
                                "the destination could not be created");
        return;
    }

    if (ngx_simulcast_store_put(o->destination, ngx_simulcast_oauth_stored,
                                call)
        != NGX_OK)
    {
        ngx_simulcast_oauth_stored(call, NGX_ERROR, NULL);
    }
}


/* such a call is never cancelled */

static void
ngx_simulcast_oauth_stored(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_call_t *call = data;

    ngx_simulcast_oauth_t *o = call->data;

    json_t  *expires;

    if (rc != NGX_OK) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "store_unavailable",
                                "the destination could not be stored");
        return;
    }

    expires = json_object_get(o->destination->record, "token_expires_at");

    o->answer = json_pack("{s:s,s:s,s:s,s:O?}",
                          "id", o->destination->id,
                          "platform",
                              ngx_simulcast_platform_name(call->platform),
                          "name", o->name,
                          "token_expires_at", expires);

    if (o->answer && expires == NULL) {
        (void) json_object_set_new(o->answer, "token_expires_at", json_null());
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "simulcast: destination %s: %s account connected",
                  o->destination->id,
                  ngx_simulcast_platform_name(call->platform));

    ngx_simulcast_call_ok(call);
}


/* ---- what is asked of an account that is connected ---- */

ngx_int_t
ngx_simulcast_oauth_refresh(ngx_simulcast_destination_t *destination,
    ngx_simulcast_account_pt handler, void *data)
{
    ngx_simulcast_oauth_t  *o;

    if (!ngx_live_redis_up(&ngx_simulcast_redis)) {
        return NGX_ERROR;
    }

    o = ngx_simulcast_oauth_create(destination->platform, handler, data);
    if (o == NULL) {
        return NGX_ERROR;
    }

    ngx_simulcast_store_hold(destination);
    o->destination = destination;

    return ngx_simulcast_oauth_start(o, ngx_simulcast_oauth_renew);
}


static void
ngx_simulcast_oauth_renew(ngx_simulcast_call_t *call)
{
    if (ngx_simulcast_oauth_ready(call) != NGX_OK) {
        return;
    }

    ngx_simulcast_call_renew(call, ngx_simulcast_oauth_renewed);
}


static void
ngx_simulcast_oauth_renewed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_oauth_t *o = call->data;

    json_t  *expires;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    expires = json_object_get(o->destination->record, "token_expires_at");

    o->answer = json_object();

    (void) json_object_set_new(o->answer, "token_expires_at",
                               expires ? json_incref(expires) : json_null());

    ngx_simulcast_call_ok(call);
}
