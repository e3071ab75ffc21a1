
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_bits.h"
#include "ngx_live_codec.h"
#include "ngx_whip_av1.h"


/* AV1 6.2.2 */

#define NGX_WHIP_AV1_SEQUENCE     1
#define NGX_WHIP_AV1_DELIMITER    2
#define NGX_WHIP_AV1_HEADER       3      /* of a frame */
#define NGX_WHIP_AV1_TILES        4
#define NGX_WHIP_AV1_METADATA     5
#define NGX_WHIP_AV1_FRAME        6

#define NGX_WHIP_AV1_FORBIDDEN    0x80
#define NGX_WHIP_AV1_EXTENSION    0x04
#define NGX_WHIP_AV1_HAS_SIZE     0x02

#define ngx_whip_av1_type(p)      ((ngx_uint_t) (p)[0] >> 3 & 0x0f)

/* the aggregation header */

#define NGX_WHIP_AV1_Z            0x80   /* continues a fragment */
#define NGX_WHIP_AV1_Y            0x40   /* ends in a fragment */
#define NGX_WHIP_AV1_N            0x08   /* begins a coded video sequence */

#define ngx_whip_av1_w(p)         ((ngx_uint_t) (p)[0] >> 4 & 0x03)

#define NGX_WHIP_AV1_KEY          0      /* AV1 6.8.2: frame_type */
#define NGX_WHIP_AV1_LEB128       8      /* bytes at most, AV1 4.10.5 */
#define NGX_WHIP_AV1_ROOM         2      /* a first guess */


typedef struct {
    u_char                header[2];     /* and the extension's */
    size_t                header_len;
    size_t                offset;        /* of the payload */
    size_t                len;           /* of the payload */
} ngx_whip_av1_obu_t;


/* of a sequence header, what the record tells */

typedef struct {
    ngx_uint_t            profile;
    ngx_uint_t            level;
    ngx_uint_t            tier;
    ngx_uint_t            high;          /* more than 8 bits */
    ngx_uint_t            twelve;
    ngx_uint_t            mono;
    ngx_uint_t            sub_x;
    ngx_uint_t            sub_y;
    ngx_uint_t            position;      /* of chroma samples */
    ngx_uint_t            reduced;       /* the header of a still picture */
} ngx_whip_av1_sequence_t;


typedef struct {
    ngx_whip_unit_t      *unit;
    ngx_whip_record_t    *record;

    size_t                room;          /* that the last fragmented OBU took
                                            for its size */

    unsigned              sequence:1;    /* header came since the last frame */
    unsigned              known:1;       /* the record fits the stream */
    unsigned              reduced:1;
} ngx_whip_av1_t;


static ngx_int_t ngx_whip_av1_element(ngx_whip_av1_t *a, const u_char *p,
    size_t len, ngx_uint_t more);
static ngx_int_t ngx_whip_av1_continue(ngx_whip_av1_t *a, const u_char *p,
    size_t len, ngx_uint_t more);
static ngx_int_t ngx_whip_av1_end(ngx_whip_av1_t *a);
static ngx_int_t ngx_whip_av1_obu(ngx_whip_av1_obu_t *obu, const u_char *p,
    size_t len);
static void ngx_whip_av1_rewrite(ngx_whip_unit_t *u, ngx_whip_av1_obu_t *obu,
    size_t head);
static ngx_int_t ngx_whip_av1_take(ngx_whip_av1_t *a, ngx_whip_av1_obu_t *obu,
    const u_char *p);
static ngx_int_t ngx_whip_av1_frame(ngx_whip_av1_t *a, const u_char *p,
    size_t len);
static ngx_int_t ngx_whip_av1_record(ngx_whip_av1_t *a,
    ngx_whip_av1_obu_t *obu, const u_char *p);
static ngx_int_t ngx_whip_av1_parse(ngx_whip_av1_sequence_t *s,
    const u_char *p, size_t len);
static void ngx_whip_av1_operation(ngx_whip_av1_sequence_t *s,
    ngx_live_bits_t *b);
static void ngx_whip_av1_uvlc(ngx_live_bits_t *b);
static void ngx_whip_av1_tools(ngx_live_bits_t *b);
static void ngx_whip_av1_color(ngx_whip_av1_sequence_t *s, ngx_live_bits_t *b);
static const u_char *ngx_whip_av1_read(const u_char *p, const u_char *last,
    size_t *value);
static u_char *ngx_whip_av1_write(u_char *p, size_t value);
static size_t ngx_whip_av1_size(size_t value);


void *
ngx_whip_av1_create(ngx_whip_unit_t *u, ngx_whip_record_t *r)
{
    ngx_whip_av1_t  *a;

    a = ngx_calloc(sizeof(ngx_whip_av1_t), u->log);
    if (a == NULL) {
        return NULL;
    }

    a->unit = u;
    a->record = r;
    a->room = NGX_WHIP_AV1_ROOM;

    return a;
}


void
ngx_whip_av1_destroy(void *data)
{
    ngx_free(data);
}


/*
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * |Z|Y| W |N|-|-|-|
 * +-+-+-+-+-+-+-+-+
 *
 * RTP Payload Format For AV1, 4.4.  OBU elements follow, each behind its size
 * in leb128(); of W elements, if W is not 0, the last one has no size.
 */

ngx_int_t
ngx_whip_av1_packet(void *data, const u_char *p, size_t len)
{
    ngx_whip_av1_t *a = data;

    size_t            size;
    ngx_int_t         rc, result;
    ngx_uint_t        n, w, flags, more;
    const u_char     *last;
    ngx_whip_unit_t  *u;

    u = a->unit;
    w = ngx_whip_av1_w(p);
    flags = *p;
    last = p + len;
    p++;

    if (u->open && !(flags & NGX_WHIP_AV1_Z)) {
        (void) ngx_whip_unit_fail(u, NGX_ERROR);
    }

    if (p == last
        || ((flags & NGX_WHIP_AV1_Z) && (flags & NGX_WHIP_AV1_N)))
    {
        return ngx_whip_unit_fail(u, NGX_ERROR);
    }

    if (flags & NGX_WHIP_AV1_N) {

        /* no packet of this unit can have been before */

        u->torn = 0;
    }

    result = NGX_DECLINED;

    for (n = 1; p < last; n++) {

        size = last - p;

        if (n != w) {
            p = ngx_whip_av1_read(p, last, &size);

            if (p == NULL || size > (size_t) (last - p)
                || n > NGX_WHIP_UNIT_PARTS)
            {
                return ngx_whip_unit_fail(u, NGX_ERROR);
            }
        }

        more = (flags & NGX_WHIP_AV1_Y) && size == (size_t) (last - p);

        if (n == 1 && (flags & NGX_WHIP_AV1_Z)) {
            rc = ngx_whip_av1_continue(a, p, size, more);

        } else {
            rc = ngx_whip_av1_element(a, p, size, more);
        }

        if (rc == NGX_ABORT) {
            return rc;
        }

        if (rc == NGX_ERROR || result == NGX_DECLINED) {
            result = rc;
        }

        p += size;
    }

    if (n <= w) {

        /* fewer elements than were told */

        return ngx_whip_unit_fail(u, NGX_ERROR);
    }

    return result;
}


/* an OBU, or the first fragment of one */

static ngx_int_t
ngx_whip_av1_element(ngx_whip_av1_t *a, const u_char *p, size_t len,
    ngx_uint_t more)
{
    size_t              room;
    ngx_int_t           rc;
    ngx_whip_unit_t    *u;
    ngx_whip_av1_obu_t  obu;

    u = a->unit;

    if (len == 0) {
        return NGX_DECLINED;
    }

    if (more) {

        /*
         * The size is not known, but takes as many bytes as that of the last
         * frame, most likely.  The payload will move if it does not.
         */

        room = a->room;

    } else {

        if (ngx_whip_av1_obu(&obu, p, len) != NGX_OK) {
            return ngx_whip_unit_fail(u, NGX_ERROR);
        }

        room = (obu.offset == obu.header_len) ? ngx_whip_av1_size(obu.len) : 0;
    }

    rc = ngx_whip_unit_open(u, room);

    if (rc == NGX_OK) {
        rc = ngx_whip_unit_add(u, p, len);
    }

    if (rc != NGX_OK) {
        return ngx_whip_unit_fail(u, rc);
    }

    return more ? NGX_OK : ngx_whip_av1_end(a);
}


static ngx_int_t
ngx_whip_av1_continue(ngx_whip_av1_t *a, const u_char *p, size_t len,
    ngx_uint_t more)
{
    ngx_int_t         rc;
    ngx_whip_unit_t  *u;

    u = a->unit;

    if (!u->open) {
        return ngx_whip_unit_orphan(u);
    }

    rc = ngx_whip_unit_chain(u);

    if (rc == NGX_OK) {
        rc = ngx_whip_unit_add(u, p, len);
    }

    if (rc != NGX_OK) {
        return ngx_whip_unit_fail(u, rc);
    }

    return more ? NGX_OK : ngx_whip_av1_end(a);
}


/* the open part is a whole OBU, as it was sent */

static ngx_int_t
ngx_whip_av1_end(ngx_whip_av1_t *a)
{
    size_t               head;
    ngx_int_t            rc;
    ngx_whip_unit_t     *u;
    ngx_whip_av1_obu_t   obu;

    u = a->unit;

    rc = ngx_whip_av1_obu(&obu, u->data + u->part + u->room,
                          u->len - u->part - u->room);

    if (rc != NGX_OK) {
        return ngx_whip_unit_fail(u, rc);
    }

    /* the header and the size, which end where the payload begins */

    head = obu.header_len + ngx_whip_av1_size(obu.len);

    if (u->chain) {
        a->room = (head > obu.offset) ? head - obu.offset : 0;
    }

    if (head > u->room + obu.offset) {
        rc = ngx_whip_unit_grow(u, head - u->room - obu.offset);
    }

    if (rc == NGX_OK) {
        rc = ngx_whip_av1_take(a, &obu,
                               u->data + u->part + u->room + obu.offset);
    }

    switch (rc) {

    case NGX_OK:
        ngx_whip_av1_rewrite(u, &obu, head);
        ngx_whip_unit_close(u);
        return NGX_OK;

    case NGX_DECLINED:
        ngx_whip_unit_drop(u);
        return NGX_OK;

    default:
        return ngx_whip_unit_fail(u, rc);
    }
}


/*
 *  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 * +-+-------+-+-+-+-----+---+-----+
 * |F| type  |X|S|-| TID |SID|  -  |  size, if S, payload ...
 * +-+-------+-+-+-+-----+---+-----+
 *
 * AV1 5.3; the second byte is there if X.  A size must tell the truth.
 */

static ngx_int_t
ngx_whip_av1_obu(ngx_whip_av1_obu_t *obu, const u_char *p, size_t len)
{
    size_t         size;
    const u_char  *pos, *last;

    obu->header_len = (p[0] & NGX_WHIP_AV1_EXTENSION) ? 2 : 1;

    if ((p[0] & NGX_WHIP_AV1_FORBIDDEN) || len < obu->header_len) {
        return NGX_ERROR;
    }

    ngx_memcpy(obu->header, p, obu->header_len);
    obu->header[0] |= NGX_WHIP_AV1_HAS_SIZE;

    pos = p + obu->header_len;
    last = p + len;

    if (p[0] & NGX_WHIP_AV1_HAS_SIZE) {

        pos = ngx_whip_av1_read(pos, last, &size);

        if (pos == NULL || size != (size_t) (last - pos)) {
            return NGX_ERROR;
        }
    }

    obu->offset = pos - p;
    obu->len = last - pos;

    return NGX_OK;
}


/* room is there for the head, which is written anew */

static void
ngx_whip_av1_rewrite(ngx_whip_unit_t *u, ngx_whip_av1_obu_t *obu, size_t head)
{
    u_char  *p;
    size_t   payload;

    p = u->data + u->part;
    payload = u->room + obu->offset;

    if (head != payload) {
        ngx_memmove(p + head, p + payload, obu->len);
    }

    u->len = u->part + head + obu->len;

    p = ngx_cpymem(p, obu->header, obu->header_len);
    (void) ngx_whip_av1_write(p, obu->len);
}


/*
 * NGX_DECLINED: it does not belong into a frame, AV1 in ISOBMFF, 2.4.  Types
 * that are reserved are of no use either.
 */

static ngx_int_t
ngx_whip_av1_take(ngx_whip_av1_t *a, ngx_whip_av1_obu_t *obu, const u_char *p)
{
    ngx_whip_unit_t  *u;

    u = a->unit;

    switch (ngx_whip_av1_type(obu->header)) {

    case NGX_WHIP_AV1_SEQUENCE:

        if (u->slices == 0) {
            u->torn = 0;
        }

        return ngx_whip_av1_record(a, obu, p);

    case NGX_WHIP_AV1_DELIMITER:

        if (u->slices == 0) {
            u->torn = 0;
        }

        return NGX_DECLINED;

    case NGX_WHIP_AV1_HEADER:
    case NGX_WHIP_AV1_FRAME:
        return ngx_whip_av1_frame(a, p, obu->len);

    case NGX_WHIP_AV1_TILES:
    case NGX_WHIP_AV1_METADATA:
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


/* AV1 5.9.2: what stands first in the header of a frame */

static ngx_int_t
ngx_whip_av1_frame(ngx_whip_av1_t *a, const u_char *p, size_t len)
{
    ngx_uint_t        existing, type, show;
    ngx_live_bits_t   b;
    ngx_whip_unit_t  *u;

    u = a->unit;

    if (len == 0) {
        return NGX_ERROR;
    }

    ngx_live_bits_init(&b, p, p + len, 0);

    existing = ngx_live_bits_u(&b, 1);
    type = ngx_live_bits_u(&b, 2);
    show = ngx_live_bits_u(&b, 1);

    if (u->slices == 0) {
        u->key = a->sequence
                 && (a->reduced
                     || (!existing && type == NGX_WHIP_AV1_KEY && show));
    }

    u->slices++;

    return NGX_OK;
}


void
ngx_whip_av1_finish(void *data)
{
    ngx_whip_av1_t *a = data;

    if (a->unit->torn || !a->known) {
        a->unit->damaged = 1;
    }

    a->sequence = 0;
}


/* AV1 in ISOBMFF, 2.3: AV1CodecConfigurationRecord, with the sequence header */

static ngx_int_t
ngx_whip_av1_record(ngx_whip_av1_t *a, ngx_whip_av1_obu_t *obu,
    const u_char *p)
{
    u_char                   size[NGX_WHIP_AV1_LEB128];
    ngx_whip_record_t       *r;
    ngx_whip_av1_sequence_t  s;

    r = a->record;

    a->known = 0;

    if (ngx_whip_av1_parse(&s, p, obu->len) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_whip_record_begin(r);

    ngx_whip_record_byte(r, 0x81);                    /* marker, version */
    ngx_whip_record_byte(r, s.profile << 5 | s.level);
    ngx_whip_record_byte(r, s.tier << 7 | s.high << 6 | s.twelve << 5
                            | s.mono << 4 | s.sub_x << 3 | s.sub_y << 2
                            | s.position);
    ngx_whip_record_byte(r, 0);                       /* no delay is told */

    ngx_whip_record_bytes(r, obu->header, obu->header_len);
    ngx_whip_record_bytes(r, size, ngx_whip_av1_write(size, obu->len) - size);
    ngx_whip_record_bytes(r, p, obu->len);

    if (ngx_whip_record_adopt(r, NGX_LIVE_CODEC_AV1) != NGX_OK) {
        return NGX_ERROR;
    }

    a->known = 1;
    a->sequence = 1;
    a->reduced = s.reduced;

    return NGX_OK;
}


/* AV1 5.5.1 */

static ngx_int_t
ngx_whip_av1_parse(ngx_whip_av1_sequence_t *s, const u_char *p, size_t len)
{
    ngx_uint_t       nx, ny;
    ngx_live_bits_t  b;

    ngx_memzero(s, sizeof(ngx_whip_av1_sequence_t));

    ngx_live_bits_init(&b, p, p + len, 0);

    s->profile = ngx_live_bits_u(&b, 3);

    ngx_live_bits_skip(&b, 1);                        /* still picture */

    s->reduced = ngx_live_bits_u(&b, 1);

    if (s->reduced) {
        s->level = ngx_live_bits_u(&b, 5);

    } else {
        ngx_whip_av1_operation(s, &b);
    }

    nx = ngx_live_bits_u(&b, 4) + 1;
    ny = ngx_live_bits_u(&b, 4) + 1;

    ngx_live_bits_skip(&b, nx + ny);                  /* width, height */

    if (!s->reduced && ngx_live_bits_u(&b, 1)) {      /* frame ids */
        ngx_live_bits_skip(&b, 4 + 3);
    }

    ngx_live_bits_skip(&b, 3);              /* superblocks, intra prediction */

    if (!s->reduced) {
        ngx_whip_av1_tools(&b);
    }

    ngx_live_bits_skip(&b, 3);              /* resampling and filters */

    ngx_whip_av1_color(s, &b);

    ngx_live_bits_skip(&b, 1);                        /* film grain */

    return (b.error || s->profile > 2) ? NGX_ERROR : NGX_OK;
}


/* timing, decoder model and operating points, of which there are 32 at most */

static void
ngx_whip_av1_operation(ngx_whip_av1_sequence_t *s, ngx_live_bits_t *b)
{
    ngx_uint_t  i, n, model, bits, delay, level, tier;

    model = 0;
    bits = 0;

    if (ngx_live_bits_u(b, 1)) {                      /* timing_info() */
        ngx_live_bits_skip(b, 32 + 32);

        if (ngx_live_bits_u(b, 1)) {                  /* equal interval */
            ngx_whip_av1_uvlc(b);
        }

        model = ngx_live_bits_u(b, 1);

        if (model) {                                  /* decoder_model_info() */
            bits = ngx_live_bits_u(b, 5) + 1;
            ngx_live_bits_skip(b, 32 + 5 + 5);
        }
    }

    delay = ngx_live_bits_u(b, 1);
    n = ngx_live_bits_u(b, 5) + 1;

    for (i = 0; i < n; i++) {

        ngx_live_bits_skip(b, 12);                    /* its layers */

        level = ngx_live_bits_u(b, 5);
        tier = (level > 7) ? ngx_live_bits_u(b, 1) : 0;

        if (i == 0) {
            s->level = level;
            s->tier = tier;
        }

        if (model && ngx_live_bits_u(b, 1)) {
            ngx_live_bits_skip(b, bits + bits + 1);
        }

        if (delay && ngx_live_bits_u(b, 1)) {
            ngx_live_bits_skip(b, 4);
        }
    }
}


/* AV1 4.10.3: 32 zeros and more have no value behind them */

static void
ngx_whip_av1_uvlc(ngx_live_bits_t *b)
{
    ngx_uint_t  n;

    for (n = 0; ngx_live_bits_u(b, 1) == 0; n++) {

        if (b->error) {
            return;
        }
    }

    if (n < 32) {
        ngx_live_bits_skip(b, n);
    }
}


/* what the frames of a sequence may use, from compound modes to order hints */

static void
ngx_whip_av1_tools(ngx_live_bits_t *b)
{
    ngx_uint_t  hint, screen;

    ngx_live_bits_skip(b, 4);

    hint = ngx_live_bits_u(b, 1);

    if (hint) {
        ngx_live_bits_skip(b, 2);
    }

    /* screen content tools: chosen by the frame, or forced on or off */

    screen = ngx_live_bits_u(b, 1) || ngx_live_bits_u(b, 1);

    /* integer motion vectors likewise, where there are such tools */

    if (screen && ngx_live_bits_u(b, 1) == 0) {
        ngx_live_bits_skip(b, 1);
    }

    if (hint) {
        ngx_live_bits_skip(b, 3);
    }
}


/* AV1 5.5.2: color_config() */

static void
ngx_whip_av1_color(ngx_whip_av1_sequence_t *s, ngx_live_bits_t *b)
{
    ngx_uint_t  description;

    s->high = ngx_live_bits_u(b, 1);
    s->twelve = (s->profile == 2 && s->high) ? ngx_live_bits_u(b, 1) : 0;
    s->mono = (s->profile == 1) ? 0 : ngx_live_bits_u(b, 1);

    description = 0;

    if (ngx_live_bits_u(b, 1)) {
        description = ngx_live_bits_u(b, 24);
    }

    if (s->mono) {
        ngx_live_bits_skip(b, 1);                     /* range */

        s->sub_x = 1;
        s->sub_y = 1;

        return;
    }

    /* primaries 1, BT.709; transfer 13, sRGB; matrix 0, identity: RGB */

    if (description != 0x010d00) {
        ngx_live_bits_skip(b, 1);                     /* range */

        if (s->profile == 0) {
            s->sub_x = 1;
            s->sub_y = 1;

        } else if (s->profile == 2) {
            s->sub_x = s->twelve ? ngx_live_bits_u(b, 1) : 1;
            s->sub_y = (s->twelve && s->sub_x) ? ngx_live_bits_u(b, 1) : 0;
        }

        if (s->sub_x && s->sub_y) {
            s->position = ngx_live_bits_u(b, 2);
        }
    }

    ngx_live_bits_skip(b, 1);                         /* separate deltas */
}


/* leb128(), AV1 4.10.5; no size here needs more than 32 bits */

static const u_char *
ngx_whip_av1_read(const u_char *p, const u_char *last, size_t *value)
{
    uint64_t    v;
    ngx_uint_t  n;

    v = 0;

    for (n = 0; n < NGX_WHIP_AV1_LEB128 && p < last; n++) {

        v |= (uint64_t) (*p & 0x7f) << (7 * n);

        if ((*p++ & 0x80) == 0) {

            if (v > 0xffffffff) {
                return NULL;
            }

            *value = (size_t) v;
            return p;
        }
    }

    return NULL;
}


static u_char *
ngx_whip_av1_write(u_char *p, size_t value)
{
    while (value > 0x7f) {
        *p++ = (u_char) (0x80 | (value & 0x7f));
        value >>= 7;
    }

    *p++ = (u_char) value;

    return p;
}


static size_t
ngx_whip_av1_size(size_t value)
{
    size_t  n;

    for (n = 1; value > 0x7f; n++) {
        value >>= 7;
    }

    return n;
}
