
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource_known.h"


/* tokens; who comes later takes the place */
#define NGX_MULTISOURCE_KNOWN_PLACES    1024

/* bytes of an address and a browser; longer ones are worked out each time */
#define NGX_MULTISOURCE_KNOWN_STRANGER  320


typedef struct {
    u_char                     text[NGX_MULTISOURCE_TICKET_LEN];
    u_char                     key[NGX_MULTISOURCE_TICKET_KEY];
    ngx_multisource_ticket_t   ticket;          /* viewer is 0: free */
} ngx_multisource_known_ticket_t;


/* of a connection: no address is kept for longer than that has it */

typedef struct {
    const u_char              *key;
    ngx_str_t                  address;
    ngx_str_t                  browser;
    u_char                     data[NGX_MULTISOURCE_KNOWN_STRANGER];
    uint64_t                   day;
    uint64_t                   viewer;          /* 0: not known */
} ngx_multisource_known_stranger_t;


static ngx_multisource_known_stranger_t *ngx_multisource_known_of(
    ngx_connection_t *c);
static void ngx_multisource_known_cleanup(void *data);
static ngx_uint_t ngx_multisource_known_same(const u_char *one,
    const u_char *two, size_t len);


static ngx_multisource_known_ticket_t
    ngx_multisource_known_tickets[NGX_MULTISOURCE_KNOWN_PLACES];


ngx_int_t
ngx_multisource_known_ticket(ngx_str_t *text, const u_char *key, uint64_t now,
    ngx_multisource_ticket_t *ticket)
{
    ngx_int_t                        rc;
    uint32_t                         place;
    ngx_multisource_known_ticket_t  *known;

    if (text->len != NGX_MULTISOURCE_TICKET_LEN) {
        return ngx_multisource_ticket_verify(text, key, now, ticket);
    }

    place = ngx_crc32_short(text->data, text->len)
            % NGX_MULTISOURCE_KNOWN_PLACES;

    known = &ngx_multisource_known_tickets[place];

    if (known->ticket.viewer
        && ngx_multisource_known_same(known->text, text->data, text->len)
        && ngx_multisource_known_same(known->key, key,
                                      NGX_MULTISOURCE_TICKET_KEY))
    {
        *ticket = known->ticket;

        return now < ticket->expires ? NGX_OK : NGX_DECLINED;
    }

    rc = ngx_multisource_ticket_verify(text, key, now, ticket);

    if (rc == NGX_OK) {
        ngx_memcpy(known->text, text->data, text->len);
        ngx_memcpy(known->key, key, NGX_MULTISOURCE_TICKET_KEY);
        known->ticket = *ticket;
    }

    return rc;
}


uint64_t
ngx_multisource_known_stranger(ngx_connection_t *c, const u_char *key,
    uint64_t day, ngx_str_t *address, ngx_str_t *browser)
{
    u_char                            *p;
    ngx_multisource_known_stranger_t  *known;

    known = NULL;

    if (address->len + browser->len <= NGX_MULTISOURCE_KNOWN_STRANGER) {
        known = ngx_multisource_known_of(c);
    }

    if (known == NULL) {
        return ngx_multisource_ticket_stranger(key, day, address, browser);
    }

    /* a proxy in front sends those of many */

    if (known->viewer == 0
        || known->day != day
        || known->key != key
        || known->address.len != address->len
        || known->browser.len != browser->len
        || ngx_memcmp(known->address.data, address->data, address->len) != 0
        || ngx_memcmp(known->browser.data, browser->data, browser->len) != 0)
    {
        known->viewer = ngx_multisource_ticket_stranger(key, day, address,
                                                        browser);
        known->day = day;
        known->key = key;

        p = known->data;

        known->address.len = address->len;
        known->address.data = p;
        p = ngx_cpymem(p, address->data, address->len);

        known->browser.len = browser->len;
        known->browser.data = p;
        ngx_memcpy(p, browser->data, browser->len);
    }

    return known->viewer;
}


/* hangs on the connection as a cleanup; NULL: no memory */

static ngx_multisource_known_stranger_t *
ngx_multisource_known_of(ngx_connection_t *c)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = c->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_multisource_known_cleanup) {
            return cln->data;
        }
    }

    cln = ngx_pool_cleanup_add(c->pool,
                               sizeof(ngx_multisource_known_stranger_t));
    if (cln == NULL) {
        return NULL;
    }

    ngx_memzero(cln->data, sizeof(ngx_multisource_known_stranger_t));

    cln->handler = ngx_multisource_known_cleanup;

    return cln->data;
}


static void
ngx_multisource_known_cleanup(void *data)
{
    ngx_memzero(data, sizeof(ngx_multisource_known_stranger_t));
}


/* in constant time: one of them may be a guess at a secret */

static ngx_uint_t
ngx_multisource_known_same(const u_char *one, const u_char *two, size_t len)
{
    size_t           i;
    volatile u_char  differ;

    differ = 0;

    for (i = 0; i < len; i++) {
        differ |= one[i] ^ two[i];
    }

    return differ == 0;
}
