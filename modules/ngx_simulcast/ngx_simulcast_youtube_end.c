
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_youtube.h"
#include "ngx_simulcast_answer.h"


#define NGX_SIMULCAST_YOUTUBE_END_TRIES  8


static void ngx_simulcast_youtube_end_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_end_complete(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_end_completed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_end_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_end_deleted(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_end_done(ngx_simulcast_call_t *call);


void
ngx_simulcast_youtube_end(ngx_simulcast_call_t *call)
{
    ngx_simulcast_youtube_t  *y;

    y = ngx_simulcast_youtube_state(call);

    if (y == NULL) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                "out of memory");
        return;
    }

    y->tries = 0;

    if (y->broadcast[0] == '\0') {
        ngx_simulcast_call_recall(call, ngx_simulcast_youtube_end_recalled);
        return;
    }

    ngx_simulcast_youtube_end_complete(call);
}


static void
ngx_simulcast_youtube_end_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t  *y;

    y = b->state;

    ngx_simulcast_youtube_known(y, answer->json);

    if (y->broadcast[0] == '\0') {
        ngx_simulcast_call_ok(call);
        return;
    }

    ngx_simulcast_youtube_end_complete(call);
}


static void
ngx_simulcast_youtube_end_complete(ngx_simulcast_call_t *call)
{
    ngx_simulcast_youtube_transition(call, "complete",
                                     ngx_simulcast_youtube_end_completed);
}


static void
ngx_simulcast_youtube_end_completed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    if (answer->result.rc == NGX_OK
        || ngx_strcmp(answer->result.code, "broadcast_gone") == 0)
    {
        ngx_simulcast_youtube_end_done(call);
        return;
    }

    if (answer->result.rc != NGX_AGAIN
        || ngx_strcmp(answer->result.code, "quota_exceeded") == 0
        || ++y->tries > NGX_SIMULCAST_YOUTUBE_END_TRIES)
    {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (ngx_strcmp(answer->result.code, "stream_inactive") != 0) {
        ngx_simulcast_call_later(call, NGX_SIMULCAST_YOUTUBE_PAUSE,
                                 ngx_simulcast_youtube_end_complete);
        return;
    }

    /* not one that can be completed, yet or any more */

    ngx_simulcast_youtube_request(call, &request, "GET",
                                  "liveBroadcasts?part=id,status&id=",
                                  y->broadcast);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_end_seen);
}


static void
ngx_simulcast_youtube_end_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t           *y;
    ngx_simulcast_call_request_t       request;
    ngx_simulcast_answer_broadcast_t   found;

    y = b->state;

    if (answer->result.rc == NGX_OK
        && ngx_simulcast_answer_broadcast(answer->json, &found) != NGX_ERROR)
    {
        if (found.id == NULL
            || ngx_strcmp(found.lifecycle, "complete") == 0
            || ngx_strcmp(found.lifecycle, "revoked") == 0)
        {
            ngx_simulcast_youtube_end_done(call);
            return;
        }

        if (ngx_strcmp(found.lifecycle, "created") == 0
            || ngx_strcmp(found.lifecycle, "ready") == 0)
        {
            /* it never was on air; one that is announced stays so */

            if (ngx_simulcast_call_scheduled(call)) {
                ngx_simulcast_call_ok(call);
                return;
            }

            ngx_simulcast_youtube_request(call, &request, "DELETE",
                                          "liveBroadcasts?id=", y->broadcast);
            ngx_simulcast_call_send(call, &request,
                                    ngx_simulcast_youtube_end_deleted);
            return;
        }
    }

    ngx_simulcast_call_later(call, NGX_SIMULCAST_YOUTUBE_PAUSE,
                             ngx_simulcast_youtube_end_complete);
}


static void
ngx_simulcast_youtube_end_deleted(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    if (answer->result.rc != NGX_OK
        && ngx_strcmp(answer->result.code, "broadcast_gone") != 0)
    {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    ngx_simulcast_youtube_end_done(call);
}


/* the stream with its key stays for the next broadcast */

static void
ngx_simulcast_youtube_end_done(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t  *y;

    y = b->state;

    y->broadcast[0] = '\0';
    y->live = 0;

    ngx_simulcast_youtube_remember(call);
    ngx_simulcast_call_ok(call);
}
