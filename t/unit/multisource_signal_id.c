
/*
 * Copyright (C) the ngx_live contributors
 *
 * Names of WHIP sessions: those that Python's hmac and base64 have made, what
 * is none, what is too long to be one, and that none is of use for another
 * source.
 */

/* sources: modules/ngx_multisource/ngx_multisource_signal_id.c modules/ngx_multisource/ngx_multisource_ticket.c */
/* libs: -lcrypto */


#include "tap.h"
#include "nginx_text.h"
#include "ngx_multisource_signal_id.h"
#include "ngx_multisource_ticket.h"

#include <openssl/err.h>
#include <openssl/evp.h>


#define LEN       NGX_MULTISOURCE_SIGNAL_ID_LEN

#define ETAG      "\"0f1e2d3c\""
#define LOCATION  "/whip/Main_Screen/5b0c7d1e9f"

#define E60       "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define L98                                                                   \
    "llllllllllllllllllllllllllllllllllllllllllllllllll"                      \
    "llllllllllllllllllllllllllllllllllllllllllllllll"

#define NAME                                                                  \
    "N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjgKIjBmMWUyZDNjIi93aGlwL01haW5f" \
    "U2NyZWVuLzViMGM3ZDFlOWY"


typedef ngx_multisource_signal_id_t  name_t;


typedef struct {
    const char  *name;
    const char  *etag;
    const char  *location;
    const char  *text;
} golden_t;


typedef struct {
    const char  *name;
    ngx_str_t    text;
} row_t;


#define L(s)  { sizeof(s) - 1, (u_char *) s }


/* the bytes 0 to 31 */

static u_char  key[NGX_MULTISOURCE_TICKET_KEY];


static const golden_t  golden[] = {

    { "a session", ETAG, LOCATION, NAME },

    { "one without an ETag", "", LOCATION,
      "ZGNkMGQ1YjQ3NTZhOTZhYmUyNWM4ZGI2MjY2ZTQ3NTcAL3doaXAvTWFpbl9TY3JlZW4vNWIw"
      "YzdkMWU5Zg" },

    { "the shortest", "", "/",
      "ZTE4NWZmMTdlNDhhZjFkM2NlNjk3MWZlN2YxYzAwYzEALw" },

    { "the longest", E60, "/" L98,
      "M2JlZjM3MDFmYzgzZDFmNGM5ZjljNTdmMmRiMTM4OWY8ZWVlZWVlZWVlZWVlZWVlZWVlZWVl"
      "ZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlL2xsbGxsbGxsbGxsbGxs"
      "bGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxs"
      "bGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxs" },

    { NULL, NULL, NULL, NULL }
};


/* what has no name: a session elsewhere, or too long to be put into one */

static const golden_t  nameless[] = {
    { "no Location", ETAG, "", NULL },
    { "another server", ETAG, "https://other.example/whip/a", NULL },
    { "a relative one", ETAG, "whip/a", NULL },
    { "one byte too long", E60, "/" L98 "l", NULL },
    { "an ETag that is", E60 "e", "/" L98, NULL },
    { "an ETag that needs two bytes for its length",
      E60 E60 E60 E60 E60, "/a", NULL },
    { NULL, NULL, NULL, NULL }
};


static const row_t  bad[] = {
    { "nothing", L("") },
    { "a letter", L("A") },
    { "a short one", L("AAAA") },
    { "the signature only",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjg") },
    { "the signature and a length",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjgK") },
    { "the signature, and an ETag of nothing",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjgA") },
    { "an ETag without a Location",
      L("M2VmYjkwM2Y4MDllNWZjY2MzODM3MDVjMWE2YTk2ZWYKIjBmMWUyZDNjIg") },
    { "an ETag that is all there is",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjgmIjBmMWUyZDNjIi93aGlwL01ha"
        "W5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "an ETag longer than that",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjj_IjBmMWUyZDNjIi93aGlwL01ha"
        "W5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "the Location begins in the ETag",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjgJIjBmMWUyZDNjIi93aGlwL01ha"
        "W5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "the signature of another key",
      L("YjZiNzQ0NzA0N2ViMWIzNTc2MjdhNzNiMWFkNmQwOTkKIjBmMWUyZDNjIi93aGlwL01ha"
        "W5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "a signature without the first word",
      L("MTc2ZjQ5Yzk1NGI0N2ExM2Q4ZTY2MTIwOGI0ZjJhN2UKIjBmMWUyZDNjIi93aGlwL01ha"
        "W5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "a signature in capitals",
      L("N0QzNTgyRkI3RUQ4RDhBNTEyODRGMzQ4QzI4RjJCQjgKIjBmMWUyZDNjIi93aGlwL01ha"
        "W5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "four digits more", L(NAME "AAAA") },
    { "a blank at the end", L(NAME " ") },
    { "a line end", L(NAME "\n") },
    { "a NUL inside",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjgK\0jBmMWUyZDNjIi93aGlwL01h"
        "aW5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "a slash, as other base64 has it",
      L("N2QzNTgyZmI3ZWQ4ZDhhNTEyODRmMzQ4YzI4ZjJiYjj/IjBmMWUyZDNjIi93aGlwL01ha"
        "W5fU2NyZWVuLzViMGM3ZDFlOWY") },
    { "padding only", L("====") },
    { NULL, { 0, NULL } }
};


static ngx_str_t
text_of(const char *s)
{
    ngx_str_t  text;

    text.data = (u_char *) s;
    text.len = strlen(s);

    return text;
}


static void
source(name_t *id, const char *streamer, const char *name)
{
    ngx_memzero(id, sizeof(name_t));

    id->streamer = text_of(streamer);
    id->source = text_of(name);
}


/* on a copy of the exact size, so that a sanitizer sees a read behind it */

static ngx_int_t
unseal(name_t *id, const u_char *with, const u_char *data, size_t len)
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
    rc = ngx_multisource_signal_id_unseal(id, with, NULL, &text);
    free(text.data);

    return rc;
}


static ngx_int_t
unseal_name(name_t *id, const char *name)
{
    return unseal(id, key, (const u_char *) name, strlen(name));
}


static void
test_golden(void)
{
    name_t            id;
    char             text[LEN + 2];
    size_t           len;
    const golden_t  *g;

    for (g = golden; g->name; g++) {
        source(&id, "alice", "Main_Screen");

        id.etag = text_of(g->etag);
        id.location = text_of(g->location);

        memset(text, '.', sizeof(text));
        len = 0;

        tap_is(ngx_multisource_signal_id_seal(&id, key, NULL, (u_char *) text,
                                              &len),
               NGX_OK, g->name);
        tap_ok(len <= LEN && text[len] == '.', "nothing behind its end");

        text[ngx_min(len, LEN)] = '\0';
        tap_is_text(text, g->text, "its name");

        source(&id, "alice", "Main_Screen");

        tap_is(unseal_name(&id, g->text), NGX_OK, "and back again");
        tap_ok(id.etag.len == strlen(g->etag)
               && memcmp(id.etag.data, g->etag, id.etag.len) == 0, "its ETag");
        tap_ok(id.location.len == strlen(g->location)
               && memcmp(id.location.data, g->location, id.location.len) == 0,
               "its Location");

        nginx_text_free();
    }
}


static void
test_nameless(void)
{
    name_t            id;
    u_char           text[LEN];
    size_t           len;
    const golden_t  *g;

    for (g = nameless; g->name; g++) {
        source(&id, "alice", "Main_Screen");

        id.etag = text_of(g->etag);
        id.location = text_of(g->location);

        tap_is(ngx_multisource_signal_id_seal(&id, key, NULL, text, &len),
               NGX_DECLINED, g->name);

        nginx_text_free();
    }
}


static void
test_bad(void)
{
    name_t         id;
    u_char        text[LEN + 1];
    size_t        at, wrong, len;
    const row_t  *row;

    for (row = bad; row->name; row++) {
        source(&id, "alice", "Main_Screen");

        tap_is(unseal(&id, key, row->text.data, row->text.len), NGX_DECLINED,
               row->name);

        nginx_text_free();
    }

    memset(text, 'A', sizeof(text));

    source(&id, "alice", "Main_Screen");
    tap_is(unseal(&id, key, text, LEN), NGX_DECLINED, "as long as may be");
    tap_is(unseal(&id, key, text, LEN + 1), NGX_DECLINED, "longer");
    nginx_text_free();

    /* each digit but the last one, which has bits that are used for nothing */

    len = sizeof(NAME) - 1;
    wrong = 0;

    for (at = 0; at < len - 1; at++) {
        ngx_memcpy(text, NAME, len);
        text[at] = text[at] == 'Q' ? 'R' : 'Q';

        wrong += unseal(&id, key, text, len) != NGX_DECLINED;
        nginx_text_free();
    }

    tap_is(wrong, 0, "with any digit changed it is none");

    wrong = 0;

    for (at = 0; at < len; at++) {
        wrong += unseal(&id, key, (u_char *) NAME, at) != NGX_DECLINED;
        nginx_text_free();
    }

    tap_is(wrong, 0, "nor when it is cut off anywhere");
}


static void
test_others(void)
{
    name_t       id;
    u_char      other[NGX_MULTISOURCE_TICKET_KEY];
    ngx_uint_t  i;

    static const char  *others[][2] = {
        { "bob", "Main_Screen" }, { "alice", "Face_Cam" }, { "alice", "" },
        { "", "Main_Screen" }, { "", "" }, { "alic", "eMain_Screen" },
        { "alice", "Main_Scree" }, { "alice", "main_screen" }
    };

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        source(&id, others[i][0], others[i][1]);

        tap_is(unseal_name(&id, NAME), NGX_DECLINED, "of another source");
        nginx_text_free();
    }

    ngx_memcpy(other, key, sizeof(key));
    other[31] ^= 1;

    source(&id, "alice", "Main_Screen");

    tap_is(unseal(&id, other, (u_char *) NAME, sizeof(NAME) - 1),
           NGX_DECLINED, "of another key");
    nginx_text_free();
}


/* the last test: nothing of OpenSSL works from here on */

static void
test_failures(void)
{
    name_t   id;
    u_char  text[LEN];
    size_t  len;

    source(&id, "alice", "Main_Screen");

    tap_is(unseal(&id, NULL, (u_char *) NAME, sizeof(NAME) - 1), NGX_ERROR,
           "without a key it cannot be told");

    id.etag = text_of(ETAG);
    id.location = text_of(LOCATION);

    tap_is(ngx_multisource_signal_id_seal(&id, NULL, NULL, text, &len),
           NGX_ERROR, "nor made");

    nginx_text_free();
    nginx_text_left = 0;

    tap_is(ngx_multisource_signal_id_seal(&id, key, NULL, text, &len),
           NGX_ERROR, "without memory it is not made");
    tap_is(unseal_name(&id, NAME), NGX_ERROR, "nor told");

    nginx_text_left = 1;
    tap_is(unseal_name(&id, NAME), NGX_ERROR, "nor with some");

    nginx_text_free();
    EVP_set_default_properties(NULL, "provider=none");

    source(&id, "alice", "Main_Screen");

    tap_is(unseal_name(&id, NAME), NGX_ERROR, "without digests it is not told");

    id.etag = text_of(ETAG);
    id.location = text_of(LOCATION);

    tap_is(ngx_multisource_signal_id_seal(&id, key, NULL, text, &len),
           NGX_ERROR, "nor made");
    tap_ok(ERR_peek_error() == 0, "no error is left behind for others");

    nginx_text_free();
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = (u_char) i;
    }

    test_golden();
    test_nameless();
    test_bad();
    test_others();
    test_failures();

    return tap_done();
}
