
/*
 * Copyright (C) the ngx_live contributors
 */


#include "session.h"
#include "agree.h"
#include "report.h"
#include "whip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


static const char *session_states[] = {
    "idle", "offered", "checking", "shaking", "running", "leaving", "over"
};

static const char *session_hows[] = { "full", "delete", "dtls", "vanish" };


static void session_begin(void *data);


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


void
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


void
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


static void
session_begin(void *data)
{
    offer_t     offer;
    session_t  *s;
    const char *local;

    s = data;

    s->start = loop_now();
    s->connected = 0;
    s->ice_why = "start";
    s->state = SESSION_OFFERED;

    whip_set(&s->location, NULL);
    whip_set(&s->etag, NULL);

    local = s->options.local;

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
    agree_add_tracks(s);

    agree_describe(s, &offer);
    whip_set(&s->offer, offer_write(&offer));

    if (s->options.http == OPTIONS_HTTP_STDIO) {
        report(s->number, "offer", "{s:s,s:i}", "sdp", s->offer,
               "cycle", (int) s->cycle);
        return;
    }

    whip_post(s);
}


/* --- the answer ---------------------------------------------------------- */

/* the checks begin, over TCP when it is connected */

static void
session_check(session_t *s)
{
    int                family;
    const char        *local;
    transport_addr_t  *first;

    first = &s->ice.pairs[0].addr;
    local = s->options.local;
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
    json_t      *errors;
    offer_t      offer;
    const char  *base;

    if (location) {
        base = s->posted ? s->posted : s->url;

        whip_set(&s->location, base ? http_resolve(base, location)
                                    : memory_text(location));
    }

    if (etag) {
        whip_set(&s->etag, memory_text(etag));
    }

    sdp_parse(&s->answer, sdp);

    agree_describe(s, &offer);
    errors = offer_check(&offer, &s->answer, sdp);

    report(s->number, "answer", "{s:o,s:o,s:s?,s:s?,s:b,s:i,s:s}",
           "errors", errors, "sdp", whip_text(sdp, strlen(sdp)),
           "location", s->location, "etag", s->etag,
           "ice_lite", s->answer.ice_lite,
           "candidates", (int) s->answer.ncandidates,
           "setup", s->answer.setup);

    if (agree_tracks(s) == -1) {
        session_closed(s, "answer", "a track has no codec in it");
        return;
    }

    ice_remote(&s->ice, s->answer.ufrag, s->answer.pwd);

    if (agree_candidates(s, &s->answer) == 0) {
        session_closed(s, "answer", "no candidate that can be used");
        return;
    }

    session_check(s);
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
    const char       *error;
    struct timespec   now;

    error = crypt_start(&s->crypt, &s->dtls);

    if (error) {
        session_closed(s, "srtp", error);
        return;
    }

    s->state = SESSION_RUNNING;
    s->connected = 1;
    s->connections++;

    clock_gettime(CLOCK_REALTIME, &now);

    report(s->number, "connected", "{s:s,s:s,s:s,s:s,s:f,s:f,s:i}",
           "profile", dtls_profile(&s->dtls),
           "role", s->dtls.server ? "server" : "client",
           "version", SSL_get_version(s->dtls.ssl),
           "cipher", SSL_get_cipher(s->dtls.ssl),
           "ms", (double) (loop_clock() - s->start) / 1000,
           "time", (double) now.tv_sec + (double) now.tv_nsec / 1e9,
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

        whip_delete(s);
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
    local = s->options.local;

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
    s->options.local = options->local && *options->local
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
    s->http.local = s->options.local;

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
    free(s->posted);
    free(s->offer);
    free(s->location);
    free(s->etag);
    free(s->options.local);
}
