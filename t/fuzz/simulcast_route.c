
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, the method; then the path below the location, which is taken
 * for a query and for a stream id as well.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_route.c */


#include "fuzz.h"
#include "../unit/simulcast_names.h"
#include "ngx_simulcast_route.h"


static void
check_stream(ngx_simulcast_route_t *route)
{
    char  again[NGX_SIMULCAST_ROUTE_STREAM + 1];

    fuzz_assert(ngx_simulcast_route_name((u_char *) route->streamer,
                                         strlen(route->streamer)));

    if (route->source[0]) {
        fuzz_assert(ngx_simulcast_route_name((u_char *) route->source,
                                             strlen(route->source)));
        snprintf(again, sizeof(again), "%s:%s", route->streamer,
                 route->source);

    } else {
        snprintf(again, sizeof(again), "%s", route->streamer);
    }

    fuzz_assert(strcmp(again, route->stream_id) == 0);
}


static void
check_path(ngx_uint_t method, ngx_str_t *path)
{
    size_t                  i;
    ngx_int_t               rc;
    const char             *allow;
    ngx_simulcast_route_t   route;

    memset(&route, 0xa5, sizeof(route));

    rc = ngx_simulcast_route_parse(method, path, &route, &allow);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ABORT);
    fuzz_assert((rc == NGX_ABORT) == (allow != NULL));

    if (rc != NGX_OK) {
        return;
    }

    fuzz_assert(route.route < NGX_SIMULCAST_NROUTES);
    fuzz_assert(route.platform < NGX_SIMULCAST_NPLATFORMS);

    /* nothing but words, names and ids */

    for (i = 0; i < path->len; i++) {
        fuzz_assert(path->data[i] > 0x20 && path->data[i] < 0x7f
                    && path->data[i] != '%' && path->data[i] != '.');
    }

    if (route.id[0]) {
        fuzz_assert(ngx_simulcast_route_id((u_char *) route.id,
                                           strlen(route.id)));
        fuzz_assert(memmem(path->data, path->len, route.id, NGX_SIMULCAST_ID));
    }

    if (route.streamer[0]) {
        check_stream(&route);
        fuzz_assert(memmem(path->data, path->len, route.stream_id,
                           strlen(route.stream_id)));
    }
}


static void
check_query(ngx_str_t *query)
{
    char       buf[16];
    size_t     len;
    ngx_int_t  rc;

    rc = ngx_simulcast_route_arg(query, "id", buf, sizeof(buf), &len);

    if (rc == NGX_OK) {
        fuzz_assert(len < sizeof(buf) && strlen(buf) == len);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t               text;
    ngx_simulcast_route_t   route;

    if (size == 0) {
        return 0;
    }

    text.data = (u_char *) data + 1;
    text.len = size - 1;

    check_path(data[0] % (NGX_SIMULCAST_METHOD_DELETE + 1), &text);
    check_query(&text);

    memset(&route, 0, sizeof(route));

    if (ngx_simulcast_route_stream(&text, &route) == NGX_OK) {
        check_stream(&route);
    }

    return 0;
}
