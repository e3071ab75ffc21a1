
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: the text of a token, which is taken for that of a key file, for an
 * address and a browser, and for the body of a webhook as well; and what begins
 * it for a ticket.
 */

/* sources: modules/ngx_multisource/ngx_multisource_ticket.c */
/* libs: -lcrypto */


#include "fuzz.h"
#include "ngx_multisource_ticket.h"

#include <string.h>


#define LEN   NGX_MULTISOURCE_TICKET_LEN


/* the bytes 0 to 31 */

static u_char  key[NGX_MULTISOURCE_TICKET_KEY];


static ngx_int_t
verify(u_char *p, size_t len, uint64_t now, ngx_multisource_ticket_t *ticket)
{
    ngx_str_t  text;

    text.data = p;
    text.len = len;

    return ngx_multisource_ticket_verify(&text, key, now, ticket);
}


/* whatever is a token can be written in one way only */

static void
check_token(u_char *p, size_t len)
{
    u_char                     again[LEN];
    ngx_int_t                  rc;
    ngx_multisource_ticket_t   ticket, before;

    memset(&ticket, 0xa5, sizeof(ticket));
    before = ticket;

    rc = verify(p, len, 1800000000, &ticket);

    if (rc == NGX_ERROR) {
        fuzz_assert(memcmp(&ticket, &before, sizeof(ticket)) == 0);
        return;
    }

    fuzz_assert(rc == (ticket.expires > 1800000000 ? NGX_OK : NGX_DECLINED));
    fuzz_assert(len == LEN);
    fuzz_assert(ngx_multisource_ticket_sign(&ticket, key, again) == NGX_OK);
    fuzz_assert(memcmp(p, again, LEN) == 0);
}


static void
check_ticket(const u_char *p)
{
    size_t                     at;
    u_char                     text[LEN];
    ngx_uint_t                 i;
    ngx_multisource_ticket_t   ticket, back;

    ticket.viewer = 0;
    ticket.expires = 0;

    for (i = 0; i < 16; i++) {
        ticket.show[2 * i] = "0123456789abcdef"[p[i] >> 4];
        ticket.show[2 * i + 1] = "0123456789abcdef"[p[i] & 0xf];
    }

    for (i = 0; i < 8; i++) {
        ticket.viewer = ticket.viewer << 8 | p[16 + i];
        ticket.expires = ticket.expires << 8 | p[24 + i];
    }

    fuzz_assert(ngx_multisource_ticket_sign(&ticket, key, text) == NGX_OK);
    fuzz_assert(verify(text, LEN, ticket.expires, &back) == NGX_DECLINED);
    fuzz_assert(memcmp(back.show, ticket.show, 32) == 0
                && back.viewer == ticket.viewer
                && back.expires == ticket.expires);

    if (ticket.expires) {
        fuzz_assert(verify(text, LEN, ticket.expires - 1, &back) == NGX_OK);
    }

    at = (p[0] + p[16] * 7 + p[31]) % LEN;
    text[at] = text[at] == 'A' ? 'B' : 'A';
    fuzz_assert(verify(text, LEN, 0, &back) == NGX_ERROR);
}


static void
check_others(u_char *p, size_t len)
{
    u_char     hex[65], other[NGX_MULTISOURCE_TICKET_KEY];
    ngx_str_t  text, address, browser;

    text.data = p;
    text.len = len;

    if (ngx_multisource_ticket_key(&text, other) == NGX_OK) {
        fuzz_assert(len >= 32);
    }

    memset(hex, 0, sizeof(hex));
    fuzz_assert(ngx_multisource_ticket_mark(key, &text, hex) == NGX_OK);
    fuzz_assert(strspn((char *) hex, "0123456789abcdef") == 64);

    address.data = p;
    address.len = len / 3;
    browser.data = p + address.len;
    browser.len = len - address.len;

    fuzz_assert(ngx_multisource_ticket_stranger(key, len, &address, &browser)
                != 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t  i;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = (u_char) i;
    }

    check_token((u_char *) data, size);

    /* not every one: this takes most of the time */

    if (size >= 32 && size % 8 == 0) {
        check_ticket(data);
    }

    if (size % 8 == 1) {
        check_others((u_char *) data, size);
    }

    return 0;
}
