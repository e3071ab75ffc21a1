
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_candidate.h"
#include "ngx_whip_dtls.h"
#include "ngx_whip_feedback.h"
#include "ngx_whip_frag.h"
#include "ngx_whip_ice.h"
#include "ngx_whip_path.h"
#include "ngx_whip_publisher.h"
#include "ngx_whip_random.h"
#include "ngx_whip_session.h"
#include "ngx_whip_srtp.h"
#include "ngx_whip_ssrc.h"
#include "ngx_whip_stats.h"
#include "ngx_whip_stream.h"
#include "ngx_whip_track.h"

#include <ngx_http.h>


/* the largest wait for on_connect, on_publish and a takeover together */
#define NGX_WHIP_SESSION_ASK      15000    /* ms */

#define NGX_WHIP_SESSION_TICK     100      /* ms, while media may come */
#define NGX_WHIP_SESSION_PENDING  1000     /* ms, before */

#define NGX_WHIP_SESSION_BYE      5000     /* ms without media after a BYE */

/*
 * Packets in a second that are not authentic: then those of sources that are
 * not known are not tried any more
 */
#define NGX_WHIP_SESSION_BAD      1000

#define NGX_WHIP_SESSION_PACKETS  25000    /* in a second, of any kind */

#define NGX_WHIP_SESSION_RTCP     8        /* bytes of the shortest packet */

/* who closes DTLS and then sends a DELETE is told that it went well */
#define NGX_WHIP_SESSION_PAST     256      /* sessions remembered */
#define NGX_WHIP_SESSION_RECENT   60000    /* ms */

#define NGX_WHIP_SESSION_PATCHES  200
#define NGX_WHIP_SESSION_RATE     5        /* PATCHes in a second */


/* an ended session, whose client has yet to delete it: RFC 9725, 4.2 */

typedef struct {
    u_char      id[NGX_WHIP_ID_LEN];
    size_t      len;                 /* 0: none */
    ngx_msec_t  ended;
} ngx_whip_session_past_t;


static u_char *ngx_whip_session_log_error(ngx_log_t *log, u_char *buf,
    size_t len);
static ngx_uint_t ngx_whip_session_parse(ngx_whip_session_t *s,
    ngx_whip_session_ask_t *ask, const char **why);
static ngx_int_t ngx_whip_session_names(ngx_whip_session_t *s,
    ngx_whip_session_ask_t *ask);
static void ngx_whip_session_local(ngx_whip_session_t *s,
    ngx_whip_local_t *local, ngx_whip_candidate_t *candidates);
static void ngx_whip_session_remember(ngx_whip_session_t *s);
static ngx_uint_t ngx_whip_session_forget(ngx_str_t *id);
static void ngx_whip_session_patch(ngx_whip_session_t *s,
    ngx_whip_order_t *order, ngx_whip_outcome_t *outcome, u_char *buf,
    size_t size);
static void ngx_whip_session_restart(ngx_whip_session_t *s,
    ngx_whip_outcome_t *outcome, u_char *buf, size_t size);
static ngx_uint_t ngx_whip_session_match(ngx_whip_session_t *s,
    ngx_str_t *if_match, ngx_uint_t restart);
static void ngx_whip_session_srtp(ngx_whip_session_t *s,
    ngx_whip_path_t *path, u_char *p, size_t len);
static void ngx_whip_session_timer(ngx_event_t *ev);
static void ngx_whip_session_schedule(ngx_whip_session_t *s, uint64_t now);
static void ngx_whip_session_ended(ngx_whip_session_t *s);
static void ngx_whip_session_free(ngx_event_t *ev);
static void ngx_whip_session_destroy(ngx_whip_session_t *s);


static ngx_uint_t               ngx_whip_session_number;
static ngx_whip_session_past_t  ngx_whip_session_past[NGX_WHIP_SESSION_PAST];
static ngx_uint_t               ngx_whip_session_npast;


void
ngx_whip_session_init(void)
{
    ngx_whip_worker_t  *w;

    w = &ngx_whip_worker;

    ngx_queue_init(&w->sessions);
    ngx_rbtree_init(&w->ids, &w->ids_sentinel, ngx_str_rbtree_insert_value);
    ngx_rbtree_init(&w->ufrags, &w->ufrags_sentinel,
                    ngx_str_rbtree_insert_value);
}


ngx_uint_t
ngx_whip_session_create(ngx_whip_session_ask_t *ask,
    ngx_whip_session_t **session, const char **why)
{
    ngx_log_t           *log;
    ngx_uint_t           reason;
    ngx_pool_t          *pool;
    ngx_whip_session_t  *s;

    *why = NULL;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_WHIP_INTERNAL;
    }

    s = ngx_pcalloc(pool, sizeof(ngx_whip_session_t));
    log = ngx_palloc(pool, sizeof(ngx_log_t));

    if (s == NULL || log == NULL) {
        ngx_destroy_pool(pool);
        return NGX_WHIP_INTERNAL;
    }

    *log = ngx_cycle->new_log;
    log->handler = ngx_whip_session_log_error;
    log->data = s;
    log->action = NULL;

    pool->log = log;

    s->pool = pool;
    s->log = log;
    s->conf = ask->conf;
    s->created = ngx_current_msec;
    s->alive = ngx_current_msec;

    s->timer.data = s;
    s->timer.log = log;
    s->timer.handler = ngx_whip_session_timer;

    s->end.data = s;
    s->end.log = log;
    s->end.handler = ngx_whip_session_free;

    ngx_queue_insert_tail(&ngx_whip_worker.sessions, &s->queue);
    ngx_whip_worker.nsessions++;

    reason = ngx_whip_session_parse(s, ask, why);

    if (reason != NGX_WHIP_OK) {
        goto failed;
    }

    reason = NGX_WHIP_INTERNAL;

    if (ngx_whip_session_names(s, ask) != NGX_OK) {
        goto failed;
    }

    s->slot = ngx_whip_registry_claim(&ngx_whip_worker.registry,
                                      s->conf->scope, ask->publish.sockaddr);
    if (s->slot == NULL) {
        reason = NGX_WHIP_ZONE_FULL;
        goto failed;
    }

    ngx_whip_track_init(s);

    s->dtls = ngx_whip_dtls_create(s);

    if (s->dtls == NULL
        || ngx_whip_publisher_ask(s, &ask->publish) != NGX_OK)
    {
        goto failed;
    }

    s->ready = ask->ready;
    s->ready_data = ask->data;

    ngx_add_timer(&s->timer, NGX_WHIP_SESSION_ASK);

    *session = s;

    return NGX_WHIP_OK;

failed:

    ngx_whip_session_destroy(s);

    return reason;
}


static u_char *
ngx_whip_session_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_whip_session_t  *s;

    s = log->data;

    return ngx_snprintf(buf, len, ", whip session: %s, client: %V",
                        s->stats.session, &s->client);
}


static ngx_uint_t
ngx_whip_session_parse(ngx_whip_session_t *s, ngx_whip_session_ask_t *ask,
    const char **why)
{
    ngx_int_t  rc;

    s->offer.data = ngx_pstrdup(s->pool, &ask->offer);
    s->offer.len = ask->offer.len;

    s->sdp = ngx_alloc(sizeof(ngx_whip_sdp_t), s->log);

    if (s->offer.data == NULL || s->sdp == NULL) {
        return NGX_WHIP_INTERNAL;
    }

    rc = ngx_whip_sdp_parse(s->sdp, s->offer.data,
                            s->offer.data + s->offer.len, why);

    if (rc == NGX_ERROR) {
        return NGX_WHIP_BAD_SDP;
    }

    if (rc != NGX_OK
        || ngx_whip_answer_choose(&s->answer, s->sdp, 0, why) != NGX_OK)
    {
        return NGX_WHIP_NOT_ACCEPTABLE;
    }

    return NGX_WHIP_OK;
}


static ngx_int_t
ngx_whip_session_names(ngx_whip_session_t *s, ngx_whip_session_ask_t *ask)
{
    u_char            *p;
    ngx_uint_t         token;

    token = ngx_whip_worker.registry.peers.token;

    s->client.len = ask->publish.client.len;
    s->client.data = ngx_pstrdup(s->pool, &ask->publish.client);

    if (s->client.data == NULL
        || ngx_whip_random_hex(s->id, NGX_WHIP_ID_RANDOM) != NGX_OK
        || ngx_whip_ice_credentials(s) != NGX_OK)
    {
        return NGX_ERROR;
    }

    s->ufrag_node.session = s;
    s->old_ufrag_node.session = s;
    s->id_node.session = s;

    p = ngx_sprintf(s->id + NGX_WHIP_ID_RANDOM, "%xL", (int64_t) token);
    s->id_len = p - s->id;

    s->id_node.sn.str.data = s->id;
    s->id_node.sn.str.len = s->id_len;
    s->id_node.sn.node.key = ngx_crc32_long(s->id, s->id_len);
    ngx_rbtree_insert(&ngx_whip_worker.ids, &s->id_node.sn.node);

    s->ssrc = ngx_whip_random_ssrc();

    /* for logs and the status: the id would let one end the session */

    (void) ngx_snprintf(s->stats.session, sizeof(s->stats.session) - 1,
                        "%xL-%ui", (int64_t) token, ++ngx_whip_session_number);

    (void) ngx_cpystrn(s->stats.app, s->conf->app.data,
                       ngx_min(s->conf->app.len + 1, sizeof(s->stats.app)));
    (void) ngx_cpystrn(s->stats.client, s->client.data,
                       ngx_min(s->client.len + 1, sizeof(s->stats.client)));

    /* until it has another, the name may hold a key */

    ngx_memcpy(s->stats.name, "***", sizeof("***"));

    return NGX_OK;
}


void
ngx_whip_session_abandon(ngx_whip_session_t *s)
{
    s->ready = NULL;

    ngx_whip_session_close(s, NGX_WHIP_CLIENT_GONE);
}


static void
ngx_whip_session_local(ngx_whip_session_t *s, ngx_whip_local_t *local,
    ngx_whip_candidate_t *candidates)
{
    ngx_memzero(local, sizeof(ngx_whip_local_t));

    local->ufrag.data = s->ufrag;
    local->ufrag.len = s->ufrag_len;
    local->pwd.data = s->pwd;
    local->pwd.len = NGX_WHIP_PWD_LEN;
    ngx_memcpy(local->fingerprint, ngx_whip_dtls_fingerprint(),
               NGX_WHIP_DTLS_FINGERPRINT);
    local->candidates = candidates;
    local->ncandidates = ngx_whip_candidate_list(s->conf, candidates);
}


u_char *
ngx_whip_session_answer(ngx_whip_session_t *s, u_char *buf, u_char *last)
{
    u_char                number[NGX_INT64_LEN], *p;
    ngx_whip_local_t      local;
    ngx_whip_candidate_t  candidates[NGX_WHIP_CANDIDATES];

    ngx_whip_session_local(s, &local, candidates);

    local.session.data = number;
    local.session.len = ngx_sprintf(number, "%uL",
                                    (uint64_t) ngx_whip_random_ssrc())
                        - number;

    p = ngx_whip_answer_write(buf, last, &s->answer, s->sdp, &local);

    ngx_free(s->sdp);
    s->sdp = NULL;

    return p;
}


ngx_int_t
ngx_whip_session_owner(ngx_str_t *id, ngx_atomic_uint_t *token)
{
    u_char  c;
    size_t  i;

    if (id->len <= NGX_WHIP_ID_RANDOM || id->len > NGX_WHIP_ID_LEN) {
        return NGX_DECLINED;
    }

    *token = 0;

    for (i = 0; i < id->len; i++) {
        c = id->data[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if (c >= 'a' && c <= 'f') {
            c -= 'a' - 10;

        } else {
            return NGX_DECLINED;
        }

        if (i >= NGX_WHIP_ID_RANDOM) {
            *token = *token << 4 | c;
        }
    }

    return NGX_OK;
}


ngx_whip_session_t *
ngx_whip_session_find(ngx_str_t *id)
{
    ngx_str_node_t      *node;
    ngx_whip_session_t  *s;

    node = ngx_str_rbtree_lookup(&ngx_whip_worker.ids, id,
                                 ngx_crc32_long(id->data, id->len));
    if (node == NULL) {
        return NULL;
    }

    s = ((ngx_whip_node_t *) node)->session;

    return s->state == NGX_WHIP_CLOSED || s->state == NGX_WHIP_ASKING ? NULL
                                                                      : s;
}


void
ngx_whip_session_order(ngx_whip_order_t *order, ngx_whip_outcome_t *outcome,
    u_char *buf, size_t size)
{
    ngx_whip_session_t  *s;

    ngx_memzero(outcome, sizeof(ngx_whip_outcome_t));

    s = ngx_whip_session_find(&order->id);

    if (s) {
        ngx_memcpy(outcome->session, s->stats.session,
                   sizeof(outcome->session));
    }

    if (s == NULL) {

        if (order->delete && ngx_whip_session_forget(&order->id)) {
            outcome->status = NGX_HTTP_OK;

        } else {
            outcome->reason = NGX_WHIP_UNKNOWN_SESSION;
        }

    } else if (order->delete) {
        ngx_whip_session_close(s, NGX_WHIP_DELETED);
        outcome->status = NGX_HTTP_OK;

    } else {
        ngx_whip_session_patch(s, order, outcome, buf, size);
    }

    if (outcome->reason != NGX_WHIP_OK) {
        outcome->status = ngx_whip_reason(outcome->reason)->status;
    }
}


static void
ngx_whip_session_remember(ngx_whip_session_t *s)
{
    ngx_whip_session_past_t  *past;

    past = &ngx_whip_session_past[ngx_whip_session_npast++
                                  % NGX_WHIP_SESSION_PAST];

    ngx_memcpy(past->id, s->id, s->id_len);
    past->len = s->id_len;
    past->ended = ngx_current_msec;
}


/* nonzero: it was one not long ago, and is none any more */

static ngx_uint_t
ngx_whip_session_forget(ngx_str_t *id)
{
    ngx_uint_t                i;
    ngx_whip_session_past_t  *past;

    for (i = 0; i < NGX_WHIP_SESSION_PAST; i++) {
        past = &ngx_whip_session_past[i];

        if (past->len == id->len
            && ngx_memcmp(past->id, id->data, id->len) == 0)
        {
            past->len = 0;
            return ngx_current_msec - past->ended < NGX_WHIP_SESSION_RECENT;
        }
    }

    return 0;
}


static void
ngx_whip_session_patch(ngx_whip_session_t *s, ngx_whip_order_t *order,
    ngx_whip_outcome_t *outcome, u_char *buf, size_t size)
{
    ngx_uint_t        restart;
    const char       *why;
    ngx_whip_frag_t   frag;

    if (ngx_current_msec - s->patch_time >= 1000) {
        s->patch_time = ngx_current_msec;
        s->patch_count = 0;
    }

    if (++s->patch_count > NGX_WHIP_SESSION_RATE
        || ++s->patches > NGX_WHIP_SESSION_PATCHES)
    {
        outcome->reason = NGX_WHIP_TOO_MANY_REQUESTS;
        return;
    }

    if (ngx_whip_frag_parse(&frag, order->body.data,
                            order->body.data + order->body.len, &why)
        != NGX_OK)
    {
        outcome->reason = NGX_WHIP_BAD_SDP;
        return;
    }

    /* other credentials than those of the session: RFC 9725, 4.3.3 */

    restart = frag.ufrag.len
              && (frag.ufrag.len != s->answer.ufrag.len
                  || ngx_memcmp(frag.ufrag.data, s->answer.ufrag.data,
                                frag.ufrag.len)
                     != 0);

    outcome->reason = ngx_whip_session_match(s, &order->if_match, restart);

    if (outcome->reason != NGX_WHIP_OK) {
        return;
    }

    if (!restart) {
        /* candidates are of no use to who sends no checks */
        outcome->status = NGX_HTTP_NO_CONTENT;
        return;
    }

    s->answer.ufrag.data = ngx_pstrdup(s->pool, &frag.ufrag);
    s->answer.ufrag.len = s->answer.ufrag.data ? frag.ufrag.len : 0;
    s->answer.pwd.len = 0;

    ngx_whip_session_restart(s, outcome, buf, size);
}


/* RFC 9725, 4.3.1.  For "*" there are those who quote it */

static ngx_uint_t
ngx_whip_session_match(ngx_whip_session_t *s, ngx_str_t *if_match,
    ngx_uint_t restart)
{
    ngx_uint_t  any;

    if (if_match->len == 0) {
        return NGX_WHIP_NO_IF_MATCH;
    }

    any = (if_match->len == 1 && if_match->data[0] == '*')
          || (if_match->len == 3
              && ngx_strncmp(if_match->data, "\"*\"", 3) == 0);

    if (any
        || (!restart && if_match->len == NGX_WHIP_ETAG_LEN
            && ngx_memcmp(if_match->data, s->etag, NGX_WHIP_ETAG_LEN) == 0))
    {
        return NGX_WHIP_OK;
    }

    return NGX_WHIP_OTHER_ETAG;
}


static void
ngx_whip_session_restart(ngx_whip_session_t *s, ngx_whip_outcome_t *outcome,
    u_char *buf, size_t size)
{
    u_char                *p;
    ngx_whip_local_t       local;
    ngx_whip_candidate_t   candidates[NGX_WHIP_CANDIDATES];

    if (ngx_whip_ice_credentials(s) != NGX_OK) {
        ngx_whip_session_close(s, NGX_WHIP_INTERNAL);
        outcome->reason = NGX_WHIP_INTERNAL;
        return;
    }

    ngx_whip_session_local(s, &local, candidates);

    p = ngx_whip_frag_write(buf, buf + size, &s->answer, &local);

    if (p == NULL) {
        outcome->reason = NGX_WHIP_INTERNAL;
        return;
    }

    outcome->status = NGX_HTTP_OK;
    outcome->body.data = buf;
    outcome->body.len = p - buf;
    outcome->etag_len = NGX_WHIP_ETAG_LEN;
    ngx_memcpy(outcome->etag, s->etag, NGX_WHIP_ETAG_LEN);
}


void
ngx_whip_session_state(ngx_whip_session_t *s, ngx_uint_t state)
{
    s->state = state;

    if (s->slot) {
        ngx_whip_registry_state(s->slot, state);
    }
}


void
ngx_whip_session_accepted(ngx_whip_session_t *s)
{
    ngx_str_t    name;
    ngx_time_t  *tp;

    if (s->state != NGX_WHIP_ASKING) {
        return;
    }

    s->created = ngx_current_msec;

    tp = ngx_timeofday();
    s->stats.started = (uint64_t) tp->sec * 1000 + tp->msec;
    s->stats.pid = ngx_pid;

    ngx_whip_publisher_name(s->publisher, &name);

    if (name.len) {
        (void) ngx_cpystrn(s->stats.name, name.data,
                           ngx_min(name.len + 1, sizeof(s->stats.name)));
    }

    ngx_whip_registry_write(s->slot, &s->stats);
    ngx_whip_registry_started(&ngx_whip_worker.registry);
    ngx_whip_session_state(s, NGX_WHIP_NEW);

    if (s->ready) {
        s->ready(s->ready_data, NGX_WHIP_OK);
        s->ready = NULL;
    }

    if (s->state != NGX_WHIP_CLOSED) {
        ngx_whip_session_schedule(s, ngx_whip_now());
    }
}


void
ngx_whip_session_connected(ngx_whip_session_t *s)
{
    ngx_whip_session_state(s, NGX_WHIP_CONNECTED);

    s->alive = ngx_current_msec;
    s->media_time = ngx_current_msec;
    s->report_time = ngx_current_msec;
    s->second = ngx_current_msec;

    ngx_whip_dtls_text(s, &s->stats);
    ngx_whip_session_path_changed(s);

    ngx_log_error(NGX_LOG_NOTICE, s->log, 0,
                  "whip: connected to \"%s\", %s from %s to %s, %s",
                  s->stats.name, s->stats.tcp ? "tcp" : "udp",
                  s->stats.remote, s->stats.local, s->stats.srtp);

    ngx_whip_session_schedule(s, ngx_whip_now());
}


void
ngx_whip_session_media(ngx_whip_session_t *s)
{
    if (s->state == NGX_WHIP_CONNECTED) {
        ngx_whip_session_state(s, NGX_WHIP_LIVE);
    }
}


void
ngx_whip_session_path_changed(ngx_whip_session_t *s)
{
    s->stats.tcp = s->path->tcp != NULL;
    ngx_whip_path_text(s->path, s->stats.local, s->stats.remote);
}


/* RFC 7983, 7 */

void
ngx_whip_session_input(ngx_whip_path_t *path, u_char *p, size_t len)
{
    ngx_whip_session_t  *s;

    s = path->session;

    if (len == 0 || s->state == NGX_WHIP_CLOSED) {
        return;
    }

    if (p[0] <= 3) {
        ngx_whip_ice_input(path, p, len);

    } else if (p[0] >= 128 && p[0] <= 191) {
        ngx_whip_session_srtp(s, path, p, len);

    } else if (p[0] >= 20 && p[0] <= 63 && s->path) {

        /* without a path nothing can be answered */

        ngx_whip_dtls_input(s, p, len);
    }
}


static void
ngx_whip_session_srtp(ngx_whip_session_t *s, ngx_whip_path_t *path, u_char *p,
    size_t len)
{
    uint32_t    ssrc;
    uint64_t    now;
    ngx_int_t   rc;
    ngx_uint_t  rtcp;

    if (s->srtp == NULL || len < NGX_WHIP_SESSION_RTCP) {
        return;
    }

    rtcp = ngx_whip_rtp_is_rtcp(p, len);
    ssrc = rtcp ? ngx_whip_wire_get32(p + 4) : ngx_whip_rtp_ssrc(p, len);

    /* forged packets mostly name other sources than the client's */

    rc = ngx_whip_ssrc_find(s, ssrc);

    if (rc == NGX_ERROR
        || (rc == NGX_DECLINED && s->bad_count > NGX_WHIP_SESSION_BAD))
    {
        s->bad_packets++;
        return;
    }

    rc = rtcp ? ngx_whip_srtp_rtcp(s->srtp, p, &len)
              : ngx_whip_srtp_rtp(s->srtp, p, &len);

    if (rc != NGX_OK) {

        if (rc == NGX_ERROR) {
            s->bad_packets++;
            s->bad_count++;
        }

        return;
    }

    /* what is forged does not count against the client */

    if (++s->count > NGX_WHIP_SESSION_PACKETS) {
        return;
    }

    ngx_whip_ssrc_heard(s, ssrc);

    s->packets++;
    s->bytes += len;
    s->alive = ngx_current_msec;
    path->used = ngx_current_msec;

    now = ngx_whip_now();

    if (rtcp) {
        ngx_whip_stream_rtcp(s, p, len, now);
        return;
    }

    s->media_time = ngx_current_msec;

    ngx_whip_stream_rtp(s, p, len, now);
}


void
ngx_whip_session_received(ngx_whip_session_t *s)
{
    uint64_t    now;
    ngx_uint_t  i;

    if (s->state == NGX_WHIP_CLOSED) {
        return;
    }

    /* the timer is well as it is, unless something is missing */

    for (i = 0; i < s->nstreams; i++) {
        if (s->streams[i]->jitter.missing) {
            break;
        }
    }

    if (i == s->nstreams && s->state >= NGX_WHIP_CONNECTED) {
        return;
    }

    now = ngx_whip_now();

    ngx_whip_feedback_nack(s, now);
    ngx_whip_session_schedule(s, now);
}


static void
ngx_whip_session_schedule(ngx_whip_session_t *s, uint64_t now)
{
    ngx_msec_t  timer, t;

    if (s->state == NGX_WHIP_CLOSED) {
        return;
    }

    if (s->state >= NGX_WHIP_CONNECTED) {
        timer = ngx_whip_stream_timer(s, now);
        timer = ngx_min(timer, NGX_WHIP_SESSION_TICK);

    } else {
        timer = ngx_whip_dtls_timer(s);
        t = NGX_WHIP_SESSION_PENDING;
        timer = ngx_min(timer, t);
    }

    timer = ngx_max(timer, 1);

    /* a timer that is set is not moved by less than 300 ms */

    if (s->timer.timer_set) {

        t = ngx_current_msec + timer;

        if ((ngx_msec_int_t) (s->timer.timer.key - t) <= 0) {
            return;
        }

        ngx_del_timer(&s->timer);
    }

    ngx_add_timer(&s->timer, timer);
}


static void
ngx_whip_session_timer(ngx_event_t *ev)
{
    uint64_t             now;
    ngx_whip_session_t  *s;

    s = ev->data;
    now = ngx_whip_now();

    if (s->state == NGX_WHIP_ASKING) {
        ngx_whip_session_close(s, NGX_WHIP_NO_ANSWER);
        return;
    }

    ngx_whip_session_ended(s);

    if (s->state == NGX_WHIP_CLOSED) {
        return;
    }

    if (s->state < NGX_WHIP_CONNECTED) {

        if (ngx_whip_dtls_timer(s) == 0) {
            ngx_whip_dtls_retransmit(s);
        }

    } else {
        ngx_whip_stream_poll(s, now);
        ngx_whip_feedback_nack(s, now);
        ngx_whip_feedback_tick(s, now);
        ngx_whip_track_tick(s);

        if (ngx_current_msec - s->second >= 1000) {
            ngx_whip_stats_update(s);
            s->bad_count = 0;
            s->count = 0;
            s->second = ngx_current_msec;
        }
    }

    ngx_whip_session_schedule(s, now);
}


static void
ngx_whip_session_ended(ngx_whip_session_t *s)
{
    if (s->state < NGX_WHIP_CONNECTED) {

        if (ngx_current_msec - s->created >= s->conf->timeout) {
            ngx_whip_session_close(s, NGX_WHIP_CONNECT_TIMEOUT);
        }

        return;
    }

    if (ngx_current_msec - s->alive >= s->conf->idle_timeout) {
        ngx_whip_session_close(s, NGX_WHIP_CONSENT_EXPIRED);

    } else if (s->bye
               && ngx_current_msec - s->media_time >= NGX_WHIP_SESSION_BYE)
    {
        ngx_whip_session_close(s, NGX_WHIP_BYE);
    }
}


void
ngx_whip_session_close(ngx_whip_session_t *s, ngx_uint_t reason)
{
    ngx_uint_t  state;

    if (s->state == NGX_WHIP_CLOSED) {
        return;
    }

    state = s->state;

    ngx_whip_dtls_close(s);
    ngx_whip_session_state(s, NGX_WHIP_CLOSED);

    if (s->publisher) {
        ngx_whip_publisher_close(s->publisher,
                                 reason == NGX_WHIP_DELETED
                                 || reason == NGX_WHIP_BYE
                                 || reason == NGX_WHIP_CLOSED_BY_CLIENT);
    }

    if (state == NGX_WHIP_ASKING) {

        if (s->ready) {
            s->ready(s->ready_data, reason);
            s->ready = NULL;

        } else {
            ngx_whip_registry_reason(&ngx_whip_worker.registry, reason);
        }

    } else {

        if (reason != NGX_WHIP_DELETED) {
            ngx_whip_session_remember(s);
        }

        ngx_whip_stats_update(s);
        ngx_whip_registry_reason(&ngx_whip_worker.registry, reason);

        ngx_log_error(NGX_LOG_NOTICE, s->log, 0,
                      "whip: session of \"%s\" ended after %M ms: %s (%s), "
                      "%uL bytes, %uL packets lost, %uL repaired",
                      s->stats.name, ngx_current_msec - s->created,
                      ngx_whip_reason(reason)->name,
                      ngx_whip_reason(reason)->text, s->bytes,
                      s->stats.audio.lost + s->stats.video.lost,
                      s->stats.audio.repaired + s->stats.video.repaired);
    }

    ngx_post_event(&s->end, &ngx_posted_events);
}


static void
ngx_whip_session_free(ngx_event_t *ev)
{
    ngx_whip_session_destroy(ev->data);
}


static void
ngx_whip_session_destroy(ngx_whip_session_t *s)
{
    ngx_uint_t  i;

    s->state = NGX_WHIP_CLOSED;

    if (s->publisher) {
        ngx_whip_publisher_close(s->publisher, 0);
    }

    if (s->end.posted) {
        ngx_delete_posted_event(&s->end);
    }

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    for (i = 0; i < NGX_WHIP_PATHS; i++) {
        if (s->paths[i].connection) {
            ngx_whip_path_close(&s->paths[i]);
        }
    }

    ngx_whip_stream_free(s);

    if (s->srtp) {
        ngx_whip_srtp_destroy(s->srtp);
    }

    if (s->dtls) {
        ngx_whip_dtls_destroy(s->dtls);
    }

    if (s->sdp) {
        ngx_free(s->sdp);
    }

    ngx_whip_ice_forget(s);

    if (s->id_len) {
        ngx_rbtree_delete(&ngx_whip_worker.ids, &s->id_node.sn.node);
    }

    if (s->slot) {
        ngx_whip_registry_release(s->slot);
    }

    ngx_queue_remove(&s->queue);
    ngx_whip_worker.nsessions--;

    ngx_destroy_pool(s->pool);
}


void
ngx_whip_session_shutdown(void)
{
    ngx_queue_t           *q;
    ngx_whip_session_t    *s;
    ngx_whip_publisher_t  *pub;

    while (!ngx_queue_empty(&ngx_whip_worker.sessions)) {
        q = ngx_queue_head(&ngx_whip_worker.sessions);
        s = ngx_queue_data(q, ngx_whip_session_t, queue);

        pub = s->publisher;

        ngx_whip_session_close(s, NGX_WHIP_SHUTDOWN);

        if (pub) {
            ngx_whip_publisher_finish(pub);
        }

        ngx_whip_session_destroy(s);
    }
}
