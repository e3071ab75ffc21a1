
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_twitch.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_health.h"


#define NGX_SIMULCAST_TWITCH_ID        65       /* bytes, NUL included */
#define NGX_SIMULCAST_TWITCH_TITLE     140      /* characters */
#define NGX_SIMULCAST_TWITCH_TAGS      10
#define NGX_SIMULCAST_TWITCH_TAG       25
#define NGX_SIMULCAST_TWITCH_POLL      30000    /* ms */
#define NGX_SIMULCAST_TWITCH_FIRST     10000    /* ms, to the first poll */
#define NGX_SIMULCAST_TWITCH_VALIDATE  3600     /* s, between two validations */
#define NGX_SIMULCAST_TWITCH_INGESTS   3600     /* s that their list is kept */
#define NGX_SIMULCAST_TWITCH_OFFLINE   60       /* s that it may show nothing */

#define NGX_SIMULCAST_TWITCH_INGEST                                           \
    "rtmps://ingest.global-contribute.live-video.net/app"

/* what a tag has none of, besides blanks */
#define NGX_SIMULCAST_TWITCH_WITHOUT   " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


/* broadcast->state */

typedef struct {
    char        user[NGX_SIMULCAST_TWITCH_ID];
    char        login[NGX_SIMULCAST_TWITCH_ID];
    char        game[NGX_SIMULCAST_TWITCH_ID];
    time_t      validated;
    time_t      begun;
    unsigned    manage:1;           /* the token may change the channel */
} ngx_simulcast_twitch_t;


static void ngx_simulcast_twitch_validate(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_pt step);
static ngx_int_t ngx_simulcast_twitch_valid(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_validated(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_got_key(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_cached(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_twitch_category(ngx_simulcast_call_t *call);
static void ngx_simulcast_twitch_games(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_found(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_channel(ngx_simulcast_call_t *call);
static json_t *ngx_simulcast_twitch_tags(ngx_simulcast_call_t *call);
static void ngx_simulcast_twitch_changed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_look(ngx_simulcast_call_t *call);
static void ngx_simulcast_twitch_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_ingest(ngx_simulcast_call_t *call);
static void ngx_simulcast_twitch_ingests(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_prepared(ngx_simulcast_call_t *call);
static void ngx_simulcast_twitch_revalidated(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_streams(ngx_simulcast_call_t *call);
static void ngx_simulcast_twitch_polled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_twitch_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *path, const char *value);


/* the same for all of a worker */

static char    ngx_simulcast_twitch_url[512];
static time_t  ngx_simulcast_twitch_until;


void
ngx_simulcast_twitch_prepare(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_twitch_t  *t;

    if (b->state == NULL) {
        b->state = ngx_pcalloc(b->pool, sizeof(ngx_simulcast_twitch_t));

        if (b->state == NULL) {
            ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                    "out of memory");
            return;
        }
    }

    t = b->state;

    t->game[0] = '\0';
    t->begun = 0;

    ngx_simulcast_twitch_validate(call, ngx_simulcast_twitch_validated);
}


/* to be done at the start, and once an hour */

static void
ngx_simulcast_twitch_validate(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_pt step)
{
    ngx_simulcast_call_request_t  request;

    ngx_simulcast_call_request(call, &request, "GET",
                               ngx_simulcast_call_base(call, 1, NULL),
                               "/oauth2/validate");
    ngx_simulcast_call_bearer(&request, "access_token");
    request.scheme = "OAuth";

    ngx_simulcast_call_send(call, &request, step);
}


static ngx_int_t
ngx_simulcast_twitch_valid(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                       *scopes;
    ngx_simulcast_twitch_t       *t;
    ngx_simulcast_answer_user_t   user;

    t = b->state;

    if (answer->result.rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_simulcast_answer_user(answer->json, &user) != NGX_OK) {
        ngx_simulcast_answer_set(&answer->result, NGX_AGAIN, "platform_answer",
                                 "Twitch's answer cannot be understood");
        return NGX_ERROR;
    }

    scopes = json_object_get(answer->json, "scopes");

    if (!ngx_simulcast_answer_scope(scopes, "channel:read:stream_key")) {
        ngx_simulcast_answer_set(&answer->result, NGX_DECLINED,
                                 "permission_missing",
                                 "the connection to Twitch lacks the "
                                 "permission to read the stream key: connect "
                                 "the account again");
        return NGX_ERROR;
    }

    t->manage = ngx_simulcast_answer_scope(scopes, "channel:manage:broadcast");
    t->validated = ngx_time();

    ngx_cpystrn((u_char *) t->user, (u_char *) user.id, sizeof(t->user));

    if (user.login) {
        ngx_cpystrn((u_char *) t->login, (u_char *) user.login,
                    sizeof(t->login));
    }

    return NGX_OK;
}


static void
ngx_simulcast_twitch_validated(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_twitch_t        *t;
    ngx_simulcast_call_request_t   request;

    t = b->state;

    if (ngx_simulcast_twitch_valid(call, answer) != NGX_OK) {
        ngx_simulcast_twitch_cached(call, &answer->result);
        return;
    }

    /* users change it: it is read before every start */

    ngx_simulcast_twitch_request(call, &request, "GET",
                                 "streams/key?broadcaster_id=", t->user);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_twitch_got_key);
}


static void
ngx_simulcast_twitch_got_key(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char              *key, *cached;
    ngx_simulcast_twitch_t  *t;

    t = b->state;

    if (answer->status == 403) {
        answer->result.code = "account_not_ready";
    }

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_twitch_cached(call, &answer->result);
        return;
    }

    key = ngx_simulcast_answer_word(
              json_array_get(json_object_get(answer->json, "data"), 0),
              "stream_key", 512);

    if (key == NULL) {
        ngx_simulcast_answer_set(&answer->result, NGX_AGAIN, "platform_answer",
                                 "Twitch's answer cannot be understood");
        ngx_simulcast_twitch_cached(call, &answer->result);
        return;
    }

    ngx_simulcast_call_set(b->pool, &b->key, key, ngx_strlen(key));

    cached = ngx_simulcast_call_secret(call, "stream_key");

    if (cached && ngx_strcmp(cached, key) == 0) {
        ngx_simulcast_twitch_category(call);
        return;
    }

    ngx_simulcast_call_keep(call, json_pack("{s:s,s:s}", "stream_key", key,
                                            "user_id", t->user),
                            ngx_simulcast_twitch_category);
}


/* while Twitch's API is out of order its ingest may work: with the last key */

static void
ngx_simulcast_twitch_cached(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char  *key;

    key = ngx_simulcast_call_secret(call, "stream_key");

    if (result->rc != NGX_AGAIN || key == NULL) {
        ngx_simulcast_call_end(call, result);
        return;
    }

    ngx_simulcast_answer_issue(b->notes, "Twitch API", result->message);

    ngx_simulcast_call_set(b->pool, &b->key, key, ngx_strlen(key));

    ngx_simulcast_twitch_prepared(call);
}


/* ---- what the channel shows; the stream is worth more than that ---- */

static void
ngx_simulcast_twitch_category(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char                    *game;
    ngx_simulcast_twitch_t        *t;
    ngx_simulcast_call_request_t   request;

    t = b->state;

    game = ngx_simulcast_call_setting(call, "game_id");

    if (game) {
        ngx_cpystrn((u_char *) t->game, (u_char *) game, sizeof(t->game));
        ngx_simulcast_twitch_channel(call);
        return;
    }

    game = ngx_simulcast_call_setting(call, "category");

    if (game == NULL) {
        ngx_simulcast_twitch_channel(call);
        return;
    }

    ngx_simulcast_twitch_request(call, &request, "GET", "games?name=", game);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_twitch_games);
}


static void
ngx_simulcast_twitch_games(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char                    *id, *name;
    ngx_simulcast_twitch_t        *t;
    ngx_simulcast_call_request_t   request;

    t = b->state;

    name = ngx_simulcast_call_setting(call, "category");

    id = (answer->result.rc == NGX_OK && name)
         ? ngx_simulcast_answer_game(answer->json, name, 1) : NULL;

    if (id) {
        ngx_cpystrn((u_char *) t->game, (u_char *) id, sizeof(t->game));
        ngx_simulcast_twitch_channel(call);
        return;
    }

    if (name == NULL) {
        ngx_simulcast_twitch_channel(call);
        return;
    }

    /* names there are exact; people's are not */

    ngx_simulcast_twitch_request(call, &request, "GET",
                                 "search/categories?query=", name);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_twitch_found);
}


static void
ngx_simulcast_twitch_found(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char              *id, *name;
    ngx_simulcast_twitch_t  *t;

    t = b->state;

    name = ngx_simulcast_call_setting(call, "category");

    id = (answer->result.rc == NGX_OK && name)
         ? ngx_simulcast_answer_game(answer->json, name, 0) : NULL;

    if (id) {
        ngx_cpystrn((u_char *) t->game, (u_char *) id, sizeof(t->game));

    } else {
        ngx_simulcast_answer_issue(b->notes, "Category",
                                   answer->result.rc == NGX_OK
                                   ? "Twitch has none of this name"
                                   : answer->result.message);
    }

    ngx_simulcast_twitch_channel(call);
}


static void
ngx_simulcast_twitch_channel(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    char                           title[NGX_SIMULCAST_TWITCH_TITLE * 4 + 1];
    char                           lang[3];
    json_t                        *json, *tags;
    const char                    *text;
    ngx_simulcast_twitch_t        *t;
    ngx_simulcast_call_request_t   request;

    t = b->state;
    json = json_object();

    /* what is not set stays as the user has it there */

    text = ngx_simulcast_call_setting(call, "title");

    if (text && ngx_simulcast_form_cut(title, sizeof(title), text,
                                       NGX_SIMULCAST_TWITCH_TITLE, NULL))
    {
        (void) json_object_set_new(json, "title", json_string(title));
    }

    if (t->game[0]) {
        (void) json_object_set_new(json, "game_id", json_string(t->game));
    }

    /* "en-US" is "en" there */

    text = ngx_simulcast_call_setting(call, "language");

    if (text && ngx_strcmp(text, "other") == 0) {
        (void) json_object_set_new(json, "broadcaster_language",
                                   json_string(text));

    } else if (text && ngx_strlen(text) >= 2) {
        lang[0] = (char) ngx_tolower(text[0]);
        lang[1] = (char) ngx_tolower(text[1]);
        lang[2] = '\0';

        (void) json_object_set_new(json, "broadcaster_language",
                                   json_string(lang));
    }

    tags = ngx_simulcast_twitch_tags(call);

    if (tags) {
        (void) json_object_set_new(json, "tags", tags);
    }

    if (json_object_size(json) == 0) {
        json_decref(json);
        ngx_simulcast_twitch_look(call);
        return;
    }

    if (!t->manage) {
        json_decref(json);

        ngx_simulcast_answer_issue(b->notes, "Channel information",
                                   "the connection to Twitch lacks the "
                                   "permission to change it");
        ngx_simulcast_twitch_look(call);
        return;
    }

    ngx_simulcast_twitch_request(call, &request, "PATCH",
                                 "channels?broadcaster_id=", t->user);
    ngx_simulcast_call_json(call, &request, json);

    ngx_simulcast_call_send(call, &request, ngx_simulcast_twitch_changed);
}


static json_t *
ngx_simulcast_twitch_tags(ngx_simulcast_call_t *call)
{
    char     buf[NGX_SIMULCAST_TWITCH_TAG * 4 + 1];
    size_t   i;
    json_t  *list, *tag, *tags;

    list = json_object_get(json_object_get((*call->destination)->record,
                                           "settings"), "tags");
    tags = NULL;

    json_array_foreach(list, i, tag) {

        if (!json_is_string(tag)
            || json_array_size(tags) == NGX_SIMULCAST_TWITCH_TAGS
            || ngx_simulcast_form_cut(buf, sizeof(buf), json_string_value(tag),
                                      NGX_SIMULCAST_TWITCH_TAG,
                                      NGX_SIMULCAST_TWITCH_WITHOUT)
               == 0)
        {
            continue;
        }

        if (tags == NULL) {
            tags = json_array();
        }

        (void) json_array_append_new(tags, json_string(buf));
    }

    return tags;
}


static void
ngx_simulcast_twitch_changed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_answer_issue(b->notes, "Channel information",
                                   answer->result.message);
    }

    ngx_simulcast_twitch_look(call);
}


static void
ngx_simulcast_twitch_look(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_twitch_t        *t;
    ngx_simulcast_call_request_t   request;

    t = b->state;

    ngx_simulcast_twitch_request(call, &request, "GET",
                                 "channels?broadcaster_id=", t->user);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_twitch_looked);
}


static void
ngx_simulcast_twitch_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t      *channel;
    ngx_uint_t   i;
    const char  *text;

    static const char  *names[] = {
        "title", "game_id", "game_name", "broadcaster_language"
    };

    if (answer->result.rc == NGX_OK) {

        channel = json_array_get(json_object_get(answer->json, "data"), 0);

        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            text = ngx_simulcast_answer_text(channel, names[i]);

            if (text) {
                (void) json_object_set_new(b->details, names[i],
                                           json_string(text));
            }
        }
    }

    ngx_simulcast_twitch_ingest(call);
}


/* ---- where the stream goes ---- */

static void
ngx_simulcast_twitch_ingest(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_request_t  request;

    if (ngx_simulcast_twitch_until > ngx_time()) {
        ngx_simulcast_twitch_prepared(call);
        return;
    }

    ngx_simulcast_call_request(call, &request, "GET",
        ngx_simulcast_call_base(call, 0, "https://ingest.twitch.tv"),
        "/ingests");

    ngx_simulcast_call_send(call, &request, ngx_simulcast_twitch_ingests);
}


static void
ngx_simulcast_twitch_ingests(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    char  url[sizeof(ngx_simulcast_twitch_url)];

    if (answer->result.rc == NGX_OK
        && ngx_simulcast_answer_ingest(answer->json, url, sizeof(url))
           == NGX_OK)
    {
        ngx_cpystrn((u_char *) ngx_simulcast_twitch_url, (u_char *) url,
                    sizeof(ngx_simulcast_twitch_url));

        ngx_simulcast_twitch_until = ngx_time() + NGX_SIMULCAST_TWITCH_INGESTS;
    }

    ngx_simulcast_twitch_prepared(call);
}


static void
ngx_simulcast_twitch_prepared(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    u_char                  *p, buf[1024];
    const char              *url;
    ngx_simulcast_twitch_t  *t;

    t = b->state;

    url = ngx_simulcast_twitch_url[0] ? ngx_simulcast_twitch_url
                                      : NGX_SIMULCAST_TWITCH_INGEST;

    ngx_simulcast_call_set(b->pool, &b->url, url, ngx_strlen(url));

    /* seen by nobody, but by the inspector */

    if (ngx_simulcast_call_flag(call, "bandwidth_test", 0)) {
        p = ngx_snprintf(buf, sizeof(buf), "%V?bandwidthtest=true", &b->key);
        ngx_simulcast_call_set(b->pool, &b->key, (const char *) buf, p - buf);
    }

    if (t->login[0]) {
        p = ngx_snprintf(buf, sizeof(buf), "https://www.twitch.tv/%s",
                         t->login);
        ngx_simulcast_call_set(b->pool, &b->playback_url, (const char *) buf,
                               p - buf);
    }

    (void) json_array_extend(b->issues, b->notes);

    t->begun = ngx_time();
    b->poll_after = NGX_SIMULCAST_TWITCH_FIRST;

    ngx_simulcast_call_ok(call);
}


/* ---- now and then ---- */

void
ngx_simulcast_twitch_poll(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_twitch_t  *t;

    t = b->state;

    b->poll_after = NGX_SIMULCAST_TWITCH_POLL;

    if (t == NULL) {
        b->poll_after = 0;
        ngx_simulcast_call_ok(call);
        return;
    }

    if (ngx_time() >= t->validated + NGX_SIMULCAST_TWITCH_VALIDATE) {
        ngx_simulcast_twitch_validate(call, ngx_simulcast_twitch_revalidated);
        return;
    }

    ngx_simulcast_twitch_streams(call);
}


static void
ngx_simulcast_twitch_revalidated(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    if (ngx_simulcast_twitch_valid(call, answer) != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    ngx_simulcast_twitch_streams(call);
}


static void
ngx_simulcast_twitch_streams(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_twitch_t        *t;
    ngx_simulcast_call_request_t   request;

    t = b->state;

    ngx_simulcast_twitch_request(call, &request, "GET", "streams?user_id=",
                                 t->user);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_twitch_polled);
}


static void
ngx_simulcast_twitch_polled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    int64_t                  viewers;
    const char              *text;
    ngx_simulcast_twitch_t  *t;

    t = b->state;

    if (answer->result.rc != NGX_OK) {

        if (answer->result.retry_after) {
            b->poll_after = ngx_max((ngx_msec_t) answer->result.retry_after
                                    * 1000, NGX_SIMULCAST_TWITCH_POLL);
        }

        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    (void) json_array_clear(b->issues);
    (void) json_array_extend(b->issues, b->notes);

    viewers = ngx_simulcast_answer_viewers(answer->json);

    if (viewers >= 0) {
        b->viewers = (ngx_int_t) viewers;
        b->health = NGX_SIMULCAST_HEALTH_HEALTHY;

        text = ngx_simulcast_answer_text(
                   json_array_get(json_object_get(answer->json, "data"), 0),
                   "started_at");
        if (text) {
            (void) json_object_set_new(b->details, "started_at",
                                       json_string(text));
        }

    } else {
        b->viewers = -1;
        b->health = NGX_SIMULCAST_HEALTH_UNKNOWN;

        if (viewers == NGX_DECLINED
            && ngx_time() > t->begun + NGX_SIMULCAST_TWITCH_OFFLINE
            && !ngx_simulcast_call_flag(call, "bandwidth_test", 0))
        {
            ngx_simulcast_answer_issue(b->issues, "",
                                       "Twitch does not show the stream");
        }
    }

    ngx_simulcast_call_ok(call);
}


static void
ngx_simulcast_twitch_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *path, const char *value)
{
    ngx_simulcast_call_request(call, request, method,
                               ngx_simulcast_call_base(call, 0, NULL),
                               "/helix/%s%s", path,
                               ngx_simulcast_call_escape(call, value));
    ngx_simulcast_call_bearer(request, "access_token");
}
