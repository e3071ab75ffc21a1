
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_cloudflare.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_health.h"


#define NGX_SIMULCAST_CLOUDFLARE_ID      65     /* bytes, NUL included */
#define NGX_SIMULCAST_CLOUDFLARE_NAME    100    /* characters */
#define NGX_SIMULCAST_CLOUDFLARE_POLL    30000  /* ms */
#define NGX_SIMULCAST_CLOUDFLARE_FIRST   10000  /* ms, to the first poll */
#define NGX_SIMULCAST_CLOUDFLARE_LIFE    4      /* polls for a lifecycle */

/* days that a recording may be kept */
#define NGX_SIMULCAST_CLOUDFLARE_MIN     30
#define NGX_SIMULCAST_CLOUDFLARE_MAX     1096


/* broadcast->state */

typedef struct {
    char        uid[NGX_SIMULCAST_CLOUDFLARE_ID];
    char        host[128];          /* of the customer; empty: not known */
    ngx_uint_t  polls;
    unsigned    changed:1;          /* by this prepare */
} ngx_simulcast_cloudflare_t;


static void ngx_simulcast_cloudflare_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_cloudflare_look(ngx_simulcast_call_t *call);
static void ngx_simulcast_cloudflare_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_cloudflare_create(ngx_simulcast_call_t *call);
static void ngx_simulcast_cloudflare_created(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_cloudflare_use(ngx_simulcast_call_t *call,
    ngx_simulcast_answer_input_t *input);
static void ngx_simulcast_cloudflare_prepared(ngx_simulcast_call_t *call);
static void ngx_simulcast_cloudflare_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_cloudflare_videos(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_cloudflare_views(ngx_simulcast_call_t *call);
static void ngx_simulcast_cloudflare_viewed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_cloudflare_life(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_cloudflare_playback(ngx_simulcast_broadcast_t *b,
    const char *hls, const char *dash);
static void ngx_simulcast_cloudflare_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *path, const char *tail);
static json_t *ngx_simulcast_cloudflare_settings(ngx_simulcast_call_t *call);
static int ngx_simulcast_cloudflare_low(ngx_simulcast_call_t *call);
static const char *ngx_simulcast_cloudflare_mode(ngx_simulcast_call_t *call);
static int64_t ngx_simulcast_cloudflare_days(ngx_simulcast_call_t *call);


void
ngx_simulcast_cloudflare_prepare(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char                     *uid;
    ngx_simulcast_cloudflare_t     *c;
    ngx_simulcast_destination_t    *d;
    ngx_simulcast_platform_conf_t  *conf;

    d = b->destination;
    conf = &ngx_simulcast_conf->platforms[NGX_SIMULCAST_CLOUDFLARE];

    if (conf->account_id.len == 0 || conf->api_token.len == 0) {
        ngx_simulcast_call_fail(call, NGX_ERROR, "not_configured",
                                "Cloudflare's account and API token are not "
                                "configured");
        return;
    }

    if (d->secret_state == NGX_SIMULCAST_SECRET_UNKNOWN_KEY
        || d->secret_state == NGX_SIMULCAST_SECRET_BROKEN)
    {
        ngx_simulcast_call_fail(call, NGX_DECLINED, "secret_unreadable",
                                "what is stored of the live input does not "
                                "open with the encryption key given");
        return;
    }

    if (b->state == NULL) {
        b->state = ngx_pcalloc(b->pool, sizeof(ngx_simulcast_cloudflare_t));

        if (b->state == NULL) {
            ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                    "out of memory");
            return;
        }
    }

    c = b->state;

    c->polls = 0;
    c->changed = 0;

    uid = ngx_simulcast_answer_word(d->secret, "live_input",
                                    NGX_SIMULCAST_CLOUDFLARE_ID - 1);

    if (uid) {
        ngx_cpystrn((u_char *) c->uid, (u_char *) uid, sizeof(c->uid));

    } else if (c->uid[0] == '\0') {
        ngx_simulcast_call_recall(call, ngx_simulcast_cloudflare_recalled);
        return;
    }

    ngx_simulcast_cloudflare_look(call);
}


static void
ngx_simulcast_cloudflare_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char                  *uid;
    ngx_simulcast_cloudflare_t  *c;

    c = b->state;

    uid = ngx_simulcast_answer_word(answer->json, "live_input",
                                    NGX_SIMULCAST_CLOUDFLARE_ID - 1);

    if (uid) {
        ngx_cpystrn((u_char *) c->uid, (u_char *) uid, sizeof(c->uid));
        ngx_simulcast_cloudflare_look(call);
        return;
    }

    ngx_simulcast_cloudflare_create(call);
}


static void
ngx_simulcast_cloudflare_look(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_cloudflare_t    *c;
    ngx_simulcast_call_request_t   request;

    c = b->state;

    ngx_simulcast_cloudflare_request(call, &request, "GET", c->uid, "");
    ngx_simulcast_call_send(call, &request, ngx_simulcast_cloudflare_looked);
}


static void
ngx_simulcast_cloudflare_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    int                            low;
    int64_t                        days;
    ngx_simulcast_cloudflare_t    *c;
    ngx_simulcast_call_request_t   request;
    ngx_simulcast_answer_input_t   input;

    c = b->state;

    if (answer->result.rc != NGX_OK) {

        if (answer->status == 404) {
            c->uid[0] = '\0';
            ngx_simulcast_cloudflare_create(call);
            return;
        }

        /* a push that has worked goes on when only the API does not */

        if (answer->result.rc == NGX_AGAIN && b->url.len) {
            ngx_simulcast_call_ok(call);
            return;
        }

        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (ngx_simulcast_answer_input(answer->json, &input) != NGX_OK
        || input.url == NULL || input.key == NULL)
    {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "Cloudflare's answer cannot be understood");
        return;
    }

    days = ngx_simulcast_cloudflare_days(call);

    low = ngx_simulcast_cloudflare_low(call);

    if (!c->changed
        && (!input.enabled || (days && days != input.delete_after)
            || (low >= 0 && input.low_latency >= 0 && low != input.low_latency)
            || (input.mode
                && ngx_strcmp(input.mode, ngx_simulcast_cloudflare_mode(call))
                   != 0)))
    {
        c->changed = 1;

        ngx_simulcast_cloudflare_request(call, &request, "PUT", c->uid, "");
        ngx_simulcast_call_json(call, &request,
                                ngx_simulcast_cloudflare_settings(call));
        ngx_simulcast_call_send(call, &request,
                                ngx_simulcast_cloudflare_looked);
        return;
    }

    ngx_simulcast_cloudflare_use(call, &input);
}


static void
ngx_simulcast_cloudflare_create(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_request_t  request;

    ngx_simulcast_cloudflare_request(call, &request, "POST", NULL, "");
    ngx_simulcast_call_json(call, &request,
                            ngx_simulcast_cloudflare_settings(call));

    ngx_simulcast_call_send(call, &request, ngx_simulcast_cloudflare_created);
}


static void
ngx_simulcast_cloudflare_created(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_cloudflare_t    *c;
    ngx_simulcast_answer_input_t   input;

    c = b->state;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (ngx_simulcast_answer_input(answer->json, &input) != NGX_OK
        || input.url == NULL || input.key == NULL)
    {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "Cloudflare's answer cannot be understood");
        return;
    }

    ngx_cpystrn((u_char *) c->uid, (u_char *) input.uid, sizeof(c->uid));

    ngx_simulcast_cloudflare_use(call, &input);
}


static void
ngx_simulcast_cloudflare_use(ngx_simulcast_call_t *call,
    ngx_simulcast_answer_input_t *input)
{
    ngx_simulcast_broadcast_t *b = call->data;

    size_t                       len;
    int64_t                      days;
    const char                  *mode, *uid;
    ngx_simulcast_cloudflare_t  *c;

    c = b->state;
    mode = ngx_simulcast_cloudflare_mode(call);
    days = ngx_simulcast_cloudflare_days(call);

    /* what it does not understand is left out of an answer of 200 */

    if (input->mode && ngx_strcmp(input->mode, mode) != 0) {
        ngx_simulcast_answer_issue(b->notes, "Recording mode",
                                   "Cloudflare has not taken it");
    }

    if (days && input->delete_after != days) {
        ngx_simulcast_answer_issue(b->notes, "Deletion of recordings",
                                   "Cloudflare has not taken the number of "
                                   "days");
    }

    len = ngx_strlen(input->url);

    while (len && input->url[len - 1] == '/') {
        len--;
    }

    ngx_simulcast_call_set(b->pool, &b->url, input->url, len);
    ngx_simulcast_call_set(b->pool, &b->key, input->key,
                           ngx_strlen(input->key));

    ngx_cpystrn((u_char *) c->host, (u_char *) input->host, sizeof(c->host));

    uid = ngx_simulcast_call_secret(call, "live_input");

    if (uid && ngx_strcmp(uid, c->uid) == 0) {
        ngx_simulcast_cloudflare_prepared(call);
        return;
    }

    ngx_simulcast_call_remember(call, json_pack("{s:s}", "live_input",
                                                c->uid));

    if (ngx_simulcast_conf->ring == NULL) {
        ngx_simulcast_cloudflare_prepared(call);
        return;
    }

    ngx_simulcast_call_keep(call, json_pack("{s:s}", "live_input", c->uid),
                            ngx_simulcast_cloudflare_prepared);
}


static void
ngx_simulcast_cloudflare_prepared(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    char                         hls[256], dash[256];
    const char                  *mode;
    ngx_simulcast_cloudflare_t  *c;

    c = b->state;
    mode = ngx_simulcast_cloudflare_mode(call);

    (void) json_object_set_new(b->details, "live_input", json_string(c->uid));
    (void) json_object_set_new(b->details, "recording_mode",
                               json_string(mode));

    /* without a recording nothing is played either */

    if (c->host[0] && ngx_strcmp(mode, "off") != 0) {
        (void) ngx_snprintf((u_char *) hls, sizeof(hls),
                            "%s/%s/manifest/video.m3u8%Z", c->host, c->uid);
        (void) ngx_snprintf((u_char *) dash, sizeof(dash),
                            "%s/%s/manifest/video.mpd%Z", c->host, c->uid);

        ngx_simulcast_cloudflare_playback(b, hls, dash);
    }

    (void) json_array_extend(b->issues, b->notes);

    b->poll_after = NGX_SIMULCAST_CLOUDFLARE_FIRST;

    ngx_simulcast_call_ok(call);
}


/* ---- now and then ---- */

void
ngx_simulcast_cloudflare_poll(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_cloudflare_t    *c;
    ngx_simulcast_call_request_t   request;

    c = b->state;

    if (c == NULL || c->uid[0] == '\0') {
        b->poll_after = 0;
        ngx_simulcast_call_ok(call);
        return;
    }

    b->poll_after = NGX_SIMULCAST_CLOUDFLARE_POLL;
    c->polls++;

    ngx_simulcast_cloudflare_request(call, &request, "GET", c->uid, "");
    ngx_simulcast_call_send(call, &request, ngx_simulcast_cloudflare_seen);
}


static void
ngx_simulcast_cloudflare_seen(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_cloudflare_t    *c;
    ngx_simulcast_call_request_t   request;
    ngx_simulcast_answer_input_t   input;

    c = b->state;

    if (answer->result.rc != NGX_OK) {

        if (answer->status == 404) {
            b->ended = 1;
        }

        if (answer->result.retry_after) {
            b->poll_after = ngx_max((ngx_msec_t) answer->result.retry_after
                                    * 1000, NGX_SIMULCAST_CLOUDFLARE_POLL);
        }

        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    (void) json_array_clear(b->issues);
    (void) json_array_extend(b->issues, b->notes);

    if (ngx_simulcast_answer_input(answer->json, &input) != NGX_OK) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "Cloudflare's answer cannot be understood");
        return;
    }

    b->health = ngx_simulcast_answer_input_health(input.state);

    if (input.state) {
        (void) json_object_set_new(b->details, "state",
                                   json_string(input.state));
    }

    if (input.error) {
        ngx_simulcast_answer_issue(b->issues, "Cloudflare", input.error);

    } else if (b->health >= NGX_SIMULCAST_HEALTH_DEGRADED) {
        ngx_simulcast_answer_issue(b->issues, "Cloudflare", input.state);
    }

    if (!input.enabled) {
        ngx_simulcast_answer_issue(b->issues, "Cloudflare",
                                   "the live input is disabled");
    }

    if (c->host[0] == '\0' && input.mode
        && ngx_strcmp(input.mode, "off") != 0)
    {
        ngx_simulcast_cloudflare_request(call, &request, "GET", c->uid,
                                         "/videos");
        ngx_simulcast_call_send(call, &request,
                                ngx_simulcast_cloudflare_videos);
        return;
    }

    ngx_simulcast_cloudflare_views(call);
}


/* the customer's host, where the live input does not tell it */

static void
ngx_simulcast_cloudflare_videos(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                      *playback;
    size_t                       len;
    const char                  *hls, *dash, *end;
    ngx_simulcast_cloudflare_t  *c;

    c = b->state;

    playback = json_object_get(
                   json_array_get(json_object_get(answer->json, "result"), 0),
                   "playback");

    hls = ngx_simulcast_answer_word(playback, "hls", 255);
    dash = ngx_simulcast_answer_word(playback, "dash", 255);

    if (answer->result.rc == NGX_OK && hls
        && ngx_strncmp(hls, "https://", 8) == 0)
    {
        end = ngx_strchr(hls + 8, '/');
        len = end ? (size_t) (end - hls) : 0;

        if (len && len < sizeof(c->host)) {
            ngx_memcpy(c->host, hls, len);
            c->host[len] = '\0';
        }

        ngx_simulcast_cloudflare_playback(b, hls, dash);
    }

    ngx_simulcast_cloudflare_views(call);
}


static void
ngx_simulcast_cloudflare_views(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char                    *base;
    ngx_simulcast_cloudflare_t    *c;
    ngx_simulcast_call_request_t   request;

    c = b->state;

    /* the customer's host needs no token, and gets none */

    base = ngx_simulcast_call_base(call, 0, c->host);

    if (base[0] == '\0') {
        ngx_simulcast_call_ok(call);
        return;
    }

    ngx_simulcast_call_request(call, &request, "GET", base, "/%s/views",
                               ngx_simulcast_call_escape(call, c->uid));
    ngx_simulcast_call_send(call, &request, ngx_simulcast_cloudflare_viewed);
}


static void
ngx_simulcast_cloudflare_viewed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    int64_t                        viewers;
    ngx_simulcast_cloudflare_t    *c;
    ngx_simulcast_call_request_t   request;

    c = b->state;

    viewers = answer->result.rc == NGX_OK
              ? ngx_simulcast_answer_number(answer->json, "liveViewers") : -1;

    b->viewers = viewers >= 0 ? (ngx_int_t) viewers : -1;

    if (c->polls % NGX_SIMULCAST_CLOUDFLARE_LIFE != 1) {
        ngx_simulcast_call_ok(call);
        return;
    }

    ngx_simulcast_call_request(call, &request, "GET",
                               ngx_simulcast_call_base(call, 0, c->host),
                               "/%s/lifecycle",
                               ngx_simulcast_call_escape(call, c->uid));
    ngx_simulcast_call_send(call, &request, ngx_simulcast_cloudflare_life);
}


static void
ngx_simulcast_cloudflare_life(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    const char  *uid;

    uid = ngx_simulcast_answer_word(answer->json, "videoUID", 64);

    if (answer->result.rc == NGX_OK && uid) {
        (void) json_object_set_new(b->details, "video_uid", json_string(uid));
    }

    ngx_simulcast_call_ok(call);
}


static void
ngx_simulcast_cloudflare_playback(ngx_simulcast_broadcast_t *b,
    const char *hls, const char *dash)
{
    ngx_simulcast_call_set(b->pool, &b->playback_url, hls, ngx_strlen(hls));

    (void) json_object_set_new(b->details, "hls_url", json_string(hls));

    if (dash) {
        (void) json_object_set_new(b->details, "dash_url", json_string(dash));
    }
}


/* of live inputs, or of one */

static void
ngx_simulcast_cloudflare_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *uid, const char *tail)
{
    u_char                         *p;
    ngx_str_t                       account;
    ngx_simulcast_platform_conf_t  *conf;

    conf = &ngx_simulcast_conf->platforms[NGX_SIMULCAST_CLOUDFLARE];
    account = conf->account_id;

    p = ngx_pnalloc(call->pool, account.len + 1);

    if (p) {
        ngx_cpystrn(p, account.data, account.len + 1);
    }

    ngx_simulcast_call_request(call, request, method,
                               ngx_simulcast_call_base(call, 0, NULL),
                               "/client/v4/accounts/%s/stream/live_inputs"
                               "%s%s%s",
                               p ? ngx_simulcast_call_escape(call, (char *) p)
                                 : "",
                               uid ? "/" : "",
                               uid ? ngx_simulcast_call_escape(call, uid) : "",
                               tail);

    request->scheme = "Bearer";
    request->token = conf->api_token;
}


static json_t *
ngx_simulcast_cloudflare_settings(ngx_simulcast_call_t *call)
{
    int       low;
    json_t   *json;
    int64_t   days;

    json = json_pack("{s:{s:s},s:b,s:{s:s}}",
                     "meta", "name",
                         ngx_simulcast_call_title(call,
                             NGX_SIMULCAST_CLOUDFLARE_NAME, NULL),
                     "enabled", 1,
                     "recording", "mode", ngx_simulcast_cloudflare_mode(call));

    /* inside of "recording" it would be ignored without a word */

    days = ngx_simulcast_cloudflare_days(call);

    if (days) {
        (void) json_object_set_new(json, "deleteRecordingAfterDays",
                                   json_integer(days));
    }

    low = ngx_simulcast_cloudflare_low(call);

    if (low >= 0) {
        (void) json_object_set_new(json, "preferLowLatency",
                                   json_boolean(low));
    }

    return json;
}


/* -1: nothing is wished */

static int
ngx_simulcast_cloudflare_low(ngx_simulcast_call_t *call)
{
    const char  *latency;

    latency = ngx_simulcast_call_setting(call, "latency");

    return latency ? ngx_strcmp(latency, "normal") != 0 : -1;
}


/* one that records is one that can be played */

static const char *
ngx_simulcast_cloudflare_mode(ngx_simulcast_call_t *call)
{
    const char  *mode;

    mode = ngx_simulcast_call_setting(call, "recording_mode");

    return mode && ngx_strcmp(mode, "off") == 0 ? "off" : "automatic";
}


static int64_t
ngx_simulcast_cloudflare_days(ngx_simulcast_call_t *call)
{
    int64_t  days;

    days = ngx_simulcast_answer_number(
               json_object_get((*call->destination)->record, "settings"),
               "delete_recording_after_days");

    return days >= NGX_SIMULCAST_CLOUDFLARE_MIN
           && days <= NGX_SIMULCAST_CLOUDFLARE_MAX ? days : 0;
}
