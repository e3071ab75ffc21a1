
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: where to push.
 *
 *     rtmp[s]://HOST[:PORT]/APP[/...]/NAME[?query]
 *
 * HOST is a name, an IPv4 address or an IPv6 address in brackets. With the key
 * given apart, the whole path is the application; otherwise its last segment,
 * with the query, is the key.
 */


#ifndef _NGX_SIMULCAST_URL_H_INCLUDED_
#define _NGX_SIMULCAST_URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_URL_MAX   1024    /* bytes, of a URL */
#define NGX_SIMULCAST_KEY_MAX   1024    /* of a key */
#define NGX_SIMULCAST_HOST_MAX  253


/* the strings point into the caller's memory, except for tc_url */

typedef struct {
    ngx_str_t    host;          /* without brackets */
    in_port_t    port;          /* 1935, or 443 with TLS, when none is given */
    ngx_str_t    app;           /* no slash at its ends; may hold a query */
    ngx_str_t    key;           /* the name to publish, query included,
                                   unencoded and whole */
    unsigned     tls:1;
    unsigned     ipv6:1;        /* the host is an address */
    unsigned     ipv4:1;
    unsigned     port_given:1;
} ngx_simulcast_url_t;


#pragma GCC visibility push(hidden)

/*
 * key may be empty: it is then taken from the URL. Refused are: other schemes,
 * user information, fragments, an empty host, application or key, control
 * characters, blanks, bytes above 126, ports out of 1 to 65535, and what is too
 * long. NULL, or what is wrong, as a sentence that does not repeat the URL (it
 * may hold a key).
 */
const char *ngx_simulcast_url_parse(ngx_str_t *url, ngx_str_t *key,
    ngx_simulcast_url_t *out);

/*
 * "rtmp[s]://HOST[:PORT]/APP", the port only where it is not the default (U4).
 * buf has room for NGX_SIMULCAST_URL_MAX + 8; returns the end.
 */
u_char *ngx_simulcast_url_tc(ngx_simulcast_url_t *url, u_char *buf);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_URL_H_INCLUDED_ */
