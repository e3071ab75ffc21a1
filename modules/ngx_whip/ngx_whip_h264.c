
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_bits.h"
#include "ngx_live_codec.h"
#include "ngx_whip_h264.h"


/* H.264 table 7-1 */

#define NGX_WHIP_H264_SLICE       1
#define NGX_WHIP_H264_PART_A      2
#define NGX_WHIP_H264_PART_B      3
#define NGX_WHIP_H264_PART_C      4
#define NGX_WHIP_H264_IDR         5
#define NGX_WHIP_H264_SPS         7
#define NGX_WHIP_H264_PPS         8
#define NGX_WHIP_H264_DELIMITER   9
#define NGX_WHIP_H264_END_SEQ     10
#define NGX_WHIP_H264_END_STREAM  11
#define NGX_WHIP_H264_FILLER      12
#define NGX_WHIP_H264_SPS_EXT     13
#define NGX_WHIP_H264_SUBSET_SPS  15

/* RFC 6184 table 1; a NAL unit has a smaller type */

#define NGX_WHIP_H264_STAP_A      24
#define NGX_WHIP_H264_FU_A        28

#define NGX_WHIP_H264_FORBIDDEN   0x80
#define NGX_WHIP_H264_TYPE        0x1f

#define NGX_WHIP_H264_START       0x80
#define NGX_WHIP_H264_END         0x40

#define NGX_WHIP_H264_NSPS        32
#define NGX_WHIP_H264_NPPS        256
#define NGX_WHIP_H264_NONE        NGX_WHIP_H264_NSPS

#define NGX_WHIP_H264_SPROP_MAX   64     /* NAL units of an attribute */


typedef struct {
    ngx_whip_unit_t      *unit;
    ngx_whip_record_t    *record;

    ngx_whip_paramset_t   sps[NGX_WHIP_H264_NSPS];
    ngx_whip_paramset_t   pps[NGX_WHIP_H264_NPPS];

    ngx_uint_t            active;        /* the SPS of the record, or NONE */
    ngx_uint_t            used;          /* that of the unit's first slice */

    unsigned              sps_changed:1; /* since the record was made */
    unsigned              pps_changed:1;

    unsigned              inband:1;      /* SPS come with the pictures */
    unsigned              sps_seen:1;    /* one came since the last picture */
    unsigned              begun:1;       /* the unit's first slice is that of
                                            the picture */
} ngx_whip_h264_t;


static ngx_int_t ngx_whip_h264_single(ngx_whip_h264_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_h264_stap(ngx_whip_h264_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_h264_fu(ngx_whip_h264_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_h264_end(ngx_whip_h264_t *h);
static ngx_int_t ngx_whip_h264_nal(ngx_whip_h264_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_h264_slice(ngx_whip_h264_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_h264_keep_sps(ngx_whip_h264_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_h264_keep_pps(ngx_whip_h264_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_h264_record(ngx_whip_h264_t *h, ngx_uint_t id);
static void ngx_whip_h264_high(ngx_whip_h264_t *h, ngx_uint_t id);
static ngx_int_t ngx_whip_h264_sprop_nal(ngx_whip_h264_t *h, u_char *p,
    u_char *last);
static ngx_int_t ngx_whip_h264_base64(u_char ch);


void *
ngx_whip_h264_create(ngx_whip_unit_t *u, ngx_whip_record_t *r)
{
    ngx_whip_h264_t  *h;

    h = ngx_calloc(sizeof(ngx_whip_h264_t), u->log);
    if (h == NULL) {
        return NULL;
    }

    h->unit = u;
    h->record = r;
    h->active = NGX_WHIP_H264_NONE;
    h->used = NGX_WHIP_H264_NONE;

    return h;
}


void
ngx_whip_h264_destroy(void *data)
{
    ngx_whip_h264_t  *h = data;

    ngx_whip_paramset_free(h->sps, NGX_WHIP_H264_NSPS);
    ngx_whip_paramset_free(h->pps, NGX_WHIP_H264_NPPS);

    ngx_free(h);
}


/*
 * +---------------+
 * |0|1|2|3|4|5|6|7|
 * +-+-+-+-+-+-+-+-+
 * |F|NRI|  Type   |
 * +---------------+
 *
 * RFC 6184, 5.3.  NRI says nothing here: some senders leave it 0.  The types
 * of interleaved mode, STAP-B, MTAP and FU-B, are never negotiated.
 */

ngx_int_t
ngx_whip_h264_packet(void *data, const u_char *p, size_t len)
{
    ngx_whip_h264_t *h = data;

    ngx_uint_t  type;

    type = p[0] & NGX_WHIP_H264_TYPE;

    if (h->unit->open && type != NGX_WHIP_H264_FU_A) {

        /* the fragments of a NAL unit follow each other */

        (void) ngx_whip_unit_fail(h->unit, NGX_ERROR);
    }

    if (p[0] & NGX_WHIP_H264_FORBIDDEN) {
        return ngx_whip_unit_fail(h->unit, NGX_ERROR);
    }

    if (type == NGX_WHIP_H264_STAP_A) {
        return ngx_whip_h264_stap(h, p + 1, len - 1);
    }

    if (type == NGX_WHIP_H264_FU_A) {
        return ngx_whip_h264_fu(h, p, len);
    }

    if (type == 0 || type > NGX_WHIP_H264_STAP_A) {
        return NGX_DECLINED;
    }

    return ngx_whip_h264_single(h, p, len);
}


static ngx_int_t
ngx_whip_h264_single(ngx_whip_h264_t *h, const u_char *p, size_t len)
{
    ngx_int_t  rc;

    rc = ngx_whip_unit_open(h->unit, NGX_WHIP_UNIT_NAL);

    if (rc == NGX_OK) {
        rc = ngx_whip_unit_add(h->unit, p, len);
    }

    if (rc != NGX_OK) {
        return ngx_whip_unit_fail(h->unit, rc);
    }

    return ngx_whip_h264_end(h);
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  STAP-A NAL   |          NALU 1 size          |  NALU 1 ...   |
 * +---------------+-------------------------------+---------------+
 * |         NALU 2 size           |  NALU 2 ...
 * +-------------------------------+-
 *
 * RFC 6184, 5.7.1.  What stands behind a bad unit is still of use.
 */

static ngx_int_t
ngx_whip_h264_stap(ngx_whip_h264_t *h, const u_char *p, size_t len)
{
    size_t      size;
    ngx_int_t   rc, result;
    ngx_uint_t  n, type;

    if (len == 0) {
        return ngx_whip_unit_fail(h->unit, NGX_ERROR);
    }

    result = NGX_OK;

    for (n = 0; len; n++) {

        size = (len > 2) ? (size_t) p[0] << 8 | p[1] : 0;

        if (size == 0 || size > len - 2 || n == NGX_WHIP_UNIT_PARTS) {
            return ngx_whip_unit_fail(h->unit, NGX_ERROR);
        }

        p += 2;

        type = p[0] & NGX_WHIP_H264_TYPE;

        if ((p[0] & NGX_WHIP_H264_FORBIDDEN)
            || type == 0 || type >= NGX_WHIP_H264_STAP_A)
        {
            rc = ngx_whip_unit_fail(h->unit, NGX_ERROR);

        } else {
            rc = ngx_whip_h264_single(h, p, size);
        }

        if (rc == NGX_ABORT) {
            return rc;
        }

        if (rc != NGX_OK) {
            result = rc;
        }

        p += size;
        len -= size + 2;
    }

    return result;
}


/*
 *  0                   1                   2
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |F|NRI|   28    |S|E|R|  Type   |  fragment ...
 * +---------------+---------------+---------------
 *
 * RFC 6184, 5.8; a fragment may be empty.
 */

static ngx_int_t
ngx_whip_h264_fu(ngx_whip_h264_t *h, const u_char *p, size_t len)
{
    u_char            header;
    ngx_int_t         rc;
    ngx_uint_t        type, flags;
    ngx_whip_unit_t  *u;

    u = h->unit;

    if (len < 2) {
        return ngx_whip_unit_fail(u, NGX_ERROR);
    }

    flags = p[1] & (NGX_WHIP_H264_START|NGX_WHIP_H264_END);
    type = p[1] & NGX_WHIP_H264_TYPE;

    if (flags == (NGX_WHIP_H264_START|NGX_WHIP_H264_END)
        || type == 0 || type >= NGX_WHIP_H264_STAP_A)
    {
        return ngx_whip_unit_fail(u, NGX_ERROR);
    }

    if (flags & NGX_WHIP_H264_START) {

        if (u->open) {
            (void) ngx_whip_unit_fail(u, NGX_ERROR);
        }

        header = (u_char) ((p[0] & ~NGX_WHIP_H264_TYPE) | type);

        rc = ngx_whip_unit_open(u, NGX_WHIP_UNIT_NAL);

        if (rc == NGX_OK) {
            rc = ngx_whip_unit_add(u, &header, 1);
        }

    } else if (!u->open) {
        return ngx_whip_unit_orphan(u);

    } else {
        header = u->data[u->part + u->room];

        rc = (type == (header & NGX_WHIP_H264_TYPE)) ? ngx_whip_unit_chain(u)
                                                     : NGX_ERROR;
    }

    if (rc == NGX_OK) {
        rc = ngx_whip_unit_add(u, p + 2, len - 2);
    }

    if (rc != NGX_OK) {
        return ngx_whip_unit_fail(u, rc);
    }

    return (flags & NGX_WHIP_H264_END) ? ngx_whip_h264_end(h) : NGX_OK;
}


/* the open part is a whole NAL unit */

static ngx_int_t
ngx_whip_h264_end(ngx_whip_h264_t *h)
{
    ngx_int_t         rc;
    ngx_whip_unit_t  *u;

    u = h->unit;

    rc = ngx_whip_h264_nal(h, u->data + u->part + u->room,
                           u->len - u->part - u->room);

    switch (rc) {

    case NGX_OK:
        ngx_whip_unit_close_nal(u);
        return NGX_OK;

    case NGX_DECLINED:
        ngx_whip_unit_drop(u);
        return NGX_OK;

    default:
        return ngx_whip_unit_fail(u, rc);
    }
}


/* NGX_DECLINED: it does not belong into a frame */

static ngx_int_t
ngx_whip_h264_nal(ngx_whip_h264_t *h, const u_char *p, size_t len)
{
    ngx_int_t  rc;

    switch (p[0] & NGX_WHIP_H264_TYPE) {

    case NGX_WHIP_H264_SLICE:
    case NGX_WHIP_H264_PART_A:
    case NGX_WHIP_H264_IDR:
        return ngx_whip_h264_slice(h, p, len);

    case NGX_WHIP_H264_PART_B:
    case NGX_WHIP_H264_PART_C:
        h->unit->slices++;
        return NGX_OK;

    case NGX_WHIP_H264_SPS:
        rc = ngx_whip_h264_keep_sps(h, p, len);
        h->inband = 1;
        h->sps_seen = (rc == NGX_OK);
        break;

    case NGX_WHIP_H264_PPS:
        rc = ngx_whip_h264_keep_pps(h, p, len);
        break;

    case NGX_WHIP_H264_DELIMITER:
    case NGX_WHIP_H264_END_SEQ:
    case NGX_WHIP_H264_END_STREAM:
    case NGX_WHIP_H264_FILLER:
    case NGX_WHIP_H264_SPS_EXT:
    case NGX_WHIP_H264_SUBSET_SPS:
        return NGX_DECLINED;

    default:
        return NGX_OK;
    }

    return (rc == NGX_OK) ? NGX_DECLINED : rc;
}


/* H.264, 7.3.3: the head of a slice says which PPS it needs */

static ngx_int_t
ngx_whip_h264_slice(ngx_whip_h264_t *h, const u_char *p, size_t len)
{
    uint32_t              first, id;
    ngx_whip_unit_t      *u;
    ngx_live_bits_t       b;
    ngx_whip_paramset_t  *pps;

    u = h->unit;

    ngx_live_bits_init(&b, p + 1, p + len, 1);

    first = ngx_live_bits_ue(&b);                     /* macroblock */

    if (ngx_live_bits_ue(&b) > 9) {                   /* slice type */
        return NGX_ERROR;
    }

    id = ngx_live_bits_ue(&b);                        /* PPS id */

    if (b.error || id >= NGX_WHIP_H264_NPPS) {
        return NGX_ERROR;
    }

    if (u->slices == 0) {
        u->key = ((p[0] & NGX_WHIP_H264_TYPE) == NGX_WHIP_H264_IDR);
        h->begun = (first == 0);
        h->used = NGX_WHIP_H264_NONE;
    }

    u->slices++;

    pps = &h->pps[id];

    if (pps->data == NULL || h->sps[pps->ref].data == NULL) {

        /* never seen: it cannot be decoded */

        u->damaged = 1;

    } else if (h->used == NGX_WHIP_H264_NONE) {
        h->used = pps->ref;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_h264_keep_sps(ngx_whip_h264_t *h, const u_char *p, size_t len)
{
    uint32_t         id;
    ngx_int_t        rc;
    ngx_live_bits_t  b;

    if (len < 5) {
        return NGX_ERROR;
    }

    ngx_live_bits_init(&b, p + 4, p + len, 1);

    id = ngx_live_bits_ue(&b);

    if (b.error) {
        return NGX_ERROR;
    }

    rc = ngx_whip_paramset_keep(h->sps, NGX_WHIP_H264_NSPS, id, 0, p, len,
                                h->unit->log);

    if (rc == NGX_OK && id == h->active) {
        h->sps_changed = 1;
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static ngx_int_t
ngx_whip_h264_keep_pps(ngx_whip_h264_t *h, const u_char *p, size_t len)
{
    uint32_t         id, sps;
    ngx_int_t        rc;
    ngx_live_bits_t  b;

    ngx_live_bits_init(&b, p + 1, p + len, 1);

    id = ngx_live_bits_ue(&b);
    sps = ngx_live_bits_ue(&b);

    if (b.error || sps >= NGX_WHIP_H264_NSPS) {
        return NGX_ERROR;
    }

    rc = ngx_whip_paramset_keep(h->pps, NGX_WHIP_H264_NPPS, id, sps, p, len,
                                h->unit->log);

    if (rc == NGX_OK) {
        h->pps_changed = 1;
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


/*
 * The record changes with a key frame, and between two of them when a picture
 * parameter set does: a sequence parameter set is not in force before.
 */

void
ngx_whip_h264_finish(void *data)
{
    ngx_whip_h264_t *h = data;

    ngx_whip_unit_t  *u;

    u = h->unit;

    /*
     * What was lost before the first packet may have been of the picture
     * before; and parameter sets, where they come with the pictures.
     */

    if (u->torn
        && (!h->begun || (u->key && h->inband && !h->sps_seen)))
    {
        u->damaged = 1;
    }

    h->begun = 0;
    h->sps_seen = 0;

    if (h->used == NGX_WHIP_H264_NONE) {
        u->damaged = 1;
        return;
    }

    if (u->key || h->active == NGX_WHIP_H264_NONE) {

        if (ngx_whip_h264_record(h, h->used) != NGX_OK) {
            u->damaged = 1;
        }

    } else if (h->used != h->active) {
        u->damaged = 1;

    } else if (h->pps_changed && !h->sps_changed) {

        if (ngx_whip_h264_record(h, h->used) != NGX_OK) {
            u->damaged = 1;
        }
    }

    h->used = NGX_WHIP_H264_NONE;
}


/* ISO/IEC 14496-15, 5.3.3.1: AVCDecoderConfigurationRecord, of one SPS */

static ngx_int_t
ngx_whip_h264_record(ngx_whip_h264_t *h, ngx_uint_t id)
{
    ngx_uint_t            i, n;
    ngx_whip_record_t    *r;
    ngx_whip_paramset_t  *sps;

    r = h->record;
    sps = &h->sps[id];

    h->active = NGX_WHIP_H264_NONE;

    n = 0;

    for (i = 0; i < NGX_WHIP_H264_NPPS; i++) {
        n += (h->pps[i].data && h->pps[i].ref == id);
    }

    if (n == 0) {

        /* replaced since the slice */

        return NGX_ERROR;
    }

    n = ngx_min(n, 255);

    ngx_whip_record_begin(r);

    ngx_whip_record_byte(r, 1);                       /* version */
    ngx_whip_record_bytes(r, sps->data + 1, 3);       /* profile .. level */
    ngx_whip_record_byte(r, 0xfc | (NGX_WHIP_UNIT_NAL - 1));

    ngx_whip_record_byte(r, 0xe0 | 1);
    ngx_whip_record_set(r, sps);

    ngx_whip_record_byte(r, n);

    for (i = 0; n; i++) {

        if (h->pps[i].data && h->pps[i].ref == id) {
            ngx_whip_record_set(r, &h->pps[i]);
            n--;
        }
    }

    ngx_whip_h264_high(h, id);

    if (ngx_whip_record_adopt(r, NGX_LIVE_CODEC_H264) != NGX_OK) {
        return NGX_ERROR;
    }

    h->active = id;
    h->sps_changed = 0;
    h->pps_changed = 0;

    return NGX_OK;
}


/* the end of the record, that only these profiles have */

static void
ngx_whip_h264_high(ngx_whip_h264_t *h, ngx_uint_t id)
{
    uint32_t              chroma, luma_depth, chroma_depth;
    ngx_live_bits_t       b;
    ngx_whip_paramset_t  *sps;

    sps = &h->sps[id];

    switch (sps->data[1]) {

    case 100:
    case 110:
    case 122:
    case 244:
        break;

    default:
        return;
    }

    ngx_live_bits_init(&b, sps->data + 4, sps->data + sps->len, 1);

    (void) ngx_live_bits_ue(&b);                      /* SPS id */

    chroma = ngx_live_bits_ue(&b);

    if (chroma == 3) {
        ngx_live_bits_skip(&b, 1);                    /* separate planes */
    }

    luma_depth = ngx_live_bits_ue(&b);                /* - 8 */
    chroma_depth = ngx_live_bits_ue(&b);

    ngx_whip_record_byte(h->record, 0xfc | (chroma & 0x03));
    ngx_whip_record_byte(h->record, 0xf8 | (luma_depth & 0x07));
    ngx_whip_record_byte(h->record, 0xf8 | (chroma_depth & 0x07));
    ngx_whip_record_byte(h->record, 0);               /* SPS extensions */
}


ngx_int_t
ngx_whip_h264_sprop(void *data, ngx_str_t *value)
{
    ngx_whip_h264_t *h = data;

    u_char      *p, *comma, *last;
    ngx_int_t    rc;
    ngx_uint_t   n;

    p = value->data;
    last = p + value->len;

    for (n = 0; n < NGX_WHIP_H264_SPROP_MAX; n++) {

        comma = ngx_strlchr(p, last, ',');

        rc = ngx_whip_h264_sprop_nal(h, p, comma ? comma : last);

        if (rc != NGX_OK) {
            return rc;
        }

        if (comma == NULL) {
            break;
        }

        p = comma + 1;
    }

    if (n == NGX_WHIP_H264_SPROP_MAX) {
        return NGX_ERROR;
    }

    for (n = 0; n < NGX_WHIP_H264_NPPS; n++) {

        if (h->active == NGX_WHIP_H264_NONE
            && h->pps[n].data && h->sps[h->pps[n].ref].data)
        {
            return ngx_whip_h264_record(h, h->pps[n].ref);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_h264_sprop_nal(ngx_whip_h264_t *h, u_char *p, u_char *last)
{
    u_char      buf[NGX_WHIP_PARAMSET_MAX];
    size_t      len;
    uint32_t    bits;
    ngx_int_t   v;
    ngx_uint_t  n;

    while (last > p && last[-1] == '=') {
        last--;
    }

    len = 0;
    bits = 0;
    n = 0;

    for ( /* void */ ; p < last; p++) {

        v = ngx_whip_h264_base64(*p);

        if (v == NGX_ERROR) {
            return NGX_ERROR;
        }

        bits = bits << 6 | (uint32_t) v;
        n += 6;

        if (n >= 8) {

            if (len == sizeof(buf)) {
                return NGX_ERROR;
            }

            n -= 8;
            buf[len++] = (u_char) (bits >> n);
        }
    }

    if (len == 0) {
        return NGX_ERROR;
    }

    switch (buf[0] & (NGX_WHIP_H264_FORBIDDEN|NGX_WHIP_H264_TYPE)) {

    case NGX_WHIP_H264_SPS:
        return ngx_whip_h264_keep_sps(h, buf, len);

    case NGX_WHIP_H264_PPS:
        return ngx_whip_h264_keep_pps(h, buf, len);

    default:
        return NGX_OK;
    }
}


/* RFC 4648, 4: what a digit stands for */

static ngx_int_t
ngx_whip_h264_base64(u_char ch)
{
    if (ch >= 'A' && ch <= 'Z') {
        return ch - 'A';
    }

    if (ch >= 'a' && ch <= 'z') {
        return ch - 'a' + 26;
    }

    if (ch >= '0' && ch <= '9') {
        return ch - '0' + 52;
    }

    switch (ch) {

    case '+':
        return 62;

    case '/':
        return 63;

    default:
        return NGX_ERROR;
    }
}
