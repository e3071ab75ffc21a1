
/*
 * Copyright (C) the ngx_live contributors
 *
 * The chunk stream of a client.  Each row is read whole, byte by byte, and in
 * two parts, split at every place.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_chunk.c */


#include "tap.h"
#include "ngx_simulcast_chunk.h"


/* headers: format 0 on chunk stream 3, of messages of type 20 */

#define HEAD0(len)  "03 000001 0000" len " 14 01000000 "
#define B128        B64 B64
#define B64         B16 B16 B16 B16
#define B16         "00010203 04050607 08090a0b 0c0d0e0f "


typedef struct {
    const char  *name;
    const char  *hex;
    const char  *want;    /* type@timestamp/stream:bytes of each message, then
                             the answer, and whether something is pending */
} row_t;


static const row_t  rows[] = {

    /* the formats */

    { "nothing", "", "again" },
    { "format 0", HEAD0("02") "6162", "20@1/1:6162 again" },
    { "a message without a body", HEAD0("00"), "20@1/1: again" },
    { "format 1, with a delta",
      HEAD0("02") "6162 43 000005 000001 14 63",
      "20@1/1:6162 20@6/1:63 again" },
    { "format 2", HEAD0("02") "6162 83 000005 6364",
      "20@1/1:6162 20@6/1:6364 again" },
    { "format 3 repeats the delta",
      HEAD0("02") "6162 83 000005 6364 c3 6566 c3 6768",
      "20@1/1:6162 20@6/1:6364 20@11/1:6566 20@16/1:6768 again" },
    { "format 3 behind format 0: its timestamp is the delta",
      HEAD0("02") "6162 c3 6364", "20@1/1:6162 20@2/1:6364 again" },
    { "format 1 at first: message stream 0",
      "43 000005 000001 14 63", "20@5/0:63 again" },
    { "format 2 at first", "83 000005", "error" },
    { "format 3 at first", "c3", "error" },

    /* basic headers */

    { "a chunk stream of 2 bytes",
      "00 06 000000 000001 14 00000000 61  40 06 000000 000001 14 62",
      "20@0/0:61 20@0/0:62 again" },
    { "a chunk stream of 3 bytes",
      "01 06ff 000000 000001 14 00000000 61  c1 06ff 62",
      "20@0/0:61 20@0/0:62 again" },
    { "2 and 3 bytes may name the same",
      "00 06 000000 000001 14 00000000 61  c1 0600 62",
      "20@0/0:61 20@0/0:62 again" },
    { "a long form of chunk stream 64",
      "01 0000 000000 000001 14 00000000 61  c0 00 62",
      "20@0/0:61 20@0/0:62 again" },
    { "the message stream is little-endian",
      "03 000000 000001 14 78563412 61", "20@0/305419896:61 again" },

    /* timestamps */

    { "extended",
      "03 ffffff 000001 14 01000000 01000000 61", "20@16777216/1:61 again" },
    { "extended, though it need not be",
      "03 ffffff 000001 14 01000000 00000005 61", "20@5/1:61 again" },
    { "extended, repeated in format 3",
      "02 000000 000004 01 00000000 00000002"
      "03 ffffff 000005 14 01000000 01000000 6162 c3 01000000 6364"
      "c3 01000000 65",
      "1@0/0:00000002 20@16777216/1:6162636465 again" },
    { "extended, a new message of format 3",
      "03 ffffff 000001 14 01000000 01000000 61 c3 01000000 62",
      "20@16777216/1:61 20@33554432/1:62 again" },
    { "an extended delta",
      HEAD0("01") "61 83 ffffff 01000000 62",
      "20@1/1:61 20@16777217/1:62 again" },
    { "extended no more",
      "03 ffffff 000001 14 01000000 01000000 61 83 000001 62 c3 63",
      "20@16777216/1:61 20@16777217/1:62 20@16777218/1:63 again" },
    { "32 bits",
      "03 ffffff 000001 14 01000000 ffffffff 61 83 000002 62",
      "20@4294967295/1:61 20@1/1:62 again" },

    /* chunks */

    { "128 bytes at first",
      HEAD0("81") B128 "c3 ff",
      "20@1/1:129 bytes again" },
    { "a chunk cut off", HEAD0("02") "61", "again pending" },
    { "a message cut off between chunks", HEAD0("81") B128, "again pending" },
    { "a header cut off", "03 0000", "again pending" },
    { "a set chunk size",
      "02 000000 000004 01 00000000 00000001" HEAD0("03") "61 c3 62 c3 63",
      "1@0/0:00000001 20@1/1:616263 again" },
    { "a set chunk size between the chunks of a message",
      HEAD0("83") B128 "02 000000 000004 01 00000000 00000002"
      "c3 6162 c3 63",
      "1@0/0:00000002 20@1/1:131 bytes again" },
    { "a set chunk size that is longer",
      "02 000000 000005 01 00000000 0000000100", "1@0/0:0000000100 again" },
    { "the largest chunk size",
      "02 000000 000004 01 00000000 7fffffff" HEAD0("81") B128 "ff",
      "1@0/0:7fffffff 20@1/1:129 bytes again" },
    { "a chunk size of 0",
      "02 000000 000004 01 00000000 00000000 03", "error" },
    { "a chunk size with the top bit",
      "02 000000 000004 01 00000000 80000080", "error" },
    { "a chunk size cut off", "02 000000 000003 01 00000000 000001", "error" },
    { "a chunk size without a body", "02 000000 000000 01 00000000", "error" },
    { "a new message within one",
      "02 000000 000004 01 00000000 00000001" HEAD0("03") "61" HEAD0("03"),
      "1@0/0:00000001 error" },
    { "another length within a message",
      "02 000000 000004 01 00000000 00000001" HEAD0("03") "61"
      "43 000000 000001 14",
      "1@0/0:00000001 error" },

    /* interleaved */

    { "two chunk streams",
      "02 000000 000004 01 00000000 00000002"
      "03 000001 000003 14 01000000 6162 04 000002 000003 12 02000000 4142"
      "c3 63 c4 43",
      "1@0/0:00000002 20@1/1:616263 18@2/2:414243 again" },
    { "a control message between",
      HEAD0("81") B128 "02 000000 000004 03 00000000 00001000 c3 61",
      "3@0/0:00001000 20@1/1:129 bytes again" },
    { "abort",
      HEAD0("81") B128 "02 000000 000004 02 00000000 00000003"
      HEAD0("01") "61",
      "2@0/0:00000003 20@1/1:61 again" },
    { "abort, then format 3 begins again",
      "02 000000 000004 01 00000000 00000001" HEAD0("02") "61"
      "02 000000 000004 02 00000000 00 c2 00 c2 00 c2 03 c3 62 c3 63",
      "1@0/0:00000001 2@0/0:00000003 20@2/1:6263 again" },
    { "abort of a chunk stream that is not there",
      "02 000000 000004 02 00000000 00000000"
      "02 000000 000004 02 00000000 ffffffff",
      "2@0/0:00000000 2@0/0:ffffffff again" },
    { "abort of the own chunk stream",
      "02 000000 000004 02 00000000 00000002", "2@0/0:00000002 again" },
    { "abort cut off", "02 000000 000002 02 00000000 0003", "error" },

    /* media */

    { "audio and video are not returned",
      "04 000000 000002 08 01000000 af01 06 000000 000002 09 01000000 1701"
      HEAD0("01") "61",
      "20@1/1:61 again" },
    { "but have to be there", "04 000000 000002 08 01000000 af",
      "again pending" },
    { "video without a body", "04 000000 000000 09 01000000", "again" },
    { "a message of 65537 bytes", "03 000001 010001 14 01000000", "error" },
    { "as format 3 of such a video",
      "02 000000 000004 01 00000000 00ffffff"
      "03 000001 010001 09 01000000 00 01",
      "1@0/0:00ffffff again pending" },

    { NULL, NULL, NULL }
};


typedef struct {
    char    text[4096];
    size_t  len;
} said_t;


static void
say(said_t *said, ngx_simulcast_chunk_message_t *m)
{
    size_t  i;

    said->len += sprintf(said->text + said->len, "%d@%u/%u:", (int) m->type,
                         m->timestamp, m->stream);

    if (m->len > 16) {
        said->len += sprintf(said->text + said->len, "%d bytes", (int) m->len);

    } else {
        for (i = 0; i < m->len; i++) {
            said->len += sprintf(said->text + said->len, "%02x", m->data[i]);
        }
    }

    said->len += sprintf(said->text + said->len, " ");
}


/* the whole buffer is to be taken, unless there is an error */

static ngx_int_t
feed(ngx_simulcast_chunk_reader_t *reader, u_char *p, u_char *last,
    said_t *said)
{
    ngx_int_t                       rc;
    ngx_simulcast_chunk_message_t   m;

    while ((rc = ngx_simulcast_chunk_read(reader, &p, last, &m)) == NGX_OK) {
        say(said, &m);
    }

    if (rc == NGX_AGAIN && p != last) {
        said->len += sprintf(said->text + said->len, "(bytes are left) ");
    }

    return rc;
}


/* in parts of n bytes, after a first of `at` */

static const char *
read_parts(u_char *data, size_t len, size_t at, size_t n)
{
    size_t                         pos, next;
    ngx_int_t                      rc;
    ngx_uint_t                     pending;
    static said_t                  said;
    ngx_simulcast_chunk_reader_t  *reader;

    said.len = 0;
    said.text[0] = '\0';

    reader = ngx_simulcast_chunk_create();
    rc = NGX_AGAIN;

    for (pos = 0; rc == NGX_AGAIN; pos = next) {
        next = ngx_min(pos ? pos + n : at, len);
        next = ngx_max(next, pos);

        rc = feed(reader, data + pos, data + next, &said);

        if (next == len) {
            break;
        }

        if (next == 0) {
            at = n;
        }
    }

    pending = ngx_simulcast_chunk_pending(reader);

    sprintf(said.text + said.len, "%s", rc == NGX_AGAIN
            ? (pending ? "again pending" : "again")
            : rc == NGX_ERROR ? "error" : "?");

    ngx_simulcast_chunk_free(reader);

    return said.text;
}


static int
splits(const row_t *row, u_char *p, size_t len)
{
    size_t       n;
    const char  *text;

    for (n = 0; n <= len; n++) {
        text = read_parts(p, len, n, len + 1);

        if (strcmp(text, row->want) != 0) {
            printf("# split at %d: %s\n", (int) n, text);
            return 0;
        }
    }

    for (n = 1; n < 8; n++) {
        text = read_parts(p, len, n, n);

        if (strcmp(text, row->want) != 0) {
            printf("# parts of %d: %s\n", (int) n, text);
            return 0;
        }
    }

    return 1;
}


/* a chunk with this header, and n bytes */

static ngx_int_t
chunk(ngx_simulcast_chunk_reader_t *reader, ngx_uint_t fmt, ngx_uint_t csid,
    ngx_uint_t type, size_t length, size_t n, said_t *said)
{
    u_char  buf[16 + 128], *p;

    p = buf;
    *p++ = (u_char) (fmt << 6);
    *p++ = (u_char) (csid - 64);

    if (fmt == 0) {
        ngx_memzero(p, 11);
        p[3] = (u_char) (length >> 16);
        p[4] = (u_char) (length >> 8);
        p[5] = (u_char) length;
        p[6] = (u_char) type;
        p += 11;
    }

    ngx_memset(p, 'x', n);

    return feed(reader, buf, p + n, said);
}


static void
test_limits(void)
{
    size_t                         n;
    ngx_int_t                      rc;
    ngx_uint_t                     i, at;
    said_t                         said;
    ngx_simulcast_chunk_reader_t  *reader;

    /* 16 chunk streams with half a message each */

    reader = ngx_simulcast_chunk_create();
    said.len = 0;

    for (i = 0, rc = NGX_AGAIN; i < 16 && rc == NGX_AGAIN; i++) {
        rc = chunk(reader, 0, 64 + i, 20, 200, 128, &said);
    }

    tap_is(i, 16, "16 messages at a time");
    tap_is(chunk(reader, 3, 69, 0, 0, 72, &said), NGX_AGAIN,
           "one of them ends");
    tap_is_text(said.text, "20@0/0:200 bytes ", "and is whole");
    tap_is(chunk(reader, 0, 100, 20, 200, 128, &said), NGX_AGAIN,
           "its chunk stream is used again");
    tap_is(chunk(reader, 0, 101, 20, 200, 128, &said), NGX_ERROR,
           "17 messages at a time");
    tap_is(chunk(reader, 3, 64, 0, 0, 72, &said), NGX_ERROR,
           "an error sticks");

    ngx_simulcast_chunk_free(reader);

    /* idle ones, the oldest first */

    reader = ngx_simulcast_chunk_create();
    said.len = 0;

    for (i = 0, rc = NGX_AGAIN; i < 200 && rc == NGX_AGAIN; i++) {
        rc = chunk(reader, 0, 64 + i, 20, 1, 1, &said);
        said.len = 0;

        if (i >= 1) {
            rc = chunk(reader, 3, 64, 0, 0, 1, &said);
            said.len = 0;
        }
    }

    tap_is(i, 200, "200 chunk streams one after another");
    tap_is(chunk(reader, 3, 64, 0, 0, 1, &said), NGX_AGAIN,
           "one that is used is kept");
    tap_is(chunk(reader, 3, 66, 0, 0, 1, &said), NGX_ERROR,
           "one that is idle is not");

    ngx_simulcast_chunk_free(reader);

    /* what is stored */

    reader = ngx_simulcast_chunk_create();
    said.len = 0;
    n = 0;

    for (at = 0, rc = NGX_AGAIN; rc == NGX_AGAIN && at < 1000; at++) {
        for (i = 0; i < 16 && rc == NGX_AGAIN; i++, n += 128) {
            rc = chunk(reader, at ? 3 : 0, 64 + i, 20, 65536, 128, &said);
        }
    }

    tap_is(rc, NGX_ERROR, "messages of 64 KB, interleaved");
    tap_is(n, 2 * 65536 + 128, "and how much is stored");

    ngx_simulcast_chunk_free(reader);

    /* one of them is fine, again and again */

    reader = ngx_simulcast_chunk_create();
    rc = NGX_AGAIN;
    said.len = 0;

    for (n = 0; n < 8 * 65536 && rc == NGX_AGAIN; n += 128) {
        rc = chunk(reader, n % 65536 ? 3 : 0, 64, 20, 65536, 128, &said);
    }

    tap_is(rc, NGX_AGAIN, "messages of 64 KB, one after another");
    tap_is(said.len, 8 * strlen("20@0/0:65536 bytes "), "all come");
    tap_is(ngx_simulcast_chunk_pending(reader), 0, "nothing is left");

    said.len = 0;

    for (n = 0; n < 0xffff80 && rc == NGX_AGAIN; n += 128) {
        rc = chunk(reader, n ? 3 : 0, 64, 9, 0xffffff, 128, &said);
    }

    rc = chunk(reader, 3, 64, 9, 0, 127, &said);

    tap_is(rc, NGX_AGAIN, "a video message of 16 MB");
    tap_is(said.len, 0, "is skipped");
    tap_is(ngx_simulcast_chunk_pending(reader), 0, "and over");
    tap_is(chunk(reader, 0, 64, 20, 1, 1, &said), NGX_AGAIN, "a command");
    tap_is_text(said.text, "20@0/0:78 ", "behind it");

    ngx_simulcast_chunk_free(reader);
}


/* what is written is read again */

static void
test_write(void)
{
    size_t                          i, len, chunk, size;
    u_char                         *buf, *end, *p, data[5000];
    ngx_int_t                       rc;
    ngx_uint_t                      same;
    ngx_simulcast_chunk_reader_t   *reader;
    ngx_simulcast_chunk_message_t   m;

    static const size_t  lens[] = { 0, 1, 127, 128, 129, 256, 257, 4096, 4097,
                                    5000 };
    static const size_t  chunks[] = { 1, 128, 4096, 65536 };

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (u_char) (i * 7);
    }

    for (i = 0; i < 40; i++) {
        len = lens[i % 10];
        chunk = chunks[i / 10];
        size = ngx_simulcast_chunk_room(len, chunk);
        same = 0;

        buf = malloc(16 + size);

        p = ngx_simulcast_chunk_write(buf, 2, NGX_SIMULCAST_MSG_CHUNK_SIZE, 0,
                                      0, (u_char *) (chunk == 1
                                      ? "\0\0\0\1" : chunk == 128
                                      ? "\0\0\0\200" : chunk == 4096
                                      ? "\0\0\20\0" : "\0\1\0\0"), 4, 128);

        end = ngx_simulcast_chunk_write(p, 63, 20, 0x01020304, 0xfffffe, data,
                                        len, chunk);

        same = ((size_t) (end - p) == size && p - buf == 16);

        reader = ngx_simulcast_chunk_create();
        p = buf;

        rc = ngx_simulcast_chunk_read(reader, &p, end, &m);
        same = same && rc == NGX_OK && m.type == NGX_SIMULCAST_MSG_CHUNK_SIZE;

        rc = ngx_simulcast_chunk_read(reader, &p, end, &m);

        same = same && rc == NGX_OK && m.type == 20 && m.len == len
               && m.timestamp == 0xfffffe && m.stream == 0x01020304
               && memcmp(m.data, data, len) == 0 && p == end;

        printf("# %d bytes in chunks of %d\n", (int) len, (int) chunk);
        tap_ok(same, "a message written and read");

        ngx_simulcast_chunk_free(reader);
        free(buf);
    }
}


int
main(void)
{
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        p = tap_bytes(row->hex, &len);

        tap_is_text(read_parts(p, len, len, len), row->want, row->name);
        tap_ok(splits(row, p, len), "  split anywhere");

        free(p);
    }

    test_limits();
    test_write();

    ngx_simulcast_chunk_free(NULL);

    return tap_done();
}
