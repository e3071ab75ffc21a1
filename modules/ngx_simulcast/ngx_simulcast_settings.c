
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_route.h"
#include "ngx_simulcast_setting.h"
#include "ngx_simulcast_settings.h"
#include "ngx_simulcast_url.h"


#define NGX_SIMULCAST_SETTINGS_CODE   4096      /* bytes of an OAuth code */
#define NGX_SIMULCAST_SETTINGS_STATE  512
#define NGX_SIMULCAST_SETTINGS_INPUT  1024


static ngx_int_t ngx_simulcast_settings_common(json_t *body, json_t *record,
    ngx_uint_t platform, ngx_live_body_error_t *error);
static ngx_int_t ngx_simulcast_settings_stream(json_t *body,
    ngx_simulcast_route_t *route, ngx_live_body_error_t *error);
static ngx_int_t ngx_simulcast_settings_key(json_t *body,
    ngx_live_body_error_t *error);
static ngx_int_t ngx_simulcast_settings_url(json_t *body, json_t *record,
    json_t *secret, ngx_live_body_error_t *error);
static ngx_int_t ngx_simulcast_settings_moved(json_t *body, json_t *record,
    json_t *secret, ngx_live_body_error_t *error);


static const char * const  ngx_simulcast_settings_create_names[] = {
    "stream_id", "platform", "name", "is_enabled", "settings", "rtmp_url",
    "stream_key", NULL
};

static const char * const  ngx_simulcast_settings_exchange_names[] = {
    "code", "stream_id", "name", "state", NULL
};

static const char * const  ngx_simulcast_settings_start_names[] = {
    "inputSource", NULL
};


json_t *
ngx_simulcast_settings_create(json_t *body, json_t **secret,
    ngx_live_body_error_t *error)
{
    json_t                 *record, *hidden;
    ngx_int_t               platform;
    ngx_str_t               name;
    const char             *text;
    ngx_simulcast_route_t   route;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    *secret = NULL;
    record = json_object();
    hidden = json_object();

    if (record == NULL || hidden == NULL
        || ngx_live_body_known(body,
                               ngx_simulcast_settings_create_names,
                               error)
           != NGX_OK
        || ngx_simulcast_settings_stream(body, &route, error) != NGX_OK)
    {
        goto failed;
    }

    text = json_string_value(json_object_get(body, "platform"));

    name.data = (u_char *) (text ? text : "");
    name.len = ngx_strlen(name.data);

    platform = ngx_simulcast_platform_find(&name);

    if (platform == NGX_ERROR) {
        ngx_live_body_wrong(error, NULL, "platform",
            "must be youtube, twitch, facebook, cloudflare or rtmp_custom");
        goto failed;
    }

    json_object_set_new(record, "stream_id", json_string(route.stream_id));
    json_object_set_new(record, "platform", json_string(text));
    json_object_set_new(record, "is_enabled", json_true());
    json_object_set_new(record, "settings", json_object());
    json_object_set_new(record, "wanted", json_string(""));

    if (json_object_get(body, "name") == NULL) {
        ngx_live_body_wrong(error, NULL, "name",
                            "must be given, 1 to 100 bytes");
        goto failed;
    }

    if (ngx_simulcast_settings_common(body, record, platform, error) != NGX_OK
        || ngx_simulcast_settings_key(body, error) != NGX_OK)
    {
        goto failed;
    }

    if (platform == NGX_SIMULCAST_CUSTOM) {

        if (ngx_simulcast_settings_url(body, record, hidden, error) != NGX_OK) {
            goto failed;
        }

    } else if (json_object_get(body, "rtmp_url")) {
        ngx_live_body_wrong(error, NULL, "rtmp_url",
                            "only rtmp_custom takes a URL");
        goto failed;

    } else if (json_is_string(json_object_get(body, "stream_key"))) {
        json_object_set(hidden, "stream_key",
                        json_object_get(body, "stream_key"));
    }

    if (json_object_size(hidden)) {
        *secret = hidden;

    } else {
        json_decref(hidden);
    }

    return record;

failed:

    if (error->message[0] == '\0') {
        ngx_live_body_wrong(error, NULL, NULL, "out of memory");
    }

    json_decref(record);
    json_decref(hidden);

    return NULL;
}


/* what both POST and PATCH may have: name, is_enabled, settings */

static ngx_int_t
ngx_simulcast_settings_common(json_t *body, json_t *record,
    ngx_uint_t platform, ngx_live_body_error_t *error)
{
    json_t  *value;

    value = json_object_get(body, "name");

    if (value) {
        if (!ngx_live_body_string(body, "name", NGX_SIMULCAST_TITLE,
                                  "must be a text of 1 to 100 bytes",
                                  error))
        {
            return NGX_ERROR;
        }

        json_object_set(record, "name", value);
    }

    value = json_object_get(body, "is_enabled");

    if (value) {
        if (!json_is_boolean(value)) {
            ngx_live_body_wrong(error, NULL, "is_enabled",
                                "must be true or false");
            return NGX_ERROR;
        }

        json_object_set(record, "is_enabled", value);
    }

    value = json_object_get(body, "settings");

    if (value) {
        if (!json_is_object(value)) {
            ngx_live_body_wrong(error, NULL, "settings",
                                "must be an object");
            return NGX_ERROR;
        }

        return ngx_simulcast_setting_merge(record, value, platform, error);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_settings_stream(json_t *body, ngx_simulcast_route_t *route,
    ngx_live_body_error_t *error)
{
    json_t     *value;
    ngx_str_t   text;

    value = json_object_get(body, "stream_id");

    text.data = (u_char *) (json_is_string(value) ? json_string_value(value)
                                                  : "");
    text.len = json_string_length(value);

    if (ngx_simulcast_route_stream(&text, route) != NGX_OK) {
        ngx_live_body_wrong(error, NULL, "stream_id",
            "must be a streamer, or streamer:source, names of 1 to 50 letters, "
            "digits, \"_\" and \"-\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* null and nothing are the same here */

static ngx_int_t
ngx_simulcast_settings_key(json_t *body, ngx_live_body_error_t *error)
{
    json_t      *value;
    const char  *p;

    value = json_object_get(body, "stream_key");

    if (value == NULL || json_is_null(value)) {
        return NGX_OK;
    }

    p = ngx_live_body_string(body, "stream_key",
                             NGX_SIMULCAST_KEY_MAX,
                             "must be a string of 1 to 1024 "
                             "characters", error);
    if (p == NULL) {
        return NGX_ERROR;
    }

    for ( /* void */ ; *p; p++) {
        if (*p <= 0x20 || *p >= 0x7f) {
            ngx_live_body_wrong(error, NULL, "stream_key",
                "must have neither blanks nor characters that are not ASCII");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* rtmp_url and stream_key of rtmp_custom: together, or the key in the URL */

static ngx_int_t
ngx_simulcast_settings_url(json_t *body, json_t *record, json_t *secret,
    ngx_live_body_error_t *error)
{
    size_t                len;
    json_t               *value;
    ngx_str_t             url, key;
    const char           *wrong;
    ngx_simulcast_url_t   parsed;

    value = json_object_get(body, "rtmp_url");

    if (!json_is_string(value)) {
        ngx_live_body_wrong(error, NULL, "rtmp_url",
            "must be a URL that begins with rtmp:// or rtmps://");
        return NGX_ERROR;
    }

    url.data = (u_char *) json_string_value(value);
    url.len = json_string_length(value);

    /* its own faults first, whether or not it has the key */

    ngx_str_set(&key, "key");

    value = json_object_get(body, "stream_key");

    if (json_is_string(value)) {
        key.data = (u_char *) json_string_value(value);
        key.len = json_string_length(value);
    }

    wrong = ngx_simulcast_url_parse(&url, &key, &parsed);

    if (wrong) {
        ngx_live_body_wrong(error, NULL, "rtmp_url", wrong);
        return NGX_ERROR;
    }

    if (json_is_string(value)) {
        json_object_set(record, "rtmp_url", json_object_get(body, "rtmp_url"));
        json_object_set(secret, "stream_key", value);

        return NGX_OK;
    }

    ngx_str_null(&key);

    if (ngx_simulcast_url_parse(&url, &key, &parsed) != NULL) {
        ngx_live_body_wrong(error, NULL, "stream_key",
            "must be given, or stand at the end of rtmp_url");
        return NGX_ERROR;
    }

    len = parsed.key.data - url.data;

    while (len && url.data[len - 1] == '/') {
        len--;
    }

    json_object_set_new(record, "rtmp_url",
                        json_stringn((char *) url.data, len));
    json_object_set_new(secret, "stream_key",
                        json_stringn((char *) parsed.key.data,
                                     parsed.key.len));
    return NGX_OK;
}


json_t *
ngx_simulcast_settings_patch(json_t *body, json_t *record, json_t *secret,
    json_t **changed, ngx_live_body_error_t *error)
{
    json_t                 *new, *hidden, *value;
    ngx_int_t               platform;
    ngx_str_t               name;
    const char             *old;
    ngx_simulcast_route_t   route;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    *changed = NULL;
    new = json_deep_copy(record);
    hidden = secret ? json_deep_copy(secret) : json_object();

    if (new == NULL || hidden == NULL
        || ngx_live_body_known(body,
                               ngx_simulcast_settings_create_names,
                               error)
           != NGX_OK)
    {
        goto failed;
    }

    old = json_string_value(json_object_get(record, "stream_id"));

    if (json_object_get(body, "stream_id")) {

        if (ngx_simulcast_settings_stream(body, &route, error) != NGX_OK) {
            goto failed;
        }

        name.len = ngx_strlen(route.streamer);

        if (old == NULL
            || ngx_strncmp(old, route.streamer, name.len) != 0
            || (old[name.len] != '\0' && old[name.len] != ':'))
        {
            ngx_live_body_wrong(error, NULL, "stream_id",
                                "must be of the same streamer");
            goto failed;
        }

        json_object_set_new(new, "stream_id", json_string(route.stream_id));
    }

    old = json_string_value(json_object_get(record, "platform"));

    name.data = (u_char *) (old ? old : "");
    name.len = ngx_strlen(name.data);

    platform = ngx_simulcast_platform_find(&name);

    value = json_object_get(body, "platform");

    if (platform == NGX_ERROR
        || (value && (!json_is_string(value)
                      || ngx_strcmp(json_string_value(value), old) != 0)))
    {
        ngx_live_body_wrong(error, NULL, "platform",
                            "must stay what it is");
        goto failed;
    }

    if (ngx_simulcast_settings_common(body, new, platform, error) != NGX_OK
        || ngx_simulcast_settings_key(body, error) != NGX_OK)
    {
        goto failed;
    }

    if (platform == NGX_SIMULCAST_CUSTOM) {

        if (ngx_simulcast_settings_moved(body, new, hidden, error) != NGX_OK) {
            goto failed;
        }

    } else if (json_object_get(body, "rtmp_url")) {
        ngx_live_body_wrong(error, NULL, "rtmp_url",
                            "only rtmp_custom takes a URL");
        goto failed;

    } else {
        value = json_object_get(body, "stream_key");

        if (json_is_null(value)) {
            json_object_del(hidden, "stream_key");

        } else if (value) {
            json_object_set(hidden, "stream_key", value);
        }
    }

    if (json_object_get(body, "stream_key")) {
        *changed = hidden;

    } else {
        json_decref(hidden);
    }

    return new;

failed:

    if (error->message[0] == '\0') {
        ngx_live_body_wrong(error, NULL, NULL, "out of memory");
    }

    json_decref(new);
    json_decref(hidden);

    return NULL;
}


/* a stored key never goes to where it was not given for */

static ngx_int_t
ngx_simulcast_settings_moved(json_t *body, json_t *record, json_t *secret,
    ngx_live_body_error_t *error)
{
    json_t                *url, *key;
    ngx_str_t              s, k;
    const char            *wrong;
    ngx_simulcast_url_t    parsed;

    url = json_object_get(body, "rtmp_url");
    key = json_object_get(body, "stream_key");

    if (json_is_null(key)) {
        ngx_live_body_wrong(error, NULL, "stream_key",
                            "must not be taken away");
        return NGX_ERROR;
    }

    if (url && !json_equal(url, json_object_get(record, "rtmp_url"))) {

        if (json_is_string(url) && key == NULL) {
            ngx_live_body_wrong(error, NULL, "stream_key",
                "must be given with a new rtmp_url");
            return NGX_ERROR;
        }

        return ngx_simulcast_settings_url(body, record, secret, error);
    }

    if (key == NULL) {
        return NGX_OK;
    }

    url = json_object_get(record, "rtmp_url");

    s.data = (u_char *) (json_is_string(url) ? json_string_value(url) : "");
    s.len = ngx_strlen(s.data);
    k.data = (u_char *) json_string_value(key);
    k.len = json_string_length(key);

    wrong = ngx_simulcast_url_parse(&s, &k, &parsed);

    if (wrong) {
        ngx_live_body_wrong(error, NULL, "stream_key", wrong);
        return NGX_ERROR;
    }

    json_object_set(secret, "stream_key", key);

    return NGX_OK;
}


json_t *
ngx_simulcast_settings_full(json_t *settings)
{
    json_t  *full;

    full = json_is_object(settings) ? json_copy(settings) : json_object();

    if (full == NULL) {
        return NULL;
    }

    if (json_object_get(full, "auto_start") == NULL) {
        json_object_set_new(full, "auto_start", json_false());
    }

    if (json_object_get(full, "auto_reconnect") == NULL) {
        json_object_set_new(full, "auto_reconnect", json_true());
    }

    if (json_object_get(full, "max_retries") == NULL) {
        json_object_set_new(full, "max_retries",
                            json_integer(NGX_SIMULCAST_SETTINGS_RETRIES));
    }

    return full;
}


ngx_int_t
ngx_simulcast_settings_exchange(json_t *body,
    ngx_live_body_error_t *error)
{
    json_t                 *state;
    ngx_simulcast_route_t   route;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    if (ngx_live_body_known(body,
                            ngx_simulcast_settings_exchange_names,
                            error)
        != NGX_OK
        || !ngx_live_body_string(body, "code",
                                 NGX_SIMULCAST_SETTINGS_CODE,
                                 "must be the code that the platform "
                                 "has given", error)
        || ngx_simulcast_settings_stream(body, &route, error) != NGX_OK
        || !ngx_live_body_string(body, "name", NGX_SIMULCAST_TITLE,
                                 "must be a text of 1 to 100 bytes",
                                 error))
    {
        return NGX_ERROR;
    }

    state = json_object_get(body, "state");

    if (state && !json_is_null(state)
        && !ngx_live_body_string(body, "state",
                                 NGX_SIMULCAST_SETTINGS_STATE,
                                 "must be the state of auth-url",
                                 error))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_simulcast_settings_start(json_t *body, const char **input,
    ngx_live_body_error_t *error)
{
    json_t  *value;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    *input = NULL;

    if (ngx_live_body_known(body, ngx_simulcast_settings_start_names,
                            error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = json_object_get(body, "inputSource");

    if (value == NULL || json_is_null(value)) {
        return NGX_OK;
    }

    *input = ngx_live_body_string(body, "inputSource",
                                  NGX_SIMULCAST_SETTINGS_INPUT,
                                  "must be a live source", error);

    return *input ? NGX_OK : NGX_ERROR;
}
