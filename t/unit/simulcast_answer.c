
/*
 * Copyright (C) the ngx_live contributors
 *
 * Answers of the platforms: what their errors mean, what is taken out of them,
 * and what of a hostile one is not.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_answer.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_form.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_moment.c */
/* libs: -ljansson */


#include "tap.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_health.h"


#define YOUTUBE     NGX_SIMULCAST_YOUTUBE
#define TWITCH      NGX_SIMULCAST_TWITCH
#define FACEBOOK    NGX_SIMULCAST_FACEBOOK
#define CLOUDFLARE  NGX_SIMULCAST_CLOUDFLARE

/* 2026-01-15T07:00:00Z: an hour before midnight in California */
#define NOW         1768460400

#define REASON(r)   "{'error':{'code':403,'message':'M','errors':"            \
                    "[{'domain':'d','reason':'" r "','message':'M'}]}}"
#define GRAPH(c)    "{'error':{'message':'M','type':'OAuthException',"        \
                    "'code':" c "}}"


typedef struct {
    ngx_uint_t   platform;
    ngx_uint_t   status;
    const char  *json;          /* with ' for " */
    ngx_uint_t   retry_after;   /* in the answer */
    ngx_int_t    rc;
    const char  *code;          /* NULL: none */
    ngx_uint_t   wait;          /* what the result says */
    const char  *about;
} failure_t;


static const failure_t  errors[] = {

    { YOUTUBE, 200, "{}", 0, NGX_OK, NULL, 0, "youtube: success" },
    { YOUTUBE, 204, "", 0, NGX_OK, NULL, 0, "youtube: no content" },
    { YOUTUBE, 401, REASON("authError"), 0, NGX_DECLINED, "token_revoked", 0,
      "youtube: 401" },
    { YOUTUBE, 423, "", 0, NGX_DECLINED, "token_revoked", 0,
      "youtube: locked" },
    { YOUTUBE, 403, REASON("redundantTransition"), 0, NGX_OK, NULL, 0,
      "youtube: it is there already" },
    { YOUTUBE, 403, REASON("errorStreamInactive"), 0, NGX_AGAIN,
      "stream_inactive", 2, "youtube: no stream yet" },
    { YOUTUBE, 403, REASON("invalidTransition"), 0, NGX_AGAIN,
      "stream_inactive", 2, "youtube: not from there" },
    { YOUTUBE, 403, REASON("liveStreamingNotEnabled"), 0, NGX_DECLINED,
      "live_not_enabled", 0, "youtube: not enabled" },
    { YOUTUBE, 403, REASON("insufficientLivePermissions"), 0, NGX_DECLINED,
      "permission_missing", 0, "youtube: not allowed" },
    { YOUTUBE, 403, REASON("livePermissionBlocked"), 0, NGX_DECLINED,
      "permission_missing", 0, "youtube: blocked" },
    { YOUTUBE, 403, REASON("quotaExceeded"), 5, NGX_AGAIN, "quota_exceeded",
      3600, "youtube: until midnight, Pacific time" },
    { YOUTUBE, 403, REASON("rateLimitExceeded"), 0, NGX_AGAIN, "rate_limited",
      60, "youtube: too fast" },
    { YOUTUBE, 403, REASON("userRequestsExceedRateLimit"), 7, NGX_AGAIN,
      "rate_limited", 7, "youtube: too fast, and for how long" },
    { YOUTUBE, 429, REASON("uploadRateLimitExceeded"), 0, NGX_AGAIN,
      "rate_limited", 60, "youtube: too many images" },
    { YOUTUBE, 404, REASON("liveBroadcastNotFound"), 0, NGX_ERROR,
      "broadcast_gone", 0, "youtube: gone" },
    { YOUTUBE, 400, REASON("invalidScheduledStartTime"), 0, NGX_ERROR,
      "setting_refused", 0, "youtube: start refused" },
    { YOUTUBE, 400, REASON("somethingNew"), 0, NGX_ERROR, "platform_refused",
      0, "youtube: an unknown reason" },
    { YOUTUBE, 500, REASON("backendError"), 0, NGX_AGAIN, "platform_failed",
      5, "youtube: backend" },
    { YOUTUBE, 502, "", 3, NGX_AGAIN, "platform_failed", 3,
      "youtube: not JSON" },
    { YOUTUBE, 411, "", 0, NGX_ERROR, "platform_refused", 0,
      "youtube: length required" },
    { YOUTUBE, 302, "", 0, NGX_AGAIN, "platform_answer", 0,
      "youtube: a redirect" },
    { YOUTUBE, 403, "{'error':'x'}", 0, NGX_DECLINED, "permission_missing", 0,
      "youtube: error of another type" },
    { YOUTUBE, 403, "{'error':{'errors':[7]}}", 0, NGX_DECLINED,
      "permission_missing", 0, "youtube: errors of another type" },
    { YOUTUBE, 403, "[]", 0, NGX_DECLINED, "permission_missing", 0,
      "youtube: an array" },

    { TWITCH, 204, "", 0, NGX_OK, NULL, 0, "twitch: no content" },
    { TWITCH, 401, "{'error':'Unauthorized','status':401,'message':'M'}", 0,
      NGX_DECLINED, "token_revoked", 0, "twitch: 401" },
    { TWITCH, 403, "{'status':403,'message':'enable 2FA'}", 0, NGX_DECLINED,
      "permission_missing", 0, "twitch: 403" },
    { TWITCH, 429, "{}", 0, NGX_AGAIN, "rate_limited", 60, "twitch: 429" },
    { TWITCH, 429, "{}", 12, NGX_AGAIN, "rate_limited", 12,
      "twitch: 429, and for how long" },
    { TWITCH, 400, "{'message':'tags'}", 0, NGX_ERROR, "platform_refused", 0,
      "twitch: 400" },
    { TWITCH, 503, "", 0, NGX_AGAIN, "platform_failed", 0, "twitch: 503" },

    { FACEBOOK, 200, "{'id':'1'}", 0, NGX_OK, NULL, 0, "facebook: success" },
    { FACEBOOK, 200, GRAPH("190"), 0, NGX_DECLINED, "token_revoked", 0,
      "facebook: an error in an answer of 200" },
    { FACEBOOK, 400, GRAPH("190"), 0, NGX_DECLINED, "token_revoked", 0,
      "facebook: login again" },
    { FACEBOOK, 400, GRAPH("190,'error_subcode':460"), 0, NGX_DECLINED,
      "token_revoked", 0, "facebook: password changed" },
    { FACEBOOK, 500, GRAPH("1"), 0, NGX_AGAIN, "platform_failed", 0,
      "facebook: transient" },
    { FACEBOOK, 500, GRAPH("2"), 0, NGX_AGAIN, "platform_failed", 0,
      "facebook: transient as well" },
    { FACEBOOK, 400, GRAPH("4"), 0, NGX_AGAIN, "rate_limited", 300,
      "facebook: throttled" },
    { FACEBOOK, 400, GRAPH("80001"), 9, NGX_AGAIN, "rate_limited", 9,
      "facebook: throttled, the page" },
    { FACEBOOK, 403, GRAPH("10"), 0, NGX_DECLINED, "permission_missing", 0,
      "facebook: permission" },
    { FACEBOOK, 403, GRAPH("200"), 0, NGX_DECLINED, "permission_missing", 0,
      "facebook: permission, from" },
    { FACEBOOK, 403, GRAPH("299"), 0, NGX_DECLINED, "permission_missing", 0,
      "facebook: permission, to" },
    { FACEBOOK, 403, GRAPH("200,'error_subcode':1363120"), 0, NGX_DECLINED,
      "live_not_enabled", 0, "facebook: too young" },
    { FACEBOOK, 403, GRAPH("200,'error_subcode':1363144"), 0, NGX_DECLINED,
      "live_not_enabled", 0, "facebook: too few followers" },
    { FACEBOOK, 400, GRAPH("368"), 0, NGX_DECLINED, "policy_blocked", 0,
      "facebook: policy" },
    { FACEBOOK, 400, GRAPH("100,'error_subcode':33"), 0, NGX_ERROR,
      "broadcast_gone", 0, "facebook: gone" },
    { FACEBOOK, 400, GRAPH("100"), 0, NGX_ERROR, "platform_refused", 0,
      "facebook: parameter" },
    { FACEBOOK, 400, GRAPH("'190'"), 0, NGX_DECLINED, "token_revoked", 0,
      "facebook: a number as text" },
    { FACEBOOK, 400, GRAPH("1e300"), 0, NGX_ERROR, "platform_refused", 0,
      "facebook: a number too large" },
    { FACEBOOK, 502, "", 0, NGX_AGAIN, "platform_failed", 0,
      "facebook: not JSON" },

    { CLOUDFLARE, 200, "{'success':true,'result':{}}", 0, NGX_OK, NULL, 0,
      "cloudflare: success" },
    { CLOUDFLARE, 200, "", 0, NGX_OK, NULL, 0,
      "cloudflare: success without a body" },
    { CLOUDFLARE, 200, "{}", 0, NGX_OK, NULL, 0,
      "cloudflare: success without a word" },
    { CLOUDFLARE, 200, "{'success':false,'errors':[{'code':1,'message':'M'}]}",
      0, NGX_ERROR, "platform_refused", 0, "cloudflare: no success" },
    { CLOUDFLARE, 403, "{'success':false,'errors':[{'code':10000}]}", 0,
      NGX_ERROR, "not_configured", 0, "cloudflare: token" },
    { CLOUDFLARE, 429, "", 0, NGX_AGAIN, "rate_limited", 300,
      "cloudflare: five minutes" },
    { CLOUDFLARE, 404, "{'success':false,'errors':[]}", 0, NGX_ERROR,
      "broadcast_gone", 0, "cloudflare: gone" },
    { CLOUDFLARE, 409, "{'success':false,'errors':[{'message':'live'}]}", 0,
      NGX_ERROR, "platform_refused", 0, "cloudflare: conflict" }
};


static const failure_t  grants[] = {
    { YOUTUBE, 200, "{'access_token':'x'}", 0, NGX_OK, NULL, 0,
      "google: a token" },
    { YOUTUBE, 400, "{'error':'invalid_grant'}", 0, NGX_DECLINED,
      "token_revoked", 0, "google: invalid grant" },
    { YOUTUBE, 401, "{'error':'invalid_client'}", 0, NGX_ERROR,
      "not_configured", 0, "google: invalid client" },
    { YOUTUBE, 400, "{'error':'redirect_uri_mismatch'}", 0, NGX_ERROR,
      "not_configured", 0, "google: redirect URI" },
    { YOUTUBE, 400, "{'error':'invalid_request'}", 0, NGX_ERROR,
      "platform_refused", 0, "google: request" },
    { YOUTUBE, 503, "", 4, NGX_AGAIN, "platform_failed", 4, "google: 503" },
    { TWITCH, 400, "{'status':400,'message':'Invalid refresh token'}", 0,
      NGX_DECLINED, "token_revoked", 0, "twitch: refresh token" },
    { TWITCH, 400, "{'status':400,'message':'Invalid authorization code'}", 0,
      NGX_DECLINED, "token_revoked", 0, "twitch: code" },
    { TWITCH, 403, "{'status':403,'message':'invalid client secret'}", 0,
      NGX_ERROR, "not_configured", 0, "twitch: secret" },
    { TWITCH, 401, "{'status':401,'message':'?'}", 0, NGX_DECLINED,
      "token_revoked", 0, "twitch: 401 without a known word" },
    { FACEBOOK, 400, GRAPH("190"), 0, NGX_DECLINED, "token_revoked", 0,
      "facebook: token" },
    { FACEBOOK, 400, GRAPH("100,'error_subcode':36009"), 0, NGX_DECLINED,
      "token_revoked", 0, "facebook: code" },
    { FACEBOOK, 400, GRAPH("101"), 0, NGX_ERROR, "not_configured", 0,
      "facebook: app" },
    { FACEBOOK, 400, "{'error':{'code':1,'message':'Error validating client "
      "secret.'}}", 0, NGX_ERROR, "not_configured", 0, "facebook: secret" },
    { FACEBOOK, 200, GRAPH("2"), 0, NGX_AGAIN, "platform_failed", 0,
      "facebook: an error in an answer of 200" },
    { FACEBOOK, 429, "", 0, NGX_AGAIN, "rate_limited", 60, "facebook: 429" }
};


/* JSON with ' for " */

static json_t *
parse(const char *text)
{
    char    *copy, *p;
    json_t  *json;

    copy = strdup(text);

    for (p = copy; *p; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    json = json_loads(copy, JSON_ALLOW_NUL, NULL);
    free(copy);

    return json;
}


static void
table(const failure_t *e, ngx_uint_t n, ngx_uint_t grant)
{
    json_t                           *json;
    ngx_uint_t                        pass;
    ngx_simulcast_platform_result_t   result;

    for (/* void */; n; n--, e++) {

        json = parse(e->json);
        memset(&result, 0xff, sizeof(result));

        if (grant) {
            ngx_simulcast_answer_grant(e->platform, e->status, json, NULL,
                                       e->retry_after, &result);
        } else {
            ngx_simulcast_answer_result(e->platform, e->status, json, NULL,
                                        e->retry_after, NOW, &result);
        }

        pass = result.rc == e->rc
               && result.retry_after == e->wait
               && (e->code ? result.code && strcmp(result.code, e->code) == 0
                           : result.code == NULL)
               && (result.message[0] != '\0') == (e->rc != NGX_OK);

        if (!tap_ok(pass, e->about)) {
            printf("# %d %s %d: %s\n", (int) result.rc,
                   result.code ? result.code : "-", (int) result.retry_after,
                   result.message);
        }

        json_decref(json);
    }
}


static void
messages(void)
{
    char                              big[1024];
    ngx_str_t                         secret;
    ngx_simulcast_platform_result_t   result;

    ngx_simulcast_answer_result(TWITCH, 0, NULL, "dns_failed", 0, NOW, &result);
    tap_ok(result.rc == NGX_AGAIN
           && strcmp(result.code, "platform_unreachable") == 0
           && strstr(result.message, "dns_failed"), "no answer");

    ngx_simulcast_answer_grant(TWITCH, 0, NULL, NULL, 0, &result);
    tap_ok(result.rc == NGX_AGAIN
           && strcmp(result.code, "platform_unreachable") == 0,
           "no answer, and nobody knows why");

    ngx_simulcast_answer_set(&result, NGX_ERROR, "x",
        "token ya29.a0AfH6SMBx7-yz_0123456789 of userRequestsExceedRateLimit, "
        "at https://developers.google.com/live");
    tap_is_text(result.message, "token *** of userRequestsExceedRateLimit, "
                "at https://developers.google.com/live",
                "what looks like a token is not repeated");

    ngx_simulcast_answer_set(&result, NGX_ERROR, "x", "a\r\nb\tc\x1b[0m");
    tap_is_text(result.message, "a  b c [0m", "nor are control characters");

    memset(big, 'a', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    ngx_simulcast_answer_set(&result, NGX_ERROR, "x", big);
    tap_is(strlen(result.message), 255, "a message is cut");

    memcpy(big, "q1", 2);
    ngx_simulcast_answer_set(&result, NGX_ERROR, "x", big);
    tap_is_text(result.message, "***", "a token that is cut is one all the "
                "same");

    ngx_simulcast_answer_set(&result, NGX_ERROR, "x", "bad at-1/ and at-1/");
    secret.data = (u_char *) "at-1/";
    secret.len = 5;
    ngx_simulcast_answer_mask(&result, &secret);
    tap_is_text(result.message, "bad *** and ***", "a known secret");

    secret.len = 0;
    ngx_simulcast_answer_mask(&result, &secret);
    tap_is_text(result.message, "bad *** and ***", "no secret");
}


static void
pieces(void)
{
    char          line[512];
    json_t       *json, *issues;
    ngx_uint_t    i;

    json = parse("{'a':'word','b':'two words','c':'','d':7,'e':'\\u0000x',"
                 "'f':'x\\r\\nHost: y','g':'\\u00e4','n':'12','m':'12x',"
                 "'o':-1,'p':'-1','q':1.9,'r':1e300,'s':'99999999999999999999',"
                 "'t':null,'u':9223372036854775807}");

    tap_is_text(ngx_simulcast_answer_word(json, "a", 4), "word", "a word");
    tap_ok(!ngx_simulcast_answer_word(json, "a", 3), "too long");
    tap_ok(!ngx_simulcast_answer_word(json, "b", 99), "with a blank");
    tap_ok(!ngx_simulcast_answer_word(json, "c", 99), "empty");
    tap_ok(!ngx_simulcast_answer_word(json, "d", 99), "a number");
    tap_ok(!ngx_simulcast_answer_word(json, "e", 99), "with a NUL");
    tap_ok(!ngx_simulcast_answer_word(json, "f", 99), "with a line break");
    tap_ok(!ngx_simulcast_answer_word(json, "g", 99), "not ASCII");
    tap_ok(!ngx_simulcast_answer_word(json, "z", 99), "absent");
    tap_ok(!ngx_simulcast_answer_word(NULL, "z", 99), "of nothing");

    tap_is(ngx_simulcast_answer_number(json, "d"), 7, "a number is one");
    tap_is(ngx_simulcast_answer_number(json, "n"), 12, "as text, too");
    tap_is(ngx_simulcast_answer_number(json, "m"), NGX_ERROR, "not quite");
    tap_is(ngx_simulcast_answer_number(json, "p"), NGX_ERROR, "a sign");
    tap_is(ngx_simulcast_answer_number(json, "q"), 1, "a fraction");
    tap_is(ngx_simulcast_answer_number(json, "r"), NGX_ERROR, "too large");
    tap_is(ngx_simulcast_answer_number(json, "s"), NGX_ERROR, "too long a "
           "number");
    tap_is(ngx_simulcast_answer_number(json, "t"), NGX_ERROR, "null");
    tap_is(ngx_simulcast_answer_number(json, "u"), 9223372036854775807LL,
           "the largest");

    json_decref(json);

    json = parse("{'a':{'b':{'c':7}},'x':1}");
    tap_is(json_integer_value(ngx_simulcast_answer_at(json, "a.b.c")), 7,
           "a path");
    tap_ok(ngx_simulcast_answer_at(json, "a.c.b") == NULL, "that breaks");
    tap_ok(ngx_simulcast_answer_at(json, "x.b") == NULL, "into a number");
    tap_ok(ngx_simulcast_answer_at(NULL, "a") == NULL, "into nothing");
    json_decref(json);

    issues = json_array();

    ngx_simulcast_answer_issue(issues, "gopSizeLong", "the GOP is long");
    ngx_simulcast_answer_issue(issues, "gopSizeLong", "the GOP is long");
    tap_is(json_array_size(issues), 1, "the same issue counts once");
    tap_is_text(json_string_value(json_array_get(issues, 0)),
                "gopSizeLong: the GOP is long", "as a line");

    memset(line, 0xc3, sizeof(line));
    line[511] = '\0';

    for (i = 0; i + 1 < sizeof(line) - 1; i += 2) {
        line[i + 1] = (char) 0xa4;
    }

    ngx_simulcast_answer_issue(issues, "", line);
    tap_ok(json_array_size(issues) == 2
           && json_string_length(json_array_get(issues, 1)) < 160,
           "a long one is cut between characters");

    for (i = 0; i < 20; i++) {
        (void) snprintf(line, sizeof(line), "issue %u", (unsigned) i);
        ngx_simulcast_answer_issue(issues, "", line);
    }

    tap_is(json_array_size(issues), NGX_SIMULCAST_ANSWER_ISSUES,
           "and there are only so many");

    json_decref(issues);
}


static void
tokens(void)
{
    json_t                        *json, *scopes;
    ngx_simulcast_answer_token_t   token;

    json = parse("{'access_token':'ya29.x','expires_in':3599,'refresh_token':"
                 "'1//0x','scope':'a b','token_type':'Bearer'}");
    tap_ok(ngx_simulcast_answer_token(json, &token) == NGX_OK
           && strcmp(token.access, "ya29.x") == 0
           && strcmp(token.refresh, "1//0x") == 0
           && token.expires_in == 3599
           && strcmp(token.scope, "a b") == 0, "Google's token");
    json_decref(json);

    json = parse("{'access_token':'abc','expires_in':14000,'scope':['a','b',7,"
                 "'c d']}");
    tap_ok(ngx_simulcast_answer_token(json, &token) == NGX_OK
           && token.refresh == NULL && token.expires_in == 14000
           && strcmp(token.scope, "a b") == 0, "Twitch's token");
    json_decref(json);

    json = parse("{'access_token':'EAA','token_type':'bearer'}");
    tap_ok(ngx_simulcast_answer_token(json, &token) == NGX_OK
           && token.expires_in == 0 && token.scope[0] == '\0',
           "Facebook's token");
    json_decref(json);

    json = parse("{'access_token':'a\\r\\nX-Y: z','expires_in':1}");
    tap_is(ngx_simulcast_answer_token(json, &token), NGX_ERROR,
           "one that would end a header");
    json_decref(json);

    json = parse("{'access_token':'x','expires_in':1e18}");
    tap_ok(ngx_simulcast_answer_token(json, &token) == NGX_OK
           && token.expires_in == 0, "a life that is too long");
    json_decref(json);

    tap_is(ngx_simulcast_answer_token(NULL, &token), NGX_ERROR, "nothing");

    scopes = parse("['channel:read:stream_key','x']");
    tap_ok(ngx_simulcast_answer_scope(scopes, "x"), "a scope of an array");
    tap_ok(!ngx_simulcast_answer_scope(scopes, "channel:read"),
           "the beginning of one");
    json_decref(scopes);

    scopes = json_string("https://a/youtube https://a/youtube.readonly z");
    tap_ok(ngx_simulcast_answer_scope(scopes, "https://a/youtube"),
           "a scope of a text");
    tap_ok(ngx_simulcast_answer_scope(scopes, "z"), "its last");
    tap_ok(!ngx_simulcast_answer_scope(scopes, "https://a"), "none of it");
    json_decref(scopes);

    tap_ok(ngx_simulcast_answer_scope(NULL, "x"), "not said");
}


static void
youtube(void)
{
    json_t                            *json, *issues;
    ngx_uint_t                         ended;
    ngx_simulcast_answer_stream_t      stream;
    ngx_simulcast_answer_broadcast_t   broadcast;

    json = parse("{'items':[{'id':'B','snippet':{'title':'T \\u00e4'},'status':"
                 "{'lifeCycleStatus':'live','privacyStatus':'unlisted'},"
                 "'contentDetails':{'boundStreamId':'S'}}]}");
    tap_ok(ngx_simulcast_answer_broadcast(json, &broadcast) == NGX_OK
           && strcmp(broadcast.id, "B") == 0
           && strcmp(broadcast.lifecycle, "live") == 0
           && strcmp(broadcast.bound, "S") == 0
           && strcmp(broadcast.privacy, "unlisted") == 0, "a broadcast");
    json_decref(json);

    json = parse("{'items':[]}");
    tap_is(ngx_simulcast_answer_broadcast(json, &broadcast), NGX_DECLINED,
           "no broadcast");
    tap_is(ngx_simulcast_answer_stream(json, &stream), NGX_DECLINED,
           "no stream");
    json_decref(json);

    json = parse("{'items':{'id':'B'}}");
    tap_is(ngx_simulcast_answer_broadcast(json, &broadcast), NGX_ERROR,
           "items that are no list");
    json_decref(json);

    json = parse("{'id':'S','cdn':{'ingestionInfo':{'streamName':'KEY',"
                 "'ingestionAddress':'rtmp://a/live2','rtmpsIngestionAddress':"
                 "'rtmps://a:443/live2'}},'status':{'streamStatus':'ready'}}");
    tap_ok(ngx_simulcast_answer_stream(json, &stream) == NGX_OK
           && strcmp(stream.url, "rtmps://a:443/live2") == 0
           && strcmp(stream.key, "KEY") == 0
           && strcmp(stream.status, "ready") == 0
           && stream.health == NGX_SIMULCAST_HEALTH_UNKNOWN,
           "a stream that was created");
    json_decref(json);

    json = parse("{'items':[{'id':'S','status':{'streamStatus':'active',"
                 "'healthStatus':{'status':'bad','configurationIssues':["
                 "{'type':'gopSizeLong','severity':'warning','reason':'r',"
                 "'description':'Keyframes are too far apart.'},"
                 "{'type':'audioCodec','severity':'error','reason':'no AAC'},"
                 "{'type':'x','severity':'info','description':'y'},7]}}}]}");
    issues = json_array();
    tap_ok(ngx_simulcast_answer_stream(json, &stream) == NGX_OK
           && stream.url == NULL
           && strcmp(stream.status, "active") == 0
           && stream.health == NGX_SIMULCAST_HEALTH_DEGRADED,
           "a stream that is bad");
    ngx_simulcast_answer_stream_issues(json, issues);
    tap_is(json_array_size(issues), 2, "its issues");
    tap_is_text(json_string_value(json_array_get(issues, 0)),
                "gopSizeLong: Keyframes are too far apart.", "the first");
    json_decref(issues);
    json_decref(json);

    json = parse("{'items':[{'liveStreamingDetails':{'concurrentViewers':"
                 "'42'}}]}");
    tap_is(ngx_simulcast_answer_video(json, &ended), 42, "viewers are a text");
    tap_is(ended, 0, "and it goes on");
    json_decref(json);

    json = parse("{'items':[{'liveStreamingDetails':{'actualEndTime':'x'}}]}");
    tap_is(ngx_simulcast_answer_video(json, &ended), -1, "or are hidden");
    tap_is(ended, 1, "or it has ended");
    json_decref(json);

    tap_is_text(ngx_simulcast_answer_category("gaming"), "20",
                "a category by name");
    tap_is_text(ngx_simulcast_answer_category("10"), "10", "by number");
    tap_ok(ngx_simulcast_answer_category("99") == NULL, "by none");
}


static void
twitch(void)
{
    char                          buf[128], tiny[16];
    json_t                       *json;
    ngx_simulcast_answer_user_t   user;

    json = parse("{'data':[{'id':'123','login':'alice','display_name':"
                 "'Alice'}]}");
    tap_ok(ngx_simulcast_answer_user(json, &user) == NGX_OK
           && strcmp(user.id, "123") == 0 && strcmp(user.login, "alice") == 0
           && strcmp(user.name, "Alice") == 0, "a user");
    json_decref(json);

    json = parse("{'client_id':'c','login':'alice','user_id':'123',"
                 "'expires_in':1}");
    tap_ok(ngx_simulcast_answer_user(json, &user) == NGX_OK
           && strcmp(user.id, "123") == 0, "whose token is valid");
    json_decref(json);

    json = parse("{'data':[]}");
    tap_is(ngx_simulcast_answer_user(json, &user), NGX_ERROR, "nobody");
    tap_is(ngx_simulcast_answer_viewers(json), NGX_DECLINED, "offline");
    json_decref(json);

    json = parse("{'data':[{'viewer_count':78}]}");
    tap_is(ngx_simulcast_answer_viewers(json), 78, "online");
    json_decref(json);

    json = parse("{'data':7}");
    tap_is(ngx_simulcast_answer_viewers(json), NGX_ERROR, "neither");
    json_decref(json);

    json = parse("{'ingests':["
        "{'name':'Old (Depracated)','priority':0,'default':true,"
        "'url_template_secure':'rtmps://old/app/{stream_key}'},"
        "{'name':'A','priority':2,"
        "'url_template_secure':'rtmps://a/app/{stream_key}'},"
        "{'name':'B','priority':1,'url_template':'rtmp://b/app/{stream_key}',"
        "'url_template_secure':'rtmps://b/app/{stream_key}'},"
        "{'name':'C','priority':0,'availability':0.0,"
        "'url_template_secure':'rtmps://c/app/{stream_key}'},"
        "{'name':'D','priority':0,"
        "'url_template_secure':'https://d/{stream_key}'},{'name':'E','priority':0,'url_template_secure':'rtmps://e/app'},"
        "{'name':'F','priority':0,"
        "'url_template_secure':'rtmps://u@f/app/{stream_key}'},7]}");
    tap_ok(ngx_simulcast_answer_ingest(json, buf, sizeof(buf)) == NGX_OK
           && strcmp(buf, "rtmps://b/app") == 0, "the nearest that is of use");
    tap_is(ngx_simulcast_answer_ingest(json, tiny, 10), NGX_DECLINED,
           "none that fits");

    (void) json_object_set_new(json_array_get(json_object_get(json, "ingests"),
                                              1), "default", json_true());
    tap_ok(ngx_simulcast_answer_ingest(json, buf, sizeof(buf)) == NGX_OK
           && strcmp(buf, "rtmps://a/app") == 0, "or the default");
    json_decref(json);

    json = parse("{'ingests':[{'name':'A','url_template':"
                 "'rtmp://x.contribute.live-video.net/app/{stream_key}'}]}");
    tap_ok(ngx_simulcast_answer_ingest(json, buf, sizeof(buf)) == NGX_OK
           && strcmp(buf, "rtmps://x.contribute.live-video.net/app") == 0,
           "TLS where it is known to be");
    json_decref(json);

    json = parse("{'ingests':[{'name':'A','url_template':"
                 "'rtmp://live.twitch.tv/app/{stream_key}'}]}");
    tap_ok(ngx_simulcast_answer_ingest(json, buf, sizeof(buf)) == NGX_OK
           && strcmp(buf, "rtmp://live.twitch.tv/app") == 0,
           "and none where there is none");
    json_decref(json);

    tap_is(ngx_simulcast_answer_ingest(NULL, buf, sizeof(buf)), NGX_DECLINED,
           "no list");

    json = parse("{'data':[{'id':'1','name':'Chess Titans'},{'id':'2','name':"
                 "'Chess'}]}");
    tap_is_text(ngx_simulcast_answer_game(json, "chess", 1), "2",
                "a game by name");
    tap_ok(ngx_simulcast_answer_game(json, "ches", 1) == NULL, "exactly");
    tap_is_text(ngx_simulcast_answer_game(json, "ches", 0), "1", "or nearly");
    json_decref(json);
}


static void
facebook(void)
{
    json_t                        *json, *page;
    ngx_str_t                      server, key;
    ngx_simulcast_answer_live_t    live;

    json = parse("{'id':'77','secure_stream_url':'rtmps://rtmp-api.facebook.com"
                 ":443/rtmp/FB-1-0-a?s_bl=1&a=b/c','permalink_url':'/1/v/2/',"
                 "'embed_html':'<iframe>','video':{'id':'78'},'status':'LIVE',"
                 "'live_views':5,'seconds_left':100,'ingest_streams':{'data':["
                 "{'stream_health':{'video_bitrate':0}},{'stream_health':"
                 "{'video_bitrate':4000000.5,'video_framerate':30}}]}}");
    tap_ok(ngx_simulcast_answer_live(json, &live) == NGX_OK
           && strcmp(live.id, "77") == 0 && strcmp(live.status, "LIVE") == 0
           && strcmp(live.video, "78") == 0 && live.viewers == 5
           && live.seconds_left == 100 && live.bitrate > 4e6
           && live.fps == 30 && live.ingests == 2, "a live video");
    tap_ok(ngx_simulcast_answer_split(live.url, &server, &key) == NGX_OK
           && server.len == strlen("rtmps://rtmp-api.facebook.com:443/rtmp")
           && key.len == strlen("FB-1-0-a?s_bl=1&a=b/c"),
           "its key is whole");
    json_decref(json);

    json = parse("{'id':'77','ingest_streams':[{'stream_health':{"
                 "'video_bitrate':1}}],'live_views':-3}");
    tap_ok(ngx_simulcast_answer_live(json, &live) == NGX_OK
           && live.bitrate == 1 && live.viewers == -1
           && live.seconds_left == -1 && live.status[0] == '\0',
           "without an envelope");
    json_decref(json);

    tap_is(ngx_simulcast_answer_live(NULL, &live), NGX_ERROR, "nothing");

    tap_is(ngx_simulcast_answer_split("https://a/b/c", &server, &key),
           NGX_ERROR, "not RTMP");
    tap_is(ngx_simulcast_answer_split("rtmps://a/b", &server, &key), NGX_ERROR,
           "no key");
    tap_is(ngx_simulcast_answer_split("rtmps://a/b/", &server, &key),
           NGX_ERROR, "an empty key");
    tap_is(ngx_simulcast_answer_split("rtmps:///b/c", &server, &key),
           NGX_ERROR, "no host");
    tap_is(ngx_simulcast_answer_split("rtmps://a//c", &server, &key),
           NGX_ERROR, "no application");
    tap_is(ngx_simulcast_answer_split("rtmps://u:p@a/b/c", &server, &key),
           NGX_ERROR, "user information");

    json = parse("{'data':[{'id':'1','name':'One','tasks':['MODERATE']},{'id':"
                 "'2','tasks':['CREATE_CONTENT'],'access_token':'x'}],'paging':"
                 "{'cursors':{'after':'QVFI'},'next':'https://x'}}");
    page = ngx_simulcast_answer_page(json, "2");
    tap_ok(page && ngx_simulcast_answer_page_live(page), "a page");
    page = ngx_simulcast_answer_page(json, "1");
    tap_ok(page && !ngx_simulcast_answer_page_live(page), "without the task");
    tap_ok(ngx_simulcast_answer_page(json, "3") == NULL, "no page");
    tap_is_text(ngx_simulcast_answer_after(json), "QVFI", "there are more");
    (void) json_object_del(json_object_get(json, "paging"), "next");
    tap_ok(ngx_simulcast_answer_after(json) == NULL, "there are no more");
    json_decref(json);
}


static void
cloudflare(void)
{
    json_t                        *json;
    ngx_simulcast_answer_input_t   input;

    json = parse("{'result':{'uid':'abc','rtmps':{'url':'rtmps://live:443/live/"
                 "','streamKey':'K'},'webRTC':{'url':'https://customer-x."
                 "cloudflarestream.com/SECRET/webRTC/publish'},'status':"
                 "{'current':{'state':'connected','reason':'connected'}},"
                 "'recording':{'mode':'automatic'},'enabled':true,"
                 "'deleteRecordingAfterDays':30}}");
    tap_ok(ngx_simulcast_answer_input(json, &input) == NGX_OK
           && strcmp(input.uid, "abc") == 0 && strcmp(input.key, "K") == 0
           && strcmp(input.state, "connected") == 0 && input.error == NULL
           && strcmp(input.mode, "automatic") == 0
           && input.delete_after == 30 && input.enabled,
           "a live input, its state in an object");
    tap_is_text(input.host, "https://customer-x.cloudflarestream.com",
                "the customer's host, without the secret behind it");
    json_decref(json);

    json = parse("{'result':{'uid':'abc','status':'client_disconnect',"
                 "'enabled':false}}");
    tap_ok(ngx_simulcast_answer_input(json, &input) == NGX_OK
           && strcmp(input.state, "client_disconnect") == 0
           && !input.enabled && input.url == NULL && input.host[0] == '\0',
           "its state as a word");
    json_decref(json);

    json = parse("{'result':{'uid':'abc','status':null}}");
    tap_ok(ngx_simulcast_answer_input(json, &input) == NGX_OK
           && input.state == NULL && input.enabled, "no state yet");
    json_decref(json);

    json = parse("{'result':{'uid':'abc','status':{'current':{'state':"
                 "'disconnected','reason':'ERR_GOP_OUT_OF_RANGE'}}}}");
    tap_ok(ngx_simulcast_answer_input(json, &input) == NGX_OK
           && strcmp(input.error, "ERR_GOP_OUT_OF_RANGE") == 0,
           "an error as the reason");
    json_decref(json);

    json = parse("{'result':{'uid':'abc','webRTC':{'url':'http://evil/x'},"
                 "'webRTCPlayback':{'url':'https://u@evil/x'}}}");
    tap_ok(ngx_simulcast_answer_input(json, &input) == NGX_OK
           && input.host[0] == '\0', "hosts that are none");
    json_decref(json);

    tap_is(ngx_simulcast_answer_input(NULL, &input), NGX_ERROR, "nothing");

    tap_is(ngx_simulcast_answer_input_health("reconnected"),
           NGX_SIMULCAST_HEALTH_HEALTHY, "reconnected");
    tap_is(ngx_simulcast_answer_input_health("reconnecting"),
           NGX_SIMULCAST_HEALTH_DEGRADED, "reconnecting");
    tap_is(ngx_simulcast_answer_input_health("client_disconnect"),
           NGX_SIMULCAST_HEALTH_STALE_, "disconnected");
    tap_is(ngx_simulcast_answer_input_health("ttl_exceeded"),
           NGX_SIMULCAST_HEALTH_ERROR, "too long");
    tap_is(ngx_simulcast_answer_input_health("new"),
           NGX_SIMULCAST_HEALTH_UNKNOWN, "a word that is not known");
    tap_is(ngx_simulcast_answer_input_health(NULL),
           NGX_SIMULCAST_HEALTH_UNKNOWN, "no word");
}


static void
statuses(void)
{
    ngx_uint_t                        i;
    ngx_simulcast_platform_result_t   result;

    static const struct {
        ngx_int_t    rc;
        const char  *code;
        ngx_uint_t   want;
    } http[] = {
        { NGX_AGAIN, "store_unavailable", 503 },
        { NGX_ERROR, "not_configured", 501 },
        { NGX_AGAIN, "rate_limited", 429 },
        { NGX_ERROR, "destination_gone", 404 },
        { NGX_DECLINED, "token_revoked", 409 },
        { NGX_AGAIN, "platform_failed", 502 }
    };

    for (i = 0; i < sizeof(http) / sizeof(http[0]); i++) {
        ngx_simulcast_answer_set(&result, http[i].rc, http[i].code, "");
        tap_is(ngx_simulcast_answer_http(&result), http[i].want, http[i].code);
    }

    ngx_simulcast_answer_set(&result, NGX_OK, NULL, "");
    tap_is(ngx_simulcast_answer_http(&result), 200, "success");
}


int
main(void)
{
    table(errors, sizeof(errors) / sizeof(errors[0]), 0);
    table(grants, sizeof(grants) / sizeof(grants[0]), 1);

    messages();
    pieces();
    tokens();
    youtube();
    twitch();
    facebook();
    cloudflare();
    statuses();

    return tap_done();
}
