
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_route.h"


#define NGX_SIMULCAST_ROUTE_WORDS  5        /* of the longest path */


/* rows of the same path stand together */

typedef struct {
    ngx_uint_t   route;
    ngx_uint_t   method;
    const char  *words[NGX_SIMULCAST_ROUTE_WORDS];
    const char  *allow;
} ngx_simulcast_route_row_t;


static ngx_uint_t ngx_simulcast_route_split(ngx_str_t *path, ngx_str_t *words);
static ngx_uint_t ngx_simulcast_route_match(
    const ngx_simulcast_route_row_t *row, ngx_str_t *words, ngx_uint_t n,
    ngx_simulcast_route_t *route);
static ngx_uint_t ngx_simulcast_route_same(ngx_str_t *word, const char *text);
static void ngx_simulcast_route_copy(char *to, u_char *from, size_t len);
static ngx_int_t ngx_simulcast_route_decode(u_char *p, u_char *last, char *buf,
    size_t size, size_t *len);
static ngx_int_t ngx_simulcast_route_hex(u_char ch);


static const ngx_simulcast_route_row_t  ngx_simulcast_route_rows[] = {

    { NGX_SIMULCAST_ROUTE_LIST, NGX_SIMULCAST_METHOD_GET,
      { "destinations" }, "GET, HEAD, POST" },
    { NGX_SIMULCAST_ROUTE_CREATE, NGX_SIMULCAST_METHOD_POST,
      { "destinations" }, "GET, HEAD, POST" },

    { NGX_SIMULCAST_ROUTE_GET, NGX_SIMULCAST_METHOD_GET,
      { "destinations", "{id}" }, "GET, HEAD, PATCH, DELETE" },
    { NGX_SIMULCAST_ROUTE_PATCH, NGX_SIMULCAST_METHOD_PATCH,
      { "destinations", "{id}" }, "GET, HEAD, PATCH, DELETE" },
    { NGX_SIMULCAST_ROUTE_DELETE, NGX_SIMULCAST_METHOD_DELETE,
      { "destinations", "{id}" }, "GET, HEAD, PATCH, DELETE" },

    { NGX_SIMULCAST_ROUTE_TEST, NGX_SIMULCAST_METHOD_POST,
      { "destinations", "{id}", "test" }, "POST" },
    { NGX_SIMULCAST_ROUTE_REFRESH, NGX_SIMULCAST_METHOD_POST,
      { "destinations", "{id}", "refresh-token" }, "POST" },
    { NGX_SIMULCAST_ROUTE_THUMBNAIL, NGX_SIMULCAST_METHOD_PUT,
      { "destinations", "{id}", "thumbnail" }, "PUT" },

    { NGX_SIMULCAST_ROUTE_AUTH_URL, NGX_SIMULCAST_METHOD_GET,
      { "destinations", "platforms", "{platform}", "auth-url" },
      "GET, HEAD" },
    { NGX_SIMULCAST_ROUTE_EXCHANGE, NGX_SIMULCAST_METHOD_POST,
      { "destinations", "platforms", "{platform}", "exchange-token" },
      "POST" },
    { NGX_SIMULCAST_ROUTE_PAGES, NGX_SIMULCAST_METHOD_GET,
      { "destinations", "platforms", "{platform}", "pages" }, "GET, HEAD" },

    { NGX_SIMULCAST_ROUTE_START, NGX_SIMULCAST_METHOD_POST,
      { "simulcast", "{stream}", "start" }, "POST" },
    { NGX_SIMULCAST_ROUTE_STOP, NGX_SIMULCAST_METHOD_POST,
      { "simulcast", "{stream}", "stop" }, "POST" },
    { NGX_SIMULCAST_ROUTE_STATUS, NGX_SIMULCAST_METHOD_GET,
      { "simulcast", "{stream}", "status" }, "GET, HEAD" },
    { NGX_SIMULCAST_ROUTE_HEALTH, NGX_SIMULCAST_METHOD_GET,
      { "simulcast", "{stream}", "health" }, "GET, HEAD" },
    { NGX_SIMULCAST_ROUTE_METRICS, NGX_SIMULCAST_METHOD_GET,
      { "simulcast", "{stream}", "metrics" }, "GET, HEAD" },
    { NGX_SIMULCAST_ROUTE_EVENTS, NGX_SIMULCAST_METHOD_GET,
      { "simulcast", "{stream}", "events" }, "GET, HEAD" },

    { NGX_SIMULCAST_ROUTE_DISABLE_ONE, NGX_SIMULCAST_METHOD_DELETE,
      { "simulcast", "{stream}", "destinations", "{id}" }, "DELETE" },
    { NGX_SIMULCAST_ROUTE_START_ONE, NGX_SIMULCAST_METHOD_POST,
      { "simulcast", "{stream}", "destinations", "{id}", "start" }, "POST" },
    { NGX_SIMULCAST_ROUTE_STOP_ONE, NGX_SIMULCAST_METHOD_POST,
      { "simulcast", "{stream}", "destinations", "{id}", "stop" }, "POST" },

    { 0, 0, { NULL }, NULL }
};


ngx_int_t
ngx_simulcast_route_parse(ngx_uint_t method, ngx_str_t *path,
    ngx_simulcast_route_t *route, const char **allow)
{
    ngx_str_t                         words[NGX_SIMULCAST_ROUTE_WORDS];
    ngx_uint_t                        n;
    const ngx_simulcast_route_row_t  *row;

    *allow = NULL;

    n = ngx_simulcast_route_split(path, words);

    if (method == NGX_SIMULCAST_METHOD_HEAD) {
        method = NGX_SIMULCAST_METHOD_GET;
    }

    for (row = ngx_simulcast_route_rows; row->allow; row++) {

        if (!ngx_simulcast_route_match(row, words, n, route)) {
            continue;
        }

        if (row->method == method) {
            route->route = row->route;
            *allow = NULL;

            return NGX_OK;
        }

        *allow = row->allow;
    }

    ngx_memzero(route, sizeof(ngx_simulcast_route_t));

    return *allow ? NGX_ABORT : NGX_DECLINED;
}


/* 0: more words than any route has, or an empty one */

static ngx_uint_t
ngx_simulcast_route_split(ngx_str_t *path, ngx_str_t *words)
{
    u_char      *p, *last;
    ngx_uint_t   n;

    if (path->len == 0) {
        return 0;
    }

    p = path->data;
    last = p + path->len;
    n = 0;

    for ( ;; ) {

        if (n == NGX_SIMULCAST_ROUTE_WORDS) {
            return 0;
        }

        words[n].data = p;

        while (p < last && *p != '/') {
            p++;
        }

        words[n].len = p - words[n].data;

        if (words[n].len == 0) {
            return 0;
        }

        n++;

        if (p == last) {
            return n;
        }

        p++;
    }
}


static ngx_uint_t
ngx_simulcast_route_match(const ngx_simulcast_route_row_t *row,
    ngx_str_t *words, ngx_uint_t n, ngx_simulcast_route_t *route)
{
    ngx_int_t    platform;
    ngx_str_t   *word;
    ngx_uint_t   i;
    const char  *want;

    ngx_memzero(route, sizeof(ngx_simulcast_route_t));

    for (i = 0; i < NGX_SIMULCAST_ROUTE_WORDS; i++) {
        want = row->words[i];
        word = &words[i];

        if (want == NULL || i == n) {
            return want == NULL && i == n;
        }

        if (ngx_strcmp(want, "{id}") == 0) {

            if (!ngx_simulcast_route_id(word->data, word->len)) {
                return 0;
            }

            ngx_simulcast_route_copy(route->id, word->data, word->len);

        } else if (ngx_strcmp(want, "{stream}") == 0) {

            if (ngx_simulcast_route_stream(word, route) != NGX_OK) {
                return 0;
            }

        } else if (ngx_strcmp(want, "{platform}") == 0) {
            platform = ngx_simulcast_platform_find(word);

            if (platform == NGX_ERROR) {
                return 0;
            }

            route->platform = platform;

        } else if (!ngx_simulcast_route_same(word, want)) {
            return 0;
        }
    }

    return n == NGX_SIMULCAST_ROUTE_WORDS;
}


static ngx_uint_t
ngx_simulcast_route_same(ngx_str_t *word, const char *text)
{
    return word->len == ngx_strlen(text)
           && ngx_memcmp(word->data, text, word->len) == 0;
}


static void
ngx_simulcast_route_copy(char *to, u_char *from, size_t len)
{
    ngx_memcpy(to, from, len);
    to[len] = '\0';
}


ngx_int_t
ngx_simulcast_route_stream(ngx_str_t *text, ngx_simulcast_route_t *route)
{
    size_t   len;
    u_char  *colon, *last;

    if (text->len == 0 || text->len > NGX_SIMULCAST_ROUTE_STREAM) {
        return NGX_DECLINED;
    }

    last = text->data + text->len;
    colon = ngx_strlchr(text->data, last, ':');
    len = colon ? (size_t) (colon - text->data) : text->len;

    if (!ngx_simulcast_route_name(text->data, len)
        || (colon && !ngx_simulcast_route_name(colon + 1, last - colon - 1)))
    {
        return NGX_DECLINED;
    }

    ngx_simulcast_route_copy(route->stream_id, text->data, text->len);
    ngx_simulcast_route_copy(route->streamer, text->data, len);

    route->source[0] = '\0';

    if (colon) {
        ngx_simulcast_route_copy(route->source, colon + 1, last - colon - 1);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_simulcast_route_name(u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if ((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z')
            || (p[i] >= '0' && p[i] <= '9') || p[i] == '_' || p[i] == '-')
        {
            continue;
        }

        return 0;
    }

    return len != 0 && len <= NGX_SIMULCAST_NAME;
}


ngx_uint_t
ngx_simulcast_route_id(u_char *p, size_t len)
{
    size_t  i;

    if (len != NGX_SIMULCAST_ID) {
        return 0;
    }

    for (i = 0; i < len; i++) {

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (p[i] != '-') {
                return 0;
            }

        } else if (!((p[i] >= '0' && p[i] <= '9')
                     || (p[i] >= 'a' && p[i] <= 'f')))
        {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_simulcast_route_arg(ngx_str_t *args, const char *name, char *buf,
    size_t size, size_t *len)
{
    size_t   n;
    u_char  *p, *amp, *last;

    n = ngx_strlen(name);
    last = args->data + args->len;

    for (p = args->data; p < last; p = amp + 1) {

        amp = ngx_strlchr(p, last, '&');
        if (amp == NULL) {
            amp = last;
        }

        if ((size_t) (amp - p) > n && p[n] == '='
            && ngx_memcmp(p, name, n) == 0)
        {
            return ngx_simulcast_route_decode(p + n + 1, amp, buf, size, len);
        }

        if ((size_t) (amp - p) == n && ngx_memcmp(p, name, n) == 0) {
            return ngx_simulcast_route_decode(amp, amp, buf, size, len);
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_simulcast_route_decode(u_char *p, u_char *last, char *buf, size_t size,
    size_t *len)
{
    u_char      ch;
    size_t      n;
    ngx_int_t   high, low;

    for (n = 0; p < last; p++) {
        ch = *p;

        if (ch == '+') {
            ch = ' ';

        } else if (ch == '%') {

            if (last - p < 3) {
                return NGX_ERROR;
            }

            high = ngx_simulcast_route_hex(p[1]);
            low = ngx_simulcast_route_hex(p[2]);

            if (high == NGX_ERROR || low == NGX_ERROR) {
                return NGX_ERROR;
            }

            ch = (u_char) (high << 4 | low);
            p += 2;
        }

        if (ch == '\0' || n + 1 >= size) {
            return NGX_ERROR;
        }

        buf[n++] = (char) ch;
    }

    buf[n] = '\0';
    *len = n;

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_route_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = ngx_tolower(ch);

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : NGX_ERROR;
}
