
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: what the platforms' APIs answer. Strings in the
 * structures point into the JSON and live as long as it does. They are NULL
 * when they are absent, of another type, too long, or hold what does not belong
 * there: an id, a key or a token that goes into a URL or a header is of
 * printable ASCII without blanks.
 */


#ifndef _NGX_SIMULCAST_ANSWER_H_INCLUDED_
#define _NGX_SIMULCAST_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "ngx_simulcast_platform.h"


#define NGX_SIMULCAST_ANSWER_WORD    4096       /* bytes of an id, key, token */
#define NGX_SIMULCAST_ANSWER_ISSUES  8
#define NGX_SIMULCAST_ANSWER_ISSUE   160        /* bytes, NUL included */


typedef struct {
    const char  *access;
    const char  *refresh;           /* NULL: keep the one there is */
    int64_t      expires_in;        /* s; 0: not said, or never */
    char         scope[512];        /* words with one blank between */
} ngx_simulcast_answer_token_t;


typedef struct {
    const char  *id;
    const char  *lifecycle;         /* "created", ..., "" when not said */
    const char  *bound;             /* the stream's id */
    const char  *title;             /* any text */
    const char  *privacy;
    const char  *start;             /* that it was announced for */
} ngx_simulcast_answer_broadcast_t;


typedef struct {
    const char  *id;
    const char  *url;               /* of RTMPS, else of RTMP */
    const char  *key;
    const char  *status;            /* "active", ..., "" when not said */
    ngx_uint_t   health;            /* ngx_simulcast_health_e */
} ngx_simulcast_answer_stream_t;


typedef struct {
    const char  *id;
    const char  *login;
    const char  *name;              /* any text */
} ngx_simulcast_answer_user_t;


typedef struct {
    const char  *id;
    const char  *url;               /* whole, with the key */
    const char  *status;            /* "UNPUBLISHED", ..., "" when not said */
    const char  *permalink;         /* a path or a URL */
    const char  *embed;             /* HTML, any text */
    const char  *video;
    int64_t      viewers;           /* -1: not said */
    int64_t      seconds_left;      /* -1: not said */
    double       bitrate;           /* bit/s of the video that it receives */
    double       fps;
    ngx_uint_t   ingests;           /* streams that it knows of */
} ngx_simulcast_answer_live_t;


typedef struct {
    const char  *uid;
    const char  *url;
    const char  *key;
    const char  *mode;              /* of the recording */
    const char  *state;             /* "connected", ...; NULL: none yet */
    const char  *error;             /* "ERR_GOP_OUT_OF_RANGE"; NULL: none */
    int64_t      delete_after;      /* days; 0: not said */
    int          low_latency;       /* -1: not said */
    ngx_uint_t   enabled;
    char         host[128];         /* "https://customer-X...", without a
                                       path; empty: not said */
} ngx_simulcast_answer_input_t;


#pragma GCC visibility push(hidden)

/* ---- how it ended ---- */

/* the message is made printable, cut, and rid of what looks like a token */
void ngx_simulcast_answer_set(ngx_simulcast_platform_result_t *result,
    ngx_int_t rc, const char *code, const char *message);

/* "***" in place of a secret in the message */
void ngx_simulcast_answer_mask(ngx_simulcast_platform_result_t *result,
    ngx_str_t *secret);

/*
 * Of a call of an API: status 0 is no answer, `error` then says why. now:
 * seconds since the epoch; retry_after: as the answer gave it, s, or 0. A body
 * that is not JSON is no error of a 2xx: the caller knows whether it wants one.
 */
void ngx_simulcast_answer_result(ngx_uint_t platform, ngx_uint_t status,
    json_t *json, const char *error, ngx_uint_t retry_after, int64_t now,
    ngx_simulcast_platform_result_t *result);

/* the same of a token endpoint; nothing that it says gets into the message */
void ngx_simulcast_answer_grant(ngx_uint_t platform, ngx_uint_t status,
    json_t *json, const char *error, ngx_uint_t retry_after,
    ngx_simulcast_platform_result_t *result);

/* the status by which the API passes it on */
ngx_uint_t ngx_simulcast_answer_http(ngx_simulcast_platform_result_t *result);

/* Google's errors[0].reason; "" when there is none */
const char *ngx_simulcast_answer_reason(json_t *json);


/* ---- pieces ---- */

/* a string of printable ASCII without blanks, of 1 to max bytes, or NULL */
const char *ngx_simulcast_answer_word(json_t *object, const char *name,
    size_t max);

/* any text, or NULL */
const char *ngx_simulcast_answer_text(json_t *object, const char *name);

/* a number, also when it is written as a string; NGX_ERROR: there is none */
int64_t ngx_simulcast_answer_number(json_t *object, const char *name);

/* appends a line for people, unless there are enough or it is there already */
void ngx_simulcast_answer_issue(json_t *issues, const char *title,
    const char *text);

/* a path of names, "status.current.state"; NULL: there is no such thing */
json_t *ngx_simulcast_answer_at(json_t *json, const char *path);


/* ---- answers: NGX_OK, or NGX_ERROR when what is needed is not there ---- */

ngx_int_t ngx_simulcast_answer_token(json_t *json,
    ngx_simulcast_answer_token_t *out);

/* items[0], or an item itself; NGX_DECLINED: an empty list */
ngx_int_t ngx_simulcast_answer_broadcast(json_t *json,
    ngx_simulcast_answer_broadcast_t *out);
ngx_int_t ngx_simulcast_answer_stream(json_t *json,
    ngx_simulcast_answer_stream_t *out);

/* status.healthStatus.configurationIssues of warnings and errors */
void ngx_simulcast_answer_stream_issues(json_t *json, json_t *issues);

/* liveStreamingDetails of items[0]: viewers, -1 when hidden; *ended is set */
int64_t ngx_simulcast_answer_video(json_t *json, ngx_uint_t *ended);

/* a name or a number of YouTube's categories; NULL: not known */
const char *ngx_simulcast_answer_category(const char *name);

/* data[0] of Twitch's users, or the answer of validate */
ngx_int_t ngx_simulcast_answer_user(json_t *json,
    ngx_simulcast_answer_user_t *out);

/* nonzero when an array or a string of scopes has it; NULL counts as yes */
ngx_uint_t ngx_simulcast_answer_scope(json_t *scopes, const char *scope);

/*
 * Twitch's ingests: the server's URL without "/{stream_key}" into buf.
 * NGX_DECLINED: none of them can be used.
 */
ngx_int_t ngx_simulcast_answer_ingest(json_t *json, char *buf, size_t size);

/* of Twitch's streams: viewers, NGX_DECLINED when it shows no stream, NGX_ERROR
   when the answer is not one */
int64_t ngx_simulcast_answer_viewers(json_t *json);

/* the id of a category with exactly this name, letter case aside, else of the
   first; NULL: none */
const char *ngx_simulcast_answer_game(json_t *json, const char *name,
    ngx_uint_t exact);

/* Facebook's live video */
ngx_int_t ngx_simulcast_answer_live(json_t *json,
    ngx_simulcast_answer_live_t *out);

/* an entry of me/accounts by id; NULL: not among these */
json_t *ngx_simulcast_answer_page(json_t *json, const char *id);

/* nonzero when lives may be created on the page */
ngx_uint_t ngx_simulcast_answer_page_live(json_t *page);

/* where the next part begins, NULL: this was the last */
const char *ngx_simulcast_answer_after(json_t *json);

/*
 * A whole URL with its key: rtmp[s]://HOST[:PORT]/APP/KEY, the application being
 * the first segment; both point into it. NGX_ERROR: it is not such a URL.
 */
ngx_int_t ngx_simulcast_answer_split(const char *url, ngx_str_t *server,
    ngx_str_t *key);

/* Cloudflare's live input, an object in "result" */
ngx_int_t ngx_simulcast_answer_input(json_t *json,
    ngx_simulcast_answer_input_t *out);

/* what a state of it means: ngx_simulcast_health_e */
ngx_uint_t ngx_simulcast_answer_input_health(const char *state);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_ANSWER_H_INCLUDED_ */
