
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the targets of depacketizers share.  Input: a byte, the allocations that
 * succeed, 255 for all; then commands:
 *
 *     0 .. 249  a payload of so many bytes
 *     250       a payload of as many bytes as the next byte says times 16
 *     251       sprop-parameter-sets, its length in the next byte
 *     252       the configuration record, asked for before the frame
 *     253       packets are missing
 *     254, 255  the end of the access unit
 */


#ifndef _PAYLOAD_H_INCLUDED_
#define _PAYLOAD_H_INCLUDED_


#include "fuzz.h"
#include "ngx_live_codec.h"
#include "ngx_whip_payload.h"

#include <string.h>


typedef void (*payload_check_pt)(const u_char *p, size_t len, size_t slices);


static ngx_log_t  payload_log;
static size_t     payload_allocs;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    if (payload_allocs == 0) {
        return NULL;
    }

    payload_allocs -= (payload_allocs != 255);

    return malloc(size);
}


void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    void  *p;

    p = ngx_alloc(size, log);

    return p ? memset(p, 0, size) : NULL;
}


static ngx_inline size_t
payload_config(ngx_whip_payload_t *p, ngx_uint_t codec)
{
    size_t             len;
    u_char            *buf;
    ngx_live_codec_t   info;

    buf = malloc(NGX_WHIP_CONFIG_MAX);
    fuzz_assert(buf != NULL);

    len = ngx_whip_payload_config(p, buf, NGX_WHIP_CONFIG_MAX);

    fuzz_assert(len <= NGX_WHIP_CONFIG_MAX);

    if (len) {
        fuzz_assert(ngx_live_codec_config(codec, buf, buf + len, &info)
                    == NGX_OK);
        fuzz_assert(info.width && info.width <= NGX_LIVE_CODEC_MAX_SIZE);
        fuzz_assert(info.height && info.height <= NGX_LIVE_CODEC_MAX_SIZE);

        if (len > 1) {
            fuzz_assert(ngx_whip_payload_config(p, buf, len - 1) == 0);
        }
    }

    free(buf);

    return len;
}


/* `codec` as ngx_live_codec has it, `lost`: since the first of its packets */

static ngx_inline void
payload_frame(ngx_whip_payload_t *p, ngx_uint_t codec, ngx_uint_t lost,
    payload_check_pt check)
{
    ngx_int_t         rc;
    ngx_whip_frame_t  frame;

    rc = ngx_whip_payload_frame(p, &frame);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {

        fuzz_assert(frame.len && frame.len <= 8 * 1024 * 1024);
        fuzz_assert(frame.slices);
        fuzz_assert(frame.damaged || !lost);

        check(frame.data, frame.len, frame.slices);

        /* a frame that is whole has a record */

        if (frame.config || !frame.damaged) {
            fuzz_assert(payload_config(p, codec));
        }

        memset(frame.data - NGX_WHIP_FRAME_HEAD, 0xee,
               NGX_WHIP_FRAME_HEAD + frame.len);
    }

    rc = ngx_whip_payload_frame(p, &frame);

    fuzz_assert(rc == NGX_DECLINED);
}


/* the next n bytes, in memory of their own */

static ngx_inline u_char *
payload_bytes(const uint8_t **data, const uint8_t *last, size_t *n)
{
    u_char  *p;

    *n = ngx_min(*n, (size_t) (last - *data));

    p = malloc(*n ? *n : 1);
    fuzz_assert(p != NULL);

    ngx_memcpy(p, *data, *n);
    *data += *n;

    return p;
}


static ngx_inline void
payload_run(ngx_uint_t type, ngx_uint_t codec, payload_check_pt check,
    const uint8_t *data, size_t size)
{
    size_t               n;
    u_char              *buf;
    ngx_int_t            rc;
    ngx_str_t            value;
    ngx_uint_t           command, used, lost;
    const uint8_t       *last;
    ngx_whip_payload_t  *p;

    if (size == 0) {
        return;
    }

    last = data + size;
    payload_allocs = *data++;

    p = ngx_whip_payload_create(type, &payload_log);

    if (p == NULL) {
        fuzz_assert(payload_allocs == 0);
        return;
    }

    used = 0;
    lost = 0;

    while (data < last) {

        command = *data++;

        switch (command) {

        case 255:
        case 254:
            payload_frame(p, codec, lost, check);
            used = 0;
            lost = 0;
            break;

        case 253:
            ngx_whip_payload_lost(p);
            lost = used;
            break;

        case 252:
            (void) payload_config(p, codec);
            break;

        case 251:
            n = (data < last) ? *data++ : 0;
            buf = payload_bytes(&data, last, &n);

            value.data = buf;
            value.len = n;

            rc = ngx_whip_payload_sprop(p, &value);

            fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ERROR
                        || (rc == NGX_ABORT && payload_allocs == 0));
            free(buf);
            break;

        default:
            n = command;

            if (command == 250) {
                n = (data < last) ? *data++ * 16 : 0;
            }

            buf = payload_bytes(&data, last, &n);

            rc = ngx_whip_payload_packet(p, buf, n);

            fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ERROR
                        || (rc == NGX_ABORT && payload_allocs == 0));

            lost |= (rc == NGX_ERROR || rc == NGX_ABORT);
            used |= (n != 0);

            free(buf);
        }
    }

    payload_frame(p, codec, lost, check);

    ngx_whip_payload_destroy(p);
}


/* NAL units of 4 bytes of length fill the frame; returns the next one */

static ngx_inline const u_char *
payload_nal(const u_char *p, const u_char *last, size_t *len)
{
    fuzz_assert(last - p > 4);

    *len = (size_t) p[0] << 24 | (size_t) p[1] << 16
           | (size_t) p[2] << 8 | p[3];

    p += 4;

    fuzz_assert(*len && *len <= 4 * 1024 * 1024);
    fuzz_assert(*len <= (size_t) (last - p));

    return p;
}


#endif /* _PAYLOAD_H_INCLUDED_ */
