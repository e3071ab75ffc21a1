
/*
 * Copyright (C) the ngx_live contributors
 *
 * Secrets at rest: nothing opens that was changed, moved or sealed by another
 * key; what was sealed by another implementation opens; and what a key file
 * may say.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_seal.c */
/* libs: -lcrypto */


#include "tap.h"
#include "ngx_simulcast_seal.h"


#define PASS    "correct horse battery staple"
#define HEX     "0123456789abcdef0123456789abcdef"
#define TEXT    "{\"stream_key\":\"not-a-key\"}"

#define AAD     "alice\n01234567-89ab-4cde-8f01-23456789abcd\nrtmp_custom\n"   \
                "rtmps://live.example/app"

#define NOKEY   "there is no key"
#define BAD_ID  "in front of \":\" an id of 1 to 16 letters, digits, \"_\" "  \
                "and \"-\" is expected"
#define LENGTH  "a key of 16 to 1024 bytes is expected, such as \"openssl "   \
                "rand -hex 32\" makes"
#define CONTROL "a key has control characters"
#define TWICE   "two keys have the same id"
#define MANY    "there are more than 16 keys"


/*
 * Made with another implementation of scrypt, HMAC and AES-256-GCM, from PASS,
 * TEXT and AAD, a salt of 0 to 15 and an IV of 16 to 27.
 */

static const char  vector[] =
    "1.k1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaG_PsmNe"
    "4zPpvzF5BuaVkCm3eGC8G0lkhx185KUGAbvzzlSgbQmcSqEhjZw";


typedef struct {
    const char  *text;
    const char  *want;      /* the id that seals, or what is wrong */
} row_t;


static const row_t  rows[] = {

    { "",                             NOKEY },
    { "\n\n",                         NOKEY },
    { "# " PASS,                      NOKEY },
    { "  # a:" PASS "\n",             NOKEY },
    { " , ,\t,\r\n",                  NOKEY },

    { "short",                        LENGTH },
    { "123456789012345",              LENGTH },
    { "  123456789012345  ",          LENGTH },
    { "k1:123456789012345",           LENGTH },
    { "k1:",                          LENGTH },
    { "k1: \t",                       LENGTH },
    { PASS "\nk2:short",              LENGTH },
    { "12345678,90123456",            LENGTH },
    { "1234567890 # 1234567890",      LENGTH },

    { ":" PASS,                       BAD_ID },
    { "k 1:" PASS,                    BAD_ID },
    { "k.1:" PASS,                    BAD_ID },
    { "k1 :" PASS,                    BAD_ID },
    { "k\xc3\xa4:" PASS,              BAD_ID },
    { "12345678901234567:" PASS,      BAD_ID },

    { "1234567\x01""890123456",       CONTROL },
    { "1234567\t890123456",           CONTROL },
    { "1234567\x7f""890123456",       CONTROL },

    { PASS "\n" HEX,                  TWICE },
    { PASS ",0:" HEX,                 TWICE },
    { "a:" PASS "\na:" PASS,          TWICE },

    { PASS,                           "0" },
    { "  " PASS "\t\r\n",             "0" },
    { "\n\n# old\n" PASS "   # new",  "0" },
    { PASS "#with:out",               BAD_ID },
    { "0:" PASS "#without",           "0" },
    { "k1:" PASS,                     "k1" },
    { "k1:a:" PASS,                   "k1" },
    { " k1: " PASS " ",               "k1" },
    { "A-Za-z0-9_123456:" HEX,        "A-Za-z0-9_123456" },
    { "k2:" HEX "," PASS,             "k2" },
    { ",k2:" HEX ",,\r\n" PASS "\r\n,",  "k2" },
    { "0:\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6",
      "0" },

    { NULL, NULL }
};


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* of the exact size, so that a sanitizer sees what goes beyond it */

static u_char *
alloc(size_t size)
{
    u_char  *p;

    p = malloc(size ? size : 1);

    if (p == NULL) {
        exit(2);
    }

    return p;
}


static ngx_simulcast_seal_ring_t *
load(const char *text)
{
    ngx_str_t                   s;
    const char                 *error;
    ngx_simulcast_seal_ring_t  *ring;

    s = str(text);
    ring = ngx_simulcast_seal_load(&s, &error);

    if (ring == NULL) {
        printf("Bail out! no ring: %s\n", error);
        exit(2);
    }

    return ring;
}


static ngx_str_t
seal(ngx_simulcast_seal_ring_t *ring, const char *text, const char *aad)
{
    size_t     room;
    ngx_str_t  t, a, out;

    t = str(text);
    a = str(aad);

    room = ngx_simulcast_seal_size(ring, t.len);
    out.data = alloc(room);

    if (ngx_simulcast_seal(ring, &t, &a, &out) != NGX_OK || out.len > room) {
        printf("Bail out! not sealed\n");
        exit(2);
    }

    return out;
}


/* "ok TEXT", "stale TEXT", "declined" or "error" */

static const char *
opened(ngx_simulcast_seal_ring_t *ring, ngx_str_t *sealed, const char *aad)
{
    ngx_int_t    rc;
    ngx_str_t    a, in, out;
    ngx_uint_t   stale;

    static char  text[256];

    a = str(aad);

    in.len = sealed->len;
    in.data = alloc(in.len);
    ngx_memcpy(in.data, sealed->data, in.len);

    out.data = alloc(in.len);
    out.len = 4711;
    stale = 4711;

    rc = ngx_simulcast_seal_open(ring, &in, &a, &out, &stale);

    if (rc == NGX_OK) {
        snprintf(text, sizeof(text), "%s %.*s", stale ? "stale" : "ok",
                 (int) out.len, out.data);

    } else {
        snprintf(text, sizeof(text), "%s%s",
                 rc == NGX_DECLINED ? "declined" : "error",
                 (out.len || stale) ? ", but something was set" : "");
    }

    free(in.data);
    free(out.data);

    return text;
}


static void
test_load(void)
{
    char                        id[32], name[128], big[2000];
    size_t                      i;
    ngx_str_t                   s, sealed;
    const row_t                *row;
    const char                 *error;
    ngx_simulcast_seal_ring_t  *ring;

    for (row = rows; row->text; row++) {

        s.len = strlen(row->text);
        s.data = alloc(s.len);
        ngx_memcpy(s.data, row->text, s.len);

        error = "nothing was said";
        ring = ngx_simulcast_seal_load(&s, &error);

        snprintf(name, sizeof(name), "key file \"%s\"", row->text);

        for (i = 0; name[i]; i++) {
            if (name[i] < ' ' || name[i] > '~' || name[i] == '#') {
                name[i] = '.';
            }
        }

        if (ring == NULL) {
            tap_is_text(error, row->want, name);

        } else {
            sealed = seal(ring, "x", "");
            sscanf((char *) sealed.data, "1.%17[^.].", id);
            tap_is_text(id, row->want, name);
            free(sealed.data);
        }

        ngx_simulcast_seal_free(ring);
        free(s.data);
    }

    memset(big, 'a', sizeof(big));

    s.data = (u_char *) big;
    s.len = 1025;
    error = "nothing was said";
    ring = ngx_simulcast_seal_load(&s, &error);
    tap_ok(ring == NULL, "a key of 1025 bytes is refused");
    tap_is_text(error, LENGTH, "as such");

    s.len = 1024;
    ring = ngx_simulcast_seal_load(&s, &error);
    tap_ok(ring != NULL, "one of 1024 is not");
    ngx_simulcast_seal_free(ring);

    for (i = 0, s.len = 0; i < 17; i++) {
        s.len += sprintf(big + s.len, "k%d:%s\n", (int) i, HEX);
    }

    ring = ngx_simulcast_seal_load(&s, &error);
    tap_is_text(ring ? "loaded" : error, MANY, "17 keys are refused");

    s.len -= strlen("k16:" HEX "\n");
    ring = ngx_simulcast_seal_load(&s, &error);
    tap_ok(ring != NULL, "16 are not");
    ngx_simulcast_seal_free(ring);

    ngx_simulcast_seal_free(NULL);
}


static void
test_vector(void)
{
    ngx_str_t                   s;
    ngx_simulcast_seal_ring_t  *ring;

    s = str(vector);

    ring = load("k1:" PASS);
    tap_is_text(opened(ring, &s, AAD), "ok " TEXT,
                "what another implementation sealed opens");
    ngx_simulcast_seal_free(ring);

    ring = load("k1:" PASS ".");
    tap_is_text(opened(ring, &s, AAD), "error", "not with another passphrase");
    ngx_simulcast_seal_free(ring);

    ring = load("k2:" PASS);
    tap_is_text(opened(ring, &s, AAD), "declined", "nor under another id");
    ngx_simulcast_seal_free(ring);

    ring = load("k2:" HEX "\nk1:" PASS);
    tap_is_text(opened(ring, &s, AAD), "stale " TEXT,
                "and is stale when another key comes first");
    ngx_simulcast_seal_free(ring);
}


static void
test_round(ngx_simulcast_seal_ring_t *ring)
{
    char        text[200];
    size_t      len;
    ngx_int_t   ok;
    ngx_str_t   s;

    for (ok = 1, len = 0; len < sizeof(text) - 1; len++) {
        memset(text, 'a' + len % 26, len);
        text[len] = '\0';

        s = seal(ring, text, AAD);
        ok &= (strcmp(opened(ring, &s, AAD) + 3, text) == 0);
        ok &= (len < 8 || memmem(s.data, s.len, text, len) == NULL);
        free(s.data);
    }

    tap_ok(ok, "texts of every length open again");
}


static void
test_tampered(ngx_simulcast_seal_ring_t *ring)
{
    size_t      i;
    u_char      was;
    ngx_int_t   ok;
    ngx_str_t   s, t;
    ngx_uint_t  bit;

    s = seal(ring, TEXT, AAD);

    tap_is_text(opened(ring, &s, AAD), "ok " TEXT, "a text opens");
    tap_is_text(opened(ring, &s, ""), "error", "not without its data");
    tap_is_text(opened(ring, &s, AAD "x"), "error", "nor with more");
    tap_is_text(opened(ring, &s, "bob" AAD), "error", "nor with other ones");

    for (ok = 1, i = 0; i < s.len; i++) {
        was = s.data[i];

        for (bit = 0; bit < 8; bit++) {
            s.data[i] = was ^ (1 << bit);
            t = s;

            if (strcmp(opened(ring, &t, AAD), "error") != 0
                && strcmp(opened(ring, &t, AAD), "declined") != 0)
            {
                printf("# bit %d of byte %d\n", (int) bit, (int) i);
                ok = 0;
            }
        }

        s.data[i] = was;
    }

    tap_ok(ok, "nor with any bit changed");

    for (ok = 1, i = 0; i < s.len; i++) {
        t.data = s.data;
        t.len = i;
        ok &= (strcmp(opened(ring, &t, AAD), "error") == 0);
    }

    tap_ok(ok, "nor cut off anywhere");

    t.len = s.len + 1;
    t.data = alloc(t.len);
    ngx_memcpy(t.data, s.data, s.len);

    for (ok = 1, i = 0; i < 256; i++) {
        t.data[s.len] = (u_char) i;
        ok &= (strcmp(opened(ring, &t, AAD), "error") == 0);
    }

    tap_ok(ok, "nor with anything behind");

    free(t.data);

    t = s;
    t.data[2] = '0';                    /* "1.k1." becomes "1.01." */
    tap_is_text(opened(ring, &t, AAD), "declined",
                "an unknown key is named so");

    free(s.data);
}


/* the id in front belongs to what is sealed */

static void
test_id(void)
{
    ngx_str_t                   s;
    ngx_simulcast_seal_ring_t  *ring;

    ring = load("k1:" PASS "\nk2:" PASS);
    s = seal(ring, TEXT, AAD);
    s.data[3] = '2';

    tap_is_text(opened(ring, &s, AAD), "error",
                "the same passphrase under another id is another key");

    free(s.data);
    ngx_simulcast_seal_free(ring);
}


static void
test_malformed(ngx_simulcast_seal_ring_t *ring)
{
    ngx_str_t    s;
    ngx_uint_t   i;

    static const char *const  texts[] = {
        "", "1", "1.", "1..", "1.k1", "1.k1.", "1.k1.A", "1.k1.AA", "1.k1.AAA",
        "2.k1.AAAA", "1.k1.AAAA.AAAA", "1.k 1.AAAA", "1.12345678901234567.AAAA",
        "11.k1.AAAA", ".k1.AAAA", "1.k1.////", "1.k1.++++", "1.k1.AA==",
        "{\"stream_key\":\"plain\"}",

        /* one byte less than salt, IV and tag */
        "1.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        /* and all of them, but wrong */
        "1.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        NULL
    };

    for (i = 0; texts[i]; i++) {
        s = str(texts[i]);
        tap_is_text(opened(ring, &s, AAD), "error", texts[i]);
    }

    s.len = 3 * 1024 * 1024;
    s.data = alloc(s.len);
    memset(s.data, 'A', s.len);
    ngx_memcpy(s.data, "1.k1.", 5);
    tap_is_text(opened(ring, &s, AAD), "error", "what is very long");
    free(s.data);
}


static void
test_salt(ngx_simulcast_seal_ring_t *ring)
{
    ngx_str_t  a, b;

    a = seal(ring, TEXT, AAD);
    b = seal(ring, TEXT, AAD);

    tap_is(a.len, b.len, "two of the same are as long");
    tap_ok(memcmp(a.data + 5, b.data + 5, 21) != 0, "but have other salts");
    tap_ok(memcmp(a.data + 45, b.data + 45, 20) != 0, "and other bytes");

    free(a.data);
    free(b.data);
}


static void
test_limits(ngx_simulcast_seal_ring_t *ring)
{
    ngx_str_t   text, aad, out;
    ngx_uint_t  stale;

    text.len = 1024 * 1024 + 1;
    text.data = alloc(text.len);
    memset(text.data, 'a', text.len);
    out.data = alloc(ngx_simulcast_seal_size(ring, text.len));
    aad = str("");

    tap_is(ngx_simulcast_seal(ring, &text, &aad, &out), NGX_ERROR,
           "a text above 1 MiB is not sealed");

    text.len--;
    tap_is(ngx_simulcast_seal(ring, &text, &aad, &out), NGX_OK,
           "one of 1 MiB is");

    aad = text;
    aad.len++;
    tap_is(ngx_simulcast_seal(ring, &text, &aad, &out), NGX_ERROR,
           "not with data above it");

    aad = str("");
    (void) ngx_simulcast_seal(ring, &text, &aad, &out);

    free(text.data);
    text.data = alloc(out.len);
    tap_is(ngx_simulcast_seal_open(ring, &out, &aad, &text, &stale), NGX_OK,
           "and opens");

    free(text.data);
    free(out.data);
}


static void
test_wipe(void)
{
    u_char  buf[] = "a secret";

    ngx_simulcast_seal_wipe(buf, 6);
    tap_ok(memcmp(buf, "\0\0\0\0\0\0et", 8) == 0, "so many bytes are wiped");
}


int
main(void)
{
    ngx_simulcast_seal_ring_t  *ring;

    test_load();
    test_vector();
    test_id();
    test_wipe();

    ring = load("k1:" PASS);

    test_round(ring);
    test_tampered(ring);
    test_malformed(ring);
    test_salt(ring);
    test_limits(ring);

    ngx_simulcast_seal_free(ring);

    return tap_done();
}
