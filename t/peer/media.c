
/*
 * Copyright (C) the ngx_live contributors
 */


#include "media.h"
#include "h264.h"
#include "memory.h"
#include "ogg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void *
media_grow(void *array, size_t n, size_t size)
{
    /* at powers of two */

    if (n & (n - 1)) {
        return array;
    }

    return memory_resize(array, (n ? n * 2 : 1) * size);
}


void
media_add_packet(media_t *media, const uint8_t *head, size_t nhead,
    const uint8_t *body, size_t len, int marker)
{
    media_packet_t  *packet;

    media->packets = media_grow(media->packets, media->npackets,
                                sizeof(media_packet_t));

    packet = &media->packets[media->npackets++];

    memset(packet, 0, sizeof(media_packet_t));

    if (nhead) {
        memcpy(packet->head, head, nhead);
    }

    packet->nhead = (uint8_t) nhead;
    packet->body = body;
    packet->len = (uint32_t) len;
    packet->marker = (uint8_t) marker;
}


media_frame_t *
media_add_frame(media_t *media)
{
    media_frame_t  *frame;

    media->frames = media_grow(media->frames, media->nframes,
                               sizeof(media_frame_t));

    frame = &media->frames[media->nframes++];

    memset(frame, 0, sizeof(media_frame_t));
    frame->first = (uint32_t) media->npackets;

    return frame;
}


void
media_end_frame(media_t *media, media_frame_t *frame)
{
    frame->count = (uint32_t) media->npackets - frame->first;

    if (frame->count == 0) {
        media->nframes--;
    }
}


size_t
media_next_key(const media_t *media, size_t from)
{
    size_t  i, n;

    for (n = 0; n < media->nframes; n++) {

        i = (from + n) % media->nframes;

        if (media->frames[i].key) {
            return i;
        }
    }

    return from;
}


void
media_cut(media_t *media, uint64_t ticks)
{
    media_frame_t  *frame;

    while (media->nframes > 1 && media->ticks > ticks) {
        frame = &media->frames[media->nframes - 1];

        /* one that would be cut in two goes with the rest */

        media->ticks = frame->ticks;
        media->nframes--;
    }
}


static media_t *
media_check(media_t *media, const char *path)
{
    if (media->nframes == 0) {
        fprintf(stderr, "whip_peer: %s: no media in it\n", path);
        return NULL;
    }

    return media;
}


static uint8_t *
media_read(const char *path, size_t *len)
{
    uint8_t  *data;

    data = memory_file(path, len);

    if (data == NULL) {
        fprintf(stderr, "whip_peer: %s: %s\n", path, strerror(errno));
    }

    return data;
}


/* every frame lasts as long as the rate says: the file has no times */

static int
media_set_times(media_t *media, const char *fps)
{
    size_t  i;
    int     num, den;

    den = 1;

    if (sscanf(fps, "%d/%d", &num, &den) < 1 || num <= 0 || den <= 0) {
        fprintf(stderr, "whip_peer: option fps: N or N/M\n");
        return -1;
    }

    for (i = 0; i < media->nframes; i++) {
        media->frames[i].ticks = i * MEDIA_VIDEO_CLOCK * (uint64_t) den
                                 / (uint64_t) num;
    }

    media->ticks = media->nframes * MEDIA_VIDEO_CLOCK * (uint64_t) den
                   / (uint64_t) num;

    return 0;
}


media_t *
media_open_video(const char *path, const options_t *options)
{
    size_t    len;
    media_t  *media;
    uint8_t  *data;

    data = media_read(path, &len);
    if (data == NULL) {
        return NULL;
    }

    media = memory_new(sizeof(media_t));
    media->clock = MEDIA_VIDEO_CLOCK;

    h264_packetize(media, memory_keep(data), len, options);

    if (media_set_times(media, options->fps) == -1) {
        return NULL;
    }

    return media_check(media, path);
}


media_t *
media_open_audio(const char *path)
{
    size_t    len;
    media_t  *media;
    uint8_t  *data;

    data = media_read(path, &len);
    if (data == NULL) {
        return NULL;
    }

    media = memory_new(sizeof(media_t));
    media->clock = MEDIA_AUDIO_CLOCK;

    ogg_read_opus(media, data, len);
    free(data);

    return media_check(media, path);
}
