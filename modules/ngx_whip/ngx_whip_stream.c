
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_audio.h"
#include "ngx_whip_session.h"
#include "ngx_whip_stream.h"
#include "ngx_whip_track.h"


#define NGX_WHIP_STREAM_AUDIO_WAIT  200       /* ms, for a missing packet */

/* ms; an SSRC that comes in place of another which is still heard is nobody's */
#define NGX_WHIP_STREAM_SILENCE     300


static ngx_whip_rtp_ids_t *ngx_whip_stream_ids(ngx_whip_session_t *s,
    u_char *p);
static ngx_whip_stream_t *ngx_whip_stream_find(ngx_whip_session_t *s,
    ngx_whip_rtp_t *rtp);
static ngx_whip_track_t *ngx_whip_stream_track(ngx_whip_session_t *s,
    ngx_whip_rtp_t *rtp);
static ngx_whip_stream_t *ngx_whip_stream_of_rtx(ngx_whip_track_t *track,
    ngx_whip_rtp_t *rtp);
static ngx_whip_stream_t *ngx_whip_stream_new(ngx_whip_track_t *track,
    ngx_whip_rtp_t *rtp);
static ngx_int_t ngx_whip_stream_init(ngx_whip_stream_t *st);
static void ngx_whip_stream_restart(ngx_whip_stream_t *st);
static u_char *ngx_whip_stream_repair(ngx_whip_stream_t *st,
    ngx_whip_rtp_t *rtp, u_char *p, size_t *len);
static void ngx_whip_stream_drain(ngx_whip_stream_t *st, uint64_t now);
static void ngx_whip_stream_packet(ngx_whip_stream_t *st,
    ngx_whip_rtp_t *rtp, uint64_t now);
static void ngx_whip_stream_frame(ngx_whip_stream_t *st);
static void ngx_whip_stream_report(ngx_whip_session_t *s,
    ngx_whip_rtcp_t *rtcp, uint64_t now);
static void ngx_whip_stream_bye(ngx_whip_session_t *s, ngx_whip_rtcp_t *rtcp);


void
ngx_whip_stream_rtp(ngx_whip_session_t *s, u_char *p, size_t len,
    uint64_t now)
{
    ngx_int_t           rc;
    ngx_uint_t          repaired;
    ngx_whip_rtp_t      rtp;
    ngx_whip_stream_t  *st;

    if (len < NGX_WHIP_RTP_HEADER
        || ngx_whip_rtp_parse(&rtp, p, len, ngx_whip_stream_ids(s, p))
           != NGX_OK)
    {
        return;
    }

    if (rtp.twcc >= 0 && s->twcc_on) {
        ngx_whip_twcc_add(&s->twcc, rtp.twcc, now);
    }

    st = ngx_whip_stream_find(s, &rtp);
    if (st == NULL) {
        return;
    }

    st->track->bytes += rtp.len;

    repaired = 0;

    if ((ngx_int_t) rtp.pt == st->track->media.rtx_pt) {

        p = ngx_whip_stream_repair(st, &rtp, p, &len);
        if (p == NULL) {
            return;
        }

        repaired = 1;
    }

    /* padding says nothing of what it is for */

    if (rtp.len) {
        st->last = ngx_current_msec;
    }

    rc = ngx_whip_jitter_put(&st->jitter, rtp.seq, rtp.timestamp, p, len,
                             repaired, now);

    switch (rc) {

    case NGX_ABORT:
        ngx_whip_stream_restart(st);

        /* fall through */

    case NGX_DONE:
        ngx_whip_stream_packet(st, &rtp, now);
        return;

    case NGX_OK:
        ngx_whip_stream_drain(st, now);
        return;

    default:
        return;
    }
}


/* some senders number their extensions for each m-line by itself */

static ngx_whip_rtp_ids_t *
ngx_whip_stream_ids(ngx_whip_session_t *s, u_char *p)
{
    ngx_int_t  pt;

    pt = p[1] & 0x7f;

    if (s->video.session
        && (pt == (ngx_int_t) s->video.media.pt || pt == s->video.media.rtx_pt))
    {
        return &s->video.ids;
    }

    return &s->audio.ids;
}


/* by what is known, and by what the packet says of itself: RFC 9143, 9.2 */

static ngx_whip_stream_t *
ngx_whip_stream_find(ngx_whip_session_t *s, ngx_whip_rtp_t *rtp)
{
    ngx_uint_t          i;
    ngx_whip_track_t   *track;
    ngx_whip_stream_t  *st;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (st->ssrc == rtp->ssrc) {
            return (ngx_int_t) rtp->pt == (ngx_int_t) st->track->media.pt
                   ? st : NULL;
        }

        if (st->rtx_ssrc == rtp->ssrc && st->rtx_ssrc
            && (ngx_int_t) rtp->pt == st->track->media.rtx_pt)
        {
            return st;
        }
    }

    track = ngx_whip_stream_track(s, rtp);
    if (track == NULL) {
        return NULL;
    }

    if ((ngx_int_t) rtp->pt == track->media.rtx_pt) {
        return ngx_whip_stream_of_rtx(track, rtp);
    }

    return ngx_whip_stream_new(track, rtp);
}


static ngx_whip_track_t *
ngx_whip_stream_track(ngx_whip_session_t *s, ngx_whip_rtp_t *rtp)
{
    ngx_uint_t         i;
    ngx_whip_track_t  *track, *tracks[2];
    ngx_whip_media_t  *media;

    tracks[0] = &s->audio;
    tracks[1] = &s->video;

    for (i = 0; i < 2; i++) {
        track = tracks[i];
        media = &track->media;

        if (track->session == NULL
            || ((ngx_int_t) rtp->pt != (ngx_int_t) media->pt
                && (ngx_int_t) rtp->pt != media->rtx_pt))
        {
            continue;
        }

        if (rtp->mid.len == 0
            || (rtp->mid.len == media->mid.len
                && ngx_memcmp(rtp->mid.data, media->mid.data, media->mid.len)
                   == 0))
        {
            return track;
        }
    }

    return NULL;
}


static ngx_whip_stream_t *
ngx_whip_stream_of_rtx(ngx_whip_track_t *track, ngx_whip_rtp_t *rtp)
{
    ngx_uint_t           i, n;
    ngx_whip_stream_t   *st, *only;
    ngx_whip_session_t  *s;

    s = track->session;
    only = NULL;
    n = 0;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (st->track != track) {
            continue;
        }

        if (rtp->rrid.len && rtp->rrid.len == st->rid.len
            && ngx_memcmp(rtp->rrid.data, st->rid.data, st->rid.len) == 0)
        {
            st->rtx_ssrc = rtp->ssrc;
            return st;
        }

        only = st;
        n++;
    }

    /* of several layers it may be anybody's */

    if (n != 1) {
        return NULL;
    }

    only->rtx_ssrc = rtp->ssrc;

    return only;
}


static ngx_whip_stream_t *
ngx_whip_stream_new(ngx_whip_track_t *track, ngx_whip_rtp_t *rtp)
{
    ngx_uint_t           i, rank;
    ngx_str_t           *rid;
    ngx_whip_stream_t   *st;
    ngx_whip_session_t  *s;

    s = track->session;
    rank = 0;
    rid = NULL;

    /* a rid that was not announced by a=rid is no layer */

    if (track->media.nrids) {

        for (i = 0; i < track->media.nrids; i++) {
            rid = &track->media.rids[i];

            if (rtp->rid.len == rid->len
                && ngx_memcmp(rtp->rid.data, rid->data, rid->len) == 0)
            {
                break;
            }
        }

        if (i == track->media.nrids) {
            return NULL;
        }

        rank = i;
    }

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (st->track != track || st->rank != rank) {
            continue;
        }

        /* the sender goes on with another SSRC */

        if (!st->bye
            && ngx_current_msec - st->last < NGX_WHIP_STREAM_SILENCE)
        {
            return NULL;
        }

        st->ssrc = rtp->ssrc;
        st->rtx_ssrc = 0;
        st->sr = 0;
        st->bye = 0;
        s->bye = 0;

        ngx_whip_stream_restart(st);

        return ngx_whip_stream_init(st) == NGX_OK ? st : NULL;
    }

    if (s->nstreams == NGX_WHIP_STREAMS) {
        return NULL;
    }

    st = ngx_pcalloc(s->pool, sizeof(ngx_whip_stream_t));
    if (st == NULL) {
        return NULL;
    }

    st->track = track;
    st->rank = rank;
    st->ssrc = rtp->ssrc;

    if (rtp->ssrc == track->media.ssrc) {
        st->rtx_ssrc = track->media.rtx_ssrc;
    }

    if (rid) {
        st->rid = *rid;
    }

    if (ngx_whip_stream_init(st) != NGX_OK) {
        return NULL;
    }

    if (track->media.kind == NGX_WHIP_VIDEO) {

        st->payload = ngx_whip_payload_create(track->media.codec, s->log);
        if (st->payload == NULL) {
            return NULL;
        }

        if (track->media.sprop.len) {
            (void) ngx_whip_payload_sprop(st->payload, &track->media.sprop);
        }
    }

    s->streams[s->nstreams++] = st;

    if (track->since == 0) {
        track->since = ngx_current_msec;
    }

    return st;
}


static ngx_int_t
ngx_whip_stream_init(ngx_whip_stream_t *st)
{
    ngx_whip_session_t      *s;
    ngx_whip_jitter_conf_t   conf;

    s = st->track->session;

    ngx_whip_jitter_free(&st->jitter);
    ngx_memzero(&conf, sizeof(ngx_whip_jitter_conf_t));

    conf.log = s->log;
    conf.nack = st->track->media.nack;

    if (st->track->media.kind == NGX_WHIP_VIDEO) {
        conf.rate = NGX_WHIP_TRACK_VIDEO_RATE;
        conf.wait = s->conf->jitter;

        /* layers of some senders answer for each other, if they answer */

        conf.tries = st->track->media.nrids ? 3 : 0;

    } else {
        conf.rate = NGX_WHIP_TRACK_AUDIO_RATE;
        conf.wait = ngx_min(s->conf->jitter, NGX_WHIP_STREAM_AUDIO_WAIT);
    }

    return ngx_whip_jitter_init(&st->jitter, &conf);
}


/* what comes now has nothing to do with what came before */

static void
ngx_whip_stream_restart(ngx_whip_stream_t *st)
{
    ngx_whip_frame_t  frame;

    st->open = 0;

    if (st->payload) {
        ngx_whip_payload_lost(st->payload);
        (void) ngx_whip_payload_frame(st->payload, &frame);
    }

    ngx_whip_track_restart(st);
}


/*
 * RFC 4588, 4: the original sequence number is in front of the payload.  The
 * header is moved up against the rest, and the packet is what it was.
 */

static u_char *
ngx_whip_stream_repair(ngx_whip_stream_t *st, ngx_whip_rtp_t *rtp, u_char *p,
    size_t *len)
{
    size_t  head;

    if (rtp->len < 2) {
        return NULL;
    }

    rtp->seq = rtp->payload[0] << 8 | rtp->payload[1];
    rtp->pt = st->track->media.pt;
    rtp->ssrc = st->ssrc;

    head = rtp->payload - p;

    ngx_memmove(p + 2, p, head);
    p += 2;

    p[1] = (p[1] & 0x80) | rtp->pt;
    p[2] = rtp->seq >> 8;
    p[3] = rtp->seq;
    ngx_whip_wire_put32(p + 8, st->ssrc);

    rtp->payload += 2;
    rtp->len -= 2;
    *len -= 2;

    return p;
}


static void
ngx_whip_stream_drain(ngx_whip_stream_t *st, uint64_t now)
{
    ngx_int_t                  rc;
    ngx_whip_rtp_t             rtp;
    ngx_whip_session_t        *s;
    ngx_whip_jitter_packet_t   packet;

    s = st->track->session;

    for ( ;; ) {
        rc = ngx_whip_jitter_get(&st->jitter, now, &packet);

        if (rc == NGX_AGAIN || s->state == NGX_WHIP_CLOSED) {
            return;
        }

        if (rc == NGX_DECLINED) {

            if (st->payload) {
                ngx_whip_payload_lost(st->payload);
                ngx_whip_track_damaged(st);
            }

            continue;
        }

        if (ngx_whip_rtp_parse(&rtp, packet.data, packet.len,
                               &st->track->ids)
            == NGX_OK)
        {
            ngx_whip_stream_packet(st, &rtp, packet.arrival);
        }
    }
}


static void
ngx_whip_stream_packet(ngx_whip_stream_t *st, ngx_whip_rtp_t *rtp,
    uint64_t now)
{
    /* padding only, for probing the network */

    if (rtp->len == 0) {
        return;
    }

    if (st->payload == NULL) {
        ngx_whip_track_audio(st, rtp, now);
        return;
    }

    /* a marker may be missing or lost: RFC 6184, 5.1 */

    if (st->open && rtp->timestamp != st->timestamp) {
        ngx_whip_stream_frame(st);
    }

    if (!st->open) {
        st->open = 1;
        st->timestamp = rtp->timestamp;
        st->arrival = now;
    }

    switch (ngx_whip_payload_packet(st->payload, rtp->payload, rtp->len)) {

    case NGX_ABORT:
        ngx_whip_session_close(st->track->session, NGX_WHIP_MEDIA_FAILED);
        return;

    case NGX_ERROR:
        ngx_whip_track_damaged(st);
        break;
    }

    if (rtp->marker) {
        ngx_whip_stream_frame(st);
    }
}


static void
ngx_whip_stream_frame(ngx_whip_stream_t *st)
{
    ngx_whip_frame_t  frame;

    st->open = 0;

    if (ngx_whip_payload_frame(st->payload, &frame) == NGX_OK
        && st->track->session->state != NGX_WHIP_CLOSED)
    {
        ngx_whip_track_video(st, &frame);
    }
}


void
ngx_whip_stream_rtcp(ngx_whip_session_t *s, u_char *p, size_t len,
    uint64_t now)
{
    u_char           *end;
    ngx_whip_rtcp_t   rtcp;

    end = p + len;

    while (ngx_whip_rtcp_next(&rtcp, &p, end) == NGX_OK) {

        switch (rtcp.type) {

        case NGX_WHIP_RTCP_SR:
            ngx_whip_stream_report(s, &rtcp, now);
            break;

        case NGX_WHIP_RTCP_BYE:
            ngx_whip_stream_bye(s, &rtcp);
            break;
        }
    }
}


static void
ngx_whip_stream_report(ngx_whip_session_t *s, ngx_whip_rtcp_t *rtcp,
    uint64_t now)
{
    ngx_uint_t          i;
    ngx_whip_stream_t  *st;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (st->ssrc != rtcp->ssrc) {
            continue;
        }

        st->sr = 1;
        st->sr_ntp = rtcp->ntp;
        st->sr_timestamp = rtcp->timestamp;
        st->sr_arrival = now;

        ngx_whip_track_report(st);
        return;
    }
}


static void
ngx_whip_stream_bye(ngx_whip_session_t *s, ngx_whip_rtcp_t *rtcp)
{
    ngx_uint_t          i, n, left;
    ngx_whip_stream_t  *st;

    left = 0;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        for (n = 0; n < rtcp->nbye; n++) {
            if (rtcp->bye[n] == st->ssrc) {
                st->bye = 1;
            }
        }

        left += !st->bye;
    }

    /* the session ends when nothing comes any more */

    s->bye = s->nstreams && left == 0;
}


void
ngx_whip_stream_poll(ngx_whip_session_t *s, uint64_t now)
{
    ngx_uint_t  i;

    for (i = 0; i < s->nstreams && s->state != NGX_WHIP_CLOSED; i++) {
        ngx_whip_stream_drain(s->streams[i], now);
    }
}


ngx_msec_t
ngx_whip_stream_timer(ngx_whip_session_t *s, uint64_t now)
{
    ngx_uint_t  i;
    ngx_msec_t  timer, t;

    timer = NGX_TIMER_INFINITE;

    for (i = 0; i < s->nstreams; i++) {
        t = ngx_whip_jitter_timer(&s->streams[i]->jitter, now);
        timer = ngx_min(timer, t);
    }

    return timer;
}


void
ngx_whip_stream_free(ngx_whip_session_t *s)
{
    ngx_uint_t          i;
    ngx_whip_stream_t  *st;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        ngx_whip_jitter_free(&st->jitter);

        if (st->payload) {
            ngx_whip_payload_destroy(st->payload);
        }

        if (st->record) {
            ngx_free(st->record);
        }
    }

    s->nstreams = 0;

    if (s->audio.audio) {
        ngx_whip_audio_destroy(s->audio.audio);
        s->audio.audio = NULL;
    }
}
