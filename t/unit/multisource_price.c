
/*
 * Copyright (C) the ngx_live contributors
 *
 * What watching costs: amounts that were worked out by hand and with fractions,
 * how they are written, the directive's arguments, and types of streams.
 */

/* sources: modules/ngx_multisource/ngx_multisource_price.c */


#include "tap.h"
#include "ngx_multisource_price.h"


#define SCREEN  NGX_MULTISOURCE_PRICE_SCREEN
#define CAMERA  NGX_MULTISOURCE_PRICE_CAMERA
#define AUDIO   NGX_MULTISOURCE_PRICE_AUDIO
#define OTHER   NGX_MULTISOURCE_PRICE_OTHER
#define NONE    NGX_MULTISOURCE_PRICE_TYPES

#define L(s)    { sizeof(s) - 1, (u_char *) s }


typedef struct {
    const char   *name;
    ngx_uint_t    n;
    uint8_t       types[4];
    uint32_t      watched[4];
    uint64_t      want;
    const char   *text;
} amount_t;


typedef struct {
    ngx_str_t     arg;
    const char   *want;     /* the price, or the message's beginning */
} parse_t;


typedef struct {
    const char   *name;
    ngx_uint_t    want;
} type_t;


/* 0.02 and 0.01, 0.005, 0.002, 0.003 a minute, 10 % off for two */

static const ngx_multisource_price_t  price = {
    "EUR", 20000, { 10000, 5000, 2000, 3000 }, 1000
};


static const amount_t  amounts[] = {

    { "nothing", 0, { 0 }, { 0 }, 0, "0.000000" },
    { "a stream that is not watched", 1, { SCREEN }, { 0 }, 0, "0.000000" },

    /* 0.02 + 0.01 */
    { "a minute of a screen", 1, { SCREEN }, { 60000 }, 1800000000,
      "0.030000" },
    { "a minute of a camera", 1, { CAMERA }, { 60000 }, 1500000000,
      "0.025000" },
    { "a minute of a microphone", 1, { AUDIO }, { 60000 }, 1320000000,
      "0.022000" },
    { "a minute of something", 1, { OTHER }, { 60000 }, 1380000000,
      "0.023000" },
    { "an unknown type is other", 1, { 200 }, { 60000 }, 1380000000,
      "0.023000" },
    { "a second of a screen", 1, { SCREEN }, { 1000 }, 30000000,
      "0.000500" },
    { "a millisecond of a screen", 1, { SCREEN }, { 1 }, 30000,
      "0.000001" },
    { "a millisecond of a camera", 1, { CAMERA }, { 1 }, 25000,
      "0.000000" },

    /* (0.02 + 0.01 + 0.005) * 0.9 */
    { "a screen and a camera", 2, { SCREEN, CAMERA }, { 60000, 60000 },
      1890000000, "0.031500" },
    { "a second stream of 0 ms gives no discount", 2, { SCREEN, CAMERA },
      { 60000, 0 }, 1800000000, "0.030000" },

    /* half a minute of both, and half of the screen alone: 0.01575 + 0.015 */
    { "a camera for half of the time", 2, { SCREEN, CAMERA },
      { 60000, 30000 }, 1845000000, "0.030750" },
    { "the same in another order", 2, { CAMERA, SCREEN },
      { 30000, 60000 }, 1845000000, "0.030750" },

    /* 6 s of two or more, of which 2 s with a third, and 4 s of the screen:
       0.9 * (35000 * 6000 + 2000 * 2000) + 30000 * 4000 */
    { "three that end one after the other", 3, { SCREEN, CAMERA, AUDIO },
      { 10000, 6000, 2000 }, 312600000, "0.005210" },
    { "the same, the shortest first", 3, { AUDIO, CAMERA, SCREEN },
      { 2000, 6000, 10000 }, 312600000, "0.005210" },
    { "the same, the longest in the middle", 4,
      { AUDIO, SCREEN, OTHER, CAMERA }, { 2000, 10000, 0, 6000 }, 312600000,
      "0.005210" },

    /* 0.9 * 40000 * 60000 */
    { "four, two of which are alike", 4, { SCREEN, CAMERA, CAMERA, SCREEN },
      { 60000, 60000, 60000, 60000 }, 2700000000, "0.045000" },

    { NULL, 0, { 0 }, { 0 }, 0, NULL }
};


#define RATE  "= takes a rate per minute, as 0.02: at most 1000, with up to " \
              "6 digits behind the point"
#define OFF   "bundle_discount= takes 0% to 100%, as 10% or 12.5%"
#define MONEY "currency= takes three capital letters, as EUR"
#define KNOWN "a price is made of base=, screen=, camera=, audio=, other=, "  \
              "bundle_discount= and currency="

static const parse_t  parses[] = {

    /* currency base screen camera audio other discount */

    { L("base=0.02"),              " 20000 0 0 0 0 0" },
    { L("base=0"),                 " 0 0 0 0 0 0" },
    { L("base=0.000001"),          " 1 0 0 0 0 0" },
    { L("base=1000"),              " 1000000000 0 0 0 0 0" },
    { L("base=1000.000000"),       " 1000000000 0 0 0 0 0" },
    { L("base=999.999999"),        " 999999999 0 0 0 0 0" },
    { L("base=0012.5"),            " 12500000 0 0 0 0 0" },
    { L("screen=0.01"),            " 0 10000 0 0 0 0" },
    { L("camera=0.005"),           " 0 0 5000 0 0 0" },
    { L("audio=1"),                " 0 0 0 1000000 0 0" },
    { L("other=2.25"),             " 0 0 0 0 2250000 0" },
    { L("bundle_discount=10%"),    " 0 0 0 0 0 1000" },
    { L("bundle_discount=0%"),     " 0 0 0 0 0 0" },
    { L("bundle_discount=100%"),   " 0 0 0 0 0 10000" },
    { L("bundle_discount=12.5%"),  " 0 0 0 0 0 1250" },
    { L("bundle_discount=0.01%"),  " 0 0 0 0 0 1" },
    { L("currency=EUR"),           "EUR 0 0 0 0 0 0" },
    { L("currency=XXX"),           "XXX 0 0 0 0 0 0" },

    { L("base="),                  "base" RATE },
    { L("base=."),                 "base" RATE },
    { L("base=.5"),                "base" RATE },
    { L("base=1."),                "base" RATE },
    { L("base=1.2.3"),             "base" RATE },
    { L("base=1..2"),              "base" RATE },
    { L("base=-1"),                "base" RATE },
    { L("base=+1"),                "base" RATE },
    { L("base=1e2"),               "base" RATE },
    { L("base=0x10"),              "base" RATE },
    { L("base=1,5"),               "base" RATE },
    { L("base= 1"),                "base" RATE },
    { L("base=1 "),                "base" RATE },
    { L("base=1\0"),               "base" RATE },
    { L("base=nan"),               "base" RATE },
    { L("base=inf"),               "base" RATE },
    { L("base=\xd9\xa1"),          "base" RATE },
    { L("base=0.0000001"),         "base" RATE },
    { L("base=0.0200000"),         "base" RATE },
    { L("base=1000.000001"),       "base" RATE },
    { L("base=1001"),              "base" RATE },
    { L("base=4294967296"),        "base" RATE },
    { L("base=18446744073709551616"), "base" RATE },
    { L("base=99999999999999999999999999999999999999999"), "base" RATE },
    { L("screen=a"),               "screen" RATE },
    { L("camera=%"),               "camera" RATE },
    { L("audio=1%"),               "audio" RATE },
    { L("other=1/2"),              "other" RATE },
    { L("bundle_discount="),       OFF },
    { L("bundle_discount=%"),      OFF },
    { L("bundle_discount=10"),     OFF },
    { L("bundle_discount=10%%"),   OFF },
    { L("bundle_discount=100.01%"), OFF },
    { L("bundle_discount=101%"),   OFF },
    { L("bundle_discount=1.234%"), OFF },
    { L("bundle_discount=-1%"),    OFF },
    { L("currency="),              MONEY },
    { L("currency=EU"),            MONEY },
    { L("currency=EURO"),          MONEY },
    { L("currency=eur"),           MONEY },
    { L("currency=E\0R"),          MONEY },
    { L("currency=\xe2\x82\xac"),  MONEY },
    { L(""),                       KNOWN },
    { L("="),                      KNOWN },
    { L("base"),                   KNOWN },
    { L("bas"),                    KNOWN },
    { L("Base=1"),                 KNOWN },
    { L("base1=1"),                KNOWN },
    { L("webcam=1"),               KNOWN },
    { L("currencies=EUR"),         KNOWN },

    { { 0, NULL }, NULL }
};


static const type_t  types[] = {
    { "screen", SCREEN }, { "camera", CAMERA }, { "webcam", CAMERA },
    { "audio", AUDIO }, { "other", OTHER },
    { "", NONE }, { "Screen", NONE }, { "scree", NONE }, { "screens", NONE },
    { "cam", NONE }, { "webcams", NONE }, { "video", NONE },
    { NULL, 0 }
};


static const type_t  guesses[] = {
    { "Main_Screen", SCREEN }, { "screen", SCREEN }, { "SCREEN-2", SCREEN },
    { "Screen2", SCREEN }, { "MainScreen", SCREEN }, { "widescreen", SCREEN },
    { "Desktop", SCREEN }, { "My_Window", SCREEN }, { "slides", SCREEN },
    { "Face_Cam", CAMERA }, { "facecam", CAMERA }, { "FaceCam", CAMERA },
    { "Webcam_1", CAMERA }, { "Camera2", CAMERA }, { "cam", CAMERA },
    { "2nd-camera-left", CAMERA }, { "GoPro_cam3", CAMERA },
    { "Mic", AUDIO }, { "Microphone", AUDIO }, { "Game_Audio", AUDIO },
    { "Mic_2", AUDIO }, { "music", AUDIO },
    { "Screen_Audio", AUDIO }, { "Cam_Screen", SCREEN },
    { "main", OTHER }, { "Guest", OTHER }, { "comic", OTHER },
    { "Camp", OTHER }, { "Camelot", OTHER }, { "Micro", OTHER },
    { "_", OTHER }, { "-", OTHER }, { "", OTHER }, { "123", OTHER },
    { NULL, 0 }
};


static void
test_amounts(void)
{
    size_t                    len;
    u_char                    text[32];
    uint64_t                  amount;
    const amount_t           *row;
    ngx_multisource_price_t   other;

    for (row = amounts; row->name; row++) {
        amount = ngx_multisource_price_amount(&price, row->types, row->watched,
                                              row->n, 0);
        tap_is(amount, row->want, row->name);

        len = ngx_multisource_price_text(amount, text);
        tap_is_text((char *) text, row->text, row->name);
        tap_is(len, strlen(row->text), "its length");
    }

    other = price;
    other.discount = 10000;

    row = &amounts[12];     /* a camera for half of the time */
    tap_is(ngx_multisource_price_amount(&other, row->types, row->watched, 2, 0),
           30000ULL * 30000, "two for nothing, but one alone costs");

    other.discount = 60000;
    tap_is(ngx_multisource_price_amount(&other, row->types, row->watched, 2, 0),
           30000ULL * 30000, "a discount beyond all is all");

    other.currency[0] = '\0';
    tap_is(ngx_multisource_price_amount(&other, row->types, row->watched, 2, 0),
           0, "without a currency it is free");
}


/* the numbers are those of Python's fractions and integers */

static void
test_extremes(void)
{
    uint8_t                   of[16];
    uint32_t                  watched[16];
    uint64_t                  sum;
    ngx_uint_t                i;
    ngx_multisource_price_t   dear, odd;

    ngx_memzero(&odd, sizeof(odd));
    ngx_memcpy(odd.currency, "EUR", 4);
    odd.addon[SCREEN] = 1;
    odd.discount = 3333;

    of[0] = SCREEN;
    of[1] = SCREEN;
    watched[0] = 1;
    watched[1] = 1;

    /* 1.3334 */
    tap_is(ngx_multisource_price_amount(&odd, of, watched, 2, 0), 1,
           "a broken number is in the viewer's favour");

    watched[0] = 7;
    watched[1] = 3;

    /* 4.0002 + 4 */
    tap_is(ngx_multisource_price_amount(&odd, of, watched, 2, 0), 8,
           "what is not of the bundle is whole");

    ngx_memzero(&dear, sizeof(dear));
    ngx_memcpy(dear.currency, "JPY", 4);
    dear.base = NGX_MULTISOURCE_PRICE_MAX;
    dear.discount = 1234;

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        dear.addon[i] = NGX_MULTISOURCE_PRICE_MAX;
    }

    for (i = 0; i < 16; i++) {
        of[i] = i % 4;
        watched[i] = 86400000 - i;
    }

    /* 0.8766 * (17 * 86399999 - 105) * 10^9 + 2 * 10^9 */
    tap_is(ngx_multisource_price_amount(&dear, of, watched, 16, 0),
           1287549975054800000ULL, "a day of sixteen at the highest price");

    for (i = 0; i < 16; i++) {
        watched[i] = 0xffffffff;
    }

    dear.discount = 0;

    /* this is 7.3 * 10^19 */
    tap_ok(ngx_multisource_price_amount(&dear, of, watched, 16, 0) == UINT64_MAX,
           "beyond what can be counted is the most that can");
    tap_is(ngx_multisource_price_amount(&dear, of, watched, 1, 0),
           8589934590000000000LL, "one of the longest time is exact");

    /* ten seconds at a time, or all at once */

    sum = 0;

    for (i = 0; i < 360; i++) {
        watched[0] = 10000;
        watched[1] = 10000;
        sum += ngx_multisource_price_amount(&price, of, watched, 2, 0);
    }

    watched[0] = 3600000;
    watched[1] = 3600000;
    tap_is(sum, ngx_multisource_price_amount(&price, of, watched, 2, 0),
           "an hour is the sum of its parts");
}


static void
test_texts(void)
{
    u_char  text[32];

    ngx_multisource_price_text(29999, text);
    tap_is_text((char *) text, "0.000000", "below half of a millionth");

    ngx_multisource_price_text(30000, text);
    tap_is_text((char *) text, "0.000001", "half of a millionth");

    ngx_multisource_price_text(60000ULL * 999999 + 30000, text);
    tap_is_text((char *) text, "1.000000", "a carry");

    ngx_multisource_price_text(60000ULL * 12345678, text);
    tap_is_text((char *) text, "12.345678", "units and all digits");

    ngx_multisource_price_text(UINT64_MAX, text);
    tap_is_text((char *) text, "307445734.561826", "the largest amount");

    tap_is(ngx_multisource_price_rate_text(0, text), 8, "length of a rate");
    tap_is_text((char *) text, "0.000000", "no rate");

    ngx_multisource_price_rate_text(20000, text);
    tap_is_text((char *) text, "0.020000", "a rate");

    ngx_multisource_price_rate_text(NGX_MULTISOURCE_PRICE_MAX, text);
    tap_is_text((char *) text, "1000.000000", "the highest rate");

    ngx_multisource_price_rate_text(0xffffffff, text);
    tap_is_text((char *) text, "4294.967295", "more than a rate may be");
}


static void
test_parse(void)
{
    u_char                   *copy;
    char                      said[256], name[256];
    ngx_str_t                 arg;
    const char               *wrong;
    const parse_t            *row;
    ngx_multisource_price_t   p;

    for (row = parses; row->want; row++) {

        /* of the exact size, so that a sanitizer sees a read behind its end */

        copy = malloc(row->arg.len ? row->arg.len : 1);
        if (copy == NULL) {
            printf("Bail out! out of memory\n");
            exit(2);
        }

        ngx_memcpy(copy, row->arg.data, row->arg.len);
        arg.data = copy;
        arg.len = row->arg.len;

        ngx_memzero(&p, sizeof(p));
        wrong = ngx_multisource_price_parse(&p, &arg);

        if (wrong == NULL) {
            snprintf(said, sizeof(said), "%s %u %u %u %u %u %u",
                     (char *) p.currency, p.base, p.addon[SCREEN],
                     p.addon[CAMERA], p.addon[AUDIO], p.addon[OTHER],
                     p.discount);

        } else {
            snprintf(said, sizeof(said), "%s", wrong);
        }

        snprintf(name, sizeof(name), "argument \"%s\"",
                 (char *) row->arg.data);
        tap_is_text(said, row->want, name);
        free(copy);
    }

    p = price;
    ngx_str_set(&arg, "base=x");
    tap_ok(ngx_multisource_price_parse(&p, &arg) != NULL
           && ngx_memcmp(&p, &price, sizeof(p)) == 0,
           "what is wrong changes nothing");

    ngx_str_set(&arg, "camera=7");
    tap_ok(ngx_multisource_price_parse(&p, &arg) == NULL
           && p.addon[CAMERA] == 7000000 && p.addon[SCREEN] == 10000
           && p.base == 20000 && p.discount == 1000,
           "an argument changes what it names");
}


static void
test_any(void)
{
    ngx_uint_t               i;
    ngx_multisource_price_t  p;

    ngx_memzero(&p, sizeof(p));
    tap_is(ngx_multisource_price_any(&p), 0, "nothing costs nothing");

    p.discount = 1000;
    ngx_memcpy(p.currency, "EUR", 4);
    tap_is(ngx_multisource_price_any(&p), 0, "nor does nothing in euros");

    p.base = 1;
    tap_ok(ngx_multisource_price_any(&p), "a base costs");

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        p.base = 0;
        ngx_memzero(p.addon, sizeof(p.addon));
        p.addon[i] = 1;
        tap_ok(ngx_multisource_price_any(&p), "an addon costs");
        tap_is(ngx_multisource_price_addon(&p, i), 1, "of its type");
        tap_is(ngx_multisource_price_addon(&p, (i + 1) % 4), 0,
               "and of no other");
    }

    tap_is(ngx_multisource_price_addon(&p, 4), 1, "an unknown type is other");

    p.currency[0] = '\0';
    tap_is(ngx_multisource_price_any(&p), 0, "without a currency it is free");
}


static void
test_types(void)
{
    ngx_str_t      name;
    ngx_uint_t     i;
    const type_t  *row;

    for (row = types; row->name; row++) {
        name.data = (u_char *) row->name;
        name.len = strlen(row->name);
        tap_is(ngx_multisource_price_type_of(&name), row->want, row->name);
    }

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        name.data = (u_char *) ngx_multisource_price_type(i);
        name.len = ngx_strlen(name.data);
        tap_is(ngx_multisource_price_type_of(&name), i, "there and back");
    }

    tap_is_text(ngx_multisource_price_type(NONE), "other", "beyond the types");

    for (row = guesses; row->name; row++) {
        name.data = (u_char *) row->name;
        name.len = strlen(row->name);
        tap_is(ngx_multisource_price_guess(&name), row->want, row->name);
    }
}


int
main(void)
{
    test_amounts();
    test_extremes();
    test_texts();
    test_parse();
    test_any();
    test_types();

    return tap_done();
}
