
/*
 * Copyright (C) the ngx_live contributors
 *
 * Of the API: how a stream that is sent on does.
 */


#include "ngx_live_answer.h"
#include "ngx_simulcast_api.h"
#include "ngx_simulcast_health.h"
#include "ngx_simulcast_input.h"
#include "ngx_simulcast_settings.h"


static void ngx_simulcast_api_look_begin(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_look_session(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_look_list(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_look_all(ngx_simulcast_api_t *api);
static json_t *ngx_simulcast_api_look_entry(ngx_simulcast_api_t *api);
static uint64_t ngx_simulcast_api_look_uptime(ngx_simulcast_api_t *api);
static json_t *ngx_simulcast_api_look_status_json(
    ngx_simulcast_api_t *api);
static json_t *ngx_simulcast_api_look_health_json(
    ngx_simulcast_api_t *api);
static ngx_uint_t ngx_simulcast_api_look_judged(
    ngx_simulcast_destination_t *destination);
static json_t *ngx_simulcast_api_look_metrics_json(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_look_add(json_t *sum, const char *name,
    json_t *metrics);


/* status, health and metrics: from all that is known of the stream */

void
ngx_simulcast_api_look_status(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_look_begin(api);
}


void
ngx_simulcast_api_look_health(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_look_begin(api);
}


void
ngx_simulcast_api_look_metrics(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_look_begin(api);
}


static void
ngx_simulcast_api_look_begin(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_live(api, api->route.streamer,
                            ngx_simulcast_api_look_session);
}


static void
ngx_simulcast_api_look_session(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_session(api, ngx_simulcast_api_look_list);
}


static void
ngx_simulcast_api_look_list(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_list(api, api->route.streamer,
                            ngx_simulcast_api_look_all);
}


static void
ngx_simulcast_api_look_all(ngx_simulcast_api_t *api)
{
    json_t       *data;
    ngx_uint_t    i, running;
    json_int_t    started;
    const char   *status;

    ngx_simulcast_step_only(api, api->route.stream_id);

    /* live is what is sent on now: by a session, or on its own */

    running = api->session && ngx_simulcast_api_look_entry(api);

    for (i = 0; i < api->n; i++) {
        status = ngx_simulcast_api_json_status(api, api->list[i]);

        if (ngx_strcmp(status, "connecting") == 0
            || ngx_strcmp(status, "connected") == 0
            || ngx_strcmp(status, "live") == 0
            || ngx_strcmp(status, "reconnecting") == 0)
        {
            running = 1;
        }
    }

    if (running) {
        started = json_integer_value(json_object_get(api->session,
                                                     "started_at"));

        api->started = started > 0 ? (uint64_t) started
                                   : ngx_simulcast_api_look_since(api);
    }

    switch (api->route.route) {

    case NGX_SIMULCAST_ROUTE_HEALTH:
        data = ngx_simulcast_api_look_health_json(api);
        break;

    case NGX_SIMULCAST_ROUTE_METRICS:
        data = ngx_simulcast_api_look_metrics_json(api);
        break;

    default:
        data = ngx_simulcast_api_look_status_json(api);
    }

    ngx_simulcast_api_data(api, NGX_HTTP_OK, data);
}


/* what is live of the stream id; NULL: it is not */

static json_t *
ngx_simulcast_api_look_entry(ngx_simulcast_api_t *api)
{
    json_t      *live;
    const char  *source;

    live = ngx_simulcast_api_json_live(api, api->route.streamer);

    source = api->input;

    if (source == NULL) {
        source = ngx_simulcast_api_json_text(api->session, "input_source");
    }

    if (source == NULL && api->route.source[0]) {
        source = api->route.source;
    }

    if (source == NULL) {
        source = ngx_simulcast_input_default(live);
    }

    return source ? json_object_get(live, source) : NULL;
}


/* ms since the epoch; 0: not live */

uint64_t
ngx_simulcast_api_look_since(ngx_simulcast_api_t *api)
{
    json_int_t  since;

    since = json_integer_value(
                json_object_get(ngx_simulcast_api_look_entry(api),
                                "since"));

    return since > 0 ? (uint64_t) since : 0;
}


static uint64_t
ngx_simulcast_api_look_uptime(ngx_simulcast_api_t *api)
{
    uint64_t  now;

    now = ngx_simulcast_time();

    return api->started && api->started < now ? now - api->started : 0;
}


static json_t *
ngx_simulcast_api_look_status_json(ngx_simulcast_api_t *api)
{
    json_t                       *list, *viewers, *time;
    uint64_t                      since;
    ngx_uint_t                    i;
    json_int_t                    sum;
    const char                   *title;
    ngx_simulcast_destination_t  *destination;

    list = json_array();
    sum = 0;

    for (i = 0; i < api->n; i++) {
        destination = api->list[i];

        viewers = ngx_simulcast_api_json_copy(destination->health,
                                              "viewer_count", JSON_INTEGER);

        if (json_integer_value(viewers) > 0) {
            sum += json_integer_value(viewers);
        }

        json_array_append_new(list,
            json_pack("{s:s,s:s,s:o,s:s,s:o,s:o}",
                      "id", destination->id,
                      "platform",
                      ngx_simulcast_platform_name(destination->platform),
                      "name",
                      ngx_simulcast_api_json_copy(destination->record, "name",
                                                  JSON_STRING),
                      "status",
                      ngx_simulcast_api_json_status(api, destination),
                      "viewer_count", viewers,
                      "playback_url",
                      ngx_simulcast_api_json_copy(destination->health,
                                                  "playback_url",
                                                  JSON_STRING)));
    }

    title = ngx_simulcast_api_json_text(api->session, "title");

    if (title == NULL) {
        title = api->route.streamer;
    }

    since = ngx_simulcast_api_look_since(api);
    time = since ? ngx_live_answer_time(since) : json_null();

    return json_pack("{s:{s:s,s:s,s:s,s:o,s:I},s:o,s:{s:s,s:s,s:I}}",
                     "stream",
                     "id", api->route.stream_id,
                     "title", title,
                     "status",
                     ngx_simulcast_api_look_entry(api) ? "live"
                                                            : "stopped",
                     "started_at", time,
                     "viewer_count", sum,
                     "destinations", list,
                     "simulcast",
                     "streamId", api->route.stream_id,
                     "status", api->started ? "live" : "stopped",
                     "uptime",
                     (json_int_t) ngx_simulcast_api_look_uptime(api));
}


static json_t *
ngx_simulcast_api_look_health_json(ngx_simulcast_api_t *api)
{
    json_t                       *map;
    ngx_uint_t                    i, n, health, *healths;
    ngx_simulcast_destination_t  *destination;

    map = json_object();

    healths = ngx_palloc(api->pool, (api->n + 1) * sizeof(ngx_uint_t));
    if (healths == NULL) {
        json_decref(map);
        return NULL;
    }

    n = 0;

    for (i = 0; i < api->n; i++) {
        destination = api->list[i];
        health = ngx_simulcast_api_look_judged(destination);

        if (health != NGX_SIMULCAST_HEALTH_UNKNOWN
            && json_is_true(json_object_get(destination->record,
                                            "is_enabled")))
        {
            healths[n++] = health;
        }

        json_object_set_new(map, destination->id,
            json_pack("{s:s,s:s,s:o,s:o}",
                      "platform",
                      ngx_simulcast_platform_name(destination->platform),
                      "health", ngx_simulcast_health_name(health),
                      "metrics", ngx_simulcast_api_json_metrics(destination),
                      "issues", ngx_simulcast_api_json_issues(destination)));
    }

    health = n ? ngx_simulcast_health_overall(healths, n)
               : NGX_SIMULCAST_HEALTH_HEALTHY;

    return json_pack("{s:s,s:s,s:I,s:o}",
                     "streamId", api->route.stream_id,
                     "overall", ngx_simulcast_health_name(health),
                     "uptime",
                     (json_int_t) ngx_simulcast_api_look_uptime(api),
                     "destinations", map);
}


static ngx_uint_t
ngx_simulcast_api_look_judged(ngx_simulcast_destination_t *destination)
{
    ngx_uint_t   i;
    const char  *text;

    text = ngx_simulcast_api_json_text(destination->health, "health");

    if (text) {
        for (i = NGX_SIMULCAST_HEALTH_HEALTHY;
             i <= NGX_SIMULCAST_HEALTH_ERROR;
             i++)
        {
            if (ngx_strcmp(ngx_simulcast_health_name(i), text) == 0) {
                return i;
            }
        }
    }

    return NGX_SIMULCAST_HEALTH_UNKNOWN;
}


static json_t *
ngx_simulcast_api_look_metrics_json(ngx_simulcast_api_t *api)
{
    json_t                       *map, *sum, *metrics, *errors, *error;
    ngx_uint_t                    i;
    ngx_simulcast_destination_t  *destination;

    map = json_object();
    errors = json_array();

    sum = json_pack("{s:I,s:I,s:I}", "startTime", (json_int_t) api->started,
                    "bytesSent", (json_int_t) 0, "framesSent", (json_int_t) 0);

    for (i = 0; i < api->n; i++) {
        destination = api->list[i];
        metrics = ngx_simulcast_api_json_metrics(destination);

        ngx_simulcast_api_look_add(sum, "bytesSent", metrics);
        ngx_simulcast_api_look_add(sum, "framesSent", metrics);

        json_object_set_new(metrics, "platform",
            json_string(ngx_simulcast_platform_name(destination->platform)));
        json_object_set_new(metrics, "lastUpdate",
            ngx_simulcast_api_json_number(destination->health, "updated_at"));

        json_object_set_new(map, destination->id, metrics);

        error = ngx_simulcast_api_json_error(destination);

        if (json_is_object(error)) {
            json_object_set_new(error, "id", json_string(destination->id));
            json_array_append(errors, error);
        }

        json_decref(error);
    }

    json_object_set_new(sum, "errors", errors);
    json_object_set_new(sum, "destinationMetrics", map);

    return sum;
}


static void
ngx_simulcast_api_look_add(json_t *sum, const char *name,
    json_t *metrics)
{
    json_int_t  n;

    n = (json_int_t) json_number_value(json_object_get(metrics, name));

    json_object_set_new(sum, name,
        json_integer(json_integer_value(json_object_get(sum, name)) + n));
}
