
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, the separator; a byte, where a second split is tried; then the
 * name as a publisher sends it.
 */

/* sources: modules/ngx_multisource/ngx_multisource_name.c */


#include "fuzz.h"
#include "ngx_multisource_name.h"

#include <string.h>


#define PUBLIC_SIZE                                                           \
    (NGX_MULTISOURCE_NAME_MAX * 2 + NGX_MULTISOURCE_SEP_MAX + 1)


static ngx_str_t  separators[] = {
    ngx_string("_"), ngx_string("-"), ngx_string("__"), ngx_string("_-"),
    ngx_string("_-_"), ngx_string("."), ngx_string("--_--_--"),
    ngx_string("~.~")
};

static ngx_str_t  reserved[] = { ngx_string("admin"), ngx_string("api") };


static ngx_uint_t
same(ngx_str_t *a, u_char *data, size_t len)
{
    return a->len == len && memcmp(a->data, data, len) == 0;
}


/* the length up to the first separator, written down a second time */

static size_t
shortest(ngx_str_t *sep, ngx_str_t *name)
{
    u_char  *slash, *found;

    slash = memchr(name->data, '/', name->len);
    found = memmem(name->data, name->len, sep->data, sep->len);

    if (slash == NULL || (found && found < slash)) {
        slash = found;
    }

    return slash ? (size_t) (slash - name->data) : name->len;
}


static void
check_public(ngx_multisource_naming_t *naming, ngx_str_t *streamer,
    ngx_str_t *source)
{
    size_t      len, cut;
    u_char     *buf, *rest;
    ngx_str_t   public;

    if (ngx_multisource_name_check_streamer(naming, streamer)
        != NGX_MULTISOURCE_OK
        || ngx_multisource_name_check_source(naming, source)
           != NGX_MULTISOURCE_OK)
    {
        return;
    }

    buf = malloc(PUBLIC_SIZE);

    if (buf == NULL) {
        exit(2);
    }

    len = ngx_multisource_name_public(naming, streamer, source, buf);

    fuzz_assert(len < PUBLIC_SIZE);
    fuzz_assert(strlen((char *) buf) == len);
    fuzz_assert(strpbrk((char *) buf, "/\\%\"") == NULL);

    public.data = buf;
    public.len = len;

    cut = ngx_multisource_name_cut(naming, &public, 0, &rest);

    fuzz_assert(same(streamer, buf, cut));

    if (rest == NULL) {
        fuzz_assert(same(source, naming->default_source.data,
                         naming->default_source.len));

    } else {
        fuzz_assert(same(source, rest, buf + len - rest));
    }

    free(buf);
}


static void
check_mask(ngx_multisource_naming_t *naming, ngx_str_t *name)
{
    size_t  i, len, shown;
    u_char  buf[8];

    len = ngx_multisource_name_mask(naming, name, buf);

    fuzz_assert(len >= 3 && len <= sizeof(buf));
    fuzz_assert(memcmp(buf + len - 3, "***", 3) == 0);

    shown = len - 3;

    fuzz_assert(shown <= 4);
    fuzz_assert(shown * 4 <= shortest(&naming->separator, name));

    for (i = 0; i < shown; i++) {
        fuzz_assert(buf[i] > ' ' && buf[i] < 0x7f);
        fuzz_assert(buf[i] == name->data[i] || buf[i] == '?');
    }
}


static void
check_sent(ngx_str_t *name)
{
    size_t  i;

    if (ngx_multisource_name_check_sent(name) != NGX_MULTISOURCE_OK) {
        return;
    }

    fuzz_assert(name->len && name->data[0] != '.');
    fuzz_assert(memmem(name->data, name->len, "..", 2) == NULL);

    for (i = 0; i < name->len; i++) {
        fuzz_assert(name->data[i] > ' ' && name->data[i] < 0x7f);
        fuzz_assert(strchr("/\\%\"", name->data[i]) == NULL);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                     cut, from;
    u_char                    *rest;
    ngx_str_t                  name, streamer, source;
    ngx_multisource_naming_t   naming;

    if (size < 2) {
        return 0;
    }

    naming.separator = separators[data[0] % 8];
    ngx_str_set(&naming.default_source, "main");
    naming.reserved = reserved;
    naming.nreserved = 2;

    name.data = (u_char *) data + 2;
    name.len = size - 2;

    /* every cut, as the search for a key makes them */

    for (from = 0; from < name.len; from = cut + 1) {

        cut = ngx_multisource_name_cut(&naming, &name, from, &rest);

        fuzz_assert(cut >= from && cut <= name.len);
        fuzz_assert(from || cut == shortest(&naming.separator, &name));

        if (rest == NULL) {
            fuzz_assert(cut == name.len);
            break;
        }

        fuzz_assert(rest > name.data + cut && rest <= name.data + name.len);

        streamer.data = name.data;
        streamer.len = cut;
        source.data = rest;
        source.len = name.data + name.len - rest;

        check_public(&naming, &streamer, &source);
    }

    check_public(&naming, &name, &naming.default_source);

    /* any two names, as a key file may pair them */

    streamer.data = name.data;
    streamer.len = name.len ? data[1] % name.len : 0;
    source.data = name.data + streamer.len;
    source.len = name.len - streamer.len;

    check_public(&naming, &streamer, &source);

    check_mask(&naming, &name);
    check_sent(&name);

    return 0;
}
