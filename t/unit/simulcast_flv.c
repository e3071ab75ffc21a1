
/*
 * Copyright (C) the ngx_live contributors
 *
 * FLV without an end: hostile bytes first, then what is written and read again,
 * in pieces of any size.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_flv.c */


#include "tap.h"
#include "ngx_simulcast_flv.h"


#define FILE9  "46 4c 56 01 05 00000009 00000000 "

/* of 3 bytes at 0x7f010203 ms, and of none at 40 ms */

#define VIDEO  "09 000003 010203 7f 000000 aabbcc 0000000e "
#define AUDIO  "08 000000 000028 00 000000 0000000b "
#define META   "12 000001 000000 00 000000 02 0000000c "


typedef struct {
    const char  *name;
    const char  *bytes;
    const char  *want;      /* "type@timestamp:len" of each tag, then how
                               reading ends */
} row_t;


static const row_t  rows[] = {

    /* what is not FLV */

    { "another signature", "46 4c 57 01", "again" },
    { "another signature, to its end", "46 4c 57 01 05 00000009 ", "error" },
    { "an MP4 file", "00000018 66747970 69736f6d 00000200 69736f6d", "error" },
    { "text", "6666 6d70 6567 3a20 6572 726f 720a", "error" },
    { "version 0", "46 4c 56 00 05 00000009 00000000", "error" },
    { "version 2", "46 4c 56 02 05 00000009 00000000", "error" },
    { "data before the header's end", "46 4c 56 01 05 00000008 00000000",
      "error" },
    { "data at 0", "46 4c 56 01 05 00000000 00000000", "error" },
    { "data far away", "46 4c 56 01 05 00000401 00000000", "error" },
    { "data at the end of the world", "46 4c 56 01 05 ffffffff 00000000",
      "error" },

    { "type 0", FILE9 "00 000000 000000 00 000000 0000000b", "error" },
    { "type 10", FILE9 "0a 000000 000000 00 000000 0000000b", "error" },
    { "type 15", FILE9 "0f 000000 000000 00 000000 0000000b", "error" },
    { "an encrypted tag", FILE9 "29 000000 000000 00 000000 0000000b",
      "error" },
    { "reserved bits", FILE9 "89 000000 000000 00 000000 0000000b", "error" },
    { "a stream id", FILE9 "09 000000 000000 00 000001 0000000b", "error" },
    { "a stream id in its high byte",
      FILE9 "09 000000 000000 00 800000 0000000b", "error" },
    { "a payload over the limit",
      FILE9 "09 000011 000000 00 000000", "error" },
    { "the longest payload there is",
      FILE9 "09 ffffff 000000 00 000000", "error" },
    { "a tail too small", FILE9 "09 000001 000000 00 000000 aa 0000000b",
      "error" },
    { "a tail too large", FILE9 "09 000001 000000 00 000000 aa 0000000d",
      "error" },
    { "a tail of the payload alone",
      FILE9 "09 000001 000000 00 000000 aa 00000001", "error" },
    { "a tail with a high byte",
      FILE9 "09 000001 000000 00 000000 aa 0100000c", "error" },
    { "a second file behind the first", FILE9 AUDIO FILE9,
      "8@40:0 error" },
    { "a good tag behind a bad one",
      FILE9 "09 000001 000000 00 000000 aa 00000000 " AUDIO, "error" },

    /* what is */

    { "no bytes", "", "again" },
    { "a header alone", FILE9, "again" },
    { "a longer header", "46 4c 56 01 05 0000000b ffff 00000000 " AUDIO,
      "8@40:0 again" },
    { "a tail before the first tag that is not 0",
      "46 4c 56 01 05 00000009 01020304 " AUDIO, "8@40:0 again" },
    { "flags that are not kept to", "46 4c 56 01 ff 00000009 00000000 " META,
      "18@0:1 again" },
    { "an extended timestamp", FILE9 VIDEO, "9@2130772483:3 again" },
    { "the last timestamp",
      FILE9 "09 000000 ffffff ff 000000 0000000b", "9@4294967295:0 again" },
    { "no payload", FILE9 AUDIO, "8@40:0 again" },
    { "several tags", FILE9 META VIDEO AUDIO VIDEO,
      "18@0:1 9@2130772483:3 8@40:0 9@2130772483:3 again" },
    { "the longest payload allowed", FILE9
      "12 000010 000000 00 000000 00112233445566778899aabbccddeeff 0000001b",
      "18@0:16 again" },
    { "cut off in a head", FILE9 AUDIO "09 0000", "8@40:0 again" },
    { "cut off in a payload", FILE9 AUDIO "09 000003 010203 7f 000000 aa",
      "8@40:0 again" },
    { "cut off in a tail",
      FILE9 AUDIO "09 000003 010203 7f 000000 aabbcc 0000",
      "8@40:0 again" },

    { NULL, NULL, NULL }
};


/* reads the bytes in pieces of `step`, each of its exact size */

static void
describe(u_char *data, size_t len, size_t step, char *text, size_t size)
{
    size_t                       n, pos;
    u_char                      *p, *piece;
    ngx_int_t                    rc;
    ngx_simulcast_flv_tag_t      tag;
    ngx_simulcast_flv_reader_t  *reader;

    reader = ngx_simulcast_flv_create(16);

    if (reader == NULL) {
        exit(2);
    }

    text[0] = '\0';
    rc = NGX_AGAIN;

    for (pos = 0; pos < len && rc == NGX_AGAIN; pos += n) {

        n = ngx_min(step, len - pos);
        piece = malloc(n);

        if (piece == NULL) {
            exit(2);
        }

        ngx_memcpy(piece, data + pos, n);
        p = piece;

        for ( ;; ) {
            rc = ngx_simulcast_flv_read(reader, &p, piece + n, &tag);

            if (rc != NGX_OK) {
                break;
            }

            snprintf(text + strlen(text), size - strlen(text), "%d@%u:%d ",
                     (int) tag.type, tag.timestamp, (int) tag.len);
        }

        if (rc == NGX_AGAIN && p != piece + n) {
            snprintf(text + strlen(text), size - strlen(text),
                     "bytes left over ");
        }

        if (rc == NGX_ERROR
            && ngx_simulcast_flv_read(reader, &p, piece + n, &tag)
               != NGX_ERROR)
        {
            snprintf(text + strlen(text), size - strlen(text),
                     "went on after ");
        }

        free(piece);
    }

    snprintf(text + strlen(text), size - strlen(text), "%s",
             rc == NGX_AGAIN ? "again" : "error");

    ngx_simulcast_flv_free(reader);
}


static void
test_rows(void)
{
    char          text[512], name[128];
    size_t        len, step;
    u_char       *data;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        data = tap_bytes(row->bytes, &len);

        describe(data, len, len ? len : 1, text, sizeof(text));
        tap_is_text(text, row->want, row->name);

        for (step = 1; step < len; step++) {
            describe(data, len, step, text, sizeof(text));

            if (strcmp(text, row->want) != 0) {
                break;
            }
        }

        snprintf(name, sizeof(name), "%s, in pieces of any size", row->name);

        if (step < len) {
            tap_is_text(text, row->want, name);

        } else {
            tap_ok(1, name);
        }

        free(data);
    }
}


/* the memory follows what has come, and is given back */

static void
test_memory(void)
{
    size_t                       sent;
    u_char                      *p, *big;
    ngx_int_t                    rc;
    ngx_simulcast_flv_tag_t      tag;
    ngx_simulcast_flv_reader_t  *reader;

    u_char  buf[64];

    reader = ngx_simulcast_flv_create(NGX_SIMULCAST_FLV_MAX);
    big = calloc(1, NGX_SIMULCAST_FLV_MAX + NGX_SIMULCAST_FLV_TAIL);

    if (reader == NULL || big == NULL) {
        exit(2);
    }

    p = ngx_simulcast_flv_file(buf, 1, 1);
    tap_is(p - buf, NGX_SIMULCAST_FLV_FILE, "the bytes of a file's header");

    p = ngx_simulcast_flv_head(p, NGX_SIMULCAST_FLV_VIDEO, 7,
                               NGX_SIMULCAST_FLV_MAX);
    tap_is(p - buf, NGX_SIMULCAST_FLV_FILE + NGX_SIMULCAST_FLV_HEAD,
           "and of a tag's");

    *p = 0xaa;

    rc = ngx_simulcast_flv_read(reader, &(u_char *) { buf }, p + 1, &tag);

    tap_is(rc, NGX_AGAIN, "16 MB announced, one byte sent");
    tap_ok(ngx_simulcast_flv_memory(reader) <= 65536, "little memory is held");

    ngx_simulcast_flv_tail(big + NGX_SIMULCAST_FLV_MAX - 1,
                           NGX_SIMULCAST_FLV_MAX);

    for (sent = 0; sent < NGX_SIMULCAST_FLV_MAX + 3; /* void */ ) {

        p = big + sent;
        sent = ngx_min(sent + 65536, NGX_SIMULCAST_FLV_MAX + 3);

        rc = ngx_simulcast_flv_read(reader, &p, big + sent, &tag);

        if (ngx_simulcast_flv_memory(reader) > 2 * (sent + 65536)) {
            break;
        }
    }

    tap_is(rc, NGX_OK, "the longest payload there is");
    tap_is(tag.len, NGX_SIMULCAST_FLV_MAX, "with all its bytes");
    tap_is(tag.data[0], 0xaa, "and the first of them");
    tap_is(tag.timestamp, 7, "at its time");
    tap_ok(ngx_simulcast_flv_memory(reader) <= 2 * NGX_SIMULCAST_FLV_MAX,
           "the memory is bounded");

    p = big;
    rc = ngx_simulcast_flv_read(reader, &p, big, &tag);

    tap_is(rc, NGX_AGAIN, "no more bytes");
    tap_ok(ngx_simulcast_flv_memory(reader) <= 1048576,
           "a large payload's memory is given back");

    ngx_simulcast_flv_free(reader);
    free(big);
}


static void
test_no_copy(void)
{
    u_char                      *p, *pos, buf[64];
    ngx_simulcast_flv_tag_t      tag;
    ngx_simulcast_flv_reader_t  *reader;

    reader = ngx_simulcast_flv_create(64);

    if (reader == NULL) {
        exit(2);
    }

    p = ngx_simulcast_flv_file(buf, 0, 1);
    tap_is(buf[4], 1, "flags of video alone");

    p = ngx_simulcast_flv_head(p, NGX_SIMULCAST_FLV_META, 0xfedcba98, 2);
    *p++ = 'a';
    *p++ = 'b';
    p = ngx_simulcast_flv_tail(p, 2);

    pos = buf;

    tap_is(ngx_simulcast_flv_read(reader, &pos, p, &tag), NGX_OK,
           "what was written is read");
    tap_is(tag.type, NGX_SIMULCAST_FLV_META, "its type");
    tap_is(tag.timestamp, 0xfedcba98, "its time");
    tap_ok(tag.data >= buf && tag.data + tag.len < p,
           "a whole tag is not copied");
    tap_ok(tag.len == 2 && tag.data[0] == 'a' && tag.data[1] == 'b',
           "its payload");
    tap_is(ngx_simulcast_flv_memory(reader), 0, "and no memory is held");
    tap_is(ngx_simulcast_flv_file(buf, 1, 0)[-9], 4, "flags of audio alone");

    ngx_simulcast_flv_free(reader);
}


int
main(void)
{
    test_rows();
    test_memory();
    test_no_copy();

    return tap_done();
}
