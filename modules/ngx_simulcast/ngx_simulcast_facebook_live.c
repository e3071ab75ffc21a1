
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_facebook.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_health.h"


#define NGX_SIMULCAST_FACEBOOK_LIVE_FIELDS                                    \
    "id,status,live_views,seconds_left,ingest_streams{stream_health,is_master}"

#define NGX_SIMULCAST_FACEBOOK_LIVE_ERRORS  5       /* polls for one look */
#define NGX_SIMULCAST_FACEBOOK_LIVE_SHOWN   3       /* of them, at most */
#define NGX_SIMULCAST_FACEBOOK_LIVE_RECENT  300     /* s */
#define NGX_SIMULCAST_FACEBOOK_LIVE_LEFT    900     /* s, before the end */


static void ngx_simulcast_facebook_live_look(ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_live_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_live_published(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_live_wait(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_facebook_live_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static ngx_uint_t ngx_simulcast_facebook_live_judge(
    ngx_simulcast_broadcast_t *b, ngx_simulcast_answer_live_t *live);
static void ngx_simulcast_facebook_live_insights(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_answer_live_t *live);
static void ngx_simulcast_facebook_live_late(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_live_errors(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_live_polled(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result);


/*
 * The video is published once Facebook receives the stream: whoever follows the
 * page sees a picture
 */

void
ngx_simulcast_facebook_live(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (f == NULL || f->live[0] == '\0' || f->public
        || f->scheduled > ngx_time())
    {
        ngx_simulcast_call_ok(call);
        return;
    }

    f->begun = ngx_time();

    ngx_simulcast_facebook_live_look(call);
}


static void
ngx_simulcast_facebook_live_look(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_request_t  request;

    ngx_simulcast_facebook_request(call, &request, "GET", "",
                                   NGX_SIMULCAST_FACEBOOK_LIVE_FIELDS);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_facebook_live_looked);
}


static void
ngx_simulcast_facebook_live_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t     *f;
    ngx_simulcast_answer_live_t   live;

    f = b->state;

    if (answer->result.rc != NGX_OK
        || ngx_simulcast_answer_live(answer->json, &live) != NGX_OK)
    {
        ngx_simulcast_facebook_live_wait(call, &answer->result);
        return;
    }

    if (ngx_simulcast_facebook_over(live.status)) {
        b->ended = 1;
        ngx_simulcast_call_fail(call, NGX_ERROR, "broadcast_gone",
                                "the live video has ended at Facebook");
        return;
    }

    if (ngx_strcmp(live.status, "LIVE") == 0) {
        f->public = 1;
        ngx_simulcast_call_ok(call);
        return;
    }

    if (live.bitrate > 0 && !f->published) {
        f->published = 1;
        ngx_simulcast_facebook_change(call, "status", "LIVE_NOW",
                                      ngx_simulcast_facebook_live_published);
        return;
    }

    ngx_simulcast_facebook_live_wait(call, &answer->result);
}


static void
ngx_simulcast_facebook_live_published(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (answer->result.rc != NGX_OK) {
        f->published = 0;
        ngx_simulcast_facebook_live_wait(call, &answer->result);
        return;
    }

    ngx_simulcast_call_later(call, NGX_SIMULCAST_FACEBOOK_PAUSE / 3,
                             ngx_simulcast_facebook_live_look);
}


static void
ngx_simulcast_facebook_live_wait(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t  *f;

    f = b->state;

    if (result->rc == NGX_DECLINED || result->rc == NGX_ERROR
        || (result->rc == NGX_AGAIN
            && ngx_strcmp(result->code, "rate_limited") == 0))
    {
        ngx_simulcast_call_end(call, result);
        return;
    }

    if (ngx_time() >= f->begun + NGX_SIMULCAST_FACEBOOK_WAIT) {

        if (result->rc == NGX_OK) {
            ngx_simulcast_answer_set(result, NGX_AGAIN, "stream_inactive",
                                     "Facebook does not see the stream");
        }

        ngx_simulcast_call_end(call, result);
        return;
    }

    ngx_simulcast_call_later(call, NGX_SIMULCAST_FACEBOOK_PAUSE,
                             ngx_simulcast_facebook_live_look);
}


/* ---- now and then ---- */

void
ngx_simulcast_facebook_live_poll(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_facebook_t      *f;
    ngx_simulcast_call_request_t   request;

    f = b->state;

    if (f == NULL || f->live[0] == '\0') {
        b->poll_after = 0;
        ngx_simulcast_call_ok(call);
        return;
    }

    if (f->begun == 0) {
        f->begun = ngx_time();
    }

    f->polls++;

    ngx_simulcast_facebook_request(call, &request, "GET", "",
                                   NGX_SIMULCAST_FACEBOOK_LIVE_FIELDS);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_facebook_live_seen);
}


static void
ngx_simulcast_facebook_live_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_uint_t                     healthy;
    ngx_simulcast_facebook_t      *f;
    ngx_simulcast_answer_live_t    live;
    ngx_simulcast_call_request_t   request;

    f = b->state;

    if (answer->result.rc != NGX_OK) {

        if (ngx_strcmp(answer->result.code, "broadcast_gone") == 0) {
            b->ended = 1;
        }

        ngx_simulcast_facebook_live_polled(call, &answer->result);
        return;
    }

    if (ngx_simulcast_answer_live(answer->json, &live) != NGX_OK) {
        ngx_simulcast_answer_set(&answer->result, NGX_AGAIN, "platform_answer",
                                 "Facebook's answer cannot be understood");
        ngx_simulcast_facebook_live_polled(call, &answer->result);
        return;
    }

    healthy = ngx_simulcast_facebook_live_judge(b, &live);

    if (b->ended) {
        ngx_simulcast_facebook_live_polled(call, &answer->result);
        return;
    }

    /* it is due, or the stream has come late */

    if (!f->public && live.bitrate > 0 && f->scheduled <= ngx_time()) {
        ngx_simulcast_facebook_change(call, "status", "LIVE_NOW",
                                      ngx_simulcast_facebook_live_late);
        return;
    }

    if ((!healthy && f->public)
        || f->polls % NGX_SIMULCAST_FACEBOOK_LIVE_ERRORS == 0)
    {
        ngx_simulcast_facebook_request(call, &request, "GET", "/errors",
                                   "error_code,error_message,creation_time");
        ngx_simulcast_call_send(call, &request,
                                ngx_simulcast_facebook_live_errors);
        return;
    }

    ngx_simulcast_facebook_live_polled(call, &answer->result);
}


/* nonzero when there is nothing to complain of */

static ngx_uint_t
ngx_simulcast_facebook_live_judge(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_answer_live_t *live)
{
    u_char                    buf[64];
    ngx_simulcast_facebook_t  *f;

    f = b->state;

    (void) json_array_clear(b->issues);
    (void) json_array_extend(b->issues, b->notes);

    f->public = (ngx_strcmp(live->status, "LIVE") == 0);
    b->ended = ngx_simulcast_facebook_over(live->status);
    b->viewers = f->public ? (ngx_int_t) live->viewers : -1;

    ngx_simulcast_facebook_live_insights(b, live);

    if (f->public && live->seconds_left > 0
        && live->seconds_left < NGX_SIMULCAST_FACEBOOK_LIVE_LEFT)
    {
        (void) ngx_snprintf(buf, sizeof(buf), "%L minutes are left%Z",
                            live->seconds_left / 60);
        ngx_simulcast_answer_issue(b->issues, "Facebook", (char *) buf);
    }

    if (live->bitrate > 0) {
        b->health = NGX_SIMULCAST_HEALTH_HEALTHY;
        return 1;
    }

    if (live->ingests == 0) {
        b->health = NGX_SIMULCAST_HEALTH_UNKNOWN;
        return 1;
    }

    b->health = NGX_SIMULCAST_HEALTH_STALE_;

    if (f->public) {
        ngx_simulcast_answer_issue(b->issues, "Facebook",
                                   "no video is received");
    }

    return 0;
}


static void
ngx_simulcast_facebook_live_insights(ngx_simulcast_broadcast_t *b,
    ngx_simulcast_answer_live_t *live)
{
    json_t  *insights;

    insights = json_pack("{s:s}", "status", live->status);

    if (live->viewers >= 0) {
        (void) json_object_set_new(insights, "live_views",
                                   json_integer(live->viewers));
    }

    if (live->seconds_left >= 0) {
        (void) json_object_set_new(insights, "seconds_left",
                                   json_integer(live->seconds_left));
    }

    if (live->bitrate > 0) {
        (void) json_object_set_new(insights, "video_bitrate",
                                   json_real(live->bitrate));
        (void) json_object_set_new(insights, "video_framerate",
                                   json_real(live->fps));
    }

    (void) json_object_set_new(b->details, "insights", insights);
}


static void
ngx_simulcast_facebook_live_late(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_facebook_live_polled(call, &answer->result);
}


static void
ngx_simulcast_facebook_live_errors(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    size_t       i;
    json_t      *list, *error;
    int64_t      created;
    ngx_uint_t   n;
    const char  *text;

    list = json_object_get(answer->json, "data");
    n = 0;

    json_array_foreach(list, i, error) {

        text = ngx_simulcast_answer_text(error, "error_message");
        created = ngx_simulcast_answer_number(error, "creation_time");

        if (text == NULL
            || (created > 0 && created + NGX_SIMULCAST_FACEBOOK_LIVE_RECENT
                               < ngx_time())
            || ++n > NGX_SIMULCAST_FACEBOOK_LIVE_SHOWN)
        {
            continue;
        }

        ngx_simulcast_answer_issue(b->issues, "Facebook", text);

        if (b->health == NGX_SIMULCAST_HEALTH_HEALTHY) {
            b->health = NGX_SIMULCAST_HEALTH_DEGRADED;
        }
    }

    ngx_simulcast_facebook_live_polled(call, &answer->result);
}


static void
ngx_simulcast_facebook_live_polled(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_broadcast_t *b = call->data;

    time_t                     now;
    ngx_simulcast_facebook_t  *f;

    f = b->state;
    now = ngx_time();

    b->poll_after = NGX_SIMULCAST_FACEBOOK_POLL;

    if (b->ended) {
        b->poll_after = 0;

    } else if (result->rc == NGX_AGAIN && result->retry_after) {
        b->poll_after = ngx_max((ngx_msec_t) result->retry_after * 1000,
                                NGX_SIMULCAST_FACEBOOK_POLL);

    } else if (result->rc == NGX_OK && !f->public) {

        if (f->scheduled > now) {
            b->poll_after = ngx_min((ngx_msec_t) (f->scheduled - now) * 1000,
                                    NGX_SIMULCAST_FACEBOOK_POLL);

        } else if (now < ngx_max(f->begun, f->scheduled)
                         + NGX_SIMULCAST_FACEBOOK_WAIT)
        {
            b->poll_after = NGX_SIMULCAST_FACEBOOK_PAUSE;
        }
    }

    ngx_simulcast_call_end(call, result);
}
