
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_path.h"
#include "ngx_whip_session.h"
#include "ngx_whip_tcp.h"
#include "ngx_whip_udp.h"


ngx_whip_path_t *
ngx_whip_path_udp(ngx_whip_session_t *s, struct sockaddr *peer,
    socklen_t peer_len, struct sockaddr *local, socklen_t local_len)
{
    ngx_uint_t        i;
    ngx_whip_path_t  *path;

    for (i = 0; i < NGX_WHIP_PATHS; i++) {
        path = &s->paths[i];

        if (path->connection && path->tcp == NULL
            && ngx_cmp_sockaddr(&path->peer.sockaddr, path->peer_len, peer,
                                peer_len, 1)
               == NGX_OK
            && ngx_cmp_sockaddr(&path->local.sockaddr, path->local_len, local,
                                local_len, 1)
               == NGX_OK)
        {
            return path;
        }
    }

    path = ngx_whip_path_free(s);

    ngx_memcpy(&path->peer, peer, peer_len);
    path->peer_len = peer_len;
    ngx_memcpy(&path->local, local, local_len);
    path->local_len = local_len;
    path->tcp = NULL;

    return ngx_whip_udp_connect(path) ? path : NULL;
}


ngx_whip_path_t *
ngx_whip_path_free(ngx_whip_session_t *s)
{
    ngx_uint_t        i;
    ngx_whip_path_t  *path, *oldest;

    oldest = NULL;

    for (i = 0; i < NGX_WHIP_PATHS; i++) {
        path = &s->paths[i];

        if (path->connection == NULL) {
            oldest = path;
            break;
        }

        /* never the one that is sent on */

        if (path != s->path
            && (oldest == NULL
                || (ngx_msec_int_t) (path->used - oldest->used) < 0))
        {
            oldest = path;
        }
    }

    if (oldest->connection) {
        ngx_whip_path_close(oldest);
    }

    oldest->session = s;
    oldest->used = ngx_current_msec;

    return oldest;
}


void
ngx_whip_path_close(ngx_whip_path_t *path)
{
    ngx_uint_t           i;
    ngx_connection_t    *c;
    ngx_whip_session_t  *s;

    s = path->session;
    c = path->connection;

    if (c == NULL) {
        return;
    }

    path->connection = NULL;

    if (path->tcp) {
        ngx_whip_tcp_free(path->tcp);
        path->tcp = NULL;
    }

    ngx_close_connection(c);

    if (s->path != path) {
        return;
    }

    s->path = NULL;

    for (i = 0; i < NGX_WHIP_PATHS; i++) {
        path = &s->paths[i];

        if (path->connection
            && (s->path == NULL
                || (ngx_msec_int_t) (path->used - s->path->used) > 0))
        {
            s->path = path;
        }
    }

    if (s->path && s->state != NGX_WHIP_CLOSED) {
        ngx_whip_session_path_changed(s);
    }
}


void
ngx_whip_path_send(ngx_whip_path_t *path, u_char *p, size_t len)
{
    if (path->tcp) {
        ngx_whip_tcp_send(path->tcp, p, len);
        return;
    }

    (void) ngx_whip_udp_send(path->connection, p, len);
}


void
ngx_whip_path_text(ngx_whip_path_t *path, u_char *local, u_char *remote)
{
    size_t  n;

    n = ngx_sock_ntop(&path->local.sockaddr, path->local_len, local,
                      NGX_SOCKADDR_STRLEN, 1);
    local[n] = '\0';

    n = ngx_sock_ntop(&path->peer.sockaddr, path->peer_len, remote,
                      NGX_SOCKADDR_STRLEN, 1);
    remote[n] = '\0';
}
