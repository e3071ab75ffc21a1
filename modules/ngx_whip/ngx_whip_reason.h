
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: why an offer was refused and why a session ended.  The words are the
 * same in logs, answers, metrics and the documentation.
 */


#ifndef _NGX_WHIP_REASON_H_INCLUDED_
#define _NGX_WHIP_REASON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_WHIP_OK = 0,

    /* a request refused by this module */

    NGX_WHIP_BAD_PATH,
    NGX_WHIP_BAD_MEDIA_TYPE,
    NGX_WHIP_NO_BODY,
    NGX_WHIP_BODY_TOO_LARGE,
    NGX_WHIP_BAD_SDP,
    NGX_WHIP_NOT_ACCEPTABLE,
    NGX_WHIP_NO_CREDENTIALS,
    NGX_WHIP_METHOD_NOT_ALLOWED,
    NGX_WHIP_UNKNOWN_SESSION,
    NGX_WHIP_NO_IF_MATCH,
    NGX_WHIP_OTHER_ETAG,
    NGX_WHIP_TOO_MANY_REQUESTS,
    NGX_WHIP_TOO_MANY_PENDING,
    NGX_WHIP_TOO_MANY_SESSIONS,
    NGX_WHIP_ZONE_FULL,
    NGX_WHIP_SHUTTING_DOWN,
    NGX_WHIP_NO_ANSWER,
    NGX_WHIP_INTERNAL,

    /* a publish refused by what comes after it in nginx-rtmp */

    NGX_WHIP_CONNECT_REFUSED,
    NGX_WHIP_PUBLISH_REFUSED,
    NGX_WHIP_UNKNOWN_KEY,
    NGX_WHIP_BAD_STREAM_NAME,
    NGX_WHIP_BAD_SOURCE_NAME,
    NGX_WHIP_RESERVED_SOURCE_NAME,
    NGX_WHIP_SOURCE_NOT_ALLOWED,
    NGX_WHIP_TOO_MANY_SOURCES,
    NGX_WHIP_TOO_MANY_REFUSALS,
    NGX_WHIP_ALREADY_LIVE,
    NGX_WHIP_TAKEOVER_FLAPPING,
    NGX_WHIP_NO_ROOM,
    NGX_WHIP_CALLBACK_REFUSED,

    /* the end of a session */

    NGX_WHIP_DELETED,
    NGX_WHIP_CLOSED_BY_CLIENT,
    NGX_WHIP_BYE,
    NGX_WHIP_CLIENT_GONE,
    NGX_WHIP_CONNECT_TIMEOUT,
    NGX_WHIP_CONSENT_EXPIRED,
    NGX_WHIP_DTLS_FAILED,
    NGX_WHIP_FINGERPRINT_MISMATCH,
    NGX_WHIP_STREAM_CLOSED,
    NGX_WHIP_TAKEN_OVER,
    NGX_WHIP_KICKED,
    NGX_WHIP_SILENT,
    NGX_WHIP_BITRATE_EXCEEDED,
    NGX_WHIP_TOTAL_BITRATE_EXCEEDED,
    NGX_WHIP_MEDIA_FAILED,
    NGX_WHIP_SHUTDOWN,
    NGX_WHIP_WORKER_DIED,

    NGX_WHIP_NREASONS
} ngx_whip_reason_e;


typedef struct {
    const char  *name;           /* the stable word */
    ngx_uint_t   status;         /* of HTTP, for a request; 0: none */
    const char  *text;           /* for people */
    ngx_uint_t   retry_after;    /* s, 0: no such header */
} ngx_whip_reason_t;


#pragma GCC visibility push(hidden)

/* code below NGX_WHIP_NREASONS; never NULL */
const ngx_whip_reason_t *ngx_whip_reason(ngx_uint_t code);

/*
 * The code of the word that begins the description of an onStatus, "word" or
 * "word: text"; otherwise `other`.
 */
ngx_uint_t ngx_whip_reason_find(ngx_str_t *description, ngx_uint_t other);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_REASON_H_INCLUDED_ */
