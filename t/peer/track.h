
/*
 * Copyright (C) the ngx_live contributors
 *
 * One RTP stream of a session: its place in a file, its numbers, what it loses
 * on purpose, and its answers to NACK.
 *
 * A packet is written from an entry of the history, each time in the same way:
 * so are duplicates, late packets and repairs on the same SSRC equal to the
 * first one bit by bit.
 */


#ifndef _TRACK_H_INCLUDED_
#define _TRACK_H_INCLUDED_


#include "crypt.h"
#include "media.h"
#include "rtcp.h"
#include "rtp.h"


#define TRACK_LATER_MAX  1024
#define TRACK_SR_MAX     4


/* what was sent with a sequence number */

typedef struct {
    const media_packet_t   *packet;       /* NULL: padding, or nothing yet */
    uint32_t                ts;
    uint32_t                ssrc;
    uint16_t                seq;
    uint16_t                twcc;
    uint8_t                 padding;      /* bytes */
    uint8_t                 named;        /* with mid and rid */
    uint8_t                 there;
} track_sent_t;


/* to be sent when so many packets were sent */

typedef struct {
    uint64_t                due;
    uint16_t                seq;
    uint8_t                 repair;
} track_later_t;


typedef struct {
    uint64_t                packets;
    uint64_t                bytes;        /* of payloads */
    uint64_t                frames;
    uint64_t                keyframes;
    uint64_t                padding;      /* packets of it */
    uint64_t                lost;         /* not sent */
    uint64_t                duplicated;
    uint64_t                reordered;
    uint64_t                nacked;       /* sequence numbers */
    uint64_t                repaired;
    uint64_t                forgotten;    /* NACKs of what is not in history */
    uint64_t                plis;
    uint64_t                firs;
    uint64_t                srs;
    uint64_t                reports;
    uint64_t                late;         /* us, the worst of all frames */
} track_count_t;


typedef struct {
    uint32_t                lsr;          /* as the receiver will name it */
    uint64_t                time;
} track_sr_t;


typedef struct {
    int                     kind;
    const track_options_t  *options;
    const options_t        *all;
    transport_t            *transport;
    crypt_t                *crypt;
    uint16_t               *twcc;         /* the session's next number */

    int                     pt;
    int                     rtx_pt;       /* 0: none */
    uint32_t                ssrc;
    uint32_t                rtx_ssrc;
    uint16_t                seq;          /* the next one */
    uint16_t                rtx_seq;
    uint32_t                ts;           /* of tick 0 */
    uint32_t                last_ts;

    int64_t                 ext_mid;      /* ids that were agreed on */
    int64_t                 ext_rid;
    int64_t                 ext_rrid;
    int64_t                 ext_twcc;
    int64_t                 ext_time;
    char                    rid[20];
    int                     named;        /* mid and rid are still sent */

    const media_t          *media;
    const media_t          *next_media;   /* from the next frame on, or NULL */
    size_t                  frame;        /* the next one */
    uint64_t                base;         /* ticks, of the file's first frame */
    uint32_t                left;         /* packets of the current frame */
    const media_packet_t   *packet;       /* the next of them */
    uint64_t                jump;         /* time of a jump to a keyframe, 0 */

    uint64_t                anchor;       /* time of anchor_ticks */
    uint64_t                anchor_ticks;
    double                  ppm;          /* since then */

    uint64_t                random;
    uint64_t                burst;        /* packets still to be lost */
    uint64_t                drop;         /* by command */
    uint64_t                drop_after;

    track_sent_t           *history;
    size_t                  mask;
    track_later_t           later[TRACK_LATER_MAX];
    unsigned                nlater;

    uint64_t                sr_next;
    int                     sr_first;
    track_sr_t              srs[TRACK_SR_MAX];

    rtcp_block_t            report;       /* the last one */
    double                  rtt;          /* ms, from it; 0: unknown */

    track_count_t           count;
} track_t;


/* ssrc, rtx_ssrc and the agreed numbers are set by the caller, behind this */

void track_init(track_t *t, const options_t *options, int kind,
    unsigned layer, int session, const media_t *media);

void track_free(track_t *t);

/* the first frame is due at this time */

void track_start(track_t *t, uint64_t now);

/* sends what is due; when there is more */

uint64_t track_run(track_t *t, uint64_t now);

/* the timestamp of this moment */

uint32_t track_ts(const track_t *t, uint64_t now);

void track_nack(track_t *t, uint16_t seq);

/* go on with a keyframe of the same file, or with another file */

void track_jump(track_t *t, uint64_t when);
void track_switch(track_t *t, const media_t *media);

/* new numbers; -1: a random one */

void track_renumber(track_t *t, int64_t ssrc, int64_t seq, int64_t ts);

/* a packet of the track with a payload of the caller's, at once */

void track_send(track_t *t, const uint8_t *payload, size_t len, int marker,
    int pt, int64_t ts);

json_t *track_stats(const track_t *t);


#endif /* _TRACK_H_INCLUDED_ */
