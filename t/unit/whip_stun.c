
/*
 * Copyright (C) the ngx_live contributors
 *
 * STUN messages: the test vectors of RFC 5769, our own, and answers.
 */

/* sources: modules/ngx_whip/ngx_whip_stun.c */
/* libs: -lcrypto */


#include "tap.h"
#include "crc32.h"
#include "ngx_whip_stun.h"


#define KEY         "VOkJxbRl1RmTxUk/WvJxBt"

#define COOKIE      "2112a442"
#define TID         "b7e7a701 bc34d686 fa87dfae"


/* RFC 5769, 2.1 */

static const char  rfc5769_request[] =
    "0001 0058"              /* binding request, 88 bytes */
    COOKIE TID
    "8022 0010"              /* SOFTWARE */
    "5354554e 20746573 7420636c 69656e74"   /* "STUN test client" */
    "0024 0004"              /* PRIORITY */
    "6e0001ff"
    "8029 0008"              /* ICE-CONTROLLED */
    "932ff9b1 51263b36"      /* tie-breaker */
    "0006 0009"              /* USERNAME */
    "6576746a 3a683676 59"   /* "evtj:h6vY" */
    "202020"                 /* padding, that need not be 0 */
    "0008 0014"              /* MESSAGE-INTEGRITY */
    "9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2"
    "8028 0004"              /* FINGERPRINT */
    "e57a3bcf";


/* RFC 5769, 2.2 */

static const char  rfc5769_ipv4[] =
    "0101 003c"              /* binding success response, 60 bytes */
    COOKIE TID
    "8022 000b"              /* SOFTWARE */
    "74657374 20766563 746f72"              /* "test vector" */
    "20"
    "0020 0008"              /* XOR-MAPPED-ADDRESS */
    "00 01 a147 e112a643"    /* 192.0.2.1 port 32853 */
    "0008 0014"              /* MESSAGE-INTEGRITY */
    "2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7"
    "8028 0004"              /* FINGERPRINT */
    "c07d4c96";


/* RFC 5769, 2.3 */

static const char  rfc5769_ipv6[] =
    "0101 0048"              /* binding success response, 72 bytes */
    COOKIE TID
    "8022 000b"              /* SOFTWARE */
    "74657374 20766563 746f72"              /* "test vector" */
    "20"
    "0020 0014"              /* XOR-MAPPED-ADDRESS */
    "00 02 a147"             /* port 32853 */
    "0113a9fa a5d3f179 bc25f4b5 bed2b9d9"   /* 2001:db8:1234:5678:... */
    "0008 0014"              /* MESSAGE-INTEGRITY */
    "a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41"
    "8028 0004"              /* FINGERPRINT */
    "c8fb0b4c";


/* RFC 5769, 2.4; its key is that of long-term credentials */

static const char  rfc5769_long_term[] =
    "0001 0060"              /* binding request, 96 bytes */
    COOKIE "78ad3433 c6ad72c0 29da412e"
    "0006 0012"              /* USERNAME, 6 characters of 3 bytes */
    "e3839e e38388 e383aa e38383 e382af e382b9"
    "0000"
    "0015 001c"              /* NONCE */
    "662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341"
    "0014 000b"              /* REALM, "example.org" */
    "6578616d 706c652e 6f7267"
    "00"
    "0008 0014"              /* MESSAGE-INTEGRITY */
    "f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666";


/* MD5 of the username, ":example.org:TheMatrIX", RFC 8489, 9.2.2 */

static const char  rfc5769_long_term_key[] =
    "e8ca7ad5 9d5eb051 8e312911 d2dab2a9";


typedef struct {
    const char  *name;
    const char  *hex;
    const char  *want;
} row_t;


#define HEAD0   "0001 0000" COOKIE TID
#define HEAD4   "0001 0004" COOKIE TID
#define HEAD8   "0001 0008" COOKIE TID
#define HEAD12  "0001 000c" COOKIE TID
#define DIGEST  "00000000 00000000 00000000 00000000 00000000"


/*
 * What is expected reads: type, username, flags, priority, offset of
 * MESSAGE-INTEGRITY, unknown attributes; or "error".
 */

static const row_t  rows[] = {

    { "RFC 5769, request", rfc5769_request,
      "0001 user=evtj:h6vY prio=1845494271 controlled mi=76 fp" },
    { "RFC 5769, IPv4 response", rfc5769_ipv4, "0101 mi=48 fp" },
    { "RFC 5769, IPv6 response", rfc5769_ipv6, "0101 mi=60 fp" },
    { "RFC 5769, long-term credentials", rfc5769_long_term,
      "0001 user=\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf"
      "\xe3\x82\xb9 mi=92" },

    /* the header */

    { "no attributes", HEAD0, "0001" },
    { "an indication", "0011 0000" COOKIE TID, "0011" },
    { "the highest type", "3fff 0000" COOKIE TID, "3fff" },
    { "nothing", "", "error" },
    { "a header cut off", "0001 0000" COOKIE "b7e7a701 bc34d686 fa87df",
      "error" },
    { "no STUN by the first bits", "4001 0000" COOKIE TID, "error" },
    { "no STUN by the first bits, 2", "8001 0000" COOKIE TID, "error" },
    { "another cookie", "0001 0000 2112a443" TID, "error" },
    { "a length above the datagram", HEAD4, "error" },
    { "a length below the datagram", HEAD0 "80220000", "error" },
    { "a length that is no multiple of 4", "0001 0005" COOKIE TID
      "8022000100", "error" },

    /* attributes */

    { "the least of FFmpeg: USERNAME and USE-CANDIDATE",
      "0001 000c" COOKIE TID "0006 0003 613a62 00" "0025 0000",
      "0001 user=a:b use" },
    { "USE-CANDIDATE with a value", HEAD8 "0025 0001 00000000", "error" },
    { "PRIORITY of 3 bytes", HEAD8 "0024 0003 00000000", "error" },
    { "PRIORITY of no bytes", HEAD4 "0024 0000", "error" },
    { "ICE-CONTROLLING", HEAD12 "802a 0008 0000000000000000",
      "0001 controlling" },
    { "ICE-CONTROLLING of 4 bytes", HEAD8 "802a 0004 00000000", "error" },
    { "ICE-CONTROLLED of 4 bytes", HEAD8 "8029 0004 00000000", "error" },
    { "a value cut off", HEAD8 "0006 0005 00000000", "error" },
    { "a value of 65535 bytes", HEAD8 "8022 ffff 00000000", "error" },
    { "an empty USERNAME", HEAD4 "0006 0000", "0001" },
    { "two USERNAMEs: the first counts",
      "0001 0010" COOKIE TID "0006 0001 61 000000" "0006 0001 62 000000",
      "0001 user=a" },
    { "two PRIORITYs: the first counts",
      "0001 0010" COOKIE TID "0024 0004 00000001" "0024 0004 00000002",
      "0001 prio=1" },
    { "optional attributes are ignored",
      "0001 0014" COOKIE TID "c057 0004 0001000a" "c001 0004 00000001"
      "8000 0000", "0001" },
    { "unknown mandatory attributes",
      "0001 0010" COOKIE TID "0002 0004 00000000" "7fff 0000" "001c 0000",
      "0001 unknown=0002,7fff,001c" },
    { "known, not expected",
      "0001 0018" COOKIE TID "0001 0000" "0009 0000" "000a 0000" "0014 0000"
      "0015 0000" "0020 0000", "0001" },
    { "more unknown ones than are kept",
      "0001 0028" COOKIE TID "0100 0000 0101 0000 0102 0000 0103 0000"
      "0104 0000 0105 0000 0106 0000 0107 0000 0108 0000 0109 0000",
      "0001 unknown=0100,0101,0102,0103,0104,0105,0106,0107" },
    { "16 attributes",
      "0001 0040" COOKIE TID
      "80000000 80000000 80000000 80000000 80000000 80000000 80000000 80000000"
      "80000000 80000000 80000000 80000000 80000000 80000000 80000000 00250000",
      "0001 use" },
    { "17 attributes",
      "0001 0044" COOKIE TID
      "80000000 80000000 80000000 80000000 80000000 80000000 80000000 80000000"
      "80000000 80000000 80000000 80000000 80000000 80000000 80000000 00250000"
      "80000000", "error" },

    /* what MESSAGE-INTEGRITY does not cover */

    { "MESSAGE-INTEGRITY of 19 bytes", "0001 0018" COOKIE TID
      "0008 0013" DIGEST, "error" },
    { "MESSAGE-INTEGRITY of 24 bytes", "0001 001c" COOKIE TID
      "0008 0018" DIGEST "00000000", "error" },
    { "all behind it does not count",
      "0001 003c" COOKIE TID "0008 0014" DIGEST "0006 0001 61 000000"
      "0025 0000" "0024 0004 00000001" "802a 0008 0000000000000000"
      "001c 0000", "0001 mi=20" },
    { "a second one does not count",
      "0001 0030" COOKIE TID "0008 0014" DIGEST "0008 0014" DIGEST,
      "0001 mi=20" },
    { "nor is it looked at",
      "0001 0024" COOKIE TID "0008 0014" DIGEST "0024 0001 00000000"
      "0008 0000", "0001 mi=20" },
    { "but it has to be there",
      "0001 0020" COOKIE TID "0008 0014" DIGEST "8022 0005 00000000",
      "error" },

    /* FINGERPRINT */

    { "FINGERPRINT alone", HEAD8 "8028 0004 fdf6ae02", "0001 fp" },
    { "FINGERPRINT of another message", HEAD8 "8028 0004 e57a3bcf", "error" },
    { "FINGERPRINT of no bytes", HEAD4 "8028 0000", "error" },
    { "FINGERPRINT of 8 bytes", HEAD12 "8028 0008 0000000000000000", "error" },
    { "FINGERPRINT not at the end",
      HEAD12 "8028 0004 8efe89cd" "8022 0000", "error" },

    { NULL, NULL, NULL }
};


static void
describe(const u_char *p, size_t len, char *text, size_t size)
{
    size_t           n;
    ngx_uint_t       i;
    ngx_whip_stun_t  m;

    if (ngx_whip_stun_parse(&m, p, len) != NGX_OK) {
        snprintf(text, size, "error");
        return;
    }

    n = snprintf(text, size, "%04x", (int) m.type);

    if (m.username.len) {
        n += snprintf(text + n, size - n, " user=%.*s", (int) m.username.len,
                      m.username.data);
    }

    if (m.priority) {
        n += snprintf(text + n, size - n, " prio=%u", m.priority);
    }

    n += snprintf(text + n, size - n, "%s%s%s",
                  m.use_candidate ? " use" : "",
                  m.controlling ? " controlling" : "",
                  m.controlled ? " controlled" : "");

    if (m.integrity) {
        n += snprintf(text + n, size - n, " mi=%d", (int) m.integrity);
    }

    if (m.fingerprint) {
        n += snprintf(text + n, size - n, " fp");
    }

    for (i = 0; i < m.nunknown; i++) {
        n += snprintf(text + n, size - n, "%s%04x", i ? "," : " unknown=",
                      m.unknown[i]);
    }
}


static ngx_int_t
verify(const u_char *p, size_t len, const char *key)
{
    ngx_str_t        s;
    ngx_whip_stun_t  m;

    if (ngx_whip_stun_parse(&m, p, len) != NGX_OK) {
        return NGX_ERROR;
    }

    s.data = (u_char *) key;
    s.len = strlen(key);

    return ngx_whip_stun_verify(&m, p, len, &s);
}


static void
test_verify(void)
{
    char             name[64];
    size_t           len, i;
    u_char          *p;
    ngx_str_t        key;
    ngx_uint_t       bad;
    ngx_whip_stun_t  m;

    static const char  *vectors[] = {
        rfc5769_request, rfc5769_ipv4, rfc5769_ipv6
    };

    for (i = 0; i < 3; i++) {
        p = tap_bytes(vectors[i], &len);

        snprintf(name, sizeof(name), "vector %d: the key", (int) i + 1);
        tap_is(verify(p, len, KEY), NGX_OK, name);

        snprintf(name, sizeof(name), "vector %d: another key", (int) i + 1);
        tap_is(verify(p, len, "VOkJxbRl1RmTxUk/WvJxBu"), NGX_DECLINED, name);

        snprintf(name, sizeof(name), "vector %d: no key", (int) i + 1);
        tap_is(verify(p, len, ""), NGX_DECLINED, name);

        free(p);
    }

    p = tap_bytes(rfc5769_long_term, &len);
    key.data = tap_bytes(rfc5769_long_term_key, &key.len);

    tap_is(ngx_whip_stun_parse(&m, p, len), NGX_OK, "vector 4");
    tap_is(ngx_whip_stun_verify(&m, p, len, &key), NGX_OK,
           "vector 4: the key, no FINGERPRINT");

    free(key.data);
    free(p);

    /* every bit counts, up to the digest, and those of the digest */

    p = tap_bytes(rfc5769_request, &len);
    bad = 0;

    for (i = 0; i < (len - 8) * 8; i++) {
        p[i / 8] ^= 1 << i % 8;
        bad += (verify(p, len, KEY) == NGX_OK);
        p[i / 8] ^= 1 << i % 8;
    }

    tap_is(bad, 0, "no bit of the message may change");

    /* the same without FINGERPRINT */

    p[3] -= 8;
    bad = 0;

    for (i = 0; i < (len - 8) * 8; i++) {
        p[i / 8] ^= 1 << i % 8;
        bad += (verify(p, len - 8, KEY) == NGX_OK);
        p[i / 8] ^= 1 << i % 8;
    }

    tap_is(verify(p, len - 8, KEY), NGX_OK, "without FINGERPRINT");
    tap_is(bad, 0, "no bit of it may change");
    free(p);

    p = tap_bytes(HEAD0, &len);
    tap_is(verify(p, len, KEY), NGX_DECLINED, "no MESSAGE-INTEGRITY");
    free(p);

    /* offsets that no parser gave */

    p = tap_bytes(rfc5769_request, &len);

    (void) ngx_whip_stun_parse(&m, p, len);
    ngx_str_set(&key, KEY);

    tap_ok(m.tid == p + 8, "the transaction id is in the message");

    m.integrity = len - 23;
    tap_is(ngx_whip_stun_verify(&m, p, len, &key), NGX_DECLINED,
           "MESSAGE-INTEGRITY over the end");

    m.integrity = len + 1;
    tap_is(ngx_whip_stun_verify(&m, p, len, &key), NGX_DECLINED,
           "MESSAGE-INTEGRITY behind the end");
    free(p);
}


static void
test_append(void)
{
    size_t           len;
    u_char          *p, buf[256];
    ngx_str_t        key = ngx_string(KEY);
    ngx_whip_stun_t  m;

    /* an attacker appends to a message that he saw */

    p = tap_bytes(rfc5769_request, &len);
    len -= 8;

    memcpy(buf, p, len);
    memcpy(buf + len, "\x00\x25\x00\x00", 4);
    buf[3] = len + 4 - 20;
    free(p);

    tap_is(ngx_whip_stun_parse(&m, buf, len + 4), NGX_OK,
           "USE-CANDIDATE appended");
    tap_is(ngx_whip_stun_verify(&m, buf, len + 4, &key), NGX_OK,
           "the rest is authentic");
    tap_is(m.use_candidate, 0, "what was appended does not count");
}


static void
test_large(void)
{
    u_char           buf[1504];
    ngx_whip_stun_t  m;

    memset(buf, 0, sizeof(buf));
    memcpy(buf, "\x00\x01\x05\xc8\x21\x12\xa4\x42", 8);
    memcpy(buf + 20, "\x80\x22\x05\xc4", 4);

    tap_is(ngx_whip_stun_parse(&m, buf, 1500), NGX_OK, "1500 bytes");

    buf[3] += 4;
    buf[23] += 4;

    tap_is(ngx_whip_stun_parse(&m, buf, 1504), NGX_ERROR, "1504 bytes");
}


static void
text_of(const u_char *p, size_t len, char *text)
{
    size_t  i;

    text[0] = '\0';

    for (i = 0; i < len; i++) {
        sprintf(text + 2 * i, "%02x", p[i]);
    }
}


/* an answer up to its MESSAGE-INTEGRITY or FINGERPRINT, in hexadecimal */

static void
answer(const u_char *p, size_t len, const char *want, const char *name)
{
    char     got[512], text[512];
    size_t   n;
    u_char  *bytes;

    bytes = tap_bytes(want, &n);
    text_of(bytes, n, text);
    free(bytes);

    text_of(p, ngx_min(len, n), got);
    tap_is_text(got, text, name);
}


static void
test_success(void)
{
    size_t               len, n, bad;
    u_char               buf[NGX_WHIP_STUN_MAX_ANSWER], *copy, *tid;
    ngx_str_t            none, key = ngx_string(KEY);
    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;
    struct sockaddr_un   un;

    static const u_char  ip6[16] = {
        0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78,
        0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77
    };

    tid = tap_bytes(TID, &n);

    /* the addresses of RFC 5769, 2.2 and 2.3 */

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(32853);
    sin.sin_addr.s_addr = htonl(0xc0000201);

    len = ngx_whip_stun_success(buf, sizeof(buf), tid,
                                (struct sockaddr *) &sin, &key);
    tap_is(len, 64, "an IPv4 answer");
    answer(buf, len, "0101 002c" COOKIE TID
           "0020 0008 00 01 a147 e112a643" "0008 0014", "its bytes");
    tap_is(verify(buf, len, KEY), NGX_OK, "its MESSAGE-INTEGRITY");

    memset(&sin6, 0, sizeof(sin6));
    sin6.sin6_family = AF_INET6;
    sin6.sin6_port = htons(32853);
    memcpy(&sin6.sin6_addr, ip6, 16);

    len = ngx_whip_stun_success(buf, sizeof(buf), tid,
                                (struct sockaddr *) &sin6, &key);
    tap_is(len, 76, "an IPv6 answer");
    answer(buf, len, "0101 0038" COOKIE TID
           "0020 0014 00 02 a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
           "0008 0014", "its bytes");
    tap_is(verify(buf, len, KEY), NGX_OK, "its MESSAGE-INTEGRITY");

    /* the last bytes are the FINGERPRINT, which parse() checks */

    tap_is_text((buf[68] == 0x80 && buf[69] == 0x28) ? "there" : "not there",
                "there", "its FINGERPRINT");

    memset(&sin6.sin6_addr, 0, 10);
    memset((u_char *) &sin6.sin6_addr + 10, 0xff, 2);
    memcpy((u_char *) &sin6.sin6_addr + 12, "\xc0\x00\x02\x01", 4);

    len = ngx_whip_stun_success(buf, sizeof(buf), tid,
                                (struct sockaddr *) &sin6, &key);
    tap_is(len, 64, "an IPv4-mapped address goes as IPv4");
    answer(buf, len, "0101 002c" COOKIE TID
           "0020 0008 00 01 a147 e112a643" "0008 0014", "its bytes");

    memset(&un, 0, sizeof(un));
    un.sun_family = AF_UNIX;

    tap_is(ngx_whip_stun_success(buf, sizeof(buf), tid,
                                 (struct sockaddr *) &un, &key),
           0, "an address of another family");

    ngx_str_null(&none);

    tap_is(ngx_whip_stun_success(buf, sizeof(buf), tid,
                                 (struct sockaddr *) &sin, &none),
           0, "an empty key");

    bad = 0;

    for (n = 0; n < 64; n++) {
        copy = malloc(n ? n : 1);
        bad += (ngx_whip_stun_success(copy, n, tid, (struct sockaddr *) &sin,
                                      &key)
                != 0);
        free(copy);
    }

    tap_is(bad, 0, "buffers that are too small");

    copy = malloc(64);
    tap_is(ngx_whip_stun_success(copy, 64, tid, (struct sockaddr *) &sin,
                                 &key),
           64, "one that is just large enough");
    free(copy);

    free(tid);
}


static void
test_error(void)
{
    size_t      len, n, bad;
    u_char      buf[NGX_WHIP_STUN_MAX_ANSWER], *copy, *tid;
    uint16_t    unknown[10] = { 0x0002, 0x7fff, 0x001c, 4, 5, 6, 7, 8, 9, 10 };
    ngx_str_t   key = ngx_string(KEY);

    tid = tap_bytes(TID, &n);

    len = ngx_whip_stun_error(buf, sizeof(buf), tid,
                              NGX_WHIP_STUN_ROLE_CONFLICT, NULL, 0, &key);
    tap_is(len, 76, "487");
    answer(buf, len, "0111 0038" COOKIE TID
           "0009 0011 0000 04 57"
           "526f6c65 20436f6e 666c6963 74 000000"   /* "Role Conflict" */
           "0008 0014", "its bytes");
    tap_is(verify(buf, len, KEY), NGX_OK, "its MESSAGE-INTEGRITY");

    len = ngx_whip_stun_error(buf, sizeof(buf), tid,
                              NGX_WHIP_STUN_UNKNOWN_ATTRIBUTE, unknown, 3,
                              &key);
    tap_is(len, 92, "420 with three attributes");
    answer(buf, len, "0111 0048" COOKIE TID
           "0009 0015 0000 04 14"
           "556e6b6e 6f776e20 41747472 69627574 65 000000"
           "000a 0006 0002 7fff 001c 0000"
           "0008 0014", "its bytes");
    tap_is(verify(buf, len, KEY), NGX_OK, "its MESSAGE-INTEGRITY");

    len = ngx_whip_stun_error(buf, sizeof(buf), tid,
                              NGX_WHIP_STUN_UNKNOWN_ATTRIBUTE, unknown, 10,
                              &key);
    tap_is(len, NGX_WHIP_STUN_MAX_ANSWER, "420 with more than are listed");
    tap_is(verify(buf, len, KEY), NGX_OK, "its MESSAGE-INTEGRITY");

    bad = 0;

    for (n = 0; n < len; n++) {
        copy = malloc(n ? n : 1);
        bad += (ngx_whip_stun_error(copy, n, tid, 420, unknown, 8, &key)
                != 0);
        free(copy);
    }

    tap_is(bad, 0, "buffers that are too small");

    len = ngx_whip_stun_error(buf, sizeof(buf), tid, 401, NULL, 0, NULL);
    tap_is(len, 36, "401 without a key");
    answer(buf, len, "0111 0010" COOKIE TID "0009 0004 0000 04 01" "8028 0004",
           "its bytes");
    tap_is(verify(buf, len, KEY), NGX_DECLINED, "it is not signed");

    free(tid);
}


static void
test_demux(void)
{
    u_char      c;
    ngx_uint_t  n, i;

    for (n = 0, i = 0; i < 256; i++) {
        c = (u_char) i;
        n += ngx_whip_stun_is(&c, 1);
    }

    c = 3;

    tap_is(n, 4, "four first bytes are those of STUN");
    tap_is(ngx_whip_stun_is(&c, 1), 1, "3 is one of them");
    tap_is(ngx_whip_stun_is(&c, 0), 0, "no byte is none of them");
}


int
main(void)
{
    char          text[512];
    size_t        len;
    u_char       *p;
    const row_t  *row;

    crc32_init();

    for (row = rows; row->name; row++) {
        p = tap_bytes(row->hex, &len);
        describe(p, len, text, sizeof(text));
        tap_is_text(text, row->want, row->name);
        free(p);
    }

    test_verify();
    test_append();
    test_large();
    test_success();
    test_error();
    test_demux();

    return tap_done();
}
