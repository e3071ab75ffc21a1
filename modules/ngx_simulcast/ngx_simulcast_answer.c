
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_form.h"
#include "ngx_simulcast_health.h"
#include "ngx_simulcast_moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


/* letters, digits, "_-." in a row, with a digit among them: maybe a token */
#define NGX_SIMULCAST_ANSWER_TOKEN  20

/* s; what is waited for when a platform only says "too many" */
#define NGX_SIMULCAST_ANSWER_PAUSE  60


/* what a word of a platform's error means */

typedef struct {
    const char  *reason;
    ngx_int_t    rc;
    const char  *code;
    const char  *message;           /* NULL: the platform's own */
    ngx_uint_t   retry_after;       /* s */
} ngx_simulcast_answer_error_t;


static ngx_uint_t ngx_simulcast_answer_unanswered(ngx_uint_t status,
    const char *error, ngx_uint_t retry_after,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_answer_status(ngx_uint_t status, const char *message,
    ngx_uint_t retry_after, ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_answer_youtube(ngx_uint_t status, json_t *json,
    ngx_uint_t retry_after, int64_t now,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_answer_facebook(ngx_uint_t status, json_t *json,
    ngx_uint_t retry_after, ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_answer_cloudflare(ngx_uint_t status, json_t *json,
    ngx_uint_t retry_after, ngx_simulcast_platform_result_t *result);
static ngx_uint_t ngx_simulcast_answer_printable(const char *s, size_t len);
static json_t *ngx_simulcast_answer_first(json_t *json, const char *name);
static const char *ngx_simulcast_answer_or(const char *s, const char *other);
static ngx_int_t ngx_simulcast_answer_template(json_t *ingest, char *buf,
    size_t size);


static const ngx_simulcast_answer_error_t  ngx_simulcast_answer_reasons[] = {

    { "liveStreamingNotEnabled", NGX_DECLINED, "live_not_enabled",
      "live streaming is not enabled for this channel: it is enabled on "
      "YouTube, and takes up to 24 hours", 0 },
    { "insufficientLivePermissions", NGX_DECLINED, "permission_missing",
      "the account is not allowed to stream live", 0 },
    { "livePermissionBlocked", NGX_DECLINED, "permission_missing",
      "YouTube has blocked live streaming for this channel", 0 },
    { "insufficientPermissions", NGX_DECLINED, "permission_missing",
      "the connection to YouTube lacks a permission: connect the account "
      "again", 0 },
    { "forbidden", NGX_DECLINED, "permission_missing", NULL, 0 },
    { "youtubeSignupRequired", NGX_DECLINED, "account_not_ready",
      "the account has no YouTube channel", 0 },

    { "rateLimitExceeded", NGX_AGAIN, "rate_limited", NULL,
      NGX_SIMULCAST_ANSWER_PAUSE },
    { "userRateLimitExceeded", NGX_AGAIN, "rate_limited", NULL,
      NGX_SIMULCAST_ANSWER_PAUSE },
    { "userRequestsExceedRateLimit", NGX_AGAIN, "rate_limited", NULL,
      NGX_SIMULCAST_ANSWER_PAUSE },
    { "uploadRateLimitExceeded", NGX_AGAIN, "rate_limited", NULL,
      NGX_SIMULCAST_ANSWER_PAUSE },
    { "userBroadcastsExceedLimit", NGX_DECLINED, "too_many_broadcasts", NULL,
      0 },

    { "errorStreamInactive", NGX_AGAIN, "stream_inactive",
      "YouTube does not see the stream yet", 2 },
    { "invalidTransition", NGX_AGAIN, "stream_inactive", NULL, 2 },
    { "errorExecutingTransition", NGX_AGAIN, "platform_failed", NULL, 5 },
    { "backendError", NGX_AGAIN, "platform_failed", NULL, 5 },
    { "internalError", NGX_AGAIN, "platform_failed", NULL, 5 },

    { "liveBroadcastNotFound", NGX_ERROR, "broadcast_gone",
      "the broadcast is gone", 0 },
    { "liveStreamNotFound", NGX_ERROR, "broadcast_gone",
      "the stream is gone", 0 },
    { "invalidScheduledStartTime", NGX_ERROR, "setting_refused",
      "YouTube does not take the scheduled start", 0 },

    { NULL, 0, NULL, NULL, 0 }
};


static const struct {
    const char  *id;
    const char  *name;
} ngx_simulcast_answer_categories[] = {
    { "1", "Film & Animation" },
    { "2", "Autos & Vehicles" },
    { "10", "Music" },
    { "15", "Pets & Animals" },
    { "17", "Sports" },
    { "19", "Travel & Events" },
    { "20", "Gaming" },
    { "22", "People & Blogs" },
    { "23", "Comedy" },
    { "24", "Entertainment" },
    { "25", "News & Politics" },
    { "26", "Howto & Style" },
    { "27", "Education" },
    { "28", "Science & Technology" },
    { "29", "Nonprofits & Activism" },
    { NULL, NULL }
};


void
ngx_simulcast_answer_set(ngx_simulcast_platform_result_t *result, ngx_int_t rc,
    const char *code, const char *message)
{
    char        *p, *start, *dst;
    ngx_uint_t   digits;

    result->rc = rc;
    result->code = code;
    result->retry_after = 0;

    (void) ngx_simulcast_form_cut(result->message, sizeof(result->message),
                                  message, sizeof(result->message), NULL);

    dst = result->message;

    for (p = result->message; *p; /* void */) {

        digits = 0;

        for (start = p;
             (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
             || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'
             || *p == '.';
             p++)
        {
            digits += (*p >= '0' && *p <= '9');
        }

        if (p == start) {
            *dst++ = *p++;
            continue;
        }

        if (digits && p - start >= NGX_SIMULCAST_ANSWER_TOKEN) {
            memcpy(dst, "***", 3);
            dst += 3;
            continue;
        }

        memmove(dst, start, p - start);
        dst += p - start;
    }

    *dst = '\0';
}


void
ngx_simulcast_answer_mask(ngx_simulcast_platform_result_t *result,
    ngx_str_t *secret)
{
    char    *p;
    size_t   rest;

    /* of less nobody could tell that it is a secret */

    if (secret->len < 4) {
        return;
    }

    p = result->message;

    while ((p = memmem(p, strlen(p), secret->data, secret->len)) != NULL) {
        rest = strlen(p + secret->len) + 1;

        memmove(p + 3, p + secret->len, rest);
        memcpy(p, "***", 3);

        p += 3;
    }
}


void
ngx_simulcast_answer_result(ngx_uint_t platform, ngx_uint_t status,
    json_t *json, const char *error, ngx_uint_t retry_after, int64_t now,
    ngx_simulcast_platform_result_t *result)
{
    const char  *message;

    if (ngx_simulcast_answer_unanswered(status, error, retry_after, result)) {
        return;
    }

    switch (platform) {

    case NGX_SIMULCAST_YOUTUBE:
        ngx_simulcast_answer_youtube(status, json, retry_after, now, result);
        return;

    case NGX_SIMULCAST_FACEBOOK:
        ngx_simulcast_answer_facebook(status, json, retry_after, result);
        return;

    case NGX_SIMULCAST_CLOUDFLARE:
        ngx_simulcast_answer_cloudflare(status, json, retry_after, result);
        return;

    default:
        message = ngx_simulcast_answer_text(json, "message");
        ngx_simulcast_answer_status(status, message, retry_after, result);
    }
}


void
ngx_simulcast_answer_grant(ngx_uint_t platform, ngx_uint_t status,
    json_t *json, const char *error, ngx_uint_t retry_after,
    ngx_simulcast_platform_result_t *result)
{
    json_t      *object;
    int64_t      number;
    const char  *word, *text;

    if (ngx_simulcast_answer_unanswered(status, error, retry_after, result)) {
        return;
    }

    object = json_object_get(json, "error");

    if (status >= 200 && status < 300 && object == NULL) {
        ngx_simulcast_answer_set(result, NGX_OK, NULL, "");
        return;
    }

    if (status == 429 || status >= 500) {
        ngx_simulcast_answer_status(status, NULL, retry_after, result);
        return;
    }

    word = ngx_simulcast_answer_or(json_string_value(object), "");
    text = ngx_simulcast_answer_or(ngx_simulcast_answer_text(json, "message"),
                                   "");

    if (strcmp(word, "invalid_grant") == 0
        || strcasecmp(text, "Invalid refresh token") == 0
        || strcasecmp(text, "Invalid authorization code") == 0)
    {
        ngx_simulcast_answer_set(result, NGX_DECLINED, "token_revoked",
                                 "the platform does not take the grant any "
                                 "more: connect the account again");
        return;
    }

    if (strcmp(word, "invalid_client") == 0
        || strcmp(word, "unauthorized_client") == 0
        || strcmp(word, "redirect_uri_mismatch") == 0
        || strcasecmp(text, "invalid client") == 0
        || strcasecmp(text, "invalid client secret") == 0
        || strcasecmp(text, "Invalid client credentials") == 0)
    {
        ngx_simulcast_answer_set(result, NGX_ERROR, "not_configured",
                                 "the platform does not know this client: its "
                                 "id, secret and redirect URI are to be "
                                 "checked");
        return;
    }

    if (platform == NGX_SIMULCAST_FACEBOOK && json_is_object(object)) {

        number = ngx_simulcast_answer_number(object, "code");

        if (number == 100 || number == 190) {
            ngx_simulcast_answer_set(result, NGX_DECLINED, "token_revoked",
                                     "Facebook does not take the grant: "
                                     "connect the account again");
            return;
        }

        text = ngx_simulcast_answer_text(object, "message");

        if (number == 101 || number == 191
            || (text && strcasestr(text, "client secret")))
        {
            ngx_simulcast_answer_set(result, NGX_ERROR, "not_configured",
                                     "Facebook does not know this app: its id "
                                     "and secret are to be checked");
            return;
        }

        if (number == 1 || number == 2 || number == 4) {
            ngx_simulcast_answer_set(result, NGX_AGAIN, "platform_failed",
                                     "Facebook could not answer");
            result->retry_after = retry_after;
            return;
        }
    }

    if (status == 401) {
        ngx_simulcast_answer_set(result, NGX_DECLINED, "token_revoked",
                                 "the platform does not take the grant any "
                                 "more: connect the account again");
        return;
    }

    ngx_simulcast_answer_set(result, NGX_ERROR, "platform_refused",
                             "the platform refused to give a token");
}


static ngx_uint_t
ngx_simulcast_answer_unanswered(ngx_uint_t status, const char *error,
    ngx_uint_t retry_after, ngx_simulcast_platform_result_t *result)
{
    char  text[128];

    if (status) {
        return 0;
    }

    (void) snprintf(text, sizeof(text), "the platform did not answer (%s)",
                    error ? error : "failed");

    ngx_simulcast_answer_set(result, NGX_AGAIN, "platform_unreachable", text);
    result->retry_after = retry_after;

    return 1;
}


/* what a status means where nothing better is known */

static void
ngx_simulcast_answer_status(ngx_uint_t status, const char *message,
    ngx_uint_t retry_after, ngx_simulcast_platform_result_t *result)
{
    char         text[64];
    ngx_int_t    rc;
    const char  *code;

    (void) snprintf(text, sizeof(text), "the platform answered %u",
                    (unsigned) status % 10000);

    if (message == NULL || *message == '\0') {
        message = text;
    }

    if (status >= 200 && status < 300) {
        ngx_simulcast_answer_set(result, NGX_OK, NULL, "");
        return;
    }

    if (status == 429) {
        rc = NGX_AGAIN;
        code = "rate_limited";

        if (retry_after == 0) {
            retry_after = NGX_SIMULCAST_ANSWER_PAUSE;
        }

    } else if (status >= 500 || status == 408) {
        rc = NGX_AGAIN;
        code = "platform_failed";

    } else if (status == 401) {
        rc = NGX_DECLINED;
        code = "token_revoked";

    } else if (status == 403) {
        rc = NGX_DECLINED;
        code = "permission_missing";

    } else if (status == 404) {
        rc = NGX_ERROR;
        code = "broadcast_gone";

    } else if (status >= 400) {
        rc = NGX_ERROR;
        code = "platform_refused";

    } else {
        rc = NGX_AGAIN;
        code = "platform_answer";
    }

    ngx_simulcast_answer_set(result, rc, code, message);
    result->retry_after = retry_after;
}


static void
ngx_simulcast_answer_youtube(ngx_uint_t status, json_t *json,
    ngx_uint_t retry_after, int64_t now,
    ngx_simulcast_platform_result_t *result)
{
    const char                          *reason, *message;
    const ngx_simulcast_answer_error_t  *e;

    message = json_string_value(ngx_simulcast_answer_at(json,
                                                        "error.message"));

    /* a locked resource is how an expired token may look */

    if (status == 423) {
        ngx_simulcast_answer_set(result, NGX_DECLINED, "token_revoked",
                                 "YouTube does not take the token");
        return;
    }

    if (status == 401 || status < 400) {
        ngx_simulcast_answer_status(status, message, retry_after, result);
        return;
    }

    reason = ngx_simulcast_answer_reason(json);

    /* it is where it was to go */

    if (strcmp(reason, "redundantTransition") == 0) {
        ngx_simulcast_answer_set(result, NGX_OK, NULL, "");
        return;
    }

    if (strcmp(reason, "quotaExceeded") == 0
        || strcmp(reason, "dailyLimitExceeded") == 0)
    {
        ngx_simulcast_answer_set(result, NGX_AGAIN, "quota_exceeded",
                                 "the day's quota of YouTube's API is used up; "
                                 "it is given anew at midnight, Pacific time");
        result->retry_after = ngx_simulcast_moment_pacific(now);
        return;
    }

    for (e = ngx_simulcast_answer_reasons; e->reason; e++) {

        if (strcmp(e->reason, reason) != 0) {
            continue;
        }

        ngx_simulcast_answer_set(result, e->rc, e->code,
                                 e->message ? e->message
                                 : ngx_simulcast_answer_or(message, reason));
        result->retry_after = retry_after ? retry_after : e->retry_after;
        return;
    }

    ngx_simulcast_answer_status(status, message, retry_after, result);
}


static void
ngx_simulcast_answer_facebook(ngx_uint_t status, json_t *json,
    ngx_uint_t retry_after, ngx_simulcast_platform_result_t *result)
{
    json_t      *error;
    int64_t      code, subcode;
    const char  *message;

    error = json_object_get(json, "error");

    if (!json_is_object(error)) {
        ngx_simulcast_answer_status(status, NULL, retry_after, result);
        return;
    }

    /* the Graph API puts it in answers of any status */

    code = ngx_simulcast_answer_number(error, "code");
    subcode = ngx_simulcast_answer_number(error, "error_subcode");
    message = ngx_simulcast_answer_text(error, "error_user_msg");

    if (message == NULL) {
        message = ngx_simulcast_answer_or(
                      ngx_simulcast_answer_text(error, "message"),
                      "Facebook refused this");
    }

    if (subcode == 1363120) {
        ngx_simulcast_answer_set(result, NGX_DECLINED, "live_not_enabled",
                                 "Facebook allows lives to accounts that are "
                                 "60 days old");
        return;
    }

    if (subcode == 1363144) {
        ngx_simulcast_answer_set(result, NGX_DECLINED, "live_not_enabled",
                                 "Facebook allows lives to pages and profiles "
                                 "with 100 followers");
        return;
    }

    if (subcode == 1969070) {
        ngx_simulcast_answer_set(result, NGX_DECLINED, "live_not_enabled",
                                 message);
        return;
    }

    switch (code) {

    case 1:
    case 2:
        ngx_simulcast_answer_set(result, NGX_AGAIN, "platform_failed", message);
        result->retry_after = retry_after;
        return;

    case 4:
    case 17:
    case 32:
    case 341:
    case 80001:
        ngx_simulcast_answer_set(result, NGX_AGAIN, "rate_limited", message);
        result->retry_after = retry_after ? retry_after
                                          : 5 * NGX_SIMULCAST_ANSWER_PAUSE;
        return;

    case 100:

        if (subcode == 33) {
            ngx_simulcast_answer_set(result, NGX_ERROR, "broadcast_gone",
                                     "the live video is gone");
            return;
        }

        break;

    case 190:
        ngx_simulcast_answer_set(result, NGX_DECLINED, "token_revoked",
                                 subcode == 460
                                 ? "the password was changed: connect the "
                                   "Facebook account again"
                                 : subcode == 458
                                 ? "the app was removed from the account: "
                                   "connect the Facebook account again"
                                 : "Facebook does not take the token any more: "
                                   "connect the account again");
        return;

    case 10:
        ngx_simulcast_answer_set(result, NGX_DECLINED, "permission_missing",
                                 message);
        return;

    case 368:
        ngx_simulcast_answer_set(result, NGX_DECLINED, "policy_blocked",
                                 message);
        return;

    default:
        break;
    }

    if (code >= 200 && code <= 299) {
        ngx_simulcast_answer_set(result, NGX_DECLINED, "permission_missing",
                                 message);
        return;
    }

    if (status < 400) {
        ngx_simulcast_answer_set(result, NGX_ERROR, "platform_refused",
                                 message);
        return;
    }

    ngx_simulcast_answer_status(status, message, retry_after, result);
}


static void
ngx_simulcast_answer_cloudflare(ngx_uint_t status, json_t *json,
    ngx_uint_t retry_after, ngx_simulcast_platform_result_t *result)
{
    const char  *message;

    message = ngx_simulcast_answer_text(ngx_simulcast_answer_first(json,
                                            "errors"), "message");

    if (status == 429 && retry_after == 0) {
        retry_after = 5 * NGX_SIMULCAST_ANSWER_PAUSE;
    }

    if (status == 401 || (status == 403)) {
        ngx_simulcast_answer_set(result, NGX_ERROR, "not_configured",
                                 "Cloudflare does not take the API token, or "
                                 "it may not edit Stream");
        return;
    }

    ngx_simulcast_answer_status(status, message, retry_after, result);

    /* a 2xx without "success" is one, with false it is none */

    if (result->rc == NGX_OK
        && json_is_false(json_object_get(json, "success")))
    {
        ngx_simulcast_answer_set(result, NGX_ERROR, "platform_refused",
                                 ngx_simulcast_answer_or(message,
                                     "Cloudflare refused this"));
    }
}


ngx_uint_t
ngx_simulcast_answer_http(ngx_simulcast_platform_result_t *result)
{
    ngx_uint_t  i;

    static const struct {
        const char  *code;
        ngx_uint_t   status;
    } codes[] = {
        { "store_unavailable", 503 },
        { "not_configured", 501 },
        { "rate_limited", 429 },
        { "quota_exceeded", 429 },
        { "destination_gone", 404 }
    };

    if (result->rc == NGX_OK) {
        return 200;
    }

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].code, result->code) == 0) {
            return codes[i].status;
        }
    }

    /* the account's owner is wanted, or the platform is to blame */

    return result->rc == NGX_DECLINED ? 409 : 502;
}


const char *
ngx_simulcast_answer_reason(json_t *json)
{
    json_t  *errors;

    errors = ngx_simulcast_answer_at(json, "error.errors");

    return ngx_simulcast_answer_or(
               ngx_simulcast_answer_text(json_array_get(errors, 0), "reason"),
               "");
}


static ngx_uint_t
ngx_simulcast_answer_printable(const char *s, size_t len)
{
    for (/* void */; len; len--, s++) {
        if (*s <= ' ' || *s > '~') {
            return 0;
        }
    }

    return 1;
}


const char *
ngx_simulcast_answer_word(json_t *object, const char *name, size_t max)
{
    size_t       len;
    json_t      *value;
    const char  *s;

    value = json_object_get(object, name);
    s = json_string_value(value);
    len = json_string_length(value);

    if (s == NULL || len == 0 || len > max
        || !ngx_simulcast_answer_printable(s, len))
    {
        return NULL;
    }

    return s;
}


const char *
ngx_simulcast_answer_text(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}


int64_t
ngx_simulcast_answer_number(json_t *object, const char *name)
{
    char        *end;
    json_t      *value;
    double       real;
    long long    number;
    const char  *s;

    value = json_object_get(object, name);

    if (json_is_integer(value)) {
        return json_integer_value(value);
    }

    if (json_is_real(value)) {
        real = json_real_value(value);

        return real > -1e15 && real < 1e15 ? (int64_t) real : NGX_ERROR;
    }

    s = json_string_value(value);

    if (s == NULL || *s < '0' || *s > '9' || strlen(s) > 15) {
        return NGX_ERROR;
    }

    number = strtoll(s, &end, 10);

    return *end == '\0' ? number : NGX_ERROR;
}


void
ngx_simulcast_answer_issue(json_t *issues, const char *title, const char *text)
{
    char                              line[NGX_SIMULCAST_ANSWER_ISSUE];
    size_t                            i;
    json_t                           *issue;
    ngx_simulcast_platform_result_t   masked;

    if (json_array_size(issues) >= NGX_SIMULCAST_ANSWER_ISSUES) {
        return;
    }

    ngx_simulcast_answer_set(&masked, NGX_OK, NULL, text);

    if (*title) {
        (void) snprintf(line, sizeof(line), "%.60s: %.90s", title,
                        masked.message);

    } else {
        (void) snprintf(line, sizeof(line), "%.150s", masked.message);
    }

    /* a character may have been cut in two */

    (void) ngx_simulcast_form_cut(masked.message, sizeof(line), line,
                                  sizeof(line), NULL);

    json_array_foreach(issues, i, issue) {
        if (json_is_string(issue)
            && strcmp(json_string_value(issue), masked.message) == 0)
        {
            return;
        }
    }

    (void) json_array_append_new(issues, json_string(masked.message));
}


json_t *
ngx_simulcast_answer_at(json_t *json, const char *path)
{
    char         name[64];
    size_t       len;
    const char  *dot;

    for ( ;; ) {
        dot = strchr(path, '.');
        len = dot ? (size_t) (dot - path) : strlen(path);

        if (len >= sizeof(name)) {
            return NULL;
        }

        memcpy(name, path, len);
        name[len] = '\0';

        json = json_object_get(json, name);

        if (json == NULL || dot == NULL) {
            return json;
        }

        path = dot + 1;
    }
}


static json_t *
ngx_simulcast_answer_first(json_t *json, const char *name)
{
    return json_array_get(json_object_get(json, name), 0);
}


static const char *
ngx_simulcast_answer_or(const char *s, const char *other)
{
    return s ? s : other;
}


ngx_int_t
ngx_simulcast_answer_token(json_t *json, ngx_simulcast_answer_token_t *out)
{
    size_t       i, len, n;
    json_t      *scope, *item;
    const char  *s;

    memset(out, 0, sizeof(ngx_simulcast_answer_token_t));

    out->access = ngx_simulcast_answer_word(json, "access_token",
                                            NGX_SIMULCAST_ANSWER_WORD);
    out->refresh = ngx_simulcast_answer_word(json, "refresh_token",
                                             NGX_SIMULCAST_ANSWER_WORD);

    out->expires_in = ngx_simulcast_answer_number(json, "expires_in");

    if (out->expires_in < 0 || out->expires_in > 10 * 365 * 86400) {
        out->expires_in = 0;
    }

    /* one string at Google, an array at Twitch */

    scope = json_object_get(json, "scope");

    if (json_is_string(scope)) {
        (void) ngx_simulcast_form_cut(out->scope, sizeof(out->scope),
                                      json_string_value(scope),
                                      sizeof(out->scope), NULL);
    }

    n = 0;

    json_array_foreach(scope, i, item) {

        s = json_string_value(item);
        len = json_string_length(item);

        if (s == NULL || len == 0 || !ngx_simulcast_answer_printable(s, len)
            || len + 2 > sizeof(out->scope) - n)
        {
            continue;
        }

        if (n) {
            out->scope[n++] = ' ';
        }

        memcpy(out->scope + n, s, len);
        n += len;
        out->scope[n] = '\0';
    }

    return out->access ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_simulcast_answer_broadcast(json_t *json,
    ngx_simulcast_answer_broadcast_t *out)
{
    json_t  *items;

    memset(out, 0, sizeof(ngx_simulcast_answer_broadcast_t));

    items = json_object_get(json, "items");

    if (items) {
        if (!json_is_array(items)) {
            return NGX_ERROR;
        }

        if (json_array_size(items) == 0) {
            return NGX_DECLINED;
        }

        json = json_array_get(items, 0);
    }

    out->id = ngx_simulcast_answer_word(json, "id", 128);
    out->lifecycle = ngx_simulcast_answer_or(
                         ngx_simulcast_answer_word(
                             json_object_get(json, "status"),
                             "lifeCycleStatus", 64), "");
    out->privacy = ngx_simulcast_answer_word(json_object_get(json, "status"),
                                             "privacyStatus", 64);
    out->bound = ngx_simulcast_answer_word(
                     json_object_get(json, "contentDetails"), "boundStreamId",
                     128);
    out->title = ngx_simulcast_answer_text(json_object_get(json, "snippet"),
                                           "title");
    out->start = ngx_simulcast_answer_word(json_object_get(json, "snippet"),
                                           "scheduledStartTime", 64);

    return out->id ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_simulcast_answer_stream(json_t *json, ngx_simulcast_answer_stream_t *out)
{
    json_t      *items, *info, *status;
    const char  *health;

    memset(out, 0, sizeof(ngx_simulcast_answer_stream_t));

    items = json_object_get(json, "items");

    if (items) {
        if (!json_is_array(items)) {
            return NGX_ERROR;
        }

        if (json_array_size(items) == 0) {
            return NGX_DECLINED;
        }

        json = json_array_get(items, 0);
    }

    info = ngx_simulcast_answer_at(json, "cdn.ingestionInfo");
    status = json_object_get(json, "status");

    out->id = ngx_simulcast_answer_word(json, "id", 128);
    out->url = ngx_simulcast_answer_word(info, "rtmpsIngestionAddress", 512);

    if (out->url == NULL) {
        out->url = ngx_simulcast_answer_word(info, "ingestionAddress", 512);
    }

    out->key = ngx_simulcast_answer_word(info, "streamName", 512);
    out->status = ngx_simulcast_answer_or(
                      ngx_simulcast_answer_word(status, "streamStatus", 64),
                      "");

    health = ngx_simulcast_answer_or(
                 ngx_simulcast_answer_word(
                     json_object_get(status, "healthStatus"), "status", 64),
                 "");

    if (strcmp(health, "good") == 0 || strcmp(health, "ok") == 0) {
        out->health = NGX_SIMULCAST_HEALTH_HEALTHY;

    } else if (strcmp(health, "bad") == 0) {
        out->health = NGX_SIMULCAST_HEALTH_DEGRADED;

    } else if (strcmp(health, "noData") == 0) {
        out->health = NGX_SIMULCAST_HEALTH_STALE_;

    } else if (strcmp(health, "revoked") == 0) {
        out->health = NGX_SIMULCAST_HEALTH_ERROR;

    } else {
        out->health = NGX_SIMULCAST_HEALTH_UNKNOWN;
    }

    return out->id ? NGX_OK : NGX_ERROR;
}


void
ngx_simulcast_answer_stream_issues(json_t *json, json_t *issues)
{
    size_t       i;
    json_t      *list, *issue;
    const char  *severity, *text;

    if (json_object_get(json, "items")) {
        json = ngx_simulcast_answer_first(json, "items");
    }

    list = ngx_simulcast_answer_at(json,
                               "status.healthStatus.configurationIssues");

    json_array_foreach(list, i, issue) {

        severity = ngx_simulcast_answer_text(issue, "severity");

        if (severity == NULL || strcmp(severity, "info") == 0) {
            continue;
        }

        text = ngx_simulcast_answer_text(issue, "description");

        if (text == NULL) {
            text = ngx_simulcast_answer_text(issue, "reason");
        }

        ngx_simulcast_answer_issue(issues,
            ngx_simulcast_answer_or(ngx_simulcast_answer_word(issue, "type",
                                                              60), ""),
            ngx_simulcast_answer_or(text, severity));
    }
}


int64_t
ngx_simulcast_answer_video(json_t *json, ngx_uint_t *ended)
{
    json_t   *details;
    int64_t   viewers;

    details = json_object_get(ngx_simulcast_answer_first(json, "items"),
                              "liveStreamingDetails");

    *ended = ngx_simulcast_answer_text(details, "actualEndTime") != NULL;

    viewers = ngx_simulcast_answer_number(details, "concurrentViewers");

    return viewers >= 0 ? viewers : -1;
}


const char *
ngx_simulcast_answer_category(const char *name)
{
    ngx_uint_t  i;

    for (i = 0; ngx_simulcast_answer_categories[i].id; i++) {

        if (strcmp(ngx_simulcast_answer_categories[i].id, name) == 0
            || strcasecmp(ngx_simulcast_answer_categories[i].name, name) == 0)
        {
            return ngx_simulcast_answer_categories[i].id;
        }
    }

    return NULL;
}


ngx_int_t
ngx_simulcast_answer_user(json_t *json, ngx_simulcast_answer_user_t *out)
{
    json_t  *user;

    memset(out, 0, sizeof(ngx_simulcast_answer_user_t));

    user = ngx_simulcast_answer_first(json, "data");

    if (user) {
        out->id = ngx_simulcast_answer_word(user, "id", 64);
        out->login = ngx_simulcast_answer_word(user, "login", 64);
        out->name = ngx_simulcast_answer_text(user, "display_name");

    } else {
        out->id = ngx_simulcast_answer_word(json, "user_id", 64);
        out->login = ngx_simulcast_answer_word(json, "login", 64);
    }

    return out->id ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_simulcast_answer_scope(json_t *scopes, const char *scope)
{
    size_t       i, len;
    json_t      *item;
    const char  *s;

    if (scopes == NULL) {
        return 1;
    }

    json_array_foreach(scopes, i, item) {
        s = json_string_value(item);

        if (s && strcmp(s, scope) == 0) {
            return 1;
        }
    }

    s = json_string_value(scopes);
    len = strlen(scope);

    while (s && *s) {
        if (strncmp(s, scope, len) == 0 && (s[len] == ' ' || s[len] == '\0')) {
            return 1;
        }

        s = strchr(s, ' ');
        s = s ? s + 1 : NULL;
    }

    return 0;
}


ngx_int_t
ngx_simulcast_answer_ingest(json_t *json, char *buf, size_t size)
{
    size_t       i;
    double       availability;
    json_t      *list, *ingest, *best;
    int64_t      priority, lowest;
    const char  *name;

    list = json_object_get(json, "ingests");
    best = NULL;
    lowest = 0;

    json_array_foreach(list, i, ingest) {

        name = ngx_simulcast_answer_or(ngx_simulcast_answer_text(ingest,
                                                                 "name"), "");

        if (strcasestr(name, "deprecated") || strcasestr(name, "depracated")
            || ngx_simulcast_answer_template(ingest, buf, size) != NGX_OK)
        {
            continue;
        }

        availability = 1;

        if (json_is_number(json_object_get(ingest, "availability"))) {
            availability = json_number_value(json_object_get(ingest,
                                                             "availability"));
        }

        /* lower is nearer; not all entries have one */

        priority = ngx_simulcast_answer_number(ingest, "priority");

        if (priority < 0 || priority > 1000000) {
            priority = 1000000;
        }

        if (json_is_true(json_object_get(ingest, "default"))) {
            priority = -1;
        }

        if (availability <= 0) {
            priority += 2000000;
        }

        if (best == NULL || priority < lowest) {
            best = ingest;
            lowest = priority;
        }
    }

    if (best == NULL) {
        return NGX_DECLINED;
    }

    return ngx_simulcast_answer_template(best, buf, size);
}


static ngx_int_t
ngx_simulcast_answer_template(json_t *ingest, char *buf, size_t size)
{
    size_t       len;
    const char  *url, *tail;

    url = ngx_simulcast_answer_word(ingest, "url_template_secure", 512);

    if (url == NULL) {
        url = ngx_simulcast_answer_word(ingest, "url_template", 512);
    }

    if (url == NULL
        || (strncmp(url, "rtmps://", 8) != 0
            && strncmp(url, "rtmp://", 7) != 0))
    {
        return NGX_DECLINED;
    }

    tail = strstr(url, "/{stream_key}");

    if (tail == NULL) {
        return NGX_DECLINED;
    }

    len = tail - url;

    if (memchr(url, '{', len) || memchr(url, '@', len)) {
        return NGX_DECLINED;
    }

    /* the hosts of live-video.net take TLS on port 443 */

    if (strncmp(url, "rtmp://", 7) == 0
        && memmem(url, len, ".contribute.live-video.net/",
                  sizeof(".contribute.live-video.net/") - 1))
    {
        if (len + 2 > size) {
            return NGX_DECLINED;
        }

        memcpy(buf, "rtmps", 5);
        memcpy(buf + 5, url + 4, len - 4);
        buf[len + 1] = '\0';

        return NGX_OK;
    }

    if (len + 1 > size) {
        return NGX_DECLINED;
    }

    memcpy(buf, url, len);
    buf[len] = '\0';

    return NGX_OK;
}


int64_t
ngx_simulcast_answer_viewers(json_t *json)
{
    json_t   *data;
    int64_t   viewers;

    data = json_object_get(json, "data");

    if (!json_is_array(data)) {
        return NGX_ERROR;
    }

    if (json_array_size(data) == 0) {
        return NGX_DECLINED;
    }

    viewers = ngx_simulcast_answer_number(json_array_get(data, 0),
                                          "viewer_count");

    return viewers >= 0 ? viewers : NGX_ERROR;
}


const char *
ngx_simulcast_answer_game(json_t *json, const char *name, ngx_uint_t exact)
{
    size_t       i;
    json_t      *data, *game;
    const char  *s;

    data = json_object_get(json, "data");

    json_array_foreach(data, i, game) {
        s = ngx_simulcast_answer_text(game, "name");

        if (s && strcasecmp(s, name) == 0) {
            return ngx_simulcast_answer_word(game, "id", 64);
        }
    }

    return exact ? NULL
                 : ngx_simulcast_answer_word(json_array_get(data, 0), "id", 64);
}


ngx_int_t
ngx_simulcast_answer_live(json_t *json, ngx_simulcast_answer_live_t *out)
{
    size_t   i;
    json_t  *list, *ingest, *health;

    memset(out, 0, sizeof(ngx_simulcast_answer_live_t));

    out->id = ngx_simulcast_answer_word(json, "id", 128);
    out->url = ngx_simulcast_answer_word(json, "secure_stream_url", 1024);
    out->status = ngx_simulcast_answer_or(
                      ngx_simulcast_answer_word(json, "status", 64), "");
    out->permalink = ngx_simulcast_answer_word(json, "permalink_url", 512);
    out->embed = ngx_simulcast_answer_text(json, "embed_html");
    out->video = ngx_simulcast_answer_word(json_object_get(json, "video"),
                                           "id", 128);

    out->viewers = ngx_simulcast_answer_number(json, "live_views");
    out->seconds_left = ngx_simulcast_answer_number(json, "seconds_left");

    if (out->viewers < 0) {
        out->viewers = -1;
    }

    if (out->seconds_left < 0) {
        out->seconds_left = -1;
    }

    /* an edge of the graph comes with or without its envelope */

    list = json_object_get(json, "ingest_streams");

    if (json_is_object(list)) {
        list = json_object_get(list, "data");
    }

    out->ingests = json_array_size(list);

    json_array_foreach(list, i, ingest) {

        health = json_object_get(ingest, "stream_health");

        if (json_number_value(json_object_get(health, "video_bitrate"))
            > out->bitrate)
        {
            out->bitrate = json_number_value(json_object_get(health,
                                                             "video_bitrate"));
            out->fps = json_number_value(json_object_get(health,
                                                         "video_framerate"));
        }
    }

    return out->id ? NGX_OK : NGX_ERROR;
}


json_t *
ngx_simulcast_answer_page(json_t *json, const char *id)
{
    size_t       i;
    json_t      *data, *page;
    const char  *s;

    data = json_object_get(json, "data");

    json_array_foreach(data, i, page) {
        s = ngx_simulcast_answer_word(page, "id", 64);

        if (s && strcmp(s, id) == 0) {
            return page;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_simulcast_answer_page_live(json_t *page)
{
    return ngx_simulcast_answer_scope(json_object_get(page, "tasks"),
                                      "CREATE_CONTENT");
}


const char *
ngx_simulcast_answer_after(json_t *json)
{
    json_t  *paging;

    paging = json_object_get(json, "paging");

    /* the last part has a cursor as well, but nothing behind it */

    if (json_object_get(paging, "next") == NULL) {
        return NULL;
    }

    return ngx_simulcast_answer_word(json_object_get(paging, "cursors"),
                                     "after", 512);
}


ngx_int_t
ngx_simulcast_answer_split(const char *url, ngx_str_t *server, ngx_str_t *key)
{
    const char  *host, *app, *name;

    if (strncmp(url, "rtmps://", 8) == 0) {
        host = url + 8;

    } else if (strncmp(url, "rtmp://", 7) == 0) {
        host = url + 7;

    } else {
        return NGX_ERROR;
    }

    app = strchr(host, '/');

    if (app == NULL || app == host || memchr(host, '@', app - host)) {
        return NGX_ERROR;
    }

    name = strchr(app + 1, '/');

    if (name == NULL || name == app + 1 || name[1] == '\0') {
        return NGX_ERROR;
    }

    server->data = (u_char *) url;
    server->len = name - url;

    key->data = (u_char *) name + 1;
    key->len = strlen(name + 1);

    return NGX_OK;
}


ngx_int_t
ngx_simulcast_answer_input(json_t *json, ngx_simulcast_answer_input_t *out)
{
    size_t       i, len;
    json_t      *result, *rtmps, *status, *recording, *low;
    const char  *s, *end;

    static const char  *places[] = {
        "webRTCPlayback", "webRTC", "rtmpsPlayback"
    };

    memset(out, 0, sizeof(ngx_simulcast_answer_input_t));

    result = json_object_get(json, "result");
    rtmps = json_object_get(result, "rtmps");
    recording = json_object_get(result, "recording");

    out->uid = ngx_simulcast_answer_word(result, "uid", 64);
    out->url = ngx_simulcast_answer_word(rtmps, "url", 512);
    out->key = ngx_simulcast_answer_word(rtmps, "streamKey", 512);
    out->mode = ngx_simulcast_answer_word(recording, "mode", 32);
    out->enabled = !json_is_false(json_object_get(result, "enabled"));

    low = json_object_get(result, "preferLowLatency");
    out->low_latency = json_is_boolean(low) ? json_is_true(low) : -1;

    out->delete_after = ngx_simulcast_answer_number(result,
                                                   "deleteRecordingAfterDays");
    if (out->delete_after < 0) {
        out->delete_after = 0;
    }

    /* a word by itself, or an object with the word in "current" */

    status = json_object_get(result, "status");
    out->state = ngx_simulcast_answer_word(result, "status", 64);

    if (out->state == NULL) {
        status = json_object_get(status, "current");
        out->state = ngx_simulcast_answer_word(status, "state", 64);
        out->error = ngx_simulcast_answer_word(status, "errorCode", 64);

        /* the reason of a connection may be that it is connected */

        if (out->error == NULL) {
            out->error = ngx_simulcast_answer_word(status, "reason", 64);

            if (out->error && strncmp(out->error, "ERR_", 4) != 0) {
                out->error = NULL;
            }
        }
    }

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {

        s = ngx_simulcast_answer_word(json_object_get(result, places[i]),
                                      "url", 1024);

        if (s == NULL || strncmp(s, "https://", 8) != 0) {
            continue;
        }

        end = strchr(s + 8, '/');
        len = end ? (size_t) (end - s) : strlen(s);

        if (len < sizeof(out->host) && len > 8
            && memchr(s + 8, '@', len - 8) == NULL)
        {
            memcpy(out->host, s, len);
            out->host[len] = '\0';
            break;
        }
    }

    return out->uid ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_simulcast_answer_input_health(const char *state)
{
    if (state == NULL) {
        return NGX_SIMULCAST_HEALTH_UNKNOWN;
    }

    if (strcmp(state, "connected") == 0 || strcmp(state, "reconnected") == 0
        || strcmp(state, "new_configuration_accepted") == 0)
    {
        return NGX_SIMULCAST_HEALTH_HEALTHY;
    }

    if (strcmp(state, "reconnecting") == 0) {
        return NGX_SIMULCAST_HEALTH_DEGRADED;
    }

    if (strcmp(state, "disconnected") == 0
        || strcmp(state, "client_disconnect") == 0)
    {
        return NGX_SIMULCAST_HEALTH_STALE_;
    }

    if (strcmp(state, "ttl_exceeded") == 0
        || strcmp(state, "failed_to_connect") == 0
        || strcmp(state, "failed_to_reconnect") == 0
        || strcmp(state, "error") == 0)
    {
        return NGX_SIMULCAST_HEALTH_ERROR;
    }

    return NGX_SIMULCAST_HEALTH_UNKNOWN;
}
