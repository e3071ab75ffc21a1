
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte that says how the rest, FLV, is cut into pieces. The tags must
 * be those that are read from all of it at once, and writing them down again
 * must give what is read alike.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_flv.c */


#include "fuzz.h"
#include "ngx_simulcast_flv.h"

#include <string.h>


#define MAX  1000


typedef struct {
    u_char   *buf;
    size_t    len;
} written_t;


static u_char *
copy(const u_char *p, size_t len)
{
    u_char  *buf;

    buf = malloc(len ? len : 1);

    if (buf == NULL) {
        exit(2);
    }

    ngx_memcpy(buf, p, len);

    return buf;
}


/* reads in pieces of `step` and writes down what was read */

static ngx_int_t
run(const u_char *data, size_t size, size_t step, written_t *out)
{
    size_t                       n, pos;
    u_char                      *p, *piece, *end;
    ngx_int_t                    rc;
    ngx_simulcast_flv_tag_t      tag;
    ngx_simulcast_flv_reader_t  *reader;

    reader = ngx_simulcast_flv_create(MAX);

    /* what is read was there, but for the header that we write */

    out->buf = malloc(size + NGX_SIMULCAST_FLV_FILE);

    if (reader == NULL || out->buf == NULL) {
        exit(2);
    }

    end = ngx_simulcast_flv_file(out->buf, 1, 1);
    rc = NGX_AGAIN;

    for (pos = 0; pos < size && rc == NGX_AGAIN; pos += n) {

        n = ngx_min(step, size - pos);
        piece = copy(data + pos, n);
        p = piece;

        while ((rc = ngx_simulcast_flv_read(reader, &p, piece + n, &tag))
               == NGX_OK)
        {
            fuzz_assert(tag.type == NGX_SIMULCAST_FLV_AUDIO
                        || tag.type == NGX_SIMULCAST_FLV_VIDEO
                        || tag.type == NGX_SIMULCAST_FLV_META);
            fuzz_assert(tag.len <= MAX);

            end = ngx_simulcast_flv_head(end, tag.type, tag.timestamp,
                                         tag.len);
            end = ngx_cpymem(end, tag.data, tag.len);
            end = ngx_simulcast_flv_tail(end, tag.len);
        }

        fuzz_assert(rc == NGX_AGAIN || rc == NGX_ERROR);
        fuzz_assert(rc == NGX_ERROR || p == piece + n);
        fuzz_assert(p >= piece && p <= piece + n);
        fuzz_assert(ngx_simulcast_flv_memory(reader) <= 65536);

        if (rc == NGX_ERROR) {
            fuzz_assert(ngx_simulcast_flv_read(reader, &p, piece + n, &tag)
                        == NGX_ERROR);
        }

        free(piece);
    }

    out->len = end - out->buf;

    ngx_simulcast_flv_free(reader);

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t     step;
    ngx_int_t  rc;
    written_t  whole, pieces, again;

    if (size == 0) {
        return 0;
    }

    step = data[0] + 1;
    data++;
    size--;

    rc = run(data, size, size ? size : 1, &whole);

    fuzz_assert(run(data, size, step, &pieces) == rc);
    fuzz_assert(pieces.len == whole.len);
    fuzz_assert(memcmp(pieces.buf, whole.buf, whole.len) == 0);

    fuzz_assert(run(whole.buf, whole.len, step, &again) == NGX_AGAIN);
    fuzz_assert(again.len == whole.len);
    fuzz_assert(memcmp(again.buf, whole.buf, whole.len) == 0);

    free(whole.buf);
    free(pieces.buf);
    free(again.buf);

    return 0;
}
