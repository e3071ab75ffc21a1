
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_facebook.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_moment.h"


#define NGX_SIMULCAST_FACEBOOK_TITLE        254     /* characters */
#define NGX_SIMULCAST_FACEBOOK_DESCRIPTION  5000
#define NGX_SIMULCAST_FACEBOOK_TRIES        4       /* to end it */

#define NGX_SIMULCAST_FACEBOOK_FIELDS                                         \
    "id,secure_stream_url,permalink_url,embed_html,video{id}"


static void ngx_simulcast_facebook_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_token(ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_pages_part(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static ngx_uint_t ngx_simulcast_facebook_retry(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_look(ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_changed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_create(ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_created(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_remember(ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_wished(ngx_simulcast_call_t *call,
    ngx_simulcast_form_t *form);
static ngx_int_t ngx_simulcast_facebook_use(ngx_simulcast_call_t *call,
    ngx_simulcast_answer_live_t *live);
static void ngx_simulcast_facebook_undone(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_ending(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_finish(ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_finished(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_again(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_facebook_ended(ngx_simulcast_call_t *call);
static ngx_simulcast_facebook_t *ngx_simulcast_facebook_state(
    ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_known(ngx_simulcast_call_t *call,
    json_t *json);
static const char *ngx_simulcast_facebook_privacy(ngx_simulcast_call_t *call);


/* ---- before the push ---- */

void
ngx_simulcast_facebook_prepare(ngx_simulcast_call_t *call)
{
    const char                *page;
    ngx_simulcast_facebook_t  *f;

    f = ngx_simulcast_facebook_state(call);

    if (f == NULL) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                "out of memory");
        return;
    }

    page = ngx_simulcast_answer_word(
               json_object_get((*call->destination)->record, "settings"),
               "page_id", NGX_SIMULCAST_FACEBOOK_ID - 1);

    if (page == NULL) {
        ngx_simulcast_call_fail(call, NGX_DECLINED, "page_not_chosen",
                                "a Facebook page is to be chosen");
        return;
    }

    /* a live video belongs to its page */

    if (ngx_strcmp(f->page, page) != 0) {
        ngx_cpystrn((u_char *) f->page, (u_char *) page, sizeof(f->page));
        f->live[0] = '\0';
    }

    f->begun = 0;
    f->polls = 0;
    f->tries = 0;
    f->parts = 0;
    f->published = 0;
    f->public = 0;
    f->renewed = 0;

    if (f->live[0] == '\0') {
        ngx_simulcast_call_recall(call, ngx_simulcast_facebook_recalled);
        return;
    }

    ngx_simulcast_facebook_token(call);
}


static void
ngx_simulcast_facebook_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_facebook_known(call, answer->json);
    ngx_simulcast_facebook_token(call);
}


static void
ngx_simulcast_facebook_token(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char                *page;
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    page = ngx_simulcast_call_secret(call, "page_id");

    if (ngx_strcmp(f->page, "me") == 0
        || (page && ngx_strcmp(page, f->page) == 0
            && ngx_simulcast_call_secret(call, "page_token")))
    {
        ngx_simulcast_facebook_look(call);
        return;
    }

    ngx_simulcast_facebook_accounts(call, NULL,
                                    ngx_simulcast_facebook_pages_part);
}


void
ngx_simulcast_facebook_accounts(ngx_simulcast_call_t *call,
    const char *after, ngx_simulcast_call_answer_pt step)
{
    ngx_simulcast_form_t           form;
    ngx_simulcast_call_request_t   request;

    ngx_simulcast_call_request(call, &request, "GET",
                               ngx_simulcast_call_base(call, 0, NULL),
                               NGX_SIMULCAST_FACEBOOK_PATH "/me/accounts");
    ngx_simulcast_call_bearer(&request, "access_token");

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));

    ngx_simulcast_form_add(&form, "fields", "id,name,tasks,access_token");
    ngx_simulcast_form_add(&form, "limit", "100");

    if (after) {
        ngx_simulcast_form_add(&form, "after", after);
    }

    ngx_simulcast_call_form(call, &request, &form);
    ngx_simulcast_call_send(call, &request, step);
}


static void
ngx_simulcast_facebook_pages_part(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                    *page;
    const char                *after, *token;
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (!json_is_array(json_object_get(answer->json, "data"))) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "Facebook's answer cannot be understood");
        return;
    }

    page = ngx_simulcast_answer_page(answer->json, f->page);

    if (page == NULL) {

        after = ngx_simulcast_answer_after(answer->json);

        if (after && ++f->parts < NGX_SIMULCAST_FACEBOOK_PARTS) {
            ngx_simulcast_facebook_accounts(call, after,
                                            ngx_simulcast_facebook_pages_part);
            return;
        }

        ngx_simulcast_call_fail(call, NGX_DECLINED, "page_not_chosen",
                                "the Facebook page chosen is none of this "
                                "account: another is to be chosen");
        return;
    }

    if (!ngx_simulcast_answer_page_live(page)) {
        ngx_simulcast_call_fail(call, NGX_DECLINED, "permission_missing",
                                "the account may not create content on this "
                                "Facebook page");
        return;
    }

    token = ngx_simulcast_answer_word(page, "access_token",
                                      NGX_SIMULCAST_ANSWER_WORD);
    if (token == NULL) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "Facebook gave no token of the page");
        return;
    }

    ngx_simulcast_call_keep(call, json_pack("{s:s,s:s}", "page_token", token,
                                            "page_id", f->page),
                            ngx_simulcast_facebook_look);
}


/* a page's token may die alone; the user's gives another */

static ngx_uint_t
ngx_simulcast_facebook_retry(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (answer->result.rc != NGX_DECLINED || f->renewed
        || ngx_strcmp(answer->result.code, "token_revoked") != 0
        || ngx_strcmp(f->page, "me") == 0)
    {
        return 0;
    }

    f->renewed = 1;
    f->parts = 0;

    ngx_simulcast_facebook_accounts(call, NULL,
                                    ngx_simulcast_facebook_pages_part);
    return 1;
}


/* what there is already: one of an earlier attempt, or of another worker */

static void
ngx_simulcast_facebook_look(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t      *f;
    ngx_simulcast_call_request_t   request;

    f = b->state;

    if (f->live[0] == '\0') {
        ngx_simulcast_facebook_create(call);
        return;
    }

    ngx_simulcast_facebook_request(call, &request, "GET", "",
                                   "status," NGX_SIMULCAST_FACEBOOK_FIELDS);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_facebook_looked);
}


static void
ngx_simulcast_facebook_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_form_t           form;
    ngx_simulcast_facebook_t      *f;
    ngx_simulcast_answer_live_t    live;
    ngx_simulcast_call_request_t   request;

    f = b->state;

    if (answer->result.rc != NGX_OK) {

        if (ngx_simulcast_facebook_retry(call, answer)) {
            return;
        }

        if (ngx_strcmp(answer->result.code, "broadcast_gone") == 0) {
            f->live[0] = '\0';
            ngx_simulcast_facebook_create(call);
            return;
        }

        /* a push that has worked goes on when only the API does not */

        if (answer->result.rc == NGX_AGAIN && b->url.len) {
            ngx_simulcast_call_ok(call);
            return;
        }

        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (ngx_simulcast_answer_live(answer->json, &live) != NGX_OK
        || ngx_simulcast_facebook_over(live.status)
        || ngx_simulcast_facebook_use(call, &live) != NGX_OK)
    {
        f->live[0] = '\0';
        ngx_simulcast_facebook_create(call);
        return;
    }

    f->public = (ngx_strcmp(live.status, "LIVE") == 0);

    if (f->wishes && f->wishes != ngx_simulcast_call_wishes(call)) {

        /* what has been made, and is perhaps on air, follows the settings */

        ngx_memzero(&form, sizeof(ngx_simulcast_form_t));
        ngx_simulcast_facebook_wished(call, &form);

        ngx_simulcast_facebook_request(call, &request, "POST", "", NULL);
        ngx_simulcast_call_form(call, &request, &form);

        ngx_simulcast_call_send(call, &request, ngx_simulcast_facebook_changed);
        return;
    }

    ngx_simulcast_call_ok(call);
}


static void
ngx_simulcast_facebook_changed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (answer->result.rc == NGX_OK) {
        f->wishes = ngx_simulcast_call_wishes(call);
        ngx_simulcast_facebook_remember(call);

    } else {
        ngx_simulcast_answer_issue(b->issues, "Title and privacy",
                                   answer->result.message);
    }

    ngx_simulcast_call_ok(call);
}


static void
ngx_simulcast_facebook_create(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    char                           buf[64], start[NGX_SIMULCAST_MOMENT];
    ngx_simulcast_form_t           form;
    ngx_simulcast_facebook_t      *f;
    ngx_simulcast_call_request_t   request;

    f = b->state;

    f->scheduled = ngx_simulcast_call_scheduled(call);

    ngx_simulcast_call_request(call, &request, "POST",
                               ngx_simulcast_call_base(call, 0, NULL),
                               NGX_SIMULCAST_FACEBOOK_PATH "/%s/live_videos",
                               ngx_simulcast_call_escape(call, f->page));

    ngx_simulcast_call_bearer(&request, ngx_strcmp(f->page, "me") == 0
                                        ? "access_token" : "page_token");

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));

    /* nobody sees it before the stream is there */

    ngx_simulcast_form_add(&form, "status", f->scheduled
                                            ? "SCHEDULED_UNPUBLISHED"
                                            : "UNPUBLISHED");
    ngx_simulcast_form_add(&form, "fields", NGX_SIMULCAST_FACEBOOK_FIELDS);

    ngx_simulcast_facebook_wished(call, &form);

    if (f->scheduled) {
        (void) ngx_snprintf((u_char *) buf, sizeof(buf),
                            "{\"start_time\":%T}%Z", f->scheduled);
        ngx_simulcast_form_add(&form, "event_params", buf);

        if (ngx_simulcast_moment_print(f->scheduled, start)) {
            (void) json_object_set_new(b->details, "scheduled_start",
                                       json_string(start));
        }

    } else {
        (void) json_object_del(b->details, "scheduled_start");
    }

    ngx_simulcast_call_form(call, &request, &form);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_facebook_created);
}


static void
ngx_simulcast_facebook_created(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t      *f;
    ngx_simulcast_answer_live_t    live;
    ngx_simulcast_call_request_t   request;

    f = b->state;

    if (answer->result.rc != NGX_OK) {

        if (!ngx_simulcast_facebook_retry(call, answer)) {
            ngx_simulcast_call_end(call, &answer->result);
        }

        return;
    }

    if (ngx_simulcast_answer_live(answer->json, &live) != NGX_OK) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "Facebook's answer cannot be understood");
        return;
    }

    ngx_cpystrn((u_char *) f->live, (u_char *) live.id, sizeof(f->live));

    if (ngx_simulcast_facebook_use(call, &live) != NGX_OK) {

        /* of no use: it is not left lying about */

        ngx_simulcast_answer_set(&f->failure, NGX_AGAIN, "platform_answer",
                                 "Facebook gave no URL to stream to");

        ngx_simulcast_facebook_request(call, &request, "DELETE", "", NULL);
        ngx_simulcast_call_send(call, &request, ngx_simulcast_facebook_undone);
        return;
    }

    f->wishes = ngx_simulcast_call_wishes(call);

    ngx_simulcast_facebook_remember(call);
    ngx_simulcast_call_ok(call);
}


static void
ngx_simulcast_facebook_remember(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                    *json;
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    json = json_pack("{s:s,s:s,s:I}", "live_video", f->live, "page", f->page,
                     "wishes", (json_int_t) f->wishes);

    if (f->scheduled) {
        (void) json_object_set_new(json, "scheduled",
                                   json_integer(f->scheduled));
    }

    ngx_simulcast_call_remember(call, json);
}


/* what can be changed of a live video */

static void
ngx_simulcast_facebook_wished(ngx_simulcast_call_t *call,
    ngx_simulcast_form_t *form)
{
    ngx_simulcast_broadcast_t *b = call->data;

    char                      *text, buf[64];
    const char                *title, *description;
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    title = ngx_simulcast_call_title(call, NGX_SIMULCAST_FACEBOOK_TITLE, NULL);

    ngx_simulcast_form_add(form, "title", title);
    (void) json_object_set_new(b->details, "title", json_string(title));

    description = ngx_simulcast_call_setting(call, "description");

    if (description) {
        text = ngx_pnalloc(call->pool,
                           NGX_SIMULCAST_FACEBOOK_DESCRIPTION * 4 + 1);

        if (text
            && ngx_simulcast_form_lines(text,
                                        NGX_SIMULCAST_FACEBOOK_DESCRIPTION * 4
                                        + 1, description,
                                        NGX_SIMULCAST_FACEBOOK_DESCRIPTION,
                                        NULL))
        {
            ngx_simulcast_form_add(form, "description", text);
        }
    }

    /* what a page shows it shows to everyone */

    if (ngx_strcmp(f->page, "me") == 0) {
        (void) ngx_snprintf((u_char *) buf, sizeof(buf), "{\"value\":\"%s\"}%Z",
                            ngx_simulcast_facebook_privacy(call));
        ngx_simulcast_form_add(form, "privacy", buf);
    }
}


static ngx_int_t
ngx_simulcast_facebook_use(ngx_simulcast_call_t *call,
    ngx_simulcast_answer_live_t *live)
{
    ngx_simulcast_broadcast_t *b = call->data;

    u_char                    *p, buf[640];
    ngx_str_t                  server, key;
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    /* the key has a query, and travels unencoded and whole */

    if (live->url == NULL
        || ngx_simulcast_answer_split(live->url, &server, &key) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_simulcast_call_set(b->pool, &b->url, (char *) server.data, server.len);
    ngx_simulcast_call_set(b->pool, &b->key, (char *) key.data, key.len);

    (void) json_object_set_new(b->details, "live_video",
                               json_string(f->live));

    if (live->video) {
        (void) json_object_set_new(b->details, "video_id",
                                   json_string(live->video));
    }

    if (live->embed) {
        (void) json_object_set_new(b->details, "embed_html",
                                   json_string(live->embed));
    }

    if (live->permalink) {
        p = ngx_snprintf(buf, sizeof(buf), "%s%s",
                         live->permalink[0] == '/' ? "https://www.facebook.com"
                                                   : "",
                         live->permalink);
        ngx_simulcast_call_set(b->pool, &b->playback_url, (char *) buf,
                               p - buf);
    }

    b->poll_after = NGX_SIMULCAST_FACEBOOK_PAUSE;

    return NGX_OK;
}


static void
ngx_simulcast_facebook_undone(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (answer->result.rc != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "simulcast: what was created at Facebook for destination "
                      "%s could not be deleted: %s", b->destination->id,
                      answer->result.code);
    }

    f->live[0] = '\0';

    ngx_simulcast_call_end(call, &f->failure);
}


/* ---- after the push ---- */

void
ngx_simulcast_facebook_end(ngx_simulcast_call_t *call)
{
    const char                *page;
    ngx_simulcast_facebook_t  *f;

    f = ngx_simulcast_facebook_state(call);

    if (f == NULL) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                "out of memory");
        return;
    }

    f->tries = 0;

    if (f->live[0]) {
        ngx_simulcast_facebook_finish(call);
        return;
    }

    page = ngx_simulcast_answer_word(
               json_object_get((*call->destination)->record, "settings"),
               "page_id", NGX_SIMULCAST_FACEBOOK_ID - 1);

    if (page) {
        ngx_cpystrn((u_char *) f->page, (u_char *) page, sizeof(f->page));
    }

    ngx_simulcast_call_recall(call, ngx_simulcast_facebook_ending);
}


static void
ngx_simulcast_facebook_ending(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    ngx_simulcast_facebook_known(call, answer->json);

    if (f->live[0] == '\0') {
        ngx_simulcast_call_ok(call);
        return;
    }

    ngx_simulcast_facebook_finish(call);
}


static void
ngx_simulcast_facebook_finish(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_request_t  request;

    ngx_simulcast_facebook_request(call, &request, "GET", "", "id,status");
    ngx_simulcast_call_send(call, &request, ngx_simulcast_facebook_seen);
}


static void
ngx_simulcast_facebook_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_call_request_t  request;
    ngx_simulcast_answer_live_t   live;

    if (answer->result.rc != NGX_OK) {

        if (ngx_strcmp(answer->result.code, "broadcast_gone") == 0) {
            ngx_simulcast_facebook_ended(call);
            return;
        }

        ngx_simulcast_facebook_again(call, &answer->result);
        return;
    }

    if (ngx_simulcast_answer_live(answer->json, &live) == NGX_OK) {

        if (ngx_simulcast_facebook_over(live.status)) {
            ngx_simulcast_facebook_ended(call);
            return;
        }

        if (ngx_strcmp(live.status, "LIVE") != 0
            && ngx_simulcast_call_scheduled(call))
        {
            /* it is announced, and stays so */

            ngx_simulcast_call_ok(call);
            return;
        }

        if (ngx_strcmp(live.status, "UNPUBLISHED") == 0
            || ngx_strncmp(live.status, "SCHEDULED", 9) == 0)
        {
            ngx_simulcast_facebook_request(call, &request, "DELETE", "", NULL);
            ngx_simulcast_call_send(call, &request,
                                    ngx_simulcast_facebook_finished);
            return;
        }
    }

    ngx_simulcast_facebook_change(call, "end_live_video", "true",
                                  ngx_simulcast_facebook_finished);
}


static void
ngx_simulcast_facebook_finished(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    if (answer->result.rc == NGX_OK
        || ngx_strcmp(answer->result.code, "broadcast_gone") == 0)
    {
        ngx_simulcast_facebook_ended(call);
        return;
    }

    ngx_simulcast_facebook_again(call, &answer->result);
}


static void
ngx_simulcast_facebook_again(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (result->rc != NGX_AGAIN
        || ngx_strcmp(result->code, "rate_limited") == 0
        || ++f->tries >= NGX_SIMULCAST_FACEBOOK_TRIES)
    {
        ngx_simulcast_call_end(call, result);
        return;
    }

    ngx_simulcast_call_later(call, NGX_SIMULCAST_FACEBOOK_PAUSE,
                             ngx_simulcast_facebook_finish);
}


static void
ngx_simulcast_facebook_ended(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    f->live[0] = '\0';
    f->public = 0;

    ngx_simulcast_call_remember(call, NULL);
    ngx_simulcast_call_ok(call);
}


/* ---- what both halves need ---- */

void
ngx_simulcast_facebook_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *tail, const char *fields)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_form_t       form;
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    ngx_simulcast_call_request(call, request, method,
                               ngx_simulcast_call_base(call, 0, NULL),
                               NGX_SIMULCAST_FACEBOOK_PATH "/%s%s",
                               ngx_simulcast_call_escape(call, f->live), tail);

    ngx_simulcast_call_bearer(request, ngx_strcmp(f->page, "me") == 0
                                       ? "access_token" : "page_token");

    if (fields) {
        ngx_memzero(&form, sizeof(ngx_simulcast_form_t));
        ngx_simulcast_form_add(&form, "fields", fields);
        ngx_simulcast_call_form(call, request, &form);
    }
}


void
ngx_simulcast_facebook_change(ngx_simulcast_call_t *call, const char *name,
    const char *value, ngx_simulcast_call_answer_pt step)
{
    ngx_simulcast_form_t           form;
    ngx_simulcast_call_request_t   request;

    ngx_simulcast_facebook_request(call, &request, "POST", "", NULL);

    ngx_memzero(&form, sizeof(ngx_simulcast_form_t));
    ngx_simulcast_form_add(&form, name, value);
    ngx_simulcast_call_form(call, &request, &form);

    ngx_simulcast_call_send(call, &request, step);
}


ngx_uint_t
ngx_simulcast_facebook_over(const char *status)
{
    return ngx_strcmp(status, "LIVE_STOPPED") == 0
           || ngx_strcmp(status, "PROCESSING") == 0
           || ngx_strcmp(status, "VOD") == 0
           || ngx_strcmp(status, "SCHEDULED_CANCELED") == 0
           || ngx_strcmp(status, "SCHEDULED_EXPIRED") == 0;
}


static ngx_simulcast_facebook_t *
ngx_simulcast_facebook_state(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    if (b->state == NULL) {
        b->state = ngx_pcalloc(b->pool, sizeof(ngx_simulcast_facebook_t));
    }

    return b->state;
}


static void
ngx_simulcast_facebook_known(ngx_simulcast_call_t *call, json_t *json)
{
    ngx_simulcast_broadcast_t *b = call->data;

    int64_t                    scheduled, wishes;
    const char                *live, *page;
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    live = ngx_simulcast_answer_word(json, "live_video",
                                     NGX_SIMULCAST_FACEBOOK_ID - 1);
    page = ngx_simulcast_answer_word(json, "page",
                                     NGX_SIMULCAST_FACEBOOK_ID - 1);

    if (live == NULL || page == NULL || ngx_strcmp(page, f->page) != 0) {
        return;
    }

    ngx_cpystrn((u_char *) f->live, (u_char *) live, sizeof(f->live));

    scheduled = ngx_simulcast_answer_number(json, "scheduled");
    f->scheduled = scheduled > 0 ? (time_t) scheduled : 0;

    wishes = ngx_simulcast_answer_number(json, "wishes");
    f->wishes = wishes > 0 ? (uint32_t) wishes : 0;
}


/* the words of the API that all platforms share, or Facebook's own */

static const char *
ngx_simulcast_facebook_privacy(ngx_simulcast_call_t *call)
{
    const char  *privacy;

    privacy = ngx_simulcast_call_setting(call, "privacy");

    if (privacy == NULL || ngx_strcmp(privacy, "public") == 0) {
        return "EVERYONE";
    }

    if (ngx_strcmp(privacy, "unlisted") == 0
        || ngx_strcmp(privacy, "friends") == 0
        || ngx_strcmp(privacy, "ALL_FRIENDS") == 0)
    {
        return "ALL_FRIENDS";
    }

    return ngx_strcmp(privacy, "EVERYONE") == 0 ? "EVERYONE" : "SELF";
}
