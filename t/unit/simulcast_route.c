
/*
 * Copyright (C) the ngx_live contributors
 *
 * The routes of the API: each method and path, and what is none; stream ids and
 * the arguments of queries.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_route.c */


#include "tap.h"
#include "simulcast_names.h"
#include "ngx_simulcast_route.h"


#define ID   "0b1e7d5c-93af-4b62-8d0e-5f6a7c8b9d01"
#define TEN  "abcdefghij"
#define K50  TEN TEN TEN TEN TEN

#define NONE "none"
#define ONE  "GET, HEAD, PATCH, DELETE"
#define LOOK "GET, HEAD"


typedef struct {
    const char  *path;          /* with the method in front */
    const char  *want;          /* "route id stream [source]", an Allow, none */
} row_t;


static const row_t  rows[] = {

    { "GET destinations", "list" },
    { "HEAD destinations", "list" },
    { "POST destinations", "create" },
    { "PUT destinations", "GET, HEAD, POST" },
    { "DELETE destinations", "GET, HEAD, POST" },
    { "OTHER destinations", "GET, HEAD, POST" },

    { "GET destinations/" ID, "get " ID },
    { "HEAD destinations/" ID, "get " ID },
    { "PATCH destinations/" ID, "patch " ID },
    { "DELETE destinations/" ID, "delete " ID },
    { "POST destinations/" ID, ONE },
    { "PUT destinations/" ID, ONE },
    { "POST destinations/" ID "/test", "test " ID },
    { "GET destinations/" ID "/test", "POST" },
    { "POST destinations/" ID "/refresh-token", "refresh " ID },
    { "HEAD destinations/" ID "/refresh-token", "POST" },
    { "PUT destinations/" ID "/thumbnail", "thumbnail " ID },
    { "POST destinations/" ID "/thumbnail", "PUT" },

    { "GET destinations/platforms/youtube/auth-url", "auth-url youtube" },
    { "GET destinations/platforms/rtmp_custom/auth-url",
      "auth-url rtmp_custom" },
    { "POST destinations/platforms/twitch/auth-url", LOOK },
    { "POST destinations/platforms/twitch/exchange-token", "exchange twitch" },
    { "GET destinations/platforms/twitch/exchange-token", "POST" },
    { "GET destinations/platforms/facebook/pages", "pages facebook" },
    { "DELETE destinations/platforms/facebook/pages", LOOK },
    { "GET destinations/platforms/Facebook/pages", NONE },
    { "GET destinations/platforms/myspace/auth-url", NONE },
    { "GET destinations/platforms//auth-url", NONE },
    { "GET destinations/platforms/youtube", NONE },
    { "GET destinations/platforms", NONE },

    { "POST simulcast/alice/start", "start alice" },
    { "POST simulcast/alice:cam/start", "start alice [cam]" },
    { "GET simulcast/alice/start", "POST" },
    { "POST simulcast/alice/stop", "stop alice" },
    { "GET simulcast/alice/status", "status alice" },
    { "HEAD simulcast/alice/status", "status alice" },
    { "POST simulcast/alice/status", LOOK },
    { "GET simulcast/a-B_9:Main_Screen/health", "health a-B_9 [Main_Screen]" },
    { "GET simulcast/alice/metrics", "metrics alice" },
    { "GET simulcast/alice/events", "events alice" },
    { "HEAD simulcast/alice/events", "events alice" },
    { "POST simulcast/alice/destinations/" ID "/start",
      "start-one " ID " alice" },
    { "POST simulcast/alice:cam/destinations/" ID "/stop",
      "stop-one " ID " alice [cam]" },
    { "DELETE simulcast/alice/destinations/" ID, "disable-one " ID " alice" },
    { "GET simulcast/alice/destinations/" ID, "DELETE" },
    { "GET simulcast/alice/destinations/" ID "/start", "POST" },
    { "POST simulcast/" K50 ":" K50 "/start", "start " K50 " [" K50 "]" },
    { "GET simulcast/destinations/status", "status destinations" },

    { "GET ", NONE },
    { "GET /", NONE },
    { "GET //", NONE },
    { "GET /destinations", NONE },
    { "GET destinations/", NONE },
    { "GET Destinations", NONE },
    { "GET destination", NONE },
    { "GET destinationss", NONE },
    { "GET destinations//" ID, NONE },
    { "GET destinations/" ID "/", NONE },
    { "GET destinations/" ID "/test/more", NONE },
    { "GET destinations/" ID "0", NONE },
    { "GET destinations/0B1E7D5C-93AF-4B62-8D0E-5F6A7C8B9D01", NONE },
    { "GET destinations/0b1e7d5c093af-4b62-8d0e-5f6a7c8b9d01", NONE },
    { "GET destinations/{id}", NONE },
    { "GET destinations/..", NONE },
    { "GET destinations/%2e%2e", NONE },
    { "GET destinations/0b1e7d5c-93af-4b62-8d0e-5f6a7c8b9d0\xff", NONE },
    { "GET simulcast", NONE },
    { "GET simulcast/alice", NONE },
    { "GET simulcast//status", NONE },
    { "GET simulcast/{stream}/status", NONE },
    { "GET simulcast/alice:/status", NONE },
    { "GET simulcast/:cam/status", NONE },
    { "GET simulcast/alice:cam:cam/status", NONE },
    { "GET simulcast/alice%3Acam/status", NONE },
    { "GET simulcast/al.ice/status", NONE },
    { "GET simulcast/al ice/status", NONE },
    { "GET simulcast/../status", NONE },
    { "GET simulcast/*/status", NONE },
    { "GET simulcast/\xc3\xa4lice/status", NONE },
    { "GET simulcast/" K50 "k/status", NONE },
    { "GET simulcast/alice:" K50 "k/status", NONE },
    { "GET simulcast/alice/Status", NONE },
    { "GET simulcast/alice/status/", NONE },
    { "GET simulcast/alice/status?x", NONE },
    { "POST simulcast/alice/destinations/" ID "/start/x", NONE },
    { "POST simulcast/alice/destinations/x/start", NONE },
    { "GET a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", NONE },

    { NULL, NULL }
};


static const char  *names[] = {
    "list", "create", "get", "patch", "delete", "test", "refresh", "thumbnail",
    "auth-url", "exchange", "pages", "start", "stop", "status", "health",
    "metrics", "events", "start-one", "stop-one", "disable-one"
};

static const char  *methods[] = {
    "OTHER", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"
};


static void
describe(const char *text, char *said, size_t size)
{
    int                     n;
    size_t                  len;
    u_char                 *p;
    ngx_int_t               rc;
    ngx_str_t               path;
    ngx_uint_t              method;
    const char             *allow, *blank;
    ngx_simulcast_route_t   route;

    blank = strchr(text, ' ');

    for (method = 0; method < 7; method++) {
        if (strlen(methods[method]) == (size_t) (blank - text)
            && strncmp(methods[method], text, blank - text) == 0)
        {
            break;
        }
    }

    /* of the exact size, so that a sanitizer sees a read behind its end */

    len = strlen(blank + 1);
    p = malloc(len ? len : 1);

    if (p == NULL) {
        exit(2);
    }

    memcpy(p, blank + 1, len);

    path.data = p;
    path.len = len;

    rc = ngx_simulcast_route_parse(method, &path, &route, &allow);

    free(p);

    if (rc != NGX_OK) {
        snprintf(said, size, "%s", rc == NGX_DECLINED ? NONE : allow);
        return;
    }

    n = snprintf(said, size, "%s", names[route.route]);

    if (route.route >= NGX_SIMULCAST_ROUTE_AUTH_URL
        && route.route <= NGX_SIMULCAST_ROUTE_PAGES)
    {
        n += snprintf(said + n, size - n, " %s",
                      ngx_simulcast_platform_name(route.platform));
    }

    if (route.id[0]) {
        n += snprintf(said + n, size - n, " %s", route.id);
    }

    if (route.streamer[0]) {
        n += snprintf(said + n, size - n, " %s", route.streamer);
    }

    if (route.source[0]) {
        n += snprintf(said + n, size - n, " [%s]", route.source);
    }
}


static void
test_nul(void)
{
    ngx_str_t               path;
    const char             *allow;
    ngx_simulcast_route_t   route;

    ngx_str_set(&path, "simulcast/al\0ce/status");

    tap_is(ngx_simulcast_route_parse(NGX_SIMULCAST_METHOD_GET, &path, &route,
                                     &allow),
           NGX_DECLINED, "a NUL in a name");

    ngx_str_set(&path, "destinations\0");

    tap_is(ngx_simulcast_route_parse(NGX_SIMULCAST_METHOD_GET, &path, &route,
                                     &allow),
           NGX_DECLINED, "a NUL behind a word");

    ngx_str_null(&path);

    tap_is(ngx_simulcast_route_parse(NGX_SIMULCAST_METHOD_GET, &path, &route,
                                     &allow),
           NGX_DECLINED, "no path at all");
}


static void
test_stream(void)
{
    ngx_str_t               text;
    ngx_simulcast_route_t   route;

    ngx_memzero(&route, sizeof(route));

    ngx_str_set(&text, "alice:cam");
    tap_is(ngx_simulcast_route_stream(&text, &route), NGX_OK, "a stream id");
    tap_is_text(route.stream_id, "alice:cam", "the whole of it");

    ngx_str_set(&text, "al/ice");
    tap_is(ngx_simulcast_route_stream(&text, &route), NGX_DECLINED,
           "what is none");
    tap_is_text(route.stream_id, "alice:cam", "changes nothing");

    ngx_str_set(&text, "bob");
    tap_is(ngx_simulcast_route_stream(&text, &route), NGX_OK,
           "one without a source");
    tap_is_text(route.source, "", "has none");
    tap_is_text(route.stream_id, "bob", "and is the streamer");
}


static const struct {
    const char  *args;
    const char  *want;
} args[] = {
    { "", "none" },
    { "name", "" },
    { "name=", "" },
    { "name=a", "a" },
    { "x=1&name=a", "a" },
    { "name=a&name=b", "a" },
    { "names=a", "none" },
    { "xname=a", "none" },
    { "Name=a", "none" },
    { "&&name=a&", "a" },
    { "x=name=a", "none" },
    { "name=a=b", "a=b" },
    { "name=alice%3Acam", "alice:cam" },
    { "name=alice%3acam", "alice:cam" },
    { "name=a+b", "a b" },
    { "name=a%2Bb", "a+b" },
    { "name=%2561", "%61" },
    { "name=%26x", "&x" },
    { "name=%", "error" },
    { "name=%4", "error" },
    { "name=%4&x=1", "error" },
    { "name=%4g", "error" },
    { "name=a%00b", "error" },
    { "name=" TEN TEN TEN "k", TEN TEN TEN "k" },
    { "name=" TEN TEN TEN "kl", "error" },
    { NULL, NULL }
};


static void
test_args(void)
{
    char         buf[32];
    size_t       i, len;
    u_char      *p;
    ngx_int_t    rc;
    ngx_str_t    s;
    const char  *said;
    char         title[128];

    for (i = 0; args[i].args; i++) {
        s.len = strlen(args[i].args);
        p = malloc(s.len ? s.len : 1);

        if (p == NULL) {
            exit(2);
        }

        s.data = p;
        memcpy(p, args[i].args, s.len);

        rc = ngx_simulcast_route_arg(&s, "name", buf, sizeof(buf), &len);

        said = rc == NGX_OK ? buf : rc == NGX_DECLINED ? "none" : "error";

        snprintf(title, sizeof(title), "the query \"%s\"", args[i].args);
        tap_is_text(said, args[i].want, title);

        free(p);
    }
}


int
main(void)
{
    char          said[512];
    const row_t  *row;

    for (row = rows; row->path; row++) {
        describe(row->path, said, sizeof(said));
        tap_is_text(said, row->want, row->path);
    }

    test_nul();
    test_stream();
    test_args();

    return tap_done();
}
