
/*
 * Copyright (C) the ngx_live contributors
 *
 * Of the API: a stream is sent on or not, and how that goes. What is wished is
 * written to Redis; the worker that has the publisher acts on it.
 */


#include "ngx_live_answer.h"
#include "ngx_simulcast_api.h"
#include "ngx_simulcast_input.h"
#include "ngx_simulcast_settings.h"


static void ngx_simulcast_api_simulcast_start_live(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_start_session(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_start_listed(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_start_kept(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_api_simulcast_start_next(ngx_simulcast_api_t *api);
static ngx_int_t ngx_simulcast_api_simulcast_start_change(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_start_written(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_started(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_stop_session(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_stop_listed(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_stop_next(ngx_simulcast_api_t *api);
static ngx_int_t ngx_simulcast_api_simulcast_stop_change(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_stop_written(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_stopped(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_api_simulcast_one_live(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_one_session(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_one_found(ngx_simulcast_api_t *api);
static ngx_int_t ngx_simulcast_api_simulcast_one_change(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_one_written(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_simulcast_event(ngx_simulcast_api_t *api,
    const char *event);


void
ngx_simulcast_api_simulcast_start(ngx_simulcast_api_t *api)
{
    ngx_live_body_error_t  error;

    if (api->body
        && ngx_simulcast_settings_start(api->body, &api->input, &error)
           != NGX_OK)
    {
        ngx_simulcast_api_invalid(api, error.field, error.message);
        return;
    }

    ngx_simulcast_step_live(api, api->route.streamer,
                            ngx_simulcast_api_simulcast_start_live);
}


static void
ngx_simulcast_api_simulcast_start_live(ngx_simulcast_api_t *api)
{
    json_t  *live;

    live = ngx_simulcast_api_json_live(api, api->route.streamer);

    if (json_object_size(live) == 0) {
        ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "not_live",
                                "nothing of this streamer is live", NULL, 0);
        return;
    }

    if (api->input) {
        api->input = ngx_simulcast_input_source(api->input,
                                                api->route.streamer, live);

        if (api->input == NULL) {
            ngx_simulcast_api_invalid(api, "inputSource",
                "inputSource must be a live source of this streamer");
            return;
        }

    } else if (api->route.source[0]
               && json_object_get(live, api->route.source) == NULL)
    {
        ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "not_live",
                                "this source is not live", NULL, 0);
        return;
    }

    ngx_simulcast_step_session(api, ngx_simulcast_api_simulcast_start_session);
}


static void
ngx_simulcast_api_simulcast_start_session(ngx_simulcast_api_t *api)
{
    json_int_t  started;

    started = json_integer_value(json_object_get(api->session, "started_at"));
    api->started = ngx_simulcast_time();

    /* one that was never stopped goes on, unless the stream is another one */

    if (started > 0 && (uint64_t) started <= api->started
        && (uint64_t) started >= ngx_simulcast_api_look_since(api))
    {
        api->started = started;
    }

    json_decref(api->session);

    api->session = json_pack("{s:I}", "started_at",
                             (json_int_t) api->started);

    if (api->session && api->input) {
        json_object_set_new(api->session, "input_source",
                            json_string(api->input));
    }

    ngx_simulcast_step_list(api, api->route.streamer,
                            ngx_simulcast_api_simulcast_start_listed);
}


static void
ngx_simulcast_api_simulcast_start_listed(ngx_simulcast_api_t *api)
{
    if (api->session == NULL) {
        ngx_simulcast_api_failed(api);
        return;
    }

    ngx_simulcast_step_only(api, api->route.stream_id);

    if (ngx_simulcast_store_session(api->route.stream_id, api->session,
                                    ngx_simulcast_api_simulcast_start_kept,
                                    api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_api_simulcast_start_kept(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_t *api = data;

    if (rc != NGX_OK) {
        ngx_simulcast_api_away(api);
        return;
    }

    api->all = 1;
    api->i = 0;

    ngx_simulcast_api_simulcast_start_next(api);
}


static void
ngx_simulcast_api_simulcast_start_next(ngx_simulcast_api_t *api)
{
    for ( /* void */ ; api->i < api->n; api->i++) {

        if (!json_is_true(json_object_get(api->list[api->i]->record,
                                          "is_enabled")))
        {
            continue;
        }

        ngx_simulcast_step_hold(api, api->list[api->i]);

        ngx_simulcast_step_write(api, ngx_simulcast_api_simulcast_start_change,
                                 ngx_simulcast_api_simulcast_start_written);
        return;
    }

    ngx_simulcast_api_simulcast_started(api);
}


static ngx_int_t
ngx_simulcast_api_simulcast_start_change(ngx_simulcast_api_t *api)
{
    json_t  *record;

    record = api->destination->record;

    json_object_set_new(record, "wanted", json_string("start"));
    json_object_set_new(record, "wanted_at",
                        json_integer(ngx_simulcast_time()));
    json_object_del(record, "wanted_until");

    if (api->input) {
        json_object_set_new(record, "input_source", json_string(api->input));

    } else {
        json_object_del(record, "input_source");
    }

    return NGX_OK;
}


static void
ngx_simulcast_api_simulcast_start_written(ngx_simulcast_api_t *api)
{
    api->i++;

    ngx_simulcast_api_simulcast_start_next(api);
}


static void
ngx_simulcast_api_simulcast_started(ngx_simulcast_api_t *api)
{
    json_t                       *list;
    ngx_uint_t                    i;
    ngx_simulcast_destination_t  *destination;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "simulcast: stream '%s' started, by the API",
                  api->route.stream_id);

    ngx_simulcast_store_tell(api->route.streamer, NULL);
    ngx_simulcast_api_simulcast_event(api, "stream:started");

    list = json_array();

    for (i = 0; i < api->n; i++) {
        destination = api->list[i];

        if (!json_is_true(json_object_get(destination->record, "is_enabled"))) {
            continue;
        }

        json_array_append_new(list,
            json_pack("{s:s,s:s,s:s}",
                      "id", destination->id,
                      "platform",
                      ngx_simulcast_platform_name(destination->platform),
                      "status",
                      ngx_simulcast_api_json_begun(api, destination)));
    }

    ngx_simulcast_api_data(api, NGX_HTTP_OK,
        json_pack("{s:s,s:s,s:o,s:o}",
                  "streamId", api->route.stream_id,
                  "status", "live",
                  "startedAt", ngx_live_answer_time(api->started),
                  "destinations", list));
}


void
ngx_simulcast_api_simulcast_stop(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_session(api, ngx_simulcast_api_simulcast_stop_session);
}


static void
ngx_simulcast_api_simulcast_stop_session(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_list(api, api->route.streamer,
                            ngx_simulcast_api_simulcast_stop_listed);
}


static void
ngx_simulcast_api_simulcast_stop_listed(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_only(api, api->route.stream_id);

    api->all = 1;
    api->i = 0;

    ngx_simulcast_api_simulcast_stop_next(api);
}


static void
ngx_simulcast_api_simulcast_stop_next(ngx_simulcast_api_t *api)
{
    const char  *wanted;

    for ( /* void */ ; api->i < api->n; api->i++) {

        wanted = ngx_simulcast_api_json_text(api->list[api->i]->record,
                                             "wanted");

        if (wanted && ngx_strcmp(wanted, "stop") == 0) {
            continue;
        }

        ngx_simulcast_step_hold(api, api->list[api->i]);

        ngx_simulcast_step_write(api, ngx_simulcast_api_simulcast_stop_change,
                                 ngx_simulcast_api_simulcast_stop_written);
        return;
    }

    if (ngx_simulcast_store_session(api->route.stream_id, NULL,
                                    ngx_simulcast_api_simulcast_stopped, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static ngx_int_t
ngx_simulcast_api_simulcast_stop_change(ngx_simulcast_api_t *api)
{
    json_object_set_new(api->destination->record, "wanted",
                        json_string("stop"));
    json_object_del(api->destination->record, "wanted_until");

    return NGX_OK;
}


static void
ngx_simulcast_api_simulcast_stop_written(ngx_simulcast_api_t *api)
{
    api->i++;

    ngx_simulcast_api_simulcast_stop_next(api);
}


static void
ngx_simulcast_api_simulcast_stopped(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_t *api = data;

    if (rc == NGX_ERROR) {
        ngx_simulcast_api_away(api);
        return;
    }

    ngx_simulcast_store_tell(api->route.streamer, NULL);

    if (api->session) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "simulcast: stream '%s' stopped, by the API",
                      api->route.stream_id);

        ngx_simulcast_api_simulcast_event(api, "stream:stopped");
    }

    ngx_simulcast_api_message(api, "Simulcast stopped");
}


void
ngx_simulcast_api_simulcast_start_one(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_live(api, api->route.streamer,
                            ngx_simulcast_api_simulcast_one_live);
}


static void
ngx_simulcast_api_simulcast_one_live(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_session(api, ngx_simulcast_api_simulcast_one_session);
}


static void
ngx_simulcast_api_simulcast_one_session(ngx_simulcast_api_t *api)
{
    /* the others of the session may have another source than their own */

    api->input = ngx_simulcast_api_json_text(api->session, "input_source");

    ngx_simulcast_step_destination(api, ngx_simulcast_api_simulcast_one_found);
}


void
ngx_simulcast_api_simulcast_stop_one(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api, ngx_simulcast_api_simulcast_one_found);
}


void
ngx_simulcast_api_simulcast_disable_one(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api, ngx_simulcast_api_simulcast_one_found);
}


static void
ngx_simulcast_api_simulcast_one_found(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_write(api, ngx_simulcast_api_simulcast_one_change,
                             ngx_simulcast_api_simulcast_one_written);
}


static ngx_int_t
ngx_simulcast_api_simulcast_one_change(ngx_simulcast_api_t *api)
{
    json_t  *record;

    record = api->destination->record;

    switch (api->route.route) {

    case NGX_SIMULCAST_ROUTE_START_ONE:
        json_object_set_new(record, "is_enabled", json_true());
        return ngx_simulcast_api_simulcast_start_change(api);

    case NGX_SIMULCAST_ROUTE_DISABLE_ONE:
        json_object_set_new(record, "is_enabled", json_false());
        break;
    }

    return ngx_simulcast_api_simulcast_stop_change(api);
}


static void
ngx_simulcast_api_simulcast_one_written(ngx_simulcast_api_t *api)
{
    const char  *state;

    state = api->route.route == NGX_SIMULCAST_ROUTE_START_ONE
            ? ngx_simulcast_api_json_begun(api, api->destination)
            : ngx_simulcast_state_name(NGX_SIMULCAST_STOPPED);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "simulcast: destination %s %s, by the API",
                  api->destination->id,
                  api->route.route == NGX_SIMULCAST_ROUTE_START_ONE
                      ? "started" : "stopped");

    ngx_simulcast_api_show(api, NGX_HTTP_OK, state);
}


static void
ngx_simulcast_api_simulcast_event(ngx_simulcast_api_t *api, const char *event)
{
    json_t  *json;

    json = json_pack("{s:s,s:s,s:{s:s}}", "event", event,
                     "stream_id", api->route.stream_id,
                     "data", "streamId", api->route.stream_id);

    if (json && api->started) {
        json_object_set_new(json_object_get(json, "data"), "startedAt",
                            ngx_live_answer_time(api->started));
    }

    if (json) {
        ngx_simulcast_store_event(json);
        json_decref(json);
    }
}
