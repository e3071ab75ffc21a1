
/*
 * Copyright (C) the ngx_live contributors
 */


#include "sender.h"
#include "report.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define SENDER_NTP_EPOCH  2208988800u     /* 1970 in seconds since 1900 */

static const char *sender_kinds[OPTIONS_KINDS] = { "audio", "video" };


static void sender_tick(void *data);


void
sender_init(sender_t *s, const options_t *options, int session,
    transport_t *transport, crypt_t *crypt)
{
    memset(s, 0, sizeof(sender_t));

    s->options = options;
    s->session = session;
    s->transport = transport;
    s->crypt = crypt;
    s->timer.handler = sender_tick;
    s->timer.data = s;

    snprintf(s->cname, sizeof(s->cname), "whip%d", session);
}


track_t *
sender_add(sender_t *s, int kind, unsigned layer, const media_t *media)
{
    track_t  *t;

    t = &s->tracks[s->ntracks++];

    track_init(t, s->options, kind, layer, s->session, media);

    t->transport = s->transport;
    t->crypt = s->crypt;
    t->twcc = &s->twcc;

    return t;
}


track_t *
sender_track(sender_t *s, int kind)
{
    unsigned  i;

    for (i = 0; i < s->ntracks; i++) {
        if (s->tracks[i].kind == kind) {
            return &s->tracks[i];
        }
    }

    return NULL;
}


void
sender_start(sender_t *s)
{
    unsigned  i;

    s->running = 1;
    s->start = loop_now();

    for (i = 0; i < s->ntracks; i++) {
        track_start(&s->tracks[i], s->start);
    }

    sender_tick(s);
}


void
sender_stop(sender_t *s)
{
    s->running = 0;
    loop_timer_stop(&s->timer);
}


void
sender_free(sender_t *s)
{
    unsigned  i;

    sender_stop(s);

    for (i = 0; i < s->ntracks; i++) {
        track_free(&s->tracks[i]);
    }
}


/* --- what we send -------------------------------------------------------- */

/* 32 bits of seconds since 1900, 32 behind the point */

static uint64_t
sender_ntp(const sender_t *s, const track_t *t)
{
    double            seconds;
    uint64_t          ntp;
    struct timespec   ts;

    if (s->options->ntp > 0) {
        seconds = s->options->ntp
                  + (double) (loop_now() - s->start) / 1e6;
        ntp = (uint64_t) seconds << 32
              | (uint64_t) ((seconds - (double) (uint64_t) seconds)
                            * 4294967295.0);

    } else {
        clock_gettime(CLOCK_REALTIME, &ts);
        ntp = ((uint64_t) ts.tv_sec + SENDER_NTP_EPOCH) << 32
              | ((uint64_t) ts.tv_nsec << 32) / 1000000000;
    }

    return ntp + (uint64_t) (int64_t) (t->options->sr_offset * 4294967.296);
}


void
sender_send_rtcp(sender_t *s, const uint8_t *packet, size_t len)
{
    uint8_t  *slot;

    if (len > TRANSPORT_MTU - SRTP_MAX_TRAILER_LEN - 4) {
        return;
    }

    slot = transport_slot(s->transport);
    memcpy(slot, packet, len);

    if (crypt_protect_rtcp(s->crypt, slot, &len) == 0) {
        transport_commit(s->transport, len);
    }

    transport_flush();
}


void
sender_report(sender_t *s, track_t *t)
{
    uint8_t      packet[128], *p;
    uint32_t     ts;
    uint64_t     ntp;
    track_sr_t  *sr;

    ntp = sender_ntp(s, t);
    ts = t->options->sr_stamp == OPTIONS_STAMP_LAST
         ? t->last_ts : track_ts(t, loop_now());

    if (t->sr_first && t->options->sr_bogus) {
        ts = 0xffffffff;
    }

    t->sr_first = 0;

    sr = &t->srs[t->count.srs++ % TRACK_SR_MAX];
    sr->lsr = (uint32_t) (ntp >> 16);
    sr->time = loop_clock();

    p = rtcp_write_sr(packet, t->ssrc, ntp, ts, (uint32_t) t->count.packets,
                      (uint32_t) t->count.bytes, s->cname);

    sender_send_rtcp(s, packet, (size_t) (p - packet));
}


void
sender_bye(sender_t *s, track_t *t)
{
    uint8_t  packet[64], *p;

    p = rtcp_write_bye(packet, t->ssrc);
    sender_send_rtcp(s, packet, (size_t) (p - packet));
}


/* a report that is due, when the next one is; behind the first packet */

static uint64_t
sender_tick_report(sender_t *s, track_t *t)
{
    uint64_t  every;

    if (t->options->sr <= 0) {
        t->sr_next = loop_now();
        return UINT64_MAX;
    }

    if (t->sr_next <= loop_now() && t->count.packets) {
        sender_report(s, t);

        every = LOOP_MS(t->options->sr);
        t->sr_next = loop_now() + every;
    }

    return t->sr_next;
}


static void
sender_tick(void *data)
{
    unsigned   i;
    track_t   *t;
    sender_t  *s;
    uint64_t   next, due;

    s = data;
    next = UINT64_MAX;

    for (i = 0; i < s->ntracks; i++) {
        due = track_run(&s->tracks[i], loop_now());
        next = due < next ? due : next;
    }

    transport_flush();

    /* as a report has to wait for a packet, frames are what wakes us up */

    for (i = 0; i < s->ntracks; i++) {
        t = &s->tracks[i];

        due = sender_tick_report(s, t);

        if (t->count.packets && due < next) {
            next = due;
        }
    }

    if (next != UINT64_MAX) {
        loop_timer_set(&s->timer, next);
    }
}


/* --- what comes back ----------------------------------------------------- */

static track_t *
sender_find(sender_t *s, uint32_t ssrc)
{
    unsigned  i;

    for (i = 0; i < s->ntracks; i++) {
        if (s->tracks[i].ssrc == ssrc) {
            return &s->tracks[i];
        }
    }

    s->count.strangers++;

    return NULL;
}


static void
sender_block(sender_t *s, const uint8_t *p)
{
    double         rtt;
    unsigned       i;
    track_t       *t;
    rtcp_block_t   block;

    rtcp_block(&block, p);

    /* RTX streams may be reported on, too */

    for (i = 0; i < s->ntracks; i++) {
        if (s->tracks[i].rtx_pt && s->tracks[i].rtx_ssrc == block.ssrc) {
            return;
        }
    }

    t = sender_find(s, block.ssrc);
    if (t == NULL) {
        return;
    }

    t->count.reports++;
    t->report = block;

    if (s->options->ext_stop) {
        t->named = 0;
    }

    for (i = 0; i < TRACK_SR_MAX; i++) {

        if (block.lsr && t->srs[i].lsr == block.lsr) {
            rtt = (double) (loop_clock() - t->srs[i].time) / 1000
                  - block.dlsr * 1000.0 / 65536;
            t->rtt = rtt;
        }
    }
}


static void
sender_reports(sender_t *s, const rtcp_t *r)
{
    int     i;
    size_t  at;

    at = r->type == RTCP_SR ? 20 : 0;

    for (i = 0; i < r->count && at + RTCP_BLOCK <= r->len; i++) {
        sender_block(s, r->body + at);
        at += RTCP_BLOCK;
    }

    s->count.rrs++;
}


/* RFC 4585 6.2.1: a sequence number, and which of the 16 behind it */

static void
sender_nack(sender_t *s, const rtcp_t *r)
{
    int        bit;
    size_t     at;
    unsigned   pid, mask;
    track_t   *t;

    s->count.nacks++;

    t = r->len >= 4 ? sender_find(s, wire_get32(r->body)) : NULL;
    if (t == NULL) {
        return;
    }

    for (at = 4; at + 4 <= r->len; at += 4) {

        pid = wire_get16(r->body + at);
        mask = wire_get16(r->body + at + 2);

        track_nack(t, (uint16_t) pid);

        for (bit = 0; bit < 16; bit++) {
            if (mask & (1u << bit)) {
                track_nack(t, (uint16_t) (pid + 1 + (unsigned) bit));
            }
        }
    }

    transport_flush();
}


static void
sender_keyframe(sender_t *s, uint32_t ssrc, int fir)
{
    track_t  *t;

    t = sender_find(s, ssrc);
    if (t == NULL) {
        return;
    }

    if (fir) {
        t->count.firs++;
    } else {
        t->count.plis++;
    }

    report(s->session, "keyframe_request", "{s:s,s:s,s:s}",
           "kind", fir ? "fir" : "pli", "track", sender_kinds[t->kind],
           "rid", t->rid);

    if (s->options->keyframe == OPTIONS_KEYFRAME_JUMP) {
        track_jump(t, loop_now() + LOOP_MS(s->options->keyframe_delay) + 1);
    }
}


static void
sender_fir(sender_t *s, const rtcp_t *r)
{
    size_t  at;

    for (at = 4; at + RTCP_FIR_ENTRY <= r->len; at += RTCP_FIR_ENTRY) {
        sender_keyframe(s, wire_get32(r->body + at), 1);
    }
}


static void
sender_feedback(sender_t *s, const rtcp_t *r)
{
    int64_t       remb;
    rtcp_twcc_t   twcc;

    if (r->type == RTCP_RTPFB && r->count == RTCP_FB_TWCC) {

        s->count.twccs++;

        if (rtcp_twcc(&twcc, r->body, r->len) == -1) {
            s->count.twcc_invalid++;
            return;
        }

        s->count.twcc_count += twcc.count;
        s->count.twcc_received += twcc.received;
        return;
    }

    if (r->type != RTCP_PSFB || r->len < 4) {
        return;
    }

    switch (r->count) {

    case RTCP_FB_PLI:
        sender_keyframe(s, wire_get32(r->body), 0);
        break;

    case RTCP_FB_FIR:
        sender_fir(s, r);
        break;

    case RTCP_FB_AFB:
        remb = rtcp_remb(r->body, r->len);

        if (remb >= 0) {
            s->count.rembs++;
            s->count.remb = remb;
        }
    }
}


/*
 * A client that is strict looks at the first packet of a datagram only, which
 * has to be all of it.
 */

static int
sender_sees_nack(const sender_t *s, const uint8_t *packet, size_t len,
    const uint8_t *behind)
{
    if (!s->options->nack_strict) {
        return 1;
    }

    return packet[1] == RTCP_RTPFB && behind == packet + len;
}


void
sender_rtcp(sender_t *s, uint8_t *packet, size_t len)
{
    int             rc;
    rtcp_t          r;
    const uint8_t  *p;

    if (crypt_unprotect_rtcp(s->crypt, packet, &len) == -1) {
        return;
    }

    s->count.datagrams++;
    p = packet;

    while ((rc = rtcp_next(&r, &p, packet + len)) == 1) {

        if (r.body == packet + 8 && r.type != RTCP_SR && r.type != RTCP_RR) {
            s->count.reduced++;
        }

        switch (r.type) {

        case RTCP_SR:
        case RTCP_RR:
            sender_reports(s, &r);
            break;

        case RTCP_RTPFB:

            if (r.count != RTCP_FB_NACK) {
                sender_feedback(s, &r);

            } else if (sender_sees_nack(s, packet, len, p)) {
                sender_nack(s, &r);

            } else {
                s->count.nack_errors++;
            }

            break;

        case RTCP_PSFB:
            sender_feedback(s, &r);
            break;
        }
    }

    if (rc == -1) {
        s->count.invalid++;
    }
}


json_t *
sender_stats(const sender_t *s)
{
    unsigned               i;
    json_t                *stats, *layers;
    const track_t         *t;
    const sender_count_t  *c;

    c = &s->count;

    stats = json_pack("{s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,"
                      "s:I,s:I,s:I}}", "rtcp",
                      "datagrams", (json_int_t) c->datagrams,
                      "invalid", (json_int_t) c->invalid,
                      "unauthentic", (json_int_t) s->crypt->failed,
                      "reduced", (json_int_t) c->reduced,
                      "nack", (json_int_t) c->nacks,
                      "nack_errors", (json_int_t) c->nack_errors,
                      "rr", (json_int_t) c->rrs,
                      "twcc", (json_int_t) c->twccs,
                      "twcc_invalid", (json_int_t) c->twcc_invalid,
                      "twcc_count", (json_int_t) c->twcc_count,
                      "twcc_received", (json_int_t) c->twcc_received,
                      "remb", (json_int_t) c->rembs,
                      "remb_bps", (json_int_t) c->remb,
                      "strangers", (json_int_t) c->strangers,
                      "rtp", (json_int_t) c->rtp);

    layers = json_array();

    for (i = 0; i < s->ntracks; i++) {

        t = &s->tracks[i];

        if (t->kind == OPTIONS_VIDEO) {
            json_array_append_new(layers, track_stats(t));
        }

        if (json_object_get(stats, sender_kinds[t->kind]) == NULL) {
            json_object_set_new(stats, sender_kinds[t->kind], track_stats(t));
        }
    }

    json_object_set_new(stats, "layers", layers);

    return stats;
}
