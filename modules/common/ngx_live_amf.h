
/*
 * Copyright (C) the ngx_live contributors
 *
 * The shape of an AMF0 message, checked before nginx-rtmp reads it.  Pure: no
 * I/O, no allocation, no recursion.
 *
 * nginx-rtmp 1.2.2 reads AMF0 with one level of recursion for each level of
 * nesting and no limit: 240,000 of them overflow the worker's stack, before any
 * command was accepted.  The check walks the bytes just as that reader does and
 * refuses what nests too deep.  Otherwise it is as tolerant as the reader: an
 * object that the message's end cuts off is fine, some encoders send such, and
 * a marker that the reader does not know ends the check as it ends the reading.
 */


#ifndef _NGX_LIVE_AMF_H_INCLUDED_
#define _NGX_LIVE_AMF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_AMF_MAX_DEPTH   16       /* containers in each other, E15 */
#define NGX_LIVE_AMF_MAX_VALUES  65536    /* of one message, nested ones too */
#define NGX_LIVE_AMF_NTOP        8        /* top-level values described */

/* AMF0 2.1, the markers that nginx-rtmp reads */

#define NGX_LIVE_AMF_NUMBER      0x00
#define NGX_LIVE_AMF_BOOLEAN     0x01
#define NGX_LIVE_AMF_STRING      0x02
#define NGX_LIVE_AMF_OBJECT      0x03
#define NGX_LIVE_AMF_NULL        0x05
#define NGX_LIVE_AMF_UNDEFINED   0x06
#define NGX_LIVE_AMF_ECMA_ARRAY  0x08
#define NGX_LIVE_AMF_END         0x09
#define NGX_LIVE_AMF_ARRAY       0x0a


/*
 * A top-level value.  nginx-rtmp keeps names in arrays of 128 to 256 bytes and
 * reads them as C strings: one that is longer or has a NUL in it silently
 * becomes another name.
 */

typedef struct {
    ngx_uint_t              type;         /* the marker */
    size_t                  len;          /* of a string, bytes, else 0 */
    unsigned                nul:1;        /* the string has a NUL byte in it */
    unsigned                complete:1;   /* the message has it to its end */
} ngx_live_amf_value_t;


typedef struct {
    uint32_t                left;         /* elements to come, strict array */
    ngx_uint_t              array;        /* strict array or key-value pairs */
} ngx_live_amf_level_t;


typedef struct {

    /* results, valid after any call */

    ngx_uint_t              depth_max;
    ngx_uint_t              nvalues;
    ngx_uint_t              ntop;         /* may exceed NGX_LIVE_AMF_NTOP */
    ngx_live_amf_value_t    top[NGX_LIVE_AMF_NTOP];

    /* private */

    ngx_uint_t              state;
    ngx_uint_t              depth;
    ngx_live_amf_level_t    stack[NGX_LIVE_AMF_MAX_DEPTH];
    ngx_uint_t              need;         /* bytes to come of "number" */
    uint32_t                number;
    size_t                  skip;         /* bytes to come of a body or key */
    unsigned                top_string:1; /* they are of a top-level string */
    unsigned                failed:1;
} ngx_live_amf_check_t;


#pragma GCC visibility push(hidden)

void ngx_live_amf_check_init(ngx_live_amf_check_t *c);

/*
 * Instead of ngx_live_amf_check_init() for shared object messages (types 16 and
 * 19), whose first value is a string without a marker.
 */

void ngx_live_amf_check_init_shared(ngx_live_amf_check_t *c);

/*
 * The buffers of one message, in their order; they may be empty and are not
 * kept.  For AMF3 messages (types 15, 16, 17) nginx-rtmp drops the first byte
 * of the first buffer where that has one, and so must the caller.
 *
 * NGX_ERROR: refuse the message; it sticks.
 */

ngx_int_t ngx_live_amf_check_feed(ngx_live_amf_check_t *c, const u_char *p,
    const u_char *end);

/* the end of the message: NGX_OK, or NGX_ERROR after an error before */

ngx_int_t ngx_live_amf_check_done(ngx_live_amf_check_t *c);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_AMF_H_INCLUDED_ */
