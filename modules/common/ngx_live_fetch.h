
/*
 * Copyright (C) the ngx_live contributors
 *
 * HTTP requests to others: libcurl's multi interface on nginx's event loop. No
 * redirect is followed, no proxy of the environment is used, https is verified
 * against the authorities that are configured or the system's, and plain http
 * is refused but to loopback addresses.
 */


#ifndef _NGX_LIVE_FETCH_H_INCLUDED_
#define _NGX_LIVE_FETCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <jansson.h>


#define NGX_LIVE_FETCH_BODY     1048576    /* bytes of an answer */
#define NGX_LIVE_FETCH_TIMEOUT  15000      /* ms, by default */


typedef struct {
    const char  *name;              /* what log lines begin with */
    const char  *agent;             /* User-Agent */
    ngx_str_t    trusted;           /* a file of certificates, with NUL behind;
                                       empty: the system's */
} ngx_live_fetch_conf_t;


/* a worker's requests for one module, which gives the memory */

typedef struct {
    ngx_live_fetch_conf_t  conf;
    void                  *multi;       /* CURLM; NULL: does not work */
    ngx_event_t            timer;
    ngx_queue_t            fetches;
    ngx_uint_t             nfetches;
    ngx_queue_t            sockets;
    ngx_uint_t             nsockets;
    unsigned               capath:1;    /* the system has a directory of
                                           certificates */
} ngx_live_fetches_t;


/* everything is copied by ngx_live_fetch() */

typedef struct {
    const char  *method;            /* GET, POST, PUT, PATCH, DELETE */
    ngx_str_t    url;
    ngx_str_t   *headers;           /* "Name: value" */
    ngx_uint_t   nheaders;
    ngx_str_t    body;              /* of POST, PUT, PATCH: with Content-Length,
                                       also when empty */
    const char  *type;              /* Content-Type of the body; NULL: none */
    ngx_msec_t   timeout;           /* 0: NGX_LIVE_FETCH_TIMEOUT */
    unsigned     once:1;            /* not to be sent twice, as no POST is */
} ngx_live_fetch_request_t;


/* valid during the handler's call */

typedef struct {
    ngx_uint_t   status;            /* 0: there was no answer, see error */
    ngx_str_t    body;
    json_t      *json;              /* borrowed; NULL: the body is not JSON */
    ngx_uint_t   retry_after;       /* s; 0: not given (capped at 86400) */
    const char  *error;             /* without an answer: dns_failed,
                                       connect_failed, tls_failed, timeout,
                                       answer_too_large, failed; else NULL */
} ngx_live_fetch_answer_t;


typedef struct ngx_live_fetch_s  ngx_live_fetch_t;

typedef void (*ngx_live_fetch_pt)(void *data,
    ngx_live_fetch_answer_t *answer);


#pragma GCC visibility push(hidden)

/*
 * In a worker; *conf is copied, its strings are not. NGX_ERROR is logged,
 * requests then fail.
 */
ngx_int_t ngx_live_fetch_init(ngx_live_fetches_t *all,
    const ngx_live_fetch_conf_t *conf, ngx_log_t *log);

/* the handlers of what is on its way are not called; zeros are fine, too */
void ngx_live_fetch_exit(ngx_live_fetches_t *all);

/*
 * Calls the handler once, never from within this call. NULL: could not be
 * started, the handler is not called. Logs the method, the host and the status,
 * no path, no query, no header, no body.
 */
ngx_live_fetch_t *ngx_live_fetch(ngx_live_fetches_t *all,
    ngx_live_fetch_request_t *req, ngx_live_fetch_pt handler, void *data);

/* the handler is not called any more; not to be used from within it */
void ngx_live_fetch_cancel(ngx_live_fetch_t *fetch);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_FETCH_H_INCLUDED_ */
