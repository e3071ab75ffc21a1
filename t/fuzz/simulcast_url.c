
/*
 * Copyright (C) the ngx_live contributors
 *
 * A URL, a newline, and a key that is given apart. What is taken lies within
 * what was given, is whole, and comes out the same when its tcUrl is read
 * again.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_url.c */


#include "fuzz.h"
#include "ngx_simulcast_url.h"

#include <string.h>


static void
printable(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        fuzz_assert(text->data[i] > ' ' && text->data[i] <= '~');
    }
}


static void
inside(ngx_str_t *text, ngx_str_t *whole)
{
    fuzz_assert(text->len > 0);
    fuzz_assert(text->data >= whole->data);
    fuzz_assert(text->data + text->len <= whole->data + whole->len);

    printable(text);
}


static ngx_uint_t
same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}


static void
check(ngx_str_t *url, ngx_str_t *key, ngx_simulcast_url_t *out)
{
    u_char               *tc;
    ngx_str_t             again;
    ngx_simulcast_url_t   second;

    inside(&out->host, url);
    inside(&out->app, url);
    inside(&out->key, key->len ? key : url);

    if (key->len) {
        fuzz_assert(same(&out->key, key));

    } else {

        /* nothing of it is cut off */

        fuzz_assert(out->key.data + out->key.len == url->data + url->len);
        fuzz_assert(out->key.data[-1] == '/');
        fuzz_assert(out->key.data[0] != '?' && out->key.data[0] != '/');
    }

    fuzz_assert(url->len <= NGX_SIMULCAST_URL_MAX);
    fuzz_assert(out->key.len <= NGX_SIMULCAST_KEY_MAX);
    fuzz_assert(out->host.len <= NGX_SIMULCAST_HOST_MAX);
    fuzz_assert(out->port != 0);
    fuzz_assert(!(out->ipv4 && out->ipv6));
    fuzz_assert(memchr(out->host.data, '@', out->host.len) == NULL);
    fuzz_assert(memchr(url->data, '#', url->len) == NULL);
    fuzz_assert(out->app.data[0] != '/' && out->app.data[0] != '?');
    fuzz_assert(out->app.data[out->app.len - 1] != '/');

    tc = malloc(NGX_SIMULCAST_URL_MAX + 8);

    if (tc == NULL) {
        exit(2);
    }

    again.data = tc;
    again.len = ngx_simulcast_url_tc(out, tc) - tc;

    fuzz_assert(again.len <= url->len);
    printable(&again);

    fuzz_assert(ngx_simulcast_url_parse(&again, &out->key, &second) == NULL);

    fuzz_assert(same(&second.host, &out->host));
    fuzz_assert(same(&second.app, &out->app));
    fuzz_assert(same(&second.key, &out->key));
    fuzz_assert(second.port == out->port);
    fuzz_assert(second.tls == out->tls);
    fuzz_assert(second.ipv4 == out->ipv4);
    fuzz_assert(second.ipv6 == out->ipv6);

    free(tc);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char               *p, *line;
    ngx_str_t             url, key;
    const char           *error;
    ngx_simulcast_url_t   out;

    p = (u_char *) data;
    line = size ? memchr(p, '\n', size) : NULL;

    url.data = p;
    url.len = line ? (size_t) (line - p) : size;

    key.data = line ? line + 1 : p + size;
    key.len = p + size - key.data;

    error = ngx_simulcast_url_parse(&url, &key, &out);

    if (error) {
        fuzz_assert(strlen(error) > 10);

    } else {
        check(&url, &key, &out);
    }

    return 0;
}
