
/*
 * Copyright (C) the ngx_live contributors
 *
 * Of the API: accounts of platforms are connected, and their tokens renewed.
 */


#include "ngx_simulcast_api.h"
#include "ngx_simulcast_platform.h"
#include "ngx_simulcast_settings.h"


static ngx_uint_t ngx_simulcast_api_accounts_has(ngx_simulcast_api_t *api,
    ngx_uint_t platform);
static void ngx_simulcast_api_accounts_answered(void *data,
    ngx_simulcast_account_answer_t *answer);
static void ngx_simulcast_api_accounts_exchange_counted(
    ngx_simulcast_api_t *api);
static void ngx_simulcast_api_accounts_string(json_t *json, const char *name,
    ngx_str_t *value);
static void ngx_simulcast_api_accounts_refresh_found(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_accounts_pages_found(ngx_simulcast_api_t *api);


void
ngx_simulcast_api_accounts_auth_url(ngx_simulcast_api_t *api)
{
    ngx_str_t  owner;

    if (!ngx_simulcast_api_accounts_has(api, api->route.platform)) {
        return;
    }

    owner.data = api->owner;
    owner.len = sizeof(api->owner);

    if (ngx_simulcast_oauth_auth_url(api->route.platform, &owner,
                                     ngx_simulcast_api_accounts_answered, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


/* 0: it has answered */

static ngx_uint_t
ngx_simulcast_api_accounts_has(ngx_simulcast_api_t *api, ngx_uint_t platform)
{
    if (platform == NGX_SIMULCAST_CLOUDFLARE
        || platform == NGX_SIMULCAST_CUSTOM)
    {
        ngx_simulcast_api_invalid(api, "platform",
            "platform must be youtube, twitch or facebook: others have no "
            "accounts to connect");
        return 0;
    }

    return 1;
}


static void
ngx_simulcast_api_accounts_answered(void *data,
    ngx_simulcast_account_answer_t *answer)
{
    ngx_simulcast_api_t *api = data;

    ngx_uint_t  status;

    if (answer->result.rc == NGX_OK && answer->answer) {
        ngx_simulcast_api_data(api, NGX_HTTP_OK, json_incref(answer->answer));
        return;
    }

    status = answer->status;

    if (status < NGX_HTTP_BAD_REQUEST || status > 599) {
        status = NGX_HTTP_BAD_GATEWAY;
    }

    ngx_simulcast_api_error(api, status,
                            answer->result.code ? answer->result.code
                                                : "platform_failed",
                            answer->result.message, answer->field,
                            answer->result.retry_after);
}


void
ngx_simulcast_api_accounts_exchange(ngx_simulcast_api_t *api)
{
    ngx_str_t                        stream_id;
    ngx_live_body_error_t   error;

    if (!ngx_simulcast_api_accounts_has(api, api->route.platform)) {
        return;
    }

    if (ngx_simulcast_settings_exchange(api->body, &error) != NGX_OK) {
        ngx_simulcast_api_invalid(api, error.field, error.message);
        return;
    }

    ngx_simulcast_api_accounts_string(api->body, "stream_id", &stream_id);

    (void) ngx_simulcast_route_stream(&stream_id, &api->route);

    if (!ngx_simulcast_step_allowed(api, api->route.streamer)) {
        ngx_simulcast_api_error(api, NGX_HTTP_FORBIDDEN, "forbidden",
                                "the API token is not of this streamer", NULL,
                                0);
        return;
    }

    ngx_simulcast_step_list(api, api->route.streamer,
                            ngx_simulcast_api_accounts_exchange_counted);
}


static void
ngx_simulcast_api_accounts_exchange_counted(ngx_simulcast_api_t *api)
{
    ngx_str_t  owner, code, state, stream_id, name;

    if (api->n >= NGX_SIMULCAST_API_DESTINATIONS) {
        ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT,
                                "too_many_destinations",
                                "the streamer has 50 destinations already",
                                NULL, 0);
        return;
    }

    owner.data = api->owner;
    owner.len = sizeof(api->owner);

    ngx_simulcast_api_accounts_string(api->body, "code", &code);
    ngx_simulcast_api_accounts_string(api->body, "state", &state);
    ngx_simulcast_api_accounts_string(api->body, "stream_id", &stream_id);
    ngx_simulcast_api_accounts_string(api->body, "name", &name);

    if (ngx_simulcast_oauth_exchange(api->route.platform, &owner, &code,
                                     &state, &stream_id, &name,
                                     ngx_simulcast_api_accounts_answered, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


/* empty when there is none */

static void
ngx_simulcast_api_accounts_string(json_t *json, const char *name,
    ngx_str_t *value)
{
    value->data = (u_char *) ngx_simulcast_api_json_text(json, name);

    if (value->data == NULL) {
        value->data = (u_char *) "";
    }

    value->len = ngx_strlen(value->data);
}


void
ngx_simulcast_api_accounts_refresh(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api,
                                   ngx_simulcast_api_accounts_refresh_found);
}


static void
ngx_simulcast_api_accounts_refresh_found(ngx_simulcast_api_t *api)
{
    if (api->destination->platform == NGX_SIMULCAST_CLOUDFLARE
        || api->destination->platform == NGX_SIMULCAST_CUSTOM)
    {
        ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "not_supported",
                                "this platform has no token to refresh", NULL,
                                0);
        return;
    }

    if (ngx_simulcast_oauth_refresh(api->destination,
                                    ngx_simulcast_api_accounts_answered, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}


void
ngx_simulcast_api_accounts_pages(ngx_simulcast_api_t *api)
{
    size_t     len;
    ngx_int_t  rc;

    if (api->route.platform != NGX_SIMULCAST_FACEBOOK) {
        ngx_simulcast_api_invalid(api, "platform",
                                  "platform must be facebook: others have no "
                                  "pages");
        return;
    }

    rc = api->request ? ngx_simulcast_route_arg(&api->request->args,
                                                "destination", api->id,
                                                sizeof(api->id), &len)
                      : NGX_DECLINED;

    if (rc != NGX_OK || !ngx_simulcast_route_id((u_char *) api->id, len)) {
        ngx_simulcast_api_invalid(api, "destination",
                                  "destination must be the id of a facebook "
                                  "destination");
        return;
    }

    ngx_simulcast_step_destination(api,
                                   ngx_simulcast_api_accounts_pages_found);
}


static void
ngx_simulcast_api_accounts_pages_found(ngx_simulcast_api_t *api)
{
    if (api->destination->platform != NGX_SIMULCAST_FACEBOOK) {
        ngx_simulcast_api_invalid(api, "destination",
                                  "destination must be the id of a facebook "
                                  "destination");
        return;
    }

    if (ngx_simulcast_facebook_pages(api->destination,
                                     ngx_simulcast_api_accounts_answered, api)
        != NGX_OK)
    {
        ngx_simulcast_api_away(api);
    }
}
