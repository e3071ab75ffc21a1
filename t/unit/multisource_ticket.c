
/*
 * Copyright (C) the ngx_live contributors
 *
 * Viewer tokens: those that Python's hmac and base64 have made, what is none,
 * and the numbers and marks that come from the same key.
 */

/* sources: modules/ngx_multisource/ngx_multisource_ticket.c */
/* libs: -lcrypto */


/* a generator that fails has no other way to be set */

#define OPENSSL_SUPPRESS_DEPRECATED

#include "tap.h"
#include "ngx_multisource_ticket.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>


#define LEN       NGX_MULTISOURCE_TICKET_LEN

#define SHOW      "00112233445566778899aabbccddeeff"
#define VIEWER    0x0123456789abcdefULL
#define EXPIRES   1800000000ULL

#define TOKEN                                                                 \
    "v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6ce" \
    "eUnjnuYp7b9KgLK3BQ"

#define KEY32     "0123456789abcdef0123456789abcdef"


typedef struct {
    const char  *show;
    uint64_t     viewer;
    uint64_t     expires;
    const char  *token;
} golden_t;


typedef struct {
    const char  *name;
    ngx_str_t    text;
} row_t;


#define L(s)  { sizeof(s) - 1, (u_char *) s }


/* the bytes 0 to 31 */

static u_char  key[NGX_MULTISOURCE_TICKET_KEY];


static const golden_t  golden[] = {

    { SHOW, VIEWER, EXPIRES, TOKEN },

    { "ffffffffffffffffffffffffffffffff", UINT64_MAX, UINT64_MAX,
      "v1.__________________________________________9w7YB8rMfxZ-jM5hsJJQOspjRS"
      "18zsJukypqSu_TkOhQ" },

    { "00000000000000000000000000000000", 1, 0,
      "v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAA25hZVOjuGAadbIhFb9k8WhF3J"
      "dCwotn-zQtuB74AY9Q" },

    { NULL, 0, 0, NULL }
};


static const row_t  bad[] = {
    { "nothing", L("") },
    { "the version only", L("v1.") },
    { "without its version",
      L("ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6ceeU"
        "njnuYp7b9KgLK3BQ") },
    { "another version",
      L("v2.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6c"
        "eeUnjnuYp7b9KgLK3BQ") },
    { "a capital letter in front",
      L("V1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6c"
        "eeUnjnuYp7b9KgLK3BQ") },
    { "one digit less",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6c"
        "eeUnjnuYp7b9KgLK3B") },
    { "one digit more", L(TOKEN "A") },
    { "padding", L(TOKEN "==") },
    { "padding in place of the last digit",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6c"
        "eeUnjnuYp7b9KgLK3B=") },
    { "a slash for an underscore, as other base64 has it",
      L("v1.ABEiM0RVZneImaq7zN3u/wEjRWeJq83vAAAAAGtJ0gBKcmBdHqFw7NYZkRBeA/b5n6c"
        "eeUnjnuYp7b9KgLK3BQ") },
    { "a blank at the end", L(TOKEN " ") },
    { "a blank inside",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83v AAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6c"
        "eeUnjnuYp7b9KgLK3BQ") },
    { "a NUL inside",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83v\0AAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5n6"
        "ceeUnjnuYp7b9KgLK3BQ") },
    { "a byte above ASCII",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83v\xffzAAAGtJ0gBKcmBdHqFw7NYZkRBeA_b5"
        "n6ceeUnjnuYp7b9KgLK3BQ") },
    { "a signature without a label",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gDrrcrpcoF9DZlERe8bV4qlZZU"
        "ybIJD0UHhuI3t4O-rag") },
    { "a signature without the version",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gDfJ-xpDiZ8bA7T4TSLY2NproS"
        "RbY_fNQgKwWDzQcfEqw") },
    { "the signature of a webhook",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gDvWf5lRNFyJ7OLq62cbEUUMKn"
        "G91yiypIxUSfAkAHLgA") },
    { "no signature",
      L("v1.ABEiM0RVZneImaq7zN3u_wEjRWeJq83vAAAAAGtJ0gAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAA") },
    { NULL, { 0, NULL } }
};


/* on a copy of the exact size, so that a sanitizer sees a read behind it */

static ngx_int_t
verify(const u_char *data, size_t len, const u_char *with, uint64_t now,
    ngx_multisource_ticket_t *ticket)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    text.len = len;
    text.data = malloc(len ? len : 1);

    if (text.data == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    ngx_memcpy(text.data, data, len);
    rc = ngx_multisource_ticket_verify(&text, with, now, ticket);
    free(text.data);

    return rc;
}


static void
test_golden(void)
{
    char                       text[LEN + 1];
    const golden_t            *row;
    ngx_multisource_ticket_t   ticket, back;

    for (row = golden; row->token; row++) {

        tap_is(strlen(row->token), LEN, "length of a token");

        ngx_memcpy(ticket.show, row->show, sizeof(ticket.show));
        ticket.viewer = row->viewer;
        ticket.expires = row->expires;

        memset(text, 'x', sizeof(text));
        tap_is(ngx_multisource_ticket_sign(&ticket, key, (u_char *) text),
               NGX_OK, "signed");
        tap_is(text[LEN], 'x', "nothing is written behind it");

        text[LEN] = '\0';
        tap_is_text(text, row->token, "the token that Python makes");

        ngx_memzero(&back, sizeof(back));
        tap_is(verify((u_char *) row->token, LEN, key, 0, &back),
               row->expires ? NGX_OK : NGX_DECLINED, "it is genuine");
        tap_ok(ngx_memcmp(back.show, row->show, sizeof(back.show)) == 0
               && back.viewer == row->viewer && back.expires == row->expires,
               "and says what it was made of");
    }
}


static void
test_expiry(void)
{
    ngx_multisource_ticket_t  ticket;

    tap_is(verify((u_char *) TOKEN, LEN, key, EXPIRES - 1, &ticket), NGX_OK,
           "a second before it expires");
    tap_is(verify((u_char *) TOKEN, LEN, key, EXPIRES, &ticket), NGX_DECLINED,
           "when it expires");

    ngx_memzero(&ticket, sizeof(ticket));
    tap_is(verify((u_char *) TOKEN, LEN, key, UINT64_MAX, &ticket),
           NGX_DECLINED, "long after");
    tap_ok(ticket.viewer == VIEWER && ticket.expires == EXPIRES
           && ngx_memcmp(ticket.show, SHOW, 32) == 0, "whose it was is told");
}


static void
test_bad(void)
{
    u_char                     text[LEN], other[NGX_MULTISOURCE_TICKET_KEY];
    size_t                     i, n, accepted;
    const row_t               *row;
    ngx_multisource_ticket_t   ticket, before;

    static const u_char  digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    memset(&ticket, 0x5a, sizeof(ticket));
    before = ticket;

    for (row = bad; row->name; row++) {
        tap_is(verify(row->text.data, row->text.len, key, 0, &ticket),
               NGX_ERROR, row->name);
    }

    /* every other digit in every place, those of the last one's unused bits
       too */

    accepted = 0;

    for (i = 0; i < LEN; i++) {
        for (n = 0; n < 64; n++) {
            ngx_memcpy(text, TOKEN, LEN);

            if (text[i] != digits[n]) {
                text[i] = digits[n];
                accepted += verify(text, LEN, key, 0, &ticket) != NGX_ERROR;
            }
        }
    }

    tap_is(accepted, 0, "no digit can be another one");

    for (accepted = 0, i = 0; i < LEN; i++) {
        accepted += verify((u_char *) TOKEN, i, key, 0, &ticket) != NGX_ERROR;
    }

    tap_is(accepted, 0, "nor can it be cut");

    for (accepted = 0, i = 0; i < sizeof(other); i++) {
        ngx_memcpy(other, key, sizeof(other));
        other[i] ^= 0x80;
        accepted += verify((u_char *) TOKEN, LEN, other, 0, &ticket)
                    != NGX_ERROR;
    }

    tap_is(accepted, 0, "nor is it one with another key");

    tap_ok(ngx_memcmp(&ticket, &before, sizeof(before)) == 0,
           "nothing is told of what is no token");

    /* what is no id of a show is not signed */

    ngx_memcpy(ticket.show, "00112233445566778899AABBCCDDEEFF", 32);
    tap_is(ngx_multisource_ticket_sign(&ticket, key, text), NGX_ERROR,
           "capital letters are no id");

    ngx_memcpy(ticket.show, "0011223344556677:899aabbccddeeff", 32);
    tap_is(ngx_multisource_ticket_sign(&ticket, key, text), NGX_ERROR,
           "nor is a colon in one");

    ngx_memcpy(ticket.show, "0011223344556677889`aabbccddeefg", 32);
    tap_is(ngx_multisource_ticket_sign(&ticket, key, text), NGX_ERROR,
           "nor are other letters");
}


static void
key_is(ngx_str_t *text, ngx_int_t want, const char *name)
{
    u_char  got[NGX_MULTISOURCE_TICKET_KEY];

    /* sha256 of KEY32 */

    static const u_char  sha[] = {
        0x3e, 0xb1, 0xbd, 0x43, 0x99, 0x47, 0xeb, 0x76,
        0x29, 0x98, 0xe5, 0x66, 0xcc, 0xc2, 0xe0, 0x99,
        0xc7, 0x91, 0x11, 0x8b, 0x2f, 0x40, 0x57, 0x9c,
        0xc4, 0xf7, 0xda, 0x2b, 0x50, 0x61, 0xb7, 0xf9
    };

    tap_is(ngx_multisource_ticket_key(text, got), want, name);

    if (want == NGX_OK) {
        tap_ok(ngx_memcmp(got, sha, sizeof(sha)) == 0, "it is the same");
    }
}


static void
test_keys(void)
{
    ngx_str_t  text;
    u_char     got[NGX_MULTISOURCE_TICKET_KEY];

    ngx_str_set(&text, KEY32);
    key_is(&text, NGX_OK, "a key of 32 bytes");

    ngx_str_set(&text, KEY32 "\n");
    key_is(&text, NGX_OK, "with a line end");

    ngx_str_set(&text, KEY32 "\r\n\n");
    key_is(&text, NGX_OK, "with several");

    ngx_str_set(&text, "0123456789abcdef0123456789abcde");
    key_is(&text, NGX_DECLINED, "31 bytes");

    ngx_str_set(&text, "0123456789abcdef0123456789abcde\n");
    key_is(&text, NGX_DECLINED, "31 bytes and a line end");

    ngx_str_set(&text, "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
                       "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n");
    key_is(&text, NGX_DECLINED, "line ends only");

    ngx_str_null(&text);
    key_is(&text, NGX_DECLINED, "an empty file");

    ngx_str_set(&text, KEY32 KEY32 KEY32);
    tap_is(ngx_multisource_ticket_key(&text, got), NGX_OK, "a long one");
}


static void
test_strangers(void)
{
    u_char     other[NGX_MULTISOURCE_TICKET_KEY];
    ngx_str_t  address, browser, more, less;

    ngx_str_set(&address, "192.0.2.1");
    ngx_str_set(&browser, "Mozilla/5.0");

    tap_ok(ngx_multisource_ticket_stranger(key, 20000, &address, &browser)
           == 0x94030d0f8a554252ULL, "a stranger's number");
    tap_ok(ngx_multisource_ticket_stranger(key, 20000, &address, &browser)
           == 0x94030d0f8a554252ULL, "it is the same again");
    tap_ok(ngx_multisource_ticket_stranger(key, 20001, &address, &browser)
           == 0xc3d6cf144b3da0e1ULL, "and another one on the next day");

    ngx_str_set(&more, "192.0.2.1M");
    ngx_str_set(&less, "ozilla/5.0");

    tap_ok(ngx_multisource_ticket_stranger(key, 20000, &more, &less)
           != 0x94030d0f8a554252ULL, "an address ends where it ends");

    ngx_str_null(&browser);
    tap_ok(ngx_multisource_ticket_stranger(key, 20000, &address, &browser)
           == 0xe89f313e4f5830f7ULL, "who does not tell his browser");

    ngx_str_null(&address);
    tap_ok(ngx_multisource_ticket_stranger(key, 20000, &address, &browser)
           == 0x44a8dec3dbcffc25ULL, "nor his address");

    ngx_memzero(other, sizeof(other));
    tap_ok(ngx_multisource_ticket_stranger(other, 20000, &address, &browser)
           != 0x44a8dec3dbcffc25ULL, "with another key he is another one");
}


static void
test_random(void)
{
    u_char      hex[202], again[202];
    size_t      i, n, wrong;
    uint64_t    one, other;
    ngx_uint_t  zero;

    zero = 0;

    for (i = 0; i < 1000; i++) {
        zero += ngx_multisource_ticket_viewer() == 0;
    }

    tap_is(zero, 0, "no viewer is 0");

    one = ngx_multisource_ticket_viewer();
    other = ngx_multisource_ticket_viewer();

    tap_ok(one != other, "two viewers are different");

    wrong = 0;

    for (n = 0; n <= 100; n++) {
        memset(hex, 'x', sizeof(hex));

        if (ngx_multisource_ticket_random(hex, n) != NGX_OK) {
            wrong++;
        }

        for (i = 0; i < 2 * n; i++) {
            wrong += strchr("0123456789abcdef", hex[i]) == NULL;
        }

        for ( /* void */ ; i < sizeof(hex); i++) {
            wrong += hex[i] != 'x';
        }
    }

    tap_is(wrong, 0, "so many random digits, and nothing behind them");

    ngx_multisource_ticket_random(hex, 100);
    ngx_multisource_ticket_random(again, 100);

    tap_ok(memcmp(hex, again, 64) != 0 && memcmp(hex, hex + 128, 64) != 0
           && memcmp(hex + 128, again + 128, 64) != 0, "they are random");
}


static void
test_marks(void)
{
    char       hex[65];
    ngx_str_t  body;

    memset(hex, 0, sizeof(hex));

    ngx_str_set(&body, "{\"event\":\"session_ended\"}");
    tap_is(ngx_multisource_ticket_mark(key, &body, (u_char *) hex), NGX_OK,
           "a mark");
    tap_is_text(hex,
        "e855e2f97fd227108fcb2d860ad1ff3002111d912b080d066244d546c7da8735",
        "what openssl dgst says of the label and the body");

    ngx_str_null(&body);
    ngx_multisource_ticket_mark(key, &body, (u_char *) hex);
    tap_is_text(hex,
        "b7d7e4ad071105e43be4468164ef94c945fc7e015d9e841023e86186ce1aa77c",
        "of the label alone");
}


static int
no_bytes(unsigned char *buf, int n)
{
    ERR_put_error(ERR_LIB_RAND, 0, ERR_R_INTERNAL_ERROR, __FILE__, __LINE__);

    return 0;
}


/* the last test: nothing of OpenSSL works from here on */

static void
test_failures(void)
{
    u_char                     buf[LEN];
    ngx_str_t                  text;
    ngx_multisource_ticket_t   ticket;

    static const RAND_METHOD  fails = { NULL, no_bytes, NULL, NULL, NULL,
                                        NULL };

    ngx_memcpy(ticket.show, SHOW, 32);
    ticket.viewer = 1;
    ticket.expires = 1;
    ngx_str_set(&text, KEY32);

    RAND_set_rand_method(&fails);

    tap_is(ngx_multisource_ticket_random(buf, 1), NGX_ERROR,
           "without random bytes there are no digits");
    tap_ok(ngx_multisource_ticket_viewer() != 0,
           "but there are numbers for viewers");
    tap_ok(ngx_multisource_ticket_viewer() != ngx_multisource_ticket_viewer(),
           "two of them are different");

    EVP_set_default_properties(NULL, "provider=none");

    tap_is(ngx_multisource_ticket_sign(&ticket, key, buf), NGX_ERROR,
           "without digests nothing is signed");
    tap_is(verify((u_char *) TOKEN, LEN, key, 0, &ticket), NGX_ERROR,
           "and nothing is a token");
    tap_is(ngx_multisource_ticket_key(&text, buf), NGX_ERROR, "no key");
    tap_is(ngx_multisource_ticket_mark(key, &text, buf), NGX_ERROR, "no mark");
    tap_ok(ngx_multisource_ticket_stranger(key, 1, &text, &text) != 0,
           "a stranger has a number nevertheless");
    tap_ok(ERR_peek_error() == 0, "no error is left behind for others");
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = (u_char) i;
    }

    test_golden();
    test_expiry();
    test_bad();
    test_keys();
    test_strangers();
    test_random();
    test_marks();
    test_failures();

    return tap_done();
}
