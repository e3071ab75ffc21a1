
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_amf.h"


typedef enum {
    ngx_live_amf_marker = 0,
    ngx_live_amf_length,         /* of a string, 2 bytes */
    ngx_live_amf_body,           /* of a number, boolean or string */
    ngx_live_amf_index,          /* of an ECMA array, 4 bytes, a mere hint */
    ngx_live_amf_count,          /* of a strict array, 4 bytes */
    ngx_live_amf_key,            /* its length, 2 bytes */
    ngx_live_amf_name,           /* the key itself */
    ngx_live_amf_end,            /* the marker behind an empty key */
    ngx_live_amf_stop            /* nothing from here on is read */
} ngx_live_amf_state_e;


static ngx_int_t ngx_live_amf_value(ngx_live_amf_check_t *c, u_char type);
static ngx_int_t ngx_live_amf_open(ngx_live_amf_check_t *c, ngx_uint_t array);
static void ngx_live_amf_close(ngx_live_amf_check_t *c);
static void ngx_live_amf_number(ngx_live_amf_check_t *c);
static void ngx_live_amf_skip(ngx_live_amf_check_t *c, const u_char *p,
    size_t n);
static void ngx_live_amf_ended(ngx_live_amf_check_t *c);
static void ngx_live_amf_expect(ngx_live_amf_check_t *c, ngx_uint_t state,
    ngx_uint_t need);


void
ngx_live_amf_check_init(ngx_live_amf_check_t *c)
{
    ngx_memzero(c, sizeof(ngx_live_amf_check_t));

    c->state = ngx_live_amf_marker;
}


void
ngx_live_amf_check_init_shared(ngx_live_amf_check_t *c)
{
    ngx_live_amf_check_init(c);

    (void) ngx_live_amf_value(c, NGX_LIVE_AMF_STRING);
}


ngx_int_t
ngx_live_amf_check_feed(ngx_live_amf_check_t *c, const u_char *p,
    const u_char *end)
{
    size_t  n;

    while (p < end && !c->failed) {

        switch (c->state) {

        case ngx_live_amf_marker:

            if (ngx_live_amf_value(c, *p++) != NGX_OK) {
                c->failed = 1;
            }

            break;

        case ngx_live_amf_length:
        case ngx_live_amf_count:
        case ngx_live_amf_key:

            c->number = c->number << 8 | *p++;

            if (--c->need == 0) {
                ngx_live_amf_number(c);
            }

            break;

        case ngx_live_amf_body:
        case ngx_live_amf_index:
        case ngx_live_amf_name:

            n = ngx_min(c->skip, (size_t) (end - p));

            ngx_live_amf_skip(c, p, n);
            p += n;

            break;

        case ngx_live_amf_end:

            /* anything but the marker is an error to nginx-rtmp */

            if (*p++ == NGX_LIVE_AMF_END) {
                ngx_live_amf_close(c);

            } else {
                c->state = ngx_live_amf_stop;
            }

            break;

        default: /* ngx_live_amf_stop */
            return NGX_OK;
        }
    }

    return c->failed ? NGX_ERROR : NGX_OK;
}


/*
 * What the end of the message cuts off needs no refusal: nginx-rtmp takes an
 * object without its end for whole and fails on anything else.  It may then
 * take a single byte, left of a key's length, for the marker of a value in an
 * array around that object; with nothing behind it this opens no level.
 */

ngx_int_t
ngx_live_amf_check_done(ngx_live_amf_check_t *c)
{
    return c->failed ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_live_amf_value(ngx_live_amf_check_t *c, u_char type)
{
    if (++c->nvalues > NGX_LIVE_AMF_MAX_VALUES) {
        return NGX_ERROR;
    }

    if (c->depth == 0 && c->ntop++ < NGX_LIVE_AMF_NTOP) {
        c->top[c->ntop - 1].type = type;
    }

    switch (type) {

    case NGX_LIVE_AMF_NUMBER:
        c->state = ngx_live_amf_body;
        c->skip = 8;
        return NGX_OK;

    case NGX_LIVE_AMF_BOOLEAN:
        c->state = ngx_live_amf_body;
        c->skip = 1;
        return NGX_OK;

    case NGX_LIVE_AMF_STRING:
        ngx_live_amf_expect(c, ngx_live_amf_length, 2);
        return NGX_OK;

    case NGX_LIVE_AMF_OBJECT:
        ngx_live_amf_expect(c, ngx_live_amf_key, 2);
        return ngx_live_amf_open(c, 0);

    case NGX_LIVE_AMF_ECMA_ARRAY:
        c->state = ngx_live_amf_index;
        c->skip = 4;
        return ngx_live_amf_open(c, 0);

    case NGX_LIVE_AMF_ARRAY:
        ngx_live_amf_expect(c, ngx_live_amf_count, 4);
        return ngx_live_amf_open(c, 1);

    case NGX_LIVE_AMF_NULL:
    case NGX_LIVE_AMF_UNDEFINED:

        /* fall through */

    case NGX_LIVE_AMF_END:

        /* a value without a body to nginx-rtmp, wherever it is */

        ngx_live_amf_ended(c);
        return NGX_OK;

    default:

        /* long strings, references, dates, ...: nginx-rtmp fails on them */

        c->state = ngx_live_amf_stop;
        return NGX_OK;
    }
}


static ngx_int_t
ngx_live_amf_open(ngx_live_amf_check_t *c, ngx_uint_t array)
{
    if (c->depth == NGX_LIVE_AMF_MAX_DEPTH) {
        return NGX_ERROR;
    }

    c->stack[c->depth].array = array;
    c->stack[c->depth].left = 0;
    c->depth++;

    c->depth_max = ngx_max(c->depth_max, c->depth);

    return NGX_OK;
}


static void
ngx_live_amf_close(ngx_live_amf_check_t *c)
{
    c->depth--;
    ngx_live_amf_ended(c);
}


/* a length or a count is whole */

static void
ngx_live_amf_number(ngx_live_amf_check_t *c)
{
    switch (c->state) {

    case ngx_live_amf_length:
        c->state = ngx_live_amf_body;
        c->skip = c->number;

        if (c->depth == 0 && c->ntop <= NGX_LIVE_AMF_NTOP) {
            c->top[c->ntop - 1].len = c->number;
            c->top_string = 1;
        }

        if (c->skip == 0) {
            ngx_live_amf_ended(c);
        }

        break;

    case ngx_live_amf_count:

        /* whatever the count is, each element takes a byte of the message */

        c->stack[c->depth - 1].left = c->number;

        if (c->number == 0) {
            ngx_live_amf_close(c);

        } else {
            c->state = ngx_live_amf_marker;
        }

        break;

    default: /* ngx_live_amf_key */

        if (c->number == 0) {
            c->state = ngx_live_amf_end;

        } else {
            c->state = ngx_live_amf_name;
            c->skip = c->number;
        }
    }
}


static void
ngx_live_amf_skip(ngx_live_amf_check_t *c, const u_char *p, size_t n)
{
    if (c->top_string && memchr(p, 0, n) != NULL) {
        c->top[c->ntop - 1].nul = 1;
    }

    c->skip -= n;

    if (c->skip) {
        return;
    }

    switch (c->state) {

    case ngx_live_amf_index:
        ngx_live_amf_expect(c, ngx_live_amf_key, 2);
        break;

    case ngx_live_amf_name:
        c->state = ngx_live_amf_marker;
        break;

    default: /* ngx_live_amf_body */
        ngx_live_amf_ended(c);
    }
}


/* a value is whole, and with it any array that it was the last element of */

static void
ngx_live_amf_ended(ngx_live_amf_check_t *c)
{
    ngx_live_amf_level_t  *level;

    c->top_string = 0;

    while (c->depth) {

        level = &c->stack[c->depth - 1];

        if (!level->array) {
            ngx_live_amf_expect(c, ngx_live_amf_key, 2);
            return;
        }

        if (--level->left) {
            c->state = ngx_live_amf_marker;
            return;
        }

        c->depth--;
    }

    if (c->ntop <= NGX_LIVE_AMF_NTOP) {
        c->top[c->ntop - 1].complete = 1;
    }

    c->state = ngx_live_amf_marker;
}


/* the next "need" bytes are a number */

static void
ngx_live_amf_expect(ngx_live_amf_check_t *c, ngx_uint_t state, ngx_uint_t need)
{
    c->state = state;
    c->need = need;
    c->number = 0;
}
