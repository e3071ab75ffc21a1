
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: which route of the API a request means, from its method and its path
 * below the location, as nginx has decoded it: once, and never a second time
 * here. Every part of a path is a word, a name or a uuid: whatever else it
 * holds, "%", NUL, dots, a second slash, is no route.
 *
 *     destinations                                     GET, POST
 *     destinations/{id}                                GET, PATCH, DELETE
 *     destinations/{id}/test                           POST
 *     destinations/{id}/refresh-token                  POST
 *     destinations/{id}/thumbnail                      PUT
 *     destinations/platforms/{platform}/auth-url       GET
 *     destinations/platforms/{platform}/exchange-token POST
 *     destinations/platforms/facebook/pages            GET
 *     simulcast/{streamId}/start, stop                 POST
 *     simulcast/{streamId}/status, health, metrics,
 *                          events                      GET
 *     simulcast/{streamId}/destinations/{id}           DELETE
 *     simulcast/{streamId}/destinations/{id}/start,
 *                                            stop      POST
 *
 *     streamId = STREAMER [ ":" SOURCE ]      1*50( A-Z a-z 0-9 "_" "-" ) each
 */


#ifndef _NGX_SIMULCAST_ROUTE_H_INCLUDED_
#define _NGX_SIMULCAST_ROUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast.h"


/* of a stream id, at most */
#define NGX_SIMULCAST_ROUTE_STREAM  (2 * NGX_SIMULCAST_NAME + 1)


typedef enum {
    NGX_SIMULCAST_ROUTE_LIST = 0,
    NGX_SIMULCAST_ROUTE_CREATE,
    NGX_SIMULCAST_ROUTE_GET,
    NGX_SIMULCAST_ROUTE_PATCH,
    NGX_SIMULCAST_ROUTE_DELETE,
    NGX_SIMULCAST_ROUTE_TEST,
    NGX_SIMULCAST_ROUTE_REFRESH,
    NGX_SIMULCAST_ROUTE_THUMBNAIL,
    NGX_SIMULCAST_ROUTE_AUTH_URL,
    NGX_SIMULCAST_ROUTE_EXCHANGE,
    NGX_SIMULCAST_ROUTE_PAGES,
    NGX_SIMULCAST_ROUTE_START,
    NGX_SIMULCAST_ROUTE_STOP,
    NGX_SIMULCAST_ROUTE_STATUS,
    NGX_SIMULCAST_ROUTE_HEALTH,
    NGX_SIMULCAST_ROUTE_METRICS,
    NGX_SIMULCAST_ROUTE_EVENTS,
    NGX_SIMULCAST_ROUTE_START_ONE,
    NGX_SIMULCAST_ROUTE_STOP_ONE,
    NGX_SIMULCAST_ROUTE_DISABLE_ONE,

    NGX_SIMULCAST_NROUTES
} ngx_simulcast_route_e;


typedef enum {
    NGX_SIMULCAST_METHOD_OTHER = 0,
    NGX_SIMULCAST_METHOD_GET,
    NGX_SIMULCAST_METHOD_HEAD,
    NGX_SIMULCAST_METHOD_POST,
    NGX_SIMULCAST_METHOD_PUT,
    NGX_SIMULCAST_METHOD_PATCH,
    NGX_SIMULCAST_METHOD_DELETE
} ngx_simulcast_method_e;


/* a copy, nothing of the path; texts are NUL-terminated, empty where the route
   has none */

typedef struct {
    ngx_uint_t   route;             /* ngx_simulcast_route_e */
    ngx_uint_t   platform;          /* of AUTH_URL, EXCHANGE and PAGES */
    char         id[NGX_SIMULCAST_ID + 1];
    char         stream_id[NGX_SIMULCAST_ROUTE_STREAM + 1];
    char         streamer[NGX_SIMULCAST_NAME + 1];
    char         source[NGX_SIMULCAST_NAME + 1];
} ngx_simulcast_route_t;


#pragma GCC visibility push(hidden)

/*
 * method: ngx_simulcast_method_e; HEAD is GET. NGX_OK; NGX_DECLINED: there is
 * no such path; NGX_ABORT: not by this method, *allow has those that are, as
 * the header wants them.
 */
ngx_int_t ngx_simulcast_route_parse(ngx_uint_t method, ngx_str_t *path,
    ngx_simulcast_route_t *route, const char **allow);

/*
 * Fills stream_id, streamer and source (empty when there is none) of the route
 * from a stream id. NGX_DECLINED: it is none, and the route is as it was.
 */
ngx_int_t ngx_simulcast_route_stream(ngx_str_t *text,
    ngx_simulcast_route_t *route);

/* 1 to 50 characters of a streamer's or source's name */
ngx_uint_t ngx_simulcast_route_name(u_char *p, size_t len);

/* a destination's id: a uuid in lower case */
ngx_uint_t ngx_simulcast_route_id(u_char *p, size_t len);

/*
 * The first value of an argument of the query, decoded: "+" is a blank, "%xx" a
 * byte. Is put into buf of `size` bytes with a NUL behind it, *len is set.
 * NGX_DECLINED: there is none of this name; NGX_ERROR: longer than buf, a NUL
 * inside, or a "%" without two digits.
 */
ngx_int_t ngx_simulcast_route_arg(ngx_str_t *args, const char *name, char *buf,
    size_t size, size_t *len);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_ROUTE_H_INCLUDED_ */
