
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: the body of a request, which is taken for that of POST and PATCH
 * destinations, of exchange-token, and of start.
 */

/* sources: modules/common/ngx_live_body.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_input.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_moment.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_route.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_setting.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_settings.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_url.c */
/* libs: -ljansson */


#include "fuzz.h"
#include "../unit/simulcast_names.h"
#include "ngx_simulcast_input.h"
#include "ngx_simulcast_route.h"
#include "ngx_simulcast_settings.h"
#include "ngx_simulcast_url.h"


static void
check_error(ngx_live_body_error_t *error)
{
    json_t  *text;

    fuzz_assert(strlen(error->message) > 5);
    fuzz_assert(memchr(error->field, '\0', sizeof(error->field)));

    /* what is cut is UTF-8, as it is to be answered */

    text = json_string(error->field);
    fuzz_assert(text);
    json_decref(text);
}


static void
check_record(json_t *record, json_t *secret)
{
    ngx_str_t               url, key;
    const char             *text;
    ngx_simulcast_url_t     parsed;
    ngx_simulcast_route_t   route;

    fuzz_assert(json_object_get(record, "stream_key") == NULL);

    text = json_string_value(json_object_get(record, "stream_id"));
    fuzz_assert(text);

    url.data = (u_char *) text;
    url.len = strlen(text);
    fuzz_assert(ngx_simulcast_route_stream(&url, &route) == NGX_OK);

    text = json_string_value(json_object_get(record, "rtmp_url"));

    if (text == NULL) {
        return;
    }

    /* it stands without its key, and can be pushed to */

    url.data = (u_char *) text;
    url.len = strlen(text);

    text = json_string_value(json_object_get(secret, "stream_key"));
    fuzz_assert(text);

    key.data = (u_char *) text;
    key.len = strlen(text);

    fuzz_assert(ngx_simulcast_url_parse(&url, &key, &parsed) == NULL);
}


static void
check_create(json_t *body)
{
    json_t                      *record, *secret;
    ngx_live_body_error_t   error;

    record = ngx_simulcast_settings_create(body, &secret, &error);

    if (record == NULL) {
        check_error(&error);
        return;
    }

    check_record(record, secret);

    json_decref(record);
    json_decref(secret);
}


static void
check_patch(json_t *body, const char *platform, const char *url)
{
    json_t                      *old, *hidden, *new, *changed;
    const char                  *now;
    ngx_live_body_error_t   error;

    old = json_pack("{s:s,s:s,s:s,s:b,s:s?,s:{s:i}}",
                    "stream_id", "alice", "platform", platform, "name", "N",
                    "is_enabled", 1, "rtmp_url", url,
                    "settings", "bitrate", 4500);
    hidden = json_pack("{s:s}", "stream_key", "hidden");

    new = ngx_simulcast_settings_patch(body, old, hidden, &changed, &error);

    if (new == NULL) {
        check_error(&error);

    } else {
        check_record(new, changed ? changed : hidden);

        fuzz_assert(json_equal(json_object_get(new, "platform"),
                               json_object_get(old, "platform")));
        fuzz_assert(strncmp(json_string_value(json_object_get(new,
                                                              "stream_id")),
                            "alice", 5)
                    == 0);

        /* a hidden key never goes elsewhere */

        now = json_string_value(json_object_get(new, "rtmp_url"));

        if (now) {
            fuzz_assert(strcmp(now, url) == 0
                        || json_is_string(json_object_get(body,
                                                          "stream_key")));
        }

        json_decref(new);
        json_decref(changed);
    }

    json_decref(old);
    json_decref(hidden);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t                      *body, *live;
    const char                  *input, *source;
    ngx_live_body_error_t   error;

    body = ngx_live_body_parse((u_char *) data, size, &error);

    if (body == NULL) {
        check_error(&error);
        return 0;
    }

    check_create(body);
    check_patch(body, "rtmp_custom", "rtmp://example.org/live");
    check_patch(body, "twitch", NULL);

    if (ngx_simulcast_settings_exchange(body, &error) != NGX_OK) {
        check_error(&error);
    }

    if (ngx_simulcast_settings_start(body, &input, &error) != NGX_OK) {
        check_error(&error);

    } else if (input) {
        live = json_pack("{s:{},s:{}}", "cam", "main");
        source = ngx_simulcast_input_source(input, "alice", live);

        fuzz_assert(source == NULL || strcmp(source, "cam") == 0
                    || strcmp(source, "main") == 0);
        json_decref(live);
    }

    json_decref(body);

    return 0;
}
