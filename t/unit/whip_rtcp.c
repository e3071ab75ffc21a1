
/*
 * Copyright (C) the ngx_live contributors
 *
 * RTCP: what is read, one row per compound packet, and what is written.
 */

/* sources: modules/ngx_whip/ngx_whip_rtcp.c */


#include "tap.h"
#include "ngx_whip_rtcp.h"


typedef struct {
    const char  *name;
    const char  *hex;
    const char  *want;
} row_t;


#define SENDER  "cafebabe"
#define INFO    "e8d4a510 80000000 12345678 00000064 0000c350"
#define BLOCK   "00000007 ff ffffff 00010002 00000003 00000004 00000005"


/*
 * What is expected reads: type, count, the SSRC, and what SR and BYE have more;
 * "; " before the next packet; "error" at the end, or nothing.
 */

static const row_t  rows[] = {

    { "nothing", "", "" },
    { "SR", "80 c8 0006" SENDER INFO,
      "200/0 cafebabe ntp=e8d4a51080000000 ts=12345678 100 50000" },
    { "SR with two blocks", "82 c8 0012" SENDER INFO BLOCK BLOCK,
      "200/2 cafebabe ntp=e8d4a51080000000 ts=12345678 100 50000" },
    { "SR with a profile's extension", "80 c8 0007" SENDER INFO "00000000",
      "200/0 cafebabe ntp=e8d4a51080000000 ts=12345678 100 50000" },
    { "SR of all ones", "80 c8 0006 ffffffff ffffffff ffffffff ffffffff"
      "ffffffff ffffffff",
      "200/0 ffffffff ntp=ffffffffffffffff ts=ffffffff 4294967295 4294967295" },
    { "SR cut off", "80 c8 0005" SENDER "e8d4a510 80000000 12345678 00000064",
      "error" },
    { "SR whose blocks are cut off", "82 c8 000c" SENDER INFO BLOCK, "error" },
    { "RR", "81 c9 0007" SENDER BLOCK, "201/1 cafebabe" },
    { "RR without blocks", "80 c9 0001" SENDER, "201/0 cafebabe" },
    { "RR without a sender", "80 c9 0000", "error" },
    { "RR whose blocks are cut off", "82 c9 0007" SENDER BLOCK, "error" },
    { "SDES", "81 ca 0002" SENDER "01 01 61 00", "202/1 cafebabe" },
    { "SDES of nobody", "80 ca 0000", "202/0 00000000" },
    { "SDES cut off", "82 ca 0001" SENDER, "error" },
    { "SDES of no bytes", "81 ca 0000", "error" },
    { "BYE", "81 cb 0001" SENDER, "203/1 cafebabe bye=cafebabe" },
    { "BYE of two, with a reason", "82 cb 0004" SENDER "00000002 03 627965"
      "00000000", "203/2 cafebabe bye=cafebabe,00000002" },
    { "BYE of nobody", "80 cb 0000", "203/0 00000000" },
    { "BYE cut off", "83 cb 0002" SENDER "00000002", "error" },
    { "BYE of 31", "9f cb 001f"
      "00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008"
      "00000009 0000000a 0000000b 0000000c 0000000d 0000000e 0000000f 00000010"
      "00000011 00000012 00000013 00000014 00000015 00000016 00000017 00000018"
      "00000019 0000001a 0000001b 0000001c 0000001d 0000001e 0000001f",
      "203/31 00000001 bye=00000001,00000002,00000003,00000004,00000005,"
      "00000006,00000007,00000008,00000009,0000000a,0000000b,0000000c,"
      "0000000d,0000000e,0000000f,00000010,00000011,00000012,00000013,"
      "00000014,00000015,00000016,00000017,00000018,00000019,0000001a,"
      "0000001b,0000001c,0000001d,0000001e,0000001f" },
    { "APP", "85 cc 0003" SENDER "6e616d65 00000000", "204/5 cafebabe" },
    { "APP without a name", "85 cc 0001" SENDER, "error" },
    { "NACK", "81 cd 0003" SENDER "00000007 00010000", "205/1 cafebabe" },
    { "PLI", "81 ce 0002" SENDER "00000007", "206/1 cafebabe" },
    { "PLI without a source", "81 ce 0001" SENDER, "error" },
    { "XR with RRTR", "80 cf 0004" SENDER "04 00 0002 e8d4a510 80000000",
      "207/0 cafebabe" },
    { "XR of a sender alone", "80 cf 0001" SENDER, "207/0 cafebabe" },
    { "XR without a sender", "80 cf 0000", "error" },
    { "types that are not known", "80 c0 0000 83 df 0001 00000000 80 ff 0000"
      "80 00 0000",
      "192/0 00000000; 223/3 00000000; 255/0 00000000; 0/0 00000000" },

    /* compound packets, and reduced-size ones */

    { "SR, SDES, BYE",
      "80 c8 0006" SENDER INFO "81 ca 0002" SENDER "01 01 61 00"
      "81 cb 0001" SENDER,
      "200/0 cafebabe ntp=e8d4a51080000000 ts=12345678 100 50000;"
      " 202/1 cafebabe; 203/1 cafebabe bye=cafebabe" },
    { "nothing of an SR is left in the next packet",
      "80 c8 0006" SENDER INFO "80 ca 0000",
      "200/0 cafebabe ntp=e8d4a51080000000 ts=12345678 100 50000;"
      " 202/0 00000000" },
    { "what is in front of an error counts", "80 c9 0001" SENDER "80 c9 00",
      "201/0 cafebabe; error" },
    { "rest of one byte", "80 c9 0001" SENDER "80",
      "201/0 cafebabe; error" },

    /* the header */

    { "a header cut off", "80 c9 00", "error" },
    { "version 1", "40 c9 0001" SENDER, "error" },
    { "version 3", "c0 c9 0001" SENDER, "error" },
    { "a length over the end", "80 c9 0002" SENDER, "error" },
    { "a length of 65535 words", "80 c9 ffff" SENDER, "error" },

    /* padding */

    { "padding", "a0 c9 0002" SENDER "00000004", "201/0 cafebabe" },
    { "nothing but padding of a type that is not known",
      "a0 c0 0001 00000004", "192/0 00000000" },
    { "padding into the SSRC", "a0 c9 0002" SENDER "00000005", "error" },
    { "padding of more than there is", "a0 c0 0001 00000005", "error" },
    { "padding of no byte", "a0 c9 0002" SENDER "00000000", "error" },
    { "padding where no bytes are", "a0 c0 0000", "error" },

    { NULL, NULL, NULL }
};


static void
describe(u_char *p, size_t len, char *text, size_t size)
{
    size_t            n;
    u_char           *start, *end;
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_whip_rtcp_t   m;

    n = 0;
    end = p + len;
    text[0] = '\0';

    for ( ;; ) {
        start = p;
        rc = ngx_whip_rtcp_next(&m, &p, end);

        if (rc == NGX_DONE) {
            return;
        }

        n += snprintf(text + n, size - n, "%s", n ? "; " : "");

        if (rc != NGX_OK) {
            snprintf(text + n, size - n, "%s",
                     p == start ? "error" : "error, moved");
            return;
        }

        n += snprintf(text + n, size - n, "%d/%d %08x", (int) m.type,
                      (int) m.count, m.ssrc);

        if (m.ntp || m.timestamp || m.packets || m.octets) {
            n += snprintf(text + n, size - n, " ntp=%016llx ts=%08x %u %u",
                          (unsigned long long) m.ntp, m.timestamp, m.packets,
                          m.octets);
        }

        for (i = 0; i < m.nbye; i++) {
            n += snprintf(text + n, size - n, "%s%08x", i ? "," : " bye=",
                          m.bye[i]);
        }
    }
}


static void
hex_is(const u_char *p, size_t len, const char *want, const char *name)
{
    char     got[4096], text[4096];
    u_char  *bytes;
    size_t   i, n;

    bytes = tap_bytes(want, &n);

    got[0] = '\0';
    text[0] = '\0';

    for (i = 0; i < len; i++) {
        sprintf(got + 2 * i, "%02x", p[i]);
    }

    for (i = 0; i < n; i++) {
        sprintf(text + 2 * i, "%02x", bytes[i]);
    }

    tap_is_text(got, text, name);

    free(bytes);
}


static void
test_report(void)
{
    u_char                 buf[2048], *copy;
    size_t                 len, n, bad;
    ngx_str_t              cname;
    ngx_whip_rtcp_block_t  blocks[NGX_WHIP_RTCP_MAX_COUNT + 1];

    memset(blocks, 0, sizeof(blocks));
    ngx_str_set(&cname, "live");

    len = ngx_whip_rtcp_report(buf, sizeof(buf), 0xcafebabe, NULL, 0, &cname);
    hex_is(buf, len,
           "80 c9 0001" SENDER "81 ca 0003" SENDER "01 04 6c697665 0000",
           "no blocks");

    cname.len = 1;
    len = ngx_whip_rtcp_report(buf, sizeof(buf), 0xcafebabe, NULL, 0, &cname);
    hex_is(buf, len, "80 c9 0001" SENDER "81 ca 0002" SENDER "01 01 6c 00",
           "a name with one byte of 0 behind it");

    cname.len = 2;
    len = ngx_whip_rtcp_report(buf, sizeof(buf), 0xcafebabe, NULL, 0, &cname);
    hex_is(buf, len,
           "80 c9 0001" SENDER "81 ca 0003" SENDER "01 02 6c69 00000000",
           "a name with four bytes of 0 behind it");

    blocks[0].ssrc = 0x00000007;
    blocks[0].fraction = 255;
    blocks[0].lost = -1;
    blocks[0].highest = 0x00010002;
    blocks[0].jitter = 3;
    blocks[0].lsr = 4;
    blocks[0].dlsr = 5;

    blocks[1].ssrc = 0xffffffff;
    blocks[1].lost = 0x123456;
    blocks[1].dlsr = 0xffffffff;

    ngx_str_set(&cname, "x");

    len = ngx_whip_rtcp_report(buf, sizeof(buf), 0xcafebabe, blocks, 2,
                               &cname);
    hex_is(buf, len,
           "82 c9 000d" SENDER BLOCK
           "ffffffff 00 123456 00000000 00000000 00000000 ffffffff"
           "81 ca 0002" SENDER "01 01 78 00",
           "two blocks");

    bad = 0;

    for (n = 0; n < len; n++) {
        copy = malloc(n ? n : 1);
        bad += (ngx_whip_rtcp_report(copy, n, 1, blocks, 2, &cname) != 0);
        free(copy);
    }

    tap_is(bad, 0, "buffers that are too small");
    tap_is(ngx_whip_rtcp_report(buf, len, 1, blocks, 2, &cname), len,
           "one that is just large enough");

    blocks[0].lost = 0x7fffffff;
    blocks[1].lost = -0x7fffffff - 1;

    (void) ngx_whip_rtcp_report(buf, sizeof(buf), 0xcafebabe, blocks, 2,
                                &cname);
    hex_is(buf + 12, 4, "ff7fffff", "the most lost that can be told");
    hex_is(buf + 36, 4, "00800000", "the least");

    tap_is(ngx_whip_rtcp_report(buf, sizeof(buf), 1, blocks, 31, &cname),
           8 + 31 * 24 + 12, "31 blocks");
    tap_is(ngx_whip_rtcp_report(buf, sizeof(buf), 1, blocks, 32, &cname), 0,
           "32 blocks");

    ngx_str_set(&cname, "");
    tap_is(ngx_whip_rtcp_report(buf, sizeof(buf), 1, blocks, 1, &cname), 0,
           "no name");

    cname.data = calloc(1, 256);
    cname.len = 255;
    tap_is(ngx_whip_rtcp_report(buf, sizeof(buf), 1, NULL, 0, &cname),
           8 + 8 + 260, "a name of 255 bytes");

    cname.len = 256;
    tap_is(ngx_whip_rtcp_report(buf, sizeof(buf), 1, NULL, 0, &cname), 0,
           "a name of 256 bytes");
    free(cname.data);
}


static void
nack_is(const uint16_t *seqs, ngx_uint_t n, const char *want, const char *name)
{
    u_char  buf[2048];
    size_t  len;

    len = ngx_whip_rtcp_nack(buf, sizeof(buf), 0xcafebabe, 7, seqs, n);

    hex_is(buf, len, want, name);
}


static void
test_nack(void)
{
    u_char      buf[2048], *copy;
    size_t      n, bad;
    uint16_t    seqs[NGX_WHIP_RTCP_MAX_NACK + 1];
    ngx_uint_t  i;

    seqs[0] = 1000;
    nack_is(seqs, 1, "81 cd 0003" SENDER "00000007 03e8 0000", "one");

    seqs[1] = 1001;
    seqs[2] = 1016;
    nack_is(seqs, 3, "81 cd 0003" SENDER "00000007 03e8 8001",
            "the lowest and the highest bit");

    seqs[2] = 1017;
    nack_is(seqs, 3, "81 cd 0004" SENDER "00000007 03e8 0001 03f9 0000",
            "one number too far");

    for (i = 0; i < 18; i++) {
        seqs[i] = (uint16_t) (65530 + i);
    }

    nack_is(seqs, 18, "81 cd 0004" SENDER "00000007 fffa ffff 000b 0000",
            "18 in a row over the wrap");

    seqs[0] = 5;
    seqs[1] = 5;
    seqs[2] = 6;
    seqs[3] = 6;
    nack_is(seqs, 4, "81 cd 0003" SENDER "00000007 0005 0001", "doublets");

    seqs[0] = 65535;
    seqs[1] = 0;
    nack_is(seqs, 2, "81 cd 0003" SENDER "00000007 ffff 0001",
            "the wrap itself");

    seqs[0] = 10;
    seqs[1] = 9;
    nack_is(seqs, 2, "81 cd 0004" SENDER "00000007 000a 0000 0009 0000",
            "numbers that do not ascend cost more, no worse");

    nack_is(seqs, 0, "", "none");

    for (i = 0; i <= NGX_WHIP_RTCP_MAX_NACK; i++) {
        seqs[i] = (uint16_t) (i * 100);
    }

    tap_is(ngx_whip_rtcp_nack(buf, sizeof(buf), 1, 2, seqs, 500), 2012,
           "the most");
    tap_is(ngx_whip_rtcp_nack(buf, sizeof(buf), 1, 2, seqs, 501), 0,
           "one more");
    tap_is(ngx_whip_rtcp_nack(buf, 1200, 1, 2, seqs, 297), 1200,
           "297 fit into 1200 bytes whatever they are");
    tap_is(ngx_whip_rtcp_nack(buf, 1200, 1, 2, seqs, 298), 0,
           "298 do not");

    bad = 0;

    for (n = 0; n < 24; n++) {
        copy = malloc(n ? n : 1);
        bad += (ngx_whip_rtcp_nack(copy, n, 1, 2, seqs, 3) != 0);
        free(copy);
    }

    tap_is(bad, 0, "buffers that are too small");
}


/* sets of numbers, packed and unpacked again */

static void
test_nack_random(void)
{
    u_char      buf[2048];
    size_t      len, pos;
    uint16_t    seqs[200], got[200 * 17], pid, blp;
    uint32_t    state;
    ngx_uint_t  round, n, i, k, bad;

    state = 1;
    bad = 0;

    for (round = 0; round < 2000; round++) {

        state = state * 1103515245 + 12345;
        seqs[0] = (uint16_t) (state >> 16);
        n = 1 + (state >> 8) % 199;

        for (i = 1; i < n; i++) {
            state = state * 1103515245 + 12345;
            seqs[i] = (uint16_t) (seqs[i - 1] + 1 + (state >> 16) % (1 + round
                                                                     % 20));
        }

        len = ngx_whip_rtcp_nack(buf, sizeof(buf), 1, 2, seqs, n);
        k = 0;

        for (pos = 12; pos < len; pos += 4) {
            pid = (uint16_t) (buf[pos] << 8 | buf[pos + 1]);
            blp = (uint16_t) (buf[pos + 2] << 8 | buf[pos + 3]);

            got[k++] = pid;

            for (i = 0; i < 16; i++) {
                if (blp & (1 << i)) {
                    got[k++] = (uint16_t) (pid + 1 + i);
                }
            }
        }

        bad += (k != n || memcmp(got, seqs, n * sizeof(uint16_t)) != 0);
    }

    tap_is(bad, 0, "2000 sets of numbers, packed and unpacked");
}


static void
test_keyframe(void)
{
    u_char  buf[64], *copy;
    size_t  len, n, bad;

    len = ngx_whip_rtcp_pli(buf, sizeof(buf), 0xcafebabe, 7);
    hex_is(buf, len, "81 ce 0002" SENDER "00000007", "PLI");

    len = ngx_whip_rtcp_fir(buf, sizeof(buf), 0xcafebabe, 7, 255);
    hex_is(buf, len, "84 ce 0004" SENDER "00000000 00000007 ff 000000", "FIR");

    tap_is(ngx_whip_rtcp_pli(buf, 12, 1, 2), 12, "PLI just fits");
    tap_is(ngx_whip_rtcp_fir(buf, 20, 1, 2, 3), 20, "FIR just fits");

    bad = 0;

    for (n = 0; n < 20; n++) {
        copy = malloc(n ? n : 1);
        bad += (n < 12 && ngx_whip_rtcp_pli(copy, n, 1, 2) != 0);
        bad += (ngx_whip_rtcp_fir(copy, n, 1, 2, 3) != 0);
        free(copy);
    }

    tap_is(bad, 0, "buffers that are too small");
}


static void
test_remb(void)
{
    u_char    buf[2048];
    size_t    len;
    uint32_t  ssrcs[256] = { 7, 8 };

    len = ngx_whip_rtcp_remb(buf, sizeof(buf), 0xcafebabe, 0x3ffff, ssrcs, 2);
    hex_is(buf, len,
           "8f ce 0006" SENDER "00000000 52454d42 02 03ffff 00000007 00000008",
           "REMB, the most without an exponent");

    len = ngx_whip_rtcp_remb(buf, sizeof(buf), 0xcafebabe, 0x40000, ssrcs, 1);
    hex_is(buf, len, "8f ce 0005" SENDER "00000000 52454d42 01 060000 00000007",
           "REMB, one more: exponent 1");

    /* 8,000,000 = 250,000 << 5 */

    len = ngx_whip_rtcp_remb(buf, sizeof(buf), 0xcafebabe, 8000000, ssrcs, 1);
    hex_is(buf, len, "8f ce 0005" SENDER "00000000 52454d42 01 17d090 00000007",
           "REMB, 8 Mbit/s");

    len = ngx_whip_rtcp_remb(buf, sizeof(buf), 0xcafebabe, 0, NULL, 0);
    hex_is(buf, len, "8f ce 0004" SENDER "00000000 52454d42 00 000000",
           "REMB, nothing for nobody");

    len = ngx_whip_rtcp_remb(buf, sizeof(buf), 0xcafebabe,
                             0xffffffffffffffffull, ssrcs, 1);
    hex_is(buf, len, "8f ce 0005" SENDER "00000000 52454d42 01 bbffff 00000007",
           "REMB, the most: exponent 46");

    tap_is(ngx_whip_rtcp_remb(buf, sizeof(buf), 1, 1, ssrcs, 255), 20 + 1020,
           "REMB, 255 sources");
    tap_is(ngx_whip_rtcp_remb(buf, sizeof(buf), 1, 1, ssrcs, 256), 0,
           "REMB, 256 sources");
    tap_is(ngx_whip_rtcp_remb(buf, 24, 1, 1, ssrcs, 1), 24, "REMB just fits");
    tap_is(ngx_whip_rtcp_remb(buf, 23, 1, 1, ssrcs, 1), 0,
           "REMB, a buffer that is too small");
}


/* a report and feedback behind it, as where reduced size is not negotiated */

static void
test_compound(void)
{
    char       text[512];
    u_char     buf[256];
    size_t     len;
    ngx_str_t  cname = ngx_string("live");

    len = ngx_whip_rtcp_report(buf, sizeof(buf), 1, NULL, 0, &cname);
    len += ngx_whip_rtcp_pli(buf + len, sizeof(buf) - len, 1, 2);

    describe(buf, len, text, sizeof(text));

    tap_is_text(text, "201/0 00000001; 202/1 00000001; 206/1 00000001",
                "a compound packet");
}


int
main(void)
{
    char          text[1024];
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {
        p = tap_bytes(row->hex, &len);
        describe(p, len, text, sizeof(text));
        tap_is_text(text, row->want, row->name);
        free(p);
    }

    test_report();
    test_nack();
    test_nack_random();
    test_keyframe();
    test_remb();
    test_compound();

    return tap_done();
}
