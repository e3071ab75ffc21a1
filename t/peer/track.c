
/*
 * Copyright (C) the ngx_live contributors
 */


#define _GNU_SOURCE

#include "track.h"
#include "memory.h"
#include "wire.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define TRACK_BURST_EVERY  1000           /* microseconds */
#define TRACK_PADDING      224            /* bytes, as libwebrtc's probes */


static uint32_t
track_random32(void)
{
    uint32_t  v;

    RAND_bytes((unsigned char *) &v, sizeof(v));

    return v;
}


/* xorshift64*: the same losses with the same seed */

static int
track_chance(track_t *t, double percent)
{
    if (percent <= 0) {
        return 0;
    }

    t->random ^= t->random >> 12;
    t->random ^= t->random << 25;
    t->random ^= t->random >> 27;

    return (double) ((t->random * 0x2545f4914f6cdd1dull) >> 11)
           / 9007199254740992.0 * 100 < percent;
}


void
track_init(track_t *t, const options_t *options, int kind, unsigned layer,
    int session, const media_t *media)
{
    size_t                  size;
    const track_options_t  *o;

    o = &options->track[kind];

    memset(t, 0, sizeof(track_t));

    t->kind = kind;
    t->options = o;
    t->all = options;
    t->media = media;
    t->named = 1;
    t->sr_first = 1;

    t->seq = (uint16_t) (o->seq < 0 ? track_random32() : o->seq);
    t->ts = (uint32_t) (o->ts < 0 ? track_random32() : o->ts);
    t->rtx_seq = (uint16_t) track_random32();

    t->random = 0x9e3779b97f4a7c15ull
                * (uint64_t) (options->seed * 1000003 + session * 64
                              + kind * 8 + layer + 1);

    for (size = 1; size < (size_t) o->history && size < 65536; size *= 2) {
        /* void */
    }

    t->history = memory_new(size * sizeof(track_sent_t));
    t->mask = size - 1;
}


void
track_free(track_t *t)
{
    free(t->history);
    t->history = NULL;
}


/* --- packets ------------------------------------------------------------- */

/* 24 bits of seconds, 18 of them behind the point */

static void
track_abs_time(uint8_t *p)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    wire_put24(p, (uint32_t) ((((uint64_t) ts.tv_sec << 18)
                     + (((uint64_t) ts.tv_nsec << 18) / 1000000000))
                    & 0xffffff));
}


/* encrypts what is between the slot and p, and leaves it for the flush */

static void
track_finish(track_t *t, uint8_t *slot, uint8_t *p)
{
    size_t  len;

    len = (size_t) (p - slot);

    if (crypt_protect(t->crypt, slot, &len) == 0) {
        transport_commit(t->transport, len);
    }
}


static uint8_t *
track_body(uint8_t *p, const track_sent_t *sent)
{
    const media_packet_t  *packet;

    packet = sent->packet;

    if (packet) {
        p = wire_put(p, packet->head, packet->nhead);
        return wire_put(p, packet->body, packet->len);
    }

    /* RFC 3550 5.1: the last byte says how many */

    memset(p, 0, sent->padding);
    p[sent->padding - 1] = sent->padding;

    return p + sent->padding;
}


/* the packet of an entry, on its own SSRC or as RTX (RFC 4588 4) */

static void
track_put(track_t *t, const track_sent_t *sent, int rtx)
{
    uint8_t        time[3], twcc[2], *slot, *p;
    const char    *mid;
    rtp_header_t   h;

    memset(&h, 0, sizeof(rtp_header_t));

    h.pt = rtx ? t->rtx_pt : t->pt;
    h.marker = sent->packet && sent->packet->marker;
    h.padding = sent->packet == NULL;
    h.seq = rtx ? t->rtx_seq++ : sent->seq;
    h.ts = sent->ts;
    h.ssrc = rtx ? t->rtx_ssrc : sent->ssrc;

    if (t->ext_time) {
        track_abs_time(time);
        rtp_ext(&h, t->ext_time, time, sizeof(time));
    }

    if (t->ext_twcc) {
        wire_put16(twcc, rtx ? (*t->twcc)++ : sent->twcc);
        rtp_ext(&h, t->ext_twcc, twcc, sizeof(twcc));
    }

    if (sent->named) {
        mid = t->options->mid;

        rtp_ext(&h, t->ext_mid, mid, strlen(mid));
        rtp_ext(&h, rtx ? t->ext_rrid : t->ext_rid, t->rid, strlen(t->rid));
    }

    slot = transport_slot(t->transport);
    p = rtp_write(slot, &h);

    if (rtx && sent->packet) {
        p = wire_put16(p, sent->seq);
    }

    track_finish(t, slot, track_body(p, sent));
}


static void
track_later(track_t *t, uint16_t seq, uint64_t packets, int repair)
{
    track_later_t  *later;

    if (t->nlater == TRACK_LATER_MAX) {
        return;
    }

    later = &t->later[t->nlater++];

    later->due = t->count.packets + packets;
    later->seq = seq;
    later->repair = (uint8_t) repair;
}


static void
track_repair(track_t *t, const track_sent_t *sent)
{
    if (track_chance(t, t->options->nack_loss)) {
        return;
    }

    t->count.repaired++;

    track_put(t, sent, t->options->nack == OPTIONS_NACK_RTX && t->rtx_pt);
}


static const track_sent_t *
track_find(const track_t *t, uint16_t seq)
{
    const track_sent_t  *sent;

    sent = &t->history[seq & t->mask];

    return sent->there && sent->seq == seq ? sent : NULL;
}


/* what has waited for enough packets to overtake it */

static void
track_run_later(track_t *t)
{
    unsigned             i;
    track_later_t        later;
    const track_sent_t  *sent;

    for (i = 0; i < t->nlater; /* void */ ) {

        later = t->later[i];

        if (later.due > t->count.packets) {
            i++;
            continue;
        }

        t->later[i] = t->later[--t->nlater];
        sent = track_find(t, later.seq);

        if (sent == NULL) {
            t->count.forgotten++;

        } else if (later.repair) {
            track_repair(t, sent);

        } else {
            track_put(t, sent, 0);
        }
    }
}


/* is this packet to be lost? */

static int
track_loses(track_t *t)
{
    if (t->drop) {

        if (t->drop_after) {
            t->drop_after--;

        } else {
            t->drop--;
            return 1;
        }
    }

    if (t->burst == 0 && track_chance(t, t->options->loss)) {
        t->burst = (uint64_t) t->options->loss_burst;
    }

    if (t->burst) {
        t->burst--;
        return 1;
    }

    return 0;
}


/* a new packet: the media's, or padding */

static void
track_emit(track_t *t, const media_packet_t *packet, uint8_t padding)
{
    track_sent_t  *sent;

    sent = &t->history[t->seq & t->mask];

    sent->packet = packet;
    sent->padding = padding;
    sent->ts = t->last_ts;
    sent->ssrc = t->ssrc;
    sent->seq = t->seq++;
    sent->named = (uint8_t) t->named;
    sent->there = 1;

    if (t->ext_twcc) {
        sent->twcc = (*t->twcc)++;
    }

    t->count.packets++;
    t->count.bytes += packet ? packet->nhead + packet->len : 0;

    if (track_loses(t)) {
        t->count.lost++;

    } else if (track_chance(t, t->options->reorder)) {
        t->count.reordered++;
        track_later(t, sent->seq, (uint64_t) t->options->reorder_by, 0);

    } else {
        track_put(t, sent, 0);

        if (track_chance(t, t->options->duplicate)) {
            t->count.duplicated++;
            track_put(t, sent, 0);
        }
    }

    if (t->nlater) {
        track_run_later(t);
    }
}


static void
track_pad(track_t *t)
{
    track_sent_t  sent;

    t->count.padding++;

    if (t->options->padding == OPTIONS_PADDING_MEDIA) {
        track_emit(t, NULL, TRACK_PADDING);
        return;
    }

    if (t->rtx_pt == 0) {
        return;
    }

    memset(&sent, 0, sizeof(track_sent_t));

    sent.ts = t->last_ts;
    sent.padding = TRACK_PADDING;
    sent.named = (uint8_t) t->named;

    track_put(t, &sent, 1);
}


void
track_send(track_t *t, const uint8_t *payload, size_t len, int marker, int pt,
    int64_t ts)
{
    uint8_t       *slot, *p;
    rtp_header_t   h;

    memset(&h, 0, sizeof(rtp_header_t));

    h.pt = pt < 0 ? t->pt : pt;
    h.marker = marker;
    h.seq = t->seq++;
    h.ts = ts < 0 ? t->last_ts : (uint32_t) ts;
    h.ssrc = t->ssrc;

    /* its number is not one of the history */

    t->history[h.seq & t->mask].there = 0;
    t->count.packets++;
    t->count.bytes += len;

    slot = transport_slot(t->transport);
    p = rtp_write(slot, &h);

    track_finish(t, slot, wire_put(p, payload, len));
}


void
track_nack(track_t *t, uint16_t seq)
{
    const track_sent_t  *sent;

    t->count.nacked++;

    if (t->options->nack == OPTIONS_NACK_NONE) {
        return;
    }

    sent = track_find(t, seq);

    if (sent == NULL) {
        t->count.forgotten++;
        return;
    }

    if (t->options->nack_delay) {
        track_later(t, seq, (uint64_t) t->options->nack_delay, 1);
        return;
    }

    track_repair(t, sent);
}


/* --- time ---------------------------------------------------------------- */

static uint64_t
track_ticks(const track_t *t)
{
    return t->base + t->media->frames[t->frame].ticks;
}


static double
track_rate(const track_t *t)
{
    return t->media->clock * (1 + t->ppm / 1e6) / 1e6;
}


static uint64_t
track_due(const track_t *t)
{
    return t->anchor + (uint64_t) ((double) (track_ticks(t) - t->anchor_ticks)
                                   / track_rate(t));
}


uint32_t
track_ts(const track_t *t, uint64_t now)
{
    double  ticks;

    ticks = now > t->anchor ? (double) (now - t->anchor) * track_rate(t) : 0;

    return t->ts + (uint32_t) (t->anchor_ticks + (uint64_t) ticks);
}


/* another rate begins with the next frame */

static void
track_set_rate(track_t *t)
{
    if (t->ppm != t->options->ppm) {
        t->anchor = track_due(t);
        t->anchor_ticks = track_ticks(t);
        t->ppm = t->options->ppm;
    }
}


void
track_start(track_t *t, uint64_t now)
{
    t->anchor = now;
    t->ppm = t->options->ppm;
    t->sr_next = now + LOOP_MS(t->options->sr_first);
}


/* --- frames -------------------------------------------------------------- */

void
track_jump(track_t *t, uint64_t when)
{
    t->jump = when;
}


void
track_switch(track_t *t, const media_t *media)
{
    t->next_media = media;
}


/* the next frame is another one of the file, its time stays */

static void
track_go(track_t *t, const media_t *media, size_t frame)
{
    uint64_t  ticks;

    ticks = track_ticks(t);

    t->media = media;
    t->frame = frame;
    t->base = ticks - media->frames[frame].ticks;
}


static void
track_next_frame(track_t *t)
{
    if (++t->frame == t->media->nframes) {
        t->frame = 0;
        t->base += t->media->ticks;
    }
}


/*
 * A base before the start of time is a number that wraps; what is added to it
 * wraps it back.
 */

static void
track_begin_frame(track_t *t, uint64_t now)
{
    uint64_t              late;
    const media_frame_t  *frame;

    if (t->next_media) {
        track_go(t, t->next_media, 0);
        t->next_media = NULL;
    }

    if (t->jump && t->jump <= now) {
        t->jump = 0;
        track_go(t, t->media, media_next_key(t->media, t->frame));
    }

    late = now - track_due(t);

    if (late > t->count.late) {
        t->count.late = late;
    }

    frame = &t->media->frames[t->frame];

    t->last_ts = t->ts + (uint32_t) track_ticks(t);
    t->packet = &t->media->packets[frame->first];
    t->left = t->options->pause ? 0 : frame->count;

    if (t->left) {
        t->count.frames++;
        t->count.keyframes += frame->key;
    }

    track_next_frame(t);
    track_set_rate(t);
}


static void
track_end_frame(track_t *t)
{
    if (t->options->padding != OPTIONS_PADDING_NONE
        && t->options->padding_every > 0
        && t->count.frames % (uint64_t) t->options->padding_every == 0
        && !t->options->pause)
    {
        track_pad(t);
    }
}


uint64_t
track_run(track_t *t, uint64_t now)
{
    int64_t   room;
    uint64_t  due;

    room = t->all->burst > 0 ? t->all->burst : INT64_MAX;

    for ( ;; ) {

        for ( /* void */ ; t->left && room; t->left--, room--) {

            track_emit(t, t->packet++, 0);

            if (t->left == 1) {
                track_end_frame(t);
            }
        }

        if (t->left) {
            return now + TRACK_BURST_EVERY;
        }

        due = track_due(t);

        if (due > now) {
            return due;
        }

        track_begin_frame(t, now);
    }
}


void
track_renumber(track_t *t, int64_t ssrc, int64_t seq, int64_t ts)
{
    t->ssrc = ssrc < 0 ? track_random32() : (uint32_t) ssrc;
    t->seq = seq < 0 ? (uint16_t) track_random32() : (uint16_t) seq;

    /* of the next frame */

    t->ts = (ts < 0 ? track_random32() : (uint32_t) ts)
            - (uint32_t) track_ticks(t);

    t->named = 1;
    t->nlater = 0;
    memset(t->history, 0, (t->mask + 1) * sizeof(track_sent_t));

    if (t->kind == OPTIONS_VIDEO) {
        track_jump(t, 1);
    }
}


json_t *
track_stats(const track_t *t)
{
    json_t               *stats;
    const track_count_t  *c;

    c = &t->count;

    stats = json_pack("{s:I,s:I,s:I,s:i,s:I,s:I,s:I,s:I,s:I,s:f}",
                      "packets", (json_int_t) c->packets,
                      "bytes", (json_int_t) c->bytes,
                      "ssrc", (json_int_t) t->ssrc,
                      "seq", t->seq,
                      "frames", (json_int_t) c->frames,
                      "keyframes", (json_int_t) c->keyframes,
                      "padding", (json_int_t) c->padding,
                      "sr", (json_int_t) c->srs,
                      "ts", (json_int_t) t->last_ts,
                      "late_ms", (double) c->late / 1000);

    json_object_update_new(stats, json_pack("{s:I,s:I,s:I}",
                      "lost", (json_int_t) c->lost,
                      "duplicated", (json_int_t) c->duplicated,
                      "reordered", (json_int_t) c->reordered));

    json_object_update_new(stats, json_pack("{s:I,s:I,s:I,s:I,s:I}",
                      "nacked", (json_int_t) c->nacked,
                      "repaired", (json_int_t) c->repaired,
                      "forgotten", (json_int_t) c->forgotten,
                      "pli", (json_int_t) c->plis,
                      "fir", (json_int_t) c->firs));

    json_object_update_new(stats, json_pack("{s:I,s:i,s:i,s:I,s:I,s:f}",
                      "rr", (json_int_t) c->reports,
                      "rr_fraction", (int) t->report.fraction,
                      "rr_lost", (int) t->report.lost,
                      "rr_highest", (json_int_t) t->report.highest,
                      "rr_jitter", (json_int_t) t->report.jitter,
                      "rtt_ms", t->rtt));

    if (*t->rid) {
        json_object_set_new(stats, "rid", json_string(t->rid));
    }

    return stats;
}
