
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_rtp.h"
#include "ngx_whip_wire.h"


/* "defined by profile" of the extension header: RFC 8285, 4.2 and 4.3 */

#define NGX_WHIP_RTP_ONE_BYTE        0xbede
#define NGX_WHIP_RTP_TWO_BYTE        0x1000
#define NGX_WHIP_RTP_TWO_BYTE_MASK   0xfff0     /* the rest is "appbits" */

/* of the one-byte form, an end of the list: RFC 8285, 4.2 */

#define NGX_WHIP_RTP_RESERVED        15


static void ngx_whip_rtp_extensions(ngx_whip_rtp_t *rtp, u_char *p, size_t len,
    const ngx_whip_rtp_ids_t *ids);
static void ngx_whip_rtp_element(ngx_whip_rtp_t *rtp, ngx_uint_t id, u_char *p,
    size_t len, const ngx_whip_rtp_ids_t *ids);


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+-+-------+-+-------------+-------------------------------+
 * |V=2|P|X|   CC  |M| payload type|        sequence number        |
 * +---+-+-+-------+-+-------------+-------------------------------+
 * |                           timestamp                           |
 * +---------------------------------------------------------------+
 * |                             SSRC                              |
 * +---------------------------------------------------------------+
 * |  CC times: CSRC ...
 * +-------------------------------+-------------------------------+
 * |  X: form of the extensions    | their length in 32-bit words  |
 * +-------------------------------+-------------------------------+
 * |  extensions ... payload ... P: padding, whose last byte is its length
 * +-
 *
 * RFC 3550, 5.1 and 5.3.1.
 */

ngx_int_t
ngx_whip_rtp_parse(ngx_whip_rtp_t *rtp, u_char *p, size_t len,
    const ngx_whip_rtp_ids_t *ids)
{
    size_t  pos, size;

    ngx_memzero(rtp, sizeof(ngx_whip_rtp_t));

    rtp->twcc = -1;

    if (len < NGX_WHIP_RTP_HEADER || (p[0] >> 6) != 2) {
        return NGX_ERROR;
    }

    rtp->marker = p[1] >> 7;
    rtp->pt = p[1] & 0x7f;
    rtp->seq = ngx_whip_wire_get16(p + 2);
    rtp->timestamp = ngx_whip_wire_get32(p + 4);
    rtp->ssrc = ngx_whip_wire_get32(p + 8);

    pos = NGX_WHIP_RTP_HEADER + 4 * (p[0] & 0x0f);

    if (p[0] & 0x10) {

        if (len < pos + 4) {
            return NGX_ERROR;
        }

        size = (size_t) ngx_whip_wire_get16(p + pos + 2) * 4;

        if (size > len - pos - 4) {
            return NGX_ERROR;
        }

        ngx_whip_rtp_extensions(rtp, p + pos, size, ids);

        pos += 4 + size;
    }

    if (len < pos) {
        return NGX_ERROR;
    }

    rtp->payload = p + pos;
    rtp->len = len - pos;

    if (p[0] & 0x20) {

        if (rtp->len == 0 || p[len - 1] == 0 || p[len - 1] > rtp->len) {
            return NGX_ERROR;
        }

        rtp->len -= p[len - 1];
    }

    return NGX_OK;
}


/*
 *  0 1 2 3 4 5 6 7 8 9
 * +-------+-------+----
 * |  id   |len - 1|  len bytes ...       one-byte form
 * +-------+-------+----
 *
 *  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7
 * +---------------+---------------+----
 * |      id       |      len      |  len bytes ...       two-byte form
 * +---------------+---------------+----
 *
 * RFC 8285, 4.2 and 4.3; a byte of 0 between elements is padding in both.
 * `len` is the length of the elements, behind the 4 bytes of p.
 */

static void
ngx_whip_rtp_extensions(ngx_whip_rtp_t *rtp, u_char *p, size_t len,
    const ngx_whip_rtp_ids_t *ids)
{
    size_t       size;
    u_char      *end;
    ngx_uint_t   id, form, short_form;

    form = ngx_whip_wire_get16(p);
    short_form = (form == NGX_WHIP_RTP_ONE_BYTE);

    if (!short_form
        && (form & NGX_WHIP_RTP_TWO_BYTE_MASK) != NGX_WHIP_RTP_TWO_BYTE)
    {
        return;
    }

    p += 4;
    end = p + len;

    while (p < end) {

        if (*p == 0) {
            p++;
            continue;
        }

        if (short_form) {
            id = *p >> 4;
            size = (*p & 0x0f) + 1;
            p++;

            if (id == 0 || id == NGX_WHIP_RTP_RESERVED) {
                return;
            }

        } else {

            if (end - p < 2) {
                return;
            }

            id = p[0];
            size = p[1];
            p += 2;
        }

        if (size > (size_t) (end - p)) {
            return;
        }

        ngx_whip_rtp_element(rtp, id, p, size, ids);

        p += size;
    }
}


/* `id` is not 0, which "ids" has for what was not negotiated */

static void
ngx_whip_rtp_element(ngx_whip_rtp_t *rtp, ngx_uint_t id, u_char *p, size_t len,
    const ngx_whip_rtp_ids_t *ids)
{
    if (id == ids->mid) {
        rtp->mid.data = p;
        rtp->mid.len = len;

    } else if (id == ids->rid) {
        rtp->rid.data = p;
        rtp->rid.len = len;

    } else if (id == ids->rrid) {
        rtp->rrid.data = p;
        rtp->rrid.len = len;

    } else if (id == ids->twcc && len >= 2) {
        rtp->twcc = ngx_whip_wire_get16(p);
    }
}
