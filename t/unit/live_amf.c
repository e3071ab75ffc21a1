
/*
 * Copyright (C) the ngx_live contributors
 *
 * The shape of AMF0 messages.  Each row is fed whole, byte by byte, and in two
 * parts, split at every place.
 */

/* sources: modules/common/ngx_live_amf.c */


#include "tap.h"
#include "ngx_live_amf.h"


#define S_CONNECT   "02 0007 636f6e6e656374 "
#define N_1         "00 3ff0000000000000 "
#define KEY         "0001 61 "
#define END         "0000 09 "


typedef struct {
    const char  *name;
    const char  *hex;
    const char  *want;    /* answer, values, depth, then the top-level values */
} row_t;


static const row_t  rows[] = {

    /* what encoders send; "-" marks a value that the message does not end */

    { "connect",
      S_CONNECT N_1 "03 0003 617070 02 0004 6c697665 " END,
      "ok 4 1: 02/7 00 03" },
    { "publish",
      "02 0007 7075626c697368 00 4014000000000000 05"
      "02 0008 6b65795f6d61696e 02 0004 6c697665",
      "ok 5 0: 02/7 00 05 02/8 02/4" },
    { "@setDataFrame, onMetaData, ECMA array",
      "02 000d 4073657444617461 4672616d65 02 000a 6f6e4d6574614461 7461"
      "08 00000002 0005 7769647468 " N_1 "0006 737465726 56f 01 01" END,
      "ok 5 1: 02/13 02/10 08" },
    { "fourCcList, a strict array",
      S_CONNECT N_1 "03 000a 666f7572 4363 4c697374 0a 00000002"
      "02 0004 61763031 02 0004 68766331" END,
      "ok 6 2: 02/7 00 03" },
    { "an object without its end",
      S_CONNECT N_1 "03 " KEY N_1,
      "ok 4 1: 02/7 00 03-" },
    { "an ECMA array without its end, nested",
      "08 00000000 " KEY "08 00000000 " KEY N_1,
      "ok 3 2: 08-" },
    { "undefined", "06 05", "ok 2 0: 06 05" },
    { "nothing", "", "ok 0 0:" },

    /* strings */

    { "empty", "02 0000", "ok 1 0: 02/0" },
    { "a NUL in a string", "02 0003 610062", "ok 1 0: 02/3z" },
    { "a NUL at its end", "02 0002 6100", "ok 1 0: 02/2z" },
    { "a NUL in a nested string only",
      "03 " KEY "02 0001 00 " END "02 0001 61", "ok 3 1: 03 02/1" },
    { "a NUL in a key only", "03 0001 00 05 " END, "ok 2 1: 03" },
    { "a string cut off", "02 0005 6162", "ok 1 0: 02/5-" },
    { "a length cut off", "02 00", "ok 1 0: 02/0-" },
    { "a number cut off", "00 3ff0", "ok 1 0: 00-" },
    { "a boolean", "01 01 01 00", "ok 2 0: 01 01" },
    { "only 8 are described, a NUL in the ninth is not the eighth's",
      "05 05 05 05 05 05 05 02 0001 61 02 0001 00",
      "ok 9 0: 05 05 05 05 05 05 05 02/1" },

    /* containers */

    { "an empty strict array", "0a 00000000 05", "ok 2 1: 0a 05" },
    { "a strict array, then a value",
      "0a 00000002 05 05 02 0001 61", "ok 4 1: 0a 02/1" },
    { "a strict array of 2^32 - 1 elements, three there",
      "0a ffffffff 05 05 05", "ok 4 1: 0a-" },
    { "arrays that end together",
      "0a 00000001 0a 00000001 0a 00000001 05 01 00",
      "ok 5 3: 0a 01" },
    { "an object that ends an array",
      "0a 00000001 03 " END "01 00", "ok 3 2: 0a 01" },
    { "a count cut off", "0a 0000", "ok 1 1: 0a-" },
    { "an end marker is an element", "0a 00000002 09 05 01 00",
      "ok 4 1: 0a 01" },
    { "an end marker is a property", "03 " KEY "09 " END "05",
      "ok 3 1: 03 05" },
    { "an end marker at the top", "09 05", "ok 2 0: 09 05" },
    { "an ECMA array's count means nothing",
      "08 ffffffff " KEY "05 " END "05", "ok 3 1: 08 05" },

    /* the reading ends, what is behind is not looked at */

    { "a long string", "0c 00000001 61 05", "ok 1 0: 0c-" },
    { "a date in an object",
      "03 " KEY "0b 0000000000000000 0000 " END "05", "ok 2 1: 03-" },
    { "AMF3", "11 0a", "ok 1 0: 11-" },
    { "no end marker behind an empty key", "03 0000 05 05", "ok 1 1: 03-" },

    { NULL, NULL, NULL }
};


static void
describe(ngx_live_amf_check_t *c, ngx_int_t rc, char *text, size_t size)
{
    size_t                 n;
    ngx_uint_t             i;
    ngx_live_amf_value_t  *v;

    n = snprintf(text, size, "%s %d %d:", rc == NGX_OK ? "ok" : "error",
                 (int) c->nvalues, (int) c->depth_max);

    for (i = 0; i < ngx_min(c->ntop, NGX_LIVE_AMF_NTOP); i++) {
        v = &c->top[i];

        n += snprintf(text + n, size - n, " %02x", (unsigned) v->type);

        if (v->type == NGX_LIVE_AMF_STRING) {
            n += snprintf(text + n, size - n, "/%d", (int) v->len);
        }

        n += snprintf(text + n, size - n, "%s%s", v->nul ? "z" : "",
                      v->complete ? "" : "-");
    }
}


static int
splits(const row_t *row, const u_char *p, size_t len)
{
    char                  text[256];
    size_t                n;
    ngx_int_t             rc;
    ngx_live_amf_check_t  c;

    for (n = 0; n <= len; n++) {

        ngx_live_amf_check_init(&c);

        (void) ngx_live_amf_check_feed(&c, p, p + n);
        (void) ngx_live_amf_check_feed(&c, p + n, p + n);
        (void) ngx_live_amf_check_feed(&c, p + n, p + len);

        rc = ngx_live_amf_check_done(&c);
        describe(&c, rc, text, sizeof(text));

        if (strcmp(text, row->want) != 0) {
            printf("# split at %d: %s\n", (int) n, text);
            return 0;
        }
    }

    ngx_live_amf_check_init(&c);

    for (n = 0; n < len; n++) {
        (void) ngx_live_amf_check_feed(&c, p + n, p + n + 1);
    }

    rc = ngx_live_amf_check_done(&c);
    describe(&c, rc, text, sizeof(text));

    return strcmp(text, row->want) == 0;
}


/* "n" times the bytes, whatever they are, then an end */

static ngx_int_t
repeat(const char *hex, size_t n, ngx_live_amf_check_t *c)
{
    size_t   len;
    u_char  *p;

    p = tap_bytes(hex, &len);

    ngx_live_amf_check_init(c);

    while (n--) {
        (void) ngx_live_amf_check_feed(c, p, p + len);
    }

    free(p);

    return ngx_live_amf_check_done(c);
}


static void
test_limits(void)
{
    ngx_live_amf_check_t  c;

    tap_is(repeat("03 0001 61", 16, &c), NGX_OK, "16 objects in each other");
    tap_is(c.depth_max, 16, "their depth");
    tap_is(repeat("03 0001 61", 17, &c), NGX_ERROR, "17 objects");
    tap_is(repeat("03 0001 61", 240000, &c), NGX_ERROR, "240,000 objects");
    tap_is(ngx_live_amf_check_feed(&c, (u_char *) "\5", (u_char *) "\5" + 1),
           NGX_ERROR, "an error sticks");
    tap_is(repeat("0a 00000001", 16, &c), NGX_OK, "16 arrays");
    tap_is(repeat("0a 00000001", 17, &c), NGX_ERROR, "17 arrays");
    tap_is(repeat("0a ffffffff", 17, &c), NGX_ERROR, "17 large arrays");
    tap_is(repeat("08 00000000 0001 61", 17, &c), NGX_ERROR,
           "17 ECMA arrays");
    tap_is(repeat("03 0001 61 0a 00000002", 9, &c), NGX_ERROR,
           "a mixture of 18");
    tap_is(repeat("0a 00000000", 65536, &c), NGX_OK,
           "65,536 empty arrays behind each other");
    tap_is(c.depth_max, 1, "do not nest");
    tap_is(repeat("05", 65536, &c), NGX_OK, "65,536 values");
    tap_is(repeat("05", 65537, &c), NGX_ERROR, "65,537 values");
}


static void
test_shared(void)
{
    char                  text[256];
    size_t                len;
    u_char               *p;
    ngx_live_amf_check_t  c;

    p = tap_bytes("0003 610062 03 " KEY "05 " END, &len);

    ngx_live_amf_check_init_shared(&c);

    tap_is(ngx_live_amf_check_feed(&c, p, p + len), NGX_OK, "a shared object");

    describe(&c, ngx_live_amf_check_done(&c), text, sizeof(text));
    tap_is_text(text, "ok 3 1: 02/3z 03", "its values");

    free(p);
}


int
main(void)
{
    size_t                len;
    char                  text[256];
    u_char               *p;
    ngx_int_t             rc;
    const row_t          *row;
    ngx_live_amf_check_t  c;

    for (row = rows; row->name; row++) {

        p = tap_bytes(row->hex, &len);

        ngx_live_amf_check_init(&c);
        (void) ngx_live_amf_check_feed(&c, p, p + len);

        rc = ngx_live_amf_check_done(&c);
        describe(&c, rc, text, sizeof(text));

        tap_is_text(text, row->want, row->name);
        tap_ok(splits(row, p, len), "  split anywhere");

        free(p);
    }

    test_limits();
    test_shared();

    return tap_done();
}
