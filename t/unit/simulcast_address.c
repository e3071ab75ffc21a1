
/*
 * Copyright (C) the ngx_live contributors
 *
 * Which addresses are of the public internet, at both ends of each range, also
 * inside of IPv6, and which ones an operator's networks hold.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_address.c */


#include "tap.h"
#include "ngx_simulcast_address.h"

#include <arpa/inet.h>


typedef struct {
    const char  *addr;
    int          public;
} row_t;


static const row_t  rows[] = {

    { "0.0.0.0", 0 },           { "0.255.255.255", 0 },
    { "1.0.0.0", 1 },           { "1.1.1.1", 1 },
    { "8.8.8.8", 1 },
    { "9.255.255.255", 1 },     { "10.0.0.0", 0 },
    { "10.255.255.255", 0 },    { "11.0.0.0", 1 },
    { "100.63.255.255", 1 },    { "100.64.0.0", 0 },
    { "100.127.255.255", 0 },   { "100.128.0.0", 1 },
    { "126.255.255.255", 1 },   { "127.0.0.0", 0 },
    { "127.0.0.1", 0 },         { "127.255.255.255", 0 },
    { "128.0.0.0", 1 },
    { "169.253.255.255", 1 },   { "169.254.0.0", 0 },
    { "169.254.169.254", 0 },   { "169.255.0.0", 1 },
    { "172.15.255.255", 1 },    { "172.16.0.0", 0 },
    { "172.31.255.255", 0 },    { "172.32.0.0", 1 },
    { "191.255.255.255", 1 },   { "192.0.0.0", 0 },
    { "192.0.0.255", 0 },       { "192.0.1.0", 1 },
    { "192.0.2.0", 0 },         { "192.0.2.255", 0 },
    { "192.0.3.0", 1 },
    { "192.88.98.255", 1 },     { "192.88.99.1", 0 },
    { "192.88.100.0", 1 },
    { "192.167.255.255", 1 },   { "192.168.0.0", 0 },
    { "192.168.255.255", 0 },   { "192.169.0.0", 1 },
    { "198.17.255.255", 1 },    { "198.18.0.0", 0 },
    { "198.19.255.255", 0 },    { "198.20.0.0", 1 },
    { "198.51.99.255", 1 },     { "198.51.100.0", 0 },
    { "198.51.100.255", 0 },    { "198.51.101.0", 1 },
    { "203.0.112.255", 1 },     { "203.0.113.0", 0 },
    { "203.0.113.255", 0 },     { "203.0.114.0", 1 },
    { "223.255.255.255", 1 },   { "224.0.0.0", 0 },
    { "239.255.255.255", 0 },   { "240.0.0.0", 0 },
    { "255.255.255.254", 0 },   { "255.255.255.255", 0 },

    /* of IPv6 itself */

    { "::", 0 },                { "::1", 0 },
    { "100::1", 0 },
    { "1fff:ffff::1", 0 },      { "2000::", 1 },
    { "2001:4860:4860::8888", 1 },
    { "2606:4700:4700::1111", 1 },
    { "2a00:1450::1", 1 },
    { "3ffe:ffff::1", 1 },
    { "3fff::", 0 },            { "3fff:fff:ffff::1", 0 },
    { "3fff:1000::", 1 },
    { "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1 },
    { "4000::1", 0 },           { "5f00::1", 0 },
    { "8000::1", 0 },
    { "fbff::1", 0 },           { "fc00::1", 0 },
    { "fd12:3456::1", 0 },      { "fdff:ffff::1", 0 },
    { "fe00::1", 0 },           { "fe80::1", 0 },
    { "febf::1", 0 },           { "fec0::1", 0 },
    { "feff::1", 0 },           { "ff00::1", 0 },
    { "ff02::1", 0 },           { "ff0e::1", 0 },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0 },
    { "2001:1::1", 0 },         { "2001:2::1", 0 },
    { "2001:20::1", 0 },        { "2001:1ff:ffff::1", 0 },
    { "2001:200::1", 1 },
    { "2001:db7:ffff::1", 1 },  { "2001:db8::", 0 },
    { "2001:db8:ffff::1", 0 },  { "2001:db9::1", 1 },

    /* mapped and compatible */

    { "::ffff:8.8.8.8", 1 },    { "::ffff:127.0.0.1", 0 },
    { "::ffff:10.1.2.3", 0 },   { "::ffff:169.254.169.254", 0 },
    { "::ffff:0.0.0.0", 0 },    { "::ffff:255.255.255.255", 0 },
    { "::8.8.8.8", 1 },         { "::127.0.0.1", 0 },
    { "::192.168.1.1", 0 },     { "::2", 0 },
    { "::ffff:0:8.8.8.8", 0 },  { "::fffe:8.8.8.8", 0 },
    { "::1:ffff:8.8.8.8", 0 },

    /* NAT64: the well-known prefix, and the one of local use */

    { "64:ff9b::8.8.8.8", 1 },  { "64:ff9b::127.0.0.1", 0 },
    { "64:ff9b::10.0.0.1", 0 }, { "64:ff9b::169.254.169.254", 0 },
    { "64:ff9b:1::8.8.8.8", 0 },
    { "64:ff9b::1:8.8.8.8", 0 },
    { "64:ff9a::8.8.8.8", 0 },

    /* 6to4 */

    { "2002:808:808::1", 1 },   { "2002:7f00:1::1", 0 },
    { "2002:c0a8:101::1", 0 },  { "2002:a00:1::1", 0 },
    { "2002::1", 0 },           { "2002:ffff:ffff::1", 0 },
    { "2003::1", 1 },

    /* Teredo: a server, and a client whose bits are inverted */

    { "2001:0:808:808::f7f7:f7f7", 1 },
    { "2001:0:808:808::80ff:fffe", 0 },     /* 127.0.0.1 */
    { "2001:0:808:808::f5ff:fffe", 0 },     /* 10.0.0.1 */
    { "2001:0:808:808::3f57:fefe", 0 },     /* 192.168.1.1 */
    { "2001:0:7f00:1::f7f7:f7f7", 0 },
    { "2001::", 0 },

    { NULL, 0 }
};


typedef struct {
    const char  *addr;
    const char  *net;       /* ADDRESS/BITS, several by blanks */
    int          allowed;
} allow_row_t;


static const allow_row_t  allow_rows[] = {
    { "127.0.0.1", "", 0 },
    { "127.0.0.1", "127.0.0.0/8", 1 },
    { "127.255.255.255", "127.0.0.0/8", 1 },
    { "128.0.0.0", "127.0.0.0/8", 0 },
    { "10.0.0.1", "10.0.0.1/32", 1 },
    { "10.0.0.2", "10.0.0.1/32", 0 },
    { "10.0.0.2", "10.0.0.1/32 10.0.0.2/32", 1 },
    { "100.127.1.1", "100.64.0.0/10", 1 },
    { "100.128.1.1", "100.64.0.0/10", 0 },
    { "8.8.8.8", "0.0.0.0/0", 1 },
    { "8.8.8.8", "::/0", 0 },
    { "127.0.0.1", "::1/128", 0 },
    { "::1", "127.0.0.0/8", 0 },
    { "::1", "0.0.0.0/0", 0 },
    { "::1", "::1/128", 1 },
    { "::2", "::1/128", 0 },
    { "::1", "127.0.0.0/8 ::1/128", 1 },
    { "fd00::1", "fc00::/7", 1 },
    { "fe80::1", "fc00::/7", 0 },
    { "2001:db8:1:2::3", "2001:db8:1::/49", 1 },
    { "2001:db8:1:8000::3", "2001:db8:1::/49", 0 },
    { "::ffff:127.0.0.1", "127.0.0.0/8", 1 },
    { "::ffff:128.0.0.1", "127.0.0.0/8", 0 },
    { "::ffff:127.0.0.1", "::ffff:0:0/96", 1 },
    { "::ffff:127.0.0.1", "::1/128", 0 },
    { "::127.0.0.1", "127.0.0.0/8", 0 },
    { "64:ff9b::127.0.0.1", "127.0.0.0/8", 0 },
    { "10.0.0.1", "unix", 0 },
    { "::1", "unix ::1/128", 1 },

    { NULL, NULL, 0 }
};


typedef union {
    struct sockaddr         sa;
    struct sockaddr_in      sin;
    struct sockaddr_in6     sin6;
} addr_t;


static void
parse(const char *text, addr_t *addr)
{
    memset(addr, 0, sizeof(addr_t));

    if (strchr(text, ':')) {
        addr->sin6.sin6_family = AF_INET6;

        if (inet_pton(AF_INET6, text, &addr->sin6.sin6_addr) == 1) {
            return;
        }

    } else {
        addr->sin.sin_family = AF_INET;

        if (inet_pton(AF_INET, text, &addr->sin.sin_addr) == 1) {
            return;
        }
    }

    printf("Bail out! not an address: %s\n", text);
    exit(2);
}


/* as ngx_ptocidr() would, which is not linked here */

static void
cidr(char *text, ngx_cidr_t *c)
{
    int      bits, i;
    char    *slash;
    u_char  *mask;
    addr_t   addr;

    memset(c, 0, sizeof(ngx_cidr_t));

    slash = strchr(text, '/');

    if (slash == NULL) {
        c->family = AF_UNIX;
        return;
    }

    *slash = '\0';
    bits = atoi(slash + 1);

    parse(text, &addr);
    c->family = addr.sa.sa_family;

    if (c->family == AF_INET) {
        c->u.in.addr = addr.sin.sin_addr.s_addr;
        mask = (u_char *) &c->u.in.mask;

    } else {
        c->u.in6.addr = addr.sin6.sin6_addr;
        mask = c->u.in6.mask.s6_addr;
    }

    for (i = 0; i < bits; i++) {
        mask[i / 8] |= 0x80 >> i % 8;
    }
}


static ngx_uint_t
allowed(const char *address, const char *nets)
{
    char         text[128], *net;
    addr_t       addr;
    ngx_cidr_t   table[4];
    ngx_array_t  allow;

    parse(address, &addr);
    snprintf(text, sizeof(text), "%s", nets);

    memset(&allow, 0, sizeof(ngx_array_t));
    allow.elts = table;

    for (net = strtok(text, " "); net; net = strtok(NULL, " ")) {
        cidr(net, &table[allow.nelts++]);
    }

    return ngx_simulcast_address_allowed(&allow, &addr.sa);
}


int
main(void)
{
    char                name[256];
    addr_t              addr;
    const row_t        *row;
    const allow_row_t  *arow;

    for (row = rows; row->addr; row++) {
        parse(row->addr, &addr);

        snprintf(name, sizeof(name), "%s is %spublic", row->addr,
                 row->public ? "" : "not ");
        tap_is(ngx_simulcast_address_public(&addr.sa), row->public, name);
    }

    memset(&addr, 0, sizeof(addr_t));

    addr.sa.sa_family = AF_UNIX;
    tap_is(ngx_simulcast_address_public(&addr.sa), 0, "nor is a unix socket");

    addr.sa.sa_family = AF_UNSPEC;
    tap_is(ngx_simulcast_address_public(&addr.sa), 0, "nor what has no family");

    for (arow = allow_rows; arow->addr; arow++) {
        snprintf(name, sizeof(name), "%s is %sin [%s]", arow->addr,
                 arow->allowed ? "" : "not ", arow->net);
        tap_is(allowed(arow->addr, arow->net), arow->allowed, name);
    }

    parse("127.0.0.1", &addr);
    tap_is(ngx_simulcast_address_allowed(NULL, &addr.sa), 0,
           "nothing is allowed where nothing is named");

    return tap_done();
}
