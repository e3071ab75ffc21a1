
/*
 * Copyright (C) the ngx_live contributors
 */


#include "h264.h"
#include "memory.h"
#include "wire.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define H264_SLICE       1
#define H264_IDR         5
#define H264_SEI         6
#define H264_SPS         7
#define H264_PPS         8
#define H264_AUD         9
#define H264_STAP_A      24
#define H264_FU_A        28

#define H264_NRI         0x60
#define H264_FU_START    0x80
#define H264_FU_END      0x40


typedef struct {
    const uint8_t  *data;
    size_t          len;
    int             type;
} h264_nal_t;


typedef struct {
    h264_nal_t  *nals;
    size_t       n;
    size_t       size;
} h264_stream_t;


/* --- the byte stream ----------------------------------------------------- */

/* the next 00 00 01 at or behind p, "last" where there is none */

static const uint8_t *
h264_start_code(const uint8_t *p, const uint8_t *last)
{
    for ( /* void */ ; last - p >= 3; p++) {

        p = memchr(p, 0, (size_t) (last - p) - 2);
        if (p == NULL) {
            return last;
        }

        if (p[1] == 0 && p[2] == 1) {
            return p;
        }
    }

    return last;
}


static void
h264_add_nal(h264_stream_t *s, const uint8_t *data, const uint8_t *last)
{
    /* trailing_zero_8bits, or the first zero of a start code of four bytes */

    while (last > data && last[-1] == 0) {
        last--;
    }

    if (last == data) {
        return;
    }

    if (s->n == s->size) {
        s->size = s->size ? s->size * 2 : 1024;
        s->nals = memory_resize(s->nals, s->size * sizeof(h264_nal_t));
    }

    s->nals[s->n].data = data;
    s->nals[s->n].len = (size_t) (last - data);
    s->nals[s->n].type = data[0] & 0x1f;
    s->n++;
}


static void
h264_split(h264_stream_t *s, const uint8_t *data, size_t len)
{
    const uint8_t  *p, *next, *last;

    last = data + len;

    for (p = h264_start_code(data, last); p < last; p = next) {
        next = h264_start_code(p + 3, last);
        h264_add_nal(s, p + 3, next);
    }
}


static int
h264_is_slice(const h264_nal_t *nal)
{
    return nal->type >= H264_SLICE && nal->type <= H264_IDR;
}


/*
 * The end of the picture that starts at "i" (7.4.1.2.3): before a delimiter,
 * parameter set or SEI behind a slice, or a slice with first_mb_in_slice 0,
 * which is a first bit that is set.
 */

static size_t
h264_picture_end(const h264_stream_t *s, size_t i)
{
    int                sliced;
    const h264_nal_t  *nal;

    sliced = 0;

    for ( /* void */ ; i < s->n; i++) {

        nal = &s->nals[i];

        if (h264_is_slice(nal)) {

            if (sliced && nal->len > 1 && (nal->data[1] & 0x80)) {
                return i;
            }

            sliced = 1;

        } else if (sliced && nal->type >= H264_SEI && nal->type <= H264_AUD) {
            return i;
        }
    }

    return i;
}


/* --- payloads ------------------------------------------------------------ */

/* FU-A: equal fragments but for the last */

static void
h264_fragment(media_t *media, const h264_nal_t *nal, size_t mtu)
{
    size_t    len, left;
    uint8_t   head[2];

    head[0] = (nal->data[0] & H264_NRI) | H264_FU_A;
    head[1] = (uint8_t) (H264_FU_START | nal->type);

    mtu -= sizeof(head);

    for (left = nal->len - 1; left; left -= len) {

        len = left < mtu ? left : mtu;

        if (len == left) {
            head[1] |= H264_FU_END;
        }

        media_add_packet(media, head, sizeof(head),
                         nal->data + nal->len - left, len, 0);

        head[1] &= (uint8_t) ~H264_FU_START;
    }
}


static void
h264_single(media_t *media, const h264_nal_t *nal, size_t mtu)
{
    if (nal->len > mtu) {
        h264_fragment(media, nal, mtu);
        return;
    }

    media_add_packet(media, NULL, 0, nal->data, nal->len, 0);
}


/* how many NAL units from "i" on go into one STAP-A */

static size_t
h264_group(const h264_nal_t *nals, size_t i, size_t n, const options_t *o)
{
    size_t  start, size;

    size = 1;

    for (start = i; i < n; i++) {

        if (o->packets == OPTIONS_PACKETS_STAP
            && (nals[i].type < H264_SEI || nals[i].type > H264_PPS))
        {
            break;
        }

        size += 2 + nals[i].len;

        if (size > (size_t) o->mtu) {
            break;
        }
    }

    return i - start;
}


/* FFmpeg writes NRI 0, others the highest one of what is inside */

static void
h264_aggregate(media_t *media, const h264_nal_t *nals, size_t n,
    const options_t *o)
{
    size_t    i, size;
    uint8_t  *data, *p, nri;

    size = 1;
    nri = 0;

    for (i = 0; i < n; i++) {

        size += 2 + nals[i].len;

        if ((nals[i].data[0] & H264_NRI) > nri) {
            nri = nals[i].data[0] & H264_NRI;
        }
    }

    if (o->packets == OPTIONS_PACKETS_FFMPEG) {
        nri = 0;
    }

    data = memory_new(size);
    p = wire_put8(data, nri | H264_STAP_A);

    for (i = 0; i < n; i++) {
        p = wire_put16(p, (unsigned) nals[i].len);
        p = wire_put(p, nals[i].data, nals[i].len);
    }

    media_add_packet(media, NULL, 0, data, size, 0);
}


static void
h264_picture(media_t *media, const h264_nal_t *nals, size_t n,
    const options_t *o)
{
    size_t          i, group;
    media_frame_t  *frame;

    frame = media_add_frame(media);

    for (i = 0; i < n; i++) {
        frame->key |= nals[i].type == H264_IDR;
    }

    for (i = 0; i < n; i += group) {

        group = o->packets == OPTIONS_PACKETS_SINGLE
                ? 1 : h264_group(nals, i, n, o);

        if (group > 1) {
            h264_aggregate(media, nals + i, group, o);

        } else {
            h264_single(media, &nals[i], (size_t) o->mtu);
            group = 1;
        }
    }

    media_end_frame(media, frame);

    if (frame->count && o->marker) {
        media->packets[media->npackets - 1].marker = 1;
    }
}


/* base64 of the first SPS and PPS */

static void
h264_describe(media_t *media, const h264_stream_t *s)
{
    int                type;
    size_t             i;
    unsigned char      text[1024];
    memory_buf_t       b;
    const h264_nal_t  *nal;

    memset(&b, 0, sizeof(memory_buf_t));

    for (type = H264_SPS; type <= H264_PPS; type++) {

        for (i = 0; i < s->n && s->nals[i].type != type; i++) { /* void */ }

        if (i == s->n || s->nals[i].len > sizeof(text) / 2) {
            continue;
        }

        nal = &s->nals[i];

        if (type == H264_SPS && nal->len > 3) {
            snprintf(media->profile, sizeof(media->profile), "%02x%02x%02x",
                     nal->data[1], nal->data[2], nal->data[3]);
        }

        EVP_EncodeBlock(text, nal->data, (int) nal->len);
        memory_buf_printf(&b, "%s%s", b.len ? "," : "", (char *) text);
    }

    media->sprop = b.data;
}


static void
h264_drop_sets(h264_stream_t *s)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < s->n; i++) {
        if (s->nals[i].type != H264_SPS && s->nals[i].type != H264_PPS) {
            s->nals[n++] = s->nals[i];
        }
    }

    s->n = n;
}


void
h264_packetize(media_t *media, const uint8_t *data, size_t len,
    const options_t *options)
{
    size_t          i, end;
    h264_stream_t   s;

    memset(&s, 0, sizeof(h264_stream_t));

    h264_split(&s, data, len);
    h264_describe(media, &s);

    if (options->sets == OPTIONS_SETS_SPROP) {
        h264_drop_sets(&s);
    }

    for (i = 0; i < s.n; i = end) {
        end = h264_picture_end(&s, i);
        h264_picture(media, &s.nals[i], end - i, options);
    }

    free(s.nals);
}
