
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a signal_id, as a client sends it; and taken for a session as WHIP
 * answers, the length of an ETag, the ETag and a Location.
 */

/* sources: modules/ngx_multisource/ngx_multisource_signal_id.c modules/ngx_multisource/ngx_multisource_ticket.c */
/* libs: -lcrypto */


#include "fuzz.h"
#include "../unit/nginx_text.h"
#include "ngx_multisource_signal_id.h"
#include "ngx_multisource_ticket.h"


#define LEN   NGX_MULTISOURCE_SIGNAL_ID_LEN


/* the bytes 0 to 31 */

static u_char  key[NGX_MULTISOURCE_TICKET_KEY];

static ngx_str_t  alice = ngx_string("alice");
static ngx_str_t  screen = ngx_string("Main_Screen");
static ngx_str_t  camera = ngx_string("Face_Cam");


static ngx_int_t
unseal(ngx_multisource_signal_id_t *id, ngx_str_t *source, u_char *p,
    size_t len)
{
    ngx_str_t  text;

    ngx_memzero(id, sizeof(ngx_multisource_signal_id_t));

    id->streamer = alice;
    id->source = *source;

    text.data = p;
    text.len = len;

    return ngx_multisource_signal_id_unseal(id, key, NULL, &text);
}


/* whatever names a session names it for one source, and is what is made of it
   but for padding and bits that are used for nothing */

static void
check_name(u_char *p, size_t len)
{
    u_char                        text[LEN];
    size_t                        n;
    ngx_int_t                     rc;
    ngx_multisource_signal_id_t   id, other;

    rc = unseal(&id, &screen, p, len);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_DECLINED);
        return;
    }

    fuzz_assert(len <= LEN);
    fuzz_assert(id.location.len && id.location.data[0] == '/');
    fuzz_assert(ngx_multisource_signal_id_seal(&id, key, NULL, text, &n)
                == NGX_OK);
    fuzz_assert(n <= len && memcmp(p, text, n - 1) == 0);
    fuzz_assert(unseal(&other, &camera, p, len) == NGX_DECLINED);
}


static void
check_session(u_char *p, size_t len)
{
    u_char                        text[LEN];
    size_t                        n, at;
    ngx_int_t                     rc;
    ngx_multisource_signal_id_t   id, back;

    id.streamer = alice;
    id.source = screen;
    id.etag.data = p + 1;
    id.etag.len = ngx_min(*p, len - 1);
    id.location.data = id.etag.data + id.etag.len;
    id.location.len = len - 1 - id.etag.len;

    rc = ngx_multisource_signal_id_seal(&id, key, NULL, text, &n);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_DECLINED);
        fuzz_assert(id.location.len == 0 || id.location.data[0] != '/'
                    || len + 32 > NGX_MULTISOURCE_SIGNAL_ID_RAW);
        return;
    }

    fuzz_assert(n <= LEN);
    fuzz_assert(unseal(&back, &screen, text, n) == NGX_OK);
    fuzz_assert(back.etag.len == id.etag.len
                && back.location.len == id.location.len);
    fuzz_assert(memcmp(back.etag.data, p + 1, len - 1) == 0);
    fuzz_assert(unseal(&back, &camera, text, n) == NGX_DECLINED);

    at = (len * 31 + p[len / 2]) % (n - 1);
    text[at] = text[at] == 'A' ? 'B' : 'A';

    fuzz_assert(unseal(&back, &screen, text, n) == NGX_DECLINED);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t  i;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = (u_char) i;
    }

    check_name((u_char *) data, size);
    nginx_text_free();

    if (size) {
        check_session((u_char *) data, size);
        nginx_text_free();
    }

    return 0;
}
