
/*
 * Copyright (C) the ngx_live contributors
 *
 * One HTTP/1.1 request at a time over a connection of its own, plain HTTP, on
 * the event loop.  Only the name of the host is looked up in a blocking way.
 */


#ifndef _HTTP_H_INCLUDED_
#define _HTTP_H_INCLUDED_


#include "loop.h"
#include "memory.h"


#define HTTP_HEADERS_MAX  64


typedef struct {
    char  *name;                          /* lower case */
    char  *value;
} http_header_t;


typedef struct {
    int             status;               /* 0: no answer, see "error" */
    const char     *error;
    http_header_t   headers[HTTP_HEADERS_MAX];
    unsigned        nheaders;
    char           *body;                 /* NUL behind */
    size_t          body_len;
} http_response_t;


/* the response is valid during the call; another request may be started */

typedef void (*http_done_pt)(void *data, const http_response_t *r);


typedef struct {
    loop_io_t       io;
    loop_timer_t    timer;
    http_done_pt    done;
    void           *data;
    const char     *local;                /* address to come from, NULL: any */
    memory_buf_t    out;
    size_t          sent;
    memory_buf_t    in;
    int             connected;
    int             eof;
} http_t;


void http_init(http_t *http, void *data);

/*
 * "headers" are whole lines with CRLF, "body" may be NULL.  With an error at
 * once "done" is called all the same, but never from within this function.
 */

void http_request(http_t *http, const char *method, const char *url,
    const char *headers, const char *body, uint64_t timeout,
    http_done_pt done);

void http_abort(http_t *http);

/* the value, NULL: there is no such header */

const char *http_header(const http_response_t *r, const char *name);

/* a Location against the URL that it answers; the caller frees it */

char *http_resolve(const char *url, const char *location);


#endif /* _HTTP_H_INCLUDED_ */
