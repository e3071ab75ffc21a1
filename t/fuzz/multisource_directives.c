
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a query string, and names of files that are separated by "/".
 */

/* sources: modules/ngx_multisource/ngx_multisource_index.c */
/* sources: modules/ngx_multisource/ngx_multisource_playlist.c */


#include "fuzz.h"
#include "ngx_multisource_playlist.h"

#include <string.h>


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size);
}


/* the last value of a directive, found in another way */

static const char *
value_of(const char *args, const char *name)
{
    size_t       n;
    const char  *p, *found;

    found = NULL;
    n = strlen(name);

    for (p = args; p; p = strchr(p, '&')) {
        p += (*p == '&');

        if (strncmp(p, name, n) == 0 && p[n] == '=') {
            found = p + n + 1;
        }
    }

    return found;
}


static void
check_directives(const uint8_t *data, size_t size)
{
    char                           *args;
    uint64_t                        msn, open;
    ngx_int_t                       rc;
    ngx_str_t                       s;
    ngx_uint_t                      is;
    const char                     *why, *value;
    ngx_multisource_directives_t    d;
    ngx_multisource_index_head_t    head;

    s.data = (u_char *) data;
    s.len = size;
    why = NULL;

    rc = ngx_multisource_playlist_directives(&s, &d, &why);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_DECLINED);
        fuzz_assert(why && strncmp(why, "_HLS_", 5) == 0);
        return;
    }

    fuzz_assert(d.has_msn || !d.has_part);

    if (memchr(data, '\0', size) == NULL) {

        args = malloc(size + 1);
        fuzz_assert(args != NULL);

        ngx_memcpy(args, data, size);
        args[size] = '\0';

        value = value_of(args, "_HLS_msn");
        fuzz_assert((value != NULL) == d.has_msn);
        fuzz_assert(value == NULL || strtoull(value, NULL, 10) == d.msn);

        value = value_of(args, "_HLS_part");
        fuzz_assert((value != NULL) == d.has_part);
        fuzz_assert(value == NULL || strtoull(value, NULL, 10) == d.part);

        fuzz_assert(!d.skip || strstr(args, "_HLS_skip=YES")
                    || strstr(args, "_HLS_skip=v2"));

        free(args);
    }

    /* around where it asks for, and far from it */

    ngx_memzero(&head, sizeof(head));

    head.state = NGX_MULTISOURCE_INDEX_LIVE;
    head.target_duration = 2;
    head.part_target = 18900;
    head.last_parts = 10;

    for (open = d.msn > 4 ? d.msn - 4 : 0; open < d.msn + 4; open++) {
        head.open = open;
        head.current.parts = open % 12;

        is = ngx_multisource_playlist_wanted(&head, &d);

        if (!d.has_msn) {
            fuzz_assert(is == NGX_MULTISOURCE_PLAYLIST_ANSWER);
            continue;
        }

        msn = d.msn;

        fuzz_assert(is != NGX_MULTISOURCE_PLAYLIST_REFUSE || msn > open);
        fuzz_assert(is != NGX_MULTISOURCE_PLAYLIST_ANSWER || msn <= open);
        fuzz_assert(is == NGX_MULTISOURCE_PLAYLIST_REFUSE || msn <= open + 1);
    }
}


static void
check_name(const uint8_t *data, size_t size)
{
    u_char      *buf, *end;
    uint64_t     epoch, number;
    ngx_str_t    name;
    ngx_uint_t   part, type;

    name.data = (u_char *) data;
    name.len = size;

    type = ngx_multisource_index_parse(&name, &epoch, &number, &part);

    if (type == NGX_MULTISOURCE_INDEX_NAME_NONE) {
        return;
    }

    buf = malloc(NGX_MULTISOURCE_INDEX_NAME_MAX);
    fuzz_assert(buf != NULL);

    switch (type) {

    case NGX_MULTISOURCE_INDEX_NAME_INIT:
        end = ngx_multisource_index_name_init(buf, epoch, number);
        break;

    case NGX_MULTISOURCE_INDEX_NAME_SEGMENT:
        end = ngx_multisource_index_name_segment(buf, epoch, number);
        break;

    case NGX_MULTISOURCE_INDEX_NAME_PART:
        end = ngx_multisource_index_name_part(buf, epoch, number, part);
        break;

    default:
        fuzz_assert(type == NGX_MULTISOURCE_INDEX_NAME_VOD);
        fuzz_assert(size == 16 && memcmp(data + 11, ".m3u8", 5) == 0);
        free(buf);
        return;
    }

    /* each thing has one name only */

    fuzz_assert((size_t) (end - buf) == size);
    fuzz_assert(memcmp(buf, data, size) == 0);
    fuzz_assert(*end == '\0');

    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          n;
    const uint8_t  *slash;

    check_directives(data, size);
    check_name(data, size);

    while (size) {
        slash = memchr(data, '/', size);
        n = slash ? (size_t) (slash - data) : size;

        check_name(data, n);

        n += (slash != NULL);
        data += n;
        size -= n;
    }

    return 0;
}
