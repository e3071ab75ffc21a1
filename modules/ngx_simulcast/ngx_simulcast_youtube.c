
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_youtube.h"
#include "ngx_simulcast_answer.h"
#include "ngx_simulcast_moment.h"


#define NGX_SIMULCAST_YOUTUBE_DESCRIPTION  5000     /* bytes */
#define NGX_SIMULCAST_YOUTUBE_AGAIN        3000     /* ms, before a refusal is
                                                       believed */


static void ngx_simulcast_youtube_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_look(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_change(ngx_simulcast_call_t *call,
    const char *start);
static void ngx_simulcast_youtube_changed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_insert(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_inserted(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_stream(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_streamed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_bind(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_bound(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_undo(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_youtube_undone(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_copy(char *dst, const char *src);
static const char *ngx_simulcast_youtube_one_of(const char *value,
    const char **values);


static const char  *ngx_simulcast_youtube_privacy[] = {
    "public", "unlisted", "private", NULL
};


static const char  *ngx_simulcast_youtube_latency[] = {
    "normal", "low", "ultraLow", NULL
};


void
ngx_simulcast_youtube_prepare(ngx_simulcast_call_t *call)
{
    ngx_simulcast_youtube_t  *y;

    y = ngx_simulcast_youtube_state(call);

    if (y == NULL) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                "out of memory");
        return;
    }

    y->made_broadcast = 0;
    y->made_stream = 0;
    y->changed = 0;
    y->retried = 0;
    y->live = 0;
    y->bound = 0;
    y->begun = 0;
    y->active = 0;
    y->polls = 0;
    y->tries = 0;

    if (y->broadcast[0] == '\0' && y->stream[0] == '\0') {
        ngx_simulcast_call_recall(call, ngx_simulcast_youtube_recalled);
        return;
    }

    ngx_simulcast_youtube_look(call);
}


static void
ngx_simulcast_youtube_recalled(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_known(b->state, answer->json);
    ngx_simulcast_youtube_look(call);
}


/* what there is already: one of an earlier attempt, or of another worker */

static void
ngx_simulcast_youtube_look(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    if (y->broadcast[0] == '\0') {
        ngx_simulcast_youtube_insert(call);
        return;
    }

    ngx_simulcast_youtube_request(call, &request, "GET",
                   "liveBroadcasts?part=id,snippet,status,contentDetails&id=",
                   y->broadcast);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_looked);
}


static void
ngx_simulcast_youtube_looked(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_int_t                          rc;
    ngx_simulcast_youtube_t           *y;
    ngx_simulcast_answer_broadcast_t   found;

    y = b->state;

    if (answer->result.rc != NGX_OK
        && ngx_strcmp(answer->result.code, "broadcast_gone") != 0)
    {
        /* a push that has worked goes on when only the API does not */

        if (answer->result.rc == NGX_AGAIN && b->url.len) {
            ngx_simulcast_call_ok(call);
            return;
        }

        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    rc = answer->result.rc == NGX_OK
         ? ngx_simulcast_answer_broadcast(answer->json, &found)
         : NGX_DECLINED;

    if (rc == NGX_ERROR) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "YouTube's answer cannot be understood");
        return;
    }

    if (rc == NGX_DECLINED
        || ngx_strcmp(found.lifecycle, "complete") == 0
        || ngx_strcmp(found.lifecycle, "revoked") == 0)
    {
        y->broadcast[0] = '\0';
        ngx_simulcast_youtube_insert(call);
        return;
    }

    y->live = (ngx_strcmp(found.lifecycle, "live") == 0);

    if (found.bound) {
        ngx_simulcast_youtube_copy(y->stream, found.bound);
        y->bound = 1;
    }

    if (found.title) {
        (void) json_object_set_new(b->details, "title",
                                   json_string(found.title));
    }

    if (found.privacy) {
        (void) json_object_set_new(b->details, "privacy",
                                   json_string(found.privacy));
    }

    if (y->wishes && y->wishes != ngx_simulcast_call_wishes(call)
        && found.start)
    {
        ngx_simulcast_youtube_change(call, found.start);
        return;
    }

    ngx_simulcast_youtube_stream(call);
}


/* what has been made, and is perhaps on air, follows the settings */

static void
ngx_simulcast_youtube_change(ngx_simulcast_call_t *call, const char *start)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                        *json;
    const char                    *title, *privacy;
    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    title = ngx_simulcast_call_title(call, NGX_SIMULCAST_YOUTUBE_TITLE,
                                     NGX_SIMULCAST_YOUTUBE_WITHOUT);

    privacy = ngx_simulcast_youtube_one_of(
                  ngx_simulcast_call_setting(call, "privacy"),
                  ngx_simulcast_youtube_privacy);

    /* what is not sent again of a part would be reset */

    json = json_pack("{s:s,s:{s:s,s:s,s:s},s:{s:s,s:b}}",
                     "id", y->broadcast,
                     "snippet",
                         "title", title,
                         "description",
                             ngx_simulcast_youtube_description(call),
                         "scheduledStartTime", start,
                     "status",
                         "privacyStatus", privacy,
                         "selfDeclaredMadeForKids", 0);

    ngx_simulcast_youtube_request(call, &request, "PUT",
                                  "liveBroadcasts?part=id,snippet,status",
                                  NULL);
    ngx_simulcast_call_json(call, &request, json);

    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_changed);
}


static void
ngx_simulcast_youtube_changed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t           *y;
    ngx_simulcast_answer_broadcast_t   now;

    y = b->state;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_answer_issue(b->notes, "Title and privacy",
                                   answer->result.message);
        ngx_simulcast_youtube_stream(call);
        return;
    }

    y->changed = 1;
    y->wishes = ngx_simulcast_call_wishes(call);

    if (ngx_simulcast_answer_broadcast(answer->json, &now) == NGX_OK) {

        if (now.title) {
            (void) json_object_set_new(b->details, "title",
                                       json_string(now.title));
        }

        if (now.privacy) {
            (void) json_object_set_new(b->details, "privacy",
                                       json_string(now.privacy));
        }
    }

    ngx_simulcast_youtube_stream(call);
}


static void
ngx_simulcast_youtube_insert(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    char                           start[NGX_SIMULCAST_MOMENT];
    json_t                        *json;
    const char                    *title, *privacy;
    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    y->live = 0;
    y->bound = 0;
    y->wishes = ngx_simulcast_call_wishes(call);
    y->scheduled = ngx_simulcast_call_scheduled(call);

    title = ngx_simulcast_call_title(call, NGX_SIMULCAST_YOUTUBE_TITLE,
                                     NGX_SIMULCAST_YOUTUBE_WITHOUT);

    privacy = ngx_simulcast_youtube_one_of(
                  ngx_simulcast_call_setting(call, "privacy"),
                  ngx_simulcast_youtube_privacy);

    if (ngx_simulcast_moment_print(y->scheduled ? y->scheduled : ngx_time(),
                                   start)
        == NULL)
    {
        ngx_simulcast_call_fail(call, NGX_ERROR, "setting_refused",
                                "the scheduled start is out of range");
        return;
    }

    /*
     * One that is scheduled is not to begin with the media, and without a
     * monitor stream it goes live from where it stands
     */

    json = json_pack("{s:{s:s,s:s,s:s},s:{s:s,s:b},"
                     "s:{s:b,s:b,s:b,s:b,s:b,s:s,s:{s:b}}}",
                     "snippet",
                         "title", title,
                         "description",
                             ngx_simulcast_youtube_description(call),
                         "scheduledStartTime", start,
                     "status",
                         "privacyStatus", privacy,
                         "selfDeclaredMadeForKids", 0,
                     "contentDetails",
                         "enableAutoStart", y->scheduled == 0,
                         "enableAutoStop", 1,
                         "enableDvr",
                             (int) ngx_simulcast_call_flag(call, "dvr", 1),
                         "enableContentEncryption",
                             (int) ngx_simulcast_call_flag(call,
                                                     "content_encryption", 0),
                         "recordFromStart", 1,
                         "latencyPreference",
                             ngx_simulcast_youtube_one_of(
                                 ngx_simulcast_call_setting(call, "latency"),
                                 ngx_simulcast_youtube_latency),
                         "monitorStream", "enableMonitorStream", 0);

    (void) json_object_set_new(b->details, "title", json_string(title));
    (void) json_object_set_new(b->details, "privacy", json_string(privacy));

    if (y->scheduled) {
        (void) json_object_set_new(b->details, "scheduled_start",
                                   json_string(start));
    } else {
        (void) json_object_del(b->details, "scheduled_start");
    }

    ngx_simulcast_youtube_request(call, &request, "POST",
                        "liveBroadcasts?part=id,snippet,status,contentDetails",
                        NULL);
    ngx_simulcast_call_json(call, &request, json);

    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_inserted);
}


static void
ngx_simulcast_youtube_inserted(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t           *y;
    ngx_simulcast_answer_broadcast_t   made;

    y = b->state;

    if (answer->result.rc != NGX_OK) {

        /* this refusal may be spurious */

        if (!y->retried
            && ngx_strcmp(answer->result.code, "live_not_enabled") == 0)
        {
            y->retried = 1;
            ngx_simulcast_call_later(call, NGX_SIMULCAST_YOUTUBE_AGAIN,
                                     ngx_simulcast_youtube_insert);
            return;
        }

        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    if (ngx_simulcast_answer_broadcast(answer->json, &made) != NGX_OK) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "YouTube's answer cannot be understood");
        return;
    }

    ngx_simulcast_youtube_copy(y->broadcast, made.id);
    y->made_broadcast = 1;

    ngx_simulcast_youtube_stream(call);
}


static void
ngx_simulcast_youtube_stream(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                        *json;
    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    if (y->stream[0]) {
        ngx_simulcast_youtube_request(call, &request, "GET",
                                      "liveStreams?part=id,cdn,status&id=",
                                      y->stream);
        ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_streamed);
        return;
    }

    json = json_pack("{s:{s:s},s:{s:s,s:s,s:s},s:{s:b}}",
                     "snippet", "title",
                         ngx_simulcast_call_title(call,
                             NGX_SIMULCAST_YOUTUBE_TITLE,
                             NGX_SIMULCAST_YOUTUBE_WITHOUT),
                     "cdn",
                         "ingestionType", "rtmp",
                         "resolution", "variable",
                         "frameRate", "variable",
                     "contentDetails", "isReusable", 1);

    ngx_simulcast_youtube_request(call, &request, "POST",
                        "liveStreams?part=id,snippet,cdn,contentDetails,status",
                        NULL);
    ngx_simulcast_call_json(call, &request, json);

    y->made_stream = 1;

    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_streamed);
}


static void
ngx_simulcast_youtube_streamed(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_int_t                         rc;
    ngx_simulcast_youtube_t          *y;
    ngx_simulcast_answer_stream_t     stream;
    ngx_simulcast_platform_result_t   result;

    y = b->state;

    if (answer->result.rc != NGX_OK) {

        if (y->made_stream) {
            y->made_stream = 0;

        } else if (ngx_strcmp(answer->result.code, "broadcast_gone") == 0) {
            y->stream[0] = '\0';
            y->bound = 0;
            ngx_simulcast_youtube_stream(call);
            return;
        }

        ngx_simulcast_youtube_undo(call, &answer->result);
        return;
    }

    rc = ngx_simulcast_answer_stream(answer->json, &stream);

    if (rc == NGX_DECLINED && !y->made_stream) {

        /* a stream that is not there any more: the broadcast gets another */

        y->stream[0] = '\0';
        y->bound = 0;
        ngx_simulcast_youtube_stream(call);
        return;
    }

    if (rc == NGX_OK && y->made_stream) {
        ngx_simulcast_youtube_copy(y->stream, stream.id);
    }

    if (rc != NGX_OK || stream.url == NULL || stream.key == NULL) {

        if (rc != NGX_OK) {
            y->made_stream = 0;
        }

        ngx_simulcast_answer_set(&result, NGX_AGAIN, "platform_answer",
                                 "YouTube's answer cannot be understood");
        ngx_simulcast_youtube_undo(call, &result);
        return;
    }

    ngx_simulcast_call_set(b->pool, &b->url, stream.url,
                           ngx_strlen(stream.url));
    ngx_simulcast_call_set(b->pool, &b->key, stream.key,
                           ngx_strlen(stream.key));

    ngx_simulcast_youtube_bind(call);
}


static void
ngx_simulcast_youtube_bind(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    char                           path[NGX_SIMULCAST_YOUTUBE_ID * 3 + 64];
    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    if (y->bound) {

        if (y->changed) {
            ngx_simulcast_youtube_video(call);

        } else {
            ngx_simulcast_youtube_prepared(call);
        }

        return;
    }

    (void) ngx_snprintf((u_char *) path, sizeof(path),
                        "liveBroadcasts/bind?part=id,contentDetails"
                        "&streamId=%s&id=%Z",
                        ngx_simulcast_call_escape(call, y->stream));

    /* the parameters are in the URL; the body is empty, and has a length */

    ngx_simulcast_youtube_request(call, &request, "POST", path, y->broadcast);
    ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_bound);
}


static void
ngx_simulcast_youtube_bound(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t  *y;

    y = b->state;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_youtube_undo(call, &answer->result);
        return;
    }

    y->bound = 1;

    if (y->made_broadcast || y->changed) {
        ngx_simulcast_youtube_video(call);

    } else {
        ngx_simulcast_youtube_prepared(call);
    }
}


void
ngx_simulcast_youtube_prepared(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    size_t                    len;
    u_char                    buf[NGX_SIMULCAST_YOUTUBE_ID + 64];
    ngx_simulcast_youtube_t  *y;

    y = b->state;

    len = ngx_sprintf(buf, "https://www.youtube.com/watch?v=%s", y->broadcast)
          - buf;

    ngx_simulcast_call_set(b->pool, &b->playback_url, (const char *) buf, len);

    (void) json_object_set_new(b->details, "broadcast_id",
                               json_string(y->broadcast));

    (void) json_array_extend(b->issues, b->notes);

    b->poll_after = NGX_SIMULCAST_YOUTUBE_PAUSE;

    if (y->made_broadcast || y->made_stream || y->changed) {
        ngx_simulcast_youtube_remember(call);
    }

    ngx_simulcast_call_ok(call);
}


/* what was created for nothing is deleted, the broadcast before its stream */

static void
ngx_simulcast_youtube_undo(ngx_simulcast_call_t *call,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    y->failure = *result;

    if (y->made_broadcast) {
        y->made_broadcast = 0;

        ngx_simulcast_youtube_request(call, &request, "DELETE",
                                      "liveBroadcasts?id=", y->broadcast);
        y->broadcast[0] = '\0';

        ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_undone);
        return;
    }

    if (y->made_stream) {
        y->made_stream = 0;

        ngx_simulcast_youtube_request(call, &request, "DELETE",
                                      "liveStreams?id=", y->stream);
        y->stream[0] = '\0';

        ngx_simulcast_call_send(call, &request, ngx_simulcast_youtube_undone);
        return;
    }

    /* without these nobody pushes */

    ngx_str_null(&b->url);
    ngx_str_null(&b->key);

    ngx_simulcast_call_end(call, &y->failure);
}


static void
ngx_simulcast_youtube_undone(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    ngx_simulcast_youtube_t          *y;
    ngx_simulcast_platform_result_t   result;

    y = b->state;
    result = y->failure;

    if (answer->result.rc != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "simulcast: what was created at YouTube for destination "
                      "%s could not be deleted: %s", b->destination->id,
                      answer->result.code);
    }

    ngx_simulcast_youtube_undo(call, &result);
}


/* ---- what both halves need ---- */

void
ngx_simulcast_youtube_request(ngx_simulcast_call_t *call,
    ngx_simulcast_call_request_t *request, const char *method,
    const char *path, const char *id)
{
    ngx_simulcast_call_request(call, request, method,
                               ngx_simulcast_call_base(call, 0, NULL),
                               "/youtube/v3/%s%s", path,
                               id ? ngx_simulcast_call_escape(call, id) : "");
    ngx_simulcast_call_bearer(request, "access_token");
}


void
ngx_simulcast_youtube_transition(ngx_simulcast_call_t *call,
    const char *status, ngx_simulcast_call_answer_pt step)
{
    ngx_simulcast_broadcast_t *b = call->data;

    char                           path[128];
    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    (void) ngx_snprintf((u_char *) path, sizeof(path),
                        "liveBroadcasts/transition?part=id,status"
                        "&broadcastStatus=%s&id=%Z", status);

    ngx_simulcast_youtube_request(call, &request, "POST", path, y->broadcast);
    ngx_simulcast_call_send(call, &request, step);
}


ngx_simulcast_youtube_t *
ngx_simulcast_youtube_state(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    if (b->state == NULL) {
        b->state = ngx_pcalloc(b->pool, sizeof(ngx_simulcast_youtube_t));
    }

    return b->state;
}


void
ngx_simulcast_youtube_known(ngx_simulcast_youtube_t *y, json_t *json)
{
    int64_t      scheduled, wishes;
    const char  *id;

    id = ngx_simulcast_answer_word(json, "broadcast",
                                   NGX_SIMULCAST_YOUTUBE_ID - 1);

    if (id && y->broadcast[0] == '\0') {
        ngx_simulcast_youtube_copy(y->broadcast, id);
    }

    id = ngx_simulcast_answer_word(json, "stream",
                                   NGX_SIMULCAST_YOUTUBE_ID - 1);

    if (id && y->stream[0] == '\0') {
        ngx_simulcast_youtube_copy(y->stream, id);
    }

    scheduled = ngx_simulcast_answer_number(json, "scheduled");

    if (scheduled > 0) {
        y->scheduled = scheduled;
    }

    wishes = ngx_simulcast_answer_number(json, "wishes");

    if (wishes > 0) {
        y->wishes = (uint32_t) wishes;
    }
}


void
ngx_simulcast_youtube_remember(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                   *json;
    ngx_simulcast_youtube_t  *y;

    y = b->state;

    json = json_object();

    if (y->broadcast[0]) {
        (void) json_object_set_new(json, "broadcast",
                                   json_string(y->broadcast));
        (void) json_object_set_new(json, "wishes", json_integer(y->wishes));
    }

    if (y->stream[0]) {
        (void) json_object_set_new(json, "stream", json_string(y->stream));
    }

    if (y->broadcast[0] && y->scheduled) {
        (void) json_object_set_new(json, "scheduled",
                                   json_integer(y->scheduled));
    }

    ngx_simulcast_call_remember(call, json);
}


static void
ngx_simulcast_youtube_copy(char *dst, const char *src)
{
    ngx_cpystrn((u_char *) dst, (u_char *) src, NGX_SIMULCAST_YOUTUBE_ID);
}


/* the value, if it is one of those, or the first of them */

static const char *
ngx_simulcast_youtube_one_of(const char *value, const char **values)
{
    ngx_uint_t  i;

    for (i = 0; value && values[i]; i++) {
        if (ngx_strcmp(values[i], value) == 0) {
            return values[i];
        }
    }

    return values[0];
}


char *
ngx_simulcast_youtube_description(ngx_simulcast_call_t *call)
{
    char        *p;
    const char  *text;

    text = ngx_simulcast_call_setting(call, "description");
    p = ngx_pnalloc(call->pool, NGX_SIMULCAST_YOUTUBE_DESCRIPTION + 1);

    if (text == NULL || p == NULL) {
        return "";
    }

    /* as many bytes as characters, to be on the safe side */

    (void) ngx_simulcast_form_lines(p, NGX_SIMULCAST_YOUTUBE_DESCRIPTION + 1,
                                    text, NGX_SIMULCAST_YOUTUBE_DESCRIPTION,
                                    NGX_SIMULCAST_YOUTUBE_WITHOUT);

    return p;
}
