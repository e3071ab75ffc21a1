
/*
 * Copyright (C) the ngx_live contributors
 *
 * RTP headers, one row of what may come per line.
 */

/* sources: modules/ngx_whip/ngx_whip_rtp.c */


#include "tap.h"
#include "ngx_whip_rtp.h"


typedef struct {
    const char  *name;
    const char  *hex;
    const char  *want;
} row_t;


/* of all rows */

static const ngx_whip_rtp_ids_t  ids = { 1, 2, 3, 4 };


/* sequence number, timestamp, SSRC: 4660, 305419896, 0xcafebabe */

#define FIXED   "1234 12345678 cafebabe"


/*
 * What is expected reads: pt, marker, seq, timestamp, ssrc where it is not
 * that of FIXED, extensions, and the payload as offset+length.
 */

static const row_t  rows[] = {

    { "a packet", "80 60" FIXED "aabbcc", "96 12+3" },
    { "with the marker", "80 e0" FIXED "aa", "96 M 12+1" },
    { "payload type 0", "80 00" FIXED "aa", "0 12+1" },
    { "payload type 127", "80 ff" FIXED "aa", "127 M 12+1" },
    { "all bits of the numbers", "80 60 ffff ffffffff ffffffff aa",
      "96 seq=65535 ts=4294967295 ssrc=ffffffff 12+1" },
    { "no payload", "80 60" FIXED, "96 12+0" },
    { "nothing", "", "error" },
    { "a header cut off", "80 60 1234 12345678 cafeba", "error" },
    { "version 1", "40 60" FIXED "aa", "error" },
    { "version 3", "c0 60" FIXED "aa", "error" },

    /* contributing sources */

    { "one CSRC", "81 60" FIXED "00000001 aa", "96 16+1" },
    { "15 CSRCs", "8f 60" FIXED
      "00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008"
      "00000009 0000000a 0000000b 0000000c 0000000d 0000000e 0000000f aabb",
      "96 72+2" },
    { "a CSRC cut off", "81 60" FIXED "000000", "error" },

    /* padding */

    { "one byte of padding", "a0 60" FIXED "aabb 01", "96 12+2" },
    { "four bytes of padding", "a0 60" FIXED "aa 00000004", "96 12+1" },
    { "nothing but padding", "a0 60" FIXED "0000000000 06", "96 12+0" },
    { "255 bytes of padding, less are there", "a0 60" FIXED "aabbcc ff",
      "error" },
    { "one byte of padding more than there is", "a0 60" FIXED "aa 03",
      "error" },
    { "padding of no byte", "a0 60" FIXED "aa 00", "error" },
    { "padding where no bytes are", "a0 60" FIXED, "error" },
    { "padding may not reach into the extension",
      "b0 60" FIXED "bede 0001 00000005 04", "error" },

    /* the extension */

    { "one-byte form, all of them",
      "90 60" FIXED "bede 0004 10 30 22 6c6f77 00 31 6869 41 beef 00 00 00"
      "aa",
      "96 mid=0 rid=low rrid=hi twcc=48879 32+1" },
    { "two-byte form, all of them",
      "90 60" FIXED "1000 0005 01 01 30 02 03 6c6f77 03 02 6869 04 02 beef"
      "00000000 aa",
      "96 mid=0 rid=low rrid=hi twcc=48879 36+1" },
    { "two-byte form with appbits",
      "90 60" FIXED "100f 0001 01 02 6162", "96 mid=ab 20+0" },
    { "as OBS sends it: mid and rid of one character",
      "90 60" FIXED "bede 0001 10 31 20 30 aa", "96 mid=1 rid=0 20+1" },
    { "an extension of no words", "90 60" FIXED "bede 0000 aa", "96 16+1" },
    { "an extension of no words at the end", "90 60" FIXED "bede 0000",
      "96 16+0" },
    { "another form", "90 60" FIXED "abac 0001 10 31 20 30 aa", "96 20+1" },
    { "another form, 0x1010", "90 60" FIXED "1010 0001 01 02 6162 aa",
      "96 20+1" },
    { "behind CSRCs",
      "91 60" FIXED "00000001 bede 0001 10 31 20 30 aa",
      "96 mid=1 rid=0 24+1" },
    { "and before padding",
      "b0 60" FIXED "bede 0001 10 31 20 30 aa 0002", "96 mid=1 rid=0 20+1" },
    { "ids that were not negotiated",
      "90 60" FIXED "bede 0002 50 31 92 010203 e0 aa aa", "96 24+1" },
    { "one-byte form, 16 bytes",
      "90 60" FIXED "bede 0005 1f 30313233343536373839303132333435 000000",
      "96 mid=0123456789012345 36+0" },
    { "two-byte form, no bytes",
      "90 60" FIXED "1000 0001 01 00 00 00 aa", "96 20+1" },
    { "two-byte form, id 255",
      "90 60" FIXED "1000 0002 ff 02 aaaa 01 01 30 00", "96 mid=0 24+0" },
    { "transport-wide number of one byte",
      "90 60" FIXED "bede 0001 40 31 00 00", "96 20+0" },
    { "transport-wide number 0",
      "90 60" FIXED "bede 0001 41 0000 00", "96 twcc=0 20+0" },
    { "transport-wide number of version 2",
      "90 60" FIXED "bede 0002 43 ffff 0001 000000", "96 twcc=65535 24+0" },

    /* where the list of elements ends: RFC 8285, 4.2 */

    { "one-byte form, id 15 ends it",
      "90 60" FIXED "bede 0002 10 31 f0 20 20 30 00 00 aa", "96 mid=1 24+1" },
    { "one-byte form, id 0 with a length ends it",
      "90 60" FIXED "bede 0002 10 31 01 20 20 30 00 00 aa", "96 mid=1 24+1" },
    { "one-byte form, an element over the end",
      "90 60" FIXED "bede 0001 10 31 23 30 aaaaaaaa", "96 mid=1 20+4" },
    { "two-byte form, an element over the end",
      "90 60" FIXED "1000 0002 01 01 31 02 04 303030 aaaaaaaa",
      "96 mid=1 24+4" },
    { "two-byte form, no room for a length",
      "90 60" FIXED "1000 0001 01 01 31 02 aaaaaaaa", "96 mid=1 20+4" },
    { "two-byte form, an empty element at the end",
      "90 60" FIXED "1000 0001 02 00 01 00 aaaaaaaa", "96 20+4" },
    { "one-byte form, no room for a value",
      "90 60" FIXED "bede 0001 11 3132 20 aaaaaaaa", "96 mid=12 20+4" },

    { "no extension header", "90 60" FIXED, "error" },
    { "extension header cut off", "90 60" FIXED "bede 00", "error" },
    { "extension cut off", "90 60" FIXED "bede 0002 10 31 20 30 000000",
      "error" },
    { "extension of 65535 words", "90 60" FIXED "bede ffff 10 31 20 30",
      "error" },
    { "no extension header behind CSRCs", "92 60" FIXED "00000001",
      "error" },

    { NULL, NULL, NULL }
};


static size_t
describe_text(char *text, size_t size, const char *name, ngx_str_t *s)
{
    return s->len ? snprintf(text, size, " %s=%.*s", name, (int) s->len,
                             s->data)
                  : 0;
}


static void
describe(u_char *p, size_t len, char *text, size_t size)
{
    size_t          n;
    ngx_whip_rtp_t  rtp;

    if (ngx_whip_rtp_parse(&rtp, p, len, &ids) != NGX_OK) {
        snprintf(text, size, "error");
        return;
    }

    n = snprintf(text, size, "%d%s", (int) rtp.pt, rtp.marker ? " M" : "");

    if (rtp.seq != 0x1234) {
        n += snprintf(text + n, size - n, " seq=%u", rtp.seq);
    }

    if (rtp.timestamp != 0x12345678) {
        n += snprintf(text + n, size - n, " ts=%u", rtp.timestamp);
    }

    if (rtp.ssrc != 0xcafebabe) {
        n += snprintf(text + n, size - n, " ssrc=%08x", rtp.ssrc);
    }

    n += describe_text(text + n, size - n, "mid", &rtp.mid);
    n += describe_text(text + n, size - n, "rid", &rtp.rid);
    n += describe_text(text + n, size - n, "rrid", &rtp.rrid);

    if (rtp.twcc != -1) {
        n += snprintf(text + n, size - n, " twcc=%d", (int) rtp.twcc);
    }

    snprintf(text + n, size - n, " %d+%d", (int) (rtp.payload - p),
             (int) rtp.len);
}


static void
test_ids(void)
{
    size_t              len;
    u_char             *p;
    ngx_whip_rtp_t      rtp;
    ngx_whip_rtp_ids_t  none;

    memset(&none, 0, sizeof(none));

    p = tap_bytes("90 60" FIXED "bede 0002 00 10 31 01 30 00 00 00", &len);

    tap_is(ngx_whip_rtp_parse(&rtp, p, len, &none), NGX_OK,
           "nothing negotiated");
    tap_is(rtp.mid.len + rtp.rid.len + rtp.rrid.len, 0, "no strings");
    tap_is(rtp.twcc, -1, "no transport-wide number");

    free(p);
}


static void
test_demux(void)
{
    u_char      p[2];
    size_t      len;
    u_char     *packet;
    ngx_uint_t  i, n;

    p[0] = 0x80;

    for (n = 0, i = 0; i < 256; i++) {
        p[1] = (u_char) i;
        n += ngx_whip_rtp_is_rtcp(p, 2);
    }

    tap_is(n, 32, "32 second bytes are those of RTCP");

    p[1] = 191;
    tap_is(ngx_whip_rtp_is_rtcp(p, 2), 0, "191: RTP");
    p[1] = 192;
    tap_is(ngx_whip_rtp_is_rtcp(p, 2), 1, "192: RTCP");
    tap_is(ngx_whip_rtp_is_rtcp(p, 1), 0, "one byte only");
    p[1] = 223;
    tap_is(ngx_whip_rtp_is_rtcp(p, 2), 1, "223: RTCP");
    p[1] = 224;
    tap_is(ngx_whip_rtp_is_rtcp(p, 2), 0, "224: RTP");

    for (n = 0, i = 0; i < 256; i++) {
        p[0] = (u_char) i;
        n += ngx_whip_rtp_is(p, 1);
    }

    tap_is(n, 64, "64 first bytes are those of RTP and RTCP");

    p[0] = 128;
    tap_is(ngx_whip_rtp_is(p, 1), 1, "128 is one of them");
    tap_is(ngx_whip_rtp_is(p, 0), 0, "no byte is none of them");

    packet = tap_bytes("80 60" FIXED, &len);
    tap_is(ngx_whip_rtp_ssrc(packet, len), 0xcafebabe, "the SSRC");
    tap_is(ngx_whip_rtp_ssrc(packet, len - 1), 0, "no SSRC");
    free(packet);
}


int
main(void)
{
    char          text[512];
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {
        p = tap_bytes(row->hex, &len);
        describe(p, len, text, sizeof(text));
        tap_is_text(text, row->want, row->name);
        free(p);
    }

    test_ids();
    test_demux();

    return tap_done();
}
