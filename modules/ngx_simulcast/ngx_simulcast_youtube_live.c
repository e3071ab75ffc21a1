
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_youtube.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_health.h"


/* s that YouTube has to begin by itself, once it sees the stream */
#define NGX_SIMULCAST_YOUTUBE_LIVE_AUTO  10

/* looks at the stream for one at the viewers */
#define NGX_SIMULCAST_YOUTUBE_LIVE_VIEWERS  2


static void ngx_simulcast_youtube_live_look(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_live_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_live_event(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_live_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_live_moved(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_live_wait(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result,
    ngx_simulcast_call_step_pt step);
static void ngx_simulcast_youtube_live_due(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_live_stream(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_live_health(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_live_viewers(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_live_state(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_live_polled(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result);
static ngx_uint_t ngx_simulcast_youtube_live_over(const char *lifecycle);


void
ngx_simulcast_youtube_live(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t  *y;

    y = b->state;

    if (y == NULL || y->broadcast[0] == '\0' || y->live
        || y->scheduled > ngx_time())
    {
        /* there is nothing to do, or not yet: polls look at the clock */

        ngx_simulcast_call_ok(call);
        return;
    }

    y->begun = ngx_time();
    y->active = 0;

    ngx_simulcast_youtube_live_look(call);
}


static void
ngx_simulcast_youtube_live_look(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    ngx_simulcast_youtube_request(call, &request, "GET",
                                  "liveStreams?part=id,status&id=", y->stream);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_live_looked);
}


static void
ngx_simulcast_youtube_live_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t        *y;
    ngx_simulcast_answer_stream_t   stream;

    y = b->state;

    if (answer->result.rc != NGX_OK
        || ngx_simulcast_answer_stream(answer->json, &stream) != NGX_OK
        || ngx_strcmp(stream.status, "active") != 0)
    {
        ngx_simulcast_youtube_live_wait(call, &answer->result,
                                        ngx_simulcast_youtube_live_look);
        return;
    }

    if (y->active == 0) {
        y->active = ngx_time();
    }

    ngx_simulcast_youtube_live_event(call);
}


static void
ngx_simulcast_youtube_live_event(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    ngx_simulcast_youtube_request(call, &request, "GET",
                                  "liveBroadcasts?part=id,status&id=",
                                  y->broadcast);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_live_seen);
}


static void
ngx_simulcast_youtube_live_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_int_t                          rc;
    ngx_simulcast_youtube_t           *y;
    ngx_simulcast_answer_broadcast_t   found;

    y = b->state;

    rc = answer->result.rc == NGX_OK
         ? ngx_simulcast_answer_broadcast(answer->json, &found) : NGX_ERROR;

    if (rc == NGX_DECLINED
        || (rc == NGX_OK && ngx_simulcast_youtube_live_over(found.lifecycle)))
    {
        b->ended = 1;
        ngx_simulcast_call_fail(call, NGX_ERROR, "broadcast_gone",
                                "the broadcast has ended at YouTube");
        return;
    }

    if (rc == NGX_OK && ngx_strcmp(found.lifecycle, "live") == 0) {
        y->live = 1;
        ngx_simulcast_call_ok(call);
        return;
    }

    if (rc == NGX_OK
        && (ngx_strcmp(found.lifecycle, "ready") == 0
            || ngx_strcmp(found.lifecycle, "testing") == 0)
        && (y->scheduled
            || ngx_time() >= y->active + NGX_SIMULCAST_YOUTUBE_LIVE_AUTO))
    {
        ngx_simulcast_youtube_transition(call, "live",
                                         ngx_simulcast_youtube_live_moved);
        return;
    }

    ngx_simulcast_youtube_live_wait(call, &answer->result,
                                    ngx_simulcast_youtube_live_event);
}


static void
ngx_simulcast_youtube_live_moved(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_youtube_live_wait(call, &answer->result,
                                    ngx_simulcast_youtube_live_look);
}


/* once more, unless it is of no use, or has taken too long */

static void
ngx_simulcast_youtube_live_wait(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result, ngx_simulcast_call_step_pt step)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t  *y;

    y = b->state;

    if (result->rc == NGX_DECLINED || result->rc == NGX_ERROR
        || (result->rc == NGX_AGAIN
            && (ngx_strcmp(result->code, "quota_exceeded") == 0
                || ngx_strcmp(result->code, "rate_limited") == 0)))
    {
        ngx_simulcast_call_end(call, result);
        return;
    }

    if (ngx_time() >= y->begun + NGX_SIMULCAST_YOUTUBE_WAIT) {

        if (result->rc == NGX_OK) {
            ngx_simulcast_answer_set(result, NGX_AGAIN, "stream_inactive",
                                     "YouTube does not see the stream");
        }

        ngx_simulcast_call_end(call, result);
        return;
    }

    ngx_simulcast_call_later(call, NGX_SIMULCAST_YOUTUBE_PAUSE, step);
}


/* ---- now and then ---- */

void
ngx_simulcast_youtube_live_poll(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t  *y;

    y = b->state;

    if (y == NULL || y->broadcast[0] == '\0') {
        b->poll_after = 0;
        ngx_simulcast_call_ok(call);
        return;
    }

    if (y->begun == 0) {
        y->begun = ngx_time();
    }

    y->polls++;

    if (!y->live && y->scheduled && y->scheduled <= ngx_time()) {
        ngx_simulcast_youtube_transition(call, "live",
                                         ngx_simulcast_youtube_live_due);
        return;
    }

    ngx_simulcast_youtube_live_stream(call);
}


static void
ngx_simulcast_youtube_live_due(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t  *y;

    y = b->state;

    if (answer->result.rc == NGX_OK) {
        y->live = 1;

    } else if (answer->result.rc != NGX_AGAIN
               || ngx_strcmp(answer->result.code, "stream_inactive") != 0)
    {
        ngx_simulcast_youtube_live_polled(call, &answer->result);
        return;
    }

    ngx_simulcast_youtube_live_stream(call);
}


static void
ngx_simulcast_youtube_live_stream(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    ngx_simulcast_youtube_request(call, &request, "GET",
                                  "liveStreams?part=id,status&id=", y->stream);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_live_health);
}


static void
ngx_simulcast_youtube_live_health(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_uint_t                      active;
    ngx_simulcast_youtube_t        *y;
    ngx_simulcast_call_request_t    request;
    ngx_simulcast_answer_stream_t   stream;

    y = b->state;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_youtube_live_polled(call, &answer->result);
        return;
    }

    (void) json_array_clear(b->issues);
    (void) json_array_extend(b->issues, b->notes);

    active = 0;

    if (ngx_simulcast_answer_stream(answer->json, &stream) == NGX_OK) {

        b->health = stream.health;
        active = (ngx_strcmp(stream.status, "active") == 0);

        ngx_simulcast_answer_stream_issues(answer->json, b->issues);

    } else {
        b->health = NGX_SIMULCAST_HEALTH_UNKNOWN;
    }

    if (active && y->active == 0) {
        y->active = ngx_time();
    }

    /* has it ended, or not begun? */

    if (!active || !y->live) {
        ngx_simulcast_youtube_request(call, &request, "GET",
                                      "liveBroadcasts?part=id,status&id=",
                                      y->broadcast);
        ngx_simulcast_call_send(call, &request,
                                ngx_simulcast_youtube_live_state);
        return;
    }

    if (y->polls % NGX_SIMULCAST_YOUTUBE_LIVE_VIEWERS == 1) {
        ngx_simulcast_youtube_request(call, &request, "GET",
                                      "videos?part=liveStreamingDetails&id=",
                                      y->broadcast);
        ngx_simulcast_call_send(call, &request,
                                ngx_simulcast_youtube_live_viewers);
        return;
    }

    ngx_simulcast_youtube_live_polled(call, &answer->result);
}


static void
ngx_simulcast_youtube_live_viewers(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    int64_t     viewers;
    ngx_uint_t  ended;

    if (answer->result.rc == NGX_OK) {

        viewers = ngx_simulcast_answer_video(answer->json, &ended);

        b->viewers = (ngx_int_t) viewers;
        b->ended = ended;
    }

    ngx_simulcast_youtube_live_polled(call, &answer->result);
}


static void
ngx_simulcast_youtube_live_state(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_int_t                          rc;
    ngx_simulcast_youtube_t           *y;
    ngx_simulcast_answer_broadcast_t   found;

    y = b->state;

    if (answer->result.rc == NGX_OK) {

        rc = ngx_simulcast_answer_broadcast(answer->json, &found);

        if (rc == NGX_DECLINED
            || (rc == NGX_OK
                && ngx_simulcast_youtube_live_over(found.lifecycle)))
        {
            b->ended = 1;

        } else if (rc == NGX_OK && ngx_strcmp(found.lifecycle, "live") == 0) {
            y->live = 1;
        }
    }

    ngx_simulcast_youtube_live_polled(call, &answer->result);
}


/* when to look again: a day has 10000 units for all that this client does */

static void
ngx_simulcast_youtube_live_polled(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_broadcast_t *b = call->data;

    time_t                    now;
    ngx_simulcast_youtube_t  *y;

    y = b->state;
    now = ngx_time();

    b->poll_after = NGX_SIMULCAST_YOUTUBE_POLL;

    if (b->ended) {
        b->poll_after = 0;

    } else if (result->rc == NGX_AGAIN && result->retry_after) {
        b->poll_after = ngx_max((ngx_msec_t) result->retry_after * 1000,
                                NGX_SIMULCAST_YOUTUBE_POLL);

    } else if (result->rc == NGX_OK && !y->live) {

        if (y->scheduled > now) {
            b->poll_after = ngx_min((ngx_msec_t) (y->scheduled - now) * 1000,
                                    NGX_SIMULCAST_YOUTUBE_POLL);

        } else if (now < ngx_max(y->begun, y->scheduled)
                         + NGX_SIMULCAST_YOUTUBE_WAIT)
        {
            b->poll_after = NGX_SIMULCAST_YOUTUBE_PAUSE;
        }
    }

    ngx_simulcast_call_end(call, result);
}


static ngx_uint_t
ngx_simulcast_youtube_live_over(const char *lifecycle)
{
    return ngx_strcmp(lifecycle, "complete") == 0
           || ngx_strcmp(lifecycle, "revoked") == 0;
}
