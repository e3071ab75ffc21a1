
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <arpa/inet.h>

#include "ngx_simulcast_url.h"


#define NGX_SIMULCAST_URL_PORT      1935
#define NGX_SIMULCAST_URL_TLS_PORT  443

#define NGX_SIMULCAST_URL_LABEL     63      /* bytes between two dots */


static ngx_uint_t ngx_simulcast_url_printable(ngx_str_t *text);
static u_char *ngx_simulcast_url_scheme(ngx_str_t *url,
    ngx_simulcast_url_t *out);
static const char *ngx_simulcast_url_authority(u_char *p, u_char *last,
    ngx_simulcast_url_t *out);
static const char *ngx_simulcast_url_port(u_char *p, u_char *last,
    ngx_simulcast_url_t *out);
static ngx_uint_t ngx_simulcast_url_address(ngx_str_t *host, int family);
static ngx_uint_t ngx_simulcast_url_name(ngx_str_t *host);
static ngx_uint_t ngx_simulcast_url_number(u_char *p, u_char *last);
static const char *ngx_simulcast_url_path(u_char *p, u_char *last,
    ngx_simulcast_url_t *out);


const char *
ngx_simulcast_url_parse(ngx_str_t *url, ngx_str_t *key,
    ngx_simulcast_url_t *out)
{
    u_char      *p, *last, *path;
    const char  *error;

    ngx_memzero(out, sizeof(ngx_simulcast_url_t));

    if (url->len > NGX_SIMULCAST_URL_MAX) {
        return "the URL is longer than 1024 characters";
    }

    if (key->len > NGX_SIMULCAST_KEY_MAX) {
        return "the key is longer than 1024 characters";
    }

    p = ngx_simulcast_url_scheme(url, out);

    if (p == NULL) {
        return "the URL does not begin with rtmp:// or rtmps://";
    }

    if (!ngx_simulcast_url_printable(url)) {
        return "the URL has blanks, control characters or characters that "
               "are not ASCII";
    }

    if (!ngx_simulcast_url_printable(key)) {
        return "the key has blanks, control characters or characters that "
               "are not ASCII";
    }

    last = url->data + url->len;

    if (ngx_strlchr(p, last, '#')) {
        return "the URL has a fragment (\"#\")";
    }

    for (path = p; path < last && *path != '/' && *path != '?'; path++) {
        /* void */
    }

    error = ngx_simulcast_url_authority(p, path, out);

    if (error) {
        return error;
    }

    out->key = *key;

    return ngx_simulcast_url_path(path, last, out);
}


static ngx_uint_t
ngx_simulcast_url_printable(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] <= ' ' || text->data[i] > '~') {
            return 0;
        }
    }

    return 1;
}


/* where the authority begins, or NULL */

static u_char *
ngx_simulcast_url_scheme(ngx_str_t *url, ngx_simulcast_url_t *out)
{
    size_t                  i, n;
    ngx_uint_t              tls;
    static const ngx_str_t  schemes[] = {
        ngx_string("rtmp://"), ngx_string("rtmps://")
    };

    for (tls = 0; tls < 2; tls++) {

        n = schemes[tls].len;

        if (url->len < n) {
            continue;
        }

        for (i = 0; i < n; i++) {
            if (ngx_tolower(url->data[i]) != schemes[tls].data[i]) {
                break;
            }
        }

        if (i == n) {
            out->tls = tls;
            return url->data + n;
        }
    }

    return NULL;
}


static const char *
ngx_simulcast_url_authority(u_char *p, u_char *last, ngx_simulcast_url_t *out)
{
    u_char  *end;

    static const char  bad_host[] = "the host is neither a name nor an address";

    if (ngx_strlchr(p, last, '@')) {
        return "the URL has a user name or a password in front of its host";
    }

    if (p < last && *p == '[') {

        end = ngx_strlchr(p, last, ']');

        if (end == NULL) {
            return bad_host;
        }

        out->host.data = p + 1;
        out->host.len = end - out->host.data;

        if (!ngx_simulcast_url_address(&out->host, AF_INET6)) {
            return bad_host;
        }

        out->ipv6 = 1;

        return ngx_simulcast_url_port(end + 1, last, out);
    }

    end = ngx_strlchr(p, last, ':');

    if (end == NULL) {
        end = last;
    }

    out->host.data = p;
    out->host.len = end - p;

    if (out->host.len == 0) {
        return "the URL has no host";
    }

    if (ngx_simulcast_url_address(&out->host, AF_INET)) {
        out->ipv4 = 1;

    } else if (!ngx_simulcast_url_name(&out->host)) {
        return bad_host;
    }

    return ngx_simulcast_url_port(end, last, out);
}


/* nothing, or ":" and a number */

static const char *
ngx_simulcast_url_port(u_char *p, u_char *last, ngx_simulcast_url_t *out)
{
    ngx_uint_t  port;

    static const char  bad_port[] = "the port is not a number of 1 to 65535";

    if (p == last) {
        out->port = out->tls ? NGX_SIMULCAST_URL_TLS_PORT
                             : NGX_SIMULCAST_URL_PORT;
        return NULL;
    }

    if (*p++ != ':' || p == last || last - p > 5) {
        return bad_port;
    }

    for (port = 0; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return bad_port;
        }

        port = port * 10 + (*p - '0');
    }

    if (port < 1 || port > 65535) {
        return bad_port;
    }

    out->port = (in_port_t) port;
    out->port_given = 1;

    return NULL;
}


static ngx_uint_t
ngx_simulcast_url_address(ngx_str_t *host, int family)
{
    char             text[INET6_ADDRSTRLEN];
    struct in6_addr  addr;

    if (host->len >= sizeof(text)) {
        return 0;
    }

    ngx_memcpy(text, host->data, host->len);
    text[host->len] = '\0';

    return inet_pton(family, text, &addr) == 1;
}


static ngx_uint_t
ngx_simulcast_url_name(ngx_str_t *host)
{
    u_char  ch;
    size_t  i, label;

    if (host->len > NGX_SIMULCAST_HOST_MAX) {
        return 0;
    }

    label = 0;

    for (i = 0; i < host->len; i++) {
        ch = host->data[i];

        if (ch == '.') {

            if (i == label) {
                return 0;
            }

            label = i + 1;
            continue;
        }

        if (!((ch >= 'a' && ch <= 'z')
              || (ch >= 'A' && ch <= 'Z')
              || (ch >= '0' && ch <= '9')
              || ch == '_'
              || (ch == '-' && i > label)))
        {
            return 0;
        }

        if (i - label == NGX_SIMULCAST_URL_LABEL) {
            return 0;
        }
    }

    return i > label
           && !ngx_simulcast_url_number(host->data + label, host->data + i);
}


/*
 * A last label that is a number is not of a name: getaddrinfo() would take
 * "127.1", "2130706433" and "0x7f000001" for addresses.
 */

static ngx_uint_t
ngx_simulcast_url_number(u_char *p, u_char *last)
{
    u_char      ch;
    ngx_uint_t  hex;

    hex = (last - p > 1 && p[0] == '0' && ngx_tolower(p[1]) == 'x');

    if (hex) {
        p += 2;
    }

    for ( /* void */ ; p < last; p++) {
        ch = ngx_tolower(*p);

        if (!((ch >= '0' && ch <= '9') || (hex && ch >= 'a' && ch <= 'f'))) {
            return 0;
        }
    }

    return 1;
}


/* slashes of a query are not the path's */

static const char *
ngx_simulcast_url_path(u_char *p, u_char *last, ngx_simulcast_url_t *out)
{
    u_char  *query, *name;

    static const char  no_app[] = "the URL has no application behind its host";
    static const char  no_key[] = "the URL has no key, and none is given "
                                  "apart";

    if (p == last || *p != '/') {
        return no_app;
    }

    query = ngx_strlchr(p, last, '?');

    if (query == NULL) {
        query = last;
    }

    if (out->key.len == 0) {

        for (name = query; name[-1] != '/'; name--) {
            /* void */
        }

        if (name == query) {
            return no_key;
        }

        out->key.data = name;
        out->key.len = last - name;

        last = name;
        query = name;
    }

    while (p < query && *p == '/') {
        p++;
    }

    if (p == query) {
        return (out->key.data == p) ? no_key : no_app;
    }

    while (last[-1] == '/') {
        last--;
    }

    out->app.data = p;
    out->app.len = last - p;

    return NULL;
}


u_char *
ngx_simulcast_url_tc(ngx_simulcast_url_t *url, u_char *buf)
{
    u_char      *p;
    u_char       digits[5];
    ngx_uint_t   n, port;

    p = ngx_cpymem(buf, "rtmp", 4);

    if (url->tls) {
        *p++ = 's';
    }

    p = ngx_cpymem(p, "://", 3);

    if (url->ipv6) {
        *p++ = '[';
    }

    p = ngx_cpymem(p, url->host.data, url->host.len);

    if (url->ipv6) {
        *p++ = ']';
    }

    if (url->port != (url->tls ? NGX_SIMULCAST_URL_TLS_PORT
                               : NGX_SIMULCAST_URL_PORT))
    {
        *p++ = ':';

        n = 0;

        for (port = url->port; port; port /= 10) {
            digits[n++] = (u_char) ('0' + port % 10);
        }

        while (n) {
            *p++ = digits[--n];
        }
    }

    *p++ = '/';

    return ngx_cpymem(p, url->app.data, url->app.len);
}
