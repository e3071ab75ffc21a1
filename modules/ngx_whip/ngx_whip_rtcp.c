
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_rtcp.h"
#include "ngx_whip_wire.h"


#define NGX_WHIP_RTCP_HEADER      4
#define NGX_WHIP_RTCP_BLOCK       24
#define NGX_WHIP_RTCP_SENDER      24      /* SSRC and sender info of an SR */

/* the SSRCs of feedback, with the header: RFC 4585, 6.1 */

#define NGX_WHIP_RTCP_FEEDBACK    12

#define NGX_WHIP_RTCP_CNAME       1       /* RFC 3550, 6.5.1 */

/* feedback message types: RFC 4585, 6.2 and 6.3; RFC 5104, 4.3 */

#define NGX_WHIP_RTCP_FMT_NACK    1
#define NGX_WHIP_RTCP_FMT_PLI     1
#define NGX_WHIP_RTCP_FMT_FIR     4
#define NGX_WHIP_RTCP_FMT_AFB     15      /* application layer feedback */


static ngx_int_t ngx_whip_rtcp_body(ngx_whip_rtcp_t *m, const u_char *p,
    size_t len);
static void ngx_whip_rtcp_bye(ngx_whip_rtcp_t *m, const u_char *p);
static u_char *ngx_whip_rtcp_head(u_char *p, ngx_uint_t count, ngx_uint_t type,
    size_t len);
static u_char *ngx_whip_rtcp_feedback(u_char *p, ngx_uint_t fmt,
    ngx_uint_t type, size_t len, uint32_t ssrc, uint32_t media);
static u_char *ngx_whip_rtcp_block(u_char *p,
    const ngx_whip_rtcp_block_t *block);


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P|  count  |  packet type  |  32-bit words behind this one |
 * +---+-+---------+---------------+-------------------------------+
 * |  body ... P: padding, whose last byte is its length
 * +-
 *
 * RFC 3550, 6.4 to 6.7.
 */

ngx_int_t
ngx_whip_rtcp_next(ngx_whip_rtcp_t *m, u_char **p, u_char *end)
{
    size_t   len, pad;
    u_char  *start, *last;

    start = *p;

    ngx_memzero(m, sizeof(ngx_whip_rtcp_t));

    if (start == end) {
        return NGX_DONE;
    }

    if (end - start < NGX_WHIP_RTCP_HEADER || (start[0] >> 6) != 2) {
        return NGX_ERROR;
    }

    len = (size_t) ngx_whip_wire_get16(start + 2) * 4;

    if (len > (size_t) (end - start - NGX_WHIP_RTCP_HEADER)) {
        return NGX_ERROR;
    }

    m->count = start[0] & 0x1f;
    m->type = start[1];

    start += NGX_WHIP_RTCP_HEADER;
    last = start + len;

    if ((*p)[0] & 0x20) {

        pad = len ? last[-1] : 0;

        if (pad == 0 || pad > len) {
            return NGX_ERROR;
        }

        len -= pad;
    }

    if (ngx_whip_rtcp_body(m, start, len) != NGX_OK) {
        return NGX_ERROR;
    }

    *p = last;

    return NGX_OK;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                        SSRC of sender                         |
 * +---------------------------------------------------------------+
 * |                  NTP timestamp, seconds                       |
 * +---------------------------------------------------------------+
 * |                  NTP timestamp, fraction                      |
 * +---------------------------------------------------------------+
 * |                         RTP timestamp                         |
 * +---------------------------------------------------------------+
 * |                      sender's packet count                    |
 * +---------------------------------------------------------------+
 * |                      sender's octet count                     |
 * +---------------------------------------------------------------+
 * |  count times: report block, 24 bytes ... profile extensions ...
 * +-
 *
 * RFC 3550, 6.4.1: SR.  All others begin with an SSRC, too, if with anything.
 */

static ngx_int_t
ngx_whip_rtcp_body(ngx_whip_rtcp_t *m, const u_char *p, size_t len)
{
    size_t  need;

    switch (m->type) {

    case NGX_WHIP_RTCP_SR:
        need = NGX_WHIP_RTCP_SENDER + m->count * NGX_WHIP_RTCP_BLOCK;
        break;

    case NGX_WHIP_RTCP_RR:
        need = 4 + m->count * NGX_WHIP_RTCP_BLOCK;
        break;

    case NGX_WHIP_RTCP_SDES:
    case NGX_WHIP_RTCP_BYE:
        need = m->count * 4;
        break;

    case NGX_WHIP_RTCP_APP:
    case NGX_WHIP_RTCP_RTPFB:
    case NGX_WHIP_RTCP_PSFB:
        need = 8;
        break;

    case NGX_WHIP_RTCP_XR:
        need = 4;
        break;

    default:
        return NGX_OK;
    }

    if (len < need) {
        return NGX_ERROR;
    }

    if (need) {
        m->ssrc = ngx_whip_wire_get32(p);
    }

    if (m->type == NGX_WHIP_RTCP_SR) {
        m->ntp = (uint64_t) ngx_whip_wire_get32(p + 4) << 32
                 | ngx_whip_wire_get32(p + 8);
        m->timestamp = ngx_whip_wire_get32(p + 12);
        m->packets = ngx_whip_wire_get32(p + 16);
        m->octets = ngx_whip_wire_get32(p + 20);
    }

    if (m->type == NGX_WHIP_RTCP_BYE) {
        ngx_whip_rtcp_bye(m, p);
    }

    return NGX_OK;
}


/* the sources that leave; the reason behind them is for people */

static void
ngx_whip_rtcp_bye(ngx_whip_rtcp_t *m, const u_char *p)
{
    ngx_uint_t  i;

    /* the count has 5 bits */

    for (i = 0; i < m->count; i++) {
        m->bye[i] = ngx_whip_wire_get32(p + 4 * i);
    }

    m->nbye = m->count;
}


/* `len` of the whole packet, a multiple of 4 */

static u_char *
ngx_whip_rtcp_head(u_char *p, ngx_uint_t count, ngx_uint_t type, size_t len)
{
    *p++ = (u_char) (2 << 6 | count);
    *p++ = (u_char) type;

    return ngx_whip_wire_put16(p, len / 4 - 1);
}


/*
 * The receiver report, as above without the sender's information, and then
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|0|    1    |   SDES = 202  |            length             |
 * +---+-+---------+---------------+-------------------------------+
 * |                        SSRC of sender                         |
 * +---------------+---------------+-------------------------------+
 * |   CNAME = 1   |     length    |  the name ... 1 to 4 bytes of 0
 * +---------------+---------------+-
 *
 * RFC 3550, 6.5.
 */

size_t
ngx_whip_rtcp_report(u_char *buf, size_t size, uint32_t ssrc,
    const ngx_whip_rtcp_block_t *blocks, ngx_uint_t n, ngx_str_t *cname)
{
    u_char      *p;
    size_t       report, sdes;
    ngx_uint_t   i;

    if (n > NGX_WHIP_RTCP_MAX_COUNT || cname->len == 0 || cname->len > 255) {
        return 0;
    }

    report = NGX_WHIP_RTCP_HEADER + 4 + n * NGX_WHIP_RTCP_BLOCK;
    sdes = NGX_WHIP_RTCP_HEADER + 4 + ngx_align(2 + cname->len + 1, 4);

    if (size < report + sdes) {
        return 0;
    }

    p = ngx_whip_rtcp_head(buf, n, NGX_WHIP_RTCP_RR, report);
    p = ngx_whip_wire_put32(p, ssrc);

    for (i = 0; i < n; i++) {
        p = ngx_whip_rtcp_block(p, &blocks[i]);
    }

    p = ngx_whip_rtcp_head(p, 1, NGX_WHIP_RTCP_SDES, sdes);
    p = ngx_whip_wire_put32(p, ssrc);

    *p++ = NGX_WHIP_RTCP_CNAME;
    *p++ = (u_char) cname->len;
    p = ngx_cpymem(p, cname->data, cname->len);

    ngx_memzero(p, buf + report + sdes - p);

    return report + sdes;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                        SSRC of source                         |
 * +---------------+-----------------------------------------------+
 * | fraction lost |   cumulative number of packets lost, signed   |
 * +---------------+-----------------------------------------------+
 * |           extended highest sequence number received           |
 * +---------------------------------------------------------------+
 * |                      interarrival jitter                      |
 * +---------------------------------------------------------------+
 * |                       last SR (LSR)                           |
 * +---------------------------------------------------------------+
 * |                 delay since last SR (DLSR)                    |
 * +---------------------------------------------------------------+
 *
 * RFC 3550, 6.4.1.
 */

static u_char *
ngx_whip_rtcp_block(u_char *p, const ngx_whip_rtcp_block_t *block)
{
    int32_t  lost;

    lost = ngx_min(ngx_max(block->lost, -0x800000), 0x7fffff);

    p = ngx_whip_wire_put32(p, block->ssrc);
    *p++ = block->fraction;
    p = ngx_whip_wire_put24(p, (uint32_t) lost);
    p = ngx_whip_wire_put32(p, block->highest);
    p = ngx_whip_wire_put32(p, block->jitter);
    p = ngx_whip_wire_put32(p, block->lsr);

    return ngx_whip_wire_put32(p, block->dlsr);
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|0|   FMT   |  205 or 206   |            length             |
 * +---+-+---------+---------------+-------------------------------+
 * |                        SSRC of sender                         |
 * +---------------------------------------------------------------+
 * |                     SSRC of media source                      |
 * +---------------------------------------------------------------+
 * |  feedback control information ...
 * +-
 *
 * RFC 4585, 6.1.
 */

static u_char *
ngx_whip_rtcp_feedback(u_char *p, ngx_uint_t fmt, ngx_uint_t type, size_t len,
    uint32_t ssrc, uint32_t media)
{
    p = ngx_whip_rtcp_head(p, fmt, type, len);
    p = ngx_whip_wire_put32(p, ssrc);

    return ngx_whip_wire_put32(p, media);
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |   PID, a sequence number      |  BLP, of the 16 behind it     |
 * +-------------------------------+-------------------------------+
 *
 * RFC 4585, 6.2.1; the lowest bit of BLP is PID + 1.
 */

size_t
ngx_whip_rtcp_nack(u_char *buf, size_t size, uint32_t ssrc, uint32_t media,
    const uint16_t *seqs, ngx_uint_t n)
{
    u_char      *p, *last;
    uint16_t     pid, behind;
    uint32_t     blp;
    ngx_uint_t   i;

    if (n == 0 || n > NGX_WHIP_RTCP_MAX_NACK
        || size < NGX_WHIP_RTCP_FEEDBACK)
    {
        return 0;
    }

    p = buf + NGX_WHIP_RTCP_FEEDBACK;
    last = buf + size;

    for (i = 0; i < n; /* void */) {

        pid = seqs[i++];
        blp = 0;

        for ( /* void */ ; i < n; i++) {
            behind = (uint16_t) (seqs[i] - pid);

            if (behind > 16) {
                break;
            }

            if (behind) {
                blp |= 1 << (behind - 1);
            }
        }

        if (last - p < 4) {
            return 0;
        }

        p = ngx_whip_wire_put16(p, pid);
        p = ngx_whip_wire_put16(p, blp);
    }

    (void) ngx_whip_rtcp_feedback(buf, NGX_WHIP_RTCP_FMT_NACK,
                                  NGX_WHIP_RTCP_RTPFB, p - buf, ssrc, media);

    return p - buf;
}


size_t
ngx_whip_rtcp_pli(u_char *buf, size_t size, uint32_t ssrc, uint32_t media)
{
    if (size < NGX_WHIP_RTCP_FEEDBACK) {
        return 0;
    }

    (void) ngx_whip_rtcp_feedback(buf, NGX_WHIP_RTCP_FMT_PLI,
                                  NGX_WHIP_RTCP_PSFB, NGX_WHIP_RTCP_FEEDBACK,
                                  ssrc, media);

    return NGX_WHIP_RTCP_FEEDBACK;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                     SSRC of media source                      |
 * +---------------+-----------------------------------------------+
 * |  request seq  |                       0                       |
 * +---------------+-----------------------------------------------+
 *
 * RFC 5104, 4.3.1.1; the media source of the feedback header is 0.
 */

size_t
ngx_whip_rtcp_fir(u_char *buf, size_t size, uint32_t ssrc, uint32_t media,
    u_char seq)
{
    u_char  *p;

    if (size < NGX_WHIP_RTCP_FEEDBACK + 8) {
        return 0;
    }

    p = ngx_whip_rtcp_feedback(buf, NGX_WHIP_RTCP_FMT_FIR, NGX_WHIP_RTCP_PSFB,
                               NGX_WHIP_RTCP_FEEDBACK + 8, ssrc, 0);
    p = ngx_whip_wire_put32(p, media);
    *p++ = seq;
    p = ngx_whip_wire_put24(p, 0);

    return p - buf;
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+---------------+---------------+
 * |      'R'      |      'E'      |      'M'      |      'B'      |
 * +---------------+-----------+---+---------------+---------------+
 * |   nof SSRCs   |  exponent |         mantissa, 18 bits         |
 * +---------------+-----------+-----------------------------------+
 * |  SSRC ...
 * +-
 *
 * draft-alvestrand-rmcat-remb-03, 2.2; the media source of the feedback
 * header is 0.
 */

size_t
ngx_whip_rtcp_remb(u_char *buf, size_t size, uint32_t ssrc, uint64_t bitrate,
    const uint32_t *ssrcs, ngx_uint_t n)
{
    u_char      *p;
    size_t       len;
    uint32_t     exponent;
    ngx_uint_t   i;

    len = NGX_WHIP_RTCP_FEEDBACK + 8 + 4 * n;

    if (n > NGX_WHIP_RTCP_MAX_REMB || size < len) {
        return 0;
    }

    for (exponent = 0; bitrate > 0x3ffff; exponent++) {
        bitrate >>= 1;
    }

    p = ngx_whip_rtcp_feedback(buf, NGX_WHIP_RTCP_FMT_AFB, NGX_WHIP_RTCP_PSFB,
                               len, ssrc, 0);
    p = ngx_cpymem(p, "REMB", 4);
    *p++ = (u_char) n;
    p = ngx_whip_wire_put24(p, exponent << 18 | (uint32_t) bitrate);

    for (i = 0; i < n; i++) {
        p = ngx_whip_wire_put32(p, ssrcs[i]);
    }

    return p - buf;
}
