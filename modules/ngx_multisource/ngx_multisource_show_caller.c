
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_show_answer.h"
#include "ngx_multisource_show_api.h"
#include "ngx_multisource_stage.h"


static ngx_int_t ngx_multisource_show_caller_find(
    ngx_multisource_show_call_t *call);
static ngx_int_t ngx_multisource_show_caller_who(
    ngx_multisource_show_call_t *call);
static ngx_int_t ngx_multisource_show_caller_key(
    ngx_multisource_show_call_t *call, ngx_int_t rc);
static ngx_int_t ngx_multisource_show_caller_challenge(ngx_http_request_t *r,
    const char *code, const char *message);


/* NGX_DECLINED: the operation may begin */

ngx_int_t
ngx_multisource_show_caller(ngx_multisource_show_call_t *call)
{
    ngx_int_t                         rc;
    ngx_http_request_t               *r;
    ngx_multisource_show_record_t    *record;

    r = call->request;

    if (call->operation->who != NGX_MULTISOURCE_SHOW_API_STREAMER) {

        rc = ngx_multisource_show_caller_find(call);

        if (rc == NGX_BUSY) {
            return ngx_multisource_show_answer_busy(r);
        }

        if (rc != NGX_OK) {
            return ngx_multisource_show_answer_unknown(r);
        }

        record = &call->show.record;

        call->ctx.streamer.data = record->streamer;
        call->ctx.streamer.len = ngx_strlen(record->streamer);
        call->ctx.source = call->path.stream;

        rc = ngx_multisource_show_caller_who(call);

        if (rc == NGX_DECLINED && !call->operation->ended
            && record->state == NGX_MULTISOURCE_SHOW_ENDED)
        {
            return ngx_multisource_show_answer_gone(r);
        }

        return rc;
    }

    rc = ngx_multisource_gate_streamer(r, call->conf->app, &call->streamer);

    if (rc != NGX_OK) {
        return ngx_multisource_show_caller_key(call, rc);
    }

    call->ctx.streamer = call->streamer;
    call->ctx.source = call->path.stream;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_multisource_show_caller_find(ngx_multisource_show_call_t *call)
{
    ngx_int_t                    rc;
    ngx_multisource_app_conf_t  *app;

    app = call->conf->app;

    if (ngx_multisource_show_caller_by_id(call) == NGX_OK) {
        return NGX_OK;
    }

    if (ngx_multisource_name_check_streamer(&app->naming, &call->path.id)
        != NGX_MULTISOURCE_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_multisource_stage_show(app, &call->path.id,
                                    call->operation->ended, &call->show);

    return rc;
}


ngx_int_t
ngx_multisource_show_caller_by_id(ngx_multisource_show_call_t *call)
{
    ngx_str_t                       streamer;
    ngx_multisource_show_t          show;
    ngx_multisource_app_conf_t     *app;
    ngx_multisource_show_record_t  *record;

    app = call->conf->app;
    record = &call->show.record;

    if (call->path.id.len != NGX_MULTISOURCE_SHOW_ID
        || ngx_multisource_show_find(ngx_multisource_stage_shows(),
                                     &call->path.id, &call->show)
           != NGX_OK
        || ngx_strlen(record->app) != app->name.len
        || ngx_memcmp(record->app, app->name.data, app->name.len) != 0)
    {
        return NGX_DECLINED;
    }

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {
        return NGX_OK;
    }

    /* as it is by now */

    streamer.data = record->streamer;
    streamer.len = ngx_strlen(record->streamer);

    if (ngx_multisource_stage_show(app, &streamer, 1, &show) == NGX_OK
        && show.ticket == call->show.ticket)
    {
        call->show = show;
        return NGX_OK;
    }

    return ngx_multisource_show_find(ngx_multisource_stage_shows(),
                                     &call->path.id, &call->show);
}


/* NGX_DECLINED: he may */

static ngx_int_t
ngx_multisource_show_caller_who(ngx_multisource_show_call_t *call)
{
    ngx_int_t                 rc;
    ngx_uint_t                who;
    ngx_http_request_t       *r;
    ngx_multisource_gate_e    why;
    ngx_multisource_ticket_t  ticket;

    r = call->request;
    who = call->operation->who;
    rc = NGX_DECLINED;

    if (who != NGX_MULTISOURCE_SHOW_API_VIEWER) {
        rc = ngx_multisource_gate_streamer(r, call->conf->app,
                                           &call->streamer);

        call->host = rc == NGX_OK
                     && call->streamer.len == call->ctx.streamer.len
                     && ngx_memcmp(call->streamer.data,
                                   call->ctx.streamer.data,
                                   call->streamer.len)
                        == 0;
    }

    if (who == NGX_MULTISOURCE_SHOW_API_HOST) {
        return call->host ? NGX_DECLINED
                          : ngx_multisource_show_caller_key(call, rc);
    }

    why = ngx_multisource_gate_ticket(r, &call->show.record, &ticket);

    if (why == NGX_MULTISOURCE_GATE_OPEN
        || (why == NGX_MULTISOURCE_GATE_EXPIRED
            && who == NGX_MULTISOURCE_SHOW_API_ANYBODY))
    {
        call->viewer = ticket.viewer;
        call->expires = ticket.expires;
    }

    if (who == NGX_MULTISOURCE_SHOW_API_ANYBODY
        || (who == NGX_MULTISOURCE_SHOW_API_INVITED
            && !call->show.record.private)
        || call->host || call->viewer)
    {
        return NGX_DECLINED;
    }

    if (why == NGX_MULTISOURCE_GATE_NO_TOKEN && rc != NGX_DECLINED) {
        return ngx_multisource_show_caller_key(call, rc);
    }

    return ngx_multisource_gate_refuse(r, why);
}


/* there is no key, or it is nobody's or somebody else's */

static ngx_int_t
ngx_multisource_show_caller_key(ngx_multisource_show_call_t *call, ngx_int_t rc)
{
    switch (rc) {

    case NGX_OK:
        return ngx_multisource_show_caller_foreign(call);

    case NGX_DECLINED:
        return ngx_multisource_show_caller_challenge(call->request,
                   "key_required", "a stream key is needed: \"Authorization: "
                   "Bearer STREAMKEY\"");

    default:
        return ngx_multisource_show_caller_challenge(call->request,
                   "key_invalid", "the stream key is not known here, or not "
                   "for this");
    }
}


static ngx_int_t
ngx_multisource_show_caller_challenge(ngx_http_request_t *r, const char *code,
    const char *message)
{
    if (ngx_live_answer_header(r, "WWW-Authenticate",
                               "Bearer realm=\"multisource\"")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_multisource_show_answer_error(r, NGX_HTTP_UNAUTHORIZED, code,
                                          message, NULL);
}


ngx_int_t
ngx_multisource_show_caller_foreign(ngx_multisource_show_call_t *call)
{
    return ngx_multisource_show_answer_error(call->request,
               NGX_HTTP_FORBIDDEN, "key_foreign",
               "the session is another streamer's", NULL);
}
