
/*
 * Copyright (C) the ngx_live contributors
 *
 * A sealed text as Redis gives it. Whatever opens does not open with one
 * character changed, and the input itself, sealed, opens as it was.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_seal.c */
/* libs: -lcrypto */


#include "fuzz.h"
#include "ngx_simulcast_seal.h"

#include <string.h>


static ngx_simulcast_seal_ring_t  *ring;

static ngx_str_t  aad = ngx_string("associated data");


static u_char *
alloc(size_t size)
{
    u_char  *p;

    p = malloc(size ? size : 1);

    if (p == NULL) {
        exit(2);
    }

    return p;
}


/* both are slow to load, and loaded once */

static void
load(void)
{
    const char  *error;

    static ngx_str_t  text = ngx_string("k1:correct horse battery staple\n"
                                        "0123456789abcdef");

    if (ring == NULL) {
        ring = ngx_simulcast_seal_load(&text, &error);
        fuzz_assert(ring != NULL);
    }
}


static void
changed(ngx_str_t *sealed, ngx_str_t *out)
{
    size_t      at;
    u_char     *p;
    ngx_str_t   copy;
    ngx_uint_t  stale;

    copy.len = sealed->len;
    copy.data = alloc(copy.len);
    ngx_memcpy(copy.data, sealed->data, copy.len);

    at = sealed->data[sealed->len / 2] * 31 % sealed->len;
    p = &copy.data[at];
    *p = (*p == 'A') ? 'B' : 'A';

    fuzz_assert(ngx_simulcast_seal_open(ring, &copy, &aad, out, &stale)
                != NGX_OK);
    fuzz_assert(out->len == 0);

    free(copy.data);
}


static void
round_trip(ngx_str_t *text)
{
    ngx_str_t   sealed, out;
    ngx_uint_t  stale;

    sealed.data = alloc(ngx_simulcast_seal_size(ring, text->len));

    fuzz_assert(ngx_simulcast_seal(ring, text, &aad, &sealed) == NGX_OK);
    fuzz_assert(sealed.len <= ngx_simulcast_seal_size(ring, text->len));

    out.data = alloc(sealed.len);

    fuzz_assert(ngx_simulcast_seal_open(ring, &sealed, &aad, &out, &stale)
                == NGX_OK);
    fuzz_assert(stale == 0);
    fuzz_assert(out.len == text->len);
    fuzz_assert(out.len == 0 || memcmp(out.data, text->data, out.len) == 0);

    changed(&sealed, &out);

    free(sealed.data);
    free(out.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t   in, out;
    ngx_uint_t  stale;

    load();

    in.data = (u_char *) data;
    in.len = size;
    out.data = alloc(size);

    switch (ngx_simulcast_seal_open(ring, &in, &aad, &out, &stale)) {

    case NGX_OK:
        fuzz_assert(out.len < size);
        fuzz_assert(stale == (memcmp(data, "1.k1.", 5) != 0));
        changed(&in, &out);
        break;

    case NGX_DECLINED:
        fuzz_assert(memchr(data + 2, '.', size - 2) != NULL);
        /* fall through */

    default:
        fuzz_assert(out.len == 0 && stale == 0);
    }

    free(out.data);

    /* not every one: this takes most of the time */

    if (size % 8 == 0) {
        round_trip(&in);
    }

    return 0;
}
