
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: why a publisher was refused or a session ended. The same words stand
 * in the log, in the RTMP status, in the metrics and in README.md.
 */


#ifndef _NGX_MULTISOURCE_REASON_H_INCLUDED_
#define _NGX_MULTISOURCE_REASON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


enum {
    NGX_MULTISOURCE_OK = 0,

    /* a publish command was refused */
    NGX_MULTISOURCE_UNKNOWN_KEY,
    NGX_MULTISOURCE_BAD_STREAM_NAME,
    NGX_MULTISOURCE_BAD_SOURCE_NAME,
    NGX_MULTISOURCE_RESERVED_SOURCE_NAME,
    NGX_MULTISOURCE_SOURCE_NOT_ALLOWED,
    NGX_MULTISOURCE_TOO_MANY_SOURCES,
    NGX_MULTISOURCE_TOO_MANY_REFUSALS,
    NGX_MULTISOURCE_ALREADY_LIVE,
    NGX_MULTISOURCE_ALREADY_PUBLISHING,
    NGX_MULTISOURCE_ALREADY_PLAYING,
    NGX_MULTISOURCE_TAKEOVER_FLAPPING,
    NGX_MULTISOURCE_ZONE_FULL,
    NGX_MULTISOURCE_CALLBACK_REFUSED,

    /* a publisher was dropped */
    NGX_MULTISOURCE_BITRATE_EXCEEDED,
    NGX_MULTISOURCE_TOTAL_BITRATE_EXCEEDED,
    NGX_MULTISOURCE_TAKEN_OVER,
    NGX_MULTISOURCE_KICKED,
    NGX_MULTISOURCE_SILENT,

    /* the input guard ended a session */
    NGX_MULTISOURCE_BAD_AMF,
    NGX_MULTISOURCE_BAD_AGGREGATE,
    NGX_MULTISOURCE_BAD_CHUNK,
    NGX_MULTISOURCE_BAD_CODEC_HEADER,
    NGX_MULTISOURCE_TOO_MANY_COMMANDS,

    NGX_MULTISOURCE_NREASONS
};


typedef struct {
    const char  *name;      /* stable, snake_case */
    const char  *status;    /* RTMP status code; NULL: none is sent */
    const char  *text;      /* one sentence, for the publisher */
    const char  *told;      /* "NAME: TEXT", the status's description */
} ngx_multisource_reason_t;


#pragma GCC visibility push(hidden)

/* never NULL; `code` is below NGX_MULTISOURCE_NREASONS */
const ngx_multisource_reason_t *ngx_multisource_reason(ngx_uint_t code);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_REASON_H_INCLUDED_ */
