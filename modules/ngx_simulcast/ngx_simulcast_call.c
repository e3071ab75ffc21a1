
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_call.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_keep.h"
#include "ngx_simulcast_moment.h"
#include "ngx_simulcast_renew.h"


#define NGX_SIMULCAST_CALL_POOL      4096
#define NGX_SIMULCAST_CALL_URL       8192       /* bytes of a URL */
#define NGX_SIMULCAST_CALL_RENEWALS  2          /* of a token, in a call */

/* s that a broadcast is known in Redis, and its stream reused */
#define NGX_SIMULCAST_CALL_REMEMBER  "2592000"


/* outlives a call that is cancelled: Redis answers all the same */

struct ngx_simulcast_call_wait_s {
    ngx_simulcast_call_t          *call;    /* NULL: it was cancelled */
    ngx_simulcast_call_redis_pt    redis;
    ngx_simulcast_call_step_pt     step;
    json_t                        *members; /* of keep */
};


static void ngx_simulcast_call_event(ngx_event_t *ev);
static void ngx_simulcast_call_destroy(ngx_simulcast_call_t *call);
static void ngx_simulcast_call_missed(ngx_simulcast_call_t *call, ngx_int_t rc,
    const char *code, const char *message);
static void ngx_simulcast_call_dispatch(ngx_simulcast_call_t *call);
static ngx_int_t ngx_simulcast_call_token(ngx_simulcast_call_t *call,
    ngx_str_t *token);
static void ngx_simulcast_call_fetched(void *data,
    ngx_live_fetch_answer_t *fetched);
static void ngx_simulcast_call_renewed(void *data,
    ngx_simulcast_platform_result_t *result,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_call_replace(ngx_simulcast_call_t *call,
    ngx_simulcast_destination_t *destination);
static ngx_simulcast_call_wait_t *ngx_simulcast_call_waiting(
    ngx_simulcast_call_t *call);
static void ngx_simulcast_call_replied(void *data, redisReply *reply);
static void ngx_simulcast_call_away(ngx_simulcast_call_t *call);
static void ngx_simulcast_call_kept(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_call_recalled(ngx_simulcast_call_t *call,
    redisReply *reply);


/* of this worker */

static ngx_live_fetches_t  ngx_simulcast_call_fetches;


ngx_int_t
ngx_simulcast_call_init(ngx_cycle_t *cycle)
{
    ngx_live_fetch_conf_t  conf;

    conf.name = "simulcast";
    conf.agent = "ngx_simulcast";
    conf.trusted = ngx_simulcast_conf->trusted_certificate;

    return ngx_live_fetch_init(&ngx_simulcast_call_fetches, &conf, cycle->log);
}


void
ngx_simulcast_call_exit(void)
{
    ngx_live_fetch_exit(&ngx_simulcast_call_fetches);
}


ngx_simulcast_call_t *
ngx_simulcast_call_create(ngx_uint_t platform,
    ngx_simulcast_destination_t **destination, ngx_simulcast_call_done_pt done,
    void *data)
{
    ngx_pool_t            *pool;
    ngx_simulcast_call_t  *call;

    pool = ngx_create_pool(NGX_SIMULCAST_CALL_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    call = ngx_pcalloc(pool, sizeof(ngx_simulcast_call_t));
    if (call == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    call->pool = pool;
    call->platform = platform;
    call->destination = destination;
    call->done = done;
    call->data = data;

    call->event.handler = ngx_simulcast_call_event;
    call->event.data = call;
    call->event.log = ngx_cycle->log;
    call->event.cancelable = 1;

    return call;
}


static void
ngx_simulcast_call_event(ngx_event_t *ev)
{
    ngx_simulcast_call_t          *call;
    ngx_simulcast_call_step_pt     step;
    ngx_simulcast_call_answer_t    answer;
    ngx_simulcast_call_answer_pt   handler;

    call = ev->data;

    if (call->failing) {
        ngx_memzero(&answer, sizeof(ngx_simulcast_call_answer_t));

        answer.result = call->failure;
        call->failing = 0;

        handler = call->answer;
        handler(call, &answer);
        return;
    }

    step = call->step;
    step(call);
}


void
ngx_simulcast_call_cancel(ngx_simulcast_call_t *call)
{
    if (call->fetch) {
        ngx_live_fetch_cancel(call->fetch);
    }

    if (call->renew) {
        ngx_simulcast_renew_leave(call->renew);
    }

    if (call->wait) {
        call->wait->call = NULL;
    }

    ngx_simulcast_call_destroy(call);
}


static void
ngx_simulcast_call_destroy(ngx_simulcast_call_t *call)
{
    if (call->event.timer_set) {
        ngx_del_timer(&call->event);
    }

    if (call->event.posted) {
        ngx_delete_posted_event(&call->event);
    }

    ngx_destroy_pool(call->pool);
}


void
ngx_simulcast_call_end(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result)
{
    void                             *data;
    ngx_simulcast_call_done_pt        done;
    ngx_simulcast_platform_result_t   copy;

    copy = *result;
    done = call->done;
    data = call->data;

    ngx_simulcast_call_destroy(call);

    done(data, &copy);
}


void
ngx_simulcast_call_ok(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_fail(call, NGX_OK, NULL, "");
}


void
ngx_simulcast_call_fail(ngx_simulcast_call_t *call, ngx_int_t rc,
    const char *code, const char *message)
{
    ngx_simulcast_platform_result_t  result;

    ngx_simulcast_answer_set(&result, rc, code, message);
    ngx_simulcast_call_end(call, &result);
}


void
ngx_simulcast_call_later(ngx_simulcast_call_t *call, ngx_msec_t ms,
    ngx_simulcast_call_step_pt step)
{
    call->step = step;

    if (ms) {
        ngx_add_timer(&call->event, ms);

    } else {
        ngx_post_event(&call->event, &ngx_posted_next_events);
    }
}


/* a request that fails before it is sent is answered as others are */

static void
ngx_simulcast_call_missed(ngx_simulcast_call_t *call, ngx_int_t rc,
    const char *code, const char *message)
{
    ngx_simulcast_answer_set(&call->failure, rc, code, message);
    call->failing = 1;

    ngx_post_event(&call->event, &ngx_posted_next_events);
}


void
ngx_simulcast_call_send(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, ngx_simulcast_call_answer_pt step)
{
    call->request = *request;
    call->answer = step;

    ngx_simulcast_call_dispatch(call);
}


static void
ngx_simulcast_call_dispatch(ngx_simulcast_call_t *call)
{
    u_char                         *p;
    ngx_str_t                       token, headers[2];
    ngx_uint_t                      n;
    ngx_simulcast_call_request_t   *request;
    ngx_live_fetch_request_t        req;

    request = &call->request;

    if (request->failed) {
        ngx_simulcast_call_missed(call, NGX_AGAIN, "platform_failed",
                                  "the request could not be put together");
        return;
    }

    ngx_memzero(&req, sizeof(ngx_live_fetch_request_t));

    n = 0;

    if (request->scheme) {

        if (ngx_simulcast_call_token(call, &token) != NGX_OK) {
            return;
        }

        p = ngx_pnalloc(call->pool, token.len + ngx_strlen(request->scheme)
                                    + sizeof("Authorization:  "));
        if (p == NULL) {
            ngx_simulcast_call_missed(call, NGX_AGAIN, "platform_failed",
                                      "out of memory");
            return;
        }

        headers[n].data = p;
        headers[n].len = ngx_sprintf(p, "Authorization: %s %V",
                                     request->scheme, &token)
                         - p;
        n++;

        if (call->platform == NGX_SIMULCAST_TWITCH) {

            token = ngx_simulcast_conf->platforms[call->platform].client_id;

            p = ngx_pnalloc(call->pool, token.len + sizeof("Client-Id: "));
            if (p == NULL) {
                ngx_simulcast_call_missed(call, NGX_AGAIN, "platform_failed",
                                          "out of memory");
                return;
            }

            headers[n].data = p;
            headers[n].len = ngx_sprintf(p, "Client-Id: %V", &token) - p;
            n++;
        }
    }

    req.method = request->method;
    req.url = request->url;
    req.headers = headers;
    req.nheaders = n;
    req.body = request->body;
    req.type = request->type;
    req.timeout = request->timeout;

    /* codes and tokens are good for one use */

    req.once = request->grant;

    call->fetch = ngx_live_fetch(&ngx_simulcast_call_fetches, &req,
                                 ngx_simulcast_call_fetched, call);

    if (call->fetch == NULL) {
        ngx_simulcast_call_missed(call, NGX_AGAIN, "platform_unreachable",
                                  "the request could not be sent");
    }
}


static ngx_int_t
ngx_simulcast_call_token(ngx_simulcast_call_t *call, ngx_str_t *token)
{
    size_t                         i;
    const char                    *word;
    ngx_simulcast_destination_t   *d;

    if (call->request.secret == NULL) {
        *token = call->request.token;

        for (i = 0; i < token->len; i++) {
            if (token->data[i] <= ' ' || token->data[i] > '~') {
                break;
            }
        }

        if (token->len && i == token->len) {
            return NGX_OK;
        }

        ngx_simulcast_call_missed(call, NGX_ERROR, "not_configured",
                                  "there is no usable token");
        return NGX_ERROR;
    }

    word = ngx_simulcast_call_secret(call, call->request.secret);

    if (word) {
        token->data = (u_char *) word;
        token->len = ngx_strlen(word);
        return NGX_OK;
    }

    d = call->destination ? *call->destination : NULL;

    if (d && (d->secret_state == NGX_SIMULCAST_SECRET_UNKNOWN_KEY
              || d->secret_state == NGX_SIMULCAST_SECRET_BROKEN))
    {
        ngx_simulcast_call_missed(call, NGX_DECLINED, "secret_unreadable",
                                  "the stored token does not open with the "
                                  "encryption key given");

    } else {
        ngx_simulcast_call_missed(call, NGX_DECLINED, "not_connected",
                                  "the account is not connected");
    }

    return NGX_ERROR;
}


static void
ngx_simulcast_call_fetched(void *data, ngx_live_fetch_answer_t *fetched)
{
    ngx_simulcast_call_t *call = data;

    ngx_str_t                      token;
    const char                    *word;
    ngx_simulcast_call_answer_t    answer;
    ngx_simulcast_call_request_t  *request;

    call->fetch = NULL;
    request = &call->request;

    answer.status = fetched->status;
    answer.json = fetched->json;

    if (request->grant) {
        ngx_simulcast_answer_grant(call->platform, fetched->status,
                                   fetched->json, fetched->error,
                                   fetched->retry_after, &answer.result);

    } else {
        ngx_simulcast_answer_result(call->platform, fetched->status,
                                    fetched->json, fetched->error,
                                    fetched->retry_after, ngx_time(),
                                    &answer.result);
    }

    if (request->scheme && request->secret
        && (fetched->status == 401 || fetched->status == 423)
        && answer.result.rc != NGX_OK
        && call->renewed < NGX_SIMULCAST_CALL_RENEWALS
        && ngx_strcmp(request->secret, "access_token") == 0
        && ngx_simulcast_renew_possible(*call->destination))
    {
        call->renewed++;

        call->renew = ngx_simulcast_renew(*call->destination,
                                          ngx_simulcast_call_renewed, call);
        if (call->renew) {
            call->step = ngx_simulcast_call_dispatch;
            return;
        }
    }

    /* what a platform repeats of a request must not get into a message */

    if (request->secret) {
        word = ngx_simulcast_call_secret(call, request->secret);

        if (word) {
            token.data = (u_char *) word;
            token.len = ngx_strlen(word);

            ngx_simulcast_answer_mask(&answer.result, &token);
        }
    }

    ngx_simulcast_answer_mask(&answer.result, &request->token);

    call->answer(call, &answer);
}


void
ngx_simulcast_call_renew(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_pt step)
{
    call->answer = step;
    call->step = NULL;
    call->renewed = 1;

    call->renew = ngx_simulcast_renew(*call->destination,
                                      ngx_simulcast_call_renewed, call);

    if (call->renew == NULL) {
        ngx_simulcast_call_missed(call, NGX_AGAIN, "platform_failed",
                                  "out of memory");
    }
}


static void
ngx_simulcast_call_renewed(void *data, ngx_simulcast_platform_result_t *result,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_call_t *call = data;

    ngx_simulcast_call_answer_t  answer;

    call->renew = NULL;

    if (result->rc == NGX_OK) {
        ngx_simulcast_call_replace(call, destination);

        if (call->step) {
            call->step(call);
            return;
        }
    }

    ngx_memzero(&answer, sizeof(ngx_simulcast_call_answer_t));
    answer.result = *result;

    call->answer(call, &answer);
}


static void
ngx_simulcast_call_replace(ngx_simulcast_call_t *call,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_store_hold(destination);
    ngx_simulcast_store_release(*call->destination);

    *call->destination = destination;
}


static ngx_simulcast_call_wait_t *
ngx_simulcast_call_waiting(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_wait_t  *wait;

    wait = ngx_calloc(sizeof(ngx_simulcast_call_wait_t), ngx_cycle->log);

    if (wait) {
        wait->call = call;
        call->wait = wait;
    }

    return wait;
}


void
ngx_simulcast_call_redis(ngx_simulcast_call_t *call, ngx_uint_t n,
    ngx_str_t *args, ngx_simulcast_call_redis_pt step)
{
    ngx_simulcast_call_wait_t  *wait;

    wait = ngx_simulcast_call_waiting(call);

    if (wait) {
        wait->redis = step;

        if (ngx_live_redis_send(&ngx_simulcast_redis,
                                ngx_simulcast_call_replied, wait, n, args)
            == NGX_OK)
        {
            return;
        }

        call->wait = NULL;
        ngx_free(wait);
    }

    call->redis = step;
    ngx_simulcast_call_later(call, 0, ngx_simulcast_call_away);
}


static void
ngx_simulcast_call_replied(void *data, redisReply *reply)
{
    ngx_simulcast_call_wait_t *wait = data;

    ngx_simulcast_call_t         *call;
    ngx_simulcast_call_redis_pt   step;

    call = wait->call;
    step = wait->redis;

    ngx_free(wait);

    if (call) {
        call->wait = NULL;
        step(call, reply);
    }
}


static void
ngx_simulcast_call_away(ngx_simulcast_call_t *call)
{
    call->redis(call, NULL);
}


void
ngx_simulcast_call_keep(ngx_simulcast_call_t *call, json_t *members,
    ngx_simulcast_call_step_pt step)
{
    ngx_simulcast_call_wait_t    *wait;
    ngx_simulcast_destination_t  *d;

    d = *call->destination;

    wait = members ? ngx_simulcast_call_waiting(call) : NULL;

    if (wait) {
        wait->step = step;
        wait->members = json_incref(members);

        if (ngx_simulcast_keep(d->id, members, NULL, NULL, NULL,
                               ngx_simulcast_call_kept, wait)
            == NGX_OK)
        {
            return;
        }

        call->wait = NULL;

        if (d->secret) {
            (void) json_object_update(d->secret, wait->members);
        }

        json_decref(wait->members);
        ngx_free(wait);

    } else {
        json_decref(members);
    }

    ngx_simulcast_call_later(call, 0, step);
}


static void
ngx_simulcast_call_kept(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_call_wait_t *wait = data;

    ngx_simulcast_call_t         *call;
    ngx_simulcast_call_step_pt    step;
    ngx_simulcast_destination_t  *d;

    call = wait->call;
    step = wait->step;

    if (call) {
        call->wait = NULL;

        if (rc == NGX_OK) {
            ngx_simulcast_call_replace(call, destination);

        } else {
            d = *call->destination;

            if (d->secret) {
                (void) json_object_update(d->secret, wait->members);
            }

            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "simulcast: what was learned of destination %s "
                          "could not be stored", d->id);
        }
    }

    json_decref(wait->members);
    ngx_free(wait);

    if (call) {
        step(call);
    }
}


void
ngx_simulcast_call_recall(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_pt step)
{
    u_char      buf[NGX_SIMULCAST_ID + sizeof("simulcast:broadcast:")];
    ngx_str_t   args[2];

    ngx_str_set(&args[0], "GET");

    args[1].data = buf;
    args[1].len = ngx_sprintf(buf, "simulcast:broadcast:%s",
                              (*call->destination)->id)
                  - buf;

    call->answer = step;

    ngx_simulcast_call_redis(call, 2, args, ngx_simulcast_call_recalled);
}


static void
ngx_simulcast_call_recalled(ngx_simulcast_call_t *call, redisReply *reply)
{
    json_t                       *json;
    ngx_simulcast_call_answer_t   answer;

    ngx_memzero(&answer, sizeof(ngx_simulcast_call_answer_t));

    json = NULL;

    if (reply && reply->type == REDIS_REPLY_STRING) {
        json = json_loadb(reply->str, reply->len, 0, NULL);
    }

    if (json_is_object(json)) {
        answer.json = json;
    }

    call->answer(call, &answer);

    json_decref(json);
}


void
ngx_simulcast_call_remember(ngx_simulcast_call_t *call, json_t *json)
{
    char       *text;
    u_char      buf[NGX_SIMULCAST_ID + sizeof("simulcast:broadcast:")];
    ngx_str_t   args[5];

    args[1].data = buf;
    args[1].len = ngx_sprintf(buf, "simulcast:broadcast:%s",
                              (*call->destination)->id)
                  - buf;

    if (json == NULL) {
        ngx_str_set(&args[0], "DEL");
        (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 2, args);
        return;
    }

    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);

    if (text == NULL) {
        return;
    }

    ngx_str_set(&args[0], "SET");
    args[2].data = (u_char *) text;
    args[2].len = ngx_strlen(text);
    ngx_str_set(&args[3], "EX");
    ngx_str_set(&args[4], NGX_SIMULCAST_CALL_REMEMBER);

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 5, args);

    free(text);
}


void ngx_cdecl
ngx_simulcast_call_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *base, const char *path, ...)
{
    u_char   *p, *last, buf[NGX_SIMULCAST_CALL_URL];
    size_t    len;
    va_list   args;

    ngx_memzero(request, sizeof(ngx_simulcast_call_request_t));

    request->method = method;

    last = buf + sizeof(buf);
    p = ngx_slprintf(buf, last, "%s", base);

    va_start(args, path);
    p = ngx_vslprintf(p, last, path, args);
    va_end(args);

    len = p - buf;

    request->url.data = ngx_pnalloc(call->pool, len);

    if (p == last || request->url.data == NULL) {
        request->failed = 1;
        return;
    }

    ngx_memcpy(request->url.data, buf, len);
    request->url.len = len;
}


void
ngx_simulcast_call_bearer(ngx_simulcast_call_request_t *request,
    const char *secret)
{
    request->scheme = "Bearer";
    request->secret = secret;
}


void
ngx_simulcast_call_json(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, json_t *json)
{
    char  *text;

    text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);

    if (text == NULL) {
        request->failed = 1;
        return;
    }

    request->body.len = ngx_strlen(text);
    request->body.data = ngx_pnalloc(call->pool, request->body.len);

    if (request->body.data) {
        ngx_memcpy(request->body.data, text, request->body.len);

    } else {
        request->failed = 1;
    }

    request->type = "application/json";

    free(text);
}


void
ngx_simulcast_call_form(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, ngx_simulcast_form_t *form)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   query;

    if (form->failed) {
        request->failed = 1;
    }

    if (request->failed) {
        ngx_simulcast_form_free(form);
        return;
    }

    query = ngx_strcmp(request->method, "GET") == 0;
    len = form->len + (query ? request->url.len + 1 : 0);

    p = ngx_pnalloc(call->pool, len + 1);

    if (p == NULL) {
        request->failed = 1;
        ngx_simulcast_form_free(form);
        return;
    }

    if (query) {
        ngx_memcpy(p, request->url.data, request->url.len);
        p[request->url.len] = '?';
        ngx_memcpy(p + request->url.len + 1, form->data, form->len);

        request->url.data = p;
        request->url.len = len;

    } else {
        ngx_memcpy(p, form->data, form->len);

        request->body.data = p;
        request->body.len = len;
        request->type = "application/x-www-form-urlencoded";
    }

    ngx_simulcast_form_free(form);
}


char *
ngx_simulcast_call_escape(ngx_simulcast_call_t *call, const char *text)
{
    char                  *p;
    ngx_simulcast_form_t   form;

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));

    ngx_simulcast_form_escape(&form, (const u_char *) text, ngx_strlen(text));

    p = form.failed ? NULL : ngx_pnalloc(call->pool, form.len + 1);

    if (p) {
        ngx_memcpy(p, form.data, form.len + 1);
    }

    ngx_simulcast_form_free(&form);

    return p ? p : "";
}


void
ngx_simulcast_call_set(ngx_pool_t *pool, ngx_str_t *dst, const char *s,
    size_t len)
{
    u_char  *p;

    if (dst->data && dst->len == len && ngx_memcmp(dst->data, s, len) == 0) {
        return;
    }

    p = ngx_pnalloc(pool, len + 1);
    if (p == NULL) {
        return;
    }

    ngx_memcpy(p, s, len);
    p[len] = '\0';

    dst->data = p;
    dst->len = len;
}


const char *
ngx_simulcast_call_setting(ngx_simulcast_call_t *call, const char *name)
{
    const char  *s;

    s = ngx_simulcast_answer_text(json_object_get((*call->destination)->record,
                                                  "settings"), name);

    return s && *s ? s : NULL;
}


ngx_uint_t
ngx_simulcast_call_flag(ngx_simulcast_call_t *call, const char *name,
    ngx_uint_t by_default)
{
    json_t  *value;

    value = json_object_get(json_object_get((*call->destination)->record,
                                            "settings"), name);

    return json_is_boolean(value) ? (ngx_uint_t) json_is_true(value)
                                  : by_default;
}


const char *
ngx_simulcast_call_secret(ngx_simulcast_call_t *call, const char *name)
{
    if (call->destination == NULL || *call->destination == NULL) {
        return NULL;
    }

    return ngx_simulcast_answer_word((*call->destination)->secret, name,
                                     NGX_SIMULCAST_ANSWER_WORD);
}


uint32_t
ngx_simulcast_call_wishes(ngx_simulcast_call_t *call)
{
    char        *text;
    json_t      *settings, *wishes;
    uint32_t     digest;
    ngx_uint_t   i;

    static const char  *names[] = {
        "title", "description", "privacy", "category", "tags", "language"
    };

    settings = json_object_get((*call->destination)->record, "settings");
    wishes = json_object();

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void) json_object_set(wishes, names[i],
                               json_object_get(settings, names[i]));
    }

    /* the title where none is wished */

    (void) json_object_set(wishes, "name",
                           json_object_get((*call->destination)->record,
                                           "name"));

    text = json_dumps(wishes, JSON_COMPACT|JSON_SORT_KEYS);
    json_decref(wishes);

    digest = text ? ngx_crc32_long((u_char *) text, ngx_strlen(text)) : 0;
    free(text);

    return digest ? digest : 1;
}


time_t
ngx_simulcast_call_scheduled(ngx_simulcast_call_t *call)
{
    int64_t      start;
    const char  *text;

    text = ngx_simulcast_call_setting(call, "scheduled_start");
    start = text ? ngx_simulcast_moment_parse(text) : NGX_ERROR;

    return start > ngx_time() ? (time_t) start : 0;
}


const char *
ngx_simulcast_call_title(ngx_simulcast_call_t *call, ngx_uint_t chars,
    const char *without)
{
    char         *p;
    size_t        size;
    ngx_uint_t    i;
    const char   *titles[4];

    titles[0] = ngx_simulcast_call_setting(call, "title");
    titles[1] = ngx_simulcast_answer_text((*call->destination)->record,
                                          "name");
    titles[2] = (const char *) call->title.data;
    titles[3] = "Live";

    size = 4 * chars + 1;

    p = ngx_pnalloc(call->pool, size);
    if (p == NULL) {
        return "Live";
    }

    for (i = 0; i < 4; i++) {
        if (titles[i]
            && ngx_simulcast_form_cut(p, size, titles[i], chars, without))
        {
            return p;
        }
    }

    return "Live";
}


const char *
ngx_simulcast_call_base(ngx_simulcast_call_t *call, ngx_uint_t auth,
    const char *host)
{
    u_char                         *p;
    ngx_str_t                       base, api_default, auth_default;
    ngx_simulcast_platform_conf_t  *conf;

    conf = &ngx_simulcast_conf->platforms[call->platform];

    ngx_simulcast_platform_defaults(call->platform, &api_default,
                                    &auth_default);

    base = auth ? conf->auth_base : conf->api_base;

    if (auth) {
        api_default = auth_default;
    }

    if (base.len == 0) {
        base = api_default;
    }

    if (host && base.len == api_default.len
        && ngx_strncmp(base.data, api_default.data, base.len) == 0)
    {
        return host;
    }

    p = ngx_pnalloc(call->pool, base.len + 1);
    if (p == NULL) {
        return "";
    }

    ngx_memcpy(p, base.data, base.len);
    p[base.len] = '\0';

    return (const char *) p;
}
