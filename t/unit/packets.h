
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the tests of depacketizers share: units written in hexadecimal, frames
 * to be expected, and an allocator that fails when told to.
 */


#ifndef _PACKETS_H_INCLUDED_
#define _PACKETS_H_INCLUDED_


#include "tap.h"
#include "ngx_live_codec.h"
#include "ngx_whip_payload.h"


typedef struct {
    u_char  *data;
    size_t   len;
} packets_unit_t;


static ngx_log_t  packets_log;
static long       packets_allocs = -1;      /* so many, then none; -1: all */


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    if (packets_allocs == 0) {
        return NULL;
    }

    packets_allocs -= (packets_allocs > 0);

    return malloc(size);
}


void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    void  *p;

    p = ngx_alloc(size, log);

    return p ? memset(p, 0, size) : NULL;
}


static ngx_inline packets_unit_t
packets_unit(const char *hex)
{
    packets_unit_t  unit;

    unit.data = tap_bytes(hex, &unit.len);

    return unit;
}


/* a unit of so many bytes: the ones given, then others */

static ngx_inline packets_unit_t
packets_long_unit(const char *hex, size_t len)
{
    size_t          i;
    packets_unit_t  unit, head;

    head = packets_unit(hex);

    unit.len = len;
    unit.data = malloc(len);

    for (i = 0; i < len; i++) {
        unit.data[i] = (i < head.len) ? head.data[i] : (u_char) (i % 251 + 1);
    }

    free(head.data);

    return unit;
}


static ngx_inline ngx_int_t
packets_hex(ngx_whip_payload_t *p, const char *hex)
{
    ngx_int_t       rc;
    packets_unit_t  unit;

    unit = packets_unit(hex);
    rc = ngx_whip_payload_packet(p, unit.data, unit.len);
    free(unit.data);

    return rc;
}


/* joins two pieces to a payload of the exact size */

static ngx_inline ngx_int_t
packets_send(ngx_whip_payload_t *p, const u_char *head, size_t head_len,
    const u_char *body, size_t body_len)
{
    u_char     *buf;
    ngx_int_t   rc;

    buf = malloc(head_len + body_len);

    if (head_len) {
        memcpy(buf, head, head_len);
    }

    memcpy(buf + head_len, body, body_len);

    rc = ngx_whip_payload_packet(p, buf, head_len + body_len);

    free(buf);

    return rc;
}


static ngx_inline void
packets_show(const char *name, const u_char *p, size_t len)
{
    size_t  i;

    printf("# %s, %d bytes: ", name, (int) len);

    for (i = 0; i < len && i < 200; i++) {
        printf("%02x", p[i]);
    }

    printf("\n");
}


/* "DECLINED", or what is set of a frame: "2 key damaged config" */

static ngx_inline int
packets_frame(ngx_whip_payload_t *p, ngx_whip_frame_t *frame, const char *want,
    const char *name)
{
    char  text[64];

    if (ngx_whip_payload_frame(p, frame) != NGX_OK) {
        return tap_is_text("DECLINED", want, name);
    }

    /* the head belongs to the caller */

    memset(frame->data - NGX_WHIP_FRAME_HEAD, 0xee, NGX_WHIP_FRAME_HEAD);

    snprintf(text, sizeof(text), "%d%s%s%s", (int) frame->slices,
             frame->key ? " key" : "", frame->damaged ? " damaged" : "",
             frame->config ? " config" : "");

    return tap_is_text(text, want, name);
}


static ngx_inline int
packets_bytes(const u_char *got, size_t got_len, const u_char *want,
    size_t want_len, const char *name)
{
    int  pass;

    pass = got_len == want_len && memcmp(got, want, got_len) == 0;

    if (!tap_ok(pass, name)) {
        packets_show(" got", got, got_len);
        packets_show("want", want, want_len);
    }

    return pass;
}


/* the record and what it says: "avc1.42c00a 64x48", or "" if there is none */

static ngx_inline void
packets_config(ngx_whip_payload_t *p, ngx_uint_t codec, const char *hex,
    const char *want, const char *name)
{
    char              text[NGX_LIVE_CODEC_NAME_LEN + 32];
    size_t            len;
    u_char            buf[NGX_WHIP_CONFIG_MAX];
    packets_unit_t    unit;
    ngx_live_codec_t  info;

    len = ngx_whip_payload_config(p, buf, sizeof(buf));

    if (hex) {
        unit = packets_unit(hex);
        packets_bytes(buf, len, unit.data, unit.len, name);
        free(unit.data);
    }

    text[0] = '\0';

    if (len) {
        snprintf(text, sizeof(text), "error");

        if (ngx_live_codec_config(codec, buf, buf + len, &info) == NGX_OK) {
            snprintf(text, sizeof(text), "%s %dx%d", (char *) info.name,
                     (int) info.width, (int) info.height);
        }

        tap_is(ngx_whip_payload_config(p, buf, len - 1), 0, "one byte short");
    }

    tap_is_text(text, want, name);
}


static ngx_inline ngx_whip_payload_t *
packets_create(ngx_uint_t codec)
{
    ngx_whip_payload_t  *p;

    p = ngx_whip_payload_create(codec, &packets_log);

    if (p == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    return p;
}


/* NAL units behind 4 bytes of length, as they are in a frame; -1 ends them */

static ngx_inline int
packets_nals(ngx_whip_frame_t *frame, packets_unit_t *nals, const int *which,
    const char *name)
{
    int      pass;
    size_t   len;
    u_char  *buf, *p;

    for (len = 0, pass = 0; which[pass] >= 0; pass++) {
        len += 4 + nals[which[pass]].len;
    }

    buf = malloc(len + 1);
    p = buf;

    for ( /* void */ ; *which >= 0; which++) {
        *p++ = (u_char) (nals[*which].len >> 24);
        *p++ = (u_char) (nals[*which].len >> 16);
        *p++ = (u_char) (nals[*which].len >> 8);
        *p++ = (u_char) nals[*which].len;

        memcpy(p, nals[*which].data, nals[*which].len);
        p += nals[*which].len;
    }

    pass = packets_bytes(frame->data, frame->len, buf, len, name);

    free(buf);

    return pass;
}


#endif /* _PACKETS_H_INCLUDED_ */
