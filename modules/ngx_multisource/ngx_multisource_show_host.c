
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_director.h"
#include "ngx_multisource_show_answer.h"
#include "ngx_multisource_show_api.h"
#include "ngx_multisource_show_json.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_ticket.h"
#include "ngx_multisource_walk.h"

#include <sched.h>


/* times that something is tried again while another worker is at it */
#define NGX_MULTISOURCE_SHOW_HOST_TRIES  20


typedef struct {
    ngx_multisource_form_start_t  form;
    u_char                        code[NGX_MULTISOURCE_SHOW_ID];
} ngx_multisource_show_host_start_t;


typedef struct {
    ngx_uint_t                    mode;
    ngx_str_t                     source;       /* "": as it was */
    uint64_t                      at;
} ngx_multisource_show_host_direct_t;


typedef struct {
    ngx_str_t                     name;
    ngx_uint_t                    disabled;
    uint64_t                      at;
    ngx_uint_t                    stream;       /* its number, then */
} ngx_multisource_show_host_stream_t;


static ngx_int_t ngx_multisource_show_host_begin(
    ngx_multisource_show_call_t *call,
    ngx_multisource_show_host_start_t *start);
static ngx_int_t ngx_multisource_show_host_ask(
    ngx_multisource_show_record_t *record, void *data);
static json_t *ngx_multisource_show_host_json(
    ngx_multisource_show_call_t *call);
static ngx_int_t ngx_multisource_show_host_places(
    ngx_multisource_show_call_t *call, json_t *streams);
static json_t *ngx_multisource_show_host_rtmp_url(
    ngx_multisource_show_call_t *call);
static json_t *ngx_multisource_show_host_rtmp_stream(
    ngx_multisource_naming_t *naming, u_char *source);
static ngx_int_t ngx_multisource_show_host_change(
    ngx_multisource_show_call_t *call, ngx_multisource_show_pt change,
    void *data);
static ngx_int_t ngx_multisource_show_host_failed(
    ngx_multisource_show_call_t *call, ngx_int_t rc);
static ngx_int_t ngx_multisource_show_host_put_on_air(
    ngx_multisource_show_record_t *record, void *data);
static ngx_int_t ngx_multisource_show_host_enable(
    ngx_multisource_show_record_t *record, void *data);
static void ngx_multisource_show_host_drop(ngx_multisource_show_call_t *call);


ngx_int_t
ngx_multisource_show_host_start(ngx_multisource_show_call_t *call)
{
    ngx_int_t                           rc;
    ngx_uint_t                          n, status;
    ngx_http_request_t                 *r;
    ngx_live_body_error_t               error;
    ngx_multisource_show_host_start_t  *start;

    r = call->request;

    start = ngx_pcalloc(r->pool, sizeof(ngx_multisource_show_host_start_t));
    if (start == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    start->form.private = -1;

    if (call->body
        && ngx_multisource_form_start(call->body, &call->conf->app->naming,
                                      &start->form, &error)
           != NGX_OK)
    {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    if (ngx_multisource_ticket_random(start->code,
                                      NGX_MULTISOURCE_SHOW_ID / 2)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = NGX_BUSY;

    for (n = 0; n < NGX_MULTISOURCE_SHOW_HOST_TRIES && rc == NGX_BUSY; n++) {

        if (n) {
            (void) sched_yield();
        }

        rc = ngx_multisource_show_host_begin(call, start);
    }

    status = NGX_HTTP_CREATED;

    if (rc == NGX_DONE) {

        /* it is open by now, and becomes what is asked for */

        status = NGX_HTTP_OK;

        rc = ngx_multisource_show_host_change(call,
                                              ngx_multisource_show_host_ask,
                                              start);

        if (rc == NGX_ABORT) {
            return ngx_multisource_show_answer_invalid(r, "streams",
                       "streams must be no more than 16 with those that the "
                       "session has by now");
        }

        if (rc != NGX_OK) {
            return ngx_multisource_show_host_failed(call, rc);
        }
    }

    switch (rc) {

    case NGX_OK:
        return ngx_multisource_show_answer_data(r, status,
                   ngx_multisource_show_host_json(call));

    case NGX_BUSY:
        return ngx_multisource_show_answer_busy(r);

    default:
        return ngx_multisource_show_answer_full(r);
    }
}


/* as ngx_multisource_show_begin() */

static ngx_int_t
ngx_multisource_show_host_begin(ngx_multisource_show_call_t *call,
    ngx_multisource_show_host_start_t *start)
{
    ngx_int_t                       rc;
    ngx_multisource_show_record_t   record;

    rc = ngx_multisource_stage_show(call->conf->app, &call->streamer, 0,
                                    &call->show);

    if (rc == NGX_OK) {
        return NGX_DONE;
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_multisource_stage_record(call->conf->app, &call->streamer, &record);

    if (ngx_multisource_show_host_ask(&record, start) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_multisource_show_begin(ngx_multisource_stage_shows(), &record,
                                    &call->show);

    if (rc == NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, call->request->connection->log, 0,
                      "multisource: session %s of streamer '%V' is asked for",
                      call->show.record.id, &call->streamer);
    }

    return rc;
}


/* NGX_ABORT: there is no room for all the streams */

static ngx_int_t
ngx_multisource_show_host_ask(ngx_multisource_show_record_t *record,
    void *data)
{
    ngx_multisource_show_host_start_t *start = data;

    ngx_str_t                       name;
    ngx_uint_t                      i, n;
    ngx_multisource_show_stream_t  *stream, *asked;

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {
        return NGX_MULTISOURCE_SHOW_ANSWER_GONE;
    }

    record->asked = 1;

    if (start->form.title[0]) {
        ngx_memcpy(record->title, start->form.title, sizeof(record->title));
    }

    if (start->form.private >= 0) {
        record->private = start->form.private;
    }

    if (record->code[0] == '\0') {
        ngx_memcpy(record->code, start->code, NGX_MULTISOURCE_SHOW_ID);
        record->code[NGX_MULTISOURCE_SHOW_ID] = '\0';
    }

    for (i = 0; i < start->form.nstreams; i++) {
        asked = &start->form.streams[i];

        name.data = asked->name;
        name.len = ngx_strlen(asked->name);

        n = ngx_multisource_show_stream_add(record, &name, asked->type);

        if (n == NGX_MULTISOURCE_SHOW_NONE) {
            return NGX_ABORT;
        }

        stream = &record->streams[n];

        stream->type = asked->type;
        stream->expected = 1;

        if (asked->label[0]) {
            ngx_memcpy(stream->label, asked->label, sizeof(stream->label));
        }
    }

    return NGX_OK;
}


/* what only the streamer gets: how others come in, and where to publish */

static json_t *
ngx_multisource_show_host_json(ngx_multisource_show_call_t *call)
{
    json_t                         *json;
    ngx_multisource_show_record_t  *record;

    record = &call->show.record;

    json = ngx_multisource_show_json_session(call->conf, &call->show);

    if (json == NULL) {
        return NULL;
    }

    if ((record->private
         && json_object_set_new(json, "join_code",
                                json_string((char *) record->code))
            != 0)
        || ngx_multisource_show_host_places(call,
                                            json_object_get(json, "streams"))
           != NGX_OK)
    {
        json_decref(json);
        return NULL;
    }

    return json;
}


static ngx_int_t
ngx_multisource_show_host_places(ngx_multisource_show_call_t *call,
    json_t *streams)
{
    size_t                       i;
    json_t                      *json;
    u_char                      *name;
    ngx_multisource_loc_conf_t  *mlcf;

    mlcf = call->conf;

    json_array_foreach(streams, i, json) {
        name = call->show.record.streams[i].name;

        if (json_object_set_new(json, "whip_url",
                                json_sprintf("%.*s%s",
                                             (int) mlcf->whip_url.len,
                                             mlcf->whip_url.data, name))
            != 0
            || json_object_set_new(json, "rtmp_url",
                                   ngx_multisource_show_host_rtmp_url(call))
               != 0
            || json_object_set_new(json, "rtmp_stream",
                   ngx_multisource_show_host_rtmp_stream(&mlcf->app->naming,
                                                         name))
               != 0)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* of the host that was asked: nginx has checked it, and cut off its port */

static json_t *
ngx_multisource_show_host_rtmp_url(ngx_multisource_show_call_t *call)
{
    u_char                       buf[NGX_SOCKADDR_STRLEN];
    ngx_str_t                    host;
    ngx_http_request_t          *r;
    ngx_multisource_loc_conf_t  *mlcf;

    r = call->request;
    mlcf = call->conf;

    if (mlcf->rtmp_url.len) {
        return json_stringn((char *) mlcf->rtmp_url.data, mlcf->rtmp_url.len);
    }

    host = r->headers_in.server;

    if (host.len == 0) {

        /* RFC 1945 has no such header */

        host.data = buf;
        host.len = sizeof(buf);

        if (ngx_connection_local_sockaddr(r->connection, &host, 0) != NGX_OK) {
            ngx_str_set(&host, "localhost");
        }
    }

    return json_sprintf("rtmp://%.*s/%.*s", (int) host.len, host.data,
                        (int) mlcf->app->name.len, mlcf->app->name.data);
}


/* the key itself is not repeated; alone it is the default source */

static json_t *
ngx_multisource_show_host_rtmp_stream(ngx_multisource_naming_t *naming,
    u_char *source)
{
    if (ngx_strlen(source) == naming->default_source.len
        && ngx_memcmp(source, naming->default_source.data,
                      naming->default_source.len)
           == 0)
    {
        return json_string("{key}");
    }

    return json_sprintf("{key}%.*s%s", (int) naming->separator.len,
                        naming->separator.data, source);
}


ngx_int_t
ngx_multisource_show_host_stop(ngx_multisource_show_call_t *call)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_http_request_t       *r;

    r = call->request;

    /* first: who is live begins another one */

    ngx_multisource_show_host_drop(call);

    rc = NGX_BUSY;

    for (n = 0; n < NGX_MULTISOURCE_SHOW_HOST_TRIES && rc == NGX_BUSY; n++) {

        if (n) {
            (void) sched_yield();
        }

        rc = ngx_multisource_show_end(ngx_multisource_stage_shows(),
                                      &call->show, ngx_multisource_now());
    }

    if (rc == NGX_BUSY) {
        return ngx_multisource_show_answer_busy(r);
    }

    if (rc == NGX_OK) {
        ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                      "multisource: session %s of streamer '%s' was stopped",
                      call->show.record.id, call->show.record.streamer);
    }

    return ngx_multisource_show_answer_message(r, "Session stopped");
}


static void
ngx_multisource_show_host_drop(ngx_multisource_show_call_t *call)
{
    ngx_uint_t                i, n;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    n = ngx_multisource_walk_streamer(&call->conf->app->name,
                                      &call->ctx.streamer, 1, entries);

    for (i = 0; i < n; i++) {
        (void) ngx_multisource_registry_end(&ngx_multisource_worker.registry,
                                            &entries[i],
                                            NGX_MULTISOURCE_KICKED);
    }
}


ngx_int_t
ngx_multisource_show_host_analytics(ngx_multisource_show_call_t *call)
{
    return ngx_multisource_show_answer_data(call->request, NGX_HTTP_OK,
               ngx_multisource_show_json_analytics(&call->show));
}


ngx_int_t
ngx_multisource_show_host_direct(ngx_multisource_show_call_t *call)
{
    ngx_int_t                            rc;
    ngx_http_request_t                  *r;
    ngx_live_body_error_t                error;
    ngx_multisource_form_director_t      form;
    ngx_multisource_show_host_direct_t   direct;

    r = call->request;

    if (ngx_multisource_form_director(call->body, &form, &error) != NGX_OK) {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    direct.mode = form.mode;
    direct.source.data = form.source;
    direct.source.len = ngx_strlen(form.source);

    /* the same moment for all who follow, so it must still be to come */

    direct.at = ngx_multisource_now() + NGX_MULTISOURCE_DIRECTOR_NOTICE;

    rc = ngx_multisource_show_host_change(call,
                                          ngx_multisource_show_host_put_on_air,
                                          &direct);

    if (rc == NGX_ABORT) {
        return ngx_multisource_show_answer_invalid(r, "source",
                   "source must be the name of a live stream that viewers "
                   "can have");
    }

    if (rc != NGX_OK && rc != NGX_DONE) {
        return ngx_multisource_show_host_failed(call, rc);
    }

    return ngx_multisource_show_answer_data(r, NGX_HTTP_OK,
               ngx_multisource_show_json_on_air(&call->show.record));
}


/* NGX_ABORT: there is no such source */

static ngx_int_t
ngx_multisource_show_host_put_on_air(ngx_multisource_show_record_t *record,
    void *data)
{
    ngx_multisource_show_host_direct_t *direct = data;

    ngx_uint_t  on_air;

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {
        return NGX_MULTISOURCE_SHOW_ANSWER_GONE;
    }

    on_air = record->on_air;

    if (direct->source.len) {
        on_air = ngx_multisource_show_stream(record, &direct->source);

        if (on_air == NGX_MULTISOURCE_SHOW_NONE
            || !record->streams[on_air].live
            || record->streams[on_air].disabled)
        {
            return NGX_ABORT;
        }
    }

    if (direct->mode == NGX_MULTISOURCE_DIRECT_OFF) {
        on_air = NGX_MULTISOURCE_SHOW_NONE;
    }

    if (record->director == direct->mode && record->on_air == on_air) {
        return NGX_DONE;
    }

    if (record->on_air != on_air) {
        record->on_air = on_air;
        record->on_air_since = direct->at;
    }

    record->director = direct->mode;

    return NGX_OK;
}


ngx_int_t
ngx_multisource_show_host_stream(ngx_multisource_show_call_t *call)
{
    ngx_int_t                            rc;
    ngx_uint_t                           enabled;
    ngx_http_request_t                  *r;
    ngx_live_body_error_t                error;
    ngx_multisource_show_host_stream_t   stream;

    r = call->request;

    if (ngx_multisource_form_stream(call->body, &enabled, &error) != NGX_OK) {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    stream.name = call->path.stream;
    stream.disabled = !enabled;
    stream.at = ngx_multisource_now();
    stream.stream = NGX_MULTISOURCE_SHOW_NONE;

    rc = ngx_multisource_show_host_change(call,
                                          ngx_multisource_show_host_enable,
                                          &stream);

    if (rc == NGX_ABORT) {
        return ngx_multisource_show_answer_no_stream(r);
    }

    if (rc != NGX_OK && rc != NGX_DONE) {
        return ngx_multisource_show_host_failed(call, rc);
    }

    return ngx_multisource_show_answer_data(r, NGX_HTTP_OK,
               ngx_multisource_show_json_stream(call->conf, &call->show,
                                                stream.stream));
}


/* NGX_ABORT: there is no such stream */

static ngx_int_t
ngx_multisource_show_host_enable(ngx_multisource_show_record_t *record,
    void *data)
{
    ngx_multisource_show_host_stream_t *stream = data;

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {
        return NGX_MULTISOURCE_SHOW_ANSWER_GONE;
    }

    stream->stream = ngx_multisource_show_stream(record, &stream->name);

    if (stream->stream == NGX_MULTISOURCE_SHOW_NONE) {
        return NGX_ABORT;
    }

    if (record->streams[stream->stream].disabled == stream->disabled) {
        return NGX_DONE;
    }

    record->streams[stream->stream].disabled = stream->disabled;

    /* nobody is to follow to where he is not let in */

    if (stream->disabled && record->on_air == stream->stream) {
        record->on_air = NGX_MULTISOURCE_SHOW_NONE;
        record->on_air_since = stream->at;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_show_host_change(ngx_multisource_show_call_t *call,
    ngx_multisource_show_pt change, void *data)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    rc = NGX_BUSY;

    for (n = 0; n < NGX_MULTISOURCE_SHOW_HOST_TRIES && rc == NGX_BUSY; n++) {

        if (n) {
            (void) sched_yield();
        }

        rc = ngx_multisource_show_change(ngx_multisource_stage_shows(),
                                         &call->show, change, data);
    }

    return rc;
}


/* a change that has not been made */

static ngx_int_t
ngx_multisource_show_host_failed(ngx_multisource_show_call_t *call,
    ngx_int_t rc)
{
    switch (rc) {

    case NGX_BUSY:
        return ngx_multisource_show_answer_busy(call->request);

    case NGX_DECLINED:
        return ngx_multisource_show_answer_unknown(call->request);

    case NGX_MULTISOURCE_SHOW_ANSWER_GONE:
        return ngx_multisource_show_answer_gone(call->request);

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}
