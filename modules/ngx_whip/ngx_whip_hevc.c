
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_bits.h"
#include "ngx_live_codec.h"
#include "ngx_whip_hevc.h"


/* H.265 table 7-1; pictures below 10 and from 16 to 21 */

#define NGX_WHIP_HEVC_TRAIL_LAST  5      /* trailing, TSA and STSA */
#define NGX_WHIP_HEVC_RASL_N      8
#define NGX_WHIP_HEVC_RASL_R      9
#define NGX_WHIP_HEVC_BLA         16     /* the first of the IRAP */
#define NGX_WHIP_HEVC_BLA_LAST    18
#define NGX_WHIP_HEVC_CRA         21     /* the last of them */
#define NGX_WHIP_HEVC_VPS         32
#define NGX_WHIP_HEVC_SPS         33
#define NGX_WHIP_HEVC_PPS         34
#define NGX_WHIP_HEVC_END_SEQ     36
#define NGX_WHIP_HEVC_SEI         39
#define NGX_WHIP_HEVC_SEI_LAST    40

/* RFC 7798, 4.4; a NAL unit has a smaller type */

#define NGX_WHIP_HEVC_AP          48
#define NGX_WHIP_HEVC_FU          49

#define NGX_WHIP_HEVC_FORBIDDEN   0x80
#define NGX_WHIP_HEVC_HEADER      2
#define NGX_WHIP_HEVC_START       0x80
#define NGX_WHIP_HEVC_END         0x40
#define NGX_WHIP_HEVC_FU_TYPE     0x3f

#define ngx_whip_hevc_type(p)     ((ngx_uint_t) (p)[0] >> 1 & 0x3f)
#define ngx_whip_hevc_layer(p)    (((p)[0] & 0x01) << 5 | (p)[1] >> 3)
#define ngx_whip_hevc_tid(p)      ((p)[1] & 0x07)

#define NGX_WHIP_HEVC_NVPS        16
#define NGX_WHIP_HEVC_NSPS        16
#define NGX_WHIP_HEVC_NPPS        64
#define NGX_WHIP_HEVC_NONE        NGX_WHIP_HEVC_NSPS

#define NGX_WHIP_HEVC_PROFILE     12     /* bytes, with the level */


/* of a sequence parameter set, what the record tells */

typedef struct {
    u_char                profile[NGX_WHIP_HEVC_PROFILE];
    ngx_uint_t            id;
    ngx_uint_t            vps;
    ngx_uint_t            layers;        /* temporal ones, 1 to 7 */
    ngx_uint_t            nested;
    ngx_uint_t            chroma;
    ngx_uint_t            luma_depth;    /* - 8 */
    ngx_uint_t            chroma_depth;
} ngx_whip_hevc_sps_t;


typedef struct {
    ngx_whip_unit_t      *unit;
    ngx_whip_record_t    *record;

    ngx_whip_paramset_t   vps[NGX_WHIP_HEVC_NVPS];
    ngx_whip_paramset_t   sps[NGX_WHIP_HEVC_NSPS];
    ngx_whip_paramset_t   pps[NGX_WHIP_HEVC_NPPS];

    ngx_uint_t            active;        /* the SPS of the record, or NONE */
    ngx_uint_t            used;          /* that of the unit's first slice */

    unsigned              sps_changed:1; /* or VPS, since the record was made */
    unsigned              pps_changed:1;

    unsigned              inband:1;      /* SPS come with the pictures */
    unsigned              sps_seen:1;    /* one came since the last picture */
    unsigned              begun:1;       /* the unit's first slice is that of
                                            the picture */

    unsigned              ended:1;       /* the sequence did */
    unsigned              broken:1;      /* a CRA picture begins anew */
    unsigned              skip:1;        /* RASL pictures of such a one */
} ngx_whip_hevc_t;


static ngx_int_t ngx_whip_hevc_single(ngx_whip_hevc_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_hevc_ap(ngx_whip_hevc_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_hevc_fu(ngx_whip_hevc_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_hevc_end(ngx_whip_hevc_t *h);
static ngx_int_t ngx_whip_hevc_nal(ngx_whip_hevc_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_hevc_slice(ngx_whip_hevc_t *h, ngx_uint_t type,
    const u_char *p, size_t len);
static void ngx_whip_hevc_picture(ngx_whip_hevc_t *h, ngx_uint_t type);
static ngx_int_t ngx_whip_hevc_keep_vps(ngx_whip_hevc_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_hevc_keep_sps(ngx_whip_hevc_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_hevc_keep_pps(ngx_whip_hevc_t *h, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_hevc_parse_sps(ngx_whip_hevc_sps_t *sps,
    const u_char *p, size_t len);
static void ngx_whip_hevc_sublayers(ngx_live_bits_t *b, ngx_uint_t n);
static ngx_int_t ngx_whip_hevc_record(ngx_whip_hevc_t *h, ngx_uint_t id);
static void ngx_whip_hevc_array(ngx_whip_hevc_t *h, ngx_uint_t type,
    ngx_uint_t n);


void *
ngx_whip_hevc_create(ngx_whip_unit_t *u, ngx_whip_record_t *r)
{
    ngx_whip_hevc_t  *h;

    h = ngx_calloc(sizeof(ngx_whip_hevc_t), u->log);
    if (h == NULL) {
        return NULL;
    }

    h->unit = u;
    h->record = r;
    h->active = NGX_WHIP_HEVC_NONE;
    h->used = NGX_WHIP_HEVC_NONE;
    h->broken = 1;

    return h;
}


void
ngx_whip_hevc_destroy(void *data)
{
    ngx_whip_hevc_t  *h = data;

    ngx_whip_paramset_free(h->vps, NGX_WHIP_HEVC_NVPS);
    ngx_whip_paramset_free(h->sps, NGX_WHIP_HEVC_NSPS);
    ngx_whip_paramset_free(h->pps, NGX_WHIP_HEVC_NPPS);

    ngx_free(h);
}


/*
 * +---------------+---------------+
 * |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |F|   Type    |  LayerId  | TID |
 * +-------------+-----------------+
 *
 * RFC 7798, 1.1.4.  A payload of type 50, PACI, is for extensions that are not
 * negotiated.
 */

ngx_int_t
ngx_whip_hevc_packet(void *data, const u_char *p, size_t len)
{
    ngx_whip_hevc_t *h = data;

    ngx_uint_t  type;

    if (h->unit->torn) {
        h->broken = 1;
    }

    if (len < NGX_WHIP_HEVC_HEADER) {
        return ngx_whip_unit_fail(h->unit, NGX_ERROR);
    }

    type = ngx_whip_hevc_type(p);

    if (h->unit->open && type != NGX_WHIP_HEVC_FU) {

        /* the fragments of a NAL unit follow each other */

        (void) ngx_whip_unit_fail(h->unit, NGX_ERROR);
    }

    if ((p[0] & NGX_WHIP_HEVC_FORBIDDEN) || ngx_whip_hevc_tid(p) == 0) {
        return ngx_whip_unit_fail(h->unit, NGX_ERROR);
    }

    if (type == NGX_WHIP_HEVC_AP) {
        return ngx_whip_hevc_ap(h, p + NGX_WHIP_HEVC_HEADER,
                                len - NGX_WHIP_HEVC_HEADER);
    }

    if (type == NGX_WHIP_HEVC_FU) {
        return ngx_whip_hevc_fu(h, p, len);
    }

    if (type > NGX_WHIP_HEVC_AP) {
        return NGX_DECLINED;
    }

    return ngx_whip_hevc_single(h, p, len);
}


static ngx_int_t
ngx_whip_hevc_single(ngx_whip_hevc_t *h, const u_char *p, size_t len)
{
    ngx_int_t  rc;

    rc = ngx_whip_unit_open(h->unit, NGX_WHIP_UNIT_NAL);

    if (rc == NGX_OK) {
        rc = ngx_whip_unit_add(h->unit, p, len);
    }

    if (rc != NGX_OK) {
        return ngx_whip_unit_fail(h->unit, rc);
    }

    return ngx_whip_hevc_end(h);
}


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |    payload header, type 48    |          NALU 1 size          |
 * +-------------------------------+-------------------------------+
 * |  NALU 1 ...                   |          NALU 2 size          |
 * +-------------------------------+-------------------------------+
 * |  NALU 2 ...
 * +-
 *
 * RFC 7798, 4.4.2.  What stands behind a bad unit is still of use.
 */

static ngx_int_t
ngx_whip_hevc_ap(ngx_whip_hevc_t *h, const u_char *p, size_t len)
{
    size_t      size;
    ngx_int_t   rc, result;
    ngx_uint_t  n;

    if (len == 0) {
        return ngx_whip_unit_fail(h->unit, NGX_ERROR);
    }

    result = NGX_OK;

    for (n = 0; len; n++) {

        size = (len > 2) ? (size_t) p[0] << 8 | p[1] : 0;

        if (size < NGX_WHIP_HEVC_HEADER || size > len - 2
            || n == NGX_WHIP_UNIT_PARTS)
        {
            return ngx_whip_unit_fail(h->unit, NGX_ERROR);
        }

        p += 2;

        if ((p[0] & NGX_WHIP_HEVC_FORBIDDEN)
            || ngx_whip_hevc_tid(p) == 0
            || ngx_whip_hevc_type(p) >= NGX_WHIP_HEVC_AP)
        {
            rc = ngx_whip_unit_fail(h->unit, NGX_ERROR);

        } else {
            rc = ngx_whip_hevc_single(h, p, size);
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
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |    payload header, type 49    |S|E|   Type    |  fragment ...
 * +-------------------------------+---------------+---------------
 *
 * RFC 7798, 4.4.3.
 */

static ngx_int_t
ngx_whip_hevc_fu(ngx_whip_hevc_t *h, const u_char *p, size_t len)
{
    u_char            header[NGX_WHIP_HEVC_HEADER];
    ngx_int_t         rc;
    ngx_uint_t        type, flags;
    ngx_whip_unit_t  *u;

    u = h->unit;

    if (len < NGX_WHIP_HEVC_HEADER + 1) {
        return ngx_whip_unit_fail(u, NGX_ERROR);
    }

    flags = p[2] & (NGX_WHIP_HEVC_START|NGX_WHIP_HEVC_END);
    type = p[2] & NGX_WHIP_HEVC_FU_TYPE;

    if (flags == (NGX_WHIP_HEVC_START|NGX_WHIP_HEVC_END)
        || type >= NGX_WHIP_HEVC_AP)
    {
        return ngx_whip_unit_fail(u, NGX_ERROR);
    }

    if (flags & NGX_WHIP_HEVC_START) {

        if (u->open) {
            (void) ngx_whip_unit_fail(u, NGX_ERROR);
        }

        header[0] = (u_char) ((p[0] & 0x81) | type << 1);
        header[1] = p[1];

        rc = ngx_whip_unit_open(u, NGX_WHIP_UNIT_NAL);

        if (rc == NGX_OK) {
            rc = ngx_whip_unit_add(u, header, NGX_WHIP_HEVC_HEADER);
        }

    } else if (!u->open) {
        return ngx_whip_unit_orphan(u);

    } else {
        rc = (type == ngx_whip_hevc_type(u->data + u->part + u->room))
             ? ngx_whip_unit_chain(u) : NGX_ERROR;
    }

    p += NGX_WHIP_HEVC_HEADER + 1;
    len -= NGX_WHIP_HEVC_HEADER + 1;

    if (rc == NGX_OK) {
        rc = ngx_whip_unit_add(u, p, len);
    }

    if (rc != NGX_OK) {
        return ngx_whip_unit_fail(u, rc);
    }

    return (flags & NGX_WHIP_HEVC_END) ? ngx_whip_hevc_end(h) : NGX_OK;
}


/* the open part is a whole NAL unit */

static ngx_int_t
ngx_whip_hevc_end(ngx_whip_hevc_t *h)
{
    ngx_int_t         rc;
    ngx_whip_unit_t  *u;

    u = h->unit;

    rc = ngx_whip_hevc_nal(h, u->data + u->part + u->room,
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


/*
 * NGX_DECLINED: it does not belong into a frame, as what is reserved, and as
 * the other layers of a scalable or stereo stream.
 */

static ngx_int_t
ngx_whip_hevc_nal(ngx_whip_hevc_t *h, const u_char *p, size_t len)
{
    ngx_int_t   rc;
    ngx_uint_t  type;

    if (ngx_whip_hevc_layer(p) != 0) {
        return NGX_DECLINED;
    }

    type = ngx_whip_hevc_type(p);

    if (type <= NGX_WHIP_HEVC_RASL_R
        || (type >= NGX_WHIP_HEVC_BLA && type <= NGX_WHIP_HEVC_CRA))
    {
        return ngx_whip_hevc_slice(h, type, p, len);
    }

    switch (type) {

    case NGX_WHIP_HEVC_VPS:
        rc = ngx_whip_hevc_keep_vps(h, p, len);
        break;

    case NGX_WHIP_HEVC_SPS:
        rc = ngx_whip_hevc_keep_sps(h, p, len);
        h->inband = 1;
        h->sps_seen = (rc == NGX_OK);
        break;

    case NGX_WHIP_HEVC_PPS:
        rc = ngx_whip_hevc_keep_pps(h, p, len);
        break;

    case NGX_WHIP_HEVC_END_SEQ:
        h->ended = 1;
        return NGX_DECLINED;

    case NGX_WHIP_HEVC_SEI:
    case NGX_WHIP_HEVC_SEI_LAST:
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }

    return (rc == NGX_OK) ? NGX_DECLINED : rc;
}


/* H.265, 7.3.6.1: the head of a slice segment says which PPS it needs */

static ngx_int_t
ngx_whip_hevc_slice(ngx_whip_hevc_t *h, ngx_uint_t type, const u_char *p,
    size_t len)
{
    uint32_t              first, id;
    ngx_whip_unit_t      *u;
    ngx_live_bits_t       b;
    ngx_whip_paramset_t  *pps;

    u = h->unit;

    ngx_live_bits_init(&b, p + NGX_WHIP_HEVC_HEADER, p + len, 1);

    first = ngx_live_bits_u(&b, 1);                   /* of the picture */

    if (type >= NGX_WHIP_HEVC_BLA) {
        ngx_live_bits_skip(&b, 1);                    /* output of prior ones */
    }

    id = ngx_live_bits_ue(&b);                        /* PPS id */

    if (b.error || id >= NGX_WHIP_HEVC_NPPS) {
        return NGX_ERROR;
    }

    if (u->slices == 0) {
        ngx_whip_hevc_picture(h, type);
        h->begun = first;
    }

    if (h->skip
        && (type == NGX_WHIP_HEVC_RASL_N || type == NGX_WHIP_HEVC_RASL_R))
    {
        return NGX_DECLINED;
    }

    u->slices++;

    pps = &h->pps[id];

    if (pps->data == NULL || h->sps[pps->ref].data == NULL
        || h->vps[h->sps[pps->ref].ref].data == NULL)
    {
        /* never seen: it cannot be decoded */

        u->damaged = 1;

    } else if (h->used == NGX_WHIP_HEVC_NONE) {
        h->used = pps->ref;
    }

    return NGX_OK;
}


/*
 * H.265, 8.1.3: random access skipped leading pictures refer to what was before
 * their IRAP picture.  Trailing ones follow all the leading ones.
 */

static void
ngx_whip_hevc_picture(ngx_whip_hevc_t *h, ngx_uint_t type)
{
    h->used = NGX_WHIP_HEVC_NONE;

    if (h->ended) {
        h->ended = 0;
        h->broken = 1;
    }

    h->unit->key = (type >= NGX_WHIP_HEVC_BLA);

    if (h->unit->key) {
        h->skip = (type <= NGX_WHIP_HEVC_BLA_LAST
                   || (type == NGX_WHIP_HEVC_CRA && h->broken));

    } else if (type <= NGX_WHIP_HEVC_TRAIL_LAST) {
        h->skip = 0;
    }
}


static ngx_int_t
ngx_whip_hevc_keep_vps(ngx_whip_hevc_t *h, const u_char *p, size_t len)
{
    ngx_int_t  rc;

    if (len < NGX_WHIP_HEVC_HEADER + 1) {
        return NGX_ERROR;
    }

    rc = ngx_whip_paramset_keep(h->vps, NGX_WHIP_HEVC_NVPS, p[2] >> 4, 0, p,
                                len, h->unit->log);

    if (rc == NGX_OK) {
        h->sps_changed = 1;
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static ngx_int_t
ngx_whip_hevc_keep_sps(ngx_whip_hevc_t *h, const u_char *p, size_t len)
{
    ngx_int_t            rc;
    ngx_whip_hevc_sps_t  sps;

    if (ngx_whip_hevc_parse_sps(&sps, p, len) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_whip_paramset_keep(h->sps, NGX_WHIP_HEVC_NSPS, sps.id, sps.vps, p,
                                len, h->unit->log);

    if (rc == NGX_OK && sps.id == h->active) {
        h->sps_changed = 1;
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static ngx_int_t
ngx_whip_hevc_keep_pps(ngx_whip_hevc_t *h, const u_char *p, size_t len)
{
    uint32_t         id, sps;
    ngx_int_t        rc;
    ngx_live_bits_t  b;

    ngx_live_bits_init(&b, p + NGX_WHIP_HEVC_HEADER, p + len, 1);

    id = ngx_live_bits_ue(&b);
    sps = ngx_live_bits_ue(&b);

    if (b.error || sps >= NGX_WHIP_HEVC_NSPS) {
        return NGX_ERROR;
    }

    rc = ngx_whip_paramset_keep(h->pps, NGX_WHIP_HEVC_NPPS, id, sps, p, len,
                                h->unit->log);

    if (rc == NGX_OK) {
        h->pps_changed = 1;
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


/* H.265, 7.3.2.2.1, up to the bit depths; sizes are ngx_live_codec's affair */

static ngx_int_t
ngx_whip_hevc_parse_sps(ngx_whip_hevc_sps_t *sps, const u_char *p, size_t len)
{
    ngx_uint_t       n;
    ngx_live_bits_t  b;

    ngx_live_bits_init(&b, p + NGX_WHIP_HEVC_HEADER, p + len, 1);

    sps->vps = ngx_live_bits_u(&b, 4);
    sps->layers = ngx_live_bits_u(&b, 3) + 1;
    sps->nested = ngx_live_bits_u(&b, 1);

    if (sps->layers > 7) {
        return NGX_ERROR;
    }

    for (n = 0; n < NGX_WHIP_HEVC_PROFILE; n++) {
        sps->profile[n] = (u_char) ngx_live_bits_u(&b, 8);
    }

    ngx_whip_hevc_sublayers(&b, sps->layers - 1);

    sps->id = ngx_live_bits_ue(&b);
    sps->chroma = ngx_live_bits_ue(&b);

    if (sps->chroma == 3) {
        ngx_live_bits_skip(&b, 1);                    /* separate planes */
    }

    (void) ngx_live_bits_ue(&b);                      /* width */
    (void) ngx_live_bits_ue(&b);                      /* height */

    if (ngx_live_bits_u(&b, 1)) {                     /* conformance window */

        for (n = 0; n < 4; n++) {
            (void) ngx_live_bits_ue(&b);
        }
    }

    sps->luma_depth = ngx_live_bits_ue(&b);
    sps->chroma_depth = ngx_live_bits_ue(&b);

    if (b.error || sps->chroma > 3
        || sps->luma_depth > 7 || sps->chroma_depth > 7)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* H.265, 7.3.3: has it a profile of 88 bits and a level of 8, for each layer */

static void
ngx_whip_hevc_sublayers(ngx_live_bits_t *b, ngx_uint_t n)
{
    uint32_t    present;
    ngx_uint_t  i;

    if (n == 0) {
        return;
    }

    present = ngx_live_bits_u(b, 16);

    for (i = 0; i < n; i++) {

        if (present >> (15 - 2 * i) & 1) {
            ngx_live_bits_skip(b, 88);
        }

        if (present >> (14 - 2 * i) & 1) {
            ngx_live_bits_skip(b, 8);
        }
    }
}


/*
 * The record changes with a key frame, and between two of them when a picture
 * parameter set does: the others are not in force before.
 */

void
ngx_whip_hevc_finish(void *data)
{
    ngx_whip_hevc_t *h = data;

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

    if (h->used == NGX_WHIP_HEVC_NONE) {
        u->damaged = 1;

    } else if (u->key || h->active == NGX_WHIP_HEVC_NONE) {

        if (ngx_whip_hevc_record(h, h->used) != NGX_OK) {
            u->damaged = 1;
        }

    } else if (h->used != h->active) {
        u->damaged = 1;

    } else if (h->pps_changed && !h->sps_changed) {

        if (ngx_whip_hevc_record(h, h->used) != NGX_OK) {
            u->damaged = 1;
        }
    }

    h->used = NGX_WHIP_HEVC_NONE;

    if (u->damaged) {
        h->broken = 1;

    } else if (u->key) {
        h->broken = 0;
    }
}


/*
 * ISO/IEC 14496-15, 8.3.3.1: HEVCDecoderConfigurationRecord, of one SPS.  The
 * arrays are complete: no parameter set is left in a frame.
 */

static ngx_int_t
ngx_whip_hevc_record(ngx_whip_hevc_t *h, ngx_uint_t id)
{
    ngx_uint_t            i, n;
    ngx_whip_record_t    *r;
    ngx_whip_hevc_sps_t   info;
    ngx_whip_paramset_t  *sps;

    r = h->record;
    sps = &h->sps[id];

    h->active = NGX_WHIP_HEVC_NONE;

    /* sets may have been replaced since the slice */

    if (h->vps[sps->ref].data == NULL
        || ngx_whip_hevc_parse_sps(&info, sps->data, sps->len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < NGX_WHIP_HEVC_NPPS; i++) {
        n += (h->pps[i].data && h->pps[i].ref == id);
    }

    if (n == 0) {
        return NGX_ERROR;
    }

    ngx_whip_record_begin(r);

    ngx_whip_record_byte(r, 1);                       /* version */
    ngx_whip_record_bytes(r, info.profile, NGX_WHIP_HEVC_PROFILE);
    ngx_whip_record_byte(r, 0xf0);                    /* segmentation: none */
    ngx_whip_record_byte(r, 0);
    ngx_whip_record_byte(r, 0xfc);                    /* parallelism: unknown */
    ngx_whip_record_byte(r, 0xfc | info.chroma);
    ngx_whip_record_byte(r, 0xf8 | info.luma_depth);
    ngx_whip_record_byte(r, 0xf8 | info.chroma_depth);
    ngx_whip_record_byte(r, 0);                       /* frame rate: unknown */
    ngx_whip_record_byte(r, 0);
    ngx_whip_record_byte(r, info.layers << 3 | info.nested << 2
                            | (NGX_WHIP_UNIT_NAL - 1));
    ngx_whip_record_byte(r, 3);

    ngx_whip_hevc_array(h, NGX_WHIP_HEVC_VPS, 1);
    ngx_whip_record_set(r, &h->vps[sps->ref]);

    ngx_whip_hevc_array(h, NGX_WHIP_HEVC_SPS, 1);
    ngx_whip_record_set(r, sps);

    ngx_whip_hevc_array(h, NGX_WHIP_HEVC_PPS, n);

    for (i = 0; i < NGX_WHIP_HEVC_NPPS; i++) {

        if (h->pps[i].data && h->pps[i].ref == id) {
            ngx_whip_record_set(r, &h->pps[i]);
        }
    }

    if (ngx_whip_record_adopt(r, NGX_LIVE_CODEC_HEVC) != NGX_OK) {
        return NGX_ERROR;
    }

    h->active = id;
    h->sps_changed = 0;
    h->pps_changed = 0;

    return NGX_OK;
}


/* the head of an array of n units, which is complete */

static void
ngx_whip_hevc_array(ngx_whip_hevc_t *h, ngx_uint_t type, ngx_uint_t n)
{
    ngx_whip_record_byte(h->record, 0x80 | type);
    ngx_whip_record_byte(h->record, 0);
    ngx_whip_record_byte(h->record, n);
}
