
/*
 * Copyright (C) the ngx_live contributors
 *
 * The grammar of stream names: where they are cut, what is refused, what a
 * public name is, and what a log may show of a key.
 */

/* sources: modules/ngx_multisource/ngx_multisource_name.c */


#include "tap.h"
#include "ngx_multisource_name.h"


#define OK        NGX_MULTISOURCE_OK
#define STREAM    NGX_MULTISOURCE_BAD_STREAM_NAME
#define SOURCE    NGX_MULTISOURCE_BAD_SOURCE_NAME
#define RESERVED  NGX_MULTISOURCE_RESERVED_SOURCE_NAME

#define TEN       "abcdefghij"
#define FIFTY     TEN TEN TEN TEN TEN

/* a literal that may have a NUL in it */

#define L(s)      { sizeof(s) - 1, (u_char *) s }


typedef struct {
    const char   *sep;
    ngx_str_t     name;
    size_t        from;
    const char   *want;     /* what is before the cut, "|", what is behind */
} cut_t;


typedef struct {
    const char   *sep;
    ngx_str_t     name;
    ngx_uint_t    want;
    const char   *about;    /* where the name says too little */
} check_t;


typedef struct {
    const char   *sep;
    const char   *streamer;
    const char   *source;
    const char   *want;
} public_t;


typedef struct {
    const char   *sep;
    ngx_str_t     name;
    const char   *want;
} mask_t;


static ngx_str_t  reserved[] = {
    ngx_string("admin"), ngx_string("api"), ngx_string("my-own")
};

static ngx_multisource_naming_t  naming = {
    ngx_string("_"), ngx_string("main"), reserved, 3
};


static const cut_t  cuts[] = {

    { "_",  L("alice"),            0, "alice" },
    { "_",  L(""),                 0, "" },
    { "_",  L("alice_Cam"),        0, "alice|Cam" },
    { "_",  L("alice/Cam"),        0, "alice|Cam" },
    { "_",  L("alice_Face_Cam"),   0, "alice|Face_Cam" },
    { "_",  L("alice_Face_Cam"),   5, "alice|Face_Cam" },
    { "_",  L("alice_Face_Cam"),   6, "alice_Face|Cam" },
    { "_",  L("alice_Face_Cam"),  11, "alice_Face_Cam" },
    { "_",  L("alice_Face_Cam"),  14, "alice_Face_Cam" },
    { "_",  L("alice_a/b"),        0, "alice|a/b" },
    { "_",  L("alice/a_b"),        0, "alice|a_b" },
    { "_",  L("alice_"),           0, "alice|" },
    { "_",  L("alice/"),           0, "alice|" },
    { "_",  L("_Cam"),             0, "|Cam" },
    { "_",  L("_"),                0, "|" },
    { "_",  L("//"),               0, "|/" },

    /* several characters: whole only, and never across the end */

    { "__", L("alice_Cam"),        0, "alice_Cam" },
    { "__", L("alice__Cam"),       0, "alice|Cam" },
    { "__", L("alice__"),          0, "alice|" },
    { "__", L("alice_"),           0, "alice_" },
    { "__", L("a_b__c_d"),         0, "a_b|c_d" },
    { "__", L("alice/Cam"),        0, "alice|Cam" },
    { "__", L("a___b"),            0, "a|_b" },
    { "__", L("a___b"),            2, "a_|b" },
    { "-.-", L("a-.b-.-c"),        0, "a-.b|c" },
    { "-.-", L("a-.-.-c"),         0, "a|.-c" },
    { "-.-", L("a-."),             0, "a-." },
    { "~~~~~~~~", L("a~~~~~~~"),   0, "a~~~~~~~" },
    { "~~~~~~~~", L("a~~~~~~~~b"), 0, "a|b" },

    { NULL, { 0, NULL }, 0, NULL }
};


static const check_t  sources[] = {

    { "_", L("Cam"),             OK,       NULL },
    { "_", L("Face_Cam"),        OK,       NULL },
    { "_", L("a"),               OK,       NULL },
    { "_", L("-"),               OK,       NULL },
    { "_", L("_"),               OK,       NULL },
    { "_", L("azAZ09_-"),        OK,       NULL },
    { "_", L("main"),            OK,       NULL },
    { "_", L("administrator"),   OK,       NULL },
    { "_", L("ap"),              OK,       NULL },
    { "_", L(FIFTY),             OK,       "50 characters" },
    { "_", L(FIFTY "k"),         SOURCE,   "51 characters" },
    { "_", L(""),                SOURCE,   "empty" },
    { "_", L("a/b"),             SOURCE,   NULL },
    { "_", L("../../etc"),       SOURCE,   NULL },
    { "_", L(".."),              SOURCE,   NULL },
    { "_", L("."),               SOURCE,   NULL },
    { "_", L("a.m3u8"),          SOURCE,   NULL },
    { "_", L("%2e%2e"),          SOURCE,   NULL },
    { "_", L("a b"),             SOURCE,   NULL },
    { "_", L("a\\b"),            SOURCE,   NULL },
    { "_", L("a\"b"),            SOURCE,   NULL },
    { "_", L("a<b>"),            SOURCE,   NULL },
    { "_", L("a?b"),             SOURCE,   NULL },
    { "_", L("a#b"),             SOURCE,   NULL },
    { "_", L("a\0b"),            SOURCE,   "a NUL inside" },
    { "_", L("a\0"),             SOURCE,   "a NUL at the end" },
    { "_", L("a\nb"),            SOURCE,   "a line feed" },
    { "_", L("a\x7f"),           SOURCE,   "DEL" },
    { "_", L("caf\xc3\xa9"),     SOURCE,   "UTF-8" },
    { "_", L("@[`{/:"),          SOURCE,   "what is next to the letters" },
    { "_", L("admin"),           RESERVED, NULL },
    { "_", L("Admin"),           RESERVED, NULL },
    { "_", L("API"),             RESERVED, NULL },
    { "_", L("mY-oWn"),          RESERVED, NULL },

    /* the separator is no part of the grammar behind the first one */

    { "__", L("a__b"),           OK,       "the separator in a source" },
    { ".",  L("a.b"),            SOURCE,   "a separator that is no name" },

    { NULL, { 0, NULL }, 0, NULL }
};


static const check_t  streamers[] = {

    { "_", L("alice"),           OK,       NULL },
    { "_", L("a"),               OK,       NULL },
    { "_", L("a-b"),             OK,       NULL },
    { "_", L("AZ09"),            OK,       NULL },
    { "_", L(FIFTY),             OK,       "50 characters" },
    { "_", L(FIFTY "k"),         STREAM,   "51 characters" },
    { "_", L(""),                STREAM,   "empty" },
    { "_", L("a_b"),             STREAM,   NULL },
    { "_", L("_"),               STREAM,   NULL },
    { "_", L("a_"),              STREAM,   NULL },
    { "_", L("a/b"),             STREAM,   NULL },
    { "_", L(".."),              STREAM,   NULL },
    { "_", L("a.b"),             STREAM,   NULL },
    { "_", L("a\0b"),            STREAM,   "a NUL inside" },
    { "_", L("%2e"),             STREAM,   NULL },
    { "_", L("admin"),           STREAM,   NULL },
    { "_", L("ADMIN"),           STREAM,   NULL },
    { "_", L("events1"),         OK,       NULL },

    { "-", L("a_b"),             OK,       NULL },
    { "-", L("a-b"),             STREAM,   NULL },
    { "__", L("a_b"),            OK,       NULL },
    { "__", L("a__b"),           STREAM,   NULL },

    /* the separator would be found earlier than where it was put */

    { "__", L("a_"),             STREAM,   "a__ + _: an end that cuts early" },
    { "_-_", L("a_-"),           STREAM,   "a_-_-_: an end that cuts early" },
    { "_-_", L("a_"),            OK,       NULL },
    { "_-", L("a_"),             OK,       NULL },
    { "--_", L("a-"),            OK,       NULL },

    { NULL, { 0, NULL }, 0, NULL }
};


static const check_t  sent[] = {

    { "_", L("key"),             OK,       NULL },
    { "_", L("key_Face_Cam"),    OK,       NULL },
    { "_", L("a.b"),             OK,       NULL },
    { "_", L("a+b=c;d~"),        OK,       NULL },
    { "_", L("a."),              OK,       NULL },
    { "_", L("a.b.c"),           OK,       NULL },
    { "_", L(FIFTY FIFTY),       OK,       "100 characters" },
    { "_", L(""),                STREAM,   "empty" },
    { "_", L("."),               STREAM,   NULL },
    { "_", L(".."),              STREAM,   NULL },
    { "_", L(".hidden"),         STREAM,   NULL },
    { "_", L("a..b"),            STREAM,   NULL },
    { "_", L("a/b"),             STREAM,   NULL },
    { "_", L("/"),               STREAM,   NULL },
    { "_", L("a\\b"),            STREAM,   NULL },
    { "_", L("a%2fb"),           STREAM,   NULL },
    { "_", L("a\"b"),            STREAM,   NULL },
    { "_", L("a b"),             STREAM,   NULL },
    { "_", L("a\tb"),            STREAM,   "a tab" },
    { "_", L("a\0b"),            STREAM,   "a NUL" },
    { "_", L("a\x7f"),           STREAM,   "DEL" },
    { "_", L("a\x80"),           STREAM,   "a byte above ASCII" },

    { NULL, { 0, NULL }, 0, NULL }
};


static const public_t  publics[] = {

    { "_",  "alice", "main",     "alice" },
    { "_",  "alice", "Cam",      "alice_Cam" },
    { "_",  "alice", "Face_Cam", "alice_Face_Cam" },
    { "_",  "alice", "Main",     "alice_Main" },
    { "_",  "alice", "main2",    "alice_main2" },
    { "_",  "alice", "mai",      "alice_mai" },
    { "__", "a_b",   "_c",       "a_b___c" },
    { "-.-", "a",    "b",        "a-.-b" },
    { "~~~~~~~~", FIFTY, FIFTY,  FIFTY "~~~~~~~~" FIFTY },

    { NULL, NULL, NULL, NULL }
};


static const mask_t  masks[] = {

    { "_",  L("abcdefghijklmnopqrstuvwxyz"), "abcd***" },
    { "_",  L("abcdefghijklmnop"),           "abcd***" },
    { "_",  L("abcdefghijklmno"),            "abc***" },
    { "_",  L("abcdefgh"),                   "ab***" },
    { "_",  L("abcdefg"),                    "a***" },
    { "_",  L("abcd"),                       "a***" },
    { "_",  L("abc"),                        "***" },
    { "_",  L(""),                           "***" },

    /* the shortest possible key counts, not what hangs on it */

    { "_",  L("abcdefgh_Main_Screen"),       "ab***" },
    { "_",  L("abcdefgh/Main_Screen"),       "ab***" },
    { "_",  L("abc_Main_Screen_and_more"),   "***" },
    { "_",  L("_abcdefghijklmnop"),          "***" },
    { "_",  L("/abcdefghijklmnop"),          "***" },
    { "__", L("abcdefgh__Main_Screen"),      "ab***" },
    { "__", L("abcd_fghijklmnop"),           "abcd***" },
    { "-.-", L("abcdefgh-.-Main"),           "ab***" },

    /* a line of a log stays one */

    { "_",  L("\n\0\x1b\xffmnopqrstuvwxyz"), "????***" },
    { "_",  L("a\"b%efghijklmnop"),          "a?b?***" },

    { NULL, { 0, NULL }, NULL }
};


/* a copy of the exact size, so that a sanitizer sees a read behind its end */

static ngx_str_t
copy(const ngx_str_t *s)
{
    ngx_str_t  c;

    c.len = s->len;
    c.data = malloc(s->len ? s->len : 1);

    if (c.data == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    ngx_memcpy(c.data, s->data, s->len);

    return c;
}


static void
separator(const char *sep)
{
    naming.separator.data = (u_char *) sep;
    naming.separator.len = ngx_strlen(sep);
}


static void
test_cut(void)
{
    char          text[128];
    size_t        len;
    u_char       *rest;
    ngx_str_t     name;
    const cut_t  *row;

    for (row = cuts; row->want; row++) {

        separator(row->sep);
        name = copy(&row->name);

        len = ngx_multisource_name_cut(&naming, &name, row->from, &rest);

        if (rest) {
            snprintf(text, sizeof(text), "%.*s|%.*s", (int) len, name.data,
                     (int) (name.data + name.len - rest), rest);

        } else {
            snprintf(text, sizeof(text), "%.*s", (int) len, name.data);
        }

        tap_is_text(text, row->want, row->want);
        free(name.data);
    }
}


static void
test_check(const char *what, const check_t *row,
    ngx_uint_t (*check)(ngx_multisource_naming_t *naming, ngx_str_t *name))
{
    char       text[160];
    ngx_str_t  name;

    for ( /* void */ ; row->sep; row++) {

        separator(row->sep);
        name = copy(&row->name);

        snprintf(text, sizeof(text), "%s: %s, separator %s", what,
                 row->about ? row->about : (char *) row->name.data, row->sep);

        tap_is(check(&naming, &name), row->want, text);
        free(name.data);
    }
}


static ngx_uint_t
check_sent(ngx_multisource_naming_t *unused, ngx_str_t *name)
{
    return ngx_multisource_name_check_sent(name);
}


static void
test_public(void)
{
    size_t           len;
    u_char           buf[NGX_MULTISOURCE_NAME_MAX * 2 + NGX_MULTISOURCE_SEP_MAX
                         + 1];
    ngx_str_t        streamer, source;
    const public_t  *row;

    for (row = publics; row->sep; row++) {

        separator(row->sep);

        streamer.data = (u_char *) row->streamer;
        streamer.len = ngx_strlen(row->streamer);
        source.data = (u_char *) row->source;
        source.len = ngx_strlen(row->source);

        ngx_memset(buf, 'x', sizeof(buf));

        len = ngx_multisource_name_public(&naming, &streamer, &source, buf);

        tap_is_text((char *) buf, row->want, row->want);
        tap_is(len, ngx_strlen(row->want), "  its length");
    }
}


static void
test_mask(void)
{
    u_char         buf[8];
    size_t         len;
    ngx_str_t      name;
    const mask_t  *row;

    for (row = masks; row->want; row++) {

        separator(row->sep);
        name = copy(&row->name);

        len = ngx_multisource_name_mask(&naming, &name, buf);
        buf[len] = '\0';

        tap_is_text((char *) buf, row->want, row->want);
        free(name.data);
    }
}


int
main(void)
{
    test_cut();
    test_check("source", sources, ngx_multisource_name_check_source);
    test_check("streamer", streamers, ngx_multisource_name_check_streamer);
    test_check("sent", sent, check_sent);
    test_public();
    test_mask();

    return tap_done();
}
