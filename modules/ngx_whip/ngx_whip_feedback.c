
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_feedback.h"
#include "ngx_whip_path.h"
#include "ngx_whip_srtp.h"
#include "ngx_whip_track.h"


#define NGX_WHIP_FEEDBACK_PLI      500        /* ms between two requests */
#define NGX_WHIP_FEEDBACK_RATE     50         /* datagrams in a second */
#define NGX_WHIP_FEEDBACK_NACKS    128        /* packets asked for at once */

/* what a sender is allowed that gets no other feedback on the network */

#define NGX_WHIP_FEEDBACK_REMB_MIN  300000    /* bit/s */
#define NGX_WHIP_FEEDBACK_REMB_MAX  20000000

#define NGX_WHIP_FEEDBACK_BUFFER   (NGX_WHIP_MTU - NGX_WHIP_SRTP_TRAILER)


static void ngx_whip_feedback_send(ngx_whip_session_t *s, u_char *buf,
    size_t len);
static void ngx_whip_feedback_twcc(ngx_whip_session_t *s);
static void ngx_whip_feedback_report(ngx_whip_session_t *s, uint64_t now);
static void ngx_whip_feedback_remb(ngx_whip_session_t *s);


static void
ngx_whip_feedback_send(ngx_whip_session_t *s, u_char *buf, size_t len)
{
    if (len == 0 || s->path == NULL || s->srtp == NULL
        || s->rtcp_count >= NGX_WHIP_FEEDBACK_RATE)
    {
        return;
    }

    s->rtcp_count++;

    if (ngx_whip_srtp_protect(s->srtp, buf, &len) == NGX_OK) {
        ngx_whip_path_send(s->path, buf, len);
    }
}


void
ngx_whip_feedback_keyframe(ngx_whip_track_t *track, ngx_whip_stream_t *st)
{
    size_t               len;
    u_char               buf[64 + NGX_WHIP_SRTP_TRAILER];
    ngx_whip_session_t  *s;

    s = track->session;

    if ((!track->media.pli && !track->media.fir)
        || (track->pli_time
            && ngx_current_msec - track->pli_time < NGX_WHIP_FEEDBACK_PLI))
    {
        return;
    }

    track->pli_time = ngx_current_msec;
    track->plis++;

    if (track->media.pli) {
        len = ngx_whip_rtcp_pli(buf, 64, s->ssrc, st->ssrc);

    } else {
        len = ngx_whip_rtcp_fir(buf, 64, s->ssrc, st->ssrc, track->fir_seq++);
    }

    ngx_whip_feedback_send(s, buf, len);
}


/*
 * One NACK in a datagram of its own: there are clients that look at nothing
 * else.  It needs reduced-size RTCP, RFC 5506, which they offer.
 */

void
ngx_whip_feedback_nack(ngx_whip_session_t *s, uint64_t now)
{
    size_t              len;
    u_char              buf[NGX_WHIP_MTU];
    uint16_t            seqs[NGX_WHIP_FEEDBACK_NACKS];
    ngx_uint_t          i, n;
    ngx_whip_stream_t  *st;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (!st->track->media.nack || st->jitter.missing == 0) {
            continue;
        }

        n = ngx_whip_jitter_nack(&st->jitter, now, 0, seqs,
                                 NGX_WHIP_FEEDBACK_NACKS);
        if (n == 0) {
            continue;
        }

        len = ngx_whip_rtcp_nack(buf, NGX_WHIP_FEEDBACK_BUFFER, s->ssrc,
                                 st->ssrc, seqs, n);

        ngx_whip_feedback_send(s, buf, len);
    }
}


void
ngx_whip_feedback_tick(ngx_whip_session_t *s, uint64_t now)
{
    if (s->twcc_on
        && ngx_current_msec - s->twcc_time >= NGX_WHIP_FEEDBACK_TWCC - 5)
    {
        s->twcc_time = ngx_current_msec;
        ngx_whip_feedback_twcc(s);
    }

    if (ngx_current_msec - s->report_time >= NGX_WHIP_FEEDBACK_REPORT) {
        s->report_time = ngx_current_msec;
        s->rtcp_count = 0;

        ngx_whip_feedback_report(s, now);
        ngx_whip_feedback_remb(s);
    }
}


static void
ngx_whip_feedback_twcc(ngx_whip_session_t *s)
{
    size_t      len;
    u_char      buf[NGX_WHIP_MTU];
    uint32_t    media;
    ngx_uint_t  i;

    if (s->nstreams == 0) {
        return;
    }

    media = s->video.selected ? s->video.selected->ssrc : s->streams[0]->ssrc;

    for (i = 0; i < 4; i++) {
        len = ngx_whip_twcc_build(&s->twcc, buf, NGX_WHIP_FEEDBACK_BUFFER,
                                  s->ssrc, media);
        if (len == 0) {
            return;
        }

        ngx_whip_feedback_send(s, buf, len);
    }
}


static void
ngx_whip_feedback_report(ngx_whip_session_t *s, uint64_t now)
{
    size_t                     len;
    u_char                     buf[NGX_WHIP_MTU];
    ngx_str_t                  cname;
    ngx_uint_t                 i;
    ngx_whip_stream_t         *st;
    ngx_whip_rtcp_block_t     *block, blocks[NGX_WHIP_STREAMS];
    ngx_whip_jitter_report_t   report;

    if (s->nstreams == 0) {
        return;
    }

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];
        block = &blocks[i];

        ngx_whip_jitter_report(&st->jitter, &report);

        block->ssrc = st->ssrc;
        block->fraction = report.fraction;
        block->lost = report.lost;
        block->highest = report.highest;
        block->jitter = report.jitter;
        block->lsr = 0;
        block->dlsr = 0;

        st->fraction = report.fraction;
        st->jitter_units = report.jitter;

        if (st->sr) {
            block->lsr = st->sr_ntp >> 16;
            block->dlsr = (now - st->sr_arrival) * 65536 / 1000000;
        }
    }

    ngx_str_set(&cname, "nginx");

    len = ngx_whip_rtcp_report(buf, NGX_WHIP_FEEDBACK_BUFFER, s->ssrc, blocks,
                               s->nstreams, &cname);

    ngx_whip_feedback_send(s, buf, len);
}


/*
 * Where nothing better was agreed on: by the loss that was seen, what comes now
 * and half as much again, or less.
 */

static void
ngx_whip_feedback_remb(ngx_whip_session_t *s)
{
    size_t              len;
    u_char              buf[128 + NGX_WHIP_SRTP_TRAILER];
    uint32_t            ssrcs[NGX_WHIP_STREAMS];
    uint64_t            rate;
    ngx_uint_t          i, n, fraction;
    ngx_whip_stream_t  *st;

    if (!s->video.media.remb || s->twcc_on) {
        return;
    }

    n = 0;
    fraction = 0;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (st->track == &s->video) {
            ssrcs[n++] = st->ssrc;
            fraction = ngx_max(fraction, st->fraction);
        }
    }

    if (n == 0) {
        return;
    }

    rate = s->stats.video.bitrate;

    if (fraction > 256 / 10) {
        rate = rate * 85 / 100;

    } else if (fraction < 256 / 50) {
        rate = ngx_max(rate * 3 / 2, s->remb + s->remb / 20);

    } else {
        rate = ngx_max(rate, s->remb);
    }

    rate = ngx_max(rate, NGX_WHIP_FEEDBACK_REMB_MIN);
    rate = ngx_min(rate, NGX_WHIP_FEEDBACK_REMB_MAX);
    s->remb = rate;

    len = ngx_whip_rtcp_remb(buf, 128, s->ssrc, rate, ssrcs, n);

    ngx_whip_feedback_send(s, buf, len);
}
