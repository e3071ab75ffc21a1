
/*
 * Copyright (C) the ngx_live contributors
 *
 * One line of a key file: what it says, or which of the three sentences tells
 * what would be right.
 */

/* sources: modules/ngx_multisource/ngx_multisource_keyline.c */
/* sources: modules/ngx_multisource/ngx_multisource_name.c */
/* sources: modules/common/ngx_live_rate.c */


#include "tap.h"
#include "ngx_multisource_keyline.h"


#define TEN   "abcdefghij"
#define K50   TEN TEN TEN TEN TEN
#define K200  K50 K50 K50 K50

#define HEX   "0123456789abcdef0123456789abcdef" \
              "FEDCBA9876543210FEDCBA9876543210"

#define NONE  "none"
#define KEY   "sha256: and 64 hexadecimal digits, or a key of 4 to 200 "      \
              "characters without \"/\""
#define ID    "after the key a streamer id of 1 to 50 letters, digits, "      \
              "\"_\" and \"-\", not reserved and without the separator"
#define OPT   "max_sources=N (1 to 64), max_bitrate=RATE (such as 8m) or "    \
              "sources=NAME,... after the streamer"


typedef struct {
    const char  *line;
    const char  *want;      /* "key streamer N rate sources", or as above */
} row_t;


static const row_t  rows[] = {

    { "",                          NONE },
    { " \t\r",                     NONE },
    { "# a comment",               NONE },
    { "  #KEY alice",              NONE },

    { "k3y1 alice",                "k3y1 alice 0 0" },
    { "\tk3y1 \t alice \r",        "k3y1 alice 0 0" },
    { "k3y1 alice # bob",          "k3y1 alice 0 0" },
    { "k3y1 alice #max_sources=x", "k3y1 alice 0 0" },
    { "k#y1 alice",                "k#y1 alice 0 0" },
    { "a_b_c_d a-b",               "a_b_c_d a-b 0 0" },
    { K200 " alice",               K200 " alice 0 0" },
    { "k3y1 " K50,                 "k3y1 " K50 " 0 0" },
    { "sha256 alice",              "sha256 alice 0 0" },

    { "k3y1 alice max_sources=1",  "k3y1 alice 1 0" },
    { "k3y1 alice max_sources=64", "k3y1 alice 64 0" },
    { "k3y1 alice max_bitrate=8m", "k3y1 alice 0 8000000" },
    { "k3y1 alice sources=a",      "k3y1 alice 0 0 [a]" },
    { "k3y1 alice sources=Main_Screen,main,-",
      "k3y1 alice 0 0 [Main_Screen] [main] [-]" },
    { "k3y1 alice sources=a,b max_bitrate=500k max_sources=2 #",
      "k3y1 alice 2 500000 [a] [b]" },
    { "k3y1 alice max_sources=2 max_sources=3 sources=a sources=b",
      "k3y1 alice 3 0 [b]" },

    { "sha256:" HEX " alice",      "(digest) alice 0 0" },
    { "sha256:" HEX " alice max_sources=2",  "(digest) alice 2 0" },

    { "abc alice",                 KEY },
    { K200 "k alice",              KEY },
    { "k3y1/Cam alice",            KEY },
    { "sha256: alice",             KEY },
    { "sha256:0 alice",            KEY },
    { "sha256:" HEX "0 alice",     KEY },
    { "sha256:0011223344556677889 alice",  KEY },
    { "sha256:g0112233445566778899aabbccddeeff"
      "FFEEDDCCBBAA99887766554433221100 alice",  KEY },
    { "sha256:00112233445566778899aabbccddeeff"
      "FFEEDDCCBBAA9988776655443322110@ alice",  KEY },

    { "k3y1",                      ID },
    { "k3y1 ",                     ID },
    { "k3y1 # alice",              ID },
    { "k3y1 al_ice",               ID },
    { "k3y1 Admin",                ID },
    { "k3y1 al/ice",               ID },
    { "k3y1 " K50 "k",             ID },

    { "k3y1 alice bob",            OPT },
    { "k3y1 alice max_sources",    OPT },
    { "k3y1 alice max_sources=",   OPT },
    { "k3y1 alice max_sources=0",  OPT },
    { "k3y1 alice max_sources=65", OPT },
    { "k3y1 alice max_sources=18446744073709551617",  OPT },
    { "k3y1 alice max_sources=-1", OPT },
    { "k3y1 alice max_sources=1x", OPT },
    { "k3y1 alice max_sources= 1", OPT },
    { "k3y1 alice Max_sources=1",  OPT },
    { "k3y1 alice max_bitrate=",   OPT },
    { "k3y1 alice max_bitrate=0",  OPT },
    { "k3y1 alice max_bitrate=8mb",  OPT },
    { "k3y1 alice sources=",       OPT },
    { "k3y1 alice sources=,",      OPT },
    { "k3y1 alice sources=a,",     OPT },
    { "k3y1 alice sources=,a",     OPT },
    { "k3y1 alice sources=a,,b",   OPT },
    { "k3y1 alice sources=a, b",   OPT },
    { "k3y1 alice sources=a,api",  OPT },
    { "k3y1 alice sources=../a",   OPT },

    { NULL, NULL }
};


static ngx_str_t  reserved[] = { ngx_string("admin"), ngx_string("api") };

static ngx_multisource_naming_t  naming = {
    ngx_string("_"), ngx_string("main"), reserved, 2
};


static void
describe(u_char *p, u_char *last, char *text, size_t size)
{
    int                         n;
    ngx_int_t                   rc;
    ngx_str_t                   source;
    const char                 *expected;
    ngx_multisource_keyline_t   line;

    expected = "nothing was said";

    rc = ngx_multisource_keyline_parse(&line, &naming, 64, p, last, &expected);

    if (rc != NGX_OK) {
        snprintf(text, size, "%s", rc == NGX_DONE ? NONE : expected);
        return;
    }

    n = snprintf(text, size, "%.*s %.*s %d %lld",
                 line.key.len ? (int) line.key.len : 8,
                 line.key.len ? (char *) line.key.data : "(digest)",
                 (int) line.streamer.len, line.streamer.data,
                 (int) line.max_sources, (long long) line.max_bitrate);

    while (ngx_multisource_keyline_source(&line.sources, &source)) {
        n += snprintf(text + n, size - n, " [%.*s]", (int) source.len,
                      source.data);
    }
}


static void
test_digest(void)
{
    const char                 *expected;
    ngx_multisource_keyline_t   line;

    static u_char  text[] = "sha256:" HEX " alice";

    static const u_char  want[32] = {
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
        0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
        0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10
    };

    (void) ngx_multisource_keyline_parse(&line, &naming, 64, text,
                                         text + sizeof(text) - 1, &expected);

    tap_ok(memcmp(line.digest, want, 32) == 0, "the digest, in either case");
}


int
main(void)
{
    char          text[512];
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->line; row++) {

        /* of the exact size, so that a sanitizer sees a read behind its end */

        len = strlen(row->line);
        p = malloc(len ? len : 1);

        if (p == NULL) {
            return 2;
        }

        ngx_memcpy(p, row->line, len);

        describe(p, p + len, text, sizeof(text));
        tap_is_text(text, row->want, row->line);

        free(p);
    }

    test_digest();

    return tap_done();
}
