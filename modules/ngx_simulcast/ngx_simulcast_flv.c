
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_flv.h"

#include <stdlib.h>


/*
 * The file's header, E.2, and each tag's, E.4.1; the timestamp's high byte
 * comes last.
 *
 *     "FLV"  version 1  flags  data offset (4)
 *     previous tag size (4)
 *     filter (1 bit), type (5)  length (3)  timestamp (3, 1)  stream id 0 (3)
 *     payload
 *     previous tag size (4): 11 and the payload
 */

#define NGX_SIMULCAST_FLV_OFFSET  9         /* of data, in version 1 */

/* a header may be longer in versions to come; nobody's is by much */
#define NGX_SIMULCAST_FLV_OFFSET_MAX  1024

#define NGX_SIMULCAST_FLV_CHUNK   16384     /* the least memory of a payload */
#define NGX_SIMULCAST_FLV_KEPT    1048576   /* more than this is given back */


typedef enum {
    NGX_SIMULCAST_FLV_READ_FILE = 0,
    NGX_SIMULCAST_FLV_READ_SKIP,
    NGX_SIMULCAST_FLV_READ_HEAD,
    NGX_SIMULCAST_FLV_READ_BODY,
    NGX_SIMULCAST_FLV_READ_FAILED
} ngx_simulcast_flv_state_e;


struct ngx_simulcast_flv_reader_s {
    ngx_uint_t   state;             /* ngx_simulcast_flv_state_e */
    size_t       max;

    u_char       head[NGX_SIMULCAST_FLV_HEAD];
    size_t       head_len;
    size_t       skip;              /* bytes to come before the first tag */

    ngx_uint_t   type;
    uint32_t     timestamp;
    size_t       need;              /* payload and tail */

    u_char      *buf;
    size_t       size;
    size_t       len;
};


static ngx_int_t ngx_simulcast_flv_collect(ngx_simulcast_flv_reader_t *reader,
    u_char **pos, u_char *last, size_t need);
static ngx_int_t ngx_simulcast_flv_open(ngx_simulcast_flv_reader_t *reader);
static ngx_int_t ngx_simulcast_flv_tag(ngx_simulcast_flv_reader_t *reader);
static ngx_int_t ngx_simulcast_flv_body(ngx_simulcast_flv_reader_t *reader,
    u_char **pos, u_char *last, ngx_simulcast_flv_tag_t *tag);
static ngx_int_t ngx_simulcast_flv_grow(ngx_simulcast_flv_reader_t *reader,
    size_t len);
static uint32_t ngx_simulcast_flv_get24(u_char *p);
static uint32_t ngx_simulcast_flv_get32(u_char *p);


ngx_simulcast_flv_reader_t *
ngx_simulcast_flv_create(size_t max)
{
    ngx_simulcast_flv_reader_t  *reader;

    reader = calloc(1, sizeof(ngx_simulcast_flv_reader_t));
    if (reader == NULL) {
        return NULL;
    }

    reader->max = max;

    return reader;
}


void
ngx_simulcast_flv_free(ngx_simulcast_flv_reader_t *reader)
{
    free(reader->buf);
    free(reader);
}


size_t
ngx_simulcast_flv_memory(ngx_simulcast_flv_reader_t *reader)
{
    return reader->size;
}


ngx_int_t
ngx_simulcast_flv_read(ngx_simulcast_flv_reader_t *reader, u_char **pos,
    u_char *last, ngx_simulcast_flv_tag_t *tag)
{
    size_t     n;
    ngx_int_t  rc;

    /* the payload of the last call is not needed any more */

    if (reader->len == 0 && reader->size > NGX_SIMULCAST_FLV_KEPT) {
        free(reader->buf);
        reader->buf = NULL;
        reader->size = 0;
    }

    for ( ;; ) {

        switch (reader->state) {

        case NGX_SIMULCAST_FLV_READ_FILE:
            rc = ngx_simulcast_flv_collect(reader, pos, last,
                                           NGX_SIMULCAST_FLV_OFFSET);

            if (rc == NGX_OK) {
                rc = ngx_simulcast_flv_open(reader);
            }

            break;

        case NGX_SIMULCAST_FLV_READ_SKIP:
            n = ngx_min((size_t) (last - *pos), reader->skip);
            *pos += n;
            reader->skip -= n;
            rc = reader->skip ? NGX_AGAIN : NGX_OK;

            if (rc == NGX_OK) {
                reader->state = NGX_SIMULCAST_FLV_READ_HEAD;
            }

            break;

        case NGX_SIMULCAST_FLV_READ_HEAD:
            rc = ngx_simulcast_flv_collect(reader, pos, last,
                                           NGX_SIMULCAST_FLV_HEAD);

            if (rc == NGX_OK) {
                rc = ngx_simulcast_flv_tag(reader);
            }

            break;

        case NGX_SIMULCAST_FLV_READ_BODY:
            rc = ngx_simulcast_flv_body(reader, pos, last, tag);

            if (rc == NGX_OK) {
                return NGX_OK;
            }

            break;

        default: /* NGX_SIMULCAST_FLV_READ_FAILED */
            return NGX_ERROR;
        }

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_ERROR) {
            reader->state = NGX_SIMULCAST_FLV_READ_FAILED;
            return NGX_ERROR;
        }
    }
}


static ngx_int_t
ngx_simulcast_flv_collect(ngx_simulcast_flv_reader_t *reader, u_char **pos,
    u_char *last, size_t need)
{
    size_t  n;

    n = ngx_min((size_t) (last - *pos), need - reader->head_len);

    ngx_memcpy(reader->head + reader->head_len, *pos, n);
    reader->head_len += n;
    *pos += n;

    if (reader->head_len < need) {
        return NGX_AGAIN;
    }

    reader->head_len = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_flv_open(ngx_simulcast_flv_reader_t *reader)
{
    uint32_t   offset;
    u_char    *p;

    p = reader->head;

    if (p[0] != 'F' || p[1] != 'L' || p[2] != 'V' || p[3] != 1) {
        return NGX_ERROR;
    }

    offset = ngx_simulcast_flv_get32(p + 5);

    if (offset < NGX_SIMULCAST_FLV_OFFSET
        || offset > NGX_SIMULCAST_FLV_OFFSET_MAX)
    {
        return NGX_ERROR;
    }

    reader->skip = offset - NGX_SIMULCAST_FLV_OFFSET + NGX_SIMULCAST_FLV_TAIL;
    reader->state = NGX_SIMULCAST_FLV_READ_SKIP;

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_flv_tag(ngx_simulcast_flv_reader_t *reader)
{
    size_t   len;
    u_char  *p;

    p = reader->head;
    len = ngx_simulcast_flv_get24(p + 1);

    /* with the reserved and filter bits: what is encrypted is of no use */

    if (p[0] != NGX_SIMULCAST_FLV_AUDIO
        && p[0] != NGX_SIMULCAST_FLV_VIDEO
        && p[0] != NGX_SIMULCAST_FLV_META)
    {
        return NGX_ERROR;
    }

    if (ngx_simulcast_flv_get24(p + 8) != 0 || len > reader->max) {
        return NGX_ERROR;
    }

    reader->type = p[0];
    reader->timestamp = ngx_simulcast_flv_get24(p + 4)
                        | (uint32_t) p[7] << 24;
    reader->need = len + NGX_SIMULCAST_FLV_TAIL;
    reader->state = NGX_SIMULCAST_FLV_READ_BODY;

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_flv_body(ngx_simulcast_flv_reader_t *reader, u_char **pos,
    u_char *last, ngx_simulcast_flv_tag_t *tag)
{
    size_t   n, len;
    u_char  *p;

    n = ngx_min((size_t) (last - *pos), reader->need - reader->len);

    if (n == reader->need) {

        /* all of it is here: no copy */

        p = *pos;
        *pos += n;

    } else {

        if (n == 0) {
            return NGX_AGAIN;
        }

        if (ngx_simulcast_flv_grow(reader, reader->len + n) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_memcpy(reader->buf + reader->len, *pos, n);
        reader->len += n;
        *pos += n;

        if (reader->len < reader->need) {
            return NGX_AGAIN;
        }

        p = reader->buf;
        reader->len = 0;
    }

    len = reader->need - NGX_SIMULCAST_FLV_TAIL;

    if (ngx_simulcast_flv_get32(p + len) != NGX_SIMULCAST_FLV_HEAD + len) {
        return NGX_ERROR;
    }

    tag->type = reader->type;
    tag->timestamp = reader->timestamp;
    tag->data = p;
    tag->len = len;

    reader->state = NGX_SIMULCAST_FLV_READ_HEAD;

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_flv_grow(ngx_simulcast_flv_reader_t *reader, size_t len)
{
    size_t   size;
    u_char  *buf;

    if (len <= reader->size) {
        return NGX_OK;
    }

    size = ngx_max(reader->size * 2, NGX_SIMULCAST_FLV_CHUNK);
    size = ngx_max(size, len);

    buf = realloc(reader->buf, size);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    reader->buf = buf;
    reader->size = size;

    return NGX_OK;
}


static uint32_t
ngx_simulcast_flv_get24(u_char *p)
{
    return (uint32_t) p[0] << 16 | p[1] << 8 | p[2];
}


static uint32_t
ngx_simulcast_flv_get32(u_char *p)
{
    return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}


u_char *
ngx_simulcast_flv_file(u_char *p, ngx_uint_t audio, ngx_uint_t video)
{
    *p++ = 'F';
    *p++ = 'L';
    *p++ = 'V';
    *p++ = 1;
    *p++ = (audio ? 0x04 : 0) | (video ? 0x01 : 0);

    *p++ = 0;
    *p++ = 0;
    *p++ = 0;
    *p++ = NGX_SIMULCAST_FLV_OFFSET;

    ngx_memzero(p, NGX_SIMULCAST_FLV_TAIL);

    return p + NGX_SIMULCAST_FLV_TAIL;
}


u_char *
ngx_simulcast_flv_head(u_char *p, ngx_uint_t type, uint32_t timestamp,
    size_t len)
{
    *p++ = (u_char) type;

    *p++ = (u_char) (len >> 16);
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    *p++ = (u_char) (timestamp >> 16);
    *p++ = (u_char) (timestamp >> 8);
    *p++ = (u_char) timestamp;
    *p++ = (u_char) (timestamp >> 24);

    *p++ = 0;
    *p++ = 0;
    *p++ = 0;

    return p;
}


u_char *
ngx_simulcast_flv_tail(u_char *p, size_t len)
{
    len += NGX_SIMULCAST_FLV_HEAD;

    *p++ = (u_char) (len >> 24);
    *p++ = (u_char) (len >> 16);
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    return p;
}
