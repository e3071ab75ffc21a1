
/*
 * Copyright (C) the ngx_live contributors
 *
 * Bodies of the API, field by field: what becomes of them, or the first field
 * that is wrong.
 */

/* sources: modules/common/ngx_live_body.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_input.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_moment.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_route.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_setting.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_settings.c */
/* sources: modules/ngx_simulcast/ngx_simulcast_url.c */
/* libs: -ljansson */


#include "tap.h"
#include "simulcast_names.h"
#include "ngx_simulcast_input.h"
#include "ngx_simulcast_settings.h"


#define TEN     "abcdefghij"
#define K50     TEN TEN TEN TEN TEN
#define K100    K50 K50
#define K250    K100 K100 K50
#define K1000   K250 K250 K250 K250

#define SECRET  "s3cret-key"

/* a custom destination and one of YouTube, but for a piece in the middle */

#define CUSTOM(more)                                                          \
    "{\"stream_id\":\"alice\",\"platform\":\"rtmp_custom\",\"name\":\"N\""    \
    more "}"
#define URL(url, more)                                                        \
    CUSTOM(",\"rtmp_url\":\"" url "\"" more)
#define PUSH(more)                                                            \
    URL("rtmp://example.org/live", ",\"stream_key\":\"" SECRET "\"" more)
#define OF(platform, more)                                                    \
    "{\"stream_id\":\"alice\",\"platform\":\"" platform "\",\"name\":\"N\""   \
    more "}"
#define SET(platform, settings)                                               \
    OF(platform, ",\"settings\":{" settings "}")
#define TUBE(settings)  SET("youtube", settings)


typedef struct {
    const char  *body;
    const char  *want;      /* settings (of SET), a field, or as described */
} row_t;


/* what can be said of the body before its fields are looked at */

static const row_t  bodies[] = {
    { "{}", "ok" },
    { " \t\r\n{} \n", "ok" },
    { "{\"a\":[{\"b\":[[[[{}]]]]}]}", "ok" },
    { "", "(body)" },
    { "{", "(body)" },
    { "{}x", "(body)" },
    { "{}{}", "(body)" },
    { "{},", "(body)" },
    { "[]", "(body)" },
    { "null", "(body)" },
    { "\"a\"", "(body)" },
    { "17", "(body)" },
    { "{'a':1}", "(body)" },
    { "{\"a\":1,}", "(body)" },
    { "{\"a\":01}", "(body)" },
    { "{\"a\":NaN}", "(body)" },
    { "{\"a\":1e999}", "(body)" },
    { "{\"a\":9223372036854775808}", "(body)" },
    { "{\"a\":1,\"a\":2}", "(body)" },
    { "{\"s\":{\"a\":1,\"a\":2}}", "(body)" },
    { "{\"a\":1,\"\\u0061\":2}", "(body)" },
    { "\xef\xbb\xbf{}", "(body)" },
    { "{\"a\":[[[[[[[[[[]]]]]]]]]]}", "(body)" },
    { "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}",
      "(body)" },
    { "{\"a\":\"[[[[[[[[[[[[{{{{\\\"[[[[\"}", "ok" },
    { "{\"a\":\"\\u0000\"}", "(body)" },
    { "{\"a\":\"\x01\"}", "(body)" },
    { "{\"a\":\"\xff\"}", "(body)" },
    { "{\"a\":\"\xc0\x80\"}", "(body)" },
    { "{\"a\":\"\xed\xa0\x80\"}", "(body)" },
    { "{\"a\":\"\\ud800\"}", "(body)" },
    { "{\"a\":\"\\u00e9 \xf0\x9f\x96\xa5\"}", "ok" },
    { "{\"a\":\"\\u001b\"}", "a" },
    { "{\"a\":\"\\n\"}", "a" },
    { "{\"a\":\"\x7f\"}", "a" },
    { "{\"a\":\"\xc2\x85\"}", "a" },
    { "{\"a\":\"\xc2\xa0\"}", "ok" },
    { "{\"a\":[1,[\"\\u0007\"]]}", "a" },
    { "{\"b\":1,\"a\":{\"c\":\"\\u0007\"}}", "a" },
    { "{\"\\u0007\":1}", "(body)" },
    { "{\"a\":{\"\\u0007\":1}}", "a" },
    { "{\"settings\":{\"title\":\"\\n\"}}", "settings.title" },
    { "{\"settings\":{\"description\":\"a\\nb\"}}", "ok" },
    { "{\"settings\":{\"description\":\"a\\u0007\"}}", "settings.description" },
    { "{\"settings\":{\"tags\":[\"a\",\"\\t\"]}}", "settings.tags" },
    { "{\"description\":\"a\\nb\"}", "description" },
    { NULL, NULL }
};


/* POST destinations */

static const row_t  creates[] = {

    { PUSH(""), "rtmp://example.org/live " SECRET },
    { PUSH(",\"is_enabled\":false"),
      "disabled rtmp://example.org/live " SECRET },
    { URL("rtmps://[2001:db8::1]:8443/a/b/", ",\"stream_key\":\"k?a=1&b=2\""),
      "rtmps://[2001:db8::1]:8443/a/b/ k?a=1&b=2" },
    { URL("rtmp://example.org/live/k", ""), "rtmp://example.org/live k" },
    { URL("rtmp://example.org:1936/a/b/k?x=/y/z", ""),
      "rtmp://example.org:1936/a/b k?x=/y/z" },
    { URL("rtmp://example.org/live/k", ",\"stream_key\":null"),
      "rtmp://example.org/live k" },
    { OF("youtube", ""), "no URL, no key" },
    { OF("youtube", ",\"stream_key\":\"k\""), "no URL k" },
    { OF("cloudflare", ""), "no URL, no key" },
    { OF("cloudflare", ",\"stream_key\":null"), "no URL, no key" },

    { "{}", "stream_id" },
    { "{\"x\":1}", "x" },
    { PUSH(",\"id\":\"x\""), "id" },
    { PUSH(",\"status\":\"live\""), "status" },
    { PUSH(",\"wanted\":\"start\""), "wanted" },
    { PUSH(",\"\":1"), "(body)" },
    { PUSH(",\"" K100 "\":1"), K50 "abcdefghijabc" },
    { PUSH(",\"" K50 "abcdefghijab\xc3\xa9\xc3\xa9\":1"), K50 "abcdefghijab" },
    { "{\"stream_id\":1}", "stream_id" },
    { "{\"stream_id\":\"\"}", "stream_id" },
    { "{\"stream_id\":\"al/ice\"}", "stream_id" },
    { "{\"stream_id\":\"alice:\"}", "stream_id" },
    { "{\"stream_id\":\"" K50 "k\"}", "stream_id" },
    { "{\"stream_id\":\"alice\"}", "platform" },
    { "{\"stream_id\":\"alice\",\"platform\":null}", "platform" },
    { OF("YouTube", ""), "platform" },
    { OF("", ""), "platform" },
    { "{\"stream_id\":\"alice\",\"platform\":\"youtube\"}", "name" },
    { "{\"stream_id\":\"alice\",\"platform\":\"youtube\",\"name\":null}",
      "name" },
    { "{\"stream_id\":\"alice\",\"platform\":\"youtube\",\"name\":\"\"}",
      "name" },
    { "{\"stream_id\":\"alice\",\"platform\":\"youtube\",\"name\":\"" K100
      "\"}", "no URL, no key" },
    { "{\"stream_id\":\"alice\",\"platform\":\"youtube\",\"name\":\"" K100
      "k\"}", "name" },
    { PUSH(",\"is_enabled\":1"), "is_enabled" },
    { PUSH(",\"is_enabled\":\"true\""), "is_enabled" },
    { PUSH(",\"is_enabled\":null"), "is_enabled" },
    { PUSH(",\"settings\":null"), "settings" },
    { PUSH(",\"settings\":[]"), "settings" },
    { PUSH(",\"settings\":\"{}\""), "settings" },

    { CUSTOM(""), "rtmp_url" },
    { CUSTOM(",\"stream_key\":\"k\""), "rtmp_url" },
    { CUSTOM(",\"rtmp_url\":null"), "rtmp_url" },
    { URL("", ""), "rtmp_url" },
    { URL("rtmp://example.org/live", ""), "stream_key" },
    { URL("rtmp://example.org/live/", ""), "stream_key" },
    { URL("http://example.org/live/k", ""), "rtmp_url" },
    { URL("rtmp://u:p@example.org/live/k", ""), "rtmp_url" },
    { URL("rtmp://example.org/live/k#f", ""), "rtmp_url" },
    { URL("rtmp:///live/k", ""), "rtmp_url" },
    { URL("rtmp://example.org:0/live/k", ""), "rtmp_url" },
    { URL("rtmp://example.org/li ve/k", ""), "rtmp_url" },
    { URL("rtmp://example.org/live/" K1000 "k", ""), "rtmp_url" },
    { URL("rtmp://example.org/live", ",\"stream_key\":\"\""), "stream_key" },
    { URL("rtmp://example.org/live", ",\"stream_key\":1"), "stream_key" },
    { URL("rtmp://example.org/live", ",\"stream_key\":\"a b\""),
      "stream_key" },
    { URL("rtmp://example.org/live", ",\"stream_key\":\"\xc3\xa9\""),
      "stream_key" },
    { URL("rtmp://example.org/live", ",\"stream_key\":\"" K1000 K50 "\""),
      "stream_key" },
    { OF("youtube", ",\"rtmp_url\":\"rtmp://example.org/live\""), "rtmp_url" },
    { OF("twitch", ",\"stream_key\":\"a\\tb\""), "stream_key" },

    { NULL, NULL }
};


/* settings: as they are kept, or the field */

static const row_t  settings[] = {

    { TUBE(""), "{}" },
    { TUBE("\"bitrate\":500"), "{\"bitrate\":500}" },
    { TUBE("\"bitrate\":20000"), "{\"bitrate\":20000}" },
    { TUBE("\"bitrate\":499"), "bitrate" },
    { TUBE("\"bitrate\":20001"), "bitrate" },
    { TUBE("\"bitrate\":-4500"), "bitrate" },
    { TUBE("\"bitrate\":4500.0"), "bitrate" },
    { TUBE("\"bitrate\":\"4500\""), "bitrate" },
    { TUBE("\"bitrate\":true"), "bitrate" },
    { TUBE("\"bitrate\":null"), "{}" },
    { TUBE("\"resolution\":\"1920x1080\""), "{\"resolution\":\"1920x1080\"}" },
    { TUBE("\"resolution\":\"16x8192\""), "{\"resolution\":\"16x8192\"}" },
    { TUBE("\"resolution\":\"14x16\""), "resolution" },
    { TUBE("\"resolution\":\"16x8194\""), "resolution" },
    { TUBE("\"resolution\":\"1921x1080\""), "resolution" },
    { TUBE("\"resolution\":\"1920x1081\""), "resolution" },
    { TUBE("\"resolution\":\"1920X1080\""), "resolution" },
    { TUBE("\"resolution\":\"1920x\""), "resolution" },
    { TUBE("\"resolution\":\"x1080\""), "resolution" },
    { TUBE("\"resolution\":\"1920\""), "resolution" },
    { TUBE("\"resolution\":\"1920x1080 \""), "resolution" },
    { TUBE("\"resolution\":\"01920x1080\""), "resolution" },
    { TUBE("\"resolution\":\"-1920x1080\""), "resolution" },
    { TUBE("\"resolution\":\"18446744073709553536x1080\""), "resolution" },
    { TUBE("\"resolution\":\"\""), "resolution" },
    { TUBE("\"resolution\":1080"), "resolution" },
    { TUBE("\"framerate\":15"), "{\"framerate\":15}" },
    { TUBE("\"framerate\":60"), "{\"framerate\":60}" },
    { TUBE("\"framerate\":14"), "framerate" },
    { TUBE("\"framerate\":61"), "framerate" },
    { TUBE("\"framerate\":29.97"), "framerate" },
    { TUBE("\"preset\":\"ultrafast\""), "{\"preset\":\"ultrafast\"}" },
    { TUBE("\"preset\":\"veryfast\""), "{\"preset\":\"veryfast\"}" },
    { TUBE("\"preset\":\"fast\""), "{\"preset\":\"fast\"}" },
    { TUBE("\"preset\":\"medium\""), "{\"preset\":\"medium\"}" },
    { TUBE("\"preset\":\"slow\""), "{\"preset\":\"slow\"}" },
    { TUBE("\"preset\":\"placebo\""), "preset" },
    { TUBE("\"preset\":\"fast -i /etc/passwd\""), "preset" },
    { TUBE("\"preset\":\"\""), "preset" },
    { TUBE("\"preset\":1"), "preset" },
    { TUBE("\"auto_start\":true"), "{\"auto_start\":true}" },
    { TUBE("\"auto_start\":0"), "auto_start" },
    { TUBE("\"auto_reconnect\":false"), "{\"auto_reconnect\":false}" },
    { TUBE("\"auto_reconnect\":\"no\""), "auto_reconnect" },
    { TUBE("\"max_retries\":0"), "{\"max_retries\":0}" },
    { TUBE("\"max_retries\":100"), "{\"max_retries\":100}" },
    { TUBE("\"max_retries\":101"), "max_retries" },
    { TUBE("\"max_retries\":-1"), "max_retries" },

    { TUBE("\"privacy\":\"public\""), "{\"privacy\":\"public\"}" },
    { TUBE("\"privacy\":\"unlisted\""), "{\"privacy\":\"unlisted\"}" },
    { TUBE("\"privacy\":\"private\""), "{\"privacy\":\"private\"}" },
    { TUBE("\"privacy\":\"EVERYONE\""), "privacy" },
    { SET("facebook", "\"privacy\":\"EVERYONE\""),
      "{\"privacy\":\"EVERYONE\"}" },
    { SET("facebook", "\"privacy\":\"ALL_FRIENDS\""),
      "{\"privacy\":\"ALL_FRIENDS\"}" },
    { SET("facebook", "\"privacy\":\"SELF\""), "{\"privacy\":\"SELF\"}" },
    { SET("facebook", "\"privacy\":\"public\""), "privacy" },
    { SET("twitch", "\"privacy\":\"public\""), "privacy" },

    { TUBE("\"title\":\"" K100 "\""), "{\"title\":\"" K100 "\"}" },
    { TUBE("\"title\":\"" K100 "k\""), "title" },
    { TUBE("\"title\":\"\""), "title" },
    { TUBE("\"title\":\"a<b\""), "title" },
    { TUBE("\"title\":1"), "title" },
    { SET("twitch", "\"title\":\"a<b>\""), "{\"title\":\"a<b>\"}" },
    { SET("twitch", "\"title\":\"" K100 K50 "\""), "title" },
    { SET("facebook", "\"title\":\"" K100 K50 "\""),
      "{\"title\":\"" K100 K50 "\"}" },
    { SET("rtmp_custom", "\"title\":\"" K250 "abcde\""), "title" },
    { TUBE("\"description\":\"\""), "{\"description\":\"\"}" },
    { TUBE("\"description\":\"a\\nb\""), "{\"description\":\"a\\nb\"}" },
    { TUBE("\"description\":\"a>b\""), "description" },
    { TUBE("\"description\":\"" K1000 K1000 K1000 K1000 K1000 "k\""),
      "description" },
    { TUBE("\"category\":\"20\""), "{\"category\":\"20\"}" },
    { TUBE("\"category\":20"), "category" },
    { SET("facebook", "\"category\":\"20\""), "category" },
    { SET("twitch", "\"game_id\":\"509658\""), "{\"game_id\":\"509658\"}" },
    { SET("twitch", "\"game_id\":\"50a\""), "game_id" },
    { SET("twitch", "\"game_id\":\"\""), "game_id" },
    { SET("twitch", "\"game_id\":509658"), "game_id" },
    { TUBE("\"game_id\":\"509658\""), "game_id" },
    { TUBE("\"latency\":\"ultraLow\""), "{\"latency\":\"ultraLow\"}" },
    { SET("cloudflare", "\"latency\":\"low\""), "{\"latency\":\"low\"}" },
    { SET("twitch", "\"latency\":\"normal\""), "{\"latency\":\"normal\"}" },
    { TUBE("\"latency\":\"ultralow\""), "latency" },
    { SET("rtmp_custom", "\"latency\":\"low\""), "latency" },
    { TUBE("\"dvr\":true"), "{\"dvr\":true}" },
    { TUBE("\"dvr\":\"on\""), "dvr" },
    { SET("twitch", "\"dvr\":true"), "dvr" },
    { TUBE("\"content_encryption\":false"), "{\"content_encryption\":false}" },
    { TUBE("\"content_encryption\":1"), "content_encryption" },
    { SET("facebook", "\"page_id\":\"104\""), "{\"page_id\":\"104\"}" },
    { SET("facebook", "\"page_id\":\"me\""), "{\"page_id\":\"me\"}" },
    { SET("facebook", "\"page_id\":\"../me\""), "page_id" },
    { SET("facebook", "\"page_id\":104"), "page_id" },
    { TUBE("\"page_id\":\"104\""), "page_id" },
    { TUBE("\"scheduled_start\":\"2026-11-21T20:00:00Z\""),
      "{\"scheduled_start\":\"2026-11-21T20:00:00.000Z\"}" },
    { TUBE("\"scheduled_start\":\"2026-11-21T20:00:00+02:00\""),
      "{\"scheduled_start\":\"2026-11-21T18:00:00.000Z\"}" },
    { TUBE("\"scheduled_start\":\"2026-13-21T20:00:00Z\""),
      "scheduled_start" },
    { TUBE("\"scheduled_start\":\"tomorrow\""), "scheduled_start" },
    { TUBE("\"scheduled_start\":1795000000"), "scheduled_start" },
    { SET("cloudflare", "\"recording_mode\":\"automatic\""),
      "{\"recording_mode\":\"automatic\"}" },
    { SET("cloudflare", "\"recording_mode\":\"off\""),
      "{\"recording_mode\":\"off\"}" },
    { SET("cloudflare", "\"recording_mode\":\"on\""), "recording_mode" },
    { SET("cloudflare", "\"delete_recording_after_days\":30"),
      "{\"delete_recording_after_days\":30}" },
    { SET("cloudflare", "\"delete_recording_after_days\":29"),
      "delete_recording_after_days" },
    { TUBE("\"recording_mode\":\"off\""), "recording_mode" },
    { SET("twitch", "\"tags\":[]"), "{\"tags\":[]}" },
    { SET("twitch", "\"tags\":[\"a\",\"\xc3\xa4\"]"),
      "{\"tags\":[\"a\",\"\xc3\xa4\"]}" },
    { SET("twitch", "\"tags\":[\"abcdefghijabcdefghijabcde\"]"),
      "{\"tags\":[\"abcdefghijabcdefghijabcde\"]}" },
    { SET("twitch", "\"tags\":[\"abcdefghijabcdefghijabcdef\"]"), "tags" },
    { SET("twitch", "\"tags\":[\"a b\"]"), "tags" },
    { SET("twitch", "\"tags\":[\"\"]"), "tags" },
    { SET("twitch", "\"tags\":[1]"), "tags" },
    { SET("twitch", "\"tags\":[[\"a\"]]"), "tags" },
    { SET("twitch", "\"tags\":\"a\""), "tags" },
    { SET("twitch", "\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
          "\"8\",\"9\",\"10\",\"11\"]"), "tags" },
    { SET("twitch", "\"language\":\"en\""), "{\"language\":\"en\"}" },
    { SET("twitch", "\"language\":\"other\""), "{\"language\":\"other\"}" },
    { SET("twitch", "\"language\":\"zh-hk\""), "{\"language\":\"zh-hk\"}" },
    { SET("twitch", "\"language\":\"e\""), "language" },
    { SET("twitch", "\"language\":\"english\""), "language" },
    { SET("twitch", "\"language\":\"EN\""), "language" },
    { SET("twitch", "\"language\":\"en-\""), "language" },
    { SET("twitch", "\"language\":\"en-../..\""), "language" },
    { SET("twitch", "\"language\":\"\""), "language" },
    { SET("twitch", "\"bandwidth_test\":true"), "{\"bandwidth_test\":true}" },
    { SET("twitch", "\"bandwidth_test\":1"), "bandwidth_test" },
    { TUBE("\"bandwidth_test\":true"), "bandwidth_test" },

    { TUBE("\"thumbnail\":\"http://example.org/x.png\""), "thumbnail" },
    { TUBE("\"Bitrate\":4500"), "Bitrate" },
    { TUBE("\"bitrate\":4500,\"resolution\":\"1280x720\",\"framerate\":30,"
           "\"preset\":\"fast\",\"bogus\":1"), "bogus" },
    { TUBE("\"dvr\":null,\"preset\":\"slow\""), "{\"preset\":\"slow\"}" },

    { NULL, NULL }
};


/* PATCH of a custom destination with bitrate and title */

#define NEXT  "rtmp://example.net/live"

static const row_t  patches[] = {

    { "{}", "N alice rtmp://example.org/live bitrate,title" },
    { "{\"name\":\"M\"}", "M alice rtmp://example.org/live bitrate,title" },
    { "{\"name\":\"\"}", "name" },
    { "{\"name\":null}", "name" },
    { "{\"is_enabled\":false}",
      "disabled N alice rtmp://example.org/live bitrate,title" },
    { "{\"is_enabled\":\"false\"}", "is_enabled" },
    { "{\"stream_id\":\"alice:cam\"}",
      "N alice:cam rtmp://example.org/live bitrate,title" },
    { "{\"stream_id\":\"bob\"}", "stream_id" },
    { "{\"stream_id\":\"alicex\"}", "stream_id" },
    { "{\"stream_id\":\"ali\"}", "stream_id" },
    { "{\"stream_id\":null}", "stream_id" },
    { "{\"platform\":\"rtmp_custom\"}",
      "N alice rtmp://example.org/live bitrate,title" },
    { "{\"platform\":\"youtube\"}", "platform" },
    { "{\"platform\":null}", "platform" },
    { "{\"settings\":{\"bitrate\":null}}",
      "N alice rtmp://example.org/live title" },
    { "{\"settings\":{\"preset\":\"slow\"}}",
      "N alice rtmp://example.org/live bitrate,preset,title" },
    { "{\"settings\":{}}", "N alice rtmp://example.org/live bitrate,title" },
    { "{\"settings\":null}", "settings" },
    { "{\"settings\":{\"bitrate\":1}}", "settings.bitrate" },
    { "{\"settings\":{\"page_id\":\"1\"}}", "settings.page_id" },
    { "{\"stream_key\":\"new\"}",
      "N alice rtmp://example.org/live bitrate,title key new" },
    { "{\"stream_key\":null}", "stream_key" },
    { "{\"stream_key\":\"\"}", "stream_key" },
    { "{\"stream_key\":\"a b\"}", "stream_key" },
    { "{\"rtmp_url\":\"rtmp://example.org/live\"}",
      "N alice rtmp://example.org/live bitrate,title" },
    { "{\"rtmp_url\":\"" NEXT "\"}", "stream_key" },
    { "{\"rtmp_url\":\"" NEXT "/with/a/key\"}", "stream_key" },
    { "{\"rtmp_url\":\"rtmp://example.org/live/\"}", "stream_key" },
    { "{\"rtmp_url\":\"" NEXT "\",\"stream_key\":\"new\"}",
      "N alice " NEXT " bitrate,title key new" },
    { "{\"rtmp_url\":\"" NEXT "\",\"stream_key\":null}", "stream_key" },
    { "{\"rtmp_url\":\"http://example.net/\",\"stream_key\":\"new\"}",
      "rtmp_url" },
    { "{\"rtmp_url\":null}", "rtmp_url" },
    { "{\"rtmp_url\":1,\"stream_key\":\"new\"}", "rtmp_url" },
    { "{\"id\":\"x\"}", "id" },
    { "{\"wanted\":\"start\"}", "wanted" },
    { "{\"created_at\":\"\"}", "created_at" },
    { "{\"has_stream_key\":true}", "has_stream_key" },

    { NULL, NULL }
};


static const row_t  exchanges[] = {
    { "{\"code\":\"c\",\"stream_id\":\"alice\",\"name\":\"N\"}", "ok" },
    { "{\"code\":\"c\",\"stream_id\":\"alice\",\"name\":\"N\","
      "\"state\":\"s\"}", "ok" },
    { "{\"code\":\"c\",\"stream_id\":\"alice\",\"name\":\"N\","
      "\"state\":null}", "ok" },
    { "{\"stream_id\":\"alice\",\"name\":\"N\"}", "code" },
    { "{\"code\":\"\",\"stream_id\":\"alice\",\"name\":\"N\"}", "code" },
    { "{\"code\":1,\"stream_id\":\"alice\",\"name\":\"N\"}", "code" },
    { "{\"code\":\"" K1000 K1000 K1000 K1000 K100
      "\",\"stream_id\":\"alice\",\"name\":\"N\"}", "code" },
    { "{\"code\":\"c\",\"name\":\"N\"}", "stream_id" },
    { "{\"code\":\"c\",\"stream_id\":\"a b\",\"name\":\"N\"}", "stream_id" },
    { "{\"code\":\"c\",\"stream_id\":\"alice\"}", "name" },
    { "{\"code\":\"c\",\"stream_id\":\"alice\",\"name\":\"" K100 "k\"}",
      "name" },
    { "{\"code\":\"c\",\"stream_id\":\"alice\",\"name\":\"N\","
      "\"state\":1}", "state" },
    { "{\"code\":\"c\",\"stream_id\":\"alice\",\"name\":\"N\","
      "\"state\":\"\"}", "state" },
    { "{\"code\":\"c\",\"stream_id\":\"alice\",\"name\":\"N\","
      "\"platform\":\"youtube\"}", "platform" },
    { NULL, NULL }
};


static const row_t  starts[] = {
    { "{}", "none" },
    { "{\"inputSource\":null}", "none" },
    { "{\"inputSource\":\"cam\"}", "cam" },
    { "{\"inputSource\":\"\"}", "inputSource" },
    { "{\"inputSource\":1}", "inputSource" },
    { "{\"inputSource\":[\"cam\"]}", "inputSource" },
    { "{\"source\":\"cam\"}", "source" },
    { NULL, NULL }
};


/* of alice, with cam, screen and al-ice_x live */

static const row_t  inputs[] = {
    { "cam", "cam" },
    { "screen", "screen" },
    { "alice:cam", "cam" },
    { "al-ice_x", "al-ice_x" },
    { "rtmp://127.0.0.1/live/alice_cam", "cam" },
    { "rtmp://127.0.0.1:1935/live/alice_screen?x=/alice_cam", "screen" },
    { "rtmps://media.example.org/live/alice_cam", "cam" },
    { "rtmp://127.0.0.1/live/alice_al-ice_x", "al-ice_x" },
    { "rtmp://127.0.0.1/live/alice", "screen" },
    { "Cam", "none" },
    { "main", "none" },
    { "", "none" },
    { "alice", "none" },
    { "alice:", "none" },
    { "alice:nope", "none" },
    { "bob:cam", "none" },
    { "alice_cam", "none" },
    { "cam\" -i /etc/passwd", "none" },
    { "/etc/passwd", "none" },
    { "file:///alice_cam", "none" },
    { "http://127.0.0.1/live/alice_cam", "none" },
    { "rtmp://127.0.0.1/live/bob_cam", "none" },
    { "rtmp://127.0.0.1/live/alice_nope", "none" },
    { "rtmp://127.0.0.1/live/alicecam", "none" },
    { "rtmp://127.0.0.1/live/alice-cam", "none" },
    { "rtmp://127.0.0.1/live/alice_cam/", "none" },
    { "rtmp://127.0.0.1/live/alice_", "none" },
    { "rtmp://127.0.0.1/live/ali", "none" },
    { "rtmp://alice_cam", "none" },
    { "rtmp://", "none" },
    { NULL, NULL }
};


static char  said[8192];


/* the body as a name: one line, cut */

static const char *
title(const char *group, const char *text)
{
    char         *p;
    static char   buf[200];

    p = buf + sprintf(buf, "%s: ", group);

    for ( /* void */ ; *text && p < buf + 120; text++) {
        *p++ = *text >= ' ' && *text < '\x7f' && *text != '#' ? *text : '_';
    }

    *p = '\0';

    return buf;
}


static json_t *
parse(const char *text)
{
    size_t                       len;
    u_char                      *p;
    json_t                      *body;
    ngx_live_body_error_t   error;

    /* of the exact size, so that a sanitizer sees a read behind its end */

    len = strlen(text);
    p = malloc(len ? len : 1);

    if (p == NULL) {
        exit(2);
    }

    memcpy(p, text, len);

    body = ngx_live_body_parse(p, len, &error);

    free(p);

    if (body == NULL) {
        strcpy(said, error.field[0] ? error.field : "(body)");
    }

    return body;
}


static void
wrong(ngx_live_body_error_t *error)
{
    strcpy(said, error->field[0] ? error->field : "(body)");

    if (error->message[0] == '\0') {
        strcat(said, ", without a message");
    }

    if (strstr(error->message, SECRET)) {
        strcat(said, ", with a secret");
    }
}


static void
test_bodies(void)
{
    json_t       *body;
    const row_t  *row;

    for (row = bodies; row->body; row++) {
        body = parse(row->body);

        tap_is_text(body ? "ok" : said, row->want, title("body", row->body));

        json_decref(body);
    }
}


static const char *
text_of(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}


static void
test_creates(void)
{
    json_t                      *body, *record, *secret;
    const row_t                 *row;
    const char                  *url, *key;
    ngx_live_body_error_t   error;

    for (row = creates; row->body; row++) {
        body = parse(row->body);

        if (body) {
            record = ngx_simulcast_settings_create(body, &secret, &error);

            if (record == NULL) {
                wrong(&error);

            } else {
                url = text_of(record, "rtmp_url");
                key = text_of(secret, "stream_key");

                snprintf(said, sizeof(said), "%s%s%s%s",
                         json_is_true(json_object_get(record, "is_enabled"))
                         ? "" : "disabled ",
                         url ? url : "no URL", key ? " " : ", no key",
                         key ? key : "");

                if (json_object_get(record, "stream_key")
                    || strcmp(text_of(record, "wanted"), "") != 0)
                {
                    strcat(said, ", a bad record");
                }

                json_decref(record);
                json_decref(secret);
            }
        }

        tap_is_text(said, row->want, title("create", row->body));

        json_decref(body);
    }
}


static void
test_settings(void)
{
    char                        *text;
    json_t                      *body, *record, *secret;
    const row_t                 *row;
    ngx_live_body_error_t   error;

    for (row = settings; row->body; row++) {
        body = parse(row->body);

        if (body) {

            if (strcmp(text_of(body, "platform"), "rtmp_custom") == 0) {
                json_object_set_new(body, "rtmp_url",
                                    json_string("rtmp://example.org/live/k"));
            }

            record = ngx_simulcast_settings_create(body, &secret, &error);

            if (record == NULL) {
                wrong(&error);

                if (strncmp(said, "settings.", 9) == 0) {
                    memmove(said, said + 9, strlen(said + 9) + 1);
                }

            } else {
                text = json_dumps(json_object_get(record, "settings"),
                                  JSON_COMPACT|JSON_SORT_KEYS);
                snprintf(said, sizeof(said), "%s", text);
                free(text);

                json_decref(record);
                json_decref(secret);
            }
        }

        tap_is_text(said, row->want, title("settings", row->body
                                           + sizeof("{'stream_id':'alice',")));
        json_decref(body);
    }
}


static void
test_patches(void)
{
    int                          n;
    char                        *before, *after;
    json_t                      *body, *old, *hidden, *new, *changed;
    const row_t                 *row;
    const char                  *name, *names[] = { "bitrate", "preset",
                                                    "title" };
    size_t                       i;
    ngx_live_body_error_t   error;

    old = json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:{s:i,s:s}}", "id", "i",
                    "stream_id", "alice", "platform", "rtmp_custom", "name",
                    "N", "is_enabled", 1, "rtmp_url",
                    "rtmp://example.org/live", "settings", "bitrate", 4500,
                    "title", "T");
    hidden = json_pack("{s:s,s:s}", "stream_key", SECRET, "other", "kept");

    before = json_dumps(old, JSON_COMPACT);

    for (row = patches; row->body; row++) {
        body = parse(row->body);

        if (body == NULL) {
            tap_is_text(said, row->want, title("patch", row->body));
            continue;
        }

        new = ngx_simulcast_settings_patch(body, old, hidden, &changed,
                                           &error);
        if (new == NULL) {
            wrong(&error);

        } else {
            n = snprintf(said, sizeof(said), "%s%s %s %s ",
                         json_is_true(json_object_get(new, "is_enabled"))
                         ? "" : "disabled ",
                         text_of(new, "name"), text_of(new, "stream_id"),
                         text_of(new, "rtmp_url"));

            for (i = 0; i < 3; i++) {
                name = names[i];

                if (json_object_get(json_object_get(new, "settings"), name)) {
                    n += sprintf(said + n, "%s%s",
                                 said[n - 1] == ' ' ? "" : ",", name);
                }
            }

            if (changed) {
                n += sprintf(said + n, " key %s",
                             text_of(changed, "stream_key"));

                if (text_of(changed, "other") == NULL) {
                    strcat(said, ", but something lost");
                }
            }

            json_decref(new);
            json_decref(changed);
        }

        tap_is_text(said, row->want, title("patch", row->body));

        json_decref(body);
    }

    after = json_dumps(old, JSON_COMPACT);
    tap_is_text(after, before, "what was there is not touched");

    /* a key of a platform may be taken away again */

    json_object_set_new(old, "platform", json_string("youtube"));
    json_object_del(old, "rtmp_url");

    body = json_pack("{s:n}", "stream_key");
    new = ngx_simulcast_settings_patch(body, old, hidden, &changed, &error);

    tap_ok(new && changed && text_of(changed, "stream_key") == NULL
           && text_of(changed, "other"), "a platform's key taken away");

    json_decref(new);
    json_decref(changed);

    /* without what was hidden */

    json_object_set_new(body, "stream_key", json_string("k"));
    new = ngx_simulcast_settings_patch(body, old, NULL, &changed, &error);

    tap_ok(new && changed && strcmp(text_of(changed, "stream_key"), "k") == 0,
           "a key where nothing was hidden");

    json_decref(new);
    json_decref(changed);
    json_decref(body);

    body = json_pack("{s:s}", "rtmp_url", "rtmp://example.org/live");
    new = ngx_simulcast_settings_patch(body, old, hidden, &changed, &error);

    tap_ok(new == NULL && strcmp(error.field, "rtmp_url") == 0,
           "a platform takes no URL");

    json_decref(body);
    json_decref(old);
    json_decref(hidden);
    free(before);
    free(after);
}


static void
test_exchanges(void)
{
    json_t                      *body;
    const row_t                 *row;
    ngx_live_body_error_t   error;

    for (row = exchanges; row->body; row++) {
        body = parse(row->body);

        if (ngx_simulcast_settings_exchange(body, &error) == NGX_OK) {
            strcpy(said, "ok");

        } else {
            wrong(&error);
        }

        tap_is_text(said, row->want, title("exchange", row->body));

        json_decref(body);
    }
}


static void
test_starts(void)
{
    json_t                      *body;
    const row_t                 *row;
    const char                  *input;
    ngx_live_body_error_t   error;

    for (row = starts; row->body; row++) {
        body = parse(row->body);

        if (ngx_simulcast_settings_start(body, &input, &error) == NGX_OK) {
            strcpy(said, input ? input : "none");

        } else {
            wrong(&error);
        }

        tap_is_text(said, row->want, title("start", row->body));

        json_decref(body);
    }
}


static void
test_inputs(void)
{
    json_t       *live;
    const row_t  *row;
    const char   *source;

    live = json_pack("{s:{s:i,s:s},s:{s:i,s:s},s:{s:i,s:s}}",
                     "cam", "since", 30, "stream", "alice_cam",
                     "screen", "since", 10, "stream", "alice_screen",
                     "al-ice_x", "since", 20, "stream", "alice_al-ice_x");

    for (row = inputs; row->body; row++) {
        source = ngx_simulcast_input_source(row->body, "alice", live);
        tap_is_text(source ? source : "none", row->want,
                    title("input", row->body));
    }

    tap_is_text(ngx_simulcast_input_default(live), "screen",
                "the first live one");

    json_object_set_new(live, "main", json_pack("{s:i,s:b}", "since", 40,
                                                "default", 1));

    tap_is_text(ngx_simulcast_input_default(live), "main",
                "the default source before it");

    json_object_clear(live);

    tap_ok(ngx_simulcast_input_default(live) == NULL, "nothing is live");
    tap_ok(ngx_simulcast_input_source("cam", "alice", NULL) == NULL,
           "nothing is known to be live");

    json_decref(live);
}


static void
test_full(void)
{
    char    *text;
    json_t  *full, *given;

    given = json_pack("{s:i,s:b}", "max_retries", 7, "dvr", 1);
    full = ngx_simulcast_settings_full(given);
    text = json_dumps(full, JSON_COMPACT|JSON_SORT_KEYS);

    tap_is_text(text, "{\"auto_reconnect\":true,\"auto_start\":false,"
                      "\"dvr\":true,\"max_retries\":7}",
                "defaults beside what is given");
    free(text);
    json_decref(full);
    json_decref(given);

    full = ngx_simulcast_settings_full(NULL);
    text = json_dumps(full, JSON_COMPACT|JSON_SORT_KEYS);

    tap_is_text(text, "{\"auto_reconnect\":true,\"auto_start\":false,"
                      "\"max_retries\":3}", "the defaults alone");
    free(text);
    json_decref(full);
}


static void
test_message(void)
{
    json_t                      *body, *secret;
    ngx_live_body_error_t   error;

    body = parse(TUBE("\"bitrate\":1"));

    tap_ok(ngx_simulcast_settings_create(body, &secret, &error) == NULL,
           "a bitrate that is too low");
    tap_is_text(error.message,
                "settings.bitrate must be a whole number of kbit/s from 500 to "
                "20000", "and what would be right");

    json_decref(body);
}


int
main(void)
{
    test_bodies();
    test_creates();
    test_settings();
    test_patches();
    test_exchanges();
    test_starts();
    test_inputs();
    test_full();
    test_message();

    return tap_done();
}
