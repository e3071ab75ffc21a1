
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_api.h"
#include "ngx_simulcast_wish.h"
#include "ngx_simulcast_settings.h"


static const char *ngx_simulcast_api_json_expected(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination);
static const char *ngx_simulcast_api_json_known(
    ngx_simulcast_destination_t *destination);
static ngx_uint_t ngx_simulcast_api_json_key(
    ngx_simulcast_destination_t *destination);


json_t *
ngx_simulcast_api_json_destination(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination, const char *state)
{
    json_t      *record, *health, *json;
    const char  *text;

    record = destination->record;
    health = destination->health;

    if (state == NULL) {
        state = ngx_simulcast_api_json_status(api, destination);
    }

    json = json_object();
    if (json == NULL) {
        return NULL;
    }

    json_object_set_new(json, "id", json_string(destination->id));
    json_object_set_new(json, "stream_id",
                        ngx_simulcast_api_json_copy(record, "stream_id",
                                                    JSON_STRING));
    json_object_set_new(json, "platform",
        json_string(ngx_simulcast_platform_name(destination->platform)));
    json_object_set_new(json, "name",
                        ngx_simulcast_api_json_copy(record, "name",
                                                    JSON_STRING));
    json_object_set_new(json, "status", json_string(state));
    json_object_set_new(json, "is_enabled",
        json_boolean(json_is_true(json_object_get(record, "is_enabled"))));
    json_object_set_new(json, "viewer_count",
                        ngx_simulcast_api_json_copy(health, "viewer_count",
                                                    JSON_INTEGER));
    json_object_set_new(json, "playback_url",
                        ngx_simulcast_api_json_copy(health, "playback_url",
                                                    JSON_STRING));
    json_object_set_new(json, "token_expires_at",
                        ngx_simulcast_api_json_copy(record,
                                                    "token_expires_at",
                                                    JSON_STRING));
    json_object_set_new(json, "settings",
        ngx_simulcast_settings_full(json_object_get(record, "settings")));

    text = ngx_simulcast_api_json_text(record, "rtmp_url");

    if (text) {
        json_object_set_new(json, "rtmp_url", json_string(text));
    }

    json_object_set_new(json, "has_stream_key",
        json_boolean(ngx_simulcast_api_json_key(destination)));
    json_object_set_new(json, "health",
                        ngx_simulcast_api_json_copy(health, "health",
                                                    JSON_STRING));
    json_object_set_new(json, "issues",
                        ngx_simulcast_api_json_issues(destination));
    json_object_set_new(json, "error",
                        ngx_simulcast_api_json_error(destination));
    json_object_set_new(json, "account",
                        ngx_simulcast_api_json_copy(record, "account",
                                                    JSON_STRING));
    json_object_set_new(json, "details",
                        ngx_simulcast_api_json_copy(health, "details",
                                                    JSON_OBJECT));
    json_object_set_new(json, "platform_health",
                        ngx_simulcast_api_json_copy(health, "platform_health",
                                                    JSON_STRING));
    json_object_set_new(json, "created_at",
                        ngx_simulcast_api_json_copy(record, "created_at",
                                                    JSON_STRING));
    json_object_set_new(json, "updated_at",
                        ngx_simulcast_api_json_copy(record, "updated_at",
                                                    JSON_STRING));
    return json;
}


const char *
ngx_simulcast_api_json_status(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination)
{
    const char  *status;

    status = ngx_simulcast_api_json_known(destination);

    return status ? status : ngx_simulcast_api_json_expected(api, destination);
}


const char *
ngx_simulcast_api_json_begun(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination)
{
    const char  *status;

    status = ngx_simulcast_api_json_known(destination);

    if (status == NULL
        || status == ngx_simulcast_state_name(NGX_SIMULCAST_STOPPED)
        || status == ngx_simulcast_state_name(NGX_SIMULCAST_ERROR))
    {
        return ngx_simulcast_api_json_expected(api, destination);
    }

    return status;
}


/* what is to become of it */

static const char *
ngx_simulcast_api_json_expected(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination)
{
    json_t      *live;
    const char  *source;

    if (!ngx_simulcast_wish_runs(destination)) {
        return ngx_simulcast_state_name(NGX_SIMULCAST_STOPPED);
    }

    live = ngx_simulcast_api_json_live(api, destination->streamer);
    source = ngx_simulcast_api_json_text(destination->record, "input_source");

    if (source == NULL || source[0] == '\0') {
        source = destination->source;
    }

    if (json_object_size(live) == 0
        || (source[0] && json_object_get(live, source) == NULL))
    {
        return ngx_simulcast_state_name(NGX_SIMULCAST_STOPPED);
    }

    return ngx_simulcast_state_name(NGX_SIMULCAST_PENDING);
}


/* what the worker that pushes it says, or NULL */

static const char *
ngx_simulcast_api_json_known(ngx_simulcast_destination_t *destination)
{
    ngx_uint_t   i;
    const char  *status;

    status = ngx_simulcast_api_json_text(destination->health, "status");

    if (status) {
        for (i = 0; i < NGX_SIMULCAST_NSTATES; i++) {
            if (ngx_strcmp(ngx_simulcast_state_name(i), status) == 0) {
                return ngx_simulcast_state_name(i);
            }
        }
    }

    return NULL;
}


ngx_uint_t
ngx_simulcast_api_json_open(ngx_simulcast_destination_t *destination)
{
    return ngx_simulcast_api_json_known(destination) == NULL
           && ngx_simulcast_wish_runs(destination);
}


static ngx_uint_t
ngx_simulcast_api_json_key(ngx_simulcast_destination_t *destination)
{
    const char  *key;

    if (destination->secret == NULL) {

        /* there is one, and rtmp_custom has nothing else to hide */

        return destination->secret_state != NGX_SIMULCAST_SECRET_NONE
               && destination->platform == NGX_SIMULCAST_CUSTOM;
    }

    key = ngx_simulcast_api_json_text(destination->secret, "stream_key");

    return key && key[0];
}


json_t *
ngx_simulcast_api_json_live(ngx_simulcast_api_t *api, const char *streamer)
{
    return ngx_simulcast_api_json_object(api->live, streamer);
}


json_t *
ngx_simulcast_api_json_object(json_t *json, const char *name)
{
    json_t  *value;

    value = json_object_get(json, name);

    return json_is_object(value) ? value : NULL;
}


const char *
ngx_simulcast_api_json_text(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}


json_t *
ngx_simulcast_api_json_copy(json_t *json, const char *name, json_type type)
{
    json_t  *value;

    value = json_object_get(json, name);

    if (value == NULL || json_typeof(value) != type) {
        return json_null();
    }

    return json_deep_copy(value);
}


json_t *
ngx_simulcast_api_json_metrics(ngx_simulcast_destination_t *destination)
{
    json_t  *metrics;

    metrics = ngx_simulcast_api_json_object(destination->health, "metrics");

    return json_pack("{s:o,s:o,s:o,s:o}",
                     "fps", ngx_simulcast_api_json_number(metrics, "fps"),
                     "bitrate",
                     ngx_simulcast_api_json_number(metrics, "bitrate"),
                     "framesSent",
                     ngx_simulcast_api_json_number(metrics, "framesSent"),
                     "bytesSent",
                     ngx_simulcast_api_json_number(metrics, "bytesSent"));
}


json_t *
ngx_simulcast_api_json_number(json_t *json, const char *name)
{
    json_t  *value;

    value = json_object_get(json, name);

    return json_is_number(value) ? json_copy(value) : json_integer(0);
}


json_t *
ngx_simulcast_api_json_issues(ngx_simulcast_destination_t *destination)
{
    json_t  *issues;

    issues = json_object_get(destination->health, "issues");

    return json_is_array(issues) ? json_deep_copy(issues) : json_array();
}


json_t *
ngx_simulcast_api_json_error(ngx_simulcast_destination_t *destination)
{
    json_t      *error;
    const char  *code, *message;

    error = ngx_simulcast_api_json_object(destination->health, "error");

    code = ngx_simulcast_api_json_text(error, "code");
    message = ngx_simulcast_api_json_text(error, "message");

    if (code) {
        return json_pack("{s:s,s:s}", "code", code, "message",
                         message ? message : code);
    }

    switch (destination->secret_state) {

    case NGX_SIMULCAST_SECRET_UNKNOWN_KEY:
        return json_pack("{s:s,s:s}", "code", "secret_unreadable", "message",
                         "its secret was sealed with an encryption key that "
                         "is not given here");

    case NGX_SIMULCAST_SECRET_BROKEN:
        return json_pack("{s:s,s:s}", "code", "secret_unreadable", "message",
                         "its secret cannot be opened: another encryption "
                         "key, or it was tampered with");

    default:
        return json_null();
    }
}
