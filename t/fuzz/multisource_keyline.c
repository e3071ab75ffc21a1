
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a line of a key file.  What is accepted is written down once more in
 * one canonical form, which must be accepted and say the same.
 */

/* sources: modules/ngx_multisource/ngx_multisource_keyline.c */
/* sources: modules/ngx_multisource/ngx_multisource_name.c */
/* sources: modules/common/ngx_live_rate.c */


#include "fuzz.h"
#include "ngx_multisource_keyline.h"
#include "ngx_live_rate.h"

#include <string.h>


#define MAX_SOURCES  64
#define BLANKS       " \t\r"


static ngx_str_t  reserved[] = { ngx_string("admin"), ngx_string("api") };

static ngx_multisource_naming_t  naming = {
    ngx_string("_"), ngx_string("main"), reserved, 2
};


static void
inside(ngx_str_t *s, const u_char *p, const u_char *last)
{
    fuzz_assert(s->data >= p && s->data <= last);
    fuzz_assert(s->len <= (size_t) (last - s->data));
}


static size_t
print(ngx_multisource_keyline_t *line, u_char *buf)
{
    u_char      *p;
    ngx_uint_t   i;

    p = buf;

    if (line->key.len) {
        p = ngx_cpymem(p, line->key.data, line->key.len);

    } else {
        p += sprintf((char *) p, "sha256:");

        for (i = 0; i < sizeof(line->digest); i++) {
            p += sprintf((char *) p, "%02X", line->digest[i]);
        }
    }

    *p++ = ' ';
    p = ngx_cpymem(p, line->streamer.data, line->streamer.len);

    if (line->max_sources) {
        p += sprintf((char *) p, " max_sources=%d", (int) line->max_sources);
    }

    if (line->max_bitrate) {
        p += sprintf((char *) p, " max_bitrate=%lld",
                     (long long) line->max_bitrate);
    }

    if (line->sources.len) {
        p += sprintf((char *) p, " sources=");
        p = ngx_cpymem(p, line->sources.data, line->sources.len);
    }

    return p - buf;
}


static ngx_uint_t
same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


static void
check(ngx_multisource_keyline_t *line, u_char *p, u_char *last)
{
    size_t                      len, total;
    u_char                     *buf;
    ngx_str_t                   list, source;
    const char                 *expected;
    ngx_multisource_keyline_t   again;

    if (line->key.len) {
        inside(&line->key, p, last);
        fuzz_assert(line->key.len >= 4 && line->key.len <= 200);
        fuzz_assert(memchr(line->key.data, '/', line->key.len) == NULL);
    }

    inside(&line->streamer, p, last);
    fuzz_assert(ngx_multisource_name_check_streamer(&naming, &line->streamer)
                == NGX_MULTISOURCE_OK);

    fuzz_assert(line->max_sources <= MAX_SOURCES);
    fuzz_assert(line->max_bitrate <= NGX_LIVE_RATE_MAX);

    list = line->sources;
    total = 0;

    while (ngx_multisource_keyline_source(&list, &source)) {

        inside(&source, line->sources.data,
               line->sources.data + line->sources.len);
        fuzz_assert(ngx_multisource_name_check_source(&naming, &source)
                    == NGX_MULTISOURCE_OK);

        total += source.len + 1;
    }

    fuzz_assert(total == (line->sources.len ? line->sources.len + 1 : 0));

    /* a rate may have more digits than it had */

    buf = malloc(last - p + 100);

    if (buf == NULL) {
        exit(2);
    }

    len = print(line, buf);

    fuzz_assert(ngx_multisource_keyline_parse(&again, &naming, MAX_SOURCES,
                                              buf, buf + len, &expected)
                == NGX_OK);

    fuzz_assert(same(&again.key, &line->key));
    fuzz_assert(memcmp(again.digest, line->digest, sizeof(line->digest)) == 0);
    fuzz_assert(same(&again.streamer, &line->streamer));
    fuzz_assert(again.max_sources == line->max_sources);
    fuzz_assert(again.max_bitrate == line->max_bitrate);
    fuzz_assert(same(&again.sources, &line->sources));

    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                      n;
    u_char                     *p, *last;
    const char                 *expected;
    ngx_multisource_keyline_t   line;

    p = (u_char *) data;
    last = p + size;
    expected = NULL;

    switch (ngx_multisource_keyline_parse(&line, &naming, MAX_SOURCES, p, last,
                                          &expected))
    {

    case NGX_OK:
        check(&line, p, last);
        break;

    case NGX_DONE:
        for (n = 0; n < size && p[n] && strchr(BLANKS, p[n]); n++) {
            /* void */
        }

        fuzz_assert(n == size || p[n] == '#');
        break;

    default:
        fuzz_assert(expected && strlen(expected) > 10);
    }

    return 0;
}
