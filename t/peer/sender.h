
/*
 * Copyright (C) the ngx_live contributors
 *
 * The media of a session: its tracks in time, sender reports, and what the
 * server says about them in RTCP.
 */


#ifndef _SENDER_H_INCLUDED_
#define _SENDER_H_INCLUDED_


#include "track.h"


/* audio, and the layers of the video */

#define SENDER_TRACKS_MAX  (1 + OPTIONS_FILES_MAX)


typedef struct {
    uint64_t           datagrams;
    uint64_t           invalid;           /* not RTCP */
    uint64_t           reduced;           /* without a report in front */
    uint64_t           nacks;             /* NACK packets */
    uint64_t           nack_errors;       /* that this client does not see */
    uint64_t           rrs;
    uint64_t           twccs;
    uint64_t           twcc_invalid;
    uint64_t           twcc_count;        /* packets told of */
    uint64_t           twcc_received;     /* of them */
    uint64_t           rembs;
    int64_t            remb;              /* bits per second, the last one */
    uint64_t           strangers;         /* feedback for an SSRC not ours */
    uint64_t           rtp;               /* RTP sent by the server */
} sender_count_t;


typedef struct {
    const options_t   *options;
    int                session;
    transport_t       *transport;
    crypt_t           *crypt;
    char               cname[20];

    track_t            tracks[SENDER_TRACKS_MAX];
    unsigned           ntracks;
    uint16_t           twcc;
    uint64_t           start;
    int                running;
    loop_timer_t       timer;

    sender_count_t     count;
} sender_t;


void sender_init(sender_t *s, const options_t *options, int session,
    transport_t *transport, crypt_t *crypt);

/* a track to be filled in; it is sent from the start on */

track_t *sender_add(sender_t *s, int kind, unsigned layer,
    const media_t *media);

void sender_start(sender_t *s);
void sender_stop(sender_t *s);
void sender_free(sender_t *s);

/* an SRTCP packet */

void sender_rtcp(sender_t *s, uint8_t *packet, size_t len);

/* the first track of a kind, NULL: none */

track_t *sender_track(sender_t *s, int kind);

void sender_report(sender_t *s, track_t *t);
void sender_bye(sender_t *s, track_t *t);

/* plain RTCP, to be encrypted */

void sender_send_rtcp(sender_t *s, const uint8_t *packet, size_t len);

json_t *sender_stats(const sender_t *s);


#endif /* _SENDER_H_INCLUDED_ */
