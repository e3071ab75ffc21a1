
/*
 * Copyright (C) the ngx_live contributors
 *
 * Commands of a publisher, as bytes, and the server's replies.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_command.c modules/common/ngx_live_amf.c */


#include "tap.h"
#include "ngx_simulcast_command.h"


#define RESULT      "02 0007 5f726573756c74 "
#define ERROR       "02 0006 5f6572726f72 "
#define STATUS      "02 0008 6f6e537461747573 "

#define N_0         "00 0000000000000000 "
#define N_1         "00 3ff0000000000000 "
#define N_4         "00 4010000000000000 "
#define N_5         "00 4014000000000000 "
#define NIL         "05 "
#define END         "0000 09 "

#define LEVEL       "0005 6c6576656c "
#define CODE        "0004 636f6465 "
#define DESCRIPTION "000b 6465736372697074696f6e "
#define TCURL       "0005 746355726c "

#define S_STATUS    "02 0006 737461747573 "
#define S_ERROR     "02 0005 6572726f72 "
#define S_X         "02 0001 78 "

/* NetStream.Publish.Start, .BadName */

#define S_START     "02 0017 4e657453747265616d2e5075626c6973682e5374617274 "
#define S_BADNAME   "02 0019 4e657453747265616d2e5075626c6973682e4261644e616d65 "
#define S_SUCCESS   "02 001d 4e6574436f6e6e656374696f6e2e436f6e6e6563742e537563" \
                    "63657373 "
#define S_RECONNECT "02 0026 4e6574436f6e6e656374696f6e2e436f6e6e6563742e526563" \
                    "6f6e6e65637452657175657374 "


typedef struct {
    const char  *name;
    const char  *hex;
    const char  *want;    /* type, name, transaction, number, level, code,
                             description, tcUrl */
} row_t;


static const row_t  rows[] = {

    /* what servers send */

    { "the result of connect",
      RESULT N_1
      "03 0006 666d73566572 02 000e 464d532f332c302c312c313233 20"
      "000c 6361706162696c6974696573 00 403f000000000000" END
      "03" LEVEL S_STATUS CODE S_SUCCESS DESCRIPTION S_X
      "000e 6f626a656374456e636f64696e67" N_0 END,
      "result _result 1 -1 status NetConnection.Connect.Success x -" },
    { "an information object in place of the third value",
      STATUS N_0 "03" LEVEL S_STATUS CODE S_START END,
      "status onStatus 0 -1 status NetStream.Publish.Start - -" },
    { "in place of the fourth",
      STATUS N_0 NIL "03" LEVEL S_ERROR CODE S_BADNAME DESCRIPTION S_X END,
      "status onStatus 0 -1 error NetStream.Publish.BadName x -" },
    { "as an ECMA array",
      STATUS N_0 NIL "08 00000000" LEVEL S_ERROR CODE S_BADNAME END,
      "status onStatus 0 -1 error NetStream.Publish.BadName - -" },
    { "as a typed object",
      STATUS N_0 NIL "10 0001 41" LEVEL S_ERROR CODE S_BADNAME END,
      "status onStatus 0 -1 error NetStream.Publish.BadName - -" },
    { "in both places: the first that has a code",
      STATUS N_0 "03" LEVEL S_STATUS CODE S_START END
      "03" LEVEL S_ERROR CODE S_BADNAME END,
      "status onStatus 0 -1 status NetStream.Publish.Start - -" },
    { "nothing stays of one that has none",
      STATUS N_0 "03" LEVEL S_STATUS DESCRIPTION S_X END
      "03" CODE S_BADNAME END,
      "status onStatus 0 -1 - NetStream.Publish.BadName - -" },
    { "members of members are not its own",
      STATUS N_0 NIL "03" CODE S_START "0001 61"
      "08 00000001" CODE S_BADNAME END LEVEL S_STATUS END,
      "status onStatus 0 -1 status NetStream.Publish.Start - -" },
    { "nor is what a strict array has",
      STATUS N_0 NIL "0a 00000001 03" CODE S_BADNAME END
      "03" CODE S_START END,
      "status onStatus 0 -1 - NetStream.Publish.Start - -" },
    { "a strict array between",
      STATUS N_0 NIL "03 0001 61 0a 00000003" N_1 "0a 00000000" NIL
      CODE S_START END,
      "status onStatus 0 -1 - NetStream.Publish.Start - -" },
    { "an error of connect",
      ERROR N_1 NIL "03" LEVEL S_ERROR CODE S_X END,
      "error _error 1 -1 error x - -" },
    { "onBWDone", "02 0008 6f6e4257446f6e65" N_0 NIL,
      "other onBWDone 0 -1 - - - -" },
    { "onBWDone with a number", "02 0008 6f6e4257446f6e65" N_0 NIL N_0,
      "other onBWDone 0 0 - - - -" },
    { "a reconnect request",
      STATUS N_0 NIL "03" CODE S_RECONNECT TCURL "02 0008 72746d703a2f2f61"
      LEVEL S_STATUS END,
      "status onStatus 0 -1 status NetConnection.Connect.ReconnectRequest - "
      "rtmp://a" },

    /* numbers of streams */

    { "the result of createStream", RESULT N_4 NIL N_1,
      "result _result 4 1 - - - -" },
    { "stream 0", RESULT N_4 NIL N_0, "result _result 4 0 - - - -" },
    { "stream 4294967295", RESULT N_4 NIL "00 41efffffffe00000",
      "result _result 4 4294967295 - - - -" },
    { "stream 4294967296", RESULT N_4 NIL "00 41f0000000000000",
      "result _result 4 -1 - - - -" },
    { "stream -1", RESULT N_4 NIL "00 bff0000000000000",
      "result _result 4 -1 - - - -" },
    { "not a number", RESULT N_4 NIL "00 7ff8000000000000",
      "result _result 4 -1 - - - -" },
    { "infinite", RESULT N_4 NIL "00 7ff0000000000000",
      "result _result 4 -1 - - - -" },
    { "in place of the third value", RESULT N_4 N_5,
      "result _result 4 5 - - - -" },
    { "none", RESULT N_4 NIL, "result _result 4 -1 - - - -" },

    /* texts */

    { "bytes that cannot be printed",
      STATUS N_0 NIL "03" CODE "02 0006 61 00 0a 7f c3 7e" END,
      "status onStatus 0 -1 - a????~ - -" },
    { "a long string",
      STATUS N_0 NIL "03" DESCRIPTION "0c 00000001 78" CODE S_X END,
      "status onStatus 0 -1 - x x -" },
    { "not strings",
      STATUS N_0 NIL "03" LEVEL NIL CODE N_1 DESCRIPTION "01 01" TCURL NIL END,
      "status onStatus 0 -1 - - - -" },
    { "a name that is cut",
      "02 0028 6161616161616161616161616161616161616161 6161616161616161616161"
      "616161616161616161" N_0,
      "other aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 0 -1 - - - -" },
    { "keys in other case are others",
      STATUS N_0 NIL "03 0004 436f6465" S_X END,
      "status onStatus 0 -1 - - - -" },
    { "an address with a line feed",
      STATUS N_0 NIL "03" CODE S_X TCURL "02 0003 610a62" END,
      "status onStatus 0 -1 - x - -" },

    /* cut off, or not readable: what came before it is there */

    { "a name alone", STATUS, "status onStatus 0 -1 - - - -" },
    { "no transaction", STATUS NIL "03" CODE S_X END,
      "status onStatus 0 -1 - x - -" },
    { "an object without its end", STATUS N_0 NIL "03" CODE S_X,
      "status onStatus 0 -1 - x - -" },
    { "a string cut off", STATUS N_0 NIL "03" LEVEL S_X CODE "02 0005 78",
      "status onStatus 0 -1 x - - -" },
    { "a key cut off", STATUS N_0 NIL "03" LEVEL S_X "0004 63",
      "status onStatus 0 -1 x - - -" },
    { "a key's length cut off", STATUS N_0 NIL "03" LEVEL S_X "00",
      "status onStatus 0 -1 x - - -" },
    { "a transaction cut off", STATUS "00 0000",
      "status onStatus 0 -1 - - - -" },
    { "a long string that is not there",
      STATUS N_0 NIL "03" CODE "0c ffffffff 78", "status onStatus 0 -1 - - - -" },
    { "an array of 2^32 - 1 elements",
      STATUS N_0 "0a ffffffff" NIL NIL, "status onStatus 0 -1 - - - -" },
    { "AMF3", STATUS N_0 "11 0a 0b 01", "status onStatus 0 -1 - - - -" },
    { "AMF3 in an object", STATUS N_0 NIL "03" CODE S_X LEVEL "11 0a",
      "status onStatus 0 -1 - x - -" },
    { "dates, references, XML and what no one uses",
      STATUS N_0 "0b 0000000000000000 0000 07 0001 0f 00000001 61 04 0d 0e 06"
      "03" CODE S_X END,
      "status onStatus 0 -1 - x - -" },
    { "an empty key that ends nothing",
      STATUS N_0 "03 0000" S_X CODE S_X END, "status onStatus 0 -1 - x - -" },

    /* no commands */

    { "nothing", "", "refused" },
    { "a number", N_1, "refused" },
    { "an empty name", "02 0000" N_1, "refused" },
    { "a name cut off", "02 0008 6f6e53746174", "refused" },
    { "an object", "03" CODE S_X END, "refused" },

    { NULL, NULL, NULL }
};


typedef struct {
    const char  *name;
    ngx_uint_t   type;
    const char  *level;
    const char  *code;
    const char  *description;
    ngx_uint_t   want;
} meaning_t;


#define ST  NGX_SIMULCAST_REPLY_STATUS
#define ER  NGX_SIMULCAST_REPLY_ERROR

static const meaning_t  meanings[] = {

    { "Publish.Start", ST, "status", "NetStream.Publish.Start", "",
      NGX_SIMULCAST_STATUS_PUBLISHING },
    { "Publish.Start without a level", ST, "", "NetStream.Publish.Start", "",
      NGX_SIMULCAST_STATUS_PUBLISHING },
    { "a result with it", NGX_SIMULCAST_REPLY_RESULT, "status",
      "NetStream.Publish.Start", "", NGX_SIMULCAST_STATUS_OTHER },
    { "an error with it", ER, "", "NetStream.Publish.Start", "",
      NGX_SIMULCAST_STATUS_REFUSED },

    { "BadName", ST, "error", "NetStream.Publish.BadName", "",
      NGX_SIMULCAST_STATUS_BUSY },
    { "BadName as an error", ER, "error", "NetStream.Publish.BadName", "",
      NGX_SIMULCAST_STATUS_BUSY },
    { "Denied, already publishing", ST, "error", "NetStream.Publish.Denied",
      "Stream Already Publishing", NGX_SIMULCAST_STATUS_BUSY },
    { "an error without a code, already publishing", ER, "", "",
      "already publishing", NGX_SIMULCAST_STATUS_BUSY },

    { "Denied", ST, "error", "NetStream.Publish.Denied", "",
      NGX_SIMULCAST_STATUS_REFUSED },
    { "Denied with level status", ST, "status", "NetStream.Publish.Denied", "",
      NGX_SIMULCAST_STATUS_REFUSED },
    { "Rejected", ST, "", "NetStream.Publish.Rejected", "",
      NGX_SIMULCAST_STATUS_REFUSED },
    { "Failed", ST, "error", "NetStream.Failed", "",
      NGX_SIMULCAST_STATUS_REFUSED },
    { "InvalidApp", ER, "error", "NetConnection.Connect.InvalidApp", "",
      NGX_SIMULCAST_STATUS_REFUSED },
    { "InvalidApp in other case", ER, "", "netconnection.connect.invalidapp",
      "", NGX_SIMULCAST_STATUS_REFUSED },
    { "an unknown code of level error", ST, "error", "NetStream.Odd", "",
      NGX_SIMULCAST_STATUS_REFUSED },
    { "an error with nothing in it", ER, "", "", "",
      NGX_SIMULCAST_STATUS_REFUSED },
    { "an error of an unknown command", ER, "error",
      "NetConnection.Call.Failed", "", NGX_SIMULCAST_STATUS_REFUSED },

    { "a status of an unknown command", ST, "error",
      "NetConnection.Call.Failed", "", NGX_SIMULCAST_STATUS_OTHER },
    { "a status with nothing in it", ST, "", "", "",
      NGX_SIMULCAST_STATUS_OTHER },
    { "a warning", ST, "warning", "NetStream.Play.InsufficientBW", "",
      NGX_SIMULCAST_STATUS_OTHER },
    { "Publish.Starting is another", ST, "status", "NetStream.Publish.Starting",
      "", NGX_SIMULCAST_STATUS_OTHER },
    { "Success", ST, "status", "NetConnection.Connect.Success", "",
      NGX_SIMULCAST_STATUS_OTHER },
    { "onBWDone", NGX_SIMULCAST_REPLY_OTHER, "error",
      "NetStream.Publish.BadName", "", NGX_SIMULCAST_STATUS_OTHER },

    { "ReconnectRequest", ST, "status",
      "NetConnection.Connect.ReconnectRequest", "",
      NGX_SIMULCAST_STATUS_RECONNECT },
    { "Closed", ST, "status", "NetConnection.Connect.Closed", "",
      NGX_SIMULCAST_STATUS_CLOSED },
    { "Closed of level error", ST, "error", "NetConnection.Connect.Closed", "",
      NGX_SIMULCAST_STATUS_CLOSED },
    { "AppShutdown", ST, "error", "NetConnection.Connect.AppShutdown", "",
      NGX_SIMULCAST_STATUS_CLOSED },
    { "Unpublish", ST, "status", "NetStream.Unpublish.Success", "",
      NGX_SIMULCAST_STATUS_CLOSED },

    { NULL, 0, NULL, NULL, NULL, 0 }
};


static const char *
or_dash(const char *text)
{
    return text[0] ? text : "-";
}


static const char *
describe(u_char *data, size_t len)
{
    static char            text[2048];
    ngx_simulcast_reply_t  reply;

    static const char  *types[] = { "other", "result", "error", "status" };

    if (ngx_simulcast_command_parse(data, len, &reply) != NGX_OK) {
        return "refused";
    }

    sprintf(text, "%s %s %.0f %.0f %s %s %s %s", types[reply.type], reply.name,
            reply.transaction, reply.number, or_dash(reply.level),
            or_dash(reply.code), or_dash(reply.description),
            or_dash(reply.tc_url));

    return text;
}


/* each beginning of a message is read, on memory of the exact size */

static int
beginnings(u_char *data, size_t len)
{
    size_t                 n;
    u_char                *copy;
    ngx_simulcast_reply_t  reply;

    for (n = 0; n <= len; n++) {
        copy = malloc(n ? n : 1);
        ngx_memcpy(copy, data, n);

        if (ngx_simulcast_command_parse(copy, n, &reply) == NGX_OK) {
            (void) ngx_simulcast_command_status(&reply);
        }

        free(copy);
    }

    return 1;
}


/* onStatus, 0, null, an object with one member of n bytes 'x' */

static ngx_simulcast_reply_t *
member(const char *key, size_t n)
{
    size_t                        len;
    u_char                       *head, *buf, *p;
    static ngx_simulcast_reply_t  reply;

    head = tap_bytes(STATUS N_0 NIL "03", &len);
    buf = malloc(len + 64 + n);

    p = ngx_cpymem(buf, head, len);
    *p++ = 0;
    *p++ = (u_char) strlen(key);
    p = ngx_cpymem(p, key, strlen(key));
    *p++ = 2;
    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) n;
    ngx_memset(p, 'x', n);
    p += n;

    tap_is(ngx_simulcast_command_parse(buf, p - buf, &reply), NGX_OK, key);

    free(head);
    free(buf);

    return &reply;
}


static void
test_long(void)
{
    tap_is(strlen(member("code", 255)->code), 255, "a code of 255 bytes");
    tap_is(strlen(member("code", 65535)->code), 255, "of 65535, cut");
    tap_is(strlen(member("level", 300)->level), 15, "a level, cut");
    tap_is(strlen(member("description", 300)->description), 255,
           "a description, cut");
    tap_is(strlen(member("tcUrl", 1023)->tc_url), 1023,
           "an address of 1023 bytes");
    tap_is(strlen(member("tcUrl", 1024)->tc_url), 0,
           "of 1024: no part of it");
}


/* "n" times the bytes behind a head */

static ngx_int_t
repeat(const char *head, const char *hex, size_t n)
{
    size_t                 i, len, more;
    u_char                *a, *b, *buf;
    ngx_int_t              rc;
    ngx_simulcast_reply_t  reply;

    a = tap_bytes(head, &len);
    b = tap_bytes(hex, &more);
    buf = malloc(len + n * more);

    ngx_memcpy(buf, a, len);

    for (i = 0; i < n; i++) {
        ngx_memcpy(buf + len + i * more, b, more);
    }

    rc = ngx_simulcast_command_parse(buf, len + n * more, &reply);

    free(a);
    free(b);
    free(buf);

    return rc;
}


static void
test_depth(void)
{
    tap_is(repeat(STATUS N_0, "03 0001 61", 16), NGX_OK,
           "16 objects in each other");
    tap_is(repeat(STATUS N_0, "03 0001 61", 17), NGX_ERROR, "17 objects");
    tap_is(repeat(STATUS N_0, "03 0001 61", 16000), NGX_ERROR,
           "16,000 objects");
    tap_is(repeat(STATUS N_0 "0d", "03 0001 61", 17), NGX_ERROR,
           "17 objects behind a marker that the first look stops at");
    tap_is(repeat(STATUS N_0 "0d", "0a ffffffff", 13000), NGX_ERROR,
           "arrays");
    tap_is(repeat(STATUS N_0 "0d", "10 0000 0001 61", 17), NGX_ERROR,
           "typed objects");
    tap_is(repeat(STATUS N_0, "0a 00000000", 10000), NGX_OK,
           "10,000 empty arrays behind each other");
    tap_is(repeat(STATUS N_0, "05", 65000), NGX_OK, "65,000 values");
    tap_is(repeat(STATUS N_0, "05", 66000), NGX_ERROR, "66,000 values");
}


static void
is_bytes(const u_char *buf, const u_char *end, const char *hex,
    const char *name)
{
    size_t   len;
    u_char  *want;

    want = tap_bytes(hex, &len);

    tap_ok(end && (size_t) (end - buf) == len && memcmp(buf, want, len) == 0,
           name);

    free(want);
}


static ngx_str_t  app = ngx_string("live2");
static ngx_str_t  tc_url = ngx_string("rtmp://a/live2");
static ngx_str_t  key = ngx_string("k?a=1");


static u_char *
command(u_char *p, u_char *last, int which)
{
    switch (which) {

    case 0:
        return ngx_simulcast_command_connect(p, last, &app, &tc_url, 0);

    case 1:
        return ngx_simulcast_command_connect(p, last, &app, &tc_url, 1);

    case 2:
        return ngx_simulcast_command_name(p, last, "releaseStream",
                                          NGX_SIMULCAST_COMMAND_RELEASE, &key);

    case 3:
        return ngx_simulcast_command_create(p, last);

    case 4:
        return ngx_simulcast_command_publish(p, last, &key);

    case 5:
        return ngx_simulcast_command_delete(p, last, 4294967295.0);

    default:
        return ngx_simulcast_command_checkbw(p, last);
    }
}


static void
test_write(void)
{
    int        i;
    u_char     buf[NGX_SIMULCAST_COMMAND_MAX], *end, *small;
    size_t     n, len;
    ngx_str_t  large;
    ngx_uint_t fits;

#define CONNECT                                                               \
    "02 0007 636f6e6e656374" N_1 "03"                                         \
    "0003 617070 02 0005 6c69766532"                                          \
    "0004 74797065 02 000a 6e6f6e70726976617465"                              \
    "0008 666c617368566572 02 001f 464d4c452f332e302028636f6d70617469626c653b"\
    "20464d53632f312e3029"                                                    \
    "0006 73776655726c 02 000e 72746d703a2f2f612f6c69766532"                  \
    TCURL "02 000e 72746d703a2f2f612f6c69766532"

    static const struct {
        const char  *name;
        const char  *hex;
    } commands[] = {
        { "connect", CONNECT END },
        { "connect with capsEx", CONNECT "0006 636170734578" N_1 END },
        { "releaseStream",
          "02 000d 72656c6561736553747265616d 00 4000000000000000 05"
          "02 0005 6b3f613d31" },
        { "createStream", "02 000c 63726561746553747265616d" N_4 "05" },
        { "publish",
          "02 0007 7075626c697368" N_5 "05 02 0005 6b3f613d31"
          "02 0004 6c697665" },
        { "deleteStream",
          "02 000c 64656c65746553747265616d" N_0 "05 00 41efffffffe00000" },
        { "_checkbw", "02 0008 5f636865636b6277 00 4018000000000000 05" },
    };

    for (i = 0; i < 7; i++) {
        end = command(buf, buf + sizeof(buf), i);
        is_bytes(buf, end, commands[i].hex, commands[i].name);

        len = end ? (size_t) (end - buf) : 0;

        for (n = 0, fits = 1; n <= len; n++) {
            small = malloc(n ? n : 1);
            end = command(small, small + n, i);
            fits = fits && (n < len ? end == NULL : end == small + n);
            free(small);
        }

        tap_ok(fits, "  NULL where it does not fit");
    }

    large.len = 65536;
    large.data = calloc(1, large.len);
    small = malloc(70000);

    tap_ok(ngx_simulcast_command_publish(small, small + 70000, &large) == NULL,
           "a key that no string holds");

    free(large.data);
    free(small);
}


#define S_FRAME  "02 000d 40736574446174614672616d65 "
#define S_META   "02 000a 6f6e4d65746144617461 "


static void
test_metadata(void)
{
    size_t         len, n, i;
    u_char        *p, *body;
    const u_char  *prefix;

    static const struct {
        const char  *name;
        const char  *hex;
        int          at;          /* of the body, -1: none */
    } metas[] = {
        { "onMetaData", S_META "08 00000000" END, 13 },
        { "@setDataFrame", S_FRAME S_META "08 00000000" END, 29 },
        { "an object", S_META "03" END, 13 },
        { "without its end", S_META "08 00000000", 13 },
        { "nothing", "", -1 },
        { "no body", S_META, -1 },
        { "@setDataFrame alone", S_FRAME, -1 },
        { "twice", S_FRAME S_FRAME S_META "03" END, -1 },
        { "AMF3", S_META "11 0a 0b 01", -1 },
        { "a string", S_META S_X, -1 },
        { "onCuePoint", "02 000a 6f6e437565506f696e74 03" END, -1 },
        { "too deep",
          S_META "03 0001 61 03 0001 61 03 0001 61 03 0001 61 03 0001 61"
          "03 0001 61 03 0001 61 03 0001 61 03 0001 61 03 0001 61 03 0001 61"
          "03 0001 61 03 0001 61 03 0001 61 03 0001 61 03 0001 61 03 0001 61",
          -1 },
    };

    for (i = 0; i < sizeof(metas) / sizeof(metas[0]); i++) {
        p = tap_bytes(metas[i].hex, &len);
        body = ngx_simulcast_command_metadata(p, len, &prefix, &n);

        tap_is(body ? body - p : -1, metas[i].at, metas[i].name);
        free(p);
    }

    is_bytes(prefix, prefix + n, S_FRAME S_META, "what goes before it");
}


int
main(void)
{
    size_t                 len;
    u_char                *p;
    const row_t           *row;
    const meaning_t       *m;
    ngx_simulcast_reply_t  reply;

    for (row = rows; row->name; row++) {
        p = tap_bytes(row->hex, &len);

        tap_is_text(describe(p, len), row->want, row->name);
        tap_ok(beginnings(p, len), "  cut off anywhere");

        free(p);
    }

    for (m = meanings; m->name; m++) {
        ngx_memzero(&reply, sizeof(reply));

        reply.type = m->type;
        strcpy(reply.level, m->level);
        strcpy(reply.code, m->code);
        strcpy(reply.description, m->description);

        tap_is(ngx_simulcast_command_status(&reply), m->want, m->name);
    }

    test_long();
    test_depth();
    test_write();
    test_metadata();

    return tap_done();
}
