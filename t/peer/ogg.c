
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ogg.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>


#define OGG_HEADER         27
#define OGG_COUNT_AT       26             /* of segments, then their sizes */

/* OpusHead and OpusTags */

#define OGG_OPUS_HEADERS   2


unsigned
ogg_opus_duration(const uint8_t *packet, size_t len)
{
    unsigned               config, frames, size;
    static const unsigned  silk[] = { 480, 960, 1920, 2880 };
    static const unsigned  celt[] = { 120, 240, 480, 960 };

    if (len == 0) {
        return 0;
    }

    config = packet[0] >> 3;

    if (config < 12) {
        size = silk[config & 3];

    } else if (config < 16) {
        size = (config & 1) ? 960 : 480;

    } else {
        size = celt[config & 3];
    }

    switch (packet[0] & 3) {

    case 0:
        frames = 1;
        break;

    case 3:
        frames = len > 1 ? packet[1] & 0x3f : 0;
        break;

    default:
        frames = 2;
    }

    return size * frames;
}


static void
ogg_add_packet(media_t *media, const memory_buf_t *b)
{
    unsigned        duration;
    uint8_t        *copy;
    media_frame_t  *frame;

    duration = ogg_opus_duration((uint8_t *) b->data, b->len);
    if (duration == 0) {
        return;
    }

    copy = memory_new(b->len);
    memcpy(copy, b->data, b->len);

    frame = media_add_frame(media);
    frame->ticks = media->ticks;
    frame->key = 1;

    media_add_packet(media, NULL, 0, copy, b->len, 0);
    media_end_frame(media, frame);

    media->ticks += duration;
}


/*
 * A page: "OggS", version, flags, granule position, serial, sequence, CRC,
 * number of segments, their sizes, the segments.  A segment shorter than 255
 * bytes ends a packet.
 */

void
ogg_read_opus(media_t *media, const uint8_t *data, size_t len)
{
    size_t          i, at, count, body;
    unsigned        npackets;
    memory_buf_t    packet;

    npackets = 0;
    memset(&packet, 0, sizeof(memory_buf_t));

    for (at = 0; at + OGG_HEADER <= len; at = body) {

        if (memcmp(data + at, "OggS", 4) != 0) {
            break;
        }

        count = data[at + OGG_COUNT_AT];
        body = at + OGG_HEADER + count;

        for (i = 0; i < count && body <= len; i++) {

            if (data[at + OGG_HEADER + i] > len - body) {
                memory_buf_free(&packet);
                return;
            }

            memory_buf_add(&packet, data + body, data[at + OGG_HEADER + i]);
            body += data[at + OGG_HEADER + i];

            if (data[at + OGG_HEADER + i] < 255) {

                if (npackets++ >= OGG_OPUS_HEADERS) {
                    ogg_add_packet(media, &packet);
                }

                packet.len = 0;
            }
        }
    }

    memory_buf_free(&packet);
}
