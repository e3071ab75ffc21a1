
/*
 * Copyright (C) the ngx_live contributors
 *
 * Of the API: destinations are listed, made, shown, changed and taken away.
 */


#include "ngx_live_answer.h"
#include "ngx_simulcast_api.h"
#include "ngx_simulcast_settings.h"


/* of an argument of the query, at most */
#define NGX_SIMULCAST_DESTINATIONS_ARG  128


static ngx_uint_t ngx_simulcast_api_destinations_filter(
    ngx_simulcast_api_t *api);
static ngx_int_t ngx_simulcast_api_destinations_arg(ngx_simulcast_api_t *api,
    const char *name, char *buf);
static void ngx_simulcast_api_destinations_listed(ngx_simulcast_api_t *api);
static ngx_uint_t ngx_simulcast_api_destinations_match(
    ngx_simulcast_api_t *api, ngx_simulcast_destination_t *destination);
static void ngx_simulcast_api_destinations_array(ngx_simulcast_api_t *api);
static ngx_uint_t ngx_simulcast_api_destinations_sealed(
    ngx_simulcast_api_t *api, json_t *secret);
static void ngx_simulcast_api_destinations_counted(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_destinations_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_api_destinations_recounted(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_destinations_undone(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_api_destinations_many(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_destinations_shown(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_destinations_change(ngx_simulcast_api_t *api);
static ngx_int_t ngx_simulcast_api_destinations_changed(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_destinations_remove(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_destinations_removed(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_api_destinations_image(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_destinations_stored(void *data,
    redisReply *reply);


void
ngx_simulcast_api_destinations_list(ngx_simulcast_api_t *api)
{
    const char  *streamer;

    if (!ngx_simulcast_api_destinations_filter(api)) {
        return;
    }

    streamer = api->route.streamer;

    if (streamer[0] == '\0') {
        streamer = ngx_strcmp(api->scope, "*") == 0 ? NULL : api->scope;
    }

    ngx_simulcast_step_list(api, streamer,
                            ngx_simulcast_api_destinations_listed);
}


/* 0: it has answered */

static ngx_uint_t
ngx_simulcast_api_destinations_filter(ngx_simulcast_api_t *api)
{
    char        text[NGX_SIMULCAST_DESTINATIONS_ARG];
    ngx_int_t   rc;
    ngx_str_t   s;

    s.data = (u_char *) text;

    rc = ngx_simulcast_api_destinations_arg(api, "stream_id", text);

    if (rc == NGX_OK) {
        s.len = ngx_strlen(text);
        rc = ngx_simulcast_route_stream(&s, &api->route) == NGX_OK ? NGX_OK
                                                                   : NGX_ERROR;
    }

    if (rc == NGX_ERROR) {
        ngx_simulcast_api_invalid(api, "stream_id",
            "stream_id must be a streamer, or streamer:source");
        return 0;
    }

    if (rc == NGX_OK
        && !ngx_simulcast_step_allowed(api, api->route.streamer))
    {
        ngx_simulcast_api_error(api, NGX_HTTP_FORBIDDEN, "forbidden",
                                "the API token is not of this streamer", NULL,
                                0);
        return 0;
    }

    rc = ngx_simulcast_api_destinations_arg(api, "platform", text);

    if (rc == NGX_OK) {
        s.len = ngx_strlen(text);
        rc = ngx_simulcast_platform_find(&s) == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    if (rc == NGX_ERROR) {
        ngx_simulcast_api_invalid(api, "platform",
            "platform must be youtube, twitch, facebook, cloudflare or "
            "rtmp_custom");
        return 0;
    }

    rc = ngx_simulcast_api_destinations_arg(api, "is_enabled", text);

    if (rc == NGX_ERROR
        || (rc == NGX_OK && ngx_strcmp(text, "true") != 0
            && ngx_strcmp(text, "false") != 0))
    {
        ngx_simulcast_api_invalid(api, "is_enabled",
                                  "is_enabled must be true or false");
        return 0;
    }

    return 1;
}


static ngx_int_t
ngx_simulcast_api_destinations_arg(ngx_simulcast_api_t *api, const char *name,
    char *buf)
{
    size_t  len;

    if (api->request == NULL) {
        return NGX_DECLINED;
    }

    return ngx_simulcast_route_arg(&api->request->args, name, buf,
                                   NGX_SIMULCAST_DESTINATIONS_ARG, &len);
}


static void
ngx_simulcast_api_destinations_listed(ngx_simulcast_api_t *api)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < api->n; i++) {

        if (ngx_simulcast_api_destinations_match(api, api->list[i])) {
            api->list[n++] = api->list[i];
            continue;
        }

        ngx_simulcast_store_release(api->list[i]);
    }

    api->n = n;

    ngx_simulcast_step_lives(api, ngx_simulcast_api_destinations_array);
}


static ngx_uint_t
ngx_simulcast_api_destinations_match(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination)
{
    char         text[NGX_SIMULCAST_DESTINATIONS_ARG];
    const char  *stream_id;

    if (api->route.stream_id[0]) {
        stream_id = ngx_simulcast_api_json_text(destination->record,
                                                "stream_id");

        if (stream_id == NULL
            || ngx_strcmp(stream_id, api->route.stream_id) != 0)
        {
            return 0;
        }
    }

    if (ngx_simulcast_api_destinations_arg(api, "platform", text) == NGX_OK
        && ngx_strcmp(ngx_simulcast_platform_name(destination->platform), text)
           != 0)
    {
        return 0;
    }

    return ngx_simulcast_api_destinations_arg(api, "is_enabled", text)
           != NGX_OK
           || (ngx_strcmp(text, "true") == 0)
              == json_is_true(json_object_get(destination->record,
                                              "is_enabled"));
}


static void
ngx_simulcast_api_destinations_array(ngx_simulcast_api_t *api)
{
    json_t      *list;
    ngx_uint_t   i;

    list = json_array();

    for (i = 0; i < api->n; i++) {
        json_array_append_new(list,
            ngx_simulcast_api_json_destination(api, api->list[i], NULL));
    }

    ngx_simulcast_api_data(api, NGX_HTTP_OK, list);
}


void
ngx_simulcast_api_destinations_create(ngx_simulcast_api_t *api)
{
    json_t                          *record, *secret, *now;
    ngx_str_t                        stream_id;
    ngx_live_body_error_t   error;

    record = ngx_simulcast_settings_create(api->body, &secret, &error);

    if (record == NULL) {
        ngx_simulcast_api_invalid(api, error.field, error.message);
        return;
    }

    stream_id.data = (u_char *) ngx_simulcast_api_json_text(record,
                                                            "stream_id");
    stream_id.len = ngx_strlen(stream_id.data);

    (void) ngx_simulcast_route_stream(&stream_id, &api->route);

    if (!ngx_simulcast_step_allowed(api, api->route.streamer)) {
        json_decref(record);
        json_decref(secret);
        ngx_simulcast_api_error(api, NGX_HTTP_FORBIDDEN, "forbidden",
                                "the API token is not of this streamer", NULL,
                                0);
        return;
    }

    if (!ngx_simulcast_api_destinations_sealed(api, secret)) {
        json_decref(record);
        json_decref(secret);
        return;
    }

    now = ngx_live_answer_time(ngx_simulcast_time());

    json_object_set(record, "created_at", now);
    json_object_set_new(record, "updated_at", now);

    api->destination = ngx_simulcast_store_new(record, secret);

    if (api->destination == NULL) {
        ngx_simulcast_api_failed(api);
        return;
    }

    ngx_simulcast_step_list(api, api->route.streamer,
                            ngx_simulcast_api_destinations_counted);
}


/* 0: it has answered */

static ngx_uint_t
ngx_simulcast_api_destinations_sealed(ngx_simulcast_api_t *api,
    json_t *secret)
{
    if (secret == NULL || ngx_simulcast_conf->ring) {
        return 1;
    }

    ngx_simulcast_api_error(api, NGX_HTTP_SERVICE_UNAVAILABLE,
                            "not_configured",
                            "no encryption key is configured, secrets cannot "
                            "be kept", NULL, 0);
    return 0;
}


static void
ngx_simulcast_api_destinations_counted(ngx_simulcast_api_t *api)
{
    if (api->n >= NGX_SIMULCAST_API_DESTINATIONS) {
        ngx_simulcast_api_destinations_many(api);
        return;
    }

    if (ngx_simulcast_store_put(api->destination,
                                ngx_simulcast_api_destinations_put, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_api_destinations_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_t *api = data;

    if (rc != NGX_OK) {
        ngx_simulcast_api_away(api);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "simulcast: destination %s created: stream '%s' platform %s",
                  api->destination->id, api->route.stream_id,
                  ngx_simulcast_platform_name(api->destination->platform));

    /* others may have been created at the same time */

    ngx_simulcast_step_list(api, api->route.streamer,
                            ngx_simulcast_api_destinations_recounted);
}


static void
ngx_simulcast_api_destinations_recounted(ngx_simulcast_api_t *api)
{
    if (api->n <= NGX_SIMULCAST_API_DESTINATIONS) {
        ngx_simulcast_api_show(api, NGX_HTTP_CREATED, NULL);
        return;
    }

    /* each of those that are too many at this moment gives way */

    if (ngx_simulcast_store_remove(api->destination,
                                   ngx_simulcast_api_destinations_undone, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_api_destinations_undone(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_destinations_many(data);
}


static void
ngx_simulcast_api_destinations_many(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "too_many_destinations",
                            "the streamer has 50 destinations already", NULL,
                            0);
}


void
ngx_simulcast_api_destinations_get(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api, ngx_simulcast_api_destinations_shown);
}


static void
ngx_simulcast_api_destinations_shown(ngx_simulcast_api_t *api)
{
    ngx_simulcast_api_show(api, NGX_HTTP_OK, NULL);
}


void
ngx_simulcast_api_destinations_patch(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api, ngx_simulcast_api_destinations_change);
}


static void
ngx_simulcast_api_destinations_change(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_write(api, ngx_simulcast_api_destinations_changed,
                             ngx_simulcast_api_destinations_shown);
}


static ngx_int_t
ngx_simulcast_api_destinations_changed(ngx_simulcast_api_t *api)
{
    json_t                          *record, *secret;
    ngx_str_t                        stream_id;
    ngx_simulcast_route_t            route;
    ngx_simulcast_destination_t     *destination;
    ngx_live_body_error_t   error;

    destination = api->destination;

    record = ngx_simulcast_settings_patch(api->body, destination->record,
                                          destination->secret, &secret,
                                          &error);
    if (record == NULL) {
        ngx_simulcast_api_invalid(api, error.field, error.message);
        return NGX_DONE;
    }

    if (secret && destination->platform != NGX_SIMULCAST_CUSTOM
        && (destination->secret_state == NGX_SIMULCAST_SECRET_UNKNOWN_KEY
            || destination->secret_state == NGX_SIMULCAST_SECRET_BROKEN))
    {
        /* tokens may be in it, which the right key would bring back */

        json_decref(record);
        json_decref(secret);
        ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "secret_unreadable",
                                "what is stored with it cannot be opened with "
                                "the encryption keys given here", NULL, 0);
        return NGX_DONE;
    }

    if (!ngx_simulcast_api_destinations_sealed(api, secret)) {
        json_decref(record);
        json_decref(secret);
        return NGX_DONE;
    }

    json_decref(destination->record);
    destination->record = record;

    stream_id.data = (u_char *) ngx_simulcast_api_json_text(record,
                                                            "stream_id");
    stream_id.len = stream_id.data ? ngx_strlen(stream_id.data) : 0;

    if (ngx_simulcast_route_stream(&stream_id, &route) == NGX_OK) {
        ngx_memcpy(destination->source, route.source, sizeof(route.source));
    }

    if (secret == NULL) {
        return NGX_OK;
    }

    json_decref(destination->secret);

    destination->secret = secret;
    destination->secret_state = NGX_SIMULCAST_SECRET_OPEN;
    destination->stale = 0;

    if (json_object_size(secret) == 0) {
        json_decref(secret);
        destination->secret = NULL;
        destination->secret_state = NGX_SIMULCAST_SECRET_NONE;
    }

    return NGX_OK;
}


void
ngx_simulcast_api_destinations_delete(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api, ngx_simulcast_api_destinations_remove);
}


static void
ngx_simulcast_api_destinations_remove(ngx_simulcast_api_t *api)
{
    if (ngx_simulcast_store_remove(api->destination,
                                   ngx_simulcast_api_destinations_removed, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_api_destinations_removed(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_t *api = data;

    switch (rc) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_simulcast_api_unknown(api);
        return;

    case NGX_BUSY:
        if (++api->tries == NGX_SIMULCAST_API_TRIES) {
            ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "conflict",
                                    "others write the same destination all "
                                    "the time", NULL, 1);
            return;
        }

        ngx_simulcast_step_destination(api,
                                       ngx_simulcast_api_destinations_remove);
        return;

    default:
        ngx_simulcast_api_away(api);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "simulcast: destination %s deleted: streamer '%s'",
                  api->destination->id, api->destination->streamer);

    (void) ngx_live_redis_command(&ngx_simulcast_redis, NULL, NULL,
               "DEL simulcast:thumbnail:%s simulcast:thumbnail:%s:type",
               api->destination->id, api->destination->id);

    ngx_simulcast_api_show(api, NGX_HTTP_OK,
                           ngx_simulcast_state_name(NGX_SIMULCAST_STOPPED));
}


void
ngx_simulcast_api_destinations_thumbnail(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api, ngx_simulcast_api_destinations_image);
}


static void
ngx_simulcast_api_destinations_image(ngx_simulcast_api_t *api)
{
    const char  *type;
    ngx_str_t    args[5];
    u_char       keys[2][sizeof("simulcast:thumbnail::type")
                         + NGX_SIMULCAST_ID];

    static const u_char  jpeg[] = { 0xff, 0xd8, 0xff };
    static const u_char  png[] = {
        0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'
    };

    if (api->destination->platform != NGX_SIMULCAST_YOUTUBE) {
        ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "not_supported",
                                "this platform takes no thumbnail", NULL, 0);
        return;
    }

    /* what it is, and not what it is called */

    if (api->data.len > sizeof(jpeg)
        && ngx_memcmp(api->data.data, jpeg, sizeof(jpeg)) == 0)
    {
        type = "image/jpeg";

    } else if (api->data.len > sizeof(png)
               && ngx_memcmp(api->data.data, png, sizeof(png)) == 0)
    {
        type = "image/png";

    } else {
        ngx_simulcast_api_error(api, NGX_HTTP_BAD_REQUEST, "invalid_image",
                                "the body is neither JPEG nor PNG", NULL, 0);
        return;
    }

    ngx_str_set(&args[0], "MSET");

    args[1].data = keys[0];
    args[1].len = ngx_sprintf(keys[0], "simulcast:thumbnail:%s",
                              api->destination->id)
                  - keys[0];
    args[2] = api->data;

    args[3].data = keys[1];
    args[3].len = ngx_sprintf(keys[1], "simulcast:thumbnail:%s:type",
                              api->destination->id)
                  - keys[1];
    args[4].data = (u_char *) type;
    args[4].len = ngx_strlen(type);

    if (ngx_live_redis_send(&ngx_simulcast_redis,
                            ngx_simulcast_api_destinations_stored, api, 5,
                            args)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_api_destinations_stored(void *data, redisReply *reply)
{
    ngx_simulcast_api_t *api = data;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        ngx_simulcast_api_away(api);
        return;
    }

    ngx_simulcast_store_tell(api->destination->streamer, api->destination->id);

    ngx_simulcast_api_show(api, NGX_HTTP_OK, NULL);
}
