
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte that says whose answer it is and of what status, and the body.
 * Whatever it is, the result is one that can be acted on and shown, and what is
 * taken out of the body may go into a URL or a header.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_answer.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_form.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_moment.c */
/* libs: -ljansson */


#include "fuzz.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_health.h"
#include "ngx_simulcast_moment.h"

#include <string.h>


static const ngx_uint_t  statuses[] = {
    0, 200, 204, 302, 400, 401, 403, 404, 409, 411, 423, 429, 500, 503, 999, 42
};


static void
word(const char *s, size_t max)
{
    size_t  n;

    if (s == NULL) {
        return;
    }

    for (n = 0; s[n]; n++) {
        fuzz_assert(s[n] > ' ' && s[n] <= '~');
    }

    fuzz_assert(n <= max);
}


static void
shown(ngx_simulcast_platform_result_t *result, ngx_uint_t status)
{
    const char  *p;

    fuzz_assert(memchr(result->message, '\0', sizeof(result->message)));

    for (p = result->message; *p; p++) {
        fuzz_assert((u_char) *p >= ' ' && *p != 127);
    }

    fuzz_assert(result->rc == NGX_OK || result->rc == NGX_AGAIN
                || result->rc == NGX_DECLINED || result->rc == NGX_ERROR);
    fuzz_assert((result->rc == NGX_OK) == (result->code == NULL));
    fuzz_assert(result->rc != NGX_OK || status >= 200);
    fuzz_assert(result->retry_after <= 90000);
    fuzz_assert(ngx_simulcast_answer_http(result) >= 200);
}


static void
errors(json_t *json, ngx_uint_t platform, ngx_uint_t status)
{
    ngx_str_t                         secret;
    ngx_simulcast_platform_result_t   result;

    ngx_simulcast_answer_result(platform, status, json, NULL, 0, 1795291200,
                                &result);
    shown(&result, status);

    /* redundant is as good as done */

    fuzz_assert(result.rc != NGX_OK || status < 300
                || strcmp(ngx_simulcast_answer_reason(json),
                          "redundantTransition") == 0);

    secret.data = (u_char *) "aaaa";
    secret.len = 4;

    ngx_simulcast_answer_mask(&result, &secret);
    fuzz_assert(strstr(result.message, "aaaa") == NULL);
    shown(&result, status);

    ngx_simulcast_answer_grant(platform, status, json, NULL, 0, &result);
    shown(&result, status);
    fuzz_assert(result.rc != NGX_OK || status < 300);
}


static void
youtube(json_t *json)
{
    size_t                             i;
    json_t                            *issues, *issue;
    int64_t                            viewers;
    ngx_uint_t                         ended;
    ngx_simulcast_answer_stream_t      stream;
    ngx_simulcast_answer_broadcast_t   broadcast;

    if (ngx_simulcast_answer_broadcast(json, &broadcast) == NGX_OK) {
        fuzz_assert(broadcast.id && broadcast.lifecycle);
        word(broadcast.id, 128);
        word(broadcast.bound, 128);
        word(broadcast.privacy, 64);
    }

    if (ngx_simulcast_answer_stream(json, &stream) == NGX_OK) {
        fuzz_assert(stream.id && stream.status);
        fuzz_assert(stream.health <= NGX_SIMULCAST_HEALTH_ERROR);
        word(stream.id, 128);
        word(stream.url, 512);
        word(stream.key, 512);
    }

    issues = json_array();

    ngx_simulcast_answer_stream_issues(json, issues);
    fuzz_assert(json_array_size(issues) <= NGX_SIMULCAST_ANSWER_ISSUES);

    json_array_foreach(issues, i, issue) {
        fuzz_assert(json_string_length(issue) < NGX_SIMULCAST_ANSWER_ISSUE);
    }

    json_decref(issues);

    viewers = ngx_simulcast_answer_video(json, &ended);
    fuzz_assert(viewers >= -1 && ended <= 1);
}


static void
others(json_t *json)
{
    char                           buf[64];
    json_t                        *page;
    ngx_str_t                      server, key;
    ngx_simulcast_answer_live_t    live;
    ngx_simulcast_answer_user_t    user;
    ngx_simulcast_answer_input_t   input;
    ngx_simulcast_answer_token_t   token;

    if (ngx_simulcast_answer_token(json, &token) == NGX_OK) {
        word(token.access, NGX_SIMULCAST_ANSWER_WORD);
        word(token.refresh, NGX_SIMULCAST_ANSWER_WORD);
        fuzz_assert(token.expires_in >= 0);
        fuzz_assert(strlen(token.scope) < sizeof(token.scope));
    }

    if (ngx_simulcast_answer_user(json, &user) == NGX_OK) {
        word(user.id, 64);
        word(user.login, 64);
    }

    if (ngx_simulcast_answer_ingest(json, buf, sizeof(buf)) == NGX_OK) {
        fuzz_assert(strlen(buf) < sizeof(buf));
        fuzz_assert(strncmp(buf, "rtmp", 4) == 0);
        fuzz_assert(strchr(buf, '{') == NULL && strchr(buf, '@') == NULL);
        word(buf, sizeof(buf));
    }

    fuzz_assert(ngx_simulcast_answer_viewers(json) >= NGX_DECLINED);
    word(ngx_simulcast_answer_game(json, "Chess", 0), 64);
    word(ngx_simulcast_answer_after(json), 512);
    (void) ngx_simulcast_answer_scope(json, "a");

    page = ngx_simulcast_answer_page(json, "1");
    (void) ngx_simulcast_answer_page_live(page);

    if (ngx_simulcast_answer_live(json, &live) == NGX_OK) {
        fuzz_assert(live.id && live.status);
        fuzz_assert(live.viewers >= -1 && live.seconds_left >= -1);
        word(live.id, 128);
        word(live.url, 1024);

        if (live.url
            && ngx_simulcast_answer_split(live.url, &server, &key) == NGX_OK)
        {
            fuzz_assert(server.len && key.len);
            fuzz_assert(server.len + 1 + key.len == strlen(live.url));
        }
    }

    if (ngx_simulcast_answer_input(json, &input) == NGX_OK) {
        word(input.uid, 64);
        word(input.key, 512);
        word(input.host, sizeof(input.host) - 1);
        fuzz_assert(strchr(input.host, '@') == NULL);
        fuzz_assert(ngx_simulcast_answer_input_health(input.state)
                    <= NGX_SIMULCAST_HEALTH_ERROR);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char        *text, buf[NGX_SIMULCAST_MOMENT];
    json_t      *json;
    int64_t      moment;
    ngx_uint_t   platform, status;

    if (size == 0) {
        return 0;
    }

    platform = (data[0] >> 4) % NGX_SIMULCAST_NPLATFORMS;
    status = statuses[data[0] & 15];

    json = json_loadb((const char *) data + 1, size - 1,
                      JSON_ALLOW_NUL|JSON_DECODE_ANY, NULL);

    errors(json, platform, status);
    youtube(json);
    others(json);

    json_decref(json);

    /* times are foreign, too */

    text = malloc(size);

    if (text == NULL) {
        exit(2);
    }

    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';

    moment = ngx_simulcast_moment_parse(text);

    if (moment != NGX_ERROR) {
        fuzz_assert(ngx_simulcast_moment_print(moment, buf));
        fuzz_assert(ngx_simulcast_moment_parse(buf) == moment);
        fuzz_assert(ngx_simulcast_moment_pacific(moment) >= 1);
        fuzz_assert(ngx_simulcast_moment_pacific(moment) <= 90000);
    }

    free(text);

    return 0;
}
