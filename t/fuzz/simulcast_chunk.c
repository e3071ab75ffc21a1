
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, a seed for where to split, then what the server sends.  Read
 * whole and in parts, the messages must be the same; what was written for a
 * message is read as this message.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_chunk.c */


#include "fuzz.h"
#include "ngx_simulcast_chunk.h"


typedef struct {
    uint64_t    sum;          /* of all that was read */
    size_t      bytes;
    ngx_uint_t  messages;
    ngx_uint_t  failed;
} result_t;


static void
add(result_t *r, const void *data, size_t len)
{
    size_t         i;
    const u_char  *p;

    for (p = data, i = 0; i < len; i++) {
        r->sum = (r->sum ^ p[i]) * 0x100000001b3;
    }
}


static void
again(ngx_simulcast_chunk_message_t *m)
{
    size_t                          size;
    u_char                         *buf, *p, *last, csize[4];
    ngx_simulcast_chunk_reader_t   *reader;
    ngx_simulcast_chunk_message_t   copy;

    size = ngx_simulcast_chunk_room(4, 128)
           + ngx_simulcast_chunk_room(m->len, 100);

    buf = malloc(size);
    reader = ngx_simulcast_chunk_create();
    fuzz_assert(buf && reader);

    csize[0] = csize[1] = csize[2] = 0;
    csize[3] = 100;

    p = ngx_simulcast_chunk_write(buf, 2, NGX_SIMULCAST_MSG_CHUNK_SIZE, 0, 0,
                                  csize, 4, 128);
    last = ngx_simulcast_chunk_write(p, 3 + m->len % 61, m->type, m->stream,
                                     m->timestamp % 0xffffff, m->data, m->len,
                                     100);
    fuzz_assert(last == buf + size);

    p = buf;

    fuzz_assert(ngx_simulcast_chunk_read(reader, &p, last, &copy) == NGX_OK);
    fuzz_assert(ngx_simulcast_chunk_read(reader, &p, last, &copy) == NGX_OK);

    fuzz_assert(copy.type == m->type && copy.stream == m->stream);
    fuzz_assert(copy.timestamp == m->timestamp % 0xffffff);
    fuzz_assert(copy.len == m->len);
    fuzz_assert(m->len == 0 || memcmp(copy.data, m->data, m->len) == 0);
    fuzz_assert(p == last && !ngx_simulcast_chunk_pending(reader));

    ngx_simulcast_chunk_free(reader);
    free(buf);
}


static void
part(ngx_simulcast_chunk_reader_t *reader, const u_char *data, size_t len,
    result_t *r)
{
    u_char                         *p, *last;
    ngx_int_t                       rc;
    ngx_simulcast_chunk_message_t   m;

    p = (u_char *) data;
    last = p + len;

    while ((rc = ngx_simulcast_chunk_read(reader, &p, last, &m)) == NGX_OK) {

        fuzz_assert(m.len <= NGX_SIMULCAST_CHUNK_MESSAGE);
        fuzz_assert(m.type != NGX_SIMULCAST_MSG_AUDIO
                    && m.type != NGX_SIMULCAST_MSG_VIDEO);

        add(r, &m.type, sizeof(m.type));
        add(r, &m.timestamp, 4);
        add(r, &m.stream, 4);
        add(r, m.data, m.len);

        r->messages++;
        r->bytes += m.len;

        if (r->messages < 20 && m.type != NGX_SIMULCAST_MSG_CHUNK_SIZE
            && m.type != NGX_SIMULCAST_MSG_ABORT)
        {
            again(&m);
        }
    }

    if (rc == NGX_AGAIN) {
        fuzz_assert(p == last);

    } else {
        fuzz_assert(rc == NGX_ERROR);
        fuzz_assert(ngx_simulcast_chunk_read(reader, &p, last, &m)
                    == NGX_ERROR);
        r->failed = 1;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                         n;
    uint32_t                       seed;
    result_t                       whole, parts;
    ngx_uint_t                     pending;
    const u_char                  *p, *end;
    ngx_simulcast_chunk_reader_t  *reader;

    if (size == 0) {
        return 0;
    }

    p = data + 1;
    end = data + size;
    seed = data[0];

    ngx_memzero(&whole, sizeof(result_t));
    ngx_memzero(&parts, sizeof(result_t));

    reader = ngx_simulcast_chunk_create();
    fuzz_assert(reader);

    part(reader, p, end - p, &whole);
    fuzz_assert(whole.bytes < size);

    pending = ngx_simulcast_chunk_pending(reader);
    ngx_simulcast_chunk_free(reader);

    reader = ngx_simulcast_chunk_create();
    fuzz_assert(reader);

    while (p < end && !parts.failed) {
        seed = seed * 1103515245 + 12345;
        n = ngx_min((seed >> 16 & 0x1f), (size_t) (end - p));

        part(reader, p, n, &parts);
        p += n;
    }

    fuzz_assert(whole.sum == parts.sum);
    fuzz_assert(whole.messages == parts.messages);
    fuzz_assert(whole.failed == parts.failed);
    fuzz_assert(whole.failed
                || pending == ngx_simulcast_chunk_pending(reader));

    ngx_simulcast_chunk_free(reader);

    return 0;
}
