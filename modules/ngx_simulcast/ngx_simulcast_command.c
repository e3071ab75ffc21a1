
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_amf.h"
#include "ngx_simulcast_command.h"


/* AMF0 2.1, markers that ngx_live_amf_check does not know */

#define NGX_SIMULCAST_COMMAND_MOVIECLIP    0x04
#define NGX_SIMULCAST_COMMAND_REFERENCE    0x07
#define NGX_SIMULCAST_COMMAND_DATE         0x0b
#define NGX_SIMULCAST_COMMAND_LONG_STRING  0x0c
#define NGX_SIMULCAST_COMMAND_UNSUPPORTED  0x0d
#define NGX_SIMULCAST_COMMAND_RECORDSET    0x0e
#define NGX_SIMULCAST_COMMAND_XML          0x0f
#define NGX_SIMULCAST_COMMAND_TYPED        0x10

/* as OBS and FFmpeg say, some servers look at it */

#define NGX_SIMULCAST_COMMAND_FLASHVER  "FMLE/3.0 (compatible; FMSc/1.0)"

/* behind those of the header; nobody waits for the answer */

#define NGX_SIMULCAST_COMMAND_CHECKBW      6

/* "0 is not to be answered", as the specification has it */

#define NGX_SIMULCAST_COMMAND_DELETE       0


/* where a message is written, or where it is read */

typedef struct {
    u_char                          *pos;
    u_char                          *last;
    unsigned                         full:1;
} ngx_simulcast_command_out_t;


typedef struct {
    ngx_uint_t                       type;          /* the marker */
    u_char                          *data;          /* of a string */
    size_t                           len;
    double                           number;
} ngx_simulcast_command_value_t;


/* a container that is being read */

typedef struct {
    uint32_t                         left;          /* of an array's elements */
    unsigned                         array:1;       /* it has no keys */
} ngx_simulcast_command_level_t;


typedef struct {
    const char                      *code;
    ngx_uint_t                       status;
} ngx_simulcast_command_code_t;


static void ngx_simulcast_command_text(ngx_simulcast_command_out_t *out,
    const char *text);
static void ngx_simulcast_command_string(ngx_simulcast_command_out_t *out,
    const u_char *data, size_t len);
static void ngx_simulcast_command_number(ngx_simulcast_command_out_t *out,
    double number);
static void ngx_simulcast_command_null(ngx_simulcast_command_out_t *out);
static void ngx_simulcast_command_key(ngx_simulcast_command_out_t *out,
    const char *key);
static void ngx_simulcast_command_begin(ngx_simulcast_command_out_t *out,
    u_char *p, u_char *last, const char *command, double transaction);
static void ngx_simulcast_command_bytes(ngx_simulcast_command_out_t *out,
    const void *data, size_t len);

static ngx_int_t ngx_simulcast_command_check(u_char *data, u_char *end);
static ngx_int_t ngx_simulcast_command_value(u_char **pos, u_char *end,
    ngx_simulcast_command_value_t *value);
static ngx_int_t ngx_simulcast_command_info(u_char **pos, u_char *end,
    ngx_simulcast_command_value_t *value, ngx_simulcast_reply_t *reply);
static ngx_uint_t ngx_simulcast_command_opens(ngx_uint_t type);
static void ngx_simulcast_command_member(ngx_simulcast_reply_t *reply,
    u_char *key, size_t len, ngx_simulcast_command_value_t *value);
static ngx_uint_t ngx_simulcast_command_is(
    ngx_simulcast_command_value_t *value, const char *text);
static void ngx_simulcast_command_copy(char *text, size_t size,
    ngx_simulcast_command_value_t *value);
static ngx_uint_t ngx_simulcast_command_busy(ngx_simulcast_reply_t *reply);


static const u_char  ngx_simulcast_command_meta[] =
    "\x02\x00\x0d" "@setDataFrame" "\x02\x00\x0a" "onMetaData";

#define NGX_SIMULCAST_COMMAND_META      (sizeof(ngx_simulcast_command_meta) - 1)
#define NGX_SIMULCAST_COMMAND_DATAFRAME (3 + 13)


/* compared without case; one that ends with a dot begins the code */

static const ngx_simulcast_command_code_t  ngx_simulcast_command_codes[] = {

    { "NetStream.Publish.Start", NGX_SIMULCAST_STATUS_PUBLISHING },
    { "NetStream.Publish.BadName", NGX_SIMULCAST_STATUS_BUSY },

    { "NetConnection.Connect.ReconnectRequest",
      NGX_SIMULCAST_STATUS_RECONNECT },

    { "NetConnection.Connect.Closed", NGX_SIMULCAST_STATUS_CLOSED },
    { "NetConnection.Connect.AppShutdown", NGX_SIMULCAST_STATUS_CLOSED },
    { "NetConnection.Connect.IdleTimeout", NGX_SIMULCAST_STATUS_CLOSED },
    { "NetStream.Unpublish.Success", NGX_SIMULCAST_STATUS_CLOSED },

    { "NetConnection.Connect.InvalidApp", NGX_SIMULCAST_STATUS_REFUSED },
    { "NetConnection.Connect.Rejected", NGX_SIMULCAST_STATUS_REFUSED },
    { "NetConnection.Connect.Failed", NGX_SIMULCAST_STATUS_REFUSED },
    { "NetStream.Publish.Denied", NGX_SIMULCAST_STATUS_REFUSED },
    { "NetStream.Publish.Rejected", NGX_SIMULCAST_STATUS_REFUSED },
    { "NetStream.Publish.Failed", NGX_SIMULCAST_STATUS_REFUSED },
    { "NetStream.Publish.Unauthorized", NGX_SIMULCAST_STATUS_REFUSED },
    { "NetStream.Failed", NGX_SIMULCAST_STATUS_REFUSED },

    /* of commands that many servers do not know, like releaseStream */

    { "NetConnection.Call.", NGX_SIMULCAST_STATUS_OTHER },

    { NULL, 0 }
};


/* what descriptions of a name in use have in common, in lower case */

static const char  *ngx_simulcast_command_in_use[] = {
    "already publish",
    "already being publish",
    "already in use",
    "already exist",
    "stream busy",
    "stream is busy",
    NULL
};


u_char *
ngx_simulcast_command_connect(u_char *p, u_char *last, ngx_str_t *app,
    ngx_str_t *tc_url, ngx_uint_t caps)
{
    u_char                       object;
    ngx_simulcast_command_out_t  out;

    object = NGX_LIVE_AMF_OBJECT;

    ngx_simulcast_command_begin(&out, p, last, "connect",
                                NGX_SIMULCAST_COMMAND_CONNECT);

    ngx_simulcast_command_bytes(&out, &object, 1);

    ngx_simulcast_command_key(&out, "app");
    ngx_simulcast_command_string(&out, app->data, app->len);

    ngx_simulcast_command_key(&out, "type");
    ngx_simulcast_command_text(&out, "nonprivate");

    ngx_simulcast_command_key(&out, "flashVer");
    ngx_simulcast_command_text(&out, NGX_SIMULCAST_COMMAND_FLASHVER);

    ngx_simulcast_command_key(&out, "swfUrl");
    ngx_simulcast_command_string(&out, tc_url->data, tc_url->len);

    ngx_simulcast_command_key(&out, "tcUrl");
    ngx_simulcast_command_string(&out, tc_url->data, tc_url->len);

    if (caps) {
        ngx_simulcast_command_key(&out, "capsEx");
        ngx_simulcast_command_number(&out, caps);
    }

    ngx_simulcast_command_bytes(&out, "\0\0\x09", 3);

    return out.full ? NULL : out.pos;
}


u_char *
ngx_simulcast_command_name(u_char *p, u_char *last, const char *command,
    double transaction, ngx_str_t *key)
{
    ngx_simulcast_command_out_t  out;

    ngx_simulcast_command_begin(&out, p, last, command, transaction);
    ngx_simulcast_command_null(&out);
    ngx_simulcast_command_string(&out, key->data, key->len);

    return out.full ? NULL : out.pos;
}


u_char *
ngx_simulcast_command_create(u_char *p, u_char *last)
{
    ngx_simulcast_command_out_t  out;

    ngx_simulcast_command_begin(&out, p, last, "createStream",
                                NGX_SIMULCAST_COMMAND_CREATE);
    ngx_simulcast_command_null(&out);

    return out.full ? NULL : out.pos;
}


u_char *
ngx_simulcast_command_publish(u_char *p, u_char *last, ngx_str_t *key)
{
    ngx_simulcast_command_out_t  out;

    ngx_simulcast_command_begin(&out, p, last, "publish",
                                NGX_SIMULCAST_COMMAND_PUBLISH);
    ngx_simulcast_command_null(&out);
    ngx_simulcast_command_string(&out, key->data, key->len);
    ngx_simulcast_command_text(&out, "live");

    return out.full ? NULL : out.pos;
}


u_char *
ngx_simulcast_command_delete(u_char *p, u_char *last, double stream)
{
    ngx_simulcast_command_out_t  out;

    ngx_simulcast_command_begin(&out, p, last, "deleteStream",
                                NGX_SIMULCAST_COMMAND_DELETE);
    ngx_simulcast_command_null(&out);
    ngx_simulcast_command_number(&out, stream);

    return out.full ? NULL : out.pos;
}


u_char *
ngx_simulcast_command_checkbw(u_char *p, u_char *last)
{
    ngx_simulcast_command_out_t  out;

    ngx_simulcast_command_begin(&out, p, last, "_checkbw",
                                NGX_SIMULCAST_COMMAND_CHECKBW);
    ngx_simulcast_command_null(&out);

    return out.full ? NULL : out.pos;
}


u_char *
ngx_simulcast_command_metadata(u_char *data, size_t len,
    const u_char **prefix, size_t *prefix_len)
{
    u_char        *end;
    size_t         n;
    const u_char  *meta;

    end = data + len;

    *prefix = ngx_simulcast_command_meta;
    *prefix_len = NGX_SIMULCAST_COMMAND_META;

    if (len >= NGX_SIMULCAST_COMMAND_DATAFRAME
        && ngx_memcmp(data, ngx_simulcast_command_meta,
                      NGX_SIMULCAST_COMMAND_DATAFRAME)
           == 0)
    {
        data += NGX_SIMULCAST_COMMAND_DATAFRAME;
    }

    meta = ngx_simulcast_command_meta + NGX_SIMULCAST_COMMAND_DATAFRAME;
    n = NGX_SIMULCAST_COMMAND_META - NGX_SIMULCAST_COMMAND_DATAFRAME;

    if ((size_t) (end - data) <= n || ngx_memcmp(data, meta, n) != 0) {
        return NULL;
    }

    data += n;

    if (*data != NGX_LIVE_AMF_OBJECT && *data != NGX_LIVE_AMF_ECMA_ARRAY) {
        return NULL;
    }

    if (ngx_simulcast_command_check(data, end) != NGX_OK) {
        return NULL;
    }

    return data;
}


static void
ngx_simulcast_command_begin(ngx_simulcast_command_out_t *out, u_char *p,
    u_char *last, const char *command, double transaction)
{
    out->pos = p;
    out->last = last;
    out->full = 0;

    ngx_simulcast_command_text(out, command);
    ngx_simulcast_command_number(out, transaction);
}


static void
ngx_simulcast_command_text(ngx_simulcast_command_out_t *out, const char *text)
{
    ngx_simulcast_command_string(out, (const u_char *) text, ngx_strlen(text));
}


static void
ngx_simulcast_command_string(ngx_simulcast_command_out_t *out,
    const u_char *data, size_t len)
{
    u_char  head[3];

    if (len > 0xffff) {
        out->full = 1;
        return;
    }

    head[0] = NGX_LIVE_AMF_STRING;
    head[1] = (u_char) (len >> 8);
    head[2] = (u_char) len;

    ngx_simulcast_command_bytes(out, head, 3);
    ngx_simulcast_command_bytes(out, data, len);
}


static void
ngx_simulcast_command_number(ngx_simulcast_command_out_t *out, double number)
{
    u_char      bytes[9];
    uint64_t    bits;
    ngx_uint_t  i;

    ngx_memcpy(&bits, &number, 8);

    bytes[0] = NGX_LIVE_AMF_NUMBER;

    for (i = 8; i; i--) {
        bytes[i] = (u_char) bits;
        bits >>= 8;
    }

    ngx_simulcast_command_bytes(out, bytes, 9);
}


static void
ngx_simulcast_command_null(ngx_simulcast_command_out_t *out)
{
    u_char  null;

    null = NGX_LIVE_AMF_NULL;

    ngx_simulcast_command_bytes(out, &null, 1);
}


static void
ngx_simulcast_command_key(ngx_simulcast_command_out_t *out, const char *key)
{
    u_char  len[2];

    len[0] = 0;
    len[1] = (u_char) ngx_strlen(key);

    ngx_simulcast_command_bytes(out, len, 2);
    ngx_simulcast_command_bytes(out, key, len[1]);
}


static void
ngx_simulcast_command_bytes(ngx_simulcast_command_out_t *out,
    const void *data, size_t len)
{
    if (out->full || len > (size_t) (out->last - out->pos)) {
        out->full = 1;
        return;
    }

    if (len) {
        out->pos = ngx_cpymem(out->pos, data, len);
    }
}


/*
 * What the end of the message cuts off, or what is behind a value that cannot
 * be read, is missing and no error: what came before it may say why the server
 * refuses.
 */

ngx_int_t
ngx_simulcast_command_parse(u_char *data, size_t len,
    ngx_simulcast_reply_t *reply)
{
    u_char                         *p, *end;
    ngx_int_t                       rc;
    ngx_uint_t                      first;
    ngx_simulcast_command_value_t   value;

    ngx_memzero(reply, sizeof(ngx_simulcast_reply_t));

    reply->number = -1;

    p = data;
    end = data + len;

    if (ngx_simulcast_command_check(p, end) != NGX_OK
        || ngx_simulcast_command_value(&p, end, &value) != NGX_OK
        || value.type != NGX_LIVE_AMF_STRING
        || value.len == 0)
    {
        return NGX_ERROR;
    }

    ngx_simulcast_command_copy(reply->name, sizeof(reply->name), &value);

    if (ngx_simulcast_command_is(&value, "_result")) {
        reply->type = NGX_SIMULCAST_REPLY_RESULT;

    } else if (ngx_simulcast_command_is(&value, "_error")) {
        reply->type = NGX_SIMULCAST_REPLY_ERROR;

    } else if (ngx_simulcast_command_is(&value, "onStatus")) {
        reply->type = NGX_SIMULCAST_REPLY_STATUS;
    }

    for (first = 1; p < end; first = 0) {

        if (ngx_simulcast_command_value(&p, end, &value) != NGX_OK) {
            return NGX_OK;
        }

        if (first && value.type == NGX_LIVE_AMF_NUMBER) {
            reply->transaction = value.number;
            continue;
        }

        if (value.type == NGX_LIVE_AMF_NUMBER) {

            /* not a number fails both */

            if (reply->number < 0
                && value.number >= 0 && value.number <= 4294967295.0)
            {
                reply->number = value.number;
            }

            continue;
        }

        if (!ngx_simulcast_command_opens(value.type)) {
            continue;
        }

        rc = ngx_simulcast_command_info(&p, end, &value, reply);

        if (rc != NGX_OK) {
            return rc == NGX_DONE ? NGX_OK : NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a cheap first look: what nests too deep or has too much in it */

static ngx_int_t
ngx_simulcast_command_check(u_char *data, u_char *end)
{
    ngx_live_amf_check_t  check;

    ngx_live_amf_check_init(&check);

    (void) ngx_live_amf_check_feed(&check, data, end);

    return ngx_live_amf_check_done(&check);
}


/*
 * The marker and, where the value is no container, all of it; of a container
 * what stands before its members, the count of a strict array being its number.
 * NGX_DONE: cut off, or not readable.
 */

static ngx_int_t
ngx_simulcast_command_value(u_char **pos, u_char *end,
    ngx_simulcast_command_value_t *value)
{
    u_char    *p;
    size_t     n, size;
    uint64_t   bits;

    p = *pos;

    if (p == end) {
        return NGX_DONE;
    }

    value->type = *p++;
    value->data = NULL;
    value->len = 0;
    value->number = 0;

    size = 0;       /* of the number, or of a string's length */

    switch (value->type) {

    case NGX_LIVE_AMF_NUMBER:
        size = 8;
        break;

    case NGX_LIVE_AMF_BOOLEAN:
        size = 1;
        break;

    case NGX_LIVE_AMF_STRING:
    case NGX_SIMULCAST_COMMAND_REFERENCE:
    case NGX_SIMULCAST_COMMAND_TYPED:
        size = 2;
        break;

    case NGX_LIVE_AMF_ECMA_ARRAY:
    case NGX_LIVE_AMF_ARRAY:
    case NGX_SIMULCAST_COMMAND_LONG_STRING:
    case NGX_SIMULCAST_COMMAND_XML:
        size = 4;
        break;

    case NGX_SIMULCAST_COMMAND_DATE:
        size = 10;
        break;

    case NGX_LIVE_AMF_OBJECT:
    case NGX_LIVE_AMF_NULL:
    case NGX_LIVE_AMF_UNDEFINED:
    case NGX_LIVE_AMF_END:
    case NGX_SIMULCAST_COMMAND_MOVIECLIP:
    case NGX_SIMULCAST_COMMAND_UNSUPPORTED:
    case NGX_SIMULCAST_COMMAND_RECORDSET:
        break;

    default:
        return NGX_DONE;
    }

    if ((size_t) (end - p) < size) {
        return NGX_DONE;
    }

    for (bits = 0, n = 0; n < size; n++) {
        bits = bits << 8 | *p++;
    }

    switch (value->type) {

    case NGX_LIVE_AMF_NUMBER:
        ngx_memcpy(&value->number, &bits, 8);
        break;

    case NGX_LIVE_AMF_ARRAY:
        value->number = bits;
        break;

    case NGX_LIVE_AMF_STRING:
    case NGX_SIMULCAST_COMMAND_LONG_STRING:
    case NGX_SIMULCAST_COMMAND_XML:
    case NGX_SIMULCAST_COMMAND_TYPED:       /* the name of its class */

        if ((uint64_t) (end - p) < bits) {
            return NGX_DONE;
        }

        value->data = p;
        value->len = (size_t) bits;
        p += value->len;

        break;
    }

    *pos = p;

    return NGX_OK;
}


static ngx_uint_t
ngx_simulcast_command_opens(ngx_uint_t type)
{
    return type == NGX_LIVE_AMF_OBJECT
           || type == NGX_LIVE_AMF_ECMA_ARRAY
           || type == NGX_LIVE_AMF_ARRAY
           || type == NGX_SIMULCAST_COMMAND_TYPED;
}


/*
 * Reads a container to its end, and what it has itself of an information
 * object's members. Servers put it in place of the third or of the fourth
 * value, and others where the other one is; the first that has a code counts.
 */

static ngx_int_t
ngx_simulcast_command_info(u_char **pos, u_char *end,
    ngx_simulcast_command_value_t *value, ngx_simulcast_reply_t *reply)
{
    u_char                         *p, *key;
    size_t                          len;
    ngx_int_t                       rc;
    ngx_uint_t                      depth, wanted;
    ngx_simulcast_command_level_t  *level;
    ngx_simulcast_command_level_t   stack[NGX_LIVE_AMF_MAX_DEPTH];

    p = *pos;
    key = NULL;
    len = 0;

    wanted = (reply->code[0] == '\0' && value->type != NGX_LIVE_AMF_ARRAY);

    if (wanted) {
        reply->level[0] = '\0';
        reply->description[0] = '\0';
        reply->tc_url[0] = '\0';
    }

    /* each round takes a byte at least, or closes what took one */

    depth = 1;
    stack[0].array = (value->type == NGX_LIVE_AMF_ARRAY);
    stack[0].left = (uint32_t) value->number;

    while (depth) {

        level = &stack[depth - 1];

        if (level->array) {

            if (level->left == 0) {
                depth--;
                continue;
            }

            level->left--;

        } else {

            if (end - p < 2) {
                return NGX_DONE;
            }

            len = (size_t) p[0] << 8 | p[1];
            p += 2;

            if ((size_t) (end - p) < len) {
                return NGX_DONE;
            }

            key = p;
            p += len;

            if (len == 0 && p < end && *p == NGX_LIVE_AMF_END) {
                p++;
                depth--;
                continue;
            }
        }

        rc = ngx_simulcast_command_value(&p, end, value);

        if (rc != NGX_OK) {
            return rc;
        }

        if (!ngx_simulcast_command_opens(value->type)) {

            if (wanted && depth == 1) {
                ngx_simulcast_command_member(reply, key, len, value);
            }

            continue;
        }

        if (depth == NGX_LIVE_AMF_MAX_DEPTH) {
            return NGX_ERROR;
        }

        stack[depth].array = (value->type == NGX_LIVE_AMF_ARRAY);
        stack[depth].left = (uint32_t) value->number;
        depth++;
    }

    *pos = p;

    return NGX_OK;
}


static void
ngx_simulcast_command_member(ngx_simulcast_reply_t *reply, u_char *key,
    size_t len, ngx_simulcast_command_value_t *value)
{
    size_t                         i;
    ngx_simulcast_command_value_t  name;

    if (value->type != NGX_LIVE_AMF_STRING
        && value->type != NGX_SIMULCAST_COMMAND_LONG_STRING)
    {
        return;
    }

    name.data = key;
    name.len = len;

    if (ngx_simulcast_command_is(&name, "level")) {
        ngx_simulcast_command_copy(reply->level, sizeof(reply->level), value);

    } else if (ngx_simulcast_command_is(&name, "code")) {
        ngx_simulcast_command_copy(reply->code, sizeof(reply->code), value);

    } else if (ngx_simulcast_command_is(&name, "description")) {
        ngx_simulcast_command_copy(reply->description,
                                   sizeof(reply->description), value);

    } else if (ngx_simulcast_command_is(&name, "tcUrl")) {

        /* a part of an address would be another one */

        reply->tc_url[0] = '\0';

        if (value->len >= sizeof(reply->tc_url)) {
            return;
        }

        for (i = 0; i < value->len; i++) {
            if (value->data[i] < 0x20 || value->data[i] > 0x7e) {
                return;
            }
        }

        ngx_simulcast_command_copy(reply->tc_url, sizeof(reply->tc_url),
                                   value);
    }
}


static ngx_uint_t
ngx_simulcast_command_is(ngx_simulcast_command_value_t *value,
    const char *text)
{
    return value->len == ngx_strlen(text)
           && ngx_memcmp(value->data, text, value->len) == 0;
}


static void
ngx_simulcast_command_copy(char *text, size_t size,
    ngx_simulcast_command_value_t *value)
{
    size_t  i, n;
    u_char  c;

    n = ngx_min(value->len, size - 1);

    for (i = 0; i < n; i++) {
        c = value->data[i];
        text[i] = (c < 0x20 || c > 0x7e) ? '?' : (char) c;
    }

    text[n] = '\0';
}


ngx_uint_t
ngx_simulcast_command_status(ngx_simulcast_reply_t *reply)
{
    size_t                               len;
    ngx_uint_t                           error;
    const ngx_simulcast_command_code_t  *known;

    if (reply->type != NGX_SIMULCAST_REPLY_STATUS
        && reply->type != NGX_SIMULCAST_REPLY_ERROR)
    {
        return NGX_SIMULCAST_STATUS_OTHER;
    }

    error = (reply->type == NGX_SIMULCAST_REPLY_ERROR);

    for (known = ngx_simulcast_command_codes; known->code; known++) {

        len = ngx_strlen(known->code);

        if (strncasecmp(reply->code, known->code, len) == 0
            && (reply->code[len] == '\0' || known->code[len - 1] == '.'))
        {
            break;
        }
    }

    /* an error to a command is none to publishing, whatever it is called */

    if (known->code && known->status != NGX_SIMULCAST_STATUS_REFUSED
        && !(error && (known->status == NGX_SIMULCAST_STATUS_OTHER
                       || known->status == NGX_SIMULCAST_STATUS_PUBLISHING)))
    {
        return known->status;
    }

    if (known->code == NULL && !error
        && strcasecmp(reply->level, "error") != 0)
    {
        return NGX_SIMULCAST_STATUS_OTHER;
    }

    return ngx_simulcast_command_busy(reply) ? NGX_SIMULCAST_STATUS_BUSY
                                             : NGX_SIMULCAST_STATUS_REFUSED;
}


static ngx_uint_t
ngx_simulcast_command_busy(ngx_simulcast_reply_t *reply)
{
    size_t        len;
    char         *p;
    const char  **text;

    for (text = ngx_simulcast_command_in_use; *text; text++) {

        len = ngx_strlen(*text);

        for (p = reply->description; *p; p++) {
            if (strncasecmp(p, *text, len) == 0) {
                return 1;
            }
        }
    }

    return 0;
}
