
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_courier.h"
#include "ngx_whip_dtls.h"
#include "ngx_whip_ice.h"
#include "ngx_whip_path.h"
#include "ngx_whip_random.h"
#include "ngx_whip_session.h"
#include "ngx_whip_udp.h"


#define NGX_WHIP_ICE_RATE   100      /* checked requests in a second */
#define NGX_WHIP_ICE_STALE  3000     /* ms; nothing comes by this path now */


static ngx_int_t ngx_whip_ice_token(ngx_whip_stun_t *stun,
    ngx_atomic_uint_t *token);
static void ngx_whip_ice_name(ngx_whip_stun_t *stun, ngx_str_t *ufrag);


ngx_int_t
ngx_whip_ice_credentials(ngx_whip_session_t *s)
{
    u_char  *p;

    if (s->ufrag_len) {

        if (s->old_ufrag_set) {
            ngx_rbtree_delete(&ngx_whip_worker.ufrags,
                              &s->old_ufrag_node.sn.node);
        }

        ngx_rbtree_delete(&ngx_whip_worker.ufrags, &s->ufrag_node.sn.node);

        ngx_memcpy(s->old_ufrag, s->ufrag, s->ufrag_len);
        ngx_memcpy(s->old_pwd, s->pwd, NGX_WHIP_PWD_LEN);

        s->old_ufrag_node.sn.str.data = s->old_ufrag;
        s->old_ufrag_node.sn.str.len = s->ufrag_len;
        s->old_ufrag_node.sn.node.key = ngx_crc32_long(s->old_ufrag,
                                                    s->ufrag_len);
        ngx_rbtree_insert(&ngx_whip_worker.ufrags, &s->old_ufrag_node.sn.node);

        s->old_ufrag_set = 1;
        s->restarted = ngx_current_msec;
        s->ufrag_len = 0;
    }

    if (ngx_whip_random_text(s->ufrag, NGX_WHIP_UFRAG_RANDOM) != NGX_OK
        || ngx_whip_random_text(s->pwd, NGX_WHIP_PWD_LEN) != NGX_OK
        || ngx_whip_random_hex(&s->etag[1], NGX_WHIP_ETAG_LEN - 2) != NGX_OK)
    {
        return NGX_ERROR;
    }

    s->etag[0] = '"';
    s->etag[NGX_WHIP_ETAG_LEN - 1] = '"';

    p = ngx_sprintf(s->ufrag + NGX_WHIP_UFRAG_RANDOM, "%xL",
                    (int64_t) ngx_whip_worker.registry.peers.token);
    s->ufrag_len = p - s->ufrag;

    s->ufrag_node.sn.str.data = s->ufrag;
    s->ufrag_node.sn.str.len = s->ufrag_len;
    s->ufrag_node.sn.node.key = ngx_crc32_long(s->ufrag, s->ufrag_len);

    ngx_rbtree_insert(&ngx_whip_worker.ufrags, &s->ufrag_node.sn.node);

    return NGX_OK;
}


void
ngx_whip_ice_forget(ngx_whip_session_t *s)
{
    if (s->ufrag_len) {
        ngx_rbtree_delete(&ngx_whip_worker.ufrags, &s->ufrag_node.sn.node);
        s->ufrag_len = 0;
    }

    if (s->old_ufrag_set) {
        ngx_rbtree_delete(&ngx_whip_worker.ufrags, &s->old_ufrag_node.sn.node);
        s->old_ufrag_set = 0;
    }
}


/* USERNAME is ours:theirs */

static void
ngx_whip_ice_name(ngx_whip_stun_t *stun, ngx_str_t *ufrag)
{
    u_char  *p;

    p = ngx_strlchr(stun->username.data,
                    stun->username.data + stun->username.len, ':');

    ufrag->data = stun->username.data;
    ufrag->len = p ? (size_t) (p - stun->username.data) : 0;
}


static ngx_int_t
ngx_whip_ice_token(ngx_whip_stun_t *stun, ngx_atomic_uint_t *token)
{
    u_char      c;
    size_t      i;
    ngx_str_t   ufrag;

    ngx_whip_ice_name(stun, &ufrag);

    if (ufrag.len <= NGX_WHIP_UFRAG_RANDOM || ufrag.len > NGX_WHIP_UFRAG_LEN) {
        return NGX_DECLINED;
    }

    *token = 0;

    for (i = NGX_WHIP_UFRAG_RANDOM; i < ufrag.len; i++) {
        c = ufrag.data[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if (c >= 'a' && c <= 'f') {
            c -= 'a' - 10;

        } else {
            return NGX_DECLINED;
        }

        *token = *token << 4 | c;
    }

    return NGX_OK;
}


ngx_whip_session_t *
ngx_whip_ice_find(ngx_whip_stun_t *stun)
{
    uint32_t             hash;
    ngx_str_t            ufrag;
    ngx_str_node_t      *node;
    ngx_whip_session_t  *s;

    ngx_whip_ice_name(stun, &ufrag);

    if (ufrag.len == 0) {
        return NULL;
    }

    hash = ngx_crc32_long(ufrag.data, ufrag.len);

    node = ngx_str_rbtree_lookup(&ngx_whip_worker.ufrags, &ufrag, hash);
    if (node == NULL) {
        return NULL;
    }

    s = ((ngx_whip_node_t *) node)->session;

    return s->state == NGX_WHIP_CLOSED ? NULL : s;
}


ngx_uint_t
ngx_whip_ice_own(ngx_whip_stun_t *stun)
{
    ngx_atomic_uint_t  token;

    return ngx_whip_ice_token(stun, &token) != NGX_OK
           || token == ngx_whip_worker.registry.peers.token;
}


ngx_int_t
ngx_whip_ice_owner(ngx_whip_stun_t *stun, ngx_uint_t *generation,
    ngx_uint_t *number)
{
    ngx_atomic_uint_t  token;

    if (ngx_whip_ice_token(stun, &token) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_live_peers_find(&ngx_whip_worker.registry.peers, token,
                               generation, number);
}


ngx_int_t
ngx_whip_ice_forward(ngx_whip_stun_t *stun, u_char *p, size_t len,
    struct sockaddr *peer, socklen_t peer_len, struct sockaddr *local,
    socklen_t local_len)
{
    ngx_uint_t  generation, number;

    if (stun->type != NGX_WHIP_STUN_BINDING_REQUEST || stun->integrity == 0
        || ngx_whip_ice_owner(stun, &generation, &number) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_whip_courier_datagram(generation, number, p, len, peer,
                                     peer_len, local, local_len);
}


ngx_int_t
ngx_whip_ice_check(ngx_whip_session_t *s, ngx_whip_stun_t *stun, u_char *p,
    size_t len, ngx_str_t *key)
{
    ngx_str_t   ufrag;
    ngx_uint_t  now;

    if (stun->type != NGX_WHIP_STUN_BINDING_REQUEST || stun->integrity == 0) {
        return NGX_DECLINED;
    }

    ngx_whip_ice_name(stun, &ufrag);

    key->data = s->pwd;
    key->len = NGX_WHIP_PWD_LEN;

    if (s->old_ufrag_set && ufrag.len == s->old_ufrag_node.sn.str.len
        && ngx_memcmp(ufrag.data, s->old_ufrag, ufrag.len) == 0)
    {
        if (ngx_current_msec - s->restarted > NGX_WHIP_ICE_OLD) {
            return NGX_DECLINED;
        }

        key->data = s->old_pwd;

    } else if (ufrag.len != s->ufrag_len
               || ngx_memcmp(ufrag.data, s->ufrag, ufrag.len) != 0)
    {
        return NGX_DECLINED;
    }

    if (ngx_whip_stun_verify(stun, p, len, key) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* who has the password may want a socket for each request */

    now = ngx_time();

    if (s->stun_time != now) {
        s->stun_time = now;
        s->stun_count = 0;
    }

    return ++s->stun_count > NGX_WHIP_ICE_RATE ? NGX_DECLINED : NGX_OK;
}


void
ngx_whip_ice_answer(ngx_whip_path_t *path, ngx_whip_stun_t *stun,
    ngx_str_t *key)
{
    size_t               len;
    u_char               buf[256];
    ngx_whip_session_t  *s;

    s = path->session;

    if (stun->nunknown) {
        len = ngx_whip_stun_error(buf, sizeof(buf), stun->tid, 420,
                                  stun->unknown, stun->nunknown, key);

    } else if (stun->controlled) {

        /* both would be controlled: RFC 8445, 7.3.1.1 */

        len = ngx_whip_stun_error(buf, sizeof(buf), stun->tid, 487, NULL, 0,
                                  key);

    } else {
        len = ngx_whip_stun_success(buf, sizeof(buf), stun->tid,
                                    &path->peer.sockaddr, key);
    }

    if (len) {
        ngx_whip_path_send(path, buf, len);
    }

    if (stun->nunknown || stun->controlled || s->state == NGX_WHIP_CLOSED) {
        return;
    }

    path->used = ngx_current_msec;
    s->alive = ngx_current_msec;

    /*
     * What was nominated last is sent on; before a nomination, what was
     * checked first: some clients begin DTLS ahead of it.
     */

    if (s->path == NULL
        || (s->path != path
            && (stun->use_candidate
                || ngx_current_msec - s->path->used > NGX_WHIP_ICE_STALE)))
    {
        s->path = path;
        ngx_whip_session_path_changed(s);
    }

    if (s->state == NGX_WHIP_NEW) {
        ngx_whip_session_state(s, NGX_WHIP_CONNECTING);
        ngx_whip_dtls_start(s);
    }
}


void
ngx_whip_ice_input(ngx_whip_path_t *path, u_char *p, size_t len)
{
    ngx_str_t        key;
    ngx_whip_path_t  old;
    ngx_whip_stun_t  stun;

    if (ngx_whip_stun_parse(&stun, p, len) != NGX_OK) {
        return;
    }

    if (ngx_whip_ice_check(path->session, &stun, p, len, &key) == NGX_OK) {
        ngx_whip_ice_answer(path, &stun, &key);
        return;
    }

    /* what was this client's address may be another's, or its next session's */

    if (path->tcp || ngx_current_msec - path->used < NGX_WHIP_ICE_STALE
        || ngx_whip_ice_find(&stun) == path->session)
    {
        return;
    }

    old = *path;
    ngx_whip_path_close(path);

    if (ngx_whip_ice_own(&stun)) {
        ngx_whip_udp_handed(p, len, &old.peer.sockaddr, old.peer_len,
                            &old.local.sockaddr, old.local_len);
        return;
    }

    (void) ngx_whip_ice_forward(&stun, p, len, &old.peer.sockaddr,
                                old.peer_len, &old.local.sockaddr,
                                old.local_len);
}
