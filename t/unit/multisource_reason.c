
/*
 * Copyright (C) the ngx_live contributors
 *
 * The reasons are an interface: logs, metrics and alerts are written against
 * their names.
 */

/* sources: modules/ngx_multisource/ngx_multisource_reason.c */


#include "tap.h"
#include "ngx_multisource_reason.h"


/* in the order of the enum; to change a name is to break somebody's alert */

static const char *const  names[] = {
    "ok",

    "unknown_key", "bad_stream_name", "bad_source_name",
    "reserved_source_name", "source_not_allowed", "too_many_sources",
    "too_many_refusals", "already_live", "already_publishing",
    "already_playing", "takeover_flapping", "zone_full", "callback_refused",

    "bitrate_exceeded", "total_bitrate_exceeded", "taken_over", "kicked",
    "silent",

    "bad_amf", "bad_aggregate", "bad_chunk", "bad_codec_header",
    "too_many_commands"
};


static int
snake_case(const char *s)
{
    size_t  n;

    n = ngx_strlen(s);

    return n > 0
           && strspn(s, "abcdefghijklmnopqrstuvwxyz_") == n
           && s[0] != '_' && s[n - 1] != '_'
           && strstr(s, "__") == NULL;
}


/* printable, so that it goes into AMF and JSON as it is; no period */

static int
sentence(const char *s)
{
    size_t  n;

    for (n = 0; s[n]; n++) {
        if (s[n] < ' ' || s[n] > '~' || s[n] == '"' || s[n] == '\\') {
            return 0;
        }
    }

    return n > 10 && n < 128 && s[n - 1] != '.';
}


/* what a publisher is told: "unknown_key: the stream key is not known here" */

static int
told(const ngx_multisource_reason_t *r)
{
    size_t  n;

    n = ngx_strlen(r->name);

    return strncmp(r->told, r->name, n) == 0
           && strncmp(r->told + n, ": ", 2) == 0
           && strcmp(r->told + n + 2, r->text) == 0;
}


static int
unique(ngx_uint_t code)
{
    ngx_uint_t  n;

    for (n = 0; n < NGX_MULTISOURCE_NREASONS; n++) {

        if (n != code
            && strcmp(ngx_multisource_reason(n)->name,
                      ngx_multisource_reason(code)->name) == 0)
        {
            return 0;
        }
    }

    return 1;
}


int
main(void)
{
    ngx_uint_t                       code;
    const ngx_multisource_reason_t  *r;

    tap_is(NGX_MULTISOURCE_NREASONS, sizeof(names) / sizeof(names[0]),
           "as many codes as names");

    for (code = 0; code < sizeof(names) / sizeof(names[0]); code++) {

        r = ngx_multisource_reason(code);

        if (r->name == NULL || r->text == NULL || r->told == NULL) {
            tap_ok(0, names[code]);
            continue;
        }

        tap_is_text(r->name, names[code], names[code]);
        tap_ok(snake_case(r->name), "  in snake case");
        tap_ok(unique(code), "  of this code only");
        tap_ok(code == NGX_MULTISOURCE_OK || sentence(r->text),
               "  has a sentence");
        tap_ok(told(r), "  is told with its name in front");

        /* who is refused or dropped is told; who attacks is not */

        if (code == NGX_MULTISOURCE_OK || code >= NGX_MULTISOURCE_BAD_AMF) {
            tap_ok(r->status == NULL, "  has no status");

        } else {
            tap_ok(r->status
                   && (strcmp(r->status, "NetStream.Publish.Denied") == 0
                       || strcmp(r->status, "NetStream.Publish.BadName") == 0),
                   "  has a status");
        }
    }

    return tap_done();
}
