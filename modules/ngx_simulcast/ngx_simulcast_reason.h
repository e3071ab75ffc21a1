
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: why a destination does not run, or did not. The words are the same in
 * logs, answers, metrics and the documentation.
 */


#ifndef _NGX_SIMULCAST_REASON_H_INCLUDED_
#define _NGX_SIMULCAST_REASON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_SIMULCAST_OK = 0,

    /* the way to the server */

    NGX_SIMULCAST_DNS_FAILED,
    NGX_SIMULCAST_ADDRESS_REFUSED,
    NGX_SIMULCAST_CONNECT_FAILED,
    NGX_SIMULCAST_CONNECT_TIMEOUT,
    NGX_SIMULCAST_TLS_FAILED,
    NGX_SIMULCAST_CERTIFICATE_UNTRUSTED,
    NGX_SIMULCAST_CERTIFICATE_EXPIRED,
    NGX_SIMULCAST_CERTIFICATE_NAME,
    NGX_SIMULCAST_HANDSHAKE_FAILED,
    NGX_SIMULCAST_RTMP_TIMEOUT,
    NGX_SIMULCAST_PROTOCOL_ERROR,

    /* what the server said */

    NGX_SIMULCAST_CONNECT_REJECTED,
    NGX_SIMULCAST_PUBLISH_REJECTED,
    NGX_SIMULCAST_NAME_IN_USE,
    NGX_SIMULCAST_CLOSED_AFTER_PUBLISH,
    NGX_SIMULCAST_CLOSED_BY_SERVER,
    NGX_SIMULCAST_SERVER_MOVED,

    /* while pushing */

    NGX_SIMULCAST_NETWORK_ERROR,
    NGX_SIMULCAST_STALLED,
    NGX_SIMULCAST_CODEC_REFUSED,
    NGX_SIMULCAST_RETRIES_EXHAUSTED,
    NGX_SIMULCAST_RENDITION_FAILED,

    /* the end */

    NGX_SIMULCAST_SOURCE_ENDED,
    NGX_SIMULCAST_SOURCE_LOST,
    NGX_SIMULCAST_STOPPED_,             /* "stopped" */
    NGX_SIMULCAST_CHANGED,
    NGX_SIMULCAST_CLAIMED_ELSEWHERE,
    NGX_SIMULCAST_EVENT_ENDED,
    NGX_SIMULCAST_SHUTDOWN,
    NGX_SIMULCAST_INTERNAL,
    NGX_SIMULCAST_ZONE_FULL,

    /* the account */

    NGX_SIMULCAST_BAD_URL,
    NGX_SIMULCAST_SECRET_UNREADABLE,
    NGX_SIMULCAST_PLATFORM_REFUSED,

    NGX_SIMULCAST_NREASONS
} ngx_simulcast_reason_e;


typedef struct {
    const char  *name;           /* the stable word */
    const char  *text;           /* for people */
    ngx_uint_t   fatal;          /* nonzero: trying again soon is of no use */
} ngx_simulcast_reason_t;


#pragma GCC visibility push(hidden)

/* code below NGX_SIMULCAST_NREASONS; never NULL */
const ngx_simulcast_reason_t *ngx_simulcast_reason(ngx_uint_t code);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_REASON_H_INCLUDED_ */
