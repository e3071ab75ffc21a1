
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_chunk.h"


/* basic header, message header and extended timestamp, bytes at most */

#define NGX_SIMULCAST_CHUNK_HEAD      (3 + 11 + 4)

#define NGX_SIMULCAST_CHUNK_EXTENDED  0xffffff      /* see 4 bytes more */
#define NGX_SIMULCAST_CHUNK_LENGTH    0xffffff      /* of any message */

/* of all messages that are not complete; bytes */

#define NGX_SIMULCAST_CHUNK_STORED    (2 * NGX_SIMULCAST_CHUNK_MESSAGE)

/* the first allocation for a message, most are smaller; bytes */

#define NGX_SIMULCAST_CHUNK_ALLOC     256


/* a message is in the middle while got is neither 0 nor len */

typedef struct {
    ngx_uint_t                       csid;          /* 0: free */
    uint64_t                         used;          /* when, in chunks */

    /* the last header, from which shorter ones go on */

    ngx_uint_t                       type;
    uint32_t                         timestamp;     /* ms */
    uint32_t                         delta;
    uint32_t                         stream;
    size_t                           len;
    unsigned                         extended:1;
    unsigned                         skip:1;        /* is not stored */

    size_t                           got;
    size_t                           size;          /* of the allocation */
    u_char                          *data;
} ngx_simulcast_chunk_stream_t;


struct ngx_simulcast_chunk_reader_s {
    size_t                           chunk;         /* the server's size */
    uint64_t                         chunks;        /* read so far */
    size_t                           stored;
    u_char                          *given;         /* what was returned */

    ngx_simulcast_chunk_stream_t    *current;       /* of the chunk's payload */
    size_t                           left;          /* bytes of it to come */

    size_t                           nhead;
    u_char                           head[NGX_SIMULCAST_CHUNK_HEAD];

    unsigned                         failed:1;

    ngx_simulcast_chunk_stream_t     streams[NGX_SIMULCAST_CHUNK_STREAMS];
};


static ngx_int_t ngx_simulcast_chunk_header(
    ngx_simulcast_chunk_reader_t *reader, u_char **pos, u_char *last);
static size_t ngx_simulcast_chunk_need(ngx_simulcast_chunk_reader_t *reader);
static size_t ngx_simulcast_chunk_basic(u_char *head);
static ngx_uint_t ngx_simulcast_chunk_csid(u_char *head);
static ngx_int_t ngx_simulcast_chunk_begin(
    ngx_simulcast_chunk_reader_t *reader);
static ngx_simulcast_chunk_stream_t *ngx_simulcast_chunk_find(
    ngx_simulcast_chunk_reader_t *reader, ngx_uint_t csid);
static ngx_simulcast_chunk_stream_t *ngx_simulcast_chunk_add(
    ngx_simulcast_chunk_reader_t *reader, ngx_uint_t csid);
static ngx_int_t ngx_simulcast_chunk_store(
    ngx_simulcast_chunk_reader_t *reader, ngx_simulcast_chunk_stream_t *st,
    u_char *p, size_t n);
static void ngx_simulcast_chunk_drop(ngx_simulcast_chunk_reader_t *reader,
    ngx_simulcast_chunk_stream_t *st);
static ngx_int_t ngx_simulcast_chunk_complete(
    ngx_simulcast_chunk_reader_t *reader, ngx_simulcast_chunk_stream_t *st,
    ngx_simulcast_chunk_message_t *message);
static ngx_int_t ngx_simulcast_chunk_obey(ngx_simulcast_chunk_reader_t *reader,
    ngx_simulcast_chunk_message_t *message);

static ngx_inline uint32_t ngx_simulcast_chunk_get24(const u_char *p);
static ngx_inline uint32_t ngx_simulcast_chunk_get32(const u_char *p);


/* of the message header, by format */

static const size_t  ngx_simulcast_chunk_heads[] = { 11, 7, 3, 0 };


ngx_simulcast_chunk_reader_t *
ngx_simulcast_chunk_create(void)
{
    ngx_simulcast_chunk_reader_t  *reader;

    reader = calloc(1, sizeof(ngx_simulcast_chunk_reader_t));
    if (reader == NULL) {
        return NULL;
    }

    reader->chunk = 128;

    return reader;
}


void
ngx_simulcast_chunk_free(ngx_simulcast_chunk_reader_t *reader)
{
    ngx_uint_t  i;

    if (reader == NULL) {
        return;
    }

    for (i = 0; i < NGX_SIMULCAST_CHUNK_STREAMS; i++) {
        free(reader->streams[i].data);
    }

    free(reader->given);
    free(reader);
}


ngx_int_t
ngx_simulcast_chunk_read(ngx_simulcast_chunk_reader_t *reader, u_char **pos,
    u_char *last, ngx_simulcast_chunk_message_t *message)
{
    size_t                         n;
    ngx_int_t                      rc;
    ngx_simulcast_chunk_stream_t  *st;

    free(reader->given);
    reader->given = NULL;

    while (!reader->failed) {

        if (reader->current == NULL) {

            rc = ngx_simulcast_chunk_header(reader, pos, last);

            if (rc == NGX_AGAIN) {
                return NGX_AGAIN;
            }

            if (rc != NGX_OK) {
                break;
            }
        }

        st = reader->current;
        n = ngx_min(reader->left, (size_t) (last - *pos));

        if (!st->skip && n
            && ngx_simulcast_chunk_store(reader, st, *pos, n) != NGX_OK)
        {
            break;
        }

        *pos += n;
        st->got += n;
        reader->left -= n;

        if (reader->left) {
            return NGX_AGAIN;
        }

        reader->current = NULL;

        if (st->got < st->len) {
            continue;
        }

        rc = ngx_simulcast_chunk_complete(reader, st, message);

        if (rc == NGX_OK) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            break;
        }

        /* NGX_DONE, it was skipped */
    }

    reader->failed = 1;

    return NGX_ERROR;
}


ngx_uint_t
ngx_simulcast_chunk_pending(ngx_simulcast_chunk_reader_t *reader)
{
    ngx_uint_t  i;

    if (reader->nhead || reader->current) {
        return 1;
    }

    for (i = 0; i < NGX_SIMULCAST_CHUNK_STREAMS; i++) {
        if (reader->streams[i].got) {
            return 1;
        }
    }

    return 0;
}


/* gathers a chunk's header, which may come in pieces, and begins its payload */

static ngx_int_t
ngx_simulcast_chunk_header(ngx_simulcast_chunk_reader_t *reader, u_char **pos,
    u_char *last)
{
    while (reader->nhead < ngx_simulcast_chunk_need(reader)) {

        if (*pos == last) {
            return NGX_AGAIN;
        }

        reader->head[reader->nhead++] = *(*pos)++;
    }

    return ngx_simulcast_chunk_begin(reader);
}


/*
 * Bytes of the header, as far as those that are there tell:
 *
 *  0 1 2 3 4 5 6 7
 * +---+-----------+-----------+----------------+--------+--------+--------+
 * |fmt|   csid    | csid - 64 | message header | 0 to 11 bytes | extended |
 * +---+-----------+-----------+----------------+---------------+----------+
 *
 * The second and third byte of the chunk stream's id are there when the first
 * six bits are 0 or 1, the extended timestamp when the timestamp is 0xffffff;
 * chunks of format 3 repeat it.
 */

static size_t
ngx_simulcast_chunk_need(ngx_simulcast_chunk_reader_t *reader)
{
    size_t                         basic, need;
    u_char                        *head;
    ngx_uint_t                     fmt;
    ngx_simulcast_chunk_stream_t  *st;

    head = reader->head;

    if (reader->nhead == 0) {
        return 1;
    }

    basic = ngx_simulcast_chunk_basic(head);

    fmt = head[0] >> 6;
    need = basic + ngx_simulcast_chunk_heads[fmt];

    if (reader->nhead < need) {
        return need;
    }

    if (fmt < 3) {
        return ngx_simulcast_chunk_get24(head + basic)
                   == NGX_SIMULCAST_CHUNK_EXTENDED ? need + 4 : need;
    }

    st = ngx_simulcast_chunk_find(reader, ngx_simulcast_chunk_csid(head));

    return st && st->extended ? need + 4 : need;
}


static size_t
ngx_simulcast_chunk_basic(u_char *head)
{
    switch (head[0] & 0x3f) {

    case 0:
        return 2;

    case 1:
        return 3;

    default:
        return 1;
    }
}


static ngx_uint_t
ngx_simulcast_chunk_csid(u_char *head)
{
    switch (head[0] & 0x3f) {

    case 0:
        return 64 + head[1];

    case 1:
        return 64 + head[1] + ((ngx_uint_t) head[2] << 8);

    default:
        return head[0] & 0x3f;
    }
}


/* the header is whole */

static ngx_int_t
ngx_simulcast_chunk_begin(ngx_simulcast_chunk_reader_t *reader)
{
    u_char                        *p;
    uint32_t                       timestamp;
    ngx_uint_t                     csid, fmt;
    ngx_simulcast_chunk_stream_t  *st;

    fmt = reader->head[0] >> 6;
    csid = ngx_simulcast_chunk_csid(reader->head);
    p = reader->head + ngx_simulcast_chunk_basic(reader->head);

    st = ngx_simulcast_chunk_find(reader, csid);

    if (st == NULL) {

        /*
         * There is nothing from which a short header could go on. Format 1 has
         * all but the message stream, and some servers do begin with it.
         */

        if (fmt > 1) {
            return NGX_ERROR;
        }

        st = ngx_simulcast_chunk_add(reader, csid);
        if (st == NULL) {
            return NGX_ERROR;
        }
    }

    /* within a message there are only chunks of format 3 */

    if (st->got && fmt != 3) {
        return NGX_ERROR;
    }

    if (fmt < 3) {
        timestamp = ngx_simulcast_chunk_get24(p);

        st->extended = (timestamp == NGX_SIMULCAST_CHUNK_EXTENDED);

        if (st->extended) {
            timestamp = ngx_simulcast_chunk_get32(
                                      p + ngx_simulcast_chunk_heads[fmt]);
        }

        st->delta = timestamp;

        if (fmt < 2) {
            st->len = ngx_simulcast_chunk_get24(p + 3);
            st->type = p[6];
        }

        if (fmt == 0) {
            st->timestamp = 0;
            st->stream = p[7] | (uint32_t) p[8] << 8 | (uint32_t) p[9] << 16
                         | (uint32_t) p[10] << 24;
        }
    }

    if (st->got == 0) {

        /*
         * A new message. Behind format 0 its timestamp also is the delta of
         * messages of format 3.
         */

        st->timestamp += st->delta;

        st->skip = (st->type == NGX_SIMULCAST_MSG_AUDIO
                    || st->type == NGX_SIMULCAST_MSG_VIDEO);

        if (!st->skip && st->len > NGX_SIMULCAST_CHUNK_MESSAGE) {
            return NGX_ERROR;
        }
    }

    st->used = ++reader->chunks;

    reader->nhead = 0;
    reader->current = st;
    reader->left = ngx_min(st->len - st->got, reader->chunk);

    return NGX_OK;
}


static ngx_simulcast_chunk_stream_t *
ngx_simulcast_chunk_find(ngx_simulcast_chunk_reader_t *reader, ngx_uint_t csid)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_SIMULCAST_CHUNK_STREAMS; i++) {
        if (reader->streams[i].csid == csid) {
            return &reader->streams[i];
        }
    }

    return NULL;
}


/* in place of the one that has been idle longest; NULL: all have a message */

static ngx_simulcast_chunk_stream_t *
ngx_simulcast_chunk_add(ngx_simulcast_chunk_reader_t *reader, ngx_uint_t csid)
{
    ngx_uint_t                     i;
    ngx_simulcast_chunk_stream_t  *st, *oldest;

    oldest = NULL;

    for (i = 0; i < NGX_SIMULCAST_CHUNK_STREAMS; i++) {
        st = &reader->streams[i];

        if (st->got == 0 && (oldest == NULL || st->used < oldest->used)) {
            oldest = st;
        }
    }

    if (oldest) {
        ngx_memzero(oldest, sizeof(ngx_simulcast_chunk_stream_t));
        oldest->csid = csid;
    }

    return oldest;
}


/*
 * The memory grows with the bytes that came, not with the length that the
 * server claims.
 */

static ngx_int_t
ngx_simulcast_chunk_store(ngx_simulcast_chunk_reader_t *reader,
    ngx_simulcast_chunk_stream_t *st, u_char *p, size_t n)
{
    size_t   size;
    u_char  *data;

    if (n > NGX_SIMULCAST_CHUNK_STORED - reader->stored) {
        return NGX_ERROR;
    }

    if (n > st->size - st->got) {
        size = ngx_max(st->size * 2, NGX_SIMULCAST_CHUNK_ALLOC);
        size = ngx_min(ngx_max(size, st->got + n), st->len);

        data = realloc(st->data, size);
        if (data == NULL) {
            return NGX_ERROR;
        }

        st->data = data;
        st->size = size;
    }

    ngx_memcpy(st->data + st->got, p, n);
    reader->stored += n;

    return NGX_OK;
}


/* what came of the message is forgotten, the header is not */

static void
ngx_simulcast_chunk_drop(ngx_simulcast_chunk_reader_t *reader,
    ngx_simulcast_chunk_stream_t *st)
{
    if (!st->skip) {
        reader->stored -= st->got;
    }

    free(st->data);

    st->data = NULL;
    st->size = 0;
    st->got = 0;
}


static ngx_int_t
ngx_simulcast_chunk_complete(ngx_simulcast_chunk_reader_t *reader,
    ngx_simulcast_chunk_stream_t *st, ngx_simulcast_chunk_message_t *message)
{
    if (st->skip) {
        ngx_simulcast_chunk_drop(reader, st);
        return NGX_DONE;
    }

    reader->given = st->data;
    st->data = NULL;

    message->type = st->type;
    message->timestamp = st->timestamp;
    message->stream = st->stream;
    message->data = reader->given ? reader->given : reader->head;
    message->len = st->len;

    ngx_simulcast_chunk_drop(reader, st);

    return ngx_simulcast_chunk_obey(reader, message);
}


static ngx_int_t
ngx_simulcast_chunk_obey(ngx_simulcast_chunk_reader_t *reader,
    ngx_simulcast_chunk_message_t *message)
{
    uint32_t                       value;
    ngx_simulcast_chunk_stream_t  *st;

    if (message->type != NGX_SIMULCAST_MSG_CHUNK_SIZE
        && message->type != NGX_SIMULCAST_MSG_ABORT)
    {
        return NGX_OK;
    }

    if (message->len < 4) {
        return NGX_ERROR;
    }

    value = ngx_simulcast_chunk_get32(message->data);

    if (message->type == NGX_SIMULCAST_MSG_CHUNK_SIZE) {

        if (value == 0 || value & 0x80000000) {
            return NGX_ERROR;
        }

        /* no message is longer, larger sizes all mean the same */

        reader->chunk = ngx_min(value, NGX_SIMULCAST_CHUNK_LENGTH);

        return NGX_OK;
    }

    /* 0 would find a free one */

    st = value ? ngx_simulcast_chunk_find(reader, value) : NULL;

    if (st) {
        ngx_simulcast_chunk_drop(reader, st);
    }

    return NGX_OK;
}


u_char *
ngx_simulcast_chunk_write(u_char *p, ngx_uint_t csid, ngx_uint_t type,
    uint32_t stream, uint32_t timestamp, u_char *data, size_t len,
    size_t chunk)
{
    size_t  n;

    *p++ = (u_char) csid;

    *p++ = (u_char) (timestamp >> 16);
    *p++ = (u_char) (timestamp >> 8);
    *p++ = (u_char) timestamp;

    *p++ = (u_char) (len >> 16);
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    *p++ = (u_char) type;

    *p++ = (u_char) stream;
    *p++ = (u_char) (stream >> 8);
    *p++ = (u_char) (stream >> 16);
    *p++ = (u_char) (stream >> 24);

    while (len) {
        n = ngx_min(len, chunk);

        p = ngx_cpymem(p, data, n);
        data += n;
        len -= n;

        if (len) {
            *p++ = (u_char) (3 << 6 | csid);
        }
    }

    return p;
}


size_t
ngx_simulcast_chunk_room(size_t len, size_t chunk)
{
    return 1 + ngx_simulcast_chunk_heads[0] + len
           + (len ? (len - 1) / chunk : 0);
}


static ngx_inline uint32_t
ngx_simulcast_chunk_get24(const u_char *p)
{
    return (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
}


static ngx_inline uint32_t
ngx_simulcast_chunk_get32(const u_char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}
