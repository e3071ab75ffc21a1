
/*
 * Copyright (C) the ngx_live contributors
 *
 * Files cut into RTP payloads once, for all sessions to send: frames of packets
 * that point into the file.  A file is played in a loop.
 */


#ifndef _MEDIA_H_INCLUDED_
#define _MEDIA_H_INCLUDED_


#include "options.h"

#include <stddef.h>
#include <stdint.h>


#define MEDIA_VIDEO_CLOCK  90000
#define MEDIA_AUDIO_CLOCK  48000

/* FU indicator and FU header */

#define MEDIA_HEAD_MAX     2


/* the payload of one packet: "head", then "body" */

typedef struct {
    const uint8_t     *body;
    uint32_t           len;               /* of body */
    uint8_t            nhead;
    uint8_t            head[MEDIA_HEAD_MAX];
    uint8_t            marker;
} media_packet_t;


typedef struct {
    uint64_t           ticks;             /* since the start of the file */
    uint32_t           first;             /* packet */
    uint32_t           count;
    uint8_t            key;
} media_frame_t;


typedef struct {
    int                clock;             /* ticks a second */
    uint64_t           ticks;             /* of the whole file */

    media_packet_t    *packets;
    size_t             npackets;
    media_frame_t     *frames;
    size_t             nframes;

    char               profile[8];        /* H.264: profile-level-id */
    char              *sprop;             /* sprop-parameter-sets, or NULL */
} media_t;


/* NULL with a message on stderr; never freed */

media_t *media_open_video(const char *path, const options_t *options);
media_t *media_open_audio(const char *path);

/* ends the file after so many ticks: what is played together loops together */

void media_cut(media_t *media, uint64_t ticks);

void media_add_packet(media_t *media, const uint8_t *head, size_t nhead,
    const uint8_t *body, size_t len, int marker);
media_frame_t *media_add_frame(media_t *media);

/* ends the frame at the last packet */

void media_end_frame(media_t *media, media_frame_t *frame);

/* the next frame from "from" on, over the end, that is a key one */

size_t media_next_key(const media_t *media, size_t from);


#endif /* _MEDIA_H_INCLUDED_ */
