
/*
 * Copyright (C) the ngx_live contributors
 */


#include "session.h"
#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define SESSION_REDIRECTS_MAX  5
#define SESSION_REPORT_MAX     8192       /* bytes of a body in an event */


static const char *session_states[] = {
    "idle", "offered", "checking", "shaking", "running", "leaving", "over"
};

static const char *session_hows[] = { "full", "delete", "dtls", "vanish" };


static void session_begin(void *data);
static void session_posted(void *data, const http_response_t *r);


/* --- the end of a cycle -------------------------------------------------- */

static void
session_release(session_t *s)
{
    loop_timer_stop(&s->life);

    http_abort(&s->http);
    sender_free(&s->sender);
    ice_stop(&s->ice);
    dtls_free(&s->dtls);
    crypt_free(&s->crypt);
    transport_close(&s->transport);
}


/* ends a cycle; another one may follow */

static void
session_end(session_t *s, int good)
{
    report_object(s->number, "stats", session_stats(s));
    session_release(s);

    s->failures += !good;
    s->cycle++;

    if (!s->stopping
        && (s->options.cycles == 0 || s->cycle < s->options.cycles))
    {
        s->state = SESSION_IDLE;
        loop_timer_set(&s->again,
                       loop_now() + LOOP_MS(s->options.cycle_pause));
        return;
    }

    s->state = SESSION_OVER;
    s->over(s);
}


/* the server's doing, or a fault; "reason" is a stable word */

static void
session_closed(session_t *s, const char *reason, const char *detail)
{
    int  good;

    report(s->number, "closed", "{s:s,s:s?,s:s,s:b,s:i}",
           "reason", reason, "detail", detail,
           "state", session_states[s->state], "connected", s->connected,
           "cycle", (int) s->cycle);

    switch (s->options.expect) {

    case OPTIONS_EXPECT_CLOSED:
        good = s->connected;
        break;

    case OPTIONS_EXPECT_REFUSED:
        good = strcmp(reason, "refused") == 0;
        break;

    case OPTIONS_EXPECT_ANY:
        good = 1;
        break;

    default:
        good = 0;
    }

    /* a publisher that reconnects takes this as a part of the same cycle */

    if (s->options.reconnect > 0 && !s->stopping) {

        session_release(s);

        s->state = SESSION_IDLE;
        loop_timer_set(&s->again,
                       loop_now() + LOOP_MS(s->options.reconnect));
        return;
    }

    session_end(s, good);
}


static void
session_stopped(session_t *s, int deleted)
{
    int  good;

    report(s->number, "stopped", "{s:s,s:i,s:b,s:i}",
           "how", s->how, "delete", deleted,
           "connected", s->connected, "cycle", (int) s->cycle);

    good = s->options.expect == OPTIONS_EXPECT_ANY
           || (s->options.expect == OPTIONS_EXPECT_CONNECTED
               && s->connected
               && (deleted == -1 || deleted / 100 == 2));

    session_end(s, good);
}


/* --- HTTP ---------------------------------------------------------------- */

/* bytes of a stranger as JSON */

static json_t *
session_text(const char *data, size_t len)
{
    char     text[SESSION_REPORT_MAX];
    size_t   i;
    json_t  *value;

    value = json_stringn(data, len);

    if (value && len <= sizeof(text)) {
        return value;
    }

    json_decref(value);

    for (i = 0; i < len && i < sizeof(text); i++) {
        text[i] = (char) (isascii((unsigned char) data[i]) ? data[i] : '?');
    }

    return json_stringn(text, i);
}


static void
session_report_http(session_t *s, const char *method, const http_response_t *r)
{
    json_t    *event, *headers;
    unsigned   i;

    headers = json_object();

    for (i = 0; i < r->nheaders; i++) {
        json_object_set_new(headers, r->headers[i].name,
                            session_text(r->headers[i].value,
                                         strlen(r->headers[i].value)));
    }

    event = json_pack("{s:s,s:i,s:s?,s:o}",
                      "method", method, "status", r->status,
                      "error", r->error, "headers", headers);

    /* that of a 201 is in the event "answer" */

    if (r->status != 201) {
        json_object_set_new(event, "body",
                            session_text(r->body, r->body_len));
    }

    report_object(s->number, "http", event);
}


static void
session_request(session_t *s, const char *method, const char *url,
    const char *more, const char *body, http_done_pt done)
{
    char        *headers;
    const char  *agent;

    agent = s->options.user_agent;

    headers = agent && *agent
              ? memory_format("User-Agent: %s\r\n%s%s", agent,
                              s->authorization, more)
              : memory_format("%s%s", s->authorization, more);

    http_request(&s->http, method, url, headers, body,
                 LOOP_MS(s->options.http_timeout), done);

    free(headers);
}


static void
session_set(char **field, char *value)
{
    free(*field);
    *field = value;
}


/* --- the offer ----------------------------------------------------------- */

static void
session_describe(session_t *s, offer_t *offer)
{
    track_t  *t;

    memset(offer, 0, sizeof(offer_t));

    offer->options = &s->options;
    offer->cname = s->sender.cname;
    offer->ufrag = *s->ice.next_ufrag ? s->ice.next_ufrag : s->ice.ufrag;
    offer->pwd = *s->ice.next_ufrag ? s->ice.next_pwd : s->ice.pwd;
    offer->fingerprint = dtls_fingerprint();
    offer->address = s->options.local && *s->options.local
                     ? s->options.local : "127.0.0.1";
    offer->port = transport_port(&s->transport);

    t = sender_track(&s->sender, OPTIONS_AUDIO);

    if (t) {
        offer->present[OPTIONS_AUDIO] = 1;
        offer->ssrc[OPTIONS_AUDIO] = t->ssrc;
    }

    t = sender_track(&s->sender, OPTIONS_VIDEO);

    if (t) {
        offer->present[OPTIONS_VIDEO] = 1;
        offer->ssrc[OPTIONS_VIDEO] = t->ssrc;
        offer->rtx_ssrc[OPTIONS_VIDEO] = t->rtx_ssrc;
        offer->profile = t->media->profile;
        offer->sprop = t->media->sprop;
    }
}


static uint32_t
session_ssrc(int64_t wanted)
{
    uint32_t  ssrc;

    if (wanted >= 0) {
        return (uint32_t) wanted;
    }

    RAND_bytes((unsigned char *) &ssrc, sizeof(ssrc));

    return ssrc;
}


static track_t *
session_add_track(session_t *s, int kind, unsigned layer,
    const media_t *media)
{
    track_t                *t;
    const track_options_t  *o;

    o = &s->options.track[kind];

    t = sender_add(&s->sender, kind, layer, media);

    t->ssrc = session_ssrc(o->ssrc) + (o->ssrc < 0 ? 0 : layer * 2);
    t->rtx_ssrc = o->rtx_ssrc < 0 ? t->ssrc + 1
                                  : (uint32_t) o->rtx_ssrc + layer * 2;

    return t;
}


/* with simulcast a track for each rid, as far as there are files */

static void
session_add_tracks(session_t *s)
{
    int          len;
    track_t     *t;
    unsigned     layer;
    const char  *rid;

    if (s->media->audio) {
        (void) session_add_track(s, OPTIONS_AUDIO, 0, s->media->audio);
    }

    if (s->media->nvideo == 0) {
        return;
    }

    rid = s->options.rids;

    if (rid == NULL || *rid == '\0') {
        t = session_add_track(s, OPTIONS_VIDEO, 0, s->media->video[0]);

        if (s->options.rid) {
            snprintf(t->rid, sizeof(t->rid), "%s", s->options.rid);
        }

        return;
    }

    for (layer = 0; layer < s->media->nvideo && *rid; layer++) {

        t = session_add_track(s, OPTIONS_VIDEO, layer,
                              s->media->video[layer]);

        len = (int) strcspn(rid, ";");
        snprintf(t->rid, sizeof(t->rid), "%.*s", len, rid);
        rid += len + (rid[len] == ';');
    }
}


/* SDP as WHIP wants it posted */

static void
session_post(session_t *s, const char *url)
{
    session_request(s, "POST", url, "Content-Type: application/sdp\r\n"
                    "Accept: application/sdp\r\n", s->offer, session_posted);
}


static void
session_begin(void *data)
{
    offer_t     offer;
    session_t  *s;
    const char *local;

    s = data;

    s->start = loop_now();
    s->connected = 0;
    s->redirects = 0;
    s->ice_why = "start";
    s->state = SESSION_OFFERED;

    session_set(&s->location, NULL);
    session_set(&s->etag, NULL);

    local = s->options.local && *s->options.local ? s->options.local : NULL;

    if (transport_open_udp(&s->transport, local,
                           s->options.family == 6
                           || (local && strchr(local, ':'))
                           ? AF_INET6 : AF_INET)
        == -1)
    {
        session_closed(s, "socket", strerror(errno));
        return;
    }

    ice_credentials(&s->ice);

    sender_init(&s->sender, &s->options, s->number, &s->transport, &s->crypt);
    session_add_tracks(s);

    session_describe(s, &offer);
    session_set(&s->offer, offer_write(&offer));

    if (s->options.http == OPTIONS_HTTP_STDIO) {
        report(s->number, "offer", "{s:s,s:i}", "sdp", s->offer,
               "cycle", (int) s->cycle);
        return;
    }

    session_post(s, s->url);
}


/* --- the answer ---------------------------------------------------------- */

static const sdp_media_t *
session_answer_media(const session_t *s, const char *kind)
{
    unsigned  i;

    for (i = 0; i < s->answer.nmedia; i++) {
        if (strcmp(s->answer.media[i].kind, kind) == 0) {
            return &s->answer.media[i];
        }
    }

    return NULL;
}


/* an id that both know; with ext_force the answer does not matter */

static int64_t
session_extension(const session_t *s, const sdp_media_t *m, int64_t id,
    const char *uri)
{
    return s->options.ext_force || sdp_extension(m, uri) == id ? id : 0;
}


static int
session_rid_wanted(const sdp_media_t *m, const char *rid)
{
    unsigned  i;

    for (i = 0; i < m->nrids; i++) {
        if (strcmp(m->rids[i], rid) == 0) {
            return 1;
        }
    }

    return 0;
}


/* what was agreed on; -1: the track cannot be sent */

static int
session_agree(session_t *s, track_t *t)
{
    const sdp_media_t      *m;
    const track_options_t  *o;

    o = t->options;
    m = session_answer_media(s, t->kind == OPTIONS_AUDIO ? "audio" : "video");

    if (m == NULL) {
        return -1;
    }

    t->pt = sdp_payload_type(m, t->kind == OPTIONS_AUDIO ? "opus/" : "H264/");

    if (t->pt == -1) {
        return -1;
    }

    if (o->rtx_pt && sdp_payload_type(m, "rtx/") == o->rtx_pt) {
        t->rtx_pt = (int) o->rtx_pt;
    }

    t->ext_mid = session_extension(s, m, o->ext_mid, OFFER_EXT_MID);
    t->ext_rid = session_extension(s, m, o->ext_rid, OFFER_EXT_RID);
    t->ext_rrid = session_extension(s, m, o->ext_rrid, OFFER_EXT_RRID);
    t->ext_twcc = session_extension(s, m, o->ext_twcc, OFFER_EXT_TWCC);
    t->ext_time = session_extension(s, m, o->ext_time, OFFER_EXT_TIME);

    return 0;
}


/* layers that the answer does not take are not sent, but for the first */

static void
session_choose_layers(session_t *s)
{
    unsigned            i, n;
    const sdp_media_t  *m;

    m = session_answer_media(s, "video");

    if (m == NULL || s->options.rids == NULL || *s->options.rids == '\0') {
        return;
    }

    n = 0;

    for (i = 0; i < s->sender.ntracks; i++) {

        if (s->sender.tracks[i].kind == OPTIONS_VIDEO
            && !session_rid_wanted(m, s->sender.tracks[i].rid)
            && (m->nrids
                || &s->sender.tracks[i]
                   != sender_track(&s->sender, OPTIONS_VIDEO)))
        {
            track_free(&s->sender.tracks[i]);
            continue;
        }

        if (n != i) {
            s->sender.tracks[n] = s->sender.tracks[i];
        }

        n++;
    }

    s->sender.ntracks = n;
}


/* the candidates that the socket can reach; their number */

static unsigned
session_candidates(session_t *s, const sdp_t *sdp)
{
    int                     family;
    unsigned                i;
    transport_addr_t        addr;
    const sdp_candidate_t  *c;

    family = s->options.family == 4 ? AF_INET
             : s->options.family == 6 ? AF_INET6 : AF_UNSPEC;

    for (i = 0; i < sdp->ncandidates; i++) {

        c = &sdp->candidates[i];

        if (c->tcp != s->options.tcp
            || transport_address(&addr, c->address, c->port) == -1
            || (family != AF_UNSPEC && addr.sa.ss_family != family))
        {
            continue;
        }

        family = addr.sa.ss_family;
        ice_candidate(&s->ice, &addr);
    }

    return s->ice.npairs;
}


/* the checks begin, over TCP when it is connected */

static void
session_check(session_t *s)
{
    int                family;
    const char        *local;
    transport_addr_t  *first;

    first = &s->ice.pairs[0].addr;
    local = s->options.local && *s->options.local ? s->options.local : NULL;
    family = first->sa.ss_family;

    s->state = SESSION_CHECKING;

    if (s->options.tcp) {
        if (transport_open_tcp(&s->transport, local, first) == -1) {
            session_closed(s, "socket", strerror(errno));
        }

        return;
    }

    if (family == AF_INET6 && s->options.family != 6
        && transport_open_udp(&s->transport, local, family) == -1)
    {
        session_closed(s, "socket", strerror(errno));
        return;
    }

    ice_start(&s->ice);
}


void
session_answer(session_t *s, const char *sdp, const char *location,
    const char *etag)
{
    json_t    *errors;
    offer_t    offer;
    unsigned   i;

    if (location) {
        session_set(&s->location, s->url ? http_resolve(s->url, location)
                                         : memory_text(location));
    }

    if (etag) {
        session_set(&s->etag, memory_text(etag));
    }

    sdp_parse(&s->answer, sdp);

    session_describe(s, &offer);
    errors = offer_check(&offer, &s->answer, sdp);

    report(s->number, "answer", "{s:o,s:o,s:s?,s:s?,s:b,s:i,s:s}",
           "errors", errors, "sdp", session_text(sdp, strlen(sdp)),
           "location", s->location, "etag", s->etag,
           "ice_lite", s->answer.ice_lite,
           "candidates", (int) s->answer.ncandidates,
           "setup", s->answer.setup);

    for (i = 0; i < s->sender.ntracks; i++) {
        if (session_agree(s, &s->sender.tracks[i]) == -1) {
            session_closed(s, "answer", "a track has no codec in it");
            return;
        }
    }

    session_choose_layers(s);

    ice_remote(&s->ice, s->answer.ufrag, s->answer.pwd);

    if (session_candidates(s, &s->answer) == 0) {
        session_closed(s, "answer", "no candidate that can be used");
        return;
    }

    session_check(s);
}


static int
session_redirected(session_t *s, const http_response_t *r)
{
    char        *url;
    const char  *location;

    location = http_header(r, "location");

    if ((r->status != 307 && r->status != 308) || location == NULL
        || s->redirects++ == SESSION_REDIRECTS_MAX)
    {
        return 0;
    }

    url = http_resolve(s->url, location);
    session_post(s, url);
    free(url);

    return 1;
}


static void
session_posted(void *data, const http_response_t *r)
{
    session_t   *s;
    const char  *location;

    s = data;
    location = http_header(r, "location");

    session_report_http(s, "POST", r);

    if (session_redirected(s, r)) {
        return;
    }

    if (r->status == 0) {
        session_closed(s, "http", r->error);
        return;
    }

    if (r->status != 201) {
        session_closed(s, "refused", NULL);
        return;
    }

    if (location == NULL) {
        session_closed(s, "answer", "no Location");
        return;
    }

    session_answer(s, r->body, location, http_header(r, "etag"));
}


/* --- ICE and DTLS -------------------------------------------------------- */

static void
session_shake(session_t *s)
{
    s->state = SESSION_SHAKING;

    /* RFC 8842: the answer "active" makes us the server */

    dtls_start(&s->dtls, &s->options, &s->transport,
               strcmp(s->answer.setup, "active") == 0,
               s->answer.fingerprint);
}


static void
session_ice_event(void *data, ice_event_e event)
{
    char        mapped[80];
    session_t  *s;

    s = data;

    if (event == ICE_FAILED || event == ICE_EXPIRED) {
        session_closed(s, event == ICE_FAILED ? "ice_failed"
                                              : "consent_expired", NULL);
        return;
    }

    snprintf(mapped, sizeof(mapped), "%s", transport_text(&s->ice.mapped));

    report(s->number, event == ICE_CONNECTED ? "checked" : "nominated",
           "{s:s,s:s,s:s,s:f}", "why", s->ice_why, "mapped", mapped,
           "remote", transport_text(&s->transport.remote),
           "rtt_ms", s->ice.count.rtt);

    if (s->state == SESSION_CHECKING
        && (event == ICE_NOMINATED
            || s->options.dtls_after == OPTIONS_DTLS_CHECKED))
    {
        session_shake(s);
    }
}


static void
session_expired(void *data)
{
    session_t  *s;

    s = data;

    session_stop(s, -1);
}


static void
session_connected(session_t *s)
{
    const char  *error;

    error = crypt_start(&s->crypt, &s->dtls);

    if (error) {
        session_closed(s, "srtp", error);
        return;
    }

    s->state = SESSION_RUNNING;
    s->connected = 1;
    s->connections++;

    report(s->number, "connected", "{s:s,s:s,s:s,s:s,s:f,s:i}",
           "profile", dtls_profile(&s->dtls),
           "role", s->dtls.server ? "server" : "client",
           "version", SSL_get_version(s->dtls.ssl),
           "cipher", SSL_get_cipher(s->dtls.ssl),
           "ms", (double) (loop_clock() - s->start) / 1000,
           "cycle", (int) s->cycle);

    sender_start(&s->sender);

    if (s->options.duration > 0) {
        loop_timer_set(&s->life,
                       loop_now() + LOOP_MS(s->options.duration * 1000));
    }
}


static void
session_dtls_event(void *data, dtls_event_e event)
{
    session_t  *s;

    s = data;

    switch (event) {

    case DTLS_CONNECTED:
        session_connected(s);
        return;

    case DTLS_FAILED:
        session_closed(s, "dtls_failed", s->dtls.error);
        return;

    case DTLS_CLOSED:
        session_closed(s, "close_notify", NULL);
        return;

    case DTLS_ALERT:
        session_closed(s, "alert", s->dtls.error);
        return;
    }
}


/* RFC 7983: by the first byte; RFC 5761: RTCP by the second */

static void
session_input(void *data, uint8_t *packet, size_t len,
    const transport_addr_t *from)
{
    session_t  *s;

    s = data;

    if (len < 2) {
        return;
    }

    if (packet[0] < 4) {
        ice_input(&s->ice, packet, len, from);

    } else if (packet[0] >= 20 && packet[0] <= 63) {
        dtls_input(&s->dtls, packet, len);

    } else if (packet[0] >= 128 && packet[0] <= 191) {

        if (packet[1] >= 192 && packet[1] <= 223) {
            sender_rtcp(&s->sender, packet, len);

        } else {
            s->sender.count.rtp++;
        }
    }
}


static void
session_tcp_opened(void *data)
{
    session_t  *s;

    s = data;

    if (s->state == SESSION_CHECKING) {
        ice_start(&s->ice);

    } else {
        ice_recheck(&s->ice);
    }
}


/* while DELETE is under way that is as it should be */

static void
session_tcp_closed(void *data)
{
    session_t  *s;

    s = data;

    if (s->state != SESSION_LEAVING) {
        session_closed(s, "tcp_closed", NULL);
    }
}


/* --- commands ------------------------------------------------------------ */

static void
session_deleted(void *data, const http_response_t *r)
{
    session_t  *s;

    s = data;

    session_report_http(s, "DELETE", r);
    session_stopped(s, r->status);
}


/* -1: as the options say, and the next cycle follows */

void
session_stop(session_t *s, int how)
{
    if (how >= 0) {
        s->stopping = 1;
        loop_timer_stop(&s->again);
    } else {
        how = s->options.stop;
    }

    if (s->state == SESSION_OVER || s->state == SESSION_LEAVING) {
        return;
    }

    s->how = session_hows[how];

    if (s->state == SESSION_IDLE) {
        s->state = SESSION_OVER;
        s->over(s);
        return;
    }

    sender_stop(&s->sender);

    if (how == OPTIONS_STOP_FULL || how == OPTIONS_STOP_DTLS) {
        dtls_close_notify(&s->dtls);
    }

    if ((how == OPTIONS_STOP_FULL || how == OPTIONS_STOP_DELETE)
        && s->location)
    {
        s->state = SESSION_LEAVING;

        loop_timer_stop(&s->life);
        ice_stop(&s->ice);
        dtls_free(&s->dtls);

        session_request(s, "DELETE", s->location, "", NULL, session_deleted);
        return;
    }

    session_stopped(s, -1);
}


const char *
session_rebind(session_t *s, int check)
{
    int                family;
    const char        *local;
    transport_addr_t   remote;

    if (s->state != SESSION_RUNNING) {
        return "not running";
    }

    remote = s->transport.remote;
    family = remote.sa.ss_family;
    local = s->options.local && *s->options.local ? s->options.local : NULL;

    s->ice_why = "rebind";

    if (s->options.tcp) {
        return transport_open_tcp(&s->transport, local, &remote) == -1
               ? strerror(errno) : NULL;
    }

    if (transport_open_udp(&s->transport, local, family) == -1) {
        return strerror(errno);
    }

    if (check) {
        ice_recheck(&s->ice);
    }

    return NULL;
}


static void
session_patched(void *data, const http_response_t *r)
{
    session_t   *s;
    const char  *etag;

    s = data;
    etag = http_header(r, "etag");

    session_report_http(s, "PATCH", r);

    if (etag) {
        session_set(&s->etag, memory_text(etag));
    }
}


/* 200 has new credentials; with any other status the old ones stay */

static void
session_restarted(void *data, const http_response_t *r)
{
    sdp_t       fragment;
    session_t  *s;

    s = data;

    session_patched(s, r);

    if (r->status != 200 || s->state != SESSION_RUNNING) {
        ice_keep_credentials(&s->ice);
        return;
    }

    sdp_parse(&fragment, r->body);

    if (*fragment.ufrag == '\0' || *fragment.pwd == '\0') {
        session_closed(s, "answer", "no credentials in the restart");
        return;
    }

    ice_stop(&s->ice);
    ice_remote(&s->ice, fragment.ufrag, fragment.pwd);

    s->ice_why = "restart";

    if (session_candidates(s, &fragment) == 0) {
        ice_candidate(&s->ice, &s->transport.remote);
    }

    ice_start(&s->ice);
}


const char *
session_patch(session_t *s, const char *body, const char *match,
    const char *type)
{
    char  *headers;

    if (s->location == NULL) {
        return "no session";
    }

    headers = memory_format("Content-Type: %s\r\n%s%s%s", type,
                            match ? "If-Match: " : "", match ? match : "",
                            match ? "\r\n" : "");

    session_request(s, "PATCH", s->location, headers, body, session_patched);
    free(headers);

    return NULL;
}


/* new credentials are used in checks from the answer on */

const char *
session_restart(session_t *s)
{
    char        *body;
    offer_t      offer;
    const char  *error;

    if (s->state != SESSION_RUNNING) {
        return "not running";
    }

    ice_credentials(&s->ice);
    session_describe(s, &offer);

    body = offer_fragment(&offer);
    error = session_patch(s, body, "*", "application/trickle-ice-sdpfrag");
    free(body);

    s->http.done = session_restarted;

    return error;
}


const char *
session_trickle(session_t *s)
{
    char        *body;
    offer_t      offer;
    const char  *error;

    session_describe(s, &offer);

    body = offer_fragment(&offer);
    error = session_patch(s, body, s->etag, "application/trickle-ice-sdpfrag");
    free(body);

    return error;
}


/* --- the session --------------------------------------------------------- */

void
session_init(session_t *s, const options_t *options, int number,
    const session_media_t *media, const char *bearer)
{
    char  *token;

    memset(s, 0, sizeof(session_t));

    s->options = *options;
    s->number = number;
    s->media = media;

    s->url = options->url ? options_number(options->url, number) : NULL;
    s->options.local = options->local
                       ? options_number(options->local, number) : NULL;

    if (bearer && *bearer) {
        token = options_number(bearer, number);
        s->authorization = memory_format("Authorization: Bearer %s\r\n",
                                         token);
        free(token);

    } else {
        s->authorization = memory_text("");
    }

    http_init(&s->http, s);
    transport_init(&s->transport, s);
    ice_init(&s->ice, &s->options, number, &s->transport);

    s->transport.input = session_input;
    s->transport.opened = session_tcp_opened;
    s->transport.closed = session_tcp_closed;
    s->ice.event = session_ice_event;
    s->ice.data = s;
    s->dtls.event = session_dtls_event;
    s->dtls.data = s;
    s->life.handler = session_expired;
    s->life.data = s;
    s->again.handler = session_begin;
    s->again.data = s;
}


void
session_start(session_t *s, uint64_t when)
{
    loop_timer_set(&s->again, when);
}


json_t *
session_stats(const session_t *s)
{
    json_t                   *stats;
    const ice_count_t        *ice;
    const transport_count_t  *net;

    ice = &s->ice.count;
    net = &s->transport.count;

    stats = sender_stats(&s->sender);

    json_object_set_new(stats, "state",
                        json_string(session_states[s->state]));
    json_object_set_new(stats, "cycle", json_integer(s->cycle));

    json_object_set_new(stats, "stun", json_pack(
                        "{s:I,s:I,s:I,s:I,s:I,s:I,s:f}",
                        "requests", (json_int_t) ice->requests,
                        "responses", (json_int_t) ice->responses,
                        "errors", (json_int_t) ice->errors,
                        "unknown", (json_int_t) ice->unknown,
                        "invalid", (json_int_t) ice->invalid,
                        "asked", (json_int_t) ice->asked,
                        "rtt_ms", ice->rtt));

    json_object_set_new(stats, "net", json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}",
                        "packets", (json_int_t) net->packets,
                        "bytes", (json_int_t) net->bytes,
                        "received", (json_int_t) net->received,
                        "received_bytes", (json_int_t) net->received_bytes,
                        "errors", (json_int_t) net->errors,
                        "full", (json_int_t) net->full));

    return stats;
}


void
session_free(session_t *s)
{
    session_release(s);

    free(s->transport.in);
    free(s->transport.out);
    free(s->url);
    free(s->authorization);
    free(s->offer);
    free(s->location);
    free(s->etag);
    free(s->options.local);
}
