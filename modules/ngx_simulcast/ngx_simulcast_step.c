
/*
 * Copyright (C) the ngx_live contributors
 *
 * Of the API: the steps that operations have in common. Each asks Redis, and
 * goes on when it has answered.
 */


#include "ngx_live_answer.h"
#include "ngx_simulcast_api.h"
#include "ngx_simulcast_wish.h"


static void ngx_simulcast_step_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_step_attempt(ngx_simulcast_api_t *api);
static void ngx_simulcast_step_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_step_listed(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t **list, ngx_uint_t n);
static void ngx_simulcast_step_living(void *data, ngx_int_t rc, json_t *json);
static void ngx_simulcast_step_lives_next(ngx_simulcast_api_t *api);
static void ngx_simulcast_step_sessioned(void *data, ngx_int_t rc,
    json_t *json);


ngx_uint_t
ngx_simulcast_step_allowed(ngx_simulcast_api_t *api, const char *streamer)
{
    return ngx_strcmp(api->scope, "*") == 0
           || ngx_strcmp(api->scope, streamer) == 0;
}


void
ngx_simulcast_step_hold(ngx_simulcast_api_t *api,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_store_hold(destination);

    if (api->destination) {
        ngx_simulcast_store_release(api->destination);
    }

    api->destination = destination;
}


void
ngx_simulcast_step_destination(ngx_simulcast_api_t *api,
    ngx_simulcast_api_pt next)
{
    ngx_str_t  id;

    id.data = (u_char *) api->id;
    id.len = ngx_strlen(api->id);

    api->next = next;

    if (ngx_simulcast_store_get(&id, ngx_simulcast_step_got, api) != NGX_OK) {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_step_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_t *api = data;

    if (rc == NGX_DECLINED && api->all) {
        api->written(api);
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_simulcast_api_unknown(api);
        return;
    }

    if (rc != NGX_OK || destination == NULL) {
        ngx_simulcast_api_away(api);
        return;
    }

    if (!ngx_simulcast_step_allowed(api, destination->streamer)) {
        ngx_simulcast_api_error(api, NGX_HTTP_FORBIDDEN, "forbidden",
                                "the API token is not of this streamer", NULL,
                                0);
        return;
    }

    /* below simulcast/{streamId}/ it has to be one of these */

    if (api->route.streamer[0]
        && (ngx_strcmp(api->route.streamer, destination->streamer) != 0
            || (api->route.source[0]
                && ngx_strcmp(api->route.source, destination->source) != 0)))
    {
        ngx_simulcast_api_unknown(api);
        return;
    }

    ngx_simulcast_step_hold(api, destination);

    api->next(api);
}


void
ngx_simulcast_step_write(ngx_simulcast_api_t *api,
    ngx_simulcast_api_change_pt change, ngx_simulcast_api_pt written)
{
    api->change = change;
    api->written = written;
    api->tries = 0;

    ngx_memcpy(api->id, api->destination->id, sizeof(api->id));

    ngx_simulcast_step_attempt(api);
}


static void
ngx_simulcast_step_attempt(ngx_simulcast_api_t *api)
{
    if (api->change(api) != NGX_OK) {
        return;
    }

    json_object_set_new(api->destination->record, "updated_at",
                        ngx_live_answer_time(ngx_simulcast_time()));

    if (ngx_simulcast_store_put(api->destination, ngx_simulcast_step_put, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_step_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_t *api = data;

    switch (rc) {

    case NGX_OK:
        api->written(api);
        return;

    case NGX_DECLINED:
        if (api->all) {
            api->written(api);
            return;
        }

        ngx_simulcast_api_unknown(api);
        return;

    case NGX_BUSY:
        if (++api->tries == NGX_SIMULCAST_API_TRIES) {
            ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "conflict",
                                    "others write the same destination all "
                                    "the time", NULL, 1);
            return;
        }

        ngx_simulcast_step_destination(api, ngx_simulcast_step_attempt);
        return;

    default:
        ngx_simulcast_api_away(api);
    }
}


void
ngx_simulcast_step_list(ngx_simulcast_api_t *api, const char *streamer,
    ngx_simulcast_api_pt next)
{
    ngx_str_t  name;

    name.data = (u_char *) streamer;
    name.len = streamer ? ngx_strlen(streamer) : 0;

    api->next = next;

    if (ngx_simulcast_store_list(streamer ? &name : NULL,
                                 ngx_simulcast_step_listed, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_step_listed(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t **list, ngx_uint_t n)
{
    ngx_simulcast_api_t *api = data;

    ngx_uint_t  i;

    if (rc != NGX_OK) {
        ngx_simulcast_api_away(api);
        return;
    }

    for (i = 0; i < api->n; i++) {
        ngx_simulcast_store_release(api->list[i]);
    }

    api->n = 0;

    api->list = ngx_palloc(api->pool, (n + 1)
                                      * sizeof(ngx_simulcast_destination_t *));
    if (api->list == NULL) {
        ngx_simulcast_api_failed(api);
        return;
    }

    for (i = 0; i < n; i++) {

        if (!ngx_simulcast_step_allowed(api, list[i]->streamer)) {
            continue;
        }

        ngx_simulcast_store_hold(list[i]);
        api->list[api->n++] = list[i];
    }

    api->next(api);
}


void
ngx_simulcast_step_only(ngx_simulcast_api_t *api, const char *stream_id)
{
    ngx_uint_t   i, n;
    const char  *text;

    n = 0;

    for (i = 0; i < api->n; i++) {
        text = ngx_simulcast_api_json_text(api->list[i]->record, "stream_id");

        if (text && ngx_strcmp(text, stream_id) == 0) {
            api->list[n++] = api->list[i];
            continue;
        }

        ngx_simulcast_store_release(api->list[i]);
    }

    api->n = n;
}


void
ngx_simulcast_step_live(ngx_simulcast_api_t *api, const char *streamer,
    ngx_simulcast_api_pt next)
{
    api->next = next;

    json_object_set_new(api->live, streamer, json_null());

    if (ngx_simulcast_store_live_get(streamer, ngx_simulcast_step_living, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_step_living(void *data, ngx_int_t rc, json_t *json)
{
    ngx_simulcast_api_t *api = data;

    json_t      *value;
    const char  *name;

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        ngx_simulcast_api_away(api);
        return;
    }

    /* of the one that was asked for, which is null until now */

    json_object_foreach(api->live, name, value) {
        if (json_is_null(value)) {
            json_object_set_new(api->live, name,
                                json_is_object(json) ? json_deep_copy(json)
                                                     : json_object());
            break;
        }
    }

    api->next(api);
}


void
ngx_simulcast_step_lives(ngx_simulcast_api_t *api, ngx_simulcast_api_pt next)
{
    api->i = 0;
    api->written = next;

    ngx_simulcast_step_lives_next(api);
}


static void
ngx_simulcast_step_lives_next(ngx_simulcast_api_t *api)
{
    ngx_simulcast_destination_t  *destination;

    for ( /* void */ ; api->i <= api->n; api->i++) {

        destination = api->i < api->n ? api->list[api->i] : api->destination;

        if (destination == NULL
            || !ngx_simulcast_api_json_open(destination)
            || json_object_get(api->live, destination->streamer))
        {
            continue;
        }

        ngx_simulcast_step_live(api, destination->streamer,
                                ngx_simulcast_step_lives_next);
        return;
    }

    api->i = 0;
    api->written(api);
}


void
ngx_simulcast_step_session(ngx_simulcast_api_t *api, ngx_simulcast_api_pt next)
{
    api->next = next;

    if (ngx_simulcast_store_session_get(api->route.stream_id,
                                        ngx_simulcast_step_sessioned, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


static void
ngx_simulcast_step_sessioned(void *data, ngx_int_t rc, json_t *json)
{
    ngx_simulcast_api_t *api = data;

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        ngx_simulcast_api_away(api);
        return;
    }

    json_decref(api->session);
    api->session = json_is_object(json)
                   && !ngx_simulcast_wish_over(json, "until")
                   ? json_deep_copy(json) : NULL;

    api->next(api);
}

