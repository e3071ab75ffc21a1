
/*
 * Copyright (C) the ngx_live contributors
 *
 * Fragments of session descriptions: what a PATCH says, and what answers an ICE
 * restart.
 */

/* sources: modules/ngx_whip/ngx_whip_line.c */
/* sources: modules/ngx_whip/ngx_whip_text.c */
/* sources: modules/ngx_whip/ngx_whip_sdp.c */
/* sources: modules/ngx_whip/ngx_whip_answer.c */
/* sources: modules/ngx_whip/ngx_whip_frag.c */


#include "tap.h"
#include "whip_offers.h"
#include "ngx_whip_frag.h"


#define ICE        "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n"
#define OTHER_ICE  "a=ice-ufrag:EsAx\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n"

#define NOT_BOTH   "\"a=ice-ufrag\" and \"a=ice-pwd\" are not both there"
#define MALFORMED  "\"a=ice-ufrag\" or \"a=ice-pwd\" is malformed"


typedef struct {
    const char  *name;
    const char  *frag;
    const char  *want;      /* "ufrag/pwd mid media candidates end" */
} row_t;


static const row_t  rows[] = {

    { "trickle, as in RFC 9725",
      ICE
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
      "a=mid:0\n"
      "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host "
      "generation 0 ufrag EsAw network-id 1\n"
      "a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host "
      "tcptype active generation 0 ufrag EsAw network-id 1\n"
      "a=end-of-candidates\n",
      "EsAw/P2uYro0UCOQ4zxjKXaWCBui1 0 1 2 1" },

    { "names in the media",
      "a=group:BUNDLE 1\na=ice-options:trickle\n"
      "m=video 9 RTP/AVP 0\na=mid:1\n" ICE,
      "EsAw/P2uYro0UCOQ4zxjKXaWCBui1 1 1 0 0" },

    { "two media with the same names",
      ICE "m=audio 9 RTP/AVP 0\na=mid:audio\n" ICE
      "m=video 9 RTP/AVP 0\na=mid:video\n" ICE,
      "EsAw/P2uYro0UCOQ4zxjKXaWCBui1 audio 2 0 0" },

    { "a restart", ICE, "EsAw/P2uYro0UCOQ4zxjKXaWCBui1  0 0 0" },

    { "candidates alone, of whatever kind",
      "m=audio 9 UDP/TLS/RTP/SAVPF 0\n"
      "a=mid:0\n"
      "a=candidate:1 1 udp 1 0c1e2f3a-6b5d-4a79-8c1d-9e0fa1b2c3d4.local 5000 "
      "typ host\n"
      "a=candidate:2 1 sctp 1 192.0.2.1 5000 typ host\n"
      "a=candidate:\n"
      "a=candidate\n"
      "a=candidate:x y z\n"
      "a=candidate:3 1 udp 99999999999999999999 999.1.1.1 70000 typ what\n",
      "/ 0 1 6 0" },

    { "the end alone", "a=end-of-candidates\n", "/  0 0 1" },
    { "the end, no last line end", "a=end-of-candidates", "/  0 0 1" },
    { "what is not known", "a=x\na=y:z\nb=AS:1\n" ICE,
      "EsAw/P2uYro0UCOQ4zxjKXaWCBui1  0 0 0" },

    { "nothing", "", "the fragment is empty" },
    { "empty lines", "\n\n", "the fragment is empty" },
    { "JSON", "{\"candidate\":\"\"}",
      "a line does not begin with a letter and \"=\"" },
    { "a bare candidate", ICE "candidate:1 1 udp 1 192.0.2.1 1 typ host\n",
      "a line does not begin with a letter and \"=\"" },
    { "a control character", ICE "a=x:\002\n",
      "a line has a control character in it" },
    { "ufrag alone", "a=ice-ufrag:EsAw\n", NOT_BOTH },
    { "password alone", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n", NOT_BOTH },
    { "short ufrag", "a=ice-ufrag:EsA\n", MALFORMED },
    { "empty ufrag", "a=ice-ufrag:\n", MALFORMED },
    { "short password", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCB\n", MALFORMED },
    { "two generations", ICE "m=audio 9 RTP/AVP 0\n" OTHER_ICE,
      "the credentials are of more than one ICE generation" },
    { "mid of two words", "m=audio 9 RTP/AVP 0\na=mid:a b\n",
      "\"a=mid\" is not a token" },

    { NULL, NULL, NULL }
};


static void
describe(u_char *p, size_t len, char *text, size_t size)
{
    const char       *why;
    ngx_whip_frag_t   frag;

    why = "nothing was said";

    if (ngx_whip_frag_parse(&frag, p, p + len, &why) != NGX_OK) {
        snprintf(text, size, "%s", why);
        return;
    }

    snprintf(text, size, "%.*s/%.*s %.*s %d %d %d",
             (int) frag.ufrag.len, frag.ufrag.data,
             (int) frag.pwd.len, frag.pwd.data,
             (int) frag.mid.len, frag.mid.data,
             (int) frag.nmedia, (int) frag.ncandidates, frag.end);
}


static void
test_parse(void)
{
    int           crlf;
    char          text[1024], name[256];
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        for (crlf = 0; crlf < 2; crlf++) {

            p = whip_text(row->frag, crlf, &len);

            describe(p, len, text, sizeof(text));

            snprintf(name, sizeof(name), "%s, %s", row->name,
                     crlf ? "CRLF" : "LF");
            tap_is_text(text, row->want, name);

            free(p);
        }
    }
}


static void
test_limits(void)
{
    char     text[1024];
    u_char   buf[NGX_WHIP_FRAG_MAX_SIZE + 1];
    size_t   n;

    /* 1024 lines of 16 bytes */

    for (n = 0; n < NGX_WHIP_FRAG_MAX_SIZE; n += 16) {
        memcpy(buf + n, "a=candidate:123\n", 16);
    }

    buf[n] = '\n';

    describe(buf, NGX_WHIP_FRAG_MAX_SIZE, text, sizeof(text));
    tap_is_text(text, "/  0 1024 0", "16 KB");

    describe(buf, NGX_WHIP_FRAG_MAX_SIZE + 1, text, sizeof(text));
    tap_is_text(text, "the fragment is larger than 16384 bytes", "a byte more");

    memset(buf, '\n', sizeof(buf));
    describe(buf, 2001, text, sizeof(text));
    tap_is_text(text, "there are more than 2000 lines", "2001 lines");

    buf[0] = '\0';
    describe(buf, 1, text, sizeof(text));
    tap_is_text(text, "a line has a control character in it", "a NUL");
}


static void
test_write(const char *offer, const char *want, const char *name)
{
    char                text[1024];
    size_t              len, total;
    u_char             *p, *end, *expected, buf[1024];
    const char         *why;
    ngx_whip_sdp_t      sdp;
    ngx_whip_answer_t   a;

    static ngx_whip_candidate_t  candidates[] = {
        { ngx_string("203.0.113.7"), 8189, 0, 1 },
        { ngx_string("203.0.113.7"), 8189, 0, 0 }
    };

    static ngx_whip_local_t  local = {
        ngx_null_string,
        ngx_string("newUfrag"),
        ngx_string("newPasswordOf32CharactersInAll00"),
        { 0 },
        candidates,
        2
    };

    p = whip_text(offer, 1, &len);

    tap_ok(ngx_whip_sdp_parse(&sdp, p, p + len, &why) == NGX_OK
           && ngx_whip_answer_choose(&a, &sdp, 0, &why) == NGX_OK, name);

    expected = whip_text(want, 1, &total);

    end = ngx_whip_frag_write(buf, buf + sizeof(buf), &a, &local);
    tap_ok(end == buf + total && memcmp(buf, expected, total) == 0,
           "the fragment");

    tap_ok(ngx_whip_frag_write(buf, buf + total, &a, &local) == end,
           "it fits exactly");
    tap_ok(ngx_whip_frag_write(buf, buf + total - 1, &a, &local) == NULL,
           "a byte less does not do");

    describe(expected, total, text, sizeof(text));
    text[41] = '\0';
    tap_is_text(text, "newUfrag/newPasswordOf32CharactersInAll00",
                "it can be read");

    free(expected);
    free(p);
}


#define CANDIDATES                                                            \
    "a=ice-ufrag:newUfrag\n"                                                  \
    "a=ice-pwd:newPasswordOf32CharactersInAll00\n"                            \
    "a=candidate:2 1 udp 2130706431 203.0.113.7 8189 typ host\n"              \
    "a=candidate:1 1 tcp 1671430143 203.0.113.7 8189 typ host "               \
        "tcptype passive\n"                                                   \
    "a=end-of-candidates\n"


int
main(void)
{
    test_parse();
    test_limits();

    test_write(CHROMIUM,
               "a=ice-lite\n"
               "a=ice-options:ice2 trickle\n"
               "a=group:BUNDLE 0 1\n"
               "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
               "a=mid:0\n"
               CANDIDATES,
               "Chromium");

    test_write(OBS_VIDEO,
               "a=ice-lite\n"
               "a=ice-options:ice2 trickle\n"
               "a=group:BUNDLE 1\n"
               "m=video 9 UDP/TLS/RTP/SAVPF 96\n"
               "a=mid:1\n"
               CANDIDATES,
               "OBS, video alone");

    return tap_done();
}
