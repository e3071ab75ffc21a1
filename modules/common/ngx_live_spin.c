
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_spin.h"


#define NGX_LIVE_SPIN_CODEC          7
#define NGX_LIVE_SPIN_SPS            0x67

/*
 * nginx-rtmp shifts a 64-bit one by the number of zeros; from here on that is
 * undefined.  Emulation prevention keeps the zeros of a real header below 30,
 * so what has more is refused wherever it is.
 */

#define NGX_LIVE_SPIN_MAX_ZEROS      63


/*
 * Reads as nginx-rtmp does, which is not as H.264 wants it: emulation
 * prevention bytes are data, a read that does not fit takes what is left and
 * yields 0, and so does every read after it.
 */

typedef struct {
    const u_char  *pos;
    size_t         bit;
    size_t         nbits;
    unsigned       spin:1;
} ngx_live_spin_reader_t;


static uint64_t ngx_live_spin_read(ngx_live_spin_reader_t *r, ngx_uint_t n);
static uint64_t ngx_live_spin_golomb(ngx_live_spin_reader_t *r);
static void ngx_live_spin_high(ngx_live_spin_reader_t *r);


/*
 * The record as it is walked: 5 bytes of FLV and 9 of avcC up to the SPS's
 * header byte 0x67, then the SPS.  Scaling lists are not understood, only their
 * flags are read: with them every field behind is another one than the encoder
 * meant, and a valid header may ask for any number of rounds.
 */

ngx_int_t
ngx_live_spin_check(const u_char *p, const u_char *end)
{
    uint64_t                order, cycle;
    ngx_uint_t              profile;
    ngx_live_spin_reader_t  r;

    if (end - p < 3 || (p[0] & 0x0f) != NGX_LIVE_SPIN_CODEC || p[1] != 0) {
        return NGX_OK;
    }

    r.pos = p;
    r.bit = 0;
    r.nbits = (size_t) (end - p) * 8;
    r.spin = 0;

    (void) ngx_live_spin_read(&r, 48);
    (void) ngx_live_spin_read(&r, 32);

    if ((ngx_live_spin_read(&r, 8) & 0x1f) == 0) {       /* number of SPS */
        return NGX_OK;
    }

    (void) ngx_live_spin_read(&r, 16);                   /* its length */

    if (ngx_live_spin_read(&r, 8) != NGX_LIVE_SPIN_SPS) {
        return NGX_OK;
    }

    profile = (ngx_uint_t) ngx_live_spin_read(&r, 8);

    (void) ngx_live_spin_read(&r, 16);                   /* flags, level */
    (void) ngx_live_spin_golomb(&r);                     /* SPS id */

    switch (profile) {

    case 44:
    case 83:
    case 86:
    case 100:
    case 110:
    case 118:
    case 122:
    case 244:
        ngx_live_spin_high(&r);
        break;

    default:
        break;
    }

    (void) ngx_live_spin_golomb(&r);                     /* frame num bits */

    order = ngx_live_spin_golomb(&r);                    /* pic order type */
    cycle = 0;

    if (order == 1) {
        (void) ngx_live_spin_read(&r, 1);                /* always zero */
        (void) ngx_live_spin_golomb(&r);                 /* non-reference */
        (void) ngx_live_spin_golomb(&r);                 /* top to bottom */

        cycle = (ngx_uint_t) ngx_live_spin_golomb(&r);
    }

    if (r.spin || cycle > NGX_LIVE_SPIN_MAX_CYCLE) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_live_spin_high(ngx_live_spin_reader_t *r)
{
    ngx_uint_t  chroma, n;

    chroma = (ngx_uint_t) ngx_live_spin_golomb(r);

    if (chroma == 3) {
        (void) ngx_live_spin_read(r, 1);                 /* separate planes */
    }

    (void) ngx_live_spin_golomb(r);                      /* luma bits */
    (void) ngx_live_spin_golomb(r);                      /* chroma bits */
    (void) ngx_live_spin_read(r, 1);                     /* bypass */

    if (ngx_live_spin_read(r, 1)) {                      /* scaling matrix */

        for (n = 0; n < (chroma == 3 ? 12 : 8); n++) {
            (void) ngx_live_spin_read(r, 1);
        }
    }
}


/* n up to 64 */

static uint64_t
ngx_live_spin_read(ngx_live_spin_reader_t *r, ngx_uint_t n)
{
    uint64_t  v;

    if (n > r->nbits - r->bit) {
        r->bit = r->nbits;
        return 0;
    }

    for (v = 0; n; n--) {
        v = v << 1 | (r->pos[r->bit / 8] >> (7 - r->bit % 8) & 1);
        r->bit++;
    }

    return v;
}


/*
 * n zeros, a one, n bits.  Where the data ends within the zeros the value is
 * 2^n - 1, and behind the end it is 0.
 */

static uint64_t
ngx_live_spin_golomb(ngx_live_spin_reader_t *r)
{
    ngx_uint_t  n;

    for (n = 0; r->bit < r->nbits && ngx_live_spin_read(r, 1) == 0; n++) {

        if (n == NGX_LIVE_SPIN_MAX_ZEROS) {
            r->spin = 1;
            return 0;
        }
    }

    return ((uint64_t) 1 << n) + ngx_live_spin_read(r, n) - 1;
}
