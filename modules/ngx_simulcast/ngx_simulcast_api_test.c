
/*
 * Copyright (C) the ngx_live contributors
 *
 * Of the API: a destination is tried, as far as that has no effect there.
 */


#include "ngx_simulcast_api.h"
#include "ngx_simulcast_url.h"


#define NGX_SIMULCAST_TEST_PAUSE  10000     /* ms, of a destination */
#define NGX_SIMULCAST_TEST_MAX    5         /* at once, of a worker */


/* where a platform takes streams unless it says otherwise, and whose API is its
   own: with another one these are other machines, too */

typedef struct {
    const char   *ingest;
    const char   *domain;
} ngx_simulcast_api_test_platform_t;


static void ngx_simulcast_api_test_found(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_test_locked(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static ngx_uint_t ngx_simulcast_api_test_target(ngx_simulcast_api_t *api);
static const char *ngx_simulcast_api_test_ingest(ngx_simulcast_api_t *api);
static void ngx_simulcast_api_test_done(void *data,
    ngx_simulcast_probe_result_t *result);
static void ngx_simulcast_api_test_leave(ngx_simulcast_api_t *api);


static ngx_uint_t  ngx_simulcast_api_test_running;


static const ngx_simulcast_api_test_platform_t
    ngx_simulcast_api_test_platforms[] =
{
    { "rtmps://a.rtmps.youtube.com:443/live2", ".googleapis.com" },
    { "rtmps://ingest.global-contribute.live-video.net:443/app",
      ".twitch.tv" },
    { "rtmps://rtmp-api.facebook.com:443/rtmp", ".facebook.com" },
    { "rtmps://live.cloudflare.com:443/live", ".cloudflare.com" },
    { NULL, NULL }
};


void
ngx_simulcast_api_test_destination(ngx_simulcast_api_t *api)
{
    ngx_simulcast_step_destination(api, ngx_simulcast_api_test_found);
}


static void
ngx_simulcast_api_test_found(ngx_simulcast_api_t *api)
{
    u_char     name[sizeof("test:") + NGX_SIMULCAST_ID];
    ngx_str_t  lock;

    if (!ngx_simulcast_api_test_target(api)) {
        return;
    }

    if (ngx_simulcast_api_test_running >= NGX_SIMULCAST_TEST_MAX) {
        ngx_simulcast_api_error(api, NGX_HTTP_TOO_MANY_REQUESTS,
                                "too_many_tests",
                                "too many destinations are being tested", NULL,
                                1);
        return;
    }

    ngx_simulcast_api_test_running++;
    api->probing = 1;

    lock.data = name;
    lock.len = ngx_sprintf(name, "test:%s", api->destination->id) - name;

    if (ngx_simulcast_store_lock(&lock, NGX_SIMULCAST_TEST_PAUSE,
                                 ngx_simulcast_api_test_locked, api)
        != NGX_OK)
    {
        ngx_simulcast_api_test_leave(api);
        ngx_simulcast_api_away(api);
    }
}


/* never unlocked: it is the pause */

static void
ngx_simulcast_api_test_locked(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_api_t *api = data;

    if (rc == NGX_DECLINED) {
        ngx_simulcast_api_test_leave(api);
        ngx_simulcast_api_error(api, NGX_HTTP_TOO_MANY_REQUESTS,
                                "rate_limited",
                                "a destination is tested once in 10 seconds",
                                NULL, NGX_SIMULCAST_TEST_PAUSE / 1000);
        return;
    }

    if (rc != NGX_OK) {
        ngx_simulcast_api_test_leave(api);
        ngx_simulcast_api_away(api);
        return;
    }

    if (api->request == NULL) {
        /* nobody is there to be told */
        ngx_simulcast_api_test_leave(api);
        ngx_simulcast_api_failed(api);
        return;
    }

    api->probe = ngx_simulcast_probe_start(&api->url, api->until, 0,
                                           ngx_simulcast_api_test_done, api);

    if (api->probe == NULL) {
        ngx_simulcast_api_test_leave(api);
        ngx_simulcast_api_failed(api);
    }
}


/* 0: it has answered */

static ngx_uint_t
ngx_simulcast_api_test_target(ngx_simulcast_api_t *api)
{
    ngx_str_t                     s, key;
    const char                   *text;
    ngx_simulcast_destination_t  *destination;

    destination = api->destination;

    if (destination->platform == NGX_SIMULCAST_CUSTOM) {

        text = ngx_simulcast_api_json_text(destination->secret, "stream_key");

        if (text == NULL) {
            ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT,
                                    "secret_unreadable",
                                    "its stream key cannot be opened with the "
                                    "encryption keys given here", NULL, 0);
            return 0;
        }

        key.data = (u_char *) text;
        key.len = ngx_strlen(text);

        text = ngx_simulcast_api_json_text(destination->record, "rtmp_url");

        api->until = NGX_SIMULCAST_STAGE_PUBLISH;

    } else {
        text = ngx_simulcast_api_test_ingest(api);

        if (text == NULL) {
            ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "not_ready",
                                    "where the platform takes the stream is "
                                    "known when it has been started once",
                                    NULL, 0);
            return 0;
        }

        /* publishing would begin a broadcast; this is never sent */

        ngx_str_set(&key, "test");

        api->until = NGX_SIMULCAST_STAGE_CONNECT;
    }

    s.data = (u_char *) (text ? text : "");
    s.len = ngx_strlen(s.data);

    if (ngx_simulcast_url_parse(&s, &key, &api->url) != NULL) {
        ngx_simulcast_api_error(api, NGX_HTTP_CONFLICT, "not_ready",
                                "the URL that is stored is not valid", NULL,
                                0);
        return 0;
    }

    return 1;
}


static const char *
ngx_simulcast_api_test_ingest(ngx_simulcast_api_t *api)
{
    size_t                                    len;
    u_char                                   *p, *last;
    ngx_str_t                                *base;
    const char                               *text;
    const ngx_simulcast_api_test_platform_t  *platform;

    text = ngx_simulcast_api_json_text(api->destination->health, "url");

    if (text && text[0]) {
        return text;
    }

    platform = &ngx_simulcast_api_test_platforms[api->destination->platform];
    base = &ngx_simulcast_conf->platforms[api->destination->platform].api_base;

    /* "https://" host [ ":" port ] [ "/" path ] */

    if (base->len <= 8
        || ngx_strncasecmp(base->data, (u_char *) "https://", 8) != 0)
    {
        return NULL;
    }

    last = base->data + base->len;

    for (p = base->data + 8; p < last && *p != '/' && *p != ':'; p++) {
        /* void */
    }

    len = ngx_strlen(platform->domain);

    return (size_t) (p - base->data - 8) > len
           && ngx_strncasecmp(p - len, (u_char *) platform->domain, len) == 0
           ? platform->ingest : NULL;
}


static void
ngx_simulcast_api_test_done(void *data, ngx_simulcast_probe_result_t *result)
{
    ngx_simulcast_api_t *api = data;

    api->probe = NULL;

    ngx_simulcast_api_test_leave(api);

    ngx_simulcast_api_data(api, NGX_HTTP_OK,
        json_pack("{s:b,s:s,s:s?,s:I}",
                  "reachable", result->reachable ? 1 : 0,
                  "stage", ngx_simulcast_stage_name(result->stage),
                  "error_class", result->error_class,
                  "ms", (json_int_t) result->ms));
}


void
ngx_simulcast_api_test_cancel(ngx_simulcast_api_t *api)
{
    ngx_simulcast_probe_cancel(api->probe);
    api->probe = NULL;

    ngx_simulcast_api_test_leave(api);
}


static void
ngx_simulcast_api_test_leave(ngx_simulcast_api_t *api)
{
    if (api->probing) {
        ngx_simulcast_api_test_running--;
        api->probing = 0;
    }
}
