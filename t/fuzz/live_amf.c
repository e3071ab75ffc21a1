
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, its lowest bit 1 for a shared object message, the others a
 * seed for where to split; then the message.  Fed in parts and whole, the
 * answers must be the same.
 *
 * What is accepted is then read as nginx-rtmp would read it, by recursion with
 * a count of the levels: this reader is written down a second time here, after
 * ngx_rtmp_amf.c's behaviour, to catch the check going another way.
 */

/* sources: modules/common/ngx_live_amf.c */


#include "fuzz.h"
#include "ngx_live_amf.h"


typedef struct {
    const u_char  *pos;
    const u_char  *end;
    ngx_uint_t     depth;
    ngx_uint_t     depth_max;
} reader_t;


static ngx_int_t read_value(reader_t *r);


/* NGX_DONE, and nothing is consumed, where n bytes are not there */

static ngx_int_t
read_bytes(reader_t *r, size_t n, uint32_t *v)
{
    uint32_t  number;

    if ((size_t) (r->end - r->pos) < n) {
        return NGX_DONE;
    }

    for (number = 0; n; n--) {
        number = number << 8 | *r->pos++;
    }

    if (v) {
        *v = number;
    }

    return NGX_OK;
}


static ngx_int_t
read_object(reader_t *r)
{
    uint32_t  v;

    for ( ;; ) {

        if (read_bytes(r, 2, &v) == NGX_DONE) {
            return NGX_OK;
        }

        if (v == 0) {
            break;
        }

        if (read_bytes(r, v, NULL) != NGX_OK || read_value(r) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (read_bytes(r, 1, &v) != NGX_OK || v != NGX_LIVE_AMF_END) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
read_array(reader_t *r)
{
    uint32_t  v;

    if (read_bytes(r, 4, &v) != NGX_OK) {
        return NGX_ERROR;
    }

    while (v--) {
        if (read_value(r) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
read_string(reader_t *r)
{
    uint32_t  v;

    if (read_bytes(r, 2, &v) != NGX_OK) {
        return NGX_ERROR;
    }

    return read_bytes(r, v, NULL) == NGX_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
read_value(reader_t *r)
{
    uint32_t   type;
    ngx_int_t  rc;

    if (read_bytes(r, 1, &type) != NGX_OK) {
        return NGX_ERROR;
    }

    switch (type) {

    case NGX_LIVE_AMF_NUMBER:
        return read_bytes(r, 8, NULL) == NGX_OK ? NGX_OK : NGX_ERROR;

    case NGX_LIVE_AMF_BOOLEAN:
        return read_bytes(r, 1, NULL) == NGX_OK ? NGX_OK : NGX_ERROR;

    case NGX_LIVE_AMF_STRING:
        return read_string(r);

    case NGX_LIVE_AMF_NULL:
    case NGX_LIVE_AMF_UNDEFINED:
    case NGX_LIVE_AMF_END:
        return NGX_OK;

    case NGX_LIVE_AMF_OBJECT:
    case NGX_LIVE_AMF_ECMA_ARRAY:
    case NGX_LIVE_AMF_ARRAY:
        break;

    default:
        return NGX_ERROR;
    }

    if (type == NGX_LIVE_AMF_ECMA_ARRAY
        && read_bytes(r, 4, NULL) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->depth++;
    r->depth_max = ngx_max(r->depth_max, r->depth);

    fuzz_assert(r->depth <= NGX_LIVE_AMF_MAX_DEPTH);

    rc = (type == NGX_LIVE_AMF_ARRAY) ? read_array(r) : read_object(r);

    r->depth--;

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader_t              r;
    uint32_t              seed;
    ngx_int_t             rc;
    const u_char         *p, *end, *next;
    ngx_live_amf_check_t  whole, parts;

    if (size == 0) {
        return 0;
    }

    p = data + 1;
    end = data + size;
    seed = data[0] >> 1;

    if (data[0] & 1) {
        ngx_live_amf_check_init_shared(&whole);
        ngx_live_amf_check_init_shared(&parts);

    } else {
        ngx_live_amf_check_init(&whole);
        ngx_live_amf_check_init(&parts);
    }

    rc = ngx_live_amf_check_feed(&whole, p, end);

    fuzz_assert(rc == ngx_live_amf_check_done(&whole));

    while (p < end) {
        seed = seed * 1103515245 + 12345;
        next = p + ngx_min((seed >> 16 & 0x0f), (size_t) (end - p));

        (void) ngx_live_amf_check_feed(&parts, p, next);
        p = next;
    }

    fuzz_assert(rc == ngx_live_amf_check_done(&parts));
    fuzz_assert(whole.nvalues == parts.nvalues);
    fuzz_assert(whole.depth_max == parts.depth_max);
    fuzz_assert(whole.ntop == parts.ntop);
    fuzz_assert(memcmp(whole.top, parts.top, sizeof(whole.top)) == 0);

    if (rc != NGX_OK) {
        return 0;
    }

    fuzz_assert(whole.nvalues <= NGX_LIVE_AMF_MAX_VALUES);

    r.pos = data + 1;
    r.end = end;
    r.depth = 0;
    r.depth_max = 0;

    if ((data[0] & 1) && read_string(&r) != NGX_OK) {
        return 0;
    }

    while (r.pos < r.end && read_value(&r) == NGX_OK) { /* void */ }

    fuzz_assert(r.depth_max <= whole.depth_max);

    return 0;
}
